//! `setup`, `login`, `logout` and `account test`: passwords are tried before they are kept, and a
//! new account for sending as well as for reading.

use super::account::{of_settings, say};
use super::args::{self, Setup};
use super::error::{Failure, sentence};
use super::start::Start;
use super::{json, online, output, places, prompt};
use crate::config::load::{check_id, split};
use crate::config::providers::{Credential, Provider, Providers};
use crate::config::{AccountSettings, Auth, Endpoint, Keep, Maildrop, Scheme, Settings};
use crate::model::Secret;
use crate::sync::asking::{self, Answer};
use crate::sync::setup::{keep_secret, store_account, try_reading, try_sign_in};
use crate::sync::{Field, SetupError, SetupRequest};

/// `setup`: nothing is stored before both servers took the password.
pub fn run(start: &mut Start, arguments: &Setup) -> Result<(), Failure> {
    let providers = Providers::find()
        .map_err(|error| Failure::new("The provider table cannot be used").caused_by(&error))?;
    let Plan { account, asks } = plan(arguments, &start.settings, &providers)?;
    if !asks.is_empty() {
        output::note(&asks);
    }
    let secret = secret(arguments, &account)?;
    let request = SetupRequest { account, secret };
    let env = start.env()?;
    let tries = !arguments.no_test && request.account.has_server();
    if tries {
        try_sign_in(&env, &request).map_err(|error| refused(&error, "Nothing was stored."))?;
    }
    store_account(&env, &start.paths, &start.settings, &request)
        .map_err(|error| refused(&error, "Nothing was stored."))?;
    let account = of_settings(&request.account);
    if start.out.json {
        let accounts = vec![account];
        return start.out.object(&json::Accounts { accounts });
    }
    let id = &account.id;
    let text = if !request.account.has_server() {
        format!("The account {id} is set up. `lacebark import` brings mail into it.")
    } else if arguments.no_test {
        format!("The account {id} is stored, untried.")
    } else {
        format!("The account {id} is set up. `lacebark sync {id}` fetches its mail.")
    };
    start.out.line(&text)?;
    match request.account.maildrop() {
        Some(maildrop) => start.out.line(&maildrop.on_server.words()),
        None => Ok(()),
    }
}

/// The password of a new account; `None` where a command prints it or it is given later.
fn secret(arguments: &Setup, account: &AccountSettings) -> Result<Option<Secret>, Failure> {
    if matches!(account.keep, Keep::Command(_)) || !account.has_server() {
        return Ok(None);
    }
    if arguments.password_stdin {
        return prompt::password_from_stdin().map(Some);
    }
    if prompt::possible() {
        return prompt::password(&format!("Password of {}:", account.login)).map(Some);
    }
    if arguments.no_test {
        return Ok(None);
    }
    Err(Failure::usage("There is no password to try").hint(
        "Give --password-stdin or --password-command; without a terminal nobody can be asked.",
    ))
}

/// `login`.
pub fn login(start: &mut Start, id: &str, from_stdin: bool) -> Result<(), Failure> {
    let account = places::with_server(&start.settings, id)?.clone();
    if let Keep::Command(_) = account.keep {
        return Err(
            Failure::new(format!("The password of {id} is printed by a command"))
                .hint("Change what the command prints, or password_command in the settings."),
        );
    }
    let secret = if from_stdin {
        prompt::password_from_stdin()?
    } else if prompt::possible() {
        prompt::password(&format!("Password of {}:", account.login))?
    } else {
        return Err(Failure::usage("There is no password to try")
            .hint("--password-stdin reads it where there is no terminal."));
    };
    let env = start.env()?;
    let request = SetupRequest {
        account,
        secret: Some(secret),
    };
    try_reading(&env, &request).map_err(|error| refused(&error, "Nothing was stored."))?;
    let kept = if let (Keep::Keyring, Some(secret)) = (&request.account.keep, &request.secret) {
        keep_secret(&env, &request.account, secret)
            .map_err(|error| refused(&error, "The password is right, but it is not kept."))?;
        format!("Signed in; the password of {id} is in the keyring.")
    } else {
        format!("Signed in; the password of {id} is kept nowhere, as its settings say.")
    };
    let told = match &request.secret {
        Some(secret) => tell_owner(start, &request.account, secret)?,
        None => String::new(),
    };
    say(start, format!("{kept} {told}").trim_end())
}

