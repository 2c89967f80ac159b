//! Where observations end up.

pub mod folder;
pub mod lines;
pub mod record;
pub mod terminal;
