//! What nobody here wrote: the AWS command line asks our endpoint, and we watch an emulator's.
//!
//! `SYNCSCOPE_PEERS` names the directory of `aws` and `moto_server`; `.ci/run` makes one.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a test may take things for granted"
)]

use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
    sync::mpsc,
    thread,
};

use serde_json::Value;

#[path = "it/support/pipe.rs"]
mod pipe;
#[path = "it/support/program.rs"]
mod program;

use pipe::{Running, code, err, finished, out, piped};
use program::{DEADLINE, KEYS, environment};

fn peer(name: &str) -> Command {
    let directory = std::env::var_os("SYNCSCOPE_PEERS").expect("SYNCSCOPE_PEERS names the directory of aws and moto");
    let mut command = Command::new(PathBuf::from(directory).join(name));
    command.env_clear().envs(environment()).envs(KEYS).env("AWS_DEFAULT_REGION", "us-east-1").stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What `aws datasync …` prints.
#[track_caller]
fn aws(url: &str, arguments: &[&str]) -> Value {
    let output = finished(peer("aws").args(["datasync", "--endpoint-url", url, "--output", "json"]).args(arguments));
    assert!(output.status.success(), "aws datasync {arguments:?}: {}", err(&output));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|fault| panic!("{arguments:?}: {fault}"))
}

/// The first line with a URL that a server prints, and the lines after it.
fn listening(stream: impl std::io::Read + Send + 'static) -> (String, mpsc::Receiver<String>) {
    let (out, lines) = mpsc::channel();
    thread::spawn(move || {
        // it is read on, so that the server never waits for a reader
        BufReader::new(stream).lines().map_while(Result::ok).for_each(|line| {
            let _ = out.send(line);
        });
    });
    loop {
        let line = lines.recv_timeout(DEADLINE).expect("the server's URL");
        if let Some(at) = line.find("http://127.0.0.1:") {
            return (line[at..].trim().to_owned(), lines);
        }
    }
}

/// Our own endpoint, its URL, and the ARN of the execution of a scenario.
fn demo(scenario: &str) -> (Running, String, String) {
    let mut server = Running(piped(&["demo", "--serve", "--speed", "60"]).spawn().unwrap());
    let (url, lines) = listening(server.0.stdout.take().unwrap());
    let named = format!("  {scenario}");
    let arn = lines.iter().find_map(|line| Some(line.strip_suffix(&named)?.to_owned())).unwrap();
    (server, url, arn)
}

fn moto() -> (Running, String) {
    let mut server = Running(peer("moto_server").args(["-H", "127.0.0.1", "-p", "0"]).spawn().unwrap());
    let (url, _) = listening(server.0.stderr.take().unwrap());
    (server, url)
}

#[track_caller]
fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_else(|| panic!("no {member} in {value}"))
}

#[test]
#[ignore = "needs awscli and moto: see .ci/run"]
fn the_aws_command_line_understands_the_demo() {
    let (_server, url, execution) = demo("enhanced");
    let (task, _) = execution.split_once("/execution/").unwrap();

    let answer = aws(&url, &["describe-task-execution", "--task-execution-arn", &execution]);
    assert_eq!((text(&answer, "TaskExecutionArn"), text(&answer, "TaskMode")), (&*execution, "ENHANCED"));
    assert!(answer["Options"]["VerifyMode"].is_string() && !answer["StartTime"].is_null(), "{answer}");

    let described = aws(&url, &["describe-task", "--task-arn", task]);
    assert_eq!(text(&described, "Name"), "nightly-media-archive");
    assert_eq!(text(&described, "CurrentTaskExecutionArn"), execution);

    let locations = aws(&url, &["list-locations", "--page-size", "3"]);
    let uri = |side: &str| {
        let found = locations["Locations"].as_array().unwrap().iter().find(|one| one["LocationArn"] == described[side]);
        text(found.unwrap(), "LocationUri").to_owned()
    };
    assert!(uri("SourceLocationArn").starts_with("s3://") && uri("DestinationLocationArn").starts_with("s3://"));
}

