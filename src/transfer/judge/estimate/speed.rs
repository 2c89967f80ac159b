//! How fast the rest will go: a blend of the speeds over several windows, each as much as it was right so far.

use super::{byte_share::CostModel, history::History};

/// How many windows are tried at most, and at how many moments of the past.
const WINDOWS: usize = 10;
const TRIALS: usize = 24;

/// What windows are taken to be worth before they were tried: as much as after so many trials with this error
/// of the logarithm, and less the further a window is from [`FITTING`] times the time that is left.
const PRIOR_TRIALS: f64 = 1.5;
const PRIOR_ERROR: f64 = 0.12;
const FITTING: f64 = 2.0;

/// Trials whose times overlap say less than separate ones: this many count within one horizon.
const OVERLAP: f64 = 4.0;

/// After which share of the past a trial counts half.
const FORGETTING: f64 = 0.7;

/// The longest horizon of a trial, as a share of the past.
const HORIZON: f64 = 0.6;

/// The least standard deviation of the speed's logarithm.
const FLOOR: f64 = 0.03;

/// How much more it deviates for each time that the rest is e times longer than what could be tried.
const BEYOND: f64 = 0.3;

/// In how many parts of the past a change of the regime is looked for.
const PARTS: usize = 64;

/// How much a change has to explain, in units of the noise, and how large it has to be, as a logarithm, to be as
/// likely as none.
const EXPLAINS: f64 = 25.0;
const LARGE: f64 = 0.37;

/// Speeds' logarithms below this are as good as nothing.
const SLOWEST: f64 = -3.0;

const DAY: f64 = 86_400.0;

/// The speed of the rest and how sure that is.
#[derive(Clone, Copy, Debug)]
pub struct Speed {
    /// Seconds of work a second, above 0.
    pub speed: f64,
    /// The standard deviation of its logarithm.
    pub spread: f64,
}

impl Speed {
    /// For a rest of so many seconds of work. Nothing before `since`, in running seconds, is looked at if there
    /// is enough behind it. `None` where no time has passed.
    pub fn of(history: &History, work: &CostModel, rest: f64, since: f64, step: f64) -> Option<Self> {
        let (first, last) = (history.first()?, history.last()?);
        let step = step.max(1.0);
        let since = if last.run - since >= 2.0 * step { since.max(first.run) } else { first.run };
        let past = Past { history, work, since, now: last.run, step };
        let whole = past.speed_of_rest(rest)?;
        let Some((split, sure)) = past.split().filter(|(_, sure)| *sure > 0.01) else { return Some(whole) };
        let Some(new) = (Past { since: split, ..past }).speed_of_rest(rest) else { return Some(whole) };
        let (before, after) = (whole.speed.ln(), new.speed.ln());
        let either = (1.0 - sure) * whole.spread.powi(2) + sure * new.spread.powi(2);
        let apart = sure * (1.0 - sure) * (before - after).powi(2);
        Some(Self { speed: (before + sure * (after - before)).exp(), spread: (either + apart).sqrt() })
    }
}

/// What a speed is taken of.
#[derive(Clone, Copy)]
enum Window {
    /// So many of the last seconds.
    Last(f64),
    /// The same hours of the day before.
    Yesterday,
}

/// The windows, the whole past last, and how wrong each was: sums of squared logarithms.
struct Windows {
    windows: [Window; WINDOWS],
    errors: [f64; WINDOWS],
    count: usize,
}

/// What the windows said at a moment against what came: its weight, and each one's error as a logarithm.
type Trial = (f64, [f64; WINDOWS]);

/// The past from a moment on, in running seconds.
struct Past<'a> {
    history: &'a History,
    work: &'a CostModel,
    since: f64,
    now: f64,
    step: f64,
}

