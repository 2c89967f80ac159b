//! Where observations come from.

pub mod answers;
pub mod credentials;
pub mod datasync;
pub mod discover;
pub mod faults;
pub mod http;
pub mod poll;
pub mod recording;
pub mod simulate;
pub mod tls;

#[cfg(test)]
mod scripted;

use std::time::Duration;

use tokio::sync::mpsc::Receiver;

use crate::{
    clock::Clock,
    model::{arn::Arn, observation::Observation},
};

/// Observes one transfer, once every `interval` of the clock's time. The channel closes when it is over, or when
/// asking on is of no use.
///
/// # Errors
/// One sentence about an endpoint that is no URL, or a CA bundle that is none.
pub fn watch(
    connection: &datasync::Connection,
    arn: Arn,
    interval: Duration,
    clock: Clock,
) -> Result<Receiver<Observation>, tls::ConfigError> {
    let service = datasync::Service::new(connection, &arn)?;
    Ok(poll::watch(service, arn, interval, clock))
}
