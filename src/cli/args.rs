//! The command line's grammar: what clap parses, and the argument types that are checked before
//! anything runs. Only what is built is here, so that `--help` promises nothing else.

// The documentation of arguments is what `--help` prints, brackets included.
#![allow(rustdoc::broken_intra_doc_links, rustdoc::invalid_html_tags)]

mod values;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use crate::config::load::maildrop::octets;
use crate::model::{Offline, OnServer, PartPath};
use values::{offline, on_server, part_path};

pub use values::{BadArgument, FlagName, IdArgument, MessageId, NewRole, QueueId};

/// Everything that one start of the program was asked.
#[derive(Debug, Parser)]
#[command(
    name = "lacebark",
    version,
    about = "A terminal mail program that keeps your mail with you",
    long_about = "A terminal mail program that keeps your mail with you.\n\nWithout a command it opens the screen; the first start asks for your address.",
    after_help = "Exit codes: 0 done, 1 failed, 2 usage, 3 queued because offline, 4 sign-in needed.",
    disable_help_subcommand = true,
    term_width = 80
)]
pub struct CommandLine {
    /// What every command understands.
    #[command(flatten)]
    pub global: Global,
    /// The command; none opens the screen.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Options that stand before or after any command.
#[derive(Clone, Debug, Default, Args)]
pub struct Global {
    /// Print one JSON object instead of text
    #[arg(long, global = true, help_heading = "Global options")]
    pub json: bool,
    /// Read the settings from this file
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "LACEBARK_CONFIG",
        hide_env_values = true,
        help_heading = "Global options"
    )]
    pub config: Option<PathBuf>,
    /// Keep mail and queue in this folder
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "LACEBARK_DATA",
        hide_env_values = true,
        help_heading = "Global options"
    )]
    pub data: Option<PathBuf>,
    /// Keep what can be made again in this folder
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "LACEBARK_CACHE",
        hide_env_values = true,
        help_heading = "Global options"
    )]
    pub cache: Option<PathBuf>,
    /// Log more (twice: everything)
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = "Global options")]
    pub verbose: u8,
    /// Append the log to this file
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help_heading = "Global options"
    )]
    pub log: Option<PathBuf>,
    /// Append the dialogue with servers, without secrets, to this file
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help_heading = "Global options"
    )]
    pub transcript: Option<PathBuf>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Try the program on a bundled mailbox, without account or network
    Demo,
    /// Read mail in files on the screen: .eml, mbox, Maildir
    Open {
        /// The files and folders
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Add an account: sign-in is tried before anything is stored
    Setup(Box<Setup>),
    /// Give the password of an account, tried before it is kept
    Login {
        /// The account
        account: String,
        /// Read the password from the first line of standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// Forget the password of an account
    Logout {
        /// The account
        account: String,
    },
    /// Say how accounts, connections, queue and keyring stand
    Status,
    /// List, show, test, remove accounts and prune what they keep
    #[command(subcommand)]
    Account(Account),
    /// Make store and servers equal, once or all the time
    Sync {
        /// These accounts only
        #[arg(value_name = "ACCOUNT")]
        accounts: Vec<String>,
        /// This mailbox only
        #[arg(long, value_name = "MAILBOX")]
        mailbox: Option<String>,
        /// Stay and keep them equal, in silence, until a signal ends it
        #[arg(long, conflicts_with = "mailbox")]
        watch: bool,
    },
    /// List, create, rename, delete, subscribe mailboxes
    #[command(subcommand)]
    Mailbox(Mailbox),
    /// List the messages of a mailbox, newest first
    List {
        /// [ACCOUNT:]NAME, or inbox, sent, drafts, trash, junk, archive
        #[arg(default_value = "inbox")]
        mailbox: String,
        /// The account of the mailbox
        #[arg(long)]
        account: Option<String>,
        /// At most so many messages
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
        /// Unread messages only; with --threads conversations that hold some
        #[arg(long)]
        unread: bool,
        /// Whole conversations, newest first and oldest message first, with mail of other mailboxes;
        /// --limit counts conversations
        #[arg(long)]
        threads: bool,
    },
    /// Search the mail on this machine
    Search(Search),
    /// Print a message
    Show(Show),
    /// Save a message, or one part of it, to a file
    Save {
        /// The message
        id: MessageId,
        /// Save this part, decoded; without it the whole message as .eml
        #[arg(long, value_name = "PATH", value_parser = part_path)]
        part: Option<PartPath>,
        /// The folder to save to
        #[arg(long, value_name = "DIR", default_value = ".")]
        to: PathBuf,
    },
    /// Write a message on the screen; nothing is sent before you say so
    Compose(Box<Compose>),
    /// Send a message: one from standard input as sendmail takes it, or one made of the options
    Send(Box<Send>),
    /// Set a flag of messages
    Flag(FlagArgs),
    /// Clear a flag of messages
    Unflag(FlagArgs),
    /// Move messages to another mailbox, of another account too
    Move(Transfer),
    /// Copy messages to another mailbox, of another account too
    Copy(Transfer),
    /// Move messages to the archive mailbox of their account
    Archive {
        /// The messages; - reads them from standard input
        #[arg(required = true, value_name = "ID")]
        ids: Vec<IdArgument>,
    },
    /// Move messages to the trash mailbox of their account
    ///
    /// Messages that are in the trash already are deleted for good. That is asked on a terminal and
    /// needs --yes without one.
    Delete(Delete),
    /// Delete for good the messages of a mailbox that are marked \Deleted
    Expunge {
        /// [ACCOUNT:]NAME, or inbox, sent, drafts, trash, junk, archive
        mailbox: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Take back the last action, also after the server has it
    ///
    /// The last 50 actions can be taken back, one after the other. What was deleted for good, and a
    /// mailbox that the server has deleted, do not come back.
    Undo,
    /// Bring mail in files into a mailbox; what is there already comes no second time
    #[command(subcommand)]
    Import(Import),
    /// Write messages into files, exactly as they are; nothing is overwritten
    #[command(subcommand)]
    Export(Export),
    /// What is muted: threads and mailing lists whose later mail goes to Archive, read
    Mute {
        /// Without one it is `list`
        #[command(subcommand)]
        what: Option<Mute>,
    },
    /// List, retry or drop what waits to be sent to servers
    #[command(subcommand)]
    Queue(Queue),
    /// Print the completion script of a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

/// Arguments of `setup`.
#[derive(Debug, Args)]
pub struct Setup {
    /// Your mail address
    #[arg(long, value_name = "A")]
    pub address: String,
    /// Your name, as others will see it
    #[arg(long, value_name = "N")]
    pub name: Option<String>,
    /// The account's id in commands and settings; made from the address if not given
    #[arg(long, value_name = "ID")]
    pub account: Option<String>,
    /// imaps://[user@]host[:993] or imap://[user@]host[:143] (STARTTLS required)
    #[arg(long, value_name = "URL")]
    pub imap: Option<String>,
    /// pop3s://[user@]host[:995] or pop3://[user@]host[:110] (STLS required), instead of IMAP
    #[arg(long, value_name = "URL", conflicts_with = "imap")]
    pub pop3: Option<String>,
    /// No server at all: mail in files alone, which `lacebark import` brings in
    #[arg(long, conflicts_with_all = ["imap", "pop3", "smtp", "password_stdin", "password_command"])]
    pub local: bool,
    /// smtps://[user@]host[:465] or smtp://[user@]host[:587], stored for sending
    #[arg(long, value_name = "URL")]
    pub smtp: Option<String>,
    /// The login name, if it is not the address
    #[arg(long, value_name = "L")]
    pub login: Option<String>,
    /// Read the password from the first line of standard input
    #[arg(long, conflicts_with = "password_command")]
    pub password_stdin: bool,
    /// A command that prints the password or token; run without a shell
    #[arg(long, value_name = "CMD")]
    pub password_command: Option<String>,
    /// Where the password is kept
    #[arg(long, value_enum)]
    pub keep: Option<Keep>,
    /// How to sign in (xoauth2: the password command prints the token)
    #[arg(long, value_enum, default_value_t = Auth::Password)]
    pub auth: Auth,
    /// Bodies kept for reading offline: none, headers, <n>d or all; 90d if not given, all by POP3
    #[arg(long, value_name = "KEPT", value_parser = offline)]
    pub offline: Option<Offline>,
    /// What becomes of mail on a POP3 server once it is here: keep, delete, <n>d (days after it
    /// came) or mirror (deleted there when deleted here); keep if not given
    #[arg(long, value_name = "POLICY", requires = "pop3", value_parser = on_server)]
    pub on_server: Option<OnServer>,
    /// Of larger messages fetch only the header by POP3, until they are opened (such as 256K)
    #[arg(long, value_name = "SIZE", requires = "pop3", value_parser = octets)]
    pub download_up_to: Option<u64>,
    /// Minutes between two looks at a POP3 server: 1 to 1440; 5 if not given
    #[arg(long, value_name = "MINUTES", requires = "pop3",
        value_parser = clap::value_parser!(u16).range(1..=1440))]
    pub check_every: Option<u16>,
    /// Trust this certificate authority (PEM) for the account's servers
    #[arg(long, value_name = "FILE")]
    pub tls_ca_file: Option<PathBuf>,
    /// Store without trying the sign-in
    #[arg(long)]
    pub no_test: bool,
}

/// Where a password is kept; a file in clear text is not among the choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Keep {
    /// In the system keyring
    Keyring,
    /// Nowhere: asked at each start
    Ask,
    /// Nowhere: printed by --password-command
    Command,
}

