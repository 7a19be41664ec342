//! Walking through the messages that are being written.

use crate::tui::app::App;

/// Moves by rows; false at the ends.
pub fn step(app: &mut App, by: isize) -> bool {
    let before = app.compose.selected;
    let last = app.compose.rows().saturating_sub(1);
    app.compose.selected = before.saturating_add_signed(by).min(last);
    app.compose.selected != before
}
