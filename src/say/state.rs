//! What is known of one transfer at one moment, as `--output json` and `ndjson` print it.
//!
//! Numbers are in base units, times in RFC 3339 UTC, and what is not known is `null`, never 0. A JSON schema of
//! it is `assets/state.schema.json`.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, Serializer};

use super::{
    text::escaped_controls,
    words::{self, eta, finding, rate},
};
use crate::{
    aws::{
        applicability::Metric,
        fault::Fault,
        line,
        snapshot::{Count, Failed, Status},
    },
    transfer::{
        execution::Execution,
        judge::{estimate::Estimate, health::Health},
        past::phases::Phase,
        present::{progress::Gauge, rates::Current},
        readout::Readout,
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
    outcome: Option<&'static str>,
    mode: Option<&'a str>,
    queued_seconds: Option<f64>,
    elapsed_seconds: Option<f64>,
    phases: Vec<PhaseReport>,
    progress: Progress,
    rates: Rates,
    eta: Option<Eta>,
    eta_unknown_because: Option<String>,
    failures: Failures,
    health: HealthReport,
    bottleneck: Option<&'static str>,
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
struct PhaseReport {
    name: String,
    state: &'static str,
    seconds: Option<f64>,
    bound: Option<&'static str>,
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
    state: &'static str,
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
    severity: &'static str,
    step: Option<&'static str>,
    reasons: Vec<String>,
}

#[derive(Debug, Serialize)]
struct FaultReport<'a> {
    kind: &'static str,
    code: Option<&'a str>,
    message: &'a str,
}

impl<'a> State<'a> {
    /// What is known of an execution at `at`, the moment of the newest observation or a later one.
    pub fn of(execution: &'a Execution, at: Timestamp) -> Self {
        Self::from(&Readout::of(execution, at))
    }

    /// The coded word of its health.
    pub fn health(&self) -> &'static str {
        self.health.state
    }

    /// The step that its health is about, as the state's JSON names it; `None` where it is about the whole.
    pub fn health_step(&self) -> Option<&'static str> {
        self.health.step
    }

    /// What its health rests on, in sentences.
    pub fn reasons(&self) -> &[String] {
        &self.health.reasons
    }

    /// One JSON object on one line, without its end. The answer in it is verbatim, but for DEL and C1 controls: escaped.
    pub fn json(&self) -> String {
        let mut text = Vec::with_capacity(4096);
        self.write(&mut text);
        String::from_utf8(text).unwrap_or_default()
    }

    /// Adds the same to a text.
    pub fn write(&self, text: &mut Vec<u8>) {
        let from = text.len();
        // nothing in it can fail to be written
        let _ = serde_json::to_writer(&mut *text, self);
        // the answer is JSON already, and goes in as it came
        if text.pop() == Some(b'}') {
            text.extend_from_slice(br#","response":"#);
            text.extend_from_slice(self.response.map_or("null".into(), line::on_one_line).as_bytes());
            text.push(b'}');
        }
        if let Ok(Cow::Owned(escaped)) = str::from_utf8(&text[from..]).map(escaped_controls) {
            text.truncate(from);
            text.extend_from_slice(escaped.as_bytes());
        }
    }
}

/// Never below 0, whatever a clock or a response says.
fn seconds(span: SignedDuration) -> f64 {
    span.max(SignedDuration::ZERO).as_millis() as f64 / 1e3
}

impl<'a> From<&Readout<'a>> for State<'a> {
    fn from(readout: &Readout<'a>) -> Self {
        let (snapshot, grows) = (readout.snapshot, readout.totals_grow);
        let (eta, eta_unknown_because) = match &readout.estimate {
            Ok(estimate) => (Some(Eta::of(estimate)), None),
            Err(_) if snapshot.is_none() => (None, Some("no response yet".into())),
            Err(unknown) => (None, Some(eta::unknown(unknown))),
        };
        Self {
            schema_version: SCHEMA_VERSION,
            observed_at: Moment(readout.at),
            execution: Which::of(readout),
            status: snapshot.and_then(|snapshot| snapshot.status.as_deref()),
            terminal: readout.is_over(),
            outcome: readout.outcome.map(words::outcome_code),
            mode: snapshot.map(|snapshot| snapshot.task_mode.as_deref().unwrap_or("BASIC")),
            queued_seconds: queued(&readout.phases),
            elapsed_seconds: readout.elapsed.map(seconds),
            phases: readout.phases.iter().map(PhaseReport::of).collect(),
            progress: Progress { bytes: Measured::of(readout.bytes, grows), files: Measured::of(readout.files, grows) },
            rates: Rates::of(readout),
            eta,
            eta_unknown_because,
            failures: Failures::of(readout),
            health: HealthReport::of(&readout.health),
            bottleneck: readout.bottleneck.as_ref().map(words::bottleneck_code),
            counters_changed_at: readout.counters_changed_at().map(Moment),
            fault: readout.outage().map(|outage| FaultReport::of(&outage.fault)),
            response: readout.response().map(|response| &**response.verbatim()),
        }
    }
}

fn queued(phases: &[Phase]) -> Option<f64> {
    let queued = phases.iter().find(|phase| phase.status == Status::Queued)?;
    queued.age.map(|age| seconds(age.span()))
}

impl PhaseReport {
    fn of(phase: &Phase) -> Self {
        Self {
            name: phase.status.as_str().to_owned(),
            state: words::phase_code(phase.state),
            seconds: phase.age.map(|age| seconds(age.span())),
            bound: phase.age.and_then(words::age_bound),
        }
    }
}

impl HealthReport {
    fn of(health: &Health) -> Self {
        Self {
            state: words::health_code(health.state),
            severity: words::severity_code(health.severity),
            step: health.step().map(words::step_verb),
            reasons: health.finding.iter().map(finding::sentence).collect(),
        }
    }
}

impl<'a> Which<'a> {
    fn of(readout: &Readout<'a>) -> Self {
        let (arn, task) = (readout.arn(), readout.task());
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
    /// While it stands still, it runs at 0; where the rate is not known, it is `null`.
    fn of(readout: &Readout) -> Self {
        let (bytes, files, window) = match readout.rate {
            Current::Moving { bytes, files } => (Some(bytes.per_second), Some(files.per_second), Some(bytes.window)),
            Current::Still(span) => (Some(0.0), Some(0.0), Some(seconds(span))),
            Current::Measuring | Current::Unseen | Current::None => (None, None, None),
        };
        Self {
            state: rate::code(&readout.rate),
            bytes_per_second: bytes,
            files_per_second: files,
            average_bytes_per_second: readout.average,
            window_seconds: window,
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
    fn of(readout: &Readout) -> Self {
        let snapshot = readout.snapshot.filter(|_| readout.applicability().reports(Metric::Failures));
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
            total: readout.failures,
            per_hour: readout.failures_per_hour(),
        }
    }
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
            "outcome",
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
            "bottleneck",
            "counters_changed_at",
            "fault",
            "response",
        ];
        let state: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(state.as_object().unwrap().keys().collect::<Vec<_>>(), members);
        let names = |member: &str| state[member].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(
            names("rates"),
            ["state", "bytes_per_second", "files_per_second", "average_bytes_per_second", "window_seconds"]
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
        assert_eq!(state["eta_unknown_because"], "no response yet");
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
        let last = execution.response().unwrap().verbatim().trim_matches(['{', '}']).to_owned() + "}";
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
