//! Keys on rows of all kinds of lists, over a real store with two accounts of two addresses each: what
//! is written about a message is from the address that it came to, in the account that has it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::config::{AccountSettings, Endpoint, Identity, Paths, Scheme, Settings};
use crate::env::fake;
use crate::mime::{envelope, header::Header};
use crate::model::query::Narrow;
use crate::model::{AccountKey, Draft, Flags, MailboxKey, MessageKey, OperationId};
use crate::model::{Query, Role, Uid};
use crate::ops::requests;
use crate::store::accounts::{AccountKind, ensure};
use crate::store::bodies::{self, BodyWriter};
use crate::store::mailboxes::{Epoch, Listed, record_list};
use crate::store::messages::{self, Arrived};
use crate::store::requests::{Progress, add_found, set_progress};
use crate::store::search::{Indexer, Step};
use crate::store::tests::{Bed, NOW, arrived, line};
use crate::tui::app::event::{Action, Changed, Effect, Ended, Event, Now};
use crate::tui::app::far::Asked;
use crate::tui::app::key::Key;
use crate::tui::app::{App, Begin, Screen, begin, update};
use crate::tui::shell::desk::Desk;
use crate::tui::shell::kept;

const ZOE: &str = "zoe@x.example";
const LIST: &str = "list@x.example";

/// An account and an address of it.
type Writer = (&'static str, &'static str);

const WORK: Writer = ("work", "me@work.example");
const LEAD: Writer = ("work", "lead@work.example");
const HOME: Writer = ("home", "me@home.example");
const CLUB: Writer = ("home", "club@home.example");

/// A message: its name, its place, From, To, Cc, the message that it answers, and who writes about it.
type Mail = (&'static str, usize, [&'static str; 3], &'static str, Writer);

const WORK_INBOX: usize = 0;
const HOME_INBOX: usize = 1;
const HOME_SENT: usize = 2;

const MAILS: [Mail; 11] = [
    ("work", WORK_INBOX, [ZOE, WORK.1, LIST], "", WORK),
    ("lead", WORK_INBOX, [ZOE, LIST, LEAD.1], "", LEAD),
    // One message to both accounts: each has one of it.
    ("both1", WORK_INBOX, [ZOE, WORK.1, CLUB.1], "", WORK),
    ("both2", HOME_INBOX, [ZOE, WORK.1, CLUB.1], "", CLUB),
    ("home", HOME_INBOX, [ZOE, HOME.1, LIST], "", HOME),
    ("club", HOME_INBOX, [ZOE, CLUB.1, LIST], "", CLUB),
    (
        "unnamed",
        HOME_INBOX,
        [ZOE, LIST, "tom@y.example"],
        "",
        HOME,
    ),
    ("sent", HOME_SENT, [CLUB.1, ZOE, LIST], "", CLUB),
    // A conversation goes on in the other account.
    ("answer", WORK_INBOX, [CLUB.1, LEAD.1, LIST], "club", CLUB),
    ("later", WORK_INBOX, [ZOE, LEAD.1, LIST], "answer", LEAD),
    // Its text is on the server alone.
    ("far", HOME_INBOX, [ZOE, LIST, CLUB.1], "", CLUB),
];

fn writer_of(name: &str) -> Writer {
    MAILS.iter().find(|mail| mail.0 == name).unwrap().4
}

/// What a message is as text. Both of one message have one Message-ID.
fn text_of((name, _, [from, to, cc], above, _): Mail) -> String {
    let id = name.trim_end_matches(['1', '2']);
    let references = match above {
        "" => String::new(),
        above => format!("References: <{above}@x.example>\r\n"),
    };
    format!(
        "From: {from}\r\nTo: {to}\r\nCc: {cc}, ann@y.example\r\nSubject: About {name}\r\n\
         Message-ID: <{id}@x.example>\r\n{references}List-Post: <mailto:{LIST}>\r\n\r\n\
         Under the lacebark.\r\n"
    )
}

fn arrives(uid: u32, mail: Mail) -> Arrived {
    Arrived {
        flags: Flags::of(Flags::FLAGGED),
        envelope: Some(envelope::of_header(&Header::parse(
            text_of(mail).as_bytes(),
        ))),
        ..arrived(uid, mail.0)
    }
}

