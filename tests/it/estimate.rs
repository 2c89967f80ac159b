//! The estimated end holds what `cargo bench --bench estimate` shows, on fewer and shorter runs.

#[allow(dead_code, reason = "the benchmark uses the rest")]
#[path = "../../benches/estimate/measure.rs"]
mod measure;
#[allow(dead_code, reason = "the benchmark uses the rest")]
#[path = "../../benches/estimate/runs.rs"]
mod runs;

use std::time::Duration;

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use measure::{FIVE_MINUTES, Score, measure};
use runs::{Polls, Set, runs};
use syncscope::{App, Arn, Event, Observation, Outcome, Response, bench::Unknown};

/// Kinds whose runs last days.
const LONG: [&str; 2] = ["day and night", "a week"];

#[test]
fn the_estimate_is_better_than_plain_rules() {
    for polls in [Polls::Often, Polls::Seldom] {
        let mut all = Score::default();
        for run in runs(Set::HeldOut, polls, 2, &LONG).filter(|run| run.readings.len() < 4000) {
            all.add(&measure(&run));
        }
        let error = all.of_best();
        assert!(error <= 0.70, "the median error is {error:.2} of the best plain rule's, polled {polls:?}");
        let held = all.coverage();
        assert!(
            (0.68..=0.92).contains(&held),
            "the interval holds the truth in {held:.2} of the moments, polled {polls:?}"
        );
        let jump = all.jump(0) / all.jump(FIVE_MINUTES);
        // at polls that are far apart few moves are averaged, and growing lists, whose end moves most, weigh more
        let most = if polls == Polls::Often { 0.55 } else { 0.80 };
        assert!(jump <= most, "it jumps {jump:.2} as much as a window's, polled {polls:?}");
    }
}

#[test]
fn the_same_run_gives_the_same_answers() {
    let errors =
        || runs(Set::Seen, Polls::Often, 1, &LONG).find(|run| run.kind == "short").map(|run| measure(&run).errors);
    assert!(errors().is_some_and(|errors| !errors[0].is_empty()));
    assert_eq!(errors(), errors());
}

/// How the service's clock moves.
#[derive(Clone, Copy, Debug, PartialEq)]
enum ServiceClock {
    Absent,
    WithTheCounters,
    /// Every 15 s, whatever the counters do.
    Alone,
}

/// How a plain transfer is polled, and how the service refreshes what it says. In seconds.
#[derive(Clone, Copy, Debug)]
struct Plain {
    poll: i64,
    /// How often it is polled after half of the time.
    poll_later: i64,
    step: i64,
    clock: ServiceClock,
}

const BEGIN: i64 = 1_800_000_000;

impl Plain {
    /// Counters at their steps, over five hours: each step takes as long as the others give or take a fifth, at a rate
    /// that is 0.5 to 1.5 of the usual.
    fn steps(&self, rng: &mut Rng) -> Vec<(f64, i64)> {
        let (mut second, mut bytes) = (0.0, 0_i64);
        let mut steps = vec![(second, bytes)];
        while second < 5.0 * 3600.0 {
            let took = self.step as f64 * (0.8 + 0.4 * rng.f64());
            second += took;
            bytes += (took * 1e6 * (0.5 + rng.f64())) as i64;
            steps.push((second, bytes));
        }
        steps
    }

    /// Each answer with the bytes that it says are written, and the end. Polls come a tenth sooner or later.
    fn observations(&self) -> (Timestamp, Vec<(i64, Observation)>) {
        let mut rng = Rng::with_seed(self.poll as u64 * 1000 + self.step as u64);
        let steps = self.steps(&mut rng);
        let (end, total) = steps[steps.len() - 1];
        let (mut now, mut observations) = (rng.f64() * self.poll as f64, Vec::new());
        while now < end {
            let poll = if now < end / 2.0 { self.poll } else { self.poll_later };
            let (changed, bytes) = steps[steps.partition_point(|(second, _)| *second <= now) - 1];
            let clock = match self.clock {
                ServiceClock::Absent => None,
                ServiceClock::WithTheCounters => Some(changed),
                ServiceClock::Alone => Some(now - now % 15.0),
            };
            observations.push((bytes, observation(now, poll, (bytes, total), clock)));
            now += poll as f64 * (0.9 + 0.2 * rng.f64());
        }
        (after(end), observations)
    }

    /// What goes wrong first in a run that should have an estimate from its fourth change on.
    fn trouble(&self) -> Option<String> {
        let (end, observations) = self.observations();
        let mut app = App::new([Arn::parse(ARN).unwrap()], after(0.0), TimeZone::UTC);
        let (mut changes, mut last) = (0, observations[0].0);
        let whole = end.duration_since(after(0.0)).as_secs_f64();
        for (bytes, observation) in observations {
            let at = observation.at;
            changes += i32::from(bytes != last);
            last = bytes;
            app.update(Event::observed(observation));
            let execution = app.execution().unwrap();
            let health = syncscope::State::of(execution, at).health();
            if !matches!(health, "healthy" | "quiet" | "watching") {
                return Some(format!("{health} at {at}, after {changes} changes"));
            }
            for moment in [at, at + SignedDuration::from_secs(self.poll / 2)] {
                let rest = end.duration_since(moment).as_secs_f64();
                let allowed = 0.5 * rest + 2.0 * (self.step + self.poll.max(self.poll_later)) as f64;
                match execution.estimator().estimate(moment) {
                    Ok(estimate) if 3.0 * rest < 2.0 * whole => {
                        let off = estimate.likely.duration_since(end).as_secs_f64().abs();
                        let wide = estimate.latest.duration_since(moment).as_secs_f64() - rest;
                        if off > allowed || wide > 2.0 * allowed {
                            return Some(format!("{estimate:?} where {rest:.0} s are left, after {changes} changes"));
                        }
                    }
                    Err(Unknown::FewChanges(_)) if changes < 4 => {}
                    Err(unknown) => return Some(format!("{unknown:?} at {at}, after {changes} changes")),
                    Ok(_) => {}
                }
            }
        }
        (changes < 20).then(|| format!("only {changes} changes"))
    }
}

