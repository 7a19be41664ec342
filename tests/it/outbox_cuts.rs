//! The outbox against a scripted server that breaks off at any octet and any reply, refuses and puts
//! off: what arrives is counted there.

use std::sync::Arc;
use std::time::Duration;

use lacebark::config::{AccountSettings, Overrides, Paths};
use lacebark::env::{Env, SystemClock};
use lacebark::model::{AccountKey, Delivery, OperationId, OperationState};
use lacebark::ops::queue::{self, Which};
use lacebark::ops::send::{self, Described, When};
use lacebark::store::outgoing::{self, Fresh, Outgoing};
use lacebark::store::{Priority, Store, Tx, accounts};
use lacebark::sync::{Once, Work, once};

use crate::harness::fake_smtp::{FakeSmtp, Script};
use crate::harness::program::Home;
use crate::harness::{free_port, is_long};

pub struct Bed {
    pub home: Home,
    paths: Paths,
    env: Env,
    pub store: Store,
    account: AccountSettings,
    key: AccountKey,
    pub fake: FakeSmtp,
    queued: std::cell::Cell<usize>,
}

impl Bed {
    pub fn new(script: Script) -> Bed {
        let home = Home::new();
        let paths = Paths::find(Overrides {
            config: Some(home.path("config.toml")),
            data: Some(home.data()),
            cache: Some(home.path("cache")),
        })
        .unwrap();
        paths.prepare().unwrap();
        let env = Env::real(&paths, None).unwrap();
        let clock = Arc::new(SystemClock::start());
        let store = Store::open(&paths.data.join("mail.db"), clock).unwrap();
        let fake = FakeSmtp::start(script);
        // Nobody listens where mail would be read: sending does not need it.
        let settings = format!(
            "[[account]]\nid = \"work\"\naddress = \"alice@example.test\"\n\
             imap = \"imap+plain://alice@127.0.0.1:{}\"\nsmtp = \"{}\"\nkeep = \"command\"\n\
             password_command = [\"printf\", \"%s\", \"key\"]\nsent_copy = \"server\"\n",
            free_port(),
            fake.url(),
        );
        std::fs::write(&paths.config, settings).unwrap();
        let (settings, told) = lacebark::config::load(&paths.config).unwrap();
        assert!(told.is_empty(), "{told:?}");
        let account = settings.account("work").unwrap().clone();
        let ensure = |tx: &Tx<'_>| accounts::ensure(tx, "work", accounts::AccountKind::Imap);
        let key = store.write(Priority::Person, ensure).wait().unwrap();
        Bed {
            home,
            paths,
            env,
            store,
            account,
            key,
            fake,
            queued: 0.into(),
        }
    }

    /// Puts a message into the outbox: its row, and the words to find it by.
    pub fn queue(&self, to: &[&str]) -> (OperationId, String) {
        let number = self.queued.get() + 1;
        self.queued.set(number);
        let id = format!("{number}@example.test");
        let bytes = format!(
            "From: alice@example.test\r\nSubject: {number}\r\nMessage-ID: <{id}>\r\n\r\n{}",
            "a line of the message\r\n".repeat(60)
        );
        let content = send::freeze(
            &self.store,
            self.key,
            &Described::default(),
            &mut bytes.as_bytes(),
            &mut |_| {},
        )
        .unwrap();
        let fresh = Fresh {
            account: self.key,
            wire: content,
            copy: content,
            sender: "alice@example.test".to_owned(),
            recipients: to.iter().map(|to| (*to).to_owned()).collect(),
            eight_bit: false,
            utf8: false,
            message_id: id.clone(),
            subject: number.to_string(),
            bcc: Vec::new(),
            draft: None,
            later: None,
        };
        let queued = send::submit(&self.store, fresh, None, When::Now)
            .wait()
            .unwrap();
        (queued.operation, format!("Message-ID: <{id}>"))
    }

    /// What a command does that finds no owner.
    pub fn send(&self) {
        self.send_within(Duration::from_secs(20));
    }

    /// The same with less patience.
    fn send_within(&self, deadline: Duration) {
        let errands = Once {
            work: Work::Errands,
            deadline,
        };
        // Reading fails, as nobody listens there.
        let _ = once(
            &self.env,
            &self.store,
            &self.account,
            &self.paths,
            &errands,
            |_| {},
        );
    }

    pub fn out(&self, id: OperationId) -> Option<Outgoing> {
        outgoing::find(&self.store.reader().unwrap(), id).unwrap()
    }

    pub fn copies(&self, words: &str) -> usize {
        let delivered = self.fake.delivered();
        delivered
            .iter()
            .filter(|one| one.text().contains(words))
            .count()
    }

