//! A world to play in: accounts, a mailbox like that of the mock-ups, and a desk that answers.

use std::collections::BTreeMap;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::mime::document::{Document, Fold, Line, Role as Span_, Span};
use crate::mime::link::Link as Target;
use crate::mime::sanitize::Shown;
use crate::model::query::State;
use crate::model::{
    Address, Attachment, Draft, DraftKey, Envelope, Flags, Kept, Link, LinkState, List, MailboxKey,
    MessageKey, OperationId, Order, Role, Structure, ThreadKey,
};
use crate::tui::app::event::{
    Action, Answer, Changed, Criterion, Effect, Ended, Event, Now, Question, Ticket,
};
use crate::tui::app::far::FarFound;
use crate::tui::app::kept::KeptSearch;
use crate::tui::app::key::Key;
use crate::tui::app::view::{
    Account, Answering, Body, Card, Finding, Leaving, Mailbox, Mute, Need, Opened, OutboxCount,
    Preview, Provider, Resuming, Row, Server, Servers, Told, Waiting,
};
use crate::tui::app::{App, Begin, begin, update};
use crate::tui::screen::draw;
use crate::tui::screen::theme::{Role as Look, Theme};

/// Sat 21 Nov 2026 10:40 UTC.
pub const NOW: i64 = 1_795_257_600;
pub const DAY: i64 = 86_400;

pub use super::waits::{failed, needs, queue, waits};
pub use super::writes::{attachment, identity, leaf, save, tree, utc};

pub struct World {
    pub app: App,
    pub rows: Vec<Row>,
    pub accounts: Vec<Account>,
    pub documents: BTreeMap<MessageKey, Document>,
    pub structures: BTreeMap<MessageKey, Structure>,
    pub needs: Vec<Need>,
    pub queue: Vec<Waiting>,
    /// Operations that wait.
    pub out: u64,
    pub kept: bool,
    pub mono: u64,
    /// Where mail like any of it went last.
    pub proposal: Option<MailboxKey>,
    /// What left the mailbox, the latest last.
    pub moved: Vec<Vec<Row>>,
    /// Actions in the order in which they came.
    pub done: Vec<(Ticket, Action)>,
    /// What an action ends with; `None` leaves it open.
    pub end: fn(&Action) -> Option<Ended>,
    pub quit: bool,
    /// The text that an editor was started with.
    pub editing: Option<(u64, String)>,
    /// What there is to go on with of any message.
    pub resuming: Resuming,
    pub outbox: Vec<Leaving>,
    pub cards: Vec<Card>,
    pub drafts: BTreeMap<DraftKey, (i64, Draft)>,
    pub disk: super::files::Disk,
    /// What there is to say about a message before it is sent.
    pub findings: Vec<Finding>,
    /// Messages that leave as soon as they can.
    pub unsent: Vec<OperationId>,
    /// What was told of them last.
    pub told: Option<Told>,
    pub orders: Vec<(List, Order, bool)>,
    /// Attached files that changed since.
    pub changed: Vec<(usize, Attachment)>,
    /// What answers to a message could be.
    pub answering: Option<Answering>,
    /// Messages that a search finds at first.
    pub most: usize,
    /// Whether it hands those out before it has looked at everything.
    pub cut: bool,
    /// The searches that are kept.
    pub searches: Vec<KeptSearch>,
    /// What servers find, once they are asked.
    pub far: FarFound,
    /// What messages answer, where they are in conversations.
    pub above: BTreeMap<MessageKey, MessageKey>,
    /// Questions that wait when `slow` is set.
    pub waiting: Vec<(Ticket, Question)>,
    pub slow: bool,
    pub mutes: Vec<Mute>,
    /// Messages that a query does not look at.
    pub unindexed: u64,
    /// Messages that are sent on and not here.
    pub absent: usize,
}

impl World {
    pub fn new(width: u16, height: u16) -> Self {
        let mut world = Self::unstarted(width, height, mailbox());
        world.start();
        world
    }

