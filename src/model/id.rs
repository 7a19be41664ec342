//! Row keys as types, so that a mailbox key can never stand where a message key belongs.

use serde::{Deserialize, Serialize};

macro_rules! key {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(out)
            }
        }
    )+};
}

key! {
    /// An account's row in the store; the configured id (`work`) is its name outside.
    AccountKey,
    /// A mailbox's row; survives renames.
    MailboxKey,
    /// A message in a mailbox; survives moves and changes of UIDVALIDITY. This is the `ID` of the
    /// command line.
    MessageKey,
    /// What a message holds; one content may stand in several mailboxes.
    ContentKey,
    /// The stored bytes of a content; equal bytes are stored once.
    BlobKey,
    /// An entry of the address book.
    ContactKey,
    /// A draft's row.
    DraftKey,
    /// A conversation over the whole store.
    ThreadKey,
    /// Something that is muted.
    MuteKey,
    /// One row of the journal.
    OperationId,
    /// One key press: the operations that were made together and are undone together.
    ActionId,
    /// What one process asks of the process that owns an account.
    RequestId,
    /// A search that a person keeps.
    SearchKey,
}
