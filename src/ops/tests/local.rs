//! Accounts of this machine: everything is done at once and undone, nothing waits; and moves between
//! them and servers, which are proven before anything goes.

use crate::model::journal::{Cause, Spot};
use crate::model::{
    AccountKey, FlagChange, Flags, Kept, MailboxKey, MessageKey, Operation, OperationKind, Role,
    Uid,
};
use crate::ops::triage::{Acted, Target, Undoable, Wish, act};
use crate::ops::{accounts as removal, import, mailbox, queue, undo};
use crate::store::accounts::{self, AccountKind};
use crate::store::bodies::{self, BodyWriter};
use crate::store::mailboxes::{self, Listed};
use crate::store::tests::{Bed, arrived, line};
use crate::store::verdicts::{self, Left};
use crate::store::{Refusal, StoreError, contents, counts, journal, local, messages};

/// `work` is on a server, `here` and `pop` are on this machine; INBOX of each holds messages.
struct Desk {
    bed: Bed,
    /// Messages on the server, whose bytes are not here.
    far: Vec<MessageKey>,
    /// Messages of `here`.
    near: Vec<MessageKey>,
}

impl Desk {
    fn new() -> Self {
        let bed = Bed::new();
        let account = bed.account;
        bed.put(move |tx| {
            let role = |name: &str| (name == "Trash").then_some(Role::Trash);
            let listed = |name: &&str| Listed {
                role: role(name),
                ..line(name)
            };
            let all: Vec<Listed> = ["INBOX", "Trips", "Trash"].iter().map(listed).collect();
            mailboxes::record_list(tx, account, &all)?;
            for (id, kind) in [("here", AccountKind::Local), ("pop", AccountKind::Pop3)] {
                let key = accounts::ensure(tx, id, kind)?;
                local::furnish(tx, key)?;
            }
            Ok(())
        });
        bed.select(7);
        let far = bed.insert(vec![arrived(1, "a"), arrived(2, "b")]);
        let mut desk = Self {
            bed,
            far,
            near: Vec::new(),
        };
        let raw = |n: u8| import::RawMessage {
            bytes: format!("Message-ID: <near{n}@x>\r\nSubject: {n}\r\n\r\ntext {n}\r\n").into(),
            flags: Flags::none(),
            arrival: Some(1_700_000_000 + i64::from(n)),
        };
        let inbox = desk.mailbox("here:INBOX");
        let given = import::messages(&desk.bed.store, inbox, (1..=3).map(raw).collect());
        desk.near = given.wait().unwrap();
        desk
    }

    fn account(&self, id: &str) -> AccountKey {
        let reader = self.bed.store.reader().unwrap();
        accounts::find(&reader, id).unwrap().unwrap().key
    }

    fn mailbox(&self, name: &str) -> MailboxKey {
        let (account, name) = name.split_once(':').unwrap();
        let reader = self.bed.store.reader().unwrap();
        let found = mailboxes::by_name(&reader, self.account(account), name).unwrap();
        found.unwrap().key
    }

    fn act(&self, keys: &[MessageKey], wish: Wish) -> Acted {
        act(&self.bed.store, keys.to_vec(), wish).wait().unwrap()
    }

    fn move_to(&self, key: MessageKey, name: &str) -> Acted {
        self.act(&[key], Wish::Move(Target::Mailbox(self.mailbox(name))))
    }

    fn copy_to(&self, key: MessageKey, name: &str) -> MessageKey {
        self.act(&[key], Wish::Copy(Target::Mailbox(self.mailbox(name))))
            .made[0]
    }

    fn undo(&self) -> undo::Undone {
        undo::undo(&self.bed.store).wait().unwrap()
    }

    /// `here:INBOX 3 | work:INBOX 2`, and what waits: `append!` is refused.
    fn state(&self) -> (String, String) {
        let reader = self.bed.store.reader().unwrap();
        let mut shown = Vec::new();
        for account in accounts::all(&reader).unwrap() {
            for mailbox in mailboxes::all(&reader, account.key).unwrap() {
                let counted = counts::recount(&reader, mailbox.key).unwrap();
                assert_eq!((mailbox.total, mailbox.unread, mailbox.flagged), counted);
                if mailbox.total > 0 {
                    let name = mailbox.name.unwrap();
                    shown.push(format!("{}:{name} {}", account.id, mailbox.total));
                }
            }
        }
        let word = |one: &Operation| {
            let failed = if one.state.is_failed() { "!" } else { "" };
            format!("{}{failed}", one.kind.word())
        };
        let waiting: Vec<String> = journal::all(&reader).unwrap().iter().map(word).collect();
        (shown.join(" | "), waiting.join(" "))
    }