    /// Whether a message that is cut off by `script` arrives at most once, and is never lost.
    fn check(&self, script: Script, what: &str) -> &'static str {
        let (id, words) = self.queue(&["bob@example.test"]);
        self.fake.now(script);
        self.send();
        self.ends(id, &words, what)
    }

    /// What became of a message whose sending was broken off; and that whoever comes next sends what
    /// waits, and nothing else.
    pub fn ends(&self, id: OperationId, words: &str, what: &str) -> &'static str {
        // What a process that was killed had begun is judged first.
        let key = self.key;
        let settle = move |tx: &Tx<'_>| outgoing::unsettle(tx, key);
        self.store.write(Priority::Person, settle).wait().unwrap();
        let copies = self.copies(words);
        let state = self.out(id).map(|out| out.state);
        let end = match (&state, copies) {
            (None, 1) => "sent",
            (Some(OperationState::Queued { .. }), 0) => "waits",
            (Some(OperationState::Unsure), 0 | 1) => "unsure",
            _ => panic!("{what}: {copies} copies, {state:?}"),
        };
        // The server is itself again, and nobody does anything.
        self.fake.now(Script::default());
        self.send();
        queue::retry(&self.store, Which::All).wait().unwrap();
        self.send();
        let expected = if end == "waits" { 1 } else { copies };
        assert_eq!(self.copies(words), expected, "{what}: {end}, {state:?}");
        match self.out(id).map(|out| out.state) {
            None => assert_eq!(expected, 1, "{what}: gone without being taken"),
            Some(OperationState::Unsure) => {
                assert_eq!(end, "unsure", "{what}");
                let named = queue::withdraw(&self.store, Which::Ids(vec![id]));
                named.wait().unwrap();
            }
            Some(state) => panic!("{what}: {state:?}"),
        }
        end
    }
}

#[test]
fn r1_a_link_cut_at_any_octet_or_reply_leaves_one_copy_or_none() {
    let bed = Bed::new(Script::default());
    assert_eq!(bed.check(Script::default(), "no cut"), "sent");
    let all = bed.fake.octets();
    bed.fake.forget();
    let step = if is_long() { 1 } else { (all / 200).max(1) };
    let mut ends = std::collections::BTreeMap::new();
    for at in (0..=all).step_by(step) {
        let script = Script {
            cut_at: Some(at),
            ..Script::default()
        };
        *ends
            .entry(bed.check(script, &format!("cut at octet {at}")))
            .or_insert(0) += 1;
    }
    // The octets of a short message are on their way before the cut is seen, its dot among them.
    assert!(ends.values().sum::<i32>() >= 200, "{ends:?}");
    assert!(ends["waits"] > 0 && ends["unsure"] > 0, "{ends:?}");
    for reply in [
        "greeting",
        "EHLO",
        "AUTH",
        "MAIL",
        "RCPT bob@example.test",
        "DATA",
        ".",
    ] {
        let script = Script {
            cut_before: Some(reply.to_owned()),
            ..Script::default()
        };
        let end = bed.check(script, &format!("cut before the reply to {reply}"));
        let expected = if reply == "." { "unsure" } else { "waits" };
        assert_eq!(end, expected, "{reply}");
    }
    // Whatever was cut, the server never has two of one.
    let delivered = bed.fake.delivered();
    let mut ids: Vec<String> = delivered
        .iter()
        .map(|one| one.text().lines().nth(2).unwrap().to_owned())
        .collect();
    ids.sort();
    let count = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), count, "a message arrived twice");
}

#[test]
fn r1_a_person_may_send_again_what_is_unsure() {
    let bed = Bed::new(Script {
        cut_before: Some(".".to_owned()),
        ..Script::default()
    });
    let (id, words) = bed.queue(&["bob@example.test"]);
    bed.send();
    assert_eq!(bed.out(id).unwrap().state, OperationState::Unsure);
    bed.fake.now(Script::default());
    queue::retry(&bed.store, Which::Ids(vec![id]))
        .wait()
        .unwrap();
    bed.send();
    assert_eq!(
        (bed.copies(&words), bed.out(id)),
        (2, None),
        "it was asked for by name"
    );
}

