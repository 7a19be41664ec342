//! The objects of `--json`, field by field as scripts rely on them. These types are the contract
//! (`"schema": 1`): a field may be added, none may change its name or meaning.

use serde::Serialize;

use crate::model::Address;

/// `list` and `show`.
#[derive(Debug, Serialize)]
pub struct Messages {
    /// Newest first.
    pub messages: Vec<Message>,
}

/// `search`.
#[derive(Debug, Serialize)]
pub struct FoundMessages {
    /// Newest first.
    pub messages: Vec<Message>,
    /// About how many messages are not searched yet.
    pub unindexed: u64,
}

/// One message.
#[derive(Debug, Serialize)]
pub struct Message {
    /// Its key, which outlives moves.
    pub id: i64,
    /// The account's id.
    pub account: String,
    /// The mailbox's decoded name.
    pub mailbox: String,
    /// The Date field, or the arrival where it cannot be read; RFC 3339.
    pub date: String,
    /// From.
    pub from: Vec<JsonAddress>,
    /// To.
    pub to: Vec<JsonAddress>,
    /// Cc.
    pub cc: Vec<JsonAddress>,
    /// The decoded subject.
    pub subject: String,
    /// With its angle brackets; `null` when there is none.
    pub message_id: Option<String>,
    /// The effective flags by their names on the wire.
    pub flags: Vec<String>,
    /// Whether `\Seen` is missing.
    pub unread: bool,
    /// Octets, as the server counts them.
    pub size: u64,
    /// The conversation.
    pub thread: i64,
    /// Parts that are no running text.
    pub attachments: Vec<Attachment>,
    /// `none`, `headers`, `text` or `all`.
    pub kept: &'static str,
    /// What `show` prints: text, header block or HTML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What `show --raw` and `show --part` print, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
}

/// An address; both fields are always there.
#[derive(Debug, Serialize)]
pub struct JsonAddress {
    /// The decoded display name, may be empty.
    pub name: String,
    /// The addr-spec.
    pub address: String,
}

impl From<&Address> for JsonAddress {
    fn from(address: &Address) -> Self {
        Self {
            name: address.name.clone(),
            address: address.address.clone(),
        }
    }
}

/// A part that `save --part` takes.
#[derive(Debug, Serialize)]
pub struct Attachment {
    /// Its path.
    pub part: String,
    /// The file name that the message proposes; may be empty.
    pub name: String,
    /// The media type that the message claims.
    #[serde(rename = "type")]
    pub media_type: String,
    /// Octets in transfer encoding.
    pub size: u64,
}

/// What a command did that changes messages or mailboxes.
#[derive(Debug, Default, Serialize)]
pub struct Acted {
    /// What was done: more than one where `delete` has messages in the trash and elsewhere, none
    /// when nothing changed.
    pub actions: Vec<Action>,
    /// The keys of the messages that changed, or that were copied.
    pub messages: Vec<i64>,
    /// How many were as wished already.
    pub unchanged: usize,
    /// Keys that name no message.
    pub missing: Vec<i64>,
    /// The keys of new copies, in the order of `messages`.
    pub copies: Vec<i64>,
    /// Where messages went, or which mailboxes changed.
    pub mailboxes: Vec<NamedMailbox>,
    /// Of `undo`, the word of what was taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undone: Option<String>,
    /// What of it waits for a server or was refused.
    pub operations: Vec<Operation>,
}

/// What `import` came to.
#[derive(Debug, Serialize)]
pub struct Imported {
    /// Where messages went.
    pub mailbox: NamedMailbox,
    /// Messages that are there by it.
    pub imported: u64,
    /// Messages that were there already, with the same bytes.
    pub present: u64,
    /// Octets of all messages that were read.
    pub octets: u64,
    /// The same for each path.
    pub files: Vec<ImportedFile>,
    /// What of it waits for a server or was refused.
    pub operations: Vec<Operation>,
}

/// One path of `import`.
#[derive(Debug, Serialize)]
pub struct ImportedFile {
    /// As it was named.
    pub path: String,
    /// Messages that came from it.
    pub imported: u64,
    /// Messages of it that were there already.
    pub present: u64,
    /// Why it was not read to its end.
    pub error: Option<String>,
}

/// What `export` came to.
#[derive(Debug, Serialize)]
pub struct Exported {
    /// As it was named.
    pub path: String,
    /// Messages that were written.
    pub exported: u64,
    /// Octets of them.
    pub octets: u64,
    /// The keys of messages that are not kept here whole, and were not written.
    pub missing: Vec<i64>,
    /// What was made: files, or the folder.
    pub files: Vec<String>,
}

/// One action: what is taken back as one.
#[derive(Debug, Serialize)]
pub struct Action {
    /// Its number.
    pub id: i64,
    /// `move`, `delete`, `create` …
    pub word: String,
}

