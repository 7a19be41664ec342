//! What came: which message it is, when it arrived, and how it goes into the store.

use crate::mime::header::{self, Header};
use crate::mime::{envelope, structure};
use crate::model::maildrop::{Digest, SeenKey};
use crate::model::{AccountKey, Flags, MailboxKey, RequestId, Structure};
use crate::store::bodies::{self, Piece};
use crate::store::maildrop::{self, Fresh};
use crate::store::messages::{self, Arrived};
use crate::store::requests::{self, Progress};
use crate::store::{StoreError, Tx, contents, mutes};

use super::super::plan::maildrop::{Entry, Met};

/// What waits for its transaction.
pub(super) enum Ready {
    New {
        entry: Entry,
        arrived: Box<Arrived>,
        head: Digest,
        /// All its bytes; `None` if only the header came.
        piece: Option<Piece>,
    },
    Renamed {
        key: SeenKey,
        entry: Entry,
        /// All its bytes came, and were those that are here.
        whole: bool,
    },
    Body {
        number: u32,
        key: SeenKey,
        piece: Piece,
        octets: u64,
        structure: Option<Box<Structure>>,
        request: Option<RequestId>,
    },
}

/// What a transaction put into the store.
pub(super) struct Stored {
    pub(super) met: Met,
    /// All its bytes came over this connection.
    pub(super) whole: bool,
    /// How the list knows it.
    pub(super) was: Was,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Was {
    Unknown,
    Renamed,
    Known,
}

/// Puts one message, or what is new of it, into the store.
pub(super) fn store(
    tx: &Tx<'_>,
    (account, inbox): (AccountKey, MailboxKey),
    own: &[String],
    ready: Ready,
) -> Result<Stored, StoreError> {
    match ready {
        Ready::New {
            entry,
            arrived,
            head,
            piece,
        } => {
            let (message, content) = messages::insert_local(tx, inbox, &arrived)?;
            let hash = piece.as_ref().and_then(Piece::hash);
            if let Some(piece) = piece {
                bodies::store(tx, &piece.of(content))?;
            }
            let fresh = Fresh {
                uidl: entry.uidl,
                head,
                hash,
                message,
            };
            let key = maildrop::note(tx, account, &fresh)?;
            mutes::file(tx, &[message], own)?;
            Ok(Stored {
                met: Met {
                    number: entry.number,
                    key,
                },
                whole: hash.is_some(),
                was: Was::Unknown,
            })
        }
        Ready::Renamed { key, entry, whole } => {
            maildrop::rename(tx, account, key, entry.uidl.as_deref())?;
            let number = entry.number;
            Ok(Stored {
                met: Met { number, key },
                whole,
                was: Was::Renamed,
            })
        }
        Ready::Body {
            number,
            key,
            piece,
            octets,
            structure,
            request,
        } => {
            let hash = piece.hash().unwrap_or_default();
            // It may have been deleted here for good while its bytes came.
            let there = maildrop::message(tx, key)?;
            if there.is_some() {
                // With the bytes, an upload that waits for them takes what is known of them.
                if let Some(structure) = &structure {
                    contents::set_structure(tx, piece.content(), structure)?;
                }
                bodies::store(tx, &piece)?;
                maildrop::complete(tx, key, &hash, octets)?;
            }
            if let Some(id) = request {
                requests::set_progress(tx, id, &Progress::Done)?;
            }
            Ok(Stored {
                met: Met { number, key },
                whole: there.is_some(),
                was: Was::Known,
            })
        }
    }
}

/// The hash of a header, as TOP and RETR both give it; `None` for what has no header that both
/// would end at the same place.
pub(super) fn head(raw: &[u8]) -> Option<Digest> {
    let end = Header::parse(raw).body();
    let head = raw.get(..end).unwrap_or_default().trim_ascii_end();
    (!head.is_empty()).then(|| *blake3::hash(head).as_bytes())
}

/// What a header tells of a message.
pub(super) fn arrived_of_header(raw: &[u8], now: i64) -> Arrived {
    let fields = Header::parse(raw);
    let envelope = envelope::of_header(&fields);
    Arrived {
        flags: Flags::none(),
        arrival: arrival(&fields, envelope.date, now),
        envelope: Some(envelope),
        ..Arrived::default()
    }
}

/// What all its bytes tell of a message.
pub(super) fn arrived_whole(raw: &[u8], now: i64) -> Arrived {
    let (tree, _) = structure::of_message(raw);
    Arrived {
        size: u64::try_from(raw.len()).unwrap_or(u64::MAX),
        structure: Some(tree),
        ..arrived_of_header(raw, now)
    }
}

/// POP3 tells no time of arrival: the topmost Received field does, written by the server itself,
/// else the Date field. What lies ahead is now.
fn arrival(fields: &Header<'_>, date: Option<i64>, now: i64) -> i64 {
    let received = fields.first("Received").and_then(|value| {
        let at = memchr::memrchr(b';', value)?;
        header::date(value.get(at + 1..)?)
    });
    received
        .map(|date| date.epoch)
        .or(date)
        .unwrap_or(now)
        .min(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r20_top_and_retr_of_one_message_have_one_head() {
        let whole = b"Received: x; Sat, 21 Nov 2026 08:02:00 +0000\r\nSubject: a\r\n\r\nbody\r\n";
        let top = b"Received: x; Sat, 21 Nov 2026 08:02:00 +0000\r\nSubject: a\r\n\r\n";
        let bare = b"Received: x; Sat, 21 Nov 2026 08:02:00 +0000\r\nSubject: a\r\n";
        assert!(head(whole).is_some());
        assert_eq!(head(whole), head(top));
        assert_eq!(head(whole), head(bare));
        // Text without a header says nothing: each such message would be every other.
        assert_eq!(head(b"no header here\r\nat all\r\n"), None);
        assert_eq!(head(b"\r\nbody"), None);
        assert_eq!(head(b""), None);
    }

    #[test]
    fn a_message_arrived_when_the_server_says_it_received_it() {
        const NOW: i64 = 1_795_300_000;
        let check = |raw: &[u8], expected: i64| {
            assert_eq!(arrived_of_header(raw, NOW).arrival, expected);
        };
        let received = 1_795_248_120;
        check(
            b"Received: from x (a; b) by y; Sat, 21 Nov 2026 08:02:00 +0000\r\n\
              Received: from z; Fri, 20 Nov 2026 08:02:00 +0000\r\n\
              Date: Fri, 20 Nov 2026 01:00:00 +0000\r\n\r\n",
            received,
        );
        check(b"Date: Sat, 21 Nov 2026 08:02:00 +0000\r\n\r\n", received);
        check(b"Date: Sat, 21 Nov 2037 08:02:00 +0000\r\n\r\n", NOW);
        check(b"Subject: x\r\n\r\n", NOW);
    }
}
