//! One transfer: its past, what is judged of it, and what happened.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{
    events::{Before, Events, Kind, of_health},
    judge::{
        estimate::{EarlierRun, Estimator, Reading, Stage},
        health::{Health, HealthState},
    },
    past::{
        Past,
        phases::{Age, Phase},
    },
    present::progress,
};
use crate::aws::{
    arn::Arn,
    observation::Observation,
    response::Response,
    snapshot::{Count, Snapshot, Status},
    task::Task,
};

/// One transfer, as far as it was observed.
#[derive(Clone, Debug)]
pub struct Execution {
    arn: Arn,
    /// The text of the ARN as observations carry it, once there was one.
    called: Option<Arc<str>>,
    task: Arc<Task>,
    past: Past,
    estimator: Estimator,
    /// Health as it was judged when the newest response came.
    judged: Option<HealthState>,
    events: Events,
}

impl Execution {
    /// A transfer of which nothing is known yet.
    pub fn new(arn: Arn, now: Timestamp) -> Self {
        Self {
            arn,
            called: None,
            task: Arc::default(),
            past: Past::new(now),
            estimator: Estimator::default(),
            judged: None,
            events: Events::default(),
        }
    }

    /// Folds one observation in.
    pub fn observe(&mut self, observation: &Observation) {
        if !self.is_called(&observation.execution)
            && let Ok(arn) = Arn::parse(&observation.execution)
            && self.arn.covers(&arn)
        {
            self.arn = arn;
            self.called = Some(Arc::clone(&observation.execution));
        }
        if let Some(task) = &observation.task {
            self.task = Arc::clone(task);
        }
        let (before, at) = (Before::of(&self.past), observation.at);
        self.past.observe(observation);
        for kind in before.compare(&self.past, at) {
            self.events.add(at, kind);
        }
        if self.past.outage.is_none()
            && let Some(reading) = self.past.snapshot().map(|snapshot| self.reading(snapshot, at))
        {
            self.estimator.observe(&reading);
            self.judge(at);
        }
    }

    /// Takes note that what was watched before is watched again from `at` on.
    pub fn resume(&mut self, at: Timestamp) {
        self.past.forget_old_outage(at);
    }

    /// Takes earlier runs of its task as one more opinion on when it ends.
    pub fn remember(&mut self, runs: &[EarlierRun]) {
        self.estimator.remember(runs);
    }

    /// What it did, for a later run of its task; `None` where it did not end with SUCCESS, or the service did not say
    /// how long it transferred.
    pub fn as_earlier_run(&self) -> Option<EarlierRun> {
        let snapshot = self.past.snapshot().filter(|snapshot| snapshot.status() == Some(Status::Success))?;
        let reading = self.reading(snapshot, self.past.polled_at?);
        let (bytes, files) = (reading.bytes_done.unwrap_or(0), reading.files_done.unwrap_or(0));
        Some(EarlierRun { took: progress::transfer_lasted(snapshot, self.past.applicability())?, bytes, files })
    }

    /// Notes what health became since the response before: troubles that begin, and those that end.
    fn judge(&mut self, at: Timestamp) {
        let health = Health::of(&self.past, self.phase_age(at), at);
        let before = self.judged.replace(health.state);
        if !self.is_over()
            && let Some(kind) = of_health(before, &health)
        {
            self.events.add(at, kind);
        }
    }

    fn reading(&self, snapshot: &Snapshot, at: Timestamp) -> Reading {
        let number = |count: Option<Count>| count.map(|count| count.0);
        let applicability = self.past.applicability();
        let files = progress::files(snapshot, applicability);
        Reading {
            at,
            stage: match snapshot.status() {
                Some(Status::Preparing) => Stage::Preparing,
                Some(Status::Transferring) => Stage::Transferring,
                Some(Status::Verifying) => Stage::Verifying,
                Some(Status::Cancelling) => Stage::Cancelling,
                Some(Status::Success | Status::Error) => Stage::Over,
                _ => Stage::Before,
            },
            bytes_done: number(snapshot.bytes_written),
            bytes_total: number(snapshot.estimated_bytes_to_transfer),
            files_done: files.done,
            files_total: files.total,
            totals_grow: self.past.totals_grow(),
            limit: progress::limit(snapshot, applicability),
            running_for: progress::transferring_for(snapshot, applicability, at),
            clock: snapshot.result.as_ref().and_then(|result| number(result.total_duration)),
            step: self.past.refresh.usual(),
            after_gap: self.past.newest.as_ref().is_some_and(|newest| newest.after_gap),
        }
    }

