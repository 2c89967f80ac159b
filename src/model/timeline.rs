//! The past: when the counters changed, by how much, and how fast that was.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

/// How many stretches of time are kept. Beyond it neighbours are joined, the oldest first.
const KEPT: usize = 4096;

/// How many changes a rate looks back over.
const WINDOW: usize = 4;

/// What moved between two changes of the counters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// The change before.
    pub from: Timestamp,
    /// The change that ended it.
    pub to: Timestamp,
    /// Bytes written in between.
    pub bytes: i64,
    /// Files transferred in between.
    pub files: i64,
}

impl Stretch {
    /// Seconds from its beginning to its end, above 0.
    fn seconds(&self) -> f64 {
        self.to.duration_since(self.from).as_secs_f64()
    }

    fn joined(&self, next: &Self) -> Self {
        Self {
            from: self.from,
            to: next.to,
            bytes: self.bytes.saturating_add(next.bytes),
            files: self.files.saturating_add(next.files),
        }
    }
}

/// A rate, and over how long it was taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Bytes or items a second, never negative.
    pub per_second: f64,
    /// Seconds that it was taken over, above 0.
    pub window: f64,
}

/// The counters' history, bounded: changes only, since the service moves them in steps.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    stretches: VecDeque<Stretch>,
    recent: VecDeque<Stretch>,
    last: Option<Counters>,
    changed: Option<Change>,
    seen_at: Option<Timestamp>,
}

/// The counters that a rate is taken of, and the service's clock beside them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Bytes written.
    pub bytes: i64,
    /// Files transferred.
    pub files: i64,
    /// `TotalDuration`, in milliseconds. It moves when the counters do, so it tells how far apart two changes
    /// were, which the times of our looks tell only to within an interval.
    pub clock: Option<i64>,
}

/// A change of the counters: when it was, and what the service's clock said.
#[derive(Clone, Copy, Debug)]
struct Change {
    at: Timestamp,
    clock: Option<i64>,
}

impl Change {
    /// When the change was that we saw at `at`: after our look before it, and as much later than this change as
    /// the service's clock says.
    fn next(&self, clock: Option<i64>, seen_before: Timestamp, at: Timestamp) -> Timestamp {
        let passed = clock.zip(self.clock).and_then(|(now, then)| now.checked_sub(then)).filter(|passed| *passed > 0);
        let told = passed.and_then(|passed| self.at.checked_add(SignedDuration::from_millis(passed)).ok());
        told.map_or(at, |told| told.max(seen_before).min(at))
    }
}

impl Timeline {
    /// Folds in the counters of one answer. The first one is what later ones are measured against.
    ///
    /// After a time of not looking, longer than `blind_after`, it begins anew: what moved meanwhile is known,
    /// when is not.
    pub fn observe(&mut self, at: Timestamp, counters: Counters, blind_after: SignedDuration) {
        let seen_before = self.seen_at.replace(at).unwrap_or(at);
        let Some(old) = self.last.replace(counters) else { return };
        if at.duration_since(seen_before) > blind_after {
            self.changed = None;
            self.recent.clear();
        }
        if (counters.bytes, counters.files) == (old.bytes, old.files) {
            return;
        }
        // When the counters came to be as we first saw them is unknown, so the first change measures nothing.
        let Some(before) = self.changed else {
            self.changed = Some(Change { at, clock: counters.clock });
            return;
        };
        let to = before.next(counters.clock, seen_before, at);
        self.changed = Some(Change { at: to, clock: counters.clock });
        let (bytes, files) = (counters.bytes.saturating_sub(old.bytes), counters.files.saturating_sub(old.files));
        if to <= before.at || bytes < 0 || files < 0 {
            self.recent.clear();
            return;
        }
        self.push(Stretch { from: before.at, to, bytes, files });
    }

    fn push(&mut self, stretch: Stretch) {
        self.recent.push_back(stretch);
        if self.recent.len() > WINDOW {
            self.recent.pop_front();
        }
        self.stretches.push_back(stretch);
        if self.stretches.len() > KEPT {
            self.thin_out();
        }
    }

