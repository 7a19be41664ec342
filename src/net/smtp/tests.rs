//! The machine without a link, the cleaning of messages, and the story over links in memory.

use std::time::Duration;

use proptest::prelude::*;

use super::body::Cleaner;
use super::*;
use crate::config::Security;
use crate::model::Secret;
use crate::protocol::{Output, Protocol, Time, Upgrade};

fn machine(security: Security) -> Machine {
    Machine::new(Options {
        security,
        started: Time(Duration::from_secs(1)),
    })
}

/// Everything that the machine wants written now.
fn written(machine: &mut Machine) -> String {
    let mut bytes = Vec::new();
    while let Some(transmit) = machine.poll_transmit() {
        bytes.extend(transmit.bytes);
    }
    String::from_utf8(bytes).unwrap()
}

fn heard(machine: &mut Machine) -> Vec<Output<Event, Reply>> {
    std::iter::from_fn(|| machine.poll_event()).collect()
}

fn says(machine: &mut Machine, text: &str) -> Vec<Output<Event, Reply>> {
    let now = Time(Duration::from_secs(2));
    let bytes = text.as_bytes();
    let mut taken = 0;
    while taken < bytes.len() {
        let count = machine.feed(&bytes[taken..], now);
        if count == 0 {
            break;
        }
        taken += count;
    }
    heard(machine)
}

/// A machine that was greeted, with what the server offers.
fn greeted(security: Security, offers: &[&str]) -> Machine {
    let mut machine = machine(security);
    says(&mut machine, "220 mx.example ESMTP\r\n");
    assert_eq!(written(&mut machine), "EHLO [127.0.0.1]\r\n");
    let mut lines = vec!["mx.example at your service"];
    lines.extend(offers);
    let last = lines.len() - 1;
    let reply: String = lines
        .iter()
        .enumerate()
        .map(|(at, line)| format!("250{}{line}\r\n", if at == last { ' ' } else { '-' }))
        .collect();
    let outputs = says(&mut machine, &reply);
    assert!(
        matches!(outputs[..], [Output::Event(Event::Ready)]),
        "{outputs:?}"
    );
    machine
}

fn identity(login: &str, secret: &str) -> Identity {
    Identity {
        login: login.to_owned(),
        secret: Secret::new(secret),
    }
}

fn envelope(to: &[&str]) -> Envelope {
    Envelope {
        from: Some("alice@example.org".parse().unwrap()),
        to: to.iter().map(|to| to.parse().unwrap()).collect(),
        size: 4711,
        eight_bit: true,
        utf8: true,
    }
}

fn broken(outputs: &[Output<Event, Reply>]) -> Option<&str> {
    outputs.iter().find_map(|output| match output {
        Output::Broken(broken) => Some(broken.what.as_str()),
        _ => None,
    })
}

#[test]
fn c11_the_greeting_names_no_machine_and_the_offers_are_read_in_any_case() {
    let machine = greeted(
        Security::Tls,
        &[
            "size 35651584",
            "Pipelining",
            "8bitmime",
            "SmtpUtf8",
            "auth plain xoauth2",
            "AUTH=LOGIN",
            "enhancedStatusCodes",
            "X-OTHER 1 2",
        ],
    );
    let offers = machine.offers();
    assert_eq!(offers.most(), Some(35_651_584));
    assert!(offers.pipelining && offers.eight_bit && offers.utf8 && offers.enhanced);
    assert_eq!(offers.auth, ["PLAIN", "XOAUTH2", "LOGIN"]);
    assert_eq!(offers.words.len(), 8);
    let unlimited = greeted(Security::Tls, &["SIZE 0"]);
    assert_eq!(unlimited.offers().size, Some(None));
    let without = greeted(Security::Tls, &[]);
    assert_eq!(without.offers(), &Offers::default());
}

