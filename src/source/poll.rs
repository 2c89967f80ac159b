//! Polls an execution until it is over, and a task's executions one after the other.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio::{
    sync::mpsc::{self, Receiver, Sender},
    task::JoinHandle,
};

use super::{
    backoff::{Backoff, MIN_DELAY, delay, jittered, times},
    find,
    service::Service,
    task_facts,
};
use crate::{
    aws::{
        arn::Arn,
        fault::FaultKind,
        observation::{Observation, Outcome},
        task::Task,
    },
    clock::Clock,
};

/// How long to wait for the facts of a task once its execution is over, in real time.
const MAX_WAIT_FOR_FACTS: Duration = Duration::from_secs(10);
/// A task is asked for its next execution no more often than this.
const BETWEEN_EXECUTIONS: Duration = Duration::from_secs(30);
/// An execution that has just been started may not be found at once: this long it is asked for again.
const BEFORE_FOUND: SignedDuration = SignedDuration::from_secs(60);
/// Observations that wait for their reader.
const CHANNEL_SIZE: usize = 64;

/// Polls one transfer. The channel closes when it is over, or when polling on is of no use.
pub fn watch(service: Service, arn: Arn, interval: Duration, clock: Clock) -> Receiver<Observation> {
    let (out, observations) = mpsc::channel(CHANNEL_SIZE);
    watch_into(service, arn, interval, clock, out);
    observations
}

/// The same for several transfers with one receiver: each has a sender of its own, and drops it at its end. Stops
/// when the receiver is dropped.
pub fn watch_into(
    service: Service,
    arn: Arn,
    interval: Duration,
    clock: Clock,
    out: Sender<Observation>,
) -> JoinHandle<()> {
    let poller = Poller::new(service, interval, clock, out);
    while_received(poller.out.clone(), poller.run(arn))
}

/// Polls the executions of a task one after the other, each to its end, until the receiver is dropped. Gives up
/// where [`watch`] does.
pub fn follow_into(
    service: Service,
    task: Arn,
    interval: Duration,
    clock: Clock,
    out: Sender<Observation>,
) -> JoinHandle<()> {
    let poller = Poller::new(service, interval, clock, out);
    while_received(poller.out.clone(), poller.follow(task))
}

fn while_received(out: Sender<Observation>, polling: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    tokio::spawn(async move {
        tokio::select! {
            () = polling => {}
            () = out.closed() => {}
        }
    })
}

struct Poller {
    service: Service,
    interval: Duration,
    clock: Clock,
    out: Sender<Observation>,
    backoff: Backoff,
    /// When the execution, or the search for it, was first polled.
    started: Timestamp,
}

impl Poller {
    fn new(service: Service, interval: Duration, clock: Clock, out: Sender<Observation>) -> Self {
        let started = clock.now();
        Self { service, interval, clock, out, backoff: Backoff::default(), started }
    }

    async fn run(mut self, arn: Arn) {
        if let Some(execution) = self.find(&arn).await {
            self.watch(&execution).await;
        }
    }

    async fn follow(mut self, task: Arn) {
        let Some(mut execution) = self.find(&task).await else { return };
        while self.watch(&execution).await {
            execution = self.next_after(&execution, &task).await;
            self.started = self.clock.now();
        }
    }

    /// The next execution of the task, however long it takes to start. Faults meanwhile are not reported: nothing
    /// runs that could be missed.
    async fn next_after(&mut self, before: &Arn, task: &Arn) -> Arn {
        loop {
            self.clock.sleep(self.interval.max(BETWEEN_EXECUTIONS)).await;
            match find::execution(&self.service, task).await {
                Ok(execution) if execution != *before => return execution,
                Ok(_) | Err(_) => {}
            }
        }
    }

    /// Polls one execution. True if it went to its end.
    async fn watch(&mut self, execution: &Arn) -> bool {
        let name: Arc<str> = execution.to_string().into();
        let mut facts = Facts::default();
        let mut answered = false;
        loop {
            let outcome = self.service.describe(execution).await;
            let observation = self.observed(Arc::clone(&name), outcome, answered);
            if let Outcome::Response(_) = &observation.outcome
                && !answered
            {
                answered = true;
                facts.incoming = Some(self.request_facts(execution.clone()));
            }
            let next = observation.next;
            if self.out.send(observation.clone()).await.is_err() {
                return false;
            }
            match next {
                Some(announced) => {
                    self.rest(jittered(announced, fastrand::f64()), &observation, &mut facts).await;
                }
                None => {
                    let last = self.forward(&observation, &mut facts);
                    let _ = tokio::time::timeout(MAX_WAIT_FOR_FACTS, last).await;
                    return matches!(observation.outcome, Outcome::Response(_));
                }
            }
        }
    }

