//! Mailboxes: what the server lists, what SELECT says, and how far the pull has come.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{OptionalExtension, Row};

use crate::model::journal::{Cause, is_within, renamed};
use crate::model::{
    AccountKey, Alone, Flags, MailboxKey, OperationKind, Role, Uid, UidSet, UidValidity,
};

use super::columns::{count, flags, number, uid, words};
use super::{Change, Rows, StoreError, Tx, effective, journal, renumber, roles, verdicts};

/// Our own counter for a mailbox, raised whenever its UIDVALIDITY changes: the values of servers
/// come back, are 0 or exceed 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub i64);

/// How far the pull of a mailbox has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The highest UID that was accounted for: all UIDs up to it are stored, gone, or in `missing`.
    pub top: u32,
    /// UIDs at or below `top` that are still to be fetched (those that exist).
    pub missing: UidSet,
}

/// Which keywords may be set for good (PERMANENTFLAGS).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PermanentFlags {
    /// The flags that the server named.
    pub flags: Flags,
    /// Whether new keywords may be made (`\*`).
    pub any: bool,
}

/// What the server last confirmed of a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailboxBase {
    /// The name on the wire, never decoded.
    pub name: String,
    /// The hierarchy delimiter.
    pub delimiter: Option<char>,
    /// LIST attributes.
    pub attributes: Vec<String>,
    /// Whether it is subscribed.
    pub subscribed: bool,
    /// MAILBOXID (RFC 8474).
    pub mailbox_id: Option<String>,
    /// UIDVALIDITY of the current epoch.
    pub uidvalidity: Option<UidValidity>,
    /// UIDNEXT up to which everything is stored.
    pub uidnext: Option<u32>,
    /// HIGHESTMODSEQ up to which everything is stored.
    pub highestmodseq: Option<u64>,
    /// PERMANENTFLAGS, once it was selected.
    pub permanentflags: Option<PermanentFlags>,
}

impl MailboxBase {
    /// Whether it can be selected.
    pub fn selectable(&self) -> bool {
        !self.attributes.iter().any(|a| {
            a.eq_ignore_ascii_case("\\Noselect") || a.eq_ignore_ascii_case("\\NonExistent")
        })
    }
}

/// STATUS counts, for a mailbox whose messages are not kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatusCounts {
    /// MESSAGES.
    pub messages: Option<u32>,
    /// UNSEEN.
    pub unseen: Option<u32>,
}

/// One mailbox's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// Its key.
    pub key: MailboxKey,
    /// Its account.
    pub account: AccountKey,
    /// What the server confirmed; `None` for a local mailbox or one not made yet.
    pub base: Option<MailboxBase>,
    /// The name that people see and type, decoded, not sanitised; `None` when deleted.
    pub name: Option<String>,
    /// The hierarchy delimiter, of a mailbox that is still to be made too.
    pub delimiter: Option<char>,
    /// Whether the user wants it listed.
    pub subscribed: bool,
    /// What it is for.
    pub role: Option<Role>,
    /// The current epoch.
    pub epoch: Epoch,
    /// The epoch whose messages are shown; smaller than `epoch` while a renumbering runs.
    pub settled: Epoch,
    /// Messages shown.
    pub total: u64,
    /// Unread messages shown.
    pub unread: u64,
    /// Flagged messages shown.
    pub flagged: u64,
    /// Those of a server's list of all mail that stand in no other mailbox.
    pub alone: Alone,
    /// Raised whenever a message leaves, or comes from another mailbox; not for new ones.
    pub turns: u64,
    /// STATUS counts as last seen.
    pub status: StatusCounts,
    /// How far the pull has come.
    pub cursor: Cursor,
    /// When it was last current, in seconds since 1970.
    pub synced: Option<i64>,
}

