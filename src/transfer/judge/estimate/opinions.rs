//! How long the rest takes, by several rules, each believed as much as it would have foretold this run so far.

use super::{byte_share::CostModel, history::History, remaining::Left};

/// How many windows are tried at most, and at how many moments of the past.
const WINDOWS: usize = 11;
const TRIALS: usize = 16;
/// Two ways to add bytes and files up, over each window.
const RULES: usize = 2 * WINDOWS;

/// In how many parts of the past a change of the regime is looked for.
const PARTS: usize = 64;

/// What a window is taken to be worth before it was tried: as much as after so many trials with this error of the
/// logarithm, and less the further it is from [`FITTING`] times the time that is left.
const PRIOR_TRIALS: f64 = 1.5;
const PRIOR_ERROR: f64 = 0.12;
const FITTING: f64 = 2.0;

/// The error that is taken for granted, in as many trials, when it is said how sure the end is.
const PRIOR_SPREAD: f64 = 0.14;

/// How likely it is, before anything was tried, that the later of bytes and files counts, not their sum.
const LATER: f64 = 0.7;

/// The later of the two is news where it is this many times further from the sum than it usually was, and what is
/// taken to be usual at first.
const APART: f64 = 3.0;
const PRIOR_APART: f64 = 0.2;

/// How far the files may end from their total, as a share of it.
const FILES_OFF: f64 = 0.02;

/// Trials whose times overlap say less than separate ones: this many count within one horizon.
const OVERLAP: f64 = 4.0;

/// After which share of the past a trial counts half.
const FORGETTING: f64 = 0.7;

/// The longest horizon of a trial, as a share of the past.
const HORIZON: f64 = 0.4;

/// How much less a trial says of the whole past, which was shorter then: the power of how much shorter.
const FAIR: f64 = 0.6;

/// The least standard deviation of the rest's logarithm.
const FLOOR: f64 = 0.03;

/// How much more it deviates for each time that the rest is e times longer than what could be tried.
const BEYOND: f64 = 0.3;

/// The share of the opinions, to either side of the median, whose mean is what is said.
const MIDDLE: f64 = 0.1;

/// How much a change has to explain, in units of the noise, and how large it has to be, as a logarithm, to be as
/// likely as none.
const EXPLAINS: f64 = 25.0;
const LARGE: f64 = 0.37;

/// A change that is less sure than this is none, and one that is unsure by less is one.
const DOUBTFUL: f64 = 0.05;

/// So many changes of the counters it takes to know a new speed.
const CHANGES_SINCE: usize = 4;

/// Speeds below this are as good as nothing.
const SLOWEST: f64 = 0.05;

const DAY: f64 = 86_400.0;

/// A rest that is longer may see what changed within a day change back.
const HALF_A_DAY: f64 = DAY / 2.0;

/// The square of how far from the median 10 and 90 % of a normal distribution lie, in standard deviations.
const DECILE_SQUARED: f64 = 1.6425;

/// How long the rest takes.
#[derive(Clone, Copy, Debug)]
pub struct Rest {
    /// The logarithm of the seconds.
    pub likely: f64,
    /// How much shorter and longer it may be: the logarithms of the deciles, not below 0.
    pub shorter: f64,
    pub longer: f64,
}

/// What one rule says: the logarithm of the seconds, and how much that counts.
#[derive(Clone, Copy, Debug, Default)]
struct Opinion {
    rest: f64,
    weight: f64,
}

/// All opinions, and the variance of their logarithms' errors so far.
struct Opinions {
    all: [Opinion; 2 * RULES],
    count: usize,
    variance: f64,
}

/// The past from a moment on, in running seconds.
#[derive(Clone, Copy)]
pub struct Past<'a> {
    pub history: &'a History,
    pub work: &'a CostModel,
    pub since: f64,
    pub now: f64,
    pub step: f64,
    /// How long it has run in all, also before it was watched.
    pub elapsed: f64,
    /// Bytes and files a second of earlier runs of the same task; `None` where none is known.
    pub earlier: Option<(f64, f64)>,
}

/// What a rate is taken of.
#[derive(Clone, Copy)]
enum Window {
    /// So many of the last seconds.
    Last(f64),
    /// The same hours of the day before.
    Yesterday,
    /// Earlier runs of the same task: bytes and files a second.
    Earlier(f64, f64),
}

