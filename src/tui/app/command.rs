//! The one command table. Key rows, help, the key lookup and the tests are all made from it; a
//! command that is not built has no row here, so it is in no key line and no help.

use super::key::{Code, Key};

pub use super::table::COMMANDS;

/// A screen of the program; the first five are the chain that `<` and `>` walk, and set-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Screen {
    /// Accounts and mailboxes.
    Folders,
    /// The messages of one mailbox.
    Index,
    /// One message.
    Message,
    /// The parts of one message.
    Parts,
    /// The first start.
    Setup,
    /// Help for another screen.
    Help,
    /// What was told, with its time.
    Log,
    /// What waits for the user.
    Attention,
    /// Where everything begins that has no place of its own.
    Menu,
    /// What has not reached its server.
    Queue,
    /// The text of a message that is being written.
    Compose,
    /// The header block of a message that is being written.
    ComposeHead,
    /// The messages that are being written.
    Composers,
    /// A message before it is sent.
    Send,
    /// The address book.
    Book,
    /// An entry of the address book.
    Card,
    /// Folders of the disk, to choose files from.
    Files,
    /// The messages that have not left.
    Outbox,
    /// A message that has not left.
    Outgoing,
    /// A whole conversation.
    Thread,
}

impl Screen {
    /// The screens in which one letter has one verb.
    pub const CHAIN: [Screen; 4] = [
        Screen::Folders,
        Screen::Index,
        Screen::Message,
        Screen::Parts,
    ];

    /// Whether it stays beneath those that are looked at for a while, which go back to it.
    pub fn is_under(self) -> bool {
        Screen::CHAIN.contains(&self) || self == Screen::Thread
    }

    /// Every screen.
    pub const ALL: [Screen; 20] = [
        Screen::Folders,
        Screen::Index,
        Screen::Message,
        Screen::Parts,
        Screen::Setup,
        Screen::Help,
        Screen::Log,
        Screen::Attention,
        Screen::Menu,
        Screen::Queue,
        Screen::Compose,
        Screen::ComposeHead,
        Screen::Composers,
        Screen::Send,
        Screen::Book,
        Screen::Card,
        Screen::Files,
        Screen::Outbox,
        Screen::Outgoing,
        Screen::Thread,
    ];

    /// Whether letters are text there.
    pub fn is_composer(self) -> bool {
        matches!(self, Screen::Compose | Screen::ComposeHead)
    }

    /// What help calls it.
    pub fn title(self) -> &'static str {
        match self {
            Screen::Folders => "the folder list",
            Screen::Index => "the message index",
            Screen::Message => "the message text",
            Screen::Parts => "the parts of a message",
            Screen::Setup => "adding an account",
            Screen::Help => "help",
            Screen::Log => "the log",
            Screen::Attention => "what needs you",
            Screen::Menu => "the main menu",
            Screen::Queue => "the queue",
            Screen::Compose => "the text of a message",
            Screen::ComposeHead => "the header of a message",
            Screen::Composers => "what is being written",
            Screen::Send => "sending",
            Screen::Book => "the address book",
            Screen::Card => "an entry of the address book",
            Screen::Files => "choosing files",
            Screen::Outbox => "the Outbox",
            Screen::Outgoing => "a message of the Outbox",
            Screen::Thread => "a thread",
        }
    }
}

