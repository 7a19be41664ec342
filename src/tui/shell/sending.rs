//! From a draft to the Outbox: what there is to say first, the bytes, and taking it back.

use std::io::{self, Cursor, Read};
use std::path::Path;

use crate::env::Env;
use crate::mime::check::{self, Facts, FileState};
use crate::mime::write::{Given, Letter, compose};
use crate::mime::{self, part};
use crate::model::{Attachment, ContentKey, Draft, DraftSave, OperationId, PartPath, Source};
use crate::ops::attach::AttachError;
use crate::ops::send::{self, Described};
use crate::ops::{attach, drafts, message};
use crate::store::bodies::Have;
use crate::store::outgoing::Fresh;
use crate::store::{Reader, Store, StoreError, bodies, contents};
use crate::tui::app::event::{Answer, Ended};
use crate::tui::app::view::{Checked, Finding, Weight};

/// Octets of a stored message or part that can be attached.
const MOST: u64 = 512 << 20;

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
    let facts = Facts {
        files,
        missing: missing(reader, draft)?,
        size,
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
            Err(AttachError::Changed { .. }) => attach::file(Path::new(path)).ok(),
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

/// Attachments from stored messages whose octets are not here.
fn missing(reader: &Reader, draft: &Draft) -> Result<Vec<usize>, StoreError> {
    let mut missing = Vec::new();
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
        if !is_here("")? && !is_here(section)? {
            missing.push(at);
        }
    }
    Ok(missing)
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

/// Puts a message into the Outbox; called on a thread of its own, because attachments are read. It
/// leaves at the second `at`, else in `delay` seconds, in which it can be taken back.
pub fn queue(
    store: &Store,
    env: &Env,
    draft: &Draft,
    was: Option<DraftSave>,
    (at, delay): (Option<i64>, i64),
) -> Ended {
    match queued(store, env, draft, was, (at, delay)) {
        Ok((operation, at)) => Ended::Queued { operation, at },
        Err(why) => Ended::Failed(format!("{why}.")),
    }
}

fn queued(
    store: &Store,
    env: &Env,
    draft: &Draft,
    was: Option<DraftSave>,
    (at, delay): (Option<i64>, i64),
) -> Result<(OperationId, i64), String> {
    let said = |error: &dyn std::fmt::Display| error.to_string();
    let given = given(store, env).map_err(|error| said(&error))?;
    let reader = store.reader().map_err(|error| said(&error))?;
    let account = super::drafts::account_of(store, &draft.account).map_err(|error| said(&error))?;
    let mut open = |place: usize| opened(&reader, draft, place);
    let letter = compose(draft, &given, &mut open).map_err(|error| said(&error))?;
    let about = Described {
        envelope: letter.envelope.clone(),
        structure: Some(letter.structure.clone()),
        size: letter.size,
    };
    let mut nobody = |_| {};
    let wire = {
        let mut stream = letter.wire(&mut open);
        send::freeze(store, account, &about, &mut stream, &mut nobody)
            .map_err(|error| said(&error))?
    };
    let copy = match letter.has_bcc() {
        false => wire,
        true => {
            let mut stream = letter.copy(&mut open);
            send::freeze(store, account, &about, &mut stream, &mut nobody)
                .map_err(|error| said(&error))?
        }
    };
    let later = at.unwrap_or(given.now + delay);
    let fresh = fresh(account, (wire, copy), letter, draft, later);
    let queued = send::queue(store, fresh, was).wait();
    queued
        .map(|queued| (queued.operation, later))
        .map_err(|error| said(&error))
}

fn fresh(
    account: crate::model::AccountKey,
    (wire, copy): (ContentKey, ContentKey),
    letter: Letter,
    draft: &Draft,
    later: i64,
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
        later: Some(later),
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

/// Takes a message out of the Outbox; it is a draft again.
pub fn taken_back(store: &Store, id: OperationId) -> Ended {
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
