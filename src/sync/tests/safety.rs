//! SAFETY through the whole sync: what a hostile, slow or absent server can bring about.

use std::collections::BTreeSet;
use std::time::Instant;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream};

use super::link::{link_of, run_until};
use super::server::{Dice, FULL, PLAIN, Server, Talk};
use super::*;
use crate::env::fake::link;
use crate::model::{LinkState, UidSet};
use crate::net::{Dial, Later, Link, NetError, Target};
use crate::store::Rows;

/// The dialler of a server where TLS begins by STARTTLS, and where somebody in the middle says his
/// lines before that.
struct Meddler {
    server: Server,
    before: &'static str,
}

impl Dial for Meddler {
    fn dial(&self, target: Target) -> Later<'static, Result<Link, NetError>> {
        self.server.world().dialled.push(target.host);
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let (server, before) = (self.server.clone(), self.before);
        Box::pin(async move {
            tokio::spawn(meddle(server, theirs, before));
            Ok(link(Box::new(ours), false))
        })
    }
}

async fn meddle(server: Server, stream: DuplexStream, before: &'static str) {
    let mut stream = BufReader::new(stream);
    stream.write_all(before.as_bytes()).await.unwrap();
    let mut line = String::new();
    stream.read_line(&mut line).await.unwrap();
    let tag = line.split(' ').next().unwrap();
    assert!(line.ends_with(" STARTTLS\r\n"), "{line}");
    let consent = format!("{tag} OK go\r\n");
    stream.write_all(consent.as_bytes()).await.unwrap();
    assert_eq!(stream.buffer(), b"", "the client waits for TLS");
    Talk::new(server, stream.into_inner()).serve().await;
}

fn starttls(bed: &mut Bed) {
    let endpoint = Endpoint::parse(Scheme::Imap, "imap://me@mail.example.org").unwrap();
    let offline = bed.account.offline;
    bed.account = AccountSettings::imap("work", "me@example.org", endpoint);
    bed.account.offline = offline;
}

#[test]
fn t4_what_came_before_tls_leaves_no_trace_in_the_store_or_in_the_choice_of_sign_in() {
    let mut bed = Bed::new(furnished(FULL));
    starttls(&mut bed);
    bed.env.dial = Arc::new(Meddler {
        server: bed.server.clone(),
        before: "* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED AUTH=XOAUTH2] evil greeting\r\n\
                 * LIST (\\Subscribed) \"/\" Evil\r\n* STATUS Evil (MESSAGES 5)\r\n\
                 * FLAGS (\\Evil)\r\n* 999 EXISTS\r\n* 1 FETCH (UID 7 FLAGS (\\Seen))\r\n\
                 * OK [ALERT] evil alert\r\n* NO [REFERRAL imap://evil.example/] evil referral\r\n",
    });
    bed.sync().unwrap();
    bed.assert_equal("after STARTTLS");
    let commands = bed.server.take_commands();
    assert!(
        commands.iter().any(|c| c.starts_with("LOGIN ")),
        "{commands:?}"
    );
    assert_eq!(bed.server.world().dialled, ["mail.example.org"]);
    drop(std::mem::replace(&mut bed.store, {
        let clock = bed.env.clock.clone();
        Store::open(&bed.folder.path().join("other.db"), clock).unwrap()
    }));
    for name in ["mail.db", "mail.db-wal"] {
        let bytes = std::fs::read(bed.folder.path().join(name)).unwrap_or_default();
        assert!(memchr::memmem::find(&bytes, b"vil").is_none(), "{name}");
    }
}

#[test]
fn t10_neither_a_referral_nor_logindisabled_gets_a_password() {
    let bed = Bed::new(furnished(PLAIN));
    bed.server.world().refusal = Some("[REFERRAL imap://evil.example/] go there".to_owned());
    run_until(&bed, &Arc::default(), |_| {
        link_of(&bed).is_some_and(|link| link.state == LinkState::SignInNeeded)
    });
    assert_eq!(bed.server.world().dialled, ["mail.example.org"]);

    let bed = Bed::new(furnished("IMAP4rev1 LOGINDISABLED"));
    let error = bed.sync().unwrap_err();
    assert!(matches!(error, SyncError::NoWay { .. }), "{error}");
    let commands = bed.server.take_commands();
    assert_eq!(commands, Vec::<String>::new());
}

