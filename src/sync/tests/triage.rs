//! Filing, deleting and reorganising off line, then on line: in every dress of the server, cut
//! everywhere, resumed (SAFETY R9, R12).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::server::{Cut, FULL, PLAIN};
use super::*;
use crate::model::AccountKey;

use crate::ops::mailbox;
use crate::ops::triage::{Acted, Target, Wish, act};

pub(super) const MOVES: &str = "IMAP4rev1 ID ENABLE IDLE NAMESPACE LIST-EXTENDED LIST-STATUS \
    SPECIAL-USE CONDSTORE ESEARCH LITERAL+ UNSELECT MOVE UIDPLUS CREATE-SPECIAL-USE";
pub(super) const COPIES: &str = "IMAP4rev1 IDLE CONDSTORE ESEARCH UIDPLUS";

/// With everything; without MOVE; without MOVE and UIDPLUS, with and without other extensions.
pub(super) const DRESSES: [&str; 4] = [MOVES, COPIES, FULL, PLAIN];

impl Bed {
    pub(super) fn account_key(&self) -> AccountKey {
        let reader = self.store.reader().unwrap();
        accounts::find(&reader, "work").unwrap().unwrap().key
    }

    pub(super) fn act(&self, keys: &[MessageKey], wish: Wish) -> Acted {
        act(&self.store, keys.to_vec(), wish).wait().unwrap()
    }

    pub(super) fn move_to(&self, keys: &[MessageKey], name: &str) {
        self.act(keys, Wish::Move(Target::Mailbox(self.mailbox(name))));
    }

    pub(super) fn copy_to(&self, keys: &[MessageKey], name: &str) {
        self.act(keys, Wish::Copy(Target::Mailbox(self.mailbox(name))));
    }

    /// What the server has and shows: `Box: id id+flags`, ids in order, what is marked deleted left
    /// out.
    pub(super) fn there(&self) -> String {
        there(&self.server)
    }

    /// The states of the operations that wait, with their causes.
    pub(super) fn waiting(&self) -> String {
        let reader = self.store.reader().unwrap();
        let all = journal::all(&reader).unwrap();
        let words = all.iter().map(|one| {
            use crate::model::OperationState::Failed;
            let cause = match &one.state {
                Failed { cause, .. } => format!(" {}", cause.word()),
                _ => String::new(),
            };
            format!("{} {}{cause}", one.kind.word(), one.state.word())
        });
        words.collect::<Vec<_>>().join(", ")
    }

    /// Store and server hold the same, nothing waits, and what is shown is what is not marked by us.
    pub(super) fn assert_filed(&self, what: &str) {
        assert_eq!(self.waiting(), "", "{what}");
        self.assert_same(what);
    }

    /// Store and server hold the same.
    pub(super) fn assert_same(&self, what: &str) {
        let reader = self.store.reader().unwrap();
        let boxes = self.server.world().boxes.clone();
        for (name, b) in boxes.iter().filter(|(_, b)| b.subscribed) {
            let key = self.mailbox(name);
            let row = mailboxes::get(&reader, key).unwrap();
            let theirs: Vec<u32> = b.mails.iter().map(|m| m.uid).collect();
            let ours = messages::known_uids(&reader, key, row.epoch).unwrap();
            let ours: Vec<u32> = ours.iter().map(|uid| uid.0).collect();
            assert_eq!(ours, theirs, "{what}: {name}");
            let mut shown = 0;
            for mail in &b.mails {
                let message = self.message(name, mail.uid);
                let base = message.base.unwrap();
                assert_eq!(base.flags, mail.flags, "{what}: {name} {}", mail.uid);
                let hidden = message.mailbox.is_none();
                assert!(!hidden || mail.flags.has(Flags::DELETED), "{what}: {name}");
                shown += u64::from(!hidden);
            }
            assert_eq!(batches::miscounted(&reader).unwrap(), 0, "{what}: {name}");
            let counts = crate::store::counts::recount(&reader, key).unwrap();
            let kept = (row.total, row.unread, row.flagged);
            assert_eq!(kept, counts, "{what}: {name}");
            assert_eq!(row.total, shown, "{what}: {name}");
        }
        let world = self.server.world();
        assert!(world.strange.is_empty(), "{what}: {:?}", world.strange);
    }

