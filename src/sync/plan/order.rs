//! Which operations of the journal may be sent now, and what is the next thing to do for each.
//!
//! An operation waits for earlier ones on the same message and on the mailboxes that it names, and
//! for nothing else. Flags of a message overtake its own move and deletion, because they are sent
//! to where it still stands (DESIGN section 2).

use std::collections::{BTreeMap, BTreeSet};

use crate::model::journal::{Spot, is_within};
use crate::model::{MailboxKey, MessageKey, Operation, OperationId, OperationKind, OperationState};

/// An operation that is not refused, with what is known of its messages now.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The operation.
    pub operation: &'a Operation,
    /// Whether its time has come.
    pub due: bool,
    /// Where its message stands on the server.
    pub spot: Option<Spot>,
    /// The same of the other message that it names.
    pub other: Option<Spot>,
    /// Whether every byte of its message is here.
    pub kept: bool,
}

/// What the server calls a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its name, decoded.
    pub name: String,
    /// The hierarchy delimiter.
    pub delimiter: Option<char>,
}

/// What is to be done next for an operation that waits for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// A mailbox is made, renamed, deleted or subscribed.
    Mailbox,
    /// STORE in the mailbox where the message stands.
    Flags(MailboxKey),
    /// It was handed over before: look whether it arrived in this mailbox.
    Look(MailboxKey),
    /// MOVE or COPY out of this mailbox.
    Transfer(MailboxKey),
    /// It arrived: take the original out of this mailbox.
    Clear(MailboxKey),
    /// It arrived, and where the original stood nothing can be done any more.
    Close,
    /// APPEND.
    Upload,
    /// Delete for good in this mailbox.
    Expunge(MailboxKey),
}

/// The operations that may be sent now, oldest first.
pub fn ready(
    asked: &[Asked<'_>],
    known: &BTreeMap<MailboxKey, Known>,
) -> BTreeMap<OperationId, Next> {
    let mut order = Order::new(known);
    let mut ready = BTreeMap::new();
    let mut coming = BTreeSet::new();
    for one in asked {
        let held = order.holds(one);
        if let OperationKind::Create { mailbox, .. } = &one.operation.kind
            && !held
        {
            coming.insert(*mailbox);
        }
        let next = next(one).filter(|_| one.due && !held);
        order.note(one, next.is_some());
        if let Some(next) = next {
            ready.insert(one.operation.id, next);
        }
    }
    // Of a mailbox that is made again what goes into it is older than its making.
    for one in asked {
        let target = one.operation.kind.target();
        if target.is_some_and(|target| coming.contains(&target)) {
            ready.remove(&one.operation.id);
        }
    }
    ready
}

/// What an operation needs next, were it alone; `None` while something of it is not known yet.
fn next(one: &Asked<'_>) -> Option<Next> {
    let here = one.spot.map(|spot| spot.mailbox);
    // What has a proof was handed over before, and whoever asks for it again is told first whether
    // it happened.
    let proof = one.operation.kind.proof();
    match &one.operation.kind {
        OperationKind::Flag { .. } => here.map(Next::Flags),
        OperationKind::Move { to, .. } => match proof {
            None => here.map(Next::Transfer),
            Some(proof) if proof.found.is_none() => Some(Next::Look(*to)),
            Some(proof) => Some(match proof.source {
                Some(source) => Next::Clear(source.mailbox),
                None => Next::Close,
            }),
        },
        OperationKind::Copy { to, .. } => match proof {
            None => one.other.map(|spot| Next::Transfer(spot.mailbox)),
            Some(proof) if proof.found.is_none() => Some(Next::Look(*to)),
            Some(_) => Some(Next::Close),
        },
        OperationKind::Append { to, .. } => match proof {
            None => one.kept.then_some(Next::Upload),
            Some(proof) if proof.found.is_none() => Some(Next::Look(*to)),
            Some(_) => Some(Next::Close),
        },
        OperationKind::Expunge { after: Some(_), .. } => None,
        OperationKind::Expunge { after: None, .. } => here.map(Next::Expunge),
        OperationKind::Create { .. }
        | OperationKind::Rename { .. }
        | OperationKind::Remove { .. }
        | OperationKind::Subscribe { .. } => Some(Next::Mailbox),
        // It goes out by another line.
        OperationKind::Submit { .. } => None,
    }
}

/// What the operations so far name.
struct Order<'a> {
    known: &'a BTreeMap<MailboxKey, Known>,
    messages: BTreeMap<MessageKey, Named>,
    /// Mailboxes that messages are put into or taken from.
    used: BTreeSet<MailboxKey>,
    /// Mailboxes that are made, renamed or deleted, and the names that this touches.
    changed: Vec<(MailboxKey, Vec<String>)>,
    subscribed: BTreeSet<MailboxKey>,
}

