//! What comes into `update` and what it asks the shell to do.

use std::path::PathBuf;

use crate::model::{
    Attachment, ContentKey, Draft, DraftKey, DraftSave, FlagChange, List, MailboxKey, MessageKey,
    MuteKey, OperationId, Order, PartPath, Recipient, Role, View,
};

use super::book::{BookChange, BookEnd};
pub use super::criterion::Criterion;
use super::far;
use super::files::{Folder, Named};
use super::kept::{KeptChange, KeptSearch};
use super::key::Key;
use super::layout::Panes;
use super::search::{FoundMail, MailQuery};
pub use super::setting_up::{NewAccount, SetupField};
use super::view::{
    Account, Anchor, Answering, Body, Card, Checked, Contact, Leaving, LogLine, Mute, Need, Opened,
    OutgoingText, Page, Preview, Provider, Resuming, Row, Saved, Told, Waiting,
};
pub use super::view::{Muting, Threads};

/// Names one question, so that a late answer to an old one is known and dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// The time of an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Seconds since 1970.
    pub wall: i64,
    /// Milliseconds of a clock that never goes back.
    pub mono: u64,
}

/// Everything that can happen to the screen.
#[derive(Clone, Debug)]
pub enum Event {
    /// A key; its `now` is when it was received, not when it is handled.
    Key(Key),
    /// A bracketed paste.
    Paste(String),
    /// The mouse, at a column and row.
    Mouse(Button, u16, u16),
    /// The terminal has this size.
    Resize(u16, u16),
    /// A frame reached the terminal.
    Drawn,
    /// A timer ended.
    Tick,
    /// The other program gave the text of a composer back, or why it did not.
    Edited(u64, Result<String, String>),
    /// The program is told to end; what is not saved is saved now.
    Closing,
    /// Rows of the store changed.
    Changed(Changed),
    /// A question is answered.
    Answer(Ticket, Box<Answer>),
    /// An action goes on.
    Progress {
        /// Its ticket.
        ticket: Ticket,
        /// Octets that are done.
        done: u64,
        /// About how many there are.
        all: u64,
    },
    /// An action ended.
    Ended(Ticket, Ended),
}

/// What was done with the mouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Button {
    /// The first button went down.
    Click,
    /// The wheel turned away from the person.
    WheelUp,
    /// The wheel turned to the person.
    WheelDown,
}

/// What changed in the store, merged over a burst.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Accounts, mailboxes, counts or links.
    pub folders: bool,
    /// Messages of these mailboxes.
    pub mailboxes: Vec<MailboxKey>,
    /// Bytes of a message came.
    pub bodies: bool,
    /// Notices or the journal.
    pub notices: bool,
    /// What was asked of an account's owner has another state.
    pub requests: bool,
    /// The address book.
    pub contacts: bool,
    /// Another process wrote: messages of any mailbox.
    pub everything: bool,
}

impl Changed {
    /// Both in one.
    pub fn merge(&mut self, other: Changed) {
        self.folders |= other.folders;
        self.bodies |= other.bodies;
        self.notices |= other.notices;
        self.requests |= other.requests;
        self.contacts |= other.contacts;
        self.everything |= other.everything;
        for mailbox in other.mailboxes {
            if !self.mailboxes.contains(&mailbox) {
                self.mailboxes.push(mailbox);
            }
        }
    }
}

/// What the shell is asked to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Answer from the store, in a reader.
    Ask(Ticket, Question),
    /// Do it; `Event::Ended` tells how it went.
    Act(Ticket, Action),
    /// Keep what is wanted of the panes for the next start.
    Keep(Panes),
    /// Give the terminal to an editor with this text; the composer's name comes back with it.
    Edit(u64, String),
    /// Draw everything anew.
    Redraw,
    /// Give the terminal back and stop.
    Suspend,
    /// End the program.
    Quit,
}

/// From where a page of an index is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// The first row.
    First,
    /// The last one.
    Last,
    /// Around this row, or where it would be.
    Around(Anchor),
    /// Around the row with that number, from 1.
    Ordinal(u64),
}