    pub fn unstarted(width: u16, height: u16, rows: Vec<Row>) -> Self {
        let mut begin = Begin::plain((width, height), utc);
        begin.save_folder = "/home/alice".to_owned();
        let now = Now { wall: NOW, mono: 0 };
        let app = App::new(begin, now);
        Self {
            app,
            accounts: accounts(&rows),
            rows,
            documents: BTreeMap::new(),
            structures: BTreeMap::new(),
            needs: needs(),
            queue: queue(),
            out: 0,
            kept: true,
            mono: 1,
            proposal: None,
            moved: Vec::new(),
            done: Vec::new(),
            end: |_| Some(Ended::Done(String::new())),
            quit: false,
            editing: None,
            resuming: Resuming::Gone,
            outbox: Vec::new(),
            cards: super::book::cards(),
            drafts: BTreeMap::new(),
            disk: super::files::disk(),
            findings: Vec::new(),
            changed: Vec::new(),
            unsent: Vec::new(),
            told: None,
            orders: Vec::new(),
            answering: None,
            most: 300,
            cut: false,
            searches: Vec::new(),
            far: FarFound::default(),
            above: BTreeMap::new(),
            waiting: Vec::new(),
            slow: false,
            absent: 0,
            unindexed: 0,
            mutes: Vec::new(),
        }
    }

    pub fn start(&mut self) {
        let effects = begin(&mut self.app);
        self.carry_out(effects);
        self.drawn();
    }

    pub fn now(&mut self) -> Now {
        self.mono += 1;
        Now {
            wall: NOW,
            mono: self.mono,
        }
    }

    pub fn event(&mut self, event: Event) {
        let now = self.now();
        let effects = update(&mut self.app, event, now);
        self.carry_out(effects);
    }

    /// Lets time pass, waking at every timer on the way as the shell does.
    pub fn wait(&mut self, millis: u64) {
        let until = self.mono + millis;
        while let Some(at) = self.app.next_timer().filter(|at| *at <= until) {
            self.mono = self.mono.max(at);
            self.event(Event::Tick);
        }
        self.mono = self.mono.max(until);
    }

    pub fn drawn(&mut self) {
        self.event(Event::Drawn);
    }

    /// Presses keys by name, with a frame after each.
    pub fn press(&mut self, keys: &str) {
        for name in keys.split(' ') {
            let key = Key::parse(name).unwrap_or_else(|| panic!("{name} is no key"));
            self.event(Event::Key(key));
            self.drawn();
        }
    }

    /// Types a text, a key for each letter.
    pub fn type_text(&mut self, text: &str) {
        for letter in text.chars() {
            let name = if letter == ' ' {
                "Spc".to_owned()
            } else {
                letter.to_string()
            };
            self.press(&name);
        }
    }

