//! The one thing that travels: which execution, when, and what the service answered or why it could not.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{fault::Fault, response::Response, task::Task};

/// One look at one execution.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// The ARN of the execution; of its task, as long as no execution of it was found.
    pub execution: Arc<str>,
    /// When the answer, or the news that there is none, was there.
    pub at: Timestamp,
    /// What came.
    pub outcome: Outcome,
    /// What is known of the task beside the answer, once it is known or has changed.
    pub task: Option<Arc<Task>>,
    /// How long after `at` the source will ask again; `None` if it will not.
    pub next: Option<Duration>,
}

/// What came of asking.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// An answer.
    Response(Response),
    /// None, and why.
    Fault(Fault),
}
