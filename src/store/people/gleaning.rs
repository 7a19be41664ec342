//! Reading people out of contents, a slice at a time.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use rusqlite::OptionalExtension;

use crate::mime::{fold, recipient, sanitize};
use crate::model::{AccountKey, Address, ContentKey, Envelope, Role};

use super::super::{Priority, Reader, Rows, Store, StoreError, Tx, contents};
use super::{Tier, address_id};

/// Contents of one slice, so that its transaction stays short.
const CONTENTS: usize = 1_000;
/// People of one slice.
const PEOPLE: usize = 250;
/// Addresses of one message that are taken; a list of everybody says little about anybody.
const ADDRESSES: usize = 50;
/// Characters of a name that are kept.
const NAME: usize = 80;
/// After so many seconds a use counts half.
const HALF: f64 = 90.0 * 86_400.0;
/// So much older a name is taken for that others write.
const NAMED_BY_OTHERS: i64 = 20 * 365 * 86_400;

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gleaned {
    /// There is more to read.
    More,
    /// Everything was read.
    All,
}

/// Reads the next contents and brings people up to date with them: one short transaction. Two
/// processes may do so at once; each content counts once.
pub fn glean(store: &Store, reader: &Reader) -> Result<Gleaned, StoreError> {
    let slice = slice(reader, store.now())?;
    if slice.is_empty() {
        return Ok(Gleaned::All);
    }
    store
        .write(Priority::Bulk, move |tx| slice.write(tx))
        .wait()?;
    Ok(Gleaned::More)
}

pub(super) fn slice(reader: &Reader, now: i64) -> Result<Slice, StoreError> {
    reader.snapshot(|reader| Slice::next(reader, now))
}

/// Contents that were read together.
#[derive(Default)]
pub(super) struct Slice {
    /// Up to which content the table was when it was read, and is then.
    from: i64,
    to: i64,
    /// Contents without an envelope.
    listed: Vec<i64>,
    /// Contents that are to be looked at another time.
    later: Vec<i64>,
    /// What waited from earlier and is done.
    done: Vec<i64>,
    uses: BTreeMap<(AccountKey, String), Use>,
}

/// How one person was met in a slice.
struct Use {
    address: String,
    name: String,
    named: i64,
    rank: i64,
    written: i64,
    wrote: i64,
}

impl Slice {
    fn next(rows: &impl Rows, now: i64) -> Result<Self, StoreError> {
        let mut slice = Slice::default();
        slice.from = through(rows)?;
        slice.to = slice.from;
        slice.take_new(rows, now)?;
        if slice.to == slice.from {
            slice.take_late(rows, now)?;
        }
        Ok(slice)
    }

    fn is_empty(&self) -> bool {
        self.to == self.from && self.done.is_empty()
    }

    fn take_new(&mut self, rows: &impl Rows, now: i64) -> Result<(), StoreError> {
        let mut query = rows
            .connection()
            .prepare_cached("SELECT key, kept FROM content WHERE key > ?1 ORDER BY key LIMIT ?2")?;
        let limit = i64::try_from(CONTENTS).unwrap_or(i64::MAX);
        let mut found = query.query((self.from, limit))?;
        while self.uses.len() < PEOPLE
            && let Some(row) = found.next()?
        {
            let key: i64 = row.get(0)?;
            self.to = key;
            if row.get::<_, i64>(1)? == 0 {
                self.listed.push(key);
            } else if self.take(rows, ContentKey(key), now)? == Taken::NotYet {
                self.later.push(key);
            }
        }
        Ok(())
    }

    fn take_late(&mut self, rows: &impl Rows, now: i64) -> Result<(), StoreError> {
        let mut query = rows.connection().prepare_cached(
            "SELECT l.content, c.kept FROM person_later l LEFT JOIN content c ON c.key = l.content
             ORDER BY l.content LIMIT ?1",
        )?;
        let limit = i64::try_from(CONTENTS).unwrap_or(i64::MAX);
        let mut found = query.query([limit])?;
        while self.uses.len() < PEOPLE
            && let Some(row) = found.next()?
        {
            let key: i64 = row.get(0)?;
            let is_there = row.get::<_, Option<i64>>(1)?.is_some();
            if !is_there || self.take(rows, ContentKey(key), now)? == Taken::Done {
                self.done.push(key);
            }
        }
        Ok(())
    }

