//! Saving what can be read of a damaged file, and copies before a migration (SAFETY R14).

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, types::Value};

use super::open::beside;
use super::{StoreError, journal, open, schema, threads};

/// Tables in the order of their worth; a row that cannot be read costs the rows behind it in the
/// same table only. Who stands in mail is read from the mail anew.
pub(super) const TABLES: [&str; 34] = [
    "store",
    "account",
    "mailbox",
    "draft",
    "contact",
    "action",
    "journal",
    "outgoing",
    "unfiled",
    "freezing",
    "undo",
    "undo_mailbox",
    "undo_submit",
    "undo_mute",
    "filed",
    "list_order",
    "saved_search",
    "pop3_seen",
    "thread",
    "msgid",
    "blob",
    "content",
    "message",
    "frame",
    "mute",
    "muted",
    "section",
    "body",
    "mailbox_thread",
    "notice",
    "request",
    "link",
    "tombstone",
    "sqlite_sequence",
];

/// A name beside `path` that says what it is and when: `mail.db.damaged-2026-11-21-080200`.
pub(super) fn aside_name(path: &Path, now: i64) -> PathBuf {
    let stamp = jiff::Timestamp::from_second(now)
        .map(|time| time.strftime("%Y-%m-%d-%H%M%S").to_string())
        .unwrap_or_else(|_| now.to_string());
    let mut name = beside(path, &format!(".damaged-{stamp}"));
    let mut number = 1;
    while name.exists() {
        number += 1;
        name = beside(path, &format!(".damaged-{stamp}-{number}"));
    }
    name
}

/// What lies beside `path` of earlier files: set aside damaged, or copied before a migration.
pub(super) fn copies(path: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Vec::new();
    };
    let name = name.to_string_lossy();
    let kinds = ["", "-wal"].map(|part| format!("{name}{part}.damaged-"));
    let before = format!("{name}.before-migration-");
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut found: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .filter(|entry| {
            let file = entry.file_name();
            let file = file.to_string_lossy();
            file.starts_with(&before) || kinds.iter().any(|kind| file.starts_with(kind))
        })
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}

/// Sets the damaged file aside by name and puts what can be read of it into a new one in its place.
pub(super) fn salvage(path: &Path, what: &str, now: i64) -> Result<(), StoreError> {
    let aside = aside_name(path, now);
    let fresh = beside(path, ".salvage");
    open::remove(&fresh)?;
    let lost = fill(path, &fresh, now, |new, lost| {
        tell(new, path, &aside, what, lost, now)
    })?;
    tracing::warn!(?lost, aside = %aside.display(), "salvaged the mail store");
    // The old file with its WAL goes aside first: at no point is there less than one of them.
    for suffix in ["", "-wal"] {
        let from = beside(path, suffix);
        if from.exists() {
            let to = beside(&aside, suffix);
            fs::rename(&from, &to).map_err(|e| StoreError::file(&from, e))?;
        }
    }
    open::remove(&beside(path, "-shm"))?;
    fs::rename(&fresh, path).map_err(|e| StoreError::file(&fresh, e))?;
    if let Some(folder) = path.parent() {
        let folder_file = fs::File::open(folder).map_err(|e| StoreError::file(folder, e))?;
        folder_file
            .sync_all()
            .map_err(|e| StoreError::file(folder, e))?;
    }
    Ok(())
}

/// Copies every readable row; answers the tables that lost some.
fn fill(
    old: &Path,
    new: &Path,
    now: i64,
    finish: impl FnOnce(&Connection, &[String]) -> Result<(), StoreError>,
) -> Result<Vec<String>, StoreError> {
    make_private(new)?;
    let mut into = Connection::open(new)?;
    into.execute_batch(
        "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA foreign_keys = OFF;
         PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY;",
    )?;
    schema::migrate(&mut into, now)?;
    // Triggers would count what the copied rows already hold; the counts are made anew below.
    let triggers = drop_triggers(&into)?;
    let mut lost = Vec::new();
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    match Connection::open_with_flags(old, flags) {
        Ok(from) => {
            // Closing must not write anything into the file that is set aside.
            from.set_db_config(
                rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
                true,
            )?;
            for table in TABLES {
                if !copy(&from, &mut into, table)? {
                    lost.push(table.to_owned());
                }
            }
        }
        Err(error) => {
            tracing::warn!(%error, "nothing of the damaged mail store can be read");
            lost.push("everything".into());
        }
    }
    for id in journal::damaged(&into)? {
        into.execute("DELETE FROM journal WHERE id = ?1", [id])?;
        if !lost.iter().any(|table| table == "journal") {
            lost.push("journal".to_owned());
        }
    }
    threads::rejoin(&into)?;
    mend(&into)?;
    for trigger in triggers {
        into.execute_batch(&trigger)?;
    }
    finish(&into, &lost)?;
    drop(into);
    let file = fs::File::open(new).map_err(|e| StoreError::file(new, e))?;
    file.sync_all().map_err(|e| StoreError::file(new, e))?;
    Ok(lost)
}

