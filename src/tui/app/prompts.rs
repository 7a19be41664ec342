//! What the answers to questions do.

use super::commands::{Asked, Scope};
use super::event::{Action, Hidden, Question};
use super::files::Use;
use super::key::Key;
use super::pick::{Choice, Target};
use super::prompt::{Answer, Asking, Prompt, Purpose};
use super::{App, Screen, book, commands, files, kept, outbox, palette, search, writing};
use crate::tui::screen::send;

/// Gives a key to the open question.
pub fn press(app: &mut App, key: Key) {
    let Some(mut prompt) = app.prompt.take() else {
        return;
    };
    if search::selects_all(app, &prompt, key) {
        return;
    }
    if search::keeps(&prompt, key) {
        return kept::ask_name(app, prompt);
    }
    if book::walk_while_searching(app, &prompt.purpose, key.code)
        || files::walk_while_searching(app, &prompt.purpose, key.code)
        || search::press(app, &mut prompt, key)
    {
        app.prompt = Some(prompt);
        return;
    }
    match prompt.press(key) {
        Answer::Open => {
            palette::refresh(app, &mut prompt);
            if matches!(prompt.purpose, Purpose::SearchBook(_)) {
                app.book.look_for(prompt.line());
            }
            if matches!(prompt.purpose, Purpose::FindFile(_)) {
                app.files.look_for(prompt.line());
            }
            if prompt.purpose == Purpose::Search {
                search::typed(app, prompt.line());
            }
            if let Purpose::Bounce(keys) = &prompt.purpose
                && prompt.picked.is_none()
            {
                writing::ask_whom(app, keys.first().copied(), prompt.line());
            }
            app.prompt = Some(prompt);
        }
        Answer::Unknown => app.prompt = Some(prompt),
        Answer::Help => {
            let words = match prompt.asking {
                Asking::Choice { .. } => {
                    "Enter takes the answer in brackets, a letter that answer; ^C asks no more."
                }
                Asking::Text(_) if prompt.list.is_some() => {
                    "Type a few letters of the name; arrows choose, Enter takes what is marked, Tab \
                     puts it into the line, ^U clears it; ^C asks no more."
                }
                Asking::Text(_) if prompt.names_people() => {
                    "Enter takes the text, ^U clears it, Tab takes who is offered, arrows choose, a \
                     comma goes on to the next; ^C asks no more."
                }
                Asking::Text(_) if prompt.purpose == Purpose::Search => search::HELP,
                Asking::Text(_) if prompt.browses() => {
                    "Enter takes the text, ^U clears it, Tab completes, ^T shows the folder to \
                     choose from; ^C asks no more."
                }
                Asking::Text(_) if prompt.completes() => {
                    "Enter takes the text, ^U clears it, Tab completes; ^C asks no more."
                }
                Asking::Text(_) if !prompt.history.is_empty() => {
                    "Enter takes the text, ^U clears it, arrows bring back older ones; ^C asks no \
                     more."
                }
                Asking::Text(_) => "Enter takes the text, ^U clears it; ^C asks no more.",
            };
            prompt.notes = vec![words.to_owned()];
            app.prompt = Some(prompt);
        }
        Answer::Cancelled => {
            if let Purpose::SearchBook(before) = &prompt.purpose {
                app.book.look_for(before);
            }
            if let Purpose::FindFile(before) = &prompt.purpose {
                app.files.look_for(before);
            }
            if prompt.purpose == Purpose::Search {
                search::cancel(app);
                return;
            }
            if prompt.purpose == Purpose::KeepSearch {
                return search::open(app);
            }
            if app.screen == Screen::Send {
                send::state::back(app);
            }
            app.hint("Cancelled.");
        }
        Answer::Complete(text) if prompt.purpose == Purpose::Search => {
            let offers = search::complete(app, &text);
            app.prompt = Some(prompt);
            app.completed(offers);
            let line = app.prompt.as_ref().map(|prompt| prompt.line().to_owned());
            search::typed(app, &line.unwrap_or_default());
        }
        Answer::Complete(text) => {
            if let Purpose::Bounce(keys) = &prompt.purpose {
                let about = keys.first().copied();
                if !prompt.take_offer() {
                    writing::ask_whom(app, about, &text);
                }
            }
            if prompt.completes() {
                // Of a value that was proposed the folder is listed: its name is not there yet.
                let folder = text.rsplit_once('/').filter(|_| prompt.is_proposed());
                let text = folder.map_or(text.clone(), |(folder, _)| format!("{folder}/"));
                let ticket = app.ask(Question::Complete(text));
                app.asked_complete = (ticket, prompt.line().to_owned());
            }
            app.prompt = Some(prompt);
        }
        Answer::Browse(typed) => files::open(
            app,
            &typed,
            match prompt.purpose {
                Purpose::ReadFile => Use::Read,
                _ => Use::Attach,
            },
        ),
        Answer::Chosen(letter) => chosen(app, prompt.purpose, letter),
        Answer::Text(text) => {
            app.remember_line(&prompt.purpose, &text);
            text_given(app, prompt.purpose, &text);
        }
        Answer::Choose => {
            if prompt.purpose == Purpose::Palette {
                palette::completed(app, &mut prompt);
            } else {
                prompt.complete();
            }
            palette::refresh(app, &mut prompt);
            app.prompt = Some(prompt);
        }
        Answer::Picked(choice) => picked(app, &prompt, &choice),
    }
}

