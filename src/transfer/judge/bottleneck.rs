//! Why it is as fast as it is, where the numbers carry it.

use jiff::{SignedDuration, Timestamp};

use crate::{
    aws::{applicability::Metric, snapshot::Snapshot},
    transfer::{
        past::{
            Past,
            pipeline::{self, Step},
            timeline::Stretch,
        },
        present::{progress, rates::Current},
    },
};

/// A backlog below this share of what came through is none.
const BACKLOG: f64 = 0.05;
/// Items are as many a second as before, within this.
const SAME: f64 = 0.15;
/// Bytes a second fell by so much at least.
const FELL: f64 = 0.3;
/// What is recent, when item sizes are compared with those before.
const RECENT: SignedDuration = SignedDuration::from_mins(10);
/// A change of the rate is news for so long.
const NEWS: SignedDuration = SignedDuration::from_hours(12);
/// Within this multiple of a level the rate keeps to it.
const SAME_LEVEL: f64 = 1.6;

/// What decides the speed, with its numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bottleneck {
    /// The bandwidth limit is used up.
    BandwidthLimit {
        /// The share of it that is used.
        used: f64,
        /// Bytes a second.
        limit: i64,
        /// Whether compression, though on, saves nothing.
        compression_is_vain: bool,
    },
    /// Files are as many a second as before, but smaller.
    ItemCount {
        /// Files a second.
        files_per_second: f64,
        /// Bytes of a file on average in the last ten minutes, and before.
        size: i64,
        /// Before them.
        size_before: i64,
    },
    /// Items pile up before a step.
    Backlog {
        /// The step that they have been through.
        before: Step,
        /// The step that they wait for.
        after: Step,
        /// How many.
        waiting: i64,
        /// By how many a second that grows, above 0.
        growth: f64,
    },
    /// The rate took on another level, not long ago.
    RateChanged {
        /// When, to within five minutes.
        at: Timestamp,
        /// Bytes a second before.
        from: f64,
        /// Bytes a second since.
        to: f64,
    },
    /// None of these, but compression saves this share of the bytes on the network, 0 to 1.
    Compression(f64),
}

impl Bottleneck {
    /// The one that tells most; `None` where the numbers tell nothing.
    pub fn of(past: &Past, rate: &Current, now: Timestamp) -> Option<Self> {
        // where nothing moves, rates are of before, and would tell of what is no more
        let snapshot = past.snapshot().filter(|_| matches!(rate, Current::Moving { .. }))?;
        at_the_limit(past, snapshot, rate)
            .or_else(|| by_items(past))
            .or_else(|| backlog(past, snapshot))
            .or_else(|| rate_changed(past, now))
            .or_else(|| progress::compression_saves(snapshot, past.applicability()).map(Self::Compression))
    }
}

fn at_the_limit(past: &Past, snapshot: &Snapshot, rate: &Current) -> Option<Bottleneck> {
    let applicability = past.applicability();
    let limit = progress::limit(snapshot, applicability)?;
    let used = rate.bytes()? / limit as f64;
    let compresses = progress::saved_by_compression(snapshot, applicability).is_some();
    let compression_is_vain = compresses && progress::compression_saves(snapshot, applicability).is_none();
    past.rate_level.is_at_limit().then_some(Bottleneck::BandwidthLimit { used, limit, compression_is_vain })
}

fn rate_changed(past: &Past, now: Timestamp) -> Option<Bottleneck> {
    let (before, level) = past.rate_level.before().zip(past.rate_level.now())?;
    let recent = now.duration_since(level.since) <= NEWS;
    // it may have left that level again, long before this is called another one
    let ratio = past.timeline.byte_rate()?.per_second / level.rate;
    let is_kept = (1.0 / SAME_LEVEL..=SAME_LEVEL).contains(&ratio);
    (recent && is_kept).then_some(Bottleneck::RateChanged { at: level.since, from: before.rate, to: level.rate })
}

/// What moved in some stretches.
#[derive(Default)]
struct Sum {
    seconds: f64,
    bytes: f64,
    files: f64,
}

impl Sum {
    fn add(&mut self, stretch: &Stretch) {
        self.seconds += stretch.seconds();
        self.bytes += stretch.bytes as f64;
        self.files += stretch.files as f64;
    }

    /// Bytes a second, files a second, bytes a file; `None` where too little moved.
    fn rates(&self) -> Option<(f64, f64, f64)> {
        let enough = self.seconds >= 300.0 && self.files > 0.0 && self.bytes > 0.0;
        enough.then(|| (self.bytes / self.seconds, self.files / self.seconds, self.bytes / self.files))
    }
}

