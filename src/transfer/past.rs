//! What was seen of one execution: each observation folded in, nothing judged.

pub mod change;
pub mod habit;
pub mod motion;
pub mod phases;
pub mod pipeline;
pub mod rate_level;
pub mod refresh;
pub mod step_rates;
pub mod timeline;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use self::{
    motion::Motion,
    phases::{DurationsSeen, Phases},
    rate_level::RateLevel,
    refresh::Refresh,
    step_rates::StepRates,
    timeline::{Counters, Timeline},
};
use crate::aws::{
    applicability::Applicability,
    fault::Fault,
    observation::{Observation, Outcome},
    response::Response,
    snapshot::{Count, Mode, Snapshot, Status},
};

/// Totals that did not change for so long are settled.
const SETTLED: SignedDuration = SignedDuration::from_mins(2);
/// How long a refresh step may be that is not learned yet.
const LONGEST_STEP: SignedDuration = SignedDuration::from_mins(5);

/// All that was seen of an execution, bounded.
#[derive(Clone, Debug)]
pub struct Past {
    /// When the watch began.
    pub watched_since: Timestamp,
    /// When the newest poll came to its end, with a response or not; `None` before the first one.
    pub polled_at: Option<Timestamp>,
    /// How long after it the next poll comes; `None` if none does.
    pub next: Option<Duration>,
    /// Why the newest poll brought no response; `None` where it did.
    pub outage: Option<Outage>,
    /// The newest response; `None` before the first one.
    pub newest: Option<Newest>,
    /// The statuses, in order.
    pub phases: Phases,
    /// Bytes and files over time.
    pub timeline: Timeline,
    /// Items and failures of each step over time.
    pub step_rates: StepRates,
    /// The rate that it keeps to.
    pub rate_level: RateLevel,
    /// How each step of the pipeline moves.
    pub motion: Motion,
    /// How often the service refreshes counters and durations.
    pub refresh: Refresh,
    /// How often it refreshes counters: its durations may move more often.
    pub counter_refresh: Refresh,
    estimates_changed_at: Option<Timestamp>,
}

/// Polls in a row that brought no response.
#[derive(Clone, Debug, PartialEq)]
pub struct Outage {
    /// The newest reason.
    pub fault: Fault,
    /// When the first of them failed.
    pub since: Timestamp,
    /// How many they are, at least 1.
    pub times: u32,
}

/// The newest response and what follows from it alone.
#[derive(Clone, Debug)]
pub struct Newest {
    /// The response.
    pub response: Response,
    /// What its mode and its options say about the metrics.
    pub applicability: Applicability,
    /// When it came.
    pub at: Timestamp,
    /// Whether a gap in our sight lies before it: what changed meanwhile did so nobody knows when.
    pub after_gap: bool,
    /// When the first response of all came.
    pub first_at: Timestamp,
    /// How long after it the next poll was to come, before anything went wrong.
    pub next: Option<Duration>,
    /// The newest response before it that differs from it.
    pub before: Option<Response>,
    /// When any counter or duration last changed; `None` if no change was seen.
    pub pulse_at: Option<Timestamp>,
    /// When any counter last changed, whatever the durations did; `None` if no change was seen.
    pub counters_at: Option<Timestamp>,
    /// When the status last changed; `None` if no change was seen.
    pub status_at: Option<Timestamp>,
}

impl Past {
    /// Nothing seen yet.
    pub fn new(watched_since: Timestamp) -> Self {
        Self {
            watched_since,
            polled_at: None,
            next: None,
            outage: None,
            newest: None,
            phases: Phases::default(),
            timeline: Timeline::default(),
            step_rates: StepRates::default(),
            rate_level: RateLevel::default(),
            motion: Motion::default(),
            refresh: Refresh::default(),
            counter_refresh: Refresh::default(),
            estimates_changed_at: None,
        }
    }

