//! Windows over several mailboxes, and over lists of keys, against lists made by hand.

use std::collections::BTreeSet;

use crate::model::{FlagChange, Flags, List, MailboxKey, MessageKey, Order, Role, View};
use crate::ops::flags::{Undoable, change};
use crate::ops::index::{
    Anchor, Filter, IndexPage, KeyAnchor, Place, Walk, Window, next_unread, ordinal, page,
    page_of_keys, walk,
};
use crate::store::accounts::{AccountKind, ensure};
use crate::store::mailboxes::{Epoch, Listed, record_list};
use crate::store::messages::{insert, insert_local, remove_local};
use crate::store::tests::{Bed, arrived, line};
use crate::store::{Reader, counts, mailboxes};

/// Two accounts with an INBOX each, a Trash, and a list; mail that came to all of them by turns.
struct Post {
    bed: Bed,
    inboxes: [MailboxKey; 2],
    trash: MailboxKey,
    list: MailboxKey,
    /// Where each message is and when it came, newest first.
    all: Vec<(MailboxKey, Place)>,
}

impl Post {
    fn new(count: u32) -> Self {
        let bed = Bed::new();
        let (work, first) = (bed.account, bed.inbox);
        let (inboxes, trash, list, mut all) = bed.put(move |tx| {
            let with = |name: &str, role| Listed {
                role: Some(role),
                ..line(name)
            };
            let inbox = || with("INBOX", Role::Inbox);
            let bin = with("Bin", Role::Trash);
            let made = record_list(tx, work, &[inbox(), bin, line("Trips")])?;
            let home = ensure(tx, "home", AccountKind::Imap)?;
            let second = record_list(tx, home, &[inbox()])?.new[0];
            let (trash, list) = (made.new[0], made.new[1]);
            let places = [first, second, trash, first, list, second, second];
            let mut all = Vec::new();
            for n in 1..=count {
                let mailbox = places[n as usize % places.len()];
                // Some came in the same second.
                let mail = arrived(n / 3, &n.to_string());
                let (key, _) = insert_local(tx, mailbox, &mail)?;
                let arrival = mail.arrival;
                all.push((mailbox, Place { arrival, key }));
            }
            Ok(([first, second], trash, list, all))
        });
        all.sort_by_key(|(_, place)| std::cmp::Reverse(*place));
        Self {
            bed,
            inboxes,
            trash,
            list,
            all,
        }
    }

    fn reader(&self) -> Reader {
        self.bed.store.reader().unwrap()
    }

    fn walk(&self, list: &List) -> Walk {
        let reader = self.reader();
        let accounts = crate::store::accounts::all(&reader).unwrap();
        let keys: Vec<_> = accounts.iter().map(|one| one.key).collect();
        walk(&reader, &View::of(list.clone()), &keys).unwrap()
    }

    fn of(&self, mailboxes: &[MailboxKey]) -> Vec<Place> {
        let all = self.all.iter();
        let of = all.filter(|(mailbox, _)| mailboxes.contains(mailbox));
        of.map(|(_, place)| *place).collect()
    }

    fn mark(&self, keys: Vec<MessageKey>, bit: u8) {
        let change_to = FlagChange::add(Flags::of(bit));
        change(&self.bed.store, keys, change_to, Undoable::Yes)
            .wait()
            .unwrap();
    }
}

fn places(page: &IndexPage) -> Vec<Place> {
    page.rows.iter().map(|row| row.place()).collect()
}

