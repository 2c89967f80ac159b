//! The steps of the pipeline, what one response counts in each, and what waits in front of it.

use crate::aws::{
    applicability::{Applicability, Metric, NotApplicable},
    snapshot::{Count, Failed, Listed, Mode, Snapshot},
};

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
    /// All of them, in the order in which an item goes through them.
    #[cfg(test)]
    pub const ALL: [Self; 7] = [
        Self::Listed,
        Self::Prepared,
        Self::Transferred,
        Self::Verified,
        Self::ListedForDelete,
        Self::Deleted,
        Self::Skipped,
    ];

    /// Whether items can fail here.
    pub fn can_fail(self) -> bool {
        self.place().is_some()
    }

    /// Its place in [`FLOW`]; `None` for a count beside it.
    pub fn place(self) -> Option<usize> {
        FLOW.iter().position(|step| *step == self)
    }
}

/// The steps that items go through, and in which they can fail, in their order.
pub const FLOW: [Step; 5] = [Step::Listed, Step::Prepared, Step::Transferred, Step::Verified, Step::Deleted];

/// One lane of the Enhanced pipeline. Each number is `None` where it was not reported.
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
    /// Why the lane has no numbers in this mode or with these options.
    pub not_applicable: Option<NotApplicable>,
}

impl Lane {
    /// Whether it applies, and the response counts something in it.
    pub fn is_told(&self) -> bool {
        self.not_applicable.is_none() && (self.files.is_some() || self.folders.is_some())
    }

    /// Files and directories that came through; `None` where neither was reported.
    pub fn done(&self) -> Option<i64> {
        match (self.files, self.folders) {
            (None, None) => None,
            (files, folders) => Some(files.unwrap_or(0).max(0).saturating_add(folders.unwrap_or(0).max(0))),
        }
    }

    /// Files and directories that failed here; `None` where neither was reported.
    pub fn failed(&self) -> Option<i64> {
        match (self.files_failed, self.folders_failed) {
            (None, None) => None,
            (files, folders) => Some(files.unwrap_or(0).saturating_add(folders.unwrap_or(0))),
        }
    }
}

/// All lanes, in the order in which an item goes through them; those of deletes only where something is deleted.
pub fn pipeline(snapshot: &Snapshot, applicability: &Applicability) -> Vec<Lane> {
    let lane = |step, metric: Option<Metric>, files: Option<Count>, folders: Option<Count>| {
        let failed = |failed: &Option<Failed>| step_failures(failed.as_ref(), step).map(|count| count.0);
        Lane {
            step,
            files: files.map(|count| count.0),
            folders: folders.map(|count| count.0),
            files_failed: failed(&snapshot.files_failed),
            folders_failed: failed(&snapshot.folders_failed),
            not_applicable: metric.and_then(|metric| applicability.applies(metric).err()),
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
    if applicability.reports(Metric::Deleted) {
        lanes.push(lane(Step::ListedForDelete, None, to_delete(&s.files_listed), to_delete(&s.folders_listed)));
        lanes.push(lane(Step::Deleted, None, s.files_deleted, s.folders_deleted));
    }
    lanes.push(lane(Step::Skipped, None, s.files_skipped, s.folders_skipped));
    lanes
}

/// What waits in front of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Waiting {
    /// Files, 0 or more.
    pub files: i64,
    /// Their share of those that came so far, 0 to 1.
    pub share: f64,
    /// The share of the bytes that is still to be written, 0 to 1; 0 in front of any step but the transfer.
    pub bytes_share: f64,
}

impl Waiting {
    /// The larger share, 0 to 1.
    pub fn most(&self) -> f64 {
        self.share.max(self.bytes_share)
    }
}

/// What waits in front of a step; `None` where that can't be told: nobody knows what is still to be listed, nor how
/// much of what was listed an exclude filter leaves out.
pub fn waiting(step: Step, lanes: &[Lane], snapshot: &Snapshot, applicability: &Applicability) -> Option<Waiting> {
    let lane = |step: Step| lanes.iter().find(|lane| lane.step == step && lane.not_applicable.is_none());
    let files = |step: Step| lane(step)?.files;
    let number = |count: Option<Count>| count.map(|count| count.0);
    let came = match step {
        Step::Prepared if snapshot.excludes.as_ref().is_none_or(Vec::is_empty) => {
            files(Step::Listed)?.checked_sub(files(Step::Skipped)?)?
        }
        Step::Transferred if applicability.mode == Mode::Basic => number(snapshot.estimated_files_to_transfer)?,
        Step::Transferred => files(Step::Prepared).or_else(|| number(snapshot.estimated_files_to_transfer))?,
        Step::Verified if applicability.reports(Metric::VerifiedShare) => files(Step::Transferred)?,
        Step::Deleted => number(snapshot.estimated_files_to_delete)?,
        _ => return None,
    };
    let failed = lane(step)?.files_failed.unwrap_or(0).max(0);
    let left = came.saturating_sub(files(step)?).saturating_sub(failed).max(0);
    let part = |left: i64, all: i64| if all > 0 { (left.max(0) as f64 / all as f64).min(1.0) } else { 0.0 };
    let bytes = || Some((number(snapshot.estimated_bytes_to_transfer)?, number(snapshot.bytes_written)?));
    let of_bytes = bytes().filter(|_| step == Step::Transferred && failed == 0);
    let of_bytes = of_bytes.map_or(0.0, |(all, written)| part(all.saturating_sub(written), all));
    Some(Waiting { files: left, share: part(left, came), bytes_share: of_bytes })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::applicability::read;

    #[test]
    fn lanes_are_those_that_apply() {
        let steps = |text| {
            let (snapshot, applicability) = read(text);
            pipeline(&snapshot, &applicability)
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
        let (snapshot, applicability) = read(
            r#"{"TaskMode":"ENHANCED","FilesFailed":{"Prepare":3,"Transfer":12,"Verify":41,"Delete":0},
            "FoldersFailed":{"List":2,"Verify":1}}"#,
        );
        let failed: Vec<_> =
            pipeline(&snapshot, &applicability).iter().map(|lane| (lane.step, lane.failed())).collect();
        assert_eq!(failed[0], (Step::Listed, Some(2)));
        assert_eq!(failed[1], (Step::Prepared, Some(3)));
        assert_eq!(failed[3], (Step::Verified, Some(42)));
        assert_eq!(failed[4], (Step::Skipped, None));
        assert_eq!(failures(&snapshot), Some(59));
        assert_eq!(failures(&read("{}").0), None);
        let huge = read(r#"{"FilesFailed":{"Prepare":9223372036854775807,"Verify":5,"Transfer":-7}}"#).0;
        assert_eq!(failures(&huge), Some(i64::MAX));
    }
}
