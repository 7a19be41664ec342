//! What the world of the tests does with messages that are written.

use crate::mime::recipient;
use crate::model::{
    AnswerKind, Answers, Attachment, Disposition, Draft, DraftKey, DraftSave, OperationId,
    PartPath, Source, Structure,
};
use crate::tui::app::event::{Action, Answer, Ended, Question};
use crate::tui::app::view::{Checked, Contact, Identity, Saved};

use super::world::{NOW, World, address};

impl World {
    /// Keeps a draft or a message as the store would.
    pub fn keep(&mut self, action: &Action) -> Option<Ended> {
        match action {
            Action::SaveDraft { last, draft, .. } => {
                let next = self.drafts.keys().last().map_or(1, |last| last.0 + 1);
                let save = DraftSave {
                    key: last.map_or(DraftKey(next), |last| last.key),
                    version: last.map_or(1, |last| last.version + 1),
                };
                self.drafts.insert(save.key, (NOW, (**draft).clone()));
                Some(Ended::Saved(save, NOW))
            }
            Action::DropDraft { last, .. } => {
                last.map(|last| self.drafts.remove(&last.key));
                Some(Ended::Done(String::new()))
            }
            Action::Send { last, at, .. } => {
                last.map(|last| self.drafts.remove(&last.key));
                Some(Ended::Queued {
                    operations: vec![OperationId(7)],
                    at: at.unwrap_or(NOW + 10),
                })
            }
            Action::SendAll(drafts) => {
                let ids = (7..).map(OperationId);
                Some(Ended::Queued {
                    operations: ids.take(drafts.len()).collect(),
                    at: NOW + 10,
                })
            }
            Action::TakeBack(_) => {
                let sent = self.done.iter().rev().find_map(|(_, action)| match action {
                    Action::Send { draft, .. } => Some(draft.clone()),
                    _ => None,
                });
                Some(Ended::TakenBack(save(99, 1), NOW, sent?))
            }
            Action::Discard(id) => {
                self.outbox.retain(|line| line.id != *id);
                Some(Ended::Done("It is discarded.".to_owned()))
            }
            Action::Book(change) => Some(self.keep_card(change)),
            _ => None,
        }
    }

    pub fn reply_to_composer(&self, question: &Question) -> Answer {
        match question {
            Question::Forwarding { messages, attached } => {
                let mut draft = Draft {
                    answers: Some(Answers {
                        kind: AnswerKind::Forward,
                        messages: messages.clone(),
                    }),
                    subject: "Fwd: Your weekly deals are here!".to_owned(),
                    text: "\n-- \nAlice".to_owned(),
                    ..self.draft()
                };
                if *attached {
                    draft.attachments.push(attachment("deals.eml", 4_711));
                }
                Answer::Written(Some(Box::new(draft)))
            }
            Question::ForwardingPart { part, .. } => {
                let mut draft = self.draft();
                draft
                    .attachments
                    .push(attachment(&format!("part-{part}.pdf"), 41));
                Answer::Written(Some(Box::new(draft)))
            }
            Question::Bouncing { messages, to } => {
                let drafts = messages.iter().map(|key| Draft {
                    to: to.clone(),
                    subject: format!("message {}", key.0),
                    answers: Some(Answers {
                        kind: AnswerKind::Bounce,
                        messages: vec![*key],
                    }),
                    ..self.draft()
                });
                Answer::Bounced(drafts.collect(), self.absent)
            }
            Question::Resolve(text) => {
                let mut book = |name: &str| match name {
                    "tomcat" => vec![address("Tom O'Brien", "tom@example.net")],
                    _ => Vec::new(),
                };
                let found = recipient::resolve(text, &mut book);
                Answer::Resolved(found.map_err(|refused| format!("{refused}.")))
            }
            Question::Contacts { typed, .. } => {
                let typed = typed.to_lowercase();
                let all = [
                    ("Tom O'Brien", "tom@example.net", "written to 12 times"),
                    ("Tomasz Nowak", "tomasz@example.pl", "address book"),
                    ("Zoë Müller", "zoe@example.org", "wrote to you"),
                ];
                let fits = |(name, spec, _): &(&str, &str, &str)| {
                    format!("{name} {spec}").to_lowercase().contains(&typed)
                };
                let found = all
                    .into_iter()
                    .filter(fits)
                    .map(|(name, spec, why)| Contact {
                        address: address(name, spec),
                        nickname: String::new(),
                        why: why.to_owned(),
                    });
                Answer::Contacts(found.collect())
            }
            Question::Drafts => Answer::Drafts(
                self.drafts
                    .iter()
                    .rev()
                    .map(|(key, (saved, draft))| Saved {
                        key: *key,
                        saved: *saved,
                        to: String::new(),
                        name: draft.subject.clone(),
                    })
                    .collect(),
            ),
            Question::Draft(key) => {
                let found = self.drafts.get(key);
                let found = found.map(|(at, draft)| (save(key.0, 1), *at, Box::new(draft.clone())));
                Answer::Draft(found)
            }
            Question::Attach(path) => Answer::Attached(match path.ends_with(".pdf") {
                true => Ok(attachment("report.pdf", 41_000)),
                false => Err(format!("{path} cannot be attached: it is not there.")),
            }),
            Question::ReadFile(_) => Answer::FileText(Ok("one\ntwo\n".to_owned())),
            Question::AttachAll(_) | Question::Folder { .. } | Question::Holds(_) => {
                self.reply_of_files(question)
            }
            Question::Check(_) => Answer::Checked(Box::new(Checked {
                findings: self.findings.clone(),
                size: 1_300,
                changed: self.changed.clone(),
            })),
            _ => Answer::Failed("never asked".to_owned()),
        }
    }

