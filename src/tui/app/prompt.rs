//! Questions in the status row. Only a key of the user opens one, and nothing that was typed
//! before it was drawn answers it. Letters of a line are no answer before Enter: those that came in
//! one piece with the key that opened it, as a slow connection brings them, stand in the line.

use super::command::Command;
use super::commands::{Asked, Filing, Mode};
use super::key::{Code, Key};
use super::pick::{Choice, Pick};
use super::view::{Answering, Cause, Contact};
use crate::mime::sanitize;
use crate::model::{
    Address, Draft, MailboxKey, MessageKey, OperationId, PartPath, Role, SearchKey,
};

/// What the answer is for.
#[derive(Clone, Debug, PartialEq)]
pub enum Purpose {
    /// The number of a message.
    Jump,
    /// A word to find in this view.
    Find,
    /// What mail is searched for.
    Search,
    /// The name under which a search is kept.
    KeepSearch,
    /// The new name of a search.
    RenameSearch(SearchKey),
    /// A file for the whole message.
    Export(MessageKey),
    /// To which file several messages are written.
    ExportMany(Vec<MessageKey>),
    /// A file for one part.
    SavePart(MessageKey, PartPath),
    /// A folder for all attachments.
    SaveAll(Vec<MessageKey>),
    /// Open this part with the configured opener.
    OpenPart(MessageKey, PartPath),
    /// Open this link.
    OpenLink(String),
    /// Go to the unread messages of another mailbox.
    GoUnread(MailboxKey),
    /// A password for that account.
    Password(String, Cause),
    /// The mailbox to open.
    Goto,
    /// Any command by its name.
    Palette,
    /// The mailbox that these messages go to.
    File(Filing, Vec<MessageKey>),
    /// Make a mailbox for these messages.
    MakeAndFile {
        /// Move or copy.
        filing: Filing,
        /// The account id.
        account: String,
        /// The name.
        name: String,
        /// The messages.
        messages: Vec<MessageKey>,
    },
    /// Make the mailbox of a role, and move these messages there.
    MakeRole {
        /// The account id.
        account: String,
        /// What it is for.
        role: Role,
        /// The name.
        name: String,
        /// The messages.
        messages: Vec<MessageKey>,
    },
    /// Delete these messages for good.
    DeleteForGood(Vec<MessageKey>),
    /// What is to be muted no more.
    Unmute,
    /// A keyword of these messages.
    Keyword(Vec<MessageKey>),
    /// Which messages a command is for.
    Which(Command),
    /// What to do with the selected messages.
    Apply,
    /// Which messages to select.
    SelectBy(Mode),
    /// What messages are like that are to be selected.
    SelectLike(Mode, Asked),
    /// Which status they have.
    SelectStatus(Mode),
    /// What becomes of the selection.
    Alter,
    /// In which order an index is.
    SortBy,
    /// The name of a new mailbox of that account.
    NewMailbox(String),
    /// The new name of a mailbox.
    RenameMailbox(MailboxKey),
    /// Delete a mailbox.
    DeleteMailbox(MailboxKey),
    /// The mailbox to subscribe.
    Subscribe,
    /// End the program although files wait for their bytes.
    Quit,
    /// End the program although messages wait to be sent.
    QuitUnsent,
    /// Whom to answer.
    ReplyTo(Box<Answering>),
    /// How to pass messages on.
    Forward(Vec<MessageKey>),
    /// To whom messages are sent on as they are.
    Bounce(Vec<MessageKey>),
    /// Whether to send all these on.
    BounceAll(Vec<Draft>),
    /// The address to write under.
    Identity,
    /// What becomes of a message that is being written.
    GiveUp,
    /// A file to attach.
    AttachFile,
    /// A file to put into the text.
    ReadFile,
    /// A word to find in the text.
    FindInText,
    /// A name in a folder; by what it was narrowed before.
    FindFile(String),
    /// Somebody in the address book; by what it was narrowed before.
    SearchBook(String),
    /// The address to write to, of these.
    WriteTo(Vec<Address>),
    /// The address to take into the address book, of these.
    TakeAddress(Vec<Address>),
    /// What becomes of a form of the address book.
    LeaveCard,
    /// Whether to send a message again that may have left, in these words.
    SendAgain(OperationId, String),
    /// Whether to throw a message of the Outbox away.
    Discard(OperationId),
    /// Whether to send.
    Send,
    /// When to send.
    SendLater,
}