#[test]
fn p14_an_answer_that_repeats_the_password_is_told_without_it() {
    let bed = Bed::new(furnished(PLAIN));
    bed.env
        .secrets
        .set("work", Secret::new("canary 7f"))
        .wait()
        .unwrap();
    bed.server.world().refusal = Some("LOGIN \"me\" \"canary 7f\" is \u{1b}[31mwrong".to_owned());
    let error = bed.sync().unwrap_err().to_string();
    assert!(
        error.contains("is \u{1b}[31mwrong"),
        "the words are kept: {error}"
    );
    assert!(!error.contains("canary"), "{error}");
    run_until(&bed, &Arc::default(), |_| {
        link_of(&bed).is_some_and(|link| link.state == LinkState::SignInNeeded)
    });
    let told = format!("{:?}", bed.notices());
    assert!(told.contains("wrong") && !told.contains("canary"), "{told}");
}

/// Expunges and deliveries between any two lines; what was chosen is what is changed.
#[test]
fn p7_expunges_between_any_two_lines_hit_no_other_message() {
    for seed in 1..=24 {
        let capabilities = if seed % 2 == 0 { FULL } else { PLAIN };
        let bed = Bed::new(furnished(capabilities));
        bed.sync().unwrap();
        let mut dice = Dice(seed);
        let chosen: BTreeSet<u32> = (0..12).map(|_| dice.below(60) + 1).collect();
        for uid in &chosen {
            bed.wish(bed.message("INBOX", *uid).key, seen());
        }
        bed.server.take_commands();
        bed.server.world().gremlin = Some(dice);
        for _ in 0..3 {
            // A listing that changes under our eyes may end a run; none may end in a wrong change.
            let _ = bed.sync();
        }
        bed.server.world().gremlin = None;
        bed.sync().unwrap();
        bed.sync().unwrap();
        let commands = bed.server.take_commands();
        let mut stored = 0;
        for command in &commands {
            let words: Vec<&str> = command.split(' ').collect();
            for verb in [
                "STORE", "EXPUNGE", "CLOSE", "COPY", "MOVE", "APPEND", "DELETE",
            ] {
                assert_ne!(words[0], verb, "seed {seed}: {command}");
            }
            if words[0] == "UID" && words[1] != "FETCH" && words[1] != "SEARCH" {
                assert_eq!(words[1], "STORE", "seed {seed}: {command}");
                let named = UidSet::parse(words[2]).unwrap();
                for uid in 1..200 {
                    let named = named.contains(Uid(uid));
                    assert!(!named || chosen.contains(&uid), "seed {seed}: {command}");
                    stored += u32::from(named);
                }
            }
        }
        assert!(stored > 0, "seed {seed}: nothing was sent");
        bed.assert_equal(&format!("seed {seed}"));
        for mail in &bed.server.world().boxes["INBOX"].mails {
            let is_chosen = chosen.contains(&mail.uid);
            assert_eq!(
                mail.flags.has(Flags::SEEN),
                is_chosen,
                "seed {seed}, {}",
                mail.uid
            );
        }
    }
}

const EVIL_NAMES: [&str; 18] = [
    "../../x",
    "/etc",
    "..",
    "a\u{1b}[2J",
    "line\r\na9 DELETE INBOX",
    "line\na9 DELETE INBOX",
    "&AAA",
    "&jjo-x&",
    "Twin",
    "tWIN",
    "quo\"te",
    "back\\slash",
    "{5+}",
    "{5}",
    "a b (c) % *",
    "`id` $(id) | ; &-",
    "-rf",
    "NIL",
];

