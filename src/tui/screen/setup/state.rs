//! The fields of the set-up screen and how keys walk and change them.

use crate::model::{AccountKind, Offline, OnServer};
use crate::tui::app::command::{self, Command, Screen};
use crate::tui::app::event::{Action, Effect, Hidden, NewAccount, Question, SetupField, Ticket};
use crate::tui::app::key::{Code, Key};
use crate::tui::app::prompt::Field;
use crate::tui::app::view::{KeepPassword, Provider, Security};
use crate::tui::app::{App, Begin, palette};

use SetupField as F;

/// What the set-up screen knows.
#[derive(Clone, Debug)]
pub struct State {
    /// The person's name.
    pub name: Field,
    /// The mail address.
    pub address: Field,
    /// The password.
    pub password: Field,
    /// How mail gets here.
    pub kind: AccountKind,
    /// What becomes of mail on a POP3 server.
    pub on_server: OnServer,
    /// Host and port of the incoming server.
    pub imap: (Field, Field),
    /// Its protection.
    pub imap_security: Security,
    /// Host and port of the outgoing server.
    pub smtp: (Field, Field),
    /// Its protection.
    pub smtp_security: Security,
    /// The login name.
    pub login: Field,
    /// Where the password is kept.
    pub keep: KeepPassword,
    /// The command that prints it.
    pub command: Field,
    /// What is kept off line.
    pub offline: Offline,
    /// The field with the cursor.
    pub at: SetupField,
    /// Whether the server fields are walked by Tab.
    pub servers_open: bool,
    /// Where the servers are from, in words.
    pub found: String,
    /// What the provider asks for, in words.
    pub note: String,
    /// Which keyring answers, or why none does.
    pub keyring: String,
    /// What failed at the last try, and at which field.
    pub failed: Option<(SetupField, String)>,
    /// The sign-in that runs.
    pub trying: Option<Ticket>,
    asked: Ticket,
    asked_for: String,
    typed_servers: bool,
}

impl Default for State {
    fn default() -> Self {
        let mut password = Field::default();
        password.hidden = true;
        Self {
            name: Field::default(),
            address: Field::default(),
            password,
            kind: AccountKind::Imap,
            on_server: OnServer::default(),
            imap: (Field::default(), Field::of("993")),
            imap_security: Security::Tls,
            smtp: (Field::default(), Field::of("465")),
            smtp_security: Security::Tls,
            login: Field::default(),
            keep: KeepPassword::Keyring,
            command: Field::default(),
            offline: Offline::default(),
            at: F::Name,
            servers_open: false,
            found: String::new(),
            note: String::new(),
            keyring: String::new(),
            failed: None,
            trying: None,
            asked: Ticket::default(),
            asked_for: String::new(),
            typed_servers: false,
        }
    }
}

/// The policies of a POP3 server that can be chosen here; the settings know every number of days.
pub const POLICIES: [OnServer; 4] = [
    OnServer::Keep,
    OnServer::Delete,
    OnServer::DeleteAfter(14),
    OnServer::Mirror,
];

const WALK: [SetupField; 18] = [
    F::Name,
    F::Address,
    F::Password,
    F::Kind,
    F::ImapHost,
    F::ImapPort,
    F::ImapSecurity,
    F::SmtpHost,
    F::SmtpPort,
    F::SmtpSecurity,
    F::Login,
    F::Keep,
    F::Command,
    F::Offline,
    F::OnServer,
    F::Continue,
    F::Change,
    F::Quit,
];

impl State {
    /// The text field at the cursor.
    pub fn field(&mut self) -> Option<&mut Field> {
        match self.at {
            F::Name => Some(&mut self.name),
            F::Address => Some(&mut self.address),
            F::Password => Some(&mut self.password),
            F::ImapHost => Some(&mut self.imap.0),
            F::ImapPort => Some(&mut self.imap.1),
            F::SmtpHost => Some(&mut self.smtp.0),
            F::SmtpPort => Some(&mut self.smtp.1),
            F::Login => Some(&mut self.login),
            F::Command => Some(&mut self.command),
            F::Kind
            | F::ImapSecurity
            | F::SmtpSecurity
            | F::Keep
            | F::Offline
            | F::OnServer
            | F::Continue
            | F::Change
            | F::Quit => None,
        }
    }

