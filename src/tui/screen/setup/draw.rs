//! The set-up screen.

use crate::model::{AccountKind, Offline, OnServer};
use crate::tui::app::App;
use crate::tui::app::event::SetupField as F;
use crate::tui::app::layout::Area;
use crate::tui::app::prompt::Field;
use crate::tui::app::view::{KeepPassword, Security};

use crate::tui::screen::draw::field_row;
use crate::tui::screen::log::state::fold;
use crate::tui::screen::paint::{Pen, cells};
use crate::tui::screen::theme::Role;

use super::state::{POLICIES, State};

const LABEL: u16 = 3;
const VALUE: u16 = 20;
const SHOWS: u16 = 48;

/// The title.
pub fn title(_: &App) -> (String, String) {
    (
        "lacebark   ADD ACCOUNT".to_owned(),
        "step 1 of 1".to_owned(),
    )
}

/// Draws the screen; gives the insertion point or the selected choice.
pub fn draw(app: &App, pen: &mut Pen<'_>, area: Area) -> (u16, u16) {
    pen.clear(area);
    let mut page = Page {
        pen,
        area,
        at: app.setup.at,
        top: scroll(app.setup.at, area.height),
        cursor: (area.x, area.y),
    };
    match &app.setup.failed {
        None => page.words(
            1,
            1,
            "Read your mail in three answers. The password goes nowhere before Continue.",
        ),
        Some((field, why)) => failure(*field, why, &mut page),
    }
    person(&app.setup, &mut page);
    servers(&app.setup, &mut page);
    choices(&app.setup, &mut page);
    buttons(&mut page);
    page.cursor
}

/// The first row in sight, so that a low terminal shows the field with the cursor.
fn scroll(at: F, height: u16) -> u16 {
    let row = row_of(at);
    (row + 2).saturating_sub(height)
}

fn row_of(at: F) -> u16 {
    match at {
        F::Name => 3,
        F::Address => 4,
        F::Password => 5,
        F::Kind | F::ImapHost | F::ImapPort | F::ImapSecurity => 8,
        F::SmtpHost | F::SmtpPort | F::SmtpSecurity => 9,
        F::Login => 10,
        F::Keep => 12,
        F::Command => 14,
        F::Offline | F::OnServer => 15,
        F::Continue | F::Change | F::Quit => 18,
    }
}

struct Page<'a, 'b> {
    pen: &'a mut Pen<'b>,
    area: Area,
    at: F,
    top: u16,
    cursor: (u16, u16),
}

impl Page<'_, '_> {
    fn row(&self, row: u16) -> Option<u16> {
        let shown = row.checked_sub(self.top)?;
        (shown < self.area.height).then(|| self.area.y + shown)
    }

    fn words(&mut self, row: u16, x: u16, text: &str) {
        self.role(row, x, text, Role::Text);
    }

    fn role(&mut self, row: u16, x: u16, text: &str, role: Role) {
        if let Some(y) = self.row(row) {
            let room = self.area.width.saturating_sub(x);
            self.pen.put(self.area.x + x, y, room, text, role);
        }
    }

    fn label(&mut self, row: u16, text: &str) {
        self.words(row, LABEL, &format!("{text:<14} :"));
    }

    /// An editable field at column `x`; gives the column after it.
    fn field(&mut self, row: u16, x: u16, room: u16, field: &Field, of: F) -> u16 {
        let Some(y) = self.row(row) else { return x };
        let here = self.at == of;
        let role = if here { Role::Prompt } else { Role::Text };
        let room = room.min(self.area.width.saturating_sub(x));
        let at = field_row(self.pen, self.area.x + x, y, room, field, role);
        if here {
            self.cursor = (at, y);
            self.mark(y);
        }
        let shown = if field.hidden {
            field.value().chars().count()
        } else {
            crate::mime::sanitize::width(field.value())
        };
        x + u16::try_from(shown).unwrap_or(room).min(room)
    }

