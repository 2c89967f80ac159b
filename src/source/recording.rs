//! A recording as a source: lines that this program wrote, or answers that the AWS command line printed.
//!
//! It is read once from beginning to end for where each line is, when it was and what it refers to; lines are then
//! read from where they lie as they are wanted, so that a recording of any length takes little memory.

pub mod answers;
pub mod cursor;
pub mod index;
pub mod tape;
pub mod unread;

use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufRead, BufReader, Read},
    os::unix::fs::FileExt,
    path::Path,
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;

use self::unread::Unread;
use crate::{
    aws::{
        arn::Arn,
        line::{NOTHING_BEFORE, Said, SaidWhat},
    },
    transfer::execution::Execution,
};

/// The longest line that is read, in bytes. An answer is at most some kilobytes.
const LONGEST_LINE: u64 = 16 << 20;

/// How much is read of what can't be read twice, as from a pipe, and of answers that are no lines; in bytes.
const LONGEST_TEXT: u64 = 2 << 30;

/// A recording that was read through once.
pub struct Recording {
    store: Store,
    form: Form,
    lines: Vec<Line>,
    /// The lines' places by time; those of one moment stay in their order.
    order: Vec<u32>,
    names: Vec<Name>,
    slots: Vec<Slot>,
    unread: Unread,
}

/// Where the text is.
enum Store {
    File(File),
    Memory(Vec<u8>),
}

/// What the text consists of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Lines of a recording.
    Lines,
    /// Answers as they came.
    Answers,
}

/// What is known of a line without its text.
#[derive(Debug)]
struct Line {
    at: Timestamp,
    offset: u64,
    length: u32,
    /// Its number in the file, from 1.
    number: u32,
    name: u32,
    kind: Kind,
    /// The line whose answer it refers to; of a line with an answer, the one before with another.
    refers: Option<u32>,
    /// Whether something is new in it: an answer, or sight that was lost or came back.
    changed: bool,
    next: Next,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Response,
    Unchanged,
    /// Nothing changed, but the line says something of the task.
    UnchangedWithTask,
    Fault,
}

/// How long until the next request.
#[derive(Clone, Copy, Debug)]
enum Next {
    Said(Option<Duration>),
    /// No line says it: as long as lines are apart, until it is over.
    Apart(Option<Duration>),
}

/// An execution as the lines name it.
struct Name {
    execution: Arc<str>,
    slot: usize,
}

/// An execution of the recording, and when it was first observed.
struct Slot {
    arn: Arn,
    since: Timestamp,
}

impl Recording {
    /// Reads a file through; `-` is standard input. Answers without times were `interval` apart.
    ///
    /// # Errors
    /// Why nothing in it can be read, in a sentence.
    pub fn open(path: &Path, interval: Duration) -> Result<Self, String> {
        let name = if is_stdin(path) { "standard input".into() } else { format!("'{}'", path.display()) };
        let failed = |error: io::Error| format!("{name} can't be read: {}", reason(&error));
        if is_stdin(path) {
            return Self::of(Store::all(io::stdin().lock()).map_err(failed)?, &name, interval);
        }
        let file = File::open(path).map_err(failed)?;
        let kind = file.metadata().map_err(failed)?.file_type();
        if kind.is_dir() {
            return Err(format!("{name} is a folder; give a recording in it"));
        }
        let store = if kind.is_file() { Store::File(file) } else { Store::all(file).map_err(failed)? };
        Self::of(store, &name, interval)
    }

