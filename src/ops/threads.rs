//! Conversations: one window of a list of threads, and the messages of one.
//!
//! A conversation stands in a list by its newest message there, newest first; inside, messages stand
//! as a tree, oldest first. Folded it is one row: its head, which is the first of the tree that is in
//! the mailboxes that are listed. Unfolded it has a row for each message of the store, also for own
//! mail that was sent and for mail that was filed; not for what lies in Trash, Junk or Drafts, unless
//! those are what is listed. Copies of one message share a row.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use crate::model::thread::{Member, Node, TreeCell, base_subject, tree};
use crate::model::{ContentKey, MailboxKey, MessageKey, ThreadKey};
use crate::store::lists::{self, IndexRow, Walk};
use crate::store::threads::{self, Conversation, Standing, Towards};
use crate::store::{Priority, Rows, Store, StoreError};

pub use crate::model::thread::Folds;
pub use crate::store::threads::Turn;

/// A folded conversation with more messages is told by its oldest one, without making its tree.
const LARGE: usize = 200;

/// The same folds, where a thread has joined another: what was open stays in sight.
fn standing(rows: &impl Rows, folds: &Folds) -> Result<Folds, StoreError> {
    let mut except = BTreeSet::new();
    for thread in &folds.except {
        let root = threads::root(rows, *thread)?;
        if root == *thread || !folds.open {
            except.insert(root);
        }
    }
    Ok(Folds {
        open: folds.open,
        except,
    })
}

/// Where a window of conversations lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// At the newest one.
    Top,
    /// At the oldest one.
    End,
    /// At the newest one with something unread; at the top when there is none.
    NewestUnread,
    /// At this message, where its conversation stands now; where that is gone, at or next below this
    /// turn.
    Message(MessageKey, Option<Turn>),
    /// At the conversation with this number from 0. Cost grows with the number.
    Ordinal(u64),
}

/// A window to read.
#[derive(Clone, Debug)]
pub struct Window<'a> {
    /// The mailboxes that are listed; the first one with a copy of a message shows it.
    pub mailboxes: &'a [MailboxKey],
    /// What is folded.
    pub folds: &'a Folds,
    /// Whether the oldest conversation comes first.
    pub reverse: bool,
    /// Where it lies.
    pub anchor: Anchor,
    /// Rows above the anchor, at most.
    pub before: usize,
    /// Rows from the anchor on, at most.
    pub after: usize,
}

impl<'a> Window<'a> {
    /// No window: for reading conversations whole.
    fn whole(mailboxes: &'a [MailboxKey], folds: &'a Folds) -> Self {
        Self {
            mailboxes,
            folds,
            reverse: false,
            anchor: Anchor::Top,
            before: 0,
            after: 0,
        }
    }
}

/// One row of a list of conversations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadRow {
    /// The message.
    pub row: IndexRow,
    /// The mailbox that it stands in.
    pub mailbox: MailboxKey,
    /// What stands before its subject.
    pub tree: TreeCell,
    /// Where its conversation stands.
    pub turn: Turn,
}

/// What a window shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ThreadPage {
    /// In the order of the list.
    pub rows: Vec<ThreadRow>,
    /// Which row the anchor came to; `None` in an empty list.
    pub anchor: Option<usize>,
    /// Whether there are rows before these.
    pub more_before: bool,
    /// Whether there are rows behind these.
    pub more_after: bool,
    /// Contents of an older store, for [`learn`].
    pub unknown: Vec<ContentKey>,
}

