//! What the screens know of the store: plain rows, filled by the shell from `ops`.
//!
//! Texts are as the store has them, decoded and not sanitised; a screen draws them through
//! `mime::sanitize` only.

use crate::mime::document::Document;
use crate::model::thread::{Folds, TreeCell};
use crate::model::{
    ActionId, Address, Alone, Attachment, ContactKey, ContentKey, Delivery, Draft, DraftKey,
    DraftSave, Envelope, Flags, Kept, Link, LinkState, MailboxKey, MessageKey, MuteKey, Notice,
    OperationId, OperationState, PartPath, Role, Structure, ThreadKey, journal,
};

/// One account with its mailboxes.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// The configured id.
    pub id: String,
    /// The mail address.
    pub address: String,
    /// The word behind the address when it is not IMAP (`local`); else empty.
    pub kind: String,
    /// Where its connection stands; `None` for a local account.
    pub link: Option<Link>,
    /// When it was last current, in seconds since 1970.
    pub synced: Option<i64>,
    /// The addresses that mail can be written under.
    pub identities: Vec<Identity>,
    /// What has not left it yet.
    pub outbox: OutboxCount,
    /// Its mailboxes in the order of the list, those that are not subscribed too.
    pub mailboxes: Vec<Mailbox>,
}

impl Account {
    /// The state of the connection.
    pub fn state(&self) -> Option<LinkState> {
        self.link.as_ref().map(|link| link.state)
    }

    /// The mailboxes that are listed without being asked for.
    pub fn listed(&self) -> impl Iterator<Item = &Mailbox> {
        self.mailboxes.iter().filter(|mailbox| mailbox.listed)
    }

    /// The mailbox of that role.
    pub fn role(&self, role: Role) -> Option<&Mailbox> {
        self.mailboxes.iter().find(|m| m.role == Some(role))
    }
}

/// How many messages of an account have not left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutboxCount {
    /// All of them.
    pub all: u64,
    /// Those that were refused.
    pub refused: u64,
}

/// One mailbox in the folder list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// Its row.
    pub key: MailboxKey,
    /// The whole name, decoded.
    pub name: String,
    /// The hierarchy delimiter, when there is one.
    pub delimiter: Option<char>,
    /// What it is for.
    pub role: Option<Role>,
    /// Whether it can hold messages.
    pub selectable: bool,
    /// Whether the person has subscribed it.
    pub subscribed: bool,
    /// Whether it is listed and kept: it is subscribed, or nothing in its account is.
    pub listed: bool,
    /// Messages that are not read.
    pub unread: u64,
    /// Messages that are flagged.
    pub flagged: u64,
    /// Of a server's list of all mail, what stands nowhere else.
    pub alone: Alone,
    /// All messages; `None` when it is not known.
    pub total: Option<u64>,
    /// What is kept of it, in words.
    pub offline: String,
}

impl Mailbox {
    /// The last part of its name.
    pub fn last_name(&self) -> &str {
        match self.delimiter {
            Some(delimiter) => self.name.rsplit(delimiter).next().unwrap_or_default(),
            None => &self.name,
        }
    }
}

/// Where a list begins or goes on: the immutable sort key of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Anchor {
    /// Arrival in seconds since 1970.
    pub arrival: i64,
    /// The message.
    pub key: MessageKey,
}

/// One row of an index.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The message.
    pub key: MessageKey,
    /// Where it is.
    pub mailbox: MailboxKey,
    /// Arrival in seconds since 1970.
    pub arrival: i64,
    /// The head; empty while `kept` is `None`.
    pub envelope: Envelope,
    /// The flags that the person sees.
    pub flags: Flags,
    /// Whether it has attachments.
    pub attachments: bool,
    /// Whether a change of it waits for the server.
    pub pending: bool,
    /// How much of it is here.
    pub kept: Kept,
    /// Octets.
    pub size: u64,
    /// Its conversation; 0 while its envelope is not here.
    pub thread: ThreadKey,
    /// Its place in a tree, in a view that shows one.
    pub tree: Option<TreeCell>,
}

impl Row {
    /// Its place in the order of the list.
    pub fn anchor(&self) -> Anchor {
        Anchor {
            arrival: self.arrival,
            key: self.key,
        }
    }

    /// Whether it is read.
    pub fn seen(&self) -> bool {
        self.flags.has(Flags::SEEN)
    }

    /// Whether there is something to read behind it: in a folded conversation any message of it.
    pub fn is_new(&self) -> bool {
        match &self.tree {
            Some(tree) if tree.folded => tree.unread > 0,
            Some(_) | None => !self.seen(),
        }
    }
}

/// How a list of conversations is seen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Threads {
    /// What is folded.
    pub folds: Folds,
    /// Where the conversation of the row that is asked for stood: the conversation, and its newest
    /// arrival.
    pub stood: Option<(ThreadKey, i64)>,
}

