//! Mail in files: what goes in comes out byte for byte, whatever happens on the way.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::harness::generate::Dice;
use crate::harness::program::{Home, Run};
use crate::harness::{corpus, is_long};
use crate::safety_load::{BROKEN, FULL, Failing, failing_below, is_whole, shim};

/// A home with an account of this machine.
fn home() -> Home {
    let home = Home::new();
    let account = "[[account]]\nid = \"here\"\nkind = \"local\"\n";
    fs::write(home.path("config.toml"), account).unwrap();
    home
}

fn run(home: &Home, line: &str) -> Run {
    let args: Vec<&str> = line.split_whitespace().collect();
    home.command(&args);
    let mut command = home.command(&args);
    command.current_dir(home.path("."));
    crate::harness::program::finish(&mut command)
}

/// How many messages a mailbox holds.
fn total(home: &Home, mailbox: &str) -> u64 {
    let all = run(home, "mailbox list --json").exits(0).json();
    let all = all["mailboxes"].as_array().unwrap();
    let found = all.iter().find(|one| one["name"] == mailbox);
    found.map_or(0, |one| one["total"].as_u64().unwrap())
}

fn is_same(one: &Path, other: &Path) {
    let (one, other) = (fs::read(one).unwrap(), fs::read(other).unwrap());
    let at = one.iter().zip(&other).position(|(a, b)| a != b);
    assert_eq!((one.len(), at), (other.len(), None));
}

/// Messages as other programs write them into an mbox: LF, quoted lines, two that are equal, empty
/// ones, lines of any length.
fn mbox(messages: usize, seed: u64) -> Vec<u8> {
    let mut dice = Dice::new(seed);
    let mut file = String::new();
    for number in 0..messages {
        let second = dice.below(60);
        file += &format!("From user{number}@example.org  Sat Nov 21 08:02:{second:02} 2026\n");
        if dice.chance(2) {
            file += "\n";
            continue;
        }
        let id = number - usize::from(dice.chance(2) && number > 0);
        file += &format!("Message-ID: <{id}@x>\nSubject: =?utf-8?q?Zo=C3=AB?= {id}\n");
        file += ["Status: RO\n", "X-Status: F\n", "", ""][dice.below(4)];
        file += "Content-Length: 7\n\n";
        let most = if dice.chance(1) { 3_000 } else { 40 };
        for _ in 0..dice.below(most) {
            file += [
                ">From me\n",
                ">>From me\n",
                "\n",
                "some words\n",
                ".\n",
                "\r\n",
                " From\n",
                "ü\0\x1b[2J\n",
            ][dice.below(8)];
        }
        file += &"x".repeat(dice.below(2_000));
        file += "\n\n";
    }
    file.into_bytes()
}

#[test]
fn r21_a_large_mbox_goes_in_and_comes_out_byte_for_byte() {
    let home = home();
    let count = if is_long() { 10_000 } else { 1_000 };
    fs::write(home.path("in.mbox"), mbox(count, 1)).unwrap();
    let told = run(&home, "import mbox in.mbox --to inbox --json").exits(0);
    let told = told.json();
    assert_eq!(told["imported"], count, "{told}");
    run(&home, "export mbox out.mbox --mailbox inbox").exits(0);
    is_same(&home.path("in.mbox"), &home.path("out.mbox"));
    // Once more: everything is there.
    let told = run(&home, "import mbox in.mbox --to inbox --json").exits(0);
    let told = told.json();
    assert_eq!(
        (&told["imported"], &told["present"]),
        (&0.into(), &count.into())
    );
    assert_eq!(total(&home, "INBOX"), count as u64);
    // Through a Maildir and files of one message each nothing changes but what an mbox alone holds.
    run(&home, "export maildir md --mailbox inbox").exits(0);
    run(&home, "import maildir md --to archive").exits(0);
    run(&home, "export eml one --mailbox inbox").exits(0);
    run(&home, "export eml two --mailbox archive").exits(0);
    assert_eq!(hashes(&home.path("one")), hashes(&home.path("two")));
    assert_eq!(
        hashes(&home.path("one")).values().sum::<u32>(),
        count as u32
    );
}

