//! All that is true of one execution at a moment, judged once: the one thing that every end reads.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{
    events::Events,
    execution::Execution,
    judge::{
        advice::{self, Advice, Agents, Log},
        bottleneck::Bottleneck,
        estimate::{Estimate, Unknown},
        health::{Finding, Health, failing},
        outcome::Outcome,
    },
    past::{
        Outage,
        phases::{Age, Phase},
        pipeline::{self, Lane, Step},
        step_rates::Trend,
        timeline::Timeline,
    },
    present::{
        progress::{self, Ending, Gauge},
        rates::{self, Current},
    },
};
use crate::aws::{
    applicability::{Applicability, Metric},
    arn::Arn,
    response::Response,
    snapshot::{Snapshot, Status},
    task::Task,
};

/// All that is true of one execution at a moment.
#[derive(Clone, Debug)]
pub struct Readout<'a> {
    execution: &'a Execution,
    /// The moment.
    pub at: Timestamp,
    /// The newest response's data; `None` before the first one.
    pub snapshot: Option<&'a Snapshot>,
    /// Its status; `None` where it says none.
    pub status: Option<Status>,
    /// How it ended; `None` while it runs.
    pub outcome: Option<Outcome>,
    /// The phases in their order.
    pub phases: Vec<Phase>,
    /// How long the running phase lasts; `None` where that is not known, and once it is over.
    pub phase_age: Option<Age>,
    /// How long it ran in all, or runs by now; `None` without times.
    pub elapsed: Option<SignedDuration>,
    /// Bytes written against the estimate.
    pub bytes: Gauge,
    /// Files transferred against the estimate.
    pub files: Gauge,
    /// Whether the totals may still grow.
    pub totals_grow: bool,
    /// How fast it is now.
    pub rate: Current,
    /// The average as in the console, in bytes a second; `None` before there is one.
    pub average: Option<f64>,
    /// When the transfer will have ended, or why that is not known.
    pub estimate: Result<Estimate, Unknown>,
    /// The steps of the pipeline, those too that do not apply; none before a response.
    pub lanes: Vec<Lane>,
    /// Files and folders that failed in all steps; `None` where failures are not reported.
    pub failures: Option<i64>,
    /// Is it all right?
    pub health: Health,
    /// What decides the speed; `None` where the numbers tell nothing.
    pub bottleneck: Option<Bottleneck>,
    /// Whether its locations use agents.
    pub agents: Agents,
    /// What to check or do, the most useful first.
    pub advice: Vec<Advice>,
}

impl<'a> Readout<'a> {
    /// All that is true of an execution at `at`, the moment of the newest observation or a later one.
    pub fn of(execution: &'a Execution, at: Timestamp) -> Self {
        let (past, snapshot) = (execution.past(), execution.snapshot());
        let applicability = past.applicability();
        let status = past.status();
        let phase_age = execution.phase_age(at);
        let health = Health::of(past, phase_age, at);
        let stalled = health.transfer_stalled_for();
        let rate = match (Current::of(past, at), stalled) {
            // the counters of other steps may move on
            (Current::Still(_) | Current::Moving { .. }, Some(stalled)) if health.step().is_some() => {
                Current::Still(stalled)
            }
            (rate, _) => rate,
        };
        let bottleneck = Bottleneck::of(past, &rate, at);
        let advise = |snapshot| advice::advise(snapshot, execution.task(), &health, phase_age);
        Self {
            execution,
            at,
            snapshot,
            status,
            outcome: snapshot.and_then(|snapshot| Outcome::of(snapshot, applicability, past.phases.previous())),
            phase_age,
            elapsed: execution.elapsed(at),
            bytes: snapshot.map(progress::bytes).unwrap_or_default(),
            files: snapshot.map(|snapshot| progress::files(snapshot, applicability)).unwrap_or_default(),
            totals_grow: past.totals_grow(),
            rate,
            average: snapshot.and_then(|snapshot| progress::average(snapshot, applicability)),
            estimate: match (stalled, rate) {
                (Some(stalled), _) => Err(Unknown::Stalled(stalled)),
                (None, Current::Still(span)) if !past.was_seen_to_move() => Err(Unknown::Stalled(span)),
                _ => execution.estimator().estimate(at),
            },
            lanes: snapshot.map(|snapshot| pipeline::pipeline(snapshot, applicability)).unwrap_or_default(),
            failures: snapshot.and_then(pipeline::failures).filter(|_| applicability.reports(Metric::Failures)),
            agents: Agents::of(execution.task(), &applicability.mode),
            advice: snapshot.map(advise).unwrap_or_default(),
            phases: execution.phases(phase_age),
            health,
            bottleneck,
        }
    }

