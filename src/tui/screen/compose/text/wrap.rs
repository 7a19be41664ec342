//! Where the rows of one line begin.

use unicode_segmentation::UnicodeSegmentation;

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

/// What was replaced in a line: at which octet, how many, and by how many.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    /// Where it begins.
    pub at: usize,
    /// Octets that went.
    pub removed: usize,
    /// Octets that came.
    pub inserted: usize,
}

/// Brings the rows of a long line in line with a change of it.
pub fn patch(text: &str, starts: &mut Vec<usize>, change: Change, room: usize) {
    let row = starts.partition_point(|start| *start <= change.at);
    // A word of the changed row may find room in the one before; two are on the safe side.
    let keep = row.saturating_sub(3).max(1);
    let old = starts.split_off(keep.min(starts.len()));
    let moved = |start: usize| {
        let beyond = start.checked_sub(change.at + change.removed)?;
        (beyond > 0).then_some(change.at + change.inserted + beyond)
    };
    let mut rest = old.iter().filter_map(|start| moved(*start)).peekable();
    let mut at = row_end(text, starts.last().copied().unwrap_or(0), room);
    while at < text.len() {
        while rest.peek().is_some_and(|start| *start < at) {
            rest.next();
        }
        if rest.peek() == Some(&at) {
            starts.extend(rest);
            return;
        }
        starts.push(at);
        at = row_end(text, at, room);
    }
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
        fn a_patched_line_is_wrapped_as_a_new_one(
            before in "[a-z 日é\t]{0,200}",
            at in 0usize..200,
            removed in 0usize..12,
            inserted in "[a-z 日\u{301}]{0,12}",
            room in 2usize..30,
        ) {
            let edge = |wanted: usize| {
                let mut edge = wanted.min(before.len());
                while !before.is_char_boundary(edge) { edge -= 1; }
                edge
            };
            let (from, to) = (edge(at), edge(at + removed));
            let after = format!("{}{inserted}{}", &before[..from], &before[to..]);
            let mut patched = starts(&before, room);
            let change = Change { at: from, removed: to - from, inserted: inserted.len() };
            patch(&after, &mut patched, change, room);
            prop_assert_eq!(patched, starts(&after, room));
        }
    }
}
