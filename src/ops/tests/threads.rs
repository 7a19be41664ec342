//! Windows over conversations.

use crate::model::{Flags, MailboxKey, MessageKey, ThreadKey};
use crate::ops::index::{Filter, Walk};
use crate::ops::threads::{Anchor, Folds, ThreadPage, Window, keys, page, whole};
use crate::store::bodies::BodyWriter;
use crate::store::mailboxes::{self, Epoch, Listed};
use crate::store::messages::{self, Arrived};
use crate::store::tests::threads::answer;
use crate::store::tests::{Bed, NOW, arrived, damage, line};
use crate::store::{Priority, Reader, bodies, contents, threads};

fn folder(bed: &Bed, name: &str, role: Option<crate::model::Role>) -> MailboxKey {
    let account = bed.account;
    let listed = Listed { role, ..line(name) };
    bed.put(move |tx| {
        let mut all: Vec<Listed> = mailboxes::all(tx, account)?
            .into_iter()
            .map(|one| Listed {
                role: one.role,
                ..line(&one.name.unwrap_or_default())
            })
            .collect();
        all.push(listed);
        Ok(mailboxes::record_list(tx, account, &all)?.new[0])
    })
}

fn put_into(bed: &Bed, mailbox: MailboxKey, arrived: Vec<Arrived>) -> Vec<MessageKey> {
    bed.put(move |tx| messages::insert(tx, mailbox, Epoch(1), &arrived))
}

fn read(
    reader: &Reader,
    mailboxes: &[MailboxKey],
    folds: &Folds,
    anchor: Anchor,
    around: (usize, usize),
) -> ThreadPage {
    let window = Window {
        mailboxes,
        folds,
        reverse: false,
        anchor,
        before: around.0,
        after: around.1,
    };
    page(reader, &window).unwrap()
}

/// Rows as an index draws them: tree, hidden and unread, subject where it changed.
fn drawn(page: &ThreadPage) -> Vec<String> {
    page.rows
        .iter()
        .map(|row| {
            let tree = &row.tree;
            let mut text = tree.drawing();
            if tree.folded {
                text.push_str(&format!("+{} N{} ", tree.hidden, tree.unread));
            }
            if tree.foreign {
                text.push('(');
            }
            text.push_str(row.row.subject.trim_start_matches("About "));
            text
        })
        .collect()
}

fn open() -> Folds {
    Folds {
        open: true,
        ..Folds::default()
    }
}

#[test]
fn folded_rows_tell_what_they_hide_and_unfolded_ones_show_mail_of_other_mailboxes() {
    let bed = Bed::new();
    let sent = folder(&bed, "Sent", Some(crate::model::Role::Sent));
    let trash = folder(&bed, "Trash", Some(crate::model::Role::Trash));
    let mut seen = answer(3, "c", &["a", "b"]);
    seen.flags = Flags::of(Flags::SEEN);
    bed.insert(vec![
        answer(1, "a", &[]),
        seen,
        answer(9, "z", &[]),
        answer(4, "d", &["a"]),
    ]);
    put_into(&bed, sent, vec![answer(2, "b", &["a"])]);
    put_into(&bed, trash, vec![answer(5, "t", &["a"])]);
    let reader = bed.store.reader().unwrap();
    let folded = read(
        &reader,
        &[bed.inbox],
        &Folds::default(),
        Anchor::Top,
        (0, 9),
    );
    assert_eq!(drawn(&folded), ["z", "+3 N2 a"]);
    let unfolded = read(&reader, &[bed.inbox], &open(), Anchor::Top, (0, 9));
    assert_eq!(drawn(&unfolded), ["z", "a", "├─(b", "│ └─c", "└─d"]);
    let there = read(&reader, &[trash], &open(), Anchor::Top, (0, 9));
    assert_eq!(
        drawn(&there).last().unwrap(),
        "└─t",
        "what is listed is not foreign"
    );
    // A command on the folded row is for the mailbox's own messages.
    let thread = folded.rows[1].row.thread;
    let inbox = Walk::of(bed.inbox, Filter::All);
    assert_eq!(keys(&reader, &inbox, thread).unwrap().len(), 3);
    assert_eq!(
        drawn(&ThreadPage {
            rows: whole(&reader, &[bed.inbox], thread).unwrap(),
            ..ThreadPage::default()
        })
        .len(),
        4
    );
}

#[test]
fn a_thread_begun_by_own_mail_is_folded_behind_its_first_message_here() {
    let bed = Bed::new();
    let sent = folder(&bed, "Sent", Some(crate::model::Role::Sent));
    put_into(&bed, sent, vec![answer(1, "mine", &[])]);
    bed.insert(vec![answer(2, "theirs", &["mine"])]);
    let reader = bed.store.reader().unwrap();
    let folded = read(
        &reader,
        &[bed.inbox],
        &Folds::default(),
        Anchor::Top,
        (0, 9),
    );
    assert_eq!(drawn(&folded), ["+1 N1 theirs"]);
    let unfolded = read(&reader, &[bed.inbox], &open(), Anchor::Top, (0, 9));
    assert_eq!(drawn(&unfolded), ["(mine", "└─theirs"]);
}

