//! # Lacebark
//!
//! A terminal mail user agent in the line of Pine and elm: folder list, message index, message
//! view over IMAP, with every message kept locally, and a command line that scripts can trust.
//!
//! ## The one idea
//!
//! The store keeps *base* (what the server last confirmed) and a *journal* (what the user asked
//! for and the server has not confirmed). What is shown is `fold(base, operations)`, a pure
//! function ([`model::journal::fold`]), kept as the *effective* columns and written in the same
//! transaction as either change. So a server change never undoes a pending wish, dropping a failed
//! operation reverts by itself, and off line is not a mode but a journal that has not drained.
//!
//! ## The rooms
//!
//! ```text
//! main.rs            argv -> TUI or command; error -> exit code
//! tui/      cli/     the two faces
//! ops/      sync/    what a user can do        | store and server made equal
//! store/    env/     the only SQL              | every seam to the world in one struct
//! mime/ imap/ pop3/  pure                      | net/  the only sockets
//! model/ protocol.rs vocabulary, sans-I/O contract       config/  settings, paths, secrets
//! ```
//!
//! Imports go down, never up, and sideways only where `tests/it/tidy.rs` lists it. The pure rooms
//! (`model`, `protocol`, `mime`, `imap`, `pop3`, `sync::plan*`, `tui::app`, `tui::screen`) name no socket,
//! file, clock or source of randomness; they are played from tables and transcripts.
//!
//! ## Down and up
//!
//! Down: server, `net::Session`, an `imap` event, a pure plan in `sync`, one transaction of rows
//! and cursor, the change bus, a reader's query, a frame. Up: a key, a command, `update` (the row
//! changes in this frame), `ops` (one transaction of effective columns, journal and undo rows), a
//! wake-up, a pure push plan, the session, the verdict in one transaction.
//!
//! ## What an operation goes through
//!
//! A key makes an *action*: one operation for each message or mailbox, coalesced with what waits
//! already ([`model::journal::coalesce`]), and its undo rows. An operation is queued, in flight,
//! unsure or failed; success deletes it. An OK is no proof: what was handed over is marked with a
//! [`model::journal::Proof`] in the same commit, and is done only when the server named the new UID
//! or a look into the target found it. What another program did first is a conflict
//! ([`model::journal::Cause`]): the row stays, unseen, until a person keeps theirs or ours. A
//! message keeps its key when it moves, also to another account: what it leaves there is a row of
//! its own that is deleted when the message is proven to stand at its new place. On a server that
//! cannot expunge single messages, what our own move left behind marked `\Deleted` is a *ghost*,
//! known and not shown. The verdicts are in [`store::verdicts`], what follows from them in
//! [`store::effective`]; nothing else writes what is shown.
//!
//! ## Threads
//!
//! The screen is plain code on the main thread that receives from one channel, drains it, updates
//! and draws. An input thread feeds it. One writer thread owns the only writing connection and puts
//! a person's actions before bulk; readers are query-only. tokio carries the network, one task for
//! each account. The keyring has a thread of its own with a time limit. Every wait has a deadline.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::panic
    )
)]

pub mod cli;
pub mod config;
pub mod env;
pub mod imap;
pub mod mime;
pub mod model;
pub mod net;
pub mod ops;
pub mod pop3;
pub mod protocol;
pub mod store;
pub mod sync;
pub mod tui;
