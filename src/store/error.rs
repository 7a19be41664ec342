//! What can go wrong with the store, and whether trying again can help.

use std::io;
use std::path::PathBuf;

use rusqlite::ErrorCode;

/// A failure of the store, with its culprit.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder or file cannot be made, read or renamed.
    #[error("cannot use {path}: {source}")]
    File {
        /// Which one.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// A later version of the program wrote the file.
    #[error(
        "{path} was written by a newer lacebark (schema {found}, this one knows {known}): update \
         lacebark, or name another folder with --data"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// The file is some other program's.
    #[error("{path} is a database of another program: name another folder with --data")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The folder is on a file system where SQLite's WAL is unsafe.
    #[error(
        "{path} is on a network file system ({kind}), where the mail store can be damaged: name a \
         folder on a local disk with --data or LACEBARK_DATA"
    )]
    NetworkFileSystem {
        /// The folder.
        path: PathBuf,
        /// What kind, such as `NFS`.
        kind: &'static str,
    },
    /// No room on the disk; nothing was changed.
    #[error("the disk that holds the mail store is full: nothing was changed, free some space")]
    Full,
    /// Another process holds the file for longer than we wait.
    #[error("another process is writing to the mail store: try again")]
    Locked,
    /// The file does not hold together. The next start salvages it.
    #[error("the mail store is damaged ({what}): restart lacebark, it saves what can be read")]
    Damaged {
        /// What SQLite said.
        what: String,
    },
    /// The file or disk is read-only, or the disk failed.
    #[error("cannot write the mail store: {what}")]
    Unwritable {
        /// What SQLite said.
        what: String,
    },
    /// A row that the caller names is not there (any more).
    #[error("there is no {what} {key}")]
    Missing {
        /// `message`, `mailbox` …
        what: &'static str,
        /// Its key.
        key: i64,
    },
    /// The account's mail got here in another way than its settings say now.
    #[error(
        "the mail of {account} came by {kept}, and its settings say {wanted}: give the {wanted} \
         account an id of its own"
    )]
    OtherKind {
        /// The account's id.
        account: String,
        /// `IMAP`, `POP3`, `import`.
        kept: &'static str,
        /// The same of the settings.
        wanted: &'static str,
    },
    /// The mailbox does not take this keyword (PERMANENTFLAGS).
    #[error("\"{mailbox}\" does not keep the keyword {keyword}: its server allows only its own")]
    KeywordRefused {
        /// The mailbox as shown.
        mailbox: String,
        /// The keyword.
        keyword: String,
    },
    /// A wish that cannot be granted, whatever the network; nothing was changed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store is closing.
    #[error("the mail store is closed")]
    Closed,
    /// A transaction broke off by a fault of the program; nothing of it was written.
    #[error("a fault in lacebark stopped a change to the mail store: {what}")]
    Fault {
        /// Where.
        what: String,
    },
    /// Anything else that SQLite reports.
    #[error("the mail store answered: {0}")]
    Sql(rusqlite::Error),
}

impl StoreError {
    /// Whether the same call can succeed later without a change by the user.
    pub fn retry(&self) -> bool {
        matches!(self, StoreError::Locked | StoreError::Full)
    }

    /// Whether a row that was named has gone meanwhile.
    pub fn is_missing(&self) -> bool {
        matches!(self, StoreError::Missing { .. })
    }

    pub(super) fn missing(what: &'static str, key: i64) -> Self {
        StoreError::Missing { what, key }
    }

    pub(super) fn file(path: impl Into<PathBuf>, source: io::Error) -> Self {
        StoreError::File {
            path: path.into(),
            source,
        }
    }

    pub(super) fn fault(what: impl Into<String>) -> Self {
        StoreError::Fault { what: what.into() }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let what = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => StoreError::Full,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Locked,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                StoreError::Damaged { what }
            }
            Some(ErrorCode::ReadOnly | ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => {
                StoreError::Unwritable { what }
            }
            _ => StoreError::Sql(error),
        }
    }
}

impl From<rusqlite::types::FromSqlError> for StoreError {
    fn from(error: rusqlite::types::FromSqlError) -> Self {
        StoreError::Damaged {
            what: format!("a stored value cannot be read: {error}"),
        }
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        StoreError::Damaged {
            what: format!("a stored value cannot be read: {error}"),
        }
    }
}

