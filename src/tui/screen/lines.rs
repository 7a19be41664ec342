//! A list whose lines take several rows: the first one, and below it what there is to say.

use crate::tui::app::layout::Area;

use super::paint::Pen;
use super::theme::Role;

/// What of a list is in sight.
#[derive(Clone, Copy, Debug)]
pub struct InSight {
    /// The line at the top.
    pub top: usize,
    /// The one with the cursor.
    pub selected: usize,
    /// The column in which what stands below a first row begins.
    pub column: u16,
}

/// Draws the lines in `area`. `first` draws the first row of a line, `below` tells what stands under
/// it. Gives the cell of the selected line, and the row behind the last one.
pub fn draw<T>(
    pen: &mut Pen<'_>,
    area: Area,
    lines: &[T],
    sight: InSight,
    first: impl Fn(&mut Pen<'_>, u16, &T),
    below: impl Fn(usize, &T) -> Vec<String>,
) -> ((u16, u16), u16) {
    let mut y = area.y;
    let bottom = area.y + area.height;
    let mut cursor = (area.x, y);
    let x = area.x + sight.column;
    let room = area.width.saturating_sub(sight.column);
    for (at, line) in lines.iter().enumerate().skip(sight.top) {
        if y >= bottom {
            break;
        }
        first(pen, y, line);
        if at == sight.selected {
            pen.put(area.x, y, 1, ">", Role::Text);
            pen.tint(area, y, Role::Selected);
            cursor = (area.x, y);
        }
        y += 1;
        for row in below(at, line) {
            if y < bottom {
                pen.put(x, y, room, &row, Role::Dim);
                y += 1;
            }
        }
    }
    (cursor, y)
}