/// What readers are asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Question {
    /// Accounts, mailboxes, counts, links and what waits.
    Folders,
    /// Rows of a view, so many on either side.
    Page {
        /// Which view.
        view: View,
        /// Where.
        from: From,
        /// The number of that row when it was seen last, from 1, where that is known.
        near: Option<u64>,
        /// How many on either side.
        around: usize,
        /// What a list of conversations needs to know beside that.
        threads: Option<Box<Threads>>,
        /// Messages that keep their rows though the filter has them no more.
        stay: Vec<MessageKey>,
    },
    /// The messages of the conversation of one, in the mailboxes of a view.
    Thread {
        /// Which view.
        view: View,
        /// Which message.
        message: MessageKey,
    },
    /// The conversation of a message, as it is read in one piece.
    Conversation {
        /// The list that it is in.
        view: View,
        /// The message.
        message: MessageKey,
    },
    /// The next unread message below `after`; without one from the top.
    NextUnread {
        /// Which view.
        view: View,
        /// The row to start below.
        after: Option<Anchor>,
    },
    /// A message without its text.
    Opened(MessageKey),
    /// The text of a message.
    Body {
        /// Which message.
        message: MessageKey,
        /// Prefer HTML.
        html: bool,
        /// Cells for it.
        width: u16,
        /// Whether the first screen is enough.
        first: bool,
    },
    /// All header fields.
    Header(MessageKey),
    /// The message as it came.
    Source(MessageKey),
    /// What a part looks like.
    Preview {
        /// Which message.
        message: MessageKey,
        /// Which part.
        part: PartPath,
    },
    /// Where messages like this one went last.
    Proposal(MessageKey),
    /// The messages of a mailbox that are marked `\Deleted`.
    MarkedDeleted(MailboxKey),
    /// The messages of a view that have something in common.
    Select {
        /// Which view.
        view: View,
        /// What they have.
        criterion: Criterion,
    },
    /// What a query finds; the one that is under way is dropped.
    Search(Box<MailQuery>),
    /// The words around what was found in the text of a message, and for what was looked.
    Snippet(MessageKey, String),
    /// What servers have found so far.
    Far(Box<far::Look>),
    /// What is muted.
    Mutes,
    /// The Log.
    Log,
    /// What waits for the user.
    Needs,
    /// What has not reached its server.
    Queue,
    /// The messages that have not left.
    Outbox,
    /// A message of the Outbox to read.
    Outgoing {
        /// Its operation.
        id: OperationId,
        /// Cells for its text.
        width: u16,
    },
    /// Files that begin with this text.
    Complete(String),
    /// The servers of an address, from the provider table.
    Provider(String),
    /// Which keyring answers.
    Keyring,
    /// A message of Drafts that is to be gone on with.
    Resuming(MessageKey),
    /// What answers to messages could be.
    Answering {
        /// Which ones: several get one answer.
        messages: Vec<MessageKey>,
        /// What of its text is quoted, where that is not all.
        marked: Option<String>,
    },
    /// A message that passes others on.
    Forwarding {
        /// Which ones.
        messages: Vec<MessageKey>,
        /// Whether as an attachment.
        attached: bool,
    },
    /// A message that passes one part of another one on.
    ForwardingPart {
        /// Which message.
        message: MessageKey,
        /// Which part.
        part: PartPath,
    },
    /// Messages, each to be sent on as it is.
    Bouncing {
        /// Which ones.
        messages: Vec<MessageKey>,
        /// To whom.
        to: Vec<Recipient>,
    },
    /// People whom a text could mean, the likeliest first.
    Contacts {
        /// The text.
        typed: String,
        /// The message that is answered: its people are at hand.
        about: Option<MessageKey>,
    },
    /// Who is meant by what was typed into an address field.
    Resolve(String),
    /// Entries of the address book in which this stands; all of them for no text.
    AddressBook(String),
    /// The drafts in the store.
    Drafts,
    /// A draft.
    Draft(DraftKey),
    /// A file that is to be attached.
    Attach(String),
    /// Files that are to be attached.
    AttachAll(Vec<PathBuf>),
    /// The text of a file.
    ReadFile(Named),
    /// What lies in a folder.
    Folder {
        /// Which one.
        named: Named,
        /// Whether the nearest one above it that can be read will do.
        above: bool,
    },
    /// What a file holds.
    Holds(PathBuf),
    /// What there is to say about a message before it is sent.
    Check(Box<Draft>),
}

