//! The house rules that no compiler checks. Each failure says what to do.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Who may import whom. Rooms that are not named here are not there.
const IMPORTS: [(&str, &[&str]); 13] = [
    ("model", &[]),
    ("protocol", &["model"]),
    ("mime", &["model"]),
    ("imap", &["model", "protocol"]),
    ("pop3", &["model", "protocol"]),
    ("config", &["model"]),
    ("net", &["protocol", "imap", "pop3", "model", "config"]),
    // `protocol` for its clock alone.
    ("store", &["model", "mime", "protocol"]),
    ("env", &["protocol", "net", "config", "model"]),
    ("ops", &["store", "mime", "model"]),
    (
        "sync",
        &[
            "protocol", "imap", "pop3", "net", "store", "mime", "env", "model", "config",
        ],
    ),
    (
        "tui",
        &["ops", "sync", "store", "mime", "model", "config", "env"],
    ),
    (
        "cli",
        &["ops", "sync", "store", "config", "env", "mime", "model"],
    ),
];

/// Files that decide and so name nothing of the world.
const PURE: [&str; 12] = [
    "src/model/",
    "src/protocol.rs",
    "src/mime/",
    "src/imap/",
    "src/pop3/",
    "src/net/smtp/body.rs",
    "src/net/smtp/machine.rs",
    "src/net/smtp/offers.rs",
    "src/net/smtp/reply.rs",
    "src/sync/plan",
    "src/tui/app/",
    "src/tui/screen/",
];

/// What a pure file does not name.
const WORLD: [&str; 17] = [
    "tokio",
    "rusqlite",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "ToSocketAddrs",
    "std::fs",
    "std::env",
    "std::process",
    "std::thread",
    "File::",
    "Instant",
    "SystemTime",
    "Timestamp::now",
    "Zoned::now",
    "getrandom",
    "RandomState",
];

/// Files that may pass 800 lines, each with its reason. Empty, and meant to stay so.
const LONG: [(&str, &str); 0] = [];

/// What lies at the top.
const TOP: [&str; 11] = [
    ".ci",
    ".gitignore",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "assets",
    "src",
    "tests",
];

#[test]
fn rooms_import_downwards_only() {
    let table: BTreeMap<&str, &[&str]> = IMPORTS.into();
    let mut wrong = Vec::new();
    for source in Source::all("src") {
        let Some(room) = source.room() else { continue };
        let Some(allowed) = table.get(room.as_str()) else {
            wrong.push(format!(
                "{}: the room `{room}` is in no row of IMPORTS in tests/it/tidy.rs",
                source.name
            ));
            continue;
        };
        for (number, line) in source.code() {
            for target in
                crate_names(line).filter(|target| *target != room && !allowed.contains(target))
            {
                wrong.push(format!(
                    "{}:{number}: {room} may not import {target}; move the shared type down or hand the value in",
                    source.name
                ));
            }
        }
    }
    report(wrong);
}

#[test]
fn pure_files_name_no_world() {
    let mut wrong = Vec::new();
    for source in Source::all("src")
        .filter(|source| PURE.iter().any(|prefix| source.name.starts_with(prefix)))
    {
        for (number, line) in source.code() {
            for word in WORLD.into_iter().filter(|word| has_word(line, word)) {
                wrong.push(format!(
                    "{}:{number}: a pure file names `{word}`; take the value as an argument instead",
                    source.name
                ));
            }
        }
    }
    report(wrong);
}

#[test]
fn t7_no_source_accepts_a_bad_certificate() {
    report(hits(
        "src",
        &["danger_accept", "danger_"],
        "certificates are always checked; use tls_ca_file",
    ));
}

#[test]
fn p11_no_source_starts_a_shell() {
    let shells = [
        "new(\"sh\"",
        "new(\"bash\"",
        "/bin/sh",
        "/bin/bash",
        "\"sh\", \"-c\"",
        "sh -c",
    ];
    report(hits(
        "src",
        &shells,
        "start programs by an argument list, never by a shell",
    ));
}

