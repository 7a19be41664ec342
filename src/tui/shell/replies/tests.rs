//! Drafts about several messages of a real store, and their way into the Outbox.

use std::sync::{Arc, Mutex};

use crate::config::{AccountSettings, Endpoint, Paths, Scheme, Settings};
use crate::env::fake;
use crate::model::{Address, Draft, MessageKey, OperationId, Recipient};
use crate::ops::send::{self, When};
use crate::ops::undo::undo;
use crate::store::accounts::{AccountKind, ensure};
use crate::store::bodies::{self, BodyWriter};
use crate::store::mailboxes::{Epoch, record_list};
use crate::store::messages::{self, Arrived};
use crate::store::tests::{Bed, arrived, line};
use crate::tui::app::event::{Answer, Ended};
use crate::tui::app::view::Answering;
use crate::tui::shell::desk::Desk;
use crate::tui::shell::sending;

use super::{answering_several, bounced, forwarding_several};

mod lists;

/// Two messages at work, of which the second has no text here, and one at home between them.
struct Table {
    bed: Bed,
    desk: Desk,
    env: crate::env::Env,
    keys: Vec<MessageKey>,
}

fn mail(uid: u32, from: &str, to: &str) -> Arrived {
    let mut one = arrived(uid, &format!("m{uid}"));
    let address = |spec: &str| Address {
        name: String::new(),
        address: spec.to_owned(),
    };
    if let Some(envelope) = &mut one.envelope {
        envelope.from = vec![address(from)];
        envelope.to = vec![address(to)];
    }
    one
}

impl Table {
    fn new() -> Self {
        let bed = Bed::new();
        let (work, inbox) = (bed.account, bed.inbox);
        let keys = bed.put(move |tx| {
            let home = ensure(tx, "home", AccountKind::Imap)?;
            let other = record_list(tx, home, &[line("INBOX")])?.new[0];
            let mut keys = Vec::new();
            for (uid, account, from, to) in [
                (1, work, "zoe@x.example", "me@x.example"),
                (2, home, "tom@y.example", "me@home.example"),
                (3, work, "zoe@x.example", "me@x.example"),
            ] {
                let mailbox = if account == work { inbox } else { other };
                keys.extend(messages::insert(
                    tx,
                    mailbox,
                    Epoch(1),
                    &[mail(uid, from, to)],
                )?);
            }
            Ok(keys)
        });
        let (env, _) = fake::world(bed.folder.path()).unwrap();
        let account = |id: &str, address: &str| {
            let endpoint = Endpoint::parse(Scheme::Imap, "imaps://imap.x.example").unwrap();
            AccountSettings {
                smtp: Some(Endpoint::parse(Scheme::Smtp, "smtps://smtp.x.example").unwrap()),
                ..AccountSettings::imap(id, address, endpoint)
            }
        };
        let settings = Settings {
            accounts: vec![
                account("work", "me@x.example"),
                account("home", "me@home.example"),
            ],
            ..Settings::default()
        };
        let paths = Paths::below(bed.folder.path());
        let settings = Arc::new(Mutex::new(settings));
        let desk = Desk::new(
            bed.store.clone(),
            settings,
            paths,
            true,
            env.secrets.clone(),
        );
        let table = Self {
            bed,
            desk,
            env,
            keys,
        };
        table.keep(table.keys[0]);
        table.keep(table.keys[1]);
        table
    }

    /// The bytes of a message come.
    fn keep(&self, key: MessageKey) {
        let content = messages::get(&self.bed.store.reader().unwrap(), key)
            .unwrap()
            .content;
        let mut writer = BodyWriter::new(content, "");
        writer.push(format!("Subject: About\r\n\r\nText of {key}.\r\n").as_bytes());
        let piece = writer.finish();
        self.bed
            .put(move |tx| bodies::store(tx, &piece).map(|_| ()));
    }

    fn answering(&self) -> Answering {
        let reader = self.bed.store.reader().unwrap();
        match answering_several(&self.desk, &reader, &self.keys).unwrap() {
            Answer::Answering(Some(found)) => *found,
            other => panic!("{other:?}"),
        }
    }

    fn bounced(&self) -> (Vec<Draft>, usize) {
        let to = [Recipient::address("bob@example.net")];
        let reader = self.bed.store.reader().unwrap();
        match bounced(&self.desk, &reader, &self.keys, &to).unwrap() {
            Answer::Bounced(drafts, absent) => (drafts, absent),
            other => panic!("{other:?}"),
        }
    }

    fn queue(&self, drafts: &[Draft]) -> Ended {
        sending::queue_all((&self.bed.store, &self.env), drafts, When::After(10))
    }

