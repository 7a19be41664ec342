//! Folders and files for the file browser. Runs on threads of its own: a disk may take its time.

use std::path::{Component, Path, PathBuf};

use crate::model::Attachment;
use crate::ops::attach::{self, AttachError, Kind};
use crate::tui::app::files::{Entry, EntryKind, Folder, Named};

use super::files;

/// What lies in a folder; with `above` in the nearest one above it that can be read.
pub fn folder(named: &Named, above: bool) -> Result<Folder, String> {
    let path = match named {
        Named::At(path) => path.clone(),
        Named::Typed(text) => begun(text),
    };
    let mut why = None;
    for at in path.ancestors() {
        let error = match attach::list(at) {
            Ok(listing) => return Ok(listed(at, listing, why)),
            Err(error) => words(&error),
        };
        if !above {
            return Err(error);
        }
        why.get_or_insert(error);
    }
    Err(why.unwrap_or_else(|| "No folder can be read.".to_owned()))
}

/// The folder of what was typed so far.
fn begun(text: &str) -> PathBuf {
    let typed = files::typed(text);
    let folder = match text.ends_with('/') || typed.is_dir() {
        true => typed.as_path(),
        false => typed.parent().unwrap_or(&typed),
    };
    // Without parts that lead up, the folder above is what stands before the last part.
    let up = |part| matches!(part, Component::ParentDir);
    let whole = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    match whole.components().any(up) {
        true => whole.canonicalize().unwrap_or(whole),
        false => whole.components().collect(),
    }
}

fn listed(path: &Path, listing: attach::Listing, why: Option<String>) -> Folder {
    let entry = |one: attach::Entry| Entry {
        name: one.name,
        folded: one.folded,
        path: one.path,
        kind: match one.kind {
            Kind::Folder => EntryKind::Folder,
            Kind::File => EntryKind::File,
            Kind::Other => EntryKind::Other,
        },
        size: one.size,
        modified: one.modified,
        is_hidden: one.is_hidden,
    };
    Folder {
        path: path.to_owned(),
        entries: listing.entries.into_iter().map(entry).collect(),
        is_cut: listing.is_cut,
        why,
    }
}

/// What a file holds by its first octets, and a warning where its name says something else.
pub fn holds(path: &Path) -> Result<(String, Option<String>), String> {
    attach::media_type(path).map_err(|error| words(&error))
}

/// Files as they would be attached.
pub fn attachments(paths: &[PathBuf]) -> Vec<Result<Attachment, String>> {
    let one = |path: &PathBuf| attach::file(path).map_err(|error| short(path, &error));
    paths.iter().map(one).collect()
}

/// The words for a file that was seen a moment ago: its name is enough.
fn short(path: &Path, error: &AttachError) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    match error {
        AttachError::Unreadable { error, .. } => format!("{name} cannot be read: {error}."),
        AttachError::NoFile { what, .. } => format!("{name} is {what}."),
        AttachError::Vanished { .. } | AttachError::Changed { .. } => words(error),
    }
}

fn words(error: &AttachError) -> String {
    format!("{error}.")
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::fs;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn typed(path: &Path, text: &str) -> Named {
        Named::Typed(format!("{}{text}", path.display()))
    }

    #[test]
    fn what_was_typed_begins_in_its_folder_and_what_cannot_be_read_above_it() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().canonicalize().unwrap();
        let sub = root.join("sub");
        fs::create_dir(&sub).unwrap();
        fs::write(sub.join("a.txt"), b"a").unwrap();
        let check = |text: &str, want: &Path, told: bool| {
            let found = folder(&typed(&root, text), true).unwrap();
            assert_eq!(
                (found.path.as_path(), found.why.is_some()),
                (want, told),
                "{text}"
            );
        };
        check("/sub/", &sub, false);
        check("/sub", &sub, false);
        check("/sub/a.t", &sub, false);
        check("/sub/../sub/", &sub, false);
        check("/none/", &root, true);
        check("/none/deeper/x", &root, true);
        assert!(folder(&typed(&root, "/none/"), false).is_err());
        assert!(folder(&Named::At(sub.join("a.txt")), false).is_err());
    }

    #[test]
    fn a_folder_without_permission_says_so() {
        let place = tempfile::tempdir().unwrap();
        let shut = place.path().join("shut");
        fs::create_dir(&shut).unwrap();
        fs::set_permissions(&shut, fs::Permissions::from_mode(0o0)).unwrap();
        if fs::read_dir(&shut).is_ok() {
            // The superuser may read everything.
            return;
        }
        let why = folder(&Named::At(shut), false).unwrap_err();
        assert!(why.contains("cannot be read"), "{why}");
    }

    #[test]
    fn p9_odd_names_lead_to_their_own_files() {
        let place = tempfile::tempdir().unwrap();
        let names: [&[u8]; 5] = [
            b"a\x1b[2Jb",
            "cod\u{202e}gpj.exe".as_bytes(),
            b"l1\nl2",
            b"caf\xe9",
            b"caf\xe8",
        ];
        for name in names {
            fs::write(place.path().join(OsStr::from_bytes(name)), name).unwrap();
        }
        let found = folder(&Named::At(place.path().to_owned()), false).unwrap();
        assert_eq!(found.entries.len(), names.len());
        for at in 0..names.len() {
            let entry = found.entries.entry(at, &found.path).unwrap();
            let name = entry.path.file_name().unwrap().as_bytes();
            assert_eq!(fs::read(&entry.path).unwrap(), name);
            let attached = attachments(std::slice::from_ref(&entry.path))
                .remove(0)
                .unwrap();
            let text = crate::mime::sanitize::Shown::line(&attached.name).into_string();
            assert_eq!(attached.name, text, "nothing is left to be made harmless");
        }
    }
}
