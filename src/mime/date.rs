//! Dates of header fields: RFC 5322 with its obsolete forms, asctime, ISO 8601, and what else
//! programs write. What cannot be a date is `None`.

/// A date with the offset of its zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date {
    /// Seconds since 1970.
    pub epoch: i64,
    /// Minutes east of UTC.
    pub zone: i32,
}

/// Reads a date field; impossible dates are `None`.
pub fn date(raw: &[u8]) -> Option<Date> {
    let raw = raw.get(..raw.len().min(300))?;
    let text = without_comments(raw);
    let mut parts = Parts::default();
    for word in text.split([' ', ',', '\t', '\r', '\n']) {
        if !word.is_empty() {
            parts.take(word)?;
        }
    }
    parts.date()
}

fn without_comments(raw: &[u8]) -> String {
    let mut depth = 0usize;
    let mut out = String::with_capacity(raw.len());
    for &byte in raw {
        match byte {
            b'(' => depth += 1,
            b')' => {
                depth = depth.saturating_sub(1);
                out.push(' ');
            }
            _ if depth == 0 && byte.is_ascii() => out.push(char::from(byte)),
            _ => {}
        }
    }
    out
}

#[derive(Default)]
struct Parts {
    day: Option<i64>,
    month: Option<i64>,
    year: Option<i64>,
    seconds: Option<i64>,
    zone: Option<i32>,
}

impl Parts {
    fn take(&mut self, word: &str) -> Option<()> {
        let first = word.bytes().next()?;
        let colon = word.find(':').unwrap_or(0);
        let dated = word.find(['T', 't', '-', '/']).is_some_and(|n| n < colon);
        if colon > 0 && first.is_ascii_digit() && !dated {
            return self.time(word);
        }
        if self.seconds.is_some() && matches!(first, b'+' | b'-') {
            self.zone = self.zone.or(Some(numeric_zone(word)?));
            return Some(());
        }
        if first.is_ascii_digit() {
            return self.number(word);
        }
        self.name(word)
    }

    fn number(&mut self, word: &str) -> Option<()> {
        let word = word.trim_end_matches('.');
        if let Some((date, time)) = word.split_once(['T', 't']) {
            self.dashed(date)?;
            return self.time(time);
        }
        if word.contains(['-', '/']) {
            return self.dashed(word);
        }
        let value: i64 = word.parse().ok()?;
        if self.day.is_none() && word.len() <= 2 {
            self.day = Some(value);
        } else if self.year.is_none() {
            self.year = Some(full_year(value, word.len()));
        } else {
            return None;
        }
        Some(())
    }

    /// `2026-11-21`, `21-Nov-2026`, `21-Nov-26`.
    fn dashed(&mut self, word: &str) -> Option<()> {
        let mut pieces = word.split(['-', '/']);
        let (a, b, c) = (pieces.next()?, pieces.next()?, pieces.next()?);
        if pieces.next().is_some() || self.day.is_some() || self.year.is_some() {
            return None;
        }
        let (year, day) = if a.len() == 4 { (a, c) } else { (c, a) };
        self.month = Some(match month(b) {
            Some(month) => month,
            None => b.parse().ok()?,
        });
        self.year = Some(full_year(year.parse().ok()?, year.len()));
        self.day = Some(day.parse().ok()?);
        Some(())
    }

    fn time(&mut self, word: &str) -> Option<()> {
        if self.seconds.is_some() {
            return None;
        }
        let cut = word
            .find(|c: char| !c.is_ascii_digit() && c != ':' && c != '.')
            .unwrap_or(word.len());
        let (clock, rest) = word.split_at_checked(cut)?;
        let mut fields = clock.split(':');
        let hour: i64 = fields.next()?.parse().ok()?;
        let minute: i64 = fields.next()?.parse().ok()?;
        let second: i64 = match fields.next() {
            Some(text) => text.split('.').next()?.parse().ok()?,
            None => 0,
        };
        if hour > 23 || minute > 59 || second > 60 || fields.next().is_some() {
            return None;
        }
        self.seconds = Some(hour * 3600 + minute * 60 + second.min(59));
        if !rest.is_empty() {
            self.zone = Some(numeric_zone(rest).or_else(|| named_zone(rest))?);
        }
        Some(())
    }

