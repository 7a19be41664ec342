//! The address book: keys in, entries and messages out.

use crate::model::{Address, Contact, ContactKey, MessageKey, Recipient};
use crate::tui::app::Screen;
use crate::tui::app::book::{BookChange, BookEnd};
use crate::tui::app::event::{Action, Answer, Changed, Ended, Event};
use crate::tui::app::view::Card;
use crate::tui::screen::compose::Spot;

use super::world::{World, address};

fn contact(name: &str, nickname: &str, addresses: &[&str]) -> Contact {
    Contact {
        name: name.to_owned(),
        nickname: nickname.to_owned(),
        addresses: addresses.iter().map(|one| (*one).to_owned()).collect(),
        note: String::new(),
    }
}

pub fn cards() -> Vec<Card> {
    [
        contact("Carol New", "", &["carol@example.org"]),
        contact(
            "Tom O'Brien",
            "tom",
            &["tom@example.net", "tob@work.example"],
        ),
        contact("Tomasz Nowak", "", &["tomasz@example.pl"]),
        contact("Zoë Müller", "zoe", &["zoe@example.org"]),
        contact("山田 太郎", "", &["taro@example.jp"]),
    ]
    .into_iter()
    .zip(1..)
    .map(|(contact, key)| Card {
        key: ContactKey(key),
        contact,
    })
    .collect()
}

impl World {
    pub fn look_up(&self, text: &str) -> Answer {
        let text = text.to_lowercase();
        let fits = |card: &&Card| {
            let one = &card.contact;
            let all = format!("{} {} {:?}", one.name, one.nickname, one.addresses);
            all.to_lowercase().contains(&text)
        };
        Answer::AddressBook(self.cards.iter().filter(fits).cloned().collect())
    }

    /// Changes the address book as the store would.
    pub fn keep_card(&mut self, change: &BookChange) -> Ended {
        let next = ContactKey(self.cards.iter().map(|card| card.key.0).max().unwrap_or(0) + 1);
        let end = match change {
            BookChange::Keep { contact, .. }
                if contact.addresses.iter().any(|one| !one.contains('@')) =>
            {
                let why = "the address book does not take this: \"bobby\" is not an address";
                return Ended::Failed(format!("Not kept: {why}."));
            }
            BookChange::Keep { key, contact } => {
                let key = key.unwrap_or(next);
                self.cards.retain(|card| card.key != key);
                self.cards.push(Card {
                    key,
                    contact: (**contact).clone(),
                });
                BookEnd::Kept(key)
            }
            BookChange::Drop(key) => {
                let at = self.cards.iter().position(|card| card.key == *key);
                BookEnd::Gone(Box::new(self.cards.remove(at.unwrap()).contact))
            }
            BookChange::Take(who) => {
                let is_it = |card: &&Card| card.contact.addresses.contains(&who.address);
                let known = self.cards.iter().find(is_it).map(|card| card.key);
                if known.is_none() {
                    self.cards.push(Card {
                        key: next,
                        contact: contact(&who.name, "", &[&who.address]),
                    });
                }
                BookEnd::Taken {
                    key: known.unwrap_or(next),
                    who: who.clone(),
                    known: known.is_some(),
                }
            }
            BookChange::TakeFrom(keys) => BookEnd::ManyTaken {
                new: keys.len() - 1,
                known: 1,
            },
        };
        self.cards
            .sort_by(|a, b| a.contact.name.cmp(&b.contact.name));
        Ended::Book(end)
    }

    fn names(&self) -> Vec<&str> {
        let cards = self.app.book.cards.iter();
        cards.map(|card| card.contact.name.as_str()).collect()
    }

    fn card(&self) -> &Contact {
        &self.app.book.card().expect("an entry is selected").contact
    }
}

fn book() -> World {
    let mut world = World::new(80, 24);
    world.press("Alt-t");
    assert_eq!(world.app.screen, Screen::Book);
    world
}

fn changes(world: &World) -> Vec<&BookChange> {
    let all = world.done.iter().filter_map(|(_, action)| match action {
        Action::Book(change) => Some(change),
        _ => None,
    });
    all.collect()
}