/// How an account signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Auth {
    /// A password
    Password,
    /// An OAuth 2 token
    Xoauth2,
}

/// `lacebark account …`.
#[derive(Debug, Subcommand)]
pub enum Account {
    /// List the accounts
    List,
    /// Show the settings of an account
    Show {
        /// The account
        account: String,
    },
    /// Try to sign in
    Test {
        /// The account
        account: String,
    },
    /// Remove an account with all mail, queue and password kept of it on this machine
    Remove {
        /// The account
        account: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Say what becomes of mail on a POP3 server once it is here
    OnServer {
        /// The account
        account: String,
        /// keep, delete, <n>d (days after it came) or mirror (deleted there when deleted here)
        #[arg(value_parser = on_server)]
        policy: OnServer,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Drop kept bodies that are outside of the account's offline window
    Prune {
        /// The account; all of them without it
        account: Option<String>,
    },
}

/// `lacebark mailbox …`.
#[derive(Debug, Subcommand)]
pub enum Mailbox {
    /// List mailboxes with their counts
    List {
        /// This account only
        #[arg(long)]
        account: Option<String>,
    },
    /// Make a mailbox
    Create {
        /// [ACCOUNT:]NAME with the server's own delimiter
        name: String,
        /// What it is for
        #[arg(long, value_enum)]
        role: Option<NewRole>,
    },
    /// Give a mailbox another name; what lies below it goes along
    Rename {
        /// [ACCOUNT:]NAME, or a role
        mailbox: String,
        /// The new name, whole, with the server's own delimiter
        to: String,
    },
    /// Delete a mailbox with the messages in it
    Delete {
        /// [ACCOUNT:]NAME, or a role
        mailbox: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Subscribe a mailbox: it is kept for reading off line
    Subscribe {
        /// [ACCOUNT:]NAME, or a role
        mailbox: String,
    },
    /// Unsubscribe a mailbox
    Unsubscribe {
        /// [ACCOUNT:]NAME, or a role
        mailbox: String,
    },
}

/// What a message begins with, as `compose` and `send` take it.
#[derive(Debug, Default, Args)]
pub struct Head {
    /// A recipient
    #[arg(long, value_name = "A")]
    pub to: Vec<String>,
    /// One who gets a copy
    #[arg(long, value_name = "A")]
    pub cc: Vec<String>,
    /// One who gets a copy that nobody sees
    #[arg(long, value_name = "A")]
    pub bcc: Vec<String>,
    /// The subject
    #[arg(long, value_name = "S")]
    pub subject: Option<String>,
    /// Attach this file
    #[arg(long, value_name = "FILE")]
    pub attach: Vec<PathBuf>,
}

/// Arguments of `compose`.
#[derive(Debug, Args)]
pub struct Compose {
    /// What the message begins with
    #[command(flatten)]
    pub head: Head,
    /// Recipients, or mailto: addresses as a browser hands them over
    #[arg(value_name = "ADDRESS")]
    pub addresses: Vec<String>,
}

/// Arguments of `send`.
#[derive(Debug, Args)]
pub struct Send {
    /// Take recipients from To, Cc and Bcc of the message on standard input
    #[arg(short = 't', overrides_with = "read_recipients")]
    pub read_recipients: bool,
    /// Accepted: a line with a single dot never ends the message
    #[arg(short = 'i', overrides_with = "ignore_dots")]
    pub ignore_dots: bool,
    /// Write as this address; of a whole message: who hears of failures
    #[arg(
        short = 'f',
        short_alias = 'r',
        value_name = "FROM",
        overrides_with = "from"
    )]
    pub from: Option<String>,
    /// The account that sends; else the one whose address it is
    #[arg(long)]
    pub account: Option<String>,
    /// What the message begins with
    #[command(flatten)]
    pub head: Head,
    /// Read the text from this file; - and nothing: from standard input
    #[arg(long, value_name = "FILE")]
    pub body_file: Option<PathBuf>,
    /// Wait up to ten minutes for the server's word
    #[arg(long, conflicts_with = "queue_only")]
    pub wait: bool,
    /// Put it into the outbox and leave
    #[arg(long)]
    pub queue_only: bool,
    /// Accepted, as sendmail has it
    #[arg(short = 'o', value_name = "OPTION", hide = true)]
    pub option: Vec<String>,
    /// Accepted, as sendmail has it
    #[arg(
        short = 'F',
        value_name = "NAME",
        hide = true,
        overrides_with = "full_name"
    )]
    pub full_name: Option<String>,
    /// Accepted, as sendmail has it
    #[arg(
        short = 'B',
        value_name = "TYPE",
        hide = true,
        overrides_with = "body_type"
    )]
    pub body_type: Option<String>,
    /// Accepted, as sendmail has it; anything but mail to be delivered is refused
    #[arg(short = 'b', value_name = "MODE", value_parser = ["m"], hide = true)]
    pub mode: Option<String>,
    /// Accepted: notices of delivery are not asked for
    #[arg(
        short = 'N',
        value_name = "WHEN",
        hide = true,
        overrides_with = "notify"
    )]
    pub notify: Option<String>,
    /// Accepted, as with -N
    #[arg(
        short = 'R',
        value_name = "WHAT",
        hide = true,
        overrides_with = "give_back"
    )]
    pub give_back: Option<String>,
    /// Recipients: standard input is a whole message
    #[arg(value_name = "RECIPIENT")]
    pub recipients: Vec<String>,
}

