//! How fast the rest will go: a blend of the speeds over several windows, each as much as it was right so far.

use super::{history::History, share::Work};

/// How many windows are tried at most.
const WINDOWS: usize = 10;

/// At how many moments of the past they are tried.
const TRIALS: usize = 24;

/// The speed of the rest and how sure that is.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Seconds of work a second, above 0.
    pub speed: f64,
    /// The standard deviation of its logarithm.
    pub spread: f64,
}

const PRIOR_TRIALS: f64 = 2.0;
const PRIOR_ERROR: f64 = 0.12;
const SHARPNESS: f64 = 2.0;
const FLOOR: f64 = 0.03;

const DAY: f64 = 86_400.0;

impl Pace {
    /// For a rest of so many seconds of work. Nothing before `since`, in running seconds, is looked at if there
    /// is enough behind it.
    pub fn of(history: &History, work: &Work, rest: f64, since: f64, step: f64) -> Option<Self> {
        let (first, last) = (history.first()?, history.last()?);
        let step = step.max(1.0);
        let since = if last.run - since >= 2.0 * step { since.max(first.run) } else { first.run };
        let past = Past { history, work, since, now: last.run, step };
        let whole = past.pace(rest)?;
        let Some((split, sure)) = past.split() else { return Some(whole) };
        let Some(new) = (Past { since: split, ..past }).pace(rest) else { return Some(whole) };
        let (a, b) = (whole.speed.ln(), new.speed.ln());
        let spread =
            (1.0 - sure) * whole.spread.powi(2) + sure * new.spread.powi(2) + sure * (1.0 - sure) * (a - b).powi(2);
        Some(Self { speed: (a + sure * (b - a)).exp(), spread: spread.sqrt() })
    }
}

struct Past<'a> {
    history: &'a History,
    work: &'a Work,
    since: f64,
    now: f64,
    step: f64,
}

const BINS: usize = 64;
const SPLIT: f64 = 14.0;

