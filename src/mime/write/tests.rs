//! What leaves, read by a second, strict parser that knows nothing of how it was written.

use std::collections::BTreeMap;
use std::io::Cursor;

use proptest::prelude::*;

use super::*;
use crate::model::{Answers, ContentKey, MessageKey};

/// Header names in order, lower case, and the values unfolded; then the body. Panics at anything
/// that RFC 5322 and 5321 do not allow.
fn strict(raw: &[u8]) -> (Vec<(String, String)>, Vec<u8>) {
    let mut fields: Vec<(String, String)> = Vec::new();
    let mut at = 0;
    loop {
        let end = raw[at..]
            .windows(2)
            .position(|w| w == b"\r\n")
            .expect("a line end");
        let line = &raw[at..at + end];
        at += end + 2;
        assert!(line.len() <= 998, "a line of {}", line.len());
        if line.is_empty() {
            break;
        }
        let text = std::str::from_utf8(line).expect("a header in UTF-8");
        assert!(
            !text.chars().any(|c| c.is_control() && c != '\t'),
            "{text:?}"
        );
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            assert!(!text.trim().is_empty(), "a fold of blanks");
            fields.last_mut().expect("a field to fold").1.push_str(text);
            continue;
        }
        let (name, value) = text.split_once(':').expect("a colon");
        assert!(!name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic()));
        fields.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let body = raw[at..].to_vec();
    for line in body.split(|b| *b == b'\n') {
        assert!(line.len() <= 999, "a line of {}", line.len());
    }
    for pair in body.windows(2) {
        assert!((pair[0] == b'\r') == (pair[1] == b'\n'), "a bare CR or LF");
    }
    assert!(body.is_empty() || body.ends_with(b"\r\n"), "no end");
    assert!(!body.starts_with(b"\n") && !body.contains(&0));
    (fields, body)
}

fn names(raw: &[u8]) -> Vec<String> {
    strict(raw).0.into_iter().map(|(name, _)| name).collect()
}

fn given() -> Given {
    Given {
        now: 1_795_248_122,
        zone: 60,
        random: *b"0123456789abcdef",
        eight_bit: false,
    }
}

fn zoe() -> Address {
    Address {
        name: "Zoë Müller".into(),
        address: "zoe@example.org".into(),
    }
}

fn draft() -> Draft {
    Draft {
        from: zoe(),
        to: vec![Recipient::address("tom@x.example")],
        subject: "Train tickets".into(),
        text: "Hello\n".into(),
        ..Draft::default()
    }
}

fn files(all: &[&[u8]]) -> Vec<Vec<u8>> {
    all.iter().map(|bytes| bytes.to_vec()).collect()
}

/// The octets for the server and for Sent.
fn written(draft: &Draft, given: &Given, files: &[Vec<u8>]) -> (Letter, Vec<u8>, Vec<u8>) {
    let mut open = |at: usize| -> io::Result<Box<dyn Read>> {
        let bytes = files.get(at).cloned();
        let bytes = bytes.ok_or_else(|| io::Error::other("no file"))?;
        Ok(Box::new(Cursor::new(bytes)))
    };
    let letter = compose(draft, given, &mut open).unwrap();
    let read = |copy: bool| {
        let mut open = |at: usize| -> io::Result<Box<dyn Read>> {
            Ok(Box::new(Cursor::new(files[at].clone())))
        };
        let mut out = Vec::new();
        if copy {
            letter.copy(&mut open).read_to_end(&mut out).unwrap();
        } else {
            letter.wire(&mut open).read_to_end(&mut out).unwrap();
        }
        out
    };
    let (wire, copy) = (read(false), read(true));
    (letter, wire, copy)
}

fn wire(draft: &Draft) -> Vec<u8> {
    written(draft, &given(), &[]).1
}

fn attachment(name: &str, media: &str, source: Source, size: usize) -> Attachment {
    Attachment {
        name: name.into(),
        media_type: media.into(),
        source,
        size: size as u64,
    }
}

fn file(name: &str, media: &str, size: usize) -> Attachment {
    let source = Source::File {
        path: "/x".into(),
        size: size as u64,
        modified: 1,
    };
    attachment(name, media, source, size)
}

fn message(size: usize) -> Attachment {
    let content = ContentKey(1);
    attachment("m.eml", "message/rfc822", Source::Message { content }, size)
}