    /// Takes a pasted line.
    pub fn paste(&mut self, line: &str) {
        if let Some(field) = self.field() {
            field.paste(line);
        }
    }

    /// Whether servers to try are known.
    pub fn has_servers(&self) -> bool {
        !self.imap.0.value().trim().is_empty()
    }

    /// Whether there is a server to read from.
    pub fn has_kind_with_server(&self) -> bool {
        self.kind != AccountKind::Local
    }

    fn walked(&self, field: SetupField) -> bool {
        let remote = self.has_kind_with_server();
        match field {
            F::Kind => self.servers_open,
            F::ImapHost
            | F::ImapPort
            | F::ImapSecurity
            | F::SmtpHost
            | F::SmtpPort
            | F::SmtpSecurity
            | F::Login => self.servers_open && remote,
            F::Command => remote && self.keep == KeepPassword::Command,
            F::Password => remote && self.keep != KeepPassword::Command,
            F::Keep => remote,
            F::Offline => self.kind == AccountKind::Imap,
            F::OnServer => self.kind == AccountKind::Pop3,
            F::Name | F::Address | F::Continue | F::Change | F::Quit => true,
        }
    }

    fn walk(&mut self, forward: bool) {
        let count = WALK.len();
        let mut at = WALK.iter().position(|field| *field == self.at).unwrap_or(0);
        for _ in 0..count {
            at = if forward {
                (at + 1) % count
            } else {
                (at + count - 1) % count
            };
            match WALK.get(at) {
                Some(field) if self.walked(*field) => {
                    self.at = *field;
                    return;
                }
                Some(_) | None => {}
            }
        }
    }

    /// The provider table's answer.
    pub fn found(&mut self, ticket: Ticket, provider: Option<Provider>) {
        if self.asked != ticket || self.typed_servers {
            return;
        }
        let Some(provider) = provider else {
            self.found = "not in the table of providers: type them here".to_owned();
            self.note.clear();
            self.servers_open = true;
            return;
        };
        self.found = format!("found by: table of providers ({})", provider.name);
        self.note = provider.note;
        if provider.login != self.address.value().trim() {
            self.login.set(&provider.login);
        }
        let servers = provider.servers;
        self.kind = AccountKind::Imap;
        self.imap.0.set(&servers.imap.host);
        self.imap.1.set(&servers.imap.port);
        self.imap_security = servers.imap.security;
        self.smtp.0.set(&servers.smtp.host);
        self.smtp.1.set(&servers.smtp.port);
        self.smtp_security = servers.smtp.security;
    }

    /// Which keyring answers, or why none does: then the password is asked for at each start, unless
    /// the person chose already.
    pub fn keyring(&mut self, found: Result<String, String>) {
        match found {
            Ok(name) => self.keyring = name,
            Err(why) => {
                self.keyring = why;
                if self.keep == KeepPassword::Keyring && self.at != F::Keep {
                    self.keep = KeepPassword::Ask;
                }
            }
        }
    }

    /// The sign-in ended without a verdict on a field.
    pub fn ended(&mut self, ticket: Ticket) {
        if self.trying == Some(ticket) {
            self.trying = None;
        }
    }

    /// The sign-in was refused at a field: it has the cursor.
    pub fn refused(&mut self, ticket: Ticket, field: SetupField, text: &str) {
        if self.trying != Some(ticket) {
            return;
        }
        self.trying = None;
        self.failed = Some((field, text.to_owned()));
        if !self.walked(field) {
            self.servers_open = true;
        }
        self.at = field;
        if field == F::Password {
            // The next letter begins a new one.
            self.password.proposed = true;
        }
    }

