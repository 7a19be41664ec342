//! SAFETY sections 1, 2 and 9, as far as a machine without a socket can show them.

use std::time::Instant;

use super::play::{Player, command};
use crate::pop3::{Command, Event, Limits, Machine, Options, Security, SignIn, Way};
use crate::protocol::{Output, Protocol, Time};

const CAPA: &str = "+OK\r\nUIDL\r\nTOP\r\nUSER\r\nSTLS\r\nSASL PLAIN XOAUTH2\r\n.\r\n";

/// Plays `server` against a waiting sign-in; what was sent and the last thing said.
fn against(security: Security, server: &str) -> (String, String) {
    let mut player = Player::new(security);
    player.submit(command("password joe canary"));
    player.feed(server.as_bytes());
    for _ in 0..3 {
        player.wait(301);
    }
    (
        player.sent(),
        player.said.last().cloned().unwrap_or_default(),
    )
}

#[test]
fn t1_without_tls_not_one_octet_of_a_sign_in_is_sent() {
    for server in [
        "",
        "+OK hi\r\n",
        "+OK hi\r\n+OK\r\nUSER\r\nSASL PLAIN\r\n.\r\n",
        "+OK hi\r\n+OK\r\n.\r\n",
        "+OK hi\r\n-ERR no CAPA\r\n-ERR no STLS\r\n",
        "+OK hi\r\n-ERR no CAPA\r\n",
        "+OK hi\r\n+OK\r\nSTLS\r\n.\r\n-ERR later\r\n",
        "+OK hi\r\n+OK\r\nSTLS\r\n.\r\ngarbage\r\n",
        "+OK hi\r\n+OK\r\nSTLS\r\n.\r\n+ go on\r\n",
        "+OK hi\r\n+OK\r\nSTLS\r\n.\r\n",
        "+OK hi\r\n+OK\r\nSTLS\r\n",
        "+OK hi\r\ngarbage\r\n",
    ] {
        let (sent, last) = against(Security::StartTls, server);
        for word in ["USER", "PASS", "AUTH", "joe", "canary"] {
            assert!(!sent.contains(word), "{server}: {sent}");
        }
        let over = last.starts_with("Broken") || last.starts_with("Refused");
        assert!(over, "{server}: {last}");
    }
}

#[test]
fn t3_octets_behind_the_answer_to_stls_break_the_link() {
    let mut machine = Machine::new(Options::new(Security::StartTls, Time::default()));
    machine.submit(command("password joe canary"));
    machine.feed(b"+OK hi\r\n", Time::default());
    assert!(machine.poll_transmit().is_some());
    machine.feed(CAPA.as_bytes(), Time::default());
    assert!(machine.poll_transmit().is_some());
    let injected = b"+OK go\r\n+OK\r\nUSER\r\n.\r\n+OK joe\r\n+OK in\r\n";
    assert_eq!(machine.feed(injected, Time::default()), 8);
    assert!(matches!(machine.poll_event(), Some(Output::Broken(_))));
    assert!(machine.poll_event().is_none() && machine.poll_transmit().is_none());
}

#[test]
fn t4_what_was_said_before_tls_leaves_no_trace() {
    let mut player = Player::new(Security::StartTls);
    player.submit(command("password joe canary"));
    player.feed(b"+OK evil hello\r\n");
    player
        .feed(b"+OK\r\nSTLS\r\nSASL PLAIN\r\nPIPELINING\r\nLOGIN-DELAY 9\r\nUTF8\r\n.\r\n+OK\r\n");
    player.feed(b"-ERR nothing\r\n");
    assert_eq!(player.said, ["Upgrade Tls", "Ready top uidl user"]);
    assert_eq!(player.sent(), "CAPA\r\nSTLS\r\nCAPA\r\nUSER joe\r\n");
}

#[test]
fn t5_an_answer_to_what_was_not_sent_is_fatal() {
    for (security, server) in [
        (Security::Tls, "+OK hi\r\n+OK\r\n.\r\n+OK joe\r\n+OK in\r\n"),
        (Security::Tls, "+OK hi\r\n-ERR\r\n"),
        (Security::StartTls, "+OK hi\r\n+OK\r\nSTLS\r\n.\r\n+OK\r\n"),
    ] {
        let mut machine = Machine::new(Options::new(security, Time::default()));
        machine.submit(command("password joe canary"));
        machine.feed(server.as_bytes(), Time::default());
        let mut outputs = std::iter::from_fn(|| machine.poll_event());
        assert!(outputs.any(|o| matches!(o, Output::Broken(_))), "{server}");
        assert!(machine.poll_transmit().is_none(), "{server}");
    }
    let mut player = Player::new(Security::Tls);
    player.feed(format!("+OK hi\r\n{CAPA}").as_bytes());
    player.feed(b"+OK 0 messages deleted\r\n");
    assert!(
        player.said.last().unwrap().starts_with("Broken"),
        "{:?}",
        player.said
    );
}

