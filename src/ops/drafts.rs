//! Drafts: kept as typed at every pause, found again after a crash, and copied into the server's
//! Drafts so that other programs have them too.
//!
//! The copy has Bcc. It is the person's own text in the person's own mailbox, and whoever goes on with
//! it, here or in another program, needs to know whom it is to reach; it is no recipient's copy, which
//! never has that field (SAFETY C4).

use crate::mime::write::{Given, Letter, Open, WriteError, unfinished};
use crate::model::{AccountKey, ContentKey, Draft, DraftKey, DraftSave, MessageKey, Role};
use crate::store::drafts::{self, Kept};
use crate::store::{Pending, Priority, Rows, Store, StoreError, Tx, mailboxes};

use super::send::{self, Described, FreezeError};

/// Keeps what is written, on the disk when it is answered. `last` is the save that this one follows.
/// Where another process saved, sent or discarded the draft meanwhile, what is written here becomes a
/// draft of its own: neither is lost.
pub fn save(
    store: &Store,
    account: AccountKey,
    last: Option<DraftSave>,
    draft: Draft,
) -> Pending<DraftSave> {
    store.write(Priority::Person, move |tx| {
        if let Some(DraftSave { key, version }) = last
            && drafts::follow(tx, key, version, account, &draft)?
        {
            return Ok(DraftSave {
                key,
                version: version + 1,
            });
        }
        let key = drafts::insert(tx, account, &draft, None)?;
        Ok(DraftSave { key, version: 1 })
    })
}

/// All drafts, the one that was saved last first: also what was being written when a process ended.
pub fn list(rows: &impl Rows) -> Result<Vec<Kept>, StoreError> {
    drafts::all(rows)
}

/// A draft to go on with.
pub fn open(rows: &impl Rows, key: DraftKey) -> Result<Option<Kept>, StoreError> {
    drafts::find(rows, key)
}

/// The draft of a message in Drafts, if it is one of ours.
pub fn of_message(rows: &impl Rows, message: MessageKey) -> Result<Option<Kept>, StoreError> {
    drafts::of_message(rows, message)
}

/// Goes on with a message that another program left in Drafts; `draft` is what
/// [`crate::mime::reply::resume`] made of it. A draft that is there for it already is answered as it
/// is.
pub fn adopt(
    store: &Store,
    account: AccountKey,
    message: MessageKey,
    content: ContentKey,
    draft: Draft,
) -> Pending<Kept> {
    store.write(Priority::Person, move |tx| {
        if let Some(kept) = drafts::of_message(tx, message)? {
            return Ok(kept);
        }
        let key = drafts::insert(tx, account, &draft, Some(content))?;
        drafts::set_base(tx, key, message)?;
        drafts::find(tx, key)?.ok_or(StoreError::Missing {
            what: "draft",
            key: key.0,
        })
    })
}

/// Discards a draft and its copy in Drafts, as the person saw it: what another process saved since
/// stays. Whether it is gone by this.
pub fn delete(store: &Store, seen: DraftSave) -> Pending<bool> {
    store.write(Priority::Person, move |tx| remove(tx, seen))
}

/// Forgets a draft unless it was saved again since.
pub(super) fn remove(tx: &Tx<'_>, seen: DraftSave) -> Result<bool, StoreError> {
    match drafts::find(tx, seen.key)? {
        Some(kept) if kept.at() == seen => drafts::remove(tx, seen.key),
        Some(_) | None => Ok(false),
    }
}

/// Drafts whose copy in Drafts is older than they are.
pub fn unmirrored(rows: &impl Rows) -> Result<Vec<Kept>, StoreError> {
    let mut all = drafts::all(rows)?;
    all.retain(|kept| kept.mirrored != kept.version && !kept.draft.is_blank());
    Ok(all)
}

/// What mirroring came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mirrored {
    /// The copy is on its way.
    Copied,
    /// The account has no mailbox for drafts.
    NoMailbox,
    /// The draft is gone, or was saved since; a later call finds it.
    Overtaken,
}

/// Why a draft has no copy.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    /// It cannot be written as a message yet: From is no address, a file is gone.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// Its bytes were not kept.
    #[error(transparent)]
    Freeze(#[from] FreezeError),
}

impl From<StoreError> for MirrorError {
    fn from(error: StoreError) -> Self {
        MirrorError::Freeze(FreezeError::Store(error))
    }
}

