//! What someone saved, in any form: status, report and replay read the same from it, and name what they can't read.

use crate::support::pipe::{end_of, err, out, piped};
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::Duration,
};

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::Value;
use syncscope::{Outcome, Writer, simulated};
use tempfile::{TempDir, tempdir};

const ARN: &str =
    "arn:aws:datasync:us-east-1:111122223333:task/task-0123456789abcdef0/execution/exec-0123456789abcdef0";

/// Runs the program with a file as standard input.
fn ran(arguments: &[&str], input: &Path) -> Output {
    let mut command = piped(arguments);
    end_of(command.stdin(Stdio::from(fs::File::open(input).unwrap())).spawn().unwrap())
}

/// What a command says of a file: its last states, one an execution, what it says on standard error, and its exit code.
#[derive(Debug, PartialEq)]
struct Told {
    states: Vec<Value>,
    err: String,
    code: Option<i32>,
}

fn told(output: &Output) -> Told {
    let mut states: Vec<Value> = Vec::new();
    for line in out(output).lines() {
        let state: Value = serde_json::from_str(line).unwrap();
        match states.iter_mut().find(|other| other["execution"] == state["execution"]) {
            Some(other) => *other = state,
            None => states.push(state),
        }
    }
    Told { states, err: err(output).to_owned(), code: output.status.code() }
}

/// What all commands say of a file, which is the same.
#[track_caller]
fn told_by_all(file: &Path) -> Told {
    let name = file.to_str().unwrap();
    let status = told(&ran(&["status", "-", "--output", "json"], file));
    for arguments in [
        &["report", "-", "--output", "json"][..],
        &["report", name, "--output", "json"],
        &["replay", "-", "--output", "ndjson"],
        &["replay", name, "--output", "ndjson"],
    ] {
        let other = told(&ran(arguments, file));
        let err = other.err.replace(&format!("'{name}'"), "standard input");
        assert_eq!(Told { err, ..other }, status, "{arguments:?} of {name}");
    }
    status
}

struct Saved {
    folder: TempDir,
}

impl Saved {
    fn new() -> Self {
        Self { folder: tempdir().unwrap() }
    }

    fn file(&self, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join("saved.json");
        fs::File::create(&path).unwrap().write_all(bytes.as_ref()).unwrap();
        path
    }
}

fn case(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name)
}

#[test]
fn the_same_answer_in_any_form_is_the_same_everywhere() {
    let plain = told_by_all(&case("answer-with-bom.json"));
    assert_eq!((plain.code, plain.err.as_str(), plain.states.len()), (Some(0), "", 1));
    assert_eq!(plain.states[0]["observed_at"], "2020-01-03T22:56:15.140Z");
    for form in ["answer-utf16.json", "answer.yaml", "answers-array.json"] {
        let told = told_by_all(&case(form));
        // the same, but for the order in which the members came
        assert_eq!(told, plain, "{form}");
    }
}

/// Answers as they were polled, with no moment beside them.
fn polled() -> Vec<String> {
    let start: Timestamp = "2026-11-22T16:00:00Z".parse().unwrap();
    let all = simulated("enhanced", start, Duration::from_secs(15)).unwrap().skip(100).take(40);
    let verbatim = |outcome| match outcome {
        Outcome::Response(response) => Some(response.verbatim().to_string()),
        Outcome::Fault(_) => None,
    };
    all.filter_map(|seen| verbatim(seen.outcome)).collect()
}

#[test]
fn a_series_of_answers_has_the_same_rate_everywhere() {
    let saved = Saved::new();
    let answers = polled();
    let pretty = |json: &String| format!("{:#}\n", serde_json::from_str::<Value>(json).unwrap());
    let told = told_by_all(&saved.file(answers.iter().map(pretty).collect::<String>()));
    let rate = told.states[0]["rates"]["bytes_per_second"].as_f64().expect("a rate");
    let average = told.states[0]["rates"]["average_bytes_per_second"].as_f64().expect("an average");
    assert!((0.2..5.0).contains(&(rate / average)), "{rate} and {average}");
    let logged = |json: &String| format!("2026-11-22 16:00:05,123 INFO poll: {json} (200 OK)\nsleeping\n");
    let metadata = |json: &String| {
        format!("{},\"ResponseMetadata\":{{\"HTTPStatusCode\":200}}}}\r\n", json.trim_end().strip_suffix('}').unwrap())
    };
    let forms = [
        format!("[{}]", answers.join(",")),
        answers.iter().map(logged).collect(),
        answers.iter().map(|json| format!("{{\"TaskExecution\":{json}}}\n")).collect(),
        answers.iter().rev().map(|json| format!("{json}\n")).collect::<String>(),
    ];
    for (place, form) in forms.iter().enumerate() {
        let other = told_by_all(&saved.file(form));
        assert_eq!(other.err, "", "{place}");
        if place < 3 {
            assert_eq!(other.states[0]["rates"], told.states[0]["rates"], "{place}");
            assert_eq!(other.states[0]["observed_at"], told.states[0]["observed_at"], "{place}");
        }
    }
    assert_eq!(told_by_all(&saved.file(answers.iter().map(metadata).collect::<String>())).err, "");
}

