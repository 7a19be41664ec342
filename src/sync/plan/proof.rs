//! What proves that a move, copy or upload happened (DESIGN section 2): COPYUID or APPENDUID, or
//! that the message is found in the target from the UIDNEXT on that was written down before.

use std::collections::{BTreeMap, BTreeSet};

use crate::imap::{Code, Reply, Status};
use crate::model::{OperationId, Uid};

/// How messages get from one mailbox into another of the same server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// UID MOVE.
    Move,
    /// UID COPY, and the original stays.
    Copy,
    /// UID COPY, proof, then the original is taken out.
    CopyAndClear,
}

/// How a message is taken out of its mailbox. Never by a plain EXPUNGE and never by CLOSE: both
/// expunge what others have marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clearing {
    /// `\Deleted`, then UID EXPUNGE.
    Expunge,
    /// `\Deleted` is all that this server lets us do.
    Mark,
}

/// What a NO or BAD means for what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Try again after so many seconds.
    Later(i64),
    /// The target is not there.
    MailboxGone,
    /// No.
    Final,
}

/// How long a refusal "for now" keeps an operation back, in seconds.
pub const LATER: i64 = 60;
/// A full mailbox is not emptied within a minute.
const FULL: i64 = 900;

/// Reads a refusal; `None` if it was none.
pub fn refusal(reply: &Reply) -> Option<Refusal> {
    match reply.status {
        Status::Ok => return None,
        Status::No | Status::Bad | Status::NotSent => {}
    }
    Some(match &reply.code {
        Some(Code::Unavailable | Code::InUse | Code::Limit | Code::ServerBug) => {
            Refusal::Later(LATER)
        }
        Some(Code::OverQuota) => Refusal::Later(FULL),
        Some(Code::TryCreate | Code::NonExistent) => Refusal::MailboxGone,
        Some(_) | None => Refusal::Final,
    })
}

/// The server's words, or some where it has none.
pub fn words(reply: &Reply) -> String {
    let text = reply.text.trim();
    if text.is_empty() {
        return "the server said no, and not why".to_owned();
    }
    text.to_owned()
}

/// What is known of a message after it was to be transferred.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its original is still there.
    pub still: bool,
    /// What the server said, if that was a refusal.
    pub refused: Option<(Refusal, String)>,
}

/// What follows for one message from the answers to MOVE or COPY.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum After {
    /// It has this UID in the target.
    Proven(Uid),
    /// Only the target tells.
    Look,
    /// It did not happen, and why.
    Refused(Refusal, String),
    /// The original is gone, and nothing was copied.
    Gone,
}

/// Decides by COPYUID, by whether the original is still there, and by the words. An OK proves
/// nothing; a NO to COPY proves that nothing was copied (RFC 9051 section 6.4.7), one to MOVE does
/// so for what is still there (RFC 6851 section 3.3).
pub fn after(way: Way, copied: Option<Uid>, answer: &Answer) -> After {
    if let Some(uid) = copied {
        return After::Proven(uid);
    }
    match (way, &answer.refused, answer.still) {
        (_, Some((refusal, words)), true) => After::Refused(refusal.clone(), words.clone()),
        // What is refused because the mailbox is gone is refused, whatever became of the original.
        (Way::Copy | Way::CopyAndClear, Some((Refusal::MailboxGone, words)), false) => {
            After::Refused(Refusal::MailboxGone, words.clone())
        }
        (Way::Copy | Way::CopyAndClear, Some(_), false) => After::Gone,
        (Way::Move, Some(_), false) | (_, None, _) => After::Look,
    }
}

/// What follows when the target was looked through and has nothing.
pub fn not_found(answer: Option<&Answer>) -> NotFound {
    match answer {
        // Cut off before any answer: it may be sent now without making a second one.
        None => NotFound::Send,
        Some(Answer { still: false, .. }) => NotFound::Gone,
        Some(Answer {
            still: true,
            refused: Some((refusal, words)),
        }) => NotFound::Refused(refusal.clone(), words.clone()),
        Some(Answer {
            still: true,
            refused: None,
        }) => NotFound::Refused(
            Refusal::Final,
            "the server said OK and did not do it".to_owned(),
        ),
    }
}

/// See [`not_found`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotFound {
    /// It did not happen: send it.
    Send,
    /// The message is gone from the source, and the target has it not.
    Gone,
    /// It did not happen, and why.
    Refused(Refusal, String),
}

/// What a message is known by when its UID is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Its Message-ID; may be empty.
    pub message_id: String,
    /// INTERNALDATE in seconds since 1970; `None` where the server gives its own.
    pub date: Option<i64>,
    /// Its size; `None` where the server may count otherwise.
    pub size: Option<u64>,
}

impl Mark {
    fn fits(&self, other: &Candidate) -> bool {
        self.message_id == other.message_id
            && self.date.is_none_or(|date| date == other.date)
            && self.size.is_none_or(|size| size == other.size)
            && (!self.message_id.is_empty() || self.date.is_some() || self.size.is_some())
    }
}

/// A message that is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sought {
    /// For which operation.
    pub operation: OperationId,
    /// What it is known by.
    pub mark: Mark,
    /// It cannot be below this.
    pub from: u32,
}

/// A message that the target has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its UID.
    pub uid: Uid,
    /// Its Message-ID; may be empty.
    pub message_id: String,
    /// INTERNALDATE.
    pub date: i64,
    /// Its size.
    pub size: u64,
}