/// How the answer is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asking {
    /// One key of these; the one at `default` is Enter's.
    Choice {
        /// Key and label.
        options: Vec<(char, &'static str)>,
        /// Which one Enter takes.
        default: usize,
    },
    /// A line of text.
    Text(Field),
}

/// One open question.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    /// What for.
    pub purpose: Purpose,
    /// The question; sanitised when it is drawn.
    pub question: String,
    /// How it is answered.
    pub asking: Asking,
    /// When it was first on the screen, in milliseconds of the monotonic clock.
    pub drawn: Option<u64>,
    /// What completion offers, when Tab was pressed.
    pub offers: Vec<String>,
    /// How they are shown, where that is not by their last part.
    pub offer_words: Vec<String>,
    /// Which of them an arrow has put into the line.
    pub picked: Option<usize>,
    /// What fits the line as it is typed, where there is a list to choose from.
    pub list: Option<Pick>,
    /// By which text the list was narrowed, where that is not the whole line.
    pub narrowed: Option<String>,
    /// Whether a row to put first is asked for: until it is there Enter takes nothing, because the
    /// row that it would take may change.
    pub is_proposing: bool,
    /// Lines that were given before, the latest last.
    pub history: Vec<String>,
    /// Which of them an arrow has put into the line.
    pub recalled: Option<usize>,
    /// Sentences above the question: help, that nothing can be completed, what a link leads to.
    pub notes: Vec<String>,
    /// Which of the pages of its keys is shown, where they are more than there is room for.
    pub page: usize,
}

/// What a key did to a prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It goes on.
    Open,
    /// It is closed and nothing happens.
    Cancelled,
    /// One of the choices.
    Chosen(char),
    /// A text.
    Text(String),
    /// A row of the list.
    Picked(Choice),
    /// Tab in a list: put the row into the line.
    Choose,
    /// Tab: complete what stands there.
    Complete(String),
    /// `^T`: show the folder of the file that is being typed.
    Browse(String),
    /// `?` or `^G`.
    Help,
    /// The key means nothing here.
    Unknown,
}

