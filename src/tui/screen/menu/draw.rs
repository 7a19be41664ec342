//! The menu page.

use crate::tui::app::App;
use crate::tui::app::layout::Area;

use crate::tui::screen::folders;
use crate::tui::screen::paint::Pen;
use crate::tui::screen::theme::Role;

use super::state::items;

const KEY: u16 = 4;
const NAME: u16 = 12;
const WORDS: u16 = 28;

/// The title: how many accounts, how many unread.
pub fn title(app: &App) -> (String, String) {
    ("MAIN MENU".to_owned(), folders::title(app).1)
}

/// Rows above the first one, where there is room.
pub fn head_rows(app: &App) -> u16 {
    let count = u16::try_from(items(app).len()).unwrap_or(u16::MAX);
    u16::from(app.layout.body().height > count.saturating_add(2))
}

/// Draws the rows; gives the cell of the selected one.
pub fn draw(app: &App, pen: &mut Pen<'_>, area: Area) -> (u16, u16) {
    pen.clear(area);
    let items = items(app);
    let narrow = area.width < 60;
    let head = head_rows(app);
    let mut cursor = (area.x, area.y);
    let rows = (0..area.height.saturating_sub(head)).zip(items.iter().skip(app.menu.top));
    for (n, item) in rows {
        let y = area.y + head + n;
        let (key, name) = if narrow { (1, 8) } else { (KEY, NAME) };
        pen.put(area.x + key, y, 6, item.entry.key(), Role::Strong);
        pen.put(
            area.x + name,
            y,
            area.width.saturating_sub(name),
            item.name,
            Role::Strong,
        );
        if !narrow {
            let room = area.width.saturating_sub(WORDS);
            pen.put(area.x + WORDS, y, room, &item.words, Role::Text);
        }
        if app.menu.top + usize::from(n) == app.menu.selected {
            pen.put(area.x, y, 1, ">", Role::Text);
            pen.tint(area, y, Role::Selected);
            cursor = (area.x, y);
        }
    }
    cursor
}