/// A mailbox by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NamedMailbox {
    /// The account's id.
    pub account: String,
    /// The decoded name.
    pub name: String,
}

/// `queue list`.
#[derive(Debug, Serialize)]
pub struct Operations {
    /// Oldest first, grouped by equal action, kind and state.
    pub operations: Vec<Operation>,
}

/// `mute list`.
#[derive(Debug, Serialize)]
pub struct Mutes {
    /// The latest first.
    pub mutes: Vec<Mute>,
}

/// One thing that is muted.
#[derive(Debug, Serialize)]
pub struct Mute {
    /// `thread` or `list`.
    pub kind: &'static str,
    /// The thread.
    pub thread: Option<i64>,
    /// The List-Id, in small letters.
    pub list: Option<String>,
    /// The subject, or the List-Id as it was written.
    pub called: String,
    /// RFC 3339.
    pub since: String,
    /// Messages that were filed for it.
    pub filed: u64,
}

/// What waits for a server.
#[derive(Debug, Serialize)]
pub struct Operation {
    /// The first operation of the group.
    pub id: i64,
    /// Every operation of the group.
    pub ids: Vec<i64>,
    /// The action that it belongs to.
    pub action: i64,
    /// The account's id.
    pub account: String,
    /// `flag`, `move`, `copy`, `append`, `expunge`, `create`, `rename`, `remove`, `subscribe`,
    /// `submit`.
    pub kind: &'static str,
    /// `queued`, `in-flight`, `unsure` or `failed`.
    pub state: &'static str,
    /// Message keys.
    pub messages: Vec<i64>,
    /// Of `expunge`, whether it deletes only what these messages left behind when they went to
    /// another account.
    pub remains: bool,
    /// The mailbox into which messages go; of a rename, the new name.
    pub to: Option<String>,
    /// The mailbox that is made, renamed, deleted or subscribed.
    pub mailbox: Option<String>,
    /// Of `subscribe`, whether it is to be subscribed.
    pub subscribed: Option<bool>,
    /// Of `submit`, the subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Of `submit`, everybody that it goes to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<SendResult>,
    /// Flags that are set.
    pub add: Vec<String>,
    /// Flags that are cleared.
    pub remove: Vec<String>,
    /// The server's words when it refused it or put it off.
    pub why: Option<String>,
    /// How often it was handed to the server.
    pub tries: u32,
    /// Not before then it is tried again; RFC 3339.
    pub next: Option<String>,
    /// Of a failure: `refused`, `gone`, `mailbox-gone` or `renumbered`.
    pub cause: Option<&'static str>,
    /// When it was asked for; RFC 3339.
    pub asked: String,
}

/// What became of a message for one recipient.
#[derive(Debug, Serialize)]
pub struct SendResult {
    /// The address.
    pub address: String,
    /// `waiting`, `taken`, `deferred` or `refused`.
    pub state: &'static str,
    /// The server's words where it refused it or put it off.
    pub why: Option<String>,
}

/// `mailbox list`.
#[derive(Debug, Serialize)]
pub struct Mailboxes {
    /// By account, in the order of the folder list.
    pub mailboxes: Vec<Mailbox>,
}

/// One mailbox.
#[derive(Debug, Serialize)]
pub struct Mailbox {
    /// The account's id.
    pub account: String,
    /// The decoded name with the server's delimiter.
    pub name: String,
    /// `inbox`, `sent` … or `null`.
    pub role: Option<&'static str>,
    /// Messages without `\Seen`; `null` while nobody knows.
    pub unread: Option<u64>,
    /// Messages; `null` while nobody knows.
    pub total: Option<u64>,
    /// The policy: `none`, `headers`, `<n>d`, `all`.
    pub offline: String,
}

/// `account list`, `account show`, `setup`.
#[derive(Debug, Serialize)]
pub struct Accounts {
    /// In the order of the settings.
    pub accounts: Vec<Account>,
}

/// One account as the settings have it.
#[derive(Debug, Serialize)]
pub struct Account {
    /// Its id.
    pub id: String,
    /// Whether the settings know it; mail of others stays in the store.
    pub configured: bool,
    /// The person's name.
    pub name: String,
    /// The mail address.
    pub address: String,
    /// `imap`, `pop3` or `local`.
    pub kind: &'static str,
    /// The URL of the server that mail is read from by IMAP.
    pub imap: Option<String>,
    /// The URL of the server that mail is read from by POP3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pop3: Option<String>,
    /// What becomes of messages on the POP3 server: `keep`, `delete`, `<n>d` or `mirror`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_server: Option<String>,
    /// The URL of the server that mail is sent by.
    pub smtp: Option<String>,
    /// The login name.
    pub login: String,
    /// `password` or `xoauth2`.
    pub auth: &'static str,
    /// `keyring`, `ask` or `command`.
    pub keep: &'static str,
    /// The policy: `none`, `headers`, `<n>d`, `all`.
    pub offline: String,
}