impl Prompt {
    /// A question answered by one key.
    pub fn choice(
        purpose: Purpose,
        question: impl Into<String>,
        options: Vec<(char, &'static str)>,
        default: usize,
    ) -> Self {
        Self {
            purpose,
            question: question.into(),
            asking: Asking::Choice { options, default },
            drawn: None,
            offers: Vec::new(),
            offer_words: Vec::new(),
            picked: None,
            list: None,
            narrowed: None,
            is_proposing: false,
            history: Vec::new(),
            recalled: None,
            notes: Vec::new(),
            page: 0,
        }
    }

    /// A question answered by a line of text; typing replaces the proposed value.
    pub fn text(purpose: Purpose, question: impl Into<String>, proposed: &str) -> Self {
        let mut field = Field::of(proposed);
        field.proposed = !proposed.is_empty();
        Self {
            purpose,
            question: question.into(),
            asking: Asking::Text(field),
            drawn: None,
            offers: Vec::new(),
            offer_words: Vec::new(),
            picked: None,
            list: None,
            narrowed: None,
            is_proposing: false,
            history: Vec::new(),
            recalled: None,
            notes: Vec::new(),
            page: 0,
        }
    }

    /// The same, with the text hidden.
    pub fn secret(purpose: Purpose, question: impl Into<String>) -> Self {
        let mut prompt = Self::text(purpose, question, "");
        if let Asking::Text(field) = &mut prompt.asking {
            field.hidden = true;
        }
        prompt
    }

    /// A question answered by a row of a list, or by a line that fits none.
    pub fn pick(purpose: Purpose, question: impl Into<String>, choices: Vec<Choice>) -> Self {
        let mut prompt = Self::text(purpose, question, "");
        prompt.list = Some(Pick::of(choices));
        prompt
    }

    /// The line as it stands.
    pub fn line(&self) -> &str {
        match &self.asking {
            Asking::Text(field) => field.value(),
            Asking::Choice { .. } => "",
        }
    }

    /// Puts the older or newer line into the field; false when there is none.
    fn recall(&mut self, older: bool) -> bool {
        let count = self.history.len();
        let at = match (self.recalled, older) {
            (None, true) => count.checked_sub(1),
            (Some(at), true) => Some(at.saturating_sub(1)),
            (Some(at), false) => Some(at + 1).filter(|at| *at < count),
            (None, false) => None,
        };
        let Asking::Text(field) = &mut self.asking else {
            return false;
        };
        match at.and_then(|at| self.history.get(at)) {
            Some(line) => field.set(line),
            None if self.recalled.is_some() => field.set(""),
            None => return false,
        }
        self.recalled = at;
        true
    }

    /// An arrow or page key in the list; false when there is none.
    fn choose(&mut self, code: Code) -> bool {
        let Some(list) = &mut self.list else {
            return false;
        };
        match code {
            Code::Up => list.step(-1),
            Code::Down => list.step(1),
            Code::PageUp => list.step(-10),
            Code::PageDown => list.step(10),
            _ => return false,
        }
        true
    }

    /// Tab in a list: the row that Enter would take stands in the line.
    pub fn complete(&mut self) {
        let text = self.list.as_ref().and_then(Pick::current);
        let text = text.map(|choice| choice.text.clone());
        if let (Some(text), Asking::Text(field)) = (text, &mut self.asking) {
            field.set(&text);
        }
        self.narrow();
    }

    fn narrow(&mut self) {
        if let (Some(list), Asking::Text(field)) = (&mut self.list, &self.asking) {
            list.narrow(field.value());
        }
    }

    /// Whether Tab completes file names.
    pub fn completes(&self) -> bool {
        matches!(
            self.purpose,
            Purpose::Export(_)
                | Purpose::ExportMany(_)
                | Purpose::SavePart(..)
                | Purpose::SaveAll(_)
                | Purpose::AttachFile
                | Purpose::ReadFile
        )
    }

    /// Whether people are offered for what is typed.
    pub fn names_people(&self) -> bool {
        matches!(self.purpose, Purpose::Bounce(_))
    }

    /// People who could be meant by the last name of the line; each offer is the line with one of
    /// them in its place.
    pub fn offer_people(&mut self, found: &[Contact]) {
        let (before, typed) = last_name(self.line());
        let before = match before.is_empty() {
            true => String::new(),
            false => format!("{before} "),
        };
        let known = |one: &&Contact| !typed.eq_ignore_ascii_case(&one.address.address);
        let found: Vec<&Contact> = found.iter().filter(known).collect();
        let line = |one: &&Contact| format!("{before}{}", one.address.address);
        let words = |one: &&Contact| {
            let who = sanitize::full(&one.address);
            format!("{who}   {}", one.why)
        };
        self.offers = found.iter().map(line).collect();
        self.offer_words = found.iter().map(words).collect();
        self.picked = None;
    }

    /// Tab where people are offered: the one that an arrow stands on, else the first; false where
    /// nobody is.
    pub fn take_offer(&mut self) -> bool {
        let at = self.picked.unwrap_or(0);
        let (Some(offer), Asking::Text(field)) = (self.offers.get(at), &mut self.asking) else {
            return false;
        };
        field.set(offer);
        self.close_offers();
        true
    }

    /// Whether a key that came before the question was drawn is taken: a letter of a line that shows
    /// what is typed. It asks for nothing by itself.
    pub fn takes_unseen(&self, key: Key) -> bool {
        let shows = matches!(&self.asking, Asking::Text(field) if !field.hidden);
        shows && matches!(key.code, Code::Char(_)) && !key.ctrl && !key.alt
    }

    /// The arrows walk these lines, which are shown by these words; where they are shown already they go.
    pub fn offer(&mut self, offers: Vec<(String, String)>) {
        let again = !self.offers.is_empty() && self.offer_words.len() == offers.len();
        self.close_offers();
        if !again {
            self.notes.clear();
            (self.offers, self.offer_words) = offers.into_iter().unzip();
        }
    }

    /// What an arrow has put into the line is taken; false where there is nothing of that kind.
    pub fn keep_offer(&mut self) -> bool {
        let is_walked = self.picked.is_some();
        if is_walked {
            self.close_offers();
        }
        is_walked
    }

    fn close_offers(&mut self) {
        self.offers.clear();
        self.offer_words.clear();
        self.picked = None;
    }

    /// Whether `^T` shows folders to choose from.
    pub fn browses(&self) -> bool {
        matches!(self.purpose, Purpose::AttachFile | Purpose::ReadFile)
    }

    /// Whether the text is one that was proposed and not touched.
    pub fn is_proposed(&self) -> bool {
        matches!(&self.asking, Asking::Text(field) if field.proposed)
    }

    /// Puts the next or previous offer into the line; false when nothing is offered.
    fn walk(&mut self, forward: bool) -> bool {
        let count = self.offers.len();
        let Asking::Text(field) = &mut self.asking else {
            return false;
        };
        if count == 0 {
            return false;
        }
        let at = match (self.picked, forward) {
            (None, true) => 0,
            (None, false) => count - 1,
            (Some(at), true) => (at + 1) % count,
            (Some(at), false) => (at + count - 1) % count,
        };
        if let Some(offer) = self.offers.get(at) {
            field.set(offer);
        }
        self.picked = Some(at);
        true
    }

    /// Whether `O` shows other keys where there is no room for all of them: it is no answer.
    pub fn turns(&self) -> bool {
        match &self.asking {
            Asking::Choice { options, .. } => options.iter().all(|(key, _)| *key != 'o'),
            Asking::Text(_) => false,
        }
    }

    /// The key cells that stand in the menu rows while the prompt is open.
    pub fn cells(&self) -> Vec<(String, String)> {
        let mut cells = Vec::new();
        match &self.asking {
            Asking::Choice { options, default } => {
                cells.push(("?".to_owned(), "Help".to_owned()));
                cells.push(("^C".to_owned(), "Cancel".to_owned()));
                for (n, (key, label)) in options.iter().enumerate() {
                    let label = if n == *default {
                        format!("[{label}]")
                    } else {
                        (*label).to_owned()
                    };
                    cells.push((key.to_uppercase().to_string(), label));
                }
            }
            Asking::Text(_) if self.purpose == Purpose::Search => {
                let of_search = [
                    ("^G", "Help"),
                    ("Esc", "Back"),
                    ("Ret", "[Open]"),
                    ("Tab", "Complete"),
                    ("Up", "Prev"),
                    ("Dn", "Next"),
                    ("^T", "Fields"),
                    ("^A", "SelectAll"),
                    ("^S", "SaveQuery"),
                    ("^U", "Clear"),
                ];
                let cell = |(key, label): (&str, &str)| (key.to_owned(), label.to_owned());
                cells.extend(of_search.map(cell));
                if self.line().is_empty() || self.is_proposed() {
                    let is_wide = self.question.starts_with("Search all");
                    let word = if is_wide { "Elsewhere" } else { "Wider" };
                    cells.push(("/".to_owned(), word.to_owned()));
                }
            }
            Asking::Text(_) => {
                cells.push(("^G".to_owned(), "Help".to_owned()));
                cells.push(("^C".to_owned(), "Cancel".to_owned()));
                cells.push(("Ret".to_owned(), "[Accept]".to_owned()));
                cells.push(("^U".to_owned(), "Clear".to_owned()));
                if self.completes() || self.names_people() || self.list.is_some() {
                    cells.push(("Tab".to_owned(), "Complete".to_owned()));
                }
                if self.browses() {
                    cells.push(("^T".to_owned(), "Files".to_owned()));
                }
                let walks = matches!(self.purpose, Purpose::SearchBook(_) | Purpose::FindFile(_));
                if !self.offers.is_empty() || self.list.is_some() || walks {
                    cells.push(("Up".to_owned(), "Prev".to_owned()));
                    cells.push(("Dn".to_owned(), "Next".to_owned()));
                } else if !self.history.is_empty() {
                    cells.push(("Up".to_owned(), "Older".to_owned()));
                    cells.push(("Dn".to_owned(), "Newer".to_owned()));
                }
            }
        }
        cells
    }

    /// Takes a key.
    pub fn press(&mut self, key: Key) -> Answer {
        if key.ctrl && key.folded().code == Code::Char('c') || key.code == Code::Esc {
            return Answer::Cancelled;
        }
        if key.ctrl && key.folded().code == Code::Char('g') {
            return Answer::Help;
        }
        if key.ctrl && key.folded().code == Code::Char('t') && self.browses() {
            return Answer::Browse(self.line().to_owned());
        }
        if matches!(self.asking, Asking::Text(_)) {
            self.notes.clear();
        }
        if self.choose(key.code) {
            return Answer::Open;
        }
        if matches!(key.code, Code::Up | Code::Down)
            && (self.walk(key.code == Code::Down) || self.recall(key.code == Code::Up))
        {
            return Answer::Open;
        }
        if key.code == Code::Tab && self.list.is_some() {
            return Answer::Choose;
        }
        if key.code == Code::Enter && self.is_proposing && self.line().is_empty() {
            return Answer::Open;
        }
        if let (Code::Enter, Some(choice)) = (key.code, self.list.as_ref().and_then(Pick::current))
        {
            return Answer::Picked(choice.clone());
        }
        match &mut self.asking {
            Asking::Choice { options, default } => {
                let pressed = match key.code {
                    Code::Enter => options.get(*default).map(|(key, _)| *key),
                    Code::Char('?') => return Answer::Help,
                    _ => key.folded().text(),
                };
                let is_option = |letter: char| options.iter().any(|(key, _)| *key == letter);
                if pressed == Some('o') && !is_option('o') {
                    self.page += 1;
                    return Answer::Open;
                }
                match pressed.filter(|letter| is_option(*letter)) {
                    Some(letter) => Answer::Chosen(letter),
                    None => Answer::Unknown,
                }
            }
            Asking::Text(field) => match key.code {
                Code::Enter => Answer::Text(field.value().to_owned()),
                Code::Tab => Answer::Complete(field.value().to_owned()),
                _ if field.press(key) => {
                    self.close_offers();
                    self.narrow();
                    Answer::Open
                }
                _ => Answer::Unknown,
            },
        }
    }
}

/// The last name of a list that is being typed, and what stands before it with its comma.
pub fn last_name(line: &str) -> (&str, &str) {
    let mut quoted = false;
    let mut from = 0;
    for (at, letter) in line.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            ',' | ';' if !quoted => from = at + 1,
            _ => {}
        }
    }
    let (before, typed) = line.split_at_checked(from).unwrap_or(("", line));
    (before.trim(), typed.trim())
}

