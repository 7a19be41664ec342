//! `compose`: what the composer opens with. Nothing is sent before a person says so.

use super::args::Compose;
use super::error::Failure;
use super::send::letter;
use crate::config::Settings;
use crate::mime::mailto;
use crate::model::{Draft, Recipient};

/// The draft that the options ask for; account and From are the screen's to choose.
pub fn draft(settings: &Settings, arguments: &Compose) -> Result<Draft, Failure> {
    let mut draft = Draft::default();
    for text in &arguments.addresses {
        match mailto::draft(text) {
            Some(asked) => take_in(&mut draft, asked),
            None => draft.to.extend(list(settings, std::slice::from_ref(text))?),
        }
    }
    draft.to.extend(list(settings, &arguments.head.to)?);
    draft.cc.extend(list(settings, &arguments.head.cc)?);
    draft.bcc.extend(list(settings, &arguments.head.bcc)?);
    if let Some(subject) = &arguments.head.subject {
        draft.subject = subject.clone();
    }
    for path in &arguments.head.attach {
        draft.attachments.push(letter::attachment(path)?);
    }
    Ok(draft)
}

/// What a link asks for, beside what is there already.
fn take_in(draft: &mut Draft, asked: Draft) {
    draft.to.extend(asked.to);
    draft.cc.extend(asked.cc);
    draft.bcc.extend(asked.bcc);
    draft.text.push_str(&asked.text);
    draft.in_reply_to.extend(asked.in_reply_to);
    if !asked.subject.is_empty() {
        draft.subject = asked.subject;
    }
}

fn list(settings: &Settings, names: &[String]) -> Result<Vec<Recipient>, Failure> {
    let all = letter::resolved(names, &settings.aliases)?;
    Ok(all.into_iter().map(Recipient::One).collect())
}
