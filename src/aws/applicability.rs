//! Which metrics mean something in which mode and with which options: decided from those alone, never from a 0.

use super::snapshot::{Mode, Options, Snapshot};

/// Mode and options of an execution, as far as they decide which metrics mean something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applicability {
    /// Basic or Enhanced.
    pub mode: Mode,
    /// How much is verified at the end.
    pub verify: Verify,
    /// Whether everything is transferred without comparing (`TransferMode` ALL).
    pub everything: bool,
    /// Whether files that the source no longer has are deleted (`PreserveDeletedFiles` REMOVE).
    pub deletes: bool,
}

/// `VerifyMode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verify {
    /// Both sides whole; the default of Basic.
    PointInTimeConsistent,
    /// What was transferred; the default of Enhanced.
    OnlyFilesTransferred,
    /// Nothing beyond the checks while transferring.
    None,
    /// Not reported, or a word that this version does not know.
    Unknown,
}

/// A metric that does not mean something everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// The durations of the three phases in `Result`.
    PhaseDurations,
    /// `BytesCompressed` against `BytesTransferred`.
    Compression,
    /// `BytesPerSecond`.
    BandwidthLimit,
    /// `FilesListed`, `FoldersListed`.
    Listed,
    /// `FilesPrepared`, `FoldersPrepared`.
    Prepared,
    /// `FilesVerified`, `FoldersVerified`.
    Verified,
    /// Verified as a share of what is to be verified.
    VerifiedShare,
    /// `FilesDeleted` and its estimate.
    Deleted,
    /// `FilesFailed`, `FoldersFailed`.
    Failures,
    /// Every counter of directories.
    Folders,
}

/// Why a metric means nothing in a mode, or with certain options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotApplicable {
    /// Enhanced mode reports no phase durations.
    PhasesRunInParallel,
    /// Enhanced mode documents no compression.
    NoCompression,
    /// The API reference says that Enhanced mode ignores `BytesPerSecond`.
    LimitIgnored,
    /// Basic mode does not report it.
    NotInBasic,
    /// Basic mode does not report failures.
    FailuresNotInBasic,
    /// Basic mode counts directories among the files.
    FoldersAmongFiles,
    /// `TransferMode` ALL compares nothing.
    NothingCompared,
    /// `VerifyMode` is NONE.
    VerificationOff,
    /// `VerifyMode` is POINT_IN_TIME_CONSISTENT: the number of items to verify is not reported.
    NoDenominator,
    /// `PreserveDeletedFiles` is not REMOVE.
    NothingDeleted,
}

impl Applicability {
    /// Before any response: Basic mode, and nothing known of its options.
    pub const UNKNOWN: Self = Self { mode: Mode::Basic, verify: Verify::Unknown, everything: false, deletes: false };

    /// Read from the mode and the options of a response.
    pub fn of(snapshot: &Snapshot) -> Self {
        let options = snapshot.options.as_ref();
        let word = |member: fn(&Options) -> Option<&str>| options.and_then(member);
        Self {
            mode: snapshot.mode(),
            verify: match word(|options| options.verify_mode.as_deref()) {
                Some("POINT_IN_TIME_CONSISTENT") => Verify::PointInTimeConsistent,
                Some("ONLY_FILES_TRANSFERRED") => Verify::OnlyFilesTransferred,
                Some("NONE") => Verify::None,
                _ => Verify::Unknown,
            },
            everything: word(|options| options.transfer_mode.as_deref()) == Some("ALL"),
            deletes: word(|options| options.preserve_deleted_files.as_deref()) == Some("REMOVE"),
        }
    }

    /// Whether a metric means something.
    ///
    /// # Errors
    /// Why it does not.
    pub fn applies(&self, metric: Metric) -> Result<(), NotApplicable> {
        use NotApplicable::*;
        let basic = self.mode == Mode::Basic;
        let enhanced = self.mode == Mode::Enhanced;
        Err(match metric {
            Metric::PhaseDurations if enhanced => PhasesRunInParallel,
            Metric::Compression if enhanced => NoCompression,
            Metric::BandwidthLimit if enhanced => LimitIgnored,
            Metric::Listed | Metric::Prepared if basic => NotInBasic,
            Metric::Prepared if self.everything => NothingCompared,
            Metric::Failures if basic => FailuresNotInBasic,
            Metric::Folders if basic => FoldersAmongFiles,
            Metric::Verified | Metric::VerifiedShare if self.verify == Verify::None => VerificationOff,
            Metric::VerifiedShare if self.verify != Verify::OnlyFilesTransferred => NoDenominator,
            Metric::Deleted if !self.deletes => NothingDeleted,
            _ => return Ok(()),
        })
    }

