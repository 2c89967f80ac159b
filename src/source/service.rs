//! DataSync itself, asked through the SDK; what it answers is kept as it came.

pub mod credentials;
pub mod faults;
pub mod http;
pub mod tls;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_config::{AppName, BehaviorVersion, Region, retry::RetryConfig, timeout::TimeoutConfig};
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_datasync::{
    Client,
    config::{Credentials, IdentityCache, StalledStreamProtectionConfig},
    error::{ProvideErrorMetadata, SdkError},
};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{
            Intercept,
            context::{AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef},
        },
        orchestrator::HttpResponse,
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::ConfigBag;

use self::{
    credentials::{Held, Owner, chosen_profile, set_in_env},
    faults::{Refusal, one_line},
    http::{Http, Trouble, causes, trouble_in},
    tls::{ConfigError, Tls, Trust},
};
use crate::aws::{
    arn::Arn,
    fault::{Fault, FaultKind},
    observation::Outcome,
    response::Response,
};

/// The one permission that the monitor can't do without.
pub(super) const DESCRIBE: &str = "datasync:DescribeTaskExecution";

/// How to reach the service, as the flags say; what is not set comes from the environment and the profile.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    /// `--profile`. It beats keys in the environment.
    pub profile: Option<String>,
    /// `--region`. An ARN says its region itself, and then that one counts.
    pub region: Option<String>,
    /// `--endpoint-url`.
    pub endpoint_url: Option<String>,
    /// `--ca-bundle`: roots in PEM format, in place of the system's.
    pub ca_bundle: Option<PathBuf>,
    /// `--no-verify-ssl`.
    pub no_verify_ssl: bool,
    /// The endpoint is a simulation: nobody's credentials and no config files are needed.
    pub simulated: bool,
}

/// How long to wait for what.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For a connection.
    pub connect: Duration,
    /// For an answer, with its connection.
    pub attempt: Duration,
    /// For credentials, and for an operation as a whole.
    pub operation: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connect: Duration::from_secs(4), attempt: Duration::from_secs(5), operation: Duration::from_secs(15) }
    }
}

/// DataSync in one region, for one profile. A clone is the same service.
#[derive(Clone, Debug)]
pub struct Service(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    connection: Connection,
    region: Region,
    limits: Limits,
    tls: Arc<Tls>,
    http: Http,
    held: Held,
    open: tokio::sync::Mutex<Option<Arc<Open>>>,
}

/// What was read from config files and environment.
#[derive(Debug)]
struct Open {
    client: Client,
    credentials: SharedCredentialsProvider,
    owner: Owner,
}

impl Connection {
    /// The bundle of roots to check servers by, and whether a flag named it.
    fn trust(&self) -> Trust {
        let bundle = self.ca_bundle.clone().or_else(|| set_in_env("AWS_CA_BUNDLE").map(PathBuf::from));
        match bundle {
            _ if self.no_verify_ssl => Trust::Anyone,
            Some(path) => Trust::Bundle(path),
            None => Trust::System,
        }
    }

    /// Whether the endpoint is known to be without TLS, so that no roots need to be read.
    fn is_plain(&self) -> bool {
        let url = self.endpoint_url.clone();
        let url = url.or_else(|| set_in_env("AWS_ENDPOINT_URL_DATASYNC")).or_else(|| set_in_env("AWS_ENDPOINT_URL"));
        url.is_some_and(|url| url.starts_with("http://"))
    }
}

impl Service {
    /// The service in the region of `arn`. Nothing is asked and, but for a CA bundle, nothing is read yet.
    ///
    /// # Errors
    /// One sentence about a CA bundle that is none, or an endpoint that is no URL.
    pub fn new(connection: &Connection, arn: &Arn) -> Result<Self, ConfigError> {
        Self::with_limits(connection, arn, Limits::default())
    }

