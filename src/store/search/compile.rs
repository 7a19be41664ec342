//! A query as what the index is asked, and what is asked of each message.

use std::collections::BTreeSet;

use super::places::Places;
use crate::mime::words;
use crate::model::query::{Field, State, Text, least};
use crate::model::{AccountKey, Flags, MailboxKey, Query};

/// Words of one phrase; what follows them is not compared.
const PHRASE: usize = 48;

/// Where is looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In all mail but Trash, Junk and Drafts, unless the query names a mailbox.
    All,
    /// The same of one account.
    Account(AccountKey),
    /// In one mailbox.
    Mailbox(MailboxKey),
}

/// What is known of a message for a question.
#[derive(Clone, Debug)]
pub(super) struct Facts<'a> {
    pub mailbox: MailboxKey,
    pub flags: i64,
    pub keywords: &'a str,
    /// When the message arrived, and when the first one of its content did.
    pub arrivals: (i64, i64),
    pub size: u64,
    pub has_attachment: bool,
}

/// A question about one message.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Test {
    /// All of these flags, and none of those.
    Flags {
        set: u8,
        clear: u8,
    },
    Keyword(String),
    Attachment,
    Mailbox(BTreeSet<MailboxKey>),
    Since(i64),
    Until(i64),
    Larger(u64),
    Smaller(u64),
}

impl Test {
    pub fn holds(&self, facts: &Facts<'_>) -> bool {
        match self {
            Test::Flags { set, clear } => {
                let (set, clear) = (i64::from(*set), i64::from(*clear));
                facts.flags & set == set && facts.flags & clear == 0
            }
            Test::Keyword(word) => {
                let mut words = facts.keywords.split(' ');
                words.any(|one| one.eq_ignore_ascii_case(word))
            }
            Test::Attachment => facts.has_attachment,
            Test::Mailbox(those) => those.contains(&facts.mailbox),
            Test::Since(at) => facts.arrivals.0 >= *at && facts.arrivals.1 >= *at,
            Test::Until(at) => facts.arrivals.0 < *at && facts.arrivals.1 < *at,
            Test::Larger(octets) => facts.size > *octets,
            Test::Smaller(octets) => facts.size < *octets,
        }
    }
}

/// A query, ready to be asked.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    /// The words of the leaf with this number.
    Leaf(usize),
    Test(Test),
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
}

impl Node {
    /// Whether it holds of a message whose content the leaves do or do not know.
    pub fn holds(&self, leaves: &dyn Fn(usize) -> bool, facts: &Facts<'_>) -> bool {
        match self {
            Node::Leaf(at) => leaves(*at),
            Node::Test(test) => test.holds(facts),
            Node::All(all) => all.iter().all(|one| one.holds(leaves, facts)),
            Node::Any(some) => some.iter().any(|one| one.holds(leaves, facts)),
            Node::Not(one) => !one.holds(leaves, facts),
        }
    }

    /// Leaves of which one at least knows whatever this holds of; `None` where that may be any
    /// content.
    fn drivers(&self) -> Option<BTreeSet<usize>> {
        match self {
            Node::Leaf(at) => Some(BTreeSet::from([*at])),
            Node::Test(_) | Node::Not(_) => None,
            Node::All(all) => {
                let some = all.iter().filter_map(Node::drivers);
                some.min_by_key(BTreeSet::len)
            }
            Node::Any(some) => {
                let mut all = BTreeSet::new();
                for one in some {
                    all.extend(one.drivers()?);
                }
                Some(all)
            }
        }
    }

    /// Questions that have to hold in any case.
    pub fn tests(&self) -> Vec<&Test> {
        match self {
            Node::Test(test) => vec![test],
            Node::All(all) => all.iter().flat_map(Node::tests).collect(),
            Node::Leaf(_) | Node::Any(_) | Node::Not(_) => Vec::new(),
        }
    }
}