/// How earlier operations name a message.
#[derive(Clone, Copy, Debug, Default)]
struct Named {
    /// Its row is changed.
    own: bool,
    /// It is copied or uploaded, or something waits for it.
    other: bool,
    /// What flags wait for too.
    firm: bool,
}

impl<'a> Order<'a> {
    fn new(known: &'a BTreeMap<MailboxKey, Known>) -> Self {
        Self {
            known,
            messages: BTreeMap::new(),
            used: BTreeSet::new(),
            changed: Vec::new(),
            subscribed: BTreeSet::new(),
        }
    }

    fn named(&self, message: Option<MessageKey>) -> Named {
        let found = message.and_then(|key| self.messages.get(&key));
        found.copied().unwrap_or_default()
    }

    /// Whether an earlier operation is in the way.
    fn holds(&self, one: &Asked<'_>) -> bool {
        let kind = &one.operation.kind;
        let (own, other) = (self.named(kind.message()), self.named(kind.other()));
        match kind {
            OperationKind::Flag { .. } => own.firm || own.other,
            OperationKind::Move { .. }
            | OperationKind::Copy { .. }
            | OperationKind::Append { .. }
            | OperationKind::Expunge { .. } => {
                own.own || own.other || other.own || self.is_changed(kind.target())
            }
            // Nothing can be done in a mailbox before it is there.
            OperationKind::Create { mailbox, .. } => self.is_related(*mailbox, &self.names(kind)),
            OperationKind::Rename { mailbox, .. } | OperationKind::Remove { mailbox, .. } => {
                self.used.contains(mailbox) || self.is_related(*mailbox, &self.names(kind))
            }
            OperationKind::Subscribe { mailbox, .. } => {
                self.subscribed.contains(mailbox) || self.is_changed(Some(*mailbox))
            }
            OperationKind::Submit { .. } => false,
        }
    }

    fn is_changed(&self, mailbox: Option<MailboxKey>) -> bool {
        mailbox.is_some_and(|mailbox| self.changed.iter().any(|(key, _)| *key == mailbox))
    }

    fn names(&self, kind: &OperationKind) -> Vec<String> {
        let base = kind.mailbox().and_then(|mailbox| self.known.get(&mailbox));
        let base = base.map(|known| known.name.clone());
        match kind {
            OperationKind::Create { name, .. } => vec![name.clone()],
            OperationKind::Rename { to, .. } => base.into_iter().chain([to.clone()]).collect(),
            OperationKind::Flag { .. }
            | OperationKind::Move { .. }
            | OperationKind::Copy { .. }
            | OperationKind::Append { .. }
            | OperationKind::Expunge { .. }
            | OperationKind::Remove { .. }
            | OperationKind::Subscribe { .. }
            | OperationKind::Submit { .. } => base.into_iter().collect(),
        }
    }

    /// Whether an earlier change touches the same names, or names above or below them.
    fn is_related(&self, mailbox: MailboxKey, names: &[String]) -> bool {
        let delimiter = self.known.values().find_map(|known| known.delimiter);
        let near =
            |a: &str, b: &str| a == b || is_within(a, b, delimiter) || is_within(b, a, delimiter);
        self.changed.iter().any(|(key, others)| {
            *key == mailbox
                || names
                    .iter()
                    .any(|name| others.iter().any(|other| near(name, other)))
        })
    }

    fn note(&mut self, one: &Asked<'_>, ready: bool) {
        let kind = &one.operation.kind;
        let undecided = one.operation.state.is_undecided();
        if let Some(message) = kind.message() {
            let named = self.messages.entry(message).or_default();
            named.own = true;
            named.firm |= match kind {
                OperationKind::Flag { .. } => !ready,
                OperationKind::Copy { .. } | OperationKind::Append { .. } => true,
                OperationKind::Move { .. } | OperationKind::Expunge { .. } => undecided,
                OperationKind::Create { .. }
                | OperationKind::Rename { .. }
                | OperationKind::Remove { .. }
                | OperationKind::Subscribe { .. }
                | OperationKind::Submit { .. } => false,
            };
        }
        if let Some(other) = kind.other() {
            self.messages.entry(other).or_default().other = true;
        }
        let spots = [one.spot, one.other, kind.proof().and_then(|p| p.source)];
        let spots = spots.into_iter().flatten().map(|spot| spot.mailbox);
        self.used.extend(spots.chain(kind.target()));
        match kind {
            OperationKind::Create { mailbox, .. }
            | OperationKind::Rename { mailbox, .. }
            | OperationKind::Remove { mailbox, .. } => {
                let names = self.names(kind);
                self.changed.push((*mailbox, names));
            }
            OperationKind::Subscribe { mailbox, .. } => {
                self.subscribed.insert(*mailbox);
            }
            OperationKind::Flag { .. }
            | OperationKind::Move { .. }
            | OperationKind::Copy { .. }
            | OperationKind::Append { .. }
            | OperationKind::Expunge { .. }
            | OperationKind::Submit { .. } => {}
        }
    }
}

