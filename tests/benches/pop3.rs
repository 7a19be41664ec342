//! POP3 against a real server: whole messages and a poll, by the machine alone beside a bare client
//! that reads the same answers to nowhere.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lacebark::config::{Endpoint, Scheme};
use lacebark::env::SystemClock;
use lacebark::net::{Dial, Session, Target, TcpDial, Timer};
use lacebark::pop3::{Command, Event, Machine, Options, Security, SignIn, Way};
use lacebark::protocol::{Output, Protocol, Tag, Time};

use crate::figures::{Figures, median, megabytes, millis, seconds, times};
use crate::harness::dovecot::{Dovecot, Pop3};
use crate::harness::generate::{Sizes, write_maildir};
use crate::harness::program::Home;
use crate::harness::proxy::Proxy;
use crate::harness::raw_pop3::RawPop3;
use crate::split::measured;

const MESSAGES: u32 = 10_000;
const POLLED: u32 = 100_000;

/// A server with so many generated messages in alice's maildrop, and their octets.
pub fn server_holding(count: u32, seed: u64, sizes: Sizes) -> Option<(Dovecot, u64)> {
    let server = Dovecot::with_pop3(Pop3::default())?;
    let inbox = server.maildir("alice", "INBOX");
    let count = usize::try_from(count).unwrap();
    let octets = write_maildir(&inbox, server.owner(), count, seed, sizes);
    Some((server, octets))
}

/// How long the bare client takes to retrieve everything, and the octets that it read.
pub fn raw_download(server: &Dovecot, count: u32) -> (Duration, u64) {
    let mut client = RawPop3::connect(server.pop3s_port());
    client.login("alice", server.password("alice"));
    let start = Instant::now();
    let octets = client.drain(count);
    let spent = start.elapsed();
    client.quit();
    (spent, octets)
}

/// 10,000 messages over TLS.
pub fn download(figures: &mut Figures) {
    let Some((server, octets)) = server_holding(MESSAGES, 13, Sizes::Whole) else {
        return;
    };
    // Dovecot learns the sizes when it is read the first time; nobody is measured by that.
    raw_download(&server, MESSAGES);
    let (raw, _) = raw_download(&server, MESSAGES);
    let (cpu, (wall, taken)) = measured(|| on_runtime(all_messages(&server)));
    assert_eq!(taken, octets, "every octet of every message comes out");
    synced_whole(figures, &server, raw);
    figures.note("POP3, 10,000 messages: size", megabytes(octets));
    figures.note("POP3, 10,000 messages: raw client", seconds(raw));
    figures.note("POP3, 10,000 messages: machine alone", seconds(wall));
    figures.note(
        "POP3, 10,000 messages: CPU of the machine and TLS",
        seconds(cpu),
    );
    figures.under(
        "POP3, 10,000 messages: machine alone against raw",
        wall.as_secs_f64() / raw.as_secs_f64(),
        2.0,
        times,
    );
}

/// The same into the store, by the program: everything kept on the server, then in delete mode.
fn synced_whole(figures: &mut Figures, server: &Dovecot, raw: Duration) {
    let home = Home::new();
    let password = server.password("alice");
    let url = format!("pop3s://alice@localhost:{}", server.pop3s_port());
    home.add_pop3_account("pop", password, &url, &[]);
    let run = home.run(&["sync", "pop"]).exits(0);
    let json = home
        .run(&["--json", "list", "inbox", "--limit", "10000"])
        .exits(0)
        .json();
    let all = json["messages"].as_array().map_or(&[][..], Vec::as_slice);
    let whole = all.iter().filter(|message| message["kept"] == "all");
    assert_eq!(whole.count(), MESSAGES as usize, "every message is here");
    figures.note("POP3, 10,000 messages: lacebark sync", seconds(run.wall));
    figures.note("POP3, 10,000 messages: its CPU", seconds(run.cpu));
    figures.under(
        "POP3, 10,000 messages: sync against raw (aim 2)",
        run.wall.as_secs_f64() / raw.as_secs_f64(),
        3.0,
        times,
    );
    home.run(&["account", "on-server", "pop", "delete", "--yes"])
        .exits(0);
    let run = home.run(&["--json", "sync", "pop"]).exits(0);
    assert_eq!(run.json()["accounts"][0]["left"], MESSAGES, "{}", run.out);
    figures.note(
        "POP3, 10,000 messages: compared and deleted there",
        seconds(run.wall),
    );
}

/// A look at 100,000 messages of which none is new.
pub fn poll(figures: &mut Figures) {
    let Some((server, _)) = server_holding(POLLED, 17, Sizes::Small) else {
        return;
    };
    on_runtime(listed(&server, server.pop3s_port()));
    let (cpu, (wall, count)) = measured(|| on_runtime(listed(&server, server.pop3s_port())));
    assert_eq!(count, POLLED as usize);
    figures.note("POP3, poll of 100,000: machine alone", millis(wall));
    figures.under(
        "POP3, poll of 100,000: CPU of the machine and TLS",
        cpu,
        Duration::from_millis(300),
        seconds,
    );
    polled(figures, &server);
}

