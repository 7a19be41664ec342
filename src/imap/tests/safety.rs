//! SAFETY sections 1 and 2, as far as a machine without a socket can show them.

use std::time::Instant;

use super::play::Player;
use crate::imap::{
    Body, Command, Limits, Machine, MailboxName, Mechanism, Options, Security, StoreVerb,
};
use crate::model::{Flags, UidSet};
use crate::protocol::{Output, Protocol, Tag, Time};

fn sign_in() -> Command {
    Command::Login {
        user: "joe".to_owned(),
        password: "canary".into(),
    }
}

/// Plays `server` against a waiting sign-in; what was sent and the last thing said.
fn against(security: Security, server: &str) -> (String, String) {
    let mut player = Player::new(security);
    player.submit(sign_in());
    player.feed(server.as_bytes());
    player.wait(61);
    player.wait(61);
    let sent = String::from_utf8(player.sent).unwrap();
    (sent, player.said.last().cloned().unwrap_or_default())
}

#[test]
fn t1_without_tls_not_one_octet_of_a_sign_in_is_sent() {
    for server in [
        "* OK [CAPABILITY IMAP4rev1] no starttls\r\n",
        "* OK hello\r\n* CAPABILITY IMAP4rev1\r\na2 OK\r\n",
        "* OK hello\r\na2 BAD what\r\n",
        "* OK [CAPABILITY STARTTLS] x\r\na2 NO refused\r\n",
        "* OK [CAPABILITY STARTTLS] x\r\na2 BAD refused\r\n",
        "* OK [CAPABILITY STARTTLS] x\r\ngarbage\r\n",
        "* OK [CAPABILITY STARTTLS] x\r\n* BYE\r\n",
        "* OK [CAPABILITY STARTTLS] x\r\n",
        "* OK [CAPABILITY STARTTLS] x\r\n+ go on\r\n",
        "",
    ] {
        let (sent, last) = against(Security::StartTls, server);
        assert!(
            !sent.contains("LOGIN") && !sent.contains("canary"),
            "{server}: {sent}"
        );
        assert!(last.starts_with("Broken"), "{server}: {last}");
    }
}

#[test]
fn t2_preauth_before_tls_ends_the_connection() {
    let (sent, last) = against(Security::StartTls, "* PREAUTH [CAPABILITY STARTTLS] hi\r\n");
    assert_eq!(sent, "");
    assert!(last.contains("PREAUTH"), "{last}");
}

#[test]
fn t3_octets_behind_the_answer_to_starttls_break_the_link() {
    let mut machine = Machine::new(Options::new(Security::StartTls, Time::default()));
    machine.submit(sign_in());
    machine.feed(b"* OK [CAPABILITY STARTTLS] x\r\n", Time::default());
    assert!(machine.poll_transmit().is_some());
    let injected = b"a2 OK go\r\n* PREAUTH evil\r\na3 OK\r\n";
    assert_eq!(machine.feed(injected, Time::default()), 10);
    assert!(matches!(machine.poll_event(), Some(Output::Broken(_))));
    assert!(machine.poll_event().is_none() && machine.poll_transmit().is_none());
}

#[test]
fn t5_an_answer_to_what_was_not_sent_is_fatal() {
    for (security, server) in [
        (Security::Tls, "* OK hi\r\na1 OK in\r\n"),
        (Security::Tls, "* OK [CAPABILITY X] hi\r\na9 OK in\r\n"),
        (
            Security::StartTls,
            "* OK [CAPABILITY STARTTLS] hi\r\na1 OK\r\na2 OK\r\n",
        ),
        (Security::StartTls, "a1 OK\r\na2 OK\r\n"),
    ] {
        let mut machine = Machine::new(Options::new(security, Time::default()));
        machine.submit(sign_in());
        machine.feed(server.as_bytes(), Time::default());
        let mut outputs = std::iter::from_fn(|| machine.poll_event());
        assert!(outputs.any(|o| matches!(o, Output::Broken(_))), "{server}");
        assert!(machine.poll_transmit().is_none(), "{server}");
    }
}

