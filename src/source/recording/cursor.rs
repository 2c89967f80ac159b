//! Reads the observations of a recording at any place of it.

use std::{
    ops::Range,
    sync::{Arc, mpsc},
    thread,
};

use super::Recording;
use crate::{
    aws::{
        line::{Line, LineOutcome, NOTHING_BEFORE},
        observation::{Observation, Outcome},
        response::Response,
        task::Task,
    },
    source::answers::entry::{Entry, Kind},
};

/// Reads observations. It remembers the newest responses, as most lines say that nothing changed.
pub struct Cursor {
    recording: Arc<Recording>,
    text: Vec<u8>,
    /// For each name, the entry of its newest response, and the response.
    responses: Vec<Option<(u32, Response)>>,
}

/// An observation, and the place of its execution.
pub type Observed = (usize, Observation);

/// The number of a line, and why it can't be read.
pub type Wrong = (u32, String);

impl Cursor {
    /// One that has read nothing yet.
    pub fn new(recording: Arc<Recording>) -> Self {
        let responses = vec![None; recording.names.len()];
        Self { recording, text: Vec::new(), responses }
    }

    /// The observation at a place in the order of time.
    ///
    /// # Errors
    /// There is no response in it, or the file is not what it was.
    pub fn read(&mut self, place: usize) -> Result<Observed, Wrong> {
        let recording = Arc::clone(&self.recording);
        let number = recording.order[place];
        let entry = &recording.entries[number as usize];
        let name = &recording.names[entry.name as usize];
        let (outcome, task) = self.came(&recording, number, entry).map_err(|why| (entry.number, why))?;
        let next = entry.next.after(&outcome);
        let execution = Arc::clone(&name.execution);
        Ok((name.slot, Observation { execution, at: entry.at, outcome, task: task.map(Arc::new), next }))
    }

    fn came(&mut self, recording: &Recording, number: u32, entry: &Entry) -> Result<(Outcome, Option<Task>), String> {
        match entry.kind {
            Kind::Bare | Kind::Response => {
                let (response, task) = self.response(recording, number)?;
                Ok((Outcome::Response(response), task))
            }
            Kind::Unchanged => Ok((Outcome::Response(self.referred(recording, entry)?), None)),
            Kind::UnchangedWithTask => {
                let outcome = Outcome::Response(self.referred(recording, entry)?);
                Ok((outcome, Line::parse(self.text(recording, entry)?)?.task))
            }
            Kind::Fault => {
                let line = Line::parse(self.text(recording, entry)?)?;
                match line.outcome {
                    LineOutcome::Fault(fault) => Ok((Outcome::Fault(fault), line.task)),
                    _ => Err(CHANGED.into()),
                }
            }
        }
    }

    /// The newest response before an entry that can be read.
    fn referred(&mut self, recording: &Recording, entry: &Entry) -> Result<Response, String> {
        let mut refers = entry.refers;
        while let Some(place) = refers {
            let known = self.responses[entry.name as usize].as_ref().filter(|(known, _)| *known == place);
            if let Some((_, response)) = known {
                return Ok(response.clone());
            }
            if let Ok((response, _)) = self.response(recording, place) {
                return Ok(response);
            }
            refers = recording.entries[place as usize].refers;
        }
        Err(NOTHING_BEFORE.into())
    }

    /// The response in an entry, and what it says of the task.
    fn response(&mut self, recording: &Recording, place: u32) -> Result<(Response, Option<Task>), String> {
        let entry = &recording.entries[place as usize];
        let text = self.text(recording, entry)?;
        let (response, task) = if entry.kind == Kind::Bare {
            (Response::parse(text), None)
        } else {
            match Line::parse(text)? {
                Line { outcome: LineOutcome::Response(response), task, .. } => (Response::parse(response), task),
                _ => return Err(CHANGED.into()),
            }
        };
        let response = response.map_err(|fault| format!("holds no response: {}", fault.message))?;
        self.responses[entry.name as usize] = Some((place, response.clone()));
        Ok((response, task))
    }

    fn text(&mut self, recording: &Recording, entry: &Entry) -> Result<&str, String> {
        recording.store.read(entry.offset, entry.length, &mut self.text).map_err(|_| CHANGED)?;
        std::str::from_utf8(&self.text).map_err(|_| CHANGED.into())
    }
}

/// What is wrong with a line that was read before and can't be read again.
const CHANGED: &str = "is not what it was when the file was opened";

/// Observations that go through a channel at once.
const BATCH: usize = 256;

/// The observations of all executions, or of one, in the order of time, read on a thread of their own. They end early
/// where nobody takes them.
pub fn all(recording: &Arc<Recording>, slot: Option<usize>) -> impl Iterator<Item = Result<Observed, Wrong>> {
    let (out, batches) = mpsc::sync_channel(16);
    let (mut cursor, places) = (Cursor::new(Arc::clone(recording)), 0..recording.count());
    let reading = thread::Builder::new().spawn({
        let places = places.clone();
        move || {
            for first in places.clone().step_by(BATCH) {
                let batch: Vec<_> = cursor.some(first..places.end.min(first + BATCH), slot).collect();
                if out.send(batch).is_err() {
                    return;
                }
            }
        }
    });
    // where there is no thread to be had, they are read by the one who takes them
    let mut own = reading.is_err().then(|| (Cursor::new(Arc::clone(recording)), places.step_by(BATCH)));
    let last = recording.count();
    let rest = std::iter::from_fn(move || {
        let (cursor, firsts) = own.as_mut()?;
        let first = firsts.next()?;
        Some(cursor.some(first..last.min(first + BATCH), slot).collect::<Vec<_>>())
    });
    batches.into_iter().chain(rest).flatten()
}

impl Cursor {
    /// Those at some places that are of one execution, or of any.
    fn some(&mut self, places: Range<usize>, slot: Option<usize>) -> impl Iterator<Item = Result<Observed, Wrong>> {
        places.filter_map(move |place| {
            let entry = &self.recording.entries[self.recording.order[place] as usize];
            let is_wanted = slot.is_none_or(|slot| self.recording.names[entry.name as usize].slot == slot);
            is_wanted.then(|| self.read(place))
        })
    }
}
