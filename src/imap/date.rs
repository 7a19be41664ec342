//! INTERNALDATE and search dates (RFC 9051 section 9, `date-time` and `date`).
//!
//! Real servers leave the day unpadded, leave the seconds or the zone out, or send a Date field's
//! form; all that is read. What cannot be read is `None`, never a guess.

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

const DAY: i64 = 86_400;

/// Reads `17-Jul-1996 02:44:25 -0700` into seconds since 1970.
pub fn parse_internal_date(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    let mut words = text
        .split([' ', '-', ',', '\t'])
        .filter(|word| !word.is_empty());
    let mut first = words.next()?;
    if first.starts_with(|c: char| c.is_ascii_alphabetic()) {
        first = words.next()?;
    }
    let day = digits(first, 2).filter(|day| (1..=31).contains(day))?;
    let name = words.next()?;
    let month = MONTHS.iter().zip(1..).find(|(month, _)| {
        name.get(..3)
            .is_some_and(|start| start.eq_ignore_ascii_case(month))
    })?;
    let year_text = words.next()?;
    let year = match (digits(year_text, 4)?, year_text.len()) {
        (year, 4) => year,
        (year, 2) if year < 70 => year + 2000,
        (year, 2) => year + 1900,
        _ => return None,
    };
    let mut clock = words.next().unwrap_or("0:0").split(':');
    let hour = digits(clock.next()?, 2).filter(|hour| *hour < 24)?;
    let minute = digits(clock.next()?, 2).filter(|minute| *minute < 60)?;
    let second = clock.next().map_or(Some(0), |s| digits(s, 2))?.min(59);
    let days = days_of(year, month.1, day);
    let local = days * DAY + hour * 3600 + minute * 60 + second;
    // The words were split at '-', so the sign is looked for in the text itself.
    Some(local - zone(text))
}

/// Writes the UTC day of `seconds` since 1970 as `1-Feb-1994`.
pub fn search_date(seconds: i64) -> String {
    let (year, month, day) = date_of(seconds.div_euclid(DAY));
    let name = MONTHS
        .get(usize::try_from(month - 1).unwrap_or(0))
        .unwrap_or(&"Jan");
    format!("{day}-{name}-{year:04}")
}

/// Writes `seconds` since 1970 as `17-Jul-1996 09:44:25 +0000`, for APPEND. Years that four digits
/// cannot hold become the nearest that they can.
pub fn internal_date(seconds: i64) -> String {
    const FIRST: i64 = -62_135_596_800;
    const LAST: i64 = 253_402_300_799;
    let seconds = seconds.clamp(FIRST, LAST);
    let second = seconds.rem_euclid(DAY);
    let (hour, minute) = (second / 3600, second / 60 % 60);
    let day = search_date(seconds);
    format!("{day:0>11} {hour:02}:{minute:02}:{:02} +0000", second % 60)
}

fn digits(text: &str, most: usize) -> Option<i64> {
    let plain = text.len() <= most && text.bytes().all(|c| c.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// The zone at the end in seconds east; UTC when it is missing or only a name.
fn zone(text: &str) -> i64 {
    let last = text.trim_end().rsplit([' ', '\t']).next().unwrap_or("");
    let (sign, number) = match (last.strip_prefix('+'), last.strip_prefix('-')) {
        (Some(number), _) => (1, number),
        (_, Some(number)) => (-1, number),
        _ => return 0,
    };
    let number: String = number.chars().filter(|c| *c != ':').collect();
    match digits(&number, 4) {
        Some(value) if number.len() == 4 && value % 100 < 60 => {
            sign * (value / 100 * 3600 + value % 100 * 60)
        }
        _ => 0,
    }
}

/// Days since 1970 of a date in the proleptic Gregorian calendar.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    // The year begins in March here, so that the leap day is its last one.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_real_servers_are_read() {
        for (text, end) in [
            ("17-Jul-1996 02:44:25 -0700", Some(837_596_665)),
            ("01-Jan-1970 00:00:00 +0000", Some(0)),
            (" 1-Jan-2024 00:00:00 +0000", Some(1_704_067_200)),
            ("1-Jan-2024 00:00:00 +0000", Some(1_704_067_200)),
            ("01-JAN-2024 01:30:00 +0130", Some(1_704_067_200)),
            ("01-Jan-2024 00:00", Some(1_704_067_200)),
            ("01-Jan-2024", Some(1_704_067_200)),
            ("Mon, 1 Jan 2024 00:00:00 GMT", Some(1_704_067_200)),
            ("01-Jan-24 00:00:00 +00:00", Some(1_704_067_200)),
            ("29-Feb-2024 23:59:60 +0000", Some(1_709_251_199)),
            ("31-Dec-1969 23:59:59 +0000", Some(-1)),
            ("", None),
            ("32-Jan-2024 00:00:00 +0000", None),
            ("01-Foo-2024 00:00:00 +0000", None),
            ("01-Jan-2024 25:00:00 +0000", None),
            ("NIL", None),
            ("01-Jan-20245 00:00:00 +0000", None),
        ] {
            assert_eq!(parse_internal_date(text.as_bytes()), end, "{text}");
        }
    }

    #[test]
    fn a_date_written_for_append_reads_back() {
        assert_eq!(internal_date(837_596_665), "17-Jul-1996 09:44:25 +0000");
        for seconds in (-30_000_000_000i64..30_000_000_000).step_by(999_999_937) {
            let text = internal_date(seconds);
            assert_eq!(text.len(), 26, "{text}");
            assert_eq!(
                parse_internal_date(text.as_bytes()),
                Some(seconds),
                "{text}"
            );
        }
        assert_eq!(internal_date(i64::MAX), "31-Dec-9999 23:59:59 +0000");
        assert_eq!(internal_date(i64::MIN), "01-Jan-0001 00:00:00 +0000");
    }

    #[test]
    fn a_search_date_reads_back_as_its_day() {
        assert_eq!(search_date(837_596_665), "17-Jul-1996");
        for day in (-20_000..40_000).step_by(7) {
            let text = search_date(day * DAY + 5);
            assert_eq!(
                parse_internal_date(text.as_bytes()),
                Some(day * DAY),
                "{text}"
            );
        }
    }
}
