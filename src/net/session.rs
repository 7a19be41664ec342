//! The one loop that moves bytes between a link and a protocol machine.
//!
//! [`Session::next`] may be dropped at any point and called again: what was read, what is still to
//! be written and a handshake under way all live in the session. It writes and reads at once, so
//! that a server that answers before it has taken everything cannot lock both sides.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

use crate::model::courtesy;
use crate::net::transcript::LinkLog;
use crate::net::{Later, Layer, Link, NetError, Stream, Timer, Transcript};
use crate::protocol::{Broken, Output, Protocol, Tag, Time, Transmit, Upgrade};

/// Octets read at once.
const READ: usize = 128 * 1024;
/// Octets that may wait for the network before the machine is asked for more.
const HIGH_WATER: usize = 256 * 1024;
/// How long a handshake over an open link may take.
const HANDSHAKE: Duration = Duration::from_secs(30);
/// How long a parting close may take.
const CLOSING: Duration = Duration::from_secs(2);

/// What a session has moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Octets that came, after decryption.
    pub octets_in: u64,
    /// Octets that went, before encryption.
    pub octets_out: u64,
    /// How often we spoke after the server had: the latency that was paid.
    pub round_trips: u64,
}

/// A protocol machine on a link.
pub struct Session<P: Protocol> {
    machine: P,
    state: State,
    io: Io,
    layer: Option<Arc<dyn Layer>>,
    peer: String,
    timer: Arc<dyn Timer>,
    log: Option<LinkLog>,
    alarm: Option<(Time, Later<'static, ()>)>,
}

enum State {
    Open,
    Securing(Later<'static, Result<Box<dyn Stream>, NetError>>, Time),
    Over(NetError),
}

/// What is between the machine and the link.
struct Io {
    stream: Option<Box<dyn Stream>>,
    out: VecDeque<u8>,
    unflushed: bool,
    input: Vec<u8>,
    taken: usize,
    buffer: Vec<u8>,
    heard: bool,
    counters: Counters,
}

enum Moved {
    Bytes,
    Ended,
}

impl<P: Protocol> std::fmt::Debug for Session<P> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Session({}, {:?})", self.peer, self.io.counters)
    }
}

impl<P: Protocol> Session<P> {
    /// Puts a machine on a link.
    pub fn new(
        machine: P,
        link: Link,
        timer: Arc<dyn Timer>,
        transcript: Option<&Arc<Transcript>>,
    ) -> Self {
        let mut log = transcript.map(|transcript| transcript.link(&link.peer));
        if let (Some(log), true) = (&mut log, link.secure) {
            log.note("TLS");
        }
        Self {
            machine,
            state: State::Open,
            io: Io {
                stream: Some(link.stream),
                out: VecDeque::new(),
                unflushed: false,
                input: Vec::new(),
                taken: 0,
                buffer: vec![0; READ],
                heard: false,
                counters: Counters::default(),
            },
            layer: link.layer,
            peer: link.peer,
            timer,
            log,
            alarm: None,
        }
    }

    /// Hands a command to the machine; its bytes go out while [`Session::next`] is awaited.
    pub fn submit(&mut self, command: P::Command) -> Tag {
        self.machine.submit(command)
    }

    /// The machine, for asking what it knows.
    pub fn machine(&self) -> &P {
        &self.machine
    }

    /// The machine, for telling it things.
    pub fn machine_mut(&mut self) -> &mut P {
        &mut self.machine
    }

    /// What was moved so far.
    pub fn counters(&self) -> Counters {
        self.io.counters
    }

    /// `host:port (address)` for messages.
    pub fn peer(&self) -> &str {
        &self.peer
    }

    /// The next thing that the machine has to say. Dropping the future loses nothing.
    ///
    /// After an error every further call gives the same error.
    pub async fn next(&mut self) -> Result<Output<P::Event, P::Reply>, NetError> {
        let outcome = self.step().await;
        if let Err(error) = &outcome {
            self.end(error.clone());
        }
        outcome
    }