#[test]
fn damage_costs_what_is_damaged_and_is_named_everywhere() {
    let saved = Saved::new();
    let one = |status: &str| format!(r#"{{"TaskExecutionArn":"{ARN}","Status":"{status}","StartTime":1795363200}}"#);
    let text = [one("QUEUED"), "garbage {".into(), one("TRANSFERRING"), one("SUCCESS")].join("\n");
    let told = told_by_all(&saved.file(&text));
    assert_eq!((told.states[0]["status"].as_str(), told.code), (Some("SUCCESS"), Some(0)));
    assert_eq!(told.err, "syncscope: 1 line could not be read: 2 is not JSON.\n");
    let line = |at: &str, status: &str| format!(r#"{{"at":"{at}","execution":"{ARN}","response":{}}}"#, one(status));
    let lines = [
        line("2026-11-22T16:10:00Z", "SUCCESS"),
        "nothing".into(),
        line("2026-11-22T16:05:00Z", "QUEUED"),
        r#"{"at":"2026-11-22T16:11:00Z","#.into(),
    ];
    let told = told_by_all(&saved.file(lines.join("\n")));
    assert_eq!(told.states[0]["status"], "SUCCESS", "lines are put in the order of time");
    assert_eq!(told.err, "syncscope: 2 lines could not be read: 2 is not JSON, 4 is cut off.\n");
}

#[test]
fn an_answer_without_an_arn_is_shown_unnamed() {
    let saved = Saved::new();
    let partial = saved.file(r#"{"Status":"TRANSFERRING","BytesWritten":5,"EstimatedBytesToTransfer":10,"StartTime":1578092083,"Result":{"TotalDuration":1000}}"#);
    let told = told_by_all(&partial);
    assert_eq!((&told.states[0]["execution"]["arn"], told.err.as_str()), (&Value::Null, ""));
    assert_eq!(told.states[0]["observed_at"], "2020-01-03T22:54:44.000Z");
    let shown = ran(&["status", "-"], &partial);
    assert!(out(&shown).starts_with("Execution  unnamed\n"), "{}", out(&shown));
    let page = ran(&["report", "-", "--redact"], &partial);
    assert!(out(&page).starts_with("# DataSync transfer unnamed\n"), "{}", out(&page));
    assert!(!out(&page).contains("aws datasync") && !out(&page).contains("ARN"));
    let line = ran(&["status", "-", "--one-line", "--format", "{status} {id}"], &partial);
    assert_eq!(out(&line), "TRANSFERRING unnamed\n");
}

#[test]
fn what_cannot_be_read_is_named_everywhere() {
    let saved = Saved::new();
    let event = told_by_all(&case("eventbridge.json"));
    let says = "standard input is not a describe-task-execution response: it is an EventBridge event, which holds no \
        counters; run: syncscope status arn:aws:datasync:us-east-1:111222333444:task/task-0208075f79cedf4a2/execution/";
    assert!(event.err.starts_with(&format!("syncscope: {says}")), "{}", event.err);
    assert_eq!((event.code, event.states.len()), (Some(2), 0));
    let arn = format!(r#""TaskExecutionArn":"{ARN}""#);
    for (given, says) in [
        (format!(r#"{{"TaskExecutions":[{{{arn},"Status":"SUCCESS"}}]}}"#), "a list-task-executions response"),
        (format!("{{{arn}}}"), "a start-task-execution response"),
        (format!(r#"{{{arn},"Status":{{"Code":1}}}}"#), "a Status that is not text"),
        ("An error occurred (AccessDenied) when calling the Z operation: no".into(), "AccessDenied: no"),
        (format!("{{'TaskExecutionArn': '{ARN}'}}"), "json.dumps(response, default=str)"),
        ("-----\n|  DescribeTaskExecution  |\n-----\n".into(), "--output json"),
        ("nonsense".into(), "line 1 is not JSON"),
        (String::new(), "standard input is empty"),
    ] {
        let told = told_by_all(&saved.file(&given));
        assert_eq!((told.code, told.states.len(), told.err.lines().count()), (Some(2), 0, 1), "{}", told.err);
        assert!(told.err.contains(says), "{given}: {}", told.err);
    }
}

#[test]
fn what_powershell_prints_is_read() {
    let saved = Saved::new();
    let json = format!(
        r#"{{"TaskExecutionArn":"{ARN}","Status":{{"Value":"ERROR"}},"StartTime":"\/Date(1578092083501)\/","EndTime":"\/Date(1578092090000)\/"}}"#
    );
    let utf16: Vec<u8> = format!("\u{feff}{json}\r\n").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let told = told_by_all(&saved.file(utf16));
    assert_eq!((told.states[0]["status"].as_str(), told.code), (Some("ERROR"), Some(3)));
    assert_eq!(told.states[0]["observed_at"], "2020-01-03T22:54:50.000Z");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    /// A recording is the same in the order in which it was written, and in any other one in which what says that
    /// nothing changed comes after what it refers to.
    #[test]
    fn what_was_recorded_reads_the_same_everywhere(looks in 2usize..60, scenario in prop::sample::select(vec!["failing", "trouble", "basic"])) {
        let start: Timestamp = "2026-11-22T16:00:00Z".parse().unwrap();
        let mut writer = Writer::default();
        let all = simulated(scenario, start, Duration::from_secs(20)).unwrap().take(looks);
        let lines: Vec<String> = all.map(|observation| writer.line(&observation)).collect();
        let saved = Saved::new();
        let told = told_by_all(&saved.file(lines.concat()));
        prop_assert_eq!((told.err.as_str(), told.states.len()), ("", 1));
    }
}
