//! Drafts that answer stored messages or pass them on.

mod several;

use crate::mime::check::Facts;
use crate::mime::document::{FULL_LIMIT, Role, Span, View};
use crate::mime::reply::{self, Addressed, Original, Question, Whom, Wishes};
use crate::model::{Address, AnswerKind, Draft, MessageKey, PartPath};
use crate::ops::message::{self, Source};
use crate::ops::{accounts, packed};
use crate::store::{Reader, Store, StoreError};
use crate::tui::app::event::Answer;
use crate::tui::app::view::{Answering, Body, Identity};

use super::desk::Desk;

pub use several::{answering_several, bounced, forwarding_several};

/// Cells of a line of a quote: one line of it is one paragraph, which the composer wraps.
const WIDE: usize = 100_000;

/// A message that is answered, and who answers it.
struct About {
    source: Source,
    wishes: Wishes,
    own: Vec<String>,
    identity: Identity,
}

impl About {
    fn original(&self) -> Original<'_> {
        Original {
            message: self.source.message.key,
            envelope: &self.source.content.envelope,
            wishes: &self.wishes,
            own: &self.own,
        }
    }

    fn read(desk: &Desk, reader: &Reader, key: MessageKey) -> Result<Option<Self>, StoreError> {
        let Ok(source) = message::source(reader, key) else {
            return Ok(None);
        };
        let header = desk.raw_header(reader, key)?;
        let account = source.account();
        let known = accounts::all(reader)?;
        let id = known.into_iter().find(|one| one.key == account);
        let id = id.map(|one| one.id).unwrap_or_default();
        let mut identities = desk.identities();
        // Those of the account that has it come first.
        identities.sort_by_key(|identity| identity.account != id);
        let own = identities
            .iter()
            .map(|identity| identity.address.address.clone())
            .collect();
        let mut about = Self {
            source,
            wishes: header.as_deref().map(Wishes::of_header).unwrap_or_default(),
            own,
            identity: Identity::default(),
        };
        let of = |one: &Identity| one.account == id;
        let (here, others): (Vec<_>, Vec<_>) = identities.iter().partition(|one| of(one));
        let addresses = |all: Vec<&Identity>| -> Vec<Address> {
            all.into_iter().map(|one| one.address.clone()).collect()
        };
        let original = about.original();
        let at = original.identity(&addresses(here), &addresses(others));
        let Some(identity) = identities.into_iter().nth(at) else {
            return Ok(None);
        };
        about.identity = identity;
        Ok(Some(about))
    }

    fn signature(&self) -> String {
        match self.identity.signature.trim_end() {
            "" => String::new(),
            signature => format!("-- \n{signature}"),
        }
    }

    fn of_account(&self, draft: Draft) -> Draft {
        Draft {
            account: self.identity.account.clone(),
            reply_to: crate::tui::app::writing::reply_to(&self.identity),
            ..draft
        }
    }
}

/// The text of a message as it is read, or `None` when it is not kept.
pub(super) fn text(
    desk: &Desk,
    reader: &Reader,
    key: MessageKey,
) -> Result<Option<String>, StoreError> {
    let view = View {
        html: false,
        width: WIDE,
        limit: FULL_LIMIT,
        offset_at: Some(super::files::offset_at),
    };
    Ok(match desk.body(reader, key, &view)? {
        Body::Text(mut document) => {
            // What names a part is our own word, and nobody's text.
            let names = |span: &Span| span.role == Role::Attachment;
            document
                .lines
                .retain(|line| line.spans.is_empty() || !line.spans.iter().all(names));
            Some(document.text().trim_end().to_owned())
        }
        Body::NotKept { .. } | Body::Failed(_) => None,
    })
}

/// What answers to a message could be; of its text `marked` is quoted, where that is not all.
pub fn answering(
    desk: &Desk,
    reader: &Reader,
    key: MessageKey,
    marked: Option<&str>,
) -> Result<Answer, StoreError> {
    let Some(about) = About::read(desk, reader, key)? else {
        return Ok(Answer::Answering(None));
    };
    let original = about.original();
    let Question {
        choices,
        proposed,
        came_by_bcc,
        redirected,
    } = original.question();
    let body = match marked {
        Some(marked) => Some(marked.to_owned()),
        None => text(desk, reader, key)?,
    };
    let mut warning = redirected_words(redirected);
    if body.is_none() {
        warning = "Its text is not kept here: nothing is quoted.".to_owned();
    }
    let quoted = match body {
        Some(body) => {
            let head = reply::attribution(original.envelope);
            format!("{head}\n\n{}\n\n\n", reply::quote(&body).trim_end())
        }
        None => "\n".to_owned(),
    };
    let quoted = format!("{quoted}\n{}", about.signature());
    let from = &about.identity.address;
    let draft = |fields| about.of_account(original.reply(from, fields, quoted.clone()));
    let choices = Choices {
        choices,
        proposed,
        blind: came_by_bcc,
        warning,
    };
    Ok(choices.answering(original.addressed(Whom::Sender), draft))
}

