//! The endpoint over real sockets: with the service's own client, and byte by byte where that would hide what came.

use std::time::Duration;

use aws_sdk_datasync::{
    Client,
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig, timeout::TimeoutConfig},
    error::{ProvideErrorMetadata, SdkError},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{
    Simulation,
    scenario::{Injected, Scenario},
    scenarios::SCENARIOS,
};
use crate::{aws::response::Response, clock::Clock};

/// A clock of everyday speed, at an agreed time.
fn clock() -> Clock {
    Clock::fast("2026-11-22T16:00:00Z".parse().unwrap(), 1.0)
}

fn all() -> Vec<&'static Scenario> {
    SCENARIOS.iter().collect()
}

fn client(simulation: &Simulation) -> Client {
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(Duration::from_secs(1)).build();
    let config = aws_sdk_datasync::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("x", "x", None, None, "test"))
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts)
        .endpoint_url(simulation.url());
    Client::from_conf(config.build())
}

/// An answer as it came over the wire.
struct Raw {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Raw {
    fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn cbor(&self) -> Value {
        // Tagged moments have no place in JSON; their value does.
        fn untagged(value: ciborium::Value) -> ciborium::Value {
            match value {
                ciborium::Value::Tag(1, moment) => *moment,
                ciborium::Value::Map(members) => {
                    ciborium::Value::Map(members.into_iter().map(|(key, value)| (key, untagged(value))).collect())
                }
                other => other,
            }
        }
        untagged(ciborium::from_reader(&*self.body).unwrap()).deserialized().unwrap()
    }
}

async fn exchange(simulation: &Simulation, request: Vec<u8>) -> std::io::Result<Raw> {
    let mut stream = TcpStream::connect(simulation.address).await?;
    stream.write_all(&request).await?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await?;
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a whole head");
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Ok(Raw { status, head, body: bytes[end + 4..].to_vec() })
}

fn request(first: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let mut request =
        format!("{first} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{fields}content-length: {}\r\n\r\n", body.len())
            .into_bytes();
    request.extend_from_slice(body);
    request
}

fn json_request(operation: &str, body: &str) -> Vec<u8> {
    let fields = format!("content-type: application/x-amz-json-1.1\r\nx-amz-target: FmrsService.{operation}\r\n");
    request("POST /", &fields, body.as_bytes())
}

fn cbor_request(operation: &str, body: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(body, &mut bytes).unwrap();
    let first = format!("POST /service/FmrsService/operation/{operation}");
    request(&first, "content-type: application/cbor\r\nsmithy-protocol: rpc-v2-cbor\r\n", &bytes)
}

/// An execution of which only this kind of trouble is to be had.
fn in_trouble(trouble: Injected) -> (Simulation, String) {
    let pieces = Box::leak(Box::new([(0.0, 1e9, trouble)]));
    let scenario = Box::leak(Box::new(Scenario { injected: pieces, ..SCENARIOS[0] }));
    let simulation = Simulation::start(clock(), vec![scenario], 0).unwrap();
    let arn = simulation.executions()[0].1.to_string();
    (simulation, arn)
}

#[tokio::test]
async fn the_services_own_client_reads_every_scenario() {
    let simulation = Simulation::start(clock(), all(), 0).unwrap();
    let client = client(&simulation);
    for (scenario, arn) in simulation.executions() {
        let answer = client.describe_task_execution().task_execution_arn(arn.to_string()).send().await.unwrap();
        assert_eq!(answer.task_execution_arn(), Some(&*arn.to_string()));
        assert!(answer.start_time().is_some() && answer.options().is_some(), "{}", scenario.name);
        let task = client.describe_task().task_arn(arn.task_arn()).send().await.unwrap();
        assert_eq!((task.name(), task.current_task_execution_arn()), (Some(scenario.task), Some(&*arn.to_string())));
        assert!(task.creation_time().is_some());
        let pages = client.list_task_executions().task_arn(arn.task_arn()).max_results(2).into_paginator().items();
        assert_eq!(pages.send().try_collect().await.unwrap().len(), 7);
    }
    let tasks = client.list_tasks().into_paginator().items().send().try_collect().await.unwrap();
    assert_eq!(tasks.len(), SCENARIOS.len());
    let locations = client.list_locations().into_paginator().items().send().try_collect().await.unwrap();
    let uris: Vec<_> = locations.iter().filter_map(|location| location.location_uri()).collect();
    assert!(all().iter().all(|scenario| uris.contains(&scenario.source) && uris.contains(&scenario.destination)));
}

#[tokio::test]
async fn both_protocols_say_the_same() {
    let simulation = Simulation::start(clock(), all(), 0).unwrap();
    let (_, arn) = &simulation.executions()[1];
    for (operation, body) in [
        ("DescribeTaskExecution", json!({"TaskExecutionArn": arn.to_string()})),
        ("DescribeTask", json!({"TaskArn": arn.task_arn()})),
        ("ListTasks", json!({})),
        ("ListTaskExecutions", json!({"TaskArn": arn.task_arn(), "MaxResults": 3})),
        ("ListLocations", json!({"MaxResults": 2})),
    ] {
        let json = exchange(&simulation, json_request(operation, &body.to_string())).await.unwrap();
        let cbor = exchange(&simulation, cbor_request(operation, &body)).await.unwrap();
        assert_eq!((json.status, json.header("content-type")), (200, Some("application/x-amz-json-1.1")));
        assert_eq!((cbor.status, cbor.header("content-type")), (200, Some("application/cbor")));
        assert_eq!(cbor.header("smithy-protocol"), Some("rpc-v2-cbor"));
        assert!([&json, &cbor].iter().all(|answer| answer.header("x-amzn-requestid").unwrap().len() == 36));
        assert_eq!(json.json(), cbor.cbor(), "{operation}");
    }
}

#[tokio::test]
async fn the_models_own_reader_reads_what_is_sent() {
    let simulation = Simulation::start(clock(), all(), 0).unwrap();
    for (scenario, arn) in simulation.executions() {
        let body = json!({"TaskExecutionArn": arn.to_string()}).to_string();
        let raw = exchange(&simulation, json_request("DescribeTaskExecution", &body)).await.unwrap();
        let answer = Response::parse(std::str::from_utf8(&raw.body).unwrap()).unwrap();
        let expected: Timestamp = "2026-11-22T16:00:00Z".parse().unwrap();
        let started = answer.snapshot().start_time.unwrap().0;
        assert!(started.duration_since(expected).as_secs_f64() < 5.0, "{}", scenario.name);
    }
}

#[tokio::test]
async fn what_cannot_be_answered_is_an_error_of_the_service() {
    let simulation = Simulation::start(clock(), all(), 0).unwrap();
    let other = format!("{}0", &simulation.executions()[0].1.to_string()[..86]);
    let unknown = json!({"TaskExecutionArn": other});
    for (raw, code) in [
        (json_request("DescribeTaskExecution", &unknown.to_string()), "InvalidRequestException"),
        (cbor_request("DescribeTaskExecution", &unknown), "InvalidRequestException"),
        (json_request("DeleteTask", "{}"), "UnknownOperationException"),
        (cbor_request("DeleteTask", &json!({})), "UnknownOperationException"),
        (json_request("ListTasks", "{"), "SerializationException"),
        (cbor_request("ListTasks", &json!([1])), "SerializationException"),
    ] {
        let answer = exchange(&simulation, raw).await.unwrap();
        let body =
            if answer.header("content-type") == Some("application/cbor") { answer.cbor() } else { answer.json() };
        assert_eq!((answer.status, answer.header("x-amzn-errortype")), (400, Some(code)));
        assert!(body["__type"].as_str().unwrap().ends_with(code), "{body}");
        assert!(body["message"].is_string());
        assert_eq!(body["errorCode"].is_string(), code == "InvalidRequestException");
    }
    let error = client(&simulation).describe_task_execution().task_execution_arn(other).send().await.unwrap_err();
    let error = error.into_service_error();
    assert!(error.is_invalid_request_exception());
    for first in ["GET /", "POST /elsewhere"] {
        assert_eq!(exchange(&simulation, request(first, "", b"")).await.unwrap().status, 404);
    }
}

#[tokio::test]
async fn trouble_that_is_an_error_has_its_code() {
    for (trouble, status, code) in [
        (Injected::Throttled, 400, "ThrottlingException"),
        (Injected::Expired, 400, "ExpiredTokenException"),
        (Injected::Denied, 400, "AccessDeniedException"),
        (Injected::Internal, 500, "InternalException"),
    ] {
        let (simulation, arn) = in_trouble(trouble);
        let body = json!({"TaskExecutionArn": arn});
        let json = exchange(&simulation, json_request("DescribeTaskExecution", &body.to_string())).await.unwrap();
        let cbor = exchange(&simulation, cbor_request("DescribeTaskExecution", &body)).await.unwrap();
        assert_eq!((json.status, cbor.status), (status, status));
        assert_eq!(json.json()["__type"], code);
        assert_eq!(cbor.cbor()["__type"], format!("com.amazonaws.datasync#{code}"));
        let client = client(&simulation);
        let error = client.describe_task_execution().task_execution_arn(&arn).send().await.unwrap_err();
        assert_eq!(error.code(), Some(code));
        assert!(client.list_tasks().send().await.is_ok(), "other calls are well");
    }
}

#[tokio::test]
async fn trouble_that_is_no_answer_reaches_the_client_as_it_is_meant() {
    for (trouble, status, check) in [
        (Injected::Unavailable, 503, (|raw| raw.body.starts_with(b"<!DOCTYPE")) as fn(&Raw) -> bool),
        (Injected::WebPage, 200, |raw| {
            raw.body.starts_with(b"<!DOCTYPE") && raw.header("content-type") == Some("text/html")
        }),
        (Injected::Garbage, 200, |raw| std::str::from_utf8(&raw.body).is_err()),
        (Injected::Truncated, 200, |raw| {
            let promised = raw.header("content-length").unwrap();
            raw.body.starts_with(b"{") && promised == raw.body.len().to_string()
        }),
        (Injected::Short, 200, |raw| {
            let promised: usize = raw.header("content-length").unwrap().parse().unwrap();
            raw.body.starts_with(b"{") && raw.body.len() == promised / 2
        }),
        (Injected::Empty, 200, |raw| raw.body.is_empty()),
    ] {
        let (simulation, arn) = in_trouble(trouble);
        let body = json!({"TaskExecutionArn": arn}).to_string();
        let raw = exchange(&simulation, json_request("DescribeTaskExecution", &body)).await.unwrap();
        assert_eq!(raw.status, status, "{trouble:?}");
        assert!(check(&raw), "{trouble:?}: {} {:?}", raw.head, raw.body);
        let described = client(&simulation).describe_task_execution().task_execution_arn(arn).send().await;
        if trouble != Injected::Empty {
            assert!(described.is_err(), "{trouble:?}");
        }
    }
}

#[tokio::test]
async fn a_reset_is_a_reset_and_a_hang_lasts_until_the_client_goes() {
    let (simulation, arn) = in_trouble(Injected::Reset);
    let body = json!({"TaskExecutionArn": arn}).to_string();
    let error = exchange(&simulation, json_request("DescribeTaskExecution", &body)).await.err().expect("no answer");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    let error = client(&simulation).describe_task_execution().task_execution_arn(arn).send().await.unwrap_err();
    assert!(matches!(error, SdkError::DispatchFailure(_)), "{error:?}");

    let (simulation, arn) = in_trouble(Injected::Hang);
    let error = client(&simulation).describe_task_execution().task_execution_arn(arn).send().await.unwrap_err();
    assert!(matches!(error, SdkError::TimeoutError(_)), "{error:?}");
}

#[tokio::test]
async fn an_execution_goes_on_from_call_to_call() {
    let clock = Clock::fast("2026-11-22T16:00:00Z".parse().unwrap(), 20_000.0);
    let simulation = Simulation::start(clock.clone(), all(), 0).unwrap();
    let (scenario, arn) = simulation.executions()[0].clone();
    let client = client(&simulation);
    let mut last = 0;
    for _ in 0..200 {
        let answer = client.describe_task_execution().task_execution_arn(arn.to_string()).send().await.unwrap();
        assert!(answer.bytes_written() >= last);
        last = answer.bytes_written();
        if answer.status().is_some_and(|status| status.as_str() == "SUCCESS") {
            assert_eq!(answer.files_failed().unwrap().verify(), 41);
            return;
        }
        clock.sleep(Duration::from_secs(60)).await;
    }
    panic!("{} has no end", scenario.name);
}

#[tokio::test]
async fn it_serves_until_it_is_dropped_and_on_the_port_it_was_given() {
    let simulation = Simulation::start(clock(), all(), 0).unwrap();
    let address = simulation.address;
    assert_eq!(simulation.url(), format!("http://127.0.0.1:{}", address.port()));
    assert!(Simulation::start(clock(), all(), address.port()).is_err(), "the port is taken");
    let mut open = TcpStream::connect(address).await.unwrap();
    drop(simulation);
    let mut nothing = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(5), open.read_to_end(&mut nothing)).await.expect("it is closed");
    assert!(TcpStream::connect(address).await.is_err());
}

#[test]
fn without_a_runtime_it_says_so() {
    assert!(Simulation::start(clock(), all(), 0).is_err());
}
