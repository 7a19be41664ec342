//! Properties of the fold: it is the same before and after coalescing.

use std::collections::BTreeMap;

use super::*;

struct Dice(u32);

impl Dice {
    fn roll(&mut self, sides: u32) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 16) % sides
    }

    fn flags(&mut self) -> Flags {
        let bits = self.roll(128);
        let mut flags = Flags::of(u8::try_from(bits & 31).unwrap());
        for (bit, name) in [(32, "$Forwarded"), (64, "work")] {
            if bits & bit != 0 {
                flags.insert(name);
            }
        }
        flags
    }

    fn change(&mut self) -> FlagChange {
        let add = self.flags();
        let remove = self.flags().minus(&add);
        FlagChange { add, remove }
    }

    fn state(&mut self) -> OperationState {
        match self.roll(8) {
            0 => OperationState::Failed {
                why: "no".into(),
                cause: Cause::Refused,
            },
            1 => OperationState::Unsure,
            2 => OperationState::InFlight { attempt: 1 },
            _ => OperationState::Queued { put_off: None },
        }
    }
}

fn operation(id: i64, state: OperationState, kind: OperationKind) -> Operation {
    Operation {
        id: OperationId(id),
        action: ActionId(id),
        account: AccountKey(1),
        mailbox: None,
        kind,
        state,
        tries: 0,
        asked: 0,
    }
}

fn flag(change: FlagChange) -> OperationKind {
    OperationKind::Flag {
        message: MessageKey(1),
        change,
    }
}

fn moved(from: i64, to: i64) -> OperationKind {
    OperationKind::Move {
        message: MessageKey(1),
        from: MailboxKey(from),
        to: MailboxKey(to),
        proof: None,
    }
}

const EXPUNGE: OperationKind = OperationKind::Expunge {
    message: MessageKey(1),
    after: None,
    left_by: None,
};

#[test]
fn one_coalesced_change_shows_what_all_operations_show() {
    let mut dice = Dice(3);
    for _ in 0..500 {
        let base = Placed {
            mailbox: None,
            flags: dice.flags(),
        };
        let operations: Vec<Operation> = (0..i64::from(dice.roll(6)))
            .map(|id| operation(id, dice.state(), flag(dice.change())))
            .collect();
        let whole = fold(&base, &operations).flags;
        let one = coalesce_flags(&operations).map_or(base.flags.clone(), |c| c.apply(&base.flags));
        assert_eq!(whole, one, "{operations:?}");
    }
}

/// Plays keys on one message, once keeping every operation, once coalescing.
#[test]
fn what_is_shown_is_the_same_before_and_after_coalescing() {
    let mut dice = Dice(11);
    let (mut saved, mut played) = (0, 0);
    for _ in 0..3000 {
        let base = Placed {
            mailbox: Some(MailboxKey(1)),
            flags: dice.flags(),
        };
        let (mut all, mut few): (Vec<Operation>, Vec<Operation>) = (Vec::new(), Vec::new());
        for id in 0..i64::from(dice.roll(8)) {
            // Now and then everything that waits is handed over.
            if dice.roll(4) == 0 {
                for one in all.iter_mut().chain(&mut few) {
                    one.state = OperationState::InFlight { attempt: 1 };
                }
            }
            let shown = fold(&base, &all);
            let Some(here) = shown.mailbox else { break };
            let new = match dice.roll(7) {
                0 => EXPUNGE,
                1..=3 => flag(dice.change()),
                _ => moved(here.0, i64::from(dice.roll(3)) + 1),
            };
            all.push(operation(
                id,
                OperationState::Queued { put_off: None },
                new.clone(),
            ));
            let coalesced = coalesce(&few, new, Some(&base.flags));
            assert!(!coalesced.forget);
            few.retain(|one| !coalesced.removed.contains(&one.id));
            few.extend(
                coalesced
                    .added
                    .map(|kind| operation(id, OperationState::Queued { put_off: None }, kind)),
            );
            let (whole, short) = (fold(&base, &all), fold(&base, &few));
            assert_eq!(whole.mailbox, short.mailbox, "{all:?}\n{few:?}");
            if whole.mailbox.is_some() {
                assert_eq!(whole.flags, short.flags, "{all:?}\n{few:?}");
            }
        }
        played += all.len();
        saved += all.len() - few.len();
    }
    assert!(saved > played / 4, "{saved} of {played}");
}

