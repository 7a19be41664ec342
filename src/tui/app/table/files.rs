//! Choosing files to attach.

use super::super::command::Screen::Files;
use super::super::command::{Command, Entry};

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        command: Command::PageDown,
        name: "files-page-down",
        keys: &["PgDn"],
        on: &[(Files, "NextPg")],
        enter: &[],
        help: "Goes one page down.",
    },
    Entry {
        command: Command::Select,
        name: "select-file",
        keys: &["Spc", ":"],
        on: &[(Files, "Select")],
        enter: &[],
        help: "Selects the file, or takes the selection away; files of several folders can be selected.",
    },
    Entry {
        command: Command::Attach,
        name: "attach-selected",
        keys: &["A"],
        on: &[(Files, "Attach")],
        enter: &[],
        help: "Attaches what is selected, or else the file at the cursor; so does Enter on a file.",
    },
    Entry {
        command: Command::FindFile,
        name: "find-file",
        keys: &["/", "W"],
        on: &[(Files, "Find")],
        enter: &[],
        help: "Narrows the folder to the names in which the typed letters stand; Esc shows everything \
               again.",
    },
    Entry {
        command: Command::HiddenFiles,
        name: "hidden-files",
        keys: &["H"],
        on: &[(Files, "Hidden")],
        enter: &[],
        help: "Shows names that begin with a dot too, or hides them again.",
    },
];
