//! What runs far below its own habit since it was last configured.

use super::{Finding, Health, HealthState, because};
use crate::{
    aws::snapshot::{Mode, Snapshot, Status},
    transfer::past::{Past, pipeline::Step, rate_level::SLOW_FOR},
};

/// Slow, where the transfer or another step is.
pub fn slow(past: &Past, snapshot: &Snapshot) -> Option<Health> {
    let is_basic = past.applicability().mode == Mode::Basic;
    let transfers = snapshot.status() == Some(Status::Transferring);
    let transfer = || past.rate_level.is_slow().then(|| transfer(past, !is_basic)).flatten().filter(|_| transfers);
    let finding = transfer().or_else(|| (!is_basic).then(|| step(past)).flatten())?;
    Some(because(HealthState::Slow, finding))
}

fn transfer(past: &Past, is_step: bool) -> Option<Finding> {
    let recent = past.timeline.rate(SLOW_FOR, |stretch| stretch.bytes)?;
    let median = past.timeline.median()?.bytes;
    Some(Finding::Slow { rate: recent.per_second, window: recent.window, median, is_step })
}

fn step(past: &Past) -> Option<Finding> {
    [Step::Prepared, Step::Verified, Step::Deleted].into_iter().find_map(|step| {
        let slow = past.motion.of(step)?.slow()?;
        Some(Finding::StepSlow { step, rate: slow.rate, median: slow.median })
    })
}
