//! Simulated executions with a known course: what each poll was answered, and which step stood still from when to when.

use std::time::Duration;

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use syncscope::{Observation, Outcome, Response};

/// The ARN of all of them.
pub const ARN: &str =
    "arn:aws:datasync:us-east-1:111122223333:task/task-0123456789abcdef0/execution/exec-0123456789abcdef0";

/// What stands still in an execution that stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stops {
    /// Counters and durations.
    Whole,
    /// Counters alone.
    Counters,
    /// One step of an Enhanced execution; the others go on as long as they have work.
    Step(usize),
}

/// The steps as `health.step` names them.
pub const STEPS: [&str; 5] = ["list", "prepare", "transfer", "verify", "delete"];
const LIST: usize = 0;
const PREPARE: usize = 1;
const TRANSFER: usize = 2;
const VERIFY: usize = 3;
const DELETE: usize = 4;

/// All that is decided of an execution before it begins. Times in seconds.
#[derive(Clone, Debug)]
pub struct Plan {
    pub enhanced: bool,
    /// Between two refreshes of the counters.
    pub step: f64,
    /// Between two polls.
    pub poll: f64,
    /// How long it would take to transfer at its usual rate.
    pub duration: f64,
    /// What stands still, from and until when after the transfer began.
    pub stop: Option<(Stops, f64, f64)>,
    files: f64,
    file_size: f64,
    /// How much sizes differ from file to file.
    size_sigma: f64,
    listed_by: f64,
    verify: &'static str,
    verifies_late: bool,
    deletes: f64,
    excludes: bool,
    skipped: f64,
    rhythm: f64,
    noise: f64,
    pauses: Option<f64>,
    pauses_stop_the_clock: bool,
    /// The bandwidth limit is lowered to this share of the usual rate, from and until when.
    limit: Option<(f64, f64, f64)>,
    attached_after: f64,
    unseen: Option<(f64, f64)>,
}

/// One execution: what each poll was answered, and what stood still when.
pub struct Run {
    pub plan: Plan,
    pub observations: Vec<Observation>,
    /// When the step, or all of it, last moved before the stop, and when it moved again.
    pub stopped: Option<(Timestamp, Timestamp)>,
}

/// An execution of chance. Without a stop all of it is as it should be.
pub fn drawn(seed: u64, stops: Option<Stops>) -> Run {
    let mut rng = Rng::with_seed(seed);
    let mut plan = Plan::drawn(&mut rng, stops);
    if let Some(stops) = stops {
        plan.stops(stops, &mut rng);
    }
    Simulation::new(plan, rng).run()
}

fn between(rng: &mut Rng, low: f64, high: f64) -> f64 {
    low + (high - low) * rng.f64()
}

fn one_of<T: Copy>(rng: &mut Rng, all: &[T]) -> T {
    all[rng.usize(0..all.len())]
}