/// Lines of one kind that are remembered.
const HISTORY: usize = 50;

/// Under which name the lines of a question are remembered; a password is not.
fn history_of(purpose: &Purpose) -> Option<&'static str> {
    match purpose {
        Purpose::Find => Some("word"),
        Purpose::Export(_) | Purpose::ExportMany(_) | Purpose::SavePart(..) => Some("file"),
        Purpose::SaveAll(_) => Some("folder"),
        Purpose::Jump
        | Purpose::OpenPart(..)
        | Purpose::OpenLink(_)
        | Purpose::GoUnread(_)
        | Purpose::Password(..)
        | Purpose::Goto
        | Purpose::Unmute
        | Purpose::Palette
        | Purpose::File(..)
        | Purpose::MakeAndFile { .. }
        | Purpose::MakeRole { .. }
        | Purpose::DeleteForGood(_)
        | Purpose::NewMailbox(_)
        | Purpose::RenameMailbox(_)
        | Purpose::DeleteMailbox(_)
        | Purpose::Subscribe
        | Purpose::Quit
        | Purpose::QuitUnsent
        | Purpose::ReplyTo(_)
        | Purpose::Forward(_)
        | Purpose::Bounce(_)
        | Purpose::BounceAll(_)
        | Purpose::Identity
        | Purpose::GiveUp
        | Purpose::SearchBook(_)
        | Purpose::FindFile(_)
        | Purpose::WriteTo(_)
        | Purpose::TakeAddress(_)
        | Purpose::LeaveCard
        | Purpose::SendAgain(..)
        | Purpose::Discard(_)
        | Purpose::Send
        | Purpose::Search
        | Purpose::KeepSearch
        | Purpose::RenameSearch(_)
        | Purpose::SendLater => None,
        Purpose::AttachFile | Purpose::ReadFile => Some("file to send"),
        Purpose::FindInText => Some("word"),
        Purpose::Which(_)
        | Purpose::Apply
        | Purpose::SelectBy(_)
        | Purpose::SelectStatus(_)
        | Purpose::Alter
        | Purpose::SortBy => None,
        Purpose::SelectLike(_, asked) => match asked {
            Asked::Text => Some("word"),
            Asked::From | Asked::Date | Asked::Size => None,
            Asked::Query => Some("query"),
        },
        Purpose::Keyword(_) => Some("keyword"),
    }
}

impl App {
    /// The lines that were given to questions of this kind.
    pub(super) fn lines_before(&self, purpose: &Purpose) -> Vec<String> {
        let kind = history_of(purpose);
        let lines = kind.and_then(|kind| self.history.get(kind));
        lines.cloned().unwrap_or_default()
    }

    fn remember_line(&mut self, purpose: &Purpose, line: &str) {
        let Some(kind) = history_of(purpose).filter(|_| !line.trim().is_empty()) else {
            return;
        };
        let lines = self.history.entry(kind).or_default();
        lines.retain(|known| known != line);
        lines.push(line.to_owned());
        if lines.len() > HISTORY {
            lines.remove(0);
        }
    }

    /// Takes what completion found.
    pub(super) fn completed(&mut self, mut offers: Vec<String>) {
        let Some(prompt) = &mut self.prompt else {
            return;
        };
        let Asking::Text(field) = &mut prompt.asking else {
            return;
        };
        if matches!(prompt.purpose, Purpose::SaveAll(_)) {
            offers.retain(|offer| offer.ends_with('/'));
        }
        let common = common_prefix(&offers);
        if !offers.is_empty()
            && (field.proposed || common.len() > field.value().len() || offers.len() == 1)
        {
            field.set(&common);
        }
        // From here on typing goes on behind what stands there.
        field.proposed = false;
        prompt.notes = match offers.is_empty() {
            true => vec!["Nothing begins like that.".to_owned()],
            false => Vec::new(),
        };
        prompt.offers = if offers.len() > 1 { offers } else { Vec::new() };
        prompt.picked = None;
    }
}

