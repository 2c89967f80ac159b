//! How fast items flow through each lane of the pipeline, and how fast they fail there.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use super::pipeline::{FLOW, Lane, Step};

/// Changes kept one by one.
const FRESH: usize = 128;
/// How far apart what is older is kept.
const APART: SignedDuration = SignedDuration::from_mins(1);
/// A day of it.
const OLD: usize = 1440;
/// A rate looks back over three changes, and so long at least.
const WINDOW: SignedDuration = SignedDuration::from_secs(60);
/// A trend of failures needs so long to be one.
const TREND: SignedDuration = SignedDuration::from_mins(10);

/// What had come through each lane, and failed there, at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Sample {
    at: Timestamp,
    done: [Option<i64>; FLOW.len()],
    failed: [Option<i64>; FLOW.len()],
}

/// The lanes' history, bounded.
#[derive(Clone, Debug, Default)]
pub struct StepRates {
    fresh: VecDeque<Sample>,
    old: VecDeque<Sample>,
    newest: Option<Sample>,
    began: [Option<Timestamp>; FLOW.len()],
}

/// Failures of one lane over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Trend {
    /// Failures an hour in the last hour, or in as much of it as was watched; `None` before ten minutes of it.
    pub per_hour: Option<f64>,
    /// New failures in equal parts of the time watched, at most a day, oldest first; fewer parts in the first
    /// minutes.
    pub parts: Vec<i64>,
}

impl StepRates {
    /// Folds in the lanes of one answer. After a time of not looking, rates begin anew.
    pub fn observe(&mut self, at: Timestamp, lanes: &[Lane], blind: bool) {
        let of = |number: fn(&Lane) -> Option<i64>| {
            FLOW.map(|step| lanes.iter().find(|lane| lane.step == step).and_then(number))
        };
        let sample = Sample { at, done: of(|lane| lane.files), failed: of(Lane::failed) };
        let before = self.newest.replace(sample);
        if blind {
            self.fresh.clear();
        }
        if before.is_some_and(|before| before.done != sample.done) {
            self.fresh.push_back(sample);
            if self.fresh.len() > FRESH {
                self.fresh.pop_front();
            }
        }
        for (place, began) in self.began.iter_mut().enumerate() {
            let failed = |sample: &Sample| sample.failed[place].unwrap_or(0) > 0;
            if began.is_none() && failed(&sample) && before.is_some_and(|before| !failed(&before)) {
                *began = Some(at);
            }
        }
        if self.old.back().is_none_or(|last| at.duration_since(last.at) >= APART) {
            self.old.push_back(sample);
            if self.old.len() > OLD {
                self.old.pop_front();
            }
        }
    }

    /// Items a second that come through a lane, over its last changes; `None` before there are three.
    pub fn rate(&self, step: Step) -> Option<f64> {
        let lane = step.place()?;
        let newest = self.fresh.back()?;
        let far_enough =
            |(count, sample): &(usize, &Sample)| *count >= 2 && newest.at.duration_since(sample.at) >= WINDOW;
        let (count, oldest) = self
            .fresh
            .iter()
            .rev()
            .enumerate()
            .find(far_enough)
            .or_else(|| self.fresh.front().map(|oldest| (self.fresh.len() - 1, oldest)))?;
        let seconds = newest.at.duration_since(oldest.at).as_secs_f64();
        let moved = newest.done[lane]?.checked_sub(oldest.done[lane]?)?;
        (count >= 2 && seconds > 0.0 && moved >= 0).then(|| moved as f64 / seconds)
    }

    /// By how many files a second what waits between two lanes grows, over their last changes; below 0 where it
    /// shrinks, `None` before there are three.
    pub fn growth(&self, before: Step, after: Step) -> Option<f64> {
        Some(self.rate(before)? - self.rate(after)?)
    }

    /// When failures of a lane were first seen, if we saw them begin.
    pub fn began(&self, step: Step) -> Option<Timestamp> {
        self.began[step.place()?]
    }

    /// The failures of a lane in `parts` parts; `None` where it has none.
    pub fn trend(&self, step: Step, parts: usize) -> Option<Trend> {
        let lane = step.place()?;
        self.newest?.failed[lane].filter(|failed| *failed > 0)?;
        Some(Trend { per_hour: self.per_hour(step), parts: self.new_failures(lane, parts) })
    }

