//! `wait` as a script uses it: it ends when the transfer does, and the exit code says how.

use crate::support::{endpoint, pipe, program};
use std::{
    io::{BufRead, BufReader},
    process::Output,
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use endpoint::{EXECUTION, Endpoint, Response};
use pipe::{Running, err, finished, out, piped};
use program::KEYS;

/// An answer of the service: a status, and how far it is.
fn status(status: &str, bytes: i64) -> Response {
    (
        200,
        json!({ "TaskExecutionArn": EXECUTION, "Status": status, "TaskMode": "ENHANCED", "BytesWritten": bytes,
        "EstimatedBytesToTransfer": 1000, "FilesTransferred": bytes / 10, "EstimatedFilesToTransfer": 100 }),
    )
}

fn with(mut answer: Response, member: &str, value: Value) -> Response {
    answer.1[member] = value;
    answer
}

fn error(code: &str) -> Response {
    (400, json!({ "__type": code, "message": "as told" }))
}

fn throttled() -> Response {
    error("ThrottlingException")
}

fn expired() -> Response {
    error("ExpiredTokenException")
}

/// An endpoint that answers DescribeTaskExecution with one answer after the other, the last one for ever.
fn telling(answers: Vec<Response>) -> Endpoint {
    let asked = AtomicUsize::new(0);
    Endpoint::answering(move |operation| match operation {
        "DescribeTaskExecution" => answers[asked.fetch_add(1, SeqCst).min(answers.len() - 1)].clone(),
        _ => error("AccessDeniedException"),
    })
}

/// Waits at an endpoint, with further arguments.
fn waited(endpoint: &Endpoint, arguments: &[&str]) -> Output {
    finished(&mut waiting(endpoint, arguments))
}

fn waiting(endpoint: &Endpoint, arguments: &[&str]) -> std::process::Command {
    let common = ["wait", EXECUTION, "--endpoint-url", &endpoint.url, "--interval", "100ms"];
    let mut command = piped(&[&common, arguments].concat());
    command.envs(KEYS);
    command
}

#[track_caller]
fn assert_ended(output: &Output, code: i32, said: &str) {
    let (out, err) = (out(output), err(output));
    assert_eq!(output.status.code(), Some(code), "{out}{err}");
    assert!(out.contains(said) || err.contains(said), "no {said} in {out}{err}");
}

fn running() -> Vec<Response> {
    vec![status("LAUNCHING", 0), status("TRANSFERRING", 300), status("TRANSFERRING", 600)]
}

#[test]
fn the_exit_code_says_how_it_went() {
    let failed = || with(status("SUCCESS", 1000), "FilesFailed", json!({ "Transfer": 3 }));
    let ended = |last: Response| telling([running(), vec![last]].concat());
    for (last, arguments, code, said) in [
        (status("SUCCESS", 1000), vec![], 0, "SUCCESS"),
        (failed(), vec![], 4, "3 failed"),
        (failed(), vec!["--max-failed", "2"], 4, "3 failed"),
        (failed(), vec!["--max-failed", "3"], 0, "3 failed"),
        (status("ERROR", 600), vec!["--max-failed", "99"], 3, "ERROR"),
    ] {
        assert_ended(&waited(&ended(last), &arguments), code, said);
    }
    // what is cancelled goes through CANCELLING, and ends in ERROR
    let cancelled = telling([running(), vec![status("CANCELLING", 600), status("ERROR", 600)]].concat());
    let output = waited(&cancelled, &[]);
    assert_ended(&output, 3, "CANCELLING");
}

#[test]
fn it_ends_where_asking_again_cannot_help() {
    assert_ended(&waited(&telling(vec![error("AccessDeniedException")]), &[]), 7, "datasync:DescribeTaskExecution");
}

const CONSOLE: &str =
    "https://us-east-1.console.aws.amazon.com/datasync/home?region=us-east-1#/tasks/task-0123456789abcdef0";

#[test]
fn a_console_url_ends_it_as_an_arn_does() {
    let denied = telling(vec![]);
    let arguments = ["wait", CONSOLE, "--endpoint-url", &denied.url, "--interval", "100ms", "--timeout", "60s"];
    let output = finished(piped(&arguments).envs(KEYS));
    assert_ended(&output, 7, "datasync:ListTasks");
    let keyless = finished(&mut piped(&arguments));
    assert_ended(&keyless, 7, "no AWS credentials");
    for output in [output, keyless] {
        let lines = out(&output).lines().count() + err(&output).lines().count();
        assert_eq!(lines, 1, "once: {}{}", out(&output), err(&output));
    }
    let missing = Endpoint::answering(|_| (200, json!({ "Tasks": [] })));
    let arguments = ["wait", CONSOLE, "--endpoint-url", &missing.url, "--interval", "100ms", "--timeout", "1s"];
    assert_ended(&finished(piped(&arguments).envs(KEYS)), 124, "poll failed: ");
}

#[test]
#[ignore = "what is not found is asked for again for a minute"]
fn it_ends_where_nothing_is_found_for_a_minute() {
    let absent = (400, json!({ "__type": "InvalidRequestException", "message": "" }));
    assert_ended(&waited(&telling(vec![absent]), &[]), 8, "exec-0fedcba9876543210");
}

#[test]
fn it_ends_there_too_when_it_was_watched_before() {
    let state = std::env::temp_dir().join(format!("syncscope-wait-{}", std::process::id()));
    let mut before = waiting(&telling(running()), &["--timeout", "1s"]);
    assert_ended(&finished(before.env("XDG_STATE_HOME", &state)), 124, "TRANSFERRING");
    let mut again = waiting(&telling(vec![error("AccessDeniedException")]), &["--timeout", "30s"]);
    assert_ended(&finished(again.env("XDG_STATE_HOME", &state)), 7, "Last response at");
    std::fs::remove_dir_all(state).unwrap();
}

#[test]
fn it_outlives_what_passes() {
    for trouble in [throttled(), expired(), (500, json!({})), error("AccessDeniedException")] {
        let answers = [running(), vec![trouble.clone(), trouble.clone()], vec![status("SUCCESS", 1000)]].concat();
        let output = waited(&telling(answers), &[]);
        assert_ended(&output, 0, "poll failed: ");
        assert!(out(&output).lines().last().unwrap().contains("SUCCESS"), "{trouble:?}");
    }
    let answers = vec![expired(), throttled(), status("SUCCESS", 1000)];
    assert_ended(&waited(&telling(answers), &[]), 0, "SUCCESS");
}

#[test]
fn a_timeout_ends_it_with_the_last_state() {
    let output = waited(&telling(running()), &["--timeout", "1s"]);
    assert_ended(&output, 124, "Last response at");
    assert_eq!(err(&output), "syncscope: still running after 1s (--timeout)\n");
    let unreachable = piped(&["wait", EXECUTION, "--endpoint-url", "http://127.0.0.1:9", "--timeout", "1s"])
        .envs(KEYS)
        .spawn()
        .unwrap();
    assert_eq!(pipe::end_of(unreachable).status.code(), Some(124), "a network that is down may come back");
}

#[test]
fn each_change_is_a_state() {
    let answers = [running(), vec![throttled()], vec![status("SUCCESS", 1000)]].concat();
    let output = waited(&telling(answers), &["--output", "ndjson"]);
    assert_ended(&output, 0, "SUCCESS");
    let states: Vec<Value> = out(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<_> = states.iter().map(|state| (state["status"].as_str(), state["fault"]["kind"].as_str())).collect();
    let transferring = Some("TRANSFERRING");
    let expected = [
        (Some("LAUNCHING"), None),
        (transferring, None),
        (transferring, None),
        (transferring, Some("throttled")),
        (Some("SUCCESS"), None),
    ];
    assert_eq!(told, expected);
    assert_eq!(states[4]["terminal"], true);
    assert!(err(&output).contains("TRANSFERRING"), "lines for a person are beside it");
}

#[test]
fn it_tells_of_changes_and_once_in_a_while() {
    let output = waited(&telling([running(), vec![status("SUCCESS", 1000)]].concat()), &[]);
    let statuses: Vec<_> = out(&output).lines().map(|line| line.split("  ").nth(2).unwrap()).collect();
    assert_eq!(statuses, ["LAUNCHING", "TRANSFERRING", "SUCCESS"]);
    let many: Vec<Response> = (0..20).map(|step| status("TRANSFERRING", step)).collect();
    let endpoint = telling([many, vec![status("SUCCESS", 1000)]].concat());
    let lines = out(&waited(&endpoint, &["--progress-every", "500ms"])).lines().count();
    assert!((4..=8).contains(&lines), "{lines}");
}

#[test]
fn signals_end_it_with_the_last_state_and_usr1_asks_for_it() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let endpoint = telling(running());
        let mut child = Running(waiting(&endpoint, &["--progress-every", "1h"]).spawn().unwrap());
        let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines().map(Result::unwrap);
        let transferring = |line: &String| line.contains("TRANSFERRING");
        assert!(lines.any(|line| transferring(&line)));
        kill_process(Pid::from_child(&child.0), Signal::USR1).unwrap();
        assert!(lines.any(|line| line.starts_with("Last response at")), "it was asked");
        kill_process(Pid::from_child(&child.0), signal).unwrap();
        let last: Vec<String> = lines.collect();
        assert!(last.iter().any(|line| line.starts_with("Last response at")), "{last:?}");
        assert_eq!(child.0.wait().unwrap().code(), Some(code));
    }
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let answers = [running(), vec![throttled(), status("TRANSFERRING", 700), throttled()]].concat();
    let endpoint = telling(answers);
    let mut child = waiting(&endpoint, &["--output", "ndjson", "--progress-every", "100ms"]).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let output = pipe::end_of(child);
    assert_eq!((output.status.code(), err(&output).contains("syncscope:")), (Some(141), false));
}

