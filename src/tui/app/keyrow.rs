//! The two key lines, made from the command table or from an open prompt.

use super::command::{Command, EditKey, Entry, Screen, on_screen};
use super::prompt::Prompt;

/// Cells in one row.
pub const COLUMNS: usize = 6;

const FIXED: [Command; 8] = [
    Command::Help,
    Command::OtherKeys,
    Command::Back,
    Command::Forward,
    Command::Previous,
    Command::Next,
    Command::PageUp,
    Command::PageDown,
];

/// What is done most to a message, on the first page.
const FRONT: [Command; 4] = [
    Command::Delete,
    Command::Undo,
    Command::Reply,
    Command::ForwardMail,
];

/// One cell: the key and its label; both empty is a gap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// The key as it is shown.
    pub key: String,
    /// The label, in brackets where Enter does it.
    pub label: String,
}

/// What a command means on what is selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// Nothing: it has no cell.
    Nothing,
    /// What the table says.
    Usual,
    /// Something that its cell calls so.
    As(&'static str),
}

/// What each command means on what is selected.
pub type Offers<'a> = &'a dyn Fn(Command) -> Offer;

/// The pages of key rows of a screen, each of 12 cells in column order (upper, lower, upper …).
pub fn pages(screen: Screen) -> Vec<Vec<Cell>> {
    offered(screen, &|_| Offer::Usual)
}

/// The pages without the commands that mean nothing on what is selected.
pub fn offered(screen: Screen, offers: Offers<'_>) -> Vec<Vec<Cell>> {
    if screen == Screen::Setup {
        return vec![setup()];
    }
    if screen == Screen::Card {
        return vec![card()];
    }
    if screen.is_composer() {
        return vec![composer(screen, offers)];
    }
    let find = |command| {
        on_screen(screen)
            .find(|entry| entry.command == command && offers(command) != Offer::Nothing)
            .map(|entry| cell(entry, screen, offers))
            .filter(|cell| !cell.label.is_empty())
            .unwrap_or_default()
    };
    let mut others: Vec<&Entry> = on_screen(screen)
        .filter(|entry| !FIXED.contains(&entry.command) && offers(entry.command) != Offer::Nothing)
        .collect();
    if matches!(screen, Screen::Index | Screen::Message | Screen::Thread) {
        let place = |command| FRONT.iter().position(|front| *front == command);
        others.sort_by_key(|entry| place(entry.command).unwrap_or(FRONT.len()));
    }
    let rest: Vec<Cell> = others
        .into_iter()
        .map(|entry| cell(entry, screen, offers))
        .filter(|cell| !cell.label.is_empty())
        .collect();
    let mut first: Vec<Cell> = FIXED.into_iter().map(find).collect();
    let split = rest.len().min(2 * COLUMNS - FIXED.len());
    let (front, more) = rest.split_at(split);
    first.extend_from_slice(front);
    if more.is_empty() {
        if let Some(other) = first.get_mut(1) {
            *other = Cell::default();
        }
        return vec![first];
    }
    let mut pages = vec![first];
    for chunk in more.chunks(2 * COLUMNS - 2) {
        let mut page = vec![find(Command::Help), find(Command::OtherKeys)];
        page.extend_from_slice(chunk);
        pages.push(page);
    }
    pages
}

/// The pages of one row of keys: what moves between screens first, `O` and the rest on each further.
pub fn single(screen: Screen, offers: Offers<'_>) -> Vec<Vec<Cell>> {
    let mut all: Vec<Cell> = Vec::new();
    for cell in offered(screen, offers).into_iter().flatten() {
        if !cell.key.is_empty() && !all.contains(&cell) {
            all.push(cell);
        }
    }
    if matches!(screen, Screen::Setup | Screen::Card)
        || screen.is_composer()
        || all.len() <= COLUMNS
    {
        return all.chunks(COLUMNS).map(<[Cell]>::to_vec).collect();
    }
    let other = all.iter().find(|cell| cell.key == "O").cloned();
    all.retain(|cell| cell.key != "O");
    let each = COLUMNS - usize::from(other.is_some());
    all.chunks(each)
        .map(|chunk| {
            let mut page = chunk.to_vec();
            page.splice(1.min(chunk.len())..1.min(chunk.len()), other.clone());
            page
        })
        .collect()
}

