//! The life of a link: sign-in, refusals, waiting, waking, going off line.

use super::server::{FULL, PLAIN, Server};
use super::*;
use crate::config::SecretError;
use crate::model::{Link, LinkState};
use crate::net::NetError;
use crate::store::requests::{Asked, Progress};
use crate::store::{links, requests};

pub(super) fn link_of(bed: &Bed) -> Option<Link> {
    let reader = bed.store.reader().unwrap();
    let account = accounts::find(&reader, "work").unwrap()?.key;
    links::get(&reader, account).unwrap()
}

/// Runs the account's task until `done`, looking after each commit; then stops it.
pub(super) fn run_until(
    bed: &Bed,
    signal: &Arc<Signal>,
    mut step: impl FnMut(&Arc<Signal>) -> bool,
) {
    guarded(async {
        let woken = Arc::new(tokio::sync::Notify::new());
        let tell = woken.clone();
        let _watch = bed.store.watch(move |_| tell.notify_one());
        let task = bed.task(signal.clone()).await;
        let running = tokio::spawn(task.run());
        while !step(signal) {
            woken.notified().await;
        }
        signal.ask(|wishes| wishes.stop = true);
        running.await.unwrap();
    });
}

#[test]
fn a_wrong_password_is_not_tried_again_and_the_right_one_ends_the_wait() {
    let bed = Bed::new(furnished(FULL));
    bed.server.world().password = "other".to_owned();
    let mut states = Vec::new();
    run_until(&bed, &Arc::default(), |signal| {
        let state = link_of(&bed).map(|link| link.state);
        if state == Some(LinkState::SignInNeeded) && states.last() != Some(&state) {
            let notices = bed.notices();
            assert!(notices[0].contains("wrong password"), "{notices:?}");
            // Time passes and nothing is tried; then a person gives another password.
            bed.fake.clock.advance(Duration::from_secs(7200));
            signal.ask(|wishes| wishes.secret = Some(Secret::new("other")));
        }
        states.push(state);
        state == Some(LinkState::Online)
    });
    let logins = bed.server.take_commands();
    let logins = logins.iter().filter(|c| c.starts_with("LOGIN")).count();
    assert_eq!(logins, 2);
    let reader = bed.store.reader().unwrap();
    let open = crate::store::notices::attention(&reader).unwrap();
    assert!(open.is_empty(), "{open:?}");
    assert_eq!(link_of(&bed), None, "nobody owns it any more");
}

#[test]
fn a_locked_keyring_is_asked_again_each_minute() {
    let bed = Bed::new(furnished(FULL));
    let locked = SecretError::Locked {
        why: "locked".to_owned(),
    };
    bed.fake.secrets.fail(Some(locked));
    let mut opened = false;
    run_until(&bed, &Arc::default(), |_| {
        let state = link_of(&bed).map(|link| link.state);
        if state == Some(LinkState::SignInNeeded) && !opened {
            opened = true;
            bed.fake.secrets.fail(None);
            bed.fake.clock.advance(Duration::from_secs(61));
        }
        state == Some(LinkState::Online)
    });
    assert!(opened);
}

#[test]
fn a_refused_connection_says_when_the_next_try_is_made() {
    let mut bed = Bed::new(Server::new(FULL));
    // The fake dialler refuses while it has no links.
    bed.env.dial = bed.fake.dial.clone();
    let mut tries = 0;
    run_until(&bed, &Arc::default(), |_| {
        let Some(link) = link_of(&bed).filter(|link| link.state == LinkState::Offline) else {
            return false;
        };
        let made = bed.fake.dial.asked().len();
        if made > tries {
            tries = made;
            let next = link.next_try.unwrap();
            assert!(link.why.contains("nobody listens"), "{link:?}");
            bed.fake.clock.advance(Duration::from_secs(
                u64::try_from(next - bed.store.now()).unwrap() + 1,
            ));
        }
        tries == 4
    });
    let told = bed.notices();
    assert_eq!(told.len(), 1, "one line for one outage: {told:?}");
}

#[test]
fn a_refused_certificate_needs_a_person_and_sends_nothing() {
    let mut bed = Bed::new(Server::new(FULL));
    bed.env.dial = bed.fake.dial.clone();
    bed.fake.dial.expect_link(Err(NetError::Certificate {
        host: "mail.example.org".to_owned(),
        refusal: crate::net::Refusal::Expired,
        why: "certificate has expired".to_owned(),
    }));
    run_until(&bed, &Arc::default(), |_| {
        link_of(&bed).is_some_and(|link| link.state == LinkState::CertificateRefused)
    });
    let reader = bed.store.reader().unwrap();
    let open = crate::store::notices::attention(&reader).unwrap();
    assert_eq!(open[0].notice.topic, "tls");
}