/// The windows, the whole past last, and how wrong each rule was: sums of squared logarithms.
struct Tried {
    windows: [Window; WINDOWS],
    count: usize,
    errors: [f64; RULES],
    /// How far apart the two ways were over each window: sums of squared logarithms.
    apart: [f64; WINDOWS],
    counts: f64,
    /// Of each trial: how much it counts, and each rule's error.
    trials: [(f64, [f64; RULES]); TRIALS],
    tries: usize,
}

impl Rest {
    /// The rest of what is left. `None` where no time has passed, or nothing moved.
    pub fn of(past: &Past, left: &Left) -> Option<Self> {
        let rest = past.work.left(left);
        let mut opinions = Opinions { all: [Opinion::default(); 2 * RULES], count: 0, variance: 0.0 };
        let split = past
            .split()
            .filter(|(since, sure)| *sure > DOUBTFUL && past.history.changes_after(*since) >= CHANGES_SINCE);
        let (since, sure) = split.unwrap_or((past.since, 0.0));
        // what changes within a day may change back within a day
        let age = past.now - since;
        let lasts = if rest > HALF_A_DAY { (age / rest).min(1.0) } else { 1.0 };
        let sure = sure * lasts;
        if sure < 1.0 - DOUBTFUL {
            past.opinions(left, rest, 1.0 - sure, &mut opinions)?;
        }
        if sure > DOUBTFUL {
            Past { since, ..*past }.opinions(left, rest, sure, &mut opinions);
        }
        opinions.settled()
    }
}

impl Opinions {
    fn settled(&mut self) -> Option<Rest> {
        let all = &mut self.all[..self.count];
        all.sort_unstable_by(|a, b| a.rest.total_cmp(&b.rest));
        let weight: f64 = all.iter().map(|one| one.weight).sum();
        if weight.is_nan() || weight <= 0.0 {
            return None;
        }
        let (mut low, mut high, mut middle, mut below) = (all[0].rest, None, 0.0, 0.0);
        let width = MIDDLE;
        for one in all.iter() {
            let (from, until) = (below, below + one.weight / weight);
            if from < 0.1 {
                low = one.rest;
            }
            if until >= 0.9 - 1e-9 {
                high.get_or_insert(one.rest);
            }
            middle += one.rest * (until.min(0.5 + width) - from.max(0.5 - width)).max(0.0) / (2.0 * width);
            below = until;
        }
        let off = |apart: f64| (DECILE_SQUARED * self.variance + apart.max(0.0).powi(2)).sqrt();
        Some(Rest { likely: middle, shorter: off(middle - low), longer: off(high? - middle) })
    }
}

