//! Bytes to model and back: reading headers, structure and text, sanitising, file names.
//!
//! Everything here is a pure function of its arguments: no file, clock, socket or randomness.
//! Whatever comes from outside reaches a terminal only as [`sanitize::Shown`]. Nothing in this
//! room panics or recurses by the depth of a message, and every loop is bounded by its input
//! (SAFETY sections 3, 4, 5 and 7).
//!
//! Bytes to text goes: [`structure`] finds the parts, [`part`] undoes transfer encoding and
//! charset, [`document`] chooses and arranges what a person reads, [`wrap`] lays it out.

pub mod address;
pub mod body;
pub mod calendar;
pub mod check;
pub mod content;
mod date;
pub mod document;
pub mod domain;
pub mod envelope;
pub mod filename;
pub mod flowed;
pub mod fold;
pub mod header;
pub mod html;
pub mod link;
pub mod maildir;
pub mod mailto;
mod markup;
pub mod mbox;
pub mod media;
mod parameter;
pub mod part;
pub mod quote;
pub mod recipient;
pub mod reply;
pub mod sanitize;
pub mod searched;
pub mod sniff;
pub mod snippet;
pub mod structure;
mod unseen;
mod word;
pub mod words;
pub mod wrap;
pub mod write;

#[cfg(test)]
pub(crate) mod tests;
