//! By what messages are selected.

use crate::model::MessageKey;
use crate::model::query::{Query, State};

/// What messages have in common that are selected together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Criterion {
    /// They are there.
    All,
    /// Their status.
    Status(State),
    /// This stands in their sender, recipient or subject, in small letters.
    Text(String),
    /// This is a part of their sender, in small letters.
    From(String),
    /// They came by this list.
    List(String),
    /// They are of the conversation of this message.
    Thread(MessageKey),
    /// They are what a query asks for.
    Query(Box<Query>),
}