    /// What stands on the screen, as an account.
    pub fn account(&self) -> NewAccount {
        let server = |host: &(Field, Field), security| crate::tui::app::view::Server {
            host: host.0.value().trim().to_owned(),
            port: host.1.value().trim().to_owned(),
            security,
        };
        let address = self.address.value().trim().to_owned();
        let login = self.login.value().trim();
        NewAccount {
            name: self.name.value().trim().to_owned(),
            login: if login.is_empty() {
                address.clone()
            } else {
                login.to_owned()
            },
            address,
            password: Hidden(self.password.value().to_owned()),
            servers: crate::tui::app::view::Servers {
                imap: server(&self.imap, self.imap_security),
                smtp: server(&self.smtp, self.smtp_security),
            },
            keep: self.keep,
            command: self.command.value().trim().to_owned(),
            offline: match self.kind {
                AccountKind::Imap => self.offline,
                AccountKind::Pop3 | AccountKind::Local => Offline::All,
            },
            kind: self.kind,
            on_server: self.on_server,
        }
    }

    /// The first field that cannot be tried as it stands, and why.
    fn missing(&self) -> Option<(SetupField, &'static str)> {
        let address = self.address.value().trim();
        let halves = address.split_once('@');
        if !halves.is_some_and(|(local, host)| !local.is_empty() && !host.is_empty()) {
            return Some((F::Address, "A mail address has the form name@example.org."));
        }
        if !self.has_kind_with_server() {
            return None;
        }
        if self.keep == KeepPassword::Command {
            if self.command.value().trim().is_empty() {
                return Some((F::Command, "Which command prints the password?"));
            }
        } else if self.password.value().is_empty() {
            return Some((F::Password, "The password is missing."));
        }
        if !self.has_servers() {
            return Some((
                F::ImapHost,
                "Which server has the mail? Your provider names it.",
            ));
        }
        let port = |field: &Field| field.value().trim().parse::<u16>().is_ok_and(|p| p > 0);
        if !port(&self.imap.1) {
            return Some((F::ImapPort, "A port is a number from 1 to 65535."));
        }
        if self.names_outgoing() && !port(&self.smtp.1) {
            return Some((F::SmtpPort, "A port is a number from 1 to 65535."));
        }
        None
    }

    /// Whether a server for sending is named: without one an account reads.
    pub fn names_outgoing(&self) -> bool {
        !self.smtp.0.value().trim().is_empty()
    }

    fn turn(&mut self, forward: bool) {
        match self.at {
            F::Kind => {
                let before = reading_port(self.kind, self.imap_security);
                let order = [AccountKind::Imap, AccountKind::Pop3, AccountKind::Local];
                self.kind = step(&order, self.kind, forward);
                let after = reading_port(self.kind, self.imap_security);
                change_port(&mut self.imap.1, before, after);
            }
            F::OnServer => self.on_server = step(&POLICIES, self.on_server, forward),
            F::ImapSecurity => {
                let before = reading_port(self.kind, self.imap_security);
                self.imap_security = self.imap_security.next();
                let after = reading_port(self.kind, self.imap_security);
                change_port(&mut self.imap.1, before, after);
            }
            F::SmtpSecurity => {
                let before = smtp_port(self.smtp_security);
                self.smtp_security = self.smtp_security.next();
                change_port(&mut self.smtp.1, before, smtp_port(self.smtp_security));
            }
            F::Keep => {
                self.keep = match (self.keep, forward) {
                    (KeepPassword::Keyring, true) | (KeepPassword::Command, false) => {
                        KeepPassword::Ask
                    }
                    (KeepPassword::Ask, true) | (KeepPassword::Keyring, false) => {
                        KeepPassword::Command
                    }
                    (KeepPassword::Command, true) | (KeepPassword::Ask, false) => {
                        KeepPassword::Keyring
                    }
                };
            }
            F::Offline => {
                let order = [Offline::default(), Offline::All, Offline::Headers];
                self.offline = step(&order, self.offline, forward);
            }
            F::Name
            | F::Address
            | F::Password
            | F::ImapHost
            | F::ImapPort
            | F::SmtpHost
            | F::SmtpPort
            | F::Login
            | F::Command
            | F::Continue
            | F::Change
            | F::Quit => {}
        }
    }
}