    /// A draft of the first identity.
    pub fn draft(&self) -> Draft {
        Draft {
            account: "alice".to_owned(),
            from: address("Alice Example", "alice@example.test"),
            ..Draft::default()
        }
    }
}

/// The zone of the tests.
pub fn utc(_: i64) -> i32 {
    0
}

/// A save of a draft.
pub fn save(key: i64, version: i64) -> DraftSave {
    DraftSave {
        key: DraftKey(key),
        version,
    }
}

pub fn attachment(name: &str, size: u64) -> Attachment {
    Attachment {
        name: name.to_owned(),
        media_type: "application/pdf".to_owned(),
        source: Source::File {
            path: format!("/home/alice/{name}"),
            size,
            modified: NOW,
        },
        size,
    }
}

pub fn identity(account: &str, name: &str, spec: &str, signature: &str) -> Identity {
    Identity {
        account: account.to_owned(),
        address: address(name, spec),
        reply_to: None,
        signature: signature.to_owned(),
    }
}

pub fn leaf(path: &str, kind: &str, size: u64, name: &str) -> Structure {
    let (kind, subtype) = kind.split_once('/').unwrap();
    Structure {
        path: PartPath::parse(path).unwrap(),
        kind: kind.to_owned(),
        subtype: subtype.to_owned(),
        size,
        filename: name.to_owned(),
        disposition: if name.is_empty() {
            Disposition::None
        } else {
            Disposition::Attachment
        },
        ..Structure::default()
    }
}

pub fn node(path: &str, kind: &str, children: Vec<Structure>) -> Structure {
    Structure {
        children,
        ..leaf(path, kind, 0, "")
    }
}

/// The tree of mock-up 6.
pub fn tree() -> Structure {
    let mixed = node(
        "1",
        "multipart/mixed",
        vec![
            leaf("1.1", "text/plain", 400, ""),
            leaf("1.2", "application/pdf", 41_000, "Übersicht – Größe.pdf"),
            leaf("1.3", "image/png", 39_000, "IMG_2041.png"),
            leaf("1.4", "text/csv", 24, "table.csv"),
            leaf("1.5", "application/zip", 6_800, "invoice.pdf"),
        ],
    );
    node(
        "",
        "multipart/signed",
        vec![mixed, leaf("2", "application/pgp-signature", 673, "")],
    )
}
