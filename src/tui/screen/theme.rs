//! Roles, and what they look like. Nothing is told by a role alone: a letter, a mark or a word
//! says the same.

use ratatui::style::{Color, Modifier, Style};

/// What a piece of the screen is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Running text.
    Text,
    /// The title row.
    Title,
    /// The selected row.
    Selected,
    /// An unread message.
    Unread,
    /// The name of a header field in the program's own header block, and its security line: no
    /// body text has this role (SAFETY D7).
    Header,
    /// Text quoted once, three times, …
    Quote1,
    /// Text quoted twice.
    Quote2,
    /// Text quoted more deeply.
    Quote3,
    /// A heading of a text.
    Heading,
    /// A link.
    Link,
    /// The selected link.
    LinkAtCursor,
    /// Strong text.
    Strong,
    /// Emphasised text.
    Emphasis,
    /// Something to beware of.
    Warning,
    /// Text of lesser weight.
    Dim,
    /// A rule between panes.
    Rule,
    /// The status line.
    Status,
    /// A question.
    Prompt,
    /// The key of a key cell.
    Key,
    /// The label of a key cell.
    KeyLabel,
}

/// How roles are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// The sixteen colours of the user's own palette.
    #[default]
    Ansi16,
    /// Bold, underline and reverse only: NO_COLOR and TERM=dumb.
    Mono,
    /// No attribute at all.
    Plain,
}

impl Theme {
    /// The style of a role.
    pub fn style(self, role: Role) -> Style {
        let mono = mono(role);
        match self {
            Theme::Plain => Style::new(),
            Theme::Mono => mono,
            Theme::Ansi16 => match colour(role) {
                Some(colour) => mono.fg(colour),
                None => mono,
            },
        }
    }
}

fn mono(role: Role) -> Style {
    let style = Style::new();
    match role {
        Role::Title | Role::Selected | Role::Key | Role::LinkAtCursor => style.reversed(),
        Role::Header => style.add_modifier(Modifier::BOLD | Modifier::ITALIC),
        Role::Unread | Role::Heading | Role::Strong | Role::Prompt | Role::Warning => style.bold(),
        Role::Link => style.underlined(),
        Role::Emphasis => style.italic(),
        Role::Text
        | Role::Quote1
        | Role::Quote2
        | Role::Quote3
        | Role::Dim
        | Role::Rule
        | Role::Status
        | Role::KeyLabel => style,
    }
}

fn colour(role: Role) -> Option<Color> {
    match role {
        Role::Header => Some(Color::Cyan),
        Role::Quote1 => Some(Color::Green),
        Role::Quote2 => Some(Color::Yellow),
        Role::Quote3 => Some(Color::Magenta),
        Role::Link | Role::LinkAtCursor => Some(Color::Blue),
        Role::Warning => Some(Color::Red),
        Role::Text
        | Role::Title
        | Role::Selected
        | Role::Unread
        | Role::Heading
        | Role::Strong
        | Role::Emphasis
        | Role::Dim
        | Role::Rule
        | Role::Status
        | Role::Prompt
        | Role::Key
        | Role::KeyLabel => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Role; 20] = [
        Role::Text,
        Role::Title,
        Role::Selected,
        Role::Unread,
        Role::Header,
        Role::Quote1,
        Role::Quote2,
        Role::Quote3,
        Role::Heading,
        Role::Link,
        Role::LinkAtCursor,
        Role::Strong,
        Role::Emphasis,
        Role::Warning,
        Role::Dim,
        Role::Rule,
        Role::Status,
        Role::Prompt,
        Role::Key,
        Role::KeyLabel,
    ];

    #[test]
    fn mono_has_no_colour() {
        for role in ALL {
            let style = Theme::Mono.style(role);
            assert_eq!((style.fg, style.bg), (None, None), "{role:?}");
        }
    }

    #[test]
    fn d7_no_other_role_looks_like_a_header_name() {
        for theme in [Theme::Ansi16, Theme::Mono] {
            for role in ALL.into_iter().filter(|role| *role != Role::Header) {
                assert_ne!(theme.style(role), theme.style(Role::Header), "{role:?}");
            }
        }
    }
}
