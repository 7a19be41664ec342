//! What cannot be granted, whatever the network: who refuses, why, and what to do about it.

use super::error::{Failure, sentence};
use crate::store::Refusal;

/// The refusal as a command reports it. Nothing was changed.
pub fn failure(refusal: &Refusal) -> Failure {
    let failure = Failure::new(sentence(&error(refusal)));
    let failure = match cause(refusal) {
        Some(cause) => failure.cause(cause),
        None => failure,
    };
    failure.hint(hint(refusal))
}

fn error(refusal: &Refusal) -> String {
    match refusal {
        Refusal::NoRole { account, role } => {
            format!("The account {account} has no mailbox for {role}")
        }
        Refusal::Name { name, .. } => format!("\"{name}\" cannot be a mailbox's name"),
        Refusal::HasInferiors { name } => format!("\"{name}\" has mailboxes below it"),
        Refusal::UnderWay => "The message is just being uploaded".to_owned(),
        Refusal::NotKept { name } => format!("The message cannot go into \"{name}\""),
        Refusal::NotUndoable { what, .. } => format!("{what} cannot be undone"),
        Refusal::NotDoable { id, .. } => format!("Operation {id} cannot be done"),
        Refusal::Exists { account, name } => {
            format!("The account {account} has a mailbox \"{name}\" already")
        }
        Refusal::NoContact { .. } => "The address book does not take this".to_owned(),
        Refusal::RoleTaken { .. }
        | Refusal::SearchNamed { .. }
        | Refusal::SearchGone
        | Refusal::Inbox { .. }
        | Refusal::Needed { .. }
        | Refusal::NotSelectable { .. }
        | Refusal::BeingDeleted { .. }
        | Refusal::NoUidPlus { .. }
        | Refusal::MayHaveLeft { .. }
        | Refusal::NoDraft { .. }
        | Refusal::NicknameTaken { .. }
        | Refusal::NothingToUndo => refusal.to_string(),
    }
}

fn cause(refusal: &Refusal) -> Option<String> {
    match refusal {
        Refusal::Name { why, .. } | Refusal::NotUndoable { why, .. } => Some((*why).to_owned()),
        Refusal::NotDoable { why, .. } | Refusal::NoContact { why } => Some(why.clone()),
        Refusal::NotKept { .. } => Some(
            "only a part of it is here, and no server has the rest; another account takes it whole"
                .to_owned(),
        ),
        Refusal::NoRole { .. }
        | Refusal::Exists { .. }
        | Refusal::RoleTaken { .. }
        | Refusal::SearchNamed { .. }
        | Refusal::SearchGone
        | Refusal::Inbox { .. }
        | Refusal::Needed { .. }
        | Refusal::HasInferiors { .. }
        | Refusal::NotSelectable { .. }
        | Refusal::UnderWay
        | Refusal::BeingDeleted { .. }
        | Refusal::NoUidPlus { .. }
        | Refusal::MayHaveLeft { .. }
        | Refusal::NoDraft { .. }
        | Refusal::NicknameTaken { .. }
        | Refusal::NothingToUndo => None,
    }
}

fn hint(refusal: &Refusal) -> String {
    match refusal {
        Refusal::NoRole { account, role } => format!(
            "`lacebark mailbox create {account}:{} --role {role}` makes one; role = \"{role}\" below \
             [account.mailboxes.\"NAME\"] in the settings names one that is there.",
            sentence(role)
        ),
        Refusal::Exists { .. } | Refusal::RoleTaken { .. } => {
            "`lacebark mailbox list` names them.".to_owned()
        }
        Refusal::Name { .. } => "Nothing was changed; choose another name.".to_owned(),
        Refusal::Inbox { .. } => {
            "Nothing was changed; every account has one INBOX (RFC 9051 section 5.1).".to_owned()
        }
        Refusal::Needed { .. } => {
            "Nothing was changed; the messages in it can be moved or deleted.".to_owned()
        }
        Refusal::HasInferiors { .. } => "Delete those first; nothing was changed.".to_owned(),
        Refusal::NotSelectable { .. } => {
            "Name one of the mailboxes below it; `lacebark mailbox list` has them.".to_owned()
        }
        Refusal::UnderWay => "Try again in a moment; nothing was changed.".to_owned(),
        Refusal::NotKept { .. } => {
            "It can be filed in a mailbox of its own account; nothing was changed.".to_owned()
        }
        Refusal::BeingDeleted { .. } => {
            "`lacebark queue list` shows what waits; to drop its deletion brings it back."
                .to_owned()
        }
        Refusal::NoUidPlus { .. } => {
            "Nothing was changed; `lacebark unflag --as deleted ID` takes a mark away.".to_owned()
        }
        Refusal::NothingToUndo => "The last 50 actions can be taken back.".to_owned(),
        Refusal::NotUndoable { .. } | Refusal::NoContact { .. } | Refusal::SearchGone => {
            "Nothing was changed.".to_owned()
        }
        Refusal::NicknameTaken { .. } | Refusal::SearchNamed { .. } => {
            "Nothing was changed; choose another one.".to_owned()
        }
        Refusal::MayHaveLeft { id } => {
            format!("Look into the mailbox for sent mail; `lacebark queue drop {id}` gives it up.")
        }
        Refusal::NoDraft { id } => format!("`lacebark queue drop {id}` throws it away."),
        Refusal::NotDoable { id, .. } => {
            format!("`lacebark queue drop {id}` takes it back; nothing was changed.")
        }
    }
}