#[test]
fn a_plain_letter_is_short_and_plain() {
    let text = String::from_utf8(wire(&draft())).unwrap();
    assert_eq!(
        text,
        "Date: Sat, 21 Nov 2026 09:02:02 +0100\r\n\
         From: =?utf-8?B?Wm/DqyBNw7xsbGVy?= <zoe@example.org>\r\n\
         To: <tom@x.example>\r\n\
         Subject: Train tickets\r\n\
         Message-ID: <30313233343536373839616263646566@example.org>\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=\"us-ascii\"; format=\"flowed\"\r\n\
         Content-Transfer-Encoding: 7bit\r\n\
         \r\n\
         Hello\r\n"
    );
}

#[test]
fn c4_bcc_is_in_the_copy_for_sent_alone() {
    let mut draft = draft();
    draft.bcc = vec![Recipient::address("hidden@x.example")];
    draft.text = "Bcc: not this\n".into();
    let (letter, wire, copy) = written(&draft, &given(), &[]);
    assert!(!letter.heads().1.is_empty());
    assert_eq!(letter.recipients, ["tom@x.example", "hidden@x.example"]);
    assert!(!names(&wire).contains(&"bcc".to_owned()));
    assert!(!String::from_utf8_lossy(&wire).contains("hidden@"));
    assert!(names(&copy).contains(&"bcc".to_owned()));
    draft.to.clear();
    let (_, wire, _) = written(&draft, &given(), &[]);
    let to = strict(&wire).0.into_iter().find(|(name, _)| name == "to");
    assert!(to.unwrap().1.contains("undisclosed-recipients"));
}

#[test]
fn c11_nothing_of_this_machine_leaves() {
    let mut draft = draft();
    draft.attachments = vec![file("/home/zoe/secret/plan.txt", "text/plain", 3)];
    let (_, wire, _) = written(&draft, &given(), &files(&[b"abc"]));
    let text = String::from_utf8(wire).unwrap();
    let system = rustix::system::uname();
    let host = system.nodename().to_string_lossy();
    assert!(host.len() < 4 || !text.contains(host.as_ref()));
    for word in [
        "/home",
        "secret",
        "User-Agent",
        "X-Mailer",
        "192.168",
        "127.0.0.1",
    ] {
        assert!(!text.contains(word), "{word} in {text}");
    }
    assert!(text.contains("plan.txt") && text.contains("@example.org>"));
}

#[test]
fn c1_hostile_fields_add_no_field() {
    let evil = "x\r\nBcc: evil@x.example\r\n\r\nbody\0\u{1b}[2J";
    let mut draft = draft();
    draft.subject = evil.into();
    draft.from.name = evil.into();
    draft.to = vec![Recipient::Group {
        name: evil.into(),
        members: vec![Address {
            name: evil.into(),
            address: "a@x.example".into(),
        }],
    }];
    draft.in_reply_to = vec![evil.into(), "good@x".into(), "a@b> <c@d".into()];
    draft.references = vec![evil.into()];
    draft.headers = vec![("X-Note".into(), evil.into())];
    draft.attachments = vec![file(evil, evil, 3)];
    let (_, wire, _) = written(&draft, &given(), &files(&[b"abc"]));
    assert_eq!(
        names(&wire),
        [
            "date",
            "from",
            "to",
            "subject",
            "message-id",
            "in-reply-to",
            "x-note",
            "mime-version",
            "content-type"
        ]
    );
    let header = super::super::header::Header::parse(&wire);
    assert_eq!(
        header.first("In-Reply-To").map(<[u8]>::trim_ascii),
        Some(&b"<good@x>"[..])
    );
    for (name, value) in [
        ("Bcc", "x"),
        ("Content-Type", "x"),
        ("X\r\nBcc", "x"),
        ("", "x"),
    ] {
        draft.headers = vec![(name.into(), value.into())];
        let end = compose(&draft, &given(), &mut |_| Err(io::Error::other("")));
        assert!(matches!(end, Err(WriteError::Field(_))), "{name:?}");
    }
}

#[test]
fn c2_what_is_no_address_is_refused() {
    for odd in ["a@x>\r\nRCPT TO:<b@y", "tom", "tom@", "a b@x", "-oX@x y"] {
        let mut draft = draft();
        draft.bcc = vec![Recipient::address(odd)];
        let end = compose(&draft, &given(), &mut |_| Err(io::Error::other("")));
        assert!(matches!(end, Err(WriteError::Address(_))), "{odd:?}");
    }
    let nobody = Draft {
        from: zoe(),
        ..Draft::default()
    };
    let end = compose(&nobody, &given(), &mut |_| Err(io::Error::other("")));
    assert!(matches!(end, Err(WriteError::NoRecipient)));
}

