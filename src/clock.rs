//! The one place that asks the time: wall-clock time, or a faster time for the demo and for replay.

#![expect(clippy::disallowed_methods, reason = "this is the one place that asks the time")]

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// Tells the time and waits for it.
///
/// A clock of speed 1 is the wall clock, so that time spent asleep counts. A faster one runs from its
/// origin at `speed` clock seconds a second; everything that polls, simulates or draws takes the time from
/// the same clock, so that they agree on it.
#[derive(Clone, Debug)]
pub struct Clock {
    fast: Option<Fast>,
}

#[derive(Clone, Debug)]
struct Fast {
    origin: Timestamp,
    started: Instant,
    speed: f64,
    /// Whether it goes no further than the wall clock.
    is_behind: bool,
}

impl Clock {
    /// The wall clock.
    pub fn wall() -> Self {
        Self { fast: None }
    }

    /// A clock that shows `origin` now and runs at `speed` seconds a second.
    ///
    /// `speed` is taken as 1 where it is not a positive number, and is at most a million.
    pub fn fast(origin: Timestamp, speed: f64) -> Self {
        let speed = if speed.is_finite() && speed > 0.0 { speed.min(1e6) } else { 1.0 };
        Self { fast: Some(Fast { origin, started: Instant::now(), speed, is_behind: false }) }
    }

    /// The same, but once it has caught up with the wall clock it shows that one's time.
    pub fn behind(origin: Timestamp, speed: f64) -> Self {
        let mut clock = Self::fast(origin, speed);
        if let Some(fast) = &mut clock.fast {
            fast.is_behind = true;
        }
        clock
    }

    /// A fast clock that was started this long ago.
    #[cfg(test)]
    pub fn started_ago(ago: Duration, origin: Timestamp, speed: f64) -> Self {
        let mut clock = Self::fast(origin, speed);
        if let Some(fast) = &mut clock.fast {
            fast.started -= ago;
        }
        clock
    }

    /// The time on this clock.
    pub fn now(&self) -> Timestamp {
        match &self.fast {
            None => Timestamp::now(),
            Some(fast) => {
                let elapsed = SignedDuration::from_secs_f64(fast.started.elapsed().as_secs_f64() * fast.speed);
                let now = fast.origin.checked_add(elapsed).unwrap_or(Timestamp::MAX);
                if fast.is_behind { now.min(Timestamp::now()) } else { now }
            }
        }
    }

    /// Clock seconds that pass in a second.
    pub fn speed(&self) -> f64 {
        self.fast.as_ref().map_or(1.0, |fast| fast.speed)
    }

    /// Waits for `duration` on this clock.
    pub async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration.div_f64(self.speed())).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fast_clock_runs_from_its_origin() {
        let origin: Timestamp = "2026-11-22T16:00:00Z".parse().unwrap();
        let clock = Clock::started_ago(Duration::from_millis(2), origin, 1e6);
        assert!(clock.now().duration_since(origin) >= SignedDuration::from_secs(2000));
    }

    #[test]
    fn a_clock_that_is_behind_never_overtakes_the_time_of_day() {
        let wall = Clock::wall();
        let origin = wall.now() - SignedDuration::from_hours(1);
        let behind = Clock::behind(origin, 1e6);
        assert!(behind.now() >= origin);
        while behind.now() < origin + SignedDuration::from_mins(59) {}
        for _ in 0..1000 {
            let shown = behind.now();
            assert!(shown <= wall.now());
        }
    }

    #[test]
    fn a_speed_that_is_no_speed_is_one() {
        for speed in [0.0, -3.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Clock::fast(Timestamp::UNIX_EPOCH, speed).speed(), 1.0);
        }
        assert_eq!(Clock::wall().speed(), 1.0);
    }
}
