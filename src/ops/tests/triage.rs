//! Move, copy, delete, mailboxes and undo: what is shown at once, what waits, what a verdict makes
//! of it.

mod behind;
mod conflicts;
mod copies;
mod expunge;

use crate::model::journal::{Cause, Spot};
use crate::model::{
    AccountKey, FlagChange, Flags, MailboxKey, MessageKey, OperationKind, Role, Uid,
};
use crate::ops::triage::{Acted, Target, Undoable, Wish, act, act_in_slices, in_trash, proposal};
use crate::ops::{mailbox, queue, undo};
use crate::store::accounts::AccountKind;
use crate::store::mailboxes::{Epoch, Listed};
use crate::store::tests::{Bed, arrived, line, selected};
use crate::store::verdicts::Left;
use crate::store::{
    Refusal, StoreError, accounts, batches, contents, counts, journal, mailboxes, messages,
    verdicts,
};

/// Two accounts with the usual mailboxes; three messages in the first one's INBOX.
struct Desk {
    bed: Bed,
    keys: Vec<MessageKey>,
    other: AccountKey,
}

const MAILBOXES: [&str; 6] = ["INBOX", "Trash", "Trips", "Trips/2026", "Archive", "Junk"];

fn listed(names: &[&str]) -> Vec<Listed> {
    let role = |name: &str| match name {
        "INBOX" => Some(Role::Inbox),
        "Trash" => Some(Role::Trash),
        "Archive" => Some(Role::Archive),
        "Junk" => Some(Role::Junk),
        _ => None,
    };
    names
        .iter()
        .map(|name| Listed {
            role: role(name),
            subscribed: true,
            ..line(name)
        })
        .collect()
}

impl Desk {
    fn new() -> Self {
        let bed = Bed::new();
        let account = bed.account;
        let other = bed.put(move |tx| {
            mailboxes::record_list(tx, account, &listed(&MAILBOXES))?;
            let other = accounts::ensure(tx, "home", AccountKind::Imap)?;
            mailboxes::record_list(tx, other, &listed(&["INBOX", "Trash", "Files"]))?;
            Ok(other)
        });
        bed.select(7);
        let keys = bed.insert(vec![arrived(1, "a"), arrived(2, "b"), arrived(3, "c")]);
        Self { bed, keys, other }
    }

    fn mailbox(&self, name: &str) -> MailboxKey {
        let reader = self.bed.store.reader().unwrap();
        let (account, name) = match name.strip_prefix("home:") {
            Some(name) => (self.other, name),
            None => (self.bed.account, name),
        };
        mailboxes::by_name(&reader, account, name)
            .unwrap()
            .unwrap()
            .key
    }

    fn act(&self, keys: &[MessageKey], wish: Wish) -> Acted {
        act(&self.bed.store, keys.to_vec(), wish).wait().unwrap()
    }

    fn move_to(&self, keys: &[MessageKey], name: &str) -> Acted {
        self.act(keys, Wish::Move(Target::Mailbox(self.mailbox(name))))
    }

    fn undo(&self) -> undo::Undone {
        undo::undo(&self.bed.store).wait().unwrap()
    }

    /// `INBOX:1.2 Trash:3`: which messages are shown where, by their place in `keys`.
    fn shown(&self) -> String {
        let reader = self.bed.store.reader().unwrap();
        assert_eq!(batches::miscounted(&reader).unwrap(), 0);
        let mut all = Vec::new();
        for account in accounts::all(&reader).unwrap() {
            for mailbox in mailboxes::all(&reader, account.key).unwrap() {
                let counted = counts::recount(&reader, mailbox.key).unwrap();
                assert_eq!((mailbox.total, mailbox.unread, mailbox.flagged), counted);
                let here: Vec<String> = (1..40)
                    .filter(|n| {
                        let row = messages::find(&reader, MessageKey(*n)).unwrap();
                        row.is_some_and(|row| row.mailbox == Some(mailbox.key))
                    })
                    .map(|n| {
                        let place = self.keys.iter().position(|key| key.0 == n);
                        place.map_or_else(|| "new".to_owned(), |place| (place + 1).to_string())
                    })
                    .collect();
                if !here.is_empty() {
                    let prefix = if account.key == self.other {
                        "home:"
                    } else {
                        ""
                    };
                    let name = mailbox.name.unwrap();
                    all.push(format!("{prefix}{name}:{}", here.join(".")));
                }
            }
        }
        all.join(" ")
    }

