//! The lines of help for a screen.

use crate::mime::sanitize::width;
use crate::tui::app::command::{Entry, Screen, on_screen};

/// What the help screen knows.
#[derive(Clone, Debug)]
pub struct State {
    /// The screen that is explained.
    pub about: Screen,
    /// The first line of the page.
    pub top: usize,
}

impl State {
    /// Help for a screen.
    pub fn open(about: Screen) -> Self {
        Self { about, top: 0 }
    }

    /// The lines, wrapped at `cells`.
    pub fn lines(&self, cells: usize) -> Vec<String> {
        let mut out = Vec::new();
        for line in preface(self.about) {
            wrapped(line, "", cells, &mut out);
        }
        out.push(String::new());
        for entry in on_screen(self.about) {
            let keys = keys(entry, self.about);
            let head = format!("{keys:<14} ");
            wrapped(entry.help, &head, cells, &mut out);
        }
        for line in letters(self.about) {
            wrapped(line, "", cells, &mut out);
        }
        out
    }
}

/// The keys of a command, `Ret` among them where Enter does it.
pub fn keys(entry: &Entry, screen: Screen) -> String {
    let mut keys = if entry.keys.is_empty() {
        format!(". {}", entry.name)
    } else if entry.keys.len() > 3 {
        let first = entry.keys.first().copied().unwrap_or_default();
        let last = entry.keys.last().copied().unwrap_or_default();
        format!("{first}..{}", last.trim_start_matches("Alt-"))
    } else {
        entry.keys.join(" ")
    };
    if entry.enter.contains(&screen) {
        keys.push_str(" Ret");
    }
    keys
}

fn preface(screen: Screen) -> &'static [&'static str] {
    match screen {
        Screen::Setup => &[
            "Name, address and password are enough where the servers are known. The sign-in is \
             tried before anything is stored, and the field that was refused is named.",
        ],
        Screen::Card => &[
            "Letters are text in these fields. An entry needs one address; a nickname stands for it \
             in the address fields of a message.",
        ],
        Screen::Compose | Screen::ComposeHead => &[
            "Letters are text; these keys do the rest. Arrows walk from field to field and into the text. Press a key now and it is explained in the line below; < or Esc goes back, Spc and - turn the page.",
        ],
        Screen::Folders
        | Screen::Index
        | Screen::Message
        | Screen::Parts
        | Screen::Composers
        | Screen::Send
        | Screen::Help
        | Screen::Log
        | Screen::Menu
        | Screen::Queue
        | Screen::Book
        | Screen::Files
        | Screen::Outbox
        | Screen::Outgoing
        | Screen::Thread
        | Screen::Attention => &[
            "These keys work here; letters in either case. Press a key now and it is explained in \
             the line below; < or Esc goes back, Spc and - turn the page.",
        ],
    }
}

fn letters(screen: Screen) -> &'static [&'static str] {
    match screen {
        Screen::Index => &[
            "",
            "Columns: > at the cursor, X selected (x: some of a folded thread), * important, N unread, A answered, F forwarded, D deleted, \
             @ attachment, ~ a change waits for the server, then date, sender and subject.",
            "A number and Enter goes to the message with that number.",
        ],
        Screen::Message => &[
            "",
            "A number and Enter opens the link with that number; its address is shown first.",
        ],
        Screen::Queue => &[
            "",
            "queued: waits its turn or for the connection. sending: with the server just now. \
             unsure: the link broke before the answer came; the next connection looks whether it \
             was done. refused: the server said no. conflict: another program changed what the \
             change names.",
        ],
        Screen::Outbox | Screen::Outgoing => &[
            "",
            "waits: for its time or for the connection. sending: with the server just now. unsure: \
             the link broke before the server said yes; it is looked for in Sent, and never sent \
             again by itself. refused: the server said no, and its words stand below.",
        ],
        Screen::Folders => &[
            "",
            "Only subscribed folders are listed and kept for reading off line; Alt-f shows the \
             others too. On a server where nothing is subscribed all are listed.",
        ],
        Screen::Parts
        | Screen::Setup
        | Screen::Compose
        | Screen::ComposeHead
        | Screen::Composers
        | Screen::Send
        | Screen::Help
        | Screen::Log
        | Screen::Menu
        | Screen::Book
        | Screen::Card
        | Screen::Thread
        | Screen::Attention => &[],
        Screen::Files => &[
            "",
            "Columns: > at the cursor, X selected, name, size, when it was changed. Below stands what the \
             file at the cursor holds, by its first octets, and a warning where its name says something \
             else.",
        ],
    }
}

/// Breaks `text` at blanks below `head`.
fn wrapped(text: &str, head: &str, cells: usize, out: &mut Vec<String>) {
    let indent = if cells > 40 {
        width(head)
    } else {
        2.min(width(head))
    };
    let mut line = head.to_owned();
    let mut empty = true;
    for word in text.split_whitespace() {
        if !empty && width(&line) + 1 + width(word) > cells {
            out.push(std::mem::replace(&mut line, " ".repeat(indent)));
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    out.push(line);
}
