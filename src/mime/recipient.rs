//! What a person types into To, Cc or Bcc: mailboxes and groups (RFC 5322 section 3.4), or names that
//! the address book knows (SAFETY C2).
//!
//! Mail that came is read with patience ([`super::address`]); what is to be sent is not. Whatever a
//! server could read as something else is refused in words and never cleaned, and what has no `@` is
//! never given a domain.

use crate::model::{Address, Recipient};

use super::{word, write};

/// Why a text names nobody that mail can go to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A line break or another control character: a server would take what follows for a command.
    #[error("an address has no line breaks and no control characters")]
    Control,
    /// No `@`, and nobody is called so.
    #[error("\"{0}\" is no address and no contact: an address has the form name@example.org")]
    Nobody(String),
    /// More than one contact is called so.
    #[error("\"{name}\" could be {one} or {other}: write the address")]
    Several {
        /// What was typed.
        name: String,
        /// One of them.
        one: String,
        /// Another.
        other: String,
    },
    /// It has an `@` and still is no address.
    #[error("\"{0}\" is not an address that mail can go to: look at its signs and blanks")]
    NoAddress(String),
    /// A quote, comment, angle bracket or group begins and does not end.
    #[error("the {what} in \"{text}\" does not end")]
    Open {
        /// `quotation mark`, `bracket`, `group`.
        what: &'static str,
        /// What was typed.
        text: String,
    },
}

/// Who is meant. `book` answers the addresses of the contacts that are called exactly so.
pub fn resolve(
    text: &str,
    book: &mut dyn FnMut(&str) -> Vec<Address>,
) -> Result<Vec<Recipient>, Refused> {
    if text.chars().any(|c| c.is_control() && c != '\t') {
        return Err(Refused::Control);
    }
    let mut found = Vec::new();
    for item in items(text)? {
        match item {
            Item::One(tokens) => {
                let all = mailboxes(&tokens, book)?;
                found.extend(all.into_iter().map(Recipient::One));
            }
            Item::Group(name, members) => {
                let mut all = Vec::new();
                for tokens in members {
                    all.extend(mailboxes(&tokens, book)?);
                }
                let name = phrase(&name);
                found.push(Recipient::Group { name, members: all });
            }
        }
    }
    Ok(found)
}

/// Whether mail can be sent to an address: one local part, one domain, nothing around them.
pub fn is_sound(address: &str) -> bool {
    write::mailbox(address).is_some()
}

#[derive(Clone, Debug)]
enum Token {
    /// A run without blanks; a quoted piece glued to it keeps its quotes.
    Word(String),
    /// A quotation that stands alone, its quotes removed.
    Quoted(String),
    Comment(String),
    Angle(String),
    Colon,
    Comma,
    Semicolon,
}

#[derive(Debug)]
enum Item {
    One(Vec<Token>),
    Group(Vec<Token>, Vec<Vec<Token>>),
}

fn items(text: &str) -> Result<Vec<Item>, Refused> {
    let mut all = Vec::new();
    let mut group: Option<(Vec<Token>, Vec<Vec<Token>>)> = None;
    let mut tokens = Vec::new();
    for token in tokens_of(text)? {
        match (token, &mut group) {
            (Token::Comma, Some((_, members))) => members.push(std::mem::take(&mut tokens)),
            (Token::Comma | Token::Semicolon, None) => {
                all.push(Item::One(std::mem::take(&mut tokens)));
            }
            (Token::Semicolon, Some(_)) => {
                if let Some((name, mut members)) = group.take() {
                    members.push(std::mem::take(&mut tokens));
                    all.push(Item::Group(name, members));
                }
            }
            (Token::Colon, None) if is_scheme(&tokens) => tokens.clear(),
            (Token::Colon, None) if is_group_name(&tokens) => {
                group = Some((std::mem::take(&mut tokens), Vec::new()));
            }
            (Token::Colon, _) => return Err(Refused::NoAddress(short(text))),
            (token, _) => tokens.push(token),
        }
    }
    if group.is_some() {
        return Err(open("group", text));
    }
    all.push(Item::One(tokens));
    Ok(all)
}

/// `mailto:` before an address that was copied from a page.
fn is_scheme(tokens: &[Token]) -> bool {
    matches!(tokens, [Token::Word(word)] if word.eq_ignore_ascii_case("mailto"))
}

fn is_group_name(tokens: &[Token]) -> bool {
    let fits = |token: &Token| match token {
        Token::Word(word) => !word.contains('@'),
        Token::Quoted(_) => true,
        _ => false,
    };
    !tokens.is_empty() && tokens.iter().all(fits)
}