fn normal(rng: &mut Rng) -> f64 {
    let (a, b) = (1.0 - rng.f64(), rng.f64());
    (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()
}

impl Plan {
    fn drawn(rng: &mut Rng, stops: Option<Stops>) -> Self {
        let enhanced = matches!(stops, Some(Stops::Step(_))) || rng.u8(0..10) < 6;
        let step = one_of(rng, &[15.0, 15.0, 15.0, 20.0, 30.0, 60.0, 120.0, 180.0, 300.0]);
        let is_long = stops.is_none() && rng.u8(0..8) == 0;
        let duration = if is_long { between(rng, 20.0, 40.0) } else { between(rng, 1.0, 6.0) } * 3600.0;
        let verify = if enhanced {
            one_of(rng, &["ONLY_FILES_TRANSFERRED", "ONLY_FILES_TRANSFERRED", "ONLY_FILES_TRANSFERRED", "NONE"])
        } else {
            one_of(rng, &["ONLY_FILES_TRANSFERRED", "POINT_IN_TIME_CONSISTENT", "NONE"])
        };
        let few = rng.u8(0..6) == 0;
        let files = if few { between(rng, 40.0, 400.0) } else { 10_f64.powf(between(rng, 4.0, 7.0)) };
        Self {
            enhanced,
            step,
            poll: one_of(rng, &[5.0, 5.0, 10.0, 15.0, 30.0, 60.0, 100.0, 120.0]),
            duration,
            stop: None,
            files: files.round(),
            file_size: 10_f64.powf(between(rng, 5.0, 8.0)),
            size_sigma: between(rng, 0.2, 1.5),
            listed_by: between(rng, 0.05, 1.2) * duration,
            verify,
            verifies_late: rng.u8(0..4) == 0,
            deletes: if rng.u8(0..3) == 0 { (files * between(rng, 0.01, 0.3)).ceil() } else { 0.0 },
            excludes: rng.u8(0..4) == 0,
            skipped: between(rng, 0.0, 0.6),
            rhythm: if is_long { between(rng, 0.2, 0.6) } else { 0.0 },
            noise: between(rng, 0.05, 0.35),
            pauses: rng.bool().then(|| between(rng, 1200.0, 4000.0)),
            pauses_stop_the_clock: rng.bool(),
            limit: None,
            attached_after: if rng.u8(0..3) == 0 { between(rng, 0.0, 0.6) * duration } else { 0.0 },
            unseen: (rng.u8(0..6) == 0).then(|| (between(rng, 0.2, 0.8) * duration, between(rng, 300.0, 2400.0))),
        }
        .with_a_limit(rng, stops)
    }

    /// A limit that is lowered on purpose and lifted again, at times for good.
    fn with_a_limit(self, rng: &mut Rng, stops: Option<Stops>) -> Self {
        let is_limited = !self.enhanced && stops.is_none() && rng.u8(0..3) == 0;
        let (share, from) = (between(rng, 0.05, 0.6), between(rng, 0.3, 0.6) * self.duration);
        let until = if rng.bool() { from + between(rng, 1800.0, 7200.0) } else { f64::INFINITY };
        Self { limit: is_limited.then_some((share, from, until)), ..self }
    }

    /// Puts a stop where what is to stop has work.
    fn stops(&mut self, stops: Stops, rng: &mut Rng) {
        self.step = one_of(rng, &[15.0, 15.0, 15.0, 20.0, 30.0, 60.0, 120.0]);
        (self.unseen, self.pauses) = (None, None);
        self.attached_after = if rng.u8(0..4) == 0 { between(rng, 0.0, 0.2) * self.duration } else { 0.0 };
        if let Stops::Step(step) = stops {
            self.files = self.files.max(20_000.0);
            match step {
                LIST => self.listed_by = 1.1 * self.duration,
                PREPARE => (self.excludes, self.listed_by) = (false, between(rng, 0.7, 1.1) * self.duration),
                TRANSFER => self.listed_by = between(rng, 0.3, 0.9) * self.duration,
                VERIFY => (self.verify, self.verifies_late) = ("ONLY_FILES_TRANSFERRED", false),
                _ => self.deletes = (self.files * between(rng, 0.1, 0.3)).ceil(),
            }
        }
        let from = between(rng, 0.3, 0.6) * self.duration;
        self.stop = Some((stops, from, from + between(rng, 1500.0, 2700.0)));
    }
}

/// Items that came through each step; bytes beside them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Counters {
    done: [f64; 5],
    bytes: f64,
}

struct Simulation {
    plan: Plan,
    rng: Rng,
    now: Counters,
    /// As the service shows them, and its clock.
    shown: Counters,
    shown_clock: f64,
    clock: f64,
    /// A factor on the rate that forgets its value within minutes.
    drift: f64,
    /// Bytes left of the file that is being transferred, and its size.
    file: (f64, f64),
    pause: (f64, f64),
    /// When deletes begin, once everything else is done.
    deletes_from: Option<f64>,
}