impl Past<'_> {
    fn ran(&self) -> f64 {
        self.now - self.since
    }

    /// Bytes and files a second over a window before a moment, or what it says of a horizon after it.
    fn rates(&self, window: Window, moment: f64, done: (f64, f64), horizon: f64) -> (f64, f64) {
        match window {
            Window::Last(seconds) => {
                let from = (moment - seconds).max(self.since);
                let before = self.history.done(from);
                let passed = (moment - from).max(1e-3);
                ((done.0 - before.0) / passed, (done.1 - before.1) / passed)
            }
            Window::Yesterday => self.daily(moment, done, horizon),
            Window::Earlier(bytes, files) => (bytes, files),
        }
    }

    /// The rates over a horizon from a moment on if each day is like the one before it; before there was one, those
    /// over all that there was.
    fn daily(&self, moment: f64, done: (f64, f64), horizon: f64) -> (f64, f64) {
        let yesterday = moment - DAY;
        if yesterday < self.since {
            return self.rates(Window::Last(moment - self.since), moment, done, horizon);
        }
        let days = (horizon / DAY).floor();
        let before = self.history.done(yesterday);
        let hours = self.history.done(yesterday + horizon - days * DAY);
        let rate = |done: f64, before: f64, hours: f64| (days * (done - before) + hours - before) / horizon;
        (rate(done.0, before.0, hours.0), rate(done.1, before.1, hours.1))
    }

    /// The logarithms of the seconds that work takes at rates: bytes and files added up, and the later of the two.
    fn takes(&self, work: (f64, f64), rates: (f64, f64)) -> [f64; 2] {
        let speed = self.work.seconds(rates.0, rates.1);
        let one = |amount: f64, rate: f64| if amount > 0.0 { amount / rate.max(1e-300) } else { 0.0 };
        let later = one(work.0, rates.0).max(one(work.1, rates.1));
        [(self.work.seconds(work.0, work.1) / speed.max(1e-300)).ln(), later.ln()]
    }

    /// Adds what each rule says, weighed, all together as much as `weight`.
    fn opinions(&self, left: &Left, rest: f64, weight: f64, opinions: &mut Opinions) -> Option<()> {
        if self.ran() <= 0.0 {
            return None;
        }
        let shortest = 2.0 * self.step;
        let horizon = rest.clamp(shortest, (HORIZON * self.ran()).max(shortest));
        let tried = self.tried(horizon);
        let (done, work) = (self.history.done(self.now), (left.bytes.unwrap_or(0.0), left.files.unwrap_or(0.0)));
        let mut added = [Opinion::default(); RULES];
        let mut all = 0.0;
        for (index, window) in tried.windows[..tried.count].iter().enumerate() {
            let rates = self.rates(*window, self.now, done, rest.max(1.0));
            let [sum, later] = self.takes(work, rates).map(|said| said.clamp(-5.0, 25.0));
            // files come one by one, and may end below or above their total
            let few = left.files.map_or(0.0, |files| {
                let counted = (rates.1 * self.ran()).max(1.0);
                1.0 / counted + 1.0 / files.max(1.0) + (FILES_OFF * (done.1 + files) / files.max(1.0)).powi(2)
            });
            let usual = few + (PRIOR_APART.powi(2) * 2.0 + tried.apart[index]) / (2.0 + tried.counts);
            let apart = later - sum;
            let news = 1.0 - (-apart.powi(2) / (usual * APART.powi(2))).exp();
            added[2 * index].rest = sum;
            added[2 * index + 1].rest = sum + apart * news;
        }
        let shares = tried.shares();
        for (one, share) in added.iter_mut().zip(shares) {
            // few come so early that the rest is far longer than the past
            let of_past = one.rest.exp() / self.elapsed.max(1.0);
            one.weight = share * of_past / (1.0 + of_past).powi(2);
            all += one.weight;
        }
        if all.is_nan() || all <= 0.0 {
            return None;
        }
        let (mut counts, mut error) = (PRIOR_TRIALS, PRIOR_TRIALS * PRIOR_SPREAD.powi(2));
        for (count, off) in &tried.trials[..tried.tries] {
            let blended: f64 = off.iter().zip(&added).map(|(off, one)| off * one.weight / all).sum();
            counts += count;
            error += count * blended.powi(2);
        }
        let beyond = (rest / horizon).max(1.0).ln();
        let spread = (error / counts).sqrt() * (1.0 + BEYOND * beyond);
        opinions.variance += weight * spread.max(FLOOR).powi(2);
        for one in &added[..2 * tried.count] {
            opinions.all[opinions.count] = Opinion { weight: weight * one.weight / all, ..*one };
            opinions.count += 1;
        }
        Some(())
    }

    /// The windows that fit into the past, as good as they are taken to be for a horizon, and tried.
    fn tried(&self, horizon: f64) -> Tried {
        let ran = self.ran();
        let mut tried = Tried {
            windows: [Window::Last(ran); WINDOWS],
            count: 0,
            errors: [0.0; RULES],
            apart: [0.0; WINDOWS],
            counts: 0.0,
            trials: [(0.0, [0.0; RULES]); TRIALS],
            tries: 0,
        };
        let mut add = |window, seconds: f64| {
            let off = (seconds / (FITTING * horizon)).ln();
            let error = PRIOR_TRIALS * PRIOR_ERROR.powi(2) * (1.0 + off.abs());
            tried.windows[tried.count] = window;
            tried.errors[2 * tried.count..2 * tried.count + 2].fill(error);
            tried.count += 1;
        };
        if ran > 1.2 * DAY {
            add(Window::Yesterday, ran);
        }
        if let Some((bytes, files)) = self.earlier {
            add(Window::Earlier(bytes, files), FITTING * horizon);
        }
        let shortest = (4.0 * self.step).max(60.0);
        let seconds = std::iter::successors(Some(shortest), |seconds| Some(seconds * 2.5));
        for seconds in seconds.take(WINDOWS - 3).take_while(|seconds| *seconds < 0.8 * ran) {
            add(Window::Last(seconds), seconds);
        }
        add(Window::Last(ran), ran);
        self.tries(&mut tried, horizon);
        tried
    }

    /// Tries the windows at moments of the past, and adds up their errors.
    fn tries(&self, tried: &mut Tried, horizon: f64) {
        let ran = self.ran();
        let (from, until) = (self.since + (0.15 * ran).max(2.0 * self.step), self.now - horizon);
        if until <= from {
            return;
        }
        // trials whose times overlap say less than separate ones
        let counts = ((until - from) / horizon * OVERLAP / TRIALS as f64).min(1.0);
        for trial in 0..TRIALS {
            let moment = from + (until - from) * (trial as f64 + 1.0) / TRIALS as f64;
            let done = self.history.done(moment);
            let then = self.history.done(moment + horizon);
            let came = (then.0 - done.0, then.1 - done.1);
            if self.work.seconds(came.0, came.1) <= 0.0 {
                continue;
            }
            let took = horizon.ln();
            let counts = counts * 0.5_f64.powf((until - moment) / (FORGETTING * ran));
            let (_, off) = &mut tried.trials[tried.tries];
            for (index, window) in tried.windows[..tried.count].iter().enumerate() {
                let rates = self.rates(*window, moment, done, horizon);
                // what was the whole past then is shorter than it is now, and knew less
                let whole = index + 1 == tried.count;
                let fair = if whole { ((moment - self.since) / ran).powf(FAIR) } else { 1.0 };
                for (way, said) in self.takes(came, rates).into_iter().enumerate() {
                    let error = (said - took).clamp(-2.0, 2.0);
                    off[2 * index + way] = error;
                    tried.errors[2 * index + way] += counts * fair * error.powi(2);
                }
                tried.apart[index] += counts * (off[2 * index] - off[2 * index + 1]).powi(2);
            }
            tried.trials[tried.tries].0 = counts;
            tried.counts += counts;
            tried.tries += 1;
        }
    }

    /// Since when the speed is another than before, and how sure that is, 0 to 1; `None` where the past is too
    /// short to tell.
    fn split(&self) -> Option<(f64, f64)> {
        let count = ((self.ran() / (2.0 * self.step)) as usize).min(PARTS);
        if count < 6 {
            return None;
        }
        let width = self.ran() / count as f64;
        let mut speeds = [0.0; PARTS];
        let mut before = self.history.done(self.since);
        for (part, speed) in speeds.iter_mut().enumerate().take(count) {
            let done = self.history.done(self.since + width * (part + 1) as f64);
            let worked = self.work.seconds(done.0 - before.0, done.1 - before.1);
            *speed = (worked / width).max(SLOWEST).ln();
            before = done;
        }
        let (at, sure) = change(&speeds[..count]);
        Some((self.since + width * at as f64, sure))
    }
}

