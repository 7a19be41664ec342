//! Our operations beside those of another client, and between two accounts.

use super::server::{Cut, PLAIN};
use super::triage::{COPIES, DRESSES, MOVES, small, stopped_at, there};
use super::*;
use crate::net::{Dial, Later, Link, NetError, Target as Address};
use crate::ops::triage::{Target, Wish, act};

/// One side's change of message 1 of INBOX.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Deed {
    Nothing,
    Flag,
    Move,
    MoveElsewhere,
    Copy,
    Delete,
    Append,
}

const OURS: [Deed; 4] = [Deed::Flag, Deed::Move, Deed::Copy, Deed::Delete];
const THEIRS: [Deed; 7] = [
    Deed::Nothing,
    Deed::Flag,
    Deed::Move,
    Deed::MoveElsewhere,
    Deed::Copy,
    Deed::Delete,
    Deed::Append,
];

fn ours(bed: &Bed, deed: Deed) {
    let key = bed.message("INBOX", 1).key;
    match deed {
        Deed::Flag => bed.wish(key, flagged()),
        Deed::Move => bed.move_to(&[key], "Trips"),
        Deed::Copy => bed.copy_to(&[key], "Trips"),
        Deed::Delete => drop(bed.act(&[key], Wish::Expunge)),
        Deed::Nothing | Deed::MoveElsewhere | Deed::Append => {}
    }
}

/// What another client does to the message, wherever it stands now.
fn theirs(server: &Server, deed: Deed) {
    let mut world = server.world();
    let home = ["INBOX", "Trips"].into_iter().find_map(|name| {
        let mails = &world.boxes[name].mails;
        let is_it = |m: &&server::Mail| {
            let text = String::from_utf8_lossy(&m.bytes);
            text.contains("<in1@") && !m.flags.has(Flags::DELETED)
        };
        let mail = mails.iter().find(is_it)?;
        Some((name, mail.clone()))
    });
    let Some((home, mail)) = home else {
        return;
    };
    let put = |world: &mut server::World, name: &str| {
        let target = world.boxes.get_mut(name).unwrap();
        target.deliver("x", 1);
        let new = target.mails.last_mut().unwrap();
        new.bytes.clone_from(&mail.bytes);
        new.flags = mail.flags.clone();
        new.date = mail.date;
    };
    match deed {
        Deed::Nothing => {}
        Deed::Flag => world
            .boxes
            .get_mut(home)
            .unwrap()
            .flag(mail.uid, "\\Seen", true),
        Deed::Copy => put(&mut world, "Trips"),
        Deed::Append => put(&mut world, "INBOX"),
        Deed::Delete => world.boxes.get_mut(home).unwrap().expunge(mail.uid),
        Deed::Move | Deed::MoveElsewhere => {
            let to = match deed {
                Deed::Move => "Trips",
                _ => "Archive",
            };
            if to != home {
                world.boxes.get_mut(home).unwrap().expunge(mail.uid);
                put(&mut world, to);
            }
        }
    }
}

fn count(server: &Server) -> usize {
    there(server).matches("in1").count() - there(server).matches("in1@").count()
}

#[test]
fn r8_every_pair_of_changes_loses_and_doubles_nothing() {
    for capabilities in [MOVES, COPIES, PLAIN] {
        for our in OURS {
            for their in THEIRS {
                for first in [false, true] {
                    let bed = small(capabilities);
                    let what = format!("{our:?} {their:?} {first} {capabilities}");
                    ours(&bed, our);
                    if first {
                        theirs(&bed.server, their);
                    }
                    bed.sync().unwrap();
                    if !first {
                        theirs(&bed.server, their);
                    }
                    for _ in 0..2 {
                        bed.sync().unwrap();
                    }
                    bed.assert_same(&what);
                    bed.assert_harmless();
                    let left = bed.waiting();
                    // What cannot be had both ways waits for a person; nothing else does.
                    let conflict = first
                        && matches!(our, Deed::Move | Deed::Copy)
                        && matches!(their, Deed::Move | Deed::MoveElsewhere | Deed::Delete);
                    assert_eq!(left.contains("gone"), conflict, "{what}: {left}");
                    assert!(conflict || left.is_empty(), "{what}: {left}");
                    let copies = 1
                        + usize::from(our == Deed::Copy && !conflict)
                        + usize::from(matches!(their, Deed::Copy | Deed::Append));
                    let deleted =
                        usize::from(our == Deed::Delete) + usize::from(their == Deed::Delete);
                    let have = count(&bed.server);
                    if deleted == 0 {
                        assert_eq!(have, copies, "{what}: {}", bed.there());
                    } else {
                        assert!(have < copies + 1, "{what}: {}", bed.there());
                    }
                }
            }
        }
    }
}

