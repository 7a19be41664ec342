//! Times as a person reads them (local) and as a program does (RFC 3339, UTC).

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// `2026-11-21T08:02:00Z`.
pub fn rfc3339(seconds: i64) -> String {
    match Timestamp::from_second(seconds) {
        Ok(time) => time.to_string(),
        Err(_) => Timestamp::UNIX_EPOCH.to_string(),
    }
}

/// `2026-11-21 08:02` in the zone of this machine: 16 columns that sort.
pub fn local(seconds: i64) -> String {
    match Timestamp::from_second(seconds) {
        Ok(time) => time
            .to_zoned(TimeZone::system())
            .strftime("%Y-%m-%d %H:%M")
            .to_string(),
        Err(_) => "-".to_owned(),
    }
}

/// `4.6K`: octets in at most five columns.
pub fn octets(count: u64) -> String {
    let mut scaled = count as f64;
    for unit in ["", "K", "M", "G"] {
        if scaled < 999.5 {
            return match unit {
                "" => format!("{count}"),
                _ if scaled < 9.95 => format!("{scaled:.1}{unit}"),
                _ => format!("{scaled:.0}{unit}"),
            };
        }
        scaled /= 1024.0;
    }
    format!("{scaled:.0}T")
}

#[cfg(test)]
mod tests {
    use super::{octets, rfc3339};

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

    #[test]
    fn sizes_take_at_most_five_columns() {
        for (count, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1.0K"),
            (4711, "4.6K"),
            (41_022, "40K"),
            (1_048_576, "1.0M"),
            (50 << 30, "50G"),
        ] {
            assert_eq!(octets(count), text);
        }
    }
}
