//! The words of the status line and of connection states (UX 5.6).

use crate::model::{Link, LinkState};

use super::view::{Account, Body};
use super::{App, Screen, date};

impl App {
    /// The left of the status line.
    pub fn status_words(&self) -> String {
        if !self.number.is_empty() {
            return self.number_words();
        }
        match &self.status {
            Some(status) => status.text.clone(),
            None if self.screen.is_composer() => String::new(),
            None => match (self.send.progress_words(), self.outgoing_words()) {
                (Some(words), _) => words,
                (None, words) if words.is_empty() => self.sending_words(),
                (None, words) => words,
            },
        }
    }

    /// How far a message is that is with its server just now.
    fn sending_words(&self) -> String {
        match self.sending {
            Some((done, all)) => {
                let (done, all) = (date::octets(done), date::octets(all));
                format!("Sending: {done} of {all}.")
            }
            None => String::new(),
        }
    }

    /// The same in the fewest words, and of what is on its way into the Outbox: for the right of the
    /// status line while something is written.
    fn sending_percent(&self) -> Option<String> {
        let percent = |(done, all): (u64, u64)| (done.saturating_mul(100) / all.max(1)).min(100);
        match (self.send.progress(), self.sending) {
            (Some(into), _) => Some(format!("to Outbox {}%", percent(into))),
            (None, Some(out)) => Some(format!("sending {}%", percent(out))),
            (None, None) => None,
        }
    }

    /// How long a message that was sent can still be taken back.
    fn outgoing_words(&self) -> String {
        match self.outgoing.as_ref().filter(|one| !one.later) {
            Some(one) => {
                let left = (one.at - self.now.wall).max(0);
                match one.operations.len() {
                    0 | 1 => format!("Sending in {left} s.  U takes it back."),
                    many => format!("Sending {many} messages in {left} s.  U takes them back."),
                }
            }
            None => String::new(),
        }
    }

    /// Where the cursor is in a text that is being written, and what becomes of it when it is sent.
    fn composer_words(&self) -> Option<String> {
        let composer = self.compose.current()?;
        let account = self.accounts.iter().find(|a| a.id == composer.rest.account);
        let link = account.and_then(|account| account.link.as_ref());
        let when = match (account, link.map(|link| link.state)) {
            (_, Some(LinkState::Online | LinkState::Syncing)) => "online".to_owned(),
            (_, Some(_)) => "offline: will wait in Outbox".to_owned(),
            (_, None) => "local: it cannot be sent".to_owned(),
        };
        let place = match self.screen {
            Screen::Compose => {
                let body = &composer.body;
                format!(
                    "line {} of {}  col {}   ",
                    body.cursor().line + 1,
                    body.text().count(),
                    body.column_in_line() + 1
                )
            }
            _ => String::new(),
        };
        let sends = self.sending_percent();
        let sends = sends.map_or(String::new(), |words| format!("{words}   "));
        Some(format!("{sends}{place}{when}"))
    }

    fn number_words(&self) -> String {
        let number = &self.number;
        if self.screen != Screen::Message {
            return format!("Message {number}: Enter goes there, Esc clears.");
        }
        let link = number.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
        match link {
            Some(at) => match self.link_words(at) {
                Some(words) => words,
                None => format!("There is no link {number}."),
            },
            None => format!("There is no link {number}."),
        }
    }

    /// Host and address of a link of the open message, host first (SAFETY D8).
    pub fn link_words(&self, at: usize) -> Option<String> {
        let document = self.message.as_ref()?.document()?;
        let link = document.links.get(at)?;
        let warning = match &link.warning {
            Some(warning) => format!("  ! {warning}"),
            None => String::new(),
        };
        Some(format!(
            "{}: {}{warning}  Enter opens.",
            link.host, link.shown
        ))
    }

    /// The link of the typed number or the selected one, where the status line has no room for all of
    /// its address: host, address, warning.
    pub fn link_in_full(&self) -> Option<Vec<String>> {
        if self.screen != Screen::Message || self.prompt.is_some() {
            return None;
        }
        let at = match self.number.parse::<usize>() {
            Ok(number) => number.checked_sub(1)?,
            Err(_) => self.message.as_ref()?.link?,
        };
        let words = self.link_words(at)?;
        let in_hand = self.status_words() == words;
        let wide = crate::mime::sanitize::width(&words) + 20 > usize::from(self.layout.width);
        (in_hand && wide).then(|| self.link_lines(at))
    }

    /// Host, whole address and warning of a link of the open message.
    pub fn link_lines(&self, at: usize) -> Vec<String> {
        let document = self.message.as_ref().and_then(|m| m.document());
        let Some(link) = document.and_then(|document| document.links.get(at)) else {
            return Vec::new();
        };
        let mut lines = vec![
            format!("Host   : {}", link.host),
            format!("Address: {}", link.shown),
        ];
        if let Some(warning) = &link.warning {
            lines.push(format!("! {warning}: this goes to {}.", link.host));
        }
        lines
    }

    /// The right of the status line in full, or its last words where there is little room.
    pub fn right_words(&self, narrow: bool) -> String {
        if self.accounts.is_empty() {
            return String::new();
        }
        if self.screen.is_composer()
            && !narrow
            && let Some(words) = self.composer_words()
        {
            return words;
        }
        if narrow {
            return self.shortest_words();
        }
        let mut words = format!("{} new  {} out", self.new_mail(), self.waiting);
        if self.needs > 0 {
            words.push_str(&format!("  !{}", self.needs));
        }
        if let Some(percent) = self.percent() {
            words.push_str(&format!("  sync {percent}%"));
        }
        words.push_str("  ");
        words.push_str(&self.overall());
        words
    }