/// An editable line: a value and an insertion point.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Field {
    value: Vec<char>,
    at: usize,
    text: String,
    /// Whether it is drawn as stars.
    pub hidden: bool,
    /// Whether the value was proposed and the next letter replaces it.
    pub proposed: bool,
}

const LONGEST: usize = 1000;

impl Field {
    /// A field holding `text`, the insertion point behind it.
    pub fn of(text: &str) -> Self {
        let mut field = Self::default();
        field.set(text);
        field
    }

    /// Puts `text` in place of everything.
    pub fn set(&mut self, text: &str) {
        self.value = text
            .chars()
            .filter(|c| !c.is_control())
            .take(LONGEST)
            .collect();
        self.at = self.value.len();
        self.proposed = false;
        self.refresh();
    }

    /// What stands in it.
    pub fn value(&self) -> &str {
        &self.text
    }

    /// What stands left of the insertion point.
    pub fn before(&self) -> String {
        self.value.iter().take(self.at).collect()
    }

    /// Takes a pasted text.
    pub fn paste(&mut self, text: &str) {
        for letter in text.chars() {
            self.insert(letter);
        }
    }

    /// Takes a key; false when it means nothing in a field.
    pub fn press(&mut self, key: Key) -> bool {
        if let Some(letter) = key.text() {
            self.insert(letter);
            return true;
        }
        let known = self.edit(key);
        if known {
            self.proposed = false;
            self.refresh();
        }
        known
    }

