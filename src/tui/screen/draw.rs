//! One frame: title row, panes, status or prompt, key rows. A function of the application; it
//! gives the cell where the terminal's cursor belongs (UX 5.14).

use ratatui::buffer::Buffer;

use crate::mime::sanitize::{Shown, width};
use crate::tui::app::layout::{Area, Kind};
use crate::tui::app::pick::{Choice, Pick, Target};
use crate::tui::app::prompt::{Asking, Prompt};
use crate::tui::app::{App, Screen, keyrow};

use super::paint::{Pen, cells};
use super::theme::{Role, Theme};
use super::{
    attention, book, compose, composers, conversation, files, folders, help, index, log, menu,
    message, outbox, parts, queue, send, setup,
};

/// Draws everything and gives the place of the cursor.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer) -> (u16, u16) {
    let mut pen = Pen { buffer, theme };
    let all = Area {
        x: 0,
        y: 0,
        width: app.layout.width,
        height: app.layout.height,
    };
    pen.clear(all);
    if app.layout.kind == Kind::Line {
        let (x, y) = line(app, &mut pen);
        return (x.min(all.width.saturating_sub(1)), y);
    }
    title(app, &mut pen);
    let cursor = panes(app, &mut pen);
    if let Some(prompt) = &app.prompt {
        offers(&mut pen, prompt, app.layout.body());
    }
    if let Some(words) = app.link_in_full() {
        notes(&mut pen, &words, app.layout.body());
    }
    let prompt = status(app, &mut pen);
    keys(app, &mut pen);
    let (x, y) = prompt.unwrap_or(cursor);
    (
        x.min(all.width.saturating_sub(1)),
        y.min(all.height.saturating_sub(1)),
    )
}

fn line(app: &App, pen: &mut Pen<'_>) -> (u16, u16) {
    let area = app.layout.body();
    if let Some(prompt) = &app.prompt {
        return prompt_row(pen, prompt, area, 0, true);
    }
    match app.screen {
        Screen::Index => index::line(app, pen, area),
        Screen::Folders => folders::line(app, pen, area),
        Screen::Message | Screen::Parts => {
            if let Some(message) = &app.message {
                let subject = &message.row.envelope.subject;
                pen.put(area.x, area.y, area.width, subject, Role::Text);
            }
        }
        Screen::Setup => {
            pen.put(area.x, area.y, area.width, "Add account", Role::Text);
        }
        Screen::Queue => queue::line(app, pen, area),
        Screen::Composers => composers::line(app, pen, area),
        Screen::Book => book::line(app, pen, area),
        Screen::Files => files::line(app, pen, area),
        Screen::Outbox => outbox::line(app, pen, area),
        Screen::Outgoing => outbox::reading_line(app, pen, area),
        Screen::Thread => conversation::line(app, pen, area),
        Screen::Card => return book::form_line(app, pen, area),
        Screen::Compose | Screen::ComposeHead => return compose::line(app, pen, area),
        Screen::Help | Screen::Log | Screen::Attention | Screen::Menu | Screen::Send => {
            pen.put(area.x, area.y, area.width, app.screen.title(), Role::Text);
        }
    }
    (0, 0)
}

fn title(app: &App, pen: &mut Pen<'_>) {
    let shown = match app.screen {
        Screen::Attention => app.under,
        other => other,
    };
    let three = matches!(app.layout.kind, Kind::Three { .. }) && Screen::CHAIN.contains(&shown);
    let (left, right) = if three { bar(app) } else { beneath(app, shown) };
    let area = Area {
        x: 0,
        y: 0,
        width: app.layout.width,
        height: 1,
    };
    let tiny = app.layout.kind == Kind::Tiny;
    let (start, margin) = if tiny { (0, 0) } else { (1, 1) };
    let edge = area.width.saturating_sub(margin);
    let from = pen.put_right(edge, 0, edge, &right, Role::Title);
    let room = from.saturating_sub(start + 2);
    pen.put(start, 0, room, &left, Role::Title);
    pen.tint(area, 0, Role::Title);
}

/// The title row over three panes, which have their own.
fn bar(app: &App) -> (String, String) {
    let address = app.mailbox().map(|(account, _)| account.address.clone());
    (
        format!("lacebark   {}", address.unwrap_or_default()),
        "Tab next new   G folder   . commands   Alt-1..9 account".to_owned(),
    )
}

