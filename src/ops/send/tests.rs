use super::*;
use crate::model::journal::Cause;
use crate::model::{
    AnswerKind, Answers, Attachment, Delivery, Draft, DraftSave, Flags, MailboxKey, MessageKey,
    OperationKind, Recipient, Reply, Source,
};
use crate::ops::queue::{self as queue_of, Which};
use crate::ops::undo as undo_of;
use crate::store::outgoing::{Ended, Filing, Outgoing};
use crate::store::tests::{Bed, NOW, arrived, line, open, selected};
use crate::store::{Reader, contents, drafts, mailboxes, messages};

const BYTES: &[u8] = b"Message-ID: <a@example.org>\r\nSubject: Hi\r\n\r\nBody\r\n";
const WITH_BCC: &[u8] =
    b"Bcc: c@x.example\r\nMessage-ID: <a@example.org>\r\nSubject: Hi\r\n\r\nBody\r\n";

struct Desk {
    bed: Bed,
    sent: MailboxKey,
    original: MessageKey,
}

impl Desk {
    fn new() -> Self {
        let bed = Bed::new();
        let (account, inbox) = (bed.account, bed.inbox);
        let (sent, original) = bed.put(move |tx| {
            let mut listed = line("Sent");
            listed.attributes = vec!["\\Sent".to_owned()];
            let made = mailboxes::record_list(tx, account, &[line("INBOX"), listed])?;
            let epoch = mailboxes::record_select(tx, inbox, &selected(7))?.epoch();
            let keys = messages::insert(tx, inbox, epoch, &[arrived(1, "q@x.example")])?;
            Ok((made.new[0], keys[0]))
        });
        Self {
            bed,
            sent,
            original,
        }
    }

    fn reader(&self) -> Reader {
        self.bed.store.reader().unwrap()
    }

    fn draft(&self) -> Draft {
        Draft {
            account: "work".into(),
            to: ["a@x.example", "b@x.example"]
                .map(Recipient::address)
                .into(),
            bcc: vec![Recipient::address("c@x.example")],
            subject: "Hi".into(),
            text: "Body".into(),
            answers: Some(Answers {
                kind: AnswerKind::Reply,
                messages: vec![self.original],
            }),
            ..Draft::default()
        }
    }

    fn freeze(&self, mut bytes: &[u8]) -> ContentKey {
        let described = Described {
            envelope: Envelope {
                subject: "Hi".into(),
                message_id: "a@example.org".into(),
                ..Envelope::default()
            },
            ..Described::default()
        };
        freeze(
            &self.bed.store,
            self.bed.account,
            &described,
            &mut bytes,
            &mut |_| {},
        )
        .unwrap()
    }

    fn fresh(&self) -> Fresh {
        let draft = self.draft();
        Fresh {
            account: self.bed.account,
            wire: self.freeze(BYTES),
            copy: self.freeze(WITH_BCC),
            sender: "me@example.org".into(),
            recipients: draft.recipients().map(|one| one.address.clone()).collect(),
            eight_bit: false,
            utf8: false,
            message_id: "a@example.org".into(),
            subject: "Hi".into(),
            bcc: draft.bcc.clone(),
            draft: Some(draft),
            later: None,
        }
    }

    fn queued(&self) -> OperationId {
        submit(&self.bed.store, self.fresh(), None, When::Now)
            .wait()
            .unwrap()
            .operation
    }

    fn begin(&self, id: OperationId) -> bool {
        self.bed.put(move |tx| outgoing::begin(tx, id))
    }

    fn dot(&self, id: OperationId) -> bool {
        self.bed.put(move |tx| outgoing::dot(tx, id))
    }

    fn answered(&self, id: OperationId, results: Vec<(usize, Delivery)>) -> Ended {
        let sent = self.sent;
        self.bed
            .put(move |tx| outgoing::answered(tx, id, &results, NOW + 60, Filing::Into(sent)))
    }

