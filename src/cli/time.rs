//! Times as a person reads them (local) and as a program does (RFC 3339, UTC).

use jiff::Timestamp;

use crate::env::zone;

/// `2026-11-21T08:02:00Z`.
pub fn rfc3339(seconds: i64) -> String {
    match Timestamp::from_second(seconds) {
        Ok(time) => time.to_string(),
        Err(_) => Timestamp::UNIX_EPOCH.to_string(),
    }
}

/// `2026-11-21 08:02` in the zone of this machine: 16 columns that sort.
pub fn local(seconds: i64) -> String {
    formatted(seconds, "%Y-%m-%d %H:%M")
}

/// The same of a time that [`rfc3339`] wrote.
pub fn local_of(text: &str) -> String {
    match text.parse::<Timestamp>() {
        Ok(time) => local(time.as_second()),
        Err(_) => text.to_owned(),
    }
}

/// `10:41:05` in the zone of this machine, of a time that [`rfc3339`] wrote.
pub fn second_of_day(text: &str) -> String {
    match text.parse::<Timestamp>() {
        Ok(time) => formatted(time.as_second(), "%H:%M:%S"),
        Err(_) => text.to_owned(),
    }
}

/// `2026-11-21 09:02 +0100`: the same as [`local`] with the zone. `2026-11-21 09:02 +0100`.
pub fn local_with_zone(seconds: i64) -> String {
    formatted(seconds, "%Y-%m-%d %H:%M %z")
}

/// Minutes east of UTC on this machine at that second.
pub fn offset_at(seconds: i64) -> i32 {
    match Timestamp::from_second(seconds) {
        Ok(time) => zone::local().to_offset(time).seconds() / 60,
        Err(_) => 0,
    }
}

fn formatted(seconds: i64, format: &str) -> String {
    match Timestamp::from_second(seconds) {
        Ok(time) => time.to_zoned(zone::local()).strftime(format).to_string(),
        Err(_) => "-".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::rfc3339;

    #[test]
    fn times_are_rfc_3339_in_utc() {
        for (seconds, text) in [
            (1_795_248_120, "2026-11-21T08:02:00Z"),
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (i64::MAX, "1970-01-01T00:00:00Z"),
        ] {
            assert_eq!(rfc3339(seconds), text);
        }
    }
}
