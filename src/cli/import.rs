//! `import`: mail in files into a mailbox, of this machine or of a server.
//!
//! One file that cannot be read does not keep the others out; the command fails in the end. What was
//! imported is on the disk when it is told. Into a mailbox of a server it goes by uploads, which wait
//! in the queue while there is no connection.

use std::io::{self, Write as _};
use std::path::Path;

use super::args::{Import, ImportFiles};
use super::error::Failure;
use super::places::{self, Place};
use super::shelf::{self, Shelf};
use super::start::Start;
use super::{json, list, outcome};
use crate::model::{AccountKey, ActionId, Flags, MailboxKey, Role};
use crate::ops::intake::Tally;
use crate::ops::mailbox;
use crate::store::mailboxes::{self, Mailbox};
use crate::store::{Store, local};

/// `import mbox`, `import maildir` and `import eml`.
pub fn run(start: &mut Start, what: &Import) -> Result<(), Failure> {
    let files = what.files();
    let target = target(start, &files.to)?;
    let store = start.store()?;
    let mut shelf = Shelf::new(&store);
    let mut told = Vec::new();
    let mut failures = Vec::new();
    for path in &files.paths {
        let before = shelf.tally();
        let done = take(&store, &mut shelf, what, path, &target);
        let after = shelf.tally();
        told.push(json::ImportedFile {
            path: path.display().to_string(),
            imported: after.imported - before.imported,
            present: after.present - before.present,
            error: done.as_ref().err().map(|failure| failure.error.clone()),
        });
        failures.extend(done.err());
    }
    let mut all = Tally::default();
    let mut actions = Vec::new();
    for (_, tally) in shelf.finish()? {
        actions.extend(tally.action);
        shelf::add(&mut all, tally);
    }
    let sent = outcome::send(start, &actions);
    failures.extend(outcome::refused(&store.reader()?, &actions)?);
    failures.extend(sent.err());
    if start.out.json || failures.is_empty() || all.imported + all.present > 0 {
        tell(start, &target, all, told, &actions)?;
    }
    let mut failures = failures.into_iter();
    let first = failures.next();
    for more in failures {
        // Each failure is told, the first one decides the code.
        let _ = io::stderr().lock().write_all(more.text().as_bytes());
    }
    first.map_or(Ok(()), Err)
}

fn take(
    store: &Store,
    shelf: &mut Shelf,
    what: &Import,
    path: &Path,
    target: &Target,
) -> Result<(), Failure> {
    let mailbox = target.mailbox.key;
    match what {
        Import::Mbox(_) => shelf.mbox(path, mailbox),
        Import::Maildir(_) => {
            let mut below = |levels: &[String]| target.below(store, levels);
            shelf.maildir(path, mailbox, &mut below)
        }
        Import::Eml(_) if path.is_dir() => shelf.folder(path, mailbox, &Flags::none()),
        Import::Eml(_) => shelf.eml(path, mailbox, Flags::none()),
    }
}

fn tell(
    start: &mut Start,
    target: &Target,
    all: Tally,
    files: Vec<json::ImportedFile>,
    actions: &[ActionId],
) -> Result<(), Failure> {
    let name = target.mailbox.name.clone().unwrap_or_default();
    if start.out.json {
        let reader = start.store()?.reader()?;
        let operations = super::queue::groups(&reader, |group| actions.contains(&group.action))?;
        return start.out.object(&json::Imported {
            mailbox: json::NamedMailbox {
                account: target.id.clone(),
                name,
            },
            imported: all.imported,
            present: all.present,
            octets: all.octets,
            files,
            operations,
        });
    }
    let there = match all.present {
        0 => String::new(),
        1 => " 1 was there already.".to_owned(),
        n => format!(" {n} were there already."),
    };
    let count = super::triage::count(usize::try_from(all.imported).unwrap_or(usize::MAX));
    start.out.line(&format!(
        "Imported {count} into {}:{name}.{there}",
        target.id
    ))
}

/// Where messages go.
struct Target {
    id: String,
    account: AccountKey,
    mailbox: Mailbox,
}

/// The mailbox that is named.
fn target(start: &Start, to: &str) -> Result<Target, Failure> {
    let place: Place<'_> = places::place(&start.settings, None, to)?;
    let store = start.store()?;
    let mailbox = list::find(&store.reader()?, &place)?;
    if mailbox.base.as_ref().is_some_and(|base| !base.selectable()) {
        let name = mailbox.name.unwrap_or_default();
        return Err(
            crate::store::StoreError::from(crate::store::Refusal::NotSelectable { name }).into(),
        );
    }
    Ok(Target {
        id: place.account.id.clone(),
        account: mailbox.account,
        mailbox,
    })
}

impl Target {
    /// The mailbox for a subfolder: beside INBOX, below any other one; made if it is not there.
    fn below(&self, store: &Store, levels: &[String]) -> Result<MailboxKey, Failure> {
        let delimiter = self.mailbox.delimiter.unwrap_or(local::DELIMITER);
        // A level must not fall into two.
        let levels: Vec<String> = levels
            .iter()
            .map(|level| level.replace(delimiter, "_"))
            .collect();
        let mut name = levels.join(&delimiter.to_string());
        if self.mailbox.role != Some(Role::Inbox) {
            let above = self.mailbox.name.clone().unwrap_or_default();
            name = format!("{above}{delimiter}{name}");
        }
        let reader = store.reader()?;
        if let Some(there) = mailboxes::by_name(&reader, self.account, &name)? {
            return Ok(there.key);
        }
        Ok(mailbox::create(store, self.account, &name, None)
            .wait()?
            .mailbox)
    }
}

impl Import {
    fn files(&self) -> &ImportFiles {
        match self {
            Import::Mbox(files) | Import::Maildir(files) | Import::Eml(files) => files,
        }
    }
}
