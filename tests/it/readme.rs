//! What the README tells to type does what it says there.

use crate::support::{endpoint, program};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Command, Output, Stdio},
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
};

use serde_json::json;

use endpoint::{EXECUTION, Endpoint, Response};
use program::{KEYS, PROGRAM, environment};

/// The blocks of a language in the README.
fn blocks(language: &str) -> Vec<String> {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let begin = format!("```{language}\n");
    text.split(&begin).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// A folder in which `syncscope` is this program, and `aws` one that starts an execution.
fn programs() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("readme-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let aws = folder.join("aws");
    fs::write(&aws, format!("#!/bin/sh\necho {EXECUTION}\n")).unwrap();
    fs::set_permissions(&aws, fs::Permissions::from_mode(0o755)).unwrap();
    let _ = std::os::unix::fs::symlink(PROGRAM, folder.join("syncscope"));
    folder
}

/// Runs a script, on a machine that never watched anything, in which the service answers like this.
fn ran(script: &str, endpoint: &Endpoint, patience: &str) -> Output {
    let programs = programs();
    let path = format!("{}:/usr/bin:/bin", programs.display());
    // the script's own words stay as they are: what is added here stands for a profile that says it
    let script =
        script.replace("syncscope wait", &format!("syncscope wait --interval 100ms --endpoint-url {}", endpoint.url));
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &script]).env_clear().envs(environment()).envs(KEYS);
    command.env("PATH", path).env("TASK", "arn:of:no:interest").env("PATIENCE", patience);
    let state = programs.join("state");
    let _ = fs::remove_dir_all(&state);
    command.env("XDG_STATE_HOME", state);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.output().unwrap()
}

fn status(status: &str) -> Response {
    (
        200,
        json!({ "TaskExecutionArn": EXECUTION, "Status": status, "TaskMode": "ENHANCED", "BytesWritten": 10,
        "EstimatedBytesToTransfer": 10, "FilesTransferred": 1, "EstimatedFilesToTransfer": 1 }),
    )
}

fn error(code: &str, message: &str) -> Response {
    (400, json!({ "__type": code, "message": message }))
}

fn telling(answers: Vec<Response>) -> Endpoint {
    let asked = AtomicUsize::new(0);
    Endpoint::answering(move |operation| match operation {
        "DescribeTaskExecution" => answers[asked.fetch_add(1, SeqCst).min(answers.len() - 1)].clone(),
        _ => error("AccessDeniedException", "no"),
    })
}

#[test]
fn the_script_is_right_in_every_outcome() {
    let scripts = blocks("sh");
    let script = scripts.iter().find(|script| script.contains("syncscope wait")).expect("the example");
    let mut failures = status("SUCCESS");
    failures.1["FilesFailed"] = json!({ "Transfer": 2 });
    let begun = || vec![status("LAUNCHING"), status("TRANSFERRING")];
    let after = |answers: Vec<Response>| [begun(), answers].concat();
    let (throttled, expired) = (error("ThrottlingException", "slow"), error("ExpiredTokenException", "old"));
    for (answers, patience, says) in [
        (after(vec![status("SUCCESS")]), "1m", "copied"),
        (after(vec![failures]), "1m", "copied, but items failed"),
        (after(vec![status("ERROR")]), "1m", "failed, or cancelled"),
        (after(vec![status("CANCELLING"), status("ERROR")]), "1m", "failed, or cancelled"),
        (
            vec![error("AccessDeniedException", "no")],
            "1m",
            "not visible: no permission, no such execution, or no credentials",
        ),
        (after(vec![expired.clone(), expired, status("SUCCESS")]), "1m", "copied"),
        (after(vec![throttled.clone(), throttled, status("SUCCESS")]), "1m", "copied"),
        (begun(), "1s", "still running, but stalled or too slow"),
    ] {
        let output = ran(script, &telling(answers), patience);
        let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert_eq!(out.lines().last(), Some(says), "{out}{err}");
    }
}

#[test]
#[ignore = "an execution that is not found is asked for again for a minute"]
fn the_script_is_right_where_nothing_is_found() {
    let scripts = blocks("sh");
    let script = scripts.iter().find(|script| script.contains("syncscope wait")).expect("the example");
    let output = ran(script, &telling(vec![error("InvalidRequestException", "")]), "5m");
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    let says = "not visible: no permission, no such execution, or no credentials";
    assert_eq!(out.lines().last(), Some(says), "{out}{err}");
}