    /// The same with other limits of time.
    ///
    /// # Errors
    /// As [`Service::new`].
    pub fn with_limits(connection: &Connection, arn: &Arn, limits: Limits) -> Result<Self, ConfigError> {
        if let Some(url) = &connection.endpoint_url {
            ConfigError::check_endpoint(url)?;
        }
        let trust = connection.trust();
        let tls = Arc::new(Tls::new(trust.clone()));
        if connection.ca_bundle.is_some() || matches!(trust, Trust::Bundle(_)) && !connection.is_plain() {
            tls.config()?;
        }
        let region = Some(arn.region.clone()).filter(|region| !region.is_empty());
        let region = region.or_else(|| connection.region.clone()).unwrap_or_else(|| "us-east-1".into());
        Ok(Self(Arc::new(Inner {
            connection: connection.clone(),
            region: Region::new(region),
            limits,
            http: Http::new(Arc::clone(&tls)),
            tls,
            held: Held::default(),
            open: tokio::sync::Mutex::default(),
        })))
    }

    /// Asks once about an execution.
    pub async fn describe(&self, arn: &Arn) -> Outcome {
        let asked = arn.to_string();
        let (heard, result) = self
            .ask(DESCRIBE, &subject(arn), async move |client: Client, ear| {
                client.describe_task_execution().task_execution_arn(asked).customize().interceptor(ear).send().await
            })
            .await;
        match (heard, result) {
            // The body counts, also where the SDK could make nothing of it.
            (Some(heard), _) if (200..300).contains(&heard.status) => match std::str::from_utf8(&heard.body) {
                Ok(body) => Response::parse(body).map_or_else(Outcome::Fault, Outcome::Response),
                Err(_) => Outcome::Fault(Fault::new(FaultKind::Garbled, "the answer is not text")),
            },
            (_, Err(fault)) => Outcome::Fault(fault),
            (_, Ok(_)) => Outcome::Fault(Fault::new(FaultKind::Garbled, "the answer was empty")),
        }
    }

    /// Sends one request and says in words what went wrong with it.
    ///
    /// `action` is the permission it needs, `subject` what it is about. The first of the two is what came,
    /// if anything did.
    pub(super) async fn ask<T, E, F>(&self, action: &str, subject: &str, send: F) -> (Option<Heard>, Result<T, Fault>)
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        F: AsyncFnOnce(Client, Ear) -> Result<T, SdkError<E, HttpResponse>>,
    {
        let open = match self.ready().await {
            Ok(open) => open,
            Err(fault) => return (None, Err(fault)),
        };
        let ear = Ear::default();
        let result = send(open.client.clone(), ear.clone()).await;
        let (host, heard) = ear.take();
        let result = result.map_err(|error| match &heard {
            Some(heard) => {
                let body = String::from_utf8_lossy(&heard.body);
                let (status, host, body) = (heard.status, &*host, &*body);
                let (code, text) = (error.code(), error.message());
                Refusal { action, subject, host, status, code, text, body }.fault(&open.owner)
            }
            None => self.unheard(&host, &error),
        });
        if let Err(fault) = &result {
            let refused = fault.kind == FaultKind::Denied && action == DESCRIBE;
            if refused || matches!(fault.kind, FaultKind::Expired | FaultKind::NoCredentials) {
                self.forget(&open).await;
            }
        }
        (heard, result)
    }

