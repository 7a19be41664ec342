//! What `send` is given, as a letter: a whole message from standard input, or one made of the options.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::cli::args::Send;
use crate::cli::error::Failure;
use crate::cli::start::Start;
use crate::cli::{places, time};
use crate::config::{AccountSettings, Identity};
use crate::mime::write::{self, Given, Handed, Letter, is_same_mailbox};
use crate::mime::{address, envelope};
use crate::model::{Address, Attachment, Draft, Recipient, Source};
use crate::ops::attach;

/// A text or a whole message may have so many octets; attachments may have more.
const MAX_TEXT: u64 = 64 << 20;

/// A letter, who sends it, and the files that it takes in.
pub(super) struct Written {
    pub(super) account: AccountSettings,
    pub(super) letter: Letter,
    attachments: Vec<Attachment>,
}

impl Written {
    /// Opens an attachment by its place.
    pub(super) fn open(&self, at: usize) -> io::Result<Box<dyn Read>> {
        opened(&self.attachments, at)
    }
}

/// Opens a file as it was when it was attached, or not at all (SAFETY A5).
fn opened(attachments: &[Attachment], at: usize) -> io::Result<Box<dyn Read>> {
    let Some(Source::File {
        path,
        size,
        modified,
    }) = attachments.get(at).map(|one| &one.source)
    else {
        return Err(io::ErrorKind::NotFound.into());
    };
    let whole = attach::open(path, *size, *modified).map_err(io::Error::other)?;
    Ok(Box::new(whole))
}

/// Reads what is to be sent.
pub(super) fn written(start: &Start, arguments: &Send) -> Result<Written, Failure> {
    let whole = arguments.read_recipients || !arguments.recipients.is_empty();
    match whole {
        true => handed(start, arguments),
        false => composed(start, arguments),
    }
}

/// A whole message from standard input.
fn handed(start: &Start, arguments: &Send) -> Result<Written, Failure> {
    if !arguments.head.to.is_empty()
        || !arguments.head.cc.is_empty()
        || !arguments.head.bcc.is_empty()
        || !arguments.head.attach.is_empty()
        || arguments.head.subject.is_some()
        || arguments.body_file.is_some()
    {
        return Err(Failure::usage(
            "With -t or a RECIPIENT standard input is a whole message, which --to, --cc, --bcc, \
             --subject, --attach and --body-file cannot change",
        ));
    }
    let recipients = resolved(&arguments.recipients, &start.settings.aliases)?;
    let bytes = all_of(io::stdin().lock(), "standard input")?;
    let named = arguments.from.as_deref().map(named).transpose()?;
    let from = envelope::of_message(&bytes).from;
    let (account, identity) = writer(start, arguments, named.iter().chain(from.first()))?;
    // Who calls sendmail as `-f root` means the user of this machine.
    let sender = named.filter(|one| one.address.contains('@'));
    let handed = Handed {
        from: address_of(&identity),
        sender: sender.map(|one| one.address),
        recipients: recipients.into_iter().map(|one| one.address).collect(),
        read_recipients: arguments.read_recipients,
        aliases: start.settings.aliases.clone(),
    };
    let letter = write::hand_over(&bytes, &handed, &given(start)?).map_err(unsound)?;
    Ok(Written {
        account,
        letter,
        attachments: Vec::new(),
    })
}

/// A message made of the options. What a script sends has no signature.
fn composed(start: &Start, arguments: &Send) -> Result<Written, Failure> {
    let named = arguments.from.as_deref().map(named).transpose()?;
    let (account, identity) = writer(start, arguments, named.iter())?;
    let mut from = address_of(&identity);
    if let Some(named) = named {
        from.address = named.address;
        if !named.name.is_empty() {
            from.name = named.name;
        }
    }
    let list = |names: &[String]| -> Result<Vec<Recipient>, Failure> {
        let all = resolved(names, &start.settings.aliases)?;
        Ok(all.into_iter().map(Recipient::One).collect())
    };
    let mut attachments = Vec::new();
    for path in &arguments.head.attach {
        attachments.push(attachment(path)?);
    }
    let draft = Draft {
        account: account.id.clone(),
        from,
        reply_to: identity
            .reply_to
            .iter()
            .map(|to| Recipient::address(to))
            .collect(),
        to: list(&arguments.head.to)?,
        cc: list(&arguments.head.cc)?,
        bcc: list(&arguments.head.bcc)?,
        subject: arguments.head.subject.clone().unwrap_or_default(),
        text: text(arguments)?,
        attachments,
        ..Draft::default()
    };
    let mut open = |at: usize| opened(&draft.attachments, at);
    let letter = write::compose(&draft, &given(start)?, &mut open).map_err(unsound)?;
    Ok(Written {
        account,
        letter,
        attachments: draft.attachments,
    })
}

