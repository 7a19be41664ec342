//! Properties: what is encoded reads back, and no octets make the machine panic.

use proptest::prelude::*;

use super::play::Player;
use crate::imap::encode::{Dialect, Segment, encode};
use crate::imap::frame::{Framer, Piece};
use crate::imap::value::{Cursor, Text};
use crate::imap::{Capabilities, Command, Limits, MailboxName, Quirks, Security};
use crate::protocol::Protocol;

const LINES: &str = include_str!("../../../tests/transcripts/imap/imap-lines.txt");

/// The argument of `LSUB "" argument` as a server reads it.
fn read_back(segments: &[Vec<u8>]) -> Vec<u8> {
    let mut wire = b"* ".to_vec();
    wire.extend(segments.concat());
    let mut framer = Framer::new();
    let limits = Limits {
        inline: u64::MAX,
        ..Limits::default()
    };
    let mut rest = wire.as_slice();
    while !rest.is_empty() {
        let (taken, piece) = framer.push(rest, &limits);
        rest = &rest[taken..];
        if let Piece::Response = piece {
            assert!(rest.is_empty());
        }
    }
    let (text, literals) = framer.response();
    let mut cursor = Cursor::new(text, literals);
    for _ in 0..4 {
        cursor.skip();
    }
    let Ok(Text::Bytes(bytes)) = cursor.string() else {
        panic!("{}", String::from_utf8_lossy(&wire));
    };
    bytes.into_owned()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn an_argument_reads_back_as_it_was(bytes in proptest::collection::vec(1u8.., 0..80), plus: bool) {
        let name = MailboxName::from_wire(&bytes);
        prop_assert_eq!(name.wire(), bytes.clone());
        let capabilities = Capabilities::of(plus.then_some("LITERAL+"));
        let command = Command::Lsub { reference: MailboxName::default(), pattern: name };
        let dialect = Dialect { capabilities: &capabilities, quirks: Quirks::default() };
        let segments = encode("a1", &command, dialect).unwrap();
        prop_assert_eq!(plus && segments.len() > 1, false);
        let bytes_of = |segment: Segment| match segment {
            Segment::Bytes(transmit) => transmit.bytes,
            Segment::Source { .. } => Vec::new(),
        };
        let segments: Vec<Vec<u8>> = segments.into_iter().map(bytes_of).collect();
        prop_assert_eq!(read_back(&segments), bytes);
    }

    #[test]
    fn modified_utf_7_reads_back_as_it_was(name in "\\PC{0,40}") {
        let encoded = MailboxName::encode(&name);
        prop_assert!(encoded.as_str().is_ascii());
        prop_assert_eq!(encoded.decoded(), name);
    }

    #[test]
    fn p9_any_name_goes_back_as_it_came(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        let name = MailboxName::from_wire(&bytes);
        prop_assert_eq!(MailboxName::from_stored(name.as_str()).wire(), bytes);
        name.decoded();
    }

    #[test]
    fn p6_no_octets_make_the_machine_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..400), piece in 1usize..50,
    ) {
        let mut player = Player::new(Security::Plain);
        player.feed(b"* PREAUTH [CAPABILITY IMAP4rev1] x\r\n");
        player.submit(Command::Noop);
        for part in bytes.chunks(piece) {
            player.machine.feed(part, player.now);
        }
    }

    #[test]
    fn p6_no_mutated_line_makes_the_machine_panic(
        line in 0..LINES.lines().count(), at in any::<prop::sample::Index>(), octet: u8, cut: bool,
    ) {
        let line = LINES.lines().nth(line).unwrap().replace("\\r\\n", "\r\n");
        let mut bytes = format!("{line}\r\n").into_bytes();
        let at = at.index(bytes.len());
        if cut { bytes.remove(at); } else { bytes[at] = octet; }
        let mut player = Player::new(Security::Plain);
        player.feed(b"* PREAUTH [CAPABILITY IMAP4rev1] x\r\n");
        player.machine.feed(&bytes, player.now);
        player.machine.feed(b"* 1 EXISTS\r\n", player.now);
    }
}

#[test]
fn names_that_are_no_modified_utf_7_stay_as_sent() {
    for (wire, shown) in [
        ("Entw&APw-rfe", "Entwürfe"),
        ("a&-b", "a&b"),
        ("&ZeVnLIqe-", "日本語"),
        ("&2D3eAA-", "😀"),
        ("a&b", "a&b"),
        ("&AP-", "&AP-"),
        ("&2D0-", "&2D0-"),
        ("&!!!-", "&!!!-"),
        ("Entwürfe", "Entwürfe"),
    ] {
        let name = MailboxName::from_wire(wire.as_bytes());
        assert_eq!(name.decoded(), shown);
        assert_eq!(name.wire(), wire.as_bytes());
    }
    assert!(MailboxName::from_wire(b"inbox").is_inbox());
}

/// What a server that idles does with what it was sent: one line at a time, in order.
#[derive(Default)]
struct Idler {
    /// Octets of the client that were read.
    read: usize,
    /// The tag of the IDLE that runs.
    idles: Option<String>,
}

impl Idler {
    /// Takes all that was sent so far and answers it.
    fn answer(&mut self, player: &mut Player) {
        loop {
            let sent = String::from_utf8(player.sent[self.read..].to_vec()).unwrap();
            let Some((line, _)) = sent.split_once("\r\n") else {
                return;
            };
            self.read += line.len() + 2;
            let said = match (self.idles.take(), line.split_once(' ')) {
                (Some(tag), None) if line == "DONE" => format!("{tag} OK done\r\n"),
                (None, Some((tag, "IDLE"))) => {
                    self.idles = Some(tag.to_owned());
                    "+ idling\r\n".to_owned()
                }
                (None, Some((tag, "NOOP"))) => format!("{tag} OK\r\n"),
                (idles, _) => panic!("{line:?} was said into {idles:?}"),
            };
            player.feed(said.as_bytes());
        }
    }
}

#[test]
fn in_whatever_order_idle_and_done_and_answers_come_nothing_waits_behind_an_idle() {
    // In each word: IDLE or its DONE, a command, or the server's turn.
    let steps = 8;
    for word in 0..3_usize.pow(steps) {
        let mut player = Player::new(Security::Tls);
        player.feed(b"* PREAUTH [CAPABILITY IMAP4rev1 IDLE] hello\r\n");
        let (mut server, mut idles, mut submitted) = (Idler::default(), false, 0);
        let mut left = word;
        for _ in 0..steps {
            match left % 3 {
                0 => {
                    player.submit(if idles { Command::Done } else { Command::Idle });
                    idles = !idles;
                    submitted += 1;
                }
                1 if !idles => {
                    player.submit(Command::Noop);
                    submitted += 1;
                }
                _ => server.answer(&mut player),
            }
            left /= 3;
        }
        if idles {
            player.submit(Command::Done);
            submitted += 1;
        }
        server.answer(&mut player);
        assert!(!player.machine.is_idle(), "word {word}");
        let done = player.said.iter().filter(|said| said.starts_with("Done "));
        assert_eq!(done.count(), submitted, "word {word}: {:?}", player.said);
    }
}
