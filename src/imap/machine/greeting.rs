//! From the greeting to a usable connection (RFC 9051 section 7.1.5), TLS and capabilities.

use super::{Machine, Phase, Purpose};
use crate::imap::parse::Response;
use crate::imap::quirks;
use crate::imap::{Capabilities, Code, Event, Said};
use crate::protocol::Output;

impl Machine {
    pub(super) fn on_greeting(&mut self, response: Response) {
        let (preauth, code, text) = match response {
            Response::Untagged(Event::Said {
                said: Said::Ok,
                code,
                text,
            }) => (false, code, text),
            Response::Preauth(code, text) => (true, code, text),
            Response::Untagged(Event::Said {
                said: Said::Bye,
                text,
                ..
            }) => {
                let text = if self.secured { text } else { String::new() };
                return self.break_off(format!("it refuses the connection: {text}"));
            }
            Response::Untagged(_)
            | Response::Tagged(..)
            | Response::Continue(_)
            | Response::Garbage(_) => {
                return self.break_off("it does not greet as an IMAP server does");
            }
        };
        self.phase = Phase::Opening;
        if let Some(Code::Capability(offered)) = code {
            self.learn(offered);
        }
        if !self.secured {
            if preauth {
                let what = "it claims that we are signed in (PREAUTH) before TLS is up";
                return self.break_off(what);
            }
            if self.offered.is_empty() {
                self.own_command(Purpose::BeforeTls);
            } else {
                self.ask_for_tls();
            }
            return;
        }
        self.preauth = preauth;
        self.greeting = text;
        let offered = std::mem::take(&mut self.offered);
        self.learn(offered);
        if self.offered.is_empty() {
            self.own_command(Purpose::Opening);
        } else {
            self.open();
        }
    }

    pub(super) fn ask_for_tls(&mut self) {
        if self.offered.has("STARTTLS") {
            self.own_command(Purpose::StartTls);
        } else {
            self.break_off("it offers no STARTTLS, and nothing is sent without TLS");
        }
    }

    /// The connection is usable from here on.
    pub(super) fn open(&mut self) {
        self.phase = Phase::Ready;
        self.outputs.push_back(Output::Event(Event::Greeting {
            preauth: self.preauth,
            capabilities: self.capabilities.clone(),
            text: self.greeting.clone(),
        }));
    }

    pub(super) fn learn(&mut self, offered: Capabilities) {
        (self.quirks, self.capabilities) = quirks::apply(&self.greeting, &offered, &self.id);
        self.offered = offered;
    }

    pub(super) fn learn_aloud(&mut self, offered: Capabilities) {
        let before = self.capabilities.clone();
        self.heard_capabilities = true;
        self.learn(offered);
        if self.phase == Phase::Ready && self.capabilities != before {
            let event = Event::Capabilities(self.capabilities.clone());
            self.outputs.push_back(Output::Event(event));
        }
    }
}
