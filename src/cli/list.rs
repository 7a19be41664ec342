//! `mailbox list` and `list`: what is where, from the store alone.

use super::error::Failure;
use super::json;
use super::output::Head;
use super::places::{self, Place};
use super::start::Start;
use super::time;
use crate::config::AccountSettings;
use crate::mime::sanitize::{self, Shown};
use crate::model::{Flags, Role};
use crate::ops::folders::{self, Folder};
use crate::store::lists::{self, Filter, IndexRow};
use crate::store::mailboxes::{self, Mailbox};
use crate::store::{Reader, Rows, accounts, contents};

/// `list`.
pub fn messages(
    start: &mut Start,
    mailbox: &str,
    account: Option<&str>,
    limit: u32,
    unread: bool,
) -> Result<(), Failure> {
    let place = places::place(&start.settings, account, mailbox)?;
    let reader = start.store()?.reader()?;
    let mailbox = find(&reader, &place)?;
    let filter = if unread { Filter::Unread } else { Filter::All };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let rows = lists::older(&reader, mailbox.key, filter, lists::Place::TOP, limit)?;
    if start.out.json {
        let id = place.account.id.clone();
        let name = mailbox.name.unwrap_or_default();
        let messages = rows
            .iter()
            .map(|row| message(&reader, row, &id, &name))
            .collect::<Result<_, _>>()?;
        return start.out.object(&json::Messages { messages });
    }
    let rows: Vec<Vec<Shown>> = rows.iter().map(|row| columns(row, mailbox.role)).collect();
    start.out.table(&HEADS, &rows)
}

pub(super) const HEADS: [Head; 5] = [
    Head::right("ID"),
    Head::left("FLAGS"),
    Head::left("DATE"),
    Head::left("FROM").at_most(24),
    Head::left("SUBJECT"),
];

pub(super) fn columns(row: &IndexRow, role: Option<Role>) -> Vec<Shown> {
    // In Sent and Drafts everything is from oneself: there the first recipient says more.
    let who = match role {
        Some(Role::Sent | Role::Drafts) => sanitize::sender(&row.to),
        _ => sanitize::sender(&row.from),
    };
    vec![
        Shown::line(&row.key.to_string()),
        Shown::line(&letters(&row.flags, row.has_attachments, row.pending)),
        Shown::line(&time::local(row.date.unwrap_or(row.arrival))),
        who,
        Shown::line(&row.subject),
    ]
}

/// Flags as letters: `N` unread, `*` flagged, `A` answered, `F` forwarded, `D` deleted, `@` with
/// attachments, `~` not at the server yet.
fn letters(flags: &Flags, attachments: bool, pending: bool) -> String {
    [
        ('N', !flags.has(Flags::SEEN)),
        ('*', flags.has(Flags::FLAGGED)),
        ('A', flags.has(Flags::ANSWERED)),
        ('F', flags.has_keyword("$Forwarded")),
        ('D', flags.has(Flags::DELETED)),
        ('@', attachments),
        ('~', pending),
    ]
    .into_iter()
    .filter_map(|(letter, set)| set.then_some(letter))
    .collect()
}

/// One message as `--json` has it.
pub fn message(
    rows: &impl Rows,
    row: &IndexRow,
    account: &str,
    mailbox: &str,
) -> Result<json::Message, Failure> {
    let content = contents::get(rows, row.content)?;
    let envelope = &content.envelope;
    let addresses = |list: &[crate::model::Address]| list.iter().map(Into::into).collect();
    let attachment = |part: &crate::model::Structure| json::Attachment {
        part: part.path.to_string(),
        name: part.filename.clone(),
        media_type: part.media_type(),
        size: part.size,
    };
    Ok(json::Message {
        id: row.key.0,
        account: account.to_owned(),
        mailbox: mailbox.to_owned(),
        date: time::rfc3339(row.date.unwrap_or(row.arrival)),
        from: addresses(&envelope.from),
        to: addresses(&envelope.to),
        cc: addresses(&envelope.cc),
        subject: envelope.subject.clone(),
        message_id: Some(&envelope.message_id)
            .filter(|id| !id.is_empty())
            .map(|id| format!("<{id}>")),
        flags: row.flags.names().map(str::to_owned).collect(),
        unread: !row.flags.has(Flags::SEEN),
        size: row.size,
        thread: row.thread.0,
        attachments: content
            .structure
            .iter()
            .flat_map(crate::model::Structure::attachments)
            .map(attachment)
            .collect(),
        kept: row.kept.word(),
        text: None,
        base64: None,
    })
}

/// The mailbox that a place names: by role first, then by name.
pub fn find(reader: &Reader, place: &Place<'_>) -> Result<Mailbox, Failure> {
    let Some(account) = accounts::find(reader, &place.account.id)? else {
        return Err(place.missing());
    };
    if let Some(role) = place.role
        && let Some(mailbox) = mailboxes::by_role(reader, account.key, role)?
    {
        return Ok(mailbox);
    }
    mailboxes::all(reader, account.key)?
        .into_iter()
        .find(|mailbox| {
            mailbox
                .name
                .as_deref()
                .is_some_and(|name| place.names(name))
        })
        .ok_or_else(|| place.missing())
}

/// `mailbox list`.
pub fn mailboxes(start: &mut Start, account: Option<&str>) -> Result<(), Failure> {
    let reader = start.store()?.reader()?;
    let chosen: Vec<AccountSettings> = match account {
        Some(id) => vec![places::account(&start.settings, id)?.clone()],
        None => start.settings.accounts.clone(),
    };
    let mut found = Vec::new();
    for account in &chosen {
        let Some(row) = accounts::find(&reader, &account.id)? else {
            continue;
        };
        let folders = folders::of_account(&reader, &row)?;
        found.extend(folders.iter().map(|folder| shown(account, folder)));
    }
    if start.out.json {
        return start.out.object(&json::Mailboxes { mailboxes: found });
    }
    let heads = [
        Head::left("ACCOUNT"),
        Head::right("UNREAD"),
        Head::right("TOTAL"),
        Head::left("OFFLINE"),
        Head::left("ROLE"),
        Head::left("MAILBOX"),
    ];
    let count = |count: Option<u64>| count.map_or_else(|| "-".to_owned(), |n| n.to_string());
    let rows: Vec<Vec<Shown>> = found
        .iter()
        .map(|mailbox| {
            [
                &mailbox.account,
                &count(mailbox.unread),
                &count(mailbox.total),
                &mailbox.offline,
                mailbox.role.unwrap_or("-"),
                &mailbox.name,
            ]
            .map(Shown::line)
            .to_vec()
        })
        .collect();
    start.out.table(&heads, &rows)
}

fn shown(account: &AccountSettings, folder: &Folder) -> json::Mailbox {
    let name = folder.name();
    json::Mailbox {
        account: account.id.clone(),
        role: folder.mailbox.role.map(Role::word),
        unread: folder.unread,
        total: folder.total,
        offline: account.offline_of(name).to_string(),
        name: name.to_owned(),
    }
}
