//! Mail that only a server's list of all mail has, against a look at every message.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::{Bed, arrived, damage, line};
use crate::model::{AccountKey, Alone, Filter, MailboxKey, MessageKey, Role};
use crate::store::lists::{self, Place, Reach, Walk};
use crate::store::mailboxes::{self, Epoch, Listed};
use crate::store::messages::{self, Arrived};
use crate::store::{Reader, Rows, accounts, counts};

/// As Gmail lists them, in the order of [`Step`]'s numbers.
const MAILBOXES: [(&str, Option<Role>); 7] = [
    ("INBOX", Some(Role::Inbox)),
    ("Trips", None),
    ("[Gmail]/All Mail", Some(Role::All)),
    ("[Gmail]/Starred", Some(Role::Flagged)),
    ("[Gmail]/Important", Some(Role::Important)),
    ("[Gmail]/Drafts", Some(Role::Drafts)),
    ("Everything", Some(Role::All)),
];

#[derive(Clone, Debug)]
enum Step {
    /// A message comes into a mailbox; the server may have an id for it.
    Come(usize, Option<u8>),
    /// All flags of a message are these.
    Flags(usize, u8),
    /// A message is filed, or shown nowhere.
    Move(usize, Option<usize>),
    /// Both at once, as a fold of the journal writes it.
    Fold(usize, usize, u8),
    /// A message takes the content of another one.
    Same(usize, usize),
    Go(usize),
    /// A mailbox is something else now.
    Role(usize, Option<Role>),
}

fn step() -> impl Strategy<Value = Step> {
    let place = || 0..MAILBOXES.len();
    let flags = || prop::sample::select(vec![0u8, 1, 4, 5]);
    let role = prop::sample::select(vec![
        None,
        Some(Role::All),
        Some(Role::Flagged),
        Some(Role::Trash),
        Some(Role::Archive),
    ]);
    prop_oneof![
        6 => (place(), prop::option::weighted(0.9, 0u8..5)).prop_map(|(m, id)| Step::Come(m, id)),
        3 => (0usize..99, flags()).prop_map(|(n, flags)| Step::Flags(n, flags)),
        3 => (0usize..99, prop::option::weighted(0.9, place())).prop_map(|(n, m)| Step::Move(n, m)),
        2 => (0usize..99, place(), flags()).prop_map(|(n, m, flags)| Step::Fold(n, m, flags)),
        1 => (0usize..99, 0usize..99).prop_map(|(n, m)| Step::Same(n, m)),
        2 => (0usize..99).prop_map(Step::Go),
        1 => (1..MAILBOXES.len(), role).prop_map(|(m, role)| Step::Role(m, role)),
    ]
}

/// A message as the table has it.
struct Seen {
    key: MessageKey,
    content: i64,
    mailbox: Option<i64>,
    place: Place,
    flags: i64,
    alone: bool,
    has_id: bool,
}

fn all(reader: &Reader) -> Vec<Seen> {
    let mut query = reader
        .connection()
        .prepare(
            "SELECT m.key, m.content, m.mailbox, m.arrival, m.flags, m.alone, c.remote_id
             FROM message m JOIN content c ON c.key = m.content ORDER BY m.key",
        )
        .unwrap();
    let found = query.query_map([], |row| {
        let key = MessageKey(row.get(0)?);
        Ok(Seen {
            key,
            content: row.get(1)?,
            mailbox: row.get(2)?,
            place: Place {
                arrival: row.get(3)?,
                key,
            },
            flags: row.get(4)?,
            alone: row.get(5)?,
            has_id: row.get::<_, Option<String>>(6)?.is_some(),
        })
    });
    found.unwrap().collect::<Result<_, _>>().unwrap()
}

