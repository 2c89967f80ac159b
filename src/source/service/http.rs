//! The HTTP client under the SDK: proxies, TLS and timeouts, and why a connection failed in words.

use std::{
    error::Error,
    fmt, io,
    net::IpAddr,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use aws_smithy_runtime_api::client::{
    http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::body::SdkBody;
use http::{Extensions, Request, Response, Uri, header::PROXY_AUTHORIZATION, uri::Scheme};
use http_body_util::Limited;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::{
    client::{
        legacy::{
            Client,
            connect::{Connected, Connection, HttpConnector as Tcp, capture_connection, proxy::Tunnel},
        },
        proxy::matcher::{Intercept, Matcher},
    },
    rt::{TokioExecutor, TokioIo, TokioTimer},
};
use rustls::{CertificateError, pki_types::ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tower_service::Service;

use super::tls::{Tls, in_words};
use crate::aws::{
    fault::{Fault, FaultKind},
    response::LONGEST_BODY,
};

/// How long a connection may lie idle: longer than most intervals, shorter than most servers wait.
const IDLE: Duration = Duration::from_secs(60);

/// An HTTP/1.1 client for the SDK. Creating one reads no file and opens no socket.
#[derive(Clone)]
pub struct Http {
    tls: Arc<Tls>,
    proxies: Arc<Matcher>,
    pools: Arc<Mutex<Vec<PoolOf>>>,
}

type Pool = Client<Dialer, SdkBody>;
/// The connections that were opened under one limit of time.
type PoolOf = (Option<Duration>, Pool);

impl Http {
    /// A client that trusts as `tls` says, through the proxies that the environment names.
    pub fn new(tls: Arc<Tls>) -> Self {
        Self { tls, proxies: Arc::new(Matcher::from_env()), pools: Arc::default() }
    }

    fn pool(&self, connect_timeout: Option<Duration>) -> Pool {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, pool)) = pools.iter().find(|(timeout, _)| *timeout == connect_timeout) {
            return pool.clone();
        }
        let mut tcp = Tcp::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let hop = Hop { tcp, tls: Arc::clone(&self.tls) };
        let dialer = Dialer { hop, proxies: Arc::clone(&self.proxies), timeout: connect_timeout };
        let pool =
            Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).pool_idle_timeout(IDLE).build(dialer);
        pools.push((connect_timeout, pool.clone()));
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
        SharedHttpConnector::new(Caller {
            pool: self.pool(settings.connect_timeout()),
            proxies: Arc::clone(&self.proxies),
            read_timeout: settings.read_timeout(),
        })
    }
}

/// Sends requests, with the timeouts of the client that asks.
#[derive(Clone)]
struct Caller {
    pool: Pool,
    proxies: Arc<Matcher>,
    read_timeout: Option<Duration>,
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").field("read_timeout", &self.read_timeout).finish_non_exhaustive()
    }
}

impl HttpConnector for Caller {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let this = self.clone();
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            let host = authority(request.uri());
            let sending = this.send(request);
            let response = match this.read_timeout {
                None => sending.await,
                Some(limit) => match tokio::time::timeout(limit, sending).await {
                    Ok(response) => response,
                    Err(_) => return Err(ConnectorError::timeout(Trouble::silence(&host, limit).into())),
                },
            };
            let response = response.map_err(|trouble| ConnectorError::io(trouble.into()))?;
            HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

impl Caller {
    /// Once more where a kept connection turned out to be dead: that is no news, the next one decides.
    async fn send(&self, mut request: Request<SdkBody>) -> Result<Response<SdkBody>, Trouble> {
        let host = authority(request.uri());
        if request.uri().scheme() == Some(&Scheme::HTTP)
            && let Some(auth) = proxy_for(&self.proxies, request.uri()).as_ref().and_then(Intercept::basic_auth)
        {
            request.headers_mut().insert(PROXY_AUTHORIZATION, auth.clone());
        }
        let again = copy(&request);
        match (self.once(request).await, again) {
            (Ok(response), _) => Ok(response),
            (Err((_, true)), Some(again)) => self.once(again).await.map_err(|(error, _)| Trouble::of(&host, &error)),
            (Err((error, _)), _) => Err(Trouble::of(&host, &error)),
        }
    }

