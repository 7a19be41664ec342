//! A TCP proxy between client and server that delays, cuts, goes silent or refuses, and counts
//! round trips.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// What the proxy does to the links through it; may be changed while they are open.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// Waits so long before it hands on what the server says, once for each answer.
    pub delay: Duration,
    /// Closes a link after so many bytes of the server.
    pub cut_after: Option<u64>,
    /// Once so many bytes of servers have come in all, the link at hand hands nothing more on, and
    /// stays open.
    pub stall_at: Option<u64>,
    /// Notes when a server first says this, on links in clear.
    pub watch_for: Option<&'static [u8]>,
    /// Takes bytes and hands none on, in either direction: a dropped NAT entry.
    pub silent: bool,
    /// Closes each new connection at once.
    pub refuse: bool,
    /// Hands on so many bytes of a server in a second: a line like those at home.
    pub rate: Option<u64>,
    /// Hands the server's bytes on one by one with this pause: a slow line.
    pub trickle: Option<Duration>,
}

#[derive(Default)]
struct Shared {
    faults: Mutex<Faults>,
    stopping: AtomicBool,
    connections: AtomicUsize,
    down: AtomicU64,
    up: AtomicU64,
    turns: AtomicU64,
    stalled: AtomicUsize,
    left: AtomicUsize,
    heard: Mutex<Option<Instant>>,
    together: AtomicUsize,
    links: Mutex<Vec<(TcpStream, Ending)>>,
}

/// How the proxy ends one link: with a reset instead of a goodbye once this is set.
type Ending = Arc<AtomicBool>;

impl Shared {
    fn open(&self) -> usize {
        let made = self.connections.load(Ordering::SeqCst);
        made.saturating_sub(self.left.load(Ordering::SeqCst))
    }
}

/// A proxy on a port of its own in front of one server port.
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

impl Proxy {
    /// Listens on loopback and hands on to `target` there.
    pub fn before(target: u16) -> Proxy {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared::default());
        let state = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming() {
                if state.stopping.load(Ordering::SeqCst) {
                    return;
                }
                if let Ok(client) = client {
                    accept(client, target, &state);
                }
            }
        });
        Proxy { port, shared }
    }

    /// The port that the client is given.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Changes what happens from now on.
    pub fn set(&self, change: impl FnOnce(&mut Faults)) {
        change(&mut self.shared.faults.lock().unwrap());
    }

    /// Closes all open links with a FIN, as a server that ends.
    pub fn cut_now(&self) {
        for (link, _) in self.shared.links.lock().unwrap().drain(..) {
            let _ = link.shutdown(Shutdown::Both);
        }
    }

    /// Ends all open links with a RST, as a router that forgot them.
    pub fn reset_now(&self) {
        for (link, reset) in self.shared.links.lock().unwrap().drain(..) {
            reset.store(true, Ordering::SeqCst);
            // The last close of a socket that does not linger sends a RST. Nothing is sent by ending
            // our reading, but the thread that reads lets go.
            let _ = socket2::SockRef::from(&link).set_linger(Some(Duration::ZERO));
            let _ = link.shutdown(Shutdown::Read);
        }
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// How many links hand nothing on any more.
    pub fn stalled(&self) -> usize {
        self.shared.stalled.load(Ordering::SeqCst)
    }

    /// How many links the client closed.
    pub fn left(&self) -> usize {
        self.shared.left.load(Ordering::SeqCst)
    }

    /// How many links were open beside another one for longer than it takes to see an end.
    pub fn together(&self) -> usize {
        self.shared.together.load(Ordering::SeqCst)
    }

    /// When a server said what is watched for; the next time is noted anew.
    pub fn heard(&self) -> Option<Instant> {
        self.shared.heard.lock().unwrap().take()
    }

    /// Bytes from the server so far.
    pub fn bytes_down(&self) -> u64 {
        self.shared.down.load(Ordering::SeqCst)
    }

    /// Bytes from the client so far.
    pub fn bytes_up(&self) -> u64 {
        self.shared.up.load(Ordering::SeqCst)
    }

    /// Round trips so far as the issue counts them: one for each TCP connect, one for each TLS 1.3
    /// handshake (hello and answer; the client's Finished belongs to it), then one each time that
    /// client bytes follow server bytes.
    pub fn round_trips(&self) -> u64 {
        let connections = self.connections() as u64;
        // The first turn of a link is the client's Finished after the server's hello.
        2 * connections
            + self
                .shared
                .turns
                .load(Ordering::SeqCst)
                .saturating_sub(connections)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        self.cut_now();
    }
}

