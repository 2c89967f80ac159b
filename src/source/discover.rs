//! Which execution a task's ARN or a console address means, and what is known of its task.

use std::collections::HashSet;

use futures_util::{StreamExt, stream};
use jiff::Timestamp;

use super::service::{Service, subject};
use crate::aws::{
    arn::Arn,
    fault::{Fault, FaultKind},
    observation::Outcome,
    snapshot::Status,
    task::Task,
};

const DESCRIBE_TASK: &str = "datasync:DescribeTask";
const LIST_EXECUTIONS: &str = "datasync:ListTaskExecutions";
const LIST_TASKS: &str = "datasync:ListTasks";
const LIST_LOCATIONS: &str = "datasync:ListLocations";
/// How many candidates are looked at in one go: more would only be throttled.
const AT_ONCE: usize = 4;

/// The execution that `arn` means, with its account.
///
/// # Errors
/// A fault that says what is missing; it is final where asking again can't help.
pub async fn execution(service: &Service, arn: &Arn) -> Result<Arn, Fault> {
    let arn = with_account(service, arn).await?;
    if arn.execution.is_some() {
        return Ok(arn);
    }
    match described(service, &arn).await {
        Ok(Some(execution)) => Ok(execution),
        Ok(None) => listed(service, &arn).await,
        Err(fault) if fault.kind == FaultKind::Denied => listed(service, &arn).await.map_err(|second| {
            if second.kind != FaultKind::Denied {
                return second;
            }
            let what = format!(
                "to find the execution of a task, {DESCRIBE_TASK} or {LIST_EXECUTIONS} must be allowed; \
                 give the ARN of the execution to do without: {fault}"
            );
            Fault { message: what, ..second }
        }),
        Err(fault) => Err(fault),
    }
}

/// A console address does not say the account. The tasks of the region do, and some credentials.
async fn with_account(service: &Service, arn: &Arn) -> Result<Arn, Fault> {
    if !arn.account.is_empty() {
        return Ok(arn.clone());
    }
    let of_task = task_in_list(service, arn).await;
    let account = match &of_task {
        Ok(Some(account)) => Some(account.clone()),
        Ok(None) => service.account().await,
        Err(fault) if fault.kind == FaultKind::Denied => service.account().await,
        Err(_) => None,
    };
    match (account, of_task) {
        (Some(account), _) => Ok(Arn { account, ..arn.clone() }),
        (None, Ok(_)) => {
            let what = format!("there is no {} that these credentials can see; give its ARN", subject(arn));
            Err(Fault::new(FaultKind::NotFound, what))
        }
        (None, Err(fault)) if fault.kind == FaultKind::Denied => {
            let what = format!("a console address does not say the account; give the ARN instead, for {fault}");
            Err(Fault { message: what, ..fault })
        }
        (None, Err(fault)) => Err(fault),
    }
}

/// The account of the task with this id, from ListTasks.
async fn task_in_list(service: &Service, arn: &Arn) -> Result<Option<String>, Fault> {
    let mut pages = Pages::default();
    loop {
        let token = pages.token.clone();
        let (_, page) = service
            .ask(LIST_TASKS, &format!("tasks in {}", arn.region), async move |client: aws_sdk_datasync::Client, ear| {
                client.list_tasks().max_results(100).set_next_token(token).customize().interceptor(ear).send().await
            })
            .await;
        let page = page?;
        let arns = page.tasks().iter().filter_map(|task| Arn::parse(task.task_arn()?).ok());
        if let Some(found) = arns.into_iter().find(|found| found.task == arn.task) {
            return Ok(Some(found.account));
        }
        if !pages.turn(page.next_token) {
            return Ok(None);
        }
    }
}