#[test]
fn a_reply_is_read_however_it_is_written() {
    let said = |text: &str| {
        let mut machine = greeted(Security::Tls, &[]);
        machine.submit(Command::Reset);
        written(&mut machine);
        let outputs = says(&mut machine, text);
        match &outputs[..] {
            [Output::Done(_, Reply::Said(said))] => said.to_string(),
            other => format!("{other:?}"),
        }
    };
    for (wire, expected) in [
        ("250 2.0.0 Ok\r\n", "250 2.0.0 Ok"),
        ("250 Ok\n", "250 Ok"),
        ("250\r\n", "250"),
        (
            "250-2.1.0 first\r\n250 2.1.0 second\r\n",
            "250 2.1.0 first second",
        ),
        ("250-one\r\n251 two\r\n", "251 one two"),
        ("550 5.1.1 no \u{1b}[31m\r\n", "550 5.1.1 no \u{1b}[31m"),
        ("550 4.1.1 odd class\r\n", "550 4.1.1 odd class"),
        ("550 5.1 short\r\n", "550 5.1 short"),
    ] {
        assert_eq!(said(wire), expected, "{wire}");
    }
    assert!(said("550 \u{e9}\r\n").starts_with("550 "));
    for wire in [
        "hello\r\n",
        "25x a\r\n",
        "250x a\r\n",
        "999 a\r\n",
        "\r\n",
        "é\r\n",
    ] {
        assert!(said(wire).contains("Broken"), "{wire}: {}", said(wire));
    }
}

#[test]
fn the_envelope_goes_in_one_flight_where_the_server_takes_it_so() {
    let mut machine = greeted(
        Security::Tls,
        &["PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8"],
    );
    machine.submit(Command::Envelope(envelope(&[
        "b@x.org", "c@x.org", "d@x.org",
    ])));
    assert_eq!(
        written(&mut machine),
        "MAIL FROM:<alice@example.org> SIZE=4711 BODY=8BITMIME SMTPUTF8\r\n\
         RCPT TO:<b@x.org>\r\nRCPT TO:<c@x.org>\r\nRCPT TO:<d@x.org>\r\n"
    );
    let outputs = says(
        &mut machine,
        "250 ok\r\n250 ok\r\n550 5.1.1 no such user\r\n451 4.7.1 later\r\n",
    );
    let [Output::Done(_, Reply::Envelope { sender, recipients })] = &outputs[..] else {
        panic!("{outputs:?}");
    };
    assert!(sender.is_yes());
    let words: Vec<String> = recipients
        .iter()
        .map(|said| said.as_ref().unwrap().to_string())
        .collect();
    assert_eq!(
        words,
        ["250 ok", "550 5.1.1 no such user", "451 4.7.1 later"]
    );
    assert!(recipients[1].as_ref().unwrap().is_for_good());
    assert!(recipients[2].as_ref().unwrap().is_for_now());
}

#[test]
fn the_envelope_goes_line_by_line_where_nothing_else_is_offered() {
    let mut machine = greeted(Security::Tls, &[]);
    machine.submit(Command::Envelope(envelope(&["b@x.org", "c@x.org"])));
    assert_eq!(written(&mut machine), "MAIL FROM:<alice@example.org>\r\n");
    assert!(says(&mut machine, "250 ok\r\n").is_empty());
    assert_eq!(written(&mut machine), "RCPT TO:<b@x.org>\r\n");
    assert!(says(&mut machine, "550 no\r\n").is_empty());
    assert_eq!(written(&mut machine), "RCPT TO:<c@x.org>\r\n");
    let outputs = says(&mut machine, "250 ok\r\n");
    assert!(matches!(
        &outputs[..],
        [Output::Done(_, Reply::Envelope { .. })]
    ));

    // A sender that is refused is the end of it.
    machine.submit(Command::Envelope(envelope(&["b@x.org"])));
    written(&mut machine);
    let outputs = says(&mut machine, "530 5.7.0 sign in first\r\n");
    let [Output::Done(_, Reply::Envelope { recipients, .. })] = &outputs[..] else {
        panic!("{outputs:?}");
    };
    assert_eq!(recipients, &[None]);
    assert_eq!(written(&mut machine), "");
}

#[test]
fn a_421_answers_everything_that_is_owed() {
    let mut machine = greeted(Security::Tls, &["PIPELINING"]);
    machine.submit(Command::Envelope(envelope(&["b@x.org", "c@x.org"])));
    written(&mut machine);
    let outputs = says(&mut machine, "250 ok\r\n421 4.3.2 shutting down\r\n");
    let [Output::Done(_, Reply::Envelope { recipients, .. })] = &outputs[..] else {
        panic!("{outputs:?}");
    };
    assert!(
        recipients
            .iter()
            .all(|said| said.as_ref().unwrap().code == 421)
    );
    machine.submit(Command::Data);
    assert_eq!(
        written(&mut machine),
        "",
        "nothing is said to a server that goes"
    );
}