    fn take(&mut self, rows: &impl Rows, key: ContentKey, now: i64) -> Result<Taken, StoreError> {
        let (place, at) = match place(rows, key)? {
            Place::Nowhere => return Ok(Taken::Done),
            Place::NotYet => return Ok(Taken::NotYet),
            Place::Sent(at) => (Tier::Written, at),
            Place::Came(at) => (Tier::Seen, at),
        };
        let content = contents::get(rows, key)?;
        let at = at
            .or(content.envelope.date)
            .unwrap_or(0)
            .clamp(0, now.max(0));
        for (who, met) in met(&content.envelope, place) {
            self.add(content.account, who, met, at);
        }
        Ok(Taken::Done)
    }

    fn add(&mut self, account: AccountKey, who: &Address, met: Met, at: i64) {
        if !recipient::is_sound(&who.address) {
            return;
        }
        let id = address_id(&who.address);
        let name = name_of(who, &id);
        let named = match (name.is_empty(), met.own_words) {
            (true, _) => i64::MIN,
            (false, true) => at,
            (false, false) => at - NAMED_BY_OTHERS,
        };
        let rank = at - met.halves * (HALF as i64);
        let used = Use {
            address: who.address.clone(),
            name,
            named,
            rank,
            written: i64::from(met.written),
            wrote: i64::from(met.wrote),
        };
        match self.uses.entry((account, id)) {
            Entry::Vacant(free) => {
                free.insert(used);
            }
            Entry::Occupied(mut known) => known.get_mut().join(used),
        }
    }

    pub(super) fn write(&self, tx: &Tx<'_>) -> Result<(), StoreError> {
        let sql = tx.connection();
        // Another process was quicker: what was read here counts already.
        if through(tx)? != self.from {
            return Ok(());
        }
        let mut there = BTreeMap::new();
        for ((account, id), used) in &self.uses {
            let is_there = match there.get(account) {
                Some(is_there) => *is_there,
                None => {
                    let found = super::super::accounts::get(tx, *account).is_ok();
                    there.insert(*account, found);
                    found
                }
            };
            if is_there {
                used.write(tx, *account, id)?;
            }
        }
        for content in &self.done {
            sql.prepare_cached("DELETE FROM person_later WHERE content = ?1")?
                .execute([content])?;
        }
        for content in &self.later {
            sql.prepare_cached("INSERT OR IGNORE INTO person_later (content) VALUES (?1)")?
                .execute([content])?;
        }
        // Their envelope may have come since they were read.
        for content in &self.listed {
            sql.prepare_cached(
                "INSERT OR IGNORE INTO person_later (content)
                 SELECT key FROM content WHERE key = ?1 AND kept > 0",
            )?
            .execute([content])?;
        }
        sql.prepare_cached("UPDATE person_through SET through = ?1")?
            .execute([self.to])?;
        Ok(())
    }
}

fn through(rows: &impl Rows) -> Result<i64, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached("SELECT through FROM person_through")?;
    Ok(query
        .query_row([], |row| row.get(0))
        .optional()?
        .unwrap_or(0))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    Done,
    NotYet,
}

/// Where a content stands, and since when.
enum Place {
    /// It was sent from here.
    Sent(Option<i64>),
    /// It came.
    Came(Option<i64>),
    /// In Junk or Drafts, or gone: who stands there is nobody to write to.
    Nowhere,
    /// It is being sent.
    NotYet,
}

