//! From a draft to the Outbox: what there is to say first, the bytes, and taking it back.

use std::io::{self, Cursor, Read};

use crate::env::Env;
use crate::mime::check::{self, Facts, FileState};
use crate::mime::write::{Given, Letter, compose};
use crate::mime::{self, part};
use crate::model::{
    AccountKey, AnswerKind, Attachment, ContentKey, Draft, DraftSave, OperationId, PartPath, Source,
};
use crate::ops::attach::AttachError;
use crate::ops::send::{self, When, freeze_letter, submit, submit_all};
use crate::ops::{attach, contacts, drafts, message};
use crate::store::accounts::AccountKind;
use crate::store::bodies::Have;
use crate::store::outgoing::Fresh;
use crate::store::{Reader, Store, StoreError, accounts, bodies, contents};
use crate::tui::app::commands::messages;
use crate::tui::app::event::{Answer, Ended};
use crate::tui::app::view::{Checked, Finding, Weight};

/// Octets of a stored message or part that can be attached.
const MOST: u64 = 512 << 20;
/// A message of more octets than this shows how far it is on its way into the Outbox.
const MANY: u64 = 4 << 20;
/// Octets after which that is told again.
const STEP: u64 = 1 << 20;

/// What there is to say about a draft before it is sent. `account` is whether its account can send,
/// `about` what is known of the message that it answers.
pub fn checked(
    reader: &Reader,
    draft: &Draft,
    sends: bool,
    about: Facts,
) -> Result<Answer, StoreError> {
    let others = others(draft);
    let files = others.iter().map(|one| (one.at, one.state)).collect();
    let changed: Vec<(usize, Attachment)> = others
        .into_iter()
        .filter_map(|one| Some((one.at, one.now?)))
        .collect();
    let mut fresh = draft.clone();
    for (at, attachment) in &changed {
        if let Some(old) = fresh.attachments.get_mut(*at) {
            *old = attachment.clone();
        }
    }
    let size = octets(&fresh);
    let absent = absent(reader, draft)?;
    let missing = absent.iter().filter(|one| !one.on_server);
    let domains = contacts::domains(reader, draft)?;
    let facts = Facts {
        files,
        missing: missing.map(|one| one.at).collect(),
        size,
        limit: limit(reader, draft)?,
        familiar: domains.familiar,
        strange: domains.strange,
        ..about
    };
    let mut findings = Vec::new();
    if !sends {
        findings.push(Finding {
            weight: Weight::Stop,
            text: "This account has no server to send with; the draft is kept.".to_owned(),
        });
    }
    findings.extend(check::check(draft, &facts).into_iter().map(|warning| {
        let weight = match (warning.blocks(), warning.only_tells()) {
            (true, _) => Weight::Stop,
            (false, true) => Weight::Note,
            (false, false) => Weight::Warning,
        };
        Finding {
            weight,
            text: warning.text(),
        }
    }));
    let fetched = absent.iter().filter(|one| one.on_server);
    findings.extend(fetched.filter_map(|one| {
        let name = &draft.attachments.get(one.at)?.name;
        Some(Finding {
            weight: Weight::Note,
            text: format!("\"{name}\" is on the server only: it is fetched before this is sent."),
        })
    }));
    Ok(Answer::Checked(Box::new(Checked {
        findings,
        size,
        changed,
    })))
}

/// About how many octets a message will have: a third more for what is attached.
fn octets(draft: &Draft) -> u64 {
    let attached: u64 = draft.attachments.iter().map(|one| one.size).sum();
    let text = u64::try_from(draft.text.len()).unwrap_or(u64::MAX);
    attached / 3 * 4 + text + 800
}

/// What the server of the draft's account takes at most, as it said last.
fn limit(reader: &Reader, draft: &Draft) -> Result<Option<u64>, StoreError> {
    match accounts::find(reader, &draft.account)? {
        Some(account) => accounts::takes(reader, account.key),
        None => Ok(None),
    }
}

/// An attached file that is another one than when it was attached.
struct Other {
    at: usize,
    state: FileState,
    /// As it would be attached now, if it can be.
    now: Option<Attachment>,
}

