//! An mbox of 1 GB into the store and out again, beside what plain SQLite does with the same octets.
//!
//! `LACEBARK_IMPORT_MB` gives another size.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use lacebark::mime::mbox::Writer;

use crate::figures::{Figures, megabytes, seconds};
use crate::harness::generate::{Generator, Sizes};
use crate::harness::program::Home;

/// Octets of one transaction, here and there.
const BATCH: usize = 4 << 20;

pub fn all(figures: &mut Figures) {
    let given = std::env::var("LACEBARK_IMPORT_MB").ok();
    let size = given
        .and_then(|text| text.parse().ok())
        .unwrap_or(1_000_u64)
        * 1_000_000;
    let home = Home::new();
    let account = "[[account]]\nid = \"here\"\nkind = \"local\"\n";
    fs::write(home.path("config.toml"), account).unwrap();
    let (file, out) = (home.path("in.mbox"), home.path("out.mbox"));
    let (messages, octets) = write_mbox(&file, size);
    figures.note("import: size of the mbox", megabytes(octets));
    figures.note("import: messages in it", messages);
    let plain = plain_sqlite(&home.path("plain.db"), &file, octets / messages);
    figures.note(
        "import: plain SQLite BLOBs of the same octets",
        rate(octets, plain),
    );
    let line = ["import", "mbox", file.to_str().unwrap(), "--to", "inbox"];
    let (import, peak) = watched(home.spawn(&line));
    figures.note("import: time", seconds(import));
    figures.note("import: rate", rate(octets, import));
    figures.at_least(
        "import: share of the plain rate, percent",
        percent(plain, import),
        30,
    );
    figures.under("import: most memory held", peak, 64_000_000, megabytes);
    let line = [
        "export",
        "mbox",
        out.to_str().unwrap(),
        "--mailbox",
        "inbox",
    ];
    let (export, peak) = watched(home.spawn(&line));
    figures.note("export: rate", rate(octets, export));
    figures.under("export: most memory held", peak, 64_000_000, megabytes);
    assert!(is_same(&file, &out), "the mbox comes out as it went in");
}

/// Generated messages until there are so many octets; how many of both.
fn write_mbox(path: &Path, size: u64) -> (u64, u64) {
    let mut out = BufWriter::new(File::create(path).unwrap());
    let (mut writer, mut text) = (Writer::default(), Vec::new());
    let (mut messages, mut octets) = (0, 0);
    for message in Generator::new(17, Sizes::Whole) {
        text.clear();
        let arrived = i64::try_from(message.arrived).unwrap();
        let ended = message.bytes.ends_with(b"\n");
        writer.begin(None, ("someone@example.org", arrived, ended), &mut text);
        writer.push(&message.bytes, &mut text);
        writer.end(&mut text);
        out.write_all(&text).unwrap();
        messages += 1;
        octets += text.len() as u64;
        if octets >= size {
            break;
        }
    }
    out.into_inner().unwrap().sync_all().unwrap();
    (messages, octets)
}

/// The same octets as BLOBs, a row for each message of mean size, with the pragmas of the store.
fn plain_sqlite(database: &Path, file: &Path, mean: u64) -> Duration {
    let sql = rusqlite::Connection::open(database).unwrap();
    sql.execute_batch(
        "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;
         PRAGMA journal_size_limit = 16777216; PRAGMA wal_autocheckpoint = 2000;
         PRAGMA secure_delete = OFF; PRAGMA foreign_keys = ON; PRAGMA cache_size = -8192;
         PRAGMA temp_store = MEMORY; PRAGMA synchronous = NORMAL;
         CREATE TABLE plain (key INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;",
    )
    .unwrap();
    let mut source = BufReader::with_capacity(1 << 20, File::open(file).unwrap());
    let mut piece = vec![0; usize::try_from(mean).unwrap()];
    let start = Instant::now();
    let mut open = 0;
    sql.execute_batch("BEGIN IMMEDIATE").unwrap();
    loop {
        let count = fill(&mut source, &mut piece);
        if count == 0 {
            break;
        }
        let mut insert = sql
            .prepare_cached("INSERT INTO plain (bytes) VALUES (?1)")
            .unwrap();
        insert.execute([&piece[..count]]).unwrap();
        open += count;
        if open >= BATCH {
            sql.execute_batch("COMMIT; BEGIN IMMEDIATE").unwrap();
            open = 0;
        }
    }
    sql.execute_batch("COMMIT").unwrap();
    let spent = start.elapsed();
    drop(sql);
    fs::remove_file(database).unwrap();
    spent
}

fn fill(source: &mut impl Read, piece: &mut [u8]) -> usize {
    let mut at = 0;
    while at < piece.len() {
        match source.read(&mut piece[at..]).unwrap() {
            0 => break,
            count => at += count,
        }
    }
    at
}

/// How long a run takes, and the most memory that it held.
fn watched(mut child: Child) -> (Duration, u64) {
    let (start, mut peak) = (Instant::now(), 0);
    let pid = child.id();
    let ended = loop {
        // The peak is of the past: what is read just before the end misses little.
        peak = peak.max(high_water(pid));
        if let Some(ended) = child.try_wait().unwrap() {
            break ended;
        }
        thread::sleep(Duration::from_millis(2));
    };
    let spent = start.elapsed();
    assert!(ended.success(), "{ended:?}");
    (spent, peak)
}

fn high_water(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.map(|line| line.trim().trim_end_matches(" kB"));
    number
        .and_then(|text| text.parse::<u64>().ok())
        .unwrap_or(0)
        * 1024
}

fn rate(octets: u64, time: Duration) -> String {
    let rate = octets as f64 / 1e6 / time.as_secs_f64();
    format!("{rate:.1} MB/s in {}", seconds(time))
}

fn percent(plain: Duration, import: Duration) -> u64 {
    (plain.as_secs_f64() * 100.0 / import.as_secs_f64()) as u64
}

fn is_same(one: &Path, other: &Path) -> bool {
    let open = |path: &Path| BufReader::with_capacity(1 << 20, File::open(path).unwrap());
    let (mut one, mut other) = (open(one), open(other));
    let (mut a, mut b) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        let (read, twin) = (fill(&mut one, &mut a), fill(&mut other, &mut b));
        if read != twin || a[..read] != b[..twin] {
            return false;
        }
        if read == 0 {
            return true;
        }
    }
}
