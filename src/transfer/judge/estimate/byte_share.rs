//! What the time goes into: so much for bytes, so much for files.

use super::{history::History, reading::Bound, remaining::Left};

/// How many equal parts of the past the shares are learned from.
const PARTS: usize = 40;

/// How long bytes and files take, in seconds of work; at the mean speed of the past a second of work is done
/// in a second.
#[derive(Clone, Copy, Debug)]
pub struct CostModel {
    /// Seconds for a byte if bytes alone took all the time, and for a file.
    byte: f64,
    file: f64,
    /// The share of the time that bytes take, 0 to 1.
    pub share: f64,
    /// The standard deviation of the logarithm of the rest, as far as the share is not known.
    pub unsure: f64,
}

impl CostModel {
    /// Learned from the past; `None` where nothing moved.
    pub fn of(history: &History, left: &Left, step: f64) -> Option<Self> {
        let (first, last) = (history.first()?, history.last()?);
        let ran = last.run - first.run;
        let per = |amount: f64| if amount > 0.0 && ran > 0.0 { ran / amount } else { 0.0 };
        let (byte, file) = (per(last.bytes - first.bytes), per(last.files - first.files));
        let work = |share: f64, unsure: f64| Some(Self { byte, file, share, unsure });
        match (byte > 0.0 && left.bytes.is_some(), file > 0.0 && left.files.is_some()) {
            (false, false) => None,
            (true, false) => work(1.0, 0.0),
            (false, true) => work(0.0, 0.0),
            (true, true) => {
                let left = (left.bytes.unwrap_or(0.0), left.files.unwrap_or(0.0));
                let (share, unsure) = learned(history, (byte, file), left, step)?;
                work(share, unsure)
            }
        }
    }

    /// Seconds of work in bytes and files.
    pub fn seconds(&self, bytes: f64, files: f64) -> f64 {
        self.share * bytes * self.byte + (1.0 - self.share) * files * self.file
    }

    /// Seconds of work in what is left.
    pub fn left(&self, left: &Left) -> f64 {
        self.seconds(left.bytes.unwrap_or(0.0), left.files.unwrap_or(0.0))
    }

    fn rules(&self, left: &Left) -> (f64, f64) {
        (left.bytes.unwrap_or(0.0) * self.byte, left.files.unwrap_or(0.0) * self.file)
    }

    /// Which of the two takes longer.
    pub fn bound(&self, left: &Left) -> Bound {
        let (bytes, files) = self.rules(left);
        if files > bytes { Bound::Files } else { Bound::Bytes }
    }
}

/// The share before anything was learned: the logarithm of its odds, and the deviation of that.
const ODDS: f64 = 2.0;
const ODDS_UNSURE: f64 = 2.0;

/// How many shares are weighed against each other, evenly in log odds from minus to plus [`RANGE`].
const SHARES: usize = 31;
const RANGE: f64 = 9.0;

/// How much of the past's scatter is taken for granted, as a logarithm.
const SCATTER: f64 = 0.15;

/// Neighbouring parts are alike: this many of them say as much as one that stands alone.
const NEIGHBOURS: f64 = 2.5;

/// A part in which less than this share of the usual was done says no more than one with this.
const LEAST: f64 = 0.1;

/// The share of the time that bytes take, and the standard deviation of the logarithm of the rest.
///
/// Shares are weighed by how evenly, under them, the past's work was done. Where bytes and files went hand in
/// hand so far, any does, and the rest is the mean, of its logarithm, over all of them.
fn learned(history: &History, (byte, file): (f64, f64), left: (f64, f64), step: f64) -> Option<(f64, f64)> {
    let mut parts = [(0.0, 0.0); PARTS];
    let count = parted(history, (byte, file), step, &mut parts)?;
    let mut tried = [(0.0, 0.0, 0.0); SHARES];
    let mut least = f64::INFINITY;
    for (index, tried) in tried.iter_mut().enumerate() {
        let odds = RANGE * (2.0 * index as f64 / (SHARES - 1) as f64 - 1.0);
        let share = 1.0 / (1.0 + (-odds).exp());
        let misfit = misfit(&parts[..count], share);
        least = least.min(misfit);
        *tried = (odds, share, misfit);
    }
    let noise = (least + 2.0 * SCATTER.powi(2)) / (count as f64 + 2.0) * NEIGHBOURS;
    let (all_bytes, all_files) = (left.0 * byte, left.1 * file);
    let (mut weight, mut mean, mut square) = (0.0, 0.0, 0.0);
    for (odds, share, misfit) in tried {
        let rest = (share * all_bytes + (1.0 - share) * all_files).ln();
        let prior = ((odds - ODDS) / ODDS_UNSURE).powi(2) / 2.0;
        let likely = (-(misfit - least) / (2.0 * noise) - prior).exp();
        weight += likely;
        mean += likely * rest;
        square += likely * rest * rest;
    }
    mean /= weight;
    let unsure = (square / weight - mean * mean).max(0.0).sqrt();
    let lean = all_bytes - all_files;
    let share = if lean.abs() > 1e-9 * all_bytes { (mean.exp() - all_files) / lean } else { 0.5 };
    (share.is_finite() && unsure.is_finite()).then(|| (share.clamp(0.0, 1.0), unsure))
}

/// What bytes alone and what files alone would have taken in each equal part of the past, in parts; gives their
/// number.
fn parted(history: &History, (byte, file): (f64, f64), step: f64, parts: &mut [(f64, f64); PARTS]) -> Option<usize> {
    let (first, last) = (history.first()?, history.last()?);
    let ran = last.run - first.run;
    let count = ((ran / (2.0 * step.max(1.0))) as usize).clamp(1, PARTS);
    let width = ran / count as f64;
    let mut before = history.done(first.run);
    for (index, part) in parts.iter_mut().enumerate().take(count) {
        let done = history.done(first.run + width * (index + 1) as f64);
        *part = ((done.0 - before.0) * byte / width, (done.1 - before.1) * file / width);
        before = done;
    }
    Some(count)
}

/// How unevenly the work was done if bytes take that share: the sum of the logarithms' squares about their mean.
fn misfit(parts: &[(f64, f64)], share: f64) -> f64 {
    let (mut sum, mut squares) = (0.0, 0.0);
    for (by_bytes, by_files) in parts {
        let off = (share * by_bytes + (1.0 - share) * by_files).max(LEAST).ln();
        sum += off;
        squares += off * off;
    }
    (squares - sum * sum / parts.len() as f64).max(0.0)
}