    /// The words of the operations that wait, oldest first.
    fn waiting(&self) -> String {
        let reader = self.bed.store.reader().unwrap();
        let words: Vec<String> = journal::all(&reader)
            .unwrap()
            .iter()
            .map(|one| {
                let failed = if one.state.is_failed() { "!" } else { "" };
                format!("{}{failed}", one.kind.word())
            })
            .collect();
        words.join(" ")
    }

    fn first(&self, word: &str) -> crate::model::Operation {
        let reader = self.bed.store.reader().unwrap();
        journal::all(&reader)
            .unwrap()
            .into_iter()
            .find(|one| one.kind.word() == word)
            .unwrap()
    }

    fn spot(&self, name: &str, uid: u32) -> Spot {
        Spot {
            mailbox: self.mailbox(name),
            epoch: 1,
            uid: Uid(uid),
        }
    }

    fn base(&self, key: MessageKey) -> Option<(MailboxKey, u32)> {
        let reader = self.bed.store.reader().unwrap();
        let base = messages::find(&reader, key).unwrap()?.base?;
        Some((base.mailbox, base.uid.0))
    }
}

fn trash() -> Wish {
    Wish::Move(Target::Role(Role::Trash))
}

#[test]
fn a_move_is_shown_at_once_waits_and_ends_where_the_server_says() {
    let desk = Desk::new();
    let acted = desk.move_to(&desk.keys[..2], "Trips");
    assert_eq!(
        (acted.changed.len(), acted.into),
        (2, vec![desk.mailbox("Trips")])
    );
    assert_eq!(desk.shown(), "INBOX:3 Trips:1.2");
    assert_eq!(desk.waiting(), "move move");
    let (id, spot) = (desk.first("move").id, desk.spot("Trips", 40));
    desk.bed
        .put(move |tx| verdicts::placed(tx, id, spot, Left::Nothing));
    assert_eq!(desk.base(desk.keys[0]), Some((desk.mailbox("Trips"), 40)));
    assert_eq!(
        (desk.shown(), desk.waiting()),
        ("INBOX:3 Trips:1.2".into(), "move".into())
    );
    let id = desk.first("move").id;
    desk.bed
        .put(move |tx| verdicts::fail(tx, id, "no room", Cause::Refused));
    assert_eq!(
        desk.shown(),
        "INBOX:2.3 Trips:1",
        "a refusal takes itself back"
    );
}

#[test]
fn undo_goes_further_back_each_time_and_cancels_what_was_not_sent() {
    let desk = Desk::new();
    desk.move_to(&desk.keys, "Trips");
    desk.act(&desk.keys[..1], trash());
    assert_eq!(
        (desk.shown(), desk.waiting()),
        ("Trash:1 Trips:2.3".into(), "move move move".into())
    );
    let undone = desk.undo();
    assert_eq!((undone.word.as_str(), undone.messages.len()), ("delete", 1));
    assert_eq!(desk.shown(), "Trips:1.2.3");
    assert_eq!(desk.undo().word, "move");
    assert_eq!(
        (desk.shown(), desk.waiting()),
        ("INBOX:1.2.3".into(), String::new())
    );
    let nothing = undo::undo(&desk.bed.store).wait();
    assert!(matches!(
        nothing,
        Err(StoreError::Refused(Refusal::NothingToUndo))
    ));
}

#[test]
fn undo_works_after_the_server_did_it_and_turns_back_only_its_own_change() {
    let desk = Desk::new();
    desk.move_to(&desk.keys[..1], "Trips");
    let (id, spot) = (desk.first("move").id, desk.spot("Trips", 40));
    desk.bed
        .put(move |tx| verdicts::placed(tx, id, spot, Left::Nothing));
    let trips = spot.mailbox;
    desk.bed.put(move |tx| {
        let seen = messages::FlagsSeen {
            uid: Uid(40),
            flags: Flags::of(Flags::FLAGGED),
            modseq: None,
        };
        messages::update_flags(tx, trips, Epoch(1), &[seen])
    });
    desk.undo();
    assert_eq!(
        (desk.shown(), desk.waiting()),
        ("INBOX:1.2.3".into(), "move".into())
    );
    assert_eq!(
        desk.bed.shown(desk.keys[0]),
        "\\Flagged",
        "another's flag stays"
    );
}

