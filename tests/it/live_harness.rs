//! The harness itself: a test that trusts it must be able to.

use std::process::Command;
use std::time::{Duration, SystemTime};

use crate::harness::ca::{Ca, Certificate};
use crate::harness::dovecot::{Dovecot, Options};
use crate::harness::generate::{Generator, Sizes, write_maildir};
use crate::harness::keyring::{self, Keyring, LOCKED_ITEM};
use crate::harness::proxy::Proxy;
use crate::harness::raw::Raw;

const MESSAGE: &[u8] = b"From: a@example.org\r\nSubject: bark\r\n\r\nrough\r\n";

#[test]
fn a_delivered_message_has_its_flags_and_its_bytes() {
    let Some(server) = Dovecot::start() else {
        return;
    };
    let uid = server.deliver(
        "alice",
        "Trips/2026",
        MESSAGE,
        &["\\Flagged", "$Forwarded"],
        Some("01-Feb-2026 08:02:00 +0000"),
    );
    let mut client = server.client("alice");
    assert_eq!(
        client.flags("Trips/2026", uid).unwrap(),
        ["$Forwarded", "\\Flagged"]
    );
    assert_eq!(client.message("Trips/2026", uid), MESSAGE);
    client.store("Trips/2026", uid, "-FLAGS", &["\\Flagged"]);
    assert_eq!(client.flags("Trips/2026", uid).unwrap(), ["$Forwarded"]);
    client.expunge("Trips/2026", uid);
    assert_eq!(client.flags("Trips/2026", uid), None);
    assert_eq!(server.client("bob").uids("INBOX"), Vec::<u32>::new());
}

#[test]
fn a_dropped_file_becomes_a_message_and_wakes_idle() {
    let Some(server) = Dovecot::start() else {
        return;
    };
    let mut client = server.client("bob");
    assert_eq!(client.select("INBOX"), 0);
    let date = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    server.drop_into("bob", "INBOX", MESSAGE, "F", date);
    assert_eq!(client.idle_until("EXISTS"), "* 1 EXISTS\r\n");
    let answer = client
        .ok("FETCH 1 (FLAGS INTERNALDATE RFC822.SIZE)")
        .text()
        .concat();
    assert!(
        answer.contains("14-Nov-2023 22:13:20 +0000") && answer.contains("\\Flagged"),
        "{answer}"
    );
}

#[test]
fn renumbering_changes_uidvalidity_and_keeps_the_mail() {
    let Some(server) = Dovecot::start() else {
        return;
    };
    for _ in 0..3 {
        server.deliver("carol", "INBOX", MESSAGE, &[], None);
    }
    let mut client = server.client("carol");
    client.expunge("INBOX", 1);
    let before = client.uidvalidity("INBOX");
    client.logout();
    server.renumber("carol", "INBOX");
    let mut client = server.client("carol");
    assert_eq!(client.uids("INBOX"), [1, 2]);
    assert_ne!(client.uidvalidity("INBOX"), before);
}

#[test]
fn hidden_capabilities_are_not_named() {
    let hide = vec![
        "CONDSTORE",
        "QRESYNC",
        "IDLE",
        "MOVE",
        "UIDPLUS",
        "LIST-STATUS",
        "SPECIAL-USE",
    ];
    let Some(server) = Dovecot::with(Options {
        hide: hide.clone(),
        ..Options::default()
    }) else {
        return;
    };
    let mut client = server.client("alice");
    let answer = client.ok("CAPABILITY").text().concat();
    for word in hide {
        assert!(!answer.contains(word), "{word} in {answer}");
    }
    assert!(!client.ok("LIST \"\" *").text().concat().contains("\\Sent"));
}

#[test]
fn a_server_survives_its_restart_and_its_death() {
    let Some(mut server) = Dovecot::start() else {
        return;
    };
    server.deliver("alice", "INBOX", MESSAGE, &[], None);
    server.restart();
    assert_eq!(server.client("alice").uids("INBOX"), [1]);
    server.kill();
    assert!(std::net::TcpStream::connect(("127.0.0.1", server.imaps_port())).is_err());
    server.start_again();
    server.set_password("alice", "another one");
    assert_eq!(server.client("alice").uids("INBOX"), [1]);
}