/// Reads a window. The cost depends on its size, and on that of conversations that are open in it.
pub fn page(rows: &impl Rows, window: &Window<'_>) -> Result<ThreadPage, StoreError> {
    let mut reading = Reading::of(rows, window)?;
    let (turn, place) = reading.anchor()?;
    let own = match turn {
        Some(turn) => reading.slots(turn)?,
        None => Vec::new(),
    };
    let at = match place {
        Place::First => Some(0),
        Place::Last => own.len().checked_sub(1),
        Place::Message(key) => own.iter().position(|slot| slot.stands_for(key)),
    };
    let at = at.unwrap_or(0);
    let after = reading.gather(
        own.get(at..).unwrap_or_default(),
        turn.or(reading.gone()),
        reading.onward(),
        window.after,
    )?;
    let upper: Vec<Slot> = own
        .get(..at)
        .unwrap_or_default()
        .iter()
        .rev()
        .cloned()
        .collect();
    let mut before = reading.gather(
        &upper,
        turn.or(reading.gone()),
        reading.backward(),
        window.before,
    )?;
    before.slots.reverse();
    let count = before.slots.len() + after.slots.len();
    let anchor = match count {
        0 => None,
        _ => Some(before.slots.len().min(count - 1)),
    };
    let slots: Vec<Slot> = before.slots.into_iter().chain(after.slots).collect();
    let found = reading.rows_of(&slots)?;
    Ok(ThreadPage {
        anchor: anchor.map(|at| at.min(found.len().saturating_sub(1))),
        rows: found,
        more_before: before.more,
        more_after: after.more,
        unknown: reading.unknown,
    })
}

/// Keeps what was read of contents of an older store.
pub fn learn(store: &Store, unknown: Vec<ContentKey>) {
    for some in unknown.chunks(500) {
        let some = some.to_vec();
        store
            .write(Priority::Bulk, move |tx| threads::learn(tx, &some))
            .forget();
    }
}

/// The messages of a conversation in the mailboxes of a list: what a command on it is for.
pub fn keys(
    rows: &impl Rows,
    walk: &Walk,
    thread: ThreadKey,
) -> Result<Vec<MessageKey>, StoreError> {
    let thread = threads::root(rows, thread)?;
    let mut found = Vec::new();
    for (mailbox, portion) in walk.portions() {
        for key in threads::messages(rows, thread, mailbox)? {
            if !portion.alone || lists::is_alone(rows, key)? {
                found.push(key);
            }
        }
    }
    Ok(found)
}

/// An unread message of the first conversation below that of `after` that has one, with its arrival.
pub fn next_unread(
    rows: &impl Rows,
    mailboxes: &[MailboxKey],
    after: Option<MessageKey>,
) -> Result<Option<(i64, MessageKey)>, StoreError> {
    let from = match after {
        Some(key) => threads::turn_of(rows, mailboxes, key)?,
        None => None,
    };
    let Some(turn) = threads::next_unread(rows, mailboxes, from.unwrap_or(Turn::TOP))? else {
        return Ok(None);
    };
    match turn.what() {
        Conversation::Alone(key) => Ok(Some((turn.newest, key))),
        Conversation::Thread(thread) => threads::oldest_unread(rows, mailboxes, thread),
    }
}

/// The conversation that a message is part of; `None` when it has no envelope or is gone.
pub fn of_message(rows: &impl Rows, key: MessageKey) -> Result<Option<ThreadKey>, StoreError> {
    threads::of_message(rows, key)
}

/// A whole conversation, in the order of its tree; each with the row to show and where it stands.
pub fn whole(
    rows: &impl Rows,
    mailboxes: &[MailboxKey],
    thread: ThreadKey,
) -> Result<Vec<ThreadRow>, StoreError> {
    let folds = Folds {
        open: true,
        ..Folds::default()
    };
    let window = Window::whole(mailboxes, &folds);
    let mut reading = Reading::of(rows, &window)?;
    let thread = threads::root(rows, thread)?;
    let slots = reading.slots(Turn::of(thread, 0))?;
    reading.rows_of(&slots)
}

/// The newest conversations of mailboxes, whole, at most `limit` of them; `unread`: those that hold
/// something unread there.
pub fn newest(
    rows: &impl Rows,
    mailboxes: &[MailboxKey],
    unread: bool,
    limit: usize,
) -> Result<Vec<ThreadRow>, StoreError> {
    let folds = Folds {
        open: true,
        ..Folds::default()
    };
    let window = Window::whole(mailboxes, &folds);
    let mut reading = Reading::of(rows, &window)?;
    let mut found = Vec::new();
    let mut from = Turn::TOP;
    for _ in 0..limit {
        let next = match unread {
            true => threads::next_unread(rows, mailboxes, from)?,
            false => threads::walk(rows, mailboxes, from, Towards::Older, 1)?
                .first()
                .copied(),
        };
        let Some(turn) = next else { break };
        let slots = reading.slots(turn)?;
        found.extend(reading.rows_of(&slots)?);
        from = turn;
    }
    Ok(found)
}

