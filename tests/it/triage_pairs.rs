//! Every pair of {flag, move, copy, delete, append, rename} by us with the same by another client,
//! in both orders: both sides end the same, nothing is lost, nothing doubled (SAFETY R8, R10).

use lacebark::model::{FlagChange, Flags, Role};
use lacebark::ops::import::{self, RawMessage};
use lacebark::ops::mailbox;
use lacebark::ops::triage::{Target, Undoable, Wish, act};

use crate::harness::dress::Dress;
use crate::harness::raw::Raw;
use crate::triage_bed::{Bed, Ledger, census, letter};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Flag,
    Move,
    Copy,
    Delete,
    Append,
    Rename,
}

const KINDS: [Kind; 6] = [
    Kind::Flag,
    Kind::Move,
    Kind::Copy,
    Kind::Delete,
    Kind::Append,
    Kind::Rename,
];

/// One pair about one letter in a mailbox of its own.
struct Pair {
    at: String,
    id: String,
    ledger: Ledger,
}

/// We move to Archive and delete to Trash; what we append comes from a local mailbox.
fn ours(bed: &Bed, kind: Kind, pair: &mut Pair) {
    let wish = match kind {
        Kind::Flag => Wish::Flags(FlagChange::add(Flags::of(Flags::FLAGGED)), Undoable::Yes),
        Kind::Move => Wish::Move(Target::Role(Role::Archive)),
        Kind::Copy => {
            pair.ledger.copied(&pair.id);
            Wish::Copy(Target::Role(Role::Archive))
        }
        Kind::Delete => Wish::Move(Target::Role(Role::Trash)),
        Kind::Append => {
            let id = format!("ours.{}", pair.id);
            pair.ledger.born(&id);
            let made = import::mailbox(&bed.store, "here", "Local", None).wait();
            let (_, local) = made.unwrap();
            let raw = RawMessage {
                bytes: letter(&id),
                flags: Flags::none(),
                arrival: None,
            };
            let keys = import::messages(&bed.store, local, vec![raw])
                .wait()
                .unwrap();
            let to = Wish::Move(Target::Mailbox(bed.mailbox(&pair.at)));
            act(&bed.store, keys, to).wait().unwrap();
            return;
        }
        Kind::Rename => {
            let to = format!("{}-ours", pair.at);
            let renamed = mailbox::rename(&bed.store, bed.mailbox(&pair.at), &to);
            renamed.wait().unwrap();
            return;
        }
    };
    let keys = bed.messages(&pair.at, &pair.id);
    assert_eq!(keys.len(), 1, "{kind:?} {}", pair.id);
    act(&bed.store, keys, wish).wait().unwrap();
}

/// They move to Junk and delete for good, wherever the letter is by then.
fn theirs(other: &mut Raw, kind: Kind, pair: &mut Pair) {
    let names = other.mailboxes();
    let at = names
        .iter()
        .find(|name| name.starts_with(&pair.at))
        .unwrap();
    let found = names.iter().find_map(|name| {
        let listing = other.listing(name)?;
        let live = |m: &&crate::harness::raw::Listed| {
            m.message_id == pair.id && !m.flags.contains(&"\\Deleted".to_owned())
        };
        Some((name.clone(), listing.iter().find(live)?.uid))
    });
    let (place, uid) = found.unwrap();
    match kind {
        Kind::Flag => other.store(&place, uid, "+FLAGS", &["\\Answered"]),
        Kind::Move => assert!(other.move_to(&place, uid, "Junk")),
        Kind::Copy => {
            pair.ledger.copied(&pair.id);
            assert!(other.copy_to(&place, uid, "Junk"));
        }
        Kind::Delete => {
            pair.ledger.destroyed(&pair.id);
            other.expunge(&place, uid);
        }
        Kind::Append => {
            let id = format!("theirs.{}", pair.id);
            pair.ledger.born(&id);
            other.append(at, &letter(&id), &[], None);
        }
        Kind::Rename => assert!(other.rename(at, &format!("{}-theirs", pair.at))),
    }
}

/// Where the letters of a pair are at the end, with their flags.
fn places(other: &mut Raw, pair: &Pair) -> String {
    let mut found = Vec::new();
    for name in other.mailboxes() {
        for one in other.listing(&name).unwrap_or_default() {
            if one.message_id.ends_with(&pair.id) && !one.flags.contains(&"\\Deleted".to_owned()) {
                let who = one.message_id.strip_suffix(&pair.id).unwrap();
                let short = name.replace(&pair.at, "Box");
                found.push(format!("{who}{short} ({})", one.flags.join(" ")));
            }
        }
    }
    found.join(", ")
}

fn play(dress: Dress) {
    let Some(bed) = Bed::new(dress) else {
        return;
    };
    let mut other = bed.other();
    let mut table =
        format!("\npairs, {dress:?}: ours, theirs, who first, where it ended, dropped\n");
    let mut number = 0;
    for we in KINDS {
        for they in KINDS {
            for we_first in [true, false] {
                number += 1;
                let mut pair = Pair {
                    at: format!("Pair{number}x"),
                    id: format!("pair{number}@example.org"),
                    ledger: Ledger::default(),
                };
                let what = format!("{we:?} and {they:?}, we first: {we_first}");
                assert!(other.create(&pair.at));
                other.append(&pair.at, &letter(&pair.id), &[], None);
                pair.ledger.born(&pair.id);
                bed.sync().unwrap();
                bed.server.online(false);
                ours(&bed, we, &mut pair);
                if we_first {
                    bed.server.online(true);
                    bed.sync().unwrap();
                    theirs(&mut other, they, &mut pair);
                } else {
                    theirs(&mut other, they, &mut pair);
                    bed.server.online(true);
                }
                let dropped = bed.settle().unwrap();
                bed.is_equal(&what);
                let mut count = census(&mut other);
                count.retain(|id, _| id.ends_with(&pair.id));
                let wrong = pair.ledger.against(&count);
                assert!(wrong.is_empty(), "{what}: {wrong:?}, dropped {dropped:#?}");
                let order = if we_first { "we" } else { "they" };
                let place = places(&mut other, &pair);
                table += &format!(
                    "{:<7} {:<7} {order:<5} {place:<60} {}\n",
                    format!("{we:?}"),
                    format!("{they:?}"),
                    dropped.len()
                );
                // Every mailbox is looked at in every sync: gone ones make the rest quick.
                for name in other.mailboxes() {
                    if name.starts_with(&pair.at) {
                        other.select("INBOX");
                        other.delete(&name);
                    }
                }
            }
        }
    }
    eprintln!("{table}");
}

#[test]
fn r8_each_pair_of_changes_ends_the_same_on_a_full_server() {
    play(Dress::Full);
}

#[test]
fn r8_each_pair_of_changes_ends_the_same_without_move() {
    play(Dress::NoMove);
}

#[test]
fn r8_each_pair_of_changes_ends_the_same_without_uidplus() {
    play(Dress::NoUidPlus);
}
