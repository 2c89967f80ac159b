//! Endpoints on loopback that say what a test wants to hear, byte by byte.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::Value;

/// An execution of nobody's.
pub const EXECUTION: &str =
    "arn:aws:datasync:us-east-1:111122223333:task/task-0123456789abcdef0/execution/exec-0fedcba9876543210";
/// Its last part.
pub const EXECUTION_ID: &str = "exec-0fedcba9876543210";

/// What an operation is answered with: HTTP's status code and a body.
pub type Response = (u16, Value);

/// An endpoint, for as long as the test's process lives.
pub struct Endpoint {
    /// What belongs into `--endpoint-url`.
    pub url: String,
    connections: Arc<Mutex<usize>>,
}

impl Endpoint {
    /// Accepts connections and never says a word.
    pub fn silent() -> Self {
        Self::serving(|mut stream| {
            let _ = std::io::copy(&mut stream, &mut std::io::sink());
        })
    }

    /// Answers each operation, named as in `DescribeTask`, with what `answer` gives.
    pub fn answering(answer: impl Fn(&str) -> Response + Send + Sync + 'static) -> Self {
        Self::asked(move |operation, _| answer(operation))
    }

    /// The same, where the request's body makes a difference.
    pub fn asked(answer: impl Fn(&str, &str) -> Response + Send + Sync + 'static) -> Self {
        Self::serving(move |stream| while answer_one(&stream, &answer).is_some() {})
    }

    fn serving(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let connections = Arc::new(Mutex::new(0));
        let (serve, counted) = (Arc::new(serve), connections.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                *counted.lock().unwrap() += 1;
                let serve = serve.clone();
                thread::spawn(move || serve(stream));
            }
        });
        Self { url, connections }
    }

    /// How many connections came.
    pub fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }
}

/// Reads a request and answers it; `None` once the client is gone.
fn answer_one(stream: &TcpStream, answer: &impl Fn(&str, &str) -> Response) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let (mut operation, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let Some((name, value)) = line.split_once(": ") else { continue };
        match name.to_ascii_lowercase().as_str() {
            "x-amz-target" => operation = value.rsplit('.').next()?.into(),
            "content-length" => length = value.parse().ok()?,
            _ => {}
        }
    }
    let mut asked = vec![0; length];
    reader.read_exact(&mut asked).ok()?;
    let (status, body) = answer(&operation, &String::from_utf8_lossy(&asked));
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 {status} As told\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = stream;
    stream.write_all((head + &body).as_bytes()).ok()
}
