//! The README's key table is made from the command table, so that the two cannot drift apart.

use std::fs;
use std::path::PathBuf;

use lacebark::tui::app::command::{COMMANDS, Entry, Screen};

const BEGIN: &str = "<!-- keys: made from the command table; tests/it/readme.rs compares -->\n";
const END: &str = "<!-- /keys -->";

#[test]
fn every_command_has_its_row_in_the_readme() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = fs::read_to_string(&path).unwrap();
    let (head, rest) = text
        .split_once(BEGIN)
        .expect("README.md holds the mark of the key table");
    let (written, tail) = rest
        .split_once(END)
        .expect("README.md holds the end of the key table");
    let expected = table();
    if written == expected {
        return;
    }
    if std::env::var_os("LACEBARK_UPDATE").is_some() {
        fs::write(path, format!("{head}{BEGIN}{expected}{END}{tail}")).unwrap();
        return;
    }
    panic!(
        "the key table of README.md is not that of COMMANDS; run LACEBARK_UPDATE=1 cargo test --test it readme"
    );
}

fn table() -> String {
    let rows: String = COMMANDS.iter().map(row).collect();
    format!("\n| keys | what they do | where |\n|---|---|---|\n{rows}\n")
}

fn row(entry: &Entry) -> String {
    format!("| {} | {} | {} |\n", keys(entry), entry.help, places(entry))
}

fn keys(entry: &Entry) -> String {
    let shown = |key: &str| format!("`{}`", key.replace('|', "\\|"));
    match entry.keys {
        [first, .., last] if entry.keys.len() > 4 => format!("{} … {}", shown(first), shown(last)),
        few => few
            .iter()
            .map(|key| shown(key))
            .collect::<Vec<_>>()
            .join(" "),
    }
}

fn places(entry: &Entry) -> String {
    let on = |screen: Screen| entry.on.iter().any(|(place, _)| *place == screen);
    let names: Vec<&str> = Screen::ALL
        .into_iter()
        .filter(|screen| on(*screen))
        .map(|screen| match screen {
            Screen::Folders => "folders",
            Screen::Index => "index",
            Screen::Message => "message",
            Screen::Parts => "parts",
            Screen::Setup => "set-up",
            Screen::Help => "help",
            Screen::Log => "log",
            Screen::Attention => "attention",
            Screen::Menu => "menu",
        })
        .collect();
    match names.len() {
        7.. => "everywhere".to_owned(),
        _ => names.join(", "),
    }
}