#[test]
fn a_window_over_several_mailboxes_is_that_of_one_list() {
    let post = Post::new(120);
    let reader = post.reader();
    let walk = post.walk(&List::Inboxes);
    assert_eq!(walk.mailboxes, post.inboxes);
    let mut wanted = post.of(&post.inboxes);
    for reversed in [false, true] {
        for at in 0..wanted.len() {
            let number = u64::try_from(at).unwrap();
            for anchor in [Anchor::Place(wanted[at]), Anchor::Ordinal(number)] {
                let window = Window {
                    walk: walk.clone(),
                    reversed,
                    anchor,
                    before: 5,
                    after: 9,
                };
                let found = page(&reader, &window).unwrap();
                let (first, end) = (at.saturating_sub(5), (at + 9).min(wanted.len()));
                assert_eq!(places(&found), wanted[first..end], "{anchor:?}");
                assert_eq!(found.anchor, Some(at - first));
                assert_eq!(found.more_before, first > 0);
                assert_eq!(found.more_after, end < wanted.len());
                assert_eq!(found.total, wanted.len() as u64);
            }
            let counted = ordinal(&reader, &walk, reversed, wanted[at]).unwrap();
            assert_eq!(counted, number);
        }
        let window = Window {
            walk: walk.clone(),
            reversed,
            anchor: Anchor::End,
            before: 4,
            after: 1,
        };
        let found = page(&reader, &window).unwrap();
        assert_eq!(places(&found), wanted[wanted.len() - 4..]);
        assert!(!found.more_after && found.more_before);
        wanted.reverse();
    }
}

#[test]
fn each_row_of_a_merged_list_knows_its_mailbox() {
    let post = Post::new(40);
    let window = Window {
        walk: post.walk(&List::All),
        reversed: false,
        anchor: Anchor::Top,
        before: 0,
        after: 100,
    };
    let found = page(&post.reader(), &window).unwrap();
    let shown = found
        .rows
        .iter()
        .map(|row| (row.mailbox.unwrap(), row.place()));
    let shown: Vec<_> = shown.collect();
    let mut wanted = post.all.clone();
    wanted.retain(|(mailbox, _)| *mailbox != post.trash);
    assert_eq!(shown, wanted);
}

#[test]
fn all_unread_and_all_flagged_leave_trash_out_and_their_counts_are_kept() {
    let post = Post::new(90);
    let here = post.of(&[post.inboxes[0], post.inboxes[1], post.list]);
    let some = |step: usize| here.iter().step_by(step).map(|place| place.key).collect();
    post.mark(some(2), Flags::SEEN);
    post.mark(some(5), Flags::FLAGGED);
    let trash = post.of(&[post.trash]);
    post.mark(
        trash.iter().map(|place| place.key).collect(),
        Flags::FLAGGED,
    );
    let reader = post.reader();
    let all = |filter: &List| {
        let window = Window {
            walk: post.walk(filter),
            reversed: false,
            anchor: Anchor::Top,
            before: 0,
            after: 200,
        };
        page(&reader, &window).unwrap()
    };
    let unread = all(&List::Unread);
    let wanted: Vec<_> = here.iter().skip(1).step_by(2).copied().collect();
    assert_eq!(places(&unread), wanted);
    assert_eq!((unread.total, unread.unread), (45 - 7, 45 - 7));
    let flagged = all(&List::Flagged);
    let wanted: Vec<_> = here.iter().step_by(5).copied().collect();
    assert_eq!((places(&flagged), flagged.total), (wanted.clone(), 16));
    // The first one that is not read among the flagged ones is the second of them.
    let walk = post.walk(&List::Flagged);
    let next = next_unread(&reader, &walk, Place::TOP).unwrap();
    assert_eq!(next, Some(wanted[1]));
    let all_mailboxes = mailboxes::all(&reader, post.bed.account).unwrap();
    for one in all_mailboxes {
        let counted = counts::recount(&reader, one.key).unwrap();
        assert_eq!((one.total, one.unread, one.flagged), counted);
    }
}