/// One line of LIST, with what STATUS said beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// The name on the wire.
    pub name: String,
    /// The same decoded; undecodable ones as sent.
    pub shown: String,
    /// The hierarchy delimiter.
    pub delimiter: Option<char>,
    /// LIST attributes, `\Subscribed` left to the next field.
    pub attributes: Vec<String>,
    /// Whether it is subscribed.
    pub subscribed: bool,
    /// What it is for; the caller may override what SPECIAL-USE says.
    pub role: Option<Role>,
    /// MAILBOXID.
    pub mailbox_id: Option<String>,
    /// UIDVALIDITY from STATUS.
    pub uidvalidity: Option<UidValidity>,
    /// UIDNEXT from STATUS.
    pub uidnext: Option<u32>,
    /// MESSAGES and UNSEEN from STATUS.
    pub status: StatusCounts,
}

/// What a LIST changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListOutcome {
    /// Made.
    pub new: Vec<MailboxKey>,
    /// Known under another name until now.
    pub renamed: Vec<MailboxKey>,
    /// No longer on the server; their messages were deleted.
    pub vanished: Vec<MailboxKey>,
}

/// What SELECT or EXAMINE says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selected {
    /// UIDVALIDITY; `None` when the server sent none.
    pub uidvalidity: Option<UidValidity>,
    /// UIDNEXT; [`set_current`] records it when what lies below is stored (SAFETY R6).
    pub uidnext: Option<u32>,
    /// PERMANENTFLAGS.
    pub permanentflags: Option<PermanentFlags>,
}

/// How a mailbox was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// For the first time.
    Fresh(Epoch),
    /// As the store knows it.
    Same(Epoch),
    /// UIDVALIDITY changed: a new epoch began, and [`super::finish_renumber`] ends it once all of
    /// it is inserted. Also answered while such a pull is unfinished.
    Renumbered(Epoch),
}

impl Opened {
    /// The epoch under which rows are to be written.
    pub fn epoch(self) -> Epoch {
        match self {
            Opened::Fresh(epoch) | Opened::Same(epoch) | Opened::Renumbered(epoch) => epoch,
        }
    }
}

const COLUMNS: &str = "SELECT key, account, base_name, delimiter, attributes, base_subscribed,
    mailbox_id, uidvalidity, uidnext, highestmodseq, permanentflags, name, subscribed, role, epoch,
    settled, total, unread, status_messages, status_unseen, cursor_top, cursor_missing, synced,
    flagged, turns, alone_unread, alone_flagged FROM mailbox";

fn read(row: &Row<'_>) -> Result<Mailbox, rusqlite::Error> {
    let base = match row.get::<_, Option<String>>(2)? {
        None => None,
        Some(name) => Some(MailboxBase {
            name,
            delimiter: row
                .get::<_, Option<String>>(3)?
                .and_then(|d| d.chars().next()),
            attributes: words(row.get_ref(4)?.as_str()?),
            subscribed: row.get(5)?,
            mailbox_id: row.get(6)?,
            uidvalidity: row.get::<_, Option<i64>>(7)?.map(|n| UidValidity(count(n))),
            uidnext: row.get::<_, Option<i64>>(8)?.and_then(uid).map(|u| u.0),
            highestmodseq: row.get::<_, Option<i64>>(9)?.map(count),
            permanentflags: row
                .get::<_, Option<String>>(10)?
                .map(|text| permanent(&text)),
        }),
    };
    let small = |n: Option<i64>| n.and_then(|n| u32::try_from(n).ok());
    let delimiter: Option<String> = row.get(3)?;
    Ok(Mailbox {
        delimiter: delimiter.and_then(|d| d.chars().next()),
        key: MailboxKey(row.get(0)?),
        account: AccountKey(row.get(1)?),
        base,
        name: row.get(11)?,
        subscribed: row.get(12)?,
        role: row
            .get::<_, Option<String>>(13)?
            .and_then(|word| Role::parse(&word)),
        epoch: Epoch(row.get(14)?),
        settled: Epoch(row.get(15)?),
        total: count(row.get(16)?),
        unread: count(row.get(17)?),
        flagged: count(row.get(23)?),
        turns: count(row.get(24)?),
        alone: Alone {
            unread: count(row.get(25)?),
            flagged: count(row.get(26)?),
        },
        status: StatusCounts {
            messages: small(row.get(18)?),
            unseen: small(row.get(19)?),
        },
        cursor: Cursor {
            top: small(row.get(20)?).unwrap_or_default(),
            missing: UidSet::parse(row.get_ref(21)?.as_str()?).unwrap_or_default(),
        },
        synced: row.get(22)?,
    })
}

