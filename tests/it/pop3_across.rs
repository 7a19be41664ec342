//! A POP3 message of which only the header is here goes to other accounts: its bytes follow, and until
//! they are here nothing happens to it on its server (SAFETY R9, R20).

use std::time::Duration;

use lacebark::model::{
    AccountKey, AccountKind, MailboxKey, MessageKey, Operation, OperationId, OperationState,
    PartPath, Role,
};
use lacebark::ops::requests::{self, Progress};
use lacebark::ops::triage::{Target, Wish};
use lacebark::ops::{queue, undo};
use lacebark::store::mailboxes::Listed;
use lacebark::store::{Priority, Tx, accounts, journal, local, mailboxes, messages, verdicts};
use lacebark::sync::Work;

use crate::harness::fake_pop3::Script;
use crate::pop3_bed::{Bed, mail};

/// `pop` has the header of a message, `here` is of this machine, `work` on a server.
struct Desk {
    bed: Bed,
    mail: Vec<u8>,
    uidl: String,
    key: MessageKey,
}

impl Desk {
    fn new(policy: &str) -> Desk {
        let bed = Bed::with(Script::default(), policy, "offline = \"headers\"\n");
        let mail = mail("far");
        let uidl = bed.fake.deliver(&mail);
        bed.sync().unwrap();
        let furnish = |tx: &Tx<'_>| {
            let here = accounts::ensure(tx, "here", AccountKind::Local)?;
            local::furnish(tx, here)?;
            let work = accounts::ensure(tx, "work", AccountKind::Imap)?;
            let inbox = Listed {
                name: "INBOX".to_owned(),
                shown: "INBOX".to_owned(),
                delimiter: Some('/'),
                subscribed: true,
                role: Some(Role::Inbox),
                ..Listed::default()
            };
            mailboxes::record_list(tx, work, &[inbox]).map(|_| ())
        };
        bed.store.write(Priority::Person, furnish).wait().unwrap();
        let half = bed.kept().remove(0);
        assert_eq!(half.bytes, None);
        Desk {
            key: half.key,
            bed,
            mail,
            uidl,
        }
    }

    fn account(&self, id: &str) -> AccountKey {
        let reader = self.bed.store.reader().unwrap();
        accounts::find(&reader, id).unwrap().unwrap().key
    }

    fn inbox(&self, id: &str) -> MailboxKey {
        let account = self.account(id);
        let reader = self.bed.store.reader().unwrap();
        let found = mailboxes::by_role(&reader, account, Role::Inbox).unwrap();
        found.unwrap().key
    }

    fn move_to(&self, id: &str) {
        let to = Target::Mailbox(self.inbox(id));
        self.bed.act(self.key, Wish::Move(to));
    }

    fn sync(&self) -> u64 {
        self.bed.sync().unwrap().left
    }

    /// Where each message is shown and whether all of it is here, what waits, and whether the server
    /// has it.
    fn check(&self, shown: &str, waits: &str, there: bool) {
        let reader = self.bed.store.reader().unwrap();
        let mut found = Vec::new();
        for one in self.bed.kept() {
            let row = messages::get(&reader, one.key).unwrap();
            let mailbox = mailboxes::get(&reader, row.mailbox.unwrap()).unwrap();
            let account = accounts::get(&reader, mailbox.account).unwrap().id;
            let whole = match &one.bytes {
                Some(bytes) => {
                    assert_eq!(bytes, &self.mail);
                    "whole"
                }
                None => "header",
            };
            found.push(format!("{account} {whole}"));
        }
        let word = |one: &Operation| {
            let failed = if one.state.is_failed() { "!" } else { "" };
            format!("{}{failed}", one.kind.word())
        };
        let waiting: Vec<String> = journal::all(&reader).unwrap().iter().map(word).collect();
        assert_eq!(
            (found.join(", "), waiting.join(" ")),
            (shown.to_owned(), waits.to_owned())
        );
        assert_eq!(self.bed.fake.holds(&self.mail), there, "on the server");
    }

    fn upload(&self) -> OperationId {
        let reader = self.bed.store.reader().unwrap();
        let all = journal::all(&reader).unwrap();
        let found = all.iter().find(|one| one.kind.word() == "append");
        found.expect("nothing waits").id
    }

    fn withdraw(&self) {
        let which = queue::Which::Ids(vec![self.upload()]);
        queue::withdraw(&self.bed.store, which).wait().unwrap();
    }
}

#[test]
fn r9_a_header_that_is_filed_in_an_account_of_this_machine_is_whole_there_after_the_next_look() {
    for (policy, left) in [("keep", 0), ("mirror", 0), ("delete", 1)] {
        let desk = Desk::new(policy);
        desk.move_to("here");
        desk.check("here header", "append expunge", true);
        // Who asks for nothing else has it too: the wish alone makes a look.
        desk.bed.work(Work::Errands).unwrap();
        desk.check("here whole", "", true);
        assert_eq!(desk.sync(), left, "{policy}");
        desk.check("here whole", "", left == 0);
    }
}