fn tokens_of(text: &str) -> Result<Vec<Token>, Refused> {
    let mut scan = Scan {
        text,
        rest: text.chars().peekable(),
    };
    let mut tokens = Vec::new();
    while let Some(&c) = scan.rest.peek() {
        match c {
            c if c.is_whitespace() => {
                scan.rest.next();
            }
            '(' => tokens.push(Token::Comment(scan.comment()?)),
            '<' => {
                let inside = scan.until('>', "angle bracket")?;
                tokens.push(Token::Angle(inside.trim().to_owned()));
            }
            ',' | ';' | ':' => {
                scan.rest.next();
                tokens.push(match c {
                    ',' => Token::Comma,
                    ';' => Token::Semicolon,
                    _ => Token::Colon,
                });
            }
            _ => tokens.push(scan.word()?),
        }
    }
    Ok(tokens)
}

struct Scan<'a> {
    text: &'a str,
    rest: std::iter::Peekable<std::str::Chars<'a>>,
}

impl Scan<'_> {
    fn until(&mut self, end: char, what: &'static str) -> Result<String, Refused> {
        self.rest.next();
        let mut inside = String::new();
        for c in self.rest.by_ref() {
            if c == end {
                return Ok(inside);
            }
            inside.push(c);
        }
        Err(open(what, self.text))
    }

    fn comment(&mut self) -> Result<String, Refused> {
        let mut depth = 0usize;
        let mut inside = String::new();
        while let Some(c) = self.rest.next() {
            match c {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Ok(inside);
            }
            match c {
                '\\' => inside.extend(self.rest.next()),
                '(' if depth == 1 => {}
                c => inside.push(c),
            }
        }
        Err(open("bracket", self.text))
    }

    /// The inside of a quotation as it stands, its escapes kept.
    fn quotation(&mut self) -> Result<String, Refused> {
        self.rest.next();
        let mut inside = String::new();
        while let Some(c) = self.rest.next() {
            match c {
                '"' => return Ok(inside),
                '\\' => {
                    inside.push('\\');
                    inside.extend(self.rest.next());
                }
                c => inside.push(c),
            }
        }
        Err(open("quotation mark", self.text))
    }

    /// A run without blanks, quotations and an address literal in it included.
    fn word(&mut self) -> Result<Token, Refused> {
        let mut out = String::new();
        let mut quotation = None;
        let mut quotations = 0;
        let mut plain = 0;
        let mut literal = false;
        while let Some(&c) = self.rest.peek() {
            match c {
                '"' => {
                    let inside = self.quotation()?;
                    out.push('"');
                    out.push_str(&inside);
                    out.push('"');
                    quotation = Some(inside);
                    quotations += 1;
                    continue;
                }
                ':' if literal => {}
                c if c.is_whitespace() || "(<,;:".contains(c) => break,
                _ => {}
            }
            literal = match c {
                '[' => true,
                ']' => false,
                _ => literal,
            };
            out.push(c);
            plain += 1;
            self.rest.next();
        }
        match quotation {
            Some(inside) if quotations == 1 && plain == 0 => Ok(Token::Quoted(unescaped(&inside))),
            _ => Ok(Token::Word(out)),
        }
    }
}

fn unescaped(inside: &str) -> String {
    let mut out = String::new();
    let mut letters = inside.chars();
    while let Some(c) = letters.next() {
        match c {
            '\\' => out.extend(letters.next()),
            c => out.push(c),
        }
    }
    out
}

/// The mailboxes of one item; several only where nothing but addresses stand in a row.
fn mailboxes(
    tokens: &[Token],
    book: &mut dyn FnMut(&str) -> Vec<Address>,
) -> Result<Vec<Address>, Refused> {
    let (comments, tokens): (Vec<&Token>, Vec<&Token>) =
        tokens.iter().partition(|t| matches!(t, Token::Comment(_)));
    let comment = comments.first().map_or("", |token| raw(token));
    match tokens.as_slice() {
        [] if comment.is_empty() => Ok(Vec::new()),
        [] => Err(Refused::Nobody(short(comment))),
        [named @ .., Token::Angle(spec)] => {
            let named: Vec<Token> = named.iter().map(|token| (*token).clone()).collect();
            with_angle(&named, spec, comment).map(|one| vec![one])
        }
        all if all.iter().any(|token| raw(token).contains('@')) => {
            let name = match all.len() {
                1 => decoded(comment),
                _ => String::new(),
            };
            let spec = |token: &&Token| match token {
                Token::Word(spec) if is_sound(spec) => Ok(Address {
                    name: name.clone(),
                    address: spec.clone(),
                }),
                _ => Err(Refused::NoAddress(said(all))),
            };
            all.iter().map(spec).collect()
        }
        all => called(&said(all), book).map(|one| vec![one]),
    }
}

