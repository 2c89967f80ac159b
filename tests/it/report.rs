//! The commands that look once, as programs: what they print, what they leave out, and their exit codes.

use crate::support::{endpoint, pipe, program};
use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::Duration,
};

use jiff::Timestamp;
use serde_json::{Value, json};
use syncscope::{Observation, Outcome, Writer, simulated};

use endpoint::{EXECUTION, EXECUTION_ID, Endpoint};
use pipe::{Running, code, end_of, err, finished, out, piped};
use program::KEYS;

const START: &str = "2026-11-22T16:00:00Z";

/// A folder of a test's own, empty.
fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("report-{test}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// So many minutes of a simulated watch, to its end where that comes first.
fn watch(scenario: &str, start: Timestamp, minutes: f64) -> Vec<Observation> {
    let until = start + Duration::from_secs_f64(minutes * 60.0);
    simulated(scenario, start, Duration::from_secs(5)).unwrap().take_while(|seen| seen.at <= until).collect()
}

fn recording(observations: &[Observation]) -> String {
    let mut writer = Writer::default();
    observations.iter().map(|observation| writer.line(observation)).collect()
}

/// Runs the program in a folder, with its state kept below it and these bytes on standard input.
fn run_in(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut command = piped(arguments);
    command.envs(KEYS).env("XDG_STATE_HOME", folder.join("state")).current_dir(folder).stdin(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    std::thread::spawn(move || {
        let _ = stdin.write_all(input.as_bytes());
    });
    end_of(child)
}

/// The page of a simulated watch.
fn page_of(scenario: &str, minutes: f64, options: &[&str]) -> Output {
    let folder = folder(&format!("{scenario}-{minutes}{}", options.concat()));
    let name = format!("{scenario}.ndjson");
    fs::write(folder.join(&name), recording(&watch(scenario, START.parse().unwrap(), minutes))).unwrap();
    run_in(&folder, &[&["report", &name], options].concat(), "")
}

#[test]
fn a_page_tells_how_it_is() {
    for (scenario, minutes, exit) in [
        ("enhanced", 60.0, 0),
        ("failing", 15.0, 0),
        ("failing", 5000.0, 3),
        ("stalled", 40.0, 0),
        ("error", 5000.0, 3),
        ("basic", 5000.0, 0),
        ("deletes", 5000.0, 4),
    ] {
        let output = page_of(scenario, minutes, &[]);
        assert_eq!((code(&output), err(&output)), (exit, ""), "{scenario}");
        insta::assert_snapshot!(format!("page_{scenario}_{minutes}"), out(&output));
        assert!(out(&output).len() < 6000, "{scenario}: {} bytes", out(&output).len());
    }
}

#[test]
fn nothing_that_is_masked_is_left() {
    for (scenario, minutes) in [("enhanced", 60.0), ("error", 5000.0), ("basic", 30.0), ("limited", 30.0)] {
        let seen = watch(scenario, START.parse().unwrap(), minutes);
        let task = seen.iter().find_map(|seen| seen.task.clone()).unwrap();
        let account = seen[0].execution.split(':').nth(4).unwrap().to_owned();
        let place = |uri: &Option<String>| {
            let uri = uri.clone().unwrap();
            uri.split("://").nth(1).unwrap().split('/').next().unwrap().to_owned()
        };
        let names = [account, place(&task.source), place(&task.destination)];
        let id = seen[0].execution.rsplit('/').next().unwrap();
        for form in ["markdown", "json"] {
            let output = page_of(scenario, minutes, &["--redact", "--output", form]);
            for name in &names {
                assert!(!out(&output).contains(name.as_str()), "{name} in {}", out(&output));
            }
            assert!(out(&output).contains(id) && out(&output).contains("bucket-1"), "{}", out(&output));
            assert!(out(&output).contains("000000000001"), "{}", out(&output));
        }
    }
}

#[test]
fn what_is_no_file_and_no_transfer_is_said_in_a_sentence() {
    let folder = folder("neither");
    fs::write(folder.join("empty"), "").unwrap();
    for (given, says) in [
        ("nothing-such", "no such file"),
        ("nothing.ndjson", "can't be read"),
        ("./x/y", "can't be read"),
        ("empty", "is empty"),
        ("arn:aws:s3:::bucket", "not to datasync"),
    ] {
        let output = run_in(&folder, &["report", given], "");
        assert_eq!(code(&output), 2, "{}", err(&output));
        assert!(err(&output).contains(says) && err(&output).lines().count() == 1, "{}", err(&output));
        assert_eq!(out(&output), "");
    }
}

/// An answer of the endpoint's.
fn answer(status: &str, failed: i64) -> Value {
    json!({
        "TaskExecutionArn": EXECUTION, "Status": status, "TaskMode": "ENHANCED", "StartTime": 1795363200.0,
        "EstimatedBytesToTransfer": 1000, "BytesWritten": 1000, "FilesTransferred": 5, "EstimatedFilesToTransfer": 5,
        "FilesFailed": {"Prepare": 0, "Transfer": failed, "Verify": 0, "Delete": 0},
        "Result": {"TotalDuration": 10000},
    })
}

fn endpoint(status: &'static str, failed: i64) -> Endpoint {
    Endpoint::answering(move |operation| match operation {
        "DescribeTaskExecution" => (200, answer(status, failed)),
        _ => (400, json!({"__type": "AccessDeniedException", "message": "no"})),
    })
}

#[test]
fn the_exit_code_of_a_look_says_how_it_is() {
    let folder = folder("codes");
    for command in ["status", "report"] {
        for (status, failed, options, exit) in [
            ("TRANSFERRING", 0, &[][..], 0),
            ("SUCCESS", 0, &[], 0),
            ("ERROR", 0, &[], 3),
            ("SUCCESS", 2, &[], 4),
            ("SUCCESS", 2, &["--max-failed", "2"], 0),
        ] {
            let endpoint = endpoint(status, failed);
            let arguments = [&[command, EXECUTION, "--endpoint-url", &endpoint.url], options].concat();
            let output = run_in(&folder, &arguments, "");
            assert_eq!((code(&output), err(&output)), (exit, ""), "{command} {status}");
            assert!(out(&output).contains(status) && out(&output).contains(EXECUTION), "{}", out(&output));
        }
        for (error, exit) in [("AccessDeniedException", 7), ("InvalidRequestException", 8), ("InternalException", 9)] {
            let endpoint = Endpoint::answering(move |_| {
                (if exit == 9 { 500 } else { 400 }, json!({"__type": error, "message": "it is not found"}))
            });
            let output = run_in(&folder, &[command, EXECUTION, "--endpoint-url", &endpoint.url], "");
            assert_eq!(code(&output), exit, "{command} {error}: {}", err(&output));
            assert!(err(&output).starts_with("syncscope: ") && err(&output).lines().count() == 1, "{}", err(&output));
            assert_eq!(out(&output), "", "a page of nothing would be taken for one of a transfer");
        }
    }
}

#[test]
fn a_file_without_a_response_is_no_page() {
    let folder = folder("faults");
    let fault = json!({"at": "2026-11-22T16:00:05Z", "execution": EXECUTION,
        "fault": {"kind": "denied", "message": "no permission"}});
    fs::write(folder.join("faults.ndjson"), format!("{fault}\n")).unwrap();
    let output = run_in(&folder, &["report", "faults.ndjson"], "");
    assert_eq!((code(&output), out(&output)), (7, ""), "{}", err(&output));
    assert!(err(&output).contains("no permission"), "{}", err(&output));
}

#[test]
fn a_look_at_several_takes_the_worst() {
    let folder = folder("several");
    let endpoint = endpoint("SUCCESS", 2);
    let output = run_in(
        &folder,
        &["status", EXECUTION, "-", "--endpoint-url", &endpoint.url, "--output", "json"],
        &answer("ERROR", 0).to_string(),
    );
    assert_eq!(code(&output), 3, "{}", err(&output));
    let states: Vec<Value> = out(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(states.iter().map(|state| state["status"].as_str().unwrap()).collect::<Vec<_>>(), ["ERROR", "SUCCESS"]);
}

#[test]
fn answers_are_read_from_standard_input() {
    let folder = folder("stdin");
    let pretty = |status| format!("{:#}\n", answer(status, 0));
    let text = pretty("TRANSFERRING") + &pretty("SUCCESS");
    let output = run_in(&folder, &["status", "-", "--one-line", "--format", "{status}|{id}"], &text);
    assert_eq!((code(&output), out(&output)), (0, &*format!("SUCCESS|{EXECUTION_ID}\n")));
    for (text, says) in [("", "is empty"), ("hello", "is not JSON"), ("{\"Status\":\"ERR", "is cut off")] {
        let output = run_in(&folder, &["status", "-"], text);
        assert_eq!((code(&output), out(&output)), (2, ""));
        assert!(err(&output).contains(says) && err(&output).contains("standard input"), "{}", err(&output));
    }
    let output = run_in(&folder, &["status", "-", "--one-line", "--format", "{speed}"], "");
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("unknown field 'speed'; known: status, percent"), "{}", err(&output));
}

/// A recording in the state folder tells of the time before the look, if it is of the same execution.
#[test]
fn a_recording_makes_the_rate_known() {
    let now = Timestamp::now();
    let start = now - Duration::from_secs(3600);
    let mut seen = watch("enhanced", start, 60.0);
    let last = seen.iter().rev().find_map(|seen| match &seen.outcome {
        Outcome::Response(answer) => Some(answer.verbatim().to_string()),
        Outcome::Fault(_) => None,
    });
    seen.iter_mut().for_each(|seen| seen.execution = EXECUTION.into());
    let last: Value = serde_json::from_str(&last.unwrap()).unwrap();
    for (started, knows) in [(last["StartTime"].clone(), true), (json!(1.0), false)] {
        let mut live = last.clone();
        live["StartTime"] = started;
        live["TaskExecutionArn"] = EXECUTION.into();
        let endpoint = Endpoint::answering(move |operation| match operation {
            "DescribeTaskExecution" => (200, live.clone()),
            _ => (400, json!({"__type": "AccessDeniedException", "message": "no"})),
        });
        let folder = folder(&format!("recorded-{knows}"));
        fs::create_dir_all(folder.join("state/syncscope")).unwrap();
        fs::write(folder.join(format!("state/syncscope/{EXECUTION_ID}.ndjson")), recording(&seen)).unwrap();
        let output = run_in(&folder, &["status", EXECUTION, "--endpoint-url", &endpoint.url], "");
        assert_eq!(code(&output), 0, "{}", err(&output));
        assert_eq!(!out(&output).contains("measuring, average"), knows, "{}", out(&output));
        assert_eq!(out(&output).contains("Recorded   until"), knows, "{}", out(&output));
        let line = run_in(&folder, &["status", EXECUTION, "--endpoint-url", &endpoint.url, "--one-line"], "");
        assert_eq!(out(&line).contains("iB/s ~"), knows, "{}", out(&line));
    }
}

#[test]
fn the_demos_endpoint_is_looked_at_as_the_service_is() {
    let folder = folder("demo");
    let mut server = Running(piped(&["demo", "--serve", "--speed", "1000"]).spawn().unwrap());
    let mut lines = BufReader::new(server.0.stdout.take().unwrap()).lines();
    let url = lines.next().unwrap().unwrap();
    let arns: Vec<String> = lines.take(2).map(|line| line.unwrap().split(' ').next().unwrap().to_owned()).collect();
    let output = run_in(&folder, &["status", &arns[0], &arns[1], "--endpoint-url", &url], "");
    assert_eq!((code(&output), err(&output)), (0, ""));
    assert!(
        out(&output).contains("nightly-media-archive") && out(&output).contains("\n\nExecution  "),
        "{}",
        out(&output)
    );
    let task = arns[0].split("/execution/").next().unwrap();
    let mut command = piped(&["report", task, "--endpoint-url", &url]);
    let output = finished(command.envs(KEYS).env("XDG_STATE_HOME", folder.join("state")));
    assert_eq!((code(&output), err(&output)), (0, ""));
    assert!(out(&output).starts_with("# DataSync transfer nightly-media-archive\n"), "{}", out(&output));
}

/// One attempt a call: for the execution, and for the names of its task.
#[test]
fn a_service_that_never_answers_is_asked_once() {
    let silent = Endpoint::silent();
    let began = std::time::Instant::now();
    let output = run_in(&folder("silent"), &["status", EXECUTION, "--endpoint-url", &silent.url], "");
    assert_eq!((code(&output), out(&output)), (9, ""));
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert!((1..=2).contains(&silent.connections()), "{}", silent.connections());
    assert_eq!(err(&output).lines().count(), 1, "{}", err(&output));
}
