//! Is it all right? One word, and the finding behind it.

use jiff::{SignedDuration, Timestamp};

use super::outcome::Outcome;
use crate::{
    aws::{
        applicability::{Metric, Verify},
        fault::Fault,
        snapshot::{Mode, Snapshot, Status},
    },
    transfer::{
        past::{
            Past,
            phases::Age,
            pipeline::{self, Step},
            refresh,
        },
        present::{
            progress::{self, Ending},
            rates::is_blind,
        },
        severity::Severity,
    },
};

/// A word, how serious it is, and what it rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Health {
    /// The word.
    pub state: HealthState,
    /// How serious it is.
    pub severity: Severity,
    /// What was found; `None` where the word says it all.
    pub finding: Option<Finding>,
}

/// The words for an execution's health. Sight and transfer are judged apart: *blind* is said of us, not of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HealthState {
    /// On its way to moving data.
    Starting,
    /// In the queue, or launching for too long.
    Waiting,
    /// Counters change as they should.
    Healthy,
    /// Counters have not changed for longer than usual.
    Quiet,
    /// Far below its usual rate.
    Slow,
    /// Counters have stopped.
    Stalled,
    /// It moves, and much of it fails.
    Failing,
    /// We can't see it.
    Blind,
    /// Ended with SUCCESS, complete.
    Finished,
    /// Ended with SUCCESS, but incomplete.
    FinishedWithFailures,
    /// Ended with ERROR.
    Failed,
    /// Being cancelled.
    Cancelling,
    /// Ended by someone who cancelled it.
    Cancelled,
}

impl HealthState {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Starting,
        Self::Waiting,
        Self::Healthy,
        Self::Quiet,
        Self::Slow,
        Self::Stalled,
        Self::Failing,
        Self::Blind,
        Self::Finished,
        Self::FinishedWithFailures,
        Self::Failed,
        Self::Cancelling,
        Self::Cancelled,
    ];

    /// Whether someone should hear of it while it runs.
    pub fn is_trouble(self) -> bool {
        matches!(self, Self::Stalled | Self::Slow | Self::Failing)
    }

    /// How serious it is, as a rule.
    fn severity(self) -> Severity {
        match self {
            Self::Healthy | Self::Finished => Severity::Ok,
            Self::Starting | Self::Waiting | Self::Quiet | Self::Cancelling => Severity::Info,
            Self::Slow | Self::Blind | Self::FinishedWithFailures => Severity::Warning,
            Self::Stalled | Self::Failing | Self::Failed | Self::Cancelled => Severity::Critical,
        }
    }
}

/// What health rests on, with its numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    /// Polls bring no response.
    Unseen {
        /// How long since the newest response; `None` where none ever came.
        unseen_for: Option<SignedDuration>,
        /// Why.
        fault: Fault,
    },
    /// No counter changes any more.
    Stalled {
        /// How long no counter has changed.
        unchanged_for: SignedDuration,
        /// How often they usually change; `None` before it was learned.
        usual_step: Option<SignedDuration>,
        /// When one last changed; `None` if no change was seen.
        last_change: Option<Timestamp>,
    },
    /// Elapsed time advances, and no counter changes.
    Idle {
        /// How long no counter has changed.
        unchanged_for: SignedDuration,
        /// When one last changed; `None` if no change was seen.
        last_change: Option<Timestamp>,
    },
    /// No counter has changed for longer than usual.
    Quiet {
        /// How long.
        unchanged_for: SignedDuration,
        /// When one last changed; `None` if no change was seen.
        last_change: Option<Timestamp>,
    },
    /// The rate is far below the run's.
    Slow {
        /// Bytes a second over the window.
        rate: f64,
        /// Seconds that the rate was taken over.
        window: f64,
        /// The median of the run, in bytes a second.
        median: f64,
    },
    /// Much of what a step attempts fails.
    Failing {
        /// The step with the largest share.
        step: Step,
        /// Files and folders that failed there.
        failed: i64,
        /// Their share of those attempted, 0 to 1.
        share: f64,
        /// How many it will be at this pace; `None` where too little is done to say.
        by_the_end: Option<i64>,
        /// When failures of any step were first seen; `None` if they had begun before the watch.
        since: Option<Timestamp>,
    },
    /// LAUNCHING takes long.
    Launching(Age),
    /// It ended with SUCCESS, and not all that was expected was done.
    Incomplete(Ending),
    /// It ended with ERROR, and that is known to be less, or something else, than a failure of all.
    EndedIn(Outcome),
}

