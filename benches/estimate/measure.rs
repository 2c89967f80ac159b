//! How good predictions of the end are: ours beside what others do, over the same moments.

use std::collections::VecDeque;

use jiff::Timestamp;
use syncscope::bench::{Estimator, Reading};

use super::runs::Run;

/// Moments of a run whose predictions are judged; a long run has no more say than a short one.
const MOMENTS: usize = 200;

/// Who predicts.
pub const NAMES: [&str; 7] =
    ["syncscope", "lifetime", "5 min window", "weighted", "lifetime, later", "5 min, later", "weighted, later"];
const COUNT: usize = NAMES.len();

/// How good the predictions of one run, or of several, were. Errors are |predicted − true remaining| / true
/// remaining, jumps shares of the true duration.
#[derive(Clone, Default)]
pub struct Score {
    pub errors: [Vec<f64>; COUNT],
    /// The jumps of each run, averaged.
    pub jumps: [Vec<f64>; COUNT],
    /// Moments whose interval held the truth, moments whose interval began too late, and all of them.
    pub held: (usize, usize, usize),
    /// Moments with a reading, and those of them at which we said nothing.
    pub silent: (usize, usize),
}

impl Score {
    pub fn add(&mut self, other: &Self) {
        for who in 0..COUNT {
            self.errors[who].extend(&other.errors[who]);
            self.jumps[who].extend(&other.jumps[who]);
        }
        self.held = (self.held.0 + other.held.0, self.held.1 + other.held.1, self.held.2 + other.held.2);
        self.silent = (self.silent.0 + other.silent.0, self.silent.1 + other.silent.1);
    }

    /// The error that a share of the moments stays below.
    pub fn error(&self, who: usize, share: f64) -> f64 {
        let mut sorted = self.errors[who].clone();
        sorted.sort_by(f64::total_cmp);
        let index = (sorted.len() as f64 * share) as usize;
        sorted.get(index).copied().unwrap_or(f64::NAN)
    }

    /// The lowest median error among the others.
    pub fn best_other(&self) -> f64 {
        (1..COUNT).map(|who| self.error(who, 0.5)).fold(f64::INFINITY, f64::min)
    }

    /// The share of moments whose interval held the truth.
    pub fn coverage(&self) -> f64 {
        self.held.0 as f64 / self.held.2 as f64
    }

    /// The mean jump between successive predictions, as a share of the true duration.
    pub fn jump(&self, who: usize) -> f64 {
        self.jumps[who].iter().sum::<f64>() / self.jumps[who].len() as f64
    }
}

/// Judges every prediction of a run between 10 and 95 % of it.
pub fn measure(run: &Run) -> Score {
    let (mut estimator, mut others) = (Estimator::default(), Others::default());
    let mut score = Score::default();
    let (mut last, mut travelled, mut moves) = (None::<[f64; COUNT]>, [0.0; COUNT], 0_usize);
    let whole = seconds(run.begin, run.end);
    let mut next_moment = 0.1;
    for reading in &run.readings {
        estimator.observe(reading);
        others.observe(reading);
        let at = seconds(run.begin, reading.at);
        if !(0.1..0.95).contains(&(at / whole)) {
            continue;
        }
        score.silent.0 += 1;
        let Ok(estimate) = estimator.estimate(reading.at) else {
            score.silent.1 += 1;
            continue;
        };
        let Some(others) = others.ends(run.begin) else { continue };
        let mut ends = [seconds(run.begin, estimate.likely); COUNT];
        ends[1..].copy_from_slice(&others);
        if let Some(last) = last.replace(ends) {
            moves += 1;
            for who in 0..COUNT {
                travelled[who] += (ends[who] - last[who]).abs() / whole;
            }
        }
        if at / whole < next_moment {
            continue;
        }
        next_moment = at / whole + 0.85 / MOMENTS as f64;
        for who in 0..COUNT {
            score.errors[who].push((ends[who].max(at) - whole).abs() / (whole - at));
        }
        score.held.0 += usize::from((estimate.earliest..=estimate.latest).contains(&run.end));
        score.held.1 += usize::from(estimate.earliest > run.end);
        score.held.2 += 1;
    }
    if moves > 0 {
        for who in 0..COUNT {
            score.jumps[who].push(travelled[who] / moves as f64);
        }
    }
    score
}

fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64()
}

/// What others do, each by bytes alone, and by the later of bytes and files. They look at changes only, and
/// their end stands still in between.
#[derive(Default)]
struct Others {
    began: Option<Timestamp>,
    bytes: Counter,
    files: Counter,
}

impl Others {
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
        for way in 0..3 {
            ends[way] = offset + bytes[way];
            ends[way + 3] = offset + bytes[way].max(files[way]);
        }
        Some(ends)
    }
}

/// One counter's changes, in seconds since the transfer was first seen.
#[derive(Default)]
struct Counter {
    changes: VecDeque<(f64, f64)>,
    total: Option<f64>,
    weighted: Option<f64>,
    window: Option<f64>,
}

impl Counter {
    fn observe(&mut self, began: Timestamp, at: Timestamp, done: Option<i64>, total: Option<i64>) {
        let (at, Some(done)) = (seconds(began, at), done.map(|done| done as f64)) else { return };
        self.total = total.map(|total| total as f64);
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
        while self.changes.get(1).is_some_and(|second| second.0 <= at - 300.0) {
            self.changes.pop_front();
        }
        self.window = self.changes.front().map(|(from, had)| (done - had) / (at - from));
    }

    /// The ends by lifetime average, window and weighted average.
    fn ends(&self) -> Option<[f64; 3]> {
        let &(at, done) = self.changes.back()?;
        let left = (self.total? - done).max(0.0);
        Some([at + left * at / done, at + left / self.window?, at + left / self.weighted?])
    }
}
