//! Where observations end up.

pub mod lines;
pub mod terminal;
