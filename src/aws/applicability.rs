//! What applies in which mode and with which options: decided from those alone, never from a value of 0.

use super::snapshot::{Mode, Options, Snapshot};

/// What an execution runs under, as far as it decides which figures mean something.
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

/// A figure that does not mean something everywhere.
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

impl Applicability {
    /// Reads them out of an answer.
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

    /// Whether a figure means something under these terms.
    ///
    /// # Errors
    /// Why it does not, in words that fit behind the figure's name.
    pub fn applies(&self, metric: Metric) -> Result<(), &'static str> {
        let basic = self.mode == Mode::Basic;
        let enhanced = self.mode == Mode::Enhanced;
        let no = match metric {
            Metric::PhaseDurations if enhanced => "not reported in Enhanced mode, where the phases run at once",
            Metric::Compression if enhanced => "not supported in Enhanced mode",
            Metric::BandwidthLimit if enhanced => "has no effect in Enhanced mode",
            Metric::Listed if basic => "not reported in Basic mode",
            Metric::Prepared if basic => "not reported in Basic mode",
            Metric::Prepared if self.everything => "nothing is compared when everything is transferred",
            Metric::Failures if basic => "not reported in Basic mode; the log names what failed",
            Metric::Folders if basic => "counted among the files in Basic mode",
            Metric::Verified | Metric::VerifiedShare if self.verify == Verify::None => "verification is off",
            Metric::VerifiedShare if self.verify != Verify::OnlyFilesTransferred => {
                "both sides are verified whole, and how much that is is not reported"
            }
            Metric::Deleted if !self.deletes => "files that the source no longer has are kept",
            _ => return Ok(()),
        };
        Err(no)
    }

    /// Whether a figure means something under these terms.
    pub fn reports(&self, metric: Metric) -> bool {
        self.applies(metric).is_ok()
    }

    /// Whether the estimate of files counts the expected deletes among them.
    pub fn estimate_counts_deletes(&self) -> bool {
        self.mode == Mode::Basic && self.deletes && !self.everything
    }
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