    /// The execution that `arn` means; `None` where it was not found, after an observation that says so.
    async fn find(&mut self, arn: &Arn) -> Option<Arn> {
        loop {
            let fault = match find::execution(&self.service, arn).await {
                Ok(execution) => {
                    self.backoff = self.backoff.responded();
                    return Some(execution);
                }
                Err(fault) => fault,
            };
            let observation = self.observed(arn.to_string().into(), Outcome::Fault(fault), false);
            let next = observation.next;
            self.out.send(observation).await.ok()?;
            self.clock.sleep(next?).await;
        }
    }

    /// What came, when, and when the next poll is due: none after the end, nor after a final fault before the first
    /// response; what is not found is asked for again for a minute.
    fn observed(&mut self, execution: Arc<str>, outcome: Outcome, answered: bool) -> Observation {
        let now = self.clock.now();
        let mut patience = None;
        let stop = match &outcome {
            Outcome::Response(answer) => {
                self.backoff = self.backoff.responded();
                answer.snapshot().is_over()
            }
            Outcome::Fault(fault) => {
                self.backoff = self.backoff.faulted(fault.kind, self.interval);
                if fault.kind == FaultKind::NotFound && !answered {
                    let left = BEFORE_FOUND - now.duration_since(self.started);
                    patience = Duration::try_from(left).ok().filter(|left| !left.is_zero());
                }
                fault.is_final() && !answered && patience.is_none()
            }
        };
        let least = times(MIN_DELAY, self.clock.speed().max(1.0));
        let pause = times(self.service.paused_for().unwrap_or_default(), self.clock.speed());
        let next = delay(self.interval, self.backoff).max(pause);
        let next = (!stop).then(|| patience.map_or(next, |left| next.min(left)).max(least));
        Observation { execution, at: now, outcome, task: None, next }
    }

    /// Requests the facts of a task without holding up its polls, and once more where that failed.
    fn request_facts(&self, arn: Arn) -> Receiver<Task> {
        let (out, facts) = mpsc::channel(2);
        let (service, clock, pause) = (self.service.clone(), self.clock.clone(), self.interval);
        tokio::spawn(async move {
            let requesting = async {
                let first = task_facts::facts(&service, &arn).await;
                let _ = out.send(first.task.clone()).await;
                if first.is_worth_retrying {
                    clock.sleep(pause.max(times(MIN_DELAY, clock.speed()))).await;
                    let second = task_facts::facts(&service, &arn).await;
                    let _ = out.send(merge(first.task, second.task)).await;
                }
            };
            tokio::select! {
                () = requesting => {}
                () = out.closed() => {}
            }
        });
        facts
    }

    /// Waits, and forwards the facts when they come.
    async fn rest(&self, delay: Duration, last: &Observation, facts: &mut Facts) {
        let sleep = self.clock.sleep(delay);
        tokio::pin!(sleep);
        tokio::select! {
            () = &mut sleep => return,
            () = self.forward(last, facts) => {}
        }
        sleep.await;
    }

    /// Sends the last observation again with each of the facts that come, until there are no more.
    ///
    /// It may be dropped at any time, and resumed with the next observation.
    async fn forward(&self, last: &Observation, facts: &mut Facts) {
        loop {
            if let Some(task) = &facts.unsent {
                let again = Observation { task: Some(Arc::clone(task)), ..last.clone() };
                let _ = self.out.send(again).await;
                facts.unsent = None;
            }
            let Some(incoming) = &mut facts.incoming else { return };
            match incoming.recv().await {
                Some(task) => facts.unsent = Some(Arc::new(task)).filter(|task| **task != Task::default()),
                None => facts.incoming = None,
            }
        }
    }
}

/// The facts of a task that are on their way.
#[derive(Default)]
struct Facts {
    incoming: Option<Receiver<Task>>,
    unsent: Option<Arc<Task>>,
}

