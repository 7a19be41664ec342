//! Writing mail: what begins a message, and what becomes of it.

mod drafts;
mod passing;

pub use drafts::{
    ask_drafts, draft_came, drafts_came, finish_postponing, give_up, go_on, go_on_with, keep_all,
    list, not_saved, open_draft, postpone, saved, taken_back,
};
pub use passing::{ask_bounce, ask_whom, bounce, bounce_all, bounce_to, bounced_came};

use std::path::PathBuf;

use crate::model::{Address, Attachment, Draft, MessageKey, PartPath, Recipient};
use crate::tui::screen::compose::settling::{self, Then};
use crate::tui::screen::compose::{Kind, Spot, keys, state};
use crate::tui::screen::send;

use super::command::{Command, Screen};
use super::commands::messages;
use super::event::{Effect, Question, Ticket};
use super::files::{Named, Use};
use super::prompt::{Prompt, Purpose};
use super::view::{Answering, Identity};
use super::{App, files};

/// Where answers to questions about a message being written go.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    answering: Option<(Ticket, u64)>,
    forwarding: Option<(Ticket, u64)>,
    /// What is to be sent on as it is, while it is looked up to whom, and what is made of it.
    passing: Vec<passing::Passing>,
    file: Option<(Ticket, u64)>,
    attachment: Option<(Ticket, u64)>,
    draft: Option<Ticket>,
    drafts: Option<(Ticket, bool)>,
    people: Option<(Ticket, u64)>,
    whom: Option<Ticket>,
}

/// Runs a command of the composer that is more than editing.
pub fn run(app: &mut App, command: Command) {
    match command {
        Command::Cancel => drafts::ask_give_up(app),
        Command::Postpone => postpone(app),
        Command::Send => send::begin(app),
        Command::Editor => open_editor(app),
        Command::Attach => ask_attach(app),
        Command::AllHeaders => all_headers(app),
        Command::ReadFile => ask_read(app),
        Command::Find => ask_find(app),
        Command::Identity => next_identity(app),
        Command::Composers => list(app),
        Command::Addresses => ask_people(app),
        _ => {}
    }
}

impl App {
    /// The addresses that mail can be written under, of all accounts.
    pub fn identities(&self) -> Vec<&Identity> {
        let accounts = self.accounts.iter();
        accounts.flat_map(|account| &account.identities).collect()
    }

    /// The identity that a new message gets here: the first of the account in sight, else of any.
    pub(super) fn identity(&self) -> Option<Identity> {
        let here = self.mailbox().map(|(account, _)| account);
        let own = here.and_then(|account| account.identities.first());
        own.or_else(|| self.identities().first().copied()).cloned()
    }

    /// Leaves the composer for the screen below it.
    pub fn go_under(&mut self) {
        let under = self.under;
        let under = match under {
            Screen::Thread if self.thread.is_none() => Screen::Index,
            under if under.is_under() => under,
            _ => Screen::Index,
        };
        self.go(under);
    }

    /// Puts a draft on the screen; gives the composer's name.
    pub fn write_on(&mut self, draft: Draft, kind: Kind) -> u64 {
        let room = state::room(self.layout.body().width);
        let id = self.compose.add(draft, kind, room);
        let spot = self.compose.current().map_or(Spot::To, |one| one.spot);
        keys::go(self, spot);
        id
    }
}

/// A draft of that identity with its signature.
pub fn blank(identity: &Identity) -> Draft {
    let text = match identity.signature.trim_end() {
        "" => String::new(),
        signature => format!("\n\n-- \n{signature}"),
    };
    Draft {
        account: identity.account.clone(),
        from: identity.address.clone(),
        reply_to: reply_to(identity),
        text,
        ..Draft::default()
    }
}

/// Reply-To of an identity.
pub fn reply_to(identity: &Identity) -> Vec<Recipient> {
    let answers = identity.reply_to.as_deref();
    answers.map(Recipient::address).into_iter().collect()
}

/// `C`: a new message.
pub fn compose(app: &mut App) {
    match app.identity() {
        Some(identity) => {
            app.write_on(blank(&identity), Kind::New);
        }
        None => app.hint(NO_IDENTITY),
    }
}

pub(super) const NO_IDENTITY: &str =
    "No account has an address to write from; `lacebark setup` adds an account.";

/// `#`: a new message under an address that is asked.
pub fn ask_identity(app: &mut App) {
    let count = app.identities().len();
    match count {
        0 => app.hint(NO_IDENTITY),
        1 => {
            compose(app);
            app.hint("There is one address to write from.");
        }
        _ => {
            let choices = app
                .identities()
                .into_iter()
                .enumerate()
                .map(|(n, identity)| super::pick::Choice {
                    text: crate::mime::sanitize::full(&identity.address).into_string(),
                    key: String::new(),
                    detail: identity.account.clone(),
                    target: super::pick::Target::Identity(n),
                })
                .collect();
            app.open_prompt(Prompt::pick(Purpose::Identity, "Write as", choices));
        }
    }
}

