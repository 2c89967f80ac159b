//! What is known of one transfer at one moment, as `--output json` and `ndjson` print it.
//!
//! Numbers are in base units, times in RFC 3339 UTC, and what is not known is `null`, never 0. A JSON schema of
//! it is `assets/state.schema.json`.

use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, Serializer};

use crate::{
    aws::{
        applicability::Metric,
        fault::Fault,
        line,
        snapshot::{Count, Failed, Status},
    },
    transfer::{
        execution::Execution,
        judge::{
            estimate::{Estimate, Unknown},
            health::HealthState,
        },
        present::progress::{self, Gauge, Step},
    },
};

/// The version of this form. Members may be added without another one.
const SCHEMA_VERSION: u8 = 1;

/// One transfer at one moment. [`State::json`] is its form.
#[derive(Debug, Serialize)]
pub struct State<'a> {
    schema_version: u8,
    observed_at: Moment,
    execution: Which<'a>,
    status: Option<&'a str>,
    terminal: bool,
    mode: Option<&'a str>,
    queued_seconds: Option<f64>,
    elapsed_seconds: Option<f64>,
    phases: Vec<PhaseState>,
    progress: Progress,
    rates: Rates,
    eta: Option<Eta>,
    eta_unknown_because: Option<String>,
    failures: Failures,
    health: HealthReport,
    counters_changed_at: Option<Moment>,
    fault: Option<FaultReport<'a>>,
    #[serde(skip)]
    response: Option<&'a str>,
}

#[derive(Debug)]
struct Moment(Timestamp);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&line::moment(self.0))
    }
}