/// Both together; where both say something, the second.
fn merge(first: Task, second: Task) -> Task {
    Task {
        name: second.name.or(first.name),
        source: second.source.or(first.source),
        destination: second.destination.or(first.destination),
        log_group: second.log_group.or(first.log_group),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use aws_credential_types::provider::error::CredentialsError;
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::{
        aws::fault::FaultKind,
        source::{
            scripted::{Reply, Server, denied},
            testing::{DEADLINE, Provider, execution, service_as, service_at, task},
        },
    };

    /// A word for each observation: its status or the kind of its fault, `+` where facts came with it, and `.` where
    /// no other follows.
    async fn story_of(mut observations: Receiver<Observation>) -> Vec<String> {
        let mut story = Vec::new();
        while let Some(seen) = observations.recv().await {
            let word = match &seen.outcome {
                Outcome::Response(answer) => answer.snapshot().status.as_deref().unwrap_or("?").to_owned(),
                Outcome::Fault(fault) => fault.kind.as_str().to_owned(),
            };
            let facts = if seen.task.is_some() { "+" } else { "" };
            let end = if seen.next.is_none() { "." } else { "" };
            story.push(format!("{word}{facts}{end}"));
        }
        story
    }

    fn start(server: &Server, arn: Arn) -> Receiver<Observation> {
        let clock = Clock::fast(Timestamp::UNIX_EPOCH, 50.0);
        watch(service_at(&server.url()), arn, 5 * S, clock)
    }

    /// Plays these for DescribeTaskExecution, the last one for ever, and denies everything else.
    async fn executions(plays: Vec<fn() -> Reply>) -> Server {
        let count = AtomicUsize::new(0);
        Server::start(move |seen, _| {
            if seen.operation != "DescribeTaskExecution" {
                return denied();
            }
            let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            plays[number.min(plays.len() - 1)]()
        })
        .await
    }

    fn status(status: &str) -> Reply {
        Reply::ok(json!({ "Status": status }))
    }

    #[tokio::test]
    async fn it_stops_asking_when_the_execution_is_over() {
        let server = executions(vec![|| status("LAUNCHING"), || status("NOVEL"), || status("ERROR")]).await;
        let story = story_of(start(&server, execution('1'))).await;
        assert_eq!(story, ["LAUNCHING", "NOVEL", "ERROR."]);
        assert_eq!(server.counts(), [("DescribeTask".into(), 1), ("DescribeTaskExecution".into(), 3)].into());
    }

    #[tokio::test]
    async fn it_goes_on_after_whatever_may_pass() {
        let server = executions(vec![
            || Reply::Error("ThrottlingException", ""),
            || Reply::Error("ExpiredTokenException", ""),
            || Reply::Body(200, "<html>".into()),
            || Reply::Body(503, String::new()),
            || status("QUEUED"),
            denied,
            || Reply::Error("InvalidRequestException", "not found"),
            || status("SUCCESS"),
        ])
        .await;
        let story = story_of(start(&server, execution('1'))).await;
        let expected = ["throttled", "expired", "garbled", "unreachable", "QUEUED", "denied", "not_found", "SUCCESS."];
        assert_eq!(story, expected);
    }

    #[tokio::test]
    async fn what_can_not_get_better_ends_it_when_it_comes_first() {
        let story = async |play: fn() -> Reply| story_of(start(&executions(vec![play]).await, execution('1'))).await;
        assert_eq!(story(denied).await, ["denied."]);
        let missing = story(|| Reply::Error("InvalidRequestException", "not found")).await;
        let (last, before) = missing.split_last().unwrap();
        assert!(last == "not_found." && !before.is_empty(), "{missing:?}");
        assert!(before.iter().all(|word| word == "not_found"), "{missing:?}");
        let none = Provider::new(|_| Err(CredentialsError::not_loaded("none")));
        let keyless = service_as("http://127.0.0.1:1", none);
        let story = story_of(watch(keyless, execution('1'), 5 * S, Clock::wall())).await;
        assert_eq!(story, ["no_credentials."]);
    }

    #[tokio::test]
    async fn what_is_not_found_yet_is_asked_for_again() {
        let missing = || Reply::Error("InvalidRequestException", "not found");
        let server = executions(vec![missing, missing, || status("QUEUED"), || status("SUCCESS")]).await;
        let story = story_of(start(&server, execution('1'))).await;
        assert_eq!(story, ["not_found", "not_found", "QUEUED", "SUCCESS."]);

        // A minute of the clock's time has passed when the second response comes, however long the interval is.
        let server = executions(vec![missing]).await;
        let clock = Clock::fast(Timestamp::UNIX_EPOCH, 600.0);
        let mut observations = watch(service_at(&server.url()), execution('1'), 3600 * S, clock);
        let first = observations.recv().await.unwrap();
        assert!(first.next.is_some_and(|next| next <= 60 * S), "{first:?}");
        while let Some(later) = observations.recv().await {
            assert!(later.at.duration_since(first.at) <= SignedDuration::from_hours(1), "{later:?}");
        }
    }

    #[tokio::test]
    async fn a_pause_that_the_service_asks_for_is_heeded_by_all() {
        let body = r#"{"__type":"ThrottlingException"}"#;
        let head = format!("HTTP/1.1 400 No\r\nretry-after: 240\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let server = Server::start(move |_, _| Reply::Raw(head.clone().into_bytes())).await;
        let service = service_at(&server.url());
        let mut first = watch(service.clone(), execution('1'), 5 * S, Clock::wall());
        let throttled = first.recv().await.unwrap();
        assert!(throttled.next.is_some_and(|next| next > 60 * S), "{throttled:?}");
        let mut second = watch(service, execution('2'), 5 * S, Clock::wall());
        let told = second.recv().await.unwrap();
        assert!(matches!(&told.outcome, Outcome::Fault(fault) if fault.kind == FaultKind::Throttled), "{told:?}");
        assert!(told.next.is_some_and(|next| next > 60 * S), "{told:?}");
        assert_eq!(server.seen().len(), 1);
    }

    #[tokio::test]
    async fn a_task_is_followed_by_way_of_its_execution() {
        let current = execution('3').to_string();
        let server = Server::start(move |seen, number| match &*seen.operation {
            _ if number == 0 => Reply::Error("InternalException", ""),
            "DescribeTask" => Reply::ok(json!({ "CurrentTaskExecutionArn": current })),
            "DescribeTaskExecution" => status("SUCCESS"),
            _ => denied(),
        })
        .await;
        let mut observations = start(&server, task());
        let first = observations.recv().await.unwrap();
        assert_eq!(&*first.execution, task().to_string());
        assert!(matches!(first.outcome, Outcome::Fault(ref fault) if fault.kind == FaultKind::Unreachable));
        let second = observations.recv().await.unwrap();
        assert_eq!(&*second.execution, execution('3').to_string());
        assert_eq!(story_of(observations).await, Vec::<String>::new());
    }

    #[tokio::test]
    async fn facts_come_with_the_last_observation_again() {
        let server = Server::start(|seen, _| match &*seen.operation {
            "DescribeTask" => Reply::ok(json!({ "Name": "nightly" })),
            _ => status("SUCCESS"),
        })
        .await;
        let mut observations = start(&server, execution('1'));
        let first = observations.recv().await.unwrap();
        let second = observations.recv().await.unwrap();
        assert_eq!(first.task, None);
        assert_eq!(second.task.as_ref().unwrap().name.as_deref(), Some("nightly"));
        assert_eq!(Observation { task: None, ..second }, first);
        assert!(observations.recv().await.is_none());
    }

    #[tokio::test]
    async fn facts_that_fail_are_asked_for_once_more() {
        let server = Server::start(|seen, number| match &*seen.operation {
            "DescribeTask" => Reply::Error("InternalException", ""),
            _ if number > 8 => status("SUCCESS"),
            _ => status("TRANSFERRING"),
        })
        .await;
        let story = story_of(start(&server, execution('1'))).await;
        assert!(!story.iter().any(|word| word.contains('+')), "{story:?}");
        assert_eq!(server.counts()["DescribeTask"], 2);
    }

    #[tokio::test]
    async fn several_share_a_receiver_and_end_it_together() {
        let server = executions(vec![|| status("QUEUED"), || status("QUEUED"), || status("SUCCESS")]).await;
        let (service, clock) = (service_at(&server.url()), Clock::fast(Timestamp::UNIX_EPOCH, 50.0));
        let (out, observations) = mpsc::channel(1);
        for digit in ['1', '2', '3'] {
            watch_into(service.clone(), execution(digit), 5 * S, clock.clone(), out.clone());
        }
        drop(out);
        let story = story_of(observations).await;
        assert_eq!(story.iter().filter(|word| *word == "SUCCESS.").count(), 3, "{story:?}");
    }

    #[tokio::test]
    async fn a_task_is_followed_from_one_execution_to_the_next() {
        let runs = AtomicUsize::new(0);
        let server = Server::start(move |seen, _| match &*seen.operation {
            "DescribeTask" => {
                let digit = if runs.fetch_add(1, SeqCst) < 4 { '1' } else { '2' };
                Reply::ok(json!({ "CurrentTaskExecutionArn": execution(digit).to_string() }))
            }
            "DescribeTaskExecution" => status("SUCCESS"),
            _ => denied(),
        })
        .await;
        let (out, mut observations) = mpsc::channel(1);
        let clock = Clock::fast(Timestamp::UNIX_EPOCH, 2000.0);
        let following = follow_into(service_at(&server.url()), task(), 5 * S, clock, out);
        let mut seen = Vec::new();
        while seen.len() < 2 {
            let observation = observations.recv().await.unwrap();
            if seen.last() != Some(&observation.execution) {
                seen.push(observation.execution);
            }
        }
        assert_eq!([&*seen[0], &*seen[1]], [execution('1').to_string(), execution('2').to_string()]);
        drop(observations);
        tokio::time::timeout(DEADLINE, following).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_followed_execution_that_is_not_found_yet_is_asked_for_again() {
        let (runs, denials) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let server = Server::start(move |seen, _| match &*seen.operation {
            "DescribeTask" => {
                // the clock goes on for more than a minute before the next one begins
                let digit = if runs.fetch_add(1, SeqCst) < 5 { '1' } else { '2' };
                Reply::ok(json!({ "CurrentTaskExecutionArn": execution(digit).to_string() }))
            }
            "DescribeTaskExecution"
                if seen.member("TaskExecutionArn") == execution('2').to_string()
                    && denials.fetch_add(1, SeqCst) == 0 =>
            {
                Reply::Error("InvalidRequestException", "Task execution was not found.")
            }
            "DescribeTaskExecution" => status("SUCCESS"),
            _ => denied(),
        })
        .await;
        let (out, mut observations) = mpsc::channel(1);
        follow_into(service_at(&server.url()), task(), 5 * S, Clock::fast(Timestamp::UNIX_EPOCH, 200.0), out);
        loop {
            let observation = observations.recv().await.expect("it goes on");
            let is_second = *observation.execution == *execution('2').to_string();
            if is_second && matches!(observation.outcome, Outcome::Response(_)) {
                return;
            }
        }
    }

    #[tokio::test]
    async fn it_stops_when_nobody_listens_even_in_the_middle_of_a_call() {
        let server = executions(vec![|| Reply::Hang]).await;
        let (out, observations) = mpsc::channel(1);
        let clock = Clock::wall();
        let polling = watch_into(service_at(&server.url()), execution('1'), 5 * S, clock, out);
        while server.seen().is_empty() {
            tokio::task::yield_now().await;
        }
        drop(observations);
        tokio::time::timeout(DEADLINE, polling).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_fast_clock_does_not_make_a_storm() {
        let server = executions(vec![|| status("QUEUED")]).await;
        let clock = Clock::fast(Timestamp::UNIX_EPOCH, 1e6);
        let mut observations = watch(service_at(&server.url()), execution('1'), 5 * S, clock);
        for _ in 0..3 {
            let next = observations.recv().await.unwrap().next.unwrap();
            assert!(next.div_f64(1e6) >= MIN_DELAY, "{next:?}");
        }
    }

    #[tokio::test]
    async fn an_interval_without_end_is_no_trouble() {
        let server = executions(vec![|| Reply::Error("InternalException", "")]).await;
        let interval = Duration::MAX / 4;
        let mut observations = watch(service_at(&server.url()), execution('1'), interval, Clock::wall());
        assert!(observations.recv().await.unwrap().next >= Some(interval));
    }

    const S: Duration = Duration::from_secs(1);
}
