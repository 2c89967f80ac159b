//! Endpoints on loopback that reply as a test wants, each on a thread of its own.

use std::{collections::BTreeMap, sync::mpsc, thread};

use serde_json::Value;
use tokio_rustls::TlsAcceptor;

#[allow(dead_code, reason = "the library's tests use more of it")]
#[path = "../../../src/source/scripted.rs"]
mod scripted;

pub use scripted::{Reply, Seen, Server, denied};

/// An execution that no account has.
pub const EXECUTION: &str =
    "arn:aws:datasync:us-east-1:111122223333:task/task-0123456789abcdef0/execution/exec-0fedcba9876543210";
/// Its last part.
pub const EXECUTION_ID: &str = "exec-0fedcba9876543210";

/// HTTP's status code and a body.
pub type Response = (u16, Value);

/// An endpoint, for as long as the test's process lives.
pub struct Endpoint {
    /// What belongs into `--endpoint-url`.
    pub url: String,
    server: Server,
}

impl Endpoint {
    /// Accepts connections and never responds.
    pub fn silent() -> Self {
        Self::scripted(|_, _| Reply::Hang)
    }

    /// Responds to each operation, named as in `DescribeTask`, with what `answer` gives.
    pub fn answering(answer: impl Fn(&str) -> Response + Send + Sync + 'static) -> Self {
        Self::asked(move |operation, _| answer(operation))
    }

    /// The same, where the request's body makes a difference.
    pub fn asked(answer: impl Fn(&str, &str) -> Response + Send + Sync + 'static) -> Self {
        Self::scripted(move |seen, _| {
            let (status, body) = answer(&seen.operation, &seen.body);
            Reply::Body(status, body.to_string())
        })
    }

    /// Replies from a script: a function of the request and its number.
    pub fn scripted(script: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::serving(None, script)
    }

    /// The same over TLS, with a certificate for `localhost` that nobody trusts; the certificate in PEM format.
    pub fn over_tls(script: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static) -> (Self, String) {
        let (tls, pem) = scripted::self_signed();
        let mut endpoint = Self::serving(Some(tls), script);
        endpoint.url = format!("https://localhost:{}", endpoint.server.address.port());
        (endpoint, pem)
    }

    fn serving(tls: Option<TlsAcceptor>, script: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static) -> Self {
        let (started, server) = mpsc::channel();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                started.send(Server::listen(tls, script).await).ok();
                std::future::pending::<()>().await;
            });
        });
        let server = server.recv().unwrap();
        Self { url: server.url(), server }
    }

    /// The number of connections that were opened.
    pub fn connections(&self) -> usize {
        self.server.connections()
    }

    /// All requests so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.server.seen()
    }

    /// The number of requests for each operation.
    pub fn counts(&self) -> BTreeMap<String, usize> {
        self.server.counts()
    }
}
