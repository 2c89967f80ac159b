//! What health said over a course of observations: alarms, and when a stop was named.

use jiff::{SignedDuration, Timestamp};
use syncscope::{App, Arn, Event, Observation, State};

use super::simulated::{ARN, STEPS, Stops};

/// A word that someone is called for.
#[derive(Clone, Debug)]
pub struct Alarm {
    pub state: &'static str,
    pub step: Option<&'static str>,
    /// Seconds after the watch began.
    pub after: f64,
    pub reason: String,
}

/// The alarms of a course, and how long it was watched.
pub struct Alarms {
    pub found: Vec<Alarm>,
    pub hours: f64,
}

/// What is said after each observation.
fn said(observations: &[Observation], mut each: impl FnMut(Timestamp, &State)) {
    let Some(first) = observations.first() else { return };
    let arn = Arn::parse(if first.execution.is_empty() { ARN } else { &first.execution }).expect("an ARN");
    let mut app = App::new([arn], first.at, jiff::tz::TimeZone::UTC);
    for observation in observations {
        app.update(Event::observed(observation.clone()));
        each(observation.at, &State::of(app.execution().expect("an execution"), app.now()));
    }
}

fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64()
}

/// Each beginning of stalled, slow or failing.
pub fn alarms(observations: &[Observation]) -> Alarms {
    let (mut found, mut before) = (Vec::new(), "");
    let begin = observations.first().map(|observation| observation.at);
    let end = observations.last().map(|observation| observation.at);
    said(observations, |at, state| {
        let word = state.health();
        if matches!(word, "stalled" | "slow" | "failing") && word != before {
            let after = begin.map_or(0.0, |begin| seconds(begin, at));
            found.push(Alarm { state: word, step: state.health_step(), after, reason: state.reasons().join(" ") });
        }
        before = word;
    });
    Alarms { found, hours: begin.zip(end).map_or(0.0, |(begin, end)| seconds(begin, end) / 3600.0) }
}

/// How stops were named.
#[derive(Default)]
pub struct Named {
    pub stops: usize,
    by_step: usize,
    in_time: usize,
    after: Vec<f64>,
    left: f64,
}

/// How a stop from the first to the second moment was named; nothing where there was none.
pub fn named(
    observations: &[Observation],
    stopped: Option<(Timestamp, Timestamp)>,
    what: Stops,
    step: f64,
    name: &str,
) -> Named {
    let Some((from, again)) =
        stopped.filter(|(from, again)| again.duration_since(*from) > SignedDuration::from_mins(20))
    else {
        return Named::default();
    };
    let poll = observations.first().and_then(|first| first.next).map_or(0.0, |next| next.as_secs_f64());
    let (mut at_first, mut left) = (None, None);
    said(observations, |at, state| {
        let is_stalled = state.health() == "stalled";
        if is_stalled && at >= from && at < again && at_first.is_none() {
            at_first = Some((seconds(from, at), state.health_step()));
        }
        if !is_stalled && at >= again && left.is_none() {
            left = Some(seconds(again, at));
        }
    });
    let right = |found: Option<&str>| match what {
        Stops::Whole => found.is_none(),
        Stops::Counters => true,
        Stops::Step(step) => found == Some(STEPS[step]),
    };
    let by_step = at_first.is_some_and(|(_, step)| right(step));
    let in_time = at_first.is_some_and(|(after, _)| after <= allowed(step, poll));
    let is_left = left.is_some_and(|left| left <= (step + 2.0 * poll).max(180.0));
    if !(by_step && in_time && is_left) {
        println!("  missed: {at_first:?} (allowed {:.0} s), left {left:?} | {name}", allowed(step, poll));
    }
    Named {
        stops: 1,
        by_step: usize::from(by_step),
        in_time: usize::from(in_time && is_left),
        after: at_first.map(|(after, _)| after).into_iter().collect(),
        left: left.unwrap_or(f64::INFINITY),
    }
}

/// Seven minutes; where six steps and what polls can tell of them take longer, so long. A step and two polls may pass
/// before anyone can see that nothing moved.
fn allowed(step: f64, poll: f64) -> f64 {
    let patience = (6.0 * step).min((3.0 * step).max(900.0)).max(3.0 * poll).max(300.0);
    420.0_f64.max(patience + step + 2.0 * poll)
}

impl Named {
    pub fn add(&mut self, other: Self) {
        self.stops += other.stops;
        self.by_step += other.by_step;
        self.in_time += other.in_time;
        self.after.extend(other.after);
        self.left = self.left.max(other.left);
    }

    /// Whether each stop was named in time, by step, and left in time.
    pub fn is_perfect(&self) -> bool {
        self.by_step == self.stops && self.in_time == self.stops
    }

    pub fn print(&self, name: &str) {
        let mut after = self.after.clone();
        after.sort_by(f64::total_cmp);
        let median = after.get(after.len() / 2).copied().unwrap_or(f64::NAN);
        let most = after.last().copied().unwrap_or(f64::NAN);
        println!(
            "{name:<12} {:>6} {:>8} {:>8} {median:>8.0} {most:>8.0} {:>8.0}",
            self.stops, self.by_step, self.in_time, self.left
        );
    }
}
