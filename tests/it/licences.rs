//! What the program is made of: licences that it may carry and versions without known faults, as
//! far as that can be told without a network (`tests/run` asks cargo-deny where it is installed).

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

/// Licences whose terms this program meets.
const ALLOWED: [&str; 15] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Unlicense",
    "WTFPL",
    "Zlib",
];

/// Packages under another licence, each with its reason.
const EXCEPTIONS: [(&str, &str); 1] = [
    // Comes with `directories`; MPL-2.0 covers its own files, which are used as they are.
    ("option-ext", "MPL-2.0"),
];

/// The first version without a published fault that matters here (SAFETY S8 and the advisories of
/// the crates that read bytes of others).
const AT_LEAST: [(&str, [u64; 3]); 9] = [
    ("crossbeam-channel", [0, 5, 15]),
    ("idna", [1, 0, 0]),
    ("lettre", [0, 11, 22]),
    ("libsqlite3-sys", [0, 35, 0]),
    ("mail-parser", [0, 11, 6]),
    ("openssl", [0, 10, 72]),
    ("openssl-src", [300, 5, 0]),
    ("time", [0, 3, 47]),
    ("tokio", [1, 44, 2]),
];

#[test]
fn s8_every_package_has_an_allowed_licence() {
    let mut wrong = Vec::new();
    for package in packages() {
        let name = package["name"].as_str().unwrap();
        let licence = package["license"].as_str().unwrap_or_default();
        let excepted = EXCEPTIONS.contains(&(name, licence));
        if !excepted && !allowed(licence) {
            wrong.push(format!(
                "{name}: {licence:?}; choose another crate, or add a reasoned exception"
            ));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn s8_no_package_has_a_known_fault() {
    let least: BTreeMap<&str, [u64; 3]> = AT_LEAST.into();
    let mut wrong = Vec::new();
    for package in packages() {
        let (name, text) = (
            package["name"].as_str().unwrap(),
            package["version"].as_str().unwrap(),
        );
        if least.get(name).is_some_and(|least| version(text) < *least) {
            wrong.push(format!(
                "{name} {text} has a published fault; run cargo update -p {name}"
            ));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn licence_expressions_are_read_as_they_are_meant() {
    for good in [
        "MIT",
        "MIT OR Apache-2.0",
        "MIT/Apache-2.0",
        "(MIT OR Apache-2.0) AND Unicode-3.0",
        "MIT OR GPL-2.0",
    ] {
        assert!(allowed(good), "{good}");
    }
    for bad in [
        "",
        "GPL-3.0",
        "MIT AND GPL-2.0",
        "LGPL-2.1 AND (MIT OR Apache-2.0)",
        "MPL-2.0",
    ] {
        assert!(!allowed(bad), "{bad}");
    }
}

/// Every package that the lock file holds for this platform, but the program itself.
fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--offline",
            "--filter-platform",
        ])
        .arg(host())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let all: Value = serde_json::from_slice(&output.stdout).unwrap();
    let used: Vec<&str> = all["resolve"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n["id"].as_str().unwrap())
        .collect();
    let packages = all["packages"].as_array().unwrap().iter();
    packages
        .filter(|package| {
            package["name"] != "lacebark" && used.contains(&package["id"].as_str().unwrap())
        })
        .cloned()
        .collect()
}

fn host() -> String {
    let output = Command::new(env!("CARGO")).arg("-vV").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines()
        .find_map(|line| line.strip_prefix("host: "))
        .unwrap()
        .to_owned()
}

fn version(text: &str) -> [u64; 3] {
    let plain = text.split(['-', '+']).next().unwrap_or_default();
    let mut numbers = plain.split('.').map(|number| number.parse().unwrap_or(0));
    [(); 3].map(|()| numbers.next().unwrap_or(0))
}

/// An SPDX expression: AND binds closer than OR; `/` is an old OR.
fn allowed(expression: &str) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let verdict = any(&words, &mut at);
    verdict && at == words.len()
}

fn any(words: &[&str], at: &mut usize) -> bool {
    let mut verdict = all(words, at);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        verdict |= all(words, at);
    }
    verdict
}

fn all(words: &[&str], at: &mut usize) -> bool {
    let mut verdict = one(words, at);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        verdict &= one(words, at);
    }
    verdict
}

fn one(words: &[&str], at: &mut usize) -> bool {
    if words.get(*at) == Some(&"(") {
        *at += 1;
        let verdict = any(words, at);
        *at += 1;
        return verdict;
    }
    let Some(word) = words.get(*at) else {
        return false;
    };
    let mut name = (*word).to_owned();
    *at += 1;
    if words.get(*at) == Some(&"WITH") {
        name = format!("{name} WITH {}", words.get(*at + 1).unwrap_or(&""));
        *at += 2;
    }
    ALLOWED.contains(&name.as_str())
}
