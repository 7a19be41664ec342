//! All unread at Gmail: what was archived is on the list of all mail alone.

use std::sync::Arc;
use std::time::Duration;

use lacebark::env::SystemClock;
use lacebark::model::{Envelope, List, MailboxKey, Role, View};
use lacebark::ops::index::{Anchor, Window, page, walk};
use lacebark::store::accounts::{self, AccountKind};
use lacebark::store::mailboxes::{self, Listed};
use lacebark::store::messages::Arrived;
use lacebark::store::{Priority, Store};

use crate::figures::{Figures, median, millis, quantile};
use crate::filling::{arrived, fill, timed};

/// Messages of the account; of each thousand two fifths are in the INBOX, too.
const MESSAGES: u32 = 700_000;
const AROUND: usize = 150;

/// A tenth is given no id, to see what the ids cost.
const PLAIN: u32 = 70_000;

fn plain(uid: u32) -> Arrived {
    let more = Envelope {
        subject: "A subject of the usual length, more or less".to_owned(),
        message_id: format!("{uid}@mail.example.org"),
        ..Envelope::default()
    };
    let mut mail = arrived(uid, more);
    // All of it is unread.
    mail.flags = lacebark::model::Flags::none();
    mail
}

fn known(uid: u32) -> Arrived {
    Arrived {
        remote_id: Some(format!("gmail:{uid}")),
        ..plain(uid)
    }
}

fn mailboxes_of(store: &Store) -> [MailboxKey; 3] {
    let names = [
        ("INBOX", Some(Role::Inbox)),
        ("[Gmail]/All Mail", Some(Role::All)),
        ("Plain", None),
    ];
    store
        .write(Priority::Person, move |tx| {
            let account = accounts::ensure(tx, "work", AccountKind::Imap)?;
            let lines = names.map(|(name, role)| Listed {
                name: name.into(),
                shown: name.into(),
                role,
                ..Listed::default()
            });
            mailboxes::record_list(tx, account, &lines)?;
            let mut keys = [MailboxKey(0); 3];
            for (key, (name, _)) in keys.iter_mut().zip(names) {
                *key = mailboxes::by_name(tx, account, name)?.unwrap().key;
            }
            Ok(keys)
        })
        .wait()
        .unwrap()
}

/// Everything about archived mail.
pub fn all(figures: &mut Figures) {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(SystemClock::start());
    let store = Store::open(&folder.path().join("mail.db"), clock).unwrap();
    let [inbox, archive, other] = mailboxes_of(&store);
    let (took, ()) = timed(|| fill(&store, PLAIN, |_| other, plain));
    figures.note(
        "70,000 messages without an id of the server's",
        millis(took),
    );
    let (took, ()) = timed(|| fill(&store, PLAIN, |_| archive, known));
    figures.note("70,000 with one, into the list of all mail", millis(took));
    let (took, ()) = timed(|| fill(&store, PLAIN * 2 / 5, |_| inbox, known));
    figures.note("28,000 of those into the INBOX", millis(took));
    let high = |from: u32, to: u32, into: MailboxKey| {
        for low in (from..to).step_by(1_000) {
            let rows = (low + 1..=low + 1_000).map(known).collect();
            crate::filling::put(&store, into, rows);
        }
    };
    high(PLAIN, MESSAGES, archive);
    // The newest and the oldest mail is in the INBOX.
    high(MESSAGES - MESSAGES * 3 / 10, MESSAGES, inbox);
    shown(figures, &store);
}

fn shown(figures: &mut Figures, store: &Store) {
    let reader = store.reader().unwrap();
    let accounts: Vec<_> = accounts::all(&reader).unwrap();
    let accounts: Vec<_> = accounts.iter().map(|one| one.key).collect();
    let view = View::of(List::Unread);
    let mut window = Window {
        walk: walk(&reader, &view, &accounts).unwrap(),
        reversed: false,
        anchor: Anchor::Top,
        before: 0,
        after: 2 * AROUND,
    };
    let mut opens: Vec<Duration> = (0..20)
        .map(|_| timed(|| page(&reader, &window).unwrap()).0)
        .collect();
    let total = page(&reader, &window).unwrap().total;
    assert_eq!(total, u64::from(MESSAGES + PLAIN));
    let what = "open all unread of 1,000,000 rows at Gmail: 300 rows, median";
    figures.under(what, median(&mut opens), Duration::from_millis(50), millis);
    window.anchor = Anchor::Ordinal(400_000);
    let mut last = page(&reader, &window).unwrap();
    let mut steps = Vec::new();
    for _ in 0..100 {
        window.anchor = Anchor::Place(last.rows[last.rows.len() - 20].place());
        (window.before, window.after) = (AROUND, AROUND);
        let (took, found) = timed(|| page(&reader, &window).unwrap());
        assert_eq!(found.rows.len(), 2 * AROUND);
        last = found;
        steps.push(took);
    }
    let what = "next page there: 300 rows around the cursor, median of 100";
    figures.under(what, median(&mut steps), Duration::from_millis(5), millis);
    figures.note("the same, p99", millis(quantile(&mut steps, 0.99)));
}
