//! Messages of the Drafts mailbox, as drafts to go on with.

use crate::mime::part::decode_transfer;
use crate::mime::reply;
use crate::model::{ContentKey, Draft, Kept, MessageKey, Structure};
use crate::ops::message::{PartBytes, Source};
use crate::ops::{accounts, drafts, message, packed};
use crate::store::{Reader, Store, StoreError};
use crate::tui::app::event::{Answer, Ended};
use crate::tui::app::view::Resuming;

use super::desk::Desk;
use super::drafts::account_of;
use super::replies;

/// Octets of a text.
const TEXT: u64 = 32 << 20;

/// What there is to go on with: our own draft, or what can be made of another program's.
pub fn of_message(
    desk: &Desk,
    store: &Store,
    reader: &Reader,
    key: MessageKey,
) -> Result<Answer, StoreError> {
    if let Some(kept) = drafts::of_message(reader, key)? {
        let ours = Resuming::Ours(kept.at(), kept.saved, Box::new(kept.draft));
        return Ok(Answer::Resuming(ours));
    }
    let Ok(source) = message::source(reader, key) else {
        return Ok(Answer::Resuming(Resuming::Gone));
    };
    let structure = packed::tree(store, reader, &source)?;
    let attached = structure
        .as_ref()
        .is_none_or(|tree| !tree.attachments().is_empty());
    let typed = match &structure {
        Some(tree) => typed(store, reader, &source, tree)?,
        None => None,
    };
    let text = match typed {
        Some(text) => Some(text),
        None => replies::text(desk, reader, key)?,
    };
    let content = &source.content;
    let Some(text) = text.filter(|_| content.kept == Kept::All || !attached) else {
        // What is attached is sent again from here, so that all of it has to be here.
        return Ok(Answer::Resuming(Resuming::NotKept(source.message.size)));
    };
    let account = source.account();
    let known = accounts::all(reader)?.into_iter();
    let id = known
        .filter(|one| one.key == account)
        .map(|one| one.id)
        .next()
        .unwrap_or_default();
    let made = reply::resume(
        key,
        &content.envelope,
        content.key,
        structure.as_ref(),
        &text,
    );
    let mut draft = Draft {
        account: id,
        ..made
    };
    if draft.from.address.is_empty() {
        let own = desk.identities().into_iter();
        let mut own = own.filter(|one| one.account == draft.account);
        draft.from = own.next().map(|one| one.address).unwrap_or_default();
    }
    Ok(Answer::Resuming(Resuming::Theirs {
        content: content.key,
        draft: Box::new(draft),
    }))
}

/// The text as it was typed, where it was typed as plain text and is here.
fn typed(
    store: &Store,
    reader: &Reader,
    source: &Source,
    tree: &Structure,
) -> Result<Option<String>, StoreError> {
    let Some(part) = reply::typed_part(tree) else {
        return Ok(None);
    };
    let bytes = message::part(store, reader, &source.message, &part.path, TEXT)?;
    Ok(match bytes {
        PartBytes::Kept { bytes, whole: true } => {
            Some(reply::typed(part, &decode_transfer(&bytes, &part.encoding)))
        }
        PartBytes::Kept { whole: false, .. }
        | PartBytes::NotKept { .. }
        | PartBytes::NoSuchPart => None,
    })
}

/// Makes a draft of another program's message; called on the waiting thread.
pub fn adopt(store: &Store, message: MessageKey, content: ContentKey, draft: Draft) -> Ended {
    let kept = account_of(store, &draft.account)
        .and_then(|account| drafts::adopt(store, account, message, content, draft).wait());
    match kept {
        Ok(kept) => Ended::Resumed(kept.at(), kept.saved, Box::new(kept.draft)),
        Err(error) => Ended::Failed(format!("The draft cannot be gone on with: {error}.")),
    }
}