    /// Writes what is still to be written, says goodbye at the TLS and TCP level, and drops the
    /// link. At most two seconds.
    pub async fn close(mut self) {
        let Some(mut stream) = self.io.stream.take() else {
            return;
        };
        while let Some(transmit) = self.machine.poll_transmit() {
            self.io.out.extend(&transmit.bytes);
        }
        let rest: Vec<u8> = self.io.out.drain(..).collect();
        let parting = async {
            stream.write_all(&rest).await?;
            stream.shutdown().await
        };
        // The link is given up in any case, so what the parting says changes nothing.
        let _ = tokio::time::timeout(CLOSING, parting).await;
    }

    async fn step(&mut self) -> Result<Output<P::Event, P::Reply>, NetError> {
        loop {
            match &self.state {
                State::Over(error) => return Err(error.clone()),
                State::Securing(..) => {
                    self.secured().await?;
                    continue;
                }
                State::Open => {}
            }
            if courtesy::person_waits() {
                std::thread::yield_now();
            }
            match self.machine.poll_event() {
                Some(Output::Upgrade(kind)) => {
                    self.upgrade(kind)?;
                    continue;
                }
                Some(Output::Broken(broken)) => return Err(broken.into()),
                Some(output) => return Ok(output),
                None => {}
            }
            self.collect();
            if self.feed() {
                continue;
            }
            self.wait().await?;
        }
    }

    /// Takes from the machine what it wants written.
    fn collect(&mut self) {
        while self.io.out.len() < HIGH_WATER {
            let Some(transmit) = self.machine.poll_transmit() else {
                return;
            };
            self.sent(&transmit);
            self.io.out.extend(&transmit.bytes);
        }
    }

    fn sent(&mut self, transmit: &Transmit) {
        if let Some(log) = &mut self.log {
            log.client(transmit);
        }
        tracing::trace!(target: "wire", peer = %self.peer, "C: {}", transmit.redacted().trim_end());
    }

    /// Gives the machine what was read; whether it took anything.
    fn feed(&mut self) -> bool {
        let Some(rest) = self.io.input.get(self.io.taken..) else {
            return false;
        };
        if rest.is_empty() {
            return false;
        }
        let taken = self
            .machine
            .feed(rest, self.timer.monotonic())
            .min(rest.len());
        self.io.taken += taken;
        if self.io.taken == self.io.input.len() {
            self.io.input.clear();
            self.io.taken = 0;
        }
        taken > 0
    }

    /// Until bytes moved or the machine's deadline came.
    async fn wait(&mut self) -> Result<(), NetError> {
        if self.io.taken < self.io.input.len() {
            // The machine refused bytes without asking for an upgrade: going on would spin.
            return Err(NetError::Broken(Broken {
                what: "octets that belong to nothing".to_owned(),
                at: self.io.counters.octets_in,
            }));
        }
        self.set_alarm();
        let Self { io, alarm, .. } = self;
        let outcome = poll_fn(|context| {
            if let Poll::Ready(moved) = io.poll(context) {
                return Poll::Ready(Some(moved));
            }
            match alarm {
                Some((_, sleep)) => sleep.as_mut().poll(context).map(|()| None),
                None => Poll::Pending,
            }
        })
        .await;
        match outcome {
            Some(Ok(Moved::Bytes)) => {
                self.received();
                Ok(())
            }
            Some(Ok(Moved::Ended)) => Err(self.lost("the server closed it")),
            Some(Err(error)) => Err(self.lost(&error.to_string())),
            None => {
                self.alarm = None;
                self.machine.handle_timeout(self.timer.monotonic());
                Ok(())
            }
        }
    }

    fn received(&mut self) {
        if let (Some(log), false) = (&mut self.log, self.io.input.is_empty()) {
            log.server(&self.io.input);
        }
    }

    fn set_alarm(&mut self) {
        let when = self.machine.poll_timeout();
        if when != self.alarm.as_ref().map(|(when, _)| *when) {
            self.alarm = when.map(|when| (when, self.timer.sleep_until(when)));
        }
    }

