//! A private Dovecot: IMAPS and IMAP with STARTTLS on loopback, POP3 where it is asked for, Maildir
//! in a temporary folder, capabilities that can be hidden to play a lesser server.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process_group};
use tempfile::TempDir;

use super::ca::{Ca, Certificate};
use super::generate::{Sizes, write_maildir};
use super::raw::Raw;
use super::{Owner, eventually, find, free_port, need, run, skip};

/// What Dovecot 2.3 offers after sign-in, from which [`Options::hide`] takes away.
const CAPABILITIES: &str = "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE SORT SORT=DISPLAY THREAD=REFERENCES \
    THREAD=REFS THREAD=ORDEREDSUBJECT MULTIAPPEND URL-PARTIAL CATENATE UNSELECT CHILDREN NAMESPACE UIDPLUS \
    LIST-EXTENDED I18NLEVEL=1 CONDSTORE QRESYNC ESEARCH ESORT SEARCHRES WITHIN CONTEXT=SEARCH LIST-STATUS BINARY \
    MOVE SNIPPET=FUZZY PREVIEW=FUZZY PREVIEW STATUS=SIZE SAVEDATE LITERAL+ NOTIFY SPECIAL-USE";

/// How a server is to be.
#[derive(Clone, Debug)]
pub struct Options {
    /// Capabilities that it does not name, such as `CONDSTORE`, `IDLE`, `UIDPLUS`, `SPECIAL-USE`.
    pub hide: Vec<&'static str>,
    /// What it shows at the TLS handshake.
    pub certificate: Certificate,
    /// Refuses sign-in without TLS (LOGINDISABLED), on loopback too.
    pub require_tls: bool,
    /// Login names and passwords.
    pub users: BTreeMap<String, String>,
    /// The POP3 service over the same INBOX, on two ports more.
    pub pop3: Option<Pop3>,
    /// Lines put at the end of the configuration.
    pub more: String,
}

/// How the POP3 service is to be.
#[derive(Clone, Debug)]
pub struct Pop3 {
    /// What a unique id is made of: `%08Xu%08Xv` of UID and UIDVALIDITY, so that
    /// [`Dovecot::renumber`] changes all; `%v` gives all messages the same.
    pub uidl: &'static str,
    /// A second session is told `[IN-USE]`.
    pub lock: bool,
}

impl Default for Pop3 {
    fn default() -> Pop3 {
        Pop3 {
            uidl: "%08Xu%08Xv",
            lock: false,
        }
    }
}

impl Default for Options {
    fn default() -> Options {
        let users = [
            ("alice", "alice's key 71"),
            ("bob", "bob's key 72"),
            ("carol", "carol's key 73"),
        ];
        Options {
            hide: Vec::new(),
            certificate: Certificate::Good,
            require_tls: false,
            users: users
                .map(|(user, password)| (user.to_owned(), password.to_owned()))
                .into(),
            pop3: None,
            more: String::new(),
        }
    }
}

/// A running server; it ends with the value.
pub struct Dovecot {
    options: Options,
    owner: Owner,
    dir: TempDir,
    imap: u16,
    imaps: u16,
    pop3: u16,
    pop3s: u16,
    master: Option<Child>,
}

impl Dovecot {
    /// A full server with alice, bob and carol; `None` (and said why) where Dovecot is missing.
    pub fn start() -> Option<Dovecot> {
        Dovecot::with(Options::default())
    }

    /// A full server with so many generated messages in alice's INBOX.
    pub fn holding(count: usize, seed: u64, sizes: Sizes) -> Option<Dovecot> {
        let server = Dovecot::start()?;
        let inbox = server.maildir("alice", "INBOX");
        write_maildir(&inbox, server.owner(), count, seed, sizes);
        Some(server)
    }

    /// A server that speaks POP3 too.
    pub fn with_pop3(pop3: Pop3) -> Option<Dovecot> {
        Dovecot::with(Options {
            pop3: Some(pop3),
            ..Options::default()
        })
    }

