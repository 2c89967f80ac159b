//! What a transfer is and what its numbers mean. Pure: nothing here asks the time, reads a file or draws.

pub mod arn;
pub mod fault;
pub mod observation;
pub mod snapshot;