/// An identity was chosen for a new message.
pub fn compose_as(app: &mut App, place: usize) {
    if let Some(identity) = app.identities().get(place).copied().cloned() {
        app.write_on(blank(&identity), Kind::New);
    }
}

/// The next identity for the message on the screen; its signature takes the place of the old one.
pub fn next_identity(app: &mut App) {
    let all: Vec<Identity> = app.identities().into_iter().cloned().collect();
    let Some(composer) = app.compose.current_mut() else {
        return;
    };
    let at = all
        .iter()
        .position(|identity| state::is_from(&composer.rest, identity));
    let next = at.map_or(0, |at| (at + 1) % all.len());
    let Some(identity) = all.get(next).filter(|_| at != Some(next)) else {
        app.hint("There is one address to write from.");
        return;
    };
    let old = at.and_then(|at| all.get(at));
    if composer.reply_to.units == old.map(reply_to).unwrap_or_default() {
        composer.reply_to.units = reply_to(identity);
    }
    let old = old.map(|one| one.signature.as_str());
    composer.rest.account = identity.account.clone();
    composer.rest.from = identity.address.clone();
    composer.change_signature(old.unwrap_or_default(), &identity.signature);
    composer.touched();
}

/// `R`: who could be meant is looked up first; several messages get one answer.
pub fn reply(app: &mut App, messages: Vec<MessageKey>) {
    let open = app.message.as_ref();
    let open = open.filter(|open| messages == [open.key()]);
    let marked = open.and_then(|open| open.marked_text());
    let ticket = app.ask(Question::Answering { messages, marked });
    app.writing.answering = Some((ticket, app.presses));
}

/// What answers to a message could be is known.
pub fn answering_came(app: &mut App, ticket: Ticket, answering: Option<Box<Answering>>) {
    if app.writing.answering != Some((ticket, app.presses)) {
        return;
    }
    app.writing.answering = None;
    let Some(answering) = answering else {
        app.hint("This message is gone.");
        return;
    };
    let answers = answering.sender.answers.as_ref();
    let many = answers.map_or(1, |answers| answers.messages.len());
    let mut options = vec![('s', if many > 1 { "Senders" } else { "Sender" })];
    if answering.all.is_some() {
        options.push(('a', "All"));
    }
    if answering.list.is_some() {
        options.push(('l', "List"));
    }
    if options.len() == 1 {
        let words = answering.warning.clone();
        answer(app, answering.sender, Kind::Reply);
        if !words.is_empty() {
            app.hint(words);
        }
        return;
    }
    let default = options
        .iter()
        .position(|(letter, _)| *letter == answering.prefers);
    let mut question = match many {
        0 | 1 => "Reply to whom?".to_owned(),
        many => format!("Reply to {}: to whom?", messages(many)),
    };
    if let Some(all) = answering.all.as_ref() {
        let count = all.recipients().count();
        question.push_str(&format!(" (all are {count})"));
    }
    if answering.blind {
        question = "You were in Bcc; all would see that. Reply to whom?".to_owned();
    }
    let default = if answering.blind {
        0
    } else {
        default.unwrap_or(0)
    };
    app.open_prompt(Prompt::choice(
        Purpose::ReplyTo(answering),
        question,
        options,
        default,
    ));
}

/// Whom to answer was chosen.
pub fn reply_chosen(app: &mut App, answering: Answering, letter: char) {
    let warning = answering.warning.clone();
    let blind = answering.blind && letter == 'a';
    match (letter, answering.all, answering.list) {
        ('a', Some(draft), _) => answer(app, draft, Kind::ReplyAll),
        ('l', _, Some(draft)) => answer(app, draft, Kind::ReplyList),
        (_, _, _) => answer(app, answering.sender, Kind::Reply),
    }
    if blind {
        app.hint("You were in Bcc: with this answer all others learn that.");
    } else if !warning.is_empty() {
        app.hint(warning);
    }
}

fn answer(app: &mut App, draft: Draft, kind: Kind) {
    app.write_on(draft, kind);
}

/// `F`: in the text or as an attachment? Several go as attachments of one message.
pub fn ask_forward(app: &mut App, messages: Vec<MessageKey>) {
    if messages.len() > 1 {
        return forward(app, messages, true);
    }
    app.open_prompt(Prompt::choice(
        Purpose::Forward(messages),
        "Forward the message",
        vec![('t', "InText"), ('a', "AsAttachmt")],
        0,
    ));
}

