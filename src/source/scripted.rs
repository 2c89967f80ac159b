//! A loopback server for tests that plays scripted bytes, and what tests need around it.

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

use super::service::{Connection, Limits, Service};
use crate::aws::arn::Arn;

/// A task, and executions of it by their last hexadecimal digit.
pub const TASK: &str = "arn:aws:datasync:us-east-1:111122223333:task/task-0123456789abcdef0";

pub fn task() -> Arn {
    Arn::parse(TASK).unwrap()
}

pub fn execution(digit: char) -> Arn {
    task().with_execution(&format!("exec-0000000000000000{digit}"))
}

/// A directory that goes when it is dropped.
pub struct TempDir(PathBuf);

impl TempDir {
    pub fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("syncscope-test-{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// An environment without credentials, config files, proxies or metadata: nothing leaves the machine.
///
/// The environment is the process's; every test runs in a process of its own.
pub fn bare() -> TempDir {
    let dir = TempDir::new();
    let names: Vec<_> = std::env::vars_os().map(|(name, _)| name).collect();
    for name in names {
        let text = name.to_string_lossy().to_uppercase();
        if text.starts_with("AWS_") || text.ends_with("_PROXY") {
            unsafe { std::env::remove_var(&name) };
        }
    }
    set("HOME", dir.path().to_str().unwrap());
    set("AWS_CONFIG_FILE", dir.path().join("config").to_str().unwrap());
    set("AWS_SHARED_CREDENTIALS_FILE", dir.path().join("credentials").to_str().unwrap());
    set("AWS_EC2_METADATA_DISABLED", "true");
    dir
}

/// The same with keys in the environment.
pub fn with_keys() -> TempDir {
    let dir = bare();
    set("AWS_ACCESS_KEY_ID", "AKIDTEST");
    set("AWS_SECRET_ACCESS_KEY", "secret");
    dir
}

pub fn set(name: &str, value: &str) {
    unsafe { std::env::set_var(name, value) };
}

/// Limits of time that tests can wait for.
pub const SHORT: Limits = Limits {
    connect: Duration::from_millis(400),
    attempt: Duration::from_millis(500),
    operation: Duration::from_secs(2),
};

/// A service at an endpoint.
pub fn service_at(url: &str) -> Service {
    let connection = Connection { endpoint_url: Some(url.into()), ..Connection::default() };
    Service::with_limits(&connection, &task(), SHORT).unwrap()
}

/// A request, as far as tests look at it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// `DescribeTaskExecution`, or the request line of something else.
    pub operation: String,
    /// All header lines.
    pub head: String,
    /// The body as JSON.
    pub body: serde_json::Value,
    /// The body as text.
    pub form: String,
}

/// What a server does with a request.
pub enum Play {
    /// Answers with this status and body, and keeps the connection.
    Reply(u16, String),
    /// Answers with the status 400 and an error of this code and message.
    Error(&'static str, &'static str),
    /// Writes these bytes and closes.
    Raw(Vec<u8>),
    /// Says nothing.
    Hang,
    /// Breaks the connection off with a reset.
    Reset,
}

impl Play {
    pub fn ok(body: serde_json::Value) -> Self {
        Self::Reply(200, body.to_string())
    }

    fn bytes(self) -> Option<(Vec<u8>, bool)> {
        let reply = |status: u16, body: &str| {
            let head = "content-type: application/x-amz-json-1.1\r\ncontent-length";
            format!("HTTP/1.1 {status} Whatever\r\n{head}: {}\r\n\r\n{body}", body.len()).into_bytes()
        };
        match self {
            Self::Reply(status, body) => Some((reply(status, &body), true)),
            Self::Error(code, message) => {
                let body = serde_json::json!({ "__type": code, "message": message }).to_string();
                Some((reply(if code.starts_with("Internal") { 500 } else { 400 }, &body), true))
            }
            Self::Raw(bytes) => Some((bytes, false)),
            Self::Hang | Self::Reset => None,
        }
    }
}

type Script = dyn Fn(&Seen, usize) -> Play + Send + Sync;

/// A server on loopback that plays a script: a function of the request and its number.
pub struct Server {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<AtomicUsize>,
}

impl Server {
    pub async fn start(script: impl Fn(&Seen, usize) -> Play + Send + Sync + 'static) -> Self {
        Self::listen(None, script).await
    }

    pub async fn listen(
        tls: Option<TlsAcceptor>,
        script: impl Fn(&Seen, usize) -> Play + Send + Sync + 'static,
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

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// How often each operation was asked for.
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
            if let Some(stream) = play(stream, script, log).await {
                stream.set_zero_linger().unwrap();
            }
        }
        Some(tls) => {
            if let Ok(stream) = tls.accept(stream).await {
                play(stream, script, log).await;
            }
        }
    }
}

/// Gives the stream back where it is to be reset.
async fn play<S: AsyncRead + AsyncWrite + Unpin>(
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
        let play = script(&seen, number);
        if matches!(play, Play::Reset) {
            return Some(stream);
        }
        match play.bytes() {
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
    Some(Seen {
        operation,
        body: serde_json::from_slice(&body).unwrap_or_default(),
        form: String::from_utf8(body).unwrap(),
        head,
    })
}
