//! How far apart the service's refreshes are, learned from the refreshes themselves.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

/// Refreshes that are remembered.
const KEPT: usize = 9;
/// So many are needed before one may speak of a habit.
const ENOUGH: usize = 3;

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

    /// The usual step: the median of the last ones; `None` before there are three.
    pub fn usual(&self) -> Option<SignedDuration> {
        let mut apart: Vec<SignedDuration> = self.apart.iter().copied().collect();
        if apart.len() < ENOUGH {
            return None;
        }
        let middle = apart.len() / 2;
        Some(*apart.select_nth_unstable(middle).1)
    }
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
}