#[test]
fn the_last_fifty_actions_are_kept() {
    let desk = Desk::new();
    for n in 0..60 {
        let wish = match n % 2 {
            0 => Wish::Flags(FlagChange::add(Flags::of(Flags::SEEN)), Undoable::Yes),
            _ => Wish::Flags(FlagChange::remove(Flags::of(Flags::SEEN)), Undoable::Yes),
        };
        desk.act(&desk.keys[..1], wish);
    }
    let mut undone = 0;
    while undo::undo(&desk.bed.store).wait().is_ok() {
        undone += 1;
    }
    assert_eq!(undone, 50);
}

#[test]
fn r9_without_uidplus_what_our_move_left_marked_is_not_shown() {
    let desk = Desk::new();
    desk.move_to(&desk.keys[..1], "Trips");
    let (id, spot) = (desk.first("move").id, desk.spot("Trips", 40));
    desk.bed
        .put(move |tx| verdicts::placed(tx, id, spot, Left::Marked));
    assert_eq!(desk.shown(), "INBOX:2.3 Trips:1");
    // The next pull hears of the marked one, and somebody takes the mark away.
    let inbox = desk.bed.inbox;
    let says = |flags: u8| {
        desk.bed.put(move |tx| {
            let seen = messages::FlagsSeen {
                uid: Uid(1),
                flags: Flags::of(flags),
                modseq: None,
            };
            messages::replace_flags(tx, inbox, Epoch(1), &[seen])
        });
    };
    says(Flags::DELETED | Flags::SEEN);
    assert_eq!(desk.shown(), "INBOX:2.3 Trips:1");
    says(Flags::SEEN);
    assert_eq!(desk.shown(), "INBOX:2.3.new Trips:1");
}

#[test]
fn r5_moves_stop_when_uidvalidity_changes_and_flags_go_on() {
    let desk = Desk::new();
    desk.move_to(&desk.keys[..1], "Trips");
    desk.act(&desk.keys[1..2], Wish::Expunge);
    let seen = Wish::Flags(FlagChange::add(Flags::of(Flags::SEEN)), Undoable::Yes);
    desk.act(&desk.keys[2..], seen);
    desk.bed.select(8);
    assert_eq!(desk.waiting(), "move! expunge! flag");
    assert_eq!(desk.shown(), "INBOX:1.2.3");
    let operation = desk.first("move");
    assert!(matches!(
        operation.state,
        crate::model::OperationState::Failed {
            cause: Cause::Renumbered,
            ..
        }
    ));
}

#[test]
fn a_copy_stands_at_once_and_one_that_never_left_is_forgotten() {
    let desk = Desk::new();
    let acted = desk.act(
        &desk.keys[..1],
        Wish::Copy(Target::Mailbox(desk.mailbox("Trips"))),
    );
    assert_eq!(desk.shown(), "INBOX:1.2.3 Trips:new");
    let copy = acted.made[0];
    let reader = desk.bed.store.reader().unwrap();
    let (one, two) = (
        messages::get(&reader, desk.keys[0]).unwrap(),
        messages::get(&reader, copy).unwrap(),
    );
    assert_eq!((one.content, one.arrival), (two.content, two.arrival));
    desk.undo();
    assert_eq!(
        (desk.shown(), desk.waiting()),
        ("INBOX:1.2.3".into(), String::new())
    );
    let acted = desk.act(
        &desk.keys[..1],
        Wish::Copy(Target::Mailbox(desk.mailbox("Trips"))),
    );
    let (id, spot) = (desk.first("copy").id, desk.spot("Trips", 40));
    desk.bed
        .put(move |tx| verdicts::placed(tx, id, spot, Left::Nothing));
    assert_eq!(desk.base(acted.made[0]), Some((spot.mailbox, 40)));
    desk.undo();
    assert_eq!(
        (desk.shown(), desk.waiting()),
        ("INBOX:1.2.3".into(), "expunge".into())
    );
}

