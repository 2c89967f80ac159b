//! How far: bytes and files against their estimates, and the lanes of the Enhanced pipeline.

use crate::aws::{
    applicability::{Applicability, Metric, Verify},
    snapshot::{Count, Failed, Listed, Snapshot, Status},
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
pub fn files(snapshot: &Snapshot, terms: &Applicability) -> Gauge {
    let estimate = snapshot.estimated_files_to_transfer.map(|Count(all)| match snapshot.estimated_files_to_delete {
        Some(Count(deletes)) if terms.estimate_counts_deletes() && deletes > 0 => Count(all.saturating_sub(deletes)),
        _ => Count(all),
    });
    Gauge::new(snapshot.files_transferred, estimate)
}

/// Files deleted at the destination against the estimate.
pub fn deletes(snapshot: &Snapshot) -> Gauge {
    Gauge::new(snapshot.files_deleted, snapshot.estimated_files_to_delete)
}

/// Files verified against what was transferred; the total is `None` where there is no denominator for it.
pub fn verified(snapshot: &Snapshot, terms: &Applicability) -> Gauge {
    let of = snapshot.files_transferred.filter(|_| terms.reports(Metric::VerifiedShare));
    Gauge::new(snapshot.files_verified, of)
}

/// One step of the pipeline, or a count beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Found at the source.
    Listed,
    /// Compared, to be attempted.
    Prepared,
    /// Sent.
    Transferred,
    /// Compared after transferring.
    Verified,
    /// Found at the destination, to know what to delete.
    ListedForDelete,
    /// Deleted at the destination.
    Deleted,
    /// Left alone.
    Skipped,
}

impl Step {
    /// What happened to the items in this lane.
    pub fn name(self) -> &'static str {
        match self {
            Self::Listed => "Listed",
            Self::Prepared => "Prepared",
            Self::Transferred => "Transferred",
            Self::Verified => "Verified",
            Self::ListedForDelete => "At destination",
            Self::Deleted => "Deleted",
            Self::Skipped => "Skipped",
        }
    }

    /// The service's word for a failure in this lane: `list`, `prepare`, …; `None` where nothing can fail.
    pub fn failing(self) -> Option<&'static str> {
        match self {
            Self::Listed => Some("list"),
            Self::Prepared => Some("prepare"),
            Self::Transferred => Some("transfer"),
            Self::Verified => Some("verify"),
            Self::Deleted => Some("delete"),
            Self::ListedForDelete | Self::Skipped => None,
        }
    }
}

/// One lane of the Enhanced pipeline. Each number is `None` where it was not reported or does not apply.
#[derive(Clone, Debug, PartialEq)]
pub struct Lane {
    /// Which one.
    pub step: Step,
    /// Files that came through.
    pub files: Option<i64>,
    /// Directories that came through.
    pub folders: Option<i64>,
    /// Files that failed here.
    pub files_failed: Option<i64>,
    /// Directories that failed here.
    pub folders_failed: Option<i64>,
    /// Why the lane has no numbers under these terms.
    pub not_applicable: Option<&'static str>,
}

impl Lane {
    /// Files and directories that failed here; `None` where neither was reported.
    pub fn failed(&self) -> Option<i64> {
        match (self.files_failed, self.folders_failed) {
            (None, None) => None,
            (files, folders) => Some(files.unwrap_or(0).saturating_add(folders.unwrap_or(0))),
        }
    }
}

/// The lanes that apply, in the order in which an item goes through them.
pub fn pipeline(snapshot: &Snapshot, terms: &Applicability) -> Vec<Lane> {
    let lane = |step, figure: Option<Metric>, files: Option<Count>, folders: Option<Count>| {
        let failed = |failed: &Option<Failed>| step_failures(failed.as_ref(), step).map(|count| count.0);
        Lane {
            step,
            files: files.map(|count| count.0),
            folders: folders.map(|count| count.0),
            files_failed: failed(&snapshot.files_failed),
            folders_failed: failed(&snapshot.folders_failed),
            not_applicable: figure.and_then(|figure| terms.applies(figure).err()),
        }
    };
    let listed = |listed: &Option<Listed>| listed.as_ref().and_then(|listed| listed.at_source);
    let to_delete = |listed: &Option<Listed>| listed.as_ref().and_then(|listed| listed.at_destination_for_delete);
    let s = snapshot;
    let mut lanes = vec![
        lane(Step::Listed, Some(Metric::Listed), listed(&s.files_listed), listed(&s.folders_listed)),
        lane(Step::Prepared, Some(Metric::Prepared), s.files_prepared, s.folders_prepared),
        lane(Step::Transferred, None, s.files_transferred, s.folders_transferred),
        lane(Step::Verified, Some(Metric::Verified), s.files_verified, s.folders_verified),
    ];
    if terms.reports(Metric::Deleted) {
        lanes.push(lane(Step::ListedForDelete, None, to_delete(&s.files_listed), to_delete(&s.folders_listed)));
        lanes.push(lane(Step::Deleted, None, s.files_deleted, s.folders_deleted));
    }
    lanes.push(lane(Step::Skipped, None, s.files_skipped, s.folders_skipped));
    lanes
}

