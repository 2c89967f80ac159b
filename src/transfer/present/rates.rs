//! The current rate: the one place that decides whether there is one.

use jiff::{SignedDuration, Timestamp};

use crate::{
    aws::snapshot::{Mode, Status},
    transfer::past::{Past, pipeline::Step, refresh, timeline::Rate},
};

/// No change for this long is never called still: the shortest refresh step is about 15 s.
const STILL_AT_LEAST: SignedDuration = SignedDuration::from_secs(60);
/// No change for this long is still where there were some and the refresh step is not learned.
const STILL_ANYHOW: SignedDuration = SignedDuration::from_secs(330);
/// No response at all for so long: what is going on is not seen.
pub const BLIND_AT_LEAST: SignedDuration = SignedDuration::from_secs(60);

/// How fast bytes and files move now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Current {
    /// They move, at these rates over the last changes of the counters.
    Moving {
        /// Bytes a second.
        bytes: Rate,
        /// Files a second.
        files: Rate,
    },
    /// No counter has changed for this long, which is longer than a pause between two refreshes.
    Still(SignedDuration),
    /// The counters changed fewer than three times so far.
    Measuring,
    /// Polls fail, and have for too long to speak of now.
    Unseen,
    /// Nothing is transferred in this status.
    None,
}

impl Current {
    /// The rate of an execution at a moment.
    pub fn of(past: &Past, now: Timestamp) -> Self {
        if past.status() != Some(Status::Transferring) {
            return Self::None;
        }
        if is_blind(past, now) {
            return Self::Unseen;
        }
        let unchanged = past.counters_unchanged_for();
        if unchanged >= still_after(past) {
            return Self::Still(unchanged);
        }
        match (past.timeline.byte_rate(), past.timeline.file_rate()) {
            (Some(bytes), Some(files)) => Self::Moving { bytes, files },
            _ => Self::Measuring,
        }
    }

    /// Bytes a second; `None` unless they move.
    pub fn bytes(&self) -> Option<f64> {
        match self {
            Self::Moving { bytes, .. } => Some(bytes.per_second),
            _ => None,
        }
    }

    /// Files a second; `None` unless they move.
    pub fn files(&self) -> Option<f64> {
        match self {
            Self::Moving { files, .. } => Some(files.per_second),
            _ => None,
        }
    }
}

/// Items a second that come through a step of the pipeline now; `None` where none do, or it is not known.
pub fn of_step(past: &Past, step: Step, now: Timestamp) -> Option<f64> {
    let counts = match past.status()? {
        Status::Transferring => true,
        Status::Preparing | Status::Verifying => past.applicability().mode != Mode::Basic,
        _ => false,
    };
    let still = past.counters_unchanged_for() >= still_after(past) || is_blind(past, now);
    past.step_rates.rate(step).filter(|rate| counts && !still && *rate > 0.0)
}

/// Whether polls have failed for too long to speak of now.
pub fn is_blind(past: &Past, now: Timestamp) -> bool {
    let patience = BLIND_AT_LEAST.max(past.interval().saturating_mul(4));
    let unseen = past.newest.as_ref().map(|newest| now.duration_since(newest.at));
    past.outage.is_some() && unseen.is_some_and(|unseen| unseen >= patience)
}

fn still_after(past: &Past) -> SignedDuration {
    let usual = past.counter_refresh.usual();
    if usual.is_none() && past.was_seen_to_move() {
        return STILL_ANYHOW;
    }
    STILL_AT_LEAST.max(refresh::quiet_after(usual, past.interval()))
}