    /// A server as `options` say.
    pub fn with(options: Options) -> Option<Dovecot> {
        if !need(&["dovecot", "doveadm", "openssl"]) {
            return None;
        }
        if options.pop3.is_some() && !Path::new("/usr/lib/dovecot/pop3").exists() {
            skip("dovecot-pop3d not installed (tests/run installs it)");
            return None;
        }
        let owner = Owner::of_mail();
        let dir = tempfile::Builder::new()
            .prefix("lacebark-dovecot-")
            .tempdir()
            .unwrap();
        fs::set_permissions(
            dir.path(),
            std::os::unix::fs::PermissionsExt::from_mode(0o755),
        )
        .unwrap();
        owner.take(dir.path());
        for name in ["run", "state", "home", "tls"] {
            owner.folder(&dir.path().join(name));
        }
        let (certificate, key) = Ca::shared().pair(options.certificate);
        owner.file(
            &dir.path().join("tls/server.pem"),
            &fs::read(certificate).unwrap(),
        );
        owner.file(&dir.path().join("tls/server.key"), &fs::read(key).unwrap());
        let mut server = Dovecot {
            options,
            owner,
            dir,
            imap: 0,
            imaps: 0,
            pop3: 0,
            pop3s: 0,
            master: None,
        };
        server.write_users();
        for _ in 0..3 {
            (server.imap, server.imaps) = (free_port(), free_port());
            (server.pop3, server.pop3s) = (free_port(), free_port());
            server.write_config();
            if server.launch() {
                return Some(server);
            }
        }
        panic!("Dovecot does not start:\n{}", server.log());
    }

