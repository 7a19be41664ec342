//! The small file that keeps what is wanted of the panes. It is nobody's work: a file that cannot be
//! read counts for nothing.

use std::fs;
use std::io;
use std::path::Path;

use crate::config::edit::write_atomic;
use crate::tui::app::layout::Panes;

const NAME: &str = "panes";

/// What was kept, else the usual.
pub fn read(folder: &Path) -> Panes {
    fs::read_to_string(folder.join(NAME)).map_or_else(|_| Panes::default(), |text| parsed(&text))
}

/// Keeps it.
pub fn write(folder: &Path, panes: Panes) -> io::Result<()> {
    write_atomic(&folder.join(NAME), written(panes).as_bytes())
}

fn written(panes: Panes) -> String {
    format!(
        "folders = {}\nbeside_one = {}\nbeside_two = {}\nindex = {}\n",
        panes.folders, panes.beside_one, panes.beside_two, panes.index
    )
}

fn parsed(text: &str) -> Panes {
    let mut panes = Panes::default();
    for line in text.lines().take(20) {
        let Some((name, value)) = line.split_once('=') else {
            continue;
        };
        let width = |usual: u16| value.trim().parse().unwrap_or(usual);
        match name.trim() {
            "folders" => panes.folders = value.trim() != "false",
            "beside_one" => panes.beside_one = width(panes.beside_one),
            "beside_two" => panes.beside_two = width(panes.beside_two),
            "index" => panes.index = width(panes.index),
            _ => {}
        }
    }
    panes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_again_and_nonsense_counts_for_nothing() {
        let panes = Panes {
            folders: false,
            beside_one: 30,
            beside_two: 18,
            index: 72,
        };
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()), Panes::default());
        write(folder.path(), panes).unwrap();
        assert_eq!(read(folder.path()), panes);
        let odd = Panes {
            index: 70,
            ..Panes::default()
        };
        assert_eq!(parsed("index = 70\nbeside_one = wide\n=\nx"), odd);
    }
}
