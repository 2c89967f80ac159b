//! What the README tells to type does what it says there.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Command, Output, Stdio},
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
};

use serde_json::json;

#[allow(dead_code, reason = "other tests use the rest")]
#[path = "support/endpoint.rs"]
mod endpoint;
#[allow(dead_code, reason = "other tests use the rest")]
#[path = "support/program.rs"]
mod program;

use endpoint::{Answer, EXECUTION, Endpoint};
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

fn status(status: &str) -> Answer {
    (
        200,
        json!({ "TaskExecutionArn": EXECUTION, "Status": status, "TaskMode": "ENHANCED", "BytesWritten": 10,
        "EstimatedBytesToTransfer": 10, "FilesTransferred": 1, "EstimatedFilesToTransfer": 1 }),
    )
}

fn error(code: &str, message: &str) -> Answer {
    (400, json!({ "__type": code, "message": message }))
}

fn telling(answers: Vec<Answer>) -> Endpoint {
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
    let after = |answers: Vec<Answer>| [begun(), answers].concat();
    let (throttled, expired) = (error("ThrottlingException", "slow"), error("ExpiredTokenException", "old"));
    for (answers, patience, says) in [
        (after(vec![status("SUCCESS")]), "1m", "copied"),
        (after(vec![failures]), "1m", "copied, but items failed"),
        (after(vec![status("ERROR")]), "1m", "failed, or cancelled"),
        (after(vec![status("CANCELLING"), status("ERROR")]), "1m", "failed, or cancelled"),
        (
            vec![error("AccessDeniedException", "no")],
            "1m",
            "it can't be seen: not allowed, not there, or no credentials",
        ),
        (
            vec![error("InvalidRequestException", "")],
            "1m",
            "it can't be seen: not allowed, not there, or no credentials",
        ),
        (after(vec![expired.clone(), expired, status("SUCCESS")]), "1m", "copied"),
        (after(vec![throttled.clone(), throttled, status("SUCCESS")]), "1m", "copied"),
        (begun(), "1s", "it still runs, but stalls or takes too long"),
    ] {
        let output = ran(script, &telling(answers), patience);
        let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert_eq!(out.lines().last(), Some(says), "{out}{err}");
    }
}

/// Each command that is shown is one that the program, or a tool of everyone's, knows.
#[test]
fn every_command_is_one_that_there_is() {
    let mut seen = 0;
    for line in blocks("console").iter().flat_map(|block| block.lines()) {
        let Some(command) = line.strip_prefix("$ ") else { continue };
        let words: Vec<&str> = command.split_whitespace().collect();
        match words[0] {
            "cargo" | "aws" => {}
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
        seen += 1;
    }
    assert!(seen >= 8, "{seen}");
}