impl Question {
    /// Whether it is answered from the disk and not from the store, which may take its time.
    pub fn is_of_files(&self) -> bool {
        matches!(
            self,
            Question::Complete(_)
                | Question::Attach(_)
                | Question::AttachAll(_)
                | Question::ReadFile(_)
                | Question::Folder { .. }
                | Question::Holds(_)
        )
    }
}

/// What readers answer.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Accounts in their order, operations that wait for the server, and what waits for the user.
    Folders {
        /// The accounts.
        accounts: Vec<Account>,
        /// Operations not confirmed yet.
        waiting: u64,
        /// How many things wait for the user.
        needs: u64,
        /// Messages that leave as soon as they can.
        unsent: Vec<OperationId>,
        /// How far those are that are with a server just now, in octets.
        sending: Option<(u64, u64)>,
        /// What was told last of messages on their way out.
        told: Option<Told>,
        /// The orders that lists are shown in, where that is not newest first.
        orders: Vec<(List, Order, bool)>,
        /// The searches that are kept, by name.
        searches: Vec<KeptSearch>,
    },
    /// Rows of an index.
    Page(Page),
    /// The next unread message, if there is one.
    NextUnread(Option<Anchor>),
    /// A message; `None` when it is gone.
    Opened(Option<Box<Opened>>),
    /// Its text.
    Body(Body),
    /// Lines of a header or source; `None` when they are not kept.
    Lines(Option<Vec<String>>),
    /// What a part looks like.
    Preview(Preview),
    /// Where messages like that one went last, if that is known.
    Proposal(Option<MailboxKey>),
    /// The messages of a mailbox that are marked `\Deleted`.
    MarkedDeleted(Vec<MessageKey>),
    /// The messages that have it, and about how many were not looked at.
    Select(Vec<MessageKey>, u64),
    /// The messages of a conversation.
    Thread(Vec<MessageKey>),
    /// Their rows, in the order of the tree.
    Conversation(Vec<Row>),
    /// What a search found, newest first; `None` where a later one took its place.
    Search(Option<(FoundMail, Vec<MessageKey>)>),
    /// The words around what was found.
    Snippet(Option<String>),
    /// What servers have found so far.
    Far(far::FarFound),
    /// What is muted, the latest first.
    Mutes(Vec<Mute>),
    /// The Log, newest first.
    Log(Vec<LogLine>),
    /// What waits for the user.
    Needs(Vec<Need>),
    /// What has not reached its server, and whether there is more.
    Queue(Vec<Waiting>, bool),
    /// The messages that have not left, in the order in which they were queued.
    Outbox(Vec<Leaving>),
    /// A message of the Outbox; `None` when it is not there any more.
    Outgoing(Option<Box<OutgoingText>>),
    /// Completions of a file name.
    Complete(Vec<String>),
    /// The servers of an address.
    Provider(Option<Provider>),
    /// Which keyring answers, or why none does.
    Keyring(Result<String, String>),
    /// What there is to go on with.
    Resuming(Resuming),
    /// What answers to a message could be; `None` when it is gone.
    Answering(Option<Box<Answering>>),
    /// A message that was prepared; `None` when what it is about is gone.
    Written(Option<Box<Draft>>),
    /// Messages that are to be sent on as they are, and how many of them are not here yet.
    Bounced(Vec<Draft>, usize),
    /// People, the likeliest first.
    Contacts(Vec<Contact>),
    /// Entries of the address book, by name.
    AddressBook(Vec<Card>),
    /// Who is meant, or why nobody is.
    Resolved(Result<Vec<Recipient>, String>),
    /// The drafts in the store, the latest first.
    Drafts(Vec<Saved>),
    /// A draft and when it was saved; `None` when it is gone.
    Draft(Option<(DraftSave, i64, Box<Draft>)>),
    /// A file as it would be attached, or why it cannot be.
    Attached(Result<Attachment, String>),
    /// Files as they would be attached, each or why it cannot be.
    AttachedAll(Vec<Result<Attachment, String>>),
    /// The text of a file, or why it cannot be read.
    FileText(Result<String, String>),
    /// What lies in a folder, or why it cannot be read.
    Folder(Result<Box<Folder>, String>),
    /// What a file holds and a warning where its name says something else, or why it is not known.
    Holds(Result<(String, Option<String>), String>),
    /// A message was looked over.
    Checked(Box<Checked>),
    /// It could not be answered: words for the status line.
    Failed(String),
}

