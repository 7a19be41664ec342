//! What goes out: commands that act on the messages they name, and arguments that stay arguments.

use crate::imap::encode::{Dialect, Segment, encode};
use crate::imap::{
    Body, Capabilities, Command, Criterion, FetchItem, MailboxName, Mechanism, Quirks, SequenceSet,
    StatusItem, StoreVerb,
};
use crate::model::{Flags, Uid, UidSet};

#[test]
fn p7_what_changes_messages_names_uids_and_nothing_else_expunges() {
    let capabilities = Capabilities::of(["MOVE", "UIDPLUS"]);
    let wire = |command: &Command, capabilities| {
        let quirks = Quirks::default();
        let dialect = Dialect {
            capabilities,
            quirks,
        };
        encode("a1", command, dialect).map(|segments| text_of(&segments).join(""))
    };
    let (uids, mailbox) = (UidSet::range(3, 9), MailboxName::encode("Trips"));
    for (command, line) in [
        (
            Command::Copy {
                uids: uids.clone(),
                mailbox: mailbox.clone(),
            },
            "a1 UID COPY 3:9 Trips\r\n",
        ),
        (
            Command::Move {
                uids: uids.clone(),
                mailbox: mailbox.clone(),
            },
            "a1 UID MOVE 3:9 Trips\r\n",
        ),
        (
            Command::Store {
                uids: uids.clone(),
                verb: StoreVerb::Add,
                flags: Flags::parse(["\\Deleted"]),
                unchanged_since: None,
            },
            "a1 UID STORE 3:9 +FLAGS.SILENT (\\Deleted)\r\n",
        ),
        (
            Command::Expunge { uids: uids.clone() },
            "a1 UID EXPUNGE 3:9\r\n",
        ),
    ] {
        assert_eq!(wire(&command, &capabilities).unwrap(), line);
    }
    // Without UIDPLUS only a plain EXPUNGE would be left, and that takes the mail of others.
    let none = Capabilities::default();
    let empty = UidSet::new();
    for command in [
        Command::Expunge { uids: uids.clone() },
        Command::Move {
            uids,
            mailbox: mailbox.clone(),
        },
    ] {
        assert!(wire(&command, &none).is_err());
    }
    for command in [
        Command::Expunge {
            uids: empty.clone(),
        },
        Command::Copy {
            uids: empty,
            mailbox,
        },
    ] {
        assert!(wire(&command, &capabilities).is_err());
    }
}

#[test]
fn p7_a_long_set_is_sent_in_lines_that_name_the_same_uids() {
    let uids: UidSet = (0..20_000).map(|n| Uid(4_000_000_000 + n * 2)).collect();
    let capabilities = Capabilities::of(["MOVE", "UIDPLUS"]);
    for name in ["Trips", &"\"".repeat(900), &"ü".repeat(2000)] {
        let mailbox = MailboxName::encode(name);
        let command = Command::Move {
            uids: uids.clone(),
            mailbox,
        };
        let mut named = UidSet::new();
        for part in command.in_lines() {
            let dialect = Dialect {
                capabilities: &capabilities,
                quirks: Quirks::default(),
            };
            let segments = encode("a1000000", &part, dialect).unwrap();
            let line = text_of(&segments).join("");
            let line = line.split("\r\n").next().unwrap();
            assert!(line.len() < 8000, "{}", line.len());
            let uids = part.uids().unwrap();
            assert!(uids.first() > named.last());
            named = named.union(uids);
        }
        assert_eq!(named, uids);
    }
    let small = Command::Noop;
    assert_eq!(small.clone().in_lines(), [small]);
}

/// What segments hold, each as text.
fn text_of(segments: &[Segment]) -> Vec<String> {
    let bytes = |segment: &Segment| match segment {
        Segment::Bytes(transmit) => transmit.bytes.clone(),
        Segment::Source { length, then, .. } => {
            let body = vec![b'x'; usize::try_from(*length).unwrap()];
            [body.as_slice(), &then.bytes].concat()
        }
    };
    segments
        .iter()
        .map(|s| String::from_utf8_lossy(&bytes(s)).into_owned())
        .collect()
}