#[test]
fn t5_ok_before_the_password_was_asked_for_is_fatal() {
    let (sent, last) = against(Security::Tls, "* OK [CAPABILITY AUTH=PLAIN] hi\r\n");
    assert!(
        sent.contains("LOGIN") && last.starts_with("Broken no answer to LOGIN"),
        "{last}"
    );
    let mut player = Player::new(Security::Tls);
    player.feed(b"* OK [CAPABILITY AUTH=PLAIN] hi\r\n");
    player.submit(Command::Authenticate(Mechanism::Plain {
        user: "joe".to_owned(),
        password: "canary".into(),
    }));
    player.feed(b"a1 OK in already\r\n");
    assert!(
        player.said.last().unwrap().starts_with("Broken"),
        "{:?}",
        player.said
    );
}

#[test]
fn t6_an_odd_greeting_sends_nothing() {
    let long = format!("* OK {}\r\n", "x".repeat(1 << 20));
    for server in [
        "* BYE go away\r\n",
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        "220 smtp ready\r\n",
        "+OK pop ready\r\n",
        "* 3 EXISTS\r\n",
        "* NO\r\n",
        "\r\n",
        long.as_str(),
        "",
    ] {
        for security in [Security::Tls, Security::StartTls, Security::Plain] {
            let (sent, last) = against(security, server);
            assert_eq!(sent, "", "{}", &server[..server.len().min(40)]);
            assert!(last.starts_with("Broken"), "{last}");
        }
    }
}

#[test]
fn t10_a_referral_changes_nothing() {
    let mut player = Player::new(Security::Tls);
    player.submit(sign_in());
    player.feed(b"* OK [CAPABILITY X] hi\r\n");
    player.feed(b"a1 NO [REFERRAL imap://evil/] go there\r\n");
    assert_eq!(player.sent, b"a1 LOGIN \"joe\" \"canary\"\r\n");
}

fn ready() -> Player {
    let mut player = Player::new(Security::Tls);
    player.feed(b"* PREAUTH [CAPABILITY IMAP4rev1] hi\r\n");
    player
}

#[test]
fn p1_lies_about_literals_end_in_an_error() {
    for length in ["-5", "4294967296", "99999999999999999999", "104857601"] {
        let mut player = ready();
        player.feed(format!("* 1 FETCH (BODY[] {{{length}}}\r\nab").as_bytes());
        let last = player.said.last().unwrap();
        assert!(
            last.starts_with("Broken") && last.contains("literal"),
            "{length}: {last}"
        );
    }
    // An honest looking length costs nothing before the octets come.
    let mut player = ready();
    player.feed(b"* 1 FETCH (BODY[] {104857600}\r\nab");
    assert_eq!(
        player.said.last().unwrap().split(' ').next(),
        Some("Literal")
    );
}

#[test]
fn p1_a_large_literal_out_of_place_is_cut_and_the_message_kept() {
    let mut player = ready();
    let subject = "x".repeat(3 << 20);
    let line = format!(
        "* 1 FETCH (UID 4 ENVELOPE (NIL {{{}}}\r\n{subject} NIL NIL NIL NIL NIL NIL NIL \"<i>\"))\r\n",
        subject.len()
    );
    player.feed(line.as_bytes());
    let said = player.said.last().unwrap();
    assert!(said.starts_with("Fetched 1 uid=4 envelope=") && said.contains("id \"<i>\""));
    assert!(said.ends_with("!ENVELOPE: subject is too long and was cut"));
    assert!(said.len() < (1 << 20) + 500);
}

