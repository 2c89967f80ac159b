//! The rate that a transfer keeps to, and when it took on another.

use jiff::{SignedDuration, Timestamp};

use super::{
    habit::{RECOVERED, SLOW},
    timeline::{Rate, Timeline},
};

/// What is compared: the rate over so long.
const RECENT: SignedDuration = SignedDuration::from_mins(5);
/// A regime lasts so long at least; what is shorter is noise.
const LEAST: SignedDuration = SignedDuration::from_mins(15);
/// Outside of this multiple of its rate lies another regime.
const APART: f64 = 1.6;
/// How long it has to be far below the run's median to be slow.
pub const SLOW_FOR: SignedDuration = SignedDuration::from_mins(10);
/// From this share of the bandwidth limit on, it is at the limit.
const AT_LIMIT: f64 = 0.9;
/// Below this one it no longer is.
const OFF_LIMIT: f64 = 0.85;

/// The regime of now, whether it is slow, and whether it is at the bandwidth limit.
#[derive(Clone, Debug, Default)]
pub struct RateLevel {
    now: Option<Level>,
    before: Option<Level>,
    /// Since when the rate is another one than the regime's.
    strays_since: Option<Timestamp>,
    /// Whether it kept to the regime of now ever since that began.
    kept: bool,
    slow: bool,
    at_limit: bool,
}

/// A rate that was kept to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// From when on, to within five minutes.
    pub since: Timestamp,
    /// Bytes a second, above 0.
    pub rate: f64,
}

impl RateLevel {
    /// Looks at the timeline after a change of the counters. `limit` is the bandwidth limit in bytes a second.
    pub fn observe(&mut self, at: Timestamp, timeline: &Timeline, limit: Option<i64>) {
        self.judge(timeline);
        let used = limit.zip(timeline.byte_rate()).map(|(limit, rate)| rate.per_second / limit as f64);
        self.at_limit = used.is_some_and(|used| used >= if self.at_limit { OFF_LIMIT } else { AT_LIMIT });
        if let Some(recent) = timeline.rate(RECENT, |stretch| stretch.bytes) {
            self.follow(at, recent);
        }
    }

    /// Takes the rate of the last minutes for the regime of now, for noise in it, or for another regime.
    fn follow(&mut self, at: Timestamp, recent: Rate) {
        if recent.window < RECENT.as_secs_f64() || recent.per_second <= 0.0 {
            return;
        }
        let since = at.checked_sub(RECENT).unwrap_or(at);
        let taken = Level { since, rate: recent.per_second };
        let Some(kept) = self.now else {
            self.now = Some(taken);
            return;
        };
        let ratio = recent.per_second / kept.rate;
        if (1.0 / APART..=APART).contains(&ratio) {
            self.strays_since = None;
            return;
        }
        self.kept = false;
        // all of what is compared has to lie behind the change, or its rate would be one in between
        let since = *self.strays_since.get_or_insert(at);
        if at.duration_since(since) < RECENT || at.duration_since(kept.since) < LEAST {
            return;
        }
        self.strays_since = None;
        (self.now, self.before, self.kept) = (Some(Level { since, ..taken }), Some(kept), true);
    }

    /// Slow is what is slow in bytes and in files: smaller files alone are no fault.
    fn judge(&mut self, timeline: &Timeline) {
        let Some(median) = timeline.median().filter(|median| median.bytes > 0.0) else { return };
        let rates = [
            (timeline.rate(SLOW_FOR, |stretch| stretch.bytes), median.bytes),
            (timeline.rate(SLOW_FOR, |stretch| stretch.files), median.files),
        ];
        let limit = if self.slow { RECOVERED } else { SLOW };
        let below = |(rate, median): (Option<Rate>, f64)| {
            let rate = rate.filter(|rate| rate.window >= SLOW_FOR.as_secs_f64())?;
            Some(median <= 0.0 || rate.per_second < median * limit)
        };
        if let [Some(bytes), Some(files)] = rates.map(below) {
            self.slow = bytes && files;
        }
    }

    /// The regime before the one of now; `None` while there was one only, and once the rate left the one of now.
    pub fn before(&self) -> Option<Level> {
        self.before.filter(|_| self.kept)
    }

    /// The rate that is kept to, and since when; `None` before it was watched for five minutes.
    pub fn now(&self) -> Option<Level> {
        self.now
    }

    /// Whether the bandwidth limit is used up, or nearly.
    pub fn is_at_limit(&self) -> bool {
        self.at_limit
    }

