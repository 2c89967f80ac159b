//! Asks again and again, at a backoff that suits the service.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::mpsc::{self, Receiver, Sender},
    task::JoinHandle,
};

use super::{discover, service::Service};
use crate::{
    aws::{
        arn::Arn,
        fault::FaultKind,
        observation::{Observation, Outcome},
        task::Task,
    },
    clock::Clock,
};

/// Throttled, the delay grows no further than this, or than the interval where that is longer.
const THROTTLED_AT_MOST: Duration = Duration::from_secs(60);
/// After other faults, the same.
const FAULTY_AT_MOST: Duration = Duration::from_secs(30);
/// No two requests follow each other faster than this, in real time.
const LEAST: Duration = Duration::from_millis(100);
/// How long an execution that is over waits for the facts of its task, in real time.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often, at most, it is looked for a task's next execution.
const BETWEEN_EXECUTIONS: Duration = Duration::from_secs(30);
/// Observations on their way to the one who reads them.
const ROOM: usize = 64;

/// How things went lately, as far as it decides when to ask again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backoff {
    /// How many times the delay is doubled.
    throttled: u32,
    /// How many faults of other kinds came in a row.
    faults: u32,
}

impl Backoff {
    /// The backoff after an answer.
    #[must_use]
    pub fn answered(self) -> Self {
        Self { throttled: self.throttled.saturating_sub(1), faults: 0 }
    }

    /// The backoff after a fault.
    #[must_use]
    pub fn faulted(self, kind: FaultKind, interval: Duration) -> Self {
        match kind {
            // Not beyond the longest delay: each step has to be taken back again.
            FaultKind::Throttled if doubled(interval, self.throttled) < THROTTLED_AT_MOST => {
                Self { throttled: self.throttled + 1, faults: 0 }
            }
            FaultKind::Throttled => Self { faults: 0, ..self },
            _ => Self { faults: self.faults.saturating_add(1), ..self },
        }
    }
}

/// How long to wait before asking again.
///
/// `jitter` is from 0 to 1, and lengthens the delay by up to a twentieth, so that many pollers do not fall into
/// step, and none asks more often than promised. An interval of less than 100 ms is taken as that.
pub fn delay(interval: Duration, backoff: Backoff, jitter: f64) -> Duration {
    let interval = interval.max(LEAST);
    let throttled = doubled(interval, backoff.throttled).min(THROTTLED_AT_MOST.max(interval));
    let growth = 1.5_f64.powi(backoff.faults.saturating_sub(1).min(30) as i32);
    let faulty = interval.mul_f64(growth.min(1e4)).min(FAULTY_AT_MOST.max(interval));
    let jitter = if jitter.is_finite() { jitter.clamp(0.0, 1.0) } else { 0.0 };
    throttled.max(faulty).mul_f64(1.0 + jitter / 20.0).max(LEAST)
}

fn doubled(interval: Duration, times: u32) -> Duration {
    interval.saturating_mul(2_u32.saturating_pow(times))
}

/// Watches one transfer. The channel closes when it is over, or when asking on is of no use.
pub fn watch(service: Service, arn: Arn, interval: Duration, clock: Clock) -> Receiver<Observation> {
    let (out, observations) = mpsc::channel(ROOM);
    watch_into(service, arn, interval, clock, out);
    observations
}

/// The same, for several transfers with one receiver: each has a sender of its own, and drops it at its end.
///
/// It stops when the receiver is dropped.
pub fn watch_into(
    service: Service,
    arn: Arn,
    interval: Duration,
    clock: Clock,
    out: Sender<Observation>,
) -> JoinHandle<()> {
    let poller = Poller { service, interval, clock, out, backoff: Backoff::default() };
    until_nobody_listens(poller.out.clone(), poller.run(arn))
}

/// Watches the executions of a task one after the other, each to its end, for as long as somebody listens. It
/// gives up where [`watch`] does.
pub fn follow_into(
    service: Service,
    task: Arn,
    interval: Duration,
    clock: Clock,
    out: Sender<Observation>,
) -> JoinHandle<()> {
    let poller = Poller { service, interval, clock, out, backoff: Backoff::default() };
    until_nobody_listens(poller.out.clone(), poller.follow(task))
}

fn until_nobody_listens(
    out: Sender<Observation>,
    polling: impl Future<Output = ()> + Send + 'static,
) -> JoinHandle<()> {
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
}

impl Poller {
    async fn run(mut self, arn: Arn) {
        if let Some(execution) = self.find(&arn).await {
            self.watch(&execution).await;
        }
    }

    async fn follow(mut self, task: Arn) {
        let Some(mut execution) = self.find(&task).await else { return };
        while self.watch(&execution).await {
            execution = self.next_after(&execution, &task).await;
        }
    }

