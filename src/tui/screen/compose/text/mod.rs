//! The editing core of the composer: text in lines, a cursor, what pico's keys do to them. Pure:
//! keys in, text out.
//!
//! A line is a paragraph of format=flowed: it has no break of its own and is wrapped softly at the
//! room there is. Lines stand in a plain vector: a break in the middle of 30,000 of them moves less
//! than a megabyte, and all else costs what the line costs. A long line remembers where its rows
//! begin; a very long one is cut into pieces that are each wrapped for themselves, and only when they
//! come into sight, so that no key costs more than a few of them. Their last rows may be short.

mod edit;
mod history;
mod motion;
mod page;
mod paragraph;
mod store;
#[cfg(test)]
mod tests;
mod wrap;

pub use edit::Editor;
pub use page::Shown;
pub use store::{Place, Text};
