//! The address book: what a person wrote down about people. It belongs to no account, so that it
//! stays when one is removed.

use rusqlite::{OptionalExtension, Row};

use crate::mime::fold;
use crate::model::{Contact, ContactKey};

use super::columns::json;
use super::{Change, Refusal, Rows, StoreError, Tx};

const COLUMNS: &str = "SELECT key, name, nickname, addresses, note FROM contact";

fn read(row: &Row<'_>) -> Result<(ContactKey, Contact), rusqlite::Error> {
    Ok((
        ContactKey(row.get(0)?),
        Contact {
            name: row.get(1)?,
            nickname: row.get(2)?,
            addresses: serde_json::from_str(row.get_ref(3)?.as_str()?).unwrap_or_default(),
            note: row.get(4)?,
        },
    ))
}

/// The entry with this key.
pub fn get(rows: &impl Rows, key: ContactKey) -> Result<Contact, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached(&format!("{COLUMNS} WHERE key = ?1"))?;
    let found = query.query_row([key.0], read).optional()?;
    Ok(found.ok_or(StoreError::missing("contact", key.0))?.1)
}

/// Entries in which each typed word begins a word, by name, those first whose nickname is just that;
/// all of them if nothing is typed. The book is read through: it is as long as a person wrote it.
pub fn matching(
    rows: &impl Rows,
    typed: &[String],
) -> Result<Vec<(ContactKey, Contact)>, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT key, name, nickname, addresses, note, called, whole, nick FROM contact",
    )?;
    let mut found = query.query([])?;
    let whole = typed.join(" ");
    let typed: Vec<String> = typed.iter().map(|word| format!(" {word}")).collect();
    let mut all = Vec::new();
    while let Some(row) = found.next()? {
        let called = row.get_ref(5)?.as_str()?;
        if typed.iter().all(|word| called.contains(word)) {
            let is_nick = !whole.is_empty() && row.get_ref(7)?.as_str()? == whole;
            all.push((!is_nick, row.get::<_, String>(6)?, read(row)?));
        }
    }
    all.sort_by(|one, other| (one.0, &one.1, one.2.0).cmp(&(other.0, &other.1, other.2.0)));
    Ok(all.into_iter().map(|(_, _, entry)| entry).collect())
}

/// Entries whose name or nickname is this, without regard to case and accents.
pub fn called(rows: &impl Rows, name: &str) -> Result<Vec<Contact>, StoreError> {
    let name = one_line(name);
    if name.is_empty() {
        return Ok(Vec::new());
    }
    // A nickname is unique: who has it is meant, whoever else is called so.
    for column in ["nick", "whole"] {
        let mut query = rows.connection().prepare_cached(&format!(
            "{COLUMNS} WHERE {column} = ?1 AND {column} <> '' ORDER BY key LIMIT 9"
        ))?;
        let found: Vec<(ContactKey, Contact)> =
            query.query_map([&name], read)?.collect::<Result<_, _>>()?;
        if !found.is_empty() {
            return Ok(found.into_iter().map(|(_, contact)| contact).collect());
        }
    }
    Ok(Vec::new())
}

/// The entry that has this address.
pub fn of_address(rows: &impl Rows, address: &str) -> Result<Option<ContactKey>, StoreError> {
    let folded = fold::text(address);
    let mut query = rows.connection().prepare_cached(&format!(
        "{COLUMNS} WHERE instr(called, ' ' || ?1) ORDER BY key"
    ))?;
    let mut found = query.query([&folded])?;
    while let Some(row) = found.next()? {
        let (key, contact) = read(row)?;
        let is_it = |one: &String| one.eq_ignore_ascii_case(address);
        if contact.addresses.iter().any(is_it) {
            return Ok(Some(key));
        }
    }
    Ok(None)
}

/// Writes an entry down; a new one without a key.
pub fn put(
    tx: &Tx<'_>,
    key: Option<ContactKey>,
    contact: &Contact,
) -> Result<ContactKey, StoreError> {
    let nick = one_line(&contact.nickname);
    if let Some((other, taken)) = owner(tx, &nick)?
        && Some(other) != key
    {
        return Err(Refusal::NicknameTaken {
            nickname: contact.nickname.clone(),
            name: taken,
        }
        .into());
    }
    let values = (
        key.map(|key| key.0),
        words(contact),
        one_line(&contact.name),
        nick,
        &contact.name,
        &contact.nickname,
        json(&contact.addresses)?,
        &contact.note,
    );
    let sql = tx.connection();
    let key = match key {
        None => {
            sql.prepare_cached(
                "INSERT INTO contact (key, called, whole, nick, name, nickname, addresses, note)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(values)?;
            ContactKey(sql.last_insert_rowid())
        }
        Some(key) => {
            let changed = sql
                .prepare_cached(
                    "UPDATE contact SET called = ?2, whole = ?3, nick = ?4, name = ?5,
                       nickname = ?6, addresses = ?7, note = ?8 WHERE key = ?1",
                )?
                .execute(values)?;
            if changed == 0 {
                return Err(StoreError::missing("contact", key.0));
            }
            key
        }
    };
    tx.changed(Change::Contacts);
    Ok(key)
}

/// Strikes an entry out; answers what it was.
pub fn remove(tx: &Tx<'_>, key: ContactKey) -> Result<Contact, StoreError> {
    let gone = get(tx, key)?;
    tx.connection()
        .prepare_cached("DELETE FROM contact WHERE key = ?1")?
        .execute([key.0])?;
    tx.changed(Change::Contacts);
    Ok(gone)
}

fn owner(tx: &Tx<'_>, nick: &str) -> Result<Option<(ContactKey, String)>, StoreError> {
    let mut query = tx
        .connection()
        .prepare_cached("SELECT key, name FROM contact WHERE nick = ?1 AND nick <> ''")?;
    let found = query.query_row([nick], |row| Ok((ContactKey(row.get(0)?), row.get(1)?)));
    Ok(found.optional()?)
}

fn words(contact: &Contact) -> String {
    let mut out = String::new();
    let names = [contact.nickname.as_str(), contact.name.as_str()];
    let names = names.into_iter().flat_map(fold::words_of_name);
    let addresses = contact.addresses.iter();
    let addresses = addresses.flat_map(|one| fold::words_of_address(one));
    for word in names.chain(addresses) {
        out.push(' ');
        out.push_str(&word);
    }
    out
}

/// Folded, with single blanks.
fn one_line(text: &str) -> String {
    let folded = fold::text(text);
    let words: Vec<&str> = folded.split_whitespace().collect();
    words.join(" ")
}
