//! Which bodies are fetched, in what order, in windows of how many octets.

use std::collections::VecDeque;

use crate::model::{ContentKey, Uid};

/// A message whose bytes are wanted and not in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lacking {
    /// What it holds.
    pub content: ContentKey,
    /// Its UID in the selected mailbox.
    pub uid: Uid,
    /// RFC822.SIZE. It plans windows and is believed for nothing else: servers are wrong about it.
    pub size: u64,
    /// The octet from which on bytes are missing, after an earlier try was cut.
    pub from: u64,
}

/// Messages above this size come after all others, one to a window.
pub const BIG: u64 = 1 << 20;

/// The smallest and largest window in octets.
const LEAST: u64 = 256 << 10;
const MOST: u64 = 4 << 20;

/// No window names more messages than this, whatever their size.
const MESSAGES: usize = 200;

/// How many octets the next window should have, after one of `octets` took `millis`: a person who
/// asks for a message waits for the window under way, so that it should last about half a second.
pub fn next_size(octets: u64, millis: u64) -> u64 {
    match millis {
        0..=400 => octets.saturating_mul(2),
        401..=1_000 => octets,
        _ => octets / 2,
    }
    .clamp(LEAST, MOST)
}

/// The size of the first window.
pub const FIRST: u64 = LEAST;

/// Puts what lacks its bytes (newest first) into the order of fetching: the big ones
/// and those that were cut before last.
pub fn queue(mut lacking: Vec<Lacking>) -> VecDeque<Lacking> {
    lacking.sort_by_key(|one| one.size > BIG || one.from > 0);
    lacking.into()
}

/// Takes the next window off the queue: up to `octets`, a big one alone. Empty when nothing is left.
pub fn take_window(queue: &mut VecDeque<Lacking>, octets: u64) -> Vec<Lacking> {
    let mut window: Vec<Lacking> = Vec::new();
    let mut sum = 0u64;
    while let Some(next) = queue.front() {
        sum = sum.saturating_add(next.size);
        let alone = next.size > BIG || next.from > 0;
        let fits = sum <= octets && !alone && window.len() < MESSAGES;
        if !fits && !window.is_empty() {
            break;
        }
        window.extend(queue.pop_front());
        if alone {
            break;
        }
    }
    window
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lacking(sizes: &[u64]) -> Vec<Lacking> {
        sizes
            .iter()
            .zip(1..)
            .map(|(&size, n)| Lacking {
                content: ContentKey(i64::from(n)),
                uid: Uid(n),
                size,
                from: 0,
            })
            .collect()
    }

    fn check(sizes: &[u64], octets: u64, windows: &[&[u32]]) {
        let mut left = queue(lacking(sizes));
        let mut got = Vec::new();
        loop {
            let window = take_window(&mut left, octets);
            if window.is_empty() {
                break;
            }
            got.push(window.iter().map(|one| one.uid.0).collect::<Vec<_>>());
        }
        assert_eq!(got, windows, "{sizes:?} in {octets}");
    }

    #[test]
    fn windows_go_newest_first_and_the_big_ones_last_and_alone() {
        check(&[], 100, &[]);
        check(&[10, 20, 30], 100, &[&[1, 2, 3]]);
        check(&[60, 60, 30], 100, &[&[1], &[2, 3]]);
        check(&[500, 10], 100, &[&[1], &[2]]);
        check(&[BIG + 1, 10, BIG + 2, 20], 100, &[&[2, 4], &[1], &[3]]);
    }

    #[test]
    fn a_window_lasts_about_half_a_second_whatever_the_line() {
        let (mut fast, mut slow) = (FIRST, MOST);
        for _ in 0..10 {
            fast = next_size(fast, 5);
            slow = next_size(slow, 30_000);
        }
        assert_eq!((fast, slow), (MOST, LEAST));
        assert_eq!(next_size(FIRST, 700), FIRST);
    }
}