#[test]
fn p10_no_argument_ends_a_command() {
    let evil = [
        "a\r\na9 DELETE x",
        "a\nb",
        "a\0b",
        "a\"b",
        "a\\b",
        "{5+}",
        "{5}\r\n",
        "NIL",
        "",
        "a b",
        "(x)",
        "*",
        "%",
        "ü",
        "\u{202e}",
    ];
    let none = Capabilities::default();
    let plus = Capabilities::of(["LITERAL+", "MOVE", "UIDPLUS"]);
    for text in evil {
        let name = MailboxName::from_wire(text.as_bytes());
        let one = UidSet::range(1, 1);
        let commands = [
            Command::Login {
                user: text.to_owned(),
                password: text.into(),
            },
            Command::Select {
                mailbox: name.clone(),
                condstore: false,
            },
            Command::Status {
                mailbox: name.clone(),
                items: vec![StatusItem::Unseen],
            },
            Command::Lsub {
                reference: name.clone(),
                pattern: name.clone(),
            },
            Command::Copy {
                uids: one.clone(),
                mailbox: name.clone(),
            },
            Command::Move {
                uids: one.clone(),
                mailbox: name.clone(),
            },
            Command::Append {
                mailbox: name.clone(),
                flags: Flags::parse([text]),
                date: Some(i64::MIN),
                body: Body::Whole(format!("{text}\r\na9 NOOP\r\n").into_bytes().into()),
            },
            Command::Append {
                mailbox: name.clone(),
                flags: Flags::none(),
                date: None,
                body: Body::Source {
                    source: 1,
                    length: 9,
                },
            },
            Command::Create {
                mailbox: name.clone(),
                special_use: Vec::new(),
            },
            Command::Create {
                mailbox: MailboxName::encode("a"),
                special_use: vec![text.to_owned()],
            },
            Command::Rename {
                from: name.clone(),
                to: name.clone(),
            },
            Command::Delete {
                mailbox: name.clone(),
            },
            Command::Subscribe {
                mailbox: name.clone(),
            },
            Command::Unsubscribe { mailbox: name },
            Command::Search {
                uid: true,
                criteria: vec![Criterion::Header(text.to_owned(), text.to_owned())],
                esearch: false,
            },
            Command::Search {
                uid: true,
                criteria: words(text),
                esearch: true,
            },
            Command::Store {
                uids: one.clone(),
                verb: StoreVerb::Add,
                flags: Flags::parse([text, "x"]),
                unchanged_since: None,
            },
            Command::Fetch {
                set: SequenceSet::Uid(one),
                items: vec![FetchItem::HeaderFields(vec![text.to_owned()])],
                changed_since: None,
                vanished: false,
            },
            Command::Id(vec![(text.to_owned(), text.to_owned())]),
            Command::Enable(vec![text.to_owned()]),
            Command::Authenticate(Mechanism::Plain {
                user: text.to_owned(),
                password: text.into(),
            }),
        ];
        for command in commands {
            for capabilities in [&none, &plus] {
                let dialect = Dialect {
                    capabilities,
                    quirks: Quirks::default(),
                };
                let Ok(segments) = encode("a1", &command, dialect) else {
                    continue;
                };
                let segments = text_of(&segments);
                let segments: Vec<&[u8]> = segments.iter().map(|s| s.as_bytes()).collect();
                one_command(&segments);
            }
        }
    }
}

/// Everything that a person's words can become in a search.
fn words(text: &str) -> Vec<Criterion> {
    let plain = [
        Criterion::From,
        Criterion::To,
        Criterion::Cc,
        Criterion::Subject,
        Criterion::Body,
        Criterion::Text,
        Criterion::GmRaw,
    ];
    let mut all: Vec<Criterion> = plain.map(|kind| kind(text.to_owned())).into();
    let word = || Box::new(Criterion::Text(text.to_owned()));
    all.extend([Criterion::Not(word()), Criterion::Or(word(), word())]);
    all.push(Criterion::With(Flags::parse([text])));
    all
}

/// Reads segments as a strict server does: literals by their count, then exactly one line end.
fn one_command(segments: &[&[u8]]) {
    let wire = segments.concat();
    let mut at = 0;
    let mut ends = 0;
    while at < wire.len() {
        let end = at
            + wire[at..]
                .windows(2)
                .position(|two| two == b"\r\n")
                .unwrap();
        let line = &wire[at..end];
        assert!(!line.contains(&b'\n') && !line.contains(&b'\r') && !line.contains(&0));
        at = end + 2;
        let text = String::from_utf8_lossy(line);
        // AUTHENTICATE without an initial response: its second segment is a line of its own.
        if text.starts_with("a1 AUTHENTICATE") {
            return assert_eq!(segments.len(), 2);
        }
        match text
            .strip_suffix('}')
            .and_then(|text| text.rsplit_once('{'))
        {
            Some((_, number)) => at += number.trim_end_matches('+').parse::<usize>().unwrap(),
            None => ends += 1,
        }
    }
    assert_eq!(ends, 1, "{}", String::from_utf8_lossy(&wire));
}