    /// The name in the certificate.
    pub fn host(&self) -> &'static str {
        "localhost"
    }

    /// The port where TLS comes first.
    pub fn imaps_port(&self) -> u16 {
        self.imaps
    }

    /// The port in clear, with STARTTLS.
    pub fn imap_port(&self) -> u16 {
        self.imap
    }

    /// `imaps://…` for `lacebark setup --imap`.
    pub fn url(&self) -> String {
        format!("imaps://localhost:{}", self.imaps)
    }

    /// `imap://…`, where STARTTLS is required.
    pub fn starttls_url(&self) -> String {
        format!("imap://localhost:{}", self.imap)
    }

    /// The POP3 port where TLS comes first.
    pub fn pop3s_port(&self) -> u16 {
        self.pop3s
    }

    /// The POP3 port in clear, with STLS.
    pub fn pop3_port(&self) -> u16 {
        self.pop3
    }

    /// `pop3s://…` for `lacebark setup --pop3`.
    pub fn pop3_url(&self) -> String {
        format!("pop3s://localhost:{}", self.pop3s)
    }

    /// `pop3://…`, where STLS is required.
    pub fn stls_url(&self) -> String {
        format!("pop3://localhost:{}", self.pop3)
    }

    /// The root certificate, for `tls_ca_file`.
    pub fn ca_file(&self) -> PathBuf {
        Ca::shared().root()
    }

    /// The password of a user.
    pub fn password(&self, user: &str) -> &str {
        self.options.users.get(user).unwrap()
    }

    /// Changes a password; sign-ins from now on need the new one.
    pub fn set_password(&mut self, user: &str, password: &str) {
        self.options
            .users
            .insert(user.to_owned(), password.to_owned());
        self.write_users();
        self.doveadm(&["auth", "cache", "flush"]);
    }

    /// A bare client that is signed in.
    pub fn client(&self, user: &str) -> Raw {
        let mut client = Raw::connect(self.imaps);
        client.login(user, self.password(user));
        client
    }

    /// Appends a message by IMAP and hands its UID back. `date` is an IMAP date-time such as
    /// `21-Nov-2026 08:02:00 +0000`. A missing mailbox is created and subscribed.
    pub fn deliver(
        &self,
        user: &str,
        mailbox: &str,
        message: &[u8],
        flags: &[&str],
        date: Option<&str>,
    ) -> u32 {
        let mut client = self.client(user);
        let uid = client.append(mailbox, message, flags, date);
        client.logout();
        uid
    }

    /// A message that appears without IMAP, as a delivery agent makes it: Dovecot finds it in the
    /// Maildir. Fast; the UID is not known before somebody looks.
    pub fn drop_into(
        &self,
        user: &str,
        mailbox: &str,
        message: &[u8],
        flags: &str,
        date: SystemTime,
    ) {
        let dir = self.maildir(user, mailbox);
        super::generate::write_one(&dir, &self.owner, 0, message, flags, date);
    }

    /// The Maildir of a mailbox, made if it is missing.
    pub fn maildir(&self, user: &str, mailbox: &str) -> PathBuf {
        let root = self.dir.path().join("home").join(user).join("Maildir");
        let dir = match mailbox {
            "INBOX" => root,
            other => root.join(format!(".{}", other.replace('/', "."))),
        };
        for name in ["cur", "new", "tmp"] {
            self.owner.folder(&dir.join(name));
        }
        dir
    }

    /// Who owns the mail.
    pub fn owner(&self) -> &Owner {
        &self.owner
    }

    /// Gives a mailbox a new UIDVALIDITY and new UIDs from 1, as after a restore from backup.
    /// Nobody may have it open.
    pub fn renumber(&self, user: &str, mailbox: &str) {
        let dir = self.maildir(user, mailbox);
        for entry in fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name == "dovecot-uidlist" || name.starts_with("dovecot.index") {
                fs::remove_file(path).unwrap();
            }
        }
    }

    /// Runs doveadm on this server.
    pub fn doveadm(&self, args: &[&str]) -> String {
        let mut command = Command::new(find("doveadm").unwrap());
        command.arg("-c").arg(self.config()).args(args);
        run(self.as_owner(&mut command))
    }

    /// What the server wrote to its log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    /// Ends the server in order: clients see BYE or a closed link.
    pub fn stop(&mut self) {
        self.end(Signal::TERM);
    }

    /// Ends it at once with all its processes, as a power cut does.
    pub fn kill(&mut self) {
        self.end(Signal::KILL);
    }

    /// Starts it again on the same ports with the same mail.
    pub fn start_again(&mut self) {
        assert!(self.master.is_none(), "the server runs already");
        assert!(
            self.launch(),
            "Dovecot does not start again:\n{}",
            self.log()
        );
    }

    /// Stops and starts it.
    pub fn restart(&mut self) {
        self.stop();
        self.start_again();
    }

    /// Takes other options for the next start: hidden capabilities, another certificate.
    pub fn restart_with(&mut self, change: impl FnOnce(&mut Options)) {
        self.stop();
        change(&mut self.options);
        let (certificate, key) = Ca::shared().pair(self.options.certificate);
        self.owner.file(
            &self.dir.path().join("tls/server.pem"),
            &fs::read(certificate).unwrap(),
        );
        self.owner.file(
            &self.dir.path().join("tls/server.key"),
            &fs::read(key).unwrap(),
        );
        self.write_users();
        self.write_config();
        self.start_again();
    }

    /// Lowers the priority of every server process, for benches that measure the screen.
    pub fn nice(&self) {
        if let Some(master) = &self.master {
            let _ = Command::new("renice")
                .args(["-n", "10", "-g", &master.id().to_string()])
                .output();
        }
    }

    fn config(&self) -> PathBuf {
        self.dir.path().join("dovecot.conf")
    }

    fn as_owner<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        if let Some((uid, gid)) = self.owner.change_to {
            command.uid(uid).gid(gid);
        }
        command.current_dir(self.dir.path()).env_remove("HOME")
    }

    fn launch(&mut self) -> bool {
        let mut command = Command::new(find("dovecot").unwrap());
        command
            .arg("-F")
            .arg("-c")
            .arg(self.config())
            .process_group(0);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut child = self.as_owner(&mut command).spawn().unwrap();
        let mut ports = vec![self.imap, self.imaps];
        if self.options.pop3.is_some() {
            ports.extend([self.pop3, self.pop3s]);
        }
        let mut alive = true;
        eventually("Dovecot listens", Duration::from_secs(20), || {
            alive = child.try_wait().unwrap().is_none();
            !alive || ports.iter().all(|port| listens(*port))
        });
        self.master = Some(child);
        if !alive {
            self.end(Signal::KILL);
        }
        alive
    }

    fn end(&mut self, signal: Signal) {
        let Some(mut master) = self.master.take() else {
            return;
        };
        let group = Pid::from_raw(i32::try_from(master.id()).unwrap()).unwrap();
        if signal == Signal::TERM {
            let _ = kill_process(group, Signal::TERM);
        } else {
            let _ = kill_process_group(group, signal);
        }
        let _ = master.wait();
        // In order, its children get a moment to say BYE; whoever stays after that is ended too.
        let patience =
            Instant::now() + Duration::from_millis(if signal == Signal::TERM { 500 } else { 0 });
        while Instant::now() < patience && test_kill_process_group(group).is_ok() {
            thread::sleep(Duration::from_millis(10));
        }
        let _ = kill_process_group(group, Signal::KILL);
        eventually("Dovecot is gone", Duration::from_secs(10), || {
            !listens(self.imap) && !listens(self.imaps)
        });
    }

    fn write_users(&self) {
        let lines: String = self
            .options
            .users
            .iter()
            .map(|(user, password)| format!("{user}:{{PLAIN}}{password}\n"))
            .collect();
        self.owner
            .file(&self.dir.path().join("users"), lines.as_bytes());
        for user in self.options.users.keys() {
            self.owner.folder(&self.dir.path().join("home").join(user));
        }
    }

    fn write_config(&self) {
        let Options {
            hide,
            require_tls,
            pop3,
            more,
            ..
        } = &self.options;
        let Owner { user, group, .. } = &self.owner;
        let capability: Vec<&str> = CAPABILITIES
            .split_whitespace()
            .filter(|word| !hide.contains(word))
            .collect();
        let special = |role: &str| match hide.contains(&"SPECIAL-USE") {
            true => String::new(),
            false => format!("    special_use = \\{role}\n"),
        };
        let mailboxes: String = ["Sent", "Drafts", "Trash", "Junk", "Archive"]
            .map(|name| {
                format!(
                    "  mailbox {name} {{\n    auto = subscribe\n{}  }}\n",
                    special(name)
                )
            })
            .concat();
        let text = CONFIG
            .replace("@DIR@", &self.dir.path().to_string_lossy())
            .replace("@USER@", user)
            .replace("@GROUP@", group)
            .replace("@IMAP@", &self.imap.to_string())
            .replace("@IMAPS@", &self.imaps.to_string())
            .replace("@SSL@", if *require_tls { "required" } else { "yes" })
            .replace("@CAPABILITY@", &capability.join(" "))
            .replace("@MAILBOXES@", &mailboxes)
            .replace(
                "@PROTOCOLS@",
                if pop3.is_some() { "imap pop3" } else { "imap" },
            )
            .replace(
                "@POP3@",
                &pop3
                    .as_ref()
                    .map_or_else(String::new, |pop3| self.pop3_config(pop3)),
            )
            .replace("@MORE@", more);
        self.owner.file(&self.config(), text.as_bytes());
    }
}

