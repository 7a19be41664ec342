//! Changes to the file of settings that keep what a person wrote into it: comments, order, blanks.
//!
//! The file is written beside itself, synced and renamed over, so that a cut leaves the old one or
//! the new one. Two processes that change it take turns by a lock beside it. A file that is no TOML
//! is not touched.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use thiserror::Error;
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, Value, value};

use crate::config::load::TEMPLATE;
use crate::config::load::maildrop::octet_words;
use crate::config::settings::{AccountKind, AccountSettings, Auth, Keep, Maildrop, SentCopy};
use crate::model::{Offline, OnServer};

/// How long another process may take to change the file, which is a matter of milliseconds, and how
/// often it is asked for the turn.
const TURN: Duration = Duration::from_secs(5);
const BREATH: Duration = Duration::from_millis(2);

/// A change that was not made.
#[derive(Debug, Error)]
pub enum EditError {
    /// The file is no TOML, so nothing in it can be changed safely.
    #[error("{path} is left as it is: {why}")]
    Toml {
        /// The file.
        path: PathBuf,
        /// The reader's words, with the line.
        why: String,
    },
    /// The accounts are written in a way that cannot be edited.
    #[error("{path} is left as it is: write the accounts as [[account]] sections")]
    Shape {
        /// The file.
        path: PathBuf,
    },
    /// The system refuses.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
}

/// Adds an account to the file, or changes the one with this id in its place. A file that is not
/// there starts as the annotated default. `offline` is the file's own default.
pub fn save_account(
    path: &Path,
    account: &AccountSettings,
    offline: Offline,
) -> Result<(), EditError> {
    let _turn = turn(path).map_err(|source| refused(path, source))?;
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => TEMPLATE.to_owned(),
        Err(source) => return Err(refused(path, source)),
    };
    let text = put_account(&text, account, offline).map_err(|cause| cause.of(path))?;
    write_atomic(path, text.as_bytes()).map_err(|source| refused(path, source))
}

/// Removes the account with this id; whether there was one.
pub fn remove_account(path: &Path, id: &str) -> Result<bool, EditError> {
    if !path.exists() {
        return Ok(false);
    }
    let _turn = turn(path).map_err(|source| refused(path, source))?;
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(source) => return Err(refused(path, source)),
    };
    match drop_account(&text, id).map_err(|cause| cause.of(path))? {
        None => Ok(false),
        Some(text) => {
            write_atomic(path, text.as_bytes()).map_err(|source| refused(path, source))?;
            Ok(true)
        }
    }
}

/// Writes a file whole or not at all, for its owner alone. A link is followed, so that a file kept
/// elsewhere stays there.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (path, folder) = place(path)?;
    let beside = hidden(&path, &format!(".{}.new", std::process::id()))?;
    let outcome = write_beside(&beside, bytes)
        .and_then(|()| fs::rename(&beside, &path))
        .and_then(|()| File::open(&folder)?.sync_all());
    if outcome.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&beside);
    }
    outcome
}

/// Where a file really lies, and its folder, which is made.
fn place(path: &Path) -> io::Result<(PathBuf, PathBuf)> {
    let path = match fs::canonicalize(path) {
        Ok(real) => real,
        Err(_) => std::path::absolute(path)?,
    };
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)?;
    Ok((path, folder))
}

/// `config.toml` and `.lock` make `.config.toml.lock`, in the same folder.
fn hidden(path: &Path, suffix: &str) -> io::Result<PathBuf> {
    let mut beside = OsString::from(".");
    beside.push(path.file_name().ok_or(io::ErrorKind::InvalidInput)?);
    beside.push(suffix);
    Ok(path.with_file_name(beside))
}