#[test]
fn new_mail_and_new_wishes_are_seen_while_idling() {
    let bed = Bed::new(furnished(FULL));
    let mut stage = 0;
    run_until(&bed, &Arc::default(), |signal| {
        let online = link_of(&bed).is_some_and(|link| link.state == LinkState::Online);
        match stage {
            0 if online => {
                bed.server.deliver("INBOX", "fresh", 300);
                stage = 1;
            }
            1 if online && bed.server.world().given.contains_key("INBOX/61") => {
                bed.wish(bed.message("INBOX", 61).key, seen());
                signal.ask(|wishes| wishes.work = true);
                stage = 2;
            }
            2 => {
                let world = bed.server.world();
                let pushed = world.boxes["INBOX"].mails[60].flags.has(Flags::SEEN);
                let reader = bed.store.reader().unwrap();
                return pushed && journal::all(&reader).unwrap().is_empty();
            }
            _ => {}
        }
        false
    });
    bed.assert_equal("after idling");
}

#[test]
fn r10_what_another_client_does_to_mailboxes_is_seen_at_a_key_and_by_itself() {
    for capabilities in [FULL, PLAIN] {
        let bed = Bed::new(furnished(capabilities));
        let held = |name: &str| {
            let reader = bed.store.reader().unwrap();
            let account = accounts::find(&reader, "work").unwrap().unwrap().key;
            let row = mailboxes::by_name(&reader, account, name).unwrap();
            row.map(|row| row.total)
        };
        let create = |name: &str| {
            bed.server.create(name, true);
            bed.server.deliver(name, "first", 300);
        };
        let mut stage = 0;
        run_until(&bed, &Arc::default(), |signal| {
            let online = link_of(&bed).is_some_and(|link| link.state == LinkState::Online);
            match stage {
                0 if online => {
                    create("New");
                    signal.ask(|wishes| wishes.sync_now = true);
                    stage = 1;
                }
                1 if held("New") == Some(1) => {
                    create("Newer");
                    bed.server.world().boxes.remove("New");
                    stage = 2;
                }
                2 if online => {
                    bed.fake.clock.advance(Duration::from_secs(301));
                    stage = 3;
                }
                3 => return held("Newer") == Some(1) && held("New").is_none(),
                _ => {}
            }
            false
        });
        let commands = bed.server.take_commands();
        let logins = commands.iter().filter(|c| c.starts_with("LOGIN"));
        assert_eq!(logins.count(), 1, "{capabilities}: {commands:?}");
    }
}

#[test]
fn a_person_gets_a_body_that_the_policy_does_not_keep() {
    let mut bed = Bed::new(furnished(FULL));
    bed.account.offline = Offline::Headers;
    let mut asked = None;
    run_until(&bed, &Arc::default(), |_| {
        let online = link_of(&bed).is_some_and(|link| link.state == LinkState::Online);
        let reader = bed.store.reader().unwrap();
        match asked {
            None if online => {
                let content = bed.message("INBOX", 30).content;
                let ask = bed.store.write(Priority::Person, move |tx| {
                    let account = accounts::find(tx, "work")?.unwrap().key;
                    let asked = Asked::FetchBody {
                        content,
                        section: String::new(),
                    };
                    requests::ask(tx, account, &asked, tx.now() + 600)
                });
                let id = ask.wait().unwrap();
                bed_wake(&bed);
                asked = Some((id, content));
                false
            }
            Some((id, content)) => {
                let request = requests::find(&reader, id).unwrap().unwrap();
                let bytes = bodies::read_whole(&reader, content, "").unwrap();
                request.progress == Progress::Done && bytes.is_some_and(|b| b.len() > 190_000)
            }
            None => false,
        }
    });
}

/// The supervisor wakes a task when requests change; here the deadline of IDLE does.
fn bed_wake(bed: &Bed) {
    bed.fake.clock.advance(Duration::from_secs(61));
}

#[test]
fn r16_a_suspend_reconnects_at_once() {
    let bed = Bed::new(furnished(FULL));
    let mut slept = false;
    run_until(&bed, &Arc::default(), |signal| {
        let online = link_of(&bed).is_some_and(|link| link.state == LinkState::Online);
        if online && !slept {
            slept = true;
            signal.ask(|wishes| wishes.slept = true);
        }
        let commands = &bed.server.world().commands;
        commands.iter().filter(|c| c.starts_with("LOGIN")).count() == 2 && online
    });
}