impl Past<'_> {
    /// The logarithm of the speed from one running second to another; `None` where nothing moved.
    fn speed(&self, from: f64, until: f64) -> Option<f64> {
        let from = from.max(self.since);
        let (before, after) = (self.history.done(from), self.history.done(until));
        let done = self.work.seconds(after.0 - before.0, after.1 - before.1);
        (done > 0.0 && until > from).then(|| (done / (until - from)).ln())
    }

    /// The speed over a horizon from a moment on if each day is like the one before it.
    fn daily(&self, moment: f64, horizon: f64) -> Option<f64> {
        let yesterday = moment - DAY;
        if yesterday < self.since {
            return None;
        }
        let done = |from: f64, until: f64| {
            let (before, after) = (self.history.done(from), self.history.done(until));
            self.work.seconds(after.0 - before.0, after.1 - before.1)
        };
        let days = (horizon / DAY).floor();
        let all = days * done(yesterday, moment) + done(yesterday, yesterday + horizon - days * DAY);
        (all > 0.0).then(|| (all / horizon).ln())
    }

    /// What a window says at a moment about the speed over a horizon. The first is the day before, the others
    /// are seconds, the last all there is.
    fn says(&self, window: f64, moment: f64, horizon: f64) -> Option<f64> {
        if window == 0.0 {
            return self.daily(moment, horizon).or_else(|| self.speed(moment - DAY, moment));
        }
        self.speed(moment - window, moment)
    }

    /// Since when the speed is another than before, and how sure that is, 0 to 1.
    fn split(&self) -> Option<(f64, f64)> {
        let ran = self.now - self.since;
        let bins = ((ran / (2.0 * self.step)) as usize).min(BINS);
        if bins < 6 {
            return None;
        }
        let width = ran / bins as f64;
        let mut speeds = [0.0; BINS];
        for (bin, speed) in speeds.iter_mut().enumerate().take(bins) {
            let from = self.since + width * bin as f64;
            *speed = self.speed(from, from + width).unwrap_or(-3.0).max(-3.0);
        }
        let speeds = &speeds[..bins];
        let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
        let mut best = (0.0, 0);
        for at in 2..bins - 1 {
            let (old, new) = speeds.split_at(at);
            let gain = (mean(old) - mean(new)).powi(2) / (1.0 / old.len() as f64 + 1.0 / new.len() as f64);
            if gain > best.0 {
                best = (gain, at);
            }
        }
        let (gain, at) = best;
        let (old, new) = speeds.split_at(at);
        let (low, high) = (mean(old), mean(new));
        let mut off = [0.0; BINS];
        for (bin, speed) in speeds.iter().enumerate() {
            off[bin] = speed - if bin < at { low } else { high };
        }
        let off = &off[..bins];
        let squares: f64 = off.iter().map(|off| off * off).sum();
        let pairs: f64 = off.windows(2).map(|pair| pair[0] * pair[1]).sum();
        let alike = if squares > 0.0 { (pairs / squares).clamp(0.0, 0.95) } else { 0.0 };
        let noise = (squares + 2.0 * 0.05_f64.powi(2)) / bins as f64 * (1.0 + alike) / (1.0 - alike);
        let sure = 1.0 / (1.0 + (-(gain / noise - SPLIT) / 2.0).exp());
        Some((self.since + width * at as f64, sure))
    }

    fn pace(&self, rest: f64) -> Option<Pace> {
        let (ran, step) = (self.now - self.since, self.step);
        if ran <= 0.0 {
            return None;
        }
        let mut windows = [0.0; WINDOWS];
        let mut count = usize::from(ran > 1.2 * DAY);
        let mut window = (4.0 * step).max(60.0);
        while count < WINDOWS - 1 && window < 0.8 * ran {
            windows[count] = window;
            count += 1;
            window *= 2.5;
        }
        windows[count] = ran;
        count += 1;
        let horizon = rest.clamp(2.0 * step, (0.5 * ran).max(2.0 * step));
        let mut errors = [0.0; WINDOWS];
        for index in 0..count {
            let window = if windows[index] == 0.0 { ran } else { windows[index] };
            let off = (window / (2.0 * horizon)).ln();
            errors[index] = PRIOR_TRIALS * PRIOR_ERROR.powi(2) * (1.0 + 0.3 * off.abs());
        }
        let mut weight = PRIOR_TRIALS;
        let from = self.since + (0.15 * ran).max(2.0 * step);
        let until = self.now - horizon;
        let mut trials = [(0.0, [0.0; WINDOWS]); TRIALS];
        let mut tried = 0;
        if until > from {
            let each = ((until - from) / horizon * 3.0 / TRIALS as f64).min(1.0);
            for trial in 0..TRIALS {
                let moment = from + (until - from) * (trial as f64 + 1.0) / TRIALS as f64;
                let Some(came) = self.speed(moment, moment + horizon) else { continue };
                let recent = each * 0.5_f64.powf((until - moment) / (0.4 * ran));
                let mut off = [0.0; WINDOWS];
                for index in 0..count {
                    let said = self.says(windows[index], moment, horizon).unwrap_or(came - 2.0);
                    off[index] = (said - came).clamp(-2.0, 2.0);
                    errors[index] += recent * off[index].powi(2);
                }
                trials[tried] = (recent, off);
                tried += 1;
                weight += recent;
            }
        }
        let mut shares = [0.0; WINDOWS];
        let mut all = 0.0;
        for index in 0..count {
            shares[index] = (errors[index] / weight).max(1e-6).powf(-SHARPNESS);
            all += shares[index];
        }
        let mut speed = 0.0;
        for index in 0..count {
            shares[index] /= all;
            speed += shares[index] * self.says(windows[index], self.now, rest.max(1.0)).unwrap_or(-3.0);
        }
        let mut error = PRIOR_TRIALS * PRIOR_ERROR.powi(2);
        for (recent, off) in &trials[..tried] {
            let blended: f64 = (0..count).map(|index| shares[index] * off[index]).sum();
            error += recent * blended.powi(2);
        }
        let beyond = (rest / horizon).max(1.0).ln();
        let spread = (error / weight).sqrt() * (1.0 + 0.3 * beyond);
        Some(Pace { speed: speed.clamp(-12.0, 12.0).exp(), spread: spread.max(FLOOR) })
    }
}
