//! Who is offered, who is meant, and what the address book takes.

use super::*;
use crate::model::Envelope;
use crate::store::messages::{self, Arrived};
use crate::store::tests::{Bed, arrived, line};
use crate::store::{Change, mailboxes};

fn who(text: &str) -> Vec<Address> {
    crate::mime::header::addresses(text.as_bytes())
}

fn contact(name: &str, nickname: &str, addresses: &[&str]) -> Contact {
    Contact {
        name: name.to_owned(),
        nickname: nickname.to_owned(),
        addresses: addresses.iter().map(|one| (*one).to_owned()).collect(),
        note: String::new(),
    }
}

/// Mail from Tom, Tomas and a robot; own mail to Tomke; everybody writes to me.
fn bed() -> Bed {
    let bed = Bed::new();
    let account = bed.account;
    let mail = |uid, from: &str, to: &str| Arrived {
        envelope: Some(Envelope {
            message_id: format!("{uid}{from}"),
            from: who(from),
            to: who(to),
            ..Envelope::default()
        }),
        ..arrived(uid, "x")
    };
    let me = "Tomtom Me <me@x.example>";
    let came = vec![
        mail(1, "Tom <tom@x.example>", me),
        mail(2, "Tom <tom@x.example>", me),
        mail(3, "Tomas <tomas@x.example>", me),
        mail(4, "Tombot <noreply@x.example>", me),
    ];
    let sent = vec![mail(
        1,
        me,
        "Tomke <tomke@x.example>, Old Tom <tom.book@x.example>",
    )];
    bed.put(move |tx| {
        mailboxes::record_list(tx, account, &["INBOX", "Sent"].map(line))?;
        for (name, mails) in [("INBOX", came), ("Sent", sent)] {
            let place = mailboxes::by_name(tx, account, name)?.unwrap();
            messages::insert(tx, place.key, place.epoch, &mails)?;
        }
        Ok(())
    });
    let reader = bed.store.reader().unwrap();
    while people::glean(&bed.store, &reader).unwrap() == people::Gleaned::More {}
    bed
}

fn offered(bed: &Bed, typed: &Typed<'_>) -> Vec<String> {
    let reader = bed.store.reader().unwrap();
    let found = complete(&reader, typed).unwrap();
    let shown = |one: Suggestion| {
        format!(
            "{}|{}|{}|{}",
            one.address.name, one.address.address, one.nickname, one.known
        )
    };
    found.into_iter().map(shown).collect()
}

fn typed(text: &str) -> Typed<'_> {
    Typed {
        text,
        limit: 9,
        ..Typed::default()
    }
}

#[test]
fn the_address_book_comes_first_and_oneself_and_robots_last() {
    let bed = bed();
    let book = contact(
        "Tom Booked",
        "tt",
        &["tom.book@x.example", "tb@home.example"],
    );
    add(&bed.store, book).wait().unwrap();
    let at_hand = who("Tom Hand <hand@x.example>, Zoë <zoe@x.example>, Tom <a b@x>");
    let own = ["ME@x.example".to_owned()];
    let found = offered(
        &bed,
        &Typed {
            text: "tom",
            at_hand: &at_hand,
            own: &own,
            limit: 9,
        },
    );
    assert_eq!(
        found,
        [
            "Tom Booked|tom.book@x.example|tt|address book",
            "Tom Booked|tb@home.example|tt|address book",
            "Tom Hand|hand@x.example||in this message",
            "Tomke|tomke@x.example||written to once",
            "Tom|tom@x.example||wrote to you 2 times",
            "Tomas|tomas@x.example||wrote to you once",
            "Tomtom Me|me@x.example||your own",
            "Tombot|noreply@x.example||no person",
        ]
    );
    let few = Typed {
        limit: 2,
        ..typed("tom")
    };
    assert_eq!(offered(&bed, &few).len(), 2);
    // Of one who is found by an address, that address alone.
    assert_eq!(
        offered(&bed, &typed("tb@h")),
        ["Tom Booked|tb@home.example|tt|address book"]
    );
    assert_eq!(offered(&bed, &typed(" , ")), [""; 0]);
    // Nothing typed: the address book and those whom own mail went to, each address once.
    assert_eq!(offered(&bed, &typed("")).len(), 3);
}

