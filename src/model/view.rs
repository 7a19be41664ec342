//! What an index shows: which messages, and in which order.

use std::sync::Arc;

use super::{MailboxKey, MessageKey, Role};

/// What an index shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// The messages that it is made of.
    pub list: List,
    /// The order.
    pub order: Order,
    /// Whether the order is turned round.
    pub reversed: bool,
    /// Which of them it shows.
    pub filter: Filter,
}

impl View {
    /// All of a list, newest first.
    pub fn of(list: List) -> Self {
        Self {
            list,
            order: Order::Arrival,
            reversed: false,
            filter: Filter::All,
        }
    }

    /// A mailbox, newest first.
    pub fn mailbox(key: MailboxKey) -> Self {
        Self::of(List::Mailbox(key))
    }

    /// The one mailbox that it shows, if it shows one.
    pub fn one_mailbox(&self) -> Option<MailboxKey> {
        self.list.one_mailbox()
    }

    /// Whether its rows stand by arrival, newest first.
    pub fn is_newest_first(&self) -> bool {
        self.order == Order::Arrival && !self.reversed
    }

    /// Whether its rows are conversations: where they are ordered by thread and nothing of them is
    /// left out.
    pub fn is_threaded(&self) -> bool {
        let whole = !matches!(self.list, List::Keys(_)) && self.shown() == Filter::All;
        whole && self.order == Order::Thread
    }

    /// Which messages of its mailboxes belong to it, what the list says included.
    pub fn shown(&self) -> Filter {
        match self.list {
            List::Unread => Filter::Unread,
            List::Flagged => Filter::Flagged,
            List::Mailbox(_)
            | List::Inboxes
            | List::All
            | List::Searched { .. }
            | List::Keys(_) => self.filter,
        }
    }
}

/// The messages that a view is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum List {
    /// Those of a mailbox.
    Mailbox(MailboxKey),
    /// Those of the INBOXes of all accounts.
    Inboxes,
    /// Those of all mailboxes that are not read.
    Unread,
    /// Those of all mailboxes that are flagged.
    Flagged,
    /// Those of all mailboxes.
    All,
    /// Those that a search looks at: the server's own lists too, because what was archived may stand
    /// there alone; `apart`: Trash, Junk and Drafts as well.
    Searched {
        /// Whether a query names where to look.
        apart: bool,
    },
    /// Some of another list, by their keys: what is selected, what a search found.
    Keys(Keys),
}

impl List {
    /// The one mailbox that it is made of, if it is one.
    pub fn one_mailbox(&self) -> Option<MailboxKey> {
        match self {
            List::Mailbox(key) => Some(*key),
            List::Keys(keys) => keys.of.one_mailbox(),
            List::Inboxes | List::Unread | List::Flagged | List::All | List::Searched { .. } => {
                None
            }
        }
    }

    /// Whether messages of a mailbox with that key and role can be in it.
    pub fn takes(&self, key: MailboxKey, role: Option<Role>) -> bool {
        self.share(key, role) != Share::None
    }

    /// Which messages of a mailbox with that key and role can be in it.
    pub fn share(&self, key: MailboxKey, role: Option<Role>) -> Share {
        let all = match self {
            List::Mailbox(own) => *own == key,
            List::Inboxes => role == Some(Role::Inbox),
            List::Unread | List::Flagged if role == Some(Role::All) => return Share::Alone,
            List::Unread | List::Flagged | List::All => !role.is_some_and(is_apart),
            List::Searched { apart: true } => true,
            List::Searched { apart: false } => {
                !matches!(role, Some(Role::Trash | Role::Junk | Role::Drafts))
            }
            List::Keys(keys) => return keys.of.share(key, role),
        };
        if all { Share::All } else { Share::None }
    }
}

/// What of a mailbox can be in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// Nothing.
    None,
    /// What stands in no other mailbox, as [`super::Alone`] counts it.
    Alone,
    /// All of it.
    All,
}