fn picked(app: &mut App, prompt: &Prompt, choice: &Choice) {
    match (&prompt.purpose, &choice.target) {
        (Purpose::Goto, Target::Mailbox(key)) => app.open_mailbox(*key),
        (Purpose::Unmute, Target::Mute(key)) => {
            app.act(Action::Unmute(vec![*key]));
        }
        (Purpose::Goto, Target::Outbox) => outbox::open(app, None),
        (Purpose::Goto, Target::Search(key)) => kept::open(app, *key),
        (Purpose::Palette, _) => palette::chosen(app, prompt.line(), choice),
        (Purpose::File(filing, messages), Target::Mailbox(key)) => {
            commands::file_into(app, *filing, messages.clone(), *key);
        }
        (Purpose::Subscribe, Target::Mailbox(key)) => commands::subscribe(app, *key, true),
        (Purpose::Identity, Target::Identity(at)) => writing::compose_as(app, *at),
        (Purpose::WriteTo(all), Target::Address(at)) => {
            if let Some(one) = all.get(*at) {
                book::write(app, one.clone());
            }
        }
        (Purpose::TakeAddress(all), Target::Address(at)) => {
            if let Some(one) = all.get(*at) {
                book::take(app, one.clone());
            }
        }
        (_, _) => {}
    }
}

fn common_prefix(offers: &[String]) -> String {
    let Some(first) = offers.first() else {
        return String::new();
    };
    let mut common: Vec<char> = first.chars().collect();
    for offer in offers {
        let same = common
            .iter()
            .zip(offer.chars())
            .take_while(|(a, b)| **a == *b)
            .count();
        common.truncate(same);
    }
    common.into_iter().collect()
}

fn chosen(app: &mut App, purpose: Purpose, letter: char) {
    match (&purpose, letter) {
        (Purpose::Which(command), 's') => return commands::run_for(app, *command, Scope::Selected),
        (Purpose::Which(command), _) => return commands::run_for(app, *command, Scope::This),
        (Purpose::Apply, letter) => return commands::apply(app, letter),
        (Purpose::SelectBy(mode), letter) => return commands::select_by(app, *mode, letter),
        (Purpose::SelectStatus(mode), letter) => return commands::status(app, *mode, letter),
        (Purpose::Alter, letter) => return commands::alter(app, letter),
        (Purpose::SortBy, letter) => return commands::sort_by(app, letter),
        (Purpose::GiveUp, letter) => return writing::give_up(app, letter),
        (Purpose::Send, letter) => return send::chosen(app, letter),
        (Purpose::LeaveCard, letter) => return book::left(app, letter),
        (Purpose::QuitUnsent, letter) => return send::quit_chosen(app, letter),
        (Purpose::Forward(keys), letter) => {
            return writing::forward_chosen(app, keys.clone(), letter);
        }
        (Purpose::ReplyTo(answering), letter) => {
            return writing::reply_chosen(app, (**answering).clone(), letter);
        }
        (_, _) => {}
    }
    if letter != 'y' {
        return;
    }
    match purpose {
        Purpose::OpenPart(message, part) => {
            app.act(Action::OpenPart { message, part });
        }
        Purpose::OpenLink(target) => {
            app.act(Action::OpenLink(target));
        }
        Purpose::GoUnread(mailbox) => app.open_mailbox(mailbox),
        Purpose::DeleteForGood(messages) => commands::delete_for_good(app, messages),
        Purpose::MakeAndFile {
            filing,
            account,
            name,
            messages,
        } => commands::made(app, filing, account, name, messages),
        Purpose::MakeRole {
            account,
            role,
            name,
            messages,
        } => commands::make_role(app, account, role, name, messages),
        Purpose::BounceAll(drafts) => writing::bounce_all(app, drafts),
        Purpose::DeleteMailbox(key) => commands::remove_mailbox(app, key),
        Purpose::Quit => commands::leave(app),
        Purpose::SendAgain(id, what) => outbox::again(app, id, what),
        Purpose::Discard(id) => outbox::discard(app, id),
        Purpose::Jump
        | Purpose::Find
        | Purpose::Search
        | Purpose::KeepSearch
        | Purpose::RenameSearch(_)
        | Purpose::Export(_)
        | Purpose::ExportMany(_)
        | Purpose::SavePart(..)
        | Purpose::SaveAll(_)
        | Purpose::Password(..)
        | Purpose::Goto
        | Purpose::Unmute
        | Purpose::Palette
        | Purpose::File(..)
        | Purpose::Keyword(_)
        | Purpose::Which(_)
        | Purpose::Apply
        | Purpose::SelectBy(_)
        | Purpose::SelectLike(..)
        | Purpose::SelectStatus(_)
        | Purpose::Alter
        | Purpose::SortBy
        | Purpose::NewMailbox(_)
        | Purpose::RenameMailbox(_)
        | Purpose::Subscribe
        | Purpose::QuitUnsent
        | Purpose::ReplyTo(_)
        | Purpose::Forward(_)
        | Purpose::Bounce(_)
        | Purpose::Identity
        | Purpose::GiveUp
        | Purpose::AttachFile
        | Purpose::ReadFile
        | Purpose::FindInText
        | Purpose::FindFile(_)
        | Purpose::SearchBook(_)
        | Purpose::WriteTo(_)
        | Purpose::TakeAddress(_)
        | Purpose::LeaveCard
        | Purpose::Send
        | Purpose::SendLater => {}
    }
}