    pub fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Ask(ticket, question) if self.slow => self.waiting.push((ticket, question)),
                Effect::Ask(ticket, question) => self.answer(ticket, &question),
                Effect::Act(ticket, action) => {
                    let mut ended = match &action {
                        Action::AskServers(_) => Some(super::far::asked(self)),
                        _ => (self.end)(&action),
                    };
                    if let Some(Ended::Done(_)) = &ended {
                        ended = self.keep(&action).or(ended);
                    }
                    if let Some(Ended::Done(_)) = &ended {
                        if let Some(messages) = self.carry(&action) {
                            let words = "Took back move.".to_owned();
                            ended = Some(Ended::Undone { words, messages });
                        }
                        self.accounts = accounts(&self.rows);
                    }
                    self.done.push((ticket, action));
                    if let Some(ended) = ended {
                        self.event(Event::Ended(ticket, ended));
                    }
                }
                Effect::Quit => self.quit = true,
                Effect::Edit(id, text) => self.editing = Some((id, text)),
                Effect::Redraw | Effect::Suspend | Effect::Keep(_) => {}
            }
        }
    }

    /// Changes the rows as an action says; the messages that come back.
    fn carry(&mut self, action: &Action) -> Option<Vec<MessageKey>> {
        match action {
            Action::Flags {
                messages, change, ..
            } => {
                for row in self.rows.iter_mut().filter(|r| messages.contains(&r.key)) {
                    row.flags = change.apply(&row.flags);
                }
            }
            Action::Move { messages, .. } | Action::Expunge(messages) => {
                let gone = |row: &mut Row| messages.contains(&row.key);
                self.moved.push(self.rows.extract_if(.., gone).collect());
            }
            Action::Undo => {
                let back = self.moved.pop().unwrap_or_default();
                let keys = back.iter().map(|row| row.key).collect();
                self.rows.extend(back);
                self.rows.sort_by_key(|row| std::cmp::Reverse(row.anchor()));
                return Some(keys);
            }
            _ => {}
        }
        None
    }

    /// Answers everything that waits.
    pub fn catch_up(&mut self) {
        self.slow = false;
        for (ticket, question) in std::mem::take(&mut self.waiting) {
            self.answer(ticket, &question);
        }
    }

    pub fn answer(&mut self, ticket: Ticket, question: &Question) {
        let answer = self.reply(question);
        self.event(Event::Answer(ticket, Box::new(answer)));
    }

    fn reply(&self, question: &Question) -> Answer {
        match question {
            Question::Folders => Answer::Folders {
                accounts: self.accounts.clone(),
                waiting: self.out,
                needs: self.needs.iter().filter(|need| need.is_urgent()).count() as u64,
                unsent: self.unsent.clone(),
                sending: None,
                told: self.told.clone(),
                orders: self.orders.clone(),
                searches: self.searches.clone(),
            },
            Question::Conversation { message, .. } => {
                Answer::Conversation(self.whole_thread(*message))
            }
            Question::Thread { message, .. } => Answer::Thread(self.thread_of(*message)),
            Question::Page {
                view,
                from,
                around,
                threads,
                ..
            } => Answer::Page(match threads {
                Some(seen) => self.conversations(seen, *from),
                None => self.page(view, *from, *around),
            }),
            Question::NextUnread { view, after } => {
                let inbox = view.list.takes(MailboxKey(1), Some(Role::Inbox));
                let found = self
                    .rows
                    .iter()
                    .filter(|_| inbox)
                    .find(|row| !row.seen() && after.is_none_or(|after| row.anchor() < after));
                Answer::NextUnread(found.map(Row::anchor))
            }
            Question::Opened(key) => Answer::Opened(self.row(*key).map(|row| {
                Box::new(Opened {
                    envelope: row.envelope.clone(),
                    structure: Some(self.structure(*key)),
                    flags: row.flags.clone(),
                    kept: Kept::All,
                    size: row.size,
                    here: Vec::new(),
                })
            })),
            Question::Body { message, .. } => Answer::Body(if self.kept {
                Body::Text(Box::new(self.document(*message)))
            } else {
                Body::NotKept { size: 41_000 }
            }),
            Question::Header(_) | Question::Source(_) => Answer::Lines(Some(vec![
                "Received: from mx.example.org".to_owned(),
                "Subject: as it came".to_owned(),
            ])),
            Question::Preview { message, part } => {
                let structure = self.structure(*message);
                let kind = structure
                    .find(part)
                    .map(|p| p.kind.clone())
                    .unwrap_or_default();
                Answer::Preview(if kind == "text" {
                    Preview::Text(vec!["lazy is The the brown lazy".to_owned()])
                } else {
                    Preview::Words("PDF. Enter opens it.".to_owned())
                })
            }
            Question::Proposal(_) => Answer::Proposal(self.proposal),
            Question::MarkedDeleted(_) => {
                let marked = self.rows.iter().filter(|row| row.flags.has(Flags::DELETED));
                Answer::MarkedDeleted(marked.map(|row| row.key).collect())
            }
            Question::Select { criterion, .. } => {
                let has = |row: &&Row| match criterion {
                    Criterion::All => true,
                    Criterion::Status(State::Flagged) => row.flags.has(Flags::FLAGGED),
                    Criterion::Status(_) => !row.seen(),
                    Criterion::From(text) => row.envelope.from[0].address.contains(text),
                    Criterion::Text(text) => row.envelope.subject.to_lowercase().contains(text),
                    Criterion::List(list) => row.envelope.list_id == *list,
                    Criterion::Thread(key) => row.key == *key,
                    Criterion::Query(_) => row.size > 100,
                };
                let keys = self.rows.iter().filter(has).map(|row| row.key).collect();
                Answer::Select(keys, self.unindexed)
            }
            Question::Search(asked) => Answer::Search(Some(super::searching::found(self, asked))),
            Question::Far(_) => Answer::Far(self.far.clone()),
            Question::Snippet(_, text) => {
                Answer::Snippet(Some(format!("find the signed [{text}] attached")))
            }
            Question::Log => Answer::Log(Vec::new()),
            Question::Mutes => Answer::Mutes(self.mutes.clone()),
            Question::Needs => Answer::Needs(self.needs.clone()),
            Question::Resuming(_) => Answer::Resuming(self.resuming.clone()),
            Question::Outbox => Answer::Outbox(self.outbox.clone()),
            Question::Outgoing { id, .. } => self.leaving(*id),
            Question::AddressBook(text) => self.look_up(text),
            Question::Queue => Answer::Queue(self.queue.clone(), false),
            Question::Complete(text) => {
                Answer::Complete(vec![format!("{text}alpha/"), format!("{text}alps/")])
            }
            Question::Answering { .. } => Answer::Answering(self.answering.clone().map(Box::new)),
            Question::Keyring => Answer::Keyring(Ok("Secret Service".to_owned())),
            Question::Provider(address) => {
                Answer::Provider(address.ends_with("@example.test").then(|| Provider {
                    name: "example.test".to_owned(),
                    servers: Servers {
                        imap: server("imap.example.test", "993"),
                        smtp: server("smtp.example.test", "465"),
                    },
                    login: address.clone(),
                    note: String::new(),
                }))
            }
            _ => self.reply_to_composer(question),
        }
    }

    fn row(&self, key: MessageKey) -> Option<&Row> {
        self.rows.iter().find(|row| row.key == key)
    }

    fn document(&self, key: MessageKey) -> Document {
        self.documents
            .get(&key)
            .cloned()
            .unwrap_or_else(|| text(&["Hello.", "", "Bye."]))
    }

    fn structure(&self, key: MessageKey) -> Structure {
        self.structures
            .get(&key)
            .cloned()
            .unwrap_or_else(|| leaf("1", "text/plain", 400, ""))
    }

    pub fn changed(&mut self) {
        self.event(Event::Changed(Changed {
            folders: true,
            mailboxes: vec![MailboxKey(1)],
            ..Changed::default()
        }));
        self.drawn();
    }

    pub fn resize(&mut self, width: u16, height: u16) {
        self.event(Event::Resize(width, height));
        self.drawn();
    }

    pub fn frame(&self, theme: Theme) -> (Buffer, (u16, u16)) {
        let area = Rect::new(0, 0, self.app.layout.width, self.app.layout.height);
        let mut buffer = Buffer::empty(area);
        let cursor = draw(&self.app, theme, &mut buffer);
        (buffer, cursor)
    }

    /// The screen as text, blanks at line ends cut, and where the cursor is.
    pub fn screen(&self) -> String {
        let (buffer, cursor) = self.frame(Theme::Plain);
        let mut out = lines(&buffer).join("\n");
        out.push_str(&format!("\n[cursor {},{}]", cursor.0, cursor.1));
        out
    }

    /// The roles of the screen, a letter for each cell that is not plain text.
    pub fn roles(&self) -> String {
        let (buffer, _) = self.frame(Theme::Ansi16);
        let letters = [
            (Look::Title, 'T'),
            (Look::Unread, 'b'),
            (Look::Header, 'H'),
            (Look::Quote1, 'q'),
            (Look::Quote2, 'r'),
            (Look::Quote3, 's'),
            (Look::Link, 'l'),
            (Look::LinkAtCursor, 'L'),
            (Look::Emphasis, 'e'),
            (Look::Warning, 'w'),
        ];
        let area = buffer.area;
        let mut out = Vec::new();
        for y in 0..area.height {
            let mut line = String::new();
            for x in 0..area.width {
                let cell = &buffer[(x, y)];
                let look = letters.iter().find(|(role, _)| {
                    let style = Theme::Ansi16.style(*role);
                    style.fg.unwrap_or_default() == cell.fg && style.add_modifier == cell.modifier
                });
                line.push(look.map_or('.', |(_, letter)| *letter));
            }
            out.push(line.trim_end_matches('.').to_owned());
        }
        out.join("\n")
    }

    pub fn selected(&self) -> MessageKey {
        self.app.index.row().expect("a row is selected").key
    }
}

