//! Where observations come from.

pub mod simulate;