    fn of(store: Store, name: &str, interval: Duration) -> Result<Self, String> {
        let failed = |error: io::Error| format!("{name} can't be read: {}", reason(&error));
        let mut scan = Scan::default();
        match &store {
            Store::File(file) => scan.all(BufReader::with_capacity(1 << 20, file)),
            Store::Memory(bytes) => scan.all(&bytes[..]),
        }
        .map_err(failed)?;
        if !scan.lines.is_empty() {
            return Ok(scan.recording(store, Form::Lines));
        }
        let bytes = store.into_memory().map_err(failed)?;
        let (text, bytes) = (std::str::from_utf8(&bytes), &bytes);
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Err(format!("{name} is empty"));
        }
        let neither = format!("{name} is neither a recording nor answers of describe-task-execution");
        let Ok(text) = text else { return Err(format!("{neither}: it is no text")) };
        let answers = answers::read(text, interval);
        if answers.scan.lines.is_empty() {
            let why = answers.scan.unread.first().or(scan.unread.first()).unwrap_or_else(|| "it says nothing".into());
            return Err(format!("{neither}: {why}"));
        }
        Ok(answers.scan.recording(Store::Memory(text.as_bytes().to_vec()), Form::Answers))
    }

    /// How many observations there are, of which some may turn out to hold no answer.
    pub fn count(&self) -> usize {
        self.order.len()
    }

    /// When the first observation was.
    pub fn begin(&self) -> Timestamp {
        self.order.first().map_or(Timestamp::UNIX_EPOCH, |line| self.lines[*line as usize].at)
    }

    /// When the last observation was.
    pub fn end(&self) -> Timestamp {
        self.order.last().map_or(Timestamp::UNIX_EPOCH, |line| self.lines[*line as usize].at)
    }

    /// How many observations there are up to a moment, that moment's among them.
    pub fn until(&self, at: Timestamp) -> usize {
        self.order.partition_point(|line| self.lines[*line as usize].at <= at)
    }

    /// The executions before anything was observed.
    pub fn executions(&self) -> Vec<Execution> {
        self.slots.iter().map(|slot| Execution::new(slot.arn.clone(), slot.since)).collect()
    }

    /// Where each execution is.
    pub fn arns(&self) -> impl Iterator<Item = Arn> {
        self.slots.iter().map(|slot| slot.arn.clone())
    }

    /// The lines that could not be read so far.
    pub fn unread(&self) -> &Unread {
        &self.unread
    }

    /// When something was new of an execution next after a moment, or last before it.
    fn change(&self, slot: usize, from: Timestamp, onwards: bool) -> Option<Timestamp> {
        let changed = |line: &&u32| {
            let line = &self.lines[**line as usize];
            line.changed && self.names[line.name as usize].slot == slot
        };
        let found = if onwards {
            self.order[self.until(from)..].iter().find(changed)
        } else {
            let before = self.order.partition_point(|line| self.lines[*line as usize].at < from);
            self.order[..before].iter().rev().find(changed)
        };
        found.map(|line| self.lines[*line as usize].at)
    }

    fn text(&self, line: &Line, text: &mut Vec<u8>) -> io::Result<()> {
        text.clear();
        match &self.store {
            Store::File(file) => {
                text.resize(line.length as usize, 0);
                file.read_exact_at(text, line.offset)
            }
            Store::Memory(bytes) => {
                let begin = line.offset as usize;
                text.extend(bytes.get(begin..begin + line.length as usize).unwrap_or_default());
                Ok(())
            }
        }
    }
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Why something can't be read, without the system's number for it.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}

impl Store {
    fn all(input: impl Read) -> io::Result<Self> {
        let mut bytes = Vec::new();
        input.take(LONGEST_TEXT + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LONGEST_TEXT {
            return Err(io::Error::other("it is longer than 2 GiB, which only a file may be"));
        }
        Ok(Self::Memory(bytes))
    }

    fn into_memory(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Memory(bytes) => Ok(bytes),
            Self::File(file) => {
                let whole = file.metadata()?.len();
                let mut bytes = vec![0; usize::try_from(whole.min(LONGEST_TEXT)).unwrap_or_default()];
                file.read_exact_at(&mut bytes, 0)?;
                Ok(bytes)
            }
        }
    }
}

/// The reading through.
#[derive(Default)]
struct Scan {
    lines: Vec<Line>,
    names: Vec<(Arc<str>, Arn)>,
    known: HashMap<Arc<str>, u32>,
    last: Vec<Last>,
    unread: Unread,
}

/// What the lines of one name said last.
#[derive(Default)]
struct Last {
    answer: Option<u32>,
    text: Vec<u8>,
    said: Option<Option<Duration>>,
    at: Option<Timestamp>,
    apart: Option<Duration>,
    faulty: bool,
}

