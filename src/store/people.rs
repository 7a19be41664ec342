//! Everybody whose address stands in stored mail, for completion.
//!
//! A key press must cost the same in a mailbox of a thousand messages and of a million, and storing
//! messages must cost nothing more: so people are a table of their own, which [`glean`] brings up to
//! date from contents that it has not read yet, in short steps behind everybody else. What it has
//! read stands in the transaction of what it found. The table holds nothing that is not in the mail:
//! it goes with the account, and is made anew after a salvage.

mod gleaning;

use std::collections::BTreeSet;

use rusqlite::OptionalExtension;

use crate::model::{AccountKey, Address, ContentKey};

use super::columns::count;
use super::{Rows, StoreError, Tx};

pub use gleaning::{Gleaned, glean};

/// Words of one prefix that a look reads; where there are more, the likeliest people are walked.
const WORDS: usize = 1_000;
/// People that such a walk passes at most.
const WALK: usize = 2_000;

/// In which way somebody is known; the order in which they are offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Own mail went there.
    Written,
    /// Mail came from there, or with that address in it.
    Seen,
    /// A program.
    Robot,
}

impl Tier {
    const ALL: [Tier; 3] = [Tier::Written, Tier::Seen, Tier::Robot];

    fn code(self) -> i64 {
        match self {
            Tier::Written => 0,
            Tier::Seen => 1,
            Tier::Robot => 2,
        }
    }
}

/// Somebody in stored mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The name by which they call themselves, and the address.
    pub address: Address,
    /// In which way they are known.
    pub tier: Tier,
    /// Uses weighed by age, as seconds since 1970: more is likelier.
    pub rank: i64,
    /// Own messages that went to them.
    pub written: u64,
    /// Messages that came from them.
    pub wrote: u64,
}

/// People in whose name or address each of the folded words begins a word, the likeliest first, each
/// address once. At most `limit`; if nothing is typed, those whom own mail went to.
///
/// Where more than a thousand words begin so, those who are not among the 2,000 likeliest may be
/// passed over for others who fit as well.
pub fn matching(
    rows: &impl Rows,
    typed: &[String],
    limit: usize,
) -> Result<Vec<Person>, StoreError> {
    let mut all: Vec<Person> = Vec::new();
    for tier in Tier::ALL {
        if typed.is_empty() && tier != Tier::Written {
            break;
        }
        // Another account may have the same address.
        for key in best(rows, tier, typed, 2 * limit)? {
            let Some((id, person)) = get(rows, key)? else {
                continue;
            };
            let known = |one: &Person| address_id(&one.address.address) == id;
            if !all.iter().any(known) {
                all.push(person);
            }
        }
        if all.len() >= limit {
            break;
        }
    }
    all.truncate(limit);
    Ok(all)
}

/// The keys of the likeliest that fit, best first.
fn best(
    rows: &impl Rows,
    tier: Tier,
    typed: &[String],
    limit: usize,
) -> Result<Vec<i64>, StoreError> {
    let mut narrow: Option<BTreeSet<(i64, i64)>> = None;
    let mut some = BTreeSet::new();
    let mut wide = Vec::new();
    for word in typed {
        let (found, is_all) = beginning(rows, tier, word)?;
        if !is_all {
            some = found;
            wide.push(format!(" {word}"));
        } else {
            narrow = Some(match narrow {
                None => found,
                Some(other) => other.intersection(&found).copied().collect(),
            });
        }
    }
    let (candidates, walked) = match narrow {
        Some(narrow) => (narrow, Vec::new()),
        None => (some, walk(rows, tier, &wide, limit)?),
    };
    let mut keys: Vec<i64> = walked;
    for (_, key) in candidates.into_iter().rev() {
        if keys.len() >= limit {
            break;
        }
        if !keys.contains(&key) && fits(rows, key, &wide)? {
            keys.push(key);
        }
    }
    Ok(keys)
}

const BEGINNING: &str = "SELECT rank, person FROM person_word
     WHERE tier = ?1 AND word >= ?2 AND word < ?3 LIMIT ?4";

