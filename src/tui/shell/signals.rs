//! Signals that end or continue the program, as messages of the loop.

use std::sync::mpsc::Sender;
use std::time::Instant;

use tokio::signal::unix::{SignalKind, signal};

use super::Incoming;

/// Catches SIGTERM, SIGHUP, SIGINT, SIGQUIT and SIGCONT from now on, and starts a thread that passes them on. Called
/// before the terminal is taken, so that no signal ends the program with the terminal in hand.
pub fn start(post: Sender<Incoming>) {
    if let Err(error) = watch(post) {
        tracing::warn!(%error, "signals are not watched");
    }
}

fn watch(post: Sender<Incoming>) -> std::io::Result<()> {
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
        loop {
            let incoming = tokio::select! {
                _ = terminate.recv() => Incoming::Terminate,
                _ = hang_up.recv() => Incoming::Terminate,
                _ = continued.recv() => Incoming::Continued,
                _ = interrupt.recv() => Incoming::Interrupted(Instant::now()),
                _ = quit.recv() => Incoming::Interrupted(Instant::now()),
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
