//! The HTTP/1.1 client under the SDK: connection pools, time limits, and which requests may be sent twice.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_smithy_runtime_api::client::{
    http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::body::SdkBody;
use http::{Extensions, Request, Response, header::PROXY_AUTHORIZATION, uri::Scheme};
use http_body_util::Limited;
use hyper_util::{
    client::{
        legacy::{Client, connect::capture_connection},
        proxy::matcher::{Intercept, Matcher},
    },
    rt::{TokioExecutor, TokioTimer},
};

use super::{
    connect_error::{ConnectError, causes},
    connector::{Connector, Reused, authority, proxy_for},
    tls::Tls,
};
use crate::aws::response::LONGEST_BODY;

/// The most connections that a session uses at once, and that lie idle for a host.
pub const MAX_CONNECTIONS: usize = 8;
/// How long a connection may lie idle: longer than most polling intervals, shorter than most servers' limit.
const MAX_IDLE: Duration = Duration::from_secs(60);

// aws-smithy-http-client 1.5 cannot skip verification (--no-verify-ssl), cap a body, or repeat a read on a kept
// connection that broke, and it panics on a damaged CA bundle: hence this client over hyper-util.
/// An HTTP/1.1 client for the SDK. A clone shares its connections. Creating one reads no file and opens no socket.
#[derive(Clone)]
pub struct Http {
    tls: Arc<Tls>,
    proxies: Arc<Matcher>,
    pools: Arc<Mutex<Vec<(ConnectTimeout, Pool)>>>,
}

type ConnectTimeout = Option<Duration>;
type Pool = Client<Connector, SdkBody>;

impl Http {
    /// A client that trusts as `tls` says and uses these proxies.
    pub fn new(tls: Arc<Tls>, proxies: Arc<Matcher>) -> Self {
        Self { tls, proxies, pools: Arc::default() }
    }

    /// The pool of connections that are opened under one time limit.
    fn pool(&self, timeout: ConnectTimeout) -> Pool {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, pool)) = pools.iter().find(|(of, _)| *of == timeout) {
            return pool.clone();
        }
        let connector = Connector::new(Arc::clone(&self.tls), Arc::clone(&self.proxies), timeout);
        let pool = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(MAX_IDLE)
            .pool_max_idle_per_host(MAX_CONNECTIONS)
            .build(connector);
        pools.push((timeout, pool.clone()));
        pool
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").field("tls", &self.tls).finish_non_exhaustive()
    }
}

impl HttpClient for Http {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Sender {
            pool: self.pool(settings.connect_timeout()),
            proxies: Arc::clone(&self.proxies),
            read_timeout: settings.read_timeout(),
        })
    }
}

/// Sends requests under the time limits of one SDK client.
#[derive(Clone)]
struct Sender {
    pool: Pool,
    proxies: Arc<Matcher>,
    read_timeout: Option<Duration>,
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("read_timeout", &self.read_timeout).finish_non_exhaustive()
    }
}

impl HttpConnector for Sender {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let this = self.clone();
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            let host = authority(request.uri()).to_owned();
            let sending = this.send(request);
            let response = match this.read_timeout {
                None => sending.await,
                Some(limit) => match tokio::time::timeout(limit, sending).await {
                    Ok(response) => response,
                    Err(_) => return Err(ConnectorError::timeout(ConnectError::no_response(&host, limit).into())),
                },
            };
            let response = response.map_err(|error| ConnectorError::io(error.into()))?;
            HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

impl Sender {
    /// Sends a request, and a second time where a kept connection broke and the request may be repeated.
    async fn send(&self, mut request: Request<SdkBody>) -> Result<Response<SdkBody>, ConnectError> {
        let host = authority(request.uri()).to_owned();
        if request.uri().scheme() == Some(&Scheme::HTTP)
            && let Some(auth) = proxy_for(&self.proxies, request.uri()).as_ref().and_then(Intercept::basic_auth)
        {
            request.headers_mut().insert(PROXY_AUTHORIZATION, auth.clone());
        }
        let second = if is_repeatable(&request) { copy(&request) } else { None };
        match (self.send_once(request).await, second) {
            (Err(failed), Some(second)) if failed.is_stale_connection => self.send_once(second).await,
            (result, _) => result,
        }
        .map_err(|failed| ConnectError::of(&host, &failed.error))
    }

    async fn send_once(&self, mut request: Request<SdkBody>) -> Result<Response<SdkBody>, SendError> {
        let captured = capture_connection(&mut request);
        let reused = || {
            let mut extras = Extensions::new();
            captured.connection_metadata().as_ref()?.get_extras(&mut extras);
            extras.remove::<Reused>()
        };
        match self.pool.request(request).await {
            Ok(response) => {
                reused().iter().for_each(Reused::set);
                Ok(response.map(|body| SdkBody::from_body_1_x(Limited::new(body, LONGEST_BODY))))
            }
            Err(error) => {
                let responded = causes(&error).any(|cause| cause.downcast_ref().is_some_and(hyper::Error::is_parse));
                let is_stale_connection = !responded && reused().is_some_and(|reused| reused.get());
                Err(SendError { error, is_stale_connection })
            }
        }
    }
}

struct SendError {
    error: hyper_util::client::legacy::Error,
    /// A connection that had carried responses broke before this one: the server may just have closed it.
    is_stale_connection: bool,
}

/// Whether sending a request twice is the same as sending it once. The server may have carried it out before the
/// connection broke, so only what changes nothing is repeated: the operations of AWS JSON that read, by their name,
/// and the idempotent methods of HTTP.
fn is_repeatable(request: &Request<SdkBody>) -> bool {
    const READS: [&str; 4] = ["Describe", "List", "Get", "Filter"];
    let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
    match target.and_then(|target| target.rsplit_once('.')) {
        Some((_, operation)) => READS.iter().any(|verb| operation.starts_with(verb)),
        None => request.method().is_idempotent(),
    }
}

/// `None` where the body is a stream.
fn copy(request: &Request<SdkBody>) -> Option<Request<SdkBody>> {
    let mut copy = Request::new(request.body().try_clone()?);
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    Some(copy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_something_is_never_repeated() {
        for (method, target, repeatable) in [
            ("POST", "FmrsService.DescribeTaskExecution", true),
            ("POST", "FmrsService.ListTaskExecutions", true),
            ("POST", "Logs_20140328.FilterLogEvents", true),
            ("POST", "FmrsService.CancelTaskExecution", false),
            ("POST", "FmrsService.UpdateTaskExecution", false),
            ("POST", "FmrsService.StartTaskExecution", false),
            ("POST", "", false),
            ("GET", "", true),
            ("PUT", "", true),
        ] {
            let mut request = Request::builder().method(method).uri("http://h/");
            if !target.is_empty() {
                request = request.header("x-amz-target", target);
            }
            assert_eq!(is_repeatable(&request.body(SdkBody::empty()).unwrap()), repeatable, "{method} {target}");
        }
    }
}
