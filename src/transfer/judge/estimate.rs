//! The future: when the transfer will have ended, how sure that is, or why it can't be said.

mod byte_share;
mod forecast;
mod history;
mod opinions;
mod reading;
mod remaining;
mod rough;

use jiff::{SignedDuration, Timestamp};

pub use self::reading::{Bound, EarlierRun, Estimate, Reading, Stage, Unknown};
use self::{
    forecast::{Forecast, Known},
    history::{History, Point},
    reading::{CHANGES, later},
    remaining::{Growth, Left},
};
use crate::transfer::past::{change::Change, refresh};

/// How often a forecast is made anew, as shares of the rest: the second where that is less than the seconds, and the
/// first where it is more than that. The end of a week doesn't move within a minute.
const OFTEN: [f64; 2] = [0.001, 0.02];
const OFTEN_SECONDS: f64 = 60.0;

/// Folds readings, and says from them when the transfer ends. Its memory is bounded.
#[derive(Clone, Debug, Default)]
pub struct Estimator {
    stage: Stage,
    /// Where seconds are counted from.
    origin: Option<Timestamp>,
    last: Option<Reading>,
    changes: u64,
    /// The newest change.
    change: Option<Change>,
    /// When the newest change was seen.
    changed_at: Option<Timestamp>,
    history: History,
    /// When the bandwidth limit last changed, in running seconds.
    limited_at: f64,
    growth: Growth,
    forecast: Option<Forecast>,
    /// Bytes and files a second of earlier runs of the same task together; `None` where none is known.
    earlier: Option<(f64, f64)>,
    /// Whether something changed since the forecast was made.
    is_stale: bool,
}

impl Estimator {
    /// Takes earlier runs of the same task as one more opinion, which counts as much as it turns out to be right.
    pub fn remember(&mut self, runs: &[EarlierRun]) {
        let known = runs.iter().filter(|run| run.took.is_positive());
        let sums = known.fold((0.0, 0.0, 0.0), |sums, run| {
            (sums.0 + run.took.as_secs_f64(), sums.1 + run.bytes.max(0) as f64, sums.2 + run.files.max(0) as f64)
        });
        self.earlier = (sums.1 + sums.2 > 0.0).then(|| (sums.1 / sums.0, sums.2 / sums.0));
    }

    /// Folds in what one answer says. A reading older than the last one is left out.
    pub fn observe(&mut self, reading: &Reading) {
        if self.last.is_some_and(|last| reading.at < last.at) {
            return;
        }
        self.stage = reading.stage;
        if reading.stage != Stage::Transferring {
            return;
        }
        self.origin.get_or_insert(reading.at);
        let Some(last) = self.last.replace(*reading) else { return };
        let now = self.seconds(reading.at);
        self.growth.observe(&last, reading, self.seconds(last.at), now);
        if reading.limit != last.limit {
            self.limited_at = self.history.last().map_or(0.0, |point| point.run);
        }
        let has_changed = (reading.bytes_done, reading.files_done) != (last.bytes_done, last.files_done);
        if has_changed {
            self.changed(&last, reading);
        }
        let told = |reading: &Reading| (reading.bytes_total, reading.files_total);
        self.is_stale |= has_changed || told(&last) != told(reading);
        let due = self.forecast.is_none_or(|made| {
            let rest = made.end - now;
            now - made.made >= (OFTEN[1] * rest).min(OFTEN_SECONDS).max(OFTEN[0] * rest)
        });
        if reading.limit != last.limit || (self.is_stale && due) {
            self.is_stale = false;
            self.foresee(now);
        }
    }

    /// Seconds from the first reading to a moment.
    fn seconds(&self, at: Timestamp) -> f64 {
        self.origin.map_or(0.0, |origin| at.duration_since(origin).as_secs_f64())
    }

    /// The usual step in seconds; 0 where it is unknown.
    fn step(&self) -> f64 {
        self.last.and_then(|last| last.step).map_or(0.0, |step| step.as_secs_f64().max(0.0))
    }