#[test]
fn large_bodies_come_in_chunks_with_their_uid_before_them() {
    let body: Vec<u8> = (0..200_000u32).map(|n| n as u8).collect();
    let mut server = format!("* 7 FETCH (UID 9 BODY[2]<5> {{{}}}\r\n", body.len()).into_bytes();
    server.extend_from_slice(&body);
    server.extend_from_slice(b" FLAGS ())\r\n");
    for piece in [1, 7, 1400, 65_536, usize::MAX] {
        let mut machine = ready().machine;
        let mut got = Vec::new();
        let mut said = Vec::new();
        for part in server.chunks(piece) {
            assert_eq!(machine.feed(part, Time::default()), part.len());
            while let Some(output) = machine.poll_event() {
                match output {
                    Output::Chunk { bytes, end, .. } => {
                        got.extend_from_slice(&bytes);
                        assert_eq!(end, got.len() == body.len());
                    }
                    output => said.push(super::describe(&output)),
                }
            }
        }
        assert!(got == body, "in pieces of {piece}");
        assert_eq!(
            said,
            [
                "Literal { literal: 1, length: 200000, seq: 7, uid: Some(Uid(9)), \
                 section: Part(PartPath([2])), origin: Some(5) }",
                "Fetched 7 uid=9 flags=() Part(PartPath([2]))<5>=chunks 1 of 200000",
            ]
        );
    }
}

fn time_of(size: usize, piece: usize) -> f64 {
    let mut machine = ready().machine;
    machine.feed(
        format!("* 1 FETCH (BODY[] {{{size}}}\r\n").as_bytes(),
        Time::default(),
    );
    let body = vec![b'x'; size];
    let started = Instant::now();
    for part in body.chunks(piece) {
        machine.feed(part, Time::default());
        while let Some(output) = machine.poll_event() {
            drop(output);
        }
    }
    started.elapsed().as_secs_f64()
}

#[test]
fn p2_small_segments_cost_linear_time() {
    let best = |size, piece| {
        (0..3)
            .map(|_| time_of(size, piece))
            .fold(f64::MAX, f64::min)
    };
    // Others share the processor: what must not be is a price that grows with what came before,
    // and a quadratic reader takes minutes here.
    let slack = 0.5;
    let (whole, segments) = (best(50 << 20, usize::MAX), best(50 << 20, 1400));
    assert!(
        segments < whole * 3.0 + slack,
        "{whole} s in one write, {segments} s in segments"
    );
    let (small, large) = (best(1 << 20, 1), best(4 << 20, 1));
    assert!(
        large < small * 4.0 * 3.0 + slack,
        "octets: {small} s, then {large} s"
    );
}

#[test]
fn p3_sets_of_all_uids_cost_one_range() {
    let mut player = ready();
    let started = Instant::now();
    player.feed(
        b"* VANISHED 1:4294967295\r\n* ESEARCH (TAG \"a1\") UID ALL 1:4294967295\r\n\
          * OK [COPYUID 1 1:4294967295 1:4294967295] x\r\n* OK [COPYUID 1 1:4294967295 5] y\r\n",
    );
    assert!(started.elapsed().as_millis() < 50);
    assert_eq!(player.said[1], "Vanished earlier=false 1:4294967295");
    assert!(player.said[3].contains("Other { name: \"COPYUID\""));
    assert!(player.said[4].contains("Other { name: \"COPYUID\""));
    // As the answer to a MOVE of all UIDs, which nobody sends, it costs no more.
    let mut player = movable();
    player.submit(Command::Move {
        uids: UidSet::range(1, u32::MAX),
        mailbox: MailboxName::encode("Trips"),
    });
    let started = Instant::now();
    player.feed(b"* OK [COPYUID 1 1:4294967295 1:4294967295] x\r\n");
    assert!(started.elapsed().as_millis() < 50);
    assert!(player.said[1].starts_with("Copied 1 to 1: 1=1 2=2"));
}

fn movable() -> Player {
    let mut player = Player::new(Security::Tls);
    player.feed(b"* PREAUTH [CAPABILITY MOVE UIDPLUS] hi\r\n");
    player
}

