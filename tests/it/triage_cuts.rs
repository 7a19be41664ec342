//! The link ended at every command, before it and after it; the program killed at random points.
//! Then it goes on, and both sides end the same (SAFETY R9, R12).

use std::process::Child;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use lacebark::env::SystemClock;
use lacebark::model::{FlagChange, Flags, MailboxKey, MessageKey, Role};
use lacebark::ops::mailbox;
use lacebark::ops::triage::{Target, Undoable, Wish, act};
use lacebark::store::Store;

use crate::harness::compare::Stored;
use crate::harness::dress::{Cut, Dress, Dressed};
use crate::harness::generate::Dice;
use crate::harness::is_long;
use crate::harness::program::Home;
use crate::live_mail::is_intact;
use crate::triage_bed::{Bed, Ledger, census, letter};

/// Letters of one round.
const LETTERS: usize = 6;

/// Everything that an operation can be, off line, on fresh letters in a mailbox of their own.
fn wishes(bed: &Bed, round: usize, ledger: &mut Ledger) {
    let at = format!("Round{round}");
    let mut other = bed.other();
    assert!(other.create(&at) && other.create(&format!("{at}x")));
    for number in 0..LETTERS {
        let id = format!("{number}.round{round}@example.org");
        other.append(&at, &letter(&id), &[], None);
        ledger.born(&id);
    }
    bed.sync().unwrap();
    let key = |number: usize| bed.messages(&at, &format!("{number}.round{round}@example.org"));
    let keys: Vec<MessageKey> = (0..LETTERS).flat_map(key).collect();
    assert_eq!(keys.len(), LETTERS);
    bed.server.online(false);
    let wish = |keys: &[MessageKey], wish| {
        act(&bed.store, keys.to_vec(), wish).wait().unwrap();
    };
    let role = |role| Wish::Move(Target::Role(role));
    let seen = FlagChange::add(Flags::of(Flags::SEEN));
    wish(&keys[..3], Wish::Flags(seen, Undoable::Yes));
    wish(&keys[..2], role(Role::Archive));
    wish(&keys[2..3], role(Role::Trash));
    wish(&keys[3..4], Wish::Copy(Target::Role(Role::Archive)));
    ledger.copied(&format!("3.round{round}@example.org"));
    wish(&keys[4..5], Wish::Expunge);
    ledger.destroyed(&format!("4.round{round}@example.org"));
    let account = bed.key();
    let made = mailbox::create(&bed.store, account, &format!("Made{round}"), None);
    let made = made.wait().unwrap().mailbox;
    wish(&keys[5..6], Wish::Move(Target::Mailbox(made)));
    let renamed = bed.mailbox(&format!("{at}x"));
    mailbox::rename(&bed.store, renamed, &format!("Named{round}"))
        .wait()
        .unwrap();
    bed.server.online(true);
}

/// What was made for one round goes, so that the next one is not slower.
fn tidy_up(bed: &Bed) {
    let mut other = bed.other();
    for name in other.mailboxes() {
        if ["Round", "Made", "Named"]
            .iter()
            .any(|one| name.starts_with(one))
        {
            other.delete(&name);
        } else if name != "INBOX" {
            other.select(&name);
            other.command("UID STORE 1:* +FLAGS (\\Deleted)");
            other.command("EXPUNGE");
        }
    }
}

fn cut_everywhere(dress: Dress) {
    let Some(bed) = Bed::new(dress) else {
        return;
    };
    bed.sync().unwrap();
    let (mut round, mut whole) = (0, 0);
    for how in [Cut::Before, Cut::After] {
        // Every command of the short run would take minutes; each third one meets all kinds.
        let step = if is_long() { 1 } else { 3 };
        for at in (1..).step_by(step) {
            round += 1;
            let mut ledger = Ledger::default();
            wishes(&bed, round, &mut ledger);
            bed.server.filter.forget();
            let cuts = bed.server.filter.cuts();
            bed.server.filter.cut_at(at, how);
            let ended = bed.sync();
            let cut = bed.server.filter.cuts() > cuts;
            bed.server.filter.cut_at(usize::MAX, how);
            let what = format!("{dress:?}, cut {how:?} command {at}: {ended:?}");
            let heard = bed.server.filter.heard();
            let dropped = bed.settle().unwrap();
            assert!(dropped.is_empty(), "{what}: {dropped:#?} after {heard:#?}");
            bed.is_equal(&what);
            let mut count = census(&mut bed.other());
            count.retain(|id, _| id.ends_with(&format!(".round{round}@example.org")));
            let wrong = ledger.against(&count);
            assert!(wrong.is_empty(), "{what}: {wrong:?} after {heard:#?}");
            tidy_up(&bed);
            if !cut {
                whole = at;
                break;
            }
        }
    }
    assert!(whole > 15, "only {whole} commands");
}

