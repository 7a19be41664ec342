//! Commands (RFC 9051 section 6) and the one encoder of their arguments (SAFETY P10).
//!
//! Whatever changes messages names them by UID (SAFETY P7), and there is neither a plain EXPUNGE
//! nor a CLOSE: both expunge what others have marked.

use std::fmt;
use std::sync::Arc;

use crate::imap::MailboxName;
use crate::model::{Flags, PartPath, Secret, Uid, UidSet};

/// What can be asked of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// CAPABILITY. The machine asks by itself whenever it must.
    Capability,
    /// NOOP.
    Noop,
    /// LOGOUT.
    Logout,
    /// LOGIN; not sent when the server says LOGINDISABLED.
    Login {
        /// The user name.
        user: String,
        /// The password.
        password: Secret,
    },
    /// AUTHENTICATE.
    Authenticate(Mechanism),
    /// ENABLE (RFC 5161).
    Enable(Vec<String>),
    /// ID (RFC 2971).
    Id(Vec<(String, String)>),
    /// NAMESPACE (RFC 2342).
    Namespace,
    /// LIST (RFC 5258, 5819, 6154); with nothing asked for, the plain form.
    List {
        /// The reference name, usually empty.
        reference: MailboxName,
        /// The pattern: `*`, `%`.
        pattern: MailboxName,
        /// RETURN (SPECIAL-USE).
        special_use: bool,
        /// RETURN (SUBSCRIBED).
        subscribed: bool,
        /// RETURN (STATUS (…)).
        status: Vec<StatusItem>,
    },
    /// LSUB.
    Lsub {
        /// The reference name, usually empty.
        reference: MailboxName,
        /// The pattern.
        pattern: MailboxName,
    },
    /// STATUS.
    Status {
        /// Whose.
        mailbox: MailboxName,
        /// What.
        items: Vec<StatusItem>,
    },
    /// SELECT.
    Select {
        /// Which.
        mailbox: MailboxName,
        /// With (CONDSTORE).
        condstore: bool,
    },
    /// EXAMINE: read-only.
    Examine {
        /// Which.
        mailbox: MailboxName,
        /// With (CONDSTORE).
        condstore: bool,
    },
    /// UNSELECT: closes without expunging.
    Unselect,
    /// FETCH or UID FETCH.
    Fetch {
        /// Which messages.
        set: SequenceSet,
        /// What of them.
        items: Vec<FetchItem>,
        /// CHANGEDSINCE.
        changed_since: Option<u64>,
        /// VANISHED beside CHANGEDSINCE; needs QRESYNC enabled and a UID set.
        vanished: bool,
    },
    /// SEARCH or UID SEARCH.
    Search {
        /// UID SEARCH.
        uid: bool,
        /// All must hold; none is ALL.
        criteria: Vec<Criterion>,
        /// RETURN (ALL).
        esearch: bool,
    },
    /// UID STORE, silent.
    Store {
        /// Which messages.
        uids: UidSet,
        /// What to do with the flags.
        verb: StoreVerb,
        /// The flags.
        flags: Flags,
        /// UNCHANGEDSINCE.
        unchanged_since: Option<u64>,
    },
    /// UID COPY.
    Copy {
        /// Which messages.
        uids: UidSet,
        /// The target.
        mailbox: MailboxName,
    },
    /// UID MOVE (RFC 6851); not sent to a server without MOVE.
    Move {
        /// Which messages.
        uids: UidSet,
        /// The target.
        mailbox: MailboxName,
    },
    /// UID EXPUNGE (RFC 4315): those of them that are `\Deleted`, and no others; not sent to a
    /// server without UIDPLUS.
    Expunge {
        /// Which messages.
        uids: UidSet,
    },
    /// APPEND of one message.
    Append {
        /// The target.
        mailbox: MailboxName,
        /// The flags that it is to have.
        flags: Flags,
        /// INTERNALDATE in seconds since 1970; the server's clock without.
        date: Option<i64>,
        /// The message.
        body: Body,
    },
    /// CREATE, with USE where attributes are given (RFC 6154).
    Create {
        /// The new name.
        mailbox: MailboxName,
        /// `\Archive`, `\Junk`: only for a server with CREATE-SPECIAL-USE.
        special_use: Vec<String>,
    },
    /// RENAME, of its inferiors too.
    Rename {
        /// The old name.
        from: MailboxName,
        /// The new name.
        to: MailboxName,
    },
    /// DELETE of a mailbox with all that is in it.
    Delete {
        /// Which.
        mailbox: MailboxName,
    },
    /// SUBSCRIBE.
    Subscribe {
        /// Which.
        mailbox: MailboxName,
    },
    /// UNSUBSCRIBE.
    Unsubscribe {
        /// Which.
        mailbox: MailboxName,
    },
    /// IDLE; nothing else is sent until [`Command::Done`].
    Idle,
    /// Ends IDLE: its own reply follows that of IDLE and repeats it. Without an IDLE it is OK at
    /// once.
    Done,
}

