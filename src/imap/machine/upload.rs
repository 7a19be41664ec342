//! Messages that are handed out piece by piece (APPEND), and what follows bytes that went out.

use super::{Machine, Outgoing, Running, append};
use crate::imap::Event;
use crate::protocol::{Tag, Transmit};

/// A message that the caller supplies piece by piece.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) source: u64,
    pub(super) from: u64,
    pub(super) left: u64,
    pub(super) then: Transmit,
    /// A piece was asked for and has not come.
    pub(super) asked: bool,
}

impl Machine {
    /// Gives octets that [`Event::Wanted`] asked for: the next ones, at least one, at most as many
    /// as are left. Anything else breaks the link, because the server counts; so does
    /// [`Machine::withhold`].
    pub fn supply(&mut self, tag: Tag, bytes: Vec<u8>) {
        let running = self.running.iter_mut().find(|r| r.tag == tag);
        let Some(upload) = running.and_then(|r| r.upload.as_mut()) else {
            return;
        };
        let length = bytes.len() as u64;
        if length == 0 || length > upload.left || !upload.asked {
            return self.break_off("a message of another length than was announced");
        }
        upload.asked = false;
        upload.from += length;
        upload.left -= length;
        let last = upload.left == 0;
        // A log is to hold no mail.
        let all = 0..bytes.len();
        let secret = Vec::from([all]);
        let mut transmit = Transmit { bytes, secret };
        if last {
            append(&mut transmit, &std::mem::take(&mut upload.then));
        }
        self.outgoing.push_back(Outgoing {
            transmit,
            tag,
            last,
        });
    }

    /// Says that the rest of a message cannot be read. The link ends, and with it the APPEND: a
    /// server drops a message whose octets stop.
    pub fn withhold(&mut self, tag: Tag) {
        let uploads = |r: &Running| r.tag == tag && r.upload.is_some();
        if self.running.iter().any(uploads) {
            self.break_off("the rest of the message cannot be read here");
        }
    }

    /// Asks for the next octets of a message.
    pub(super) fn want(&mut self, tag: Tag) {
        let running = self.running.iter_mut().find(|r| r.tag == tag);
        let Some(upload) = running.and_then(|r| r.upload.as_mut()) else {
            return;
        };
        if upload.left == 0 || upload.asked {
            return;
        }
        upload.asked = true;
        let event = Event::Wanted {
            tag,
            source: upload.source,
            from: upload.from,
            left: upload.left,
        };
        self.tell(event);
    }

    /// After bytes of a command were handed out.
    pub(super) fn handed_out(&mut self, tag: Tag, last: bool) {
        let Some(at) = self.running.iter().position(|r| r.tag == tag) else {
            return;
        };
        let Some(running) = self.running.get_mut(at) else {
            return;
        };
        running.begun = true;
        running.written |= last;
        if running.upload.is_some() {
            // An upload that moves is progress, though the server is silent.
            self.armed = None;
        }
        if !last {
            return self.want(tag);
        }
        running.upload = None;
        if let Some(reply) = running.refusal.take() {
            let running = self.running.remove(at);
            self.finish(running, reply);
        }
        self.pump();
    }
}