    /// No command expunges or closes what others have marked, none is too long.
    pub(super) fn assert_harmless(&self) {
        for command in &self.server.world().commands {
            let line = command.split("\r\n").next().unwrap();
            assert!(line.len() < 8000, "{} octets", line.len());
            let verb = line.split(' ').next().unwrap().to_ascii_uppercase();
            assert!(verb != "EXPUNGE" && verb != "CLOSE", "{line}");
        }
    }
}

pub(super) fn there(server: &Server) -> String {
    let world = server.world();
    let boxes = world.boxes.iter().map(|(name, b)| {
        let mut ids: Vec<String> = b
            .mails
            .iter()
            .filter(|mail| !mail.flags.has(Flags::DELETED))
            .map(|mail| {
                let text = String::from_utf8_lossy(&mail.bytes);
                let id = text
                    .split_once("Message-ID: <")
                    .map_or("", |(_, rest)| rest);
                let id = id.split('@').next().unwrap();
                match mail.flags.is_empty() {
                    true => id.to_owned(),
                    false => format!("{id}+{}", mail.flags),
                }
            })
            .collect();
        ids.sort();
        format!("{name}: {}", ids.join(" ")).trim().to_owned()
    });
    boxes.collect::<Vec<_>>().join("; ")
}

/// INBOX with in1 to in8, Archive with old1 and old2, Trips empty; all synced.
pub(super) fn small(capabilities: &str) -> Bed {
    let server = Server::new(capabilities);
    for n in 1..=8 {
        server.deliver("INBOX", &format!("in{n}"), 300);
    }
    server.create("Archive", true);
    server.deliver("Archive", "old1", 300);
    server.deliver("Archive", "old2", 300);
    server.create("Trips", true);
    let bed = Bed::new(server);
    bed.sync().unwrap();
    bed
}

/// What one key press after the other does off line.
fn filed(capabilities: &str) -> Bed {
    let bed = small(capabilities);
    let key = |uid| bed.message("INBOX", uid).key;
    bed.wish(key(2), seen());
    bed.move_to(&[key(1), key(2)], "Trips");
    bed.copy_to(&[key(3)], "Archive");
    bed.act(&[key(4)], Wish::Expunge);
    bed.move_to(&[key(5)], "Archive");
    bed.move_to(&[bed.message("Archive", 1).key], "INBOX");
    let account = bed.account_key();
    mailbox::create(&bed.store, account, "New", None)
        .wait()
        .unwrap();
    bed.move_to(&[key(6)], "New");
    let old = bed.message("Archive", 2).key;
    bed.copy_to(&[old], "Trips");
    bed.move_to(&[old], "New");
    mailbox::rename(&bed.store, bed.mailbox("Trips"), "Voyages")
        .wait()
        .unwrap();
    bed
}

const FILED: &str = "Archive: in3 in5; INBOX: in3 in7 in8 old1; New: in6 old2; \
     Voyages: in1 in2+\\Seen old2";

#[test]
fn r9_filing_off_line_arrives_in_every_dress() {
    for capabilities in DRESSES {
        for no_copyuid in [false, true] {
            let bed = filed(capabilities);
            bed.server.world().no_copyuid = no_copyuid;
            bed.sync().unwrap();
            let what = format!("{no_copyuid} {capabilities}");
            assert_eq!(bed.there(), FILED, "{what}");
            bed.sync().unwrap();
            bed.assert_filed(&what);
            bed.assert_harmless();
            assert_eq!(bed.sync().unwrap(), Tally::default(), "{what}");
        }
    }
}

#[test]
fn r9_filing_cut_at_any_octet_that_ends_a_line_ends_the_same() {
    for capabilities in DRESSES {
        let whole = filed(capabilities);
        whole.sync().unwrap();
        let marks = whole.server.marks();
        let inside = |at: &u64| [at.saturating_sub(1), *at];
        let reads = marks.told.iter().flat_map(inside).map(Cut::Reads);
        let writes = marks.heard.iter().flat_map(inside).map(Cut::Writes);
        let cuts: Vec<Cut> = reads.chain(writes).collect();
        let step = cuts.len().div_ceil(30).max(1);
        for cut in cuts.into_iter().step_by(step) {
            let bed = filed(capabilities);
            bed.server.cut_next(cut);
            // It fails wherever it was cut; the last octets matter to nobody.
            let _ = bed.sync();
            let what = format!("{cut:?} {capabilities}");
            for _ in 0..2 {
                bed.sync().unwrap();
            }
            assert_eq!(bed.there(), FILED, "{what}");
            bed.assert_filed(&what);
            bed.assert_harmless();
        }
    }
}

