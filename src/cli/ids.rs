//! The messages that a command is about: from its arguments, and from standard input where one of
//! them is `-`.
//!
//! Standard input is a stream of JSON values, which plain numbers between blanks or line ends are
//! too: `lacebark list --json | lacebark archive -` works as it stands, and so does what `jq` or
//! `cut` make of the list.

use std::collections::BTreeSet;
use std::io::{self, Read};

use serde_json::{Deserializer, Value};

use super::args::IdArgument;
use super::error::Failure;
use crate::model::MessageKey;
use crate::store::{Reader, messages};

/// Octets of standard input at most.
const LONGEST: u64 = 256 << 20;

/// Messages that were named, each once, in the order of the call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Those that are shown somewhere.
    pub keys: Vec<MessageKey>,
    /// Those that are not.
    pub missing: Vec<MessageKey>,
}

/// Finds out which messages are meant and which of them are there.
pub fn named(reader: &Reader, arguments: &[IdArgument]) -> Result<Named, Failure> {
    let mut named = Named::default();
    let mut seen = BTreeSet::new();
    for key in read(arguments)? {
        if !seen.insert(key) {
            continue;
        }
        let shown = messages::find(reader, key)?.is_some_and(|row| row.mailbox.is_some());
        if shown {
            named.keys.push(key);
        } else {
            named.missing.push(key);
        }
    }
    Ok(named)
}

fn read(arguments: &[IdArgument]) -> Result<Vec<MessageKey>, Failure> {
    let mut keys = Vec::new();
    let mut read = false;
    for argument in arguments {
        match argument {
            IdArgument::Message(id) => keys.push(id.0),
            IdArgument::Stdin if read => {}
            IdArgument::Stdin => {
                read = true;
                let mut text = String::new();
                io::stdin()
                    .lock()
                    .take(LONGEST)
                    .read_to_string(&mut text)
                    .map_err(|error| Failure::new("Cannot read standard input").cause(error))?;
                keys.extend(listed(&text)?);
            }
        }
    }
    Ok(keys)
}

/// The failure when messages are not there, if any are not.
pub fn missing(keys: &[MessageKey]) -> Option<Failure> {
    /// A thousand numbers help nobody; `--json` has them all.
    const NAMED: usize = 20;
    let names: Vec<String> = keys.iter().take(NAMED).map(ToString::to_string).collect();
    let names = names.join(", ");
    match keys.len() {
        0 => None,
        1 => Some(Failure::new(format!("There is no message {names}"))),
        n if n <= NAMED => Some(Failure::new(format!("There are no messages {names}"))),
        n => Some(Failure::new(format!(
            "There are no messages {names} and {} more",
            n - NAMED
        ))),
    }
}

/// Reads ids from the text of standard input.
fn listed(text: &str) -> Result<Vec<MessageKey>, Failure> {
    let mut keys = Vec::new();
    for value in Deserializer::from_str(text).into_iter::<Value>() {
        let value = value.map_err(|error| unreadable().cause(error))?;
        collect(&value, &mut keys)?;
    }
    Ok(keys)
}

fn collect(value: &Value, keys: &mut Vec<MessageKey>) -> Result<(), Failure> {
    match value {
        Value::Number(number) => match number.as_i64().filter(|n| *n > 0) {
            Some(n) => keys.push(MessageKey(n)),
            None => return Err(unreadable().cause(format!("{number} is no ID"))),
        },
        Value::Array(values) => {
            for value in values {
                collect(value, keys)?;
            }
        }
        Value::Object(fields) => match fields.get("messages").or_else(|| fields.get("id")) {
            Some(value) => collect(value, keys)?,
            None => return Err(unreadable().cause("an object has neither messages nor id")),
        },
        Value::Null | Value::Bool(_) | Value::String(_) => {
            return Err(unreadable().cause("it holds something else than numbers"));
        }
    }
    Ok(())
}

fn unreadable() -> Failure {
    Failure::usage("Standard input does not list messages")
        .hint("It takes the numbers that `lacebark list` prints, or the output of its --json.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let found = match listed(text) {
            Ok(keys) => keys
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" "),
            Err(failure) => failure.causes.join("; "),
        };
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn numbers_and_the_lists_of_json_are_read_alike() {
        check("", "");
        check(" \n", "");
        check("17\n18 19\r\n", "17 18 19");
        check("[1,2] 3", "1 2 3");
        check(
            r#"{"schema":1,"messages":[{"id":5,"thread":9},{"id":6}]}"#,
            "5 6",
        );
        check("{\"id\":5}\n{\"id\":6}\n", "5 6");
        check(r#"{"schema":1,"actions":[],"messages":[7,8]}"#, "7 8");
        check(r#"{"schema":1,"messages":[]}"#, "");
    }

    #[test]
    fn what_is_no_list_of_messages_is_told() {
        check("0", "0 is no ID");
        check("-4", "-4 is no ID");
        check("1.5", "1.5 is no ID");
        check("[\"7\"]", "it holds something else than numbers");
        check("{\"a\":1}", "an object has neither messages nor id");
        check("INBOX", "expected value at line 1 column 1");
    }
}
