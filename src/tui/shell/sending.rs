//! From a draft to the Outbox: what there is to say first, the bytes, and taking it back.

use std::fs::{self, File};
use std::io::{self, Cursor, Read};
use std::time::UNIX_EPOCH;

use crate::env::Env;
use crate::mime::check::{self, Facts, FileState};
use crate::mime::write::{Given, Letter, compose};
use crate::mime::{self, part};
use crate::model::{Attachment, ContentKey, Draft, DraftKey, OperationId, PartPath, Source};
use crate::ops::send::{self, Described};
use crate::ops::{accounts, message};
use crate::store::outgoing::Fresh;
use crate::store::{Reader, Store, StoreError, bodies, contents, drafts};
use crate::tui::app::event::{Answer, Ended};
use crate::tui::app::view::{Finding, Weight};

/// Seconds in which a message can be taken back.
pub const DELAY: i64 = 10;
/// Octets of a stored message or part that can be attached.
const MOST: u64 = 512 << 20;

/// What there is to say about a draft before it is sent; `sends` is whether its account can.
pub fn checked(draft: &Draft, sends: bool) -> Answer {
    let size = octets(draft);
    let facts = Facts {
        files: files(draft),
        size,
        ..Facts::default()
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
    Answer::Checked(findings, size)
}

/// About how many octets a message will have: a third more for what is attached.
fn octets(draft: &Draft) -> u64 {
    let attached: u64 = draft.attachments.iter().map(|one| one.size).sum();
    let text = u64::try_from(draft.text.len()).unwrap_or(u64::MAX);
    attached / 3 * 4 + text + 800
}

fn files(draft: &Draft) -> Vec<(usize, FileState)> {
    let state = |(at, one): (usize, &Attachment)| match &one.source {
        Source::File { path, .. } => {
            let about = fs::metadata(path).ok().filter(|about| about.is_file());
            Some((
                at,
                about.map_or(FileState::Gone, |about| FileState::There {
                    size: about.len(),
                    modified: modified(&about),
                }),
            ))
        }
        Source::Part { .. } | Source::Message { .. } => None,
    };
    draft
        .attachments
        .iter()
        .enumerate()
        .filter_map(state)
        .collect()
}

fn modified(about: &fs::Metadata) -> i64 {
    let at = about.modified().ok();
    let at = at.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    at.map_or(0, |at| i64::try_from(at.as_secs()).unwrap_or(i64::MAX))
}

/// Puts a message into the Outbox; called on a thread of its own, because attachments are read.
pub fn queue(
    store: &Store,
    env: &Env,
    draft: &Draft,
    key: Option<DraftKey>,
    at: Option<i64>,
) -> Ended {
    match queued(store, env, draft, key, at) {
        Ok((operation, at)) => Ended::Queued { operation, at },
        Err(why) => Ended::Failed(format!("{why}.")),
    }
}

fn queued(
    store: &Store,
    env: &Env,
    draft: &Draft,
    key: Option<DraftKey>,
    at: Option<i64>,
) -> Result<(OperationId, i64), String> {
    let said = |error: &dyn std::fmt::Display| error.to_string();
    let mut random = [0; 16];
    env.random.fill(&mut random).map_err(|error| said(&error))?;
    let now = store.now();
    let given = Given {
        now,
        zone: super::files::offset_at(now),
        random,
        eight_bit: false,
    };
    let reader = store.reader().map_err(|error| said(&error))?;
    let account = accounts::find(&reader, &draft.account).map_err(|error| said(&error))?;
    let Some(account) = account.map(|account| account.key) else {
        return Err("the account is not in the store".to_owned());
    };
    let mut open = |place: usize| opened(&reader, draft, place);
    let letter = compose(draft, &given, &mut open).map_err(|error| said(&error))?;
    let about = Described {
        envelope: letter.envelope.clone(),
        structure: Some(letter.structure.clone()),
        size: octets(draft),
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
    let later = at.unwrap_or(now + DELAY);
    let fresh = fresh(account, (wire, copy), letter, draft, later);
    let queued = send::queue(store, fresh, key).wait();
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
fn opened(reader: &Reader, draft: &Draft, place: usize) -> io::Result<Box<dyn Read>> {
    let absent = || io::Error::new(io::ErrorKind::NotFound, "it is not kept here");
    let attachment = draft.attachments.get(place).ok_or_else(absent)?;
    let refused = |error: StoreError| io::Error::other(error.to_string());
    match &attachment.source {
        Source::File { path, .. } => Ok(Box::new(File::open(path)?)),
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
        drafts::find(&reader, key)
    });
    match back {
        Ok(Some(kept)) => Ended::TakenBack(kept.key, kept.saved, Box::new(kept.draft)),
        Ok(None) => Ended::Done("Taken back.".to_owned()),
        Err(StoreError::Refused(why)) => Ended::Failed(format!("Not taken back: {why}.")),
        Err(error) => Ended::Failed(format!("Not taken back: {error}.")),
    }
}
