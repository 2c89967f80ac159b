//! Reads a saved text through once: where each observation is, when it was, and what it refers to.

use std::{io, sync::Arc};

use serde_json::{Map, Value};

use super::{
    dates::Dated,
    entry::{Entry, Kind},
    foreign,
    store::{Input, LONGEST_TEXT, REWRITTEN},
    text,
    unread::Unread,
    values::{self, Found},
    yaml,
};
use crate::{
    aws::{
        arn::Arn,
        line::{LONGEST_LINE, Line, LineOutcome, NOTHING_BEFORE, Next, Polling, wrong},
        per_execution::PerExecution,
        response::Response,
    },
    files::Lines,
};

/// How deep in other objects and lists a response may be.
const DEEPEST: usize = 3;

/// What is wrong with an object that is none of the service's, and holds none.
const NO_RESPONSE: &str = "has neither a Status nor a TaskExecutionArn";

/// The reading through, and what came of it so far.
pub struct Scan {
    now: jiff::Timestamp,
    pub entries: Vec<Entry>,
    names: PerExecution<Named>,
    /// The name of the response before, for one that does not say its own.
    name: Option<usize>,
    /// What could not be read.
    pub unread: Unread,
    /// Lines without JSON: those of a log, or damage where the rest is a recording.
    strays: Unread,
    has_lines: bool,
    /// The responses that do not say when they were given.
    pub dated: Vec<Dated>,
    /// What the first object is that is something else of the service's.
    pub foreign: Option<String>,
    pub rewritten: Vec<u8>,
}

/// An execution, and what was said of it last.
struct Named {
    arn: Arn,
    response: Option<u32>,
    text: Vec<u8>,
    polling: Polling,
    is_faulty: bool,
}

/// Where a text is.
#[derive(Clone, Copy)]
struct Source<'a> {
    text: &'a str,
    /// Where it begins in the input; `None` where it is not as it was there.
    offset: Option<u64>,
    /// The number of its first line.
    number: u32,
}

impl Scan {
    /// One that has read nothing yet.
    pub fn new(now: jiff::Timestamp) -> Self {
        Self {
            now,
            entries: Vec::new(),
            names: PerExecution::default(),
            name: None,
            unread: Unread::default(),
            strays: Unread::default(),
            has_lines: false,
            dated: Vec::new(),
            foreign: None,
            rewritten: Vec::new(),
        }
    }

    /// Reads a text through. Lines of a recording are read one by one; what lies between them is read at once.
    ///
    /// # Errors
    /// The input cannot be read.
    pub fn read(&mut self, input: &Input) -> io::Result<()> {
        let mut lines = Lines::new(input.reader(), LONGEST_LINE);
        let mut number = 0;
        // where what is no line of a recording begins and ends, and the number of its first line
        let mut other: Option<(u64, u64, u32)> = None;
        while let Some(raw) = lines.next()? {
            number = u32::saturating_add(number, 1);
            let (bytes, offset) = trimmed(raw.bytes, raw.offset);
            if bytes.is_empty() {
                continue;
            }
            let line = std::str::from_utf8(bytes).ok().filter(|text| text.starts_with('{') && !raw.is_cut);
            if let Some((text, line)) = line.and_then(|text| Some((text, Line::parse(text).ok()?))) {
                if let Some((from, to, number)) = other.take() {
                    self.part(input, from, to, number)?;
                }
                let source = Source { text, offset: Some(offset), number };
                self.has_lines = true;
                if let Err(why) = self.line(&line, text, source, number) {
                    self.unread.add(number, why);
                }
            } else if raw.is_cut && self.has_lines {
                self.unread.add(number, "is too long".into());
            } else {
                other = Some(other.map_or((offset, raw.end, number), |(from, _, first)| (from, raw.end, first)));
            }
        }
        if let Some((from, to, number)) = other {
            self.part(input, from, to, number)?;
        }
        if self.has_lines {
            self.unread.add_all(std::mem::take(&mut self.strays));
        }
        Ok(())
    }

    /// The first line without JSON, and why it was not read.
    pub fn first_stray(&self) -> Option<String> {
        self.strays.first()
    }