#[test]
fn a_move_back_is_no_operation_and_two_moves_are_one() {
    let check = |before: &[(OperationState, OperationKind)],
                 new,
                 expect: (usize, Option<OperationKind>)| {
        let before: Vec<Operation> = (1..)
            .zip(before)
            .map(|(id, (state, kind))| operation(id, state.clone(), kind.clone()))
            .collect();
        let found = coalesce(&before, new, Some(&Flags::none()));
        assert_eq!((found.removed.len(), found.added), expect);
    };
    let queued = OperationState::Queued { put_off: None };
    let first = [(queued.clone(), moved(1, 2))];
    check(&first, moved(2, 1), (1, None));
    check(&first, moved(2, 3), (1, Some(moved(1, 3))));
    check(&first, EXPUNGE, (1, Some(EXPUNGE)));
    let sent = [(OperationState::Unsure, moved(1, 2))];
    check(&sent, moved(2, 1), (0, Some(moved(2, 1))));
    let both = [(OperationState::Unsure, moved(1, 2)), (queued, moved(2, 3))];
    check(&both, moved(3, 2), (1, None));
}

#[test]
fn a_copy_that_never_left_is_forgotten_when_deleted() {
    let copy = OperationKind::Copy {
        message: MessageKey(1),
        source: MessageKey(2),
        to: MailboxKey(2),
        flags: Flags::none(),
        proof: None,
    };
    let queued = OperationState::Queued { put_off: None };
    let check = |state: OperationState, forget: bool| {
        let found = coalesce(&[operation(1, state, copy.clone())], EXPUNGE, None);
        assert_eq!((found.forget, found.added.is_none()), (forget, forget));
    };
    check(queued, true);
    check(OperationState::Unsure, false);
}

#[test]
fn r8_a_message_that_is_gone_conflicts_only_with_a_wish_to_keep_it() {
    let check = |kinds: &[(OperationState, OperationKind)], expect| {
        let operations: Vec<Operation> = (1..)
            .zip(kinds)
            .map(|(id, (state, kind))| operation(id, state.clone(), kind.clone()))
            .collect();
        assert_eq!(leaving(&operations), expect, "{operations:?}");
    };
    let queued = OperationState::Queued { put_off: None };
    check(&[], Leaving::Forget);
    check(
        &[(queued.clone(), flag(FlagChange::default()))],
        Leaving::Forget,
    );
    check(&[(queued.clone(), EXPUNGE)], Leaving::Forget);
    check(&[(queued.clone(), moved(1, 2))], Leaving::Conflict);
    check(&[(OperationState::Unsure, EXPUNGE)], Leaving::Forget);
    check(
        &[(OperationState::Unsure, moved(1, 2))],
        Leaving::WaitForVerdict,
    );
    check(
        &[(OperationState::Unsure, moved(1, 2)), (queued, moved(2, 3))],
        Leaving::WaitForVerdict,
    );
}

#[test]
fn a_rename_takes_along_what_lies_below_and_nothing_else() {
    let names = [(1, "A"), (2, "A/b"), (3, "A/b/c"), (4, "AB"), (5, "INBOX")];
    let base: BTreeMap<MailboxKey, MailboxPlaced> = names
        .iter()
        .map(|(key, name)| {
            let placed = MailboxPlaced {
                name: Some((*name).to_owned()),
                delimiter: Some('/'),
                subscribed: true,
            };
            (MailboxKey(*key), placed)
        })
        .collect();
    let queued = OperationState::Queued { put_off: None };
    let check = |kinds: &[OperationKind], expect: &[&str]| {
        let operations: Vec<Operation> = (1..)
            .zip(kinds)
            .map(|(id, kind)| operation(id, queued.clone(), kind.clone()))
            .collect();
        let shown: Vec<String> = fold_mailboxes(&base, &operations)
            .into_values()
            .map(|one| one.name.unwrap_or_else(|| "-".to_owned()))
            .collect();
        assert_eq!(shown, expect);
    };
    let rename = |key, to: &str| OperationKind::Rename {
        mailbox: MailboxKey(key),
        to: to.to_owned(),
    };
    check(&[], &["A", "A/b", "A/b/c", "AB", "INBOX"]);
    check(&[rename(1, "Z")], &["Z", "Z/b", "Z/b/c", "AB", "INBOX"]);
    check(
        &[rename(1, "Z"), rename(2, "Y")],
        &["Z", "Y", "Y/c", "AB", "INBOX"],
    );
    check(
        &[OperationKind::Remove {
            mailbox: MailboxKey(2),
            known: None,
        }],
        &["A", "-", "A/b/c", "AB", "INBOX"],
    );
}
