//! The past: when the counters changed, by how much, and how fast that was; fine for what is fresh, coarse for
//! what is old.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use super::change::Change;

/// Changes that are kept one by one.
const FINE: usize = 1024;
/// How long they are.
const FINE_FOR: SignedDuration = SignedDuration::from_hours(1);
/// What is older is kept by the minute, for a day.
const MINUTES: SignedDuration = SignedDuration::from_mins(1);
const MINUTES_FOR: SignedDuration = SignedDuration::from_hours(24);
/// And by ten minutes beyond.
const TENS: SignedDuration = SignedDuration::from_mins(10);
/// Samples that a coarse tier has at most. Six weeks of ten minutes fit; beyond, neighbours are joined.
const COARSE: usize = 6144;
/// Changes that a rate looks back over at least.
const CHANGES: usize = 3;
/// How long a rate looks back at least.
const WINDOW: SignedDuration = SignedDuration::from_secs(60);

/// What moved in a stretch of time, without a gap.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// Its beginning: a change of the counters.
    pub from: Timestamp,
    /// Its end: another change.
    pub to: Timestamp,
    /// Bytes written in between.
    pub bytes: i64,
    /// Files transferred in between.
    pub files: i64,
    /// The lowest rate between two changes in it, in bytes a second.
    pub slowest: f64,
    /// The highest one.
    pub fastest: f64,
}

impl Stretch {
    /// Between two changes, which were `passed` apart by the service's clock where it tells: seen late and then early
    /// they seem closer, and would make a peak.
    fn between(from: Timestamp, to: Timestamp, passed: Option<SignedDuration>, bytes: i64, files: i64) -> Self {
        let seconds = to.duration_since(from).max(passed.unwrap_or_default()).as_secs_f64();
        let rate = bytes as f64 / seconds;
        Self { from, to, bytes, files, slowest: rate, fastest: rate }
    }

    /// Seconds from its beginning to its end, above 0.
    pub fn seconds(&self) -> f64 {
        self.to.duration_since(self.from).as_secs_f64()
    }

    fn joined(&self, next: &Self) -> Self {
        Self {
            from: self.from,
            to: next.to,
            bytes: self.bytes.saturating_add(next.bytes),
            files: self.files.saturating_add(next.files),
            slowest: self.slowest.min(next.slowest),
            fastest: self.fastest.max(next.fastest),
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

/// The counters that a rate is taken of, and the service's clock beside them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Bytes written.
    pub bytes: i64,
    /// Files transferred.
    pub files: i64,
    /// `TotalDuration`, in milliseconds. It moves when the counters do, so it tells how far apart two changes
    /// were, which the times of polls tell only to within an interval.
    pub clock: Option<i64>,
}

/// The counters' history: changes only, since the service moves them in steps. Bounded, whatever comes.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    fine: VecDeque<Stretch>,
    minutes: VecDeque<Stretch>,
    tens: VecDeque<Stretch>,
    last: Option<Counters>,
    changed: Option<Change>,
    /// The poll before the change that a row of stretches begins with, where only our polls say when that was.
    not_before: Option<Timestamp>,
    seen_at: Option<Timestamp>,
    /// Where the newest unbroken row of stretches begins.
    unbroken_since: Option<Timestamp>,
    /// When it was last configured anew.
    configured_at: Option<Timestamp>,
    /// The medians of the coarsest tier since then, and when they were taken.
    median: Option<(Timestamp, Median)>,
}

/// Median rates by ten minutes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Median {
    /// Bytes a second.
    pub bytes: f64,
    /// Files a second.
    pub files: f64,
}

impl Timeline {
    /// Folds in the counters of one answer. The first one is what later ones are measured against.
    ///
    /// After a time in which nobody looked, longer than `blind_after`, it begins anew: what moved meanwhile is known,
    /// when is not, but for the newest change, where the service's clock tells. Counters that fall make no stretch.
    pub fn observe(&mut self, at: Timestamp, counters: Counters, blind_after: SignedDuration) {
        let seen_before = self.seen_at.replace(at).unwrap_or(at);
        let Some(old) = self.last.replace(counters) else { return };
        if at.duration_since(seen_before) > blind_after {
            self.begin_anew(counters, seen_before, at);
            return;
        }
        if (counters.bytes, counters.files) == (old.bytes, old.files) {
            return;
        }
        // When the counters came to be as we first saw them is unknown, so the first change measures nothing.
        let Some(before) = self.changed else {
            self.changed = Some(Change { at, clock: counters.clock });
            (self.unbroken_since, self.not_before) = (Some(at), Some(seen_before));
            return;
        };
        let change = before.next(counters.clock, seen_before, at);
        let to = change.at;
        self.changed = Some(change);
        let passed = change.passed_since(&before);
        let from = self.not_before.take().zip(passed).and_then(|(earliest, passed)| {
            let from = to.checked_sub(passed).ok()?.clamp(earliest.min(before.at), before.at);
            self.unbroken_since = self.unbroken_since.map(|since| since.min(from));
            Some(from)
        });
        let from = from.unwrap_or(before.at);
        let (bytes, files) = (counters.bytes.saturating_sub(old.bytes), counters.files.saturating_sub(old.files));
        if to > from && bytes >= 0 && files >= 0 {
            self.push(Stretch::between(from, to, passed, bytes, files));
        } else {
            self.unbroken_since = Some(to);
        }
    }

