//! The Log page.

use crate::tui::app::App;
use crate::tui::app::layout::Area;

use crate::tui::screen::paint::Pen;
use crate::tui::screen::theme::Role;

/// The title.
pub fn title(app: &App) -> (String, String) {
    let count = app.log.all().len();
    ("LOG   newest first".to_owned(), format!("{count} messages"))
}

/// Draws the page; gives its first cell.
pub fn draw(app: &App, pen: &mut Pen<'_>, area: Area) -> (u16, u16) {
    pen.clear(area);
    let room = area.width.saturating_sub(2);
    let rows = app.log.rows(usize::from(room), app.offset_at);
    if rows.is_empty() {
        pen.put(area.x + 1, area.y, room, "Nothing was told yet.", Role::Dim);
    }
    for (n, row) in (0..area.height).zip(rows.iter().skip(app.log.top)) {
        pen.put(area.x + 1, area.y + n, room, row, Role::Text);
    }
    (area.x + 1, area.y)
}
