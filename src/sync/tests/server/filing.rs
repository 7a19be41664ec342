//! What changes messages and mailboxes on the server: MOVE, COPY, EXPUNGE, APPEND, CREATE and so on.

use super::{Box_, Mail, Talk, World, set_of};
use crate::imap::date::parse_internal_date;
use crate::model::{Flags, Uid};

use super::super::wire::argument;

/// The first second of the day on which all mail of the server arrived.
const DAY: i64 = 1_794_960_000;

impl Talk {
    /// `None` for a command that is none of these.
    pub(super) fn file(&mut self, tag: &str, line: &str) -> Option<String> {
        let upper = line.to_ascii_uppercase();
        let words: Vec<&str> = upper.split(' ').collect();
        let offered = |name: &str| self.capabilities().split(' ').any(|word| word == name);
        let known = match (words.first().copied()?, words.get(1).copied()) {
            ("UID", Some("MOVE")) => offered("MOVE"),
            ("UID", Some("EXPUNGE")) => offered("UIDPLUS"),
            ("UNSELECT", _) => offered("UNSELECT"),
            ("UID", Some("COPY")) => true,
            ("APPEND" | "CREATE" | "RENAME" | "DELETE" | "SUBSCRIBE" | "UNSUBSCRIBE", _) => true,
            _ => false,
        };
        if !known {
            return None;
        }
        if let Some(words) = take(&mut self.server.world().no, line) {
            return Some(format!("{tag} {words}\r\n"));
        }
        let (first, second) = (argument(line, 0), argument(line, 1));
        let end = match words.first().copied()? {
            "UID" if words.get(1) == Some(&"EXPUNGE") => self.expunge(&second),
            "UID" => self.transfer(&second, &argument(line, 2), words.get(1) == Some(&"MOVE")),
            "APPEND" => self.append(&first, line),
            "UNSELECT" => {
                self.open = None;
                "OK closed".to_owned()
            }
            "CREATE" => self.server.world().make(&first),
            "RENAME" => self.server.world().rename(&first, &second),
            "DELETE" => self.server.world().delete(&first),
            "SUBSCRIBE" => self.server.world().subscribe(&first, true),
            _ => self.server.world().subscribe(&first, false),
        };
        // Untagged lines stand before the last one.
        let at = end.rfind("\r\n").map_or(0, |at| at + 2);
        let (told, end) = end.split_at(at);
        self.server.changed.notify_waiters();
        Some(format!("{told}{tag} {end}\r\n"))
    }

    fn uidplus(&self) -> bool {
        self.capabilities().contains("UIDPLUS") && !self.server.world().no_copyuid
    }

    fn transfer(&mut self, set: &str, to: &str, moves: bool) -> String {
        let (set, from) = (set_of(set), self.open.clone().unwrap_or_default());
        let proves = self.uidplus();
        let mut world = self.server.world();
        if !world.boxes.contains_key(to) {
            return "NO [TRYCREATE] no such mailbox".to_owned();
        }
        let Some(source) = world.boxes.get_mut(&from) else {
            return "BAD nothing is open".to_owned();
        };
        let is_meant = |mail: &Mail| set.contains(Uid(mail.uid));
        let mails: Vec<Mail> = source
            .mails
            .iter()
            .filter(|m| is_meant(m))
            .cloned()
            .collect();
        let mut told = String::new();
        if moves {
            told = source.take(is_meant);
        }
        let count = source.mails.len() as u32;
        let target = world.boxes.get_mut(to).unwrap();
        let first = target.next;
        let validity = target.validity;
        let uids: Vec<String> = mails.iter().map(|mail| mail.uid.to_string()).collect();
        for mail in mails {
            target.add(mail);
        }
        let last = target.next - 1;
        if moves {
            self.told = count;
        }
        if uids.is_empty() {
            return "OK no messages found".to_owned();
        }
        let code = format!("[COPYUID {validity} {} {first}:{last}]", uids.join(","));
        match (proves, moves) {
            (false, _) => format!("{told}OK done"),
            (true, true) => format!("* OK {code} moved\r\n{told}OK done"),
            (true, false) => format!("OK {code} copied"),
        }
    }

    fn expunge(&mut self, set: &str) -> String {
        let (set, name) = (set_of(set), self.open.clone().unwrap_or_default());
        let mut world = self.server.world();
        let Some(open) = world.boxes.get_mut(&name) else {
            return "BAD nothing is open".to_owned();
        };
        let told = open.take(|mail| set.contains(Uid(mail.uid)) && mail.flags.has(Flags::DELETED));
        self.told = open.mails.len() as u32;
        format!("{told}OK expunged")
    }

