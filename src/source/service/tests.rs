//! The real SDK against scripted answers: what each becomes, and how long it may take.

use std::{fs, sync::Arc, time::Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::source::scripted::{Play, SHORT, Server, bare, execution, service_at, set, task, with_keys};

const GOOD: &str = r#"{ "Status":"TRANSFERRING",  "BytesWritten": 12, "Novel": {"A": 1.50}, "TaskMode":"ENHANCED" }"#;

/// What comes of one request to a server that plays this.
async fn once(play: impl Fn() -> Play + Send + Sync + 'static) -> Outcome {
    let server = Server::start(move |_, _| play()).await;
    service_at(&server.url()).describe(&execution('1')).await
}

fn fault(outcome: Outcome) -> Fault {
    match outcome {
        Outcome::Fault(fault) => {
            assert!(!fault.message.contains('\n'), "{fault}");
            assert!(fault.kind == FaultKind::Garbled || !fault.message.contains('{'), "a debug print: {fault}");
            fault
        }
        Outcome::Response(answer) => panic!("an answer: {}", answer.verbatim()),
    }
}

#[tokio::test]
async fn a_good_answer_is_kept_as_it_came() {
    let _dir = with_keys();
    let server = Server::start(|_, _| Play::Reply(200, GOOD.into())).await;
    let service = service_at(&server.url());
    for _ in 0..3 {
        let Outcome::Response(answer) = service.describe(&execution('1')).await else { panic!() };
        assert_eq!(&**answer.verbatim(), GOOD);
        assert_eq!(answer.snapshot().bytes_written.map(|count| count.0), Some(12));
    }
    let seen = server.seen();
    assert_eq!((seen.len(), server.connections()), (3, 1));
    assert_eq!(seen[0].operation, "DescribeTaskExecution");
    assert_eq!(seen[0].body["TaskExecutionArn"], execution('1').to_string());
    assert!(seen[0].head.contains("/us-east-1/datasync/aws4_request"), "{}", seen[0].head);
    assert!(seen[0].head.contains(concat!("app/syncscope-", env!("CARGO_PKG_VERSION"))), "{}", seen[0].head);
}

#[tokio::test]
async fn what_the_sdk_can_not_parse_is_read_all_the_same() {
    let _dir = with_keys();
    let odd = r#"{"Status":"TRANSFERRING","BytesWritten":"many","StartTime":"yesterday"}"#;
    let Outcome::Response(answer) = once(|| Play::Reply(200, odd.into())).await else { panic!() };
    assert_eq!(&**answer.verbatim(), odd);
}

#[tokio::test]
async fn errors_of_the_service_become_faults() {
    let _dir = with_keys();
    for (code, message, kind, says) in [
        ("ThrottlingException", "Rate exceeded", FaultKind::Throttled, "Rate exceeded"),
        ("ExpiredTokenException", "expired", FaultKind::Expired, "the credentials in the environment have expired"),
        ("AccessDeniedException", "no", FaultKind::Denied, "datasync:DescribeTaskExecution"),
        ("InvalidRequestException", "not found", FaultKind::NotFound, "older than 30 days"),
        ("InternalException", "oops", FaultKind::Unreachable, "500"),
    ] {
        let fault = fault(once(move || Play::Error(code, message)).await);
        assert_eq!((fault.kind, fault.code.as_deref()), (kind, Some(code)));
        assert!(fault.message.contains(says), "{fault}");
    }
}

#[tokio::test]
async fn answers_that_are_none_become_faults() {
    let _dir = with_keys();
    let raw = |head: &str, body: &[u8]| [format!("HTTP/1.1 {head}\r\n\r\n").as_bytes(), body].concat();
    let table: Vec<(Vec<u8>, FaultKind, &str)> = vec![
        (raw("200 OK\r\ncontent-length: 0", b""), FaultKind::Garbled, "empty"),
        (raw("200 OK\r\ncontent-length: 10", br#"{"Status":"#), FaultKind::Garbled, "cut short"),
        (raw("200 OK\r\ncontent-length: 99", br#"{"Status":"QUEUED"}"#), FaultKind::Garbled, "cut short"),
        (raw("200 OK\r\ncontent-length: 13", b"<html></html>"), FaultKind::Garbled, "web page"),
        (raw("503 Busy\r\ncontent-length: 13", b"<html></html>"), FaultKind::Unreachable, "web page"),
        (raw("407 Who\r\ncontent-length: 13", b"<html></html>"), FaultKind::Unreachable, "proxy"),
        (raw("404 Not Found\r\ncontent-length: 2", b"{}"), FaultKind::Unreachable, "no endpoint of DataSync"),
        (raw("200 OK\r\ncontent-length: 4", b"\xff\xfe\x00{"), FaultKind::Garbled, "not text"),
        (raw("200 OK\r\ncontent-length: 2", b"{}"), FaultKind::Garbled, "neither a status"),
        (raw("302 Found\r\nlocation: http://login/\r\ncontent-length: 0", b""), FaultKind::Unreachable, "sign-in"),
        (b"\x15\x03\x01\x00\x02\x02\x16".to_vec(), FaultKind::Garbled, "not HTTP"),
        (b"".to_vec(), FaultKind::Unreachable, "closed the connection"),
    ];
    for (bytes, kind, says) in table {
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        let fault = fault(once(move || Play::Raw(bytes.clone())).await);
        assert_eq!(fault.kind, kind, "{shown}: {fault}");
        assert!(fault.message.contains(says), "{shown}: {fault}");
    }
}

#[tokio::test]
async fn a_broken_or_silent_connection_becomes_a_fault() {
    let _dir = with_keys();
    let reset = fault(once(|| Play::Reset).await);
    assert_eq!(reset.kind, FaultKind::Unreachable);
    assert!(reset.message.contains("broke the connection off") || reset.message.contains("closed"), "{reset}");

    let start = Instant::now();
    let hang = fault(once(|| Play::Hang).await);
    assert!(start.elapsed() < Duration::from_millis(1500), "{:?}", start.elapsed());
    assert!(hang.message.contains("did not answer within 0.5 s"), "{hang}");

    let refused = fault(service_at("http://127.0.0.1:1").describe(&execution('1')).await);
    assert_eq!(refused.message, "127.0.0.1:1 refused the connection");

    let nowhere = fault(service_at("http://no-such-host.invalid").describe(&execution('1')).await);
    assert_eq!(nowhere.kind, FaultKind::Unreachable);
    assert!(nowhere.message.contains("could not resolve the host name no-such-host.invalid"), "{nowhere}");
}

#[tokio::test]
async fn a_kept_connection_that_died_is_no_fault() {
    let _dir = with_keys();
    let server = Server::start(|_, number| match number {
        0 => Play::Reply(200, GOOD.into()),
        // Read the second request on the kept connection, and close in its face.
        1 => Play::Raw(Vec::new()),
        _ => Play::Reply(200, GOOD.into()),
    })
    .await;
    let service = service_at(&server.url());
    for _ in 0..2 {
        assert!(matches!(service.describe(&execution('1')).await, Outcome::Response(_)));
    }
    assert_eq!((server.seen().len(), server.connections()), (3, 2));
}

/// A server with a certificate that nobody knows, for `localhost`; its PEM.
async fn self_signed() -> (Server, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_string()]).unwrap();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())
        .unwrap();
    let tls = TlsAcceptor::from(Arc::new(config));
    (Server::listen(Some(tls), |_, _| Play::Reply(200, GOOD.into())).await, made.cert.pem())
}

async fn over_tls(server: &Server, connection: Connection) -> Outcome {
    let url = format!("https://localhost:{}", server.address.port());
    let connection = Connection { endpoint_url: Some(url), ..connection };
    Service::with_limits(&connection, &task(), SHORT).unwrap().describe(&execution('1')).await
}

#[tokio::test]
async fn a_certificate_is_trusted_by_a_bundle_or_not_looked_at() {
    let dir = with_keys();
    let (server, pem) = self_signed().await;
    let bundle = dir.path().join("ca.pem");
    fs::write(&bundle, pem).unwrap();

    let fault = fault(over_tls(&server, Connection::default()).await);
    assert_eq!(fault.kind, FaultKind::Unreachable);
    assert!(fault.message.contains("not trusted") && fault.message.contains("--ca-bundle"), "{fault}");

    let flag = Connection { ca_bundle: Some(bundle.clone()), ..Connection::default() };
    assert!(matches!(over_tls(&server, flag).await, Outcome::Response(_)));
    let unverified = Connection { no_verify_ssl: true, ..Connection::default() };
    assert!(matches!(over_tls(&server, unverified).await, Outcome::Response(_)));

    let config = dir.path().join("config");
    fs::write(&config, format!("[default]\nca_bundle = {}\n", bundle.display())).unwrap();
    assert!(matches!(over_tls(&server, Connection::default()).await, Outcome::Response(_)));
    fs::remove_file(config).unwrap();
    set("AWS_CA_BUNDLE", bundle.to_str().unwrap());
    assert!(matches!(over_tls(&server, Connection::default()).await, Outcome::Response(_)));
}

#[tokio::test]
async fn a_bundle_that_is_none_is_refused_before_anything_is_asked() {
    let _dir = with_keys();
    let plain = Some("http://127.0.0.1:1".to_string());
    let flag = Connection { ca_bundle: Some("/no/such".into()), endpoint_url: plain.clone(), ..Connection::default() };
    let error = Service::new(&flag, &task()).unwrap_err();
    assert!(error.to_string().contains("'/no/such' can't be read"), "{error}");

    set("AWS_CA_BUNDLE", "/no/such");
    assert!(Service::new(&Connection::default(), &task()).is_err());
    let over_plain = Connection { endpoint_url: plain, ..Connection::default() };
    assert!(Service::new(&over_plain, &task()).is_ok(), "no root is read where none is needed");
    let unverified = Connection { no_verify_ssl: true, ..Connection::default() };
    assert!(Service::new(&unverified, &task()).is_ok());
    let odd = Connection { endpoint_url: Some("localhost:80".into()), ..Connection::default() };
    assert!(Service::new(&odd, &task()).unwrap_err().to_string().contains("is no URL"));
}

#[tokio::test]
async fn https_goes_through_a_proxy_and_its_refusal_is_told() {
    let _dir = with_keys();
    let proxy = Server::start(|_, _| Play::Raw(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n".to_vec())).await;
    set("HTTPS_PROXY", &proxy.url());
    let service = Service::with_limits(&Connection::default(), &task(), SHORT).unwrap();
    let fault = fault(service.describe(&execution('1')).await);
    assert_eq!(fault.kind, FaultKind::Unreachable);
    assert!(fault.message.starts_with(&format!("the proxy {}", proxy.address)), "{fault}");
    assert_eq!(proxy.seen()[0].operation, "CONNECT datasync.us-east-1.amazonaws.com:443 HTTP/1.1");
    set("NO_PROXY", "*");
    set("AWS_ENDPOINT_URL_DATASYNC", "http://127.0.0.1:1");
    let direct = Service::with_limits(&Connection::default(), &task(), SHORT).unwrap();
    assert!(
        matches!(direct.describe(&execution('1')).await, Outcome::Fault(fault) if fault.message.contains("127.0.0.1:1"))
    );
}

#[tokio::test]
async fn a_tunnel_through_a_proxy_carries_tls() {
    let _dir = with_keys();
    let (server, _) = self_signed().await;
    let proxy = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    set("HTTPS_PROXY", &format!("http://me:secret@{}", proxy.local_addr().unwrap()));
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
    let service = Service::with_limits(&connection, &task(), SHORT).unwrap();
    let outcome = service.describe(&execution('1')).await;
    assert!(matches!(outcome, Outcome::Response(_)), "{outcome:?}");
    let head = passed.await.unwrap();
    assert!(head.starts_with("CONNECT datasync.us-east-1.amazonaws.com:443 HTTP/1.1"), "{head}");
    assert!(head.to_lowercase().contains("proxy-authorization: basic "), "{head}");
}

#[tokio::test]
async fn plain_http_goes_through_a_proxy() {
    let _dir = with_keys();
    let proxy = Server::start(|_, _| Play::Reply(200, GOOD.into())).await;
    set("HTTP_PROXY", &format!("http://me:secret@{}", proxy.address));
    let outcome = service_at("http://datasync.example").describe(&execution('1')).await;
    assert!(matches!(outcome, Outcome::Response(_)), "{outcome:?}");
    let head = &proxy.seen()[0].head;
    assert!(head.starts_with("POST http://datasync.example/ HTTP/1.1"), "{head}");
    assert!(head.to_lowercase().contains("proxy-authorization: basic "), "{head}");
}

#[tokio::test]
async fn without_credentials_the_fault_is_quick_and_says_what_to_do() {
    let dir = bare();
    let start = Instant::now();
    let lone = fault(Service::new(&Connection::default(), &task()).unwrap().describe(&execution('1')).await);
    assert_eq!(lone.kind, FaultKind::NoCredentials);
    assert!(lone.message.contains("--profile") && lone.message.contains("aws configure"), "{lone}");
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());

    fs::write(dir.path().join("config"), "[profile prod]\nregion = us-east-1\n[profile stage]\n").unwrap();
    let with_profile = |name: &str| Connection { profile: Some(name.into()), ..Connection::default() };
    let empty = fault(Service::new(&with_profile("prod"), &task()).unwrap().describe(&execution('1')).await);
    assert_eq!(empty.kind, FaultKind::NoCredentials);
    assert!(empty.message.contains("profile 'prod' has no credentials"), "{empty}");
    let unknown = fault(Service::new(&with_profile("nope"), &task()).unwrap().describe(&execution('1')).await);
    assert_eq!(unknown.kind, FaultKind::NoCredentials);
    assert_eq!(unknown.message, "there is no profile 'nope': the AWS config files name prod, stage");
}

/// The service answers only one key, and says of the others that they have expired.
async fn knows(key: &'static str) -> Server {
    Server::start(move |seen, _| {
        if seen.head.contains(&format!("Credential={key}/")) {
            Play::ok(json!({ "Status": "QUEUED" }))
        } else {
            Play::Error("ExpiredTokenException", "The security token included in the request is expired")
        }
    })
    .await
}

#[tokio::test]
async fn renewed_credentials_are_picked_up() {
    let dir = bare();
    let write = |key: &str| {
        let text = format!("[prod]\naws_access_key_id = {key}\naws_secret_access_key = s\n");
        fs::write(dir.path().join("credentials"), text).unwrap();
    };
    let server = knows("AKIDNEW").await;
    let connection =
        Connection { profile: Some("prod".into()), endpoint_url: Some(server.url()), ..Connection::default() };
    let service = Service::with_limits(&connection, &task(), SHORT).unwrap();
    let missing = fault(service.describe(&execution('1')).await);
    assert_eq!(missing.kind, FaultKind::NoCredentials);
    write("AKIDOLD");
    for _ in 0..2 {
        let expired = fault(service.describe(&execution('1')).await);
        assert_eq!(expired.kind, FaultKind::Expired);
        assert!(expired.message.contains("the credentials of profile 'prod' have expired; renew them"), "{expired}");
    }
    write("AKIDNEW");
    assert!(matches!(service.describe(&execution('1')).await, Outcome::Response(_)));
}

#[tokio::test]
async fn a_profile_that_a_flag_names_beats_keys_in_the_environment() {
    let dir = with_keys();
    let text = "[prod]\naws_access_key_id = AKIDPROD\naws_secret_access_key = s\n";
    fs::write(dir.path().join("credentials"), text).unwrap();
    let server = knows("AKIDPROD").await;
    let connection =
        Connection { profile: Some("prod".into()), endpoint_url: Some(server.url()), ..Connection::default() };
    let service = Service::with_limits(&connection, &task(), SHORT).unwrap();
    assert!(matches!(service.describe(&execution('1')).await, Outcome::Response(_)));
}

#[tokio::test]
async fn a_process_gives_credentials_or_its_reason() {
    let dir = bare();
    let good = r#"{\"Version\":1,\"AccessKeyId\":\"AKIDPROC\",\"SecretAccessKey\":\"s\"}"#;
    let text = format!(
        "[profile good]\ncredential_process = sh -c \"echo '{good}'\"\n\
         [profile bad]\ncredential_process = sh -c 'echo vault is sealed >&2; exit 3'\n"
    );
    fs::write(dir.path().join("config"), text).unwrap();
    let server = knows("AKIDPROC").await;
    let with = |profile: &str| Connection {
        profile: Some(profile.into()),
        endpoint_url: Some(server.url()),
        ..Connection::default()
    };
    let good = Service::with_limits(&with("good"), &task(), SHORT).unwrap();
    let outcome = good.describe(&execution('1')).await;
    assert!(matches!(outcome, Outcome::Response(_)), "{outcome:?}");
    let bad = Service::with_limits(&with("bad"), &task(), SHORT).unwrap();
    let bad = fault(bad.describe(&execution('1')).await);
    assert_eq!(bad.kind, FaultKind::NoCredentials);
    assert!(bad.message.contains("vault is sealed"), "{bad}");
}

#[tokio::test]
async fn odd_settings_are_told_in_a_sentence() {
    let dir = bare();
    set("AWS_PROFILE", "gone");
    let gone = fault(Service::new(&Connection::default(), &task()).unwrap().describe(&execution('1')).await);
    assert_eq!(gone.message, "there is no profile 'gone': the AWS config files name no profile");
    set("AWS_PROFILE", "");
    fs::write(dir.path().join("config"), "[default\nregion").unwrap();
    let torn = fault(Service::new(&Connection::default(), &task()).unwrap().describe(&execution('1')).await);
    assert_eq!(torn.kind, FaultKind::NoCredentials);
    assert!(torn.message.starts_with("the AWS settings can't be used"), "{torn}");
    fs::remove_file(dir.path().join("config")).unwrap();
    set("AWS_ACCESS_KEY_ID", "AKID");
    set("AWS_SECRET_ACCESS_KEY", "s");
    for url in ["nonsense", "http://", "https://["] {
        set("AWS_ENDPOINT_URL_DATASYNC", url);
        let odd = fault(Service::new(&Connection::default(), &task()).unwrap().describe(&execution('1')).await);
        assert_eq!(odd.kind, FaultKind::Other);
        assert!(odd.message.starts_with("the request could not be made") && odd.message.contains(url), "{odd}");
    }
}
