use super::*;

fn people(text: &str) -> Vec<Address> {
    address::addresses(text.as_bytes())
}

fn shown(fields: &Addressed) -> String {
    let names = |list: &[Address]| {
        let all: Vec<&str> = list
            .iter()
            .map(|one| one.address.split('@').next().unwrap_or_default())
            .collect();
        all.join(" ")
    };
    format!("{} / {}", names(&fields.to), names(&fields.cc))
}

struct Case {
    envelope: Envelope,
    wishes: Wishes,
}

/// Reads `from a; to me, b; cc c; reply-to d; list l; followup x, y`; names get a domain.
fn case(text: &str) -> Case {
    let mut case = Case {
        envelope: Envelope::default(),
        wishes: Wishes::default(),
    };
    for part in text.split("; ") {
        let (name, list) = part.split_once(' ').unwrap();
        let list: Vec<String> = list
            .split(", ")
            .map(|one| match one.contains(['@', ':']) {
                true => one.to_owned(),
                false => format!("{one}@x.example"),
            })
            .collect();
        let list = people(&list.join(", "));
        match name {
            "from" => case.envelope.from = list,
            "to" => case.envelope.to = list,
            "cc" => case.envelope.cc = list,
            "reply-to" => case.envelope.reply_to = list,
            "list" => case.wishes.list_post = list.into_iter().next(),
            "followup" => case.wishes.followup_to = list,
            other => panic!("{other}"),
        }
    }
    case
}

fn own() -> Vec<String> {
    vec![
        "me@x.example".to_owned(),
        "Me.Too@BÜCHER.example".to_owned(),
    ]
}

fn original<'a>(case: &'a Case, own: &'a [String]) -> Original<'a> {
    Original {
        message: MessageKey(1),
        envelope: &case.envelope,
        wishes: &case.wishes,
        own,
    }
}

#[test]
fn c6_answers_go_where_they_should_and_never_to_ourselves() {
    let own = own();
    let check = |text: &str, sender: &str, all: &str, list: &str| {
        let case = case(text);
        let original = original(&case, &own);
        let got = [Whom::Sender, Whom::All, Whom::List].map(|w| shown(&original.addressed(w)));
        assert_eq!(got, [sender, all, list], "{text}");
    };
    check("from a; to me", "a / ", "a / ", " / ");
    check("from a; to me, b; cc c, ME", "a / ", "a / b c", " / ");
    check(
        "from a; to b; cc me.too@xn--bcher-kva.example",
        "a / ",
        "a / b",
        " / ",
    );
    check("from a; reply-to d; to me, b", "d / ", "d / b", " / ");
    check("from a; to l, me; list l", "a / ", "a / l", "l / ");
    check("from a; reply-to l; to l; list l", "a / ", "a / l", "l / ");
    check(
        "from a; to l; list l; followup l, c, me",
        "a / ",
        "l c / ",
        "l / ",
    );
    check("from me; to b, c; cc d", "b c / ", "b c / d", " / ");
    check("from me; to me", "me / ", "me / ", " / ");
    check(
        "from a, a2; to me; cc a, b, B",
        "a a2 / ",
        "a a2 / b",
        " / ",
    );
    check("from a; to friends:, me", "a / ", "a / ", " / ");
}

#[test]
fn one_question_is_asked_and_none_where_all_answers_are_one() {
    let own = own();
    let check = |text: &str, choices: &[Whom], proposed: Whom| {
        let case = case(text);
        let question = original(&case, &own).question();
        let got: Vec<Whom> = question.choices.iter().map(|(whom, _)| *whom).collect();
        assert_eq!(
            (got.as_slice(), question.proposed),
            (choices, proposed),
            "{text}"
        );
    };
    use Whom::{All, List, Sender};
    check("from a; to me", &[Sender], Sender);
    check("from a; to me, b", &[Sender, All], All);
    check("from a; to me, l; list l", &[Sender, All, List], List);
    check("from a; to l; list l; followup l", &[Sender, All], All);
    check("from a; to b", &[Sender, All], Sender);
}