/// Arguments of `search`.
#[derive(Debug, Args)]
#[command(after_long_help = QUERY)]
pub struct Search {
    /// What to look for; several words have to be there all
    #[arg(required = true, value_name = "QUERY")]
    pub query: Vec<String>,
    /// In this account only
    #[arg(long)]
    pub account: Option<String>,
    /// In this mailbox only: [ACCOUNT:]NAME, or inbox, sent, drafts, trash, junk, archive
    #[arg(long)]
    pub mailbox: Option<String>,
    /// At most so many messages
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
    /// Asks the servers too, for mail whose text is not kept here; what they find comes last
    #[arg(long)]
    pub server: bool,
}

/// The language of queries, as `search --help` tells it.
const QUERY: &str = "\
The newest message comes first. Trash, Junk and Drafts are searched only where in: or
--mailbox names them; several copies of one message count once.

Words:
  contract terms        both begin a word somewhere; case and accents do not matter
  \"page three\"          these words, one behind the other, the last one whole
  from:anna to:bob cc:  names or addresses (to: finds Cc, too)
  subject: body:        in that part alone
  filename: list:       the name of an attachment, the mailing list
Words shorter than three letters (two in Chinese, Japanese, Korean or Thai) stand for themselves.

Conditions:
  is:unread             read, flagged, unflagged, answered, unanswered, forwarded, draft, deleted
  has:attachment        flag:KEYWORD  in:MAILBOX  account:ID
  after:2026-11-21      from that day on; also 2026-11, 2026, 7d, 2w, 3m, 1y, 12h, yesterday
  before:3m             before that day
  date:2026-11          in that day, month or year; date:2026-11-01..2026-11-15
  larger:100k           smaller:2M