#[test]
fn ratatui_stays_where_frames_are_drawn() {
    let drawing = |name: &str| {
        name.ends_with("/draw.rs") || name.starts_with("src/tui/shell/") || DRAWING.contains(&name)
    };
    let mut wrong = Vec::new();
    for source in Source::all("src").filter(|source| !drawing(&source.name)) {
        for (number, line) in source.code().filter(|(_, line)| has_word(line, "ratatui")) {
            wrong.push(format!(
                "{}:{number}: ratatui outside draw.rs and the shell: {}",
                source.name,
                line.trim()
            ));
        }
    }
    report(wrong);
}

/// What all `draw.rs` files share: the painter and the styles of the roles.
const DRAWING: [&str; 2] = ["src/tui/screen/paint.rs", "src/tui/screen/theme.rs"];

#[test]
fn sql_stays_in_the_store() {
    let outside = Source::all("src").filter(|source| !source.name.starts_with("src/store/"));
    let mut wrong = Vec::new();
    for source in outside {
        for (number, _) in source.code().filter(|(_, line)| has_word(line, "rusqlite")) {
            wrong.push(format!(
                "{}:{number}: rusqlite outside the store; add a function there",
                source.name
            ));
        }
    }
    report(wrong);
}

#[test]
fn files_answer_one_question() {
    let mut wrong = Vec::new();
    for source in Source::all("src").chain(Source::all("tests")) {
        let lines = source.text.lines().count();
        if lines > 800 && !LONG.iter().any(|(name, _)| *name == source.name) {
            wrong.push(format!(
                "{}: {lines} lines; cut it where it answers a second question",
                source.name
            ));
        }
    }
    report(wrong);
}

#[test]
fn every_module_says_what_it_is_for() {
    let mut wrong = Vec::new();
    for source in Source::all("src") {
        let docs: Vec<&str> = source
            .text
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .collect();
        let words: usize = docs
            .iter()
            .map(|line| line.split_whitespace().count() - 1)
            .sum();
        if words == 0 && !source.is_test() {
            wrong.push(format!(
                "{}: begin it with `//!`: what for, and what it must not do",
                source.name
            ));
        }
    }
    report(wrong);
}

#[test]
fn nothing_is_left_for_later_in_the_code() {
    let marks = [
        "TO".to_owned() + "DO",
        "FIX".to_owned() + "ME",
        "X".repeat(3),
    ];
    let mut wrong = Vec::new();
    for source in Source::all("src") {
        for (number, line) in source.lines(true) {
            if marks.iter().any(|mark| has_word(line, mark)) {
                wrong.push(format!(
                    "{}:{number}: finish it, or open an issue and name it",
                    source.name
                ));
            }
        }
    }
    report(wrong);
}

#[test]
fn no_path_of_one_machine_is_committed() {
    let mut prefixes = vec![format!("/{}/", "work"), format!("/{}/.cargo", "root")];
    prefixes.extend(
        std::env::var("HOME")
            .ok()
            .filter(|home| home.len() > 5)
            .map(|home| format!("{home}/")),
    );
    let mut wrong = Vec::new();
    for file in tracked() {
        let Ok(text) = fs::read_to_string(root().join(&file)) else {
            continue;
        };
        for (number, line) in text.lines().enumerate() {
            if prefixes.iter().any(|prefix| line.contains(prefix.as_str())) {
                wrong.push(format!(
                    "{file}:{}: a path of one machine; make it relative",
                    number + 1
                ));
            }
        }
    }
    report(wrong);
}

#[test]
fn the_top_level_is_the_agreed_one() {
    let top: BTreeSet<String> = tracked()
        .iter()
        .map(|file| file.split('/').next().unwrap_or(file).to_owned())
        .collect();
    let expected: BTreeSet<String> = TOP.map(str::to_owned).into();
    let wrong: Vec<String> = top
        .symmetric_difference(&expected)
        .map(|name| format!("{name}: the top level holds {TOP:?} and nothing else"))
        .collect();
    report(wrong);
}