#[test]
fn p9_p10_every_odd_name_is_one_argument_and_opens_its_own_mailbox() {
    for capabilities in [FULL, PLAIN] {
        let server = Server::new(capabilities);
        let long = "x".repeat(1 << 20);
        let zero = "a\0b".to_owned();
        for name in EVIL_NAMES.map(str::to_owned).iter().chain([&long, &zero]) {
            server.create(name, true);
            server.deliver(name, &format!("in{}", name.len()), 200);
        }
        let bed = Bed::new(server);
        bed.sync().unwrap();
        let reader = bed.store.reader().unwrap();
        let account = accounts::find(&reader, "work").unwrap().unwrap().key;
        for name in EVIL_NAMES {
            let found = mailboxes::all(&reader, account).unwrap();
            let row = found
                .iter()
                .find(|row| row.base.as_ref().is_some_and(|base| base.name == name))
                .unwrap_or_else(|| panic!("{name:?} is not listed"));
            assert_eq!(row.total, 1, "{name:?}");
            let epoch = row.epoch;
            let message = messages::by_uid(&reader, row.key, epoch, Uid(1))
                .unwrap()
                .unwrap();
            let bytes = bodies::read_whole(&reader, message.content, "")
                .unwrap()
                .unwrap();
            let theirs = bed.server.world().boxes[name].mails[0].bytes.clone();
            assert!(bytes == theirs, "{name:?} opens another mailbox");
        }
        let world = bed.server.world();
        assert_eq!(world.strange, Vec::<String>::new(), "{capabilities}");
        let known = [
            "LOGIN",
            "ID",
            "NAMESPACE",
            "LIST",
            "LSUB",
            "SELECT",
            "FETCH",
            "UID",
            "NOOP",
            "STATUS",
            "ENABLE",
            "CAPABILITY",
            "LOGOUT",
        ];
        for command in &world.commands {
            let verb = command.split(' ').next().unwrap();
            assert!(known.contains(&verb), "{command}");
        }
        drop(world);
        // No name became a path.
        let here = std::fs::read_dir(bed.folder.path()).unwrap();
        let mut files: Vec<String> = here
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .filter(|name| !name.starts_with("mail.db") && !name.starts_with("files-"))
            .collect();
        files.retain(|name| name != "lacebark" && !name.starts_with("open"));
        assert_eq!(files, Vec::<String>::new());
    }
}

#[test]
fn p10_no_user_name_or_password_makes_a_second_command() {
    for evil in [
        "me\r\na9 DELETE INBOX",
        "me\n",
        "me\" \"x",
        "me\\",
        "{5+}",
        "{5}\r\nhello",
        "NIL",
        "a b (c) * %",
        "\u{202e}ü",
    ] {
        for capabilities in [FULL, PLAIN, "IMAP4rev1 LITERAL-"] {
            for (login, password) in [(evil, "secret"), ("me", evil), (evil, evil)] {
                let mut bed = Bed::new(furnished(capabilities));
                bed.account.login = login.to_owned();
                bed.env
                    .secrets
                    .set("work", Secret::new(password))
                    .wait()
                    .unwrap();
                bed.server.world().password = password.to_owned();
                let outcome = bed.sync();
                let world = bed.server.world();
                assert_eq!(world.strange, Vec::<String>::new(), "{evil:?}");
                let logins = world
                    .commands
                    .iter()
                    .filter(|c| c.starts_with("LOGIN"))
                    .count();
                let signed_in = world.commands.len() > 1;
                assert!(
                    logins <= 1 && outcome.is_ok() == signed_in,
                    "{evil:?}: {outcome:?}"
                );
                assert!(
                    outcome.is_ok() || evil.contains('ü'),
                    "{evil:?}: {outcome:?}"
                );
            }
        }
    }
    // What no command can carry is not sent at all, and the refusal does not repeat it.
    let mut bed = Bed::new(furnished(FULL));
    bed.account.login = "me".to_owned();
    bed.env
        .secrets
        .set("work", Secret::new("can\0ary"))
        .wait()
        .unwrap();
    let error = bed.sync().unwrap_err().to_string();
    assert!(!error.contains("can") || !error.contains("ary"), "{error}");
    assert_eq!(bed.server.take_commands(), Vec::<String>::new());
}

