//! What is known of POP3 servers outlives the messages, and only a person's wish makes it forget.

use super::{Bed, arrived, damage, deface, open};
use crate::model::maildrop::{SeenKey, State};
use crate::model::{AccountKey, MailboxKey, MessageKey, Role};
use crate::store::accounts::AccountKind;
use crate::store::bodies::{self, BodyWriter};
use crate::store::maildrop::{self, Fresh};
use crate::store::{Priority, StoreError, Tx, accounts, mailboxes, messages};

fn write<T: Send + 'static>(
    bed: &Bed,
    work: impl FnOnce(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
) -> T {
    bed.store.write(Priority::Person, work).wait().unwrap()
}

/// A POP3 account with an INBOX and a Trash.
fn maildrop_account(bed: &Bed) -> (AccountKey, MailboxKey, MailboxKey) {
    write(bed, |tx| {
        let account = accounts::ensure(tx, "pop", AccountKind::Pop3)?;
        let of = |role| Ok::<_, StoreError>(mailboxes::by_role(tx, account, role)?.unwrap().key);
        Ok((account, of(Role::Inbox)?, of(Role::Trash)?))
    })
}

/// One that came, whole or only its header.
fn came(bed: &Bed, mailbox: MailboxKey, uidl: &str, whole: bool) -> (MessageKey, SeenKey) {
    let uidl = uidl.to_owned();
    write(bed, move |tx| {
        let account = mailboxes::get(tx, mailbox)?.account;
        let (message, content) = messages::insert_local(tx, mailbox, &arrived(1, &uidl))?;
        let bytes = format!("Subject: {uidl}\r\n\r\nx\r\n");
        if whole {
            bodies::store(tx, &BodyWriter::whole(content, "", bytes.as_bytes()))?;
        }
        let head = *blake3::hash(uidl.as_bytes()).as_bytes();
        let fresh = Fresh {
            uidl: Some(uidl.into_bytes()),
            head,
            hash: whole.then(|| *blake3::hash(bytes.as_bytes()).as_bytes()),
            message,
        };
        Ok((message, maildrop::note(tx, account, &fresh)?))
    })
}

#[test]
fn what_a_person_deletes_stays_known_and_only_that_counts_as_deleted() {
    let bed = Bed::new();
    let (account, inbox, trash) = maildrop_account(&bed);
    let (gone, gone_key) = came(&bed, inbox, "a", true);
    let (_, kept_key) = came(&bed, inbox, "b", true);
    let (_, trashed) = came(&bed, trash, "c", true);
    let (_, half) = came(&bed, trash, "d", false);
    write(&bed, move |tx| messages::remove_local(tx, gone));
    let reader = bed.store.reader().unwrap();
    let all = maildrop::all(&reader, account).unwrap();
    let keys: Vec<SeenKey> = all.iter().map(|seen| seen.key).collect();
    assert_eq!(keys, [gone_key, kept_key, trashed, half]);
    let deleted = maildrop::deleted_here(&reader, account).unwrap();
    // Of the one in Trash only the header is here: its bytes would be lost.
    assert_eq!(deleted.into_iter().collect::<Vec<_>>(), [gone_key, trashed]);
    assert_eq!(maildrop::message(&reader, gone_key).unwrap(), None);
    assert!(maildrop::message(&reader, kept_key).unwrap().is_some());
}

#[test]
fn r20_what_another_server_or_account_loses_was_deleted_by_nobody() {
    let bed = Bed::new();
    let (account, inbox, _) = maildrop_account(&bed);
    let (filed, _) = came(&bed, inbox, "a", true);
    let (kept_apart, _) = came(&bed, inbox, "b", true);
    let (deleted, deleted_key) = came(&bed, inbox, "c", true);
    // One stands on a server now, one in an account of this machine.
    let apart = write(&bed, |tx| accounts::ensure(tx, "here", AccountKind::Local));
    damage(
        &bed.store,
        &format!(
            "UPDATE message SET base_mailbox = {}, base_epoch = 1, base_uid = 7 WHERE key = {};
             UPDATE content SET account = {} WHERE key =
               (SELECT content FROM message WHERE key = {});",
            bed.inbox.0, filed.0, apart.0, kept_apart.0
        ),
    );
    let uid = crate::model::UidSet::range(7, 7);
    let epoch = mailboxes::Epoch(1);
    let mailbox = bed.inbox;
    write(&bed, move |tx| {
        messages::expunge(tx, mailbox, epoch, &uid)?;
        messages::remove_local(tx, deleted)?;
        accounts::remove(tx, apart)
    });
    let reader = bed.store.reader().unwrap();
    for gone in [filed, kept_apart] {
        assert!(messages::find(&reader, gone).unwrap().is_none());
    }
    let found = maildrop::deleted_here(&reader, account).unwrap();
    assert_eq!(found.into_iter().collect::<Vec<_>>(), [deleted_key]);
}