/// How often the files of a folder have which bytes.
fn hashes(folder: &Path) -> BTreeMap<String, u32> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        let hash = blake3::hash(&bytes).to_string();
        *found.entry(hash).or_default() += 1;
    }
    found
}

/// Every regular file below a folder.
fn below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            below(&path, found);
        } else if path.is_file() {
            found.push(path);
        }
    }
}

/// Puts files of one message each through all forms, and back.
fn through_all_forms(home: &Home, files: &[PathBuf]) {
    let folder = home.path("given");
    fs::create_dir(&folder).unwrap();
    for (at, file) in files.iter().enumerate() {
        fs::copy(file, folder.join(format!("{at:06}.eml"))).unwrap();
    }
    let given = hashes(&folder);
    run(home, "import eml given --to inbox").exits(0);
    run(home, "export eml a --mailbox inbox").exits(0);
    assert_eq!(hashes(&home.path("a")), given);
    run(home, "export mbox b.mbox --mailbox inbox").exits(0);
    run(home, "import mbox b.mbox --to archive").exits(0);
    run(home, "export eml b --mailbox archive").exits(0);
    assert_eq!(hashes(&home.path("b")), given);
    run(home, "export mbox c.mbox --mailbox archive").exits(0);
    is_same(&home.path("b.mbox"), &home.path("c.mbox"));
    run(home, "export maildir d --mailbox archive").exits(0);
    run(home, "import maildir d --to junk").exits(0);
    run(home, "export eml e --mailbox junk").exits(0);
    assert_eq!(hashes(&home.path("e")), given);
}

#[test]
fn r21_messages_of_every_shape_go_through_all_forms_byte_for_byte() {
    let home = home();
    let folder = home.path("shapes");
    fs::create_dir(&folder).unwrap();
    let large = format!("Subject: large\r\n\r\n{}", "From x\r\n".repeat(300_000));
    let shapes: Vec<Vec<u8>> = [
        "",
        "x",
        "\n",
        "\r",
        "Subject: no end",
        "Subject: cr\r\n\r\nx\r",
        "Subject: a\r\n\r\nFrom x\r\n>From y\r\n\r\n",
        "Subject: a\n\nFrom x\n",
        "From a@b Sat Nov 21 08:02:00 2026\nSubject: a\n\n",
        "Subject: nul\n\n\0\u{1b}]0;x\u{7}\n\n\n\n",
        large.as_str(),
    ]
    .map(|text| text.as_bytes().to_vec())
    .into();
    let mut files = Vec::new();
    for (at, bytes) in shapes.iter().enumerate() {
        // Twice, and both stay.
        for copy in 0..2 {
            let path = folder.join(format!("{at}.{copy}"));
            fs::write(&path, bytes).unwrap();
            files.push(path);
        }
    }
    through_all_forms(&home, &files);
}

#[test]
fn r21_the_messages_of_the_corpus_go_through_all_forms_byte_for_byte() {
    let Some(corpus) = corpus() else { return };
    let mut files = Vec::new();
    below(&corpus, &mut files);
    files.retain(|file| file.extension().is_some_and(|end| end == "eml"));
    files.sort();
    let most = if is_long() { usize::MAX } else { 600 };
    let step = files.len().div_ceil(most).max(1);
    let files: Vec<PathBuf> = files.into_iter().step_by(step).collect();
    assert!(files.len() > 100, "only {} messages", files.len());
    through_all_forms(&home(), &files);
}