    /// Whether observations of it carried this very text; one that does not may still be of it.
    pub fn is_called(&self, name: &Arc<str>) -> bool {
        self.called.as_ref().is_some_and(|called| Arc::ptr_eq(called, name) || called == name)
    }

    /// Notes that so many lines of its recording can't be read.
    pub fn unreadable(&mut self, lines: usize) {
        if let Some(at) = self.past.polled_at {
            self.events.add(at, Kind::LinesUnreadable(lines));
        }
    }

    /// Which transfer: its task alone, as long as no execution of it was found.
    pub fn arn(&self) -> &Arn {
        &self.arn
    }

    /// What is known of the task.
    pub fn task(&self) -> &Task {
        &self.task
    }

    /// What a person calls it: the task's name, or the shortest id that there is.
    pub fn name(&self) -> &str {
        self.task.name.as_deref().unwrap_or(self.arn.id())
    }

    /// What was seen.
    pub fn past(&self) -> &Past {
        &self.past
    }

    /// What happened.
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// When it ends, as far as can be said.
    pub fn estimator(&self) -> &Estimator {
        &self.estimator
    }

    /// When the watch began.
    pub fn watched_since(&self) -> Timestamp {
        self.past.watched_since
    }

    /// When the newest response came.
    pub fn responded_at(&self) -> Option<Timestamp> {
        self.past.newest.as_ref().map(|newest| newest.at)
    }

    /// The newest response.
    pub fn response(&self) -> Option<&Response> {
        self.past.newest.as_ref().map(|newest| &newest.response)
    }

    /// Its data.
    pub fn snapshot(&self) -> Option<&Snapshot> {
        self.past.snapshot()
    }

    /// Whether the newest response says that it is over.
    pub fn is_over(&self) -> bool {
        self.snapshot().is_some_and(Snapshot::is_over)
    }

    /// Whether nothing more will come of it: it is over, or polling stopped without a response.
    pub fn is_settled(&self) -> bool {
        self.is_over() || self.past.outage.is_some() && self.past.next.is_none()
    }

    /// What it went through, where it is, what comes next; none before a response. `age` is how long the running
    /// phase lasts.
    pub fn phases(&self, age: Option<Age>) -> Vec<Phase> {
        let Some(newest) = &self.past.newest else { return Vec::new() };
        self.past.phases.all(newest.response.snapshot(), &newest.applicability, age)
    }

    /// How long the running phase lasts; `None` where that is not known, and once it is over.
    pub fn phase_age(&self, now: Timestamp) -> Option<Age> {
        let newest = self.past.newest.as_ref()?;
        let (snapshot, durations) = (newest.response.snapshot(), newest.durations());
        self.past.phases.age(snapshot, &newest.applicability, durations, now)
    }

    /// How long it ran in all, or runs by now, never below 0; `None` without times.
    pub fn elapsed(&self, now: Timestamp) -> Option<SignedDuration> {
        let snapshot = self.snapshot()?;
        if snapshot.is_over() {
            let total = snapshot.result.as_ref().and_then(|result| result.total_duration).filter(|total| total.0 > 0);
            let times = snapshot.end_time.zip(snapshot.launch_time.or(snapshot.start_time));
            return total
                .map(|total| SignedDuration::from_millis(total.0))
                .or(times.map(|(end, start)| end.0.duration_since(start.0).max(SignedDuration::ZERO)));
        }
        Some(now.duration_since(snapshot.start_time?.0).max(SignedDuration::ZERO))
    }
}

#[cfg(test)]
pub mod tests {
    use std::time::Duration;

    use super::*;
    use crate::transfer::{present::rates::Current, readout::Readout};
    use crate::{
        aws::{
            fault::{Fault, FaultKind},
            observation::Outcome,
        },
        say,
    };