#[test]
fn what_a_server_lists_again_as_important_or_starred_is_in_a_list_of_all_mail_once() {
    let bed = Bed::new();
    let work = bed.account;
    let inbox = bed.inbox;
    let (keys, again) = bed.put(move |tx| {
        let mut lines = vec![line("INBOX"), line("Trips")];
        for (name, attribute) in [
            ("[Gmail]/Important", "\\Important"),
            ("[Gmail]/Starred", "\\Flagged"),
            ("[Gmail]/All Mail", "\\All"),
        ] {
            lines.push(Listed {
                role: Role::of_attribute(attribute),
                ..line(name)
            });
        }
        let made = record_list(tx, work, &lines)?.new;
        let mut mail = arrived(1, "one");
        mail.flags = Flags::of(Flags::FLAGGED);
        let mut keys = vec![insert_local(tx, inbox, &mail)?.0];
        keys.push(insert_local(tx, made[0], &arrived(2, "two"))?.0);
        for mailbox in &made[1..] {
            insert_local(tx, *mailbox, &mail)?;
        }
        Ok((keys, made))
    });
    assert_eq!(again.len(), 4);
    let reader = bed.store.reader().unwrap();
    let check = |list: List, wanted: &[MessageKey]| {
        let walk = walk(&reader, &View::of(list.clone()), &[work]).unwrap();
        let window = Window {
            walk,
            reversed: true,
            anchor: Anchor::Top,
            before: 0,
            after: 100,
        };
        let page = page(&reader, &window).unwrap();
        let found: Vec<MessageKey> = page.rows.iter().map(|row| row.key).collect();
        assert_eq!(found, wanted, "{list:?}");
        assert_eq!(page.total, wanted.len() as u64, "{list:?}");
    };
    check(List::Unread, &keys);
    check(List::Flagged, &keys[..1]);
    check(List::All, &keys);
}

#[test]
fn what_was_archived_and_is_on_the_list_of_all_mail_alone_is_in_all_unread_and_all_flagged() {
    let bed = Bed::new();
    let (work, inbox) = (bed.account, bed.inbox);
    let one = |uid: u32, flags: u8| {
        let mut mail = arrived(uid, &format!("m{uid}"));
        mail.remote_id = Some(format!("gmail:{uid}"));
        mail.flags = Flags::of(flags);
        let envelope = mail.envelope.as_mut().unwrap();
        // All of it is one conversation.
        envelope.references = vec!["root".to_owned()];
        mail
    };
    let (archive, trash, come) = bed.put(move |tx| {
        let listed = |name, role| Listed {
            role: Some(role),
            ..line(name)
        };
        let lines = [
            listed("INBOX", Role::Inbox),
            listed("[Gmail]/All Mail", Role::All),
            listed("[Gmail]/Trash", Role::Trash),
        ];
        let made = record_list(tx, work, &lines)?.new;
        let there = [
            one(1, 0),
            one(2, Flags::SEEN),
            one(3, Flags::SEEN | Flags::FLAGGED),
            one(4, 0),
        ];
        let come = insert(tx, inbox, Epoch(1), &[one(4, 0), one(5, Flags::FLAGGED)])?;
        let archived = insert(tx, made[0], Epoch(1), &there)?;
        Ok((made[0], made[1], [archived, come].concat()))
    });
    let [first, read, flagged, _, new, other] = come[..] else {
        panic!("{come:?}");
    };
    let shows = |list: &List| {
        let reader = bed.store.reader().unwrap();
        let walk = walk(&reader, &View::of(list.clone()), &[work]).unwrap();
        assert_eq!(
            (&walk.mailboxes, &walk.alone),
            (&vec![inbox], &vec![archive])
        );
        let window = Window {
            walk: walk.clone(),
            reversed: true,
            anchor: Anchor::Top,
            before: 0,
            after: 100,
        };
        let page = page(&reader, &window).unwrap();
        assert_eq!(page.total, page.rows.len() as u64);
        let thread = page.rows[0].thread;
        let of_thread = crate::ops::threads::keys(&reader, &walk, thread).unwrap();
        (
            page.rows.iter().map(|row| row.key).collect::<Vec<_>>(),
            of_thread.into_iter().collect::<BTreeSet<_>>(),
        )
    };
    // A command on the conversation is for each message once.
    let all = BTreeSet::from([first, read, flagged, new, other]);
    assert_eq!(shows(&List::Unread), (vec![first, new, other], all.clone()));
    assert_eq!(shows(&List::Flagged), (vec![flagged, other], all));
    // Filed in the trash it leaves both lists; filed in the list of all mail it stays, once.
    let file = |key, to| {
        let wish = crate::ops::triage::Wish::Move(crate::ops::triage::Target::Mailbox(to));
        crate::ops::triage::act(&bed.store, vec![key], wish)
            .wait()
            .unwrap();
    };
    file(first, trash);
    assert_eq!(shows(&List::Unread).0, [new, other]);
    file(other, archive);
    assert_eq!(shows(&List::Unread).0, [new, other]);
    file(new, archive);
    assert_eq!(shows(&List::Unread).0.len(), 2);
    let reader = bed.store.reader().unwrap();
    let row = mailboxes::get(&reader, archive).unwrap();
    assert_eq!((row.alone.unread, row.alone.flagged), (2, 2));
}

