//! Searching mail for the screen: one question at a time, and the one that is under way is dropped
//! when another one comes.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::mime::snippet;
use crate::model::{AccountKey, MessageKey, Query};
use crate::ops::requests;
use crate::ops::requests::Progress;
use crate::ops::search::{Ask, Scope, Stop};
use crate::store::lists::place_of;
use crate::store::search::{Searcher, text_of};
use crate::store::{Reader, Store, StoreError, accounts, contents, messages};
use crate::tui::app::event::Answer;
use crate::tui::app::far::{FarFound, Look, Stand};
use crate::tui::app::search::{FoundMail, MailQuery, Reach};

use super::files::offset_at;

/// Messages that are found while one types; the rest when they are wanted.
const FIRST: usize = 120;
/// After this long what was found so far is shown, and the rest comes later.
const SOON: Duration = Duration::from_millis(100);
/// Characters of the words around what was found.
const ROOM: usize = 56;

/// Where searches are answered.
pub struct Search {
    store: Store,
    path: PathBuf,
    searcher: Mutex<Option<Searcher>>,
    /// What ends the question that is under way.
    running: Mutex<Stop>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Search {
    /// Asks the index at `path`, and the store.
    pub fn new(store: Store, path: PathBuf) -> Self {
        Self {
            store,
            path,
            searcher: Mutex::default(),
            running: Mutex::default(),
        }
    }

    /// A question comes next: from here on [`Search::drop_running`] is about that one, also before
    /// it is looked at.
    pub fn begin(&self) {
        *lock(&self.running) = Stop::default();
    }

    /// Drops the question that is under way: another one takes its place.
    pub fn drop_running(&self) {
        lock(&self.running).stop();
    }

    /// What a query finds.
    pub fn answer(&self, asked: &MailQuery) -> Result<Answer, StoreError> {
        let begun = Instant::now();
        let stop = lock(&self.running).clone();
        let mut searcher = lock(&self.searcher);
        let searcher = match searcher.as_mut() {
            Some(searcher) => searcher,
            None => searcher.insert(Searcher::open(&self.store, &self.path)?),
        };
        let typed = Query::typed(&asked.text);
        let ask = Ask {
            query: &typed.query,
            is_typing: true,
            scope: scope(searcher.reader(), &asked.reach)?,
            now: self.store.now(),
            zone: &|at| offset_at(at) * 60,
            is_enough: &|| !asked.whole && begun.elapsed() > SOON,
        };
        let limit = if asked.whole { usize::MAX } else { FIRST };
        let mut keys: Vec<MessageKey> = Vec::new();
        let mut more = false;
        let found = searcher.find(&ask, &stop, &mut |hit| {
            more = keys.len() == limit;
            if more {
                return ControlFlow::Break(());
            }
            keys.push(hit.message);
            ControlFlow::Continue(())
        })?;
        if found.is_stopped {
            return Ok(Answer::Search(None));
        }
        let trouble = typed.trouble.map(|trouble| trouble.to_string());
        let unknown = found.unknown.first();
        let found = FoundMail {
            more: more || found.is_cut,
            cut: found.is_cut,
            whole: asked.whole,
            apart: typed.query.any(&|one| matches!(one, Query::In(_))),
            millis: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            unindexed: found.unindexed,
            trouble: trouble.or_else(|| unknown.map(|name| format!("\"{name}\" is not there"))),
        };
        Ok(Answer::Search(Some((found, keys))))
    }
}

fn scope(reader: &Reader, reach: &Reach) -> Result<Scope, StoreError> {
    Ok(match reach {
        Reach::Mailbox(key) => Scope::Mailbox(*key),
        Reach::All => Scope::All,
        // An account that has nothing here yet has no key, and no mail that could be found.
        Reach::Account(id) => {
            Scope::Account(accounts::find(reader, id)?.map_or(AccountKey(0), |account| account.key))
        }
    })
}

/// What servers have found so far, newest first, without what was found here.
pub fn far(reader: &Reader, look: &Look) -> Result<Answer, StoreError> {
    let here: HashSet<MessageKey> = look.here.iter().copied().collect();
    let mut stands = Vec::new();
    let mut found = Vec::new();
    let mut known = HashSet::new();
    for one in &look.asked {
        let request = requests::find(reader, one.request)?;
        stands.push((one.account.clone(), request.map_or(Stand::Gone, stand)));
        for key in requests::found(reader, one.request)? {
            let Some(content) = messages::find(reader, key)?.map(|row| row.content) else {
                continue;
            };
            let copies = contents::messages(reader, content)?;
            if known.insert(content) && !copies.iter().any(|copy| here.contains(copy)) {
                found.push((place_of(reader, key)?, key));
            }
        }
    }
    found.sort_by(|a, b| b.cmp(a));
    let keys = found.into_iter().map(|(_, key)| key).collect();
    Ok(Answer::Far(FarFound { stands, keys }))
}

fn stand(request: requests::Request) -> Stand {
    let step = request.step;
    match request.progress {
        Progress::Open => Stand::Waiting,
        Progress::Taken => Stand::Searching {
            place: step.place,
            done: step.done,
            total: step.total,
        },
        Progress::Done => Stand::Done {
            total: step.total,
            words: request.report,
        },
        Progress::Failed { why } => Stand::Failed(why),
    }
}

/// The words around what was found in a message, if they stand in its text.
pub fn snippet(reader: &Reader, message: MessageKey, typed: &str) -> Result<Answer, StoreError> {
    let content = messages::get(reader, message)?.content;
    let query = Query::typed(typed).query;
    let text = text_of(reader, content)?;
    Ok(Answer::Snippet(snippet::cut(&text, &query.words(), ROOM)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::{Bed, arrived};

    #[test]
    fn a_search_that_was_dropped_before_it_is_looked_at_looks_at_nothing() {
        let bed = Bed::new();
        bed.insert(vec![arrived(1, "a")]);
        let search = Search::new(bed.store.clone(), bed.folder.path().join("search.db"));
        let asked = MailQuery {
            text: "is:unread".to_owned(),
            reach: Reach::All,
            whole: false,
        };
        search.begin();
        search.drop_running();
        let answer = search.answer(&asked).unwrap();
        assert!(matches!(answer, Answer::Search(None)), "{answer:?}");
        search.begin();
        let answer = search.answer(&asked).unwrap();
        let Answer::Search(Some((_, keys))) = answer else {
            panic!("{answer:?}");
        };
        assert_eq!(keys.len(), 1);
    }

    #[test]
    fn a_search_in_an_account_that_has_nothing_here_yet_is_not_one_in_all_mail() {
        let bed = Bed::new();
        bed.insert(vec![arrived(1, "a")]);
        let search = Search::new(bed.store.clone(), bed.folder.path().join("search.db"));
        for (account, count) in [("work", 1), ("new", 0)] {
            search.begin();
            let answer = search.answer(&MailQuery {
                text: "is:unread".to_owned(),
                reach: Reach::Account(account.to_owned()),
                whole: true,
            });
            let Answer::Search(Some((_, keys))) = answer.unwrap() else {
                panic!("{account}");
            };
            assert_eq!(keys.len(), count, "{account}");
        }
    }
}
