//! Rows of the index as columns, and its title.

use crate::mime::sanitize::{self, Shown};
use crate::model::{Flags, List, Order};
use crate::tui::app::commands::order_words;
use crate::tui::app::layout::{Area, Kind};
use crate::tui::app::view::Row;
use crate::tui::app::{App, Screen, date, far, search};

use crate::tui::screen::paint::Pen;
use crate::tui::screen::theme::Role;

use super::state::Selection;
use super::tag;

const DATE: u16 = 5;
/// The width of where a message is, in a list of several mailboxes.
const PLACE: u16 = 12;
/// The widths of a size and of what a message is known by: its list, or its keywords.
const SIZE: u16 = 6;
const TAG: u16 = 14;
/// From how many columns on they are shown.
const SIZE_FROM: u16 = 88;
const TAG_FROM: u16 = 108;
/// Keywords that say what the letter of the state says, or nothing to a person.
const UNSAID: [&str; 11] = [
    "$Forwarded",
    "Forwarded",
    "$MDNSent",
    "$Junk",
    "Junk",
    "$NotJunk",
    "NonJunk",
    "NotJunk",
    "$Phishing",
    "$Submitted",
    "$SubmitPending",
];
/// Columns of the sender, its width and that of the subject; in a pane they stand closer.
const WIDE: (u16, u16, u16) = (13, 18, 33);
const PANE: (u16, u16, u16) = (12, 16, 29);

/// Draws the rows; gives the cell of the selected one.
pub fn draw(app: &App, pen: &mut Pen<'_>, area: Area) -> (u16, u16) {
    let index = &app.index;
    pen.clear(area);
    if index.rows.is_empty() {
        let words = empty_words(app);
        pen.put(
            area.x + 2,
            area.y,
            area.width.saturating_sub(3),
            &words,
            Role::Dim,
        );
        if let Some((_, lines)) = far::part(app) {
            divide(pen, area, area.y + 1, &lines);
        }
        return (area.x, area.y);
    }
    let part = far::part(app);
    let mut cursor = (area.x, area.y);
    let mut y = area.y;
    let bottom = area.y + area.height;
    for (at, row) in index.rows.iter().enumerate().skip(index.top) {
        if let Some((_, lines)) = part.as_ref().filter(|(first, _)| *first == at) {
            y = divide(pen, area, y, lines);
        }
        if y >= bottom {
            break;
        }
        let selected = at == index.selected;
        if app.layout.kind == Kind::Tiny || area.width < 50 {
            narrow(app, pen, area, y, row);
        } else {
            wide(app, pen, area, y, row);
        }
        if selected {
            pen.put(area.x, y, 1, ">", Role::Text);
            let role = if app.screen == Screen::Index {
                Role::Selected
            } else {
                Role::Unread
            };
            pen.tint(area, y, role);
            cursor = (area.x, y);
        }
        y += 1;
    }
    if let Some((_, lines)) = part
        .as_ref()
        .filter(|(first, _)| *first >= index.rows.len())
    {
        divide(pen, area, y, lines);
    }
    cursor
}

/// The line above what servers found, and what there is to say of it; gives the row below.
fn divide(pen: &mut Pen<'_>, area: Area, mut y: u16, lines: &[String]) -> u16 {
    for (n, line) in lines.iter().enumerate() {
        if y >= area.y + area.height {
            break;
        }
        let (at, role) = match n {
            0 => {
                pen.rule(area.x, y, area.width);
                (5, Role::Heading)
            }
            _ => (2, Role::Dim),
        };
        let words = match n {
            0 => format!(" {line} "),
            _ => line.clone(),
        };
        let room = area.width.saturating_sub(at + 1);
        pen.put(area.x + at, y, room, &words, role);
        y += 1;
    }
    y
}

fn empty_words(app: &App) -> String {
    let Some(view) = &app.index.view else {
        return "No folder is open. L shows the folders.".to_owned();
    };
    if let Some(words) = search::empty_words(app) {
        return words;
    }
    if !app.index.loaded {
        return "Opening…".to_owned();
    }
    let one = view.one_mailbox().and_then(|key| app.find_mailbox(key));
    let Some((account, mailbox)) = one else {
        return match view.list {
            List::Unread => "Nothing is unread.",
            List::Flagged => "Nothing is flagged.",
            _ => "There is no message here.",
        }
        .to_owned();
    };
    if mailbox.total.is_none_or(|total| total > 0) {
        return match account.link.as_ref() {
            Some(link) => format!("Not fetched yet: {}.", app.state_words(account, link)),
            None => "Opening…".to_owned(),
        };
    }
    "This folder is empty.".to_owned()
}