/// Stops the work at commit number `at`, as a killed process would; false if it ended before.
pub(super) fn stopped_at(bed: &Bed, at: usize) -> bool {
    let commits = Arc::new(AtomicUsize::new(0));
    let stop = Arc::new(tokio::sync::Notify::new());
    let (count, tell) = (commits.clone(), stop.clone());
    let _watch = bed.store.watch(move |_| {
        if count.fetch_add(1, Ordering::SeqCst) + 1 == at {
            tell.notify_one();
        }
    });
    guarded(async {
        let mut task = bed.task(Arc::default()).await;
        let mut tally = Tally::default();
        tokio::select! {
            biased;
            () = stop.notified() => true,
            _ = task.session(Aim::Once(Work::All), &mut tally) => false,
        }
    })
}

#[test]
fn r9_r12_filing_stopped_at_every_commit_ends_the_same() {
    for capabilities in [MOVES, COPIES, PLAIN] {
        for at in 1.. {
            let mut bed = filed(capabilities);
            let stopped = stopped_at(&bed, at);
            let path = bed.store.path().to_owned();
            let clock = bed.env.clock.clone();
            bed.store = Store::open(&path, clock).unwrap();
            let what = format!("stopped at commit {at} {capabilities}");
            for _ in 0..2 {
                bed.sync().unwrap();
            }
            assert_eq!(bed.there(), FILED, "{what}");
            bed.assert_filed(&what);
            if !stopped {
                assert!(at > 5, "only {at} commits");
                break;
            }
        }
    }
}

#[test]
fn a_thousand_moves_take_few_round_trips_and_short_lines() {
    let server = Server::new(MOVES);
    for n in 1..=2000 {
        server.deliver("INBOX", &format!("in{n}"), 200);
    }
    server.create("Trips", true);
    let mut bed = Bed::new(server);
    bed.account.offline = Offline::Headers;
    bed.sync().unwrap();
    // Every second one, so that no range shortens the line.
    let keys: Vec<MessageKey> = (1..=1000)
        .map(|n| bed.message("INBOX", n * 2).key)
        .collect();
    bed.move_to(&keys, "Trips");
    bed.server.world().trips = 0;
    bed.server.take_commands();
    let tally = bed.sync().unwrap();
    assert_eq!(tally.pushed, 1000);
    let (trips, moved) = {
        let world = bed.server.world();
        (world.trips, world.boxes["Trips"].mails.len())
    };
    assert_eq!(moved, 1000);
    // The sign-in is one more, and two are lines that this server reads in pieces; LOGOUT and the pull
    // of both mailboxes are among them.
    assert!(trips <= 9, "{trips} round trips");
    bed.assert_harmless();
    bed.sync().unwrap();
    bed.assert_filed("a thousand moves");
}

#[test]
fn r9_data_that_comes_before_the_mailbox_is_open_is_no_answer_to_a_look() {
    for (early, holds_select) in [
        ("* 1 FETCH (FLAGS (\\Seen))\r\n", false),
        ("* 1 FETCH (UID 1 FLAGS () RFC822.SIZE 300)\r\n", false),
        ("", true),
    ] {
        let bed = small(FULL);
        bed.move_to(&[bed.message("INBOX", 1).key], "Trips");
        bed.server.world().extra.push(("SELECT Trips", early));
        bed.server.world().holds_select = holds_select;
        bed.server.take_commands();
        bed.sync().unwrap();
        let commands = bed.server.take_commands();
        let copies = commands.iter().filter(|c| c.starts_with("UID COPY"));
        assert_eq!(copies.count(), 1, "{commands:?}");
        assert!(bed.there().ends_with("Trips: in1"), "{}", bed.there());
        bed.sync().unwrap();
        bed.assert_filed(early);
    }
}

#[test]
fn r5_a_look_behind_a_select_that_tells_other_numbers_counts_for_nothing() {
    for (odd, waiting) in [
        // Said once only: it was nothing.
        (vec![(99, 0)], ""),
        (vec![(99, 1), (99, 1)], "move failed renumbered"),
    ] {
        let bed = small(FULL);
        bed.move_to(&[bed.message("INBOX", 1).key], "Trips");
        // INBOX is opened first, as it is.
        let mut selects = vec![(7, 8)];
        selects.extend(odd);
        bed.server.world().odd_selects = selects.into();
        bed.sync().unwrap();
        assert_eq!(bed.waiting(), waiting);
        assert!(bed.there().contains("Trips: in1"), "{}", bed.there());
    }
}