/// What a key can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Command {
    /// Help for this screen.
    Help,
    /// The next page of the key rows.
    OtherKeys,
    /// One level up the chain.
    Back,
    /// One level down the chain.
    Forward,
    /// The item before.
    Previous,
    /// The item after.
    Next,
    /// One row or line up.
    Up,
    /// One row or line down.
    Down,
    /// One page up.
    PageUp,
    /// One page down.
    PageDown,
    /// The first row or line.
    First,
    /// The last row or line.
    Last,
    /// The next unread message.
    NextUnread,
    /// To a message by its number.
    Jump,
    /// Stops what runs; never quits.
    Cancel,
    /// Clears what stands over the screen.
    Clear,
    /// Reads or unreads.
    ToggleSeen,
    /// Important or not.
    ToggleFlagged,
    /// Selects the message, or no more.
    Select,
    /// Selects messages that have something in common.
    SelectBy,
    /// The selected messages alone, or all again.
    Zoom,
    /// The order of an index.
    Sort,
    /// The INBOXes of all accounts as one.
    AllInboxes,
    /// What is not read, of all accounts.
    AllUnread,
    /// What is flagged, of all accounts.
    AllFlagged,
    /// Selects every message.
    SelectAll,
    /// Does something with all selected messages.
    Apply,
    /// To Trash; a folder with what is in it.
    Delete,
    /// Shows the whole conversation.
    ViewThread,
    /// To Trash, the whole conversation.
    DeleteThread,
    /// Files later mail of the conversation, read.
    MuteThread,
    /// Files later mail of the list, read.
    MuteList,
    /// Files it no more.
    Unmute,
    /// What is muted.
    Muted,
    /// Takes the last action back.
    Undo,
    /// Moves to a mailbox that is asked.
    Save,
    /// To Archive.
    Archive,
    /// To Junk, or back.
    Junk,
    /// Deletes for good what is marked.
    Expunge,
    /// Copies to a mailbox that is asked.
    Copy,
    /// Sets or clears a keyword.
    Keyword,
    /// Makes a mailbox.
    NewFolder,
    /// Gives a mailbox another name.
    RenameFolder,
    /// Shows a hidden mailbox again.
    Subscribe,
    /// Hides a mailbox.
    Unsubscribe,
    /// Writes the message to a file.
    Export,
    /// Writes the part to a file.
    SavePart,
    /// Writes every attachment to a folder.
    SaveAllParts,
    /// The parts of the message.
    Parts,
    /// The next header level.
    HeaderLevel,
    /// HTML or plain text.
    HtmlOrPlain,
    /// Opens the fold at the cursor.
    Unfold,
    /// Folds at the cursor.
    Fold,
    /// Opens all folds.
    UnfoldAll,
    /// Folds all.
    FoldAll,
    /// Marks text that is to be quoted alone.
    MarkText,
    /// Selects the next link.
    NextLink,
    /// Selects the link before.
    PreviousLink,
    /// Finds a word in this view.
    Find,
    /// Searches mail by its words.
    Search,
    /// The folder list.
    Folders,
    /// The index last looked at.
    Index,
    /// The main menu.
    MainMenu,
    /// A mailbox by its name.
    Goto,
    /// Any command by its name.
    Palette,
    /// Another account.
    AddAccount,
    /// The INBOX of an account by number.
    Account,
    /// What needs the user.
    Attention,
    /// What has not reached its server.
    Queue,
    /// What was told.
    Log,
    /// Fetches now.
    SyncNow,
    /// Subscribes the selected folder, or unsubscribes it.
    ToggleSubscribed,
    /// Shows or hides folders that are not subscribed.
    AllFolders,
    /// Shows or hides the folder pane.
    FolderPane,
    /// Makes the pane narrower.
    BorderLeft,
    /// Makes the pane wider.
    BorderRight,
    /// Draws everything anew.
    Redraw,
    /// Stops the program in the shell.
    Suspend,
    /// Closes all connections until they are wanted again.
    GoOffline,
    /// Connects again.
    GoOnline,
    /// Ends the program.
    Quit,
    /// Asks for the password again.
    NewPassword,
    /// Tries again.
    Retry,
    /// Takes back what waits.
    Drop,
    /// Of a conflict: what the user asked for is to be.
    KeepMine,
    /// Of a conflict: what the other side did stays.
    TakeTheirs,
    /// More about it.
    Details,
    /// Shows or hides the password.
    ShowPassword,
    /// Opens the server fields.
    ChangeServers,
    /// Signs in with what stands on the screen.
    Continue,
    /// The next field.
    NextField,
    /// The field before.
    PreviousField,
    /// Writes a new message.
    Compose,
    /// Answers a message.
    Reply,
    /// Passes a message on.
    ForwardMail,
    /// Sends a message on as it is.
    Bounce,
    /// Writes under another address.
    Identity,
    /// What is being written.
    Composers,
    /// Goes on with what is selected.
    Open,
    /// Sends what is written.
    Send,
    /// Keeps it as a draft.
    Postpone,
    /// Opens the text in another program.
    Editor,
    /// Attaches a file.
    Attach,
    /// Shows all header fields.
    AllHeaders,
    /// The people that are known.
    Addresses,
    /// Looks for a name in a folder of the disk.
    FindFile,
    /// Shows hidden files, or hides them.
    HiddenFiles,
    /// Puts the text of a file in.
    ReadFile,
    /// The address book.
    Book,
    /// Takes an address into the address book.
    TakeAddress,
    /// Writes to an entry of the address book.
    WriteTo,
    /// Looks for somebody in the address book.
    SearchBook,
    /// Writes somebody new into the address book.
    NewCard,
    /// Keeps an entry of the address book.
    KeepCard,
    /// The messages that have not left.
    Outbox,
    /// Takes a message out of the Outbox to edit it.
    EditOutgoing,
    /// Edits.
    Edit(EditKey),
}

/// What a key does to a text that is being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EditKey {
    /// Ends the line.
    Enter,
    /// To the next tab stop.
    Tab,
    /// One row up.
    Up,
    /// One row down.
    Down,
    /// One letter to the left.
    Left,
    /// One letter to the right.
    Right,
    /// One word to the left.
    WordLeft,
    /// One word to the right.
    WordRight,
    /// To the beginning of the row.
    Start,
    /// To the end of the row.
    End,
    /// To the beginning of the text.
    Top,
    /// To the end of the text.
    Bottom,
    /// Deletes to the left.
    Backspace,
    /// Deletes under the cursor.
    Delete,
    /// Deletes the word to the left.
    DeleteWordLeft,
    /// Deletes the word to the right.
    DeleteWordRight,
    /// Cuts the row, the quote paragraph or what is marked.
    Cut,
    /// Puts back what was cut.
    Uncut,
    /// Fills the paragraph.
    Justify,
    /// Begins to mark.
    Mark,
    /// Keeps of the quote what is marked.
    TrimQuote,
    /// Takes the last change back.
    Undo,
    /// Does it again.
    Redo,
}

