//! The program killed at every write, to its store or to the server, while it sends; and sending from
//! a disk that fails at any write. What arrives is counted at the server: nothing is lost, nothing is
//! there twice (SAFETY R1, R11, R12).

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use lacebark::model::OperationId;
use lacebark::store::outgoing;

use crate::harness::fake_smtp::Script;
use crate::harness::is_long;
use crate::outbox_cuts::Bed;
use crate::safety_load::shim;

/// What happens at the `at`th write to the store or the network.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Killed,
    DiskFull,
}

/// Runs the program with that fate; its exit code, none when it was killed, and how many writes it
/// came to if it ended by itself.
fn fated(
    bed: &Bed,
    shim: &Path,
    args: &[&str],
    input: &str,
    (at, fate): (usize, Fate),
) -> (Option<i32>, usize) {
    let count = bed.home.path("count");
    let _ = std::fs::remove_file(&count);
    let mut command = bed.home.command(args);
    command
        .env("LD_PRELOAD", shim)
        .env("LACEBARK_FAIL_BELOW", bed.home.data())
        .env("LACEBARK_FAIL_AT", at.to_string())
        .env("LACEBARK_FAIL_COUNT", &count)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    match fate {
        Fate::Killed => command
            .env("LACEBARK_FAIL_WITH", "0")
            .env("LACEBARK_FAIL_SOCKETS", "1"),
        Fate::DiskFull => command.env("LACEBARK_FAIL_WITH", "28"),
    };
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // It may be dead before it has read all.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let code = child.wait().unwrap().code();
    let tried = std::fs::read_to_string(count).unwrap_or_default();
    (code, tried.trim().parse().unwrap_or(0))
}

fn is_whole(bed: &Bed, what: &str) {
    let sql = rusqlite::Connection::open(bed.home.data().join("mail.db")).unwrap();
    let check = "PRAGMA integrity_check";
    let verdict: String = sql.query_row(check, [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok", "{what}");
}

/// `sync` with that fate at each write in turn; how it ended, how often.
fn swept(fate: Fate, step: usize) -> Option<(usize, BTreeMap<&'static str, usize>)> {
    let shim = shim()?;
    let bed = Bed::new(Script::default());
    let mut ends = BTreeMap::new();
    let mut rounds = 0;
    for at in (1..).step_by(step) {
        let (id, words) = bed.queue(&["bob@example.test"]);
        let (_, tried) = fated(&bed, shim, &["sync"], "", (at, fate));
        let what = format!("{fate:?} at write {at}");
        is_whole(&bed, &what);
        *ends.entry(bed.ends(id, &words, &what)).or_default() += 1;
        rounds += 1;
        if tried > 0 && tried < at {
            break;
        }
    }
    let delivered = bed.fake.delivered();
    assert!(delivered.len() <= rounds, "{} of {rounds}", delivered.len());
    Some((rounds, ends))
}

#[test]
fn r1_r12_killed_before_every_write_the_outbox_loses_nothing_and_sends_nothing_twice() {
    let step = if is_long() { 1 } else { 2 };
    let Some((rounds, ends)) = swept(Fate::Killed, step) else {
        return;
    };
    println!("killed before every {step}. write: {rounds} rounds, {ends:?}");
    assert!(rounds * step > 20, "only {rounds} rounds");
    for end in ["waits", "unsure", "sent"] {
        assert!(ends.contains_key(end), "{end}: {ends:?}");
    }
}

#[test]
fn r1_r11_on_a_disk_that_is_full_from_any_write_on_nothing_is_sent_twice() {
    let step = if is_long() { 1 } else { 3 };
    let Some((rounds, ends)) = swept(Fate::DiskFull, step) else {
        return;
    };
    println!("full from every {step}. write on: {rounds} rounds, {ends:?}");
    assert!(rounds * step > 20, "only {rounds} rounds");
    assert!(
        ends.contains_key("waits") && ends.contains_key("sent"),
        "{ends:?}"
    );
}

#[test]
fn r1_r12_send_killed_before_every_write_has_queued_its_message_or_not() {
    let Some(shim) = shim() else {
        return;
    };
    let bed = Bed::new(Script::default());
    let step = if is_long() { 1 } else { 3 };
    let (mut none, mut some) = (0, 0);
    for at in (1..).step_by(step) {
        let id = format!("{at}.send@example.test");
        let words = format!("Message-ID: <{id}>");
        let message = format!("To: bob@example.test\nSubject: {at}\n{words}\n\nx\n");
        let (code, tried) = fated(&bed, shim, &["send", "-t"], &message, (at, Fate::Killed));
        let what = format!("killed at write {at}");
        is_whole(&bed, &what);
        let reader = bed.store.reader().unwrap();
        let queued: Vec<OperationId> = outgoing::list(&reader, None)
            .unwrap()
            .iter()
            .filter(|out| out.message_id == id)
            .map(|out| out.operation)
            .collect();
        drop(reader);
        match queued.as_slice() {
            // It was never in the outbox, or everybody has it.
            [] => {
                assert!(bed.copies(&words) <= 1, "{what}");
                assert!(code != Some(0) || bed.copies(&words) == 1, "{what}: lost");
                none += 1;
            }
            [one] => {
                bed.ends(*one, &words, &what);
                some += 1;
            }
            more => panic!("{what}: {more:?}"),
        }
        if tried > 0 && tried < at {
            assert_eq!((code, bed.copies(&words)), (Some(0), 1), "{what}");
            break;
        }
    }
    assert!(none > 3 && some > 3, "{none} not queued, {some} queued");
}