#[test]
fn r11_what_is_refused_for_now_stays_queued_and_goes_later() {
    for (words, minutes) in [
        ("NO [OVERQUOTA] the mailbox is full", 20),
        ("NO [INUSE] somebody else has it", 2),
        ("NO [LIMIT] too fast", 2),
        ("NO [UNAVAILABLE] away", 2),
    ] {
        for (capabilities, verb) in [(MOVES, "UID MOVE"), (COPIES, "UID COPY")] {
            let bed = small(capabilities);
            bed.move_to(&[bed.message("INBOX", 1).key], "Trips");
            bed.server.world().no.push((verb, words));
            bed.sync().unwrap();
            assert_eq!(bed.waiting(), "move queued", "{words}");
            // What was wished is shown all the same.
            let reader = bed.store.reader().unwrap();
            let row = messages::get(&reader, bed.message("INBOX", 1).key).unwrap();
            assert_eq!(row.mailbox, Some(bed.mailbox("Trips")), "{words}");
            let notices = bed.notices();
            let told = words.split_once("] ").unwrap().1;
            assert!(notices.iter().any(|n| n.contains(told)), "{notices:?}");
            let first = crate::ops::queue::list(&reader).unwrap().remove(0);
            let OperationState::Queued { put_off: Some(why) } = &first.state else {
                panic!("{first:?}");
            };
            assert!(why.why.contains(told), "{first:?}");
            assert!(why.until > bed.store.now(), "{first:?}");
            assert_eq!(first.tries, 1, "{words}");
            bed.server.take_commands();
            bed.sync().unwrap();
            assert_eq!(bed.waiting(), "move queued", "not asked again at once");
            bed.fake.clock.advance(Duration::from_secs(minutes * 60));
            bed.sync().unwrap();
            bed.sync().unwrap();
            bed.assert_filed(words);
            assert!(bed.there().contains("Trips: in1"), "{words}");
        }
    }
}

#[test]
fn what_is_refused_is_taken_back_and_told_in_the_servers_words() {
    for (capabilities, verb) in [(MOVES, "UID MOVE"), (COPIES, "UID COPY")] {
        for words in ["NO [NOPERM] not yours", "BAD not yours"] {
            let bed = small(capabilities);
            let key = bed.message("INBOX", 1).key;
            bed.move_to(&[key], "Trips");
            bed.server.world().no.push((verb, words));
            bed.sync().unwrap();
            assert_eq!(bed.waiting(), "move failed refused");
            let reader = bed.store.reader().unwrap();
            let row = messages::get(&reader, key).unwrap();
            assert_eq!(row.mailbox, Some(bed.mailbox("INBOX")));
            let notices = bed.notices();
            assert!(notices.iter().any(|n| n.contains("not yours")));
            bed.assert_same(words);
        }
    }
}

#[test]
fn r9_an_ok_that_does_nothing_is_not_believed() {
    for (capabilities, verb) in [
        (MOVES, "UID MOVE"),
        (COPIES, "UID COPY"),
        (PLAIN, "UID COPY"),
    ] {
        let bed = small(capabilities);
        let key = bed.message("INBOX", 1).key;
        bed.move_to(&[key], "Trips");
        bed.server.world().no.push((verb, "OK of course"));
        bed.sync().unwrap();
        assert_eq!(bed.waiting(), "move failed refused", "{capabilities}");
        assert!(bed.there().contains("INBOX: in1 "), "{capabilities}");
        bed.assert_same(capabilities);
    }
    // Nor where the original is to be taken out, or deleted.
    let bed = small(MOVES);
    bed.act(&[bed.message("INBOX", 1).key], Wish::Expunge);
    bed.server.world().no.push(("UID EXPUNGE", "OK of course"));
    bed.sync().unwrap();
    assert_eq!(bed.waiting(), "expunge failed refused");
}

