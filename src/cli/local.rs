//! A store that lives for one look: the bundled mailbox of `demo`, the files of `open`. It stands
//! in a private folder that goes when the program ends; what a killed one left, the next removes.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::demo::Demo;
use super::error::Failure;
use crate::config::{AccountSettings, Paths, Settings};
use crate::env::files::create_private_folder;
use crate::env::{Env, PrivateTemp, SystemClock};
use crate::model::{Flags, Role};
use crate::ops::import::{self, RawMessage};
use crate::store::Store;

/// Octets of one message file: more is no mail.
const LONGEST: u64 = 512 << 20;

/// A store for one look, with all that a screen needs.
#[derive(Debug)]
pub struct Local {
    /// One account without a server.
    pub settings: Settings,
    /// Below the private folder.
    pub paths: Paths,
    /// The world.
    pub env: Env,
    /// The mail.
    pub store: Store,
    /// Dropped late: the folder goes with it.
    pub folder: PrivateTemp,
    /// Dropped last: where the folder was.
    pub base: Base,
}

/// The folder of our private folders, which goes with the last of them.
#[derive(Debug)]
pub struct Base(PathBuf);

impl Drop for Base {
    fn drop(&mut self) {
        // It stays as long as another demo is in it; its lock alone is no reason.
        let mut left = fs::read_dir(&self.0).into_iter().flatten().flatten();
        if let (Some(only), None) = (left.next(), left.next())
            && only.file_name() == crate::env::PRIVATE_LOCK
            && let Err(error) = fs::remove_file(only.path())
        {
            tracing::debug!(%error, "the lock of private folders stays");
        }
        if let Err(error) = fs::remove_dir(&self.0) {
            tracing::debug!(%error, "the folder of private folders stays");
        }
    }
}

/// The bundled mailbox.
pub fn demo() -> Result<Local, Failure> {
    let demo = Demo::bundled()?;
    let account = AccountSettings {
        name: demo.name.clone(),
        address: demo.address.clone(),
        ..AccountSettings::local("demo")
    };
    let settings = Settings {
        accounts: vec![account],
        ..Settings::default()
    };
    let local = Local::new(settings)?;
    let mut messages = demo.messages(local.store.now())?;
    for name in &demo.mailboxes {
        let mine;
        (mine, messages) = messages.into_iter().partition(|m| m.mailbox == *name);
        let raw = mine.into_iter().map(|message| RawMessage {
            bytes: message.raw,
            flags: message.flags,
            arrival: Some(message.arrival),
        });
        local.fill(name, Role::parse(name), raw.collect())?;
    }
    Ok(local)
}

/// Messages from files, with the person's own settings for the screen.
pub fn open(files: &[PathBuf], own: Settings) -> Result<Local, Failure> {
    let raw = files
        .iter()
        .map(|file| {
            Ok(RawMessage {
                bytes: read(file)?,
                flags: Flags::of(Flags::SEEN),
                arrival: None,
            })
        })
        .collect::<Result<Vec<_>, Failure>>()?;
    let local = Local::new(Settings {
        accounts: vec![AccountSettings::local("files")],
        faulty: Vec::new(),
        ..own
    })?;
    local.fill("Files", Some(Role::Inbox), raw)?;
    Ok(local)
}

impl Local {
    fn new(settings: Settings) -> Result<Self, Failure> {
        let refused = |error: io::Error| {
            Failure::new("Cannot make a private folder for this look").cause(error)
        };
        let base = Base(base().map_err(refused)?);
        let folder = PrivateTemp::create(&base.0).map_err(refused)?;
        let paths = Paths::below(folder.path());
        paths
            .prepare()
            .map_err(|error| Failure::new("Cannot make a private folder").caused_by(&error))?;
        Ok(Self {
            settings,
            env: Env::real(&paths, None).map_err(refused)?,
            store: Store::open(&paths.mail_db(), Arc::new(SystemClock::start()))?,
            paths,
            folder,
            base,
        })
    }

    fn fill(&self, name: &str, role: Option<Role>, raw: Vec<RawMessage>) -> Result<(), Failure> {
        let account = self.settings.accounts.first();
        let id = account.map_or("local", |account| account.id.as_str());
        let (_, mailbox) = import::mailbox(&self.store, id, name, role).wait()?;
        import::messages(&self.store, mailbox, raw).wait()?;
        Ok(())
    }
}

/// `lacebark-UID` in the folder for temporary files, ours alone.
fn base() -> io::Result<PathBuf> {
    let uid = rustix::process::geteuid().as_raw();
    let base = std::env::temp_dir().join(format!("lacebark-{uid}"));
    match create_private_folder(&base) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => made?,
    }
    // Anybody may have put something of that name there.
    let found = fs::symlink_metadata(&base)?;
    if !found.is_dir() || found.uid() != uid || found.mode() & 0o077 != 0 {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!("{} is not a folder of yours alone", base.display()),
        ));
    }
    Ok(base)
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let refused = || Failure::new(format!("Cannot open {}", file.display()));
    let found = fs::metadata(file).map_err(|error| refused().cause(error))?;
    if found.is_dir() {
        return Err(refused().cause("it is a folder; name the .eml files in it"));
    }
    if !found.is_file() {
        return Err(refused().cause("it is not a regular file"));
    }
    if found.len() > LONGEST {
        return Err(refused().cause("it is larger than any message (512 MiB)"));
    }
    let bytes = fs::read(file).map_err(|error| refused().cause(error))?;
    if bytes.starts_with(b"From ") {
        return Err(refused().cause("it is an mbox file; only single messages (.eml) are read"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::folders;

    #[test]
    fn the_demo_is_a_store_of_five_mailboxes_that_goes_with_its_value() {
        let local = demo().unwrap();
        let path = local.folder.path().to_owned();
        let all = folders::list(&local.store.reader().unwrap()).unwrap();
        assert_eq!(all.len(), 1);
        let totals: u64 = all[0].folders.iter().map(|f| f.mailbox.total).sum();
        assert!(totals >= 55, "{totals}");
        assert!(path.exists());
        drop(local);
        assert!(!path.exists(), "A4");
    }

    #[test]
    fn only_single_messages_in_regular_files_are_opened() {
        let dir = tempfile::tempdir().unwrap();
        let mbox = dir.path().join("mbox");
        fs::write(&mbox, "From a@b Sat Nov 21 08:02:00 2026\n\n").unwrap();
        for (path, cause) in [
            (
                mbox,
                "it is an mbox file; only single messages (.eml) are read",
            ),
            (
                dir.path().to_owned(),
                "it is a folder; name the .eml files in it",
            ),
            (PathBuf::from("/dev/null"), "it is not a regular file"),
            (
                dir.path().join("none"),
                "No such file or directory (os error 2)",
            ),
        ] {
            let failure = open(&[path], Settings::default()).unwrap_err();
            assert_eq!(failure.causes, [cause]);
        }
    }
}