/// Bytes a second fell and items a second did not.
fn by_items(past: &Past) -> Option<Bottleneck> {
    let newest = past.timeline.fresh().next_back()?.to;
    let split = newest.checked_sub(RECENT).ok()?;
    let (mut before, mut after) = (Sum::default(), Sum::default());
    for stretch in past.timeline.fresh() {
        if stretch.to <= split { before.add(stretch) } else { after.add(stretch) }
    }
    let (old_bytes, old_files, size_before) = before.rates()?;
    let (bytes, files_per_second, size) = after.rates()?;
    let bound = (files_per_second / old_files - 1.0).abs() <= SAME && bytes <= old_bytes * (1.0 - FELL);
    bound.then_some(Bottleneck::ItemCount { files_per_second, size: size as i64, size_before: size_before as i64 })
}

/// The largest backlog that grows.
fn backlog(past: &Past, snapshot: &Snapshot) -> Option<Bottleneck> {
    let applicability = past.applicability();
    applicability.reports(Metric::Listed).then_some(())?;
    let lanes = pipeline::pipeline(snapshot, applicability);
    let pairs =
        [(Step::Listed, Step::Prepared), (Step::Prepared, Step::Transferred), (Step::Transferred, Step::Verified)];
    let backlogs = pairs.into_iter().filter_map(|(before, after)| {
        let waiting = pipeline::waiting(after, &lanes, snapshot, applicability)?;
        let growth = past.step_rates.growth(before, after)?;
        (waiting.share >= BACKLOG && growth > 0.0).then_some((before, after, waiting.files, growth))
    });
    let (before, after, waiting, growth) = backlogs.max_by_key(|(_, _, waiting, _)| *waiting)?;
    Some(Bottleneck::Backlog { before, after, waiting, growth })
}

#[cfg(test)]
mod tests {
    use crate::transfer::readout::Readout;
    use jiff::tz::TimeZone;

    use crate::{
        say::{self, units::LocalTime},
        transfer::execution::tests::{at, watched},
    };

    const MINUTE: i64 = 60;

    /// What is said at the end of so many minutes, polled every 15 s, with the members of each second.
    fn said(minutes: i64, members: impl Fn(i64) -> String) -> Option<String> {
        let end = minutes * MINUTE;
        let execution = watched((0..=end).step_by(15).map(|second| (second, members(second))));
        let bottleneck = Readout::of(&execution, at(end)).bottleneck?;
        Some(say::words::bottleneck::sentence(&bottleneck, &LocalTime { now: at(end), zone: &TimeZone::UTC }))
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
    fn the_limit_binds_from_90_percent_on() {
        let limited = |rate: i64| {
            let terms = r#""TaskMode":"BASIC","Options":{"BytesPerSecond":1048576}"#;
            said(5, |second| counted(terms, second * rate, second))
        };
        assert_eq!(limited(1_000_000).as_deref(), Some("At the bandwidth limit: 95.4% of 1.00 MiB/s used."));
        assert_eq!(limited(990_000).as_deref(), Some("At the bandwidth limit: 94.4% of 1.00 MiB/s used."));
        assert_eq!(limited(930_000), None);
        let vain = |second: i64| {
            let terms = format!(
                r#""TaskMode":"BASIC","Options":{{"BytesPerSecond":1048576}},"BytesTransferred":{0},"BytesCompressed":{0}"#,
                second * 1000
            );
            counted(&terms, second * 1_040_000, second)
        };
        assert!(said(5, vain).unwrap().ends_with(" Compression saves nothing on the network."));
    }

    #[test]
    fn smaller_items_at_the_same_pace_bind_by_items() {
        let bytes = |second: i64| second.min(1200) * 100_000 + (second - 1200).max(0) * 20_000;
        let said = said(30, |second| counted(BASIC, bytes(second), second * 10));
        let expected =
            "Limited by item count, not bytes: 10 files/s as before, but files are smaller (1.95 KiB, was 9.77 KiB).";
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
        let expected = "Transfer is the bottleneck: 81,000 files prepared but not transferred, growing by 15/s.";
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
    fn another_rate_is_no_news_once_it_is_left_again() {
        let bytes = |second: i64| {
            let slow = second.clamp(3600, 7080) - 3600;
            (second - slow) * 1_000_000 + slow * 400_000
        };
        let said = |minutes| said(minutes, |second| counted(BASIC, bytes(second), bytes(second) / 1_000_000));
        assert!(said(117).unwrap().starts_with("The rate changed at "));
        assert_eq!(said(120), None);
    }

    #[test]
    fn compression_is_told_where_it_saves() {
        let compressed = |second: i64| {
            let sent = format!(r#"{BASIC},"BytesTransferred":{},"BytesCompressed":{}"#, second * 1000, second * 600);
            counted(&sent, second * 1000, second)
        };
        assert_eq!(said(5, compressed).as_deref(), Some("Compression saves 40% on the network."));
    }
}
