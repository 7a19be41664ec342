//! Times as the lists show them. The zone comes in as a function, so nothing here knows a clock.

use crate::mime::body;

/// Minutes east of UTC that hold at that second since 1970.
pub type OffsetAt = fn(i64) -> i32;

const DAY: i64 = 86_400;
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// A civil time in some zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// The year.
    pub year: i64,
    /// 1 to 12.
    pub month: usize,
    /// 1 to 31.
    pub day: i64,
    /// 0 to 23.
    pub hour: i64,
    /// 0 to 59.
    pub minute: i64,
    /// 0 to 59.
    pub second: i64,
    /// Days since 1970-01-01 in that zone.
    pub days: i64,
}

impl Civil {
    /// The civil time of `epoch`, `minutes` east of UTC.
    pub fn of(epoch: i64, minutes: i32) -> Self {
        let local = epoch.saturating_add(i64::from(minutes) * 60);
        let days = local.div_euclid(DAY);
        let rest = local.rem_euclid(DAY);
        let (year, month, day) = ymd(days);
        Self {
            year,
            month,
            day,
            hour: rest / 3600,
            minute: rest / 60 % 60,
            second: rest % 60,
            days,
        }
    }

    fn month_name(self) -> &'static str {
        MONTHS
            .get(self.month.wrapping_sub(1))
            .copied()
            .unwrap_or("?")
    }

    fn weekday(self) -> &'static str {
        let n = usize::try_from((self.days + 3).rem_euclid(7)).unwrap_or(0);
        WEEKDAYS.get(n).copied().unwrap_or("?")
    }
}

/// Gregorian year, month and day of a day number (Howard Hinnant's civil calendar).
fn ymd(days: i64) -> (i64, usize, i64) {
    let shifted = days.saturating_add(719_468);
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, usize::try_from(month).unwrap_or(1), day)
}

/// The date column: time today, weekday within the last six days, day and month this year, else
/// the year. A date of tomorrow or later is written plainly.
pub fn column(at: i64, now: i64, offset: OffsetAt) -> String {
    let then = Civil::of(at, offset(at));
    let today = Civil::of(now, offset(now));
    let age = today.days - then.days;
    if age == 0 {
        format!("{:02}:{:02}", then.hour, then.minute)
    } else if (1..7).contains(&age) {
        then.weekday().to_owned()
    } else if then.year == today.year {
        format!("{} {:>2}", then.month_name(), then.day)
    } else {
        format!("{}", then.year)
    }
}

/// `Nov 12 10:37`, of another year `Nov 12  2025`: when a file was changed.
pub fn of_file(at: i64, now: i64, offset: OffsetAt) -> String {
    let then = Civil::of(at, offset(at));
    let day = format!("{} {:>2}", then.month_name(), then.day);
    match then.year == Civil::of(now, offset(now)).year {
        true => format!("{day} {:02}:{:02}", then.hour, then.minute),
        false => format!("{day} {:>5}", then.year),
    }
}

/// `10:37`, in the local zone.
pub fn time_of_day(at: i64, offset: OffsetAt) -> String {
    let then = Civil::of(at, offset(at));
    format!("{:02}:{:02}", then.hour, then.minute)
}

/// `10:37:05`, for what happens soon.
pub fn second_of_day(at: i64, offset: OffsetAt) -> String {
    let then = Civil::of(at, offset(at));
    format!("{:02}:{:02}:{:02}", then.hour, then.minute, then.second)
}

/// `Sat 21 Nov 10:37:05` for the Log.
pub fn log_time(at: i64, offset: OffsetAt) -> String {
    let then = Civil::of(at, offset(at));
    format!(
        "{} {:02} {} {:02}:{:02}:{:02}",
        then.weekday(),
        then.day,
        then.month_name(),
        then.hour,
        then.minute,
        then.second
    )
}

