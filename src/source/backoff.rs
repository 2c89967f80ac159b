//! How long to wait for the next poll: longer while the service throttles, and after other faults.

use std::time::Duration;

use crate::aws::fault::FaultKind;

/// No two requests for one execution follow each other faster than this, in real time.
pub const MIN_DELAY: Duration = Duration::from_millis(100);
/// While throttled, the delay grows up to this, or to the interval where that is longer.
const MAX_THROTTLED: Duration = Duration::from_secs(60);
/// After other faults, the same.
const MAX_FAULTY: Duration = Duration::from_secs(30);

/// How recent polls went, as far as that decides when the next one is due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backoff {
    /// How many times the delay is doubled.
    throttled: u32,
    /// How many other faults came in a row.
    faults: u32,
}

impl Backoff {
    /// The backoff after a response.
    #[must_use]
    pub fn responded(self) -> Self {
        Self { throttled: self.throttled.saturating_sub(1), faults: 0 }
    }

    /// The backoff after a fault.
    #[must_use]
    pub fn faulted(self, kind: FaultKind, interval: Duration) -> Self {
        match kind {
            // No further than the longest delay: each step takes a response to undo.
            FaultKind::Throttled if doubled(interval, self.throttled) < MAX_THROTTLED => {
                Self { throttled: self.throttled + 1, faults: 0 }
            }
            FaultKind::Throttled => Self { faults: 0, ..self },
            _ => Self { faults: self.faults.saturating_add(1), ..self },
        }
    }
}

/// How long to wait before the next poll. An interval of less than 100 ms counts as that.
pub fn delay(interval: Duration, backoff: Backoff) -> Duration {
    let interval = interval.max(MIN_DELAY);
    let throttled = doubled(interval, backoff.throttled).min(MAX_THROTTLED.max(interval));
    let growth = 1.5_f64.powi(backoff.faults.saturating_sub(1).min(30) as i32);
    let faulty = times(interval, growth.min(1e4)).min(MAX_FAULTY.max(interval));
    throttled.max(faulty)
}

/// The delay, longer by up to a twentieth, so that many pollers do not fall into step, and none polls more often than
/// promised: `jitter` is from 0 to 1.
pub fn jittered(delay: Duration, jitter: f64) -> Duration {
    let jitter = if jitter.is_finite() { jitter.clamp(0.0, 1.0) } else { 0.0 };
    times(delay, 1.0 + jitter / 20.0).max(delay)
}

/// So many times as long: a span of real time on a clock of this speed. At most `Duration::MAX`, where `mul_f64` panics.
pub fn times(duration: Duration, factor: f64) -> Duration {
    Duration::try_from_secs_f64(duration.as_secs_f64() * factor).unwrap_or(Duration::MAX)
}

fn doubled(interval: Duration, times: u32) -> Duration {
    interval.saturating_mul(2_u32.saturating_pow(times))
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    /// The delays in seconds after each of these: `t` throttled, `u` unreachable, `.` a response.
    fn delays(interval: Duration, story: &str) -> Vec<f64> {
        let mut backoff = Backoff::default();
        let step = |letter| {
            backoff = match letter {
                't' => backoff.faulted(FaultKind::Throttled, interval),
                'u' => backoff.faulted(FaultKind::Unreachable, interval),
                _ => backoff.responded(),
            };
            delay(interval, backoff).as_secs_f64()
        };
        story.chars().map(step).collect()
    }

    #[test]
    fn delays_follow_what_came() {
        for (interval, story, expected) in [
            (5 * S, "...", vec![5.0, 5.0, 5.0]),
            // Twice as long each time, at most a minute, and back step by step.
            (5 * S, "tttttt", vec![10.0, 20.0, 40.0, 60.0, 60.0, 60.0]),
            (5 * S, "tttttt.....", vec![10.0, 20.0, 40.0, 60.0, 60.0, 60.0, 40.0, 20.0, 10.0, 5.0, 5.0]),
            (5 * S, "t.t.", vec![10.0, 5.0, 10.0, 5.0]),
            (60 * S, "tt.", vec![60.0, 60.0, 60.0]),
            (300 * S, "tt.", vec![300.0, 300.0, 300.0]),
            (45 * S, "tt.", vec![60.0, 60.0, 45.0]),
            // Once at the interval, then slower, at most half a minute, and back at once.
            (5 * S, "uuuuuuu.", vec![5.0, 7.5, 11.25, 16.875, 25.3125, 30.0, 30.0, 5.0]),
            (60 * S, "uuu.", vec![60.0, 60.0, 60.0, 60.0]),
            (S / 2, "uu.", vec![0.5, 0.75, 0.5]),
            // Another fault while throttled does not shorten the delay.
            (5 * S, "ttu.", vec![10.0, 20.0, 20.0, 10.0]),
            (5 * S, "uut.", vec![5.0, 7.5, 10.0, 5.0]),
            // Too short is a tenth of a second.
            (Duration::ZERO, "..", vec![0.1, 0.1]),
        ] {
            assert_eq!(delays(interval, story), expected, "{interval:?} {story}");
        }
    }

    #[test]
    fn no_story_ends_in_an_odd_delay() {
        for story in ["t", "u"] {
            let long = delays(5 * S, &story.repeat(10_000));
            assert_eq!(long.last(), Some(if story == "t" { &60.0 } else { &30.0 }));
        }
        for interval in [Duration::MAX / 4, Duration::MAX] {
            let long = delays(interval, "tuuuuuuuuuutt.");
            assert!(long.iter().all(|delay| *delay >= interval.as_secs_f64()), "{long:?}");
            assert!(jittered(delay(interval, Backoff::default()), 1.0) >= interval);
        }
    }

    #[test]
    fn jitter_is_a_twentieth_and_never_odd() {
        let by = |jitter| jittered(delay(20 * S, Backoff::default()), jitter).as_secs_f64();
        assert_eq!((by(0.0), by(0.5), by(1.0)), (20.0, 20.5, 21.0));
        assert_eq!((by(-9.0), by(f64::NAN), by(f64::INFINITY)), (20.0, 20.0, 20.0));
        assert_eq!(jittered(delay(MIN_DELAY, Backoff::default()), 0.0), MIN_DELAY);
    }
}