fn place(rows: &impl Rows, key: ContentKey) -> Result<Place, StoreError> {
    let sql = rows.connection();
    let mut query = sql.prepare_cached(
        "SELECT b.role, m.arrival FROM message m JOIN mailbox b ON b.key = m.mailbox
         WHERE m.content = ?1",
    )?;
    let mut found = query.query([key.0])?;
    let mut came = None;
    while let Some(row) = found.next()? {
        let role = row.get_ref(0)?.as_str_or_null()?.and_then(Role::parse);
        match role {
            Some(Role::Sent) => return Ok(Place::Sent(row.get(1)?)),
            Some(Role::Junk | Role::Drafts) => {}
            _ => came = came.max(row.get(1)?),
        }
    }
    if came.is_some() {
        return Ok(Place::Came(came));
    }
    let mut query = sql.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM outgoing WHERE copy = ?1),
           EXISTS (SELECT 1 FROM freezing WHERE content = ?1)",
    )?;
    let (queued, freezing): (bool, bool) =
        query.query_row([key.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(match (queued, freezing) {
        (true, _) => Place::Sent(None),
        (false, true) => Place::NotYet,
        (false, false) => Place::Nowhere,
    })
}

/// What it says about somebody to stand in a field.
#[derive(Clone, Copy)]
struct Met {
    written: bool,
    wrote: bool,
    /// The name is their own, or the user's choice.
    own_words: bool,
    /// How many halvings it counts less than own mail to them.
    halves: i64,
}

fn met(envelope: &Envelope, place: Tier) -> Vec<(&Address, Met)> {
    let list = match envelope.list_id.is_empty() {
        true => 0,
        false => 2,
    };
    let met = |written, wrote, own_words, halves| Met {
        written,
        wrote,
        own_words,
        halves,
    };
    let fields = match place {
        Tier::Written => {
            let met = met(true, false, true, 0);
            vec![
                (&envelope.to, met),
                (&envelope.cc, met),
                (&envelope.bcc, met),
            ]
        }
        Tier::Seen | Tier::Robot => {
            let other = met(false, false, false, 2 + list);
            vec![
                (&envelope.from, met(false, true, true, 1 + list)),
                (&envelope.reply_to, other),
                (&envelope.to, other),
                (&envelope.cc, other),
            ]
        }
    };
    let each = fields.into_iter();
    each.flat_map(|(field, met)| field.iter().map(move |who| (who, met)))
        .take(ADDRESSES)
        .collect()
}

/// A name that can stand beside an address: one that looks like another address is none (SAFETY
/// D5), and the address once more says nothing.
fn name_of(who: &Address, id: &str) -> String {
    let kept: String = who
        .name
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| !c.is_control() && !sanitize::is_unseen(*c))
        .take(NAME)
        .collect();
    let words: Vec<&str> = kept.split_whitespace().collect();
    let name = words.join(" ");
    let name = name.trim_matches(['\'', '"']);
    match name.contains('@') || name.eq_ignore_ascii_case(id) {
        true => String::new(),
        false => name.to_owned(),
    }
}

impl Use {
    fn join(&mut self, other: Use) {
        self.rank = joined(self.rank, other.rank);
        self.written += other.written;
        self.wrote += other.wrote;
        if other.named > self.named {
            self.named = other.named;
            self.name = other.name;
            self.address = other.address;
        }
    }

    fn write(&self, tx: &Tx<'_>, account: AccountKey, id: &str) -> Result<(), StoreError> {
        let sql = tx.connection();
        let known = sql
            .prepare_cached(
                "SELECT key, tier, rank, called, address, name, named, written, wrote FROM person
                 WHERE account = ?1 AND id = ?2",
            )?
            .query_row((account.0, id), |row| {
                let known = Known {
                    key: row.get(0)?,
                    tier: row.get(1)?,
                    called: row.get(3)?,
                };
                let used = Use {
                    address: row.get(4)?,
                    name: row.get(5)?,
                    named: row.get(6)?,
                    rank: row.get(2)?,
                    written: row.get(7)?,
                    wrote: row.get(8)?,
                };
                Ok((known, used))
            })
            .optional()?;
        let (known, before) = match known {
            None => (None, None),
            Some((known, before)) => (Some(known), Some(before)),
        };
        let mut now = Use {
            address: self.address.clone(),
            name: self.name.clone(),
            ..*self
        };
        if let Some(before) = before {
            now.join(before);
        }
        now.put(tx, account, id, known)
    }

