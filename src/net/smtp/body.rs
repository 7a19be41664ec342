//! What becomes of the octets of a message on their way into DATA: every line ends with CRLF, a dot
//! at its start is doubled, and no Bcc is left in the header (SAFETY C3, C4).
//!
//! A message should come clean from the outbox. This is the last place before the wire, so it holds
//! whatever comes: an odd line end never ends a message early, at a strict server or a lenient one
//! (RFC 5321 section 4.5.2), and a blind copy never shows.

/// Fields that no recipient sees.
const HIDDEN: [&[u8]; 2] = [b"bcc", b"resent-bcc"];
/// The longest of them with blanks before its colon.
const NAME: usize = 64;

/// Cleans a message that comes in pieces.
#[derive(Debug, Default)]
pub struct Cleaner {
    /// A CR came, and what follows it has not.
    cr: bool,
    /// Something stands on the line already.
    mid_line: bool,
    head: Head,
}

/// Where the header of the message stands.
#[derive(Debug, Default)]
enum Head {
    /// At the start of a line; the field before it was hidden or not.
    #[default]
    Start,
    /// Behind a field that is hidden, at the start of a line.
    Behind,
    /// In the name of a field.
    Name(Vec<u8>),
    /// In a field that everybody sees.
    Shown,
    /// In one that is hidden.
    Hidden,
    /// The header is over.
    Over,
}

impl Cleaner {
    /// The next piece as it goes on the wire.
    pub fn clean(&mut self, piece: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(piece.len() + piece.len() / 32 + 16);
        let mut rest = piece;
        while !rest.is_empty() {
            if self.cr {
                self.cr = false;
                self.end_line(&mut out);
                if let Some(after) = rest.strip_prefix(b"\n") {
                    rest = after;
                    continue;
                }
            }
            let end = memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
            let (words, after) = rest.split_at(end);
            self.words(words, &mut out);
            rest = after;
            if let Some((&byte, after)) = rest.split_first() {
                rest = after;
                match byte {
                    b'\r' => self.cr = true,
                    _ => self.end_line(&mut out),
                }
            }
        }
        out
    }

    /// What is still to be written before the dot that ends the message: its last line may be open.
    pub fn finish(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        let named = matches!(self.head, Head::Name(_));
        if std::mem::take(&mut self.cr) || self.mid_line || named {
            self.end_line(&mut out);
        }
        out
    }

    /// Takes what stands on a line, or a part of it.
    fn words(&mut self, words: &[u8], out: &mut Vec<u8>) {
        let Some(&first) = words.first() else { return };
        match &mut self.head {
            Head::Over | Head::Shown => return self.put(words, out),
            Head::Hidden => return,
            Head::Behind if matches!(first, b' ' | b'\t') => {
                self.head = Head::Hidden;
                return;
            }
            Head::Start if matches!(first, b' ' | b'\t') => {
                self.head = Head::Shown;
                return self.put(words, out);
            }
            Head::Start | Head::Behind => self.head = Head::Name(words.to_vec()),
            Head::Name(name) => name.extend_from_slice(words),
        }
        let Head::Name(name) = &self.head else { return };
        let colon = memchr::memchr(b':', name);
        if colon.is_none() && name.len() <= NAME {
            return;
        }
        let hidden = colon
            .and_then(|at| name.get(..at))
            .is_some_and(|field| is_hidden(field.trim_ascii_end()));
        if hidden {
            self.head = Head::Hidden;
            return;
        }
        let Head::Name(name) = std::mem::replace(&mut self.head, Head::Shown) else {
            return;
        };
        self.put(&name, out);
    }

    fn put(&mut self, words: &[u8], out: &mut Vec<u8>) {
        if !self.mid_line && words.first() == Some(&b'.') {
            out.push(b'.');
        }
        self.mid_line = true;
        out.extend_from_slice(words);
    }

    fn end_line(&mut self, out: &mut Vec<u8>) {
        self.head = match std::mem::take(&mut self.head) {
            Head::Hidden => {
                self.head = Head::Behind;
                return;
            }
            // An empty line ends the header.
            Head::Start | Head::Behind | Head::Over => Head::Over,
            Head::Name(name) => {
                // No field at all: it is shown as it is.
                self.put(&name, out);
                Head::Start
            }
            Head::Shown => Head::Start,
        };
        self.mid_line = false;
        out.extend_from_slice(b"\r\n");
    }
}

fn is_hidden(field: &[u8]) -> bool {
    HIDDEN.iter().any(|name| field.eq_ignore_ascii_case(name))
}