    /// The error comes with whether it says no more than that a kept connection was dead.
    async fn once(
        &self,
        mut request: Request<SdkBody>,
    ) -> Result<Response<SdkBody>, (hyper_util::client::legacy::Error, bool)> {
        let captured = capture_connection(&mut request);
        let served = || {
            let metadata = captured.connection_metadata();
            let mut extras = Extensions::new();
            metadata.as_ref()?.get_extras(&mut extras);
            extras.remove::<Served>().map(|served| served.0)
        };
        match self.pool.request(request).await {
            Ok(response) => {
                if let Some(served) = served() {
                    served.store(true, Ordering::Relaxed);
                }
                Ok(response.map(|body| SdkBody::from_body_1_x(Limited::new(body, LONGEST_BODY))))
            }
            Err(error) => {
                let answered = causes(&error).any(|cause| cause.downcast_ref().is_some_and(hyper::Error::is_parse));
                let kept = served().is_some_and(|served| served.load(Ordering::Relaxed));
                Err((error, kept && !answered))
            }
        }
    }
}

fn copy(request: &Request<SdkBody>) -> Option<Request<SdkBody>> {
    let mut copy = Request::new(request.body().try_clone()?);
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    Some(copy)
}

fn authority(uri: &Uri) -> String {
    uri.authority().map_or_else(String::new, |authority| authority.as_str().to_owned())
}

/// No proxy stands before this machine itself, nor before the metadata service at its link-local address.
fn proxy_for(proxies: &Matcher, uri: &Uri) -> Option<Intercept> {
    let host = uri.host().unwrap_or_default();
    let near = match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => address.is_loopback() || address.is_link_local(),
        Ok(IpAddr::V6(address)) => address.is_loopback() || address.segments()[..2] == [0xfd00, 0xec2],
        Err(_) => host == "localhost",
    };
    if near { None } else { proxies.intercept(uri) }
}

/// Opens the whole way to a server: through a proxy where there is one, under TLS where it is asked for.
#[derive(Clone)]
struct Dialer {
    hop: Hop,
    proxies: Arc<Matcher>,
    timeout: Option<Duration>,
}

/// Opens one connection, to a server or a proxy.
#[derive(Clone)]
struct Hop {
    tcp: Tcp,
    tls: Arc<Tls>,
}

type Dialing = Pin<Box<dyn Future<Output = Result<Line, Trouble>> + Send>>;

impl Service<Uri> for Dialer {
    type Response = Line;
    type Error = Trouble;
    type Future = Dialing;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Trouble>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Dialing {
        let this = self.clone();
        Box::pin(async move {
            match this.timeout {
                None => this.dial(uri).await,
                Some(limit) => {
                    let host = authority(&uri);
                    tokio::time::timeout(limit, this.dial(uri)).await.unwrap_or_else(|_| {
                        let what = format!("{host} could not be connected to within {}", in_seconds(limit));
                        Err(Trouble::new(FaultKind::Unreachable, what))
                    })
                }
            }
        })
    }
}

impl Dialer {
    async fn dial(mut self, uri: Uri) -> Result<Line, Trouble> {
        let Some(proxy) = proxy_for(&self.proxies, &uri) else {
            return self.hop.call(uri).await;
        };
        if uri.scheme() != Some(&Scheme::HTTPS) {
            let line = self.hop.call(proxy.uri().clone()).await.map_err(|trouble| trouble.at_proxy())?;
            return Ok(Line { proxied: true, ..line });
        }
        let tls = Arc::clone(&self.hop.tls);
        let mut tunnel = Tunnel::new(proxy.uri().clone(), self.hop);
        if let Some(auth) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(auth.clone());
        }
        let line = tunnel.call(uri.clone()).await.map_err(|error| match trouble_in(&error) {
            Some(trouble) => trouble.clone().at_proxy(),
            None => {
                let what = format!("the proxy {} let nothing through: {error}", authority(proxy.uri()));
                Trouble::new(FaultKind::Unreachable, what)
            }
        })?;
        under_tls(&tls, &uri, TokioIo::new(line)).await
    }
}

impl Service<Uri> for Hop {
    type Response = Line;
    type Error = Trouble;
    type Future = Dialing;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Trouble>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Dialing {
        let Self { mut tcp, tls } = self.clone();
        Box::pin(async move {
            let stream = tcp.call(uri.clone()).await.map_err(|error| Trouble::of(&authority(&uri), &error))?;
            let stream = stream.into_inner();
            if uri.scheme() == Some(&Scheme::HTTPS) {
                under_tls(&tls, &uri, stream).await
            } else {
                Ok(Line::new(stream))
            }
        })
    }
}

