//! The file browser: keys in, folders shown and files attached.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::mime::fold;
use crate::model::{Attachment, Source};
use crate::tui::app::Screen;
use crate::tui::app::event::{Answer, Event, Question};
use crate::tui::app::files::{Entry, EntryKind, Folder, Named};
use crate::tui::screen::compose::Spot;

use super::world::{DAY, NOW, World};

/// Folders and what lies in them; one that cannot be read has words.
pub type Disk = BTreeMap<PathBuf, Result<Vec<Entry>, String>>;

fn entry(folder: &str, name: &[u8], kind: EntryKind, size: u64, age: i64) -> Entry {
    let lossy = String::from_utf8_lossy(name).into_owned();
    Entry {
        folded: fold::text(&lossy),
        is_hidden: lossy.starts_with('.'),
        path: Path::new(folder).join(OsStr::from_bytes(name)),
        name: lossy,
        kind,
        size,
        modified: NOW - age * DAY,
    }
}

/// The disk of the tests.
pub fn disk() -> Disk {
    use EntryKind::{File, Folder, Other};
    let home = "/home/alice";
    let all: [(&[u8], EntryKind, u64, i64); 10] = [
        (b"Documents", Folder, 0, 3),
        (b"Pictures", Folder, 0, 400),
        (b"cod\xe2\x80\xaegpj.exe", File, 9_200, 2),
        (b"invoice.pdf", File, 6_800, 1),
        (
            "Größe – Übersicht mit einem Namen, der sehr lang ist und noch länger wird.ods"
                .as_bytes(),
            File,
            48_123,
            700,
        ),
        (b"l1\nl2\x1b[2J.txt", File, 12, 0),
        (b"report.pdf", File, 41_000, 5),
        (b"caf\xe9.txt", File, 3, 9),
        (b"socket", Other, 0, 0),
        (b".profile", File, 800, 90),
    ];
    let list = all
        .into_iter()
        .map(|(name, kind, size, age)| entry(home, name, kind, size, age));
    let above = vec![entry("/home", b"alice", Folder, 0, 0)];
    let documents = vec![
        entry("/home/alice/Documents", b"minutes.txt", File, 2_100, 20),
        entry("/home/alice/Documents", b"plan.pdf", File, 99_000, 21),
    ];
    BTreeMap::from([
        (PathBuf::from(home), Ok(list.collect())),
        (PathBuf::from("/home"), Ok(above)),
        (
            PathBuf::from("/"),
            Ok(vec![entry("/", b"home", Folder, 0, 0)]),
        ),
        (PathBuf::from("/home/alice/Documents"), Ok(documents)),
        (
            PathBuf::from("/home/alice/Pictures"),
            Err("/home/alice/Pictures cannot be read: Permission denied.".to_owned()),
        ),
    ])
}

impl World {
    pub fn reply_of_files(&self, question: &Question) -> Answer {
        match question {
            Question::Folder { named, above } => {
                let path = match named {
                    Named::At(path) => path.clone(),
                    Named::Typed(text) => match text.rsplit_once('/') {
                        Some((folder, _)) => PathBuf::from(folder),
                        None => PathBuf::from(text),
                    },
                };
                let mut why = None;
                for at in path.ancestors() {
                    let lacks = || Err(format!("{} cannot be read: gone.", at.display()));
                    match self.disk.get(at).cloned().unwrap_or_else(lacks) {
                        Ok(entries) => {
                            return Answer::Folder(Ok(Box::new(Folder {
                                path: at.to_owned(),
                                entries: entries.into_iter().collect(),
                                is_cut: false,
                                why,
                            })));
                        }
                        Err(words) if !above => return Answer::Folder(Err(words)),
                        Err(words) => {
                            why.get_or_insert(words);
                        }
                    }
                }
                Answer::Folder(Err("No folder can be read.".to_owned()))
            }
            Question::Holds(path) => {
                let kind = match path.extension().and_then(OsStr::to_str) {
                    Some("pdf") if path.ends_with("invoice.pdf") => (
                        "application/zip".to_owned(),
                        Some("named pdf, is zip".to_owned()),
                    ),
                    Some("pdf") => ("application/pdf".to_owned(), None),
                    _ => ("text/plain".to_owned(), None),
                };
                Answer::Holds(Ok(kind))
            }
            Question::AttachAll(paths) => Answer::AttachedAll(
                paths
                    .iter()
                    .map(|path| match self.found(path) {
                        Some(entry) => Ok(Attachment {
                            name: entry.name.clone(),
                            media_type: "application/pdf".to_owned(),
                            source: Source::File {
                                path: path.display().to_string(),
                                size: entry.size,
                                modified: entry.modified,
                            },
                            size: entry.size,
                        }),
                        None => Err(format!("{} cannot be read: gone.", path.display())),
                    })
                    .collect(),
            ),
            _ => Answer::Failed("never asked".to_owned()),
        }
    }