    /// Folds one observation in.
    pub fn observe(&mut self, observation: &Observation) {
        self.polled_at = Some(observation.at);
        self.next = observation.next;
        let gap = self.gap();
        match &observation.outcome {
            Outcome::Response(response) => self.respond(response, observation.at, gap),
            Outcome::Fault(fault) => {
                let (since, times) =
                    self.outage.as_ref().map_or((observation.at, 0), |outage| (outage.since, outage.times));
                self.outage = Some(Outage { fault: fault.clone(), since, times: times.saturating_add(1) });
            }
        }
    }

    fn respond(&mut self, response: &Response, at: Timestamp, gap: SignedDuration) {
        self.outage = None;
        let (previous, snapshot) = (self.newest.take(), response.snapshot());
        let blind = previous.as_ref().is_some_and(|newest| at.duration_since(newest.at) > gap);
        let applicability = Applicability::of(snapshot);
        self.phases.observe(snapshot, at, gap);
        if let (Some(Count(bytes)), Some(Count(files))) = (snapshot.bytes_written, snapshot.files_transferred) {
            let clock = snapshot.result.as_ref().and_then(|result| result.total_duration).map(|total| total.0);
            self.timeline.observe(at, Counters { bytes, files, clock }, gap);
        }
        let lanes = pipeline::pipeline(snapshot, &applicability);
        self.step_rates.observe(at, &lanes, blind);
        self.motion.observe(at, &lanes, snapshot, &applicability, blind);
        let limit = snapshot.limit();
        if let Some(previous) = &previous {
            if previous.response.snapshot().limit() != limit {
                self.timeline.configured(at);
                self.rate_level = RateLevel::default();
                self.motion.configured();
            }
            let estimates = |s: &Snapshot| (s.estimated_bytes_to_transfer, s.estimated_files_to_transfer);
            if estimates(previous.response.snapshot()) != estimates(snapshot) {
                self.estimates_changed_at = Some(at);
            }
        }
        if blind {
            self.refresh.lost();
            self.counter_refresh.lost();
        }
        let is_new = previous.is_none();
        let newest =
            Newest { next: self.next, after_gap: blind, ..Newest::after(previous, response, applicability, at) };
        if newest.pulse_at == Some(at) {
            self.refresh.changed(at);
        }
        if is_new || newest.status_at == Some(at) {
            self.refresh.awaits(at);
            self.counter_refresh.awaits(at);
        }
        let moved = newest.counters_at == Some(at);
        self.newest = Some(newest);
        if moved {
            self.counter_refresh.changed(at);
            self.rate_level.observe(at, &self.timeline, limit);
        }
    }

    /// The newest response's data; `None` before the first one.
    pub fn snapshot(&self) -> Option<&Snapshot> {
        self.newest.as_ref().map(|newest| newest.response.snapshot())
    }

    /// Its status; `None` before there is one.
    pub fn status(&self) -> Option<Status> {
        self.snapshot()?.status()
    }

    /// What its mode and options say; before a response, as in Basic mode.
    pub fn applicability(&self) -> &Applicability {
        self.newest.as_ref().map_or(&Applicability::UNKNOWN, |newest| &newest.applicability)
    }

    /// The longest time between two responses that is still as planned, before or after the polling interval
    /// changed; beyond it lies a gap in our sight.
    fn gap(&self) -> SignedDuration {
        let next = self.next.and_then(|next| SignedDuration::try_from(next).ok()).unwrap_or_default();
        SignedDuration::from_secs(90).max(next.max(self.interval()).saturating_mul(4))
    }

    /// Forgets a fault of polls that ended long before `at`: what failed then says nothing of now.
    pub fn forget_old_outage(&mut self, at: Timestamp) {
        if self.polled_at.is_some_and(|polled| at.duration_since(polled) > self.gap()) {
            self.outage = None;
        }
    }

    /// How long after a response the next one was to come, before anything went wrong; 0 where nobody said.
    pub fn interval(&self) -> SignedDuration {
        let next = self.newest.as_ref().and_then(|newest| newest.next);
        next.and_then(|next| SignedDuration::try_from(next).ok()).unwrap_or_default()
    }

