//! Muting, done by `ops`, and told in words.

use crate::model::MessageKey;
use crate::ops::mutes::{Kind, Muted, mute, of_message, unmute};
use crate::store::{Store, StoreError};
use crate::tui::app::event::{Ended, Muting};

use super::triage::Under;

/// Mutes what a message is part of, or ends that.
pub fn change(store: &Store, key: MessageKey, what: Muting) -> Under {
    let kind = match what {
        Muting::Thread => Kind::Thread,
        Muting::List => Kind::List,
        Muting::End => {
            let store = store.clone();
            return Box::new(move || ended(end(&store, key)));
        }
    };
    let pending = mute(store, key, kind);
    Box::new(move || ended(pending.wait().map(|muted| muted_words(kind, &muted))))
}

fn ended(words: Result<Result<String, String>, StoreError>) -> Ended {
    match words {
        Ok(Ok(words)) => Ended::Done(words),
        Ok(Err(why)) => Ended::Failed(why),
        Err(error) => Ended::Failed(format!("Nothing was changed: {error}.")),
    }
}

fn muted_words(kind: Kind, muted: &Muted) -> Result<String, String> {
    match (muted, kind) {
        (Muted::Done(called), _) => Ok(format!(
            "Muted \"{called}\": later mail goes to Archive, read.  `.` unmute ends it."
        )),
        (Muted::Already(called), _) => Ok(format!("\"{called}\" is muted already.")),
        (Muted::Nothing, Kind::List) => Err("This message came over no list.".to_owned()),
        (Muted::Nothing, Kind::Thread) => {
            Err("This message is in no thread: its envelope is not here.".to_owned())
        }
    }
}

/// Ends every mute that a message falls under.
fn end(store: &Store, key: MessageKey) -> Result<Result<String, String>, StoreError> {
    let mutes = of_message(&store.reader()?, key)?;
    if mutes.is_empty() {
        let why = "Neither the thread nor the list of this message is muted.";
        return Ok(Err(why.to_owned()));
    }
    let (mut called, mut back) = (Vec::new(), 0);
    for mute in mutes {
        back += unmute(store, mute.key).wait()?.changed.len();
        called.push(format!("\"{}\"", mute.called));
    }
    let called = called.join(" and ");
    Ok(Ok(match back {
        0 => format!("Not muted any more: {called}."),
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
        let words = |what| match change(&bed.store, key, what)() {
            Ended::Done(words) | Ended::Failed(words) => words,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            words(Muting::Thread),
            "Muted \"About a\": later mail goes to Archive, read.  `.` unmute ends it."
        );
        assert_eq!(words(Muting::Thread), "\"About a\" is muted already.");
        assert_eq!(words(Muting::List), "This message came over no list.");
        assert_eq!(words(Muting::End), "Not muted any more: \"About a\".");
        assert!(words(Muting::End).starts_with("Neither"));
    }
}