/// How to forward was chosen.
pub fn forward_chosen(app: &mut App, messages: Vec<MessageKey>, letter: char) {
    forward(app, messages, letter == 'a');
}

fn forward(app: &mut App, messages: Vec<MessageKey>, attached: bool) {
    let ticket = app.ask(Question::Forwarding { messages, attached });
    app.writing.forwarding = Some((ticket, app.presses));
}

/// `F` in the parts of a message: the selected one alone.
pub fn forward_part(app: &mut App, message: MessageKey, part: PartPath) {
    let ticket = app.ask(Question::ForwardingPart { message, part });
    app.writing.forwarding = Some((ticket, app.presses));
}

/// A draft came that was asked for: a forward, or one of the store.
pub fn written_came(app: &mut App, ticket: Ticket, draft: Option<Box<Draft>>) {
    if app.writing.forwarding == Some((ticket, app.presses)) {
        app.writing.forwarding = None;
        match draft {
            Some(draft) => {
                let count = draft.answers.as_ref().map_or(0, |one| one.messages.len());
                app.write_on(*draft, Kind::Forward);
                if count > 1 {
                    app.hint(format!("{} are attached, each whole.", messages(count)));
                }
            }
            None => app.hint("This message is gone."),
        }
    }
}

/// Shows the composer that is looked at.
pub fn show(app: &mut App) {
    let spot = app.compose.current().map(|one| one.spot);
    if let Some(spot) = spot {
        let screen = keys::screen_of(spot);
        app.go(screen);
    }
}

fn all_headers(app: &mut App) {
    if let Some(composer) = app.compose.current_mut() {
        composer.all_headers = !composer.all_headers;
        if !composer.shows(composer.spot) {
            composer.spot = Spot::Cc;
        }
    }
}

fn ask_attach(app: &mut App) {
    let folder = match app.save_folder.as_str() {
        "" => String::new(),
        folder => format!("{}/", folder.trim_end_matches('/')),
    };
    app.open_prompt(Prompt::text(Purpose::AttachFile, "File to attach", &folder));
    if let Some(prompt) = &mut app.prompt
        && let super::prompt::Asking::Text(field) = &mut prompt.asking
    {
        field.proposed = false;
    }
    let ticket = app.ask(Question::Complete(folder.clone()));
    app.asked_complete = (ticket, folder);
}

/// The name of a file to attach was given.
pub fn attach(app: &mut App, path: &str) {
    let Some(id) = app.compose.current().map(|one| one.id) else {
        return;
    };
    let ticket = app.ask(Question::Attach(path.trim().to_owned()));
    app.writing.attachment = Some((ticket, id));
}

/// Files were chosen in the browser.
pub fn attach_files(app: &mut App, id: u64, paths: Vec<PathBuf>) {
    let ticket = app.ask(Question::AttachAll(paths));
    app.writing.attachment = Some((ticket, id));
}

/// Files were looked at that are to be attached.
pub fn attachments_came(app: &mut App, ticket: Ticket, found: Vec<Result<Attachment, String>>) {
    let Some((_, id)) = app
        .writing
        .attachment
        .take_if(|(asked, _)| *asked == ticket)
    else {
        return;
    };
    let refused = found.iter().find_map(|one| one.as_ref().err());
    let made: Vec<&Attachment> = found.iter().filter_map(|one| one.as_ref().ok()).collect();
    // What is missing comes first: the end of a long line may not be seen.
    let words = match (refused, files::attached_words(&made)) {
        (None, words) => words,
        (Some(why), words) if words.is_empty() => why.clone(),
        (Some(why), words) => format!("{why}  {words}"),
    };
    if let Some(composer) = app.compose.find(id).filter(|_| !made.is_empty()) {
        composer.attachments.extend(found.into_iter().flatten());
        composer.attached = composer.attachments.len() - 1;
        composer.touched();
    }
    app.hint(words);
}

/// A file that was named came: the next thing to write is the subject, and ^J attaches more from there.
pub fn attachment_came(app: &mut App, ticket: Ticket, found: Result<Attachment, String>) {
    let came = found.is_ok();
    attachments_came(app, ticket, vec![found]);
    if let Some(composer) = app.compose.current_mut().filter(|_| came)
        && composer.spot == Spot::Attach
        && composer.subject.value().is_empty()
    {
        composer.spot = Spot::Subject;
    }
}

fn ask_read(app: &mut App) {
    let folder = match app.save_folder.as_str() {
        "" => String::new(),
        folder => format!("{}/", folder.trim_end_matches('/')),
    };
    app.open_prompt(Prompt::text(Purpose::ReadFile, "File to put in", &folder));
    if let Some(prompt) = &mut app.prompt
        && let super::prompt::Asking::Text(field) = &mut prompt.asking
    {
        field.proposed = false;
    }
}

