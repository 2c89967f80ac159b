//! The real SDK against a scripted server: what comes of each reply, over each way to it.

use std::{
    fs,
    time::{Duration, SystemTime},
};

use aws_credential_types::{Credentials, provider::error::CredentialsError};
use hyper_util::client::proxy::matcher::Matcher;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{login::Environment, *};
use crate::{
    clock::Clock,
    source::{
        scripted::{Reply, Server, self_signed},
        testing::{LONG, Provider, SHORT, environment, execution, keys, login, service_at, task},
    },
};

const GOOD: &str = r#"{ "Status":"TRANSFERRING",  "BytesWritten": 12, "Novel": {"A": 1.50}, "TaskMode":"ENHANCED" }"#;

/// A service with keys.
fn service(connection: &Connection, limits: Limits, environment: Environment) -> Service {
    Services::of(login(connection, limits, environment, keys("AKIDTEST")), None).service(&task())
}

/// An environment with these proxies.
fn proxied(proxies: hyper_util::client::proxy::matcher::Builder) -> Environment {
    Environment { proxies: proxies.build(), ..environment(&[]) }
}

/// What comes of one request to a server that replies so.
async fn once(reply: impl Fn() -> Reply + Send + Sync + 'static) -> Outcome {
    let server = Server::start(move |_, _| reply()).await;
    service_at(&server.url()).describe(&execution('1')).await
}

fn fault(outcome: Outcome) -> Fault {
    match outcome {
        Outcome::Fault(fault) => {
            assert!(!fault.message.contains('\n'), "{fault}");
            assert!(fault.kind == FaultKind::Garbled || !fault.message.contains('{'), "a debug print: {fault}");
            fault
        }
        Outcome::Response(answer) => panic!("a response: {}", answer.verbatim()),
    }
}

#[tokio::test]
async fn a_good_response_is_kept_as_it_came() {
    let server = Server::start(|_, _| Reply::Body(200, GOOD.into())).await;
    let service = service_at(&server.url());
    for _ in 0..3 {
        let Outcome::Response(answer) = service.describe(&execution('1')).await else { panic!() };
        assert_eq!(&**answer.verbatim(), GOOD);
        assert_eq!(answer.snapshot().bytes_written.map(|count| count.0), Some(12));
    }
    let seen = server.seen();
    assert_eq!((seen.len(), server.connections()), (3, 1));
    assert_eq!(seen[0].operation, "DescribeTaskExecution");
    assert_eq!(seen[0].member("TaskExecutionArn"), execution('1').to_string());
    assert!(seen[0].head.contains("/us-east-1/datasync/aws4_request"), "{}", seen[0].head);
    assert!(seen[0].head.contains(concat!("app/syncscope-", env!("CARGO_PKG_VERSION"))), "{}", seen[0].head);
}

#[tokio::test]
async fn what_the_sdk_can_not_parse_is_read_all_the_same() {
    let odd = r#"{"Status":"TRANSFERRING","BytesWritten":"many","StartTime":"yesterday"}"#;
    let Outcome::Response(answer) = once(|| Reply::Body(200, odd.into())).await else { panic!() };
    assert_eq!(&**answer.verbatim(), odd);
}

#[tokio::test]
async fn errors_of_the_service_become_faults() {
    for (code, message, kind, says) in [
        ("ThrottlingException", "Rate exceeded", FaultKind::Throttled, "Rate exceeded"),
        ("ExpiredTokenException", "expired", FaultKind::Expired, "the default credentials have expired"),
        ("AccessDeniedException", "no", FaultKind::Denied, "datasync:DescribeTaskExecution"),
        ("InvalidRequestException", "not found", FaultKind::NotFound, "older than 30 days"),
        ("InternalException", "oops", FaultKind::Unreachable, "500"),
    ] {
        let fault = fault(once(move || Reply::Error(code, message)).await);
        assert_eq!((fault.kind, fault.code.as_deref()), (kind, Some(code)));
        assert!(fault.message.contains(says), "{fault}");
    }
}