#[test]
fn r9_cut_at_every_command_nothing_is_lost_or_doubled_on_a_full_server() {
    cut_everywhere(Dress::Full);
}

#[test]
fn r9_cut_at_every_command_nothing_is_lost_or_doubled_without_move() {
    cut_everywhere(Dress::NoMove);
}

#[test]
fn r9_cut_at_every_command_nothing_is_lost_or_doubled_without_uidplus() {
    cut_everywhere(Dress::NoUidPlus);
}

/// How often the program is killed.
fn kills() -> usize {
    let given = std::env::var("LACEBARK_KILLS").ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(50)
}

/// One wish on one or two letters that are somewhere.
fn some_wish(store: &Store, stored: &Stored, dice: &mut Dice, ledger: &mut Ledger) {
    let shown: Vec<_> = stored
        .messages
        .iter()
        .filter(|m| m.mailbox.is_some())
        .collect();
    let boxes: Vec<i64> = stored
        .boxes
        .iter()
        .filter(|b| b.name.is_some())
        .map(|b| b.key)
        .collect();
    let one = shown[dice.below(shown.len())];
    let to = Target::Mailbox(MailboxKey(boxes[dice.below(boxes.len())]));
    let wish = match dice.below(10) {
        0..=4 => Wish::Move(to),
        5 => {
            ledger.copied(&one.message_id);
            Wish::Copy(to)
        }
        6 => Wish::Move(Target::Role(Role::Trash)),
        _ => Wish::Flags(
            FlagChange::add(Flags::of([Flags::SEEN, Flags::FLAGGED][dice.below(2)])),
            Undoable::Yes,
        ),
    };
    // What is refused is refused: a second copy of it on its way, for one.
    let _ = act(store, vec![MessageKey(one.key)], wish).wait();
}

fn end(mut child: Child) {
    let _ = child.kill();
    let _ = child.wait();
}

fn killed(dress: Dress, kills: usize) {
    let Some(server) = Dressed::start(dress) else {
        return;
    };
    let home: Home = server.home();
    let mut other = server.dovecot.client("alice");
    let (mut dice, mut ledger) = (Dice::new(12 ^ dress as u64), Ledger::default());
    for number in 0..30 {
        let id = format!("{number}.kill@example.org");
        other.append("INBOX", &letter(&id), &[], None);
        ledger.born(&id);
    }
    home.run(&["sync", "work"]).exits(0);
    let path = home.data().join("mail.db");
    for round in 0..kills {
        let store = Store::open(&path, Arc::new(SystemClock::start())).unwrap();
        for _ in 0..=dice.below(3) {
            some_wish(&store, &Stored::read(&home.data()), &mut dice, &mut ledger);
        }
        drop(store);
        let sync = home.spawn(&["sync", "work"]);
        // Most of the work is between the start of the process and a quarter of a second.
        thread::sleep(Duration::from_millis(dice.below(260) as u64));
        end(sync);
        if round % 4 == 0 {
            is_intact(&home);
        }
    }
    let mut rounds = 0;
    let stored = loop {
        home.run(&["sync", "work"]);
        let stored = Stored::read(&home.data());
        rounds += 1;
        if stored.waiting.is_empty() || rounds > 6 {
            break stored;
        }
    };
    is_intact(&home);
    let mut found = stored.unsettled(dress);
    found.extend(stored.against(&mut other));
    found.extend(ledger.against(&census(&mut other)));
    found.extend(server.filter.tried());
    assert!(found.is_empty(), "{dress:?}: {found:#?}");
}

#[test]
fn r9_r12_killed_at_random_points_a_full_server_ends_equal() {
    killed(Dress::Full, kills());
}

#[test]
fn r9_r12_killed_at_random_points_servers_without_move_end_equal() {
    killed(Dress::NoMove, kills() / 2);
    killed(Dress::NoUidPlus, kills() / 2);
}
