//! Orders against lists that are made by hand, also when mail comes, leaves and changes meanwhile.

use std::cell::Cell;
use std::collections::BTreeMap;

use crate::model::{Address, Envelope, FlagChange, Flags, List, MailboxKey, MessageKey, Order};
use crate::ops::flags::{Undoable, change};
use crate::ops::index::{Filter, Walk};
use crate::ops::order::{SortError, Sorted, Wanted, keep, orders, sort};
use crate::ops::triage::{Target, Wish, act};
use crate::store::mailboxes::record_list;
use crate::store::messages::{Arrived, insert_local, remove_local};
use crate::store::tests::{Bed, arrived, line};

const WORDS: [&str; 5] = ["apples", "Birches", "[list] cedars", "Re: apples", "ümlaut"];
const PEOPLE: [&str; 4] = ["Zoë", "adam", "Eve", ""];

fn mail(n: u32) -> Arrived {
    let pick = |all: &[&str]| all[(n as usize * 7) % all.len()].to_owned();
    Arrived {
        size: u64::from(n * 37 % 11) * 100,
        envelope: Some(Envelope {
            subject: pick(&WORDS),
            date: (!n.is_multiple_of(5)).then(|| i64::from(n * 53 % 17)),
            message_id: format!("m{n}"),
            from: vec![Address {
                name: pick(&PEOPLE),
                address: format!("p{}@example.org", n % 3),
            }],
            ..Envelope::default()
        }),
        ..arrived(n / 2, &n.to_string())
    }
}

struct Post {
    bed: Bed,
    trips: MailboxKey,
    /// Every message that is there: where, its number and arrival.
    there: BTreeMap<MessageKey, (MailboxKey, u32)>,
    next: u32,
}

impl Post {
    fn new() -> Self {
        let bed = Bed::new();
        let account = bed.account;
        let trips = bed.put(move |tx| {
            let made = record_list(tx, account, &[line("INBOX"), line("Trips")])?;
            Ok(made.new[0])
        });
        let mut post = Self {
            bed,
            trips,
            there: BTreeMap::new(),
            next: 1,
        };
        post.comes(40);
        post
    }

    fn comes(&mut self, count: u32) {
        let (inbox, trips, first) = (self.bed.inbox, self.trips, self.next);
        let made = self.bed.put(move |tx| {
            let mut made = Vec::new();
            for n in first..first + count {
                let mailbox = if n % 4 == 0 { trips } else { inbox };
                made.push((insert_local(tx, mailbox, &mail(n))?.0, (mailbox, n)));
            }
            Ok(made)
        });
        self.next += count;
        self.there.extend(made);
    }

    fn leaves(&mut self, key: MessageKey) {
        self.bed.put(move |tx| remove_local(tx, key));
        self.there.remove(&key);
    }

    fn files(&mut self, key: MessageKey, to: MailboxKey) {
        act(&self.bed.store, vec![key], Wish::Move(Target::Mailbox(to)))
            .wait()
            .unwrap();
        self.there.get_mut(&key).unwrap().0 = to;
    }

    /// The order by a slow and plain way.
    fn plain(&self, wanted: &Wanted) -> Vec<MessageKey> {
        let mut all: Vec<(String, i64, i64, MessageKey)> = Vec::new();
        for (key, (mailbox, n)) in &self.there {
            if !wanted.walk.mailboxes.contains(mailbox) {
                continue;
            }
            let mail = mail(*n);
            let envelope = mail.envelope.unwrap();
            let bare = |text: &str| {
                let text = text
                    .trim_start_matches("Re: ")
                    .trim_start_matches("[list] ");
                text.to_lowercase()
            };
            let from = &envelope.from[0];
            let (text, number) = match wanted.order {
                Order::Arrival | Order::Thread => (String::new(), mail.arrival),
                Order::Date => (String::new(), envelope.date.unwrap_or(mail.arrival)),
                Order::Size => (String::new(), mail.size as i64),
                Order::From if from.name.is_empty() => (from.address.clone(), 0),
                Order::From => (from.name.to_lowercase(), 0),
                Order::Subject => (bare(&envelope.subject), 0),
            };
            all.push((text, -number, -mail.arrival, MessageKey(-key.0)));
        }
        all.sort();
        let mut keys: Vec<_> = all.into_iter().map(|one| MessageKey(-one.3.0)).collect();
        if wanted.reversed {
            keys.reverse();
        }
        keys
    }

    fn wanted(&self, order: Order, reversed: bool, both: bool) -> Wanted {
        let mut walk = Walk::of(self.bed.inbox, Filter::All);
        if both {
            walk.mailboxes.push(self.trips);
        }
        Wanted {
            walk,
            only: None,
            order,
            reversed,
        }
    }

    fn sort(&self, wanted: &Wanted) -> Sorted {
        sort(&self.bed.store.reader().unwrap(), wanted, &|| true).unwrap()
    }

    fn renewed(&self, sorted: &Sorted, wanted: &Wanted) -> Option<Sorted> {
        let reader = self.bed.store.reader().unwrap();
        sorted.renewed(&reader, wanted, &[], &|| true).unwrap()
    }
}

fn each(mut check: impl FnMut(Order, bool, bool)) {
    for order in [
        Order::Arrival,
        Order::Date,
        Order::From,
        Order::Subject,
        Order::Size,
    ] {
        for reversed in [false, true] {
            for both in [false, true] {
                check(order, reversed, both);
            }
        }
    }
}