#[test]
fn t5_a_yes_before_the_secret_was_asked_for_is_fatal() {
    let mut player = Player::new(Security::Tls);
    player.feed(format!("+OK hi\r\n{CAPA}").as_bytes());
    player.submit(Command::SignIn(SignIn {
        login: "joe".to_owned(),
        secret: "t".repeat(300).into(),
        way: Way::XOAuth2,
    }));
    player.feed(b"+OK in already\r\n");
    assert!(player.sent().ends_with("AUTH XOAUTH2\r\n"));
    assert!(
        player.said.last().unwrap().starts_with("Broken"),
        "{:?}",
        player.said
    );
}

#[test]
fn t6_an_odd_greeting_sends_nothing() {
    let long = format!("+OK {}\r\n", "x".repeat(1 << 20));
    for server in [
        "-ERR go away\r\n",
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        "220 smtp ready\r\n",
        "* OK imap ready\r\n",
        "+ \r\n",
        "\r\n",
        long.as_str(),
        "+OK without end",
        "",
    ] {
        for security in [Security::Tls, Security::StartTls, Security::Plain] {
            let (sent, last) = against(security, server);
            assert_eq!(sent, "", "{}", &server[..server.len().min(40)]);
            let over = last.starts_with("Broken") || last.starts_with("Refused the connection");
            assert!(over, "{last}");
        }
    }
}

#[test]
fn t10_a_server_that_takes_no_password_gets_none() {
    for (offered, way) in [
        ("UIDL\r\nSASL CRAM-MD5\r\n", "password"),
        ("UIDL\r\nSASL PLAIN\r\nUSER\r\n", "xoauth2"),
    ] {
        let mut player = Player::new(Security::Tls);
        player.feed(format!("+OK hi\r\n+OK\r\n{offered}.\r\n").as_bytes());
        player.submit(command(&format!("{way} joe canary")));
        assert_eq!(player.sent(), "CAPA\r\n");
        let last = player.said.last().unwrap();
        assert!(last.starts_with("Done 1 NotSent"), "{last}");
    }
}

#[test]
fn p10_no_login_and_no_password_makes_a_second_command() {
    let hostile = [
        "a\r\nDELE 1",
        "a\nDELE 1",
        "a\rDELE 1",
        "a\0b",
        "\r\n",
        "{5+}\"\\",
    ];
    for offered in ["USER\r\n", "USER\r\nSASL PLAIN\r\n", "SASL XOAUTH2\r\n"] {
        for (login, secret) in hostile.iter().flat_map(|h| [(*h, "canary"), ("joe", *h)]) {
            let mut player = Player::new(Security::Tls);
            player.feed(format!("+OK hi\r\n+OK\r\nUIDL\r\nTOP\r\n{offered}.\r\n").as_bytes());
            player.submit(Command::SignIn(SignIn {
                login: login.to_owned(),
                secret: secret.into(),
                way: if offered.contains("XOAUTH2") {
                    Way::XOAuth2
                } else {
                    Way::Password
                },
            }));
            player.feed(b"+OK\r\n");
            let sent = player.sent();
            let lines: Vec<&str> = sent.split("\r\n").collect();
            let names = ["CAPA", "USER ", "PASS ", "AUTH ", ""];
            let known = |line: &&str| names.iter().any(|name| line.starts_with(name));
            assert!(lines.iter().all(known) && lines.len() <= 4, "{sent:?}");
            assert!(
                !sent.replace("\r\n", "").contains(['\r', '\n', '\0']),
                "{sent:?}"
            );
            assert!(!sent.contains("DELE"), "{sent:?}");
        }
    }
}

/// A player that is ready and has asked this.
fn asked(text: &str, limits: Limits) -> Player {
    let options = Options {
        limits,
        ..Options::new(Security::Tls, Time::default())
    };
    let mut player = Player::with(options);
    player.feed(b"+OK hi\r\n-ERR\r\n");
    player.submit(command(text));
    player
}

