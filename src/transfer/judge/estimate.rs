//! The future: when the transfer will have ended, how sure that is, or why it can't be said.

mod byte_share;
mod history;
mod speed;

use jiff::{SignedDuration, Timestamp};

use self::{
    byte_share::CostModel,
    history::{Change, History, Point},
    speed::Speed,
};
use crate::say::units;

/// How many changes of the counters an estimate needs.
const CHANGES: u64 = 3;

/// What was `unchanged` for less than this many usual steps, or [`QUIET`], has not stopped.
const QUIET_STEPS: f64 = 6.0;
const QUIET: f64 = 90.0;

/// A time without answers longer than this many usual intervals, and than [`QUIET`], is a gap in our sight.
const BLIND_INTERVALS: f64 = 4.0;

/// How long it takes to believe in another end, as a share of the rest, and how much sooner one is believed that
/// is as far off as the end is unsure.
const PATIENCE: f64 = 0.01;
const HASTE: f64 = 20.0;

/// How often a forecast is made anew, as a share of the rest: the end of a week doesn't move within a minute.
const OFTEN: f64 = 0.001;

/// For how much of the time that a list has grown it goes on to, and how unsure the rest's logarithm is by that.
const GROWS_ON: f64 = 0.4;
const GROWTH_UNSURE: f64 = 0.3;

/// How unsure the time is in which it will have stopped.
const STOPS_UNSURE: f64 = 0.5;

/// How far from the median 10 and 90 % of a normal distribution lie, in standard deviations.
const DECILE: f64 = 1.2816;

/// What one answer says, as far as an estimate needs it. Counters are as they were reported.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// When the answer came.
    pub at: Timestamp,
    /// How far the execution is.
    pub stage: Stage,
    /// Bytes written; `None` where it was not reported.
    pub bytes_done: Option<i64>,
    /// Bytes expected to be written; `None` where it was not reported.
    pub bytes_total: Option<i64>,
    /// Files transferred; `None` where it was not reported.
    pub files_done: Option<i64>,
    /// Files expected to be transferred; `None` where it was not reported.
    pub files_total: Option<i64>,
    /// Whether the totals still grow, as they do while an Enhanced execution lists.
    pub totals_grow: bool,
    /// The bandwidth limit in bytes a second; `None` without one. Not above 0 is none.
    pub limit: Option<i64>,
    /// The service's own clock in milliseconds, which moves when the counters do.
    pub clock: Option<i64>,
}

/// How far an execution is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Queued, launching, or in a status that is not known.
    #[default]
    Before,
    /// Listing and comparing, before anything is written.
    Preparing,
    /// Writing.
    Transferring,
    /// Comparing what was written.
    Verifying,
    /// Being stopped.
    Cancelling,
    /// Ended.
    Over,
}

/// When the transfer will have ended. `earliest` ≤ `likely` ≤ `latest`, none before the moment asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// It ends before this in one case of ten.
    pub earliest: Timestamp,
    /// It ends before this in one case of two.
    pub likely: Timestamp,
    /// It ends before this in nine cases of ten.
    pub latest: Timestamp,
    /// The list still grows: how far is guessed from how it grew, and it may well grow further.
    pub is_lower_bound: bool,
    /// Which of the two takes longer.
    pub by: Bound,
}

/// What a transfer's end waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bound {
    /// The bytes that are left, at the usual bytes a second.
    Bytes,
    /// The files that are left, at the usual files a second.
    Files,
}

/// Why there is no estimate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// Nothing is written in this stage.
    NotTransferring(Stage),
    /// The counters changed this often, which is too little to know how fast they are.
    FewChanges(u64),
    /// Neither bytes nor files have a total.
    NoEstimate,
    /// All that was expected is done, and it goes on.
    PastTotal,
    /// Neither bytes nor files have moved for this long.
    Stalled(SignedDuration),
}

impl Unknown {
    /// The reason, to go after "no estimate: ".
    pub fn words(&self) -> String {
        match self {
            Self::NotTransferring(Stage::Before) => "it has not begun".into(),
            Self::NotTransferring(Stage::Preparing) => "nothing is written while it prepares".into(),
            Self::NotTransferring(Stage::Transferring) => "nothing was seen yet".into(),
            Self::NotTransferring(Stage::Verifying) => "all is written, it verifies".into(),
            Self::NotTransferring(Stage::Cancelling) => "it is being cancelled".into(),
            Self::NotTransferring(Stage::Over) => "it is over".into(),
            Self::FewChanges(0) => "the counters have not moved yet".into(),
            Self::FewChanges(1) => "the counters moved only once so far".into(),
            Self::FewChanges(CHANGES..) => "too little was done so far".into(),
            Self::FewChanges(changes) => format!("the counters moved only {changes} times so far"),
            Self::NoEstimate => "the service gives no total".into(),
            Self::PastTotal => "more is done than was expected".into(),
            Self::Stalled(quiet) => format!("nothing was transferred for {}", units::duration(*quiet)),
        }
    }
}

