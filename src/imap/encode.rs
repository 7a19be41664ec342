//! The one encoder of commands and their arguments (SAFETY P10).
//!
//! Every argument that comes from outside is written by [`Writer::string`]: an atom, a quoted
//! string without CR, LF and NUL, or a literal. LITERAL+ and LITERAL- (RFC 7888) are used when
//! offered; otherwise a literal ends a segment, and the next one waits for the server's `+`. The
//! body of an APPEND above [`FREE_BODY`] octets always waits: a server that is out of room says so
//! before the body and not after it.

use std::fmt::Display;

use base64::prelude::{BASE64_STANDARD, Engine as _};

use super::capability::Capabilities;
use super::command::{
    Body, Command, Criterion, FetchItem, Mechanism, Section, SequenceSet, StatusItem, StoreVerb,
};
use super::date::{internal_date, search_date};
use super::mailbox_name::MailboxName;
use super::quirks::Quirks;
use crate::model::{Flags, PartPath, UidSet};
use crate::protocol::Transmit;

/// What the encoder must know of the server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dialect<'a> {
    pub capabilities: &'a Capabilities,
    pub quirks: Quirks,
}

/// A body up to this length is sent without asking where LITERAL+ is offered.
const FREE_BODY: usize = 64 << 10;

/// A piece of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    /// Bytes.
    Bytes(Transmit),
    /// Bytes that the caller supplies piece by piece, and what follows them at once.
    Source {
        source: u64,
        length: u64,
        then: Transmit,
    },
}

/// Why a command cannot be written; names no argument (SAFETY P14).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unwritable(pub &'static str);

type Written = Result<(), Unwritable>;

/// The segments of a command; each but the first waits for a continuation.
pub(crate) fn encode(
    tag: &str,
    command: &Command,
    dialect: Dialect<'_>,
) -> Result<Vec<Segment>, Unwritable> {
    let mut writer = Writer::new(dialect.capabilities);
    writer.raw(tag);
    writer.raw(" ");
    writer.command(command, dialect)?;
    writer.raw("\r\n");
    Ok(writer.finish())
}