async fn under_tls<S: Duplex + 'static>(tls: &Tls, uri: &Uri, stream: S) -> Result<Line, Trouble> {
    let config = tls.config().map_err(|error| Trouble::new(FaultKind::Other, error.to_string()))?;
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let name = ServerName::try_from(host)
        .map_err(|_| Trouble::new(FaultKind::Other, format!("{} is no name for a server", authority(uri))))?;
    let connector = tokio_rustls::TlsConnector::from(config);
    let stream = connector.connect(name, stream).await.map_err(|error| Trouble::of(&authority(uri), &error))?;
    Ok(Line::new(stream))
}

/// A two-way stream of bytes.
trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// An open connection.
struct Line {
    io: TokioIo<Box<dyn Duplex>>,
    proxied: bool,
    served: Served,
}

/// Whether a connection has brought an answer before.
#[derive(Clone, Default)]
struct Served(Arc<AtomicBool>);

impl Line {
    fn new(stream: impl Duplex + 'static) -> Self {
        Self { io: TokioIo::new(Box::new(stream)), proxied: false, served: Served::default() }
    }
}

impl Connection for Line {
    fn connected(&self) -> Connected {
        Connected::new().proxy(self.proxied).extra(self.served.clone())
    }
}

impl Read for Line {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl Write for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

/// Why no answer came, in a sentence that names the host.
#[derive(Clone, Debug)]
pub struct Trouble {
    kind: FaultKind,
    message: String,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Trouble {}

impl Trouble {
    fn new(kind: FaultKind, message: String) -> Self {
        Self { kind, message }
    }

    /// Nothing came in time.
    pub fn silence(host: &str, limit: Duration) -> Self {
        let who = if host.is_empty() { "the service" } else { host };
        Self::new(FaultKind::Unreachable, format!("{who} did not answer within {}", in_seconds(limit)))
    }

