//! Simulated executions with a known end: what each answer said, and when the transfer was over.

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use syncscope::bench::{Reading, Refresh, Stage};

/// What an execution goes through. The names are the table's lines.
pub const KINDS: [&str; 20] = [
    "steady",
    "ramping up",
    "throttled midway",
    "limit set midway",
    "relieved midway",
    "limit lifted midway",
    "day and night",
    "pauses",
    "one long stop",
    "noisy",
    "small files last",
    "small files first",
    "sizes in any order",
    "few huge files",
    "list grows long",
    "list grows briefly",
    "short",
    "a week",
    "sight lost",
    "files estimate off",
];

/// Which of two sets a run belongs to: one to choose by, one to judge by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Set {
    Seen,
    HeldOut,
}

/// How often executions are polled, and how often the service refreshes what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Polls {
    /// Every 5 to 30 s, steps of 15 to 60 s.
    Often,
    /// Every 1 to 10 min, steps of 15 s to 5 min.
    Seldom,
}

/// One execution: its answers while it transferred, and its end.
pub struct Run {
    pub kind: String,
    pub readings: Vec<Reading>,
    pub begin: Timestamp,
    pub end: Timestamp,
}

/// The executions of a set, `seeds` of each kind, without the kinds that are left out.
pub fn runs(set: Set, polls: Polls, seeds: u64, without: &[&str]) -> impl Iterator<Item = Run> {
    let kinds = KINDS.iter().enumerate().filter(|(_, kind)| !without.contains(kind));
    kinds.flat_map(move |(index, kind)| {
        (0..seeds).map(move |seed| {
            let base = if set == Set::Seen { 1_000 } else { 310_000_000 };
            let mut draw = Draw { rng: Rng::with_seed(base + 101 * index as u64 + 7919 * seed), set };
            let mut plan = Plan::drawn(kind, &mut draw, seed);
            if polls == Polls::Seldom {
                plan.poll_seldom(&mut draw);
            }
            plan.run(kind, &mut draw)
        })
    })
}

/// Chance. The held-out set draws from wider and shifted ranges.
struct Draw {
    rng: Rng,
    set: Set,
}

impl Draw {
    fn between(&mut self, low: f64, high: f64) -> f64 {
        let wider = if self.set == Set::HeldOut { 0.2 * (high - low) } else { 0.0 };
        let low = (low - wider).max(low * 0.6);
        low + (high + wider - low) * self.rng.f64()
    }

    fn normal(&mut self) -> f64 {
        let (a, b) = (1.0 - self.rng.f64(), self.rng.f64());
        (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()
    }
}

/// A log-normal factor that forgets its value within a time.
struct Noise {
    sigma: f64,
    memory: f64,
    value: f64,
}

impl Noise {
    fn new(sigma: f64, memory: f64, draw: &mut Draw) -> Self {
        Self { sigma, memory, value: sigma * draw.normal() }
    }

