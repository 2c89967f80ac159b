//! What was seen of an execution: its counters over time, its phases, and the habits learned from them.

pub mod change;
pub mod phases;
pub mod rate_level;
pub mod refresh;
pub mod step_rates;
pub mod timeline;
