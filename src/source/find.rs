//! Which execution a task's ARN or a console URL means.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::{StreamExt, stream};
use jiff::Timestamp;

use super::{
    answered::{Answered, Listing, Start},
    pages::Pages,
    service::{Service, subject},
};
use crate::aws::{
    arn::Arn,
    fault::{Fault, FaultKind},
    observation::Outcome,
    snapshot::Status,
};

const DESCRIBE_TASK: &str = "datasync:DescribeTask";
const LIST_EXECUTIONS: &str = "datasync:ListTaskExecutions";
const LIST_TASKS: &str = "datasync:ListTasks";
/// How many executions are described at once: more would only be throttled.
const AT_ONCE: usize = 4;

/// The execution that `arn` means, with its account.
///
/// # Errors
/// A fault; it is final where a second attempt cannot help.
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
                "finding the execution of a task requires {DESCRIBE_TASK} or {LIST_EXECUTIONS}; without them, give \
                 the ARN of the execution: {fault}"
            );
            Fault { message: what, ..second }
        }),
        Err(fault) => Err(fault),
    }
}

/// A console URL does not contain the account. The ARNs of the region's tasks do, and some credentials.
async fn with_account(service: &Service, arn: &Arn) -> Result<Arn, Fault> {
    if !arn.account.is_empty() {
        return Ok(arn.clone());
    }
    let of_task = task_in_list(service, arn).await;
    let account = match &of_task {
        Ok(Some(account)) => Some(account.clone()),
        Ok(None) => service.account().await,
        Err(fault) if matches!(fault.kind, FaultKind::Denied | FaultKind::Garbled) => service.account().await,
        Err(_) => None,
    };
    match (account, of_task) {
        (Some(account), _) => Ok(Arn { account, ..arn.clone() }),
        (None, Ok(_)) => {
            let what = format!("{} not found with these credentials: give its ARN", subject(arn));
            Err(Fault::new(FaultKind::NotFound, what))
        }
        (None, Err(fault)) if fault.kind == FaultKind::Denied => {
            let what = format!("a console URL does not contain the account: give the ARN instead. {fault}");
            Err(Fault { message: what, ..fault })
        }
        (None, Err(fault)) => Err(fault),
    }
}

/// The account in the ARN of the task with this id, from ListTasks.
async fn task_in_list(service: &Service, arn: &Arn) -> Result<Option<String>, Fault> {
    let mut pages = Pages::of("ListTasks");
    loop {
        let token = pages.token();
        let (_, page) = service
            .send(LIST_TASKS, &format!("tasks in {}", arn.region), async move |client, capture| {
                client.list_tasks().max_results(100).set_next_token(token).customize().interceptor(capture).send().await
            })
            .await;
        let page = page?;
        let arns = page.tasks().iter().filter_map(|task| Arn::parse(task.task_arn()?).ok());
        if let Some(found) = arns.into_iter().find(|found| found.task == arn.task) {
            return Ok(Some(found.account));
        }
        if !pages.turn(page.next_token)? {
            return Ok(None);
        }
    }
}

/// The current execution by DescribeTask; `None` where it names none.
async fn described(service: &Service, task: &Arn) -> Result<Option<Arn>, Fault> {
    let asked = task.task_arn();
    let (_, answer) = service
        .send(DESCRIBE_TASK, &subject(task), async move |client, capture| {
            client.describe_task().task_arn(asked).customize().interceptor(capture).send().await
        })
        .await;
    let current = answer?.current_task_execution_arn;
    let current = current.and_then(|arn| Arn::parse(&arn).ok()).filter(|arn| arn.execution.is_some());
    Ok(current.filter(|current| current.task == task.task))
}

/// The execution that runs, or else the newest one by its start: the order of the list is undocumented.
async fn listed(service: &Service, task: &Arn) -> Result<Arn, Fault> {
    let executions = executions(service, task).await?;
    let (over, mut open): (Vec<_>, Vec<_>) = executions.into_iter().partition(|(_, status)| status.is_over());
    // Others may be queued behind the one that runs.
    if open.iter().any(|(_, status)| *status != Status::Queued) {
        open.retain(|(_, status)| *status != Status::Queued);
    }
    let candidates: Vec<Arn> = if open.is_empty() { over } else { open }.into_iter().map(|(arn, _)| arn).collect();
    match &candidates[..] {
        [] => Err(Fault::new(
            FaultKind::NotFound,
            format!("{} has no execution in the last 30 days: start it, or give another task", subject(task)),
        )),
        [only] => Ok(only.clone()),
        _ => newest(service, candidates).await,
    }
}