fn after(seconds: f64) -> Timestamp {
    Timestamp::from_second(BEGIN).unwrap() + SignedDuration::from_millis((seconds * 1e3) as i64)
}

const ARN: &str =
    "arn:aws:datasync:us-east-1:111122223333:task/task-0123456789abcdef0/execution/exec-0123456789abcdef0";

/// An answer, with bytes written and to be written, and the service's clock in seconds.
fn observation(second: f64, poll: i64, (bytes, total): (i64, i64), clock: Option<f64>) -> Observation {
    let clock = clock.map(|clock| format!(r#","Result":{{"TotalDuration":{}}}"#, (clock * 1e3) as i64));
    let body = format!(
        r#"{{"Status":"TRANSFERRING","TaskMode":"ENHANCED","StartTime":{BEGIN},"BytesWritten":{bytes},
        "FilesTransferred":{},"EstimatedBytesToTransfer":{total},"EstimatedFilesToTransfer":{}{}}}"#,
        bytes / 40_000_000,
        total / 40_000_000,
        clock.unwrap_or_default(),
    );
    let outcome = Outcome::Response(Response::parse(&body).unwrap());
    let next = Some(Duration::from_secs(poll as u64));
    Observation { execution: ARN.into(), at: after(second), outcome, task: None, next }
}

#[track_caller]
fn assert_no_trouble(transfers: impl IntoIterator<Item = Plain>) {
    let told = |plain: Plain| plain.trouble().map(|trouble| format!("{plain:?}: {trouble}"));
    let troubles: Vec<String> = transfers.into_iter().filter_map(told).collect();
    assert!(troubles.is_empty(), "{troubles:#?}");
}

#[test]
fn from_the_fourth_change_on_there_is_an_estimate_however_often_it_is_polled() {
    let mut all = Vec::new();
    for poll in [5, 30, 100, 120, 300, 600] {
        for step in [15, 60, 120, 300] {
            for clock in [ServiceClock::Absent, ServiceClock::WithTheCounters] {
                all.push(Plain { poll, poll_later: poll, step, clock });
            }
        }
    }
    assert_no_trouble(all);
}

#[test]
fn counters_that_move_more_seldom_than_the_clock_have_not_stopped() {
    let plain = |step| [5, 30, 120].map(|poll| Plain { poll, poll_later: poll, step, clock: ServiceClock::Alone });
    assert_no_trouble([60, 120, 200].into_iter().flat_map(plain));
}

#[test]
fn another_polling_interval_is_neither_a_stop_nor_a_gap() {
    let plain = |(poll, poll_later)| {
        [15, 60, 300].map(|step| Plain { poll, poll_later, step, clock: ServiceClock::WithTheCounters })
    };
    assert_no_trouble([(5, 100), (5, 600), (600, 5), (120, 30)].into_iter().flat_map(plain));
}

#[test]
fn no_end_is_foretold_of_what_health_calls_stalled() {
    // at steps of 15 s, which polls that are further apart show as longer ones
    for (poll, calls_after) in [(5, 300), (100, 300), (300, 900), (600, 1800)] {
        let mut app = App::new([Arn::parse(ARN).unwrap()], after(0.0), TimeZone::UTC);
        let (stops_at, mut called) = (12_000, [None; 2]);
        for second in (0..20_000_i64).step_by(poll) {
            let bytes = second.min(stops_at) / 15 * 15_000_000;
            let written = (bytes, 20_000_000_000);
            app.update(Event::observed(observation(second as f64, poll as i64, written, None)));
            let execution = app.execution().unwrap();
            let state = syncscope::State::of(execution, app.now());
            let stalled = [
                state.health() == "stalled",
                state.json().contains(r#""eta_unknown_because":"nothing transferred for"#),
            ];
            for (called, _) in called.iter_mut().zip(stalled).filter(|(called, stalled)| *stalled && called.is_none()) {
                *called = Some(second - stops_at);
            }
        }
        assert_eq!(called[0], Some(calls_after), "polled every {poll} s");
        assert!(called[1].is_some() && called[1] <= called[0], "polled every {poll} s: {called:?}");
    }
}

#[test]
fn a_list_that_grows_at_long_steps_grows_until_it_is_complete() {
    let mut app = App::new([Arn::parse(ARN).unwrap()], after(0.0), TimeZone::UTC);
    for second in (0..7200).step_by(5) {
        let step = second / 300;
        let total = (step.min(12) + 20) * 1_000_000_000;
        app.update(Event::observed(observation(second as f64, 5, (step * 100_000_000, total), None)));
        let execution = app.execution().unwrap();
        // the last of it is listed after an hour
        if (1200..3600).contains(&second) {
            assert!(execution.estimator().estimate(app.now()).unwrap().is_lower_bound, "{second}");
        }
    }
    let execution = app.execution().unwrap();
    assert!(!execution.estimator().estimate(app.now()).unwrap().is_lower_bound);
    let complete = execution.events().iter().filter(|event| format!("{:?}", event.kind).starts_with("ListingFinished"));
    assert_eq!(complete.count(), 1);
}