    fn edit(&mut self, key: Key) -> bool {
        match (key.folded().code, key.ctrl) {
            (Code::Backspace, _) | (Code::Char('h'), true) => {
                if self.at > 0 {
                    self.at -= 1;
                    self.value.remove(self.at);
                }
            }
            (Code::Delete, _) | (Code::Char('d'), true) => {
                if self.at < self.value.len() {
                    self.value.remove(self.at);
                }
            }
            (Code::Left, _) | (Code::Char('b'), true) => self.at = self.at.saturating_sub(1),
            (Code::Right, _) | (Code::Char('f'), true) => {
                self.at = (self.at + 1).min(self.value.len());
            }
            (Code::Home, _) | (Code::Char('a'), true) => self.at = 0,
            (Code::End, _) | (Code::Char('e'), true) => self.at = self.value.len(),
            (Code::Char('u'), true) => {
                self.value.clear();
                self.at = 0;
            }
            (Code::Char('k'), true) => self.value.truncate(self.at),
            _ => return false,
        }
        true
    }

    fn insert(&mut self, letter: char) {
        if letter.is_control() || self.value.len() >= LONGEST {
            return;
        }
        if self.proposed {
            self.value.clear();
            self.at = 0;
            self.proposed = false;
        }
        self.value.insert(self.at.min(self.value.len()), letter);
        self.at += 1;
        self.refresh();
    }

