//! A user's home before a server whose link can be made to fail.

use super::dovecot::Dovecot;
use super::program::Home;
use super::proxy::Proxy;

/// A Dovecot, a proxy before it, and a home of alice behind both whose account keeps headers only, so
/// that every text is asked of the server.
pub struct House {
    /// The server.
    pub server: Dovecot,
    /// What the home dials.
    pub proxy: Proxy,
    /// The home; nothing was synced yet.
    pub home: Home,
}

impl House {
    /// With these letters, each a mailbox, a subject and a text; `None` where Dovecot is missing.
    pub fn with(letters: &[(&str, &str, &str)]) -> Option<House> {
        let server = Dovecot::start()?;
        let proxy = Proxy::before(server.imaps_port());
        let home = Home::of_alice(&server, proxy.port(), "headers");
        let house = House {
            server,
            proxy,
            home,
        };
        for (mailbox, subject, text) in letters {
            house.deliver(mailbox, subject, text);
        }
        Some(house)
    }

    /// One more letter comes to alice.
    pub fn deliver(&self, mailbox: &str, subject: &str, text: &str) {
        let letter = letter(subject, text);
        self.server.deliver("alice", mailbox, &letter, &[], None);
    }
}

/// A letter to alice in UTF-8, named by its subject.
pub fn letter(subject: &str, text: &str) -> Vec<u8> {
    format!(
        "From: Zoe <zoe@example.org>\r\nTo: alice@example.test\r\nSubject: {subject}\r\n\
         Date: Sat, 21 Nov 2026 08:02:00 +0000\r\nMessage-ID: <{}@example.org>\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}\r\n",
        subject.replace(' ', ".")
    )
    .into_bytes()
}
