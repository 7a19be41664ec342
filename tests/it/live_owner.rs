//! Several processes over one store: which one syncs, what the others ask of it, and who takes over.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::harness::dovecot::Dovecot;
use crate::harness::house::{House, letter};
use crate::harness::program::Home;
use crate::harness::pty::Terminal;
use crate::harness::{SOON, eventually, lacebark};

/// A house with two letters.
fn house() -> Option<House> {
    House::with(&[
        ("INBOX", "Rings", "Text of Rings."),
        ("INBOX", "Seeds", "Text of Seeds."),
    ])
}

impl House {
    fn screen(&self) -> Terminal {
        let mut screen = self.home.terminal(&[], 24, 80);
        screen.wait_text("Rings");
        screen
    }

    /// A screen that owns the account.
    fn owner(&self) -> Terminal {
        let mut screen = self.screen();
        screen.wait_text("online");
        assert_eq!(self.status()["pid"], screen.pid());
        screen
    }

    fn status(&self) -> Value {
        let status = self.home.run(&["status", "--json"]).exits(0).json();
        status["accounts"][0].clone()
    }

    /// Who holds the account's lock, as its file says: a look that costs nothing, where the start of
    /// a `status` would be measured too.
    fn holder(&self) -> u32 {
        let lock = self.home.data().join("run/work.lock");
        let text = std::fs::read_to_string(lock).unwrap_or_default();
        text.trim().parse().unwrap_or_default()
    }

    fn id(&self, subject: &str) -> String {
        let list = self.home.run(&["list", "--json"]).exits(0).json();
        let messages = list["messages"].as_array().unwrap();
        let found = messages.iter().find(|m| m["subject"] == subject);
        found.unwrap_or_else(|| panic!("{subject}: {list}"))["id"].to_string()
    }

    fn flagged(&self, subject: &str) -> bool {
        let uid = if subject == "Rings" { 1 } else { 2 };
        let flags = self.server.client("alice").flags("INBOX", uid).unwrap();
        flags.contains(&"\\Flagged".to_owned())
    }
}

