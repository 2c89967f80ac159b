//! How far apart the service's refreshes are, learned from the refreshes themselves, and what counts as a stop.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

/// Refreshes that are remembered.
const KEPT: usize = 9;
/// So many are needed before one may speak of a habit.
const ENOUGH: usize = 3;

/// What is unchanged for less than this has not stopped, however short the step.
const STALLED_AT_LEAST: SignedDuration = SignedDuration::from_secs(90);
/// What is unchanged for so many steps has stopped.
const STALLED_STEPS: i32 = 6;
/// What is unchanged for so long has stopped, though it be fewer steps. An unknown step may be a long one.
const STALLED_ANYHOW: SignedDuration = SignedDuration::from_mins(15);
/// So many steps it takes all the same. Polls that are further apart than the service's refreshes make long steps:
/// at one poll in ten minutes this is three polls in a row.
const STALLED_STEPS_AT_LEAST: i32 = 3;
/// The service's clock runs, and no counter moves for so long: a stop.
const IDLE: SignedDuration = SignedDuration::from_mins(5);
/// What is unchanged for so many steps is quiet.
const QUIET_STEPS: i32 = 3;

/// The last refreshes.
#[derive(Clone, Debug, Default)]
pub struct Refresh {
    newest: Option<Timestamp>,
    apart: VecDeque<SignedDuration>,
}

impl Refresh {
    /// Notes that something changed at `at`.
    pub fn changed(&mut self, at: Timestamp) {
        let before = self.newest.replace(at);
        let apart = before.map(|before| at.duration_since(before)).filter(|apart| apart.is_positive());
        if let Some(apart) = apart {
            if self.apart.len() == KEPT {
                self.apart.pop_front();
            }
            self.apart.push_back(apart);
        }
    }

    /// After a time of not looking, the next change tells nothing of the step.
    pub fn lost(&mut self) {
        self.newest = None;
    }

    /// The usual step as our polls show it: the median of the last ones, and at least the time between two polls;
    /// `None` before there are three.
    pub fn usual(&self) -> Option<SignedDuration> {
        let mut apart: Vec<SignedDuration> = self.apart.iter().copied().collect();
        if apart.len() < ENOUGH {
            return None;
        }
        let middle = apart.len() / 2;
        Some(*apart.select_nth_unstable(middle).1)
    }
}

/// How long nothing changes in a transfer that has stopped: six of its usual steps; where these take longer than a
/// quarter of an hour, so long, or three steps. Where the step is unknown, a quarter of an hour.
pub fn stalled_after(step: Option<SignedDuration>) -> SignedDuration {
    let Some(step) = step else { return STALLED_ANYHOW };
    let at_most = STALLED_ANYHOW.max(step.saturating_mul(STALLED_STEPS_AT_LEAST));
    step.saturating_mul(STALLED_STEPS).min(at_most).max(STALLED_AT_LEAST)
}

/// How long no counter moves in a transfer that has stopped though the service's clock runs.
pub fn idle_after(step: Option<SignedDuration>) -> SignedDuration {
    stalled_after(step).max(IDLE)
}

/// How long nothing changes in a transfer that is quiet: three of its usual steps, and half of what would be a stop
/// where that is less. `None` where the step is unknown.
pub fn quiet_after(step: Option<SignedDuration>) -> Option<SignedDuration> {
    step.map(|known| known.saturating_mul(QUIET_STEPS).min(stalled_after(step) / 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn learned(seconds: &[i64]) -> Option<i64> {
        let mut steps = Refresh::default();
        seconds.iter().for_each(|second| steps.changed(at(*second)));
        steps.usual().map(|step| step.as_secs())
    }

    #[test]
    fn the_usual_step_is_the_median_of_the_last_ones() {
        assert_eq!(learned(&[0, 15, 30]), None);
        assert_eq!(learned(&[0, 15, 30, 45]), Some(15));
        assert_eq!(learned(&[0, 15, 30, 630, 645]), Some(15), "one stop is no habit");
        assert_eq!(learned(&[0, 15, 30, 45, 105, 165, 225, 285, 345]), Some(60), "habits change");
        assert_eq!(learned(&[0, 0, -5, 10]), None);
    }

    #[test]
    fn not_looking_teaches_nothing() {
        let mut steps = Refresh::default();
        for second in [0, 15, 30, 45] {
            steps.changed(at(second));
        }
        steps.lost();
        steps.changed(at(9000));
        assert_eq!(steps.usual(), Some(SignedDuration::from_secs(15)));
    }

    #[test]
    fn a_stop_takes_the_longer_the_longer_the_step_and_is_quiet_before() {
        for (step, quiet, stalled, idle) in [
            (Some(1), Some(3), 90, 300),
            (Some(15), Some(45), 90, 300),
            (Some(60), Some(180), 360, 360),
            (Some(120), Some(360), 720, 720),
            (Some(300), Some(450), 900, 900),
            (Some(600), Some(900), 1800, 1800),
            (None, None, 900, 900),
        ] {
            let known = step.map(SignedDuration::from_secs);
            assert_eq!(quiet_after(known).map(|quiet| quiet.as_secs()), quiet, "{step:?}");
            assert_eq!((stalled_after(known).as_secs(), idle_after(known).as_secs()), (stalled, idle), "{step:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_changes_when_there_is_a_step_and_a_time_after_which_it_stopped(
            changes in proptest::collection::vec((Timestamp::MIN.as_second()..=Timestamp::MAX.as_second(), proptest::bool::ANY), 0..30)
        ) {
            let mut refresh = Refresh::default();
            for (second, lost) in changes {
                if lost {
                    refresh.lost();
                }
                refresh.changed(at(second));
                let step = refresh.usual();
                proptest::prop_assert!(step.is_none_or(|step| step.is_positive()));
                proptest::prop_assert!(stalled_after(step) >= step.unwrap_or_default());
                proptest::prop_assert!(quiet_after(step).is_none_or(|quiet| quiet < stalled_after(step)));
            }
        }
    }
}
