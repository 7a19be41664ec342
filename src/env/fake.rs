//! A world for tests: time that only moves when told, links that are handed out, a keyring in
//! memory. Nothing in the program itself uses it.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::sync::{Notify, watch};
use zeroize::Zeroizing;

use crate::config::secrets::{SecretError, Secrets, Wait};
use crate::env::disk::Disk;
use crate::env::random::Random;
use crate::env::spawn::{Captured, Spawn, SpawnError};
use crate::env::{Env, PrivateTemp};
use crate::model::Secret;
use crate::net::{Dial, Later, Layer, Link, NetError, Stream, Target, Timer, Ways};
use crate::protocol::{Clock, Time};

fn open<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The handles of a fake world.
#[derive(Clone, Debug)]
pub struct World {
    /// Time.
    pub clock: Arc<FakeClock>,
    /// Links.
    pub dial: Arc<FakeDial>,
    /// The keyring.
    pub secrets: Arc<FakeSecrets>,
    /// Other programs.
    pub spawn: Arc<FakeSpawn>,
    /// Room on the disk.
    pub disk: Arc<FakeDisk>,
}

/// A world and its handles; private files go below `run`.
pub fn world(run: &Path) -> io::Result<(Env, World)> {
    let world = World {
        clock: Arc::new(FakeClock::new(1_795_219_200)),
        dial: Arc::default(),
        secrets: Arc::default(),
        spawn: Arc::default(),
        disk: Arc::new(FakeDisk(Mutex::new(u64::MAX))),
    };
    let env = Env {
        clock: world.clock.clone(),
        random: Arc::new(CountingRandom::default()),
        dial: world.dial.clone(),
        secrets: world.secrets.clone(),
        spawn: world.spawn.clone(),
        disk: world.disk.clone(),
        transcript: None,
        temp: Arc::new(PrivateTemp::create(run)?),
    };
    Ok((env, world))
}

/// Time that stands still until it is moved.
#[derive(Debug)]
pub struct FakeClock(watch::Sender<Now>);

#[derive(Clone, Copy, Debug)]
struct Now {
    monotonic: Time,
    boot: Time,
    wall: i64,
}

impl FakeClock {
    /// A clock at `wall` seconds since 1970; the other clocks stand at one second.
    pub fn new(wall: i64) -> Self {
        let start = Time(Duration::from_secs(1));
        Self(watch::Sender::new(Now {
            monotonic: start,
            boot: start,
            wall,
        }))
    }

    /// Lets time pass on all clocks; whoever waits for a time in it wakes.
    pub fn advance(&self, by: Duration) {
        self.0.send_modify(|now| {
            now.monotonic = now.monotonic.after(by);
            now.boot = now.boot.after(by);
            now.wall = now.wall.saturating_add_unsigned(by.as_secs());
        });
    }

    /// As [`FakeClock::advance`], but the clock that tells of a suspend stands still: nobody takes the
    /// time that passes at once for sleep.
    pub fn advance_awake(&self, by: Duration) {
        self.0.send_modify(|now| {
            now.monotonic = now.monotonic.after(by);
            now.wall = now.wall.saturating_add_unsigned(by.as_secs());
        });
    }

    /// The machine sleeps: only the monotonic clock stands still.
    pub fn suspend(&self, by: Duration) {
        self.0.send_modify(|now| {
            now.boot = now.boot.after(by);
            now.wall = now.wall.saturating_add_unsigned(by.as_secs());
        });
    }

    /// Somebody sets the wall clock.
    pub fn set_wall(&self, wall: i64) {
        self.0.send_modify(|now| now.wall = wall);
    }
}

impl Clock for FakeClock {
    fn monotonic(&self) -> Time {
        self.0.borrow().monotonic
    }

    fn boot(&self) -> Time {
        self.0.borrow().boot
    }

    fn wall(&self) -> i64 {
        self.0.borrow().wall
    }
}

