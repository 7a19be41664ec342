//! Our keyring against the real one: each state has its own words, and no state leaves a secret on
//! the disk in clear.

use std::path::Path;

use lacebark::config::keyring::Keyring as OurKeyring;
use lacebark::config::{SecretError, Secrets};
use lacebark::model::Secret;

use crate::harness::keyring::{self, Keyring, LOCKED_ITEM};

const CANARY: &str = "canary-7f3a";

#[test]
fn an_open_keyring_takes_gives_and_forgets() {
    if !keyring::inside(
        "live_secrets::an_open_keyring_takes_gives_and_forgets",
        Keyring::Unlocked,
    ) {
        return;
    }
    let ring = OurKeyring::start();
    let missing = ring.get("work").wait().unwrap_err();
    assert!(
        matches!(missing, SecretError::Missing { .. }),
        "{missing:?}"
    );
    assert_eq!(ring.status("work").wait().unwrap(), "Secret Service");
    ring.set("work", Secret::new("old")).wait().unwrap();
    ring.set("work", Secret::new(CANARY)).wait().unwrap();
    ring.set("home", Secret::new("pässwörd \"x\""))
        .wait()
        .unwrap();
    assert_eq!(ring.get("work").wait().unwrap().expose(), CANARY);
    assert_eq!(ring.get("home").wait().unwrap().expose(), "pässwörd \"x\"");
    // Another process sees it: the item is the service's, not ours.
    let again = OurKeyring::start();
    assert_eq!(again.get("work").wait().unwrap().expose(), CANARY);
    ring.delete("work").wait().unwrap();
    ring.delete("work").wait().unwrap();
    assert!(matches!(
        again.get("work").wait(),
        Err(SecretError::Missing { .. })
    ));
    assert_eq!(again.get("home").wait().unwrap().expose(), "pässwörd \"x\"");
}

#[test]
fn a_locked_keyring_says_that_it_is_locked() {
    if !keyring::inside(
        "live_secrets::a_locked_keyring_says_that_it_is_locked",
        Keyring::Locked,
    ) {
        return;
    }
    let ring = OurKeyring::start();
    for error in [
        ring.get(LOCKED_ITEM.1).wait().unwrap_err(),
        ring.status(LOCKED_ITEM.1).wait().unwrap_err(),
    ] {
        assert!(matches!(error, SecretError::Locked { .. }), "{error:?}");
        assert!(error.retry() && error.hint().contains("Unlock"));
    }
    let error = ring.set("new", Secret::new(CANARY)).wait().unwrap_err();
    assert!(
        matches!(
            error,
            SecretError::Locked { .. } | SecretError::NoCollection { .. }
        ),
        "{error:?}"
    );
    s3_nothing_on_disk_holds_the_canary();
}

#[test]
fn s3_without_a_service_the_keyring_is_absent_and_nothing_is_kept() {
    let name = "live_secrets::s3_without_a_service_the_keyring_is_absent_and_nothing_is_kept";
    if !keyring::inside(name, Keyring::NoService) {
        return;
    }
    absent();
}

#[test]
fn s3_without_a_bus_the_keyring_is_absent_and_nothing_is_kept() {
    let name = "live_secrets::s3_without_a_bus_the_keyring_is_absent_and_nothing_is_kept";
    if !keyring::inside(name, Keyring::NoBus) {
        return;
    }
    absent();
}

fn absent() {
    let ring = OurKeyring::start();
    for _ in 0..2 {
        let error = ring.set("work", Secret::new(CANARY)).wait().unwrap_err();
        assert!(matches!(error, SecretError::Absent { .. }), "{error:?}");
        assert!(error.retry() && error.hint().contains("password_command"));
        assert!(matches!(
            ring.get("work").wait(),
            Err(SecretError::Absent { .. })
        ));
        assert!(matches!(
            ring.status("work").wait(),
            Err(SecretError::Absent { .. })
        ));
    }
    s3_nothing_on_disk_holds_the_canary();
}

#[test]
fn a_keyring_that_comes_later_is_found_without_a_restart() {
    let name = "live_secrets::a_keyring_that_comes_later_is_found_without_a_restart";
    if !keyring::inside(name, Keyring::NoService) {
        return;
    }
    if !crate::harness::need(&["gnome-keyring-daemon"]) {
        return;
    }
    let ring = OurKeyring::start();
    assert!(matches!(
        ring.get("work").wait(),
        Err(SecretError::Absent { .. })
    ));
    let mut daemon = std::process::Command::new("gnome-keyring-daemon")
        .args(["--unlock", "--foreground", "--components=secrets"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut daemon.stdin.take().unwrap(), b"\n").unwrap();
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    let outcome = loop {
        let outcome = ring.set("work", Secret::new(CANARY)).wait();
        if outcome.is_ok() || std::time::Instant::now() > until {
            break outcome;
        }
        std::thread::yield_now();
    };
    let found = ring.get("work").wait();
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    outcome.unwrap();
    assert_eq!(found.unwrap().expose(), CANARY);
}

#[test]
fn the_keyring_is_found_as_under_cron() {
    let name = "live_secrets::the_keyring_is_found_as_under_cron";
    if !keyring::inside(name, Keyring::Unlocked) {
        return;
    }
    if std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some() {
        // Once more, without the address: only the runtime folder says where the bus is.
        let output = keyring::as_cron(&std::env::current_exe().unwrap())
            .env("LACEBARK_TEST_INSIDE", "1")
            .args(["--exact", name, "--nocapture"])
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && told.contains("1 passed"),
            "{told}"
        );
        return;
    }
    let ring = OurKeyring::start();
    ring.set("cron", Secret::new(CANARY)).wait().unwrap();
    assert_eq!(ring.get("cron").wait().unwrap().expose(), CANARY);
}

/// Looks through the home and runtime folders of the inner run.
fn s3_nothing_on_disk_holds_the_canary() {
    fn look(folder: &Path) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let kind = std::fs::symlink_metadata(&path).unwrap();
            if kind.is_dir() {
                look(&path);
            } else if kind.is_file() {
                let bytes = std::fs::read(&path).unwrap();
                let text = String::from_utf8_lossy(&bytes);
                assert!(!text.contains(CANARY), "{}", path.display());
            }
        }
    }
    for name in ["HOME", "XDG_RUNTIME_DIR"] {
        look(Path::new(&std::env::var_os(name).unwrap()));
    }
}
