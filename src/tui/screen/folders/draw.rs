//! The folder list over the whole screen, and as the pane beside the index.

use crate::model::{List, Role as MailboxRole, Share};
use crate::tui::app::layout::{Area, Kind};
use crate::tui::app::view::{Account, Mailbox};
use crate::tui::app::{App, Screen};

use crate::tui::screen::paint::Pen;
use crate::tui::screen::queue::state::waits_for;
use crate::tui::screen::theme::Role;

use super::state::Entry;

const NAME: u16 = 2;
const UNREAD: u16 = 44;
const TOTAL: u16 = 52;
const OFFLINE: u16 = 55;

/// Rows above the list: the column heads and a gap.
pub fn head_rows(app: &App) -> u16 {
    match app.layout.kind {
        Kind::One | Kind::Three { folders: false } => 2,
        Kind::Line | Kind::Tiny | Kind::Two { .. } | Kind::Three { folders: true } => 0,
    }
}

/// The title: how many accounts, how many unread.
pub fn title(app: &App) -> (String, String) {
    let unread: u64 = app
        .accounts
        .iter()
        .flat_map(|account| account.listed())
        .map(|m| m.unread)
        .sum();
    let count = app.accounts.len();
    let plural = if count == 1 { "" } else { "s" };
    (
        "FOLDERS".to_owned(),
        format!("{count} account{plural}   {unread} unread"),
    )
}

/// Draws the list over `area`; gives the cell of the selected row.
pub fn draw(app: &App, pen: &mut Pen<'_>, area: Area) -> (u16, u16) {
    pen.clear(area);
    let head = head_rows(app).min(area.height);
    if head > 0 {
        heads(pen, area);
    }
    let list = Area {
        y: area.y + head,
        height: area.height - head,
        ..area
    };
    rows(app, pen, list, app.folders.top)
}

/// Draws the pane beside an index; gives the cell of the selected row.
pub fn draw_pane(app: &App, pen: &mut Pen<'_>, area: Area) -> (u16, u16) {
    pen.clear(area);
    rows(app, pen, area, app.folders.pane_top)
}

fn heads(pen: &mut Pen<'_>, area: Area) {
    let y = area.y;
    pen.put(area.x + NAME, y, 30, "Folder", Role::Dim);
    pen.put_right(area.x + UNREAD, y, 6, "unread", Role::Dim);
    pen.put_right(area.x + TOTAL, y, 5, "total", Role::Dim);
    pen.put(area.x + OFFLINE, y, 20, "offline copy", Role::Dim);
}

fn rows(app: &App, pen: &mut Pen<'_>, area: Area, top: usize) -> (u16, u16) {
    let folders = &app.folders;
    let mut cursor = (area.x, area.y);
    if folders.entries.is_empty() {
        let words = "No account yet.";
        pen.put(
            area.x + NAME,
            area.y,
            area.width.saturating_sub(NAME),
            words,
            Role::Dim,
        );
    }
    for (n, entry) in (0..area.height).zip(folders.entries.iter().skip(top)) {
        let y = area.y + n;
        match entry {
            Entry::Gap => {}
            Entry::List(list) => list_row(app, pen, area, y, list),
            Entry::Searches => {
                let at = if area.width < 50 { 0 } else { NAME };
                let room = area.width.saturating_sub(at);
                pen.put(area.x + at, y, room, "Searches", Role::Heading);
            }
            Entry::Search(at) => search_row(app, pen, area, y, *at),
            Entry::Account(place) => account_row(app, pen, area, y, *place),
            Entry::Mailbox { .. } => mailbox_row(app, pen, area, y, entry),
            Entry::Outbox(place) => outbox_row(app, pen, area, y, *place),
        }
        if top + usize::from(n) == folders.selected {
            cursor = (area.x, y);
            pen.put(area.x, y, 1, ">", Role::Text);
            let focus = app.screen == Screen::Folders;
            pen.tint(area, y, if focus { Role::Selected } else { Role::Unread });
        }
    }
    cursor
}

/// A list over all accounts, with the counts that are kept of its mailboxes.
fn list_row(app: &App, pen: &mut Pen<'_>, area: Area, y: u16, list: &List) {
    let (mut unread, mut total) = (0, 0);
    for mailbox in app.accounts.iter().flat_map(|one| &one.mailboxes) {
        let (of_unread, of_flagged) = match list.share(mailbox.key, mailbox.role) {
            Share::All => (mailbox.unread, mailbox.flagged),
            Share::Alone => (mailbox.alone.unread, mailbox.alone.flagged),
            Share::None => continue,
        };
        unread += of_unread;
        total += match list {
            List::Unread => of_unread,
            List::Flagged => of_flagged,
            _ => mailbox.total.unwrap_or(0),
        };
    }
    let name = app.list_name(list);
    let unread = match list {
        List::Flagged => None,
        _ => Some(unread).filter(|unread| *unread > 0),
    };
    let role = if unread.is_some() {
        Role::Unread
    } else {
        Role::Text
    };
    if area.width < 50 {
        let room = area.width.saturating_sub(9);
        pen.put(area.x + 2, y, room, &name, role);
        let count = unread.unwrap_or(total).to_string();
        let edge = area.x + area.width.saturating_sub(2);
        pen.put_right(edge, y, 7, &count, role);
        return;
    }
    pen.put(area.x + NAME, y, 30, &name, role);
    let unread = unread.map(|unread| unread.to_string()).unwrap_or_default();
    pen.put_right(area.x + UNREAD, y, 7, &unread, role);
    pen.put_right(area.x + TOTAL, y, 7, &total.to_string(), role);
}