/// A conversation as it was read.
struct Loaded {
    nodes: Vec<Node>,
    members: Vec<Standing>,
    /// For each node the member that is shown.
    shown: Vec<usize>,
}

impl Loaded {
    fn key(&self, node: usize) -> Option<MessageKey> {
        let member = self.shown.get(node)?;
        self.members.get(*member).map(|member| member.key)
    }
}

/// A row before it is read.
#[derive(Clone)]
enum Slot {
    /// A message without an envelope.
    Alone(Turn, MessageKey),
    /// A folded conversation: its head, what is hidden, what is unread.
    Folded {
        turn: Turn,
        head: MessageKey,
        hidden: u64,
        unread: u64,
        /// Its listed messages, where there are not too many.
        behind: Vec<MessageKey>,
    },
    /// A message of an open conversation.
    Node(Turn, Rc<Loaded>, usize),
}

impl Slot {
    /// The message whose row it shows.
    fn key(&self) -> Option<MessageKey> {
        match self {
            Slot::Alone(_, key) | Slot::Folded { head: key, .. } => Some(*key),
            Slot::Node(_, loaded, at) => loaded.key(*at),
        }
    }

    fn stands_for(&self, key: MessageKey) -> bool {
        match self {
            Slot::Alone(_, own) => *own == key,
            Slot::Folded { .. } => true,
            Slot::Node(_, loaded, at) => {
                let members = loaded.nodes.get(*at).map(|node| node.members.as_slice());
                let mut members = members.unwrap_or_default().iter();
                members.any(|at| loaded.members.get(*at).is_some_and(|one| one.key == key))
            }
        }
    }
}

/// The row of a conversation at which a window lies.
enum Place {
    First,
    Last,
    Message(MessageKey),
}

/// Rows on one side of the anchor, the nearest first.
struct Side {
    slots: Vec<Slot>,
    more: bool,
}

/// What was read of a conversation before its rows are made.
#[derive(Default)]
struct Ahead {
    total: u64,
    unread: u64,
    /// Its messages in all mailboxes; `None` where they are too many to be read for one row.
    members: Option<Vec<Standing>>,
}

struct Reading<'a, R: Rows> {
    rows: &'a R,
    window: &'a Window<'a>,
    folds: Folds,
    apart: Option<BTreeSet<MailboxKey>>,
    /// Conversations that were read ahead, many with one question.
    ahead: HashMap<ThreadKey, Ahead>,
    /// Subjects that were read, without what replies put before them.
    subjects: HashMap<MessageKey, String>,
    unknown: Vec<ContentKey>,
}

impl<'a, R: Rows> Reading<'a, R> {
    fn of(rows: &'a R, window: &'a Window<'a>) -> Result<Self, StoreError> {
        Ok(Self {
            rows,
            window,
            folds: standing(rows, window.folds)?,
            apart: None,
            ahead: HashMap::new(),
            subjects: HashMap::new(),
            unknown: Vec::new(),
        })
    }

    fn onward(&self) -> Towards {
        match self.window.reverse {
            true => Towards::Newer,
            false => Towards::Older,
        }
    }

    fn backward(&self) -> Towards {
        match self.window.reverse {
            true => Towards::Older,
            false => Towards::Newer,
        }
    }

    /// Where what is gone stood: both walks begin there.
    fn gone(&self) -> Option<Turn> {
        match self.window.anchor {
            Anchor::Message(_, turn) => turn,
            Anchor::Top | Anchor::End | Anchor::NewestUnread | Anchor::Ordinal(_) => None,
        }
    }

