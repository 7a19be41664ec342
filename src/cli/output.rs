//! Standard output: text tables for people, exact bytes for programs.
//!
//! Text that came from outside goes through [`Shown`] before it is printed, in a pipe as well: a
//! pager or a log viewer is a terminal one step later. Exact bytes leave by [`Out::bytes`] alone,
//! which refuses to write to a terminal.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

use serde::Serialize;

use super::error::Failure;
use crate::mime::sanitize::Shown;

/// Where a command's result goes.
#[derive(Debug)]
pub struct Out {
    writer: BufWriter<Stdout>,
    /// Whether a person reads it directly.
    pub terminal: bool,
    /// Columns to fill: the terminal's, else 80.
    pub width: usize,
    /// Whether one JSON object was asked for.
    pub json: bool,
}

impl Out {
    /// Standard output.
    pub fn standard(json: bool) -> Self {
        let terminal = io::stdout().is_terminal();
        let width = if terminal {
            crossterm::terminal::size().map_or(80, |(columns, _)| usize::from(columns.max(20)))
        } else {
            80
        };
        Self {
            writer: BufWriter::with_capacity(64 * 1024, io::stdout()),
            terminal,
            width,
            json,
        }
    }

    /// One line of text; several lines in `text` stay one row.
    pub fn line(&mut self, text: &str) -> Result<(), Failure> {
        writeln!(self.writer, "{}", Shown::line(text).to_string().trim_end())?;
        Ok(())
    }

    /// A line that is shown already.
    pub fn shown(&mut self, text: &Shown) -> Result<(), Failure> {
        writeln!(self.writer, "{}", text.to_string().trim_end())?;
        Ok(())
    }

    /// Text of several lines: each keeps its row, and no byte of it moves the cursor.
    pub fn body(&mut self, text: &str) -> Result<(), Failure> {
        for line in text.lines() {
            self.shown(&Shown::body_line(line))?;
        }
        Ok(())
    }

    /// Text of our own making (a script, a manual), exactly as it is.
    pub fn own(&mut self, text: &[u8]) -> Result<(), Failure> {
        self.writer.write_all(text)?;
        Ok(())
    }

    /// Bytes exactly as they are, to a pipe or file only.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if self.terminal {
            return Err(Failure::new("Not writing bytes as they are to a terminal")
                .hint("Send the output to a file or a pipe."));
        }
        self.writer.write_all(bytes)?;
        Ok(())
    }

    /// The one JSON object of `--json`, with its schema number.
    pub fn object<T: Serialize>(&mut self, value: &T) -> Result<(), Failure> {
        let text = serde_json::to_string(&Versioned { schema: 1, value })
            .map_err(|error| Failure::new("Cannot write the output").cause(error))?;
        let text = if self.terminal {
            escape_for_terminal(&text)
        } else {
            text
        };
        writeln!(self.writer, "{text}")?;
        Ok(())
    }

    /// A table under `heads`, its columns two blanks apart. The last column takes what is left and
    /// is cut on a terminal only.
    pub fn table(&mut self, heads: &[Head], rows: &[Vec<Shown>]) -> Result<(), Failure> {
        let rows: Vec<(&[Shown], &str)> = rows.iter().map(|row| (row.as_slice(), "")).collect();
        self.rows(heads, &rows)
    }

    /// The same with a note below a row that has one: whole, wrapped, set in by four blanks.
    pub fn table_with_notes(
        &mut self,
        heads: &[Head],
        rows: &[(Vec<Shown>, String)],
    ) -> Result<(), Failure> {
        let rows: Vec<(&[Shown], &str)> = rows
            .iter()
            .map(|(row, note)| (row.as_slice(), note.as_str()))
            .collect();
        self.rows(heads, &rows)
    }

    fn rows(&mut self, heads: &[Head], rows: &[(&[Shown], &str)]) -> Result<(), Failure> {
        let titles: Vec<Shown> = heads.iter().map(|head| Shown::from(head.title)).collect();
        let mut rows = rows.to_vec();
        rows.insert(0, (&titles, ""));
        let widths = self.widths(heads, &rows);
        for (row, note) in rows {
            let mut line = String::new();
            for (n, ((cell, head), width)) in row.iter().zip(heads).zip(&widths).enumerate() {
                if n > 0 {
                    line.push_str("  ");
                }
                line.push_str(head.fit(cell, *width).as_str());
            }
            writeln!(self.writer, "{}", line.trim_end())?;
            for line in wrapped(note, self.width.saturating_sub(NOTE.len())) {
                self.line(&format!("{NOTE}{line}"))?;
            }
        }
        Ok(())
    }

    /// The width of each column: its widest cell, held to the column's limit.
    fn widths(&self, heads: &[Head], rows: &[(&[Shown], &str)]) -> Vec<usize> {
        let mut widths: Vec<usize> = heads
            .iter()
            .enumerate()
            .map(|(n, head)| {
                let cells = rows.iter().filter_map(|(row, _)| row.get(n));
                cells.map(Shown::width).max().unwrap_or(0).min(head.limit)
            })
            .collect();
        if self.terminal
            && let Some((last, before)) = widths.split_last_mut()
        {
            let taken: usize = before.iter().map(|width| width + 2).sum();
            *last = (*last).min(self.width.saturating_sub(taken).max(10));
        }
        widths
    }

    /// Hands everything to the system; to be called once at the end, so that errors are seen.
    pub fn finish(mut self) -> Result<(), Failure> {
        self.writer.flush()?;
        Ok(())
    }
}

/// What stands before each line of a note.
const NOTE: &str = "    ";

/// Text in lines of at most `width` cells, as far as its words are not longer.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if Shown::line(&format!("{line} {word}")).width() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A line on standard error beside the result: `warning: …`.
pub fn warn(text: &str) {
    // Where nobody listens there is nobody to warn.
    let _ = writeln!(io::stderr().lock(), "warning: {}", Shown::line(text));
}

/// Something to know, on standard error: `note: …`.
pub fn note(text: &str) {
    // As with warnings.
    let _ = writeln!(io::stderr().lock(), "note: {}", Shown::line(text));
}

/// One column of a table.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    title: &'static str,
    right: bool,
    limit: usize,
}

impl Head {
    /// A column of text.
    pub const fn left(title: &'static str) -> Self {
        Self {
            title,
            right: false,
            limit: usize::MAX,
        }
    }

    /// A column of numbers.
    pub const fn right(title: &'static str) -> Self {
        Self {
            title,
            right: true,
            limit: usize::MAX,
        }
    }

    /// The same column, at most so many cells wide.
    pub const fn at_most(self, limit: usize) -> Self {
        Self { limit, ..self }
    }

    fn fit(self, cell: &Shown, width: usize) -> Shown {
        if self.right {
            let blanks = " ".repeat(width.saturating_sub(cell.width()));
            return Shown::line(&format!("{blanks}{cell}"));
        }
        cell.fit(width)
    }
}

#[derive(Serialize)]
struct Versioned<'a, T> {
    schema: u32,
    #[serde(flatten)]
    value: &'a T,
}

/// JSON leaves C1 controls and bidi overrides as they are, which is right for a program and wrong
/// for a terminal; `\u` escapes mean the same to every reader of JSON.
fn escape_for_terminal(json: &str) -> String {
    use std::fmt::Write as _;

    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if Shown::line(c.encode_utf8(&mut [0; 4]))
            .to_string()
            .chars()
            .eq([c])
        {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    out
}
