//! Folders as they are listed, and files between being picked and being sent.

use std::os::unix::fs::symlink;
use std::time::{Duration, SystemTime};

use super::*;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn put(folder: &tempfile::TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    path
}

fn pipe(folder: &tempfile::TempDir) -> PathBuf {
    let path = folder.path().join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RUSR).unwrap();
    path
}

#[test]
fn a_folder_is_listed_with_folders_first_and_hidden_ones_last() {
    let folder = folder();
    put(&folder, "zeta.pdf", b"%PDF-1.7");
    put(&folder, "Äpfel.txt", b"x");
    put(&folder, "beta.txt", b"12345");
    put(&folder, ".secret", b"");
    fs::create_dir(folder.path().join("Sub")).unwrap();
    fs::create_dir(folder.path().join(".git")).unwrap();
    symlink(folder.path().join("Sub"), folder.path().join("link")).unwrap();
    symlink("nowhere", folder.path().join("broken")).unwrap();
    pipe(&folder);
    let listing = list(folder.path()).unwrap();
    let shown: Vec<String> = listing
        .entries
        .iter()
        .map(|one| format!("{} {:?} {}", one.name, one.kind, one.size))
        .collect();
    assert_eq!(
        shown,
        [
            "link Folder 0",
            "Sub Folder 0",
            "Äpfel.txt File 1",
            "beta.txt File 5",
            "zeta.pdf File 8",
            "broken Other 0",
            "pipe Other 0",
            ".git Folder 0",
            ".secret File 0",
        ]
    );
    assert!(!listing.is_cut);
    assert!(list(&folder.path().join("none")).is_err());
}

#[test]
fn a_file_becomes_an_attachment_with_a_safe_name_and_its_real_type() {
    let folder = folder();
    let path = put(&folder, "-rf invoice\u{202e}.pdf", b"PK\x03\x04....");
    let made = file(&path).unwrap();
    assert_eq!((made.name.as_str(), made.size), ("rf invoice.pdf", 8));
    assert_eq!(made.media_type, "application/zip");
    let Source::File { path: kept, .. } = &made.source else {
        panic!("{made:?}");
    };
    assert_eq!(Path::new(kept), path);
    let (kind, warning) = media_type(&path).unwrap();
    assert_eq!(kind, "application/zip");
    assert_eq!(warning.as_deref(), Some("named pdf, is zip"));
    let link = folder.path().join("to it.zip");
    symlink(&path, &link).unwrap();
    assert_eq!(file(&link).unwrap().size, 8);
}

#[test]
fn a5_what_is_no_plain_file_is_refused_and_never_read() {
    let folder = folder();
    let check = |path: &Path, part: &str| {
        let why = file(path).unwrap_err().to_string();
        assert!(why.contains(part), "{why}");
    };
    check(folder.path(), "is a folder");
    check(&pipe(&folder), "is a pipe");
    check(Path::new("/dev/zero"), "is a device");
    check(&folder.path().join("none"), "cannot be read");
    let link = folder.path().join("link");
    symlink("pipe", &link).unwrap();
    check(&link, "is a pipe");
    let socket = folder.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    check(&socket, "is a socket");
}

#[test]
fn a_path_that_is_not_utf8_is_kept_and_leads_to_the_same_file() {
    let folder = folder();
    for (octets, name) in [
        (&b"caf\xe9.pdf"[..], "caf\u{fffd}.pdf"),
        (b"a\xff\x1b[31m\n.txt", "a\u{fffd}[31m.txt"),
    ] {
        let path = folder.path().join(std::ffi::OsStr::from_bytes(octets));
        fs::write(&path, octets).unwrap();
        let made = file(&path).unwrap();
        assert_eq!(made.name, name);
        assert!(super::check(&made).is_ok());
        let json = serde_json::to_string(&made).unwrap();
        assert_eq!(
            serde_json::from_str::<Attachment>(&json).unwrap(),
            made,
            "{json}"
        );
        let Source::File {
            path: kept,
            size,
            modified,
        } = &made.source
        else {
            panic!("{made:?}");
        };
        assert_eq!(place(kept), path);
        let mut whole = Vec::new();
        let mut opened = open(kept, *size, *modified).unwrap();
        opened.read_to_end(&mut whole).unwrap();
        assert_eq!(whole, octets);
        fs::remove_file(&path).unwrap();
        let why = super::check(&made).unwrap_err().to_string();
        assert!(
            why.contains("is not there any more") && !why.contains('\0'),
            "{why}"
        );
    }
}

