//! How an execution ended.

use crate::{
    aws::{
        applicability::Applicability,
        snapshot::{Snapshot, Status},
    },
    transfer::present::progress::{self, Ending},
};

/// How an execution ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// SUCCESS, with all that was expected done.
    Success,
    /// SUCCESS, with items that failed or are missing.
    Incomplete,
    /// ERROR, with nearly everything transferred.
    Partial,
    /// ERROR, since verification found differences.
    VerifyMismatch,
    /// ERROR.
    Failed,
    /// ERROR after someone cancelled it.
    Cancelled,
}

impl Outcome {
    /// All of them.
    #[cfg(test)]
    pub const ALL: [Self; 6] =
        [Self::Success, Self::Incomplete, Self::Partial, Self::VerifyMismatch, Self::Failed, Self::Cancelled];

    /// How an execution ended whose status before the end was `before`; `None` while it runs.
    pub fn of(snapshot: &Snapshot, applicability: &Applicability, before: Option<&Status>) -> Option<Self> {
        if let Some(ending) = progress::ending(snapshot, applicability) {
            let whole = matches!(ending, Ending::Whole | Ending::Nothing);
            return Some(if whole { Self::Success } else { Self::Incomplete });
        }
        if snapshot.status()? != Status::Error {
            return None;
        }
        let detail = snapshot.result.as_ref().and_then(|result| result.error_detail.as_deref()).unwrap_or_default();
        Some(match before {
            Some(Status::Cancelling) => Self::Cancelled,
            _ if detail.to_lowercase().contains("verification detected mismatches") => Self::VerifyMismatch,
            _ if snapshot.is_partial_success() => Self::Partial,
            _ => Self::Failed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_is_told_apart() {
        let detail = |detail: &str| format!(r#""Status":"ERROR","Result":{{"ErrorDetail":"{detail}"}}"#);
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
            (
                detail("Selected files transferred except for files skipped due to errors."),
                None,
                Some(Outcome::Partial),
            ),
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
