//! Line ends on their way out. A message goes to a server with CR LF and nothing else (RFC 9051
//! section 2.3, RFC 5322 section 2.1), and some servers refuse others or change them by themselves;
//! what is stored stays as it was got (SAFETY R21).

/// Makes every line end CR LF, piece by piece.
#[derive(Clone, Debug, Default)]
pub(super) struct LineEnds {
    /// The last octet was a CR, whose LF may be still to come.
    open: bool,
}

impl LineEnds {
    /// The next octets as they go out.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 32 + 2);
        for &byte in bytes {
            match (std::mem::take(&mut self.open), byte) {
                (false, b'\n') => out.extend_from_slice(b"\r\n"),
                (true, b'\n') => out.push(b'\n'),
                (open, byte) => {
                    if open {
                        out.push(b'\n');
                    }
                    self.open = byte == b'\r';
                    out.push(byte);
                }
            }
        }
        out
    }

    /// What is left at the end.
    pub(super) fn end(&mut self) -> &'static [u8] {
        match std::mem::take(&mut self.open) {
            true => b"\n",
            false => b"",
        }
    }

    /// How many octets more than these go out; nothing is made of them.
    pub(super) fn added(&mut self, bytes: &[u8]) -> u64 {
        let mut added = 0;
        for &byte in bytes {
            let open = std::mem::replace(&mut self.open, byte == b'\r');
            added += u64::from(open != (byte == b'\n'));
        }
        added
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r21_every_line_end_goes_out_as_crlf_however_it_is_cut() {
        for (from, to) in [
            ("", ""),
            ("a\r\nb\r\n", "a\r\nb\r\n"),
            ("a\nb\n", "a\r\nb\r\n"),
            ("a\rb", "a\r\nb"),
            ("a\r", "a\r\n"),
            ("\n\n", "\r\n\r\n"),
            ("\r\r\n", "\r\n\r\n"),
            ("\n\r", "\r\n\r\n"),
            ("\r\r", "\r\n\r\n"),
        ] {
            for piece in 1..=from.len().max(1) {
                let (mut ends, mut counts) = (LineEnds::default(), LineEnds::default());
                let (mut out, mut length) = (Vec::new(), 0);
                for part in from.as_bytes().chunks(piece) {
                    out.extend(ends.push(part));
                    length += part.len() as u64 + counts.added(part);
                }
                out.extend(ends.end());
                length += counts.end().len() as u64;
                assert_eq!(String::from_utf8(out).unwrap(), to, "{from:?} by {piece}");
                assert_eq!(length, to.len() as u64, "{from:?} by {piece}");
            }
        }
    }
}
