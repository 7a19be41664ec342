//! What a server says it can do (RFC 9051 section 7.2.2).

use std::collections::BTreeSet;
use std::fmt;

/// Names that are heard; the longest list of a real server has about 60.
const MOST: usize = 1000;

/// The capabilities of one connection, in upper case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities(BTreeSet<String>);

impl Capabilities {
    /// Reads names in any case.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let names = names.into_iter().filter(|name| !name.is_empty());
        let names = names.take(MOST);
        Self(names.map(str::to_ascii_uppercase).collect())
    }

    /// Whether the server offers `name`, given in any case: `IDLE`, `AUTH=PLAIN`.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains(name) || self.0.contains(&name.to_ascii_uppercase())
    }

    /// Whether the SASL mechanism is offered.
    pub fn has_mechanism(&self, mechanism: &str) -> bool {
        self.has(&format!("AUTH={mechanism}"))
    }

    /// Whether nothing is known yet.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Takes a name away that the server offers and cannot be trusted with.
    pub(crate) fn hide(&mut self, name: &str) {
        self.0.remove(name);
    }
}

impl fmt::Display for Capabilities {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, name) in self.names().enumerate() {
            if n > 0 {
                out.write_str(" ")?;
            }
            out.write_str(name)?;
        }
        Ok(())
    }
}
