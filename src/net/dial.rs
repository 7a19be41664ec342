//! From a name to a link: every address in turn, the next one started while the last one hangs
//! (RFC 8305), one deadline over all, each address's error kept.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::config::url::Security;
use crate::net::tls::Tls;
use crate::net::{Dial, Later, Layer, Link, NetError, Stream, Target, Ways};

/// Dials over TCP.
#[derive(Clone, Debug)]
pub struct TcpDial {
    /// For the name and all its addresses.
    pub connect: Duration,
    /// For the handshake after that.
    pub handshake: Duration,
    /// For each word of the server in it: one whose packets get lost says nothing at all.
    pub silence: Duration,
    /// How long an address may hang before the next one is started.
    pub stagger: Duration,
}

impl Default for TcpDial {
    fn default() -> Self {
        Self {
            // Short, so that a network that comes back is met by a fresh packet (SAFETY R16).
            connect: Duration::from_secs(8),
            handshake: Duration::from_secs(30),
            silence: Duration::from_secs(8),
            stagger: Duration::from_millis(300),
        }
    }
}

impl Dial for TcpDial {
    fn dial(&self, target: Target) -> Later<'static, Result<Link, NetError>> {
        let limits = self.clone();
        Box::pin(async move { limits.open(target).await })
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn ways(&self) -> Option<Box<dyn Ways>> {
        match crate::net::ways::Routes::watch() {
            Ok(routes) => Some(Box::new(routes)),
            Err(error) => {
                tracing::debug!(%error, "nobody tells when the network changes");
                None
            }
        }
    }
}

impl TcpDial {
    async fn open(&self, target: Target) -> Result<Link, NetError> {
        let place = format!("{}:{}", target.host, target.port);
        let layer = match target.security {
            Security::PlainLoopback => None,
            Security::Tls | Security::StartTls => {
                Some(Tls::new(&target.host, target.tls_ca_file.as_deref())?)
            }
        };
        let socket = timeout(self.connect, self.connected(&target, &place))
            .await
            .map_err(|_| late(&place, "connecting", self.connect))??;
        let peer = match socket.peer_addr() {
            Ok(address) => format!("{place} ({})", address.ip()),
            Err(_) => place.clone(),
        };
        match (target.security, layer) {
            (Security::Tls, Some(tls)) => {
                let stream = self.secured(tls, socket, &place).await?;
                Ok(Link {
                    stream,
                    secure: true,
                    layer: None,
                    peer,
                })
            }
            (_, layer) => Ok(Link {
                stream: Box::new(socket),
                secure: false,
                layer: layer.map(|tls| Arc::new(tls) as Arc<dyn Layer>),
                peer,
            }),
        }
    }

    /// The handshake, for as long as the server says anything in it.
    async fn secured(
        &self,
        tls: Tls,
        socket: TcpStream,
        place: &str,
    ) -> Result<Box<dyn Stream>, NetError> {
        let heard = Arc::new(AtomicBool::new(false));
        let socket = Heard {
            inner: socket,
            heard: heard.clone(),
        };
        let handshake = async {
            let mut handshake = tls.secure(Box::new(socket));
            loop {
                match timeout(self.silence, &mut handshake).await {
                    Ok(stream) => return stream,
                    Err(_) if heard.swap(false, Ordering::Relaxed) => {}
                    Err(_) => return Err(late(place, "TLS handshake", self.silence)),
                }
            }
        };
        timeout(self.handshake, handshake)
            .await
            .map_err(|_| late(place, "TLS handshake", self.handshake))?
    }

    async fn connected(&self, target: &Target, place: &str) -> Result<TcpStream, NetError> {
        let addresses = resolved(&target.host, target.port).await?;
        if target.security == Security::PlainLoopback
            && !addresses.iter().all(|address| address.ip().is_loopback())
        {
            return Err(NetError::Clear {
                host: target.host.clone(),
            });
        }
        let socket =
            first_of(addresses, self.stagger)
                .await
                .map_err(|tried| NetError::Refused {
                    place: place.to_owned(),
                    tried,
                })?;
        tune(&socket).map_err(|error| NetError::Refused {
            place: place.to_owned(),
            tried: vec![error.to_string()],
        })?;
        Ok(socket)
    }
}

/// A socket that notes that something came.
struct Heard {
    inner: TcpStream,
    heard: Arc<AtomicBool>,
}

impl AsyncRead for Heard {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.heard.store(true, Ordering::Relaxed);
        }
        read
    }
}

impl AsyncWrite for Heard {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

fn late(place: &str, what: &'static str, limit: Duration) -> NetError {
    NetError::TimedOut {
        place: place.to_owned(),
        what,
        seconds: limit.as_secs(),
    }
}

/// Asks the system's resolver on a thread that nobody joins: a resolver that hangs would otherwise
/// hold up the end of the program.
async fn resolved(host: &str, port: u16) -> Result<Vec<SocketAddr>, NetError> {
    let (answer, asked) = oneshot::channel();
    let name = host.to_owned();
    let refused = |why: String| NetError::Resolve {
        host: host.to_owned(),
        why,
    };
    std::thread::Builder::new()
        .name("resolve".to_owned())
        .spawn(move || {
            let found = (name.as_str(), port).to_socket_addrs();
            // Nobody listens any more when the deadline has passed.
            let _ = answer.send(found.map(Iterator::collect::<Vec<_>>));
        })
        .map_err(|error| refused(error.to_string()))?;
    let found = match asked.await {
        Ok(found) => found.map_err(|error| refused(error.to_string()))?,
        Err(_) => return Err(refused("the resolver gave no answer".to_owned())),
    };
    if found.is_empty() {
        return Err(refused("it has none".to_owned()));
    }
    Ok(interleaved(found))
}

/// One address family after the other in turn, in the resolver's order within each.
fn interleaved(found: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = found.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = found
        .into_iter()
        .partition(|address| address.is_ipv6() == first_is_v6);
    let mut order = Vec::with_capacity(first.len() + second.len());
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    loop {
        match (first.next(), second.next()) {
            (None, None) => return order,
            (a, b) => order.extend(a.into_iter().chain(b)),
        }
    }
}

/// The first socket that connects; else what each address said.
async fn first_of(addresses: Vec<SocketAddr>, stagger: Duration) -> Result<TcpStream, Vec<String>> {
    let mut waiting = addresses.into_iter();
    let mut running = JoinSet::new();
    let mut tried = Vec::new();
    loop {
        if let Some(address) = waiting.next() {
            running.spawn(async move { (address, TcpStream::connect(address).await) });
        } else if running.is_empty() {
            return Err(tried);
        }
        let pause = if waiting.len() > 0 {
            stagger
        } else {
            Duration::MAX
        };
        match timeout(pause, running.join_next()).await {
            Ok(Some(Ok((_, Ok(socket))))) => return Ok(socket),
            Ok(Some(Ok((address, Err(error))))) => tried.push(format!("{address}: {error}")),
            Ok(Some(Err(error))) => tried.push(error.to_string()),
            Ok(None) | Err(_) => {}
        }
    }
}

/// A dead peer is noticed in about 75 s, and small commands leave at once.
fn tune(socket: &TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_secs(30))
        .with_interval(Duration::from_secs(15))
        .with_retries(3);
    SockRef::from(socket).set_tcp_keepalive(&keepalive)
}
