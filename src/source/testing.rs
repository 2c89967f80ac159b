//! What tests of the source share: a task, credentials, and services on loopback. Nothing leaves the machine, and
//! nothing of the process's environment is read.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, error::CredentialsError, future},
};
use aws_types::os_shim_internal::Env;
use hyper_util::client::proxy::matcher::Matcher;

use super::service::{
    Connection, Limits, Service, Services,
    login::{Environment, Login},
};
use crate::aws::arn::Arn;

/// Far more than anything takes, even on a busy machine.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// A task.
pub const TASK: &str = "arn:aws:datasync:us-east-1:111122223333:task/task-0123456789abcdef0";

pub fn task() -> Arn {
    Arn::parse(TASK).unwrap()
}

/// An execution of the task, by its last hexadecimal digit.
pub fn execution(digit: char) -> Arn {
    task().with_execution(&format!("exec-0000000000000000{digit}"))
}

/// Time limits that tests can wait for.
pub const SHORT: Limits = Limits {
    connect: Duration::from_millis(400),
    attempt: Duration::from_millis(500),
    operation: Duration::from_secs(2),
    process: Duration::from_secs(2),
};

/// Time limits that no test comes near.
pub const LONG: Limits = Limits { connect: DEADLINE, attempt: DEADLINE, operation: DEADLINE, process: DEADLINE };

/// Keys that never expire.
pub fn keys(id: &str) -> Credentials {
    Credentials::new(id, "secret", None, None, "test")
}

/// An environment of these variables, without proxies.
pub fn environment(variables: &[(&str, &str)]) -> Environment {
    Environment { env: Env::from_slice(variables), proxies: Matcher::builder().build() }
}

/// A login with these credentials.
pub fn login(
    connection: &Connection,
    limits: Limits,
    environment: Environment,
    provider: impl ProvideCredentials + 'static,
) -> Login {
    Login::new(connection, limits, environment).unwrap().with_provider(provider)
}

/// A service with keys at an endpoint.
pub fn service_at(url: &str) -> Service {
    service_as(url, keys("AKIDTEST"))
}

/// A service with these credentials at an endpoint.
pub fn service_as(url: &str, provider: impl ProvideCredentials + 'static) -> Service {
    let connection = Connection { endpoint_url: Some(url.into()), ..Connection::default() };
    Services::of(login(&connection, LONG, environment(&[]), provider), None).service(&task())
}

type Fetch = dyn Fn(usize) -> Result<Credentials, CredentialsError> + Send + Sync;

/// A credential provider that replies from a script: a function of the number of the fetch. A clone counts on.
#[derive(Clone)]
pub struct Provider {
    script: Arc<Fetch>,
    fetches: Arc<AtomicUsize>,
}

impl Provider {
    pub fn new(script: impl Fn(usize) -> Result<Credentials, CredentialsError> + Send + Sync + 'static) -> Self {
        Self { script: Arc::new(script), fetches: Arc::default() }
    }

    /// How many fetches began.
    pub fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Provider").finish_non_exhaustive()
    }
}

impl ProvideCredentials for Provider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let number = self.fetches.fetch_add(1, Ordering::SeqCst);
        future::ProvideCredentials::new(async move {
            // Others get their turn while this one waits, as with a process or a request.
            for _ in 0..16 {
                tokio::task::yield_now().await;
            }
            (self.script)(number)
        })
    }
}