fn permanent(text: &str) -> PermanentFlags {
    let (system, keywords) = text.split_once(' ').unwrap_or((text, ""));
    let mut names = words(keywords);
    let any = names.iter().any(|name| name == "\\*");
    names.retain(|name| name != "\\*");
    PermanentFlags {
        flags: flags(system.parse().unwrap_or_default(), &names.join(" ")),
        any,
    }
}

fn of_permanent(permanent: &PermanentFlags) -> String {
    let mut text = permanent.flags.system.to_string();
    for keyword in &permanent.flags.keywords {
        text.push(' ');
        text.push_str(keyword);
    }
    if permanent.any {
        text.push_str(" \\*");
    }
    text
}

/// The mailbox with this key.
pub fn get(rows: &impl Rows, key: MailboxKey) -> Result<Mailbox, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached(&format!("{COLUMNS} WHERE key = ?1"))?;
    query
        .query_row([key.0], read)
        .optional()?
        .ok_or(StoreError::missing("mailbox", key.0))
}

/// All mailboxes of an account that are not deleted, INBOX first, then by role and name.
pub fn all(rows: &impl Rows, account: AccountKey) -> Result<Vec<Mailbox>, StoreError> {
    let mut query = rows.connection().prepare_cached(&format!(
        "{COLUMNS} WHERE account = ?1 AND name IS NOT NULL"
    ))?;
    let mut found: Vec<Mailbox> = query
        .query_map([account.0], read)?
        .collect::<Result<_, _>>()?;
    let rank = |mailbox: &Mailbox| {
        mailbox
            .role
            .and_then(|role| Role::ALL.iter().position(|r| *r == role))
            .unwrap_or(usize::MAX)
    };
    found.sort_by_cached_key(|mailbox| {
        let name = mailbox.name.clone().unwrap_or_default();
        (rank(mailbox), name.to_lowercase(), name)
    });
    Ok(found)
}

/// All mailboxes that the server has, those that wait to be deleted too.
pub fn on_server(rows: &impl Rows, account: AccountKey) -> Result<Vec<Mailbox>, StoreError> {
    let mut query = rows.connection().prepare_cached(&format!(
        "{COLUMNS} WHERE account = ?1 AND base_name IS NOT NULL"
    ))?;
    let found = query
        .query_map([account.0], read)?
        .collect::<Result<_, _>>()?;
    Ok(found)
}

/// The mailbox that goes by this name on the wire.
pub fn by_wire_name(
    rows: &impl Rows,
    account: AccountKey,
    name: &str,
) -> Result<Option<Mailbox>, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached(&format!("{COLUMNS} WHERE account = ?1 AND base_name = ?2"))?;
    Ok(query.query_row((account.0, name), read).optional()?)
}

/// The mailbox that people know by this name; INBOX in any case.
pub fn by_name(
    rows: &impl Rows,
    account: AccountKey,
    name: &str,
) -> Result<Option<Mailbox>, StoreError> {
    let inbox = name.eq_ignore_ascii_case("INBOX");
    Ok(all(rows, account)?.into_iter().find(|mailbox| {
        mailbox
            .name
            .as_deref()
            .is_some_and(|known| known == name || (inbox && known.eq_ignore_ascii_case("INBOX")))
    }))
}

/// The mailbox of this role.
pub fn by_role(
    rows: &impl Rows,
    account: AccountKey,
    role: Role,
) -> Result<Option<Mailbox>, StoreError> {
    Ok(all(rows, account)?
        .into_iter()
        .find(|mailbox| mailbox.role == Some(role)))
}