    fn factor(&mut self, seconds: f64, draw: &mut Draw) -> f64 {
        let keep = (-seconds / self.memory).exp();
        self.value = keep * self.value + self.sigma * (1.0 - keep * keep).sqrt() * draw.normal();
        self.value.exp()
    }
}

/// A part of the work in the order in which it is done.
#[derive(Clone, Copy)]
struct Chunk {
    bytes: f64,
    files: f64,
}

/// How fast it is from when to when, as shares of the planned duration.
struct RateLevel {
    from: f64,
    until: f64,
    factor: f64,
}

/// All that is decided of a run before it begins. Times in seconds.
struct Plan {
    enhanced: bool,
    step: f64,
    poll: f64,
    duration: f64,
    fast: f64,
    slow: f64,
    slow_memory: f64,
    /// The share of the planned duration that bytes need, the rest is for files.
    bytes_share: f64,
    /// Whether a file's costs add up, else the larger one counts.
    costs_add: bool,
    chunks: Vec<Chunk>,
    regimes: Vec<RateLevel>,
    /// The bandwidth limit as a share of the usual byte rate, from and until a share of the duration.
    limit: Option<RateLevel>,
    ramp: f64,
    rhythm: Option<(f64, f64)>,
    /// Mean time between pauses, and their mean length.
    pauses: Option<(f64, f64)>,
    listed_by: f64,
    blind: Vec<(f64, f64)>,
    files_off: f64,
    has_clock: bool,
}

impl Plan {
    fn drawn(kind: &str, draw: &mut Draw, seed: u64) -> Self {
        let step = [15.0, 30.0, 60.0][(seed % 3) as usize];
        let duration = match kind {
            "short" => draw.between(300.0, 900.0) * (step / 15.0_f64).sqrt(),
            "a week" => draw.between(5.0, 8.0) * 86_400.0,
            "day and night" => draw.between(2.0, 5.0) * 86_400.0,
            _ => 3600.0 * draw.between(0.0_f64, 3.2).exp(),
        };
        let mut plan = Self {
            enhanced: draw.rng.bool(),
            step,
            poll: if duration > 86_400.0 { 30.0 } else { [5.0, 10.0, 15.0, 30.0][draw.rng.usize(0..4)] },
            duration,
            fast: draw.between(0.05, 0.25),
            slow: draw.between(0.05, 0.18),
            slow_memory: draw.between(300.0, 2400.0),
            bytes_share: draw.between(0.5, 0.95).min(0.98),
            costs_add: draw.rng.bool(),
            chunks: Vec::new(),
            regimes: Vec::new(),
            limit: None,
            ramp: 0.0,
            rhythm: None,
            pauses: None,
            listed_by: 0.0,
            blind: Vec::new(),
            files_off: 1.0,
            has_clock: draw.rng.u8(0..4) > 0,
        };
        plan.chunks = chunks(400, 0.25, 20.0, draw);
        plan.shape(kind, draw);
        plan
    }

    /// Polls and steps of minutes, as far as the run is long enough for twenty of each.
    fn poll_seldom(&mut self, draw: &mut Draw) {
        let longest = self.duration / 20.0;
        let mut one_of = |all: &[f64]| {
            let fitting = all.iter().filter(|seconds| **seconds <= longest).count().max(1);
            all[draw.rng.usize(0..fitting)]
        };
        self.step = one_of(&[15.0, 60.0, 120.0, 300.0]);
        self.poll = one_of(&[60.0, 100.0, 120.0, 300.0, 600.0]);
    }

    fn shape(&mut self, kind: &str, draw: &mut Draw) {
        let midway = draw.between(0.25, 0.6);
        match kind {
            "ramping up" => self.ramp = draw.between(0.05, 0.35),
            "throttled midway" => {
                self.regimes.push(RateLevel { from: midway, until: 99.0, factor: draw.between(0.25, 0.65) });
            }
            "relieved midway" => {
                self.regimes.push(RateLevel { from: 0.0, until: midway, factor: draw.between(0.25, 0.65) });
            }
            "limit set midway" => {
                self.limit = Some(RateLevel { from: midway, until: 99.0, factor: draw.between(0.25, 0.65) });
            }
            "limit lifted midway" => {
                self.limit = Some(RateLevel { from: 0.0, until: midway, factor: draw.between(0.25, 0.65) });
            }
            "day and night" => self.rhythm = Some((draw.between(0.3, 0.7), draw.rng.f64())),
            "pauses" => self.pauses = Some((draw.between(900.0, 2400.0), draw.between(60.0, 400.0))),
            "one long stop" => {
                let stop = draw.between(0.05, 0.2);
                self.regimes.push(RateLevel { from: midway, until: midway + stop, factor: 0.0 });
            }
            "noisy" => (self.fast, self.slow) = (draw.between(0.4, 0.8), draw.between(0.25, 0.45)),
            "a week" => {
                self.slow_memory = draw.between(7200.0, 40_000.0);
                self.slow = draw.between(0.2, 0.35);
            }
            "list grows long" => (self.enhanced, self.listed_by) = (true, draw.between(0.35, 0.7)),
            "list grows briefly" => (self.enhanced, self.listed_by) = (true, draw.between(0.1, 0.3)),
            "files estimate off" => self.files_off = draw.between(0.97, 1.03),
            "sight lost" => {
                let (first, long) = (draw.between(0.15, 0.5), draw.between(0.05, 0.25));
                self.blind = vec![(first, first + long), (0.8, 0.8 + draw.between(0.01, 0.05))];
            }
            _ => {}
        }
        match kind {
            "small files last" | "small files first" => {
                self.bytes_share = draw.between(0.4, 0.75);
                self.chunks = two_sizes(kind == "small files last", draw);
            }
            "sizes in any order" => {
                self.bytes_share = draw.between(0.2, 0.8);
                self.chunks = chunks(400, 1.2, draw.between(3.0, 40.0), draw);
            }
            "few huge files" => {
                let count = draw.between(4.0, 30.0).round();
                self.bytes_share = 0.99;
                self.chunks = chunks(count as usize, 0.0, 1.0, draw);
                self.chunks.iter_mut().for_each(|chunk| chunk.bytes = (0.8 * draw.normal()).exp() * 2e11);
                self.chunks.iter_mut().for_each(|chunk| chunk.files = 1.0);
            }
            _ => {}
        }
    }