fn beneath(app: &App, screen: Screen) -> (String, String) {
    match screen {
        Screen::Folders => folders::title(app),
        Screen::Index | Screen::Attention => index::title(app),
        Screen::Message => match (&app.message, app.layout.kind) {
            (Some(_), Kind::Two { strip: true }) | (None, _) => index::title(app),
            (Some(message), _) => message::title(app, message),
        },
        Screen::Parts => match &app.parts {
            Some(parts) => parts::title(parts),
            None => index::title(app),
        },
        Screen::Setup => setup::title(app),
        Screen::Help => help::title(app),
        Screen::Log => log::title(app),
        Screen::Menu => menu::title(app),
        Screen::Queue => queue::title(app),
        Screen::Compose | Screen::ComposeHead => compose::title(app),
        Screen::Composers => composers::title(app),
        Screen::Send => send::title(app),
        Screen::Book => book::title(app),
        Screen::Files => files::title(app),
        Screen::Outbox => outbox::title(app),
        Screen::Outgoing => outbox::reading_title(app),
        Screen::Thread => conversation::title(app),
        Screen::Card => book::form_title(app),
    }
}

fn panes(app: &App, pen: &mut Pen<'_>) -> (u16, u16) {
    let body = app.layout.body();
    match app.screen {
        Screen::Help => help::draw(app, pen, body),
        Screen::Log => log::draw(app, pen, body),
        Screen::Menu => menu::draw(app, pen, body),
        Screen::Queue => queue::draw(app, pen, body),
        Screen::Setup => setup::draw(app, pen, body),
        Screen::Compose | Screen::ComposeHead => compose::draw(app, pen, body),
        Screen::Composers => composers::draw(app, pen, body),
        Screen::Send => send::draw(app, pen, body),
        Screen::Book => book::draw(app, pen, body),
        Screen::Files => files::draw(app, pen, body),
        Screen::Outbox => outbox::draw(app, pen, body),
        Screen::Outgoing => outbox::draw_reading(app, pen, body),
        Screen::Thread => conversation::draw(app, pen, body),
        Screen::Card => book::draw_form(app, pen, body),
        Screen::Attention => {
            chain(app, pen, app.under);
            attention::draw(app, pen, body)
        }
        Screen::Folders | Screen::Index | Screen::Message | Screen::Parts => {
            chain(app, pen, app.screen)
        }
    }
}

fn chain(app: &App, pen: &mut Pen<'_>, screen: Screen) -> (u16, u16) {
    if screen == Screen::Thread {
        return conversation::draw(app, pen, app.layout.body());
    }
    match app.layout.kind {
        Kind::Two { strip } => two(app, pen, screen, strip),
        Kind::Three { folders } => three(app, pen, screen, folders),
        Kind::Line | Kind::Tiny | Kind::One => one(app, pen, screen),
    }
}

fn one(app: &App, pen: &mut Pen<'_>, screen: Screen) -> (u16, u16) {
    let body = app.layout.body();
    match screen {
        Screen::Folders => folders::draw(app, pen, body),
        Screen::Message => message::draw(app, pen, body),
        Screen::Parts => parts::draw(app, pen, body),
        Screen::Index
        | Screen::Setup
        | Screen::Help
        | Screen::Log
        | Screen::Attention
        | Screen::Queue
        | Screen::Compose
        | Screen::ComposeHead
        | Screen::Composers
        | Screen::Send
        | Screen::Book
        | Screen::Card
        | Screen::Files
        | Screen::Outbox
        | Screen::Outgoing
        | Screen::Thread
        | Screen::Menu => index::draw(app, pen, body),
    }
}

fn two(app: &App, pen: &mut Pen<'_>, screen: Screen, strip: bool) -> (u16, u16) {
    let layout = app.layout;
    let opened = app.message.is_some() && matches!(screen, Screen::Message | Screen::Parts);
    let left = folders::draw_pane(app, pen, layout.folders());
    pen.wall(layout.folders().width, layout.body());
    if screen == Screen::Parts {
        return parts::draw(app, pen, layout.parts());
    }
    let list = if opened && !strip {
        left
    } else {
        index::draw(app, pen, layout.index(opened))
    };
    let page = opened.then(|| {
        let area = layout.message();
        if strip {
            pen.rule(area.x, area.y.saturating_sub(1), area.width);
        }
        message::draw(app, pen, area)
    });
    match (screen, page) {
        (Screen::Folders, _) => left,
        (Screen::Message, Some(page)) => page,
        (_, _) => list,
    }
}

