//! Is what the store holds what the server has? The store's file is read by plain SQL, the server
//! by the bare client: neither answer comes from the code under test.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::dress::Dress;
use super::raw::Raw;

/// A mailbox row.
#[derive(Clone, Debug)]
pub struct StoredBox {
    /// Its key.
    pub key: i64,
    /// Its name at the server; `None` if it is not there yet.
    pub base: Option<String>,
    /// Its name to the user; `None` if it is gone.
    pub name: Option<String>,
    /// Whether the user sees it subscribed.
    pub subscribed: bool,
    /// Kept counts: all, unread.
    pub counts: (i64, i64),
}

/// A message row.
#[derive(Clone, Debug)]
pub struct StoredMessage {
    /// Its key.
    pub key: i64,
    /// Without angle brackets.
    pub message_id: String,
    /// Octets as the server counted them.
    pub size: u64,
    /// Mailbox key and UID at the server.
    pub base: Option<(i64, u32)>,
    /// Flags at the server, sorted.
    pub base_flags: Vec<String>,
    /// The mailbox in which the user sees it.
    pub mailbox: Option<i64>,
    /// The flags that the user sees, sorted.
    pub flags: Vec<String>,
}

/// What the account `work` holds.
#[derive(Debug)]
pub struct Stored {
    /// All mailbox rows.
    pub boxes: Vec<StoredBox>,
    /// All message rows of the current epochs, and those without a base.
    pub messages: Vec<StoredMessage>,
    /// Kind, state and reason of all operations.
    pub waiting: Vec<String>,
}

impl Stored {
    /// Reads the store in a data folder.
    pub fn read(data: &Path) -> Stored {
        let path = data.join("mail.db");
        let sql = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        sql.busy_timeout(std::time::Duration::from_secs(10))
            .unwrap();
        // One transaction, so that all is of one moment.
        sql.execute_batch("BEGIN").unwrap();
        Stored {
            boxes: boxes(&sql),
            messages: messages(&sql),
            waiting: waiting(&sql),
        }
    }

    /// The same, where a store with its tables is there already.
    pub fn read_if(data: &Path) -> Option<Stored> {
        let path = data.join("mail.db");
        let sql = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
        let found = "SELECT count(*) FROM sqlite_schema WHERE name = 'journal'";
        let tables: i64 = sql.query_row(found, [], |row| row.get(0)).ok()?;
        (tables == 1).then(|| Stored::read(data))
    }

    /// The key of the mailbox that the user sees under this name.
    pub fn key_of(&self, name: &str) -> Option<i64> {
        let shown = |one: &&StoredBox| one.name.as_deref() == Some(name);
        self.boxes.iter().find(shown).map(|one| one.key)
    }

    /// The messages that the user sees in a mailbox.
    pub fn shown_in(&self, name: &str) -> Vec<&StoredMessage> {
        let key = self.key_of(name);
        let here = |one: &&StoredMessage| key.is_some() && one.mailbox == key;
        self.messages.iter().filter(here).collect()
    }

    /// How the base columns differ from the server; empty when they do not. A mailbox that the user
    /// is not subscribed to is not looked at, nor is what others put into one whose deletion waits.
    pub fn against(&self, server: &mut Raw) -> Vec<String> {
        let mut found = Vec::new();
        let names: BTreeSet<String> = server.mailboxes().into_iter().collect();
        let known: BTreeMap<&str, &StoredBox> = self
            .boxes
            .iter()
            .filter_map(|one| Some((one.base.as_deref()?, one)))
            .collect();
        for gone in known.keys().filter(|name| !names.contains(**name)) {
            // It may stay listed as long as nothing of it is taken for true.
            let key = known[gone].key;
            let left = self
                .messages
                .iter()
                .filter(|m| m.base.is_some_and(|(b, _)| b == key));
            let left = left.count();
            if left > 0 {
                found.push(format!(
                    "{gone}: {left} messages here, the mailbox is gone there"
                ));
            }
        }
        for name in &names {
            let Some(listing) = server.listing(name) else {
                continue;
            };
            let theirs: BTreeSet<String> = listing
                .iter()
                .map(|m| told(m.uid, &m.message_id, m.size, &m.flags))
                .collect();
            let Some(row) = known.get(name.as_str()) else {
                found.push(format!("{name}: not here, {} messages there", theirs.len()));
                continue;
            };
            let ours: BTreeSet<String> = self
                .messages
                .iter()
                .filter_map(|m| Some((m, m.base.filter(|(at, _)| *at == row.key)?.1)))
                .map(|(m, uid)| told(uid, &m.message_id, m.size, &m.base_flags))
                .collect();
            found.extend(
                ours.difference(&theirs)
                    .map(|one| format!("{name}: only here {one}")),
            );
            if row.name.is_some() {
                let missing = theirs.difference(&ours);
                found.extend(missing.map(|one| format!("{name}: only there {one}")));
            }
        }
        found
    }