#[test]
fn p4_floods_end_in_an_error() {
    let mut options = Options::new(Security::Tls, Time::default());
    options.limits = Limits {
        lines: 1000,
        listed: 100,
        line: 10_000,
        response: 100_000,
        ..Limits::default()
    };
    let flood = |line: &str, times: usize| {
        let mut machine = Machine::new(options.clone());
        machine.feed(b"* PREAUTH [CAPABILITY X] hi\r\n", Time::default());
        for _ in 0..times {
            machine.feed(line.as_bytes(), Time::default());
        }
        let mut outputs = std::iter::from_fn(|| machine.poll_event());
        outputs.any(|output| matches!(output, Output::Broken(_)))
    };
    assert!(flood("* 1 EXISTS\r\n", 1001) && !flood("* 1 EXISTS\r\n", 990));
    assert!(flood("* LIST () \"/\" a\r\n", 101) && !flood("* LIST () \"/\" a\r\n", 100));
    assert!(flood("* 1 FETCH (((((", 1000));
    assert!(flood("* 1 FETCH (X {5}\r\nabcde", 1) || flood("{5}\r\nabcde", 20_000));
}

#[test]
fn p5_deep_parentheses_do_not_overflow_the_stack() {
    let run = || {
        let deep = "(".repeat(100_000);
        let mut player = ready();
        for item in [
            "BODYSTRUCTURE ",
            "ENVELOPE ",
            "FLAGS ",
            "X-NEW ",
            "MODSEQ ",
            "",
        ] {
            player.feed(format!("* 1 FETCH (UID 3 {item}{deep}\r\n").as_bytes());
            assert!(
                player.said.last().unwrap().starts_with("Fetched 1 uid=3"),
                "{item}"
            );
        }
        let nested = "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 9 (NIL) ".repeat(100_000);
        player.feed(format!("* 1 FETCH (UID 3 BODYSTRUCTURE {nested}\r\n").as_bytes());
        let said = player.said.last().unwrap();
        assert!(said.contains("too deep") && said.contains("application/octet-stream"));
        player.feed(format!("* THREAD {deep}\r\n* LIST {deep}\r\n* ID {deep}\r\n").as_bytes());
    };
    let small = std::thread::Builder::new().stack_size(2 << 20).spawn(run);
    small.unwrap().join().unwrap();
}

#[test]
fn p6_codes_out_of_place_change_nothing() {
    let mut player = ready();
    player.submit(Command::Noop);
    player.feed(
        b"* OK [APPENDUID 1 2] x\r\n* OK [COPYUID 1 2 3] x\r\n* OK [MODIFIED 2,] x\r\n\
          * OK [UIDVALIDITY x] x\r\n* OK [UNSEEN -1] x\r\n+ surprise\r\na1 OK done\r\n",
    );
    assert_eq!(player.said.last().unwrap(), "Done 1 Ok \"done\"");
    assert_eq!(player.sent, b"a1 NOOP\r\n");
    assert!(player.said[1..4].iter().all(|said| said.contains("Other")));
}

/// What the machine says of a code in the answer of a command.
fn answered(command: &Command, code: &str) -> Vec<String> {
    let mut player = movable();
    player.submit(command.clone());
    // An APPEND gets its body through first.
    player.feed(b"+ go\r\n");
    player.feed(format!("a1 OK [{code}] done\r\n").as_bytes());
    player
        .said
        .drain(1..)
        .filter(|s| !s.contains("go"))
        .collect()
}

