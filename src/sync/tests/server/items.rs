//! What FETCH tells of a message.

use super::Mail;

fn header(mail: &Mail, name: &str) -> String {
    let text = String::from_utf8_lossy(&mail.bytes);
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or("").trim().to_owned()
}

fn number_of(bytes: &[u8]) -> u64 {
    let hash = blake3::hash(bytes);
    hash.as_bytes()
        .iter()
        .take(7)
        .fold(0, |n, byte| n << 8 | u64::from(*byte))
}

pub(super) fn items(mail: &Mail, upper: &str, condstore: bool) -> String {
    let mut items = vec![format!("UID {}", mail.uid)];
    if upper.contains("FLAGS") {
        items.push(format!("FLAGS ({})", mail.flags));
    }
    if condstore && upper.contains("MODSEQ") || upper.contains("CHANGEDSINCE") {
        items.push(format!("MODSEQ ({})", mail.modseq));
    }
    if upper.contains("INTERNALDATE") {
        let n = mail.date - 1_795_000_000;
        items.push(format!(
            "INTERNALDATE \"18-Nov-2026 {:02}:{:02}:00 +0000\"",
            n / 3600 % 24,
            n / 60 % 60
        ));
    }
    if upper.contains("RFC822.SIZE") {
        items.push(format!("RFC822.SIZE {}", mail.bytes.len()));
    }
    if upper.contains("X-GM-MSGID") {
        // The same message has the same number in every mailbox.
        let id = number_of(header(mail, "Message-ID:").as_bytes());
        items.push(format!("X-GM-MSGID {id}"));
    }
    if upper.contains("ENVELOPE") {
        items.push(format!(
            "ENVELOPE (\"{}\" \"{}\" ((\"Zoe\" NIL \"zoe\" \"example.org\")) NIL NIL NIL NIL NIL NIL \"{}\")",
            header(mail, "Date:"),
            header(mail, "Subject:"),
            header(mail, "Message-ID:")
        ));
    }
    if upper.contains("BODYSTRUCTURE") {
        items.push(format!(
            "BODYSTRUCTURE (\"TEXT\" \"PLAIN\" (\"CHARSET\" \"utf-8\") NIL NIL \"7BIT\" {} 3)",
            mail.bytes.len()
        ));
    }
    if upper.contains("HEADER.FIELDS") {
        items.push("BODY[HEADER.FIELDS (REFERENCES LIST-ID)] {2}\r\n\r\n".to_owned());
    }
    if upper.contains("BODY.PEEK[]") {
        let text = String::from_utf8_lossy(&mail.bytes);
        let from = upper
            .split_once("BODY.PEEK[]<")
            .and_then(|(_, rest)| rest.split('.').next())
            .and_then(|n| n.parse::<usize>().ok());
        match from {
            None => items.push(format!("BODY[] {{{}}}\r\n{text}", text.len())),
            Some(from) => {
                let rest = &text[from.min(text.len())..];
                items.push(format!("BODY[]<{from}> {{{}}}\r\n{rest}", rest.len()));
            }
        }
    }
    items.join(" ")
}