    /// After a gap a change is of now only where the service's clock says when it was. Otherwise nobody knows how long
    /// before this poll it was, and the next one measures nothing.
    fn begin_anew(&mut self, counters: Counters, seen_before: Timestamp, at: Timestamp) {
        let clock_ran = |before: &Change| counters.clock.zip(before.clock).is_some_and(|(now, then)| now > then);
        let before = self.changed.take().filter(clock_ran);
        self.changed = before.map(|before| before.next(counters.clock, seen_before, at));
        (self.unbroken_since, self.not_before) = (self.changed.map(|change| change.at), None);
    }

    fn push(&mut self, stretch: Stretch) {
        self.fine.push_back(stretch);
        forget(&mut self.fine, FINE, stretch.to, FINE_FOR);
        gather(&mut self.minutes, stretch, MINUTES);
        forget(&mut self.minutes, COARSE, stretch.to, MINUTES_FOR);
        gather(&mut self.tens, stretch, TENS);
        if self.tens.len() > COARSE {
            thin_out(&mut self.tens);
        }
        if self.median.is_none_or(|(taken, _)| stretch.to.duration_since(taken) >= TENS) {
            self.median = self.median_of_tens().map(|median| (stretch.to, median));
        }
    }

    /// What moved between changes in the last hour, oldest first; a gap lies where one does not begin at the
    /// other's end.
    pub fn fresh(&self) -> impl DoubleEndedIterator<Item = &Stretch> + ExactSizeIterator {
        self.fine.iter()
    }