#[test]
fn r2_c12_each_recipient_has_its_own_end_and_nobody_gets_two() {
    let script = Script::default()
        .reply("RCPT nobody@example.test", "550 5.1.1 no such user")
        .reply("RCPT busy@example.test", "451 4.7.1 come back later");
    let bed = Bed::new(script);
    let (id, words) = bed.queue(&[
        "bob@example.test",
        "nobody@example.test",
        "busy@example.test",
    ]);
    bed.send();
    let out = bed.out(id).unwrap();
    let ends: Vec<&Delivery> = out.recipients.iter().map(|one| &one.delivery).collect();
    assert!(
        matches!(
            ends[..],
            [Delivery::Taken, Delivery::Refused(_), Delivery::Deferred(_)]
        ),
        "{ends:?}"
    );
    let OperationState::Queued { put_off } = out.state else {
        panic!("{:?}", out.state);
    };
    assert!(
        put_off.unwrap().until > bed.store.now() + 30,
        "no time to breathe"
    );
    assert_eq!(bed.fake.delivered()[0].to, ["bob@example.test"]);
    // Not before its time; and then only for who was put off.
    bed.fake.now(Script::default());
    bed.send();
    assert_eq!(bed.copies(&words), 1);
    queue::retry(&bed.store, Which::Ids(vec![id]))
        .wait()
        .unwrap();
    bed.send();
    let to: Vec<_> = bed.fake.delivered().into_iter().map(|one| one.to).collect();
    assert_eq!(to[0], ["bob@example.test"]);
    assert!(
        to.len() == 2 && !to[1].contains(&"bob@example.test".to_owned()),
        "{to:?}"
    );
    assert_eq!(bed.out(id), None);
    assert_eq!(bed.copies(&words), 2, "every try has the same Message-ID");
}

#[test]
fn r2_a_no_leaves_the_message_with_the_servers_words() {
    for (reply, words, failed) in [
        ("MAIL", "550 5.7.1 not yours", true),
        ("DATA", "554 5.6.0 no", true),
        (".", "552 5.2.2 full", true),
        ("MAIL", "452 4.3.1 later", false),
        (".", "451 4.3.0 later", false),
        ("DATA", "421 4.3.2 going down", false),
    ] {
        let bed = Bed::new(Script::default().reply(reply, words));
        let (id, _) = bed.queue(&["bob@example.test"]);
        bed.send();
        let out = bed.out(id).unwrap();
        match &out.state {
            OperationState::Failed { why, .. } if failed => assert_eq!(why, words, "{reply}"),
            OperationState::Queued { .. } if !failed => {
                let Delivery::Deferred(said) = &out.recipients[0].delivery else {
                    panic!("{reply}: {out:?}");
                };
                assert_eq!(said.to_string(), words, "{reply}");
            }
            state => panic!("{reply} {words}: {state:?}"),
        }
        assert!(bed.fake.delivered().is_empty());
    }
}

#[test]
fn a_message_that_is_too_large_for_the_server_is_not_sent_at_all() {
    let mut script = Script::default().without("SIZE");
    script.offers.push("SIZE 500".to_owned());
    let bed = Bed::new(script);
    let (id, _) = bed.queue(&["bob@example.test"]);
    bed.send();
    let OperationState::Failed { why, .. } = bed.out(id).unwrap().state else {
        panic!("it was not refused");
    };
    assert!(
        why.contains("552 5.3.4") && why.contains("the server takes 500"),
        "{why}"
    );
    assert!(!bed.fake.heard().contains("MAIL"), "{}", bed.fake.heard());
}

#[test]
fn a_wrong_password_keeps_the_message_and_says_why() {
    let bed = Bed::new(Script::default().reply("AUTH", "535 5.7.8 wrong"));
    let (id, words) = bed.queue(&["bob@example.test"]);
    bed.send();
    let out = bed.out(id).unwrap();
    assert!(
        matches!(out.state, OperationState::Queued { .. }),
        "{:?}",
        out.state
    );
    assert!(out.why.contains("535 5.7.8 wrong"), "{}", out.why);
    bed.fake.now(Script::default());
    bed.send();
    assert_eq!((bed.copies(&words), bed.out(id)), (1, None));
}

#[test]
fn several_messages_leave_over_one_link() {
    let bed = Bed::new(Script::default().reply("RCPT nobody@example.test", "550 5.1.1 no"));
    let first = bed.queue(&["bob@example.test"]);
    let second = bed.queue(&["nobody@example.test"]);
    let third = bed.queue(&["bob@example.test"]);
    bed.send();
    assert_eq!(bed.fake.connections(), 1);
    assert_eq!((bed.copies(&first.1), bed.copies(&third.1)), (1, 1));
    assert!(bed.out(second.0).unwrap().state.is_failed());
}

#[test]
fn r1_a_server_that_says_nothing_more_holds_nothing_up_and_nothing_leaves_twice() {
    let bed = Bed::new(Script::default());
    for (reply, expected) in [
        ("greeting", "waits"),
        ("EHLO", "waits"),
        ("AUTH", "waits"),
        ("MAIL", "waits"),
        ("DATA", "waits"),
        (".", "unsure"),
    ] {
        let (id, words) = bed.queue(&["bob@example.test"]);
        bed.fake.now(Script {
            stall_before: Some(reply.to_owned()),
            ..Script::default()
        });
        bed.send_within(Duration::from_millis(600));
        let end = bed.ends(id, &words, reply);
        assert_eq!(end, expected, "{reply}");
    }
}