/// Records a complete LIST of the account. A name that is gone is a rename if a new one carries its
/// MAILBOXID, else if a new one has its UIDVALIDITY, UIDNEXT and count; else the mailbox vanished,
/// and its messages with it, unless the list has no INBOX and cannot be complete.
pub fn record_list(
    tx: &Tx<'_>,
    account: AccountKey,
    listed: &[Listed],
) -> Result<ListOutcome, StoreError> {
    let known = on_server(tx, account)?;
    let mut outcome = ListOutcome::default();
    let names: BTreeSet<&str> = listed.iter().map(|line| line.name.as_str()).collect();
    let by_name: BTreeMap<&str, &Mailbox> = known
        .iter()
        .filter_map(|mailbox| Some((mailbox.base.as_ref()?.name.as_str(), mailbox)))
        .collect();
    let mut gone: Vec<&Mailbox> = by_name
        .iter()
        .filter(|(name, _)| !names.contains(*name))
        .map(|(_, mailbox)| *mailbox)
        .collect();
    let mut seen = BTreeSet::new();
    for line in listed {
        // Two lines of one name are one mailbox.
        if !seen.insert(line.name.as_str()) {
            continue;
        }
        let key = if let Some(mailbox) = by_name.get(line.name.as_str()) {
            mailbox.key
        } else if let Some(at) = renamed_to(tx, &gone, line)? {
            let mailbox = gone.swap_remove(at);
            outcome.renamed.push(mailbox.key);
            take_over_rename(tx, mailbox, line)?;
            mailbox.key
        } else if let Some(key) = expected(tx, account, line)? {
            key
        } else {
            let key = make(tx, account, line)?;
            outcome.new.push(key);
            key
        };
        write_listed(tx, key, line)?;
    }
    // INBOX always exists: a LIST without it is no ground for deleting anything (SAFETY P8).
    let trusted = listed
        .iter()
        .any(|line| line.name.eq_ignore_ascii_case("INBOX"));
    for mailbox in gone.into_iter().filter(|_| trusted) {
        vanish(tx, mailbox)?;
        outcome.vanished.push(mailbox.key);
    }
    if trusted {
        roles::settle(tx, account, listed)?;
    }
    effective::refold_mailboxes(tx, account)?;
    tx.changed(Change::Mailboxes(account));
    Ok(outcome)
}

/// The row of a mailbox that we wanted made and that is there now, whoever made it.
fn expected(
    tx: &Tx<'_>,
    account: AccountKey,
    line: &Listed,
) -> Result<Option<MailboxKey>, StoreError> {
    for operation in journal::on_mailboxes(tx, account)? {
        if let OperationKind::Create { mailbox, name } = &operation.kind
            && *name == line.shown
        {
            journal::remove(tx, operation.id)?;
            if !line.subscribed {
                // A link that was lost between CREATE and SUBSCRIBE, or somebody else's mailbox:
                // ours is one that is seen.
                let kind = OperationKind::Subscribe {
                    mailbox: *mailbox,
                    subscribed: true,
                };
                journal::add(tx, operation.action, account, Some(*mailbox), &kind)?;
            }
            return Ok(Some(*mailbox));
        }
    }
    Ok(None)
}

/// A rename of ours whose answer was lost: it is done, but for the subscription that RENAME does not
/// take along.
fn take_over_rename(tx: &Tx<'_>, mailbox: &Mailbox, line: &Listed) -> Result<(), StoreError> {
    let subscribed = mailbox.base.as_ref().is_some_and(|base| base.subscribed);
    for operation in journal::on_mailboxes(tx, mailbox.account)? {
        let OperationKind::Rename { mailbox: ours, to } = &operation.kind else {
            continue;
        };
        let itself = *ours == mailbox.key && *to == line.shown;
        if itself {
            journal::remove(tx, operation.id)?;
        }
        if subscribed && !line.subscribed && (itself || is_within(&line.shown, to, line.delimiter))
        {
            let kind = OperationKind::Subscribe {
                mailbox: mailbox.key,
                subscribed: true,
            };
            let (action, account) = (operation.action, operation.account);
            journal::add(tx, action, account, Some(mailbox.key), &kind)?;
        }
    }
    Ok(())
}