/// All executions of a task with their statuses, from all pages. Where the service throttles, the next call goes on
/// with the page that is missing.
async fn executions(service: &Service, task: &Arn) -> Result<Vec<(Arn, Status)>, Fault> {
    let begin = || Listing { pages: Pages::of("ListTaskExecutions"), executions: Vec::new() };
    let mut listing = service.answered().take_listing(task).unwrap_or_else(begin);
    loop {
        let (asked, token) = (task.task_arn(), listing.pages.token());
        let (_, page) = service
            .send(LIST_EXECUTIONS, &subject(task), async move |client, capture| {
                let request = client.list_task_executions().task_arn(asked).max_results(100).set_next_token(token);
                request.customize().interceptor(capture).send().await
            })
            .await;
        let page = match page {
            Ok(page) => page,
            Err(fault) => {
                if fault.kind == FaultKind::Throttled {
                    service.answered().keep_listing(task, listing);
                }
                return Err(fault);
            }
        };
        listing.executions.extend(page.task_executions().iter().filter_map(|entry| {
            let arn = Arn::parse(entry.task_execution_arn()?).ok()?;
            let status = entry.status().map_or("", |status| status.as_str());
            (arn.execution.is_some() && arn.task == task.task).then(|| (arn, Status::from(status)))
        }));
        if !listing.pages.turn(page.next_token)? {
            return Ok(listing.executions);
        }
    }
}

/// After a fault no more are asked, and what is on its way is still kept.
async fn newest(service: &Service, candidates: Vec<Arn>) -> Result<Arn, Fault> {
    let failed = &AtomicBool::new(false);
    let looks = candidates.into_iter().map(|arn| async move {
        if failed.load(Ordering::Relaxed) { None } else { Some((started(service, &arn).await, arn)) }
    });
    let mut looks = stream::iter(looks).buffer_unordered(AT_ONCE);
    let mut best: Option<(Option<Timestamp>, Arn)> = None;
    let mut fault = None;
    while let Some(look) = looks.next().await {
        match look {
            Some((Ok(Start::At(time)), arn)) if best.as_ref().is_none_or(|(so_far, _)| time > *so_far) => {
                best = Some((time, arn));
            }
            Some((Ok(_), _)) | None => {}
            // Any of those that cannot be described may be the newest.
            Some((Err(why), _)) => {
                failed.store(true, Ordering::Relaxed);
                fault.get_or_insert(why);
            }
        }
    }
    if let Some(fault) = fault {
        return Err(fault);
    }
    let gone = || Fault::new(FaultKind::NotFound, "none of the task's executions exists any more");
    best.map(|(_, arn)| arn).ok_or_else(gone)
}

/// When an execution was requested, or else launched. It is asked for once.
async fn started(service: &Service, arn: &Arn) -> Result<Start, Fault> {
    let answered: &Answered = service.answered();
    if let Some(start) = answered.start(arn) {
        return Ok(start);
    }
    let (start, is_settled) = match service.describe(arn).await {
        Outcome::Response(answer) => {
            let snapshot = answer.snapshot();
            let time = snapshot.start_time.or(snapshot.launch_time).map(|time| time.0);
            (Start::At(time), time.is_some() || snapshot.is_over())
        }
        // Aged out since it was listed.
        Outcome::Fault(fault) if fault.kind == FaultKind::NotFound => (Start::Gone, true),
        Outcome::Fault(fault) => return Err(fault),
    };
    if is_settled {
        answered.keep_start(arn, start);
    }
    Ok(start)
}

#[cfg(test)]
mod tests {
    use aws_credential_types::Credentials;
    use serde_json::{Value, json};

    use super::*;
    use crate::source::{
        scripted::{Reply, Server, denied, page, plays},
        testing::{execution, service_as, service_at, task},
    };

    fn entry(digit: char, status: &str) -> Value {
        json!({ "TaskExecutionArn": execution(digit).to_string(), "Status": status, "TaskMode": "BASIC" })
    }

    async fn found(server: &Server, arn: &Arn) -> Result<Arn, Fault> {
        super::execution(&service_at(&server.url()), arn).await
    }

    #[tokio::test]
    async fn an_execution_is_taken_as_it_is() {
        let server = plays(|_, _| denied()).await;
        assert_eq!(found(&server, &execution('7')).await.unwrap(), execution('7'));
        assert!(server.seen().is_empty());
    }

    #[tokio::test]
    async fn a_task_s_current_execution_is_the_one() {
        let current = execution('3').to_string();
        let server = plays(move |_, _| Reply::ok(json!({ "CurrentTaskExecutionArn": current }))).await;
        assert_eq!(found(&server, &task()).await.unwrap(), execution('3'));
        assert_eq!(server.counts(), [("DescribeTask".to_string(), 1)].into());
    }