/// A machine that sends a message.
fn in_data() -> Machine {
    let mut machine = greeted(Security::Tls, &[]);
    machine.submit(Command::Data);
    assert_eq!(written(&mut machine), "DATA\r\n");
    let outputs = says(&mut machine, "354 go on\r\n");
    assert!(matches!(&outputs[..], [Output::Done(_, Reply::Said(said))] if said.is_more()));
    machine
}

#[test]
fn the_dot_leaves_with_the_end_and_with_nothing_else() {
    let mut machine = in_data();
    machine.submit(Command::Piece(b"Subject: x\r\n\r\n.\r".to_vec()));
    assert_eq!(written(&mut machine), "Subject: x\r\n\r\n..");
    assert!(matches!(
        heard(&mut machine)[..],
        [Output::Done(_, Reply::Taken)]
    ));
    machine.submit(Command::Piece(b"\nlast".to_vec()));
    assert_eq!(written(&mut machine), "\r\nlast");
    heard(&mut machine);
    machine.submit(Command::End);
    assert_eq!(written(&mut machine), "\r\n.\r\n");
    let outputs = says(&mut machine, "250 2.0.0 Ok: queued as 4711\r\n");
    assert!(matches!(&outputs[..], [Output::Done(_, Reply::Said(said))] if said.is_yes()));
    // The link is free for the next one.
    machine.submit(Command::Envelope(envelope(&["b@x.org"])));
    assert!(written(&mut machine).starts_with("MAIL "));
}

#[test]
fn c1_lines_of_a_message_are_never_read_as_commands() {
    for command in [Command::Piece(b"RCPT TO:<e@x>\r\n".to_vec()), Command::End] {
        let mut machine = greeted(Security::Tls, &[]);
        machine.submit(command);
        assert_eq!(written(&mut machine), "");
        assert!(broken(&heard(&mut machine)).is_some());
    }
    let mut refused = greeted(Security::Tls, &[]);
    refused.submit(Command::Data);
    written(&mut refused);
    says(&mut refused, "554 no valid recipients\r\n");
    refused.submit(Command::Piece(b"x".to_vec()));
    assert!(broken(&heard(&mut refused)).is_some());
    let mut machine = in_data();
    machine.submit(Command::Reset);
    assert_eq!(written(&mut machine), "");
    assert!(broken(&heard(&mut machine)).is_some());
}

#[test]
fn c2_an_address_with_more_in_it_than_an_address_is_none() {
    for text in [
        "a@x>\r\nRCPT TO:<b@y",
        "a@x.org> SIZE=1",
        "a\r\n@x.org",
        "a@x.org\r\n",
        "a@x.org\0",
        "a@x\u{85}.org",
        "<a@x.org>",
        "a b@x.org",
        "a@x.org,b@x.org",
        "a@b@c>",
        "",
        "a",
        "@x.org",
    ] {
        assert!(text.parse::<Address>().is_err(), "{text:?} is taken");
    }
    for text in [
        "a@x.org",
        "\"a b\"@x.org",
        "zoë@x.org",
        "a@bücher.example",
        "a@[192.0.2.1]",
        "-x@y.org",
    ] {
        let address: Address = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
        assert!(!address.to_string().contains(['\r', '\n', '>', '<']));
    }
}

#[test]
fn t5_a_yes_that_was_not_asked_for_ends_the_link() {
    // Laid in store before the dot; before any command; in place of the answer to DATA.
    let mut machine = in_data();
    machine.submit(Command::Piece(b"x\r\n".to_vec()));
    written(&mut machine);
    heard(&mut machine);
    assert!(broken(&says(&mut machine, "250 queued\r\n")).is_some());
    let mut machine = greeted(Security::Tls, &["AUTH PLAIN"]);
    assert!(broken(&says(&mut machine, "235 welcome\r\n")).is_some());
    let mut machine = greeted(Security::Tls, &[]);
    machine.submit(Command::Data);
    written(&mut machine);
    assert!(broken(&says(&mut machine, "250 ok\r\n")).is_some());
    // An answer that comes before the question was handed out.
    let mut machine = greeted(Security::Tls, &[]);
    machine.submit(Command::Reset);
    assert!(broken(&says(&mut machine, "250 ok\r\n")).is_some());
}

