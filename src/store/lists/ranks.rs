//! What other orders than arrival go by, read in pages, and the orders that a person chose.

use rusqlite::{OptionalExtension, Row};

use crate::mime::sanitize;
use crate::model::thread::base_subject;
use crate::model::{List, MailboxKey, MessageKey, Order};
use crate::store::{Change, Rows, StoreError, Tx, contents};

use super::{Place, Portion, Reach, WITH_CONTENT, page_sql};

/// What a message is ordered by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// A date or a size.
    Number(i64),
    /// A sender or a subject, folded.
    Text(String),
}

/// A message with what it is ordered by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranked {
    /// Its place by arrival.
    pub place: Place,
    /// Where it is; `None` for one that is nowhere any more.
    pub mailbox: Option<MailboxKey>,
    /// What it is ordered by.
    pub rank: Rank,
    /// Whether that is not known yet: its envelope is still to come.
    pub bare: bool,
}

fn select(order: Order) -> &'static str {
    match order {
        Order::Arrival | Order::Thread => "SELECT m.arrival, m.key, m.mailbox, m.arrival, 0",
        Order::Date => {
            "SELECT m.arrival, m.key, m.mailbox, coalesce(c.date, m.arrival), c.kept = 0"
        }
        Order::Size => "SELECT m.arrival, m.key, m.mailbox, m.size, 0",
        Order::From => "SELECT m.arrival, m.key, m.mailbox, c.senders, c.kept = 0",
        Order::Subject => "SELECT m.arrival, m.key, m.mailbox, c.subject, c.kept = 0",
    }
}

fn with(order: Order) -> &'static str {
    match order {
        Order::Arrival | Order::Thread | Order::Size => "",
        Order::Date | Order::From | Order::Subject => WITH_CONTENT,
    }
}

fn read(order: Order, row: &Row<'_>) -> Result<Ranked, rusqlite::Error> {
    let rank = match order {
        Order::Arrival | Order::Thread | Order::Date | Order::Size => Rank::Number(row.get(3)?),
        Order::From => {
            let senders = contents::addresses(row.get_ref(3)?.as_str()?);
            let called = sanitize::sender(&senders).into_string();
            Rank::Text(folded(&called))
        }
        Order::Subject => Rank::Text(folded(bare(row.get_ref(3)?.as_str()?))),
    };
    Ok(Ranked {
        place: Place {
            arrival: row.get(0)?,
            key: MessageKey(row.get(1)?),
        },
        mailbox: row.get::<_, Option<i64>>(2)?.map(MailboxKey),
        rank,
        bare: row.get(4)?,
    })
}

/// What is compared of a long text.
const COMPARED: usize = 80;

fn folded(text: &str) -> String {
    let text = text.trim_start_matches(|c: char| !c.is_alphanumeric());
    text.chars()
        .take(COMPARED)
        .flat_map(char::to_lowercase)
        .collect()
}

/// A subject without what replies and lists put before it.
fn bare(subject: &str) -> &str {
    let mut rest = base_subject(subject);
    while let Some((_, behind)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let behind = base_subject(behind);
        if behind.is_empty() {
            break;
        }
        rest = behind;
    }
    rest
}