    fn check(&self, shown: &str, waiting: &str) {
        assert_eq!(self.state(), (shown.to_owned(), waiting.to_owned()));
    }

    fn first(&self, word: &str) -> Operation {
        let reader = self.bed.store.reader().unwrap();
        let all = journal::all(&reader).unwrap();
        all.into_iter().find(|one| one.kind.word() == word).unwrap()
    }

    /// The server took the upload that waits.
    fn stand(&self, name: &str) {
        let (id, mailbox) = (self.first("append").id, self.mailbox(name));
        let spot = Spot {
            mailbox,
            epoch: 1,
            uid: Uid(40),
        };
        self.bed
            .put(move |tx| verdicts::placed(tx, id, spot, Left::Nothing));
    }

    fn refuse(&self, word: &str) {
        let id = self.first(word).id;
        self.bed
            .put(move |tx| verdicts::fail(tx, id, "too large", Cause::Refused));
    }

    fn queue(&self, word: &str, retry: bool) {
        let which = queue::Which::Ids(vec![self.first(word).id]);
        let store = &self.bed.store;
        let touched = match retry {
            true => queue::retry(store, which),
            false => queue::withdraw(store, which),
        };
        assert!(touched.wait().unwrap().operations > 0);
    }

    /// The bytes of a message on the server come, as its owner fetches them.
    fn fetch_awaited(&self) {
        let reader = self.bed.store.reader().unwrap();
        let awaited = journal::bytes_awaited(&reader, self.bed.account).unwrap();
        let content = messages::get(&reader, awaited[0]).unwrap().content;
        let piece = BodyWriter::whole(content, "", b"Subject: a\r\n\r\nbytes\r\n");
        self.bed.put(move |tx| bodies::store(tx, &piece));
    }

    fn bytes(&self, key: MessageKey) -> Option<Vec<u8>> {
        let reader = self.bed.store.reader().unwrap();
        let content = messages::get(&reader, key).unwrap().content;
        bodies::read_whole(&reader, content, "").unwrap()
    }
}

const BEFORE: &str = "work:INBOX 2 | here:INBOX 3";

#[test]
fn on_this_machine_everything_is_done_at_once_and_undone_and_nothing_waits() {
    let desk = Desk::new();
    let keys = desk.near.clone();
    let flagged = FlagChange::add(Flags::of(Flags::FLAGGED | Flags::SEEN));
    let cases = [
        (Wish::Flags(flagged, Undoable::Yes), BEFORE),
        (
            Wish::Move(Target::Mailbox(desk.mailbox("here:Sent"))),
            "work:INBOX 2 | here:Sent 3",
        ),
        (
            Wish::Copy(Target::Mailbox(desk.mailbox("here:Sent"))),
            "work:INBOX 2 | here:INBOX 3 | here:Sent 3",
        ),
        (
            Wish::Move(Target::Role(Role::Trash)),
            "work:INBOX 2 | here:Trash 3",
        ),
        (
            Wish::Move(Target::Role(Role::Archive)),
            "work:INBOX 2 | here:Archive 3",
        ),
        (
            Wish::Move(Target::Role(Role::Junk)),
            "work:INBOX 2 | here:Junk 3",
        ),
        (
            Wish::Move(Target::Mailbox(desk.mailbox("pop:INBOX"))),
            "work:INBOX 2 | pop:INBOX 3",
        ),
    ];
    for (wish, after) in cases {
        let word = wish.word();
        desk.act(&keys, wish);
        desk.check(after, "");
        assert_eq!(desk.undo().word, word);
        desk.check(BEFORE, "");
        assert_eq!(desk.bed.shown(keys[0]), "");
        assert!(desk.bytes(keys[2]).unwrap().ends_with(b"text 3\r\n"));
    }
    desk.act(&keys[..2], Wish::Expunge);
    desk.check("work:INBOX 2 | here:INBOX 1", "");
    assert_eq!(
        contents::total(&desk.bed.store.reader().unwrap()).unwrap(),
        3
    );
}