fn drop_triggers(into: &Connection) -> Result<Vec<String>, StoreError> {
    let found: Vec<(String, String)> = into
        .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (name, _) in &found {
        into.execute_batch(&format!("DROP TRIGGER {name}"))?;
    }
    Ok(found.into_iter().map(|(_, sql)| sql).collect())
}

/// Copies one table from both ends, so that a hole in the middle costs the middle only. Answers
/// whether every row came.
fn copy(from: &Connection, into: &mut Connection, table: &str) -> Result<bool, StoreError> {
    let mut columns = columns(into, table)?;
    // A file of an earlier version has fewer of them; where even that cannot be read, all are tried.
    if let Ok(old) = self::columns(from, table)
        && !old.is_empty()
    {
        columns.retain(|column| old.contains(column));
    }
    let names = columns.join(", ");
    let marks = vec!["?"; columns.len()].join(", ");
    let insert = format!("INSERT OR REPLACE INTO {table} ({names}) VALUES ({marks})");
    let key = match table {
        "msgid" => "hash",
        "section" => "blob, name",
        "mailbox_thread" => "mailbox, thread",
        "undo" => "action, message",
        "undo_mailbox" => "action, mailbox",
        "undo_submit" => "action, operation",
        "undo_mute" => "action, mute",
        "filed" => "account, who",
        "list_order" => "list",
        _ => "rowid",
    };
    let descending = key
        .split(", ")
        .map(|part| format!("{part} DESC"))
        .collect::<Vec<_>>()
        .join(", ");
    let transaction = into.transaction()?;
    if table == "sqlite_sequence" {
        transaction.execute_batch("DELETE FROM sqlite_sequence")?;
    }
    let mut whole = copy_rows(
        from,
        &transaction,
        &names,
        table,
        key,
        &insert,
        columns.len(),
    )?;
    if !whole {
        let back = copy_rows(
            from,
            &transaction,
            &names,
            table,
            &descending,
            &insert,
            columns.len(),
        )?;
        whole = back;
    }
    transaction.commit()?;
    Ok(whole)
}

fn columns(sql: &Connection, table: &str) -> Result<Vec<String>, StoreError> {
    let found = sql
        .prepare(&format!("SELECT name FROM pragma_table_info('{table}')"))?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(found)
}

fn copy_rows(
    from: &Connection,
    into: &Connection,
    names: &str,
    table: &str,
    order: &str,
    insert: &str,
    width: usize,
) -> Result<bool, StoreError> {
    // NOT INDEXED: the order must come from the table itself, not from an index that may be the
    // damaged part.
    let sql = format!("SELECT {names} FROM {table} NOT INDEXED ORDER BY {order}");
    let Ok(mut query) = from.prepare(&sql) else {
        return Ok(false);
    };
    let Ok(mut rows) = query.query([]) else {
        return Ok(false);
    };
    let mut insert = into.prepare_cached(insert)?;
    let mut whole = true;
    loop {
        let row = match rows.next() {
            Ok(Some(row)) => row,
            Ok(None) => return Ok(whole),
            Err(_) => return Ok(false),
        };
        let values: Result<Vec<Value>, _> = (0..width).map(|at| row.get(at)).collect();
        // A value of the wrong type or a doubled key costs that row.
        whole &= values
            .ok()
            .and_then(|values| insert.execute(rusqlite::params_from_iter(values)).ok())
            .is_some();
    }
}

