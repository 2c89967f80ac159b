//! What is printed as JSON is what the schema says, for every simulated execution and whatever the service answers.

use crate::support::{endpoint, pipe, program};
use std::{fs, io::Write, path::PathBuf, process::Output, time::Duration};

use jiff::{Timestamp, tz::TimeZone};
use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Value, json};
use syncscope::{App, Arn, Event, Observation, Outcome, Response, State, simulated};

const ARN: &str =
    "arn:aws:datasync:us-east-1:111122223333:task/task-0123456789abcdef0/execution/exec-0123456789abcdef0";

fn schema() -> Value {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/state.schema.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn validator() -> Validator {
    jsonschema::options().should_validate_formats(true).build(&schema()).unwrap()
}

#[track_caller]
fn assert_valid(validator: &Validator, app: &App) {
    for execution in app.executions() {
        let state: Value = serde_json::from_str(&State::of(execution, app.now()).json()).unwrap();
        let wrong: Vec<String> = validator.iter_errors(&state).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{wrong:?} in {state}");
    }
}

fn start() -> Timestamp {
    "2026-11-22T16:00:00Z".parse().unwrap()
}

#[test]
fn every_simulated_execution_prints_valid_states() {
    let validator = validator();
    for scenario in [
        "enhanced",
        "basic",
        "queued",
        "slow-launch",
        "failing",
        "stalled",
        "recovering",
        "slow",
        "cancelled",
        "unknown",
        "error",
        "partial",
        "nothing",
        "deletes",
        "huge",
        "limited",
        "trouble",
    ] {
        let mut observations = simulated(scenario, start(), Duration::from_secs(20)).unwrap().take(900).peekable();
        let arn = Arn::parse(&observations.peek().unwrap().execution).unwrap();
        let mut app = App::new([arn], start(), TimeZone::UTC);
        assert_valid(&validator, &app);
        for observation in observations {
            app.update(Event::observed(observation));
            assert_valid(&validator, &app);
        }
    }
}

#[test]
fn the_schema_can_say_no() {
    let observation = simulated("enhanced", start(), Duration::from_secs(20)).unwrap().next().unwrap();
    let mut app = App::new([Arn::parse(&observation.execution).unwrap()], start(), TimeZone::UTC);
    app.update(Event::observed(observation));
    let state: Value = serde_json::from_str(&State::of(&app.executions()[0], app.now()).json()).unwrap();
    let validator = validator();
    assert!(validator.is_valid(&state));
    for member in state.as_object().unwrap().keys() {
        let mut without = state.clone();
        without.as_object_mut().unwrap().remove(member);
        assert!(!validator.is_valid(&without), "{member} can be left out");
        let mut odd = state.clone();
        odd[member] = json!([[]]);
        assert!(!validator.is_valid(&odd), "{member} can be anything");
    }
}

/// Any number where the service has one, any word where it has one.
fn answers() -> impl Strategy<Value = Vec<Value>> {
    let status =
        prop::sample::select(vec!["QUEUED", "LAUNCHING", "PREPARING", "TRANSFERRING", "VERIFYING", "SUCCESS", "ODD"]);
    let mode = prop::sample::select(vec!["BASIC", "ENHANCED", "TURBO"]);
    let answer =
        (status, mode, prop::array::uniform8(any::<i64>()), any::<f64>()).prop_map(|(status, mode, n, time)| {
            json!({ "Status": status, "TaskMode": mode, "BytesWritten": n[0], "EstimatedBytesToTransfer": n[1],
            "FilesTransferred": n[2], "EstimatedFilesToTransfer": n[3], "StartTime": time, "LaunchTime": n[4],
            "FilesFailed": { "Transfer": n[5], "Verify": n[6] }, "Result": { "TotalDuration": n[7] } })
        });
    prop::collection::vec(answer, 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_is_answered_the_state_is_valid(answers in answers()) {
        let validator = validator();
        let mut app = App::new([Arn::parse(ARN).unwrap()], start(), TimeZone::UTC);
        for (place, answer) in answers.iter().enumerate() {
            let outcome = Outcome::Response(Response::parse(&answer.to_string()).unwrap());
            let at = start() + jiff::SignedDuration::from_mins(5 * place as i64);
            app.update(Event::observed(Observation { execution: ARN.into(), at, outcome, task: None, next: None }));
            assert_valid(&validator, &app);
        }
    }
}

/// A recording of the first looks at a simulated execution.
fn recorded(scenario: &str, looks: usize) -> PathBuf {
    let path = std::env::temp_dir().join(format!("syncscope-schema-{}-{scenario}.ndjson", std::process::id()));
    let mut writer = syncscope::Writer::default();
    let looks = simulated(scenario, start(), Duration::from_secs(20)).unwrap().take(looks);
    let lines: String = looks.map(|look| writer.line(&look)).collect();
    fs::File::create(&path).unwrap().write_all(lines.as_bytes()).unwrap();
    path
}

#[track_caller]
fn assert_prints_valid_states(validator: &Validator, output: &Output, least: usize) {
    let text = pipe::out(output);
    for line in text.lines() {
        let state: Value = serde_json::from_str(line).unwrap();
        let wrong: Vec<String> = validator.iter_errors(&state).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{wrong:?} in {state}");
    }
    let lines = text.lines().count();
    assert!(lines >= least, "{lines} lines: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn whatever_the_program_prints_as_json_is_valid() {
    let validator = validator();
    for (scenario, looks) in [("trouble", 200), ("failing", 150), ("basic", 300)] {
        let file = recorded(scenario, looks);
        let path = file.to_str().unwrap();
        let ran = |arguments: &[&str]| pipe::finished(&mut pipe::piped(arguments));
        assert_prints_valid_states(&validator, &ran(&["replay", path, "--output", "ndjson"]), 100);
        assert_prints_valid_states(&validator, &ran(&["report", path, "--output", "json"]), 1);
        assert_prints_valid_states(&validator, &ran(&["report", path, "--output", "json", "--redact"]), 1);
        fs::remove_file(file).unwrap();
    }
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let endpoint = endpoint::Endpoint::answering(move |operation| match operation {
        "DescribeTaskExecution" => {
            let place = asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let status = ["QUEUED", "LAUNCHING", "ODD", "TRANSFERRING", "SUCCESS"][place.min(4)];
            (200, json!({ "TaskExecutionArn": ARN, "Status": status, "BytesWritten": place, "Novel": [place] }))
        }
        _ => (400, json!({ "__type": "AccessDeniedException", "message": "no" })),
    });
    let asking = |arguments: &[&str]| {
        let reached = ["--endpoint-url", &endpoint.url, "--interval", "100ms"];
        pipe::finished(pipe::piped(&[arguments, &reached].concat()).envs(program::KEYS))
    };
    assert_prints_valid_states(&validator, &asking(&["wait", ARN, "--output", "ndjson"]), 5);
    let looked = pipe::finished(
        pipe::piped(&["status", ARN, "--output", "json", "--endpoint-url", &endpoint.url]).envs(program::KEYS),
    );
    assert_prints_valid_states(&validator, &looked, 1);
}
