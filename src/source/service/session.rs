//! One profile in one region: all requests of its SDK clients go through here, whichever service they are for.

use std::{
    error::Error,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_config::Region;
use aws_sdk_datasync::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_types::SdkConfig;
use tokio::sync::Semaphore;

use super::{
    budget::Budget,
    capture::{CaptureResponse, RawResponse},
    connect_error::{ConnectError, causes, connect_error_in},
    faults::ErrorResponse,
    http::MAX_CONNECTIONS,
    login::{Login, Opened},
    text::{one_line, seconds},
};
use crate::{
    aws::fault::{Fault, FaultKind},
    say::text::without_userinfo,
};

/// One profile in one region. A clone is the same session.
#[derive(Clone, Debug)]
pub struct Session(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    login: Arc<Login>,
    region: Region,
    slots: Semaphore,
    budget: Budget,
}

/// What a request is and needs, for the fault that may come of it.
#[derive(Clone, Debug)]
pub struct RequestInfo<'a> {
    /// The service's name: `DataSync`.
    pub service: &'a str,
    /// The permission that it needs: `datasync:DescribeTaskExecution`.
    pub permission: &'a str,
    /// What it is about, as a noun.
    pub subject: &'a str,
    /// Whether the monitor cannot do without it. A denial of such a one makes it fetch credentials anew.
    pub is_essential: bool,
}

impl Session {
    /// A session of this login.
    pub fn new(login: Arc<Login>, region: String) -> Self {
        let budget = Budget::new(login.max_calls());
        let slots = Semaphore::new(MAX_CONNECTIONS);
        Self(Arc::new(Inner { login, region: Region::new(region), slots, budget }))
    }

    /// How long the service wants no calls; `None` where it did not say so.
    pub fn paused_for(&self) -> Option<Duration> {
        self.0.budget.paused_for()
    }

    /// The account whose credentials are used; `None` where they don't say it, or there are none.
    pub async fn account(&self) -> Option<String> {
        self.0.login.ready(&self.0.region).await.ok()?;
        self.0.login.account()
    }

    /// Sends one request with a client from `client` as soon as the budget allows it, and none while the service wants
    /// a pause; forgets credentials that were rejected.
    async fn send<C, T, E, F>(
        &self,
        client: impl FnOnce(&Arc<Opened>, &Region) -> C,
        request: &RequestInfo<'_>,
        send: F,
    ) -> (Option<RawResponse>, Result<T, Fault>)
    where
        E: ProvideErrorMetadata + Error + 'static,
        F: AsyncFnOnce(C, CaptureResponse) -> Result<T, SdkError<E, HttpResponse>>,
    {
        let Inner { login, region, slots, budget } = &*self.0;
        let slot = slots.acquire().await;
        let opened = match login.ready(region).await {
            Ok(opened) => opened,
            Err(fault) => return (None, Err(fault)),
        };
        budget.take().await;
        if let Some(pause) = budget.paused_for() {
            let what = format!("throttled by AWS: no calls for another {}", seconds(pause));
            return (None, Err(Fault::new(FaultKind::Throttled, what)));
        }
        let capture = CaptureResponse::default();
        let result = send(client(&opened, region), capture.clone()).await;
        drop(slot);
        let (host, response) = capture.take();
        let result = result.map_err(|error| match &response {
            Some(RawResponse { status, body, .. }) => {
                let RequestInfo { service, permission, subject, .. } = *request;
                let (code, message) = (error.code(), error.message());
                let (host, body) = (&*host, &*String::from_utf8_lossy(body));
                let response =
                    ErrorResponse { service, permission, subject, host, status: *status, code, message, body };
                response.fault(opened.profile())
            }
            None => self.connection_fault(&host, &error),
        });
        if let Err(fault) = &result {
            if let Some(RawResponse { status, retry_after: Some(retry_after), .. }) = &response
                && (fault.kind == FaultKind::Throttled || *status == 503)
            {
                budget.pause(retry_after);
            }
            let is_denied = fault.kind == FaultKind::Denied && request.is_essential;
            if is_denied || matches!(fault.kind, FaultKind::Expired | FaultKind::NoCredentials) {
                login.forget(&opened).await;
            }
        }
        (response, result)
    }

    fn connection_fault<E: Error + 'static>(&self, host: &str, error: &SdkError<E, HttpResponse>) -> Fault {
        let error = match error {
            SdkError::TimeoutError(_) => ConnectError::no_response(host, self.0.login.limits().attempt),
            SdkError::ResponseError(_) => ConnectError::in_body(host, error),
            // Nothing was sent: the endpoint that the profile or the environment sets is odd.
            _ if host.is_empty() && connect_error_in(error).is_none() => {
                let why: Vec<_> = causes(error).skip(1).map(ToString::to_string).collect();
                let why = one_line(&without_userinfo(&why.join(": ")));
                return Fault::new(FaultKind::Other, format!("the request could not be made: {why}"));
            }
            _ => ConnectError::of(host, error),
        };
        error.into_fault()
    }
}

/// An SDK client on a session. It is built anew where the session has read its config anew.
pub struct SessionClient<C> {
    session: Session,
    build: fn(&SdkConfig) -> C,
    built: Mutex<Option<(Arc<Opened>, C)>>,
}

impl<C: Clone> SessionClient<C> {
    /// A client of the service whose SDK has this constructor.
    pub fn new(session: Session, build: fn(&SdkConfig) -> C) -> Self {
        Self { session, build, built: Mutex::default() }
    }

    /// The session.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Sends one request, as soon as fewer than eight others of the session are under way.
    ///
    /// The first part of the result is the response, if one came, whatever the SDK made of it.
    pub async fn send<T, E, F>(&self, request: &RequestInfo<'_>, send: F) -> (Option<RawResponse>, Result<T, Fault>)
    where
        E: ProvideErrorMetadata + Error + 'static,
        F: AsyncFnOnce(C, CaptureResponse) -> Result<T, SdkError<E, HttpResponse>>,
    {
        self.session.send(|opened, region| self.client(opened, region), request, send).await
    }

    fn client(&self, opened: &Arc<Opened>, region: &Region) -> C {
        let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        match &*built {
            Some((of, client)) if Arc::ptr_eq(of, opened) => client.clone(),
            _ => {
                let client = (self.build)(&opened.config(region));
                *built = Some((Arc::clone(opened), client.clone()));
                client
            }
        }
    }
}

impl<C> fmt::Debug for SessionClient<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionClient").field("session", &self.session).finish_non_exhaustive()
    }
}
