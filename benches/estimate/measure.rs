//! How good predictions of the end are: ours beside what plain rules say, over the same moments.

use std::collections::VecDeque;

use jiff::Timestamp;
use syncscope::bench::{Estimate, Estimator, Reading};

use super::runs::Run;

/// Moments of a run whose predictions are judged; a long run has no more say than a short one.
const MOMENTS: usize = 200;

/// The plain rules, each by bytes alone and by the later of bytes and files.
pub const RULES: [&str; 6] = ["lifetime", "weighted", "5 min", "15 min", "30 min", "60 min"];
/// The windows of the last four, in seconds.
const WINDOWS: [f64; 4] = [300.0, 900.0, 1800.0, 3600.0];

/// Who predicts: syncscope, each rule by bytes, each rule by the later of bytes and files.
pub const COUNT: usize = 1 + 2 * RULES.len();
/// The 5-minute window by bytes alone, whose jumps ours are compared with.
pub const FIVE_MINUTES: usize = 3;

/// What a predictor is called.
pub fn name(who: usize) -> String {
    match who.checked_sub(1) {
        None => "syncscope".to_owned(),
        Some(rule) if rule < RULES.len() => format!("{}, bytes", RULES[rule]),
        Some(rule) => format!("{}, later", RULES[rule - RULES.len()]),
    }
}

/// How good the predictions of one run, or of several, were. Errors are |predicted − true remaining| / true
/// remaining, jumps shares of the true duration.
#[derive(Clone, Default)]
pub struct Score {
    pub errors: [Vec<f64>; COUNT],
    /// The jumps of each run, averaged.
    pub jumps: [Vec<f64>; COUNT],
    /// Moments at which an interval was given, and those of them at which it ended before and began after the truth.
    pub moments: usize,
    pub late: usize,
    pub early: usize,
    /// Moments with a reading, and those of them at which we said nothing.
    pub silent: (usize, usize),
}

impl Score {
    pub fn add(&mut self, other: &Self) {
        for who in 0..COUNT {
            self.errors[who].extend(&other.errors[who]);
            self.jumps[who].extend(&other.jumps[who]);
        }
        self.moments += other.moments;
        self.late += other.late;
        self.early += other.early;
        self.silent = (self.silent.0 + other.silent.0, self.silent.1 + other.silent.1);
    }

    /// The error that a share of the moments stays below.
    pub fn error(&self, who: usize, share: f64) -> f64 {
        let mut sorted = self.errors[who].clone();
        sorted.sort_by(f64::total_cmp);
        let index = (sorted.len() as f64 * share) as usize;
        sorted.get(index).copied().unwrap_or(f64::NAN)
    }

    /// The rule with the lowest median error, and that error.
    pub fn best_rule(&self) -> (usize, f64) {
        let errors = (1..COUNT).map(|who| (who, self.error(who, 0.5)));
        errors.fold((1, f64::INFINITY), |best, one| if one.1 < best.1 { one } else { best })
    }

    /// The median error as a share of the best rule's.
    pub fn of_best(&self) -> f64 {
        self.error(0, 0.5) / self.best_rule().1
    }

    /// The share of moments whose interval held the truth.
    pub fn coverage(&self) -> f64 {
        1.0 - (self.late + self.early) as f64 / self.moments as f64
    }

    /// The share of moments at which it ended later than the latest end that was named.
    pub fn late_share(&self) -> f64 {
        self.late as f64 / self.moments as f64
    }

    /// The mean jump between successive predictions, as a share of the true duration.
    pub fn jump(&self, who: usize) -> f64 {
        self.jumps[who].iter().sum::<f64>() / self.jumps[who].len() as f64
    }
}

/// Judges every prediction of a run between 10 and 95 % of it.
pub fn measure(run: &Run) -> Score {
    let mut estimator = Estimator::default();
    let estimates = run.readings.iter().map(|reading| {
        estimator.observe(reading);
        estimator.estimate(reading.at).ok()
    });
    judge(run, estimates)
}

