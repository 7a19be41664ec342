//! Messages that are being written, and the one that is looked at.

use crate::model::{AnswerKind, Attachment, Draft, DraftKey, DraftSave, MessageKey, Recipient};
use crate::tui::app::App;
use crate::tui::app::event::{Action, Ticket};
use crate::tui::app::prompt::Field;
use crate::tui::app::view::{Identity, Saved};

use super::recipients::Recipients;
use super::settling::Asked;
use super::text::{Editor, Place};

/// A pause of so many milliseconds is a reason to save.
const PAUSE: u64 = 1_000;
/// Without a pause it is saved so many milliseconds after the first change. With what a commit
/// takes that stays under five seconds (SAFETY R4).
const AT_MOST: u64 = 3_500;
/// After so many milliseconds without a change the server gets a copy.
const IDLE: u64 = 30_000;
/// With more octets attached it gets one only when the message is postponed.
const SMALL: u64 = 5 << 20;
/// Cells of a row of text at most.
pub const WIDEST: u16 = 100;

/// Where the cursor is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Spot {
    /// The identity.
    From,
    /// To.
    #[default]
    To,
    /// Cc.
    Cc,
    /// Bcc.
    Bcc,
    /// Reply-To.
    ReplyTo,
    /// What is attached.
    Attach,
    /// The subject.
    Subject,
    /// The text.
    Body,
}

/// All of them, from top to bottom.
pub const SPOTS: [Spot; 8] = [
    Spot::From,
    Spot::To,
    Spot::Cc,
    Spot::Bcc,
    Spot::ReplyTo,
    Spot::Attach,
    Spot::Subject,
    Spot::Body,
];

/// What kind of message it is, for its title.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// A new one.
    #[default]
    New,
    /// An answer to the sender.
    Reply,
    /// An answer to all.
    ReplyAll,
    /// An answer to a list.
    ReplyList,
    /// It passes another one on.
    Forward,
}

impl Kind {
    /// The words of the title.
    pub fn title(self) -> &'static str {
        match self {
            Kind::New => "COMPOSE",
            Kind::Reply => "REPLY",
            Kind::ReplyAll => "REPLY TO ALL",
            Kind::ReplyList => "REPLY TO LIST",
            Kind::Forward => "FORWARD",
        }
    }

    /// What a stored draft was.
    pub fn of(draft: &Draft) -> Self {
        match draft.answers.as_ref().map(|answers| answers.kind) {
            Some(AnswerKind::Reply) => Kind::Reply,
            Some(AnswerKind::Forward | AnswerKind::Bounce) => Kind::Forward,
            Some(AnswerKind::New) | None => Kind::New,
        }
    }
}

/// One message that is being written.
#[derive(Clone, Debug)]
pub struct Composer {
    /// Names it while the program runs.
    pub id: u64,
    /// What kind it is.
    pub kind: Kind,
    /// To.
    pub to: Recipients,
    /// Cc.
    pub cc: Recipients,
    /// Bcc.
    pub bcc: Recipients,
    /// Reply-To.
    pub reply_to: Recipients,
    /// The subject.
    pub subject: Field,
    /// What is attached.
    pub attachments: Vec<Attachment>,
    /// Which attachment is selected.
    pub attached: usize,
    /// The text.
    pub body: Editor,
    /// Where the cursor is.
    pub spot: Spot,
    /// Whether Bcc and Reply-To are shown though they are empty.
    pub all_headers: bool,
    /// What was cut from a header field.
    pub cut: Option<(Spot, Vec<Recipient>, String)>,
    /// Its last save, once there was one.
    pub kept: Option<DraftSave>,
    /// When it was saved last, in seconds since 1970.
    pub saved_at: Option<i64>,
    /// Why it could not be saved.
    pub unsaved: Option<String>,
    /// The save that is under way.
    pub saving: Option<(Ticket, u64)>,
    /// Which revision is in the store.
    saved: u64,
    /// Changes of the header.
    header: u64,
    /// What was typed in the field that the cursor is in, so that typing there counts as a change.
    typing: String,
    /// When the first change that is not saved was made, and the last one, by the monotonic clock.
    changed: Option<(u64, u64)>,
    seen: u64,
    /// When its copy on the server is due.
    mirror: Option<u64>,
    /// What the screen does not show: references, what it answers, further fields.
    pub rest: Draft,
    /// Whether it closes as soon as it is in the store.
    pub postponed: bool,
    /// What the search for contacts was asked with.
    pub asked: Ticket,
}

