//! The help page.

use crate::tui::app::App;
use crate::tui::app::layout::Area;

use crate::tui::screen::paint::Pen;
use crate::tui::screen::theme::Role;

/// The title.
pub fn title(app: &App) -> (String, String) {
    (format!("HELP   {}", app.help.about.title()), String::new())
}

/// Draws the page; gives its first cell.
pub fn draw(app: &App, pen: &mut Pen<'_>, area: Area) -> (u16, u16) {
    pen.clear(area);
    let room = area.width.saturating_sub(2);
    let lines = app.help.lines(usize::from(room));
    for (n, line) in (0..area.height).zip(lines.iter().skip(app.help.top)) {
        pen.put(area.x + 1, area.y + n, room, line, Role::Text);
    }
    (area.x + 1, area.y)
}
