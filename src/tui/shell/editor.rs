//! The hand-off to `$EDITOR`: the whole terminal, a private file, and back.

use std::ffi::OsString;
use std::fs;
use std::io::{Read, Write};

use crate::env::Env;

/// Octets of a text that are taken back.
const MOST: u64 = 32 << 20;

/// The command that a person wants for editing, as the shell would split it at blanks.
fn command() -> Vec<String> {
    let named = ["VISUAL", "EDITOR"].iter().find_map(|name| {
        let value = std::env::var(name).ok()?;
        let words: Vec<String> = value.split_whitespace().map(str::to_owned).collect();
        (!words.is_empty()).then_some(words)
    });
    named.unwrap_or_else(|| vec!["vi".to_owned()])
}

/// What the composer calls it: `vim` of `/usr/bin/vim -f`.
pub fn name() -> String {
    let command = command();
    let program = command.first().map_or("vi", String::as_str);
    program.rsplit('/').next().unwrap_or(program).to_owned()
}

/// Has the editor change a text; the terminal is its own meanwhile. What comes back is its text, or
/// why there is none.
pub fn edit(env: &Env, text: &str) -> Result<String, String> {
    let (mut file, path) = env
        .temp
        .create_file("message.txt")
        .map_err(|error| format!("The text cannot be put into a file: {error}."))?;
    let written = file.write_all(text.as_bytes());
    let outcome = written
        .map_err(|error| format!("The text cannot be put into a file: {error}."))
        .and_then(|()| {
            drop(file);
            let command = command();
            let mut argv: Vec<OsString> = command.iter().map(OsString::from).collect();
            argv.push(path.clone().into_os_string());
            run(env, argv)?;
            read(&path, text)
        });
    // Private mail does not stay in a file; its folder goes with the program at the latest.
    if let Err(error) = fs::remove_file(&path) {
        tracing::warn!(%error, "the file of the editor stays");
    }
    outcome
}

fn run(env: &Env, argv: Vec<OsString>) -> Result<(), String> {
    let program = name();
    match env.spawn.on_terminal(argv) {
        Ok(Some(0)) => Ok(()),
        Ok(Some(code)) => Err(format!(
            "{program} ended with code {code}; the text is as it was."
        )),
        Ok(None) => Err(format!("{program} was killed; the text is as it was.")),
        Err(error) => Err(format!(
            "{error}. Name another program in EDITOR; the text is as it was."
        )),
    }
}

fn read(path: &std::path::Path, before: &str) -> Result<String, String> {
    let mut bytes = Vec::new();
    let file = fs::File::open(path);
    file.and_then(|file| file.take(MOST + 1).read_to_end(&mut bytes))
        .map_err(|error| format!("The text cannot be read back: {error}."))?;
    if bytes.len() as u64 > MOST {
        return Err("The text has become too long; it is as it was.".to_owned());
    }
    let mut text = String::from_utf8(bytes)
        .map_err(|_| "The editor left no UTF-8 text; the text is as it was.".to_owned())?;
    // Editors end the last line, which is no new line of the message.
    if text.ends_with('\n') && !before.ends_with('\n') {
        text.pop();
    }
    Ok(text)
}
