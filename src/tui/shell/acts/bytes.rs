//! What is done with the bytes of a message: saved, or opened by another program. Bytes that are not
//! here are fetched first, and then it is done without another key.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::env::spawn;
use crate::mime::part as parts;
use crate::model::{Draft, DraftSave, MessageKey, PartPath, RequestId, Structure};
use crate::ops::message::{self, PartBytes};
use crate::ops::send::When;
use crate::ops::{packed, requests};
use crate::store::bodies::{self, Have};
use crate::tui::app::commands::{file_name, messages as counted};
use crate::tui::app::event::{Action, Ended, Ticket};

use super::super::{files, id_of, sending};
use super::{PATIENCE, Running, World, spawn_quiet};

/// Whether bytes that are not here are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bytes {
    /// They may be on the server alone: then they are fetched first, whenever that is.
    AsTheyAre,
    /// They have just been fetched.
    Fetched,
}

/// Does what needs the bytes of a message, or has them fetched and does it then.
pub(super) fn with_bytes(world: &Arc<World>, ticket: Ticket, action: Action, bytes: Bytes) {
    let again = world.clone();
    let work = move |world: &World| -> Result<Option<Ended>, String> {
        let mut asked = Vec::new();
        let ended = match &action {
            Action::Export { message, to } => export(world, *message, to, &mut asked)?,
            Action::SavePart { message, part, to } => {
                save_part(world, *message, part, to, &mut asked)?
            }
            Action::SaveAll { messages, folder } => save_all(world, messages, folder, &mut asked)?,
            Action::ExportMany { messages, to } => {
                export_many(world, messages, to, bytes, &mut asked)?
            }
            Action::SendAll(drafts) => send_all(world, drafts, &mut asked)?,
            Action::OpenPart { message, part } => open_part(world, *message, part, &mut asked)?,
            Action::Send {
                draft, last, at, ..
            } => send((world, ticket), draft, *last, *at, &mut asked)?,
            other => return Err(format!("Not done: {other:?} needs no bytes")),
        };
        if asked.is_empty() {
            return Ok(Some(ended));
        }
        if bytes == Bytes::Fetched {
            asked
                .into_iter()
                .for_each(|id| requests::remove(&world.store, id).forget());
            return Err("Not done: the server does not give the whole of it.".to_owned());
        }
        let requests = asked;
        world
            .running()
            .insert(ticket, Running::Later { requests, action });
        // It may be answered already; that it waits is told before that it is done.
        world.tell(ticket, ended);
        again.look_at_fetches();
        Ok(None)
    };
    let telling = move |world: &World| work(world).unwrap_or_else(|why| Some(Ended::Failed(why)));
    spawn_quiet(world.clone(), ticket, telling);
}

/// Asks the owner of its account for a part of a message.
fn ask_part(world: &World, source: &message::Source, path: &PartPath) -> Result<RequestId, String> {
    let (account, content) = (source.account(), source.content.key);
    let asked = requests::fetch_body(&world.store, account, content, path, PATIENCE);
    asked.wait().map_err(|e| format!("Cannot ask for it: {e}"))
}

/// Puts a message into the Outbox, if its account has a server to send with, once what it takes from
/// stored messages is here.
fn send(
    (world, ticket): (&World, Ticket),
    draft: &Draft,
    last: Option<DraftSave>,
    at: Option<i64>,
    asked: &mut Vec<RequestId>,
) -> Result<Ended, String> {
    let delay = delay_of(world, draft)?;
    let (size, requests) = ask_absent(world, draft)?;
    if requests.is_empty() {
        let when = at.map_or(When::After(delay), When::At);
        let whereto = (&world.store, &world.env);
        let mut progress = |done, all| world.tell_progress(ticket, done, all);
        return Ok(sending::queue(whereto, draft, last, when, &mut progress));
    }
    asked.extend(requests);
    Ok(Ended::NotKept(size))
}

/// Puts several messages into the Outbox, once what all of them take from stored messages is here.
fn send_all(world: &World, drafts: &[Draft], asked: &mut Vec<RequestId>) -> Result<Ended, String> {
    let (mut delay, mut size) = (0, 0);
    for draft in drafts {
        delay = delay_of(world, draft)?;
    }
    for draft in drafts {
        let (more, requests) = ask_absent(world, draft)?;
        size += more;
        asked.extend(requests);
    }
    if !asked.is_empty() {
        return Ok(Ended::NotKept(size));
    }
    let whereto = (&world.store, &world.env);
    Ok(sending::queue_all(whereto, drafts, When::After(delay)))
}