/// Where a session hangs when it is told to stop.
#[test]
fn r17_the_end_comes_within_200_ms_in_every_state() {
    type Make = dyn Fn(&Bed);
    let mute = |at: &'static str, after: usize| {
        move |bed: &Bed| {
            let mut world = bed.server.world();
            (world.mute_at, world.mute_after) = (Some(at), after);
        }
    };
    let cases: Vec<(&str, Box<Make>)> = vec![
        ("at rest", Box::new(|_| {})),
        ("signing in", Box::new(mute("LOGIN", 0))),
        ("listing", Box::new(mute("LIST", 0))),
        ("half a line", Box::new(mute("LIST", 9))),
        ("opening", Box::new(mute("SELECT", 0))),
        ("first envelopes", Box::new(mute("FETCH 11:60", 700))),
        ("a stall in a literal", Box::new(mute("BODY.PEEK[]", 3_000))),
        (
            "a stall in a large literal",
            Box::new(mute("UID FETCH 30 ", 70_000)),
        ),
        ("going to rest", Box::new(mute("DONE", 0))),
        ("parting", Box::new(mute("LOGOUT", 0))),
        (
            "refused",
            Box::new(|bed| bed.server.world().farewell = Some("* BYE no\r\n".into())),
        ),
        (
            "wrong password",
            Box::new(|bed| bed.server.world().refusal = Some("no".into())),
        ),
        (
            "no greeting",
            Box::new(|bed| bed.server.world().farewell = Some(String::new())),
        ),
    ];
    for (what, make) in cases {
        let bed = Bed::new(furnished(FULL));
        make(&bed);
        let spent = stopped(&bed);
        assert!(spent < Duration::from_millis(200), "{what}: {spent:?}");
    }
    for (what, stage) in [
        ("a dial that hangs", 0),
        ("TLS that hangs", 1),
        ("a silent greeting", 2),
    ] {
        let mut bed = Bed::new(furnished(FULL));
        starttls(&mut bed);
        bed.env.dial = Arc::new(Hanging(stage));
        let spent = stopped(&bed);
        assert!(spent < Duration::from_millis(200), "{what}: {spent:?}");
    }
}

/// Runs the task until nothing moves any more, tells it to stop, and measures how long that takes.
fn stopped(bed: &Bed) -> Duration {
    guarded(async {
        let signal: Arc<Signal> = Arc::default();
        let woken = Arc::new(tokio::sync::Notify::new());
        let tell = woken.clone();
        let _watch = bed.store.watch(move |_| tell.notify_one());
        let running = tokio::spawn(bed.task(signal.clone()).await.run());
        let quiet = Duration::from_millis(60);
        while tokio::time::timeout(quiet, woken.notified()).await.is_ok() {}
        assert!(!running.is_finished());
        let begun = Instant::now();
        signal.ask(|wishes| wishes.stop = true);
        running.await.unwrap();
        begun.elapsed()
    })
}

/// A dialler whose links hang: while they are made, while TLS is made, or without a greeting.
struct Hanging(u8);

impl Dial for Hanging {
    fn dial(&self, _target: Target) -> Later<'static, Result<Link, NetError>> {
        let stage = self.0;
        Box::pin(async move {
            if stage == 0 {
                std::future::pending::<()>().await;
            }
            let (ours, mut theirs) = tokio::io::duplex(1 << 16);
            tokio::spawn(async move {
                if stage == 1 {
                    let hello = b"* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n";
                    theirs.write_all(hello).await.unwrap();
                }
                let mut heard = Vec::new();
                theirs.read_to_end(&mut heard).await.unwrap();
            });
            Ok(link(Box::new(ours), false))
        })
    }
}

