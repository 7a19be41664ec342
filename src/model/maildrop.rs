//! A message as a POP3 server has or had it (RFC 1939 section 7).

/// BLAKE3 of a header or of all bytes.
pub type Digest = [u8; 32];

/// Names a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeenKey(pub i64);

/// How far a message came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Its header is here.
    Listed,
    /// All its bytes are here, or were until a person deleted them.
    Here,
    /// A DELE may have been sent.
    Leaving,
    /// The server confirmed that it is gone.
    Left,
}

impl State {
    /// The word in the store.
    pub fn word(self) -> &'static str {
        match self {
            State::Listed => "listed",
            State::Here => "here",
            State::Leaving => "leaving",
            State::Left => "left",
        }
    }

    /// Reads [`State::word`].
    pub fn parse(word: &str) -> Self {
        match word {
            "here" => State::Here,
            "leaving" => State::Leaving,
            "left" => State::Left,
            _ => State::Listed,
        }
    }
}

/// One message that a server has or had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its row.
    pub key: SeenKey,
    /// The server's name for it; `None` where that is of no use.
    pub uidl: Option<Vec<u8>>,
    /// Of its header.
    pub head: Digest,
    /// How far it came.
    pub state: State,
    /// When it came here, or left the server, in seconds since 1970.
    pub since: i64,
}