fn step_failures(failed: Option<&Failed>, step: Step) -> Option<Count> {
    let failed = failed?;
    match step {
        Step::Listed => failed.list,
        Step::Prepared => failed.prepare,
        Step::Transferred => failed.transfer,
        Step::Verified => failed.verify,
        Step::Deleted => failed.delete,
        Step::ListedForDelete | Step::Skipped => None,
    }
}

/// Failures of all steps, files and directories; `None` where none of them was reported.
pub fn failures(snapshot: &Snapshot) -> Option<i64> {
    [&snapshot.files_failed, &snapshot.folders_failed]
        .into_iter()
        .flatten()
        .flat_map(|failed| [failed.list, failed.prepare, failed.transfer, failed.verify, failed.delete])
        .flatten()
        .map(|count| count.0.max(0))
        .reduce(i64::saturating_add)
}

/// The average that the console shows as its throughput, in bytes a second: over all of the time in Enhanced
/// mode, over the transferring phase in Basic mode. It hides a stall. `None` before there is one.
pub fn average(snapshot: &Snapshot, terms: &Applicability) -> Option<f64> {
    let result = snapshot.result.as_ref()?;
    let phases_count = terms.reports(Metric::PhaseDurations);
    let milliseconds = if phases_count { result.transfer_duration } else { result.total_duration }?.0;
    let bytes = snapshot.bytes_written?.0;
    (milliseconds > 0 && bytes >= 0).then(|| bytes as f64 / (milliseconds as f64 / 1e3))
}

/// The share of bytes that compression saved on the network; `None` where there is none to speak of.
pub fn saved_by_compression(snapshot: &Snapshot, terms: &Applicability) -> Option<f64> {
    if !terms.reports(Metric::Compression) {
        return None;
    }
    let (sent, compressed) = (snapshot.bytes_transferred?.0, snapshot.bytes_compressed?.0);
    (sent > 0 && compressed > 0).then(|| (1.0 - compressed as f64 / sent as f64).clamp(0.0, 1.0))
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
    /// So many fewer files were transferred than expected.
    Short(i64),
    /// So many bytes fewer were written than expected.
    BytesShort(i64),
    /// Everything was to be transferred, and so many files were skipped.
    SkippedOfAll(i64),
}

/// How it ended; `None` unless its status is SUCCESS.
pub fn ending(snapshot: &Snapshot, terms: &Applicability) -> Option<Ending> {
    if snapshot.status()? != Status::Success {
        return None;
    }
    if let Some(failed @ 1..) = failures(snapshot) {
        return Some(Ending::Failures(failed));
    }
    if let Some(Count(skipped @ 1..)) = snapshot.files_skipped.filter(|_| terms.everything) {
        return Some(Ending::SkippedOfAll(skipped));
    }
    let missing = |gauge: Gauge| gauge.total.zip(gauge.done).map(|(total, done)| total.saturating_sub(done));
    if let Some(short @ 1..) = missing(bytes(snapshot)) {
        return Some(Ending::BytesShort(short));
    }
    if let Some(short @ 1..) = missing(files(snapshot, terms)) {
        return Some(Ending::Short(short));
    }
    let counters = [snapshot.files_transferred, snapshot.bytes_written, snapshot.estimated_files_to_transfer];
    let nothing = counters.iter().all(|counter| *counter == Some(Count(0)))
        && [snapshot.files_deleted, snapshot.folders_transferred]
            .iter()
            .all(|counter| counter.is_none_or(|c| c.0 == 0));
    Some(if nothing { Ending::Nothing } else { Ending::Whole })
}

