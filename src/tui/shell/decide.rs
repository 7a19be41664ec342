//! What a person decides about what waits, put into the store, and how it ended in words.

use crate::model::OperationId;
use crate::ops::queue::{self, Touched, Which};
use crate::store::{Refusal, Store, StoreError};
use crate::tui::app::event::{Decision, Ended};

use super::queue::lower;

/// Puts the decision into the writer's queue; the result waits for its commit.
pub(super) fn decide(
    store: &Store,
    id: OperationId,
    decision: Decision,
    what: String,
) -> impl FnOnce() -> Ended + Send + 'static {
    let which = Which::Ids(vec![id]);
    let pending = match decision {
        Decision::Retry | Decision::KeepMine => queue::retry(store, which),
        Decision::Drop | Decision::TakeTheirs => queue::withdraw(store, which),
    };
    move || decided(pending.wait(), decision, &what)
}

fn decided(outcome: Result<Touched, StoreError>, decision: Decision, what: &str) -> Ended {
    let what = lower(what);
    match outcome {
        Ok(touched) if touched.operations > 0 => Ended::Done(match decision {
            Decision::Retry => format!("Queued again: {what}."),
            Decision::KeepMine => format!("Yours is kept, and queued again: {what}."),
            Decision::Drop => format!("Dropped: {what}. What the server has is shown."),
            Decision::TakeTheirs => format!("Theirs is kept. Dropped: {what}."),
        }),
        Ok(touched) if touched.in_flight > 0 => Ended::Failed(
            "It is with the server just now: nothing was changed. Try again in a moment."
                .to_owned(),
        ),
        Ok(_) => Ended::Done("It waits no longer: it was done, or answered elsewhere.".to_owned()),
        Err(StoreError::Refused(Refusal::NotDoable { why, .. })) => {
            Ended::Failed(format!("Not done: {why}. T takes theirs."))
        }
        Err(error) => Ended::Failed(format!("Not done: {error}.")),
    }
}

/// How something ended that has no more to tell.
pub(super) fn done(outcome: Result<(), StoreError>) -> Ended {
    match outcome {
        Ok(()) => Ended::Done(String::new()),
        Err(error) => Ended::Failed(format!("Not done: {error}")),
    }
}