/// An hour of a server that turns everybody away, in each of its ways.
#[test]
fn r19_an_hour_of_refusals_is_at_most_60_tries_and_a_line_each() {
    type Make = fn(&Bed);
    let ways: [(&str, Make); 6] = [
        ("too many connections", |bed| {
            bed.server.world().refusal = Some("[LIMIT] no more".to_owned());
        }),
        ("BYE", |bed| {
            bed.server.world().farewell = Some("* BYE too many connections\r\n".to_owned());
        }),
        ("unavailable", |bed| {
            bed.server.world().refusal = Some("[UNAVAILABLE] try later".to_owned());
        }),
        ("in use", |bed| {
            bed.server.world().refusal = Some("[INUSE] locked".to_owned());
        }),
        ("closed", |bed| {
            bed.server.world().farewell = Some(String::new())
        }),
        ("garbage", |bed| {
            bed.server.world().farewell = Some("HTTP/1.1 503 Busy\r\n".to_owned());
        }),
    ];
    for (what, make) in ways {
        let bed = Bed::new(Server::new(FULL));
        make(&bed);
        let start = bed.env.clock.monotonic();
        let mut seen = 0;
        run_until(&bed, &Arc::default(), |_| {
            let Some(link) = link_of(&bed).filter(|link| link.state == LinkState::Offline) else {
                return false;
            };
            let made = bed.server.world().dialled.len();
            if made > seen {
                seen = made;
                let wait = u64::try_from(link.next_try.unwrap() - bed.store.now()).unwrap();
                bed.fake.clock.advance(Duration::from_secs(wait + 1));
            }
            bed.env.clock.monotonic().since(start) > Duration::from_secs(3600)
        });
        assert!((5..=60).contains(&seen), "{what}: {seen} tries");
        let lines = bed.notices().len();
        assert!(
            (1..=seen).contains(&lines),
            "{what}: {lines} lines for {seen} tries"
        );
    }
}

/// The wall clock goes back a year, forward ten, and to the beginning of time.
#[test]
fn r18_steps_of_the_wall_clock_change_neither_the_waiting_nor_the_work() {
    const YEAR: i64 = 365 * 86_400;
    for step in [-YEAR, -3_600, 3_600, 10 * YEAR, -60 * YEAR] {
        let mut bed = Bed::new(furnished(FULL));
        let server = bed.env.dial.clone();
        // Nobody is there at first.
        bed.env.dial = bed.fake.dial.clone();
        let mut tries = 0;
        run_until(&bed, &Arc::default(), |_| {
            if link_of(&bed).is_none_or(|link| link.state != LinkState::Offline) {
                return false;
            }
            let made = bed.fake.dial.asked().len();
            if made > tries {
                tries = made;
                if tries == 2 {
                    let now = bed.env.clock.wall();
                    bed.fake.clock.set_wall(now + step);
                }
                // What a step of the clock alone does: nothing.
                assert_eq!(bed.fake.dial.asked().len(), tries, "{step}");
                bed.fake.clock.advance(Duration::from_secs(400));
            }
            tries == 5
        });
        bed.env.dial = server;
        bed.sync().unwrap();
        bed.wish(bed.message("INBOX", 9).key, seen());
        bed.fake.clock.set_wall(bed.env.clock.wall() - step);
        bed.sync().unwrap();
        bed.assert_equal(&format!("{step}"));
    }
}

/// All packets are dropped, then flow again, at any point of a dial that gets no answer.
#[test]
fn r16_new_mail_is_seen_within_ten_seconds_after_the_network_is_back() {
    for out in [40, 43, 46, 49] {
        packets_flow_after(out);
    }
}

fn packets_flow_after(out: u64) {
    let mut bed = Bed::new(furnished(FULL));
    let net = Arc::new(Unplugged {
        server: bed.server.clone(),
        fake: bed.fake.clone(),
        out: std::sync::atomic::AtomicBool::new(false),
    });
    bed.env.dial = net.clone();
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
        net.out.store(true, std::sync::atomic::Ordering::SeqCst);
        bed.server.world().mute_at = Some("DONE");
        let mut passed = 0;
        while !is(LinkState::Offline) {
            passed += tick(&bed, &woken).await;
            assert!(passed <= 90, "still not off line after {passed} s");
        }
        for _ in 0..out {
            tick(&bed, &woken).await;
        }
        bed.server.deliver("INBOX", "fresh", 300);
        bed.server.world().mute_at = None;
        net.out.store(false, std::sync::atomic::Ordering::SeqCst);
        let mut passed = 0;
        while !bed.server.world().given.contains_key("INBOX/61") {
            passed += tick(&bed, &woken).await;
            assert!(passed <= 10, "nothing new after {passed} s, {out}");
        }
        signal.ask(|wishes| wishes.stop = true);
        running.await.unwrap();
    });
}