#[test]
fn copies_of_one_message_share_a_row() {
    let bed = Bed::new();
    let lists = folder(&bed, "Lists", None);
    let shared = |uid| Arrived {
        remote_id: Some("M1".into()),
        ..answer(uid, "a", &[])
    };
    bed.insert(vec![shared(1)]);
    put_into(&bed, lists, vec![shared(1), answer(2, "b", &["a"])]);
    // The same bytes, without a word of the server.
    let twins = bed.insert(vec![answer(5, "b", &["a"])]);
    let reader = bed.store.reader().unwrap();
    let unfolded =
        |reader: &Reader| drawn(&read(reader, &[bed.inbox], &open(), Anchor::Top, (0, 9)));
    assert_eq!(unfolded(&reader), ["a", "├─(b", "└─b"]);
    let thread = threads::of_message(&reader, twins[0]).unwrap().unwrap();
    let contents: Vec<_> = threads::members(&reader, thread)
        .unwrap()
        .into_iter()
        .map(|one| one.content)
        .filter(|content| {
            contents::get(&reader, *content)
                .unwrap()
                .envelope
                .message_id
                == "b"
        })
        .collect();
    for content in contents {
        let piece = BodyWriter::whole(content, "", b"Message-ID: <b>\r\n\r\nhere\r\n");
        bed.put(move |tx| bodies::store(tx, &piece));
    }
    assert_eq!(unfolded(&reader), ["a", "└─b"]);
    // Two messages, each twice in these mailboxes: counted once, and a command is for each copy.
    let both = [bed.inbox, lists];
    let folded = |reader: &Reader| read(reader, &both, &Folds::default(), Anchor::Top, (0, 9));
    assert_eq!(drawn(&folded(&reader)), ["+1 N2 a"]);
    assert_eq!(folded(&reader).rows[0].tree.behind.len(), 4);
    bed.flag(
        twins[0],
        crate::model::FlagChange::add(Flags::of(Flags::SEEN)),
    );
    // Its copy is not read.
    assert_eq!(drawn(&folded(&reader)), ["+1 N2 a"]);
    let here = read(
        &reader,
        &[bed.inbox],
        &Folds::default(),
        Anchor::Top,
        (0, 9),
    );
    assert_eq!(drawn(&here), ["+1 N1 a"]);
}

#[test]
fn windows_of_any_size_are_pieces_of_one_list() {
    let bed = Bed::new();
    let lists = folder(&bed, "Lists", None);
    let many = |from: u32| -> Vec<Arrived> {
        (from..from + 60)
            .map(|uid| match uid % 7 {
                0 | 1 => answer(uid, &format!("m{uid}"), &[]),
                2 => Arrived {
                    envelope: None,
                    ..arrived(uid, "")
                },
                n => answer(uid, &format!("m{uid}"), &[&format!("m{}", uid - n)]),
            })
            .collect()
    };
    bed.insert(many(7));
    put_into(&bed, lists, many(35));
    let reader = bed.store.reader().unwrap();
    let both = [bed.inbox, lists];
    let some_open = |all: &ThreadPage| {
        let mut folds = Folds::default();
        for row in all.rows.iter().step_by(3) {
            folds.set(row.row.thread, true);
        }
        folds
    };
    let folded = read(&reader, &both, &Folds::default(), Anchor::Top, (0, 500));
    for folds in [Folds::default(), open(), some_open(&folded)] {
        let all = read(&reader, &both, &folds, Anchor::Top, (0, 500));
        assert!(!all.more_after && !all.more_before);
        for (before, after) in [(0, 1), (2, 3), (7, 20)] {
            for (at, row) in all.rows.iter().enumerate() {
                let anchor = Anchor::Message(row.row.key, Some(row.turn));
                let piece = read(&reader, &both, &folds, anchor, (before, after));
                let from = at.saturating_sub(before);
                let to = (at + after).min(all.rows.len());
                let keys = |rows: &[crate::ops::threads::ThreadRow]| -> Vec<MessageKey> {
                    rows.iter().map(|row| row.row.key).collect()
                };
                assert_eq!(
                    keys(&piece.rows),
                    keys(&all.rows[from..to]),
                    "{at} {before} {after}"
                );
                assert_eq!(piece.anchor, Some(at - from));
                assert_eq!(piece.more_before, from > 0);
                assert_eq!(piece.more_after, to < all.rows.len());
            }
        }
        let end = read(&reader, &both, &folds, Anchor::End, (500, 1));
        assert_eq!(drawn(&end), drawn(&all));
        // From the oldest on, each conversation still from its head down.
        let window = Window {
            mailboxes: &both,
            folds: &folds,
            reverse: true,
            anchor: Anchor::Top,
            before: 0,
            after: 500,
        };
        let turned = page(&reader, &window).unwrap();
        assert_eq!(turned.rows.len(), all.rows.len());
        let turns: Vec<i64> = turned.rows.iter().map(|row| row.turn.newest).collect();
        assert!(turns.is_sorted());
        assert_eq!(turned.rows[0].tree.depth, 0);
    }
}