/// What each migration was when it landed: a store in use was made by exactly this text. A new
/// migration adds a row; after the first release no row is ever changed.
const MIGRATIONS: [(&str, &str); 9] = [
    (
        "1.sql",
        "3755e91ae786c7f5be4022565f3395a84539a7be7822e59979519d0546a758dc",
    ),
    (
        "2.sql",
        "6ac3cef8bf504671e3f023464107a5d562633f00647e2ebc3fb5d15b3ce0c54a",
    ),
    (
        "3.sql",
        "f06698916b607584a6094f48ee46e821477d7ec3a71ddf08a82b9ec872c022d3",
    ),
    (
        "4.sql",
        "29a928ad28f4defe4084b52f1f141a8e6f4fad56d267fa8a69d68fdb903ff1f1",
    ),
    (
        "5.sql",
        "70b11f0f45b153bae1d1cb7207261dc0fb298dcde5583d5b7a7c50fedce25227",
    ),
    (
        "6.sql",
        "98e09352304db7b5fe6f6eb9ca7dec2088f31047f427db9c147b230af491713b",
    ),
    (
        "7.sql",
        "b2d0f4db2f630ec6253e179def70b83f81fd627143fa723494e76a193c467448",
    ),
    (
        "8.sql",
        "40234661c816401ec164978c6b03b5df82379e20b218574e3763d6a91fe147af",
    ),
    (
        "9.sql",
        "d7d29595535a9c8c5549fb5b333e1b3060e45eb3b202c3d90e412ee63ab1576b",
    ),
];

#[test]
fn a_migration_that_landed_is_not_edited() {
    let dir = root().join("src/store/schema");
    let there: Vec<(String, String)> = files(&dir, "sql")
        .iter()
        .map(|path| {
            (
                relative(&dir, path),
                blake3::hash(&fs::read(path).unwrap()).to_string(),
            )
        })
        .collect();
    let landed: Vec<(String, String)> = MIGRATIONS
        .map(|(name, hash)| (name.to_owned(), hash.to_owned()))
        .into();
    assert_eq!(
        there, landed,
        "write a new migration and add its row to MIGRATIONS"
    );
}

#[test]
fn the_licence_is_named_and_present() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(
        manifest.contains("license = \"MIT OR Apache-2.0\""),
        "Cargo.toml names the licence"
    );
    assert!(
        manifest.contains("unsafe_code = \"forbid\""),
        "Cargo.toml forbids unsafe code"
    );
    for (file, words) in [
        ("LICENSE-MIT", "Permission is hereby granted"),
        ("LICENSE-APACHE", "Apache License"),
    ] {
        let text = fs::read_to_string(root().join(file)).unwrap_or_default();
        assert!(text.contains(words), "{file} holds the text of its licence");
    }
}