    fn append(&mut self, name: &str, line: &str) -> String {
        let proves = self.uidplus();
        let mut world = self.server.world();
        let Some(target) = world.boxes.get_mut(name) else {
            return "NO [TRYCREATE] no such mailbox".to_owned();
        };
        let (head, body) = line.split_once("}\r\n").unwrap_or((line, ""));
        let between = |from, to| {
            let rest = head.split_once(from).map(|(_, rest)| rest)?;
            rest.split_once(to).map(|(inside, _)| inside)
        };
        let flags = between("(", ")").unwrap_or_default();
        let date = between("\"", "\"").and_then(|text| parse_internal_date(text.as_bytes()));
        let (uid, validity) = (target.next, target.validity);
        target.add(Mail {
            uid,
            flags: Flags::parse(flags.split(' ')),
            modseq: 0,
            date: date.unwrap_or(DAY) - DAY + 1_795_000_000,
            bytes: body.as_bytes().to_vec(),
        });
        match proves {
            true => format!("OK [APPENDUID {validity} {uid}] appended"),
            false => "OK appended".to_owned(),
        }
    }
}

impl Box_ {
    fn add(&mut self, mail: Mail) {
        let uid = self.next;
        self.next += 1;
        self.modseq += 1;
        let modseq = self.modseq;
        self.mails.push(Mail {
            uid,
            modseq,
            ..mail
        });
    }

    /// Takes messages out and says so in sequence numbers.
    fn take(&mut self, is_meant: impl Fn(&Mail) -> bool) -> String {
        let mut told = String::new();
        let (mut seq, mut at) = (1, 0);
        while let Some(mail) = self.mails.get(at) {
            if is_meant(mail) {
                told += &format!("* {seq} EXPUNGE\r\n");
                self.mails.remove(at);
                self.modseq += 1;
            } else {
                seq += 1;
                at += 1;
            }
        }
        told
    }
}

impl World {
    pub(in crate::sync::tests) fn make(&mut self, name: &str) -> String {
        if self.boxes.contains_key(name) {
            return "NO [ALREADYEXISTS] it exists".to_owned();
        }
        self.last_validity += 1;
        let validity = self.last_validity;
        self.boxes
            .insert(name.to_owned(), Box_::new(validity, false));
        "OK created".to_owned()
    }

    fn rename(&mut self, from: &str, to: &str) -> String {
        if self.boxes.contains_key(to) {
            return "NO [ALREADYEXISTS] it exists".to_owned();
        }
        if !self.boxes.contains_key(from) {
            return "NO [NONEXISTENT] no such mailbox".to_owned();
        }
        let below = format!("{from}/");
        let names: Vec<String> = self.boxes.keys().cloned().collect();
        for name in names {
            let meant = name == from || name.starts_with(&below);
            if let Some(mut moved) = meant.then(|| self.boxes.remove(&name)).flatten() {
                // A subscription is to a name, and stays behind.
                moved.subscribed = false;
                let new = format!("{to}{}", &name[from.len()..]);
                self.boxes.insert(new, moved);
            }
        }
        "OK renamed".to_owned()
    }

    /// Subscriptions go along: the other client sees to that.
    pub(super) fn renamed_by_others(&mut self, line: &str) {
        let due = |(words, ..): &(&str, &str, &str)| line.contains(words);
        if let Some(at) = self.renames.iter().position(due) {
            let (_, from, to) = self.renames.remove(at);
            let moved = self.boxes.remove(from).unwrap();
            if !to.is_empty() {
                self.boxes.insert(to.to_owned(), moved);
            }
        }
    }

    fn delete(&mut self, name: &str) -> String {
        match self.boxes.remove(name) {
            Some(_) => "OK deleted".to_owned(),
            None => "NO [NONEXISTENT] no such mailbox".to_owned(),
        }
    }

    fn subscribe(&mut self, name: &str, subscribed: bool) -> String {
        match self.boxes.get_mut(name) {
            Some(found) => {
                found.subscribed = subscribed;
                "OK noted".to_owned()
            }
            None if subscribed => "NO [NONEXISTENT] no such mailbox".to_owned(),
            None => "OK noted".to_owned(),
        }
    }
}

/// The words for a command that is to be refused, once.
fn take(refusals: &mut Vec<(&'static str, &'static str)>, line: &str) -> Option<&'static str> {
    let at = refusals.iter().position(|(word, _)| line.contains(word))?;
    Some(refusals.remove(at).1)
}