impl Composer {
    /// A composer on a draft.
    pub fn on(draft: Draft, kind: Kind, id: u64, room: u16) -> Self {
        let mut rest = draft;
        let text = std::mem::take(&mut rest.text);
        let mut body = Editor::new(&text, usize::from(room));
        if kind != Kind::Forward {
            body.go(first_place(&body));
        }
        let spot = match (rest.to.is_empty(), kind) {
            (true, _) => Spot::To,
            (false, _) => Spot::Body,
        };
        let extra = !rest.bcc.is_empty() || !rest.reply_to.is_empty();
        Self {
            id,
            kind,
            to: Recipients::of(std::mem::take(&mut rest.to)),
            cc: Recipients::of(std::mem::take(&mut rest.cc)),
            bcc: Recipients::of(std::mem::take(&mut rest.bcc)),
            reply_to: Recipients::of(std::mem::take(&mut rest.reply_to)),
            subject: Field::of(&std::mem::take(&mut rest.subject)),
            attachments: std::mem::take(&mut rest.attachments),
            attached: 0,
            body,
            spot,
            all_headers: extra,
            cut: None,
            kept: None,
            saved_at: None,
            unsaved: None,
            saving: None,
            saved: 0,
            header: 0,
            typing: String::new(),
            changed: None,
            seen: 0,
            mirror: None,
            rest,
            postponed: false,
            asked: Ticket::default(),
        }
    }

    /// What stands on the screen, as a draft; of an address that is still being typed what there is
    /// of it, so that it is not lost either.
    pub fn draft(&self) -> Draft {
        Draft {
            to: self.to.with_typed(),
            cc: self.cc.with_typed(),
            bcc: self.bcc.with_typed(),
            reply_to: self.reply_to.with_typed(),
            subject: self.subject.value().to_owned(),
            attachments: self.attachments.clone(),
            text: self.body.text().whole(),
            ..self.rest.clone()
        }
    }

    /// The field at a spot, where that is an address field.
    pub fn recipients(&mut self, spot: Spot) -> Option<&mut Recipients> {
        match spot {
            Spot::To => Some(&mut self.to),
            Spot::Cc => Some(&mut self.cc),
            Spot::Bcc => Some(&mut self.bcc),
            Spot::ReplyTo => Some(&mut self.reply_to),
            Spot::From | Spot::Attach | Spot::Subject | Spot::Body => None,
        }
    }

    /// The address field that the cursor is in.
    pub fn field(&self) -> Option<&Recipients> {
        match self.spot {
            Spot::To => Some(&self.to),
            Spot::Cc => Some(&self.cc),
            Spot::Bcc => Some(&self.bcc),
            Spot::ReplyTo => Some(&self.reply_to),
            Spot::From | Spot::Attach | Spot::Subject | Spot::Body => None,
        }
    }

    /// Whether a spot is on the screen.
    pub fn shows(&self, spot: Spot) -> bool {
        match spot {
            Spot::Bcc => self.all_headers || !self.bcc.units.is_empty(),
            Spot::ReplyTo => self.all_headers || !self.reply_to.units.is_empty(),
            Spot::From | Spot::To | Spot::Cc | Spot::Attach | Spot::Subject | Spot::Body => true,
        }
    }

    /// The next spot in a direction; `None` at the ends.
    pub fn beside(&self, forward: bool) -> Option<Spot> {
        let mut shown = SPOTS.into_iter().filter(|spot| self.shows(*spot));
        match forward {
            true => shown.find(|spot| *spot > self.spot),
            false => shown.rfind(|spot| *spot < self.spot),
        }
    }

    /// The header was changed.
    pub fn touched(&mut self) {
        self.header += 1;
    }

    /// The message that it answers or passes on.
    pub fn about(&self) -> Option<MessageKey> {
        let answers = self.rest.answers.as_ref()?;
        answers.messages.first().copied()
    }

    /// Its row in the store.
    pub fn key(&self) -> Option<DraftKey> {
        self.kept.map(|kept| kept.key)
    }

    /// Grows with every change.
    pub fn revision(&self) -> u64 {
        self.body.revision() + self.header
    }

    /// Whether something is not in the store.
    pub fn is_dirty(&self) -> bool {
        self.revision() != self.saved
    }

    /// Whether a person has changed anything.
    pub fn is_touched(&self) -> bool {
        self.revision() > 0
    }

    /// The message could not be put into the Outbox.
    pub fn not_sent(&mut self, ticket: Ticket, now: u64) {
        if self.saving.take_if(|(asked, _)| *asked == ticket).is_some() {
            self.changed = Some((now, now));
        }
    }

