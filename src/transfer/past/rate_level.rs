//! The rate that a transfer keeps to, and when it took on another.

use jiff::{SignedDuration, Timestamp};

use super::timeline::Timeline;

/// What is compared: the rate over so long.
const RECENT: SignedDuration = SignedDuration::from_mins(5);
/// A regime lasts so long at least; what is shorter is noise.
const LEAST: SignedDuration = SignedDuration::from_mins(15);
/// Outside of this multiple of its rate lies another regime.
const APART: f64 = 1.6;
/// Slow is below this share of the run's median rate over ten minutes.
const SLOW: f64 = 0.25;
/// Slow no longer is above this one.
const RECOVERED: f64 = 0.4;
/// How long it has to be slow.
const SLOW_FOR: SignedDuration = SignedDuration::from_mins(10);

/// The regime of now, and whether it is slow.
#[derive(Clone, Debug, Default)]
pub struct RateLevel {
    now: Option<Level>,
    before: Option<Level>,
    /// Since when the rate is another one than the regime's.
    strays_since: Option<Timestamp>,
    slow: bool,
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
    /// Looks at the timeline after a change of the counters. Gives the regime before, where another one began.
    pub fn observe(&mut self, at: Timestamp, timeline: &Timeline) -> Option<Level> {
        self.judge(timeline);
        let recent = timeline.rate(RECENT, |stretch| stretch.bytes)?;
        if recent.window < RECENT.as_secs_f64() || recent.per_second <= 0.0 {
            return None;
        }
        let since = at.checked_sub(RECENT).unwrap_or(at);
        let taken = Level { since, rate: recent.per_second };
        let Some(kept) = self.now else {
            self.now = Some(taken);
            return None;
        };
        let ratio = recent.per_second / kept.rate;
        if (1.0 / APART..=APART).contains(&ratio) {
            self.strays_since = None;
            return None;
        }
        // all of what is compared has to lie behind the change, or its rate would be one in between
        let since = *self.strays_since.get_or_insert(at);
        if at.duration_since(since) < RECENT || at.duration_since(kept.since) < LEAST {
            return None;
        }
        let taken = Level { since, ..taken };
        self.strays_since = None;
        (self.now, self.before) = (Some(taken), Some(kept));
        Some(kept)
    }

    fn judge(&mut self, timeline: &Timeline) {
        let Some(median) = timeline.median().filter(|median| *median > 0.0) else { return };
        let Some(rate) = timeline.rate(SLOW_FOR, |stretch| stretch.bytes) else { return };
        if rate.window >= SLOW_FOR.as_secs_f64() {
            let limit = if self.slow { RECOVERED } else { SLOW };
            self.slow = rate.per_second < median * limit;
        }
    }

    /// The regime before the one of now; `None` while there was one only.
    pub fn before(&self) -> Option<Level> {
        self.before
    }

    /// The rate that is kept to, and since when; `None` before it was watched for five minutes.
    pub fn now(&self) -> Option<Level> {
        self.now
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
        let (mut timeline, mut regime) = (Timeline::default(), RateLevel::default());
        let (mut second, mut bytes, mut changes, mut slow) = (0, 0, Vec::new(), Vec::new());
        for (minutes, rate) in rates {
            for _ in 0..minutes * 4 {
                second += 15;
                bytes += rate * 15;
                let counters = Counters { bytes, files: second, clock: None };
                timeline.observe(at(second), counters, SignedDuration::from_secs(90));
                if regime.observe(at(second), &timeline).is_some() {
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
    fn slow_is_entered_and_left_once() {
        let (_, slow) = watched(&[(120, 1000), (40, 100), (60, 1000)]);
        assert!((128..=132).contains(&slow[0]), "{slow:?}");
        assert!(slow.windows(2).all(|pair| pair[1] == pair[0] + 1), "no flicker: {slow:?}");
        assert!(*slow.last().unwrap() < 170, "{slow:?}");
    }
}
