//! Lines of good and broken servers: each is read to the expected thing.

use super::super::parse::{Response, parse};
use super::{describe, describe_code, describe_event};
use crate::imap::frame::{Framer, Piece};
use crate::imap::{Limits, Reply};
use crate::protocol::{Output, Tag};

const LINES: &str = include_str!("../../../tests/transcripts/imap/imap-lines.txt");
const EXPECTED: &str = include_str!("../../../tests/transcripts/imap/imap-lines.expected");

/// All responses that `bytes` hold, described.
fn read(bytes: &[u8]) -> Vec<String> {
    let mut framer = Framer::new();
    let mut out = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (taken, piece) = framer.push(rest, &Limits::default());
        rest = &rest[taken..];
        match piece {
            Piece::None => {}
            Piece::Response => {
                let (text, literals) = framer.response();
                out.push(described(parse(text, literals, "A")));
                framer.clear();
            }
            piece => panic!("{piece:?}"),
        }
    }
    out
}

fn described(response: Response) -> String {
    match response {
        Response::Untagged(event) => describe_event(&event),
        Response::Preauth(code, text) => format!("Preauth{} {text}", describe_code(code.as_ref())),
        Response::Tagged(tag, Reply { status, code, text }) => {
            assert_eq!(tag, b"A1");
            describe(&Output::Done(Tag(1), Reply { status, code, text }))
        }
        Response::Continue(text) => format!("Continue {:?}", String::from_utf8_lossy(&text)),
        Response::Garbage(line) => format!("Garbage {:?}", String::from_utf8_lossy(&line)),
    }
}

#[test]
fn every_line_of_good_and_broken_servers_is_read_to_the_expected_thing() {
    let lines = LINES.lines().filter(|line| !line.starts_with("##"));
    let mut expected = EXPECTED.lines();
    let mut wrong = String::new();
    for line in lines {
        let bytes = format!("{}\r\n", line.replace("\\r\\n", "\r\n"));
        let read = read(bytes.as_bytes());
        assert_eq!(read.len(), 1, "{line} is {read:?}");
        if expected.next() != Some(read[0].as_str()) {
            wrong.push_str(&format!("{line}\n    {}\n", read[0]));
        }
    }
    assert_eq!(wrong, "");
    assert_eq!(expected.next(), None);
}
