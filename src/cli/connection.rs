//! The connection flags, and what is polled over them.

use std::{num::NonZeroU32, path::PathBuf, time::Duration};

use clap::Args;
use tokio::{
    sync::mpsc::{self, Receiver, Sender},
    task::JoinHandle,
};

use super::{
    args::interval,
    exit::CliError,
    terminal::{AWAITED, patiently, tell},
};
use crate::{
    aws::{arn::Arn, observation::Observation, region},
    clock::Clock,
    say::text::without_userinfo,
    source::{
        find,
        service::{Connection, Service, Services, region_in_force},
    },
};

/// The connection flags.
#[derive(Debug, Args)]
pub struct ConnectionArgs {
    /// AWS profile to use
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Region of a console URL that does not name one [default: AWS_REGION, or the profile's]
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
    /// Calls per second for each account and region, all transfers together, in bursts of up to the same number
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub max_calls: u32,
}

impl ConnectionArgs {
    /// The transfers as ARNs, each once. A console URL that does not name its region means the one in force.
    ///
    /// # Errors
    /// Usage, where one is not an ARN or a console URL, or names a region that is none.
    pub async fn arns(&self, transfers: &[String]) -> Result<Vec<Arn>, CliError> {
        let has_url = transfers.iter().any(|text| text.trim_start().starts_with("http"));
        let region = match &self.region {
            Some(region) => Some(region.clone()),
            None if has_url => region_in_force(self.profile.as_deref()).await,
            None => None,
        };
        let arn = |text: &String| Arn::parse_in(text, region.as_deref()).map_err(|error| error.to_string());
        let arns: Result<Vec<_>, _> = transfers.iter().map(arn).collect();
        let arns = arns.map(once).map_err(CliError::usage)?;
        let mut regions = self.region.iter().chain(arns.iter().map(|arn| &arn.region));
        // behind another endpoint a region may have any name
        match regions.find_map(|region| region::wrong(region)) {
            Some(wrong) if !self.flags().configured().await.has_endpoint() => Err(CliError::usage(wrong)),
            _ => Ok(arns),
        }
    }

    fn flags(&self) -> Connection {
        Connection {
            profile: self.profile.clone(),
            region: self.region.clone(),
            endpoint_url: self.endpoint_url.clone(),
            ca_bundle: self.ca_bundle.clone(),
            no_verify_ssl: self.no_verify_ssl,
            max_calls: NonZeroU32::new(self.max_calls),
            ..Connection::default()
        }
    }

    /// The connection options. What is unsafe about them is said on standard error.
    pub async fn connection(&self) -> Connection {
        let connection = self.flags().configured().await;
        for warning in connection.warnings() {
            tell(&format!("WARNING: {warning}"));
        }
        connection
    }

    /// The endpoint URL as it may be shown: without user and password.
    pub fn shown_endpoint(&self) -> Option<String> {
        self.endpoint_url.as_deref().map(|url| without_userinfo(url).into_owned())
    }
}

/// Each transfer once, in their order. The account counts where both say it.
fn once(arns: Vec<Arn>) -> Vec<Arn> {
    let mut all: Vec<Arn> = Vec::new();
    for arn in arns {
        let is_same = |known: &&mut Arn| known.execution == arn.execution && (known.covers(&arn) || arn.covers(known));
        match all.iter_mut().find(is_same) {
            Some(known) if known.account.is_empty() => *known = arn,
            Some(_) => {}
            None => all.push(arn),
        }
    }
    all
}

/// The service for each transfer: one session for each region. A task whose current execution is given too is left
/// out; finding that out takes a request or more where an execution of the task is given.
///
/// # Errors
/// Usage, where the endpoint or the CA bundle cannot be used.
pub async fn services(connection: &Connection, arns: &[Arn]) -> Result<Vec<(Service, Arn)>, CliError> {
    let mut services = Services::new(connection).map_err(|error| CliError::usage(error.to_string()))?;
    let mut all: Vec<(Service, Arn)> = Vec::new();
    for arn in arns {
        let service = services.service(arn);
        let may_be_given = arn.execution.is_none() && arns.iter().any(|other| other != arn && arn.covers(other));
        let is_given = may_be_given
            && patiently(AWAITED, find::execution(&service, arn))
                .await
                .is_ok_and(|current| arns.iter().any(|other| other.execution.is_some() && other.covers(&current)));
        if !is_given {
            all.push((service, arn.clone()));
        }
    }
    Ok(all)
}

/// The transfers that are polled.
pub fn polled(services: &[(Service, Arn)]) -> Vec<Arn> {
    services.iter().map(|(_, arn)| arn.clone()).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transfer_that_is_given_twice_is_one() {
        let task = Arn::parse("arn:aws:datasync:us-east-1:111122223333:task/task-0123456789abcdef0").unwrap();
        let (one, two) = (task.with_execution("exec-1"), task.with_execution("exec-2"));
        let url = Arn { account: String::new(), ..one.clone() };
        let other = Arn { account: "444455556666".into(), ..one.clone() };
        let given = [&url, &one, &task, &two, &one, &url, &task, &other];
        assert_eq!(once(given.map(Clone::clone).to_vec()), [one, task, two, other]);
    }
}
