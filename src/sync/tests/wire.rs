//! How a strict server reads and writes strings.

/// The octets of a literal that ends this line, and whether the client waits before it.
pub(super) fn literal(line: &str) -> Option<(usize, bool)> {
    let number = line.strip_suffix('}')?;
    // Inside quotes it is no literal: a strict reader counts them.
    let (before, number) = number.rsplit_once('{')?;
    let quotes = before.replace("\\\\", "").replace("\\\"", "");
    if quotes.matches('"').count() % 2 == 1 {
        return None;
    }
    let waits = !number.ends_with('+');
    let octets = number.trim_end_matches('+').parse().ok()?;
    Some((octets, waits))
}

/// The argument of that number behind the verb: atom, quoted string or literal.
pub(super) fn argument(line: &str, number: usize) -> String {
    let mut rest = line.split_once(' ').map_or("", |(_, rest)| rest);
    let mut value = String::new();
    for _ in 0..=number {
        rest = rest.trim_start_matches(' ');
        if let Some(inner) = rest.strip_prefix('"') {
            value.clear();
            let mut chars = inner.char_indices();
            rest = "";
            while let Some((at, c)) = chars.next() {
                match c {
                    '"' => {
                        rest = &inner[at + 1..];
                        break;
                    }
                    '\\' => value.extend(chars.next().map(|(_, c)| c)),
                    c => value.push(c),
                }
            }
        } else if rest.starts_with('{') {
            let (head, tail) = rest.split_once("\r\n").unwrap();
            let (octets, _) = literal(head).unwrap();
            value = tail[..octets].to_owned();
            rest = &tail[octets..];
        } else {
            let (atom, tail) = rest.split_once(' ').unwrap_or((rest, ""));
            value = atom.to_owned();
            rest = tail;
        }
    }
    value
}

/// A string as a server writes it: quoted, or a literal where that cannot be.
pub(super) fn string(text: &str) -> String {
    if text.contains(['\r', '\n', '\0']) || text.len() > 1000 {
        format!("{{{}}}\r\n{text}", text.len())
    } else {
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

/// The responses of a text, each with its literals.
pub(super) fn responses(text: &str) -> Vec<&str> {
    let (mut out, mut from, mut at) = (Vec::new(), 0, 0);
    while let Some(end) = text[at..].find("\r\n") {
        let line = &text[at..at + end];
        at += end + 2;
        match literal(line) {
            Some((octets, _)) => at += octets,
            None => {
                out.push(&text[from..at]);
                from = at;
            }
        }
    }
    if from < text.len() {
        out.push(&text[from..]);
    }
    out
}

/// A message of about so many octets.
pub(super) fn mail_bytes(id: &str, size: usize) -> Vec<u8> {
    let mut text = format!(
        "Date: Sat, 21 Nov 2026 08:00:00 +0000\r\nFrom: Zoe <zoe@example.org>\r\n\
         To: me@example.org\r\nSubject: Message {id}\r\nMessage-ID: <{id}@example.org>\r\n\r\n"
    );
    while text.len() < size {
        text.push_str(&format!(
            "Line {} of {id}, which says little.\r\n",
            text.len()
        ));
    }
    text.into_bytes()
}
