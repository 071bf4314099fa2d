//! What was played and measured, as a Markdown table.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Rows as flows end.
pub(crate) struct Report {
    rows: Mutex<Vec<String>>,
}

impl Report {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self {
            rows: Mutex::new(Vec::new()),
        }
    }

    /// Adds a flow: its name is kinds, media and sentence.
    pub(crate) fn add(
        &self,
        name: &str,
        begun: Instant,
        done: &Result<(), String>,
        figures: &[String],
    ) {
        let mut parts = name.splitn(3, ' ');
        let [kinds, media, sentence] = [(); 3].map(|()| parts.next().unwrap_or_default());
        let sentence = sentence.replace('_', " ");
        let result = match done {
            Ok(()) => "ok".to_owned(),
            Err(why) => format!("FAILED: {why}").replace(['|', '\n'], " "),
        };
        for figure in figures {
            println!("measured: {name}: {figure}");
        }
        let took: Duration = begun.elapsed();
        let figures = figures.join("<br>").replace('|', "/");
        let row = format!(
            "| {sentence} | {kinds} | {media} | {result} | {:.0} s | {figures} |",
            took.as_secs_f64()
        );
        self.rows.lock().expect("no holder panics").push(row);
    }

    /// Writes the table, and says where.
    pub(crate) fn write(&self) {
        let mut rows = self.rows.lock().expect("no holder panics").clone();
        if rows.is_empty() {
            return;
        }
        rows.sort();
        let mut table = HEAD.to_owned();
        for row in rows {
            let _ = writeln!(table, "{row}");
        }
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("linux_ha/results.md");
        fs::write(&path, table).expect("our own folder");
        println!(
            "laboratory: results and logs are in {}",
            path.parent().expect("it has one").display()
        );
    }
}

const HEAD: &str = "\
| flow | nodes | media | result | took | measured |
|---|---|---|---|---|---|
";