/// Gives the password to the process that works for the account, so that it signs in now.
fn tell_owner(
    start: &Start,
    account: &AccountSettings,
    secret: &Secret,
) -> Result<String, Failure> {
    let id = &account.id;
    match asking::sign_in(&start.store()?, &start.paths, id, secret)? {
        Answer::Alone => Ok(String::new()),
        Answer::Done(_) => Ok("The process that works for it has signed in.".to_owned()),
        Answer::Failed { why, .. } => {
            output::warn(&format!(
                "the process that works for {id} is not signed in: {why}"
            ));
            Ok(String::new())
        }
        // It reads the keyring itself when it goes on; nothing else would tell it.
        Answer::Silent { pid, stopped } if account.keep == Keep::Keyring => {
            output::warn(&online::silent(id, pid, stopped).error);
            Ok(String::new())
        }
        Answer::Silent { pid, stopped } => Err(online::silent(id, pid, stopped)),
    }
}

/// `logout`.
pub fn logout(start: &mut Start, id: &str) -> Result<(), Failure> {
    let kept = places::account(&start.settings, id)?.keep.clone();
    if kept == Keep::Keyring {
        start.env()?.secrets.delete(id).wait()?;
    }
    let kept = match kept {
        Keep::Keyring => format!("The password of {id} is forgotten."),
        Keep::Ask => format!("No password of {id} is kept anywhere."),
        Keep::Command(_) => {
            format!("The password of {id} is printed by a command; nothing is kept.")
        }
    };
    // Who is signed in with it ends that too.
    match asking::sign_out(&start.store()?, &start.paths, id)? {
        Answer::Done(_) => say(
            start,
            &format!("{kept} The process that works for it is signed out."),
        ),
        Answer::Silent { pid, stopped } => {
            say(start, &kept)?;
            Err(online::silent(id, pid, stopped))
        }
        Answer::Alone | Answer::Failed { .. } => say(start, &kept),
    }
}

/// `account test`.
pub fn test(start: &mut Start, id: &str) -> Result<(), Failure> {
    let account = places::with_server(&start.settings, id)?.clone();
    let secret = match account.keep {
        Keep::Ask if prompt::possible() => Some(prompt::password(&format!("Password of {id}:"))?),
        Keep::Ask | Keep::Keyring | Keep::Command(_) => None,
    };
    let request = SetupRequest { account, secret };
    let proof = try_sign_in(&start.env()?, &request).map_err(|error| refused(&error, ""))?;
    if start.out.json {
        let tested = json::TestedAccount {
            id: id.to_owned(),
            peer: proof.peer,
            inbox: proof.inbox,
            capabilities: proof.capabilities,
            sending: proof.sending.map(|sending| json::TestedSending {
                peer: sending.peer,
                max_size: sending.most,
                offers: sending.offers,
            }),
        };
        return start.out.object(&json::Tested {
            accounts: vec![tested],
        });
    }
    let inbox = match proof.inbox {
        Some(count) => format!("; INBOX has {count} messages"),
        None => String::new(),
    };
    start
        .out
        .line(&format!("{id}: signed in to {}{inbox}", proof.peer))?;
    let sending = match &proof.sending {
        Some(sending) => {
            let most = match sending.most {
                Some(most) => format!("; messages up to {most} octets"),
                None => String::new(),
            };
            format!("{id}: signed in to {} for sending{most}", sending.peer)
        }
        None => format!("{id}: no outgoing server is set, so that nothing can be sent"),
    };
    start.out.line(&sending)
}

/// A sign-in that failed, with the field that it is about and what that means for the store.
fn refused(error: &SetupError, meaning: &str) -> Failure {
    let text = format!("{}: {}", sentence(error.field.word(error.side)), error.text);
    let failure = match error.field {
        Field::Password | Field::Login | Field::Keep => Failure::sign_in(text),
        Field::Address
        | Field::Server
        | Field::Port
        | Field::Security
        | Field::CaFile
        | Field::None => Failure::new(text),
    };
    let hint = format!("{} {meaning}", error.hint);
    failure.hint(hint.trim())
}

/// What is to be set up, and what its provider says about passwords.
#[derive(Debug)]
struct Plan {
    account: AccountSettings,
    asks: String,
}

