//! An account of the set-up screen: tried, then stored.

use crate::config::providers::{Credential, Providers};
use crate::config::{AccountSettings, Auth, Endpoint, Keep, Maildrop, Scheme};
use crate::model::{AccountKind as Stored, Secret};
use crate::sync::setup::{self, Field, SetupRequest, Side};
use crate::tui::app::event::{Ended, NewAccount, SetupField, Ticket};
use crate::tui::app::view::{KeepPassword, Security as ViewSecurity, Server};

use super::World;
use crate::tui::shell::Incoming;

/// Tries the sign-in, and stores the account when it works.
pub(super) fn set_up(world: &World, ticket: Ticket, new: &NewAccount) -> Ended {
    let request = match request(world, new) {
        Ok(request) => request,
        Err((field, text)) => return Ended::Refused { field, text },
    };
    let tried = match request.account.endpoint() {
        Some(_) => setup::try_sign_in(&world.env, &request).map(|_| ()),
        None => Ok(()),
    };
    // From here on it is stored and not stopped; who stopped it before has been told.
    if world.running().remove(&ticket).is_none() {
        return Ended::Done(String::new());
    }
    let outcome = tried.and_then(|()| {
        let settings = world.settings().clone();
        setup::store_account(&world.env, &world.paths, &settings, &request)
    });
    if let Err(error) = outcome {
        return Ended::Refused {
            field: field_of(error.field, error.side),
            text: in_words(&error.text, &error.hint),
        };
    }
    let id = request.account.id.clone();
    // The loop takes the account up before it hears of the end.
    let _ = world.post.send(Incoming::Added(Box::new(request)));
    Ended::SetUp(id)
}

/// What failed and what to do, in two sentences. The TLS library's own account of a certificate
/// stays in the log file.
fn in_words(text: &str, hint: &str) -> String {
    let text = match (text.split_once(" (error:"), hint.is_empty()) {
        (Some((words, numbers)), false) => {
            tracing::info!(numbers, "a certificate was refused");
            words
        }
        (Some(_), true) | (None, _) => text,
    };
    let stop = if text.ends_with(['.', '"', '!', '?']) {
        ""
    } else {
        "."
    };
    format!("{text}{stop} {hint}").trim_end().to_owned()
}

fn field_of(field: Field, side: Side) -> SetupField {
    match (field, side) {
        (Field::Address, _) => SetupField::Address,
        (Field::Server | Field::CaFile, Side::Reading) => SetupField::ImapHost,
        (Field::Server | Field::CaFile, Side::Sending) => SetupField::SmtpHost,
        (Field::Port, Side::Reading) => SetupField::ImapPort,
        (Field::Port, Side::Sending) => SetupField::SmtpPort,
        (Field::Security, Side::Reading) => SetupField::ImapSecurity,
        (Field::Security, Side::Sending) => SetupField::SmtpSecurity,
        (Field::Login, _) => SetupField::Login,
        (Field::Password, _) => SetupField::Password,
        (Field::Keep, _) => SetupField::Keep,
        (Field::None, _) => SetupField::Continue,
    }
}

fn request(world: &World, new: &NewAccount) -> Result<SetupRequest, (SetupField, String)> {
    let id = free_id(world, &new.address);
    let read =
        |scheme| endpoint(scheme, &new.servers.imap).map_err(|why| (SetupField::ImapHost, why));
    let base = match new.kind {
        Stored::Imap => AccountSettings::imap(&id, &new.address, read(Scheme::Imap)?),
        Stored::Pop3 => {
            let mut maildrop = Maildrop::new(read(Scheme::Pop3)?);
            maildrop.on_server = new.on_server;
            AccountSettings::pop3(&id, &new.address, maildrop)
        }
        Stored::Local => {
            let account = AccountSettings {
                name: new.name.clone(),
                address: new.address.clone(),
                ..AccountSettings::local(&id)
            };
            return Ok(SetupRequest {
                account,
                secret: None,
            });
        }
    };
    let smtp = if new.servers.smtp.host.is_empty() {
        None
    } else {
        let smtp = endpoint(Scheme::Smtp, &new.servers.smtp);
        Some(smtp.map_err(|why| (SetupField::SmtpHost, why))?)
    };
    let keep = match new.keep {
        KeepPassword::Keyring => Keep::Keyring,
        KeepPassword::Ask => Keep::Ask,
        KeepPassword::Command => {
            Keep::Command(new.command.split_whitespace().map(str::to_owned).collect())
        }
    };
    let secret = match new.keep {
        KeepPassword::Keyring | KeepPassword::Ask => Some(Secret::new(new.password.0.clone())),
        KeepPassword::Command => None,
    };
    let provider = Providers::find().ok();
    let provider = provider.as_ref().and_then(|all| all.of(&new.address));
    let token = provider.is_some_and(|p| p.credential == Credential::Token);
    let account = AccountSettings {
        auth: if token && new.keep == KeepPassword::Command {
            Auth::XOAuth2
        } else {
            Auth::Password
        },
        tls_ca_file: provider.and_then(|provider| provider.tls_ca_file.clone()),
        name: new.name.clone(),
        login: new.login.clone(),
        smtp,
        keep,
        offline: new.offline,
        ..base
    };
    Ok(SetupRequest { account, secret })
}

/// An id that no account has: what stands before the `@`, else with a number.
fn free_id(world: &World, address: &str) -> String {
    let local = address.split('@').next().unwrap_or_default();
    let mut id: String = local
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        .collect();
    if id.is_empty() {
        id = "mail".to_owned();
    }
    let settings = world.settings();
    let taken =
        |id: &str| settings.account(id).is_some() || settings.faulty.iter().any(|f| f == id);
    if !taken(&id) {
        return id;
    }
    (2..1000)
        .map(|number| format!("{id}{number}"))
        .find(|id| !taken(id))
        .unwrap_or(id)
}

fn endpoint(scheme: Scheme, server: &Server) -> Result<Endpoint, String> {
    let form = match server.security {
        ViewSecurity::Tls => format!("{}s", scheme.word()),
        ViewSecurity::StartTls => scheme.word().to_owned(),
        ViewSecurity::Plain => format!("{}+plain", scheme.word()),
    };
    let host = if server.host.contains(':') && !server.host.starts_with('[') {
        format!("[{}]", server.host)
    } else {
        server.host.clone()
    };
    let url = format!("{form}://{host}:{}", server.port);
    Endpoint::parse(scheme, &url).map_err(|error| error.to_string())
}
