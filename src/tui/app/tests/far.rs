//! What servers find of a search: asked after a pause, below a line, and never in the way.

use super::screens::shot;
use super::world::World;
use crate::model::{List, MessageKey, RequestId};
use crate::tui::app::Screen;
use crate::tui::app::event::{Action, Changed, Ended, Event, Ticket};
use crate::tui::app::far::{Asked, FarFound, Stand};
use crate::tui::app::search::Reach;

/// Servers of two accounts are asked, or that of the one that is meant.
pub fn asked(world: &World) -> Ended {
    let stands = world.far.stands.iter();
    let asked = |(n, (account, _)): (i64, &(String, Stand))| Asked {
        account: account.clone(),
        request: RequestId(n),
    };
    Ended::ServersAsked((1..).zip(stands).map(asked).collect())
}

fn searching(place: &str, done: u32, total: u32) -> Stand {
    let place = place.to_owned();
    Stand::Searching { place, done, total }
}

fn stands(stands: &[(&str, Stand)], keys: &[i64]) -> FarFound {
    let one = |(account, stand): &(&str, Stand)| ((*account).to_owned(), stand.clone());
    FarFound {
        stands: stands.iter().map(one).collect(),
        keys: keys.iter().copied().map(MessageKey).collect(),
    }
}

fn done(total: u32) -> Stand {
    let words = String::new();
    Stand::Done { total, words }
}

/// All mail is searched for a word that some subjects have, and nobody types any more.
fn searched(width: u16, height: u16, word: &str, far: FarFound) -> World {
    let mut world = World::new(width, height);
    world.far = far;
    world.press("/ /");
    world.type_text(word);
    world.wait(600);
    world
}

fn told(world: &mut World, far: FarFound) {
    world.far = far;
    let requests = true;
    world.event(Event::Changed(Changed {
        requests,
        ..Changed::default()
    }));
}

fn wishes(world: &World) -> Vec<(Ticket, String, Reach)> {
    let wish = |(ticket, action): &(Ticket, Action)| match action {
        Action::AskServers(query) => Some((*ticket, query.text.clone(), query.reach.clone())),
        _ => None,
    };
    world.done.iter().filter_map(wish).collect()
}

fn stopped(world: &World) -> Vec<Ticket> {
    let stop = |(_, action): &(Ticket, Action)| match action {
        Action::Stop(what) => Some(*what),
        _ => None,
    };
    world.done.iter().filter_map(stop).collect()
}

fn rows(world: &World) -> Vec<String> {
    world.screen().lines().skip(1).map(str::to_owned).collect()
}

fn line_of(world: &World) -> Option<usize> {
    rows(world)
        .iter()
        .position(|row| row.contains("on the server"))
}

#[test]
fn servers_are_asked_once_half_a_second_after_the_last_letter() {
    let mut world = World::new(80, 24);
    world.far = stands(&[("alice", searching("", 0, 0))], &[]);
    world.press("/ /");
    world.type_text("mess");
    world.wait(400);
    world.type_text("age");
    world.wait(400);
    assert_eq!(wishes(&world), []);
    world.wait(200);
    world.wait(5_000);
    let wishes = wishes(&world);
    assert_eq!(wishes.len(), 1, "{wishes:?}");
    assert_eq!(
        (wishes[0].1.as_str(), &wishes[0].2),
        ("message", &Reach::All)
    );
    assert_eq!(stopped(&world), []);
}

#[test]
fn a_server_that_says_nothing_is_told_of_after_a_second_without_any_other_event() {
    for stand in [Stand::Waiting, searching("", 0, 0)] {
        let mut world = searched(80, 24, "budget", stands(&[("alice", stand)], &[]));
        assert_eq!(line_of(&world), None);
        world.wait(700);
        assert_eq!(line_of(&world), None);
        world.wait(500);
        let row = line_of(&world).unwrap();
        assert!(
            rows(&world)[row].contains("(waiting for alice)"),
            "{}",
            world.screen()
        );
    }
}

#[test]
fn a_letter_and_every_way_out_take_back_what_was_asked() {
    let check = |keys: &str| {
        let mut world = searched(
            80,
            24,
            "message",
            stands(&[("alice", searching("Archive", 1, 4))], &[981]),
        );
        assert_eq!(stopped(&world).len(), 0, "{keys}");
        let wish = wishes(&world)[0].0;
        world.press(keys);
        assert_eq!(stopped(&world), [wish], "{keys}");
    };
    for keys in ["s", "^U", "Esc", "^C", "Ret < Esc", "Ret < Q"] {
        check(keys);
    }
    // Also what was not told yet when the program ends.
    let far = stands(&[("alice", searching("Archive", 1, 4))], &[]);
    let mut world = searched(80, 24, "message", far);
    world.event(Event::Closing);
    assert_eq!(stopped(&world).len(), 1);
}

#[test]
fn what_is_not_a_whole_query_is_not_asked_of_servers() {
    for text in ["me", "me message\"", "is:unread", "message OR", "larger:2k"] {
        let far = stands(&[("alice", done(3))], &[981]);
        let world = searched(80, 24, text, far);
        assert_eq!(wishes(&world), [], "{text}");
        assert_eq!(line_of(&world), None, "{text}");
    }
}

