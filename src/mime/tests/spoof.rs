//! Senders that pretend to be others (SAFETY D5): what list and view show is what a reply uses.

use super::super::envelope;
use super::sanitize::{self, addr_spec, sender};

/// Header fields, the sender column of the list, and the addresses that From really names.
const SHAPES: [(&str, &str, &[&str]); 42] = [
    (
        "From: ceo@bank.example <evil@x.test>",
        "evil@x.test",
        &["evil@x.test"],
    ),
    (
        "From: \"ceo@bank.example\" <evil@x.test>",
        "evil@x.test",
        &["evil@x.test"],
    ),
    (
        "From: 'ceo@bank.example' <evil@x.test>",
        "evil@x.test",
        &["evil@x.test"],
    ),
    (
        "From: \"CEO <ceo@bank.example>\" <evil@x.test>",
        "evil@x.test",
        &["evil@x.test"],
    ),
    (
        "From: =?utf-8?q?ceo=40bank.example?= <evil@x.test>",
        "evil@x.test",
        &["evil@x.test"],
    ),
    (
        "From: =?utf-8?b?Y2VvQGJhbmsuZXhhbXBsZQ==?= <evil@x.test>",
        "evil@x.test",
        &["evil@x.test"],
    ),
    (
        "From: \"=?utf-8?q?ceo=40bank.example?=\" <evil@x.test>",
        "evil@x.test",
        &["evil@x.test"],
    ),
    (
        "From: =?utf-8?q?ceo=EF=BC=A0bank.example?= <evil@x.test>",
        "evil@x.test",
        &["evil@x.test"],
    ),
    (
        "From: =?utf-8?q?ceo=EF=B9=AB?= <evil@x.test>",
        "evil@x.test",
        &["evil@x.test"],
    ),
    (
        "From: =?utf-8?q?ceo=E2=80=8B=40bank?= <evil@x.test>",
        "evil@x.test",
        &["evil@x.test"],
    ),
    (
        "From: =?utf-8?q?ceo=00?= <evil@x.test>",
        "evil@x.test",
        &["evil@x.test"],
    ),
    (
        "From: =?utf-8?q?ceo=0A=0Abody?= <evil@x.test>",
        "evil@x.test",
        &["evil@x.test"],
    ),
    (
        "From: =?utf-8?q?ceo=0D=0ABcc=3A_a?= <evil@x.test>",
        "evil@x.test",
        &["evil@x.test"],
    ),
    (
        "From: =?utf-8?q?ceo=1B=5B8m?= <evil@x.test>",
        "evil@x.test",
        &["evil@x.test"],
    ),
    (
        "From: =?utf-8?q?=E2=80=AEoec?= <evil@x.test>",
        "evil@x.test",
        &["evil@x.test"],
    ),
    (
        "From: =?utf-8?q?=E2=81=A6ceo?= <evil@x.test>",
        "evil@x.test",
        &["evil@x.test"],
    ),
    (
        "From: =?utf-8?q?ceo_=EF=BC=9Cceo=EF=BC=9E?= <evil@x.test>",
        "evil@x.test",
        &["evil@x.test"],
    ),
    // Mailsploit: the encoded word stands where the address should be.
    (
        "From: =?utf-8?b?Y2VvQGJhbmsuZXhhbXBsZQ==?==?utf-8?q?=00?=@x.test",
        "=?utf-8?b?Y2VvQGJhbmsuZXhhbXBsZQ==?==?utf-8?q?=00?=@x.test",
        &["=?utf-8?b?Y2VvQGJhbmsuZXhhbXBsZQ==?==?utf-8?q?=00?=@x.test"],
    ),
    (
        "From: <=?utf-8?q?ceo=40bank.example=00?=@x.test>",
        "=?utf-8?q?ceo=40bank.example=00?=@x.test",
        &["=?utf-8?q?ceo=40bank.example=00?=@x.test"],
    ),
    (
        "From: <ceo@bank.example@x.test>",
        "ceo@bank.example@x.test",
        &["ceo@bank.example@x.test"],
    ),
    (
        "From: \"ceo@bank.example\"@x.test",
        "\"ceo@bank.example\"@x.test",
        &["\"ceo@bank.example\"@x.test"],
    ),
    (
        "From: Ann <ann@a.test> <evil@x.test>",
        "Ann, evil@x.test",
        &["ann@a.test", "evil@x.test"],
    ),
    (
        "From: <ann@a.test>, <evil@x.test>",
        "ann@a.test, evil@x.test",
        &["ann@a.test", "evil@x.test"],
    ),
    (
        "From: ann@a.test\r\nFrom: evil@x.test",
        "ann@a.test, evil@x.test",
        &["ann@a.test", "evil@x.test"],
    ),
    (
        "from: Ann <evil@x.test>\r\nFROM: Bob <b@b.test>",
        "Ann, Bob",
        &["evil@x.test", "b@b.test"],
    ),
    ("From : Ann <evil@x.test>", "Ann", &["evil@x.test"]),
    (
        "From: ceo@bank.example: evil@x.test;",
        "evil@x.test",
        &["evil@x.test"],
    ),
    (
        "From: Bank: evil@x.test;",
        "Bank, evil@x.test",
        &["", "evil@x.test"],
    ),
    (
        "From: Bank <ceo@bank.example>:evil@x.test;",
        "Bank, :evil@x.test",
        &["ceo@bank.example", ":evil@x.test"],
    ),
    (
        "From: <@bank.example:evil@x.test>",
        "evil@x.test",
        &["evil@x.test"],
    ),
    (
        "From: <@bank.example,@b.test:evil@x.test>",
        "evil@x.test",
        &["evil@x.test"],
    ),
    (
        "From: (ceo@bank.example) evil@x.test",
        "evil@x.test",
        &["evil@x.test"],
    ),
    (
        "From: evil@x.test (ceo@bank.example)",
        "evil@x.test",
        &["evil@x.test"],
    ),
    (
        "From: ceo(@bank.example)@x.test",
        "ceo@x.test",
        &["ceo@x.test"],
    ),
    ("From: evil@x.test <>", "evil@x.test (no address)", &[""]),
    (
        "From: ceo@bank.example\r\n <evil@x.test>",
        "evil@x.test",
        &["evil@x.test"],
    ),
    ("From: Ann\r\n\t<evil@x.test>", "Ann", &["evil@x.test"]),
    (
        "From: \"Ann                                                                 \" <evil@x.test>",
        "Ann",
        &["evil@x.test"],
    ),
    (
        "From: Ann\u{a0}\u{2003}\u{3164}Bee <evil@x.test>",
        "Ann Bee",
        &["evil@x.test"],
    ),
    (
        "From: <evil@b\u{430}nk.example>",
        "evil@xn--bnk-6cd.example",
        &["evil@b\u{430}nk.example"],
    ),
    (
        "From: Ann <evil@x.test\0@bank.example>",
        "Ann",
        &["evil@x.test\0@bank.example"],
    ),
    (
        "From: ceo@bank.example, <evil@x.test>",
        "ceo@bank.example, evil@x.test",
        &["ceo@bank.example", "evil@x.test"],
    ),
];

