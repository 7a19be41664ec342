//! A private Postfix for submission: SMTPS and STARTTLS on loopback, passwords asked of the
//! harness's Dovecot, mail handed to it by LMTP, so that alice sends and bob reads.
//!
//! Postfix has to be started by root; where this process is not, the tests that need it say so.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use tempfile::TempDir;

use super::ca::{Ca, Certificate};
use super::dovecot::{Dovecot, Options};
use super::program::{Home, Run};
use super::{eventually, find, free_port, need, skip};

/// The domain of all addresses.
pub const DOMAIN: &str = "example.test";

/// A server for reading and one for sending, with the same users.
pub struct Exchange {
    /// Takes mail.
    pub postfix: Postfix,
    /// Keeps it.
    pub dovecot: Dovecot,
}

impl Exchange {
    /// Both with alice, bob and carol; `None` (and said why) where one cannot be.
    pub fn start() -> Option<Exchange> {
        Exchange::with(Options::default(), "")
    }

    /// Both as told: Dovecot's options, and more lines for Postfix's main.cf.
    pub fn with(options: Options, more: &str) -> Option<Exchange> {
        if !need(&["postfix", "postconf", "dovecot", "openssl"]) {
            return None;
        }
        if !rustix::process::geteuid().is_root() {
            skip("Postfix is started by root only, and this is not root");
            return None;
        }
        if !Path::new("/usr/lib/dovecot/lmtp").exists() {
            skip("dovecot-lmtpd not installed (tests/run installs it)");
            return None;
        }
        let (lmtp, auth) = (free_port(), free_port());
        let pop3 = if options.pop3.is_some() { "pop3" } else { "" };
        let glue = GLUE
            .replace("@POP3@", pop3)
            .replace("@LMTP@", &lmtp.to_string())
            .replace("@AUTH@", &auth.to_string());
        let users: Vec<String> = options.users.keys().cloned().collect();
        let dovecot = Dovecot::with(Options {
            more: format!("{}\n{glue}", options.more),
            ..options
        })?;
        let postfix = Postfix::start(&users, lmtp, auth, more);
        Some(Exchange { postfix, dovecot })
    }

    /// Adds an account of a user for reading and sending, whose password a command prints.
    pub fn add_account(&self, home: &Home, user: &str, more: &[&str]) -> Run {
        let smtp = format!("smtps://{user}@localhost:{}", self.postfix.smtps_port());
        self.try_account(home, user, &smtp, more).exits(0)
    }

    /// The same for a user who reads by POP3; `more` says what becomes of mail on the server.
    pub fn add_pop3_account(&self, home: &Home, user: &str, more: &[&str]) -> Run {
        let smtp = format!("smtps://{user}@localhost:{}", self.postfix.smtps_port());
        let pop3 = format!("pop3s://{user}@localhost:{}", self.dovecot.pop3s_port());
        let server = ["--pop3", &pop3, "--smtp", &smtp];
        self.set_up(home, user, &server, more).exits(0)
    }

    /// Adds an account for reading by IMAP and sending by `smtp`, however it ends.
    pub fn try_account(&self, home: &Home, user: &str, smtp: &str, more: &[&str]) -> Run {
        let imap = format!("imaps://{user}@localhost:{}", self.dovecot.imaps_port());
        self.set_up(home, user, &["--imap", &imap, "--smtp", smtp], more)
    }

    fn set_up(&self, home: &Home, user: &str, servers: &[&str], more: &[&str]) -> Run {
        let secret = home.path(&format!("{user}.secret"));
        fs::write(&secret, format!("{}\n", self.dovecot.password(user))).unwrap();
        let command = format!("cat {}", secret.display());
        let address = format!("{user}@{DOMAIN}");
        let ca = self.dovecot.ca_file();
        let mut args = vec!["setup", "--address", &address, "--account", user];
        args.extend(["--name", user]);
        args.extend(servers);
        args.extend(["--password-command", &command, "--keep", "command"]);
        args.extend(["--tls-ca-file", ca.to_str().unwrap()]);
        args.extend(more);
        home.run(&args)
    }

    /// Waits until a mailbox of a user holds so many messages, and hands them out, oldest first.
    pub fn received(&self, user: &str, mailbox: &str, count: usize) -> Vec<Vec<u8>> {
        let mut client = self.dovecot.client(user);
        let mut uids = Vec::new();
        eventually(
            &format!("{count} messages in {mailbox} of {user}"),
            Duration::from_secs(30),
            || {
                uids = client.uids(mailbox);
                uids.len() >= count
            },
        );
        uids.iter()
            .map(|uid| client.message(mailbox, *uid))
            .collect()
    }
}

/// A running server; it ends with the value.
pub struct Postfix {
    dir: TempDir,
    smtps: u16,
    submission: u16,
    master: Option<Child>,
}