#[test]
fn enter_writes_to_the_selected_entry_and_asks_where_it_has_several_addresses() {
    let mut world = book();
    world.press("Ret");
    let to = |world: &World| world.app.compose.current().unwrap().to.units.clone();
    let carol = Recipient::One(address("Carol New", "carol@example.org"));
    assert_eq!(to(&world), [carol]);
    assert_eq!(world.app.compose.current().unwrap().spot, Spot::Subject);
    let mut world = book();
    world.press("Dn C");
    assert!(world.app.compose.open.is_empty());
    assert!(
        world.screen().contains("Write to Tom O'Brien at"),
        "{}",
        world.screen()
    );
    world.press("Dn Ret");
    let tom = Recipient::One(address("Tom O'Brien", "tob@work.example"));
    assert_eq!(to(&world), [tom]);
}

#[test]
fn the_list_is_narrowed_by_each_letter_and_keeps_what_was_found() {
    let mut world = book();
    world.press("/ t");
    assert_eq!(world.names().len(), 3, "{:?}", world.names());
    world.press("o");
    assert_eq!(world.names(), ["Tom O'Brien", "Tomasz Nowak"]);
    // Arrows choose while the line is open; Enter closes it and the entry stays.
    world.press("Dn Ret");
    assert!(world.app.prompt.is_none());
    assert_eq!(world.card().name, "Tomasz Nowak");
    assert!(world.screen().contains("2 with \"to\""));
    world.press("Esc");
    assert_eq!(world.names().len(), 5);
    assert_eq!(world.app.screen, Screen::Book);
    world.press("Esc");
    assert_eq!(world.app.screen, Screen::Index);
    // What was typed and given up narrows nothing.
    world.press("Alt-t / z ^C");
    assert_eq!(world.names().len(), 5);
}

#[test]
fn letters_that_come_faster_than_answers_end_with_the_right_entries() {
    let mut world = book();
    world.slow = true;
    world.press("/ z o ë");
    assert_eq!(world.waiting.len(), 1, "one question at a time");
    world.catch_up();
    assert_eq!(world.names(), ["Zoë Müller"]);
}

#[test]
fn an_entry_is_changed_added_and_struck_out_and_u_takes_each_back() {
    let mut world = book();
    let before = world.cards.clone();
    world.press("Dn > Tab Tab ^U");
    world.type_text("tob");
    world.press("Tab Ret");
    assert_eq!(world.app.screen, Screen::Book);
    assert_eq!(
        (world.card().nickname.as_str(), world.names().len()),
        ("tob", 5)
    );
    world.press("+");
    world.type_text("Ada Lovelace");
    world.press("Tab");
    world.type_text("ada@example.org");
    world.press("^X");
    assert_eq!(world.card().name, "Ada Lovelace");
    assert!(world.app.status_words().contains("Ada Lovelace is added"));
    world.press("D");
    assert!(
        world
            .app
            .status_words()
            .starts_with("Deleted Ada Lovelace.")
    );
    assert!(!world.names().contains(&"Ada Lovelace"));
    world.press("U");
    assert!(world.names().contains(&"Ada Lovelace"));
    // It has another key now, so that its coming is not taken back; the change before that is.
    world
        .cards
        .retain(|card| card.contact.name != "Ada Lovelace");
    world.app.book.back.pop();
    world.press("U");
    assert_eq!(world.cards, before);
    world.press("U");
    assert!(world.app.status_words().contains("Nothing was changed"));
}

#[test]
fn what_is_no_entry_stays_in_the_form_with_the_reason() {
    let mut world = book();
    world.press("+");
    world.type_text("Bobby");
    world.press("Tab");
    world.type_text("bobby");
    world.press("^X");
    assert_eq!(world.app.screen, Screen::Card);
    assert!(world.screen().contains("\"bobby\" is not an address"));
    world.type_text("@example.org");
    assert!(!world.screen().contains("is not an address"));
    world.press("^X");
    assert_eq!(world.card().addresses, ["bobby@example.org"]);
}

