//! From the file of settings to [`Settings`], with a line number for everything that is wrong.
//!
//! Nothing wrong in the file ends the program. An unknown key is told; a faulty value leaves the
//! default in force; a faulty account is left out and named, because half an account could send a
//! password to the wrong place.

pub mod maildrop;
mod writing;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use thiserror::Error;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::config::settings::{
    AccountKind, AccountSettings, Auth, Cursor, Keep, Settings, Theme, Ui, UserLevel,
};
use crate::config::table::{Fault, Report, Section, Warning, expected, texts};
use crate::config::url::{Endpoint, Scheme};
use crate::model::{Offline, Role};

/// The annotated default, every key in a comment; it is what a first file starts from.
pub const TEMPLATE: &str = include_str!("../../assets/config.toml");

/// A file of settings that cannot be read at all.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The system refuses.
    #[error("cannot read the settings in {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
}

/// Reads the file; one that is not there says nothing.
pub fn load(path: &Path) -> Result<(Settings, Vec<Warning>), ConfigError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(parse(&text, path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Ok((Settings::default(), Vec::new()))
        }
        Err(source) => Err(ConfigError::Read {
            path: path.to_owned(),
            source,
        }),
    }
}

/// Reads the text of a file; `file` is for the warnings, and relative paths in it start there.
pub fn parse(text: &str, file: &Path) -> (Settings, Vec<Warning>) {
    let mut report = Report::new(file, text);
    let (document, errors) = DeTable::parse_recoverable(text);
    let mut broken = Vec::new();
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        report.add(Fault::Syntax, &span, "", error.message());
        broken.push(report.line(&span));
    }
    let mut root = Section::new(document.get_ref(), "", 0..0);
    let mut settings = Settings::default();
    if let Some(offline) = root.text(&mut report, "offline", read_offline) {
        settings.offline = offline;
    }
    if let Some(section) = root.table(&mut report, "ui") {
        settings.ui = read_ui(section, &mut report);
    }
    if let Some(section) = root.table(&mut report, "open") {
        settings.openers = read_openers(section, &mut report);
    }
    if let Some(section) = root.table(&mut report, "send") {
        settings.send = writing::read_send(section, &mut report);
    }
    if let Some(section) = root.table(&mut report, "aliases") {
        settings.aliases = writing::read_aliases(section, &mut report);
    }
    let sections = root.tables(&mut report, "account");
    let starts: Vec<usize> = sections.iter().map(|s| report.line(&s.span)).collect();
    for (number, section) in sections.into_iter().enumerate() {
        let from = starts.get(number).copied().unwrap_or(0);
        let to = starts.get(number + 1).copied().unwrap_or(usize::MAX);
        let torn = broken.iter().any(|line| (from..to).contains(line));
        read_account(section, torn, &mut settings, &mut report);
    }
    root.finish(&mut report);
    report.warnings.sort_by_key(|warning| warning.line);
    (settings, report.warnings)
}

fn read_offline(text: &str) -> Result<Offline, String> {
    Offline::try_from(text.to_owned())
}

fn read_ui(mut section: Section<'_, '_>, report: &mut Report) -> Ui {
    let levels = [
        ("new", UserLevel::New),
        ("familiar", UserLevel::Familiar),
        ("expert", UserLevel::Expert),
    ];
    let cursors = [("unread", Cursor::Unread), ("newest", Cursor::Newest)];
    let themes = [("mono", Theme::Mono), ("ansi16", Theme::Ansi16)];
    let ui = Ui {
        user_level: section
            .word(report, "user_level", &levels)
            .unwrap_or_default(),
        cursor: section.word(report, "cursor", &cursors).unwrap_or_default(),
        theme: section.word(report, "theme", &themes).unwrap_or_default(),
        mouse: section.truth(report, "mouse").unwrap_or_default(),
        confirm_send: section
            .truth(report, "confirm_send")
            .unwrap_or(Ui::default().confirm_send),
    };
    section.finish(report);
    ui
}

fn read_openers(
    mut section: Section<'_, '_>,
    report: &mut Report,
) -> BTreeMap<String, Vec<String>> {
    let mut openers = BTreeMap::new();
    for (media_type, span, value) in section.entries() {
        let path = format!("open.\"{media_type}\"");
        let whole = media_type
            .split_once('/')
            .is_some_and(|(kind, subtype)| !kind.is_empty() && !subtype.is_empty());
        if !whole {
            report.add(
                Fault::Value,
                &span,
                &path,
                "a media type such as \"image/*\" is expected",
            );
            continue;
        }
        match argv(value) {
            Ok(argv) => {
                openers.insert(media_type.to_ascii_lowercase(), argv);
            }
            Err(why) => report.add(Fault::Value, &value.span(), &path, why),
        }
    }
    openers
}

/// A command as an array of arguments, or as text that is split at blanks and quotes. No shell ever
/// sees it.
fn argv(value: &Spanned<DeValue<'_>>) -> Result<Vec<String>, String> {
    let argv = match (value.get_ref().as_array(), value.get_ref().as_str()) {
        (Some(items), _) => texts(items)?,
        (None, Some(text)) => split(text)?,
        (None, None) => return Err(expected("an array of arguments", value)),
    };
    match argv.first() {
        Some(program) if !program.is_empty() => Ok(argv),
        _ => Err("the command is empty".to_owned()),
    }
}