fn text_given(app: &mut App, purpose: Purpose, text: &str) {
    let text = text.trim_end_matches(['\r', '\n']);
    match purpose {
        Purpose::Jump => match text.trim().parse() {
            Ok(number) => super::commands::jump(app, number),
            Err(_) => app.hint(format!("\"{text}\" is not a number.")),
        },
        Purpose::Search => search::given(app),
        Purpose::KeepSearch => kept::keep(app, text),
        Purpose::RenameSearch(key) => kept::rename(app, key, text),
        Purpose::Find => super::commands::find(app, text),
        Purpose::Password(account, _) => {
            if text.is_empty() {
                app.hint("No password was typed.");
                return;
            }
            let password = Hidden(text.to_owned());
            app.act(Action::Password { account, password });
            app.hint("Trying the password.");
        }
        Purpose::Export(message) => {
            if let Some(to) = named(app, text) {
                app.act(Action::Export { message, to });
            }
        }
        Purpose::SavePart(message, part) => {
            if let Some(to) = named(app, text) {
                app.act(Action::SavePart { message, part, to });
            }
        }
        Purpose::SaveAll(messages) => {
            if let Some(folder) = named(app, text) {
                app.act(Action::SaveAll { messages, folder });
            }
        }
        Purpose::Unmute => app.hint(format!("Nothing that is muted is called \"{text}\".")),
        Purpose::Goto => app.hint(format!("No folder is called \"{text}\".")),
        Purpose::Palette => palette::typed(app, text),
        Purpose::File(filing, messages) => commands::ask_make(app, filing, messages, text),
        Purpose::Keyword(keys) => commands::keyword(app, keys, text),
        Purpose::SelectLike(mode, asked) => commands::like(app, mode, asked, text),
        Purpose::ExportMany(messages) => {
            if let Some(to) = named(app, text) {
                app.act(Action::ExportMany { messages, to });
            }
        }
        Purpose::NewMailbox(account) => commands::create_mailbox(app, account, text),
        Purpose::RenameMailbox(key) => commands::rename_mailbox(app, key, text),
        Purpose::Subscribe => app.hint(format!("No hidden folder is called \"{text}\".")),
        Purpose::Bounce(keys) => writing::bounce(app, keys, text),
        Purpose::Identity => app.hint(format!("No address of yours is \"{text}\".")),
        Purpose::AttachFile => {
            if let Some(path) = named(app, text) {
                writing::attach(app, &path);
            }
        }
        Purpose::ReadFile => {
            if let Some(path) = named(app, text) {
                writing::read_file(app, &path);
            }
        }
        Purpose::FindInText => writing::find(app, text),
        Purpose::SendLater => send::later(app, text),
        Purpose::SearchBook(_) => app.book.look_for(text),
        Purpose::FindFile(_) => app.files.look_for(text),
        Purpose::WriteTo(_) | Purpose::TakeAddress(_) => {
            app.hint(format!("No address here is like \"{text}\"."));
        }
        Purpose::OpenPart(..)
        | Purpose::ReplyTo(_)
        | Purpose::Forward(_)
        | Purpose::BounceAll(_)
        | Purpose::GiveUp
        | Purpose::Send
        | Purpose::OpenLink(_)
        | Purpose::GoUnread(_)
        | Purpose::MakeAndFile { .. }
        | Purpose::MakeRole { .. }
        | Purpose::DeleteForGood(_)
        | Purpose::Which(_)
        | Purpose::Apply
        | Purpose::Quit
        | Purpose::SelectBy(_)
        | Purpose::SelectStatus(_)
        | Purpose::Alter
        | Purpose::SortBy
        | Purpose::LeaveCard
        | Purpose::SendAgain(..)
        | Purpose::Discard(_)
        | Purpose::QuitUnsent
        | Purpose::DeleteMailbox(_) => {}
    }
}

fn named(app: &mut App, text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() {
        app.hint("No name was given; nothing was written.");
        return None;
    }
    if let Some((folder, _)) = text.rsplit_once('/')
        && !folder.is_empty()
    {
        app.save_folder = folder.to_owned();
    }
    Some(text.to_owned())
}
