//! People to write to: completion of what is typed, and the address book.

use crate::mime::fold;
use crate::mime::recipient::{self, Refused};
use crate::model::{Address, Contact, ContactKey, Draft, Known, Recipient};
use crate::store::people::{self, Person, Tier, address_id, domain_id};
use crate::store::{Pending, Priority, Refusal, Rows, Store, StoreError, Tx, contacts};

/// Addresses of one entry of the address book.
const ADDRESSES: usize = 20;
/// Octets of its name, nickname or note.
const TEXT: usize = 10_000;

/// What is typed, and where.
#[derive(Clone, Copy, Debug, Default)]
pub struct Typed<'a> {
    /// The text behind the last taken address.
    pub text: &'a str,
    /// Addresses of the message that is answered.
    pub at_hand: &'a [Address],
    /// One's own addresses: they come behind other people.
    pub own: &'a [String],
    /// How many suggestions there may be.
    pub limit: usize,
}

/// Somebody who could be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// Name and address.
    pub address: Address,
    /// What the address book calls them; empty where they are not in it.
    pub nickname: String,
    /// From where they are known.
    pub known: Known,
}

/// Who could be meant, the likeliest first: the address book, the message at hand, people whom own
/// mail went to, people in mail that came, one's own addresses, programs. Its cost does not depend on
/// how much mail there is.
pub fn complete(rows: &impl Rows, typed: &Typed<'_>) -> Result<Vec<Suggestion>, StoreError> {
    let words = fold::words_typed(typed.text);
    if words.is_empty() && !typed.text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let mut found = Found::default();
    for (_, contact) in contacts::matching(rows, &words)? {
        found.contact(&contact, &words, typed.limit);
    }
    for who in typed.at_hand {
        if fits(&words, &who.name, &who.address) && recipient::is_sound(&who.address) {
            found.add(who.clone(), String::new(), Known::AtHand);
        }
    }
    let own: Vec<String> = typed.own.iter().map(|one| address_id(one)).collect();
    let wanted = typed.limit + found.all.len() + own.len();
    for person in people::matching(rows, &words, wanted)? {
        found.person(person);
    }
    for one in &mut found.all {
        if own.contains(&address_id(&one.address.address)) && one.known != Known::Book {
            one.known = Known::Own;
        }
    }
    found
        .all
        .sort_by_key(|one| matches!(one.known, Known::Own | Known::Robot).then_some(one.known));
    found.all.truncate(typed.limit);
    Ok(found.all)
}

/// Domains that a draft could mean, and those in it that nobody is known from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Domains {
    /// Those of the address book, of people whom own mail went to, and the sender's.
    pub familiar: Vec<String>,
    /// Those of its recipients that are none of these and that no stored mail names.
    pub strange: Vec<String>,
}

/// What is known of the domains that a draft goes to.
pub fn domains(rows: &impl Rows, draft: &Draft) -> Result<Domains, StoreError> {
    let mut familiar = people::domains_written(rows)?;
    for (_, contact) in contacts::matching(rows, &[])? {
        familiar.extend(contact.addresses.iter().filter_map(|one| domain_id(one)));
    }
    familiar.extend(domain_id(&draft.from.address));
    let mut asked: Vec<String> = draft
        .recipients()
        .filter_map(|one| domain_id(&one.address))
        .filter(|domain| !familiar.contains(domain))
        .collect();
    asked.sort();
    asked.dedup();
    let mut strange = Vec::new();
    for domain in asked {
        if !people::is_domain_known(rows, &domain)? {
            strange.push(domain);
        }
    }
    Ok(Domains {
        familiar: familiar.into_iter().collect(),
        strange,
    })
}

#[derive(Default)]
struct Found {
    all: Vec<Suggestion>,
}

impl Found {
    fn add(&mut self, address: Address, nickname: String, known: Known) {
        let id = address_id(&address.address);
        let is_it = |one: &Suggestion| address_id(&one.address.address) == id;
        if !self.all.iter().any(is_it) {
            self.all.push(Suggestion {
                address,
                nickname,
                known,
            });
        }
    }

    /// All addresses of somebody whose name fits, else those that fit themselves.
    fn contact(&mut self, contact: &Contact, words: &[String], limit: usize) {
        let named = format!("{} {}", contact.nickname, contact.name);
        let by_name = fits(words, &named, "");
        for address in &contact.addresses {
            if self.all.len() < limit && (by_name || fits(words, &named, address)) {
                let address = Address {
                    name: contact.name.clone(),
                    address: address.clone(),
                };
                self.add(address, contact.nickname.clone(), Known::Book);
            }
        }
    }