/// In the composer letters are text, so that `O` turns no page: one page, in Pine's order.
const COMPOSER: [Command; 17] = [
    Command::Help,
    Command::Cancel,
    Command::Send,
    Command::Edit(EditKey::Justify),
    Command::Attach,
    Command::AllHeaders,
    Command::ReadFile,
    Command::Find,
    Command::PageUp,
    Command::PageDown,
    Command::NextField,
    Command::Addresses,
    Command::Edit(EditKey::Cut),
    Command::Edit(EditKey::Uncut),
    Command::Postpone,
    Command::Edit(EditKey::TrimQuote),
    Command::Composers,
];

fn composer(screen: Screen, offers: Offers<'_>) -> Vec<Cell> {
    COMPOSER
        .into_iter()
        .filter_map(|command| on_screen(screen).find(|entry| entry.command == command))
        .map(|entry| cell(entry, screen, offers))
        .filter(|cell| !cell.label.is_empty())
        .collect()
}

/// The set-up screen is all fields, so its cells have an order of their own.
fn setup() -> Vec<Cell> {
    fixed(&[
        ("^G", "Help"),
        ("", ""),
        ("^C", "Cancel"),
        ("", ""),
        ("Tab", "Next"),
        ("Ret", "[Next]"),
        ("Up", "Prev"),
        ("Dn", "Next"),
        ("F2", "ShowPw"),
        ("^T", "Servers"),
        ("^X", "Continue"),
        ("", ""),
    ])
}

/// So is the form of an entry of the address book.
fn card() -> Vec<Cell> {
    fixed(&[
        ("^G", "Help"),
        ("^C", "Cancel"),
        ("Tab", "Next"),
        ("Ret", "[Next]"),
        ("Up", "Prev"),
        ("Dn", "Next"),
        ("^X", "Keep"),
    ])
}

fn fixed(cells: &[(&str, &str)]) -> Vec<Cell> {
    let cell = |(key, label): &(&str, &str)| Cell {
        key: (*key).to_owned(),
        label: (*label).to_owned(),
    };
    cells.iter().map(cell).collect()
}

/// The cells of a narrow screen's one row, in order, as many as `width` takes; `page` turns on.
pub fn narrow(screen: Screen, width: usize, page: usize, offers: Offers<'_>) -> Vec<Cell> {
    let mut all: Vec<Cell> = Vec::new();
    for (n, group) in offered(screen, offers).into_iter().enumerate() {
        let skip = if n == 0 { 0 } else { 2 };
        all.extend(group.into_iter().skip(skip).filter(|c| !c.key.is_empty()));
    }
    for cell in &mut all {
        if cell.label == "OtherCmds" {
            cell.label = "Keys".to_owned();
        }
    }
    let order = |cell: &Cell| match cell.key.as_str() {
        "?" | "^G" => 0,
        "<" => 1,
        ">" => 2,
        "O" => 3,
        _ => 4,
    };
    all.sort_by_key(order);
    let mut rows: Vec<Vec<Cell>> = vec![Vec::new()];
    let mut used = 0;
    for cell in all {
        let cost = cell.key.len() + 1 + cell.label.len() + 2;
        if used + cost > width + 2 && used > 0 {
            let other = rows
                .first()
                .and_then(|row| row.iter().find(|c| c.key == "O"))
                .cloned();
            used = other
                .as_ref()
                .map_or(0, |c| c.key.len() + 3 + c.label.len());
            rows.push(other.into_iter().collect());
        }
        used += cost;
        if let Some(row) = rows.last_mut() {
            row.push(cell);
        }
    }
    let count = rows.len();
    rows.into_iter()
        .nth(page % count.max(1))
        .unwrap_or_default()
}

