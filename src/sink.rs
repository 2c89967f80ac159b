//! Where observations end up.

pub mod folder;
pub mod handover;
pub mod lines;
pub mod record;
pub mod terminal;