    fn lost(&self, why: &str) -> NetError {
        NetError::LinkLost {
            peer: self.peer.clone(),
            why: why.to_owned(),
        }
    }

    fn upgrade(&mut self, kind: Upgrade) -> Result<(), NetError> {
        match kind {
            Upgrade::Deflate => return Err(NetError::Unsupported("COMPRESS=DEFLATE")),
            Upgrade::Tls => {}
        }
        let octets = self.io.input.len().saturating_sub(self.io.taken);
        if octets > 0 {
            return Err(NetError::Injected {
                peer: self.peer.clone(),
                octets,
            });
        }
        if !self.io.out.is_empty() {
            return Err(NetError::Broken(Broken {
                what: "consent to TLS before it was asked for".to_owned(),
                at: self.io.counters.octets_in,
            }));
        }
        let layer = self.layer.take().ok_or(NetError::Unsupported("TLS here"))?;
        let stream = self.io.stream.take().ok_or(NetError::Closed)?;
        self.io.unflushed = false;
        let until = self.timer.monotonic().after(HANDSHAKE);
        self.state = State::Securing(layer.secure(stream), until);
        Ok(())
    }

    async fn secured(&mut self) -> Result<(), NetError> {
        let State::Securing(handshake, until) = &mut self.state else {
            return Ok(());
        };
        let late = self.timer.sleep_until(*until);
        let stream = tokio::select! {
            stream = handshake => stream?,
            () = late => {
                return Err(NetError::TimedOut {
                    place: self.peer.clone(),
                    what: "TLS handshake",
                    seconds: HANDSHAKE.as_secs(),
                });
            }
        };
        if let Some(log) = &mut self.log {
            log.note("TLS");
        }
        self.io.stream = Some(stream);
        self.state = State::Open;
        self.machine.upgraded(Upgrade::Tls);
        Ok(())
    }

    fn end(&mut self, error: NetError) {
        if let (Some(log), false) = (&mut self.log, matches!(self.state, State::Over(_))) {
            log.note(&error.to_string());
        }
        self.state = State::Over(error);
        self.io.stream = None;
        self.io.out.clear();
        self.alarm = None;
    }
}

impl Io {
    /// Writes what can be written, then reads; ready when something came or the link ended.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Moved>> {
        // A failed write is told only when nothing can be read any more: the server's last words
        // (BYE and why) are worth more than "broken pipe".
        let written = self.poll_write(context);
        match self.poll_read(context) {
            Poll::Ready(Ok(moved)) => Poll::Ready(Ok(moved)),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => match written {
                Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                Poll::Ready(Ok(true)) => Poll::Ready(Ok(Moved::Bytes)),
                Poll::Ready(Ok(false)) | Poll::Pending => Poll::Pending,
            },
        }
    }

    /// Ready with whether anything was written and all of it is out.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let Some(stream) = &mut self.stream else {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        };
        let mut wrote = false;
        while !self.out.is_empty() {
            let (front, _) = self.out.as_slices();
            let count = ready!(Pin::new(&mut *stream).poll_write(context, front))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.out.drain(..count);
            if std::mem::take(&mut self.heard) {
                self.counters.round_trips += 1;
            }
            self.counters.octets_out += count as u64;
            self.unflushed = true;
            wrote = true;
        }
        if self.unflushed {
            ready!(Pin::new(&mut *stream).poll_flush(context))?;
            self.unflushed = false;
            wrote = true;
        }
        Poll::Ready(Ok(wrote))
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Moved>> {
        let Some(stream) = &mut self.stream else {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        };
        let mut buffer = ReadBuf::new(&mut self.buffer);
        ready!(Pin::new(&mut *stream).poll_read(context, &mut buffer))?;
        let filled = buffer.filled();
        if filled.is_empty() {
            return Poll::Ready(Ok(Moved::Ended));
        }
        self.input.extend_from_slice(filled);
        self.counters.octets_in += filled.len() as u64;
        self.heard = true;
        Poll::Ready(Ok(Moved::Bytes))
    }
}

#[cfg(test)]
mod tests;