/// Whether verification of both sides whole is what the terms ask for: it has no counter to wait for.
pub fn verifies_both_sides(terms: &Applicability) -> bool {
    terms.verify == Verify::PointInTimeConsistent
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Snapshot, Applicability) {
        let snapshot: Snapshot = serde_json::from_str(text).unwrap();
        let terms = Applicability::of(&snapshot);
        (snapshot, terms)
    }

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
        let (snapshot, terms) = read(text);
        assert_eq!(files(&snapshot, &terms), Gauge { done: Some(50), total: Some(100) });
        let (snapshot, terms) = read(&text.replacen('{', r#"{"TaskMode":"ENHANCED","#, 1));
        assert_eq!(files(&snapshot, &terms).total, Some(110));
    }

    #[test]
    fn lanes_are_those_that_apply() {
        let steps = |text| {
            let (snapshot, terms) = read(text);
            pipeline(&snapshot, &terms)
                .into_iter()
                .map(|lane| (lane.step, lane.not_applicable.is_none()))
                .collect::<Vec<_>>()
        };
        use Step::*;
        assert_eq!(
            steps(r#"{"TaskMode":"ENHANCED","Options":{"TransferMode":"CHANGED"}}"#),
            [(Listed, true), (Prepared, true), (Transferred, true), (Verified, true), (Skipped, true)]
        );
        assert_eq!(
            steps(r#"{"TaskMode":"ENHANCED","Options":{"TransferMode":"ALL","VerifyMode":"NONE"}}"#),
            [(Listed, true), (Prepared, false), (Transferred, true), (Verified, false), (Skipped, true)]
        );
        let remove = steps(r#"{"TaskMode":"ENHANCED","Options":{"PreserveDeletedFiles":"REMOVE"}}"#);
        assert!(remove.contains(&(Deleted, true)) && remove.contains(&(ListedForDelete, true)));
    }

    #[test]
    fn failures_belong_to_their_step() {
        let (snapshot, terms) = read(
            r#"{"TaskMode":"ENHANCED","FilesFailed":{"Prepare":3,"Transfer":12,"Verify":41,"Delete":0},
            "FoldersFailed":{"List":2,"Verify":1}}"#,
        );
        let failed: Vec<_> = pipeline(&snapshot, &terms).iter().map(|lane| (lane.step, lane.failed())).collect();
        assert_eq!(failed[0], (Step::Listed, Some(2)));
        assert_eq!(failed[1], (Step::Prepared, Some(3)));
        assert_eq!(failed[3], (Step::Verified, Some(42)));
        assert_eq!(failed[4], (Step::Skipped, None));
        assert_eq!(failures(&snapshot), Some(59));
        assert_eq!(failures(&read("{}").0), None);
        let huge = read(r#"{"FilesFailed":{"Prepare":9223372036854775807,"Verify":5,"Transfer":-7}}"#).0;
        assert_eq!(failures(&huge), Some(i64::MAX));
    }

    #[test]
    fn the_average_is_the_consoles() {
        let text = r#"{"BytesWritten":1000,"Result":{"TotalDuration":10000,"TransferDuration":5000}}"#;
        let (snapshot, terms) = read(text);
        assert_eq!(average(&snapshot, &terms), Some(200.0));
        let (snapshot, terms) = read(&text.replacen('{', r#"{"TaskMode":"ENHANCED","#, 1));
        assert_eq!(average(&snapshot, &terms), Some(100.0));
        for none in ["{}", r#"{"BytesWritten":5}"#, r#"{"BytesWritten":5,"Result":{"TransferDuration":0}}"#] {
            let (snapshot, terms) = read(none);
            assert_eq!(average(&snapshot, &terms), None, "{none}");
        }
    }

    #[test]
    fn compression_is_spoken_of_in_basic_mode_only() {
        let text = r#"{"BytesTransferred":200,"BytesCompressed":50}"#;
        let (snapshot, terms) = read(text);
        assert_eq!(saved_by_compression(&snapshot, &terms), Some(0.75));
        let (snapshot, terms) = read(&text.replacen('{', r#"{"TaskMode":"ENHANCED","#, 1));
        assert_eq!(saved_by_compression(&snapshot, &terms), None);
    }

    #[test]
    fn a_success_is_looked_at_closely() {
        let end = |members: &str| {
            let (snapshot, terms) = read(&format!(r#"{{"Status":"SUCCESS",{members}}}"#));
            ending(&snapshot, &terms)
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
        let nothing =
            r#""FilesTransferred":0,"EstimatedFilesToTransfer":0,"BytesWritten":0,"EstimatedBytesToTransfer":0"#;
        assert_eq!(end(nothing), Some(Ending::Nothing));
        assert_eq!(ending(&read(r#"{"Status":"ERROR"}"#).0, &read("{}").1), None);
    }
}
