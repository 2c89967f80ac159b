//! Where much of what is attempted fails, and what is left out.

use super::{FailingStep, Finding, Health, HealthState, because};
use crate::{
    aws::{applicability::Metric, snapshot::Snapshot},
    transfer::{
        past::{
            Past,
            pipeline::{self, Lane, Step},
        },
        present::progress,
    },
};

/// Fewer failures than this are not called failing.
const AT_LEAST: i64 = 10;
/// The share of what was attempted from which on it is failing.
const SHARE: f64 = 0.01;
/// What will have failed by the end is said from this share of the files on.
const ENOUGH: f64 = 0.05;

/// The steps of which a large share fails, the worst first.
pub fn failing(past: &Past, snapshot: &Snapshot) -> Option<Health> {
    let applicability = past.applicability();
    applicability.reports(Metric::Failures).then_some(())?;
    let lanes = pipeline::pipeline(snapshot, applicability);
    let mut steps: Vec<FailingStep> = lanes.iter().filter_map(failing_step).collect();
    steps.sort_by(|a, b| b.share.total_cmp(&a.share));
    let FailingStep { failed: worst, is_folders, .. } = *steps.first()?;
    // a share of what is listed so far tells nothing
    let done = progress::files(snapshot, applicability).fraction().filter(|_| !past.totals_grow());
    let done = done.filter(|fraction| *fraction >= ENOUGH);
    let by_the_end = done.map(|done| (worst as f64 / done) as i64).filter(|all| *all > worst && !is_folders);
    let since = lanes.iter().filter_map(|lane| past.step_rates.began(lane.step)).min();
    Some(because(HealthState::Failing, Finding::Failing { steps, by_the_end, since }))
}

fn failing_step(lane: &Lane) -> Option<FailingStep> {
    let (done, failed) = (lane.done().filter(|_| lane.is_told())?, lane.failed()?.max(0));
    // a folder that can't be listed is a whole branch left out: their own share counts, however few they are
    let unlisted = || {
        let failed = unlisted_folders(lane)?;
        let share = share(failed, lane.folders.unwrap_or(0));
        (share >= SHARE).then_some(FailingStep { step: lane.step, failed, share, is_folders: true })
    };
    let share = share(failed, done);
    let is_failing = failed >= AT_LEAST && share >= SHARE;
    let items = is_failing.then_some(FailingStep { step: lane.step, failed, share, is_folders: false });
    items.or_else(unlisted)
}

/// The share of what was attempted that failed, 0 to 1.
fn share(failed: i64, done: i64) -> f64 {
    failed as f64 / failed.saturating_add(done.max(0)).max(1) as f64
}

/// Folders that could not be listed; `None` where there are none, and of any other step.
pub fn unlisted_folders(lane: &Lane) -> Option<i64> {
    lane.folders_failed.filter(|folders| lane.step == Step::Listed && *folders > 0)
}

/// Folders that could not be listed, from the first one on.
pub fn unlisted(past: &Past, snapshot: &Snapshot) -> Option<Finding> {
    let lanes = pipeline::pipeline(snapshot, past.applicability());
    let folders = lanes.iter().filter(|lane| lane.not_applicable.is_none()).find_map(unlisted_folders)?;
    Some(Finding::Unlisted { folders })
}
