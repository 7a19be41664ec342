//! A server like Gmail: every message is also on its list of all mail.

use super::server::Server;
use super::*;
use crate::model::{List, View};
use crate::ops::index::{Anchor, Window, page, walk};

const GMAIL: &str = "IMAP4rev1 ID ENABLE IDLE NAMESPACE LIST-EXTENDED LIST-STATUS SPECIAL-USE \
    CONDSTORE ESEARCH LITERAL+ UNSELECT MOVE UIDPLUS X-GM-EXT-1";
const ALL: &str = "[Gmail]/All Mail";
const STARRED: &str = "[Gmail]/Starred";

impl Bed {
    /// Subject and mailbox of what a list over all accounts shows, newest first, and its kept count.
    fn shown(&self, list: List) -> (Vec<String>, u64) {
        let reader = self.store.reader().unwrap();
        let account = accounts::find(&reader, "work").unwrap().unwrap().key;
        let window = Window {
            walk: walk(&reader, &View::of(list), &[account]).unwrap(),
            reversed: false,
            anchor: Anchor::Top,
            before: 0,
            after: 50,
        };
        let found = page(&reader, &window).unwrap();
        let of = |row: &crate::store::lists::IndexRow| {
            let mailbox = mailboxes::get(&reader, row.mailbox.unwrap()).unwrap();
            format!("{} {}", row.subject, mailbox.name.unwrap())
        };
        (found.rows.iter().map(of).collect(), found.total)
    }
}

#[test]
fn mail_that_was_archived_at_gmail_stays_in_all_unread_and_all_flagged_until_it_is_read() {
    let server = Server::new(GMAIL);
    for (name, used) in [(ALL, "\\All"), (STARRED, "\\Flagged")] {
        server.create(name, true);
        server.world().uses.insert(name.to_owned(), used);
    }
    for id in ["old", "new"] {
        server.deliver(ALL, id, 400);
    }
    server.deliver("INBOX", "new", 400);
    let bed = Bed::new(server.clone());
    bed.sync().unwrap();
    let (rows, count) = bed.shown(List::Unread);
    assert_eq!((rows.len(), count), (2, 2), "{rows:?}");
    assert!(
        rows.iter()
            .any(|row| row.contains("new") && row.ends_with(" INBOX")),
        "{rows:?}"
    );
    assert!(
        rows.iter()
            .any(|row| row.contains("old") && row.ends_with(ALL)),
        "{rows:?}"
    );
    // Another client archives the other one, too: it goes from INBOX and stands in both lists still.
    server.change("INBOX", |b| b.expunge(1));
    server.change(ALL, |b| b.flag(2, "\\Flagged", true));
    server.deliver(STARRED, "new", 400);
    server.change(STARRED, |b| b.flag(1, "\\Flagged", true));
    bed.sync().unwrap();
    let (rows, count) = bed.shown(List::Unread);
    assert_eq!((rows.len(), count), (2, 2), "{rows:?}");
    assert!(rows.iter().all(|row| row.ends_with(ALL)), "{rows:?}");
    let (rows, count) = bed.shown(List::Flagged);
    assert_eq!((rows.len(), count), (1, 1), "{rows:?}");
    assert!(
        rows[0].contains("new") && rows[0].ends_with(ALL),
        "{rows:?}"
    );
    // Read there, it leaves.
    server.change(ALL, |b| b.flag(1, "\\Seen", true));
    bed.sync().unwrap();
    assert_eq!(bed.shown(List::Unread).1, 1);
}
