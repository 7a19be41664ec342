//! Files into a mailbox of a server and out again, and a message larger than the memory that it may
//! take.

use std::fs;
use std::time::Duration;

use crate::harness::compare::Stored;
use crate::harness::dress::{Dress, Dressed};
use crate::harness::program::{Home, finish};
use crate::safety_wire::peak;
use crate::triage_bed::{census, letter};

fn id(number: usize) -> String {
    format!("{number}.file@example.org")
}

/// An mbox of so many letters, with LF as mbox files have it; one of them is read.
fn mbox(count: usize) -> Vec<u8> {
    let mut file = Vec::new();
    for number in 0..count {
        file.extend_from_slice(b"From zoe@example.org Sat Nov 21 08:02:00 2026\n");
        let text = String::from_utf8(letter(&id(number))).unwrap();
        let text = text.replace('\r', "");
        let text = match number {
            1 => format!("Status: RO\n{text}"),
            _ => text,
        };
        file.extend_from_slice(text.as_bytes());
        file.push(b'\n');
    }
    file
}

#[test]
fn r3_r21_an_mbox_goes_up_to_a_server_once_off_line_too_and_comes_out_again() {
    let Some(server) = Dressed::start(Dress::Full) else {
        return;
    };
    let home = server.home();
    let mut other = server.dovecot.client("alice");
    home.run(&["sync", "work"]).exits(0);
    let file = home.path("in.mbox");
    fs::write(&file, mbox(30)).unwrap();
    let line = [
        "import",
        "mbox",
        file.to_str().unwrap(),
        "--to",
        "work:INBOX",
    ];
    server.online(false);
    let told = home.run(&line).exits(3);
    assert!(told.out.starts_with("Imported 30 messages"), "{told:?}");
    assert_eq!(Stored::read(&home.data()).waiting.len(), 30);
    // Begun again before anything of it has left: nothing is added.
    let told = home.run(&line).exits(0);
    assert!(told.out.contains("30 were there already"), "{told:?}");
    server.online(true);
    home.run(&["sync", "work"]).exits(0);
    home.run(&line).exits(0);
    home.run(&["sync", "work"]).exits(0);
    let found = census(&mut other);
    assert_eq!(found.len(), 30);
    assert!(found.values().all(|count| *count == 1), "{found:?}");
    let stored = Stored::read(&home.data());
    assert_eq!(stored.against(&mut other), [""; 0]);
    assert_eq!(stored.unsettled(Dress::Full), [""; 0]);
    let read = stored.messages.iter().filter(|m| !m.flags.is_empty());
    assert_eq!(read.count(), 1);
    let out = home.path("out.mbox");
    let line = [
        "export",
        "mbox",
        out.to_str().unwrap(),
        "--mailbox",
        "work:INBOX",
    ];
    home.run(&line).exits(0);
    assert_eq!(fs::read(&out).unwrap(), fs::read(&file).unwrap());
}

#[test]
fn m6_r21_a_message_of_100_mb_goes_in_and_out_in_less_memory_than_it_has() {
    let home = Home::new();
    let account = "[[account]]\nid = \"here\"\nkind = \"local\"\n";
    fs::write(home.path("config.toml"), account).unwrap();
    let line = "The path under the pines is dry again, >From bench to bench.\n";
    let mut text = String::from("From a@b Sat Nov 21 08:02:00 2026\nSubject: large\n\n");
    text.push_str(&line.repeat((100 << 20) / line.len()));
    // One line without an end for long, too.
    text.push_str(&"x".repeat(8 << 20));
    text.push_str("\n\n");
    let (file, out) = (home.path("in.mbox"), home.path("out.mbox"));
    fs::write(&file, &text).unwrap();
    let bounded = |args: &[&str]| {
        let mut child = home.spawn(args);
        let mut most = 0;
        let ended = loop {
            most = most.max(peak(&child.id().to_string()).unwrap_or(0));
            if let Some(ended) = child.try_wait().unwrap() {
                break ended;
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        assert!(ended.success(), "{args:?}: {ended:?}");
        assert!((4 << 20..64 << 20).contains(&most), "{args:?}: {most}");
    };
    bounded(&["import", "mbox", file.to_str().unwrap(), "--to", "inbox"]);
    bounded(&[
        "export",
        "mbox",
        out.to_str().unwrap(),
        "--mailbox",
        "inbox",
    ]);
    assert!(
        fs::read(&out).unwrap() == text.as_bytes(),
        "it came out otherwise"
    );
    // And it is read as any other.
    let mut show = home.command(&["list", "inbox", "--json"]);
    let listed = finish(&mut show).exits(0).json();
    assert_eq!(listed["messages"][0]["subject"], "large");
    // Once more: it is there.
    bounded(&["import", "mbox", file.to_str().unwrap(), "--to", "inbox"]);
    let listed = home.run(&["list", "inbox", "--json"]).exits(0).json();
    assert_eq!(listed["messages"].as_array().unwrap().len(), 1);
}
