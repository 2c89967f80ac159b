//! All that is known of one transfer: each observation folded in.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};

use super::{
    events::{Events, Severity},
    judge::{
        estimate::{Estimate, Estimator, Reading, Stage, Unknown},
        health::{self, Health, HealthState},
    },
    past::{
        phases::{Phase, Phases},
        rate_level::RateLevel,
        refresh::Refresh,
        step_rates::StepRates,
        timeline::{Counters, Timeline},
    },
    present::progress::{self, Gauge, Lane, Step},
};
use crate::{
    aws::{
        applicability::{Applicability, Metric},
        arn::Arn,
        fault::{Fault, FaultKind},
        observation::{Observation, Outcome},
        response::Response,
        snapshot::{Count, Mode, Snapshot, Status},
        task::Task,
    },
    say::units,
};

/// One transfer, as far as it was observed.
#[derive(Clone, Debug)]
pub struct Execution {
    arn: Arn,
    /// The text of the ARN as observations carry it, once there was one.
    called: Option<Arc<str>>,
    task: Arc<Task>,
    watched_since: Timestamp,
    polled_at: Option<Timestamp>,
    next: Option<Duration>,
    outage: Option<Outage>,
    seen: Option<Seen>,
    phases: Phases,
    timeline: Timeline,
    step_rates: StepRates,
    rate_level: RateLevel,
    estimator: Estimator,
    refresh: Refresh,
    /// Health as it was judged when the newest answer came.
    judged: Option<HealthState>,
    events: Events,
    estimates_changed_at: Option<Timestamp>,
}