/// What is to be asked before an answer is written.
struct Choices {
    choices: Vec<(Whom, Addressed)>,
    proposed: Whom,
    blind: bool,
    warning: String,
}

impl Choices {
    /// The drafts of each choice; `sender` is the one that there always is.
    fn answering(self, sender: Addressed, draft: impl Fn(Addressed) -> Draft) -> Answer {
        let mut found = Answering {
            sender: draft(sender),
            all: None,
            list: None,
            prefers: match self.proposed {
                Whom::Sender => 's',
                Whom::All => 'a',
                Whom::List => 'l',
            },
            blind: self.blind,
            warning: self.warning,
        };
        for (whom, fields) in self.choices {
            match whom {
                Whom::Sender => {}
                Whom::All => found.all = Some(draft(fields)),
                Whom::List => found.list = Some(draft(fields)),
            }
        }
        Answer::Answering(Some(Box::new(found)))
    }
}

/// That answers go elsewhere than to who wrote.
fn redirected_words(redirected: Option<(Address, Vec<Address>)>) -> String {
    match redirected {
        Some((from, to)) => format!(
            "Answers go to {}, not to {}, who wrote it.",
            crate::tui::app::writing::first_of(&to),
            crate::tui::app::writing::first_of(&[from])
        ),
        None => String::new(),
    }
}

/// A draft that passes a message on.
pub fn forwarding(
    desk: &Desk,
    store: &Store,
    reader: &Reader,
    key: MessageKey,
    attached: bool,
) -> Result<Answer, StoreError> {
    let Some(about) = About::read(desk, reader, key)? else {
        return Ok(Answer::Written(None));
    };
    let original = about.original();
    let (from, content) = (&about.identity.address, about.source.content.key);
    let size = about.source.message.size;
    let draft = match (attached, text(desk, reader, key)?) {
        (false, Some(body)) => {
            let structure = packed::tree(store, reader, &about.source)?;
            let text = format!("\n\n{}", reply::forwarded(original.envelope, &body));
            original.forward(from, content, structure.as_ref(), text)
        }
        // What is not kept cannot be put into a text.
        (_, _) => Draft {
            text: format!("\n\n{}", about.signature()),
            ..original.forward_attached(from, content, size)
        },
    };
    Ok(Answer::Written(Some(Box::new(about.of_account(draft)))))
}

/// What is known of the messages that a draft answers, to look the draft over with.
pub fn facts(desk: &Desk, reader: &Reader, draft: &Draft) -> Result<Facts, StoreError> {
    let answers = draft.answers.as_ref();
    let answers = answers.filter(|one| matches!(one.kind, AnswerKind::Reply | AnswerKind::Forward));
    let mut facts = Facts::default();
    for key in answers.map_or(&[][..], |one| &one.messages) {
        let Some(about) = About::read(desk, reader, *key)? else {
            continue;
        };
        let original = about.original();
        facts.came_by_bcc |= original.came_by_bcc();
        let came_to = original.came_to(&draft.from.address);
        facts.came_to = facts.came_to.or(came_to);
        for list in about.wishes.list_post.iter() {
            if !facts.lists.contains(&list.address) {
                facts.lists.push(list.address.clone());
            }
        }
    }
    Ok(facts)
}

/// A draft that passes one part of a message on.
pub fn forwarding_part(
    desk: &Desk,
    store: &Store,
    reader: &Reader,
    key: MessageKey,
    path: &PartPath,
) -> Result<Answer, StoreError> {
    let Some(about) = About::read(desk, reader, key)? else {
        return Ok(Answer::Written(None));
    };
    let tree = packed::tree(store, reader, &about.source)?;
    let Some(part) = tree.as_ref().and_then(|tree| tree.find(path)) else {
        return Ok(Answer::Written(None));
    };
    let (from, content) = (&about.identity.address, about.source.content.key);
    let draft = Draft {
        text: format!("\n\n{}", about.signature()),
        ..about.original().forward_part(from, content, part)
    };
    Ok(Answer::Written(Some(Box::new(about.of_account(draft)))))
}

#[cfg(test)]
mod tests;