    fn refresh(&mut self) {
        self.at = self.at.min(self.value.len());
        self.text = self.value.iter().collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(field: &mut Field, keys: &[&str]) {
        for name in keys {
            field.press(Key::parse(name).unwrap());
        }
    }

    #[test]
    fn a_field_edits_as_a_shell_does() {
        let mut field = Field::of("acd");
        typed(&mut field, &["Home", "Right", "b", "End", "e", "^A", "Del"]);
        assert_eq!(field.value(), "bcde");
        typed(&mut field, &["^K", "x", "Backspace", "y"]);
        assert_eq!(field.value(), "y");
        typed(&mut field, &["^U"]);
        assert_eq!(field.value(), "");
    }

    #[test]
    fn typing_replaces_a_proposed_value_and_an_arrow_keeps_it() {
        let mut prompt = Prompt::text(Purpose::Find, "Find", "old");
        prompt.press(Key::parse("n").unwrap());
        assert_eq!(
            prompt.press(Key::parse("Ret").unwrap()),
            Answer::Text("n".into())
        );
        let mut prompt = Prompt::text(Purpose::Find, "Find", "old");
        prompt.press(Key::parse("Left").unwrap());
        prompt.press(Key::parse("n").unwrap());
        assert_eq!(
            prompt.press(Key::parse("Ret").unwrap()),
            Answer::Text("olnd".into())
        );
    }

    #[test]
    fn arrows_walk_what_completion_offers_and_a_letter_ends_the_walk() {
        let mut prompt = Prompt::text(Purpose::SaveAll(vec![MessageKey(1)]), "Folder", "/tmp");
        prompt.offers = vec!["/tmp/a/".into(), "/tmp/b/".into()];
        let value = |prompt: &Prompt| match &prompt.asking {
            Asking::Text(field) => field.value().to_owned(),
            Asking::Choice { .. } => String::new(),
        };
        for (key, text) in [
            ("Dn", "/tmp/a/"),
            ("Dn", "/tmp/b/"),
            ("Dn", "/tmp/a/"),
            ("Up", "/tmp/b/"),
        ] {
            prompt.press(Key::parse(key).unwrap());
            assert_eq!(value(&prompt), text);
        }
        prompt.press(Key::parse("x").unwrap());
        assert_eq!(value(&prompt), "/tmp/b/x");
        assert!(prompt.offers.is_empty() && prompt.picked.is_none());
    }

    #[test]
    fn enter_takes_the_bracketed_answer_and_other_letters_nothing() {
        let mut prompt = Prompt::choice(Purpose::Find, "Go?", vec![('y', "Yes"), ('n', "No")], 1);
        assert_eq!(prompt.press(Key::parse("x").unwrap()), Answer::Unknown);
        assert_eq!(
            prompt.press(Key::parse("Ret").unwrap()),
            Answer::Chosen('n')
        );
        assert_eq!(prompt.press(Key::parse("Y").unwrap()), Answer::Chosen('y'));
        assert_eq!(prompt.press(Key::parse("^C").unwrap()), Answer::Cancelled);
    }
}