    /// Reads the chain of an error for the cause that says something to a person.
    pub fn of(host: &str, error: &(dyn Error + 'static)) -> Self {
        if let Some(trouble) = trouble_in(error) {
            return trouble.clone();
        }
        let who = if host.is_empty() { "the service" } else { host };
        for cause in causes(error) {
            let said = if let Some(error) = cause.downcast_ref::<rustls::Error>() {
                Some((FaultKind::Unreachable, tls_failure(error)))
            } else if cause.is::<http_body_util::LengthLimitError>() {
                Some((FaultKind::Garbled, "sent far more than an answer of DataSync".into()))
            } else if let Some(error) = cause.downcast_ref::<hyper::Error>() {
                http_failure(error)
            } else if let Some(error) = cause.downcast_ref::<io::Error>() {
                io_failure(error)
            } else {
                // hyper-util tells a failed look-up by its words alone.
                cause.to_string().starts_with("dns error").then(|| (FaultKind::Unreachable, String::new()))
            };
            match said {
                Some((kind, what)) if what.is_empty() => {
                    let host = host.rsplit_once(':').map_or(host, |(name, _)| name);
                    return Self::new(kind, format!("could not resolve the host name {host}; is the network there?"));
                }
                Some((kind, what)) => return Self::new(kind, format!("{who} {what}")),
                None => {}
            }
        }
        let root = causes(error).last().map(ToString::to_string).unwrap_or_default();
        Self::new(FaultKind::Unreachable, format!("{who} could not be asked: {root}"))
    }

    /// The same for an answer that had begun.
    pub fn in_body(host: &str, error: &(dyn Error + 'static)) -> Self {
        let cut = causes(error).any(|cause| {
            let early = |error: &io::Error| error.kind() == io::ErrorKind::UnexpectedEof;
            cause.downcast_ref().is_some_and(hyper::Error::is_incomplete_message)
                || cause.downcast_ref().is_some_and(early)
        });
        match cut {
            true => Self::new(FaultKind::Garbled, format!("the answer of {host} was cut short")),
            false => Self::of(host, error),
        }
    }

    fn at_proxy(self) -> Self {
        Self { message: format!("the proxy {}", self.message), ..self }
    }

    /// The fault that this is.
    pub fn into_fault(self) -> Fault {
        Fault::new(self.kind, self.message)
    }
}

/// The trouble that lies in an error's chain.
pub fn trouble_in<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Trouble> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// An error and what is behind it. An `io::Error` hides what it wraps from `source()`, so it is unwrapped here.
pub fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner as &(dyn Error + 'static)),
        None => error.source(),
    })
}

fn http_failure(error: &hyper::Error) -> Option<(FaultKind, String)> {
    if error.is_parse() {
        Some((FaultKind::Garbled, "sent something that is not HTTP".into()))
    } else if error.is_incomplete_message() {
        Some((FaultKind::Unreachable, "closed the connection before it had answered".into()))
    } else {
        None
    }
}

fn io_failure(error: &io::Error) -> Option<(FaultKind, String)> {
    use io::ErrorKind::*;
    let what = match error.kind() {
        ConnectionRefused => "refused the connection",
        ConnectionReset | ConnectionAborted | BrokenPipe => "broke the connection off",
        UnexpectedEof => "closed the connection before it had answered",
        TimedOut => "did not answer in time",
        HostUnreachable => "can't be reached: no route to it",
        NetworkUnreachable | NetworkDown => "can't be reached: the network is down",
        _ if error.get_ref().is_some() => return None,
        _ => return Some((FaultKind::Unreachable, format!("can't be reached: {}", in_words(error)))),
    };
    Some((FaultKind::Unreachable, what.into()))
}

fn tls_failure(error: &rustls::Error) -> String {
    use CertificateError::*;
    let rustls::Error::InvalidCertificate(reason) = error else {
        return format!("can't be talked to over TLS: {error}");
    };
    match reason {
        UnknownIssuer => "shows a certificate that is not trusted: its issuer is unknown; \
             if a proxy or an endpoint of your own has its own authority, name it with --ca-bundle"
            .into(),
        Expired | ExpiredContext { .. } => {
            "shows a certificate that has expired; check it, and this machine's clock".into()
        }
        NotValidYet | NotValidYetContext { .. } => {
            "shows a certificate that is not valid yet; check it, and this machine's clock".into()
        }
        NotValidForName | NotValidForNameContext { .. } => "shows a certificate for another name".into(),
        _ => format!("shows a certificate that is not trusted ({error}); see --ca-bundle"),
    }
}

/// `5 s`, `0.2 s`.
pub fn in_seconds(limit: Duration) -> String {
    format!("{} s", (limit.as_secs_f64() * 10.0).round() / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_proxy_stands_before_this_machine_and_its_metadata() {
        let proxies = Matcher::builder().all("http://proxy.example:3128").build();
        for (uri, proxied) in [
            ("https://datasync.us-east-1.amazonaws.com/", true),
            ("http://10.0.0.7/", true),
            ("http://127.0.0.1:4566/", false),
            ("http://localhost:4566/", false),
            ("http://[::1]:4566/", false),
            ("http://169.254.169.254/latest", false),
            ("http://[fd00:ec2::254]/latest", false),
        ] {
            let uri: Uri = uri.parse().unwrap();
            assert_eq!(proxy_for(&proxies, &uri).is_some(), proxied, "{uri}");
        }
    }

    #[test]
    fn causes_are_said_in_words() {
        let io = |kind| io::Error::from(kind);
        let table: Vec<(Box<dyn Error>, FaultKind, &str)> = vec![
            (Box::new(io(io::ErrorKind::ConnectionRefused)), FaultKind::Unreachable, "h:1 refused the connection"),
            (Box::new(io(io::ErrorKind::ConnectionReset)), FaultKind::Unreachable, "h:1 broke the connection off"),
            (Box::new(io(io::ErrorKind::NetworkUnreachable)), FaultKind::Unreachable, "the network is down"),
            (
                Box::new(io::Error::other(io::Error::other(rustls::Error::InvalidCertificate(UNKNOWN)))),
                FaultKind::Unreachable,
                "--ca-bundle",
            ),
            (
                Box::new(io::Error::other(rustls::Error::InvalidCertificate(CertificateError::Expired))),
                FaultKind::Unreachable,
                "clock",
            ),
            (Box::new(io::Error::other("odd")), FaultKind::Unreachable, "h:1 could not be asked: odd"),
        ];
        for (error, kind, says) in table {
            let fault = Trouble::of("h:1", &*error).into_fault();
            assert_eq!(fault.kind, kind);
            assert!(fault.message.contains(says), "{says}: {fault}");
        }
    }

    const UNKNOWN: CertificateError = CertificateError::UnknownIssuer;
}
