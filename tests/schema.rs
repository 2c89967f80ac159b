//! What is printed as JSON is what the schema says, for every simulated execution and whatever the service answers.

use std::{fs, time::Duration};

use jiff::{Timestamp, tz::TimeZone};
use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Value, json};
use syncscope::{Answer, App, Arn, Event, Observation, Outcome, State, simulated};

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
            let outcome = Outcome::Response(Answer::parse(&answer.to_string()).unwrap());
            let at = start() + jiff::SignedDuration::from_mins(5 * place as i64);
            app.update(Event::observed(Observation { execution: ARN.into(), at, outcome, task: None, next: None }));
            assert_valid(&validator, &app);
        }
    }
}