    /// Another signature takes the place of the old one, where that stands at the end.
    pub fn change_signature(&mut self, old: &str, new: &str) {
        let block = |text: &str| match text.trim_end() {
            "" => String::new(),
            text => format!("\n-- \n{text}"),
        };
        let text = self.body.text().whole();
        let (old, new) = (block(old), block(new));
        let head = match old.is_empty() {
            true => Some(text.as_str()),
            false => text.trim_end().strip_suffix(old.as_str()),
        };
        if let Some(head) = head.filter(|_| old != new) {
            let gap = match head.ends_with('\n') || new.is_empty() {
                true => "",
                false => "\n",
            };
            let text = format!("{head}{gap}{new}");
            self.body.replace_all(&text);
        }
    }

    /// How many it goes to.
    pub fn goes_to(&self) -> usize {
        let fields = [&self.to, &self.cc, &self.bcc];
        let units = fields.into_iter().flat_map(|field| &field.units);
        units.map(|unit| unit.mailboxes().len()).sum()
    }

    /// What it is called in lists.
    pub fn name(&self) -> String {
        let subject = self.subject.value().trim();
        if subject.is_empty() {
            "(no subject)".to_owned()
        } else {
            subject.to_owned()
        }
    }

    /// Takes note of changes since the last event; gives whether it is time to save.
    pub fn is_due(&mut self, now: u64) -> bool {
        let typing = match self.spot {
            Spot::Subject => self.subject.value(),
            _ => self.field().map_or("", |field| field.field.value()),
        };
        if typing != self.typing {
            self.typing = typing.to_owned();
            self.header += u64::from(self.spot != Spot::Body);
        }
        let revision = self.revision();
        if revision != self.seen {
            self.seen = revision;
            let first = self.changed.map_or(now, |(first, _)| first);
            self.changed = Some((first, now));
            self.mirror = None;
        }
        if !self.is_dirty() {
            self.changed = None;
        }
        self.saving.is_none() && self.due_at().is_some_and(|at| at <= now)
    }

    /// When it is to be saved.
    pub fn due_at(&self) -> Option<u64> {
        if self.saving.is_some() {
            return None;
        }
        let (first, last) = self.changed?;
        Some((first + AT_MOST).min(last + PAUSE))
    }

    /// When its copy in the server's Drafts is to be made.
    pub fn mirror_at(&self) -> Option<u64> {
        self.mirror
    }

    /// A save of what stands there now is under way.
    pub fn saves(&mut self, ticket: Ticket) {
        self.saving = Some((ticket, self.revision()));
        self.changed = None;
    }

    /// The save ended: when, or why not.
    pub fn saved(&mut self, ticket: Ticket, ended: Result<(DraftSave, i64), String>, now: u64) {
        let Some((_, revision)) = self.saving.take_if(|(asked, _)| *asked == ticket) else {
            return;
        };
        match ended {
            Ok((kept, at)) => {
                self.kept = Some(kept);
                self.saved_at = Some(at);
                self.unsaved = None;
                self.saved = revision;
                let size: u64 = self.attachments.iter().map(|one| one.size).sum();
                self.mirror = (!self.is_dirty() && size <= SMALL).then_some(now + IDLE);
            }
            Err(why) => self.unsaved = Some(why),
        }
        if self.is_dirty() && self.changed.is_none() {
            self.changed = Some((now, now));
        }
    }

    /// It is in the store as it stands.
    pub fn is_kept(&mut self, kept: DraftSave, at: i64) {
        self.kept = Some(kept);
        self.saved_at = Some(at);
        self.saved = self.revision();
        self.seen = self.saved;
    }
}

/// Where writing begins: behind the quote, before the signature.
fn first_place(body: &Editor) -> Place {
    let text = body.text();
    let count = text.count();
    let quoted = (0..count)
        .rev()
        .find(|line| text.line(*line).starts_with('>'));
    let Some(quoted) = quoted else {
        return Place::default();
    };
    let below = (quoted + 2).min(count.saturating_sub(1));
    if text.line(below).trim_end() == "--" {
        return Place::new(quoted + 1, 0);
    }
    Place::new(below, 0)
}

/// All messages that are being written.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// In the order in which they were begun.
    pub open: Vec<Composer>,
    /// The one on the screen.
    pub at: usize,
    /// The selected row of their list.
    pub selected: usize,
    /// Drafts in the store.
    pub stored: Vec<Saved>,
    /// Whether they were read.
    pub listed: bool,
    /// What was asked about somebody who is typed.
    pub resolving: Option<Asked>,
    last_id: u64,
}

