//! The one reader of what someone saved: a recording, or responses of describe-task-execution in any form that
//! tools give them.

pub mod dates;
pub mod entry;
pub mod store;
pub mod unread;

mod foreign;
mod scan;
mod text;
mod values;
mod yaml;

use std::{
    io::{self, Read},
    path::Path,
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;

use self::{
    dates::Times,
    entry::Entry,
    scan::Scan,
    store::{Input, Store, called},
    unread::Unread,
};
use crate::{
    aws::{arn::Arn, line::wrong},
    files::reason,
};

/// How much of a text is looked at to see what it is.
const BEGINNING: u64 = 64 << 10;

/// What was read of a text.
pub struct Answers {
    /// Where the texts of its observations are.
    pub store: Store,
    /// Its observations, in the order of the text; at least one.
    pub entries: Vec<Entry>,
    /// The executions, under the names that observations have; empty for one that no response names.
    pub names: Vec<(Arc<str>, Arn)>,
    /// What could not be read.
    pub unread: Unread,
}

/// Reads a file at the moment `now`; `-` is standard input. Responses that do not tell when they were given are taken
/// to be an interval apart.
///
/// # Errors
/// Why nothing in it can be read, in a sentence.
pub fn open(path: &Path, interval: Duration, now: Timestamp) -> Result<Answers, String> {
    let name = called(path);
    let (input, saved_at) = Input::open(path).map_err(|why| format!("{name} {why}"))?;
    read(input, Times { interval, now, saved_at }).map_err(|why| format!("{name} {why}"))
}

/// Reads a text.
///
/// # Errors
/// Why nothing in it can be read, in words that fit behind its name.
pub fn read(input: Input, times: Times) -> Result<Answers, String> {
    let mut scan = Scan::new(times.now);
    let failed = |error: io::Error| format!("can't be read: {}", reason(&error));
    scan.read(&input).map_err(failed)?;
    if scan.entries.is_empty() {
        return Err(why_nothing(&scan, &input).map_err(failed)?);
    }
    let mut entries = std::mem::take(&mut scan.entries);
    if !scan.dated.is_empty() {
        dates::set(&mut entries, &scan.dated, &times);
    }
    let store = Store::new(input, std::mem::take(&mut scan.rewritten));
    let unread = std::mem::take(&mut scan.unread);
    Ok(Answers { store, entries, names: scan.into_names(), unread })
}

/// Why nothing was read.
fn why_nothing(scan: &Scan, input: &Input) -> io::Result<String> {
    let mut bytes = Vec::new();
    input.reader().take(BEGINNING).read_to_end(&mut bytes)?;
    let beginning = text::plain(&bytes);
    let is_space = |c: char| c.is_whitespace() || c == '\u{feff}';
    if beginning.trim_matches(is_space).is_empty() && (bytes.len() as u64) < BEGINNING {
        return Ok("is empty".into());
    }
    let why = if text::is_binary(&bytes) {
        "it is not text".to_owned()
    } else if let Some(foreign) = scan.foreign.clone().or_else(|| foreign::text(&beginning)) {
        format!("it {foreign}")
    } else if let Some(first) = scan.unread.first() {
        first
    } else {
        match serde_json::from_str::<serde_json::Value>(beginning.trim_matches(is_space)) {
            Ok(_) => "it has no JSON object in it".into(),
            Err(error) => scan.first_stray().unwrap_or_else(|| format!("line 1 {}", wrong(&error))),
        }
    };
    Ok(format!("is not a describe-task-execution response: {why}"))
}

#[cfg(test)]
mod tests;