Together:
  a b OR c              OR binds less than standing side by side; parentheses group
  -draft, NOT draft     without it (behind a -- where it comes first)
  from:(anna OR bob)    one field for several words";

/// Arguments of `show`.
#[derive(Debug, Args)]
pub struct Show {
    /// The message
    pub id: MessageId,
    /// Its header fields as they came
    #[arg(long, group = "view")]
    pub headers: bool,
    /// All its bytes as they came
    #[arg(long, group = "view")]
    pub raw: bool,
    /// One part (1, 2.1 …), decoded
    #[arg(long, value_name = "PATH", group = "view", value_parser = part_path)]
    pub part: Option<PartPath>,
    /// Its first HTML part
    #[arg(long, group = "view")]
    pub html: bool,
}

/// Arguments of `flag` and `unflag`.
#[derive(Debug, Args)]
pub struct FlagArgs {
    /// seen, flagged, answered or a keyword
    #[arg(long = "as", value_name = "FLAG", default_value = "flagged")]
    pub flag: FlagName,
    /// The messages; - reads them from standard input
    #[arg(required = true, value_name = "ID")]
    pub ids: Vec<IdArgument>,
}

/// Arguments of `move` and `copy`.
#[derive(Debug, Args)]
pub struct Transfer {
    /// [ACCOUNT:]NAME, or inbox, sent, drafts, trash, junk, archive; without ACCOUNT in the account
    /// of the messages
    #[arg(long, value_name = "MAILBOX")]
    pub to: String,
    /// The messages; - reads them from standard input
    #[arg(required = true, value_name = "ID")]
    pub ids: Vec<IdArgument>,
}