/// Seconds of LAUNCHING and of Basic PREPARING.
const LAUNCHING: f64 = 150.0;
const PREPARING: f64 = 900.0;

impl Simulation {
    fn new(plan: Plan, mut rng: Rng) -> Self {
        let first_pause = plan.pauses.map_or(f64::INFINITY, |apart| apart * rng.f64());
        let long = between(&mut rng, 20.0, 240.0);
        Self {
            now: Counters::default(),
            shown: Counters::default(),
            shown_clock: 0.0,
            clock: 0.0,
            drift: 0.0,
            file: (0.0, 0.0),
            pause: (first_pause, first_pause + long),
            deletes_from: None,
            plan,
            rng,
        }
    }

    fn run(mut self) -> Run {
        let prepares = if self.plan.enhanced { 0.0 } else { PREPARING };
        let (mut second, mut refresh, mut poll) =
            (-LAUNCHING - prepares, 0.0, self.plan.attached_after - LAUNCHING - prepares);
        let (mut observations, mut verified_from) = (Vec::new(), None);
        let (mut moved, mut stopped, mut again) = (0.0, None, None);
        loop {
            let mut status = if second < -prepares { "LAUNCHING" } else { "PREPARING" };
            if second >= 0.0 {
                status = "TRANSFERRING";
                let before = self.now;
                let runs_clock = self.work(second);
                if runs_clock {
                    self.clock += 1.0;
                }
                if self.has_moved(before) {
                    if stopped.is_some() && again.is_none() {
                        again = Some(second);
                    }
                    moved = second;
                } else if self.stop_at(second).is_some() && stopped.is_none() && second - moved >= 60.0 {
                    stopped = Some(moved);
                }
                if self.is_transferred() {
                    let from = *verified_from.get_or_insert(second);
                    let verifies = !self.plan.enhanced && self.plan.verify != "NONE";
                    status = if verifies { "VERIFYING" } else { status };
                    let part = ((second - from) / (0.2 * self.plan.duration)).min(1.0);
                    if verifies && self.plan.verify == "ONLY_FILES_TRANSFERRED" {
                        self.now.done[VERIFY] = self.plan.files * part;
                    }
                    if part >= 1.0 || !verifies && second - from > 30.0 {
                        status = "SUCCESS";
                    }
                }
            } else if second >= -prepares {
                self.clock += 1.0;
            }
            if second >= refresh || status == "SUCCESS" {
                (self.shown, self.shown_clock) = (self.now, self.clock);
                refresh = second + self.plan.step * between(&mut self.rng, 0.95, 1.05);
            }
            let unseen = self.plan.unseen.is_some_and(|(from, long)| (from..from + long).contains(&second));
            if second >= poll && !unseen || status == "SUCCESS" {
                observations.push(self.observation(second, status));
                poll = second + self.plan.poll * between(&mut self.rng, 0.95, 1.05);
            }
            if status == "SUCCESS" || second > 12.0 * self.plan.duration {
                break;
            }
            second += 1.0;
        }
        let stopped = stopped.zip(again).map(|(from, again)| (at(from), at(again)));
        Run { plan: self.plan, observations, stopped }
    }

    /// Whether what is to stop moved.
    fn has_moved(&self, before: Counters) -> bool {
        match self.plan.stop {
            // its end can be known once nothing else moves
            Some((Stops::Step(LIST) | Stops::Whole | Stops::Counters, ..)) | None => self.now != before,
            Some((Stops::Step(TRANSFER), ..)) => self.now.bytes != before.bytes,
            Some((Stops::Step(step), ..)) => self.now.done[step] != before.done[step],
        }
    }

    fn stop_at(&self, second: f64) -> Option<Stops> {
        let (stops, from, until) = self.plan.stop?;
        let (from, until) = match stops {
            // deletes come after the transfer
            Stops::Step(DELETE) => {
                let begun = self.deletes_from? + 300.0;
                (begun, begun + until - from)
            }
            _ => (from, until),
        };
        (from..until).contains(&second).then_some(stops)
    }

