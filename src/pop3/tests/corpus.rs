//! Real transcripts from `LACEBARK_CORPUS`: each is a reply, and nothing breaks the link.

use std::path::{Path, PathBuf};

use super::play::{Player, command};
use crate::pop3::Security;

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

/// A server that answers CAPA with `capabilities` and then one command with `answer`.
fn played(capabilities: &str, asked: &str, answer: &str) -> Vec<String> {
    let mut player = Player::new(Security::Tls);
    player.feed(b"+OK hi\r\n");
    player.feed(capabilities.as_bytes());
    player.submit(command(asked));
    player.feed(answer.as_bytes());
    player.submit(command("noop"));
    player.feed(b"+OK still here\r\n");
    player.said
}

#[test]
fn p13_real_replies_are_read() {
    let Some(corpus) = std::env::var_os("LACEBARK_CORPUS") else {
        eprintln!("SKIPPED: LACEBARK_CORPUS is not set");
        return;
    };
    let mut paths = Vec::new();
    files(&Path::new(&corpus).join("pop3"), &mut paths);
    for path in &paths {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        // The files hold lines as a checkout has them.
        let text = std::fs::read_to_string(path).unwrap();
        let text = text.replace("\r\n", "\n").replace('\n', "\r\n");
        let (capabilities, asked, answer) = match name.as_str() {
            "greeting.txt" => {
                let mut player = Player::new(Security::Tls);
                player.feed(text.as_bytes());
                assert_eq!(player.sent(), "CAPA\r\n", "{name}");
                continue;
            }
            "capa1.txt" | "capa2.txt" => {
                // UTF8 is offered by some, and asked for then.
                let answer = if text.contains("UTF8") { "+OK\r\n" } else { "" };
                (format!("{text}{answer}"), "noop", "+OK\r\n".to_owned())
            }
            "retr1.txt" => ("-ERR\r\n".to_owned(), "retr 1", text),
            name if name.starts_with("stat") => ("-ERR\r\n".to_owned(), "stat", text),
            name if name.starts_with("list1") => ("-ERR\r\n".to_owned(), "noop", text),
            name if name.starts_with("list") => ("-ERR\r\n".to_owned(), "list", text),
            // A listing of languages has the form of one of sizes, each line of it odd.
            "getlang.txt" => ("-ERR\r\n".to_owned(), "list", text),
            _ => ("-ERR\r\n".to_owned(), "noop", text),
        };
        let said = played(&capabilities, asked, &answer);
        assert!(said[0].starts_with("Ready"), "{name}: {said:?}");
        let last = said.last().unwrap();
        assert_eq!(last, "Done 2 Ok \"still here\"", "{name}: {said:?}");
        let odd = match name.as_str() {
            "list-error1.txt" | "list-error3.txt" => " odd=1",
            "getlang.txt" => " odd=6",
            _ => "",
        };
        let done = &said[said.len() - 2];
        assert_eq!(done.contains("odd"), !odd.is_empty(), "{name}: {done}");
        assert!(done.contains(odd), "{name}: {done}");
        let counted = name.starts_with("stat") && !name.contains("error");
        assert_eq!(done.contains(" of "), counted, "{name}: {done}");
    }
    assert!(paths.len() >= 26, "{} files", paths.len());
}