/// A second passes; whoever it wakes gets to work.
async fn tick(bed: &Bed, woken: &tokio::sync::Notify) -> u64 {
    bed.fake.clock.advance(Duration::from_secs(1));
    // What is written is written before the next second, however busy the machine is.
    for _ in 0..4 {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        bed.store.write(Priority::Bulk, |_| Ok(())).await.unwrap();
    }
    // What the second set going is over when the store is still.
    let still = Duration::from_millis(3);
    while tokio::time::timeout(still, woken.notified()).await.is_ok() {}
    1
}

/// A dialler whose network can be taken away: then a dial takes its time and fails.
struct Unplugged {
    server: Server,
    fake: World,
    out: std::sync::atomic::AtomicBool,
}

impl Dial for Unplugged {
    fn dial(&self, target: Target) -> Later<'static, Result<Link, NetError>> {
        if !self.out.load(std::sync::atomic::Ordering::SeqCst) {
            return self.server.dial(target);
        }
        let seconds = crate::net::TcpDial::default().connect.as_secs();
        let clock = self.fake.clock.clone();
        Box::pin(async move {
            use crate::net::Timer;
            use crate::protocol::Clock;
            let until = clock.monotonic().after(Duration::from_secs(seconds));
            clock.sleep_until(until).await;
            let place = target.host;
            Err(NetError::TimedOut {
                place,
                what: "connection",
                seconds,
            })
        })
    }
}

/// A reader reads while a transaction that is larger than the writer's memory stands open.
#[test]
fn r23_a_reader_does_not_wait_for_an_open_transaction() {
    let bed = Bed::new(furnished(FULL));
    bed.sync().unwrap();
    let (begun, large) = std::sync::mpsc::channel();
    let (end, wait) = std::sync::mpsc::channel::<()>();
    let open = bed.store.write(Priority::Bulk, move |tx| {
        let sql = tx.connection();
        sql.execute_batch(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30)
             INSERT INTO draft (account, bytes, saved)
               SELECT (SELECT min(key) FROM account), zeroblob(1000000), i FROM n",
        )?;
        begun.send(()).unwrap();
        // A reader that waits for this has its answer late.
        let _ = wait.recv_timeout(Duration::from_secs(20));
        Ok(())
    });
    large.recv().unwrap();
    let start = Instant::now();
    let reader = bed.store.reader().unwrap();
    let account = accounts::find(&reader, "work").unwrap().unwrap();
    assert!(mailboxes::all(&reader, account.key).unwrap().len() > 1);
    assert!(start.elapsed() < Duration::from_secs(5));
    end.send(()).unwrap();
    open.wait().unwrap();
}

/// What the screen reads while a first sync writes: the coarse bound; the figure is in the benches.
#[test]
fn r23_readers_do_not_wait_for_a_sync_that_writes() {
    let server = Server::new(FULL);
    for n in 0..3_000 {
        server.deliver("INBOX", &format!("in{n}"), 400);
    }
    let mut bed = Bed::new(server);
    bed.account.offline = Offline::Headers;
    let reader = bed.store.reader().unwrap();
    let mut times = Vec::new();
    std::thread::scope(|scope| {
        let syncing = scope.spawn(|| bed.sync().unwrap());
        while !syncing.is_finished() {
            let begun = Instant::now();
            let account = accounts::find(&reader, "work").unwrap();
            if let Some(account) = account {
                mailboxes::all(&reader, account.key).unwrap();
            }
            times.push(begun.elapsed());
            std::thread::yield_now();
        }
    });
    times.sort();
    let slow = times[times.len() * 99 / 100];
    assert!(times.len() > 20, "{} looks", times.len());
    assert!(
        slow < Duration::from_millis(100),
        "{slow:?} of {}",
        times.len()
    );
}
