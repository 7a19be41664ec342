//! Transcripts played whole, split at every octet, and cut after every line; what may never happen;
//! properties.
//!
//! A transcript has one step on a line: `> command` submits, `C: text` is what must go out, `S:
//! text` comes from the server (`\r`, `\n`, `\0` and `\\` are written so; `S~ text` has no line end),
//! `= text` is what the machine must say (see [`describe`]), `T 60` lets seconds pass, `@ starttls`
//! and `@ plain` choose the security, `#` comments.

mod corpus;
mod play;
mod properties;
mod safety;

use super::{Capabilities, Event, Expire, Reply};
use crate::protocol::Output;

/// One line that tells all that matters of an output.
fn describe(output: &Output<Event, Reply>) -> String {
    match output {
        Output::Event(event) => describe_event(event),
        Output::Chunk {
            literal,
            bytes,
            end,
        } => {
            let text = String::from_utf8_lossy(bytes);
            format!("Chunk {literal} {text:?} end={end}")
        }
        Output::Done(tag, reply) => format!("Done {} {}", tag.0, describe_reply(reply)),
        Output::Upgrade(kind) => format!("Upgrade {kind:?}"),
        Output::Broken(broken) => format!("Broken {}", broken.what),
    }
}

fn describe_reply(reply: &Reply) -> String {
    let code = reply.code.as_ref();
    let code = code.map_or_else(String::new, |code| format!(" [{code:?}]"));
    let maildrop = reply.maildrop.map_or_else(String::new, |drop| {
        format!(" {} of {}", drop.messages, drop.octets)
    });
    let odd = match reply.odd {
        0 => String::new(),
        odd => format!(" odd={odd}"),
    };
    format!("{:?}{code}{maildrop}{odd} {:?}", reply.status, reply.text)
}

fn describe_event(event: &Event) -> String {
    match event {
        Event::Ready(offered) => format!("Ready {}", describe_capabilities(offered)),
        Event::Capabilities(offered) => {
            format!("Capabilities {}", describe_capabilities(offered))
        }
        Event::Refused(what, reply) => format!("Refused {what} {}", describe_reply(reply)),
        Event::Closing(reply) => format!("Closing {}", describe_reply(reply)),
        Event::Sizes(tag, all) => {
            let each = all
                .iter()
                .map(|one| format!(" {}={}", one.number, one.octets));
            format!("Sizes {}:{}", tag.0, each.collect::<String>())
        }
        Event::Uniques(tag, all) => {
            let each = all
                .iter()
                .map(|one| format!(" {}={}", one.number, String::from_utf8_lossy(&one.uidl)));
            format!("Uniques {}:{}", tag.0, each.collect::<String>())
        }
    }
}

fn describe_capabilities(offered: &Capabilities) -> String {
    let flags = [
        ("told", offered.told),
        ("top", offered.top),
        ("uidl", offered.uidl),
        ("user", offered.user),
        ("stls", offered.stls),
        ("pipelining", offered.pipelining),
        ("resp-codes", offered.resp_codes),
        ("auth-resp-code", offered.auth_resp_code),
        ("utf8", offered.utf8),
        ("per-user", offered.per_user),
    ];
    let mut words: Vec<String> = flags
        .iter()
        .filter(|(_, has)| *has)
        .map(|(name, _)| (*name).to_owned())
        .collect();
    words.extend(offered.sasl.iter().map(|name| format!("sasl={name}")));
    words.extend(offered.login_delay.map(|n| format!("login-delay={n}")));
    words.extend(offered.expire.map(|expire| match expire {
        Expire::Never => "expire=never".to_owned(),
        Expire::Days(days) => format!("expire={days}"),
    }));
    words.extend(
        offered
            .implementation
            .iter()
            .map(|name| format!("{name:?}")),
    );
    words.join(" ")
}
