//! A real Secret Service for one test: the test binary runs itself again under its own message bus
//! with its own home, where gnome-keyring is unlocked, locked or absent.
//!
//! ```ignore
//! #[test]
//! fn s3_a_password_is_found_in_the_keyring() {
//!     if !keyring::inside("live_keyring::s3_a_password_is_found_in_the_keyring", Keyring::Unlocked) {
//!         return;
//!     }
//!     // Here HOME, XDG_RUNTIME_DIR and DBUS_SESSION_BUS_ADDRESS belong to the test alone.
//! }
//! ```

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::need;

/// What the test finds at `org.freedesktop.secrets`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyring {
    /// gnome-keyring, open.
    Unlocked,
    /// gnome-keyring with a stored password, closed, and nobody there to open it.
    Locked,
    /// A message bus on which nobody answers to that name.
    NoService,
    /// No message bus at all.
    NoBus,
}

/// The daemon goes to the background before it answers on the bus: asks until it does, 20 s at most.
const ANSWERS: &str = "n=0
    until dbus-send --session --print-reply --dest=org.freedesktop.DBus /org/freedesktop/DBus \
        org.freedesktop.DBus.NameHasOwner string:org.freedesktop.secrets 2>/dev/null | grep -q true
    do n=$((n+1)); [ $n -lt 400 ] || break; sleep 0.05; done";

const MARK: &str = "LACEBARK_TEST_INSIDE";

/// What is stored before the keyring is locked: service, user name and password.
pub const LOCKED_ITEM: (&str, &str, &str) = ("lacebark", "locked-away", "a password behind a lock");

/// True in the inner run, where the test goes on. In the outer run it starts the inner one by the
/// test's full name, fails if that fails, and says false. False too where a program is missing.
pub fn inside(test: &str, keyring: Keyring) -> bool {
    if env::var_os(MARK).is_some() {
        return true;
    }
    let programs: &[&str] = match keyring {
        Keyring::NoBus => &[],
        Keyring::NoService => &["dbus-run-session"],
        Keyring::Unlocked => &["dbus-run-session", "gnome-keyring-daemon"],
        Keyring::Locked => &["dbus-run-session", "gnome-keyring-daemon", "secret-tool"],
    };
    if !need(programs) {
        return false;
    }
    let scratch = tempfile::Builder::new()
        .prefix("lacebark-keyring-")
        .tempdir()
        .unwrap();
    let dir = scratch.path();
    for name in ["home", "run"] {
        fs::create_dir(dir.join(name)).unwrap();
        fs::set_permissions(dir.join(name), fs::Permissions::from_mode(0o700)).unwrap();
    }
    if keyring == Keyring::Locked {
        store_and_lock(dir);
    }
    let open = format!(
        "printf '\\n' | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
        {ANSWERS}; exec \"$@\""
    );
    let closed = format!(
        "gnome-keyring-daemon --start --components=secrets >/dev/null 2>&1
        {ANSWERS}; exec \"$@\""
    );
    let mut command = match keyring {
        Keyring::NoBus => hermetic("env", dir),
        Keyring::NoService => on_bus(dir),
        Keyring::Unlocked => shell(on_bus(dir), &open),
        Keyring::Locked => shell(on_bus(dir), &closed),
    };
    command.arg(env::current_exe().unwrap()).args([
        "--exact",
        test,
        "--nocapture",
        "--test-threads=1",
    ]);
    let output = command
        .env(MARK, "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success(),
        "{test} with {keyring:?}:\n{out}\n{err}"
    );
    assert!(out.contains("1 passed"), "no test is called {test}:\n{out}");
    eprintln!("{err}");
    false
}

/// The environment as cron gives it, with the runtime folder alone: for starting the program from
/// an inner run. The bus is found at `$XDG_RUNTIME_DIR/bus`.
pub fn as_cron(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear();
    for name in ["HOME", "XDG_RUNTIME_DIR"] {
        command.env(name, env::var_os(name).unwrap());
    }
    command.env("PATH", "/usr/bin:/bin");
    command
}

fn hermetic(program: &str, dir: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("DBUS_")
            || name.starts_with("XDG_")
            || name.starts_with("GNOME_")
            || name == "DISPLAY"
        {
            command.env_remove(&*name);
        }
    }
    command
        .env("HOME", dir.join("home"))
        .env("XDG_RUNTIME_DIR", dir.join("run"));
    command
}

/// A bus of its own at `$XDG_RUNTIME_DIR/bus`, without any service that it could start by itself.
fn on_bus(dir: &Path) -> Command {
    let config = format!(
        "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\"\n\
         \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n<busconfig>\n<type>session</type>\n\
         <listen>unix:path={}</listen>\n<auth>EXTERNAL</auth>\n<policy context=\"default\">\n\
         <allow send_destination=\"*\" eavesdrop=\"true\"/>\n<allow eavesdrop=\"true\"/>\n<allow own=\"*\"/>\n\
         </policy>\n</busconfig>\n",
        dir.join("run/bus").display()
    );
    fs::write(dir.join("bus.conf"), config).unwrap();
    let mut command = hermetic("dbus-run-session", dir);
    command
        .arg(format!("--config-file={}", dir.join("bus.conf").display()))
        .arg("--");
    command
}

fn shell(mut command: Command, script: &str) -> Command {
    command.args(["sh", "-c", script, "sh"]);
    command
}

fn store_and_lock(dir: &Path) {
    let (service, user, password) = LOCKED_ITEM;
    let script = format!(
        "printf 'the key of the keyring\\n' | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
        {ANSWERS}
        printf '%s' \"$3\" | secret-tool store --label=lacebark service \"$1\" username \"$2\""
    );
    let mut command = shell(on_bus(dir), &script);
    let output = command
        .args([service, user, password])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    // The bus and its keyring are gone with the session; the next one starts locked.
    let _ = fs::remove_file(dir.join("run/bus"));
}
