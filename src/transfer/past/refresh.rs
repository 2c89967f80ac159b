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
/// A service may refresh its counters every five minutes: before the step is known, nothing shorter is a stop.
const UNKNOWN_STEP: SignedDuration = SignedDuration::from_secs(330);
/// What is unchanged for so many steps is quiet.
const QUIET_STEPS: i32 = 3;
/// Before the step is known, what is unchanged for so long is quiet.
const QUIET_UNKNOWN: SignedDuration = SignedDuration::from_secs(90);

/// The last refreshes.
#[derive(Clone, Debug, Default)]
pub struct Refresh {
    newest: Option<Timestamp>,
    apart: VecDeque<SignedDuration>,
    /// Since when a first change is waited for.
    waits_since: Option<Timestamp>,
    /// How long the first change was waited for: a step is hardly shorter.
    first_wait: Option<SignedDuration>,
}

impl Refresh {
    /// Notes that a change is waited for from `at` on.
    pub fn awaits(&mut self, at: Timestamp) {
        (self.waits_since, self.newest) = (Some(at), None);
    }

    /// Notes that something changed at `at`.
    pub fn changed(&mut self, at: Timestamp) {
        if let Some(since) = self.waits_since.take() {
            self.first_wait = Some(at.duration_since(since));
        }
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
        (self.newest, self.waits_since) = (None, None);
    }

    /// How long something with work to do is unchanged before it is called stalled, at polls that are `interval`
    /// apart. Before the step is known, the longest one seen so far makes it longer.
    pub fn patience(&self, interval: SignedDuration) -> SignedDuration {
        let usual = self.usual();
        let longest = self.apart.iter().copied().chain(self.first_wait).max().filter(|_| usual.is_none());
        let at_least = longest.map_or(SignedDuration::ZERO, |longest| patience(Some(longest), interval));
        patience(usual, interval).max(at_least)
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

/// How long nothing changes before an estimate of the end is dropped: six of its usual steps; where these take longer than a
/// quarter of an hour, so long, or three steps. Where the step is unknown, a quarter of an hour.
pub fn stalled_after(step: Option<SignedDuration>) -> SignedDuration {
    let Some(step) = step else { return STALLED_ANYHOW };
    let at_most = STALLED_ANYHOW.max(step.saturating_mul(STALLED_STEPS_AT_LEAST));
    step.saturating_mul(STALLED_STEPS).min(at_most).max(STALLED_AT_LEAST)
}

/// The same where the service's clock runs, and no counter moves.
pub fn idle_after(step: Option<SignedDuration>) -> SignedDuration {
    stalled_after(step).max(IDLE)
}

/// How long something with work to do is unchanged before it is called stalled, at polls that are `interval` apart.
///
/// Six of its usual steps, but five minutes at least, since a healthy one pauses for as long as four; where six steps
/// take longer than a quarter of an hour, so long, or three steps. Polls that see a change each may see a much shorter
/// step than they can tell: three of them are enough then. Nothing is stalled before the third unchanged poll.
pub fn patience(step: Option<SignedDuration>, interval: SignedDuration) -> SignedDuration {
    // the third poll may come a little early
    let third_poll = interval.saturating_mul(29) / 10;
    let Some(step) = step else { return UNKNOWN_STEP.max(third_poll) };
    let is_told_apart = step.saturating_mul(2) > interval.saturating_mul(3);
    let steps = if is_told_apart { STALLED_STEPS } else { STALLED_STEPS_AT_LEAST };
    let at_most = STALLED_ANYHOW.max(step.saturating_mul(STALLED_STEPS_AT_LEAST));
    step.saturating_mul(steps).min(at_most).max(IDLE).max(third_poll)
}

/// How long something is unchanged before it is called quiet, at polls that are `interval` apart: three of its usual
/// steps, 90 seconds where they are unknown, and less than what would be a stall.
pub fn quiet_after(step: Option<SignedDuration>, interval: SignedDuration) -> SignedDuration {
    let quiet = step.map_or(QUIET_UNKNOWN, |step| step.saturating_mul(QUIET_STEPS));
    quiet.max(interval.saturating_mul(2)).min(patience(step, interval) / 4 * 3)
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
    fn before_the_step_is_known_the_longest_one_seen_counts() {
        let patience = |steps: &Refresh| steps.patience(SignedDuration::from_secs(5)).as_secs();
        let mut steps = Refresh::default();
        steps.awaits(at(0));
        assert_eq!(patience(&steps), 330);
        steps.changed(at(290));
        assert_eq!(patience(&steps), 900, "the first change was waited for");
        steps.changed(at(350));
        assert_eq!(patience(&steps), 900);
        [410, 470, 530].into_iter().for_each(|second| steps.changed(at(second)));
        assert_eq!(patience(&steps), 360, "known");
    }

    #[test]
    fn a_stop_takes_the_longer_the_longer_the_step_and_is_quiet_before() {
        for (step, stalled, idle) in [
            (Some(1), 90, 300),
            (Some(15), 90, 300),
            (Some(60), 360, 360),
            (Some(120), 720, 720),
            (Some(300), 900, 900),
            (Some(600), 1800, 1800),
            (None, 900, 900),
        ] {
            let known = step.map(SignedDuration::from_secs);
            assert_eq!((stalled_after(known).as_secs(), idle_after(known).as_secs()), (stalled, idle), "{step:?}");
        }
    }

    #[test]
    fn health_waits_for_six_steps_or_the_third_poll() {
        let seconds = SignedDuration::from_secs;
        for (step, interval, quiet, stalled) in [
            (None, 5, 90, 330),
            (None, 60, 120, 330),
            (None, 300, 600, 870),
            (Some(15), 5, 45, 300),
            (Some(60), 5, 180, 360),
            (Some(120), 5, 360, 720),
            (Some(300), 5, 675, 900),
            (Some(60), 60, 180, 300),
            (Some(120), 120, 270, 360),
            (Some(300), 300, 675, 900),
            (Some(600), 600, 1350, 1800),
        ] {
            let (known, interval) = (step.map(seconds), seconds(interval));
            let found = (quiet_after(known, interval).as_secs(), patience(known, interval).as_secs());
            assert_eq!(found, (quiet, stalled), "{step:?} at polls of {interval}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_changes_when_there_is_a_step_and_a_time_after_which_it_stopped(
            changes in proptest::collection::vec((Timestamp::MIN.as_second()..=Timestamp::MAX.as_second(), proptest::bool::ANY), 0..30),
            interval in 0i64..100_000,
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
                let interval = SignedDuration::from_secs(interval);
                proptest::prop_assert!(patience(step, interval) >= step.unwrap_or_default());
                proptest::prop_assert!(quiet_after(step, interval) < patience(step, interval));
            }
        }
    }
}
