//! The steps of the Enhanced pipeline, and what one response counts in each.

use crate::aws::{
    applicability::{Applicability, Metric, NotApplicable},
    snapshot::{Count, Failed, Listed, Snapshot},
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
        !matches!(self, Self::ListedForDelete | Self::Skipped)
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
    /// Why the lane has no numbers in this mode or with these options.
    pub not_applicable: Option<NotApplicable>,
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