/// Why a wish is refused at the key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The account has no mailbox for this.
    #[error("{account} has no mailbox for {role}: make one, or name it in the configuration")]
    NoRole {
        /// The account's id.
        account: String,
        /// `trash`, `junk`, `archive`.
        role: &'static str,
    },
    /// A mailbox of this name is there already.
    #[error("{account} has a mailbox \"{name}\" already")]
    Exists {
        /// The account's id.
        account: String,
        /// The name.
        name: String,
    },
    /// Another mailbox is for this already.
    #[error("the mailbox of {account} for {role} is \"{name}\"")]
    RoleTaken {
        /// The account's id.
        account: String,
        /// `trash`, `junk`, `archive` …
        role: &'static str,
        /// The mailbox that has it.
        name: String,
    },
    /// A name that no mailbox can have.
    #[error("\"{name}\" cannot be a mailbox's name: {why}")]
    Name {
        /// As typed.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A search of this name is kept already.
    #[error("there is a search \"{name}\" already")]
    SearchNamed {
        /// The name.
        name: String,
    },
    /// The search is not kept any more.
    #[error("the search is gone")]
    SearchGone,
    /// INBOX is neither renamed nor deleted.
    #[error("INBOX cannot be {what}")]
    Inbox {
        /// `renamed`, `deleted`.
        what: &'static str,
    },
    /// An account of this machine cannot do without it.
    #[error("{account} needs \"{name}\" for {role}: it can be renamed, not deleted")]
    Needed {
        /// The account's id.
        account: String,
        /// The mailbox.
        name: String,
        /// `sent`, `drafts` …
        role: &'static str,
    },
    /// Other mailboxes lie below it.
    #[error("\"{name}\" has mailboxes below it: delete those first")]
    HasInferiors {
        /// The mailbox.
        name: String,
    },
    /// It holds mailboxes, no messages.
    #[error("\"{name}\" holds only other mailboxes, no messages")]
    NotSelectable {
        /// The mailbox.
        name: String,
    },
    /// The final dot of a message went out, and nobody knows the answer.
    #[error("message {id} may have been sent already, so that it cannot be taken back")]
    MayHaveLeft {
        /// Its operation.
        id: i64,
    },
    /// What was queued was never a draft.
    #[error("message {id} was handed over whole, so that there is no draft to take it back to")]
    NoDraft {
        /// Its operation.
        id: i64,
    },
    /// Its upload or copy is with the server just now.
    #[error("the message is just being uploaded: try again in a moment")]
    UnderWay,
    /// Another account takes a message whole, and nobody has the rest of it.
    #[error(
        "only a part of the message is here and no server has the rest, so that it cannot go into \
         \"{name}\""
    )]
    NotKept {
        /// The mailbox.
        name: String,
    },
    /// The server cannot expunge single messages.
    #[error(
        "the server of {account} cannot delete single messages for good (it lacks UIDPLUS): what is \
         marked as deleted stays until another program empties the mailbox"
    )]
    NoUidPlus {
        /// The account's id.
        account: String,
    },
    /// The mailbox is deleted, or its deletion waits.
    #[error("the mailbox \"{name}\" is being deleted")]
    BeingDeleted {
        /// The mailbox.
        name: String,
    },
    /// Nothing was done that could be taken back.
    #[error("there is nothing to undo")]
    NothingToUndo,
    /// The last action cannot be taken back.
    #[error("{what} cannot be undone: {why}")]
    NotUndoable {
        /// Which action.
        what: String,
        /// Why not.
        why: &'static str,
    },
    /// Another entry of the address book has this nickname.
    #[error("\"{nickname}\" is the nickname of {name} already")]
    NicknameTaken {
        /// The nickname.
        nickname: String,
        /// Whose it is.
        name: String,
    },
    /// An entry that the address book does not take.
    #[error("the address book does not take this: {why}")]
    NoContact {
        /// What is wrong with it.
        why: String,
    },
    /// What waits cannot be done this way.
    #[error("operation {id} cannot be done: {why}")]
    NotDoable {
        /// The operation.
        id: i64,
        /// Why not.
        why: String,
    },
}