#[test]
fn a_no_in_the_middle_of_a_message_is_told_with_its_words() {
    let mut machine = in_data();
    machine.submit(Command::Piece(b"x\r\n".to_vec()));
    written(&mut machine);
    heard(&mut machine);
    let outputs = says(&mut machine, "552 5.3.4 too big\r\n");
    assert!(
        matches!(&outputs[..], [Output::Event(Event::Closing(said))] if said.code == 552),
        "{outputs:?}"
    );
}

#[test]
fn t1_without_starttls_nothing_but_ehlo_is_said() {
    for (answer, words) in [
        (
            "250-mx\r\n250-AUTH PLAIN LOGIN\r\n250 SIZE\r\n",
            "offers no STARTTLS",
        ),
        ("250-mx\r\n250 XSTARTTLS\r\n", "offers no STARTTLS"),
        ("250 mx STARTTLS\r\n", "offers no STARTTLS"),
        ("502 what\r\n", "code: 502"),
        ("354 go\r\n", "no answer to EHLO"),
        ("* OK\r\n", "without a reply code"),
    ] {
        let mut machine = machine(Security::StartTls);
        machine.submit(Command::SignIn(Mechanism::Plain, identity("a", "canary")));
        says(&mut machine, "220 mx\r\n");
        assert_eq!(written(&mut machine), "EHLO [127.0.0.1]\r\n");
        let outputs = says(&mut machine, answer);
        assert!(
            format!("{outputs:?}").contains(words),
            "{answer}: {outputs:?}"
        );
        assert_eq!(written(&mut machine), "", "{answer}");
    }
    for answer in [
        "454 not now\r\n",
        "501 what\r\n",
        "250 yes\r\n",
        "334 eA==\r\n",
        "nonsense\r\n",
    ] {
        let mut machine = machine(Security::StartTls);
        machine.submit(Command::SignIn(Mechanism::Plain, identity("a", "canary")));
        says(&mut machine, "220 mx\r\n");
        written(&mut machine);
        says(&mut machine, "250-mx\r\n250-AUTH PLAIN\r\n250 StartTLS\r\n");
        assert_eq!(written(&mut machine), "STARTTLS\r\n");
        let outputs = says(&mut machine, answer);
        let upgraded = outputs.iter().any(|o| matches!(o, Output::Upgrade(_)));
        assert!(!upgraded, "{answer}");
        assert_eq!(written(&mut machine), "", "{answer}");
    }
}

#[test]
fn t3_t4_nothing_from_before_tls_is_left_after_it() {
    let mut machine = machine(Security::StartTls);
    says(&mut machine, "220 mx\r\n");
    written(&mut machine);
    says(
        &mut machine,
        "250-mx\r\n250-AUTH LOGIN\r\n250-SIZE 1\r\n250 STARTTLS\r\n",
    );
    written(&mut machine);
    let injected = b"220 go\r\n250-evil\r\n250 AUTH LOGIN\r\n";
    let taken = machine.feed(injected, Time::default());
    assert_eq!(
        taken,
        b"220 go\r\n".len(),
        "octets past the upgrade were taken"
    );
    assert!(matches!(
        heard(&mut machine)[..],
        [Output::Upgrade(Upgrade::Tls)]
    ));
    assert_eq!(machine.feed(b"250 evil\r\n", Time::default()), 0);
    machine.upgraded(Upgrade::Tls);
    assert_eq!(machine.offers(), &Offers::default());
    assert_eq!(written(&mut machine), "EHLO [127.0.0.1]\r\n");
    says(&mut machine, "250-mx\r\n250 AUTH PLAIN\r\n");
    assert_eq!(machine.offers().auth, ["PLAIN"]);
    assert_eq!(machine.offers().most(), None);
}