    /// The executions in the order in which they appeared.
    pub fn into_names(self) -> Vec<(Arc<str>, Arn)> {
        self.names.into_values().map(|(name, named)| (name, named.arn)).collect()
    }

    /// Reads a part of a text that consists of anything.
    fn part(&mut self, input: &Input, from: u64, to: u64, number: u32) -> io::Result<()> {
        if to - from > LONGEST_TEXT {
            self.unread.add(number, "is too long".into());
            return Ok(());
        }
        let bytes = input.part(from, to)?;
        let text = text::plain(&bytes);
        // what is only borrowed is as it was
        let offset = matches!(text, std::borrow::Cow::Borrowed(_)).then_some(from);
        let source = Source { text: text.trim_ascii_end(), offset, number };
        let (before, unread) = (self.entries.len(), self.unread.clone());
        values::find(source.text, number, &mut |found| match found {
            Found::Object { text, line } => {
                if let Err(why) = self.object(text, source, line, 0) {
                    self.unread.add(line, why);
                }
            }
            Found::Damaged { line, why } => self.unread.add(line, why),
            // the rest of an object whose beginning is lost; what else is no JSON is a log's
            Found::Stray { text, line, is_rest: false } if text.starts_with('"') => {
                self.unread.add(line, "is not JSON".into());
            }
            Found::Stray { line, .. } => self.strays.add(line, "is not JSON".into()),
        });
        if self.entries.len() == before && yaml::is_likely(source.text) {
            self.unread = unread;
            self.yaml(source);
        }
        Ok(())
    }

    fn yaml(&mut self, source: Source) {
        for (line, json) in yaml::documents(source.text) {
            let line = source.number.saturating_add(line - 1);
            let read: Result<(), String> = json.and_then(|json| {
                let rewritten = Source { text: &json, offset: None, number: line };
                let mut all = Vec::new();
                values::find(&json, line, &mut |found| {
                    if let Found::Object { text, .. } = found {
                        all.push(self.object(text, rewritten, line, 0));
                    }
                });
                all.into_iter().collect()
            });
            if let Err(why) = read {
                self.unread.add(line, why);
            }
        }
    }

    /// Reads an object: a line of a recording, a response, or what has responses in it.
    fn object(&mut self, text: &str, source: Source, number: u32, depth: usize) -> Result<(), String> {
        let response = Response::parse(text).ok();
        let is_plain = |response: &Response| {
            let snapshot = response.snapshot();
            snapshot.status.is_some() && !snapshot.others.contains_key("TaskArn")
        };
        if let Some(response) = response.as_ref().filter(|response| is_plain(response)) {
            return self.response(response, text, source, number);
        }
        let members: Map<String, Value> = serde_json::from_str(text).map_err(|error| wrong(&error))?;
        if members.contains_key("at") && members.contains_key("execution") {
            let line = Line::parse(text)?;
            self.has_lines = true;
            return self.line(&line, text, source, number);
        }
        if let Some(why) = foreign::object(&members) {
            self.foreign.get_or_insert_with(|| why.clone());
            return Err(why);
        }
        match response {
            Some(response) if response.snapshot().status.is_some() || !members.contains_key("Status") => {
                self.response(&response, text, source, number)
            }
            Some(_) => Err("has a Status that is not text".into()),
            None if depth < DEEPEST => self.inner(text, source, number, depth),
            None => Err(NO_RESPONSE.into()),
        }
    }

    /// Reads the objects that are in another one.
    fn inner(&mut self, text: &str, source: Source, number: u32, depth: usize) -> Result<(), String> {
        let (before, mut why) = (self.entries.len(), None);
        values::find_in(text, number, &mut |found| {
            let Found::Object { text: value, line } = found else { return };
            // the status of a task report is none of its execution's
            let named = &text[..value.as_ptr() as usize - text.as_ptr() as usize];
            if named.trim_end().trim_end_matches([':', ' ']).ends_with("\"ReportResult\"") {
                return;
            }
            // what is no response and has none in it is something else, as a note beside the responses
            if let Err(other) = self.object(value, source, line, depth + 1)
                && other != NO_RESPONSE
            {
                why.get_or_insert(other);
            }
        });
        match why {
            Some(why) => Err(why),
            None if self.entries.len() == before => Err(NO_RESPONSE.into()),
            None => Ok(()),
        }
    }