/// For how many seconds a message waits before it is sent, if its account has a server to send with.
fn delay_of(world: &World, draft: &Draft) -> Result<u32, String> {
    let settings = world.settings();
    let account = settings.account(&draft.account);
    match account.is_some_and(|one| one.smtp.is_some()) {
        true => Ok(settings.send.undo_delay),
        false => {
            let account = &draft.account;
            Err(format!("The account {account} has no server to send with."))
        }
    }
}

/// Asks for what a draft takes from stored messages and is not here; about how many octets that is.
fn ask_absent(world: &World, draft: &Draft) -> Result<(u64, Vec<RequestId>), String> {
    let reader = world.store.reader().map_err(|e| e.to_string())?;
    let (mut size, mut requests) = (0, Vec::new());
    for one in sending::absent(&reader, draft).map_err(|e| e.to_string())? {
        size += one.size;
        let (path, content) = (&one.section, one.content);
        let asked = requests::fetch_body(&world.store, one.account, content, path, PATIENCE);
        requests.push(
            asked
                .wait()
                .map_err(|e| format!("Cannot ask for it: {e}"))?,
        );
        world.wake(one.account);
    }
    Ok((size, requests))
}

/// So many messages are fetched to be exported; of more, those are left out that are not here.
const FETCHED: usize = 200;

fn export_many(
    world: &World,
    messages: &[MessageKey],
    to: &str,
    bytes: Bytes,
    asked: &mut Vec<RequestId>,
) -> Result<Ended, String> {
    let reader = world.store.reader().map_err(|e| e.to_string())?;
    let (mut absent, mut size) = (Vec::new(), 0);
    for key in messages.iter().filter(|_| bytes == Bytes::AsTheyAre) {
        let Ok(source) = message::source(&reader, *key) else {
            continue;
        };
        let have = bodies::have(&reader, source.content.key, "");
        if !matches!(have.map_err(|e| e.to_string())?, Have::Whole(_)) {
            size += source.message.size;
            absent.push(source);
        }
    }
    if absent.is_empty() || absent.len() > FETCHED {
        return Ok(files::export(&world.store, messages, to));
    }
    for source in absent {
        asked.push(ask_part(world, &source, &PartPath::root())?);
        world.wake(source.account());
    }
    Ok(Ended::NotKept(size))
}

fn export(
    world: &World,
    key: MessageKey,
    to: &str,
    asked: &mut Vec<RequestId>,
) -> Result<Ended, String> {
    let reader = world.store.reader().map_err(|e| e.to_string())?;
    let source = message::source(&reader, key).map_err(|e| e.to_string())?;
    let raw = message::raw(&reader, source.content.key).map_err(|e| e.to_string())?;
    let Some(raw) = raw else {
        asked.push(ask_part(world, &source, &PartPath::root())?);
        return Ok(Ended::NotKept(source.message.size));
    };
    let name = format!("message-{}.eml", id_of(key));
    Ok(write(to, &name, &raw))
}

fn write(to: &str, name: &str, bytes: &[u8]) -> Ended {
    let (folder, name) = files::place(to, name);
    match files::write_new(&folder, &name, bytes) {
        Ok(()) => Ended::Done(format!("Saved {}.", folder.join(&name).display())),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Ended::Exists(folder.join(&name).display().to_string())
        }
        Err(error) => Ended::Failed(format!(
            "Cannot save {}: {error}",
            folder.join(&name).display()
        )),
    }
}

/// A part with its content decoded, or why it is not at hand.
fn decoded(
    world: &World,
    key: MessageKey,
    path: &PartPath,
    asked: &mut Vec<RequestId>,
) -> Result<Result<(Structure, Vec<u8>), Ended>, String> {
    let reader = world.store.reader().map_err(|e| e.to_string())?;
    let source = message::source(&reader, key).map_err(|e| e.to_string())?;
    let structure =
        message::structure(&world.store, &reader, &source.content).map_err(|e| e.to_string())?;
    let part = structure.as_ref().and_then(|tree| tree.find(path)).cloned();
    let Some(part) = part else {
        let inside = packed::content(&world.store, &reader, &source, path);
        let inside = inside.map_err(|e| e.to_string())?;
        return Ok(Ok(
            inside.ok_or_else(|| "The message has no such part.".to_owned())?
        ));
    };
    let bytes = message::part(&world.store, &reader, &source.message, path, u64::MAX)
        .map_err(|e| e.to_string())?;
    Ok(match bytes {
        PartBytes::Kept { bytes, .. } => {
            let content = parts::decode_transfer(&bytes, &part.encoding);
            Ok((part, content))
        }
        PartBytes::NotKept { size } => {
            asked.push(ask_part(world, &source, path)?);
            Err(Ended::NotKept(size))
        }
        PartBytes::NoSuchPart => Err(Ended::Failed("The message has no such part.".to_owned())),
    })
}

