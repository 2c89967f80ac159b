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
    /// How much shorter and longer than the likely one the rest may be, as far as the share is not known: the
    /// logarithms of the deciles, not below 0.
    pub shorter: f64,
    pub longer: f64,
}

impl CostModel {
    /// Learned from the past; `None` where nothing moved.
    pub fn of(history: &History, left: &Left, step: f64) -> Option<Self> {
        let (first, last) = (history.first()?, history.last()?);
        let ran = last.run - first.run;
        let per = |amount: f64| if amount > 0.0 && ran > 0.0 { ran / amount } else { 0.0 };
        let (byte, file) = (per(last.bytes - first.bytes), per(last.files - first.files));
        let work = |share: f64, (shorter, longer): (f64, f64)| Some(Self { byte, file, share, shorter, longer });
        match (byte > 0.0 && left.bytes.is_some(), file > 0.0 && left.files.is_some()) {
            (false, false) => None,
            (true, false) => work(1.0, (0.0, 0.0)),
            (false, true) => work(0.0, (0.0, 0.0)),
            (true, true) => {
                let left = (left.bytes.unwrap_or(0.0), left.files.unwrap_or(0.0));
                let (share, off) = learned(history, (byte, file), left, (step, ran))?;
                work(share, off)
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
const ODDS: f64 = 3.0;
const ODDS_UNSURE: f64 = 2.0;

/// How much of the past's scatter is taken for granted, as a logarithm.
const SCATTER: f64 = 0.15;

/// Neighbouring parts are alike: this many of them say as much as one that stands alone.
const NEIGHBOURS: f64 = 2.5;

/// A part in which less than this share of the usual was done says no more than one with this.
const LEAST: f64 = 0.1;

/// Which shares are weighed against each other: those whose log odds are whole numbers up to this one, and finer
/// ones beside the most even of them.
const FARTHEST: i32 = 9;
const FINE: i32 = 8;
const SHARES: usize = (2 * FARTHEST - 1 + 2 * FINE) as usize;

/// The share of the time that bytes take, and how much shorter and longer the rest may be.
///
/// Shares are weighed by how evenly, under them, the past's work was done. Where both went hand in hand so far, any
/// does, and the rest is one in the middle of all.
/// A rest that is far longer than the past is the less likely the longer it is: few come so early.
fn learned(
    history: &History,
    (byte, file): (f64, f64),
    left: (f64, f64),
    (step, ran): (f64, f64),
) -> Option<(f64, (f64, f64))> {
    let mut parts = [(0.0, 0.0); PARTS];
    let count = parted(history, (byte, file), step, &mut parts)?;
    let parts = &parts[..count];
    let (all_bytes, all_files) = (left.0 * byte, left.1 * file);
    let evenness = |odds: f64| {
        let share = 1.0 / (1.0 + (-odds).exp());
        (share, unevenness(parts, |bytes, files| share * bytes + (1.0 - share) * files))
    };
    let mut tried = [(0.0, 0.0, 0.0, 0.0); SHARES];
    let mut coarse = [(0.0, 0.0); (2 * FARTHEST + 1) as usize];
    let (mut least, mut best) = (f64::INFINITY, 0);
    for (odds, of_odds) in (-FARTHEST..).zip(&mut coarse) {
        *of_odds = evenness(f64::from(odds));
        if of_odds.1 < least {
            (least, best) = (of_odds.1, odds.clamp(1 - FARTHEST, FARTHEST - 1));
        }
    }
    let mut count_tried = 0;
    let mut add = |odds: f64, width: f64, (share, unevenness): (f64, f64)| {
        tried[count_tried] = (odds, width, share, unevenness);
        count_tried += 1;
    };
    for (odds, of_odds) in (-FARTHEST..).zip(coarse) {
        if odds == best {
            for fine in 1 - FINE..FINE {
                let odds = f64::from(best) + f64::from(fine) / f64::from(FINE);
                let of_fine = if fine == 0 { of_odds } else { evenness(odds) };
                least = least.min(of_fine.1);
                add(odds, 1.0 / f64::from(FINE), of_fine);
            }
        } else {
            let width = if (odds - best).abs() == 1 { 0.5 } else { 1.0 };
            add(f64::from(odds), width, of_odds);
        }
    }
    let tried = &tried[..count_tried];
    let noise = (least + 2.0 * SCATTER.powi(2)) / (count as f64 + 2.0) * NEIGHBOURS;
    let early = |rest: f64| (1.0 + rest / ran).powi(-2) * rest / ran;
    let likely = |unevenness: f64| (-(unevenness - least) / (2.0 * noise)).exp();
    let mut rests = [(0.0, 0.0); SHARES];
    let rests = &mut rests[..count_tried];
    for ((odds, width, share, unevenness), rest) in tried.iter().zip(rests.iter_mut()) {
        let prior = width * (-((odds - ODDS) / ODDS_UNSURE).powi(2) / 2.0).exp();
        let takes = share * all_bytes + (1.0 - share) * all_files;
        *rest = (takes, prior * likely(*unevenness) * early(takes));
    }
    if all_bytes <= all_files {
        rests.reverse();
    }
    let (low, mid, high) = deciles(rests)?;
    let lean = all_bytes - all_files;
    let share = if lean.abs() > 1e-9 * all_bytes { (mid.exp() - all_files) / lean } else { 0.5 };
    let off = ((mid - low).max(0.0), (high - mid).max(0.0));
    (share.is_finite() && off.0.is_finite() && off.1.is_finite()).then(|| (share.clamp(0.0, 1.0), off))
}

/// The logarithms of the lower decile, of the middle half's mean and of the upper decile of rests that are in
/// ascending order, each with its weight.
fn deciles(rests: &[(f64, f64)]) -> Option<(f64, f64, f64)> {
    let all: f64 = rests.iter().map(|(_, weight)| weight).sum();
    if all.is_nan() || all <= 0.0 {
        return None;
    }
    let (mut low, mut high, mut middle, mut below) = (None, None, 0.0, 0.0);
    for (rest, weight) in rests {
        let (from, until) = (below, below + weight / all);
        let rest = rest.ln();
        if until > 0.1 {
            low.get_or_insert(rest);
        }
        if until >= 0.9 - 1e-9 {
            high.get_or_insert(rest);
        }
        middle += 2.0 * rest * (until.min(0.75) - from.max(0.25)).max(0.0);
        below = until;
    }
    Some((low?, middle, high?))
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

/// How unevenly the work was done that bytes and files make: the sum of the logarithms' squares about their mean.
fn unevenness(parts: &[(f64, f64)], work: impl Fn(f64, f64) -> f64) -> f64 {
    let (mut sum, mut squares) = (0.0, 0.0);
    for (by_bytes, by_files) in parts {
        let off = work(*by_bytes, *by_files).max(LEAST).ln();
        sum += off;
        squares += off * off;
    }
    (squares - sum * sum / parts.len() as f64).max(0.0)
}