/// Folds readings, and says from them when the transfer ends. Its memory is bounded.
#[derive(Clone, Debug, Default)]
pub struct Estimator {
    stage: Stage,
    /// Where seconds are counted from.
    origin: Option<Timestamp>,
    last: Option<Reading>,
    /// When the last reading came, in seconds.
    seen_at: f64,
    /// The usual seconds between two readings, and between two changes.
    interval: f64,
    step: f64,
    changes: u64,
    /// The newest change.
    change: Option<Change>,
    history: History,
    /// When the bandwidth limit last changed, in running seconds.
    limited_at: f64,
    growth: Growth,
    forecast: Option<Forecast>,
    /// Whether something changed since the forecast was made.
    is_stale: bool,
}

/// What is left, and how long that takes.
#[derive(Clone, Copy, Debug)]
struct Forecast {
    /// When it was made and when it ends, in seconds.
    made: f64,
    end: f64,
    /// The logarithms of how much shorter and longer the rest may be, above 0.
    shorter: f64,
    longer: f64,
    by: Bound,
}

impl Estimator {
    /// Folds in what one answer says. A reading older than the last one is left out.
    pub fn observe(&mut self, reading: &Reading) {
        if self.last.is_some_and(|last| reading.at < last.at) {
            return;
        }
        self.stage = reading.stage;
        if reading.stage != Stage::Transferring {
            return;
        }
        let origin = *self.origin.get_or_insert(reading.at);
        let now = reading.at.duration_since(origin).as_secs_f64();
        let Some(last) = self.last.replace(*reading) else {
            self.seen_at = now;
            return;
        };
        let (before, passed) = (self.seen_at, now - self.seen_at);
        self.seen_at = now;
        self.growth.observe(&last, reading, before, now);
        let blind = passed > QUIET.max(BLIND_INTERVALS * self.interval) && self.interval > 0.0;
        if !blind {
            self.interval = if self.interval > 0.0 { 0.9 * self.interval + 0.1 * passed } else { passed };
        }
        if reading.limit != last.limit {
            self.limited_at = self.history.last().map_or(0.0, |point| point.run);
        }
        if (reading.bytes_done, reading.files_done) != (last.bytes_done, last.files_done) {
            self.changed(&last, reading, before, now, blind);
        }
        let told = |reading: &Reading| (reading.bytes_total, reading.files_total);
        self.is_stale |= self.change.is_some_and(|change| change.seen == now) || told(&last) != told(reading);
        let due = self.forecast.is_none_or(|made| now - made.made >= OFTEN * (made.end - now));
        if reading.limit != last.limit || (self.is_stale && due) {
            self.is_stale = false;
            self.foresee(now);
        }
    }

    /// Takes in a change of the counters, seen at `now`, which came after the reading of `before`.
    fn changed(&mut self, last: &Reading, reading: &Reading, before: f64, now: f64, blind: bool) {
        let fell = |new: Option<i64>, old: Option<i64>| new.unwrap_or(0) < old.unwrap_or(0);
        if fell(reading.bytes_done, last.bytes_done) || fell(reading.files_done, last.files_done) {
            (self.history, self.change, self.forecast) = (History::default(), None, None);
            (self.changes, self.limited_at) = (0, 0.0);
        }
        self.changes = self.changes.saturating_add(1);
        let number = |count: Option<i64>| count.map_or(0.0, |count| count as f64);
        let mut point = Point { run: 0.0, bytes: number(reading.bytes_done), files: number(reading.files_done) };
        let (Some(change), Some(previous)) = (self.change, self.history.last()) else {
            self.change = Some(Change { seen: now, at: now, clock: reading.clock });
            self.history.push(point);
            return;
        };
        let next = change.next(reading.clock, before, now);
        let took = next.at - change.at;
        let stopped = !blind && took > self.quiet_after();
        let ran = if stopped { self.step } else { took };
        point.run = previous.run + ran;
        if stopped {
            self.history.stopped(took - ran);
        } else if !blind && took > 0.0 {
            self.step = if self.step > 0.0 { 0.8 * self.step + 0.2 * took } else { took };
        }
        self.change = Some(next);
        self.history.push(point);
    }

    /// Seconds without a change after which it has stopped.
    fn quiet_after(&self) -> f64 {
        QUIET.max(QUIET_STEPS * self.step)
    }

