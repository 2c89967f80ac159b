//! Where credentials come from, and those in use.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use aws_config::{
    default_provider::credentials::DefaultCredentialsChain,
    ecs::EcsCredentialsProvider,
    environment::EnvironmentVariableCredentialsProvider,
    imds::{self, credentials::ImdsCredentialsProvider},
    meta::credentials::CredentialsProviderChain,
    profile::ProfileFileCredentialsProvider,
    provider_config::ProviderConfig,
    retry::RetryConfig,
};
use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, SharedCredentialsProvider, error::CredentialsError, future},
};
use aws_types::SdkConfig;

use super::{
    http::Http,
    process::Process,
    profile::{CHAIN, PROCESS},
};
use crate::clock::Clock;

/// Outside EC2 nothing accepts the connection: no more time than this is lost.
const METADATA_CONNECT: Duration = Duration::from_millis(200);
/// In a container on EC2 the metadata service may accept, and its response get lost on the way.
const METADATA_READ: Duration = Duration::from_secs(1);
/// Credentials are renewed this long before they expire.
const RENEW_BEFORE: Duration = Duration::from_secs(60);

/// The chain of credential providers, each with `http` for its requests.
///
/// It is the SDK's default chain but for two things: the metadata service gets one short attempt, and the profile
/// that a flag names is not overridden by keys in the environment, as in the AWS command line.
///
/// `name` is the profile's, whether the flag names it or the environment. `process` is the profile's, with the config file's text from [`Profile::process`](super::profile::Profile::process).
pub async fn chain(
    config: &SdkConfig,
    http: &Http,
    flag: Option<&str>,
    name: Option<&str>,
    process: Option<(Process, &str)>,
) -> SharedCredentialsProvider {
    let provider = ProviderConfig::default()
        .with_http_client(http.clone())
        .with_region(config.region().cloned())
        .with_use_fips(config.use_fips())
        .with_use_dual_stack(config.use_dual_stack())
        .with_retry_config(RetryConfig::standard().with_max_attempts(2));
    let metadata =
        || ImdsCredentialsProvider::builder().configure(&provider).imds_client(metadata_client(&provider)).build();
    if let Some((process, text)) = process {
        return from_process(&provider, process, text, flag.is_none());
    }
    if let Some(profile) = flag {
        let profile = ProfileFileCredentialsProvider::builder()
            .configure(&provider)
            .with_custom_provider("Ec2InstanceMetadata", metadata())
            .profile_name(profile)
            .build();
        let container = EcsCredentialsProvider::builder().configure(&provider).build();
        let chain = CredentialsProviderChain::first_try("Profile", profile)
            .or_else("EcsContainer", container)
            .or_else("Ec2InstanceMetadata", metadata());
        return SharedCredentialsProvider::new(chain);
    }
    let mut chain = DefaultCredentialsChain::builder()
        .configure(provider.clone())
        .region(config.region().cloned())
        .imds_client(metadata_client(&provider))
        .with_custom_credential_source("Ec2InstanceMetadata", metadata());
    if let Some(name) = name {
        chain = chain.profile_name(name);
    }
    SharedCredentialsProvider::new(chain.build().await)
}

/// The chain of a profile whose credentials come from a process, which the SDK would neither bound nor end.
fn from_process(
    provider: &ProviderConfig,
    process: Process,
    text: &str,
    keys_come_first: bool,
) -> SharedCredentialsProvider {
    #[expect(deprecated, reason = "its successor is in a crate that this one does not depend on")]
    let files = {
        use aws_config::profile::profile_file::{ProfileFileKind, ProfileFiles};
        ProfileFiles::builder().with_contents(ProfileFileKind::Config, text).build()
    };
    let profile = ProfileFileCredentialsProvider::builder()
        .configure(provider)
        .with_custom_provider(PROCESS, process)
        .profile_files(files)
        .profile_name(CHAIN)
        .build();
    match keys_come_first {
        true => SharedCredentialsProvider::new(
            CredentialsProviderChain::first_try("Environment", EnvironmentVariableCredentialsProvider::new())
                .or_else("Profile", profile),
        ),
        false => SharedCredentialsProvider::new(profile),
    }
}

fn metadata_client(provider: &ProviderConfig) -> imds::Client {
    imds::Client::builder()
        .configure(provider)
        .max_attempts(1)
        .connect_timeout(METADATA_CONNECT)
        .read_timeout(METADATA_READ)
        .build()
}

/// The credentials in use. SDK clients take them from here, so that fetching new ones has its own limits and faults.
#[derive(Clone, Debug, Default)]
pub struct CachedCredentials(Arc<Mutex<Option<Credentials>>>);

impl CachedCredentials {
    /// Replaces them; `None` forgets them.
    pub fn set(&self, credentials: Option<Credentials>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = credentials;
    }

    /// Those that have not expired.
    pub fn get(&self) -> Option<Credentials> {
        self.stored().filter(|credentials| !expires_within(credentials, Duration::ZERO))
    }

    /// Whether there are none, or they expire within a minute.
    pub fn are_due(&self) -> bool {
        self.stored().is_none_or(|credentials| expires_within(&credentials, RENEW_BEFORE))
    }

    fn stored(&self) -> Option<Credentials> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn expires_within(credentials: &Credentials, time: Duration) -> bool {
    let now = SystemTime::from(Clock::wall().now());
    credentials.expiry().is_some_and(|expiry| expiry <= now + time)
}

impl ProvideCredentials for CachedCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let none = || CredentialsError::not_loaded("no credentials are cached");
        future::ProvideCredentials::ready(self.get().ok_or_else(none))
    }
}