    fn person(&mut self, person: Person) {
        let known = match person.tier {
            Tier::Written => Known::WrittenTo(person.written),
            Tier::Seen if person.wrote > 0 => Known::Wrote(person.wrote),
            Tier::Seen => Known::Seen,
            Tier::Robot => Known::Robot,
        };
        self.add(person.address, String::new(), known);
    }
}

fn fits(words: &[String], name: &str, address: &str) -> bool {
    let mut all = fold::words_of_name(name);
    all.extend(fold::words_of_address(address));
    let begins = |word: &String| all.iter().any(|one| one.starts_with(word));
    words.iter().all(begins)
}

/// Who is meant by what was typed into an address field: mailboxes, groups, and the exact name or
/// nickname of somebody in the address book. Anything else is refused in words.
pub fn resolve(
    rows: &impl Rows,
    text: &str,
) -> Result<Result<Vec<Recipient>, Refused>, StoreError> {
    let mut failed = None;
    let mut book = |name: &str| match contacts::called(rows, name) {
        Ok(found) => found.iter().map(Contact::address).collect(),
        Err(error) => {
            failed = Some(error);
            Vec::new()
        }
    };
    let found = recipient::resolve(text, &mut book);
    match failed {
        Some(error) => Err(error),
        None => Ok(found),
    }
}

/// Entries of the address book in which each typed word begins a word, by name; all for no text.
pub fn search(rows: &impl Rows, text: &str) -> Result<Vec<(ContactKey, Contact)>, StoreError> {
    contacts::matching(rows, &fold::words_typed(text))
}

/// One entry of the address book.
pub fn get(rows: &impl Rows, key: ContactKey) -> Result<Contact, StoreError> {
    contacts::get(rows, key)
}

/// Writes a new entry into the address book.
pub fn add(store: &Store, contact: Contact) -> Pending<ContactKey> {
    store.write(Priority::Person, move |tx| {
        contacts::put(tx, None, &checked(contact)?)
    })
}

/// Changes an entry.
pub fn edit(store: &Store, key: ContactKey, contact: Contact) -> Pending<()> {
    store.write(Priority::Person, move |tx| {
        contacts::put(tx, Some(key), &checked(contact)?).map(drop)
    })
}

/// Strikes an entry out. It answers what it was, so that it can be written down again.
pub fn remove(store: &Store, key: ContactKey) -> Pending<Contact> {
    store.write(Priority::Person, move |tx| contacts::remove(tx, key))
}

/// What became of an address that was taken from a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// A new entry holds it.
    New(ContactKey),
    /// An entry holds it already; nothing was changed.
    Known(ContactKey),
}

/// Takes an address from a message into the address book.
pub fn take(store: &Store, address: Address) -> Pending<Kept> {
    store.write(Priority::Person, move |tx| taken(tx, address))
}

fn taken(tx: &Tx<'_>, address: Address) -> Result<Kept, StoreError> {
    if let Some(key) = contacts::of_address(tx, &address.address)? {
        return Ok(Kept::Known(key));
    }
    // A name that looks like an address may be another one's (SAFETY D5).
    let name = match address.name.contains('@') {
        true => String::new(),
        false => address.name,
    };
    let contact = Contact {
        name,
        addresses: vec![address.address],
        ..Contact::default()
    };
    contacts::put(tx, None, &checked(contact)?).map(Kept::New)
}

/// An entry that can be written to.
fn checked(contact: Contact) -> Result<Contact, StoreError> {
    let refused = |why: String| Err(Refusal::NoContact { why }.into());
    let line = |text: &str| {
        let kept: String = text
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        kept.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let mut addresses: Vec<String> = Vec::new();
    for address in contact.addresses.iter().map(|one| one.trim()) {
        if address.is_empty() {
            continue;
        }
        if !recipient::is_sound(address) {
            return refused(format!("\"{}\" is not an address", line(address)));
        }
        let is_it = |one: &String| address_id(one) == address_id(address);
        if !addresses.iter().any(is_it) {
            addresses.push(address.to_owned());
        }
    }
    if addresses.is_empty() {
        return refused("it has no address".to_owned());
    }
    if addresses.len() > ADDRESSES {
        return refused(format!("it has more than {ADDRESSES} addresses"));
    }
    let checked = Contact {
        name: line(&contact.name),
        nickname: line(&contact.nickname),
        addresses,
        note: contact.note,
    };
    if checked
        .nickname
        .contains(['@', ',', ';', ':', '<', '>', '"', '(', ')'])
    {
        let nickname = &checked.nickname;
        return refused(format!("\"{nickname}\" cannot be told from an address"));
    }
    let long = [&checked.name, &checked.nickname, &checked.note];
    if long.iter().any(|text| text.len() > TEXT) {
        return refused(format!("a text in it is longer than {TEXT} octets"));
    }
    Ok(checked)
}

#[cfg(test)]
mod tests;
