//! Why it is as fast as it is, in one line, where the numbers carry it.

use jiff::SignedDuration;

use super::health::HealthState;
use crate::{
    aws::{applicability::Metric, snapshot::Status},
    say::{sentences::Now, units},
    transfer::{
        execution::Execution,
        past::timeline::Stretch,
        present::progress::{self, Step},
    },
};

/// From this share of the limit on, the limit is what binds.
const AT_LIMIT: f64 = 0.95;
/// A backlog below this share of what came through is none.
const BACKLOG: f64 = 0.05;
/// Items are as many a second as before, within this.
const SAME: f64 = 0.15;
/// Bytes a second fell by so much at least.
const FELL: f64 = 0.3;

/// A change of the rate is news for so long.
const NEWS: SignedDuration = SignedDuration::from_hours(12);
/// Compression that saves less than this is none.
const SAVES: f64 = 0.005;

/// The one line; `None` where the numbers tell nothing.
pub fn diagnose(execution: &Execution, now: &Now) -> Option<String> {
    // where nothing moves, rates are of before, and would tell of what is no more
    let moves = !matches!(execution.health(now.at).state, HealthState::Stalled | HealthState::Quiet);
    if execution.status() != Some(Status::Transferring) || !moves {
        return None;
    }
    at_the_limit(execution)
        .or_else(|| by_items(execution))
        .or_else(|| lagging(execution))
        .or_else(|| another_rate(execution, now))
        .or_else(|| compressing(execution))
}

fn at_the_limit(execution: &Execution) -> Option<String> {
    let limit =
        execution.snapshot()?.limit().filter(|_| execution.applicability().reports(Metric::BandwidthLimit))? as f64;
    let rate = execution.timeline().byte_rate()?.per_second;
    let used = rate / limit;
    (used >= AT_LIMIT).then(|| {
        let limit = units::byte_rate(limit);
        let saved = execution
            .snapshot()
            .and_then(|snapshot| progress::saved_by_compression(snapshot, execution.applicability()));
        let vain = saved.filter(|saved| *saved < SAVES).map(|_| " Compression saves nothing.");
        format!("At the bandwidth limit: it uses {} of {limit}.{}", units::percent(used), vain.unwrap_or_default())
    })
}

/// The rate took on another level, not long ago.
fn another_rate(execution: &Execution, now: &Now) -> Option<String> {
    let (before, kept) = execution.rate_level().before().zip(execution.rate_level().now())?;
    let recent = now.at.duration_since(kept.since) <= NEWS;
    let rates = (units::byte_rate(before.rate), units::byte_rate(kept.rate));
    recent.then(|| format!("The rate changed at {} from {} to {}.", now.minute(kept.since), rates.0, rates.1))
}

