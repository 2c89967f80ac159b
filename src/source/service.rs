//! DataSync itself, through the SDK; its responses are kept as they came.

mod budget;
mod capture;
mod codes;
mod connect_error;
mod connection;
mod connector;
mod credential_faults;
mod credentials;
mod faults;
mod http;
pub mod login;
mod process;
mod profile;
mod session;
mod text;
mod tls;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use aws_sdk_datasync::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use self::{
    capture::{CaptureResponse, RawResponse},
    login::Login,
    session::{RequestInfo, Session, SessionClient},
    text::one_line,
};
pub use self::{
    connection::{Connection, Limits},
    tls::ConfigError,
};
use super::answered::Answered;
use crate::aws::{
    arn::Arn,
    fault::{Fault, FaultKind},
    observation::Outcome,
    response::Response,
};

/// The one permission that the monitor cannot do without.
const DESCRIBE: &str = "datasync:DescribeTaskExecution";

/// The region in force for a profile where neither a flag nor a transfer names one; `None` where nobody sets one.
pub async fn region_in_force(profile: Option<&str>) -> Option<String> {
    profile::region_in_force(profile, &login::Environment::default().env).await
}

/// One profile's DataSync in all regions that are asked for, each with a session of its own.
#[derive(Debug)]
pub struct Services {
    login: Arc<Login>,
    default_region: Option<String>,
    by_region: BTreeMap<String, Service>,
}

impl Services {
    /// Sends nothing and, but for a CA bundle, reads nothing yet.
    ///
    /// # Errors
    /// A sentence about a CA bundle that cannot be used, or an endpoint that is not a URL.
    pub fn new(connection: &Connection) -> Result<Self, ConfigError> {
        let login = Login::new(connection, Limits::default(), login::Environment::default())?;
        Ok(Self::of(login, connection.region.clone()))
    }

    /// Those of a login; `region` is for transfers that name none.
    pub fn of(login: Login, region: Option<String>) -> Self {
        Self { login: Arc::new(login), default_region: region, by_region: BTreeMap::new() }
    }

    /// The service in the region of `arn`.
    pub fn service(&mut self, arn: &Arn) -> Service {
        let region = Some(arn.region.clone()).filter(|region| !region.is_empty());
        let region = region.or_else(|| self.default_region.clone()).unwrap_or_else(|| "us-east-1".into());
        let new = |region| Service::on(Session::new(Arc::clone(&self.login), region));
        self.by_region.entry(region.clone()).or_insert_with(|| new(region)).clone()
    }
}

/// DataSync in one region, for one profile. A clone is the same service.
#[derive(Clone, Debug)]
pub struct Service(Arc<SessionClient<Client>>, Answered);

impl Service {
    fn on(session: Session) -> Self {
        Self(Arc::new(SessionClient::new(session, Client::new)), Answered::default())
    }

    /// Polls an execution once.
    pub async fn describe(&self, arn: &Arn) -> Outcome {
        let execution = arn.to_string();
        let (response, result) = self
            .send(DESCRIBE, &subject(arn), async move |client, capture| {
                client
                    .describe_task_execution()
                    .task_execution_arn(execution)
                    .customize()
                    .interceptor(capture)
                    .send()
                    .await
            })
            .await;
        match (response, result) {
            // The body counts, also where the SDK could not parse it.
            (Some(response), _) if (200..300).contains(&response.status) => match std::str::from_utf8(&response.body) {
                Ok(body) => match Response::parse(body).and_then(|response| about(&response, arn)) {
                    Ok(response) => Outcome::Response(response),
                    Err(fault) => Outcome::Fault(fault),
                },
                Err(_) => Outcome::Fault(Fault::new(FaultKind::Garbled, "the response is not text")),
            },
            (_, Err(fault)) => Outcome::Fault(fault),
            (_, Ok(_)) => Outcome::Fault(Fault::new(FaultKind::Garbled, "the response is empty")),
        }
    }

    /// Sends one request that needs `permission` and is about `subject`.
    ///
    /// The first part of the result is the response, if one came.
    ///
    /// # Errors
    /// A fault that says what was wrong and what to do.
    pub(super) async fn send<T, E, F>(
        &self,
        permission: &str,
        subject: &str,
        send: F,
    ) -> (Option<RawResponse>, Result<T, Fault>)
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        F: AsyncFnOnce(Client, CaptureResponse) -> Result<T, SdkError<E, HttpResponse>>,
    {
        let is_essential = permission == DESCRIBE;
        self.0.send(&RequestInfo { service: "DataSync", permission, subject, is_essential }, send).await
    }

    /// What it answered of the executions of tasks.
    pub(super) fn answered(&self) -> &Answered {
        &self.1
    }

    /// How long the service wants no calls; `None` where it did not say so.
    pub(super) fn paused_for(&self) -> Option<Duration> {
        self.0.session().paused_for()
    }

    /// The account whose credentials are used; `None` where they don't say it.
    pub(super) async fn account(&self) -> Option<String> {
        self.0.session().account().await
    }
}

/// The response, where it is about this execution or does not say which one it is about.
fn about(response: &Response, arn: &Arn) -> Result<Response, Fault> {
    is_about(response.snapshot().task_execution_arn.as_deref(), &arn.to_string()).map(|()| response.clone())
}

/// Checks that a response which names `named` is about `asked`, both of them ARNs.
///
/// # Errors
/// A `garbled` fault with the ids of both, where it names another one.
pub(super) fn is_about(named: Option<&str>, asked: &str) -> Result<(), Fault> {
    let Some(named) = named.filter(|named| *named != asked) else { return Ok(()) };
    let id = |arn: &str| one_line(arn.rsplit('/').next().unwrap_or_default());
    let (named, asked) = match (id(named), id(asked)) {
        // The same id in another task, account or region.
        (one, other) if one == other => (one_line(named), one_line(asked)),
        ids => ids,
    };
    Err(Fault::new(FaultKind::Garbled, format!("the response is about {named}, not {asked}")))
}

/// How a message names a transfer: `execution exec-… in us-east-1 of account 111122223333`.
pub(super) fn subject(arn: &Arn) -> String {
    let kind = if arn.execution.is_some() { "execution" } else { "task" };
    let account = if arn.account.is_empty() { String::new() } else { format!(" of account {}", arn.account) };
    format!("{kind} {} in {}{account}", arn.id(), arn.region)
}

#[cfg(test)]
mod tests;
