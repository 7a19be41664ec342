//! Signals that end or continue the program, as messages of the loop.

use std::sync::mpsc::Sender;

use tokio::signal::unix::{SignalKind, signal};

use super::Incoming;

/// Starts a thread that waits for SIGTERM, SIGHUP and SIGCONT.
pub fn start(post: Sender<Incoming>) {
    let spawned = std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            if let Err(error) = wait(&post) {
                tracing::warn!(%error, "signals are not watched");
            }
        });
    if let Err(error) = spawned {
        tracing::warn!(%error, "signals are not watched");
    }
}

fn wait(post: &Sender<Incoming>) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hang_up = signal(SignalKind::hangup())?;
        let mut continued = signal(SignalKind::from_raw(CONTINUE))?;
        loop {
            let incoming = tokio::select! {
                _ = terminate.recv() => Incoming::Terminate,
                _ = hang_up.recv() => Incoming::Terminate,
                _ = continued.recv() => Incoming::Continued,
            };
            if post.send(incoming).is_err() {
                return Ok(());
            }
        }
    })
}

/// SIGCONT, as the system numbers it.
const CONTINUE: i32 = rustix::process::Signal::CONT.as_raw();
