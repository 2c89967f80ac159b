//! What happened to a transfer, and when we saw it: found by comparing what was seen before a poll and after it.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use super::{
    judge::{
        health::{Finding, Health, HealthState},
        outcome::Outcome,
    },
    past::{
        Outage, Past,
        pipeline::{self, Step},
        rate_level::Level,
    },
    present::progress,
    severity::Severity,
};
use crate::aws::{
    applicability::Metric,
    fault::{Fault, FaultKind},
    response::Response,
    snapshot::{Count, Snapshot, Status},
};

/// Events kept; the oldest go first.
const KEPT: usize = 500;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When it was seen.
    pub at: Timestamp,
    /// What it was.
    pub kind: Kind,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A poll brought no response, for another reason than the one before it.
    PollFailed(Fault),
    /// Polls bring responses again, after so long.
    PollRecovered(SignedDuration),
    /// Nobody polled for so long: the program did not run, or the machine slept.
    WatchResumed(SignedDuration),
    /// The first response had this status.
    FirstPoll(Status),
    /// The status changed.
    Status {
        /// The status before.
        from: Status,
        /// The new one.
        to: Status,
        /// How long the one before lasted; `None` where we did not see it begin and end.
        lasted: Option<SignedDuration>,
    },
    /// It ended.
    Ended(Outcome),
    /// The first bytes were written.
    FirstBytes,
    /// The first failures of a step.
    FirstFailures {
        /// The step.
        step: Step,
        /// How many they are already.
        count: i64,
    },
    /// So many items failed in all steps by now: 10, 100, 1,000, and so on.
    FailuresReached(i64),
    /// So many percent of the bytes are written.
    Passed(u8),
    /// The bandwidth limit changed, in bytes a second; `None` where it was removed.
    LimitChanged(Option<i64>),
    /// The byte estimate changed after it had stood.
    EstimateChanged {
        /// Bytes before.
        from: i64,
        /// Bytes now.
        to: i64,
    },
    /// Listing is finished: the totals no longer grow.
    ListingFinished {
        /// Files to transfer; `None` where that is not reported.
        files: Option<i64>,
        /// Bytes to transfer; `None` where that is not reported.
        bytes: Option<i64>,
    },
    /// The rate took on another level, in bytes a second.
    RateChanged {
        /// Before.
        from: f64,
        /// Since.
        to: f64,
    },
    /// Health turned into a trouble.
    Trouble(HealthState, Finding),
    /// A trouble is over.
    Recovered(HealthState),
    /// So many lines of its recording can't be read.
    LinesUnreadable(usize),
}

impl Kind {
    /// How serious it is.
    pub fn severity(&self) -> Severity {
        match self {
            // one missed response to throttling is the service's way of pacing us
            Self::PollFailed(fault) if fault.kind == FaultKind::Throttled => Severity::Info,
            Self::PollFailed(_) | Self::FirstFailures { .. } | Self::FailuresReached(_) => Severity::Warning,
            Self::Trouble(HealthState::Slow, _) => Severity::Warning,
            Self::Trouble(..) => Severity::Critical,
            Self::Recovered(_) | Self::Ended(Outcome::Success) => Severity::Ok,
            Self::Ended(Outcome::Failed | Outcome::VerifyMismatch | Outcome::Cancelled) => Severity::Critical,
            Self::Ended(_) => Severity::Warning,
            _ => Severity::Info,
        }
    }

    /// Whether it happened to us who watch, and not to the transfer.
    pub fn is_ours(&self) -> bool {
        matches!(self, Self::PollFailed(_) | Self::PollRecovered(_) | Self::WatchResumed(_) | Self::LinesUnreadable(_))
    }

    /// Whether it is worth a mark on the time axis.
    pub fn is_turn(&self) -> bool {
        match self {
            Self::PollFailed(fault) => fault.kind != FaultKind::Throttled,
            Self::PollRecovered(_)
            | Self::WatchResumed(_)
            | Self::FailuresReached(_)
            | Self::Passed(_)
            | Self::LimitChanged(_)
            | Self::EstimateChanged { .. }
            | Self::ListingFinished { .. }
            | Self::RateChanged { .. }
            | Self::LinesUnreadable(_) => false,
            _ => true,
        }
    }
}