impl Postfix {
    fn start(users: &[String], lmtp: u16, auth: u16, more: &str) -> Postfix {
        let dir = tempfile::Builder::new()
            .prefix("lacebark-postfix-")
            .tempdir()
            .unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for name in ["etc", "queue", "data"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        super::run(
            Command::new("chown")
                .arg("postfix")
                .arg(dir.path().join("data")),
        );
        let mut server = Postfix {
            dir,
            smtps: 0,
            submission: 0,
            master: None,
        };
        for _ in 0..3 {
            (server.smtps, server.submission) = (free_port(), free_port());
            server.configure(users, lmtp, auth, more);
            if server.launch() {
                return server;
            }
        }
        panic!("Postfix does not start:\n{}", server.log());
    }

    /// The port where TLS comes first.
    pub fn smtps_port(&self) -> u16 {
        self.smtps
    }

    /// The port in clear, with STARTTLS required.
    pub fn submission_port(&self) -> u16 {
        self.submission
    }

    /// What the server wrote to its log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    /// Ends the server; links break.
    pub fn stop(&mut self) {
        let Some(mut started) = self.master.take() else {
            return;
        };
        // The master leads a session of its own, with all its children in its group.
        if let Some(master) = self.master_pid() {
            let _ = kill_process_group(master, Signal::TERM);
            let ended = || test_kill_process_group(master).is_err();
            let patience = Instant::now() + Duration::from_secs(2);
            while Instant::now() < patience && !ended() {
                std::thread::sleep(Duration::from_millis(10));
            }
            let _ = kill_process_group(master, Signal::KILL);
        }
        let _ = started.kill();
        let _ = started.wait();
        if !std::thread::panicking() {
            eventually("Postfix is gone", Duration::from_secs(10), || {
                !listens(self.smtps) && !listens(self.submission)
            });
        }
    }

    fn master_pid(&self) -> Option<Pid> {
        let text = fs::read_to_string(self.dir.path().join("queue/pid/master.pid")).ok()?;
        Pid::from_raw(text.trim().parse().ok()?)
    }

    /// Starts it again on the same ports.
    pub fn start_again(&mut self) {
        assert!(self.master.is_none(), "the server runs already");
        assert!(
            self.launch(),
            "Postfix does not start again:\n{}",
            self.log()
        );
    }

    fn etc(&self) -> PathBuf {
        self.dir.path().join("etc")
    }

    fn configure(&self, users: &[String], lmtp: u16, auth: u16, more: &str) {
        let (certificate, key) = Ca::shared().pair(Certificate::Good);
        let known: Vec<String> = users
            .iter()
            .map(|user| format!("{{{user}@{DOMAIN} = ok}}"))
            .collect();
        let tls = [("cert.pem", certificate), ("key.pem", key)].map(|(name, from)| {
            let to = self.etc().join(name);
            fs::copy(from, &to).unwrap();
            to.display().to_string()
        });
        let main = MAIN
            .replace("@DIR@", &self.dir.path().to_string_lossy())
            .replace("@DOMAIN@", DOMAIN)
            .replace("@KNOWN@", &known.join(", "))
            .replace("@LMTP@", &lmtp.to_string())
            .replace("@AUTH@", &auth.to_string())
            .replace("@CERT@", &tls[0])
            .replace("@KEY@", &tls[1])
            .replace("@MORE@", more);
        fs::write(self.etc().join("main.cf"), main).unwrap();
        let master = MASTER
            .replace("@SMTPS@", &self.smtps.to_string())
            .replace("@SUBMISSION@", &self.submission.to_string());
        fs::write(self.etc().join("master.cf"), master).unwrap();
    }

    fn launch(&mut self) -> bool {
        let mut command = Command::new(find("postfix").unwrap());
        command
            .arg("-c")
            .arg(self.etc())
            .arg("start-fg")
            .process_group(0);
        command
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let (smtps, submission) = (self.smtps, self.submission);
        let mut alive = true;
        eventually("Postfix listens", Duration::from_secs(30), || {
            alive = child.try_wait().unwrap().is_none();
            !alive || (listens(smtps) && listens(submission))
        });
        self.master = Some(child);
        if !alive {
            self.stop();
        }
        alive
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        self.stop();
    }
}

fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

/// What Dovecot has to do beside: deliver, and check passwords for Postfix.
const GLUE: &str = r"
protocols = imap lmtp @POP3@
auth_username_format = %Ln
postmaster_address = postmaster@example.test
service lmtp {
  chroot =
  inet_listener lmtp {
    address = 127.0.0.1
    port = @LMTP@
  }
}
service auth {
  chroot =
  inet_listener {
    address = 127.0.0.1
    port = @AUTH@
  }
}
";

const MAIN: &str = r"
compatibility_level = 3.6
queue_directory = @DIR@/queue
data_directory = @DIR@/data
maillog_file = @DIR@/log
maillog_file_prefixes = @DIR@
mail_owner = postfix
setgid_group = postdrop
myhostname = mail.@DOMAIN@
mydestination =
mynetworks =
inet_interfaces = loopback-only
inet_protocols = ipv4
alias_maps =
local_recipient_maps =
virtual_mailbox_domains = @DOMAIN@
virtual_mailbox_maps = inline:{ @KNOWN@ }
virtual_transport = lmtp:inet:127.0.0.1:@LMTP@
lmtp_destination_concurrency_limit = 5
default_transport = error:nothing leaves this machine
message_size_limit = 52428800
mailbox_size_limit = 0
virtual_mailbox_limit = 0
smtpd_tls_cert_file = @CERT@
smtpd_tls_key_file = @KEY@
smtpd_tls_security_level = encrypt
smtpd_tls_auth_only = yes
smtpd_tls_session_cache_database =
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:@AUTH@
smtpd_helo_required = yes
smtpd_helo_restrictions = reject_invalid_helo_hostname, reject_non_fqdn_helo_hostname
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
smtpd_error_sleep_time = 0
smtpd_soft_error_limit = 1000
smtpd_hard_error_limit = 1000
@MORE@
";

const MASTER: &str = r"
127.0.0.1:@SMTPS@ inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
127.0.0.1:@SUBMISSION@ inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
";