#[test]
fn c5_what_came_by_bcc_is_answered_to_its_sender() {
    let own = own();
    let check = |text: &str, want: bool| {
        let case = case(text);
        assert_eq!(original(&case, &own).question().came_by_bcc, want, "{text}");
    };
    check("from a; to b", true);
    check("from a; to b; cc me", false);
    check("from a; to l; list l", false);
    check("from me; to b", false);
}

#[test]
fn c6_a_reply_to_that_is_not_from_is_said() {
    let own = own();
    let check = |text: &str, want: bool| {
        let case = case(text);
        let question = original(&case, &own).question();
        assert_eq!(question.redirected.is_some(), want, "{text}");
    };
    check("from a; to me", false);
    check("from a; reply-to A, b; to me", false);
    check("from a; reply-to d; to me", true);
    check("from a; reply-to l; to l; list l", false);
}

#[test]
fn the_identity_is_the_one_that_a_message_came_to() {
    let own = own();
    let here = people("One <me@x.example>, Two <me.too@bücher.example>");
    let others = people("Three <me@y.example>, Two <me.too@bücher.example>");
    let check = |text: &str, want: usize| {
        let case = case(text);
        let got = original(&case, &own).identity(&here, &others);
        assert_eq!(got, want, "{text}");
    };
    check("from a; to b; cc Me.Too@bücher.example", 1);
    check("from a; to me", 0);
    check("from a; to b", 0);
    check("from me.too@bücher.example; to me", 1);
    // In the account that has it before any other, but from who wrote it.
    check("from a; to me@y.example, b; cc me.too@bücher.example", 1);
    check("from a; to me@y.example", 2);
    check("from me@y.example; to me", 2);
}

#[test]
fn prefixes_of_subjects_are_not_doubled() {
    let check = |subject: &str, reply: &str, forward: &str| {
        assert_eq!(reply_subject(subject), reply);
        assert_eq!(forward_subject(subject), forward);
    };
    check("Hi", "Re: Hi", "Fwd: Hi");
    check("RE: aw: SV[2]: Hi", "Re: Hi", "Fwd: RE: aw: SV[2]: Hi");
    check("WG: Fwd: Hi", "Re: WG: Fwd: Hi", "Fwd: Hi");
    check("回复：Hi", "Re: Hi", "Fwd: 回复：Hi");
    check("", "Re:", "Fwd:");
    check("Rear: Hi", "Re: Rear: Hi", "Fwd: Rear: Hi");
}

#[test]
fn c1_ids_that_are_none_are_not_copied() {
    let own = own();
    let mut case = case("from a; to me");
    case.envelope.message_id = "parent@x".into();
    case.envelope.references = vec!["1@x".into(), "bad\r\nBcc: x".into(), "2@x".into()];
    let from = Address::default();
    let draft = original(&case, &own).reply(&from, Addressed::default(), String::new());
    assert_eq!(draft.in_reply_to, ["parent@x"]);
    assert_eq!(draft.references, ["1@x", "2@x", "parent@x"]);
    case.envelope.references = (0..100).map(|n| format!("{n}@x")).collect();
    let draft = original(&case, &own).reply(&from, Addressed::default(), String::new());
    let (first, last) = (&draft.references[0], &draft.references[29]);
    assert_eq!(
        (draft.references.len(), first.as_str(), last.as_str()),
        (30, "0@x", "parent@x")
    );
    case.envelope.message_id = "none".into();
    let draft = original(&case, &own).reply(&from, Addressed::default(), String::new());
    assert!(draft.in_reply_to.is_empty());
}

#[test]
fn a_quote_has_one_level_more_and_no_signature() {
    let check = |text: &str, want: &str| assert_eq!(quote(text), want, "{text:?}");
    check("a\n\n> b\n>> c\n", "> a\n>\n>> b\n>>> c\n");
    check("a\n-- \nZoë\nACME", "> a\n");
    check("a\n--\nZoë\n", "> a\n");
    check(
        "a\n-- \nZoë\n\nOn Mon 2 Nov 2026, Tom wrote:\n> b\n",
        "> a\n> On Mon 2 Nov 2026, Tom wrote:\n>> b\n",
    );
    check("", "");
    check("\n\n", "");
    check("x > y", "> x > y\n");
}