#[test]
fn addresses_beyond_ascii_say_what_they_need() {
    let mut draft = draft();
    draft.to = vec![Recipient::address("tom@bücher.example")];
    let (letter, wire, _) = written(&draft, &given(), &[]);
    assert_eq!(letter.recipients, ["tom@xn--bcher-kva.example"]);
    assert!(!letter.utf8 && wire.is_ascii());
    draft.cc = vec![Recipient::address("zoë@bücher.example")];
    let (letter, wire, _) = written(&draft, &given(), &[]);
    assert_eq!(letter.recipients[1], "zoë@xn--bcher-kva.example");
    assert!(letter.utf8 && !wire.is_ascii());
}

#[test]
fn r22_attachments_arrive_octet_for_octet() {
    let binary: Vec<u8> = (0..70_000u32).map(|n| (n * 7 % 256) as u8).collect();
    let inner = b"Subject: inner\n\nshort\n.\nFrom me\n".to_vec();
    let high = "Subject: h\n\nZoë\n".as_bytes().to_vec();
    let long = [b"Subject: l\n\n".to_vec(), vec![b'x'; 2000]].concat();
    let all = [
        binary.clone(),
        vec![],
        inner.clone(),
        high.clone(),
        long.clone(),
    ];
    let mut draft = draft();
    draft.attachments = vec![
        file(
            "Zoë's ticket \u{202e}fdp.exe",
            "application/x-thing",
            binary.len(),
        ),
        file("empty", "text/plain", 0),
        message(inner.len()),
        message(high.len()),
        message(long.len()),
    ];
    let check = |given: &Given, types: [&str; 5]| {
        let (letter, wire, _) = written(&draft, given, &all);
        strict(&wire);
        let (tree, offsets) = structure::of_message(&wire);
        assert_eq!(tree.children.len(), 6);
        let found: Vec<String> = tree.children[1..].iter().map(|p| p.media_type()).collect();
        assert_eq!(found, types);
        for (at, original) in all.iter().enumerate() {
            let part = &tree.children[at + 1];
            let offset = offsets.iter().find(|o| o.path == part.path).unwrap();
            let raw = &wire[offset.body..offset.end];
            let decoded = super::super::part::decode_transfer(raw, &part.encoding);
            if part.kind == "message" {
                let mut normal = Vec::new();
                Lines::new(original.as_slice())
                    .read_to_end(&mut normal)
                    .unwrap();
                assert_eq!(decoded.trim_ascii_end(), normal.trim_ascii_end());
            } else {
                assert_eq!(&decoded, original);
            }
        }
        let known: Vec<_> = letter
            .structure
            .children
            .iter()
            .map(|p| p.path.clone())
            .collect();
        let there: Vec<_> = tree.children.iter().map(|p| p.path.clone()).collect();
        assert_eq!(known, there);
        letter.eight_bit
    };
    let (octets, message) = ("application/octet-stream", "message/rfc822");
    let thing = "application/x-thing";
    let seven = given();
    assert!(!check(
        &seven,
        [thing, "text/plain", message, octets, octets]
    ));
    let eight = Given {
        eight_bit: true,
        ..given()
    };
    assert!(check(
        &eight,
        [thing, "text/plain", message, message, octets]
    ));
}

#[test]
fn a_file_that_vanishes_is_named() {
    let mut draft = draft();
    draft.attachments = vec![message(3)];
    let end = compose(&draft, &given(), &mut |_| Err(io::Error::other("gone")));
    assert_eq!(
        end.unwrap_err().to_string(),
        "\"m.eml\" cannot be read: gone"
    );
}

fn bounce(raw: &[u8]) -> Result<(Letter, Vec<u8>, Vec<u8>), WriteError> {
    let mut draft = draft();
    draft.bcc = vec![Recipient::address("hidden@x.example")];
    draft.answers = Some(Answers {
        kind: AnswerKind::Bounce,
        messages: vec![MessageKey(1)],
    });
    draft.attachments = vec![message(raw.len())];
    let mut open =
        |_: usize| -> io::Result<Box<dyn Read>> { Ok(Box::new(Cursor::new(raw.to_vec()))) };
    compose(&draft, &given(), &mut open)?;
    Ok(written(&draft, &given(), &[raw.to_vec()]))
}