#[test]
fn r16_a_server_that_falls_silent_is_off_line_in_90_seconds() {
    const STEP: u64 = 15;
    let bed = Bed::new(furnished(FULL));
    guarded(async {
        let woken = Arc::new(tokio::sync::Notify::new());
        let tell = woken.clone();
        let _watch = bed.store.watch(move |_| tell.notify_one());
        let signal: Arc<Signal> = Arc::default();
        let running = tokio::spawn(bed.task(signal.clone()).await.run());
        let is = |state| link_of(&bed).is_some_and(|link| link.state == state);
        while !is(LinkState::Online) {
            woken.notified().await;
        }
        bed.server.world().silent = true;
        let mut passed = 0;
        while !is(LinkState::Offline) {
            bed.fake.clock.advance(Duration::from_secs(STEP));
            passed += STEP;
            // Nothing tells that the task has seen the time and does nothing about it; after its
            // share of the thread it has.
            for _ in 0..1000 {
                tokio::task::yield_now().await;
            }
            // By then it is seen; how long a commit takes on a busy machine is another matter.
            let patience = match passed < 90 + STEP {
                true => Duration::from_millis(300),
                false => Duration::from_secs(20),
            };
            let shown = tokio::time::timeout(patience, woken.notified());
            assert!(shown.await.is_ok() || passed < 90 + STEP, "{passed} s");
        }
        bed.server.world().silent = false;
        signal.ask(|wishes| wishes.stop = true);
        running.await.unwrap();
    });
}

/// After an hour and after a few seconds, with a goodbye and without.
#[test]
fn r16_r19_a_server_that_restarts_is_met_again_by_itself() {
    for (stood, words, most) in [
        (3_600, "* BYE shutting down\r\n", 3),
        (3_600, "", 3),
        (10, "* BYE [UNAVAILABLE] shutting down\r\n", 8),
    ] {
        let bed = Bed::new(furnished(FULL));
        let mut stage = 0;
        let mut next = None;
        run_until(&bed, &Arc::default(), |_| {
            let link = link_of(&bed);
            let state = link.as_ref().map(|link| link.state);
            match (stage, state) {
                (0, Some(LinkState::Online)) => {
                    stage = 1;
                    bed.fake.clock.advance(Duration::from_secs(stood));
                    bed.server.restart(words);
                }
                (1, Some(LinkState::Offline)) => {
                    stage = 2;
                    next = link
                        .and_then(|link| link.next_try)
                        .map(|at| at - bed.store.now());
                    bed.server.deliver("INBOX", "fresh", 300);
                    bed.fake.clock.advance(Duration::from_secs(9));
                }
                (2, Some(LinkState::Online)) => {
                    return bed.server.world().given.contains_key("INBOX/61");
                }
                _ => {}
            }
            false
        });
        let next = next.unwrap();
        assert!(
            (1..=most).contains(&next),
            "{words:?} after {stood} s: {next} s"
        );
        let told = bed.notices();
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(
            told[0].contains("shutting down"),
            !words.is_empty(),
            "{told:?}"
        );
    }
}

#[test]
fn going_off_line_closes_the_link_and_coming_back_makes_it_anew() {
    let bed = Bed::new(furnished(FULL));
    let mut stage = 0;
    run_until(&bed, &Arc::default(), |signal| {
        let state = link_of(&bed).map(|link| link.state);
        match (stage, state) {
            (0, Some(LinkState::Online)) => {
                signal.set_offline(true);
                stage = 1;
            }
            (1, Some(LinkState::OfflineAsked)) => {
                signal.set_offline(false);
                stage = 2;
            }
            (2, Some(LinkState::Online)) => return true,
            _ => {}
        }
        false
    });
}

