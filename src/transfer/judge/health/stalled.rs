//! What stands still though it has work to do: the whole, or one step of the pipeline.

use jiff::SignedDuration;

use super::{Finding, Health, HealthState, LAUNCHING_TOO_LONG, because};
use crate::{
    aws::snapshot::{Mode, Snapshot, Status},
    transfer::past::{
        Newest, Past,
        motion::StepMotion,
        pipeline::{FLOW, Step},
        refresh,
    },
};

/// Before the habit of a step is known, it may be irregular: one large file is verified for long.
const UNKNOWN_HABIT: SignedDuration = SignedDuration::from_mins(15);
/// What takes no longer than this after listing, took no time of its own.
const DONE_SOON: SignedDuration = SignedDuration::from_mins(5);
/// The response shows by itself that nothing moves: so long without a change is enough then.
const SHOWN_AFTER: SignedDuration = SignedDuration::from_secs(90);

/// Stalled, where it is.
pub fn stalled(past: &Past, snapshot: &Snapshot) -> Option<Health> {
    let newest = past.newest.as_ref()?;
    let finding = frozen(past, newest, snapshot)
        .or_else(|| step(past, newest, snapshot))
        .or_else(|| starving(past, newest))
        .or_else(|| idle(past, newest));
    Some(because(HealthState::Stalled, finding?))
}

/// Whether no counter has changed for longer than usual.
pub fn is_quiet(past: &Past) -> bool {
    past.counters_unchanged_for() >= refresh::quiet_after(past.counter_refresh.usual(), past.interval())
}

/// After how long without a change of any counter it is stalled.
pub fn idle_after(past: &Past) -> SignedDuration {
    past.counter_refresh.patience(past.interval())
}

/// Whether neither counters nor durations have moved for too long.
pub fn is_frozen(past: &Past) -> bool {
    past.unchanged_for() >= past.refresh.patience(past.interval())
}

/// Neither counters nor durations move.
fn frozen(past: &Past, newest: &Newest, snapshot: &Snapshot) -> Option<Finding> {
    let usual_step = past.refresh.usual();
    let unchanged = past.unchanged_for();
    let behind = behind(newest, snapshot).filter(|_| usual_step.is_none() && unchanged >= SHOWN_AFTER);
    let is_frozen = is_frozen(past);
    (is_frozen || behind.is_some()).then(|| Finding::Stalled {
        unchanged_for: past.counters_unchanged_for(),
        usual_step,
        last_change: newest.counters_at,
        behind: behind.filter(|_| !is_frozen),
    })
}

/// How far `TotalDuration` is behind the time since the launch, where no change was seen yet, and that is more than a
/// long launch and a long step of the counters together explain.
fn behind(newest: &Newest, snapshot: &Snapshot) -> Option<SignedDuration> {
    if newest.pulse_at.max(newest.status_at).is_some() {
        return None;
    }
    let total = snapshot.result.as_ref()?.total_duration.filter(|total| total.0 > 0)?;
    let since_launch = newest.at.duration_since(snapshot.launch_time?.0);
    let behind = since_launch.saturating_sub(SignedDuration::from_millis(total.0));
    let explained = LAUNCHING_TOO_LONG.saturating_add(refresh::patience(None, SignedDuration::ZERO));
    (behind >= explained).then_some(behind)
}

/// The first step that has work and does not move. Where several stand, and nothing else moves, it is the whole.
fn step(past: &Past, newest: &Newest, snapshot: &Snapshot) -> Option<Finding> {
    let of = |step: Step| Some((step, past.motion.of(step)?));
    let stopped: Vec<(Step, &StepMotion, SignedDuration)> = FLOW
        .into_iter()
        .filter_map(of)
        .filter(|(step, _)| is_due(past, snapshot, *step))
        .filter_map(|(step, motion)| Some((step, motion, has_stopped(past, newest, step, motion)?)))
        .collect();
    let moving = moving(past, newest);
    let (step, motion, unchanged_for) = *stopped.first()?;
    if stopped.len() > 1 && moving.is_empty() || past.applicability().mode == Mode::Basic {
        return Some(Finding::Idle { unchanged_for, last_change: newest.counters_at });
    }
    Some(Finding::StepStalled {
        step,
        unchanged_for,
        usual_step: motion.usual_step(),
        last_change: motion.moved_at,
        moving,
    })
}