/// `Name <address>`. A name without quotes that looks like an address is let go where it is that
/// very address, and refused where it is another one.
fn with_angle(named: &[Token], spec: &str, comment: &str) -> Result<Address, Refused> {
    let all: Vec<&Token> = named.iter().collect();
    if !is_sound(spec) {
        return Err(match spec.contains('@') {
            true => Refused::NoAddress(short(spec)),
            false => Refused::Nobody(short(spec)),
        });
    }
    let is_odd = |token: &Token| match token {
        Token::Word(word) => word.contains(['@', '>', '[', ']', ')', '\\', '"']),
        Token::Quoted(_) => false,
        _ => true,
    };
    let bare = said(&all);
    let name = if bare.eq_ignore_ascii_case(spec) {
        String::new()
    } else if named.iter().any(is_odd) {
        return Err(Refused::NoAddress(bare));
    } else if named.is_empty() {
        decoded(comment)
    } else {
        phrase(named)
    };
    Ok(Address {
        name,
        address: spec.to_owned(),
    })
}

/// The one contact that is called so.
fn called(name: &str, book: &mut dyn FnMut(&str) -> Vec<Address>) -> Result<Address, Refused> {
    let mut found = book(name);
    found.sort_by(|one, other| one.address.cmp(&other.address));
    found.dedup_by(|one, other| one.address.eq_ignore_ascii_case(&other.address));
    match found.as_slice() {
        [] => Err(Refused::Nobody(short(name))),
        // What stands in a book was typed, too.
        [one] if !is_sound(&one.address) => Err(Refused::NoAddress(short(&one.address))),
        [one] => Ok(one.clone()),
        [one, other, ..] => Err(Refused::Several {
            name: short(name),
            one: one.address.clone(),
            other: other.address.clone(),
        }),
    }
}

fn raw(token: &Token) -> &str {
    match token {
        Token::Word(text) | Token::Quoted(text) | Token::Comment(text) | Token::Angle(text) => text,
        Token::Colon => ":",
        Token::Comma => ",",
        Token::Semicolon => ";",
    }
}

fn said(tokens: &[&Token]) -> String {
    let words: Vec<&str> = tokens.iter().map(|token| raw(token)).collect();
    short(&words.join(" "))
}

fn phrase(tokens: &[Token]) -> String {
    let all: Vec<&str> = tokens.iter().map(raw).collect();
    decoded(&all.join(" "))
}

/// A name that was copied from a header field may hold encoded-words, and those anything.
fn decoded(text: &str) -> String {
    let text = word::decode_text(text.as_bytes());
    text.chars().filter(|c| !c.is_control()).collect()
}

fn open(what: &'static str, text: &str) -> Refused {
    Refused::Open {
        what,
        text: short(text),
    }
}

