//! Response codes (RFC 9051 section 7.1; RFC 4315, 5530, 7162, 8474).
//!
//! A code is only a value here. Whether it means anything where it stands is for the machine and
//! its caller (SAFETY P6).

use super::parse::{MOST_TEXT, capabilities, lossy, ranges};
use super::response::Code;
use super::value::parse_number;
use crate::model::{Flags, UidValidity};

/// Reads what follows OK, NO, BAD, BYE: a code in brackets, perhaps, and text, perhaps.
pub(crate) fn status_text(rest: &[u8]) -> (Option<Code>, String) {
    let rest = rest.trim_ascii_start();
    let Some(inside) = rest.strip_prefix(b"[") else {
        return (None, text(rest));
    };
    let Some(end) = code_end(inside) else {
        return (None, text(rest));
    };
    let code = parse_code(inside.get(..end).unwrap_or_default());
    let behind = inside.get(end + 1..).unwrap_or_default();
    (Some(code), text(behind.trim_ascii_start()))
}

fn text(bytes: &[u8]) -> String {
    let bytes = bytes.get(..MOST_TEXT).unwrap_or(bytes).trim_ascii_end();
    String::from_utf8_lossy(bytes).into_owned()
}

/// Where the code's closing bracket stands: the one that balances the first, else (flags may hold
/// a lone bracket) the one behind a list, else the first.
fn code_end(inside: &[u8]) -> Option<usize> {
    let mut depth = 0u32;
    for (at, octet) in inside.iter().enumerate() {
        match octet {
            b'[' => depth += 1,
            b']' if depth == 0 => return Some(at),
            b']' => depth -= 1,
            _ => {}
        }
    }
    let list = inside.windows(2).position(|two| two == b")]");
    list.map(|at| at + 1)
        .or_else(|| memchr::memchr(b']', inside))
}

fn parse_code(inside: &[u8]) -> Code {
    let inside = inside.trim_ascii();
    let length = inside.iter().position(|c| matches!(c, b' ' | b'('));
    let (name, argument) = inside.split_at(length.unwrap_or(inside.len()));
    let argument = argument.trim_ascii();
    let name = lossy(name.to_ascii_uppercase());
    known(&name, argument).unwrap_or_else(|| Code::Other {
        argument: text(argument),
        name,
    })
}

fn known(name: &str, argument: &[u8]) -> Option<Code> {
    Some(match name {
        "ALERT" => Code::Alert,
        "ALREADYEXISTS" => Code::AlreadyExists,
        "APPENDUID" => append_uid(argument)?,
        "AUTHENTICATIONFAILED" => Code::AuthenticationFailed,
        "AUTHORIZATIONFAILED" => Code::AuthorizationFailed,
        "CANNOT" => Code::Cannot,
        "CAPABILITY" => Code::Capability(capabilities(argument)),
        "CLOSED" => Code::Closed,
        "CONTACTADMIN" => Code::ContactAdmin,
        "COPYUID" => copy_uid(argument)?,
        "EXPIRED" => Code::Expired,
        "EXPUNGEISSUED" => Code::ExpungeIssued,
        "HASCHILDREN" => Code::HasChildren,
        "HIGHESTMODSEQ" => Code::HighestModSeq(parse_number(argument)?),
        "INUSE" | "IN-USE" => Code::InUse,
        "LIMIT" => Code::Limit,
        "MAILBOXID" => Code::MailboxId(text(unlisted(argument))),
        "MODIFIED" => Code::Modified(ranges(argument)?.set()),
        "NOMODSEQ" => Code::NoModSeq,
        "NONEXISTENT" => Code::NonExistent,
        "NOPERM" => Code::NoPerm,
        "OVERQUOTA" => Code::OverQuota,
        "PERMANENTFLAGS" => permanent_flags(argument),
        "PRIVACYREQUIRED" => Code::PrivacyRequired,
        "READ-ONLY" => Code::ReadOnly,
        "READ-WRITE" => Code::ReadWrite,
        "SERVERBUG" => Code::ServerBug,
        "TRYCREATE" => Code::TryCreate,
        "UIDNEXT" => Code::UidNext(parse_number(argument)?),
        "UIDNOTSTICKY" => Code::UidNotSticky,
        "UIDVALIDITY" => Code::UidValidity(UidValidity(parse_number(argument)?)),
        "UNAVAILABLE" => Code::Unavailable,
        "UNSEEN" => Code::Unseen(u32::try_from(parse_number(argument)?).ok()?),
        _ => return None,
    })
}

fn words(argument: &[u8]) -> impl Iterator<Item = &[u8]> {
    argument
        .split(|c| *c == b' ')
        .filter(|word| !word.is_empty())
}

fn append_uid(argument: &[u8]) -> Option<Code> {
    let mut words = words(argument);
    Some(Code::AppendUid {
        validity: UidValidity(parse_number(words.next()?)?),
        uids: ranges(words.next()?)?,
    })
}

/// `None` unless both sides have equally many numbers (SAFETY P3).
fn copy_uid(argument: &[u8]) -> Option<Code> {
    let mut words = words(argument);
    let validity = UidValidity(parse_number(words.next()?)?);
    let (source, target) = (ranges(words.next()?)?, ranges(words.next()?)?);
    (source.count() == target.count()).then_some(Code::CopyUid {
        validity,
        source,
        target,
    })
}

fn permanent_flags(argument: &[u8]) -> Code {
    let mut flags = Flags::none();
    let mut new_keywords = false;
    for word in words(unlisted(argument)) {
        if word == b"\\*" {
            new_keywords = true;
        } else {
            flags.insert(&String::from_utf8_lossy(word));
        }
    }
    Code::PermanentFlags {
        flags,
        new_keywords,
    }
}

fn unlisted(argument: &[u8]) -> &[u8] {
    let inside = argument.strip_prefix(b"(").unwrap_or(argument);
    inside.strip_suffix(b")").unwrap_or(inside)
}
