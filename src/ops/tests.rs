//! What a user does, against a store.

use crate::model::journal::Cause;
use crate::model::{FlagChange, Flags, Kept, MessageKey, PartPath};
use crate::ops::flags::{Undoable, change};
use crate::ops::index::{Anchor, Filter, Walk, Window, next_unread, ordinal, page};
use crate::ops::message::{PartBytes, part, raw, source};
use crate::ops::{accounts, folders, import, message, packed, queue};
use crate::store::tests::{Bed, arrived};
use crate::store::{Priority, contents, journal, undo, verdicts};

fn seen() -> FlagChange {
    FlagChange::add(Flags::of(Flags::SEEN))
}

fn unseen() -> FlagChange {
    FlagChange::remove(Flags::of(Flags::SEEN))
}

fn window(bed: &Bed, anchor: Anchor, filter: Filter) -> Window {
    Window {
        walk: Walk::of(bed.inbox, filter),
        reversed: false,
        anchor,
        before: 3,
        after: 4,
    }
}

fn keys(bed: &Bed, window: Window) -> (Vec<i64>, Option<usize>, bool, bool) {
    let page = page(&bed.store.reader().unwrap(), &window).unwrap();
    (
        page.rows.iter().map(|row| row.key.0).collect(),
        page.anchor,
        page.more_before,
        page.more_after,
    )
}

fn filled() -> (Bed, Vec<MessageKey>) {
    let bed = Bed::new();
    let keys = bed.insert((1..=20).map(|uid| arrived(uid, &uid.to_string())).collect());
    (bed, keys)
}

#[test]
fn a_window_is_anchored_on_its_row_and_the_next_one_takes_the_cursor() {
    let (bed, all) = filled();
    let at = |anchor| keys(&bed, window(&bed, anchor, Filter::All));
    assert_eq!(
        at(Anchor::Top),
        (vec![20, 19, 18, 17], Some(0), false, true)
    );
    let middle = (vec![13, 12, 11, 10, 9, 8, 7], Some(3), true, true);
    assert_eq!(at(Anchor::Message(all[9])), middle);
    assert_eq!(at(Anchor::Ordinal(10)), middle);
    let reader = bed.store.reader().unwrap();
    let place = crate::store::lists::place_of(&reader, all[9])
        .unwrap()
        .unwrap();
    assert_eq!(
        ordinal(&reader, &Walk::of(bed.inbox, Filter::All), false, place).unwrap(),
        10
    );
    let gone = all[9];
    bed.put(move |tx| crate::store::messages::remove_local(tx, gone));
    assert_eq!(
        at(Anchor::Place(place)),
        (vec![13, 12, 11, 9, 8, 7, 6], Some(3), true, true)
    );
    assert_eq!(at(Anchor::Message(all[0])).0, [4, 3, 2, 1]);
}

#[test]
fn unread_filter_next_unread_and_counts_agree() {
    let (bed, all) = filled();
    let mut read = all.clone();
    read.retain(|key| key.0 != 7 && key.0 != 3);
    change(&bed.store, read, seen(), Undoable::Yes)
        .wait()
        .unwrap();
    assert_eq!(
        keys(&bed, window(&bed, Anchor::Top, Filter::Unread)),
        (vec![7, 3], Some(0), false, false)
    );
    assert_eq!(
        keys(&bed, window(&bed, Anchor::NewestUnread, Filter::All)).1,
        Some(3)
    );
    let reader = bed.store.reader().unwrap();
    let inbox = Walk::of(bed.inbox, Filter::All);
    let first = next_unread(&reader, &inbox, super::index::Place::TOP).unwrap();
    assert_eq!(first.unwrap().key.0, 7);
    let second = next_unread(&reader, &inbox, first.unwrap()).unwrap();
    assert_eq!(second.unwrap().key.0, 3);
    let list = folders::list(&reader).unwrap();
    assert_eq!(
        (list[0].folders[0].total, list[0].folders[0].unread),
        (Some(20), Some(2))
    );
}

