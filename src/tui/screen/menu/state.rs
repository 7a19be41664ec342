//! The rows of the menu and which one is selected.

use crate::tui::app::App;
use crate::tui::app::command::{Command, Entry, Screen, on_screen};
use crate::tui::app::outbox;

use crate::tui::screen::folders::state::settled;

/// What the menu knows.
#[derive(Clone, Debug)]
pub struct State {
    /// The selected row.
    pub selected: usize,
    /// The row at the top.
    pub top: usize,
}

impl Default for State {
    /// The index is selected: Enter leads to mail.
    fn default() -> Self {
        Self {
            selected: 1,
            top: 0,
        }
    }
}

/// One row.
pub struct Item {
    /// Its row of the command table.
    pub entry: &'static Entry,
    /// Its name in capitals.
    pub name: &'static str,
    /// What it leads to.
    pub words: String,
}

/// The rows in their order; what is not possible now is left out.
pub fn items(app: &App) -> Vec<Item> {
    let view = app.index.view.as_ref();
    let mailbox = view.map(|view| app.list_name(&view.list));
    let unread: u64 = app
        .accounts
        .iter()
        .flat_map(|account| account.listed())
        .map(|mailbox| mailbox.unread)
        .sum();
    let needs = match app.needs {
        0 => "Nothing waits for you".to_owned(),
        1 => "1 thing waits for you".to_owned(),
        count => format!("{count} things wait for you"),
    };
    let out = match app.waiting {
        0 => "Every change has reached its server".to_owned(),
        1 => "1 change has not reached its server".to_owned(),
        count => format!("{count} changes have not reached their server"),
    };
    let rows = [
        (Command::Help, "HELP", "Keys and what they do".to_owned()),
        (
            Command::Index,
            "MESSAGE INDEX",
            format!(
                "The messages of {}",
                mailbox.unwrap_or_else(|| "INBOX".to_owned())
            ),
        ),
        (
            Command::Folders,
            "FOLDER LIST",
            format!("All folders, {unread} unread messages"),
        ),
        (
            Command::Goto,
            "GO TO FOLDER",
            "A folder by a few letters of its name".to_owned(),
        ),
        (
            Command::Book,
            "ADDRESS BOOK",
            "Whom you write to; T in a message takes an address".to_owned(),
        ),
        (
            Command::Outbox,
            "OUTBOX",
            outbox::count_words(app.accounts.iter().map(|one| one.outbox.all).sum()),
        ),
        (
            Command::Palette,
            "COMMANDS",
            "Any command by a few letters of its name".to_owned(),
        ),
        (Command::Attention, "NEEDS YOU", needs),
        (Command::Queue, "QUEUE", out),
        (
            Command::Log,
            "LOG",
            "What was told, with its time".to_owned(),
        ),
        (
            Command::AddAccount,
            "ADD ACCOUNT",
            "Name, address and password".to_owned(),
        ),
        (Command::Quit, "QUIT", "Ends the program".to_owned()),
    ];
    rows.into_iter()
        .filter(|(command, _, _)| *command != Command::AddAccount || app.can_set_up)
        .filter_map(|(command, name, words)| {
            let entry = on_screen(Screen::Menu).find(|entry| entry.command == command)?;
            Some(Item { entry, name, words })
        })
        .collect()
}

/// How many rows there are.
pub fn count(app: &App) -> usize {
    items(app).len()
}

/// The command of the selected row.
pub fn selected(app: &App) -> Option<Command> {
    items(app)
        .get(app.menu.selected)
        .map(|item| item.entry.command)
}

/// Moves by rows; false at the ends.
pub fn step(app: &mut App, by: isize) -> bool {
    let before = app.menu.selected;
    let last = items(app).len().saturating_sub(1);
    app.menu.selected = before.saturating_add_signed(by).min(last);
    app.menu.selected != before
}

/// Keeps the selection in sight.
pub fn settle(app: &mut App) {
    let count = items(app).len();
    let menu = &mut app.menu;
    menu.selected = menu.selected.min(count.saturating_sub(1));
    let height = usize::from(app.layout.body().height);
    menu.top = settled(menu.top, menu.selected, height, count);
}