/// The Date line of a message: local time, the sender's zone where it is another one, and the age.
pub fn full(at: i64, zone: i32, now: i64, offset: OffsetAt) -> String {
    let local = offset(at);
    let then = Civil::of(at, local);
    let mut out = format!(
        "{} {:02} {} {} {:02}:{:02}",
        then.weekday(),
        then.day,
        then.month_name(),
        then.year,
        then.hour,
        then.minute
    );
    if zone != local {
        let there = Civil::of(at, zone);
        out.push_str(&format!(
            " ({:02}:{:02} {})",
            there.hour,
            there.minute,
            zone_text(zone)
        ));
    }
    let age = age(at, now);
    if !age.is_empty() {
        out.push_str(", ");
        out.push_str(&age);
    }
    out
}

fn zone_text(minutes: i32) -> String {
    let sign = if minutes < 0 { '-' } else { '+' };
    let minutes = minutes.unsigned_abs();
    format!("{sign}{:02}{:02}", minutes / 60, minutes % 60)
}

/// How long ago, by the time that went by and not by the calendar: 22:35 is five hours before 03:35.
fn age(at: i64, now: i64) -> String {
    let seconds = now.saturating_sub(at);
    let days = seconds / DAY;
    let (count, unit) = match seconds {
        ..0 => return "in the future".to_owned(),
        0..60 => return "just now".to_owned(),
        60..3600 => (seconds / 60, "minute"),
        3600..DAY => (seconds / 3600, "hour"),
        _ if days < 61 => (days, "day"),
        _ if days < 731 => (days / 30, "month"),
        _ => (days / 365, "year"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural} ago")
}

/// `41 KB`.
pub fn octets(size: u64) -> String {
    body::size(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Sat 21 Nov 2026 10:40 UTC.
    const NOW: i64 = 1_795_257_600;

    fn utc(_: i64) -> i32 {
        0
    }

    #[test]
    fn the_date_column_says_less_the_older_it_is() {
        for (at, text) in [
            (NOW - 180, "10:37"),
            (NOW - 10 * 3600, "00:40"),
            (NOW - DAY, "Fri"),
            (NOW - 6 * DAY, "Sun"),
            (NOW - 7 * DAY, "Nov 14"),
            (NOW - 20 * DAY, "Nov  1"),
            (NOW - 366 * DAY, "2025"),
            (NOW + DAY, "Nov 22"),
            (NOW + 60, "10:41"),
            (NOW + 60 * DAY, "2027"),
        ] {
            assert_eq!(column(at, NOW, utc), text);
        }
    }

    #[test]
    fn the_calendar_is_right_at_its_edges() {
        for (epoch, text) in [
            (0, (1970, 1, 1)),
            (951_782_400, (2000, 2, 29)),
            (-1, (1969, 12, 31)),
            (4_102_444_800, (2100, 1, 1)),
        ] {
            let civil = Civil::of(epoch, 0);
            assert_eq!((civil.year, civil.month, civil.day), text);
        }
    }

    #[test]
    fn no_second_makes_the_calendar_panic() {
        for epoch in [i64::MIN, i64::MAX, i64::MIN / 2, -62_135_596_800] {
            let _ = full(epoch, 840, NOW, utc);
            let _ = column(epoch, NOW, utc);
        }
    }

    #[test]
    fn the_age_goes_by_elapsed_time() {
        for (seconds, text) in [
            (-1, "in the future"),
            (59, "just now"),
            (60, "1 minute ago"),
            (3599, "59 minutes ago"),
            (5 * 3600, "5 hours ago"),
            (23 * 3600 + 3599, "23 hours ago"),
            (DAY, "1 day ago"),
            (2 * DAY - 1, "1 day ago"),
            (9 * DAY, "9 days ago"),
            (61 * DAY, "2 months ago"),
            (731 * DAY, "2 years ago"),
        ] {
            assert_eq!(age(NOW - seconds, NOW), text, "{seconds}");
        }
    }

    #[test]
    fn the_date_line_names_the_senders_zone_and_the_age() {
        let text = full(NOW - 9 * DAY, 60, NOW, utc);
        assert_eq!(text, "Thu 12 Nov 2026 10:40 (11:40 +0100), 9 days ago");
    }
}