impl Past<'_> {
    fn ran(&self) -> f64 {
        self.now - self.since
    }

    /// The seconds of work that were done until a running second.
    fn worked(&self, until: f64) -> f64 {
        let (bytes, files) = self.history.done(until);
        self.work.seconds(bytes, files)
    }

    /// The logarithm of the speed from one running second to another; `None` where nothing moved.
    fn speed(&self, from: f64, until: f64) -> Option<f64> {
        self.speed_until(from, until, self.worked(until))
    }

    /// The same where the work until the later second is known.
    fn speed_until(&self, from: f64, until: f64, worked: f64) -> Option<f64> {
        let from = from.max(self.since);
        let worked = worked - self.worked(from);
        (worked > 0.0 && until > from).then(|| (worked / (until - from)).ln())
    }

    /// The speed over a horizon from a moment on if each day is like the one before it; before there was one,
    /// the speed over all that there was.
    fn daily(&self, moment: f64, horizon: f64) -> Option<f64> {
        let yesterday = moment - DAY;
        if yesterday < self.since {
            return self.speed(yesterday, moment);
        }
        let days = (horizon / DAY).floor();
        let hours = horizon - days * DAY;
        let before = self.worked(yesterday);
        let worked = days * (self.worked(moment) - before) + self.worked(yesterday + hours) - before;
        (worked > 0.0).then(|| (worked / horizon).ln())
    }

    /// What a window says at a moment, until which so much was worked, about the speed over a horizon.
    fn says(&self, window: Window, moment: f64, worked: f64, horizon: f64) -> Option<f64> {
        match window {
            Window::Last(seconds) => self.speed_until(moment - seconds, moment, worked),
            Window::Yesterday => self.daily(moment, horizon),
        }
    }

    fn speed_of_rest(&self, rest: f64) -> Option<Speed> {
        if self.ran() <= 0.0 {
            return None;
        }
        let horizon = rest.clamp(2.0 * self.step, (HORIZON * self.ran()).max(2.0 * self.step));
        let mut windows = self.windows(horizon);
        let mut trials = [(0.0, [0.0; WINDOWS]); TRIALS];
        let tried = self.tries(&mut windows, horizon, &mut trials);
        let shares = windows.shares();
        let worked = self.worked(self.now);
        let said = |index: usize| self.says(windows.windows[index], self.now, worked, rest.max(1.0)).unwrap_or(SLOWEST);
        let speed: f64 = (0..windows.count).map(|index| shares[index] * said(index)).sum();
        let (mut weight, mut error) = (PRIOR_TRIALS, PRIOR_TRIALS * PRIOR_ERROR.powi(2));
        for (counts, off) in &trials[..tried] {
            let blended: f64 = (0..windows.count).map(|index| shares[index] * off[index]).sum();
            weight += counts;
            error += counts * blended.powi(2);
        }
        let beyond = (rest / horizon).max(1.0).ln();
        let spread = (error / weight).sqrt() * (1.0 + BEYOND * beyond);
        Some(Speed { speed: speed.clamp(-12.0, 12.0).exp(), spread: spread.max(FLOOR) })
    }

    /// The windows that fit into the past, as good as they are taken to be for a horizon.
    fn windows(&self, horizon: f64) -> Windows {
        let ran = self.ran();
        let mut all = Windows { windows: [Window::Last(ran); WINDOWS], errors: [0.0; WINDOWS], count: 0 };
        let mut add = |window, seconds: f64| {
            let off = (seconds / (FITTING * horizon)).ln();
            all.windows[all.count] = window;
            all.errors[all.count] = PRIOR_TRIALS * PRIOR_ERROR.powi(2) * (1.0 + off.abs());
            all.count += 1;
        };
        if ran > 1.2 * DAY {
            add(Window::Yesterday, ran);
        }
        let shortest = (4.0 * self.step).max(60.0);
        let seconds = std::iter::successors(Some(shortest), |seconds| Some(seconds * 2.5));
        for seconds in seconds.take(WINDOWS - 2).take_while(|seconds| *seconds < 0.8 * ran) {
            add(Window::Last(seconds), seconds);
        }
        add(Window::Last(ran), ran);
        all
    }

    /// Tries the windows at moments of the past, adds up their errors, and gives the number of trials.
    fn tries(&self, windows: &mut Windows, horizon: f64, trials: &mut [Trial; TRIALS]) -> usize {
        let ran = self.ran();
        let (from, until) = (self.since + (0.15 * ran).max(2.0 * self.step), self.now - horizon);
        if until <= from {
            return 0;
        }
        let counts = ((until - from) / horizon * OVERLAP / TRIALS as f64).min(1.0);
        let mut tried = 0;
        for trial in 0..TRIALS {
            let moment = from + (until - from) * (trial as f64 + 1.0) / TRIALS as f64;
            let worked = self.worked(moment);
            let came = self.worked(moment + horizon) - worked;
            if came <= 0.0 {
                continue;
            }
            let came = (came / horizon).ln();
            let counts = counts * 0.5_f64.powf((until - moment) / (FORGETTING * ran));
            let mut off = [0.0; WINDOWS];
            for (index, off) in off.iter_mut().enumerate().take(windows.count) {
                let said = self.says(windows.windows[index], moment, worked, horizon).unwrap_or(came - 2.0);
                *off = (said - came).clamp(-2.0, 2.0);
                // what was the whole past then is shorter than it is now, and knew less
                let whole = index + 1 == windows.count;
                let fair = if whole { ((moment - self.since) / ran).powf(0.6) } else { 1.0 };
                windows.errors[index] += counts * fair * off.powi(2);
            }
            trials[tried] = (counts, off);
            tried += 1;
        }
        tried
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
        for (part, speed) in speeds.iter_mut().enumerate().take(count) {
            let from = self.since + width * part as f64;
            *speed = self.speed(from, from + width).unwrap_or(SLOWEST).max(SLOWEST);
        }
        let (at, sure) = change(&speeds[..count]);
        Some((self.since + width * at as f64, sure))
    }
}

impl Windows {
    /// How much each window counts: the inverse square of its error, 1 in all.
    fn shares(&self) -> [f64; WINDOWS] {
        let mut shares = [0.0; WINDOWS];
        for (share, error) in shares.iter_mut().zip(self.errors).take(self.count) {
            *share = error.max(1e-9).powi(-2);
        }
        let all: f64 = shares.iter().sum();
        shares.map(|share| share / all)
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