    /// How many messages are in the Outbox, and how many drafts there are.
    fn waiting(&self) -> (usize, usize) {
        let reader = self.bed.store.reader().unwrap();
        let drafts = crate::ops::drafts::list(&reader).unwrap();
        (send::list(&reader).unwrap().len(), drafts.len())
    }

    fn queued(&self) -> Vec<OperationId> {
        self.keep(self.keys[2]);
        match self.queue(&self.bounced().0) {
            Ended::Queued { operations, .. } => operations,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn one_answer_quotes_all_texts_that_are_here_and_says_what_it_lacks() {
    let table = Table::new();
    let found = table.answering();
    let to: Vec<_> = found
        .sender
        .recipients()
        .map(|one| one.address.clone())
        .collect();
    assert_eq!(to, ["zoe@x.example", "tom@y.example"]);
    let text = &found.sender.text;
    let (first, second) = (text.find("> Text of"), text.rfind("> Text of"));
    assert!(first.is_some() && first < second, "{text}");
    assert_eq!(text.matches(" wrote:").count(), 2, "{text}");
    assert_eq!(
        found.warning,
        "The text of 1 of 3 is not kept here: that is not quoted."
    );
    assert_eq!(found.prefers, 's');
    // Most of them came to work.
    assert_eq!(
        (
            found.sender.account.as_str(),
            found.sender.from.address.as_str()
        ),
        ("work", "me@x.example")
    );
    assert_eq!(found.sender.answers.unwrap().messages, table.keys);
    table.keep(table.keys[2]);
    let whole = table.answering();
    assert!(
        whole
            .warning
            .starts_with("They came to several of your addresses"),
        "{}",
        whole.warning
    );
}

#[test]
fn one_message_passes_all_on_whole() {
    let table = Table::new();
    let reader = table.bed.store.reader().unwrap();
    let found = forwarding_several(&table.desk, &reader, &table.keys).unwrap();
    let Answer::Written(Some(draft)) = found else {
        panic!("{found:?}");
    };
    assert_eq!(draft.attachments.len(), 3);
    assert_eq!(draft.answers.as_ref().unwrap().messages, table.keys);
    let absent = sending::absent(&reader, &draft).unwrap();
    assert_eq!(
        absent.len(),
        1,
        "what is not here is fetched before it is sent"
    );
}

#[test]
fn each_message_is_sent_on_from_the_account_that_has_it() {
    let (drafts, absent) = Table::new().bounced();
    let from: Vec<_> = drafts
        .iter()
        .map(|one| (one.account.as_str(), one.from.address.as_str()))
        .collect();
    let work = ("work", "me@x.example");
    assert_eq!(from, [work, ("home", "me@home.example"), work]);
    assert_eq!(absent, 1);
}

#[test]
fn r4_of_several_messages_that_are_sent_on_none_goes_unless_all_can() {
    let table = Table::new();
    let ended = table.queue(&table.bounced().0);
    let Ended::Failed(why) = &ended else {
        panic!("{ended:?}");
    };
    assert!(why.starts_with("Nothing was sent: "), "{why}");
    assert_eq!(table.waiting(), (0, 0));
    assert_eq!(table.queued().len(), 3);
    assert_eq!(table.waiting(), (3, 0));
}

#[test]
fn what_was_sent_on_together_is_taken_back_together() {
    let table = Table::new();
    let ids = table.queued();
    let ended = sending::taken_back(&table.bed.store, &ids);
    assert_eq!(
        ended,
        Ended::Done("Taken back: 3 messages are not sent on.".to_owned())
    );
    assert_eq!(table.waiting(), (0, 0));
    // Also after a restart, when only the store knows what was done.
    table.queued();
    let undone = undo(&table.bed.store).wait().unwrap();
    assert_eq!((undone.word.as_str(), undone.drafts.len()), ("send", 3));
    assert_eq!(table.waiting().0, 0);
}

#[test]
fn of_messages_that_were_sent_on_those_that_have_left_are_named() {
    let table = Table::new();
    let ids = table.queued();
    send::reschedule(&table.bed.store, ids[0], None)
        .wait()
        .unwrap();
    let first = ids[0];
    table.bed.put(move |tx| {
        crate::store::outgoing::begin(tx, first)?;
        crate::store::outgoing::dot(tx, first)
    });
    let Ended::Done(words) = sending::taken_back(&table.bed.store, &ids) else {
        panic!("they are taken back");
    };
    assert!(
        words.starts_with("Taken back: 2 of 3 are not sent on; "),
        "{words}"
    );
    assert_eq!(table.waiting(), (1, 0));
}
