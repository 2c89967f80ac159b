//! What follows from past and present: health, the end, the bottleneck, what to do. All of it data.

pub mod advice;
pub mod bottleneck;
pub mod estimate;
pub mod health;
pub mod outcome;