    /// The first other execution of the task that there is, however long that takes. What went wrong meanwhile
    /// is nobody's trouble: nothing runs that could be missed.
    async fn next_after(&mut self, before: &Arn, task: &Arn) -> Arn {
        loop {
            self.clock.sleep(self.interval.max(BETWEEN_EXECUTIONS)).await;
            match discover::execution(&self.service, task).await {
                Ok(execution) if execution != *before => return execution,
                Ok(_) | Err(_) => {}
            }
        }
    }

    /// Watches one execution. True if it went to its end.
    async fn watch(&mut self, execution: &Arn) -> bool {
        let name: Arc<str> = execution.to_string().into();
        let mut news = News::default();
        let mut answered = false;
        loop {
            let outcome = self.service.describe(execution).await;
            let observation = self.observed(Arc::clone(&name), outcome, answered);
            if let Outcome::Response(_) = &observation.outcome
                && !answered
            {
                answered = true;
                news.incoming = Some(self.ask_for_facts(execution.clone()));
            }
            let next = observation.next;
            if self.out.send(observation.clone()).await.is_err() {
                return false;
            }
            match next {
                Some(told) => {
                    let delay = delay(self.interval, self.backoff, fastrand::f64()).max(told);
                    self.rest(delay, &observation, &mut news).await;
                }
                None => {
                    let last = self.forward(&observation, &mut news);
                    let _ = tokio::time::timeout(PATIENCE, last).await;
                    return matches!(observation.outcome, Outcome::Response(_));
                }
            }
        }
    }

