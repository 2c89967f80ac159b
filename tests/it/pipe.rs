//! The whole program where there is no terminal: lines, exit codes, and a sentence about what is wrong.

use crate::support::{endpoint, pipe, program};
use std::{
    io::{BufRead, BufReader},
    process::{Child, Output, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use endpoint::{EXECUTION, EXECUTION_ID, Endpoint};
use pipe::{Running, code, end_of, err, finished, out, piped};
use program::KEYS;

/// Runs the program with credentials.
fn ran(arguments: &[&str]) -> Output {
    finished(piped(arguments).envs(KEYS))
}

fn watched(endpoint: &Endpoint) -> Output {
    ran(&[EXECUTION, "--endpoint-url", &endpoint.url, "--interval", "100ms"])
}

/// One line about what is wrong.
#[track_caller]
fn assert_refused(output: &Output, exit: i32, words: &[&str]) {
    let said = err(output);
    assert_eq!(code(output), exit, "{said}");
    assert!(said.starts_with("syncscope: ") && said.lines().count() == 1, "{said}");
    for word in words {
        assert!(said.contains(word), "no {word} in {said}");
    }
}

fn terminate(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

#[test]
fn the_exit_code_says_how_the_execution_ended() {
    let stories = [
        ("nothing", 0, "SUCCESS"),
        ("unknown", 0, "SUCCESS"),
        ("deletes", 4, "SUCCESS"),
        ("error", 3, "ERROR"),
        ("partial", 3, "ERROR"),
        ("cancelled", 3, "ERROR"),
    ];
    for (scenario, exit, status) in stories {
        let output = ran(&["demo", scenario, "--speed", "20000"]);
        assert_eq!((code(&output), err(&output)), (exit, ""), "{scenario}");
        assert!(out(&output).lines().any(|line| line.contains(&format!("  {status}  "))), "{}", out(&output));
        assert!(!output.stdout.contains(&0x1b), "{}", out(&output));
    }
}

#[test]
fn a_transfer_is_told_in_lines() {
    let output = ran(&["demo", "enhanced", "--speed", "5000"]);
    assert_eq!(code(&output), 4);
    for part in ["nightly-media-archive", "TRANSFERRING", "SUCCESS", "failed"] {
        assert!(out(&output).contains(part), "no {part} in\n{}", out(&output));
    }
    assert!(out(&output).lines().count() >= 3, "{}", out(&output));
}

#[test]
fn the_states_of_a_watch_can_be_printed() {
    let output = ran(&["demo", "nothing", "--speed", "20000", "--output", "ndjson"]);
    assert_eq!(code(&output), 0);
    let last: serde_json::Value = serde_json::from_str(out(&output).lines().last().unwrap()).unwrap();
    assert_eq!((&last["status"], &last["terminal"]), (&json!("SUCCESS"), &json!(true)));
    assert!(err(&output).contains("SUCCESS"), "lines for a person are beside it");
}

#[test]
fn the_demo_takes_the_flags_of_a_watch() {
    let output = ran(&["demo", "nothing", "--speed", "20000", "--no-record", "--interval", "5"]);
    assert_eq!((code(&output), err(&output)), (0, ""));
    assert!(out(&output).contains("SUCCESS"), "{}", out(&output));
    let output = ran(&["demo", "nothing", "--no-record", "--record", "x.ndjson"]);
    assert_eq!(code(&output), 2, "{}", err(&output));
}

#[test]
fn colour_and_ascii_are_obeyed_in_lines() {
    let output = ran(&["demo", "nothing", "--speed", "20000", "--ascii"]);
    assert!(output.stdout.is_ascii(), "{}", out(&output));
    let output = finished(piped(&["demo", "deletes", "--speed", "20000"]).env("LANG", "C"));
    assert!(output.stdout.is_ascii(), "{}", out(&output));
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let mut child = piped(&["demo", "error", "--speed", "2000"]).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(!line.is_empty());
    let output = end_of(child);
    assert_eq!((code(&output), err(&output)), (141, ""));

    let mut child = piped(&["demo", "--list"]).spawn().unwrap();
    drop(child.stdout.take());
    let output = end_of(child);
    assert_eq!((code(&output), err(&output)), (141, ""));
}

#[test]
fn signals_end_it_with_their_exit_code() {
    for (signal, exit) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let mut child = Running(piped(&["demo", "huge", "--speed", "2000"]).spawn().unwrap());
        let mut line = String::new();
        let mut lines = BufReader::new(child.0.stdout.take().unwrap());
        lines.read_line(&mut line).unwrap();
        terminate(&child.0, signal);
        assert_eq!(child.0.wait().unwrap().code(), Some(exit));
    }
}

/// As under `nohup`, and where a script runs a command in the background.
#[test]
#[cfg(target_os = "linux")]
fn a_signal_that_was_ignored_at_the_start_stays_ignored() {
    let mut shell = std::process::Command::new("/bin/sh");
    let script = format!("trap '' HUP INT; exec {} demo huge --speed 2000 --output ndjson", program::PROGRAM);
    shell.args(["-c", &script]).env_clear().envs(program::environment());
    shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = Running(shell.spawn().unwrap());
    let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    lines.next().unwrap();
    terminate(&child.0, Signal::HUP);
    terminate(&child.0, Signal::INT);
    lines.nth(3).expect("it goes on");
    terminate(&child.0, Signal::TERM);
    lines.for_each(drop);
    assert_eq!(child.0.wait().unwrap().code(), Some(143));
}

#[test]
fn without_credentials_it_says_so_and_waits_for_no_silent_metadata_service() {
    let output = finished(&mut piped(&[EXECUTION]));
    assert_refused(&output, 7, &["credentials"]);

    let metadata = Endpoint::silent();
    let mut command = piped(&[EXECUTION]);
    command.env_remove("AWS_EC2_METADATA_DISABLED").env("AWS_EC2_METADATA_SERVICE_ENDPOINT", &metadata.url);
    let output = finished(&mut command);
    assert_refused(&output, 7, &["credentials"]);
    assert_eq!(metadata.connections(), 1, "each attempt would take its time, and one is enough");
}

#[test]
fn what_is_denied_ends_it() {
    let denied = Endpoint::answering(|_| (400, json!({ "__type": "AccessDeniedException", "message": "no" })));
    assert_refused(&watched(&denied), 7, &["datasync:DescribeTaskExecution"]);
}

#[test]
#[ignore = "what is not found is asked for again for a minute"]
fn what_is_not_there_ends_it_after_a_minute() {
    let absent = Endpoint::answering(|_| (400, json!({ "__type": "InvalidRequestException", "message": "" })));
    assert_refused(&watched(&absent), 8, &[EXECUTION_ID]);
}

#[test]
fn what_the_service_says_cannot_steer_a_log() {
    let evil = "\u{1b}]0;pwned\u{7}\u{1b}[2J\u{9b}31m\r\nEVIL";
    let endpoint = Endpoint::answering(move |operation| match operation {
        "DescribeTaskExecution" => (200, json!({ "Status": "ERROR", "Result": { "ErrorDetail": evil } })),
        "DescribeTask" => (200, json!({ "Name": evil })),
        _ => (400, json!({ "__type": "AccessDeniedException", "message": evil })),
    });
    let output = watched(&endpoint);
    assert_eq!((code(&output), err(&output)), (3, ""));
    let refusing = Endpoint::answering(move |_| (400, json!({ "__type": "AccessDeniedException", "message": evil })));
    let refused = watched(&refusing);
    assert_eq!(code(&refused), 7);
    let absent = Endpoint::answering(move |_| (400, json!({ "__type": "ResourceNotFoundException", "message": evil })));
    let pasted = ran(&["arn:aws:\u{1b}]0;pwned\u{7}\u{1b}[2J"]);
    let missing = finished(piped(&["status", EXECUTION, "--endpoint-url", &absent.url]).envs(KEYS));
    assert_eq!(code(&missing), 8);
    for output in [output, refused, missing, pasted] {
        for text in [out(&output), err(&output)] {
            let steers = |c: char| c.is_control() && c != '\n';
            assert!(!text.contains(steers), "{text:?}");
        }
    }
}

#[test]
fn faults_are_told_and_passed() {
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let endpoint = Endpoint::answering(move |operation| {
        if operation != "DescribeTaskExecution" {
            return (400, json!({ "__type": "AccessDeniedException" }));
        }
        match asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
            0 => (500, json!({ "__type": "InternalException" })),
            1 => (200, json!({ "Status": "TRANSFERRING" })),
            2 => (400, json!({ "__type": "ThrottlingException" })),
            _ => (200, json!({ "Status": "SUCCESS" })),
        }
    });
    let output = watched(&endpoint);
    assert_eq!((code(&output), err(&output)), (0, ""));
    let said: Vec<bool> = out(&output).lines().map(|line| line.contains("poll failed")).collect();
    assert_eq!(said, [true, false, true, false], "{}", out(&output));
}

#[test]
fn a_certificate_that_is_not_checked_is_warned_of() {
    let endpoint = Endpoint::answering(|_| (200, json!({ "Status": "SUCCESS" })));
    let output = ran(&[EXECUTION, "--endpoint-url", &endpoint.url, "--no-verify-ssl"]);
    assert_eq!(code(&output), 0);
    assert!(err(&output).contains("WARNING") && err(&output).contains("certificate"), "{}", err(&output));
}

#[test]
fn what_is_wrong_on_the_command_line_is_said_in_a_sentence() {
    assert_refused(&ran(&["demo", "nope"]), 2, &["'nope'", "enhanced", "basic", "trouble"]);
    assert_refused(&ran(&["arn:aws:s3:::bucket"]), 2, &["arn:aws:datasync:us-east-1:111122223333:task/task-"]);
    let nowhere = format!("{}/bundle.pem", program::state());
    assert_refused(&ran(&[EXECUTION, "--ca-bundle", &nowhere]), 2, &[&nowhere]);
    assert_refused(&finished(piped(&[EXECUTION]).env("AWS_CA_BUNDLE", &nowhere)), 2, &[&nowhere]);
    assert_refused(&ran(&[EXECUTION, "--endpoint-url", "no url"]), 2, &["no url"]);
    let output = ran(&[EXECUTION, "--interval", "0"]);
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("--interval") && err(&output).contains("100ms"), "{}", err(&output));
}

