//! What the live tests and the benches stand on: a real Dovecot with a private CA, a real Postfix
//! that delivers into it, a real Secret Service, scripted servers and a proxy for the faults, a bare
//! client, a pseudo-terminal and a generator of mail.
//!
//! Nothing here knows the library: what it reports about a server was asked by [`raw::Raw`], and
//! what it reports about the program was seen on its terminal. Everything binds to loopback, on
//! ports that were free, and lives in a folder that goes when the value is dropped.
//!
//! A missing program skips the test with a printed reason; with `CI=true` it fails instead.

pub mod ca;
pub mod compare;
pub mod desk;
pub mod dovecot;
pub mod dress;
pub mod fake;
pub mod fake_pop3;
pub mod fake_smtp;
pub mod generate;
pub mod house;
pub mod keyring;
pub mod postfix;
pub mod program;
pub mod proxy;
pub mod pty;
pub mod raw;
pub mod raw_pop3;

use std::env;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{fs, thread};

/// Far longer than anything takes: what is awaited comes once, however busy the machine is. Who means
/// to say how long something may take sets a limit of their own.
pub const SOON: Duration = Duration::from_secs(60);

/// Whether all `programs` are on the path. Says which is not, and fails under `CI=true`.
pub fn need(programs: &[&str]) -> bool {
    let missing: Vec<&str> = programs
        .iter()
        .copied()
        .filter(|p| find(p).is_none())
        .collect();
    if missing.is_empty() {
        return true;
    }
    skip(&format!(
        "{} not installed (tests/run installs it)",
        missing.join(", ")
    ));
    false
}

/// Says why a test does nothing; under `CI=true` that is a failure.
pub fn skip(why: &str) {
    assert!(
        env::var("CI").as_deref() != Ok("true"),
        "CI may skip nothing: {why}"
    );
    eprintln!("SKIPPED: {why}");
}

/// Where a program is, looked for on the path and where Debian keeps its daemons.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/local/sbin", "/sbin"].map(PathBuf::from))
        .map(|dir| dir.join(program))
        .find(|candidate| candidate.is_file())
}

/// The folder of `LACEBARK_CORPUS`, if it is set; says so where it is not.
pub fn corpus() -> Option<PathBuf> {
    let Some(dir) = env::var_os("LACEBARK_CORPUS").map(PathBuf::from) else {
        eprintln!("SKIPPED: LACEBARK_CORPUS is not set");
        return None;
    };
    assert!(
        dir.is_dir(),
        "LACEBARK_CORPUS names no folder: {}",
        dir.display()
    );
    Some(dir)
}

/// Whether the full counts are asked for (`tests/run --long`).
pub fn is_long() -> bool {
    env::var_os("LACEBARK_LONG").is_some()
}

/// The program under test.
pub fn lacebark() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_lacebark"))
}

/// A port on loopback that nobody listens on, given once to a process. It lies below those that
/// systems take for outgoing connections, so that none of these is in the way of who listens there.
pub fn free_port() -> u16 {
    const PORTS: std::ops::Range<u32> = 12_000..32_000;
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    let start = std::process::id().wrapping_mul(997);
    for _ in PORTS {
        let nth = start.wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed));
        let port = (PORTS.start + nth % (PORTS.end - PORTS.start)) as u16;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no port of {PORTS:?} is free");
}

/// Polls until `done` says so. For states of other programs that announce nothing; it fails with
/// `what` when the time is over.
pub fn eventually(what: &str, limit: Duration, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < limit, "not within {limit:?}: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Runs a command to its end and hands its standard output back; fails with all that it said.
pub fn run(command: &mut Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command
        .output()
        .unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let (stdout, stderr) = (
        String::from_utf8_lossy(&stdout),
        String::from_utf8_lossy(&stderr),
    );
    assert!(
        status.success(),
        "{command:?}: {status}\n{stdout}\n{stderr}"
    );
    stdout.into_owned()
}

/// Whom Dovecot runs as. Root cannot own mail, so there the system's `nobody` does.
#[derive(Clone, Debug)]
pub struct Owner {
    /// Login name.
    pub user: String,
    /// Group name.
    pub group: String,
    /// Numeric pair to change to, if this process is root.
    pub change_to: Option<(u32, u32)>,
}

impl Owner {
    /// The user of this process, or `nobody` if that is root.
    pub fn of_mail() -> Owner {
        let ask = |args: &[&str]| run(Command::new("id").args(args)).trim().to_owned();
        if !rustix::process::geteuid().is_root() {
            return Owner {
                user: ask(&["-un"]),
                group: ask(&["-gn"]),
                change_to: None,
            };
        }
        let number = |flag: &str| ask(&[flag, "nobody"]).parse().unwrap();
        Owner {
            user: "nobody".to_owned(),
            group: ask(&["-gn", "nobody"]),
            change_to: Some((number("-u"), number("-g"))),
        }
    }

    /// Gives a file or folder to this user.
    pub fn take(&self, path: &Path) {
        if let Some((uid, gid)) = self.change_to {
            chown(path, Some(uid), Some(gid)).unwrap();
        }
    }

    /// Makes a folder of this user, with its parents.
    pub fn folder(&self, path: &Path) {
        let mut missing: Vec<&Path> = path.ancestors().take_while(|p| !p.exists()).collect();
        missing.reverse();
        for dir in missing {
            fs::create_dir(dir).unwrap();
            fs::set_permissions(dir, fs::Permissions::from_mode(0o755)).unwrap();
            self.take(dir);
        }
    }

    /// Writes a file of this user.
    pub fn file(&self, path: &Path, bytes: &[u8]) {
        fs::write(path, bytes).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        self.take(path);
    }
}
