//! Where the rows of one line begin.

use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

use crate::mime::sanitize;

/// Columns between tab stops, as the sanitiser expands them.
const TAB: usize = 8;

/// Cells that a grapheme cluster takes when it is drawn at that column.
pub fn cells(cluster: &str, column: usize) -> usize {
    match cluster.as_bytes() {
        [b'\t'] => TAB - column % TAB,
        [0x20..0x7f] => 1,
        _ => sanitize::Shown::body_line(cluster).width(),
    }
}

/// Cells that a piece of a row takes which begins at its first column.
pub fn width(piece: &str) -> usize {
    if piece.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return piece.len();
    }
    let clusters = piece.graphemes(true);
    clusters.fold(0, |column, cluster| column + cells(cluster, column))
}

fn is_blank(cluster: &str) -> bool {
    matches!(cluster, " " | "\t")
}

/// What closes and so does not begin a row where East Asian text is broken.
fn closes(cluster: &str) -> bool {
    cluster.starts_with([
        '、', '。', '，', '．', '：', '；', '？', '！', '」', '』', '）', '】', '》', '〉', '’',
        '”', 'ー', 'ー', 'っ', 'ゃ', 'ゅ', 'ょ', ')', ']', '}', ',', '.', '!', '?', ':', ';',
    ])
}

fn opens(cluster: &str) -> bool {
    cluster.ends_with(['「', '『', '（', '【', '《', '〈', '‘', '“', '(', '[', '{'])
}

/// Where the row that begins at `start` ends. One blank may hang behind the last column.
fn row_end(text: &str, start: usize, room: usize) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    if let Some(end) = plain_row_end(rest.as_bytes(), room) {
        return start + end;
    }
    let mut column = 0;
    let mut chance = None;
    let mut before = ("", 0);
    for (offset, cluster) in rest.grapheme_indices(true) {
        let at = start + offset;
        let wide = cells(cluster, column);
        let east_asian = wide == 2 || before.1 == 2;
        if at > start && east_asian && !closes(cluster) && !opens(before.0) && !is_blank(cluster) {
            chance = Some(at);
        }
        if column + wide > room && at > start {
            return match is_blank(cluster) {
                true => at + cluster.len(),
                false => chance.unwrap_or(at),
            };
        }
        column += wide;
        if is_blank(cluster) {
            chance = Some(at + cluster.len());
        }
        before = (cluster, wide);
    }
    text.len()
}

/// The same for a row of printable ASCII alone, which nearly all of them are.
fn plain_row_end(rest: &[u8], room: usize) -> Option<usize> {
    let look = rest.get(..room + 1).unwrap_or(rest);
    if !look.iter().all(|b| (0x20..0x7f).contains(b)) {
        return None;
    }
    if look.len() <= room {
        return Some(look.len());
    }
    // What follows may belong to the last cluster that is seen here.
    if rest.get(room + 1).is_some_and(|next| !next.is_ascii()) {
        return None;
    }
    if look.last() == Some(&b' ') {
        return Some(room + 1);
    }
    let blank = look.iter().rposition(|b| *b == b' ');
    Some(blank.map_or(room, |blank| blank + 1).max(1))
}

/// Where all rows begin; the first at 0.
pub fn starts(text: &str, room: usize) -> Vec<usize> {
    let mut starts = vec![0];
    let mut at = row_end(text, 0, room);
    while at < text.len() {
        starts.push(at);
        at = row_end(text, at, room);
    }
    starts
}

/// Octets from which on a line is wrapped in pieces.
const HUGE: usize = 32 << 10;
/// Octets of a piece, about.
const PIECE: usize = 4 << 10;
/// Octets in which a blank is looked for to end a piece behind.
const LOOK: usize = 256;

/// Where the pieces of a line begin, the first at 0. Each is wrapped for itself, so that what a key
/// costs depends on what is in sight and not on the line; its last row may be short.
pub fn pieces(text: &str) -> Vec<usize> {
    pieces_from(text, 0, text.len())
}

/// The same for what stands between two beginnings of pieces, `from` included.
pub fn pieces_from(text: &str, from: usize, to: usize) -> Vec<usize> {
    let mut starts = vec![from];
    if text.len() < HUGE {
        return starts;
    }
    let mut at = from;
    // What is left over stays with the last piece.
    while to - at > PIECE + PIECE / 2 {
        at = cut(text, at + PIECE);
        if at >= to {
            break;
        }
        starts.push(at);
    }
    starts
}

/// Behind the next blank, else between two clusters.
fn cut(text: &str, near: usize) -> usize {
    let bytes = text.as_bytes();
    let look = bytes.get(near..(near + LOOK).min(bytes.len()));
    let blank = look.and_then(|look| memchr::memchr(b' ', look));
    let mut at = blank.map_or(near, |blank| near + blank + 1);
    while at < text.len() && !is_between_clusters(text, at) {
        at += 1;
    }
    at
}

/// Whether no cluster goes on there.
pub fn is_between_clusters(text: &str, at: usize) -> bool {
    if !text.is_char_boundary(at) {
        return false;
    }
    let mut cursor = GraphemeCursor::new(at, text.len(), true);
    cursor.is_boundary(text, 0).unwrap_or(true)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(text: &str, room: usize) -> Vec<&str> {
        let starts = starts(text, room);
        let ends = starts.iter().skip(1).copied().chain([text.len()]);
        starts
            .iter()
            .zip(ends)
            .map(|(from, to)| &text[*from..to])
            .collect()
    }

    #[test]
    fn rows_break_behind_blanks_and_between_wide_letters() {
        let check = |text: &str, room: usize, want: &[&str]| {
            assert_eq!(rows(text, room), want, "{text:?} in {room}");
        };
        check("", 10, &[""]);
        check("one two three", 8, &["one two ", "three"]);
        check("one two  three", 7, &["one two ", " three"]);
        check("abcdefghij", 4, &["abcd", "efgh", "ij"]);
        check("ab abcdefghij", 4, &["ab ", "abcd", "efgh", "ij"]);
        check("日本語の件名です", 7, &["日本語", "の件名", "です"]);
        check("日本語の。件", 8, &["日本語", "の。件"]);
        check("見て「日本」", 6, &["見て", "「日", "本」"]);
        check("a\u{301}b\u{301}c", 2, &["a\u{301}b\u{301}", "c"]);
        check("a\tb c", 9, &["a\tb ", "c"]);
        check("word\u{301} x", 4, &["word\u{301} ", "x"]);
    }

    #[test]
    fn no_row_is_wider_than_the_room_but_for_a_hanging_blank() {
        let text = "lorem ipsum 日本語 dolor\tsit amet 👩‍💻👩‍💻 consectetur".repeat(20);
        for room in [4, 7, 20, 79] {
            for row in rows(&text, room) {
                assert!(width(row.trim_end()) <= room, "{row:?} in {room}");
            }
        }
    }

    proptest! {
        #[test]
        fn pieces_part_no_cluster_and_lose_nothing(unit in "[a-z日][a-z 日é👩\u{200d}\u{301}]{0,40}", times in 1usize..3_000) {
            let text = unit.repeat(times);
            let pieces = pieces(&text);
            prop_assert_eq!(pieces[0], 0);
            for (one, next) in pieces.iter().zip(&pieces[1..]) {
                prop_assert!(next - one <= 3 * PIECE, "{} to {}", one, next);
                prop_assert!(one < next && is_between_clusters(&text, *next));
            }
            prop_assert!(text.len() < HUGE || pieces.len() >= text.len() / (3 * PIECE));
        }
    }
}