fn settings() -> Settings {
    let account = |id: &str, first: Writer, second: Writer| {
        let endpoint = Endpoint::parse(Scheme::Imap, "imaps://imap.x.example").unwrap();
        AccountSettings {
            smtp: Some(Endpoint::parse(Scheme::Smtp, "smtps://smtp.x.example").unwrap()),
            identities: vec![Identity {
                name: String::new(),
                address: second.1.to_owned(),
                reply_to: None,
                signature: String::new(),
            }],
            ..AccountSettings::imap(id, first.1, endpoint)
        }
    };
    Settings {
        accounts: vec![account("work", WORK, LEAD), account("home", HOME, CLUB)],
        ..Settings::default()
    }
}

/// The program at its keys, with a store behind it; what it sends is kept.
struct Play {
    bed: Bed,
    desk: Desk,
    app: App,
    mono: u64,
    keys: BTreeMap<&'static str, MessageKey>,
    home: AccountKey,
    inbox: MailboxKey,
    sent: Vec<Draft>,
}

impl Play {
    fn new() -> Self {
        let bed = Bed::new();
        let (work, first) = (bed.account, bed.inbox);
        let (home, inbox, keys) = bed.put(move |tx| {
            let named = |name: &str, role| Listed {
                role: Some(role),
                ..line(name)
            };
            let home = ensure(tx, "home", AccountKind::Imap)?;
            let inbox = named("INBOX", Role::Inbox);
            let mut places = Vec::new();
            for (account, lines) in [
                (work, vec![named("Archive", Role::Archive), inbox.clone()]),
                (home, vec![inbox, named("Sent", Role::Sent)]),
            ] {
                places.push(record_list(tx, account, &lines)?.new);
            }
            let places = [first, places[1][0], places[1][1]];
            let mut keys = BTreeMap::new();
            for (uid, mail) in (1..).zip(MAILS) {
                let one = arrives(uid, mail);
                let key = messages::insert(tx, places[mail.1], Epoch(1), &[one])?[0];
                keys.insert(mail.0, key);
                let content = messages::get(tx, key)?.content;
                let whole = text_of(mail);
                let piece = match mail.0 {
                    "far" => BodyWriter::whole(content, "HEADER", b"Subject: About far\r\n\r\n"),
                    _ => BodyWriter::whole(content, "", whole.as_bytes()),
                };
                bodies::store(tx, &piece)?;
            }
            Ok((home, places[HOME_INBOX], keys))
        });
        let paths = Paths::below(bed.folder.path());
        let path = paths.search_db();
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut indexer = Indexer::begin(&bed.store, &path).unwrap().unwrap();
        while indexer.step().unwrap() != Step::All {}
        drop(indexer);
        let (env, _) = fake::world(bed.folder.path()).unwrap();
        let settings = Arc::new(Mutex::new(settings()));
        let desk = Desk::new(bed.store.clone(), settings, paths, true, env.secrets);
        let now = Now { wall: NOW, mono: 0 };
        let mut play = Self {
            app: App::new(Begin::plain((80, 24), |_| 0), now),
            bed,
            desk,
            mono: 0,
            keys,
            home,
            inbox,
            sent: Vec::new(),
        };
        let effects = begin(&mut play.app);
        play.carry_out(effects);
        play
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        let mut effects = VecDeque::from(effects);
        while let Some(effect) = effects.pop_front() {
            let event = match effect {
                Effect::Ask(ticket, question) => {
                    Event::Answer(ticket, Box::new(self.desk.answer(&question)))
                }
                Effect::Act(ticket, action) => Event::Ended(ticket, self.ended(action)),
                _ => continue,
            };
            effects.extend(self.update(event));
        }
    }

    fn update(&mut self, event: Event) -> Vec<Effect> {
        self.mono += 1;
        let (wall, mono) = (NOW, self.mono);
        update(&mut self.app, event, Now { wall, mono })
    }

    fn event(&mut self, event: Event) {
        for event in [event, Event::Drawn] {
            let effects = self.update(event);
            self.carry_out(effects);
        }
    }

    fn ended(&mut self, action: Action) -> Ended {
        let mut queued = |drafts: Vec<Draft>| {
            self.sent.extend(drafts);
            Ended::Queued {
                operations: vec![OperationId(1)],
                at: NOW + 10,
            }
        };
        match action {
            Action::Send { draft, .. } => queued(vec![*draft]),
            Action::SendAll(drafts) => queued(drafts),
            Action::Kept(change) => kept::change(&self.bed.store, change)(),
            Action::AskServers(query) => Ended::ServersAsked(vec![self.far(&query.text)]),
            _ => Ended::Done(String::new()),
        }
    }