#[test]
fn turns_tell_of_every_message_that_leaves_or_is_filed_and_of_no_other() {
    let post = Post::new(20);
    let turns = || {
        let reader = post.reader();
        let of = |key| mailboxes::get(&reader, key).unwrap().turns;
        (of(post.inboxes[0]), of(post.list))
    };
    assert_eq!(turns(), (0, 0));
    let key = post.of(&[post.inboxes[0]])[0].key;
    post.mark(vec![key], Flags::FLAGGED);
    assert_eq!(turns(), (0, 0));
    let target = crate::ops::triage::Target::Mailbox(post.list);
    let wish = crate::ops::triage::Wish::Move(target);
    crate::ops::triage::act(&post.bed.store, vec![key], wish)
        .wait()
        .unwrap();
    assert_eq!(turns(), (1, 1));
    post.bed.put(move |tx| remove_local(tx, key));
    assert_eq!(turns(), (1, 2));
}

#[test]
fn a_list_of_keys_keeps_its_order_and_passes_over_what_has_gone() {
    let post = Post::new(60);
    let reader = post.reader();
    let mut keys: Vec<_> = post.of(&post.inboxes).iter().map(|one| one.key).collect();
    keys.sort_by_key(|key| (key.0 % 7, key.0));
    let gone = keys[10];
    post.bed.put(move |tx| remove_local(tx, gone));
    let within: BTreeSet<_> = post.inboxes.into_iter().collect();
    let window = |at, before, after| {
        let (page, first) = page_of_keys(&reader, &keys, &within, at, before, after).unwrap();
        let shown: Vec<_> = page.rows.iter().map(|row| row.key).collect();
        (shown, page.anchor, first)
    };
    let top = (keys[..4].to_vec(), Some(0), 0);
    assert_eq!(window(KeyAnchor::Top, 0, 4), top);
    let around = ([&keys[7..10], &keys[11..14]].concat(), Some(2), 7);
    assert_eq!(window(KeyAnchor::Message(keys[9], 0), 2, 4), around);
    // What is gone gives its place to the next.
    let next = ([&keys[8..10], &keys[11..13]].concat(), Some(2), 8);
    assert_eq!(window(KeyAnchor::Message(gone, 10), 2, 2), next);
    assert_eq!(window(KeyAnchor::Message(MessageKey(999), 10), 2, 2), next);
    let last = keys.len() - 3;
    let end = (keys[last..].to_vec(), Some(2), last as u64);
    assert_eq!(window(KeyAnchor::End, 2, 1), end);
    // What is filed elsewhere is of another list.
    let none = BTreeSet::from([post.trash]);
    let (page, _) = page_of_keys(&reader, &keys, &none, KeyAnchor::Top, 0, 4).unwrap();
    assert_eq!((page.rows.len(), page.anchor), (0, None));
}

#[test]
fn a_view_says_which_of_its_messages_it_shows() {
    let view = View::mailbox(MailboxKey(3));
    assert!(view.is_newest_first());
    assert_eq!(view.shown(), Filter::All);
    assert_eq!(View::of(List::Unread).shown(), Filter::Unread);
    assert_eq!(View::of(List::Flagged).shown(), Filter::Flagged);
    let by_size = View {
        order: Order::Size,
        ..view
    };
    assert!(!by_size.is_newest_first());
}
