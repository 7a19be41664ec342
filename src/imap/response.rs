//! What a server says: untagged responses, response codes, tagged replies (RFC 9051 section 7).

use super::capability::Capabilities;
use super::command::Section;
use super::copied::Copied;
use super::fetch::FetchData;
use super::mailbox_name::MailboxName;
use crate::model::{Flags, Uid, UidSet, UidValidity};
use crate::protocol::Tag;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// OK.
    Ok,
    /// NO: refused.
    No,
    /// BAD: not understood.
    Bad,
    /// Not one byte was sent: the machine itself refused the command, and `text` says why.
    NotSent,
}

/// The tagged answer to a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// How it ended.
    pub status: Status,
    /// The response code.
    pub code: Option<Code>,
    /// The server's words: outside text, neither sanitised nor trusted.
    pub text: String,
}

impl Reply {
    /// Whether the server said OK.
    pub fn is_ok(&self) -> bool {
        self.status == Status::Ok
    }

    /// The UID that an appended message has, where APPENDUID names exactly one.
    pub fn appended(&self) -> Option<(UidValidity, Uid)> {
        let Some(Code::AppendUid { validity, uids }) = &self.code else {
            return None;
        };
        let uid = uids.set().first().filter(|_| uids.count() == 1);
        Some((*validity, uid?))
    }
}

/// An untagged status response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// OK.
    Ok,
    /// NO: a warning.
    No,
    /// BAD: an error that belongs to no command.
    Bad,
    /// BYE: the server is about to close.
    Bye,
}

/// Ranges of numbers in the order in which they were sent; `9:7` is kept as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranges(pub Vec<(u32, u32)>);

impl Ranges {
    /// How many numbers they name.
    pub fn count(&self) -> u64 {
        let sizes = self.0.iter().map(|(a, b)| u64::from(a.abs_diff(*b)) + 1);
        sizes.sum()
    }

    /// The numbers in order. A server can name four billion: bound what you take.
    pub fn numbers(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().flat_map(|&(a, b)| {
            let steps = 0..=a.abs_diff(b);
            steps.map(move |n| if a <= b { a + n } else { a - n })
        })
    }

    /// As a set.
    pub fn set(&self) -> UidSet {
        UidSet::of_ranges(self.0.iter().map(|&(a, b)| (a.min(b), a.max(b))).collect())
    }
}

/// A response code (RFC 9051 section 7.1, RFC 5530, 7162, 4315, 8474).
///
/// APPENDUID, COPYUID, MODIFIED, TRYCREATE, ALREADYEXISTS and HASCHILDREN are these only in the
/// tagged answer of a command that they belong to; anywhere else they are [`Code::Other`] (SAFETY
/// P6). For COPYUID see [`Event::Copied`] too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// ALERT: the text must be shown to the user.
    Alert,
    /// ALREADYEXISTS.
    AlreadyExists,
    /// APPENDUID.
    AppendUid {
        /// UIDVALIDITY of the target.
        validity: UidValidity,
        /// The new UIDs.
        uids: Ranges,
    },
    /// AUTHENTICATIONFAILED: wrong password or token.
    AuthenticationFailed,
    /// AUTHORIZATIONFAILED.
    AuthorizationFailed,
    /// CANNOT: the server will never do this.
    Cannot,
    /// CAPABILITY.
    Capability(Capabilities),
    /// CLOSED: what follows belongs to the newly selected mailbox.
    Closed,
    /// CONTACTADMIN.
    ContactAdmin,
    /// COPYUID; both sides have equally many numbers, else it is `Other`.
    CopyUid {
        /// UIDVALIDITY of the target.
        validity: UidValidity,
        /// UIDs in the source, in order.
        source: Ranges,
        /// UIDs in the target, pairwise.
        target: Ranges,
    },
    /// EXPIRED: the password or token is too old.
    Expired,
    /// EXPUNGEISSUED.
    ExpungeIssued,
    /// HASCHILDREN: a mailbox with inferiors is not deleted.
    HasChildren,
    /// HIGHESTMODSEQ.
    HighestModSeq(u64),
    /// INUSE.
    InUse,
    /// LIMIT.
    Limit,
    /// MAILBOXID.
    MailboxId(String),
    /// MODIFIED: these failed UNCHANGEDSINCE.
    Modified(UidSet),
    /// NOMODSEQ: the mailbox keeps no mod-sequences.
    NoModSeq,
    /// NONEXISTENT.
    NonExistent,
    /// NOPERM.
    NoPerm,
    /// OVERQUOTA.
    OverQuota,
    /// PERMANENTFLAGS.
    PermanentFlags {
        /// The flags that may be changed.
        flags: Flags,
        /// `\*`: new keywords may be made.
        new_keywords: bool,
    },
    /// PRIVACYREQUIRED: TLS first.
    PrivacyRequired,
    /// READ-ONLY.
    ReadOnly,
    /// READ-WRITE.
    ReadWrite,
    /// SERVERBUG.
    ServerBug,
    /// TRYCREATE.
    TryCreate,
    /// UIDNEXT; some servers exceed 32 bits.
    UidNext(u64),
    /// UIDNOTSTICKY.
    UidNotSticky,
    /// UIDVALIDITY.
    UidValidity(UidValidity),
    /// UNAVAILABLE: try again later.
    Unavailable,
    /// UNSEEN: the first unseen message's sequence number.
    Unseen(u32),
    /// Anything else; nothing acts on it (REFERRAL among them, SAFETY T10).
    Other {
        /// Its name in upper case.
        name: String,
        /// What followed the name.
        argument: String,
    },
}

