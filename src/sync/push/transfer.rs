//! Moves and copies out of the open mailbox, and what takes originals out of it.

use std::collections::BTreeMap;

use crate::imap::{Command, Copied, Event, FetchItem, Reply, SequenceSet, StoreVerb};
use crate::model::journal::{Proof, Spot};
use crate::model::{Flags, MailboxKey, OperationId, OperationKind, Uid, UidSet};
use crate::protocol::Tag;
use crate::store::verdicts::Left;

use super::target::Target;
use super::{TOGETHER, Task, Verdict};
use crate::sync::SyncError;
use crate::sync::plan::order::Next;
use crate::sync::plan::proof::{After, Answer, Clearing, Refusal, Way, after, refusal, words};
use crate::sync::pull::Selected;
use crate::sync::worker::Worker;

/// One message to be moved or copied.
#[derive(Clone, Debug)]
struct Piece {
    id: OperationId,
    source: Spot,
}

/// The commands of one flight, each with the UIDs that it names.
type Lines = Vec<(UidSet, Tag)>;

const READ_ONLY: &str = "the mailbox is read-only";

impl Worker<'_> {
    /// Moves and copies messages out of the open mailbox.
    pub(super) async fn transfer(
        &mut self,
        selected: &Selected,
        tasks: Vec<Task>,
    ) -> Result<(), SyncError> {
        let mut groups: BTreeMap<(MailboxKey, bool), Vec<Piece>> = BTreeMap::new();
        for task in tasks {
            let copies = matches!(task.kind(), OperationKind::Copy { .. });
            let source = match copies {
                true => task.waiting.other,
                false => task.waiting.spot,
            };
            // SELECT may have begun a new epoch since it was read.
            let source = source.filter(|spot| spot.epoch == selected.epoch.0);
            if let (Some(source), Some(to)) = (source, task.kind().target()) {
                let id = task.id();
                let group = groups.entry((to, copies)).or_default();
                group.push(Piece { id, source });
            }
        }
        let wanted = groups.keys().map(|(to, _)| *to).collect();
        let targets = self.targets(wanted).await?;
        for ((to, copies), pieces) in groups {
            let refused = match targets.get(&to) {
                _ if selected.permitted.read_only && !copies => {
                    Verdict::Refused(Refusal::Final, READ_ONLY.to_owned())
                }
                Some(Ok(target)) => {
                    let way = self.way(copies);
                    for flight in flights(pieces) {
                        self.send_pieces(way, target, flight).await?;
                    }
                    continue;
                }
                Some(Err(verdict)) => verdict.clone(),
                None => continue,
            };
            let all = pieces.iter().map(|piece| (piece.id, refused.clone()));
            self.conclude(all.collect()).await?;
        }
        Ok(())
    }

    fn way(&self, copies: bool) -> Way {
        match (copies, self.talk.abilities().moves) {
            (true, _) => Way::Copy,
            (false, true) => Way::Move,
            (false, false) => Way::CopyAndClear,
        }
    }

    /// MOVE or COPY, and behind it in the same flight the question what is still there.
    async fn send_pieces(
        &mut self,
        way: Way,
        target: &Target,
        pieces: Vec<Piece>,
    ) -> Result<(), SyncError> {
        let ids = pieces.iter().map(|piece| piece.id).collect();
        let proofs = pieces
            .iter()
            .map(|piece| (piece.id, target.proof(Some(piece.source))))
            .collect();
        if !self.hand_over(ids, proofs).await? {
            return Ok(());
        }
        let uids: UidSet = pieces.iter().map(|piece| piece.source.uid).collect();
        let mailbox = target.name.clone();
        let command = match way {
            Way::Move => Command::Move {
                uids: uids.clone(),
                mailbox,
            },
            Way::Copy | Way::CopyAndClear => Command::Copy {
                uids: uids.clone(),
                mailbox,
            },
        };
        let lines = self.submit_lines(command);
        let check = self.submit_lines(still_there(uids));
        let mut copied: Vec<Copied> = Vec::new();
        let mut replies: Vec<(UidSet, Reply)> = Vec::new();
        let mut still: BTreeMap<Uid, Flags> = BTreeMap::new();
        for (uids, tag) in lines {
            let (reply, events) = self.talk.finish(tag).await?;
            for event in events {
                match event {
                    Event::Copied { copied: more, .. } => copied.push(more),
                    event => self.note_still(event, &mut still),
                }
            }
            replies.push((uids, reply));
        }
        self.hear_still(check, &mut still).await?;
        let verdicts = pieces.iter().map(|piece| {
            let uid = piece.source.uid;
            let spot = copied
                .iter()
                .find_map(|copied| target.spot(copied.validity, copied.target_of(uid)?));
            let reply = replies.iter().find(|(uids, _)| uids.contains(uid));
            let refused = reply.and_then(|(_, reply)| Some((refusal(reply)?, words(reply))));
            let answer = Answer {
                still: still.contains_key(&uid),
                refused,
            };
            (piece, spot, answer)
        });
        let verdicts: Vec<_> = verdicts.collect();
        let mut ends = Vec::with_capacity(verdicts.len());
        for (piece, spot, answer) in verdicts {
            ends.push((piece.id, self.judge_piece(way, target, piece, spot, answer)));
        }
        self.conclude(ends).await
    }

    fn judge_piece(
        &mut self,
        way: Way,
        target: &Target,
        piece: &Piece,
        spot: Option<Spot>,
        answer: Answer,
    ) -> Verdict {
        match (after(way, spot.map(|spot| spot.uid), &answer), spot) {
            (After::Proven(uid), _) if way == Way::CopyAndClear => Verdict::Arrived(Proof {
                found: Some(uid),
                ..target.proof(Some(piece.source))
            }),
            (After::Proven(_), Some(spot)) => Verdict::Placed(spot, Left::Nothing),
            (After::Proven(_), None) | (After::Look, _) => {
                self.answers.insert(piece.id, answer);
                Verdict::Unsure
            }
            (After::Refused(refusal, words), _) => Verdict::Refused(refusal, words),
            (After::Gone, _) => Verdict::Gone,
        }
    }

    /// Takes messages out of the open mailbox: originals of moves that arrived, and what is deleted
    /// for good. What the server cannot expunge by UID stays, marked.
    pub(super) async fn take_out(
        &mut self,
        selected: &Selected,
        tasks: Vec<Task>,
    ) -> Result<(), SyncError> {
        let mut pieces = Vec::new();
        let mut ends = Vec::new();
        for task in tasks {
            let spot = match task.next {
                Next::Clear(_) => task.proof().and_then(|proof| proof.source),
                _ => task.waiting.spot,
            };
            match spot.filter(|spot| spot.epoch == selected.epoch.0) {
                Some(spot) => pieces.push((spot.uid, task)),
                // The original has another number now, and looks like any other message.
                None if matches!(task.next, Next::Clear(_)) => {
                    ends.extend(
                        task.arrived_at()
                            .map(|spot| (task.id(), Verdict::Placed(spot, Left::Nothing))),
                    );
                }
                None => {}
            }
        }
        if selected.permitted.read_only {
            let refused = Verdict::Refused(Refusal::Final, READ_ONLY.to_owned());
            ends.extend(
                pieces
                    .drain(..)
                    .map(|(_, task)| (task.id(), refused.clone())),
            );
        }
        self.conclude(ends).await?;
        for some in pieces.chunks(TOGETHER) {
            self.take_out_some(some).await?;
        }
        Ok(())
    }

    async fn take_out_some(&mut self, pieces: &[(Uid, Task)]) -> Result<(), SyncError> {
        let ids = pieces.iter().map(|(_, task)| task.id()).collect();
        if !self.hand_over(ids, Vec::new()).await? {
            return Ok(());
        }
        let uids: UidSet = pieces.iter().map(|(uid, _)| *uid).collect();
        let clearing = match self.talk.abilities().uidplus {
            true => Clearing::Expunge,
            false => Clearing::Mark,
        };
        let mut lines = self.submit_lines(Command::Store {
            uids: uids.clone(),
            verb: StoreVerb::Add,
            flags: Flags::of(Flags::DELETED),
            unchanged_since: None,
        });
        if clearing == Clearing::Expunge {
            lines.extend(self.submit_lines(Command::Expunge { uids: uids.clone() }));
        }
        // Behind UID EXPUNGE not in the same flight: Dovecot tells of expunged messages when no command
        // is left to be answered, and until then a FETCH still sees them.
        let mut check = Lines::new();
        if clearing == Clearing::Mark {
            check = self.submit_lines(still_there(uids.clone()));
        }
        let mut still = BTreeMap::new();
        let mut refused: Vec<(UidSet, Reply)> = Vec::new();
        for (line, tag) in lines {
            let (reply, events) = self.talk.finish(tag).await?;
            for event in events {
                self.note_still(event, &mut still);
            }
            if !reply.is_ok() {
                refused.push((line, reply));
            }
        }
        if clearing == Clearing::Expunge {
            check = self.submit_lines(still_there(uids));
        }
        self.hear_still(check, &mut still).await?;
        let mut ends = Vec::with_capacity(pieces.len());
        for (uid, task) in pieces {
            let words = refused
                .iter()
                .find(|(uids, _)| uids.contains(*uid))
                .and_then(|(_, reply)| Some((refusal(reply)?, words(reply))));
            ends.push((task.id(), taken_out(task, clearing, still.get(uid), words)));
        }
        self.conclude(ends).await
    }

    pub(super) fn submit_lines(&mut self, command: Command) -> Lines {
        let parts = command.in_lines().into_iter();
        parts
            .map(|part| {
                let uids = part.uids().cloned().unwrap_or_default();
                (uids, self.talk.submit(part))
            })
            .collect()
    }

    async fn hear_still(
        &mut self,
        check: Lines,
        still: &mut BTreeMap<Uid, Flags>,
    ) -> Result<(), SyncError> {
        for (_, tag) in check {
            let (reply, events) = self.talk.finish(tag).await?;
            for event in events {
                self.note_still(event, still);
            }
            if !reply.is_ok() {
                return Err(self.talk.refused("tell which messages are there", reply));
            }
        }
        Ok(())
    }

    /// Only an answer to [`still_there`] tells a size: what another client does just now does not.
    fn note_still(&mut self, event: Event, still: &mut BTreeMap<Uid, Flags>) {
        match &event {
            Event::Fetched(data) if data.size.is_some() => {
                if let (Some(uid), Some(flags)) = (data.uid, &data.flags) {
                    still.insert(uid, flags.clone());
                }
            }
            _ => self.talk.overhear(&event),
        }
    }
}

