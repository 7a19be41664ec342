//! Where things stand on a terminal of a size (UX 5.3).

/// Width of the folder pane.
pub const FOLDER_PANE: u16 = 25;
/// Index rows above an opened message.
pub const STRIP: u16 = 8;
/// Cells that a message text takes at most.
pub const TEXT: u16 = 100;

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
}

impl Layout {
    /// The layout of a size; `pane` is whether the folder pane is wanted.
    pub fn of(width: u16, height: u16, pane: bool) -> Self {
        let kind = if width < 20 || height < 5 {
            Kind::Line
        } else if width < 60 || height < 14 {
            Kind::Tiny
        } else if width < 100 || !pane {
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
            (Kind::One | Kind::Two { .. }, KeyMenu::New) => 2,
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
            Kind::Tiny | Kind::One | Kind::Two { .. } => Area {
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
            Kind::Tiny | Kind::One | Kind::Two { .. } => {
                self.height.saturating_sub(1 + self.key_rows())
            }
        }
    }

    /// The folder list.
    pub fn folders(self) -> Area {
        let body = self.body();
        match self.kind {
            Kind::Two { .. } => Area {
                width: FOLDER_PANE,
                ..body
            },
            Kind::Line | Kind::Tiny | Kind::One => body,
        }
    }

    /// Right of the folder pane.
    pub fn right(self) -> Area {
        let body = self.body();
        match self.kind {
            Kind::Two { .. } => Area {
                x: FOLDER_PANE + 1,
                width: body.width.saturating_sub(FOLDER_PANE + 1),
                ..body
            },
            Kind::Line | Kind::Tiny | Kind::One => body,
        }
    }

    /// The index; `opened` is whether a message stands beside it.
    pub fn index(self, opened: bool) -> Area {
        let right = self.right();
        match self.kind {
            Kind::Two { strip: true } if opened => Area {
                height: STRIP.min(right.height),
                ..right
            },
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
            Kind::Two { strip: false } | Kind::Line | Kind::Tiny | Kind::One => right,
        }
    }
}
