//! Is it all right? One word, and the reasons for it, each with its number.

use jiff::{SignedDuration, Timestamp};

use super::{
    applies::{Figure, Verify},
    events::Tone,
    execution::Execution,
    progress::{self, Ending},
    snapshot::{Mode, Snapshot, Status},
    units,
};

/// A word and its reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// The word.
    pub state: HealthState,
    /// Why, in sentences; may be none where the word says it all.
    pub reasons: Vec<String>,
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

    /// How it is meant.
    pub fn tone(self) -> Tone {
        match self {
            Self::Healthy | Self::Finished => Tone::Good,
            Self::Starting | Self::Waiting | Self::Quiet | Self::Cancelling => Tone::Plain,
            Self::Slow | Self::Blind | Self::FinishedWithFailures => Tone::Warning,
            Self::Stalled | Self::Failing | Self::Failed => Tone::Alarm,
        }
    }
}

/// The shortest time without a change that is a stall.
const STALL_AT_LEAST: SignedDuration = SignedDuration::from_secs(90);
/// A stall in usual steps.
const STALL_STEPS: i32 = 6;
/// Quiet in usual steps.
const QUIET_STEPS: i32 = 3;
/// Durations move, and nothing else does, for so long: a stall.
const IDLE: SignedDuration = SignedDuration::from_mins(5);
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
        _ => launching(execution, now),
    }
}

fn state(state: HealthState) -> Health {
    Health { state, reasons: Vec::new() }
}

fn because(state: HealthState, reason: impl Into<String>) -> Health {
    Health { state, reasons: vec![reason.into()] }
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
        return Some(state(HealthState::Failed));
    }
    Some(match progress::ending(snapshot, execution.terms())? {
        Ending::Whole | Ending::Nothing => state(HealthState::Finished),
        Ending::Failures(failed) => because(HealthState::FinishedWithFailures, format!("{} failed.", items(failed))),
        Ending::Short(short) => because(
            HealthState::FinishedWithFailures,
            format!("{} fewer than expected {} transferred.", items(short), if short == 1 { "was" } else { "were" }),
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

/// `1 item`, `12 items`.
fn items(count: i64) -> String {
    format!("{} item{}", units::count(count), if count == 1 { "" } else { "s" })
}

fn were(count: i64) -> String {
    format!("{} {}", items(count), if count == 1 { "was" } else { "were" })
}

fn blind(execution: &Execution, now: Timestamp) -> Option<Health> {
    let sight = execution.fault()?;
    let seen = execution.answered_at()?;
    let patience = BLIND_AT_LEAST.max(execution.expected_gap());
    let unseen = now.duration_since(seen);
    (unseen >= patience)
        .then(|| because(HealthState::Blind, format!("Nothing seen for {}: {}.", units::duration(unseen), sight.fault)))
}

fn launching(execution: &Execution, now: Timestamp) -> Health {
    let lasted = execution.phase_lasted(now).unwrap_or_default();
    if lasted >= LAUNCHING_LONG {
        because(HealthState::Waiting, format!("It has been launching for {}.", units::duration(lasted)))
    } else {
        state(HealthState::Starting)
    }
}

fn moving(execution: &Execution, snapshot: &Snapshot) -> Health {
    if let Some(failing) = failing(execution, snapshot) {
        return failing;
    }
    if !has_counters(execution, snapshot) {
        return state(HealthState::Healthy);
    }
    let step = execution.timeline().step().unwrap_or(SignedDuration::from_secs(15));
    let stall = STALL_AT_LEAST.max(step * STALL_STEPS);
    let unchanged = execution.unchanged_for();
    let idle = execution.counters_unchanged_for();
    if unchanged >= stall {
        let usual =
            execution.timeline().step().map(|step| format!("; it usually moves every {}", units::duration(step)));
        let reason = format!("No counter has moved for {}{}.", units::duration(unchanged), usual.unwrap_or_default());
        return because(HealthState::Stalled, reason);
    }
    if snapshot.status() == Some(Status::Transferring) && idle >= IDLE.max(stall) {
        let reason =
            format!("Its clock runs, but nothing was listed, written or verified for {}.", units::duration(idle));
        return because(HealthState::Stalled, reason);
    }
    if execution.timeline().step().is_some() && unchanged >= step * QUIET_STEPS {
        return because(HealthState::Quiet, format!("No counter has moved for {}.", units::duration(unchanged)));
    }
    state(HealthState::Healthy)
}

/// Whether the API has a counter that would move in this phase.
fn has_counters(execution: &Execution, snapshot: &Snapshot) -> bool {
    let basic = execution.terms().mode == Mode::Basic;
    match snapshot.status() {
        Some(Status::Preparing) => !basic,
        Some(Status::Verifying) => execution.terms().verify == Verify::Transferred || !basic,
        _ => true,
    }
}

fn failing(execution: &Execution, snapshot: &Snapshot) -> Option<Health> {
    execution.terms().has(Figure::Failures).then_some(())?;
    let failed = progress::failures(snapshot)?;
    let done = snapshot.files_transferred.map_or(0, |count| count.0.max(0));
    let attempted = done.saturating_add(failed);
    let share = failed as f64 / attempted.max(1) as f64;
    (failed >= FAILING_AT_LEAST && share >= FAILING_SHARE).then(|| {
        let reason = format!("{} failed, {} of what was attempted.", items(failed), units::percent(share));
        because(HealthState::Failing, reason)
    })
}
