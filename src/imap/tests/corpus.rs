//! Real transcripts from `LACEBARK_CORPUS`: no FETCH response is lost and nothing breaks the link.

use std::path::{Path, PathBuf};

use crate::imap::frame::{Framer, Piece};
use crate::imap::parse::{Response, parse};
use crate::imap::{Event, Limits};

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, out);
        } else {
            out.push(path);
        }
    }
}

/// How many lines look like `* n FETCH`; the samples hold none within their literals.
fn fetch_lines(text: &[u8]) -> usize {
    text.split(|c| *c == b'\n')
        .filter(|line| {
            let mut words = line.split(|c| *c == b' ');
            words.next() == Some(b"*")
                && words
                    .next()
                    .is_some_and(|n| n.iter().all(u8::is_ascii_digit))
                && words
                    .next()
                    .is_some_and(|word| word.eq_ignore_ascii_case(b"FETCH"))
        })
        .count()
}

/// FETCH responses read, and warnings.
fn fetched(text: &[u8], name: &str) -> (usize, Vec<String>) {
    let limits = Limits {
        inline: u64::MAX,
        ..Limits::default()
    };
    let mut framer = Framer::new();
    let (mut count, mut warnings) = (0, Vec::new());
    let mut rest = text;
    while !rest.is_empty() {
        let (taken, piece) = framer.push(rest, &limits);
        rest = &rest[taken..];
        match piece {
            Piece::None => {}
            Piece::Response => {
                let (line, literals) = framer.response();
                if let Response::Untagged(Event::Fetched(data)) = parse(line, literals, "A") {
                    count += 1;
                    warnings.extend(data.warnings);
                }
                framer.clear();
            }
            piece => panic!("{name}: {piece:?}"),
        }
    }
    (count, warnings)
}

#[test]
fn no_fetch_response_of_real_servers_is_lost() {
    let Some(corpus) = std::env::var_os("LACEBARK_CORPUS") else {
        eprintln!("skipped: LACEBARK_CORPUS is not set");
        return;
    };
    let mut paths = Vec::new();
    files(&Path::new(&corpus).join("imap"), &mut paths);
    let mut all = 0;
    for path in paths {
        let text = std::fs::read(&path).unwrap();
        let name = path.display().to_string();
        let lines = responses(&name, &text);
        for text in lines {
            let (count, warnings) = fetched(&text, &name);
            assert_eq!(count, fetch_lines(&text), "{name}");
            if !warnings.is_empty() {
                println!("{name}: {warnings:?}");
            }
            all += count;
        }
    }
    assert!(all > 100, "{all}");
    println!("{all} FETCH responses");
}

/// What of a file a server says: transcripts of servers whole, fixtures of net-imap by their
/// `:response:` lines. Test scripts of imaptest are no server's words.
fn responses(name: &str, text: &[u8]) -> Vec<Vec<u8>> {
    if name.ends_with(".txt") {
        // Some samples lost the CR of their line ends, which their literals still count.
        let text = String::from_utf8_lossy(text);
        let text = if text.contains("\r\n") {
            text.into_owned()
        } else {
            text.replace('\n', "\r\n")
        };
        return vec![text.into_bytes()];
    }
    if !name.ends_with(".yml") {
        return Vec::new();
    }
    String::from_utf8_lossy(text)
        .lines()
        .filter_map(|line| line.trim().strip_prefix(":response: "))
        .filter_map(|value| serde_json::from_str::<String>(value).ok())
        .map(String::into_bytes)
        .collect()
}