/// Why we do not see it at the moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Outage {
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
    answer: Response,
    applicability: Applicability,
    at: Timestamp,
    first_at: Timestamp,
    /// How long after it the next request was to come.
    next: Option<Duration>,
    /// The answer before this one that differed from it.
    before: Option<Response>,
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
            called: None,
            task: Arc::default(),
            watched_since: now,
            polled_at: None,
            next: None,
            outage: None,
            seen: None,
            phases: Phases::default(),
            timeline: Timeline::default(),
            step_rates: StepRates::default(),
            rate_level: RateLevel::default(),
            estimator: Estimator::default(),
            judged: None,
            refresh: Refresh::default(),
            events: Events::default(),
            estimates_changed_at: None,
        }
    }

    /// Folds one observation in.
    pub fn observe(&mut self, observation: &Observation) {
        if !self.is_called(&observation.execution)
            && let Ok(arn) = Arn::parse(&observation.execution)
            && self.arn.covers(&arn)
        {
            self.arn = arn;
            self.called = Some(Arc::clone(&observation.execution));
        }
        if let Some(task) = &observation.task {
            self.task = task.clone();
        }
        self.polled_at = Some(observation.at);
        self.next = observation.next;
        match &observation.outcome {
            Outcome::Response(answer) => self.answered(answer, observation.at),
            Outcome::Fault(fault) => self.failed_to_see(fault, observation.at),
        }
    }

    fn failed_to_see(&mut self, fault: &Fault, at: Timestamp) {
        if self.outage.as_ref().is_none_or(|outage| outage.fault.kind != fault.kind) {
            // Throttling is the service's way of pacing us, and one missed answer is no news.
            if fault.kind == FaultKind::Throttled {
                self.events.note(at, format!("no answer: {fault}"));
            } else {
                self.events.add(at, Severity::Warning, format!("no answer: {fault}"));
            }
        }
        let (since, times) = self.outage.as_ref().map_or((at, 0), |outage| (outage.since, outage.times));
        self.outage = Some(Outage { fault: fault.clone(), since, times: times.saturating_add(1) });
    }

    fn answered(&mut self, answer: &Response, at: Timestamp) {
        let sight_lost = self.expected_gap();
        let unseen = self.seen.as_ref().map(|seen| at.duration_since(seen.at)).filter(|unseen| *unseen > sight_lost);
        if let Some(outage) = self.outage.take() {
            let blind = units::duration(at.duration_since(outage.since));
            self.events.note(at, format!("answers again, after {blind}"));
        } else if let Some(unseen) = unseen {
            // Nobody asked: the program did not run, or the machine slept.
            self.events.note(at, format!("watched again, after {}", units::duration(unseen)));
        }
        let snapshot = answer.snapshot();
        let grew = self.totals_grow();
        let previous = self.seen.take();
        let old_status = previous.as_ref().and_then(|seen| seen.answer.snapshot().status());
        let queued = self.phases.current_since();
        if self.phases.observe(snapshot, at, sight_lost) {
            let seen_begin = queued.filter(|_| self.phases.current_since().is_some());
            self.status_event(old_status.as_ref(), snapshot, seen_begin, at);
        }
        let applicability = Applicability::of(snapshot);
        if let (Some(Count(bytes)), Some(Count(files))) = (snapshot.bytes_written, snapshot.files_transferred) {
            let clock = snapshot.result.as_ref().and_then(|result| result.total_duration).map(|total| total.0);
            self.timeline.observe(at, Counters { bytes, files, clock }, sight_lost);
        }
        if let Some(previous) = previous.as_ref().filter(|previous| !previous.answer.is_same(answer)) {
            self.counter_events(previous.answer.snapshot(), snapshot, &applicability, grew, at);
        }
        self.step_rates.observe(at, &progress::pipeline(snapshot, &applicability), unseen.is_some());
        if unseen.is_some() {
            self.refresh.lost();
        }
        let seen = Seen::after(previous, answer, applicability, at);
        if seen.pulse_at == Some(at) {
            self.refresh.changed(at);
        }
        let moved = seen.counters_at == Some(at);
        self.seen = Some(Seen { next: self.next, ..seen });
        if grew && !self.totals_grow() && self.status() == Some(Status::Transferring) {
            self.listed_event(at);
        }
        self.estimator.observe(&self.reading(snapshot, at, unseen.is_some()));
        if moved && let Some(before) = self.rate_level.observe(at, &self.timeline) {
            self.regime_event(before.rate, at);
        }
        self.health_event(at);
    }

    fn reading(&self, snapshot: &Snapshot, at: Timestamp, after_gap: bool) -> Reading {
        let number = |count: Option<Count>| count.map(|count| count.0);
        let files = progress::files(snapshot, self.applicability());
        Reading {
            at,
            stage: match snapshot.status() {
                Some(Status::Preparing) => Stage::Preparing,
                Some(Status::Transferring) => Stage::Transferring,
                Some(Status::Verifying) => Stage::Verifying,
                Some(Status::Cancelling) => Stage::Cancelling,
                Some(Status::Success | Status::Error) => Stage::Over,
                _ => Stage::Before,
            },
            bytes_done: number(snapshot.bytes_written),
            bytes_total: number(snapshot.estimated_bytes_to_transfer),
            files_done: files.done,
            files_total: files.total,
            totals_grow: self.totals_grow(),
            limit: snapshot.limit().filter(|_| self.applicability().reports(Metric::BandwidthLimit)),
            clock: snapshot.result.as_ref().and_then(|result| number(result.total_duration)),
            step: self.step(),
            after_gap,
        }
    }

    fn listed_event(&mut self, at: Timestamp) {
        let totals = [
            self.files().total.map(|files| format!("{} files", units::count(files))),
            self.bytes().total.map(units::bytes),
        ];
        let totals: Vec<String> = totals.into_iter().flatten().collect();
        self.events.note(at, format!("the list is complete: {} to transfer", totals.join(", ")));
    }

    fn regime_event(&mut self, before: f64, at: Timestamp) {
        if let Some(now) = self.rate_level.now() {
            let rates = (units::byte_rate(before), units::byte_rate(now.rate));
            self.events.note(at, format!("rate changed from {} to {}", rates.0, rates.1));
        }
    }

    /// What health became since the answer before: troubles that begin, and those that end.
    fn health_event(&mut self, at: Timestamp) {
        let health = self.health(at);
        let before = self.judged.replace(health.state);
        if before == Some(health.state) || self.is_over() {
            return;
        }
        let troubled =
            |state: HealthState| matches!(state, HealthState::Stalled | HealthState::Slow | HealthState::Failing);
        if troubled(health.state) {
            let reason = health.reasons.first().map(|reason| reason.trim_end_matches('.')).unwrap_or_default();
            self.events.add(at, health.tone, format!("{}: {reason}", health.state.as_str()));
        } else if let Some(before) = before.filter(|before| troubled(*before)) {
            let word = if before == HealthState::Stalled {
                "moves again".to_owned()
            } else {
                format!("no longer {}", before.as_str())
            };
            self.events.add(at, Severity::Ok, word);
        }
    }

    fn status_event(&mut self, old: Option<&Status>, new: &Snapshot, old_since: Option<Timestamp>, at: Timestamp) {
        let Some(status) = new.status() else { return };
        let lasted = old_since.map(|since| units::duration(at.duration_since(since)));
        let (tone, text) = match (old, &status) {
            (None, _) => (Severity::Info, format!("first seen: {status}")),
            (Some(Status::Queued), Status::Launching) => {
                let after = lasted.map(|lasted| format!(", after {lasted} in the queue"));
                (Severity::Info, format!("launching{}", after.unwrap_or_default()))
            }
            (Some(_), Status::Success) => (Severity::Ok, "ended with SUCCESS".into()),
            (Some(_), Status::Error) => (Severity::Critical, "ended with ERROR".into()),
            (Some(old), _) => {
                let after = lasted.map(|lasted| format!(", after {lasted} of {}", old.as_str().to_lowercase()));
                (Severity::Info, format!("{}{}", status.as_str().to_lowercase(), after.unwrap_or_default()))
            }
        };
        self.events.add(at, tone, text);
    }

    fn counter_events(
        &mut self,
        old: &Snapshot,
        new: &Snapshot,
        applicability: &Applicability,
        grew: bool,
        at: Timestamp,
    ) {
        let above_zero = |count: Option<Count>| count.is_some_and(|count| count.0 > 0);
        if !above_zero(old.bytes_written) && above_zero(new.bytes_written) {
            self.events.add(at, Severity::Info, "first bytes written");
        }
        if applicability.reports(Metric::Failures) {
            let (before, after) = (progress::pipeline(old, applicability), progress::pipeline(new, applicability));
            for (before, after) in before.iter().zip(&after) {
                let (old, new) = (before.failed().unwrap_or(0), after.failed().unwrap_or(0));
                if let (true, Some(step)) = (old <= 0 && new > 0, after.step.failing()) {
                    let failures = if new == 1 {
                        "first failure".into()
                    } else {
                        format!("first failures, {} by now", units::count(new))
                    };
                    self.events.add(at, Severity::Warning, format!("{step}: {failures}"));
                }
            }
        }
        for (share, words) in [(0.5, "half of the bytes written"), (0.9, "90 % of the bytes written")] {
            let passed = |snapshot| progress::bytes(snapshot).fraction().is_some_and(|fraction| fraction >= share);
            if passed(new) && !passed(old) && !new.is_over() {
                self.events.note(at, words);
            }
        }
        if old.limit() != new.limit() {
            let words =
                new.limit().map_or("lifted".into(), |limit| format!("set to {}", units::byte_rate(limit as f64)));
            self.events.note(at, format!("bandwidth limit {words}"));
        }
        let estimates = |s: &Snapshot| (s.estimated_bytes_to_transfer, s.estimated_files_to_transfer);
        if estimates(old) != estimates(new) {
            // While a list grows its totals change at every step; once they stood, a change is news.
            if let (false, Some(Count(before @ 1..)), Some(Count(after))) =
                (grew, old.estimated_bytes_to_transfer, new.estimated_bytes_to_transfer)
                && before != after
            {
                let (before, after) = (units::bytes(before), units::bytes(after));
                self.events.note(at, format!("estimate changed from {before} to {after}"));
            }
            self.estimates_changed_at = Some(at);
        }
    }

    /// Whether observations of it carried this very text; one that does not may still be of it.
    pub fn is_called(&self, name: &Arc<str>) -> bool {
        self.called.as_ref().is_some_and(|called| Arc::ptr_eq(called, name) || called == name)
    }

    /// Notes that so many lines of its recording were of no use.
    pub fn unreadable(&mut self, lines: usize) {
        if let Some(at) = self.polled_at {
            let lines = if lines == 1 { "1 line".into() } else { format!("{} lines", units::count(lines as i64)) };
            self.events.note(at, format!("{lines} of the recording can't be read"));
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
    pub fn answer(&self) -> Option<&Response> {
        self.seen.as_ref().map(|seen| &seen.answer)
    }

    /// The answer before the newest that differed from it.
    pub fn response_before(&self) -> Option<&Response> {
        self.seen.as_ref()?.before.as_ref()
    }

    /// What the newest answer says.
    pub fn snapshot(&self) -> Option<&Snapshot> {
        self.answer().map(Response::snapshot)
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
    pub fn applicability(&self) -> &Applicability {
        const UNKNOWN: Applicability = Applicability {
            mode: Mode::Basic,
            verify: crate::aws::applicability::Verify::Unknown,
            everything: false,
            deletes: false,
        };
        self.seen.as_ref().map_or(&UNKNOWN, |seen| &seen.applicability)
    }

    /// When the newest answer came.
    pub fn responded_at(&self) -> Option<Timestamp> {
        self.seen.as_ref().map(|seen| seen.at)
    }

    /// When the newest request came to its end, answered or not.
    pub fn polled_at(&self) -> Option<Timestamp> {
        self.polled_at
    }

    /// How long after the newest request the next one comes; `None` if none does.
    pub fn next(&self) -> Option<Duration> {
        self.next
    }

    /// Why we do not see it; `None` while we do.
    pub fn fault(&self) -> Option<&Outage> {
        self.outage.as_ref()
    }

    /// When a counter last changed, whatever the durations did; `None` if none did while we looked.
    pub fn counters_changed_at(&self) -> Option<Timestamp> {
        self.seen.as_ref()?.counters_at
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

    /// The longest time between two answers that is still as planned, before or after the polling interval changed;
    /// beyond it lies a gap.
    pub fn expected_gap(&self) -> SignedDuration {
        let next = self.next.and_then(|next| SignedDuration::try_from(next).ok()).unwrap_or_default();
        SignedDuration::from_secs(90).max(next.max(self.answers_every()).saturating_mul(4))
    }

    /// How long after an answer the next one was to come, before anything went wrong.
    pub fn answers_every(&self) -> SignedDuration {
        let next = self.seen.as_ref().and_then(|seen| seen.next);
        next.and_then(|next| SignedDuration::try_from(next).ok()).unwrap_or_default()
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
        self.snapshot().map(|snapshot| progress::files(snapshot, self.applicability())).unwrap_or_default()
    }

    /// Whether the totals may still grow: Enhanced mode lists while it transfers. They count as settled once
    /// they did not change for two minutes, and two of the service's steps, while we looked; an unknown step may be
    /// as long as five minutes.
    pub fn totals_grow(&self) -> bool {
        let Some(seen) = &self.seen else { return false };
        let running = matches!(
            seen.answer.snapshot().status(),
            Some(Status::Launching | Status::Preparing | Status::Transferring | Status::Other(_))
        );
        let step = self.step().unwrap_or(SignedDuration::from_mins(5));
        let settles_after = SignedDuration::from_mins(2).max(step.saturating_mul(2));
        let settled = seen.since(self.estimates_changed_at) >= settles_after;
        running && seen.applicability.mode != Mode::Basic && !settled
    }

    /// The lanes of the Enhanced pipeline.
    pub fn pipeline(&self) -> Vec<Lane> {
        self.snapshot().map(|snapshot| progress::pipeline(snapshot, self.applicability())).unwrap_or_default()
    }

    /// The phases.
    pub fn rail(&self, now: Timestamp) -> Vec<Phase> {
        self.snapshot().map(|snapshot| self.phases.rail(snapshot, self.applicability(), now)).unwrap_or_default()
    }

    /// The phase before the one of now, if we saw it.
    pub fn previous_phase(&self) -> Option<&Status> {
        self.phases.previous()
    }

    /// The past.
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// When the transfer will have ended, as far as can be said at `at`.
    ///
    /// # Errors
    /// Why it can't be said.
    pub fn estimate(&self, at: Timestamp) -> Result<Estimate, Unknown> {
        self.estimator.estimate(at)
    }

    /// How the lanes step_rates.
    pub fn step_rates(&self) -> &StepRates {
        &self.step_rates
    }

    /// The rate that it keeps to.
    pub fn rate_level(&self) -> &RateLevel {
        &self.rate_level
    }

    /// How far apart the service's refreshes usually are; `None` before it was learned.
    pub fn step(&self) -> Option<SignedDuration> {
        self.refresh.usual()
    }

    /// The service's own average in bytes a second.
    pub fn average(&self) -> Option<f64> {
        progress::average(self.snapshot()?, self.applicability())
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
    fn after(previous: Option<Self>, answer: &Response, applicability: Applicability, at: Timestamp) -> Self {
        let Some(previous) = previous else {
            let (before, pulse_at, counters_at) = (None, None, None);
            let next = None;
            return Self {
                answer: answer.clone(),
                applicability,
                at,
                first_at: at,
                next,
                before,
                pulse_at,
                counters_at,
            };
        };
        let (old, new) = (previous.answer.snapshot(), answer.snapshot());
        let counters_moved = counters(old) != counters(new);
        let moved = counters_moved || durations(old) != durations(new);
        let same = previous.answer.is_same(answer);
        Self {
            applicability,
            at,
            first_at: previous.first_at,
            next: None,
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

#[cfg(test)]
pub mod tests {
    use super::*;

    pub const ARN: &str =
        "arn:aws:datasync:us-east-1:111122223333:task/task-0123456789abcdef0/execution/exec-0123456789abcdef0";

    /// Seconds after an arbitrary beginning.
    pub fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    /// An execution of which nothing is known, watched from second 0 on.
    pub fn unknown() -> Execution {
        Execution::new(Arn::parse(ARN).unwrap(), at(0))
    }

    /// An observation of an answer with these members.
    pub fn answer(second: i64, members: &str) -> Observation {
        observation(second, Outcome::Response(Response::parse(&format!("{{{members}}}")).unwrap()))
    }

    /// An observation of a fault.
    pub fn fault(second: i64, kind: FaultKind) -> Observation {
        observation(second, Outcome::Fault(Fault::new(kind, format!("it was {}", kind.as_str()))))
    }

    fn observation(second: i64, outcome: Outcome) -> Observation {
        Observation { execution: ARN.into(), at: at(second), outcome, task: None, next: Some(Duration::from_secs(5)) }
    }

    /// Folds answers of a status and other members, given for each second.
    pub fn watched(answers: impl IntoIterator<Item = (i64, String)>) -> Execution {
        let mut execution = unknown();
        for (second, members) in answers {
            execution.observe(&answer(second, &members));
        }
        execution
    }

    fn transferring(second: i64) -> (i64, String) {
        let step = second / 15;
        (
            second,
            format!(
                r#""Status":"TRANSFERRING","BytesWritten":{},"FilesTransferred":{},"EstimatedBytesToTransfer":100000"#,
                step * 1500,
                step * 3
            ),
        )
    }

    fn texts(execution: &Execution) -> Vec<&str> {
        execution.events().iter().map(|event| event.text.as_str()).collect()
    }

    #[test]
    fn the_last_good_answer_stays_with_its_age() {
        let mut execution = watched((0..=60).step_by(5).map(transferring));
        let before = execution.snapshot().cloned();
        execution.observe(&fault(65, FaultKind::Unreachable));
        execution.observe(&fault(70, FaultKind::Unreachable));
        assert_eq!(execution.snapshot().cloned(), before);
        assert_eq!(execution.responded_at(), Some(at(60)));
        assert_eq!(execution.polled_at(), Some(at(70)));
        let outage = execution.fault().unwrap();
        assert_eq!((outage.since, outage.times), (at(65), 2));
        execution.observe(&answer(75, &transferring(75).1));
        assert_eq!(execution.fault(), None);
        assert_eq!(
            texts(&execution)[2..],
            ["no answer: it was unreachable", "answers again, after 10s", "half of the bytes written"][..2]
        );
    }

    #[test]
    fn when_counters_moved_is_the_services_time_not_ours() {
        let execution = watched((0..=70).step_by(5).map(transferring));
        assert_eq!(execution.counters_changed_at(), Some(at(60)));
        assert_eq!(execution.unchanged_for(), SignedDuration::from_secs(10));
        let fresh = watched([transferring(7)]);
        assert_eq!(fresh.counters_changed_at(), None);
    }

    #[test]
    fn a_task_becomes_the_execution_that_was_found() {
        let task = Arn { execution: None, ..Arn::parse(ARN).unwrap() };
        let mut execution = Execution::new(task, at(0));
        execution.observe(&answer(1, r#""Status":"QUEUED""#));
        assert_eq!(execution.arn().to_string(), ARN);
    }

    #[test]
    fn events_tell_what_happened_once() {
        let execution = watched([
            (0, r#""Status":"QUEUED","StartTime":1800000000"#.to_owned()),
            (30, r#""Status":"LAUNCHING","StartTime":1800000000"#.to_owned()),
            (60, r#""Status":"TRANSFERRING","TaskMode":"ENHANCED","BytesWritten":0,"FilesFailed":{"Verify":0}"#.to_owned()),
            (90, r#""Status":"TRANSFERRING","TaskMode":"ENHANCED","BytesWritten":60,"EstimatedBytesToTransfer":100,"FilesFailed":{"Verify":2}"#.to_owned()),
            (120, r#""Status":"TRANSFERRING","TaskMode":"ENHANCED","BytesWritten":95,"EstimatedBytesToTransfer":100,"FilesFailed":{"Verify":3}"#.to_owned()),
            (150, r#""Status":"SUCCESS","TaskMode":"ENHANCED","BytesWritten":100,"EstimatedBytesToTransfer":100,"FilesFailed":{"Verify":3}"#.to_owned()),
        ]);
        assert_eq!(
            texts(&execution),
            [
                "first seen: QUEUED",
                "launching, after 30s in the queue",
                "transferring, after 30s of launching",
                "first bytes written",
                "verify: first failures, 2 by now",
                "half of the bytes written",
                "90 % of the bytes written",
                "ended with SUCCESS",
            ]
        );
    }

    #[test]
    fn totals_that_stopped_growing_are_totals() {
        let answers = |until: i64| {
            (0..=until).step_by(5).map(|second| {
                let total = second.min(60) * 1000;
                (second, format!(r#""Status":"TRANSFERRING","TaskMode":"ENHANCED","EstimatedBytesToTransfer":{total},"EstimatedFilesToTransfer":5"#))
            })
        };
        assert!(watched(answers(60)).totals_grow());
        assert!(watched(answers(170)).totals_grow());
        assert!(!watched(answers(200)).totals_grow());
        let basic =
            watched([(0, r#""Status":"TRANSFERRING""#.to_owned()), (5, r#""Status":"TRANSFERRING""#.to_owned())]);
        assert!(!basic.totals_grow());
    }

    #[test]
    fn an_answer_that_comes_twice_changes_nothing() {
        let mut execution = watched((0..=60).step_by(5).map(transferring));
        let before =
            (execution.counters_changed_at(), execution.timeline().byte_rate(), execution.events().iter().len());
        execution.observe(&answer(60, &transferring(60).1));
        let after =
            (execution.counters_changed_at(), execution.timeline().byte_rate(), execution.events().iter().len());
        assert_eq!(before, after);
    }

    proptest::proptest! {
        /// Whatever the service answers, in whatever order, something can be said of it.
        #[test]
        fn any_sequence_of_answers_is_survived(
            answers in proptest::collection::vec(
                (
                    -50i64..100_000,
                    proptest::sample::select(vec!["QUEUED", "LAUNCHING", "PREPARING", "TRANSFERRING", "VERIFYING", "CANCELLING", "SUCCESS", "ERROR", "NEW"]),
                    proptest::sample::select(vec!["BASIC", "ENHANCED", "TURBO"]),
                    proptest::collection::vec(proptest::sample::select(vec![i64::MIN, -1, 0, 1, 7, 1 << 40, i64::MAX]), 12),
                ),
                1..20,
            )
        ) {
            let mut execution = unknown();
            for (second, status, mode, n) in answers {
                let members = format!(
                    r#""Status":"{status}","TaskMode":"{mode}","BytesWritten":{},"EstimatedBytesToTransfer":{},"FilesTransferred":{},
                    "EstimatedFilesToTransfer":{},"EstimatedFilesToDelete":{},"BytesTransferred":{},"BytesCompressed":{},"StartTime":{},
                    "Options":{{"PreserveDeletedFiles":"REMOVE","BytesPerSecond":{}}},"FilesFailed":{{"Verify":{},"Transfer":{}}},
                    "Result":{{"TotalDuration":{},"TransferDuration":{}}}"#,
                    n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8], n[9], n[10], n[11], n[0]
                );
                execution.observe(&answer(second, &members));
                let now = crate::say::sentences::Now { at: at(second + 3), zone: &jiff::tz::TimeZone::UTC };
                proptest::prop_assert!(!crate::say::sentences::headline(&execution, &now).is_empty());
                let _ = crate::say::sentences::statement(&execution, &now);
                let _ = execution.rail(now.at);
                for gauge in [execution.bytes(), execution.files()] {
                    proptest::prop_assert!(gauge.fraction().is_none_or(|fraction| (0.0..=1.0).contains(&fraction)));
                }
                proptest::prop_assert!(execution.timeline().byte_rate().is_none_or(|rate| rate.per_second >= 0.0));
            }
        }
    }
}