#[test]
fn c4_a_message_sent_on_is_itself_without_anybodys_bcc() {
    let raw = b"From MAILER Mon\nReturn-Path: <x@y>\nBcc: old@x.example\nResent-Bcc: older@x\n\
        Subject: As\n it was\nDKIM-Signature: v=1;\n\tb=abc\n\nBody\nBcc: text\n";
    let (letter, wire, copy) = bounce(raw).unwrap();
    assert_eq!(
        names(&wire),
        [
            "resent-date",
            "resent-from",
            "resent-to",
            "resent-message-id",
            "subject",
            "dkim-signature"
        ]
    );
    let text = String::from_utf8(wire).unwrap();
    assert!(text.ends_with(
        "Subject: As\r\n it was\r\nDKIM-Signature: v=1;\r\n\tb=abc\r\n\r\nBody\r\nBcc: text\r\n"
    ));
    assert!(names(&copy).contains(&"resent-bcc".to_owned()));
    assert_eq!(letter.recipients, ["tom@x.example", "hidden@x.example"]);
    let long = [b"Subject: l\n\n".to_vec(), vec![b'x'; 2000]].concat();
    assert!(matches!(bounce(&long), Err(WriteError::NotResendable(_))));
}

fn handed(raw: &[u8], handed: &Handed) -> Result<(Letter, Vec<u8>, Vec<u8>), WriteError> {
    let letter = hand_over(raw, handed, &given())?;
    let mut open = |_: usize| -> io::Result<Box<dyn Read>> { Err(io::Error::other("")) };
    let mut wire = Vec::new();
    letter.wire(&mut open).read_to_end(&mut wire).unwrap();
    let mut open = |_: usize| -> io::Result<Box<dyn Read>> { Err(io::Error::other("")) };
    let mut copy = Vec::new();
    letter.copy(&mut open).read_to_end(&mut copy).unwrap();
    Ok((letter, wire, copy))
}

#[test]
fn what_a_program_hands_over_leaves_as_mail() {
    let ours = Handed {
        from: zoe(),
        recipients: vec!["root@x.example".into()],
        ..Handed::default()
    };
    let (letter, wire, _) = handed(b"Subject: cron\n\nall is well\n", &ours).unwrap();
    let text = String::from_utf8(wire).unwrap();
    assert!(text.contains("\r\nSubject: cron\r\n") && text.ends_with("\r\n\r\nall is well\r\n"));
    assert!(text.starts_with("Date: ") && text.contains("\r\nFrom: "));
    assert_eq!(letter.recipients, ["root@x.example"]);
    assert_eq!(letter.sender, "zoe@example.org");
    let (_, wire, _) = handed("Subject: Grüße\n\nZoë ü\n".as_bytes(), &ours).unwrap();
    assert!(wire.is_ascii());
    let read = super::super::envelope::of_message(&wire);
    assert_eq!(read.subject, "Grüße");
    let told = Handed {
        read_recipients: true,
        sender: Some("bounce@x.example".into()),
        ..Handed::default()
    };
    let raw = b"From: Zo <zo@x.example>\nTo: a@x.example\nBcc: b@x.example\nMessage-Id: <1@x>\n\nx";
    let (letter, wire, copy) = handed(raw, &told).unwrap();
    assert_eq!(letter.recipients, ["a@x.example", "b@x.example"]);
    assert_eq!(
        (letter.sender.as_str(), letter.message_id.as_str()),
        ("bounce@x.example", "1@x")
    );
    assert!(!String::from_utf8(wire).unwrap().contains("b@x"));
    assert!(names(&copy).contains(&"bcc".to_owned()));
    let long = [
        b"To: a@x.example\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
            .to_vec(),
        vec![b'x'; 2000],
    ]
    .concat();
    assert!(matches!(handed(&long, &ours), Err(WriteError::Raw(_))));
    let plain = [b"To: a@x.example\n\n".to_vec(), vec![b'x'; 2000]].concat();
    let (_, wire, _) = handed(&plain, &ours).unwrap();
    strict(&wire);
}