    /// How long bytes and files stand still in a transfer that has stopped, by what a reading after their newest
    /// change says.
    fn stalled_after(&self, reading: &Reading) -> SignedDuration {
        if reading.clock == self.change.and_then(|change| change.clock) {
            refresh::stalled_after(reading.step)
        } else {
            refresh::idle_after(reading.step)
        }
    }

    /// Takes in a change of the counters that was not there yet in the `last` reading.
    fn changed(&mut self, last: &Reading, reading: &Reading) {
        let fell = |new: Option<i64>, old: Option<i64>| new.unwrap_or(0) < old.unwrap_or(0);
        if fell(reading.bytes_done, last.bytes_done) || fell(reading.files_done, last.files_done) {
            (self.history, self.change, self.forecast) = (History::default(), None, None);
            (self.changes, self.limited_at) = (0, 0.0);
        }
        self.changes = self.changes.saturating_add(1);
        let changed_at = self.changed_at.replace(reading.at);
        let number = |count: Option<i64>| count.map_or(0.0, |count| count as f64);
        let mut point = Point { run: 0.0, bytes: number(reading.bytes_done), files: number(reading.files_done) };
        let (Some(change), Some(previous)) = (self.change, self.history.last()) else {
            self.change = Some(Change { at: reading.at, clock: reading.clock });
            self.history.push(point);
            return;
        };
        let next = change.next(reading.clock, last.at, reading.at);
        let took = next.at.duration_since(change.at).as_secs_f64();
        // polls that are far apart show one change each: most of a stop is seen to be one
        let stood = changed_at.map_or(0.0, |at| last.at.duration_since(at).as_secs_f64());
        let stopped = !reading.after_gap && 2.0 * stood >= took && took >= self.stalled_after(last).as_secs_f64();
        let ran = if stopped { took.min(self.step()) } else { took };
        point.run = previous.run + ran;
        if stopped {
            self.history.stopped(took - ran);
        }
        self.change = Some(next);
        self.history.push(point);
    }

    /// When the transfer ends, seen from `at`, which is the newest reading's moment or a later one.
    ///
    /// # Errors
    /// Why it can't be said.
    pub fn estimate(&self, at: Timestamp) -> Result<Estimate, Unknown> {
        let (Some(origin), Some(last)) = (self.origin, &self.last) else {
            return Err(Unknown::NotTransferring(self.stage));
        };
        if self.stage != Stage::Transferring {
            return Err(Unknown::NotTransferring(self.stage));
        }
        let left = Left::of(last).ok_or(Unknown::NoEstimate)?;
        if left.is_nothing() {
            return Err(Unknown::PastTotal);
        }
        let quiet = last.at.duration_since(self.changed_at.unwrap_or(origin));
        if quiet >= self.stalled_after(last) {
            return Err(Unknown::Stalled(quiet));
        }
        let Some(forecast) = self.forecast else {
            return rough::estimate(last, &left, at).ok_or(Unknown::FewChanges(self.changes));
        };
        let (now, step) = (self.seconds(at), self.step());
        let rest = (forecast.end - now).max(0.5 * step).max(1.0);
        let (likely, slack) = ((forecast.end - now).max(0.0), 0.3 * step);
        let (shorter, longer) = (rest * (-forecast.shorter).exp(), rest * forecast.longer.exp());
        Ok(Estimate {
            earliest: later(at, (shorter - slack).min(likely)),
            likely: later(at, likely),
            latest: later(at, longer + slack),
            is_lower_bound: last.totals_grow,
            is_rough: false,
            by: forecast.by,
        })
    }

    /// Makes the forecast anew, and moves the end that was said before towards it.
    fn foresee(&mut self, now: f64) {
        if let Some(fresh) = self.fresh(now) {
            let step = self.step();
            self.forecast = Some(self.forecast.map_or(fresh, |old| old.towards(fresh, step)));
        }
    }

