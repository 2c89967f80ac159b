//! One profile's way to AWS: its credentials, TLS settings and connections, shared by its sessions in all regions.

use std::{
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use aws_config::{AppName, BehaviorVersion, Region, retry::RetryConfig, timeout::TimeoutConfig};
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_datasync::config::{Credentials, IdentityCache, StalledStreamProtectionConfig};
use aws_types::{SdkConfig, os_shim_internal::Env};
use hyper_util::client::proxy::matcher::Matcher;

use super::{
    connection::{Connection, Limits},
    credential_faults::{credential_fault, no_credentials_within},
    credentials::{CachedCredentials, chain},
    http::Http,
    process::{LastRun, Process, ProcessCommand},
    profile::Profile,
    tls::{ConfigError, Tls},
};
use crate::{aws::fault::Fault, clock::Clock};

/// The process's environment as far as it decides about connections, or a test's.
#[derive(Debug)]
pub struct Environment {
    /// The variables.
    pub env: Env,
    /// The proxies that they set.
    pub proxies: Matcher,
}

impl Default for Environment {
    fn default() -> Self {
        Self { env: Env::real(), proxies: Matcher::from_env() }
    }
}

/// One profile's way to AWS.
#[derive(Debug)]
pub struct Login {
    connection: Connection,
    limits: Limits,
    env: Env,
    tls: Arc<Tls>,
    http: Http,
    /// The provider to use; `None` for the chain that the config files and the environment make.
    provider: Option<SharedCredentialsProvider>,
    cached: CachedCredentials,
    last_run: LastRun,
    fetch: tokio::sync::Mutex<Fetch>,
    /// How many fetches ended.
    fetches: AtomicU64,
}

/// How the last fetch of credentials went.
#[derive(Debug, Default)]
struct Fetch {
    opened: Option<Arc<Opened>>,
    /// The files are to be read again: the credentials could not be fetched or were rejected, and someone may have
    /// fixed that since.
    is_outdated: bool,
    fault: Option<Fault>,
}

/// What config files and environment say.
#[derive(Debug)]
pub struct Opened {
    config: SdkConfig,
    provider: SharedCredentialsProvider,
    profile: Profile,
}

impl Opened {
    /// The config of SDK clients in this region.
    pub fn config(&self, region: &Region) -> SdkConfig {
        self.config.to_builder().region(region.clone()).build()
    }

    /// The profile in use.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }
}

impl Login {
    /// Reads nothing yet, but for a CA bundle.
    ///
    /// # Errors
    /// As [`Connection::tls`].
    pub fn new(connection: &Connection, limits: Limits, environment: Environment) -> Result<Self, ConfigError> {
        let Environment { env, proxies } = environment;
        let tls = Arc::new(connection.tls(&env)?);
        let simulated = || Credentials::new("simulated", "simulated", None, None, "simulated");
        Ok(Self {
            connection: connection.clone(),
            limits,
            env,
            http: Http::new(Arc::clone(&tls), Arc::new(proxies)),
            tls,
            provider: connection.simulated.then(|| SharedCredentialsProvider::new(simulated())),
            cached: CachedCredentials::default(),
            last_run: LastRun::default(),
            fetch: tokio::sync::Mutex::default(),
            fetches: AtomicU64::default(),
        })
    }

    /// The same with credentials from `provider`, and without config files.
    #[cfg(test)]
    pub fn with_provider(self, provider: impl ProvideCredentials + 'static) -> Self {
        Self { provider: Some(SharedCredentialsProvider::new(provider)), ..self }
    }

    /// How many calls a second each region gets; `None` for as many as come.
    pub fn max_calls(&self) -> Option<NonZeroU32> {
        self.connection.max_calls
    }

    /// The time limits.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// The account of the credentials in use; `None` where they don't say it.
    pub fn account(&self) -> Option<String> {
        Some(self.cached.get()?.account_id()?.as_str().to_owned())
    }

    /// Config with credentials that have not expired. Whoever asks while they are being fetched waits for that
    /// fetch and shares its outcome, so that a tool that asks a person does so once.
    pub async fn ready(&self, region: &Region) -> Result<Arc<Opened>, Fault> {
        let fetches = self.fetches.load(Ordering::Acquire);
        let mut fetch = self.fetch.lock().await;
        let was_fetched_meanwhile = fetches != self.fetches.load(Ordering::Acquire);
        if was_fetched_meanwhile && let Some(fault) = fetch.fault.clone() {
            return self.unless_still_good(fetch.opened.as_ref(), fault);
        }
        let opened = match &fetch.opened {
            Some(opened) if !fetch.is_outdated => Arc::clone(opened),
            _ => Arc::new(self.open(region).await),
        };
        fetch.is_outdated = false;
        fetch.opened = Some(Arc::clone(&opened));
        if !self.cached.are_due() {
            return Ok(opened);
        }
        let outcome = self.fetch(&opened).await;
        self.fetches.fetch_add(1, Ordering::Release);
        fetch.fault = outcome.err();
        match fetch.fault.clone() {
            None => Ok(opened),
            Some(fault) => {
                fetch.is_outdated = true;
                self.unless_still_good(Some(&opened), fault)
            }
        }
    }

    /// Where renewing failed, the old credentials may be good for some seconds more.
    fn unless_still_good(&self, opened: Option<&Arc<Opened>>, fault: Fault) -> Result<Arc<Opened>, Fault> {
        match opened {
            Some(opened) if self.cached.get().is_some() => Ok(Arc::clone(opened)),
            _ => Err(fault),
        }
    }

    async fn fetch(&self, opened: &Opened) -> Result<(), Fault> {
        let Limits { operation, process, .. } = self.limits;
        let limit = if opened.profile.process().is_some() { process.saturating_add(operation) } else { operation };
        match tokio::time::timeout(limit, opened.provider.provide_credentials()).await {
            Ok(Ok(credentials)) => {
                self.cached.set(Some(credentials));
                Ok(())
            }
            Ok(Err(error)) => Err(credential_fault(&error, &opened.profile)),
            Err(_) => Err(no_credentials_within(limit, &opened.profile)),
        }
    }

    /// Fetches credentials anew at the next request, since those of `rejected` were refused. Does nothing where that
    /// was done since.
    pub async fn forget(&self, rejected: &Arc<Opened>) {
        let mut fetch = self.fetch.lock().await;
        if fetch.opened.as_ref().is_some_and(|opened| Arc::ptr_eq(opened, rejected)) {
            fetch.is_outdated = true;
            self.cached.set(None);
        }
    }

    async fn open(&self, region: &Region) -> Opened {
        match &self.provider {
            None => self.open_configured(region).await,
            Some(provider) => {
                let config = self.plain_config();
                Opened { config, provider: provider.clone(), profile: Profile::default() }
            }
        }
    }

    fn process(&self, command: ProcessCommand) -> Process {
        Process { command, limit: self.limits.process, last: self.last_run.clone(), clock: Clock::wall() }
    }

    fn timeouts(&self) -> TimeoutConfig {
        TimeoutConfig::builder()
            .connect_timeout(self.limits.connect)
            .operation_attempt_timeout(self.limits.attempt)
            .operation_timeout(self.limits.operation)
            .build()
    }

    /// Without config files and environment.
    fn plain_config(&self) -> SdkConfig {
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(self.http.clone())
            .retry_config(RetryConfig::disabled())
            .timeout_config(self.timeouts())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .identity_cache(IdentityCache::no_cache())
            .credentials_provider(SharedCredentialsProvider::new(self.cached.clone()));
        config.set_app_name(app_name());
        config.set_endpoint_url(self.connection.endpoint_url.clone());
        config.build()
    }

    async fn open_configured(&self, region: &Region) -> Opened {
        let flag = self.connection.profile.as_deref();
        let profile = Profile::load(flag, &self.env).await;
        if let Some(path) = profile.ca_bundle() {
            self.tls.profile_bundle(path.into());
        }
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .no_credentials()
            .region(region.clone())
            .http_client(self.http.clone())
            .retry_config(RetryConfig::disabled())
            .timeout_config(self.timeouts())
            // A response is a few kilobytes: the time limit of the attempt is protection enough.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .identity_cache(IdentityCache::no_cache());
        if let Some(name) = app_name() {
            loader = loader.app_name(name);
        }
        if let Some(name) = profile.name() {
            loader = loader.profile_name(name);
        }
        if let Some(url) = &self.connection.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        let config = loader.load().await;
        let process = profile.process().map(|(command, text)| (self.process(command.clone()), text));
        let provider = chain(&config, &self.http, flag, profile.name(), process).await;
        let cached = SharedCredentialsProvider::new(self.cached.clone());
        let config = config.into_builder().credentials_provider(cached).build();
        Opened { config, provider, profile }
    }
}

fn app_name() -> Option<AppName> {
    AppName::new(concat!("syncscope-", env!("CARGO_PKG_VERSION"))).ok()
}
