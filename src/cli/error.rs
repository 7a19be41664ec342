//! What went wrong, as three kinds of line on standard error and an exit code.
//!
//! `error:` says what failed and with whom, `cause:` why, `hint:` what to do next. Everything that
//! is printed passes the sanitiser, because causes quote servers (SAFETY P14).

use std::error::Error;
use std::fmt::{self, Write as _};
use std::io::{self, Write as _};

use crate::config::SecretError;
use crate::config::edit::EditError;
use crate::mime::sanitize::Shown;
use crate::store::StoreError;

/// The exit codes that scripts may rely on, beside 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// It did not work.
    Failed = 1,
    /// It was asked wrongly; nothing was tried.
    Usage = 2,
    /// There is no connection; what is in the journal will be sent when there is one.
    Queued = 3,
    /// A password is missing or refused.
    SignIn = 4,
}

/// Why a command ends with another code than 0.
#[derive(Debug)]
pub struct Failure {
    /// The code.
    pub exit: Exit,
    /// What failed, with whom.
    pub error: String,
    /// Why, outermost first.
    pub causes: Vec<String>,
    /// What to do next; may be empty.
    pub hint: String,
}

/// The reader of our output went away: nothing is said, and that is no failure.
const QUIET: &str = "";

impl Failure {
    /// It did not work.
    pub fn new(error: impl Into<String>) -> Self {
        Self::with(Exit::Failed, error)
    }

    /// It was asked wrongly.
    pub fn usage(error: impl Into<String>) -> Self {
        Self::with(Exit::Usage, error)
    }

    /// A password is missing or refused.
    pub fn sign_in(error: impl Into<String>) -> Self {
        Self::with(Exit::SignIn, error)
    }

    /// It waits for a connection.
    pub fn queued(error: impl Into<String>) -> Self {
        Self::with(Exit::Queued, error)
    }

    fn with(exit: Exit, error: impl Into<String>) -> Self {
        Self {
            exit,
            error: error.into(),
            causes: Vec::new(),
            hint: String::new(),
        }
    }

    /// Adds a reason.
    pub fn cause(mut self, cause: impl fmt::Display) -> Self {
        self.causes.push(cause.to_string());
        self
    }

    /// Adds an error and what it came from, leaving out what the text before already says.
    pub fn caused_by(mut self, error: &dyn Error) -> Self {
        let mut next = Some(error);
        while let Some(error) = next {
            let text = error.to_string();
            let said = self
                .causes
                .last()
                .is_some_and(|before| before.contains(&text));
            if !said {
                self.causes.push(text);
            }
            next = error.source();
        }
        self
    }

    /// Says what to do next.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// The lines for standard error.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let mut line = |label: &str, text: &str| {
            for (n, part) in text.lines().enumerate() {
                let label = if n == 0 { label } else { "      " };
                // Writing to a String cannot fail.
                let _ = writeln!(out, "{label} {}", Shown::line(part));
            }
        };
        line("error:", &self.error);
        for cause in &self.causes {
            line("cause:", cause);
        }
        line("hint: ", &self.hint);
        out
    }

    /// Prints the lines and returns the exit code.
    pub fn report(&self) -> u8 {
        if self.error == QUIET {
            return 0;
        }
        // When standard error is gone too, the code is all that is left to say.
        let _ = io::stderr().lock().write_all(self.text().as_bytes());
        self.exit as u8
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Missing { .. } => Self::new(sentence(&error.to_string())),
            StoreError::KeywordRefused { mailbox, keyword } => {
                Self::new(format!("\"{mailbox}\" does not keep the keyword {keyword}"))
                    .cause("its server takes no new keywords there (PERMANENTFLAGS)")
                    .hint("Nothing was changed; seen, flagged and answered are kept everywhere.")
            }
            StoreError::Refused(refusal) => super::refusal::failure(&refusal),
            error => Self::new("The mail store cannot be used").caused_by(&error),
        }
    }
}

impl From<SecretError> for Failure {
    fn from(error: SecretError) -> Self {
        Self::sign_in(sentence(&error.to_string())).hint(error.hint())
    }
}

impl From<EditError> for Failure {
    fn from(error: EditError) -> Self {
        Self::new("The settings were not changed").caused_by(&error)
    }
}

/// The text with a capital letter in front, as the first line of an error has it.
pub fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

impl From<io::Error> for Failure {
    /// An error of writing our own output.
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::new(QUIET);
        }
        Self::new("Cannot write the output").cause(error)
    }
}

/// Prints what clap has to say (help, version or a usage error) and returns the exit code.
pub fn print_usage(error: &clap::Error) -> u8 {
    let text = error.render().to_string();
    if error.use_stderr() {
        let lines: Vec<String> = text
            .lines()
            .map(|line| Shown::body_line(line).to_string())
            .collect();
        let _ = writeln!(io::stderr().lock(), "{}", lines.join("\n").trim_end());
        return Exit::Usage as u8;
    }
    match io::stdout().lock().write_all(text.as_bytes()) {
        Ok(()) => 0,
        Err(error) => Failure::from(error).report(),
    }
}
