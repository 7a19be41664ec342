//! How the journal's flag operations go out: few UID STORE commands, and what their answers prove.
//!
//! An OK proves nothing (servers say OK to a UID that is gone), so each group is followed by a UID
//! FETCH of its flags in the same flight, and that is the verdict (DESIGN section 2, SAFETY R8).

use std::collections::BTreeMap;

use crate::model::{FlagChange, Flags, MessageKey, OperationId, Uid, UidSet};

/// All queued flag operations on one message, as one change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The message.
    pub message: MessageKey,
    /// The operations that the change stands for.
    pub operations: Vec<OperationId>,
    /// Where the message is now; looked up at sending.
    pub place: Place,
    /// The change.
    pub change: FlagChange,
}

/// Where the server has a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the selected mailbox and its epoch.
    At(Uid),
    /// Nowhere any more.
    Gone,
    /// Not known yet: its mailbox is being renumbered.
    Held,
}

/// What the selected mailbox lets one change (RFC 9051 section 7.1, PERMANENTFLAGS).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permitted {
    /// `[READ-ONLY]`.
    pub read_only: bool,
    /// The flags that stay; `None` if the server did not say, which means all.
    pub flags: Option<Flags>,
    /// `\*`: new keywords may be made.
    pub any_keyword: bool,
}

impl Permitted {
    /// The first flag of `change` that the server would not keep.
    fn refuses(&self, change: &FlagChange) -> Option<String> {
        let allowed = self.flags.as_ref()?;
        let wanted = change.add.union(&change.remove);
        let not_allowed = wanted.minus(allowed);
        let system = Flags::of(not_allowed.system);
        let keyword = not_allowed.keywords.into_iter().find(|_| !self.any_keyword);
        system.names().next().map(str::to_owned).or(keyword)
    }
}

/// Half of a change on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Half {
    /// `+FLAGS.SILENT`.
    Add(Flags),
    /// `-FLAGS.SILENT`.
    Remove(Flags),
}

/// One group of equal changes: the STOREs of `halves` over `uids`, then a FETCH of their flags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreStep {
    /// The messages.
    pub uids: UidSet,
    /// One or two commands.
    pub halves: Vec<Half>,
    /// The change.
    pub change: FlagChange,
    /// What hangs on it, by UID.
    pub wishes: BTreeMap<Uid, Wish>,
}

/// What becomes of the journal before anything is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PushPlan {
    /// To be sent, in this order.
    pub stores: Vec<StoreStep>,
    /// Done, because the message is gone: somebody else deleted it, a flag on it means nothing.
    pub moot: Vec<Wish>,
    /// Refused before they are sent, with the reason.
    pub refused: Vec<(Wish, String)>,
}

/// The set of one command is at most this long; with its tag, verb and flags a line stays below the
/// 8,000 octets that servers take.
const SET_OCTETS: usize = 6_000;

/// Plans the push of one mailbox.
pub fn plan(wishes: Vec<Wish>, permitted: &Permitted) -> PushPlan {
    let mut plan = PushPlan::default();
    let mut groups: BTreeMap<(Flags, Flags), BTreeMap<Uid, Wish>> = BTreeMap::new();
    for wish in wishes {
        match wish.place {
            Place::Held => {}
            Place::Gone => plan.moot.push(wish),
            Place::At(_) if permitted.read_only => {
                plan.refused
                    .push((wish, "the mailbox is read-only".to_owned()));
            }
            Place::At(uid) => match permitted.refuses(&wish.change) {
                Some(flag) => {
                    let why = format!("the server does not keep the flag {flag} in this mailbox");
                    plan.refused.push((wish, why));
                }
                None => {
                    let key = (wish.change.add.clone(), wish.change.remove.clone());
                    groups.entry(key).or_default().insert(uid, wish);
                }
            },
        }
    }
    for ((add, remove), wishes) in groups {
        plan.stores.extend(steps(add, remove, wishes));
    }
    plan
}

fn steps(add: Flags, remove: Flags, mut wishes: BTreeMap<Uid, Wish>) -> Vec<StoreStep> {
    let mut halves = Vec::new();
    if !add.is_empty() {
        halves.push(Half::Add(add.clone()));
    }
    if !remove.is_empty() {
        halves.push(Half::Remove(remove.clone()));
    }
    let all: UidSet = wishes.keys().copied().collect();
    let mut steps = Vec::new();
    for uids in all.chunks(SET_OCTETS) {
        let later = uids
            .last()
            .map(|Uid(last)| wishes.split_off(&Uid(last.saturating_add(1))))
            .unwrap_or_default();
        steps.push(StoreStep {
            uids,
            halves: halves.clone(),
            change: FlagChange {
                add: add.clone(),
                remove: remove.clone(),
            },
            wishes: std::mem::replace(&mut wishes, later),
        });
    }
    steps
}

/// What became of one wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The server has these flags now.
    Done(Flags),
    /// The server has no such message.
    Gone,
    /// The server refused, or said yes and did not do it.
    Refused(String),
}