#[test]
fn what_is_served_can_be_watched_to_its_end() {
    let mut server = Running(piped(&["demo", "--serve", "--speed", "2000"]).spawn().unwrap());
    let mut lines = BufReader::new(server.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let url = lines.next().unwrap();
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    let arn = lines.find_map(|line| Some(line.strip_suffix("  nothing")?.to_owned())).expect("the scenario's ARN");
    let (task, _) = arn.split_once("/execution/").unwrap();
    for transfer in [&arn, task] {
        let output = ran(&[transfer, "--endpoint-url", &url, "--interval", "100ms"]);
        assert_eq!((code(&output), err(&output)), (0, ""));
        assert!(out(&output).contains("SUCCESS"), "{}", out(&output));
    }
    terminate(&server.0, Signal::TERM);
    assert_eq!(server.0.wait().unwrap().code(), Some(143));
}

#[test]
fn a_port_that_is_taken_is_said() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    assert_refused(&ran(&["demo", "--serve", "--port", &port]), 1, &[&port]);
}

#[test]
#[cfg(target_os = "linux")]
fn output_that_cannot_be_written_is_an_error() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = finished(piped(&["demo", "nothing", "--speed", "20000"]).stdout(Stdio::from(full)));
    assert_refused(&output, 1, &[]);
}
