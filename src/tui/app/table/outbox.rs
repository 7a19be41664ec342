//! The Outbox, and what is done with a message there.

use super::super::command::{Command, Entry};

use super::super::command::Screen::{
    Attention, Folders, Index, Menu, Message, Outbox, Outgoing, Parts, Queue, Thread,
};

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        command: Command::EditOutgoing,
        name: "edit-outgoing",
        keys: &["E"],
        on: &[
            (Outbox, "Edit"),
            (Outgoing, "Edit"),
            (Attention, "Edit"),
            (Queue, "Edit"),
        ],
        enter: &[],
        help: "Takes a message out of the Outbox, back into the composer, unless it may have left.",
    },
    Entry {
        command: Command::Retry,
        name: "send-now",
        keys: &["R"],
        on: &[(Outbox, "SendNow"), (Outgoing, "SendNow")],
        enter: &[],
        help: "Sends what waits or was refused now; asks where it may have been sent already.",
    },
    Entry {
        command: Command::Drop,
        name: "discard",
        keys: &["X"],
        on: &[(Outbox, "Discard"), (Outgoing, "Discard")],
        enter: &[],
        help: "Throws the message away, after asking.",
    },
    Entry {
        command: Command::Outbox,
        name: "outbox",
        keys: &[],
        on: &[
            (Folders, ""),
            (Index, ""),
            (Message, ""),
            (Parts, ""),
            (Menu, ""),
            (Queue, ""),
            (Thread, ""),
        ],
        enter: &[],
        help: "Shows the messages that have not left yet, of all accounts.",
    },
];