    fn found(&self, path: &Path) -> Option<&Entry> {
        let entries = self.disk.get(path.parent()?)?.as_ref().ok()?;
        entries.iter().find(|entry| entry.path == path)
    }

    fn attached(&self) -> Vec<&str> {
        let composer = self.app.compose.current().expect("something is written");
        let all = composer.attachments.iter();
        all.map(|one| one.name.as_str()).collect()
    }

    fn here(&self) -> String {
        let entry = self.app.files.entry().expect("an entry is selected");
        entry.path.display().to_string()
    }
}

fn browser() -> World {
    let mut world = World::new(80, 24);
    world.press("C ^J ^T");
    assert_eq!(world.app.screen, Screen::Files);
    world
}

#[test]
fn enter_opens_a_folder_and_takes_a_file_and_back_goes_up() {
    let mut world = browser();
    assert_eq!(world.here(), "/home/alice/Documents");
    world.press("Ret Dn");
    assert_eq!(world.here(), "/home/alice/Documents/plan.pdf");
    world.press("<");
    assert_eq!(world.here(), "/home/alice/Documents", "where it came from");
    world.press("Left");
    assert_eq!(world.here(), "/home/alice");
    world.press("Left Left");
    assert!(world.app.status_words().contains("top of all folders"));
    world.press("> > > Dn Ret");
    assert_eq!(world.app.screen, Screen::ComposeHead);
    assert_eq!(world.app.compose.current().unwrap().spot, Spot::Attach);
    assert_eq!(world.attached(), ["plan.pdf"]);
    assert!(
        world
            .app
            .status_words()
            .starts_with("Attached plan.pdf (99 KB")
    );
    world.press("^T");
    assert_eq!(world.here(), "/home/alice/Documents/minutes.txt");
}

#[test]
fn several_are_selected_also_in_several_folders() {
    let mut world = browser();
    world.press("Ret Spc < End Up Up");
    assert_eq!(world.here(), "/home/alice/report.pdf");
    world.press("Spc Up Ret");
    assert_eq!(world.attached(), ["minutes.txt", "report.pdf"]);
    assert!(
        world
            .app
            .status_words()
            .starts_with("Attached 2 files (43 KB)")
    );
    let mut world = browser();
    world.press("Spc");
    assert!(
        world
            .app
            .status_words()
            .contains("Only files can be selected")
    );
    world.press("Ret Spc Esc");
    assert_eq!(
        world.app.screen,
        Screen::Files,
        "nothing is selected any more"
    );
    world.press("Esc");
    assert_eq!(world.app.screen, Screen::ComposeHead);
    assert!(world.attached().is_empty());
}

#[test]
fn one_of_several_that_is_gone_is_named_and_the_others_are_attached() {
    let mut world = browser();
    world.press("Ret Spc Spc");
    let gone = world
        .disk
        .get_mut(Path::new("/home/alice/Documents"))
        .unwrap();
    gone.as_mut().unwrap().remove(0);
    world.press("A");
    assert_eq!(world.attached(), ["plan.pdf"]);
    let words = world.app.status_words();
    assert!(
        words.contains("Attached plan.pdf") && words.contains("minutes.txt cannot be read"),
        "{words}"
    );
}

#[test]
fn control_c_leaves_the_message_as_it_was() {
    let mut world = browser();
    world.press("Ret Spc Dn ^C");
    assert_eq!(world.app.screen, Screen::ComposeHead);
    assert!(world.attached().is_empty());
    assert_eq!(world.app.status_words(), "No file was taken.");
    // A folder that comes late opens nothing.
    world.press("^J ^T");
    world.slow = true;
    world.press("Ret ^C");
    world.catch_up();
    assert_eq!(world.app.screen, Screen::ComposeHead);
}

#[test]
fn letters_find_a_name_and_escape_shows_all_again() {
    let mut world = browser();
    let all = world.app.files.count();
    world.press("/");
    world.type_text("ubers");
    assert!(world.here().contains("Übersicht"), "{}", world.here());
    world.press("^U");
    world.type_text("RE");
    assert_eq!(world.here(), "/home/alice/report.pdf");
    world.press("Up Ret");
    assert!(
        world.app.files.count() < all,
        "Pictures and report, by what stands in them"
    );
    assert_eq!(world.here(), "/home/alice/Pictures");
    world.press("Esc");
    assert_eq!(world.app.files.count(), all);
    assert_eq!(world.here(), "/home/alice/Pictures");
    world.press("/");
    world.type_text("zzz");
    assert!(world.screen().contains("No name here is like that."));
    world.press("^C");
    assert_eq!(world.app.files.count(), all);
}

