//! What off-line work costs when the server is there again.

use std::sync::Arc;
use std::time::Instant;

use lacebark::env::SystemClock;
use lacebark::model::{MessageKey, Role};
use lacebark::ops::triage::{Target, Wish, act_in_slices};
use lacebark::store::Store;

use crate::figures::{Figures, millis};
use crate::harness::compare::Stored;
use crate::harness::dress::{Dress, Dressed};
use crate::harness::generate::{Sizes, write_maildir};

/// A thousand moves between two mailboxes done off line, then on line: round trips after the
/// sign-in and the longest line, in each dress. Every second message moves, so that the sets of
/// UIDs do not collapse into ranges.
pub fn moves(figures: &mut Figures) {
    for dress in Dress::ALL {
        let Some(server) = Dressed::start(dress) else {
            return;
        };
        let inbox = server.dovecot.maildir("alice", "INBOX");
        write_maildir(&inbox, server.dovecot.owner(), 2_000, 19, Sizes::Small);
        let home = server.home();
        home.run(&["sync", "work"]).exits(0);
        server.online(false);
        let stored = Stored::read(&home.data());
        let all = stored.shown_in("INBOX");
        let keys: Vec<_> = all.iter().step_by(2).map(|m| MessageKey(m.key)).collect();
        let store = Store::open(&home.data().join("mail.db"), Arc::new(SystemClock::start()));
        let store = store.unwrap();
        let start = Instant::now();
        let wish = Wish::Move(Target::Role(Role::Archive));
        let acted = act_in_slices(&store, &keys, &wish).unwrap();
        let durable = start.elapsed();
        assert_eq!(acted.changed.len(), 1_000);
        drop(store);
        server.online(true);
        server.filter.forget();
        let run = home.run(&["sync", "work"]).exits(0);
        let what = format!("1,000 moves off line, then on line, {dress:?}");
        figures.note(format!("{what}: durable here"), millis(durable));
        figures.note(format!("{what}: the sync"), millis(run.wall));
        let turns = server.filter.turns() as u64;
        figures.at_most(format!("{what}: round trips after the sign-in"), turns, 10);
        let longest = server.filter.longest_line() as u64;
        figures.at_most(format!("{what}: longest line"), longest, 7_999);
        let mut other = server.dovecot.client("alice");
        let stored = Stored::read(&home.data());
        let differences = [stored.against(&mut other), stored.unsettled(dress)].concat();
        assert!(differences.is_empty(), "{differences:#?}");
        let there = other.status("Archive").map(|(messages, _, _)| messages);
        assert_eq!(there, Some(1_000), "they are there");
    }
}