#[test]
fn mailboxes_of_this_machine_are_changed_at_once_and_their_names_are_checked() {
    let desk = Desk::new();
    let (store, account) = (&desk.bed.store, desk.account("pop"));
    let names = || {
        let reader = store.reader().unwrap();
        let all = mailboxes::all(&reader, account).unwrap();
        let own = all.into_iter().filter(|one| one.role.is_none());
        let names: Vec<String> = own.filter_map(|one| one.name).collect();
        names.join(" ")
    };
    for name in ["A", "A/x", "A/x/y", "B"] {
        mailbox::create(store, account, name, None).wait().unwrap();
    }
    mailbox::rename(store, desk.mailbox("pop:A"), "C")
        .wait()
        .unwrap();
    assert_eq!(names(), "B C C/x C/x/y");
    assert_eq!(desk.undo().mailboxes, ["A"]);
    assert_eq!(names(), "A A/x A/x/y B");
    mailbox::subscribe(store, desk.mailbox("pop:B"), false)
        .wait()
        .unwrap();
    let subscribed = || {
        let reader = store.reader().unwrap();
        let key = desk.mailbox("pop:B");
        mailboxes::get(&reader, key).unwrap().subscribed
    };
    assert!(!subscribed());
    desk.undo();
    assert!(subscribed());
    // What lies below must not take another's name.
    mailbox::create(store, account, "D/x", None).wait().unwrap();
    let taken = mailbox::rename(store, desk.mailbox("pop:A"), "D").wait();
    assert!(
        matches!(taken, Err(StoreError::Refused(Refusal::Exists { name, .. })) if name == "D/x")
    );
    let check = |outcome: Result<mailbox::Changed, StoreError>, expected: &str| {
        let told = outcome.unwrap_err().to_string();
        assert!(told.contains(expected), "{told:?} {expected}");
    };
    for (name, expected) in [
        ("", "empty"),
        ("/", "empty"),
        ("a//b", "levels is empty"),
        ("a\nb", "control"),
        ("a\0", "control"),
        ("Inbox", "already"),
        ("B", "already"),
    ] {
        check(mailbox::create(store, account, name, None).wait(), expected);
        check(
            mailbox::rename(store, desk.mailbox("pop:A"), name).wait(),
            expected,
        );
    }
    let inbox = desk.mailbox("pop:INBOX");
    check(mailbox::rename(store, inbox, "X").wait(), "renamed");
    check(mailbox::remove(store, inbox).wait(), "deleted");
    check(
        mailbox::remove(store, desk.mailbox("pop:Sent")).wait(),
        "needs \"Sent\" for sent",
    );
    check(
        mailbox::rename(store, desk.mailbox("pop:A"), "A/z").wait(),
        "below itself",
    );
    check(
        mailbox::remove(store, desk.mailbox("pop:A")).wait(),
        "below it",
    );
    desk.move_to(desk.near[0], "pop:B");
    mailbox::remove(store, desk.mailbox("pop:B"))
        .wait()
        .unwrap();
    desk.check("work:INBOX 2 | here:INBOX 2", "");
    let reader = store.reader().unwrap();
    assert_eq!(messages::find(&reader, desk.near[0]).unwrap(), None);
    assert!(mailboxes::by_name(&reader, account, "B").unwrap().is_none());
}

#[test]
fn r9_to_a_server_a_message_goes_from_here_when_it_is_proven_to_stand_there() {
    let desk = Desk::new();
    let key = desk.near[0];
    let moved = "work:INBOX 2 | work:Trips 1 | here:INBOX 2";
    desk.move_to(key, "work:Trips");
    desk.check(moved, "append expunge");
    // Refused: it lies where it lay, and goes again when a person says so.
    desk.refuse("append");
    desk.check(BEFORE, "append! expunge!");
    desk.queue("append", true);
    desk.check(moved, "append expunge");
    desk.stand("work:Trips");
    desk.check(moved, "");
    let reader = desk.bed.store.reader().unwrap();
    assert!(messages::get(&reader, key).unwrap().base.is_some());
    assert_eq!(contents::total(&reader).unwrap(), 5);
    // And back, its bytes being here.
    desk.undo();
    desk.check(BEFORE, "expunge");
    assert!(desk.bytes(key).unwrap().ends_with(b"text 1\r\n"));
}

