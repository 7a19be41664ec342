//! What an attachment is by its first bytes: the type is what the content is, with a warning when
//! the name disagrees (SAFETY A2).

use super::filename;

/// A content type told by magic numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// The media type.
    pub media_type: &'static str,
    /// The short word for a warning: `pdf`, `zip`, `exe`.
    pub word: &'static str,
}

type Magic = (
    &'static [u8],
    &'static str,
    &'static str,
    &'static [&'static str],
);

/// First bytes, type, word, and the extensions that go with them; longer magic first.
const MAGIC: [Magic; 21] = [
    (b"%PDF-", "application/pdf", "pdf", &["pdf", "ai"]),
    (b"PK\x03\x04", "application/zip", "zip", ZIPS),
    (b"PK\x05\x06", "application/zip", "zip", ZIPS),
    (b"\x89PNG\r\n\x1a\n", "image/png", "png", &["png", "apng"]),
    (
        b"\xff\xd8\xff",
        "image/jpeg",
        "jpeg",
        &["jpg", "jpeg", "jpe", "jfif"],
    ),
    (b"GIF8", "image/gif", "gif", &["gif"]),
    (b"BM", "image/bmp", "bmp", &["bmp", "dib"]),
    (
        b"II*\0",
        "image/tiff",
        "tiff",
        &["tif", "tiff", "dng", "nef", "cr2"],
    ),
    (b"MM\0*", "image/tiff", "tiff", &["tif", "tiff", "nef"]),
    (
        b"\x7fELF",
        "application/x-elf",
        "elf program",
        &["elf", "so", "o", "bin", "axf"],
    ),
    (
        b"MZ",
        "application/x-msdownload",
        "Windows program",
        &["exe", "dll", "scr", "com", "sys"],
    ),
    (
        b"\x1f\x8b",
        "application/gzip",
        "gzip",
        &["gz", "tgz", "svgz", "emz"],
    ),
    (
        b"BZh",
        "application/x-bzip2",
        "bzip2",
        &["bz2", "tbz", "tbz2"],
    ),
    (b"\xfd7zXZ\0", "application/x-xz", "xz", &["xz", "txz"]),
    (
        b"7z\xbc\xaf\x27\x1c",
        "application/x-7z-compressed",
        "7z",
        &["7z"],
    ),
    (b"Rar!\x1a\x07", "application/vnd.rar", "rar", &["rar"]),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "application/x-ole-storage",
        "Office document",
        OFFICE,
    ),
    (b"{\\rtf", "application/rtf", "rtf", &["rtf", "doc"]),
    (b"OggS", "audio/ogg", "ogg", &["ogg", "oga", "ogv", "opus"]),
    (b"ID3", "audio/mpeg", "mp3", &["mp3"]),
    (
        b"#!",
        "text/x-script",
        "script",
        &["py", "pl", "rb", "run", "command", "txt"],
    ),
];

const ZIPS: &[&str] = &[
    "zip", "docx", "xlsx", "pptx", "docm", "xlsm", "odt", "ods", "odp", "odg", "jar", "apk",
    "epub", "xpi", "kmz", "pages", "numbers", "key", "whl", "3mf",
];
const OFFICE: &[&str] = &[
    "doc", "xls", "ppt", "msi", "msg", "dot", "xlt", "pps", "vsd", "mpp", "pub",
];

/// Extensions whose content has a magic number that this module knows.
const KNOWN: [&str; 18] = [
    "pdf", "zip", "docx", "xlsx", "pptx", "png", "jpg", "jpeg", "gif", "bmp", "tif", "tiff", "gz",
    "txt", "csv", "html", "7z", "rar",
];

/// The kind that the first bytes tell.
pub fn sniff(bytes: &[u8]) -> Option<Kind> {
    if let Some((_, media_type, word, _)) = magic(bytes) {
        return Some(Kind { media_type, word });
    }
    if bytes.get(..4) == Some(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return Some(Kind {
            media_type: "image/webp",
            word: "webp",
        });
    }
    is_html(bytes).then_some(Kind {
        media_type: "text/html",
        word: "html",
    })
}

fn magic(bytes: &[u8]) -> Option<&'static Magic> {
    // Two letters alone are too little for a text that happens to start so.
    let binary = bytes.iter().take(512).any(|b| *b < 9);
    MAGIC.iter().find(|(start, ..)| {
        bytes.starts_with(start) && (start.len() > 2 || binary || *start == b"#!")
    })
}

fn is_html(bytes: &[u8]) -> bool {
    let head = bytes.get(..bytes.len().min(256)).unwrap_or_default();
    let head = head
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(head)
        .trim_ascii_start();
    let lower = head.to_ascii_lowercase();
    [&b"<!doctype html"[..], b"<html", b"<head", b"<script"]
        .iter()
        .any(|start| lower.starts_with(start))
}

/// `named pdf, is zip`: when the first bytes are clearly not what the name says.
pub fn disagreement(name: &str, bytes: &[u8]) -> Option<String> {
    let extension = filename::extension(name)?;
    let kind = sniff(bytes)?;
    let fits = match magic(bytes) {
        Some((_, _, _, extensions)) => extensions.contains(&extension.as_str()),
        None => matches!(
            extension.as_str(),
            "html" | "htm" | "xhtml" | "webp" | "php" | "mht"
        ),
    };
    let program = matches!(kind.word, "elf program" | "Windows program");
    let speaks = KNOWN.contains(&extension.as_str()) || program;
    (!fits && speaks).then(|| format!("named {extension}, is {}", kind.word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a2_content_that_is_not_what_the_name_says_is_named() {
        let check = |name: &str, bytes: &[u8], want: Option<&str>| {
            assert_eq!(disagreement(name, bytes).as_deref(), want, "{name}");
        };
        check("invoice.pdf", b"PK\x03\x04....", Some("named pdf, is zip"));
        check("invoice.pdf", b"%PDF-1.7", None);
        check("a.docx", b"PK\x03\x04", None);
        check(
            "a.jpg",
            b"MZ\x90\0\x03",
            Some("named jpg, is Windows program"),
        );
        check("a.dat", b"\x7fELF\x02", Some("named dat, is elf program"));
        check("a.txt", b"MZ is how this text starts", None);
        check("a.txt", b"<!DOCTYPE HTML>", Some("named txt, is html"));
        check("noextension", b"%PDF-", None);
        check("a.pdf", b"", None);
        assert_eq!(
            sniff(b"\x89PNG\r\n\x1a\nxx").map(|k| k.media_type),
            Some("image/png")
        );
    }
}