/// The longest command line that is sent, its literals not counted: servers need not take more
/// than 8,192 octets (RFC 7162 section 4).
pub const MOST_LINE: usize = 8000;

impl Command {
    /// The command as several of the same kind whose lines stay below [`MOST_LINE`]; itself where
    /// it names no set of UIDs.
    ///
    /// The parts name the UIDs in rising order and together exactly those of the whole.
    pub fn in_lines(self) -> Vec<Command> {
        let octets = MOST_LINE.saturating_sub(self.beside_uids()).max(44);
        let part = |uids| -> Command {
            let mut part = self.clone();
            if let Some(all) = part.uids_mut() {
                *all = uids;
            }
            part
        };
        match self.uids().map(|uids| uids.chunks(octets)) {
            Some(chunks) if chunks.len() > 1 => chunks.into_iter().map(part).collect(),
            Some(_) | None => vec![self],
        }
    }

    /// An upper bound for the octets of the line beside its UIDs.
    fn beside_uids(&self) -> usize {
        const FIXED: usize = 100;
        if let Command::Copy { mailbox, .. } | Command::Move { mailbox, .. } = self {
            // A quoted name has at most 1,000 octets, each of them perhaps behind a backslash; a
            // longer one is a literal.
            return FIXED + mailbox.wire().len().min(1000) * 2;
        }
        if let Command::Store { flags, .. } = self {
            return FIXED + flags.names().map(|name| name.len() + 1).sum::<usize>();
        }
        if let Command::Fetch { items, .. } = self {
            return FIXED * (items.len() + 1);
        }
        FIXED
    }

    /// The UIDs that the command names, where it names a set.
    pub(crate) fn uids(&self) -> Option<&UidSet> {
        let (Command::Copy { uids, .. }
        | Command::Move { uids, .. }
        | Command::Expunge { uids }
        | Command::Store { uids, .. }
        | Command::Fetch {
            set: SequenceSet::Uid(uids),
            ..
        }) = self
        else {
            return None;
        };
        Some(uids)
    }

    fn uids_mut(&mut self) -> Option<&mut UidSet> {
        let (Command::Copy { uids, .. }
        | Command::Move { uids, .. }
        | Command::Expunge { uids }
        | Command::Store { uids, .. }
        | Command::Fetch {
            set: SequenceSet::Uid(uids),
            ..
        }) = self
        else {
            return None;
        };
        Some(uids)
    }
}

/// A message to append.
#[derive(Clone, PartialEq, Eq)]
pub enum Body {
    /// Its bytes.
    Whole(Arc<[u8]>),
    /// Bytes that are asked for piece by piece ([`Event::Wanted`](super::Event::Wanted)) once the
    /// server has agreed, so that a large message is never in memory at once.
    Source {
        /// The caller's name for it.
        source: u64,
        /// How many octets it has.
        length: u64,
    },
}

impl Body {
    /// How many octets it has.
    pub fn length(&self) -> u64 {
        match self {
            Body::Whole(bytes) => bytes.len() as u64,
            Body::Source { length, .. } => *length,
        }
    }
}

/// Says how long the message is, never what it holds.
impl fmt::Debug for Body {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Body({} octets)", self.length())
    }
}

