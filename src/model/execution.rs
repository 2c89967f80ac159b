//! All that is known of one transfer: each observation folded in.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};

use super::{
    applies::{Figure, Terms},
    arn::Arn,
    events::{Events, Tone},
    fault::{Fault, FaultKind},
    health::{self, Health},
    observation::{Answer, Observation, Outcome, Task},
    phases::{Phase, Phases},
    progress::{self, Gauge, Lane, Step},
    snapshot::{Count, Mode, Snapshot, Status},
    timeline::Timeline,
    units,
};

/// One transfer, as far as it was observed.
#[derive(Clone, Debug)]
pub struct Execution {
    arn: Arn,
    task: Arc<Task>,
    watched_since: Timestamp,
    asked_at: Option<Timestamp>,
    next: Option<Duration>,
    sight: Option<Sight>,
    seen: Option<Seen>,
    phases: Phases,
    timeline: Timeline,
    events: Events,
    estimates_changed_at: Option<Timestamp>,
}

/// Why we do not see it at the moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Sight {
    /// The newest reason.
    pub fault: Fault,
    /// When the first request in a row failed.
    pub since: Timestamp,
    /// How many requests in a row failed.
    pub times: u32,
}

/// The newest answer and what follows from it alone.
#[derive(Clone, Debug)]
struct Seen {
    answer: Answer,
    terms: Terms,
    at: Timestamp,
    first_at: Timestamp,
    /// The answer before this one that differed from it.
    before: Option<Answer>,
    /// When any counter or duration last changed, if we saw it change.
    pulse_at: Option<Timestamp>,
    /// When any counter last changed, if we saw it change.
    counters_at: Option<Timestamp>,
}

impl Execution {
    /// A transfer of which nothing is known yet.
    pub fn new(arn: Arn, now: Timestamp) -> Self {
        Self {
            arn,
            task: Arc::default(),
            watched_since: now,
            asked_at: None,
            next: None,
            sight: None,
            seen: None,
            phases: Phases::default(),
            timeline: Timeline::default(),
            events: Events::default(),
            estimates_changed_at: None,
        }
    }

    /// Folds one observation in.
    pub fn observe(&mut self, observation: &Observation) {
        if let Ok(arn) = Arn::parse(&observation.execution)
            && self.arn.covers(&arn)
        {
            self.arn = arn;
        }
        if let Some(task) = &observation.task {
            self.task = task.clone();
        }
        self.asked_at = Some(observation.at);
        self.next = observation.next;
        match &observation.outcome {
            Outcome::Response(answer) => self.answered(answer, observation.at),
            Outcome::Fault(fault) => self.failed_to_see(fault, observation.at),
        }
    }

    fn failed_to_see(&mut self, fault: &Fault, at: Timestamp) {
        if self.sight.as_ref().is_none_or(|sight| sight.fault.kind != fault.kind) {
            // Throttling is the service's way of pacing us, and one missed answer is no news.
            let tone = if fault.kind == FaultKind::Throttled { Tone::Plain } else { Tone::Warning };
            self.events.add(at, tone, format!("no answer: {fault}"));
        }
        let (since, times) = self.sight.as_ref().map_or((at, 0), |sight| (sight.since, sight.times));
        self.sight = Some(Sight { fault: fault.clone(), since, times: times.saturating_add(1) });
    }

    fn answered(&mut self, answer: &Answer, at: Timestamp) {
        if let Some(sight) = self.sight.take() {
            let blind = units::duration(at.duration_since(sight.since));
            self.events.add(at, Tone::Plain, format!("answers again, after {blind}"));
        }
        let snapshot = answer.snapshot();
        let previous = self.seen.take();
        let old_status = previous.as_ref().and_then(|seen| seen.answer.snapshot().status());
        let queued = self.phases.current_since();
        if self.phases.observe(snapshot, at) {
            self.status_event(old_status.as_ref(), snapshot, queued, at);
        }
        let terms = Terms::of(snapshot);
        let sight_lost = self.expected_gap();
        if let (Some(Count(bytes)), Some(Count(files))) = (snapshot.bytes_written, snapshot.files_transferred) {
            self.timeline.observe(at, bytes, files, sight_lost);
        }
        if let Some(previous) = &previous {
            self.counter_events(previous.answer.snapshot(), snapshot, &terms, at);
        }
        self.seen = Some(Seen::after(previous, answer, terms, at));
    }

