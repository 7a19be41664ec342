//! Clicks and the wheel.

use crate::model::{MailboxKey, MessageKey};
use crate::tui::app::Screen;
use crate::tui::app::event::{Button, Event};

use super::world::{World, letter, mailbox};

fn world(width: u16, height: u16) -> World {
    let mut world = World::unstarted(width, height, mailbox());
    for key in 980..=1000 {
        world.documents.insert(MessageKey(key), letter());
    }
    world.start();
    world
}

fn click(world: &mut World, x: u16, y: u16) {
    world.event(Event::Mouse(Button::Click, x, y));
    world.drawn();
}

#[test]
fn a_click_selects_and_a_second_one_opens() {
    let mut world = world(80, 24);
    click(&mut world, 30, 4);
    assert_eq!(
        (world.selected(), world.app.screen),
        (MessageKey(997), Screen::Index)
    );
    click(&mut world, 30, 4);
    assert_eq!(world.app.screen, Screen::Message);
    world.press("L");
    click(&mut world, 5, 9);
    click(&mut world, 5, 9);
    assert_eq!(world.app.index.one_mailbox(), Some(MailboxKey(2)));
    world.press("M");
    click(&mut world, 5, 4);
    assert_eq!(
        world.app.screen,
        Screen::Folders,
        "a row of the menu needs one click"
    );
}

#[test]
fn a_click_on_a_key_cell_is_that_key() {
    let mut world = world(80, 24);
    let screen = world.screen();
    let row = screen
        .lines()
        .position(|line| line.contains("D Delete"))
        .unwrap();
    let at = screen.lines().nth(row).unwrap().find("D Delete").unwrap();
    click(&mut world, at as u16 + 3, row as u16);
    assert!(world.app.index.find(MessageKey(1000)).is_none());
    world.press("S");
    let screen = world.screen();
    let row = screen
        .lines()
        .position(|line| line.contains("^C Cancel"))
        .unwrap();
    click(&mut world, 1, row as u16);
    assert!(world.app.prompt.is_none());
}

#[test]
fn the_wheel_scrolls_what_is_under_it() {
    let mut world = world(160, 45);
    world.wait(300);
    let wheel = |world: &mut World, x| {
        world.event(Event::Mouse(Button::WheelDown, x, 10));
        world.drawn();
    };
    let key = world.selected();
    wheel(&mut world, 120);
    assert_eq!(world.app.message.as_ref().unwrap().scroll, 3);
    assert_eq!((world.selected(), world.app.screen), (key, Screen::Index));
    wheel(&mut world, 40);
    assert_eq!(world.selected(), MessageKey(997));
    click(&mut world, 120, 10);
    assert_eq!(world.app.screen, Screen::Message);
    click(&mut world, 3, 4);
    assert_eq!(world.app.screen, Screen::Folders);
    world.event(Event::Mouse(Button::Click, 159, 44));
    world.event(Event::Mouse(Button::WheelUp, 0, 0));
}

#[test]
fn no_place_on_any_screen_is_too_much() {
    for (width, height) in [(1, 1), (20, 5), (40, 10), (80, 24), (120, 36), (160, 45)] {
        for keys in ["L", "Dn Ret", "Dn V", "?", "Alt-a", "M", "S", "D"] {
            let mut world = world(width, height);
            world.press(keys);
            for y in 0..height {
                for x in (0..width).step_by(7) {
                    for button in [Button::Click, Button::WheelUp, Button::WheelDown] {
                        world.event(Event::Mouse(button, x, y));
                    }
                }
            }
            world.frame(crate::tui::screen::theme::Theme::Mono);
        }
    }
}