fn three(app: &App, pen: &mut Pen<'_>, screen: Screen, shown: bool) -> (u16, u16) {
    let layout = app.layout;
    if screen == Screen::Folders && !shown {
        return folders::draw(app, pen, layout.folders());
    }
    let mut cursor = (0, 0);
    if shown {
        let area = layout.folders();
        let focus = screen == Screen::Folders;
        head(
            pen,
            area.head(),
            folders::title(app).0,
            String::new(),
            focus,
        );
        let at = folders::draw_pane(app, pen, area);
        pen.wall(area.width, layout.body());
        if focus {
            cursor = at;
        }
    }
    let area = layout.index(true);
    let focus = screen == Screen::Index;
    let (name, place) = index::title(app);
    head(pen, area.head(), name, place, focus);
    let at = index::draw(app, pen, area);
    pen.wall(area.x + area.width, layout.body());
    if focus {
        cursor = at;
    }
    let area = layout.message();
    let focus = matches!(screen, Screen::Message | Screen::Parts);
    let (name, place) = match (screen, &app.parts, &app.message) {
        (Screen::Parts, Some(parts), _) => parts::title(parts),
        (_, _, Some(message)) => message::title(app, message),
        (_, _, None) => Default::default(),
    };
    head(pen, area.head(), name, place, focus);
    let at = match screen {
        Screen::Parts => parts::draw(app, pen, area),
        _ => message::draw(app, pen, area),
    };
    if focus { at } else { cursor }
}

/// The title of a pane; that of the pane with the keys is reversed.
fn head(pen: &mut Pen<'_>, area: Area, left: String, right: String, focus: bool) {
    let role = if focus { Role::Title } else { Role::Heading };
    let from = pen.put_right(area.x + area.width, area.y, area.width, &right, role);
    let room = from.saturating_sub(area.x + 1);
    pen.put(area.x, area.y, room, &left, role);
    if focus {
        pen.tint(area, area.y, Role::Title);
    }
}

/// Draws the status line or the prompt; gives the insertion point of a prompt.
fn status(app: &App, pen: &mut Pen<'_>) -> Option<(u16, u16)> {
    let y = app.layout.status_row();
    let area = Area {
        x: 0,
        y,
        width: app.layout.width,
        height: 1,
    };
    if let Some(prompt) = &app.prompt {
        return Some(prompt_row(pen, prompt, area, 1, app.layout.key_rows() == 0));
    }
    let tiny = app.layout.kind == Kind::Tiny;
    let right = app.right_words(tiny);
    let margin = u16::from(!tiny);
    let edge = area.width.saturating_sub(margin);
    let from = pen.put_right(edge, y, edge, &right, Role::Status);
    let words = app.status_words();
    let need = cells(&words) + 2 * margin;
    if need > from && !words.is_empty() {
        pen.clear(area);
        let short = app.shortest_words();
        let from = pen.put_right(edge, y, edge / 2, &short, Role::Status);
        pen.put(
            margin,
            y,
            from.saturating_sub(margin + 1),
            &words,
            Role::Status,
        );
    } else {
        pen.put(
            margin,
            y,
            from.saturating_sub(margin + 1),
            &words,
            Role::Status,
        );
    }
    None
}

/// Sentences over the last rows of the body, broken where they must, so that none is cut.
fn notes(pen: &mut Pen<'_>, notes: &[String], body: Area) {
    let room = body.width.saturating_sub(2).max(1);
    let mut rows: Vec<Shown> = Vec::new();
    for note in notes {
        rows.extend(Shown::line(note).rows(usize::from(room)));
    }
    let count = u16::try_from(rows.len()).unwrap_or(u16::MAX);
    let count = count.min(body.height.saturating_sub(1));
    let y = (body.y + body.height).saturating_sub(count + 1);
    pen.clear(Area {
        y,
        height: count + 1,
        ..body
    });
    pen.rule(body.x, y, body.width);
    for (n, row) in (1..=count).zip(&rows) {
        pen.shown(body.x + 1, y + n, room, row, Role::Heading);
    }
}

