//! What was done by when: the counters at their changes, thinned out as they grow old.

/// How many changes are kept. Beyond it every second one of the older half is left out.
const KEPT: usize = 1024;

/// The counters at one of their changes.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// When the change was, in running seconds: without the time in which it had stopped.
    pub run: f64,
    pub bytes: f64,
    pub files: f64,
}

/// The changes, oldest first, and how much of the time it had stopped.
#[derive(Clone, Debug, Default)]
pub struct History {
    points: Vec<Point>,
    stops: u64,
    stopped: f64,
}

impl History {
    pub fn push(&mut self, point: Point) {
        if self.points.len() == KEPT {
            let mut index = 0;
            self.points.retain(|_| {
                index += 1;
                index > KEPT / 2 || index % 2 == 1
            });
        }
        self.points.push(point);
    }

    /// Takes in that it had stopped for so many seconds.
    pub fn stopped(&mut self, seconds: f64) {
        self.stops = self.stops.saturating_add(1);
        self.stopped += seconds;
    }

    pub fn first(&self) -> Option<Point> {
        self.points.first().copied()
    }

    pub fn last(&self) -> Option<Point> {
        self.points.last().copied()
    }

    /// Seconds that it is going to stop for each second that it runs. One stop makes no habit.
    pub fn stops(&self, ran: f64) -> f64 {
        if ran <= 0.0 || self.stops == 0 {
            return 0.0;
        }
        let stops = self.stops as f64;
        self.stopped / ran * ((stops - 1.0) / stops)
    }

    /// How many changes that are kept came after a running second.
    pub fn changes_after(&self, run: f64) -> usize {
        self.points.len() - self.points.partition_point(|point| point.run <= run)
    }

    /// Bytes and files at a running second, in proportion between two changes.
    pub fn done(&self, run: f64) -> (f64, f64) {
        let index = self.points.partition_point(|point| point.run <= run);
        let Some(before) = index.checked_sub(1).and_then(|index| self.points.get(index)) else {
            return self.points.first().map_or((0.0, 0.0), |point| (point.bytes, point.files));
        };
        let Some(after) = self.points.get(index) else { return (before.bytes, before.files) };
        let part = (run - before.run) / (after.run - before.run);
        (before.bytes + (after.bytes - before.bytes) * part, before.files + (after.files - before.files) * part)
    }

    /// Bytes of memory that it holds.
    #[cfg(test)]
    pub fn held(&self) -> usize {
        self.points.capacity() * size_of::<Point>()
    }
}
