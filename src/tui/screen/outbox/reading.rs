//! A message of the Outbox that is read: its header, what each recipient's server said, its text.

use crate::model::{Delivery, OperationId};
use crate::tui::app::App;
use crate::tui::app::event::Ticket;
use crate::tui::app::layout::Area;
use crate::tui::app::view::OutgoingText;

use crate::tui::screen::log::state::fold;
use crate::tui::screen::paint::Pen;
use crate::tui::screen::theme::Role;

use super::state::{state_word, why};

/// Cells of the name of a header field, with its colon.
const LABEL: u16 = 10;

/// The message that is read.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Its operation.
    pub id: OperationId,
    /// What the question for its text was asked with.
    pub asked: Ticket,
    /// Its header and text, once they are here.
    pub text: Option<OutgoingText>,
    /// The row at the top.
    pub top: usize,
}

/// One row of the page.
struct Row {
    label: &'static str,
    text: String,
    role: Role,
}

/// The title: its subject and where it stands.
pub fn title(app: &App) -> (String, String) {
    let line = app.outbox.open.as_ref();
    let line = line.and_then(|open| app.outbox.find(open.id));
    match line {
        Some(line) => (
            format!("OUTBOX   {}", line.subject),
            state_word(line).to_owned(),
        ),
        None => ("OUTBOX".to_owned(), "not here any more".to_owned()),
    }
}

fn rows(app: &App) -> Vec<Row> {
    let Some(open) = &app.outbox.open else {
        return Vec::new();
    };
    let room = usize::from(app.layout.width.saturating_sub(LABEL + 1)).max(10);
    let mut rows = Vec::new();
    let mut field = |label: &'static str, text: &str| {
        let mut folded = Vec::new();
        fold("", text, room, &mut folded);
        for (n, text) in folded.into_iter().enumerate() {
            rows.push(Row {
                label: if n == 0 { label } else { "" },
                text,
                role: Role::Header,
            });
        }
    };
    match app.outbox.find(open.id) {
        Some(line) => {
            let why = why(app, line).into_iter().next().unwrap_or_default();
            let state = state_word(line);
            // "waits. Waits for the connection." says it twice.
            let twice = why.to_lowercase().starts_with(state);
            match twice {
                true => field("State", &why),
                false => field("State", format!("{state}. {why}").trim_end()),
            }
            for (address, delivery) in &line.recipients {
                if let Some(words) = said(delivery) {
                    field("Answer", &format!("{address}: {words}"));
                }
            }
        }
        None => field("State", "It is not in the Outbox any more."),
    }
    let Some(text) = &open.text else {
        field("", "Opening…");
        return rows;
    };
    for (label, text) in &text.head {
        field(label, text);
    }
    let body = text.body.iter().map(|line| Row {
        label: "",
        text: line.clone(),
        role: Role::Text,
    });
    rows.push(Row {
        label: "",
        text: String::new(),
        role: Role::Rule,
    });
    rows.extend(body);
    rows
}

/// What the server said about a recipient, where it said anything.
fn said(delivery: &Delivery) -> Option<String> {
    match delivery {
        Delivery::Waiting => None,
        Delivery::Taken => Some("taken".to_owned()),
        Delivery::Deferred(reply) => Some(format!("later: {reply}")),
        Delivery::Refused(reply) => Some(format!("refused: {reply}")),
    }
}

/// Draws the page; gives its first cell.
pub fn draw(app: &App, pen: &mut Pen<'_>, area: Area) -> (u16, u16) {
    pen.clear(area);
    let top = app.outbox.open.as_ref().map_or(0, |open| open.top);
    for (y, row) in (area.y..area.y + area.height).zip(rows(app).iter().skip(top)) {
        match row.role {
            Role::Rule => pen.rule(area.x, y, area.width),
            Role::Header => {
                let label = match row.label {
                    "" => String::new(),
                    label => format!("{label:<8}: "),
                };
                pen.put(area.x, y, LABEL, &label, Role::Header);
                let room = area.width.saturating_sub(LABEL);
                pen.put(area.x + LABEL, y, room, &row.text, Role::Text);
            }
            role => {
                pen.put(area.x, y, area.width, &row.text, role);
            }
        }
    }
    (area.x, area.y)
}

/// Scrolls by rows; false at the ends.
pub fn scroll(app: &mut App, by: isize) -> bool {
    let last = last_top(app);
    let Some(open) = &mut app.outbox.open else {
        return false;
    };
    let before = open.top;
    open.top = before.saturating_add_signed(by).min(last);
    open.top != before
}

fn last_top(app: &App) -> usize {
    let height = usize::from(app.layout.body().height);
    rows(app).len().saturating_sub(height)
}

/// Keeps the page filled.
pub fn settle(app: &mut App) {
    if app.outbox.open.is_some() {
        let last = last_top(app);
        if let Some(open) = &mut app.outbox.open {
            open.top = open.top.min(last);
        }
    }
}

/// The one line of a terminal under 20x5.
pub fn line(app: &App, pen: &mut Pen<'_>, area: Area) {
    let (name, state) = title(app);
    let words = format!("{state} {name}");
    pen.put(area.x, area.y, area.width, &words, Role::Text);
}