/// The title: folder, account, place, unread.
pub fn title(app: &App) -> (String, String) {
    let index = &app.index;
    let Some(view) = &index.view else {
        return ("INBOX".to_owned(), String::new());
    };
    if let Some(title) = search::title(app) {
        return title;
    }
    let narrow = matches!(app.layout.kind, Kind::Tiny | Kind::Line);
    let three = matches!(app.layout.kind, Kind::Three { .. });
    let name = app.list_name(&view.list);
    let one = view.one_mailbox().and_then(|key| app.find_mailbox(key));
    let whose = match one {
        _ if narrow || three => String::new(),
        Some((account, _)) => format!("   {}", account.address),
        None => format!("   {}", accounts(app.accounts.len())),
    };
    let order = match view.is_newest_first() {
        true => String::new(),
        false if index.is_sorting => "   sorting…".to_owned(),
        false => format!("   {}", order_words(view)),
    };
    let zoomed = if index.is_zoomed() { "   zoomed" } else { "" };
    let left = format!("{name}{whose}{order}{zoomed}");
    let total = index.total;
    let gap = if narrow || three { "  " } else { "   " };
    let new = match view.list {
        // How many of what is flagged are unread is not counted.
        List::Flagged => String::new(),
        _ => format!("{gap}{} new", index.unread),
    };
    let right = match index.number() {
        _ if total == 0 => "no messages".to_owned(),
        _ if !index.marked.is_empty() => {
            let marked = index.marked.len();
            let gap = if narrow { "  " } else { "   " };
            let new = new.trim_start();
            format!("{marked} selected of {total}{gap}{new}")
                .trim_end()
                .to_owned()
        }
        Some(number) if narrow || three => format!("{number} of {total}{new}"),
        None if narrow || three => format!("{total}{new}"),
        Some(number) => format!("Message {number} of {total}{new}"),
        None => format!("{total} messages{new}"),
    };
    (left, right)
}

fn accounts(count: usize) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} account{plural}")
}

/// The mark of what is selected; a small one where only some of a folded conversation is.
fn mark(app: &App, row: &Row) -> Option<&'static str> {
    match app.index.selection(row) {
        Selection::None => None,
        Selection::Some => Some("x"),
        Selection::All => Some("X"),
    }
}

fn look(row: &Row) -> Role {
    if row.is_new() {
        Role::Unread
    } else {
        Role::Text
    }
}

fn wide(app: &App, pen: &mut Pen<'_>, area: Area, y: u16, row: &Row) {
    let role = look(row);
    let x = area.x;
    if let Some(mark) = mark(app, row) {
        pen.put(x + 1, y, 1, mark, Role::Strong);
    } else if row.flags.has(Flags::FLAGGED) {
        pen.put(x + 1, y, 1, "*", role);
    }
    pen.put(x + 2, y, 1, state_letter(row), role);
    if row.attachments {
        pen.put(x + 3, y, 1, "@", role);
    }
    if row.pending {
        pen.put(x + 4, y, 1, "~", Role::Text);
    }
    let at = date::column(shown_date(row), app.now.wall, app.offset_at);
    pen.put_right(x + DATE + 6, y, 6, &at, role);
    let (from, from_width, subject_at) = if area.width < 72 { PANE } else { WIDE };
    pen.put(x + from, y, from_width, &who(app, row), role);
    let mut room = area.width.saturating_sub(subject_at);
    let is_by_size = app.index.view.as_ref().map(|view| view.order) == Some(Order::Size);
    if area.width >= SIZE_FROM || (is_by_size && area.width >= 72) {
        pen.put_right(
            x + subject_at + room,
            y,
            SIZE,
            &date::octets(row.size),
            role,
        );
        room = room.saturating_sub(SIZE + 2);
    }
    if area.width >= TAG_FROM {
        room = room.saturating_sub(TAG + 2);
        pen.put(x + subject_at + room + 2, y, TAG, &tag(row), role);
    }
    if let Some(place) = place(app, row).filter(|_| area.width >= 72) {
        pen.put_right(x + subject_at + room, y, PLACE, &place, role);
        room = room.saturating_sub(PLACE + 2);
    }
    pen.put(x + subject_at, y, room, &headline(app, row), role);
}

/// The list that a message came by, else the keywords that somebody gave it.
fn tag(row: &Row) -> String {
    let list = list_of(row);
    if !list.is_empty() {
        return list.to_owned();
    }
    let is_said = |word: &&String| {
        !word.starts_with('\\') && !UNSAID.iter().any(|one| one.eq_ignore_ascii_case(word))
    };
    let words: Vec<&str> = row
        .flags
        .keywords
        .iter()
        .filter(is_said)
        .map(String::as_str)
        .collect();
    words.join(" ")
}

/// What people call a list: the first label of its id (RFC 2919 section 2).
fn list_of(row: &Row) -> &str {
    row.envelope.list_id.split('.').next().unwrap_or_default()
}