fn accept(client: TcpStream, target: u16, shared: &Arc<Shared>) {
    if shared.faults.lock().unwrap().refuse {
        return;
    }
    let Ok(server) = TcpStream::connect(("127.0.0.1", target)) else {
        return;
    };
    shared.connections.fetch_add(1, Ordering::SeqCst);
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let copies = [&client, &client, &server, &server].map(|stream| stream.try_clone().unwrap());
    let [client_out, client_kept, server_out, server_kept] = copies;
    let reset = Ending::default();
    let kept = [client_kept, server_kept].map(|link| (link, Arc::clone(&reset)));
    shared.links.lock().unwrap().extend(kept);
    let state = Arc::clone(shared);
    thread::spawn(move || {
        for _ in 0..20 {
            if state.open() < 2 {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        state.together.fetch_add(1, Ordering::SeqCst);
    });
    let server_spoke = Arc::new(AtomicBool::new(false));
    let (up, down) = (Arc::clone(shared), Arc::clone(shared));
    let (spoke, ending) = (Arc::clone(&server_spoke), Arc::clone(&reset));
    thread::spawn(move || {
        pump_up(&client, &server_out, &up, &spoke);
        let_go(&client, &server_out, &ending);
    });
    thread::spawn(move || {
        pump_down(&server, &client_out, &down, &server_spoke);
        let_go(&server, &client_out, &reset);
    });
}

fn let_go(from: &TcpStream, to: &TcpStream, reset: &Ending) {
    if !reset.load(Ordering::SeqCst) {
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    }
}

fn pump_up(mut from: &TcpStream, mut to: &TcpStream, shared: &Shared, server_spoke: &AtomicBool) {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = match from.read(&mut buffer) {
            Ok(count @ 1..) => count,
            Ok(0) | Err(_) => {
                shared.left.fetch_add(1, Ordering::SeqCst);
                break;
            }
        };
        if server_spoke.swap(false, Ordering::SeqCst) {
            shared.turns.fetch_add(1, Ordering::SeqCst);
        }
        shared.up.fetch_add(count as u64, Ordering::SeqCst);
        if !shared.faults.lock().unwrap().silent && to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
}

fn pump_down(mut from: &TcpStream, to: &TcpStream, shared: &Shared, server_spoke: &AtomicBool) {
    let mut buffer = vec![0; 1 << 16];
    let mut passed = 0;
    let mut stalled = false;
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let first_of_answer = !server_spoke.swap(true, Ordering::SeqCst);
        let Faults {
            delay,
            cut_after,
            silent,
            trickle,
            stall_at,
            watch_for,
            rate,
            ..
        } = shared.faults.lock().unwrap().clone();
        if watch_for.is_some_and(|words| buffer[..count].windows(words.len()).any(|w| w == words)) {
            let mut heard = shared.heard.lock().unwrap();
            *heard = heard.or(Some(Instant::now()));
        }
        let down = shared.down.load(Ordering::SeqCst) + count as u64;
        if !stalled && stall_at.is_some_and(|limit| down > limit) {
            stalled = true;
            shared.faults.lock().unwrap().stall_at = None;
            shared.stalled.fetch_add(1, Ordering::SeqCst);
        }
        if first_of_answer && !delay.is_zero() {
            thread::sleep(delay);
        }
        if silent || stalled {
            continue;
        }
        let left = cut_after.map_or(u64::MAX, |limit| limit.saturating_sub(passed));
        let count = count.min(usize::try_from(left).unwrap_or(usize::MAX));
        if hand_on(to, &buffer[..count], trickle).is_err() {
            break;
        }
        if let Some(rate) = rate {
            thread::sleep(Duration::from_secs_f64(count as f64 / rate as f64));
        }
        passed += count as u64;
        shared.down.fetch_add(count as u64, Ordering::SeqCst);
        if cut_after.is_some_and(|limit| passed >= limit) {
            break;
        }
    }
}

fn hand_on(mut to: &TcpStream, bytes: &[u8], trickle: Option<Duration>) -> std::io::Result<()> {
    let Some(pause) = trickle else {
        return to.write_all(bytes);
    };
    for byte in bytes {
        to.write_all(std::slice::from_ref(byte))?;
        thread::sleep(pause);
    }
    Ok(())
}
