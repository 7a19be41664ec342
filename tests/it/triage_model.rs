//! Three clients work on one account at random: ours, on line or off, and two bare ones. After each
//! sync the store holds what the server has; at the end nothing is lost and nothing is doubled
//! (SAFETY R8, R9, R10).

use lacebark::model::{FlagChange, Flags, MailboxKey, MessageKey, Role};
use lacebark::ops::triage::{Target, Undoable, Wish, act};
use lacebark::ops::{mailbox, undo};
use lacebark::store::StoreError;

use crate::harness::compare::Stored;
use crate::harness::dress::Dress;
use crate::harness::generate::Dice;
use crate::harness::is_long;
use crate::harness::raw::Raw;
use crate::triage_bed::{Bed, Ledger, census, letter};

const FLAGS: [&str; 4] = ["\\Seen", "\\Flagged", "\\Answered", "$Later"];
const ROLES: [&str; 4] = ["Trash", "Archive", "Junk", "Sent"];
/// Mailboxes beyond those of a role; more are not made.
const MOST_BOXES: usize = 7;

struct World {
    bed: Bed,
    others: [Raw; 2],
    dice: Dice,
    ledger: Ledger,
    online: bool,
    named: u32,
    letters: u32,
    /// What was done, for the report of a failure.
    story: Vec<String>,
}

fn seed() -> u64 {
    let given = std::env::var("LACEBARK_SEED").ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(4711)
}

fn play(dress: Dress, steps: usize) {
    let seed = seed();
    eprintln!("three clients, {dress:?}: {steps} steps of seed {seed} (LACEBARK_SEED)");
    let Some(bed) = Bed::new(dress) else {
        return;
    };
    let others = [bed.other(), bed.other()];
    let mut world = World {
        bed,
        others,
        dice: Dice::new(seed ^ dress as u64),
        ledger: Ledger::default(),
        online: true,
        named: 0,
        letters: 0,
        story: Vec::new(),
    };
    for _ in 0..12 {
        world.deliver();
    }
    for _ in 0..3 {
        world.they_create();
    }
    world.sync();
    for step in 0..steps {
        world.story.push(format!("-- {step}"));
        world.step();
    }
    world.end();
}

impl World {
    fn step(&mut self) {
        match self.dice.below(100) {
            0..=13 => self.we_flag(),
            14..=29 => self.we_move(),
            30..=34 => self.we_copy(),
            35..=40 => self.we_file(),
            41..=42 => self.we_expunge(),
            43..=44 => self.we_create(),
            45..=46 => self.we_rename(),
            47 => self.we_remove(),
            48..=52 => self.we_undo(),
            53..=58 => self.they_flag(),
            59..=65 => self.they_move(),
            66..=68 => self.they_copy(),
            69..=70 => self.they_expunge(),
            71..=76 => self.deliver(),
            77..=78 => self.they_create(),
            79..=80 => self.they_rename(),
            81 => self.they_delete(),
            82..=86 => self.switch(),
            87 if self.dice.chance(20) => self.we_let_be(),
            _ => self.sync(),
        }
    }

    fn note(&mut self, what: String) {
        self.story.push(what);
    }

    /// Fails with the last steps.
    fn fail(&self, what: &str, found: &[String]) {
        let most = std::env::var("LACEBARK_STORY").ok();
        let most = most.and_then(|text| text.parse().ok()).unwrap_or(60);
        let from = self.story.len().saturating_sub(most);
        panic!(
            "{:?} seed {}, {what}:\n{}\n\nthe last steps:\n{}",
            self.bed.server.dress,
            seed(),
            found.join("\n"),
            self.story[from..].join("\n")
        );
    }

    fn switch(&mut self) {
        self.online = !self.online;
        self.bed.server.online(self.online);
        self.note(format!("the network is there: {}", self.online));
    }

    fn sync(&mut self) {
        if !self.online {
            let _ = self.bed.sync();
            return;
        }
        self.step_aside();
        self.note("sync".to_owned());
        if let Err(error) = self.bed.sync() {
            self.fail(&format!("the sync: {error}"), &self.bed.stored().waiting);
        }
        let stored = self.bed.stored();
        let found = stored.against(&mut self.others[0]);
        if !found.is_empty() {
            let all = [found, stored.waiting].concat();
            self.fail("store and server differ after a sync", &all);
        }
    }

    /// Dovecot hangs up on who has a mailbox open that is deleted just then.
    fn step_aside(&mut self) {
        self.others.iter_mut().for_each(|one| {
            one.select("INBOX");
        });
    }

    fn end(&mut self) {
        if !self.online {
            self.switch();
        }
        self.step_aside();
        match self.bed.settle() {
            Ok(dropped) => self.note(format!("dropped at the end: {dropped:#?}")),
            Err(why) => self.fail("the end", &[why]),
        }
        let stored = self.bed.stored();
        let mut found = stored.against(&mut self.others[0]);
        found.extend(stored.unsettled(self.bed.server.dress));
        found.extend(self.ledger.against(&census(&mut self.others[1])));
        let tried = self.bed.server.filter.tried();
        found.extend(
            tried
                .iter()
                .map(|one| format!("it used what is not there: {one}")),
        );
        if !found.is_empty() {
            self.fail("the end", &found);
        }
    }