    /// The forecast from all that is known, whatever was said before.
    fn fresh(&self, now: f64) -> Option<Forecast> {
        let last = self.last.as_ref()?;
        if self.changes < CHANGES || last.step.is_none() {
            return None;
        }
        let elapsed = last.running_for.map_or(0.0, |running| running.as_secs_f64()).max(now);
        let known = Known {
            history: &self.history,
            left: Left::of(last).filter(|left| !left.is_nothing())?,
            growth: last.totals_grow.then_some(&self.growth),
            limit: last.limit.filter(|limit| *limit > 0),
            limited_at: self.limited_at,
            earlier: self.earlier,
            step: self.step(),
            elapsed,
        };
        known.forecast(self.seconds(self.change?.at), now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn reading(second: i64, bytes: i64, total: i64) -> Reading {
        Reading {
            at: at(second),
            stage: Stage::Transferring,
            bytes_done: Some(bytes),
            bytes_total: Some(total),
            files_done: None,
            files_total: None,
            totals_grow: false,
            limit: None,
            running_for: None,
            clock: None,
            step: Some(SignedDuration::from_secs(15)),
            after_gap: false,
        }
    }

    /// Polled every 5 s; 1000 bytes a second in steps of 15 s until `stops`.
    fn steady(until: i64, stops: i64) -> Estimator {
        let mut estimator = Estimator::default();
        for second in (0..=until).step_by(5) {
            estimator.observe(&reading(second, second.min(stops) / 15 * 15_000, 3_600_000));
        }
        estimator
    }

    #[test]
    fn a_steady_transfer_ends_when_it_should() {
        let estimate = steady(1800, 1800).estimate(at(1800)).unwrap();
        let off = estimate.likely.duration_since(at(3600)).abs();
        assert!(off < SignedDuration::from_secs(120), "{estimate:?}");
        assert!(estimate.earliest <= at(3600) && at(3600) <= estimate.latest, "{estimate:?}");
        assert!(!estimate.is_lower_bound);
    }

    #[test]
    fn where_nothing_can_be_known_it_says_why() {
        assert!(matches!(Estimator::default().estimate(at(0)), Err(Unknown::NotTransferring(Stage::Before))));
        assert!(matches!(steady(25, 25).estimate(at(25)), Err(Unknown::FewChanges(_))));
        assert!(matches!(steady(2400, 1800).estimate(at(2400)), Err(Unknown::Stalled(_))));
        assert!(matches!(steady(4000, 4000).estimate(at(4000)), Err(Unknown::PastTotal)));
        let mut cancelled = steady(1800, 1800);
        cancelled.observe(&Reading { stage: Stage::Cancelling, ..reading(1805, 1_800_000, 3_600_000) });
        let unknown = cancelled.estimate(at(1805)).unwrap_err();
        assert_eq!(crate::say::words::eta::unknown(&unknown), "it is being cancelled");
    }

    #[test]
    fn while_the_list_grows_it_is_a_lower_bound() {
        let mut estimator = Estimator::default();
        for second in (0..=1200).step_by(5) {
            let total = 2_000_000 + second * 500;
            estimator.observe(&Reading { totals_grow: true, ..reading(second, second / 15 * 15_000, total) });
        }
        assert!(estimator.estimate(at(1200)).unwrap().is_lower_bound);
    }

    #[test]
    fn the_end_does_not_jump_with_each_step() {
        let mut estimator = steady(1500, 1500);
        let mut ends = Vec::new();
        for second in (1505..1800).step_by(5) {
            estimator.observe(&reading(second, second / 15 * 15_000, 3_600_000));
            ends.push(estimator.estimate(at(second)).unwrap().likely);
        }
        for pair in ends.windows(2) {
            assert!(pair[1].duration_since(pair[0]).abs() <= SignedDuration::from_secs(10), "{pair:?}");
        }
    }

    #[test]
    fn earlier_runs_of_the_task_help_where_they_are_alike() {
        // it goes fast and slow by turns, as they did
        let off = |earlier: &[EarlierRun]| {
            let (mut estimator, mut bytes, mut off) = (Estimator::default(), 0, 0.0);
            estimator.remember(earlier);
            for second in (15..=3000).step_by(15) {
                bytes += if second / 300 % 2 == 0 { 22_500 } else { 7_500 };
                estimator.observe(&reading(second, bytes, 3_600_000));
                if second > 900 {
                    let end = estimator.estimate(at(second)).unwrap().likely;
                    off += end.duration_since(at(3600)).abs().as_secs_f64();
                }
            }
            off
        };
        let run = |seconds, bytes| EarlierRun { took: SignedDuration::from_secs(seconds), bytes, files: 0 };
        let (alone, alike) = (off(&[]), off(&[run(3500, 3_500_000), run(1000, 1_000_000)]));
        assert!(alike < 0.8 * alone, "{alike} and {alone}");
        let unlike = off(&[run(1000, 100_000_000)]);
        assert!(unlike < 1.2 * alone, "it is believed no longer: {unlike} and {alone}");
        let mut none = Estimator::default();
        none.remember(&[EarlierRun { took: SignedDuration::ZERO, bytes: 5, files: 5 }]);
        assert_eq!(none.earlier, None);
    }

    #[test]
    fn a_pause_of_the_counters_is_no_new_speed() {
        let mut estimator = Estimator::default();
        // a second of work ends each pause of three minutes, and the clock runs on
        for second in (0..=3000).step_by(5) {
            let (round, within) = (second / 1500, second % 1500);
            let bytes = round * 1_320_000 + within.min(1320) / 15 * 15_000;
            let clock = Some(second * 1000);
            estimator.observe(&Reading { clock, ..reading(second, bytes + round * 1000, 6_000_000) });
            if second > 300 {
                let end = estimator.estimate(at(second)).unwrap().likely;
                assert!((5_000..10_000).contains(&end.duration_since(at(0)).as_secs()), "{second}: {end}");
            }
        }
    }

    #[test]
    fn a_list_that_grows_makes_the_interval_wide() {
        let width = |grows: bool| {
            let mut estimator = Estimator::default();
            for second in (0..=1200).step_by(5) {
                let total = if grows { 2_000_000 + second * 1000 } else { 3_200_000 };
                estimator.observe(&Reading { totals_grow: grows, ..reading(second, second / 15 * 15_000, total) });
            }
            let estimate = estimator.estimate(at(1200)).unwrap();
            estimate.latest.duration_since(estimate.likely).as_secs_f64()
        };
        assert!(width(true) > 5.0 * width(false), "{} and {}", width(true), width(false));
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_read_the_interval_is_in_order(
            readings in proptest::collection::vec(
                (
                    0i64..200_000,
                    proptest::sample::select(vec![i64::MIN, -1, 0, 1, 1000, 1 << 40, i64::MAX]),
                    proptest::sample::select(vec![i64::MIN, 0, 1, 5000, 1 << 50, i64::MAX]),
                    proptest::option::of(proptest::num::i64::ANY),
                    proptest::bool::ANY,
                ),
                0..80,
            )
        ) {
            let mut estimator = Estimator::default();
            for (second, bytes, total, other, grows) in readings {
                let read = Reading {
                    files_done: other,
                    files_total: other.map(|files| files.saturating_mul(2)),
                    limit: other,
                    clock: other,
                    totals_grow: grows,
                    ..reading(second, bytes, total)
                };
                estimator.observe(&read);
                is_in_order(&estimator, at(second))?;
            }
        }

        #[test]
        fn no_moment_and_no_step_is_too_far_off(
            readings in proptest::collection::vec((moment(), moment(), proptest::num::i64::ANY, steps(), proptest::bool::ANY), 0..60),
            total in proptest::num::i64::ANY,
            in_order in proptest::bool::ANY,
        ) {
            let mut readings = readings;
            if in_order {
                readings.sort_by_key(|reading| (reading.0, reading.2));
            }
            let mut estimator = Estimator::default();
            for (seen_at, asked_at, count, step, after_gap) in readings {
                let plain = reading(0, count, total);
                let files = (Some(count / 3), Some(total));
                estimator.observe(&Reading {
                    at: seen_at,
                    files_done: files.0,
                    files_total: files.1,
                    clock: Some(count),
                    step,
                    after_gap,
                    ..plain
                });
                is_in_order(&estimator, asked_at)?;
                is_in_order(&estimator, seen_at)?;
            }
        }
    }

    /// Any moment that there is.
    fn moment() -> impl proptest::strategy::Strategy<Value = Timestamp> {
        use proptest::strategy::Strategy;
        (Timestamp::MIN.as_second()..=Timestamp::MAX.as_second())
            .prop_map(|second| Timestamp::from_second(second).unwrap())
    }

    /// Steps, and what is none.
    fn steps() -> impl proptest::strategy::Strategy<Value = Option<SignedDuration>> {
        use proptest::strategy::{Just, Strategy};
        let usual = (1i64..600).prop_map(SignedDuration::from_secs);
        let any = proptest::num::i64::ANY.prop_map(SignedDuration::from_secs);
        proptest::option::of(proptest::prop_oneof![usual, any, Just(SignedDuration::MAX), Just(SignedDuration::MIN)])
    }

    /// What is said of the end at a moment is in order.
    fn is_in_order(estimator: &Estimator, at: Timestamp) -> Result<(), proptest::test_runner::TestCaseError> {
        match estimator.estimate(at) {
            Ok(estimate) => {
                proptest::prop_assert!(at <= estimate.earliest, "{:?}", estimate);
                proptest::prop_assert!(estimate.earliest <= estimate.likely && estimate.likely <= estimate.latest);
            }
            Err(unknown) => proptest::prop_assert!(!crate::say::words::eta::unknown(&unknown).is_empty()),
        }
        Ok(())
    }

    #[test]
    fn a_million_readings_stay_small() {
        let mut estimator = Estimator::default();
        for second in 0..1_000_000 {
            estimator.observe(&reading(second * 5, second * 7, 10_000_000));
        }
        // its history's points are the one thing in it that could grow
        assert!(size_of::<Estimator>() + estimator.history.held() < 32_000);
    }

    #[test]
    fn a_stop_is_lost_time_not_the_pace_and_a_gap_is_none() {
        let done = |second: i64| second / 15 * 15_000;
        let mut stopped = steady(2100, 1500);
        assert_eq!(stopped.estimate(at(2100)).unwrap_err(), Unknown::Stalled(SignedDuration::from_mins(10)));
        for second in (2105..=2400).step_by(5) {
            stopped.observe(&reading(second, done(second - 600), 3_600_000));
        }
        let off = stopped.estimate(at(2400)).unwrap().likely.duration_since(at(4200)).abs();
        assert!(off < SignedDuration::from_secs(150), "{off}");

        let mut unseen = steady(1500, 1500);
        for second in (2100..=2400).step_by(5) {
            unseen.observe(&Reading { after_gap: second == 2100, ..reading(second, done(second), 3_600_000) });
        }
        let off = unseen.estimate(at(2400)).unwrap().likely.duration_since(at(3600)).abs();
        assert!(off < SignedDuration::from_secs(60), "{off}");
    }

    #[test]
    fn a_limit_is_never_outrun() {
        let mut estimator = steady(1800, 1800);
        for second in (1805..1830).step_by(5) {
            let limited = Reading { limit: Some(100), ..reading(second, second / 15 * 15_000, 3_600_000) };
            estimator.observe(&limited);
        }
        let estimate = estimator.estimate(at(1830)).unwrap();
        assert!(estimate.likely > at(1830 + 17_000), "1.8 MB at 100 B/s: {estimate:?}");
    }

    #[test]
    fn small_files_that_are_left_count_for_more_than_their_bytes() {
        // 95 % of the bytes are done, and a tenth of the files
        let mut estimator = Estimator::default();
        for second in (0..=1500).step_by(5) {
            let files = (Some(second / 15), Some(1000));
            let plain = reading(second, second / 15 * 9_500, 1_000_000);
            estimator.observe(&Reading { files_done: files.0, files_total: files.1, ..plain });
        }
        let estimate = estimator.estimate(at(1500)).unwrap();
        assert_eq!(estimate.by, Bound::Files);
        assert!(estimate.likely > at(1800), "bytes alone would say 1579 s: {estimate:?}");
    }
}