#[test]
fn t6_a_server_that_does_not_greet_hears_nothing() {
    for greeting in [
        "554 no service\r\n",
        "421 busy\r\n",
        "* OK hi\r\n",
        "354 go\r\n",
        "\r\n",
    ] {
        let mut machine = machine(Security::Tls);
        machine.submit(Command::SignIn(Mechanism::Plain, identity("a", "canary")));
        let outputs = says(&mut machine, greeting);
        assert_eq!(written(&mut machine), "", "{greeting}");
        assert_eq!(outputs.len(), 1, "{greeting}: {outputs:?}");
    }
    let mut machine = machine(Security::Tls);
    let endless = vec![b'2'; 1 << 20];
    machine.feed(&endless, Time::default());
    assert!(broken(&heard(&mut machine)).is_some());
}

#[test]
fn p4_a_reply_without_end_is_ended() {
    let mut machine = machine(Security::Tls);
    let mut fed = 0;
    while broken(&heard(&mut machine)).is_none() {
        machine.feed(b"220-and more\r\n", Time::default());
        fed += 1;
        assert!(fed < 10_000, "it is read for ever");
    }
}

#[test]
fn s2_each_way_of_signing_in_says_its_secrets_in_secret() {
    let canary = "canary p\u{e4}ss";
    let check = |mechanism, dialogue: &[(&str, &str)]| {
        let mut machine = greeted(Security::Tls, &["AUTH PLAIN LOGIN XOAUTH2"]);
        machine.submit(Command::SignIn(
            mechanism,
            identity("zoe@example.org", canary),
        ));
        let mut shown = String::new();
        let mut last = Vec::new();
        for (client, server) in dialogue {
            let mut wire = String::new();
            while let Some(transmit) = machine.poll_transmit() {
                shown.push_str(&format!("{transmit:?}"));
                wire.push_str(std::str::from_utf8(&transmit.bytes).unwrap());
            }
            assert_eq!(wire, *client, "{mechanism:?}");
            last = says(&mut machine, server);
        }
        shown.push_str(&format!("{machine:?}"));
        for secret in [canary, "Y2FuYXJ5", "FuYXJ5IH", "hbmFyeS"] {
            assert!(!shown.contains(secret), "{mechanism:?}: {shown}");
        }
        match last.pop() {
            Some(Output::Done(_, Reply::Said(said))) => said,
            other => panic!("{mechanism:?}: {other:?}"),
        }
    };
    use base64::Engine as _;
    let coded = |text: &str| base64::prelude::BASE64_STANDARD.encode(text);
    let plain = coded(&format!("\0zoe@example.org\0{canary}"));
    let yes = "235 2.7.0 welcome\r\n";
    let said = check(
        Mechanism::Plain,
        &[(&format!("AUTH PLAIN {plain}\r\n"), yes)],
    );
    assert!(said.is_yes());
    // It did not take the initial response.
    check(
        Mechanism::Plain,
        &[
            (&format!("AUTH PLAIN {plain}\r\n"), "334 \r\n"),
            (&format!("{plain}\r\n"), yes),
        ],
    );
    check(
        Mechanism::Login,
        &[
            ("AUTH LOGIN\r\n", "334 QmVudXR6ZXI=\r\n"),
            (
                &format!("{}\r\n", coded("zoe@example.org")),
                "334 UGFzc3dvcmQ6\r\n",
            ),
            (&format!("{}\r\n", coded(canary)), yes),
        ],
    );
    let token = coded(&format!(
        "user=zoe@example.org\u{1}auth=Bearer {canary}\u{1}\u{1}"
    ));
    let told = coded("{\"status\":\"401\"}");
    let said = check(
        Mechanism::XOAuth2,
        &[
            (
                &format!("AUTH XOAUTH2 {token}\r\n"),
                &format!("334 {told}\r\n"),
            ),
            ("\r\n", &format!("535 5.7.8 not {canary}\r\n")),
        ],
    );
    assert!(said.is_for_good() && said.text.contains("401"), "{said}");
    assert!(!said.text.contains(canary), "{said}");
    // Challenges without end are cancelled.
    check(
        Mechanism::Login,
        &[
            ("AUTH LOGIN\r\n", "334 x\r\n"),
            (&format!("{}\r\n", coded("zoe@example.org")), "334 x\r\n"),
            (&format!("{}\r\n", coded(canary)), "334 x\r\n"),
            ("*\r\n", "501 cancelled\r\n"),
        ],
    );
}