/// Gives a key to the screen.
pub fn press(app: &mut App, key: Key) {
    if app.setup.trying.is_some() {
        let stops = key.ctrl && key.folded().code == Code::Char('c');
        if stops {
            if let Some(ticket) = app.setup.trying {
                app.effect(Action::Stop(ticket));
            }
            app.hint("Stopping…");
        } else {
            app.hint("Signing in; ^C stops.");
        }
        return;
    }
    let letter = key.text().is_some();
    // Who types where the protocol stands means the server behind it.
    let on_kind = app.setup.at == F::Kind && app.setup.has_kind_with_server();
    if on_kind && letter && key.code != Code::Char(' ') {
        app.setup.at = F::ImapHost;
    }
    let editable = app.setup.field().is_some();
    if letter && editable {
        typed(app, key);
        return;
    }
    match command::lookup(Screen::Setup, key).map(|entry| entry.command) {
        Some(command) => run(app, command, key),
        None => edit(app, key, letter),
    }
}

/// Runs a command of this screen.
pub fn run(app: &mut App, command: Command, key: Key) {
    match command {
        Command::NextField => next(app, key.code == Code::Enter),
        Command::PreviousField => leave(app, false),
        Command::ShowPassword => {
            app.setup.password.hidden = !app.setup.password.hidden;
        }
        Command::ChangeServers => open_servers(app),
        Command::Continue => sign_in(app),
        Command::Help => app.help_on_setup(),
        Command::Cancel => cancel(app),
        Command::Palette => palette::open(app),
        Command::Redraw => app.emit(Effect::Redraw),
        Command::Suspend => app.emit(Effect::Suspend),
        _ => edit(app, key, key.text().is_some()),
    }
}

fn typed(app: &mut App, key: Key) {
    if let Some(field) = app.setup.field() {
        field.press(key);
    }
    touched(app);
}

fn touched(app: &mut App) {
    let at = app.setup.at;
    app.setup.failed = app.setup.failed.take().filter(|(field, _)| *field != at);
    if matches!(
        at,
        F::Kind
            | F::ImapHost
            | F::ImapPort
            | F::SmtpHost
            | F::SmtpPort
            | F::ImapSecurity
            | F::SmtpSecurity
    ) {
        app.setup.typed_servers = true;
    }
}

fn edit(app: &mut App, key: Key, letter: bool) {
    if app.setup.field().is_none() && app.setup.failed.is_some() {
        touched(app);
    }
    if let Some(field) = app.setup.field() {
        if !field.press(key) {
            app.hint(format!("{key} does nothing in this field. Tab goes on."));
        }
        touched(app);
        return;
    }
    match key.code {
        Code::Char(' ') | Code::Right => {
            app.setup.turn(true);
            touched(app);
        }
        Code::Left => {
            app.setup.turn(false);
            touched(app);
        }
        _ if letter => app.hint("Arrows or Spc change this choice; Tab goes on."),
        _ => {}
    }
}

fn next(app: &mut App, enter: bool) {
    match app.setup.at {
        F::Continue if enter => sign_in(app),
        F::Change if enter => open_servers(app),
        F::Quit if enter => app.emit(Effect::Quit),
        F::Password if enter && app.setup.has_servers() && !app.setup.servers_open => {
            app.setup.at = F::Continue;
            app.hint("Press Enter to sign in.");
        }
        _ => leave(app, true),
    }
}

/// Leaves the field for the next or previous one; leaving the address asks for its servers.
fn leave(app: &mut App, forward: bool) {
    let left = app.setup.at;
    app.setup.walk(forward);
    if left == F::Address {
        look_up(app);
    }
}

fn look_up(app: &mut App) {
    let address = app.setup.address.value().trim().to_owned();
    if !address.contains('@') || app.setup.asked_for == address || app.setup.typed_servers {
        return;
    }
    app.setup.asked_for = address.clone();
    app.question(Question::Keyring);
    app.setup.asked = app.question(Question::Provider(address));
}