    /// Adds a line of a recording.
    fn line(&mut self, line: &Line, text: &str, source: Source, number: u32) -> Result<(), String> {
        let name = self.named(&line.execution).ok_or("names no execution")?;
        let place = u32::try_from(self.entries.len()).map_err(|_| "is one too many")?;
        let named = self.names.at(name);
        let refers = named.response;
        let (kind, changed) = match line.outcome {
            LineOutcome::Response(response) => {
                let changed = named.says(response, place);
                (Kind::Response, changed || named.is_faulty)
            }
            LineOutcome::Unchanged if refers.is_none() => return Err(NOTHING_BEFORE.into()),
            LineOutcome::Unchanged if line.task.is_some() => (Kind::UnchangedWithTask, named.is_faulty),
            LineOutcome::Unchanged => (Kind::Unchanged, named.is_faulty),
            LineOutcome::Fault(_) => (Kind::Fault, !named.is_faulty),
        };
        named.is_faulty = kind == Kind::Fault;
        let next = named.polling.line(line.at, line.next);
        let (offset, length) = self.locate(text, source)?;
        let name = name as u32;
        self.entries.push(Entry { at: line.at, offset, length, number, name, kind, refers, changed, next });
        Ok(())
    }

    /// Adds a response by itself. When it was given is found out once all are read.
    fn response(&mut self, response: &Response, text: &str, source: Source, number: u32) -> Result<(), String> {
        let own = response.snapshot().task_execution_arn.as_deref().and_then(|arn| self.named(arn));
        let name = own.or(self.name).unwrap_or_else(|| self.unnamed());
        self.name = Some(name);
        let place = u32::try_from(self.entries.len()).map_err(|_| "is one too many")?;
        let (offset, length) = self.locate(text, source)?;
        let named = self.names.at(name);
        let refers = named.response;
        let changed = named.says(text, place) || named.is_faulty;
        named.is_faulty = false;
        self.dated.push(Dated::new(self.entries.len(), response, self.now));
        let (at, next, name) = (self.now, Next::Said(None), name as u32);
        self.entries.push(Entry { at, offset, length, number, name, kind: Kind::Bare, refers, changed, next });
        Ok(())
    }

    /// Where a text is in the store. What is not as it was in the input is added to what was written anew.
    fn locate(&mut self, text: &str, source: Source) -> Result<(u64, u32), String> {
        let length = u32::try_from(text.len()).map_err(|_| "is too long")?;
        let offset = source.offset.map(|offset| offset + (text.as_ptr() as u64 - source.text.as_ptr() as u64));
        let offset = offset.unwrap_or_else(|| {
            let offset = REWRITTEN + self.rewritten.len() as u64;
            self.rewritten.extend_from_slice(text.as_bytes());
            offset
        });
        Ok((offset, length))
    }

    /// The place of an execution's name; `None` if it is none.
    fn named(&mut self, execution: &str) -> Option<usize> {
        match self.names.place(execution) {
            Some(place) => Some(place),
            None => Some(self.names.add(execution.into(), Named::new(Arn::parse(execution).ok()?))),
        }
    }

    fn unnamed(&mut self) -> usize {
        match self.names.place("") {
            Some(place) => place,
            None => self.names.add("".into(), Named::new(Arn::unnamed())),
        }
    }
}

impl Named {
    fn new(arn: Arn) -> Self {
        Self { arn, response: None, text: Vec::new(), polling: Polling::default(), is_faulty: false }
    }

    /// Takes note of a response. True if it is another one than before.
    fn says(&mut self, response: &str, place: u32) -> bool {
        self.response = Some(place);
        let changed = self.text != response.as_bytes();
        if changed {
            self.text.clear();
            self.text.extend_from_slice(response.as_bytes());
        }
        changed
    }
}

/// A line without the space around it, and where that begins.
fn trimmed(line: &[u8], offset: u64) -> (&[u8], u64) {
    let line = line.trim_ascii_end();
    let begins = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii_start();
    (begins, offset + (line.len() - begins.len()) as u64)
}