#[test]
fn r9_a_move_to_a_server_that_is_given_up_leaves_the_message_here() {
    for given_up in ["drop", "drop after refusal", "undo", "account"] {
        let desk = Desk::new();
        desk.move_to(desk.near[0], "work:Trips");
        match given_up {
            "drop" => desk.queue("append", false),
            "undo" => {
                desk.undo();
            }
            "account" => removal::remove(&desk.bed.store, desk.bed.account).unwrap(),
            _ => {
                desk.refuse("append");
                desk.queue("append", false);
            }
        }
        let expected = match given_up {
            "account" => "here:INBOX 3",
            _ => BEFORE,
        };
        desk.check(expected, "");
        let reader = desk.bed.store.reader().unwrap();
        let inbox = desk.mailbox("here:INBOX");
        let mut whole = 0;
        for n in 1..40 {
            let row = messages::find(&reader, MessageKey(n)).unwrap();
            if let Some(row) = row.filter(|row| row.mailbox == Some(inbox)) {
                whole += i32::from(desk.bytes(row.key).is_some());
            }
        }
        assert_eq!(whole, 3, "{given_up}");
    }
}

#[test]
fn r9_what_a_server_refuses_comes_back_although_its_mailbox_is_deleted() {
    let desk = Desk::new();
    let store = &desk.bed.store;
    let account = desk.account("here");
    mailbox::create(store, account, "Old", None).wait().unwrap();
    desk.move_to(desk.near[0], "here:Old");
    desk.move_to(desk.near[0], "work:Trips");
    mailbox::remove(store, desk.mailbox("here:Old"))
        .wait()
        .unwrap();
    desk.refuse("append");
    desk.check(BEFORE, "append! expunge!");
    desk.queue("append", false);
    desk.check(BEFORE, "");
}

#[test]
fn r9_from_a_server_a_message_is_deleted_there_when_its_bytes_are_here() {
    let desk = Desk::new();
    let key = desk.far[0];
    desk.move_to(key, "here:Archive");
    let moved = "work:INBOX 1 | here:INBOX 3 | here:Archive 1";
    desk.check(moved, "append expunge");
    let expunge = desk.first("expunge");
    assert!(
        matches!(expunge.kind, OperationKind::Expunge { after: Some(after), .. }
        if after == key)
    );
    assert_eq!(desk.first("append").account, desk.bed.account);
    // What is asked of it meanwhile lands with it.
    let seen = FlagChange::add(Flags::of(Flags::SEEN));
    desk.act(&[key], Wish::Flags(seen, Undoable::Yes));
    desk.move_to(key, "here:Sent");
    desk.fetch_awaited();
    desk.check("work:INBOX 1 | here:INBOX 3 | here:Sent 1", "expunge");
    assert!(matches!(
        desk.first("expunge").kind,
        OperationKind::Expunge { after: None, .. }
    ));
    assert_eq!(desk.bed.shown(key), "\\Seen");
    assert_eq!(desk.bytes(key).unwrap(), b"Subject: a\r\n\r\nbytes\r\n");
}

#[test]
fn r9_a_move_from_a_server_that_is_given_up_leaves_the_message_there() {
    for given_up in ["drop", "undo", "mailbox", "gone", "account"] {
        let desk = Desk::new();
        let account = desk.account("here");
        let store = &desk.bed.store;
        mailbox::create(store, account, "Old", None).wait().unwrap();
        desk.move_to(desk.far[0], "here:Old");
        match given_up {
            "drop" => desk.queue("append", false),
            "undo" => {
                desk.undo();
            }
            "account" => removal::remove(store, account).unwrap(),
            _ => {
                mailbox::remove(store, desk.mailbox("here:Old"))
                    .wait()
                    .unwrap();
            }
        }
        match given_up {
            "mailbox" => {
                desk.check(BEFORE, "append! expunge!");
                // Kept: the mailbox is there again, and the bytes come.
                desk.queue("append", true);
                desk.check("work:INBOX 1 | here:INBOX 3 | here:Old 1", "append expunge");
                desk.fetch_awaited();
                desk.check("work:INBOX 1 | here:INBOX 3 | here:Old 1", "expunge");
            }
            "gone" => {
                desk.queue("append", false);
                desk.check(BEFORE, "");
            }
            "account" => desk.check("work:INBOX 2", ""),
            _ => desk.check(BEFORE, ""),
        }
    }
}