#[test]
fn s1_a_logout_ends_the_session_and_forgets_the_password() {
    let bed = Bed::new(furnished(FULL));
    let mut stage = 0;
    run_until(&bed, &Arc::default(), |signal| {
        let Some(link) = link_of(&bed) else {
            return false;
        };
        match (stage, link.state) {
            (0, LinkState::Online) => {
                signal.ask(|wishes| wishes.forget = true);
                stage = 1;
            }
            (1, LinkState::SignInNeeded) => {
                assert!(link.why.contains("logged out"), "{link:?}");
                // Whoever wants a sync now finds no password in memory.
                let why = "locked".to_owned();
                bed.fake.secrets.fail(Some(SecretError::Locked { why }));
                signal.ask(|wishes| wishes.sync_now = true);
                stage = 2;
            }
            (2, LinkState::SignInNeeded) => return link.why.contains("locked"),
            _ => {}
        }
        false
    });
    let logins = bed.server.take_commands();
    let logins = logins.iter().filter(|c| c.starts_with("LOGIN")).count();
    assert_eq!(logins, 1);
}

/// As before the process is stopped: another one can own the account meanwhile.
#[test]
fn r15_an_account_that_is_given_up_is_free_and_taken_again() {
    let bed = Bed::new(furnished(FULL));
    let (settings, paths) = furniture(&bed);
    let changes = bed.store.subscribe();
    let supervisor =
        Supervisor::start(bed.env.clone(), bed.store.clone(), &settings, &paths).unwrap();
    let wait_for = |state| {
        let until = std::time::Instant::now() + Duration::from_secs(20);
        while link_of(&bed).is_none_or(|link| link.state != state) {
            assert!(std::time::Instant::now() < until, "not {state:?}");
            changes.wait(Duration::from_millis(50));
        }
    };
    wait_for(LinkState::Online);
    for offline in [false, true] {
        supervisor.go_offline(offline);
        wait_for(match offline {
            true => LinkState::OfflineAsked,
            false => LinkState::Online,
        });
        supervisor.step_aside(Duration::from_secs(10));
        let other = crate::sync::owner::Owner::take(bed.folder.path(), "work").unwrap();
        assert_eq!(link_of(&bed), None);
        drop(other);
        supervisor.come_back();
        wait_for(match offline {
            true => LinkState::OfflineAsked,
            false => LinkState::Online,
        });
    }
    supervisor.stop(Duration::from_secs(10));
}

/// What a supervisor is started with.
fn furniture(bed: &Bed) -> (crate::config::Settings, crate::config::Paths) {
    let settings = crate::config::Settings {
        accounts: vec![bed.account.clone()],
        ..crate::config::Settings::default()
    };
    let paths = crate::config::Paths::find(crate::config::Overrides {
        config: Some(bed.folder.path().join("config.toml")),
        data: Some(bed.folder.path().to_owned()),
        cache: Some(bed.folder.path().join("cache")),
    });
    (settings, paths.unwrap())
}

#[test]
fn the_supervisor_starts_stops_and_never_hangs() {
    let bed = Bed::new(furnished(FULL));
    let (settings, paths) = furniture(&bed);
    let changes = bed.store.subscribe();
    let supervisor =
        Supervisor::start(bed.env.clone(), bed.store.clone(), &settings, &paths).unwrap();
    while link_of(&bed).is_none_or(|link| link.state != LinkState::Online) {
        changes.wait(Duration::from_secs(20));
    }
    assert_eq!(
        crate::sync::owner::of(bed.folder.path(), "work").unwrap(),
        Some(std::process::id())
    );
    supervisor.sync_now(None);
    supervisor.stop(Duration::from_secs(10));
    assert_eq!(
        crate::sync::owner::of(bed.folder.path(), "work").unwrap(),
        None
    );
    bed.assert_equal("supervised");
}

#[test]
fn r16_the_supervisor_sees_a_suspend_as_soon_as_the_machine_wakes() {
    let bed = Bed::new(furnished(FULL));
    let (settings, paths) = furniture(&bed);
    let changes = bed.store.subscribe();
    let supervisor =
        Supervisor::start(bed.env.clone(), bed.store.clone(), &settings, &paths).unwrap();
    let wait_for = |sign_ins: usize| {
        let until = std::time::Instant::now() + Duration::from_secs(20);
        loop {
            let online = link_of(&bed).is_some_and(|link| link.state == LinkState::Online);
            let dialled = bed.server.world().dialled.len();
            if online && dialled == sign_ins {
                return;
            }
            assert!(std::time::Instant::now() < until, "{dialled} sign-ins");
            changes.wait(Duration::from_millis(50));
        }
    };
    wait_for(1);
    // Nothing but the clock that runs on through a suspend moves: an hour, then a short nap.
    bed.fake.clock.suspend(Duration::from_secs(3600));
    wait_for(2);
    bed.fake.clock.suspend(Duration::from_secs(16));
    wait_for(3);
    supervisor.stop(Duration::from_secs(10));
}

