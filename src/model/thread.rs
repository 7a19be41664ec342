//! The tree of a conversation, from what its messages say of themselves.
//!
//! Each message names itself (Message-ID) and what it answers (References, RFC 5322 section 3.6.4;
//! In-Reply-To where there are none). [`tree`] makes one tree of it, in the way of Jamie Zawinski's
//! algorithm and of RFC 5256 section 3 (REFERENCES), with these differences: subjects say nothing;
//! what comes out does not depend on the order in which the messages came; and it takes linear time
//! and no stack, whatever the messages claim (SAFETY M4).
//!
//! A message hangs on the nearest message before it that is there: what is missing between them is
//! bridged by what others refer to. A ring is opened at its oldest message. Where several messages
//! have nothing above them, the oldest is the head and the others hang on it, because the store
//! already holds them to be one conversation. Siblings stand by date, oldest first.

use std::collections::{BTreeSet, HashMap};

use super::{BlobKey, ContentKey, Envelope, MessageKey, ThreadKey};

/// The latest references of a message that are looked at (SAFETY M4).
pub const REFERENCES: usize = 200;

/// A Message-ID as a keyed hash: equal within a store, and nothing that a sender can aim at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdHash(pub u64);

/// What a message says about its place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lineage {
    /// Its Message-ID.
    pub own: Option<IdHash>,
    /// What it answers, oldest first: the last one is its parent.
    pub above: Vec<IdHash>,
}

impl Lineage {
    /// What an envelope says: the latest references, or what it is a reply to.
    pub fn of(envelope: &Envelope, hash: impl Fn(&str) -> IdHash) -> Self {
        let own = Some(envelope.message_id.as_str()).filter(|id| !id.is_empty());
        let own = own.map(&hash);
        let named = |ids: &[String], most: usize| -> Vec<IdHash> {
            let from = ids.len().saturating_sub(most);
            let ids = ids.iter().skip(from).filter(|id| !id.is_empty());
            let ids = ids.map(|id| hash(id));
            ids.filter(|id| Some(*id) != own).collect()
        };
        let mut above = named(&envelope.references, REFERENCES);
        if above.is_empty() {
            // With several the first is meant, as they stand in the order of their writing.
            above = named(&envelope.in_reply_to, 20);
            above.truncate(1);
        }
        Self { own, above }
    }

    /// As bytes: eight for its own id, zeros where it has none, and eight for each above it.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(8 + 8 * self.above.len());
        bytes.extend(self.own.map_or(0, |id| id.0).to_be_bytes());
        for id in &self.above {
            bytes.extend(id.0.to_be_bytes());
        }
        bytes
    }

    /// Reads [`Lineage::encode`]; what is cut off at the end is left out.
    pub fn decode(bytes: &[u8]) -> Self {
        let mut ids = bytes
            .chunks_exact(8)
            .filter_map(|eight| Some(IdHash(u64::from_be_bytes(eight.try_into().ok()?))));
        let own = ids.next().filter(|id| id.0 != 0);
        Self {
            own,
            above: ids.take(REFERENCES).collect(),
        }
    }
}

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// What it holds.
    pub content: ContentKey,
    /// Its bytes, where they are known and may be another's too.
    pub blob: Option<BlobKey>,
    /// When it was written, in seconds since 1970.
    pub date: i64,
    /// What it says about its place.
    pub lineage: Lineage,
}

/// One place in the tree: a message with its copies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The members that are copies of one message, by their place in what [`tree`] was given.
    pub members: Vec<usize>,
    /// The node above it, which stands before it.
    pub parent: Option<usize>,
    /// How many nodes are above it.
    pub depth: usize,
    /// Whether no sibling follows.
    pub is_last: bool,
}

/// Makes the tree of the members, flattened: each node before its children, siblings by date.
///
/// Members are copies of one message where they have one content or one blob, never for their
/// Message-ID alone.
pub fn tree(members: &[Member]) -> Vec<Node> {
    let groups = grouped(members);
    let parents = Containers::of(members, &groups).parents();
    flatten(groups, &gathered(parents))
}

/// Copies together, in the order of the tree: by date, then by id, then as they were given.
fn grouped(members: &[Member]) -> Vec<Vec<usize>> {
    let mut of_content: HashMap<ContentKey, usize> = HashMap::new();
    let mut of_blob: HashMap<BlobKey, usize> = HashMap::new();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (at, member) in members.iter().enumerate() {
        let by_blob = member.blob.and_then(|blob| of_blob.get(&blob)).copied();
        let known = of_content.get(&member.content).copied().or(by_blob);
        let group = known.unwrap_or(groups.len());
        match groups.get_mut(group) {
            Some(group) => group.push(at),
            None => groups.push(vec![at]),
        }
        of_content.insert(member.content, group);
        if let Some(blob) = member.blob {
            of_blob.entry(blob).or_insert(group);
        }
    }
    groups.sort_by_cached_key(|group| rank(members, group));
    groups
}

