//! COPYUID, tagged and untagged, told once in one form (RFC 4315, RFC 6851 section 4.3).

use super::{Machine, Running};
use crate::imap::kind::in_place;
use crate::imap::{Code, Copied, Event};

impl Machine {
    /// An untagged COPYUID belongs to the first COPY or MOVE that named its messages: a server
    /// works commands off in turn.
    pub(super) fn take_copied(&mut self, code: Code) -> Code {
        let Code::CopyUid {
            validity,
            source,
            target,
        } = &code
        else {
            return code;
        };
        let found = self.running.iter().find_map(|running| {
            let asked = running.copies.as_ref().filter(|_| running.written)?;
            let copied = Copied::read(asked, *validity, source, target)?;
            Some((running.tag, copied))
        });
        if let Some((tag, copied)) = found {
            self.tell(Event::Copied { tag, copied });
        }
        code
    }

    /// Tells what a tagged COPYUID proves. One that proves nothing is no COPYUID.
    pub(super) fn tell_copied(&mut self, running: &Running, code: Code) -> Code {
        let Code::CopyUid {
            validity,
            source,
            target,
        } = &code
        else {
            return code;
        };
        let asked = running.copies.as_ref();
        match asked.and_then(|asked| Copied::read(asked, *validity, source, target)) {
            Some(copied) => {
                let tag = running.tag;
                self.tell(Event::Copied { tag, copied });
                code
            }
            None => in_place("", code),
        }
    }
}
