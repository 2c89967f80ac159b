//! Reads the observations of a recording at any place of it.

use std::sync::{Arc, mpsc};

use super::{Form, Kind, Line, Next, Recording};
use crate::aws::{
    line::{Said, SaidWhat},
    observation::{Observation, Outcome},
    response::Response,
    task::Task,
};

/// Reads observations. It remembers the newest answers, as most lines say that nothing changed.
pub struct Cursor {
    recording: Arc<Recording>,
    text: Vec<u8>,
    /// For each name, the line of its newest answer, and the answer.
    answers: Vec<Option<(u32, Response)>>,
}

/// An observation, and the place of its execution.
pub type Observed = (usize, Observation);

/// The number of a line, and why it can't be read.
pub type Wrong = (u32, String);

impl Cursor {
    /// One that has read nothing yet.
    pub fn new(recording: Arc<Recording>) -> Self {
        let answers = vec![None; recording.names.len()];
        Self { recording, text: Vec::new(), answers }
    }

    /// The observation at a place in the order of time.
    ///
    /// # Errors
    /// The line holds no answer, or the file is not what it was.
    pub fn read(&mut self, place: usize) -> Result<Observed, Wrong> {
        let recording = Arc::clone(&self.recording);
        let number = recording.order[place];
        let line = &recording.lines[number as usize];
        let name = &recording.names[line.name as usize];
        let (outcome, task) = self.came(&recording, number, line).map_err(|why| (line.number, why))?;
        let is_over = matches!(&outcome, Outcome::Response(answer) if answer.snapshot().is_over());
        let next = match line.next {
            Next::Said(next) => next,
            Next::Apart(next) => next.filter(|_| !is_over),
        };
        let execution = Arc::clone(&name.execution);
        Ok((name.slot, Observation { execution, at: line.at, outcome, task: task.map(Arc::new), next }))
    }

    fn came(&mut self, recording: &Recording, number: u32, line: &Line) -> Result<(Outcome, Option<Task>), String> {
        match line.kind {
            Kind::Response => {
                let (answer, task) = self.answer(recording, number)?;
                Ok((Outcome::Response(answer), task))
            }
            Kind::Unchanged => Ok((Outcome::Response(self.referred(recording, line)?), None)),
            Kind::UnchangedWithTask => {
                let outcome = Outcome::Response(self.referred(recording, line)?);
                Ok((outcome, Said::by(self.text(recording, line)?)?.task))
            }
            Kind::Fault => {
                let said = Said::by(self.text(recording, line)?)?;
                match said.what {
                    SaidWhat::Fault(fault) => Ok((Outcome::Fault(fault), said.task)),
                    _ => Err(CHANGED.into()),
                }
            }
        }
    }

    /// The newest answer before a line that can be read.
    fn referred(&mut self, recording: &Recording, line: &Line) -> Result<Response, String> {
        let mut refers = line.refers;
        while let Some(place) = refers {
            if let Some((_, answer)) = self.answers[line.name as usize].as_ref().filter(|(known, _)| *known == place) {
                return Ok(answer.clone());
            }
            if let Ok((answer, _)) = self.answer(recording, place) {
                return Ok(answer);
            }
            refers = recording.lines[place as usize].refers;
        }
        Err(super::NOTHING_BEFORE.into())
    }

    /// The answer in a line, and what it says of the task.
    fn answer(&mut self, recording: &Recording, place: u32) -> Result<(Response, Option<Task>), String> {
        let line = &recording.lines[place as usize];
        let text = self.text(recording, line)?;
        let (answer, task) = match recording.form {
            Form::Answers => (Response::parse(text), None),
            Form::Lines => match Said::by(text)? {
                Said { what: SaidWhat::Response(response), task, .. } => (Response::parse(response), task),
                _ => return Err(CHANGED.into()),
            },
        };
        let answer = answer.map_err(|fault| format!("holds no answer: {}", fault.message))?;
        self.answers[line.name as usize] = Some((place, answer.clone()));
        Ok((answer, task))
    }

    fn text(&mut self, recording: &Recording, line: &Line) -> Result<&str, String> {
        recording.text(line, &mut self.text).map_err(|_| CHANGED)?;
        std::str::from_utf8(&self.text).map_err(|_| CHANGED.into())
    }
}

/// What is wrong with a line that was read before and can't be read again.
const CHANGED: &str = "is not what it was when the file was opened";

/// Observations that go through a channel at once.
const BATCH: usize = 256;

/// All observations in the order of time, read on a thread of their own. They end early where nobody takes them.
pub fn all(recording: Arc<Recording>) -> impl Iterator<Item = Result<Observed, Wrong>> {
    let (out, batches) = mpsc::sync_channel(16);
    std::thread::spawn(move || {
        let last = recording.count();
        let mut cursor = Cursor::new(recording);
        for first in (0..last).step_by(BATCH) {
            let batch: Vec<_> = (first..last.min(first + BATCH)).map(|place| cursor.read(place)).collect();
            if out.send(batch).is_err() {
                return;
            }
        }
    });
    batches.into_iter().flatten()
}
