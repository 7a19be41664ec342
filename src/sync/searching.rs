//! Searches on the server, among messages whose text is not here.
//!
//! Of a mailbox that is kept here, what the server finds is looked up among its rows. Of one that is
//! not, the envelopes of the newest hits are fetched too: its rows are then as a pull that was broken
//! off leaves them, without a cursor, and the next pull of it, if there ever is one, goes on from there.

use crate::imap::{Command, Event, SequenceSet};
use crate::model::{MailboxKey, Query, RequestId, Role, UidSet};
use crate::store::mailboxes::{self, Mailbox};
use crate::store::requests::{self, Progress};
use crate::store::{Tx, messages};

use super::plan::search::{self, Plan};
use super::pull::{Selected, is_asked};
use super::worker::Worker;
use super::{SyncError, glue};

/// Messages that a search finds at most on one server.
const MOST: usize = 1_000;
/// UIDs that are looked at of one answer; a server can name four billion.
const LOOKED_AT: usize = 20_000;
/// Envelopes that are fetched of one mailbox that is not kept here.
const FETCHED: usize = 50;
/// Mailboxes that are not kept here and are searched nevertheless, at most.
const NOT_KEPT: usize = 100;

/// A mailbox that is to be searched.
struct Place {
    key: MailboxKey,
    name: String,
    is_kept: bool,
}

/// How the search of one mailbox ended.
enum Searched {
    /// All that was found is noted.
    Whole,
    /// There are this many more, older ones, that were not looked at.
    More(u64),
    /// There is enough, or nobody waits any more.
    Enough,
    /// It was not searched, for this reason.
    Refused(String),
}

