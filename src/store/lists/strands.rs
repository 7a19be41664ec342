//! Several mailboxes as one list: each is a strand along its own index, and the strands are merged
//! by place. What is read of a strand grows with what the window takes of it.

use std::collections::{BTreeSet, BinaryHeap, VecDeque};

use crate::model::{Filter, MailboxKey};
use crate::store::columns::count;
use crate::store::{Rows, StoreError};

use super::{IndexRow, Place, Portion, Reach, page_sql, read, read_place, row};

/// Mailboxes that are shown as one list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Walk {
    /// Which ones.
    pub mailboxes: Vec<MailboxKey>,
    /// Which give only what stands in no other mailbox.
    pub alone: Vec<MailboxKey>,
    /// Which of their messages.
    pub filter: Filter,
}

impl Walk {
    /// One mailbox.
    pub fn of(mailbox: MailboxKey, filter: Filter) -> Self {
        Self {
            mailboxes: vec![mailbox],
            alone: Vec::new(),
            filter,
        }
    }

    /// All its mailboxes, each with the messages that it gives.
    pub fn portions(&self) -> impl Iterator<Item = (MailboxKey, Portion)> {
        let of = |alone| {
            let filter = self.filter;
            move |mailbox: &MailboxKey| (*mailbox, Portion { filter, alone })
        };
        let whole = self.mailboxes.iter().map(of(false));
        whole.chain(self.alone.iter().map(of(true)))
    }

    /// Whether messages of a mailbox are in it.
    pub fn takes(&self, mailbox: MailboxKey) -> bool {
        self.portions().any(|(one, _)| one == mailbox)
    }

    /// All its mailboxes.
    pub fn within(&self) -> BTreeSet<MailboxKey> {
        self.portions().map(|(mailbox, _)| mailbox).collect()
    }
}

/// Places as strands are read.
const PLACES: &str = "SELECT m.arrival, m.key";
/// The fewest and the most places that are read of a strand at a time.
const CHUNKS: (usize, usize) = (8, 4_096);

/// The rows nearest to a place on one side of it, nearest first.
pub fn merged(
    rows: &impl Rows,
    walk: &Walk,
    place: Place,
    reach: Reach,
    limit: usize,
) -> Result<Vec<IndexRow>, StoreError> {
    if let ([mailbox], []) = (walk.mailboxes.as_slice(), walk.alone.as_slice()) {
        return one(rows, *mailbox, walk.filter, place, reach, limit);
    }
    let mut merge = Merge::new(rows, walk, place, reach, limit)?;
    let mut found = Vec::new();
    while found.len() < limit
        && let Some(place) = merge.next()?
    {
        // It may have gone since its place was read.
        found.extend(row(rows, place.key)?);
    }
    Ok(found)
}

fn one(
    rows: &impl Rows,
    mailbox: MailboxKey,
    filter: Filter,
    place: Place,
    reach: Reach,
    limit: usize,
) -> Result<Vec<IndexRow>, StoreError> {
    let sql = page_sql(super::ROW, Some(super::WITH_CONTENT), filter.into(), reach);
    let mut query = rows.connection().prepare_cached(&sql)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let found = query
        .query_map((mailbox.0, place.arrival, place.key.0, limit), read)?
        .collect::<Result<_, _>>()?;
    Ok(found)
}

/// The place with this ordinal from 0, counted from the end at which `reach` begins. Cost grows with
/// the ordinal.
pub fn nth(
    rows: &impl Rows,
    walk: &Walk,
    reach: Reach,
    ordinal: u64,
) -> Result<Option<Place>, StoreError> {
    let start = if reach.is_older() {
        Place::TOP
    } else {
        Place::END
    };
    let most = usize::try_from(ordinal).unwrap_or(usize::MAX);
    let mut merge = Merge::new(rows, walk, start, reach, most.saturating_add(1))?;
    for _ in 0..ordinal {
        if merge.next()?.is_none() {
            return Ok(None);
        }
    }
    merge.next()
}

