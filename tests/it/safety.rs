//! Which test holds which line of the safety list, and that none is missing.
//!
//! A test carries the id as its prefix (`t3_…`, `p9_p10_…`). What a line needs and this program
//! does not have yet stands beside the id.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The ids, and what is left of each for later.
const IDS: [(&str, &str); 88] = [
    ("t1", ""),
    ("t2", "APPEND of drafts and sent copies"),
    ("t3", ""),
    ("t4", ""),
    ("t5", ""),
    ("t6", ""),
    ("t7", ""),
    ("t8", ""),
    ("t10", ""),
    ("p1", ""),
    (
        "p2",
        "octet by octet 50 MB are measured by `cargo bench -- pieces`",
    ),
    ("p3", ""),
    ("p4", ""),
    ("p5", "THREAD is not asked for"),
    ("p6", ""),
    ("p7", ""),
    ("p8", ""),
    ("p9", "names that the user makes"),
    ("p10", ""),
    ("p11", "the editor"),
    ("p13", ""),
    ("p14", ""),
    ("d1", "calendar files beyond their summary; notifications"),
    ("d2", ""),
    ("d3", ""),
    ("d4", ""),
    ("d5", "the address that a reply uses"),
    ("d6", "the comparison of reply addresses"),
    ("d7", "checked signatures: none is checked yet"),
    ("d8", "mailto opens nothing yet"),
    ("d9", ""),
    ("m1", ""),
    ("m2", ""),
    ("m3", ""),
    ("m4", ""),
    ("m6", ""),
    ("m7", ""),
    ("m8", ""),
    ("m9", ""),
    ("m10", ""),
    ("m11", ""),
    ("a1", ""),
    ("a2", ""),
    ("a3", ""),
    ("a4", "decrypted parts; drafts in the editor"),
    ("a5", "the bytes at the receiving server"),
    ("c1", ""),
    ("c2", ""),
    ("c3", ""),
    ("c4", ""),
    ("c5", ""),
    ("c6", ""),
    ("c7", "links in messages open no composer yet"),
    ("c11", ""),
    ("c12", ""),
    ("c13", "the send page"),
    ("h1", "reply, forward, print, export"),
    ("h2", "the quote in a reply"),
    ("h4", ""),
    ("m5", "TNEF is not decoded"),
    ("s1", ""),
    ("s2", ""),
    ("s3", ""),
    ("s4", ""),
    ("s6", "the editor; hooks do not exist"),
    ("s7", ""),
    ("s8", ""),
    ("r1", ""),
    ("r2", ""),
    ("r3", ""),
    ("r4", ""),
    ("r5", ""),
    ("r6", ""),
    ("r9", ""),
    ("r10", ""),
    ("r12", "compose"),
    ("r14", "the outbox; a second schema version to migrate from"),
    ("r15", ""),
    ("r16", ""),
    ("r17", ""),
    ("r18", ""),
    ("r19", ""),
    ("r20", ""),
    ("r21", ""),
    ("r22", "at the receiving server"),
    ("r23", ""),
    // Held although a later line asks for more.
    ("r8", ""),
    ("r11", ""),
];

/// Names of all tests below a folder, with their files.
fn tests(folder: &Path, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tests(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let lines: Vec<&str> = text.lines().map(str::trim).collect();
            for (at, line) in lines.iter().enumerate() {
                let name = line.strip_prefix("fn ").and_then(|l| l.split('(').next());
                // A function that no attribute makes a test is none.
                let above = lines[..at].iter().rev();
                let mut above = above.take_while(|l| l.starts_with("#[") || l.starts_with("///"));
                if let (Some(name), true) = (name, above.any(|l| *l == "#[test]")) {
                    found.insert(name.to_owned(), path.display().to_string());
                }
            }
        }
    }
}

/// The ids at the head of a test's name.
fn ids(name: &str) -> impl Iterator<Item = &str> {
    name.split('_').take_while(|word| {
        word.len() > 1
            && word.starts_with(['t', 'p', 'd', 'm', 'a', 'c', 'h', 's', 'r'])
            && word[1..].bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[test]
fn every_id_has_a_test_that_bears_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeMap::new();
    for folder in ["src", "tests/it"] {
        tests(&root.join(folder), &mut found);
    }
    let mut held: BTreeMap<&str, usize> = BTreeMap::new();
    for name in found.keys() {
        for id in ids(name) {
            *held.entry(id).or_default() += 1;
        }
    }
    let missing: Vec<_> = IDS
        .iter()
        .filter(|(id, _)| !held.contains_key(id))
        .collect();
    assert!(missing.is_empty(), "no test for {missing:?}");
    let unknown: Vec<_> = held
        .keys()
        .filter(|id| !IDS.iter().any(|(known, _)| known == *id))
        .collect();
    assert!(unknown.is_empty(), "not in the table: {unknown:?}");
    assert!(found.len() > 300, "only {} tests were found", found.len());
}

#[test]
fn every_file_of_tests_is_compiled() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let main = fs::read_to_string(folder.join("main.rs")).unwrap();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "rs") {
            let name = path.file_stem().unwrap().to_str().unwrap();
            let declared = main.contains(&format!("mod {name};"));
            assert!(name == "main" || declared, "{name} is in no binary");
        }
    }
}
