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
mod counters;
mod rate_curve;
pub mod scenario;
pub mod scenarios;
mod server;
mod wire;

/// What a watch of a scenario's execution sees, as long as it is answered: an observation every `interval` from
/// `started` on, without end where the execution has none. `None` where no scenario is called so.
pub fn simulated(scenario: &str, started: Timestamp, interval: Duration) -> Option<impl Iterator<Item = Observation>> {
    let scenario = Scenario::named(scenario)?;
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
        let runtime = Handle::try_current().map_err(io::Error::other)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let account = Arc::new(Account::new(&scenarios, clock.now()));
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

/// The same number for the same text, at every run and on every machine (FNV-1a, then mixed).
fn hash(text: &str) -> u64 {
    let fnv = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325, fnv);
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}
