//! The endpoint's HTTP: connections, requests, answers, and the faults that only a socket can have.

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use futures_util::stream::{self, StreamExt};
use http_body_util::{BodyExt, Full, Limited, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Frame, Incoming},
    header::{self, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinSet,
};

use super::{
    account::{Account, ServiceError},
    scenario::Injected,
    wire::Protocol,
};
use crate::clock::Clock;

type Body = UnsyncBoxBody<Bytes, io::Error>;

/// More than any request of these operations needs.
const LARGEST_REQUEST: usize = 64 * 1024;

/// How long the beginning of a body gets to reach the client before the connection closes.
const BEFORE_CLOSING: Duration = Duration::from_millis(20);

const WEB_PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Sign in to the guest network</title></head>\n\
     <body><h1>Sign in</h1><p>Your session has ended.</p></body></html>\n";

const GARBAGE: &[u8] = b"\x00\xfe\xff\x1b[31m\x93\x07\xc3\x28 \xf0\x9f no such thing \x00\x80\x81";

/// Serves until it is dropped; its connections end with it.
pub(super) async fn serve(listener: TcpListener, account: Arc<Account>, clock: Clock) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, account.clone(), clock.clone()));
                }
                // Out of file descriptors, most likely: it passes.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, account: Arc<Account>, clock: Clock) {
    let reset = Arc::new(Notify::new());
    // Answers are small and wait for nothing.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| respond(request, &account, &clock, &reset));
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        // A client that goes away is no matter.
        _ = &mut connection => {}
        () = reset.notified() => {
            let _ = connection.into_parts().io.inner().set_zero_linger();
        }
    }
}

async fn respond(
    request: Request<Incoming>,
    account: &Account,
    clock: &Clock,
    reset: &Notify,
) -> Result<Response<Body>, Infallible> {
    let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
    let named = Protocol::of(request.uri().path(), target).filter(|_| request.method() == Method::POST);
    let Some((protocol, operation)) = named else {
        return Ok(plain(StatusCode::NOT_FOUND, "text/plain", "A DataSync endpoint: POST an operation of it.\n"));
    };
    let body = Limited::new(request.into_body(), LARGEST_REQUEST).collect().await;
    let body = body.map(|body| body.to_bytes()).map_err(|_| too_large());
    let members = body.and_then(|body| protocol.read(&body));
    let members = match members {
        Ok(members) => members,
        Err(error) => return Ok(failure(protocol, &error)),
    };
    let now = clock.now();
    let answer = account.call(&operation, &members, now);
    let injected = account.injected(&operation, &members, now);
    Ok(match (answer, injected) {
        (Ok(answer), None) => complete(StatusCode::OK, protocol, protocol.write(&answer)),
        (Ok(answer), Some(injected)) => instead(injected, protocol, protocol.write(&answer), reset).await,
        (Err(error), _) => failure(protocol, &error),
    })
}

/// What comes in place of `answer`.
async fn instead(injected: Injected, protocol: Protocol, answer: Vec<u8>, reset: &Notify) -> Response<Body> {
    let error = |status, code, message| failure(protocol, &ServiceError::new(status, code, message));
    match injected {
        Injected::Throttled => error(400, "ThrottlingException", "Rate exceeded"),
        Injected::Expired => {
            error(400, "ExpiredTokenException", "The security token included in the request is expired")
        }
        Injected::Denied => error(
            400,
            "AccessDeniedException",
            "User: arn:aws:sts::111122223333:assumed-role/ExampleRole/demo is not authorized to perform: \
             datasync:DescribeTaskExecution because no identity-based policy allows it",
        ),
        Injected::Internal => error(500, "InternalException", "An internal error has occurred."),
        Injected::Unavailable => plain(StatusCode::SERVICE_UNAVAILABLE, "text/html", WEB_PAGE),
        Injected::WebPage => plain(StatusCode::OK, "text/html", WEB_PAGE),
        Injected::Garbage => complete(StatusCode::OK, protocol, GARBAGE.to_vec()),
        Injected::Truncated => complete(StatusCode::OK, protocol, answer[..answer.len() / 2].to_vec()),
        Injected::Short => short(protocol, answer),
        Injected::Empty => complete(StatusCode::OK, protocol, Vec::new()),
        Injected::Reset => {
            reset.notify_one();
            std::future::pending().await
        }
        Injected::Hang => std::future::pending().await,
    }
}

fn too_large() -> ServiceError {
    ServiceError::new(413, "RequestEntityTooLargeException", "The request is larger than any that is answered here.")
}

fn failure(protocol: Protocol, error: &ServiceError) -> Response<Body> {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = complete(status, protocol, protocol.write_error(error));
    response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(error.code));
    response
}

fn complete(status: StatusCode, protocol: Protocol, body: Vec<u8>) -> Response<Body> {
    let mut response = with_body(status, protocol.content_type(), whole(body));
    if let Ok(id) = HeaderValue::from_str(&request_id()) {
        response.headers_mut().insert("x-amzn-requestid", id);
    }
    if protocol == Protocol::Cbor {
        response.headers_mut().insert("smithy-protocol", HeaderValue::from_static("rpc-v2-cbor"));
    }
    response
}

/// Promises the whole answer, sends half of it, and closes.
fn short(protocol: Protocol, answer: Vec<u8>) -> Response<Body> {
    let promised = answer.len();
    let half = Bytes::from(answer).slice(..promised / 2);
    let close = async {
        tokio::time::sleep(BEFORE_CLOSING).await;
        Err(io::ErrorKind::ConnectionAborted.into())
    };
    let body = StreamBody::new(stream::iter([Ok(Frame::data(half))]).chain(stream::once(close)));
    let mut response = with_body(StatusCode::OK, protocol.content_type(), body.boxed_unsync());
    response.headers_mut().insert(header::CONTENT_LENGTH, promised.into());
    response
}

fn plain(status: StatusCode, content_type: &'static str, text: &'static str) -> Response<Body> {
    with_body(status, content_type, whole(text))
}

fn with_body(status: StatusCode, content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn whole(body: impl Into<Bytes>) -> Body {
    Full::new(body.into()).map_err(|never| match never {}).boxed_unsync()
}

/// In the form of a UUID.
fn request_id() -> String {
    let [a, b] = [fastrand::u64(..), fastrand::u64(..)];
    let (first, last) = (a >> 32, b & 0xffff_ffff_ffff);
    format!("{first:08x}-{:04x}-{:04x}-{:04x}-{last:012x}", (a >> 16) & 0xffff, a & 0xffff, b >> 48)
}