/// What is asked.
pub(super) struct Plan {
    /// What the index is asked, as FTS5 takes it.
    pub leaves: Vec<String>,
    pub tree: Node,
    /// Leaves that name all contents that may be hits; none: the mailboxes are walked.
    pub drivers: Option<BTreeSet<usize>>,
    /// Mailboxes and accounts that the query names and that are not there.
    pub unknown: Vec<String>,
}

/// What a query is about beside its words.
pub(super) struct Around<'a> {
    pub places: &'a Places,
    pub scope: Scope,
    pub is_typing: bool,
    pub now: i64,
    pub zone: &'a dyn Fn(i64) -> i32,
}

pub(super) fn plan(query: &Query, around: &Around<'_>) -> Plan {
    let mut compiler = Compiler {
        around,
        leaves: Vec::new(),
        unknown: Vec::new(),
    };
    let built = compiler.build(query);
    let tree = compiler.node(built);
    let names_place = query.any(&|one| matches!(one, Query::In(_)));
    let within = scope(around, names_place);
    let tree = Node::All(vec![Node::Test(Test::Mailbox(within)), tree]);
    Plan {
        drivers: tree.drivers(),
        leaves: compiler.leaves,
        tree,
        unknown: compiler.unknown,
    }
}

fn scope(around: &Around<'_>, names_place: bool) -> BTreeSet<MailboxKey> {
    let places = around.places.all.values();
    let those = places.filter(|place| match around.scope {
        Scope::Mailbox(key) => place.key == key,
        Scope::Account(key) => place.account == key && (names_place || !place.is_apart()),
        Scope::All => names_place || !place.is_apart(),
    });
    those.map(|place| place.key).collect()
}

/// A part of a query: words alone go to the index as one question.
enum Built {
    Words(String),
    NotWords(String),
    Node(Node),
    Everything,
}

struct Compiler<'a> {
    around: &'a Around<'a>,
    leaves: Vec<String>,
    unknown: Vec<String>,
}

impl Compiler<'_> {
    fn leaf(&mut self, words: String) -> Node {
        self.leaves.push(words);
        Node::Leaf(self.leaves.len() - 1)
    }

    fn node(&mut self, built: Built) -> Node {
        match built {
            Built::Words(words) => self.leaf(words),
            Built::NotWords(words) => Node::Not(self.leaf(words).into()),
            Built::Node(node) => node,
            Built::Everything => Node::All(Vec::new()),
        }
    }

    fn build(&mut self, query: &Query) -> Built {
        match query {
            Query::All(all) => self.all(all),
            Query::Any(some) => self.any(some),
            Query::Not(one) => match self.build(one) {
                Built::Words(words) => Built::NotWords(words),
                Built::NotWords(words) => Built::Words(words),
                Built::Node(node) => Built::Node(Node::Not(node.into())),
                Built::Everything => Built::Node(Node::Any(Vec::new())),
            },
            Query::Text(text) => {
                words_of(text, self.around.is_typing).map_or(Built::Everything, Built::Words)
            }
            other => match self.test(other) {
                Some(test) => Built::Node(Node::Test(test)),
                None => Built::Node(Node::Any(Vec::new())),
            },
        }
    }

    fn all(&mut self, all: &[Query]) -> Built {
        let (mut with, mut without, mut nodes) = (Vec::new(), Vec::new(), Vec::new());
        for one in all {
            match self.build(one) {
                Built::Words(words) => with.push(words),
                Built::NotWords(words) => without.push(words),
                Built::Node(node) => nodes.push(node),
                Built::Everything => {}
            }
        }
        let words = match (with.is_empty(), without.is_empty()) {
            (true, true) => None,
            (true, false) => Some(Built::NotWords(joined(&without, " OR "))),
            (false, true) => Some(Built::Words(joined(&with, " AND "))),
            (false, false) => Some(Built::Words(format!(
                "({} NOT {})",
                joined(&with, " AND "),
                joined(&without, " OR ")
            ))),
        };
        match (words, nodes.is_empty()) {
            (None, true) => Built::Everything,
            (Some(words), true) => words,
            (words, false) => {
                if let Some(words) = words {
                    let node = self.node(words);
                    nodes.insert(0, node);
                }
                Built::Node(Node::All(nodes))
            }
        }
    }

    fn any(&mut self, some: &[Query]) -> Built {
        let (mut words, mut nodes) = (Vec::new(), Vec::new());
        for one in some {
            match self.build(one) {
                Built::Words(one) => words.push(one),
                Built::Everything => return Built::Everything,
                other => {
                    let node = self.node(other);
                    nodes.push(node);
                }
            }
        }
        let words = (!words.is_empty()).then(|| joined(&words, " OR "));
        match (words, nodes.is_empty()) {
            (Some(words), true) => Built::Words(words),
            (words, _) => {
                if let Some(words) = words {
                    nodes.insert(0, self.leaf(words));
                }
                Built::Node(Node::Any(nodes))
            }
        }
    }

    /// A condition; `None` where it can hold of nothing.
    fn test(&mut self, query: &Query) -> Option<Test> {
        let around = self.around;
        Some(match query {
            Query::Is(state) => of_state(*state),
            Query::Flag(keyword) => Test::Keyword(keyword.clone()),
            Query::HasAttachment => Test::Attachment,
            Query::In(name) => {
                let those = around.places.named(name, around.is_typing);
                if those.is_empty() {
                    self.unknown.push(name.clone());
                }
                Test::Mailbox(those)
            }
            Query::Account(id) => {
                let those = around.places.of_account(id, around.is_typing);
                if those.is_empty() {
                    self.unknown.push(id.clone());
                }
                Test::Mailbox(those)
            }
            Query::Since(bound) => Test::Since(bound.at(around.now, around.zone)),
            Query::Until(bound) => Test::Until(bound.at(around.now, around.zone)),
            Query::Larger(octets) => Test::Larger(*octets),
            Query::Smaller(octets) => Test::Smaller(*octets),
            Query::All(_) | Query::Any(_) | Query::Not(_) | Query::Text(_) => return None,
        })
    }
}