/// Splits a command as a shell would: blanks part, quotes and backslashes hold together. Nothing is
/// expanded, and what only a shell could do is refused instead of being passed on as text.
pub fn split(text: &str) -> Result<Vec<String>, String> {
    let mut argv = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    let unfinished = |mark: char| format!("the {mark} in the command has no end");
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\n' => argv.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some('\'') => break,
                        Some(c) => word.push(c),
                        None => return Err(unfinished('\'')),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some('"') => break,
                        Some('\\') => match chars.next() {
                            Some(c @ ('"' | '\\' | '$' | '`')) => word.push(c),
                            Some(c) => word.extend(['\\', c]),
                            None => return Err(unfinished('"')),
                        },
                        Some(c) => word.push(c),
                        None => return Err(unfinished('"')),
                    }
                }
            }
            '\\' => match chars.next() {
                Some(c) => word.get_or_insert_default().push(c),
                None => return Err(unfinished('\\')),
            },
            '|' | '&' | ';' | '<' | '>' | '`' | '$' | '(' | ')' => {
                return Err(format!(
                    "no shell runs the command, so {c} would do nothing; quote it if it is meant \
                     as text, or write [\"sh\", \"-c\", …]"
                ));
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    argv.extend(word);
    Ok(argv)
}

/// Reads one account into `settings`, or names it among the faulty.
fn read_account(
    mut section: Section<'_, '_>,
    torn: bool,
    settings: &mut Settings,
    report: &mut Report,
) {
    let before = report.faults();
    let span = section.span.clone();
    let Some(id) = read_id(&mut section, settings, report) else {
        let why = "an account without an id of its own is left out";
        report.add(Fault::Account, &span, "account", why);
        return;
    };
    let account = read_fields(&mut section, &id, settings.offline, report);
    section.finish(report);
    match account {
        Some(account) if report.faults() == before && !torn => settings.accounts.push(account),
        _ => {
            let why = format!("account {id} is left out until this is mended");
            report.add(Fault::Account, &span, "account", why);
            settings.faulty.push(id);
        }
    }
}

fn read_id(
    section: &mut Section<'_, '_>,
    settings: &Settings,
    report: &mut Report,
) -> Option<String> {
    if section.take("id").is_none() {
        let span = section.span.clone();
        report.add(
            Fault::Value,
            &span,
            "account.id",
            "each account needs an id",
        );
        return None;
    }
    section.text(report, "id", |id| {
        check_id(id)?;
        if settings.account(id).is_some() || settings.faulty.iter().any(|known| known == id) {
            return Err(format!("another account is named \"{id}\" already"));
        }
        Ok(id.to_owned())
    })
}

/// Whether a text can name an account: it stands before `:` on the command line and in file names.
pub fn check_id(id: &str) -> Result<(), String> {
    let fits = (1..=32).contains(&id.len())
        && id.starts_with(|c: char| c.is_ascii_alphanumeric())
        && id
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if !fits {
        return Err(format!(
            "\"{id}\" is no id: 1 to 32 letters, digits, \"-\", \"_\", \".\", a letter or digit first"
        ));
    }
    if Role::parse(id).is_some() {
        return Err(format!(
            "\"{id}\" names a mailbox by its role; choose another id"
        ));
    }
    Ok(())
}

fn read_fields(
    section: &mut Section<'_, '_>,
    id: &str,
    offline: Offline,
    report: &mut Report,
) -> Option<AccountSettings> {
    let span = section.span.clone();
    let base = report_folder(report);
    let kinds = [
        ("imap", Some("imap")),
        ("pop3", Some("pop3")),
        ("local", None),
    ];
    let said = section.word(report, "kind", &kinds);
    let has_server = said != Some(None);
    let by_pop3 = has_server && maildrop::is_read_by_pop3(section, said.flatten(), report);
    let mut account = AccountSettings::local(id);
    account.name = section.text(report, "name", one_line).unwrap_or_default();
    account.address = section
        .text(report, "address", check_address)
        .unwrap_or_default();
    let login = section.text(report, "login", one_line);
    let imap = section.text(report, "imap", |url| Endpoint::parse(Scheme::Imap, url));
    let maildrop = maildrop::read(section, report);
    account.smtp = section.text(report, "smtp", |url| Endpoint::parse(Scheme::Smtp, url));
    account.auth = section
        .word(
            report,
            "auth",
            &[("password", Auth::Password), ("xoauth2", Auth::XOAuth2)],
        )
        .unwrap_or_default();
    let signs_in = has_server || account.smtp.is_some();
    account.keep = read_keep(section, signs_in, report);
    account.offline =
        section
            .text(report, "offline", read_offline)
            .unwrap_or(if has_server && !by_pop3 {
                offline
            } else {
                Offline::All
            });
    writing::read(section, &mut account, report);
    read_mailboxes(section, report, &mut account);
    account.tls_ca_file = section.text(report, "tls_ca_file", |path| {
        Ok::<_, String>(expanded(path, &base))
    });
    if let Some(value) = section.take("password") {
        let why =
            "a password has no place in this file; run lacebark login, or set password_command";
        report.add(Fault::Value, &value.span(), "account.password", why);
    }
    if !has_server {
        // Mail may leave without a server that it comes from.
        let usual = match signs_in {
            true => account.address.clone(),
            false => String::new(),
        };
        account.login = login.unwrap_or(usual);
        return Some(account);
    }
    let kind = match (imap, maildrop, by_pop3) {
        (_, Some(maildrop), true) => AccountKind::Pop3(maildrop),
        (Some(endpoint), _, false) => AccountKind::Imap(endpoint),
        _ => {
            missing_server(section, &span, by_pop3, report);
            return None;
        }
    };
    account.kind = kind;
    let user = account
        .endpoint()
        .and_then(|endpoint| endpoint.user.clone());
    let login = login.or(user).unwrap_or_else(|| account.address.clone());
    if login.is_empty() {
        let why = "neither login nor address says who signs in";
        report.add(Fault::Value, &span, "account.login", why);
        return None;
    }
    account.login = login;
    Some(account)
}