#[test]
fn p4_p13_what_does_not_end_is_ended() {
    let limits = Limits {
        listed: 5000,
        listing: 1 << 20,
        message: 1 << 20,
        ..Limits::default()
    };
    let long = format!("1 {}\r\n", "u".repeat(2000));
    for (command, head, flood) in [
        ("uidl", "+OK\r\n", "1 a\r\n"),
        ("uidl", "+OK\r\n", long.as_str()),
        ("uidl", "+OK\r\n", "\r\n"),
        ("uidl", "+OK\r\n", "x"),
        ("list", "+OK\r\n", "1 1\r\n"),
        ("retr 1", "+OK 3 octets\r\n", "line\r\n"),
        ("retr 1", "+OK 3 octets\r\n", "no line end"),
        ("top 1 0", "+OK\r\n", "\n.\n"),
        ("noop", "+OK ", "words"),
        ("noop", "", "\0"),
    ] {
        let mut player = asked(command, limits);
        player.feed(head.as_bytes());
        let flood = flood.repeat(4096 / flood.len() + 1);
        let mut fed = 0;
        while !player.said.iter().any(|said| said.starts_with("Broken")) {
            // What was told is nobody's any more.
            player.said.retain(|said| said.starts_with("Ready"));
            player.feed(flood.as_bytes());
            fed += flood.len();
            assert!(fed < 4 << 20, "{command} {head}");
        }
    }
    let mut player = Player::new(Security::Tls);
    player.feed(b"+OK hi\r\n+OK\r\n");
    player.feed("SASL X\r\n".repeat(1000).as_bytes());
    assert_eq!(player.said, ["Broken capabilities without end"]);
}