#[test]
fn to_another_account_the_message_keeps_its_key_and_its_remains_wait_for_the_proof() {
    let desk = Desk::new();
    let key = desk.keys[0];
    desk.move_to(&[key], "home:Files");
    assert_eq!(
        (desk.shown(), desk.waiting()),
        ("INBOX:2.3 home:Files:1".into(), "append expunge".into())
    );
    let (append, expunge) = (desk.first("append"), desk.first("expunge"));
    assert_eq!(
        (append.account, expunge.account),
        (desk.other, desk.bed.account)
    );
    let reader = desk.bed.store.reader().unwrap();
    assert_eq!(
        journal::bytes_awaited(&reader, desk.bed.account)
            .unwrap()
            .len(),
        1
    );
    // A person never saw the key of what is left behind: the queue names the message.
    let named = || -> Vec<_> {
        let reader = desk.bed.store.reader().unwrap();
        let groups = queue::list(&reader).unwrap().into_iter();
        groups
            .map(|group| (group.kind, group.messages, group.remains))
            .collect()
    };
    let remains = ("expunge", vec![key], true);
    assert_eq!(named(), [("append", vec![key], false), remains.clone()]);
    let waiting = journal::waiting(&reader, desk.bed.account, 0).unwrap();
    assert_eq!(
        (waiting[0].spot.map(|spot| spot.uid), waiting[0].other),
        (Some(Uid(1)), None)
    );
    // Refused there: it is here again.
    let id = append.id;
    desk.bed
        .put(move |tx| verdicts::fail(tx, id, "too large", Cause::Refused));
    assert_eq!(
        (desk.shown(), desk.waiting()),
        ("INBOX:2.3.new".into(), "append! expunge!".into())
    );
    desk.bed.put(move |tx| verdicts::requeue(tx, id, None));
    assert_eq!(desk.shown(), "INBOX:2.3 home:Files:1");
    // The bytes come with the remains and are those of the message.
    let source = append.kind.other().unwrap();
    desk.bed.put(move |tx| {
        let content = messages::get(tx, source)?.content;
        let bytes = crate::store::bodies::BodyWriter::whole(content, "", b"bytes");
        crate::store::bodies::store(tx, &bytes)
    });
    let content = messages::get(&reader, key).unwrap().content;
    assert_eq!(
        contents::kept(&reader, content).unwrap(),
        crate::model::Kept::All
    );
    let spot = desk.spot("home:Files", 5);
    desk.bed
        .put(move |tx| verdicts::placed(tx, id, spot, Left::Nothing));
    let expunge = desk.first("expunge");
    assert!(matches!(
        expunge.kind,
        OperationKind::Expunge { after: None, .. }
    ));
    assert_eq!(named(), [remains]);
    let id = expunge.id;
    desk.bed
        .put(move |tx| verdicts::expunged(tx, id, Left::Nothing));
    assert_eq!(
        (desk.shown(), desk.waiting()),
        ("INBOX:2.3 home:Files:1".into(), String::new())
    );
    assert_eq!(desk.base(key), Some((spot.mailbox, 5)));
    // And back, by undo, as a move across once more.
    desk.undo();
    assert_eq!(
        (desk.shown(), desk.waiting()),
        ("INBOX:1.2.3".into(), "append expunge".into())
    );
}

#[test]
fn a_move_to_another_account_that_was_not_sent_is_taken_back_without_a_trace() {
    let desk = Desk::new();
    let key = desk.keys[0];
    desk.move_to(&[key], "home:Files");
    desk.undo();
    assert_eq!(
        (desk.shown(), desk.waiting()),
        ("INBOX:1.2.3".into(), String::new())
    );
    assert_eq!(desk.base(key), Some((desk.bed.inbox, 1)));
    desk.move_to(&[key], "home:Files");
    let id = desk.first("append").id;
    queue::withdraw(&desk.bed.store, queue::Which::Ids(vec![id]))
        .wait()
        .unwrap();
    assert_eq!(
        (desk.shown(), desk.waiting()),
        ("INBOX:2.3.new".into(), String::new())
    );
}

#[test]
fn deleting_for_good_is_not_undone_and_what_is_in_trash_is_known() {
    let desk = Desk::new();
    desk.act(&desk.keys[..1], trash());
    let reader = desk.bed.store.reader().unwrap();
    assert_eq!(in_trash(&reader, &desk.keys).unwrap(), desk.keys[..1]);
    desk.act(&desk.keys[..1], Wish::Expunge);
    assert_eq!(
        (desk.shown(), desk.waiting()),
        ("INBOX:2.3".into(), "expunge".into())
    );
    assert_eq!(desk.undo().gone, 1);
    let id = desk.first("expunge").id;
    desk.bed
        .put(move |tx| verdicts::expunged(tx, id, Left::Nothing));
    assert!(messages::find(&reader, desk.keys[0]).unwrap().is_none());
    let none = act(
        &desk.bed.store,
        desk.keys.clone(),
        Wish::Move(Target::Role(Role::Sent)),
    )
    .wait();
    assert!(matches!(
        none,
        Err(StoreError::Refused(Refusal::NoRole { role: "sent", .. }))
    ));
}

