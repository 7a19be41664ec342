//! VTIMEZONE (RFC 5545 section 3.6.5): which offset a zone has at a time of its own clock. Rules by
//! year, month and weekday, as programs write them; nothing is looked up outside the message.

use super::super::date;
use super::Wall;

/// Observances of one zone that are read.
const MAX_RULES: usize = 200;

/// A zone that a calendar brings along.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Zone {
    /// Its TZID.
    pub(super) id: String,
    rules: Vec<Rule>,
    open: Option<Rule>,
}

/// One STANDARD or DAYLIGHT part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Rule {
    offset: Option<i32>,
    start: i64,
    yearly: Option<Yearly>,
    until: Option<i64>,
    /// Further onsets, one by one.
    dates: Vec<i64>,
}

/// `BYMONTH=3;BYDAY=-1SU`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Yearly {
    month: i64,
    /// From 1 for the first, from -1 for the last.
    nth: i64,
    /// From 0 for Sunday.
    weekday: i64,
}

impl Zone {
    /// Takes one content line of the VTIMEZONE.
    pub(super) fn take(&mut self, name: &str, value: &str) {
        let value = value.trim();
        match (name, &mut self.open) {
            ("TZID", None) => self.id = value.to_owned(),
            ("BEGIN", None) => self.open = Some(Rule::default()),
            ("END", Some(_)) => {
                let rule = self.open.take();
                if self.rules.len() < MAX_RULES {
                    self.rules.extend(rule);
                }
            }
            ("TZOFFSETTO", Some(rule)) => rule.offset = offset(value),
            ("DTSTART", Some(rule)) => {
                rule.start = Wall::parse(value).map_or(0, |wall| wall.seconds);
            }
            ("RDATE", Some(rule)) if rule.dates.len() < MAX_RULES => {
                let walls = value.split(',').filter_map(Wall::parse);
                rule.dates.extend(walls.map(|wall| wall.seconds));
            }
            ("RRULE", Some(rule)) => {
                rule.yearly = Yearly::parse(value);
                let until = part(value, "UNTIL").and_then(Wall::parse);
                rule.until = until.map(|wall| wall.seconds);
            }
            _ => {}
        }
    }

    /// Minutes east of UTC at a time of this zone's clock, in seconds since 1970 by that clock.
    pub(super) fn offset(&self, seconds: i64) -> Option<i32> {
        let begun = self.rules.iter().filter_map(|rule| {
            let onset = rule.last_onset(seconds)?;
            Some((onset, rule.offset?))
        });
        let latest = begun.max_by_key(|(onset, _)| *onset);
        latest.map(|(_, offset)| offset)
    }
}

impl Rule {
    /// When this rule last set in, up to that time.
    fn last_onset(&self, seconds: i64) -> Option<i64> {
        let mut onsets: Vec<i64> = self.dates.clone();
        onsets.push(self.start);
        if let Some(yearly) = self.yearly {
            let year = date::year(seconds);
            let time = self.start.rem_euclid(86_400);
            for year in [year, year - 1] {
                let onset = yearly.day_in(year).map(|day| day * 86_400 + time);
                let holds =
                    |t: &i64| *t >= self.start && self.until.is_none_or(|u| *t <= u + 86_400);
                onsets.extend(onset.filter(holds));
            }
        }
        onsets.into_iter().filter(|t| *t <= seconds).max()
    }
}

impl Yearly {
    fn parse(rule: &str) -> Option<Self> {
        if part(rule, "FREQ") != Some("YEARLY") {
            return None;
        }
        let by_day = part(rule, "BYDAY")?;
        let (nth, day) = by_day.split_at_checked(by_day.len().checked_sub(2)?)?;
        let days = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"];
        let weekday = days.iter().position(|d| *d == day)?;
        Some(Self {
            month: part(rule, "BYMONTH")?
                .parse()
                .ok()
                .filter(|m| (1..=12).contains(m))?,
            nth: nth.trim_start_matches('+').parse().ok()?,
            weekday: i64::try_from(weekday).ok()?,
        })
    }

    /// Days since 1970.
    fn day_in(self, year: i64) -> Option<i64> {
        // 1 January 1970 was a Thursday.
        let weekday = |day: i64| (day + 4).rem_euclid(7);
        let day = if self.nth > 0 {
            let first = date::days(year, self.month, 1)?;
            first + (self.weekday - weekday(first)).rem_euclid(7) + (self.nth - 1).min(4) * 7
        } else {
            let (next_year, next) = if self.month == 12 {
                (year + 1, 1)
            } else {
                (year, self.month + 1)
            };
            let last = date::days(next_year, next, 1)? - 1;
            let back = (weekday(last) - self.weekday).rem_euclid(7);
            last - back + (self.nth + 1).max(-4) * 7
        };
        Some(day)
    }
}

fn part<'a>(rule: &'a str, name: &str) -> Option<&'a str> {
    rule.split(';')
        .filter_map(|p| p.split_once('='))
        .find(|(n, _)| *n == name)
        .map(|(_, value)| value)
}

/// `+0530` in minutes.
fn offset(value: &str) -> Option<i32> {
    let (sign, digits) = match value.as_bytes().first()? {
        b'-' => (-1, value.get(1..)?),
        b'+' => (1, value.get(1..)?),
        _ => (1, value),
    };
    let number = |from: usize, to: usize| digits.get(from..to)?.parse::<i32>().ok();
    let (hours, minutes) = (number(0, 2)?, number(2, 4)?);
    ((0..=14).contains(&hours) && (0..60).contains(&minutes))
        .then_some(sign * (hours * 60 + minutes))
}
