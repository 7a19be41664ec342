//! The screen against a real server, in a real pseudo-terminal: set-up, reading, flags, off line.

use std::path::Path;
use std::time::Duration;

use crate::harness::dovecot::Dovecot;
use crate::harness::lacebark;
use crate::harness::program::Home;
use crate::harness::pty::Terminal;

const LIMIT: Duration = Duration::from_secs(20);
const TICKETS: &[u8] = b"From: Zoe <zoe@example.org>\r\nTo: alice@example.test\r\n\
Subject: Train tickets\r\nDate: Sat, 21 Nov 2026 08:02:00 +0000\r\nMessage-ID: <a@b>\r\n\r\n\
The tickets are in the drawer.\r\n";

/// The screen over `home`, where addresses of example.test belong to `server`.
fn start(home: &Home, server: &Dovecot) -> Terminal {
    let table = home.path("providers.toml");
    std::fs::write(
        &table,
        format!(
            "[[provider]]\nname = \"Test\"\ndomains = [\"example.test\"]\n\
             imap = \"imaps://localhost:{}\"\nlogin = \"local\"\ntls_ca_file = \"{}\"\n",
            server.imaps_port(),
            server.ca_file().display()
        ),
    )
    .unwrap();
    let mut env = home.env();
    env.push(("LACEBARK_PROVIDERS", table));
    let env: Vec<(&str, &Path)> = env
        .iter()
        .map(|(name, path)| (*name, path.as_path()))
        .collect();
    Terminal::start(lacebark(), &[], &env, 24, 80)
}

/// Answers the set-up screen; no keyring answers here, so that the password is asked at every start.
fn answer(screen: &mut Terminal, password: &str) {
    screen.wait_text("ADD ACCOUNT");
    screen.press("Alice\r");
    screen.press("alice@example.test\r");
    screen.wait_text("Test");
    screen.wait_text("no service answers");
    screen.wait_text("(*) ask me at every start");
    screen.press(password);
    screen.press("\x18");
}

#[test]
fn an_account_is_set_up_on_the_screen_and_its_mail_read_and_flagged() {
    let Some(server) = Dovecot::start() else {
        return;
    };
    server.deliver("alice", "INBOX", TICKETS, &[], None);
    let home = Home::new();
    let mut screen = start(&home, &server);
    answer(&mut screen, server.password("alice"));
    screen.wait_text("Train tickets");
    screen.wait_text("online");
    screen.press("\r");
    screen.wait_text("The tickets are in the drawer.");
    screen.press("*<");
    screen.wait("the flag on the row, confirmed", LIMIT, |screen| {
        let text = screen.contents();
        text.contains(">*") && !text.contains('~')
    });
    let flags = server.client("alice").flags("INBOX", 1).unwrap();
    for flag in ["\\Seen", "\\Flagged"] {
        assert!(flags.iter().any(|known| known == flag), "{flags:?}");
    }
    screen.quit();
}

#[test]
fn a_wrong_password_is_named_with_the_servers_words_and_nothing_is_stored() {
    let Some(server) = Dovecot::start() else {
        return;
    };
    let home = Home::new();
    let mut screen = start(&home, &server);
    answer(&mut screen, "wrong");
    screen.wait_text("! Password:");
    assert!(
        screen.text().contains("AUTHENTICATIONFAILED"),
        "{}",
        screen.text()
    );
    assert!(!home.path("config.toml").exists());
}
