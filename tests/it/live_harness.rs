//! The harness itself: a test that trusts it must be able to.

use std::process::Command;
use std::time::{Duration, SystemTime};

use crate::harness::ca::{Ca, Certificate};
use crate::harness::compare::Stored;
use crate::harness::dovecot::{Dovecot, Options, Pop3};
use crate::harness::dress::{Cut, Dress, Dressed};
use crate::harness::fake_pop3::wire_of;
use crate::harness::generate::{Generator, Sizes, write_maildir};
use crate::harness::keyring::{self, Keyring, LOCKED_ITEM};
use crate::harness::proxy::Proxy;
use crate::harness::raw::Raw;
use crate::harness::raw_pop3::RawPop3;

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
fn the_proxy_ends_a_link_with_a_goodbye_or_with_a_reset() {
    use std::io::{ErrorKind, Read, Write};
    let server = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let proxy = Proxy::before(server.local_addr().unwrap().port());
    let end = |end_links: fn(&Proxy)| {
        let mut client = std::net::TcpStream::connect(("127.0.0.1", proxy.port())).unwrap();
        let (mut there, _) = server.accept().unwrap();
        there.write_all(b"x").unwrap();
        client.read_exact(&mut [0]).unwrap();
        end_links(&proxy);
        let both = [client.read(&mut [0]), there.read(&mut [0])];
        both.map(|read| read.map_err(|error| error.kind()))
    };
    assert_eq!(end(Proxy::cut_now), [Ok(0), Ok(0)]);
    let reset = Err(ErrorKind::ConnectionReset);
    assert_eq!(end(Proxy::reset_now), [reset, reset]);
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

/// What a client is told when it uses what its server does not offer.
fn speak(port: u16, commands: &[&str]) -> Vec<String> {
    use std::io::{BufRead, BufReader, Write};
    let mut link = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut reader = BufReader::new(link.try_clone().unwrap());
    let mut heard = Vec::new();
    for (at, command) in commands.iter().enumerate() {
        write!(link, "a{at} {command}\r\n").unwrap();
        let tag = format!("a{at} ");
        loop {
            let mut line = String::new();
            assert!(reader.read_line(&mut line).unwrap() > 0, "{heard:?}");
            heard.push(line.trim_end().to_owned());
            if line.starts_with(&tag) {
                break;
            }
        }
    }
    heard
}

#[test]
fn a_lesser_dress_refuses_what_it_does_not_name_and_catches_who_tries() {
    let check = |dress: Dress, moves: bool, expunges: bool, tells: bool| {
        let Some(server) = Dressed::start(dress) else {
            return;
        };
        server.dovecot.deliver("alice", "INBOX", MESSAGE, &[], None);
        server.dovecot.deliver("alice", "INBOX", MESSAGE, &[], None);
        let sign_in = "LOGIN alice \"alice's key 71\"";
        let script = ["SELECT INBOX", "UID COPY 2 Trash", "UID MOVE 1 Trash"];
        let last = ["UID STORE 2 +FLAGS (\\Deleted)", "UID EXPUNGE 2", "NOOP"];
        let heard = speak(
            server.proxy.port(),
            &[&[sign_in], &script[..], &last[..]].concat(),
        );
        let said = heard.join("\n");
        let offers = |word: &str| {
            said.lines()
                .any(|l| l.contains("CAPABILITY") && l.contains(word))
        };
        assert_eq!(offers(" MOVE"), moves, "{dress:?}: {said}");
        assert_eq!(offers(" UIDPLUS"), expunges, "{dress:?}: {said}");
        assert_eq!(said.contains("a3 OK"), moves, "{dress:?}: {said}");
        assert_eq!(said.contains("a5 OK"), expunges, "{dress:?}: {said}");
        assert_eq!(said.contains("[COPYUID "), tells, "{dress:?}: {said}");
        assert!(said.contains("a2 OK") && said.contains("a6 OK"), "{said}");
        let caught = usize::from(!moves) + usize::from(!expunges);
        assert_eq!(server.filter.tried().len(), caught, "{dress:?}");
        let mut other = server.dovecot.client("alice");
        let left = other.listing("INBOX").unwrap().len();
        assert_eq!(left, caught, "{dress:?}: only what was allowed was done");
        assert_eq!(server.filter.longest_line(), 34);
        assert_eq!(server.filter.turns(), 6);
        assert!(
            server
                .filter
                .heard()
                .contains(&"UID COPY 2 Trash".to_owned())
        );
    };
    check(Dress::Full, true, true, true);
    check(Dress::NoMove, false, true, true);
    check(Dress::NoUidPlus, false, false, false);
}

#[test]
fn literals_pass_the_filter_and_what_stands_in_them_is_no_command() {
    let Some(server) = Dressed::start(Dress::NoUidPlus) else {
        return;
    };
    let text = "Subject: x\r\n\r\na1 UID MOVE 1 Trash\r\n* OK [COPYUID 1 1 1] x\r\n";
    let append = format!("APPEND Archive {{{}+}}\r\n{text}", text.len());
    let script = [
        "LOGIN alice \"alice's key 71\"",
        &append,
        "SELECT Archive",
        "FETCH 1 BODY[TEXT]",
    ];
    let said = speak(server.proxy.port(), &script).join("\n");
    assert!(said.contains("a1 UID MOVE 1 Trash"), "{said}");
    assert!(said.contains("* OK [COPYUID 1 1 1] x"), "{said}");
    assert!(!said.contains("APPENDUID"), "{said}");
    assert!(server.filter.tried().is_empty());
}

#[test]
fn the_second_client_does_what_a_person_elsewhere_does() {
    let Some(server) = Dovecot::start() else {
        return;
    };
    let uid = server.deliver("alice", "INBOX", &letter("one"), &["\\Seen"], None);
    let mut other = server.client("alice");
    assert!(other.create("Trips") && !other.create("Trips"));
    assert!(!other.move_to("INBOX", uid, "Nowhere"));
    assert!(other.copy_to("INBOX", uid, "Trips") && other.move_to("INBOX", uid, "Archive"));
    assert!(other.rename("Trips", "Journeys") && !other.rename("Trips", "Walks"));
    other.store("Journeys", 1, "+FLAGS", &["\\Flagged", "$Later"]);
    assert_eq!(other.status("Journeys"), Some((1, 0, 2)));
    assert_eq!(other.status("Trips"), None);
    let listing = other.listing("Journeys").unwrap();
    let [one] = &listing[..] else {
        panic!("{listing:?}");
    };
    assert_eq!(one.message_id, "one@example.org");
    assert_eq!(one.flags, ["$Later", "\\Flagged", "\\Seen"]);
    assert_eq!((one.uid, one.size), (1, letter("one").len() as u64));
    assert_eq!(other.listing("Trips"), None);
    let names = other.mailboxes();
    assert!(names.contains(&"Journeys".to_owned()) && !names.contains(&"Trips".to_owned()));
    assert!(other.delete("Journeys") && !other.delete("Journeys"));
    assert_eq!(other.listing("INBOX").unwrap(), []);
}

fn letter(name: &str) -> Vec<u8> {
    format!("Message-ID: <{name}@example.org>\r\nSubject: {name}\r\n\r\nrough\r\n").into_bytes()
}

#[test]
fn the_comparison_of_store_and_server_sees_every_difference() {
    let Some(server) = Dressed::start(Dress::Full) else {
        return;
    };
    let dovecot = &server.dovecot;
    for name in ["one", "two", "three"] {
        dovecot.deliver("alice", "INBOX", &letter(name), &["$Later"], None);
    }
    let home = server.home();
    home.run(&["sync", "work"]).exits(0);
    let mut other = dovecot.client("alice");
    let stored = Stored::read(&home.data());
    assert_eq!(stored.against(&mut other), [""; 0]);
    assert_eq!(stored.unsettled(Dress::Full), [""; 0]);
    assert_eq!(stored.shown_in("INBOX").len(), 3);

    other.store("INBOX", 1, "+FLAGS", &["\\Seen"]);
    assert_eq!(stored.against(&mut other).len(), 2, "another flag");
    other.expunge("INBOX", 2);
    dovecot.deliver("alice", "Archive", &letter("four"), &[], None);
    assert_eq!(stored.against(&mut other).len(), 4, "one more, one less");
    other.create("New");
    assert_eq!(stored.against(&mut other).len(), 5, "a new mailbox");
    home.run(&["sync", "work"]).exits(0);
    let stored = Stored::read(&home.data());
    assert_eq!(stored.against(&mut other), [""; 0]);

    server.online(false);
    let id = stored.shown_in("INBOX")[0].key.to_string();
    home.run(&["flag", &id]).exits(3);
    let stored = Stored::read(&home.data());
    assert_eq!(stored.against(&mut other), [""; 0], "base stays");
    assert_eq!(
        stored.unsettled(Dress::Full).len(),
        2,
        "a wish, and its row"
    );
    server.online(true);
    home.run(&["sync", "work"]).exits(0);
    assert_eq!(Stored::read(&home.data()).unsettled(Dress::Full), [""; 0]);
}

#[test]
fn a_cut_loses_the_command_or_its_answer_and_only_once() {
    for how in [Cut::Before, Cut::After] {
        let Some(server) = Dressed::start(Dress::Full) else {
            return;
        };
        let user = "LOGIN alice \"alice's key 71\"";
        server.filter.cut_at(2, how);
        let port = server.proxy.port();
        let ended = std::panic::catch_unwind(|| speak(port, &[user, "CREATE Cut"]));
        assert!(ended.is_err(), "the link goes on");
        let there = server.dovecot.client("alice").status("Cut").is_some();
        assert_eq!(there, how == Cut::After);
        assert!(
            speak(port, &[user, "NOOP"])
                .last()
                .unwrap()
                .starts_with("a1 OK")
        );
        assert_eq!(server.filter.cuts(), 1);
    }
}

#[test]
fn pop3_hands_out_the_inbox_and_the_bare_client_reads_all_of_it() {
    let Some(server) = Dovecot::with_pop3(Pop3::default()) else {
        return;
    };
    let inbox = server.maildir("alice", "INBOX");
    write_maildir(&inbox, server.owner(), 300, 3, Sizes::Whole);
    server.deliver("alice", "INBOX", b"A: b\r\n\r\n.\r\n..\r\n", &[], None);
    let sign_in = || {
        let mut client = RawPop3::connect(server.pop3s_port());
        client.login("alice", server.password("alice"));
        client
    };
    let mut client = sign_in();
    assert!(client.lines("CAPA").contains(&"PIPELINING".to_owned()));
    let uidls = client.uidls();
    assert_eq!(uidls.len(), 301);
    let mut octets = 0;
    for number in 1..=301 {
        let bytes = client.message(number);
        let status = format!("+OK {} octets\r\n", bytes.len());
        octets += status.len() + wire_of(&bytes, true, true).len();
    }
    assert_eq!(client.message(301), b"A: b\r\n\r\n.\r\n..\r\n");
    assert_eq!(client.drain(301), octets as u64);
    client.ok("DELE 7");
    client.quit();
    let mut client = sign_in();
    assert_eq!(client.uidls().len(), 300);
    assert!(!client.uidls().contains(&uidls[6]));
    assert!(client.command("RETR 301").starts_with("-ERR"));
}
