//! Where observations end up.

pub mod folder;
pub mod frames;
pub mod handover;
pub mod input;
pub mod job;
pub mod keyboard;
pub mod lines;
pub mod live;
pub mod outlet;
pub mod record;
pub mod screen;
pub mod signals;
pub mod size;
pub mod tty;
