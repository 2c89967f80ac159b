//! What is known of a task beside its executions.

use serde::{Deserialize, Serialize};

/// What DescribeTask and ListLocations say of a task. Each `None` where it was denied, missing or not said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Task {
    /// The task's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The URI of the source location.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The URI of the destination location.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// The CloudWatch log group that names the files which failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_group: Option<String>,
}