/// Messages of a mailbox that are older than a place, newest first, with their ranks.
pub fn ranks(
    rows: &impl Rows,
    mailbox: MailboxKey,
    portion: Portion,
    order: Order,
    below: Place,
    limit: usize,
) -> Result<Vec<Ranked>, StoreError> {
    let sql = page_sql(select(order), Some(with(order)), portion, Reach::Older);
    let mut query = rows.connection().prepare_cached(&sql)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let found = query.query_map((mailbox.0, below.arrival, below.key.0, limit), |row| {
        read(order, row)
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The rank of one message.
pub fn rank(rows: &impl Rows, order: Order, key: MessageKey) -> Result<Option<Ranked>, StoreError> {
    let (select, with) = (select(order), with(order));
    let sql = format!("{select} FROM message m {with} WHERE m.key = ?1");
    let mut query = rows.connection().prepare_cached(&sql)?;
    Ok(query
        .query_row([key.0], |row| read(order, row))
        .optional()?)
}

/// The places of a mailbox below one, newest first.
pub fn places(
    rows: &impl Rows,
    mailbox: MailboxKey,
    portion: Portion,
    below: Place,
    limit: usize,
) -> Result<Vec<Place>, StoreError> {
    let sql = page_sql("SELECT m.arrival, m.key", None, portion, Reach::Older);
    let mut query = rows.connection().prepare_cached(&sql)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let found = query.query_map(
        (mailbox.0, below.arrival, below.key.0, limit),
        super::read_place,
    )?;
    Ok(found.collect::<Result<_, _>>()?)
}

const SINCE: &str = "SELECT key, mailbox FROM message WHERE key > ?1 ORDER BY key LIMIT ?2";

/// Messages that are newer in the store than `high`, in the order in which they came, and where each
/// of them is.
pub fn since(
    rows: &impl Rows,
    high: MessageKey,
    limit: usize,
) -> Result<Vec<(MessageKey, Option<MailboxKey>)>, StoreError> {
    let mut query = rows.connection().prepare_cached(SINCE)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let found = query.query_map((high.0, limit), |row| {
        let mailbox: Option<i64> = row.get(1)?;
        Ok((MessageKey(row.get(0)?), mailbox.map(MailboxKey)))
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The newest key of the store.
pub fn newest_key(rows: &impl Rows) -> Result<MessageKey, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached("SELECT coalesce(max(key), 0) FROM message")?;
    Ok(MessageKey(query.query_row([], |row| row.get(0))?))
}

/// How a list is named where its order is kept; `None` for one that is not kept.
fn name(list: &List) -> Option<String> {
    match list {
        List::Mailbox(key) => Some(key.0.to_string()),
        List::Inboxes => Some("inboxes".to_owned()),
        List::Unread => Some("unread".to_owned()),
        List::Flagged => Some("flagged".to_owned()),
        List::All | List::Searched { .. } | List::Keys(_) => None,
    }
}

fn named(name: &str) -> Option<List> {
    match name {
        "inboxes" => Some(List::Inboxes),
        "unread" => Some(List::Unread),
        "flagged" => Some(List::Flagged),
        key => key.parse().ok().map(|key| List::Mailbox(MailboxKey(key))),
    }
}

/// Keeps the order of a list; newest first is what none is kept for.
pub fn keep_order(
    tx: &Tx<'_>,
    list: &List,
    order: Order,
    reversed: bool,
) -> Result<(), StoreError> {
    let Some(name) = name(list) else {
        return Ok(());
    };
    let sql = tx.connection();
    if (order, reversed) == (Order::Arrival, false) {
        sql.prepare_cached("DELETE FROM list_order WHERE list = ?1")?
            .execute([name])?;
    } else {
        sql.prepare_cached(
            "INSERT INTO list_order (list, by, reversed) VALUES (?1, ?2, ?3)
             ON CONFLICT (list) DO UPDATE SET by = excluded.by, reversed = excluded.reversed",
        )?
        .execute((name, order.word(), reversed))?;
    }
    tx.changed(Change::Accounts);
    Ok(())
}

/// The orders that are kept.
pub fn orders(rows: &impl Rows) -> Result<Vec<(List, Order, bool)>, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached("SELECT list, by, reversed FROM list_order ORDER BY list")?;
    let found = query.query_map([], |row| {
        let list = named(row.get_ref(0)?.as_str()?);
        let order = Order::parse(row.get_ref(1)?.as_str()?);
        Ok((list, order, row.get::<_, bool>(2)?))
    })?;
    let mut orders = Vec::new();
    for one in found {
        if let (Some(list), Some(order), reversed) = one? {
            orders.push((list, order, reversed));
        }
    }
    Ok(orders)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Filter;

    #[test]
    fn replies_and_list_tags_do_not_count_in_the_order_of_subjects() {
        for (subject, wanted) in [
            ("Re: [rust-users] Re: Lifetimes", "lifetimes"),
            ("[rust-users] Lifetimes", "lifetimes"),
            ("AW: Über uns", "über uns"),
            ("[only a tag]", "only a tag]"),
            ("\"Quoted\"", "quoted\""),
            ("", ""),
        ] {
            assert_eq!(folded(bare(subject)), wanted, "{subject}");
        }
    }

    #[test]
    fn what_an_order_goes_by_is_read_along_an_index() {
        for order in Order::ALL {
            let sql = page_sql(
                select(order),
                Some(with(order)),
                Filter::All.into(),
                Reach::Older,
            );
            let plan = super::super::tests::plan(&sql);
            let index = "INDEX message_list (mailbox=? AND arrival<?)";
            assert!(plan.contains(index) && !plan.contains("B-TREE"), "{plan}");
        }
        let plan = super::super::tests::plan(SINCE);
        assert_eq!(plan, "SEARCH message USING INTEGER PRIMARY KEY (rowid>?)");
    }
}
