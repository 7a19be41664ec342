//! People: what the address book holds of them, and from where an address is known.

use serde::{Deserialize, Serialize};

use super::Address;

/// What a person wrote down about somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Their name.
    pub name: String,
    /// A short name to write to them by; empty where there is none, else unique without regard to
    /// case and accents.
    pub nickname: String,
    /// Their addresses; mail goes to the first unless another one is picked.
    pub addresses: Vec<String>,
    /// Anything else.
    pub note: String,
}

impl Contact {
    /// Name and address as they stand in a header field.
    pub fn address(&self) -> Address {
        Address {
            name: self.name.clone(),
            address: self.addresses.first().cloned().unwrap_or_default(),
        }
    }
}

/// From where an address is known, in the order in which they are offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Known {
    /// The address book has it.
    Book,
    /// It stands in the message at hand.
    AtHand,
    /// Own mail went there so many times.
    WrittenTo(u64),
    /// Mail came from there so many times.
    Wrote(u64),
    /// It was another recipient of mail that came.
    Seen,
    /// It is one's own.
    Own,
    /// A program writes from there, and nobody reads what is sent to it.
    Robot,
}

impl std::fmt::Display for Known {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Known::Book => out.write_str("address book"),
            Known::AtHand => out.write_str("in this message"),
            Known::WrittenTo(1) => out.write_str("written to once"),
            Known::WrittenTo(times) => write!(out, "written to {times} times"),
            Known::Wrote(1) => out.write_str("wrote to you once"),
            Known::Wrote(times) => write!(out, "wrote to you {times} times"),
            Known::Seen => out.write_str("in mail to you"),
            Known::Own => out.write_str("your own"),
            Known::Robot => out.write_str("no person"),
        }
    }
}
