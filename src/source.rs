//! Where observations come from.

mod answered;
pub mod answers;
mod backoff;
pub mod find;
mod pages;
pub mod poll;
pub mod recording;
pub mod service;
pub mod task_facts;

#[cfg(test)]
mod scripted;
#[cfg(test)]
mod testing;

use std::time::Duration;

use tokio::sync::mpsc::Receiver;

use crate::{
    aws::{arn::Arn, observation::Observation},
    clock::Clock,
};

/// Polls one transfer, once every `interval` of the clock's time. The channel closes when the transfer is over, or
/// when polling on is of no use.
///
/// # Errors
/// A sentence about an endpoint that is not a URL, or a CA bundle that cannot be used.
pub fn watch(
    connection: &service::Connection,
    arn: Arn,
    interval: Duration,
    clock: Clock,
) -> Result<Receiver<Observation>, service::ConfigError> {
    let service = service::Services::new(connection)?.service(&arn);
    Ok(poll::watch(service, arn, interval, clock))
}
