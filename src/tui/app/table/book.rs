//! The address book, and what leads to it.

use super::super::command::{Command, Entry};

use super::super::command::Screen::{
    Attention, Book, Card, Composers, Folders, Index, Log, Menu, Message, Outbox, Parts, Queue,
    Thread,
};

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        command: Command::WriteTo,
        name: "write-to",
        keys: &["C"],
        on: &[(Book, "WriteTo")],
        enter: &[Book],
        help: "Writes a message to the selected entry; asks which address where it has several.",
    },
    Entry {
        command: Command::SearchBook,
        name: "look-for",
        keys: &["/"],
        on: &[(Book, "Search")],
        enter: &[],
        help: "Narrows the address book while a name, a nickname or an address is typed; Esc shows \
               everybody again.",
    },
    Entry {
        command: Command::NewCard,
        name: "new-entry",
        keys: &["+"],
        on: &[(Book, "Add")],
        enter: &[],
        help: "Writes somebody new into the address book.",
    },
    Entry {
        command: Command::Delete,
        name: "delete-entry",
        keys: &["D"],
        on: &[(Book, "Delete")],
        enter: &[],
        help: "Strikes the entry out of the address book; U brings it back.",
    },
    Entry {
        command: Command::Undo,
        name: "undo-entry",
        keys: &["U"],
        on: &[(Book, "Undo")],
        enter: &[],
        help: "Takes back the last of fifty changes of the address book, while the program runs.",
    },
    Entry {
        command: Command::KeepCard,
        name: "keep-entry",
        keys: &["^X"],
        on: &[(Card, "Keep")],
        enter: &[],
        help: "Keeps what stands in the form; so does Enter in the last field.",
    },
    Entry {
        command: Command::TakeAddress,
        name: "take-address",
        keys: &["T"],
        on: &[
            (Index, "TakeAddr"),
            (Message, "TakeAddr"),
            (Thread, "TakeAddr"),
        ],
        enter: &[],
        help: "Takes the sender, or another address of the message, into the address book.",
    },
    Entry {
        command: Command::Book,
        name: "address-book",
        keys: &["Alt-t"],
        on: &[
            (Folders, "AddrBk"),
            (Index, "AddrBk"),
            (Message, ""),
            (Parts, ""),
            (Menu, ""),
            (Log, ""),
            (Attention, ""),
            (Queue, ""),
            (Composers, ""),
            (Outbox, ""),
            (Thread, ""),
        ],
        enter: &[],
        help: "Shows the address book.",
    },
];
