//! The figures of the issue, each measured and printed beside its budget.
//!
//! `cargo bench` measures all of them; `cargo bench -- start keys` measures some. What a figure
//! needs (Dovecot, openssl) and is missing is said and left out. A figure over its budget is marked
//! and makes the exit code 1, so that a script can tell.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic
)]

#[path = "../harness/mod.rs"]
#[allow(dead_code)]
mod harness;

mod archived;
mod compose;
mod figures;
mod files;
mod filling;
mod keys;
mod link;
mod lists;
mod memory;
mod open;
mod pieces;
mod pop3;
mod search;
mod send;
mod split;
mod start;
mod sync;
mod threads;
mod triage;

use figures::Figures;

/// A group of figures.
type Bench = fn(&mut Figures);

/// The start comes first: what starts a program is copied for it, and this one grows.
const BENCHES: [(&str, Bench); 23] = [
    ("start", start::all),
    ("trips", sync::round_trips),
    ("envelopes", sync::envelopes),
    ("whole", sync::whole_messages),
    ("split", split::all),
    ("pieces", pieces::all),
    ("open", open::all),
    ("keys", keys::quiet),
    ("actions", keys::actions),
    ("composer", compose::all),
    ("send", send::all),
    ("moves", triage::moves),
    ("busy", keys::while_syncing),
    ("memory", memory::all),
    ("link", link::all),
    ("pop3", pop3::download),
    ("poll", pop3::poll),
    ("import", files::all),
    ("dots", pop3::pieces),
    ("threads", threads::all),
    ("search", search::all),
    ("lists", lists::all),
    ("archived", archived::all),
];

fn main() {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let unknown = wanted
        .iter()
        .find(|name| !BENCHES.iter().any(|(known, _)| known == name));
    if let Some(name) = unknown {
        eprintln!(
            "error: no figure is called {name}; there are {:?}",
            BENCHES.map(|(name, _)| name)
        );
        std::process::exit(2);
    }
    let mut figures = Figures::new();
    figures::of_machine(&mut figures);
    for (name, bench) in BENCHES {
        if wanted.is_empty() || wanted.iter().any(|w| w == name) {
            bench(&mut figures);
        }
    }
    std::process::exit(figures.summary());
}
