//! The words that decide what a response means: `Status` and `TaskMode`.

use std::fmt;

/// `Status` of the answer. Over are SUCCESS and ERROR alone; a word that is not listed is kept and is not over.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Waits for the agent, or for an earlier execution.
    Queued,
    /// The service sets itself up.
    Launching,
    /// Source and destination are compared.
    Preparing,
    /// Data moves.
    Transferring,
    /// What was moved is compared.
    Verifying,
    /// Someone asked it to stop.
    Cancelling,
    /// Ended well.
    Success,
    /// Ended badly, wholly or in part.
    Error,
    /// A word of the service's that is newer than this program.
    Other(String),
}

impl Status {
    /// The service's word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Queued => "QUEUED",
            Self::Launching => "LAUNCHING",
            Self::Preparing => "PREPARING",
            Self::Transferring => "TRANSFERRING",
            Self::Verifying => "VERIFYING",
            Self::Cancelling => "CANCELLING",
            Self::Success => "SUCCESS",
            Self::Error => "ERROR",
            Self::Other(word) => word,
        }
    }

    /// Whether nothing will change any more.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Success | Self::Error)
    }
}

impl From<&str> for Status {
    fn from(word: &str) -> Self {
        [
            Self::Queued,
            Self::Launching,
            Self::Preparing,
            Self::Transferring,
            Self::Verifying,
            Self::Cancelling,
            Self::Success,
            Self::Error,
        ]
        .into_iter()
        .find(|status| status.as_str() == word)
        .unwrap_or_else(|| Self::Other(word.into()))
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// `TaskMode` of the answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// One step after the other.
    Basic,
    /// All steps at once.
    Enhanced,
    /// A word of the service's that is newer than this program.
    Other(String),
}

impl Mode {
    /// The service's word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Basic => "BASIC",
            Self::Enhanced => "ENHANCED",
            Self::Other(word) => word,
        }
    }
}
