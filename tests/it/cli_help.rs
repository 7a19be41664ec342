//! The reference of the command line: what is built, and nothing else.

use std::fmt::Write as _;

use crate::cli::Home;

const COMMANDS: [&str; 53] = [
    "",
    "demo",
    "open",
    "setup",
    "login",
    "logout",
    "status",
    "account",
    "account list",
    "account show",
    "account test",
    "account remove",
    "account on-server",
    "account prune",
    "sync",
    "mailbox",
    "mailbox list",
    "mailbox create",
    "mailbox rename",
    "mailbox delete",
    "mailbox subscribe",
    "mailbox unsubscribe",
    "list",
    "search",
    "show",
    "save",
    "compose",
    "send",
    "flag",
    "move",
    "copy",
    "archive",
    "delete",
    "expunge",
    "undo",
    "mute",
    "mute list",
    "mute add",
    "mute remove",
    "import",
    "import mbox",
    "import maildir",
    "import eml",
    "export",
    "export mbox",
    "export maildir",
    "export eml",
    "queue",
    "queue list",
    "queue retry",
    "queue drop",
    "completions",
    "man",
];

#[test]
fn the_help_of_every_command_is_the_reference() {
    let home = Home::new();
    let mut all = String::new();
    for command in COMMANDS {
        let run = home.run(&format!("{command} --help"));
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{command}");
        // The options that every command takes are told once.
        let own = match run.out.split_once("\nGlobal options:") {
            Some((own, _)) if !command.is_empty() => own,
            _ => &run.out,
        };
        let _ = writeln!(all, "$ lacebark {command} --help\n{own}");
    }
    insta::assert_snapshot!("help", all);
}

#[test]
fn every_command_of_the_help_is_in_the_reference() {
    let home = Home::new();
    for parent in ["", "account", "mailbox", "queue"] {
        let help = home.run(&format!("{parent} --help")).out;
        let commands = help
            .lines()
            .skip_while(|line| *line != "Commands:")
            .skip(1)
            .take_while(|line| line.starts_with("  "))
            .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
            .filter(|word| !word.is_empty() && *word != "unflag");
        for word in commands {
            let command = format!("{parent} {word}");
            let command = command.trim();
            let inside = |c: &&str| *c == command || c.starts_with(&format!("{command} "));
            assert!(COMMANDS.iter().any(inside), "{command}");
        }
    }
}

#[test]
fn a_wrong_line_is_a_usage_error_and_touches_nothing() {
    let home = Home::new();
    for line in [
        "nothing",
        "send --wait --queue-only",
        "show",
        "show x",
        "show 0",
        "show 1 --raw --html",
        "list --limit 0",
        "flag --as a(b 1",
        "setup --address a@b.example --offline 5x",
        "queue retry",
        "move 1",
        "mailbox create x --role inbox",
        "completions tcsh",
        "--unknown",
    ] {
        let run = home.run(line);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{line}: {run:?}");
        assert!(run.err.starts_with("error: "), "{line}: {run:?}");
    }
    assert_eq!(std::fs::read_dir(home.path("data")).unwrap().count(), 0);
}

#[test]
fn p14_an_argument_reaches_the_terminal_in_visible_form() {
    let home = Home::new();
    let run = home.finish(&mut home.command(["show", "\u{1b}]0;x\u{7}\u{202e}"]), "");
    assert_eq!(run.code, 2);
    assert!(
        !run.err.contains(['\u{1b}', '\u{7}', '\u{202e}']),
        "{run:?}"
    );
}

#[test]
fn the_version_is_the_crates() {
    let run = Home::new().run("--version");
    assert_eq!(run.out, format!("lacebark {}\n", env!("CARGO_PKG_VERSION")));
}