    /// Whether it has been far below the run's median for ten minutes, and has not recovered since.
    pub fn is_slow(&self) -> bool {
        self.slow
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::past::timeline::Counters;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    /// Steps of 15 s at these (minutes, rate); the minutes at which a regime changed, and those it was slow in.
    fn watched(rates: &[(i64, i64)]) -> (Vec<i64>, Vec<i64>) {
        watched_with(rates, |_| 100)
    }

    /// The same with files of so many bytes on average by then.
    fn watched_with(rates: &[(i64, i64)], files_of: fn(i64) -> i64) -> (Vec<i64>, Vec<i64>) {
        let (mut timeline, mut regime) = (Timeline::default(), RateLevel::default());
        let (mut second, mut bytes, mut changes, mut slow) = (0, 0, Vec::new(), Vec::new());
        for (minutes, rate) in rates {
            for _ in 0..minutes * 4 {
                second += 15;
                bytes += rate * 15;
                let counters = Counters { bytes, files: bytes / files_of(second), clock: None };
                timeline.observe(at(second), counters, SignedDuration::from_secs(90));
                let before = regime.now();
                regime.observe(at(second), &timeline, None);
                if before.is_some() && regime.now() != before {
                    changes.push(second / 60);
                }
                if regime.is_slow() && slow.last() != Some(&(second / 60)) {
                    slow.push(second / 60);
                }
            }
        }
        (changes, slow)
    }

    #[test]
    fn a_steady_rate_is_one_regime() {
        assert_eq!(watched(&[(600, 1000)]), (vec![], vec![]));
        assert_eq!(watched(&[(60, 1000), (60, 800), (60, 1200)]).0, Vec::<i64>::new(), "a fifth is noise");
    }

    #[test]
    fn another_rate_is_another_regime_a_few_minutes_later() {
        let (changes, slow) = watched(&[(60, 1000), (60, 400)]);
        assert_eq!(changes.len(), 1);
        assert!((66..=69).contains(&changes[0]), "{changes:?}");
        assert!(slow.is_empty(), "less, but not slow");
    }

    #[test]
    fn a_fall_is_one_change_whatever_lies_between() {
        assert_eq!(watched(&[(60, 1000), (60, 100)]).0.len(), 1);
        assert_eq!(watched(&[(60, 1000), (4, 100), (60, 1000)]).0.len(), 0, "what is short is no regime");
    }

    #[test]
    fn smaller_files_are_not_slow() {
        let size = |second: i64| if second < 7200 { 1000 } else { 1000 * 7200 / second.max(7201) / 2 };
        assert!(watched_with(&[(120, 1000), (60, 100)], size).1.is_empty());
    }

    #[test]
    fn the_limit_is_entered_and_left_at_different_shares() {
        let (mut timeline, mut level, mut bytes) = (Timeline::default(), RateLevel::default(), 0);
        let mut found = Vec::new();
        for (minute, rate) in [85, 89, 91, 88, 86, 84, 89, 91].into_iter().enumerate() {
            for step in 0..20 {
                let second = i64::try_from(minute).unwrap() * 300 + step * 15;
                bytes += rate * 15;
                timeline.observe(
                    at(second),
                    Counters { bytes, files: bytes, clock: None },
                    SignedDuration::from_secs(90),
                );
                level.observe(at(second), &timeline, Some(100));
            }
            found.push(level.is_at_limit());
        }
        assert_eq!(found, [false, false, true, true, true, false, false, true]);
        level.observe(at(9000), &timeline, None);
        assert!(!level.is_at_limit(), "it was lifted");
    }

    #[test]
    fn a_regime_that_is_left_is_no_news_any_more() {
        let (mut timeline, mut level, mut bytes) = (Timeline::default(), RateLevel::default(), 0);
        let mut told = Vec::new();
        for (minute, rate) in (0..120).map(|minute| (minute, [1000, 300, 900][minute as usize / 40])) {
            for step in 0..4 {
                bytes += rate * 15;
                let second = minute * 60 + step * 15;
                timeline.observe(
                    at(second),
                    Counters { bytes, files: bytes, clock: None },
                    SignedDuration::from_secs(90),
                );
                level.observe(at(second), &timeline, None);
            }
            told.push(level.before().is_some());
        }
        assert!(told[60] && told[79], "{told:?}");
        assert!(!told[84], "it runs at three times that by now: {told:?}");
    }

    #[test]
    fn slow_is_entered_and_left_once() {
        let (_, slow) = watched(&[(120, 1000), (40, 100), (60, 1000)]);
        assert!((128..=132).contains(&slow[0]), "{slow:?}");
        assert!(slow.windows(2).all(|pair| pair[1] == pair[0] + 1), "no flicker: {slow:?}");
        assert!(*slow.last().unwrap() < 170, "{slow:?}");
    }
}
