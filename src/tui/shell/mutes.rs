//! Muting, done by `ops`, and told in words.

use crate::model::{MessageKey, MuteKey};
use crate::ops::mutes::{Kind, Mute, Muted, Topic, all, mute, of_message, unmute};
use crate::store::{Reader, Store, StoreError};
use crate::tui::app::event::{Answer, Ended, Muting};
use crate::tui::app::view;

use super::triage::Under;

/// Mutes what messages are part of, or ends that.
pub fn change(store: &Store, keys: Vec<MessageKey>, what: Muting) -> Under {
    let kind = match what {
        Muting::Thread => Kind::Thread,
        Muting::List => Kind::List,
        Muting::End => {
            let store = store.clone();
            return Box::new(move || ended(end(&store, &keys)));
        }
    };
    let count = keys.len();
    let pending = mute(store, keys, kind);
    Box::new(move || ended(pending.wait().map(|muted| muted_words(kind, count, &muted))))
}

/// Ends mutes that were chosen from the list of what is muted.
pub fn lift(store: &Store, keys: Vec<MuteKey>) -> Under {
    let store = store.clone();
    Box::new(move || {
        let known = store.reader().and_then(|reader| all(&reader));
        let chosen = known.map(|mutes| mutes.into_iter().filter(|one| keys.contains(&one.key)));
        ended(chosen.and_then(|chosen| lifted(&store, chosen.collect())))
    })
}

/// What is muted, for the list to choose from.
pub fn list(reader: &Reader) -> Result<Answer, StoreError> {
    let shown = |mute: Mute| view::Mute {
        key: mute.key,
        kind: match mute.topic {
            Topic::Thread(_) => "thread",
            Topic::List(_) => "list",
        },
        called: mute.called,
        since: mute.since,
        filed: mute.filed,
    };
    Ok(Answer::Mutes(all(reader)?.into_iter().map(shown).collect()))
}

fn ended(words: Result<Result<String, String>, StoreError>) -> Ended {
    match words {
        Ok(Ok(words)) => Ended::Done(words),
        Ok(Err(why)) => Ended::Failed(why),
        Err(error) => Ended::Failed(format!("Nothing was changed: {error}.")),
    }
}

fn muted_words(kind: Kind, count: usize, muted: &Muted) -> Result<String, String> {
    let kinds = match kind {
        Kind::Thread => "threads",
        Kind::List => "lists",
    };
    match (muted.done.as_slice(), muted.already.as_slice()) {
        ([one], _) => Ok(format!(
            "Muted \"{}\": later mail goes to Archive, read.  U undoes.",
            one.called
        )),
        ([], [called]) => Ok(format!("\"{called}\" is muted already.")),
        ([], []) => Err(match (kind, count) {
            (Kind::List, 1) => "This message came over no list.".to_owned(),
            (Kind::List, _) => "None of these messages came over a list.".to_owned(),
            (Kind::Thread, 1) => {
                "This message is in no thread: its envelope is not here.".to_owned()
            }
            (Kind::Thread, _) => "The envelopes of these messages are not here.".to_owned(),
        }),
        ([], several) => Ok(format!(
            "These {} {kinds} are muted already.",
            several.len()
        )),
        (several, _) => Ok(format!(
            "Muted {} {kinds}: later mail goes to Archive, read.  U undoes.",
            several.len()
        )),
    }
}

/// Ends every mute that messages fall under.
fn end(store: &Store, keys: &[MessageKey]) -> Result<Result<String, String>, StoreError> {
    let reader = store.reader()?;
    let mut mutes: Vec<Mute> = Vec::new();
    for key in keys {
        for mute in of_message(&reader, *key)? {
            if mutes.iter().all(|known| known.key != mute.key) {
                mutes.push(mute);
            }
        }
    }
    if mutes.is_empty() {
        let why = match keys.len() {
            1 => "Neither the thread nor the list of this message is muted.",
            _ => "Neither a thread nor a list of these messages is muted.",
        };
        return Ok(Err(why.to_owned()));
    }
    lifted(store, mutes)
}

fn lifted(store: &Store, mutes: Vec<Mute>) -> Result<Result<String, String>, StoreError> {
    let keys: Vec<MuteKey> = mutes.iter().map(|mute| mute.key).collect();
    let called: Vec<String> = mutes
        .iter()
        .map(|one| format!("\"{}\"", one.called))
        .collect();
    let called = match called.as_slice() {
        [] => return Ok(Err("It is not muted any more.".to_owned())),
        few if few.len() <= 2 => few.join(" and "),
        many => format!("{} threads and lists", many.len()),
    };
    let back = unmute(store, keys).wait()?.changed.len();
    Ok(Ok(match back {
        0 => format!("Not muted any more: {called}.  U undoes."),
        _ => format!("Not muted any more: {called}; what it filed is back, unread.  U undoes."),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::{Bed, arrived};

    #[test]
    fn muting_says_what_becomes_of_later_mail_and_what_cannot_be_muted() {
        let bed = Bed::new();
        let key = bed.insert(vec![arrived(1, "a")])[0];
        let words = |what| match change(&bed.store, vec![key], what)() {
            Ended::Done(words) | Ended::Failed(words) => words,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            words(Muting::Thread),
            "Muted \"About a\": later mail goes to Archive, read.  U undoes."
        );
        assert_eq!(words(Muting::Thread), "\"About a\" is muted already.");
        assert_eq!(words(Muting::List), "This message came over no list.");
        assert_eq!(
            words(Muting::End),
            "Not muted any more: \"About a\".  U undoes."
        );
        assert!(words(Muting::End).starts_with("Neither"));
    }
}