#[test]
#[ignore = "needs awscli and moto: see .ci/run"]
fn the_aws_command_line_reads_all_pages_of_the_demo() {
    let (_server, url, execution) = demo("basic");
    let (task, _) = execution.split_once("/execution/").unwrap();
    for (list, member, least) in [
        (vec!["list-tasks"], "Tasks", 20),
        (vec!["list-task-executions", "--task-arn", task], "TaskExecutions", 3),
        (vec!["list-task-executions"], "TaskExecutions", 60),
        (vec!["list-locations"], "Locations", 3),
    ] {
        let all = |size: &str| {
            let arguments: Vec<&str> = list.iter().copied().chain(["--page-size", size]).collect();
            aws(&url, &arguments)[member].as_array().unwrap().clone()
        };
        let (few, many) = (all("7"), all("100"));
        assert!(few.len() >= least, "{list:?}: {}", few.len());
        assert_eq!(few.len(), many.len(), "{list:?}");
    }
    let cut = aws(&url, &["list-tasks", "--max-items", "3"]);
    assert_eq!(cut["Tasks"].as_array().unwrap().len(), 3);
    assert!(cut["NextToken"].is_string());
}

#[test]
#[ignore = "needs awscli and moto: see .ci/run"]
fn what_is_wrong_with_a_request_reaches_the_aws_command_line() {
    let (_server, url, execution) = demo("basic");
    let absent = format!("{}0", &execution[..execution.len() - 1]);
    let mut command = peer("aws");
    command.args(["datasync", "describe-task-execution", "--endpoint-url", &url, "--task-execution-arn", &absent]);
    let output = finished(&mut command);
    let error = err(&output);
    assert!(!output.status.success() && error.contains("InvalidRequestException"), "{error}");
}

/// An execution of a new task at the emulator.
fn started(url: &str) -> String {
    let location = |bucket: &str| {
        let bucket = format!("arn:aws:s3:::{bucket}");
        let role = "BucketAccessRoleArn=arn:aws:iam::111222333444:role/example";
        let answer = aws(url, &["create-location-s3", "--s3-bucket-arn", &bucket, "--s3-config", role]);
        text(&answer, "LocationArn").to_owned()
    };
    let (source, destination) = (location("example-source"), location("example-destination"));
    let ends = ["--source-location-arn", &*source, "--destination-location-arn", &*destination];
    let task = aws(url, &[&["create-task", "--name", "of-the-emulator"][..], &ends[..]].concat());
    let execution = aws(url, &["start-task-execution", "--task-arn", text(&task, "TaskArn")]);
    text(&execution, "TaskExecutionArn").to_owned()
}

#[test]
#[ignore = "needs awscli and moto: see .ci/run"]
fn an_emulator_s_execution_is_followed_to_its_end() {
    let (_server, url) = moto();
    let execution = started(&url);
    let (task, _) = execution.split_once("/execution/").unwrap();
    let output = finished(piped(&[&execution, "--endpoint-url", &url, "--interval", "100ms"]).envs(KEYS));
    let said = out(&output);
    assert_eq!((code(&output), err(&output)), (0, ""), "{said}");
    let mut rest = said;
    for status in ["INITIALIZING", "PREPARING", "TRANSFERRING", "VERIFYING", "SUCCESS"] {
        let (_, after) = rest.split_once(status).unwrap_or_else(|| panic!("no {status} in\n{said}"));
        rest = after;
    }
    assert!(said.contains("of-the-emulator"), "{said}");

    let again = finished(piped(&[task, "--endpoint-url", &url, "--interval", "100ms"]).envs(KEYS));
    let said = out(&again);
    assert!(again.status.success() && said.contains("SUCCESS"), "{said}");
}
