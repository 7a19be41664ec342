//! How figures are collected and printed.

use std::fmt::Display;
use std::fs;
use std::io::Write;
use std::time::{Duration, Instant};

/// What was measured so far.
pub struct Figures {
    rows: Vec<Row>,
}

struct Row {
    what: String,
    measured: String,
    budget: String,
    within: Option<bool>,
}

impl Figures {
    /// Nothing measured yet.
    pub fn new() -> Figures {
        Figures { rows: Vec::new() }
    }

    /// A figure with a budget that it must stay under.
    pub fn under<T: PartialOrd + Copy>(
        &mut self,
        what: impl Display,
        measured: T,
        budget: T,
        show: fn(T) -> String,
    ) {
        self.push(
            what,
            show(measured),
            format!("< {}", show(budget)),
            Some(measured < budget),
        );
    }

    /// A figure with a budget that it may reach.
    pub fn at_most(&mut self, what: impl Display, measured: u64, budget: u64) {
        self.push(
            what,
            measured.to_string(),
            format!("<= {budget}"),
            Some(measured <= budget),
        );
    }

    /// A figure with a budget that it must reach.
    pub fn at_least(&mut self, what: impl Display, measured: u64, budget: u64) {
        self.push(
            what,
            measured.to_string(),
            format!(">= {budget}"),
            Some(measured >= budget),
        );
    }

    /// A figure that explains others.
    pub fn note(&mut self, what: impl Display, measured: impl Display) {
        self.push(what, measured.to_string(), String::new(), None);
    }

    /// The table again, and the exit code.
    pub fn summary(&self) -> i32 {
        println!();
        for row in &self.rows {
            row.print();
        }
        let over = self
            .rows
            .iter()
            .filter(|row| row.within == Some(false))
            .count();
        println!(
            "\n{} figures, {over} over budget",
            self.rows.iter().filter(|row| row.within.is_some()).count()
        );
        i32::from(over > 0)
    }

    fn push(&mut self, what: impl Display, measured: String, budget: String, within: Option<bool>) {
        let row = Row {
            what: what.to_string(),
            measured,
            budget,
            within,
        };
        row.print();
        self.rows.push(row);
    }
}

impl Row {
    fn print(&self) {
        let verdict = match self.within {
            Some(true) => "ok",
            Some(false) => "OVER",
            None => "",
        };
        println!(
            "{:<66} {:>12}  {:<14} {verdict}",
            self.what, self.measured, self.budget
        );
    }
}

/// Milliseconds with three digits behind the point.
pub fn millis(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1000.0)
}

/// Seconds.
pub fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

/// A ratio.
pub fn times(ratio: f64) -> String {
    format!("{ratio:.2} x")
}

/// Megabytes.
pub fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// The value below which that share of the samples lies.
pub fn quantile(samples: &mut [Duration], share: f64) -> Duration {
    samples.sort_unstable();
    let last = samples.len().saturating_sub(1);
    samples[((last as f64) * share).round() as usize]
}

/// The median.
pub fn median(samples: &mut [Duration]) -> Duration {
    quantile(samples, 0.5)
}

/// What the machine does by itself: how busy it is, and how long it takes to put 4 KB on the disk,
/// which every durable commit waits for.
pub fn of_machine(figures: &mut Figures) {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("unknown").to_owned();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    figures.note(format!("load of this machine with {cores} cores"), load);
    let mut file = tempfile::tempfile().unwrap();
    let mut samples: Vec<Duration> = (0..50)
        .map(|_| {
            let start = Instant::now();
            file.write_all(&[7; 4096]).unwrap();
            file.sync_data().unwrap();
            start.elapsed()
        })
        .collect();
    let slow = quantile(&mut samples, 0.99);
    figures.note(
        "fsync of 4 KB here: median, p99",
        format!("{}, {}", millis(median(&mut samples)), millis(slow)),
    );
}
