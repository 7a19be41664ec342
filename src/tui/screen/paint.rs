//! The one way from text to cells: everything passes `mime::sanitize` here, its width is counted
//! by the same function, and no cell outside the given area is touched (SAFETY D1 to D4).

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_segmentation::UnicodeSegmentation;

use crate::mime::sanitize::{Shown, width};
use crate::tui::app::layout::Area;

use super::theme::{Role, Theme};

/// Characters of a one-line field that are looked at for each cell that it may take.
const LOOK: usize = 16;

/// Draws into a buffer.
pub struct Pen<'a> {
    /// Where the cells go.
    pub buffer: &'a mut Buffer,
    /// How roles look.
    pub theme: Theme,
}

impl Pen<'_> {
    /// Writes one-line text at (`x`, `y`) in at most `cells` cells, its end cut with `…`; returns
    /// the cells taken.
    pub fn put(&mut self, x: u16, y: u16, cells: u16, text: &str, role: Role) -> u16 {
        let room = usize::from(cells);
        let limit = room * LOOK + 64;
        let text = match text.char_indices().nth(limit) {
            Some((at, _)) => text.get(..at).unwrap_or_default(),
            None => text,
        };
        self.shown(x, y, cells, &Shown::line(text).truncate(room), role)
    }

    /// Writes text that is sanitised already, cut hard at `cells`.
    pub fn shown(&mut self, x: u16, y: u16, cells: u16, text: &Shown, role: Role) -> u16 {
        let style = self.theme.style(role);
        let area = *self.buffer.area();
        if y < area.top() || y >= area.bottom() || x >= area.right() {
            return 0;
        }
        let room = usize::from(cells.min(area.right() - x));
        let mut used = 0;
        for cluster in text.as_str().graphemes(true) {
            let take = width(cluster);
            if take == 0 {
                continue;
            }
            if used + take > room {
                break;
            }
            let Ok(at) = u16::try_from(used) else { break };
            if let Some(cell) = self.buffer.cell_mut((x + at, y)) {
                cell.set_symbol(cluster).set_style(style);
            }
            for beside in 1..take {
                let Ok(beside) = u16::try_from(beside) else {
                    break;
                };
                if let Some(cell) = self.buffer.cell_mut((x + at + beside, y)) {
                    cell.reset();
                    cell.set_style(style);
                }
            }
            used += take;
        }
        u16::try_from(used).unwrap_or(cells)
    }

    /// Writes text so that it ends before column `right`; returns where it begins.
    pub fn put_right(&mut self, right: u16, y: u16, cells: u16, text: &str, role: Role) -> u16 {
        let shown = Shown::line(text).truncate(usize::from(cells));
        let wide = u16::try_from(shown.width()).unwrap_or(cells).min(right);
        self.shown(right - wide, y, wide, &shown, role);
        right - wide
    }

    /// Gives every cell of a row the look of `role`, keeping what is written.
    pub fn tint(&mut self, area: Area, y: u16, role: Role) {
        let style = self.theme.style(role);
        let row = Rect::new(area.x, y, area.width, 1).intersection(*self.buffer.area());
        self.buffer.set_style(row, style);
    }

    /// Empties an area.
    pub fn clear(&mut self, area: Area) {
        let rect =
            Rect::new(area.x, area.y, area.width, area.height).intersection(*self.buffer.area());
        for y in rect.top()..rect.bottom() {
            for x in rect.left()..rect.right() {
                if let Some(cell) = self.buffer.cell_mut((x, y)) {
                    cell.reset();
                }
            }
        }
    }

    /// A horizontal rule.
    pub fn rule(&mut self, x: u16, y: u16, cells: u16) {
        let line = "-".repeat(usize::from(cells));
        self.put(x, y, cells, &line, Role::Rule);
    }

    /// A vertical rule.
    pub fn wall(&mut self, x: u16, area: Area) {
        for y in area.y..area.y.saturating_add(area.height) {
            self.put(x, y, 1, "|", Role::Rule);
        }
    }
}

/// A count as a column value.
pub fn cells(text: &str) -> u16 {
    u16::try_from(width(text)).unwrap_or(u16::MAX)
}