/// What the user or the screen wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Change flags; `opening` ones are not undoable.
    Flags {
        /// Which messages.
        messages: Vec<MessageKey>,
        /// The change.
        change: FlagChange,
        /// Whether showing the text did it.
        opening: bool,
    },
    /// Move messages.
    Move {
        /// Which messages.
        messages: Vec<MessageKey>,
        /// Where to.
        into: Into,
    },
    /// Copy messages.
    Copy {
        /// Which messages.
        messages: Vec<MessageKey>,
        /// Where to.
        into: Into,
    },
    /// Keep the order of a list for the next time.
    KeepOrder {
        /// The list.
        list: List,
        /// The order.
        order: Order,
        /// Whether it is turned round.
        reversed: bool,
    },
    /// Delete messages for good.
    Expunge(Vec<MessageKey>),
    /// Take the last action back.
    Undo,
    /// End mutes.
    Unmute(Vec<MuteKey>),
    /// Mute what messages are part of, or end that.
    Mute(Vec<MessageKey>, Muting),
    /// Change a mailbox.
    Mailbox(MailboxChange),
    /// Fetch the text, or one part, of a message.
    Fetch {
        /// Which message.
        message: MessageKey,
        /// Which part; `None` for what is needed to read it.
        part: Option<PartPath>,
    },
    /// Ask the servers of accounts for what they find of a search, until it is stopped.
    AskServers(Box<MailQuery>),
    /// Change the searches that are kept.
    Kept(KeptChange),
    /// Connect and fetch now; `None` is every account.
    Sync(Option<String>),
    /// Close all connections until they are wanted again, or let them be made.
    Offline(bool),
    /// Sign in with this password.
    Password {
        /// The account id.
        account: String,
        /// The password.
        password: Hidden,
    },
    /// Answer what became of an operation and those that belong to it.
    Decide {
        /// The operation.
        id: OperationId,
        /// The answer.
        decision: Decision,
        /// What it is, for the status line.
        what: String,
    },
    /// The user has seen it.
    Dismiss(i64),
    /// Write the whole message to a file.
    Export {
        /// Which message.
        message: MessageKey,
        /// Where; a name that is taken is refused.
        to: String,
    },
    /// Write messages to one mbox file.
    ExportMany {
        /// Which messages.
        messages: Vec<MessageKey>,
        /// Where; a name that is taken is refused.
        to: String,
    },
    /// Write a part to a file.
    SavePart {
        /// Which message.
        message: MessageKey,
        /// Which part.
        part: PartPath,
        /// Where; a name that is taken is refused.
        to: String,
    },
    /// Write all attachments to a folder; names that are taken get a number.
    SaveAll {
        /// Of which messages.
        messages: Vec<MessageKey>,
        /// Where.
        folder: String,
    },
    /// Hand a part to the configured opener.
    OpenPart {
        /// Which message.
        message: MessageKey,
        /// Which part.
        part: PartPath,
    },
    /// Hand a link to the configured opener.
    OpenLink(String),
    /// Try the sign-in, and store the account when it works.
    SetUp(Box<NewAccount>),
    /// Keep what is being written.
    SaveDraft {
        /// Its composer, whose saves follow each other.
        composer: u64,
        /// The save that is known of it here, where there is one.
        last: Option<DraftSave>,
        /// What is written.
        draft: Box<Draft>,
    },
    /// Put a copy of a draft into the server's Drafts.
    MirrorDraft {
        /// Its composer.
        composer: u64,
        /// The save that is known of it here.
        last: Option<DraftSave>,
    },
    /// Throw a draft away.
    DropDraft {
        /// Its composer.
        composer: u64,
        /// The save that is known of it here.
        last: Option<DraftSave>,
    },
    /// Put a message into the Outbox.
    Send {
        /// The message.
        draft: Box<Draft>,
        /// Its composer, where it has one.
        composer: Option<u64>,
        /// The draft that it was, as it is known here.
        last: Option<DraftSave>,
        /// When it is to be sent, in seconds since 1970; `None` is now.
        at: Option<i64>,
    },
    /// Put several messages into the Outbox, all or none.
    SendAll(Vec<Draft>),
    /// Make a draft of a message that another program left in Drafts.
    Adopt {
        /// Which message.
        message: MessageKey,
        /// What it holds.
        content: ContentKey,
        /// The draft.
        draft: Box<Draft>,
    },
    /// Take messages out of the Outbox.
    TakeBack(Vec<OperationId>),
    /// Throw a message of the Outbox away.
    Discard(OperationId),
    /// Change the address book.
    Book(BookChange),
    /// Send these messages without waiting for the end of their delay.
    SendNow(Vec<OperationId>),
    /// Stop what an action of this ticket does, where that is possible.
    Stop(Ticket),
}

