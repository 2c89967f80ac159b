//! What the throughput chart is of: bytes or files, and over which time.

use jiff::{SignedDuration, Timestamp};

/// What is charted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Bytes per second.
    Bytes,
    /// Files per second.
    Files,
}

/// The chart's ranges in seconds, all of them round.
const RANGES: [i64; 15] =
    [300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 259_200, 432_000, 604_800, 1_209_600];

/// The place in [`RANGES`] of the shortest range that holds the time watched.
fn fitting(watched: SignedDuration) -> usize {
    let holds = |range: &i64| *range >= watched.as_secs();
    RANGES.iter().position(holds).unwrap_or(RANGES.len())
}

/// What was chosen for the chart.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Chart {
    range: Option<usize>,
    measure: Option<Measure>,
    cursor: Option<Timestamp>,
}

/// Steps of the cursor from one end of the chart to the other.
const STEPS: i32 = 100;

impl Chart {
    /// The range that was chosen, in seconds; `None` for the one that fits the whole watch.
    pub fn range(&self) -> Option<i64> {
        self.range.and_then(|place| RANGES.get(place).copied())
    }

    /// `None` for whatever there is.
    pub fn measure(&self) -> Option<Measure> {
        self.measure
    }

    /// The moment whose value is read; `None` where none is.
    pub fn cursor(&self) -> Option<Timestamp> {
        self.cursor
    }

    /// Moves the cursor by so many steps, backwards below 0; it comes from the end of the chart, and leaves it there.
    pub fn step(&mut self, by: i32, begins: Timestamp, until: Timestamp) {
        let shown = until.duration_since(begins);
        let range = self.range().map_or(shown, SignedDuration::from_secs);
        let step = (range / STEPS).max(SignedDuration::from_secs(1));
        let moved = self.cursor.unwrap_or(until).checked_add(step * by).unwrap_or(until);
        let earliest = until.checked_sub(range).unwrap_or(begins).max(begins);
        self.cursor = Some(moved.max(earliest)).filter(|at| *at < until);
    }

    /// Takes the cursor away. False where there was none.
    pub fn leave(&mut self) -> bool {
        self.cursor.take().is_some()
    }

    /// Goes to a longer range, or below 0 to a shorter one. From the one that fits the time watched on there is
    /// only the whole watch.
    pub fn zoom(&mut self, by: isize, watched: SignedDuration) {
        let fitting = fitting(watched);
        self.range = match self.range.unwrap_or(fitting).checked_add_signed(by) {
            None => Some(0),
            Some(place) if place >= fitting => None,
            Some(place) => Some(place),
        };
    }

    /// Bytes in place of files, or files in place of bytes.
    pub fn switch(&mut self) {
        self.measure = match self.measure {
            None | Some(Measure::Bytes) => Some(Measure::Files),
            Some(Measure::Files) => Some(Measure::Bytes),
        };
    }
}