    /// When the transfer ends, seen from `at`, which is the newest reading's moment or a later one.
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
        let quiet = self.seen_at - self.change.map_or(0.0, |change| change.seen);
        if quiet > self.quiet_after() {
            return Err(Unknown::Stalled(SignedDuration::from_millis((quiet * 1e3) as i64)));
        }
        let forecast = self.forecast.ok_or(Unknown::FewChanges(self.changes))?;
        let now = at.duration_since(origin).as_secs_f64();
        let rest = (forecast.end - now).max(0.5 * self.step).max(1.0);
        let (likely, slack) = ((forecast.end - now).max(0.0), 0.3 * self.step);
        let (shorter, longer) = (rest * (-forecast.shorter).exp(), rest * forecast.longer.exp());
        Ok(Estimate {
            earliest: later(at, (shorter - slack).min(likely)),
            likely: later(at, likely),
            latest: later(at, longer + slack),
            is_lower_bound: last.totals_grow,
            by: forecast.by,
        })
    }

    /// Makes the forecast anew, and moves the end that was said before towards it.
    fn foresee(&mut self, now: f64) {
        let Some(fresh) = self.fresh() else { return };
        let Some(old) = self.forecast else {
            self.forecast = Some(fresh);
            return;
        };
        let passed = now - old.made;
        let rest = (fresh.end - now).max(1.0);
        // the end of a week moves by hours, that of a minute by seconds
        let patience = (PATIENCE * rest).max(1.5 * self.step);
        let off = (fresh.end - old.end).abs() / rest;
        let usual = (fresh.shorter + fresh.longer) / 2.0 / DECILE;
        let haste = 1.0 + HASTE * (off / usual.max(0.02)).powi(2);
        let towards = 1.0 - (-passed.max(0.0) * haste / patience).exp();
        let end = old.end + (fresh.end - old.end) * towards;
        self.forecast = Some(Forecast { end, made: now, ..fresh });
    }

    /// The forecast from all that is known, whatever was said before.
    fn fresh(&self) -> Option<Forecast> {
        let last = self.last.as_ref()?;
        if self.changes < CHANGES {
            return None;
        }
        let (change, point) = (self.change?, self.history.last()?);
        let left = Left::of(last).filter(|left| !left.is_nothing())?;
        let left = if last.totals_grow { self.growth.foreseen(left, self.seen_at) } else { left };
        let work = CostModel::of(&self.history, &left, self.step)?;
        let rest = work.left(&left);
        let pace = Speed::of(&self.history, &work, rest, self.limited_at, self.step)?;
        let mut seconds = rest / pace.speed;
        if let (Some(limit), Some(bytes)) = (last.limit.filter(|limit| *limit > 0), left.bytes) {
            seconds = seconds.max(bytes / limit as f64);
        }
        let stops = self.history.stops(point.run);
        let spread = (pace.spread.powi(2) + work.unsure.powi(2)).sqrt();
        let grown = if last.totals_grow { GROWTH_UNSURE } else { 0.0 };
        let end = change.at + seconds * (1.0 + stops);
        end.is_finite().then(|| Forecast {
            made: self.seen_at,
            end,
            shorter: DECILE * (spread + grown),
            longer: DECILE * (spread + stops * STOPS_UNSURE + grown),
            by: work.bound(&left),
        })
    }
}

/// What is left to do.
#[derive(Clone, Copy, Debug)]
struct Left {
    /// Bytes; `None` without a total, or past it.
    bytes: Option<f64>,
    /// Files; `None` without a total, or past it.
    files: Option<f64>,
}

impl Left {
    /// `None` where neither has a total.
    fn of(reading: &Reading) -> Option<Self> {
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

    fn is_nothing(&self) -> bool {
        self.bytes.is_none() && self.files.is_none()
    }
}

/// How fast the totals grow.
#[derive(Clone, Copy, Debug, Default)]
struct Growth {
    /// Bytes and files a second, the newer past more than the older.
    bytes: f64,
    files: f64,
}

impl Growth {
    /// Takes in two readings, of the seconds `before` and `now` since the first.
    fn observe(&mut self, last: &Reading, reading: &Reading, before: f64, now: f64) {
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

    /// What will be left once all is listed. How long that takes is unknown, but what has been going on for a
    /// while goes on for about as long.
    fn foreseen(&self, left: Left, now: f64) -> Left {
        let more = |left: Option<f64>, rate: f64| left.map(|left| left + GROWS_ON * now * rate);
        Left { bytes: more(left.bytes, self.bytes), files: more(left.files, self.files) }
    }
}

/// The moment so many seconds after another, at most as late as a moment can be.
fn later(at: Timestamp, seconds: f64) -> Timestamp {
    let milliseconds = (seconds.max(0.0) * 1e3) as i64;
    at.checked_add(SignedDuration::from_millis(milliseconds)).unwrap_or(Timestamp::MAX)
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
            clock: None,
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
        assert_eq!(unknown.words(), "it is being cancelled");
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
                match estimator.estimate(at(second)) {
                    Ok(estimate) => {
                        proptest::prop_assert!(at(second) <= estimate.earliest, "{:?}", estimate);
                        proptest::prop_assert!(estimate.earliest <= estimate.likely && estimate.likely <= estimate.latest);
                    }
                    Err(unknown) => proptest::prop_assert!(!unknown.words().is_empty()),
                }
            }
        }
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
        assert_eq!(stopped.estimate(at(2100)).unwrap_err().words(), "nothing was transferred for 10m");
        for second in (2105..=2400).step_by(5) {
            stopped.observe(&reading(second, done(second - 600), 3_600_000));
        }
        let off = stopped.estimate(at(2400)).unwrap().likely.duration_since(at(4200)).abs();
        assert!(off < SignedDuration::from_secs(150), "{off}");

        let mut unseen = steady(1500, 1500);
        for second in (2100..=2400).step_by(5) {
            unseen.observe(&reading(second, done(second), 3_600_000));
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