/// Whether what a mailbox of that role holds is not looked for beside other mail: Trash, Junk and
/// Drafts, and the server's own lists of what stands in other mailboxes too.
fn is_apart(role: Role) -> bool {
    match role {
        Role::Trash | Role::Junk | Role::Drafts => true,
        Role::All | Role::Flagged | Role::Important => true,
        Role::Inbox | Role::Sent | Role::Archive => false,
    }
}

/// Some messages of a list.
#[derive(Clone, Debug)]
pub struct Keys {
    /// Their keys.
    pub keys: Arc<[MessageKey]>,
    /// The list that they are of: one that leaves its mailboxes is shown no more.
    pub of: Box<List>,
    /// Whether the keys stand in the order in which they are to be shown; else that of the view is
    /// made.
    pub in_order: bool,
}

/// The same keys, not equal ones: nobody compares a million.
impl PartialEq for Keys {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.keys, &other.keys) && self.of == other.of
    }
}

impl Eq for Keys {}

/// What a list is ordered by. Newest, largest or first of the alphabet stands above.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Order {
    /// INTERNALDATE.
    #[default]
    Arrival,
    /// The Date field.
    Date,
    /// The sender as a list shows it.
    From,
    /// The subject without `Re:` and list tags.
    Subject,
    /// RFC822.SIZE.
    Size,
    /// Conversations, that of the newest message first.
    Thread,
}

impl Order {
    /// All of them, in the order in which a question offers them.
    pub const ALL: [Order; 6] = [
        Order::Arrival,
        Order::Date,
        Order::From,
        Order::Subject,
        Order::Size,
        Order::Thread,
    ];

    /// The word for it, in the store and on the screen.
    pub fn word(self) -> &'static str {
        match self {
            Order::Arrival => "arrival",
            Order::Date => "date",
            Order::From => "from",
            Order::Subject => "subject",
            Order::Size => "size",
            Order::Thread => "thread",
        }
    }

    /// Reads [`Order::word`].
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|order| order.word() == word)
    }
}

/// Which messages of a mailbox a list holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Filter {
    /// All.
    #[default]
    All,
    /// Those without `\Seen`.
    Unread,
    /// Those with `\Flagged`.
    Flagged,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trash_junk_drafts_and_the_servers_own_lists_are_in_no_list_of_all_mail() {
        let key = MailboxKey(7);
        let taken = |list: &List| {
            let roles = Role::ALL.into_iter().map(Some).chain([None]);
            let of = roles.filter(|role| list.takes(key, *role));
            of.map(|role| role.map_or("none", Role::word))
                .collect::<Vec<_>>()
        };
        let all = ["inbox", "sent", "archive", "none"];
        assert_eq!(taken(&List::All), all);
        // What was archived may be on the server's list of all mail alone.
        for list in [List::Unread, List::Flagged] {
            let shares = Role::ALL.into_iter().map(Some).chain([None]);
            let whole = shares.filter(|role| list.share(key, *role) == Share::All);
            let whole: Vec<_> = whole.map(|r| r.map_or("none", Role::word)).collect();
            assert_eq!(whole, all, "{list:?}");
            assert_eq!(list.share(key, Some(Role::All)), Share::Alone);
            assert_eq!(taken(&list).len(), 5, "{list:?}");
        }
        assert_eq!(taken(&List::Inboxes), ["inbox"]);
        assert_eq!(taken(&List::Mailbox(key)).len(), 10);
        assert_eq!(taken(&List::Mailbox(MailboxKey(8))).len(), 0);
        let some = Keys {
            keys: [MessageKey(1)].into(),
            of: Box::new(List::Inboxes),
            in_order: true,
        };
        assert_eq!(taken(&List::Keys(some)), ["inbox"]);
    }

    #[test]
    fn every_order_is_read_from_its_word() {
        for order in Order::ALL {
            assert_eq!(Order::parse(order.word()), Some(order));
        }
        assert_eq!(Order::parse("score"), None);
    }
}
