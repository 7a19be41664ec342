//! Changes of addresses and routes, as the kernel tells them (rtnetlink(7)).

use std::io;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recv, socket_with};
use tokio::io::{Interest, unix::AsyncFd};

use super::{Later, Ways};

/// RTMGRP_IPV4_IFADDR, RTMGRP_IPV4_ROUTE and RTMGRP_IPV6_IFADDR. Routes of IPv6 are announced again
/// and again while nothing changes.
const GROUPS: u32 = 0x10 | 0x40 | 0x100;

/// The kernel's news of routes and addresses.
pub(super) struct Routes(AsyncFd<OwnedFd>);

impl Routes {
    /// Begins to listen; on a thread of the runtime.
    pub(super) fn watch() -> io::Result<Self> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let family = AddressFamily::NETLINK;
        // NETLINK_ROUTE is the protocol of number 0, which is what none stands for.
        let socket = socket_with(family, SocketType::RAW, flags, None)?;
        bind(&socket, &SocketAddrNetlink::new(0, GROUPS))?;
        // Deprecated because a type may lie about its descriptor; one that owns it cannot.
        #[expect(deprecated, reason = "its successor is for code that may be unsafe")]
        let socket = AsyncFd::with_interest(socket, Interest::READABLE)?;
        Ok(Self(socket))
    }

    /// Takes all that was told: what changed does not matter, only that something did.
    fn drain(&self) -> io::Result<()> {
        let mut buffer = vec![0; 8192];
        loop {
            match recv(self.0.get_ref(), &mut buffer, RecvFlags::empty()) {
                // More was told than was held: something changed.
                Ok(_) | Err(Errno::NOBUFS | Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Ways for Routes {
    fn changed(&mut self) -> Later<'_, ()> {
        Box::pin(async move {
            let told = match self.0.readable().await {
                Ok(mut ready) => {
                    ready.clear_ready();
                    self.drain()
                }
                Err(error) => Err(error),
            };
            if let Err(error) = told {
                tracing::debug!(%error, "nobody tells any more when the network changes");
                std::future::pending::<()>().await;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn r16_a_network_that_does_not_change_wakes_nobody() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut routes = Routes::watch().unwrap();
            routes.drain().unwrap();
            // What another program does to the network of this machine may be told once or twice.
            let mut told = 0;
            let short = Duration::from_millis(100);
            while tokio::time::timeout(short, routes.changed()).await.is_ok() {
                told += 1;
                assert!(told < 100, "it spins");
            }
        });
    }
}
