//! The octets of a message out of a multi-line reply (RFC 1939 section 3), in linear time.
//!
//! Only dots behind line ends are looked for, by whole slices: what lies between is copied as it is. A line that
//! begins with one dot and is not the end comes from a server that does not stuff, so the dot stays.

use memchr::memmem::Finder;

/// Where in the reply the next octet stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Middle,
    /// Behind a CR.
    Cr,
    /// At the beginning of a line.
    Start,
    /// Behind a dot that began a line and is held back.
    Dot,
    /// Behind that dot and a CR, both held back.
    DotCr,
}

/// Takes the dots away and finds the end.
#[derive(Debug)]
pub(super) struct Unstuff {
    at: At,
    /// Whether LF alone ends a line.
    bare: bool,
    finder: Finder<'static>,
}

impl Unstuff {
    /// At the beginning of a reply whose status line ended with a bare LF, or with CRLF.
    pub(super) fn new(bare: bool) -> Self {
        Self {
            at: At::Start,
            bare,
            finder: Finder::new("\n."),
        }
    }

    /// Puts what `bytes` hold of the message behind `out`: how many were taken, and whether that was
    /// the end. All are taken if it was not.
    #[inline]
    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> (usize, bool) {
        let mut taken = 0;
        while let Some(rest) = bytes.get(taken..)
            && let Some(&next) = rest.first()
        {
            // An octet that is not taken is looked at again from the place that it leads to.
            let (at, step) = match (self.at, next) {
                (At::Middle, _) => {
                    taken += self.middle(rest, out);
                    continue;
                }
                (At::Start, b'.') => (At::Dot, 1),
                (At::Cr, b'\n') => {
                    out.push(next);
                    (At::Start, 1)
                }
                (At::Cr | At::Start, _) => (At::Middle, 0),
                (At::Dot, b'.') => {
                    out.push(next);
                    (At::Middle, 1)
                }
                (At::Dot, b'\r') => (At::DotCr, 1),
                // A dot at the beginning of a line would be stuffed if it were the message's.
                (At::Dot | At::DotCr, b'\n') => return (taken + 1, true),
                (At::Dot, _) => {
                    out.push(b'.');
                    (At::Middle, 0)
                }
                (At::DotCr, _) => {
                    out.extend_from_slice(b".\r");
                    (At::Cr, 0)
                }
            };
            self.at = at;
            taken += step;
        }
        (taken, false)
    }

    /// Whether this octet is the message's, whatever comes next, and changes nothing: the usual case
    /// of a server that sends octet by octet.
    #[inline]
    pub(super) fn is_plain(&self, octet: u8) -> bool {
        self.at == At::Middle && octet != b'\r' && octet != b'\n'
    }

    /// Copies up to the next dot at the beginning of a line, or all; how many octets that were.
    fn middle(&mut self, rest: &[u8], out: &mut Vec<u8>) -> usize {
        // Two octets are looked for: of three, the first two would be found at each line.
        let ends = |at: &usize| {
            let before = at.checked_sub(1).and_then(|before| rest.get(before));
            self.bare || before == Some(&b'\r')
        };
        if let Some(found) = self.finder.find_iter(rest).find(ends) {
            let line = found + 1;
            out.extend_from_slice(rest.get(..line).unwrap_or_default());
            self.at = At::Dot;
            return line + 1;
        }
        out.extend_from_slice(rest);
        self.at = match rest {
            [.., b'\r', b'\n'] => At::Start,
            [.., b'\n'] if self.bare => At::Start,
            [.., b'\r'] => At::Cr,
            _ => At::Middle,
        };
        rest.len()
    }
}