#[test]
fn c11_what_cron_hands_over_is_from_the_identity_and_goes_where_the_aliases_say() {
    let raw = b"From: root (Cron Daemon)\nTo: root, sven@x.example\nSubject: Cron\n\nx\n";
    let mut ours = Handed {
        from: zoe(),
        read_recipients: true,
        ..Handed::default()
    };
    // A name that stands for nothing is refused, and never given a domain.
    assert!(
        matches!(handed(raw, &ours), Err(WriteError::Address(name)) if name == "root"),
        "a bare name was taken"
    );
    let all = ["a@x.example".to_owned(), "b@x.example".to_owned()];
    ours.aliases.insert("root".to_owned(), all.into());
    let (letter, wire, _) = handed(raw, &ours).unwrap();
    strict(&wire);
    assert_eq!(
        letter.recipients,
        ["a@x.example", "b@x.example", "sven@x.example"]
    );
    assert_eq!(letter.sender, "zoe@example.org");
    let read = super::super::envelope::of_message(&wire);
    assert_eq!(
        (
            read.from[0].name.as_str(),
            read.from[0].address.as_str(),
            read.from.len(),
            read.to.len()
        ),
        ("Cron Daemon", "zoe@example.org", 1, 3)
    );
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~\r\n\t]{0,200}",
        "[a-zäöüß文字 \u{200b}\u{202e}\0\u{7}\r\n>=.]{0,120}",
        "[a-z]{0,3000}",
        "(From |>From |\\.|-- |> )[a-z \n.]{0,200}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn c1_c3_r22_whatever_is_typed_leaves_as_one_sound_message(
        subject in any_text(),
        name in any_text(),
        text in any_text(),
        note in any_text(),
        id in any_text(),
        bytes in prop::collection::vec(any::<u8>(), 0..3000),
        eight_bit in any::<bool>(),
        attached in any::<bool>(),
    ) {
        let mut draft = draft();
        draft.subject = subject.clone();
        draft.text = text.clone();
        draft.from.name = name.clone();
        draft.cc = vec![Recipient::Group { name, members: vec![zoe()] }];
        draft.references = vec![id.clone(), format!("{id}@x")];
        draft.headers = vec![("X-Note".into(), note)];
        if attached {
            draft.attachments = vec![file("f", "application/x-y", bytes.len()), message(bytes.len())];
        }
        let given = Given { eight_bit, ..given() };
        let (letter, wire, _) = written(&draft, &given, &[bytes.clone(), bytes.clone()]);
        let (fields, _) = strict(&wire);
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for (name, _) in &fields {
            *counts.entry(name).or_default() += 1;
        }
        for (name, count) in &counts {
            prop_assert_eq!(*count, 1, "{}", name);
            prop_assert!(["date", "from", "to", "cc", "subject", "message-id", "references",
                "x-note", "mime-version", "content-type", "content-transfer-encoding"]
                .contains(name), "{}", name);
        }
        let head = wire.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
        prop_assert!(wire[..head].is_ascii());
        prop_assert!(letter.eight_bit || wire.is_ascii());
        let read = super::super::envelope::of_message(&wire);
        let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let want = field::line(subject.trim(), 4_000);
        prop_assert_eq!(squeezed(&read.subject), squeezed(&want));
        prop_assert_eq!(&read.message_id, &letter.message_id);
        // The text that is read is the text that was typed, but for blanks at line ends.
        let (tree, offsets) = structure::of_message(&wire);
        let part = tree.children.first().unwrap_or(&tree);
        let offset = offsets.iter().find(|o| o.path == part.path).unwrap();
        let raw = &wire[offset.body..offset.end];
        let decoded = super::super::part::decode_transfer(raw, &part.encoding);
        let joined = super::super::flowed::join(std::str::from_utf8(&decoded).unwrap(), false);
        let typed: Vec<(u8, String)> = flow::split(&text)
            .map(super::super::quote::level)
            .map(|(level, rest)| (level, if rest == "-- " { rest.into() } else { rest.trim_end().to_owned() }))
            .collect();
        let strip = |mut all: Vec<(u8, String)>| {
            while all.last().is_some_and(|(level, text)| *level == 0 && text.is_empty()) {
                all.pop();
            }
            all
        };
        let got = strip(joined.into_iter().map(|p| (p.level, p.text)).collect());
        prop_assert_eq!(got, strip(typed));
        if attached {
            let part = &tree.children[1];
            let offset = offsets.iter().find(|o| o.path == part.path).unwrap();
            let raw = &wire[offset.body..offset.end];
            prop_assert_eq!(super::super::part::decode_transfer(raw, &part.encoding), bytes);
        }
    }

    #[test]
    fn c1_c3_c4_whatever_is_handed_over_leaves_sound_or_not_at_all(
        head in "([A-Za-z\\-]{1,9}: ?[ -~äö\t]{0,90}\r?\n){0,5}",
        bcc in any::<bool>(),
        body in any_text(),
    ) {
        let bcc = if bcc { "Bcc: hidden@x.example\n" } else { "" };
        let raw = format!("{head}{bcc}\n{body}");
        let ours = Handed {
            from: zoe(),
            recipients: vec!["a@x.example".into()],
            ..Handed::default()
        };
        if let Ok((letter, wire, _)) = handed(raw.as_bytes(), &ours) {
            let (fields, _) = strict(&wire);
            prop_assert!(fields.iter().all(|(name, _)| name != "bcc"));
            prop_assert!(letter.eight_bit || wire.is_ascii());
        }
    }
}