/// The name of a file to put in was given.
pub fn read_file(app: &mut App, path: &str) {
    if let Some(id) = app.compose.current().map(|one| one.id) {
        read(app, id, Named::Typed(path.trim().to_owned()));
    }
}

/// The text of a file is to go into a message.
pub fn read(app: &mut App, id: u64, named: Named) {
    let ticket = app.ask(Question::ReadFile(named));
    app.writing.file = Some((ticket, id));
}

/// The text of a file came.
pub fn file_came(app: &mut App, ticket: Ticket, text: Result<String, String>) {
    let Some((_, id)) = app.writing.file.take_if(|(asked, _)| *asked == ticket) else {
        return;
    };
    match (text, app.compose.find(id)) {
        (Ok(text), Some(composer)) => {
            composer.body.insert(&text);
            app.hint("The file is in the text.  Alt-u takes it out.");
        }
        (Ok(_), None) => {}
        (Err(why), _) => app.hint(why),
    }
}

fn ask_find(app: &mut App) {
    let word = app.word.clone();
    app.open_prompt(Prompt::text(Purpose::FindInText, "Find in the text", &word));
}

/// A word to find was given.
pub fn find(app: &mut App, word: &str) {
    let Some(composer) = app.compose.current_mut() else {
        return;
    };
    if word.is_empty() {
        return;
    }
    let found = composer.body.find(word);
    app.word = word.to_owned();
    if !found {
        app.hint(format!("\"{word}\" is not in the text."));
    }
}

/// `^_`: the text goes to another program.
pub fn open_editor(app: &mut App) {
    if !settling::all(app, Then::Edit) {
        return;
    }
    let Some(composer) = app.compose.current() else {
        return;
    };
    let (id, text) = (composer.id, composer.body.text().whole());
    state::save(app, id);
    app.emit(Effect::Edit(id, text));
}

/// The other program gave the text back, or why it did not.
pub fn edited(app: &mut App, id: u64, text: Result<String, String>) {
    match (text, app.compose.find(id)) {
        (Ok(text), Some(composer)) => {
            composer.body.replace_all(&text);
            if let Some(at) = app.compose.open.iter().position(|one| one.id == id) {
                app.compose.at = at;
                keys::go(app, Spot::Body);
            }
        }
        (Ok(_), None) => {}
        (Err(why), _) => app.say(why),
    }
}

fn ask_people(app: &mut App) {
    let Some(composer) = app.compose.current() else {
        return;
    };
    let id = composer.id;
    if composer.spot == Spot::Attach {
        let folder = app.save_folder.clone();
        return files::open(
            app,
            &format!("{}/", folder.trim_end_matches('/')),
            Use::Attach,
        );
    }
    if composer.field().is_none() {
        app.hint("Put the cursor into To, Cc, Bcc or Reply-To first.");
        return;
    }
    let typed = composer
        .field()
        .map_or("", |field| field.typed())
        .to_owned();
    let about = composer.about();
    let ticket = app.ask(Question::Contacts { typed, about });
    app.writing.people = Some((ticket, id));
}

/// People came who fit what is typed.
pub fn contacts_came(app: &mut App, ticket: Ticket, contacts: Vec<super::view::Contact>) {
    if app.writing.whom.take_if(|asked| *asked == ticket).is_some() {
        let prompt = app.prompt.as_mut();
        if let Some(prompt) = prompt.filter(|prompt| prompt.names_people()) {
            prompt.offer_people(&contacts);
        }
        return;
    }
    let asked_list = app.writing.people.take_if(|(asked, _)| *asked == ticket);
    let found = !contacts.is_empty();
    let Some(composer) = app
        .compose
        .open
        .iter_mut()
        .find(|one| one.asked == ticket || asked_list.is_some_and(|(_, id)| one.id == id))
    else {
        return;
    };
    let spot = composer.spot;
    if let Some(field) = composer.recipients(spot) {
        field.offer(contacts);
        if asked_list.is_some() && found {
            field.picked = Some(0);
        }
    }
    if asked_list.is_some() && !found {
        app.hint("Nobody is known who fits; write to somebody, or take an address with T.");
    }
}

/// Everybody that a draft names, for words.
pub fn first_of(addresses: &[Address]) -> String {
    addresses.first().map_or(String::new(), |one| {
        crate::mime::sanitize::full(one).into_string()
    })
}

/// `Q`: what is being written is saved before the program ends.
pub fn quit(app: &mut App) {
    keep_all(app);
    app.emit(Effect::Quit);
}