    pub const ARN: &str =
        "arn:aws:datasync:us-east-1:111122223333:task/task-0123456789abcdef0/execution/exec-0123456789abcdef0";

    /// Seconds after an arbitrary beginning.
    pub fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    /// An execution of which nothing is known, watched from second 0 on.
    pub fn unknown() -> Execution {
        Execution::new(Arn::parse(ARN).unwrap(), at(0))
    }

    /// An observation of an answer with these members.
    pub fn answer(second: i64, members: &str) -> Observation {
        observation(second, Outcome::Response(Response::parse(&format!("{{{members}}}")).unwrap()))
    }

    /// An observation of a fault.
    pub fn fault(second: i64, kind: FaultKind) -> Observation {
        observation(second, Outcome::Fault(Fault::new(kind, format!("it was {}", kind.as_str()))))
    }

    fn observation(second: i64, outcome: Outcome) -> Observation {
        Observation { execution: ARN.into(), at: at(second), outcome, task: None, next: Some(Duration::from_secs(5)) }
    }

    /// Folds answers of a status and other members, given for each second.
    pub fn watched(answers: impl IntoIterator<Item = (i64, String)>) -> Execution {
        let mut execution = unknown();
        for (second, members) in answers {
            execution.observe(&answer(second, &members));
        }
        execution
    }

    fn transferring(second: i64) -> (i64, String) {
        let step = second / 15;
        (
            second,
            format!(
                r#""Status":"TRANSFERRING","BytesWritten":{},"FilesTransferred":{},"EstimatedBytesToTransfer":100000"#,
                step * 1500,
                step * 3
            ),
        )
    }

    fn texts(execution: &Execution) -> Vec<String> {
        execution.events().iter().map(|event| say::words::events::words(&event.kind)).collect()
    }

    #[test]
    fn the_last_good_answer_stays_with_its_age() {
        let mut execution = watched((0..=60).step_by(5).map(transferring));
        let before = execution.snapshot().cloned();
        execution.observe(&fault(65, FaultKind::Unreachable));
        execution.observe(&fault(70, FaultKind::Unreachable));
        assert_eq!(execution.snapshot().cloned(), before);
        let readout = Readout::of(&execution, at(70));
        assert_eq!((readout.responded_at(), readout.polled_at()), (Some(at(60)), Some(at(70))));
        let outage = readout.outage().unwrap();
        assert_eq!((outage.since, outage.times), (at(65), 2));
        execution.observe(&answer(75, &transferring(75).1));
        assert_eq!(execution.past().outage, None);
        assert_eq!(texts(&execution)[2..], ["poll failed: it was unreachable", "polling recovered after 10s"]);
    }

    #[test]
    fn when_counters_moved_is_the_services_time_not_ours() {
        let execution = watched((0..=70).step_by(5).map(transferring));
        assert_eq!(Readout::of(&execution, at(70)).counters_changed_at(), Some(at(60)));
        assert_eq!(execution.past().unchanged_for(), SignedDuration::from_secs(10));
        let fresh = watched([transferring(7)]);
        assert_eq!(Readout::of(&fresh, at(7)).counters_changed_at(), None);
    }

