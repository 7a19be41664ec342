//! What the composer asks of the store and of files.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::time::UNIX_EPOCH;

use crate::mime::sniff;
use crate::model::{Attachment, Source};

use super::files;

/// Octets of a file that may be put into a text.
const TEXT: u64 = 8 << 20;
/// Octets that tell what a file is.
const HEAD: u64 = 4096;

/// A file as it would be attached: its type is what it holds, not what it is called.
pub fn attachment(typed: &str) -> Result<Attachment, String> {
    let path = files::typed(typed);
    let shown = path.display();
    let failed = |error: std::io::Error| format!("{shown} cannot be attached: {error}.");
    let about = fs::metadata(&path).map_err(failed)?;
    if !about.is_file() {
        return Err(format!(
            "{shown} is no file; Tab lists what is in a folder."
        ));
    }
    let mut head = Vec::new();
    let file = File::open(&path).map_err(failed)?;
    file.take(HEAD).read_to_end(&mut head).map_err(failed)?;
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let modified = about.modified().ok();
    let modified = modified.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let seconds = modified.map_or(0, |at| at.as_secs());
    let whole = fs::canonicalize(&path);
    let whole = whole.as_deref().unwrap_or(&path);
    let Some(path) = whole.to_str().map(str::to_owned) else {
        return Err(format!("{shown} has a name that is no UTF-8 text."));
    };
    Ok(Attachment {
        media_type: media_type(&name, &head),
        name,
        size: about.len(),
        source: Source::File {
            path,
            size: about.len(),
            modified: i64::try_from(seconds).unwrap_or(i64::MAX),
        },
    })
}

/// The type by content, else by name, else text or octets.
fn media_type(name: &str, head: &[u8]) -> String {
    let by_name = || {
        let extension = Path::new(name).extension()?.to_str()?.to_ascii_lowercase();
        let known = match extension.as_str() {
            "csv" => "text/csv",
            "html" | "htm" => "text/html",
            "md" => "text/markdown",
            "ics" => "text/calendar",
            "vcf" => "text/vcard",
            "patch" | "diff" => "text/x-patch",
            "json" => "application/json",
            "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "pptx" => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            "odt" => "application/vnd.oasis.opendocument.text",
            "ods" => "application/vnd.oasis.opendocument.spreadsheet",
            "svg" => "image/svg+xml",
            _ => return None,
        };
        Some(known.to_owned())
    };
    let text = !head.contains(&0) && std::str::from_utf8(head).is_ok_or_cut();
    let sniffed = sniff::sniff(head).map(|kind| kind.media_type.to_owned());
    match (sniffed.as_deref(), by_name()) {
        // What an office program writes is a zip file to the eye.
        (Some("application/zip"), Some(name)) if name.starts_with("application/vnd.") => name,
        (Some(_), _) => sniffed.unwrap_or_default(),
        (None, Some(name)) if text || !name.starts_with("text/") => name,
        (None, _) if text => "text/plain".to_owned(),
        (None, _) => "application/octet-stream".to_owned(),
    }
}

/// UTF-8, as far as the end may have been cut inside a character.
trait Utf8Head {
    fn is_ok_or_cut(&self) -> bool;
}

impl Utf8Head for Result<&str, std::str::Utf8Error> {
    fn is_ok_or_cut(&self) -> bool {
        match self {
            Ok(_) => true,
            Err(error) => error.error_len().is_none(),
        }
    }
}

/// The text of a file.
pub fn text(typed: &str) -> Result<String, String> {
    let path = files::typed(typed);
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
    fn the_type_of_an_attachment_is_what_it_holds() {
        let folder = tempfile::tempdir().unwrap();
        let check = |name: &str, bytes: &[u8], want: &str| {
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap();
            let one = attachment(path.to_str().unwrap()).unwrap();
            assert_eq!(
                (one.media_type.as_str(), one.size),
                (want, bytes.len() as u64)
            );
            assert_eq!(one.name, name);
        };
        check("a.pdf", b"%PDF-1.7\n", "application/pdf");
        check("lies.txt", b"%PDF-1.7\n", "application/pdf");
        check("a.csv", b"1,2\n", "text/csv");
        check("a.csv.bin", b"\0\x01", "application/octet-stream");
        check("notes", "Größe".as_bytes(), "text/plain");
        check("a.csv", b"\0\x01", "application/octet-stream");
        let refused = attachment(folder.path().to_str().unwrap()).unwrap_err();
        assert!(refused.contains("is no file"), "{refused}");
        assert!(attachment("/nowhere/at/all").is_err());
    }

    #[test]
    fn a_file_that_is_no_text_is_not_put_into_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, b"a\0b").unwrap();
        assert!(
            text(path.to_str().unwrap())
                .unwrap_err()
                .contains("no text")
        );
        fs::write(&path, b"Gr\xfc\xdfe").unwrap();
        assert_eq!(text(path.to_str().unwrap()).unwrap(), "Grüße");
    }
}