/// Waits for the turn to read, change and write a file; it ends with the value. The file that is
/// locked stays: another process may wait for it.
fn turn(path: &Path) -> io::Result<File> {
    let (path, _) = place(path)?;
    let lock = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(hidden(&path, ".lock")?)?;
    let until = Instant::now() + TURN;
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            Err(TryLockError::WouldBlock) if Instant::now() < until => thread::sleep(BREATH),
            Err(TryLockError::WouldBlock) => {
                let why = "another process has been changing it for some seconds";
                return Err(io::Error::new(io::ErrorKind::WouldBlock, why));
            }
            // A file system without locks: better no turns than no change.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                return Ok(lock);
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

fn write_beside(beside: &Path, bytes: &[u8]) -> io::Result<()> {
    match fs::remove_file(beside) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(beside)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn refused(path: &Path, source: io::Error) -> EditError {
    EditError::Write {
        path: path.to_owned(),
        source,
    }
}

enum Cause {
    Toml(String),
    Shape,
}

impl Cause {
    fn of(self, path: &Path) -> EditError {
        let path = path.to_owned();
        match self {
            Cause::Toml(why) => EditError::Toml { path, why },
            Cause::Shape => EditError::Shape { path },
        }
    }
}

fn document(text: &str) -> Result<DocumentMut, Cause> {
    text.parse()
        .map_err(|error: toml_edit::TomlError| Cause::Toml(error.to_string()))
}

fn has_id(table: &Table, id: &str) -> bool {
    table.get("id").and_then(Item::as_str) == Some(id)
}

fn put_account(text: &str, account: &AccountSettings, offline: Offline) -> Result<String, Cause> {
    let mut document = document(text)?;
    if !document.contains_key("account") {
        let mut table = Table::new();
        // What stood at the end of the file stays before the first account.
        let trailing = document.trailing().as_str().unwrap_or("").to_owned();
        let gap = if text.trim().is_empty() { "" } else { "\n" };
        table.decor_mut().set_prefix(format!("{trailing}{gap}"));
        document.set_trailing("");
        fill(&mut table, account, offline);
        let mut tables = ArrayOfTables::new();
        tables.push(table);
        document.insert("account", Item::ArrayOfTables(tables));
        return Ok(document.to_string());
    }
    let tables = document
        .get_mut("account")
        .and_then(Item::as_array_of_tables_mut)
        .ok_or(Cause::Shape)?;
    let at = tables.iter().position(|table| has_id(table, &account.id));
    match at.and_then(|at| tables.get_mut(at)) {
        Some(table) => fill(table, account, offline),
        None => {
            let mut table = Table::new();
            table.decor_mut().set_prefix("\n");
            fill(&mut table, account, offline);
            tables.push(table);
        }
    }
    Ok(document.to_string())
}

fn drop_account(text: &str, id: &str) -> Result<Option<String>, Cause> {
    let mut document = document(text)?;
    let Some(item) = document.get_mut("account") else {
        return Ok(None);
    };
    let tables = item.as_array_of_tables_mut().ok_or(Cause::Shape)?;
    let Some(at) = tables.iter().position(|table| has_id(table, id)) else {
        return Ok(None);
    };
    // Comments above the first account are mostly about the file, so they stay with what follows.
    let above = tables
        .get(at)
        .and_then(|table| table.decor().prefix())
        .and_then(|prefix| prefix.as_str())
        .unwrap_or("")
        .to_owned();
    tables.remove(at);
    if at == 0 && above.contains('#') {
        match tables.get_mut(0) {
            Some(next) => {
                let own = next.decor().prefix().and_then(|p| p.as_str()).unwrap_or("");
                let both = format!("{above}{own}");
                next.decor_mut().set_prefix(both);
            }
            None => {
                let trailing = document.trailing().as_str().unwrap_or("").to_owned();
                document.set_trailing(format!("{above}{trailing}"));
            }
        }
    }
    let empty = document
        .get("account")
        .and_then(Item::as_array_of_tables)
        .is_some_and(ArrayOfTables::is_empty);
    if empty {
        document.remove("account");
    }
    Ok(Some(document.to_string()))
}

fn fill(table: &mut Table, account: &AccountSettings, offline: Offline) {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let endpoint = account.endpoint();
    let usual_login = endpoint
        .and_then(|endpoint| endpoint.user.as_deref())
        .unwrap_or(&account.address);
    set(table, "id", some(&account.id));
    set(table, "kind", local(&account.kind));
    set(table, "name", some(&account.name));
    set(table, "address", some(&account.address));
    let (imap, pop3) = match &account.kind {
        AccountKind::Imap(endpoint) => (Some(endpoint.to_string()), None),
        AccountKind::Pop3(maildrop) => (None, Some(maildrop)),
        AccountKind::Local => (None, None),
    };
    set(table, "imap", imap);
    fill_maildrop(table, pop3);
    set(
        table,
        "smtp",
        account.smtp.as_ref().map(ToString::to_string),
    );
    let login = some(&account.login).filter(|login| login != usual_login);
    set(table, "login", login);
    set(table, "auth", auth(account.auth));
    let (keep, command) = kept(account);
    set(table, "keep", keep);
    put(table, "password_command", command);
    let usual = match account.kind {
        AccountKind::Imap(_) => offline,
        AccountKind::Pop3(_) | AccountKind::Local => Offline::All,
    };
    let kept = (account.offline != usual).then(|| account.offline.to_string());
    set(table, "offline", kept);
    let file = account.tls_ca_file.as_ref();
    set(
        table,
        "tls_ca_file",
        file.map(|file| file.display().to_string()),
    );
    // Identities and signature are written by hand and stay as they stand there.
    let copy = account.sent_copy.map(|copy| match copy {
        SentCopy::Append => "append".to_owned(),
        SentCopy::Server => "server".to_owned(),
    });
    set(table, "sent_copy", copy);
    fill_mailboxes(table, account);
}

fn local(kind: &AccountKind) -> Option<String> {
    match kind {
        AccountKind::Imap(_) | AccountKind::Pop3(_) => None,
        AccountKind::Local => Some("local".to_owned()),
    }
}

fn fill_maildrop(table: &mut Table, maildrop: Option<&Maildrop>) {
    set(table, "pop3", maildrop.map(|it| it.endpoint.to_string()));
    let on_server = maildrop.map(|it| it.on_server);
    let on_server = on_server.filter(|policy| *policy != OnServer::default());
    set(
        table,
        "on_server",
        on_server.map(|policy| policy.to_string()),
    );
    let most = maildrop.and_then(|it| it.download_up_to);
    set(table, "download_up_to", most.map(octet_words));
    let minutes = maildrop.map(|it| i64::from(it.check_every));
    let minutes = minutes.filter(|minutes| *minutes != i64::from(Maildrop::CHECK_EVERY));
    put(table, "check_every", minutes.map(Value::from));
}

fn auth(auth: Auth) -> Option<String> {
    match auth {
        Auth::Password => None,
        Auth::XOAuth2 => Some("xoauth2".to_owned()),
    }
}

fn kept(account: &AccountSettings) -> (Option<String>, Option<Value>) {
    match &account.keep {
        Keep::Keyring => (None, None),
        Keep::Ask => match account.kind {
            AccountKind::Imap(_) | AccountKind::Pop3(_) => (Some("ask".to_owned()), None),
            AccountKind::Local => (None, None),
        },
        Keep::Command(argv) => (None, Some(argv.iter().collect::<Array>().into())),
    }
}

fn fill_mailboxes(table: &mut Table, account: &AccountSettings) {
    let role_of = |name: &str| {
        let mut roles = account.roles.iter();
        roles
            .find(|(_, named)| *named == name)
            .map(|(role, _)| *role)
    };
    if account.mailboxes.is_empty() && account.roles.is_empty() {
        table.remove("mailboxes");
        return;
    }
    let mut fresh = Table::new();
    fresh.set_implicit(true);
    let item = table.entry("mailboxes").or_insert(Item::Table(fresh));
    let Some(mailboxes) = item.as_table_like_mut() else {
        return;
    };
    let gone: Vec<String> = mailboxes
        .iter()
        .map(|(name, _)| name.to_owned())
        .filter(|name| !account.mailboxes.contains_key(name) && role_of(name).is_none())
        .collect();
    for name in gone {
        mailboxes.remove(&name);
    }
    let names: BTreeSet<&String> = account
        .mailboxes
        .keys()
        .chain(account.roles.values())
        .collect();
    for name in names {
        let mailbox = mailboxes.entry(name).or_insert(Item::Table(Table::new()));
        let Some(mailbox) = mailbox.as_table_like_mut() else {
            continue;
        };
        match account.mailboxes.get(name) {
            Some(offline) => mailbox.insert("offline", value(offline.to_string())),
            None => mailbox.remove("offline"),
        };
        match role_of(name) {
            Some(role) => mailbox.insert("role", value(role.word())),
            None => mailbox.remove("role"),
        };
    }
}

fn set(table: &mut Table, key: &str, text: Option<String>) {
    put(table, key, text.map(Value::from));
}

/// Sets a key and keeps the comment behind its value; removes it when there is nothing to say.
fn put(table: &mut Table, key: &str, new: Option<Value>) {
    let Some(mut new) = new else {
        table.remove(key);
        return;
    };
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) => {
            *new.decor_mut() = old.decor().clone();
            *old = new;
        }
        None => {
            table.insert(key, Item::Value(new));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::config::load::parse;
    use crate::config::url::{Endpoint, Scheme};
    use crate::model::Role;

    fn account(id: &str) -> AccountSettings {
        let endpoint = Endpoint::parse(Scheme::Imap, "imaps://imap.example.org").unwrap();
        AccountSettings::imap(id, "zoe@example.org", endpoint)
    }

    fn put_ok(text: &str, account: &AccountSettings) -> String {
        put_account(text, account, Offline::default()).unwrap_or_else(|_| panic!("{text}"))
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut full = account("work");
        full.name = "Zoë \"Z\" Müller".into();
        full.login = "zoe".into();
        full.smtp =
            Some(Endpoint::parse(Scheme::Smtp, "smtp://zoe%40x@smtp.example.org:25").unwrap());
        full.auth = Auth::XOAuth2;
        full.keep = Keep::Command(vec!["pass".into(), "a b".into()]);
        full.offline = Offline::All;
        full.tls_ca_file = Some("/etc/ca.pem".into());
        full.mailboxes = [
            ("Lists/x".to_owned(), Offline::Headers),
            ("ü.\"".to_owned(), Offline::None),
        ]
        .into();
        full.roles = [
            (Role::Trash, "Deleted".to_owned()),
            (Role::Junk, "ü.\"".to_owned()),
        ]
        .into();
        let mut ask = account("home");
        ask.keep = Keep::Ask;
        let accounts = [full, ask, AccountSettings::local("archive-1")];
        for start in ["", TEMPLATE, "[ui]\ntheme = \"mono\"", "# only words"] {
            let mut text = start.to_owned();
            for account in &accounts {
                text = put_ok(&text, account);
            }
            // Writing the same again changes nothing.
            assert_eq!(put_ok(&text, &accounts[0]), text);
            let (settings, warnings) = parse(&text, Path::new("c.toml"));
            assert_eq!(warnings, [], "{text}");
            assert_eq!(settings.accounts, accounts, "{text}");
        }
    }

    #[test]
    fn comments_order_and_unknown_keys_stay() {
        let before = "# top\noffline = \"30d\" # a month\n\n# mine\n[[account]]\nid = \"work\"\n\
            # the old host\nimap = \"imaps://old\" # slow\naddress = \"a@b\"\nfuture = 1\n\n\
            # second\n[[account]]\nid = \"home\"\naddress = \"h@b\"\nimap = \"imaps://h\"\n# end\n";
        let mut new = account("work");
        new.offline = Offline::Days(30);
        let after = put_account(before, &new, Offline::Days(30)).unwrap_or_else(|_| panic!());
        let wanted = before
            .replace("imaps://old", "imaps://imap.example.org")
            .replace("a@b", "zoe@example.org");
        assert_eq!(after, wanted);
        let added = put_ok(before, &account("third"));
        assert!(
            added.starts_with(before.trim_end_matches("# end\n")),
            "{added}"
        );
        let without = drop_account(before, "work")
            .unwrap_or_else(|_| panic!())
            .unwrap();
        assert_eq!(
            without,
            "# top\noffline = \"30d\" # a month\n\n# mine\n\n# second\n[[account]]\nid = \"home\"\n\
             address = \"h@b\"\nimap = \"imaps://h\"\n# end\n"
        );
        assert!(matches!(drop_account(before, "none"), Ok(None)));
    }

    #[test]
    fn the_annotated_default_stays_whole_around_the_first_account() {
        let text = put_ok(TEMPLATE, &account("work"));
        assert!(text.starts_with(TEMPLATE), "{text}");
        let without = drop_account(&text, "work")
            .unwrap_or_else(|_| panic!())
            .unwrap();
        assert_eq!(without.trim_end(), TEMPLATE.trim_end());
    }

    #[test]
    fn a_file_that_is_no_toml_is_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.toml");
        for text in ["[[account]\nid", "account = [{id=\"x\"}]"] {
            fs::write(&path, text).unwrap();
            let error = save_account(&path, &account("work"), Offline::default()).unwrap_err();
            assert!(error.to_string().contains("is left as it is"), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert!(folder.path().join(".c.toml.lock").exists());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn s4_the_file_is_written_for_its_owner_alone_and_through_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().join("dotfiles.toml");
        fs::write(&real, "# mine\n").unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o644)).unwrap();
        let link = folder.path().join("new").join("config.toml");
        fs::create_dir(folder.path().join("new")).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        save_account(&link, &account("work"), Offline::default()).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        let mode = fs::metadata(&real).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
        assert!(fs::read_to_string(&real).unwrap().starts_with("# mine\n"));
        assert!(remove_account(&link, "work").unwrap());
        assert!(!remove_account(&link, "work").unwrap());
        let fresh = folder.path().join("a").join("b").join("config.toml");
        save_account(&fresh, &account("work"), Offline::default()).unwrap();
        assert!(fs::read_to_string(&fresh).unwrap().starts_with(TEMPLATE));
    }

    #[test]
    fn two_that_change_the_file_at_once_lose_nothing() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("config.toml");
        for round in 0..100 {
            let one = |id: String| {
                let path = &path;
                move || save_account(path, &account(&id), Offline::default()).unwrap()
            };
            thread::scope(|scope| {
                scope.spawn(one(format!("a{round}")));
                scope.spawn(one(format!("b{round}")));
            });
        }
        let (settings, warnings) = parse(&fs::read_to_string(&path).unwrap(), &path);
        assert_eq!((settings.accounts.len(), warnings), (200, Vec::new()));
        thread::scope(|scope| {
            for name in ["a", "b"] {
                let path = &path;
                scope.spawn(move || {
                    for round in 0..100 {
                        assert!(remove_account(path, &format!("{name}{round}")).unwrap());
                    }
                });
            }
        });
        let left = fs::read_to_string(&path).unwrap();
        assert_eq!(parse(&left, &path).0.accounts, []);
        let mut names: Vec<_> = fs::read_dir(root.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        assert_eq!(names, [".config.toml.lock", "config.toml"]);
    }
}