    /// The conversation at the anchor, and the row of it.
    fn anchor(&self) -> Result<(Option<Turn>, Place), StoreError> {
        let (rows, mailboxes) = (self.rows, self.window.mailboxes);
        let found = match self.window.anchor {
            Anchor::Top => None,
            Anchor::End => return Ok((self.outermost(self.backward())?, Place::Last)),
            Anchor::NewestUnread => threads::next_unread(rows, mailboxes, Turn::TOP)?,
            Anchor::Message(key, gone) => {
                let turn = threads::turn_of(rows, mailboxes, key)?;
                match (turn, gone) {
                    (Some(turn), _) => return Ok((Some(turn), Place::Message(key))),
                    // Its conversation may be there still.
                    (None, Some(gone)) => return Ok((self.still(gone)?, Place::First)),
                    (None, None) => None,
                }
            }
            Anchor::Ordinal(number) => {
                let towards = self.onward();
                let turn = threads::by_ordinal(rows, mailboxes, towards, number)?;
                match turn {
                    Some(turn) => Some(turn),
                    None => return Ok((self.outermost(self.backward())?, Place::Last)),
                }
            }
        };
        match found {
            Some(turn) => Ok((Some(turn), Place::First)),
            None => Ok((self.outermost(self.onward())?, Place::First)),
        }
    }

    /// The first conversation of a walk in that direction.
    fn outermost(&self, towards: Towards) -> Result<Option<Turn>, StoreError> {
        let from = threads::start(towards);
        let found = threads::walk(self.rows, self.window.mailboxes, from, towards, 1)?;
        Ok(found.first().copied())
    }

    /// Where the conversation that stood at a turn stands now.
    fn still(&self, gone: Turn) -> Result<Option<Turn>, StoreError> {
        let Conversation::Thread(thread) = gone.what() else {
            return Ok(None);
        };
        let mut left = Vec::new();
        for mailbox in self.window.mailboxes {
            left.extend(threads::messages(self.rows, thread, *mailbox)?);
        }
        match left.first() {
            Some(key) => threads::turn_of(self.rows, self.window.mailboxes, *key),
            None => Ok(None),
        }
    }

    /// `own` and then conversations beyond `from`, until there are as many as wanted.
    fn gather(
        &mut self,
        own: &[Slot],
        from: Option<Turn>,
        towards: Towards,
        wanted: usize,
    ) -> Result<Side, StoreError> {
        let mut slots: Vec<Slot> = own.iter().take(wanted + 1).cloned().collect();
        let backward = towards == self.backward();
        let mut from = match from {
            Some(turn) => turn,
            None if backward => return Ok(Side { slots, more: false }),
            None => threads::start(towards),
        };
        while slots.len() <= wanted {
            let lack = (wanted + 1 - slots.len()).min(500);
            let turns = threads::walk(self.rows, self.window.mailboxes, from, towards, lack)?;
            let Some(last) = turns.last().copied() else {
                break;
            };
            from = last;
            // Open ones have many rows: what the window does not take of them is read for nothing.
            let step = if self.folds.open { 16 } else { 500 };
            for some in turns.chunks(step) {
                if slots.len() > wanted {
                    break;
                }
                self.read_ahead(some)?;
                for turn in some {
                    let mut own = self.slots(*turn)?;
                    if backward {
                        own.reverse();
                    }
                    let lack = (wanted + 1).saturating_sub(slots.len());
                    slots.extend(own.into_iter().take(lack));
                }
            }
            self.ahead.clear();
        }
        let more = slots.len() > wanted;
        slots.truncate(wanted);
        Ok(Side { slots, more })
    }

    /// Reads what the rows of these conversations are made of.
    fn read_ahead(&mut self, turns: &[Turn]) -> Result<(), StoreError> {
        let of = |turn: &Turn| match turn.what() {
            Conversation::Thread(thread) => Some(thread),
            Conversation::Alone(_) => None,
        };
        let new = |thread: &ThreadKey| !self.ahead.contains_key(thread);
        let all: Vec<ThreadKey> = turns.iter().filter_map(of).filter(new).collect();
        if all.is_empty() {
            return Ok(());
        }
        let sums = threads::sums(self.rows, self.window.mailboxes, all.iter().copied())?;
        let mut small = Vec::new();
        for thread in all {
            let sums = sums.get(&thread);
            let (total, unread) = sums.map_or((0, 0), |sums| (sums.total, sums.unread));
            if total <= LARGE as u64 || self.folds.is_open(thread) {
                small.push(thread);
            }
            let members = None;
            self.ahead.insert(
                thread,
                Ahead {
                    total,
                    unread,
                    members,
                },
            );
        }
        let mut members = threads::members_of(self.rows, &small)?;
        for thread in small {
            let of_it = members.remove(&thread).unwrap_or_default();
            if let Some(ahead) = self.ahead.get_mut(&thread) {
                ahead.members = Some(of_it);
            }
        }
        Ok(())
    }