#[test]
fn an_opposite_change_cancels_what_has_not_been_sent() {
    let (bed, all) = filled();
    let reader = bed.store.reader().unwrap();
    let queued = || journal::all(&reader).unwrap().len();
    let outcome = change(&bed.store, all.clone(), seen(), Undoable::Yes)
        .wait()
        .unwrap();
    assert_eq!((outcome.changed.len(), queued()), (20, 20));
    let groups = queue::list(&reader).unwrap();
    assert_eq!((groups.len(), groups[0].messages.len()), (1, 20));
    let two = all[..2].to_vec();
    let flag = FlagChange::add(Flags::of(Flags::FLAGGED));
    change(&bed.store, two.clone(), flag, Undoable::Yes)
        .wait()
        .unwrap();
    assert_eq!(queued(), 20, "one message, one change");
    assert_eq!(bed.shown(all[0]), "\\Seen \\Flagged");
    change(&bed.store, all.clone(), unseen(), Undoable::No)
        .wait()
        .unwrap();
    assert_eq!(queued(), 2, "only the flag is left");
    assert_eq!(bed.shown(all[0]), "\\Flagged");
    // Once a change is under way, its opposite must be sent.
    let id = journal::all(&reader).unwrap()[0].id;
    bed.put(move |tx| journal::mark_in_flight(tx, &[id]));
    let back = FlagChange::remove(Flags::of(Flags::FLAGGED));
    change(&bed.store, two, back, Undoable::Yes).wait().unwrap();
    assert_eq!(queued(), 2);
    assert_eq!(bed.shown(all[0]), "");
    let latest = undo::latest(&reader, 9).unwrap().unwrap();
    assert_eq!((latest.word.as_str(), latest.messages.len()), ("flag", 2));
    assert_eq!(latest.messages[0].before.flags.to_string(), "\\Flagged");
}

#[test]
fn dropping_from_the_queue_shows_what_the_server_has_and_retry_sends_it_again() {
    let (bed, all) = filled();
    change(&bed.store, all.clone(), seen(), Undoable::Yes)
        .wait()
        .unwrap();
    let reader = bed.store.reader().unwrap();
    let id = queue::list(&reader).unwrap()[0].id;
    bed.put(move |tx| verdicts::fail(tx, id, "Mailbox is locked", Cause::Refused));
    assert_eq!(bed.shown(all[0]), "");
    let groups = queue::list(&reader).unwrap();
    assert_eq!(groups.len(), 2);
    let touched = queue::retry(&bed.store, queue::Which::Ids(vec![id]))
        .wait()
        .unwrap();
    assert_eq!(
        (touched.operations, bed.shown(all[0])),
        (1, "\\Seen".into())
    );
    let touched = queue::withdraw(&bed.store, queue::Which::All)
        .wait()
        .unwrap();
    assert_eq!((touched.operations, bed.shown(all[3])), (20, String::new()));
    assert!(queue::list(&reader).unwrap().is_empty());
}

const RAW: &[u8] = b"From: Zo\xc3\xab <zoe@example.org>\r\nMessage-ID: <raw@x>\r\nSubject: hi\r\n\
Date: Sat, 21 Nov 2026 08:02:00 +0000\r\nMIME-Version: 1.0\r\n\
Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nHello\r\n\
--b\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Disposition: attachment\r\n\r\nPDF\0\r\n\
--b--\r\n";

fn import(bed: &Bed, bytes: &[u8]) -> MessageKey {
    let (_, mailbox) = import::mailbox(&bed.store, "local", "INBOX", None)
        .wait()
        .unwrap();
    let raw = import::RawMessage {
        bytes: bytes.to_vec(),
        flags: Flags::none(),
        arrival: None,
    };
    import::messages(&bed.store, mailbox, vec![raw])
        .wait()
        .unwrap()[0]
}

#[test]
fn r21_an_imported_message_comes_back_byte_for_byte_and_part_by_part() {
    let bed = Bed::new();
    let key = import(&bed, RAW);
    let reader = bed.store.reader().unwrap();
    let source = source(&reader, key).unwrap();
    assert_eq!(source.content.kept, Kept::All);
    assert_eq!(source.content.envelope.message_id, "raw@x");
    assert_eq!(raw(&reader, source.content.key).unwrap().unwrap(), RAW);
    // Twice: the second time from the remembered places.
    for _ in 0..2 {
        for (path, bytes) in [("1", b"Hello".as_slice()), ("2", b"PDF\0"), ("", RAW)] {
            let path = PartPath::parse(path).unwrap();
            let got = part(&bed.store, &reader, &source.message, &path, u64::MAX).unwrap();
            let expected = PartBytes::Kept {
                bytes: bytes.to_vec(),
                whole: true,
            };
            assert_eq!(got, expected, "{path}");
        }
    }
    let path = PartPath::parse("3").unwrap();
    let got = part(&bed.store, &reader, &source.message, &path, 9).unwrap();
    assert_eq!(got, PartBytes::NoSuchPart);
}

