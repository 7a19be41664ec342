//! The page of the address book.

use crate::tui::app::App;
use crate::tui::app::layout::Area;
use crate::tui::app::view::Card;

use crate::tui::screen::paint::{Pen, cells};
use crate::tui::screen::theme::Role;

use super::state::head_rows;

const NAME: u16 = 2;
const NICKNAME: u16 = 28;
const ADDRESS: u16 = 42;
/// The column of the address on a narrow screen.
const NARROW: u16 = 19;

/// The title: how many there are, or what is looked for.
pub fn title(app: &App) -> (String, String) {
    let book = &app.book;
    let count = book.cards.len();
    let right = match (&book.found, book.filter.trim()) {
        (None, _) => String::new(),
        (Some(_), "") if count == 1 => "1 entry".to_owned(),
        (Some(_), "") => format!("{count} entries"),
        (Some(_), text) => format!("{count} with \"{text}\""),
    };
    ("ADDRESS BOOK".to_owned(), right)
}

/// Draws the entries; gives the cell of the selected one.
pub fn draw(app: &App, pen: &mut Pen<'_>, area: Area) -> (u16, u16) {
    pen.clear(area);
    let book = &app.book;
    if book.cards.is_empty() {
        let words = match (&book.found, book.filter.trim()) {
            (None, _) => "Opening…",
            (Some(_), "") => "Nobody is in it yet. + adds somebody; T takes an address from mail.",
            (Some(_), _) => "Nobody fits. Esc shows everybody, + adds somebody.",
        };
        let room = area.width.saturating_sub(2);
        pen.put(area.x + 1, area.y, room, words, Role::Text);
        return (area.x + 1, area.y);
    }
    let head = head_rows(app);
    let columns = Columns::of(area);
    if head > 0 {
        columns.put(
            pen,
            area,
            area.y,
            ["Name", "Nickname", "Address"],
            Role::Dim,
        );
    }
    let mut cursor = (area.x, area.y);
    let rows = area.y + head..area.y + area.height;
    for (y, (at, card)) in rows.zip(book.cards.iter().enumerate().skip(book.top)) {
        let address = address(card);
        let texts = [&card.contact.name, &card.contact.nickname, &address].map(String::as_str);
        columns.put(pen, area, y, texts, Role::Text);
        if at == book.selected {
            pen.put(area.x, y, 1, ">", Role::Text);
            pen.tint(area, y, Role::Selected);
            cursor = (area.x, y);
        }
    }
    cursor
}

/// The first address, and how many others there are.
fn address(card: &Card) -> String {
    let first = card.contact.addresses.first();
    let first = first.map_or("", String::as_str);
    match card.contact.addresses.len() {
        0 | 1 => first.to_owned(),
        count => format!("{first}  +{}", count - 1),
    }
}

/// Where the columns begin; without room there is none for nicknames.
struct Columns {
    nickname: Option<u16>,
    address: u16,
}

impl Columns {
    fn of(area: Area) -> Self {
        match area.width < 60 {
            true => Self {
                nickname: None,
                address: NARROW,
            },
            false => Self {
                nickname: Some(NICKNAME),
                address: ADDRESS,
            },
        }
    }

    fn put(&self, pen: &mut Pen<'_>, area: Area, y: u16, texts: [&str; 3], role: Role) {
        let [name, nickname, address] = texts;
        let next = self.nickname.unwrap_or(self.address);
        pen.put(area.x + NAME, y, next - NAME - 2, name, role);
        if let Some(x) = self.nickname {
            pen.put(area.x + x, y, self.address - x - 2, nickname, role);
        }
        let room = area.width.saturating_sub(self.address);
        pen.put(area.x + self.address, y, room, address, role);
    }
}

/// The one line of a terminal under 20x5.
pub fn line(app: &App, pen: &mut Pen<'_>, area: Area) {
    let Some(card) = app.book.card() else {
        pen.put(area.x, area.y, area.width, "Nobody.", Role::Text);
        return;
    };
    let used = pen.put(area.x, area.y, area.width, &card.contact.name, Role::Strong);
    let x = used + u16::from(used > 0);
    let room = area.width.saturating_sub(x);
    let text = address(card);
    pen.put(
        area.x + x,
        area.y,
        room.min(cells(&text)),
        &text,
        Role::Text,
    );
}