#[test]
fn a_nickname_completes_and_the_one_who_has_it_comes_first() {
    let bed = Bed::new();
    for (name, nickname) in [("Anna Zweig", ""), ("Zoë Müller", "Än"), ("Ann Lee", "lee")] {
        let address = format!("{}@x.example", name.len());
        add(&bed.store, contact(name, nickname, &[&address]))
            .wait()
            .unwrap();
    }
    let names = |text: &str| -> Vec<String> {
        let found = offered(&bed, &typed(text));
        found
            .iter()
            .map(|one| one.split('|').next().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names("an"), ["Zoë Müller", "Ann Lee", "Anna Zweig"]);
    assert_eq!(names("ann"), ["Ann Lee", "Anna Zweig"]);
    assert_eq!(names("LEE"), ["Ann Lee"]);
}

#[test]
fn what_is_typed_means_an_address_or_a_contact_or_nobody() {
    let bed = bed();
    add(
        &bed.store,
        contact("Zoë  Müller", "zm", &["zoe@x.example", "z@home.example"]),
    )
    .wait()
    .unwrap();
    add(&bed.store, contact("Sam", "", &["sam@x.example"]))
        .wait()
        .unwrap();
    add(&bed.store, contact("SAM", "", &["sam@y.example"]))
        .wait()
        .unwrap();
    let reader = bed.store.reader().unwrap();
    let check = |text: &str, want: Result<&[&str], &str>| {
        let found = resolve(&reader, text).unwrap();
        let found: Result<Vec<String>, String> = match found {
            Ok(found) => Ok(found
                .iter()
                .flat_map(Recipient::mailboxes)
                .map(|one| one.address.clone())
                .collect()),
            Err(refused) => Err(refused.to_string()),
        };
        match want {
            Ok(want) => assert_eq!(found.unwrap(), want, "{text}"),
            Err(part) => assert!(found.clone().unwrap_err().contains(part), "{found:?}"),
        }
    };
    for text in ["zm", "ZM", "zoe muller", "Zoë Müller", "\"Zoë Müller\""] {
        check(text, Ok(&["zoe@x.example"]));
    }
    check(
        "zm, Crew: a@b, zm;",
        Ok(&["zoe@x.example", "a@b", "zoe@x.example"]),
    );
    // Known from mail is not the address book: it is offered, and never taken unseen.
    check("Tomke", Err("\"Tomke\" is no address and no contact"));
    check("zo", Err("is no address"));
    check("sam", Err("sam@x.example or sam@y.example"));
    check("a@x>\r\nRCPT TO:<b@y", Err("no line breaks"));
}

#[test]
fn the_address_book_is_written_changed_searched_and_struck_out() {
    let bed = Bed::new();
    let changes = bed.store.subscribe();
    let zoe = Contact {
        note: "met in Łódź".to_owned(),
        ..contact(
            " Zoë\r\n Müller ",
            "zm",
            &[" zoe@x.example ", "ZOE@x.example", ""],
        )
    };
    let key = add(&bed.store, zoe).wait().unwrap();
    add(&bed.store, contact("Ann Lee", "", &["ann@x.example"]))
        .wait()
        .unwrap();
    assert_eq!(changes.take(), [Change::Contacts]);
    let reader = bed.store.reader().unwrap();
    let names = |text: &str| -> Vec<String> {
        let found = search(&reader, text).unwrap();
        found.into_iter().map(|(_, one)| one.name).collect()
    };
    assert_eq!(names(""), ["Ann Lee", "Zoë Müller"]);
    assert_eq!(names("mull"), ["Zoë Müller"]);
    let mut zoe = get(&reader, key).unwrap();
    assert_eq!((zoe.addresses.len(), zoe.note.as_str()), (1, "met in Łódź"));
    zoe.name = "Zoë Maier".to_owned();
    edit(&bed.store, key, zoe.clone()).wait().unwrap();
    assert_eq!(
        (names("mull"), names("maier")),
        (vec![], vec![zoe.name.clone()])
    );
    assert_eq!(remove(&bed.store, key).wait().unwrap(), zoe);
    assert_eq!(names("maier"), [""; 0]);
    assert!(edit(&bed.store, key, zoe).wait().unwrap_err().is_missing());
    assert!(remove(&bed.store, key).wait().unwrap_err().is_missing());
}

#[test]
fn c2_the_address_book_takes_no_entry_that_cannot_be_written_to() {
    let bed = Bed::new();
    let taken = contact("Ann", "ann", &["ann@x.example"]);
    let key = add(&bed.store, taken.clone()).wait().unwrap();
    let check = |contact: Contact, part: &str| {
        let why = add(&bed.store, contact).wait().unwrap_err().to_string();
        assert!(why.contains(part), "{why}");
    };
    check(contact("A", "", &[]), "it has no address");
    check(contact("A", "", &["bob"]), "\"bob\" is not an address");
    check(
        contact("A", "", &["a@x>\r\nRCPT TO:<b@y"]),
        "is not an address",
    );
    check(
        contact("A", "a@b", &["a@x.example"]),
        "cannot be told from an address",
    );
    check(
        contact("A", "a,b", &["a@x.example"]),
        "cannot be told from an address",
    );
    check(
        contact("A", "ÄNN", &["a@x.example"]),
        "is the nickname of Ann already",
    );
    check(
        contact(&"a".repeat(20_000), "", &["a@x.example"]),
        "longer than",
    );
    // Its own nickname is nobody else's.
    edit(&bed.store, key, taken).wait().unwrap();
    let reader = bed.store.reader().unwrap();
    assert_eq!(search(&reader, "").unwrap().len(), 1);
}

#[test]
fn an_address_is_taken_from_a_message_once() {
    let bed = Bed::new();
    let take = |text: &str| take(&bed.store, who(text).remove(0)).wait();
    let Kept::New(zoe) = take("Zoë <Zoe@x.example>").unwrap() else {
        panic!("it was new");
    };
    assert_eq!(take("Z. <zoe@X.example>").unwrap(), Kept::Known(zoe));
    let reader = bed.store.reader().unwrap();
    assert_eq!(get(&reader, zoe).unwrap().name, "Zoë");
    // A name that looks like another address is not taken over (SAFETY D5).
    let Kept::New(evil) = take("\"boss@bank.example\" <evil@x.example>").unwrap() else {
        panic!("it was new");
    };
    assert_eq!(get(&reader, evil).unwrap().name, "");
    assert!(take("MAILER-DAEMON").is_err());
}

#[test]
fn r14_the_address_book_is_saved_out_of_a_damaged_store() {
    let bed = Bed::new();
    add(&bed.store, contact("Zoë", "zm", &["zoe@x.example"]))
        .wait()
        .unwrap();
    let folder = bed.folder;
    drop(bed.store);
    let path = folder.path().join("mail.db");
    let mut bytes = std::fs::read(&path).unwrap();
    // The page of the accounts' names, which is not that of the address book.
    let at = memchr::memmem::find(&bytes, b"workimap").unwrap();
    let page = at - at % 4096;
    bytes[page..page + 4096].fill(0x55);
    std::fs::write(&path, bytes).unwrap();
    let store = crate::store::tests::open(folder.path());
    let reader = store.reader().unwrap();
    let found = search(&reader, "zm").unwrap();
    assert_eq!(found[0].1.addresses, ["zoe@x.example"]);
}

#[test]
fn the_address_book_stays_when_an_account_goes() {
    let bed = bed();
    add(&bed.store, contact("Zoë", "", &["zoe@x.example"]))
        .wait()
        .unwrap();
    crate::ops::accounts::remove(&bed.store, bed.account).unwrap();
    let found = offered(&bed, &typed(""));
    assert_eq!(found, ["Zoë|zoe@x.example||address book"]);
}