    // What we do.

    /// Messages of one mailbox that the user sees.
    fn some(&mut self) -> (Vec<MessageKey>, Vec<String>) {
        let stored = self.bed.stored();
        let mut boxes: Vec<i64> = stored.messages.iter().filter_map(|m| m.mailbox).collect();
        boxes.dedup();
        if boxes.is_empty() {
            return (Vec::new(), Vec::new());
        }
        let at = boxes[self.dice.below(boxes.len())];
        let here = stored.messages.iter().filter(|m| m.mailbox == Some(at));
        let most = 1 + self.dice.below(4);
        let skip = self.dice.below(4);
        let picked: Vec<_> = here.skip(skip).take(most).collect();
        let keys = picked.iter().map(|m| MessageKey(m.key)).collect();
        let ids = picked.iter().map(|m| m.message_id.clone()).collect();
        (keys, ids)
    }

    /// One of the mailboxes that the user sees.
    fn some_box(&mut self, own: bool) -> Option<(MailboxKey, String)> {
        let stored = self.bed.stored();
        let named = |one: &crate::harness::compare::StoredBox| {
            Some((MailboxKey(one.key), one.name.clone()?))
        };
        let mut all: Vec<_> = stored.boxes.iter().filter_map(named).collect();
        if own {
            all.retain(|(_, name)| name.starts_with("Box"));
        }
        (!all.is_empty()).then(|| all[self.dice.below(all.len())].clone())
    }

    fn act(&mut self, keys: Vec<MessageKey>, wish: Wish, ids: &[String]) -> bool {
        if keys.is_empty() {
            return false;
        }
        self.note(format!("we {wish:?} {keys:?} {ids:?}"));
        self.refused(act(&self.bed.store, keys, wish).wait().map(drop))
    }

    /// Whether it was done; a refusal is an answer too, a fault is not.
    fn refused(&mut self, outcome: Result<(), StoreError>) -> bool {
        match outcome {
            Ok(()) => true,
            Err(StoreError::Refused(_) | StoreError::KeywordRefused { .. }) => {
                self.note("  refused".to_owned());
                false
            }
            Err(error) => {
                self.fail(&format!("our action: {error}"), &[]);
                false
            }
        }
    }

    fn we_flag(&mut self) {
        let (keys, ids) = self.some();
        let flag = Flags::parse([self.dice.pick(&FLAGS)]);
        let change = match self.dice.chance(60) {
            true => FlagChange::add(flag),
            false => FlagChange::remove(flag),
        };
        self.act(keys, Wish::Flags(change, Undoable::Yes), &ids);
    }

    fn we_move(&mut self) {
        let (keys, ids) = self.some();
        if let Some((to, _)) = self.some_box(false) {
            self.act(keys, Wish::Move(Target::Mailbox(to)), &ids);
        }
    }

    fn we_file(&mut self) {
        let (keys, ids) = self.some();
        let role = [Role::Trash, Role::Trash, Role::Archive, Role::Junk][self.dice.below(4)];
        self.act(keys, Wish::Move(Target::Role(role)), &ids);
    }

    fn we_copy(&mut self) {
        let (keys, ids) = self.some();
        if let Some((to, _)) = self.some_box(false)
            && self.act(keys, Wish::Copy(Target::Mailbox(to)), &ids)
        {
            ids.iter().for_each(|id| self.ledger.copied(id));
        }
    }

    fn we_expunge(&mut self) {
        let (keys, ids) = self.some();
        ids.iter().for_each(|id| self.ledger.destroyed(id));
        self.act(keys, Wish::Expunge, &ids);
    }

    fn fresh(&mut self) -> String {
        self.named += 1;
        format!("Box{}", self.named)
    }

    fn we_create(&mut self) {
        let own = self
            .bed
            .stored()
            .boxes
            .iter()
            .filter(|one| one.name.is_some())
            .count();
        if own > MOST_BOXES + 6 {
            return;
        }
        let name = self.fresh();
        self.note(format!("we create {name}"));
        let made = mailbox::create(&self.bed.store, self.bed.key(), &name, None);
        self.refused(made.wait().map(drop));
    }

    fn we_rename(&mut self) {
        if let Some((key, from)) = self.some_box(true) {
            let to = self.fresh();
            self.note(format!("we rename {from} to {to}"));
            let renamed = mailbox::rename(&self.bed.store, key, &to);
            self.refused(renamed.wait().map(drop));
        }
    }

    fn we_remove(&mut self) {
        let Some((key, name)) = self.some_box(true) else {
            return;
        };
        let stored = self.bed.stored();
        let ids: Vec<String> = shown(&stored, key);
        let base = stored
            .boxes
            .iter()
            .find(|one| one.key == key.0)
            .unwrap()
            .base
            .clone();
        self.note(format!("we remove {name} (there {base:?}) with {ids:?}"));
        let removed = mailbox::remove(&self.bed.store, key);
        if self.refused(removed.wait().map(drop)) {
            // What the user saw there, and nothing that comes later.
            ids.iter().for_each(|id| self.ledger.destroyed(id));
        }
    }