/// One LIST or LSUB response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The name.
    pub name: MailboxName,
    /// The hierarchy delimiter; NIL is `None`.
    pub delimiter: Option<char>,
    /// Attributes as sent: `\HasNoChildren`, `\Sent`.
    pub attributes: Vec<String>,
    /// Whether it came from LSUB, or LIST said `\Subscribed`.
    pub subscribed: bool,
    /// OLDNAME of a rename (RFC 5465, 9051).
    pub old_name: Option<MailboxName>,
}

impl Listed {
    /// Whether the attribute is there, in any case: `\Noselect`.
    pub fn has(&self, attribute: &str) -> bool {
        self.attributes
            .iter()
            .any(|a| a.eq_ignore_ascii_case(attribute))
    }
}

/// One STATUS response; a number that cannot be read is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailboxStatus {
    /// Whose.
    pub name: MailboxName,
    /// MESSAGES.
    pub messages: Option<u64>,
    /// UNSEEN.
    pub unseen: Option<u64>,
    /// RECENT.
    pub recent: Option<u64>,
    /// UIDNEXT.
    pub uid_next: Option<u64>,
    /// UIDVALIDITY.
    pub uid_validity: Option<UidValidity>,
    /// HIGHESTMODSEQ.
    pub highest_modseq: Option<u64>,
    /// SIZE.
    pub size: Option<u64>,
    /// DELETED.
    pub deleted: Option<u64>,
    /// MAILBOXID.
    pub mailbox_id: Option<String>,
}

/// One namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace {
    /// What its names begin with; may be empty.
    pub prefix: MailboxName,
    /// Its delimiter.
    pub delimiter: Option<char>,
}

/// NAMESPACE (RFC 2342).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Namespaces {
    /// The user's own.
    pub personal: Vec<Namespace>,
    /// Those of other users.
    pub others: Vec<Namespace>,
    /// Shared ones.
    pub shared: Vec<Namespace>,
}

/// SEARCH or ESEARCH (RFC 9051 section 7.3.4, RFC 4731).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The command that ESEARCH names.
    pub tag: Option<Tag>,
    /// Whether ESEARCH said that these are UIDs; plain SEARCH does not say.
    pub uid: bool,
    /// SEARCH's numbers, or ALL.
    pub numbers: UidSet,
    /// COUNT.
    pub count: Option<u64>,
    /// MIN.
    pub min: Option<u32>,
    /// MAX.
    pub max: Option<u32>,
    /// MODSEQ.
    pub modseq: Option<u64>,
}

/// What a server says unasked or in the course of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The connection is usable: greeted, under TLS where that was asked for, capabilities known.
    Greeting {
        /// The server knows us already.
        preauth: bool,
        /// What the server can do.
        capabilities: Capabilities,
        /// The greeting's words.
        text: String,
    },
    /// CAPABILITY changed: after sign-in, or because the server said so.
    Capabilities(Capabilities),
    /// LIST or LSUB.
    Listed(Listed),
    /// STATUS.
    Status(MailboxStatus),
    /// EXISTS: so many messages.
    Exists(u32),
    /// RECENT.
    Recent(u32),
    /// EXPUNGE of a sequence number: all later numbers move down.
    Expunge(u32),
    /// VANISHED (RFC 7162).
    Vanished {
        /// Whether this answers a question about the past and moves no sequence number.
        earlier: bool,
        /// The UIDs.
        uids: UidSet,
    },
    /// FLAGS: what the mailbox knows.
    Flags(Flags),
    /// A large literal begins; its chunks follow, then the FETCH response that it belongs to.
    Literal {
        /// The number of its chunks.
        literal: u64,
        /// How many octets it will have.
        length: u64,
        /// The message sequence number.
        seq: u32,
        /// The UID, if the server named it before the literal.
        uid: Option<Uid>,
        /// Which section.
        section: Section,
        /// `<n>` of a partial fetch.
        origin: Option<u64>,
    },
    /// COPYUID of a COPY or MOVE that still runs: as an untagged OK (RFC 6851 section 4.3), or just
    /// before the tagged answer that bears it. It speaks only of UIDs that the command named; a
    /// command may have several, also when it fails in the end.
    Copied {
        /// The command.
        tag: Tag,
        /// Which message became which.
        copied: Copied,
    },
    /// The server waits for octets of a [`Body::Source`](super::Body::Source): they are given by
    /// [`Machine::supply`](super::Machine::supply).
    Wanted {
        /// The APPEND.
        tag: Tag,
        /// The caller's name for the message.
        source: u64,
        /// The first octet that is wanted.
        from: u64,
        /// How many are left from there on; fewer may be given at a time.
        left: u64,
    },
    /// FETCH.
    Fetched(Box<FetchData>),
    /// SEARCH or ESEARCH.
    Search(Found),
    /// ENABLED.
    Enabled(Vec<String>),
    /// ID: names in lower case.
    Id(Vec<(String, String)>),
    /// NAMESPACE.
    Namespace(Namespaces),
    /// An untagged OK, NO, BAD or BYE.
    Said {
        /// Which.
        said: Said,
        /// Its response code.
        code: Option<Code>,
        /// The server's words.
        text: String,
    },
    /// The server accepted IDLE: from here on it tells news by itself.
    Idling,
    /// A line that this module has no type for, as sent; at most 1000 octets of it.
    Other(Vec<u8>),
}