    /// A choice at column `x`: a word that arrows change.
    fn choice(&mut self, row: u16, x: u16, text: &str, of: F, selected: bool) {
        let Some(y) = self.row(row) else { return };
        let here = self.at == of && selected;
        let role = if here { Role::Selected } else { Role::Text };
        let room = self.area.width.saturating_sub(x);
        self.pen.put(self.area.x + x, y, room, text, role);
        if here {
            self.cursor = (self.area.x + x, y);
            self.mark(y);
        }
    }

    /// The row with the cursor is findable without attributes.
    fn mark(&mut self, y: u16) {
        self.pen.put(self.area.x + 1, y, 1, ">", Role::Text);
    }
}

fn person(setup: &State, page: &mut Page<'_, '_>) {
    page.label(3, "Your name");
    page.field(3, VALUE, 56, &setup.name, F::Name);
    page.label(4, "Mail address");
    page.field(4, VALUE, 56, &setup.address, F::Address);
    page.label(5, "Password");
    if !setup.has_kind_with_server() {
        page.words(5, VALUE, "none: there is no server");
    } else if setup.keep == KeepPassword::Command {
        page.words(5, VALUE, "printed by the command below");
    } else {
        let end = page.field(5, VALUE, 26, &setup.password, F::Password);
        let hint = if setup.password.hidden {
            "(F2 shows it)"
        } else {
            "(F2 hides it)"
        };
        page.words(5, SHOWS.max(end + 2), hint);
    }
}

fn servers(setup: &State, page: &mut Page<'_, '_>) {
    let found = if setup.found.is_empty() {
        "looked up when the address is complete; ^T types them"
    } else {
        &setup.found
    };
    page.words(7, LABEL, &format!("Servers        {found}"));
    let open = setup.servers_open || setup.has_servers();
    if !setup.has_kind_with_server() {
        page.words(8, LABEL, "  incoming     :");
        page.choice(8, VALUE, "none", F::Kind, true);
        page.words(
            8,
            VALUE + 7,
            "mail in files alone: lacebark import brings it in",
        );
        return;
    }
    if !open {
        if !setup.note.is_empty() {
            page.words(8, LABEL + 2, &setup.note);
        }
        return;
    }
    page.words(8, LABEL, "  incoming     :");
    let protocol = match setup.kind {
        AccountKind::Pop3 => "POP3",
        AccountKind::Imap | AccountKind::Local => "IMAP",
    };
    page.choice(8, VALUE, protocol, F::Kind, true);
    server(
        page,
        8,
        &setup.imap,
        setup.imap_security,
        [F::ImapHost, F::ImapPort, F::ImapSecurity],
    );
    if setup.smtp.0.value().is_empty() && !setup.servers_open {
        page.words(9, LABEL, "  outgoing     : none named");
    } else {
        page.words(9, LABEL, "  outgoing     : SMTP");
        server(
            page,
            9,
            &setup.smtp,
            setup.smtp_security,
            [F::SmtpHost, F::SmtpPort, F::SmtpSecurity],
        );
    }
    page.label(10, "  login name");
    if setup.login.value().is_empty() && page.at != F::Login {
        page.words(10, VALUE, setup.address.value());
    } else {
        page.field(10, VALUE, 56, &setup.login, F::Login);
    }
    if !setup.note.is_empty() {
        page.role(11, LABEL, &setup.note, Role::Warning);
    }
}

fn server(
    page: &mut Page<'_, '_>,
    row: u16,
    fields: &(Field, Field),
    security: Security,
    of: [F; 3],
) {
    let [host_at, port_at, security_at] = of;
    let end = page.field(row, VALUE + 7, 28, &fields.0, host_at);
    let x = if fields.0.value().is_empty() || page.at == host_at {
        end.max(VALUE + 16) + 2
    } else {
        end + 2
    };
    page.words(row, x, "port");
    let end = page.field(row, x + 5, 6, &fields.1, port_at);
    let end = if page.at == port_at { end + 1 } else { end };
    page.choice(row, end + 2, security.word(), security_at, true);
}