#[tokio::test]
async fn responses_of_no_use_become_faults() {
    let raw = |head: &str, body: &[u8]| [format!("HTTP/1.1 {head}\r\n\r\n").as_bytes(), body].concat();
    let table: Vec<(Vec<u8>, FaultKind, &str)> = vec![
        (raw("200 OK\r\ncontent-length: 0", b""), FaultKind::Garbled, "empty"),
        (raw("200 OK\r\ncontent-length: 10", br#"{"Status":"#), FaultKind::Garbled, "cut short"),
        (raw("200 OK\r\ncontent-length: 99", br#"{"Status":"QUEUED"}"#), FaultKind::Garbled, "cut short"),
        (raw("200 OK\r\ncontent-length: 13", b"<html></html>"), FaultKind::Garbled, "web page"),
        (raw("503 Busy\r\ncontent-length: 13", b"<html></html>"), FaultKind::Unreachable, "got an HTML page"),
        (
            raw("407 Who\r\ncontent-length: 13", b"<html></html>"),
            FaultKind::Unreachable,
            "the proxy requires authentication",
        ),
        (raw("404 Not Found\r\ncontent-length: 2", b"{}"), FaultKind::Unreachable, "not a DataSync endpoint"),
        (raw("200 OK\r\ncontent-length: 4", b"\xff\xfe\x00{"), FaultKind::Garbled, "not text"),
        (raw("200 OK\r\ncontent-length: 2", b"{}"), FaultKind::Garbled, "neither a status"),
        (raw("302 Found\r\nlocation: http://login/\r\ncontent-length: 0", b""), FaultKind::Unreachable, "sign-in"),
        (b"\x15\x03\x01\x00\x02\x02\x16".to_vec(), FaultKind::Garbled, "not HTTP"),
        (b"".to_vec(), FaultKind::Unreachable, "closed the connection"),
    ];
    for (bytes, kind, says) in table {
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        let fault = fault(once(move || Reply::Raw(bytes.clone())).await);
        assert_eq!(fault.kind, kind, "{shown}: {fault}");
        assert!(fault.message.contains(says), "{shown}: {fault}");
    }
}

#[tokio::test]
async fn a_broken_or_silent_connection_becomes_a_fault() {
    let reset = fault(once(|| Reply::Reset).await);
    assert_eq!(reset.kind, FaultKind::Unreachable);
    assert!(reset.message.contains("reset the connection") || reset.message.contains("closed"), "{reset}");

    let silent = Server::start(|_, _| Reply::Hang).await;
    let connection = Connection { endpoint_url: Some(silent.url()), ..Connection::default() };
    let hang = fault(service(&connection, SHORT, environment(&[])).describe(&execution('1')).await);
    assert!(hang.message.starts_with(&format!("no response from {} within 0.5 s", silent.address)), "{hang}");

    let refused = fault(service_at("http://127.0.0.1:1").describe(&execution('1')).await);
    assert_eq!(refused.message, "127.0.0.1:1 refused the connection");

    let nowhere = fault(service_at(&format!("http://{}.invalid", "a".repeat(64))).describe(&execution('1')).await);
    assert_eq!(nowhere.kind, FaultKind::Unreachable);
    assert!(nowhere.message.starts_with("cannot resolve aaaa"), "{nowhere}");
}

/// Replies to the first request, reads the second on the same connection and closes it, and replies to the others.
async fn closing_at_the_second() -> Server {
    Server::start(|_, number| if number == 1 { Reply::Raw(Vec::new()) } else { Reply::Body(200, GOOD.into()) }).await
}

#[tokio::test]
async fn a_kept_connection_that_died_is_no_fault() {
    let server = closing_at_the_second().await;
    let service = service_at(&server.url());
    for _ in 0..2 {
        assert!(matches!(service.describe(&execution('1')).await, Outcome::Response(_)));
    }
    assert_eq!((server.seen().len(), server.connections()), (3, 2));
}

#[tokio::test]
async fn what_changes_something_is_sent_once_even_if_the_kept_connection_died() {
    let server = closing_at_the_second().await;
    let service = service_at(&server.url());
    assert!(matches!(service.describe(&execution('1')).await, Outcome::Response(_)));
    let (response, result) = service
        .send("datasync:CancelTaskExecution", "an execution", async |client, capture| {
            let request = client.cancel_task_execution().task_execution_arn(execution('1').to_string());
            request.customize().interceptor(capture).send().await
        })
        .await;
    let fault = result.unwrap_err();
    assert_eq!((fault.kind, response.is_none()), (FaultKind::Unreachable, true));
    assert!(fault.message.contains("closed the connection without responding"), "{fault}");
    let counts = [("CancelTaskExecution".to_string(), 1), ("DescribeTaskExecution".to_string(), 1)];
    assert_eq!(server.counts(), counts.into());
}

#[tokio::test]
async fn a_fault_is_reported_at_once_and_not_retried_by_the_sdk() {
    let server = Server::start(|_, _| Reply::Error("InternalException", "oops")).await;
    fault(service_at(&server.url()).describe(&execution('1')).await);
    assert_eq!(server.seen().len(), 1);
}

/// A server with a certificate that nobody trusts; the certificate in PEM format.
async fn untrusted() -> (Server, String) {
    let (tls, pem) = self_signed();
    (Server::listen(Some(tls), |_, _| Reply::Body(200, GOOD.into())).await, pem)
}

async fn over_tls(server: &Server, connection: Connection, variables: &[(&str, &str)]) -> Outcome {
    let url = format!("https://localhost:{}", server.address.port());
    let connection = Connection { endpoint_url: Some(url), ..connection };
    service(&connection, LONG, environment(variables)).describe(&execution('1')).await
}

#[tokio::test]
async fn a_certificate_is_trusted_by_a_bundle_or_not_looked_at() {
    let dir = tempfile::tempdir().unwrap();
    let (server, pem) = untrusted().await;
    let bundle = dir.path().join("ca.pem");
    fs::write(&bundle, pem).unwrap();

    let untrusted = over_tls(&server, Connection::default(), &[]).await;
    let fault = fault(untrusted);
    assert_eq!(fault.kind, FaultKind::Unreachable);
    assert!(fault.message.contains("not trusted") && fault.message.contains("--ca-bundle"), "{fault}");

    let flag = Connection { ca_bundle: Some(bundle.clone()), ..Connection::default() };
    assert!(matches!(over_tls(&server, flag, &[]).await, Outcome::Response(_)));
    let unverified = Connection { no_verify_ssl: true, ..Connection::default() };
    assert!(matches!(over_tls(&server, unverified, &[]).await, Outcome::Response(_)));

    let variable = [("AWS_CA_BUNDLE", bundle.to_str().unwrap())];
    assert!(matches!(over_tls(&server, Connection::default(), &variable).await, Outcome::Response(_)));
}

#[tokio::test]
async fn https_goes_through_a_proxy_and_its_refusal_is_told() {
    let proxy = Server::start(|_, _| Reply::Raw(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n".to_vec())).await;
    let through = proxied(Matcher::builder().https(proxy.url()));
    let fault = fault(service(&Connection::default(), LONG, through).describe(&execution('1')).await);
    assert_eq!(fault.kind, FaultKind::Unreachable);
    assert!(fault.message.starts_with(&format!("the proxy {}", proxy.address)), "{fault}");
    assert_eq!(proxy.seen()[0].operation, "CONNECT datasync.us-east-1.amazonaws.com:443 HTTP/1.1");
}

#[tokio::test]
async fn a_tunnel_through_a_proxy_carries_tls() {
    let (server, _) = untrusted().await;
    let proxy = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let through = proxied(Matcher::builder().https(format!("http://me:secret@{}", proxy.local_addr().unwrap())));
    let address = server.address;
    let passed = tokio::spawn(async move {
        let (mut near, _) = proxy.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(near.read_u8().await.unwrap());
        }
        near.write_all(b"HTTP/1.1 200 Go on\r\n\r\n").await.unwrap();
        let mut far = tokio::net::TcpStream::connect(address).await.unwrap();
        tokio::spawn(async move { tokio::io::copy_bidirectional(&mut near, &mut far).await });
        String::from_utf8(head).unwrap()
    });
    let connection = Connection { no_verify_ssl: true, ..Connection::default() };
    let outcome = service(&connection, LONG, through).describe(&execution('1')).await;
    assert!(matches!(outcome, Outcome::Response(_)), "{outcome:?}");
    let head = passed.await.unwrap();
    assert!(head.starts_with("CONNECT datasync.us-east-1.amazonaws.com:443 HTTP/1.1"), "{head}");
    assert!(head.to_lowercase().contains("proxy-authorization: basic "), "{head}");
}

#[tokio::test]
async fn plain_http_goes_through_a_proxy() {
    let proxy = Server::start(|_, _| Reply::Body(200, GOOD.into())).await;
    let through = proxied(Matcher::builder().http(format!("http://me:secret@{}", proxy.address)));
    let connection = Connection { endpoint_url: Some("http://datasync.example".into()), ..Connection::default() };
    let outcome = service(&connection, LONG, through).describe(&execution('1')).await;
    assert!(matches!(outcome, Outcome::Response(_)), "{outcome:?}");
    let head = &proxy.seen()[0].head;
    assert!(head.starts_with("POST http://datasync.example/ HTTP/1.1"), "{head}");
    assert!(head.to_lowercase().contains("proxy-authorization: basic "), "{head}");
}

/// Two services in one region and one in another, of one login with these credentials.
fn services_of(url: &str, provider: &Provider) -> [Service; 3] {
    let connection = Connection { endpoint_url: Some(url.into()), ..Connection::default() };
    let mut services = Services::of(login(&connection, LONG, environment(&[]), provider.clone()), None);
    let elsewhere = Arn { region: "eu-west-1".into(), ..task() };
    [task(), task(), elsewhere].map(|arn| services.service(&arn))
}

/// Six polls at the same time.
async fn six(services: &[Service; 3]) -> Vec<Outcome> {
    let polls = (0..6).map(|number| async move { services[number % 3].describe(&execution('1')).await });
    futures_util::future::join_all(polls).await
}

#[tokio::test]
async fn the_transfers_of_a_profile_share_its_credentials_in_all_regions() {
    let server = Server::start(|_, _| Reply::Body(200, GOOD.into())).await;
    let provider = Provider::new(|_| Ok(keys("AKIDTEST")));
    let services = services_of(&server.url(), &provider);
    assert!(Arc::ptr_eq(&services[0].0, &services[1].0) && !Arc::ptr_eq(&services[0].0, &services[2].0));
    for _ in 0..2 {
        assert!(six(&services).await.iter().all(|outcome| matches!(outcome, Outcome::Response(_))));
    }
    assert_eq!(provider.fetches(), 1);
    for region in ["us-east-1", "eu-west-1"] {
        assert!(server.seen().iter().any(|seen| seen.head.contains(&format!("/{region}/datasync/aws4_request"))));
    }
}

#[tokio::test]
async fn a_fetch_that_fails_fails_for_all_who_waited_for_it() {
    let server = Server::start(|_, _| Reply::Body(200, GOOD.into())).await;
    let provider = Provider::new(|number| match number {
        0 => Err(CredentialsError::provider_error("the vault is sealed")),
        _ => Ok(keys("AKIDTEST")),
    });
    let services = services_of(&server.url(), &provider);
    for outcome in six(&services).await {
        assert!(fault(outcome).message.contains("the vault is sealed"));
    }
    assert_eq!(provider.fetches(), 1);
    assert!(six(&services).await.iter().all(|outcome| matches!(outcome, Outcome::Response(_))));
    assert_eq!(provider.fetches(), 2);
}

#[tokio::test]
async fn rejected_credentials_are_fetched_anew_once_for_all() {
    let server = Server::start(|seen, _| match seen.head.contains("Credential=AKIDNEW/") {
        true => Reply::Body(200, GOOD.into()),
        false => Reply::Error("ExpiredTokenException", "expired"),
    })
    .await;
    let provider = Provider::new(|number| Ok(keys(if number == 0 { "AKIDOLD" } else { "AKIDNEW" })));
    let services = services_of(&server.url(), &provider);
    assert!(six(&services).await.into_iter().all(|outcome| fault(outcome).kind == FaultKind::Expired));
    assert!(six(&services).await.iter().all(|outcome| matches!(outcome, Outcome::Response(_))));
    assert_eq!(provider.fetches(), 2);
}

#[tokio::test]
async fn credentials_are_renewed_before_they_expire_and_used_until_they_do() {
    let server = Server::start(|_, _| Reply::Body(200, GOOD.into())).await;
    let in_seconds = |seconds| SystemTime::from(Clock::wall().now()) + Duration::from_secs(seconds);
    let provider = Provider::new(move |number| match number {
        0 => Ok(Credentials::new("AKIDTEST", "secret", None, Some(in_seconds(50)), "test")),
        1 => Err(CredentialsError::provider_error("the vault is sealed")),
        _ => Ok(Credentials::new("AKIDTEST", "secret", None, Some(in_seconds(3600)), "test")),
    });
    let services = services_of(&server.url(), &provider);
    for fetches in [1, 2, 3, 3] {
        assert!(matches!(services[0].describe(&execution('1')).await, Outcome::Response(_)));
        assert_eq!(provider.fetches(), fetches);
    }
}

#[tokio::test]
async fn a_session_has_at_most_eight_requests_under_way() {
    let server = Server::start(|_, number| match number {
        0..8 => Reply::Hang,
        _ => Reply::Body(200, GOOD.into()),
    })
    .await;
    let service = service_at(&server.url());
    let mut polls: tokio::task::JoinSet<_> = (0..20)
        .map(|_| {
            let service = service.clone();
            async move { service.describe(&execution('1')).await }
        })
        .collect();
    while server.seen().len() < 8 {
        tokio::task::yield_now().await;
    }
    // Those that wait for their turn have been polled as often.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!((server.seen().len(), server.connections()), (8, 8));
    polls.abort_all();
    while polls.join_next().await.is_some() {}
    assert!(matches!(service.describe(&execution('1')).await, Outcome::Response(_)));
}

#[tokio::test]
async fn a_burst_uses_no_more_connections_than_requests_at_once() {
    let server = Server::start(|_, _| Reply::Body(200, GOOD.into())).await;
    let service = service_at(&server.url());
    let polls = (0..100).map(|_| async { service.describe(&execution('1')).await });
    let outcomes = futures_util::future::join_all(polls).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Response(_))));
    assert!(server.connections() <= 8, "{}", server.connections());
}

#[tokio::test]
async fn a_response_about_another_execution_is_garbled_and_names_both() {
    let about = |arn: String| {
        let body = serde_json::json!({ "TaskExecutionArn": arn, "Status": "SUCCESS" });
        once(move || Reply::ok(body.clone()))
    };
    assert!(matches!(about(execution('1').to_string()).await, Outcome::Response(_)));
    let elsewhere = Arn { account: "444455556666".into(), ..execution('1') };
    for (named, says) in [
        (execution('2').to_string(), execution('2').id().to_owned()),
        (elsewhere.to_string(), elsewhere.to_string()),
        ("nonsense".to_owned(), "nonsense".to_owned()),
    ] {
        let fault = fault(about(named).await);
        assert_eq!(fault.kind, FaultKind::Garbled);
        assert!(fault.message.contains(&says) && fault.message.contains(execution('1').id()), "{fault}");
    }
}
