//! How far: bytes and files against their estimates, and how a SUCCESS ended.

use jiff::{SignedDuration, Timestamp};

use crate::{
    aws::{
        applicability::{Applicability, Metric},
        snapshot::{Count, Snapshot, Status},
    },
    transfer::past::pipeline,
};

/// A count against its estimate.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Gauge {
    /// What was done; `None` where it was not reported.
    pub done: Option<i64>,
    /// What is expected; `None` where it was not reported or is not above 0.
    pub total: Option<i64>,
}

impl Gauge {
    /// Takes counters as they were reported. An estimate of 0 is none.
    pub fn new(done: Option<Count>, total: Option<Count>) -> Self {
        Self { done: done.map(|count| count.0), total: total.map(|count| count.0).filter(|total| *total > 0) }
    }

    /// The share that is done, 0 to 1; `None` without both numbers.
    pub fn fraction(&self) -> Option<f64> {
        Some((self.done? as f64 / self.total? as f64).clamp(0.0, 1.0))
    }

    /// Whether more was done than was expected.
    pub fn is_over(&self) -> bool {
        matches!((self.done, self.total), (Some(done), Some(total)) if done > total)
    }
}

/// Bytes written against the estimate.
pub fn bytes(snapshot: &Snapshot) -> Gauge {
    Gauge::new(snapshot.bytes_written, snapshot.estimated_bytes_to_transfer)
}

/// Files transferred against the estimate, without the expected deletes that Basic mode counts among them.
pub fn files(snapshot: &Snapshot, applicability: &Applicability) -> Gauge {
    let estimate = snapshot.estimated_files_to_transfer.map(|Count(all)| match snapshot.estimated_files_to_delete {
        Some(Count(deletes)) if applicability.estimate_counts_deletes() && deletes > 0 => {
            Count(all.saturating_sub(deletes))
        }
        _ => Count(all),
    });
    Gauge::new(snapshot.files_transferred, estimate)
}

/// Files deleted at the destination against the estimate.
pub fn deletes(snapshot: &Snapshot) -> Gauge {
    Gauge::new(snapshot.files_deleted, snapshot.estimated_files_to_delete)
}

/// Files verified against what was transferred; the total is `None` where there is no denominator for it.
pub fn verified(snapshot: &Snapshot, applicability: &Applicability) -> Gauge {
    let of = snapshot.files_transferred.filter(|_| applicability.reports(Metric::VerifiedShare));
    Gauge::new(snapshot.files_verified, of)
}

/// The average that the console shows as its throughput, in bytes a second: over all of the time in Enhanced
/// mode, over the transferring phase in Basic mode. It hides a stall. `None` before there is one.
pub fn average(snapshot: &Snapshot, applicability: &Applicability) -> Option<f64> {
    let lasted = transfer_lasted(snapshot, applicability)?;
    let bytes = snapshot.bytes_written.filter(|bytes| bytes.0 >= 0)?.0;
    Some(bytes as f64 / lasted.as_secs_f64())
}

/// How long it has transferred, as the service reports it: the transferring phase in Basic mode, all of the time in
/// Enhanced mode. Above 0; `None` before it reports one.
pub fn transfer_lasted(snapshot: &Snapshot, applicability: &Applicability) -> Option<SignedDuration> {
    let result = snapshot.result.as_ref()?;
    let phases_count = applicability.reports(Metric::PhaseDurations);
    let milliseconds = if phases_count { result.transfer_duration } else { result.total_duration }?.0;
    Some(SignedDuration::from_millis(milliseconds)).filter(SignedDuration::is_positive)
}

/// The bandwidth limit in bytes a second; `None` without one, and where the mode ignores it.
pub fn limit(snapshot: &Snapshot, applicability: &Applicability) -> Option<i64> {
    snapshot.limit().filter(|_| applicability.reports(Metric::BandwidthLimit))
}

/// How long one that runs has been transferring. Above 0; as long as nothing is reported of an Enhanced one, since its
/// launch.
pub fn transferring_for(snapshot: &Snapshot, applicability: &Applicability, now: Timestamp) -> Option<SignedDuration> {
    let launched = snapshot.launch_time.filter(|_| !applicability.reports(Metric::PhaseDurations));
    transfer_lasted(snapshot, applicability)
        .or_else(|| launched.map(|at| now.duration_since(at.0)))
        .filter(|lasted| lasted.is_positive())
}

/// The share of bytes that compression saved on the network; `None` where there is none to speak of.
pub fn saved_by_compression(snapshot: &Snapshot, applicability: &Applicability) -> Option<f64> {
    if !applicability.reports(Metric::Compression) {
        return None;
    }
    let (sent, compressed) = (snapshot.bytes_transferred?.0, snapshot.bytes_compressed?.0);
    (sent > 0 && compressed > 0).then(|| (1.0 - compressed as f64 / sent as f64).clamp(0.0, 1.0))
}