    /// The least that the right of the status line says.
    pub fn shortest_words(&self) -> String {
        if self.accounts.is_empty() {
            return String::new();
        }
        let needs = if self.needs > 0 {
            format!("!{}  ", self.needs)
        } else {
            String::new()
        };
        format!("{needs}{}", self.overall())
    }

    fn percent(&self) -> Option<u64> {
        let mut done = 0;
        let mut total = 0;
        for link in self.accounts.iter().filter_map(|a| a.link.as_ref()) {
            if link.state == LinkState::Syncing {
                done += link.done;
                total += link.total;
            }
        }
        (total > 0).then(|| (done.saturating_mul(100) / total).min(100))
    }

    fn overall(&self) -> String {
        let mut links = self.accounts.iter().filter_map(|a| a.link.as_ref());
        match (links.clone().count(), links.next()) {
            (0, _) | (_, None) => "local".to_owned(),
            (1, Some(link)) => self.link_state(link),
            (count, Some(_)) => {
                let online = self
                    .accounts
                    .iter()
                    .filter_map(Account::state)
                    .filter(|state| matches!(state, LinkState::Online | LinkState::Syncing))
                    .count();
                format!("{online} of {count} online")
            }
        }
    }

    fn link_state(&self, link: &Link) -> String {
        match link.state {
            LinkState::Idle => "not connected".to_owned(),
            LinkState::Connecting => "connecting".to_owned(),
            LinkState::Syncing | LinkState::Online => "online".to_owned(),
            LinkState::Offline => {
                let since = date::time_of_day(link.since, self.offset_at);
                format!("offline since {since}")
            }
            LinkState::OfflineAsked => "offline (asked)".to_owned(),
            LinkState::SignInNeeded => "sign-in needed".to_owned(),
            LinkState::CertificateRefused => "certificate refused".to_owned(),
        }
    }

    /// A link's state with the reason that it has.
    pub fn state_words(&self, account: &Account, link: &Link) -> String {
        let state = self.link_state(link);
        let hint = match link.state {
            LinkState::SignInNeeded | LinkState::CertificateRefused => {
                format!(" for {}; Alt-a to answer", account.address)
            }
            LinkState::Offline if !link.why.is_empty() => format!(", {}", link.why),
            LinkState::Idle
            | LinkState::Connecting
            | LinkState::Syncing
            | LinkState::Online
            | LinkState::Offline
            | LinkState::OfflineAsked => String::new(),
        };
        format!("{state}{hint}")
    }

    /// What the folder list says behind an account.
    pub fn account_words(&self, account: &Account, link: &Link) -> String {
        let state = self.link_state(link);
        match (link.state, account.synced) {
            (LinkState::Online, Some(at)) => {
                format!("{state}, synced {}", date::time_of_day(at, self.offset_at))
            }
            (LinkState::Syncing, _) if link.total > 0 => {
                let percent = (link.done.saturating_mul(100) / link.total).min(100);
                format!("{state}, sync {percent}%")
            }
            (LinkState::Offline, _) => match link.next_try {
                Some(at) => {
                    let at = date::second_of_day(at, self.offset_at);
                    format!("{state}, next try {at}")
                }
                None => state,
            },
            (_, _) => state,
        }
    }

    /// Whether the server of the open mailbox is there.
    pub(super) fn is_online(&self) -> bool {
        let state = self.mailbox().and_then(|(account, _)| account.state());
        matches!(state, Some(LinkState::Online | LinkState::Syncing))
    }

    /// Whether the server of any account is there.
    pub fn can_send(&self) -> bool {
        let mut states = self.accounts.iter().filter_map(super::view::Account::state);
        states.any(|state| matches!(state, LinkState::Online | LinkState::Syncing))
    }

    /// Whether the server of the open mailbox is there, or about to be.
    pub(super) fn is_connected(&self) -> bool {
        let state = self.mailbox().and_then(|(account, _)| account.state());
        matches!(
            state,
            Some(LinkState::Online | LinkState::Syncing | LinkState::Connecting)
        )
    }

    /// Why the body area is empty, and what happens next.
    pub fn not_kept_words(&self, size: u64) -> Vec<String> {
        let size = date::octets(size);
        let fetching = self
            .message
            .as_ref()
            .is_some_and(|message| message.fetching);
        let state = self.mailbox().and_then(|(account, _)| account.state());
        let online = self.is_connected();
        match (state, online, fetching) {
            // What lies on this machine alone is whole, unless it is still on its way here.
            (None, _, _) => vec![
                format!("Not here yet: {size} on the server that it comes from."),
                "It comes by itself when that account is online.".to_owned(),
            ],
            (Some(_), true, true) => {
                vec![format!(
                    "Fetching {size} from server... Esc leaves it running, ^C stops."
                )]
            }
            (Some(_), true, false) => {
                vec![format!(
                    "Not kept offline: {size} on the server. ^R fetches it."
                )]
            }
            (Some(_), false, _) => vec![
                format!("Not kept offline: {size} on the server."),
                "Will be fetched when online.".to_owned(),
            ],
        }
    }

    /// What the status line says of a text that has just been shown.
    pub(super) fn text_words(&self) -> Option<String> {
        let message = self.message.as_ref()?;
        match &message.body {
            Some(Body::Text(document)) if document.remote_images > 0 => {
                let count = document.remote_images;
                let plural = if count == 1 { "" } else { "s" };
                let trackers = match document.trackers {
                    0 => String::new(),
                    n => format!(", {n} of them only to watch the reader"),
                };
                Some(format!(
                    "{count} remote image{plural} not loaded{trackers}."
                ))
            }
            Some(Body::Text(_) | Body::NotKept { .. } | Body::Failed(_)) | None => None,
        }
    }
}
