//! The time zone of this machine.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use jiff::tz::TimeZone;

/// Where zones lie by their names, and which one is the machine's (tzset(3)).
const NAMED: &str = "/usr/share/zoneinfo";
const LOCAL: &str = "/etc/localtime";

/// The zone that TZ names, else that of the machine, read at the first call; UTC where there is
/// none.
///
/// A file of the zone is read by itself, because the library looks through all zones for the name of
/// one, which takes a third of the time of a short command.
pub fn local() -> TimeZone {
    static ZONE: LazyLock<TimeZone> = LazyLock::new(|| {
        let given = env::var_os("TZ");
        let read = |path: PathBuf| TimeZone::tzif("local", &fs::read(path).ok()?).ok();
        file_of(given.as_deref())
            .and_then(read)
            .unwrap_or_else(TimeZone::system)
    });
    ZONE.clone()
}

/// Which file alone holds the zone; `None` where more than a file is to be looked at.
fn file_of(given: Option<&OsStr>) -> Option<PathBuf> {
    let Some(given) = given else {
        return Some(PathBuf::from(LOCAL));
    };
    let name = given.to_str()?;
    // What is neither may be a rule (POSIX section 8.3) or a path.
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "/_+-".contains(c));
    is_name.then(|| Path::new(NAMED).join(name))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::path::Path;

    use super::file_of;

    #[test]
    fn a_zone_is_read_from_one_file_where_its_name_is_plain() {
        let check = |given: Option<&str>, file: Option<&str>| {
            let found = file_of(given.map(OsStr::new));
            assert_eq!(found.as_deref(), file.map(Path::new), "{given:?}");
        };
        check(None, Some("/etc/localtime"));
        check(
            Some("Europe/Berlin"),
            Some("/usr/share/zoneinfo/Europe/Berlin"),
        );
        check(Some("Etc/GMT+3"), Some("/usr/share/zoneinfo/Etc/GMT+3"));
        for other in [
            "",
            ":Europe/Berlin",
            "../../etc/passwd",
            "/etc/localtime",
            "<+03>-3",
            "CET-1CEST,M3.5.0,M10.5.0/3",
            "Europe/../../x",
        ] {
            check(Some(other), None);
        }
    }
}