impl Tried {
    /// How much each rule counts, in proportion.
    fn shares(&self) -> [f64; RULES] {
        let mut shares = [0.0; RULES];
        for (index, share) in shares.iter_mut().enumerate().take(2 * self.count) {
            let prior = if index % 2 == 0 { 1.0 - LATER } else { LATER };
            *share = prior * self.errors[index].max(1e-9).powi(-2);
        }
        shares
    }
}

/// Where a row of numbers changes its level most, and how sure it is, 0 to 1, that it does.
///
/// Neighbours that are alike count for less: what wanders slowly has no levels. There are more than 3 numbers.
fn change(speeds: &[f64]) -> (usize, f64) {
    let count = speeds.len();
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    let gain = |at: usize| {
        let (old, new) = speeds.split_at(at);
        (mean(old) - mean(new)).powi(2) / (1.0 / old.len() as f64 + 1.0 / new.len() as f64)
    };
    let (at, gain) = (2..count - 1).map(|at| (at, gain(at))).fold((2, 0.0), |a, b| if b.1 > a.1 { b } else { a });
    let (old, new) = speeds.split_at(at);
    let (before, after) = (mean(old), mean(new));
    let (mut squares, mut pairs, mut last) = (0.0, 0.0, 0.0);
    for (index, speed) in speeds.iter().enumerate() {
        let off = speed - if index < at { before } else { after };
        squares += off * off;
        pairs += off * last;
        last = off;
    }
    let alike = if squares > 0.0 { (pairs / squares).clamp(0.0, 0.95) } else { 0.0 };
    let noise = (squares + 0.005) / count as f64 * (1.0 + alike) / (1.0 - alike);
    let likely = |odds: f64| 1.0 / (1.0 + (-odds).exp());
    (at, likely((gain / noise - EXPLAINS) / 2.0) * likely(20.0 * ((before - after).abs() - LARGE)))
}
