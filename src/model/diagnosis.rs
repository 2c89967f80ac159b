//! Why it is as fast as it is, in one line, where the numbers carry it.

use jiff::SignedDuration;

use super::{applies::Figure, execution::Execution, progress::Step, snapshot::Status, timeline::Stretch, units};

/// From this share of the limit on, the limit is what binds.
const AT_LIMIT: f64 = 0.95;
/// A backlog below this share of what came through is none.
const BACKLOG: f64 = 0.05;
/// Items are as many a second as before, within this.
const SAME: f64 = 0.15;
/// Bytes a second fell by so much at least.
const FELL: f64 = 0.3;

/// The one line; `None` where the numbers tell nothing.
pub fn diagnose(execution: &Execution) -> Option<String> {
    if execution.status() != Some(Status::Transferring) {
        return None;
    }
    at_the_limit(execution).or_else(|| by_items(execution)).or_else(|| lagging(execution))
}

fn at_the_limit(execution: &Execution) -> Option<String> {
    let limit = execution.snapshot()?.limit().filter(|_| execution.terms().has(Figure::BandwidthLimit))? as f64;
    let rate = execution.timeline().byte_rate()?.per_second;
    let used = rate / limit;
    (used >= AT_LIMIT).then(|| {
        let limit = units::byte_rate(limit);
        format!("At the bandwidth limit: it uses {} of {limit}.", units::percent(used))
    })
}

/// Bytes a second fell and items a second did not: the items became smaller, and their number is what binds.
fn by_items(execution: &Execution) -> Option<String> {
    let timeline = execution.timeline();
    let newest = timeline.fresh().next_back()?.to;
    let split = newest - SignedDuration::from_mins(10);
    let (before, after): (Vec<&Stretch>, Vec<&Stretch>) = timeline.fresh().partition(|stretch| stretch.to <= split);
    let sums = |stretches: &[&Stretch]| {
        let seconds: f64 = stretches.iter().map(|stretch| stretch.seconds()).sum();
        let bytes: f64 = stretches.iter().map(|stretch| stretch.bytes as f64).sum();
        let files: f64 = stretches.iter().map(|stretch| stretch.files as f64).sum();
        (seconds >= 300.0 && files > 0.0 && bytes > 0.0).then_some((bytes / seconds, files / seconds, bytes / files))
    };
    let (old_bytes, old_files, old_size) = sums(&before)?;
    let (bytes, files, size) = sums(&after)?;
    let bound = (files / old_files - 1.0).abs() <= SAME && bytes <= old_bytes * (1.0 - FELL);
    bound.then(|| {
        let sizes = (units::bytes(old_size as i64), units::bytes(size as i64));
        let rate = units::item_rate(files);
        format!(
            "Bound by items, not bytes: {rate} as before, but they are smaller, {} each and before {}.",
            sizes.1, sizes.0
        )
    })
}

/// The lane whose backlog is largest and grows.
fn lagging(execution: &Execution) -> Option<String> {
    execution.terms().has(Figure::Listed).then_some(())?;
    let lanes = execution.pipeline();
    let files = |step: Step| lanes.iter().find(|lane| lane.step == step && lane.not_applicable.is_none())?.files;
    let failed = |step: Step| execution.failed_in(step).unwrap_or(0).max(0);
    let skipped = files(Step::Skipped).unwrap_or(0).max(0);
    let first = if files(Step::Prepared).is_some() { Step::Prepared } else { Step::Transferred };
    let pairs = [
        (Step::Listed, first, if first == Step::Prepared { skipped } else { 0 }),
        (Step::Prepared, Step::Transferred, 0),
        (Step::Transferred, Step::Verified, 0),
    ];
    let backlogs = pairs.into_iter().filter_map(|(before, after, apart)| {
        let (done, came) = (files(after)?, files(before)?);
        let waiting = came.checked_sub(done)?.checked_sub(apart)?.checked_sub(failed(after))?;
        let grows = execution.flow().growth(before, after)?;
        (waiting as f64 >= came as f64 * BACKLOG && grows > 0.0).then_some((before, after, waiting, grows))
    });
    let (before, after, waiting, grows) = backlogs.max_by_key(|(_, _, waiting, _)| *waiting)?;
    let (before, after) = (before.name().to_lowercase(), after.name().to_lowercase());
    let (waiting, grows) = (units::short_count(waiting), units::item_rate(grows));
    Some(format!("{waiting} files wait between {before} and {after}, {} more.", grows))
}