/// LAUNCHING for so long deserves a notice.
pub const LAUNCHING_LONG: SignedDuration = SignedDuration::from_mins(5);
/// LAUNCHING for so long deserves a warning.
pub const LAUNCHING_TOO_LONG: SignedDuration = SignedDuration::from_mins(15);
/// No response at all for so long: blind.
const BLIND_AT_LEAST: SignedDuration = SignedDuration::from_secs(60);
/// Fewer failures than this are not called failing.
const FAILING_AT_LEAST: i64 = 10;
/// The share of what was attempted from which on it is failing.
const FAILING_SHARE: f64 = 0.01;

impl Health {
    /// The health of an execution at a moment. `phase` is how long its status lasts.
    pub fn of(past: &Past, phase: Option<Age>, now: Timestamp) -> Self {
        let Some(snapshot) = past.snapshot() else {
            return without_a_response(past, now);
        };
        if let Some(ended) = ended(past, snapshot) {
            return ended;
        }
        if is_blind(past, now)
            && let Some(outage) = &past.outage
        {
            let unseen_for = past.newest.as_ref().map(|newest| now.duration_since(newest.at));
            return because(HealthState::Blind, Finding::Unseen { unseen_for, fault: outage.fault.clone() });
        }
        match snapshot.status() {
            Some(Status::Queued) => state(HealthState::Waiting),
            Some(Status::Cancelling) => state(HealthState::Cancelling),
            Some(Status::Preparing | Status::Transferring | Status::Verifying) => moving(past, snapshot),
            Some(Status::Other(_)) if snapshot.bytes_written.is_some_and(|bytes| bytes.0 > 0) => {
                // What may stand still in a step that nobody here knows, nobody here can tell.
                standing(past, snapshot).map_or(state(HealthState::Healthy), |_| state(HealthState::Quiet))
            }
            _ => launching(phase),
        }
    }
}

fn state(state: HealthState) -> Health {
    Health { state, severity: state.severity(), finding: None }
}

fn because(state: HealthState, finding: Finding) -> Health {
    Health { state, severity: state.severity(), finding: Some(finding) }
}

fn without_a_response(past: &Past, now: Timestamp) -> Health {
    match &past.outage {
        Some(outage) if now.duration_since(outage.since) >= BLIND_AT_LEAST || outage.fault.is_final() => {
            because(HealthState::Blind, Finding::Unseen { unseen_for: None, fault: outage.fault.clone() })
        }
        _ => state(HealthState::Starting),
    }
}

fn ended(past: &Past, snapshot: &Snapshot) -> Option<Health> {
    let outcome = Outcome::of(snapshot, past.applicability(), past.phases.previous())?;
    let ended = match outcome {
        Outcome::Success => state(HealthState::Finished),
        Outcome::Incomplete => {
            let ending = progress::ending(snapshot, past.applicability())?;
            because(HealthState::FinishedWithFailures, Finding::Incomplete(ending))
        }
        Outcome::Partial => {
            Health { severity: Severity::Warning, ..because(HealthState::Failed, Finding::EndedIn(outcome)) }
        }
        Outcome::VerifyMismatch => because(HealthState::Failed, Finding::EndedIn(outcome)),
        Outcome::Failed => state(HealthState::Failed),
        Outcome::Cancelled => state(HealthState::Cancelled),
    };
    // what was red while it ran does not turn amber at its end
    let was_failing = ended.severity == Severity::Warning && failing(past, snapshot).is_some();
    Some(if was_failing { Health { severity: Severity::Critical, ..ended } } else { ended })
}

fn launching(phase: Option<Age>) -> Health {
    let Some(age) = phase.filter(|age| age.span() >= LAUNCHING_LONG) else { return state(HealthState::Starting) };
    let severity = if age.span() >= LAUNCHING_TOO_LONG { Severity::Warning } else { Severity::Info };
    Health { severity, ..because(HealthState::Waiting, Finding::Launching(age)) }
}

fn moving(past: &Past, snapshot: &Snapshot) -> Health {
    if has_counters(past, snapshot)
        && let Some(standing) = standing(past, snapshot)
    {
        return standing;
    }
    if let Some(failing) = failing(past, snapshot) {
        return failing;
    }
    if snapshot.status() == Some(Status::Transferring)
        && let Some(slow) = slow(past)
    {
        return slow;
    }
    state(HealthState::Healthy)
}

/// Stalled or quiet, where nothing moves.
fn standing(past: &Past, snapshot: &Snapshot) -> Option<Health> {
    let usual_step = past.refresh.usual();
    let (unchanged, idle) = (past.unchanged_for(), past.counters_unchanged_for());
    let last_change = past.newest.as_ref().and_then(|newest| newest.counters_at);
    if unchanged >= refresh::stalled_after(usual_step) {
        let finding = Finding::Stalled { unchanged_for: idle, usual_step, last_change };
        return Some(because(HealthState::Stalled, finding));
    }
    if snapshot.status() == Some(Status::Transferring) && idle >= refresh::idle_after(usual_step) {
        return Some(because(HealthState::Stalled, Finding::Idle { unchanged_for: idle, last_change }));
    }
    let quiet = refresh::quiet_after(usual_step).is_some_and(|quiet| unchanged >= quiet);
    quiet.then(|| because(HealthState::Quiet, Finding::Quiet { unchanged_for: unchanged, last_change }))
}

