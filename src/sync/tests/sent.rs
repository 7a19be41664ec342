//! The copy of what was sent: in Sent once, whoever puts it there and wherever the line is cut; and
//! what is unsure found there (SAFETY R1, R3).

use super::server::{Cut, Mail, PLAIN};
use super::*;
use crate::model::{Delivery, Envelope, OperationId, Role};
use crate::store::outgoing::{self, Ended, Filing, Fresh, Outgoing};
use crate::store::{StoreError, Tx};

const UIDPLUS: &str = "IMAP4rev1 UIDPLUS ESEARCH LITERAL+ UNSELECT";

fn bed(capabilities: &str) -> Bed {
    let bed = unsynced(capabilities);
    bed.sync().unwrap();
    bed
}

/// The same before the first list of mailboxes.
fn unsynced(capabilities: &str) -> Bed {
    let server = Server::new(capabilities);
    server.create("Sent", true);
    let mut bed = Bed::new(server);
    bed.account.roles.insert(Role::Sent, "Sent".to_owned());
    bed
}

/// A message as it leaves: a new one, or one that was sent on and keeps its Message-ID.
fn letter(id: &str, resent: bool) -> (Envelope, String) {
    let (head, written) = match resent {
        false => (String::new(), id.to_owned()),
        true => {
            let head = format!("Resent-Message-ID: <{id}@example.org>\r\n");
            (head, "original".to_owned())
        }
    };
    let text = format!(
        "{head}Message-ID: <{written}@example.org>\r\nSubject: {id}\r\n\r\nA text of two\r\nlines.\r\n"
    );
    let envelope = Envelope {
        message_id: format!("{written}@example.org"),
        subject: id.to_owned(),
        ..Envelope::default()
    };
    (envelope, text)
}

fn queue(tx: &Tx<'_>, id: &str, resent: bool) -> Result<OperationId, StoreError> {
    let account = accounts::ensure(tx, "work", accounts::AccountKind::Imap)?;
    let (envelope, text) = letter(id, resent);
    let content = outgoing::freeze(tx, account, &envelope, None, text.len() as u64)?;
    let mut writer = bodies::BodyWriter::new(content, "");
    writer.push(text.as_bytes());
    bodies::store(tx, &writer.finish())?;
    let action = journal::action(tx, "send")?;
    let fresh = Fresh {
        account,
        wire: content,
        copy: content,
        sender: "me@example.org".to_owned(),
        recipients: vec!["b@example.org".to_owned()],
        eight_bit: false,
        utf8: false,
        message_id: format!("{id}@example.org"),
        subject: id.to_owned(),
        bcc: Vec::new(),
        draft: None,
        later: None,
    };
    outgoing::queue(tx, action, &fresh)
}

impl Bed {
    fn put<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        self.store.write(Priority::Person, work).wait().unwrap()
    }

    /// What a command does that only sends what waits.
    fn errands(&self) -> Result<(), SyncError> {
        guarded(async {
            let mut task = self.task(Arc::default()).await;
            let aim = Aim::Once(Work::Errands);
            task.session(aim, &mut Tally::default()).await.map(|_| ())
        })
    }

    /// The submission server took a message, and its copy is to be filed.
    fn taken(&self, id: &str, resent: bool) {
        self.taken_and(id, resent, Filing::Into(self.mailbox("Sent")));
    }

    /// The same, with what becomes of the copy.
    fn taken_and(&self, id: &str, resent: bool, filing: Filing) {
        let id = id.to_owned();
        let ended = self.put(move |tx| {
            let out = queue(tx, &id, resent)?;
            outgoing::begin(tx, out)?;
            outgoing::dot(tx, out)?;
            outgoing::answered(tx, out, &[(0, Delivery::Taken)], 0, filing)
        });
        assert_eq!(ended, Ended::Sent);
    }

    /// The line broke behind the dot of a message.
    fn unsure(&self, id: &str, resent: bool) -> OperationId {
        let id = id.to_owned();
        self.put(move |tx| {
            let out = queue(tx, &id, resent)?;
            outgoing::begin(tx, out)?;
            outgoing::dot(tx, out)?;
            outgoing::lost(tx, out, tx.now())?;
            Ok(out)
        })
    }

    fn out(&self, id: OperationId) -> Option<Outgoing> {
        outgoing::find(&self.store.reader().unwrap(), id).unwrap()
    }

    /// The submission server files a message by itself.
    fn filed(&self, id: &str, resent: bool) {
        let (_, text) = letter(id, resent);
        self.server.change("Sent", |b| {
            let uid = b.deliver(id, 0);
            let mail = b.mails.iter_mut().find(|mail| mail.uid == uid);
            mail.unwrap().bytes = text.into_bytes();
        });
    }

    fn copies(&self, id: &str) -> usize {
        let is_it = |mail: &&Mail| {
            let text = String::from_utf8_lossy(&mail.bytes).into_owned();
            text.contains(&format!("essage-ID: <{id}@example.org>\r\n"))
        };
        let world = self.server.world();
        world.boxes["Sent"].mails.iter().filter(is_it).count()
    }

    fn shown_in_sent(&self) -> u64 {
        let reader = self.store.reader().unwrap();
        mailboxes::get(&reader, self.mailbox("Sent")).unwrap().total
    }
}

