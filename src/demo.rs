//! A DataSync of our own: scenarios as data, and an endpoint on loopback that answers as the service would.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use tokio::{runtime::Handle, task::JoinHandle};

use self::{account::Account, scenario::Scenario};
use crate::{
    aws::{arn::Arn, observation::Observation},
    clock::Clock,
};

mod account;
mod answer;
mod counters;
mod hash;
mod rate_curve;
pub mod scenario;
pub mod scenarios;
mod server;
mod wire;

/// What a watch of a scenario's execution sees: an observation every `interval` from `started` on, without end where
/// the execution has none. `None` where there is no scenario of this name.
pub fn simulated(scenario: &str, started: Timestamp, interval: Duration) -> Option<impl Iterator<Item = Observation>> {
    let scenario = scenarios::named(scenario)?;
    let (_, arn) = Account::new(&[scenario], started).executions().pop()?;
    Some(scenario.observations(arn, started, interval))
}

/// A DataSync endpoint on 127.0.0.1 that serves until it is dropped.
#[derive(Debug)]
pub struct Simulation {
    address: SocketAddr,
    account: Arc<Account>,
    server: JoinHandle<()>,
}

impl Simulation {
    /// Starts an execution of each scenario, at the clock's time, and serves them on `port`; 0 is any free port.
    ///
    /// # Errors
    /// Where the port cannot be had, or where there is no tokio runtime.
    pub fn start(clock: Clock, scenarios: Vec<&'static Scenario>, port: u16) -> io::Result<Self> {
        let started = clock.now();
        Self::begun(clock, started, scenarios, port)
    }

    /// The same with executions that were started at this moment of the clock.
    ///
    /// # Errors
    /// As [`Simulation::start`].
    pub fn begun(clock: Clock, started: Timestamp, scenarios: Vec<&'static Scenario>, port: u16) -> io::Result<Self> {
        let runtime = Handle::try_current().map_err(io::Error::other)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let account = Arc::new(Account::new(&scenarios, started));
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let server = runtime.spawn(server::serve(listener, account.clone(), clock));
        Ok(Self { address, account, server })
    }

    /// What belongs into `--endpoint-url`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The running execution of each scenario, in the order in which they were given. The ARNs are the same at
    /// every run.
    pub fn executions(&self) -> Vec<(&'static Scenario, Arn)> {
        self.account.executions()
    }
}

impl Drop for Simulation {
    fn drop(&mut self) {
        self.server.abort();
    }
}

#[cfg(test)]
mod tests;