impl Timer for FakeClock {
    fn sleep_until(&self, when: Time) -> Later<'static, ()> {
        let mut now = self.0.subscribe();
        Box::pin(async move {
            if now.wait_for(|now| now.monotonic >= when).await.is_err() {
                // The clock is gone, so that time never comes.
                std::future::pending::<()>().await;
            }
        })
    }

    fn rest_until(&self, when: Time) -> Later<'static, ()> {
        let mut now = self.0.subscribe();
        Box::pin(async move {
            if now.wait_for(|now| now.boot >= when).await.is_err() {
                // The clock is gone, so that time never comes.
                std::future::pending::<()>().await;
            }
        })
    }
}

/// Hands out links that were put in, in order; without one it refuses.
#[derive(Default)]
pub struct FakeDial {
    links: Mutex<VecDeque<Result<Link, NetError>>>,
    asked: Mutex<Vec<Target>>,
    moved: Arc<Notify>,
}

impl std::fmt::Debug for FakeDial {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "FakeDial({:?})", open(&self.asked))
    }
}

impl FakeDial {
    /// The next dial gives a link that counts as secure; the server's end is returned.
    pub fn expect(&self) -> DuplexStream {
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        self.expect_link(Ok(link(Box::new(ours), true)));
        theirs
    }

    /// The next dial gives this.
    pub fn expect_link(&self, outcome: Result<Link, NetError>) {
        open(&self.links).push_back(outcome);
    }

    /// The network changes.
    pub fn change_ways(&self) {
        self.moved.notify_one();
    }

    /// Whom was dialled, in order.
    pub fn asked(&self) -> Vec<Target> {
        open(&self.asked).clone()
    }
}

impl Dial for FakeDial {
    fn dial(&self, target: Target) -> Later<'static, Result<Link, NetError>> {
        let place = format!("{}:{}", target.host, target.port);
        open(&self.asked).push(target);
        let outcome = open(&self.links).pop_front().unwrap_or_else(|| {
            Err(NetError::Refused {
                place,
                tried: vec!["nobody listens".to_owned()],
            })
        });
        Box::pin(async move { outcome })
    }

    fn ways(&self) -> Option<Box<dyn Ways>> {
        Some(Box::new(FakeWays(self.moved.clone())))
    }
}

struct FakeWays(Arc<Notify>);

impl Ways for FakeWays {
    fn changed(&mut self) -> Later<'_, ()> {
        Box::pin(self.0.notified())
    }
}

/// A link over any stream. One that is not secure yet is upgraded by [`PretendTls`].
pub fn link(stream: Box<dyn Stream>, secure: bool) -> Link {
    Link {
        stream,
        secure,
        layer: (!secure).then(|| Arc::new(PretendTls) as Arc<dyn Layer>),
        peer: "fake:993".to_owned(),
    }
}

/// A handshake that is none: the bytes go on in clear, in the memory of the test.
#[derive(Clone, Copy, Debug)]
pub struct PretendTls;

impl Layer for PretendTls {
    fn secure(&self, stream: Box<dyn Stream>) -> Later<'static, Result<Box<dyn Stream>, NetError>> {
        Box::pin(async move { Ok(stream) })
    }
}

/// A stream that breaks: cut after so many octets either way, or read in small pieces.
pub struct Faulty<S> {
    inner: S,
    /// Octets that may still be read; then the link ends.
    pub reads_left: u64,
    /// Octets that may still be written; then writing fails.
    pub writes_left: u64,
    /// The most that one read gives.
    pub piece: usize,
}

impl<S> Faulty<S> {
    /// A stream without faults yet.
    pub fn new(inner: S) -> Self {
        Self {
            inner,
            reads_left: u64::MAX,
            writes_left: u64::MAX,
            piece: usize::MAX,
        }
    }
}

fn within(limit: u64, octets: usize) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX).min(octets)
}

impl<S: AsyncRead + Unpin> AsyncRead for Faulty<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let room = within(self.reads_left, buffer.remaining().min(self.piece));
        if room == 0 {
            return Poll::Ready(Ok(()));
        }
        let mut bytes = vec![0; room];
        let mut part = ReadBuf::new(&mut bytes);
        std::task::ready!(Pin::new(&mut self.inner).poll_read(context, &mut part))?;
        buffer.put_slice(part.filled());
        self.reads_left -= part.filled().len() as u64;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Faulty<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let room = within(self.writes_left, bytes.len());
        let Some(part) = bytes.get(..room).filter(|part| !part.is_empty()) else {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        };
        let count = std::task::ready!(Pin::new(&mut self.inner).poll_write(context, part))?;
        self.writes_left -= count as u64;
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