    fn out(&self, id: OperationId) -> Option<Outgoing> {
        outgoing::find(&self.reader(), id).unwrap()
    }

    fn contents(&self) -> u64 {
        contents::total(&self.reader()).unwrap()
    }
}

fn no() -> Reply {
    Reply {
        code: 550,
        status: Some("5.1.1".into()),
        text: "Who?".into(),
    }
}

fn later() -> Reply {
    Reply {
        code: 451,
        status: None,
        text: "Busy".into(),
    }
}

#[test]
fn r4_a_draft_goes_in_the_commit_that_queues_its_message() {
    let desk = Desk::new();
    let (account, draft) = (desk.bed.account, desk.draft());
    let key = desk
        .bed
        .put(move |tx| drafts::insert(tx, account, &draft, None));
    let mut half = desk.fresh();
    half.wire = desk
        .bed
        .put(move |tx| outgoing::freeze(tx, account, &Envelope::default(), None, 0));
    let save = |version| Some(DraftSave { key, version });
    assert!(
        submit(&desk.bed.store, half, save(1), When::Now)
            .wait()
            .is_err()
    );
    assert!(drafts::find(&desk.reader(), key).unwrap().is_some());
    // What somebody else wrote into it since is not sent, and stays.
    submit(&desk.bed.store, desk.fresh(), save(0), When::Now)
        .wait()
        .unwrap();
    assert!(drafts::find(&desk.reader(), key).unwrap().is_some());
    let queued = submit(&desk.bed.store, desk.fresh(), save(1), When::Now)
        .wait()
        .unwrap();
    assert!(drafts::find(&desk.reader(), key).unwrap().is_none());
    let out = desk.out(queued.operation).unwrap();
    assert_eq!(out.recipients.len(), 3);
    assert_eq!(
        outgoing::octets(&desk.reader(), &out, 0, u64::MAX).unwrap(),
        BYTES
    );
    let groups = queue_of::list(&desk.reader()).unwrap();
    assert_eq!(groups.len(), 2);
    assert_eq!(
        (groups[0].kind, groups[0].subject.as_deref()),
        ("submit", Some("Hi"))
    );
}

#[test]
fn c4_the_bytes_for_the_server_have_no_bcc_and_the_copy_has() {
    let desk = Desk::new();
    let id = desk.queued();
    assert!(desk.begin(id) && desk.dot(id));
    let taken = (0..3).map(|at| (at, Delivery::Taken)).collect();
    assert_eq!(desk.answered(id, taken), Ended::Sent);
    let reader = desk.reader();
    let waiting = journal::all(&reader).unwrap();
    let append = waiting
        .iter()
        .find_map(|one| match &one.kind {
            OperationKind::Append { message, to, .. } => Some((*message, *to)),
            _ => None,
        })
        .unwrap();
    assert_eq!(append.1, desk.sent);
    let message = messages::get(&reader, append.0).unwrap();
    assert_eq!(message.flags, Flags::of(Flags::SEEN));
    let copy = bodies::read_whole(&reader, message.content, "").unwrap();
    assert_eq!(copy.as_deref(), Some(WITH_BCC));
    // What it answers is marked, and the bytes that only the server got are gone.
    let original = messages::get(&reader, desk.original).unwrap();
    assert!(original.flags.has(Flags::ANSWERED));
    assert_eq!((desk.out(id).is_none(), desk.contents()), (true, 2));
}