#[test]
fn a_form_that_was_changed_asks_before_it_goes() {
    let mut world = book();
    world.press("> ^C");
    assert_eq!((world.app.screen, &world.app.prompt), (Screen::Book, &None));
    world.press("> x ^C");
    assert!(world.app.prompt.is_some());
    world.press("Ret");
    assert_eq!(world.app.screen, Screen::Card, "Enter loses nothing");
    world.press("Esc d");
    assert_eq!((world.app.screen, changes(&world).len()), (Screen::Book, 0));
    world.press("> x ^C k");
    assert_eq!(changes(&world).len(), 1);
    assert_eq!(world.card().name, "Carol Newx");
}

#[test]
fn t_takes_the_sender_by_one_enter_and_says_what_is_there_already() {
    let mut world = World::new(80, 24);
    let envelope = &mut world.rows[0].envelope;
    envelope.from = vec![address("Ada Lovelace", "ada@example.org")];
    envelope.cc = vec![
        address("Tom", "tom@example.net"),
        address("Alice at work", "Alice@Work.example"),
    ];
    let row = world.rows[0].clone();
    world.app.index.rows[0] = row;
    world.press("T");
    let screen = world.screen();
    assert!(
        screen.contains("> Ada Lovelace <ada@example.org>"),
        "{screen}"
    );
    assert!(
        !screen.to_lowercase().contains("alice@work"),
        "the user's own"
    );
    world.press("Ret");
    let taken: Address = address("Ada Lovelace", "ada@example.org");
    assert_eq!(changes(&world), [&BookChange::Take(taken)]);
    let words = world.app.status_words();
    assert!(words.contains("is in the address book now"), "{words}");
    world.press("T Dn Ret");
    let words = world.app.status_words();
    assert!(
        words.contains("tom@example.net> is in the address book already"),
        "{words}"
    );
    // In the open message the same.
    world.press("Ret T Ret");
    assert!(world.app.status_words().contains("already"));
    assert_eq!(world.app.screen, Screen::Message);
}

#[test]
fn t_takes_the_senders_of_all_selected_messages() {
    let mut world = World::new(80, 24);
    world.press(": Dn : T");
    let keys = vec![MessageKey(999), MessageKey(1000)];
    assert_eq!(changes(&world), [&BookChange::TakeFrom(keys.clone())]);
    assert_eq!(
        world.app.status_words(),
        "1 are in the address book now, 1 were already."
    );
    let mut world = World::new(80, 24);
    world.press(": Dn : Dn A t");
    assert_eq!(changes(&world), [&BookChange::TakeFrom(keys)]);
}

#[test]
fn entries_that_another_program_changes_are_shown() {
    let mut world = book();
    world.cards.remove(0);
    world.event(Event::Changed(Changed {
        contacts: true,
        ..Changed::default()
    }));
    assert_eq!(world.names().len(), 4);
}

#[test]
fn help_of_the_address_book_comes_back_to_it() {
    for keys in ["Alt-t", "Alt-t >", "Alt-o", "M"] {
        let mut world = World::new(80, 24);
        world.press(keys);
        let screen = world.app.screen;
        world.press("^G <");
        assert_eq!(world.app.screen, screen, "{keys}");
    }
}

#[test]
fn d1_names_of_an_address_book_reach_no_cell_raw() {
    for (width, height) in [(80, 24), (40, 10), (20, 4)] {
        for keys in ["Alt-t", "Alt-t >"] {
            let mut world = World::new(width, height);
            let bad = "a\x1b[2J\u{202e}b\r\nBcc: x";
            world.cards = vec![Card {
                key: ContactKey(1),
                contact: contact(bad, bad, &[bad]),
            }];
            world.press(keys);
            let screen = world.screen();
            let raw = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
            assert!(!screen.contains(raw), "{keys} at {width}: {screen:?}");
            assert_eq!(screen.lines().count(), usize::from(height) + 1);
        }
    }
}
