//! A loopback server for tests that replies from a script, byte by byte where it has to.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

/// A request.
#[derive(Clone, Debug)]
pub struct Seen {
    /// `DescribeTaskExecution`, or the request line of something else.
    pub operation: String,
    /// All header lines.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Seen {
    /// A member of the body as text; empty where it has none.
    pub fn member(&self, name: &str) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        body[name].as_str().unwrap_or_default().to_owned()
    }
}

/// What the server does with a request.
pub enum Reply {
    /// Sends this status and body, and keeps the connection.
    Body(u16, String),
    /// Sends an error of this code and message, with the status 500 where the code starts with `Internal`, else 400.
    Error(&'static str, &'static str),
    /// Writes these bytes and closes.
    Raw(Vec<u8>),
    /// Sends nothing.
    Hang,
    /// Resets the connection.
    Reset,
}

impl Reply {
    pub fn ok(body: Value) -> Self {
        Self::Body(200, body.to_string())
    }

    fn bytes(self) -> Option<(Vec<u8>, bool)> {
        let bytes = |status: u16, body: &str| {
            let head = "content-type: application/x-amz-json-1.1\r\ncontent-length";
            format!("HTTP/1.1 {status} Whatever\r\n{head}: {}\r\n\r\n{body}", body.len()).into_bytes()
        };
        match self {
            Self::Body(status, body) => Some((bytes(status, &body), true)),
            Self::Error(code, message) => {
                let body = json!({ "__type": code, "message": message }).to_string();
                Some((bytes(if code.starts_with("Internal") { 500 } else { 400 }, &body), true))
            }
            Self::Raw(bytes) => Some((bytes, false)),
            Self::Hang | Self::Reset => None,
        }
    }
}

/// TLS with a certificate for `localhost` that nobody trusts; the certificate in PEM format.
pub fn self_signed() -> (TlsAcceptor, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_string()]).unwrap();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), made.cert.pem())
}

/// A function of the request and its number.
type Script = dyn Fn(&Seen, usize) -> Reply + Send + Sync;

/// A server on loopback, for as long as its runtime lives.
pub struct Server {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<AtomicUsize>,
}

impl Server {
    pub async fn start(script: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::listen(None, script).await
    }

    pub async fn listen(
        tls: Option<TlsAcceptor>,
        script: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, connections) = (Arc::<Mutex<Vec<Seen>>>::default(), Arc::<AtomicUsize>::default());
        let (script, log, count): (Arc<Script>, _, _) = (Arc::new(script), Arc::clone(&seen), Arc::clone(&connections));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(serve(stream, tls.clone(), Arc::clone(&script), Arc::clone(&log)));
            }
        });
        Self { address, seen, connections }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The number of connections that were opened.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// All requests so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The number of requests for each operation.
    pub fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for seen in self.seen() {
            *counts.entry(seen.operation).or_default() += 1;
        }
        counts
    }
}

async fn serve(stream: TcpStream, tls: Option<TlsAcceptor>, script: Arc<Script>, log: Arc<Mutex<Vec<Seen>>>) {
    match tls {
        None => {
            if let Some(stream) = replies(stream, script, log).await {
                stream.set_zero_linger().unwrap();
            }
        }
        Some(tls) => {
            if let Ok(stream) = tls.accept(stream).await {
                replies(stream, script, log).await;
            }
        }
    }
}

/// Replies to all requests on a connection. Gives the stream back where it is to be reset.
async fn replies<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    script: Arc<Script>,
    log: Arc<Mutex<Vec<Seen>>>,
) -> Option<S> {
    while let Some(seen) = read(&mut stream).await {
        let number = {
            let mut log = log.lock().unwrap();
            log.push(seen.clone());
            log.len() - 1
        };
        let reply = script(&seen, number);
        if matches!(reply, Reply::Reset) {
            return Some(stream);
        }
        match reply.bytes() {
            None => std::future::pending::<()>().await,
            Some((bytes, keep)) => {
                stream.write_all(&bytes).await.ok()?;
                if !keep {
                    stream.shutdown().await.ok()?;
                    return None;
                }
            }
        }
    }
    None
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Seen> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let header = |name: &str| {
        head.lines()
            .filter_map(|line| line.split_once(':'))
            .find_map(|(key, value)| key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned()))
    };
    let mut body = vec![0; header("content-length").map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).await.ok()?;
    let operation = header("x-amz-target").and_then(|target| target.split_once('.').map(|(_, name)| name.to_owned()));
    let operation = operation.unwrap_or_else(|| head.lines().next().unwrap_or_default().to_owned());
    Some(Seen { operation, body: String::from_utf8(body).unwrap(), head })
}

/// A server that replies by the operation's name.
pub async fn plays(script: impl Fn(&str, &Seen) -> Reply + Send + Sync + 'static) -> Server {
    Server::start(move |seen, _| script(&seen.operation, seen)).await
}

/// A denial.
pub fn denied() -> Reply {
    Reply::Error("AccessDeniedException", "not authorized")
}

/// One of the pages of a listing: the one that the request's token names.
pub fn page(seen: &Seen, member: &str, pages: &[Value]) -> Reply {
    let number = seen.member("NextToken").parse().unwrap_or(0);
    let next = (number + 1 < pages.len()).then(|| (number + 1).to_string());
    Reply::ok(json!({ member: pages[number], "NextToken": next }))
}