#[test]
fn who_wrote_and_when_is_one_line() {
    let mut envelope = Envelope {
        from: people("Sven Angstrom <sven@example.se>"),
        date: Some(1_793_610_671),
        zone: 60,
        ..Envelope::default()
    };
    assert_eq!(
        attribution(&envelope),
        "On Mon 2 Nov 2026, Sven Angstrom wrote:"
    );
    envelope.from[0].name = "Evil\r\n> quoted\u{1b}[2J".into();
    assert!(!attribution(&envelope).contains(['\r', '\n', '\u{1b}']));
    envelope.from.clear();
    envelope.date = None;
    assert_eq!(attribution(&envelope), "somebody wrote:");
    let text = forwarded(&envelope, "Hello\n");
    assert_eq!(text, "---------- Forwarded message ---------\n\nHello\n");
}

#[test]
fn lists_say_where_their_mail_goes() {
    let check = |header: &str, want: Option<&str>| {
        let wishes = Wishes::of_header(format!("{header}\r\n\r\n").as_bytes());
        let got = wishes.list_post.map(|one| one.address);
        assert_eq!(got.as_deref(), want, "{header}");
    };
    check("List-Post: <mailto:l@x.example>", Some("l@x.example"));
    check(
        "List-Post: <MAILTO:l%2Ba@x.example?subject=hi>",
        Some("l+a@x.example"),
    );
    check("List-Post: <https://x.example>, <mailto:l@x>", Some("l@x"));
    check("List-Post: NO", None);
    check("List-Post: <mailto:a%0d%0aBcc:b@x>", None);
    let wishes = Wishes::of_header(b"Mail-Followup-To: a@x, b@x\n\n");
    assert_eq!(wishes.followup_to.len(), 2);
}

#[test]
fn a_draft_keeps_its_text_as_it_was_typed() {
    let check = |parameters: &[(&str, &str)], bytes: &[u8], want: &str| {
        let part = Structure {
            kind: "text".into(),
            subtype: "plain".into(),
            parameters: parameters
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
            ..Structure::default()
        };
        assert_eq!(typed(&part, bytes), want, "{parameters:?}");
        assert_eq!(typed_part(&part).map(|one| &one.path), Some(&part.path));
    };
    check(
        &[("charset", "utf-8")],
        b"\r\nHello,\r\n\r\n\r\n\r\nbye\r\n-- \r\nMe\x1b[2J\r\n",
        "\nHello,\n\n\n\nbye\n-- \nMe[2J",
    );
    check(
        &[("format", "Flowed")],
        b"one \r\ntwo\r\n>> quoted \r\n>> more\r\n-- \r\nMe\r\n",
        "one two\n>> quoted more\n-- \nMe",
    );
    check(
        &[("charset", "iso-8859-1")],
        b"Gr\xfc\xdfe",
        "Gr\u{fc}\u{df}e",
    );
}

#[test]
fn only_one_plain_text_is_what_a_draft_was_typed_in() {
    let text = |path: &str, subtype: &str, name: &str| Structure {
        path: crate::model::PartPath::parse(path).unwrap(),
        kind: "text".into(),
        subtype: subtype.into(),
        filename: name.into(),
        disposition: match name {
            "" => crate::model::Disposition::None,
            _ => crate::model::Disposition::Attachment,
        },
        ..Structure::default()
    };
    let check = |children: Vec<Structure>, want: bool| {
        let tree = Structure {
            kind: "multipart".into(),
            subtype: "mixed".into(),
            children,
            ..Structure::default()
        };
        assert_eq!(typed_part(&tree).is_some(), want, "{tree:?}");
    };
    check(
        vec![text("1", "plain", ""), text("2", "plain", "a.txt")],
        true,
    );
    check(vec![text("1", "plain", ""), text("2", "html", "")], true);
    check(vec![text("1", "html", "")], false);
    check(vec![text("1", "plain", ""), text("2", "plain", "")], false);
}

/// What each of these messages is, told apart by ` | `.
fn cases(text: &str) -> Vec<Case> {
    text.split(" | ").map(case).collect()
}

fn several<'a>(cases: &'a [Case], own: &'a [String]) -> Several<'a> {
    let numbered = |(n, case): (usize, &'a Case)| Original {
        message: MessageKey(n as i64 + 1),
        ..original(case, own)
    };
    Several::new(cases.iter().enumerate().map(numbered).collect())
}