/// The commands that are shown, each with what its output goes through.
fn commands() -> Vec<String> {
    let lines = |block: String| block.lines().map(str::to_owned).collect::<Vec<_>>();
    let commands = blocks("console").into_iter().flat_map(lines);
    commands.filter_map(|line| line.strip_prefix("$ ").map(str::to_owned)).collect()
}

/// Each command that is shown is one that the program, or a tool of everyone's, knows.
#[test]
fn every_command_is_one_that_there_is() {
    let commands = commands();
    for command in commands.iter().flat_map(|line| line.split(" | ")) {
        let words: Vec<&str> = command.split_whitespace().collect();
        match words[0] {
            "cargo" | "aws" | "jq" => {}
            "syncscope" => {
                let subcommand = words.get(1).copied().filter(|word| !word.starts_with(['-', 'a']));
                let mut help = Command::new(PROGRAM);
                help.args(subcommand).arg("--help").env_clear().envs(environment());
                let output = help.output().unwrap();
                let text = String::from_utf8(output.stdout).unwrap();
                assert!(output.status.success(), "{command}");
                for option in words.iter().filter(|word| word.starts_with("--")) {
                    assert!(text.contains(option), "{option} of '{command}' is not in the help");
                }
            }
            other => panic!("nobody knows '{other}' of '{command}'"),
        }
    }
    assert!(commands.len() >= 12, "{commands:?}");
}

/// The README's table of exit codes and the order in which they count are those of the help.
#[test]
fn exit_codes_are_those_of_the_help() {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let (_, table) = readme.split_once("| exit code | means |\n|---|---|\n").unwrap();
    let (table, after) = table.split_once("\n\n").unwrap();
    let rows: Vec<String> =
        table.lines().map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect();
    let output = Command::new(PROGRAM).arg("--help").env_clear().envs(environment()).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let (_, codes) = help.split_once("Exit codes:\n").unwrap();
    let (codes, order) = codes.split_once("\n\n").unwrap();
    let codes: Vec<String> = codes.lines().map(|line| line.split("  ").map(str::trim).collect()).collect();
    assert_eq!(rows, codes);
    assert!(rows.len() >= 14);
    let order = order.lines().next().unwrap();
    assert!(order.contains("3, 7, 8, 9, 4, 6, 124, 0") && after.contains(order), "{order}");
}

/// In the README's order, in one folder, faster than anyone would look at it.
#[test]
fn every_command_of_ours_does_something() {
    let endpoint = Endpoint::answering(|operation| match operation {
        "DescribeTaskExecution" => status("SUCCESS"),
        "DescribeTask" => (200, json!({ "CurrentTaskExecutionArn": EXECUTION })),
        _ => error("AccessDeniedException", "no"),
    });
    let programs = programs();
    let folder = programs.join("work");
    fs::create_dir_all(&folder).unwrap();
    let mut ran = 0;
    for command in commands().iter().filter(|command| command.contains("syncscope") && !command.contains("--serve")) {
        let ours = command.split(" | ").find(|part| part.starts_with("syncscope")).unwrap();
        let saved = status("SUCCESS").1.to_string();
        // a demo that stands still for good is ended by someone
        let mut words: Vec<&str> = ours.split_whitespace().skip(1).collect();
        if let Some(speed) = words.iter().position(|word| *word == "--speed") {
            words[speed + 1] = "20000";
        } else if words[0] == "demo" && !words.contains(&"--list") {
            words.extend(["--speed", "20000"]);
        }
        let mut command = Command::new("timeout");
        command.args(["-s", "INT", "5", PROGRAM]).args(&words).env_clear().envs(environment()).envs(KEYS);
        command.env("AWS_ENDPOINT_URL", &endpoint.url).env("PATH", "/usr/bin:/bin").current_dir(&folder);
        let input = folder.join("input");
        fs::write(&input, saved).unwrap();
        let output = command.stdin(fs::File::open(&input).unwrap()).output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let code = output.status.code();
        assert!(matches!(code, Some(0 | 3 | 4 | 124)), "'{ours}' ended with {code:?}: {err}");
        assert!(!out.is_empty() && !err.contains("panicked"), "'{ours}' says nothing: {err}");
        ran += 1;
    }
    assert!(ran >= 8, "{ran}");
}