fn slow(past: &Past) -> Option<Health> {
    past.rate_level.is_slow().then_some(())?;
    let recent = past.timeline.rate(SignedDuration::from_mins(10), |stretch| stretch.bytes)?;
    let median = past.timeline.median()?;
    Some(because(HealthState::Slow, Finding::Slow { rate: recent.per_second, window: recent.window, median }))
}

/// Whether the API has a counter that would change in this phase.
fn has_counters(past: &Past, snapshot: &Snapshot) -> bool {
    let basic = past.applicability().mode == Mode::Basic;
    match snapshot.status() {
        Some(Status::Preparing) => !basic,
        Some(Status::Verifying) => past.applicability().verify == Verify::OnlyFilesTransferred || !basic,
        _ => true,
    }
}

/// The step of which the largest share fails, where that is much.
fn failing(past: &Past, snapshot: &Snapshot) -> Option<Health> {
    let applicability = past.applicability();
    applicability.reports(Metric::Failures).then_some(())?;
    let lanes = pipeline::pipeline(snapshot, applicability);
    let failing = lanes.iter().filter_map(|lane| {
        let failed = lane.failed().filter(|failed| *failed >= FAILING_AT_LEAST)?;
        let came_through = lane.files.unwrap_or(0).max(0).saturating_add(lane.folders.unwrap_or(0).max(0));
        let share = failed as f64 / failed.saturating_add(came_through) as f64;
        Some((lane.step, failed, share)).filter(|_| share >= FAILING_SHARE)
    });
    let (step, failed, share) = failing.max_by(|a, b| a.2.total_cmp(&b.2))?;
    let done = progress::files(snapshot, applicability).fraction().filter(|fraction| *fraction >= 0.05);
    let by_the_end = done.map(|done| (failed as f64 / done) as i64).filter(|all| *all > failed);
    let since = lanes.iter().filter_map(|lane| past.step_rates.began(lane.step)).min();
    Some(because(HealthState::Failing, Finding::Failing { step, failed, share, by_the_end, since }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::readout::Readout;
    use crate::{
        aws::fault::FaultKind,
        say,
        transfer::execution::{
            Execution,
            tests::{answer, at, fault, unknown, watched},
        },
    };

    const ENHANCED: &str = r#""TaskMode":"ENHANCED","Options":{"VerifyMode":"ONLY_FILES_TRANSFERRED"}"#;

    /// Polled every 5 s; the counters step every 15 s until `stops`, the clock of the service until `clock_stops`.
    fn until(end: i64, stops: i64, clock_stops: i64, status: &str, terms: &str) -> Execution {
        watched((0..=end).step_by(5).map(|second| {
            let bytes = second.min(stops) / 15 * 1500;
            let clock = second.min(clock_stops) / 15 * 15_000;
            let members = format!(r#"{terms},"Status":"{status}","BytesWritten":{bytes},"FilesTransferred":{bytes},"Result":{{"TotalDuration":{clock}}}"#);
            (second, members)
        }))
    }

    fn reasons(health: &Health) -> Vec<String> {
        health.finding.iter().map(say::words::finding::sentence).collect()
    }

    fn word(execution: &Execution, second: i64) -> HealthState {
        Readout::of(execution, at(second)).health.state
    }

    #[test]
    fn a_moving_transfer_is_healthy_and_a_stopped_one_is_quiet_then_stalled() {
        use HealthState::{Healthy, Quiet, Stalled};
        for (end, expected) in
            [(600, Healthy), (640, Healthy), (645, Quiet), (685, Quiet), (690, Stalled), (5000, Stalled)]
        {
            assert_eq!(word(&until(end, 600, 600, "TRANSFERRING", ENHANCED), end), expected, "{end}");
        }
        let stalled = Readout::of(&until(1040, 600, 600, "TRANSFERRING", ENHANCED), at(1040)).health.clone();
        assert_eq!(reasons(&stalled), ["No counter has changed for 7m 20s; they usually change every 15s."]);
    }

    #[test]
    fn a_clock_that_runs_alone_is_a_stall_after_five_minutes() {
        assert_eq!(word(&until(850, 600, 9999, "TRANSFERRING", ENHANCED), 850), HealthState::Healthy);
        assert_eq!(word(&until(905, 600, 9999, "TRANSFERRING", ENHANCED), 905), HealthState::Stalled);
    }

    #[test]
    fn where_the_api_has_no_counter_nothing_is_called_stalled() {
        let basic = r#""Options":{"VerifyMode":"POINT_IN_TIME_CONSISTENT"}"#;
        for status in ["PREPARING", "VERIFYING"] {
            assert_eq!(word(&until(20_000, 0, 0, status, basic), 20_000), HealthState::Healthy, "{status}");
        }
        let transferred = r#""Options":{"VerifyMode":"ONLY_FILES_TRANSFERRED"}"#;
        assert_eq!(word(&until(20_000, 0, 0, "VERIFYING", transferred), 20_000), HealthState::Stalled);
    }

    #[test]
    fn not_seeing_is_not_stalling() {
        let mut execution = until(600, 600, 600, "TRANSFERRING", ENHANCED);
        for second in (605..1200).step_by(5) {
            execution.observe(&fault(second, FaultKind::Throttled));
        }
        let blind = Readout::of(&execution, at(1200)).health;
        assert_eq!(blind.state, HealthState::Blind);
        assert_eq!(reasons(&blind), ["No response for 10m: it was throttled."]);
        let mut execution = until(600, 600, 600, "TRANSFERRING", ENHANCED);
        execution.observe(&fault(605, FaultKind::Unreachable));
        assert_eq!(word(&execution, 606), HealthState::Healthy, "one missed answer is no news");
    }

    #[test]
    fn the_beginning_has_its_words() {
        assert_eq!(word(&unknown(), 5), HealthState::Starting);
        for (second, expected) in
            [(60, HealthState::Starting), (299, HealthState::Starting), (300, HealthState::Waiting)]
        {
            let members = r#""Status":"LAUNCHING","StartTime":1800000000"#;
            assert_eq!(
                word(&watched([(0, members.to_owned()), (second, members.to_owned())]), second),
                expected,
                "{second}"
            );
        }
        assert_eq!(word(&watched([(0, r#""Status":"QUEUED""#.to_owned())]), 9), HealthState::Waiting);
        assert_eq!(word(&watched([(0, r#""Status":"CANCELLING""#.to_owned())]), 9), HealthState::Cancelling);
        let mut unseen = unknown();
        unseen.observe(&fault(0, FaultKind::Unreachable));
        assert_eq!((word(&unseen, 5), word(&unseen, 90)), (HealthState::Starting, HealthState::Blind));
    }

    #[test]
    fn failing_needs_both_a_number_and_a_share() {
        let failing = |done: i64, failed: i64| {
            let members = format!(
                r#"{ENHANCED},"Status":"TRANSFERRING","FilesTransferred":{done},"FilesFailed":{{"Transfer":{failed}}}"#
            );
            word(&watched([(0, members)]), 1)
        };
        assert_eq!(failing(100_000, 41), HealthState::Healthy);
        assert_eq!(failing(0, 9), HealthState::Healthy);
        assert_eq!(failing(990, 10), HealthState::Failing);
    }

    #[test]
    fn an_end_is_judged_by_what_came_of_it() {
        let end = |members: &str| {
            let mut execution = unknown();
            execution.observe(&answer(0, members));
            word(&execution, 99_999)
        };
        assert_eq!(end(r#""Status":"SUCCESS","FilesTransferred":5"#), HealthState::Finished);
        assert_eq!(end(r#""Status":"SUCCESS","FilesFailed":{"Verify":1}"#), HealthState::FinishedWithFailures);
        assert_eq!(end(r#""Status":"ERROR""#), HealthState::Failed);
    }

    #[test]
    fn what_was_failing_in_red_does_not_end_in_amber() {
        let end = |status: &str, failed: i64, detail: &str| {
            let members = format!(
                r#"{ENHANCED},"Status":"{status}","FilesTransferred":9990,"EstimatedFilesToTransfer":10000,"FilesVerified":100,
                "FilesFailed":{{"Verify":{failed}}},"Result":{{"ErrorDetail":"{detail}"}}"#
            );
            let health = Readout::of(&watched([(0, members)]), at(1)).health.clone();
            (health.state, health.severity)
        };
        let partial = "Selected files transferred except for files skipped due to errors.";
        for (status, detail, state) in
            [("SUCCESS", "", HealthState::FinishedWithFailures), ("ERROR", partial, HealthState::Failed)]
        {
            assert_eq!(end(status, 1, detail), (state, Severity::Warning), "{status}");
            assert_eq!(end(status, 10, detail), (state, Severity::Critical), "{status}");
        }
    }

    #[test]
    fn a_cancelled_one_is_called_so_where_that_was_seen() {
        let status = |second, status: &str| (second, format!(r#""Status":"{status}""#));
        let seen = watched([status(0, "TRANSFERRING"), status(5, "CANCELLING"), status(9, "ERROR")]);
        assert_eq!(word(&seen, 9), HealthState::Cancelled);
        assert_eq!(word(&watched([status(9, "ERROR")]), 9), HealthState::Failed);
    }
}