/// Which of the mailboxes that are gone this line names.
fn renamed_to(tx: &Tx<'_>, gone: &[&Mailbox], line: &Listed) -> Result<Option<usize>, StoreError> {
    for (at, mailbox) in gone.iter().enumerate() {
        if is_renamed(tx, mailbox, line)? {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

fn is_renamed(tx: &Tx<'_>, mailbox: &Mailbox, line: &Listed) -> Result<bool, StoreError> {
    let Some(base) = &mailbox.base else {
        return Ok(false);
    };
    if base.name.eq_ignore_ascii_case("INBOX") {
        return Ok(false);
    }
    if let (Some(ours), Some(theirs)) = (&base.mailbox_id, &line.mailbox_id) {
        return Ok(ours == theirs);
    }
    let same = base.uidvalidity.is_some_and(|value| value.0 > 0)
        && base.uidvalidity == line.uidvalidity
        && base.uidnext.is_some()
        && base.uidnext == line.uidnext;
    // As the server last said, or as we have it since.
    Ok(same
        && line.status.messages.is_some()
        && (line.status.messages == mailbox.status.messages
            || line.status.messages == Some(stored_count(tx, mailbox)?)))
}

/// Messages that the server has in a mailbox, as far as they are known.
fn stored_count(tx: &Tx<'_>, mailbox: &Mailbox) -> Result<u32, StoreError> {
    Ok(tx
        .connection()
        .prepare_cached("SELECT count(*) FROM message WHERE base_mailbox = ?1 AND base_epoch = ?2")?
        .query_row((mailbox.key.0, mailbox.epoch.0), |row| row.get(0))?)
}

fn make(tx: &Tx<'_>, account: AccountKey, line: &Listed) -> Result<MailboxKey, StoreError> {
    tx.connection()
        .prepare_cached("INSERT INTO mailbox (account, base_name, name) VALUES (?1, ?2, ?3)")?
        .execute((account.0, &line.name, &line.shown))?;
    Ok(MailboxKey(tx.connection().last_insert_rowid()))
}

fn write_listed(tx: &Tx<'_>, key: MailboxKey, line: &Listed) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached(
            "UPDATE mailbox SET base_name = ?2, base_shown = ?3, delimiter = ?4, attributes = ?5,
               base_subscribed = ?6, role = coalesce(?7, role), gone_name = NULL,
               mailbox_id = coalesce(?8, mailbox_id),
               status_messages = coalesce(?9, status_messages),
               status_unseen = coalesce(?10, status_unseen)
             WHERE key = ?1",
        )?
        .execute((
            key.0,
            &line.name,
            &line.shown,
            line.delimiter.map(String::from),
            line.attributes.join(" "),
            line.subscribed,
            line.role.map(Role::word),
            &line.mailbox_id,
            line.status.messages,
            line.status.unseen,
        ))?;
    Ok(())
}

/// The mailbox is not on the server any more. What waits for it fails and is shown; its row goes, or
/// stays unseen as long as something names it.
pub(super) fn vanish(tx: &Tx<'_>, mailbox: &Mailbox) -> Result<(), StoreError> {
    let key = mailbox.key;
    super::messages::clear(tx, mailbox)?;
    for operation in journal::of_mailbox(tx, key)? {
        journal::remove(tx, operation.id)?;
    }
    let name = mailbox.name.clone().or_else(|| {
        let base = mailbox.base.as_ref();
        base.map(|base| base.name.clone())
    });
    tx.connection()
        .prepare_cached(
            "UPDATE mailbox SET base_name = NULL, base_shown = NULL, name = NULL, gone_name = ?2,
               role = NULL, mailbox_id = NULL, uidvalidity = NULL, uidnext = NULL,
               highestmodseq = NULL, cursor_top = 0, cursor_missing = '', synced = NULL
             WHERE key = ?1",
        )?
        .execute((key.0, &name))?;
    let why = format!(
        "the mailbox \"{}\" is gone from the server",
        name.unwrap_or_default()
    );
    for operation in journal::into_mailbox(tx, key)? {
        if !operation.state.is_failed() {
            verdicts::fail(tx, operation.id, &why, Cause::MailboxGone)?;
        }
    }
    effective::release_mailbox(tx, key)?;
    tx.changed(Change::Messages(key));
    Ok(())
}

/// The server renamed a mailbox and what lies below it: `(from, to)` on the wire, and decoded. A row
/// that still has a new name, of a mailbox that the server cannot have any more, vanishes.
pub(super) fn rename_base(
    tx: &Tx<'_>,
    account: AccountKey,
    wire: (&str, &str),
    shown: (&str, &str),
) -> Result<(), StoreError> {
    let rows: Vec<(i64, String, String, Option<String>)> = {
        let mut query = tx.connection().prepare_cached(
            "SELECT key, base_name, coalesce(base_shown, base_name), delimiter FROM mailbox
             WHERE account = ?1 AND base_name IS NOT NULL",
        )?;
        query
            .query_map([account.0], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })?
            .collect::<Result<_, _>>()?
    };
    let mut changed = Vec::new();
    for (key, name, decoded, delimiter) in rows {
        let delimiter = delimiter.as_deref().and_then(|d| d.chars().next());
        if let Some(new) = renamed(&name, wire.0, wire.1, delimiter) {
            let decoded = renamed(&decoded, shown.0, shown.1, delimiter).unwrap_or(decoded);
            changed.push((MailboxKey(key), new, decoded));
        }
    }
    for (key, new, _) in &changed {
        if let Some(stale) = by_wire_name(tx, account, new)?
            && stale.key != *key
            && !changed.iter().any(|(other, ..)| *other == stale.key)
        {
            vanish(tx, &stale)?;
        }
    }
    // In two steps, so that no name is taken twice on the way.
    for (key, ..) in &changed {
        tx.connection()
            .prepare_cached("UPDATE mailbox SET base_name = NULL WHERE key = ?1")?
            .execute([key.0])?;
    }
    for (key, new, decoded) in &changed {
        tx.connection()
            .prepare_cached("UPDATE mailbox SET base_name = ?2, base_shown = ?3 WHERE key = ?1")?
            .execute((key.0, new, decoded))?;
    }
    Ok(())
}

/// What a mailbox is called on the server, decoded; of one that is not there, what it was called or
/// is to be called.
pub fn called(rows: &impl Rows, key: MailboxKey) -> Result<Option<String>, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT coalesce(base_shown, base_name, name, gone_name) FROM mailbox WHERE key = ?1",
    )?;
    Ok(query
        .query_row([key.0], |row| row.get(0))
        .optional()?
        .flatten())
}

