//! Searching mail for the screen: one question at a time, and the one that is under way is dropped
//! when another one comes.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::mime::snippet;
use crate::model::{MessageKey, Query};
use crate::ops::search::{Ask, Scope, Stop};
use crate::store::search::{Searcher, text_of};
use crate::store::{Reader, Store, StoreError, accounts, messages};
use crate::tui::app::event::Answer;
use crate::tui::app::search::{FoundMail, MailQuery, Reach};

use super::files::offset_at;

/// Messages that are found while one types; the rest when they are wanted.
const FIRST: usize = 300;
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

    /// Drops the question that is under way: another one takes its place.
    pub fn drop_running(&self) {
        lock(&self.running).stop();
    }

    /// What a query finds.
    pub fn answer(&self, asked: &MailQuery) -> Result<Answer, StoreError> {
        let begun = Instant::now();
        let stop = Stop::default();
        *lock(&self.running) = stop.clone();
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
            more,
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
        Reach::Account(id) => match accounts::find(reader, id)? {
            Some(account) => Scope::Account(account.key),
            None => Scope::All,
        },
    })
}

/// The words around what was found in a message, if they stand in its text.
pub fn snippet(reader: &Reader, message: MessageKey, typed: &str) -> Result<Answer, StoreError> {
    let content = messages::get(reader, message)?.content;
    let query = Query::typed(typed).query;
    let text = text_of(reader, content)?;
    Ok(Answer::Snippet(snippet::cut(&text, &query.words(), ROOM)))
}
