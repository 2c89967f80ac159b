//! The error that a response carries: what the service says went wrong, in its own words.

use super::{ResultDetail, Snapshot, Status};

impl Snapshot {
    /// `ErrorCode: ErrorDetail`, or the one that there is; `None` where the response says neither.
    pub fn error(&self) -> Option<String> {
        let result = self.result.as_ref()?;
        let told = [result.error_code.as_deref(), result.error_detail.as_deref()];
        let told: Vec<&str> = told.into_iter().flatten().filter(|text| !text.is_empty()).collect();
        (!told.is_empty()).then(|| told.join(": "))
    }

    /// Whether it ended in ERROR, and the detail says that it went through all of its phases.
    pub fn is_partial_success(&self) -> bool {
        let texts = ["transfer and verification completed", "selected files transferred except"];
        self.status() == Some(Status::Error) && self.detail_says(&texts)
    }

    /// Whether the error's detail says that verification found differences.
    pub fn found_mismatches(&self) -> bool {
        self.detail_says(&["verification detected mismatches"])
    }

    /// Whether the error's detail says that someone cancelled it.
    pub fn says_cancelled(&self) -> bool {
        self.detail_says(&["execution was cancel", "task was cancel", "task cancel"])
    }

    fn detail_says(&self, texts: &[&str]) -> bool {
        let detail = self.result.as_ref().and_then(|result| result.error_detail.as_deref());
        let detail = detail.unwrap_or_default().to_lowercase();
        texts.iter().any(|text| detail.contains(text))
    }
}

impl ResultDetail {
    /// The phases that ended in an error, as their statuses say.
    pub fn failed_phases(&self) -> impl Iterator<Item = Status> {
        let phases = [
            (Status::Preparing, &self.prepare_status),
            (Status::Transferring, &self.transfer_status),
            (Status::Verifying, &self.verify_status),
        ];
        phases.into_iter().filter(|(_, word)| word.as_deref() == Some("ERROR")).map(|(phase, _)| phase)
    }
}