#[test]
fn r2_only_who_does_not_have_it_is_named_again() {
    let desk = Desk::new();
    let id = desk.queued();
    assert!(desk.begin(id) && desk.dot(id));
    let first = vec![
        (0, Delivery::Taken),
        (1, Delivery::Deferred(later())),
        (2, Delivery::Refused(no())),
    ];
    assert_eq!(desk.answered(id, first), Ended::Later);
    let out = desk.out(id).unwrap();
    assert_eq!(out.open().collect::<Vec<_>>(), [(1, "b@x.example")]);
    assert_eq!(
        (out.dot, out.sent, out.wakes(NOW)),
        (None, Some(NOW), Some(NOW + 60))
    );
    assert!(!desk.begin(id), "it is not due yet");
    desk.bed.put(move |tx| verdicts::requeue(tx, id, None));
    let open = desk.out(id).unwrap();
    assert_eq!(open.open().count(), 2, "asked again, the refused one too");
    assert!(desk.begin(id) && desk.dot(id));
    let second = vec![(1, Delivery::Taken), (2, Delivery::Refused(no()))];
    assert_eq!(desk.answered(id, second), Ended::Refused);
    let out = desk.out(id).unwrap();
    assert_eq!(
        out.state,
        OperationState::Failed {
            why: "c@x.example: 550 5.1.1 Who?".into(),
            cause: Cause::Refused
        }
    );
    let appends = journal::all(&desk.reader()).unwrap();
    let appends = appends.iter().filter(|one| one.kind.word() == "append");
    assert_eq!(appends.count(), 1, "R3: the copy is filed once");
    // To go on with in the composer: only for who does not have it.
    let key = take_back(&desk.bed.store, id).wait().unwrap();
    let draft = drafts::find(&desk.reader(), key).unwrap().unwrap().draft;
    let all: Vec<_> = draft.recipients().map(|one| one.address.clone()).collect();
    assert_eq!(all, ["c@x.example"]);
}

#[test]
fn r1_what_may_have_left_is_sent_again_only_by_name() {
    let desk = Desk::new();
    let id = desk.queued();
    assert!(desk.begin(id));
    let lost = |desk: &Desk| desk.bed.put(move |tx| outgoing::lost(tx, id, NOW));
    lost(&desk);
    assert!(desk.out(id).unwrap().is_due(NOW), "no dot, nothing sent");
    assert!(desk.begin(id) && desk.dot(id));
    lost(&desk);
    let check = |desk: &Desk| {
        assert_eq!(desk.out(id).unwrap().state, OperationState::Unsure);
        assert!(!desk.begin(id));
        assert!(take_back(&desk.bed.store, id).wait().is_err());
        let all = queue_of::retry(&desk.bed.store, Which::All).wait().unwrap();
        assert_eq!(all.operations, 0);
        assert_eq!(desk.out(id).unwrap().state, OperationState::Unsure);
    };
    check(&desk);
    let named = queue_of::retry(&desk.bed.store, Which::Ids(vec![id]));
    assert_eq!(named.wait().unwrap().operations, 1);
    assert!(desk.begin(id) && desk.dot(id));
    // A process that ends here leaves it unsure, and one that ends before the dot does not.
    let account = desk.bed.account;
    desk.bed.put(move |tx| outgoing::unsettle(tx, account));
    check(&desk);
    let ended = desk.bed.put(move |tx| outgoing::found(tx, id));
    assert_eq!((ended, desk.out(id)), (Ended::Sent, None));
    let other = desk.queued();
    assert!(desk.begin(other));
    desk.bed.put(move |tx| outgoing::unsettle(tx, account));
    assert!(desk.out(other).unwrap().is_due(NOW));
}

#[test]
fn r1_a_dot_does_not_leave_for_what_was_taken_back() {
    let desk = Desk::new();
    let id = desk.queued();
    assert!(desk.begin(id));
    let key = take_back(&desk.bed.store, id).wait().unwrap();
    assert!(!desk.dot(id));
    assert_eq!(desk.answered(id, vec![(0, Delivery::Taken)]), Ended::Gone);
    let draft = drafts::find(&desk.reader(), key).unwrap().unwrap().draft;
    assert_eq!(draft, desk.draft());
    // The frozen bytes stay while the draft may attach from them, and go with it.
    assert_eq!(desk.contents(), 2);
    desk.bed.put(move |tx| drafts::remove(tx, key));
    assert_eq!(desk.contents(), 1);
}