    fn unheard<E: std::error::Error + 'static>(&self, host: &str, error: &SdkError<E, HttpResponse>) -> Fault {
        let trouble = match error {
            SdkError::TimeoutError(_) => Trouble::silence(host, self.0.limits.attempt),
            SdkError::ResponseError(_) => Trouble::in_body(host, error),
            // It did not get as far as being sent: the endpoint of a profile or the environment is odd.
            _ if host.is_empty() && trouble_in(error).is_none() => {
                let why: Vec<_> = causes(error).skip(1).map(ToString::to_string).collect();
                let why = one_line(&why.join(": "));
                return Fault::new(FaultKind::Other, format!("the request could not be made: {why}"));
            }
            _ => Trouble::of(host, error),
        };
        trouble.into_fault()
    }

    /// The account whose credentials are used, where they say it.
    pub(super) async fn account(&self) -> Option<String> {
        self.ready().await.ok()?;
        Some(self.0.held.get().0?.account_id()?.as_str().to_owned())
    }

    /// A client with credentials that are still good, as far as can be known here.
    async fn ready(&self) -> Result<Arc<Open>, Fault> {
        let mut slot = self.0.open.lock().await;
        let open = match &*slot {
            Some(open) => Arc::clone(open),
            None => Arc::clone(slot.insert(Arc::new(self.open().await))),
        };
        let (held, due) = self.0.held.get();
        if !due {
            return Ok(open);
        }
        let limit = self.0.limits.operation;
        let fault = match tokio::time::timeout(limit, open.credentials.provide_credentials()).await {
            Ok(Ok(credentials)) => {
                self.0.held.set(Some(credentials));
                return Ok(open);
            }
            Ok(Err(error)) => open.owner.fault(&error),
            Err(_) => credentials::too_late(&open.owner, limit),
        };
        // The next attempt reads the files anew: someone may have renewed what they hold.
        *slot = None;
        if held.is_some() { Ok(open) } else { Err(fault) }
    }

    /// After credentials were refused, config and credentials are read anew at the next attempt.
    async fn forget(&self, open: &Arc<Open>) {
        let mut slot = self.0.open.lock().await;
        if slot.as_ref().is_none_or(|current| Arc::ptr_eq(current, open)) {
            *slot = None;
            self.0.held.set(None);
        }
    }

    async fn open(&self) -> Open {
        if self.0.connection.simulated { self.open_simulated() } else { self.open_configured().await }
    }

    fn timeouts(&self) -> TimeoutConfig {
        let limits = self.0.limits;
        TimeoutConfig::builder()
            .connect_timeout(limits.connect)
            .operation_attempt_timeout(limits.attempt)
            .operation_timeout(limits.operation)
            .build()
    }

    fn open_simulated(&self) -> Open {
        let Inner { connection, region, http, held, .. } = &*self.0;
        let credentials = Credentials::new("simulated", "simulated", None, None, "simulated");
        let mut config = aws_sdk_datasync::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(region.clone())
            .http_client(http.clone())
            .retry_config(RetryConfig::disabled())
            .timeout_config(self.timeouts())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .identity_cache(IdentityCache::no_cache())
            .credentials_provider(held.clone());
        config.set_endpoint_url(connection.endpoint_url.clone());
        let credentials = SharedCredentialsProvider::new(credentials);
        Open { client: Client::from_conf(config.build()), credentials, owner: Owner::default() }
    }

    async fn open_configured(&self) -> Open {
        let Inner { connection, region, tls, http, held, .. } = &*self.0;
        let profile = chosen_profile(connection.profile.as_deref());
        let owner = Owner::load(connection.profile.as_deref()).await;
        if let Some(path) = owner.ca_bundle() {
            tls.profile_bundle(path.into());
        }
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .no_credentials()
            .region(region.clone())
            .http_client(http.clone())
            .retry_config(RetryConfig::disabled())
            .timeout_config(self.timeouts())
            // An answer is a few kilobytes: the time limit of the attempt is protection enough.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .identity_cache(IdentityCache::no_cache());
        if let Ok(name) = AppName::new(concat!("syncscope-", env!("CARGO_PKG_VERSION"))) {
            loader = loader.app_name(name);
        }
        if let Some(profile) = profile {
            loader = loader.profile_name(profile);
        }
        if let Some(url) = &connection.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        let config = loader.load().await;
        let credentials = credentials::chain(&config, http, connection.profile.as_deref()).await;
        let config = aws_sdk_datasync::config::Builder::from(&config).credentials_provider(held.clone()).build();
        Open { client: Client::from_conf(config), credentials, owner }
    }
}

/// What a message calls this one: `execution exec-…`, `task task-…`.
pub(super) fn subject(arn: &Arn) -> String {
    let kind = if arn.execution.is_some() { "execution" } else { "task" };
    let place = if arn.account.is_empty() { String::new() } else { format!(" of account {}", arn.account) };
    format!("{kind} {} in {}{place}", arn.id(), arn.region)
}

/// A response as it came.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    status: u16,
    body: Vec<u8>,
}

/// Listens to a request on its way, and keeps what the SDK would throw away.
#[derive(Clone, Debug, Default)]
pub(super) struct Ear(Arc<Mutex<(String, Option<Heard>)>>);

impl Ear {
    fn take(&self) -> (String, Option<Heard>) {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Intercept for Ear {
    fn name(&self) -> &'static str {
        "Ear"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let uri: ::http::Uri = context.request().uri().parse()?;
        let host = uri.authority().map(ToString::to_string).unwrap_or_default();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0 = host;
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        if let Some(body) = response.body().bytes() {
            let heard = Heard { status: response.status().as_u16(), body: body.to_vec() };
            self.0.lock().unwrap_or_else(PoisonError::into_inner).1 = Some(heard);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
