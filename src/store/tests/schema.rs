//! The migrations stand.

use crate::model::{AccountKey, Flags, MailboxKey, MessageKey, OperationId, UidSet};
use crate::store::mailboxes::Epoch;
use crate::store::schema::MIGRATIONS;
use crate::store::{Priority, batches, effective, journal, mailboxes, messages, outgoing, undo};

#[test]
fn a_released_migration_is_never_edited() {
    let hashes = MIGRATIONS.map(|sql| blake3::hash(sql.as_bytes()).to_hex().to_string());
    assert_eq!(
        hashes.map(|hash| hash[..16].to_owned()),
        [
            "3755e91ae786c7f5",
            "6ac3cef8bf504671",
            "f06698916b607584",
            "29a928ad28f4defe",
            "70b11f0f45b153ba",
            "98e09352304db7b5",
            "b2d0f4db2f630ec6",
            "40234661c816401e",
            "d7d29595535a9c8c"
        ],
        "a migration was changed"
    );
}

/// A file as the first schema left it: two mailboxes, a message with a flag that waits.
fn first_schema(path: &std::path::Path) {
    let sql = rusqlite::Connection::open(path).unwrap();
    sql.execute_batch("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;")
        .unwrap();
    sql.execute_batch(MIGRATIONS[0]).unwrap();
    sql.execute_batch(
        "INSERT INTO store (id, uuid, thread_key, made)
           VALUES (1, zeroblob(16), zeroblob(32), 1);
         INSERT INTO account (key, id, kind) VALUES (1, 'work', 'imap');
         INSERT INTO mailbox (key, account, base_name, name, delimiter, base_subscribed, subscribed)
           VALUES (1, 1, 'INBOX', 'INBOX', '/', 1, 1),
             (2, 1, 'M&APw-ll', 'Müll', '/', 1, 1);
         INSERT INTO thread (key, contents) VALUES (1, 1);
         INSERT INTO content (key, account, docid, thread, kept, subject)
           VALUES (1, 1, 7, 1, 1, 'Old');
         INSERT INTO message (key, content, base_mailbox, base_epoch, base_uid, mailbox, flags,
             arrival, thread)
           VALUES (5, 1, 1, 1, 30, 1, 1, 1000, 1);
         INSERT INTO action (id, word, made) VALUES (3, 'flag', 1);
         INSERT INTO journal (action, account, mailbox, message, kind, detail, state, asked)
           VALUES (3, 1, 1, 5, 'flag', '{\"kind\":\"flag\",\"message\":5,\"change\":{\"add\":
             {\"system\":1,\"keywords\":[]},\"remove\":{\"system\":0,\"keywords\":[]}}}',
             'queued', 1);
         INSERT INTO undo (action, message, mailbox, flags, keywords) VALUES (3, 5, 1, 0, '');
         PRAGMA application_id = 1281450853; PRAGMA user_version = 1;",
    )
    .unwrap();
}

fn holds_what_the_first_schema_held(store: &crate::store::Store) {
    let reader = store.reader().unwrap();
    assert_eq!(batches::miscounted(&reader).unwrap(), 0);
    assert_eq!(journal::counts(&reader).unwrap(), (1, 0));
    let operations = journal::all(&reader).unwrap();
    assert_eq!((operations.len(), operations[0].kind.word()), (1, "flag"));
    let message = messages::get(&reader, MessageKey(5)).unwrap();
    assert_eq!(message.mailbox, Some(MailboxKey(1)));
    assert!(message.flags.has(Flags::SEEN));
    let names: Vec<_> = mailboxes::all(&reader, AccountKey(1))
        .unwrap()
        .into_iter()
        .filter_map(|mailbox| mailbox.name)
        .collect();
    assert_eq!(names, ["INBOX", "Müll"]);
}

#[test]
fn r14_a_file_of_the_first_schema_is_migrated_with_what_waits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail.db");
    first_schema(&path);
    let store = super::open(folder.path());
    holds_what_the_first_schema_held(&store);
    // Names are folded anew from what the server confirmed, and the counts are still kept.
    let key = store
        .write(Priority::Person, |tx| {
            messages::expunge(tx, MailboxKey(1), Epoch(1), &UidSet::range(30, 30))?;
            effective::refold_account(tx, AccountKey(1))?;
            mailboxes::by_name(tx, AccountKey(1), "Müll")
        })
        .wait()
        .unwrap();
    assert!(key.is_some());
    let reader = store.reader().unwrap();
    assert_eq!(mailboxes::get(&reader, MailboxKey(1)).unwrap().total, 0);
    assert!(undo::latest(&reader, 9).unwrap().is_none());
    let aside = std::fs::read_dir(folder.path()).unwrap().any(|entry| {
        let name = entry.unwrap().file_name();
        name.to_string_lossy().contains("before-migration")
    });
    assert!(aside, "what waits was copied aside first");
}