pub fn lines(buffer: &Buffer) -> Vec<String> {
    let area = buffer.area;
    (0..area.height)
        .map(|y| {
            let mut line = String::new();
            let mut skip = 0;
            for x in 0..area.width {
                if skip > 0 {
                    skip -= 1;
                    continue;
                }
                let symbol = buffer[(x, y)].symbol();
                skip = crate::mime::sanitize::width(symbol).saturating_sub(1);
                line.push_str(symbol);
            }
            line.trim_end().to_owned()
        })
        .collect()
}

pub fn server(host: &str, port: &str) -> Server {
    Server {
        host: host.to_owned(),
        port: port.to_owned(),
        ..Server::default()
    }
}

pub fn address(name: &str, spec: &str) -> Address {
    Address {
        name: name.to_owned(),
        address: spec.to_owned(),
    }
}

pub fn span(text: &str, role: Span_) -> Span {
    Span {
        text: Shown::body_line(text),
        role,
    }
}

pub fn text(lines: &[&str]) -> Document {
    Document {
        lines: lines
            .iter()
            .map(|line| Line {
                spans: vec![span(line, Span_::Text)],
                ..Line::default()
            })
            .collect(),
        ..Document::default()
    }
}

/// A message with a long quote and two links.
pub fn letter() -> Document {
    let mut document = text(&["Hello Alice,", ""]);
    for n in 1..=23 {
        document.lines.push(Line {
            spans: vec![span(&format!("quoted line {n}"), Span_::Quote(1))],
            quote: 1,
            ..Line::default()
        });
    }
    document.folds.push(Fold {
        first: 2,
        lines: 23,
        author: Shown::line("Tom O'Brien"),
    });
    document.lines.push(Line {
        spans: vec![
            span("Read more about the ", Span_::Text),
            span("sale[1]", Span_::Link(0)),
            span(" or browse the ", Span_::Text),
            span("catalogue[2]", Span_::Link(1)),
            span(".", Span_::Text),
        ],
        ..Line::default()
    });
    for n in 1..=40 {
        let line = format!("Line {n} of the letter.");
        document.lines.push(Line {
            spans: vec![span(&line, Span_::Text)],
            ..Line::default()
        });
    }
    for url in [
        "https://shop.example.com/sale",
        "https://shop.example.com/catalogue",
    ] {
        document.links.push(Target {
            target: url.to_owned(),
            shown: Shown::line(url),
            host: Shown::line("shop.example.com"),
            warning: None,
        });
    }
    document
}