#[test]
fn undo_takes_a_message_back_and_says_when_it_cannot() {
    let desk = Desk::new();
    let id = desk.queued();
    let undone = undo_of::undo(&desk.bed.store).wait().unwrap();
    assert_eq!((undone.word.as_str(), undone.drafts.len()), ("send", 1));
    assert_eq!(desk.out(id), None);
    let id = desk.queued();
    assert!(desk.begin(id) && desk.dot(id));
    let undone = undo_of::undo(&desk.bed.store).wait().unwrap();
    assert_eq!(undone.refused, Some(Refusal::MayHaveLeft { id: id.0 }));
    assert!(desk.out(id).is_some());
}

#[test]
fn what_is_dropped_stays_as_a_draft() {
    let desk = Desk::new();
    let id = desk.queued();
    let dropped = queue_of::withdraw(&desk.bed.store, Which::All)
        .wait()
        .unwrap();
    assert_eq!((dropped.operations, desk.out(id)), (1, None));
    let [kept] = drafts::all(&desk.reader()).unwrap().try_into().unwrap();
    assert_eq!(kept.draft, desk.draft());
}

#[test]
fn a_time_to_send_at_holds_over_days_and_a_delay_does_not_outlive_its_clock() {
    let desk = Desk::new();
    let when = When::At(NOW + 5 * 86_400);
    let id = submit(&desk.bed.store, desk.fresh(), None, when)
        .wait()
        .unwrap()
        .operation;
    let check = |now: i64, due: bool| assert_eq!(desk.out(id).unwrap().is_due(now), due, "{now}");
    check(NOW, false);
    check(NOW - 400 * 86_400, false);
    check(NOW + 5 * 86_400, true);
    reschedule(&desk.bed.store, id, Some(NOW + 10))
        .wait()
        .unwrap();
    check(NOW + 9, false);
    check(NOW + 10, true);
    check(NOW - 400 * 86_400, true);
    reschedule(&desk.bed.store, id, None).wait().unwrap();
    check(NOW, true);
}

#[test]
fn a5_what_was_attached_comes_from_the_frozen_bytes_when_taken_back() {
    let desk = Desk::new();
    let mut fresh = desk.fresh();
    let root = Structure {
        kind: "multipart".into(),
        children: vec![Structure::default(), Structure::default()],
        ..Structure::default()
    };
    let copy = fresh.copy;
    desk.bed
        .put(move |tx| contents::set_structure(tx, copy, &root));
    let mut draft = desk.draft();
    draft.attachments = vec![Attachment {
        name: "t.pdf".into(),
        media_type: "application/pdf".into(),
        source: Source::File {
            path: "/gone/t.pdf".into(),
            size: 3,
            modified: 1,
        },
        size: 3,
    }];
    fresh.draft = Some(draft);
    let id = submit(&desk.bed.store, fresh, None, When::Now)
        .wait()
        .unwrap()
        .operation;
    let key = take_back(&desk.bed.store, id).wait().unwrap();
    let draft = drafts::find(&desk.reader(), key).unwrap().unwrap().draft;
    assert_eq!(
        draft.attachments[0].source,
        Source::Part {
            content: copy,
            section: "2".into()
        }
    );
}

#[test]
fn the_outbox_is_there_after_a_restart_and_half_frozen_bytes_are_not_for_ever() {
    let desk = Desk::new();
    let id = desk.queued();
    let account = desk.bed.account;
    desk.bed
        .put(move |tx| outgoing::freeze(tx, account, &Envelope::default(), None, 0));
    assert_eq!(desk.contents(), 4);
    crate::store::tests::damage(&desk.bed.store, "UPDATE freezing SET made = 1");
    let Desk { bed, .. } = desk;
    let folder = bed.folder;
    drop(bed.store);
    let store = open(folder.path());
    let out = outgoing::list(&store.reader().unwrap(), Some(account)).unwrap();
    assert_eq!(
        out.iter().map(|out| out.operation).collect::<Vec<_>>(),
        [id]
    );
    store
        .write(Priority::Person, move |tx| {
            outgoing::freeze(tx, account, &Envelope::default(), None, 0)
        })
        .wait()
        .unwrap();
    let total = contents::total(&store.reader().unwrap()).unwrap();
    assert_eq!(total, 4, "the old one went, a new one came");
}

