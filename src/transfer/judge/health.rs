//! Is it all right? One word, and the reasons for it, each with its number.

use jiff::{SignedDuration, Timestamp};

use super::advice;
use crate::{
    aws::{
        applicability::{Metric, Verify},
        snapshot::{Mode, Snapshot, Status},
    },
    say::units,
    transfer::{
        events::Severity,
        execution::Execution,
        past::refresh,
        present::progress::{self, Ending},
    },
};

/// A word and its reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// The word.
    pub state: HealthState,
    /// Why, in sentences; may be none where the word says it all.
    pub reasons: Vec<String>,
    /// How it is meant.
    pub tone: Severity,
}

/// The words for an execution's health. Sight and transfer are judged apart: *blind* is said of us, not of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HealthState {
    /// On its way to moving data.
    Starting,
    /// In the queue, or launching for too long.
    Waiting,
    /// Counters move as they do.
    Healthy,
    /// Counters have not moved for longer than usual.
    Quiet,
    /// Far below its usual rate.
    Slow,
    /// Counters have stopped.
    Stalled,
    /// It moves, and much of it fails.
    Failing,
    /// We can't see it.
    Blind,
    /// Ended well.
    Finished,
    /// Ended with SUCCESS, but not whole.
    FinishedWithFailures,
    /// Ended with ERROR.
    Failed,
    /// Someone stops it.
    Cancelling,
}

impl HealthState {
    /// The word in JSON output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Waiting => "waiting",
            Self::Healthy => "healthy",
            Self::Quiet => "quiet",
            Self::Slow => "slow",
            Self::Stalled => "stalled",
            Self::Failing => "failing",
            Self::Blind => "blind",
            Self::Finished => "finished",
            Self::FinishedWithFailures => "finished_with_failures",
            Self::Failed => "failed",
            Self::Cancelling => "cancelling",
        }
    }

    /// How it is meant, as a rule.
    fn tone(self) -> Severity {
        match self {
            Self::Healthy | Self::Finished => Severity::Ok,
            Self::Starting | Self::Waiting | Self::Quiet | Self::Cancelling => Severity::Info,
            Self::Slow | Self::Blind | Self::FinishedWithFailures => Severity::Warning,
            Self::Stalled | Self::Failing | Self::Failed => Severity::Critical,
        }
    }
}

/// LAUNCHING for so long deserves a notice.
pub const LAUNCHING_LONG: SignedDuration = SignedDuration::from_mins(5);
/// LAUNCHING for so long deserves a warning.
pub const LAUNCHING_TOO_LONG: SignedDuration = SignedDuration::from_mins(15);
/// Answers missing for so long: blind.
const BLIND_AT_LEAST: SignedDuration = SignedDuration::from_secs(60);
/// Fewer failures than this are not called failing.
const FAILING_AT_LEAST: i64 = 10;
/// The share of what was attempted from which on it is failing.
const FAILING_SHARE: f64 = 0.01;

/// Judges an execution at a moment.
pub fn assess(execution: &Execution, now: Timestamp) -> Health {
    let Some(snapshot) = execution.snapshot() else {
        return without_an_answer(execution, now);
    };
    if let Some(ended) = ended(execution, snapshot) {
        return ended;
    }
    if let Some(blind) = blind(execution, now) {
        return blind;
    }
    match snapshot.status() {
        Some(Status::Queued) => state(HealthState::Waiting),
        Some(Status::Cancelling) => state(HealthState::Cancelling),
        Some(Status::Preparing | Status::Transferring | Status::Verifying) => moving(execution, snapshot),
        Some(Status::Other(_)) if snapshot.bytes_written.is_some_and(|bytes| bytes.0 > 0) => {
            // What may stand still in a step that nobody here knows, nobody here can tell.
            standing(execution, snapshot).map_or(state(HealthState::Healthy), |_| state(HealthState::Quiet))
        }
        _ => launching(execution, now),
    }
}