    /// The rows of one conversation, in the order of its tree.
    fn slots(&mut self, turn: Turn) -> Result<Vec<Slot>, StoreError> {
        let thread = match turn.what() {
            Conversation::Alone(key) => return Ok(vec![Slot::Alone(turn, key)]),
            Conversation::Thread(thread) => thread,
        };
        self.read_ahead(&[turn])?;
        let ahead = self.ahead.remove(&thread).unwrap_or_default();
        let Ahead { total, unread, .. } = ahead;
        let standing = ahead.members.map(|members| self.standing(members));
        let standing = standing.transpose()?;
        if self.folds.is_open(thread) {
            let loaded = Rc::new(self.load(standing.unwrap_or_default())?);
            let all = 0..loaded.nodes.len();
            return Ok(all.map(|at| Slot::Node(turn, loaded.clone(), at)).collect());
        }
        let Some(standing) = standing else {
            let head = threads::oldest(self.rows, self.window.mailboxes, thread)?;
            return Ok(head
                .map(|head| Slot::Folded {
                    turn,
                    head,
                    hidden: total - 1,
                    unread,
                    behind: Vec::new(),
                })
                .into_iter()
                .collect());
        };
        if let [alone] = standing.as_slice() {
            // Most conversations are one message: no tree is made for it.
            return Ok(vec![Slot::Folded {
                turn,
                head: alone.key,
                hidden: 0,
                unread,
                behind: Vec::new(),
            }]);
        }
        let loaded = self.load(standing)?;
        let listed = |member: usize| {
            let member = loaded.members.get(member);
            member.is_some_and(|one| self.window.mailboxes.contains(&one.mailbox))
        };
        let head = loaded.shown.iter().find(|member| listed(**member));
        let head = head.and_then(|member| loaded.members.get(*member));
        let Some(head) = head.map(|head| head.key) else {
            return Ok(Vec::new());
        };
        let hidden = u64::try_from(loaded.nodes.len().saturating_sub(1)).unwrap_or(0);
        // Copies of one message count once, as they do in what is hidden.
        let is_new = |member: &usize| {
            listed(*member) && loaded.members.get(*member).is_some_and(|one| one.unread)
        };
        let new = |node: &&Node| node.members.iter().any(is_new);
        let unread = u64::try_from(loaded.nodes.iter().filter(new).count()).unwrap_or(0);
        let all = loaded.members.iter();
        let behind = all.filter(|one| self.window.mailboxes.contains(&one.mailbox));
        Ok(vec![Slot::Folded {
            turn,
            head,
            hidden,
            unread,
            behind: behind.map(|one| one.key).collect(),
        }])
    }

    /// The messages of a conversation that belong into this list.
    fn standing(&mut self, mut standing: Vec<Standing>) -> Result<Vec<Standing>, StoreError> {
        let listed = self.window.mailboxes;
        if standing.iter().any(|one| !listed.contains(&one.mailbox)) {
            if self.apart.is_none() {
                self.apart = Some(threads::apart(self.rows)?);
            }
            let apart = self.apart.as_ref();
            standing.retain(|one| {
                listed.contains(&one.mailbox)
                    || !apart.is_some_and(|apart| apart.contains(&one.mailbox))
            });
        }
        Ok(standing)
    }