/// Whether a person asked for it again, which lets an old proof be given up.
pub fn is_asked_again(operation: &Operation) -> bool {
    matches!(operation.state, OperationState::Queued { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::journal::Proof;
    use crate::model::{AccountKey, ActionId, FlagChange, Flags, Uid};

    /// Reads one operation: `flag 1`, `move 1 A B`, `copy 9 1 A B` (row, source), `append 9 B`,
    /// `expunge 1 A`, `create B b`, `rename B c`, `remove B`, `subscribe B`; `?` in front is unsure,
    /// `~` is not due. Mailboxes are letters with the names `a`, `b` and so on, and messages stand
    /// in A unless the words say otherwise.
    fn read(id: i64, text: &str) -> (Operation, bool, Option<Spot>, Option<Spot>) {
        let unsure = text.starts_with('?');
        let due = !text.starts_with('~');
        let words: Vec<&str> = text.trim_start_matches(['?', '~']).split(' ').collect();
        let message = |at: usize| MessageKey(words[at].parse().unwrap());
        let mailbox = |at: usize| MailboxKey(i64::from(words[at].as_bytes()[0]));
        let spot = |mailbox| Spot {
            mailbox,
            epoch: 1,
            uid: Uid(5),
        };
        let proof = |source: Option<Spot>| {
            unsure.then_some(Proof {
                source,
                epoch: 1,
                uid_next: 7,
                found: None,
            })
        };
        let home = Some(spot(MailboxKey(65)));
        let (kind, place, other) = match words[0] {
            "flag" => {
                let change = FlagChange::add(Flags::of(Flags::SEEN));
                let message = message(1);
                (OperationKind::Flag { message, change }, home, None)
            }
            "move" => (
                OperationKind::Move {
                    message: message(1),
                    from: mailbox(2),
                    to: mailbox(3),
                    proof: proof(Some(spot(mailbox(2)))),
                },
                Some(spot(mailbox(2))),
                None,
            ),
            "copy" => (
                OperationKind::Copy {
                    message: message(1),
                    source: message(2),
                    to: mailbox(4),
                    flags: Flags::none(),
                    proof: proof(Some(spot(mailbox(3)))),
                },
                None,
                Some(spot(mailbox(3))),
            ),
            "append" => (
                OperationKind::Append {
                    message: message(1),
                    source: None,
                    to: mailbox(2),
                    flags: Flags::none(),
                    proof: proof(None),
                    sent_as: None,
                },
                None,
                None,
            ),
            "expunge" => (
                OperationKind::Expunge {
                    message: message(1),
                    after: words.get(3).map(|key| MessageKey(key.parse().unwrap())),
                    left_by: None,
                },
                Some(spot(mailbox(2))),
                None,
            ),
            "create" => (
                OperationKind::Create {
                    mailbox: mailbox(1),
                    name: words[2].to_owned(),
                },
                None,
                None,
            ),
            "rename" => (
                OperationKind::Rename {
                    mailbox: mailbox(1),
                    to: words[2].to_owned(),
                },
                None,
                None,
            ),
            "remove" => {
                let mailbox = mailbox(1);
                (
                    OperationKind::Remove {
                        mailbox,
                        known: None,
                    },
                    None,
                    None,
                )
            }
            _ => (
                OperationKind::Subscribe {
                    mailbox: mailbox(1),
                    subscribed: true,
                },
                None,
                None,
            ),
        };
        let state = match unsure {
            true => OperationState::Unsure,
            false => OperationState::Queued { put_off: None },
        };
        let operation = Operation {
            id: OperationId(id),
            action: ActionId(1),
            account: AccountKey(1),
            mailbox: None,
            kind,
            state,
            tries: 0,
            asked: 0,
        };
        (operation, due, place, other)
    }

    /// The places in `operations`, from 1, of those that may be sent.
    fn check(operations: &str, expect: &[i64]) {
        let rows: Vec<_> = (1..)
            .zip(operations.split(", "))
            .map(|(id, text)| read(id, text))
            .collect();
        let asked: Vec<Asked<'_>> = rows
            .iter()
            .map(|(operation, due, spot, other)| Asked {
                operation,
                due: *due,
                spot: *spot,
                other: *other,
                kept: true,
            })
            .collect();
        let known = (65..91u8)
            .map(|letter| {
                let name = char::from(letter).to_ascii_lowercase().to_string();
                let delimiter = Some('/');
                (MailboxKey(i64::from(letter)), Known { name, delimiter })
            })
            .collect();
        let ids: Vec<i64> = ready(&asked, &known).keys().map(|id| id.0).collect();
        assert_eq!(ids, expect, "{operations}");
    }

    #[test]
    fn what_names_other_messages_and_mailboxes_waits_for_nothing() {
        check(
            "move 1 A B, move 2 A B, move 3 A C, flag 4, expunge 5 A",
            &[1, 2, 3, 4, 5],
        );
        check("~move 1 A B, move 2 A B, create D d, remove E", &[2, 3, 4]);
        check("copy 9 1 A B, copy 8 1 A C", &[1, 2]);
    }

    #[test]
    fn flags_go_out_before_the_move_of_their_message_and_never_beside_it() {
        check("flag 1, move 1 A B", &[1]);
        check("move 1 A B, flag 1", &[1, 2]);
        check("?move 1 A B, flag 1", &[1]);
        check("flag 1, flag 1, move 1 A B", &[1, 2]);
        // A change put off is not overtaken by a later one of the same message.
        check("~flag 1, flag 1", &[]);
    }

    #[test]
    fn what_is_done_to_a_message_keeps_its_order() {
        check("move 1 A B, expunge 1 A", &[1]);
        check("copy 9 1 A B, move 1 A C", &[1]);
        check("copy 9 1 A B, flag 1", &[1]);
        check("copy 9 1 A B, flag 9", &[1]);
        check("move 1 A C, copy 9 1 A B", &[1]);
        check("append 9 B, expunge 1 A 9", &[1]);
        check("~copy 9 1 A B, expunge 1 A", &[]);
    }

    #[test]
    fn messages_wait_for_their_mailbox_and_a_deletion_for_the_messages() {
        check("create B b, move 1 A B, move 2 A C", &[1, 3]);
        check("create B b/c, subscribe B, create D b/c/d", &[1]);
        // What is made again is made first.
        check("move 1 A B, create B b, move 2 A B, flag 1", &[2, 4]);
        check("move 1 A B, ~create B b", &[]);
        check("remove E, move 1 A B, create B e/f", &[1, 2]);
        check("move 1 B C, remove B", &[1]);
        check("move 1 A B, rename B x", &[1]);
        check("rename B x, create D b", &[1]);
        check("rename B x, create D y", &[1, 2]);
        check("subscribe B, subscribe B, subscribe C", &[1, 3]);
    }

    #[test]
    fn r9_what_was_handed_over_before_is_looked_for_first() {
        let known = BTreeMap::new();
        for (text, next) in [
            ("?move 1 A B", Next::Look(MailboxKey(66))),
            ("?copy 9 1 A B", Next::Look(MailboxKey(66))),
            ("?append 9 B", Next::Look(MailboxKey(66))),
            ("move 1 A B", Next::Transfer(MailboxKey(65))),
            ("copy 9 1 A B", Next::Transfer(MailboxKey(65))),
            ("append 9 B", Next::Upload),
        ] {
            let (operation, due, spot, other) = read(1, text);
            let asked = Asked {
                operation: &operation,
                due,
                spot,
                other,
                kept: true,
            };
            let found = ready(&[asked], &known);
            assert_eq!(found.values().next(), Some(&next), "{text}");
        }
    }

    #[test]
    fn a_hundred_thousand_operations_are_put_in_order_at_once() {
        let rows: Vec<_> = (1..100_000)
            .map(|id| read(id, &format!("move {id} A B")))
            .collect();
        let asked: Vec<Asked<'_>> = rows
            .iter()
            .map(|(operation, due, spot, other)| Asked {
                operation,
                due: *due,
                spot: *spot,
                other: *other,
                kept: true,
            })
            .collect();
        assert_eq!(ready(&asked, &BTreeMap::new()).len(), asked.len());
    }
}