/// Says which server is missing, unless what stands there was told to be no server already.
fn missing_server(
    section: &mut Section<'_, '_>,
    span: &Range<usize>,
    by_pop3: bool,
    report: &mut Report,
) {
    let (key, why) = if by_pop3 {
        ("pop3", "the server is missing: pop3 = \"pop3s://host\"")
    } else {
        (
            "imap",
            "the server is missing: imap = \"imaps://host\" or pop3 = \"pop3s://host\", or kind = \"local\"",
        )
    };
    if section.take(key).is_none() {
        report.add(Fault::Value, span, &format!("account.{key}"), why);
    }
}

fn read_keep(section: &mut Section<'_, '_>, signs_in: bool, report: &mut Report) -> Keep {
    let command = section.take("password_command");
    let span = command.map_or_else(|| section.span.clone(), Spanned::span);
    let command = command.and_then(|value| match argv(value) {
        Ok(argv) => Some(argv),
        Err(why) => {
            report.add(Fault::Value, &value.span(), "account.password_command", why);
            None
        }
    });
    let words = [("keyring", 'k'), ("ask", 'a'), ("command", 'c')];
    match (section.word(report, "keep", &words), command) {
        (None | Some('c'), Some(argv)) => Keep::Command(argv),
        (Some('c'), None) => {
            let why = "keep = \"command\" needs a password_command";
            report.add(Fault::Value, &span, "account.keep", why);
            Keep::Ask
        }
        (Some(_), Some(_)) => {
            let why = "there is a password_command, but keep says otherwise";
            report.add(Fault::Value, &span, "account.password_command", why);
            Keep::Ask
        }
        (Some('a'), None) => Keep::Ask,
        (_, None) if signs_in => Keep::Keyring,
        (_, None) => Keep::Ask,
    }
}

fn read_mailboxes(
    section: &mut Section<'_, '_>,
    report: &mut Report,
    account: &mut AccountSettings,
) {
    let Some(mut mailboxes) = section.table(report, "mailboxes") else {
        return;
    };
    let words = Role::GIVEN.map(|role| (role.word(), role));
    for (name, span, _) in mailboxes.entries() {
        let Some(mut mailbox) = mailboxes.table(report, name) else {
            continue;
        };
        if let Some(offline) = mailbox.text(report, "offline", read_offline) {
            account.mailboxes.insert(name.to_owned(), offline);
        }
        if let Some(role) = mailbox.word(report, "role", &words) {
            match account.roles.get(&role) {
                None => {
                    account.roles.insert(role, name.to_owned());
                }
                Some(first) => {
                    let why = format!("\"{first}\" has the role {} already", role.word());
                    let key = format!("account.mailboxes.{name}.role");
                    report.add(Fault::Value, &span, &key, why);
                }
            }
        }
        mailbox.finish(report);
    }
}

fn one_line(text: &str) -> Result<String, &'static str> {
    match text.chars().any(char::is_control) {
        true => Err("control characters have no place here"),
        false => Ok(text.to_owned()),
    }
}

fn check_address(text: &str) -> Result<String, String> {
    let refused = || format!("\"{text}\" is no mail address");
    let (local, domain) = text.rsplit_once('@').ok_or_else(refused)?;
    let odd = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>' | ',');
    if local.is_empty() || domain.is_empty() || text.chars().any(odd) {
        return Err(refused());
    }
    Ok(text.to_owned())
}

fn report_folder(report: &Report) -> PathBuf {
    report.file().parent().unwrap_or(Path::new("")).to_owned()
}

/// `~/` is the home folder; a relative path starts beside the file of settings.
fn expanded(path: &str, base: &Path) -> PathBuf {
    match path.strip_prefix("~/") {
        Some(rest) => match directories::BaseDirs::new() {
            Some(found) => found.home_dir().join(rest),
            None => PathBuf::from(path),
        },
        None => base.join(path),
    }
}

#[cfg(test)]
mod tests;
