//! The content of a part by its path, also of parts that IMAP does not number: messages inside a
//! transfer encoding, and files that are uuencoded in a text.

use crate::model::{Disposition, PartPath, Structure};

use super::part::{self, UuFile};
use super::structure::{self, PartOffset};

/// The part with this path and its content without transfer encoding.
pub fn of_part(raw: &[u8], path: &PartPath) -> Option<(Structure, Vec<u8>)> {
    let (root, offsets) = structure::of_message(raw);
    if let Some(found) = root.find(path) {
        let place = offsets.iter().find(|offset| offset.path == *path)?;
        let body = raw.get(place.body..place.end)?;
        return Some((found.clone(), part::decode_transfer(body, &found.encoding)));
    }
    // What is not in the tree may be inside the encoding of what is above it.
    let above = root
        .walk()
        .into_iter()
        .filter(|node| structure::is_coded(&node.encoding) && is_below(path, &node.path))
        .max_by_key(|node| node.path.0.len())?;
    let place = offsets.iter().find(|offset| offset.path == above.path)?;
    let body = raw.get(place.body..place.end)?;
    let decoded = part::decode_transfer(body, &above.encoding);
    let rest = path.0.get(above.path.0.len()..)?;
    if structure::is_message(above) {
        let (mut found, bytes) = of_part(&decoded, &PartPath(rest.to_vec()))?;
        found.path = path.clone();
        return Some((found, bytes));
    }
    let files = part::uu_files(&decoded);
    let (file, mut found) = files
        .iter()
        .zip(uu_parts(above, &files))
        .find(|(_, child)| child.path == *path)?;
    let bytes = decoded.get(file.start..file.end)?;
    found.path = path.clone();
    let bytes = part::decode_transfer(bytes, &found.encoding);
    Some((found, bytes))
}

fn is_below(path: &PartPath, above: &PartPath) -> bool {
    path.0.len() > above.0.len() && path.0.starts_with(&above.0)
}

/// The part of a coded message with the message in it as its child, and where its parts lie in the
/// `decoded` bytes; paths continue those of the part.
pub(crate) fn opened(node: &Structure, decoded: &[u8]) -> (Structure, Vec<PartOffset>) {
    let (mut inner, mut offsets) = structure::of_message(decoded);
    let below = |path: &PartPath| PartPath([node.path.0.as_slice(), &path.0].concat());
    for offset in &mut offsets {
        offset.path = below(&offset.path);
    }
    let mut stack = vec![&mut inner];
    while let Some(part) = stack.pop() {
        part.path = below(&part.path);
        stack.extend(part.children.iter_mut());
    }
    let whole = Structure {
        encoding: String::new(),
        children: vec![inner],
        ..node.clone()
    };
    (whole, offsets)
}

/// Whether a part is a message in a transfer encoding, so that nobody has numbered what it holds.
pub fn is_packed(node: &Structure) -> bool {
    node.children.is_empty() && structure::is_message(node) && structure::is_coded(&node.encoding)
}

/// Puts what lies inside the packed message at `path`, whose `raw` bytes these are, below it; what
/// is packed inside that stays as it is.
pub fn unpack(tree: &mut Structure, path: &PartPath, raw: &[u8]) {
    let mut stack = vec![tree];
    while let Some(node) = stack.pop() {
        if node.path == *path && is_packed(node) {
            let (inner, _) = opened(node, &part::decode_transfer(raw, &node.encoding));
            node.children = inner.children;
            return;
        }
        stack.extend(node.children.iter_mut());
    }
}

/// The uuencoded files of a text as parts below it.
pub(crate) fn uu_parts(node: &Structure, files: &[UuFile]) -> Vec<Structure> {
    let part = |(n, file): (usize, &UuFile)| Structure {
        path: node.path.child(u32::try_from(n + 1).unwrap_or(u32::MAX)),
        kind: "application".into(),
        subtype: "octet-stream".into(),
        encoding: "x-uuencode".into(),
        size: u64::try_from(file.end - file.start).unwrap_or(u64::MAX),
        disposition: Disposition::Attachment,
        filename: file.name.clone(),
        ..Structure::default()
    };
    files.iter().enumerate().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const UU: &str =
        "Hi\nbegin 644 cat.txt\n#0V%T\n`\nend\nbegin 644 dog.txt\n#0V%T\n`\nend\nBye\n";

    fn content(raw: &str, path: &str) -> Option<(String, String, String)> {
        let path = PartPath::parse(path).unwrap();
        of_part(raw.as_bytes(), &path).map(|(part, bytes)| {
            let text = String::from_utf8(bytes).unwrap();
            (part.path.to_string(), part.filename, text)
        })
    }

    #[test]
    fn a_file_uuencoded_in_a_text_is_a_part_below_it() {
        let (root, _) = structure::of_message(format!("\n{UU}").as_bytes());
        let names: Vec<(String, &str)> = root
            .attachments()
            .iter()
            .map(|p| (p.path.to_string(), p.filename.as_str()))
            .collect();
        assert_eq!(
            names,
            [("1.1".into(), "cat.txt"), ("1.2".into(), "dog.txt")]
        );
        let want = |name: &str, path: &str| Some((path.to_owned(), name.to_owned(), "Cat".into()));
        assert_eq!(content(&format!("\n{UU}"), "1.2"), want("dog.txt", "1.2"));
        let mixed =
            format!("Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b\n\n{UU}\n--b--\n");
        assert_eq!(content(&mixed, "2.1"), want("cat.txt", "2.1"));
        assert_eq!(content(&mixed, "2.3"), None);
        let coded = format!(
            "Content-Transfer-Encoding: quoted-printable\n\n{}",
            UU.replace('=', "=3D")
        );
        assert_eq!(content(&coded, "1.2"), want("dog.txt", "1.2"));
    }

    #[test]
    fn a_message_in_base64_is_opened_and_its_parts_have_paths() {
        use base64::Engine;
        use base64::engine::general_purpose::STANDARD;
        let inner = "Subject: In\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\nHello\n\
            --c\nContent-Type: text/csv; name=a.csv\n\n1,2\n--c--\n";
        let raw = format!(
            "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b\n\
             Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n{}\n--b--\n",
            STANDARD.encode(inner)
        );
        let part = content(&raw, "2.2").unwrap();
        assert_eq!(part, ("2.2".into(), "a.csv".into(), "1,2".into()));
        assert_eq!(content(&raw, "2").unwrap().2, inner);
        assert_eq!(content(&raw, "2.9"), None);
        assert_eq!(content(&raw, "1.1"), None);
    }
}
