//! The service's own nouns, and an observation of them: what travels through the program and stands in recordings.

pub mod applicability;
pub mod arn;
pub mod fault;
pub mod line;
pub mod members;
pub mod nearest;
pub mod observation;
pub mod per_execution;
pub mod region;
pub mod response;
pub mod snapshot;
pub mod task;
