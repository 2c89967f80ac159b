//! The account behind the endpoint: its tasks, executions and locations, and what each operation says of them.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::{
    hash::hash,
    scenario::{Ending, Injected, Scenario},
};
use crate::aws::{arn::Arn, snapshot::Snapshot};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "us-east-1";

/// Finished executions of each task, one a night.
const EARLIER: u32 = 6;

/// Entries of a page where the request does not ask for a number of its own.
const PAGE: usize = 5;

/// The operations that are answered.
const OPERATIONS: [&str; 5] =
    ["DescribeTaskExecution", "DescribeTask", "ListTasks", "ListTaskExecutions", "ListLocations"];

/// One task for each scenario, with its running and its earlier executions.
#[derive(Debug)]
pub(super) struct Account {
    started: Timestamp,
    tasks: Vec<Task>,
    /// URIs by the ARN of their location.
    locations: BTreeMap<String, &'static str>,
}

#[derive(Debug)]
struct Task {
    scenario: &'static Scenario,
    /// The execution that runs; the task's own ARN is part of it.
    current: Arn,
    /// In the order in which they are listed: neither the first nor the last is the newest.
    executions: Vec<Execution>,
}

#[derive(Debug)]
struct Execution {
    arn: Arn,
    /// How many nights ago it was; 0 for the one that runs.
    nights: u32,
}

/// An error of the service.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ServiceError {
    /// The HTTP status.
    pub status: u16,
    /// The exception's name.
    pub code: &'static str,
    /// `message`.
    pub message: String,
    /// `errorCode` and `datasyncErrorCode`, which an InvalidRequestException carries.
    pub reason: Option<&'static str>,
}

impl ServiceError {
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), reason: None }
    }

    fn invalid(reason: &'static str, message: impl Into<String>) -> Self {
        Self { reason: Some(reason), ..Self::new(400, "InvalidRequestException", message) }
    }
}

