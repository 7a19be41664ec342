//! Days as people name them, and the second at which one begins.

use std::fmt;

const DAY: i64 = 86_400;

/// A span of time as it was named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// A year.
    Year(i32),
    /// A month of a year, from 1.
    Month(i32, u8),
    /// A day of a month.
    Day(i32, u8, u8),
    /// The day so many days ago; 0 is today.
    DaysAgo(u32),
    /// The day so many months ago.
    MonthsAgo(u32),
    /// The day so many years ago.
    YearsAgo(u32),
    /// So many hours ago, to the second.
    HoursAgo(u32),
}

/// One end of a span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Where it begins.
    StartOf(When),
    /// The first second after it.
    EndOf(When),
}

impl Bound {
    /// The second since 1970 that is meant at `now`; `zone` tells how many seconds local time is
    /// ahead of UTC at a second.
    pub fn at(&self, now: i64, zone: &dyn Fn(i64) -> i32) -> i64 {
        match self {
            Bound::StartOf(when) => when.start(0, now, zone),
            Bound::EndOf(when) => when.start(1, now, zone),
        }
    }
}

impl When {
    /// Reads `2026`, `2026-11`, `2026-11-21`, `today`, `yesterday`, `7d`, `2w`, `3m`, `1y`, `12h`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "today" => return Some(When::DaysAgo(0)),
            "yesterday" => return Some(When::DaysAgo(1)),
            _ => {}
        }
        let unit = text.chars().next_back()?;
        if unit.is_ascii_alphabetic() {
            let number: u32 = text.strip_suffix(unit)?.parse().ok()?;
            let number = (number <= 99_999).then_some(number)?;
            return Some(match unit.to_ascii_lowercase() {
                'h' => When::HoursAgo(number),
                'd' => When::DaysAgo(number),
                'w' => When::DaysAgo(number * 7),
                'm' => When::MonthsAgo(number),
                'y' => When::YearsAgo(number),
                _ => return None,
            });
        }
        civil(text)
    }

    /// Where the span begins that lies `later` spans after this one.
    fn start(self, later: i64, now: i64, zone: &dyn Fn(i64) -> i32) -> i64 {
        let (year, month, day) = date(now + i64::from(zone(now)));
        let days = match self {
            When::HoursAgo(hours) => return now - (i64::from(hours) - later) * 3_600,
            When::Year(year) => days(i64::from(year) + later, 1, 1),
            When::Month(year, month) => days(i64::from(year), i64::from(month) + later, 1),
            When::Day(year, month, day) => {
                days(i64::from(year), i64::from(month), i64::from(day)) + later
            }
            When::DaysAgo(ago) => days(year, month, day) - i64::from(ago) + later,
            When::MonthsAgo(ago) => clipped(year, month - i64::from(ago), day) + later,
            When::YearsAgo(ago) => clipped(year - i64::from(ago), month, day) + later,
        };
        // The zone at that midnight is not known before the midnight is.
        let midnight = days * DAY;
        let near = midnight - i64::from(zone(midnight));
        midnight - i64::from(zone(near))
    }
}

fn civil(text: &str) -> Option<When> {
    let mut parts = text.split(['-', '/']);
    let year = parts.next().filter(|year| year.len() == 4)?;
    let year = digits(year)?;
    let (month, day) = (parts.next(), parts.next());
    if parts.next().is_some() || year == 0 {
        return None;
    }
    let month = match month.map(digits) {
        None => return Some(When::Year(year)),
        Some(month) => u8::try_from(month?).ok().filter(|m| (1..=12).contains(m))?,
    };
    let Some(day) = day else {
        return Some(When::Month(year, month));
    };
    let day = u8::try_from(digits(day)?).ok()?;
    let (y, m) = (i64::from(year), i64::from(month));
    let length = days(y, m + 1, 1) - days(y, m, 1);
    (1..=length)
        .contains(&i64::from(day))
        .then_some(When::Day(year, month, day))
}

fn digits(text: &str) -> Option<i32> {
    let few = !text.is_empty() && text.len() <= 4 && text.bytes().all(|b| b.is_ascii_digit());
    few.then(|| text.parse().ok()).flatten()
}

/// The day of that number, or the last one of a month that is shorter.
fn clipped(year: i64, month: i64, day: i64) -> i64 {
    let first = days(year, month, 1);
    (first + day - 1).min(days(year, month + 1, 1) - 1)
}

/// Days since 1970 of a date in the Gregorian calendar; months beyond a year run on.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let months = year * 12 + month - 1;
    let (year, month) = (months.div_euclid(12), months.rem_euclid(12));
    // Years that begin in March have their leap day at the end.
    let (year, month) = if month < 2 {
        (year - 1, month + 10)
    } else {
        (year, month - 2)
    };
    let (era, in_era) = (year.div_euclid(400), year.rem_euclid(400));
    let in_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719_468
}

/// Year, month and day of a second of local time.
fn date(second: i64) -> (i64, i64, i64) {
    let number = second.div_euclid(DAY);
    // A little too early, by one year in four centuries or so; the walk makes up for it.
    let mut year = 1970 + number.div_euclid(366);
    while days(year + 1, 1, 1) <= number {
        year += 1;
    }
    let mut month = 1;
    while month < 12 && days(year, month + 1, 1) <= number {
        month += 1;
    }
    (year, month, number - days(year, month, 1) + 1)
}

impl fmt::Display for When {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            When::Year(year) => write!(out, "{year:04}"),
            When::Month(year, month) => write!(out, "{year:04}-{month:02}"),
            When::Day(year, month, day) => write!(out, "{year:04}-{month:02}-{day:02}"),
            When::DaysAgo(days) => write!(out, "{days}d"),
            When::MonthsAgo(months) => write!(out, "{months}m"),
            When::YearsAgo(years) => write!(out, "{years}y"),
            When::HoursAgo(hours) => write!(out, "{hours}h"),
        }
    }
}
