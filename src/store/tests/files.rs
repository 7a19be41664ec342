//! The file: modes, damage, other versions, other processes, a full disk.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::Bed;

#[test]
fn s4_the_store_is_private_to_its_user() {
    let bed = Bed::new();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(bed.folder.path()), 0o700);
    let files: Vec<_> = fs::read_dir(bed.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert!(files.len() >= 3, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{file:?}");
    }
}
