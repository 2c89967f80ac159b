//! How an execution ended.

use crate::{
    aws::{
        applicability::Applicability,
        snapshot::{Snapshot, Status},
    },
    transfer::present::progress::{self, Gauge},
};

/// How an execution ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// SUCCESS, with nothing known to be missing.
    Success,
    /// SUCCESS, with items that failed or are missing.
    Incomplete,
    /// ERROR, with at least 99 % of the expected bytes and files there.
    Partial,
    /// ERROR, since verification found differences.
    VerifyMismatch,
    /// ERROR.
    Failed,
    /// Someone cancelled it before all was done.
    Cancelled,
}

impl Outcome {
    /// All of them.
    #[cfg(test)]
    pub const ALL: [Self; 6] =
        [Self::Success, Self::Incomplete, Self::Partial, Self::VerifyMismatch, Self::Failed, Self::Cancelled];

    /// How an execution ended whose status before the end was `before`; `None` while it runs.
    ///
    /// No status says that it was cancelled: that is known where CANCELLING was seen, or the error says so.
    pub fn of(snapshot: &Snapshot, applicability: &Applicability, before: Option<&Status>) -> Option<Self> {
        let is_cancelled = before == Some(&Status::Cancelling) || snapshot.says_cancelled();
        match progress::ending(snapshot, applicability) {
            Some(ending) if ending.is_complete() => return Some(Self::Success),
            Some(_) if is_cancelled => return Some(Self::Cancelled),
            Some(_) => return Some(Self::Incomplete),
            None => {}
        }
        if snapshot.status()? != Status::Error {
            return None;
        }
        Some(if is_cancelled {
            Self::Cancelled
        } else if snapshot.found_mismatches() {
            Self::VerifyMismatch
        } else if snapshot.is_partial_success() && is_nearly_all(snapshot, applicability) {
            Self::Partial
        } else {
            Self::Failed
        })
    }
}

/// From this share on it is nearly all.
const NEARLY_ALL: f64 = 0.99;

/// Whether nearly all of the bytes and files that were expected are there, as far as they are reported; of what
/// nobody counts, nobody can say so.
fn is_nearly_all(snapshot: &Snapshot, applicability: &Applicability) -> bool {
    let gauges = [progress::bytes(snapshot), progress::files(snapshot, applicability)];
    let mut shares = gauges.iter().filter_map(Gauge::fraction).peekable();
    shares.peek().is_some() && shares.all(|share| share >= NEARLY_ALL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_is_told_apart() {
        let detail = |detail: &str| format!(r#""Status":"ERROR","Result":{{"ErrorDetail":"{detail}"}}"#);
        let partial = |bytes: i64, files: i64| {
            let counts = format!(
                r#","BytesWritten":{bytes},"EstimatedBytesToTransfer":1000,"FilesTransferred":{files},"EstimatedFilesToTransfer":100"#
            );
            detail("Selected files transferred except for files skipped due to errors.") + &counts
        };
        for (members, before, expected) in [
            (r#""Status":"SUCCESS""#.to_owned(), None, Some(Outcome::Success)),
            (
                r#""Status":"SUCCESS","TaskMode":"ENHANCED","FilesFailed":{"Verify":1}"#.into(),
                None,
                Some(Outcome::Incomplete),
            ),
            (
                detail("Transfer and verification completed. Verification detected mismatches."),
                None,
                Some(Outcome::VerifyMismatch),
            ),
            (partial(990, 99), None, Some(Outcome::Partial)),
            (partial(990, 98), None, Some(Outcome::Failed)),
            (partial(866, 100), None, Some(Outcome::Failed)),
            (partial(1000, 100), Some(Status::Cancelling), Some(Outcome::Cancelled)),
            // nothing is counted, so nobody knows what is there
            (detail("Selected files transferred except for files skipped due to errors."), None, Some(Outcome::Failed)),
            (
                r#""Status":"SUCCESS","BytesWritten":5,"EstimatedBytesToTransfer":9"#.into(),
                Some(Status::Cancelling),
                Some(Outcome::Cancelled),
            ),
            (r#""Status":"SUCCESS","BytesWritten":9"#.into(), Some(Status::Cancelling), Some(Outcome::Success)),
            (detail("The task execution was cancelled."), None, Some(Outcome::Cancelled)),
            (detail("Task canceled by user"), None, Some(Outcome::Cancelled)),
            (detail("The write was cancelled by the peer, and tried again"), None, Some(Outcome::Failed)),
            (
                r#""Status":"SUCCESS","FilesTransferred":5,"EstimatedFilesToTransfer":9"#.into(),
                None,
                Some(Outcome::Success),
            ),
            (r#""Status":"SUCCESS","Result":{"ErrorCode":"OpNotSupp"}"#.into(), None, Some(Outcome::Incomplete)),
            (detail("mount.nfs: Connection timed out"), Some(Status::Transferring), Some(Outcome::Failed)),
            (detail(""), Some(Status::Cancelling), Some(Outcome::Cancelled)),
            (r#""Status":"TRANSFERRING""#.into(), None, None),
            (r#""Status":"NOVEL""#.into(), None, None),
        ] {
            let snapshot: Snapshot = serde_json::from_str(&format!("{{{members}}}")).unwrap();
            let outcome = Outcome::of(&snapshot, &Applicability::of(&snapshot), before.as_ref());
            assert_eq!(outcome, expected, "{members}");
        }
    }
}
