//! `send`: a message into the outbox and on its way, as a script or a program that expects sendmail
//! wants it.
//!
//! With `-t` or a recipient behind the options standard input is a whole message; without them the
//! options compose one. Either way its bytes are frozen first, it is in the outbox before anything is
//! sent, and exit code 0 means that the server took it for everybody (or, with `--queue-only`, that
//! it is in the outbox).

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use super::args::Send;
use super::error::{Failure, sentence};
use super::start::Start;
use super::{json, online, places, time};
use crate::config::AccountSettings;
use crate::mime::write::{self, Given, Handed, Letter};
use crate::mime::{envelope, sniff};
use crate::model::{
    AccountKey, Address, Attachment, Delivery, Draft, OperationId, OperationState, Recipient,
    Source,
};
use crate::ops;
use crate::ops::send::{Described, freeze, queue};
use crate::store::accounts::AccountKind;
use crate::store::outgoing::{self, Fresh, Outgoing};

/// How long a send is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// The same with `--wait`.
const LONG: Duration = Duration::from_secs(600);
/// A text or a whole message may have so many octets; attachments may have more.
const MAX_TEXT: u64 = 64 << 20;
/// Octets that are looked at to tell what a file is.
const HEAD: u64 = 4096;

/// `send`.
pub fn run(start: &mut Start, arguments: &Send) -> Result<(), Failure> {
    let whole = arguments.read_recipients || !arguments.recipients.is_empty();
    let (account, letter, files) = if whole {
        handed(start, arguments)?
    } else {
        composed(start, arguments)?
    };
    if account.smtp.is_none() {
        return Err(
            Failure::new(format!("The account {} has no outgoing server", account.id))
                .hint("Name it in the settings: smtp = \"smtps://HOST\"."),
        );
    }
    let store = start.store()?;
    let key = ops::accounts::ensure(&store, &account.id, AccountKind::Imap).wait()?;
    let (id, subject) = queued(start, key, &letter, &files)?;
    if arguments.queue_only {
        return told(start, id, "queued", "In the outbox.");
    }
    let patience = if arguments.wait { LONG } else { PATIENCE };
    let delivered = online::submit(start, &account, id, patience);
    match outgoing::find(&store.reader()?, id)? {
        None => told(start, id, "sent", ""),
        Some(out) => {
            if start.out.json {
                told(start, id, out.state.word(), "")?;
            }
            Err(not_sent(&out, &subject, delivered.err()))
        }
    }
}

fn told(
    start: &mut Start,
    id: OperationId,
    state: &'static str,
    line: &str,
) -> Result<(), Failure> {
    if start.out.json {
        return start.out.object(&json::SentMessage { id: id.0, state });
    }
    // A sendmail that did its work says nothing.
    match line.is_empty() {
        true => Ok(()),
        false => start.out.line(line),
    }
}

/// Why a message still stands in the outbox.
fn not_sent(out: &Outgoing, subject: &str, failed: Option<Failure>) -> Failure {
    let id = out.operation;
    let each = |mut failure: Failure| {
        for one in &out.recipients {
            failure = match &one.delivery {
                Delivery::Refused(reply) | Delivery::Deferred(reply) => {
                    failure.cause(format!("{}: the server says \"{reply}\"", one.address))
                }
                Delivery::Waiting | Delivery::Taken => failure,
            };
        }
        failure
    };
    let taken = out
        .recipients
        .iter()
        .filter(|one| one.delivery == Delivery::Taken)
        .count();
    let whom = match taken {
        0 => String::new(),
        some => format!(" to all: {some} of {} have it", out.recipients.len()),
    };
    match &out.state {
        OperationState::Failed { why, .. } => {
            let failure = each(Failure::new(format!("\"{subject}\" was not sent{whom}")));
            let failure = match failure.causes.is_empty() {
                true => failure.cause(why),
                false => failure,
            };
            failure.hint(format!(
                "It waits in the outbox: `lacebark queue retry {id}` tries again, `drop {id}` gives it up."
            ))
        }
        OperationState::Unsure => Failure::new(format!(
            "It is not known whether \"{subject}\" was sent"
        ))
        .cause("the link was lost after its end had left")
        .hint(format!(
            "It is not sent again by itself; `lacebark queue retry {id}` does, `drop {id}` gives it up."
        )),
        OperationState::Queued { .. } | OperationState::InFlight { .. } => {
            let mut failure = each(Failure::queued(format!("Queued: \"{subject}\" waits{whom}")));
            if !out.why.is_empty() {
                failure = failure.cause(sentence(&out.why));
            }
            if let Some(failed) = failed {
                if failed.exit == super::error::Exit::SignIn {
                    failure.exit = failed.exit;
                }
                if failure.causes.is_empty() {
                    failure = failure.cause(failed.error);
                }
            }
            failure.hint("It is sent when the server takes it; `lacebark sync` tries now.")
        }
    }
}