/// What of the attached files is not as it was.
fn others(draft: &Draft) -> Vec<Other> {
    let mut others = Vec::new();
    for (at, one) in draft.attachments.iter().enumerate() {
        let Source::File { path, .. } = &one.source else {
            continue;
        };
        let now = match attach::check(one) {
            Ok(()) => continue,
            Err(AttachError::Changed { .. }) => attach::file(&attach::place(path)).ok(),
            Err(_) => None,
        };
        let now = now.map(|now| Attachment {
            name: one.name.clone(),
            ..now
        });
        let state = match now.as_ref().map(|now| &now.source) {
            Some(Source::File { size, modified, .. }) => FileState::There {
                size: *size,
                modified: *modified,
            },
            Some(Source::Part { .. } | Source::Message { .. }) | None => FileState::Gone,
        };
        others.push(Other { at, state, now });
    }
    others
}

/// An attachment from a stored message whose octets are not here.
pub struct Absent {
    at: usize,
    /// The message's account.
    pub account: AccountKey,
    /// Its content.
    pub content: ContentKey,
    /// The part; the root is the whole message.
    pub section: PartPath,
    /// About how many octets would come.
    pub size: u64,
    on_server: bool,
}

/// What of a draft's attachments is not here.
pub fn absent(reader: &Reader, draft: &Draft) -> Result<Vec<Absent>, StoreError> {
    let mut absent = Vec::new();
    for (at, one) in draft.attachments.iter().enumerate() {
        let (content, section) = match &one.source {
            Source::File { .. } => continue,
            Source::Message { content } => (*content, ""),
            Source::Part { content, section } => (*content, section.as_str()),
        };
        let is_here = |section| {
            let have = bodies::have(reader, content, section)?;
            Ok::<bool, StoreError>(matches!(have, Have::Whole(_)))
        };
        if is_here("")? || is_here(section)? {
            continue;
        }
        let account = match contents::get(reader, content) {
            Ok(known) => known.account,
            Err(StoreError::Missing { .. }) => AccountKey(0),
            Err(error) => return Err(error),
        };
        let kind = accounts::get(reader, account).map(|account| account.kind);
        absent.push(Absent {
            at,
            account,
            content,
            section: PartPath::parse(section).unwrap_or_default(),
            size: one.size,
            on_server: matches!(kind, Ok(AccountKind::Imap)),
        });
    }
    Ok(absent)
}

/// What a message is made with, at this moment.
pub fn given(store: &Store, env: &Env) -> io::Result<Given> {
    let mut random = [0; 16];
    env.random.fill(&mut random)?;
    let now = store.now();
    Ok(Given {
        now,
        zone: super::files::offset_at(now),
        random,
        eight_bit: false,
    })
}

/// Puts a message into the Outbox, to leave when `when` says; called on a thread of its own, because
/// attachments are read. `progress` is told how many octets of about how many are there, where it
/// takes long.
pub fn queue(
    (store, env): (&Store, &Env),
    draft: &Draft,
    was: Option<DraftSave>,
    when: When,
    progress: &mut dyn FnMut(u64, u64),
) -> Ended {
    match queued((store, env), draft, was, when, progress) {
        Ok((operation, at)) => Ended::Queued {
            operations: vec![operation],
            at,
        },
        Err(why) => Ended::Failed(format!("{why}.")),
    }
}

/// Puts several messages into the Outbox, all of them or none.
pub fn queue_all((store, env): (&Store, &Env), drafts: &[Draft], when: When) -> Ended {
    match all_queued((store, env), drafts, when) {
        Ok((operations, at)) => Ended::Queued { operations, at },
        Err(why) => Ended::Failed(format!("Nothing was sent: {why}.")),
    }
}

fn all_queued(
    (store, env): (&Store, &Env),
    drafts: &[Draft],
    when: When,
) -> Result<(Vec<OperationId>, i64), String> {
    let mut made = Vec::with_capacity(drafts.len());
    for draft in drafts {
        match frozen((store, env), draft, &mut |_, _| {}) {
            Ok(fresh) => made.push(fresh),
            Err(why) => {
                give_up(store, made);
                return Err(why);
            }
        }
    }
    let queued = submit_all(store, made, when).wait();
    let queued = queued.map_err(|error| error.to_string())?;
    let at = queued.first().and_then(|one| one.later);
    let ids = queued.iter().map(|one| one.operation).collect();
    Ok((ids, at.unwrap_or(store.now())))
}