/// What is alone, the lists that show it and its counts, each looked up in all messages.
fn holds(reader: &Reader, account: AccountKey) {
    let mailboxes = mailboxes::all(reader, account).unwrap();
    let role_of = |key: i64| {
        let found = mailboxes.iter().find(|one| one.key.0 == key);
        found.unwrap().role
    };
    let again = [Role::All, Role::Flagged, Role::Important];
    let messages = all(reader);
    let (mut homes, mut firsts) = (BTreeSet::new(), BTreeMap::new());
    for one in &messages {
        let Some(mailbox) = one.mailbox else { continue };
        match role_of(mailbox) {
            Some(Role::All) => drop(firsts.entry(one.content).or_insert(one.key)),
            Some(role) if again.contains(&role) => {}
            _ => drop(homes.insert(one.content)),
        }
    }
    let is_alone = |one: &Seen| {
        one.has_id && !homes.contains(&one.content) && firsts.get(&one.content) == Some(&one.key)
    };
    for one in &messages {
        assert_eq!(one.alone, is_alone(one), "{:?}", one.key);
    }
    let of_role = |is: &dyn Fn(Option<Role>) -> bool| -> Vec<MailboxKey> {
        let some = mailboxes.iter().filter(|one| is(one.role));
        some.map(|one| one.key).collect()
    };
    for (filter, bits) in [(Filter::Unread, (1, 0)), (Filter::Flagged, (4, 4))] {
        let walk = Walk {
            mailboxes: of_role(&|role| {
                !role.is_some_and(|role| {
                    again.contains(&role) || matches!(role, Role::Trash | Role::Drafts)
                })
            }),
            alone: of_role(&|role| role == Some(Role::All)),
            filter,
        };
        let shown = messages.iter().filter(|one| {
            let listed = one
                .mailbox
                .is_some_and(|key| walk.mailboxes.contains(&MailboxKey(key)));
            one.flags & bits.0 == bits.1 && (listed || is_alone(one))
        });
        let mut wanted: Vec<Place> = shown.map(|one| one.place).collect();
        wanted.sort_by_key(|place| std::cmp::Reverse(*place));
        for limit in [3, 500] {
            let reach = Reach::AtAndOlder;
            let found = lists::merged(reader, &walk, Place::TOP, reach, limit).unwrap();
            let found: Vec<Place> = found.iter().map(lists::IndexRow::place).collect();
            assert_eq!(found, wanted[..limit.min(wanted.len())], "{filter:?}");
        }
        let beyond = lists::count_beyond(reader, &walk, Place::TOP, Reach::Older).unwrap();
        assert_eq!(beyond, wanted.len() as u64, "{filter:?}");
    }
    for mailbox in &mailboxes {
        let here = messages
            .iter()
            .filter(|one| is_alone(one) && one.mailbox == Some(mailbox.key.0));
        let mut alone = Alone::default();
        for one in here {
            alone.unread += u64::from(one.flags & 1 == 0);
            alone.flagged += u64::from(one.flags & 4 != 0);
        }
        assert_eq!(mailbox.alone, alone, "{:?}", mailbox.name);
    }
}

fn gmail(bed: &Bed) -> Vec<MailboxKey> {
    let account = bed.account;
    let lines = MAILBOXES.map(|(name, role)| Listed { role, ..line(name) });
    bed.put(move |tx| mailboxes::record_list(tx, account, &lines));
    let reader = bed.store.reader().unwrap();
    let keys = MAILBOXES.map(|(name, _)| {
        let found = mailboxes::by_name(&reader, account, name).unwrap();
        found.unwrap().key
    });
    keys.to_vec()
}

fn mail(uid: u32, id: Option<u8>) -> Arrived {
    let name = id.map_or_else(|| format!("m{uid}"), |id| format!("g{id}"));
    Arrived {
        arrival: i64::from(uid / 3),
        remote_id: id.map(|id| format!("gmail:{id}")),
        ..arrived(uid, &name)
    }
}

fn come(bed: &Bed, mailbox: MailboxKey, uid: u32, id: Option<u8>) -> MessageKey {
    let one = mail(uid, id);
    bed.put(move |tx| messages::insert(tx, mailbox, Epoch(1), &[one]))[0]
}

fn execute(bed: &Bed, sql: String) {
    bed.put(move |tx| Ok(tx.connection().execute_batch(&sql)?));
}

#[test]
fn what_only_the_list_of_all_mail_has_is_known_after_random_days() {
    let mut runner = TestRunner::new(Config::with_cases(40));
    let steps = prop::collection::vec(step(), 1..40);
    runner
        .run(&steps, |steps| {
            a_day(&steps);
            Ok(())
        })
        .unwrap();
}