fn compressing(execution: &Execution) -> Option<String> {
    let saved = progress::saved_by_compression(execution.snapshot()?, execution.applicability())?;
    (saved >= SAVES).then(|| format!("Compression is at work: it saves {} on the network.", units::percent(saved)))
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
    execution.applicability().reports(Metric::Listed).then_some(())?;
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
        let grows = execution.step_rates().growth(before, after)?;
        (waiting as f64 >= came as f64 * BACKLOG && grows > 0.0).then_some((before, after, waiting, grows))
    });
    let (before, after, waiting, grows) = backlogs.max_by_key(|(_, _, waiting, _)| *waiting)?;
    let (before, after) = (before.name().to_lowercase(), after.name().to_lowercase());
    let (waiting, grows) = (units::short_count(waiting), units::item_rate(grows));
    Some(format!("{waiting} files wait between {before} and {after}, and {grows} come to it."))
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::transfer::execution::tests::{at, watched};

    const MINUTE: i64 = 60;

    /// What is said at the end of so many minutes, polled every 15 s, with the members of each second.
    fn said(minutes: i64, members: impl Fn(i64) -> String) -> Option<String> {
        let end = minutes * MINUTE;
        let execution = watched((0..=end).step_by(15).map(|second| (second, members(second))));
        diagnose(&execution, &Now { at: at(end), zone: &TimeZone::UTC })
    }

    fn counted(terms: &str, bytes: i64, files: i64) -> String {
        format!(r#"{terms},"Status":"TRANSFERRING","BytesWritten":{bytes},"FilesTransferred":{files}"#)
    }

    const BASIC: &str = r#""TaskMode":"BASIC""#;

    #[test]
    fn a_plain_transfer_needs_no_words() {
        assert_eq!(said(90, |second| counted(BASIC, second * 1000, second)), None);
        let over = |second: i64| counted(BASIC, second * 1000, second).replace("TRANSFERRING", "SUCCESS");
        assert_eq!(said(90, over), None);
    }

    #[test]
    fn the_limit_binds_from_95_percent_on() {
        let limited = |rate: i64| {
            let terms = r#""TaskMode":"BASIC","Options":{"BytesPerSecond":1048576}"#;
            said(5, |second| counted(terms, second * rate, second))
        };
        assert_eq!(limited(1_000_000).as_deref(), Some("At the bandwidth limit: it uses 95.4 % of 1.00 MiB/s."));
        assert_eq!(limited(990_000), None);
        let vain = |second: i64| {
            let terms = format!(
                r#""TaskMode":"BASIC","Options":{{"BytesPerSecond":1048576}},"BytesTransferred":{0},"BytesCompressed":{0}"#,
                second * 1000
            );
            counted(&terms, second * 1_040_000, second)
        };
        assert!(said(5, vain).unwrap().ends_with(" Compression saves nothing."));
    }

    #[test]
    fn smaller_items_at_the_same_pace_bind_by_items() {
        let bytes = |second: i64| second.min(1200) * 100_000 + (second - 1200).max(0) * 20_000;
        let said = said(30, |second| counted(BASIC, bytes(second), second * 10));
        let expected =
            "Bound by items, not bytes: 10 /s as before, but they are smaller, 1.95 KiB each and before 9.77 KiB.";
        assert_eq!(said.as_deref(), Some(expected));
    }

    #[test]
    fn the_lane_with_the_largest_growing_backlog_lags() {
        let lanes = |second: i64| {
            let terms = format!(
                r#""TaskMode":"ENHANCED","Options":{{"VerifyMode":"ONLY_FILES_TRANSFERRED"}},"FilesPrepared":{},"FilesVerified":{},"FilesListed":{{"AtSource":{}}}"#,
                second * 20,
                second * 4,
                second * 21
            );
            counted(&terms, second * 1000, second * 5)
        };
        let expected = "81,000 files wait between prepared and transferred, and 15 /s come to it.";
        assert_eq!(said(90, lanes).as_deref(), Some(expected));
    }

    #[test]
    fn what_stands_still_has_no_rates_to_tell_of() {
        let lanes = |second: i64| {
            let moved = second.min(1200);
            let terms = format!(r#""TaskMode":"ENHANCED","FilesPrepared":{}"#, moved * 20);
            counted(&terms, moved * 1000, moved * 5)
        };
        assert!(said(20, lanes).is_some());
        assert_eq!(said(30, lanes), None);
    }

    #[test]
    fn another_rate_is_told_for_half_a_day() {
        let bytes = |second: i64| second.min(3600) * 1_000_000 + (second - 3600).max(0) * 400_000;
        let files = |second: i64| bytes(second) / 1_000_000;
        let said_after = |minutes| said(minutes, |second| counted(BASIC, bytes(second), files(second)));
        let said = said_after(120).unwrap();
        assert!(said.starts_with("The rate changed at "), "{said}");
        assert!(said.contains("from 977 KiB/s to "), "{said}");
        assert_eq!(said_after(14 * 60), None);
    }

    #[test]
    fn compression_is_told_where_it_saves() {
        let compressed = |second: i64| {
            let sent = format!(r#"{BASIC},"BytesTransferred":{},"BytesCompressed":{}"#, second * 1000, second * 600);
            counted(&sent, second * 1000, second)
        };
        assert_eq!(said(5, compressed).as_deref(), Some("Compression is at work: it saves 40.0 % on the network."));
    }
}