fn save_part(
    world: &World,
    key: MessageKey,
    path: &PartPath,
    to: &str,
    asked: &mut Vec<RequestId>,
) -> Result<Ended, String> {
    Ok(match decoded(world, key, path, asked)? {
        Ok((part, bytes)) => write(to, &file_name(&part), &bytes),
        Err(ended) => ended,
    })
}

/// All or none: what is not here is fetched first, so that nothing is saved twice.
fn save_all(
    world: &World,
    keys: &[MessageKey],
    folder: &str,
    asked: &mut Vec<RequestId>,
) -> Result<Ended, String> {
    let reader = world.store.reader().map_err(|e| e.to_string())?;
    let folder = files::typed(folder);
    if !folder.is_dir() {
        return Ok(Ended::Failed(format!("{} is no folder.", folder.display())));
    }
    let mut wanted: Vec<(MessageKey, PartPath)> = Vec::new();
    let (mut absent, mut unknown) = (0, 0);
    for key in keys {
        let source = message::source(&reader, *key).map_err(|e| e.to_string())?;
        let tree = packed::tree(&world.store, &reader, &source).map_err(|e| e.to_string())?;
        let Some(tree) = tree else {
            unknown += 1;
            continue;
        };
        for part in tree.attachments() {
            let at_hand = message::part(&world.store, &reader, &source.message, &part.path, 1);
            if let PartBytes::NotKept { size } = at_hand.map_err(|e| e.to_string())? {
                asked.push(ask_part(world, &source, &part.path)?);
                world.wake(source.account());
                absent += size;
            }
            wanted.push((*key, part.path.clone()));
        }
    }
    if unknown == keys.len() {
        return Err("The parts are not known yet.".to_owned());
    }
    if !asked.is_empty() {
        return Ok(Ended::NotKept(absent));
    }
    let mut saved = 0;
    for (key, path) in &wanted {
        if let Ok((part, bytes)) = decoded(world, *key, path, asked)? {
            files::write_beside(&folder, &file_name(&part), &bytes)
                .map_err(|e| format!("Saved {saved} of {}, then: {e}", wanted.len()))?;
            saved += 1;
        }
    }
    Ok(Ended::Done(saved_words(
        saved,
        keys.len(),
        unknown,
        &folder,
    )))
}

fn saved_words(saved: usize, messages: usize, unknown: usize, folder: &Path) -> String {
    let mut words = match (saved, messages) {
        (0, 1) => "The message has no attachments.".to_owned(),
        (0, _) => "These messages have no attachments.".to_owned(),
        (1, _) => format!("Saved 1 attachment in {}.", folder.display()),
        (many, _) => format!("Saved {many} attachments in {}.", folder.display()),
    };
    if unknown > 0 {
        words.push_str(&format!(
            " Of {} the parts are not known yet.",
            counted(unknown)
        ));
    }
    words
}

fn open_part(
    world: &World,
    key: MessageKey,
    path: &PartPath,
    asked: &mut Vec<RequestId>,
) -> Result<Ended, String> {
    let (part, bytes) = match decoded(world, key, path, asked)? {
        Ok(found) => found,
        Err(ended) => return Ok(ended),
    };
    let kind = part.media_type();
    let template = world.settings().opener(&kind).map(<[String]>::to_vec);
    let Some(template) = template else {
        return Ok(Ended::Failed(no_opener(&kind)));
    };
    let (mut file, place) = world
        .env
        .temp
        .create_file(&file_name(&part))
        .map_err(|e| format!("Cannot make a file to open: {e}"))?;
    io::Write::write_all(&mut file, &bytes).map_err(|e| format!("Cannot write it: {e}"))?;
    let argv = spawn::opening(&template, &place);
    Ok(match world.env.spawn.open(argv) {
        Ok(()) => Ended::Done(format!(
            "Opened by {}.",
            template.first().map_or("", String::as_str)
        )),
        Err(error) => Ended::Failed(format!("Not opened: {error}")),
    })
}

fn no_opener(kind: &str) -> String {
    format!("No program is set for {kind}. Name one under [open] in the settings; S saves it.")
}