pub fn row(key: i64, at: i64, from: &str, subject: &str, flags: &str) -> Row {
    let mut set = Flags::of(Flags::SEEN);
    for letter in flags.chars() {
        match letter {
            'N' => set.system &= !Flags::SEEN,
            'A' => set.system |= Flags::ANSWERED,
            'D' => set.system |= Flags::DELETED,
            '*' => set.system |= Flags::FLAGGED,
            'F' => set.insert("$Forwarded"),
            _ => {}
        }
    }
    Row {
        key: MessageKey(key),
        mailbox: MailboxKey(1),
        arrival: at,
        envelope: Envelope {
            date: Some(at),
            subject: subject.to_owned(),
            from: vec![address(from, "someone@example.org")],
            to: vec![address("Alice Example", "alice@example.test")],
            ..Envelope::default()
        },
        flags: set,
        attachments: flags.contains('@'),
        pending: flags.contains('~'),
        kept: Kept::All,
        size: 4711,
        thread: ThreadKey(0),
        tree: None,
    }
}

/// The mailbox of mock-up 2, followed by older mail up to 185 messages.
pub fn mailbox() -> Vec<Row> {
    let at = |days: i64, hour: i64, minute: i64| {
        NOW - 10 * 3600 - 40 * 60 - days * DAY + hour * 3600 + minute * 60
    };
    let list = [
        (at(0, 10, 37), "Carol New", "Brand new message", "N"),
        (at(0, 9, 2), "Priya Raghunathan", "Fwd: Budget thread", "A@"),
        (at(0, 8, 11), "דוד כהן", "שלום, פגישה מחר בבוקר", ""),
        (at(0, 7, 46), "Zoë Müller", "Train tickets", "*"),
        (at(0, 6, 8), "김철수", "Invoice 2026-019", "N@"),
        (
            at(0, 3, 8),
            "山田 太郎",
            "日本語の件名：会議のお知らせ（来週火曜日）のご連絡です",
            "N",
        ),
        (
            at(2, 9, 0),
            "ACME Weekly",
            "Your weekly deals are here!",
            "N",
        ),
        (
            at(2, 8, 0),
            "Maria Kowalczyk",
            "Invitation: Quarterly planning @ Tue 24 Nov 2026 at nine",
            "",
        ),
        (
            at(2, 7, 0),
            "Maria Kowalczyk",
            "Signed: key signing party",
            "",
        ),
        (
            at(2, 6, 0),
            "Tom O'Brien",
            "[PATCH 3/6] fix off-by-one in ring buffer",
            "F",
        ),
        (
            at(3, 9, 0),
            "Jean-Baptiste de la Tour",
            "Report draft v17",
            "@",
        ),
        (
            at(3, 8, 0),
            "Sven Ångström",
            "Lifetimes in async traits",
            "",
        ),
        (
            at(3, 7, 0),
            "Tom O'Brien",
            "Re: Lifetimes in async traits",
            "A",
        ),
        (at(4, 9, 0), "أحمد علي", "اجتماع الغد في الساعة العاشرة", ""),
        (
            at(4, 8, 0),
            "Priya Raghunathan",
            "Scan of the signed contract",
            "*N@",
        ),
        (at(7, 9, 0), "王小明", "会议纪要 — 第三季度", ""),
        (at(7, 8, 0), "Zoë Müller", "", ""),
        (
            at(8, 9, 0),
            "Sven Ångström",
            "A subject that is really very long, so long that it does not fit",
            "~",
        ),
        (at(8, 8, 0), "ACME Weekly", "HTML only: deals 15", "N"),
        (at(9, 8, 0), "Maria Kowalczyk", "Password reset", ""),
    ];
    let mut rows: Vec<Row> = list
        .iter()
        .enumerate()
        .map(|(n, (at, from, subject, flags))| row(1000 - n as i64, *at, from, subject, flags))
        .collect();
    for n in 0..165 {
        let flags = if n % 3 == 0 { "N" } else { "" };
        let subject = format!("Older message {n}");
        rows.push(row(
            900 - n,
            at(10 + n, 8, 0),
            "Sven Ångström",
            &subject,
            flags,
        ));
    }
    rows
}

