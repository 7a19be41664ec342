//! The form of one entry.

use crate::mime::address;
use crate::model::{Contact, ContactKey};
use crate::tui::app::event::Ticket;
use crate::tui::app::prompt::Field;

/// A field of the form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spot {
    /// The name.
    #[default]
    Name,
    /// The addresses.
    Addresses,
    /// The short name.
    Nickname,
    /// Anything else.
    Note,
}

/// All of them, from top to bottom.
pub const SPOTS: [Spot; 4] = [Spot::Name, Spot::Addresses, Spot::Nickname, Spot::Note];

/// An entry that is written.
#[derive(Clone, Debug, Default)]
pub struct Form {
    /// Which one; `None` for a new one.
    pub key: Option<ContactKey>,
    /// What it was.
    pub was: Contact,
    /// The name.
    pub name: Field,
    /// The addresses, with commas between them.
    pub addresses: Field,
    /// The short name.
    pub nickname: Field,
    /// Anything else.
    pub note: Field,
    /// Where the cursor is.
    pub at: Spot,
    /// Why it was not kept.
    pub refused: Option<String>,
    /// The action that keeps it.
    pub keeping: Option<Ticket>,
}

impl Form {
    /// A form on an entry, or on a new one.
    pub fn on(key: Option<ContactKey>, contact: Contact) -> Self {
        Self {
            key,
            name: Field::of(&contact.name),
            addresses: Field::of(&contact.addresses.join(", ")),
            nickname: Field::of(&contact.nickname),
            note: Field::of(&contact.note),
            was: contact,
            ..Self::default()
        }
    }

    /// The field at the cursor.
    pub fn field(&mut self) -> &mut Field {
        match self.at {
            Spot::Name => &mut self.name,
            Spot::Addresses => &mut self.addresses,
            Spot::Nickname => &mut self.nickname,
            Spot::Note => &mut self.note,
        }
    }

    /// To the field after or before; false at the ends.
    pub fn walk(&mut self, forward: bool) -> bool {
        let at = SPOTS.iter().position(|spot| *spot == self.at).unwrap_or(0);
        let next = match forward {
            true => SPOTS.get(at + 1),
            false => at.checked_sub(1).and_then(|at| SPOTS.get(at)),
        };
        if let Some(next) = next {
            self.at = *next;
        }
        next.is_some()
    }

    /// What stands in it. A name beside an address is the name where none was typed.
    pub fn contact(&self) -> Contact {
        let typed = address::addresses(self.addresses.value().as_bytes());
        let named = typed.iter().map(|one| one.name.trim());
        let named = named.into_iter().find(|name| !name.is_empty());
        let name = self.name.value().trim();
        Contact {
            name: match name {
                "" if typed.iter().any(|one| !one.address.is_empty()) => {
                    named.unwrap_or_default().to_owned()
                }
                name => name.to_owned(),
            },
            nickname: self.nickname.value().trim().to_owned(),
            // What is no address is refused in words, so it goes along.
            addresses: typed
                .into_iter()
                .map(|one| match one.address.is_empty() {
                    true => one.name,
                    false => one.address,
                })
                .collect(),
            note: match Field::of(&self.was.note) == self.note {
                // A line here has no line breaks.
                true => self.was.note.clone(),
                false => self.note.value().to_owned(),
            },
        }
    }

    /// Whether a person has changed anything.
    pub fn is_touched(&self) -> bool {
        let was = Self::on(self.key, self.was.clone());
        let texts = |form: &Self| {
            [&form.name, &form.addresses, &form.nickname, &form.note]
                .map(|field| field.value().to_owned())
        };
        texts(self) != texts(&was)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_is_an_entry_and_nothing_of_it_is_lost() {
        let check = |name: &str, addresses: &str, want_name: &str, want: &[&str]| {
            let mut form = Form::on(None, Contact::default());
            form.name.set(name);
            form.addresses.set(addresses);
            let contact = form.contact();
            assert_eq!(contact.name, want_name, "{addresses}");
            assert_eq!(contact.addresses, want, "{addresses}");
        };
        check("Tom", "tom@x.example", "Tom", &["tom@x.example"]);
        check(
            "",
            "Tom O'Brien <tom@x.example>, t@y.example",
            "Tom O'Brien",
            &["tom@x.example", "t@y.example"],
        );
        check("Tom", "Tim <tim@x.example>", "Tom", &["tim@x.example"]);
        check("Tom", "bobby", "Tom", &["bobby"]);
        check("Tom", "  ", "Tom", &[]);
    }

    #[test]
    fn a_note_with_lines_stays_as_it_is_until_it_is_changed() {
        let contact = Contact {
            note: "one\ntwo".into(),
            addresses: vec!["a@x.example".into()],
            ..Contact::default()
        };
        let mut form = Form::on(None, contact.clone());
        assert!(!form.is_touched());
        form.name.set("Ann");
        assert!(form.is_touched());
        assert_eq!(form.contact().note, "one\ntwo");
        form.note.set("three");
        assert_eq!(form.contact().note, "three");
    }
}
