//! One part's bytes to bytes and text: transfer encodings and charsets (SAFETY M5, M6, M10).
//!
//! Every decoder takes any bytes, stops at a limit, and costs only what it gives out. Sanitising
//! comes after all of this.

use encoding_rs::Encoding;

/// Bytes after the transfer encoding was undone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// The content, at most as many bytes as asked for (and a few more).
    pub bytes: Vec<u8>,
    /// Whether there is more content behind it.
    pub more: bool,
}

/// Undoes a Content-Transfer-Encoding (its name in lower case); an unknown one leaves the bytes.
pub fn decode_transfer(raw: &[u8], encoding: &str) -> Vec<u8> {
    decode_prefix(raw, encoding, usize::MAX).bytes
}

/// The first `limit` bytes of the content, at the cost of what is decoded only.
pub fn decode_prefix(raw: &[u8], encoding: &str, limit: usize) -> Decoded {
    match encoding.trim() {
        "base64" => base64(raw, limit),
        "quoted-printable" => quoted_printable(raw, limit),
        "x-uuencode" | "uuencode" | "x-uue" | "x-uu" => uuencoded(raw, limit),
        _ => Decoded {
            bytes: raw.get(..limit.min(raw.len())).unwrap_or_default().to_vec(),
            more: raw.len() > limit,
        },
    }
}

/// How many bytes `size` encoded octets hold, about: for the size of an attachment in a list.
pub fn decoded_size(size: u64, encoding: &str) -> u64 {
    match encoding {
        // 57 bytes become a line of 76 letters and a line break.
        "base64" => size / 78 * 57 + size % 78 * 3 / 4,
        "x-uuencode" | "uuencode" | "x-uue" | "x-uu" => size / 63 * 45 + size % 63 * 3 / 4,
        _ => size,
    }
}

const BAD: u8 = 0xff;

const fn base64_table() -> [u8; 256] {
    let mut table = [BAD; 256];
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut n = 0;
    while n < 64 {
        #[expect(
            clippy::indexing_slicing,
            reason = "constant evaluation, bounds are static"
        )]
        {
            table[letters[n] as usize] = n as u8;
        }
        n += 1;
    }
    table
}

static BASE64: [u8; 256] = base64_table();

/// Bytes outside the alphabet are passed over; after padding the next group starts anew.
fn base64(raw: &[u8], limit: usize) -> Decoded {
    let mut out = Vec::with_capacity((raw.len() / 4 * 3 + 3).min(limit.saturating_add(3)));
    let mut group = 0u32;
    let mut count = 0;
    let mut input = raw.iter();
    while let Some(&byte) = input.next() {
        if byte == b'=' {
            flush_group(&mut out, group, count);
            (group, count) = (0, 0);
            continue;
        }
        let value = BASE64.get(usize::from(byte)).copied().unwrap_or(BAD);
        if value == BAD {
            continue;
        }
        group = group << 6 | u32::from(value);
        count += 1;
        if count == 4 {
            flush_group(&mut out, group, 4);
            (group, count) = (0, 0);
            if out.len() >= limit {
                let more = input.any(|b| BASE64.get(usize::from(*b)).is_some_and(|v| *v != BAD));
                out.truncate(limit);
                return Decoded { bytes: out, more };
            }
        }
    }
    flush_group(&mut out, group, count);
    let more = out.len() > limit;
    out.truncate(limit);
    Decoded { bytes: out, more }
}

fn flush_group(out: &mut Vec<u8>, group: u32, count: u32) {
    let [_, a, b, c] = match count {
        2 => group << 12,
        3 => group << 6,
        4 => group,
        _ => return,
    }
    .to_be_bytes();
    out.push(a);
    if count > 2 {
        out.push(b);
    }
    if count > 3 {
        out.push(c);
    }
}

/// The value of a hexadecimal digit.
pub(crate) fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

fn quoted_printable(raw: &[u8], limit: usize) -> Decoded {
    let mut out = Vec::with_capacity(raw.len().min(limit));
    let mut rest = raw;
    while !rest.is_empty() {
        if out.len() >= limit {
            out.truncate(limit);
            return Decoded {
                bytes: out,
                more: true,
            };
        }
        let next = memchr::memchr(b'\n', rest).map_or(rest.len(), |n| n + 1);
        let (line, after) = rest.split_at_checked(next).unwrap_or((rest, &[]));
        rest = after;
        quoted_line(line, limit, &mut out);
    }
    let more = out.len() > limit;
    out.truncate(limit);
    Decoded { bytes: out, more }
}