impl Account {
    /// Executions of these scenarios, all asked for at `started`. A scenario that is given twice makes two tasks.
    pub fn new(scenarios: &[&'static Scenario], started: Timestamp) -> Self {
        let mut tasks: Vec<Task> = Vec::new();
        for scenario in scenarios {
            let before = tasks.iter().filter(|task| task.scenario.name == scenario.name).count();
            tasks.push(Task::new(scenario, before));
        }
        let uris = scenarios.iter().flat_map(|scenario| [scenario.source, scenario.destination]);
        Self { started, tasks, locations: uris.map(|uri| (location(uri), uri)).collect() }
    }

    /// The running execution of each task.
    pub fn executions(&self) -> Vec<(&'static Scenario, Arn)> {
        self.tasks.iter().map(|task| (task.scenario, task.current.clone())).collect()
    }

    /// What this call gets instead of its answer at `now`, if anything.
    pub fn injected(&self, operation: &str, request: &Map<String, Value>, now: Timestamp) -> Option<Injected> {
        let asked = request.get("TaskExecutionArn").and_then(Value::as_str)?;
        let task = self.tasks.iter().find(|task| task.current.to_string() == asked)?;
        if operation == "DescribeTaskExecution" { task.scenario.injected_at(self.started, now) } else { None }
    }

    /// What an operation answers at `now`.
    ///
    /// # Errors
    /// The service's own: for operations and ARNs that are not known here, and for wrong members.
    pub fn call(&self, operation: &str, request: &Map<String, Value>, now: Timestamp) -> Result<Value, ServiceError> {
        match operation {
            "DescribeTaskExecution" => self.describe_task_execution(request, now),
            "DescribeTask" => self.describe_task(request, now),
            "ListTasks" => page("Tasks", self.tasks.iter().map(|task| self.task_entry(task, now)).collect(), request),
            "ListTaskExecutions" => self.list_task_executions(request, now),
            "ListLocations" => page("Locations", self.location_entries(), request),
            _ => Err(ServiceError::new(
                400,
                "UnknownOperationException",
                format!("'{operation}' is not answered here; these are: {}", OPERATIONS.join(", ")),
            )),
        }
    }

    fn describe_task_execution(&self, request: &Map<String, Value>, now: Timestamp) -> Result<Value, ServiceError> {
        let asked = required(request, "TaskExecutionArn")?;
        let mut all = self.tasks.iter().flat_map(|task| task.executions.iter().map(move |execution| (task, execution)));
        let (task, execution) = all
            .find(|(_, execution)| execution.arn.to_string() == asked)
            .ok_or_else(|| ServiceError::invalid("TaskExecutionNotFound", format!("{asked} does not exist.")))?;
        Ok(members(&self.snapshot(task, execution, now)).into())
    }

    fn describe_task(&self, request: &Map<String, Value>, now: Timestamp) -> Result<Value, ServiceError> {
        let task = self.task(required(request, "TaskArn")?)?;
        let snapshot = task.scenario.answer(&task.current, self.started, now);
        let mut answer = self.task_entry(task, now);
        let running = !snapshot.is_over();
        let created = self.started.as_second() - 86_400 * 90;
        let settings = ["Options", "Excludes", "Includes", "ManifestConfig", "TaskReportConfig"];
        let mut more = members(&snapshot);
        more.retain(|member, _| settings.contains(&member.as_str()));
        more.insert("CreationTime".into(), (created as f64).into());
        more.insert("SourceLocationArn".into(), location(task.scenario.source).into());
        more.insert("DestinationLocationArn".into(), location(task.scenario.destination).into());
        if running {
            more.insert("CurrentTaskExecutionArn".into(), task.current.to_string().into());
        }
        if task.scenario.option("LogLevel") != "OFF" {
            let group = format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/datasync:*");
            more.insert("CloudWatchLogGroupArn".into(), group.into());
        }
        if let Value::Object(answer) = &mut answer {
            answer.extend(more);
        }
        Ok(answer)
    }

    fn list_task_executions(&self, request: &Map<String, Value>, now: Timestamp) -> Result<Value, ServiceError> {
        let tasks = match text(request, "TaskArn")? {
            Some(arn) => std::slice::from_ref(self.task(arn)?),
            None => &self.tasks,
        };
        let entry = |task: &Task, execution: &Execution| {
            let mut entry = members(&self.snapshot(task, execution, now));
            entry.retain(|member, _| ["TaskExecutionArn", "Status", "TaskMode"].contains(&member.as_str()));
            Value::from(entry)
        };
        let entries = tasks.iter().flat_map(|task| task.executions.iter().map(move |execution| entry(task, execution)));
        page("TaskExecutions", entries.collect(), request)
    }

    fn snapshot(&self, task: &Task, execution: &Execution, now: Timestamp) -> Snapshot {
        if execution.nights == 0 {
            return task.scenario.answer(&execution.arn, self.started, now);
        }
        let own = hash(&execution.arn.to_string());
        let back = i64::from(execution.nights) * 86_400 - (own % 1800) as i64;
        let started = self.started.checked_sub(SignedDuration::from_secs(back)).unwrap_or(Timestamp::MIN);
        let (lasted, share) = (1200.0 + (own % 2700) as f64, 0.05 + (own % 40) as f64 / 100.0);
        let ending = match execution.nights {
            3 => Ending::Error {
                code: "",
                detail: "The agent lost its connection to the service.",
                steps: ["SUCCESS", "ERROR", "PENDING"],
            },
            _ => Ending::Success,
        };
        task.scenario.earlier(&execution.arn, started, lasted, share, ending)
    }

    fn task(&self, asked: &str) -> Result<&Task, ServiceError> {
        let found = self.tasks.iter().find(|task| task.current.task_arn() == asked);
        found.ok_or_else(|| ServiceError::invalid("TaskNotFound", format!("{asked} does not exist.")))
    }

    fn task_entry(&self, task: &Task, now: Timestamp) -> Value {
        let snapshot = task.scenario.answer(&task.current, self.started, now);
        let status = match snapshot.status.as_deref() {
            _ if snapshot.is_over() => "AVAILABLE",
            Some("QUEUED") => "QUEUED",
            _ => "RUNNING",
        };
        let mut entry = json!({"TaskArn": task.current.task_arn(), "Status": status, "Name": task.scenario.task});
        if let Some(mode) = task.scenario.mode.word() {
            entry["TaskMode"] = mode.into();
        }
        entry
    }

    fn location_entries(&self) -> Vec<Value> {
        self.locations.iter().map(|(arn, uri)| json!({"LocationArn": arn, "LocationUri": uri})).collect()
    }
}

impl Task {
    /// `nth` tells tasks of the same scenario apart.
    fn new(scenario: &'static Scenario, nth: usize) -> Self {
        let seed = if nth == 0 { scenario.name.to_owned() } else { format!("{} {nth}", scenario.name) };
        let arn = |nights| Arn {
            partition: "aws".into(),
            region: REGION.into(),
            account: ACCOUNT.into(),
            task: format!("task-{}", id(&seed)),
            execution: Some(format!("exec-{}", id(&format!("{seed}, {nights} nights ago")))),
        };
        let mut executions: Vec<_> = (1..=EARLIER).map(|nights| Execution { arn: arn(nights), nights }).collect();
        executions.sort_by(|a, b| a.arn.cmp(&b.arn));
        executions.insert(EARLIER as usize / 2, Execution { arn: arn(0), nights: 0 });
        Self { scenario, current: arn(0), executions }
    }
}

fn location(uri: &str) -> String {
    format!("arn:aws:datasync:{REGION}:{ACCOUNT}:location/loc-{}", id(uri))
}

/// 17 hexadecimal digits, the same for the same text at every run.
fn id(text: &str) -> String {
    let number = hash(text);
    format!("{number:016x}{:x}", (number >> 29) & 0xf)
}

fn members(snapshot: &Snapshot) -> Map<String, Value> {
    match serde_json::to_value(snapshot) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    }
}