#[test]
fn every_order_is_that_of_a_plain_sort() {
    let post = Post::new();
    each(|order, reversed, both| {
        let wanted = post.wanted(order, reversed, both);
        let sorted = post.sort(&wanted);
        assert_eq!(sorted.keys.to_vec(), post.plain(&wanted), "{wanted:?}");
    });
}

#[test]
fn an_order_stays_right_when_mail_comes_leaves_and_is_filed() {
    let mut post = Post::new();
    let mut known: Vec<(Wanted, Sorted)> = Vec::new();
    each(|order, reversed, both| {
        let wanted = post.wanted(order, reversed, both);
        known.push((wanted.clone(), post.sort(&wanted)));
    });
    for day in 0..6 {
        let keys: Vec<_> = post.there.keys().copied().collect();
        match day {
            0 => post.comes(9),
            1 => post.leaves(keys[7]),
            2 => post.files(keys[3], post.trips),
            3 => {
                post.comes(3);
                post.leaves(keys[20]);
                post.files(keys[3], post.bed.inbox);
            }
            _ => post.comes(1),
        }
        for (wanted, sorted) in &mut known {
            *sorted = post.renewed(sorted, wanted).unwrap_or(sorted.clone());
            assert_eq!(
                sorted.keys.to_vec(),
                post.plain(wanted),
                "day {day}: {wanted:?}"
            );
        }
    }
}

#[test]
fn flags_cost_no_new_order_and_what_is_not_wanted_any_more_is_not_made() {
    let post = Post::new();
    let wanted = post.wanted(Order::Subject, false, true);
    let sorted = post.sort(&wanted);
    let read = FlagChange::add(Flags::of(Flags::SEEN));
    change(&post.bed.store, sorted.keys.to_vec(), read, Undoable::Yes)
        .wait()
        .unwrap();
    assert!(post.renewed(&sorted, &wanted).is_none());
    let asked = Cell::new(0);
    let go_on = || {
        asked.set(asked.get() + 1);
        false
    };
    let stopped = sort(&post.bed.store.reader().unwrap(), &wanted, &go_on);
    assert!(matches!(stopped, Err(SortError::Stopped)));
    assert_eq!(asked.get(), 1);
}

#[test]
fn of_a_list_of_what_is_unread_what_is_read_goes_unless_it_is_to_stay() {
    let post = Post::new();
    let mut wanted = post.wanted(Order::Size, false, true);
    wanted.walk.filter = Filter::Unread;
    let sorted = post.sort(&wanted);
    assert_eq!(sorted.keys.len(), 40);
    let some: Vec<_> = sorted.keys.iter().copied().take(3).collect();
    let read = FlagChange::add(Flags::of(Flags::SEEN));
    change(&post.bed.store, some.clone(), read, Undoable::Yes)
        .wait()
        .unwrap();
    let reader = post.bed.store.reader().unwrap();
    let renewed = sorted.renewed(&reader, &wanted, &some[1..2], &|| true);
    let keys = renewed.unwrap().unwrap().keys;
    assert_eq!((keys.len(), keys[0]), (38, some[1]));
}

#[test]
fn a_message_whose_envelope_comes_later_takes_its_place_then() {
    let post = Post::new();
    let inbox = post.bed.inbox;
    let late = post.bed.put(move |tx| {
        let mail = Arrived {
            envelope: None,
            ..arrived(900, "late")
        };
        Ok(insert_local(tx, inbox, &mail)?.0)
    });
    let wanted = post.wanted(Order::Subject, false, false);
    let sorted = post.sort(&wanted);
    assert_eq!(sorted.keys[0], late, "nothing is known of it");
    crate::store::tests::damage(
        &post.bed.store,
        "UPDATE content SET subject = 'ünder', kept = 1 WHERE kept = 0",
    );
    let renewed = post.renewed(&sorted, &wanted).unwrap();
    assert_eq!(renewed.keys.last(), Some(&late));
    assert!(post.renewed(&renewed, &wanted).is_none());
}

#[test]
fn some_messages_are_put_in_order_and_what_left_is_not_among_them() {
    let mut post = Post::new();
    let all = post.plain(&post.wanted(Order::Size, false, true));
    let some: Vec<_> = all.iter().copied().step_by(3).collect();
    let mut mixed = some.clone();
    mixed.sort_by_key(|key| key.0 % 5);
    let wanted = Wanted {
        only: Some(mixed.into()),
        ..post.wanted(Order::Size, false, true)
    };
    let sorted = post.sort(&wanted);
    assert_eq!(sorted.keys.to_vec(), some);
    assert!(post.renewed(&sorted, &wanted).is_none());
    post.leaves(some[2]);
    let renewed = post.renewed(&sorted, &wanted).unwrap();
    assert_eq!(renewed.keys.to_vec(), [&some[..2], &some[3..]].concat());
}

#[test]
fn the_order_of_each_list_is_kept_and_newest_first_needs_no_row() {
    let bed = Bed::new();
    let known = || orders(&bed.store.reader().unwrap()).unwrap();
    let list = List::Mailbox(bed.inbox);
    let put = |list: &List, order, reversed| {
        keep(&bed.store, list.clone(), order, reversed)
            .wait()
            .unwrap();
    };
    put(&list, Order::Subject, true);
    put(&List::Inboxes, Order::Size, false);
    put(&list, Order::From, false);
    let wanted = [
        (list.clone(), Order::From, false),
        (List::Inboxes, Order::Size, false),
    ];
    assert_eq!(known(), wanted);
    put(&list, Order::Arrival, false);
    put(&List::Inboxes, Order::Arrival, true);
    assert_eq!(known(), [(List::Inboxes, Order::Arrival, true)]);
}