fn quoted_line(line: &[u8], limit: usize, out: &mut Vec<u8>) {
    let end = match line {
        [.., b'\r', b'\n'] => &b"\r\n"[..],
        [.., b'\n'] => b"\n",
        _ => b"",
    };
    // Blanks at the end of a line were added on the way (RFC 2045 section 6.7 rule 3).
    let text = line.trim_ascii_end();
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        if out.len() > limit {
            return;
        }
        if byte != b'=' {
            out.push(byte);
            at += 1;
            continue;
        }
        let hex = |n: usize| text.get(at + n).and_then(|b| hex_digit(*b));
        if let (Some(high), Some(low)) = (hex(1), hex(2)) {
            out.push(high << 4 | low);
            at += 3;
        } else if at + 1 == text.len() {
            return;
        } else {
            out.push(byte);
            at += 1;
        }
    }
    out.extend_from_slice(end);
}

/// Uuencoded files of one text that are found.
const MAX_FILES: usize = 100;

/// Bytes that may stand before the `begin` line of a part that is uuencoded.
const MAX_BEFORE: usize = 64 * 1024;

/// A uuencoded file inside a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UuFile {
    /// The file name that `begin` proposes.
    pub name: String,
    /// The first byte of the `begin` line.
    pub start: usize,
    /// One past the `end` line.
    pub end: usize,
}

/// The uuencoded files inside a text: `begin 644 name`, lines of the right length, `end`.
pub fn uu_files(text: &[u8]) -> Vec<UuFile> {
    let mut files = Vec::new();
    let mut at = 0;
    while let Some(found) = find_begin(text, at) {
        let (start, name, body) = found;
        let (lines, end) = uu_body(text, body);
        if lines > 0 {
            let name = utf8_or_1252(name);
            files.push(UuFile { name, start, end });
            if files.len() >= MAX_FILES {
                break;
            }
            at = end;
        } else {
            at = body;
        }
    }
    files
}

fn find_begin(text: &[u8], from: usize) -> Option<(usize, &[u8], usize)> {
    let mut at = from;
    loop {
        let start = at + memchr::memmem::find(text.get(at..)?, b"begin ")?;
        let line_end = memchr::memchr(b'\n', text.get(start..)?).map_or(text.len(), |n| start + n);
        let line = text.get(start..line_end)?.trim_ascii_end();
        let at_line_start = start == 0 || text.get(start - 1) == Some(&b'\n');
        let rest = line.get(6..).unwrap_or_default();
        let mode = rest
            .iter()
            .take_while(|b| (b'0'..=b'7').contains(b))
            .count();
        let name = rest.get(mode + 1..).unwrap_or_default();
        if at_line_start && (3..=4).contains(&mode) && !name.is_empty() && line_end < text.len() {
            return Some((start, name, line_end + 1));
        }
        at = start + 6;
    }
}

/// How many data lines follow, and where the file ends.
fn uu_body(text: &[u8], mut at: usize) -> (usize, usize) {
    let mut lines = 0;
    while at < text.len() {
        let rest = text.get(at..).unwrap_or_default();
        let next = memchr::memchr(b'\n', rest).map_or(text.len(), |n| at + n + 1);
        let line = text.get(at..next).unwrap_or_default();
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line == b"end" {
            return (lines, next);
        }
        let Some(length) = line.first().map(|b| usize::from(b.wrapping_sub(b' ') & 63)) else {
            return (lines, at);
        };
        let blank = length == 0;
        let need = length.div_ceil(3) * 4 + 1;
        let letters = line.iter().all(|b| (b' '..=b'`').contains(b));
        // Blanks at the end may be lost on the way; some programs add a checksum.
        if !letters || (!blank && !(need.saturating_sub(4)..=need + 2).contains(&line.len())) {
            return (lines, at);
        }
        lines += usize::from(!blank);
        at = next;
    }
    (lines, at)
}

fn uuencoded(raw: &[u8], limit: usize) -> Decoded {
    let head = raw.get(..raw.len().min(MAX_BEFORE)).unwrap_or_default();
    let mut at = find_begin(head, 0).map_or(0, |(_, _, body)| body);
    let mut out = Vec::new();
    while at < raw.len() {
        if out.len() >= limit {
            out.truncate(limit);
            return Decoded {
                bytes: out,
                more: true,
            };
        }
        let rest = raw.get(at..).unwrap_or_default();
        let next = memchr::memchr(b'\n', rest).map_or(raw.len(), |n| at + n + 1);
        let line = raw.get(at..next).unwrap_or_default().trim_ascii_end();
        if line == b"end" {
            break;
        }
        uu_line(line, &mut out);
        at = next;
    }
    let more = out.len() > limit;
    out.truncate(limit);
    Decoded { bytes: out, more }
}