fn text<'a>(request: &'a Map<String, Value>, member: &str) -> Result<Option<&'a str>, ServiceError> {
    match request.get(member) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(ServiceError::new(400, "SerializationException", format!("{member} is not a text"))),
    }
}

fn required<'a>(request: &'a Map<String, Value>, member: &str) -> Result<&'a str, ServiceError> {
    let missing = || ServiceError::invalid("MissingParameter", format!("{member} is missing."));
    text(request, member)?.filter(|text| !text.is_empty()).ok_or_else(missing)
}

/// The part of a list that the request's MaxResults and NextToken ask for.
fn page(member: &str, entries: Vec<Value>, request: &Map<String, Value>) -> Result<Value, ServiceError> {
    let size = match request.get("MaxResults") {
        None | Some(Value::Null) => PAGE,
        Some(size) => size.as_u64().filter(|size| (1..=100).contains(size)).ok_or_else(|| {
            ServiceError::invalid("InvalidParameter", "MaxResults is not a whole number from 1 to 100.")
        })? as usize,
    };
    let from = match text(request, "NextToken")? {
        None => 0,
        Some(token) => position(member, token)
            .filter(|from| *from <= entries.len())
            .ok_or_else(|| ServiceError::invalid("InvalidParameter", "NextToken is not one of this list."))?,
    };
    let more = from + size < entries.len();
    let page: Vec<Value> = entries.into_iter().skip(from).take(size).collect();
    let mut answer = json!({member: page});
    if more {
        answer["NextToken"] = URL_SAFE_NO_PAD.encode(format!("{member}:{}", from + size)).into();
    }
    Ok(answer)
}