/// Judges an estimate for each reading of a run; rough ones are taken as none.
pub fn judge(run: &Run, estimates: impl IntoIterator<Item = Option<Estimate>>) -> Score {
    let mut rules = Rules::default();
    let mut score = Score::default();
    let (mut last, mut travelled, mut moves) = (None::<[f64; COUNT]>, [0.0; COUNT], 0_usize);
    let whole = seconds(run.begin, run.end);
    let mut next_moment = 0.1;
    for (reading, estimate) in run.readings.iter().zip(estimates) {
        rules.observe(reading);
        let at = seconds(run.begin, reading.at);
        if !(0.1..0.95).contains(&(at / whole)) {
            continue;
        }
        score.silent.0 += 1;
        let Some(estimate) = estimate.filter(|estimate| !estimate.is_rough) else {
            score.silent.1 += 1;
            continue;
        };
        let Some(others) = rules.ends(run.begin) else { continue };
        let mut ends = [seconds(run.begin, estimate.likely); COUNT];
        ends[1..].copy_from_slice(&others);
        if let Some(last) = last.replace(ends) {
            moves += 1;
            for (travelled, (end, last)) in travelled.iter_mut().zip(ends.iter().zip(last)) {
                *travelled += (end - last).abs() / whole;
            }
        }
        if at / whole < next_moment {
            continue;
        }
        next_moment = at / whole + 0.85 / MOMENTS as f64;
        for (errors, end) in score.errors.iter_mut().zip(ends) {
            errors.push((end.max(at) - whole).abs() / (whole - at));
        }
        score.early += usize::from(estimate.earliest > run.end);
        score.late += usize::from(estimate.latest < run.end);
        score.moments += 1;
    }
    if moves > 0 {
        for (jumps, travelled) in score.jumps.iter_mut().zip(travelled) {
            jumps.push(travelled / moves as f64);
        }
    }
    score
}

fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64()
}

/// The plain rules. They look at changes only, and their end stands still in between.
#[derive(Default)]
struct Rules {
    began: Option<Timestamp>,
    bytes: Counter,
    files: Counter,
}

impl Rules {
    fn observe(&mut self, reading: &Reading) {
        let began = *self.began.get_or_insert(reading.at);
        self.bytes.observe(began, reading.at, reading.bytes_done, reading.bytes_total);
        self.files.observe(began, reading.at, reading.files_done, reading.files_total);
    }

    fn ends(&self, begin: Timestamp) -> Option<[f64; COUNT - 1]> {
        let offset = seconds(begin, self.began?);
        let bytes = self.bytes.ends()?;
        let files = self.files.ends().unwrap_or(bytes);
        let mut ends = [0.0; COUNT - 1];
        for rule in 0..RULES.len() {
            ends[rule] = offset + bytes[rule];
            ends[rule + RULES.len()] = offset + bytes[rule].max(files[rule]);
        }
        Some(ends)
    }
}

/// One counter's changes, in seconds since the transfer was first seen.
#[derive(Default)]
struct Counter {
    first: Option<(f64, f64)>,
    /// Those of the longest window, and the one before it.
    changes: VecDeque<(f64, f64)>,
    total: Option<f64>,
    weighted: Option<f64>,
}

impl Counter {
    fn observe(&mut self, began: Timestamp, at: Timestamp, done: Option<i64>, total: Option<i64>) {
        let (at, Some(done)) = (seconds(began, at), done.map(|done| done as f64)) else { return };
        self.total = total.map(|total| total as f64);
        self.first.get_or_insert((at, done));
        let Some(&(before, had)) = self.changes.back() else {
            self.changes.push_back((at, done));
            return;
        };
        if done <= had {
            return;
        }
        let (rate, keep) = ((done - had) / (at - before), 0.5_f64.powf((at - before) / 300.0));
        self.weighted = Some(self.weighted.map_or(rate, |old| keep * old + (1.0 - keep) * rate));
        self.changes.push_back((at, done));
        while self.changes.get(1).is_some_and(|second| second.0 <= at - WINDOWS[3]) {
            self.changes.pop_front();
        }
    }

    /// The ends by each rule.
    fn ends(&self) -> Option<[f64; RULES.len()]> {
        let &(at, done) = self.changes.back()?;
        let (first_at, first) = self.first.filter(|first| first.0 < at)?;
        let left = (self.total? - done).max(0.0);
        let mut ends = [0.0; RULES.len()];
        ends[0] = at + left * (at - first_at) / (done - first);
        ends[1] = at + left / self.weighted?;
        for (end, window) in ends[2..].iter_mut().zip(WINDOWS) {
            let after = self.changes.partition_point(|change| change.0 <= at - window);
            let (from, had) = *self.changes.get(after.saturating_sub(1))?;
            *end = at + left * (at - from) / (done - had);
        }
        Some(ends)
    }
}