#[test]
fn each_wait_has_its_deadline() {
    let at = |seconds| Time(Duration::from_secs(seconds));
    let check = |machine: &mut Machine, limit: u64, word: &str| {
        let start = 100;
        machine.handle_timeout(at(start));
        assert!(broken(&heard(machine)).is_none());
        machine.handle_timeout(at(start + limit - 1));
        assert!(broken(&heard(machine)).is_none(), "{word}: too early");
        machine.handle_timeout(at(start + limit));
        let outputs = heard(machine);
        let what = broken(&outputs).unwrap_or_else(|| panic!("{word}: no end"));
        assert_eq!(what, format!("no answer to {word} in {limit} s"));
        assert_eq!(machine.poll_timeout(), None);
    };
    let mut silent = machine(Security::Tls);
    assert_eq!(silent.poll_timeout(), Some(at(301)));
    silent.handle_timeout(at(301));
    assert!(broken(&heard(&mut silent)).is_some());
    for (command, limit, word) in [
        (Command::Envelope(envelope(&["b@x.org"])), 300, "MAIL"),
        (Command::Data, 120, "DATA"),
        (
            Command::SignIn(Mechanism::Plain, identity("a", "b")),
            300,
            "AUTH",
        ),
    ] {
        let mut machine = greeted(Security::Tls, &["AUTH PLAIN"]);
        assert_eq!(machine.poll_timeout(), None, "nothing is owed");
        machine.submit(command);
        written(&mut machine);
        check(&mut machine, limit, word);
    }
    let mut stalled = in_data();
    stalled.submit(Command::Piece(b"Subject: x\r\n".to_vec()));
    check(&mut stalled, 180, "the message");
    let mut undecided = in_data();
    undecided.submit(Command::End);
    written(&mut undecided);
    check(&mut undecided, 600, "the message");
}

/// The nine ends of data that some server takes for the real one.
const ENDS: [&[u8]; 9] = [
    b"\r\n.\r\n",
    b"\n.\n",
    b"\n.\r\n",
    b"\r\n.\n",
    b"\r.\r",
    b"\r.\r\n",
    b"\r\n.\r",
    b"\n.\r",
    b"\r.\n",
];

fn cleaned(message: &[u8], cut: usize) -> Vec<u8> {
    let mut cleaner = Cleaner::default();
    let mut out = Vec::new();
    for piece in message.chunks(cut.max(1)) {
        out.extend(cleaner.clean(piece));
    }
    out.extend(cleaner.finish());
    out
}