    fn put(
        &self,
        tx: &Tx<'_>,
        account: AccountKey,
        id: &str,
        known: Option<Known>,
    ) -> Result<(), StoreError> {
        let sql = tx.connection();
        let tier = match (is_robot(id), self.written) {
            (true, _) => Tier::Robot,
            (false, 0) => Tier::Seen,
            (false, _) => Tier::Written,
        };
        let words = words(&self.name, &self.address);
        let called: String = words.iter().flat_map(|word| [" ", word]).collect();
        let key = match &known {
            None => {
                sql.prepare_cached(
                    "INSERT INTO person (account, id, tier, rank, called, address, name, named,
                       written, wrote) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                )?
                .execute((
                    account.0,
                    id,
                    tier.code(),
                    self.rank,
                    &called,
                    &self.address,
                    &self.name,
                    self.named,
                    self.written,
                    self.wrote,
                ))?;
                sql.last_insert_rowid()
            }
            Some(known) => {
                sql.prepare_cached(
                    "UPDATE person SET tier = ?2, rank = ?3, called = ?4, address = ?5, name = ?6,
                       named = ?7, written = ?8, wrote = ?9 WHERE key = ?1",
                )?
                .execute((
                    known.key,
                    tier.code(),
                    self.rank,
                    &called,
                    &self.address,
                    &self.name,
                    self.named,
                    self.written,
                    self.wrote,
                ))?;
                known.key
            }
        };
        let is_new = known
            .as_ref()
            .is_none_or(|known| known.called != called || known.tier != tier.code());
        if let Some(known) = known.filter(|_| is_new) {
            for word in known.called.split_whitespace() {
                sql.prepare_cached(
                    "DELETE FROM person_word WHERE tier = ?1 AND word = ?2 AND person = ?3",
                )?
                .execute((known.tier, word, key))?;
            }
        }
        for word in &words {
            sql.prepare_cached(
                "INSERT INTO person_word (tier, word, person, rank) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (tier, word, person) DO UPDATE SET rank = excluded.rank",
            )?
            .execute((tier.code(), word, key, self.rank))?;
        }
        Ok(())
    }
}

/// What of a person's row leads to its words.
struct Known {
    key: i64,
    tier: i64,
    called: String,
}

fn words(name: &str, address: &str) -> Vec<String> {
    let mut words = fold::words_of_name(name);
    for word in fold::words_of_address(address) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// Two uses as one: a person met twice at a time ranks as one met once a half-life later. Neither
/// the order in which mail is read nor the time that passes changes who comes before whom.
fn joined(one: i64, other: i64) -> i64 {
    let (high, low) = (one.max(other), one.min(other));
    let apart = (high - low) as f64 / HALF;
    high + (HALF * (1.0 + (-apart).exp2()).log2()).round() as i64
}

/// Whether a program writes from there and nobody reads what is sent back.
fn is_robot(id: &str) -> bool {
    let local = id.rsplit_once('@').map_or(id, |(local, _)| local);
    let letters: String = local.chars().filter(|c| c.is_alphanumeric()).collect();
    let begins = [
        "noreply",
        "donotreply",
        "nepasrepondre",
        "nichtantworten",
        "mailerdaemon",
        "bounce",
        "unsubscribe",
    ];
    let is = [
        "postmaster",
        "notification",
        "notifications",
        "notify",
        "newsletter",
        "news",
        "alert",
        "alerts",
        "automailer",
        "root",
        "cron",
        "daemon",
    ];
    begins.iter().any(|word| letters.starts_with(word))
        || letters.ends_with("noreply")
        || is.contains(&letters.as_str())
}