#[test]
fn r16_a_change_of_the_network_ends_the_wait_for_the_next_try() {
    let mut bed = Bed::new(furnished(FULL));
    // The fake dialler refuses while it has no links, and no time passes.
    bed.env.dial = bed.fake.dial.clone();
    let (settings, paths) = furniture(&bed);
    let changes = bed.store.subscribe();
    let supervisor =
        Supervisor::start(bed.env.clone(), bed.store.clone(), &settings, &paths).unwrap();
    let wait_for = |tries: usize| {
        let until = std::time::Instant::now() + Duration::from_secs(20);
        loop {
            let offline = link_of(&bed).is_some_and(|link| link.state == LinkState::Offline);
            let dialled = bed.fake.dial.asked().len();
            if offline && dialled >= tries {
                return assert_eq!(dialled, tries);
            }
            assert!(std::time::Instant::now() < until, "{dialled} tries");
            changes.wait(Duration::from_millis(50));
        }
    };
    wait_for(1);
    bed.fake.dial.change_ways();
    wait_for(2);
    supervisor.stop(Duration::from_secs(10));
}

#[test]
fn an_idle_that_is_refused_is_not_asked_for_without_end() {
    let bed = Bed::new(furnished(FULL));
    bed.server.world().no_idle = true;
    guarded(async {
        let woken = Arc::new(tokio::sync::Notify::new());
        let tell = woken.clone();
        let _watch = bed.store.watch(move |_| tell.notify_one());
        let signal: Arc<Signal> = Arc::default();
        let running = tokio::spawn(bed.task(signal.clone()).await.run());
        while link_of(&bed).is_none_or(|link| link.state != LinkState::Online) {
            woken.notified().await;
        }
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
        signal.ask(|wishes| wishes.stop = true);
        running.await.unwrap();
    });
    let commands = bed.server.take_commands();
    let idles = commands.iter().filter(|c| c.starts_with("IDLE")).count();
    assert_eq!(idles, 1, "{commands:?}");
}

#[test]
fn r11_a_store_that_takes_no_notice_does_not_end_the_sync() {
    let bed = Bed::new(furnished(FULL));
    bed.server.world().password = "other".to_owned();
    let refuse = "CREATE TRIGGER full BEFORE INSERT ON notice
                  BEGIN SELECT RAISE(ABORT, 'no room'); END";
    crate::store::tests::damage(&bed.store, refuse);
    guarded(async {
        let woken = Arc::new(tokio::sync::Notify::new());
        let tell = woken.clone();
        let _watch = bed.store.watch(move |_| tell.notify_one());
        let signal: Arc<Signal> = Arc::default();
        let running = tokio::spawn(bed.task(signal.clone()).await.run());
        let tries = || {
            let commands = &bed.server.world().commands;
            commands.iter().filter(|c| c.starts_with("LOGIN")).count()
        };
        for _ in 0..20 {
            if tries() == 2 {
                break;
            }
            bed.fake.clock.advance(Duration::from_secs(31));
            // Nothing tells of a commit that was refused.
            let told = tokio::time::timeout(Duration::from_millis(100), woken.notified());
            let _ = told.await;
        }
        assert!(tries() > 1, "the sync ended");
        crate::store::tests::damage(&bed.store, "DROP TRIGGER full");
        bed.server.world().password = "secret".to_owned();
        signal.ask(|wishes| wishes.sync_now = true);
        while link_of(&bed).is_none_or(|link| link.state != LinkState::Online) {
            bed.fake.clock.advance(Duration::from_secs(31));
            let told = tokio::time::timeout(Duration::from_millis(100), woken.notified());
            let _ = told.await;
            signal.ask(|wishes| wishes.sync_now = true);
        }
        signal.ask(|wishes| wishes.stop = true);
        running.await.unwrap();
    });
}

#[test]
fn who_asks_for_a_body_while_there_is_no_link_is_answered() {
    let mut bed = Bed::new(furnished(FULL));
    bed.sync().unwrap();
    let content = bed.message("INBOX", 30).content;
    bed.env.dial = bed.fake.dial.clone();
    let mut asked = None;
    run_until(&bed, &Arc::default(), |signal| {
        let offline = link_of(&bed).is_some_and(|link| link.state == LinkState::Offline);
        let reader = bed.store.reader().unwrap();
        match asked {
            None if offline => {
                let ask = bed.store.write(Priority::Person, move |tx| {
                    let account = accounts::find(tx, "work")?.unwrap().key;
                    let section = "1".to_owned();
                    let asked = Asked::FetchBody { content, section };
                    requests::ask(tx, account, &asked, tx.now() + 600)
                });
                asked = Some(ask.wait().unwrap());
                signal.ask(|wishes| wishes.work = true);
                false
            }
            Some(id) => {
                let request = requests::find(&reader, id).unwrap().unwrap();
                matches!(request.progress, Progress::Failed { why } if why.contains("nobody listens"))
            }
            None => false,
        }
    });
}