/// What is done about later mail like a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Muting {
    /// That of its conversation is muted.
    Thread,
    /// That of its list is.
    List,
    /// Neither is, any more.
    End,
}

/// A piece of an index.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// From the top.
    pub rows: Vec<Row>,
    /// The row that was asked for, or the one that has taken its place.
    pub anchor: Option<usize>,
    /// Whether nothing stands above the first row.
    pub at_start: bool,
    /// Whether nothing stands below the last row.
    pub at_end: bool,
    /// The number of the first row, from 1, where it was asked for.
    pub ordinal: Option<u64>,
    /// All messages of the view.
    pub total: u64,
    /// Those that are not read.
    pub unread: u64,
}

/// A message as it is opened: everything but its text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Opened {
    /// The head.
    pub envelope: Envelope,
    /// The MIME tree; `None` while it is not known.
    pub structure: Option<Structure>,
    /// The flags that the person sees.
    pub flags: Flags,
    /// How much of it is here.
    pub kept: Kept,
    /// Octets.
    pub size: u64,
    /// Parts whose bytes are here; all of them when `kept` is `All`.
    pub here: Vec<PartPath>,
}

/// The text of a message, or why there is none.
#[derive(Clone, Debug)]
pub enum Body {
    /// It can be read.
    Text(Box<Document>),
    /// It is not in the store; so many octets would come.
    NotKept {
        /// Octets of the text.
        size: u64,
    },
    /// Making it readable failed.
    Failed(String),
}

/// What a preview of a part shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Preview {
    /// The first lines of text.
    Text(Vec<String>),
    /// One line in words.
    Words(String),
    /// The bytes are not in the store.
    NotKept {
        /// Octets that would come.
        size: u64,
    },
}

/// One line of the Log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Its row in the store; `None` when this program only said it on the status line.
    pub id: Option<i64>,
    /// When, in seconds since 1970.
    pub at: i64,
    /// What was told.
    pub notice: Notice,
}

/// One thing that waits for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// What settles it.
    pub cause: Cause,
    /// The account id.
    pub account: String,
    /// Of an operation, what was asked: `Move 3 messages to Receipts`.
    pub what: String,
    /// What it is about: the address.
    pub title: String,
    /// Whether it is about a message that is to be sent.
    pub is_submission: bool,
    /// What failed, in the server's words.
    pub text: String,
    /// What happens next or what to do.
    pub hint: String,
    /// More.
    pub detail: String,
}

/// Something that was told of a message on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Which line of the Log, and how often it was told: what was told already is not told again.
    pub mark: (i64, u64),
    /// In words.
    pub text: String,
}

/// Why something waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The password is refused or unknown.
    SignIn,
    /// A change was refused.
    Operation(OperationId),
    /// The other side changed what a change of the user's names.
    Conflict(OperationId, journal::Cause),
    /// Nobody knows whether a change reached the server; that is looked for by itself.
    Unsure(OperationId),
    /// A notice of another kind, by its row.
    Notice(i64),
}

impl Need {
    /// Whether nothing goes on before the user answers.
    pub fn is_urgent(&self) -> bool {
        match self.cause {
            Cause::SignIn | Cause::Operation(_) | Cause::Conflict(..) | Cause::Notice(_) => true,
            // What was sent, or not, waits for a person; the rest is looked for by itself.
            Cause::Unsure(_) => self.is_submission,
        }
    }

    /// The operation that it is about.
    pub fn operation(&self) -> Option<OperationId> {
        match self.cause {
            Cause::Operation(id) | Cause::Conflict(id, _) | Cause::Unsure(id) => Some(id),
            Cause::SignIn | Cause::Notice(_) => None,
        }
    }
}

/// One line of the Queue: what one key press asked for and has not reached its server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The first operation, by which all of them are named.
    pub id: OperationId,
    /// The key press.
    pub action: ActionId,
    /// The word of its kind: `move` …
    pub kind: &'static str,
    /// The account id.
    pub account: String,
    /// Where it stands.
    pub state: OperationState,
    /// How many operations.
    pub count: u64,
    /// How often the first was handed to the server.
    pub tries: u32,
    /// When it was asked for, in seconds since 1970.
    pub asked: i64,
    /// What was asked: `Move 3 messages to Receipts`.
    pub what: String,
    /// More, line by line.
    pub detail: Vec<String>,
}

/// A message in the Outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaving {
    /// Its operation.
    pub id: OperationId,
    /// The account id.
    pub account: String,
    /// Where it stands.
    pub state: OperationState,
    /// The first whom it goes to.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// When it was queued, in seconds since 1970.
    pub queued: i64,
    /// Not before this second since 1970.
    pub later: Option<i64>,
    /// What kept the last try from beginning; may be empty.
    pub held: String,
    /// Octets handed over in the try at hand.
    pub done: u64,
    /// All its octets.
    pub size: u64,
    /// Everybody that it goes to, and how far it has come for each.
    pub recipients: Vec<(String, Delivery)>,
}

