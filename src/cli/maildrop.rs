//! `account on-server`: what becomes of mail on a POP3 server. Whoever takes more from the server
//! than before is asked.

use super::account::say;
use super::error::Failure;
use super::start::Start;
use super::{places, prompt};
use crate::config::{AccountKind, edit};
use crate::model::{AccountKind as Stored, OnServer};
use crate::ops;

/// Writes the policy into the settings and into the store, so that a process that works for the
/// account follows it from its next look on.
pub fn set_policy(start: &mut Start, id: &str, policy: OnServer, yes: bool) -> Result<(), Failure> {
    let mut account = places::account(&start.settings, id)?.clone();
    let AccountKind::Pop3(maildrop) = &mut account.kind else {
        return Err(
            Failure::usage(format!("The account {id} is not read by POP3"))
                .hint("Only a POP3 server is told what to do with mail that is here."),
        );
    };
    let store = start.store()?;
    let key = ops::accounts::ensure(&store, id, Stored::Pop3).wait()?;
    let (agreed, counts) = ops::accounts::on_server(&store.reader()?, key)?;
    let before = agreed.unwrap_or(maildrop.on_server);
    if policy.takes_more_than(before) && !yes {
        if !prompt::possible() {
            return Err(Failure::usage(format!(
                "Not changing on_server of {id} from {before} to {policy} without being asked"
            ))
            .cause(policy.words())
            .hint("`--yes` answers where there is no terminal."));
        }
        let question = format!(
            "{id}: {} {} messages are here and may be on the server too. Change from {before} to \
             {policy}?",
            policy.words(),
            counts.both
        );
        if !prompt::confirm(&question)? {
            return Err(Failure::new(format!("on_server of {id} stays {before}")));
        }
    }
    maildrop.on_server = policy;
    edit::save_account(&start.paths.config, &account, start.settings.offline)?;
    ops::accounts::agree(&store, key, policy).wait()?;
    say(start, &format!("{id}: {policy}. {}", policy.words()))
}
