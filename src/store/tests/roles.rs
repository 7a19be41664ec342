//! What mailboxes are for, after one list and after the next.

use crate::model::Role;
use crate::store::mailboxes::{self, Listed};
use crate::store::tests::{Bed, line};

/// `Sent`, or `Sent=sent` where the server or the settings say so.
fn listed(words: &str) -> Vec<Listed> {
    let row = |word: &str| {
        let (name, role) = word.split_once('=').unwrap_or((word, ""));
        let name = name.replace('_', " ");
        Listed {
            role: Role::parse(role),
            attributes: match name.as_str() {
                "[x]" => vec!["\\Noselect".to_owned()],
                _ => Vec::new(),
            },
            ..line(&name)
        }
    };
    ["INBOX=inbox"]
        .into_iter()
        .chain(words.split_whitespace())
        .map(row)
        .collect()
}

fn roles(bed: &Bed) -> String {
    let reader = bed.store.reader().unwrap();
    let all = mailboxes::all(&reader, bed.account).unwrap();
    let words: Vec<String> = all
        .iter()
        .filter_map(|mailbox| {
            let role = mailbox.role.filter(|role| *role != Role::Inbox)?;
            Some(format!("{}={}", mailbox.name.clone()?, role.word()))
        })
        .collect();
    words.join(" ")
}

fn check(lists: &[(&str, &str)]) {
    let bed = Bed::new();
    let account = bed.account;
    for (words, expected) in lists {
        let lines = listed(words);
        bed.put(move |tx| mailboxes::record_list(tx, account, &lines));
        let mut expected: Vec<&str> = expected.split(' ').collect();
        let found = roles(&bed);
        let mut found: Vec<&str> = found.split(' ').collect();
        expected.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, expected, "{lists:?}");
    }
}

#[test]
fn a_server_that_does_not_tell_has_its_mailboxes_taken_by_name() {
    check(&[("trash Sent drafts", "drafts=drafts Sent=sent trash=trash")]);
    check(&[(
        "INBOX/Trash INBOX/Spam",
        "INBOX/Spam=junk INBOX/Trash=trash",
    )]);
    check(&[("Lists/Trash [x]", "")]);
    check(&[("Spam Junk", "Junk=junk")]);
}

#[test]
fn what_the_server_or_the_settings_say_stands_above_names() {
    check(&[("Trash Bin=trash", "Bin=trash")]);
    check(&[
        ("Trash Other", "Trash=trash"),
        ("Trash Other=trash", "Other=trash"),
        ("Trash Other", "Other=trash"),
    ]);
}

#[test]
fn a_mailbox_keeps_the_role_that_it_was_made_for() {
    let bed = Bed::new();
    let account = bed.account;
    bed.put(move |tx| mailboxes::conceive(tx, account, "Rubbish", Some('/'), Some(Role::Trash)));
    let made = crate::model::OperationKind::Create {
        mailbox: bed.put(move |tx| Ok(mailboxes::by_name(tx, account, "Rubbish")?.unwrap().key)),
        name: "Rubbish".to_owned(),
    };
    bed.put(move |tx| {
        let action = crate::store::journal::action(tx, "create")?;
        crate::store::journal::add(tx, action, account, None, &made)
    });
    let lines = listed("Rubbish Trash");
    bed.put(move |tx| mailboxes::record_list(tx, account, &lines));
    assert_eq!(roles(&bed), "Rubbish=trash");
}
