//! When each step of the pipeline last moved, how often it usually does, and since when it has work.

use jiff::{SignedDuration, Timestamp};

use super::{
    habit::{Habit, SlowRate},
    pipeline::{self, FLOW, Lane, Step, Waiting},
    refresh::Refresh,
};
use crate::aws::{
    applicability::Applicability,
    snapshot::{Count, Snapshot},
};

/// Work in front of a step below this share of what came is a remainder: items that are counted in one step and never
/// in the next would be waited for until the end.
const REMAINDER: f64 = 0.01;

/// How the steps move.
#[derive(Clone, Debug, Default)]
pub struct Motion {
    steps: [StepMotion; FLOW.len()],
}

/// How one step moves.
#[derive(Clone, Debug, Default)]
pub struct StepMotion {
    counted: Option<Counted>,
    /// When its counters last changed; `None` if no change was seen.
    pub moved_at: Option<Timestamp>,
    /// Since when more waits in front of it than a remainder, or than did when it last moved; `None` where none does,
    /// or that can't be told.
    waits_since: Option<Timestamp>,
    /// Files that waited when it last moved.
    remained: i64,
    has_work: bool,
    refresh: Refresh,
    habit: Habit,
}

/// Files and directories that came through and that failed, and for the transfer bytes written and sent.
type Counted = [Option<i64>; 6];

impl Motion {
    /// Folds in one response and its lanes. After a time in which nobody looked, the next change tells nothing of a
    /// step's habit.
    pub fn observe(
        &mut self,
        at: Timestamp,
        lanes: &[Lane],
        snapshot: &Snapshot,
        applicability: &Applicability,
        blind: bool,
    ) {
        for (step, motion) in FLOW.into_iter().zip(&mut self.steps) {
            let Some(lane) = lanes.iter().find(|lane| lane.step == step && lane.is_told()) else { continue };
            let number = |count: Option<Count>| count.map(|count| count.0).filter(|_| step == Step::Transferred);
            let bytes = [number(snapshot.bytes_written), number(snapshot.bytes_transferred)];
            let counted = [lane.files, lane.folders, lane.files_failed, lane.folders_failed, bytes[0], bytes[1]];
            let waiting = pipeline::waiting(step, lanes, snapshot, applicability);
            motion.observe(at, counted, waiting, blind);
            let done = lane.files.unwrap_or(0).saturating_add(lane.files_failed.unwrap_or(0));
            let waiting = waiting.filter(|_| motion.has_work && !blind);
            motion.habit.observe(at, done, waiting.map(|waiting| waiting.files));
        }
    }

    /// How fast the steps usually are counts anew.
    pub fn configured(&mut self) {
        self.steps.iter_mut().for_each(|step| step.habit = Habit::default());
    }

    /// How a step moves; `None` for a count beside the pipeline, and before it was reported.
    pub fn of(&self, step: Step) -> Option<&StepMotion> {
        let motion = self.steps.get(step.place()?)?;
        motion.counted.is_some().then_some(motion)
    }
}

impl StepMotion {
    fn observe(&mut self, at: Timestamp, counted: Counted, waiting: Option<Waiting>, blind: bool) {
        if blind {
            self.refresh.lost();
        }
        self.has_work = waiting.is_some_and(|waiting| waiting.most() >= REMAINDER);
        let files = waiting.map_or(0, |waiting| waiting.files);
        let before = self.counted.replace(counted);
        if before != Some(counted) {
            self.remained = files;
            self.waits_since = None;
        }
        if before.is_some_and(|before| before != counted) {
            self.moved_at = Some(at);
            self.refresh.changed(at);
        }
        if self.has_work || files > self.remained {
            if self.waits_since.is_none() && self.moved_at.is_none() {
                self.refresh.awaits(at);
            }
            self.waits_since
                .get_or_insert(self.moved_at.filter(|moved_at| self.is_recent(*moved_at, at)).unwrap_or(at));
        } else {
            self.waits_since = None;
        }
    }

    /// Whether a change is so recent that no other is due: work that is there by now was there before.
    fn is_recent(&self, change: Timestamp, at: Timestamp) -> bool {
        let step = self.usual_step().unwrap_or_default();
        at.duration_since(change) <= step.saturating_mul(2)
    }

