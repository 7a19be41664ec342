//! What is done to messages and mailboxes, by `ops`. Each call puts its change into the writer's
//! queue on the loop's thread where it needs no look into the store first, so that changes keep the
//! order of their keys.

use crate::model::MessageKey;
use crate::ops::triage::{Acted, SLICE, Target, Wish, act, act_in_slices};
use crate::ops::undo::{Undone, undo, undo_in_slices};
use crate::ops::{accounts, mailbox};
use crate::store::mailboxes::by_name;
use crate::store::undo::latest;
use crate::store::{Pending, Refusal, Store, StoreError};
use crate::tui::app::commands::messages;
use crate::tui::app::event::{Ended, Into, MailboxChange};

/// A change that is under way; called on a waiting thread, it answers how it ended.
pub type Under = Box<dyn FnOnce() -> Ended + Send>;

/// Moves or copies messages.
pub fn file(store: &Store, keys: Vec<MessageKey>, into: Into, copies: bool) -> Under {
    let wish = move |target| match copies {
        true => Wish::Copy(target),
        false => Wish::Move(target),
    };
    match into {
        Into::Mailbox(key) => wished(store, keys, wish(Target::Mailbox(key))),
        Into::Role(role) => wished(store, keys, wish(Target::Role(role))),
        Into::New {
            account,
            name,
            role,
        } => {
            let store = store.clone();
            Box::new(move || {
                let made = (|| {
                    let key = account_key(&store, &account)?;
                    match mailbox::create(&store, key, &name, role).wait() {
                        Ok(made) => Ok(made.mailbox),
                        // It was made a moment ago, by a key before this one.
                        Err(StoreError::Refused(Refusal::Exists { .. })) if role.is_none() => {
                            let there = by_name(&store.reader()?, key, &name)?;
                            there.map(|mailbox| mailbox.key).ok_or(StoreError::Missing {
                                what: "mailbox",
                                key: 0,
                            })
                        }
                        Err(error) => Err(error),
                    }
                })();
                match made {
                    Ok(made) => wished(&store, keys, wish(Target::Mailbox(made)))(),
                    Err(error) => failed(&error),
                }
            })
        }
    }
}

/// Deletes messages for good.
pub fn expunge(store: &Store, keys: Vec<MessageKey>) -> Under {
    wished(store, keys, Wish::Expunge)
}

/// Whether so many go in slices.
pub fn is_sliced(count: usize) -> bool {
    count > SLICE
}

/// Very many go in slices, so that nobody else's key waits for them.
fn wished(store: &Store, keys: Vec<MessageKey>, wish: Wish) -> Under {
    if is_sliced(keys.len()) {
        let store = store.clone();
        return Box::new(move || told(act_in_slices(&store, &keys, &wish)));
    }
    let pending: Pending<Acted> = act(store, keys, wish);
    Box::new(move || told(pending.wait()))
}

fn told(outcome: Result<Acted, StoreError>) -> Ended {
    match outcome {
        Ok(acted) if acted.missing.is_empty() => Ended::Done(String::new()),
        Ok(acted) if acted.changed.is_empty() => {
            Ended::Failed("The message is gone; nothing was changed.".to_owned())
        }
        Ok(acted) => Ended::Done(format!(
            "{} were gone already.",
            messages(acted.missing.len())
        )),
        Err(error) => failed(&error),
    }
}

fn failed(error: &StoreError) -> Ended {
    let words = error.to_string();
    Ended::Failed(format!("Nothing was changed: {words}."))
}

/// Takes the last action back; `sliced` is whether one was done in slices in this run, so that this
/// waits for those.
pub fn take_back(store: &Store, sliced: bool) -> Under {
    if sliced {
        let store = store.clone();
        return Box::new(move || taken_back(undo_in_slices(&store)));
    }
    let pending = undo(store);
    Box::new(move || taken_back(pending.wait()))
}

fn taken_back(outcome: Result<Undone, StoreError>) -> Ended {
    match outcome {
        Ok(undone) => match &undone.refused {
            Some(why) if undone.messages.is_empty() && undone.drafts.is_empty() => {
                Ended::Failed(sentence(&why.to_string()))
            }
            Some(_) | None => Ended::Undone {
                words: undone_words(&undone),
                messages: undone.messages,
            },
        },
        Err(StoreError::Refused(why)) => Ended::Failed(sentence(&why.to_string())),
        Err(error) => failed(&error),
    }
}

/// Words of the store as a sentence.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(char::to_uppercase);
    let words: String = first.into_iter().flatten().chain(letters).collect();
    format!("{words}.")
}

