//! Is it all right? One word, and the finding behind it.

pub mod failing;
mod slow;
mod stalled;

use jiff::{SignedDuration, Timestamp};

use super::outcome::Outcome;
use crate::{
    aws::{
        applicability::Verify,
        fault::{Fault, FaultKind},
        snapshot::{Mode, Snapshot, Status},
    },
    transfer::{
        past::{Past, phases::Age, pipeline::Step},
        present::{
            progress::{self, Ending},
            rates::{self, is_blind},
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
    /// Seen, but no change of it yet, so nothing can be said.
    Watching,
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
    /// The newest poll failed: what is known is old.
    Stale,
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
    pub const ALL: [Self; 15] = [
        Self::Starting,
        Self::Waiting,
        Self::Watching,
        Self::Healthy,
        Self::Quiet,
        Self::Slow,
        Self::Stalled,
        Self::Failing,
        Self::Stale,
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
            Self::Starting | Self::Waiting | Self::Watching | Self::Quiet | Self::Cancelling => Severity::Info,
            Self::Slow | Self::Stale | Self::Blind | Self::FinishedWithFailures => Severity::Warning,
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
    /// No change was seen yet.
    Watching {
        /// How long it is watched.
        unchanged_for: SignedDuration,
    },
    /// Neither counters nor durations change any more.
    Stalled {
        /// How long no counter has changed.
        unchanged_for: SignedDuration,
        /// How often they usually change; `None` before it was learned.
        usual_step: Option<SignedDuration>,
        /// When one last changed; `None` if no change was seen.
        last_change: Option<Timestamp>,
        /// How far `TotalDuration` is behind the time since the launch, where that alone shows the stall.
        behind: Option<SignedDuration>,
    },
    /// A step has work, and does not move.
    StepStalled {
        /// The step.
        step: Step,
        /// How long.
        unchanged_for: SignedDuration,
        /// How often it usually moves; `None` before it was learned.
        usual_step: Option<SignedDuration>,
        /// When it last moved; `None` if it was not seen to.
        last_change: Option<Timestamp>,
        /// The steps that go on.
        moving: Vec<Step>,
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
    /// Bytes and files are written at a rate far below the run's.
    Slow {
        /// Bytes a second over the window.
        rate: f64,
        /// Seconds that the rate was taken over.
        window: f64,
        /// The median of the run since it was last configured, in bytes a second.
        median: f64,
        /// Whether the transfer is one step of several at once.
        is_step: bool,
    },
    /// A step has more and more work, and does it at a rate far below its usual one.
    StepSlow {
        /// The step.
        step: Step,
        /// Items a second in the last ten minutes that it had work in.
        rate: f64,
        /// The median of its ten minutes with work, in items a second.
        median: f64,
    },
    /// Folders could not be listed, so that whatever is in them is left out.
    Unlisted {
        /// How many.
        folders: i64,
    },
    /// Much of what a step attempts fails.
    Failing {
        /// The steps of which that is true, the worst first; at least one.
        steps: Vec<FailingStep>,
        /// How many it will be in the worst one at this pace; `None` where too little is done to say.
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

/// A step in which much fails.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FailingStep {
    /// The step.
    pub step: Step,
    /// Files and folders that failed there, or the folders alone.
    pub failed: i64,
    /// Their share of those attempted, 0 to 1.
    pub share: f64,
    /// Whether the folders alone are told of, since it is their share that is large.
    pub is_folders: bool,
}

/// LAUNCHING for so long deserves a notice.
pub const LAUNCHING_LONG: SignedDuration = SignedDuration::from_mins(5);
/// LAUNCHING for so long deserves a warning.
pub const LAUNCHING_TOO_LONG: SignedDuration = SignedDuration::from_mins(15);

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
        let health = match snapshot.status() {
            Some(Status::Queued) => state(HealthState::Waiting),
            Some(Status::Cancelling) => state(HealthState::Cancelling),
            Some(Status::Preparing | Status::Transferring | Status::Verifying) => moving(past, snapshot),
            Some(Status::Other(_)) if snapshot.bytes_written.is_some_and(|bytes| bytes.0 > 0) => {
                // What may stand still in a step that nobody here knows, nobody here can tell.
                if stalled::is_frozen(past) { state(HealthState::Quiet) } else { calm(past, false) }
            }
            _ => launching(phase),
        };
        health.unless_stale(past, now)
    }

    /// The step of the pipeline that it is about; `None` where it is about the whole.
    pub fn step(&self) -> Option<Step> {
        match self.finding.as_ref()? {
            Finding::StepStalled { step, .. } | Finding::StepSlow { step, .. } => Some(*step),
            Finding::Slow { is_step, .. } => is_step.then_some(Step::Transferred),
            Finding::Unlisted { .. } => Some(Step::Listed),
            Finding::Failing { steps, .. } => steps.first().map(|worst| worst.step),
            _ => None,
        }
    }

    /// For how long it has stalled; `None` where it has not.
    pub fn stalled_for(&self) -> Option<SignedDuration> {
        match self.finding.as_ref()? {
            Finding::Stalled { unchanged_for, behind, .. } => {
                Some(behind.map_or(*unchanged_for, |behind| behind.max(*unchanged_for)))
            }
            Finding::StepStalled { unchanged_for, .. } | Finding::Idle { unchanged_for, .. } => Some(*unchanged_for),
            _ => None,
        }
    }

    /// For how long nothing has been transferred though there is something to transfer; `None` where it goes on.
    pub fn transfer_stalled_for(&self) -> Option<SignedDuration> {
        let is_another = self.step().is_some_and(|step| step != Step::Transferred);
        self.stalled_for().filter(|_| !is_another)
    }

    /// After how long without a change of any counter it will be called stalled; `None` where it is neither watching
    /// nor quiet, or has no counters that would change.
    pub fn stalls_after(&self, past: &Past) -> Option<SignedDuration> {
        let waits = matches!(self.state, HealthState::Watching | HealthState::Quiet);
        let after = stalled::idle_after(past);
        let has_counters = has_counters(past, past.snapshot()?);
        (waits && has_counters && past.counters_unchanged_for() < after).then_some(after)
    }

    /// What was fine when it was last seen is not said to be fine where the newest poll failed.
    fn unless_stale(self, past: &Past, now: Timestamp) -> Self {
        let (Some(outage), Some(newest)) = (&past.outage, &past.newest) else { return self };
        let was_fine = self.state == HealthState::Healthy || self.severity <= Severity::Info;
        if !was_fine || self.state == HealthState::Cancelling {
            return self;
        }
        let unseen_for = Some(now.duration_since(newest.at));
        let stale = because(HealthState::Stale, Finding::Unseen { unseen_for, fault: outage.fault.clone() });
        // one missed response to throttling is the service's way of pacing us
        let is_pacing = outage.fault.kind == FaultKind::Throttled;
        if is_pacing { Self { severity: Severity::Info, ..stale } } else { stale }
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
        Some(outage) if now.duration_since(outage.since) >= rates::BLIND_AT_LEAST || outage.fault.is_final() => {
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
    let was_failing = ended.severity == Severity::Warning && failing::failing(past, snapshot).is_some();
    Some(if was_failing { Health { severity: Severity::Critical, ..ended } } else { ended })
}

fn launching(phase: Option<Age>) -> Health {
    let Some(age) = phase.filter(|age| age.span() >= LAUNCHING_LONG) else { return state(HealthState::Starting) };
    let severity = if age.span() >= LAUNCHING_TOO_LONG { Severity::Warning } else { Severity::Info };
    Health { severity, ..because(HealthState::Waiting, Finding::Launching(age)) }
}

/// The worst that is true of it comes first.
fn moving(past: &Past, snapshot: &Snapshot) -> Health {
    let has_counters = has_counters(past, snapshot);
    stalled::stalled(past, snapshot)
        .filter(|_| has_counters)
        .or_else(|| failing::failing(past, snapshot))
        .or_else(|| slow::slow(past, snapshot))
        .unwrap_or_else(|| {
            let calm = calm(past, has_counters);
            match failing::unlisted(past, snapshot) {
                Some(finding) => Health { severity: Severity::Warning, finding: Some(finding), ..calm },
                None => calm,
            }
        })
}

/// Watching until a change is seen, quiet where none comes for longer than usual, else healthy.
fn calm(past: &Past, has_counters: bool) -> Health {
    let Some(newest) = &past.newest else { return state(HealthState::Starting) };
    let (last_change, seen) = if has_counters {
        (newest.counters_at, newest.counters_at.max(newest.status_at))
    } else {
        (newest.pulse_at, newest.pulse_at.max(newest.status_at))
    };
    let unchanged_for = if has_counters { past.counters_unchanged_for() } else { past.unchanged_for() };
    if has_counters && stalled::is_quiet(past) {
        return because(HealthState::Quiet, Finding::Quiet { unchanged_for, last_change });
    }
    if seen.is_none() {
        return because(HealthState::Watching, Finding::Watching { unchanged_for });
    }
    state(HealthState::Healthy)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::{judge::bottleneck::Bottleneck, readout::Readout};
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
            [(600, Healthy), (640, Healthy), (645, Quiet), (895, Quiet), (900, Stalled), (5000, Stalled)]
        {
            assert_eq!(word(&until(end, 600, 600, "TRANSFERRING", ENHANCED), end), expected, "{end}");
        }
        let stalled = Readout::of(&until(1040, 600, 600, "TRANSFERRING", ENHANCED), at(1040)).health.clone();
        assert_eq!(reasons(&stalled), ["No counter has changed for 7m 20s; they usually change every 15s."]);
    }

    #[test]
    fn a_clock_that_runs_alone_is_a_stall_after_five_minutes() {
        assert_eq!(word(&until(895, 600, 9999, "TRANSFERRING", ENHANCED), 895), HealthState::Quiet);
        assert_eq!(word(&until(905, 600, 9999, "TRANSFERRING", ENHANCED), 905), HealthState::Stalled);
    }

    #[test]
    fn where_the_api_has_no_counter_nothing_is_called_stalled() {
        let basic = r#""Options":{"VerifyMode":"POINT_IN_TIME_CONSISTENT"}"#;
        for status in ["PREPARING", "VERIFYING"] {
            assert_eq!(word(&until(20_000, 0, 0, status, basic), 20_000), HealthState::Watching, "{status}");
            assert_eq!(word(&until(20_000, 0, 9999, status, basic), 20_000), HealthState::Healthy, "{status}");
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
        let stale = Readout::of(&execution, at(606)).health;
        assert_eq!((stale.state, stale.severity), (HealthState::Stale, Severity::Warning), "what is shown is old");
        assert_eq!(reasons(&stale), ["No response for 6s: it was unreachable."]);
        execution.observe(&answer(610, r#""Status":"TRANSFERRING","BytesWritten":99"#));
        execution.observe(&fault(615, FaultKind::Throttled));
        assert_eq!(Readout::of(&execution, at(616)).health.severity, Severity::Info, "that paces us");
    }

    #[test]
    fn a_failed_poll_takes_the_green_away_and_not_the_red() {
        for kind in [FaultKind::Expired, FaultKind::Unreachable, FaultKind::Throttled, FaultKind::Denied] {
            let mut stopped = until(1200, 600, 600, "TRANSFERRING", ENHANCED);
            stopped.observe(&fault(1205, kind));
            assert_eq!(word(&stopped, 1206), HealthState::Stalled, "{kind:?}");
            for status in ["TRANSFERRING", "QUEUED", "LAUNCHING", "PREPARING"] {
                let mut execution = until(60, 60, 60, status, ENHANCED);
                execution.observe(&fault(65, kind));
                assert_eq!(word(&execution, 66), HealthState::Stale, "{kind:?} {status}");
            }
        }
        let mut over = until(60, 60, 60, "SUCCESS", ENHANCED);
        over.observe(&fault(65, FaultKind::Expired));
        assert_eq!(word(&over, 66), HealthState::Finished, "the end stays what it is");
    }

    #[test]
    fn nothing_is_healthy_before_a_change_was_seen() {
        use HealthState::{Healthy, Quiet, Stalled, Watching};
        // attached to one that stopped before
        for (end, expected) in [(0, Watching), (85, Watching), (90, Quiet), (325, Quiet), (330, Stalled)] {
            let stopped = until(end, -1, -1, "TRANSFERRING", ENHANCED);
            assert_eq!(word(&stopped, end), expected, "{end}");
        }
        let watching = Readout::of(&until(40, -1, -1, "TRANSFERRING", ENHANCED), at(40)).health.clone();
        assert_eq!((watching.severity, reasons(&watching)), (Severity::Info, vec!["No change yet in 40s.".to_owned()]));
        assert_eq!(word(&until(15, 60, 60, "TRANSFERRING", ENHANCED), 15), Healthy);
        let clock_alone = until(60, -1, 60, "TRANSFERRING", ENHANCED);
        assert_eq!(word(&clock_alone, 60), Watching, "that its time passes tells nothing of what it does");
        let begun = [(0, r#""Status":"LAUNCHING""#.to_owned()), (5, format!(r#"{ENHANCED},"Status":"TRANSFERRING""#))];
        assert_eq!(word(&watched(begun), 5), Healthy, "its beginning was seen");
    }

    #[test]
    fn a_response_that_shows_the_stall_by_itself_is_believed_after_90_seconds() {
        let attached = |end: i64, total_seconds: i64| {
            let members = format!(
                r#"{ENHANCED},"Status":"TRANSFERRING","LaunchTime":1799990000,"BytesWritten":7,"Result":{{"TotalDuration":{}}}"#,
                total_seconds * 1000
            );
            watched((0..=end).step_by(5).map(|second| (second, members.clone())))
        };
        // launched 10,000 s before: 15 minutes to launch and the longest step would explain 1,230 of them
        for (end, total, expected) in [
            (85, 6_400, HealthState::Watching),
            (90, 6_400, HealthState::Stalled),
            (90, 9_700, HealthState::Quiet),
            (330, 9_700, HealthState::Stalled),
        ] {
            assert_eq!(word(&attached(end, total), end), expected, "{end} {total}");
        }
        let health = Readout::of(&attached(90, 6_400), at(90)).health.clone();
        let said = "TotalDuration is 1h 1m behind the time since launch, and no counter has changed for 1m 30s.";
        assert_eq!(reasons(&health), [said]);
    }

    #[test]
    fn folders_that_could_not_be_listed_are_a_warning_from_the_first_one_on() {
        let unlisted = |failed: i64, listed: i64| {
            let members = |second: i64| {
                format!(
                    r#"{ENHANCED},"Status":"TRANSFERRING","BytesWritten":{second},"FilesListed":{{"AtSource":5000}},
                "FoldersListed":{{"AtSource":{listed}}},"FoldersFailed":{{"List":{failed}}}"#
                )
            };
            let health = Readout::of(&watched([(0, members(0)), (5, members(5))]), at(5)).health.clone();
            (health.state, health.severity, health.step())
        };
        assert_eq!(unlisted(0, 100), (HealthState::Healthy, Severity::Ok, None));
        assert_eq!(unlisted(1, 1000), (HealthState::Healthy, Severity::Warning, Some(Step::Listed)));
        assert_eq!(unlisted(1, 99), (HealthState::Failing, Severity::Critical, Some(Step::Listed)));
    }

    #[test]
    fn the_steps_that_fail_are_listed_worst_first() {
        let members = format!(
            r#"{ENHANCED},"Status":"TRANSFERRING","FilesListed":{{"AtSource":1000}},"FilesPrepared":1000,"FilesTransferred":900,
            "FilesVerified":500,"FilesDeleted":1,"FilesFailed":{{"Prepare":9,"Transfer":30,"Verify":90,"Delete":70}}"#
        );
        let health = Readout::of(&watched([(0, members)]), at(1)).health.clone();
        let Some(Finding::Failing { steps, .. }) = &health.finding else { panic!("{health:?}") };
        let found: Vec<_> = steps.iter().map(|step| (step.step, step.failed)).collect();
        assert_eq!(found, [(Step::Verified, 90), (Step::Transferred, 30)], "9 are too few, nothing is to be deleted");
        assert_eq!(health.step(), Some(Step::Verified));
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
        assert_eq!(failing(100_000, 41), HealthState::Watching);
        assert_eq!(failing(0, 9), HealthState::Watching);
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

    /// An Enhanced execution polled every 15 s for so long, with what each second counts: listed, prepared, transferred,
    /// verified, deleted of 1,000.
    fn run(end: i64, excludes: &str, counts: impl Fn(i64) -> [i64; 5]) -> Execution {
        watched((0..=end).step_by(15).map(|second| {
            let [listed, prepared, transferred, verified, deleted] = counts(second);
            let members = format!(
                r#""TaskMode":"ENHANCED","Options":{{"VerifyMode":"ONLY_FILES_TRANSFERRED","PreserveDeletedFiles":"REMOVE"}},
                "Excludes":[{excludes}],"Status":"TRANSFERRING","FilesSkipped":0,"FilesListed":{{"AtSource":{listed}}},
                "FilesPrepared":{prepared},"FilesTransferred":{transferred},"BytesWritten":{},"FilesVerified":{verified},
                "FilesDeleted":{deleted},"EstimatedFilesToDelete":1000,"Result":{{"TotalDuration":{second}}}"#,
                transferred * 1000
            );
            (second, members)
        }))
    }

    fn pipeline(end: i64, excludes: &str, counts: impl Fn(i64) -> [i64; 5]) -> Health {
        Readout::of(&run(end, excludes, counts), at(end)).health
    }

    #[test]
    fn nothing_moves_where_the_transfer_stands_and_the_list_goes_on() {
        let stops = |step: usize| {
            let counts = move |second: i64| {
                let mut all = [second * 4, second * 4, second, second, 0];
                all[step..4].iter_mut().for_each(|count| *count = (*count).min(1200));
                all
            };
            run(1800, "", counts)
        };
        let (transfer, verification) = (stops(2), stops(3));
        use rates::Current;
        assert_eq!(Readout::of(&transfer, at(1800)).rate, Current::Still(SignedDuration::from_mins(10)));
        let rate = Readout::of(&verification, at(1800)).rate;
        assert!(matches!(rate, Current::Moving { .. }), "{rate:?}");
    }

    #[test]
    fn what_will_have_failed_is_not_said_while_the_list_grows() {
        let by_the_end = |grows: bool| {
            let execution = watched((0..=1200).step_by(15).map(|second| {
                let expected = if grows { 20_000 + second } else { 20_000 };
                let members = format!(
                    r#"{ENHANCED},"Status":"TRANSFERRING","EstimatedFilesToTransfer":{expected},"FilesPrepared":{second},
                    "FilesTransferred":{},"FilesFailed":{{"Transfer":{second}}}"#,
                    second * 2
                );
                (second, members)
            }));
            match Readout::of(&execution, at(1200)).health.finding {
                Some(Finding::Failing { by_the_end, .. }) => by_the_end,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(by_the_end(true), None);
        assert!(by_the_end(false).is_some_and(|all| all > 1200));
    }

    #[test]
    fn a_step_that_has_work_and_stands_is_stalled_while_the_others_go_on() {
        let stops = |second: i64, step: usize| {
            std::array::from_fn(|place| {
                if place == 4 {
                    0
                } else if place >= step {
                    second.min(1200)
                } else {
                    second
                }
            })
        };
        for (step, name) in [(1, Step::Prepared), (2, Step::Transferred), (3, Step::Verified)] {
            let health = |end| pipeline(end, "", |second| stops(second, step));
            assert_eq!(health(1485).state, HealthState::Healthy, "{name:?}");
            let stalled = health(1515);
            assert_eq!((stalled.state, stalled.step()), (HealthState::Stalled, Some(name)), "{name:?}");
            let moving = format!("{:?}", stalled.finding);
            assert!(moving.contains("moving: [Listed"), "{moving}");
        }
        let lists =
            pipeline(1800, "", |second| [second.min(1200), second.min(1200), second.min(1200), second.min(1200), 0]);
        assert_eq!((lists.state, lists.step()), (HealthState::Stalled, Some(Step::Listed)), "nothing else has work");
    }

    #[test]
    fn deletes_come_after_the_transfer_and_a_filter_hides_what_waits() {
        // nothing is deleted for hours, and a quarter of what is listed is never prepared
        let filter = r#"{"FilterType":"SIMPLE_PATTERN","Value":"*.tmp"}"#;
        let lists = |second: i64| second.min(1200) * 4;
        let health =
            pipeline(20_000, filter, |second| [lists(second), lists(second) * 3 / 4, second / 8, second / 8, 0]);
        assert_eq!(health.state, HealthState::Healthy, "{health:?}");
        let deletes = |second: i64| (second - 5000).clamp(0, 600);
        let stops = |end| pipeline(end, "", |second| [4000, 4000, second.min(4000), second.min(4000), deletes(second)]);
        assert_eq!(stops(5500).state, HealthState::Healthy);
        assert_eq!((stops(5940).state, stops(5940).step()), (HealthState::Stalled, Some(Step::Deleted)));
        // preparing stands, the transfer has run dry, and the list grows on
        let starves =
            |end| pipeline(end, filter, |second| [second * 4, second.min(1200), second.min(1200), second.min(1200), 0]);
        assert_eq!((starves(2130).state, starves(2130).step()), (HealthState::Stalled, Some(Step::Prepared)));
    }

    #[test]
    fn a_limit_that_was_lowered_on_purpose_makes_nothing_slow() {
        let health = |limit: i64| {
            let execution = watched((0..=3 * 3600).step_by(15).map(|second| {
                let (before, after) = (second.min(7200), (second - 7200).max(0));
                let limit = if second > 7200 { limit } else { -1 };
                let members = format!(
                    r#""Status":"TRANSFERRING","Options":{{"BytesPerSecond":{limit}}},"BytesWritten":{},"FilesTransferred":{}"#,
                    before * 1_000_000 + after * 100_000,
                    before * 100 + after * 10
                );
                (second, members)
            }));
            let readout = Readout::of(&execution, at(3 * 3600));
            (
                readout.health.state,
                readout.bottleneck.is_some_and(|why| matches!(why, Bottleneck::BandwidthLimit { .. })),
            )
        };
        assert_eq!(health(-1), (HealthState::Slow, false));
        assert_eq!(health(105_000), (HealthState::Healthy, true));
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