#[test]
fn r20_a_name_belongs_to_one_message_at_a_time() {
    let bed = Bed::new();
    let (account, inbox, _) = maildrop_account(&bed);
    let (_, first) = came(&bed, inbox, "1", true);
    let (_, second) = came(&bed, inbox, "1", true);
    let (_, third) = came(&bed, inbox, "3", false);
    write(&bed, move |tx| {
        maildrop::leaving(tx, &[second])?;
        maildrop::left(tx, &[second])?;
        maildrop::rename(tx, account, third, Some(b"1"))
    });
    let reader = bed.store.reader().unwrap();
    let names = |key: SeenKey| {
        let all = maildrop::all(&reader, account).unwrap();
        let seen = all.into_iter().find(|seen| seen.key == key).unwrap();
        (
            seen.uidl.map(|uidl| String::from_utf8(uidl).unwrap()),
            seen.state,
        )
    };
    assert_eq!(names(first), (None, State::Here));
    assert_eq!(names(second), (None, State::Left));
    assert_eq!(names(third), (Some("1".to_owned()), State::Listed));
    // The server has it again.
    write(&bed, move |tx| {
        maildrop::rename(tx, account, second, Some(b"9"))
    });
    let reader = bed.store.reader().unwrap();
    let all = maildrop::all(&reader, account).unwrap();
    assert!(
        all.iter()
            .any(|s| s.key == second && s.state == State::Here)
    );
}

#[test]
fn r14_what_a_damaged_file_lost_is_not_taken_for_deleted() {
    let bed = Bed::new();
    let (account, inbox, _) = maildrop_account(&bed);
    let (lost, lost_key) = came(&bed, inbox, "a", true);
    let (torn, torn_key) = came(&bed, inbox, "b", true);
    let (deleted, deleted_key) = came(&bed, inbox, "c", true);
    let (_, whole_key) = came(&bed, inbox, "d", true);
    write(&bed, move |tx| messages::remove_local(tx, deleted));
    damage(
        &bed.store,
        &format!(
            "DROP TRIGGER pop3_seen_deleted; DELETE FROM message WHERE key = {};
             PRAGMA foreign_keys = OFF;
             INSERT INTO pop3_seen (account, uidl, head, state, since)
               VALUES (99, x'61', zeroblob(32), 'left', 0);
             DELETE FROM body WHERE blob = (SELECT c.blob FROM content c
               JOIN message m ON m.content = c.key WHERE m.key = {});",
            lost.0, torn.0
        ),
    );
    let folder = bed.folder;
    drop(bed.store);
    deface(&folder.path().join("mail.db"));
    let store = open(folder.path());
    let reader = store.reader().unwrap();
    let all = maildrop::all(&reader, account).unwrap();
    let found: Vec<(SeenKey, State)> = all.iter().map(|seen| (seen.key, seen.state)).collect();
    assert!(!found.iter().any(|(key, _)| *key == lost_key), "{found:?}");
    assert!(found.contains(&(torn_key, State::Listed)), "{found:?}");
    assert!(found.contains(&(whole_key, State::Here)), "{found:?}");
    let deleted = maildrop::deleted_here(&reader, account).unwrap();
    assert_eq!(deleted.into_iter().collect::<Vec<_>>(), [deleted_key]);
    let nobody = maildrop::all(&reader, AccountKey(99)).unwrap();
    assert!(nobody.is_empty(), "of an account that is lost: {nobody:?}");
}
