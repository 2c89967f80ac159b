//! When it ends by the average so far, before enough of it was watched.

use jiff::Timestamp;

use super::{
    reading::{Bound, Estimate, Reading, later},
    remaining::Left,
};

/// How much shorter or longer than by the average so far the rest may be, and how much longer where the list grows.
const ROUGHLY: f64 = 2.5;
const ROUGHLY_GROWING: f64 = 6.0;

/// The end by the average over all of its time, as the service counts it: the later of bytes and files. `None`
/// where the service does not say for how long it has run, or nothing was done yet.
pub fn estimate(last: &Reading, left: &Left, at: Timestamp) -> Option<Estimate> {
    let ran = last.running_for?.as_secs_f64();
    let takes = |left: Option<f64>, done: Option<i64>| match (left, done) {
        (None, _) => Some(0.0),
        (Some(left), Some(done @ 1..)) => Some(left * ran / done as f64),
        _ => None,
    };
    // where only one of the two has moved, it is the one that is known
    let (bytes, files) = (takes(left.bytes, last.bytes_done), takes(left.files, last.files_done));
    let rest = bytes.unwrap_or(0.0).max(files.unwrap_or(0.0));
    if ran <= 0.0 || rest <= 0.0 {
        return None;
    }
    let since = at.duration_since(last.at).as_secs_f64();
    let longer = if last.totals_grow { ROUGHLY_GROWING } else { ROUGHLY };
    Some(Estimate {
        earliest: later(at, (rest / ROUGHLY - since).max(0.0)),
        likely: later(at, (rest - since).max(0.0)),
        latest: later(at, (rest * longer - since).max(0.0)),
        is_lower_bound: last.totals_grow,
        is_rough: true,
        by: if files > bytes { Bound::Files } else { Bound::Bytes },
    })
}