#[test]
fn r9_on_its_way_here_a_message_can_be_deleted_or_sent_on() {
    let desk = Desk::new();
    desk.move_to(desk.far[0], "here:Archive");
    desk.act(&desk.far[..1], Wish::Expunge);
    desk.check("work:INBOX 1 | here:INBOX 3", "expunge");
    assert!(matches!(
        desk.first("expunge").kind,
        OperationKind::Expunge { after: None, .. }
    ));
    let desk = Desk::new();
    desk.move_to(desk.far[0], "here:Archive");
    desk.move_to(desk.far[0], "pop:Archive");
    desk.check(
        "work:INBOX 1 | here:INBOX 3 | pop:Archive 1",
        "expunge append",
    );
    desk.fetch_awaited();
    desk.check("work:INBOX 1 | here:INBOX 3 | pop:Archive 1", "expunge");
    // On its way to a server, it stays on this machine after all.
    let desk = Desk::new();
    desk.move_to(desk.near[0], "work:Trips");
    desk.move_to(desk.near[0], "pop:INBOX");
    desk.check("work:INBOX 2 | here:INBOX 2 | pop:INBOX 1", "");
    assert!(desk.bytes(desk.near[0]).is_some());
    // Deleted for good on its way to a server, it is gone here too.
    desk.move_to(desk.near[1], "work:Trips");
    desk.act(&desk.near[1..2], Wish::Expunge);
    desk.check("work:INBOX 2 | here:INBOX 1 | pop:INBOX 1", "");
}

#[test]
fn r9_copies_from_a_server_wait_for_their_bytes_and_those_from_here_have_them() {
    let desk = Desk::new();
    let copy = desk.copy_to(desk.far[0], "here:Archive");
    let copied = "work:INBOX 2 | here:INBOX 3 | here:Archive 1";
    desk.check(copied, "append");
    let second = desk.copy_to(copy, "here:Archive");
    let third = desk.copy_to(copy, "pop:Archive");
    desk.fetch_awaited();
    desk.check(
        "work:INBOX 2 | here:INBOX 3 | here:Archive 2 | pop:Archive 1",
        "",
    );
    for key in [copy, second, third] {
        assert!(desk.bytes(key).is_some());
    }
    let up = desk.copy_to(desk.near[0], "work:Trips");
    assert_eq!(desk.first("append").kind.other(), None);
    desk.stand("work:Trips");
    let reader = desk.bed.store.reader().unwrap();
    assert!(messages::get(&reader, up).unwrap().base.is_some());
    assert!(messages::get(&reader, desk.near[0]).unwrap().base.is_none());
}

#[test]
fn what_is_here_in_part_only_and_on_no_server_goes_to_no_other_account() {
    let desk = Desk::new();
    let inbox = desk.mailbox("pop:INBOX");
    let (key, content) = desk
        .bed
        .put(move |tx| messages::insert_local(tx, inbox, &arrived(0, "half")));
    assert_ne!(
        contents::kept(&desk.bed.store.reader().unwrap(), content).unwrap(),
        Kept::All
    );
    for name in ["work:Trips", "here:INBOX"] {
        for wish in [
            Wish::Move(Target::Mailbox(desk.mailbox(name))),
            Wish::Copy(Target::Mailbox(desk.mailbox(name))),
        ] {
            let refused = act(&desk.bed.store, vec![key], wish).wait();
            assert!(matches!(
                refused,
                Err(StoreError::Refused(Refusal::NotKept { .. }))
            ));
        }
    }
    desk.move_to(key, "pop:Archive");
    desk.check("work:INBOX 2 | here:INBOX 3 | pop:Archive 1", "");
}