    fn status_event(&mut self, old: Option<&Status>, new: &Snapshot, old_since: Option<Timestamp>, at: Timestamp) {
        let Some(status) = new.status() else { return };
        let lasted = old_since.map(|since| units::duration(at.duration_since(since)));
        let (tone, text) = match (old, &status) {
            (None, _) => (Tone::Plain, format!("first seen: {status}")),
            (Some(Status::Queued), Status::Launching) => {
                let after = lasted.map(|lasted| format!(", after {lasted} in the queue"));
                (Tone::Plain, format!("launching{}", after.unwrap_or_default()))
            }
            (Some(_), Status::Success) => (Tone::Good, "ended with SUCCESS".into()),
            (Some(_), Status::Error) => (Tone::Alarm, "ended with ERROR".into()),
            (Some(old), _) => {
                let after = lasted.map(|lasted| format!(", after {lasted} of {}", old.as_str().to_lowercase()));
                (Tone::Plain, format!("{}{}", status.as_str().to_lowercase(), after.unwrap_or_default()))
            }
        };
        self.events.add(at, tone, text);
    }

    fn counter_events(&mut self, old: &Snapshot, new: &Snapshot, terms: &Terms, at: Timestamp) {
        let above_zero = |count: Option<Count>| count.is_some_and(|count| count.0 > 0);
        if !above_zero(old.bytes_written) && above_zero(new.bytes_written) {
            self.events.add(at, Tone::Plain, "first bytes written");
        }
        if terms.has(Figure::Failures) {
            let (before, after) = (progress::pipeline(old, terms), progress::pipeline(new, terms));
            for (before, after) in before.iter().zip(&after) {
                let (old, new) = (before.failed().unwrap_or(0), after.failed().unwrap_or(0));
                if let (true, Some(step)) = (old <= 0 && new > 0, after.step.failing()) {
                    let failures =
                        if new == 1 { "first failure".into() } else { format!("first failures, {new} by now") };
                    self.events.add(at, Tone::Warning, format!("{step}: {failures}"));
                }
            }
        }
        for (share, words) in [(0.5, "half of the bytes written"), (0.9, "90 % of the bytes written")] {
            let passed = |snapshot| progress::bytes(snapshot).fraction().is_some_and(|fraction| fraction >= share);
            if passed(new) && !passed(old) && !new.is_over() {
                self.events.add(at, Tone::Plain, words);
            }
        }
        if old.limit() != new.limit() {
            let words =
                new.limit().map_or("lifted".into(), |limit| format!("set to {}", units::byte_rate(limit as f64)));
            self.events.add(at, Tone::Plain, format!("bandwidth limit {words}"));
        }
        let estimates = |s: &Snapshot| (s.estimated_bytes_to_transfer, s.estimated_files_to_transfer);
        if estimates(old) != estimates(new) {
            self.estimates_changed_at = Some(at);
        }
    }

    /// Which transfer: its task alone, as long as no execution of it was found.
    pub fn arn(&self) -> &Arn {
        &self.arn
    }

    /// What is known of the task.
    pub fn task(&self) -> &Task {
        &self.task
    }

    /// When the watch began.
    pub fn watched_since(&self) -> Timestamp {
        self.watched_since
    }

    /// The newest answer.
    pub fn answer(&self) -> Option<&Answer> {
        self.seen.as_ref().map(|seen| &seen.answer)
    }

    /// The answer before the newest that differed from it.
    pub fn answer_before(&self) -> Option<&Answer> {
        self.seen.as_ref()?.before.as_ref()
    }

    /// What the newest answer says.
    pub fn snapshot(&self) -> Option<&Snapshot> {
        self.answer().map(Answer::snapshot)
    }

    /// The status of the newest answer.
    pub fn status(&self) -> Option<Status> {
        self.snapshot()?.status()
    }

    /// Whether the newest answer says that it is over.
    pub fn is_over(&self) -> bool {
        self.snapshot().is_some_and(Snapshot::is_over)
    }

    /// What it runs under; before an answer, what Basic mode has by default.
    pub fn terms(&self) -> &Terms {
        const UNKNOWN: Terms =
            Terms { mode: Mode::Basic, verify: super::applies::Verify::Unknown, everything: false, deletes: false };
        self.seen.as_ref().map_or(&UNKNOWN, |seen| &seen.terms)
    }

    /// When the newest answer came.
    pub fn answered_at(&self) -> Option<Timestamp> {
        self.seen.as_ref().map(|seen| seen.at)
    }

    /// When the newest request came to its end, answered or not.
    pub fn asked_at(&self) -> Option<Timestamp> {
        self.asked_at
    }

    /// How long after the newest request the next one comes; `None` if none does.
    pub fn next(&self) -> Option<Duration> {
        self.next
    }

    /// Why we do not see it; `None` while we do.
    pub fn fault(&self) -> Option<&Sight> {
        self.sight.as_ref()
    }

    /// When a counter or a duration last changed; `None` if none did while we looked.
    pub fn counters_changed_at(&self) -> Option<Timestamp> {
        self.seen.as_ref()?.pulse_at
    }

    /// How long no counter and no duration had changed when the newest answer came. Time in which we did not
    /// see is not in it.
    pub fn unchanged_for(&self) -> SignedDuration {
        self.seen.as_ref().map(|seen| seen.since(seen.pulse_at)).unwrap_or_default()
    }