fn rank(members: &[Member], group: &[usize]) -> (i64, Option<IdHash>, Vec<IdHash>, ContentKey) {
    let own = group.iter().filter_map(|at| members.get(*at));
    let date = own.clone().map(|one| one.date).min();
    let first = own.clone().min_by_key(|one| one.content);
    let (id, above, content) = first.map_or((None, Vec::new(), ContentKey(0)), |one| {
        (one.lineage.own, one.lineage.above.clone(), one.content)
    });
    (date.unwrap_or(0), id, above, content)
}

/// What is there and what is only referred to.
struct Containers {
    /// Messages that are there; their containers come first, in the same order.
    present: usize,
    /// What each hangs on, as far as somebody says so.
    above: Vec<Option<usize>>,
}

impl Containers {
    fn of(members: &[Member], groups: &[Vec<usize>]) -> Self {
        let lineages: Vec<Option<&Lineage>> = groups
            .iter()
            .map(|group| group.first().and_then(|at| members.get(*at)))
            .map(|member| member.map(|member| &member.lineage))
            .collect();
        let mut of_id: HashMap<IdHash, usize> = HashMap::new();
        for (at, lineage) in lineages.iter().enumerate() {
            // Of several messages with one id the oldest is the one that is answered.
            if let Some(own) = lineage.and_then(|lineage| lineage.own) {
                of_id.entry(own).or_insert(at);
            }
        }
        let present = groups.len();
        let mut above = vec![None; present];
        for (at, lineage) in lineages.into_iter().enumerate() {
            let Some(lineage) = lineage else { continue };
            let mut upper = None;
            for id in lineage.above.iter().filter(|id| Some(**id) != lineage.own) {
                let next = above.len();
                let named = *of_id.entry(*id).or_insert(next);
                if named == next {
                    above.push(None);
                }
                // A message speaks for itself; of what is missing the oldest one that knows does.
                if named >= present
                    && upper != Some(named)
                    && let Some(slot) = above.get_mut(named)
                    && slot.is_none()
                {
                    *slot = upper;
                }
                upper = Some(named);
            }
            if let Some(slot) = above.get_mut(at) {
                *slot = upper.filter(|upper| *upper != at);
            }
        }
        Self { present, above }
    }

    /// The message that each hangs on.
    fn parents(mut self) -> Vec<Option<usize>> {
        self.open_rings();
        let mut nearest: Vec<Option<Option<usize>>> = vec![None; self.above.len()];
        for start in 0..self.above.len() {
            let mut path = Vec::new();
            let mut at = start;
            let found = loop {
                if let Some(known) = nearest.get(at).copied().flatten() {
                    break known;
                }
                path.push(at);
                match self.upper(at) {
                    None => break None,
                    Some(upper) if upper < self.present => {
                        // What lies below it on this path is a chain of what is missing.
                        break Some(upper);
                    }
                    Some(upper) => at = upper,
                }
            };
            for at in path {
                if let Some(slot) = nearest.get_mut(at) {
                    *slot = Some(found);
                }
            }
        }
        nearest.truncate(self.present);
        nearest.into_iter().map(Option::flatten).collect()
    }

    fn upper(&self, at: usize) -> Option<usize> {
        self.above.get(at).copied().flatten()
    }

    /// Each has one above it at most, so that a ring is met at most once on a way up.
    fn open_rings(&mut self) {
        // 0: not seen; else the walk that saw it.
        let mut seen = vec![0usize; self.above.len()];
        for start in 0..self.above.len() {
            let walk = start + 1;
            let mut at = Some(start);
            while let Some(here) = at {
                match seen.get_mut(here) {
                    Some(seen) if *seen == 0 => *seen = walk,
                    Some(seen) if *seen == walk => {
                        self.open_ring(here);
                        break;
                    }
                    Some(_) | None => break,
                }
                at = self.upper(here);
            }
        }
    }

    /// The oldest message of a ring hangs on nothing; containers of messages come first, by date.
    fn open_ring(&mut self, on_it: usize) {
        let mut lowest = on_it;
        let mut at = self.upper(on_it);
        while let Some(here) = at.filter(|here| *here != on_it) {
            lowest = lowest.min(here);
            at = self.upper(here);
        }
        if let Some(slot) = self.above.get_mut(lowest) {
            *slot = None;
        }
    }
}

/// What hangs on nothing hangs on the oldest of these.
fn gathered(mut parents: Vec<Option<usize>>) -> Vec<Option<usize>> {
    let head = parents.iter().position(Option::is_none);
    for (at, parent) in parents.iter_mut().enumerate() {
        if parent.is_none() && Some(at) != head {
            *parent = head;
        }
    }
    parents
}