    /// Whether anything came through it, or failed there, so far.
    pub fn has_begun(&self) -> bool {
        self.counted.is_some_and(|counted| counted.iter().flatten().any(|count| *count > 0))
    }

    /// Whether work waits in front of it.
    pub fn has_work(&self) -> bool {
        self.has_work
    }

    /// For how long it has not moved, at `at` and since the first response at `first`.
    pub fn unchanged_for(&self, at: Timestamp, first: Timestamp) -> SignedDuration {
        at.duration_since(self.moved_at.unwrap_or(first)).max(SignedDuration::ZERO)
    }

    /// For how long it has had work and has not moved, at `at` and since the first response at `first`; `None` where
    /// it has nothing to do.
    pub fn stopped_for(&self, at: Timestamp, first: Timestamp) -> Option<SignedDuration> {
        let since = self.moved_at.unwrap_or(first).max(self.waits_since.filter(|_| self.has_work)?);
        Some(at.duration_since(since).max(SignedDuration::ZERO))
    }

    /// How slow it is, where it is far below its own habit.
    pub fn slow(&self) -> Option<SlowRate> {
        self.habit.slow()
    }

    /// How long it may stand while it has work, at polls that are `interval` apart.
    pub fn patience(&self, interval: SignedDuration) -> SignedDuration {
        self.refresh.patience(interval)
    }

    /// How far apart its changes usually are; `None` before three of them.
    pub fn usual_step(&self) -> Option<SignedDuration> {
        self.refresh.usual()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::applicability::read;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    /// Folds in (second, listed, prepared, transferred, verified).
    fn moved(looks: impl IntoIterator<Item = (i64, [i64; 4])>) -> Motion {
        let mut motion = Motion::default();
        for (second, [listed, prepared, transferred, verified]) in looks {
            let (snapshot, applicability) = read(&format!(
                r#"{{"TaskMode":"ENHANCED","Options":{{"VerifyMode":"ONLY_FILES_TRANSFERRED"}},"FilesSkipped":0,
                "FilesListed":{{"AtSource":{listed}}},"FilesPrepared":{prepared},"FilesTransferred":{transferred},"FilesVerified":{verified}}}"#
            ));
            let lanes = pipeline::pipeline(&snapshot, &applicability);
            motion.observe(at(second), &lanes, &snapshot, &applicability, false);
        }
        motion
    }

    #[test]
    fn a_step_that_has_work_and_does_not_move_has_stopped() {
        let motion = moved((0..=60).map(|n| (n * 10, [n * 100, n * 90, n.min(30) * 80, n.min(30) * 80])));
        let stopped = |step| motion.of(step)?.stopped_for(at(600), at(0)).map(|span| span.as_secs());
        assert_eq!(stopped(Step::Transferred), Some(300));
        assert_eq!(stopped(Step::Prepared), Some(0), "it moves");
        assert_eq!(stopped(Step::Verified), None, "all that was transferred is verified");
        assert_eq!(stopped(Step::Listed), None, "nobody knows what is still to be listed");
        let usual = |step| motion.of(step)?.usual_step().map(|step| step.as_secs());
        assert_eq!((usual(Step::Transferred), usual(Step::Prepared)), (Some(10), Some(10)));
    }

    #[test]
    fn what_stood_for_want_of_work_has_stopped_since_the_work_came() {
        let motion = moved([(0, [100, 100, 100, 0]), (600, [100, 100, 100, 0]), (900, [900, 900, 100, 0])]);
        assert_eq!(motion.of(Step::Transferred).unwrap().stopped_for(at(960), at(0)).map(|s| s.as_secs()), Some(60));
    }

    #[test]
    fn a_remainder_is_no_work() {
        let motion = moved([(0, [1000, 995, 995, 990]), (600, [1000, 995, 995, 990])]);
        for step in [Step::Prepared, Step::Transferred, Step::Verified] {
            assert!(!motion.of(step).unwrap().has_work(), "{step:?}");
        }
        assert!(motion.of(Step::Deleted).is_none() && motion.of(Step::Skipped).is_none());
    }
}
