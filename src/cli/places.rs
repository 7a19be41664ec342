//! Accounts and mailboxes as a person names them: `[ACCOUNT:]NAME`, or a role word.

use super::error::Failure;
use crate::config::{AccountSettings, Settings};
use crate::model::Role;
use crate::sync::SyncError;

/// A mailbox that was asked for.
#[derive(Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// In this account.
    pub account: &'a AccountSettings,
    /// By role, if the word is one; a mailbox that is only called so comes after.
    pub role: Option<Role>,
    /// By its decoded name.
    pub name: String,
}

impl Place<'_> {
    /// Whether a mailbox with this name is the one that is named; INBOX is so in any case
    /// (RFC 9051 section 5.1).
    pub fn names(&self, name: &str) -> bool {
        self.name == name
            || self.name.eq_ignore_ascii_case("INBOX") && name.eq_ignore_ascii_case("INBOX")
    }

    /// The failure when no mailbox answers.
    pub fn missing(&self) -> Failure {
        Failure::new(format!(
            "There is no mailbox \"{}\" in the account {}",
            self.name, self.account.id
        ))
        .hint("`lacebark mailbox list` names them; `lacebark sync` looks for new ones.")
    }
}

/// Reads a mailbox argument. `X:` in front is an account only if X is a configured id, because a
/// mailbox's name may hold a colon; without an account it is the first one.
pub fn place<'a>(
    settings: &'a Settings,
    account: Option<&str>,
    text: &str,
) -> Result<Place<'a>, Failure> {
    let prefix = match account {
        Some(_) => None,
        None => prefixed(settings, text),
    };
    let (account, name) = match (prefix, account) {
        (Some(found), _) => found,
        (None, Some(id)) => (self::account(settings, id)?, text),
        (None, None) => (first(settings)?, text),
    };
    Ok(Place {
        account,
        role: Role::parse(name),
        name: name.to_owned(),
    })
}

/// The account and the name of `ACCOUNT:NAME`, if the word before the colon is a configured id.
pub fn prefixed<'a, 't>(
    settings: &'a Settings,
    text: &'t str,
) -> Option<(&'a AccountSettings, &'t str)> {
    let (id, name) = text.split_once(':')?;
    let found = settings.account(id)?;
    (!name.is_empty()).then_some((found, name))
}

/// The account with this id.
pub fn account<'a>(settings: &'a Settings, id: &str) -> Result<&'a AccountSettings, Failure> {
    settings
        .account(id)
        .ok_or_else(|| unknown_account(settings, id))
}

/// The account with this id, which must have a server to ask.
pub fn with_server<'a>(settings: &'a Settings, id: &str) -> Result<&'a AccountSettings, Failure> {
    let found = account(settings, id)?;
    match found.has_server() {
        true => Ok(found),
        false => Err(SyncError::Local(id.to_owned()).into()),
    }
}

/// The failure when no account has a server.
pub fn no_server() -> Failure {
    Failure::new("There is no account with a server")
        .hint("`lacebark setup --address YOU@EXAMPLE.ORG` adds one.")
}

/// The failure for an id that the settings do not have.
pub fn unknown_account(settings: &Settings, id: &str) -> Failure {
    if settings.faulty.iter().any(|faulty| faulty == id) {
        return Failure::new(format!("The settings of the account {id} have a fault"))
            .hint("`lacebark account list` names it.");
    }
    let failure = Failure::new(format!("There is no account \"{id}\""));
    let ids: Vec<&str> = settings.accounts.iter().map(|a| a.id.as_str()).collect();
    if ids.is_empty() {
        return failure.hint(NO_ACCOUNT);
    }
    failure.hint(format!("The accounts are: {}", ids.join(", ")))
}

const NO_ACCOUNT: &str = "`lacebark setup --address YOU@EXAMPLE.ORG` adds one.";

fn first(settings: &Settings) -> Result<&AccountSettings, Failure> {
    settings
        .accounts
        .first()
        .ok_or_else(|| Failure::new("There is no account yet").hint(NO_ACCOUNT))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(account: Option<&str>, text: &str, expected: &str) {
        let settings = Settings {
            accounts: vec![
                AccountSettings::local("work"),
                AccountSettings::local("home"),
            ],
            ..Settings::default()
        };
        let found = match place(&settings, account, text) {
            Ok(place) => format!(
                "{} {} {}",
                place.account.id,
                place.role.map_or("-", Role::word),
                place.name
            ),
            Err(failure) => failure.text(),
        };
        assert_eq!(found, expected, "{account:?} {text}");
    }

    #[test]
    fn a_colon_names_an_account_only_where_one_is_configured() {
        check(None, "inbox", "work inbox inbox");
        check(None, "home:Sent", "home sent Sent");
        check(None, "home:a:b", "home - a:b");
        check(None, "nobody:x", "work - nobody:x");
        check(None, "home:", "work - home:");
        check(Some("home"), "work:x", "home - work:x");
        check(
            Some("x"),
            "inbox",
            "error: There is no account \"x\"\nhint:  The accounts are: work, home\n",
        );
    }

    #[test]
    fn inbox_is_inbox_in_any_case_and_other_names_are_exact() {
        let settings = Settings {
            accounts: vec![AccountSettings::local("work")],
            ..Settings::default()
        };
        for (asked, name, same) in [
            ("Inbox", "INBOX", true),
            ("Lists", "lists", false),
            ("Lists", "Lists", true),
        ] {
            assert_eq!(place(&settings, None, asked).unwrap().names(name), same);
        }
    }
}
