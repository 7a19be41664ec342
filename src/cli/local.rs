//! A store that lives for one look: the bundled mailbox of `demo`, the files of `open`. It stands
//! in a private folder that goes when the program ends; what a killed one left, the next removes.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::demo::Demo;
use super::error::Failure;
use super::shelf::{self, Shelf};
use crate::config::{AccountSettings, Paths, Settings};
use crate::env::files::create_private_folder;
use crate::env::{Env, PrivateTemp, SystemClock};
use crate::model::{Flags, Role};
use crate::ops::import::{self, RawMessage};
use crate::store::{Priority, Store, Tx, local as store_local};

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

/// Mail in files, with the person's own settings for the screen: messages, mbox files and Maildirs in
/// one mailbox, subfolders of a Maildir in mailboxes of their own.
pub fn open(files: &[PathBuf], own: Settings) -> Result<Local, Failure> {
    for file in files {
        look_at(file)?;
    }
    let local = Local::new(Settings {
        accounts: vec![AccountSettings::local("files")],
        faulty: Vec::new(),
        ..own
    })?;
    let store = &local.store;
    let (account, mailbox) = import::mailbox(store, "files", "Files", Some(Role::Inbox)).wait()?;
    let mut shelf = Shelf::new(store);
    for file in files {
        if file.is_dir() {
            shelf.maildir(file, mailbox, &mut |levels| {
                let name = levels.join("/");
                let ensure = move |tx: &Tx<'_>| store_local::ensure(tx, account, &name, None);
                Ok(store.write(Priority::Person, ensure).wait()?)
            })?;
        } else if shelf::is_mbox(file) {
            shelf.mbox(file, mailbox)?;
        } else {
            shelf.eml(file, mailbox, Flags::of(Flags::SEEN))?;
        }
    }
    shelf.finish()?;
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

/// Refuses what is no mail before anything is made.
fn look_at(file: &Path) -> Result<(), Failure> {
    let refused = || Failure::new(format!("Cannot open {}", file.display()));
    let found = fs::metadata(file).map_err(|error| refused().cause(error))?;
    if found.is_dir() && !shelf::is_maildir(file) {
        return Err(refused().cause("it is a folder and no Maildir; name the .eml files in it"));
    }
    if !found.is_file() && !found.is_dir() {
        return Err(refused().cause("it is not a regular file"));
    }
    if found.len() > LONGEST && found.is_file() && !shelf::is_mbox(file) {
        return Err(refused().cause("it is larger than any message (512 MiB)"));
    }
    Ok(())
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
    fn files_of_all_kinds_are_opened_into_one_mailbox() {
        let dir = tempfile::tempdir().unwrap();
        let mbox = dir.path().join("mbox");
        let line = "From a@b Sat Nov 21 08:02:00 2026\n";
        fs::write(
            &mbox,
            format!("{line}Subject: 1\n\n\n{line}Subject: 2\n\n\n"),
        )
        .unwrap();
        let eml = dir.path().join("x.eml");
        fs::write(&eml, "Subject: 3\r\n\r\n").unwrap();
        let maildir = dir.path().join("Mail");
        for folder in ["cur", "new", ".Trips.2026/cur"] {
            fs::create_dir_all(maildir.join(folder)).unwrap();
        }
        fs::write(maildir.join("cur/1.2.h:2,S"), "Subject: 4\n\n").unwrap();
        fs::write(maildir.join("new/3.4.h"), "Subject: 5\n\n").unwrap();
        fs::write(maildir.join(".Trips.2026/cur/5.6.h:2,F"), "Subject: 6\n\n").unwrap();
        let local = open(&[mbox, eml, maildir], Settings::default()).unwrap();
        let all = folders::list(&local.store.reader().unwrap()).unwrap();
        let counts: Vec<_> = all[0]
            .folders
            .iter()
            .map(|f| {
                (
                    f.mailbox.name.clone().unwrap(),
                    f.mailbox.total,
                    f.mailbox.unread,
                )
            })
            .collect();
        assert_eq!(
            counts,
            [("Files".into(), 5, 3), ("Trips/2026".into(), 1, 1)]
        );
    }

    #[test]
    fn what_is_no_mail_is_not_opened() {
        let dir = tempfile::tempdir().unwrap();
        for (path, cause) in [
            (
                dir.path().to_owned(),
                "it is a folder and no Maildir; name the .eml files in it",
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