/// Finds each sought message, in order, each candidate for one only. `taken` are UIDs that belong
/// to other messages.
pub fn find(
    sought: &[Sought],
    candidates: &[Candidate],
    taken: impl Fn(Uid) -> bool,
) -> BTreeMap<OperationId, Uid> {
    let mut by_id: BTreeMap<&str, Vec<&Candidate>> = BTreeMap::new();
    for candidate in candidates {
        let id = candidate.message_id.as_str();
        by_id.entry(id).or_default().push(candidate);
    }
    for found in by_id.values_mut() {
        found.sort_by_key(|candidate| candidate.uid);
    }
    let mut used = BTreeSet::new();
    let mut found = BTreeMap::new();
    for one in sought {
        let near = by_id.get(one.mark.message_id.as_str());
        let fits = near.into_iter().flatten().find(|candidate| {
            candidate.uid.0 >= one.from
                && one.mark.fits(candidate)
                && !used.contains(&candidate.uid)
                && !taken(candidate.uid)
        });
        if let Some(candidate) = fits {
            used.insert(candidate.uid);
            found.insert(one.operation, candidate.uid);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: Status, code: Option<Code>, text: &str) -> Reply {
        let text = text.to_owned();
        Reply { status, code, text }
    }

    #[test]
    fn r11_what_is_refused_for_now_is_tried_again_and_the_rest_is_told() {
        for (status, code, expect) in [
            (Status::Ok, None, None),
            (Status::No, None, Some(Refusal::Final)),
            (Status::Bad, None, Some(Refusal::Final)),
            (Status::No, Some(Code::NoPerm), Some(Refusal::Final)),
            (Status::No, Some(Code::Limit), Some(Refusal::Later(60))),
            (Status::No, Some(Code::InUse), Some(Refusal::Later(60))),
            (
                Status::No,
                Some(Code::Unavailable),
                Some(Refusal::Later(60)),
            ),
            (Status::No, Some(Code::OverQuota), Some(Refusal::Later(900))),
            (
                Status::No,
                Some(Code::TryCreate),
                Some(Refusal::MailboxGone),
            ),
            (
                Status::No,
                Some(Code::NonExistent),
                Some(Refusal::MailboxGone),
            ),
        ] {
            assert_eq!(
                refusal(&reply(status, code.clone(), "x")),
                expect,
                "{code:?}"
            );
        }
        assert_eq!(words(&reply(Status::No, None, " full ")), "full");
        assert!(words(&reply(Status::No, None, "")).contains("not why"));
    }

    #[test]
    fn r9_an_ok_is_no_proof() {
        let answer = |still, words: Option<&str>| Answer {
            still,
            refused: words.map(|words| (Refusal::Final, words.to_owned())),
        };
        let no = || After::Refused(Refusal::Final, "no".to_owned());
        for way in [Way::Move, Way::Copy, Way::CopyAndClear] {
            let proven = After::Proven(Uid(9));
            for answer in [answer(false, None), answer(true, Some("no"))] {
                assert_eq!(after(way, Some(Uid(9)), &answer), proven);
            }
            assert_eq!(after(way, None, &answer(true, None)), After::Look);
            assert_eq!(after(way, None, &answer(false, None)), After::Look);
            assert_eq!(after(way, None, &answer(true, Some("no"))), no());
        }
        // Half of a MOVE may have been done before it was refused.
        let gone = answer(false, Some("no"));
        assert_eq!(after(Way::Move, None, &gone), After::Look);
        assert_eq!(after(Way::Copy, None, &gone), After::Gone);
        assert_eq!(not_found(None), NotFound::Send);
        assert_eq!(not_found(Some(&gone)), NotFound::Gone);
        let refused = NotFound::Refused(Refusal::Final, "no".to_owned());
        assert_eq!(not_found(Some(&answer(true, Some("no")))), refused);
        let NotFound::Refused(Refusal::Final, why) = not_found(Some(&answer(true, None))) else {
            panic!("an OK that did nothing is told");
        };
        assert!(why.contains("OK"));
    }

    #[test]
    fn r9_a_message_is_found_by_id_size_and_date_once_and_not_below_uidnext() {
        let candidate = |uid, id: &str, size| Candidate {
            uid: Uid(uid),
            message_id: id.to_owned(),
            date: 100,
            size,
        };
        let candidates = [
            candidate(12, "<a>", 5),
            candidate(10, "<a>", 5),
            candidate(11, "<b>", 5),
            candidate(13, "", 7),
            candidate(14, "<c>", 9),
        ];
        let sought = |operation, id: &str, size, from| Sought {
            operation: OperationId(operation),
            mark: Mark {
                message_id: id.to_owned(),
                date: Some(100),
                size: Some(size),
            },
            from,
        };
        let all = [
            sought(1, "<a>", 5, 10),
            sought(2, "<a>", 5, 10),
            sought(3, "<a>", 5, 10),
            sought(4, "<b>", 6, 10),
            sought(5, "", 7, 10),
            sought(6, "<c>", 9, 15),
        ];
        let found: Vec<(i64, u32)> = find(&all, &candidates, |uid| uid == Uid(11))
            .into_iter()
            .map(|(id, uid)| (id.0, uid.0))
            .collect();
        assert_eq!(found, [(1, 10), (2, 12), (5, 13)]);
        let loose = Sought {
            mark: Mark {
                message_id: "<b>".to_owned(),
                date: None,
                size: None,
            },
            ..sought(7, "", 0, 10)
        };
        let taken = |uid| uid == Uid(11);
        assert!(find(std::slice::from_ref(&loose), &candidates, taken).is_empty());
        assert_eq!(find(&[loose], &candidates, |_| false).len(), 1);
    }
}