/// Reads the answers of one step: `refusal` are the words of a NO to a STORE, `flags` what the
/// FETCH behind it said.
pub fn verdict(
    step: &StoreStep,
    refusal: Option<&str>,
    flags: &BTreeMap<Uid, Flags>,
) -> Vec<(Wish, Verdict)> {
    let judge = |uid: &Uid, wish: &Wish| match (flags.get(uid), refusal) {
        (Some(now), _) if wish.change.apply(now) == *now => Verdict::Done(now.clone()),
        (Some(_), Some(words)) => Verdict::Refused(words.to_owned()),
        (Some(now), None) => Verdict::Refused(format!(
            "the server said OK, but the flags are {}",
            if now.is_empty() {
                "none".to_owned()
            } else {
                now.to_string()
            }
        )),
        (None, Some(words)) => Verdict::Refused(words.to_owned()),
        (None, None) => Verdict::Gone,
    };
    step.wishes
        .iter()
        .map(|(uid, wish)| (wish.clone(), judge(uid, wish)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(n: i64, place: Place, change: FlagChange) -> Wish {
        Wish {
            message: MessageKey(n),
            operations: vec![OperationId(n)],
            place,
            change,
        }
    }

    fn seen() -> FlagChange {
        FlagChange::add(Flags::of(Flags::SEEN))
    }

    #[test]
    fn equal_changes_share_a_command_whatever_their_number() {
        let mut wishes: Vec<Wish> = (1..=5000)
            .map(|n| wish(n, Place::At(Uid(n as u32 * 2)), seen()))
            .collect();
        wishes.push(wish(
            9999,
            Place::At(Uid(3)),
            FlagChange::remove(Flags::of(Flags::FLAGGED)),
        ));
        let plan = plan(wishes, &Permitted::default());
        let total: u64 = plan.stores.iter().map(|step| step.uids.len()).sum();
        let held: usize = plan.stores.iter().map(|step| step.wishes.len()).sum();
        assert_eq!((total, held), (5001, 5001));
        assert!(plan.stores.len() < 20, "{}", plan.stores.len());
        for step in &plan.stores {
            assert!(step.uids.to_string().len() < 8000);
            assert!(step.wishes.keys().all(|uid| step.uids.contains(*uid)));
            assert_eq!(step.uids.len(), step.wishes.len() as u64);
        }
    }

    #[test]
    fn a_change_both_ways_is_two_commands_and_none_is_empty() {
        let both = FlagChange {
            add: Flags::of(Flags::SEEN),
            remove: Flags::parse(["work"]),
        };
        let plan = plan(
            vec![wish(1, Place::At(Uid(1)), both)],
            &Permitted::default(),
        );
        let [step] = plan.stores.as_slice() else {
            panic!("{plan:?}")
        };
        assert_eq!(
            step.halves,
            vec![
                Half::Add(Flags::of(Flags::SEEN)),
                Half::Remove(Flags::parse(["work"]))
            ]
        );
    }

    #[test]
    fn p7_a_message_that_is_gone_or_being_renumbered_is_never_named() {
        let plan = plan(
            vec![
                wish(1, Place::Gone, seen()),
                wish(2, Place::Held, seen()),
                wish(3, Place::At(Uid(30)), seen()),
            ],
            &Permitted::default(),
        );
        assert_eq!(plan.moot.len(), 1);
        assert_eq!(plan.stores.len(), 1);
        assert_eq!(plan.stores[0].uids.to_string(), "30");
    }

    #[test]
    fn what_the_mailbox_does_not_keep_is_refused_with_the_reason() {
        let fixed = |any_keyword| Permitted {
            read_only: false,
            flags: Some(Flags::of(Flags::SEEN)),
            any_keyword,
        };
        let keyword = FlagChange::add(Flags::parse(["$Forwarded"]));
        let flagged = FlagChange::add(Flags::of(Flags::FLAGGED));
        for (change, permitted, refused) in [
            (seen(), fixed(false), ""),
            (keyword.clone(), fixed(true), ""),
            (keyword.clone(), fixed(false), "$Forwarded"),
            (flagged, fixed(true), "\\Flagged"),
            (keyword, Permitted::default(), ""),
            (
                seen(),
                Permitted {
                    read_only: true,
                    ..Permitted::default()
                },
                "read-only",
            ),
        ] {
            let plan = plan(vec![wish(1, Place::At(Uid(1)), change)], &permitted);
            assert_eq!(plan.refused.is_empty(), refused.is_empty(), "{plan:?}");
            assert!(plan.refused.iter().all(|(_, why)| why.contains(refused)));
        }
    }

    #[test]
    fn r8_an_ok_is_no_proof_and_the_flags_are() {
        let plan = plan(
            vec![wish(1, Place::At(Uid(5)), seen())],
            &Permitted::default(),
        );
        let step = &plan.stores[0];
        let check = |refusal: Option<&str>, flags: Option<Flags>, expect: Verdict| {
            let flags = flags.into_iter().map(|flags| (Uid(5), flags)).collect();
            assert_eq!(verdict(step, refusal, &flags)[0].1, expect);
        };
        let now = Flags::parse(["\\Seen", "x"]);
        check(None, Some(now.clone()), Verdict::Done(now.clone()));
        check(Some("no"), Some(now.clone()), Verdict::Done(now));
        check(None, None, Verdict::Gone);
        check(Some("no"), None, Verdict::Refused("no".to_owned()));
        check(
            Some("no"),
            Some(Flags::none()),
            Verdict::Refused("no".to_owned()),
        );
        check(
            None,
            Some(Flags::none()),
            Verdict::Refused("the server said OK, but the flags are none".to_owned()),
        );
    }
}
