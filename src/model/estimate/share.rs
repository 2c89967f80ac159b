//! What the time goes into: so much for bytes, so much for files.

use super::{Bound, Left, history::History};

/// How many equal parts of the past the shares are learned from.
const PARTS: usize = 64;

/// How long bytes and files take, in seconds of work; at the mean speed of the past a second of work is done
/// in a second.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    /// Seconds for a byte if bytes alone took all the time, and for a file.
    byte: f64,
    file: f64,
    /// The share of the time that bytes take, 0 to 1.
    pub share: f64,
    /// The standard deviation of the logarithm of the rest, as far as the share is not known.
    pub unsure: f64,
}

impl Work {
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
const ODDS: f64 = 1.5;
const ODDS_UNSURE: f64 = 2.0;

/// How many shares are weighed against each other, from nearly none to nearly all, evenly in log odds.
const SHARES: usize = 31;

/// How much of the past's scatter is taken for granted, as a share of each part.
const SCATTER: f64 = 0.15;

/// The share of the time that bytes take, and the standard deviation of the logarithm of the rest.
///
/// Shares are weighed by how well they explain how long each part of the past took. Where bytes and files went
/// hand in hand so far, any does, and the rest is the mean, of its logarithm, over all of them.
fn learned(history: &History, (byte, file): (f64, f64), (bytes, files): (f64, f64), step: f64) -> Option<(f64, f64)> {
    let (first, last) = (history.first()?, history.last()?);
    let ran = last.run - first.run;
    let parts = ((ran / (2.0 * step.max(1.0))) as usize).clamp(1, PARTS);
    let width = ran / parts as f64;
    let mut before = history.done(first.run);
    let (mut across, mut along, mut whole) = (0.0, 0.0, 0.0);
    for part in 0..parts {
        let done = history.done(first.run + width * (part + 1) as f64);
        // in parts of the width, what bytes alone and what files alone would have taken
        let (by_bytes, by_files) = ((done.0 - before.0) * byte / width, (done.1 - before.1) * file / width);
        before = done;
        let (off, lean) = (1.0 - by_files, by_bytes - by_files);
        across += off * lean;
        along += lean * lean;
        whole += off * off;
    }
    let misfit = |share: f64| (whole - 2.0 * share * across + share * share * along).max(0.0);
    let best = if along > 0.0 { (across / along).clamp(0.0, 1.0) } else { 0.5 };
    let noise = (misfit(best) + 2.0 * SCATTER.powi(2)) / (parts as f64 + 2.0) * NEIGHBOURS;
    let (mut weight, mut mean, mut square) = (0.0, 0.0, 0.0);
    for index in 0..SHARES {
        let odds = 14.0 * index as f64 / (SHARES - 1) as f64 - 7.0;
        let share = 1.0 / (1.0 + (-odds).exp());
        let rest = (share * bytes * byte + (1.0 - share) * files * file).ln();
        let prior = ((odds - ODDS) / ODDS_UNSURE).powi(2) / 2.0;
        let likely = (-(misfit(share) - misfit(best)) / (2.0 * noise) - prior).exp();
        weight += likely;
        mean += likely * rest;
        square += likely * rest * rest;
    }
    mean /= weight;
    let unsure = (square / weight - mean * mean).max(0.0).sqrt();
    let (all_bytes, all_files) = (bytes * byte, files * file);
    let lean = all_bytes - all_files;
    let share = if lean.abs() > 1e-9 * all_bytes { (mean.exp() - all_files) / lean } else { best };
    (share.is_finite() && unsure.is_finite()).then(|| (share.clamp(0.0, 1.0), unsure))
}

/// Neighbouring parts are alike, so that many of them say as much as few that are not.
const NEIGHBOURS: f64 = 2.0;
