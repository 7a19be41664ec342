//! Joins that a damaged file has lost, found again.
//!
//! Messages name the thread that they came into, so that a lost row of `thread` parts what had been
//! brought together. What belongs together is still said by the messages: the threads of all ids that
//! one of them names are one thread.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension};

use crate::model::ContentKey;
use crate::store::{Rows, StoreError, contents};

use super::{hash, ids};

/// Looks whether rows of `thread` are missing, and if so joins anew what belongs together.
pub(in crate::store) fn rejoin(sql: &Connection) -> Result<(), StoreError> {
    let lacks: bool = sql.query_row(
        "SELECT EXISTS (SELECT 1 FROM message WHERE thread > 0
             AND thread NOT IN (SELECT key FROM thread))
           OR EXISTS (SELECT 1 FROM content WHERE thread > 0
             AND thread NOT IN (SELECT key FROM thread))
           OR EXISTS (SELECT 1 FROM msgid WHERE thread NOT IN (SELECT key FROM thread))",
        [],
        |row| row.get(0),
    )?;
    if !lacks {
        return Ok(());
    }
    let mut classes = Classes::default();
    pairs(
        sql,
        "SELECT key, coalesce(into_thread, key) FROM thread",
        &mut classes,
    )?;
    pairs(
        sql,
        "SELECT m.thread, c.thread FROM message m JOIN content c ON c.key = m.content
         WHERE m.thread > 0 AND c.thread > 0",
        &mut classes,
    )?;
    of_contents(sql, &mut classes)?;
    write(sql, &classes)
}

fn pairs(sql: &Connection, query: &str, classes: &mut Classes) -> Result<(), StoreError> {
    let mut query = sql.prepare(query)?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        classes.join(row.get(0)?, row.get(1)?);
    }
    Ok(())
}

/// Reads of a file that is being put together.
struct Whole<'a>(&'a Connection);

impl Rows for Whole<'_> {
    fn connection(&self) -> &Connection {
        self.0
    }
}

fn of_contents(sql: &Connection, classes: &mut Classes) -> Result<(), StoreError> {
    let key: Option<[u8; 32]> = sql
        .query_row("SELECT thread_key FROM store WHERE id = 1", [], |row| {
            row.get(0)
        })
        .optional()?;
    let Some(key) = key else { return Ok(()) };
    let mut lookup = sql.prepare("SELECT thread FROM msgid WHERE hash = ?1")?;
    let mut all = sql.prepare("SELECT key, thread FROM content WHERE thread > 0")?;
    let mut rows = all.query([])?;
    while let Some(row) = rows.next()? {
        let (content, thread): (i64, i64) = (row.get(0)?, row.get(1)?);
        *classes.contents.entry(thread).or_default() += 1;
        classes.join(thread, thread);
        // An envelope that cannot be read says nothing.
        let Ok(found) = contents::get(&Whole(sql), ContentKey(content)) else {
            continue;
        };
        for id in ids(&found.envelope) {
            let named = lookup.query_row([hash(&key, id)], |row| row.get(0));
            if let Some(named) = named.optional()? {
                classes.join(thread, named);
            }
        }
    }
    Ok(())
}

/// The one that stands is one that stood, the largest of those; else the oldest.
fn write(sql: &Connection, classes: &Classes) -> Result<(), StoreError> {
    let mut of_root: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
    for key in classes.above.keys() {
        of_root.entry(classes.root(*key)).or_default().insert(*key);
    }
    let mut stood =
        sql.prepare("SELECT contents FROM thread WHERE key = ?1 AND into_thread IS NULL")?;
    let mut insert = sql.prepare("INSERT OR IGNORE INTO thread (key) VALUES (?1)")?;
    let mut join =
        sql.prepare("UPDATE thread SET into_thread = ?2, contents = 0 WHERE key = ?1")?;
    let mut size =
        sql.prepare("UPDATE thread SET into_thread = NULL, contents = ?2 WHERE key = ?1")?;
    let mut mute = sql.prepare("UPDATE OR REPLACE mute SET thread = ?2 WHERE thread = ?1")?;
    for class in of_root.into_values() {
        let mut best: Option<(i64, std::cmp::Reverse<i64>)> = None;
        for key in &class {
            let contents: Option<i64> = stood.query_row([key], |row| row.get(0)).optional()?;
            best = best.max(Some((contents.unwrap_or(-1), std::cmp::Reverse(*key))));
        }
        let Some((_, std::cmp::Reverse(root))) = best else {
            continue;
        };
        insert.execute([root])?;
        for key in class.iter().filter(|key| **key != root) {
            insert.execute([key])?;
            join.execute([*key, root])?;
            mute.execute([*key, root])?;
        }
        let contents = class.iter().filter_map(|key| classes.contents.get(key));
        size.execute((root, contents.sum::<i64>()))?;
    }
    Ok(())
}

/// Which threads are one.
#[derive(Default)]
struct Classes {
    above: BTreeMap<i64, i64>,
    /// Contents that came into each.
    contents: BTreeMap<i64, i64>,
}

impl Classes {
    fn root(&self, key: i64) -> i64 {
        let mut at = key;
        while let Some(above) = self.above.get(&at).filter(|above| **above != at) {
            at = *above;
        }
        at
    }

    /// The smaller number is the root: every step of a way up is a smaller one.
    fn join(&mut self, one: i64, other: i64) {
        let (one_root, other_root) = (self.root(one), self.root(other));
        let root = one_root.min(other_root);
        for key in [one_root, other_root, one, other] {
            self.above.insert(key, root);
        }
    }
}
