//! What one execution is and what its numbers mean. Pure: nothing here asks the time, reads a file, draws, or
//! words a sentence.

pub mod events;
pub mod execution;
pub mod judge;
pub mod past;
pub mod present;
pub mod readout;
pub mod severity;
