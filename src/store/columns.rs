//! How model values stand in columns.

use rusqlite::Row;

use crate::model::{Flags, Uid};

use super::StoreError;

/// The two columns of a set of flags: system bits, and keywords parted by spaces.
pub(super) fn of_flags(flags: &Flags) -> (i64, String) {
    let keywords: Vec<&str> = flags.keywords.iter().map(String::as_str).collect();
    (i64::from(flags.system), keywords.join(" "))
}

/// Reads [`of_flags`].
pub(super) fn flags(system: i64, keywords: &str) -> Flags {
    let mut flags = Flags::of(u8::try_from(system & 31).unwrap_or_default());
    flags.keywords = words(keywords).into_iter().collect();
    flags
}

/// Reads flags from two neighbouring columns.
pub(super) fn flags_at(row: &Row<'_>, at: usize) -> Result<Flags, rusqlite::Error> {
    let keywords = row.get_ref(at + 1)?.as_str()?;
    Ok(flags(row.get(at)?, keywords))
}

pub(super) fn words(text: &str) -> Vec<String> {
    text.split(' ')
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

pub(super) fn uid(number: i64) -> Option<Uid> {
    u32::try_from(number).ok().filter(|n| *n > 0).map(Uid)
}

/// A count or size: never negative in a sound store.
pub(super) fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

/// Keys as `json_each` takes them: one statement then reads for all of them.
pub(super) fn list(keys: impl Iterator<Item = i64>) -> String {
    let mut list = String::from("[");
    for key in keys {
        if list.len() > 1 {
            list.push(',');
        }
        list.push_str(&key.to_string());
    }
    list.push(']');
    list
}

/// A 64-bit number of the server as a column; the few that do not fit are as good as none
/// (SAFETY P8).
pub(super) fn number(number: u64) -> Option<i64> {
    i64::try_from(number).ok()
}

pub(super) fn json<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|e| StoreError::fault(e.to_string()))
}