impl Dovecot {
    fn pop3_config(&self, pop3: &Pop3) -> String {
        POP3.replace("@PORT@", &self.pop3.to_string())
            .replace("@PORTS@", &self.pop3s.to_string())
            .replace("@UIDL@", pop3.uidl)
            .replace("@LOCK@", if pop3.lock { "yes" } else { "no" })
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        self.kill();
    }
}

fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

/// The folder of a user's mail seen from outside, for a test that looks at files.
pub fn is_maildir(path: &Path) -> bool {
    ["cur", "new", "tmp"]
        .iter()
        .all(|name| path.join(name).is_dir())
}

const CONFIG: &str = r"
protocols = @PROTOCOLS@
base_dir = @DIR@/run
state_dir = @DIR@/state
log_path = @DIR@/log
listen = 127.0.0.1
default_internal_user = @USER@
default_internal_group = @GROUP@
default_login_user = @USER@
default_vsz_limit = 1G
first_valid_uid = 1
mail_location = maildir:~/Maildir
maildir_very_dirty_syncs = no
mail_max_userip_connections = 100
mail_max_keyword_length = 200
ssl = @SSL@
ssl_cert = <@DIR@/tls/server.pem
ssl_key = <@DIR@/tls/server.key
ssl_min_protocol = TLSv1.2
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0 secs
shutdown_clients = yes
mailbox_list_index = yes
protocol imap {
  imap_capability = @CAPABILITY@
}
namespace inbox {
  inbox = yes
  separator = /
@MAILBOXES@}
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%u @DIR@/users
}
userdb {
  driver = static
  args = uid=@USER@ gid=@GROUP@ home=@DIR@/home/%u
}
service imap-login {
  chroot =
  inet_listener imap {
    address = 127.0.0.1
    port = @IMAP@
  }
  inet_listener imaps {
    address = 127.0.0.1
    port = @IMAPS@
    ssl = yes
  }
}
service anvil {
  chroot =
}
service stats {
  chroot =
}
@POP3@
@MORE@
";

const POP3: &str = r"
protocol pop3 {
  pop3_uidl_format = @UIDL@
  pop3_lock_session = @LOCK@
  mail_max_userip_connections = 100
}
service pop3-login {
  chroot =
  inet_listener pop3 {
    address = 127.0.0.1
    port = @PORT@
  }
  inet_listener pop3s {
    address = 127.0.0.1
    port = @PORTS@
    ssl = yes
  }
}
";
