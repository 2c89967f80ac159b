//! What is left to do, and how much more of it there will be.

use super::reading::Reading;

/// What is left to do.
#[derive(Clone, Copy, Debug)]
pub struct Left {
    /// Bytes; `None` without a total, or past it.
    pub bytes: Option<f64>,
    /// Files; `None` without a total, or past it.
    pub files: Option<f64>,
}

impl Left {
    /// `None` where neither has a total.
    pub fn of(reading: &Reading) -> Option<Self> {
        let total = |total: Option<i64>| total.filter(|total| *total > 0);
        if total(reading.bytes_total).is_none() && total(reading.files_total).is_none() {
            return None;
        }
        let left =
            |all: Option<i64>, done: Option<i64>| Some(total(all)? as f64 - done? as f64).filter(|left| *left > 0.0);
        Some(Self {
            bytes: left(reading.bytes_total, reading.bytes_done),
            files: left(reading.files_total, reading.files_done),
        })
    }

    pub fn is_nothing(&self) -> bool {
        self.bytes.is_none() && self.files.is_none()
    }
}

/// How fast the totals grow.
#[derive(Clone, Copy, Debug, Default)]
pub struct Growth {
    /// Bytes and files a second, the newer past more than the older.
    bytes: f64,
    files: f64,
}

impl Growth {
    /// Takes in two readings, of the seconds `before` and `now` since the first.
    pub fn observe(&mut self, last: &Reading, reading: &Reading, before: f64, now: f64) {
        let passed = now - before;
        if passed <= 0.0 {
            return;
        }
        let counts = passed / (passed + 0.3 * before);
        let rate = |new: Option<i64>, old: Option<i64>| {
            new.zip(old).map_or(0.0, |(new, old)| (new as f64 - old as f64).max(0.0) / passed)
        };
        self.bytes += (rate(reading.bytes_total, last.bytes_total) - self.bytes) * counts;
        self.files += (rate(reading.files_total, last.files_total) - self.files) * counts;
    }

    /// What will be left once all is listed, if that goes on for so many seconds.
    pub fn foreseen(&self, left: Left, seconds: f64) -> Left {
        let more = |left: Option<f64>, rate: f64| left.map(|left| left + seconds * rate);
        Left { bytes: more(left.bytes, self.bytes), files: more(left.files, self.files) }
    }
}
