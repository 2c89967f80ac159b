//! The player of a replay: what the screen knows of it, and what it can be asked for.

use std::sync::Arc;

use jiff::Timestamp;

use crate::{
    keys::Control,
    model::{events::Tone, execution::Execution},
};

/// Seconds of the recording a second, from real time to two weeks in two minutes.
const SPEEDS: [f64; 12] = [1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 10_000.0];

/// How a replay stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Player {
    /// Whether time passes.
    pub plays: bool,
    /// Seconds of the recording a second.
    pub speed: f64,
    /// The first moment of the recording.
    pub begin: Timestamp,
    /// The last one.
    pub end: Timestamp,
    /// What happened, for each execution, as far as it was read.
    pub marks: Arc<Vec<Vec<Mark>>>,
    /// The share of the recording that was read for the marks; 1 once it was read to its end.
    pub read: f64,
    /// The lines that could not be read, in a sentence.
    pub unread: Option<Arc<str>>,
}

/// Something that happened, on the time axis of a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// When it was seen.
    pub at: Timestamp,
    /// How it is meant.
    pub tone: Tone,
}

/// The state of a replay at one moment.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The executions as they were then.
    pub executions: Vec<Execution>,
    /// How the replay stands.
    pub player: Player,
}

/// What a replay is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Command {
    /// What.
    pub control: Control,
    /// Whose changes and events are meant: the place among the executions.
    pub execution: usize,
}

/// The next speed above, or below.
pub fn beside(speed: f64, faster: bool) -> f64 {
    let next = if faster {
        SPEEDS.iter().find(|other| **other > speed)
    } else {
        SPEEDS.iter().rev().find(|other| **other < speed)
    };
    next.copied().unwrap_or(speed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_go_from_real_time_to_ten_thousand() {
        let ladder = |mut speed: f64, faster| {
            for _ in 0..20 {
                speed = beside(speed, faster);
            }
            speed
        };
        assert_eq!((ladder(60.0, true), ladder(60.0, false)), (10_000.0, 1.0));
        assert_eq!((beside(60.0, true), beside(61.0, true), beside(61.0, false)), (120.0, 120.0, 60.0));
        assert_eq!((beside(10_000.0, true), beside(1.0, false)), (10_000.0, 1.0));
    }
}
