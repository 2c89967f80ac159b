//! What a transfer is and what its numbers mean. Pure: nothing here asks the time, reads a file or draws.

pub mod applies;
pub mod arn;
pub mod configured;
pub mod diagnosis;
pub mod estimate;
pub mod events;
pub mod execution;
pub mod fault;
pub mod flow;
pub mod glance;
pub mod health;
pub mod line;
pub mod observation;
pub mod phases;
pub mod pretty;
pub mod progress;
pub mod redact;
pub mod regime;
pub mod remedies;
pub mod report;
pub mod snapshot;
pub mod state;
pub mod statement;
pub mod steps;
pub mod timeline;
pub mod units;