fn uu_line(line: &[u8], out: &mut Vec<u8>) {
    let Some((first, data)) = line.split_first() else {
        return;
    };
    let length = usize::from(first.wrapping_sub(b' ') & 63);
    let before = out.len();
    for group in data.chunks(4) {
        let mut value = 0u32;
        for n in 0..4 {
            let byte = group.get(n).copied().unwrap_or(b' ');
            value = value << 6 | u32::from(byte.wrapping_sub(b' ') & 63);
        }
        let [_, a, b, c] = value.to_be_bytes();
        out.extend([a, b, c]);
    }
    out.truncate(before + length);
}

/// The text of bytes in a charset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// The text, lines ended by LF.
    pub text: String,
    /// What a reader should know: an unknown charset, replaced bytes.
    pub note: Option<String>,
}

/// Decodes `bytes` by the charset that the part claims, and by what they are where the claim
/// cannot be right.
pub fn text(bytes: &[u8], charset: Option<&str>) -> Text {
    let (text, note) = decode_charset(bytes, charset);
    Text {
        text: plain_lines(text),
        note,
    }
}

fn plain_lines(text: String) -> String {
    if !text.contains('\r') {
        return text;
    }
    if text.contains('\n') {
        text.replace("\r\n", "\n")
    } else {
        text.replace('\r', "\n")
    }
}

/// UTF-8, or else windows-1252: what undeclared 8-bit text is in practice.
pub(crate) fn utf8_or_1252(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::WINDOWS_1252
            .decode_without_bom_handling(bytes)
            .0
            .into_owned(),
    }
}

/// Text and, where something was lost, a note for the reader.
pub(crate) fn decode_charset(bytes: &[u8], charset: Option<&str>) -> (String, Option<String>) {
    let label = charset.unwrap_or_default().trim_matches(['"', '\'', ' ']);
    let label = label.to_ascii_lowercase();
    if is_ascii_label(&label) {
        return (utf8_or_1252(bytes), None);
    }
    if label.contains("utf-7") || label.contains("utf7") {
        return unread(bytes, &label);
    }
    match Encoding::for_label(label.as_bytes()) {
        Some(encoding) if encoding == encoding_rs::REPLACEMENT => unread(bytes, &label),
        Some(encoding) => known(bytes, encoding),
        None => old_code_page(bytes, &label).unwrap_or_else(|| unread(bytes, &label)),
    }
}

fn is_ascii_label(label: &str) -> bool {
    matches!(
        label,
        "" | "us-ascii"
            | "ascii"
            | "ansi_x3.4-1968"
            | "x-unknown"
            | "unknown"
            | "unknown-8bit"
            | "default"
            | "x-user-defined"
            | "binary"
            | "7bit"
            | "8bit"
    )
}

fn known(bytes: &[u8], encoding: &'static Encoding) -> (String, Option<String>) {
    let (text, used, lost) = encoding.decode(bytes);
    let note = lost.then(|| format!("Some characters are not {}", used.name()));
    (text.into_owned(), note)
}

/// Charsets that are no longer decoded, or never by a body (UTF-7, ISO-2022-KR, HZ), and names
/// that nobody knows: the bytes as they are, said so.
fn unread(bytes: &[u8], label: &str) -> (String, Option<String>) {
    let name: String = label.chars().take(40).collect();
    (
        utf8_or_1252(bytes),
        Some(format!("Unknown character set \"{name}\"")),
    )
}

fn old_code_page(bytes: &[u8], label: &str) -> Option<(String, Option<String>)> {
    if !matches!(label, "cp850" | "ibm850" | "850" | "cp858" | "ibm858") {
        return None;
    }
    let decode = mail_parser::decoders::charsets::map::charset_decoder(b"ibm850")?;
    Some((decode(bytes), None))
}

/// Cuts a character that the end of `bytes` has in part, so that a bounded prefix shows no
/// replacement mark.
pub fn without_cut_character(bytes: &mut Vec<u8>) {
    if let Err(error) = std::str::from_utf8(bytes)
        && error.error_len().is_none()
    {
        bytes.truncate(error.valid_up_to());
    }
}