#[test]
fn p13_a_listing_of_a_hundred_thousand_comes_in_batches() {
    let mut machine = asked("uidl", Limits::default()).machine;
    let mut wire = b"+OK\r\n".to_vec();
    for number in 1..=100_000 {
        wire.extend_from_slice(format!("{number} {number:070}\r\n").as_bytes());
    }
    wire.extend_from_slice(b".\r\n");
    let (mut entries, mut most) = (0, 0);
    for piece in wire.chunks(16 << 10) {
        machine.feed(piece, Time::default());
        while let Some(output) = machine.poll_event() {
            match output {
                Output::Event(Event::Uniques(_, all)) => {
                    entries += all.len();
                    most = most.max(all.len());
                }
                Output::Done(_, reply) => assert!(reply.is_ok() && reply.odd == 0),
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!((entries, most), (100_000, 1000));
}

#[test]
fn p13_a_message_without_its_dot_never_ends_well() {
    let mut player = Player::new(Security::Tls);
    player.feed(b"+OK hi\r\n+OK\r\nPIPELINING\r\nUIDL\r\nTOP\r\n.\r\n");
    for text in ["retr 1", "retr 2", "noop"] {
        player.submit(command(text));
    }
    // The answer to the second is taken for octets of the first, so one answer never comes.
    player.feed(b"+OK\r\none\r\n+OK\r\ntwo\r\n.\r\n+OK\r\n");
    player.wait(61);
    let said = &player.said[1..];
    assert!(said[0].starts_with("Chunk 1 \"one\\r\\n+OK"), "{said:?}");
    assert!(
        !said.iter().any(|said| said.starts_with("Done 2")),
        "{said:?}"
    );
    assert!(
        said.last().unwrap().starts_with("Broken no answer to RETR"),
        "{said:?}"
    );
}

#[test]
fn p13_memory_follows_what_came_and_is_handed_on() {
    let mut machine = asked("retr 1", Limits::default()).machine;
    machine.feed(b"+OK 5 octets\r\n", Time::default());
    let (mut got, mut largest) = (0, 0);
    let piece = vec![b'.'; 100_000];
    for _ in 0..500 {
        machine.feed(&piece, Time::default());
        while let Some(output) = machine.poll_event() {
            let Output::Chunk { bytes, end, .. } = output else {
                panic!("{output:?}");
            };
            assert!(
                !end && bytes.capacity() <= 128 << 10,
                "{}",
                bytes.capacity()
            );
            got += bytes.len();
            largest = largest.max(bytes.len());
        }
    }
    // The one dot that opens the first line was put there by the server.
    assert!(got > 49_900_000, "{got}");
    assert!(largest <= (64 << 10) + 2, "{largest}");
}

/// Seconds for a message of so many octets in pieces of that size.
fn time_of(size: usize, piece: usize) -> f64 {
    let mut machine = asked("retr 1", Limits::default()).machine;
    machine.feed(b"+OK\r\n", Time::default());
    let line =
        b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef01234567\r\n..\r\n";
    let mut wire = line.repeat(size / line.len());
    wire.extend_from_slice(b".\r\n");
    let started = Instant::now();
    let mut done = false;
    for part in wire.chunks(piece) {
        machine.feed(part, Time::default());
        while let Some(output) = machine.poll_event() {
            done |= matches!(output, Output::Done(..));
        }
    }
    assert!(done);
    started.elapsed().as_secs_f64()
}

#[test]
fn p2_small_segments_cost_linear_time() {
    let best = |size, piece| {
        (0..3)
            .map(|_| time_of(size, piece))
            .fold(f64::MAX, f64::min)
    };
    // Others share the processor: what must not be is a price that grows with what came before.
    let slack = 0.5;
    let (whole, segments) = (best(50 << 20, 128 << 10), best(50 << 20, 1400));
    assert!(
        segments < whole * 3.0 + slack,
        "{whole} s in large pieces, {segments} s in segments"
    );
    let (small, large) = (best(1 << 20, 1), best(4 << 20, 1));
    assert!(
        large < small * 4.0 * 3.0 + slack,
        "octets: {small} s, then {large} s"
    );
}

#[test]
fn p14_words_of_a_server_are_short_and_hold_no_secret() {
    let mut player = asked("noop", Limits::default());
    player.feed(format!("-ERR [{}] {}\r\n", "x".repeat(3000), "y".repeat(3000)).as_bytes());
    assert!(
        player.said.last().unwrap().len() < 2200,
        "{:?}",
        player.said
    );
    for offered in ["USER", "SASL PLAIN", "SASL XOAUTH2"] {
        let mut player = Player::new(Security::Tls);
        player.feed(format!("+OK hi\r\n+OK\r\nUIDL\r\nTOP\r\n{offered}\r\n.\r\n").as_bytes());
        let way = if offered.contains("X") {
            "xoauth2"
        } else {
            "password"
        };
        // The end of the words is cut behind the beginning of the secret.
        let secret = format!("canary.7{}", "x".repeat(300));
        player.submit(command(&format!("{way} joe {secret}")));
        player.feed(if offered == "USER" {
            b"+OK\r\n"
        } else {
            b"+ \r\n"
        });
        let sent = player.sent();
        let last = sent.lines().last().unwrap();
        let echo = [last; 3].join(" ");
        player.feed(format!("-ERR no: {:700} {echo}\r\n", "x").as_bytes());
        let said = player.said.last().unwrap();
        let coded = &last.rsplit(' ').next().unwrap()[..20];
        assert!(said.starts_with("Done 1 Err"), "{said}");
        assert!(
            !said.contains("canary.7") && !said.contains(coded),
            "{said}"
        );
    }
}

#[test]
fn s2_neither_a_log_nor_debug_nor_an_error_shows_a_secret() {
    for offered in ["USER", "SASL PLAIN", "SASL XOAUTH2"] {
        for secret in ["canary".to_owned(), "canary".repeat(60)] {
            let way = if offered.contains("X") {
                Way::XOAuth2
            } else {
                Way::Password
            };
            let who = SignIn {
                login: "joe".to_owned(),
                secret: secret.as_str().into(),
                way,
            };
            let mut machine = Machine::new(Options::new(Security::Tls, Time::default()));
            let mut log = format!("{:?}", Command::SignIn(who.clone()));
            machine.submit(Command::SignIn(who));
            log.push_str(&format!("{machine:?}"));
            let capa = format!("+OK\r\nUIDL\r\nTOP\r\n{offered}\r\n.\r\n");
            let mut wire = Vec::new();
            for server in [
                "+OK hi\r\n",
                &capa,
                "+OK\r\n",
                "+ \r\n",
                "+ \r\n",
                "+OK\r\n",
            ] {
                machine.feed(server.as_bytes(), Time::default());
                log.push_str(&format!("{machine:?}"));
                while let Some(transmit) = machine.poll_transmit() {
                    log.push_str(&format!("{transmit:?} {}", transmit.redacted()));
                    wire.extend_from_slice(&transmit.bytes);
                }
                while let Some(output) = machine.poll_event() {
                    log.push_str(&format!("{output:?}"));
                }
            }
            // Octets of the wire stand in the log of none but the open ranges.
            let wire = String::from_utf8(wire).unwrap();
            for word in wire.split([' ', '\r', '\n']).filter(|word| word.len() > 15) {
                assert!(!log.contains(word), "{offered}: {word}");
            }
            assert!(
                !log.contains("canary") && log.contains("***"),
                "{offered}: {log}"
            );
        }
    }
}

#[test]
fn the_window_bounds_what_is_asked_and_never_locks() {
    let mut player = Player::new(Security::Tls);
    player.feed(b"+OK hi\r\n+OK\r\nPIPELINING\r\nUIDL\r\nTOP\r\n.\r\n");
    for number in 1..=2000 {
        player.submit(Command::Dele { number });
    }
    player.submit(Command::Quit);
    let open = |player: &Player, answered: usize| player.sent().matches("DELE").count() - answered;
    assert_eq!(open(&player, 0), 256);
    for answered in 1..=2000 {
        player.feed(b"+OK\r\n");
        let open = open(&player, answered);
        assert!(
            open <= 256 && (open == 256 || answered > 1744),
            "{answered}: {open}"
        );
        let quit = player.sent().ends_with("QUIT\r\n");
        assert_eq!(quit, answered == 2000, "{answered}");
    }
    player.feed(b"+OK bye\r\n");
    let done = player.said.iter().filter(|said| said.starts_with("Done"));
    assert_eq!(done.count(), 2001);
}
