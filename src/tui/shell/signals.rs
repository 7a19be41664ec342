//! Signals that end or continue the program, as messages of the loop.

use std::sync::mpsc::{self, Sender};
use std::time::Instant;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::yield_now;

use super::Incoming;

/// The thread that waits for signals.
#[derive(Clone, Debug)]
pub struct Signals(UnboundedSender<Sender<()>>);

impl Signals {
    /// Catches SIGTERM, SIGHUP, SIGINT, SIGQUIT and SIGCONT from now on, and starts a thread that
    /// passes them on. Called before the terminal is taken, so that no signal ends the program with
    /// the terminal in hand.
    pub fn start(post: Sender<Incoming>) -> Self {
        let (ask, asked) = unbounded_channel();
        if let Err(error) = watch(post, asked) {
            tracing::warn!(%error, "signals are not watched");
        }
        Self(ask)
    }

    /// Waits until every signal that has reached the program is passed on.
    pub fn settle(&self) {
        let (told, wait) = mpsc::channel();
        // Where nothing watches, the question is dropped, and that ends the wait.
        if self.0.send(told).is_ok() {
            let _ = wait.recv();
        }
    }
}

fn watch(post: Sender<Incoming>, mut asked: UnboundedReceiver<Sender<()>>) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let (mut terminate, mut hang_up, mut continued, mut interrupt, mut quit) = {
        let _inside = runtime.enter();
        (
            signal(SignalKind::terminate())?,
            signal(SignalKind::hangup())?,
            signal(SignalKind::from_raw(CONTINUE))?,
            signal(SignalKind::interrupt())?,
            signal(SignalKind::quit())?,
        )
    };
    let wait = async move {
        let mut askers: Vec<Sender<()>> = Vec::new();
        loop {
            let incoming = tokio::select! {
                biased;
                _ = terminate.recv() => Incoming::Terminate,
                _ = hang_up.recv() => Incoming::Terminate,
                _ = continued.recv() => Incoming::Continued,
                _ = interrupt.recv() => Incoming::Interrupted(Instant::now()),
                _ = quit.recv() => Incoming::Interrupted(Instant::now()),
                // The runtime looks for signals before it goes on with what has yielded.
                () = yield_now(), if !askers.is_empty() => {
                    askers.clear();
                    continue;
                }
                Some(asker) = asked.recv() => {
                    askers.push(asker);
                    continue;
                }
            };
            if post.send(incoming).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || runtime.block_on(wait))
        .map(|_| ())
}

/// SIGCONT, as the system numbers it.
const CONTINUE: i32 = rustix::process::Signal::CONT.as_raw();