/// Cuts the session that files a copy at each `step`th octet, a message for each, until none is cut.
fn cut_everywhere(capabilities: &str, cut: fn(u64) -> Cut, step: usize) -> usize {
    let bed = bed(capabilities);
    let mut rounds = 0;
    for at in (0_u64..).step_by(step) {
        let id = format!("at{at}");
        bed.taken(&id, false);
        bed.server.cut_next(cut(at));
        let whole = bed.errands().is_ok();
        bed.errands().unwrap();
        let what = format!("{capabilities}: {:?}", cut(at));
        assert_eq!(bed.copies(&id), 1, "{what}");
        rounds += 1;
        if rounds % 50 == 0 || whole {
            bed.sync().unwrap();
            bed.assert_equal(&what);
            // The next ones are to be as quick as the first.
            bed.server.change("Sent", |b| b.mails.clear());
            bed.sync().unwrap();
        }
        if whole {
            break;
        }
    }
    rounds
}

#[test]
fn r3_an_append_cut_at_every_octet_leaves_one_copy_in_sent() {
    for capabilities in [UIDPLUS, PLAIN] {
        let rounds = cut_everywhere(capabilities, Cut::Writes, 1);
        assert!(rounds > 300, "{capabilities}: only {rounds} octets");
        let rounds = cut_everywhere(capabilities, Cut::Reads, 5);
        assert!(rounds > 60, "{capabilities}: only {rounds} answers");
    }
}

#[test]
fn r3_what_the_server_has_filed_is_not_filed_again() {
    for (capabilities, resent) in [(UIDPLUS, false), (UIDPLUS, true), (PLAIN, false)] {
        let bed = bed(capabilities);
        // Another message of the same Message-ID is no copy of one that was sent on.
        bed.filed("original", false);
        bed.taken("a", resent);
        bed.filed("a", resent);
        bed.sync().unwrap();
        assert_eq!(bed.copies("a"), 1, "{capabilities} {resent}");
        assert_eq!(bed.shown_in_sent(), 2, "{capabilities} {resent}");
        bed.assert_equal(&format!("{capabilities} {resent}"));
        // The pull may have been first.
        bed.filed("b", resent);
        bed.sync().unwrap();
        bed.taken("b", resent);
        bed.sync().unwrap();
        assert_eq!(bed.copies("b"), 1, "{capabilities} {resent}");
        bed.assert_equal(&format!("{capabilities} {resent}"));
        bed.taken("c", resent);
        bed.sync().unwrap();
        assert_eq!(bed.copies("c"), 1, "{capabilities} {resent}: not filed");
    }
}

#[test]
fn r3_what_was_sent_before_any_folder_was_known_is_filed_once() {
    for capabilities in [UIDPLUS, PLAIN] {
        let bed = unsynced(capabilities);
        for id in ["a", "b"] {
            bed.taken_and(id, false, Filing::Later);
        }
        let waiting = || {
            let reader = bed.store.reader().unwrap();
            let account = accounts::find(&reader, "work").unwrap().unwrap().key;
            outgoing::unfiled(&reader, account).unwrap()
        };
        assert_eq!(waiting(), 2, "{capabilities}");
        bed.sync().unwrap();
        assert_eq!((waiting(), bed.copies("a"), bed.copies("b")), (0, 1, 1));
        assert_eq!(bed.shown_in_sent(), 2, "{capabilities}");
        bed.sync().unwrap();
        assert_eq!((bed.copies("a"), bed.copies("b")), (1, 1), "{capabilities}");
        bed.assert_equal(capabilities);
    }
}

#[test]
fn r3_a_copy_that_waited_for_its_folder_is_filed_once_wherever_the_link_is_cut() {
    for at in (0_u64..4_000).step_by(61) {
        let bed = unsynced(UIDPLUS);
        bed.taken_and("a", false, Filing::Later);
        bed.server.cut_next(Cut::Writes(at));
        let whole = bed.sync().is_ok();
        bed.sync().unwrap();
        assert_eq!(bed.copies("a"), 1, "cut at {at}");
        if whole {
            return;
        }
    }
    panic!("the link was cut each time");
}

#[test]
fn r3_a_server_that_does_not_search_gets_the_copy() {
    let bed = bed(UIDPLUS);
    bed.taken("a", false);
    bed.server.world().refused.insert("Sent".to_owned());
    bed.sync().unwrap();
    assert_eq!(bed.copies("a"), 1, "it cannot even be opened");
}

#[test]
fn r1_what_is_unsure_is_sent_once_its_own_id_is_found_in_sent() {
    for resent in [false, true] {
        let bed = bed(UIDPLUS);
        let out = bed.unsure("a", resent);
        bed.filed("other", resent);
        bed.filed("original", false);
        bed.sync().unwrap();
        let state = bed.out(out).map(|out| out.state);
        assert_eq!(state, Some(OperationState::Unsure), "{resent}");
        bed.filed("a", resent);
        bed.sync().unwrap();
        assert_eq!(bed.out(out), None, "{resent}: it is not found");
        assert!(
            bed.notices()
                .iter()
                .any(|text| text.contains("\"a\" was sent")),
            "{:?}",
            bed.notices()
        );
        assert_eq!(bed.copies("a"), 1);
    }
}

#[test]
fn r1_a_message_that_a_person_sends_again_is_not_taken_for_sent() {
    let bed = bed(UIDPLUS);
    let out = bed.unsure("a", false);
    bed.put(move |tx| verdicts::requeue(tx, out, None));
    bed.filed("a", false);
    bed.sync().unwrap();
    let ended = bed.put(move |tx| outgoing::found(tx, out));
    assert_eq!(ended, Ended::Gone);
    let state = bed.out(out).unwrap().state;
    assert!(matches!(state, OperationState::Queued { .. }), "{state:?}");
}