    /// Joins the older half pairwise, where no gap lies between.
    fn thin_out(&mut self) {
        let older: Vec<Stretch> = self.stretches.drain(..KEPT / 2).collect();
        let mut joined: Vec<Stretch> = Vec::with_capacity(KEPT / 4);
        let mut pairs = older.iter().copied().peekable();
        while let Some(stretch) = pairs.next() {
            let next = pairs.next_if(|next| next.from == stretch.to);
            joined.push(next.map_or(stretch, |next| stretch.joined(&next)));
        }
        // Where gaps keep them apart, the oldest go: memory is bounded whatever comes.
        let spare = joined.len().saturating_sub(KEPT / 2 - 1);
        for stretch in joined.into_iter().skip(spare).rev() {
            self.stretches.push_front(stretch);
        }
    }

    /// What moved between changes, oldest first; a gap lies where one does not begin at the other's end.
    pub fn stretches(&self) -> impl ExactSizeIterator<Item = &Stretch> + Clone {
        self.stretches.iter()
    }

    /// Bytes a second over the last changes; `None` before there are two of them.
    pub fn byte_rate(&self) -> Option<Rate> {
        self.rate(|stretch| stretch.bytes)
    }

    /// Files a second over the last changes; `None` before there are two of them.
    pub fn file_rate(&self) -> Option<Rate> {
        self.rate(|stretch| stretch.files)
    }

    fn rate(&self, amount: fn(&Stretch) -> i64) -> Option<Rate> {
        let window: f64 = self.recent.iter().map(Stretch::seconds).sum();
        let moved: f64 = self.recent.iter().map(|stretch| amount(stretch) as f64).sum();
        (window > 0.0).then(|| Rate { per_second: moved / window, window })
    }

    /// How far apart the counters' last changes were; `None` before there are two of them.
    pub fn step(&self) -> Option<SignedDuration> {
        let total: SignedDuration = self.recent.iter().map(|stretch| stretch.to.duration_since(stretch.from)).sum();
        (!self.recent.is_empty()).then(|| total / self.recent.len() as i32)
    }

    /// The fastest stretch, in an amount a second.
    pub fn peak(&self, amount: fn(&Stretch) -> i64) -> Option<f64> {
        self.stretches.iter().map(|stretch| amount(stretch) as f64 / stretch.seconds()).reduce(f64::max)
    }