#[test]
fn r10_a_mailbox_that_another_client_deleted_is_never_made_again() {
    for capabilities in DRESSES {
        let bed = small(capabilities);
        bed.move_to(&[bed.message("INBOX", 1).key], "Trips");
        bed.copy_to(&[bed.message("INBOX", 2).key], "Trips");
        bed.server.world().boxes.remove("Trips");
        bed.server.take_commands();
        bed.sync().unwrap();
        let expect = "move failed mailbox-gone, copy failed mailbox-gone";
        assert_eq!(bed.waiting(), expect, "{capabilities}");
        let commands = bed.server.take_commands();
        assert!(!commands.iter().any(|c| c.starts_with("CREATE")));
        assert!(bed.there().contains("INBOX: in1 in2 "));
        bed.assert_same(capabilities);
    }
}

#[test]
fn r9_r10_a_move_out_of_a_mailbox_that_is_deleted_meanwhile_ends() {
    for capabilities in DRESSES {
        for at in 1.. {
            let bed = small(capabilities);
            bed.move_to(&[bed.message("Archive", 1).key], "INBOX");
            let stopped = stopped_at(&bed, at);
            bed.server.world().boxes.remove("Archive");
            for _ in 0..3 {
                bed.sync().unwrap();
            }
            let (there, waiting) = (bed.there(), bed.waiting());
            let what = format!("stopped at commit {at} {capabilities}: {there}; {waiting}");
            let arrived = there.contains("in8 old1");
            assert_eq!(
                waiting,
                if arrived { "" } else { "move failed gone" },
                "{what}"
            );
            bed.assert_same(&what);
            if !stopped {
                assert!(arrived, "{what}");
                break;
            }
        }
    }
}

#[test]
fn r10_a_renamed_mailbox_gets_the_messages_under_its_new_name() {
    // The other client renames between our LIST and our move.
    for capabilities in DRESSES {
        let bed = small(capabilities);
        bed.move_to(&[bed.message("INBOX", 1).key], "Trips");
        {
            let mut world = bed.server.world();
            let trips = world.boxes.remove("Trips").unwrap();
            world.boxes.insert("Voyages".to_owned(), trips);
        }
        for _ in 0..3 {
            bed.sync().unwrap();
        }
        let there = bed.there();
        let arrived = there.ends_with("Voyages: in1");
        assert!(arrived || bed.waiting().contains("mailbox-gone"), "{there}");
        assert_eq!(count(&bed.server), 1, "{there}");
    }
}

/// Two accounts, each on a server of its own.
struct Both {
    bed: Bed,
    other: Server,
    account: AccountSettings,
}

#[derive(Clone)]
struct Fork(Server, Server);

impl Dial for Fork {
    fn dial(&self, target: Address) -> Later<'static, Result<Link, NetError>> {
        match target.host.as_str() {
            "mail.example.org" => self.0.dial(target),
            _ => self.1.dial(target),
        }
    }
}

impl Both {
    fn new(capabilities: &str) -> Self {
        let mut bed = small(capabilities);
        bed.account.offline = Offline::Headers;
        let other = Server::new(capabilities);
        other.create("Files", true);
        bed.env.dial = Arc::new(Fork(bed.server.clone(), other.clone()));
        let secret = Secret::new("secret");
        bed.env.secrets.set("home", secret).wait().unwrap();
        let endpoint = Endpoint::parse(Scheme::Imap, "imaps://me@home.example.org").unwrap();
        let account = AccountSettings::imap("home", "me@home.example.org", endpoint);
        let both = Self {
            bed,
            other,
            account,
        };
        both.sync_other().unwrap();
        both
    }

    fn sync_other(&self) -> Result<(), SyncError> {
        guarded(async {
            let bed = &self.bed;
            let desk = Desk::open(&bed.env, &bed.store, &self.account, Arc::default(), None);
            let mut task = Task::new(desk.await.unwrap(), bed.folder.path().to_owned());
            let mut tally = Tally::default();
            task.session(Aim::Once(Work::All), &mut tally).await?;
            Ok(())
        })
    }

    fn files(&self) -> MailboxKey {
        let reader = self.bed.store.reader().unwrap();
        let account = accounts::find(&reader, "home").unwrap().unwrap().key;
        let found = mailboxes::by_name(&reader, account, "Files").unwrap();
        found.unwrap().key
    }

    fn wish(&self, uids: &[u32], wish: impl Fn(Target) -> Wish) {
        let keys = uids.iter().map(|uid| self.bed.message("INBOX", *uid).key);
        let wish = wish(Target::Mailbox(self.files()));
        act(&self.bed.store, keys.collect(), wish).wait().unwrap();
    }

    fn wished(capabilities: &str) -> Self {
        let both = Self::new(capabilities);
        both.wish(&[1, 2], Wish::Move);
        both.wish(&[3], Wish::Copy);
        both
    }

    /// Both accounts in turn until nothing waits.
    fn settle(&self) {
        for _ in 0..4 {
            self.bed.sync().unwrap();
            self.sync_other().unwrap();
        }
    }

    fn assert_moved(&self, what: &str) {
        assert_eq!(there(&self.other), "Files: in1 in2 in3; INBOX:", "{what}");
        let here = self.bed.there();
        assert!(here.contains("INBOX: in3 in4 in5"), "{what}: {here}");
        assert_eq!(self.bed.waiting(), "", "{what}");
        self.bed.assert_harmless();
    }
}

