//! The vocabulary: ids, flags, mailboxes, envelopes, structures, operations and their fold.
//!
//! Everything here is a value. Nothing here knows SQL, the wire, a clock or a screen; the only
//! thing that it decides is what `fold(base, operations)` is, because that is the one idea the
//! whole program stands on (see the crate documentation).

pub mod account;
pub mod contact;
pub mod courtesy;
pub mod draft;
pub mod envelope;
pub mod flag;
pub mod id;
pub mod journal;
pub mod link;
pub mod mailbox;
pub mod maildrop;
pub mod notice;
pub mod offline;
pub mod on_server;
pub mod query;
pub mod secret;
pub mod structure;
pub mod thread;
pub mod uid;
pub mod view;

pub use account::AccountKind;
pub use contact::{Contact, Known};
pub use draft::{
    AnswerKind, Answers, Attachment, Delivery, Draft, DraftSave, Recipient, Reply, Source,
};
pub use envelope::{Address, Envelope};
pub use flag::{FlagChange, Flags};
pub use id::{
    AccountKey, ActionId, BlobKey, ContactKey, ContentKey, DraftKey, MailboxKey, MessageKey,
    MuteKey, OperationId, RequestId, SearchKey, ThreadKey,
};
pub use journal::{Operation, OperationKind, OperationState};
pub use link::{Link, LinkState};
pub use mailbox::{Alone, Role, UidValidity};
pub use notice::{Notice, Severity};
pub use offline::{Kept, Offline};
pub use on_server::OnServer;
pub use query::{Query, QueryError};
pub use secret::Secret;
pub use structure::{Disposition, PartPath, Structure};
pub use uid::{Uid, UidSet};
pub use view::{Filter, Keys, List, Order, Share, View};
