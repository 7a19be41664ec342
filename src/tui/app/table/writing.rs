//! Writing: what begins a message, and the keys of the composer (Pine's, as pico has them).

use super::super::command::{Command, EditKey, Entry, Screen};

use super::super::command::Screen::{
    Compose, ComposeHead, Composers, Folders, Index, Menu, Message, Parts,
};

const BOTH: &[(Screen, &str)] = &[(ComposeHead, ""), (Compose, "")];

const TEXT: &[(Screen, &str)] = &[(Compose, "")];

/// A key that edits, with no cell of its own.
const fn edit(
    key: EditKey,
    name: &'static str,
    keys: &'static [&'static str],
    on: &'static [(Screen, &'static str)],
    help: &'static str,
) -> Entry {
    Entry {
        command: Command::Edit(key),
        name,
        keys,
        on,
        enter: &[],
        help,
    }
}

/// What cannot be carried out yet is in no key line, help or palette; its tests are played.
pub(super) const WAITING: &[Entry] = if cfg!(test) { NOT_YET } else { &[] };

const NOT_YET: &[Entry] = &[
    Entry {
        command: Command::Bounce,
        name: "bounce",
        keys: &["B"],
        on: &[(Index, ""), (Message, "")],
        enter: &[],
        help: "Sends the message on as it is, so that an answer goes to who wrote it.",
    },
    Entry {
        command: Command::Send,
        name: "send",
        keys: &["^X"],
        on: &[(ComposeHead, "Send"), (Compose, "Send")],
        enter: &[],
        help: "Looks the message over and asks whether to send it.",
    },
    Entry {
        command: Command::Addresses,
        name: "addresses",
        keys: &["^T"],
        on: &[(ComposeHead, "Addresses")],
        enter: &[],
        help: "Lists the people that are known, for the address field with the cursor.",
    },
];

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        command: Command::Compose,
        name: "compose",
        keys: &["C"],
        on: &[
            (Folders, "Compose"),
            (Index, "Compose"),
            (Message, "Compose"),
            (Menu, "Compose"),
            (Composers, "Compose"),
        ],
        enter: &[],
        help: "Writes a new message.",
    },
    Entry {
        command: Command::Reply,
        name: "reply",
        keys: &["R"],
        on: &[(Index, "Reply"), (Message, "Reply")],
        enter: &[],
        help: "Answers the message; asks whom, where sender, all and list are not the same.",
    },
    Entry {
        command: Command::ForwardMail,
        name: "forward",
        keys: &["F"],
        on: &[(Index, "Forward"), (Message, "Forward")],
        enter: &[],
        help: "Passes the message on, in the text or as an attachment.",
    },
    Entry {
        command: Command::Identity,
        name: "identity",
        keys: &["#"],
        on: &[(Folders, ""), (Index, ""), (Message, ""), (ComposeHead, "")],
        enter: &[],
        help: "Writes a new message under another of your addresses; in the From field of a message, \
               changes to the next one.",
    },
    Entry {
        command: Command::Composers,
        name: "being-written",
        keys: &["Alt-c"],
        on: &[
            (Folders, ""),
            (Index, ""),
            (Message, ""),
            (Parts, ""),
            (Menu, "Drafts"),
            (ComposeHead, "Others"),
            (Compose, ""),
        ],
        enter: &[],
        help: "Lists the messages that are being written; from there any of them is gone on with, and \
               other mail is in reach meanwhile.",
    },
    Entry {
        command: Command::Open,
        name: "go-on",
        keys: &[">", "Right"],
        on: &[(Composers, "GoOn")],
        enter: &[Composers],
        help: "Goes on with the selected message.",
    },
    Entry {
        command: Command::Help,
        name: "composer-help",
        keys: &["^G"],
        on: &[(ComposeHead, "Help"), (Compose, "Help")],
        enter: &[],
        help: "Shows the keys of the composer; a key pressed there is explained.",
    },
    Entry {
        command: Command::Postpone,
        name: "postpone",
        keys: &["^O"],
        on: &[(ComposeHead, "Postpone"), (Compose, "Postpone")],
        enter: &[],
        help: "Keeps the message as a draft and closes it; Alt-c lists it.",
    },
    Entry {
        command: Command::Editor,
        name: "editor",
        keys: &["^_"],
        on: BOTH,
        enter: &[],
        help: "Opens the text in $EDITOR with the whole screen, and comes back with it.",
    },
    Entry {
        command: Command::Attach,
        name: "attach",
        keys: &["^J"],
        on: &[(ComposeHead, "Attach")],
        enter: &[],
        help: "Attaches a file; Tab and arrows walk the folders. In the Attach field ^D takes the \
               selected one away.",
    },
    Entry {
        command: Command::AllHeaders,
        name: "all-headers",
        keys: &["^R"],
        on: &[(ComposeHead, "AllHdrs")],
        enter: &[],
        help: "Shows Bcc and Reply-To too, or hides them while they are empty.",
    },
    Entry {
        command: Command::ReadFile,
        name: "read-file",
        keys: &["^R"],
        on: &[(Compose, "ReadFile")],
        enter: &[],
        help: "Puts the text of a file where the cursor is.",
    },
    Entry {
        command: Command::Find,
        name: "where-is",
        keys: &["^W"],
        on: &[(Compose, "WhereIs")],
        enter: &[],
        help: "Finds a word in the text, from the cursor on and then from the top.",
    },
    Entry {
        command: Command::PageUp,
        name: "text-page-up",
        keys: &["^Y", "PgUp"],
        on: &[(Compose, "PrevPage"), (ComposeHead, "")],
        enter: &[],
        help: "Goes one page up in the text.",
    },
    Entry {
        command: Command::PageDown,
        name: "text-page-down",
        keys: &["^V", "PgDn"],
        on: &[(Compose, "NextPage"), (ComposeHead, "")],
        enter: &[],
        help: "Goes one page down in the text.",
    },
    Entry {
        command: Command::NextField,
        name: "next-header-field",
        keys: &["Tab"],
        on: &[(ComposeHead, "Next")],
        enter: &[],
        help: "Goes to the next field, from the last one into the text; so do Enter and Down.",
    },
    Entry {
        command: Command::PreviousField,
        name: "header-field-before",
        keys: &["BackTab"],
        on: BOTH,
        enter: &[],
        help: "Goes to the field before; from the first line of the text so does Up.",
    },
    edit(
        EditKey::Cut,
        "cut",
        &["^K"],
        &[(ComposeHead, "CutField"), (Compose, "CutLine")],
        "Cuts the line, of a quote the paragraph, of marked text what is marked; in the header block \
         the field.",
    ),
    edit(
        EditKey::Uncut,
        "uncut",
        &["^U"],
        &[(ComposeHead, "UnCut"), (Compose, "UnCut")],
        "Puts back what was cut; right after ^J takes that back.",
    ),
    edit(
        EditKey::Justify,
        "justify",
        &["^J"],
        &[(Compose, "Justify")],
        "Fills the paragraph; of a quote with its marks before each line.",
    ),
    edit(
        EditKey::TrimQuote,
        "trim-quote",
        &["Alt-q"],
        &[(Compose, "Quote")],
        "Keeps of the quote only what is marked.",
    ),
    edit(
        EditKey::Mark,
        "mark",
        &["^^"],
        TEXT,
        "Begins to mark text, or marks nothing any more; ^K then cuts what is marked.",
    ),
    edit(
        EditKey::Undo,
        "undo-typing",
        &["Alt-u"],
        TEXT,
        "Takes back the last change of the text, and the one before it.",
    ),
    edit(
        EditKey::Redo,
        "redo-typing",
        &["Alt-r"],
        TEXT,
        "Does again what Alt-u took back.",
    ),
    edit(
        EditKey::Enter,
        "line-break",
        &["Ret"],
        BOTH,
        "Ends the line; in the header block goes to the next field.",
    ),
    edit(
        EditKey::Tab,
        "tab",
        &["Tab"],
        TEXT,
        "Goes to the next tab stop.",
    ),
    edit(
        EditKey::Up,
        "row-up",
        &["^P", "Up"],
        BOTH,
        "Goes one row up; from the first one into the header block.",
    ),
    edit(
        EditKey::Down,
        "row-down",
        &["^N", "Dn"],
        BOTH,
        "Goes one row down.",
    ),
    edit(
        EditKey::Left,
        "letter-left",
        &["^B", "Left"],
        BOTH,
        "Goes one letter to the left.",
    ),
    edit(
        EditKey::Right,
        "letter-right",
        &["^F", "Right"],
        BOTH,
        "Goes one letter to the right.",
    ),
    edit(
        EditKey::WordLeft,
        "word-left",
        &["Alt-b", "Alt-Left", "^Left"],
        BOTH,
        "Goes one word to the left.",
    ),
    edit(
        EditKey::WordRight,
        "word-right",
        &["^Spc", "Alt-f", "Alt-Right", "^Right"],
        BOTH,
        "Goes one word to the right.",
    ),
    edit(
        EditKey::Start,
        "row-start",
        &["^A", "Home"],
        BOTH,
        "Goes to the beginning of the row.",
    ),
    edit(
        EditKey::End,
        "row-end",
        &["^E", "End"],
        BOTH,
        "Goes to the end of the row.",
    ),
    edit(
        EditKey::Top,
        "text-top",
        &["Alt-<", "^Home"],
        BOTH,
        "Goes to the beginning of the text.",
    ),
    edit(
        EditKey::Bottom,
        "text-end",
        &["Alt->", "^End"],
        BOTH,
        "Goes to the end of the text.",
    ),
    edit(
        EditKey::Backspace,
        "delete-left",
        &["Backspace", "^H"],
        BOTH,
        "Deletes the letter to the left; behind an address the whole address.",
    ),
    edit(
        EditKey::Delete,
        "delete-letter",
        &["^D", "Del"],
        BOTH,
        "Deletes the letter under the cursor.",
    ),
    edit(
        EditKey::DeleteWordLeft,
        "delete-word-left",
        &["Alt-Backspace"],
        TEXT,
        "Deletes the word to the left.",
    ),
    edit(
        EditKey::DeleteWordRight,
        "delete-word-right",
        &["Alt-d"],
        TEXT,
        "Deletes the word to the right.",
    ),
];