pub fn mailbox_row(key: i64, name: &str, role: Option<Role>, unread: u64, total: u64) -> Mailbox {
    Mailbox {
        key: MailboxKey(key),
        name: name.to_owned(),
        delimiter: Some('/'),
        role,
        selectable: true,
        subscribed: true,
        listed: true,
        unread,
        flagged: 0,
        alone: crate::model::Alone::default(),
        total: Some(total),
        offline: "90 days".to_owned(),
    }
}

pub fn link(state: LinkState) -> Link {
    Link {
        pid: 1,
        state,
        done: 0,
        total: 0,
        since: NOW - 9480,
        next_try: None,
        why: String::new(),
    }
}

pub fn accounts(rows: &[Row]) -> Vec<Account> {
    let unread = rows.iter().filter(|row| !row.seen()).count() as u64;
    let mut lists = mailbox_row(7, "Lists", None, 0, 0);
    lists.selectable = false;
    let mut old = mailbox_row(12, "Old", None, 7, 9);
    (old.subscribed, old.listed) = (false, false);
    vec![
        Account {
            id: "alice".to_owned(),
            address: "alice@example.test".to_owned(),
            identities: vec![
                identity("alice", "Alice Example", "alice@example.test", "Alice"),
                identity("alice", "Alice at work", "alice@work.example", ""),
            ],
            kind: String::new(),
            link: Some(link(LinkState::Online)),
            synced: Some(NOW - 180),
            outbox: OutboxCount::default(),
            mailboxes: vec![
                mailbox_row(1, "INBOX", Some(Role::Inbox), unread, rows.len() as u64),
                mailbox_row(2, "Drafts", Some(Role::Drafts), 0, 2),
                mailbox_row(3, "Sent", Some(Role::Sent), 0, 4),
                mailbox_row(6, "Trash", Some(Role::Trash), 0, 1),
                lists,
                mailbox_row(8, "Lists/rust-users", None, 3, 25),
                mailbox_row(9, "Work", None, 3, 15),
                mailbox_row(10, "Work/Projects", None, 1, 9),
                mailbox_row(11, "Receipts", None, 0, 2),
                old,
            ],
        },
        Account {
            id: "bob".to_owned(),
            address: "bob@example.test".to_owned(),
            identities: vec![identity("bob", "Bob", "bob@example.test", "")],
            kind: String::new(),
            link: Some(link(LinkState::Offline)),
            synced: None,
            outbox: OutboxCount::default(),
            mailboxes: vec![mailbox_row(20, "INBOX", Some(Role::Inbox), 3, 12)],
        },
    ]
}
