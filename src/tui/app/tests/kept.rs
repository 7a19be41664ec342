//! Searches that are kept: named, listed, opened, renamed and deleted; and the list of fields.

use super::screens::shot;
use super::world::World;
use crate::model::{MailboxKey, SearchKey};
use crate::tui::app::Screen;
use crate::tui::app::event::Action;
use crate::tui::app::kept::{KeptChange, KeptSearch};
use crate::tui::app::search::Reach;

fn kept(key: i64, name: &str, text: &str, reach: Reach) -> KeptSearch {
    KeptSearch {
        key: SearchKey(key),
        name: name.to_owned(),
        text: text.to_owned(),
        reach,
    }
}

/// Two searches are kept.
fn world() -> World {
    let mut world = World::unstarted(80, 24, super::world::mailbox());
    world.searches = vec![
        kept(1, "Deals", "deals", Reach::Mailbox(MailboxKey(1))),
        kept(2, "Tickets", "ticket", Reach::All),
    ];
    world.start();
    world
}

/// The folder list, the cursor on a search.
fn at(name: &str) -> World {
    let mut world = world();
    world.press("L Home");
    for _ in 0..40 {
        if world
            .app
            .folders
            .search()
            .is_some_and(|one| one.name == name)
        {
            return world;
        }
        world.press("Dn");
    }
    panic!("{name} is not in {}", world.screen());
}

fn changes(world: &World) -> Vec<KeptChange> {
    let change = |(_, action): &(_, Action)| match action {
        Action::Kept(change) => Some(change.clone()),
        _ => None,
    };
    world.done.iter().filter_map(change).collect()
}

#[test]
fn a_search_is_kept_under_a_name_and_what_it_found_stays() {
    let mut world = world();
    world.press("/ /");
    world.type_text("contract");
    world.press("^S");
    assert!(
        world.screen().contains("Keep this search as: contract"),
        "{}",
        world.screen()
    );
    world.type_text("Contracts");
    world.press("Ret");
    let (name, text) = ("Contracts".to_owned(), "contract".to_owned());
    let reach = Reach::All;
    assert_eq!(changes(&world), [KeptChange::Keep { name, text, reach }]);
    assert!(
        world.screen().contains("SEARCH   all mail"),
        "{}",
        world.screen()
    );
}

#[test]
fn what_cannot_be_asked_again_is_not_kept_and_says_why() {
    let check = |typed: &str, keys: &str, words: &str| {
        let mut world = world();
        world.press("/");
        world.type_text(typed);
        world.press(keys);
        assert!(
            world.screen().contains(words),
            "{typed}: {}",
            world.screen()
        );
        assert!(
            world
                .screen()
                .contains(format!("Search INBOX: {typed}").trim_end()),
            "{typed}"
        );
        assert_eq!(changes(&world), []);
    };
    check("", "^S", "This cannot be kept: there is no word");
    check("ticket \"", "^S", "This cannot be kept: ");
    // Nothing is lost where the name is not given after all.
    check("ticket", "^S ^C", "Train tickets");
    check(
        "ticket",
        "^S ^U D e a l s Ret",
        "There is a search \"Deals\" already.",
    );
}

#[test]
fn a_kept_search_opens_as_a_list_of_what_is_found_now_and_esc_goes_back() {
    let mut world = at("Tickets");
    world.press("Ret");
    assert_eq!(world.app.screen, Screen::Index);
    assert!(
        world.screen().contains("SEARCH   Tickets: all mail"),
        "{}",
        world.screen()
    );
    assert!(world.screen().contains("Train tickets"));
    let row = super::world::row(2000, super::world::NOW, "Carol", "Two more tickets", "N");
    world.rows.insert(0, row);
    assert!(!world.screen().contains("Two more tickets"));
    world.press("^R");
    assert!(
        world.screen().contains("Two more tickets"),
        "{}",
        world.screen()
    );
    world.press("Esc");
    assert_eq!(world.app.screen, Screen::Folders);
    assert_eq!(world.app.folders.search().unwrap().name, "Tickets");
    // One of a folder looks there alone; what is typed then is another search.
    let mut world = at("Deals");
    world.press("Ret");
    assert!(
        world.screen().contains("SEARCH   Deals: INBOX"),
        "{}",
        world.screen()
    );
    world.press("/ s");
    assert!(
        !world.screen().contains("SEARCH   Deals"),
        "{}",
        world.screen()
    );
}

#[test]
fn a_kept_search_is_renamed_and_deleted_as_a_folder_is_and_is_none() {
    let mut world = at("Tickets");
    world.press("R");
    assert!(
        world
            .screen()
            .contains("New name of the search Tickets: Tickets")
    );
    world.type_text("Trains");
    world.press("Ret");
    assert!(world.screen().contains("Trains"));
    world.searches[1].name = "Trains".to_owned();
    world.press("D");
    assert!(!world.screen().contains("Trains"), "{}", world.screen());
    let key = SearchKey(2);
    let to = "Trains".to_owned();
    assert_eq!(
        changes(&world),
        [KeptChange::Rename { key, to }, KeptChange::Remove(key)]
    );
    let mut world = at("Tickets");
    world.press("Alt-s");
    assert!(
        world.screen().contains("This is a search, not a folder"),
        "{}",
        world.screen()
    );
    world.press("Alt-1 S");
    world.type_text("Tickets");
    world.press("Ret");
    assert!(
        world.screen().contains("is a search, not a folder"),
        "{}",
        world.screen()
    );
    let filed =
        |(_, action): &(_, Action)| matches!(action, Action::Move { .. } | Action::Copy { .. });
    assert!(!world.done.iter().any(filed));
}

#[test]
fn g_leads_to_a_kept_search() {
    let mut world = world();
    world.press("G");
    world.type_text("tick");
    world.press("Ret");
    assert!(
        world.screen().contains("SEARCH   Tickets"),
        "{}",
        world.screen()
    );
}

#[test]
fn the_list_of_fields_puts_one_into_the_line() {
    let mut world = world();
    world.press("/");
    world.type_text("ticket");
    world.press("^T");
    shot("search_fields_80x24", &world);
    world.press("Dn Dn Dn Dn Ret");
    let line = |world: &World| world.app.prompt.as_ref().unwrap().line().to_owned();
    assert_eq!(line(&world), "ticket subject:");
    assert_eq!(world.app.screen, Screen::Index);
    world.type_text("train");
    assert_eq!(line(&world), "ticket subject:train");
    world.press("^T ^T Ret");
    assert!(world.app.prompt.is_none(), "the list is closed again");
}

#[test]
fn the_folder_list_with_searches() {
    shot("folders_searches_80x24", &at("Tickets"));
    let mut world = at("Tickets");
    world.resize(120, 36);
    shot("folders_searches_120x36", &world);
}