/// Makes the copied rows agree with each other again.
fn mend(sql: &Connection) -> Result<(), StoreError> {
    sql.execute_batch(
        "BEGIN;
         INSERT OR IGNORE INTO account (key, id, kind)
           SELECT DISTINCT account, 'salvaged-' || account,
             CASE WHEN account IN (SELECT account FROM pop3_seen) THEN 'pop3' ELSE 'imap' END FROM mailbox
             WHERE account NOT IN (SELECT key FROM account)
           UNION SELECT DISTINCT account, 'salvaged-' || account,
             CASE WHEN account IN (SELECT account FROM pop3_seen) THEN 'pop3' ELSE 'imap' END FROM content
             WHERE account NOT IN (SELECT key FROM account);
         DELETE FROM draft WHERE account NOT IN (SELECT key FROM account);
         DELETE FROM journal WHERE account NOT IN (SELECT key FROM account);
         DELETE FROM request WHERE account NOT IN (SELECT key FROM account);
         DELETE FROM link WHERE account NOT IN (SELECT key FROM account);
         DELETE FROM pop3_seen WHERE account NOT IN (SELECT key FROM account);
         INSERT OR IGNORE INTO mailbox (key, account, name)
           SELECT DISTINCT m.mailbox, c.account, 'Salvaged ' || m.mailbox
             FROM message m JOIN content c ON c.key = m.content
             WHERE m.mailbox IS NOT NULL AND m.mailbox NOT IN (SELECT key FROM mailbox);
         UPDATE journal SET mailbox = NULL WHERE mailbox NOT IN (SELECT key FROM mailbox);
         UPDATE mailbox SET base_shown = coalesce(name, base_name)
           WHERE base_name IS NOT NULL AND base_shown IS NULL;
         DELETE FROM body WHERE blob NOT IN (SELECT key FROM blob);
         DELETE FROM section WHERE blob NOT IN (SELECT key FROM blob);
         -- A blob whose chunks are not all there is fetched again.
         DELETE FROM section WHERE length <> coalesce((SELECT sum(b.length) FROM body b
           WHERE b.blob = section.blob AND b.section = section.name), 0);
         UPDATE blob SET hash = NULL, parts = NULL WHERE hash IS NOT NULL
           AND length <> coalesce((SELECT sum(b.length) FROM body b
             WHERE b.blob = blob.key AND b.section = ''), 0);
         DELETE FROM body WHERE section = ''
           AND blob IN (SELECT key FROM blob WHERE hash IS NULL);
         UPDATE content SET blob = NULL WHERE blob NOT IN (SELECT key FROM blob);
         UPDATE content SET kept = 1 WHERE kept = 3
           AND (blob IS NULL OR blob IN (SELECT key FROM blob WHERE hash IS NULL));
         -- What was lost here was not deleted by anybody: it is fetched again, and nothing of it is
         -- deleted on a POP3 server.
         DELETE FROM pop3_seen WHERE message NOT IN
           (SELECT m.key FROM message m JOIN content c ON c.key = m.content);
         UPDATE pop3_seen SET hash = NULL, state = 'listed'
           WHERE state <> 'left' AND message IN (SELECT m.key FROM message m
             JOIN content c ON c.key = m.content WHERE c.kept < 3);
         DELETE FROM message WHERE content NOT IN (SELECT key FROM content);
         DELETE FROM message WHERE base_mailbox NOT IN (SELECT key FROM mailbox);
         DELETE FROM outgoing WHERE wire NOT IN (SELECT key FROM content)
           OR copy NOT IN (SELECT key FROM content)
           OR operation NOT IN (SELECT id FROM journal);
         DELETE FROM journal WHERE kind = 'submit'
           AND id NOT IN (SELECT operation FROM outgoing);
         UPDATE draft SET holds = NULL WHERE holds NOT IN (SELECT key FROM content);
         DELETE FROM unfiled WHERE content NOT IN (SELECT key FROM content);
         DELETE FROM freezing;
         DELETE FROM content WHERE key NOT IN (SELECT content FROM message)
           AND key NOT IN (SELECT wire FROM outgoing) AND key NOT IN (SELECT copy FROM outgoing)
           AND key NOT IN (SELECT holds FROM draft WHERE holds IS NOT NULL)
           AND key NOT IN (SELECT content FROM unfiled);
         UPDATE message SET wanted = (SELECT CASE c.kept WHEN 0 THEN 2 WHEN 3 THEN 0 ELSE 1 END
           FROM content c WHERE c.key = message.content);
         -- What was lost is listed again from the start.
         UPDATE mailbox SET cursor_top = 0, cursor_missing = '', highestmodseq = NULL;
         UPDATE mailbox SET
           total = (SELECT count(*) FROM message m WHERE m.mailbox = mailbox.key),
           unread = (SELECT count(*) FROM message m
             WHERE m.mailbox = mailbox.key AND m.flags & 1 = 0),
           flagged = (SELECT count(*) FROM message m
             WHERE m.mailbox = mailbox.key AND m.flags & 4 <> 0);
         UPDATE message SET alone = 0 WHERE alone <> 0;
         UPDATE message SET alone = 1 WHERE key IN
           (SELECT key FROM message_standing WHERE alone = 1);
         UPDATE mailbox SET
           alone_unread = (SELECT count(*) FROM message m
             WHERE m.mailbox = mailbox.key AND m.alone = 1 AND m.flags & 1 = 0),
           alone_flagged = (SELECT count(*) FROM message m
             WHERE m.mailbox = mailbox.key AND m.alone = 1 AND m.flags & 4 <> 0);
         INSERT OR IGNORE INTO thread (key, contents)
           SELECT thread, count(*) FROM content WHERE thread > 0 GROUP BY thread;
         INSERT OR IGNORE INTO thread (key, contents)
           SELECT thread, count(*) FROM message WHERE thread > 0 GROUP BY thread;
         INSERT OR IGNORE INTO thread (key)
           SELECT into_thread FROM thread WHERE into_thread IS NOT NULL;
         DELETE FROM muted WHERE message NOT IN (SELECT key FROM message);
         DELETE FROM msgid WHERE thread NOT IN (SELECT key FROM thread);
         DELETE FROM mailbox_thread;
         INSERT INTO mailbox_thread (mailbox, thread, newest, unread, total)
           SELECT mailbox, coalesce((SELECT into_thread FROM thread t WHERE t.key = m.thread),
               m.thread) AS standing, max(arrival), sum(flags & 1 = 0), count(*) FROM message m
             WHERE mailbox IS NOT NULL GROUP BY mailbox, standing;
         DELETE FROM batch;
         INSERT INTO batch
           SELECT state IN ('failed', 'unsure') AS s, action, account, kind, state,
             coalesce(target, 0) AS t, iif(message IS NULL, coalesce(mailbox, 0), 0) AS m,
             why, cause, count(*)
           FROM journal GROUP BY s, action, account, kind, state, t, m, why, cause;
         COMMIT;",
    )?;
    Ok(())
}

