//! How fast a simulated transfer is, and so how much of it has moved by when.

use std::f64::consts::TAU;

/// Relative rates over time.
#[derive(Clone, Copy, Debug)]
pub struct RateCurve {
    /// Seconds since the first bytes, from 0 on, never back, and the relative rate then; in between it changes
    /// evenly, and the last one stays.
    pub rates: &'static [(f64, f64)],
    /// By how much of itself the rate wobbles, 0 to 1.
    pub wobble: f64,
}

/// Periods of the wobble in seconds: no two have a common beat that an eye would find.
const PERIODS: [f64; 4] = [41.0, 137.0, 601.0, 2903.0];

impl RateCurve {
    /// The share of the whole that has moved `seconds` after the first bytes, of a transfer of `whole` seconds
    /// (infinite only where the last rate is 0). Between 0 and 1, never falling.
    pub fn moved(&self, seconds: f64, whole: f64, seed: u64) -> f64 {
        let whole = self.area(self.wobbled(whole.max(0.0), seed));
        if seconds <= 0.0 || whole <= 0.0 {
            return 0.0;
        }
        (self.area(self.wobbled(seconds, seed)) / whole).clamp(0.0, 1.0)
    }

    /// The rate's integral over the first `seconds`.
    fn area(&self, seconds: f64) -> f64 {
        let mut area = 0.0;
        let ends = self.rates.iter().skip(1).copied().chain(self.rates.last().map(|last| (f64::INFINITY, last.1)));
        for (&(from, first), (to, last)) in self.rates.iter().zip(ends) {
            let spent = seconds.min(to) - from;
            if spent <= 0.0 {
                continue;
            }
            let slope = (last - first) / (to - from);
            let height = first + slope * spent / 2.0;
            area += if height > 0.0 { height * spent } else { 0.0 };
        }
        area
    }

    /// A time that runs a little faster and slower than `seconds`, so that what follows it wobbles.
    fn wobbled(&self, seconds: f64, seed: u64) -> f64 {
        if seconds.is_infinite() {
            return seconds;
        }
        let share = self.wobble / PERIODS.len() as f64;
        let sway = PERIODS.iter().enumerate().map(|(nth, period)| {
            let phase = TAU * ((seed >> (nth * 16)) & 0xffff) as f64 / 65536.0;
            share * period / TAU * ((TAU * seconds / period + phase).sin() - phase.sin())
        });
        seconds + sway.sum::<f64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVEN: RateCurve = RateCurve { rates: &[(0.0, 1.0)], wobble: 0.0 };
    const STOPS: RateCurve = RateCurve { rates: &[(0.0, 1.0), (90.0, 1.0), (100.0, 0.0)], wobble: 0.15 };

    #[test]
    fn an_even_pace_is_a_straight_line() {
        for (seconds, share) in [(-5.0, 0.0), (0.0, 0.0), (25.0, 0.25), (50.0, 0.5), (100.0, 1.0), (900.0, 1.0)] {
            assert_eq!(EVEN.moved(seconds, 100.0, 7), share, "{seconds}");
        }
    }

    #[test]
    fn a_pace_that_ends_at_nothing_may_go_on_for_ever() {
        assert!(STOPS.moved(60.0, f64::INFINITY, 7) < 0.9);
        assert_eq!(STOPS.moved(200.0, f64::INFINITY, 7), 1.0);
        assert_eq!(STOPS.moved(2e9, f64::INFINITY, 7), 1.0);
    }

    #[test]
    fn slower_and_faster_times_are_told_apart() {
        let halves = RateCurve { rates: &[(0.0, 1.0), (50.0, 1.0), (50.0, 3.0)], wobble: 0.0 };
        assert_eq!(halves.moved(50.0, 100.0, 0), 0.25);
        assert_eq!(halves.moved(75.0, 100.0, 0), 0.625);
    }

    #[test]
    fn it_wobbles_by_no_more_than_it_says() {
        let pace = RateCurve { rates: &[(0.0, 1.0)], wobble: 0.15 };
        let rates: Vec<f64> = (0..400)
            .map(|k| pace.wobbled(15.0 * f64::from(k + 1), 99) - pace.wobbled(15.0 * f64::from(k), 99))
            .collect();
        assert!(rates.iter().all(|rate| (15.0 * 0.85..15.0 * 1.15).contains(rate)));
        let spread = |nth: fn(f64, f64) -> f64| rates.iter().copied().reduce(nth).unwrap();
        assert!(spread(f64::max) / spread(f64::min) > 1.1);
    }
}