fn a_day(steps: &[Step]) {
    let bed = Bed::new();
    let places = gmail(&bed);
    let reader = bed.store.reader().unwrap();
    let mut there: Vec<MessageKey> = Vec::new();
    for (uid, step) in (1..).zip(steps) {
        let pick = |n: &usize| there[n % there.len()].0;
        match step {
            Step::Come(mailbox, id) => there.push(come(&bed, places[*mailbox], uid, *id)),
            Step::Role(mailbox, role) => {
                let (key, role) = (places[*mailbox].0, role.map(Role::word));
                let word = role.map_or("NULL".to_owned(), |word| format!("'{word}'"));
                execute(
                    &bed,
                    format!("UPDATE mailbox SET role = {word} WHERE key = {key}"),
                );
            }
            _ if there.is_empty() => {}
            Step::Flags(n, flags) => {
                let key = pick(n);
                execute(
                    &bed,
                    format!("UPDATE message SET flags = {flags} WHERE key = {key}"),
                );
            }
            Step::Move(n, to) => {
                let to = to.map_or("NULL".to_owned(), |to| places[to].0.to_string());
                let key = pick(n);
                execute(
                    &bed,
                    format!("UPDATE message SET mailbox = {to} WHERE key = {key}"),
                );
            }
            Step::Fold(n, to, flags) => {
                let (key, to) = (pick(n), places[*to].0);
                execute(
                    &bed,
                    format!("UPDATE message SET flags = {flags}, mailbox = {to} WHERE key = {key}"),
                );
            }
            Step::Same(n, of) => {
                let (key, of) = (pick(n), pick(of));
                execute(
                    &bed,
                    format!(
                        "UPDATE message SET content =
                           (SELECT content FROM message WHERE key = {of}) WHERE key = {key}"
                    ),
                );
            }
            Step::Go(n) => {
                let key = there.swap_remove(n % there.len());
                bed.put(move |tx| messages::remove_local(tx, key));
            }
        }
        holds(&reader, bed.account);
    }
    for key in &places {
        let mut recount = counts::Recount::of(*key);
        let doubt = loop {
            if let Some(doubt) = recount.step(&reader).unwrap() {
                break doubt;
            }
        };
        assert!(doubt.is_none(), "{doubt:?}");
    }
}

#[test]
fn whether_a_message_is_alone_is_looked_up_by_its_content() {
    let bed = Bed::new();
    let reader = bed.store.reader().unwrap();
    let triggers = reader
        .connection()
        .prepare("SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND name LIKE '%alone%'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<Vec<String>, _>>()
        .unwrap();
    let mut looked = 0;
    for trigger in triggers {
        let Some((_, body)) = trigger.split_once("UPDATE message") else {
            continue;
        };
        let body = body.split_once(';').unwrap().0;
        let mut sql = format!("EXPLAIN QUERY PLAN UPDATE message{body}");
        for column in ["old.content", "new.content", "new.key"] {
            sql = sql.replace(column, "7");
        }
        let mut query = reader.connection().prepare(&sql).unwrap();
        let plan = query.query_map([], |row| row.get(3)).unwrap();
        let plan: Vec<String> = plan.collect::<Result<_, _>>().unwrap();
        let scans = plan
            .iter()
            .filter(|line| line.contains("SCAN") || line.contains("B-TREE"));
        assert_eq!(scans.count(), 0, "{plan:#?}");
        looked += 1;
    }
    assert_eq!(looked, 4);
}

#[test]
fn a_store_of_before_learns_what_was_archived() {
    let bed = Bed::new();
    let places = gmail(&bed);
    for uid in 1..=9 {
        come(&bed, places[2], uid, Some(uid as u8));
        if uid % 3 == 0 {
            come(&bed, places[uid as usize % 2], uid, Some(uid as u8));
        }
    }
    let Bed {
        store,
        folder,
        account,
        ..
    } = bed;
    // What 9.sql adds is taken out again.
    damage(
        &store,
        "DROP TRIGGER message_alone_came; DROP TRIGGER message_alone_moved;
         DROP TRIGGER message_alone_gone; DROP TRIGGER mailbox_alone_role;
         DROP TRIGGER message_alone_counted; DROP TRIGGER message_alone_changed;
         DROP TRIGGER message_alone_left; DROP VIEW message_standing;
         DROP INDEX message_alone_unread; DROP INDEX message_alone_flagged;
         ALTER TABLE message DROP COLUMN alone; ALTER TABLE mailbox DROP COLUMN alone_unread;
         ALTER TABLE mailbox DROP COLUMN alone_flagged; PRAGMA user_version = 8;",
    );
    drop(store);
    let store = super::open(folder.path());
    let reader = store.reader().unwrap();
    holds(&reader, account);
    let archive = mailboxes::get(&reader, places[2]).unwrap();
    assert_eq!(
        archive.alone,
        Alone {
            unread: 6,
            flagged: 0
        }
    );
}

#[test]
fn r14_a_damaged_file_is_salvaged_with_what_was_archived() {
    let bed = Bed::new();
    let places = gmail(&bed);
    for uid in 1..=6 {
        come(&bed, places[2], uid, Some(uid as u8));
    }
    come(&bed, places[0], 1, Some(1));
    let Bed {
        store,
        folder,
        account,
        ..
    } = bed;
    damage(
        &store,
        "UPDATE message SET alone = 1; UPDATE mailbox SET alone_unread = 70",
    );
    let path = store.path().to_path_buf();
    drop(store);
    super::deface(&path);
    let store = super::open(folder.path());
    let reader = store.reader().unwrap();
    assert_eq!(accounts::all(&reader).unwrap().len(), 1);
    holds(&reader, account);
    let archive = mailboxes::get(&reader, places[2]).unwrap();
    assert_eq!(
        archive.alone,
        Alone {
            unread: 5,
            flagged: 0
        }
    );
}