    /// The server of home finds what is not kept of it.
    fn far(&self, text: &str) -> Asked {
        let store = &self.bed.store;
        let patience = Duration::from_secs(600);
        let query = Query::parse(text).unwrap();
        let asked = requests::search(store, self.home, None, &query, patience);
        let (request, inbox) = (asked.wait().unwrap(), self.inbox);
        let uid = MAILS.iter().position(|mail| mail.0 == "far").unwrap() + 1;
        let uids = [Uid(u32::try_from(uid).unwrap())].into_iter().collect();
        self.bed.put(move |tx| {
            let place = (inbox, Epoch(1));
            add_found(tx, request, place, &uids, &Narrow::default(), 100)?;
            set_progress(tx, request, &Progress::Done)
        });
        let account = "home".to_owned();
        Asked { account, request }
    }

    fn press(&mut self, keys: &str) {
        for name in keys.split(' ') {
            self.event(Event::Key(Key::parse(name).unwrap()));
        }
    }

    fn type_text(&mut self, text: &str) {
        for letter in text.chars() {
            self.press(&letter.to_string());
        }
    }

    /// Lets time pass until nothing is due any more that has to do with servers.
    fn wait(&mut self, millis: u64) {
        let until = self.mono + millis;
        while let Some(at) = self.app.next_timer().filter(|at| *at <= until) {
            self.mono = self.mono.max(at);
            self.event(Event::Tick);
        }
        self.mono = self.mono.max(until);
    }

    /// Runs a command by its name.
    fn command(&mut self, name: &str) {
        self.press(".");
        self.type_text(name);
        self.press("Ret");
    }

    /// Puts the cursor of the index on a message.
    fn at(&mut self, name: &str) {
        let key = self.keys[name];
        self.press("Home");
        for _ in 0..MAILS.len() {
            if self.app.index.row().map(|row| row.key) == Some(key) {
                return;
            }
            self.press("Dn");
        }
        panic!("{name} is not in the list");
    }

    /// Who writes what these keys begin, which is then thrown away; `None` where they begin nothing.
    fn writes(&mut self, keys: &str) -> Option<(String, String)> {
        self.sent.clear();
        self.press(keys);
        if self.app.screen.is_composer() {
            let draft = self.app.compose.current().unwrap().draft();
            self.press("^C");
            if self.app.prompt.is_some() {
                self.press("d");
            }
            assert!(self.app.compose.open.is_empty());
            return Some((draft.account, draft.from.address));
        }
        assert!(self.app.prompt.is_none(), "{:?}", self.app.prompt);
        let sent = self.sent.pop()?;
        Some((sent.account, sent.from.address))
    }

    /// Everything that writes about the message at the cursor does so from there.
    fn check(&mut self, place: &str, name: &str) {
        let (account, address) = writer_of(name);
        let screen = self.app.screen;
        for keys in ["R s", "R a", "R l", "F t", "F a", "B z @ x Ret"] {
            if (name, keys) == ("far", "R l") {
                // Where answers to the list go is not known before its header is here.
                continue;
            }
            let wanted = Some((account.to_owned(), address.to_owned()));
            let got = self.writes(keys);
            assert_eq!(got, wanted, "{keys} on {name} in {place}, {screen:?}");
            assert_eq!(self.app.screen, screen, "{keys} on {name} in {place}");
        }
    }
}