/// Who has a word that begins so, by rank, and whether those are all.
fn beginning(
    rows: &impl Rows,
    tier: Tier,
    word: &str,
) -> Result<(BTreeSet<(i64, i64)>, bool), StoreError> {
    let mut query = rows.connection().prepare_cached(BEGINNING)?;
    let end = format!("{word}\u{10ffff}");
    let limit = i64::try_from(WORDS + 1).unwrap_or(i64::MAX);
    let found: Vec<(i64, i64)> = query
        .query_map((tier.code(), word, end, limit), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<Result<_, _>>()?;
    let is_all = found.len() <= WORDS;
    Ok((found.into_iter().collect(), is_all))
}

const BY_RANK: &str = "SELECT key, called FROM person WHERE tier = ?1 ORDER BY rank DESC LIMIT ?2";

/// The likeliest people in order, as far as they fit.
fn walk(
    rows: &impl Rows,
    tier: Tier,
    words: &[String],
    limit: usize,
) -> Result<Vec<i64>, StoreError> {
    let mut query = rows.connection().prepare_cached(BY_RANK)?;
    let most = i64::try_from(WALK).unwrap_or(i64::MAX);
    let mut found = query.query((tier.code(), most))?;
    let mut keys = Vec::new();
    while let Some(row) = found.next()? {
        let called = row.get_ref(1)?.as_str()?;
        if words.iter().all(|word| called.contains(word.as_str())) {
            keys.push(row.get(0)?);
            if keys.len() >= limit {
                break;
            }
        }
    }
    Ok(keys)
}

fn fits(rows: &impl Rows, key: i64, words: &[String]) -> Result<bool, StoreError> {
    if words.is_empty() {
        return Ok(true);
    }
    let mut query = rows
        .connection()
        .prepare_cached("SELECT called FROM person WHERE key = ?1")?;
    let called: Option<String> = query.query_row([key], |row| row.get(0)).optional()?;
    Ok(called.is_some_and(|called| words.iter().all(|word| called.contains(word.as_str()))))
}

fn get(rows: &impl Rows, key: i64) -> Result<Option<(String, Person)>, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT id, tier, rank, address, name, written, wrote FROM person WHERE key = ?1",
    )?;
    let found = query.query_row([key], |row| {
        let tier = match row.get(1)? {
            0 => Tier::Written,
            1 => Tier::Seen,
            _ => Tier::Robot,
        };
        let person = Person {
            address: Address {
                address: row.get(3)?,
                name: row.get(4)?,
            },
            tier,
            rank: row.get(2)?,
            written: count(row.get(5)?),
            wrote: count(row.get(6)?),
        };
        Ok((row.get(0)?, person))
    });
    Ok(found.optional()?)
}

/// The form by which two addresses compare: as far as can be told without their server.
pub fn address_id(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((local, host)) if !host.is_ascii() => {
            format!(
                "{}@{}",
                local.to_lowercase(),
                crate::mime::domain::ascii(host)
            )
        }
        _ => address.to_lowercase(),
    }
}

/// The domain of an address as it compares.
pub fn domain_id(address: &str) -> Option<String> {
    let id = address_id(address);
    let (_, domain) = id.rsplit_once('@')?;
    Some(domain.to_owned())
}

/// Domains to which own mail went, of the likeliest people.
pub fn domains_written(rows: &impl Rows) -> Result<BTreeSet<String>, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached("SELECT id FROM person WHERE tier = ?1 ORDER BY rank DESC LIMIT ?2")?;
    let most = i64::try_from(WALK).unwrap_or(i64::MAX);
    let mut found = query.query((Tier::Written.code(), most))?;
    let mut domains = BTreeSet::new();
    while let Some(row) = found.next()? {
        domains.extend(domain_id(row.get_ref(0)?.as_str()?));
    }
    Ok(domains)
}

/// Whether anybody in stored mail is in this domain. People are read through.
pub fn is_domain_known(rows: &impl Rows, domain: &str) -> Result<bool, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM person WHERE substr(id, -length(?1)) = ?1)",
    )?;
    Ok(query.query_row([format!("@{domain}")], |row| row.get(0))?)
}

/// Deletes everybody who is known from an account's mail alone (SAFETY S7).
pub(super) fn forget(tx: &Tx<'_>, account: AccountKey) -> Result<(), StoreError> {
    let sql = tx.connection();
    sql.execute(
        "DELETE FROM person_word WHERE person IN (SELECT key FROM person WHERE account = ?1)",
        [account.0],
    )?;
    sql.execute("DELETE FROM person WHERE account = ?1", [account.0])?;
    Ok(())
}

/// An envelope came for a content that was passed already.
pub(super) fn came_later(tx: &Tx<'_>, content: ContentKey) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached(
            "INSERT OR IGNORE INTO person_later (content)
             SELECT ?1 FROM person_through WHERE through >= ?1",
        )?
        .execute([content.0])?;
    Ok(())
}

#[cfg(test)]
mod tests;