/// What a prompt has to say beside its question, over the last rows of the body: a note, or what
/// completion offers around the picked one.
fn offers(pen: &mut Pen<'_>, prompt: &Prompt, body: Area) {
    let bottom = body.y + body.height;
    let margin = 1;
    let room = body.width.saturating_sub(2 * margin);
    if !prompt.notes.is_empty() {
        return notes(pen, &prompt.notes, body);
    }
    if let Some(list) = &prompt.list {
        return choices(pen, list, body);
    }
    if prompt.offers.is_empty() {
        return;
    }
    let count = u16::try_from(prompt.offers.len()).unwrap_or(u16::MAX);
    let rows = count.min(body.height.saturating_sub(1)).min(10);
    let y = bottom.saturating_sub(rows + 1);
    pen.clear(Area {
        y,
        height: rows + 1,
        ..body
    });
    let head = match (prompt.names_people(), count) {
        (true, 1) => "-- 1 known: Tab takes it ".to_owned(),
        (true, _) => format!("-- {count} known: Tab takes the first, arrows choose "),
        (false, _) => format!("-- {count} names: arrows choose, Enter takes "),
    };
    let used = pen.put(body.x + margin, y, room, &head, Role::Heading);
    pen.rule(body.x + margin + used, y, room.saturating_sub(used));
    let picked = prompt.picked.unwrap_or(0);
    let top = (picked + 1).saturating_sub(usize::from(rows));
    for (n, (at, offer)) in (1..=rows).zip(prompt.offers.iter().enumerate().skip(top)) {
        let name = offer.trim_end_matches('/').rsplit('/').next();
        let slash = if offer.ends_with('/') { "/" } else { "" };
        let name = match prompt.offer_words.get(at) {
            Some(words) => words.clone(),
            None => format!("{}{slash}", name.unwrap_or_default()),
        };
        pen.put(
            body.x + margin + 2,
            y + n,
            room.saturating_sub(2),
            &name,
            Role::Text,
        );
        if prompt.picked == Some(at) {
            pen.put(body.x + margin, y + n, 1, ">", Role::Text);
            pen.tint(body, y + n, Role::Selected);
        }
    }
}

/// The rows that fit the line, over the last rows of the body.
fn choices(pen: &mut Pen<'_>, list: &Pick, body: Area) {
    let count = u16::try_from(list.count()).unwrap_or(u16::MAX);
    let rows = count.min(body.height.saturating_sub(1)).min(CHOICES);
    let y = (body.y + body.height).saturating_sub(rows + 1);
    let room = body.width.saturating_sub(2);
    pen.clear(Area {
        y,
        height: rows + 1,
        ..body
    });
    let head = match count {
        0 => "-- nothing fits ".to_owned(),
        1 => "-- 1 fits: Enter takes it ".to_owned(),
        _ => format!("-- {count} fit: arrows choose, Enter takes "),
    };
    let used = pen.put(body.x + 1, y, room, &head, Role::Heading);
    pen.rule(body.x + 1 + used, y, room.saturating_sub(used));
    let skip = (list.place() + 1).saturating_sub(usize::from(rows));
    for (n, (at, choice)) in (1..=rows).zip(list.rows().enumerate().skip(skip)) {
        choice_row(pen, body, y + n, choice);
        if at == list.place() {
            pen.put(body.x + 1, y + n, 1, ">", Role::Text);
            pen.tint(body, y + n, Role::Selected);
        }
    }
}

/// Rows of a list to choose from.
const CHOICES: u16 = 12;
/// Columns of a command's key and of its words.
const CHOICE_KEY: u16 = 19;
const CHOICE_WORDS: u16 = 26;

fn choice_row(pen: &mut Pen<'_>, body: Area, y: u16, choice: &Choice) {
    let x = body.x + 3;
    let room = body.width.saturating_sub(4);
    match choice.target {
        Target::Command(_) => {
            let name = room.min(CHOICE_KEY - 1);
            pen.put(x, y, name, &choice.text, Role::Strong);
            let key = room.saturating_sub(CHOICE_KEY).min(6);
            pen.put(x + CHOICE_KEY, y, key, &choice.key, Role::Text);
            let words = room.saturating_sub(CHOICE_WORDS);
            pen.put(x + CHOICE_WORDS, y, words, &choice.detail, Role::Text);
        }
        Target::Mailbox(_)
        | Target::Identity(_)
        | Target::Address(_)
        | Target::Mute(_)
        | Target::Outbox
        | Target::Search(_) => {
            let used = pen.put(x, y, room, &choice.text, Role::Strong);
            let left = room.saturating_sub(used + 2);
            if left > 8 {
                pen.put_right(x + room, y, left.min(40), &choice.detail, Role::Dim);
            }
        }
    }
}