/// What a sentence can hold of it.
fn short(text: &str) -> String {
    let text = text.trim();
    match text.char_indices().nth(80) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(name: &str) -> Vec<Address> {
        let contact = |name: &str, address: &str| Address {
            name: name.into(),
            address: address.into(),
        };
        match name {
            "bob" | "Bob Builder" => vec![contact("Bob Builder", "bob@x.example")],
            "sam" => vec![
                contact("Sam", "sam@x.example"),
                contact("Sam", "s@y.example"),
            ],
            "odd" => vec![contact("Odd", "odd@x\r\n.example")],
            _ => Vec::new(),
        }
    }

    fn shown(text: &str) -> Result<String, String> {
        let one = |one: &Address| format!("{}|{}", one.name, one.address);
        let unit = |unit: &Recipient| match unit {
            Recipient::One(address) => one(address),
            Recipient::Group { name, members } => {
                let members: Vec<String> = members.iter().map(one).collect();
                format!("{name}: {}.", members.join(", "))
            }
        };
        let found = resolve(text, &mut book).map_err(|refused| refused.to_string())?;
        Ok(found.iter().map(unit).collect::<Vec<_>>().join("; "))
    }

    #[test]
    fn mailboxes_groups_and_contacts_are_recipients() {
        let check = |text: &str, want: &str| assert_eq!(shown(text).as_deref(), Ok(want), "{text}");
        check("", "");
        check(" , ;", "");
        check("a@x.example", "|a@x.example");
        check("<a@x.example>", "|a@x.example");
        check("Zoë Müller <zoe@x.example>", "Zoë Müller|zoe@x.example");
        check("\"Müller, Zoë\" <zoe@x>, b@y", "Müller, Zoë|zoe@x; |b@y");
        check("\"A \\\"B\\\"\" <a@x>", "A \"B\"|a@x");
        check("Ann B. Cee <a@x>", "Ann B. Cee|a@x");
        check("a@x (Ann)", "Ann|a@x");
        check("<a@x> (Ann)", "Ann|a@x");
        check("=?utf-8?q?J=C3=B6_=0D=0A?= <j@x>", "Jö |j@x");
        check("\"john doe\"@x.example", "|\"john doe\"@x.example");
        check(
            "a@[IPv6:::1], b@[192.0.2.1]",
            "|a@[IPv6:::1]; |b@[192.0.2.1]",
        );
        check("a@bücher.example", "|a@bücher.example");
        check("a@x b@y;c@z", "|a@x; |b@y; |c@z");
        check("A@X.example <a@x.example>", "|a@x.example");
        check("\"boss@x\" <a@y>", "boss@x|a@y");
        check("mailto:a@x.example", "|a@x.example");
        check("Crew: a@x, Bob <b@y>; c@z", "Crew: |a@x, Bob|b@y.; |c@z");
        check("undisclosed-recipients:;", "undisclosed-recipients: .");
        check(
            "bob, \"Bob Builder\"",
            "Bob Builder|bob@x.example; Bob Builder|bob@x.example",
        );
        check("Crew: bob, a@x;", "Crew: Bob Builder|bob@x.example, |a@x.");
    }

    #[test]
    fn what_has_no_at_and_is_no_contact_is_refused_and_gets_no_domain() {
        let check = |text: &str, part: &str| {
            let why = shown(text).unwrap_err();
            assert!(why.contains(part), "{text}: {why}");
        };
        check("bobby", "\"bobby\" is no address and no contact");
        check("a@x, bobby", "\"bobby\" is no address");
        check("Bob <bob>", "\"bob\" is no address");
        check("Zoë Müller", "\"Zoë Müller\" is no address");
        check("sam", "could be s@y.example or sam@x.example");
        check("a@", "is not an address");
        check("@x", "is not an address");
        check("a@x..y", "is not an address");
        check("a@x.", "is not an address");
        check("Ann a@x", "is not an address");
        check("\"a@x\"", "is not an address");
        check("\"a\" b@x", "is not an address");
        check("ceo@bank.example <evil@x>", "is not an address");
        check("<a@x> <b@y>", "is not an address");
        check("Ann <a@x", "the angle bracket in \"Ann <a@x\" does not end");
        check("\"Ann <a@x>", "the quotation mark");
        check("Crew: a@x", "the group");
        check("(a@x", "the bracket");
        check("(Ann)", "no address and no contact");
        check("Crew: Inner: a@x;;", "is not an address");
        check(&"a".repeat(500), "aaa…\" is no address");
        check(&format!("{}@x", "a".repeat(65)), "is not an address");
        check(&format!("a@{}", "x.".repeat(200)), "is not an address");
    }

    #[test]
    fn c2_no_typed_address_smuggles_a_command_to_the_server() {
        let refused = |text: &str| {
            let why = resolve(text, &mut book);
            assert!(why.is_err(), "{text:?}: {why:?}");
        };
        for text in [
            "a@x>\r\nRCPT TO:<b@y",
            "<a@x>\r\nRCPT TO:<b@y>",
            "a@x> RCPT TO:<b@y",
            "a@x>\nDATA",
            "a\0@x",
            "a@x\u{85}b",
            "\"a\r\nb\"@x",
            "\"a\u{202e}b\"@x",
            "a\u{202e}b@x",
            "<a@x,b@y>",
            "<a@x b@y>",
            "a@x>",
            "a@[1]>[",
            "odd",
        ] {
            refused(text);
        }
        assert_eq!(
            resolve("a@x>\r\nRCPT TO:<b@y", &mut book),
            Err(Refused::Control)
        );
        for whole in [
            "a@x>\r\nRCPT TO:<b@y",
            "a@x\n",
            "a b@x",
            "-",
            "a@-x",
            "<a@x>",
        ] {
            assert!(!is_sound(whole), "{whole:?}");
        }
    }
}