fn flatten(groups: Vec<Vec<usize>>, parents: &[Option<usize>]) -> Vec<Node> {
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); groups.len()];
    let mut heads = Vec::new();
    for (at, parent) in parents.iter().enumerate() {
        match parent.and_then(|parent| children.get_mut(parent)) {
            Some(siblings) => siblings.push(at),
            None => heads.push(at),
        }
    }
    let mut groups: Vec<Option<Vec<usize>>> = groups.into_iter().map(Some).collect();
    let mut nodes: Vec<Node> = Vec::with_capacity(groups.len());
    // What is still to come, the next one last: its group, the node above it, whether it is last.
    let mut rest: Vec<(usize, Option<usize>, bool)> = Vec::new();
    push(&mut rest, &heads, None);
    while let Some((at, parent, is_last)) = rest.pop() {
        let here = nodes.len();
        nodes.push(Node {
            members: groups
                .get_mut(at)
                .and_then(Option::take)
                .unwrap_or_default(),
            parent,
            depth: parent
                .and_then(|parent| nodes.get(parent))
                .map_or(0, |node| node.depth + 1),
            is_last,
        });
        push(
            &mut rest,
            children.get(at).map_or(&[], Vec::as_slice),
            Some(here),
        );
    }
    nodes
}

fn push(rest: &mut Vec<(usize, Option<usize>, bool)>, siblings: &[usize], parent: Option<usize>) {
    let mut is_last = true;
    for at in siblings.iter().rev() {
        rest.push((*at, parent, is_last));
        is_last = false;
    }
}

/// Levels of the tree whose lines are drawn; what is deeper is drawn as if it began there.
pub const LEVELS: usize = 8;

/// What stands before the subject of a row in a threaded list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TreeCell {
    /// How many messages are above it in its conversation.
    pub depth: usize,
    /// For each of the nearest levels above it, the outermost first, whether a line goes on below.
    /// The last one is its own.
    pub lines: Vec<bool>,
    /// Messages of the conversation that are hidden behind this row.
    pub hidden: u64,
    /// Unread messages behind it, itself among them.
    pub unread: u64,
    /// Whether the conversation is folded.
    pub folded: bool,
    /// Whether the subject says nothing that the one above did not.
    pub same_subject: bool,
    /// The mailbox is not one of those that are listed: own mail, or filed mail.
    pub foreign: bool,
    /// Arrival of the newest message of the conversation in the mailboxes that are listed.
    pub newest: i64,
    /// Of a folded row the messages of the mailboxes that are listed, which a command on it is for;
    /// empty where they are too many to be told.
    pub behind: Vec<MessageKey>,
}

impl TreeCell {
    /// The cell of one node of a tree.
    pub fn of(nodes: &[Node], at: usize) -> Self {
        let mut lines = Vec::new();
        let mut here = nodes.get(at);
        let depth = here.map_or(0, |node| node.depth);
        while let Some(node) = here.filter(|node| node.depth > 0 && lines.len() < LEVELS) {
            lines.push(!node.is_last);
            here = node.parent.and_then(|parent| nodes.get(parent));
        }
        lines.reverse();
        Self {
            depth,
            lines,
            ..Self::default()
        }
    }

    /// The lines before the subject: empty for the head.
    pub fn drawing(&self) -> String {
        let mut drawn = String::new();
        if self.depth > self.lines.len() {
            drawn.push('…');
        }
        let Some((own, upper)) = self.lines.split_last() else {
            return drawn;
        };
        for goes_on in upper {
            drawn.push_str(if *goes_on { "│ " } else { "  " });
        }
        drawn.push_str(if *own { "├─" } else { "└─" });
        drawn
    }
}

/// Which conversations of a list are folded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folds {
    /// Whether they are open unless they are excepted.
    pub open: bool,
    /// Those that are not as the others.
    pub except: BTreeSet<ThreadKey>,
}

impl Folds {
    /// Whether a conversation is open.
    pub fn is_open(&self, thread: ThreadKey) -> bool {
        self.open != self.except.contains(&thread)
    }

    /// Folds a conversation or opens it; false when it was so already.
    pub fn set(&mut self, thread: ThreadKey, open: bool) -> bool {
        if open == self.open {
            self.except.remove(&thread)
        } else {
            self.except.insert(thread)
        }
    }
}

/// A subject without what replies put before it: for telling a changed subject from a kept one.
pub fn base_subject(subject: &str) -> &str {
    let mut rest = subject.trim();
    while let Some((word, after)) = rest.split_once(':') {
        let word = word.split(['[', '(']).next().unwrap_or_default().trim();
        if !REPLIES.iter().any(|known| word.eq_ignore_ascii_case(known)) {
            break;
        }
        rest = after.trim_start();
    }
    rest
}

/// What programs in many languages put before the subject of a reply.
const REPLIES: [&str; 10] = [
    "re", "aw", "sv", "vs", "antw", "odp", "rif", "ynt", "r", "回复",
];

#[cfg(test)]
mod tests;
