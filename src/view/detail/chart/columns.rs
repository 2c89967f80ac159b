//! What each column of the chart shows: a rate, or which kind of nothing.

use jiff::{SignedDuration, Timestamp};

use super::window::Window;
use crate::transfer::{
    events::Kind,
    judge::health::{Finding, HealthState},
    past::timeline::Stretch,
    present::rates::Current,
    readout::Readout,
};

/// What is known of the time of a column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Column {
    /// So many bytes or files a second.
    Rate(f64),
    /// Polled, and no counter changed for longer than a pause between two refreshes.
    Stopped,
    /// Not polled, or polls brought no response.
    Unwatched,
    /// Nothing had begun, or what moved is not known yet.
    Empty,
}

/// A time in which nothing moved, or nobody looked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gap {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
    /// Whether it lasts.
    pub is_open: bool,
}

impl Gap {
    /// How long it is, or was.
    pub fn length(&self) -> SignedDuration {
        self.to.duration_since(self.from)
    }
}

/// The times without a rate.
#[derive(Debug, Default)]
pub struct Gaps {
    /// Polled, and nothing moved.
    pub stopped: Vec<Gap>,
    /// Not polled, or polled in vain.
    pub unwatched: Vec<Gap>,
}

impl Gaps {
    /// What the events tell of before, and the newest poll of now.
    pub fn of(readout: &Readout) -> Self {
        let mut gaps = Self::default();
        let mut stopped_since = None;
        for event in readout.events().iter() {
            let ago = |span: SignedDuration| event.at.checked_sub(span).unwrap_or(event.at);
            match &event.kind {
                Kind::PollRecovered(after) | Kind::WatchResumed(after) => {
                    gaps.unwatched.push(Gap { from: ago(*after), to: event.at, is_open: false });
                }
                Kind::Trouble(HealthState::Stalled, found) => stopped_since = Some(last_change(found, event.at)),
                Kind::Trouble(..) | Kind::Recovered(_) | Kind::Ended(_) => {
                    let closed = |from| Gap { from, to: event.at, is_open: false };
                    gaps.stopped.extend(stopped_since.take().map(closed));
                }
                _ => {}
            }
        }
        let Some(seen) = readout.responded_at() else { return gaps };
        let still = match readout.rate {
            Current::Still(span) => seen.checked_sub(span).ok(),
            _ => None,
        };
        let open = |from| Gap { from, to: seen, is_open: true };
        gaps.stopped.extend(still.or(stopped_since).map(open));
        if readout.outage().is_some() && !readout.is_over() {
            gaps.unwatched.push(Gap { from: seen, to: readout.at, is_open: true });
        }
        gaps
    }
}

fn last_change(found: &Finding, seen: Timestamp) -> Timestamp {
    match found {
        Finding::Stalled { last_change: Some(at), .. } | Finding::Idle { last_change: Some(at), .. } => *at,
        Finding::Stalled { unchanged_for, .. } | Finding::Idle { unchanged_for, .. } => {
            seen.checked_sub(*unchanged_for).unwrap_or(seen)
        }
        _ => seen,
    }
}

/// The columns of a window.
pub fn columns(readout: &Readout, window: &Window, gaps: &Gaps, amount: fn(&Stretch) -> i64) -> Vec<Column> {
    let rates = readout.timeline().parts(window.from, window.to, window.columns, amount);
    let mut columns: Vec<Column> = rates.into_iter().map(|rate| rate.map_or(Column::Empty, Column::Rate)).collect();
    for gap in &gaps.unwatched {
        for place in within(window, gap) {
            if let Some(column @ Column::Empty) = columns.get_mut(place) {
                *column = Column::Unwatched;
            }
        }
    }
    for gap in &gaps.stopped {
        if let Some(stopped) = columns.get_mut(within(window, gap)) {
            stopped.fill(Column::Stopped);
        }
    }
    columns
}

/// The columns of a gap: those that begin in it, and where it is over, end in it too.
pub fn within(window: &Window, gap: &Gap) -> std::ops::Range<usize> {
    if gap.to <= window.from || gap.from >= window.to {
        return 0..0;
    }
    let first = window.column(gap.from).map_or(0, |column| column + 1);
    let last = window.column(gap.to).map_or(window.columns, |column| column + usize::from(gap.is_open));
    first.min(last)..last
}