/// A keyring in memory.
#[derive(Debug, Default)]
pub struct FakeSecrets {
    kept: Mutex<BTreeMap<String, Secret>>,
    fault: Mutex<Option<SecretError>>,
}

impl FakeSecrets {
    /// Every call fails like this from now on, or none does.
    pub fn fail(&self, fault: Option<SecretError>) {
        *open(&self.fault) = fault;
    }

    /// What is kept, by account.
    pub fn kept(&self) -> BTreeMap<String, Secret> {
        open(&self.kept).clone()
    }

    fn unless_faulty<T>(&self, call: impl FnOnce() -> Result<T, SecretError>) -> Wait<T> {
        let fault = open(&self.fault).clone();
        Wait::ready(match fault {
            Some(fault) => Err(fault),
            None => call(),
        })
    }
}

impl Secrets for FakeSecrets {
    fn get(&self, account: &str) -> Wait<Secret> {
        self.unless_faulty(|| {
            let found = open(&self.kept).get(account).cloned();
            found.ok_or_else(|| SecretError::Missing {
                account: account.to_owned(),
            })
        })
    }

    fn set(&self, account: &str, secret: Secret) -> Wait<()> {
        self.unless_faulty(|| {
            open(&self.kept).insert(account.to_owned(), secret);
            Ok(())
        })
    }

    fn delete(&self, account: &str) -> Wait<()> {
        self.unless_faulty(|| {
            open(&self.kept).remove(account);
            Ok(())
        })
    }

    fn status(&self, _account: &str) -> Wait<String> {
        self.unless_faulty(|| Ok("memory".to_owned()))
    }
}

/// Starts nothing; remembers what it was asked for and prints what it was told to.
#[derive(Debug, Default)]
pub struct FakeSpawn {
    opened: Mutex<Vec<Vec<OsString>>>,
    prints: Mutex<Option<String>>,
}

impl FakeSpawn {
    /// Each command prints this from now on.
    pub fn print(&self, text: &str) {
        *open(&self.prints) = Some(text.to_owned());
    }

    /// The openers that were started.
    pub fn opened(&self) -> Vec<Vec<OsString>> {
        open(&self.opened).clone()
    }
}

impl Spawn for FakeSpawn {
    fn open(&self, argv: Vec<OsString>) -> Result<(), SpawnError> {
        open(&self.opened).push(argv);
        Ok(())
    }

    fn on_terminal(&self, argv: Vec<OsString>) -> Result<Option<i32>, SpawnError> {
        open(&self.opened).push(argv);
        Ok(Some(0))
    }

    fn capture(
        &self,
        argv: Vec<String>,
        _limit: Duration,
    ) -> Later<'static, Result<Captured, SpawnError>> {
        let outcome = match (open(&self.prints).clone(), argv.first()) {
            (Some(text), Some(_)) => Ok(Captured {
                output: Zeroizing::new(text.into_bytes()),
                complaint: String::new(),
                code: Some(0),
            }),
            (None, Some(program)) => Err(SpawnError::Start {
                program: program.clone(),
                why: "nothing is started in a test".to_owned(),
            }),
            (_, None) => Err(SpawnError::Empty),
        };
        Box::pin(async move { outcome })
    }
}

/// Octets that count up, the same in each run.
#[derive(Debug, Default)]
pub struct CountingRandom(Mutex<u64>);

impl Random for CountingRandom {
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()> {
        let mut state = open(&self.0);
        for byte in bytes {
            *state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            *byte = state.to_be_bytes().first().copied().unwrap_or(0);
        }
        Ok(())
    }
}

/// A disk with as much room as it is told.
#[derive(Debug)]
pub struct FakeDisk(pub Mutex<u64>);

impl Disk for FakeDisk {
    fn free(&self, _path: &Path) -> io::Result<u64> {
        Ok(*open(&self.0))
    }
}
