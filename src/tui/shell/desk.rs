//! Answers to questions, from the store. Runs on reader threads; the first two on the main thread.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::config::providers::Providers;
use crate::config::secrets::{SERVICE, SecretError, Secrets};
use crate::config::{AccountSettings, Endpoint, Paths, Security, Settings};
use crate::mime::body::wanted;
use crate::mime::document::{Document, FIRST_LIMIT, FULL_LIMIT, View};
use crate::mime::header::{Header, decode_text};
use crate::mime::{part as parts, sniff, wrap};
use crate::model::{
    AccountKey, AccountKind, Address, Link, LinkState, MessageKey, PartPath, Role, Structure,
};
use crate::ops::folders::{AccountFolders, Folder};
use crate::ops::message::{Head, PartBytes, Source};
use crate::ops::notices::Logged;
use crate::ops::{attach, contacts, folders, message, notices, order, packed, queue, triage};
use crate::store::{Reader, Store, StoreError, accounts};
use crate::sync::owner;
use crate::tui::app::date::octets;
use crate::tui::app::event::{Answer, Question};
use crate::tui::app::view::{
    Account, Body, Card, Cause, Identity, LogLine, Mailbox, Need, Opened, OutboxCount, Preview,
    Provider, Security as ViewSecurity, Server, Servers, Told,
};

use super::{
    browse, conversations, drafts, files, kept, mutes, outbox, pages, replies, resuming, search,
    select, sending, writing,
};

/// Octets of a header that are looked at, and of a source that is shown.
const HEADER: u64 = 512 << 10;
const SOURCE: u64 = 2 << 20;
/// Octets of a part that a preview looks at, and lines that it shows.
const PREVIEW: u64 = 256 << 10;
const PREVIEW_LINES: usize = 2000;
/// Lines of the Queue that are read, and of what is stuck in it.
const LINES: usize = 500;
const STUCK: usize = 500;

