//! Deleting on the server what the policy lets go, each message only once it is proven to be the
//! one that is stored (SAFETY R20).

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::model::maildrop::{Digest, SeenKey};
use crate::model::{OnServer, Severity};
use crate::store::{Tx, maildrop};

use super::super::SyncError;
use super::super::plan::maildrop::{Doomed, doomed, settled};
use super::load::{Compared, Job};
use super::look::Look;

impl Look<'_> {
    /// Marks for deletion what may go. QUIT makes it final.
    pub(super) async fn delete(&mut self, policy: OnServer) -> Result<(), SyncError> {
        let key = self.desk.key;
        if self.tally.bodies > 0 || !self.came.is_empty() {
            self.known = self.desk.read(|reader| maildrop::all(reader, key))?;
        }
        let deleted_here = match policy {
            OnServer::Delete | OnServer::Mirror => self
                .desk
                .read(|reader| maildrop::deleted_here(reader, key))?,
            OnServer::Keep | OnServer::DeleteAfter(_) => BTreeSet::new(),
        };
        let now = self.desk.store.now();
        let (met, known) = (&self.sorted.met, &self.known);
        let doomed = doomed(met, known, &self.came, &deleted_here, policy, now);
        let (left, stays) = settled(&self.sorted, known, &doomed);
        if !left.is_empty() || !stays.is_empty() {
            let settle = move |tx: &Tx<'_>| {
                maildrop::left(tx, &left)?;
                maildrop::stays(tx, &stays)
            };
            self.desk.durable(settle).await?;
        }
        let proven = self.prove(doomed).await?;
        if proven.is_empty() {
            return Ok(());
        }
        let keys: Vec<SeenKey> = proven.values().copied().collect();
        // With this commit everything that was written before it is on the disk too.
        let leaving = move |tx: &Tx<'_>| maildrop::leaving(tx, &keys);
        self.desk.durable(leaving).await?;
        let numbers: Vec<u32> = proven.keys().copied().collect();
        let taken = self.talk.delete(&numbers).await?;
        let taken = taken.iter().filter_map(|number| proven.get(number));
        self.leaving = taken.copied().collect();
        Ok(())
    }

    /// Those that are what they are taken for, by their numbers.
    async fn prove(&mut self, doomed: Vec<Doomed>) -> Result<BTreeMap<u32, SeenKey>, SyncError> {
        use super::super::plan::maildrop::Look as By;
        let heads: BTreeMap<SeenKey, Digest> = self
            .known
            .iter()
            .map(|seen| (seen.key, seen.head))
            .collect();
        let top = self.talk.offered().top;
        let mut proven = BTreeMap::new();
        let mut first = VecDeque::new();
        let mut whole = Vec::new();
        for one in doomed {
            let by_head = heads.get(&one.key).filter(|_| top);
            match (one.look, by_head) {
                (By::Came, _) => {
                    proven.insert(one.number, one.key);
                }
                (By::Head, Some(head)) => {
                    first.push_back(Job::compare(one, Compared::Head, *head));
                }
                (By::Head | By::Whole, _) => whole.push(one),
            }
        }
        let by_head: Vec<Doomed> = first.iter().filter_map(Job::doomed).collect();
        self.load(first).await?;
        for one in by_head {
            match self.proof.get(&one.key) {
                Some(true) => {
                    proven.insert(one.number, one.key);
                }
                Some(false) | None => whole.push(one),
            }
        }
        self.prove_whole(whole, &mut proven).await?;
        Ok(proven)
    }

    /// Compares all bytes. What is not the message that is stored loses its name, so that it is
    /// fetched as what it is by the next look.
    async fn prove_whole(
        &mut self,
        whole: Vec<Doomed>,
        proven: &mut BTreeMap<u32, SeenKey>,
    ) -> Result<(), SyncError> {
        let mut jobs = VecDeque::new();
        for one in &whole {
            let hash = self.desk.read(|reader| maildrop::hash(reader, one.key))?;
            if let Some(hash) = hash {
                jobs.push_back(Job::compare(*one, Compared::Whole, hash));
            }
        }
        self.load(jobs).await?;
        let (same, other): (Vec<Doomed>, Vec<Doomed>) = whole
            .into_iter()
            .partition(|one| self.proof.get(&one.key) == Some(&true));
        proven.extend(same.iter().map(|one| (one.number, one.key)));
        let other: Vec<SeenKey> = other
            .iter()
            .map(|one| one.key)
            .filter(|key| self.proof.contains_key(key))
            .collect();
        if other.is_empty() {
            return Ok(());
        }
        let text = format!(
            "{} has other messages under names that {} messages here had; they stay there and are \
             fetched.",
            self.talk.host(),
            other.len()
        );
        let key = self.desk.key;
        let forget = move |tx: &Tx<'_>| {
            other
                .iter()
                .try_for_each(|seen| maildrop::rename(tx, key, *seen, None))
        };
        self.desk.durable(forget).await?;
        self.desk.tell(Severity::Warning, "pop3", text, "").await
    }
}