#[test]
fn each_bad_certificate_is_bad_in_its_own_way() {
    if !crate::harness::need(&["openssl"]) {
        return;
    }
    let verdict = |certificate, name: &str| {
        let mut command = Command::new("openssl");
        command
            .arg("verify")
            .arg("-CAfile")
            .arg(Ca::shared().root());
        command
            .args(["-verify_hostname", name])
            .arg(Ca::shared().pair(certificate).0);
        let output = command.output().unwrap();
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    };
    let expected = [
        (Certificate::Good, "OK"),
        (Certificate::WrongName, "hostname mismatch"),
        (Certificate::Expired, "certificate has expired"),
        (Certificate::SelfSigned, "self-signed certificate"),
        (
            Certificate::UntrustedRoot,
            "unable to get local issuer certificate",
        ),
        (Certificate::Wildcard, "hostname mismatch"),
        (Certificate::AddressOnly, "hostname mismatch"),
    ];
    for (certificate, words) in expected {
        let text = verdict(certificate, "localhost");
        assert!(text.contains(words), "{certificate:?}: {text}");
    }
}

#[test]
fn the_proxy_counts_round_trips_and_cuts() {
    let Some(server) = Dovecot::start() else {
        return;
    };
    let proxy = Proxy::before(server.imaps_port());
    let mut client = Raw::connect(proxy.port());
    assert_eq!(proxy.round_trips(), 2, "connect and TLS 1.3");
    client.login("alice", server.password("alice"));
    client.select("INBOX");
    assert_eq!(proxy.round_trips(), 4);
    proxy.cut_now();
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| client.command("NOOP")));
    assert!(ended.is_err(), "a cut link answers");
}

#[test]
fn the_generator_repeats_itself_and_is_as_large_as_mail_is() {
    let once: Vec<_> = Generator::new(7, Sizes::Whole)
        .take(50)
        .map(|m| m.bytes)
        .collect();
    let again: Vec<_> = Generator::new(7, Sizes::Whole)
        .take(50)
        .map(|m| m.bytes)
        .collect();
    assert_eq!(once, again);
    let total: usize = Generator::new(1, Sizes::Whole)
        .take(2_000)
        .map(|m| m.bytes.len())
        .sum();
    assert!(
        (54..=74).contains(&(total / 1_000_000)),
        "2,000 messages are {total} bytes, 64 MB were meant"
    );
    assert!(
        once.iter()
            .all(|bytes| !bytes.windows(2).any(|w| w[1] == b'\n' && w[0] != b'\r'))
    );
}

#[test]
fn a_generated_mailbox_is_served_in_its_order() {
    let Some(server) = Dovecot::start() else {
        return;
    };
    let bytes = write_maildir(
        &server.maildir("alice", "INBOX"),
        server.owner(),
        300,
        3,
        Sizes::Small,
    );
    let mut client = server.client("alice");
    assert_eq!(client.select("INBOX"), 300);
    let read = client.drain("UID FETCH 1:* (UID BODY.PEEK[])");
    assert!(read > bytes, "{read} of {bytes}");
    let dates = client.ok("FETCH 1:* (INTERNALDATE RFC822.SIZE)").text();
    assert!(dates[0].contains("01-Jan-2024"), "{}", dates[0]);
}

#[test]
fn an_open_keyring_keeps_and_gives() {
    if !keyring::inside(
        "live_harness::an_open_keyring_keeps_and_gives",
        Keyring::Unlocked,
    ) {
        return;
    }
    let entry = keyring_entry("someone");
    entry.set_password("a canary").unwrap();
    assert_eq!(entry.get_password().unwrap(), "a canary");
}

#[test]
fn a_locked_keyring_gives_nothing() {
    if !keyring::inside(
        "live_harness::a_locked_keyring_gives_nothing",
        Keyring::Locked,
    ) {
        return;
    }
    let error = keyring_entry(LOCKED_ITEM.1).get_password().unwrap_err();
    assert!(
        matches!(error, ::keyring::Error::NoStorageAccess(_)),
        "{error:?}"
    );
}

#[test]
fn without_a_service_there_is_no_keyring() {
    if !keyring::inside(
        "live_harness::without_a_service_there_is_no_keyring",
        Keyring::NoService,
    ) {
        return;
    }
    assert!(
        ::keyring::Entry::new("lacebark", "x")
            .and_then(|entry| entry.get_password())
            .is_err()
    );
}

#[test]
fn without_a_bus_there_is_no_keyring() {
    if !keyring::inside(
        "live_harness::without_a_bus_there_is_no_keyring",
        Keyring::NoBus,
    ) {
        return;
    }
    assert!(
        ::keyring::Entry::new("lacebark", "x")
            .and_then(|entry| entry.get_password())
            .is_err()
    );
}

fn keyring_entry(user: &str) -> ::keyring::Entry {
    ::keyring::Entry::new("lacebark", user).unwrap()
}
