//! Files that a person asked for: safe names, never over another file (SAFETY A1).

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::error::Failure;
use crate::env::files;
use crate::mime::filename;

/// Copies are counted up to here before a folder is given up.
const COPIES: u32 = 10_000;

/// Writes `bytes` to a new file in `folder` under the proposed name made safe, with ` (1)` and so
/// on where that is taken, and gives its path.
pub fn new_file(folder: &Path, proposed: &str, bytes: &[u8]) -> Result<PathBuf, Failure> {
    let refused = |error: io::Error| {
        Failure::new(format!("Cannot save to {}", folder.display())).cause(error)
    };
    let (name, mut file) = create(folder, &filename::safe(proposed)).map_err(refused)?;
    let path = folder.join(name);
    if let Err(error) = file.write_all(bytes).and_then(|()| file.sync_all()) {
        // Half a file would look like a whole one.
        let removed = std::fs::remove_file(&path);
        let failure = refused(error);
        return Err(match removed {
            Ok(()) => failure,
            Err(error) => failure.cause(format!("{} stays: {error}", path.display())),
        });
    }
    Ok(path.strip_prefix("./").unwrap_or(&path).to_owned())
}

fn create(folder: &Path, name: &str) -> io::Result<(String, File)> {
    for copy in 0..COPIES {
        let name = numbered(name, copy);
        match files::create_new(folder, &name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            done => return done.map(|file| (name, file)),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// `ticket.pdf` makes `ticket (1).pdf`.
fn numbered(name: &str, copy: u32) -> String {
    match (copy, name.rsplit_once('.')) {
        (0, _) => name.to_owned(),
        (_, Some((stem, end))) if !stem.is_empty() => format!("{stem} ({copy}).{end}"),
        _ => format!("{name} ({copy})"),
    }
}

/// Appends to a file of the person's choice: log and transcript.
pub fn append(path: &Path) -> Result<File, Failure> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .map_err(|error| Failure::new(format!("Cannot open {}", path.display())).cause(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a1_nothing_is_overwritten_and_the_end_of_a_name_stays() {
        let folder = tempfile::tempdir().unwrap();
        for (proposed, name) in [
            ("ticket.pdf", "ticket.pdf"),
            ("ticket.pdf", "ticket (1).pdf"),
            ("ticket.pdf", "ticket (2).pdf"),
            ("plain", "plain"),
            ("plain", "plain (1)"),
        ] {
            let path = new_file(folder.path(), proposed, b"x").unwrap();
            assert_eq!(path, folder.path().join(name), "{proposed}");
        }
        assert!(new_file(&folder.path().join("none"), "x", b"").is_err());
    }
}