    /// How the effective columns differ from the base ones; empty when they do not, as it must be
    /// when nothing waits. Without UIDPLUS a message that our own move or deletion marked stays at
    /// the server with `\Deleted` and is not shown.
    pub fn unsettled(&self, dress: Dress) -> Vec<String> {
        let mut found: Vec<String> = self.waiting.iter().map(|w| format!("waits: {w}")).collect();
        for one in &self.boxes {
            if one.base != one.name {
                found.push(format!(
                    "mailbox {}: {:?} is shown as {:?}",
                    one.key, one.base, one.name
                ));
            }
            let shown = self.messages.iter().filter(|m| m.mailbox == Some(one.key));
            let unread = |m: &&StoredMessage| !m.flags.iter().any(|flag| flag == "\\Seen");
            let counts = (
                shown.clone().count() as i64,
                shown.filter(unread).count() as i64,
            );
            if counts != one.counts {
                found.push(format!(
                    "{:?}: counts {:?}, rows {counts:?}",
                    one.name, one.counts
                ));
            }
        }
        for m in &self.messages {
            let at = m.base.map(|(mailbox, _)| mailbox);
            let deleted = m.base_flags.iter().any(|flag| flag == "\\Deleted");
            let hidden = dress == Dress::NoUidPlus && deleted && m.mailbox.is_none();
            let same = m.mailbox == at && m.flags == m.base_flags;
            if !same && !hidden {
                found.push(format!("message {m:?} is shown as what it is not"));
            }
        }
        found
    }
}

fn told(uid: u32, message_id: &str, size: u64, flags: &[String]) -> String {
    format!("{uid} <{message_id}> {size} ({})", flags.join(" "))
}

fn boxes(sql: &Connection) -> Vec<StoredBox> {
    let mut query = sql
        .prepare(
            "SELECT b.key, b.base_name, b.name, b.subscribed, b.total, b.unread
             FROM mailbox b JOIN account a ON a.key = b.account WHERE a.id = 'work'",
        )
        .unwrap();
    let rows = query.query_map([], |row| {
        Ok(StoredBox {
            key: row.get(0)?,
            base: row.get(1)?,
            name: row.get(2)?,
            subscribed: row.get(3)?,
            counts: (row.get(4)?, row.get(5)?),
        })
    });
    rows.unwrap().map(Result::unwrap).collect()
}

fn messages(sql: &Connection) -> Vec<StoredMessage> {
    let mut query = sql
        .prepare(
            "SELECT m.key, c.message_id, m.size, m.base_mailbox, m.base_uid, m.base_flags,
                    m.base_keywords, m.mailbox, m.flags, m.keywords
             FROM message m JOIN content c ON c.key = m.content
             JOIN account a ON a.key = c.account AND a.id = 'work'
             LEFT JOIN mailbox b ON b.key = m.base_mailbox
             WHERE m.base_mailbox IS NULL OR m.base_epoch = b.epoch",
        )
        .unwrap();
    let rows = query.query_map([], |row| {
        let id: String = row.get(1)?;
        let base: (Option<i64>, Option<u32>) = (row.get(3)?, row.get(4)?);
        Ok(StoredMessage {
            key: row.get(0)?,
            message_id: id.trim_matches(['<', '>']).to_owned(),
            size: row.get::<_, i64>(2)?.try_into().unwrap(),
            base: base.0.zip(base.1),
            base_flags: flags(row.get(5)?, &row.get::<_, String>(6)?),
            mailbox: row.get(7)?,
            flags: flags(row.get(8)?, &row.get::<_, String>(9)?),
        })
    });
    rows.unwrap().map(Result::unwrap).collect()
}

fn flags(bits: i64, keywords: &str) -> Vec<String> {
    let names = ["\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft"];
    let system = names
        .iter()
        .enumerate()
        .filter(|(at, _)| bits >> at & 1 == 1);
    let mut all: Vec<String> = system.map(|(_, name)| (*name).to_owned()).collect();
    all.extend(keywords.split_whitespace().map(str::to_owned));
    all.sort();
    all
}

fn waiting(sql: &Connection) -> Vec<String> {
    let mut query = sql
        .prepare("SELECT id, kind, state, why, detail FROM journal ORDER BY id")
        .unwrap();
    let rows = query.query_map([], |row| {
        Ok(format!(
            "{} {} {} {:?} {}",
            row.get::<_, i64>(0)?,
            row.get::<_, String>(1)?,
            row.get::<_, String>(2)?,
            row.get::<_, String>(3)?,
            row.get::<_, String>(4)?
        ))
    });
    rows.unwrap().map(Result::unwrap).collect()
}
