//! Files that are not what they should be: nothing of them is lost, nothing is waited for, and a poll reads no more of
//! them than it needs.

use crate::support::{endpoint, pipe, program};
use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::json;
use syncscope::{Observation, Outcome, Writer, simulated};

use endpoint::{EXECUTION, EXECUTION_ID, Endpoint, Reply};
use pipe::{code, err, finished, out, piped};
use program::{KEYS, state};

fn over() -> Endpoint {
    Endpoint::answering(|operation| match operation {
        "DescribeTaskExecution" => (200, json!({"TaskExecutionArn": EXECUTION, "Status": "SUCCESS"})),
        _ => (200, json!({})),
    })
}

/// A poll of the endpoint with its state in this folder.
fn with_state(endpoint: &Endpoint, state: &str, arguments: &[&str]) -> Command {
    let mut command = piped(arguments);
    command.args([EXECUTION, "--endpoint-url", &endpoint.url]).envs(KEYS).env("XDG_STATE_HOME", state);
    command
}

/// Where the endpoint's execution is recorded.
fn place(state: &str) -> PathBuf {
    let folder = Path::new(state).join("syncscope");
    fs::create_dir_all(&folder).unwrap();
    folder.join(format!("{EXECUTION_ID}.ndjson"))
}

fn make_pipe(path: &Path) {
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
}

#[test]
fn no_file_is_recorded_into_that_is_no_recording() {
    let (endpoint, state) = (over(), state());
    let path = |name: &str| format!("{state}/{name}");
    let (notes, pipe) = (path("notes.txt"), path("pipe"));
    fs::write(&notes, "buy milk\n").unwrap();
    make_pipe(Path::new(&pipe));
    for (file, why) in [
        ("-", "a recording can't be standard output".to_owned()),
        (&*notes, format!("{notes} holds something else than a recording")),
        (&*pipe, format!("{pipe} is not a file")),
        (&*state, format!("{state} is not a file")),
    ] {
        let said = format!("syncscope: --record: {why}: give the name of a new file, or of a recording\n");
        let served = with_state(&endpoint, &state, &["wait", "--record", file]);
        let demo = piped(&["demo", "nothing", "--speed", "20000", "--record", file]);
        for mut command in [served, demo] {
            let output = finished(&mut command);
            assert_eq!((code(&output), err(&output)), (2, &*said));
        }
    }
    assert_eq!(fs::read_to_string(&notes).unwrap(), "buy milk\n");
}

#[test]
fn nothing_in_the_state_folder_leads_elsewhere_or_is_waited_for() {
    let endpoint = over();
    for (make, there) in [
        (make_pipe as fn(&Path), None),
        (|path: &Path| symlink(path.with_extension("txt"), path).unwrap(), Some("buy milk\n")),
    ] {
        let state = state();
        let path = place(&state);
        let target = path.with_extension("txt");
        there.inspect(|text| fs::write(&target, text).unwrap());
        make(&path);
        for command in [&["status"][..], &["report"], &["wait"]] {
            let output = finished(&mut with_state(&endpoint, &state, command));
            assert_eq!(code(&output), 0, "{command:?}: {output:?}");
            let is_said = err(&output).contains("Recording stopped: ") && err(&output).contains("is not a file");
            assert_eq!(is_said, command[0] == "wait", "{}", err(&output));
        }
        assert_eq!(fs::read_to_string(&target).ok().as_deref(), there);
    }
}

#[test]
fn a_recording_that_others_could_read_is_closed_to_them() {
    let (endpoint, state) = (over(), state());
    let path = place(&state);
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
    assert_eq!(code(&finished(&mut with_state(&endpoint, &state, &["wait"]))), 0);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(fs::read_to_string(&path).unwrap().contains("SUCCESS"));
}

/// A recording of 100 MB, whose responses all differ, and the last of them.
fn grow(state: &str) -> Observation {
    let start = "2026-11-20T16:00:00Z".parse().unwrap();
    let all: Vec<_> = simulated("huge", start, Duration::from_secs(5)).unwrap().take(2000).collect();
    let mut text = String::new();
    while text.len() < 100 << 20 {
        let mut writer = Writer::default();
        all.iter().for_each(|observation| text.push_str(&writer.line(observation)));
    }
    let last = all.last().unwrap();
    let (_, id) = last.execution.rsplit_once('/').unwrap();
    fs::write(place(state).with_file_name(format!("{id}.ndjson")), text).unwrap();
    last.clone()
}

#[test]
fn a_status_reads_the_end_of_a_recording_of_any_length() {
    let state = state();
    let last = grow(&state);
    let Outcome::Response(response) = &last.outcome else { panic!("it was seen") };
    let body = response.verbatim().to_string();
    let endpoint = Endpoint::scripted(move |seen, _| match &*seen.operation {
        "DescribeTaskExecution" => Reply::Body(200, body.clone()),
        _ => Reply::Body(200, "{}".into()),
    });
    // the whole has no room in so much memory
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", r#"ulimit -d 60000; exec "$@""#, "shell", program::PROGRAM, "status"]);
    shell.args([&*last.execution, "--endpoint-url", &endpoint.url]);
    shell.env_clear().envs(program::environment()).envs(KEYS).env("XDG_STATE_HOME", &state);
    shell.stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = finished(&mut shell);
    assert_eq!((code(&output), err(&output)), (0, ""));
    assert!(out(&output).contains("TRANSFERRING") && out(&output).contains("/s"), "{}", out(&output));
}