/// The charset that an HTML text names for itself in its first kilobyte.
pub fn html_charset(bytes: &[u8]) -> Option<String> {
    let head = bytes.get(..bytes.len().min(1024))?;
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let at = head.find("charset=")? + "charset=".len();
    let rest = head.get(at..)?.trim_start_matches(['"', '\'', ' ']);
    let name: String = rest
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || "-_.:".contains(*c))
        .collect();
    Encoding::for_label(name.as_bytes())
        .filter(|e| *e != encoding_rs::REPLACEMENT && e.is_ascii_compatible())
        .map(|_| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transfer_encodings_take_what_programs_write() {
        let check = |encoding: &str, raw: &str, want: &str| {
            let got = decode_transfer(raw.as_bytes(), encoding);
            assert_eq!(String::from_utf8_lossy(&got), want, "{encoding} {raw:?}");
        };
        check("base64", "aGVsbG8=", "hello");
        check("base64", "aGVs\r\n bG8", "hello");
        check("base64", "aGVsbG8=aGVsbG8=", "hellohello");
        check("base64", "a*G-V.s", "hel");
        check("base64", "a", "");
        check("quoted-printable", "a=20b=\r\nc  \r\nd=3D", "a bc\r\nd=");
        check("quoted-printable", "a= \t\r\nb=ZZ=", "ab=ZZ");
        check("quoted-printable", "=c3=BC=", "ü");
        check("x-uuencode", "begin 644 f\n#0V%T\n`\nend\n", "Cat");
        check("x-uuencode", "#0V%T", "Cat");
        check("7bit", "x", "x");
        check("odd", "x", "x");
    }

    #[test]
    fn m6_a_prefix_costs_what_it_gives() {
        let raw = b"aGVsbG8hCg==\r\n".repeat(4_000_000);
        for encoding in ["base64", "quoted-printable", "x-uuencode", "8bit"] {
            let start = std::time::Instant::now();
            let decoded = decode_prefix(&raw, encoding, 65_536);
            assert!(decoded.more && decoded.bytes.len() == 65_536, "{encoding}");
            assert!(start.elapsed().as_millis() < 300, "{encoding}");
        }
        let whole = decode_prefix(b"aGVsbG8h\r\n", "base64", 6);
        assert!(!whole.more);
    }

    #[test]
    fn uuencoded_files_are_found_inside_text() {
        let text = b"Hi\nbegin 644 cat.txt\n#0V%T\n`\nend\nbye begin 644 x\nbegin the day\n";
        let files = uu_files(text);
        assert_eq!(files.len(), 1);
        assert_eq!(files[0].name, "cat.txt");
        assert_eq!(&text[files[0].end..][..3], b"bye");
        assert_eq!(
            decode_transfer(&text[files[0].start..files[0].end], "x-uuencode"),
            b"Cat"
        );
        let bomb = b"begin 644 x\n".repeat(100_000);
        let start = std::time::Instant::now();
        let _ = uu_files(&bomb);
        assert!(start.elapsed().as_millis() < 2000);
    }

    #[test]
    fn charsets_decode_and_lies_are_seen_through() {
        let check = |raw: &[u8], charset: Option<&str>, want: &str, noted: bool| {
            let got = text(raw, charset);
            assert_eq!(got.text, want, "{charset:?}");
            assert_eq!(got.note.is_some(), noted, "{charset:?} {:?}", got.note);
        };
        check("grüße".as_bytes(), Some("us-ascii"), "grüße", false);
        check(b"gr\xfc\xdfe", None, "grüße", false);
        check(b"gr\xfc\xdfe", Some("ISO-8859-1"), "grüße", false);
        check(b"gr\xfc\xdfe", Some("\"latin1\""), "grüße", false);
        check(b"\xcb\xce\xcc\xe5", Some("gb2312"), "宋体", false);
        check(b"\xf0\xd2\xc9", Some("koi8-r"), "При", false);
        check(b"\x81", Some("cp850"), "ü", false);
        check(b"+AGE-", Some("utf-7"), "+AGE-", true);
        check(b"~{<:~}", Some("hz-gb-2312"), "~{<:~}", true);
        check(b"\x1b$)C", Some("iso-2022-kr"), "\x1b$)C", true);
        check(b"x", Some("../../etc/passwd"), "x", true);
        check(b"a\xffb", Some("utf-8"), "a\u{fffd}b", true);
        check(b"a\r\nb\rc", None, "a\nb\rc", false);
        check(b"a\rb", None, "a\nb", false);
    }
}
