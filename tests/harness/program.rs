//! The program under test in a home of its own, as a person or a script starts it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::ca::Ca;
use super::dovecot::Dovecot;
use super::lacebark;
use super::pty::Terminal;

/// A home directory that ends with the value.
pub struct Home {
    dir: TempDir,
}

/// How one run of the program ended.
#[derive(Debug)]
pub struct Run {
    /// Exit code; -1 after a signal.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
    /// From start to end.
    pub wall: Duration,
    /// User and system time that it used, in steps of 10 ms.
    pub cpu: Duration,
}

impl Run {
    /// The printed JSON object.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Fails unless the exit code was that.
    pub fn exits(self, code: i32) -> Run {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        self
    }
}

impl Home {
    /// An empty home.
    pub fn new() -> Home {
        let dir = tempfile::Builder::new()
            .prefix("lacebark-home-")
            .tempdir()
            .unwrap();
        for name in ["run", "tmp"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        Home { dir }
    }

    /// A home with alice's account `work` at a port of that server; `offline` says what is kept.
    pub fn of_alice(server: &Dovecot, port: u16, offline: &str) -> Home {
        let home = Home::new();
        home.add_account("work", "alice", server, port, &["--offline", offline]);
        home
    }

    /// A file or folder in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Where mail and queue are.
    pub fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// The environment of every start.
    pub fn env(&self) -> Vec<(&'static str, PathBuf)> {
        vec![
            ("HOME", self.dir.path().to_path_buf()),
            ("LACEBARK_CONFIG", self.path("config.toml")),
            ("LACEBARK_DATA", self.data()),
            ("LACEBARK_CACHE", self.path("cache")),
            ("XDG_RUNTIME_DIR", self.path("run")),
            ("TMPDIR", self.path("tmp")),
        ]
    }

    /// The program with nothing in its environment but this home.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(lacebark());
        command.args(args).env_clear().envs(self.env());
        command
            .env("PATH", "/usr/bin:/bin")
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC");
        command.current_dir(self.dir.path());
        command
    }

    /// Runs the program to its end.
    pub fn run(&self, args: &[&str]) -> Run {
        finish(&mut self.command(args))
    }

    /// Starts the program and leaves it running.
    pub fn spawn(&self, args: &[&str]) -> Child {
        self.command(args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// Adds an account of a user of `server`, reached at `port` with TLS first, whose password a
    /// command prints (so that no keyring is needed).
    pub fn add_account(
        &self,
        id: &str,
        user: &str,
        server: &Dovecot,
        port: u16,
        more: &[&str],
    ) -> Run {
        let url = format!("imaps://{user}@localhost:{port}");
        self.add_account_at(id, user, server, &url, more)
    }

    /// The same, reached at `url`.
    pub fn add_account_at(
        &self,
        id: &str,
        user: &str,
        server: &Dovecot,
        url: &str,
        more: &[&str],
    ) -> Run {
        let password = server.password(user);
        self.set_up(id, password, &["--imap", url], server.ca_file(), more)
    }

    /// Adds a POP3 account that is reached at `url`, of Dovecot or of the scripted server.
    pub fn add_pop3_account(&self, id: &str, password: &str, url: &str, more: &[&str]) -> Run {
        let root = Ca::shared().root();
        self.set_up(id, password, &["--pop3", url], root, more)
    }

    fn set_up(&self, id: &str, password: &str, server: &[&str], ca: PathBuf, more: &[&str]) -> Run {
        let secret = self.path(&format!("{id}.secret"));
        fs::write(&secret, format!("{password}\n")).unwrap();
        let command = format!("cat {}", secret.display());
        let mut args = vec![
            "setup",
            "--address",
            "alice@example.test",
            "--name",
            "Alice Example",
            "--account",
            id,
        ];
        args.extend(server);
        args.extend(["--password-command", &command, "--keep", "command"]);
        args.extend(["--tls-ca-file", ca.to_str().unwrap()]);
        args.extend(more);
        self.run(&args).exits(0)
    }

    /// The program on a terminal.
    pub fn terminal(&self, args: &[&str], rows: u16, cols: u16) -> Terminal {
        let env = self.env();
        let env: Vec<(&str, &Path)> = env
            .iter()
            .map(|(name, value)| (*name, value.as_path()))
            .collect();
        Terminal::start(lacebark(), args, &env, rows, cols)
    }

    /// Removes all mail and everything made from it, and keeps the account.
    pub fn forget_mail(&self) {
        for dir in [self.data(), self.path("cache")] {
            let _ = fs::remove_dir_all(dir);
        }
    }
}

impl Default for Home {
    fn default() -> Home {
        Home::new()
    }
}

/// Runs a command to its end and measures it.
pub fn finish(command: &mut Command) -> Run {
    let before = children_cpu();
    let start = Instant::now();
    let output = command.stdin(Stdio::null()).output().unwrap();
    let wall = start.elapsed();
    Run {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
        wall,
        cpu: children_cpu().saturating_sub(before),
    }
}

/// User and system time of all children that this process has waited for.
fn children_cpu() -> Duration {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let Some((_, rest)) = text.rsplit_once(") ") else {
        return Duration::ZERO;
    };
    // After the name: state is field 3, so cutime (16) and cstime (17) are the 14th and 15th.
    let ticks: u64 = rest
        .split(' ')
        .skip(13)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 10)
}