#[test]
fn a_message_goes_over_to_another_account_and_leaves_nothing_behind() {
    for capabilities in DRESSES {
        for no_uid in [false, true] {
            let both = Both::wished(capabilities);
            both.other.world().no_copyuid = no_uid;
            both.settle();
            both.assert_moved(capabilities);
            let world = both.other.world();
            let bytes = &world.boxes["Files"].mails[0].bytes;
            assert!(bytes.starts_with(b"Date: Sat") && bytes.len() >= 300);
        }
    }
}

#[test]
fn r9_a_move_between_accounts_cut_anywhere_neither_loses_nor_doubles() {
    for capabilities in [MOVES, COPIES, PLAIN] {
        let whole = Both::wished(capabilities);
        whole.bed.sync().unwrap();
        whole.sync_other().unwrap();
        let marks = whole.other.marks();
        let inside = |at: &u64| [at.saturating_sub(1), *at];
        let reads = marks.told.iter().flat_map(inside).map(Cut::Reads);
        let writes = marks.heard.iter().flat_map(inside).map(Cut::Writes);
        let cuts: Vec<Cut> = reads.chain(writes).collect();
        let step = cuts.len().div_ceil(20).max(1);
        for cut in cuts.into_iter().step_by(step) {
            let both = Both::wished(capabilities);
            both.bed.sync().unwrap();
            both.other.cut_next(cut);
            // It fails wherever it was cut.
            let _ = both.sync_other();
            both.settle();
            both.assert_moved(&format!("{cut:?} {capabilities}"));
        }
    }
}

#[test]
fn r11_an_upload_that_finds_no_room_waits_and_the_original_stays() {
    let both = Both::wished(MOVES);
    both.bed.sync().unwrap();
    for _ in 0..3 {
        both.other
            .world()
            .no
            .push(("APPEND", "NO [OVERQUOTA] full"));
    }
    both.sync_other().unwrap();
    both.bed.sync().unwrap();
    assert!(both.bed.waiting().contains("append queued"));
    assert!(both.bed.there().contains("INBOX: in1 in2 in3"));
    both.bed.fake.clock.advance(Duration::from_secs(20 * 60));
    both.settle();
    both.assert_moved("after there was room");
}

#[test]
fn r10_uploads_go_on_in_a_mailbox_that_was_renamed_meanwhile() {
    for (capabilities, at) in [(MOVES, "APPEND"), (COPIES, "APPEND"), (PLAIN, "STATUS")] {
        let both = Both::wished(capabilities);
        both.bed.sync().unwrap();
        let rename = (at, "Files", "Papers");
        both.other.world().renames.push(rename);
        both.sync_other().unwrap();
        let there = there(&both.other);
        assert_eq!(there, "INBOX:; Papers: in1 in2 in3", "{capabilities}");
        both.settle();
        assert_eq!(both.bed.waiting(), "", "{capabilities}");
    }
}

/// A message of about so many octets with line ends of every kind.
fn unruly(id: &str, size: usize) -> Vec<u8> {
    let mut text = b"From: a@example.org\nSubject: unruly\n".to_vec();
    if !id.is_empty() {
        text.extend(format!("Message-ID: <{id}@example.org>\r\n").into_bytes());
    }
    text.extend_from_slice(b"\r\nbare\rreturn\n\r\n");
    while text.len() < size {
        // A CR LF lies across each border of the pieces in which it is read.
        let border = (text.len() / READ + 1) * READ - 1;
        let line = border.saturating_sub(text.len()).min(70);
        text.resize(text.len() + line, b'x');
        text.extend_from_slice(if line < 70 { b"\r\n" } else { b"\n" });
    }
    text.push(b'\r');
    text
}

const READ: usize = 256 << 10;

fn with_crlf(bytes: &[u8]) -> String {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.replace('\n', "\r\n")
}

#[test]
fn r21_an_upload_has_crlf_only_is_known_again_and_the_stored_bytes_stay() {
    for (id, size) in [
        ("in1", 500),
        ("", 500),
        ("in1", 3 * READ / 2),
        ("", 3 * READ),
    ] {
        for no_copyuid in [false, true] {
            let what = format!("{id:?} {size} {no_copyuid}");
            let mut both = Both::new(MOVES);
            both.bed.account.offline = Offline::All;
            both.other.world().no_copyuid = no_copyuid;
            let raw = unruly(id, size);
            both.bed.server.change("INBOX", |b| {
                b.deliver("x", 1);
                b.mails.last_mut().unwrap().bytes.clone_from(&raw);
            });
            both.bed.sync().unwrap();
            both.wish(&[9], Wish::Copy);
            both.settle();
            assert_eq!(both.bed.waiting(), "", "{what}");
            let world = both.other.world();
            let mails = &world.boxes["Files"].mails;
            assert_eq!(mails.len(), 1, "{what}");
            assert!(mails[0].bytes == with_crlf(&raw).into_bytes(), "{what}");
            let reader = both.bed.store.reader().unwrap();
            let content = both.bed.message("INBOX", 9).content;
            let stored = bodies::read_whole(&reader, content, "").unwrap();
            assert!(stored.as_deref() == Some(&raw[..]), "{what}");
        }
    }
}