    /// Works for a second; whether the service's clock runs meanwhile.
    fn work(&mut self, second: f64) -> bool {
        if second > self.pause.1 {
            let apart = self.plan.pauses.unwrap_or(f64::INFINITY);
            let from = second + apart * between(&mut self.rng, 0.5, 1.5);
            self.pause = (from, from + between(&mut self.rng, 20.0, 240.0));
        }
        let stop = self.stop_at(second);
        if matches!(stop, Some(Stops::Whole)) {
            return false;
        }
        if matches!(stop, Some(Stops::Counters)) {
            return true;
        }
        if second >= self.pause.0 && !self.is_transferred() {
            return !self.plan.pauses_stop_the_clock;
        }
        let (plan, noise) = (&self.plan, normal(&mut self.rng));
        self.drift = 0.998 * self.drift + plan.noise * 0.063 * noise;
        let day = 1.0 - plan.rhythm * (0.5 + 0.5 * (second / 86_400.0 * std::f64::consts::TAU).sin());
        let pace = self.drift.exp() * day / plan.duration;
        let mut limited = pace;
        if let Some((share, from, until)) = plan.limit
            && (from..until).contains(&second)
        {
            limited = pace.min(share / plan.duration);
        }
        let stands = |step: usize| stop == Some(Stops::Step(step));
        if !plan.enhanced {
            self.transfer(limited);
            if self.now.done[TRANSFER] >= self.plan.files {
                self.delete(second, pace);
            }
            return true;
        }
        if !stands(LIST) {
            let all = plan.files;
            self.now.done[LIST] = (self.now.done[LIST] + all / plan.listed_by).min(all);
        }
        if !stands(PREPARE) {
            let fastest = 3.0 * self.plan.files * pace;
            self.now.done[PREPARE] = (self.now.done[PREPARE] + fastest).min(self.now.done[LIST]);
        }
        if !stands(TRANSFER) {
            self.transfer(limited);
        }
        let is_late = self.plan.verifies_late && self.now.done[TRANSFER] < self.plan.files;
        if self.plan.verify != "NONE" && !stands(VERIFY) && !is_late {
            let fastest = if self.plan.verifies_late { 20.0 } else { 2.0 } * self.plan.files * pace;
            self.now.done[VERIFY] = (self.now.done[VERIFY] + fastest).min(self.now.done[TRANSFER].floor());
        }
        if self.now.done[TRANSFER] >= self.plan.files && !stands(DELETE) {
            self.delete(second, pace);
        }
        true
    }

    /// Transfers for a second, one file after the other, at a share of all bytes a second.
    fn transfer(&mut self, pace: f64) {
        let mut left = pace * self.plan.files * self.plan.file_size;
        let ready = if self.plan.enhanced { self.now.done[PREPARE].floor() } else { self.plan.files };
        while left > 0.0 && self.now.done[TRANSFER] < ready {
            if self.file.0 <= 0.0 {
                let sigma = self.plan.size_sigma;
                // so many small files at once that a second is not made of thousands of them
                let many = (left / self.plan.file_size).floor().max(1.0).min(ready - self.now.done[TRANSFER]);
                let size = self.plan.file_size * (sigma / many.sqrt() * normal(&mut self.rng)).exp();
                self.file = (size * many, many);
            }
            let part = left.min(self.file.0);
            (self.now.bytes, self.file.0, left) = (self.now.bytes + part, self.file.0 - part, left - part);
            if self.file.0 <= 0.0 {
                self.now.done[TRANSFER] += self.file.1;
            }
        }
    }

    fn delete(&mut self, second: f64, pace: f64) {
        self.deletes_from.get_or_insert(second);
        let fastest = 5.0 * self.plan.files * pace;
        self.now.done[DELETE] = (self.now.done[DELETE] + fastest).min(self.plan.deletes);
    }

