//! How fast a step usually works while it has work, and whether it is far below that.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

/// A rate is taken over so long.
const WINDOW: SignedDuration = SignedDuration::from_mins(10);
/// So many windows make a habit.
const ENOUGH: usize = 6;
/// A day of windows.
const KEPT: usize = 144;
/// Slow is below this share of the usual rate.
pub const SLOW: f64 = 0.25;
/// Slow no longer is above this one.
pub const RECOVERED: f64 = 0.4;

/// The rates of a step in stretches in which it always had work.
#[derive(Clone, Debug, Default)]
pub struct Habit {
    window: Option<Window>,
    rates: VecDeque<f64>,
    slow: Option<SlowRate>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    from: Timestamp,
    done: i64,
    waiting: i64,
}

/// A rate far below the usual one, in items a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SlowRate {
    /// Over the last ten minutes with work.
    pub rate: f64,
    /// The median of all of them.
    pub median: f64,
}

impl Habit {
    /// Notes how many items are done, and how many wait; without work the time does not count.
    pub fn observe(&mut self, at: Timestamp, done: i64, waiting: Option<i64>) {
        let Some(waiting) = waiting else {
            self.window = None;
            return;
        };
        let now = Window { from: at, done, waiting };
        // counters that fall measure nothing
        let window = *self.window.insert(self.window.filter(|window| window.done <= done).unwrap_or(now));
        let passed = at.duration_since(window.from);
        if passed < WINDOW {
            return;
        }
        self.window = Some(now);
        let rate = done.saturating_sub(window.done).max(0) as f64 / passed.as_secs_f64();
        // what waits grows where it is the step that is slow, and not what comes to it
        self.judge(rate, waiting > window.waiting);
        if self.rates.len() == KEPT {
            self.rates.pop_front();
        }
        self.rates.push_back(rate);
    }

    fn judge(&mut self, rate: f64, grows: bool) {
        let Some(median) = self.median().filter(|median| *median > 0.0) else { return };
        let slow = match self.slow {
            Some(_) => rate < median * RECOVERED,
            None => grows && rate < median * SLOW,
        };
        self.slow = slow.then_some(SlowRate { rate, median });
    }

    fn median(&self) -> Option<f64> {
        let mut rates: Vec<f64> = self.rates.iter().copied().collect();
        let middle = rates.len() / 2;
        (rates.len() >= ENOUGH).then(|| *rates.select_nth_unstable_by(middle, f64::total_cmp).1)
    }

    /// How slow it is; `None` where it is not, and before there is an hour of work to compare with.
    pub fn slow(&self) -> Option<SlowRate> {
        self.slow.filter(|_| self.window.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The minutes in which a step that does so many items a second, of ten that come, is called slow.
    fn slow_minutes(rates: &[(i64, i64)]) -> Vec<i64> {
        let (mut habit, mut minute, mut done, mut came, mut found) = (Habit::default(), 0, 0, 1000, Vec::new());
        for (minutes, rate) in rates {
            for _ in 0..*minutes {
                minute += 1;
                done += rate * 60;
                came += 10 * 60;
                let at = Timestamp::from_second(1_800_000_000 + minute * 60).unwrap();
                habit.observe(at, done, Some(came - done).filter(|waiting| *waiting > 0));
                if habit.slow().is_some() {
                    found.push(minute);
                }
            }
        }
        found
    }

    #[test]
    fn a_step_is_slow_against_its_own_habit_while_its_work_grows() {
        let slow = slow_minutes(&[(120, 10), (40, 1), (60, 10)]);
        assert!((131..=141).contains(&slow[0]) && (160..=171).contains(slow.last().unwrap()), "{slow:?}");
        assert_eq!(slow_minutes(&[(120, 10), (100, 4)]), Vec::<i64>::new(), "less, but not slow");
        assert_eq!(slow_minutes(&[(30, 10), (40, 1)]), Vec::<i64>::new(), "half an hour is no habit");
    }

    #[test]
    fn a_counter_that_falls_is_not_slow() {
        let mut habit = Habit::default();
        for minute in 0..200 {
            let at = Timestamp::from_second(1_800_000_000 + minute * 60).unwrap();
            habit.observe(at, if minute < 195 { minute * 600 } else { 0 }, Some(minute * 600));
            assert_eq!(habit.slow(), None, "{minute}");
        }
    }

    #[test]
    fn without_work_nothing_is_slow() {
        let mut habit = Habit::default();
        for minute in 0..300 {
            let at = Timestamp::from_second(1_800_000_000 + minute * 60).unwrap();
            let (done, waiting) = if minute < 120 { (minute * 600, Some(600)) } else { (72_000 + minute, None) };
            habit.observe(at, done, waiting);
            assert_eq!(habit.slow(), None, "{minute}");
        }
    }
}