    /// All of the past by ten minutes, oldest first.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &Stretch> + ExactSizeIterator {
        self.tens.iter()
    }

    /// Whether nothing was seen to move yet.
    pub fn is_empty(&self) -> bool {
        self.tens.is_empty()
    }

    /// Bytes a second over the last changes; `None` before there are three of them.
    pub fn byte_rate(&self) -> Option<Rate> {
        self.rate(WINDOW, |stretch| stretch.bytes)
    }

    /// Files a second over the last changes; `None` before there are three of them.
    pub fn file_rate(&self) -> Option<Rate> {
        self.rate(WINDOW, |stretch| stretch.files)
    }

    /// The rate over the last changes: so many that they reach back for `back`, and three at least. `None` before
    /// there are three of them in a row.
    pub fn rate(&self, back: SignedDuration, amount: fn(&Stretch) -> i64) -> Option<Rate> {
        let since = self.unbroken_since?;
        let (mut changes, mut moved, mut window) = (1, 0.0, 0.0);
        for stretch in self.fine.iter().rev().take_while(|stretch| stretch.from >= since) {
            if changes >= CHANGES && window >= back.as_secs_f64() {
                break;
            }
            changes += 1;
            moved += amount(stretch) as f64;
            window += stretch.seconds();
        }
        (changes >= CHANGES && window > 0.0).then(|| Rate { per_second: moved / window, window })
    }

    /// The median rates since it was last configured, by ten minutes; `None` before there is an hour of them. They
    /// are as of ten minutes ago at most.
    pub fn median(&self) -> Option<Median> {
        self.median.map(|(_, median)| median)
    }

    /// A habit counts from here on: it was configured anew.
    pub fn configured(&mut self, at: Timestamp) {
        (self.configured_at, self.median) = (Some(at), None);
    }

    fn median_of_tens(&self) -> Option<Median> {
        let since = self.configured_at.unwrap_or(Timestamp::MIN);
        let tens = || self.tens.iter().rev().take_while(|stretch| stretch.from >= since);
        if tens().map(Stretch::seconds).sum::<f64>() < 3600.0 {
            return None;
        }
        let median = |amount: fn(&Stretch) -> i64| {
            let mut rates: Vec<f64> = tens().map(|stretch| amount(stretch) as f64 / stretch.seconds()).collect();
            let middle = rates.len() / 2;
            *rates.select_nth_unstable_by(middle, f64::total_cmp).1
        };
        Some(Median { bytes: median(|stretch| stretch.bytes), files: median(|stretch| stretch.files) })
    }

    /// The highest rate between two changes, in bytes a second.
    pub fn peak(&self) -> Option<f64> {
        self.tens.iter().map(|stretch| stretch.fastest).reduce(f64::max)
    }

    /// When the first stretch begins.
    pub fn begins(&self) -> Option<Timestamp> {
        self.tens.front().map(|stretch| stretch.from)
    }

    /// The rate in each of `count` equal parts of the time from `from` to `to`; `None` where nothing is known.
    pub fn parts(&self, from: Timestamp, to: Timestamp, count: usize, amount: fn(&Stretch) -> i64) -> Vec<Option<f64>> {
        let whole = to.duration_since(from).as_secs_f64();
        if whole <= 0.0 || count == 0 {
            return vec![None; count];
        }
        let width = whole / count as f64;
        let (mut moved, mut covered) = (vec![0.0; count], vec![0.0; count]);
        let tier = self.tier(from);
        let begins = tier.partition_point(|stretch| stretch.to <= from);
        for stretch in tier.range(begins..) {
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

    /// The finest tier that reaches back to `from`, or to the beginning.
    fn tier(&self, from: Timestamp) -> &VecDeque<Stretch> {
        let begins = self.begins();
        let reaches = |tier: &&VecDeque<Stretch>| {
            tier.front().is_none_or(|first| first.from <= from || Some(first.from) == begins)
        };
        [&self.fine, &self.minutes].into_iter().find(reaches).unwrap_or(&self.tens)
    }
}

/// Drops what is too old, and the oldest of too many.
fn forget(tier: &mut VecDeque<Stretch>, most: usize, now: Timestamp, keep: SignedDuration) {
    while tier.len() > most || tier.front().is_some_and(|oldest| now.duration_since(oldest.to) > keep) {
        tier.pop_front();
    }
}

/// Adds a stretch to the newest sample of a tier, if it follows without a gap and ends in the same `width` of time.
fn gather(tier: &mut VecDeque<Stretch>, stretch: Stretch, width: SignedDuration) {
    let place = |at: Timestamp| at.as_second().div_euclid(width.as_secs());
    match tier.back_mut() {
        Some(last) if last.to == stretch.from && place(last.to) == place(stretch.to) => *last = last.joined(&stretch),
        _ => tier.push_back(stretch),
    }
}

/// Joins the older half pairwise, where no gap lies between. Where gaps keep them apart, the oldest go.
fn thin_out(tier: &mut VecDeque<Stretch>) {
    let half = tier.len() / 2;
    let older: Vec<Stretch> = tier.drain(..half).collect();
    let mut joined: Vec<Stretch> = Vec::with_capacity(half);
    let mut pairs = older.iter().copied().peekable();
    while let Some(stretch) = pairs.next() {
        let next = pairs.next_if(|next| next.from == stretch.to);
        joined.push(next.map_or(stretch, |next| stretch.joined(&next)));
    }
    let spare = joined.len().saturating_sub(half.saturating_sub(1));
    for stretch in joined.into_iter().skip(spare).rev() {
        tier.push_front(stretch);
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
        assert_eq!(steady(30).byte_rate(), None, "two changes");
        assert_eq!(steady(45).byte_rate(), Some(Rate { per_second: 100.0, window: 30.0 }));
        let timeline = steady(600);
        assert_eq!(timeline.byte_rate(), Some(Rate { per_second: 100.0, window: 60.0 }));
        assert_eq!(timeline.file_rate().map(|rate| rate.per_second), Some(0.2));
        assert_eq!(timeline.peak(), Some(100.0));
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
        for stretch in timeline.fresh().skip(1) {
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
        for (second, bytes, files) in [(1015, 1_001_500, 13), (1030, 1_003_000, 16), (1045, 1_004_500, 19)] {
            assert_eq!(timeline.byte_rate(), None, "nobody saw when what came first came");
            timeline.observe(at(second), counted(bytes, files), BLIND);
        }
        assert_eq!(timeline.byte_rate().map(|rate| rate.per_second), Some(100.0));
        let parts = timeline.parts(at(0), at(1045), 209, |stretch| stretch.bytes);
        assert_eq!(parts[4], Some(100.0));
        assert_eq!(parts[100], None);
        assert_eq!(parts[208], Some(100.0));
    }

    #[test]
    fn what_follows_a_gap_or_comes_first_makes_no_peak() {
        // steps of 15 s at 100 a second, a gap of 20 minutes, and polls at any offset to the steps
        for clock in [true, false] {
            for (offset, after) in (0..15).flat_map(|offset| (0..15).map(move |after| (offset, after))) {
                let mut timeline = Timeline::default();
                let polls = (0..600).step_by(7).map(|t| t + offset).chain((1800..2400).step_by(7).map(|t| t + after));
                for second in polls {
                    let step = second / 15;
                    let shown = Counters { clock: clock.then_some(step * 15_000), ..counted(step * 1500, step * 3) };
                    timeline.observe(at(second), shown, BLIND);
                    let most = if clock { 100.0 + 1e-6 } else { 100.0 * 15.0 / 8.0 };
                    let found = [timeline.peak(), timeline.byte_rate().map(|rate| rate.per_second).filter(|_| clock)];
                    let most_of_rates = most * 1.3;
                    assert!(found[0].is_none_or(|peak| peak <= most), "{offset} {after} {second}: {found:?}");
                    assert!(found[1].is_none_or(|rate| rate <= most_of_rates), "{offset} {after} {second}: {found:?}");
                }
            }
        }
    }

    #[test]
    fn counters_that_fall_cost_their_own_stretch_alone() {
        let mut timeline = steady(600);
        let before = timeline.all().len();
        timeline.observe(at(615), counted(10, 0), BLIND);
        timeline.observe(at(610), counted(5000, 10), BLIND);
        assert_eq!(timeline.byte_rate(), None);
        assert_eq!(timeline.all().len(), before);
        for t in [630, 645, 660] {
            timeline.observe(at(t), counted(5000 + (t - 610) * 100, t), BLIND);
        }
        assert_eq!(timeline.byte_rate().map(|rate| rate.per_second), Some(100.0));
    }

    #[test]
    fn two_weeks_stay_small_and_whole() {
        let mut timeline = Timeline::default();
        let end = 14 * 86_400;
        for t in (0..=end).step_by(5) {
            timeline.observe(at(t), counted(t * 100, t), BLIND);
        }
        let samples = timeline.fine.capacity() + timeline.minutes.capacity() + timeline.tens.capacity();
        assert!(samples * size_of::<Stretch>() < 1 << 20, "{samples} samples");
        let total: i64 = timeline.all().map(|stretch| stretch.bytes).sum();
        assert_eq!(total, (end - 5) * 100);
        for range in [300, 3600, 86_400, end - 5] {
            let parts = timeline.parts(at(end - range), at(end), 100, |stretch| stretch.bytes);
            assert!(parts.iter().all(|part| part.is_some_and(|rate| (rate - 100.0).abs() < 1e-6)), "{range}");
        }
    }

    #[test]
    fn a_short_stop_days_ago_is_still_seen() {
        let mut timeline = Timeline::default();
        let mut bytes = 0;
        for t in (0..4 * 86_400).step_by(15) {
            // four minutes without a byte, but files of nothing go on
            bytes += if (86_400..86_640).contains(&t) { 0 } else { 1500 };
            timeline.observe(at(t), counted(bytes, t), BLIND);
        }
        let slow: Vec<_> = timeline.all().filter(|stretch| stretch.slowest == 0.0).collect();
        assert_eq!(slow.len(), 1);
        assert!(slow[0].from <= at(86_400) && slow[0].to >= at(86_640));
    }

    #[test]
    fn gaps_all_over_stay_bounded_too() {
        let mut timeline = Timeline::default();
        for n in 0..i64::try_from(COARSE).unwrap() + 500 {
            for (second, step) in [(0, 0), (15, 1), (30, 2)] {
                timeline.observe(at(n * 1000 + second), counted(n * 100 + step, n), BLIND);
            }
        }
        assert!(timeline.tens.len() <= COARSE && timeline.fine.len() <= FINE && timeline.minutes.len() <= COARSE);
    }

    #[test]
    fn the_median_is_the_runs_own() {
        assert_eq!(steady(3000).median(), None);
        assert_eq!(steady(7200).median(), Some(Median { bytes: 100.0, files: 0.2 }));
        let mut timeline = steady(7200);
        timeline.configured(at(7200));
        assert_eq!(timeline.median(), None);
        for t in (7205..=12_000).step_by(5) {
            let step = (t - 7200) / 15;
            timeline.observe(at(t), counted(720_000 + step * 150, 1440 + step * 3), BLIND);
        }
        assert_eq!(timeline.median(), Some(Median { bytes: 10.0, files: 0.2 }), "what was before does not count");
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