fn send(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

/// Waits until a process waits for the lock: it has a thread for that.
fn stands_by(pid: u32) {
    eventually("a process that stands by", SOON, || {
        let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
        tasks.flatten().any(|task| {
            std::fs::read_to_string(task.path().join("comm")).is_ok_and(|name| name == "lock\n")
        })
    });
}

fn starred(screen: &vt100::Screen, subject: &str) -> bool {
    let lines = screen.contents();
    lines
        .lines()
        .any(|l| l.contains(subject) && l.contains('*'))
}

/// A daemon with its standard error in a file; killed with the value.
struct Daemon {
    child: Child,
    said: PathBuf,
}

impl Daemon {
    fn start(home: &Home, more: &[&str]) -> Daemon {
        let said = home.path("watch.err");
        let out = home.path("watch.out");
        let mut args = vec!["sync", "--watch"];
        args.extend(more);
        let child = home
            .command(&args)
            .stdin(Stdio::null())
            .stdout(std::fs::File::create(out).unwrap())
            .stderr(std::fs::File::create(&said).unwrap())
            .spawn()
            .unwrap();
        Daemon { child, said }
    }

    fn said(&self) -> String {
        std::fs::read_to_string(&self.said).unwrap()
    }

    /// Ends it by a signal and hands back how long that took.
    fn end(mut self, signal: Signal) -> Duration {
        let start = Instant::now();
        send(self.child.id(), signal);
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        start.elapsed()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn r15_a_killed_owners_account_is_taken_over_at_once() {
    let Some(house) = house() else { return };
    let first = house.owner();
    let mut second = house.screen();
    second.wait_text("online");
    stands_by(second.pid());
    let start = Instant::now();
    send(first.pid(), Signal::KILL);
    eventually("the other one as holder", SOON, || {
        house.holder() == second.pid()
    });
    let took = start.elapsed();
    println!("killed to taken over, as the lock's file tells: {took:?}");
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert_eq!(house.status()["pid"], second.pid(), "as `status` tells");
    eventually("a connection of its own", SOON, || {
        house.status()["state"] == "online"
    });
    house.deliver("INBOX", "Later", "Text of Later.");
    second.wait_text("Later");
    drop(first);
    second.quit();
}

#[test]
fn a_second_screen_shows_the_owners_link_and_gets_texts_by_it() {
    let Some(house) = house() else { return };
    let mut first = house.owner();
    let mut second = house.screen();
    second.wait_text("online");
    let before = house.proxy.connections();
    second.press("\r");
    second.wait_text("Text of ");
    assert_eq!(house.proxy.connections(), before, "it asked the owner");
    second.press("*");
    first.wait("the star of the other screen", SOON, |screen| {
        screen.contents().contains('*')
    });
    eventually("the star on the server", SOON, || {
        house.flagged("Rings") || house.flagged("Seeds")
    });
    house.proxy.set(|faults| faults.refuse = true);
    house.proxy.cut_now();
    second.wait_text("offline since");
    second.press("<");
    house.proxy.set(|faults| faults.refuse = false);
    second.press("\x12");
    second.wait_text("online");
    second.quit();
    first.wait_text("online");
    first.quit();
}

#[test]
fn commands_beside_a_screen_do_all_that_they_do_alone() {
    let Some(house) = house() else { return };
    let home = &house.home;
    let mut screen = house.owner();
    let before = house.proxy.connections();
    let (rings, seeds) = (house.id("Rings"), house.id("Seeds"));
    let shown = home.run(&["show", &rings]).exits(0);
    assert!(shown.out.contains("Text of Rings."), "{shown:?}");
    home.run(&["save", &seeds]).exits(0);
    home.run(&["flag", &rings]).exits(0);
    assert!(house.flagged("Rings"), "sent when the command ends");
    house.deliver("INBOX", "Later", "Text of Later.");
    let synced = home.run(&["sync", "--json"]).exits(0).json();
    assert_eq!(synced["accounts"][0]["done"], true, "{synced}");
    house.id("Later");
    let make = ["mailbox", "create", "-u", "alice", "-s", "Trips"];
    house.server.doveadm(&make);
    house.deliver("Trips", "Train", "Text of Train.");
    let synced = home.run(&["sync", "--mailbox", "Trips"]).exits(0);
    assert!(synced.out.starts_with("work: "), "{synced:?}");
    let list = home.run(&["list", "Trips", "--json"]).exits(0).json();
    assert_eq!(list["messages"][0]["subject"], "Train", "{list}");
    let missing = home.run(&["sync", "--mailbox", "Nowhere"]).exits(1);
    assert!(missing.err.contains("Nowhere"), "{missing:?}");
    assert_eq!(house.proxy.connections(), before, "the owner did it all");

    house.proxy.set(|faults| faults.refuse = true);
    house.proxy.cut_now();
    eventually("off line", SOON, || house.status()["state"] == "offline");
    let later = house.id("Later");
    let sync = home.run(&["sync"]).exits(3);
    assert!(sync.err.contains("offline"), "{sync:?}");
    home.run(&["flag", &later]).exits(3);
    let show = home.run(&["show", &later]).exits(1);
    assert!(show.err.contains("is not kept here"), "{show:?}");
    house.proxy.set(|faults| faults.refuse = false);
    home.run(&["sync"]).exits(0);
    let queue = home.run(&["queue", "list", "--json"]).exits(0).json();
    assert_eq!(queue["operations"], serde_json::json!([]));
    screen.quit();
    home.run(&["sync"]).exits(0);
}

#[test]
fn a_scripts_flag_shows_at_once_whatever_its_environment_says() {
    let Some(house) = house() else { return };
    let mut screen = house.owner();
    for (subject, runtime) in [("Rings", true), ("Seeds", false)] {
        let id = house.id(subject);
        let mut flag = house.home.command(&["flag", &id]);
        if !runtime {
            // As cron starts it.
            flag.env_remove("XDG_RUNTIME_DIR");
        }
        let start = Instant::now();
        let mut child = flag.spawn().unwrap();
        let shown = screen.wait("the star", SOON, |screen| starred(screen, subject));
        let took = shown.saturating_duration_since(start);
        println!("start of `flag` to the row on the screen: {took:?}");
        assert!(took < Duration::from_secs(2), "{took:?}");
        assert!(child.wait().unwrap().success());
        assert!(house.flagged(subject), "sent when the command ends");
    }
    screen.quit();
}

#[test]
fn a_stopped_owner_is_told_of_and_loses_nothing() {
    let Some(house) = house() else { return };
    let home = &house.home;
    let mut first = house.owner();
    let mut second = house.screen();
    second.wait_text("online");
    let (rings, seeds) = (house.id("Rings"), house.id("Seeds"));
    send(first.pid(), Signal::STOP);
    let show = home.run(&["show", &rings]).exits(1);
    let name = format!("Process {}", first.pid());
    assert!(show.err.contains(&name), "{show:?}");
    assert!(show.err.contains("is stopped"), "{show:?}");
    let flag = home.run(&["flag", &seeds]).exits(3);
    assert!(flag.err.contains("is stopped"), "{flag:?}");
    home.run(&["sync"]).exits(1);
    // The second screen says so after its own deadline.
    second.press("\r");
    second.wait_text("Will be fetched when online.");
    second.press("l");
    second.wait_text("offline since");
    second.press("\x1bl");
    second.wait_text("does not answer: it is stopped");
    second.press("<");
    send(first.pid(), Signal::CONT);
    second.press("i\r");
    second.wait_text("Text of ");
    eventually("the flag on the server", SOON, || house.flagged("Seeds"));
    second.wait("the truth again", SOON, |screen| {
        screen.contents().contains("online")
    });
    second.quit();
    first.quit();
}

#[test]
fn r15_what_a_killed_owner_was_sending_is_sent_by_the_next() {
    let Some(house) = house() else { return };
    let home = &house.home;
    let first = house.owner();
    let mut second = house.screen();
    stands_by(second.pid());
    let (rings, seeds) = (house.id("Rings"), house.id("Seeds"));
    // The server does it, and the owner does not hear so in time.
    let slow = Duration::from_secs(3);
    house.proxy.set(|faults| faults.delay = slow);
    let mut flag = home.spawn(&["flag", &rings, &seeds]);
    eventually("the changes on their way", SOON, || {
        let queue = home.run(&["queue", "list", "--json"]).exits(0).json();
        queue["operations"][0]["state"] == "in-flight"
    });
    send(first.pid(), Signal::KILL);
    house.proxy.set(|faults| faults.delay = Duration::ZERO);
    let ended = flag.wait().unwrap();
    assert_eq!(ended.code(), Some(0), "who waited is answered");
    assert!(house.flagged("Rings") && house.flagged("Seeds"));
    let queue = home.run(&["queue", "list", "--json"]).exits(0).json();
    assert_eq!(queue["operations"], serde_json::json!([]));
    assert_eq!(house.status()["pid"], second.pid());
    drop(first);
    second.quit();
}

#[test]
fn who_is_not_found_any_more_makes_itself_found_again() {
    let Some(house) = house() else { return };
    let mut screen = house.owner();
    // As when the last session of a person ends while a program of theirs goes on.
    std::fs::remove_dir_all(house.home.path("run")).unwrap();
    std::fs::create_dir(house.home.path("run")).unwrap();
    let id = house.id("Rings");
    let mut flag = house.home.spawn(&["flag", &id]);
    let look = Duration::from_secs(40);
    screen.wait("the star", look, |screen| starred(screen, "Rings"));
    assert!(flag.wait().unwrap().success());
    let id = house.id("Seeds");
    let start = Instant::now();
    house.home.run(&["flag", &id]).exits(0);
    screen.wait("the next star", SOON, |screen| starred(screen, "Seeds"));
    let took = start.elapsed();
    assert!(took < Duration::from_secs(2), "{took:?}");
    screen.quit();
}

#[test]
fn r15_of_two_that_start_at_once_one_sends_each_row_and_once() {
    let Some(house) = house() else { return };
    let home = &house.home;
    home.run(&["sync"]).exits(0);
    let (rings, seeds) = (house.id("Rings"), house.id("Seeds"));
    let rounds = match std::env::var("LACEBARK_LONG") {
        Ok(_) => 100,
        Err(_) => 12,
    };
    println!("{rounds} rounds");
    for round in 0..rounds {
        house.proxy.set(|faults| faults.delay = Duration::ZERO);
        house.proxy.set(|faults| faults.refuse = true);
        let verb = if round % 2 == 0 { "flag" } else { "unflag" };
        home.run(&[verb, &rings]).exits(3);
        home.run(&[verb, "--as", "answered", &seeds]).exits(3);
        // Slow enough that the second one starts in each state of the first, from round to round.
        house.proxy.set(|faults| {
            faults.refuse = false;
            faults.delay = Duration::from_millis(60);
        });
        let stagger = Duration::from_millis(round % 12 * 50);
        let log = |n: usize| home.path(&format!("wire-{round}-{n}"));
        let starts = [0, 1].map(|n| {
            if n == 1 {
                std::thread::sleep(stagger);
            }
            let path = log(n);
            let args = ["sync", "--transcript", path.to_str().unwrap()];
            home.command(&args)
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        });
        for child in starts {
            let out = child.wait_with_output().unwrap();
            let err = String::from_utf8_lossy(&out.stderr).into_owned();
            assert_eq!(out.status.code(), Some(0), "round {round}: {err}");
        }
        let sent: Vec<String> = [0, 1].iter().flat_map(|n| stores(&log(*n))).collect();
        assert_eq!(sent.len(), 2, "round {round}: {sent:?}");
        assert_eq!(house.flagged("Rings"), verb == "flag", "round {round}");
        assert_eq!(house.proxy.together(), 0, "round {round}: two at once");
    }
}

/// The lines of a dialogue that change flags.
fn stores(transcript: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(transcript).unwrap_or_default();
    let sent = text.lines().filter(|line| line.contains("UID STORE"));
    sent.map(str::to_owned).collect()
}

#[test]
fn a_watch_is_quiet_outlives_the_server_and_ends_within_a_second() {
    let Some(mut house) = house() else {
        return;
    };
    for signal in [Signal::TERM, Signal::INT] {
        let watch = Daemon::start(&house.home, &[]);
        eventually("the watch on line", SOON, || {
            house.status()["state"] == "online"
        });
        assert_eq!(house.status()["pid"], watch.child.id());
        if signal == Signal::TERM {
            house.server.stop();
            eventually("off line", SOON, || house.status()["state"] == "offline");
            house.server.start_again();
            eventually("on line again", Duration::from_secs(60), || {
                house.status()["state"] == "online"
            });
        }
        let mut screen = house.screen();
        stands_by(screen.pid());
        assert_eq!(watch.said(), "");
        let took = watch.end(signal);
        println!("{signal:?} to the end of the watch: {took:?}");
        assert!(took < Duration::from_secs(1), "{signal:?}: {took:?}");
        eventually("the screen as holder", Duration::from_secs(1), || {
            house.holder() == screen.pid()
        });
        assert_eq!(house.status()["pid"], screen.pid(), "as `status` tells");
        screen.quit();
    }
    let out = std::fs::read_to_string(house.home.path("watch.out")).unwrap();
    assert_eq!(out, "");
}

/// An account whose password is asked for at each start, so that only a person can give it.
fn ask_house() -> Option<(Dovecot, Home)> {
    let server = Dovecot::start()?;
    server.deliver(
        "alice",
        "INBOX",
        &letter("Rings", "Text of Rings."),
        &[],
        None,
    );
    let home = Home::new();
    let url = format!("imaps://alice@localhost:{}", server.imaps_port());
    let ca = server.ca_file();
    let setup = [
        "setup",
        "--address",
        "alice@example.test",
        "--account",
        "work",
    ];
    let more = ["--imap", &url, "--keep", "ask", "--no-test"];
    let ca = ["--tls-ca-file", ca.to_str().unwrap()];
    home.run(&[&setup[..], &more, &ca].concat()).exits(0);
    Some((server, home))
}

fn state(home: &Home) -> String {
    let status = home.run(&["status", "--json"]).exits(0).json();
    status["accounts"][0]["state"].as_str().unwrap().to_owned()
}

fn login(home: &Home, password: &str) -> (Option<i32>, String) {
    let mut child = home
        .command(&["login", "work", "--password-stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    writeln!(stdin, "{password}").unwrap();
    drop(stdin);
    let out = child.wait_with_output().unwrap();
    let text = [out.stdout, out.stderr].concat();
    (
        out.status.code(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

#[test]
fn s1_s2_login_gives_a_running_watch_the_password_and_leaves_it_nowhere() {
    let Some((server, home)) = ask_house() else {
        return;
    };
    let log = home.path("log");
    let watch = Daemon::start(&home, &["-vv", "--log", log.to_str().unwrap()]);
    eventually("a need for a password", SOON, || {
        state(&home) == "sign-in-needed"
    });
    let sync = home.run(&["sync"]).exits(4);
    assert!(sync.err.contains("lacebark login work"), "{sync:?}");
    eventually("one word on standard error", SOON, || {
        watch.said().contains("work waits")
    });
    let password = server.password("alice").to_owned();
    let (code, text) = login(&home, "wrong-password");
    assert_eq!(code, Some(4), "{text}");
    let (code, text) = login(&home, &password);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("has signed in"), "{text}");
    home.run(&["sync"]).exits(0);
    assert_eq!(watch.said().matches("work waits").count(), 1);
    for folder in ["data", "run", "cache", "tmp"] {
        s2_no_file_holds(&home.path(folder), password.as_bytes());
    }
    for file in ["log", "watch.err", "watch.out", "config.toml"] {
        s2_no_file_holds(&home.path(file), password.as_bytes());
    }
    watch.end(Signal::TERM);
}

fn s2_no_file_holds(path: &Path, bytes: &[u8]) {
    if path.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            s2_no_file_holds(&entry.unwrap().path(), bytes);
        }
    } else if path.is_file() {
        let content = std::fs::read(path).unwrap();
        let held = content.windows(bytes.len()).any(|part| part == bytes);
        assert!(!held, "{}", path.display());
    }
}

#[test]
fn a_second_screen_answers_the_owners_need_for_a_password() {
    let Some((server, home)) = ask_house() else {
        return;
    };
    let mut first = home.terminal(&[], 24, 80);
    first.wait_text("sign-in needed");
    let mut second = home.terminal(&[], 24, 80);
    second.wait_text("sign-in needed");
    second.press("\x1ba");
    second.wait_text("The password is asked for");
    second.press("p");
    second.wait_text("New password for");
    second.press(&format!("{}\r", server.password("alice")));
    first.wait_text("online");
    let status = home.run(&["status", "--json"]).exits(0).json();
    assert_eq!(status["accounts"][0]["pid"], first.pid());
    eventually("the owner on line", SOON, || state(&home) == "online");
    second.wait_text("online");
}

/// The program under a shell with job control, which is what `^Z` goes back to.
fn under_a_shell(home: &Home) -> Terminal {
    let mut env = home.env();
    env.push(("PS1", "ready> ".into()));
    let env: Vec<(&str, &Path)> = env.iter().map(|(k, v)| (*k, v.as_path())).collect();
    let args = ["--norc", "--noprofile", "--noediting", "-i"];
    let mut shell = Terminal::start(Path::new("/bin/bash"), &args, &env, 24, 80);
    shell.wait_text("ready> ");
    shell.press(&format!("{}\r", lacebark().display()));
    shell.wait_text("Rings");
    shell.wait_text("online");
    shell
}

fn stop_by_key(shell: &mut Terminal) {
    shell.press("\x1a");
    // The word of an earlier stop stands there at once; only the shell that has noticed asks again.
    shell.wait("the shell's prompt", SOON, |screen| {
        let text = screen.contents();
        !screen.alternate_screen()
            && text.contains("Stopped")
            && text.trim_end().ends_with("ready>")
    });
}

fn go_on(shell: &mut Terminal) {
    shell.press("fg\r");
    shell.wait("the index again", SOON, |screen| {
        screen.alternate_screen() && screen.contents().contains("Rings")
    });
}

#[test]
fn r15_a_screen_that_a_key_stops_gives_its_account_up_and_takes_it_again() {
    let Some(house) = house() else { return };
    let mut shell = under_a_shell(&house.home);
    let first = house.holder();
    assert_ne!(first, 0);
    let rings = house.id("Rings");
    stop_by_key(&mut shell);
    assert_eq!(house.holder(), 0, "nobody owns it");
    let start = Instant::now();
    house.home.run(&["flag", &rings]).exits(0);
    let took = start.elapsed();
    println!("a flag beside a stopped screen: {took:?}");
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert!(house.flagged("Rings"));
    go_on(&mut shell);
    shell.wait("the star", SOON, |screen| starred(screen, "Rings"));
    eventually("the first as holder", SOON, || house.holder() == first);
    // Another screen takes over meanwhile, and keeps the account when the first one comes back.
    let mut second = house.screen();
    stands_by(second.pid());
    stop_by_key(&mut shell);
    eventually("the second as holder", SOON, || {
        house.holder() == second.pid()
    });
    go_on(&mut shell);
    stands_by(first);
    shell.wait_text("online");
    assert_eq!(house.holder(), second.pid());
    second.quit();
    eventually("the first as holder", SOON, || house.holder() == first);
    shell.press("q");
    shell.wait_text("ready> ");
}

#[test]
fn r17_what_a_stopped_screen_was_sending_is_sent_by_who_comes_next() {
    let Some(house) = house() else { return };
    let home = &house.home;
    let mut shell = under_a_shell(home);
    let slow = Duration::from_secs(3);
    house.proxy.set(|faults| faults.delay = slow);
    shell.press("*");
    eventually("the change on its way", SOON, || {
        let queue = home.run(&["queue", "list", "--json"]).exits(0).json();
        queue["operations"][0]["state"] == "in-flight"
    });
    stop_by_key(&mut shell);
    house.proxy.set(|faults| faults.delay = Duration::ZERO);
    home.run(&["sync"]).exits(0);
    let queue = home.run(&["queue", "list", "--json"]).exits(0).json();
    assert_eq!(queue["operations"], serde_json::json!([]));
    assert_ne!(house.flagged("Rings"), house.flagged("Seeds"));
    go_on(&mut shell);
    shell.wait_text("online");
    shell.press("q");
    shell.wait_text("ready> ");
}

#[test]
fn going_off_line_by_name_makes_no_connection_until_it_is_asked_for_again() {
    let Some(house) = house() else { return };
    let mut screen = house.owner();
    let seeds = house.id("Seeds");
    screen.press(".");
    screen.wait_text("Command:");
    screen.press("go-offline\r");
    screen.wait_text("offline (asked)");
    let before = house.proxy.connections();
    let flag = house.home.run(&["flag", &seeds]).exits(3);
    assert!(flag.err.contains("You asked to be off line"), "{flag:?}");
    // To sync would change nothing: that is asked of the screen, which was told to stay off line.
    assert!(!flag.err.contains("lacebark sync"), "{flag:?}");
    let sync = house.home.run(&["sync"]).exits(3);
    for said in [&flag.err, &sync.err] {
        let pid = format!("go-online on the screen of process {}", screen.pid());
        assert!(said.contains(&pid), "{said}");
    }
    screen.wait("the star", SOON, |screen| starred(screen, "Seeds"));
    screen.press("\x12");
    screen.wait_text("You asked to be off line");
    assert_eq!(house.proxy.connections(), before);
    assert!(!house.flagged("Seeds"));
    screen.press(".");
    screen.wait_text("Command:");
    screen.press("go-online\r");
    eventually("the flag at the server", SOON, || house.flagged("Seeds"));
    screen.wait_text("online");
    screen.quit();
}

#[test]
fn s1_a_logout_takes_the_password_from_who_works_with_it() {
    let Some((server, home)) = ask_house() else {
        return;
    };
    let mut screen = home.terminal(&[], 24, 80);
    screen.wait_text("sign-in needed");
    let password = server.password("alice").to_owned();
    let (code, text) = login(&home, &password);
    assert_eq!(code, Some(0), "{text}");
    screen.wait_text("online");
    home.run(&["sync"]).exits(0);
    let logout = home.run(&["logout", "work"]).exits(0);
    assert!(logout.out.contains("signed out"), "{logout:?}");
    screen.wait_text("sign-in needed");
    assert_eq!(state(&home), "sign-in-needed");
    home.run(&["sync"]).exits(4);
    let (code, text) = login(&home, &password);
    assert_eq!(code, Some(0), "{text}");
    screen.wait_text("online");
    screen.quit();
}