/// The execution that DescribeTask calls the most recent one; `None` where it names none.
async fn described(service: &Service, task: &Arn) -> Result<Option<Arn>, Fault> {
    let asked = task.task_arn();
    let (_, answer) = service
        .ask(DESCRIBE_TASK, &subject(task), async move |client: aws_sdk_datasync::Client, ear| {
            client.describe_task().task_arn(asked).customize().interceptor(ear).send().await
        })
        .await;
    let current = answer?.current_task_execution_arn;
    let current = current.and_then(|arn| Arn::parse(&arn).ok()).filter(|arn| arn.execution.is_some());
    Ok(current.filter(|current| current.task == task.task))
}

/// The execution that runs, or else the newest one by its time: the list's order says nothing.
async fn listed(service: &Service, task: &Arn) -> Result<Arn, Fault> {
    let executions = executions(service, task).await?;
    let (over, mut open): (Vec<_>, Vec<_>) = executions.into_iter().partition(|(_, status)| status.is_over());
    // Behind one that runs, others may be queued; it is the one to watch.
    if open.iter().any(|(_, status)| *status != Status::Queued) {
        open.retain(|(_, status)| *status != Status::Queued);
    }
    let candidates: Vec<Arn> = if open.is_empty() { over } else { open }.into_iter().map(|(arn, _)| arn).collect();
    match &candidates[..] {
        [] => Err(Fault::new(
            FaultKind::NotFound,
            format!("{} has no execution in the last 30 days; start it, or give another", subject(task)),
        )),
        [only] => Ok(only.clone()),
        _ => newest(service, candidates).await,
    }
}

/// All executions of a task with their statuses, of all pages.
async fn executions(service: &Service, task: &Arn) -> Result<Vec<(Arn, Status)>, Fault> {
    let mut pages = Pages::default();
    let mut all = Vec::new();
    loop {
        let (asked, token) = (task.task_arn(), pages.token.clone());
        let (_, page) = service
            .ask(LIST_EXECUTIONS, &subject(task), async move |client: aws_sdk_datasync::Client, ear| {
                let request = client.list_task_executions().task_arn(asked).max_results(100).set_next_token(token);
                request.customize().interceptor(ear).send().await
            })
            .await;
        let page = page?;
        all.extend(page.task_executions().iter().filter_map(|entry| {
            let arn = Arn::parse(entry.task_execution_arn()?).ok()?;
            let status = entry.status().map_or("", |status| status.as_str());
            (arn.execution.is_some() && arn.task == task.task).then(|| (arn, Status::from(status)))
        }));
        if !pages.turn(page.next_token) {
            return Ok(all);
        }
    }
}

async fn newest(service: &Service, candidates: Vec<Arn>) -> Result<Arn, Fault> {
    let looks = candidates.into_iter().map(|arn| async move { (started(service, &arn).await, arn) });
    let mut looks = stream::iter(looks).buffer_unordered(AT_ONCE);
    let mut best: Option<(Option<Timestamp>, Arn)> = None;
    while let Some((started, arn)) = looks.next().await {
        match started {
            Ok(time) if best.as_ref().is_none_or(|(so_far, _)| time > *so_far) => best = Some((time, arn)),
            Ok(_) => {}
            // Aged out since it was listed.
            Err(fault) if fault.kind == FaultKind::NotFound => {}
            // With one unseen, the newest is not known.
            Err(fault) => return Err(fault),
        }
    }
    let gone = || Fault::new(FaultKind::NotFound, "none of the task's executions is there any more");
    best.map(|(_, arn)| arn).ok_or_else(gone)
}

/// When an execution was asked for, or began.
async fn started(service: &Service, arn: &Arn) -> Result<Option<Timestamp>, Fault> {
    match service.describe(arn).await {
        Outcome::Response(answer) => {
            let snapshot = answer.snapshot();
            Ok(snapshot.start_time.or(snapshot.launch_time).map(|time| time.0))
        }
        Outcome::Fault(fault) => Err(fault),
    }
}

/// What became of asking for a task's facts.
#[derive(Debug)]
pub struct Facts {
    /// As much as was said.
    pub task: Task,
    /// Whether asking again could bring more.
    pub again: bool,
}