#[test]
fn slices_are_one_action() {
    let bed = Bed::new();
    let account = bed.account;
    bed.put(move |tx| mailboxes::record_list(tx, account, &listed(&MAILBOXES)));
    let keys = bed.insert((1..=2500).map(|n| arrived(n, &n.to_string())).collect());
    let acted = act_in_slices(&bed.store, &keys, &trash()).unwrap();
    assert_eq!(acted.changed.len(), 2500);
    let undone = undo::undo_in_slices(&bed.store).unwrap();
    assert_eq!((undone.messages.len(), undone.gone), (2500, 0));
    let nothing = undo::undo_in_slices(&bed.store);
    assert!(matches!(
        nothing,
        Err(StoreError::Refused(Refusal::NothingToUndo))
    ));
    let reader = bed.store.reader().unwrap();
    assert_eq!(journal::counts(&reader).unwrap(), (0, 0));
}

#[test]
fn the_mailbox_last_used_for_a_list_or_sender_is_proposed() {
    let desk = Desk::new();
    let reader = desk.bed.store.reader().unwrap();
    assert_eq!(proposal(&reader, desk.keys[1]).unwrap(), None);
    desk.move_to(&desk.keys[..1], "Trips");
    assert_eq!(
        proposal(&reader, desk.keys[1]).unwrap(),
        Some(desk.mailbox("Trips"))
    );
    desk.act(&desk.keys[1..2], trash());
    assert_eq!(
        proposal(&reader, desk.keys[2]).unwrap(),
        Some(desk.mailbox("Trips"))
    );
}

#[test]
fn mailboxes_are_made_renamed_and_deleted_at_once_and_undone() {
    let desk = Desk::new();
    let account = desk.bed.account;
    let names = || {
        let reader = desk.bed.store.reader().unwrap();
        let all = mailboxes::all(&reader, account).unwrap();
        let names: Vec<String> = all.into_iter().filter_map(|one| one.name).collect();
        names.join(" ")
    };
    let store = &desk.bed.store;
    let made = mailbox::create(store, account, "Neu/", None)
        .wait()
        .unwrap();
    desk.move_to(&desk.keys[..1], "Neu");
    mailbox::rename(store, desk.mailbox("Trips"), "Fahrten")
        .wait()
        .unwrap();
    assert_eq!(names(), "INBOX Archive Junk Trash Fahrten Fahrten/2026 Neu");
    assert_eq!(desk.waiting(), "create move rename");
    // A LIST that still has the old names changes nothing of that.
    desk.bed
        .put(move |tx| mailboxes::record_list(tx, account, &listed(&MAILBOXES)));
    assert_eq!(names(), "INBOX Archive Junk Trash Fahrten Fahrten/2026 Neu");
    let id = desk.first("rename").id;
    desk.bed.put(move |tx| verdicts::renamed(tx, id, "Fahrten"));
    let after = [
        "INBOX",
        "Trash",
        "Fahrten",
        "Fahrten/2026",
        "Archive",
        "Junk",
    ];
    let outcome = desk
        .bed
        .put(move |tx| mailboxes::record_list(tx, account, &listed(&after)));
    assert_eq!((outcome.new.len(), outcome.vanished.len()), (0, 0));
    assert_eq!(desk.undo().mailboxes, ["Trips"]);
    assert_eq!(names(), "INBOX Archive Junk Trash Neu Trips Trips/2026");
    // The refusal of a mailbox takes what was to go there with it.
    let id = desk.first("create").id;
    desk.bed
        .put(move |tx| verdicts::fail(tx, id, "no", Cause::Refused));
    assert_eq!(
        (desk.shown(), desk.waiting()),
        ("INBOX:1.2.3".into(), "create! move! rename".into())
    );
    queue::retry(store, queue::Which::Ids(vec![id]))
        .wait()
        .unwrap();
    assert_eq!(desk.shown(), "INBOX:2.3 Neu:1");
    queue::withdraw(store, queue::Which::Ids(vec![id]))
        .wait()
        .unwrap();
    assert_eq!(
        (desk.shown(), desk.waiting()),
        ("INBOX:1.2.3".into(), "rename".into())
    );
    let reader = store.reader().unwrap();
    assert!(mailboxes::get(&reader, made.mailbox).is_err());
}