/// The plan of the arguments; nothing is asked or stored yet.
fn plan(arguments: &Setup, settings: &Settings, providers: &Providers) -> Result<Plan, Failure> {
    let address = address(&arguments.address)?;
    let provider = providers.of(&address);
    let id = match &arguments.account {
        Some(id) => own_id(id, settings)?,
        None => proposed_id(&address, settings),
    };
    let named = arguments.imap.is_some() || arguments.pop3.is_some();
    if arguments.local {
        let mut account = AccountSettings::local(&id);
        account.address = address;
        account.name = arguments.name.clone().unwrap_or_default();
        let asks = String::new();
        return Ok(Plan { account, asks });
    }
    let mut account = match &arguments.pop3 {
        Some(url) => {
            let mut maildrop = Maildrop::new(endpoint(Scheme::Pop3, "--pop3", url)?);
            maildrop.on_server = arguments.on_server.unwrap_or_default();
            maildrop.download_up_to = arguments.download_up_to;
            maildrop.check_every = arguments.check_every.unwrap_or(maildrop.check_every);
            AccountSettings::pop3(&id, &address, maildrop)
        }
        None => AccountSettings::imap(&id, &address, imap(arguments, &address, provider)?),
    };
    if let Some(provider) = provider.filter(|_| !named) {
        account.login = provider.login.of(&address);
        account.tls_ca_file = provider.tls_ca_file.clone();
    }
    if let Some(login) = &arguments.login {
        account.login = login.clone();
    }
    account.name = arguments.name.clone().unwrap_or_default();
    account.smtp = match &arguments.smtp {
        Some(url) => Some(endpoint(Scheme::Smtp, "--smtp", url)?),
        None => provider
            .filter(|_| !named)
            .and_then(|provider| provider.smtp_for(&address)),
    };
    account.offline = arguments.offline.unwrap_or(account.offline);
    account.keep = keep(arguments)?;
    account.auth = auth(arguments, &account.keep)?;
    if let Some(file) = &arguments.tls_ca_file {
        let told = |error| {
            Failure::new(format!("Cannot use the certificates in {}", file.display())).cause(error)
        };
        account.tls_ca_file = Some(std::path::absolute(file).map_err(told)?);
    }
    Ok(Plan {
        account,
        asks: provider.map(|p| p.asks.clone()).unwrap_or_default(),
    })
}

fn address(text: &str) -> Result<String, Failure> {
    let text = text.trim();
    let whole = text
        .rsplit_once('@')
        .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
    if !whole || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(Failure::usage(format!("\"{text}\" is not a mail address"))
            .hint("It looks like alice@example.org."));
    }
    Ok(text.to_owned())
}

fn imap(
    arguments: &Setup,
    address: &str,
    provider: Option<&Provider>,
) -> Result<Endpoint, Failure> {
    if let Some(url) = &arguments.imap {
        return endpoint(Scheme::Imap, "--imap", url);
    }
    let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
    let Some(provider) = provider else {
        return Err(
            Failure::usage(format!("The servers of {domain} are not known here"))
                .hint("Name them: --imap imaps://HOST --smtp smtps://HOST"),
        );
    };
    if provider.credential == Credential::Token && arguments.password_command.is_none() {
        return Err(Failure::usage(format!(
            "{} takes no password: it wants a token",
            provider.name
        ))
        .cause(&provider.asks)
        .hint("Give --auth xoauth2 and --password-command with a program that prints one."));
    }
    provider.imap.clone().ok_or_else(|| {
        Failure::new(format!("{} cannot be read by IMAP", provider.name)).cause(&provider.asks)
    })
}

fn endpoint(scheme: Scheme, option: &str, url: &str) -> Result<Endpoint, Failure> {
    Endpoint::parse(scheme, url)
        .map_err(|error| Failure::usage(format!("{option} names no server")).caused_by(&error))
}

fn own_id(id: &str, settings: &Settings) -> Result<String, Failure> {
    check_id(id).map_err(|why| Failure::usage("--account names no account").cause(why))?;
    if settings.account(id).is_some() || settings.faulty.iter().any(|faulty| faulty == id) {
        return Err(Failure::new(format!("There is an account {id} already"))
            .hint("`lacebark login` changes its password; the settings file all else."));
    }
    Ok(id.to_owned())
}

/// The first label of the domain, or the local part where that is taken, numbered if need be.
fn proposed_id(address: &str, settings: &Settings) -> String {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let label = domain.split('.').next().unwrap_or("");
    let clean = |text: &str| -> String {
        text.to_ascii_lowercase()
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
            .take(24)
            .collect()
    };
    let free = |id: &String| own_id(id, settings).is_ok();
    let numbered = (2..).map(|n| format!("mail-{n}"));
    [clean(label), clean(local), "mail".to_owned()]
        .into_iter()
        .chain(numbered)
        .find(free)
        .unwrap_or_default()
}

