//! From the greeting to a usable connection: CAPA (RFC 2449), STLS (RFC 2595), UTF8 (RFC 6856).

use super::{Machine, Phase, Purpose};
use crate::pop3::command::clear;
use crate::pop3::{Capabilities, Event, Reply};
use crate::protocol::{Output, Upgrade};

impl Machine {
    pub(super) fn greeted(&mut self, reply: Reply) {
        if !reply.is_ok() {
            return self.refused("the connection", reply);
        }
        if self.is_private() {
            self.ask_what_it_can(Purpose::Opening);
        } else {
            self.ask_what_it_can(Purpose::BeforeTls);
        }
    }

    pub(super) fn ask_what_it_can(&mut self, purpose: Purpose) {
        self.ask(clear("CAPA\r\n"), "CAPA", purpose);
    }

    /// CAPA was answered, or refused and guessed.
    pub(super) fn learnt(&mut self, offered: Capabilities) {
        let Some(owed) = self.owed.pop_front() else {
            return;
        };
        match owed.purpose {
            // Who cannot say what it offers is asked for TLS all the same.
            Purpose::BeforeTls if offered.told && !offered.stls => {
                self.refused(
                    "STLS",
                    Reply::not_sent("it offers no STLS, and nothing is sent without TLS"),
                );
            }
            Purpose::BeforeTls => self.ask(clear("STLS\r\n"), "STLS", Purpose::StartTls),
            Purpose::Opening => {
                self.capabilities = offered;
                if self.capabilities.utf8 {
                    self.ask(clear("UTF8\r\n"), "UTF8", Purpose::Utf8);
                } else {
                    self.open();
                }
            }
            Purpose::AfterSignIn(tag, reply) => {
                if self.capabilities != offered {
                    self.capabilities = offered;
                    self.tell(Event::Capabilities(self.capabilities.clone()));
                }
                self.done(tag, reply);
            }
            Purpose::Greeting
            | Purpose::StartTls
            | Purpose::Utf8
            | Purpose::SignIn
            | Purpose::Caller(..) => {}
        }
    }

    pub(super) fn start_tls(&mut self, reply: Reply) {
        if !reply.is_ok() {
            return self.refused("STLS", reply);
        }
        self.phase = Phase::Upgrading;
        self.outputs.push_back(Output::Upgrade(Upgrade::Tls));
    }

    /// The connection is usable from here on.
    pub(super) fn open(&mut self) {
        self.phase = Phase::Ready;
        self.tell(Event::Ready(self.capabilities.clone()));
    }

    fn refused(&mut self, what: &'static str, reply: Reply) {
        self.over();
        self.tell(Event::Refused(what, reply.shortened()));
    }
}