    /// Which transfer: its task alone, as long as no execution of it was found.
    pub fn arn(&self) -> &'a Arn {
        self.execution.arn()
    }

    /// What is known of the task.
    pub fn task(&self) -> &'a Task {
        self.execution.task()
    }

    /// What a person calls it.
    pub fn name(&self) -> &'a str {
        self.execution.name()
    }

    /// The newest response; `None` before the first one.
    pub fn response(&self) -> Option<&'a Response> {
        self.execution.response()
    }

    /// The newest response before it that differs from it.
    pub fn response_before(&self) -> Option<&'a Response> {
        self.execution.past().newest.as_ref()?.before.as_ref()
    }

    /// What mode and options say about the metrics.
    pub fn applicability(&self) -> &'a Applicability {
        self.execution.past().applicability()
    }

    /// The bandwidth limit in bytes a second; `None` where there is none, or where it does not apply.
    pub fn bandwidth_limit(&self) -> Option<i64> {
        progress::limit(self.snapshot?, self.applicability())
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        self.snapshot.is_some_and(Snapshot::is_over)
    }

    /// How a SUCCESS ended; `None` with any other status.
    pub fn ending(&self) -> Option<Ending> {
        progress::ending(self.snapshot?, self.applicability())
    }

    /// When the watch began.
    pub fn watched_since(&self) -> Timestamp {
        self.execution.watched_since()
    }

    /// When the newest poll came to its end, with a response or not.
    pub fn polled_at(&self) -> Option<Timestamp> {
        self.execution.past().polled_at
    }

    /// How long after it the next poll comes; `None` if none does.
    pub fn next(&self) -> Option<Duration> {
        self.execution.past().next
    }

    /// When the newest response came.
    pub fn responded_at(&self) -> Option<Timestamp> {
        self.execution.responded_at()
    }

    /// Why the newest poll brought no response; `None` where it did.
    pub fn outage(&self) -> Option<&'a Outage> {
        self.execution.past().outage.as_ref()
    }

    /// When a counter last changed; `None` if no change was seen.
    pub fn counters_changed_at(&self) -> Option<Timestamp> {
        self.execution.past().newest.as_ref()?.counters_at
    }

    /// How long no counter had changed when the newest response came.
    pub fn counters_unchanged_for(&self) -> SignedDuration {
        self.execution.past().counters_unchanged_for()
    }

    /// After how long without a change of any counter a watching or quiet one is called stalled; `None` where it is
    /// neither, or has no counters that would change.
    pub fn stalls_after(&self) -> Option<SignedDuration> {
        self.health.stalls_after(self.execution.past())
    }

    /// For how long it has at least been QUEUED, LAUNCHING, or in a status that nobody knows and in which nothing was
    /// written; `None` once it began, and where the newest poll failed.
    pub fn not_begun_for(&self) -> Option<SignedDuration> {
        let is_before = match self.status.as_ref()? {
            Status::Queued | Status::Launching => true,
            Status::Other(_) => self.bytes.done.is_none_or(|bytes| bytes <= 0),
            _ => false,
        };
        let newest = self.execution.past().newest.as_ref()?;
        let watched = newest.at.duration_since(newest.status_at.unwrap_or(newest.first_at));
        match self.phase_age.filter(|_| is_before && self.outage().is_none())? {
            Age::AtMost(_) => Some(watched),
            Age::Seen(span) | Age::Reported(span) | Age::AtLeast(span) => Some(span),
        }
    }

    /// The status before the one of now; `None` if we did not see it.
    pub fn previous_status(&self) -> Option<&'a Status> {
        self.execution.past().phases.previous()
    }

    /// Bytes and files over time.
    pub fn timeline(&self) -> &'a Timeline {
        &self.execution.past().timeline
    }

    /// What happened.
    pub fn events(&self) -> &'a Events {
        self.execution.events()
    }

    /// Items a second that come through a step now; `None` where none do, or it is not known.
    pub fn step_rate(&self, step: Step) -> Option<f64> {
        rates::of_step(self.execution.past(), step, self.at)
    }

    /// The failures of a step over time, in `parts` parts; `None` where it has none.
    pub fn failure_trend(&self, step: Step, parts: usize) -> Option<Trend> {
        self.execution.past().step_rates.trend(step, parts)
    }

    /// When failures of a step were first seen; `None` if they had begun before the watch.
    pub fn failing_since(&self, step: Step) -> Option<Timestamp> {
        self.execution.past().step_rates.began(step)
    }

    /// Failures of all steps an hour; `None` before ten minutes of the watch, and where they are not reported.
    pub fn failures_per_hour(&self) -> Option<f64> {
        if !self.applicability().reports(Metric::Failures) {
            return None;
        }
        pipeline::FLOW
            .into_iter()
            .filter_map(|step| self.execution.past().step_rates.per_hour(step))
            .reduce(|a, b| a + b)
    }

    /// Where its log is; `None` before the first response.
    pub fn log(&self) -> Option<Log> {
        Some(Log::of(self.snapshot?, self.task()))
    }

    /// Folders that could not be listed; `None` where there are none.
    pub fn unlisted_folders(&self) -> Option<i64> {
        let mut lanes = self.lanes.iter().filter(|lane| lane.not_applicable.is_none());
        lanes.find_map(failing::unlisted_folders)
    }

    /// Failures of all steps while it runs, where they are too few to be called failing, and their share of the items
    /// that were attempted, 0 to 1; `None` where there are none.
    pub fn some_failed(&self) -> Option<(i64, f64)> {
        let is_failing = matches!(self.health.finding, Some(Finding::Failing { .. }));
        let failed = self.failures.filter(|failed| *failed > 0 && !is_failing && !self.is_over())?;
        let told = self.lanes.iter().filter(|lane| lane.is_told());
        let attempted = |lane: &Lane| lane.done().unwrap_or(0).max(0).saturating_add(lane.failed().unwrap_or(0).max(0));
        let attempted = told.map(attempted).max().unwrap_or(0).max(failed);
        Some((failed, failed as f64 / attempted as f64))
    }

    /// The steps in which something failed, and how much.
    pub fn failed_steps(&self) -> impl Iterator<Item = (Step, i64)> {
        let failed = |lane: &Lane| Some((lane.step, lane.failed().filter(|failed| *failed > 0)?));
        self.lanes.iter().filter(|lane| lane.step.can_fail()).filter_map(failed)
    }
}
