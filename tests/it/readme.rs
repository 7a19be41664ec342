//! The README keeps its word: its key table is made from the command table, and its first command
//! ends in the demo.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lacebark::tui::app::command::{COMMANDS, Entry, Screen};

use crate::harness::program::Home;
use crate::harness::pty::Terminal;
use crate::harness::{find, skip};

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
        [] => format!("`.` {}", entry.name),
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
            Screen::Queue => "queue",
            Screen::Compose => "text being written",
            Screen::ComposeHead => "header being written",
            Screen::Composers => "list of what is being written",
            Screen::Send => "sending",
            Screen::Outbox => "outbox",
            Screen::Outgoing => "message of the outbox",
            Screen::Book => "address book",
            Screen::Card => "entry of the address book",
            Screen::Files => "choosing files",
            Screen::Thread => "thread",
        })
        .collect();
    match names.len() {
        7.. => "everywhere".to_owned(),
        _ => names.join(", "),
    }
}

/// The first command of the README, and what of it installs packages.
fn first_command(readme: &str) -> (&str, &str) {
    let (_, rest) = readme.split_once("```sh\n").unwrap();
    let (block, _) = rest.split_once("```").unwrap();
    block.trim().split_once(" && ").unwrap()
}

/// What follows the packages is typed as it stands, by a person with an empty home.
#[test]
fn the_first_command_ends_in_the_demo_and_leaves_nothing_behind() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("README.md")).unwrap();
    let (install, run) = first_command(&text);
    assert!(install.contains("apt-get install") && run.starts_with("cargo run"));
    // A build of its own profile takes minutes; tests/run asks for it.
    if std::env::var_os("LACEBARK_README").is_none() {
        eprintln!("left to tests/run: {run}");
        return;
    }
    let absent = ["cc", "pkg-config"].iter().any(|name| find(name).is_none());
    if absent {
        return skip("the packages of the README's first command are not installed");
    }
    let home = Home::new();
    let real = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    let of = |name: &str, default: &str| {
        std::env::var_os(name).map_or_else(|| real.join(default), PathBuf::from)
    };
    let path = PathBuf::from(std::env::var_os("PATH").unwrap());
    let (cargo, rustup) = (of("CARGO_HOME", ".cargo"), of("RUSTUP_HOME", ".rustup"));
    let target = of("CARGO_TARGET_DIR", "");
    let (folder, temp) = (home.path("empty"), home.path("tmp"));
    fs::create_dir(&folder).unwrap();
    let mut env = vec![
        ("HOME", folder.as_path()),
        ("TMPDIR", &temp),
        ("PATH", &path),
        ("CARGO_HOME", &cargo),
        ("RUSTUP_HOME", &rustup),
        // What only makes it faster, and takes minutes to build, is left out here.
        ("CARGO_PROFILE_RELEASE_LTO", Path::new("off")),
        ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", Path::new("16")),
    ];
    if std::env::var_os("CARGO_TARGET_DIR").is_some() {
        env.push(("CARGO_TARGET_DIR", &target));
    }
    let typed = format!("cd '{}' && {run}", root.display());
    let mut screen = Terminal::start(Path::new("/bin/sh"), &["-c", &typed], &env, 24, 80);
    let minutes = Duration::from_secs(15 * 60);
    screen.wait("the demo", minutes, |screen| {
        let text = screen.contents();
        text.contains("INBOX") && text.contains("Help")
    });
    screen.settle(Duration::from_millis(500));
    screen.quit();
    for folder in [&folder, &temp] {
        let left: Vec<_> = fs::read_dir(folder).unwrap().flatten().collect();
        assert!(left.is_empty(), "{left:?}");
    }
}
