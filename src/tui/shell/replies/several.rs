//! Drafts about several stored messages: one answer to all, one message that passes all on, and each
//! sent on as it is.

use crate::mime::reply::{self, Question, Several, Whom};
use crate::model::{Address, ContentKey, Draft, MessageKey, Recipient};
use crate::store::{Reader, StoreError};
use crate::tui::app::event::Answer;
use crate::tui::app::writing::first_of;
use crate::tui::shell::desk::Desk;
use crate::tui::shell::sending;

use super::{About, Choices, redirected_words, text};

/// The messages that are still there, the oldest first.
fn read(desk: &Desk, reader: &Reader, keys: &[MessageKey]) -> Result<Vec<About>, StoreError> {
    let mut abouts = Vec::with_capacity(keys.len());
    for key in keys {
        abouts.extend(About::read(desk, reader, *key)?);
    }
    abouts.sort_by_key(|one| (one.source.message.arrival, one.source.message.key));
    Ok(abouts)
}

fn several(abouts: &[About]) -> Several<'_> {
    Several::new(abouts.iter().map(About::original).collect())
}

/// Who answers: the address that most of the messages came to, of equals that of the newest; and
/// whether others came elsewhere.
fn writer(abouts: &[About]) -> Option<(&About, bool)> {
    let own = |one: &About| one.identity.address.address.to_lowercase();
    let count = |one: &&About| abouts.iter().filter(|other| own(other) == own(one)).count();
    let writer = abouts.iter().max_by_key(count)?;
    Some((writer, count(&writer) < abouts.len()))
}

/// What one answer to several messages could be.
pub fn answering_several(
    desk: &Desk,
    reader: &Reader,
    keys: &[MessageKey],
) -> Result<Answer, StoreError> {
    let abouts = read(desk, reader, keys)?;
    let Some((writer, is_mixed)) = writer(&abouts) else {
        return Ok(Answer::Answering(None));
    };
    let several = several(&abouts);
    let (mut quoted, mut absent) = (String::new(), 0);
    for about in &abouts {
        match text(desk, reader, about.source.message.key)? {
            Some(body) => {
                let head = reply::attribution(&about.source.content.envelope);
                let body = reply::quote(&body);
                quoted.push_str(&format!("{head}\n\n{}\n\n", body.trim_end()));
            }
            None => absent += 1,
        }
    }
    let quoted = format!("{quoted}\n\n{}", writer.signature());
    let Question {
        choices,
        proposed,
        came_by_bcc,
        redirected,
    } = several.question();
    let warnings = [
        gone_words(keys.len() - abouts.len()),
        absent_words(absent, abouts.len()),
        mixed_words(is_mixed, &writer.identity.address),
        redirected_words(redirected),
    ];
    let warning = warnings.into_iter().find(|words| !words.is_empty());
    let choices = Choices {
        choices,
        proposed,
        blind: came_by_bcc,
        warning: warning.unwrap_or_default(),
    };
    let from = &writer.identity.address;
    let draft = |fields| writer.of_account(several.reply(from, fields, quoted.clone()));
    Ok(choices.answering(several.addressed(Whom::Sender), draft))
}

fn gone_words(gone: usize) -> String {
    match gone {
        0 => String::new(),
        1 => "1 of them is gone.".to_owned(),
        many => format!("{many} of them are gone."),
    }
}

fn absent_words(absent: usize, all: usize) -> String {
    match absent {
        0 => String::new(),
        _ => format!("The text of {absent} of {all} is not kept here: that is not quoted."),
    }
}

fn mixed_words(is_mixed: bool, from: &Address) -> String {
    match is_mixed {
        true => {
            let from = first_of(std::slice::from_ref(from));
            format!("They came to several of your addresses; this answer is from {from}.")
        }
        false => String::new(),
    }
}

/// One message that has several attached, each whole.
pub fn forwarding_several(
    desk: &Desk,
    reader: &Reader,
    keys: &[MessageKey],
) -> Result<Answer, StoreError> {
    let abouts = read(desk, reader, keys)?;
    let Some((writer, _)) = writer(&abouts) else {
        return Ok(Answer::Written(None));
    };
    let wholes: Vec<(ContentKey, u64)> = abouts
        .iter()
        .map(|one| (one.source.content.key, one.source.message.size))
        .collect();
    let made = several(&abouts).forward_attached(&writer.identity.address, &wholes);
    let draft = writer.of_account(Draft {
        text: format!("\n\n{}", writer.signature()),
        ..made
    });
    Ok(Answer::Written(Some(Box::new(draft))))
}

/// The drafts of messages that are sent on as they are, each from the address that it came to.
pub fn bounced(
    desk: &Desk,
    reader: &Reader,
    keys: &[MessageKey],
    to: &[Recipient],
) -> Result<Answer, StoreError> {
    let (mut drafts, mut absent) = (Vec::new(), 0);
    for about in read(desk, reader, keys)? {
        let (content, size) = (about.source.content.key, about.source.message.size);
        let from = &about.identity.address;
        let made = Draft {
            account: about.identity.account.clone(),
            to: to.to_vec(),
            ..about.original().bounce(from, content, size)
        };
        absent += usize::from(!sending::absent(reader, &made)?.is_empty());
        drafts.push(made);
    }
    let gone = keys.len() - drafts.len();
    if gone > 0 && !drafts.is_empty() {
        let words = format!("{} Nothing is sent on.", gone_words(gone));
        return Ok(Answer::Failed(words));
    }
    Ok(Answer::Bounced(drafts, absent))
}
