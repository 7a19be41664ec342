//! The screens, one folder each: `state` holds what a screen knows and how it changes, `draw` is a
//! function of the application and an area. ratatui is named in `draw`, `paint` and `theme` only.

pub mod attention;
pub mod book;
pub mod compose;
pub mod composers;
pub mod conversation;
pub mod draw;
pub mod files;
pub mod folders;
pub mod help;
pub mod index;
pub mod lines;
pub mod log;
pub mod menu;
pub mod message;
pub mod outbox;
pub mod paint;
pub mod parts;
pub mod queue;
pub mod send;
pub mod setup;
pub mod theme;

pub use draw::draw;