/// A search that is kept, and what it asks for.
fn search_row(app: &App, pen: &mut Pen<'_>, area: Area, y: u16, at: usize) {
    let Some(one) = app.folders.searches.get(at) else {
        return;
    };
    if area.width < 50 {
        pen.put(
            area.x + 2,
            y,
            area.width.saturating_sub(3),
            &one.name,
            Role::Text,
        );
        return;
    }
    pen.put(area.x + 4, y, OFFLINE - 6, &one.name, Role::Text);
    let room = area.width.saturating_sub(OFFLINE);
    pen.put(area.x + OFFLINE, y, room, &one.text, Role::Dim);
}

fn account_row(app: &App, pen: &mut Pen<'_>, area: Area, y: u16, place: usize) {
    let Some(account) = app.accounts.get(place) else {
        return;
    };
    let mut name = account.address.clone();
    if !account.kind.is_empty() {
        name.push_str(&format!(" ({})", account.kind));
    }
    if area.width < 50 {
        pen.put(area.x, y, area.width, &name, Role::Heading);
        return;
    }
    pen.put(area.x, y, 1, "v", Role::Dim);
    let words = account
        .link
        .as_ref()
        .map(|link| app.account_words(account, link));
    // Long words begin further left, as far as they leave some of the row to the name.
    let long = words.as_ref().map_or(0, |words| words.chars().count());
    let long = u16::try_from(long).unwrap_or(u16::MAX);
    let state = area.width.saturating_sub(long);
    let state = state.clamp(NAME + 20, OFFLINE + 2);
    pen.put(area.x + NAME, y, state - NAME - 2, &name, Role::Heading);
    if let Some(words) = words {
        pen.put(
            area.x + state,
            y,
            area.width.saturating_sub(state),
            &words,
            Role::Text,
        );
    }
}

/// The Outbox of an account: how many messages have not left, and why not.
fn outbox_row(app: &App, pen: &mut Pen<'_>, area: Area, y: u16, place: usize) {
    let Some(account) = app.accounts.get(place) else {
        return;
    };
    let count = account.outbox.all.to_string();
    if area.width < 50 {
        let room = area.width.saturating_sub(9);
        pen.put(area.x + 2, y, room, "Outbox", Role::Text);
        let edge = area.x + area.width.saturating_sub(2);
        pen.put_right(edge, y, 7, &count, Role::Text);
        return;
    }
    pen.put(area.x + 4, y, 20, "Outbox", Role::Text);
    pen.put_right(area.x + TOTAL, y, 7, &count, Role::Text);
    let words = match account.outbox.refused {
        0 => waits_for(app, &account.id).trim_end_matches('.').to_owned(),
        refused => format!("{refused} refused"),
    };
    let room = area.width.saturating_sub(OFFLINE);
    pen.put(area.x + OFFLINE, y, room, &words, Role::Text);
}

fn mailbox_row(app: &App, pen: &mut Pen<'_>, area: Area, y: u16, entry: &Entry) {
    let Entry::Mailbox {
        account,
        mailbox,
        depth,
        below,
        name,
    } = entry
    else {
        return;
    };
    let Some((account, mailbox)) = find(app, *account, *mailbox) else {
        return;
    };
    let role = match (mailbox.listed, mailbox.unread > 0) {
        (false, _) => Role::Dim,
        (true, true) => Role::Unread,
        (true, false) => Role::Text,
    };
    let indent = u16::try_from((*depth).min(8)).unwrap_or(0) * 2;
    let pane = area.width < 50;
    let left = if pane { 0 } else { 2 } + indent;
    match below {
        Some(true) => pen.put(area.x + left, y, 1, ">", role),
        Some(false) => pen.put(area.x + left, y, 1, "v", role),
        None => 0,
    };
    let (unread_at, name_room) = if pane {
        (
            area.width.saturating_sub(2),
            area.width.saturating_sub(left + 2 + 7),
        )
    } else {
        (UNREAD, UNREAD.saturating_sub(left + 2 + 8))
    };
    let narrow = pane || area.width < OFFLINE + 8;
    if mailbox.listed || !narrow {
        pen.put(area.x + left + 2, y, name_room, name, role);
    } else {
        // No room for words: brackets say that it is not subscribed.
        let name = format!("({name})");
        pen.put(area.x + left + 2, y, name_room, &name, role);
    }
    if mailbox.unread > 0 || (!pane && mailbox.role == Some(MailboxRole::Inbox)) {
        let unread = mailbox.unread.to_string();
        pen.put_right(area.x + unread_at, y, 6, &unread, role);
    }
    if pane {
        return;
    }
    let total = match mailbox.total {
        _ if !mailbox.selectable => String::new(),
        Some(total) => total.to_string(),
        None => "-".to_owned(),
    };
    pen.put_right(area.x + TOTAL, y, 7, &total, role);
    let room = area.width.saturating_sub(OFFLINE);
    if !mailbox.listed {
        pen.put(area.x + OFFLINE, y, room, "not subscribed", Role::Dim);
    } else if mailbox.selectable && account.link.is_some() {
        pen.put(area.x + OFFLINE, y, room, &mailbox.offline, Role::Text);
    }
}

fn find(app: &App, account: usize, mailbox: usize) -> Option<(&Account, &Mailbox)> {
    let account = app.accounts.get(account)?;
    Some((account, account.mailboxes.get(mailbox)?))
}

/// The one line of a terminal under 20x5.
pub fn line(app: &App, pen: &mut Pen<'_>, area: Area) {
    let top = app.folders.selected;
    rows(app, pen, Area { height: 1, ..area }, top);
}