#[test]
fn a_folder_of_a_hundred_thousand_entries_is_listed_whole() {
    let folder = folder();
    let one = put(&folder, "000000", b"");
    for number in 1..100_000 {
        fs::hard_link(&one, folder.path().join(format!("{number:06}"))).unwrap();
        if number % 50_000 == 0 {
            // A file has at most 65,000 names on some file systems.
            fs::remove_file(&one).unwrap();
            fs::write(&one, b"").unwrap();
        }
    }
    let listing = list(folder.path()).unwrap();
    assert_eq!((listing.entries.len(), listing.is_cut), (100_000, false));
    assert_eq!(listing.entries[99_999].name, "099999");
}

#[test]
fn a5_a_file_that_vanished_or_changed_since_it_was_picked_is_told() {
    let folder = folder();
    let path = put(&folder, "a.txt", b"12345");
    let made = file(&path).unwrap();
    let check = |part: Option<&str>| match (check(&made), part) {
        (Ok(()), None) => {}
        (Err(why), Some(part)) => assert!(why.to_string().contains(part), "{why}"),
        other => panic!("{other:?}"),
    };
    check(None);
    let touch = |seconds: u64| {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let file = File::options().append(true).open(&path).unwrap();
        file.set_modified(at).unwrap();
    };
    let Source::File { modified, .. } = &made.source else {
        panic!("{made:?}");
    };
    let was = u64::try_from(*modified).unwrap();
    // The same length at another time, and the same time at another length.
    touch(was + 60);
    check(Some("has changed since"));
    touch(was);
    check(None);
    fs::write(&path, b"123456").unwrap();
    touch(was);
    check(Some("has changed since"));
    fs::remove_file(&path).unwrap();
    check(Some("is not there any more"));
    fs::create_dir(&path).unwrap();
    check(Some("is a folder"));
    fs::remove_dir(&path).unwrap();
    symlink("/dev/zero", &path).unwrap();
    check(Some("is a device"));
    let part = Attachment {
        source: Source::Message {
            content: crate::model::ContentKey(7),
        },
        ..made.clone()
    };
    assert!(super::check(&part).is_ok());
}

#[test]
fn a5_a_file_that_changes_while_it_is_read_is_not_sent_in_half() {
    let folder = folder();
    let path = put(&folder, "a.txt", &[b'a'; 10_000]);
    let opened = || match file(&path).unwrap().source {
        Source::File {
            path,
            size,
            modified,
        } => open(&path, size, modified).unwrap(),
        other => panic!("{other:?}"),
    };
    let mut whole = Vec::new();
    opened().read_to_end(&mut whole).unwrap();
    assert_eq!(whole, [b'a'; 10_000]);
    let fails = |change: &dyn Fn()| {
        let mut reading = opened();
        let mut some = [0; 1_000];
        assert_eq!(reading.read(&mut some).unwrap(), 1_000);
        change();
        let error = reading.read_to_end(&mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("has changed since"), "{error}");
        fs::write(&path, [b'a'; 10_000]).unwrap();
    };
    let resized = |size: u64| {
        let file = File::options().write(true).open(&path).unwrap();
        file.set_len(size).unwrap();
    };
    fails(&|| resized(5_000));
    fails(&|| resized(50_000));
    fails(&|| {
        let file = File::options().write(true).open(&path).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    });
}

#[test]
fn a_path_begun_is_completed_also_below_home() {
    let home = folder();
    for name in ["Report.pdf", "report.txt", "Übung.txt", ".hidden"] {
        put(&home, name, b"x");
    }
    fs::create_dir(home.path().join("Res")).unwrap();
    let at = home.path().to_str().unwrap();
    let check = |text: &str, want: &[&str]| {
        let found = complete(&text.replace("HOME", at), home.path());
        let want: Vec<String> = want.iter().map(|one| one.replace("HOME", at)).collect();
        assert_eq!(found, want, "{text}");
    };
    check("~", &["~/"]);
    check("~/Re", &["~/Report.pdf", "~/Res/"]);
    check("HOME/rep", &["HOME/report.txt"]);
    check("~/REP", &["~/Report.pdf", "~/report.txt"]);
    check("~/ub", &["~/Übung.txt"]);
    check("~/.h", &["~/.hidden"]);
    check(
        "~/",
        &["~/Report.pdf", "~/Res/", "~/report.txt", "~/Übung.txt"],
    );
    check("~/none/x", &[]);
    check("~/zzz", &[]);
    assert_eq!(typed("~/a b", home.path()), home.path().join("a b"));
    assert_eq!(typed("~other/x", home.path()), Path::new("~other/x"));
}
