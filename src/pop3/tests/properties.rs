//! Properties: a message comes out as it went in, and no octets make the machine panic.

use proptest::prelude::*;

use super::play::{Player, command};
use crate::pop3::Security;
use crate::pop3::unstuff::Unstuff;
use crate::protocol::Protocol;

/// What a server sends for a message: by the letter of RFC 1939, in lines that end with CRLF.
fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut start = true;
    for (at, octet) in message.iter().enumerate() {
        if start && *octet == b'.' {
            out.push(b'.');
        }
        out.push(*octet);
        start = *octet == b'\n' && at > 0 && message[at - 1] == b'\r';
    }
    if !start {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
    out
}

/// The octets that matter here, often.
fn octets() -> impl Strategy<Value = Vec<u8>> {
    let octet = prop_oneof![
        4 => Just(b'.'),
        4 => Just(b'\r'),
        4 => Just(b'\n'),
        2 => Just(b'a'),
        1 => any::<u8>(),
    ];
    let line = prop_oneof![3 => Just(b"\r\n".to_vec()), 5 => octet.prop_map(|octet| vec![octet])];
    proptest::collection::vec(line, 0..60).prop_map(|parts| parts.concat())
}

/// A player behind its greeting that has all kinds of commands open.
fn busy(pipelining: bool) -> Player {
    let mut player = Player::new(Security::Tls);
    player.feed(b"+OK hi\r\n+OK\r\n");
    player.feed(if pipelining {
        b"PIPELINING\r\nUIDL\r\nTOP\r\nUSER\r\n.\r\n"
    } else {
        b"UIDL\r\nTOP\r\nSASL PLAIN\r\n.\r\n"
    });
    let early = ["password joe canary", "stat", "list", "uidl", "top 1 0"];
    for text in early.into_iter().chain(["retr 1", "dele 1", "quit"]) {
        player.submit(command(text));
    }
    player
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn a_message_comes_out_as_it_went_in(message in octets(), piece in 1usize..9) {
        let wire = stuffed(&message);
        let mut unstuff = Unstuff::new(false);
        let (mut out, mut ended, mut taken) = (Vec::new(), false, 0);
        for part in wire.chunks(piece) {
            prop_assert!(!ended);
            let (count, end) = unstuff.push(part, &mut out);
            (taken, ended) = (taken + count, end);
        }
        prop_assert!(ended);
        prop_assert_eq!(taken, wire.len());
        let whole = message.is_empty() || message.ends_with(b"\r\n");
        let expected = if whole { message } else { [&message[..], b"\r\n"].concat() };
        prop_assert_eq!(out, expected);
    }

    #[test]
    fn nothing_behind_the_end_is_taken(message in octets(), rest in octets()) {
        let wire = stuffed(&message);
        let both = [&wire[..], &rest[..]].concat();
        let (taken, ended) = Unstuff::new(false).push(&both, &mut Vec::new());
        prop_assert!(ended);
        prop_assert_eq!(taken, wire.len());
    }

    #[test]
    fn p13_no_octets_make_the_machine_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
        replies in proptest::collection::vec("\\+OK( [0-9]{1,20})?|-ERR( \\[[A-Z/-]{0,9}\\]?)?|\\+|\\.|[0-9]{1,12} ?[a-z]{0,4}|", 0..30),
        piece in 1usize..50, pipelining: bool,
    ) {
        let mut player = busy(pipelining);
        let lines = replies.join("\r\n");
        for part in lines.as_bytes().chunks(piece).chain(bytes.chunks(piece)) {
            player.machine.feed(part, player.now);
            while player.machine.poll_transmit().is_some() {}
            while player.machine.poll_event().is_some() {}
        }
    }
}
