//! Bodies.

use crate::model::{ContentKey, Kept, MessageKey, Offline, PartPath, Structure};
use crate::store::bodies::{self, BodyWriter, CHUNK, Have};
use crate::store::messages::Arrived;
use crate::store::{contents, messages};

use super::{Bed, NOW, arrived};

fn content(bed: &Bed, key: MessageKey) -> ContentKey {
    let reader = bed.store.reader().unwrap();
    messages::get(&reader, key).unwrap().content
}

/// Bytes that do not shrink, of every value.
fn noise(length: usize, mut seed: u32) -> Vec<u8> {
    (0..length)
        .map(|_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24) as u8
        })
        .collect()
}

fn store(bed: &Bed, content: ContentKey, section: &str, bytes: &[u8]) -> Kept {
    let piece = BodyWriter::whole(content, section, bytes);
    bed.put(move |tx| bodies::store(tx, &piece))
}

#[test]
fn r21_bytes_come_back_exactly_whole_and_in_ranges() {
    let bed = Bed::new();
    let text = "Grüße aus Köln. ".repeat(90_000).into_bytes();
    let odd = b"lone\rCR\nLF\0NUL \xff\xfe 8 bit and no end".to_vec();
    let cases = [
        Vec::new(),
        odd,
        noise(CHUNK, 1),
        noise(2 * CHUNK + 1, 2),
        noise(CHUNK - 1, 3),
        text,
    ];
    let keys = bed.insert((1..=6).map(|uid| arrived(uid, &uid.to_string())).collect());
    let reader = bed.store.reader().unwrap();
    for (bytes, key) in cases.iter().zip(keys) {
        let content = content(&bed, key);
        assert_eq!(store(&bed, content, "", bytes), Kept::All);
        let whole = bodies::read_whole(&reader, content, "").unwrap().unwrap();
        assert!(whole == *bytes, "{} octets differ", bytes.len());
        for (from, to) in [(0, 10), (CHUNK - 3, CHUNK + 3), (CHUNK, 2 * CHUNK + 9)] {
            let got = bodies::read(&reader, content, "", from as u64, to as u64)
                .unwrap()
                .unwrap();
            let expected = bytes
                .get(from.min(bytes.len())..to.min(bytes.len()))
                .unwrap();
            assert!(got == expected, "{from}..{to} of {}", bytes.len());
        }
    }
}

#[test]
fn a_cut_section_resumes_at_its_next_byte() {
    let bed = Bed::new();
    let content = content(&bed, bed.insert(vec![arrived(1, "a")])[0]);
    let bytes = noise(3 * CHUNK + 77, 9);
    let mut writer = BodyWriter::new(content, "");
    writer.push(&bytes[..CHUNK + 5]);
    writer.push(&bytes[CHUNK + 5..2 * CHUNK + 9]);
    let piece = writer.take();
    bed.put(move |tx| bodies::store(tx, &piece));
    let reader = bed.store.reader().unwrap();
    let here = 2 * CHUNK as u64;
    assert_eq!(
        bodies::have(&reader, content, "").unwrap(),
        Have::Part(here)
    );
    assert_eq!(contents::kept(&reader, content).unwrap(), Kept::Headers);
    assert!(bodies::read_whole(&reader, content, "").unwrap().is_none());
    let wanted = bodies::wanted(&reader, bed.inbox, Offline::All, NOW, 9).unwrap();
    assert_eq!(wanted[0].from, here);
    let mut writer = BodyWriter::resume(&reader, content, "").unwrap();
    assert_eq!(writer.next(), here);
    for some in bytes[2 * CHUNK..].chunks(1400) {
        writer.push(some);
    }
    let piece = writer.finish();
    assert_eq!(bed.put(move |tx| bodies::store(tx, &piece)), Kept::All);
    let whole = bodies::read_whole(&reader, content, "").unwrap().unwrap();
    assert!(whole == bytes);
}

#[test]
fn equal_bytes_lie_in_the_store_once_and_go_with_their_last_content() {
    let bed = Bed::new();
    let keys = bed.insert(vec![arrived(1, "a"), arrived(2, "b")]);
    let bytes = noise(9000, 4);
    for key in &keys {
        store(&bed, content(&bed, *key), "", &bytes);
    }
    let reader = bed.store.reader().unwrap();
    let blobs = || {
        let sql = crate::store::Rows::connection(&reader);
        let count = |table: &str| {
            sql.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
                row.get::<_, i64>(0)
            })
            .unwrap()
        };
        (count("blob"), count("body"))
    };
    assert_eq!(blobs(), (1, 1));
    let second = content(&bed, keys[1]);
    for (key, left) in keys.iter().zip([(1, 1), (0, 0)]) {
        if left.0 == 1 {
            assert!(bodies::read_whole(&reader, second, "").unwrap().unwrap() == bytes);
        }
        let key = *key;
        bed.put(move |tx| messages::remove_local(tx, key));
        assert_eq!(blobs(), left);
    }
}

#[test]
fn a_text_section_counts_as_text_and_goes_when_the_whole_is_here() {
    let bed = Bed::new();
    let part = |path: &str, kind: &str| Structure {
        path: PartPath::parse(path).unwrap(),
        kind: kind.into(),
        subtype: "x".into(),
        ..Structure::default()
    };
    let message = Arrived {
        structure: Some(Structure {
            children: vec![part("1", "text"), part("2", "image")],
            ..part("", "multipart")
        }),
        ..arrived(1, "a")
    };
    let content = content(&bed, bed.insert(vec![message])[0]);
    assert_eq!(store(&bed, content, "2", b"GIF"), Kept::Headers);
    assert_eq!(store(&bed, content, "1", b"text"), Kept::Text);
    let reader = bed.store.reader().unwrap();
    let one = |section| bodies::read_whole(&reader, content, section).unwrap();
    assert_eq!((one("1"), one("3")), (Some(b"text".to_vec()), None));
    assert_eq!(store(&bed, content, "", b"whole"), Kept::All);
    assert_eq!((one("1"), one("")), (None, Some(b"whole".to_vec())));
}

#[test]
fn the_policy_says_what_is_wanted_newest_first_and_prune_follows_it() {
    let bed = Bed::new();
    let day = |uid: u32| Arrived {
        arrival: NOW - i64::from(uid) * 86_400,
        ..arrived(uid, &uid.to_string())
    };
    let keys = bed.insert((1..=9).rev().map(day).collect());
    let reader = bed.store.reader().unwrap();
    let wanted = |policy, limit| -> Vec<u32> {
        bodies::wanted(&reader, bed.inbox, policy, NOW, limit)
            .unwrap()
            .into_iter()
            .map(|wanted| wanted.uid.0)
            .collect()
    };
    assert_eq!(wanted(Offline::Days(4), 9), [1, 2, 3, 4]);
    assert_eq!(wanted(Offline::All, 2), [1, 2]);
    assert_eq!(wanted(Offline::Headers, 9), [0; 0]);
    for key in keys {
        store(&bed, content(&bed, key), "", format!("{key}").as_bytes());
    }
    assert_eq!(wanted(Offline::All, 9), [0; 0]);
    let inbox = bed.inbox;
    let pruned = bed.put(move |tx| bodies::prune(tx, inbox, NOW - 4 * 86_400, 100));
    assert_eq!(pruned, 5);
    assert_eq!(wanted(Offline::All, 9), [5, 6, 7, 8, 9]);
    assert_eq!(wanted(Offline::Days(4), 9), [0; 0]);
    assert_eq!(
        bodies::count_wanted(&reader, bed.inbox, Offline::All, NOW).unwrap(),
        5
    );
}