impl Task {
    /// Where its message has arrived: where a pull has it by now, else where the proof says.
    pub(super) fn arrived_at(&self) -> Option<Spot> {
        let (proof, to) = (self.proof()?, self.kind().target()?);
        let here = self.waiting.spot.filter(|spot| spot.mailbox == to);
        here.filter(|spot| Some(spot.uid) == proof.found)
            .or(Some(Spot {
                mailbox: to,
                epoch: proof.epoch,
                uid: proof.found?,
            }))
    }
}

/// What goes out together: no message twice, as a server copies it once however often one command
/// names it. A second copy is wished for where the first was moved on before it was made.
fn flights(pieces: Vec<Piece>) -> Vec<Vec<Piece>> {
    let mut rounds: Vec<Vec<Piece>> = Vec::new();
    let mut times: BTreeMap<Uid, usize> = BTreeMap::new();
    for piece in pieces {
        let nth = times.entry(piece.source.uid).or_default();
        if *nth == rounds.len() {
            rounds.push(Vec::new());
        }
        if let Some(round) = rounds.get_mut(*nth) {
            round.push(piece);
        }
        *nth += 1;
    }
    let together = |round: Vec<Piece>| round.chunks(TOGETHER).map(<[_]>::to_vec).collect();
    rounds.into_iter().flat_map::<Vec<_>, _>(together).collect()
}

fn still_there(uids: UidSet) -> Command {
    Command::Fetch {
        set: SequenceSet::Uid(uids),
        items: vec![FetchItem::Uid, FetchItem::Flags, FetchItem::Size],
        changed_since: None,
        vanished: false,
    }
}

fn taken_out(
    task: &Task,
    clearing: Clearing,
    still: Option<&Flags>,
    refused: Option<(Refusal, String)>,
) -> Verdict {
    let left = match (clearing, still) {
        (_, None) => Left::Nothing,
        (Clearing::Mark, Some(flags)) if flags.has(Flags::DELETED) => Left::Marked,
        (Clearing::Mark | Clearing::Expunge, Some(_)) => {
            let (refusal, words) = refused.unwrap_or_else(|| {
                let words = "the server said OK, and the message is still there";
                (Refusal::Final, words.to_owned())
            });
            return Verdict::Refused(refusal, words);
        }
    };
    match (task.next, task.arrived_at()) {
        (Next::Clear(_), Some(spot)) => Verdict::Placed(spot, left),
        _ => Verdict::Expunged(left),
    }
}