/// What happened so far, oldest first, bounded.
#[derive(Clone, Debug, Default)]
pub struct Events {
    kept: VecDeque<Event>,
    total: usize,
    /// The most percent of the bytes that were told of; a total that grows again must not tell of them twice.
    passed: u8,
}

impl Events {
    /// Adds what happened. A share of the bytes that was passed before is no news.
    pub fn add(&mut self, at: Timestamp, kind: Kind) {
        if let Kind::Passed(percent) = kind {
            if percent <= self.passed {
                return;
            }
            self.passed = percent;
        }
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(Event { at, kind });
        self.total += 1;
    }

    /// How many happened, those that are not kept any more too.
    pub fn total(&self) -> usize {
        self.total
    }

    /// Those that are kept, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Event> + ExactSizeIterator {
        self.kept.iter()
    }
}

/// What was known before an observation, as far as it is compared with what is known after it.
#[derive(Debug)]
pub struct Before {
    response: Option<Response>,
    responded_at: Option<Timestamp>,
    outage: Option<Outage>,
    phase_since: Option<Timestamp>,
    totals_grow: bool,
    rate_level: Option<Level>,
}

impl Before {
    /// What is known now.
    pub fn of(past: &Past) -> Self {
        let newest = past.newest.as_ref();
        Self {
            response: newest.map(|newest| newest.response.clone()),
            responded_at: newest.map(|newest| newest.at),
            outage: past.outage.clone(),
            phase_since: past.phases.current_since(),
            totals_grow: past.totals_grow(),
            rate_level: past.rate_level.now(),
        }
    }

    /// What happened since, with the observation at `at`.
    pub fn compare(&self, past: &Past, at: Timestamp) -> Vec<Kind> {
        let mut found = Vec::new();
        if let Some(outage) = &past.outage {
            let same = self.outage.as_ref().is_some_and(|before| before.fault.kind == outage.fault.kind);
            return if same { found } else { vec![Kind::PollFailed(outage.fault.clone())] };
        }
        let Some(snapshot) = past.snapshot() else { return found };
        found.extend(self.sight(past, at));
        let old = self.response.as_ref().map(Response::snapshot);
        found.extend(self.status(old, past, snapshot, at));
        if let Some(old) = old {
            self.counters(old, past, snapshot, &mut found);
        }
        if self.totals_grow && !past.totals_grow() && past.status() == Some(Status::Transferring) {
            let files = progress::files(snapshot, past.applicability()).total;
            found.push(Kind::ListingFinished { files, bytes: progress::bytes(snapshot).total });
        }
        if let (Some(before), Some(level)) = (self.rate_level, past.rate_level.now())
            && before != level
        {
            found.push(Kind::RateChanged { from: before.rate, to: level.rate });
        }
        // whatever else its last response brought came before its end
        found.sort_by_key(|kind| matches!(kind, Kind::Ended(_)));
        found
    }

    fn sight(&self, past: &Past, at: Timestamp) -> Option<Kind> {
        if let Some(outage) = &self.outage {
            return Some(Kind::PollRecovered(at.duration_since(outage.since)));
        }
        let unseen = at.duration_since(self.responded_at?);
        past.newest.as_ref()?.after_gap.then_some(Kind::WatchResumed(unseen))
    }

    fn status(&self, old: Option<&Snapshot>, past: &Past, new: &Snapshot, at: Timestamp) -> Option<Kind> {
        let to = new.status()?;
        let from = old.and_then(Snapshot::status);
        if from.as_ref() == Some(&to) {
            return None;
        }
        let Some(from) = from else { return Some(Kind::FirstPoll(to)) };
        if let Some(outcome) = Outcome::of(new, past.applicability(), Some(&from)) {
            return Some(Kind::Ended(outcome));
        }
        // both its beginning and its end have to be known
        let since = self.phase_since.filter(|_| past.phases.current_since().is_some());
        Some(Kind::Status { from, to, lasted: since.map(|since| at.duration_since(since)) })
    }

