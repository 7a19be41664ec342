//! Transcripts played whole, split at every octet, and cut after every line; the lines of broken
//! servers; limits and properties.
//!
//! A transcript has one step on a line: `> command` submits, `C: text` is what must go out, `S:
//! text` comes from the server, `< tag text` gives octets for an APPEND, `= text` is what the machine must say (see [`describe`]), `T 60`
//! lets seconds pass, `@ starttls` and `@ plain` choose the security, `#` comments.

mod commands;
mod corpus;
mod lines;
mod play;
mod properties;
mod safety;

use super::{Code, Content, Event, FetchData, RawAddress, RawStructure, Reply};
use crate::protocol::Output;

/// One line that tells all that matters of an output.
pub(super) fn describe(output: &Output<Event, Reply>) -> String {
    match output {
        Output::Event(event) => describe_event(event),
        Output::Chunk {
            literal,
            bytes,
            end,
        } => format!("Chunk {literal} {} end={end}", bytes.len()),
        Output::Done(tag, reply) => {
            let code = describe_code(reply.code.as_ref());
            format!("Done {} {:?}{code} {:?}", tag.0, reply.status, reply.text)
        }
        Output::Upgrade(kind) => format!("Upgrade {kind:?}"),
        Output::Broken(broken) => format!("Broken {}", broken.what),
    }
}

fn describe_code(code: Option<&Code>) -> String {
    code.map_or_else(String::new, |code| match code {
        Code::Capability(names) => format!(" [Capability {names}]"),
        code => format!(" [{code:?}]"),
    })
}

fn describe_event(event: &Event) -> String {
    match event {
        Event::Greeting {
            preauth,
            capabilities,
            text,
        } => format!("Greeting preauth={preauth} [{capabilities}] {text:?}"),
        Event::Capabilities(names) => format!("Capabilities [{names}]"),
        Event::Listed(listed) => format!(
            "Listed {:?} {:?} {}{}{}",
            listed.name.decoded(),
            listed.delimiter,
            listed.attributes.join(" "),
            if listed.subscribed {
                " +subscribed"
            } else {
                ""
            },
            listed
                .old_name
                .as_ref()
                .map_or_else(String::new, |old| format!(" old={old}")),
        ),
        Event::Fetched(data) => describe_fetch(data),
        Event::Said { said, code, text } => {
            let code = describe_code(code.as_ref());
            format!("Said {said:?}{code} {text:?}")
        }
        Event::Other(line) => format!("Other {:?}", String::from_utf8_lossy(line)),
        Event::Vanished { earlier, uids } => format!("Vanished earlier={earlier} {uids}"),
        Event::Search(found) => format!(
            "Search {}{}{}",
            found.numbers,
            if found.uid { " uid" } else { "" },
            [
                ("tag", found.tag.map(|tag| u64::from(tag.0))),
                ("count", found.count),
                ("min", found.min.map(u64::from)),
                ("max", found.max.map(u64::from)),
                ("modseq", found.modseq),
            ]
            .iter()
            .filter_map(|(name, value)| value.map(|value| format!(" {name}={value}")))
            .collect::<String>()
        ),
        Event::Copied { tag, copied } => {
            let pair = |uid| format!("{uid}={}", copied.target_of(uid).unwrap());
            let pairs: Vec<String> = copied.sources().iter().take(9).map(pair).collect();
            let validity = copied.validity.0;
            format!("Copied {} to {validity}: {}", tag.0, pairs.join(" "))
        }
        Event::Wanted {
            tag, from, left, ..
        } => format!("Wanted {} {left} from {from}", tag.0),
        Event::Flags(flags) => format!("Flags {flags}"),
        Event::Status(status) => {
            let text = format!("{status:?}");
            let text = text.replace("MailboxStatus { ", "").replace(" }", "");
            let parts = text.split(", ").filter(|part| !part.ends_with(": None"));
            format!("Status {}", parts.collect::<Vec<_>>().join(", "))
        }
        event => format!("{event:?}"),
    }
}

fn text(bytes: &Option<Vec<u8>>) -> String {
    bytes.as_ref().map_or_else(
        || "NIL".to_owned(),
        |bytes| format!("{:?}", String::from_utf8_lossy(bytes)),
    )
}

fn describe_fetch(data: &FetchData) -> String {
    let mut out = format!("Fetched {}", data.seq);
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            out.push_str(&format!(" {name}={value}"));
        }
    };
    add("uid", data.uid.map(|uid| uid.to_string()));
    add("flags", data.flags.as_ref().map(|f| format!("({f})")));
    add("modseq", data.modseq.map(|n| n.to_string()));
    add("date", data.internal_date.map(|n| n.to_string()));
    add("size", data.size.map(|n| n.to_string()));
    add("emailid", data.email_id.clone());
    add("threadid", data.thread_id.clone());
    add("gm-msgid", data.gm_msgid.map(|n| n.to_string()));
    add("gm-thrid", data.gm_thrid.map(|n| n.to_string()));
    add(
        "envelope",
        data.envelope.as_ref().map(|e| {
            let people = |list: &[RawAddress]| {
                let each = list.iter().map(|a| {
                    let (name, mailbox, host) = (text(&a.name), text(&a.mailbox), text(&a.host));
                    format!("{name}<{mailbox}@{host}>")
                });
                each.collect::<Vec<_>>().join(",")
            };
            format!(
                "[{} {} from {} to {} cc {} id {}]",
                text(&e.date),
                text(&e.subject),
                people(&e.from),
                people(&e.to),
                people(&e.cc),
                text(&e.message_id)
            )
        }),
    );
    add("structure", data.structure.as_deref().map(describe_part));
    let fields = data.header_fields.as_ref();
    add("fields", fields.map(|bytes| text(&Some(bytes.clone()))));
    for section in &data.sections {
        let content = match &section.content {
            Content::Nil => "NIL".to_owned(),
            Content::Inline(bytes) if bytes.len() > 60 => format!("{} octets", bytes.len()),
            Content::Inline(bytes) => text(&Some(bytes.clone())),
            Content::Streamed { literal, length } => format!("chunks {literal} of {length}"),
        };
        let origin = section
            .origin
            .map_or_else(String::new, |n| format!("<{n}>"));
        add(&format!("{:?}{origin}", section.section), Some(content));
    }
    for other in &data.other {
        add(
            &other.name,
            Some(String::from_utf8_lossy(&other.raw).into_owned()),
        );
    }
    for warning in &data.warnings {
        out.push_str(&format!(" !{warning}"));
    }
    out
}

fn describe_part(part: &RawStructure) -> String {
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut out = format!("{}/{}", lossy(&part.kind), lossy(&part.subtype));
    for parameter in &part.parameters {
        out.push_str(&format!(
            ";{}={}",
            lossy(&parameter.name),
            lossy(&parameter.value)
        ));
    }
    if part.size > 0 {
        out.push_str(&format!(" {}", part.size));
    }
    if let Some(lines) = part.lines {
        out.push_str(&format!(" {lines} lines"));
    }
    if let Some(disposition) = &part.disposition {
        out.push_str(&format!(" {}", lossy(&disposition.kind)));
        for parameter in &disposition.parameters {
            out.push_str(&format!(
                ";{}={}",
                lossy(&parameter.name),
                lossy(&parameter.value)
            ));
        }
    }
    if part.envelope.is_some() {
        out.push_str(" +envelope");
    }
    let children: Vec<String> = part.children.iter().map(describe_part).collect();
    if !children.is_empty() {
        out.push_str(&format!(" [{}]", children.join(" | ")));
    }
    out
}
