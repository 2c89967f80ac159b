//! Why we could not see an execution. Not to be mixed up with an execution that failed.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One request that brought no answer, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What kind of reason it is.
    pub kind: FaultKind,
    /// The service's code for it, where it named one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub code: Option<String>,
    /// What was said, in a sentence for a person.
    pub message: String,
}

/// The kinds of reasons why an execution could not be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Asked too often; the next request comes later.
    Throttled,
    /// The permission to ask is missing.
    Denied,
    /// The credentials were valid once.
    Expired,
    /// There are no credentials at all.
    NoCredentials,
    /// There is no such execution, or it is older than 30 days.
    NotFound,
    /// No connection, no name, no answer in time, or a server error.
    Unreachable,
    /// An answer came, and could not be read.
    Garbled,
    /// Anything else.
    #[serde(other)]
    Other,
}

impl FaultKind {
    /// The word of it in recordings and in JSON output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::NoCredentials => "no_credentials",
            Self::NotFound => "not_found",
            Self::Unreachable => "unreachable",
            Self::Garbled => "garbled",
            Self::Other => "other",
        }
    }
}

impl Fault {
    /// A fault without a code of the service's.
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self { kind, code: None, message: message.into() }
    }

    /// Whether asking again can't help, provided that no answer came before it.
    pub fn is_final(&self) -> bool {
        matches!(self.kind, FaultKind::Denied | FaultKind::NoCredentials | FaultKind::NotFound)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_written_as_in_recordings() {
        for kind in [
            FaultKind::Throttled,
            FaultKind::Denied,
            FaultKind::Expired,
            FaultKind::NoCredentials,
            FaultKind::NotFound,
            FaultKind::Unreachable,
            FaultKind::Garbled,
            FaultKind::Other,
        ] {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
            let final_ = matches!(kind.as_str(), "denied" | "no_credentials" | "not_found");
            assert_eq!(Fault::new(kind, "").is_final(), final_);
        }
        let newer: FaultKind = serde_json::from_str("\"eclipsed\"").unwrap();
        assert_eq!(newer, FaultKind::Other);
    }
}