#[test]
fn r9_a_header_that_is_filed_on_another_server_goes_there_once_its_bytes_are_here() {
    let desk = Desk::new("mirror");
    desk.move_to("work");
    desk.check("work header", "append expunge", true);
    desk.sync();
    desk.check("work whole", "append expunge", true);
    // Sent on before it left: the bytes that are here are enough.
    desk.move_to("here");
    desk.check("here whole", "", true);
}

#[test]
fn r9_a_copy_of_a_header_becomes_whole_with_its_original() {
    let desk = Desk::new("mirror");
    let to = Target::Mailbox(desk.inbox("here"));
    desk.bed.act(desk.key, Wish::Copy(to));
    desk.check("pop header, here header", "append", true);
    desk.sync();
    desk.check("pop whole, here whole", "", true);
}

#[test]
fn r9_a_header_on_its_way_can_be_sent_on_taken_back_and_deleted() {
    let desk = Desk::new("mirror");
    desk.move_to("work");
    desk.move_to("here");
    desk.check("here header", "expunge append", true);
    undo::undo(&desk.bed.store).wait().unwrap();
    undo::undo(&desk.bed.store).wait().unwrap();
    desk.check("pop header", "", true);
    // The wish for its bytes is over by then.
    desk.bed.days_pass(1);
    assert_eq!(desk.sync(), 0);
    desk.check("pop header", "", true);
    // For good is for good, as where it lay before.
    desk.move_to("here");
    desk.bed.act(desk.key, Wish::Expunge);
    assert_eq!(desk.sync(), 1);
    desk.check("", "", false);
}

#[test]
fn r20_a_header_that_comes_back_from_another_account_is_no_deleted_message() {
    // The server refuses it, and the person takes it back.
    let desk = Desk::new("mirror");
    desk.move_to("work");
    let id = desk.upload();
    let refuse = move |tx: &Tx<'_>| {
        let cause = lacebark::model::journal::Cause::Refused;
        verdicts::fail(tx, id, "over quota", cause)
    };
    desk.bed
        .store
        .write(Priority::Person, refuse)
        .wait()
        .unwrap();
    desk.withdraw();
    desk.check("pop header", "", true);
    // The wish for its bytes is over by then.
    desk.bed.days_pass(1);
    assert_eq!(desk.sync(), 0);
    desk.check("pop header", "", true);
    // The account that it was to go to is removed.
    desk.move_to("here");
    let account = desk.account("here");
    let gone = move |tx: &Tx<'_>| accounts::remove(tx, account);
    desk.bed.store.write(Priority::Person, gone).wait().unwrap();
    desk.check("pop header", "", true);
    // The wish for its bytes is over by then.
    desk.bed.days_pass(1);
    assert_eq!(desk.sync(), 0);
    desk.check("pop header", "", true);
}

#[test]
fn what_the_server_lists_no_more_cannot_be_filed_and_waits_for_a_person() {
    let desk = Desk::new("keep");
    desk.bed.fake.remove(&desk.uidl);
    desk.move_to("here");
    desk.sync();
    let reader = desk.bed.store.reader().unwrap();
    let all = journal::all(&reader).unwrap();
    let is_told = |one: &Operation| {
        let words = "does not list the message any more";
        matches!(&one.state, OperationState::Failed { why, .. } if why.contains(words))
    };
    assert!(all.iter().any(is_told), "{all:?}");
    desk.withdraw();
    desk.check("pop header", "", false);
}

#[test]
fn who_opens_a_header_on_its_way_asks_the_server_that_has_it() {
    let desk = Desk::new("keep");
    desk.move_to("work");
    let content = desk.bed.kept().remove(0).content;
    let (account, part) = (desk.account("work"), PartPath::parse("1").unwrap());
    let patience = Duration::from_secs(60);
    let asked = requests::fetch_body(&desk.bed.store, account, content, &part, patience);
    let asked = asked.wait().unwrap();
    desk.bed.work(Work::Errands).unwrap();
    let reader = desk.bed.store.reader().unwrap();
    let progress = requests::progress(&reader, asked).unwrap();
    assert_eq!(progress, Some(Progress::Done));
    desk.check("work whole", "append expunge", true);
}

#[test]
fn r20_of_two_rows_with_one_header_the_second_has_its_bytes_on_the_server_too() {
    // A copy within the account shares what is here, and may go on to another one.
    let desk = Desk::new("mirror");
    let archive = {
        let reader = desk.bed.store.reader().unwrap();
        let found = mailboxes::by_role(&reader, desk.bed.key(), Role::Archive).unwrap();
        found.unwrap().key
    };
    desk.bed.act(desk.key, Wish::Copy(Target::Mailbox(archive)));
    desk.check("pop header, pop header", "", true);
    desk.bed.act(desk.key, Wish::Expunge);
    assert_eq!(desk.sync(), 0);
    desk.check("pop header", "", true);
    let copy = desk.bed.kept().remove(0).key;
    let to = Target::Mailbox(desk.inbox("here"));
    desk.bed.act(copy, Wish::Move(to));
    assert_eq!(desk.sync(), 0);
    desk.check("here whole", "", true);
}
