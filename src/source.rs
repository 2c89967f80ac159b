//! Where observations come from.

pub mod answers;
pub mod discover;
pub mod poll;
pub mod recording;
pub mod service;

#[cfg(test)]
mod scripted;

use std::time::Duration;

use tokio::sync::mpsc::Receiver;

use crate::{
    aws::{arn::Arn, observation::Observation},
    clock::Clock,
};

/// Observes one transfer, once every `interval` of the clock's time. The channel closes when it is over, or when
/// asking on is of no use.
///
/// # Errors
/// One sentence about an endpoint that is no URL, or a CA bundle that is none.
pub fn watch(
    connection: &service::Connection,
    arn: Arn,
    interval: Duration,
    clock: Clock,
) -> Result<Receiver<Observation>, service::tls::ConfigError> {
    let service = service::Service::new(connection, &arn)?;
    Ok(poll::watch(service, arn, interval, clock))
}