/// What readers need.
pub struct Desk {
    store: Store,
    settings: Arc<Mutex<Settings>>,
    paths: Paths,
    networked: bool,
    secrets: Arc<dyn Secrets>,
    idle: Mutex<Vec<Reader>>,
    orders: pages::Orders,
    search: search::Search,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Desk {
    /// A desk over a store; without a network, accounts of the store count as local.
    pub fn new(
        store: Store,
        settings: Arc<Mutex<Settings>>,
        paths: Paths,
        networked: bool,
        secrets: Arc<dyn Secrets>,
    ) -> Self {
        let search = search::Search::new(store.clone(), paths.search_db());
        Self {
            store,
            settings,
            paths,
            networked,
            secrets,
            idle: Mutex::default(),
            orders: pages::Orders::default(),
            search,
        }
    }

    /// What was read of an older store is kept, so that it is read once.
    pub(super) fn learn(&self, unknown: Vec<crate::model::ContentKey>) {
        crate::ops::threads::learn(&self.store, unknown);
    }

    /// A search is taken that [`Desk::answer`] answers next.
    pub fn begin_search(&self) {
        self.search.begin();
    }

    /// Drops the search that is under way: another one takes its place.
    pub fn drop_search(&self) {
        self.search.drop_running();
    }

    /// Answers a question; a failure is an answer too.
    pub fn answer(&self, question: &Question) -> Answer {
        match self.answered(question) {
            Ok(answer) => answer,
            Err(StoreError::Refused(refusal)) => Answer::Failed(format!("{refusal}.")),
            Err(error) => Answer::Failed(format!("The mail store cannot be read: {error}")),
        }
    }

    fn answered(&self, question: &Question) -> Result<Answer, StoreError> {
        match question {
            Question::Complete(text) => {
                let home = files::home();
                let found = attach::complete(text, Path::new(&home));
                return Ok(Answer::Complete(found));
            }
            Question::Provider(address) => return Ok(Answer::Provider(provider(address))),
            Question::Keyring => return Ok(Answer::Keyring(self.keyring())),
            Question::Attach(path) => return Ok(Answer::Attached(writing::attachment(path))),
            Question::AttachAll(paths) => {
                return Ok(Answer::AttachedAll(browse::attachments(paths)));
            }
            Question::ReadFile(named) => return Ok(Answer::FileText(writing::text(named))),
            Question::Folder { named, above } => {
                let found = browse::folder(named, *above);
                return Ok(Answer::Folder(found.map(Box::new)));
            }
            Question::Holds(path) => return Ok(Answer::Holds(browse::holds(path))),
            Question::Search(asked) => return self.search.answer(asked),
            _ => {}
        }
        let reader = match lock(&self.idle).pop() {
            Some(reader) => reader,
            None => self.store.reader()?,
        };
        let answer = self.read(&reader, question);
        lock(&self.idle).push(reader);
        answer
    }

    fn read(&self, reader: &Reader, question: &Question) -> Result<Answer, StoreError> {
        match question {
            Question::Folders => self.folders(reader),
            Question::Page {
                view,
                from,
                near,
                around,
                threads,
                stay,
            } => {
                let asked = pages::Asked {
                    from: *from,
                    near: *near,
                    around: *around,
                    threads: threads.as_deref(),
                    stay,
                };
                pages::page(self, reader, view, asked)
            }
            Question::NextUnread { view, after } => pages::next_unread(self, reader, view, *after),
            Question::Conversation { view, message } => {
                conversations::whole(self, reader, view, *message).map(Answer::Conversation)
            }
            Question::Thread { view, message } => {
                conversations::keys(self, reader, view, *message).map(Answer::Thread)
            }
            Question::Opened(key) => self.opened(reader, *key),
            Question::Body {
                message,
                html,
                width,
                first,
            } => {
                let view = View {
                    html: *html,
                    width: usize::from(*width),
                    limit: if *first { FIRST_LIMIT } else { FULL_LIMIT },
                    offset_at: Some(super::files::offset_at),
                };
                self.body(reader, *message, &view).map(Answer::Body)
            }
            Question::Header(key) => self.header(reader, *key),
            Question::Source(key) => self.source(reader, *key),
            Question::Preview { message, part } => {
                self.preview(reader, *message, part).map(Answer::Preview)
            }
            Question::Proposal(message) => triage::proposal(reader, *message).map(Answer::Proposal),
            Question::MarkedDeleted(mailbox) => {
                triage::marked_deleted(reader, *mailbox).map(Answer::MarkedDeleted)
            }
            Question::Select { view, criterion } => {
                let walk = pages::walk(self, reader, view)?;
                let from = (&self.store, self.paths.search_db());
                let found = select::keys((from.0, &from.1), reader, view, &walk, criterion);
                found.map(|found| Answer::Select(found.keys, found.unindexed))
            }
            Question::Far(look) => search::far(reader, look),
            Question::Snippet(message, text) => search::snippet(reader, *message, text),
            Question::Mutes => mutes::list(reader),
            Question::Log => log(reader),
            Question::Needs => self.needs(reader).map(Answer::Needs),
            Question::Queue => self.waiting(reader),
            Question::Outbox => outbox::list(reader),
            Question::Outgoing { id, width } => outbox::read(reader, *id, *width),
            Question::AddressBook(text) => {
                let found = contacts::search(reader, text)?;
                let card = |(key, contact)| Card { key, contact };
                Ok(Answer::AddressBook(found.into_iter().map(card).collect()))
            }
            Question::Contacts { typed, about } => {
                let own = lock(&self.settings).own_addresses();
                writing::people(reader, typed, *about, &own).map(Answer::Contacts)
            }
            Question::Resolve(text) => {
                let aliases = lock(&self.settings).aliases.clone();
                writing::resolved(reader, text, &aliases).map(Answer::Resolved)
            }
            Question::Drafts => drafts::list(reader),
            Question::Draft(key) => drafts::find(reader, *key),
            Question::Resuming(key) => resuming::of_message(self, &self.store, reader, *key),
            Question::Answering { messages, marked } => match messages.as_slice() {
                [one] => replies::answering(self, reader, *one, marked.as_deref()),
                several => replies::answering_several(self, reader, several),
            },
            Question::Forwarding { messages, attached } => match messages.as_slice() {
                [one] => replies::forwarding(self, &self.store, reader, *one, *attached),
                several => replies::forwarding_several(self, reader, several),
            },
            Question::ForwardingPart { message, part } => {
                replies::forwarding_part(self, &self.store, reader, *message, part)
            }
            Question::Bouncing { messages, to } => replies::bounced(self, reader, messages, to),
            Question::Check(draft) => {
                let about = replies::facts(self, reader, draft)?;
                sending::checked(reader, draft, self.sends(&draft.account), about)
            }
            Question::Complete(_)
            | Question::Search(_)
            | Question::Provider(_)
            | Question::Keyring
            | Question::Attach(_)
            | Question::AttachAll(_)
            | Question::ReadFile(_)
            | Question::Folder { .. }
            | Question::Holds(_) => Ok(Answer::Complete(Vec::new())),
        }
    }

    fn keyring(&self) -> Result<String, String> {
        match self.secrets.status(SERVICE).wait() {
            Ok(name) => Ok(name),
            Err(SecretError::Locked { .. }) => Ok("it is locked, unlock it first".to_owned()),
            Err(SecretError::Absent { .. }) => Err("no service answers".to_owned()),
            Err(SecretError::Hung { .. }) => Err("it does not answer".to_owned()),
            Err(SecretError::NoCollection { .. }) => Err("it has no default".to_owned()),
            // Nothing is kept under that name, so that it has answered.
            Err(SecretError::Missing { .. }) => Ok("it answers".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn folders(&self, reader: &Reader) -> Result<Answer, StoreError> {
        let mut stored: HashMap<String, AccountFolders> = folders::list(reader)?
            .into_iter()
            .map(|account| (account.account.id.clone(), account))
            .collect();
        let settings = lock(&self.settings).clone();
        let mut accounts = Vec::new();
        for configured in &settings.accounts {
            let known = stored.remove(&configured.id);
            accounts.push(self.account(configured, known));
        }
        if settings.accounts.is_empty() {
            let mut rest: Vec<AccountFolders> = stored.into_values().collect();
            rest.sort_by(|a, b| a.account.id.cmp(&b.account.id));
            for account in rest {
                let local = AccountSettings::local(&account.account.id);
                accounts.push(self.account(&local, Some(account)));
            }
        }
        let (all, failed) = queue::counts(reader)?;
        let mut needs = queue::refused(reader, STUCK)?;
        needs += self.told(reader)?.len();
        Ok(Answer::Folders {
            accounts,
            waiting: all.saturating_sub(failed),
            needs: u64::try_from(needs).unwrap_or(u64::MAX),
            unsent: queue::leaving(reader, self.store.now())?,
            sending: queue::sending(reader)?,
            told: told_of_sending(reader)?,
            orders: order::orders(reader)?,
            searches: kept::all(reader)?,
        })
    }

    fn account(&self, configured: &AccountSettings, known: Option<AccountFolders>) -> Account {
        let server = self.networked && configured.endpoint().is_some();
        let link = known.as_ref().and_then(|account| account.link.clone());
        let synced = known.as_ref().and_then(|account| {
            let times = account.folders.iter().map(|folder| folder.mailbox.synced);
            times.max().flatten()
        });
        let address = if configured.address.is_empty() {
            configured.id.clone()
        } else {
            configured.address.clone()
        };
        let unsent = known.as_ref().map(|account| account.unsent);
        let folders = known.map(|account| account.folders).unwrap_or_default();
        // On a server where nothing is subscribed everything is listed, as it is kept.
        let any = folders
            .iter()
            .any(|folder| folder.mailbox.subscribed && folder.mailbox.role != Some(Role::Inbox));
        // A folder that is still to be made takes the delimiter of the others.
        let delimiter = folders
            .iter()
            .find_map(Folder::delimiter)
            .or_else(|| (!configured.stored_kind().is_remote()).then_some('/'));
        let mailboxes = folders
            .iter()
            .filter(|folder| folder.mailbox.name.is_some())
            .map(|folder| Mailbox {
                listed: folder.mailbox.subscribed || !any,
                delimiter: folder.delimiter().or(delimiter),
                ..mailbox(configured, folder)
            })
            .collect();
        Account {
            id: configured.id.clone(),
            address,
            identities: identities(configured),
            kind: match configured.stored_kind() {
                AccountKind::Pop3 if server => "POP3".to_owned(),
                _ if server => String::new(),
                _ => "local".to_owned(),
            },
            link: server.then(|| self.link(&configured.id, link)),
            outbox: unsent.map_or(OutboxCount::default(), |unsent| OutboxCount {
                all: unsent.all,
                refused: unsent.refused,
            }),
            synced,
            mailboxes,
        }
    }

    /// A link row holds only while its writer has the account's lock.
    fn link(&self, id: &str, link: Option<Link>) -> Link {
        let idle = Link {
            pid: 0,
            state: LinkState::Idle,
            done: 0,
            total: 0,
            since: 0,
            next_try: None,
            why: String::new(),
        };
        owner::link_now(&self.paths.data, id, link).unwrap_or(idle)
    }

    fn opened(&self, reader: &Reader, key: MessageKey) -> Result<Answer, StoreError> {
        let source = match message::source(reader, key) {
            Ok(source) => source,
            Err(error) => {
                tracing::debug!(%error, "a message that was to be opened is gone");
                return Ok(Answer::Opened(None));
            }
        };
        let structure = packed::tree(&self.store, reader, &source)?;
        Ok(Answer::Opened(Some(Box::new(Opened {
            envelope: source.content.envelope,
            structure,
            flags: source.message.flags,
            kept: source.content.kept,
            size: source.message.size,
            here: Vec::new(),
        }))))
    }

    pub(super) fn body(
        &self,
        reader: &Reader,
        key: MessageKey,
        view: &View,
    ) -> Result<Body, StoreError> {
        let source = message::source(reader, key)?;
        let limit = u64::try_from(view.limit)
            .unwrap_or(u64::MAX)
            .saturating_mul(2);
        if let Some(head) = message::head(reader, &source.content)?
            && let Some(document) = of_head(&head, view, limit)
        {
            return Ok(Body::Text(Box::new(document)));
        }
        let Some(structure) = message::structure(&self.store, reader, &source.content)? else {
            return Ok(Body::NotKept {
                size: source.message.size,
            });
        };
        let mut here: BTreeMap<PartPath, Vec<u8>> = BTreeMap::new();
        let mut absent = 0;
        for path in wanted(&structure, view) {
            match self.bytes(reader, &source, &path, limit)? {
                PartBytes::Kept { bytes, .. } => {
                    here.insert(path, bytes);
                }
                PartBytes::NotKept { size } => absent += size,
                PartBytes::NoSuchPart => {}
            }
        }
        if here.is_empty() && absent > 0 {
            return Ok(Body::NotKept { size: absent });
        }
        let at_hand = here
            .iter()
            .map(|(path, bytes)| (path.clone(), bytes.as_slice()))
            .collect();
        let document = Document::of_parts(&structure, &at_hand, view);
        Ok(Body::Text(Box::new(document)))
    }

    fn bytes(
        &self,
        reader: &Reader,
        source: &Source,
        path: &PartPath,
        limit: u64,
    ) -> Result<PartBytes, StoreError> {
        message::part(&self.store, reader, &source.message, path, limit)
    }

    fn whole(
        &self,
        reader: &Reader,
        key: MessageKey,
        limit: u64,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let source = message::source(reader, key)?;
        Ok(
            match self.bytes(reader, &source, &PartPath::root(), limit)? {
                PartBytes::Kept { bytes, .. } => Some(bytes),
                PartBytes::NotKept { .. } | PartBytes::NoSuchPart => None,
            },
        )
    }

    /// The header of a message as it came, with what follows it; `None` when it is not kept.
    pub(super) fn raw_header(
        &self,
        reader: &Reader,
        key: MessageKey,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.whole(reader, key, HEADER)
    }

    /// The addresses that mail can be written under, of all accounts.
    pub(super) fn identities(&self) -> Vec<Identity> {
        let settings = lock(&self.settings);
        settings.accounts.iter().flat_map(identities).collect()
    }

    /// The lists in other orders that are at hand.
    pub(super) fn orders(&self) -> &pages::Orders {
        &self.orders
    }

    /// The accounts whose mail is shown: those of the settings, or all where there are none.
    pub(super) fn shown_accounts(&self, reader: &Reader) -> Result<Vec<AccountKey>, StoreError> {
        let settings = lock(&self.settings);
        let mut all = accounts::all(reader)?;
        if !settings.accounts.is_empty() {
            all.retain(|one| settings.account(&one.id).is_some());
        }
        Ok(all.into_iter().map(|one| one.key).collect())
    }

    /// Whether an account has a server to send with.
    fn sends(&self, id: &str) -> bool {
        let settings = lock(&self.settings);
        self.networked && settings.account(id).is_some_and(|one| one.smtp.is_some())
    }

    fn header(&self, reader: &Reader, key: MessageKey) -> Result<Answer, StoreError> {
        let raw = self.whole(reader, key, HEADER)?;
        Ok(Answer::Lines(raw.map(|raw| {
            Header::parse(&raw)
                .fields()
                .iter()
                .map(|(name, value)| {
                    let name = String::from_utf8_lossy(name);
                    format!("{name}: {}", decode_text(value).trim())
                })
                .collect()
        })))
    }

    fn source(&self, reader: &Reader, key: MessageKey) -> Result<Answer, StoreError> {
        let raw = self.whole(reader, key, SOURCE)?;
        Ok(Answer::Lines(raw.map(|raw| {
            let text = String::from_utf8_lossy(&raw);
            text.lines().map(str::to_owned).collect()
        })))
    }

    fn preview(
        &self,
        reader: &Reader,
        key: MessageKey,
        path: &PartPath,
    ) -> Result<Preview, StoreError> {
        let source = message::source(reader, key)?;
        let structure = packed::tree(&self.store, reader, &source)?;
        let Some(part) = structure.as_ref().and_then(|tree| tree.find(path)).cloned() else {
            return Ok(Preview::Words("This part is not known.".to_owned()));
        };
        if part.is_multipart() {
            let count = part.walk().len() - 1;
            return Ok(Preview::Words(format!("It holds {count} other parts.")));
        }
        match self.bytes(reader, &source, path, PREVIEW)? {
            PartBytes::Kept { bytes, .. } => Ok(previewed(&part, &bytes)),
            PartBytes::NotKept { size } => Ok(Preview::NotKept { size }),
            PartBytes::NoSuchPart => {
                let inside = packed::content(&self.store, reader, &source, path)?;
                let lacks = || Preview::Words("The message lacks this part.".to_owned());
                Ok(inside.map_or_else(lacks, |(part, bytes)| previewed(&part, &bytes)))
            }
        }
    }

    /// What was told and waits for the user; what became of operations stands in the queue.
    fn told(&self, reader: &Reader) -> Result<Vec<Logged>, StoreError> {
        let mut told = notices::attention(reader)?;
        // What these are about stands in the queue itself.
        told.retain(|logged| {
            !["operation", "unsure", "refused"].contains(&logged.notice.topic.as_str())
        });
        Ok(told)
    }

    fn needs(&self, reader: &Reader) -> Result<Vec<Need>, StoreError> {
        let settings = lock(&self.settings).clone();
        let called = |id: &str| {
            let address = settings.account(id).map(|account| account.address.clone());
            let address = address.filter(|address| !address.is_empty());
            address.unwrap_or_else(|| id.to_owned())
        };
        let mut needs = Vec::new();
        for logged in self.told(reader)? {
            let notice = logged.notice;
            let cause = match notice.topic.as_str() {
                "sign-in" => Cause::SignIn,
                _ => Cause::Notice(logged.id),
            };
            needs.push(Need {
                cause,
                title: called(&notice.account),
                account: notice.account,
                is_submission: false,
                what: String::new(),
                text: notice.text,
                hint: notice.hint,
                detail: notice.detail,
            });
        }
        for line in queue::stuck(reader, STUCK)? {
            let title = called(&line.account);
            needs.extend(super::queue::need(&line, title));
        }
        // What is looked for by itself comes after what waits for an answer.
        needs.sort_by_key(|need| !need.is_urgent());
        Ok(needs)
    }

    fn waiting(&self, reader: &Reader) -> Result<Answer, StoreError> {
        let (lines, more) = queue::lines(reader, LINES)?;
        let lines = lines.into_iter().map(super::queue::waiting).collect();
        Ok(Answer::Queue(lines, more))
    }
}

/// The text of a large message, if all that it needs lies in the head.
fn of_head(head: &Head, view: &View, limit: u64) -> Option<Document> {
    let paths = wanted(head.structure(), view);
    let here: BTreeMap<PartPath, Vec<u8>> = paths
        .into_iter()
        .map(|path| head.part(&path, limit).map(|bytes| (path, bytes)))
        .collect::<Option<_>>()?;
    let at_hand: BTreeMap<PartPath, &[u8]> = here
        .iter()
        .map(|(path, bytes)| (path.clone(), bytes.as_slice()))
        .collect();
    let document = || Document::of_parts(head.structure(), &at_hand, view);
    (!at_hand.is_empty()).then(document)
}

/// The addresses that mail of an account can be written under.
fn identities(configured: &AccountSettings) -> Vec<Identity> {
    let all = configured.all_identities().into_iter();
    all.map(|identity| Identity {
        account: configured.id.clone(),
        address: Address {
            name: identity.name,
            address: identity.address,
        },
        reply_to: identity.reply_to,
        signature: identity.signature,
    })
    .collect()
}

/// Topics of notices about messages on their way out.
const SENDING: [&str; 5] = ["sent", "sending", "put-off", "refused", "no-copy"];
/// Lines of the Log that are looked at for them.
const LATEST: usize = 30;

/// What was told last of messages on their way out.
fn told_of_sending(reader: &Reader) -> Result<Option<Told>, StoreError> {
    let lines = notices::log(reader, LATEST)?;
    let mut of_sending = lines
        .into_iter()
        .filter(|line| SENDING.contains(&line.notice.topic.as_str()));
    Ok(of_sending.next().map(|line| Told {
        mark: (line.id, line.times),
        text: line.notice.text,
    }))
}

fn mailbox(configured: &AccountSettings, folder: &Folder) -> Mailbox {
    let unsent = folder.mailbox.base.is_none() && configured.stored_kind().is_remote();
    let offline = match configured.offline_of(folder.name()) {
        _ if unsent => "not on the server yet".to_owned(),
        crate::model::Offline::None => "not kept".to_owned(),
        crate::model::Offline::Headers => "headers only".to_owned(),
        crate::model::Offline::Days(days) => format!("{days} days"),
        crate::model::Offline::All => "all".to_owned(),
    };
    Mailbox {
        key: folder.key(),
        name: folder.name().to_owned(),
        delimiter: folder.delimiter(),
        role: folder.mailbox.role,
        selectable: folder.selectable(),
        subscribed: folder.mailbox.subscribed,
        listed: true,
        unread: folder.unread.unwrap_or(0),
        flagged: folder.mailbox.flagged,
        alone: folder.mailbox.alone,
        total: folder.total,
        offline,
    }
}

fn previewed(part: &Structure, bytes: &[u8]) -> Preview {
    let readable = part.kind == "text" || part.media_type() == "message/rfc822";
    let decoded = parts::decode_prefix(bytes, &part.encoding, FULL_LIMIT).bytes;
    if !readable {
        let kind = part.media_type();
        let size = octets(parts::decoded_size(part.size, &part.encoding));
        let warning = sniff::disagreement(&part.filename, &decoded)
            .map_or(String::new(), |words| format!("  ! {words}."));
        return Preview::Words(format!(
            "{kind}, {size}. Enter opens it, S saves it.{warning}"
        ));
    }
    let rich = part.kind != "text" || part.subtype == "html";
    if rich {
        let document = match part.kind.as_str() {
            "message" => Document::of_message(&decoded, &View::default()),
            _ => {
                let at_hand = [(part.path.clone(), bytes)].into_iter().collect();
                Document::of_parts(
                    part,
                    &at_hand,
                    &View {
                        html: true,
                        ..View::default()
                    },
                )
            }
        };
        return Preview::Text(laid_out(&document));
    }
    let text = parts::text(&decoded, part.parameter("charset")).text;
    Preview::Text(
        text.lines()
            .take(PREVIEW_LINES)
            .map(str::to_owned)
            .collect(),
    )
}

fn laid_out(document: &Document) -> Vec<String> {
    let all = (0..document.folds.len()).collect();
    let mut layout = wrap::Layout::new(78, all);
    layout
        .rows(document, PREVIEW_LINES)
        .iter()
        .map(|row| row.spans.iter().map(|span| span.text.as_str()).collect())
        .collect()
}

fn log(reader: &Reader) -> Result<Answer, StoreError> {
    let lines = notices::log(reader, 500)?;
    Ok(Answer::Log(
        lines
            .into_iter()
            .map(|logged| {
                let mut notice = logged.notice;
                if logged.times > 1 {
                    notice.text.push_str(&format!(" ({} times)", logged.times));
                }
                LogLine {
                    id: Some(logged.id),
                    at: logged.last,
                    notice,
                }
            })
            .collect(),
    ))
}

fn provider(address: &str) -> Option<Provider> {
    let providers = match Providers::find() {
        Ok(providers) => providers,
        Err(error) => {
            tracing::warn!(%error, "the table of providers cannot be read");
            return None;
        }
    };
    let found = providers.of(address)?;
    Some(Provider {
        name: found.name.clone(),
        servers: Servers {
            imap: found.imap.as_ref().map(server).unwrap_or_default(),
            smtp: found
                .smtp_for(address)
                .as_ref()
                .map(server)
                .unwrap_or_default(),
        },
        login: found.login.of(address),
        note: found.asks.clone(),
    })
}

fn server(endpoint: &Endpoint) -> Server {
    Server {
        host: endpoint.host.clone(),
        port: endpoint.port.to_string(),
        security: match endpoint.security {
            Security::Tls => ViewSecurity::Tls,
            Security::StartTls => ViewSecurity::StartTls,
            Security::PlainLoopback => ViewSecurity::Plain,
        },
    }
}