impl Leaving {
    /// The seconds until its time comes, while it waits for that.
    pub fn wait(&self, now: i64) -> Option<i64> {
        let waits = matches!(self.state, OperationState::Queued { .. });
        let left = self.later?.saturating_sub(now);
        (waits && left > 0).then_some(left)
    }
}

/// A message of the Outbox to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutgoingText {
    /// Names and texts of its header fields.
    pub head: Vec<(&'static str, String)>,
    /// The lines of its text, sanitised.
    pub body: Vec<String>,
}

/// An address that mail can be written under.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The account that sends it.
    pub account: String,
    /// Name and address.
    pub address: Address,
    /// Where answers are to go instead.
    pub reply_to: Option<String>,
    /// What stands below a message; empty where there is nothing.
    pub signature: String,
}

/// Somebody who is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Name and address.
    pub address: Address,
    /// What the address book calls them; empty where they are not in it.
    pub nickname: String,
    /// From where they are known: `address book`, `written to 12 times`.
    pub why: String,
}

/// An entry of the address book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// Its row.
    pub key: ContactKey,
    /// What it says.
    pub contact: crate::model::Contact,
}

/// A draft in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// Its row.
    pub key: DraftKey,
    /// When it was saved, in seconds since 1970.
    pub saved: i64,
    /// To whom.
    pub to: String,
    /// Its subject.
    pub name: String,
}

/// How much something weighs that there is to say before a message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Like this it cannot be sent.
    Stop,
    /// It may not be what was meant.
    Warning,
    /// It is good to know.
    Note,
}

/// Something that there is to say before a message is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How much it weighs.
    pub weight: Weight,
    /// In words.
    pub text: String,
}

/// A message that was looked over before it is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// What there is to say.
    pub findings: Vec<Finding>,
    /// About how many octets it has.
    pub size: u64,
    /// Attached files that changed since, by their place, as they are now: sent so if that is wanted.
    pub changed: Vec<(usize, Attachment)>,
}

/// Something that is muted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mute {
    /// Its row.
    pub key: MuteKey,
    /// `thread` or `list`.
    pub kind: &'static str,
    /// A subject, a List-Id.
    pub called: String,
    /// Since when, in seconds since 1970.
    pub since: i64,
    /// Messages that were filed for it.
    pub filed: u64,
}

/// What answers to a message could be.
#[derive(Clone, Debug, PartialEq)]
pub struct Answering {
    /// To the sender alone.
    pub sender: Draft,
    /// To all, where that is somebody else too.
    pub all: Option<Draft>,
    /// To the mailing list, where it came by one.
    pub list: Option<Draft>,
    /// The letter of the answer that is likeliest: `s`, `a` or `l`.
    pub prefers: char,
    /// Whether the user stands neither in To nor in Cc: an answer to all shows that they got it.
    pub blind: bool,
    /// What else there is to know; may be empty.
    pub warning: String,
}

/// What there is to go on with of a message in Drafts.
#[derive(Clone, Debug, PartialEq)]
pub enum Resuming {
    /// It is the copy of a draft of ours.
    Ours(DraftSave, i64, Box<Draft>),
    /// Another program left it there; this is what it says.
    Theirs {
        /// What it holds.
        content: ContentKey,
        /// The draft.
        draft: Box<Draft>,
    },
    /// So many octets of it are not here.
    NotKept(u64),
    /// It is not there any more.
    Gone,
}

/// A provider's servers, for the set-up screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provider {
    /// Who it is, as the screen names it.
    pub name: String,
    /// The servers.
    pub servers: Servers,
    /// The login name there.
    pub login: String,
    /// What it asks for, in words; may be empty.
    pub note: String,
}

/// Servers as the set-up screen writes them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Servers {
    /// Incoming: IMAP.
    pub imap: Server,
    /// Outgoing: SMTP; an empty host is none.
    pub smtp: Server,
}

/// One server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Server {
    /// Host name or address.
    pub host: String,
    /// Port in digits.
    pub port: String,
    /// `TLS`, `STARTTLS` or `none`.
    pub security: Security,
}

/// How a link is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte.
    #[default]
    Tls,
    /// STARTTLS, required.
    StartTls,
    /// Nothing; loopback only.
    Plain,
}

impl Security {
    /// The word on the screen.
    pub fn word(self) -> &'static str {
        match self {
            Security::Tls => "TLS",
            Security::StartTls => "STARTTLS",
            Security::Plain => "none (this machine only)",
        }
    }

    /// The next choice.
    pub fn next(self) -> Self {
        match self {
            Security::Tls => Security::StartTls,
            Security::StartTls => Security::Plain,
            Security::Plain => Security::Tls,
        }
    }
}

/// Where a new password will be kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeepPassword {
    /// The system keyring.
    #[default]
    Keyring,
    /// Asked at each start.
    Ask,
    /// A command prints it.
    Command,
}
