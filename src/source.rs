//! Where observations come from.

pub mod credentials;
pub mod datasync;
pub mod discover;
pub mod faults;
pub mod http;
pub mod poll;
pub mod simulate;
pub mod tls;

#[cfg(test)]
mod scripted;
