//! Messages that somebody packed in base64 or quoted-printable, against RFC 2046 section 5.2.1: what
//! lies inside them, which no server numbers.

use crate::mime::{content, part as parts};
use crate::model::{PartPath, Structure};
use crate::store::{Rows, Store, StoreError};

use super::message::{PartBytes, Source, part, structure};

/// Packed messages of one message that are looked into, and octets of each.
const MOST: usize = 20;
const LIMIT: u64 = 16 << 20;

/// The MIME tree, with what lies inside packed messages whose bytes are here.
pub fn tree(
    store: &Store,
    rows: &impl Rows,
    source: &Source,
) -> Result<Option<Structure>, StoreError> {
    let Some(mut tree) = structure(store, rows, &source.content)? else {
        return Ok(None);
    };
    let paths: Vec<PartPath> = tree
        .walk()
        .into_iter()
        .filter(|node| content::is_packed(node))
        .take(MOST)
        .map(|node| node.path.clone())
        .collect();
    for path in paths {
        let bytes = part(store, rows, &source.message, &path, LIMIT)?;
        if let PartBytes::Kept { bytes, whole: true } = bytes {
            content::unpack(&mut tree, &path, &bytes);
        }
    }
    Ok(Some(tree))
}

/// A part that lies inside a packed message, and its content without transfer encoding.
pub fn content(
    store: &Store,
    rows: &impl Rows,
    source: &Source,
    path: &PartPath,
) -> Result<Option<(Structure, Vec<u8>)>, StoreError> {
    let Some(tree) = structure(store, rows, &source.content)? else {
        return Ok(None);
    };
    let above = tree
        .walk()
        .into_iter()
        .filter(|node| content::is_packed(node) && path.0.starts_with(&node.path.0))
        .max_by_key(|node| node.path.0.len());
    let Some(above) = above else { return Ok(None) };
    let bytes = part(store, rows, &source.message, &above.path, LIMIT)?;
    let PartBytes::Kept { bytes, .. } = bytes else {
        return Ok(None);
    };
    let decoded = parts::decode_transfer(&bytes, &above.encoding);
    let rest = path.0.get(above.path.0.len()..).unwrap_or_default();
    let found = content::of_part(&decoded, &PartPath(rest.to_vec()));
    Ok(found.map(|(found, bytes)| {
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let found = Structure {
            path: path.clone(),
            encoding: String::new(),
            size,
            ..found
        };
        (found, bytes)
    }))
}
