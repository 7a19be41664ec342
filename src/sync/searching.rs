//! Searches on the server, among messages whose text is not here.

use crate::imap::{Command, Event};
use crate::model::{MailboxKey, Query, RequestId, Role, UidSet};
use crate::store::mailboxes::Mailbox;
use crate::store::requests::{self, Progress};

use super::SyncError;
use super::plan::search::{self, Plan};
use super::worker::Worker;

/// Messages that a search finds at most on one server.
const MOST: usize = 1_000;
/// UIDs that are looked at of one answer; a server can name four billion.
const LOOKED_AT: usize = 20_000;

/// How the search of one mailbox ended.
enum Searched {
    /// All that was found is noted.
    Whole,
    /// There is enough, or nobody waits any more.
    Enough,
    /// It was not searched, for this reason.
    Refused(String),
}

impl Worker<'_> {
    /// Asks for each mailbox in which something is not kept, until nobody waits for it any more.
    pub(super) async fn search(
        &mut self,
        id: RequestId,
        mailbox: Option<MailboxKey>,
        query: &str,
    ) -> Result<Progress, SyncError> {
        let failed = |why: String| Ok(Progress::Failed { why });
        let query = match Query::parse(query) {
            Ok(query) => query,
            Err(error) => return failed(error.to_string()),
        };
        let is_gmail = self.talk.abilities().gmail;
        let plan = match search::plan(&query, self.desk.store.now(), is_gmail) {
            Ok(plan) => plan,
            Err(why) => return failed(why),
        };
        let mailboxes = self.mailboxes()?;
        let kept = self.wanted(&mailboxes)?;
        let meant = mailboxes
            .iter()
            .filter(|one| match mailbox {
                Some(key) => one.key == key,
                None => kept.contains(&one.key) && self.is_meant(&plan, one),
            })
            .map(|one| one.key);
        let mut refused = None;
        for key in meant.collect::<Vec<_>>() {
            let lacks = |reader: &_| requests::lacks_text(reader, key);
            if !self.desk.read(lacks)? {
                continue;
            }
            match self.search_one(id, key, &plan).await? {
                Searched::Whole => {}
                // What one mailbox refuses keeps no other from being searched.
                Searched::Refused(why) => drop(refused.get_or_insert(why)),
                Searched::Enough => break,
            }
            if self.desk.signal.ends_link() {
                break;
            }
        }
        Ok(match refused {
            None => Progress::Done,
            Some(why) => Progress::Failed { why },
        })
    }

    fn is_meant(&self, plan: &Plan, mailbox: &Mailbox) -> bool {
        let apart = matches!(mailbox.role, Some(Role::Trash | Role::Junk | Role::Drafts));
        let name = mailbox.name.as_deref().unwrap_or_default();
        let role = mailbox.role.map(Role::word);
        !(apart && plan.within.is_empty()) && plan.is_within(&self.desk.account.id, name, role)
    }

    async fn search_one(
        &mut self,
        id: RequestId,
        mailbox: MailboxKey,
        plan: &Plan,
    ) -> Result<Searched, SyncError> {
        let open = self.open(mailbox).await?;
        let Some(selected) = self.selected.as_ref().filter(|_| open) else {
            let why = "the server does not open one of the mailboxes".to_owned();
            return Ok(Searched::Refused(why));
        };
        let (epoch, name) = (selected.epoch, selected.name.clone());
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
        let mut newest = UidSet::new();
        for uid in found.iter().rev().take(LOOKED_AT) {
            newest.insert(uid);
        }
        let narrow = plan.narrow;
        let add = move |tx: &crate::store::Tx<'_>| {
            requests::add_found(tx, id, (mailbox, epoch), &newest, &narrow, MOST)
        };
        Ok(match self.desk.durable(add).await? {
            true => Searched::Whole,
            false => Searched::Enough,
        })
    }
}