/// Attachments of a draft, opened when they are read.
type Files = Vec<PathBuf>;

/// Freezes the octets and puts the message into the outbox.
fn queued(
    start: &Start,
    account: AccountKey,
    letter: &Letter,
    files: &Files,
) -> Result<(OperationId, String), Failure> {
    let store = start.store()?;
    let described = Described {
        envelope: letter.envelope.clone(),
        structure: Some(letter.structure.clone()),
        size: letter.size,
    };
    let failed = |error: ops::send::FreezeError| {
        Failure::new("The message was not put into the outbox").cause(error)
    };
    let terminal = io::stderr().is_terminal();
    let mut progress = |octets: u64| {
        if terminal && octets > MAX_TEXT / 16 {
            eprint_progress(octets, described.size);
        }
    };
    let mut open = |at: usize| opened(files, at);
    let wire = freeze(
        &store,
        account,
        &described,
        &mut letter.wire(&mut open),
        &mut progress,
    )
    .map_err(failed)?;
    let copy = match letter.has_bcc() {
        false => wire,
        true => freeze(
            &store,
            account,
            &described,
            &mut letter.copy(&mut open),
            &mut progress,
        )
        .map_err(failed)?,
    };
    let subject = letter.envelope.subject.clone();
    let fresh = Fresh {
        account,
        wire,
        copy,
        sender: letter.sender.clone(),
        recipients: letter.recipients.clone(),
        eight_bit: letter.eight_bit,
        utf8: letter.utf8,
        message_id: letter.message_id.clone(),
        subject: subject.clone(),
        bcc: Vec::new(),
        draft: None,
        later: None,
    };
    Ok((queue(&store, fresh, None).wait()?.operation, subject))
}

fn eprint_progress(done: u64, all: u64) {
    use io::Write as _;
    let percent = done.saturating_mul(100) / all.max(1);
    // What is shown on the way is no result.
    let _ = write!(io::stderr().lock(), "\rreading {} %\r", percent.min(100));
}

fn opened(files: &Files, at: usize) -> io::Result<Box<dyn Read>> {
    let path = files.get(at).ok_or(io::ErrorKind::NotFound)?;
    Ok(Box::new(File::open(path)?))
}

/// A whole message from standard input.
fn handed(start: &Start, arguments: &Send) -> Result<(AccountSettings, Letter, Files), Failure> {
    if !arguments.to.is_empty()
        || !arguments.cc.is_empty()
        || !arguments.bcc.is_empty()
        || !arguments.attach.is_empty()
        || arguments.subject.is_some()
        || arguments.body_file.is_some()
    {
        return Err(Failure::usage(
            "With -t or a RECIPIENT standard input is a whole message, which --to, --cc, --bcc, \
             --subject, --attach and --body-file cannot change",
        ));
    }
    let bytes = all_of(io::stdin().lock(), "standard input")?;
    let written = envelope::of_message(&bytes).from;
    let from = arguments.from.clone();
    let writer = written.first().map(|one| one.address.clone());
    let account = account(start, arguments, from.as_deref().or(writer.as_deref()))?;
    let handed = Handed {
        from: identity(&account),
        sender: from.filter(|from| from.contains('@')),
        recipients: resolved(start, &arguments.recipients)?,
        read_recipients: arguments.read_recipients,
    };
    let letter = write::hand_over(&bytes, &handed, &given(start)?).map_err(unsound)?;
    Ok((account, letter, Files::new()))
}

/// A message made of the options.
fn composed(start: &Start, arguments: &Send) -> Result<(AccountSettings, Letter, Files), Failure> {
    let account = account(start, arguments, arguments.from.as_deref())?;
    let mut from = identity(&account);
    if let Some(address) = &arguments.from {
        from.address = address.clone();
    }
    let text = match &arguments.body_file {
        Some(path) if path.as_os_str() != "-" => {
            let file = File::open(path).map_err(|error| unread(path, &error))?;
            all_of(file, &path.display().to_string())?
        }
        Some(_) | None => all_of(io::stdin().lock(), "standard input")?,
    };
    let text = String::from_utf8(text)
        .map_err(|_| Failure::usage("The text is not UTF-8").hint("Attach it by --attach."))?;
    let mut attachments = Vec::new();
    for path in &arguments.attach {
        attachments.push(attachment(path)?);
    }
    let list = |names: &[String]| -> Result<Vec<Recipient>, Failure> {
        let all = resolved(start, names)?;
        Ok(all.iter().map(|one| Recipient::address(one)).collect())
    };
    let draft = Draft {
        account: account.id.clone(),
        from,
        to: list(&arguments.to)?,
        cc: list(&arguments.cc)?,
        bcc: list(&arguments.bcc)?,
        subject: arguments.subject.clone().unwrap_or_default(),
        text,
        attachments,
        ..Draft::default()
    };
    let files: Files = arguments.attach.clone();
    let mut open = |at: usize| opened(&files, at);
    let letter = write::compose(&draft, &given(start)?, &mut open).map_err(unsound)?;
    Ok((account, letter, files))
}