fn prompt_row(
    pen: &mut Pen<'_>,
    prompt: &Prompt,
    area: Area,
    margin: u16,
    bare: bool,
) -> (u16, u16) {
    pen.clear(area);
    let y = area.y;
    let room = area.width.saturating_sub(margin);
    match &prompt.asking {
        Asking::Choice { options, default } => {
            let mut question = prompt.question.clone();
            if let (Some((key, label)), true) = (options.get(*default), room < 40 || bare) {
                question.push_str(&format!(" [{}={label}]", key.to_uppercase()));
            }
            let used = pen.put(margin, y, room.saturating_sub(1), &question, Role::Prompt);
            (margin + used + u16::from(used < room), y)
        }
        Asking::Text(field) => {
            let most = room.saturating_sub(room.min(12));
            let question = format!("{}: ", prompt.question);
            let used = pen.put(margin, y, most.max(4), &question, Role::Prompt);
            let x = margin + used;
            let at = field_row(pen, x, y, area.width.saturating_sub(x), field, Role::Text);
            (at, y)
        }
    }
}

/// Draws an editable line so that its insertion point is in sight; gives that point's column.
pub fn field_row(
    pen: &mut Pen<'_>,
    x: u16,
    y: u16,
    room: u16,
    field: &crate::tui::app::prompt::Field,
    role: Role,
) -> u16 {
    let (value, before) = if field.hidden {
        (
            "*".repeat(field.value().chars().count()),
            "*".repeat(field.before().chars().count()),
        )
    } else {
        (field.value().to_owned(), field.before())
    };
    let at = width(&before);
    let space = usize::from(room.saturating_sub(1)).max(1);
    let mut skip = 0;
    let mut rest = value.as_str();
    while at.saturating_sub(skip) > space {
        let Some(first) = rest.chars().next() else {
            break;
        };
        skip += width(first.encode_utf8(&mut [0; 4])).max(1);
        rest = rest.get(first.len_utf8()..).unwrap_or_default();
    }
    let shown = Shown::line(rest);
    pen.shown(x, y, room, &shown, role);
    let at = u16::try_from(at.saturating_sub(skip)).unwrap_or(0);
    x + at.min(room.saturating_sub(1))
}

fn keys(app: &App, pen: &mut Pen<'_>) {
    let width = app.layout.width;
    let top = app.layout.status_row() + 1;
    let offers = &|command| app.offers(command);
    if app.layout.key_rows() == 0 {
        return;
    }
    if app.layout.kind == Kind::Tiny {
        let cells = match &app.prompt {
            Some(prompt) => keyrow::prompted_narrow(prompt, usize::from(width)),
            None => keyrow::narrow(app.screen, usize::from(width), app.key_page, offers),
        };
        let mut x = 0;
        for cell in cells {
            if cell.key.is_empty() {
                continue;
            }
            x += key_cell(pen, x, top, width.saturating_sub(x), &cell) + 2;
            if x >= width {
                break;
            }
        }
        return;
    }
    let rows = app.layout.key_rows();
    let cells = match &app.prompt {
        Some(prompt) => keyrow::prompted(prompt, 6 * usize::from(rows)),
        None => {
            let mut pages = if rows == 1 {
                keyrow::single(app.screen, offers)
            } else {
                keyrow::offered(app.screen, offers)
            };
            let page = app.key_page % pages.len().max(1);
            pages.swap_remove(page)
        }
    };
    let wide = width / 6;
    for (n, cell) in (0u16..6 * rows).zip(&cells) {
        let x = n / rows * wide;
        key_cell(pen, x, top + n % rows, wide.saturating_sub(1), cell);
    }
}

fn key_cell(pen: &mut Pen<'_>, x: u16, y: u16, room: u16, cell: &keyrow::Cell) -> u16 {
    if cell.key.is_empty() {
        return 0;
    }
    let used = pen.put(x, y, room, &cell.key, Role::Key);
    used + 1
        + pen.put(
            x + used + 1,
            y,
            room.saturating_sub(used + 1),
            &cell.label,
            Role::KeyLabel,
        )
}