    fn is_transferred(&self) -> bool {
        let verified = !self.plan.enhanced || self.plan.verify == "NONE" || self.now.done[VERIFY] >= self.plan.files;
        self.now.done[TRANSFER] >= self.plan.files && self.now.done[DELETE] >= self.plan.deletes && verified
    }

    fn observation(&self, second: f64, status: &str) -> Observation {
        Observation {
            execution: ARN.into(),
            at: at(second),
            outcome: Outcome::Response(Response::parse(&self.body(second, status)).expect("an answer")),
            task: None,
            next: Some(Duration::from_secs_f64(self.plan.poll)),
        }
    }

    fn body(&self, second: f64, status: &str) -> String {
        let (plan, shown) = (&self.plan, &self.shown);
        let count = |step: usize| shown.done[step] as i64;
        let share = if plan.enhanced { shown.done[PREPARE] / plan.files } else { 1.0 };
        // what was written of a list that grows is at least what is estimated
        let bytes_all = (plan.files * plan.file_size * share).max(shown.bytes);
        let limit = plan.limit.filter(|(_, from, until)| (*from..*until).contains(&second));
        let limit = limit.map_or(-1, |(share, ..)| (share * plan.files * plan.file_size / plan.duration) as i64);
        let skipped = |listed: f64| (listed * plan.skipped / (1.0 - plan.skipped)) as i64;
        let filtered = if plan.excludes { shown.done[LIST] * 0.25 } else { 0.0 };
        let mut body = format!(
            r#"{{"TaskExecutionArn":"{ARN}","Status":"{status}","TaskMode":"{}","StartTime":{start},"LaunchTime":{start},
            "Options":{{"VerifyMode":"{}","TransferMode":"CHANGED","PreserveDeletedFiles":"{}","BytesPerSecond":{limit}}},
            "Excludes":[{}],"BytesWritten":{},"BytesTransferred":{},"EstimatedBytesToTransfer":{},"FilesTransferred":{},
            "EstimatedFilesToTransfer":{},"FilesVerified":{},"FilesDeleted":{},"EstimatedFilesToDelete":{},"FilesSkipped":{}"#,
            if plan.enhanced { "ENHANCED" } else { "BASIC" },
            plan.verify,
            if plan.deletes > 0.0 { "REMOVE" } else { "PRESERVE" },
            if plan.excludes { r#"{"FilterType":"SIMPLE_PATTERN","Value":"*.tmp"}"# } else { "" },
            shown.bytes as i64,
            shown.bytes as i64,
            if second < 0.0 { 0 } else { bytes_all as i64 },
            count(TRANSFER),
            if second < 0.0 { 0 } else { (plan.files * share) as i64 },
            count(VERIFY),
            count(DELETE),
            if second < 0.0 { 0 } else { plan.deletes as i64 },
            skipped(shown.done[PREPARE]),
            start = at(-LAUNCHING - if plan.enhanced { 0.0 } else { PREPARING }).as_second(),
        );
        if plan.enhanced {
            let listed = shown.done[LIST] as i64 + skipped(shown.done[LIST]) + filtered as i64;
            body.push_str(&format!(
                r#","FilesListed":{{"AtSource":{listed},"AtDestinationForDelete":0}},"FilesPrepared":{},
                "FilesFailed":{{"Prepare":0,"Transfer":0,"Verify":0,"Delete":0}}"#,
                count(PREPARE)
            ));
        }
        if status != "LAUNCHING" {
            body.push_str(&format!(r#","Result":{{"TotalDuration":{}}}"#, (self.shown_clock * 1e3) as i64));
        }
        body.push('}');
        body
    }
}

/// So many seconds after the transfer began.
fn at(second: f64) -> Timestamp {
    let start = Timestamp::from_second(1_800_000_000).expect("a moment");
    start + SignedDuration::try_from_secs_f64(second).expect("a span")
}