/// One row of the table.
#[derive(Clone, Copy)]
pub struct Entry {
    /// What it does.
    pub command: Command,
    /// Its name in the list of commands.
    pub name: &'static str,
    /// The keys that ask for it; the first is the one that is shown.
    pub keys: &'static [&'static str],
    /// Where it works, and the label that its key cell has there; an empty label keeps it out of
    /// the key rows (it stays in help).
    pub on: &'static [(Screen, &'static str)],
    /// Where Enter does it.
    pub enter: &'static [Screen],
    /// One sentence for help.
    pub help: &'static str,
}

impl Entry {
    /// A row that is nowhere, where a table begins.
    pub(super) const NONE: Entry = Entry {
        command: Command::Help,
        name: "",
        keys: &[],
        on: &[],
        enter: &[],
        help: "",
    };

    /// The label of its key cell on `screen`; `None` where it does not work.
    pub fn label(&self, screen: Screen) -> Option<&'static str> {
        self.on
            .iter()
            .find(|(on, _)| *on == screen)
            .map(|(_, label)| *label)
    }

    /// The key that is shown; empty when it has none.
    pub fn key(&self) -> &'static str {
        self.keys.first().copied().unwrap_or_default()
    }

    /// Its keys as values.
    pub fn pressed(&self) -> impl Iterator<Item = Key> + '_ {
        self.keys.iter().filter_map(|name| Key::parse(name))
    }
}

/// The row of the table that `key` means on `screen`.
pub fn lookup(screen: Screen, key: Key) -> Option<&'static Entry> {
    let key = key.folded();
    COMMANDS.iter().find(|entry| {
        entry.label(screen).is_some()
            && (entry.pressed().any(|own| own.folded() == key)
                || (key == Key::plain(Code::Enter) && entry.enter.contains(&screen)))
    })
}

/// The rows that work on `screen`, in table order.
pub fn on_screen(screen: Screen) -> impl Iterator<Item = &'static Entry> {
    COMMANDS
        .iter()
        .filter(move |entry| entry.label(screen).is_some())
}

/// A row for this command, on any screen where the key works elsewhere: for saying where.
pub fn elsewhere(key: Key) -> Option<&'static Entry> {
    COMMANDS
        .iter()
        .find(|entry| entry.pressed().any(|own| own.folded() == key.folded()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn every_key_name_of_the_table_is_a_key() {
        for entry in COMMANDS {
            for name in entry.keys {
                assert!(Key::parse(name).is_some(), "{name} of {}", entry.name);
            }
            assert!(
                !entry.help.is_empty() && !entry.on.is_empty(),
                "{}",
                entry.name
            );
        }
    }

    #[test]
    fn no_letter_has_two_verbs_along_the_chain() {
        let mut verbs: BTreeMap<Key, Vec<(Command, Screen)>> = BTreeMap::new();
        for screen in Screen::CHAIN {
            for entry in on_screen(screen) {
                for key in entry.pressed() {
                    verbs
                        .entry(key.folded())
                        .or_default()
                        .push((entry.command, screen));
                }
            }
        }
        for (key, uses) in verbs {
            let plain = !key.ctrl && !key.alt;
            let on_disk = matches!(key.code, Code::Char('s' | 'e')) && plain;
            let rename = key.code == Code::Char('r') && plain;
            let mut commands: Vec<Command> = uses
                .iter()
                .filter(|(_, screen)| !(on_disk && *screen == Screen::Parts))
                .filter(|(_, screen)| !(rename && *screen == Screen::Folders))
                .map(|(command, _)| *command)
                .collect();
            commands.sort();
            commands.dedup();
            assert!(commands.len() <= 1, "{key} means {commands:?}");
        }
    }

    #[test]
    fn no_key_has_two_rows_on_one_screen() {
        for screen in Screen::ALL {
            let mut seen = BTreeMap::new();
            for entry in on_screen(screen) {
                for key in entry.pressed() {
                    let before = seen.insert(key.folded(), entry.name);
                    assert_eq!(before, None, "{key} on {screen:?}: {}", entry.name);
                }
            }
            let enters = on_screen(screen)
                .filter(|e| e.enter.contains(&screen))
                .count();
            assert!(enters <= 1, "{screen:?} has {enters} meanings of Enter");
        }
    }

    #[test]
    fn labels_fit_their_cells() {
        for entry in COMMANDS {
            for (screen, label) in entry.on {
                let brackets = if entry.enter.contains(screen) { 2 } else { 0 };
                let key = entry.key().chars().count();
                assert!(
                    label.is_empty() || key + 1 + label.len() + brackets <= 12,
                    "{} {label}",
                    entry.name
                );
            }
        }
    }
}