fn choices(setup: &State, page: &mut Page<'_, '_>) {
    if !setup.has_kind_with_server() {
        return;
    }
    page.label(12, "Keep password");
    let keyring = if setup.keyring.is_empty() {
        "system keyring".to_owned()
    } else {
        format!("system keyring: {}", setup.keyring)
    };
    let keeps = [
        (12, KeepPassword::Keyring, keyring.as_str()),
        (13, KeepPassword::Ask, "ask me at every start"),
        (14, KeepPassword::Command, "a command prints it"),
    ];
    for (row, keep, words) in keeps {
        let chosen = setup.keep == keep;
        let text = format!("{} {words}", mark(chosen));
        page.choice(row, VALUE, &text, F::Keep, chosen);
    }
    if setup.keep == KeepPassword::Command {
        let x = VALUE + cells("(*) a command prints it");
        page.words(14, x, ":");
        page.field(14, x + 2, 34, &setup.command, F::Command);
    }
    match setup.kind {
        AccountKind::Imap => offline(setup, page),
        AccountKind::Pop3 => on_server(setup, page),
        AccountKind::Local => {}
    }
}

fn mark(chosen: bool) -> &'static str {
    if chosen { "(*)" } else { "( )" }
}

fn offline(setup: &State, page: &mut Page<'_, '_>) {
    page.label(15, "Offline copy");
    let ninety = setup.offline == Offline::default();
    let text = format!("{} last 90 days, whole messages", mark(ninety));
    page.choice(15, VALUE, &text, F::Offline, ninety);
    let all = setup.offline == Offline::All;
    page.choice(
        16,
        VALUE,
        &format!("{} everything", mark(all)),
        F::Offline,
        all,
    );
    let headers = setup.offline == Offline::Headers;
    let x = VALUE + 20;
    page.choice(
        16,
        x,
        &format!("{} headers only", mark(headers)),
        F::Offline,
        headers,
    );
}

fn on_server(setup: &State, page: &mut Page<'_, '_>) {
    page.label(15, "On the server");
    // Where two columns have no room the one that is chosen stands alone; arrows change it.
    let wide = page.area.width >= VALUE + 50;
    let places = match wide {
        true => [(15, 0), (15, 23), (16, 0), (16, 23)],
        false => [(15, 0); 4],
    };
    for (policy, (row, x)) in POLICIES.into_iter().zip(places) {
        let words = match policy {
            OnServer::Keep => "keep everything".to_owned(),
            OnServer::Delete => "delete what is here".to_owned(),
            OnServer::DeleteAfter(days) => format!("for {days} days"),
            OnServer::Mirror => "delete what I delete here".to_owned(),
        };
        let chosen = setup.on_server == policy;
        let text = format!("{} {words}", mark(chosen));
        if wide || chosen {
            page.choice(row, VALUE + x, &text, F::OnServer, chosen);
        }
    }
    page.words(17, VALUE, &setup.on_server.others());
}

fn buttons(page: &mut Page<'_, '_>) {
    page.choice(18, LABEL, "[ Continue ]", F::Continue, true);
    page.choice(18, LABEL + 16, "[ Change servers ]", F::Change, true);
    page.choice(18, LABEL + 38, "[ Quit ]", F::Quit, true);
}

/// Why it did not work, over the first rows: the field, the server's words, and what to do.
fn failure(field: F, why: &str, page: &mut Page<'_, '_>) {
    let room = usize::from(page.area.width.saturating_sub(2)).max(10);
    let mut rows = Vec::new();
    let text = format!("{}: {}", name_of(field), why);
    fold("! ", &text, room, &mut rows);
    for (n, row) in (0..3).zip(&rows) {
        page.role(n, 1, row, Role::Warning);
    }
}

/// What the screen calls a field.
fn name_of(field: F) -> &'static str {
    match field {
        F::Name => "Your name",
        F::Address => "Mail address",
        F::Password => "Password",
        F::Kind | F::ImapHost | F::ImapPort | F::ImapSecurity => "Incoming server",
        F::SmtpHost | F::SmtpPort | F::SmtpSecurity => "Outgoing server",
        F::Login => "Login name",
        F::Keep | F::Command => "Keep password",
        F::Offline => "Offline copy",
        F::OnServer => "On the server",
        F::Continue | F::Change | F::Quit => "Account",
    }
}
