//! Where things stand on a terminal of a size (UX 5.3).

/// Width of the folder pane beside an index.
pub const FOLDER_PANE: u16 = 25;
/// Index rows above an opened message.
pub const STRIP: u16 = 8;
/// Cells that a message text takes at most.
pub const TEXT: u16 = 100;
/// Columns from which on folders, index and message stand side by side.
const THREE: u16 = 160;
/// Cells that the folder pane, an index and a message keep.
const LEAST: (u16, u16, u16) = (12, 40, 40);

/// What kind of layout a size gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Under 20x5: the selected line and nothing else.
    Line,
    /// Under 60x14: one pane, one row of keys.
    Tiny,
    /// One pane.
    One,
    /// Folders beside the rest; `strip` shows the index above an opened message.
    Two {
        /// Whether the message opens under an index strip.
        strip: bool,
    },
    /// Folders, index and message side by side; `folders` is whether the first is shown.
    Three {
        /// Whether the folder pane is shown.
        folders: bool,
    },
}

/// What a person wants of the panes; kept from run to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Panes {
    /// Whether the folder pane is shown where there is room.
    pub folders: bool,
    /// Its width beside one other pane.
    pub beside_one: u16,
    /// Its width beside two others.
    pub beside_two: u16,
    /// The width of the index beside a message.
    pub index: u16,
}

impl Default for Panes {
    fn default() -> Self {
        Self {
            folders: true,
            beside_one: FOLDER_PANE,
            beside_two: 22,
            index: 60,
        }
    }
}

/// How many rows of keys a person wants (after elm's user level).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyMenu {
    /// Two rows.
    #[default]
    New,
    /// One row.
    Familiar,
    /// None; `?` still explains.
    Expert,
}

/// A rectangle in cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Area {
    /// Left column.
    pub x: u16,
    /// Top row.
    pub y: u16,
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

impl Area {
    /// Whether a cell lies in it.
    pub fn holds(self, x: u16, y: u16) -> bool {
        let within = |at: u16, from: u16, size: u16| at >= from && at - from < size;
        within(x, self.x, self.width) && within(y, self.y, self.height)
    }

    /// The row above it.
    pub fn head(self) -> Self {
        Self {
            y: self.y.saturating_sub(1),
            height: 1,
            ..self
        }
    }

    fn below_head(self) -> Self {
        Self {
            y: self.y + 1,
            height: self.height.saturating_sub(1),
            ..self
        }
    }
}

/// The terminal's size and what follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
    /// The layout.
    pub kind: Kind,
    /// The rows of keys that are wanted.
    pub menu: KeyMenu,
    /// What is wanted of the panes.
    pub panes: Panes,
}

impl Layout {
    /// The layout of a size.
    pub fn of(width: u16, height: u16, panes: Panes) -> Self {
        let kind = if width < 20 || height < 5 {
            Kind::Line
        } else if width < 60 || height < 14 {
            Kind::Tiny
        } else if width >= THREE {
            Kind::Three {
                folders: panes.folders,
            }
        } else if width < 100 || !panes.folders {
            Kind::One
        } else {
            Kind::Two {
                strip: height >= 30,
            }
        };
        Self {
            width,
            height,
            kind,
            menu: KeyMenu::New,
            panes,
        }
    }

    /// The same with other rows of keys.
    pub fn with_menu(self, menu: KeyMenu) -> Self {
        Self { menu, ..self }
    }

    /// Rows of key cells.
    pub fn key_rows(self) -> u16 {
        match (self.kind, self.menu) {
            (Kind::Line, _) | (_, KeyMenu::Expert) => 0,
            (Kind::Tiny, _) | (_, KeyMenu::Familiar) => 1,
            (Kind::One | Kind::Two { .. } | Kind::Three { .. }, KeyMenu::New) => 2,
        }
    }

    /// Everything between title and status line.
    pub fn body(self) -> Area {
        match self.kind {
            Kind::Line => Area {
                x: 0,
                y: 0,
                width: self.width,
                height: self.height.min(1),
            },
            Kind::Tiny | Kind::One | Kind::Two { .. } | Kind::Three { .. } => Area {
                x: 0,
                y: 1,
                width: self.width,
                height: self.height.saturating_sub(2 + self.key_rows()),
            },
        }
    }

    /// The row of the status line or prompt.
    pub fn status_row(self) -> u16 {
        match self.kind {
            Kind::Line => 0,
            Kind::Tiny | Kind::One | Kind::Two { .. } | Kind::Three { .. } => {
                self.height.saturating_sub(1 + self.key_rows())
            }
        }
    }

    /// Whether the folder list is a pane beside others.
    pub fn has_folder_pane(self) -> bool {
        match self.kind {
            Kind::Two { .. } => true,
            Kind::Three { folders } => folders,
            Kind::Line | Kind::Tiny | Kind::One => false,
        }
    }

