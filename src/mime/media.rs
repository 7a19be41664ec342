//! The media type of a file that is attached: what its first bytes say, made precise by its name
//! where the two agree.

use super::header::Header;
use super::{filename, sniff};

/// Extensions and the type that files of that name have.
const TYPES: [(&str, &str); 62] = [
    ("7z", "application/x-7z-compressed"),
    ("aac", "audio/aac"),
    ("apk", "application/vnd.android.package-archive"),
    ("asc", "text/plain"),
    ("avi", "video/x-msvideo"),
    ("avif", "image/avif"),
    ("c", "text/x-c"),
    ("conf", "text/plain"),
    ("css", "text/css"),
    ("csv", "text/csv"),
    ("diff", "text/x-diff"),
    ("doc", "application/msword"),
    (
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    ("eml", "message/rfc822"),
    ("epub", "application/epub+zip"),
    ("flac", "audio/flac"),
    ("h", "text/x-c"),
    ("heic", "image/heic"),
    ("htm", "text/html"),
    ("html", "text/html"),
    ("ics", "text/calendar"),
    ("jar", "application/java-archive"),
    ("js", "text/javascript"),
    ("json", "application/json"),
    ("log", "text/plain"),
    ("m4a", "audio/mp4"),
    ("md", "text/markdown"),
    ("mkv", "video/x-matroska"),
    ("mov", "video/quicktime"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("odp", "application/vnd.oasis.opendocument.presentation"),
    ("ods", "application/vnd.oasis.opendocument.spreadsheet"),
    ("odt", "application/vnd.oasis.opendocument.text"),
    ("oga", "audio/ogg"),
    ("ogg", "audio/ogg"),
    ("ogv", "video/ogg"),
    ("opus", "audio/ogg"),
    ("patch", "text/x-diff"),
    ("pl", "text/x-perl"),
    ("ppt", "application/vnd.ms-powerpoint"),
    (
        "pptx",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ),
    ("py", "text/x-python"),
    ("rs", "text/rust"),
    ("rtf", "application/rtf"),
    ("sh", "text/x-shellscript"),
    ("svg", "image/svg+xml"),
    ("tar", "application/x-tar"),
    ("tex", "text/x-tex"),
    ("text", "text/plain"),
    ("toml", "text/plain"),
    ("tsv", "text/tab-separated-values"),
    ("txt", "text/plain"),
    ("vcf", "text/vcard"),
    ("wav", "audio/wav"),
    ("webm", "video/webm"),
    ("xls", "application/vnd.ms-excel"),
    (
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    ("xml", "text/xml"),
    ("yaml", "text/plain"),
    ("yml", "text/plain"),
    ("zst", "application/zstd"),
];

/// The type of a file with this name that begins with `head`: what the name says if the bytes do not
/// speak against it, else what they are, else text or octets.
pub fn of_file(name: &str, head: &[u8]) -> String {
    let extension = filename::extension(name);
    let by_name = extension.as_deref().and_then(by_extension);
    let kind = sniff::sniff(head).map(|kind| kind.media_type);
    let honest = sniff::disagreement(name, head).is_none();
    match (kind, by_name) {
        // A container says less than the name of what it holds.
        (Some("application/zip" | "application/x-ole-storage" | "text/x-script"), Some(named))
            if honest =>
        {
            named.to_owned()
        }
        (Some("text/html"), Some(named)) if honest && named.contains("xml") => named.to_owned(),
        (Some("text/x-script"), None) => "text/plain".to_owned(),
        (Some(kind), _) => kind.to_owned(),
        (None, Some("message/rfc822")) => match is_message(head) {
            true => "message/rfc822".to_owned(),
            false => plain(head).to_owned(),
        },
        (None, Some(named)) if !is_textual(named) || is_text(head) => named.to_owned(),
        (None, _) => plain(head).to_owned(),
    }
}

fn by_extension(extension: &str) -> Option<&'static str> {
    let found = TYPES.iter().find(|(known, _)| *known == extension);
    found.map(|(_, media_type)| *media_type)
}

fn is_textual(media_type: &str) -> bool {
    media_type.starts_with("text/") || matches!(media_type, "application/json" | "image/svg+xml")
}

fn plain(head: &[u8]) -> &'static str {
    match is_text(head) && !head.is_empty() {
        true => "text/plain",
        false => "application/octet-stream",
    }
}

/// Whether bytes are UTF-8 text; a letter that the end cuts in two does not matter.
fn is_text(head: &[u8]) -> bool {
    let odd = |b: &u8| *b < 9 || (14..32).contains(b) && *b != 27 || *b == 127;
    let whole = match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    whole && !head.iter().any(odd)
}

/// Whether bytes begin with header fields, as a message does.
fn is_message(head: &[u8]) -> bool {
    let header = Header::parse(head);
    ["From", "Date", "Received", "Message-ID", "Subject"]
        .iter()
        .any(|name| header.first(name).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_it_holds_and_its_name_makes_that_precise() {
        let check = |name: &str, head: &[u8], want: &str| {
            assert_eq!(of_file(name, head), want, "{name}");
        };
        check("a.pdf", b"%PDF-1.7", "application/pdf");
        check("a", b"%PDF-1.7", "application/pdf");
        check("a.pdf", b"PK\x03\x04", "application/zip");
        check(
            "a.odt",
            b"PK\x03\x04",
            "application/vnd.oasis.opendocument.text",
        );
        check(
            "a.doc",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            "application/msword",
        );
        check("a.zip", b"PK\x03\x04", "application/zip");
        check("a.png", b"\x89PNG\r\n\x1a\n", "image/png");
        check("photo.jpg", b"MZ\x90\0\x03", "application/x-msdownload");
        check("a.csv", b"a,b\n1,2\n", "text/csv");
        check("a.csv", b"a\0b\x01", "application/octet-stream");
        check("a.mp4", b"\0\0\0\x18ftypmp42", "video/mp4");
        check("notes", "Grüße\n".as_bytes(), "text/plain");
        check("notes", "Grüße".as_bytes().get(..3).unwrap(), "text/plain");
        check("notes", b"\xff\xfe\x01", "application/octet-stream");
        check("latin.txt", b"Gr\xfc\xdfe\n", "application/octet-stream");
        check("empty", b"", "application/octet-stream");
        check("empty.txt", b"", "text/plain");
        check("run.py", b"#!/usr/bin/python3\n", "text/x-python");
        check("run", b"#!/bin/sh\n", "text/plain");
        check("a.html", b"<!DOCTYPE html>", "text/html");
        check("a.txt", b"<!DOCTYPE html>", "text/html");
        check("mail.eml", b"Subject: Hi\r\n\r\nx", "message/rfc822");
        check("mail.eml", b"no header here", "text/plain");
        check("X.JSON", b"{}", "application/json");
    }
}