    /// Failures of a lane an hour in the last hour, or in as much of it as was watched; `None` before ten minutes
    /// of it, and where none are reported.
    pub fn per_hour(&self, step: Step) -> Option<f64> {
        let lane = step.place()?;
        let newest = self.newest?;
        let failed = newest.failed[lane]?;
        let hour_ago = newest.at.checked_sub(SignedDuration::from_hours(1)).ok()?;
        let since = self.old.iter().rev().find(|sample| sample.at <= hour_ago).or(self.old.front())?;
        let watched = newest.at.duration_since(since.at);
        let hours = watched.as_secs_f64() / 3600.0;
        let before = since.failed[lane].unwrap_or(0);
        (watched >= TREND).then(|| failed.saturating_sub(before).max(0) as f64 / hours)
    }

    fn new_failures(&self, lane: usize, parts: usize) -> Vec<i64> {
        let (Some(first), Some(newest)) = (self.old.front(), self.newest) else { return Vec::new() };
        let whole = newest.at.duration_since(first.at).as_secs_f64();
        // no finer than what is kept: a part between two samples would be a hole
        let parts = parts.min(self.old.len()).max(1);
        let mut new = vec![0_i64; parts];
        let mut before = first.failed[lane].unwrap_or(0);
        for sample in self.old.iter().skip(1).chain([&newest]) {
            let passed = sample.at.duration_since(first.at).as_secs_f64();
            let part = if whole > 0.0 { (passed / whole * parts as f64).ceil() as usize } else { parts };
            let failed = sample.failed[lane].unwrap_or(0);
            if let Some(new) = new.get_mut(part.saturating_sub(1).min(parts - 1)) {
                *new = new.saturating_add(failed.saturating_sub(before).max(0));
            }
            before = failed;
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn lanes(listed: i64, transferred: i64, failed: i64) -> Vec<Lane> {
        let lane = |step, files, failed| Lane {
            step,
            files: Some(files),
            folders: None,
            files_failed: Some(failed),
            folders_failed: None,
            not_applicable: None,
        };
        vec![lane(Step::Listed, listed, 0), lane(Step::Transferred, transferred, failed)]
    }

    #[test]
    fn each_lane_has_its_rate() {
        let mut flow = StepRates::default();
        for second in (0..=600).step_by(5) {
            let step = second / 15;
            flow.observe(at(second), &lanes(step * 300, step * 150, 0), false);
            if second < 45 {
                assert_eq!(flow.rate(Step::Listed), None, "{second}");
            }
        }
        assert_eq!((flow.rate(Step::Listed), flow.rate(Step::Transferred)), (Some(20.0), Some(10.0)));
        assert_eq!(flow.growth(Step::Listed, Step::Transferred), Some(10.0));
        assert_eq!((flow.rate(Step::Verified), flow.rate(Step::Skipped)), (None, None));
        flow.observe(at(9000), &lanes(20_000, 10_000, 0), true);
        assert_eq!(flow.rate(Step::Listed), None, "nobody saw when they came");
    }

    #[test]
    fn failures_have_a_beginning_and_a_trend() {
        let mut flow = StepRates::default();
        for second in (0..=7200).step_by(5) {
            let failed = (second - 3600).max(0) / 60;
            flow.observe(at(second), &lanes(second, second, failed), false);
        }
        let trend = flow.trend(Step::Transferred, 4).unwrap();
        assert_eq!(flow.began(Step::Transferred), Some(at(3660)));
        assert_eq!(trend.per_hour, Some(60.0));
        assert_eq!(trend.parts, [0, 0, 30, 30]);
        assert_eq!(flow.trend(Step::Listed, 4), None);
    }

    #[test]
    fn a_trend_needs_ten_minutes() {
        let mut flow = StepRates::default();
        flow.observe(at(0), &lanes(0, 0, 0), false);
        flow.observe(at(300), &lanes(0, 0, 7), false);
        assert_eq!(flow.trend(Step::Transferred, 4).unwrap().per_hour, None);
    }

    #[test]
    fn it_is_bounded() {
        let mut flow = StepRates::default();
        for second in 0..1_000_000 {
            flow.observe(at(second * 5), &lanes(second, second, second), false);
        }
        assert!(flow.fresh.len() <= FRESH && flow.old.len() <= OLD);
    }
}