/// What was frozen of messages that do not go after all.
fn give_up(store: &Store, made: Vec<Fresh>) {
    for fresh in made {
        for content in [fresh.wire, fresh.copy] {
            send::thaw(store, content).forget();
        }
    }
}

fn queued(
    (store, env): (&Store, &Env),
    draft: &Draft,
    was: Option<DraftSave>,
    when: When,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(OperationId, i64), String> {
    let fresh = frozen((store, env), draft, progress)?;
    let queued = submit(store, fresh, was, when).wait();
    queued
        .map(|queued| (queued.operation, queued.later.unwrap_or(store.now())))
        .map_err(|error| error.to_string())
}

fn frozen(
    (store, env): (&Store, &Env),
    draft: &Draft,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Fresh, String> {
    let said = |error: &dyn std::fmt::Display| error.to_string();
    let given = given(store, env).map_err(|error| said(&error))?;
    let reader = store.reader().map_err(|error| said(&error))?;
    let account = super::drafts::account_of(store, &draft.account).map_err(|error| said(&error))?;
    let mut open = |place: usize| opened(&reader, draft, place);
    let letter = compose(draft, &given, &mut open).map_err(|error| said(&error))?;
    let (all, mut told) = (letter.size, 0);
    let mut each = |octets: u64| {
        if all > MANY && octets >= told + STEP {
            told = octets;
            progress(octets.min(all), all);
        }
    };
    let frozen = freeze_letter(store, account, &letter, &mut open, &mut each)
        .map_err(|error| said(&error))?;
    Ok(fresh(account, frozen, letter, draft))
}

fn fresh(
    account: AccountKey,
    (wire, copy): (ContentKey, ContentKey),
    letter: Letter,
    draft: &Draft,
) -> Fresh {
    Fresh {
        account,
        wire,
        copy,
        sender: letter.sender,
        recipients: letter.recipients,
        eight_bit: letter.eight_bit,
        utf8: letter.utf8,
        message_id: letter.message_id,
        subject: draft.subject.clone(),
        bcc: draft.bcc.clone(),
        draft: Some(draft.clone()),
        later: None,
    }
}

/// An attachment's octets, decoded.
pub fn opened(reader: &Reader, draft: &Draft, place: usize) -> io::Result<Box<dyn Read>> {
    let absent = || io::Error::new(io::ErrorKind::NotFound, "it is not kept here");
    let attachment = draft.attachments.get(place).ok_or_else(absent)?;
    let refused = |error: StoreError| io::Error::other(error.to_string());
    match &attachment.source {
        Source::File {
            path,
            size,
            modified,
        } => match attach::open(path, *size, *modified) {
            Ok(whole) => Ok(Box::new(whole)),
            Err(error) => Err(io::Error::other(error)),
        },
        Source::Message { content } => {
            let raw = message::raw(reader, *content).map_err(refused)?;
            Ok(Box::new(Cursor::new(raw.ok_or_else(absent)?)))
        }
        Source::Part { content, section } => {
            let path = PartPath::parse(section).ok_or_else(absent)?;
            let bytes = part_of(reader, *content, &path).map_err(refused)?;
            Ok(Box::new(Cursor::new(bytes.ok_or_else(absent)?)))
        }
    }
}

/// A part of a stored message, decoded.
fn part_of(
    reader: &Reader,
    content: ContentKey,
    path: &PartPath,
) -> Result<Option<Vec<u8>>, StoreError> {
    if let Some(raw) = message::raw(reader, content)? {
        return Ok(mime::content::of_part(&raw, path).map(|(_, bytes)| bytes));
    }
    let raw = bodies::read(reader, content, &path.to_string(), 0, MOST)?;
    let structure = contents::get(reader, content)?.structure;
    let encoding = structure.and_then(|tree| tree.find(path).map(|part| part.encoding.clone()));
    Ok(raw
        .zip(encoding)
        .map(|(raw, encoding)| part::decode_transfer(&raw, &encoding)))
}

/// Takes messages out of the Outbox. One is a draft again; several were sent on together, nothing of
/// them was written here, and they are gone.
pub fn taken_back(store: &Store, ids: &[OperationId]) -> Ended {
    match ids {
        [one] => taken_back_one(store, *one),
        several => taken_back_all(store, several),
    }
}

fn taken_back_all(store: &Store, ids: &[OperationId]) -> Ended {
    let (mut back, mut refused) = (0, None);
    for id in ids {
        let taken = send::take_back(store, *id).wait().and_then(|key| {
            let kept = drafts::open(&store.reader()?, key)?;
            let answers = kept.as_ref().and_then(|kept| kept.draft.answers.as_ref());
            let is_passed_on = answers.is_some_and(|one| one.kind == AnswerKind::Bounce);
            match kept.filter(|_| is_passed_on) {
                Some(kept) => drafts::delete(store, kept.at()).wait().map(|_| ()),
                None => Ok(()),
            }
        });
        match taken {
            Ok(()) => back += 1,
            Err(StoreError::Refused(why)) => refused = Some(why.to_string()),
            Err(error) => refused = Some(error.to_string()),
        }
    }
    match (back, refused) {
        (0, Some(why)) => Ended::Failed(format!("Not taken back: {why}.")),
        (_, None) => Ended::Done(format!("Taken back: {} are not sent on.", messages(back))),
        (_, Some(why)) => {
            let all = ids.len();
            Ended::Done(format!(
                "Taken back: {back} of {all} are not sent on; {why}."
            ))
        }
    }
}

fn taken_back_one(store: &Store, id: OperationId) -> Ended {
    let back = send::take_back(store, id).wait().and_then(|key| {
        let reader = store.reader()?;
        drafts::open(&reader, key)
    });
    match back {
        Ok(Some(kept)) => Ended::TakenBack(kept.at(), kept.saved, Box::new(kept.draft)),
        Ok(None) => Ended::Done("Taken back.".to_owned()),
        Err(StoreError::Refused(why)) => Ended::Failed(format!("Not taken back: {why}.")),
        Err(error) => Ended::Failed(format!("Not taken back: {error}.")),
    }
}

/// Has messages leave without waiting for the end of their delay.
pub fn send_now(store: &Store, ids: &[OperationId]) -> Ended {
    for id in ids {
        match send::reschedule(store, *id, None).wait() {
            // It is on its way, or was sent.
            Ok(()) | Err(StoreError::Refused(_) | StoreError::Missing { .. }) => {}
            Err(error) => return Ended::Failed(format!("Not sent yet: {error}.")),
        }
    }
    Ended::Done(String::new())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Address, Recipient};
    use crate::store::tests::Bed;

    fn found(bed: &Bed, draft: &Draft, sends: bool) -> Checked {
        let reader = bed.store.reader().unwrap();
        match checked(&reader, draft, sends, Facts::default()).unwrap() {
            Answer::Checked(checked) => *checked,
            other => panic!("{other:?}"),
        }
    }

    fn draft() -> Draft {
        Draft {
            account: "work".to_owned(),
            from: Address {
                name: String::new(),
                address: "me@x.example".to_owned(),
            },
            to: vec![Recipient::address("a@x.example")],
            subject: "Hi".to_owned(),
            text: "Hello".to_owned(),
            ..Draft::default()
        }
    }

    #[test]
    fn c13_what_the_server_would_not_take_is_said_before() {
        let bed = Bed::new();
        let mut large = draft();
        large.text = "x".repeat(5_000);
        assert!(found(&bed, &large, true).findings.is_empty());
        let key = bed.account;
        bed.put(move |tx| accounts::note_takes(tx, key, Some(4_000)));
        let [finding] = found(&bed, &large, true).findings.try_into().unwrap();
        assert_eq!(finding.weight, Weight::Stop);
        assert!(
            finding.text.contains("the server takes"),
            "{}",
            finding.text
        );
        assert!(found(&bed, &draft(), true).findings.is_empty());
        bed.put(move |tx| accounts::note_takes(tx, key, None));
        assert!(found(&bed, &large, true).findings.is_empty());
        let nowhere = found(&bed, &draft(), false);
        assert_eq!(nowhere.findings[0].weight, Weight::Stop);
    }

    #[test]
    fn c13_a_slip_in_a_domain_of_the_address_book_is_asked_about() {
        let bed = Bed::new();
        let mut letter = draft();
        letter.to = vec![Recipient::address("tom@exmaple.net")];
        assert!(found(&bed, &letter, true).findings.is_empty());
        let tom = crate::model::Contact {
            name: "Tom".to_owned(),
            nickname: String::new(),
            addresses: vec!["Tom@Example.net".to_owned()],
            note: String::new(),
        };
        bed.put(move |tx| crate::store::contacts::put(tx, None, &tom));
        let [finding] = found(&bed, &letter, true).findings.try_into().unwrap();
        assert_eq!(finding.weight, Weight::Warning);
        assert!(finding.text.contains("example.net"), "{}", finding.text);
        letter.to = vec![Recipient::address("ann@EXAMPLE.net")];
        assert!(found(&bed, &letter, true).findings.is_empty());
    }

    #[test]
    fn a5_a_file_is_looked_at_again_before_it_is_sent() {
        let bed = Bed::new();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        std::fs::write(&path, "12345").unwrap();
        let mut letter = draft();
        letter.attachments = vec![attach::file(&path).unwrap()];
        assert!(found(&bed, &letter, true).findings.is_empty());
        std::fs::write(&path, "123456").unwrap();
        let now = found(&bed, &letter, true);
        assert_eq!(now.findings[0].weight, Weight::Warning);
        assert_eq!(now.changed[0].1.size, 6);
        // Unseen, it does not go: who reads it finds it changed.
        let reader = bed.store.reader().unwrap();
        assert!(opened(&reader, &letter, 0).is_err());
        letter.attachments[0] = now.changed[0].1.clone();
        let mut octets = String::new();
        let mut file = opened(&reader, &letter, 0).unwrap();
        file.read_to_string(&mut octets).unwrap();
        assert_eq!(octets, "123456");
        std::fs::remove_file(&path).unwrap();
        let gone = found(&bed, &letter, true);
        assert_eq!(
            (gone.findings[0].weight, gone.changed.len()),
            (Weight::Stop, 0)
        );
        letter.attachments[0].source = Source::Message {
            content: ContentKey(99),
        };
        assert_eq!(found(&bed, &letter, true).findings[0].weight, Weight::Stop);
    }

    #[test]
    fn a5_a_large_file_tells_how_far_it_is_and_bcc_stays_in_the_copy_alone() {
        let bed = Bed::new();
        let folder = tempfile::tempdir().unwrap();
        let (env, _) = crate::env::fake::world(folder.path()).unwrap();
        let path = folder.path().join("a.bin");
        let mut letter = draft();
        letter.bcc = vec![Recipient::address("hidden@x.example")];
        let mut send = |octets: usize, when| {
            std::fs::write(&path, vec![7; octets]).unwrap();
            letter.attachments = vec![attach::file(&path).unwrap()];
            let mut told = Vec::new();
            let mut progress = |done, all| told.push((done, all));
            let ended = queue((&bed.store, &env), &letter, None, when, &mut progress);
            let Ended::Queued { operations, at } = ended else {
                panic!("{ended:?}");
            };
            let operation = operations[0];
            (operation, at, told)
        };
        let (small, at, told) = send(10_000, When::After(10));
        assert_eq!((at, told), (bed.store.now() + 10, Vec::new()));
        let (large, at, told) = send(6 << 20, When::At(bed.store.now() + 900));
        assert_eq!(at, bed.store.now() + 900);
        assert!(told.len() > 4, "{told:?}");
        let grows = |two: &[(u64, u64)]| two[0].0 < two[1].0 && two[1].0 <= two[1].1;
        assert!(told.windows(2).all(grows), "{told:?}");
        let reader = bed.store.reader().unwrap();
        for id in [small, large] {
            let out = send::find(&reader, id).unwrap().unwrap();
            let head = |content| {
                let head = bodies::read(&reader, content, "", 0, 2_000).unwrap();
                String::from_utf8(head.unwrap()).unwrap()
            };
            assert!(!head(out.wire).contains("hidden@"));
            assert!(head(out.copy).contains("hidden@"));
        }
    }
}