#[test]
fn hidden_names_come_by_a_key() {
    let mut world = browser();
    assert!(!world.screen().contains(".profile"));
    world.press("End H");
    assert_eq!(world.here(), "/home/alice/socket", "the cursor stays");
    assert!(world.screen().contains(".profile"), "{}", world.screen());
    world.press("H");
    assert!(!world.screen().contains(".profile"));
}

#[test]
fn a_folder_that_cannot_be_read_says_why_and_the_old_one_stays() {
    let mut world = browser();
    world.press("Dn Ret");
    assert!(world.app.status_words().contains("Permission denied"));
    assert_eq!(world.here(), "/home/alice/Pictures");
    // One that vanished under the cursor is left upwards, to the nearest that is there.
    world.press("Up Ret");
    world.disk.remove(Path::new("/home/alice/Documents"));
    world.disk.remove(Path::new("/home/alice"));
    world.press("<");
    assert_eq!(world.here(), "/home/alice");
    assert!(world.app.status_words().contains("cannot be read: gone"));
    let mut world = World::new(80, 24);
    world.disk.clear();
    world.press("C ^J ^T");
    assert_eq!(world.app.screen, Screen::ComposeHead);
    assert_eq!(world.app.status_words(), "No folder can be read.");
    world.press("End End ^J ^U");
    world.type_text("none/x");
    world.press("^T");
    assert_eq!(world.app.status_words(), "No folder can be read.");
}

#[test]
fn the_kind_is_asked_for_the_file_at_the_cursor_alone() {
    let mut world = browser();
    let asked = |world: &World| {
        let of_kind = |(_, question): &&(_, Question)| matches!(question, Question::Holds(_));
        world.waiting.iter().filter(of_kind).count()
    };
    world.slow = true;
    world.press("Dn Dn Dn Dn Dn");
    assert_eq!(
        asked(&world),
        1,
        "those that were passed by meanwhile are not"
    );
    world.catch_up();
    assert!(world.screen().contains(" text/plain"), "{}", world.screen());
    world.press("Up Up");
    assert!(
        world
            .screen()
            .contains("application/zip  ! named pdf, is zip"),
        "{}",
        world.screen()
    );
}

#[test]
fn d2_d3_odd_names_take_one_row_and_lead_to_their_own_files() {
    let mut world = browser();
    let screen = world.screen();
    assert!(!screen.contains('\u{202e}') && !screen.contains('\u{1b}'));
    assert!(
        screen.contains("cod<U+202E>gpj.exe") && screen.contains("l1␊l2␛[2J.txt"),
        "{screen}"
    );
    world.press("/");
    world.type_text("caf");
    world.press("Ret");
    let entry = world.app.files.entry().unwrap();
    assert_eq!(entry.path.file_name().unwrap().as_bytes(), b"caf\xe9.txt");
    world.press("Ret");
    assert_eq!(world.attached(), ["caf\u{fffd}.txt"]);
}

#[test]
fn the_text_of_a_file_is_chosen_in_the_same_way() {
    let mut world = World::new(80, 24);
    world.press("C Tab Tab Tab Ret ^R ^T");
    assert!(world.screen().contains("READ FILE"), "{}", world.screen());
    world.press("Ret Spc");
    assert!(world.app.status_words().contains("One file is read"));
    world.press("Ret");
    assert_eq!(world.app.screen, Screen::Compose);
    let text = world.app.compose.current().unwrap().draft().text;
    assert!(text.starts_with("one\ntwo\n"), "{text}");
    assert!(world.attached().is_empty());
}

#[test]
fn a_hundred_thousand_names_are_walked_and_found() {
    let mut world = World::new(80, 24);
    let many = |number: u32| {
        let name = format!("scan-{number:06}.png");
        entry("/home/alice", name.as_bytes(), EntryKind::File, 1, 1)
    };
    let all = (0..100_000).map(many).collect();
    world.disk.insert(PathBuf::from("/home/alice"), Ok(all));
    world.press("C ^J ^T End");
    assert_eq!(world.here(), "/home/alice/scan-099999.png");
    assert!(world.screen().contains("100000 of 100000"));
    world.press("/");
    world.type_text("54321");
    world.press("Ret Ret");
    assert_eq!(world.attached(), ["scan-054321.png"]);
}

#[test]
fn the_message_may_have_left_meanwhile() {
    let mut world = browser();
    world.app.compose.open.clear();
    world.press("Ret Ret");
    assert_eq!(world.app.screen, Screen::Index);
    world.event(Event::Tick);
}