#[test]
fn a_body_asked_for_patiently_comes_with_the_next_link() {
    const DAY: i64 = 86_400;
    let mut bed = Bed::new(furnished(FULL));
    bed.account.offline = Offline::Headers;
    bed.sync().unwrap();
    let content = bed.message("INBOX", 30).content;
    bed.server.world().farewell = Some("* BYE not now\r\n".to_owned());
    let dialled = || bed.server.world().dialled.len();
    let (mut asked, mut tried) = (None, 0);
    run_until(&bed, &Arc::default(), |signal| {
        let offline = link_of(&bed).is_some_and(|link| link.state == LinkState::Offline);
        let reader = bed.store.reader().unwrap();
        let Some(id) = asked else {
            if offline {
                let ask = bed.store.write(Priority::Person, move |tx| {
                    let account = accounts::find(tx, "work")?.unwrap().key;
                    let section = String::new();
                    let asked = Asked::FetchBody { content, section };
                    requests::ask(tx, account, &asked, tx.now() + DAY)
                });
                asked = Some(ask.wait().unwrap());
                tried = dialled();
                signal.ask(|wishes| wishes.work = true);
                bed.fake.clock.advance(Duration::from_secs(400));
            }
            return false;
        };
        let request = requests::find(&reader, id).unwrap().unwrap();
        if offline && dialled() > tried {
            // Another try failed, and the wish stands.
            assert_eq!(request.progress, Progress::Open);
            bed.server.world().farewell = None;
            tried = usize::MAX;
            bed.fake.clock.advance(Duration::from_secs(400));
        }
        let bytes = bodies::read_whole(&reader, content, "").unwrap();
        request.progress == Progress::Done && bytes.is_some_and(|b| b.len() > 190_000)
    });
    assert_eq!(tried, usize::MAX);
}

/// Wherever the server stalls in the answer that a person waited for.
#[test]
fn r17_a_body_that_is_not_wanted_any_more_closes_the_link_and_makes_a_new_one() {
    for after in [0, 40, 70_000] {
        let mut bed = Bed::new(furnished(FULL));
        bed.account.offline = Offline::Headers;
        bed.sync().unwrap();
        let content = bed.message("INBOX", 30).content;
        let mute = |at| {
            let mut world = bed.server.world();
            (world.mute_at, world.mute_after) = (at, after);
        };
        let ask = bed.store.write(Priority::Person, move |tx| {
            let account = accounts::find(tx, "work")?.unwrap().key;
            let section = String::new();
            let asked = Asked::FetchBody { content, section };
            requests::ask(tx, account, &asked, tx.now() + 86_400)
        });
        let id = ask.wait().unwrap();
        mute(Some("UID FETCH 30 "));
        bed.server.take_commands();
        let is = |state| link_of(&bed).is_some_and(|link| link.state == state);
        guarded(async {
            let signal: Arc<Signal> = Arc::default();
            let running = tokio::spawn(bed.task(signal.clone()).await.run());
            let asked = |line: &String| line.contains("BODY.PEEK[]");
            while !bed.server.world().commands.iter().any(asked) {
                tokio::task::yield_now().await;
            }
            mute(None);
            let begun = std::time::Instant::now();
            let gone = bed
                .store
                .write(Priority::Person, move |tx| requests::remove(tx, id));
            gone.wait().unwrap();
            signal.ask(|wishes| wishes.work = true);
            while !is(LinkState::Online) {
                assert!(!is(LinkState::Offline), "after {after}");
                tokio::task::yield_now().await;
            }
            let took = begun.elapsed();
            assert!(took < Duration::from_millis(200), "after {after}: {took:?}");
            signal.ask(|wishes| wishes.stop = true);
            running.await.unwrap();
        });
        // One by hand, the one that was closed, and the one after it.
        assert_eq!(bed.server.world().dialled.len(), 3, "after {after}");
        assert_eq!(bed.notices(), Vec::<String>::new());
    }
}