#[test]
fn a_deleted_mailbox_hides_its_messages_until_the_server_confirmed() {
    let desk = Desk::new();
    let trips = desk.mailbox("Trips/2026");
    desk.bed.put(move |tx| {
        mailboxes::record_select(tx, trips, &selected(9))?;
        messages::insert(tx, trips, Epoch(1), &[arrived(9, "t")])
    });
    assert_eq!(desk.shown(), "INBOX:1.2.3 Trips/2026:new");
    mailbox::remove(&desk.bed.store, trips).wait().unwrap();
    assert_eq!(desk.shown(), "INBOX:1.2.3");
    desk.undo();
    assert_eq!(
        (desk.shown(), desk.waiting()),
        ("INBOX:1.2.3 Trips/2026:new".into(), String::new())
    );
    mailbox::remove(&desk.bed.store, trips).wait().unwrap();
    let id = desk.first("remove").id;
    desk.bed.put(move |tx| verdicts::removed(tx, id));
    let undone = desk.undo();
    assert!(matches!(undone.refused, Some(Refusal::NotUndoable { .. })));
    for (what, expected) in [("INBOX", "Inbox"), ("Trips", "")] {
        let outcome = mailbox::remove(&desk.bed.store, desk.mailbox(what)).wait();
        let told = outcome
            .err()
            .map(|error| format!("{error:?}"))
            .unwrap_or_default();
        assert!(told.contains(expected), "{told}");
        assert_eq!(told.is_empty(), expected.is_empty());
    }
}

#[test]
fn r10_what_waits_for_a_mailbox_that_is_gone_is_held_and_shown() {
    let desk = Desk::new();
    desk.move_to(&desk.keys[..1], "Archive");
    let account = desk.bed.account;
    desk.bed.put(move |tx| {
        mailboxes::record_list(tx, account, &listed(&["INBOX", "Trash", "Trips", "Junk"]))
    });
    assert_eq!(
        (desk.shown(), desk.waiting()),
        ("INBOX:1.2.3".into(), "move!".into())
    );
    let id = desk.first("move").id;
    queue::retry(&desk.bed.store, queue::Which::Ids(vec![id]))
        .wait()
        .unwrap();
    assert_eq!(desk.waiting(), "move create");
    assert_eq!(desk.shown(), "INBOX:2.3 Archive:1");
}

#[test]
fn p9_names_that_no_mailbox_can_have_are_refused_at_the_key() {
    let desk = Desk::new();
    let check = |name: &str, refused: &str| {
        let outcome = mailbox::create(&desk.bed.store, desk.bed.account, name, None).wait();
        let told = outcome
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default();
        assert!(told.contains(refused), "{name}: {told}");
        assert_eq!(told.is_empty(), refused.is_empty(), "{name}: {told}");
    };
    check("", "empty");
    check("///", "empty");
    check("a//b", "levels is empty");
    check("a\r\nb", "control");
    check("a\0", "control");
    check("a*", "wildcards");
    check("inbox", "already");
    check("Trips", "already");
    check(&"x".repeat(1001), "longer");
    check("Zoë \"quoted\" \\ {5+}", "");
    check(&vec!["x"; 400].join("/"), "");
}

#[test]
fn s7_an_account_goes_although_another_one_waits_for_its_messages() {
    let desk = Desk::new();
    desk.move_to(&desk.keys[..1], "home:Files");
    desk.act(
        &desk.keys[1..2],
        Wish::Copy(Target::Mailbox(desk.mailbox("home:Files"))),
    );
    desk.move_to(&desk.keys[2..], "Trips");
    crate::ops::accounts::remove(&desk.bed.store, desk.bed.account).unwrap();
    assert_eq!(desk.waiting(), "append! append!");
    let reader = desk.bed.store.reader().unwrap();
    assert_eq!(accounts::all(&reader).unwrap().len(), 1);
    for operation in journal::all(&reader).unwrap() {
        let which = queue::Which::Ids(vec![operation.id]);
        queue::withdraw(&desk.bed.store, which).wait().unwrap();
    }
    assert_eq!(contents::total(&reader).unwrap(), 0);
}

#[test]
fn a_mailbox_on_this_machine_goes_with_its_undo_and_nothing_waits() {
    let desk = Desk::new();
    let store = &desk.bed.store;
    let local = crate::ops::import::mailbox(store, "local", "INBOX", None);
    let (account, _) = local.wait().unwrap();
    mailbox::create(store, account, "Trips", None)
        .wait()
        .unwrap();
    assert_eq!(desk.undo().mailboxes, ["Trips"]);
    let reader = store.reader().unwrap();
    assert_eq!(mailboxes::all(&reader, account).unwrap().len(), 1);
    assert_eq!(desk.waiting(), "");
}