impl Worker<'_> {
    /// Asks for each mailbox in which something is not kept, until nobody waits for it any more. `None`
    /// where it is answered already.
    pub(super) async fn search(
        &mut self,
        id: RequestId,
        mailbox: Option<MailboxKey>,
        query: &str,
    ) -> Result<Option<Progress>, SyncError> {
        let failed = |why: String| Ok(Some(Progress::Failed { why }));
        let query = match Query::parse(query) {
            Ok(query) => query,
            Err(error) => return failed(error.to_string()),
        };
        let is_gmail = self.talk.abilities().gmail;
        let plan = match search::plan(&query, self.desk.store.now(), is_gmail) {
            Ok(plan) => plan,
            Err(why) => return failed(why),
        };
        let (places, left_out) = self.places(mailbox, &plan)?;
        let total = u32::try_from(places.len()).unwrap_or(u32::MAX);
        let (mut notes, mut through): (Vec<String>, u32) = (Vec::new(), 0);
        let mut refused = None;
        for (done, place) in (0..).zip(&places) {
            if self.desk.signal.ends_link() || !self.note(id, &place.name, done, total).await? {
                return Ok(Some(Progress::Open));
            }
            through = done + 1;
            match self.search_one(id, place, &plan).await? {
                Searched::Whole => {}
                Searched::More(more) => {
                    notes.push(format!(
                        "{}: {more} older ones were not looked at",
                        place.name
                    ));
                }
                // What one mailbox refuses keeps no other from being searched.
                Searched::Refused(why) => drop(refused.get_or_insert(why)),
                Searched::Enough => {
                    notes.push(format!("only the first {MOST} that were found are shown"));
                    break;
                }
            }
            // What a person waits for does not wait for the other mailboxes.
            if self.is_urgent()? {
                self.serve_bodies().await?;
                self.push().await?;
            }
        }
        self.note(id, "", through, through).await?;
        let left_out = left_out + places.len().saturating_sub(through as usize);
        if left_out > 0 {
            notes.push(left_out_words(left_out));
        }
        if let Some(why) = refused {
            return failed(why);
        }
        let words = notes.join("; ");
        let report = move |tx: &Tx<'_>| requests::report(tx, id, &words);
        self.desk.durable(report).await?;
        Ok(None)
    }

    /// The mailboxes to search, those that are kept here first, and how many are left out.
    fn places(
        &self,
        mailbox: Option<MailboxKey>,
        plan: &Plan,
    ) -> Result<(Vec<Place>, usize), SyncError> {
        let all = self.mailboxes()?;
        let kept = self.kept(&all);
        let (mut here, mut there) = (Vec::new(), Vec::new());
        for one in &all {
            let is_kept = kept.contains(&one.key);
            let meant = match mailbox {
                Some(key) => one.key == key,
                None => self.is_meant(plan, one),
            };
            let (key, name) = (one.key, one.name.clone());
            let Some(name) = name.filter(|_| meant) else {
                continue;
            };
            let place = Place { key, name, is_kept };
            if is_kept {
                if self.desk.read(|reader| requests::lacks_text(reader, key))? {
                    here.push(place);
                }
            } else if is_worth_it(one) {
                there.push(place);
            }
        }
        let left_out = there.len().saturating_sub(NOT_KEPT);
        there.truncate(NOT_KEPT);
        here.extend(there);
        Ok((here, left_out))
    }

    fn is_meant(&self, plan: &Plan, mailbox: &Mailbox) -> bool {
        let apart = matches!(mailbox.role, Some(Role::Trash | Role::Junk | Role::Drafts));
        let name = mailbox.name.as_deref().unwrap_or_default();
        let role = mailbox.role.map(Role::word);
        !(apart && plan.within.is_empty()) && plan.is_within(&self.desk.account.id, name, role)
    }

    /// Tells who waits how far it is; false when nobody does.
    async fn note(
        &mut self,
        id: RequestId,
        place: &str,
        done: u32,
        total: u32,
    ) -> Result<bool, SyncError> {
        let place = place.to_owned();
        let step = requests::Step { place, done, total };
        let note = move |tx: &Tx<'_>| requests::set_step(tx, id, &step);
        Ok(self.desk.bulk(note).await?)
    }

    async fn search_one(
        &mut self,
        id: RequestId,
        place: &Place,
        plan: &Plan,
    ) -> Result<Searched, SyncError> {
        let (mailbox, name) = (place.key, &place.name);
        let open = self.open(mailbox).await?;
        let Some(selected) = self.selected.clone().filter(|_| open) else {
            return Ok(Searched::Refused(format!(
                "the server does not open {name}"
            )));
        };
        let epoch = selected.epoch;
        let command = Command::Search {
            uid: true,
            criteria: plan.criteria.clone(),
            esearch: self.talk.abilities().esearch,
        };
        let (reply, events) = self.talk.call(command).await?;
        let mut found = UidSet::new();
        for event in events {
            match event {
                Event::Search(some) => found = found.union(&some.numbers),
                event => self.talk.overhear(&event),
            }
        }
        if !reply.is_ok() {
            return Ok(Searched::Refused(format!("{name}: {}", reply.text)));
        }
        let newest = newest(&found, LOOKED_AT);
        let mut more = found.len().saturating_sub(newest.len());
        if !place.is_kept {
            match self.fetch_found(&selected, &newest).await? {
                Ok(left) => more += left,
                Err(why) => return Ok(Searched::Refused(format!("{name}: {why}"))),
            }
        }
        let narrow = plan.narrow;
        let add = move |tx: &Tx<'_>| {
            requests::add_found(tx, id, (mailbox, epoch), &newest, &narrow, MOST)
        };
        Ok(match (self.desk.durable(add).await?, more) {
            (false, _) => Searched::Enough,
            (true, 0) => Searched::Whole,
            (true, more) => Searched::More(more),
        })
    }

    /// Fetches the envelopes of the newest of these that have no row, in a mailbox that is not kept
    /// here; answers how many more have none, or why it cannot be done.
    async fn fetch_found(
        &mut self,
        selected: &Selected,
        found: &UidSet,
    ) -> Result<Result<u64, String>, SyncError> {
        let (mailbox, epoch) = (selected.mailbox, selected.epoch);
        let (row, known) = self.desk.read(|reader| {
            let row = mailboxes::get(reader, mailbox)?;
            Ok((row, messages::known_uids(reader, mailbox, epoch)?))
        })?;
        if row.settled != row.epoch {
            // What comes stays hidden until all rows of the old numbers have found theirs (SAFETY R5).
            return Ok(Err("it was numbered anew and has to be synced".to_owned()));
        }
        let missing = found.minus(&known);
        let wanted = newest(&missing, FETCHED);
        if wanted.is_empty() {
            return Ok(Ok(0));
        }
        let tag = self.fetch(SequenceSet::Uid(wanted.clone()));
        let (reply, events) = self.talk.finish(tag).await?;
        let mut arrived = Vec::new();
        for event in events {
            match event {
                Event::Fetched(data) if arrived.len() < FETCHED && is_asked(&data, &wanted) => {
                    arrived.extend(glue::arrived(*data));
                }
                event => self.talk.overhear(&event),
            }
        }
        // Nothing of it is news: what is muted is not filed, and nobody is told.
        let insert = move |tx: &Tx<'_>| messages::insert(tx, mailbox, epoch, &arrived).map(|_| ());
        self.desk.bulk(insert).await?;
        Ok(match reply.is_ok() {
            true => Ok(missing.len().saturating_sub(wanted.len())),
            false => Err(reply.text),
        })
    }
}

fn left_out_words(count: usize) -> String {
    match count {
        1 => "1 more folder was not searched".to_owned(),
        count => format!("{count} more folders were not searched"),
    }
}

/// Whether a mailbox that is not kept here can hold what is looked for.
fn is_worth_it(mailbox: &Mailbox) -> bool {
    let selectable = mailbox.base.as_ref().is_some_and(|base| base.selectable());
    // What is flagged or important stands in its own mailbox too.
    let again = matches!(mailbox.role, Some(Role::Flagged | Role::Important));
    selectable && !again && mailbox.status.messages != Some(0)
}

fn newest(uids: &UidSet, limit: usize) -> UidSet {
    let mut newest = UidSet::new();
    for uid in uids.iter().rev().take(limit) {
        newest.insert(uid);
    }
    newest
}