    /// Seconds of work that a chunk is, at the usual speed with the byte rate held below `cap`.
    fn cost(&self, chunk: &Chunk, rates: (f64, f64), speed: f64, cap: f64) -> f64 {
        let (bytes, files) = (chunk.bytes / (rates.0 * speed).min(cap), chunk.files / (rates.1 * speed));
        if self.costs_add { bytes + files } else { bytes.max(files) }
    }

    /// Bytes and files a second that make the planned duration.
    fn rates(&self) -> (f64, f64) {
        let bytes: f64 = self.chunks.iter().map(|chunk| chunk.bytes).sum();
        let files: f64 = self.chunks.iter().map(|chunk| chunk.files).sum();
        let rates = (bytes / (self.duration * self.bytes_share), files / (self.duration * (1.0 - self.bytes_share)));
        let takes: f64 = self.chunks.iter().map(|chunk| self.cost(chunk, rates, 1.0, f64::INFINITY)).sum();
        (rates.0 * takes / self.duration, rates.1 * takes / self.duration)
    }

    fn run(&self, kind: &'static str, draw: &mut Draw) -> Run {
        let begin = Timestamp::from_second(1_800_000_000).unwrap_or_default();
        let mut work = Transfer::new(self, draw);
        let (mut readings, mut monitor) = (Vec::new(), Monitor::default());
        let (mut now, mut shown, mut next_poll) = (0.0, Shown::default(), draw.rng.f64() * self.poll);
        let mut next_step = self.step * draw.rng.f64() + 20.0;
        let tick = self.step / 5.0;
        while !work.is_done() {
            let worked = work.go(now, tick, draw);
            let until = now + worked;
            if until >= next_step {
                shown = work.shown(until);
                next_step += self.step * (1.0 + 0.05 * draw.normal()).max(0.5);
            }
            while next_poll <= until {
                let share = next_poll / self.duration;
                if !self.blind.iter().any(|(from, to)| (*from..*to).contains(&share)) {
                    let reading = self.reading(after(begin, next_poll), &shown, work.limit(next_poll));
                    readings.push(monitor.complete(reading, self.poll));
                }
                next_poll += self.poll * (0.9 + 0.2 * draw.rng.f64());
            }
            now = until;
        }
        Run { kind: kind.to_owned(), readings, begin, end: after(begin, now) }
    }

