//! A time to come, as a person writes it.

use crate::tui::app::date::{Civil, OffsetAt};

const DAY: i64 = 86_400;
const WEEKDAYS: [&str; 7] = ["thu", "fri", "sat", "sun", "mon", "tue", "wed"];

/// The second that a text means: `18:00`, `tomorrow 8:00`, `Mon 9:30`, `2026-12-24 8:00`, `+2h`. A
/// time of day that is over today is that of tomorrow. `None` where it is no time, or over.
pub fn later(text: &str, now: i64, offset: OffsetAt) -> Option<i64> {
    let text = text.trim().to_lowercase();
    if let Some(span) = text.strip_prefix('+') {
        return Some(now + seconds(span)?).filter(|at| *at > now);
    }
    let zone = |at: i64| i64::from(offset(at)) * 60;
    let local = now + zone(now);
    let today = local.div_euclid(DAY);
    let (day, time) = match text.rsplit_once(' ') {
        Some((day, time)) => (Some(day.trim()), time),
        None => (None, text.as_str()),
    };
    let second = time_of_day(time)?;
    let day = match day {
        None | Some("today") => today,
        Some("tomorrow") => today + 1,
        Some(word) => match WEEKDAYS.iter().position(|name| word.starts_with(name)) {
            Some(at) => {
                let ahead = (i64::try_from(at).ok()? - today).rem_euclid(7);
                today + if ahead == 0 { 7 } else { ahead }
            }
            None => day_of(word)?,
        },
    };
    let mut at = day * DAY + second;
    if !text.contains(' ') && at <= local {
        at += DAY;
    }
    // The offset there, which may not be that of now.
    let guess = at - zone(now);
    let at = at - zone(guess);
    (at > now).then_some(at)
}

fn seconds(span: &str) -> Option<i64> {
    let (number, unit) = span.split_at_checked(span.len().checked_sub(1)?)?;
    let number: i64 = number.trim().parse().ok()?;
    let each = match unit {
        "m" => 60,
        "h" => 3600,
        "d" => DAY,
        _ => return None,
    };
    Some(number.clamp(0, 100_000) * each)
}

fn time_of_day(text: &str) -> Option<i64> {
    let (hour, minute) = text.split_once(':').unwrap_or((text, "0"));
    let (hour, minute): (i64, i64) = (hour.parse().ok()?, minute.parse().ok()?);
    ((0..24).contains(&hour) && (0..60).contains(&minute)).then_some(hour * 3600 + minute * 60)
}

/// The day since 1970 of `2026-12-24`.
fn day_of(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let year: i64 = parts.next()?.parse().ok()?;
    let month: usize = parts.next()?.parse().ok()?;
    let day: i64 = parts.next()?.parse().ok()?;
    if parts.next().is_some() || !(1970..=9999).contains(&year) {
        return None;
    }
    // Days of whole years, then as many as it takes: the calendar itself is asked.
    let near = (year - 1970) * 365 + (year - 1969) / 4;
    (near - 40..near + 400).find(|days| {
        let civil = Civil::of(days * DAY, 0);
        (civil.year, civil.month, civil.day) == (year, month, day)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_to_come_are_read_and_times_that_are_over_refused() {
        // Sat 21 Nov 2026 10:40 UTC; the zone is one hour east.
        let now = 1_795_257_600;
        let check = |text: &str, want: Option<i64>| {
            assert_eq!(later(text, now, |_| 60), want.map(|at| now + at), "{text}");
        };
        let hour = 3600;
        check("+2h", Some(2 * hour));
        check("+45m", Some(45 * 60));
        check("12:40", Some(hour));
        check("11:00", Some(DAY - 40 * 60));
        check("tomorrow 11:40", Some(DAY));
        check("mon 11:40", Some(2 * DAY));
        check("Saturday 11:40", Some(7 * DAY));
        check("2026-11-22 11:40", Some(DAY));
        check("2028-02-29 11:40", Some(465 * DAY));
        check("2026-11-20 11:40", None);
        check("today 8:00", None);
        check("25:00", None);
        check("soon", None);
        check("", None);
        check("+", None);
    }
}