fn of_state(state: State) -> Test {
    let (set, clear) = match state {
        State::Unread => (0, Flags::SEEN),
        State::Read => (Flags::SEEN, 0),
        State::Flagged => (Flags::FLAGGED, 0),
        State::Unflagged => (0, Flags::FLAGGED),
        State::Answered => (Flags::ANSWERED, 0),
        State::Unanswered => (0, Flags::ANSWERED),
        State::Draft => (Flags::DRAFT, 0),
        State::Deleted => (Flags::DELETED, 0),
        State::Forwarded => return Test::Keyword("$Forwarded".to_owned()),
    };
    Test::Flags { set, clear }
}

fn joined(some: &[String], with: &str) -> String {
    match some {
        [one] => one.clone(),
        some => format!("({})", some.join(with)),
    }
}

/// A word or phrase as FTS5 takes it: its words in quotes, so that nothing in them is an operator.
/// `None` where there is no letter in it.
pub(super) fn words_of(text: &Text, is_typing: bool) -> Option<String> {
    let mut all = words::of_query(&text.text);
    all.truncate(PHRASE);
    let few = |word: &&String| word.chars().count() < least(word);
    if !text.quoted && is_typing && all.len() > 1 && all.last().as_ref().is_some_and(few) {
        // `anna@e` on the way to `anna@example`.
        all.pop();
    }
    let last = all.last()?;
    // A letter of a script without blanks stands in pairs that begin with it.
    let is_beginning =
        words::is_half(last) || (!text.quoted && !few(&last) && !words::is_pair(last));
    let column = match text.field {
        Field::Any => "",
        Field::From => "sender : ",
        Field::To => "{rcpt cc} : ",
        Field::Cc => "cc : ",
        Field::Subject => "subject : ",
        Field::Body => "body : ",
        Field::FileName => "names : ",
        Field::List => "list : ",
    };
    let star = if is_beginning { " *" } else { "" };
    Some(format!("({column}\"{}\"{star})", all.join(" ")))
}