/// Where a message is, in a list of several mailboxes: its account, with its mailbox where those are
/// not all of one kind.
fn place(app: &App, row: &Row) -> Option<String> {
    let list = &app.index.view.as_ref()?.list;
    let foreign = row.tree.as_ref().is_some_and(|tree| tree.foreign);
    if list.one_mailbox().is_some() && !foreign {
        return None;
    }
    let (account, mailbox) = app.find_mailbox(row.mailbox)?;
    let first = app.accounts.first().is_some_and(|one| one.id == account.id);
    Some(match list {
        List::Inboxes if !foreign => account.id.clone(),
        _ if first => mailbox.name.clone(),
        _ => format!("{}:{}", account.id, mailbox.name),
    })
}

fn narrow(app: &App, pen: &mut Pen<'_>, area: Area, y: u16, row: &Row) {
    let role = look(row);
    let x = area.x;
    let first = if let Some(mark) = mark(app, row) {
        mark
    } else if row.flags.has(Flags::FLAGGED) {
        "*"
    } else if row.seen() {
        " "
    } else {
        "N"
    };
    pen.put(x + 1, y, 1, first, role);
    let letter = match state_letter(row) {
        "N" => " ",
        other => other,
    };
    let second = if row.attachments && letter == " " {
        "@"
    } else {
        letter
    };
    pen.put(x + 2, y, 1, second, role);
    let at = date::column(shown_date(row), app.now.wall, app.offset_at);
    pen.put(x + 4, y, 6, &at, role);
    let from = if area.width < 30 { 0 } else { 10 };
    pen.put(x + 10, y, from, &who(app, row), role);
    let subject_at = if from == 0 { 10 } else { 21 };
    let room = area.width.saturating_sub(subject_at);
    pen.put(x + subject_at, y, room, &headline(app, row), role);
}

/// The one line of a terminal under 20x5.
pub fn line(app: &App, pen: &mut Pen<'_>, area: Area) {
    if let Some(row) = app.index.row() {
        let text = format!(
            "{} {} {}",
            state_letter(row),
            who(app, row),
            subject(app, row)
        );
        pen.put(area.x, area.y, area.width, text.trim_start(), look(row));
    }
}

fn state_letter(row: &Row) -> &'static str {
    if row.flags.has(Flags::DELETED) {
        "D"
    } else if row.is_new() {
        "N"
    } else if row.flags.has(Flags::ANSWERED) {
        "A"
    } else if row.flags.has_keyword("$Forwarded") {
        "F"
    } else {
        " "
    }
}

/// When the message was sent, as its Date field says; arrival where it does not.
fn shown_date(row: &Row) -> i64 {
    match &row.tree {
        // A folded conversation stands by its newest message.
        Some(tree) if tree.folded => tree.newest,
        Some(_) | None => row.envelope.date.unwrap_or(row.arrival),
    }
}

/// The sender; of own mail `To` and whom it went to.
fn who(app: &App, row: &Row) -> String {
    let own = row
        .envelope
        .from
        .iter()
        .any(|from| app.is_own(&from.address));
    if own && !row.envelope.to.is_empty() {
        return format!("To {}", sanitize::sender(&row.envelope.to));
    }
    sanitize::sender(&row.envelope.from).into_string()
}

/// The subject behind the lines of its tree, and what is folded away below it.
fn headline(app: &App, row: &Row) -> String {
    let Some(tree) = &row.tree else {
        return subject(app, row);
    };
    let mut words = tree.drawing();
    if tree.folded && tree.hidden > 0 {
        words.push_str(&format!("+{} ", tree.hidden));
        if tree.unread > 0 {
            words.push_str(&format!("N{} ", tree.unread));
        }
    }
    if !tree.same_subject {
        words.push_str(&subject(app, row));
    }
    words
}

/// The subject, without a list tag that the List-Id or the folder repeats.
fn subject(app: &App, row: &Row) -> String {
    let subject = row.envelope.subject.trim();
    if subject.is_empty() {
        let none = if row.kept == crate::model::Kept::None {
            "(not fetched yet)"
        } else {
            "(no subject)"
        };
        return none.to_owned();
    }
    let place = app.find_mailbox(row.mailbox).map(|(_, mailbox)| mailbox);
    let folder = place.filter(|mailbox| mailbox.role.is_none());
    let folder = folder.map_or("", |mailbox| mailbox.last_name());
    tag::folded(subject, &row.envelope.list_id, folder)
}

/// What a search in this view looks at.
pub fn searched(app: &App, row: &Row) -> String {
    Shown::line(&format!("{} {}", who(app, row), row.envelope.subject))
        .into_string()
        .to_lowercase()
}