/// Whether a step has to move now if it has work. Some steps may begin when those before them are through.
fn is_due(past: &Past, snapshot: &Snapshot, step: Step) -> bool {
    let has_work = |step: Step| past.motion.of(step).is_some_and(StepMotion::has_work);
    let has_begun = past.motion.of(step).is_some_and(StepMotion::has_begun);
    let status = snapshot.status();
    if past.applicability().mode == Mode::Basic {
        return match step {
            Step::Transferred => status == Some(Status::Transferring),
            Step::Deleted => status == Some(Status::Transferring) && has_begun && !has_work(Step::Transferred),
            Step::Verified => status == Some(Status::Verifying),
            _ => false,
        };
    }
    match step {
        Step::Transferred => has_begun || status == Some(Status::Transferring),
        Step::Deleted => has_begun && !has_work(Step::Prepared) && !has_work(Step::Transferred),
        _ => has_begun,
    }
}

/// For how long a step has stopped; `None` where it has not.
fn has_stopped(past: &Past, newest: &Newest, step: Step, motion: &StepMotion) -> Option<SignedDuration> {
    let mut patience = motion.patience(past.interval());
    if motion.usual_step().is_none() && step != Step::Transferred {
        patience = patience.max(UNKNOWN_HABIT);
    }
    // a status that just began is given its time
    let first = newest.status_at.unwrap_or(newest.first_at);
    let stopped_for = motion.stopped_for(newest.at, first)?.min(newest.at.duration_since(first));
    (stopped_for >= patience).then_some(stopped_for)
}

/// The steps that go on: they moved no longer ago than usual.
fn moving(past: &Past, newest: &Newest) -> Vec<Step> {
    let is_moving = |step: &Step| {
        let Some(motion) = past.motion.of(*step) else { return false };
        let quiet = refresh::quiet_after(motion.usual_step(), past.interval());
        motion.moved_at.is_some_and(|at| newest.at.duration_since(at) < quiet)
    };
    FLOW.into_iter().filter(is_moving).collect()
}

/// No counter at all moves, though durations do.
fn idle(past: &Past, newest: &Newest) -> Option<Finding> {
    let usual_step = past.counter_refresh.usual();
    let (unchanged_for, last_change) = (past.counters_unchanged_for(), newest.counters_at);
    if unchanged_for < idle_after(past) {
        return None;
    }
    let motion = |step: Step| past.motion.of(step);
    let waits = |step: &Step| motion(*step).is_some_and(StepMotion::has_work);
    let (begun, not_begun): (Vec<Step>, Vec<Step>) =
        FLOW.into_iter().filter(waits).partition(|step| motion(*step).is_some_and(StepMotion::has_begun));
    let step = match (&begun[..], &not_begun[..]) {
        _ if past.applicability().mode == Mode::Basic => None,
        // what was listed was transferred soon after: listing is what the rest waits for, or it is all there is
        ([], _) if listed_until_the_end(past, newest) => Some(Step::Listed),
        ([step], []) => Some(*step),
        _ => None,
    };
    Some(match step {
        Some(step) => Finding::StepStalled { step, unchanged_for, usual_step, last_change, moving: Vec::new() },
        None => Finding::Idle { unchanged_for, last_change },
    })
}

/// Whether the list grew until shortly before everything stood.
fn listed_until_the_end(past: &Past, newest: &Newest) -> bool {
    let listed = past.motion.of(Step::Listed).and_then(|motion| motion.moved_at);
    let soon = DONE_SOON.max(refresh::quiet_after(past.counter_refresh.usual(), past.interval()));
    listed.zip(newest.counters_at).is_some_and(|(listed, last)| last.duration_since(listed) <= soon)
}

/// Nothing comes out of preparing, and the transfer has nothing left to do, though listing goes on: what waits in front
/// of preparing can't be told where an exclude filter leaves some of it out.
fn starving(past: &Past, newest: &Newest) -> Option<Finding> {
    let (listed, prepared) = (past.motion.of(Step::Listed)?, past.motion.of(Step::Prepared)?);
    let transferred = past.motion.of(Step::Transferred)?;
    let unchanged_for = prepared.unchanged_for(newest.at, newest.status_at.unwrap_or(newest.first_at));
    let patience = UNKNOWN_HABIT.max(prepared.patience(past.interval()));
    let lists = listed.moved_at.is_some_and(|at| newest.at.duration_since(at) < listed.patience(past.interval()));
    let starves = !transferred.has_work() && transferred.unchanged_for(newest.at, newest.first_at) >= patience / 2;
    (prepared.has_begun() && lists && starves && unchanged_for >= patience).then(|| Finding::StepStalled {
        step: Step::Prepared,
        unchanged_for,
        usual_step: prepared.usual_step(),
        last_change: prepared.moved_at,
        moving: moving(past, newest),
    })
}