#[test]
fn flags_go_along_where_the_form_can_hold_them() {
    let home = home();
    fs::write(home.path("in.mbox"), mbox(40, 3)).unwrap();
    run(&home, "import mbox in.mbox --to inbox").exits(0);
    let flags = |mailbox: &str| -> Vec<String> {
        let line = format!("list {mailbox} --json --limit 100");
        let all = run(&home, &line).exits(0).json();
        let mut all: Vec<String> = all["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| format!("{} {}", one["subject"], one["flags"]))
            .collect();
        all.sort();
        all
    };
    let read = flags("inbox");
    assert!(read.iter().any(|one| one.contains("Seen")), "{read:?}");
    assert!(read.iter().any(|one| one.contains("Flagged")), "{read:?}");
    run(&home, "flag --as answered 3 4 5").exits(0);
    run(&home, "flag --as Work 4 6").exits(0);
    run(&home, "flag --as $Forwarded 7").exits(0);
    run(&home, "unflag --as seen 1 2 3 4 5 6 7 8").exits(0);
    let told = flags("inbox");
    assert_ne!(read, told);
    run(&home, "export mbox out.mbox --mailbox inbox").exits(0);
    is_same(&home.path("in.mbox"), &home.path("out.mbox"));
    run(&home, "import mbox out.mbox --to archive").exits(0);
    assert_eq!(flags("archive"), told);
    run(&home, "export maildir md --mailbox inbox").exits(0);
    run(&home, "import maildir md --to junk").exits(0);
    assert_eq!(flags("junk"), told);
    // Without its flags, or with those of another file, an mbox says what its own fields do.
    fs::remove_file(home.path("out.mbox.flags")).unwrap();
    run(&home, "import mbox out.mbox --to sent").exits(0);
    assert_eq!(flags("sent"), read);
    fs::write(
        home.path("out.mbox.flags"),
        "lacebark-flags 1\n00 \\Flagged\n",
    )
    .unwrap();
    run(&home, "import mbox out.mbox --to trash").exits(0);
    assert_eq!(flags("trash"), read);
}

#[test]
fn a1_r21_all_mailboxes_of_all_accounts_are_written_and_come_back() {
    let home = home();
    let two = "[[account]]\nid = \"here\"\nkind = \"local\"\n[[account]]\nid = \"there\"\nkind = \"local\"\n";
    fs::write(home.path("config.toml"), two).unwrap();
    fs::write(home.path("in.mbox"), mbox(20, 5)).unwrap();
    run(&home, "import mbox in.mbox --to here:inbox").exits(0);
    run(&home, "import mbox in.mbox --to there:sent").exits(0);
    // Names that would leave the folder, or be one where case does not count.
    let long = "x".repeat(700);
    for name in ["../../../evil", "..", "a/b.c", "A/B.C", "Zoë", &long, "-rf"] {
        let mut command = home.command(&["mailbox", "create", "--", &format!("here:{name}")]);
        crate::harness::program::finish(&mut command).exits(0);
    }
    run(&home, "copy --to here:../../../evil 1 2 3").exits(0);
    run(&home, "copy --to here:a/b.c 4").exits(0);
    run(&home, "copy --to here:A/B.C 5").exits(0);
    let outside = |home: &Home| -> Vec<PathBuf> {
        let all = fs::read_dir(home.path(".")).unwrap();
        let mut all: Vec<PathBuf> = all.map(|entry| entry.unwrap().path()).collect();
        all.sort();
        all
    };
    for form in ["mbox", "maildir", "eml"] {
        let mut before = outside(&home);
        run(&home, &format!("export {form} all-{form} --all")).exits(0);
        before.push(home.path("./all-").with_file_name(format!("all-{form}")));
        before.sort();
        assert_eq!(outside(&home).len(), before.len(), "{form}");
    }
    is_same(
        &home.path("in.mbox"),
        &home.path("all-mbox/here/INBOX.mbox"),
    );
    is_same(
        &home.path("in.mbox"),
        &home.path("all-mbox/there/Sent.mbox"),
    );
    // The whole account comes back from its Maildir.
    let again = self::home();
    fs::rename(home.path("all-maildir"), again.path("all")).unwrap();
    run(&again, "import maildir all/here --to inbox").exits(0);
    for (name, count) in [
        ("INBOX", 20),
        ("../../../evil", 3),
        ("a/b.c", 1),
        ("A/B.C", 1),
    ] {
        assert_eq!(total(&again, name), count, "{name}");
    }
}

#[test]
fn d1_p9_a_hostile_maildir_shows_no_control_and_leads_nowhere() {
    let home = home();
    let md = home.path("md");
    for folder in [
        "cur",
        "new",
        ".&AC4ALgAv-evil/cur",
        ".a\u{1b}[2J/cur",
        ".&AAo-/cur",
    ] {
        fs::create_dir_all(md.join(folder)).unwrap();
    }
    let letter = "Subject: x\n\nx\n";
    fs::write(md.join("cur/1.\u{1b}]0;owned\u{7}.h:2,S"), letter).unwrap();
    fs::write(md.join("new/2.h\u{202e}"), letter).unwrap();
    fs::write(md.join(".&AC4ALgAv-evil/cur/3.h"), letter).unwrap();
    fs::write(home.path("secret"), "Subject: secret\n\n").unwrap();
    symlink(home.path("secret"), md.join("cur/4.h:2,S")).unwrap();
    symlink(home.path("."), md.join(".link")).unwrap();
    let told = run(&home, "import maildir md --to inbox");
    assert_eq!(told.code, 1, "{told:?}");
    let words = format!("{}{}", told.out, told.err);
    assert!(
        !words.contains(['\u{1b}', '\u{7}', '\u{202e}']),
        "{words:?}"
    );
    assert!(words.contains("control characters"), "{words}");
    assert_eq!(total(&home, "INBOX"), 2);
    assert!(!run(&home, "list inbox").exits(0).out.contains("secret"));
}

#[test]
fn what_cannot_be_imported_or_exported_is_told_and_changes_nothing() {
    let home = home();
    fs::write(home.path("good.mbox"), mbox(5, 7)).unwrap();
    let whole = fs::read(home.path("good.mbox")).unwrap();
    fs::write(home.path("cut.mbox"), &whole[..whole.len() - 4]).unwrap();
    fs::write(home.path("none.mbox"), "Subject: x\n\n\u{1b}[2J\n").unwrap();
    fs::write(home.path("empty.mbox"), "").unwrap();
    fs::create_dir(home.path("folder")).unwrap();
    fs::write(home.path("there"), "x").unwrap();
    let mut all = String::new();
    for (line, code) in [
        ("import mbox none.mbox --to inbox", 1),
        ("import mbox nowhere.mbox --to inbox", 1),
        ("import mbox folder --to inbox", 1),
        ("import mbox empty.mbox --to inbox", 0),
        ("import maildir folder --to inbox", 1),
        ("import maildir good.mbox --to inbox", 1),
        ("import eml folder --to inbox", 0),
        ("import mbox good.mbox --to Nowhere", 1),
        ("import mbox good.mbox --to nobody:inbox", 1),
        ("import mbox good.mbox", 2),
        ("import mbox cut.mbox none.mbox --to junk", 1),
        ("import mbox good.mbox --to junk", 0),
        ("export mbox there --mailbox junk", 1),
        ("export maildir there --mailbox junk", 1),
        ("export eml folder --mailbox junk", 1),
        ("export mbox nowhere/x --mailbox junk", 1),
        ("export mbox x --mailbox Nowhere", 1),
        ("export mbox x --ids 1 99", 1),
        ("export mbox x", 2),
        ("export mbox x --all --mailbox junk", 2),
        ("export eml x.eml --ids 1", 0),
    ] {
        let told = run(&home, line).exits(code);
        let text = format!("{}{}", told.out, told.err);
        let place = home.path(".").display().to_string();
        let text = text.replace(place.trim_end_matches("/."), "HOME");
        all += &format!("$ lacebark {line}\n{text}\n");
    }
    insta::assert_snapshot!("files_refused", all);
    assert_eq!(fs::read(home.path("there")).unwrap(), b"x");
    assert!(!home.path("x").exists());
    let left = fs::read_dir(home.path(".")).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert!(
        !left
            .iter()
            .any(|name| name.display().to_string().contains(".part"))
    );
}

#[test]
fn r12_an_import_that_is_killed_anywhere_goes_on_without_doubles_or_losses() {
    let Some(shim) = shim() else { return };
    let home = home();
    let count = 700;
    fs::write(home.path("in.mbox"), mbox(count, 9)).unwrap();
    run(&home, "import mbox in.mbox --to archive").exits(0);
    let line = ["import", "mbox", "in.mbox", "--to", "inbox"];
    let path = home.path("in.mbox");
    let line: Vec<&str> = line
        .map(|word| match word {
            "in.mbox" => path.to_str().unwrap(),
            word => word,
        })
        .into();
    let (mut kills, mut before, mut grown) = (0, 0, 0);
    let step = if is_long() { 7 } else { 60 };
    for at in (1..).step_by(step) {
        let how = Failing {
            at,
            times: 0,
            code: 0,
        };
        let (run, _) = failing_below(&home, &home.data(), shim, &line, how);
        is_whole(&home, &format!("{how:?}"));
        let now = total(&home, "INBOX");
        assert!(now >= before, "{how:?}: {now} after {before}");
        grown += u64::from(now > before);
        before = now;
        if run.code == 0 {
            break;
        }
        kills += 1;
    }
    assert!(kills > 3 && grown > 1, "{kills} kills, {grown} times more");
    run(&home, "import mbox in.mbox --to inbox").exits(0);
    assert_eq!(total(&home, "INBOX"), count as u64);
    run(&home, "export mbox out.mbox --mailbox inbox").exits(0);
    is_same(&home.path("in.mbox"), &home.path("out.mbox"));
}

#[test]
fn r11_on_a_full_disk_an_import_says_so_and_an_export_leaves_no_half_file() {
    let Some(shim) = shim() else { return };
    let home = home();
    let count = 300;
    fs::write(home.path("in.mbox"), mbox(count, 11)).unwrap();
    run(&home, "import mbox in.mbox --to archive").exits(0);
    let path = home.path("in.mbox");
    let line = ["import", "mbox", path.to_str().unwrap(), "--to", "inbox"];
    let out = home.path("out");
    fs::create_dir(&out).unwrap();
    let (mut refused, step) = (0, if is_long() { 5 } else { 45 });
    for code in [FULL, BROKEN] {
        for at in (1..400).step_by(step) {
            let how = Failing { at, times: 0, code };
            let (run, tried) = failing_below(&home, &home.data(), shim, &line, how);
            is_whole(&home, &format!("{how:?}"));
            assert!(run.code == 1 || tried < at, "{how:?}: {run:?}");
            refused += i32::from(run.code == 1);
        }
    }
    assert!(refused > 2, "{refused} refused");
    run(&home, "import mbox in.mbox --to inbox").exits(0);
    assert_eq!(total(&home, "INBOX"), count as u64);
    let there = out.join("x.mbox");
    for form in ["mbox", "maildir", "eml"] {
        let line = [
            "export",
            form,
            there.to_str().unwrap(),
            "--mailbox",
            "inbox",
        ];
        for (at, code) in [(1, FULL), (2, BROKEN), (1, BROKEN)] {
            let how = Failing { at, times: 0, code };
            let (run, tried) = failing_below(&home, &out, shim, &line, how);
            if tried >= at {
                assert_eq!(run.code, 1, "{form} {how:?}: {run:?}");
                let left = fs::read_dir(&out).unwrap().count();
                assert_eq!(left, 0, "{form} {how:?}: {run:?}");
            } else {
                fs::remove_file(&there).unwrap();
                let _ = fs::remove_file(out.join("x.mbox.flags"));
            }
        }
    }
    run(
        &home,
        &format!("export mbox {} --mailbox inbox", there.display()),
    )
    .exits(0);
    is_same(&home.path("in.mbox"), &there);
}