#[test]
fn a_read_that_fails_leaves_nothing_behind() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("gone"))
        }
    }
    let desk = Desk::new();
    let before = desk.contents();
    let end = freeze(
        &desk.bed.store,
        desk.bed.account,
        &Described::default(),
        &mut Broken,
        &mut |_| {},
    );
    assert!(matches!(end, Err(FreezeError::Read(_))));
    assert_eq!(desk.contents(), before);
}

#[test]
fn what_is_discarded_goes_with_its_text_unless_it_is_with_the_server() {
    let desk = Desk::new();
    let gone = |id| discard(&desk.bed.store, id).wait();
    let counts = || {
        let all = crate::ops::folders::list(&desk.reader()).unwrap();
        let unsent = all
            .into_iter()
            .find(|one| one.account.key == desk.bed.account);
        unsent
            .map(|one| (one.unsent.all, one.unsent.refused))
            .unwrap()
    };
    let (one, other) = (desk.queued(), desk.queued());
    assert_eq!(counts(), (2, 0));
    assert!(desk.begin(one));
    assert!(matches!(
        gone(one),
        Err(StoreError::Refused(Refusal::UnderWay))
    ));
    let refused = |code| {
        Delivery::Refused(Reply {
            code,
            status: None,
            text: "no".into(),
        })
    };
    desk.answered(one, (0..3).map(|at| (at, refused(550))).collect());
    assert_eq!(counts(), (2, 1));
    assert_eq!(gone(one).unwrap(), "Hi");
    assert_eq!(gone(other).unwrap(), "Hi");
    assert_eq!(counts(), (0, 0));
    let reader = desk.reader();
    assert!(list(&reader).unwrap().is_empty());
    assert!(crate::store::drafts::all(&reader).unwrap().is_empty());
    assert!(matches!(gone(one), Err(StoreError::Missing { .. })));
}

/// What `git send-email` or a script hands over.
const HANDED: &[u8] = b"From: Me <me@example.org>\r\nTo: a@x.example, list@x.example\r\n\
Cc: b@x.example\r\nSubject: [PATCH] =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\nIn-Reply-To: <q@x.example>\r\n\
MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\
Content-Type: text/plain; charset=utf-8\r\n\r\nOne line\r\n  and one set in.\r\n--x\r\n\
Content-Type: text/csv; name=t.csv\r\nContent-Disposition: attachment; filename=t.csv\r\n\
Content-Transfer-Encoding: base64\r\n\r\nMSwyCg==\r\n--x--\r\n";