/// Where messages go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Into {
    /// A mailbox that is there.
    Mailbox(MailboxKey),
    /// The mailbox of this role in the account of each.
    Role(Role),
    /// One that is made for them.
    New {
        /// The account id.
        account: String,
        /// Its name.
        name: String,
        /// What it is for.
        role: Option<Role>,
    },
}

/// What is wished of a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailboxChange {
    /// A new one.
    Create {
        /// The account id.
        account: String,
        /// Its name.
        name: String,
    },
    /// Another name.
    Rename {
        /// Which one.
        mailbox: MailboxKey,
        /// The name.
        to: String,
    },
    /// It goes, with the messages in it.
    Remove(MailboxKey),
    /// Whether it is shown and kept.
    Subscribe {
        /// Which one.
        mailbox: MailboxKey,
        /// Whether it is.
        subscribed: bool,
    },
}

/// What becomes of an operation that waits, failed, or has an unknown end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Send it again, now.
    Retry,
    /// Take it back.
    Drop,
    /// Of a conflict: what the user asked for is to be.
    KeepMine,
    /// Of a conflict: what the other side did stays.
    TakeTheirs,
}

/// Text that shows nothing of itself.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Hidden(pub String);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("(hidden)")
    }
}

/// How an action ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It worked; words for the status line, which may be empty.
    Done(String),
    /// It failed; the words say what and why.
    Failed(String),
    /// An action was taken back.
    Undone {
        /// What was taken back.
        words: String,
        /// The messages that are as they were.
        messages: Vec<MessageKey>,
    },
    /// A mailbox is as it was wished; words for the status line.
    Mailbox(MailboxKey, String),
    /// Servers are asked.
    ServersAsked(Vec<far::Asked>),
    /// A file of that name is there; nothing was written.
    Exists(String),
    /// The bytes are not here; they are fetched when that is possible.
    NotKept(u64),
    /// The account is stored under this id.
    SetUp(String),
    /// A draft is in the store, at that second.
    Saved(DraftSave, i64),
    /// The copy of a draft in Drafts is another message now.
    Mirrored {
        /// The one that it was.
        was: MessageKey,
        /// Where the new one is.
        mailbox: MailboxKey,
        /// Its row.
        now: Anchor,
    },
    /// Messages are in the Outbox.
    Queued {
        /// Their operations.
        operations: Vec<OperationId>,
        /// When it is sent, in seconds since 1970.
        at: i64,
    },
    /// A message of Drafts is a draft of ours, at that second.
    Resumed(DraftSave, i64, Box<Draft>),
    /// A message is out of the Outbox and a draft again.
    TakenBack(DraftSave, i64, Box<Draft>),
    /// The address book is changed.
    Book(BookEnd),
    /// It was stopped in time; nothing was stored.
    Stopped,
    /// The server or the screen's values were refused.
    Refused {
        /// Which field is at fault.
        field: SetupField,
        /// What happened, in the server's words.
        text: String,
    },
}
