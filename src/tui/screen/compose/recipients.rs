//! An address field: what stands in it as units, and what is being typed behind them.

use crate::mime::recipient::{self, Refused};
use crate::mime::sanitize;
use crate::model::{Address, Recipient};
use crate::tui::app::prompt::Field;
use crate::tui::app::view::Contact;

/// Contacts that are offered at a time.
const OFFERED: usize = 8;

/// An address field.
#[derive(Clone, Debug, Default)]
pub struct Recipients {
    /// Those that are taken; each goes by one Backspace.
    pub units: Vec<Recipient>,
    /// What is typed behind them.
    pub field: Field,
    /// Contacts that fit what is typed, the best first.
    pub offers: Vec<Contact>,
    /// Which of them Enter takes.
    pub picked: Option<usize>,
}

impl Recipients {
    /// A field that holds these. What is no address was being typed when it was saved.
    pub fn of(units: Vec<Recipient>) -> Self {
        let whole = |unit: &Recipient| unit.mailboxes().iter().all(is_address);
        let (units, typed): (Vec<_>, Vec<_>) = units.into_iter().partition(whole);
        let typed: Vec<String> = typed
            .iter()
            .flat_map(Recipient::mailboxes)
            .map(|one| one.address.clone())
            .collect();
        Self {
            units,
            field: Field::of(&typed.join(", ")),
            ..Self::default()
        }
    }

    /// The units, and behind them what is being typed.
    pub fn with_typed(&self) -> Vec<Recipient> {
        let mut all = self.units.clone();
        match (self.is_settled(), parsed(self.typed())) {
            (true, _) => {}
            (false, Ok(units)) => all.extend(units),
            (false, Err(_)) => all.push(Recipient::address(self.typed())),
        }
        all
    }

    /// Whether nothing is typed that is not taken yet.
    pub fn is_settled(&self) -> bool {
        self.field.value().trim().is_empty()
    }

    /// What is being typed.
    pub fn typed(&self) -> &str {
        self.field.value().trim()
    }

    /// Takes what fits the typed text. The first one is picked, unless an address is typed out.
    pub fn offer(&mut self, found: Vec<Contact>) {
        let known = |contact: &Contact| {
            let mut all = self.units.iter().flat_map(Recipient::mailboxes);
            all.any(|one| one.address.eq_ignore_ascii_case(&contact.address.address))
        };
        self.offers = found
            .into_iter()
            .filter(|contact| !known(contact))
            .take(OFFERED)
            .collect();
        let whole = self.typed().contains('@');
        self.picked = (!self.offers.is_empty() && !whole).then_some(0);
    }

    /// Nothing is offered any more; whether something was.
    pub fn close_offers(&mut self) -> bool {
        self.picked = None;
        !std::mem::take(&mut self.offers).is_empty()
    }

    /// Moves among the offers; false when there are none.
    pub fn walk(&mut self, by: isize) -> bool {
        let Some(last) = self.offers.len().checked_sub(1) else {
            return false;
        };
        self.picked = Some(match self.picked {
            None if by > 0 => 0,
            None => last,
            Some(at) => at.saturating_add_signed(by).min(last),
        });
        true
    }

    /// Makes units of what is typed, or of the picked offer. What has no `@` is a contact or nobody,
    /// which only the store knows; it stays as it is meanwhile and is never given a domain.
    pub fn settle(&mut self) -> Result<(), Refused> {
        if let Some(contact) = self.picked.and_then(|at| self.offers.get(at)) {
            let one = Recipient::One(contact.address.clone());
            self.take(vec![one]);
            return Ok(());
        }
        let units = parsed(self.typed())?;
        self.take(units);
        Ok(())
    }

    /// Puts units in the place of what is typed.
    pub fn take(&mut self, units: Vec<Recipient>) {
        self.units.extend(units);
        self.field.set("");
        self.close_offers();
    }

    /// Takes the last unit away; false when there is none.
    pub fn remove_last(&mut self) -> bool {
        self.units.pop().is_some()
    }

    /// The field as it is shown, what is typed left out.
    pub fn shown(&self) -> Vec<String> {
        self.units.iter().map(shown).collect()
    }
}

/// A unit as it is shown.
pub fn shown(unit: &Recipient) -> String {
    match unit {
        Recipient::One(address) => sanitize::full(address).into_string(),
        Recipient::Group { name, members } if members.is_empty() => {
            format!("{}:;", sanitize::Shown::name(name))
        }
        Recipient::Group { name, members } => {
            let name = sanitize::Shown::name(name);
            format!("{name}: {} addresses;", members.len())
        }
    }
}

/// The recipients of a typed list, as far as no contact has to be asked for.
pub fn parsed(text: &str) -> Result<Vec<Recipient>, Refused> {
    recipient::resolve(text, &mut |_| Vec::new())
}

/// Whether something can be an address that mail is sent to.
fn is_address(one: &Address) -> bool {
    recipient::is_sound(&one.address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enter_takes_the_picked_contact_but_not_over_a_whole_address() {
        let contact = |name: &str, spec: &str| Contact {
            address: Address {
                name: name.into(),
                address: spec.into(),
            },
            nickname: String::new(),
            why: String::new(),
        };
        let all = || {
            vec![
                contact("Tom", "tom@x.example"),
                contact("Tim", "tim@x.example"),
            ]
        };
        let mut to = Recipients::default();
        to.field.set("t");
        to.offer(all());
        to.walk(1);
        to.settle().unwrap();
        assert_eq!(to.shown(), ["Tim <tim@x.example>"]);
        to.field.set("t@y.example");
        to.offer(all());
        assert_eq!(to.offers.len(), 1, "one is there already");
        to.settle().unwrap();
        assert_eq!(to.shown().last().unwrap(), "t@y.example");
        to.field.set("nobody");
        to.offer(Vec::new());
        assert!(matches!(to.settle(), Err(Refused::Nobody(_))));
        assert_eq!(to.typed(), "nobody");
        assert!(to.remove_last() && to.remove_last() && !to.remove_last());
    }
}