#[test]
fn r14_a_damaged_file_of_the_first_schema_is_salvaged_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail.db");
    first_schema(&path);
    super::deface(&path);
    let store = super::open(folder.path());
    assert!(beside(folder.path(), ".damaged-"));
    holds_what_the_first_schema_held(&store);
}

#[test]
fn r14_every_table_is_salvaged_but_those_that_are_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    drop(super::open(folder.path()));
    let sql = rusqlite::Connection::open(folder.path().join("mail.db")).unwrap();
    let mut query = sql
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        .unwrap();
    let names = query.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let left: Vec<String> = names
        .map(Result::unwrap)
        .filter(|name| !crate::store::salvage::TABLES.contains(&name.as_str()))
        .collect();
    // Who stands in mail and what it answers is read from the mail; a batch that was under way is begun again.
    let anew = [
        "batch",
        "found",
        "lineage",
        "person",
        "person_later",
        "person_through",
        "person_word",
        "search_through",
    ];
    assert_eq!(left, anew);
}

#[test]
fn r14_a_file_of_the_fourth_schema_keeps_its_outbox() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail.db");
    let sql = rusqlite::Connection::open(&path).unwrap();
    sql.execute_batch("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;")
        .unwrap();
    for migration in &MIGRATIONS[..4] {
        sql.execute_batch(migration).unwrap();
    }
    sql.execute_batch(
        "INSERT INTO store (id, uuid, thread_key, made)
           VALUES (1, zeroblob(16), zeroblob(32), 1);
         INSERT INTO account (key, id, kind) VALUES (1, 'work', 'imap');
         INSERT INTO thread (key, contents) VALUES (1, 1);
         INSERT INTO content (key, account, docid, thread, kept, subject)
           VALUES (1, 1, 7, 1, 3, 'Old');
         INSERT INTO action (id, word, made) VALUES (3, 'send', 1);
         INSERT INTO journal (id, action, account, kind, detail, state, asked)
           VALUES (8, 3, 1, 'submit',
             '{\"kind\":\"submit\",\"message_id\":\"a@b\",\"subject\":\"Old\"}', 'queued', 1);
         INSERT INTO outgoing (operation, account, wire, copy, size, sender, recipients, eight_bit,
             utf8, bcc, queued)
           VALUES (8, 1, 1, 1, 10, 'a@b', '[{\"address\":\"c@d\"}]', 0, 0, '[]', 1);
         PRAGMA application_id = 1281450853; PRAGMA user_version = 4;",
    )
    .unwrap();
    drop(sql);
    let store = super::open(folder.path());
    let id = OperationId(8);
    let out = outgoing::find(&store.reader().unwrap(), id)
        .unwrap()
        .unwrap();
    assert_eq!((out.subject.as_str(), out.why.as_str()), ("Old", ""));
    assert_eq!((out.recipients.len(), out.done), (1, 0));
    let begun = store.write(Priority::Person, move |tx| outgoing::begin(tx, id));
    assert!(begun.wait().unwrap(), "it is not sent");
    assert!(beside(folder.path(), "before-migration"));
}

fn beside(folder: &std::path::Path, part: &str) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let name = entry.unwrap().file_name();
        name.to_string_lossy().contains(part)
    })
}