/// Every line end as CRLF, and one at the end.
fn normal(message: &[u8]) -> Vec<u8> {
    let text: String = message.iter().map(|b| char::from(*b)).collect();
    let text = text
        .replace("\r\n", "\n")
        .replace('\r', "\n")
        .replace('\n', "\r\n");
    let mut bytes: Vec<u8> = text.chars().map(|c| c as u8).collect();
    if !bytes.is_empty() && !bytes.ends_with(b"\r\n") {
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

/// What a strict server takes for the message: up to CRLF dot CRLF, and the dots taken off.
fn strict(wire: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut message = Vec::new();
    let mut rest = wire;
    loop {
        let end = rest.windows(2).position(|w| w == b"\r\n").unwrap() + 2;
        let (line, later) = rest.split_at(end);
        rest = later;
        if line == b".\r\n" {
            return (message, rest);
        }
        message.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
    }
}

/// The same at a server for which any line end is one.
fn lenient(wire: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let normal = normal(wire);
    let (message, rest) = strict(&normal);
    (message, rest.to_vec())
}

#[test]
fn c3_no_message_ends_before_its_end() {
    for end in ENDS {
        for more in [&b""[..], b"MAIL FROM:<evil@x>\r\n", b".\r\n", b"..\r\n.."] {
            for cut in [1, 2, 3, 5, 1000] {
                let message = [b"Subject: x\r\n\r\nabove", end, more].concat();
                let mut wire = cleaned(&message, cut);
                wire.extend_from_slice(b".\r\n");
                let expected = normal(&message);
                let (got, rest) = strict(&wire);
                assert_eq!(
                    (got, rest),
                    (expected.clone(), &b""[..]),
                    "{end:?} {more:?}"
                );
                assert_eq!(lenient(&wire), (expected, Vec::new()), "{end:?} {more:?}");
            }
        }
    }
}

#[test]
fn c4_no_blind_copy_is_left_in_what_goes_out() {
    let check = |message: &str, expected: &str| {
        for cut in 1..message.len() + 1 {
            let wire = cleaned(message.as_bytes(), cut);
            assert_eq!(
                String::from_utf8_lossy(&wire),
                expected,
                "{message:?} cut at {cut}"
            );
        }
    };
    check(
        "To: a@x\r\nBcc: b@x,\r\n c@x\r\n\td@x\r\nSubject: Bcc: me\r\n\r\nBcc: stays\r\n",
        "To: a@x\r\nSubject: Bcc: me\r\n\r\nBcc: stays\r\n",
    );
    check("BCC: b@x\nTo: a@x\n\nx\n", "To: a@x\r\n\r\nx\r\n");
    check("bCc \t: b@x\r\nrESENT-bcc: c@x\r\n\r\n", "\r\n");
    check("To: a@x\r\nBcc: b@x", "To: a@x\r\n");
    check(
        "Bccx: y\r\nXBcc: y\r\n\r\nbcc: z",
        "Bccx: y\r\nXBcc: y\r\n\r\nbcc: z\r\n",
    );
    check(
        "Subject: a\r\n bcc: folded\r\n\r\n",
        "Subject: a\r\n bcc: folded\r\n\r\n",
    );
    check(".dot: x\r\n\r\n.\r\n", "..dot: x\r\n\r\n..\r\n");
    check("no header at all", "no header at all\r\n");
    check("", "");
}

proptest! {
    #[test]
    fn c3_any_octets_arrive_as_they_are(
        message in proptest::collection::vec(
            prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'.'), Just(b'a'), Just(b':'), any::<u8>()],
            0..200,
        ),
        cut in 1_usize..50,
    ) {
        let message = [&b"\r\n"[..], &message].concat();
        let mut wire = cleaned(&message, cut);
        wire.extend_from_slice(b".\r\n");
        let (got, rest) = strict(&wire);
        prop_assert_eq!(rest, b"");
        prop_assert_eq!(got, normal(&message));
    }

    #[test]
    fn c4_no_field_of_any_header_is_a_blind_copy(
        lines in proptest::collection::vec(
            prop_oneof![
                "[bB][cC][cC] {0,2}: ?[a-z@,]{0,6}",
                "[rR]esent-[bB]cc:[a-z]{0,4}",
                "[ \t][a-zBc:]{0,6}",
                "[A-Zbc]{1,4}:[a-z]{0,5}",
                "[a-z. ]{0,5}",
            ],
            0..12,
        ),
        end in prop_oneof![Just("\r\n"), Just("\n"), Just("\r")],
        cut in 1_usize..20,
    ) {
        let message = lines.join(end);
        let wire = cleaned(message.as_bytes(), cut);
        let text = String::from_utf8(wire).unwrap();
        let header = text.split("\r\n\r\n").next().unwrap().to_lowercase();
        for line in header.split("\r\n").take_while(|line| !line.is_empty()) {
            let name = line.split(':').next().unwrap().trim_end();
            prop_assert!(!line.contains(':') || !["bcc", "resent-bcc"].contains(&name), "{}", text);
        }
    }

    #[test]
    fn no_octets_make_the_machine_panic(
        bytes in proptest::collection::vec(
            prop_oneof![
                Just(b'2'), Just(b'5'), Just(b'0'), Just(b'3'), Just(b'4'), Just(b'-'), Just(b' '),
                Just(b'\r'), Just(b'\n'), any::<u8>()
            ],
            0..300,
        ),
    ) {
        for security in [Security::Tls, Security::StartTls, Security::PlainLoopback] {
            let mut machine = machine(security);
            machine.submit(Command::SignIn(Mechanism::Login, identity("a", "b")));
            machine.submit(Command::Envelope(envelope(&["b@x.org", "c@x.org"])));
            machine.submit(Command::Data);
            for piece in bytes.chunks(7) {
                written(&mut machine);
                machine.feed(piece, Time::default());
                heard(&mut machine);
            }
        }
    }
}