fn state(state: HealthState) -> Health {
    Health { state, reasons: Vec::new(), tone: state.tone() }
}

fn because(state: HealthState, reason: impl Into<String>) -> Health {
    Health { state, reasons: vec![reason.into()], tone: state.tone() }
}

fn without_an_answer(execution: &Execution, now: Timestamp) -> Health {
    match execution.fault() {
        Some(sight) if now.duration_since(sight.since) >= BLIND_AT_LEAST || sight.fault.is_final() => {
            because(HealthState::Blind, format!("No answer so far: {}.", sight.fault))
        }
        _ => state(HealthState::Starting),
    }
}

fn ended(execution: &Execution, snapshot: &Snapshot) -> Option<Health> {
    if snapshot.status() == Some(Status::Error) {
        let partial = advice::is_partial(snapshot);
        return Some(Health {
            tone: if partial { Severity::Warning } else { Severity::Critical },
            ..state(HealthState::Failed)
        });
    }
    Some(match progress::ending(snapshot, execution.applicability())? {
        Ending::Whole | Ending::Nothing => state(HealthState::Finished),
        Ending::Failures(failed) => {
            because(HealthState::FinishedWithFailures, format!("{} failed.", units::items(failed)))
        }
        Ending::Short(short) => because(
            HealthState::FinishedWithFailures,
            format!(
                "{} fewer than expected {} transferred.",
                units::items(short),
                if short == 1 { "was" } else { "were" }
            ),
        ),
        Ending::BytesShort(short) => because(
            HealthState::FinishedWithFailures,
            format!("{} less than expected was written.", units::bytes(short)),
        ),
        Ending::SkippedOfAll(skipped) => because(
            HealthState::FinishedWithFailures,
            format!("Everything was to be transferred, but {} skipped.", were(skipped)),
        ),
    })
}

fn were(count: i64) -> String {
    format!("{} {}", units::items(count), if count == 1 { "was" } else { "were" })
}

fn blind(execution: &Execution, now: Timestamp) -> Option<Health> {
    let sight = execution.fault()?;
    let seen = execution.responded_at()?;
    let patience = BLIND_AT_LEAST.max(execution.answers_every().saturating_mul(4));
    let unseen = now.duration_since(seen);
    (unseen >= patience)
        .then(|| because(HealthState::Blind, format!("Nothing seen for {}: {}.", units::duration(unseen), sight.fault)))
}

fn launching(execution: &Execution, now: Timestamp) -> Health {
    let lasted = execution.phase_lasted(now).unwrap_or_default();
    if lasted >= LAUNCHING_LONG {
        let waiting = because(HealthState::Waiting, format!("It has been launching for {}.", units::duration(lasted)));
        let tone = if lasted >= LAUNCHING_TOO_LONG { Severity::Warning } else { Severity::Info };
        Health { tone, ..waiting }
    } else {
        state(HealthState::Starting)
    }
}

fn moving(execution: &Execution, snapshot: &Snapshot) -> Health {
    if has_counters(execution, snapshot)
        && let Some(standing) = standing(execution, snapshot)
    {
        return standing;
    }
    if let Some(failing) = failing(execution, snapshot) {
        return failing;
    }
    if snapshot.status() == Some(Status::Transferring)
        && let Some(slow) = slow(execution)
    {
        return slow;
    }
    state(HealthState::Healthy)
}

/// Stalled or quiet, where nothing moves.
fn standing(execution: &Execution, snapshot: &Snapshot) -> Option<Health> {
    let step = execution.step();
    let (unchanged, idle) = (execution.unchanged_for(), execution.counters_unchanged_for());
    if unchanged >= refresh::stalled_after(step) {
        let usual = step.map(|step| format!("; it usually moves every {}", units::duration(step)));
        let reason = format!("No counter has moved for {}{}.", units::duration(idle), usual.unwrap_or_default());
        return Some(because(HealthState::Stalled, reason));
    }
    if snapshot.status() == Some(Status::Transferring) && idle >= refresh::idle_after(step) {
        let reason =
            format!("Its clock runs, but nothing was listed, written or verified for {}.", units::duration(idle));
        return Some(because(HealthState::Stalled, reason));
    }
    let quiet = refresh::quiet_after(step).is_some_and(|quiet| unchanged >= quiet);
    quiet.then(|| because(HealthState::Quiet, format!("No counter has moved for {}.", units::duration(unchanged))))
}

