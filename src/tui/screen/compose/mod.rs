//! The composer: header fields, the text with its quote, and what is sent along.

pub mod text;