/// Copies a draft into the server's Drafts in place of the earlier copy: when the person pauses for
/// long or postpones it. Waits on this thread.
pub fn mirror(
    store: &Store,
    key: DraftKey,
    given: &Given,
    open: &mut Open<'_>,
) -> Result<Mirrored, MirrorError> {
    let reader = store.reader()?;
    let Some(kept) = drafts::find(&reader, key)? else {
        return Ok(Mirrored::Overtaken);
    };
    let Some(mailbox) = mailboxes::by_role(&reader, kept.account, Role::Drafts)? else {
        return Ok(Mirrored::NoMailbox);
    };
    let letter = unfinished(&kept.draft, given, open)?;
    let (content, size) = freeze(store, kept.account, &letter, open)?;
    let done = store
        .write(Priority::Person, move |tx| {
            drafts::mirror(tx, key, kept.version, mailbox.key, content, size)
        })
        .wait();
    if !matches!(done, Ok(true)) {
        send::thaw(store, content).wait()?;
    }
    Ok(match done? {
        true => Mirrored::Copied,
        false => Mirrored::Overtaken,
    })
}

fn freeze(
    store: &Store,
    account: AccountKey,
    letter: &Letter,
    open: &mut Open<'_>,
) -> Result<(ContentKey, u64), FreezeError> {
    let described = Described {
        envelope: letter.envelope.clone(),
        structure: Some(letter.structure.clone()),
        size: letter.size,
    };
    let mut size = 0;
    let mut open = |at: usize| open(at);
    let mut bytes = letter.copy(&mut open);
    let content = send::freeze(store, account, &described, &mut bytes, &mut |octets| {
        size = octets;
    })?;
    Ok((content, size))
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::model::{Address, Flags, MailboxKey, OperationKind, Recipient};
    use crate::store::tests::{Bed, line};
    use crate::store::{Reader, bodies, journal, mailboxes, messages, verdicts};

    struct Desk {
        bed: Bed,
        drafts: MailboxKey,
    }

    impl Desk {
        fn new() -> Self {
            let bed = Bed::new();
            let account = bed.account;
            let drafts = bed.put(move |tx| {
                let mut listed = line("Drafts");
                listed.attributes = vec!["\\Drafts".to_owned()];
                let made = mailboxes::record_list(tx, account, &[line("INBOX"), listed])?;
                Ok(made.new[0])
            });
            Self { bed, drafts }
        }

        fn save(&self, last: Option<DraftSave>, text: &str) -> DraftSave {
            let draft = Draft {
                from: Address {
                    name: String::new(),
                    address: "me@x.example".into(),
                },
                to: vec![Recipient::address("not yet")],
                text: text.into(),
                ..Draft::default()
            };
            save(&self.bed.store, self.bed.account, last, draft)
                .wait()
                .unwrap()
        }

        fn mirror(&self, key: DraftKey) -> Mirrored {
            let given = Given {
                now: 1,
                zone: 0,
                random: [7; 16],
                eight_bit: false,
            };
            mirror(&self.bed.store, key, &given, &mut |_| {
                Err(io::Error::other(""))
            })
            .unwrap()
        }

        fn reader(&self) -> Reader {
            self.bed.store.reader().unwrap()
        }

        /// What is shown in Drafts, and what waits.
        fn state(&self) -> (u64, Vec<&'static str>) {
            let reader = self.reader();
            let total = mailboxes::get(&reader, self.drafts).unwrap().total;
            let waiting = journal::all(&reader).unwrap();
            (total, waiting.iter().map(|one| one.kind.word()).collect())
        }

        fn base(&self, key: DraftKey) -> MessageKey {
            open(&self.reader(), key).unwrap().unwrap().base.unwrap()
        }

        /// The server took the upload that waits.
        fn stand(&self, uid: u32) {
            use crate::model::journal::Spot;
            use crate::store::verdicts::Left;
            let waiting = journal::all(&self.reader()).unwrap();
            let append = waiting.iter().find(|one| one.kind.word() == "append");
            let (id, drafts) = (append.unwrap().id, self.drafts);
            self.bed.put(move |tx| {
                let epoch = mailboxes::get(tx, drafts)?.epoch.0;
                let spot = Spot {
                    mailbox: drafts,
                    epoch,
                    uid: crate::model::Uid(uid),
                };
                verdicts::placed(tx, id, spot, Left::Nothing)
            });
        }
    }

    #[test]
    fn r4_two_that_write_one_draft_lose_neither_text() {
        let desk = Desk::new();
        let first = desk.save(None, "one");
        let second = desk.save(Some(first), "two");
        assert_eq!((second.key, second.version), (first.key, 2));
        let other = desk.save(Some(first), "elsewhere");
        assert_ne!(other.key, first.key);
        let mut texts: Vec<String> = list(&desk.reader())
            .unwrap()
            .into_iter()
            .map(|kept| kept.draft.text)
            .collect();
        texts.sort();
        assert_eq!(texts, ["elsewhere", "two"]);
        // What was discarded is what was seen, not what another one wrote since.
        assert!(!delete(&desk.bed.store, first).wait().unwrap());
        assert_eq!(list(&desk.reader()).unwrap().len(), 2);
        assert!(delete(&desk.bed.store, second).wait().unwrap());
        let third = desk.save(Some(second), "three");
        assert_ne!(third.key, second.key);
    }

    #[test]
    fn r4_drafts_are_there_after_the_process_ended() {
        let desk = Desk::new();
        let saved = desk.save(None, "half a sen");
        let Desk { bed, .. } = desk;
        let folder = bed.folder;
        drop(bed.store);
        let store = crate::store::tests::open(folder.path());
        let found = list(&store.reader().unwrap()).unwrap();
        assert_eq!((found.len(), found[0].at()), (1, saved));
    }

    #[test]
    fn a_draft_has_one_copy_on_the_server_whatever_is_saved() {
        let desk = Desk::new();
        let saved = desk.save(None, "one");
        assert_eq!(unmirrored(&desk.reader()).unwrap().len(), 1);
        assert_eq!(desk.mirror(saved.key), Mirrored::Copied);
        assert!(unmirrored(&desk.reader()).unwrap().is_empty());
        let saved = desk.save(Some(saved), "two");
        assert_eq!(desk.mirror(saved.key), Mirrored::Copied);
        // It had not left: other bytes went in its place.
        assert_eq!(desk.state(), (1, vec!["append"]));
        desk.stand(5);
        assert_eq!(desk.state(), (1, vec![]));
        let first = desk.base(saved.key);
        let saved = desk.save(Some(saved), "three");
        assert_eq!(desk.mirror(saved.key), Mirrored::Copied);
        assert_eq!(desk.state(), (1, vec!["append", "expunge"]));
        let second = desk.base(saved.key);
        assert_ne!(first, second);
        let reader = desk.reader();
        let row = messages::get(&reader, second).unwrap();
        assert!(row.flags.has(Flags::DRAFT | Flags::SEEN));
        let bytes = bodies::read_whole(&reader, row.content, "")
            .unwrap()
            .unwrap();
        assert!(bytes.ends_with(b"\r\n\r\nthree\r\n"));
        let waits = journal::of_message(&reader, first).unwrap();
        assert!(matches!(
            waits[0].kind,
            OperationKind::Expunge { after: Some(after), .. } if after == second
        ));
        // What is discarded leaves nothing behind, neither what stood nor what was on its way.
        assert!(delete(&desk.bed.store, saved).wait().unwrap());
        assert_eq!(desk.state(), (0, vec!["expunge"]));
        let waits = journal::of_message(&desk.reader(), first).unwrap();
        assert!(matches!(
            waits[0].kind,
            OperationKind::Expunge { after: None, .. }
        ));
    }

    #[test]
    fn a_draft_of_another_program_is_gone_on_with_once() {
        let desk = Desk::new();
        let saved = desk.save(None, "one");
        desk.mirror(saved.key);
        desk.stand(5);
        let message = desk.base(saved.key);
        let content = messages::get(&desk.reader(), message).unwrap().content;
        desk.bed.put(move |tx| {
            let row = drafts::find(tx, saved.key)?.unwrap();
            drafts::update(tx, row.key, row.account, &row.draft)
        });
        // Ours already: its text is not read anew.
        let adopt = |draft: Draft| {
            adopt(&desk.bed.store, desk.bed.account, message, content, draft)
                .wait()
                .unwrap()
        };
        assert_eq!(adopt(Draft::default()).key, saved.key);
        crate::store::tests::damage(&desk.bed.store, "DELETE FROM draft");
        let draft = Draft {
            text: "theirs".into(),
            ..Draft::default()
        };
        let kept = adopt(draft.clone());
        assert_eq!((kept.base, kept.mirrored), (Some(message), kept.version));
        assert_eq!(adopt(draft).key, kept.key);
        assert!(delete(&desk.bed.store, kept.at()).wait().unwrap());
        assert_eq!(desk.state(), (0, vec!["expunge"]));
    }

    #[test]
    fn an_account_without_drafts_keeps_them_here() {
        let bed = Bed::new();
        let desk = Desk {
            drafts: bed.inbox,
            bed,
        };
        let saved = desk.save(None, "one");
        assert_eq!(desk.mirror(saved.key), Mirrored::NoMailbox);
    }
}
