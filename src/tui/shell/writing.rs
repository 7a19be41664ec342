//! What the composer asks of the store and of files.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;

use crate::model::{Address, Attachment, MessageKey, Recipient};
use crate::ops::{attach, contacts, message};
use crate::store::{Reader, StoreError};
use crate::tui::app::files::Named;
use crate::tui::app::view::Contact;

use super::files;

/// Octets of a file that may be put into a text.
const TEXT: u64 = 8 << 20;
/// People that are offered at a time, before those are taken away who have it already.
const PEOPLE: usize = 20;

/// A file as it would be attached.
pub fn attachment(typed: &str) -> Result<Attachment, String> {
    attach::file(&files::typed(typed)).map_err(|error| format!("{error}."))
}

/// People whom a text could mean, with the addresses of the message `about` among them.
pub fn people(
    reader: &Reader,
    text: &str,
    about: Option<MessageKey>,
    own: &[String],
) -> Result<Vec<Contact>, StoreError> {
    let source = about.and_then(|key| message::source(reader, key).ok());
    let at_hand: Vec<Address> = source.map_or_else(Vec::new, |source| {
        let envelope = source.content.envelope;
        let fields = [envelope.from, envelope.reply_to, envelope.to, envelope.cc];
        fields.into_iter().flatten().collect()
    });
    let typed = contacts::Typed {
        text,
        at_hand: &at_hand,
        own,
        limit: PEOPLE,
    };
    let found = contacts::complete(reader, &typed)?;
    let contact = |one: contacts::Suggestion| Contact {
        address: one.address,
        nickname: one.nickname,
        why: one.known.to_string(),
    };
    Ok(found.into_iter().map(contact).collect())
}

/// Who is meant by what was typed into an address field, or why nobody is. Bare names are those of
/// the settings, alone, or of the address book.
pub fn resolved(
    reader: &Reader,
    text: &str,
    aliases: &BTreeMap<String, Vec<String>>,
) -> Result<Result<Vec<Recipient>, String>, StoreError> {
    if let Some(all) = aliases.get(&text.trim().to_lowercase()) {
        let all = all.iter().map(|one| Recipient::address(one));
        return Ok(Ok(all.collect()));
    }
    let found = contacts::resolve(reader, text)?;
    Ok(found.map_err(|refused| format!("{refused}.")))
}

/// The text of a file.
pub fn text(named: &Named) -> Result<String, String> {
    let path = match named {
        Named::Typed(text) => files::typed(text),
        Named::At(path) => path.clone(),
    };
    let shown = path.display();
    let failed = |error: std::io::Error| format!("{shown} cannot be read: {error}.");
    let about = fs::metadata(&path).map_err(failed)?;
    if !about.is_file() {
        return Err(format!("{shown} is no file."));
    }
    let mut bytes = Vec::new();
    let file = File::open(&path).map_err(failed)?;
    file.take(TEXT + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > TEXT {
        return Err(format!(
            "{shown} is too long for a text; attach it instead."
        ));
    }
    if bytes.contains(&0) {
        return Err(format!("{shown} is no text; attach it instead."));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) => Ok(error
            .as_bytes()
            .iter()
            .map(|octet| char::from(*octet))
            .collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_no_text_is_not_put_into_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, b"a\0b").unwrap();
        assert!(
            text(&Named::At(path.clone()))
                .unwrap_err()
                .contains("no text")
        );
        fs::write(&path, b"Gr\xfc\xdfe").unwrap();
        let typed = Named::Typed(path.to_str().unwrap().to_owned());
        assert_eq!(text(&typed).unwrap(), "Grüße");
    }
}