    fn reading(&self, at: Timestamp, shown: &Shown, limit: Option<f64>) -> Reading {
        Reading {
            at,
            stage: Stage::Transferring,
            bytes_done: Some(shown.done.0 as i64),
            bytes_total: Some(shown.listed.0 as i64).filter(|total| *total > 0),
            files_done: Some(shown.done.1 as i64),
            files_total: Some((shown.listed.1 * self.files_off) as i64).filter(|total| *total > 0),
            totals_grow: self.enhanced,
            limit: limit.map(|limit| limit as i64),
            running_for: None,
            clock: self.has_clock.then_some((shown.at * 1000.0) as i64),
            step: None,
            after_gap: false,
        }
    }
}

/// What the monitor makes of the answers one by one before it estimates.
#[derive(Default)]
struct Monitor {
    last: Option<Reading>,
    refresh: Refresh,
    /// When the totals were first seen as they are.
    listed_at: Option<Timestamp>,
}

impl Monitor {
    fn complete(&mut self, mut reading: Reading, poll: f64) -> Reading {
        let shown = |reading: &Reading| (reading.bytes_done, reading.files_done, reading.clock);
        let totals = |reading: &Reading| (reading.bytes_total, reading.files_total);
        if let Some(last) = self.last.replace(reading) {
            reading.after_gap = reading.at.duration_since(last.at).as_secs_f64() > (4.0 * poll).max(90.0);
            if reading.after_gap {
                self.refresh.lost();
            }
            let listed = totals(&last) != totals(&reading);
            if listed || shown(&last) != shown(&reading) {
                self.refresh.changed(reading.at);
            }
            self.listed_at = self.listed_at.filter(|_| !listed);
        }
        reading.step = self.refresh.usual();
        // a list counts as complete once it has not grown for two minutes and two steps, which may be long ones
        let complete = 120.0_f64.max(2.0 * reading.step.map_or(300.0, |step| step.as_secs_f64()));
        let listed_at = *self.listed_at.get_or_insert(reading.at);
        reading.totals_grow &= reading.at.duration_since(listed_at).as_secs_f64() < complete;
        reading
    }
}

/// Counters as the service shows them until its next step.
#[derive(Default)]
struct Shown {
    at: f64,
    done: (f64, f64),
    listed: (f64, f64),
}

/// The transfer itself.
struct Transfer<'a> {
    plan: &'a Plan,
    rates: (f64, f64),
    fast: Noise,
    slow: Noise,
    before: Vec<(f64, f64)>,
    chunk: usize,
    within: f64,
    listed: f64,
    paused_until: f64,
}

impl<'a> Transfer<'a> {
    fn new(plan: &'a Plan, draw: &mut Draw) -> Self {
        let mut sums = (0.0, 0.0);
        let before = std::iter::once((0.0, 0.0)).chain(plan.chunks.iter().map(|chunk| {
            sums = (sums.0 + chunk.bytes, sums.1 + chunk.files);
            sums
        }));
        Self {
            plan,
            rates: plan.rates(),
            fast: Noise::new(plan.fast, 30.0, draw),
            slow: Noise::new(plan.slow, plan.slow_memory, draw),
            before: before.collect(),
            chunk: 0,
            within: 0.0,
            listed: if plan.listed_by > 0.0 { 0.02 } else { 1.0 },
            paused_until: 0.0,
        }
    }

    fn is_done(&self) -> bool {
        self.chunk >= self.plan.chunks.len()
    }

    fn limit(&self, now: f64) -> Option<f64> {
        let limit = self.plan.limit.as_ref()?;
        let share = now / self.plan.duration;
        (limit.from..limit.until).contains(&share).then_some(self.rates.0 * limit.factor)
    }

    /// Bytes and files up to a share of all chunks.
    fn upto(&self, share: f64) -> (f64, f64) {
        let place = share.clamp(0.0, 1.0) * self.plan.chunks.len() as f64;
        let index = (place as usize).min(self.plan.chunks.len() - 1);
        let (low, high, part) = (self.before[index], self.before[index + 1], place - index as f64);
        (low.0 + (high.0 - low.0) * part, low.1 + (high.1 - low.1) * part)
    }

    fn place(&self) -> f64 {
        (self.chunk as f64 + self.within) / self.plan.chunks.len() as f64
    }

    fn shown(&self, at: f64) -> Shown {
        Shown { at, done: self.upto(self.place()), listed: self.upto(self.listed) }
    }

