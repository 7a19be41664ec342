//! Reports and invitations: what a program says in fields, told to a person.

use crate::model::Structure;

use super::super::calendar;
use super::super::document::{Line, Role};
use super::super::header::{self, Header};
use super::super::sanitize::Shown;
use super::Builder;

/// The fields of a returned header by which a person knows the message again.
const TOLD: [&str; 7] = [
    "From",
    "To",
    "Cc",
    "Date",
    "Subject",
    "Message-ID",
    "Reply-To",
];

impl Builder<'_> {
    /// The fields of a delivery status or receipt, each recipient apart (RFC 3464, 8098).
    pub(super) fn status(&mut self, node: &Structure) {
        self.separate();
        let Some(text) = self.decoded(node) else {
            return;
        };
        let heading = match node.subtype.as_str() {
            "delivery-status" => "── Delivery report ──",
            "disposition-notification" => "── Receipt ──",
            _ => "── Report ──",
        };
        self.line(Shown::from(heading), Role::Rule);
        let mut rest = text.as_bytes();
        let mut blocks = 0;
        while !rest.is_empty() && blocks < 200 {
            let header = Header::parse(rest);
            for (name, value) in header.fields() {
                let name = String::from_utf8_lossy(name);
                let value =
                    header::decode_text(value.get(..value.len().min(4096)).unwrap_or(value));
                self.field(&name, &Shown::line(&value));
            }
            if !header.fields().is_empty() {
                self.blank();
            }
            if header.body() == 0 {
                break;
            }
            rest = rest.get(header.body()..).unwrap_or_default();
            blocks += 1;
        }
    }

    pub(super) fn headers(&mut self, node: &Structure) {
        self.separate();
        let Some(text) = self.decoded(node) else {
            return;
        };
        self.line(Shown::from("── Headers of the message ──"), Role::Rule);
        let header = Header::parse(text.as_bytes());
        let (told, other): (Vec<_>, Vec<_>) = header.fields().iter().partition(|(name, _)| {
            TOLD.iter()
                .any(|told| name.eq_ignore_ascii_case(told.as_bytes()))
        });
        for (name, value) in told.into_iter().take(50) {
            let name = String::from_utf8_lossy(name);
            let value = header::decode_text(value.get(..value.len().min(4096)).unwrap_or(value));
            self.field(&name, &Shown::line(&value));
        }
        if !other.is_empty() {
            let fields = if other.len() == 1 { "field" } else { "fields" };
            let rest = format!("and {} other {fields}", other.len());
            self.line(Shown::line(&rest), Role::Dim);
        }
    }

    /// The events of a calendar; `described` is whether a text beside it is their description.
    pub(super) fn calendar(&mut self, node: &Structure, described: bool) {
        self.separate();
        let Some(text) = self.decoded(node) else {
            return;
        };
        let events = calendar::events(&text, self.view.offset_at);
        if events.is_empty() {
            return self.attachment(node);
        }
        for event in events {
            self.line(Shown::line(&event.heading), Role::Heading);
            for (label, text) in event.fields {
                if described && label == calendar::TEXT {
                    continue;
                }
                let mut lines = text.lines();
                let first = lines.next().unwrap_or_default();
                self.field(label, &Shown::line(first));
                for line in lines.take(200) {
                    let spans = self.spans(Shown::body_line(line), Role::Text);
                    self.document.lines.push(Line {
                        spans,
                        ..Line::default()
                    });
                }
            }
            self.blank();
        }
    }
}