/// Compression that saves less than this is not worth a word.
const SAVES: f64 = 0.005;

/// The same where it is worth a word.
pub fn compression_saves(snapshot: &Snapshot, applicability: &Applicability) -> Option<f64> {
    saved_by_compression(snapshot, applicability).filter(|saved| *saved >= SAVES)
}

/// How an execution ended that is over with SUCCESS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All that was expected was done.
    Whole,
    /// There was nothing to do.
    Nothing,
    /// So many items failed.
    Failures(i64),
    /// So many fewer files were transferred than estimated, and nothing else tells of anything missing: the API
    /// reference says that the counts need not be exact.
    Short(i64),
    /// So many bytes fewer were written than expected.
    BytesShort(i64),
    /// Everything was to be transferred, and so many files were skipped.
    SkippedOfAll(i64),
    /// The response carries an error all the same.
    Error,
}

impl Ending {
    /// Whether nothing is known to be missing.
    pub fn is_complete(self) -> bool {
        matches!(self, Self::Whole | Self::Nothing | Self::Short(_))
    }
}

/// How it ended; `None` unless its status is SUCCESS.
pub fn ending(snapshot: &Snapshot, applicability: &Applicability) -> Option<Ending> {
    if snapshot.status()? != Status::Success {
        return None;
    }
    if let Some(failed @ 1..) = pipeline::failures(snapshot) {
        return Some(Ending::Failures(failed));
    }
    // what is at the destination already is skipped where nothing is to be overwritten
    let overwrites = snapshot.options.as_ref().is_none_or(|o| o.overwrite_mode.as_deref() != Some("NEVER"));
    let counts = applicability.everything && overwrites;
    if let Some(Count(skipped @ 1..)) = snapshot.files_skipped.filter(|_| counts) {
        return Some(Ending::SkippedOfAll(skipped));
    }
    let missing = |gauge: Gauge| gauge.total.zip(gauge.done).map(|(total, done)| total.saturating_sub(done));
    if let Some(short @ 1..) = missing(bytes(snapshot)) {
        return Some(Ending::BytesShort(short));
    }
    let has_failed_phase = snapshot.result.as_ref().is_some_and(|result| result.failed_phases().next().is_some());
    if snapshot.error().is_some() || has_failed_phase {
        return Some(Ending::Error);
    }
    if let Some(short @ 1..) = missing(files(snapshot, applicability)) {
        return Some(Ending::Short(short));
    }
    let counters = [snapshot.files_transferred, snapshot.bytes_written, snapshot.estimated_files_to_transfer];
    let nothing = counters.iter().all(|counter| *counter == Some(Count(0)))
        && [snapshot.files_deleted, snapshot.folders_transferred]
            .iter()
            .all(|counter| counter.is_none_or(|c| c.0 == 0));
    Some(if nothing { Ending::Nothing } else { Ending::Whole })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::applicability::read;

    #[test]
    fn a_gauge_never_leaves_its_ends() {
        for (done, total, fraction, over) in [
            (Some(50), Some(100), Some(0.5), false),
            (Some(150), Some(100), Some(1.0), true),
            (Some(-5), Some(100), Some(0.0), false),
            (Some(5), Some(0), None, false),
            (Some(5), Some(-1), None, false),
            (Some(i64::MAX), Some(i64::MAX), Some(1.0), false),
            (Some(i64::MIN), Some(1), Some(0.0), false),
            (None, Some(100), None, false),
            (Some(5), None, None, false),
        ] {
            let gauge = Gauge::new(done.map(Count), total.map(Count));
            assert_eq!((gauge.fraction(), gauge.is_over()), (fraction, over), "{done:?} of {total:?}");
        }
    }

    #[test]
    fn basic_mode_keeps_expected_deletes_out_of_the_files() {
        let text = r#"{"EstimatedFilesToTransfer":110,"EstimatedFilesToDelete":10,"FilesTransferred":50,
            "Options":{"PreserveDeletedFiles":"REMOVE","TransferMode":"CHANGED"}}"#;
        let (snapshot, applicability) = read(text);
        assert_eq!(files(&snapshot, &applicability), Gauge { done: Some(50), total: Some(100) });
        let (snapshot, applicability) = read(&text.replacen('{', r#"{"TaskMode":"ENHANCED","#, 1));
        assert_eq!(files(&snapshot, &applicability).total, Some(110));
    }

    #[test]
    fn the_average_is_the_consoles() {
        let text = r#"{"BytesWritten":1000,"Result":{"TotalDuration":10000,"TransferDuration":5000}}"#;
        let (snapshot, applicability) = read(text);
        assert_eq!(average(&snapshot, &applicability), Some(200.0));
        let (snapshot, applicability) = read(&text.replacen('{', r#"{"TaskMode":"ENHANCED","#, 1));
        assert_eq!(average(&snapshot, &applicability), Some(100.0));
        for none in ["{}", r#"{"BytesWritten":5}"#, r#"{"BytesWritten":5,"Result":{"TransferDuration":0}}"#] {
            let (snapshot, applicability) = read(none);
            assert_eq!(average(&snapshot, &applicability), None, "{none}");
        }
    }

    #[test]
    fn how_long_it_has_been_transferring_is_the_services_time() {
        let now = Timestamp::from_second(1_000_100).unwrap();
        let text = r#"{"LaunchTime":1000000,"Result":{"TotalDuration":10000,"TransferDuration":5000}}"#;
        let enhanced = |text: &str| text.replacen('{', r#"{"TaskMode":"ENHANCED","#, 1);
        for (text, expected) in [
            (text.to_owned(), Some(5_000)),
            (enhanced(text), Some(10_000)),
            (r#"{"LaunchTime":1000000}"#.to_owned(), None),
            (enhanced(r#"{"LaunchTime":1000000}"#), Some(100_000)),
            (enhanced(r#"{"LaunchTime":1000200}"#), None),
            (enhanced("{\"Result\":{\"TotalDuration\":0}}"), None),
            ("{}".to_owned(), None),
        ] {
            let (snapshot, applicability) = read(&text.replace(",}", "}"));
            let lasted = transferring_for(&snapshot, &applicability, now);
            assert_eq!(lasted.map(|lasted| lasted.as_millis()), expected, "{text}");
        }
    }

    #[test]
    fn the_limit_is_told_of_where_it_counts() {
        let text = r#"{"Options":{"BytesPerSecond":500}}"#;
        let (snapshot, applicability) = read(text);
        assert_eq!(limit(&snapshot, &applicability), Some(500));
        let (snapshot, applicability) = read(r#"{"Options":{"BytesPerSecond":-1}}"#);
        assert_eq!(limit(&snapshot, &applicability), None);
    }

    #[test]
    fn compression_is_spoken_of_in_basic_mode_only() {
        let text = r#"{"BytesTransferred":200,"BytesCompressed":50}"#;
        let (snapshot, applicability) = read(text);
        assert_eq!(saved_by_compression(&snapshot, &applicability), Some(0.75));
        let (snapshot, applicability) = read(&text.replacen('{', r#"{"TaskMode":"ENHANCED","#, 1));
        assert_eq!(saved_by_compression(&snapshot, &applicability), None);
    }

    #[test]
    fn a_success_is_looked_at_closely() {
        let end = |members: &str| {
            let (snapshot, applicability) = read(&format!(r#"{{"Status":"SUCCESS",{members}}}"#));
            ending(&snapshot, &applicability)
        };
        let done =
            r#""FilesTransferred":7,"EstimatedFilesToTransfer":7,"BytesWritten":30,"EstimatedBytesToTransfer":30"#;
        assert_eq!(end(done), Some(Ending::Whole));
        assert_eq!(end(&format!(r#"{done},"FilesFailed":{{"Verify":2}}"#)), Some(Ending::Failures(2)));
        assert_eq!(end(&done.replace(":7,\"E", ":5,\"E")), Some(Ending::Short(2)));
        assert_eq!(end(&done.replace(":30,", ":10,")), Some(Ending::BytesShort(20)));
        assert_eq!(end(&format!(r#"{done},"FilesSkipped":4"#)), Some(Ending::Whole));
        assert_eq!(
            end(&format!(r#"{done},"FilesSkipped":4,"Options":{{"TransferMode":"ALL"}}"#)),
            Some(Ending::SkippedOfAll(4))
        );
        let kept = r#","FilesSkipped":4,"Options":{"TransferMode":"ALL","OverwriteMode":"NEVER"}"#;
        assert_eq!(end(&format!("{done}{kept}")), Some(Ending::Whole));
        for error in [r#""ErrorCode":"OpNotSupp""#, r#""ErrorDetail":"x""#, r#""VerifyStatus":"ERROR""#] {
            assert_eq!(end(&format!(r#"{done},"Result":{{{error}}}"#)), Some(Ending::Error), "{error}");
        }
        let none = r#""ErrorCode":"","VerifyStatus":"SUCCESS""#;
        assert_eq!(end(&format!(r#"{done},"Result":{{{none}}}"#)), Some(Ending::Whole));
        let nothing =
            r#""FilesTransferred":0,"EstimatedFilesToTransfer":0,"BytesWritten":0,"EstimatedBytesToTransfer":0"#;
        assert_eq!(end(nothing), Some(Ending::Nothing));
        assert_eq!(ending(&read(r#"{"Status":"ERROR"}"#).0, &read("{}").1), None);
    }
}
