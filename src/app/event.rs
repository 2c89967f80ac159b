//! What happens to an app: what a source saw, what a person pressed, what a signal said, what became of a request.

use std::collections::HashMap;

use crossterm::event::KeyEvent;
use jiff::Timestamp;

use super::{exit::Exit, player::Frame};
use crate::{
    aws::observation::Observation,
    transfer::{execution::Execution, judge::estimate::EarlierRun},
};

/// Something that happened, and when.
#[derive(Clone, Debug)]
pub struct Event {
    /// The moment by the clock of whoever tells of it; in a replay, a frame's moment is one of the recording.
    pub at: Timestamp,
    /// What happened.
    pub what: EventKind,
}

impl Event {
    /// An observation, at its own moment.
    pub fn observed(observation: Observation) -> Self {
        Self { at: observation.at, what: EventKind::Observed(observation) }
    }

    /// A replay has reached this moment of its recording.
    pub fn replayed(at: Timestamp, frame: Frame) -> Self {
        Self { at, what: EventKind::Replayed(Box::new(frame)) }
    }

    /// A key was pressed.
    pub fn key(at: Timestamp, key: KeyEvent) -> Self {
        Self { at, what: EventKind::Key(key) }
    }

    /// A second passed.
    pub fn tick(at: Timestamp) -> Self {
        Self { at, what: EventKind::Tick }
    }
}

/// What can happen to an [`App`](crate::App).
#[derive(Clone, Debug)]
pub enum EventKind {
    /// A source polled an execution.
    Observed(Observation),
    /// What was watched of an execution before was read from its recording.
    Restored(Box<Execution>),
    /// What earlier runs did, by the id of their task.
    Remembered(HashMap<String, Vec<EarlierRun>>),
    /// Why recording stopped; `None` once it records again.
    Recording(Option<String>),
    /// A replay has reached this event's moment.
    Replayed(Box<Frame>),
    /// What became of a request, in a few words for the footer.
    Noted(String),
    /// A key was pressed.
    Key(KeyEvent),
    /// The terminal has another size, or lost what it showed.
    Resized,
    /// A second passed, by the wall clock even where the demo's clock runs faster.
    Tick,
    /// A signal asks the program to stop for a while.
    Suspend,
    /// The program was continued, in a terminal that others used meanwhile.
    Resume,
    /// A signal asks to print the current state.
    Show,
    /// A signal, or a timeout, ends the program.
    Stop(Exit),
}
