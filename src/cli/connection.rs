//! The connection flags, and what is polled over them.

use std::{
    io::{self, Write},
    path::PathBuf,
    time::Duration,
};

use clap::Args;
use tokio::{
    sync::mpsc::{self, Receiver, Sender},
    task::JoinHandle,
};

use super::{args::interval, exit::CliError};
use crate::{
    aws::{arn::Arn, observation::Observation},
    clock::Clock,
    source::service::{Connection, Service, Services},
};

/// The warning of `--no-verify-ssl`.
pub const UNVERIFIED: &str = "TLS certificates are not verified (--no-verify-ssl): \
    anyone on the network path can read and change the traffic.";

/// The connection flags.
#[derive(Debug, Args)]
pub struct ConnectionArgs {
    /// AWS profile to use
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Region of a console URL that does not name one
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// Override the endpoint URL
    #[arg(long, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// Do not verify TLS certificates: anyone on the network path can read and change the traffic
    #[arg(long)]
    pub no_verify_ssl: bool,
    /// CA certificates to trust instead of the system's, in PEM format [env: AWS_CA_BUNDLE]
    #[arg(long, value_name = "FILE")]
    pub ca_bundle: Option<PathBuf>,
    /// Polling interval, such as 5s, 500ms or 1m; a bare number means seconds; at least 100ms
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = interval)]
    pub interval: Duration,
}

impl ConnectionArgs {
    /// The transfers as ARNs.
    ///
    /// # Errors
    /// Usage, where one is not an ARN or a console URL.
    pub fn arns(&self, transfers: &[String]) -> Result<Vec<Arn>, CliError> {
        let arn = |text: &String| Arn::parse_in(text, self.region.as_deref());
        transfers.iter().map(arn).collect::<Result<_, _>>().map_err(|error| CliError::usage(error.to_string()))
    }

    /// The connection options. Warns on standard error where certificates are not verified.
    pub fn connection(&self) -> Connection {
        if self.no_verify_ssl {
            let _ = writeln!(io::stderr(), "syncscope: WARNING: {UNVERIFIED}");
        }
        Connection {
            profile: self.profile.clone(),
            region: self.region.clone(),
            endpoint_url: self.endpoint_url.clone(),
            ca_bundle: self.ca_bundle.clone(),
            no_verify_ssl: self.no_verify_ssl,
            ..Connection::default()
        }
    }
}

/// The service for each transfer: one session for each region.
///
/// # Errors
/// Usage, where the endpoint or the CA bundle cannot be used.
pub fn services(connection: &Connection, arns: &[Arn]) -> Result<Vec<(Service, Arn)>, CliError> {
    let mut services = Services::new(connection).map_err(|error| CliError::usage(error.to_string()))?;
    Ok(arns.iter().map(|arn| (services.service(arn), arn.clone())).collect())
}

/// One receiver for the observations of all transfers, each polled by `poll`: `watch_into` or `follow_into`.
pub fn observe(
    services: Vec<(Service, Arn)>,
    interval: Duration,
    clock: &Clock,
    poll: impl Fn(Service, Arn, Duration, Clock, Sender<Observation>) -> JoinHandle<()>,
) -> Receiver<Observation> {
    let (out, observations) = mpsc::channel(64);
    for (service, arn) in services {
        poll(service, arn, interval, clock.clone(), out.clone());
    }
    observations
}