fn open_servers(app: &mut App) {
    look_up(app);
    app.setup.servers_open = true;
    app.setup.at = F::Kind;
    app.hint("Spc changes the protocol; Tab goes on.");
}

fn sign_in(app: &mut App) {
    if let Some((field, why)) = app.setup.missing() {
        app.setup.failed = Some((field, why.to_owned()));
        if !app.setup.walked(field) {
            app.setup.servers_open = true;
        }
        app.setup.at = field;
        app.hint(why);
        return;
    }
    app.setup.failed = None;
    let account = app.setup.account();
    let host = match account.kind {
        AccountKind::Imap | AccountKind::Pop3 => account.servers.imap.host.clone(),
        AccountKind::Local => "this machine".to_owned(),
    };
    let ticket = app.effect(Action::SetUp(Box::new(account)));
    app.setup.trying = Some(ticket);
    app.hint(format!("Signing in to {host}… ^C stops."));
}

fn cancel(app: &mut App) {
    if app.accounts.is_empty() {
        app.hint("Nothing was stored. [ Quit ] ends the program.");
    } else {
        app.leave_setup();
    }
}

impl Begin {
    /// A beginning for tests and for `demo`: no set-up.
    pub fn plain(size: (u16, u16), offset_at: crate::tui::app::date::OffsetAt) -> Self {
        Self {
            size,
            offset_at,
            save_folder: String::new(),
            set_up: false,
            can_set_up: false,
            menu: crate::tui::app::layout::KeyMenu::New,
            newest: false,
            panes: crate::tui::app::layout::Panes::default(),
            editor: "vim".to_owned(),
            confirm_send: true,
            draft: None,
        }
    }
}

fn reading_port(kind: AccountKind, security: Security) -> &'static str {
    match (kind, security) {
        (AccountKind::Pop3, Security::Tls) => "995",
        (AccountKind::Pop3, Security::StartTls | Security::Plain) => "110",
        (AccountKind::Imap | AccountKind::Local, Security::Tls) => "993",
        (AccountKind::Imap | AccountKind::Local, Security::StartTls | Security::Plain) => "143",
    }
}

/// The choice after `now`, or before it, in a circle.
fn step<T: Copy + PartialEq>(order: &[T], now: T, forward: bool) -> T {
    let at = order.iter().position(|one| *one == now).unwrap_or(0);
    let next = if forward {
        at + 1
    } else {
        at + order.len() - 1
    };
    order.get(next % order.len()).copied().unwrap_or(now)
}

fn smtp_port(security: Security) -> &'static str {
    match security {
        Security::Tls => "465",
        Security::StartTls => "587",
        Security::Plain => "25",
    }
}

/// The usual port follows the security; one that a person typed stays.
fn change_port(port: &mut Field, before: &str, after: &str) {
    let typed = port.value().trim();
    if typed.is_empty() || typed == before {
        port.set(after);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is in the port after the security is turned on at `field`, from TLS on.
    fn check(field: SetupField, typed: &str, expect: [&str; 2]) {
        let mut state = State {
            at: field,
            ..State::default()
        };
        let imap = field == F::ImapSecurity;
        match imap {
            true => state.imap.1.set(typed),
            false => state.smtp.1.set(typed),
        }
        for expect in expect {
            state.turn(true);
            let port = if imap { &state.imap.1 } else { &state.smtp.1 };
            assert_eq!(port.value(), expect, "{field:?} {typed}");
        }
    }

    #[test]
    fn a_port_that_a_person_typed_stays_when_the_security_is_changed() {
        check(F::ImapSecurity, "22143", ["22143", "22143"]);
        check(F::SmtpSecurity, "2525", ["2525", "2525"]);
        check(F::ImapSecurity, "993", ["143", "143"]);
        check(F::ImapSecurity, "", ["143", "143"]);
        let next = Security::Tls.next().next();
        check(F::SmtpSecurity, "465", ["587", smtp_port(next)]);
    }
}
