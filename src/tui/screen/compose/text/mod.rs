//! The editing core of the composer: text in lines, a cursor, what pico's keys do to them. Pure:
//! keys in, text out.
//!
//! A line is a paragraph of format=flowed: it has no break of its own and is wrapped softly at the
//! room there is. Lines stand in a plain vector: a break in the middle of 30,000 of them moves less
//! than a megabyte, and all else costs what the line costs. Only a very long line remembers where
//! its rows begin, and an edit wraps it anew from the row before the edit to the first row that
//! begins where one began before.

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