#[derive(Debug, Serialize)]
struct Which<'a> {
    arn: Option<String>,
    task_id: Option<&'a str>,
    execution_id: Option<&'a str>,
    account: Option<&'a str>,
    region: Option<&'a str>,
    name: Option<&'a str>,
    source: Option<&'a str>,
    destination: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct PhaseState {
    name: String,
    state: &'static str,
    seconds: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Progress {
    bytes: Measured,
    files: Measured,
}

#[derive(Debug, Serialize)]
struct Measured {
    done: Option<i64>,
    total: Option<i64>,
    fraction: Option<f64>,
    total_is_growing: bool,
}

#[derive(Debug, Serialize)]
struct Rates {
    bytes_per_second: Option<f64>,
    files_per_second: Option<f64>,
    average_bytes_per_second: Option<f64>,
    window_seconds: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Eta {
    of: &'static str,
    earliest: Moment,
    likely: Moment,
    latest: Moment,
    is_lower_bound: bool,
}

#[derive(Debug, Serialize)]
struct Failures {
    files: FilesFailed,
    folders: FoldersFailed,
    total: Option<i64>,
    per_hour: Option<f64>,
}

#[derive(Debug, Serialize)]
struct FilesFailed {
    prepare: Option<i64>,
    transfer: Option<i64>,
    verify: Option<i64>,
    delete: Option<i64>,
}

#[derive(Debug, Serialize)]
struct FoldersFailed {
    list: Option<i64>,
    prepare: Option<i64>,
    transfer: Option<i64>,
    verify: Option<i64>,
    delete: Option<i64>,
}

#[derive(Debug, Serialize)]
struct HealthReport {
    state: &'static str,
    reasons: Vec<String>,
}

#[derive(Debug, Serialize)]
struct FaultReport<'a> {
    kind: &'static str,
    code: Option<&'a str>,
    message: &'a str,
}

impl<'a> State<'a> {
    /// What is known at `at`, the moment of the newest observation or a later one.
    pub fn of(execution: &'a Execution, at: Timestamp) -> Self {
        let snapshot = execution.snapshot();
        let grows = execution.totals_grow();
        let (eta, eta_unknown_because) = match execution.estimate(at) {
            Ok(estimate) => (Some(Eta::of(&estimate)), None),
            Err(unknown) => (None, Some(why_no_eta(execution, &unknown))),
        };
        let health = execution.health(at);
        Self {
            schema_version: SCHEMA_VERSION,
            observed_at: Moment(at),
            execution: Which::of(execution),
            status: snapshot.and_then(|snapshot| snapshot.status.as_deref()),
            terminal: execution.is_over(),
            mode: snapshot.map(|snapshot| snapshot.task_mode.as_deref().unwrap_or("BASIC")),
            queued_seconds: queued(execution, at),
            elapsed_seconds: execution.elapsed(at).map(seconds),
            phases: phases(execution, at),
            progress: Progress {
                bytes: Measured::of(execution.bytes(), grows),
                files: Measured::of(execution.files(), grows),
            },
            rates: Rates::of(execution, health.state),
            eta,
            eta_unknown_because,
            failures: Failures::of(execution),
            health: HealthReport { state: health.state.as_str(), reasons: health.reasons },
            counters_changed_at: execution.counters_changed_at().map(Moment),
            fault: execution.fault().map(|sight| FaultReport::of(&sight.fault)),
            response: execution.answer().map(|answer| &**answer.verbatim()),
        }
    }

    /// One JSON object on one line, without its end. The answer in it is verbatim.
    pub fn json(&self) -> String {
        let mut text = Vec::with_capacity(4096);
        self.write(&mut text);
        String::from_utf8(text).unwrap_or_default()
    }

    /// Adds the same to a text.
    pub fn write(&self, text: &mut Vec<u8>) {
        // nothing in it can fail to be written
        let _ = serde_json::to_writer(&mut *text, self);
        // the answer is JSON already, and goes in as it came
        if text.pop() == Some(b'}') {
            text.extend_from_slice(br#","response":"#);
            text.extend_from_slice(self.response.map_or("null".into(), line::on_one_line).as_bytes());
            text.push(b'}');
        }
    }
}

fn seconds(span: SignedDuration) -> f64 {
    span.as_millis() as f64 / 1e3
}

fn why_no_eta(execution: &Execution, unknown: &Unknown) -> String {
    if execution.snapshot().is_none() { "nothing was seen yet".into() } else { unknown.words() }
}

fn queued(execution: &Execution, at: Timestamp) -> Option<f64> {
    let rail = execution.rail(at);
    let queued = rail.iter().find(|phase| phase.status == Status::Queued)?;
    queued.lasted.map(|lasted| seconds(lasted.span()))
}

fn phases(execution: &Execution, at: Timestamp) -> Vec<PhaseState> {
    let state = |phase: crate::transfer::past::phases::Phase| PhaseState {
        name: phase.status.as_str().to_owned(),
        state: phase.state.as_str(),
        seconds: phase.lasted.map(|lasted| seconds(lasted.span())),
    };
    execution.rail(at).into_iter().map(state).collect()
}

impl<'a> Which<'a> {
    fn of(execution: &'a Execution) -> Self {
        let (arn, task) = (execution.arn(), execution.task());
        let said = |text: &'a String| Some(text.as_str()).filter(|text| !text.is_empty());
        Self {
            arn: (!arn.is_unnamed()).then(|| arn.to_string()),
            task_id: said(&arn.task),
            execution_id: arn.execution.as_deref(),
            account: said(&arn.account),
            region: said(&arn.region),
            name: task.name.as_deref(),
            source: task.source.as_deref(),
            destination: task.destination.as_deref(),
        }
    }
}

impl Measured {
    fn of(gauge: Gauge, grows: bool) -> Self {
        Self { done: gauge.done, total: gauge.total, fraction: gauge.fraction(), total_is_growing: grows }
    }
}

impl Rates {
    /// Nothing runs at a rate once it is over; what stalled runs at none.
    fn of(execution: &Execution, health: HealthState) -> Self {
        let timeline = execution.timeline();
        let (bytes, files) = match health {
            _ if execution.is_over() => (None, None),
            HealthState::Stalled => (timeline.byte_rate().map(|_| 0.0), timeline.file_rate().map(|_| 0.0)),
            _ => (timeline.byte_rate().map(|rate| rate.per_second), timeline.file_rate().map(|rate| rate.per_second)),
        };
        Self {
            bytes_per_second: bytes,
            files_per_second: files,
            average_bytes_per_second: execution.average(),
            window_seconds: timeline.byte_rate().filter(|_| bytes.is_some()).map(|rate| rate.window),
        }
    }
}

impl Eta {
    fn of(estimate: &Estimate) -> Self {
        Self {
            of: "transfer",
            earliest: Moment(estimate.earliest),
            likely: Moment(estimate.likely),
            latest: Moment(estimate.latest),
            is_lower_bound: estimate.is_lower_bound,
        }
    }
}

impl Failures {
    fn of(execution: &Execution) -> Self {
        let snapshot = execution.snapshot().filter(|_| execution.applicability().reports(Metric::Failures));
        let files = snapshot.and_then(|snapshot| snapshot.files_failed.as_ref());
        let folders = snapshot.and_then(|snapshot| snapshot.folders_failed.as_ref());
        let count = |failed: Option<&Failed>, step: fn(&Failed) -> Option<Count>| step(failed?).map(|count| count.0);
        Self {
            files: FilesFailed {
                prepare: count(files, |failed| failed.prepare),
                transfer: count(files, |failed| failed.transfer),
                verify: count(files, |failed| failed.verify),
                delete: count(files, |failed| failed.delete),
            },
            folders: FoldersFailed {
                list: count(folders, |failed| failed.list),
                prepare: count(folders, |failed| failed.prepare),
                transfer: count(folders, |failed| failed.transfer),
                verify: count(folders, |failed| failed.verify),
                delete: count(folders, |failed| failed.delete),
            },
            total: snapshot.and_then(progress::failures),
            per_hour: failures_per_hour(execution),
        }
    }
}

/// Failures of all steps an hour; `None` before ten minutes of the watch.
fn failures_per_hour(execution: &Execution) -> Option<f64> {
    if !execution.applicability().reports(Metric::Failures) {
        return None;
    }
    let steps = [Step::Listed, Step::Prepared, Step::Transferred, Step::Verified, Step::Deleted];
    steps.into_iter().filter_map(|step| execution.step_rates().per_hour(step)).reduce(|a, b| a + b)
}

impl<'a> FaultReport<'a> {
    fn of(fault: &'a Fault) -> Self {
        Self { kind: fault.kind.as_str(), code: fault.code.as_deref(), message: &fault.message }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        aws::fault::FaultKind,
        transfer::execution::tests::{answer, at, fault, unknown, watched},
    };

    fn read(execution: &Execution, second: i64) -> Value {
        let text = State::of(execution, at(second)).json();
        assert!(!text.contains('\n'));
        serde_json::from_str(&text).unwrap()
    }

    const ENHANCED: &str = r#""TaskMode":"ENHANCED","Options":{"VerifyMode":"ONLY_FILES_TRANSFERRED"}"#;

    fn enhanced() -> Execution {
        watched((0..=1200).step_by(15).map(|second| {
            let members = format!(
                r#"{ENHANCED},"Status":"TRANSFERRING","StartTime":1799999990,"LaunchTime":1799999995,"BytesWritten":{},"EstimatedBytesToTransfer":4000000,"FilesTransferred":{second},"EstimatedFilesToTransfer":4000,"FilesFailed":{{"Transfer":{},"Verify":0}},"Result":{{"TotalDuration":{}}}"#,
                second * 1000,
                second / 60,
                second * 1000
            );
            (second, members)
        }))
    }

    #[test]
    fn the_members_are_those_of_the_contract_in_their_order() {
        let text = State::of(&enhanced(), at(1200)).json();
        let members = [
            "schema_version",
            "observed_at",
            "execution",
            "status",
            "terminal",
            "mode",
            "queued_seconds",
            "elapsed_seconds",
            "phases",
            "progress",
            "rates",
            "eta",
            "eta_unknown_because",
            "failures",
            "health",
            "counters_changed_at",
            "fault",
            "response",
        ];
        let state: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(state.as_object().unwrap().keys().collect::<Vec<_>>(), members);
        let names = |member: &str| state[member].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(
            names("rates"),
            ["bytes_per_second", "files_per_second", "average_bytes_per_second", "window_seconds"]
        );
        assert_eq!(names("eta"), ["of", "earliest", "likely", "latest", "is_lower_bound"]);
        assert_eq!(names("failures"), ["files", "folders", "total", "per_hour"]);
    }

    #[test]
    fn a_running_execution_says_what_is_known() {
        let state = read(&enhanced(), 1200);
        assert_eq!(state["schema_version"], 1);
        assert_eq!(state["observed_at"], "2027-01-15T08:20:00.000Z");
        assert_eq!(
            (&state["status"], &state["terminal"], &state["mode"]),
            (&json!("TRANSFERRING"), &json!(false), &json!("ENHANCED"))
        );
        assert_eq!((&state["queued_seconds"], &state["elapsed_seconds"]), (&json!(5.0), &json!(1210.0)));
        let bytes = json!({ "done": 1_200_000, "total": 4_000_000, "fraction": 0.3, "total_is_growing": false });
        assert_eq!(state["progress"]["bytes"], bytes);
        assert_eq!(state["rates"]["bytes_per_second"], 1000.0);
        assert_eq!(state["rates"]["average_bytes_per_second"], 1000.0);
        assert_eq!(
            (&state["failures"]["files"]["transfer"], &state["failures"]["files"]["prepare"]),
            (&json!(20), &json!(null))
        );
        assert_eq!((&state["failures"]["total"], &state["failures"]["per_hour"]), (&json!(20), &json!(60.0)));
        assert_eq!(state["eta"]["of"], "transfer");
        assert_eq!(state["eta_unknown_because"], Value::Null);
        assert_eq!(state["counters_changed_at"], state["observed_at"]);
        assert_eq!(state["response"]["BytesWritten"], 1_200_000);
        assert_eq!(state["execution"]["execution_id"], "exec-0123456789abcdef0");
    }

    #[test]
    fn what_is_not_known_is_null() {
        let state = read(&unknown(), 5);
        for member in
            ["status", "mode", "queued_seconds", "elapsed_seconds", "eta", "counters_changed_at", "fault", "response"]
        {
            assert_eq!(state[member], Value::Null, "{member}");
        }
        assert_eq!(state["eta_unknown_because"], "nothing was seen yet");
        assert_eq!(state["progress"]["bytes"]["done"], Value::Null);
        assert_eq!(state["health"]["state"], "starting");
        let basic = watched([(0, r#""Status":"TRANSFERRING","BytesWritten":5,"FilesFailed":{"Verify":0}"#.to_owned())]);
        let state = read(&basic, 0);
        assert_eq!((&state["failures"]["files"]["verify"], &state["failures"]["total"]), (&Value::Null, &Value::Null));
        assert_eq!(state["mode"], "BASIC");
    }

    #[test]
    fn an_execution_that_no_response_names_has_no_arn() {
        let mut execution = Execution::new(crate::aws::arn::Arn::unnamed(), at(0));
        execution.observe(&answer(0, r#""Status":"QUEUED""#));
        let state = read(&execution, 0);
        for member in ["arn", "task_id", "execution_id", "account", "region"] {
            assert_eq!(state["execution"][member], Value::Null, "{member}");
        }
        assert_eq!(state["status"], "QUEUED");
    }

    #[test]
    fn a_fault_stands_beside_what_was_last_seen() {
        let mut execution = enhanced();
        execution.observe(&fault(1205, FaultKind::Throttled));
        let state = read(&execution, 1205);
        assert_eq!(state["fault"], json!({ "kind": "throttled", "code": null, "message": "it was throttled" }));
        assert_eq!(state["response"]["BytesWritten"], 1_200_000);
    }

    #[test]
    fn nothing_runs_at_a_rate_once_it_stopped() {
        let mut execution = enhanced();
        let last = execution.answer().unwrap().verbatim().trim_matches(['{', '}']).to_owned() + "}";
        for second in (1205..2000).step_by(15) {
            execution.observe(&answer(second, &last));
        }
        let stalled = read(&execution, 2000);
        assert_eq!(
            (&stalled["health"]["state"], &stalled["rates"]["bytes_per_second"]),
            (&json!("stalled"), &json!(0.0))
        );
        execution.observe(&answer(2005, &last.replace("TRANSFERRING", "SUCCESS")));
        let over = read(&execution, 2005);
        assert_eq!((&over["terminal"], &over["rates"]["bytes_per_second"]), (&json!(true), &Value::Null));
        assert_eq!(over["eta_unknown_because"], "it is over");
    }

    #[test]
    fn an_answer_of_many_lines_is_printed_on_one() {
        let mut execution = unknown();
        execution.observe(&answer(0, "\n  \"Status\": \"QUEUED\",\r\n  \"Novel\": 1.50\n"));
        assert_eq!(read(&execution, 0)["response"]["Novel"], 1.5);
        assert!(State::of(&execution, at(0)).json().contains("1.50"), "as it came");
    }
}
