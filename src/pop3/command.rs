//! Commands and the one place where they are written down (SAFETY P10).

use base64::prelude::{BASE64_STANDARD, Engine as _};

use super::capability::Capabilities;
use crate::model::Secret;
use crate::protocol::Transmit;

/// Octets of a command line with its end (RFC 2449 section 4). A longer initial response is sent
/// behind its command (RFC 5034 section 4).
const MOST_LINE: usize = 255;

/// What the secret is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A password: AUTH PLAIN where it is offered, USER and PASS otherwise.
    Password,
    /// A token for AUTH XOAUTH2.
    XOAuth2,
}

/// Who signs in, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// The login name.
    pub login: String,
    /// The password or token.
    pub secret: Secret,
    /// Which of both it is.
    pub way: Way,
}

/// What can be asked of a server. Message numbers hold for one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Sign in; not sent before TLS unless the link is clear by choice.
    SignIn(SignIn),
    /// How many messages of how many octets there are.
    Stat,
    /// The size of each message.
    List,
    /// The unique id of each message.
    Uidl,
    /// The header of a message and so many lines of its body.
    Top {
        /// The message.
        number: u32,
        /// Lines of the body.
        lines: u32,
    },
    /// A whole message.
    Retr {
        /// The message.
        number: u32,
    },
    /// Mark a message to be deleted by QUIT.
    Dele {
        /// The message.
        number: u32,
    },
    /// Nothing, to be answered.
    Noop,
    /// Take all DELEs of this connection back.
    Rset,
    /// End the connection: the DELEs are done if, and only if, this is answered by `+OK`.
    Quit,
}

/// What comes behind a status line that says yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Nothing.
    Line,
    /// Nothing, but the line holds two counts.
    Counts,
    /// Numbers and sizes.
    Sizes,
    /// Numbers and unique ids.
    Uniques,
    /// The octets of a message.
    Message,
}

impl Command {
    /// Whether all earlier commands are answered before it goes out, and later ones wait for its
    /// answer.
    pub(super) fn goes_alone(&self) -> bool {
        matches!(self, Command::SignIn(_) | Command::Quit)
    }

    /// Its line, its name and what it is answered with; none for a sign-in.
    pub(super) fn line(&self) -> Option<(String, &'static str, Shape)> {
        Some(match self {
            Command::SignIn(_) => return None,
            Command::Stat => ("STAT\r\n".to_owned(), "STAT", Shape::Counts),
            Command::List => ("LIST\r\n".to_owned(), "LIST", Shape::Sizes),
            Command::Uidl => ("UIDL\r\n".to_owned(), "UIDL", Shape::Uniques),
            Command::Top { number, lines } => {
                (format!("TOP {number} {lines}\r\n"), "TOP", Shape::Message)
            }
            Command::Retr { number } => (format!("RETR {number}\r\n"), "RETR", Shape::Message),
            Command::Dele { number } => (format!("DELE {number}\r\n"), "DELE", Shape::Line),
            Command::Noop => ("NOOP\r\n".to_owned(), "NOOP", Shape::Line),
            Command::Rset => ("RSET\r\n".to_owned(), "RSET", Shape::Line),
            Command::Quit => ("QUIT\r\n".to_owned(), "QUIT", Shape::Line),
        })
    }
}

/// How a sign-in is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    User,
    Plain,
    XOAuth2,
}

impl SignIn {
    /// How to sign in on a server that offers this; why not, in words.
    pub(super) fn route(&self, offered: &Capabilities) -> Result<Route, &'static str> {
        let holds =
            |signs: &[char]| self.login.contains(signs) || self.secret.expose().contains(signs);
        match self.way {
            Way::XOAuth2 if offered.told && !offered.has_mechanism("XOAUTH2") => {
                Err("the server does not offer AUTH XOAUTH2")
            }
            Way::XOAuth2 if holds(&['\u{1}']) => Err("a login or token with a control character"),
            Way::XOAuth2 => Ok(Route::XOAuth2),
            Way::Password if holds(&['\0']) => Err("a login or password with NUL in it"),
            Way::Password if offered.has_mechanism("PLAIN") => Ok(Route::Plain),
            Way::Password if !offered.user => {
                Err("the server takes no password: it offers neither USER nor AUTH PLAIN")
            }
            Way::Password if holds(&['\r', '\n']) => {
                Err("a login or password with a line break in it")
            }
            Way::Password => Ok(Route::User),
        }
    }

    /// What is sent first, and whether the secret is in it.
    pub(super) fn first(&self, route: Route) -> (Transmit, bool) {
        let name = match route {
            Route::User => return (clear(format!("USER {}\r\n", self.login)), false),
            Route::Plain => "PLAIN",
            Route::XOAuth2 => "XOAUTH2",
        };
        let response = self.response(route);
        let mut bytes = format!("AUTH {name}").into_bytes();
        if bytes.len() + 1 + response.bytes.len() > MOST_LINE {
            bytes.extend_from_slice(b"\r\n");
            let secret = Vec::new();
            return (Transmit { bytes, secret }, false);
        }
        bytes.push(b' ');
        let base = bytes.len();
        bytes.extend_from_slice(&response.bytes);
        let secret = response.secret.iter();
        let secret = secret.map(|r| r.start + base..r.end + base).collect();
        (Transmit { bytes, secret }, true)
    }

    /// The line with the secret: PASS, or what answers the challenge.
    pub(super) fn response(&self, route: Route) -> Transmit {
        let (open, text) = match route {
            Route::User => ("PASS ", self.secret.expose().to_owned()),
            Route::Plain => {
                let text = format!("\0{}\0{}", self.login, self.secret.expose());
                ("", BASE64_STANDARD.encode(text))
            }
            Route::XOAuth2 => {
                let token = self.secret.expose();
                let text = format!("user={}\x01auth=Bearer {token}\x01\x01", self.login);
                ("", BASE64_STANDARD.encode(text))
            }
        };
        let bytes = format!("{open}{text}\r\n").into_bytes();
        let secret = open.len()..open.len() + text.len();
        Transmit {
            secret: if secret.is_empty() {
                Vec::new()
            } else {
                vec![secret]
            },
            bytes,
        }
    }

    /// Takes the secret out of what a server said (SAFETY P14): some repeat what they refuse.
    pub(super) fn hide(&self, text: &str) -> String {
        let secret = self.secret.expose();
        if secret.is_empty() {
            return text.to_owned();
        }
        let coded = [Route::Plain, Route::XOAuth2].map(|route| {
            let line = self.response(route).bytes;
            String::from_utf8_lossy(line.trim_ascii_end()).into_owned()
        });
        coded
            .into_iter()
            .chain([BASE64_STANDARD.encode(secret), secret.to_owned()])
            .fold(text.to_owned(), |text, hidden| text.replace(&hidden, "***"))
    }
}

/// A line of which a log may show all.
pub(super) fn clear(line: impl Into<String>) -> Transmit {
    Transmit {
        bytes: line.into().into_bytes(),
        secret: Vec::new(),
    }
}
