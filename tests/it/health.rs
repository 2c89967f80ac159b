//! Health over whole simulated executions: each word comes and goes at the right minute, and no habit is an alarm.

#[path = "../../benches/health/measure.rs"]
#[allow(dead_code, reason = "the benchmark says more")]
mod measure;
#[path = "../../benches/health/simulated.rs"]
mod simulated;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use syncscope::{App, Arn, Event, Observation, Outcome, Response, State, simulated as scenario_observations};

fn start() -> Timestamp {
    "2026-11-22T16:00:00Z".parse().unwrap()
}

fn state(app: &App) -> &'static str {
    State::of(app.execution().unwrap(), app.now()).health()
}

/// The health of a scenario: each word with the minute at which it was first said.
fn course(scenario: &str, minutes: i64) -> Vec<(i64, &'static str)> {
    let until = start() + SignedDuration::from_mins(minutes);
    let mut observations = scenario_observations(scenario, start(), Duration::from_secs(5)).unwrap().peekable();
    let mut app = App::new([Arn::parse(&observations.peek().unwrap().execution).unwrap()], start(), TimeZone::UTC);
    let mut course: Vec<(i64, &'static str)> = Vec::new();
    for observation in observations.take_while(|observation| observation.at <= until) {
        let minute = observation.at.duration_since(start()).as_mins();
        app.update(Event::observed(observation));
        if course.last().is_none_or(|(_, last)| *last != state(&app)) {
            course.push((minute, state(&app)));
        }
    }
    course
}

#[test]
fn each_word_comes_and_goes_at_its_minute() {
    for (scenario, expected) in [
        ("enhanced", vec![(0, "waiting"), (0, "starting"), (1, "healthy"), (76, "finished_with_failures")]),
        ("basic", vec![(0, "starting"), (1, "healthy"), (58, "finished")]),
        ("queued", vec![(0, "waiting"), (25, "starting"), (27, "healthy"), (49, "finished")]),
        ("slow-launch", vec![(0, "starting"), (5, "waiting"), (20, "healthy"), (47, "finished")]),
        ("failing", vec![(0, "starting"), (0, "healthy"), (4, "failing"), (43, "failed")]),
        ("stalled", vec![(0, "starting"), (1, "healthy"), (20, "quiet"), (24, "stalled")]),
        ("stuck", vec![(0, "watching"), (1, "quiet"), (5, "stalled")]),
        (
            "recovering",
            vec![(0, "starting"), (0, "healthy"), (16, "quiet"), (19, "stalled"), (23, "healthy"), (40, "finished")],
        ),
        ("slow", vec![(0, "starting"), (0, "healthy"), (101, "slow"), (124, "healthy"), (170, "finished")]),
        ("cancelled", vec![(0, "starting"), (0, "healthy"), (12, "cancelling"), (16, "cancelled")]),
        ("unknown", vec![(0, "starting"), (1, "healthy"), (13, "finished")]),
    ] {
        assert_eq!(course(scenario, 200), expected, "{scenario}");
    }
}

/// An execution of forty hours whose counters step every `step` seconds, give or take a fifth.
fn forty_hours(step: i64) -> impl Iterator<Item = Observation> {
    let arn = "arn:aws:datasync:us-east-1:111122223333:task/task-0123456789abcdef0/execution/exec-0123456789abcdef0";
    let seconds = 40 * 3600;
    let (mut changed, mut next) = (0, step);
    (0..seconds).step_by(5).map(move |second| {
        if second >= next {
            changed = next;
            next += step + step * (second * 7919 % 41 - 20) / 100;
        }
        let body = format!(
            r#"{{"Status":"TRANSFERRING","TaskMode":"ENHANCED","StartTime":{},"BytesWritten":{},"FilesTransferred":{},
            "EstimatedBytesToTransfer":{},"Result":{{"TotalDuration":{}}}}}"#,
            start().as_second(),
            changed * 1_000_000,
            changed * 10,
            seconds * 1_000_000,
            changed * 1000
        );
        Observation {
            execution: arn.into(),
            at: start() + SignedDuration::from_secs(second),
            outcome: Outcome::Response(Response::parse(&body).unwrap()),
            task: None,
            next: Some(Duration::from_secs(5)),
        }
    })
}

#[test]
fn forty_healthy_hours_raise_no_alarm_whatever_the_step() {
    for step in [15, 60, 300] {
        let mut observations = forty_hours(step).peekable();
        let arn = Arn::parse(&observations.peek().unwrap().execution).unwrap();
        let mut app = App::new([arn], start(), TimeZone::UTC);
        for observation in observations {
            let at = observation.at;
            app.update(Event::observed(observation));
            let alarm = !matches!(state(&app), "healthy" | "quiet" | "watching");
            assert!(!alarm, "{} at {at} with steps of {step}", state(&app));
        }
        let events = app.execution().unwrap().events().iter().filter(|event| event.kind.is_turn()).count();
        assert!(events <= 2, "a quiet run is quiet: {events} events");
    }
}

#[test]
fn folding_one_by_one_or_all_at_once_is_the_same() {
    let observations: Vec<_> = scenario_observations("recovering", start(), Duration::from_secs(5)).unwrap().collect();
    let arn = Arn::parse(&observations[0].execution).unwrap();
    let fresh = App::new([arn], start(), TimeZone::UTC);
    let (mut ticked, mut folded) = (fresh.clone(), fresh);
    for observation in observations {
        let at = observation.at;
        ticked.update(Event::observed(observation.clone()));
        ticked.update(Event::tick(at + SignedDuration::from_secs(1)));
        folded.update(Event::observed(observation));
    }
    folded.update(Event::tick(ticked.now()));
    assert_eq!(format!("{:?}", ticked.execution()), format!("{:?}", folded.execution()));
}

/// The benchmark `health` does the same for 1,000 hours and 100 stops.
#[test]
fn hours_of_chance_raise_no_alarm_and_each_stop_is_named_in_time_by_step() {
    let (mut hours, mut seed) = (0.0, 5_000_000);
    while hours < 40.0 {
        let run = simulated::drawn(seed, None);
        let alarms = measure::alarms(&run.observations);
        assert!(alarms.found.is_empty(), "{seed} {:?}: {:?}", run.plan, alarms.found);
        (hours, seed) = (hours + alarms.hours, seed + 1);
    }
    let steps = (1..simulated::STEPS.len()).map(simulated::Stops::Step);
    for what in [simulated::Stops::Whole, simulated::Stops::Counters].into_iter().chain(steps) {
        let mut named = measure::Named::default();
        let until = seed + 50;
        while named.stops < 2 {
            assert!(seed < until, "{what:?} is stopped in none of 50 runs");
            let run = simulated::drawn(seed, Some(what));
            named.add(measure::named(&run.observations, run.stopped, what, run.plan.step, &seed.to_string()));
            seed += 1;
        }
        assert!(named.is_perfect(), "{what:?}, seeds up to {seed}");
    }
}
