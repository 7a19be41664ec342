//! Keys in, screens out, through the real `update` and `draw`; the store is a small world that
//! answers every question from a list of messages.

mod applying;
mod book;
mod composing;
mod conversation;
mod far;
mod files;
mod kept;
mod keys;
mod lists;
mod marking;
mod mouse;
mod opening;
mod outbox;
mod outgoing;
mod pages;
mod panes;
mod resuming;
mod safety;
mod screens;
mod searching;
mod selecting;
mod threads;
mod triage;
mod waiting;
mod waits;
mod world;
mod writes;