#[test]
fn the_window_stays_on_its_message_when_mail_comes_and_threads_join() {
    let bed = Bed::new();
    bed.insert(
        (1..40)
            .map(|uid| answer(uid, &format!("m{uid}"), &[]))
            .collect(),
    );
    let keys = bed.insert(vec![answer(41, "a", &["x"]), answer(42, "b", &["a"])]);
    bed.insert(
        (43..80)
            .map(|uid| answer(uid, &format!("m{uid}"), &[]))
            .collect(),
    );
    let other = bed.insert(vec![
        answer(81, "c", &["y"]),
        answer(82, "d", &["c"]),
        answer(83, "e", &["c"]),
    ]);
    let reader = bed.store.reader().unwrap();
    let of = |key: MessageKey| threads::of_message(&reader, key).unwrap().unwrap();
    let mut folds = Folds::default();
    folds.set(of(keys[0]), true);
    let at = |folds: &Folds, key: MessageKey| {
        let found = read(
            &reader,
            &[bed.inbox],
            folds,
            Anchor::Message(key, None),
            (5, 5),
        );
        let anchor = found.anchor.unwrap();
        (found.rows[anchor].row.key, found.rows[anchor].tree.folded)
    };
    assert_eq!(at(&folds, keys[1]), (keys[1], false));
    // The other thread is the larger one: this one joins it, and stays open.
    bed.insert(vec![answer(84, "x", &["y"])]);
    assert_eq!(of(keys[1]), of(other[0]));
    assert_eq!(at(&folds, keys[1]), (keys[1], false));
    // A message that is gone leaves the cursor in its conversation; a folded one shows its head.
    let turn = threads::turn_of(&reader, &[bed.inbox], keys[1]).unwrap();
    let gone = keys[1];
    bed.put(move |tx| messages::remove_local(tx, gone));
    let found = read(
        &reader,
        &[bed.inbox],
        &folds,
        Anchor::Message(gone, turn),
        (5, 5),
    );
    assert_eq!(found.rows[found.anchor.unwrap()].row.thread, of(other[0]));
    assert!(at(&Folds::default(), keys[0]).1);
}

#[test]
fn a_conversation_of_an_older_store_is_read_from_its_envelopes() {
    let bed = Bed::new();
    bed.insert(vec![
        answer(1, "a", &[]),
        answer(2, "b", &["a"]),
        answer(3, "c", &["a", "b"]),
    ]);
    damage(&bed.store, "DELETE FROM lineage");
    let reader = bed.store.reader().unwrap();
    let found = read(&reader, &[bed.inbox], &open(), Anchor::Top, (0, 9));
    assert_eq!(drawn(&found), ["a", "└─b", "  └─c"]);
    assert_eq!(found.unknown.len(), 3);
    crate::ops::threads::learn(&bed.store, found.unknown);
    // Behind it in its queue.
    bed.store.write(Priority::Bulk, |_| Ok(())).wait().unwrap();
    let found = read(&reader, &[bed.inbox], &open(), Anchor::Top, (0, 9));
    assert_eq!((drawn(&found).len(), found.unknown.len()), (3, 0));
}

#[test]
fn a_reply_that_keeps_its_subject_is_told_from_one_that_changes_it() {
    let bed = Bed::new();
    let named = |uid, id: &str, above: &[&str], subject: &str| {
        let mut one = answer(uid, id, above);
        one.envelope.as_mut().unwrap().subject = subject.into();
        one
    };
    bed.insert(vec![
        named(1, "a", &[], "Lifetimes"),
        named(2, "b", &["a"], "Re: Lifetimes"),
        named(3, "c", &["a", "b"], "Boxing (was: Lifetimes)"),
    ]);
    let reader = bed.store.reader().unwrap();
    let found = read(&reader, &[bed.inbox], &open(), Anchor::Top, (0, 9));
    let same: Vec<bool> = found.rows.iter().map(|row| row.tree.same_subject).collect();
    assert_eq!(same, [false, true, false]);
    assert!(
        found
            .rows
            .iter()
            .all(|row| row.turn.newest == NOW - 100_000 + 30)
    );
}

#[test]
fn folds_know_what_is_open() {
    let (one, other) = (ThreadKey(1), ThreadKey(2));
    let mut folds = Folds::default();
    assert!(!folds.is_open(one));
    assert!(folds.set(one, true) && folds.is_open(one) && !folds.is_open(other));
    assert!(!folds.set(one, true) && folds.set(one, false) && !folds.is_open(one));
    folds = open();
    assert!(folds.is_open(one) && folds.set(one, false) && !folds.is_open(one));
}