/// How to get to a list, and what is in it.
type Place = (&'static str, fn(&mut Play), &'static [&'static str]);

const INBOXES: &[&str] = &[
    "work", "lead", "both1", "both2", "home", "club", "unnamed", "answer", "later", "far",
];
const ALL: &[&str] = &[
    "work", "lead", "both1", "both2", "home", "club", "unnamed", "sent", "answer", "later", "far",
];

fn search(play: &mut Play) {
    play.press("Alt-1 / /");
    play.type_text("lacebark");
    play.wait(2_000);
}

const PLACES: [Place; 8] = [
    (
        "the INBOX of work",
        |play| play.press("Alt-1"),
        &["work", "lead", "both1", "answer", "later"],
    ),
    (
        "the INBOX of home",
        |play| play.press("Alt-2"),
        &["home", "club", "both2", "unnamed", "far"],
    ),
    ("All inboxes", |play| play.press("Alt-0"), INBOXES),
    ("All unread", |play| play.command("all-unread"), ALL),
    ("All flagged", |play| play.command("all-flagged"), ALL),
    (
        "All inboxes by sender",
        |play| play.press("Alt-0 $ f"),
        INBOXES,
    ),
    (
        "what a search found",
        |play| {
            search(play);
            play.press("Ret <");
        },
        ALL,
    ),
    (
        "a kept search",
        |play| {
            search(play);
            play.press("^S");
            play.type_text("Bark");
            play.press("Ret Esc");
            let folders = true;
            play.event(Event::Changed(Changed {
                folders,
                ..Changed::default()
            }));
            play.press("L Home");
            while play.app.folders.search().is_none() {
                play.press("Dn");
            }
            play.press("Ret");
            play.wait(2_000);
        },
        ALL,
    ),
];

#[test]
fn what_is_written_about_a_row_of_any_list_is_from_the_address_that_it_came_to() {
    for (place, go, names) in PLACES {
        let mut play = Play::new();
        go(&mut play);
        for name in names {
            play.at(name);
            play.check(place, name);
        }
        let rows = play.app.index.rows.len();
        assert_eq!(rows, names.len(), "{place} is looked at whole");
        // The same where it is read.
        for name in names {
            play.at(name);
            play.press("Ret");
            assert_eq!(play.app.screen, Screen::Message, "{place}");
            play.check(place, name);
            play.press("<");
        }
    }
}

#[test]
fn in_a_conversation_over_two_accounts_each_message_is_answered_from_its_own() {
    let mut play = Play::new();
    let names = ["club", "answer", "later"];
    let keys = names.map(|name| play.keys[name]);
    for inbox in ["Alt-1", "Alt-2", "Alt-0"] {
        play.press(inbox);
        play.press("$ h Home");
        // One of them stands for all where they are folded.
        let row = |play: &Play| play.app.index.row().map(|row| row.key);
        while row(&play).is_none_or(|row| !keys.contains(&row)) {
            let before = row(&play);
            play.press("Dn");
            assert_ne!(row(&play), before, "they are in {inbox}");
        }
        play.press("Ret");
        assert_eq!(play.app.screen, Screen::Thread);
        for (at, name) in names.into_iter().enumerate() {
            play.press("Home");
            for _ in 0..at {
                play.press("N");
            }
            let here = play.app.thread.as_ref().and_then(|thread| thread.key());
            assert_eq!(here, Some(play.keys[name]));
            play.check(inbox, name);
            play.press(">");
            play.check(inbox, name);
            play.press("<");
        }
        play.press("<");
    }
}

#[test]
fn what_is_applied_to_a_selection_is_from_its_address_and_not_from_that_of_the_cursor() {
    for (place, go, names) in PLACES.into_iter().skip(2).step_by(2) {
        for (chosen, cursor) in [
            (&["club"][..], "work"),
            (&["lead"][..], "home"),
            (&["lead", "later"][..], "home"),
            (&["both2", "far", "sent"][..], "lead"),
        ] {
            let is_there = |name: &&str| names.contains(name);
            if !chosen.iter().chain([&cursor]).all(is_there) {
                continue;
            }
            for keys in ["A r s", "A f", "A b z @ x Ret"] {
                let mut play = Play::new();
                go(&mut play);
                for name in chosen {
                    play.at(name);
                    play.press(":");
                }
                play.at(cursor);
                let writer = writer_of(chosen[0]);
                let wanted = Some((writer.0.to_owned(), writer.1.to_owned()));
                let mut keys = keys.to_owned();
                match (chosen.len(), keys.as_str()) {
                    // One message is asked how.
                    (1, "A f") => keys.push_str(" a"),
                    // Several are asked for once more.
                    (2.., "A b z @ x Ret") => keys.push_str(" y"),
                    _ => {}
                }
                let got = play.writes(&keys);
                assert_eq!(
                    got, wanted,
                    "{keys} for {chosen:?} beside {cursor} in {place}"
                );
                let all = play.sent.iter();
                let same =
                    |one: &Draft| (one.account.as_str(), one.from.address.as_str()) == writer;
                assert!(all.clone().all(same), "{keys} for {chosen:?} in {place}");
            }
        }
    }
}