#[test]
fn r9_a_second_copy_to_where_the_first_was_moved_on_from_is_made_too() {
    for capabilities in [MOVES, COPIES, PLAIN] {
        let bed = small(capabilities);
        let original = bed.message("INBOX", 1).key;
        let copied = bed.act(
            &[original],
            Wish::Copy(Target::Mailbox(bed.mailbox("Trips"))),
        );
        let first = copied.made;
        bed.move_to(&first, "Archive");
        bed.copy_to(&[original], "Trips");
        bed.sync().unwrap();
        assert_eq!(bed.waiting(), "", "{capabilities}");
        let there = bed.there();
        let here = "Archive: in1 old1 old2; INBOX: in1 in2 in3 in4 in5 in6 in7 in8; Trips: in1";
        assert_eq!(there, here, "{capabilities}");
        bed.assert_same(capabilities);
    }
}

#[test]
fn a_read_only_mailbox_gives_nothing_away() {
    let bed = small(MOVES);
    bed.move_to(&[bed.message("INBOX", 1).key], "Trips");
    bed.act(&[bed.message("INBOX", 2).key], Wish::Expunge);
    bed.copy_to(&[bed.message("INBOX", 3).key], "Trips");
    bed.server.world().read_only = true;
    bed.sync().unwrap();
    assert_eq!(bed.waiting(), "move failed refused, expunge failed refused");
    let commands = bed.server.take_commands();
    let tries = |verb: &str| commands.iter().filter(|c| c.starts_with(verb)).count();
    assert_eq!(
        (tries("UID MOVE"), tries("UID STORE"), tries("UID COPY")),
        (0, 0, 1)
    );
}

#[test]
fn r5_a_move_of_the_old_numbering_stops_and_is_shown() {
    for capabilities in DRESSES {
        let bed = small(capabilities);
        let key = bed.message("INBOX", 1).key;
        bed.move_to(&[key], "Trips");
        bed.server.change("INBOX", server::Box_::renumber);
        bed.server.take_commands();
        bed.sync().unwrap();
        assert_eq!(bed.waiting(), "move failed renumbered", "{capabilities}");
        let commands = bed.server.take_commands();
        let sent = |c: &String| c.starts_with("UID MOVE") || c.starts_with("UID COPY");
        assert!(!commands.iter().any(sent), "{commands:?}");
        bed.assert_same(capabilities);
    }
}

#[test]
fn mailboxes_are_made_renamed_deleted_and_subscribed() {
    for capabilities in DRESSES {
        let bed = small(capabilities);
        let account = bed.account_key();
        let make = |name: &str, role| {
            mailbox::create(&bed.store, account, name, role)
                .wait()
                .unwrap()
                .mailbox
        };
        make("Trips/2026", None);
        make("Kept", Some(crate::model::Role::Junk));
        bed.sync().unwrap();
        mailbox::rename(&bed.store, bed.mailbox("Trips"), "Voyages")
            .wait()
            .unwrap();
        mailbox::remove(&bed.store, bed.mailbox("Kept"))
            .wait()
            .unwrap();
        mailbox::subscribe(&bed.store, bed.mailbox("Archive"), false)
            .wait()
            .unwrap();
        bed.sync().unwrap();
        let boxes: BTreeMap<String, bool> = {
            let world = bed.server.world();
            let boxes = world.boxes.iter();
            boxes
                .map(|(name, b)| (name.clone(), b.subscribed))
                .collect()
        };
        let expect = [
            ("Archive", false),
            ("INBOX", true),
            ("Voyages", true),
            ("Voyages/2026", true),
        ];
        let expect = expect.map(|(name, subscribed)| (name.to_owned(), subscribed));
        assert_eq!(boxes, BTreeMap::from(expect), "{capabilities}");
        let created = bed.server.take_commands();
        let role = created.iter().any(|c| c == "CREATE Kept (USE (\\Junk))");
        assert_eq!(role, capabilities.contains("CREATE-SPECIAL-USE"));
        bed.sync().unwrap();
        bed.assert_filed(capabilities);
    }
}

#[test]
fn what_the_other_side_made_or_deleted_first_is_done() {
    let bed = small(MOVES);
    let account = bed.account_key();
    mailbox::create(&bed.store, account, "New", None)
        .wait()
        .unwrap();
    bed.move_to(&[bed.message("INBOX", 1).key], "New");
    mailbox::remove(&bed.store, bed.mailbox("Trips"))
        .wait()
        .unwrap();
    {
        let mut world = bed.server.world();
        world.make("New");
        world.boxes.remove("Trips");
    }
    bed.sync().unwrap();
    bed.sync().unwrap();
    bed.assert_filed("done by another client");
    assert!(bed.there().ends_with("New: in1"), "{}", bed.there());
}