fn undone_words(undone: &Undone) -> String {
    let what = match undone.word.as_str() {
        "flag" => "the change of flags",
        "create" => "the new folder",
        "remove" => "deleting the folder",
        "rename" => "the new name",
        "subscribe" => "subscribing",
        "unsubscribe" => "unsubscribing",
        "delete" => "deleting",
        "junk" => "the move to Junk",
        "archive" => "the move to Archive",
        "move" => "the move",
        "copy" => "the copy",
        "mute" => "muting",
        "unmute" => "the end of muting",
        "send" => "sending",
        "keep-search" => "keeping the search",
        "rename-search" => "the new name",
        "delete-search" => "deleting the search",
        other => other,
    };
    let mut gone = match undone.gone {
        0 => String::new(),
        count => format!("; {} no longer there", messages(count)),
    };
    if undone.stay > 0 {
        let stay = messages(undone.stay);
        gone.push_str(&format!("; {stay} stay, because the folder is gone"));
    }
    if let Some(why) = &undone.refused {
        gone.push_str(&format!("; {why}"));
    }
    let names = undone.mailboxes.iter().chain(&undone.mutes);
    let mut named: Vec<String> = match undone.mutes.len() {
        many if many > 2 => vec![format!("{many} threads and lists")],
        _ => names.cloned().collect(),
    };
    if !undone.messages.is_empty() {
        named.push(messages(undone.messages.len()));
    }
    match undone.drafts.len() {
        0 => {}
        1 => named.push("it is a draft again".to_owned()),
        many => named.push(format!("{many} messages are drafts again")),
    }
    match named.as_slice() {
        [] => format!("Took back {what}{gone}."),
        named => format!("Took back {what}: {}{gone}.", named.join(", ")),
    }
}

/// Changes a mailbox.
pub fn change_mailbox(store: &Store, change: MailboxChange) -> Under {
    match change {
        MailboxChange::Create { account, name } => {
            let store = store.clone();
            Box::new(move || {
                let made = account_key(&store, &account)
                    .and_then(|key| mailbox::create(&store, key, &name, None).wait());
                match made {
                    Ok(made) => Ended::Mailbox(made.mailbox, format!("Made {name}.  U undoes.")),
                    Err(error) => failed(&error),
                }
            })
        }
        MailboxChange::Rename { mailbox, to } => {
            let words = format!("Renamed to {to}.  U undoes.");
            changed(mailbox::rename(store, mailbox, &to), words)
        }
        MailboxChange::Remove(key) => {
            let (pending, store) = (mailbox::remove(store, key), store.clone());
            Box::new(move || match pending.wait() {
                Ok(changed) => Ended::Mailbox(changed.mailbox, removed_words(&store, &changed)),
                Err(error) => failed(&error),
            })
        }
        MailboxChange::Subscribe {
            mailbox,
            subscribed,
        } => {
            let words = match subscribed {
                true => "Subscribed: it is shown and kept.  U undoes.",
                false => "Unsubscribed: Alt-f shows it.  U undoes.",
            };
            let pending = mailbox::subscribe(store, mailbox, subscribed);
            changed(pending, words.to_owned())
        }
    }
}

/// A mailbox of this machine is gone at once, and `U` would take back something else.
fn removed_words(store: &Store, changed: &mailbox::Changed) -> String {
    let latest = store.reader().and_then(|reader| latest(&reader, 1));
    match latest {
        Ok(Some(undoable)) if undoable.action == changed.action => {
            "Deleted.  U undoes until the server has confirmed it.".to_owned()
        }
        Ok(_) | Err(_) => "Deleted.".to_owned(),
    }
}

fn changed(pending: Pending<mailbox::Changed>, words: String) -> Under {
    Box::new(move || match pending.wait() {
        Ok(changed) => Ended::Mailbox(changed.mailbox, words),
        Err(error) => failed(&error),
    })
}

fn account_key(store: &Store, id: &str) -> Result<crate::model::AccountKey, StoreError> {
    let reader = store.reader()?;
    let account = accounts::find(&reader, id)?;
    account
        .map(|account| account.key)
        .ok_or(StoreError::Missing {
            what: "account",
            key: 0,
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::MailboxKey;
    use crate::store::accounts::{AccountKind, ensure};
    use crate::store::local;
    use crate::store::mailboxes::record_list;
    use crate::store::messages::insert_local;
    use crate::store::tests::{Bed, arrived, line};

    #[test]
    fn undo_is_offered_for_a_deleted_folder_only_where_it_would_take_that_back() {
        let bed = Bed::new();
        let account = bed.account;
        let (on_server, here) = bed.put(move |tx| {
            let made = record_list(tx, account, &[line("INBOX"), line("Trips")])?;
            let here = ensure(tx, "local", AccountKind::Local)?;
            Ok((made.new[0], local::ensure(tx, here, "Notes", None)?))
        });
        let words = |key: MailboxKey| match change_mailbox(&bed.store, MailboxChange::Remove(key))()
        {
            Ended::Mailbox(_, words) => words,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            words(on_server),
            "Deleted.  U undoes until the server has confirmed it."
        );
        // What U would take back now is still the other one.
        assert_eq!(words(here), "Deleted.");
    }

    #[test]
    fn a_folder_that_was_made_a_moment_ago_takes_what_was_to_go_into_a_new_one() {
        let bed = Bed::new();
        let (key, made) = bed.put(move |tx| {
            let here = ensure(tx, "local", AccountKind::Local)?;
            let inbox = local::ensure(tx, here, "INBOX", None)?;
            let (key, _) = insert_local(tx, inbox, &arrived(1, "a"))?;
            Ok((key, local::ensure(tx, here, "Trips", None)?))
        });
        let into = Into::New {
            account: "local".to_owned(),
            name: "Trips".to_owned(),
            role: None,
        };
        let ended = file(&bed.store, vec![key], into, true)();
        assert_eq!(ended, Ended::Done(String::new()));
        let reader = bed.store.reader().unwrap();
        let row = crate::store::mailboxes::get(&reader, made).unwrap();
        assert_eq!(row.total, 1);
    }
}