/// `<tag> STARTTLS`, which only the machine sends.
pub(crate) fn start_tls(tag: &str) -> Transmit {
    Transmit {
        bytes: format!("{tag} STARTTLS\r\n").into_bytes(),
        secret: Vec::new(),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LiteralMode {
    /// `{5}`, then `+` from the server.
    Synchronising,
    /// `{5+}` up to so many octets.
    Free(usize),
}

struct Writer {
    mode: LiteralMode,
    done: Vec<Segment>,
    now: Transmit,
    /// The source that stands before `now`.
    source: Option<(u64, u64)>,
}

impl Writer {
    fn new(capabilities: &Capabilities) -> Self {
        let mode = if capabilities.has("LITERAL+") {
            LiteralMode::Free(usize::MAX)
        } else if capabilities.has("LITERAL-") || capabilities.has("IMAP4REV2") {
            LiteralMode::Free(4096)
        } else {
            LiteralMode::Synchronising
        };
        Self {
            mode,
            done: Vec::new(),
            now: Transmit::default(),
            source: None,
        }
    }

    fn finish(mut self) -> Vec<Segment> {
        self.end_segment();
        self.done
    }

    fn end_segment(&mut self) {
        let now = std::mem::take(&mut self.now);
        self.done.push(match self.source.take() {
            None => Segment::Bytes(now),
            Some((source, length)) => Segment::Source {
                source,
                length,
                then: now,
            },
        });
    }

    /// Text of our own.
    fn raw(&mut self, text: &str) {
        self.now.bytes.extend_from_slice(text.as_bytes());
    }

    fn show(&mut self, value: impl Display) {
        self.raw(&value.to_string());
    }

    /// An argument from outside.
    fn string(&mut self, value: &[u8]) -> Written {
        if is_plain_atom(value) {
            self.now.bytes.extend_from_slice(value);
            return Ok(());
        }
        self.quoted_or_literal(value, false)
    }

    fn secret(&mut self, value: &str) -> Written {
        self.quoted_or_literal(value.as_bytes(), true)
    }

    fn quoted_or_literal(&mut self, value: &[u8], secret: bool) -> Written {
        if value.contains(&0) {
            return Err(Unwritable("an argument holds a NUL octet"));
        }
        let quotable = value.iter().all(|c| (b' '..=b'~').contains(c)) && value.len() <= 1000;
        if quotable {
            self.raw("\"");
        } else {
            match self.mode {
                LiteralMode::Free(most) if value.len() <= most => {
                    self.show(format_args!("{{{}+}}\r\n", value.len()));
                }
                LiteralMode::Free(_) | LiteralMode::Synchronising => {
                    self.show(format_args!("{{{}}}\r\n", value.len()));
                    self.end_segment();
                }
            }
        }
        let start = self.now.bytes.len();
        for octet in value {
            if quotable && matches!(octet, b'"' | b'\\') {
                self.now.bytes.push(b'\\');
            }
            self.now.bytes.push(*octet);
        }
        if secret {
            self.now.secret.push(start..self.now.bytes.len());
        }
        if quotable {
            self.raw("\"");
        }
        Ok(())
    }

    /// A word that must be an atom: a flag, a capability.
    fn word(&mut self, value: &str) -> Written {
        let plain = value.strip_prefix('\\').unwrap_or(value);
        let refused = |c: u8| !(b'!'..=b'~').contains(&c) || b"(){%*\"\\".contains(&c);
        if plain.is_empty() || plain.bytes().any(refused) {
            return Err(Unwritable("a flag or word holds what an atom may not hold"));
        }
        self.raw(value);
        Ok(())
    }

    fn list<T>(&mut self, items: &[T], mut each: impl FnMut(&mut Self, &T) -> Written) -> Written {
        self.raw("(");
        for (n, item) in items.iter().enumerate() {
            if n > 0 {
                self.raw(" ");
            }
            each(self, item)?;
        }
        self.raw(")");
        Ok(())
    }

    fn command(&mut self, command: &Command, dialect: Dialect<'_>) -> Written {
        match command {
            Command::Capability => self.raw("CAPABILITY"),
            Command::Noop => self.raw("NOOP"),
            Command::Logout => self.raw("LOGOUT"),
            Command::Namespace => self.raw("NAMESPACE"),
            Command::Unselect => self.raw("UNSELECT"),
            Command::Idle => self.raw("IDLE"),
            Command::Done => return Err(Unwritable("DONE has no tag")),
            Command::Login { user, password } => {
                self.raw("LOGIN ");
                self.quoted_or_literal(user.as_bytes(), false)?;
                self.raw(" ");
                self.secret(password.expose())?;
            }
            Command::Authenticate(mechanism) => self.authenticate(mechanism, dialect)?,
            Command::Enable(names) => {
                self.raw("ENABLE");
                for name in names {
                    self.raw(" ");
                    self.word(name)?;
                }
            }
            Command::Id(pairs) => self.id(pairs)?,
            Command::List { .. } => self.list_command(command)?,
            Command::Lsub { reference, pattern } => {
                self.raw("LSUB ");
                self.quoted_or_literal(&reference.wire(), false)?;
                self.raw(" ");
                self.quoted_or_literal(&pattern.wire(), false)?;
            }
            Command::Status { mailbox, items } => {
                some(items)?;
                self.raw("STATUS ");
                self.string(&mailbox.wire())?;
                self.raw(" ");
                self.status_items(items)?;
            }
            Command::Select { mailbox, condstore } => {
                self.select("SELECT ", &mailbox.wire(), *condstore)?;
            }
            Command::Examine { mailbox, condstore } => {
                self.select("EXAMINE ", &mailbox.wire(), *condstore)?;
            }
            Command::Fetch { .. } => self.fetch(command, dialect)?,
            Command::Search {
                uid,
                criteria,
                esearch,
            } => self.search(*uid, criteria, *esearch)?,
            Command::Store {
                uids,
                verb,
                flags,
                unchanged_since,
            } => self.store(uids, *verb, flags, *unchanged_since)?,
            Command::Copy { uids, mailbox } => self.copying("UID COPY ", uids, mailbox)?,
            Command::Move { uids, mailbox } => {
                offered(dialect, &["MOVE", "IMAP4REV2"], "the server has no MOVE")?;
                self.copying("UID MOVE ", uids, mailbox)?;
            }
            Command::Expunge { uids } => {
                offered(
                    dialect,
                    &["UIDPLUS", "IMAP4REV2"],
                    "the server has no UIDPLUS",
                )?;
                self.raw("UID EXPUNGE ");
                self.uids(uids)?;
            }
            Command::Append { .. } => self.append(command)?,
            Command::Create {
                mailbox,
                special_use,
            } => self.create(mailbox, special_use)?,
            Command::Rename { from, to } => {
                self.name("RENAME ", from)?;
                self.name(" ", to)?;
            }
            Command::Delete { mailbox } => self.name("DELETE ", mailbox)?,
            Command::Subscribe { mailbox } => self.name("SUBSCRIBE ", mailbox)?,
            Command::Unsubscribe { mailbox } => self.name("UNSUBSCRIBE ", mailbox)?,
        }
        Ok(())
    }

    /// A mailbox that is to be changed; none has an empty name.
    fn name(&mut self, before: &str, mailbox: &MailboxName) -> Written {
        let wire = mailbox.wire();
        if wire.is_empty() {
            return Err(Unwritable("an empty mailbox name"));
        }
        self.raw(before);
        self.string(&wire)
    }

    fn copying(&mut self, verb: &str, uids: &UidSet, mailbox: &MailboxName) -> Written {
        self.raw(verb);
        self.uids(uids)?;
        self.name(" ", mailbox)
    }

    fn create(&mut self, mailbox: &MailboxName, special_use: &[String]) -> Written {
        self.name("CREATE ", mailbox)?;
        if special_use.is_empty() {
            return Ok(());
        }
        self.raw(" (USE ");
        self.list(special_use, |out, attribute| out.word(attribute))?;
        self.raw(")");
        Ok(())
    }

    fn append(&mut self, command: &Command) -> Written {
        let Command::Append {
            mailbox,
            flags,
            date,
            body,
        } = command
        else {
            return Ok(());
        };
        self.name("APPEND ", mailbox)?;
        let names: Vec<&str> = flags.names().collect();
        if !names.is_empty() {
            self.raw(" ");
            self.list(&names, |out, name| out.word(name))?;
        }
        if let Some(date) = date {
            self.show(format_args!(" \"{}\"", internal_date(*date)));
        }
        self.raw(" ");
        self.body(body)
    }

    fn body(&mut self, body: &Body) -> Written {
        if body.length() == 0 {
            return Err(Unwritable("an empty message"));
        }
        match body {
            Body::Whole(bytes) => {
                let most = match self.mode {
                    LiteralMode::Free(most) => most.min(FREE_BODY),
                    LiteralMode::Synchronising => 0,
                };
                if bytes.len() <= most {
                    self.show(format_args!("{{{}+}}\r\n", bytes.len()));
                } else {
                    self.show(format_args!("{{{}}}\r\n", bytes.len()));
                    self.end_segment();
                }
                // A log is to hold no mail.
                let start = self.now.bytes.len();
                self.now.bytes.extend_from_slice(bytes);
                self.now.secret.push(start..self.now.bytes.len());
            }
            Body::Source { source, length } => {
                self.show(format_args!("{{{length}}}\r\n"));
                self.end_segment();
                self.source = Some((*source, *length));
            }
        }
        Ok(())
    }

    fn authenticate(&mut self, mechanism: &Mechanism, dialect: Dialect<'_>) -> Written {
        let (name, response) = match mechanism {
            Mechanism::Plain { user, password } => {
                refuse(user, '\0')?;
                refuse(password.expose(), '\0')?;
                ("PLAIN", format!("\0{user}\0{}", password.expose()))
            }
            Mechanism::XOAuth2 { user, token } => {
                refuse(user, '\x01')?;
                refuse(token.expose(), '\x01')?;
                let token = token.expose();
                (
                    "XOAUTH2",
                    format!("user={user}\x01auth=Bearer {token}\x01\x01"),
                )
            }
        };
        self.raw("AUTHENTICATE ");
        self.raw(name);
        if dialect.capabilities.has("SASL-IR") {
            self.raw(" ");
        } else {
            self.raw("\r\n");
            self.end_segment();
        }
        let start = self.now.bytes.len();
        self.raw(&BASE64_STANDARD.encode(response));
        self.now.secret.push(start..self.now.bytes.len());
        Ok(())
    }

    fn id(&mut self, pairs: &[(String, String)]) -> Written {
        self.raw("ID ");
        if pairs.is_empty() {
            self.raw("NIL");
            return Ok(());
        }
        self.list(pairs, |out, (name, value)| {
            out.quoted_or_literal(name.as_bytes(), false)?;
            out.raw(" ");
            out.quoted_or_literal(value.as_bytes(), false)
        })
    }

    fn list_command(&mut self, command: &Command) -> Written {
        let Command::List {
            reference,
            pattern,
            special_use,
            subscribed,
            status,
        } = command
        else {
            return Ok(());
        };
        self.raw("LIST ");
        self.quoted_or_literal(&reference.wire(), false)?;
        self.raw(" ");
        self.quoted_or_literal(&pattern.wire(), false)?;
        let mut before = " RETURN (";
        for (wish, name) in [(special_use, "SPECIAL-USE"), (subscribed, "SUBSCRIBED")] {
            if *wish {
                self.raw(before);
                self.raw(name);
                before = " ";
            }
        }
        if !status.is_empty() {
            self.raw(before);
            self.raw("STATUS ");
            self.status_items(status)?;
            before = " ";
        }
        if before == " " {
            self.raw(")");
        }
        Ok(())
    }

    fn status_items(&mut self, items: &[StatusItem]) -> Written {
        self.list(items, |out, item| {
            out.raw(match item {
                StatusItem::Messages => "MESSAGES",
                StatusItem::Unseen => "UNSEEN",
                StatusItem::UidNext => "UIDNEXT",
                StatusItem::UidValidity => "UIDVALIDITY",
                StatusItem::HighestModSeq => "HIGHESTMODSEQ",
                StatusItem::Size => "SIZE",
                StatusItem::Deleted => "DELETED",
                StatusItem::MailboxId => "MAILBOXID",
            });
            Ok(())
        })
    }

    fn select(&mut self, verb: &str, mailbox: &[u8], condstore: bool) -> Written {
        self.raw(verb);
        self.string(mailbox)?;
        if condstore {
            self.raw(" (CONDSTORE)");
        }
        Ok(())
    }

    fn fetch(&mut self, command: &Command, dialect: Dialect<'_>) -> Written {
        let Command::Fetch {
            set,
            items,
            changed_since,
            vanished,
        } = command
        else {
            return Ok(());
        };
        some(items)?;
        match set {
            SequenceSet::Uid(uids) => {
                self.raw("UID FETCH ");
                self.uids(uids)?;
            }
            SequenceSet::UidFrom(uid) => self.show(format_args!("UID FETCH {}:*", uid.0.max(1))),
            SequenceSet::Seq(0, _) | SequenceSet::Seq(_, 0) => {
                return Err(Unwritable("0 is no sequence number"));
            }
            SequenceSet::Seq(low, high) if low == high => self.show(format_args!("FETCH {low}")),
            SequenceSet::Seq(low, high) => {
                self.show(format_args!("FETCH {}:{}", low.min(high), low.max(high)));
            }
            SequenceSet::All => self.raw("FETCH 1:*"),
        }
        self.raw(" ");
        if dialect.quirks.one_field_each {
            let apart = items.iter().flat_map(fields_apart).collect::<Vec<_>>();
            self.list(&apart, Self::fetch_item)?;
        } else {
            self.list(items, Self::fetch_item)?;
        }
        if let Some(modseq) = changed_since {
            let vanished = if *vanished { " VANISHED" } else { "" };
            self.show(format_args!(" (CHANGEDSINCE {modseq}{vanished})"));
        }
        Ok(())
    }

    fn fetch_item(&mut self, item: &FetchItem) -> Written {
        let name = match item {
            FetchItem::Flags => "FLAGS",
            FetchItem::Uid => "UID",
            FetchItem::InternalDate => "INTERNALDATE",
            FetchItem::Size => "RFC822.SIZE",
            FetchItem::Envelope => "ENVELOPE",
            FetchItem::BodyStructure => "BODYSTRUCTURE",
            FetchItem::ModSeq => "MODSEQ",
            FetchItem::EmailId => "EMAILID",
            FetchItem::ThreadId => "THREADID",
            FetchItem::GmMsgId => "X-GM-MSGID",
            FetchItem::GmThrId => "X-GM-THRID",
            FetchItem::HeaderFields(names) => {
                some(names)?;
                self.raw("BODY.PEEK[HEADER.FIELDS ");
                self.list(names, |out, name| out.string(name.as_bytes()))?;
                self.raw("]");
                return Ok(());
            }
            FetchItem::Body { section, partial } => {
                self.raw("BODY.PEEK[");
                self.section(section)?;
                self.raw("]");
                if let Some(window) = partial {
                    self.show(format_args!("<{}.{}>", window.from, window.length.max(1)));
                }
                return Ok(());
            }
        };
        self.raw(name);
        Ok(())
    }

    fn section(&mut self, section: &Section) -> Written {
        let (path, word) = match section {
            Section::Part(path) => {
                self.show(path);
                return Ok(());
            }
            Section::Header(path) => (path, "HEADER"),
            Section::Text(path) => (path, "TEXT"),
            Section::Mime(path) if *path == PartPath::root() => {
                return Err(Unwritable("the whole message has no MIME section"));
            }
            Section::Mime(path) => (path, "MIME"),
            Section::Other(_) => return Err(Unwritable("an unknown section")),
        };
        if !path.is_root() {
            self.show(path);
            self.raw(".");
        }
        self.raw(word);
        Ok(())
    }

    fn search(&mut self, uid: bool, criteria: &[Criterion], esearch: bool) -> Written {
        self.raw(if uid { "UID SEARCH" } else { "SEARCH" });
        if esearch {
            self.raw(" RETURN (ALL)");
        }
        if criteria.iter().any(|c| !is_ascii(c)) {
            self.raw(" CHARSET UTF-8");
        }
        if criteria.is_empty() {
            self.raw(" ALL");
        }
        for criterion in criteria {
            self.raw(" ");
            self.criterion(criterion, 0)?;
        }
        Ok(())
    }

    fn criterion(&mut self, criterion: &Criterion, depth: usize) -> Written {
        if depth > 32 {
            return Err(Unwritable("a search nested too deep"));
        }
        match criterion {
            Criterion::All => self.raw("ALL"),
            Criterion::Uid(uids) => {
                self.raw("UID ");
                self.uids(uids)?;
            }
            Criterion::UidFrom(uid) => self.show(format_args!("UID {}:*", uid.0.max(1))),
            Criterion::With(flags) => self.flag_keys(flags, false)?,
            Criterion::Without(flags) => self.flag_keys(flags, true)?,
            Criterion::Header(name, value) => {
                self.raw("HEADER ");
                self.string(name.as_bytes())?;
                self.raw(" ");
                self.quoted_or_literal(value.as_bytes(), false)?;
            }
            Criterion::From(value) => self.key("FROM ", value)?,
            Criterion::To(value) => self.key("TO ", value)?,
            Criterion::Cc(value) => self.key("CC ", value)?,
            Criterion::Subject(value) => self.key("SUBJECT ", value)?,
            Criterion::Body(value) => self.key("BODY ", value)?,
            Criterion::Text(value) => self.key("TEXT ", value)?,
            Criterion::GmRaw(value) => self.key("X-GM-RAW ", value)?,
            Criterion::Since(day) => self.show(format_args!("SINCE {}", search_date(*day))),
            Criterion::Before(day) => self.show(format_args!("BEFORE {}", search_date(*day))),
            Criterion::SentSince(day) => self.show(format_args!("SENTSINCE {}", search_date(*day))),
            Criterion::SentBefore(day) => {
                self.show(format_args!("SENTBEFORE {}", search_date(*day)));
            }
            Criterion::Larger(size) => self.show(format_args!("LARGER {size}")),
            Criterion::Smaller(size) => self.show(format_args!("SMALLER {size}")),
            Criterion::ModSeq(modseq) => self.show(format_args!("MODSEQ {modseq}")),
            Criterion::Not(inner) => {
                self.raw("NOT ");
                self.criterion(inner, depth + 1)?;
            }
            Criterion::Or(left, right) => {
                self.raw("OR ");
                self.criterion(left, depth + 1)?;
                self.raw(" ");
                self.criterion(right, depth + 1)?;
            }
        }
        Ok(())
    }

    fn key(&mut self, name: &str, value: &str) -> Written {
        self.raw(name);
        self.quoted_or_literal(value.as_bytes(), false)
    }

    /// Flags as search keys, in parentheses so that NOT and OR take them as one.
    fn flag_keys(&mut self, flags: &Flags, without: bool) -> Written {
        let names: Vec<&str> = flags.names().collect();
        some(&names)?;
        self.list(&names, |out, name| {
            if without {
                out.raw("NOT ");
            }
            match name.strip_prefix('\\') {
                Some(system) if Flags::parse([*name]).system != 0 => {
                    out.raw(&system.to_ascii_uppercase());
                    Ok(())
                }
                _ => {
                    out.raw("KEYWORD ");
                    out.word(name)
                }
            }
        })
    }

    fn store(
        &mut self,
        uids: &UidSet,
        verb: StoreVerb,
        flags: &Flags,
        unchanged_since: Option<u64>,
    ) -> Written {
        let names: Vec<&str> = flags.names().collect();
        some(&names)?;
        self.raw("UID STORE ");
        self.uids(uids)?;
        if let Some(modseq) = unchanged_since {
            self.show(format_args!(" (UNCHANGEDSINCE {modseq})"));
        }
        self.raw(match verb {
            StoreVerb::Add => " +FLAGS.SILENT ",
            StoreVerb::Remove => " -FLAGS.SILENT ",
        });
        self.list(&names, |out, name| out.word(name))
    }

    fn uids(&mut self, uids: &UidSet) -> Written {
        if uids.is_empty() {
            return Err(Unwritable("an empty set of messages"));
        }
        self.show(uids);
        Ok(())
    }
}

fn offered(dialect: Dialect<'_>, any: &[&str], why: &'static str) -> Written {
    if any.iter().any(|name| dialect.capabilities.has(name)) {
        return Ok(());
    }
    Err(Unwritable(why))
}

fn some<T>(items: &[T]) -> Written {
    match items {
        [] => Err(Unwritable("nothing was asked for")),
        [_, ..] => Ok(()),
    }
}

fn refuse(text: &str, separator: char) -> Written {
    if text.contains(separator) {
        return Err(Unwritable(
            "a user name or password holds a separator octet",
        ));
    }
    Ok(())
}

fn is_plain_atom(value: &[u8]) -> bool {
    let plain = |c: &u8| c.is_ascii_alphanumeric() || b"._-/".contains(c);
    !value.is_empty()
        && value.len() <= 200
        && value.iter().all(plain)
        && !value.eq_ignore_ascii_case(b"NIL")
}

fn is_ascii(criterion: &Criterion) -> bool {
    match criterion {
        Criterion::Header(_, value)
        | Criterion::From(value)
        | Criterion::To(value)
        | Criterion::Cc(value)
        | Criterion::Subject(value)
        | Criterion::Body(value)
        | Criterion::Text(value)
        | Criterion::GmRaw(value) => value.is_ascii(),
        Criterion::Not(inner) => is_ascii(inner),
        Criterion::Or(left, right) => is_ascii(left) && is_ascii(right),
        Criterion::All
        | Criterion::Uid(_)
        | Criterion::UidFrom(_)
        | Criterion::With(_)
        | Criterion::Without(_)
        | Criterion::Since(_)
        | Criterion::Before(_)
        | Criterion::SentSince(_)
        | Criterion::SentBefore(_)
        | Criterion::Larger(_)
        | Criterion::Smaller(_)
        | Criterion::ModSeq(_) => true,
    }
}

fn fields_apart(item: &FetchItem) -> Vec<FetchItem> {
    match item {
        FetchItem::HeaderFields(names) => names
            .iter()
            .map(|name| FetchItem::HeaderFields(vec![name.clone()]))
            .collect(),
        FetchItem::Flags
        | FetchItem::Uid
        | FetchItem::InternalDate
        | FetchItem::Size
        | FetchItem::Envelope
        | FetchItem::BodyStructure
        | FetchItem::ModSeq
        | FetchItem::EmailId
        | FetchItem::ThreadId
        | FetchItem::GmMsgId
        | FetchItem::GmThrId
        | FetchItem::Body { .. } => vec![item.clone()],
    }
}
