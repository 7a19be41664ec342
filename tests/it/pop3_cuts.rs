//! The link cut at every octet, and the program killed at every write, while mail is fetched and
//! deleted on the server: each message is afterwards there or here, never neither, never twice
//! (SAFETY R11, R12, R20).

use std::path::Path;
use std::process::Stdio;

use crate::harness::fake_pop3::{Script, Uidls};
use crate::harness::is_long;
use crate::pop3_bed::{Bed, mails};
use crate::safety_load::shim;

/// Cuts a look at each octet in turn, by `cut`; then lets one look end.
fn cut_everywhere(script: &Script, step: usize, cut: impl Fn(&mut Script, usize)) -> usize {
    let all = mails(&["a", "b", "c"]);
    let mut rounds = 0;
    for at in (0..).step_by(step) {
        let bed = Bed::new(script.clone(), "delete");
        for mail in &all {
            bed.fake.deliver(mail);
        }
        bed.fake.change(|script| cut(script, at));
        // A message over which the link broke is left out once, and the rest goes through.
        let whole = bed.sync().is_ok() && bed.fake.maildrop().is_empty();
        let what = format!("cut at octet {at}");
        bed.fake.until_quiet();
        bed.never_neither(&all, &what);
        bed.fake.now(script.clone());
        bed.sync().unwrap_or_else(|error| panic!("{what}: {error}"));
        bed.sync().unwrap_or_else(|error| panic!("{what}: {error}"));
        bed.never_neither(&all, &what);
        assert!(bed.fake.maildrop().is_empty(), "{what}: left behind");
        rounds += 1;
        if whole {
            break;
        }
    }
    rounds
}

fn scripts() -> [Script; 2] {
    let nameless = Script {
        uidls: Uidls::None,
        ..Script::default()
    };
    [Script::default(), nameless]
}

#[test]
fn r20_cut_after_every_octet_that_the_server_says() {
    let step = if is_long() { 1 } else { 23 };
    for script in scripts() {
        let rounds = cut_everywhere(&script, step, |script, at| script.cut_said = Some(at));
        assert!(rounds * step > 800, "only {rounds} rounds");
    }
}

#[test]
fn r20_cut_after_every_octet_that_the_server_hears() {
    let step = if is_long() { 1 } else { 3 };
    for script in scripts() {
        let rounds = cut_everywhere(&script, step, |script, at| script.cut_heard = Some(at));
        assert!(rounds * step > 80, "only {rounds} rounds");
    }
}

#[test]
fn r20_cut_before_and_after_every_answer() {
    let all = mails(&["a", "b", "c"]);
    let mut answers = vec!["STAT", "UIDL", "LIST", "QUIT"];
    answers.extend(["RETR 1", "RETR 2", "RETR 3", "DELE 1", "DELE 2", "DELE 3"]);
    for answer in answers {
        for done in [false, true] {
            let bed = Bed::new(Script::default(), "delete");
            for mail in &all {
                bed.fake.deliver(mail);
            }
            bed.fake.change(|script| match done {
                false => script.cut_before = Some(answer.to_owned()),
                true => script.cut_after = Some(answer.to_owned()),
            });
            let what = format!("{answer} {done}");
            // A message over which the link broke is left out once, and the rest goes through.
            let outcome = bed.sync();
            assert_eq!(outcome.is_ok(), answer.starts_with("RETR"), "{what}");
            bed.never_neither(&all, &what);
            bed.fake.now(Script::default());
            bed.sync().unwrap();
            bed.never_neither(&all, &what);
            assert!(bed.fake.maildrop().is_empty(), "{what}");
            assert_eq!(bed.bytes().len(), 3, "{what}");
        }
    }
}

/// Runs `sync` of the program so that it fails at the `at`th write; how many it came to.
fn fated(bed: &Bed, shim: &Path, at: usize, killed: bool) -> usize {
    let count = bed.home.path("count");
    let _ = std::fs::remove_file(&count);
    let mut command = bed.home.command(&["sync"]);
    command
        .env("LD_PRELOAD", shim)
        .env("LACEBARK_FAIL_BELOW", bed.home.data())
        .env("LACEBARK_FAIL_AT", at.to_string())
        .env("LACEBARK_FAIL_COUNT", &count)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if killed {
        command
            .env("LACEBARK_FAIL_WITH", "0")
            .env("LACEBARK_FAIL_SOCKETS", "1");
    } else {
        command.env("LACEBARK_FAIL_WITH", "28");
    }
    command.status().unwrap();
    let tried = std::fs::read_to_string(count).unwrap_or_default();
    tried.trim().parse().unwrap_or(0)
}

fn fail_everywhere(step: usize, killed: bool) -> Option<usize> {
    let shim = shim()?;
    let all = mails(&["a", "b", "c"]);
    let mut rounds = 0;
    for at in (1..).step_by(step) {
        let bed = Bed::new(Script::default(), "delete");
        for mail in &all {
            bed.fake.deliver(mail);
        }
        let tried = fated(&bed, shim, at, killed);
        let what = format!("write {at}, killed: {killed}");
        let sql = rusqlite::Connection::open(bed.home.data().join("mail.db")).unwrap();
        let check = "PRAGMA integrity_check";
        let verdict: String = sql.query_row(check, [], |row| row.get(0)).unwrap();
        assert_eq!(verdict, "ok", "{what}");
        bed.fake.until_quiet();
        bed.never_neither(&all, &what);
        bed.sync().unwrap_or_else(|error| panic!("{what}: {error}"));
        bed.sync().unwrap();
        bed.never_neither(&all, &what);
        assert_eq!(bed.bytes().len(), 3, "{what}");
        assert!(bed.fake.maildrop().is_empty(), "{what}");
        rounds += 1;
        if tried > 0 && tried < at {
            break;
        }
    }
    Some(rounds)
}

#[test]
fn r12_r20_killed_before_every_write_each_message_is_there_or_here() {
    let step = if is_long() { 1 } else { 3 };
    let Some(rounds) = fail_everywhere(step, true) else {
        return;
    };
    println!("killed before every {step}. write: {rounds} rounds");
    assert!(rounds * step > 20, "only {rounds} rounds");
}

#[test]
fn r11_r20_on_a_disk_that_is_full_from_any_write_on_nothing_is_deleted_there() {
    let step = if is_long() { 1 } else { 3 };
    let Some(rounds) = fail_everywhere(step, false) else {
        return;
    };
    println!("full from every {step}. write on: {rounds} rounds");
    assert!(rounds * step > 10, "only {rounds} rounds");
}

/// A kill takes nothing from the disk that a power cut would, so the order itself is looked at.
#[test]
fn r20_every_write_is_synced_before_the_first_dele_is_sent() {
    let Some(shim) = shim() else { return };
    let bed = Bed::new(Script::default(), "delete");
    for mail in mails(&["a", "b", "c"]) {
        bed.fake.deliver(&mail);
    }
    let trace = bed.home.path("trace");
    let run = bed
        .home
        .command(&["sync"])
        .env("LD_PRELOAD", shim)
        .env("LACEBARK_FAIL_BELOW", bed.home.data())
        .env("LACEBARK_FAIL_TRACE", &trace)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(run.status.success(), "{run:?}");
    assert!(bed.fake.maildrop().is_empty());
    let trace = std::fs::read_to_string(trace).unwrap();
    let (before, _) = trace.split_once('D').expect("no DELE is in the trace");
    assert!(before.contains('w') && before.ends_with('s'), "{trace}");
}