    fn speed(&mut self, now: f64, tick: f64, draw: &mut Draw) -> f64 {
        let share = now / self.plan.duration;
        let noise = self.fast.factor(tick, draw) * self.slow.factor(tick, draw);
        let regime: f64 = self
            .plan
            .regimes
            .iter()
            .filter(|regime| (regime.from..regime.until).contains(&share))
            .map(|regime| regime.factor)
            .product();
        let ramp = if share < self.plan.ramp { 0.15 + 0.85 * share / self.plan.ramp } else { 1.0 };
        let rhythm = self.plan.rhythm.map_or(1.0, |(depth, phase)| {
            let day = (std::f64::consts::TAU * (now / 86_400.0 + phase)).sin();
            1.0 - depth * (1.0 / (1.0 + (-6.0 * day).exp()))
        });
        if let Some((every, long)) = self.plan.pauses
            && now >= self.paused_until
            && draw.rng.f64() < tick / every
        {
            self.paused_until = now - long * (1.0 - draw.rng.f64()).ln();
        }
        let paused = if now < self.paused_until { 0.0 } else { 1.0 };
        noise * regime * ramp * rhythm * paused
    }

    /// Works for a tick, or until it is done; gives the seconds.
    fn go(&mut self, now: f64, tick: f64, draw: &mut Draw) -> f64 {
        if self.listed < 1.0 {
            let pace = tick / (self.plan.listed_by * self.plan.duration) * (0.4 * draw.normal()).exp();
            self.listed = (self.listed + pace).min(1.0);
        }
        let speed = self.speed(now, tick, draw);
        let cap = self.limit(now).unwrap_or(f64::INFINITY);
        let mut left = if speed > 0.0 { tick } else { 0.0 };
        while left > 0.0 && !self.is_done() && self.place() < self.listed {
            let cost = self.plan.cost(&self.plan.chunks[self.chunk], self.rates, speed, cap);
            let takes = cost * (1.0 - self.within);
            if takes > left {
                self.within += left / cost;
                return tick;
            }
            left -= takes;
            (self.chunk, self.within) = (self.chunk + 1, 0.0);
        }
        if self.is_done() { tick - left } else { tick }
    }
}

/// Chunks whose mean file size wanders by `sigma` (of the logarithm) and is remembered for `memory` chunks.
fn chunks(count: usize, sigma: f64, memory: f64, draw: &mut Draw) -> Vec<Chunk> {
    let mut size = Noise::new(sigma, memory, draw);
    let usual = 1e6 * (2.0 * draw.normal()).exp();
    // cut so that a chunk takes about as long as another: larger files, fewer of them
    let mut chunk = |draw: &mut Draw| {
        let factor = size.factor(1.0, draw);
        let files = 3e3 / (0.5 + 0.5 * factor) * (0.8 + 0.4 * draw.rng.f64());
        Chunk { bytes: files * usual * factor, files }
    };
    (0..count).map(|_| chunk(draw)).collect()
}

/// Large files and small files, one after the other with a soft border.
fn two_sizes(small_last: bool, draw: &mut Draw) -> Vec<Chunk> {
    let (border, soft) = (draw.between(0.45, 0.75), draw.between(0.01, 0.08));
    let (large, small) = (2e8 * draw.normal().exp(), 3e4 * draw.normal().exp());
    let (fewer, more) = (100.0, 100.0 * draw.between(10.0, 60.0));
    let count = 400;
    let mut chunks: Vec<Chunk> = (0..count)
        .map(|index| {
            let place = (index as f64 / count as f64 - border) / soft;
            let of_small = 1.0 / (1.0 + (-place).exp());
            let jitter = (0.2 * draw.normal()).exp();
            let files = fewer * (1.0 - of_small) + more * of_small;
            Chunk { bytes: jitter * (fewer * (1.0 - of_small) * large + more * of_small * small), files }
        })
        .collect();
    if !small_last {
        chunks.reverse();
    }
    chunks
}

/// The moment some seconds after another.
pub fn after(begin: Timestamp, seconds: f64) -> Timestamp {
    begin + SignedDuration::from_millis((seconds * 1000.0) as i64)
}