    fn we_undo(&mut self) {
        let undone = undo::undo(&self.bed.store).wait();
        self.note(format!("we undo: {undone:?}"));
        // What was copied back from where it went may be made anew: APPEND or COPY.
        self.refused(undone.map(drop));
    }

    /// A person answers what was refused; else more and more waits behind it.
    fn we_let_be(&mut self) {
        let dropped = self.bed.let_be();
        self.note(format!("we let be: {dropped:#?}"));
    }

    // What others do.

    fn they(&mut self) -> &mut Raw {
        let which = self.dice.below(2);
        &mut self.others[which]
    }

    /// A message that nobody has marked as gone, at the server.
    fn theirs(&mut self) -> Option<(String, u32, String)> {
        let names = self.they().mailboxes();
        let mut all = Vec::new();
        for name in names {
            for one in self.others[0].listing(&name).unwrap_or_default() {
                if !one.flags.iter().any(|flag| flag == "\\Deleted") {
                    all.push((name.clone(), one.uid, one.message_id));
                }
            }
        }
        (!all.is_empty()).then(|| all[self.dice.below(all.len())].clone())
    }

    fn their_box(&mut self, own: bool) -> Option<String> {
        let mut names = self.they().mailboxes();
        if own {
            names.retain(|name| name.starts_with("Box"));
        }
        (!names.is_empty()).then(|| names[self.dice.below(names.len())].clone())
    }

    fn deliver(&mut self) {
        self.letters += 1;
        let id = format!("letter{}@example.org", self.letters);
        let at = match self.dice.chance(70) {
            true => "INBOX",
            false => self.dice.pick(&ROLES),
        };
        self.note(format!("they append {id} to {at}"));
        self.they().append(at, &letter(&id), &[], None);
        self.ledger.born(&id);
    }

    fn they_flag(&mut self) {
        if let Some((name, uid, id)) = self.theirs() {
            let flag = self.dice.pick(&FLAGS).to_owned();
            let change = if self.dice.chance(60) {
                "+FLAGS"
            } else {
                "-FLAGS"
            };
            self.note(format!("they {change} {flag} on {id} in {name}"));
            self.they().store(&name, uid, change, &[&flag]);
        }
    }

    fn they_move(&mut self) {
        let (message, to) = (self.theirs(), self.their_box(false));
        if let (Some((name, uid, id)), Some(to)) = (message, to) {
            self.note(format!("they move {id} from {name} to {to}"));
            self.they().move_to(&name, uid, &to);
        }
    }

    fn they_copy(&mut self) {
        let (message, to) = (self.theirs(), self.their_box(false));
        if let (Some((name, uid, id)), Some(to)) = (message, to) {
            self.note(format!("they copy {id} from {name} to {to}"));
            if self.they().copy_to(&name, uid, &to) {
                self.ledger.copied(&id);
            }
        }
    }

    fn they_expunge(&mut self) {
        if let Some((name, uid, id)) = self.theirs() {
            self.note(format!("they expunge {id} in {name}"));
            self.ledger.destroyed(&id);
            self.they().expunge(&name, uid);
        }
    }

    fn they_create(&mut self) {
        if self.others[0].mailboxes().len() < MOST_BOXES + 6 {
            let name = self.fresh();
            self.note(format!("they create {name}"));
            self.they().create(&name);
        }
    }

    fn they_rename(&mut self) {
        if let Some(from) = self.their_box(true) {
            let to = self.fresh();
            self.note(format!("they rename {from} to {to}"));
            self.step_aside();
            self.they().rename(&from, &to);
        }
    }

    fn they_delete(&mut self) {
        if let Some(name) = self.their_box(true) {
            let listing = self.others[0].listing(&name).unwrap_or_default();
            self.note(format!("they delete {name} with {listing:?}"));
            for one in listing {
                self.ledger.destroyed(&one.message_id);
            }
            self.step_aside();
            self.they().delete(&name);
        }
    }
}

fn shown(stored: &Stored, key: MailboxKey) -> Vec<String> {
    let here = stored.messages.iter().filter(|m| m.mailbox == Some(key.0));
    here.map(|m| m.message_id.clone()).collect()
}

fn steps() -> usize {
    let given = std::env::var("LACEBARK_STEPS").ok();
    let given = given.and_then(|text| text.parse().ok());
    given.unwrap_or(if is_long() { 10_000 } else { 500 })
}

#[test]
fn r8_three_clients_end_equal_on_a_full_server() {
    play(Dress::Full, steps());
}

#[test]
fn r8_r9_three_clients_end_equal_without_move() {
    play(Dress::NoMove, steps());
}

#[test]
fn r8_r9_three_clients_end_equal_without_uidplus() {
    play(Dress::NoUidPlus, steps());
}