#[test]
fn following_wants_a_task() {
    let output = waited(&telling(running()), &["--follow"]);
    assert_ended(&output, 2, "--follow needs the task's ARN");
}

/// The task starts its second execution when the first one ended. A task that has nothing to poll is asked for its
/// next execution every 30 s, so that this takes as long.
#[test]
fn following_goes_from_one_execution_to_the_next() {
    let (task, _) = EXECUTION.split_once("/execution/").unwrap();
    let arn = move |nth: usize| format!("{task}/execution/exec-{nth:017}");
    let polls = AtomicUsize::new(0);
    let endpoint = Endpoint::asked(move |operation, body| match operation {
        "DescribeTask" => (200, json!({ "CurrentTaskExecutionArn": arn((polls.load(SeqCst) >= 3).into()) })),
        "DescribeTaskExecution" if body.contains(&arn(0)) => {
            let (word, bytes) = if polls.fetch_add(1, SeqCst) >= 2 { ("SUCCESS", 1000) } else { ("TRANSFERRING", 100) };
            with(status(word, bytes), "TaskExecutionArn", arn(0).into())
        }
        "DescribeTaskExecution" => with(status("TRANSFERRING", 100), "TaskExecutionArn", arn(1).into()),
        _ => error("AccessDeniedException"),
    });
    let arguments = ["wait", task, "--follow", "--endpoint-url", &endpoint.url, "--interval", "100ms"];
    let mut child = Running(piped(&arguments).envs(KEYS).spawn().unwrap());
    let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let told: Vec<(String, String)> = lines
        .by_ref()
        .map(|line| {
            let mut words = line.split("  ").skip(1).map(str::to_owned);
            (words.next().unwrap(), words.next().unwrap())
        })
        .take(3)
        .collect();
    kill_process(Pid::from_child(&child.0), Signal::INT).unwrap();
    lines.for_each(drop);
    assert_eq!(child.0.wait().unwrap().code(), Some(130));
    let id = |nth: usize| format!("exec-{nth:017}");
    let expected = [(0, "TRANSFERRING"), (0, "SUCCESS"), (1, "TRANSFERRING")];
    assert_eq!(told, expected.map(|(nth, status)| (id(nth), status.to_owned())));
}

#[test]
fn a_timeout_does_not_hide_that_another_one_failed() {
    let other = EXECUTION.replace("exec-0", "exec-1");
    let one = other.clone();
    let endpoint = Endpoint::asked(move |operation, body| match operation {
        "DescribeTaskExecution" if body.contains(&one) => {
            with(status("ERROR", 10), "TaskExecutionArn", one.clone().into())
        }
        "DescribeTaskExecution" => status("TRANSFERRING", 500),
        _ => error("AccessDeniedException"),
    });
    let output = waited(&endpoint, &[&other, "--timeout", "1s"]);
    assert_ended(&output, 3, "still running after 1s (--timeout)");
}

#[test]
fn several_end_with_the_worst() {
    let other = EXECUTION.replace("exec-0", "exec-1");
    let one = other.clone();
    let endpoint = Endpoint::asked(move |operation, body| match operation {
        "DescribeTaskExecution" if body.contains(&one) => {
            with(status("ERROR", 10), "TaskExecutionArn", one.clone().into())
        }
        "DescribeTaskExecution" => status("SUCCESS", 1000),
        _ => error("AccessDeniedException"),
    });
    let output = waited(&endpoint, &[&other]);
    assert_ended(&output, 3, "SUCCESS");
}