#[test]
fn what_servers_find_comes_below_a_line_and_moves_nothing() {
    let mut world = searched(
        80,
        24,
        "lifetimes",
        stands(&[("alice", searching("INBOX", 0, 4))], &[]),
    );
    world.press("Dn");
    let (before, here) = (rows(&world), world.selected());
    let line = line_of(&world).expect("a line");
    assert!(
        before[line].contains("(searching INBOX, 1 of 4 folders)"),
        "{before:?}"
    );
    assert_eq!(line, 2, "below the two that are here");
    told(
        &mut world,
        stands(&[("alice", searching("Work", 2, 4))], &[981, 900]),
    );
    let after = rows(&world);
    assert_eq!((&after[..line], world.selected()), (&before[..line], here));
    assert!(
        after[line].contains("(searching Work, 3 of 4 folders)"),
        "{after:?}"
    );
    assert!(after[line + 1].contains("Password reset"), "{after:?}");
    assert!(world.screen().contains("2 found in 6 ms, 2 on the server"));
    // The cursor goes on over the line, and a newer one above it leaves it on its row.
    world.press("Dn Dn");
    assert_eq!(world.selected(), MessageKey(900));
    let at = rows(&world).iter().position(|row| row.starts_with('>'));
    told(&mut world, stands(&[("alice", done(4))], &[991, 981, 900]));
    assert_eq!(world.selected(), MessageKey(900));
    assert_eq!(at, Some(4));
    assert!(
        rows(&world)[line].contains("(4 folders searched)"),
        "{:?}",
        rows(&world)
    );
    assert_eq!(stopped(&world).len(), 1, "what is answered is removed");
}

#[test]
fn what_is_here_too_is_shown_once() {
    let far = stands(&[("alice", done(2))], &[989, 981, 988]);
    let world = searched(80, 24, "lifetimes", far);
    // The list itself: rows of the index are looked up by key, and one that stands twice is one.
    let Some(List::Keys(list)) = world.app.index.view.as_ref().map(|view| &view.list) else {
        panic!("no list of what was found");
    };
    let keys: Vec<i64> = list.keys.iter().map(|key| key.0).collect();
    assert_eq!(keys, [989, 988, 981]);
}

#[test]
fn a_row_below_the_line_is_opened_and_marked_as_any_other() {
    let far = stands(&[("alice", done(2))], &[981]);
    let mut world = searched(80, 24, "lifetimes", far);
    world.press("Dn Dn Ret");
    assert_eq!(world.app.screen, Screen::Message);
    assert!(
        world.screen().contains("Password reset"),
        "{}",
        world.screen()
    );
    world.press("<");
    assert!(line_of(&world).is_some(), "{}", world.screen());
    assert_eq!(world.selected(), MessageKey(981));
}

#[test]
fn a_new_letter_drops_what_servers_found_for_the_line_before() {
    let far = stands(&[("alice", done(2))], &[981]);
    let mut world = searched(80, 24, "lifetime", far);
    assert!(
        world
            .app
            .index
            .rows
            .iter()
            .any(|row| row.key == MessageKey(981))
    );
    world.slow = true;
    world.type_text("s");
    assert!(line_of(&world).is_some(), "nothing jumps before the answer");
    world.catch_up();
    assert_eq!(line_of(&world), None);
    assert!(
        world
            .app
            .index
            .rows
            .iter()
            .all(|row| row.key != MessageKey(981))
    );
}

#[test]
fn what_was_not_searched_is_one_line_and_keys_go_on() {
    let why = "sign-in refused".to_owned();
    let far = stands(&[("alice", Stand::Failed(why)), ("bob", done(3))], &[]);
    let mut world = searched(80, 24, "lifetimes", far);
    let line = line_of(&world).expect("a line");
    let shown = rows(&world);
    assert!(
        shown[line].contains("(nothing more in 3 folders)"),
        "{shown:?}"
    );
    assert!(
        shown[line + 1].contains("alice was not searched: sign-in refused"),
        "{shown:?}"
    );
    assert!(world.app.prompt.is_some());
    world.press("Dn");
    assert_eq!(world.selected(), MessageKey(988));
}

#[test]
fn where_everything_is_kept_there_is_no_line() {
    let world = searched(80, 24, "lifetimes", stands(&[("alice", done(0))], &[]));
    assert_eq!(line_of(&world), None);
}

#[test]
fn the_screen_of_what_servers_find() {
    for (width, height) in [(80, 24), (120, 36), (40, 10)] {
        let far = stands(
            &[("alice", searching("Archive", 1, 4)), ("bob", done(2))],
            &[991, 981],
        );
        let world = searched(width, height, "lifetimes", far);
        shot(&format!("search_server_{width}x{height}"), &world);
        let why = Stand::Failed("connection refused".to_owned());
        let world = searched(width, height, "zebra", stands(&[("alice", why)], &[]));
        shot(&format!("search_server_gone_{width}x{height}"), &world);
    }
}