fn tell(
    sql: &Connection,
    path: &Path,
    aside: &Path,
    what: &str,
    lost: &[String],
    now: i64,
) -> Result<(), StoreError> {
    let hint = if lost.is_empty() {
        "Every row could be read. Mail that was not is fetched again from the server.".to_owned()
    } else {
        format!(
            "Not everything could be read ({}). Mail on a server is fetched again; the old file \
             still holds the rest.",
            lost.join(", ")
        )
    };
    insert_notice(
        sql,
        now,
        &format!(
            "The mail store {} was damaged. What could be read was saved; the damaged file is kept \
             as {}",
            path.display(),
            aside.display()
        ),
        &hint,
        what,
    )
}

/// Tells that a WAL of another file was set aside.
pub(super) fn tell_wal(sql: &Connection, aside: &Path, now: i64) -> Result<(), StoreError> {
    insert_notice(
        sql,
        now,
        &format!(
            "A write-ahead log that does not belong to the mail store lay beside it; it is kept as \
             {}",
            aside.display()
        ),
        "This happens when the file was restored from a copy. Changes since that copy are lost.",
        "",
    )
}

fn insert_notice(
    sql: &Connection,
    now: i64,
    text: &str,
    hint: &str,
    detail: &str,
) -> Result<(), StoreError> {
    sql.execute(
        "INSERT INTO notice (first, last, severity, topic, text, hint, detail)
         VALUES (?1, ?1, 'attention', 'store', ?2, ?3, ?4)",
        (now, text, hint, detail),
    )?;
    Ok(())
}

/// Before a migration: journal, actions, undo, drafts and POP3 state into a file of their own.
pub(super) fn copy_aside(
    sql: &Connection,
    path: &Path,
    version: i64,
    now: i64,
) -> Result<PathBuf, StoreError> {
    let copy = beside(path, &format!(".before-migration-{version}-{now}"));
    make_private(&copy)?;
    let name = copy.to_string_lossy().into_owned();
    sql.execute("ATTACH DATABASE ?1 AS aside", [&name])?;
    let mut outcome = Ok(());
    for table in [
        "account",
        "mailbox",
        "action",
        "journal",
        "outgoing",
        "unfiled",
        "undo",
        "draft",
        "contact",
        "pop3_seen",
    ] {
        if outcome.is_ok() && has_table(sql, table)? {
            outcome = sql.execute_batch(&format!(
                "CREATE TABLE IF NOT EXISTS aside.{table} AS SELECT * FROM main.{table}"
            ));
        }
    }
    sql.execute_batch("DETACH DATABASE aside")?;
    outcome?;
    Ok(copy)
}

/// A file of an earlier version has fewer tables.
fn has_table(sql: &Connection, table: &str) -> Result<bool, StoreError> {
    Ok(sql
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM main.sqlite_schema WHERE name = ?1)")?
        .query_row([table], |row| row.get(0))?)
}

fn make_private(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::OpenOptionsExt;
    fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .map_err(|e| StoreError::file(path, e))?;
    Ok(())
}