    /// The execution that is meant; `None` where it could not be found and that was said.
    async fn find(&mut self, arn: &Arn) -> Option<Arn> {
        loop {
            let fault = match discover::execution(&self.service, arn).await {
                Ok(execution) => {
                    self.backoff = self.backoff.answered();
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

    /// What came, when, and when to ask again: not after the end, nor after a first answer that is final.
    fn observed(&mut self, execution: Arc<str>, outcome: Outcome, answered: bool) -> Observation {
        let stop = match &outcome {
            Outcome::Response(answer) => {
                self.backoff = self.backoff.answered();
                answer.snapshot().is_over()
            }
            Outcome::Fault(fault) => {
                self.backoff = self.backoff.faulted(fault.kind, self.interval);
                fault.is_final() && !answered
            }
        };
        let least = LEAST.mul_f64(self.clock.speed().max(1.0));
        let next = (!stop).then(|| delay(self.interval, self.backoff, 0.0).max(least));
        Observation { execution, at: self.clock.now(), outcome, task: None, next }
    }

    /// Nothing waits for the facts, and a failure to get them is tried once more and then let be.
    fn ask_for_facts(&self, arn: Arn) -> Receiver<Task> {
        let (out, facts) = mpsc::channel(2);
        let (service, clock, pause) = (self.service.clone(), self.clock.clone(), self.interval);
        tokio::spawn(async move {
            let ask = async {
                let first = discover::facts(&service, &arn).await;
                let _ = out.send(first.task.clone()).await;
                if first.again {
                    clock.sleep(pause.max(LEAST.mul_f64(clock.speed()))).await;
                    let second = discover::facts(&service, &arn).await;
                    let _ = out.send(more(first.task, second.task)).await;
                }
            };
            tokio::select! {
                () = ask => {}
                () = out.closed() => {}
            }
        });
        facts
    }

    /// Waits, and passes the facts on when they come.
    async fn rest(&self, delay: Duration, last: &Observation, news: &mut News) {
        let sleep = self.clock.sleep(delay);
        tokio::pin!(sleep);
        tokio::select! {
            () = &mut sleep => return,
            () = self.forward(last, news) => {}
        }
        sleep.await;
    }

    /// Sends the last observation again with each news of the task, until there is no more.
    ///
    /// It may be dropped at any time, and taken up again with the next observation.
    async fn forward(&self, last: &Observation, news: &mut News) {
        loop {
            if let Some(task) = &news.unsent {
                let again = Observation { task: Some(Arc::clone(task)), ..last.clone() };
                let _ = self.out.send(again).await;
                news.unsent = None;
            }
            let Some(incoming) = &mut news.incoming else { return };
            match incoming.recv().await {
                Some(task) => news.unsent = Some(Arc::new(task)).filter(|task| **task != Task::default()),
                None => news.incoming = None,
            }
        }
    }
}

/// What is on its way about the task.
#[derive(Default)]
struct News {
    incoming: Option<Receiver<Task>>,
    unsent: Option<Arc<Task>>,
}

/// Both together; what came later counts where it says anything.
fn more(first: Task, second: Task) -> Task {
    Task {
        name: second.name.or(first.name),
        source: second.source.or(first.source),
        destination: second.destination.or(first.destination),
        log_group: second.log_group.or(first.log_group),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering::SeqCst},
        time::Instant,
    };

    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::source::scripted::{Play, Server, bare, execution, service_at, task, with_keys};

    /// A story in one word an observation: a status or the kind of a fault, `+` where facts came with it, and
    /// `.` where it is the last one.
    async fn told(mut observations: Receiver<Observation>) -> Vec<String> {
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

    fn denied() -> Play {
        Play::Error("AccessDeniedException", "no")
    }

    /// Plays these for DescribeTaskExecution, the last one for ever, and denies everything else.
    async fn executions(plays: Vec<fn() -> Play>) -> Server {
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

    fn status(status: &str) -> Play {
        Play::ok(json!({ "Status": status }))
    }

    #[tokio::test]
    async fn it_stops_asking_when_the_execution_is_over() {
        let _dir = with_keys();
        let server = executions(vec![|| status("LAUNCHING"), || status("NOVEL"), || status("ERROR")]).await;
        let story = told(start(&server, execution('1'))).await;
        assert_eq!(story, ["LAUNCHING", "NOVEL", "ERROR."]);
        tokio::time::sleep(LEAST * 3).await;
        assert_eq!(server.counts(), [("DescribeTask".into(), 1), ("DescribeTaskExecution".into(), 3)].into());
    }

    #[tokio::test]
    async fn it_goes_on_after_whatever_may_pass() {
        let _dir = with_keys();
        let server = executions(vec![
            || Play::Error("ThrottlingException", ""),
            || Play::Error("ExpiredTokenException", ""),
            || Play::Reply(200, "<html>".into()),
            || Play::Reply(503, String::new()),
            || status("QUEUED"),
            denied,
            || Play::Error("InvalidRequestException", "not found"),
            || status("SUCCESS"),
        ])
        .await;
        let story = told(start(&server, execution('1'))).await;
        let expected = ["throttled", "expired", "garbled", "unreachable", "QUEUED", "denied", "not_found", "SUCCESS."];
        assert_eq!(story, expected);
    }

    #[tokio::test]
    async fn what_can_not_get_better_ends_it_when_it_comes_first() {
        let _dir = with_keys();
        let story = async |play: fn() -> Play| told(start(&executions(vec![play]).await, execution('1'))).await;
        assert_eq!(story(denied).await, ["denied."]);
        assert_eq!(story(|| Play::Error("InvalidRequestException", "not found")).await, ["not_found."]);
        let _dir = bare();
        unsafe { std::env::remove_var("AWS_ACCESS_KEY_ID") };
        assert_eq!(story(denied).await, ["no_credentials."]);
    }

    #[tokio::test]
    async fn a_task_is_followed_by_way_of_its_execution() {
        let _dir = with_keys();
        let current = execution('3').to_string();
        let server = Server::start(move |seen, number| match &*seen.operation {
            _ if number == 0 => Play::Error("InternalException", ""),
            "DescribeTask" => Play::ok(json!({ "CurrentTaskExecutionArn": current })),
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
        assert_eq!(told(observations).await, Vec::<String>::new());
    }

    #[tokio::test]
    async fn facts_come_with_the_last_observation_again() {
        let _dir = with_keys();
        let server = Server::start(|seen, _| match &*seen.operation {
            "DescribeTask" => Play::ok(json!({ "Name": "nightly" })),
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
        let _dir = with_keys();
        let server = Server::start(|seen, number| match &*seen.operation {
            "DescribeTask" => Play::Error("InternalException", ""),
            _ if number > 8 => status("SUCCESS"),
            _ => status("TRANSFERRING"),
        })
        .await;
        let story = told(start(&server, execution('1'))).await;
        assert!(!story.iter().any(|word| word.contains('+')), "{story:?}");
        assert_eq!(server.counts()["DescribeTask"], 2);
    }

    #[tokio::test]
    async fn several_share_a_receiver_and_end_it_together() {
        let _dir = with_keys();
        let server = executions(vec![|| status("QUEUED"), || status("QUEUED"), || status("SUCCESS")]).await;
        let (service, clock) = (service_at(&server.url()), Clock::fast(Timestamp::UNIX_EPOCH, 50.0));
        let (out, observations) = mpsc::channel(1);
        for digit in ['1', '2', '3'] {
            watch_into(service.clone(), execution(digit), 5 * S, clock.clone(), out.clone());
        }
        drop(out);
        let story = told(observations).await;
        assert_eq!(story.iter().filter(|word| *word == "SUCCESS.").count(), 3, "{story:?}");
    }

    #[tokio::test]
    async fn a_task_is_followed_from_one_execution_to_the_next() {
        let _dir = with_keys();
        let runs = AtomicUsize::new(0);
        let server = Server::start(move |seen, _| match &*seen.operation {
            "DescribeTask" => {
                let digit = if runs.fetch_add(1, SeqCst) < 4 { '1' } else { '2' };
                Play::ok(json!({ "CurrentTaskExecutionArn": execution(digit).to_string() }))
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
        tokio::time::timeout(S, following).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn it_stops_when_nobody_listens_even_in_the_middle_of_a_call() {
        let _dir = with_keys();
        let server = executions(vec![|| Play::Hang]).await;
        let (out, observations) = mpsc::channel(1);
        let clock = Clock::wall();
        let polling = watch_into(service_at(&server.url()), execution('1'), 5 * S, clock, out);
        while server.seen().is_empty() {
            tokio::task::yield_now().await;
        }
        drop(observations);
        tokio::time::timeout(Duration::from_millis(200), polling).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_fast_clock_does_not_make_a_storm() {
        let _dir = with_keys();
        let server = executions(vec![|| status("QUEUED")]).await;
        let clock = Clock::fast(Timestamp::UNIX_EPOCH, 1e6);
        let mut observations = watch(service_at(&server.url()), execution('1'), 5 * S, clock);
        let start = Instant::now();
        for _ in 0..4 {
            observations.recv().await.unwrap();
        }
        assert!(start.elapsed() >= LEAST * 3, "{:?}", start.elapsed());
    }

    const S: Duration = Duration::from_secs(1);

    /// Faults by their first letter: throttled, unreachable; `.` is an answer. The delays in seconds after each.
    fn delays(interval: Duration, story: &str) -> Vec<f64> {
        let mut backoff = Backoff::default();
        let step = |letter| {
            backoff = match letter {
                't' => backoff.faulted(FaultKind::Throttled, interval),
                'u' => backoff.faulted(FaultKind::Unreachable, interval),
                _ => backoff.answered(),
            };
            delay(interval, backoff, 0.0).as_secs_f64()
        };
        story.chars().map(step).collect()
    }

    #[test]
    fn delays_follow_what_came() {
        for (interval, story, expected) in [
            (5 * S, "...", vec![5.0, 5.0, 5.0]),
            // Twice as long each time, at most a minute, and back step by step.
            (5 * S, "tttttt", vec![10.0, 20.0, 40.0, 60.0, 60.0, 60.0]),
            (5 * S, "tttttt.....", vec![10.0, 20.0, 40.0, 60.0, 60.0, 60.0, 40.0, 20.0, 10.0, 5.0, 5.0]),
            (5 * S, "t.t.", vec![10.0, 5.0, 10.0, 5.0]),
            (60 * S, "tt.", vec![60.0, 60.0, 60.0]),
            (300 * S, "tt.", vec![300.0, 300.0, 300.0]),
            (45 * S, "tt.", vec![60.0, 60.0, 45.0]),
            // Once at the interval, then slower, at most half a minute, and back at once.
            (5 * S, "uuuuuuu.", vec![5.0, 7.5, 11.25, 16.875, 25.3125, 30.0, 30.0, 5.0]),
            (60 * S, "uuu.", vec![60.0, 60.0, 60.0, 60.0]),
            (S / 2, "uu.", vec![0.5, 0.75, 0.5]),
            // Out of reach while throttled does not hurry.
            (5 * S, "ttu.", vec![10.0, 20.0, 20.0, 10.0]),
            (5 * S, "uut.", vec![5.0, 7.5, 10.0, 5.0]),
            // Too short is a tenth of a second.
            (Duration::ZERO, "..", vec![0.1, 0.1]),
        ] {
            assert_eq!(delays(interval, story), expected, "{interval:?} {story}");
        }
    }

    #[test]
    fn no_story_ends_in_an_odd_delay() {
        for story in ["t", "u"] {
            let long = delays(5 * S, &story.repeat(10_000));
            assert_eq!(long.last(), Some(if story == "t" { &60.0 } else { &30.0 }));
        }
        assert_eq!(delays(Duration::MAX / 4, "tu").len(), 2);
    }

    #[test]
    fn jitter_is_a_twentieth_and_never_odd() {
        let by = |jitter| delay(20 * S, Backoff::default(), jitter).as_secs_f64();
        assert_eq!((by(0.0), by(0.5), by(1.0)), (20.0, 20.5, 21.0));
        assert_eq!((by(-9.0), by(f64::NAN), by(f64::INFINITY)), (20.0, 20.0, 20.0));
        assert_eq!(delay(LEAST, Backoff::default(), 0.0), LEAST);
    }
}
