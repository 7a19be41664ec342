//! Sending messages on as they are: to whom, and several of them at once.

use crate::model::{Draft, MessageKey, Recipient};
use crate::tui::app::App;
use crate::tui::app::commands::messages;
use crate::tui::app::event::{Action, Question, Ticket};
use crate::tui::app::prompt::{Prompt, Purpose, last_name};

use super::NO_IDENTITY;

/// `B`: to whom are messages sent on as they are?
pub fn ask_bounce(app: &mut App, keys: Vec<MessageKey>) {
    let what = match keys.len() {
        1 => "the message".to_owned(),
        many => messages(many),
    };
    let question = format!("Send {what} on, as {} to", they_are(keys.len()));
    app.open_prompt(Prompt::text(Purpose::Bounce(keys), question, ""));
}

fn they_are(count: usize) -> &'static str {
    if count == 1 { "it is," } else { "they are," }
}

/// Asks who could be meant by the last name of a line that says to whom messages are sent on.
pub fn ask_whom(app: &mut App, about: Option<MessageKey>, line: &str) {
    let (_, typed) = last_name(line);
    app.writing.whom = None;
    if !typed.is_empty() {
        let typed = typed.to_owned();
        app.writing.whom = Some(app.ask(Question::Contacts { typed, about }));
    }
}

/// Messages that are about to be sent on. Another wish may come before the answer to this one: it takes
/// nothing from it.
#[derive(Clone, Debug)]
pub(in crate::tui::app) struct Passing {
    /// What was asked last about it.
    ticket: Ticket,
    /// The messages, until it is asked what is made of them.
    keys: Vec<MessageKey>,
    /// How many keys had been pressed when it was wished.
    presses: u64,
}

/// To whom to bounce was given.
pub fn bounce(app: &mut App, keys: Vec<MessageKey>, to: &str) {
    let to = to.trim().trim_end_matches([',', ';']);
    let ticket = app.ask(Question::Resolve(to.to_owned()));
    let presses = app.presses;
    app.writing.passing.push(Passing {
        ticket,
        keys,
        presses,
    });
}

fn asked(app: &mut App, ticket: Ticket) -> Option<Passing> {
    let all = &mut app.writing.passing;
    let at = all.iter().position(|one| one.ticket == ticket)?;
    Some(all.remove(at))
}

/// Who is meant to get a bounce is known; false when the ticket is not of one.
pub fn bounce_to(app: &mut App, ticket: Ticket, to: &Result<Vec<Recipient>, String>) -> bool {
    let Some(passing) = asked(app, ticket) else {
        return false;
    };
    match to {
        Ok(to) if to.is_empty() => app.hint("To whom? Nobody was named."),
        Ok(to) => ask_bounced(app, passing, to.clone()),
        Err(why) => app.hint(why.clone()),
    }
    true
}

fn ask_bounced(app: &mut App, passing: Passing, to: Vec<Recipient>) {
    if app.identities().is_empty() {
        return app.hint(NO_IDENTITY);
    }
    let messages = passing.keys;
    let ticket = app.ask(Question::Bouncing { messages, to });
    app.writing.passing.push(Passing {
        ticket,
        keys: Vec::new(),
        presses: passing.presses,
    });
}

/// What is to be sent on is made: one message goes, several after one more question, unless a key
/// was pressed meanwhile, which that question would come in between of. `absent` is how many of them
/// are not here yet.
pub fn bounced_came(app: &mut App, ticket: Ticket, mut drafts: Vec<Draft>, absent: usize) {
    let Some(passing) = asked(app, ticket) else {
        return;
    };
    match (drafts.len(), drafts.pop()) {
        (_, None) => app.hint("The message is gone; nothing is sent on."),
        (1, Some(draft)) => {
            let ticket = app.act(Action::Send {
                draft: Box::new(draft),
                composer: None,
                last: None,
                at: None,
            });
            app.send.passes_on(ticket);
        }
        (more, Some(_)) if passing.presses != app.presses => app.hint(format!(
            "Another key came first: the {} were not sent on.",
            messages(more)
        )),
        (_, Some(last)) => {
            drafts.push(last);
            ask_all(app, drafts, absent);
        }
    }
}

fn ask_all(app: &mut App, drafts: Vec<Draft>, absent: usize) {
    let to: Vec<&str> = drafts
        .first()
        .map(|draft| draft.recipients().map(|one| one.address.as_str()).collect())
        .unwrap_or_default();
    let to = match to.as_slice() {
        [one] => (*one).to_owned(),
        several => format!("{} recipients", several.len()),
    };
    let question = format!("Send {} on to {to}?", messages(drafts.len()));
    let options = vec![('y', "Yes"), ('n', "No")];
    let purpose = Purpose::BounceAll(drafts);
    let mut prompt = Prompt::choice(purpose, question, options, 0);
    if absent > 0 {
        prompt.notes = vec![match absent {
            1 => "1 of them is not here yet: it is fetched first, then all go at once.".to_owned(),
            many => format!(
                "{many} of them are not here yet: they are fetched first, then all go at once."
            ),
        }];
    }
    app.open_prompt(prompt);
}

/// Several messages are sent on as they are: the question was answered.
pub fn bounce_all(app: &mut App, drafts: Vec<Draft>) {
    let ticket = app.act(Action::SendAll(drafts));
    app.send.passes_on(ticket);
}