/// Arguments of `delete`.
#[derive(Debug, Args)]
pub struct Delete {
    /// Delete them for good, wherever they are
    #[arg(long)]
    pub for_good: bool,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// The messages; - reads them from standard input
    #[arg(required = true, value_name = "ID")]
    pub ids: Vec<IdArgument>,
}

/// `lacebark import …`.
#[derive(Debug, Subcommand)]
pub enum Import {
    /// Files of many messages (mboxrd, mboxo), with the flags of FILE.flags beside them
    Mbox(ImportFiles),
    /// Folders with cur, new and tmp; subfolders become mailboxes below, of inbox beside it
    Maildir(ImportFiles),
    /// Files of one message, or folders of .eml files
    Eml(ImportFiles),
}

/// What is imported, and where to.
#[derive(Debug, Args)]
pub struct ImportFiles {
    /// [ACCOUNT:]NAME, or inbox, sent, drafts, trash, junk, archive
    #[arg(long, value_name = "MAILBOX")]
    pub to: String,
    /// The files or folders; - is standard input
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
}

/// `lacebark export …`.
#[derive(Debug, Subcommand)]
pub enum Export {
    /// One file of many messages (mboxrd), flags in PATH.flags; with --all a folder of them
    Mbox(ExportTo),
    /// A Maildir, flags in the names of the files; with --all one for each account
    Maildir(ExportTo),
    /// A folder of .eml files; one message to PATH.eml is that file
    Eml(ExportTo),
}

/// What is exported, and where to.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub struct ExportTo {
    /// What is to be made; it must not be there
    #[arg(value_name = "PATH")]
    pub path: PathBuf,
    /// This mailbox: [ACCOUNT:]NAME, or inbox, sent, drafts, trash, junk, archive
    #[arg(long, value_name = "MAILBOX", group = "what")]
    pub mailbox: Option<String>,
    /// These messages; - reads them from standard input
    #[arg(long, value_name = "ID", num_args = 1.., group = "what")]
    pub ids: Vec<IdArgument>,
    /// All mailboxes of all accounts
    #[arg(long, group = "what")]
    pub all: bool,
}

/// `lacebark mute …`.
#[derive(Debug, Subcommand)]
pub enum Mute {
    /// List what is muted, the latest first
    List,
    /// Mute a thread or a mailing list
    Add(MuteWhat),
    /// Mute it no more: what it filed comes back, unread
    Remove(MuteWhat),
}

/// What is muted.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("topic").required(true))]
pub struct MuteWhat {
    /// A mailing list, by its List-Id
    #[arg(long, value_name = "LIST-ID", group = "topic")]
    pub list: Option<String>,
    /// A thread, by its number in `list --json`
    #[arg(long, value_name = "THREAD", group = "topic")]
    pub thread: Option<i64>,
}

/// `lacebark queue …`.
#[derive(Debug, Subcommand)]
pub enum Queue {
    /// List what waits, was refused or is unsure
    List,
    /// Try again
    Retry(QueueSelection),
    /// Take back: what was not sent is undone here
    Drop(QueueSelection),
}

/// Which operations a queue command means.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("which").required(true).multiple(true))]
pub struct QueueSelection {
    /// The operations
    #[arg(value_name = "ID", group = "which", conflicts_with = "all")]
    pub ids: Vec<QueueId>,
    /// All of them
    #[arg(long, group = "which")]
    pub all: bool,
    /// Those whose outcome is unknown
    #[arg(long, group = "which", conflicts_with = "ids")]
    pub unsure: bool,
}

/// Reads argv; the error is clap's, to be printed by [`super::error::print_usage`].
pub fn parse(argv: impl IntoIterator<Item = OsString>) -> Result<CommandLine, clap::Error> {
    CommandLine::try_parse_from(argv)
}

#[cfg(test)]
mod tests;