impl State {
    /// The one on the screen.
    pub fn current(&self) -> Option<&Composer> {
        self.open.get(self.at)
    }

    /// The same, to change it.
    pub fn current_mut(&mut self) -> Option<&mut Composer> {
        self.open.get_mut(self.at)
    }

    /// The one of that name.
    pub fn find(&mut self, id: u64) -> Option<&mut Composer> {
        self.open.iter_mut().find(|one| one.id == id)
    }

    /// Opens another one, and puts it on the screen; gives its name.
    pub fn add(&mut self, draft: Draft, kind: Kind, room: u16) -> u64 {
        self.last_id += 1;
        self.open
            .push(Composer::on(draft, kind, self.last_id, room));
        self.at = self.open.len() - 1;
        self.last_id
    }

    /// Drafts in the store that are not open.
    pub fn waiting(&self) -> impl Iterator<Item = &Saved> {
        let open = |saved: &&Saved| self.open.iter().all(|one| one.key() != Some(saved.key));
        self.stored.iter().filter(open)
    }

    /// How many are being written: those that are open, and those that wait.
    pub fn rows(&self) -> usize {
        self.open.len() + self.waiting().count()
    }

    /// Takes the one of that name away.
    pub fn close(&mut self, id: u64) -> Option<Composer> {
        let at = self.open.iter().position(|one| one.id == id)?;
        let gone = self.open.remove(at);
        self.at = self.at.min(self.open.len().saturating_sub(1));
        self.selected = self.selected.min(self.open.len().saturating_sub(1));
        Some(gone)
    }
}

/// Cells of a row of text in a pane of that width: one is left for the cursor behind the last letter.
pub fn room(width: u16) -> u16 {
    width.saturating_sub(1).min(WIDEST)
}

/// Whether the identity of a composer is that one.
pub fn is_from(draft: &Draft, identity: &Identity) -> bool {
    draft.account == identity.account && draft.from == identity.address
}

/// Brings viewports in line, and saves what is due.
pub fn settle(app: &mut App) {
    save_what_is_due(app);
    let body = app.layout.body();
    let head = app
        .compose
        .current()
        .map_or(0, |one| super::fields::head_height(app, one));
    if let Some(composer) = app.compose.current_mut() {
        composer.body.set_room(usize::from(room(body.width)));
        let rows = body.height.saturating_sub(head);
        composer.body.settle(usize::from(rows));
    }
}

fn save_what_is_due(app: &mut App) {
    let now = app.now.mono;
    let due: Vec<u64> = app
        .compose
        .open
        .iter_mut()
        .filter_map(|one| one.is_due(now).then_some(one.id))
        .collect();
    for id in due {
        save(app, id);
    }
    let idle = |one: &Composer| one.mirror.is_some_and(|at| at <= now);
    let idle = app.compose.open.iter().filter(|one| idle(one));
    let idle: Vec<u64> = idle.map(|one| one.id).collect();
    for id in idle {
        mirror(app, id);
    }
}

/// Has a copy of a composer's draft made in the server's Drafts, of what was saved last.
pub fn mirror(app: &mut App, id: u64) {
    let Some(composer) = app.compose.find(id) else {
        return;
    };
    composer.mirror = None;
    let last = composer.kept;
    if last.is_some() || composer.saving.is_some() {
        app.effect(Action::MirrorDraft { composer: id, last });
    }
}

/// The program ends: everything that is not saved is.
pub fn save_all(app: &mut App) {
    // What a save under way does not have is saved behind it.
    let dirty = app.compose.open.iter().filter(|one| one.is_dirty());
    let dirty: Vec<u64> = dirty.map(|one| one.id).collect();
    for id in dirty {
        save(app, id);
    }
}

/// Puts a composer's draft into the store, unless it is there as it stands.
pub fn save(app: &mut App, id: u64) {
    let Some(composer) = app.compose.find(id) else {
        return;
    };
    let draft = composer.draft();
    let (last, dirty) = (composer.kept, composer.is_dirty());
    if (last.is_none() && draft.is_blank()) || (last.is_some() && !dirty) {
        return;
    }
    let ticket = app.effect(Action::SaveDraft {
        composer: id,
        last,
        draft: Box::new(draft),
    });
    if let Some(composer) = app.compose.find(id) {
        composer.saves(ticket);
    }
}