fn position(member: &str, token: &str) -> Option<usize> {
    let token = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    token.strip_prefix(member)?.strip_prefix(':')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::scenarios::SCENARIOS;

    fn account() -> (Account, Timestamp) {
        let started: Timestamp = "2026-11-22T16:00:00Z".parse().unwrap();
        (Account::new(&SCENARIOS.iter().collect::<Vec<_>>(), started), started)
    }

    fn request(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn all_pages(account: &Account, operation: &str, member: &str, mut asked: Value, now: Timestamp) -> Vec<Value> {
        let mut all = Vec::new();
        for _ in 0..200 {
            let answer = account.call(operation, &request(asked.clone()), now).unwrap();
            all.extend(answer[member].as_array().unwrap().iter().cloned());
            match answer.get("NextToken") {
                Some(token) => asked["NextToken"] = token.clone(),
                None => return all,
            }
        }
        panic!("the pages have no end");
    }

    #[test]
    fn arns_are_stable_and_read_as_arns() {
        let (account, _) = account();
        for (scenario, arn) in account.executions() {
            assert_eq!(Arn::parse(&arn.to_string()).unwrap(), arn, "{}", scenario.name);
        }
        let (_, first) = &account.executions()[0];
        let expected = "arn:aws:datasync:us-east-1:111122223333:task/task-";
        assert!(first.to_string().starts_with(expected));
        let (again, _) = super::tests::account();
        assert_eq!(again.executions()[0].1, *first);
        let twice = Account::new(&[&SCENARIOS[0], &SCENARIOS[0]], Timestamp::UNIX_EPOCH).executions();
        assert_eq!(twice[0].1, *first);
        assert_ne!(twice[0].1.task, twice[1].1.task);
    }

    #[test]
    fn pages_of_any_size_hold_every_entry_once() {
        let (account, now) = account();
        for (operation, member, count) in [
            ("ListTasks", "Tasks", SCENARIOS.len()),
            ("ListTaskExecutions", "TaskExecutions", 7 * SCENARIOS.len()),
            ("ListLocations", "Locations", account.locations.len()),
        ] {
            let whole = all_pages(&account, operation, member, json!({"MaxResults": 100}), now);
            assert_eq!(whole.len(), count);
            for asked in [json!({}), json!({"MaxResults": 1}), json!({"MaxResults": 2}), json!({"MaxResults": 7})] {
                assert_eq!(all_pages(&account, operation, member, asked, now), whole);
            }
        }
        assert_eq!(account.call("ListTasks", &Map::new(), now).unwrap()["Tasks"].as_array().unwrap().len(), PAGE);
    }

    #[test]
    fn the_newest_execution_is_neither_first_nor_last() {
        let (account, now) = account();
        for (_, arn) in account.executions() {
            let asked = json!({"TaskArn": arn.task_arn()});
            let all = all_pages(&account, "ListTaskExecutions", "TaskExecutions", asked, now);
            let started = |entry: &Value| {
                let asked = json!({"TaskExecutionArn": entry["TaskExecutionArn"]});
                account.call("DescribeTaskExecution", &request(asked), now).unwrap()["StartTime"].as_f64().unwrap()
            };
            let newest = all.iter().max_by(|a, b| started(a).total_cmp(&started(b))).unwrap();
            assert_eq!(newest["TaskExecutionArn"], arn.to_string());
            assert!(all.first() != Some(newest) && all.last() != Some(newest));
            assert_eq!(all.iter().filter(|entry| entry["Status"] == "ERROR").count(), 1);
        }
    }

    #[test]
    fn a_task_names_its_execution_while_that_runs() {
        let (account, started) = account();
        let (scenario, arn) = &account.executions()[0];
        let asked = request(json!({"TaskArn": arn.task_arn()}));
        let running = account.call("DescribeTask", &asked, started).unwrap();
        assert_eq!(running["CurrentTaskExecutionArn"], arn.to_string());
        assert_eq!((&running["Name"], &running["Status"]), (&scenario.task.into(), &"QUEUED".into()));
        let uri = |member: &str| account.locations[running[member].as_str().unwrap()];
        assert_eq!(uri("SourceLocationArn"), scenario.source);
        assert_eq!(uri("DestinationLocationArn"), scenario.destination);
        let over = started.checked_add(SignedDuration::from_hours(9)).unwrap();
        let over = account.call("DescribeTask", &asked, over).unwrap();
        assert_eq!((&over["Status"], over.get("CurrentTaskExecutionArn")), (&"AVAILABLE".into(), None));
    }

    #[test]
    fn what_is_wrong_is_said_as_the_service_says_it() {
        let (account, now) = account();
        let other = "arn:aws:datasync:us-east-1:111122223333:task/task-00000000000000000";
        for (operation, asked, code, reason) in [
            ("DescribeTask", json!({"TaskArn": other}), "InvalidRequestException", Some("TaskNotFound")),
            ("ListTaskExecutions", json!({"TaskArn": other}), "InvalidRequestException", Some("TaskNotFound")),
            (
                "DescribeTaskExecution",
                json!({"TaskExecutionArn": format!("{other}/execution/exec-00000000000000000")}),
                "InvalidRequestException",
                Some("TaskExecutionNotFound"),
            ),
            ("DescribeTaskExecution", json!({}), "InvalidRequestException", Some("MissingParameter")),
            ("DescribeTaskExecution", json!({"TaskExecutionArn": 7}), "SerializationException", None),
            ("ListTasks", json!({"MaxResults": 0}), "InvalidRequestException", Some("InvalidParameter")),
            ("ListTasks", json!({"MaxResults": "many"}), "InvalidRequestException", Some("InvalidParameter")),
            ("ListTasks", json!({"NextToken": "x"}), "InvalidRequestException", Some("InvalidParameter")),
            ("StartTaskExecution", json!({}), "UnknownOperationException", None),
        ] {
            let error = account.call(operation, &request(asked), now).unwrap_err();
            assert_eq!((error.status, error.code, error.reason), (400, code, reason), "{operation}");
        }
    }
}