    fn counters(&self, old: &Snapshot, past: &Past, new: &Snapshot, found: &mut Vec<Kind>) {
        if self.response.as_ref().zip(past.newest.as_ref()).is_some_and(|(old, new)| old.is_same(&new.response)) {
            return;
        }
        let above_zero = |count: Option<Count>| count.is_some_and(|count| count.0 > 0);
        if !above_zero(old.bytes_written) && above_zero(new.bytes_written) {
            found.push(Kind::FirstBytes);
        }
        if past.applicability().reports(Metric::Failures) {
            let first = first_failures(old, past, new);
            // the first ones of a step say how many they are
            let reached = milestone(old, new).filter(|_| first.is_empty());
            found.extend(first);
            found.extend(reached.map(Kind::FailuresReached));
        }
        for percent in [50, 90] {
            let share = f64::from(percent) / 100.0;
            let passed = |snapshot| progress::bytes(snapshot).fraction().is_some_and(|fraction| fraction >= share);
            // a share of what is listed so far tells nothing
            if passed(new) && !passed(old) && !new.is_over() && !past.totals_grow() {
                found.push(Kind::Passed(percent));
            }
        }
        if old.limit() != new.limit() {
            found.push(Kind::LimitChanged(new.limit()));
        }
        // While a list grows its totals change at every step; once they stood, a change is news.
        if let (false, Some(Count(from @ 1..)), Some(Count(to))) =
            (self.totals_grow, old.estimated_bytes_to_transfer, new.estimated_bytes_to_transfer)
            && from != to
        {
            found.push(Kind::EstimateChanged { from, to });
        }
    }
}

fn first_failures(old: &Snapshot, past: &Past, new: &Snapshot) -> Vec<Kind> {
    if pipeline::failures(new).unwrap_or(0) == 0 {
        return Vec::new();
    }
    let before = pipeline::pipeline(old, past.applicability());
    let after = pipeline::pipeline(new, past.applicability());
    let first = before.iter().zip(&after).filter_map(|(before, after)| {
        let (old, count) = (before.failed().unwrap_or(0), after.failed().unwrap_or(0));
        (old <= 0 && count > 0 && after.step.can_fail()).then_some(Kind::FirstFailures { step: after.step, count })
    });
    first.collect()
}

/// The highest of 10, 100, 1,000, … that the failures of all steps reached between two responses; `None` where they
/// reached none, and where they are the first, which are told apart.
fn milestone(old: &Snapshot, new: &Snapshot) -> Option<i64> {
    let (before, now) = (pipeline::failures(old).unwrap_or(0), pipeline::failures(new)?);
    if before <= 0 {
        return None;
    }
    let powers = std::iter::successors(Some(10_i64), |power| power.checked_mul(10));
    powers.take_while(|power| *power <= now).filter(|power| before < *power).last()
}

/// What a change of health means; `None` where it is no news.
pub fn of_health(before: Option<HealthState>, health: &Health) -> Option<Kind> {
    if before == Some(health.state) {
        return None;
    }
    match (&health.finding, before) {
        (Some(finding), _) if health.state.is_trouble() => Some(Kind::Trouble(health.state, finding.clone())),
        (_, Some(before)) if before.is_trouble() => Some(Kind::Recovered(before)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_first() {
        let mut events = Events::default();
        for n in 0..KEPT + 10 {
            events.add(Timestamp::UNIX_EPOCH, Kind::LinesUnreadable(n));
        }
        assert_eq!((events.iter().len(), events.total()), (KEPT, KEPT + 10));
        assert_eq!(events.iter().next().unwrap().kind, Kind::LinesUnreadable(10));
    }

    #[test]
    fn failures_have_milestones() {
        let failed = |count: i64| -> Snapshot {
            serde_json::from_str(&format!(r#"{{"FilesFailed":{{"Transfer":{count}}}}}"#)).unwrap()
        };
        for (before, now, reached) in [
            (0, 9, None),
            (0, 10, None),
            (1, 10, Some(10)),
            (10, 99, None),
            (9, 12_345, Some(10_000)),
            (12_345, 99_999, None),
            (500, 3, None),
            (1, i64::MAX, Some(1_000_000_000_000_000_000)),
        ] {
            assert_eq!(milestone(&failed(before), &failed(now)), reached, "{before} to {now}");
        }
    }

    #[test]
    fn an_end_that_is_not_whole_is_not_green() {
        for outcome in Outcome::ALL {
            let good = Kind::Ended(outcome).severity() == Severity::Ok;
            assert_eq!(good, outcome == Outcome::Success, "{outcome:?}");
        }
    }
}