impl Scan {
    fn all(&mut self, mut input: impl BufRead) -> io::Result<()> {
        let (mut line, mut offset, mut number) = (Vec::new(), 0, 0);
        loop {
            line.clear();
            let read = input.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)? as u64;
            if read == 0 {
                return Ok(());
            }
            number += 1;
            let whole = read < LONGEST_LINE || line.ends_with(b"\n");
            let rest = if whole { 0 } else { skip_line(&mut input)? };
            let what = if whole { self.line(&line, offset, number) } else { Err("is too long".into()) };
            if let Err(why) = what {
                self.unread.add(number, why);
            }
            offset += read + rest;
        }
    }

    fn line(&mut self, line: &[u8], offset: u64, number: u32) -> Result<(), String> {
        let (mut line, mut offset) = (line.trim_ascii_end(), offset);
        if let (1, Some(rest)) = (number, line.strip_prefix(b"\xef\xbb\xbf")) {
            (line, offset) = (rest, offset + 3);
        }
        if line.is_empty() {
            return Ok(());
        }
        let text = std::str::from_utf8(line).map_err(|_| "is no text")?;
        let said = Said::by(text)?;
        let name = self.name(&said.execution).ok_or("names no execution")?;
        let place = u32::try_from(self.lines.len()).map_err(|_| "is one too many")?;
        let last = &mut self.last[name as usize];
        let refers = last.answer;
        let (kind, changed) = match said.what {
            SaidWhat::Response(text) => {
                let changed = last.text != text.as_bytes();
                if changed {
                    last.text.clear();
                    last.text.extend(text.as_bytes());
                }
                last.answer = Some(place);
                (Kind::Response, changed || last.faulty)
            }
            SaidWhat::Unchanged if refers.is_none() => return Err(NOTHING_BEFORE.into()),
            SaidWhat::Unchanged if said.task.is_some() => (Kind::UnchangedWithTask, last.faulty),
            SaidWhat::Unchanged => (Kind::Unchanged, last.faulty),
            SaidWhat::Fault(_) => (Kind::Fault, !last.faulty),
        };
        last.faulty = kind == Kind::Fault;
        last.said = said.next.or(last.said);
        let before = last.at.replace(said.at);
        let apart = before.and_then(|before| Duration::try_from(said.at.duration_since(before)).ok());
        last.apart = last.apart.into_iter().chain(apart.filter(|apart| !apart.is_zero())).min();
        let next = last.said.map_or(Next::Apart(last.apart), Next::Said);
        let length = line.len() as u32;
        self.lines.push(Line { at: said.at, offset, length, number, name, kind, refers, changed, next });
        Ok(())
    }

    /// The place of an execution's name; `None` if it is none.
    fn name(&mut self, execution: &str) -> Option<u32> {
        if let Some(place) = self.known.get(execution) {
            return Some(*place);
        }
        let (arn, name): (_, Arc<str>) = (Arn::parse(execution).ok()?, execution.into());
        Some(self.named(name, arn))
    }

    fn named(&mut self, name: Arc<str>, arn: Arn) -> u32 {
        let place = self.names.len() as u32;
        self.known.insert(Arc::clone(&name), place);
        self.names.push((name, arn));
        self.last.push(Last::default());
        place
    }

    fn recording(self, store: Store, form: Form) -> Recording {
        let mut order: Vec<u32> = (0..self.lines.len() as u32).collect();
        // stable, so that lines of one moment stay as they are
        order.sort_by_key(|line| self.lines[*line as usize].at);
        let mut since: Vec<Option<Timestamp>> = vec![None; self.names.len()];
        let mut appeared = Vec::new();
        for line in order.iter().map(|line| &self.lines[*line as usize]) {
            let name = line.name as usize;
            if since[name].is_none() {
                since[name] = Some(line.at);
                appeared.push((name, line.at));
            }
        }
        // an execution of a task that was looked for before takes its place, as on the screen then
        let mut slots: Vec<(Arn, Slot)> = Vec::new();
        let mut places = vec![0; self.names.len()];
        for (name, since) in appeared {
            let arn = &self.names[name].1;
            let known = slots.iter().position(|(newest, _)| newest.covers(arn));
            let known = known.or_else(|| slots.iter().position(|(newest, _)| arn.covers(newest)));
            places[name] = known.unwrap_or(slots.len());
            match known {
                Some(place) if slots[place].0.covers(arn) => slots[place].0 = arn.clone(),
                Some(_) => {}
                None => slots.push((arn.clone(), Slot { arn: arn.clone(), since })),
            }
        }
        let names = self.names.into_iter().zip(places);
        Recording {
            store,
            form,
            lines: self.lines,
            order,
            names: names.map(|((execution, _), slot)| Name { execution, slot }).collect(),
            slots: slots.into_iter().map(|(_, slot)| slot).collect(),
            unread: self.unread,
        }
    }
}

/// Reads to the end of a line, and tells how far that was.
fn skip_line(input: &mut impl BufRead) -> io::Result<u64> {
    let mut skipped = 0;
    loop {
        let bytes = input.fill_buf()?;
        if bytes.is_empty() {
            return Ok(skipped);
        }
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(bytes.len(), |end| end + 1);
        input.consume(used);
        skipped += used as u64;
        if end.is_some() {
            return Ok(skipped);
        }
    }
}

#[cfg(test)]
mod tests;