/// A mailbox is not made: what it was to be called is still said of what was to go into it.
pub(super) fn note_unborn(tx: &Tx<'_>, key: MailboxKey, name: &str) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached("UPDATE mailbox SET gone_name = ?2 WHERE key = ?1 AND base_name IS NULL")?
        .execute((key.0, name))?;
    Ok(())
}

/// What a mailbox was called that vanished while something waited for it.
pub fn gone_name(rows: &impl Rows, key: MailboxKey) -> Result<Option<String>, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached("SELECT gone_name FROM mailbox WHERE key = ?1")?;
    Ok(query
        .query_row([key.0], |row| row.get(0))
        .optional()?
        .flatten())
}

/// A mailbox that is to be made on the server: its row stands, with no base.
pub fn conceive(
    tx: &Tx<'_>,
    account: AccountKey,
    name: &str,
    delimiter: Option<char>,
    role: Option<Role>,
) -> Result<MailboxKey, StoreError> {
    tx.connection()
        .prepare_cached(
            "INSERT INTO mailbox (account, name, subscribed, delimiter, role)
             VALUES (?1, ?2, 1, ?3, ?4)",
        )?
        .execute((
            account.0,
            name,
            delimiter.map(String::from),
            role.map(Role::word),
        ))?;
    tx.changed(Change::Mailboxes(account));
    Ok(MailboxKey(tx.connection().last_insert_rowid()))
}

