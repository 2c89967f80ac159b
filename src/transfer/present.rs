//! What is true of an execution now.

pub mod progress;
pub mod rates;