#[test]
fn what_a_command_handed_over_becomes_a_draft_that_can_be_mended() {
    let desk = Desk::new();
    let whole = desk.freeze(HANDED);
    let fresh = Fresh {
        wire: whole,
        copy: whole,
        recipients: ["a@x.example", "b@x.example", "blind@x.example"]
            .map(str::to_owned)
            .into(),
        bcc: Vec::new(),
        draft: None,
        ..desk.fresh()
    };
    let queued = submit(&desk.bed.store, fresh, None, When::Now);
    let id = queued.wait().unwrap().operation;
    assert!(desk.begin(id) && desk.dot(id));
    let results = vec![
        (0, Delivery::Taken),
        (1, Delivery::Refused(no())),
        (2, Delivery::Refused(no())),
    ];
    assert_eq!(desk.answered(id, results), Ended::Refused);
    let key = take_back(&desk.bed.store, id).wait().unwrap();
    assert_eq!(desk.out(id), None);
    let kept = drafts::find(&desk.reader(), key).unwrap().unwrap();
    let draft = kept.draft;
    // Who has it is not named again, and the list was never meant.
    assert_eq!(draft.to, []);
    assert_eq!(draft.cc, [Recipient::address("b@x.example")]);
    assert_eq!(draft.bcc, [Recipient::address("blind@x.example")]);
    assert_eq!(draft.from.address, "me@example.org");
    assert_eq!(draft.account, "work");
    assert_eq!(draft.subject, "[PATCH] Grüße");
    assert_eq!(draft.in_reply_to, ["q@x.example"]);
    assert_eq!(draft.text, "One line\n  and one set in.");
    assert_eq!(draft.answers, None);
    let [attached] = draft.attachments.as_slice() else {
        panic!("{:?}", draft.attachments);
    };
    assert_eq!(attached.name, "t.csv");
    // Its bytes stay for as long as the draft does.
    let Source::Part { content, .. } = &attached.source else {
        panic!("{attached:?}");
    };
    assert_eq!(
        bodies::read_whole(&desk.reader(), *content, "").unwrap(),
        Some(HANDED.to_vec())
    );
}

#[test]
fn s7_a_copy_that_waits_for_a_folder_goes_with_its_account() {
    let desk = Desk::new();
    let id = desk.queued();
    assert!(desk.begin(id) && desk.dot(id));
    let taken: Vec<_> = (0..3).map(|at| (at, Delivery::Taken)).collect();
    let account = desk.bed.account;
    let ended = desk
        .bed
        .put(move |tx| outgoing::answered(tx, id, &taken, NOW, Filing::Later));
    assert_eq!(ended, Ended::Sent);
    let waits = || outgoing::unfiled(&desk.reader(), account).unwrap();
    assert_eq!(waits(), 1);
    // Its bytes are kept for it alone.
    let before = desk.contents();
    desk.bed
        .put(move |tx| crate::store::accounts::remove(tx, account).map(|_| ()));
    assert_eq!(waits(), 0);
    assert!(desk.contents() < before);
}

#[test]
fn c4_a5_a_letter_is_read_once_and_its_bcc_stands_in_the_copy_alone() {
    let desk = Desk::new();
    let draft = Draft {
        from: crate::model::Address {
            name: String::new(),
            address: "me@example.org".into(),
        },
        attachments: vec![Attachment {
            name: "a.bin".into(),
            media_type: "application/octet-stream".into(),
            source: Source::File {
                path: "/a.bin".into(),
                size: 300_000,
                modified: 0,
            },
            size: 300_000,
        }],
        answers: None,
        ..desk.draft()
    };
    let given = crate::mime::write::Given {
        now: NOW,
        zone: 0,
        random: [7; 16],
        eight_bit: false,
    };
    let mut opened = 0;
    let mut open = |_: usize| -> std::io::Result<Box<dyn Read>> {
        opened += 1;
        Ok(Box::new(std::io::repeat(9).take(300_000)))
    };
    let letter = crate::mime::write::compose(&draft, &given, &mut open).unwrap();
    let (store, account) = (&desk.bed.store, desk.bed.account);
    let (wire, copy) = freeze_letter(store, account, &letter, &mut open, &mut |_| {}).unwrap();
    assert_eq!(opened, 1, "what is attached was read more than once");
    let kept = |content| {
        let bytes = bodies::read_whole(&desk.reader(), content, "").unwrap();
        String::from_utf8(bytes.unwrap()).unwrap()
    };
    let (wire, copy) = (kept(wire), kept(copy));
    assert!(
        wire.len() > 400_000 && !wire.contains("Bcc"),
        "{}",
        wire.len()
    );
    assert_eq!(copy.replace("Bcc: <c@x.example>\r\n", ""), wire);
    assert_ne!(copy, wire);
}