fn keep(arguments: &Setup) -> Result<Keep, Failure> {
    match (arguments.keep, &arguments.password_command) {
        (None | Some(args::Keep::Command), Some(command)) => {
            let argv = split(command)
                .map_err(|why| Failure::usage("--password-command is no command").cause(why))?;
            if argv.is_empty() {
                return Err(Failure::usage("--password-command is empty"));
            }
            Ok(Keep::Command(argv))
        }
        (Some(args::Keep::Command), None) => Err(Failure::usage(
            "--keep command needs --password-command CMD",
        )),
        (Some(args::Keep::Keyring | args::Keep::Ask), Some(_)) => Err(Failure::usage(
            "A password that a command prints is kept nowhere: leave out --keep",
        )),
        (Some(args::Keep::Ask), None) => Ok(Keep::Ask),
        (Some(args::Keep::Keyring) | None, None) => Ok(Keep::Keyring),
    }
}

fn auth(arguments: &Setup, keep: &Keep) -> Result<Auth, Failure> {
    match (arguments.auth, keep) {
        (args::Auth::Password, _) => Ok(Auth::Password),
        (args::Auth::Xoauth2, Keep::Command(_)) => Ok(Auth::XOAuth2),
        (args::Auth::Xoauth2, Keep::Keyring | Keep::Ask) => Err(Failure::usage(
            "--auth xoauth2 needs --password-command with a program that prints the token",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::{Command, parse};

    fn planned(line: &str) -> Result<AccountSettings, String> {
        let argv = format!("lacebark setup --address {line}");
        let command = parse(argv.split(' ').map(Into::into)).unwrap().command;
        let Some(Command::Setup(arguments)) = command else {
            panic!("{line}");
        };
        let settings = Settings {
            accounts: vec![AccountSettings::local("example")],
            ..Settings::default()
        };
        plan(&arguments, &settings, &Providers::built_in().unwrap())
            .map(|plan| plan.account)
            .map_err(|failure| failure.error)
    }

    #[test]
    fn an_account_is_made_of_its_arguments() {
        let account = planned(
            "zoe@example.org --imap imaps://z%40x@imap.example.org --smtp smtp://h --offline 7d --keep ask --name Zoë",
        )
        .unwrap();
        assert_eq!(account.id, "zoe");
        assert_eq!(account.login, "z@x");
        assert_eq!(account.keep, Keep::Ask);
        assert_eq!(account.offline.to_string(), "7d");
        assert_eq!(account.smtp.unwrap().port, 587);
        let local = planned("a@here.test --local --account files").unwrap();
        assert_eq!((local.id.as_str(), local.has_server()), ("files", false));
        assert_eq!(
            planned("a@lists.test --imap imaps://h").unwrap().id,
            "lists"
        );
        assert_eq!(
            planned("inbox@sent.test --imap imaps://h").unwrap().id,
            "mail"
        );
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (line, error) in [
            ("alice --imap imaps://h", "\"alice\" is not a mail address"),
            (
                "a@nowhere.test",
                "The servers of nowhere.test are not known here",
            ),
            (
                "a@b.test --imap imap+plain://mail.b.test",
                "--imap names no server",
            ),
            ("a@b.test --imap smtps://b.test", "--imap names no server"),
            (
                "a@b.test --imap imaps://u:p@b.test",
                "--imap names no server",
            ),
            (
                "a@b.test --imap imaps://h --smtp imaps://h",
                "--smtp names no server",
            ),
            (
                "a@b.test --imap imaps://h --account example",
                "There is an account example already",
            ),
            (
                "a@b.test --imap imaps://h --account sent",
                "--account names no account",
            ),
            (
                "a@b.test --imap imaps://h --keep command",
                "--keep command needs --password-command CMD",
            ),
            (
                "a@b.test --imap imaps://h --password-command x|y",
                "--password-command is no command",
            ),
            (
                "a@b.test --imap imaps://h --auth xoauth2",
                "--auth xoauth2 needs --password-command with a program that prints the token",
            ),
        ] {
            assert_eq!(planned(line).err().as_deref(), Some(error), "{line}");
        }
    }
}
