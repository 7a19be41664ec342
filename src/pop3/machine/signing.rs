//! Sign-in: USER and PASS (RFC 1939 section 7), AUTH PLAIN and XOAUTH2 (RFC 5034).

use base64::prelude::{BASE64_STANDARD, Engine as _};

use super::{Machine, Purpose};
use crate::pop3::command::{Route, clear};
use crate::pop3::reply::words;
use crate::pop3::{Reply, SignIn};
use crate::protocol::{Tag, Transmit};

/// How often a SASL exchange may go on.
const MOST_CHALLENGES: u8 = 3;

/// The sign-in at hand.
#[derive(Debug)]
pub(super) struct Signing {
    tag: Tag,
    who: SignIn,
    route: Route,
    /// Whether the secret was sent.
    sent: bool,
    challenges: u8,
    /// What a server that refuses a token says of it.
    told: Option<String>,
}

impl Machine {
    pub(super) fn sign_in(&mut self, tag: Tag, who: SignIn) {
        if !self.is_private() {
            return self.done(tag, Reply::not_sent("no secret is sent without TLS"));
        }
        let route = match who.route(&self.capabilities) {
            Ok(route) => route,
            Err(why) => return self.done(tag, Reply::not_sent(why)),
        };
        let (transmit, sent) = who.first(route);
        self.signing = Some(Signing {
            tag,
            who,
            route,
            sent,
            challenges: 0,
            told: None,
        });
        self.step(transmit);
    }

    fn step(&mut self, transmit: Transmit) {
        self.ask(transmit, "the sign-in", Purpose::SignIn);
    }

    /// The server asks for the next step of AUTH.
    pub(super) fn challenged(&mut self, text: &[u8]) {
        let Some(signing) = &mut self.signing else {
            return;
        };
        signing.challenges += 1;
        if signing.challenges > MOST_CHALLENGES {
            return self.break_off("a sign-in without end");
        }
        let next = match signing.route {
            Route::User => return self.break_off("a challenge, and AUTH was not sent"),
            // It did not take the response that came with the command, or there was none.
            _ if !signing.sent || (text.is_empty() && signing.challenges == 1) => {
                signing.sent = true;
                signing.who.response(signing.route)
            }
            Route::XOAuth2 => {
                let told = BASE64_STANDARD.decode(text).unwrap_or_default();
                signing.told = Some(words(&told));
                clear("\r\n")
            }
            Route::Plain => clear("*\r\n"),
        };
        self.step(next);
    }

    pub(super) fn signed_in(&mut self, mut reply: Reply) {
        let Some(mut signing) = self.signing.take() else {
            return;
        };
        if reply.is_ok() && !signing.sent {
            if signing.route != Route::User {
                return self.break_off("a yes to a sign-in without the secret");
            }
            signing.sent = true;
            let transmit = signing.who.response(signing.route);
            self.signing = Some(signing);
            return self.step(transmit);
        }
        let told = signing.told.filter(|_| !reply.is_ok());
        let text = [Some(reply.text), told];
        let text: Vec<String> = text.into_iter().flatten().collect();
        reply.text = signing.who.hide(text.join(" ").trim());
        if reply.is_ok() && self.capabilities.may_grow() {
            return self.ask_what_it_can(Purpose::AfterSignIn(signing.tag, reply));
        }
        self.done(signing.tag, reply);
    }
}