/// A SASL mechanism with its credentials (RFC 4616 and Google's XOAUTH2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// PLAIN.
    Plain {
        /// The user name.
        user: String,
        /// The password.
        password: Secret,
    },
    /// XOAUTH2.
    XOAuth2 {
        /// The user name.
        user: String,
        /// The access token.
        token: Secret,
    },
}

/// Which messages a FETCH is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SequenceSet {
    /// UIDs.
    Uid(UidSet),
    /// UIDs from this one to the last. The last message is always answered, be it below.
    UidFrom(Uid),
    /// Sequence numbers from the first to the second, both included.
    Seq(u32, u32),
    /// All, by sequence number.
    All,
}

/// A part of STATUS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusItem {
    /// MESSAGES.
    Messages,
    /// UNSEEN.
    Unseen,
    /// UIDNEXT.
    UidNext,
    /// UIDVALIDITY.
    UidValidity,
    /// HIGHESTMODSEQ (RFC 7162).
    HighestModSeq,
    /// SIZE (RFC 8438).
    Size,
    /// DELETED (RFC 9051).
    Deleted,
    /// MAILBOXID (RFC 8474).
    MailboxId,
}

/// A part of FETCH.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchItem {
    /// FLAGS.
    Flags,
    /// UID.
    Uid,
    /// INTERNALDATE.
    InternalDate,
    /// RFC822.SIZE.
    Size,
    /// ENVELOPE.
    Envelope,
    /// BODYSTRUCTURE.
    BodyStructure,
    /// MODSEQ (RFC 7162).
    ModSeq,
    /// EMAILID (RFC 8474).
    EmailId,
    /// THREADID (RFC 8474).
    ThreadId,
    /// X-GM-MSGID.
    GmMsgId,
    /// X-GM-THRID.
    GmThrId,
    /// `BODY.PEEK[HEADER.FIELDS (…)]`.
    HeaderFields(Vec<String>),
    /// `BODY.PEEK[section]<from.length>`.
    Body {
        /// Which section.
        section: Section,
        /// Which octets of it; all without.
        partial: Option<Partial>,
    },
}

/// A window of octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partial {
    /// The first octet, from 0.
    pub from: u64,
    /// How many, at least 1.
    pub length: u32,
}

/// A section of a message (RFC 9051 section 6.4.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Section {
    /// `BODY[]` or `BODY[1.2]`: a part's content as it stands.
    Part(PartPath),
    /// HEADER, of the message or of a message/rfc822 part.
    Header(PartPath),
    /// TEXT.
    Text(PartPath),
    /// MIME: the header of a part.
    Mime(PartPath),
    /// Anything else that a server names; encoded as an empty section.
    Other(String),
}

/// What to do with flags; always `.SILENT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreVerb {
    /// `+FLAGS`.
    Add,
    /// `-FLAGS`.
    Remove,
}

/// A search key (RFC 9051 section 6.4.4). Days are seconds since 1970 and compare by UTC date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Criterion {
    /// ALL.
    All,
    /// UID set.
    Uid(UidSet),
    /// UID `n:*`.
    UidFrom(Uid),
    /// These system flags and keywords are set.
    With(Flags),
    /// None of these is set.
    Without(Flags),
    /// HEADER.
    Header(String, String),
    /// FROM.
    From(String),
    /// TO.
    To(String),
    /// CC.
    Cc(String),
    /// SUBJECT.
    Subject(String),
    /// BODY.
    Body(String),
    /// TEXT: head and body.
    Text(String),
    /// X-GM-RAW: as in Gmail's own search field.
    GmRaw(String),
    /// SINCE, by INTERNALDATE.
    Since(i64),
    /// BEFORE, by INTERNALDATE.
    Before(i64),
    /// SENTSINCE, by the Date field.
    SentSince(i64),
    /// SENTBEFORE, by the Date field.
    SentBefore(i64),
    /// LARGER.
    Larger(u64),
    /// SMALLER.
    Smaller(u64),
    /// MODSEQ (RFC 7162).
    ModSeq(u64),
    /// NOT.
    Not(Box<Criterion>),
    /// OR.
    Or(Box<Criterion>, Box<Criterion>),
}