/// The same by the program, which knows all of them by their headers.
fn polled(figures: &mut Figures, server: &Dovecot) {
    let proxy = Proxy::before(server.pop3s_port());
    let home = Home::new();
    let url = format!("pop3s://alice@localhost:{}", proxy.port());
    let headers = ["--offline", "headers"];
    home.add_pop3_account("pop", server.password("alice"), &url, &headers);
    let first = home.run(&["--json", "sync", "pop"]).exits(0);
    assert_eq!(first.json()["accounts"][0]["new"], POLLED, "{}", first.out);
    figures.note("POP3, 100,000 headers: lacebark sync", seconds(first.wall));
    let (trips, links) = (proxy.round_trips(), proxy.connections());
    let run = home.run(&["--json", "sync", "pop"]).exits(0);
    assert_eq!(run.json()["accounts"][0]["new"], 0, "{}", run.out);
    figures.note("POP3, poll of 100,000: lacebark sync", millis(run.wall));
    figures.under(
        "POP3, poll of 100,000: CPU of lacebark sync",
        run.cpu,
        Duration::from_millis(300),
        seconds,
    );
    figures.at_most(
        "POP3, poll of 100,000: round trips, connects too",
        proxy.round_trips() - trips,
        6,
    );
    figures.at_most(
        "POP3, poll of 100,000: connections",
        (proxy.connections() - links) as u64,
        1,
    );
}

/// 50 MB of one message in small pieces (SAFETY P2), by the machine alone.
pub fn pieces(figures: &mut Figures) {
    let line =
        b"PGh0bWw+PGJvZHk+PHA+QSBsaW5lIG9mIGFuIGF0dGFjaG1lbnQgYXMgYmFzZTY0IGhhcyBpdDwv\r\n..\r\n";
    let mut wire = line.repeat((50 << 20) / line.len());
    wire.extend_from_slice(b".\r\n");
    let time = |piece| {
        let mut all: Vec<Duration> = (0..5).map(|_| read(&wire, piece)).collect();
        median(&mut all)
    };
    // The session reads so much at once.
    let whole = time(128 << 10);
    figures.note("POP3, 50 MB message: pieces of 128 KB", millis(whole));
    let segments = time(1400);
    figures.note(
        "POP3, 50 MB message: segments of 1,400 octets",
        millis(segments),
    );
    figures.note("POP3, 50 MB message: single octets", millis(time(1)));
    figures.under(
        "POP3, 50 MB message: segments against large pieces",
        segments.as_secs_f64() / whole.as_secs_f64(),
        3.0,
        times,
    );
}

fn read(wire: &[u8], piece: usize) -> Duration {
    let mut machine = Machine::new(Options::new(Security::Plain, Time::default()));
    machine.submit(Command::Retr { number: 1 });
    for line in [&b"+OK hi\r\n"[..], b"-ERR\r\n", b"+OK\r\n"] {
        while machine.poll_transmit().is_some() {}
        machine.feed(line, Time::default());
    }
    let start = Instant::now();
    let (mut octets, mut done) = (0, false);
    for part in wire.chunks(piece) {
        machine.feed(part, Time::default());
        while let Some(output) = machine.poll_event() {
            match output {
                Output::Chunk { bytes, .. } => octets += bytes.len(),
                other => done |= matches!(other, Output::Done(..)),
            }
        }
    }
    assert!(done && octets > wire.len() * 9 / 10);
    start.elapsed()
}

fn on_runtime<T>(story: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(story)
}

/// Retrieves all; how long that took, and the octets of the messages.
async fn all_messages(server: &Dovecot) -> (Duration, u64) {
    let mut session = signed_in(server, server.pop3s_port()).await;
    let start = Instant::now();
    let tags: Vec<Tag> = (1..=MESSAGES)
        .map(|number| session.submit(Command::Retr { number }))
        .collect();
    let mut taken = 0;
    loop {
        match session.next().await.unwrap() {
            Output::Chunk { bytes, .. } => taken += bytes.len() as u64,
            Output::Done(tag, reply) => {
                assert!(reply.is_ok(), "{reply:?}");
                if Some(&tag) == tags.last() {
                    break;
                }
            }
            other => panic!("{other:?}"),
        }
    }
    let spent = start.elapsed();
    quit(session).await;
    (spent, taken)
}

/// Lists all; how long the whole connection took, and how many unique ids came.
async fn listed(server: &Dovecot, port: u16) -> (Duration, usize) {
    let start = Instant::now();
    let mut session = signed_in(server, port).await;
    session.submit(Command::Stat);
    session.submit(Command::Uidl);
    let last = session.submit(Command::List);
    let mut count = 0;
    loop {
        match session.next().await.unwrap() {
            Output::Event(Event::Uniques(_, all)) => count += all.len(),
            Output::Done(tag, reply) => {
                assert!(reply.is_ok() && reply.odd == 0, "{reply:?}");
                if tag == last {
                    break;
                }
            }
            _ => {}
        }
    }
    quit(session).await;
    (start.elapsed(), count)
}

async fn signed_in(server: &Dovecot, port: u16) -> Session<Machine> {
    let timer: Arc<dyn Timer> = Arc::new(SystemClock::start());
    let url = format!("pop3s://localhost:{port}");
    let endpoint = Endpoint::parse(Scheme::Pop3, &url).unwrap();
    let target = Target::of(&endpoint, Some(server.ca_file()));
    let link = TcpDial::default().dial(target).await.unwrap();
    let machine = Machine::new(Options::new(Security::Tls, timer.monotonic()));
    let mut session = Session::new(machine, link, timer, None);
    let tag = session.submit(Command::SignIn(SignIn {
        login: "alice".to_owned(),
        secret: server.password("alice").into(),
        way: Way::Password,
    }));
    until(&mut session, tag).await;
    session
}

async fn quit(mut session: Session<Machine>) {
    let tag = session.submit(Command::Quit);
    until(&mut session, tag).await;
    session.close().await;
}

async fn until(session: &mut Session<Machine>, wanted: Tag) {
    loop {
        if let Output::Done(tag, reply) = session.next().await.unwrap() {
            assert!(tag == wanted && reply.is_ok(), "{reply:?}");
            return;
        }
    }
}