    /// The rate in each of `count` equal parts of the time from `from` to `to`; `None` where nothing is known.
    pub fn parts(&self, from: Timestamp, to: Timestamp, count: usize, amount: fn(&Stretch) -> i64) -> Vec<Option<f64>> {
        let whole = to.duration_since(from).as_secs_f64();
        if whole <= 0.0 || count == 0 {
            return vec![None; count];
        }
        let width = whole / count as f64;
        let (mut moved, mut covered) = (vec![0.0; count], vec![0.0; count]);
        let begins = self.stretches.partition_point(|stretch| stretch.to <= from);
        for stretch in self.stretches.range(begins..) {
            let start = stretch.from.duration_since(from).as_secs_f64().max(0.0);
            let end = stretch.to.duration_since(from).as_secs_f64().min(whole);
            let rate = amount(stretch) as f64 / stretch.seconds();
            let first = ((start / width) as usize).min(count - 1);
            for part in first..count {
                let overlap = end.min((part + 1) as f64 * width) - start.max(part as f64 * width);
                if overlap <= 0.0 {
                    break;
                }
                moved[part] += rate * overlap;
                covered[part] += overlap;
            }
        }
        moved.iter().zip(covered).map(|(moved, covered)| (covered > 0.0).then(|| moved / covered)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLIND: SignedDuration = SignedDuration::from_secs(120);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn counted(bytes: i64, files: i64) -> Counters {
        Counters { bytes, files, clock: None }
    }

    /// Polled every 5 s, changed every 15 s by 1500 bytes and 3 files.
    fn steady(seconds: i64) -> Timeline {
        let mut timeline = Timeline::default();
        for t in (0..=seconds).step_by(5) {
            timeline.observe(at(t), counted(t / 15 * 1500, t / 15 * 3), BLIND);
        }
        timeline
    }

    #[test]
    fn a_rate_is_taken_between_changes_not_between_polls() {
        assert_eq!(steady(10).byte_rate(), None, "no change yet");
        assert_eq!(steady(25).byte_rate(), None, "one change, but since when?");
        assert_eq!(steady(30).byte_rate(), Some(Rate { per_second: 100.0, window: 15.0 }));
        let timeline = steady(600);
        assert_eq!(timeline.byte_rate(), Some(Rate { per_second: 100.0, window: 60.0 }));
        assert_eq!(timeline.file_rate().map(|rate| rate.per_second), Some(0.2));
        assert_eq!(timeline.step(), Some(SignedDuration::from_secs(15)));
        assert_eq!(timeline.peak(|stretch| stretch.bytes), Some(100.0));
    }

    #[test]
    fn the_services_clock_tells_how_far_apart_changes_were() {
        let mut timeline = Timeline::default();
        // Steps of 15 s, seen up to 7 s late: our own times alone would make rates of 68 to 188 of them.
        for (step, late) in [0, 1, 7, 0, 6, 2, 5, 0, 7].into_iter().enumerate() {
            let step = step as i64;
            let shown = |step: i64| Counters { bytes: step * 1500, files: step, clock: Some(step * 15_000) };
            timeline.observe(at(step * 15 + late - 7), shown(step - 1), BLIND);
            timeline.observe(at(step * 15 + late), shown(step), BLIND);
        }
        for stretch in timeline.stretches().skip(1) {
            let rate = stretch.bytes as f64 / stretch.seconds();
            assert!((85.0..=115.0).contains(&rate), "{rate}");
        }
    }

    #[test]
    fn an_unchanged_counter_is_not_a_rate_of_zero() {
        let mut timeline = steady(600);
        let before = timeline.byte_rate();
        for t in (605..900).step_by(5) {
            timeline.observe(at(t), counted(600 / 15 * 1500, 600 / 15 * 3), BLIND);
        }
        assert_eq!(timeline.byte_rate(), before);
    }

    #[test]
    fn not_looking_is_a_gap() {
        let mut timeline = steady(60);
        timeline.observe(at(1000), counted(1_000_000, 10), BLIND);
        assert_eq!(timeline.byte_rate(), None);
        timeline.observe(at(1015), counted(1_001_500, 13), BLIND);
        timeline.observe(at(1030), counted(1_003_000, 16), BLIND);
        assert_eq!(timeline.byte_rate().map(|rate| rate.per_second), Some(100.0));
        let parts = timeline.parts(at(0), at(1030), 103, |stretch| stretch.bytes);
        assert_eq!(parts[2], Some(100.0));
        assert_eq!(parts[50], None);
        assert_eq!(parts[102], Some(100.0));
    }

    #[test]
    fn counters_that_fall_or_times_that_go_back_give_no_rate() {
        let mut timeline = steady(60);
        timeline.observe(at(75), counted(10, 0), BLIND);
        assert_eq!(timeline.byte_rate(), None);
        timeline.observe(at(70), counted(5000, 10), BLIND);
        assert_eq!(timeline.byte_rate(), None);
    }

    #[test]
    fn two_weeks_stay_bounded_and_complete() {
        let mut timeline = Timeline::default();
        let end = 14 * 86_400;
        for t in (0..=end).step_by(15) {
            timeline.observe(at(t), counted(t * 100, t), BLIND);
        }
        assert!(timeline.stretches().len() <= KEPT);
        let total: i64 = timeline.stretches().map(|stretch| stretch.bytes).sum();
        assert_eq!(total, (end - 15) * 100);
        let parts = timeline.parts(at(15), at(end), 100, |stretch| stretch.bytes);
        assert!(parts.iter().all(|part| part.is_some_and(|rate| (rate - 100.0).abs() < 1e-6)));
    }

    #[test]
    fn gaps_all_over_stay_bounded_too() {
        let mut timeline = Timeline::default();
        for n in 0..20_000 {
            for (second, step) in [(0, 0), (15, 1), (30, 2)] {
                timeline.observe(at(n * 1000 + second), counted(n * 100 + step, n), BLIND);
            }
        }
        assert!(timeline.stretches().len() <= KEPT);
    }

    proptest::proptest! {
        #[test]
        fn whatever_comes_rates_are_not_negative(samples in proptest::collection::vec((-100i64..10_000, proptest::num::i64::ANY, proptest::num::i64::ANY), 0..200)) {
            let mut timeline = Timeline::default();
            for (t, bytes, files) in samples {
                timeline.observe(at(t), counted(bytes, files), BLIND);
                for rate in [timeline.byte_rate(), timeline.file_rate()].into_iter().flatten() {
                    proptest::prop_assert!(rate.per_second >= 0.0 && rate.per_second.is_finite() && rate.window > 0.0);
                }
            }
            for part in timeline.parts(at(0), at(10_000), 50, |stretch| stretch.bytes).into_iter().flatten() {
                proptest::prop_assert!(part >= 0.0 && part.is_finite());
            }
        }
    }
}