#[test]
fn c6_one_answer_to_several_messages_goes_where_the_answers_to_each_would() {
    let own = own();
    let check = |text: &str, sender: &str, all: &str, list: &str| {
        let cases = cases(text);
        let several = several(&cases, &own);
        let got = [Whom::Sender, Whom::All, Whom::List].map(|w| shown(&several.addressed(w)));
        assert_eq!(got, [sender, all, list], "{text}");
        assert_eq!(several.question().proposed, Whom::Sender, "{text}");
    };
    check("from a; to me | from b; to me", "a b / ", "a b / ", " / ");
    check(
        "from a; to me, b | from A; to me, c",
        "a / ",
        "a / b c",
        " / ",
    );
    check(
        "from a; to me, b | from b; to me, a",
        "a b / ",
        "a b / ",
        " / ",
    );
    check(
        "from a; reply-to d; to me | from b; to me",
        "d b / ",
        "d b / ",
        " / ",
    );
    check(
        "from a; to l; list l | from b; to l; list l",
        "a b / ",
        "a b / l",
        "l / ",
    );
    check(
        "from a; to l; list l | from b; to k; list k",
        "a b / ",
        "a b / l k",
        " / ",
    );
    check(
        "from a; to l; list l | from b; to me",
        "a b / ",
        "a b / l",
        " / ",
    );
    check("from me; to me | from a; to me", "a / ", "a / ", " / ");
    check("from me; to me | from me; to me", "me / ", "me / ", " / ");
}

#[test]
fn c5_one_blind_copy_among_several_messages_is_told() {
    let own = own();
    for (text, want) in [
        ("from a; to me | from a; to b", true),
        ("from a; to me", false),
    ] {
        let cases = cases(text);
        assert_eq!(several(&cases, &own).question().came_by_bcc, want, "{text}");
    }
}

#[test]
fn one_answer_to_several_messages_names_them_all() {
    let own = own();
    let draft = |subjects: [&str; 2], references: &[&str]| {
        let mut cases = cases("from a; to me | from b; to me");
        for (n, case) in cases.iter_mut().enumerate() {
            case.envelope.subject = subjects[n].to_owned();
            case.envelope.message_id = format!("{}@x", n + 1);
        }
        cases[1].envelope.references = references.iter().map(|id| (*id).to_owned()).collect();
        several(&cases, &own).reply(&Address::default(), Addressed::default(), String::new())
    };
    let apart = draft(["Trains", "Boats"], &[]);
    assert_eq!(apart.subject, "Re: Boats (and 1 more)");
    assert_eq!(apart.in_reply_to, ["1@x", "2@x"]);
    assert!(apart.references.is_empty(), "they have no common ancestors");
    let answers = apart.answers.unwrap();
    assert_eq!(
        (answers.kind, answers.messages),
        (AnswerKind::Reply, vec![MessageKey(1), MessageKey(2)])
    );
    let line = draft(["Trains", "RE: trains"], &["0@x", "1@x"]);
    assert_eq!(line.subject, "Re: trains");
    assert_eq!(line.references, ["0@x", "1@x", "2@x"]);
}

#[test]
fn several_messages_are_attached_whole_under_names_of_their_own() {
    let own = own();
    let mut cases = cases("from a; to me | from b; to me | from c; to me");
    for (case, subject) in cases.iter_mut().zip(["Trains", "Trains", ""]) {
        case.envelope.subject = subject.to_owned();
    }
    let wholes = [
        (ContentKey(7), 70),
        (ContentKey(8), 80),
        (ContentKey(9), 90),
    ];
    let draft = several(&cases, &own).forward_attached(&Address::default(), &wholes);
    let names: Vec<_> = draft
        .attachments
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["Trains.eml", "Trains-2.eml", "message.eml"]);
    for (one, (content, size)) in draft.attachments.iter().zip(wholes) {
        assert_eq!(
            (one.media_type.as_str(), one.size),
            ("message/rfc822", size)
        );
        assert_eq!(one.source, Source::Message { content });
    }
    let answers = draft.answers.unwrap();
    assert_eq!(
        (answers.kind, answers.messages.len()),
        (AnswerKind::Forward, 3)
    );
    assert_eq!(draft.subject, "Fwd: (and 2 more)");
}
