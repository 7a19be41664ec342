//! The tree as rows, the selected part and its preview.

use crate::mime::part::decoded_size;
use crate::model::{MessageKey, PartPath, Structure};
use crate::tui::app::event::Ticket;
use crate::tui::app::view::Preview;

use crate::tui::screen::folders::state::settled;

/// One row of the tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The part, without what lies below it.
    pub part: Structure,
    /// The branch that leads to it: `| |-`.
    pub branch: String,
    /// Octets, of a multipart with all that lies below.
    pub size: u64,
}

/// What the parts screen knows.
#[derive(Clone, Debug)]
pub struct State {
    /// The message.
    pub message: MessageKey,
    /// Its subject.
    pub subject: String,
    /// The rows.
    pub items: Vec<Item>,
    /// The selected row.
    pub selected: usize,
    /// The row at the top.
    pub top: usize,
    /// The preview of the selected part, once it came.
    pub preview: Option<Preview>,
    /// The question for it.
    pub asked: Ticket,
    /// Whether the preview fills the screen, and its first line.
    pub viewing: Option<usize>,
}

/// Rows of the tree that are made: the structure itself is bounded by `mime`.
const MOST: usize = 1100;

impl State {
    /// The parts of a message; the first attachment is selected, else the first leaf.
    pub fn open(message: MessageKey, subject: String, structure: &Structure) -> Self {
        let mut items = Vec::new();
        rows(structure, &mut items);
        let attachments: Vec<PartPath> = structure
            .attachments()
            .into_iter()
            .map(|part| part.path.clone())
            .collect();
        let selected = items
            .iter()
            .position(|item| attachments.contains(&item.part.path) && item.part.kind != "multipart")
            .or_else(|| items.iter().position(|item| !item.part.is_multipart()))
            .unwrap_or(0);
        Self {
            message,
            subject,
            items,
            selected,
            top: 0,
            preview: None,
            asked: Ticket::default(),
            viewing: None,
        }
    }

    /// The selected row.
    pub fn item(&self) -> Option<&Item> {
        self.items.get(self.selected)
    }

    /// Moves by rows.
    pub fn step(&mut self, by: isize) -> bool {
        let before = self.selected;
        let last = self.items.len().saturating_sub(1);
        self.selected = before.saturating_add_signed(by).min(last);
        self.selected != before
    }

    /// Keeps the selection inside `height` rows.
    pub fn settle(&mut self, height: usize) {
        self.top = settled(self.top, self.selected, height, self.items.len());
    }

    /// Lines of a text preview.
    pub fn lines(&self) -> &[String] {
        match &self.preview {
            Some(Preview::Text(lines)) => lines,
            Some(Preview::Words(_) | Preview::NotKept { .. }) | None => &[],
        }
    }
}

/// The rows of a structure without recursion: depth is the sender's choice.
fn rows(root: &Structure, items: &mut Vec<Item>) {
    let mut stack = vec![(root, String::new(), String::new())];
    while let Some((part, branch, below)) = stack.pop() {
        if items.len() >= MOST {
            break;
        }
        items.push(Item {
            part: Structure {
                children: Vec::new(),
                ..part.clone()
            },
            branch,
            size: weight(part),
        });
        let count = part.children.len();
        for (n, child) in part.children.iter().enumerate().rev() {
            let last = n + 1 == count;
            let branch = format!("{below}{}", if last { "`-" } else { "|-" });
            let mut next = format!("{below}{}", if last { "  " } else { "| " });
            if next.len() > 40 {
                next = below.clone();
            }
            stack.push((child, branch, next));
        }
    }
}

fn weight(part: &Structure) -> u64 {
    if part.size > 0 {
        return decoded_size(part.size, &part.encoding);
    }
    part.walk()
        .into_iter()
        .filter(|part| part.children.is_empty())
        .fold(0, |sum, part| {
            sum.saturating_add(decoded_size(part.size, &part.encoding))
        })
}