/// How many messages of the list lie on that side of a place. Cost grows with the number.
pub fn count_beyond(
    rows: &impl Rows,
    walk: &Walk,
    place: Place,
    reach: Reach,
) -> Result<u64, StoreError> {
    let mut sum = 0;
    for (mailbox, portion) in walk.portions() {
        let sql = count_sql(portion, reach);
        let mut query = rows.connection().prepare_cached(&sql)?;
        let of_it = query.query_row((mailbox.0, place.arrival, place.key.0), |row| row.get(0));
        sum += count(of_it?);
    }
    Ok(sum)
}

pub(super) fn count_sql(portion: Portion, reach: Reach) -> String {
    let (index, only) = portion.index();
    let (than, _) = reach.words();
    format!(
        "SELECT count(*) FROM message m INDEXED BY {index}
         WHERE m.mailbox = ?1 {only} AND (m.arrival, m.key) {than} (?2, ?3)"
    )
}

/// One mailbox on its way.
struct Strand {
    mailbox: MailboxKey,
    portion: Portion,
    ahead: VecDeque<Place>,
    /// The last place that was read, and how it goes on behind that.
    from: (Place, Reach),
    chunk: usize,
    over: bool,
}

/// A place as the heap ranks it: the nearest is the greatest.
type Ranked = ((i64, i64), usize);

struct Merge<'a, R: Rows> {
    rows: &'a R,
    reach: Reach,
    strands: Vec<Strand>,
    nearest: BinaryHeap<Ranked>,
}

impl<'a, R: Rows> Merge<'a, R> {
    fn new(
        rows: &'a R,
        walk: &Walk,
        place: Place,
        reach: Reach,
        most: usize,
    ) -> Result<Self, StoreError> {
        let many = (walk.mailboxes.len() + walk.alone.len()).max(1);
        let chunk = most.div_ceil(many).clamp(CHUNKS.0, CHUNKS.1);
        let strand = |(mailbox, portion)| Strand {
            mailbox,
            portion,
            ahead: VecDeque::new(),
            from: (place, reach),
            chunk,
            over: false,
        };
        let mut merge = Self {
            rows,
            reach,
            strands: walk.portions().map(strand).collect(),
            nearest: BinaryHeap::new(),
        };
        for at in 0..many {
            merge.rank(at)?;
        }
        Ok(merge)
    }

    /// The next place of all strands.
    fn next(&mut self) -> Result<Option<Place>, StoreError> {
        let Some((_, at)) = self.nearest.pop() else {
            return Ok(None);
        };
        let strand = self.strands.get_mut(at);
        let place = strand.and_then(|strand| strand.ahead.pop_front());
        self.rank(at)?;
        Ok(place)
    }

    /// Puts the next place of a strand among the others.
    fn rank(&mut self, at: usize) -> Result<(), StoreError> {
        let Some(strand) = self.strands.get_mut(at) else {
            return Ok(());
        };
        if strand.ahead.is_empty() && !strand.over {
            let (from, reach) = strand.from;
            let sql = page_sql(PLACES, None, strand.portion, reach);
            let mut query = self.rows.connection().prepare_cached(&sql)?;
            let limit = i64::try_from(strand.chunk).unwrap_or(i64::MAX);
            let found = query.query_map(
                (strand.mailbox.0, from.arrival, from.key.0, limit),
                read_place,
            )?;
            strand.ahead = found.collect::<Result<_, _>>()?;
            strand.over = strand.ahead.len() < strand.chunk;
            strand.chunk = (strand.chunk * 2).min(CHUNKS.1);
            if let Some(last) = strand.ahead.back() {
                strand.from = (*last, self.reach.behind());
            }
        }
        if let Some(next) = strand.ahead.front() {
            let (arrival, key) = (next.arrival, next.key.0);
            let rank = match self.reach.is_older() {
                true => (arrival, key),
                false => (!arrival, !key),
            };
            self.nearest.push((rank, at));
        }
        Ok(())
    }
}