    /// The width of the folder pane.
    fn left(self) -> u16 {
        let (least, index, message) = LEAST;
        match self.kind {
            Kind::Two { .. } => {
                let most = self.width.saturating_sub(index + 1).max(least);
                self.panes.beside_one.clamp(least, most)
            }
            Kind::Three { folders: true } => {
                let most = self.width.saturating_sub(index + message + 2).max(least);
                self.panes.beside_two.clamp(least, most)
            }
            Kind::Three { folders: false } | Kind::Line | Kind::Tiny | Kind::One => 0,
        }
    }

    /// The folder list.
    pub fn folders(self) -> Area {
        let body = self.body();
        match self.kind {
            Kind::Two { .. } => Area {
                width: self.left(),
                ..body
            },
            Kind::Three { folders: true } => Area {
                width: self.left(),
                ..body
            }
            .below_head(),
            Kind::Three { folders: false } | Kind::Line | Kind::Tiny | Kind::One => body,
        }
    }

    /// Right of the folder pane.
    fn right(self) -> Area {
        let body = self.body();
        match self.left() {
            0 => body,
            left => Area {
                x: left + 1,
                width: body.width.saturating_sub(left + 1),
                ..body
            },
        }
    }

    /// The index; `opened` is whether a message stands with it.
    pub fn index(self, opened: bool) -> Area {
        let right = self.right();
        let (_, least, message) = LEAST;
        match self.kind {
            Kind::Two { strip: true } if opened => Area {
                height: STRIP.min(right.height),
                ..right
            },
            Kind::Three { .. } => {
                let most = right.width.saturating_sub(message + 1).max(least);
                let width = self.panes.index.clamp(least, most);
                Area { width, ..right }.below_head()
            }
            Kind::Two { .. } | Kind::Line | Kind::Tiny | Kind::One => right,
        }
    }

    /// The message text.
    pub fn message(self) -> Area {
        let right = self.right();
        match self.kind {
            Kind::Two { strip: true } => Area {
                y: right.y + STRIP + 1,
                height: right.height.saturating_sub(STRIP + 1),
                ..right
            },
            Kind::Three { .. } => {
                let index = self.index(true).width + 1;
                Area {
                    x: right.x + index,
                    width: right.width.saturating_sub(index),
                    ..right
                }
                .below_head()
            }
            Kind::Two { strip: false } | Kind::Line | Kind::Tiny | Kind::One => right,
        }
    }

    /// The parts of a message.
    pub fn parts(self) -> Area {
        match self.kind {
            Kind::Three { .. } => self.message(),
            Kind::Two { .. } | Kind::Line | Kind::Tiny | Kind::One => self.right(),
        }
    }

    /// The panes with the border at the right of one of them moved: that of the folders, else that
    /// of the index. `None` where there is no such border.
    pub fn moved(self, of_folders: bool, by: i16) -> Option<Panes> {
        let mut panes = self.panes;
        match (self.kind, of_folders) {
            (Kind::Two { .. }, _) => {
                panes.beside_one = self.left().saturating_add_signed(by);
            }
            (Kind::Three { folders: true }, true) => {
                panes.beside_two = self.left().saturating_add_signed(by);
            }
            (Kind::Three { .. }, _) => {
                panes.index = self.index(true).width.saturating_add_signed(by);
            }
            (Kind::Line | Kind::Tiny | Kind::One, _) => return None,
        }
        // What does not fit is not kept, so that the way back begins at once.
        let there = Self { panes, ..self };
        match (self.kind, of_folders) {
            (Kind::Two { .. }, _) => panes.beside_one = there.left(),
            (Kind::Three { folders: true }, true) => panes.beside_two = there.left(),
            (Kind::Three { .. }, _) => panes.index = there.index(true).width,
            (Kind::Line | Kind::Tiny | Kind::One, _) => {}
        }
        Some(panes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panes_lie_beside_each_other_and_fill_the_width() {
        for (width, height) in [
            (100, 20),
            (120, 36),
            (159, 45),
            (160, 14),
            (160, 45),
            (300, 80),
        ] {
            for folders in [true, false] {
                for wanted in [0, 22, 60, 400] {
                    let panes = Panes {
                        folders,
                        beside_one: wanted,
                        beside_two: wanted,
                        index: wanted,
                    };
                    let layout = Layout::of(width, height, panes);
                    let (index, message) = (layout.index(true), layout.message());
                    let end = message.x + message.width;
                    assert_eq!(end, width, "{layout:?}");
                    assert!(index.width >= 40 && message.width >= 40, "{layout:?}");
                    if layout.has_folder_pane() {
                        assert_eq!(layout.folders().width + 1, index.x);
                    }
                    if matches!(layout.kind, Kind::Three { .. }) {
                        assert_eq!(index.x + index.width + 1, message.x);
                    }
                }
            }
        }
    }

    #[test]
    fn a_border_goes_no_further_than_there_is_room_and_comes_back_at_once() {
        let mut layout = Layout::of(160, 45, Panes::default());
        for _ in 0..100 {
            layout.panes = layout.moved(true, 1).unwrap();
        }
        let widest = layout.folders().width;
        layout.panes = layout.moved(true, -1).unwrap();
        assert_eq!(layout.folders().width, widest - 1);
        assert_eq!(Layout::of(80, 24, Panes::default()).moved(true, 1), None);
    }
}