/// Name, log group and both locations of the task, as far as they are said and allowed to be seen.
pub async fn facts(service: &Service, arn: &Arn) -> Facts {
    let asked = arn.task_arn();
    let (_, answer) = service
        .ask(DESCRIBE_TASK, &subject(arn), async move |client: aws_sdk_datasync::Client, ear| {
            client.describe_task().task_arn(asked).customize().interceptor(ear).send().await
        })
        .await;
    let answer = match answer {
        Ok(answer) => answer,
        Err(fault) => return Facts { task: Task::default(), again: !fault.is_final() },
    };
    let ends = [answer.source_location_arn, answer.destination_location_arn];
    let wanted = ends.each_ref().map(Option::as_deref);
    let mut uris = [None, None];
    let complete = locations(service, arn, wanted, &mut uris).await;
    let [source, destination] = uris;
    let said = |text: Option<String>| text.filter(|text| !text.is_empty());
    Facts {
        task: Task {
            name: said(answer.name),
            source,
            destination,
            log_group: said(answer.cloud_watch_log_group_arn).map(|arn| log_group(&arn)),
        },
        again: complete.is_err_and(|fault| !fault.is_final()),
    }
}

/// Reads the URIs of the wanted locations, and no more pages than it takes.
async fn locations(
    service: &Service,
    arn: &Arn,
    wanted: [Option<&str>; 2],
    uris: &mut [Option<String>; 2],
) -> Result<(), Fault> {
    let mut pages = Pages::default();
    while wanted.iter().zip(&*uris).any(|(wanted, uri)| wanted.is_some() && uri.is_none()) {
        let token = pages.token.clone();
        let (_, page) = service
            .ask(LIST_LOCATIONS, &subject(arn), async move |client: aws_sdk_datasync::Client, ear| {
                let request = client.list_locations().max_results(100).set_next_token(token);
                request.customize().interceptor(ear).send().await
            })
            .await;
        let page = page?;
        for location in page.locations() {
            for (wanted, uri) in wanted.iter().zip(&mut *uris) {
                if wanted.is_some() && *wanted == location.location_arn() {
                    *uri = location.location_uri().map(str::to_owned);
                }
            }
        }
        if !pages.turn(page.next_token) {
            break;
        }
    }
    Ok(())
}

/// `arn:aws:logs:REGION:ACCOUNT:log-group:NAME:*` is known by its name.
fn log_group(arn: &str) -> String {
    let name = arn.split_once(":log-group:").map_or(arn, |(_, name)| name);
    name.strip_suffix(":*").unwrap_or(name).to_owned()
}

/// Where a listing stands. One that comes round to a token it had is over, whatever it says.
#[derive(Debug, Default)]
struct Pages {
    token: Option<String>,
    seen: HashSet<String>,
}