    /// Makes the tree of a conversation.
    fn load(&mut self, standing: Vec<Standing>) -> Result<Loaded, StoreError> {
        let listed = self.window.mailboxes;
        let members = self.members(&standing)?;
        let nodes = tree(&members);
        let place = |at: &usize| {
            let one = standing.get(*at);
            one.map_or((usize::MAX, 0, MessageKey(0)), |one| {
                let list = listed.iter().position(|mailbox| *mailbox == one.mailbox);
                (list.unwrap_or(usize::MAX), one.arrival, one.key)
            })
        };
        let shown = nodes
            .iter()
            .map(|node| node.members.iter().copied().min_by_key(place).unwrap_or(0))
            .collect();
        Ok(Loaded {
            nodes,
            members: standing,
            shown,
        })
    }

    fn members(&mut self, standing: &[Standing]) -> Result<Vec<Member>, StoreError> {
        let mut members = Vec::with_capacity(standing.len());
        for one in standing {
            let (date, lineage) = match &one.lineage {
                Some(lineage) => (one.date, lineage.clone()),
                None => {
                    self.unknown.push(one.content);
                    threads::look_up(self.rows, one.content)?
                }
            };
            members.push(Member {
                content: one.content,
                blob: None,
                date: date.unwrap_or(one.arrival),
                lineage,
            });
        }
        // Bytes can be equal only where the Message-ID is.
        let mut of_id: HashMap<u64, (ContentKey, bool)> = HashMap::new();
        for member in &members {
            let own = member.lineage.own.map_or(0, |own| own.0);
            let known = of_id.entry(own).or_insert((member.content, false));
            known.1 |= known.0 != member.content;
        }
        for member in &mut members {
            let own = member.lineage.own.map_or(0, |own| own.0);
            if of_id.get(&own).is_some_and(|(_, several)| *several) {
                member.blob = threads::blob_of(self.rows, member.content)?;
            }
        }
        Ok(members)
    }

    /// The rows of these places; what went meanwhile is left out.
    fn rows_of(&mut self, slots: &[Slot]) -> Result<Vec<ThreadRow>, StoreError> {
        let mut read = lists::rows_of(self.rows, slots.iter().filter_map(Slot::key))?;
        let mut found = Vec::with_capacity(slots.len());
        for slot in slots {
            if let Some(row) = slot.key().and_then(|key| read.remove(&key)) {
                found.extend(self.row(slot, row)?);
            }
        }
        Ok(found)
    }

    fn row(&mut self, slot: &Slot, row: IndexRow) -> Result<Option<ThreadRow>, StoreError> {
        let (turn, mut cell) = match slot {
            Slot::Alone(turn, _) => (*turn, TreeCell::default()),
            Slot::Folded {
                turn,
                hidden,
                unread,
                behind,
                ..
            } => {
                let folded = *hidden > 0;
                let cell = TreeCell {
                    hidden: *hidden,
                    unread: *unread,
                    folded,
                    behind: if folded { behind.clone() } else { Vec::new() },
                    ..TreeCell::default()
                };
                (*turn, cell)
            }
            Slot::Node(turn, loaded, at) => (*turn, TreeCell::of(&loaded.nodes, *at)),
        };
        let Some(mailbox) = row.mailbox else {
            return Ok(None);
        };
        cell.newest = turn.newest;
        cell.foreign = !self.window.mailboxes.contains(&mailbox);
        if let Slot::Node(_, loaded, at) = slot {
            let own = base_subject(&row.subject).to_owned();
            let parent = loaded.nodes.get(*at).and_then(|node| node.parent);
            if let Some(parent) = parent.and_then(|parent| loaded.key(parent)) {
                cell.same_subject = self.subject(parent)?.is_some_and(|above| above == own);
            }
            self.subjects.insert(row.key, own);
        }
        Ok(Some(ThreadRow {
            row,
            mailbox,
            tree: cell,
            turn,
        }))
    }

    fn subject(&mut self, key: MessageKey) -> Result<Option<String>, StoreError> {
        if let Some(known) = self.subjects.get(&key) {
            return Ok(Some(known.clone()));
        }
        let row = lists::row(self.rows, key)?;
        let subject = row.map(|row| base_subject(&row.subject).to_owned());
        if let Some(subject) = &subject {
            self.subjects.insert(key, subject.clone());
        }
        Ok(subject)
    }
}