/// The cells of a question, in column order; where they are more than `room`, a page of them.
pub fn prompted(prompt: &Prompt, room: usize) -> Vec<Cell> {
    let mut all = prompt_cells(prompt);
    if all.len() <= room || !prompt.turns() {
        return all;
    }
    let options = all.split_off(2);
    all.push(fixed_cell("O", "OtherCmds"));
    let each = room.saturating_sub(all.len()).max(1);
    let pages = options.len().div_ceil(each).max(1);
    let first = prompt.page % pages * each;
    all.extend(options.into_iter().skip(first).take(each));
    all
}

/// The cells of a question on a narrow screen's one row.
pub fn prompted_narrow(prompt: &Prompt, width: usize) -> Vec<Cell> {
    let all = prompt_cells(prompt);
    let cost = |cell: &Cell| cell.key.len() + 1 + cell.label.len() + 2;
    let fits = all.iter().map(cost).sum::<usize>() <= width + 2;
    if fits || !prompt.turns() {
        return all;
    }
    let head = [fixed_cell("?", "Help"), fixed_cell("O", "Keys")];
    let room = width.saturating_sub(head.iter().map(cost).sum());
    let mut pages: Vec<Vec<Cell>> = vec![Vec::new()];
    let mut used = 0;
    for cell in all.into_iter().skip(2) {
        if used > 0 && used + cost(&cell) > room + 2 {
            pages.push(Vec::new());
            used = 0;
        }
        used += cost(&cell);
        if let Some(page) = pages.last_mut() {
            page.push(cell);
        }
    }
    let at = prompt.page % pages.len().max(1);
    let page = pages.into_iter().nth(at).unwrap_or_default();
    head.into_iter().chain(page).collect()
}

fn prompt_cells(prompt: &Prompt) -> Vec<Cell> {
    let cell = |(key, label)| Cell { key, label };
    prompt.cells().into_iter().map(cell).collect()
}

fn fixed_cell(key: &str, label: &str) -> Cell {
    Cell {
        key: key.to_owned(),
        label: label.to_owned(),
    }
}

fn cell(entry: &Entry, screen: Screen, offers: Offers<'_>) -> Cell {
    let label = match offers(entry.command) {
        Offer::As(label) => label,
        Offer::Nothing | Offer::Usual => entry.label(screen).unwrap_or_default(),
    };
    let label = if entry.enter.contains(&screen) && !label.is_empty() {
        format!("[{label}]")
    } else {
        label.to_owned()
    };
    Cell {
        key: (*entry.keys.first().unwrap_or(&"")).to_owned(),
        label,
    }
}

#[cfg(test)]
mod tests {
    use super::super::command::lookup;
    use super::super::key::Key;
    use super::*;

    #[test]
    fn every_key_shown_is_a_command_of_that_screen() {
        for screen in Screen::ALL {
            for cell in pages(screen).into_iter().flatten() {
                if cell.key.is_empty() {
                    continue;
                }
                let key = Key::parse(&cell.key).unwrap();
                assert!(lookup(screen, key).is_some(), "{} on {screen:?}", cell.key);
            }
        }
    }

    #[test]
    fn a_page_has_at_most_twelve_cells_and_no_label_is_lost() {
        for screen in Screen::ALL {
            let pages = pages(screen);
            assert!(pages.iter().all(|page| page.len() <= 2 * COLUMNS));
            let shown: Vec<String> = pages.into_iter().flatten().map(|c| c.key).collect();
            for entry in on_screen(screen) {
                let labelled = entry.label(screen).is_some_and(|label| !label.is_empty());
                let other = entry.command == Command::OtherKeys;
                assert!(
                    !labelled || other || shown.iter().any(|k| entry.keys.contains(&k.as_str()))
                );
            }
        }
    }
}