    fn name(&mut self, word: &str) -> Option<()> {
        if let Some(number) = month(word) {
            if self.month.is_none() {
                self.month = Some(number);
            }
            return Some(());
        }
        if self.seconds.is_some() && self.zone.is_none() {
            self.zone = named_zone(word);
            return Some(());
        }
        let am_pm = self.seconds.filter(|s| *s < 13 * 3600);
        match (word.to_ascii_lowercase().as_str(), am_pm) {
            ("pm", Some(s)) if s < 12 * 3600 => self.seconds = Some(s + 12 * 3600),
            ("am", Some(s)) if s >= 12 * 3600 => self.seconds = Some(s - 12 * 3600),
            _ => {}
        }
        Some(())
    }

    fn date(&self) -> Option<Date> {
        let (year, month, day) = (self.year?, self.month?, self.day?);
        if !(1900..=9999).contains(&year) || !(1..=12).contains(&month) {
            return None;
        }
        if day < 1 || day > days_in(year, month) {
            return None;
        }
        let zone = self.zone.unwrap_or(0);
        let local = days_since_1970(year, month, day) * 86_400 + self.seconds.unwrap_or(0);
        Some(Date {
            epoch: local - i64::from(zone) * 60,
            zone,
        })
    }
}

fn full_year(value: i64, digits: usize) -> i64 {
    match (digits, value) {
        (0..=2, 0..=49) => value + 2000,
        (0..=3, _) if value < 1000 => value + 1900,
        _ => value,
    }
}

fn month(word: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let start = word.get(..3)?.to_ascii_lowercase();
    let at = MONTHS.iter().position(|m| *m == start)?;
    i64::try_from(at + 1).ok()
}

/// `+0100`, `-05:00`, `+1`.
fn numeric_zone(word: &str) -> Option<i32> {
    let sign = match word.bytes().next()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits: String = word.chars().skip(1).filter(|c| *c != ':').collect();
    let value: i32 = digits.parse().ok()?;
    let (hours, minutes) = if digits.len() <= 2 {
        (value, 0)
    } else {
        (value / 100, value % 100)
    };
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 60 + minutes))
}

fn named_zone(word: &str) -> Option<i32> {
    let upper = word.to_ascii_uppercase();
    for prefix in ["GMT", "UTC"] {
        if let Some(rest) = upper.strip_prefix(prefix).filter(|r| !r.is_empty()) {
            return numeric_zone(rest);
        }
    }
    let hours = match upper.as_str() {
        "GMT" | "UTC" | "UT" | "Z" | "WET" => 0,
        "EDT" => -4,
        "EST" | "CDT" => -5,
        "CST" | "MDT" => -6,
        "MST" | "PDT" => -7,
        "PST" => -8,
        "CET" | "BST" | "MET" | "WEST" => 1,
        "CEST" | "EET" | "MEST" => 2,
        "EEST" | "MSK" => 3,
        "JST" => 9,
        _ => return None,
    };
    Some(hours * 60)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar, by counting from 1 March.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let shifted = (month + 9) % 12;
    let day_of_year = (153 * shifted + 2) / 5 + day - 1;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year
        - 719_468
}

const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const SHORT_MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// Days from 1970-01-01; `None` for a date that no calendar has.
pub(crate) fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let real = (1..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day);
    real.then(|| days_since_1970(year, month, day))
}

/// The year of an epoch second in UTC.
pub(crate) fn year(epoch: i64) -> i64 {
    let days = epoch.div_euclid(86_400);
    // Years of 365.2425 days put the search within one year of the answer.
    let mut year = 1970 + days * 400 / 146_097;
    while days_since_1970(year + 1, 1, 1) <= days {
        year += 1;
    }
    while days_since_1970(year, 1, 1) > days {
        year -= 1;
    }
    year
}

/// `+0100` of minutes east of UTC.
pub(crate) fn zone_name(minutes: i32) -> String {
    let sign = if minutes < 0 { '-' } else { '+' };
    let size = minutes.unsigned_abs();
    format!("{sign}{:02}{:02}", size / 60, size % 60)
}