    /// How long no counter had changed when the newest answer came, whatever the durations did.
    pub fn counters_unchanged_for(&self) -> SignedDuration {
        self.seen.as_ref().map(|seen| seen.since(seen.counters_at)).unwrap_or_default()
    }

    /// The longest time between two answers that is still as planned; beyond it lies a gap.
    pub fn expected_gap(&self) -> SignedDuration {
        let next = self.next.and_then(|next| SignedDuration::try_from(next).ok()).unwrap_or_default();
        SignedDuration::from_secs(90).max(next.checked_mul(4).unwrap_or(SignedDuration::MAX))
    }

    /// How long the phase of now lasts, as far as is known.
    pub fn phase_lasted(&self, now: Timestamp) -> Option<SignedDuration> {
        Some(now.duration_since(self.phases.current_seen_since()?).max(SignedDuration::ZERO))
    }

    /// How long it ran in all, or runs by now; `None` without times.
    pub fn elapsed(&self, now: Timestamp) -> Option<SignedDuration> {
        let snapshot = self.snapshot()?;
        if snapshot.is_over() {
            let total = snapshot.result.as_ref().and_then(|result| result.total_duration).filter(|total| total.0 > 0);
            let times = snapshot.end_time.zip(snapshot.launch_time.or(snapshot.start_time));
            return total
                .map(|total| SignedDuration::from_millis(total.0))
                .or(times.map(|(end, start)| end.0.duration_since(start.0)));
        }
        Some(now.duration_since(snapshot.start_time?.0).max(SignedDuration::ZERO))
    }

    /// Bytes written against the estimate.
    pub fn bytes(&self) -> Gauge {
        self.snapshot().map(progress::bytes).unwrap_or_default()
    }

    /// Files transferred against the estimate.
    pub fn files(&self) -> Gauge {
        self.snapshot().map(|snapshot| progress::files(snapshot, self.terms())).unwrap_or_default()
    }

    /// Whether the totals may still grow: Enhanced mode lists while it transfers. They count as settled once
    /// they did not change for two minutes while we looked.
    pub fn totals_grow(&self) -> bool {
        let Some(seen) = &self.seen else { return false };
        let running = matches!(
            seen.answer.snapshot().status(),
            Some(Status::Launching | Status::Preparing | Status::Transferring | Status::Other(_))
        );
        let settled = seen.since(self.estimates_changed_at) >= SignedDuration::from_mins(2);
        running && seen.terms.mode != Mode::Basic && !settled
    }

    /// The lanes of the Enhanced pipeline.
    pub fn pipeline(&self) -> Vec<Lane> {
        self.snapshot().map(|snapshot| progress::pipeline(snapshot, self.terms())).unwrap_or_default()
    }

    /// The phases.
    pub fn rail(&self, now: Timestamp) -> Vec<Phase> {
        self.snapshot().map(|snapshot| self.phases.rail(snapshot, self.terms(), now)).unwrap_or_default()
    }

    /// The phase before the one of now, if we saw it.
    pub fn previous_phase(&self) -> Option<&Status> {
        self.phases.previous()
    }

    /// The past.
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// The service's own average in bytes a second.
    pub fn average(&self) -> Option<f64> {
        progress::average(self.snapshot()?, self.terms())
    }

    /// What happened.
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// Is it all right?
    pub fn health(&self, now: Timestamp) -> Health {
        health::assess(self, now)
    }

    /// The number of failed items in a lane.
    pub fn failed_in(&self, step: Step) -> Option<i64> {
        self.pipeline().iter().find(|lane| lane.step == step)?.failed()
    }
}

impl Seen {
    fn after(previous: Option<Self>, answer: &Answer, terms: Terms, at: Timestamp) -> Self {
        let Some(previous) = previous else {
            let (before, pulse_at, counters_at) = (None, None, None);
            return Self { answer: answer.clone(), terms, at, first_at: at, before, pulse_at, counters_at };
        };
        let (old, new) = (previous.answer.snapshot(), answer.snapshot());
        let counters_moved = counters(old) != counters(new);
        let moved = counters_moved || durations(old) != durations(new);
        let same = previous.answer.verbatim() == answer.verbatim();
        Self {
            terms,
            at,
            first_at: previous.first_at,
            pulse_at: if moved { Some(at) } else { previous.pulse_at },
            counters_at: if counters_moved { Some(at) } else { previous.counters_at },
            before: if same { previous.before } else { Some(previous.answer) },
            answer: answer.clone(),
        }
    }

    /// From a change, or from the first look if none was seen, to the newest answer.
    fn since(&self, change: Option<Timestamp>) -> SignedDuration {
        self.at.duration_since(change.unwrap_or(self.first_at)).max(SignedDuration::ZERO)
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