    /// How long no counter, no duration and no status had changed when the newest response came: since the first
    /// response where no change was seen. Time in which we did not see is not in it.
    pub fn unchanged_for(&self) -> SignedDuration {
        self.newest.as_ref().map(|newest| newest.since(newest.pulse_at.max(newest.status_at))).unwrap_or_default()
    }

    /// How long no counter and no status had changed when the newest response came, whatever the durations did.
    pub fn counters_unchanged_for(&self) -> SignedDuration {
        self.newest.as_ref().map(|newest| newest.since(newest.counters_at.max(newest.status_at))).unwrap_or_default()
    }

    /// Whether any counter was seen to change.
    pub fn was_seen_to_move(&self) -> bool {
        self.newest.as_ref().is_some_and(|newest| newest.counters_at.is_some())
    }

    /// Whether the totals may still grow: Enhanced mode lists while it transfers. They count as settled once
    /// they did not change for two minutes, and two refresh steps, while we looked.
    pub fn totals_grow(&self) -> bool {
        let Some(newest) = &self.newest else { return false };
        let running = matches!(
            newest.response.snapshot().status(),
            Some(Status::Launching | Status::Preparing | Status::Transferring | Status::Cancelling | Status::Other(_))
        );
        let step = self.refresh.usual().unwrap_or(LONGEST_STEP);
        let settled = newest.since(self.estimates_changed_at) >= SETTLED.max(step.saturating_mul(2));
        running && newest.applicability.mode != Mode::Basic && !settled
    }
}

impl Newest {
    fn after(previous: Option<Self>, response: &Response, applicability: Applicability, at: Timestamp) -> Self {
        let Some(previous) = previous else {
            return Self {
                response: response.clone(),
                applicability,
                at,
                after_gap: false,
                first_at: at,
                next: None,
                before: None,
                pulse_at: None,
                counters_at: None,
                status_at: None,
            };
        };
        let (old, new) = (previous.response.snapshot(), response.snapshot());
        let counters_moved = counters(old) != counters(new);
        let moved = counters_moved || durations(old) != durations(new);
        let same = previous.response.is_same(response);
        Self {
            applicability,
            at,
            after_gap: false,
            first_at: previous.first_at,
            next: None,
            pulse_at: if moved { Some(at) } else { previous.pulse_at },
            counters_at: if counters_moved { Some(at) } else { previous.counters_at },
            status_at: if old.status != new.status { Some(at) } else { previous.status_at },
            before: if same { previous.before } else { Some(previous.response) },
            response: response.clone(),
        }
    }

    /// From a change, or from the first response if none was seen, to the newest one.
    fn since(&self, change: Option<Timestamp>) -> SignedDuration {
        self.at.duration_since(change.unwrap_or(self.first_at)).max(SignedDuration::ZERO)
    }

    /// What we saw of the durations.
    pub fn durations(&self) -> DurationsSeen {
        DurationsSeen { since: self.pulse_at.unwrap_or(self.first_at), were_seen_to_move: self.pulse_at.is_some() }
    }
}

/// Everything that counts, to see whether anything moved.
fn counters(s: &Snapshot) -> impl PartialEq + use<'_> {
    (
        [
            s.estimated_files_to_transfer,
            s.estimated_folders_to_transfer,
            s.estimated_bytes_to_transfer,
            s.files_transferred,
            s.folders_transferred,
            s.bytes_written,
            s.bytes_transferred,
            s.bytes_compressed,
            s.files_deleted,
            s.folders_deleted,
            s.files_skipped,
            s.folders_skipped,
            s.files_verified,
            s.folders_verified,
            s.estimated_files_to_delete,
            s.estimated_folders_to_delete,
            s.files_prepared,
            s.folders_prepared,
        ],
        [&s.files_listed, &s.folders_listed],
        [&s.files_failed, &s.folders_failed],
    )
}

fn durations(snapshot: &Snapshot) -> Option<[Option<Count>; 4]> {
    let result = snapshot.result.as_ref()?;
    Some([result.prepare_duration, result.transfer_duration, result.verify_duration, result.total_duration])
}
