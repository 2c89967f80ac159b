//! Connections to servers: through a proxy where one is set, with TLS where the URL asks for it.

use std::{
    io,
    net::IpAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use http::{
    Uri,
    uri::{Authority, Scheme},
};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::{
    client::{
        legacy::connect::{Connected, Connection, HttpConnector as Tcp, proxy::Tunnel},
        proxy::matcher::{Intercept, Matcher},
    },
    rt::TokioIo,
};
use tokio::net::TcpStream;
use tower_service::Service;

use super::{
    connect_error::{ConnectError, causes},
    tls::Tls,
};
use crate::aws::fault::FaultKind;

/// Host and port of a URL, without its user; empty where it has none.
pub fn authority(uri: &Uri) -> &str {
    let whole = uri.authority().map_or("", Authority::as_str);
    whole.rsplit_once('@').map_or(whole, |(_, host)| host)
}

/// Whether a host's name or address stands for this machine.
pub fn is_loopback(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase();
    match host.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

/// The proxy for a URL. There is none for loopback addresses nor for the metadata service's link-local ones.
pub fn proxy_for(proxies: &Matcher, uri: &Uri) -> Option<Intercept> {
    let host = uri.host().unwrap_or_default();
    let is_metadata = match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => address.is_link_local(),
        Ok(IpAddr::V6(address)) => address.segments()[..2] == [0xfd00, 0xec2],
        Err(_) => false,
    };
    if is_loopback(host) || is_metadata { None } else { proxies.intercept(uri) }
}

/// Opens connections.
#[derive(Clone)]
pub struct Connector {
    tcp: Tcp,
    tls: Arc<Tls>,
    proxies: Arc<Matcher>,
    timeout: Option<Duration>,
}

type Direct = MaybeHttpsStream<TokioIo<TcpStream>>;
type ToProxy = HttpsConnector<Tcp>;
type TunnelError = <Tunnel<ToProxy> as Service<Uri>>::Error;

impl Connector {
    /// Connects within `timeout`, where there is one; the proxy's handshake and TLS count.
    pub fn new(tls: Arc<Tls>, proxies: Arc<Matcher>, timeout: Option<Duration>) -> Self {
        let mut tcp = Tcp::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        Self { tcp, tls, proxies, timeout }
    }

    async fn connect(self, uri: Uri) -> Result<Stream, ConnectError> {
        let Some(proxy) = proxy_for(&self.proxies, &uri) else {
            let stream = self.direct(&uri).await.map_err(|error| ConnectError::of(authority(&uri), &*error))?;
            return Ok(Stream::new(stream.into(), false));
        };
        let proxy_name = format!("the proxy {}", authority(proxy.uri()));
        if uri.scheme() != Some(&Scheme::HTTPS) {
            let stream = self.direct(proxy.uri()).await.map_err(|error| ConnectError::of(&proxy_name, &*error))?;
            return Ok(Stream::new(stream.into(), true));
        }
        let config = self.tls.config().map_err(|error| ConnectError::new(FaultKind::Other, error.to_string()))?;
        let mut tunnel = Tunnel::new(proxy.uri().clone(), ToProxy::from((self.tcp, Arc::clone(&config))));
        if let Some(auth) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(auth.clone());
        }
        let stream = HttpsConnector::from((tunnel, config)).call(uri.clone()).await;
        let stream = stream.map_err(|error| match error.downcast_ref::<TunnelError>() {
            None => ConnectError::of(authority(&uri), &*error),
            Some(failed) if causes(failed).nth(1).is_some() => ConnectError::of(&proxy_name, failed),
            Some(refused) => {
                ConnectError::new(FaultKind::Unreachable, format!("{proxy_name} refused the tunnel: {refused}"))
            }
        })?;
        Ok(Stream::new(stream, false))
    }

    /// Without TLS, no root certificates are read.
    async fn direct(&self, uri: &Uri) -> Result<Direct, Box<dyn std::error::Error + Send + Sync>> {
        let mut tcp = self.tcp.clone();
        if uri.scheme() != Some(&Scheme::HTTPS) {
            return Ok(tcp.call(uri.clone()).await?.into());
        }
        let config = self.tls.config().map_err(|error| ConnectError::new(FaultKind::Other, error.to_string()))?;
        ToProxy::from((tcp, config)).call(uri.clone()).await
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let Some(limit) = this.timeout else { return this.connect(uri).await };
            let connecting = tokio::time::timeout(limit, this.connect(uri.clone()));
            connecting.await.unwrap_or_else(|_| Err(ConnectError::no_connection(authority(&uri), limit)))
        })
    }
}

/// An open connection: inside, to the server or the proxy; outside, what goes through the proxy's tunnel.
pub struct Stream {
    io: MaybeHttpsStream<Direct>,
    is_proxied: bool,
    reused: Reused,
}

/// Whether a connection has carried a response before. Shared by all requests on it.
#[derive(Clone, Default)]
pub struct Reused(Arc<AtomicBool>);

impl Reused {
    /// Notes a response.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether one was noted.
    pub fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Stream {
    fn new(io: MaybeHttpsStream<Direct>, is_proxied: bool) -> Self {
        Self { io, is_proxied, reused: Reused::default() }
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new().proxy(self.is_proxied).extra(self.reused.clone())
    }
}

impl Read for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl Write for Stream {
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
            ("http://LOCALHOST:4566/", false),
            ("http://s3.localhost:4566/", false),
            ("http://[::ffff:127.0.0.1]:4566/", false),
            ("http://169.254.169.254/latest", false),
            ("http://[fd00:ec2::254]/latest", false),
        ] {
            let uri: Uri = uri.parse().unwrap();
            assert_eq!(proxy_for(&proxies, &uri).is_some(), proxied, "{uri}");
        }
    }
}