#[test]
fn d5_forty_spoofed_senders_show_the_address_that_a_reply_uses() {
    let mut wrong = Vec::new();
    for (fields, list, addresses) in SHAPES {
        let envelope = envelope::of_message(format!("{fields}\r\n\r\n").as_bytes());
        let found: Vec<&str> = envelope.from.iter().map(|a| a.address.as_str()).collect();
        let shown = sender(&envelope.from);
        if found != addresses || shown.as_str() != list {
            wrong.push(format!("{fields:?}: {shown} {found:?}"));
        }
        for address in &envelope.from {
            let full = sanitize::full(address);
            let spec = addr_spec(&address.address);
            assert!(
                full.as_str().ends_with(&format!("<{spec}>")) || full == spec || spec.is_empty(),
                "{full}"
            );
            assert!(
                !full.as_str().chars().any(|c| super::is_forbidden(c, false)),
                "{full}"
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn d5_a_reply_to_that_differs_is_kept_and_one_that_repeats_is_not() {
    let envelope =
        envelope::of_message(b"From: Ann <a@b.test>\r\nReply-To: Ann <evil@x.test>\r\n\r\n");
    assert_eq!(envelope.reply_to[0].address, "evil@x.test");
    let envelope = envelope::of_message(b"From: Ann <a@b.test>\r\nReply-To: <A@B.test>\r\n\r\n");
    assert!(envelope.reply_to.is_empty());
}