#[test]
fn p6_a_code_acts_only_in_the_command_that_it_belongs_to() {
    let (uids, mailbox) = (UidSet::range(3, 9), MailboxName::encode("Trips"));
    let to = || (uids.clone(), mailbox.clone());
    let ((uids, mailbox), (uids_2, mailbox_2), mailbox_3) = (to(), to(), mailbox.clone());
    let commands = [
        ("COPY", Command::Copy { uids, mailbox }),
        (
            "MOVE",
            Command::Move {
                uids: uids_2,
                mailbox: mailbox_2,
            },
        ),
        (
            "STORE",
            Command::Store {
                uids: to().0,
                verb: StoreVerb::Add,
                flags: Flags::parse(["\\Seen"]),
                unchanged_since: None,
            },
        ),
        ("EXPUNGE", Command::Expunge { uids: to().0 }),
        (
            "APPEND",
            Command::Append {
                mailbox: mailbox_3.clone(),
                flags: Flags::none(),
                date: None,
                body: Body::Whole((*b"x").into()),
            },
        ),
        (
            "CREATE",
            Command::Create {
                mailbox: mailbox_3.clone(),
                special_use: Vec::new(),
            },
        ),
        ("DELETE", Command::Delete { mailbox: mailbox_3 }),
        ("NOOP", Command::Noop),
    ];
    for (code, places) in [
        ("APPENDUID 1 2", &["APPEND"][..]),
        ("COPYUID 1 3 4", &["COPY", "MOVE"]),
        ("MODIFIED 3", &["STORE"]),
        ("TRYCREATE", &["APPEND", "COPY", "MOVE"]),
        ("ALREADYEXISTS", &["CREATE"]),
        ("HASCHILDREN", &["DELETE"]),
    ] {
        for (name, command) in &commands {
            let said = answered(command, code);
            let last = said.last().unwrap();
            let acts = !last.contains("Other {");
            assert_eq!(acts, places.contains(name), "{code} in {name}: {last}");
            let copied = said.len() == 2;
            assert_eq!(copied, acts && code.starts_with("COPY"), "{said:?}");
        }
    }
}

#[test]
fn p6_copyuid_speaks_only_of_messages_that_the_command_named() {
    let (uids, mailbox) = (UidSet::range(3, 9), MailboxName::encode("Trips"));
    let command = Command::Move { uids, mailbox };
    assert_eq!(answered(&command, "COPYUID 1 3:9 20:26").len(), 2);
    for code in [
        "COPYUID 1 2:9 20:27",
        "COPYUID 1 3,3 20:21",
        "COPYUID 1 3:9 1",
    ] {
        let said = answered(&command, code);
        assert!(said.len() == 1 && said[0].contains("Other"), "{said:?}");
    }
}

#[test]
fn an_upload_of_another_length_ends_the_link() {
    let begun = || {
        let mut player = movable();
        player.submit(Command::Append {
            mailbox: MailboxName::encode("Sent"),
            flags: Flags::none(),
            date: None,
            body: Body::Source {
                source: 7,
                length: 5,
            },
        });
        player.feed(b"+ go\r\n");
        assert_eq!(player.said.pop().unwrap(), "Wanted 1 5 from 0");
        player
    };
    for text in ["", "123456"] {
        let mut player = begun();
        player.supply(1, text);
        assert!(player.said.last().unwrap().starts_with("Broken"), "{text}");
    }
    let mut player = begun();
    player.supply(1, "123");
    player.machine.withhold(Tag(1));
    player.feed(b"");
    player.submit(Command::Noop);
    assert!(player.said.last().unwrap().starts_with("Broken"));
    assert!(player.sent.ends_with(b"123"), "nothing follows");
}

#[test]
fn p14_neither_a_log_nor_an_error_shows_a_secret() {
    for (capabilities, password) in [
        ("IMAP4rev1", "canary"),
        ("IMAP4rev1", "canary\"\\"),
        ("IMAP4rev1", "cänary"),
        ("LITERAL+", "cänary"),
        ("SASL-IR", "canary"),
    ] {
        for plain in [false, true] {
            let mut machine = Machine::new(Options::new(Security::Tls, Time::default()));
            machine.feed(
                format!("* OK [CAPABILITY {capabilities}] hi\r\n").as_bytes(),
                Time::default(),
            );
            let (user, password) = ("joe".to_owned(), password.into());
            machine.submit(if plain {
                Command::Authenticate(Mechanism::Plain { user, password })
            } else {
                Command::Login { user, password }
            });
            let mut log = format!("{machine:?}");
            for _ in 0..4 {
                while let Some(transmit) = machine.poll_transmit() {
                    log.push_str(&format!("{transmit:?}"));
                }
                machine.feed(b"+ go\r\n", Time::default());
            }
            while let Some(output) = machine.poll_event() {
                log.push_str(&format!("{output:?}"));
            }
            assert!(log.contains("***"), "{log}");
            assert!(!log.contains("nary") && !log.contains("AGpvZQ"), "{log}");
        }
    }
}