fn slow(execution: &Execution) -> Option<Health> {
    execution.rate_level().is_slow().then_some(())?;
    let timeline = execution.timeline();
    let (rate, median) = (timeline.rate(SignedDuration::from_mins(10), |stretch| stretch.bytes)?, timeline.median()?);
    let rates = (units::byte_rate(rate.per_second), units::byte_rate(median));
    let window = units::duration(SignedDuration::from_secs(rate.window as i64));
    let reason = format!("{} over the last {window}; the median of this run is {}.", rates.0, rates.1);
    Some(because(HealthState::Slow, reason))
}

/// Whether the API has a counter that would move in this phase.
fn has_counters(execution: &Execution, snapshot: &Snapshot) -> bool {
    let basic = execution.applicability().mode == Mode::Basic;
    match snapshot.status() {
        Some(Status::Preparing) => !basic,
        Some(Status::Verifying) => execution.applicability().verify == Verify::OnlyFilesTransferred || !basic,
        _ => true,
    }
}

/// The step of which the largest share fails, where that is much.
fn failing(execution: &Execution, snapshot: &Snapshot) -> Option<Health> {
    execution.applicability().reports(Metric::Failures).then_some(())?;
    let lanes = execution.pipeline();
    let failing = lanes.iter().filter_map(|lane| {
        let failed = lane.failed().filter(|failed| *failed >= FAILING_AT_LEAST)?;
        let came_through = lane.files.unwrap_or(0).max(0).saturating_add(lane.folders.unwrap_or(0).max(0));
        let share = failed as f64 / failed.saturating_add(came_through) as f64;
        Some((lane.step.failing()?, failed, share)).filter(|_| share >= FAILING_SHARE)
    });
    let (step, failed, share) = failing.max_by(|a, b| a.2.total_cmp(&b.2))?;
    let by_the_end =
        progress::files(snapshot, execution.applicability()).fraction().filter(|fraction| *fraction >= 0.05);
    let by_the_end = by_the_end.map(|fraction| (failed as f64 / fraction) as i64).filter(|all| *all > failed);
    let by_the_end = by_the_end.map(|all| format!("; at this pace about {} by the end", units::short_count(all)));
    let reason = format!(
        "{} failed to {step}, {} of those attempted{}.",
        units::items(failed),
        units::percent(share),
        by_the_end.unwrap_or_default()
    );
    Some(because(HealthState::Failing, reason))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        aws::fault::FaultKind,
        transfer::execution::tests::{answer, at, fault, unknown, watched},
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

    fn word(execution: &Execution, second: i64) -> HealthState {
        execution.health(at(second)).state
    }

    #[test]
    fn a_moving_transfer_is_healthy_and_a_stopped_one_is_quiet_then_stalled() {
        use HealthState::{Healthy, Quiet, Stalled};
        for (end, expected) in
            [(600, Healthy), (640, Healthy), (645, Quiet), (685, Quiet), (690, Stalled), (5000, Stalled)]
        {
            assert_eq!(word(&until(end, 600, 600, "TRANSFERRING", ENHANCED), end), expected, "{end}");
        }
        let stalled = until(1040, 600, 600, "TRANSFERRING", ENHANCED).health(at(1040));
        assert_eq!(stalled.reasons, ["No counter has moved for 7m 20s; it usually moves every 15s."]);
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
        let blind = execution.health(at(1200));
        assert_eq!(blind.state, HealthState::Blind);
        assert_eq!(blind.reasons, ["Nothing seen for 10m: it was throttled."]);
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
}
