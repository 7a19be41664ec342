//! Random histories of several clients: after each sync store and server are equal (SAFETY R7 in
//! small, R8).

use super::server::{Dice, FULL, PLAIN, Server};
use super::*;

fn uids(server: &Server, name: &str) -> Vec<u32> {
    server.world().boxes[name]
        .mails
        .iter()
        .map(|m| m.uid)
        .collect()
}

fn pick(dice: &mut Dice, from: &[u32]) -> Option<u32> {
    let limit = u32::try_from(from.len()).ok().filter(|n| *n > 0)?;
    from.get(dice.below(limit) as usize).copied()
}

fn act(bed: &Bed, dice: &mut Dice, step: u32) {
    let name = if dice.below(2) == 0 {
        "INBOX"
    } else {
        "Archive"
    };
    let there = uids(&bed.server, name);
    let uid = pick(dice, &there);
    let word = ["\\Seen", "\\Flagged", "$a", "\\Answered"][dice.below(4) as usize];
    match (dice.below(8), uid) {
        (0 | 1, _) => {
            bed.server.deliver(name, &format!("m{step}"), 200);
        }
        (2 | 3, Some(uid)) => bed.server.change(name, |b| b.flag(uid, word, true)),
        (4, Some(uid)) => bed.server.change(name, |b| b.flag(uid, word, false)),
        (5, Some(uid)) => bed.server.change(name, |b| b.expunge(uid)),
        (_, Some(uid)) => wish(bed, dice, name, uid, word),
        (_, None) => {}
    }
    if dice.below(40) == 0 {
        bed.server.change(name, server::Box_::renumber);
    }
}

/// A wish for a message that is known here.
fn wish(bed: &Bed, dice: &mut Dice, name: &str, uid: u32, word: &str) {
    let reader = bed.store.reader().unwrap();
    let key = bed.mailbox(name);
    let epoch = mailboxes::get(&reader, key).unwrap().epoch;
    if let Some(message) = messages::by_uid(&reader, key, epoch, Uid(uid)).unwrap() {
        let flags = Flags::parse([word]);
        let change = if dice.below(2) == 0 {
            FlagChange::add(flags)
        } else {
            FlagChange::remove(flags)
        };
        bed.wish(message.key, change);
    }
}

#[test]
fn r8_random_histories_leave_store_and_server_equal() {
    for (seed, capabilities) in [(1, FULL), (2, PLAIN), (3, FULL), (4, PLAIN)] {
        let server = Server::new(capabilities);
        server.create("Archive", true);
        let bed = Bed::new(server);
        bed.sync().unwrap();
        let mut dice = Dice(seed);
        for step in 0..300 {
            act(&bed, &mut dice, step);
            if dice.below(12) == 0 {
                bed.sync().unwrap();
                // What was pushed after the flags were pulled is confirmed by the next run.
                bed.sync().unwrap();
                bed.assert_equal(&format!("seed {seed}, step {step}"));
            }
        }
    }
}