/// The day of an epoch second in UTC, as `Tue 24 Nov 2026`.
pub(crate) fn day(epoch: i64) -> String {
    let days = epoch.div_euclid(86_400);
    let year = year(epoch);
    let month = (1..=12)
        .rev()
        .find(|m| days_since_1970(year, *m, 1) <= days)
        .unwrap_or(1);
    let date = days - days_since_1970(year, month, 1) + 1;
    let name = |list: &[&'static str], n: i64| {
        let at = usize::try_from(n).unwrap_or_default();
        list.get(at).copied().unwrap_or_default()
    };
    let weekday = name(&WEEKDAYS, days.rem_euclid(7));
    let month = name(&SHORT_MONTHS, month - 1);
    format!("{weekday} {date} {month} {year}")
}

/// A date as a message view shows it, in its own zone: `Thu 12 Nov 2026 01:32 (+0100)`.
pub(crate) fn readable(date: Date) -> String {
    let local = date.epoch + i64::from(date.zone) * 60;
    let minutes = local.rem_euclid(86_400) / 60;
    let sign = if date.zone < 0 { '-' } else { '+' };
    let zone = date.zone.abs();
    format!(
        "{} {:02}:{:02} ({sign}{:02}{:02})",
        day(local),
        minutes / 60,
        minutes % 60,
        zone / 60,
        zone % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_read_in_every_form_that_programs_write() {
        let check = |raw: &str, want: Option<(i64, i32)>| {
            let got = date(raw.as_bytes()).map(|d| (d.epoch, d.zone));
            assert_eq!(got, want, "{raw}");
        };
        let want = Some((1_795_226_597, 60));
        check("Sat, 21 Nov 2026 03:03:17 +0100", want);
        check("21 Nov 2026 03:03:17 +0100 (CET)", want);
        check("Sat,21 Nov 26 03:03:17 CET", want);
        check("Sat (x (y)) , 21\r\n Nov 2026 03:03:17 +01:00", want);
        check("2026-11-21T03:03:17+01:00", want);
        check("2026-11-21 03:03:17 +0100", want);
        check("21-Nov-2026 03:03:17 +0100", want);
        check("Sat Nov 21 03:03:17 2026 +0100", want);
        check("Sat, 21 November 2026 03:03:17 GMT+1", want);
        check("Sat Nov 21 03:03:17 2026", Some((1_795_230_197, 0)));
        check("2026-11-21T03:03:17Z", Some((1_795_230_197, 0)));
        check("21 Nov 2026", Some((1_795_219_200, 0)));
        check("Thu, 1 Jan 1970 00:00:00 -0000", Some((0, 0)));
        check("29 Feb 2024 00:00 +0000", Some((1_709_164_800, 0)));
        check("1 Jan 99 00:00:60 -0500", Some((915_166_859, -300)));
        for bad in [
            "",
            "yesterday",
            "31 Feb 2026 00:00:00 +0000",
            "1 Foo 2026",
            "32 Jan 2026 1:1:1",
            "1 Jan 2026 25:00:00",
            "1 Jan 2026 00:61",
            "1 Jan 99999 00:00",
            "1 Jan 1492 00:00",
            "2026-13-01T00:00:00Z",
            "1 Jan 2026 00:00:00 +9999",
            "29 Feb 2025 00:00",
        ] {
            check(bad, None);
        }
        check(&"(".repeat(20_000), None);
    }

    #[test]
    fn days_are_told_back() {
        let check = |raw: &str, want: &str| {
            assert_eq!(readable(date(raw.as_bytes()).unwrap()), want);
        };
        check(
            "12 Nov 2026 01:32:00 +0100",
            "Thu 12 Nov 2026 01:32 (+0100)",
        );
        check(
            "29 Feb 2000 23:59:00 -0530",
            "Tue 29 Feb 2000 23:59 (-0530)",
        );
        check("31 Dec 1969 00:00 +0000", "Wed 31 Dec 1969 00:00 (+0000)");
        check("31 Dec 9999 00:00 +0000", "Fri 31 Dec 9999 00:00 (+0000)");
    }
}
