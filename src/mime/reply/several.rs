//! One answer to several messages, and one message that passes several on.
//!
//! Nothing of it is more than its parts: whoever an answer to one of them would go to gets the answer
//! to all, and nobody else. In-Reply-To names every message that is answered; References follow only
//! where the messages stand in one line, because RFC 5322 section 3.6.4 knows none of several parents.

use super::{
    Addressed, Original, Question, Whom, add, choices, forward_subject, is_same, reply_subject,
};
use crate::mime::write::is_same_mailbox;
use crate::model::{Address, AnswerKind, Answers, Attachment, ContentKey, Draft, Recipient};

/// Several messages, the oldest first.
#[derive(Clone, Debug)]
pub struct Several<'a> {
    originals: Vec<Original<'a>>,
}

impl<'a> Several<'a> {
    /// These messages in this order.
    pub fn new(originals: Vec<Original<'a>>) -> Self {
        Self { originals }
    }

    /// The fields of an answer: those of the answers to each, everybody once. To the list only where
    /// one list brought them all.
    pub fn addressed(&self, whom: Whom) -> Addressed {
        let each: Vec<Addressed> = self
            .originals
            .iter()
            .map(|one| one.addressed(whom))
            .collect();
        if whom == Whom::List {
            let first = each.first().cloned().unwrap_or_default();
            let one_list = each.iter().all(|other| is_same(other, &first));
            return if one_list {
                first
            } else {
                Addressed::default()
            };
        }
        let (mut to, mut cc) = (Vec::new(), Vec::new());
        for fields in &each {
            add(&mut to, &[], fields.to.clone());
        }
        for fields in each {
            add(&mut cc, &to, fields.cc);
        }
        self.leave_out_ourselves(&mut to);
        self.leave_out_ourselves(&mut cc);
        Addressed { to, cc }
    }

    /// What we wrote to ourselves alone is answered to us; beside others we are left out.
    fn leave_out_ourselves(&self, list: &mut Vec<Address>) {
        let is_own = |one: &Address| {
            let mut own = self.originals.iter().flat_map(|original| original.own);
            own.any(|own| is_same_mailbox(own, &one.address))
        };
        if list.iter().any(|one| !is_own(one)) {
            list.retain(|one| !is_own(one));
        }
    }

    /// What is to be asked before answering; the senders alone are proposed.
    pub fn question(&self) -> Question {
        let redirected = |one: &Original<'_>| one.question().redirected;
        Question {
            choices: choices(&|whom| self.addressed(whom)),
            proposed: Whom::Sender,
            came_by_bcc: self.originals.iter().any(Original::came_by_bcc),
            redirected: self.originals.iter().find_map(redirected),
        }
    }

    /// A draft that answers all of them, or the one. `text` is what it begins with.
    pub fn reply(&self, from: &Address, fields: Addressed, text: String) -> Draft {
        let listed = |all: Vec<Address>| all.into_iter().map(Recipient::One).collect();
        let (in_reply_to, references) = self.references();
        Draft {
            from: from.clone(),
            to: listed(fields.to),
            cc: listed(fields.cc),
            subject: self.subject(reply_subject),
            in_reply_to,
            references,
            text,
            answers: self.answers(AnswerKind::Reply),
            ..Draft::default()
        }
    }

    /// A draft that has them attached whole, each as a message of its own; `wholes` are their contents
    /// and sizes, in the same order.
    pub fn forward_attached(&self, from: &Address, wholes: &[(ContentKey, u64)]) -> Draft {
        let both = self.originals.iter().zip(wholes);
        Draft {
            from: from.clone(),
            subject: self.subject(forward_subject),
            attachments: numbered(both.map(|(one, (content, size))| one.whole(*content, *size))),
            answers: self.answers(AnswerKind::Forward),
            ..Draft::default()
        }
    }

    /// The subject that they have in common, else that of the newest and how many others there are.
    fn subject(&self, prefixed: fn(&str) -> String) -> String {
        let mut all = self
            .originals
            .iter()
            .rev()
            .map(|one| prefixed(&one.envelope.subject));
        let newest = all.next().unwrap_or_default();
        let same = |other: String| other.eq_ignore_ascii_case(&newest);
        if all.all(same) {
            return newest;
        }
        format!(
            "{newest} (and {} more)",
            self.originals.len().saturating_sub(1)
        )
    }

    fn answers(&self, kind: AnswerKind) -> Option<Answers> {
        Some(Answers {
            kind,
            messages: self.originals.iter().map(|one| one.message).collect(),
        })
    }

    fn references(&self) -> (Vec<String>, Vec<String>) {
        let mut parents: Vec<String> = Vec::new();
        let mut line: Vec<String> = Vec::new();
        for original in &self.originals {
            let (parent, references) = original.references();
            for id in parent {
                if !parents.contains(&id) {
                    parents.push(id);
                }
            }
            line = references;
        }
        // Those of the newest, if all the others are among them.
        if !parents.iter().all(|id| line.contains(id)) {
            line.clear();
        }
        (parents, line)
    }
}

/// Attachments of which no two have one name.
fn numbered(all: impl Iterator<Item = Attachment>) -> Vec<Attachment> {
    let mut done: Vec<Attachment> = Vec::new();
    for mut one in all {
        let taken = |name: &str| done.iter().any(|other| other.name == name);
        let stem = one
            .name
            .strip_suffix(".eml")
            .unwrap_or(&one.name)
            .to_owned();
        let mut number = 1;
        while taken(&one.name) {
            number += 1;
            one.name = format!("{stem}-{number}.eml");
        }
        done.push(one);
    }
    done
}