    #[tokio::test]
    async fn of_all_pages_the_one_that_runs_is_taken() {
        let server = plays(|operation, seen| match operation {
            "DescribeTask" => Reply::ok(json!({ "Status": "AVAILABLE" })),
            "ListTaskExecutions" => {
                assert_eq!(seen.member("TaskArn"), task().to_string());
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
        let server = plays(|operation, seen| match operation {
            "ListTaskExecutions" => {
                let all: Vec<_> = ('1'..='9').map(|digit| entry(digit, "SUCCESS")).collect();
                page(seen, "TaskExecutions", &[json!(all[..5]), json!(all[5..])])
            }
            "DescribeTaskExecution" => {
                let arn = seen.member("TaskExecutionArn");
                // The sixth is the newest; the ninth has aged out since; the first is an old answer without a time.
                match arn.chars().last().unwrap() {
                    '9' => Reply::Error("InvalidRequestException", "not found"),
                    '1' => Reply::ok(json!({ "Status": "SUCCESS" })),
                    '6' => Reply::ok(json!({ "Status": "SUCCESS", "StartTime": 2_000_000_000.5 })),
                    digit => Reply::ok(json!({ "Status": "SUCCESS", "StartTime": 1_000_000_000 + digit as i64 })),
                }
            }
            _ => denied(),
        })
        .await;
        assert_eq!(found(&server, &task()).await.unwrap(), execution('6'));
        assert!(server.connections() <= AT_ONCE, "few at a time");
    }

    #[tokio::test]
    async fn what_was_answered_is_not_asked_for_again() {
        // Each request is throttled the first time it comes.
        let refused = std::sync::Mutex::new(std::collections::BTreeSet::new());
        let answers = std::sync::Arc::new(std::sync::Mutex::new(std::collections::BTreeMap::<char, usize>::new()));
        let answered = std::sync::Arc::clone(&answers);
        let server = plays(move |operation, seen| match operation {
            "DescribeTask" => denied(),
            _ if refused.lock().unwrap().insert(seen.body.clone()) => {
                Reply::Error("ThrottlingException", "Rate exceeded")
            }
            "ListTaskExecutions" => {
                let all: Vec<_> = ('1'..='9').map(|digit| entry(digit, "SUCCESS")).collect();
                page(seen, "TaskExecutions", &[json!(all[..3]), json!(all[3..6]), json!(all[6..])])
            }
            _ => {
                let digit = seen.member("TaskExecutionArn").chars().last().unwrap();
                *answered.lock().unwrap().entry(digit).or_default() += 1;
                Reply::ok(json!({ "Status": "SUCCESS", "StartTime": 1_000_000_000 + digit as i64 }))
            }
        })
        .await;
        let service = service_at(&server.url());
        let newest = loop {
            match super::execution(&service, &task()).await {
                Ok(newest) => break newest,
                Err(fault) => assert_eq!(fault.kind, FaultKind::Throttled),
            }
        };
        assert_eq!(newest, execution('9'));
        assert!(answers.lock().unwrap().values().all(|count| *count == 1), "{answers:?}");
        assert_eq!(answers.lock().unwrap().len(), 9);
    }

    #[tokio::test]
    async fn a_list_that_goes_round_is_stopped_and_said() {
        let round = plays(|operation, _| match operation {
            "DescribeTask" => denied(),
            _ => Reply::ok(json!({ "TaskExecutions": [entry('1', "SUCCESS")], "NextToken": "again" })),
        })
        .await;
        let fault = found(&round, &task()).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Garbled);
        assert!(fault.message.contains("ListTaskExecutions repeats a NextToken"), "{fault}");
        assert_eq!(round.counts()["ListTaskExecutions"], 2);

        let endless = plays(|operation, seen| match operation {
            "DescribeTask" => denied(),
            _ => {
                let next = format!("{}+", seen.member("NextToken"));
                Reply::ok(json!({ "TaskExecutions": [], "NextToken": next }))
            }
        })
        .await;
        let fault = found(&endless, &task()).await.unwrap_err();
        assert!(fault.message.contains("has no end"), "{fault}");
        assert_eq!(endless.counts()["ListTaskExecutions"], 100);
    }

    #[tokio::test]
    async fn a_task_that_never_ran_or_may_not_be_looked_into_says_so() {
        let never = plays(|operation, _| match operation {
            "DescribeTask" => Reply::ok(json!({})),
            _ => Reply::ok(json!({ "TaskExecutions": [] })),
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
        let busy = plays(|_, _| Reply::Error("ThrottlingException", "")).await;
        assert_eq!(found(&busy, &task()).await.unwrap_err().kind, FaultKind::Throttled);
    }

    #[tokio::test]
    async fn a_console_url_gets_its_account() {
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
        assert!(
            fault.message.contains("datasync:ListTasks") && fault.message.contains("give the ARN instead"),
            "{fault}"
        );

        let empty = plays(|_, _| Reply::ok(json!({ "Tasks": [] }))).await;
        assert_eq!(found(&empty, &address).await.unwrap_err().kind, FaultKind::NotFound);

        let keys = Credentials::builder().provider_name("test").access_key_id("AKID").secret_access_key("s");
        let service = service_as(&closed.url(), keys.account_id("111122223333").build());
        assert_eq!(super::execution(&service, &address).await.unwrap(), execution('2'));
    }
}
