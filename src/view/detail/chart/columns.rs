//! What each column of the chart shows: a rate, or which kind of nothing.

use jiff::{SignedDuration, Timestamp};

use super::window::Window;
use crate::transfer::{
    events::Kind,
    judge::health::{Finding, HealthState},
    past::{pipeline::Step, timeline::Stretch},
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
                Kind::Trouble(HealthState::Stalled, found) => stopped_since = stopped(found, event.at),
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

/// Since when nothing was transferred by a stall that was seen at a moment; `None` where another step stalled.
fn stopped(found: &Finding, seen: Timestamp) -> Option<Timestamp> {
    let (Finding::Stalled { unchanged_for, last_change, .. }
    | Finding::Idle { unchanged_for, last_change }
    | Finding::StepStalled { step: Step::Transferred, unchanged_for, last_change, .. }) = found
    else {
        return None;
    };
    Some(last_change.or(seen.checked_sub(*unchanged_for).ok()).unwrap_or(seen))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::execution::tests::{at, watched};

    #[test]
    fn another_step_that_stalls_hides_no_rate() {
        // one of the steps stands from 20 minutes to 40
        let gaps = |stops: usize| {
            let execution = watched((0..=3000).step_by(15).map(|second| {
                let mut counts = [second * 4, second, second];
                let stood = if second < 2400 { second.min(1200) } else { second - 1200 };
                counts[stops..].iter_mut().for_each(|count| *count = stood);
                let [listed, transferred, verified] = counts;
                let members = format!(
                    r#""TaskMode":"ENHANCED","Options":{{"VerifyMode":"ONLY_FILES_TRANSFERRED"}},"Status":"TRANSFERRING",
                    "FilesSkipped":0,"FilesListed":{{"AtSource":{listed}}},"FilesPrepared":{listed},
                    "FilesTransferred":{transferred},"BytesWritten":{},"FilesVerified":{verified}"#,
                    transferred * 1000
                );
                (second, members)
            }));
            Gaps::of(&Readout::of(&execution, at(3000))).stopped
        };
        assert_eq!(gaps(2), []);
        let of_transfer = gaps(1);
        assert!(of_transfer.len() == 1 && of_transfer[0].from == at(1200), "{of_transfer:?}");
    }
}