impl Pages {
    fn turn(&mut self, next: Option<String>) -> bool {
        self.token = next.filter(|token| !token.is_empty() && self.seen.insert(token.clone()));
        self.token.is_some()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::source::scripted::{Play, Seen, Server, execution, service_at, set, task, with_keys};

    /// A script that answers each operation from a table of (operation, answer).
    async fn plays(table: impl Fn(&str, &Seen) -> Play + Send + Sync + 'static) -> Server {
        Server::start(move |seen, _| table(&seen.operation, seen)).await
    }

    fn denied() -> Play {
        Play::Error("AccessDeniedException", "not authorized")
    }

    fn entry(digit: char, status: &str) -> Value {
        json!({ "TaskExecutionArn": execution(digit).to_string(), "Status": status, "TaskMode": "BASIC" })
    }

    /// Pages of a listing, told apart by their token.
    fn page(seen: &Seen, member: &str, pages: &[Value]) -> Play {
        let number: usize = seen.body["NextToken"].as_str().map_or(0, |token| token.parse().unwrap());
        let next = (number + 1 < pages.len()).then(|| (number + 1).to_string());
        Play::ok(json!({ member: pages[number], "NextToken": next }))
    }

    async fn found(server: &Server, arn: &Arn) -> Result<Arn, Fault> {
        super::execution(&service_at(&server.url()), arn).await
    }

    #[tokio::test]
    async fn an_execution_is_taken_as_it_is() {
        let _dir = with_keys();
        let server = plays(|_, _| denied()).await;
        assert_eq!(found(&server, &execution('7')).await.unwrap(), execution('7'));
        assert!(server.seen().is_empty());
    }

    #[tokio::test]
    async fn a_task_s_current_execution_is_the_one() {
        let _dir = with_keys();
        let current = execution('3').to_string();
        let server = plays(move |_, _| Play::ok(json!({ "CurrentTaskExecutionArn": current }))).await;
        assert_eq!(found(&server, &task()).await.unwrap(), execution('3'));
        assert_eq!(server.counts(), [("DescribeTask".to_string(), 1)].into());
    }

    #[tokio::test]
    async fn of_all_pages_the_one_that_runs_is_taken() {
        let _dir = with_keys();
        let server = plays(|operation, seen| match operation {
            "DescribeTask" => Play::ok(json!({ "Status": "AVAILABLE" })),
            "ListTaskExecutions" => {
                assert_eq!(seen.body["TaskArn"], task().to_string());
                let first = json!([entry('1', "SUCCESS"), entry('2', "ERROR")]);
                let second = json!([entry('3', "QUEUED"), entry('4', "TRANSFERRING")]);
                page(seen, "TaskExecutions", &[first, second, json!([entry('5', "SUCCESS")])])
            }
            _ => denied(),
        })
        .await;
        assert_eq!(found(&server, &task()).await.unwrap(), execution('4'));
        assert_eq!(server.counts()["ListTaskExecutions"], 3);
    }

    #[tokio::test]
    async fn of_those_that_are_over_the_newest_by_time_is_taken() {
        let _dir = with_keys();
        let server = plays(|operation, seen| match operation {
            "ListTaskExecutions" => {
                let all: Vec<_> = ('1'..='9').map(|digit| entry(digit, "SUCCESS")).collect();
                page(seen, "TaskExecutions", &[json!(all[..5]), json!(all[5..])])
            }
            "DescribeTaskExecution" => {
                let arn = seen.body["TaskExecutionArn"].as_str().unwrap();
                // The sixth is the newest; the ninth has aged out since; the first is an old answer without a time.
                match arn.chars().last().unwrap() {
                    '9' => Play::Error("InvalidRequestException", "not found"),
                    '1' => Play::ok(json!({ "Status": "SUCCESS" })),
                    '6' => Play::ok(json!({ "Status": "SUCCESS", "StartTime": 2_000_000_000.5 })),
                    digit => Play::ok(json!({ "Status": "SUCCESS", "StartTime": 1_000_000_000 + digit as i64 })),
                }
            }
            _ => denied(),
        })
        .await;
        assert_eq!(found(&server, &task()).await.unwrap(), execution('6'));
        assert!(server.connections() <= AT_ONCE, "few at a time");
    }

    #[tokio::test]
    async fn a_task_that_never_ran_or_may_not_be_looked_into_says_so() {
        let _dir = with_keys();
        let never = plays(|operation, _| match operation {
            "DescribeTask" => Play::ok(json!({})),
            _ => Play::ok(json!({ "TaskExecutions": [] })),
        })
        .await;
        let fault = found(&never, &task()).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::NotFound);
        assert!(fault.message.contains("has no execution in the last 30 days"), "{fault}");

        let closed = plays(|_, _| denied()).await;
        let fault = found(&closed, &task()).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Denied);
        for word in ["datasync:DescribeTask", "datasync:ListTaskExecutions", "ARN of the execution"] {
            assert!(fault.message.contains(word), "{fault}");
        }
        let busy = plays(|_, _| Play::Error("ThrottlingException", "")).await;
        assert_eq!(found(&busy, &task()).await.unwrap_err().kind, FaultKind::Throttled);
    }

    #[tokio::test]
    async fn a_console_address_gets_its_account() {
        let _dir = with_keys();
        let address = Arn { account: String::new(), ..execution('2') };
        let listing = plays(|operation, seen| match operation {
            "ListTasks" => {
                let other =
                    json!([{ "TaskArn": "arn:aws:datasync:us-east-1:111122223333:task/task-00000000000000000" }]);
                page(seen, "Tasks", &[other, json!([{ "TaskArn": task().to_string() }])])
            }
            _ => denied(),
        })
        .await;
        assert_eq!(found(&listing, &address).await.unwrap(), execution('2'));

        let closed = plays(|_, _| denied()).await;
        let fault = found(&closed, &address).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Denied);
        assert!(fault.message.contains("datasync:ListTasks") && fault.message.contains("give the ARN"), "{fault}");

        let empty = plays(|_, _| Play::ok(json!({ "Tasks": [] }))).await;
        assert_eq!(found(&empty, &address).await.unwrap_err().kind, FaultKind::NotFound);

        set("AWS_ACCOUNT_ID", "111122223333");
        assert_eq!(found(&closed, &address).await.unwrap(), execution('2'));
    }

    const SOURCE: &str = "arn:aws:datasync:us-east-1:111122223333:location/loc-1";
    const DESTINATION: &str = "arn:aws:datasync:us-east-1:111122223333:location/loc-2";

    fn described() -> Play {
        Play::ok(json!({
            "Name": "nightly",
            "SourceLocationArn": SOURCE,
            "DestinationLocationArn": DESTINATION,
            "CloudWatchLogGroupArn": "arn:aws:logs:us-east-1:111122223333:log-group:/aws/datasync:*",
        }))
    }

    #[tokio::test]
    async fn facts_are_gathered_from_as_many_pages_as_it_takes() {
        let _dir = with_keys();
        let server = plays(|operation, seen| match operation {
            "DescribeTask" => described(),
            _ => {
                let one = |arn, uri| json!([{ "LocationArn": arn, "LocationUri": uri }]);
                let pages = [one(DESTINATION, "s3://to/"), one(SOURCE, "nfs://from/"), one("more", "s3://more/")];
                page(seen, "Locations", &pages)
            }
        })
        .await;
        let facts = super::facts(&service_at(&server.url()), &execution('1')).await;
        let expected = Task {
            name: Some("nightly".into()),
            source: Some("nfs://from/".into()),
            destination: Some("s3://to/".into()),
            log_group: Some("/aws/datasync".into()),
        };
        assert_eq!((facts.task, facts.again), (expected, false));
        assert_eq!(server.counts()["ListLocations"], 2);
    }

    #[tokio::test]
    async fn facts_that_are_denied_are_done_without() {
        let _dir = with_keys();
        for (task, locations, name, again) in [
            ("no", "no", None, false),
            ("ok", "no", Some("nightly"), false),
            ("ok", "500", Some("nightly"), true),
            ("500", "no", None, true),
        ] {
            let server = plays(move |operation, _| match if operation == "DescribeTask" { task } else { locations } {
                "ok" => described(),
                "no" => denied(),
                _ => Play::Error("InternalException", ""),
            })
            .await;
            let facts = super::facts(&service_at(&server.url()), &execution('1')).await;
            assert_eq!((facts.task.name.as_deref(), facts.task.source, facts.again), (name, None, again));
        }
    }

    #[test]
    fn a_log_group_is_known_by_its_name() {
        assert_eq!(log_group("arn:aws:logs:us-east-1:111122223333:log-group:/aws/datasync:*"), "/aws/datasync");
        assert_eq!(log_group("arn:aws:logs:us-east-1:111122223333:log-group:a:b"), "a:b");
        assert_eq!(log_group("odd"), "odd");
    }

    #[test]
    fn a_listing_that_goes_round_in_circles_ends() {
        let mut pages = Pages::default();
        assert!(pages.turn(Some("a".into())) && pages.turn(Some("b".into())));
        assert!(!pages.turn(Some("a".into())));
        assert!(!Pages::default().turn(None) && !Pages::default().turn(Some(String::new())));
    }
}
