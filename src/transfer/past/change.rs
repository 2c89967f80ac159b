//! When the counters changed, by the service's own clock.

use jiff::{SignedDuration, Timestamp};

/// A change of the counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// When it happened, as far as the service's clock tells; otherwise when we saw it.
    pub at: Timestamp,
    /// `TotalDuration` in milliseconds; `None` where the service did not report it.
    pub clock: Option<i64>,
}

impl Change {
    /// The change after this one, which was there at `now` and not yet in the poll of `before`.
    ///
    /// It is as much later as the service's clock says, but not before `before`, nor after `now`.
    pub fn next(&self, clock: Option<i64>, before: Timestamp, now: Timestamp) -> Self {
        let passed = clock.zip(self.clock).and_then(|(now, then)| now.checked_sub(then)).filter(|passed| *passed > 0);
        let told = passed.and_then(|passed| self.at.checked_add(SignedDuration::from_millis(passed)).ok());
        let at = told.map_or(now, |told| told.max(before).min(now));
        Self { at, clock }
    }

    /// How long after the change `before`, by the service's clock, above 0; `None` where it does not tell.
    pub fn passed_since(&self, before: &Self) -> Option<SignedDuration> {
        let passed = self.clock?.checked_sub(before.clock?).filter(|passed| *passed > 0)?;
        Some(SignedDuration::from_millis(passed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_says_when_within_what_two_polls_allow() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let first = Change { at: at(100), clock: Some(7_000) };
        for (clock, expected) in [
            (Some(22_000), 115),
            (Some(9_000), 110),
            (Some(50_000), 120),
            (Some(7_000), 120),
            (Some(1), 120),
            (None, 120),
            (Some(i64::MIN), 120),
            (Some(i64::MAX), 120),
        ] {
            let next = first.next(clock, at(110), at(120));
            assert_eq!((next.at, next.clock), (at(expected), clock), "{clock:?}");
        }
        let earlier = first.next(Some(22_000), at(40), at(50));
        assert_eq!(earlier.at, at(50), "a poll of before is believed too");
    }

    proptest::proptest! {
        #[test]
        fn between_two_polls_whatever_the_clock_says(
            seconds in proptest::array::uniform3(Timestamp::MIN.as_second()..=Timestamp::MAX.as_second()),
            clocks in proptest::array::uniform2(proptest::option::of(proptest::num::i64::ANY)),
        ) {
            let [change, before, now] = seconds.map(|second| Timestamp::from_second(second).unwrap());
            let (before, now) = (before.min(now), before.max(now));
            let next = Change { at: change, clock: clocks[0] }.next(clocks[1], before, now);
            proptest::prop_assert!(before <= next.at && next.at <= now);
        }
    }
}