    #[test]
    fn a_task_becomes_the_execution_that_was_found() {
        let task = Arn { execution: None, ..Arn::parse(ARN).unwrap() };
        let mut execution = Execution::new(task, at(0));
        execution.observe(&answer(1, r#""Status":"QUEUED""#));
        assert_eq!(execution.arn().to_string(), ARN);
    }

    #[test]
    fn an_earlier_run_took_what_the_service_says_and_no_time_of_ours() {
        let run = |result: &str| {
            let members = format!(
                r#""Status":"SUCCESS","TaskMode":"ENHANCED","LaunchTime":1799990000,"BytesWritten":7,"Result":{{{result}}}"#
            );
            watched([(0, members)]).as_earlier_run().map(|run| (run.took, run.bytes))
        };
        assert_eq!(run(r#""TotalDuration":600000"#), Some((SignedDuration::from_mins(10), 7)));
        assert_eq!(run(""), None);
    }

    #[test]
    fn what_stands_from_the_first_poll_on_has_no_end_and_may_have_stood_for_longer() {
        let members = r#""Status":"TRANSFERRING","BytesWritten":400,"EstimatedBytesToTransfer":1000,"LaunchTime":1799999300,
            "Result":{"PrepareDuration":60000,"TransferDuration":600000,"TotalDuration":700000}"#;
        let at_second = |last: i64| {
            let execution = watched((0..=last).step_by(15).map(|second| (second, members.to_owned())));
            let readout = Readout::of(&execution, at(last));
            (readout.phase_age, readout.estimate.is_ok(), readout.rate)
        };
        let minutes = SignedDuration::from_mins;
        assert_eq!(at_second(60), (Some(Age::Reported(minutes(11))), true, Current::Measuring));
        assert_eq!(at_second(240), (Some(Age::AtLeast(minutes(14))), false, Current::Still(minutes(4))));
    }

    #[test]
    fn events_tell_what_happened_once() {
        let transferring = |second, written, failed| {
            let bytes = format!(r#""BytesWritten":{written},"EstimatedBytesToTransfer":100"#);
            (
                second,
                format!(r#""Status":"TRANSFERRING","TaskMode":"ENHANCED",{bytes},"FilesFailed":{{"Verify":{failed}}}"#),
            )
        };
        let mut answers = vec![
            (0, r#""Status":"QUEUED","StartTime":1800000000"#.to_owned()),
            (30, r#""Status":"LAUNCHING","StartTime":1800000000"#.to_owned()),
            transferring(60, 0, 0),
        ];
        answers.extend((90..750).step_by(60).map(|second| transferring(second, 40, 2)));
        answers.extend([transferring(780, 60, 3), transferring(810, 95, 3)]);
        let end = transferring(840, 100, 3);
        answers.push((end.0, end.1.replace("TRANSFERRING", "SUCCESS")));
        let execution = watched(answers);
        assert_eq!(
            texts(&execution),
            [
                "first poll: QUEUED",
                "launching (queued 30s)",
                "transferring (launching 30s)",
                "first bytes written",
                "verify: first failures (2)",
                "stalled: no counter has changed for 6m",
                "listing finished: 100 B to transfer",
                "50% of bytes written",
                "moving again",
                "90% of bytes written",
                "ended with SUCCESS, but incomplete",
            ]
        );
    }

    #[test]
    fn a_share_of_the_bytes_is_passed_once_and_only_of_a_total_that_stands() {
        // (until, bytes written, bytes expected): 60% of a growing list, then 40, 60, 40 and 60% of what stands
        let legs = [(120, 60, 0), (600, 400, 1000), (660, 600, 1000), (1200, 600, 1500), (1260, 900, 1500)];
        let answers = (0..=1260).step_by(5).map(|second| {
            let (_, written, total) = *legs.iter().find(|leg| second <= leg.0).unwrap();
            let (written, total) = if total == 0 { (second * 3, second * 5) } else { (written, total) };
            (
                second,
                format!(
                    r#""Status":"TRANSFERRING","TaskMode":"ENHANCED","BytesWritten":{written},"EstimatedBytesToTransfer":{total}"#
                ),
            )
        });
        let execution = watched(answers);
        let passed: Vec<_> = execution
            .events()
            .iter()
            .filter(|event| matches!(event.kind, Kind::Passed(_)))
            .map(|event| event.at)
            .collect();
        assert_eq!(passed, [at(605)]);
    }

    #[test]
    fn before_three_changes_the_end_is_a_rough_one_by_the_average_so_far() {
        let members = r#""Status":"TRANSFERRING","TaskMode":"ENHANCED","BytesWritten":2500,"FilesTransferred":10,"EstimatedFilesToTransfer":50,"EstimatedBytesToTransfer":10000,"Result":{"TotalDuration":600000}"#;
        let execution = watched([(0, members.to_owned())]);
        let estimate = Readout::of(&execution, at(0)).estimate.unwrap();
        assert!(estimate.is_rough && estimate.is_lower_bound, "the list may grow: {estimate:?}");
        assert_eq!(estimate.likely, at(2400), "files take longer than bytes: 40 more at 10 in 600 s");
        assert!(estimate.earliest < estimate.likely && estimate.likely < estimate.latest);
        let later = Readout::of(&execution, at(30)).estimate.unwrap();
        assert_eq!(later.likely, at(2400), "it does not run away from a clock");
        let unknown = watched([(0, members.replace("600000", "0"))]);
        assert!(Readout::of(&unknown, at(0)).estimate.is_err(), "without a time there is no average");
    }

    #[test]
    fn totals_that_stopped_growing_are_totals() {
        let answers = |until: i64| {
            (0..=until).step_by(5).map(|second| {
                let total = second.min(60) * 1000;
                (second, format!(r#""Status":"TRANSFERRING","TaskMode":"ENHANCED","EstimatedBytesToTransfer":{total},"EstimatedFilesToTransfer":5"#))
            })
        };
        assert!(watched(answers(60)).past().totals_grow());
        assert!(watched(answers(170)).past().totals_grow());
        assert!(!watched(answers(200)).past().totals_grow());
        let basic =
            watched([(0, r#""Status":"TRANSFERRING""#.to_owned()), (5, r#""Status":"TRANSFERRING""#.to_owned())]);
        assert!(!basic.past().totals_grow());
    }

    #[test]
    fn an_answer_that_comes_twice_changes_nothing() {
        let mut execution = watched((0..=60).step_by(5).map(transferring));
        let seen = |execution: &Execution| {
            let readout = Readout::of(execution, at(60));
            (readout.counters_changed_at(), readout.rate, execution.events().total())
        };
        let before = seen(&execution);
        execution.observe(&answer(60, &transferring(60).1));
        assert_eq!(before, seen(&execution));
    }

    proptest::proptest! {
        /// Whatever the service answers, in whatever order, something can be said of it.
        #[test]
        fn any_sequence_of_answers_is_survived(
            answers in proptest::collection::vec(
                (
                    proptest::prop_oneof![-50i64..100_000, -180_000_000_000i64..=251_600_000_000],
                    proptest::sample::select(vec!["QUEUED", "LAUNCHING", "PREPARING", "TRANSFERRING", "VERIFYING", "CANCELLING", "SUCCESS", "ERROR", "NEW"]),
                    proptest::sample::select(vec!["BASIC", "ENHANCED", "TURBO"]),
                    proptest::collection::vec(proptest::sample::select(vec![i64::MIN, -1, 0, 1, 7, 1 << 40, i64::MAX]), 12),
                ),
                1..20,
            )
        ) {
            let mut execution = unknown();
            for (second, status, mode, n) in answers {
                let members = format!(
                    r#""Status":"{status}","TaskMode":"{mode}","BytesWritten":{},"EstimatedBytesToTransfer":{},"FilesTransferred":{},
                    "EstimatedFilesToTransfer":{},"EstimatedFilesToDelete":{},"BytesTransferred":{},"BytesCompressed":{},"StartTime":{},
                    "Options":{{"PreserveDeletedFiles":"REMOVE","BytesPerSecond":{}}},"FilesFailed":{{"Verify":{},"Transfer":{}}},
                    "Result":{{"TotalDuration":{},"TransferDuration":{}}}"#,
                    n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8], n[9], n[10], n[11], n[0]
                );
                execution.observe(&answer(second, &members));
                let now = at(second).checked_add(SignedDuration::from_secs(3)).unwrap_or(Timestamp::MAX);
                let (readout, time) = (Readout::of(&execution, now), say::units::LocalTime { now, zone: &jiff::tz::TimeZone::UTC });
                proptest::prop_assert!(!say::summary::headline(&readout, &time).is_empty());
                let _ = say::sentences::sentences(&readout, &time);
                let _ = say::report::page(&readout, &time, &Default::default());
                for gauge in [readout.bytes, readout.files] {
                    proptest::prop_assert!(gauge.fraction().is_none_or(|fraction| (0.0..=1.0).contains(&fraction)));
                }
                proptest::prop_assert!(readout.rate.bytes().is_none_or(|rate| rate >= 0.0));
            }
        }
    }
}