/// `status`.
#[derive(Debug, Serialize)]
pub struct Status {
    /// In the order of the settings.
    pub accounts: Vec<AccountStatus>,
    /// Which keyring answers.
    pub keyring: Keyring,
    /// The version of this program.
    pub version: &'static str,
}

/// How one account stands.
#[derive(Debug, Serialize)]
pub struct AccountStatus {
    /// Its id.
    pub id: String,
    /// Whether the settings know it.
    pub configured: bool,
    /// `idle`, `connecting`, `syncing`, `online`, `offline`, `offline-asked`, `sign-in-needed`,
    /// `certificate-refused`.
    pub state: &'static str,
    /// The process that owns the account, if one does.
    pub pid: Option<u32>,
    /// Since when the state holds; RFC 3339.
    pub since: Option<String>,
    /// When the next try is made; RFC 3339.
    pub next_try: Option<String>,
    /// Why, in the server's or system's words.
    pub why: Option<String>,
    /// Messages without `\Seen` in all mailboxes.
    pub unread: u64,
    /// Messages in all mailboxes.
    pub total: u64,
    /// Operations that wait for the server.
    pub queued: u64,
    /// Operations that the server refused or whose outcome is unknown.
    pub failed: u64,
}

/// Where passwords are kept.
#[derive(Debug, Serialize)]
pub struct Keyring {
    /// The name of the back end, where one answers.
    pub backend: Option<String>,
    /// Whether it answers and is unlocked.
    pub available: bool,
    /// Why not.
    pub why: Option<String>,
}

/// `sync`.
#[derive(Debug, Serialize)]
pub struct Synced {
    /// The accounts that were asked for.
    pub accounts: Vec<SyncedAccount>,
}

/// What came of one account's sync.
#[derive(Debug, Serialize)]
pub struct SyncedAccount {
    /// Its id.
    pub id: String,
    /// Whether it ended whole.
    pub done: bool,
    /// Messages that are new here.
    pub new: u64,
    /// Messages whose flags another client changed.
    pub flags: u64,
    /// Messages that another client removed.
    pub expunged: u64,
    /// Messages whose bytes came.
    pub bodies: u64,
    /// Operations that the server confirmed.
    pub sent: u64,
    /// Operations that the server refused.
    pub refused: u64,
    /// Messages that were deleted on a POP3 server because they are here.
    pub left: u64,
    /// Why it did not end whole.
    pub why: Option<String>,
}

/// `save`.
#[derive(Debug, Serialize)]
pub struct Files {
    /// The files that were made.
    pub files: Vec<File>,
}

/// One file.
#[derive(Debug, Serialize)]
pub struct File {
    /// Where it is.
    pub path: String,
    /// Its octets.
    pub size: u64,
}

/// A command whose exit code says it all.
#[derive(Debug, Serialize)]
pub struct Done {}

/// `account remove`.
#[derive(Debug, Serialize)]
pub struct Removed {
    /// Files set aside before, which may still hold mail of the account.
    pub copies: Vec<std::path::PathBuf>,
}

/// `account prune`.
#[derive(Debug, Serialize)]
pub struct Pruned {
    /// Bodies that are no longer kept.
    pub dropped: usize,
}

/// `queue retry` and `queue drop`.
#[derive(Debug, Serialize)]
pub struct Touched {
    /// Operations that were changed.
    pub changed: usize,
    /// Operations that are with the server just now and were left alone.
    pub in_flight: usize,
}

/// `send`.
#[derive(Debug, Serialize)]
pub struct SentMessage {
    /// The operation by which `queue` names it while it waits.
    pub id: i64,
    /// `sent`, or where it stands in the outbox.
    pub state: &'static str,
}

/// `account test`.
#[derive(Debug, Serialize)]
pub struct Tested {
    /// The account that was signed in to.
    pub accounts: Vec<TestedAccount>,
}

/// What a sign-in proved.
#[derive(Debug, Serialize)]
pub struct TestedAccount {
    /// Its id.
    pub id: String,
    /// The server that answered.
    pub peer: String,
    /// Messages in INBOX, if it could be asked.
    pub inbox: Option<u64>,
    /// What the server can do.
    pub capabilities: Vec<String>,
    /// What the outgoing server proved; null where none is set.
    pub sending: Option<TestedSending>,
}

/// What a sign-in to the outgoing server proved.
#[derive(Debug, Serialize)]
pub struct TestedSending {
    /// The server that answered.
    pub peer: String,
    /// The most octets of a message, where it names a limit.
    pub max_size: Option<u64>,
    /// What the server offers.
    pub offers: Vec<String>,
}