#[test]
fn s7_nothing_of_a_removed_account_is_left_in_the_folder() {
    let bed = Bed::new();
    let canary =
        b"Subject: kanarienvogel\r\nMessage-ID: <k@x>\r\n\r\nkanarienvogel in the body\r\n";
    let key = import(&bed, canary);
    change(&bed.store, vec![key], seen(), Undoable::Yes)
        .wait()
        .unwrap();
    let reader = bed.store.reader().unwrap();
    let account = source(&reader, key).unwrap().account();
    drop(reader);
    accounts::remove(&bed.store, account).unwrap();
    drop(bed.store);
    let mut files = 0;
    for entry in std::fs::read_dir(bed.folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        files += 1;
        assert!(memchr::memmem::find(&bytes, b"kanarienvogel").is_none());
    }
    assert!(files > 0);
}

#[test]
fn what_is_read_first_of_a_large_message_needs_its_head_alone() {
    let large = |first: &str, second: &str| {
        format!(
            "Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n{first}\r\n--b\r\n\
             Content-Type: application/pdf\r\n\r\n{second}\r\n--b--\r\n"
        )
    };
    let line = "The path under the pines is dry again.\r\n";
    let (long, hidden) = (line.repeat(80_000), "begin 644 a\r\n#0V%T\r\n`\r\nend");
    let check = |whole: &str, wanted: Option<&str>| {
        let bed = Bed::new();
        let key = import(&bed, whole.as_bytes());
        let reader = bed.store.reader().unwrap();
        let content = source(&reader, key).unwrap().content;
        // As a server tells it: it knows nothing of files inside a text, and names each encoding.
        let mut told = content.structure.clone().unwrap();
        for part in &mut told.children {
            part.children.clear();
            part.encoding = "7bit".into();
        }
        bed.put(move |tx| contents::set_structure(tx, content.key, &told));
        let source = source(&reader, key).unwrap();
        let first = PartPath::root().child(1);
        let head = message::head(&reader, &source.content).unwrap();
        let seen = head.and_then(|head| head.part(&first, 7));
        assert_eq!(seen.as_deref(), wanted.map(str::as_bytes));
        // A look through the whole tells the same, is done once, and then the head is not needed.
        let part = || message::part(&bed.store, &reader, &source.message, &first, 7).unwrap();
        let PartBytes::Kept { bytes, .. } = part() else {
            panic!("{whole}")
        };
        assert!(wanted.is_none_or(|wanted| bytes == wanted.as_bytes()));
        assert_eq!(part(), part());
        bed.store.write(Priority::Bulk, |_| Ok(())).wait().unwrap();
        assert!(message::head(&reader, &source.content).unwrap().is_none());
    };
    check(&large("Opening words", &long), Some("Opening"));
    check(&large("Opening words", "short"), None);
    check(&large(&long, "behind"), None);
    check(&large(hidden, &long), None);
}

#[test]
fn what_lies_inside_a_message_in_base64_is_listed_and_read() {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    let inner = "Subject: In\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\nHello\n\
        --c\nContent-Type: text/csv; name=a.csv\n\n1,2\n--c--\n";
    let whole = format!(
        "Subject: Out\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b\n\
         Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n{}\n--b--\n",
        STANDARD.encode(inner)
    );
    let bed = Bed::new();
    let key = import(&bed, whole.as_bytes());
    let reader = bed.store.reader().unwrap();
    let source = source(&reader, key).unwrap();
    let tree = packed::tree(&bed.store, &reader, &source).unwrap().unwrap();
    let names: Vec<String> = tree
        .walk()
        .iter()
        .map(|part| format!("{} {}", part.path, part.media_type()))
        .collect();
    assert_eq!(
        names,
        [
            " multipart/mixed",
            "1 text/plain",
            "2 message/rfc822",
            "2 multipart/mixed",
            "2.1 text/plain",
            "2.2 text/csv"
        ]
    );
    let read = |path: &str| {
        let path = PartPath::parse(path).unwrap();
        let found = packed::content(&bed.store, &reader, &source, &path).unwrap();
        found.map(|(part, bytes)| (part.filename, String::from_utf8(bytes).unwrap()))
    };
    assert_eq!(read("2.2"), Some(("a.csv".into(), "1,2".into())));
    assert_eq!(read("2.3"), None);
    assert_eq!(read("1.1"), None);
}

mod index;
mod local;
mod mutes;
mod order;
mod threads;
mod triage;