/// Records STATUS counts of one mailbox.
pub fn record_status(tx: &Tx<'_>, key: MailboxKey, status: StatusCounts) -> Result<(), StoreError> {
    let changed = tx
        .connection()
        .prepare_cached(
            "UPDATE mailbox SET status_messages = coalesce(?2, status_messages),
               status_unseen = coalesce(?3, status_unseen)
             WHERE key = ?1 AND (status_messages IS NOT coalesce(?2, status_messages)
               OR status_unseen IS NOT coalesce(?3, status_unseen))",
        )?
        .execute((key.0, status.messages, status.unseen))?;
    if changed > 0 {
        tx.changed(Change::Mailboxes(get(tx, key)?.account));
    }
    Ok(())
}

/// Records what SELECT said, and begins a new epoch when UIDVALIDITY changed. A missing or zero
/// UIDVALIDITY says nothing and changes nothing (SAFETY P8).
pub fn record_select(
    tx: &Tx<'_>,
    key: MailboxKey,
    selected: &Selected,
) -> Result<Opened, StoreError> {
    let mailbox = get(tx, key)?;
    let before = mailbox.base.as_ref().and_then(|base| base.uidvalidity);
    let now = selected.uidvalidity.filter(|value| value.0 > 0);
    let opened = match (before, now) {
        (Some(before), Some(now)) if before != now => {
            let why = format!(
                "the server renumbered \"{}\" before it was done: retry it if it is still wanted",
                mailbox.name.as_deref().unwrap_or_default()
            );
            verdicts::stop_old_epoch(tx, key, &why)?;
            Opened::Renumbered(renumber::begin(tx, &mailbox)?)
        }
        _ if mailbox.settled < mailbox.epoch => Opened::Renumbered(mailbox.epoch),
        (None, _) if mailbox.cursor == Cursor::default() => Opened::Fresh(mailbox.epoch),
        _ => Opened::Same(mailbox.epoch),
    };
    tx.connection()
        .prepare_cached(
            "UPDATE mailbox SET uidvalidity = coalesce(?2, uidvalidity),
               permanentflags = coalesce(?3, permanentflags) WHERE key = ?1",
        )?
        .execute((
            key.0,
            now.and_then(|value| number(value.0)),
            selected.permanentflags.as_ref().map(of_permanent),
        ))?;
    Ok(opened)
}

/// Moves the cursor. Call it in the transaction that inserts what lies below it (SAFETY R6).
pub fn set_cursor(
    tx: &Tx<'_>,
    key: MailboxKey,
    epoch: Epoch,
    cursor: &Cursor,
) -> Result<(), StoreError> {
    let changed = tx
        .connection()
        .prepare_cached(
            "UPDATE mailbox SET cursor_top = ?3, cursor_missing = ?4
             WHERE key = ?1 AND epoch = ?2",
        )?
        .execute((key.0, epoch.0, cursor.top, cursor.missing.to_string()))?;
    if changed == 0 {
        return Err(StoreError::missing("mailbox epoch", epoch.0));
    }
    Ok(())
}

/// Records UIDNEXT and HIGHESTMODSEQ, once everything up to them is stored, and that the mailbox is
/// current.
pub fn set_current(
    tx: &Tx<'_>,
    key: MailboxKey,
    uidnext: Option<Uid>,
    highestmodseq: Option<u64>,
) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached(
            "UPDATE mailbox SET uidnext = coalesce(?2, uidnext), highestmodseq = ?3, synced = ?4
             WHERE key = ?1",
        )?
        .execute((
            key.0,
            uidnext.map(|u| u.0),
            highestmodseq.and_then(number),
            tx.now(),
        ))?;
    tx.changed(Change::Mailboxes(get(tx, key)?.account));
    Ok(())
}