/// A file as it is attached.
pub(in crate::cli) fn attachment(path: &Path) -> Result<Attachment, Failure> {
    attach::file(path)
        .map_err(|error| Failure::new(error.to_string()).hint("Nothing was put into the outbox."))
}

fn text(arguments: &Send) -> Result<String, Failure> {
    let text = match &arguments.body_file {
        Some(path) if path.as_os_str() != "-" => {
            let file = File::open(path).map_err(|error| unread(path, &error))?;
            all_of(file, &path.display().to_string())?
        }
        Some(_) | None => all_of(io::stdin().lock(), "standard input")?,
    };
    String::from_utf8(text)
        .map_err(|_| Failure::usage("The text is not UTF-8").hint("Attach it by --attach."))
}

fn unsound(error: write::WriteError) -> Failure {
    let failure = Failure::usage("The message cannot be sent").cause(&error);
    match &error {
        write::WriteError::NoRecipient => {
            failure.hint("Name somebody by --to, or behind the options, or by -t in the message.")
        }
        write::WriteError::Address(name) if !name.contains('@') && !name.is_empty() => {
            failure.hint(alias_hint(name))
        }
        _ => failure.hint("Nothing was put into the outbox."),
    }
}

fn alias_hint(name: &str) -> String {
    format!("{name} = \"NAME@EXAMPLE.ORG\" under [aliases] of the settings says who it is.")
}

/// The account and identity of the first of these addresses that is one's own; else the first account
/// that can send, as itself.
fn writer<'a>(
    start: &Start,
    arguments: &Send,
    addresses: impl Iterator<Item = &'a Address>,
) -> Result<(AccountSettings, Identity), Failure> {
    let mut all: Vec<&AccountSettings> = match &arguments.account {
        Some(id) => vec![places::account(&start.settings, id)?],
        None => start.settings.accounts.iter().collect(),
    };
    all.sort_by_key(|account| account.smtp.is_none());
    for address in addresses {
        for account in &all {
            let own = |one: &Identity| is_same_mailbox(&one.address, &address.address);
            if let Some(identity) = account.all_identities().into_iter().find(own) {
                return Ok(((*account).clone(), identity));
            }
        }
    }
    let account = (*all.first().ok_or_else(places::no_server)?).clone();
    let identity = account.all_identities().into_iter().next();
    Ok((account, identity.unwrap_or_default()))
}

fn address_of(identity: &Identity) -> Address {
    Address {
        name: identity.name.clone(),
        address: identity.address.clone(),
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

/// The one address behind `-f`, with a name or without.
fn named(text: &str) -> Result<Address, Failure> {
    let mut all = listed(text)?;
    match (all.pop(), all.is_empty()) {
        (Some(one), true) => Ok(one),
        _ => Err(no_address(text)),
    }
}

/// Addresses as they are, and bare names by `[aliases]`. What has no `@` and is in no list is
/// refused, and never given a domain.
pub(in crate::cli) fn resolved(
    names: &[String],
    aliases: &BTreeMap<String, Vec<String>>,
) -> Result<Vec<Address>, Failure> {
    let mut all = Vec::new();
    for text in names {
        for one in listed(text)? {
            if one.address.contains('@') {
                all.push(one);
                continue;
            }
            let Some(addresses) = aliases.get(&one.address.to_lowercase()) else {
                let name = if one.address.is_empty() {
                    text
                } else {
                    &one.address
                };
                return Err(no_address(name)
                    .cause("it has no @, and no [aliases] of the settings names it")
                    .hint(alias_hint(name)));
            };
            all.extend(addresses.iter().map(|address| Address {
                name: String::new(),
                address: address.clone(),
            }));
        }
    }
    Ok(all)
}

/// What an argument names: `a@x`, `Name <a@x>`, several of them behind commas.
fn listed(text: &str) -> Result<Vec<Address>, Failure> {
    if text.chars().any(char::is_control) {
        return Err(no_address(text).cause("it holds control characters"));
    }
    Ok(address::addresses(text.as_bytes()))
}

fn no_address(text: &str) -> Failure {
    Failure::usage(format!("{text:?} is no mail address"))
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