    /// Whether a metric means something.
    pub fn reports(&self, metric: Metric) -> bool {
        self.applies(metric).is_ok()
    }

    /// Whether verification is a phase of its own, after the transfer.
    pub fn verifies_afterwards(&self) -> bool {
        self.mode == Mode::Basic && matches!(self.verify, Verify::PointInTimeConsistent | Verify::OnlyFilesTransferred)
    }

    /// Whether the estimate of files counts the expected deletes among them.
    pub fn estimate_counts_deletes(&self) -> bool {
        self.mode == Mode::Basic && self.deletes && !self.everything
    }
}

/// A response of a test's, and what applies to it.
#[cfg(test)]
pub fn read(text: &str) -> (Snapshot, Applicability) {
    let snapshot: Snapshot = serde_json::from_str(text).unwrap();
    let applicability = Applicability::of(&snapshot);
    (snapshot, applicability)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(mode: &str, verify: &str, transfer: &str, deleted: &str) -> Applicability {
        let options =
            format!(r#"{{"VerifyMode":"{verify}","TransferMode":"{transfer}","PreserveDeletedFiles":"{deleted}"}}"#);
        let mode = if mode.is_empty() { String::new() } else { format!(r#""TaskMode":"{mode}","#) };
        Applicability::of(&serde_json::from_str(&format!(r#"{{{mode}"Options":{options}}}"#)).unwrap())
    }

    /// One row a figure: applies in Basic, in Basic with everything but deletes switched the other way, …
    #[test]
    fn the_table() {
        use Metric::*;
        let basic = terms("", "POINT_IN_TIME_CONSISTENT", "CHANGED", "PRESERVE");
        let basic_remove = terms("BASIC", "ONLY_FILES_TRANSFERRED", "CHANGED", "REMOVE");
        let enhanced = terms("ENHANCED", "ONLY_FILES_TRANSFERRED", "CHANGED", "PRESERVE");
        let enhanced_all = terms("ENHANCED", "NONE", "ALL", "PRESERVE");
        let enhanced_remove = terms("ENHANCED", "ONLY_FILES_TRANSFERRED", "CHANGED", "REMOVE");
        let newer = terms("TURBO", "HALF", "SOME", "REMOVE");
        for (figure, expected) in [
            //                basic  b.remove enh.  e.all  e.remove newer
            (PhaseDurations, [true, true, false, false, false, true]),
            (Compression, [true, true, false, false, false, true]),
            (BandwidthLimit, [true, true, false, false, false, true]),
            (Listed, [false, false, true, true, true, true]),
            (Prepared, [false, false, true, false, true, true]),
            (Verified, [true, true, true, false, true, true]),
            (VerifiedShare, [false, true, true, false, true, false]),
            (Deleted, [false, true, false, false, true, true]),
            (Failures, [false, false, true, true, true, true]),
            (Folders, [false, false, true, true, true, true]),
        ] {
            let found =
                [&basic, &basic_remove, &enhanced, &enhanced_all, &enhanced_remove, &newer].map(|t| t.reports(figure));
            assert_eq!(found, expected, "{figure:?}");
        }
    }

    #[test]
    fn only_basic_mode_counts_expected_deletes_among_the_files() {
        assert!(terms("BASIC", "NONE", "CHANGED", "REMOVE").estimate_counts_deletes());
        assert!(!terms("BASIC", "NONE", "CHANGED", "PRESERVE").estimate_counts_deletes());
        assert!(!terms("ENHANCED", "NONE", "CHANGED", "REMOVE").estimate_counts_deletes());
        assert!(!terms("BASIC", "NONE", "ALL", "REMOVE").estimate_counts_deletes());
    }

    #[test]
    fn zeros_decide_nothing() {
        let zeros =
            r#"{"TaskMode":"ENHANCED","FilesPrepared":0,"FilesDeleted":0,"Options":{"TransferMode":"CHANGED"}}"#;
        let terms = Applicability::of(&serde_json::from_str(zeros).unwrap());
        assert!(terms.reports(Metric::Prepared));
        assert!(!terms.reports(Metric::Deleted));
    }
}