#[test]
fn the_demo_mailbox_and_its_manifest_agree() {
    let dir = root().join("assets/demo");
    let manifest: toml::Table =
        toml::from_str(&fs::read_to_string(dir.join("manifest.toml")).unwrap()).unwrap();
    let mailboxes: Vec<&str> = manifest["mailboxes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m.as_str().unwrap())
        .collect();
    let mut named = BTreeSet::new();
    for message in manifest["message"].as_array().unwrap() {
        let file = message["file"].as_str().unwrap();
        assert!(
            named.insert(file.to_owned()),
            "{file} is named twice in manifest.toml"
        );
        assert!(
            mailboxes.contains(&message["mailbox"].as_str().unwrap()),
            "{file}: an unknown mailbox"
        );
        assert!(
            message["age"].as_integer().unwrap() > 0 && message["flags"].is_array(),
            "{file}: age and flags"
        );
    }
    let there: BTreeSet<String> = files(&dir, "eml")
        .iter()
        .map(|path| relative(&dir, path))
        .collect();
    assert_eq!(
        named, there,
        "manifest.toml names each file of assets/demo once"
    );
    let compiled = fs::read_to_string(dir.join("files.rs")).unwrap();
    let compiled: BTreeSet<String> = compiled
        .lines()
        .filter_map(|line| {
            line.trim()
                .strip_prefix("(\"")?
                .split('"')
                .next()
                .map(str::to_owned)
        })
        .collect();
    assert_eq!(
        named, compiled,
        "files.rs compiles each file of assets/demo in"
    );
    assert!(named.len() >= 60, "the demo has about 60 messages");
}

#[test]
fn the_demo_names_reserved_domains_only() {
    let mut wrong = Vec::new();
    for path in files(&root().join("assets/demo"), "eml") {
        let text = fs::read_to_string(&path).unwrap();
        let head = text.split("\n\n").next().unwrap_or_default();
        for (_, rest) in head.match_indices('@').map(|(at, _)| head.split_at(at + 1)) {
            let domain: String = rest
                .chars()
                .take_while(|c| c.is_alphanumeric() || ".-".contains(*c))
                .collect();
            let domain = domain.trim_end_matches('.');
            let reserved = ["example.org", "example.com", "example.net", "test"];
            if !domain.is_empty()
                && !reserved
                    .iter()
                    .any(|end| domain == *end || domain.ends_with(&format!(".{end}")))
            {
                wrong.push(format!(
                    "{}: {domain} could belong to somebody",
                    path.display()
                ));
            }
        }
    }
    report(wrong);
}

/// One Rust file.
struct Source {
    name: String,
    text: String,
}

impl Source {
    fn all(under: &str) -> impl Iterator<Item = Source> {
        files(&root().join(under), "rs")
            .into_iter()
            .map(|path| Source {
                name: relative(&root(), &path),
                text: fs::read_to_string(&path).unwrap(),
            })
    }

    /// The room that a file under `src` belongs to; none for `lib.rs` and `main.rs`.
    fn room(&self) -> Option<String> {
        let rest = self.name.strip_prefix("src/")?;
        let room = rest.split('/').next()?.trim_end_matches(".rs");
        (!["lib", "main"].contains(&room)).then(|| room.to_owned())
    }

    fn is_test(&self) -> bool {
        self.name.ends_with("/tests.rs") || self.name.contains("/tests/")
    }

    /// The numbered lines of the program itself: no comments, and nothing from the test module on.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines(false)
    }

    /// The same, with the comments if wanted.
    fn lines(&self, comments: bool) -> impl Iterator<Item = (usize, &str)> {
        let all = if self.is_test() {
            ""
        } else {
            self.text.as_str()
        };
        let mut tests = false;
        all.lines()
            .enumerate()
            .take_while(move |(_, line)| {
                // Tests stand last in a file, so their module ends the program.
                let ends = tests
                    && line.trim_start().starts_with("mod ")
                    && line.trim_end().ends_with('{');
                tests = line.trim() == "#[cfg(test)]";
                !ends
            })
            .map(|(number, line)| (number + 1, line))
            .filter(move |(_, line)| comments || !line.trim_start().starts_with("//"))
    }
}

/// The rooms that a line names as `crate::room`.
fn crate_names(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("crate::").filter_map(|(at, _)| {
        let rest = &line[at + "crate::".len()..];
        let end = rest
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        (end > 0).then(|| &rest[..end])
    })
}

fn has_word(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back().is_some_and(part);
        let after = line[at + word.len()..].chars().next().is_some_and(part);
        !before && (!after || word.ends_with(':'))
    })
}

fn hits(under: &str, words: &[&str], what_to_do: &str) -> Vec<String> {
    let holds = |line: &str| words.iter().any(|word| line.contains(word));
    hits_where(under, holds, what_to_do)
}

fn hits_where(under: &str, holds: impl Fn(&str) -> bool, what_to_do: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for source in Source::all(under) {
        // Tests may start a shell and write the forbidden words down.
        for (number, line) in source.lines(true) {
            if holds(line) {
                wrong.push(format!(
                    "{}:{number}: {what_to_do}: {}",
                    source.name,
                    line.trim()
                ));
            }
        }
    }
    wrong
}

fn report(wrong: Vec<String>) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root)
        .unwrap()
        .to_string_lossy()
        .into_owned()
}

/// All files with that ending, in order.
fn files(dir: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|extension| extension == ending)
            {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// What git holds; outside a checkout (a packed source) whatever lies there.
fn tracked() -> Vec<String> {
    let output = Command::new("git")
        .arg("ls-files")
        .current_dir(root())
        .output();
    match output {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout)
            .lines()
            .map(str::to_owned)
            .collect(),
        _ => {
            eprintln!("SKIPPED: no git checkout, so no list of committed files");
            TOP.map(str::to_owned).into()
        }
    }
}