fn unsound(error: write::WriteError) -> Failure {
    let failure = Failure::usage("The message cannot be sent").cause(&error);
    match error {
        write::WriteError::NoRecipient => {
            failure.hint("Name somebody by --to, or behind the options, or by -t in the message.")
        }
        _ => failure.hint("Nothing was put into the outbox."),
    }
}

/// The account whose address it is, else the first one that can send.
fn account(
    start: &Start,
    arguments: &Send,
    from: Option<&str>,
) -> Result<AccountSettings, Failure> {
    if let Some(id) = &arguments.account {
        return Ok(places::account(&start.settings, id)?.clone());
    }
    let all = &start.settings.accounts;
    let of_address = from.and_then(|from| {
        all.iter()
            .find(|account| account.address.eq_ignore_ascii_case(from))
    });
    let found = of_address.or_else(|| all.iter().find(|account| account.smtp.is_some()));
    found.or(all.first()).cloned().ok_or_else(places::no_server)
}

fn identity(account: &AccountSettings) -> Address {
    Address {
        name: account.name.clone(),
        address: account.address.clone(),
    }
}

fn given(start: &Start) -> Result<Given, Failure> {
    let env = start.env()?;
    let mut random = [0; 16];
    env.random
        .fill(&mut random)
        .map_err(|error| Failure::new("This machine gives no random numbers").cause(error))?;
    let now = env.clock.wall();
    Ok(Given {
        now,
        zone: time::offset_at(now) / 60,
        random,
        eight_bit: false,
    })
}

/// Addresses as they are, and bare names by `[aliases]`. What has no `@` and is in no list is
/// refused, and never given a domain.
fn resolved(start: &Start, names: &[String]) -> Result<Vec<String>, Failure> {
    let mut all = Vec::new();
    for name in names.iter().flat_map(|name| name.split(',')) {
        let name = name.trim();
        if name.is_empty() {
            continue;
        }
        if name.contains('@') {
            let found = envelope::of_message(format!("To: {name}\r\n\r\n").as_bytes()).to;
            let address = found.first().map(|one| one.address.clone());
            all.push(
                address
                    .filter(|a| a.contains('@'))
                    .unwrap_or(name.to_owned()),
            );
            continue;
        }
        match start.settings.aliases.get(&name.to_lowercase()) {
            Some(addresses) => all.extend(addresses.iter().cloned()),
            None => {
                return Err(Failure::usage(format!("\"{name}\" is no mail address"))
                    .cause("it has no @, and no [aliases] of the settings names it")
                    .hint(format!(
                        "{name} = \"NAME@EXAMPLE.ORG\" under [aliases] does."
                    )));
            }
        }
    }
    Ok(all)
}

/// A file as it is attached: its type by its content.
fn attachment(path: &Path) -> Result<Attachment, Failure> {
    let read = || -> io::Result<(u64, i64, Vec<u8>)> {
        let mut file = File::open(path)?;
        let about = file.metadata()?;
        if !about.is_file() {
            return Err(io::Error::other("it is no file"));
        }
        let mut head = Vec::new();
        file.by_ref().take(HEAD).read_to_end(&mut head)?;
        let modified = about.modified()?.duration_since(UNIX_EPOCH);
        let modified = modified.map_or(0, |time| i64::try_from(time.as_secs()).unwrap_or(0));
        Ok((about.len(), modified, head))
    };
    let (size, modified, head) = read().map_err(|error| unread(path, &error))?;
    let name = path.file_name().map(|name| name.to_string_lossy());
    let media_type = match sniff::sniff(&head) {
        Some(kind) => kind.media_type,
        None if is_text(&head) => "text/plain",
        None => "application/octet-stream",
    };
    Ok(Attachment {
        name: name.unwrap_or_default().into_owned(),
        media_type: media_type.to_owned(),
        source: Source::File {
            path: path.to_string_lossy().into_owned(),
            size,
            modified,
        },
        size,
    })
}

fn is_text(head: &[u8]) -> bool {
    let whole = match std::str::from_utf8(head) {
        Ok(_) => true,
        // The head may end in the middle of a letter.
        Err(error) => error.error_len().is_none() && head.len() - error.valid_up_to() < 4,
    };
    whole && !head.contains(&0)
}

fn unread(path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("Cannot read {}", path.display()))
        .cause(error)
        .hint("Nothing was put into the outbox.")
}

fn all_of(from: impl Read, name: &str) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    from.take(MAX_TEXT + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::new(format!("Cannot read {name}")).cause(error))?;
    if bytes.len() as u64 > MAX_TEXT {
        return Err(
            Failure::new(format!("{name} has more than {MAX_TEXT} octets"))
                .hint("Attach what is large by --attach."),
        );
    }
    Ok(bytes)
}
