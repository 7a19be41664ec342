//! A TOML table that remembers where it stands and which of its keys were read.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

/// One thing that is wrong in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// The key with its tables: `account.imap`.
    pub key: String,
    /// What is wrong with it.
    pub text: String,
    /// How bad it is.
    pub fault: Fault,
}

/// How bad something wrong in the file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A key that means nothing here; it changes nothing.
    Unknown,
    /// A value that cannot be used; outside accounts its default holds.
    Value,
    /// An account that is left out.
    Account,
    /// A line that is no TOML.
    Syntax,
}

impl fmt::Display for Warning {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: ", self.file.display(), self.line)?;
        if !self.key.is_empty() {
            write!(out, "{}: ", self.key)?;
        }
        out.write_str(&self.text)
    }
}

/// Gathers what is wrong with a file.
pub(super) struct Report {
    file: PathBuf,
    line_ends: Vec<usize>,
    pub warnings: Vec<Warning>,
}

impl Report {
    pub fn new(file: &Path, text: &str) -> Self {
        Self {
            file: file.to_owned(),
            line_ends: memchr::memchr_iter(b'\n', text.as_bytes()).collect(),
            warnings: Vec::new(),
        }
    }

    pub fn file(&self) -> &Path {
        &self.file
    }

    pub fn line(&self, span: &Range<usize>) -> usize {
        self.line_ends.partition_point(|end| *end < span.start) + 1
    }

    pub fn add(&mut self, fault: Fault, span: &Range<usize>, key: &str, text: impl Into<String>) {
        self.warnings.push(Warning {
            file: self.file.clone(),
            line: self.line(span),
            key: key.to_owned(),
            text: text.into(),
            fault,
        });
    }

    pub fn faults(&self) -> usize {
        self.warnings
            .iter()
            .filter(|warning| warning.fault != Fault::Unknown)
            .count()
    }
}

/// A table being read.
pub(super) struct Section<'t, 'i> {
    table: &'t DeTable<'i>,
    pub path: String,
    pub span: Range<usize>,
    used: BTreeSet<String>,
}

impl<'t, 'i> Section<'t, 'i> {
    pub fn new(table: &'t DeTable<'i>, path: &str, span: Range<usize>) -> Self {
        Self {
            table,
            path: path.to_owned(),
            span,
            used: BTreeSet::new(),
        }
    }

    fn full(&self, key: &str) -> String {
        match self.path.as_str() {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        }
    }

    /// The value of a key, which counts as known from here on.
    pub fn take(&mut self, key: &str) -> Option<&'t Spanned<DeValue<'i>>> {
        self.used.insert(key.to_owned());
        self.table.get(key)
    }

    /// All keys with their values; all count as known.
    pub fn entries(&mut self) -> Vec<(&'t str, Range<usize>, &'t Spanned<DeValue<'i>>)> {
        let mut all: Vec<_> = self
            .table
            .iter()
            .map(|(key, value)| (key.get_ref().as_ref(), key.span(), value))
            .collect();
        all.sort_by_key(|(_, span, _)| span.start);
        self.used
            .extend(all.iter().map(|(key, ..)| (*key).to_owned()));
        all
    }

    /// Reads a text with `read`, whose error is told.
    pub fn text<T, E: ToString>(
        &mut self,
        report: &mut Report,
        key: &str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let value = self.take(key)?;
        let path = self.full(key);
        let outcome = match value.get_ref().as_str() {
            Some(text) => read(text).map_err(|error| error.to_string()),
            None => Err(expected("text in quotes", value)),
        };
        outcome
            .map_err(|why| report.add(Fault::Value, &value.span(), &path, why))
            .ok()
    }

    /// Reads one of some words.
    pub fn word<T: Clone>(
        &mut self,
        report: &mut Report,
        key: &str,
        words: &[(&str, T)],
    ) -> Option<T> {
        self.text(report, key, |text| {
            words
                .iter()
                .find(|(word, _)| *word == text)
                .map(|(_, value)| value.clone())
                .ok_or_else(|| {
                    let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                    format!("\"{text}\" is not one of {}", all.join(", "))
                })
        })
    }

    /// Reads `true` or `false`.
    pub fn truth(&mut self, report: &mut Report, key: &str) -> Option<bool> {
        let value = self.take(key)?;
        let path = self.full(key);
        let found = value.get_ref().as_bool();
        if found.is_none() {
            let why = expected("true or false", value);
            report.add(Fault::Value, &value.span(), &path, why);
        }
        found
    }

    /// Reads a whole number of a range.
    pub fn number(
        &mut self,
        report: &mut Report,
        key: &str,
        range: RangeInclusive<i64>,
    ) -> Option<i64> {
        let value = self.take(key)?;
        let path = self.full(key);
        let found = value.get_ref().as_integer().map(|number| {
            let digits = number.as_str();
            i64::from_str_radix(digits, number.radix()).ok()
        });
        match found {
            Some(Some(number)) if range.contains(&number) => return Some(number),
            Some(_) => {
                let why = format!("a number from {} to {}", range.start(), range.end());
                report.add(Fault::Value, &value.span(), &path, why);
            }
            None => {
                let why = expected("a number", value);
                report.add(Fault::Value, &value.span(), &path, why);
            }
        }
        None
    }

    /// The table under a key.
    pub fn table(&mut self, report: &mut Report, key: &str) -> Option<Section<'t, 'i>> {
        let value = self.take(key)?;
        let path = self.full(key);
        match value.get_ref().as_table() {
            Some(table) => Some(Section::new(table, &path, value.span())),
            None => {
                report.add(
                    Fault::Value,
                    &value.span(),
                    &path,
                    expected("a table", value),
                );
                None
            }
        }
    }

    /// The tables under a key.
    pub fn tables(&mut self, report: &mut Report, key: &str) -> Vec<Section<'t, 'i>> {
        let Some(value) = self.take(key) else {
            return Vec::new();
        };
        let path = self.full(key);
        let Some(items) = value.get_ref().as_array() else {
            let why = format!("write [[{path}]], one for each");
            report.add(Fault::Value, &value.span(), &path, why);
            return Vec::new();
        };
        let mut out = Vec::new();
        for item in items.iter() {
            match item.get_ref().as_table() {
                Some(table) => out.push(Section::new(table, &path, item.span())),
                None => report.add(Fault::Value, &item.span(), &path, expected("a table", item)),
            }
        }
        out
    }

    /// Tells the keys that nobody read.
    pub fn finish(mut self, report: &mut Report) {
        let used = std::mem::take(&mut self.used);
        for (key, span, _) in self.entries() {
            if !used.contains(key) {
                report.add(
                    Fault::Unknown,
                    &span,
                    &self.full(key),
                    "this key is not known",
                );
            }
        }
    }
}

/// The texts of an array; an error names what is none.
pub(super) fn texts(items: &DeArray<'_>) -> Result<Vec<String>, String> {
    items
        .iter()
        .map(|item| {
            item.get_ref()
                .as_str()
                .map(str::to_owned)
                .ok_or_else(|| expected("text in quotes", item))
        })
        .collect()
}

pub(super) fn expected(what: &str, found: &Spanned<DeValue<'_>>) -> String {
    format!(
        "{what} is expected here, not {}",
        found.get_ref().type_str()
    )
}
