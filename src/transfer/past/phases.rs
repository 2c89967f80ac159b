//! The phases: which ones it went through as we saw it, how long each lasted, and what comes next in its mode.

use jiff::{SignedDuration, Timestamp};

use crate::aws::{
    applicability::{Applicability, Metric, Verify},
    snapshot::{Count, Mode, ResultDetail, Snapshot, Status},
};

/// Statuses kept. A service that flaps for ever fills no memory.
const KEPT: usize = 32;

/// The statuses seen so far, in order.
#[derive(Clone, Debug, Default)]
pub struct Phases {
    seen: Vec<Seen>,
}

#[derive(Clone, Debug)]
struct Seen {
    status: Status,
    from: Timestamp,
    /// Whether we saw it begin, or the answer says when it did.
    from_known: bool,
    until: Timestamp,
    /// Whether we saw it end, or see it last.
    until_known: bool,
}

/// One phase on the rail.
#[derive(Clone, Debug, PartialEq)]
pub struct Phase {
    /// Its status; SUCCESS stands for an end that is yet to come.
    pub status: Status,
    /// Where it stands.
    pub state: PhaseState,
    /// How long it lasted, or lasts already; `None` where nobody knows, or where it is ahead.
    pub age: Option<Age>,
}

/// Where a phase stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhaseState {
    /// Over before the watch, or between two polls.
    Unseen,
    /// Seen, and over.
    Done,
    /// The one in which the execution failed.
    Failed,
    /// Running.
    Current,
    /// Still to come.
    Ahead,
}

/// How long a phase lasted, or lasts by now, and who says so.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Age {
    /// We saw it begin.
    Seen(SignedDuration),
    /// The service says so.
    Reported(SignedDuration),
    /// It had begun before we looked, and nobody says when.
    AtLeast(SignedDuration),
    /// It had begun before we looked, after the execution was launched so long ago.
    AtMost(SignedDuration),
}

impl Age {
    /// The span, whoever says so; 0 or more.
    pub fn span(self) -> SignedDuration {
        match self {
            Self::Seen(span) | Self::AtLeast(span) | Self::AtMost(span) | Self::Reported(span) => span,
        }
    }
}

impl Phases {
    /// Folds in one answer. A change that falls into a time of not looking, longer than `blind_after`, happened nobody
    /// knows when.
    pub fn observe(&mut self, snapshot: &Snapshot, at: Timestamp, blind_after: SignedDuration) {
        let Some(status) = snapshot.status() else { return };
        let mut blind = false;
        if let Some(last) = self.seen.last_mut() {
            let same = last.status == status;
            blind = at.duration_since(last.until) > blind_after;
            if same || !blind {
                last.until = last.until.max(at);
            } else {
                last.until_known = false;
            }
            if same {
                return;
            }
        }
        let reported = match (&status, self.seen.is_empty()) {
            (Status::Queued, true) => snapshot.start_time,
            (Status::Launching, true) => snapshot.launch_time.or(snapshot.start_time),
            _ => None,
        };
        let reported = reported.map(|time| time.0).filter(|time| *time <= at);
        let from_known = reported.is_some() || (!self.seen.is_empty() && !blind);
        self.seen.push(Seen { status, from: reported.unwrap_or(at), from_known, until: at, until_known: true });
        if self.seen.len() > KEPT {
            self.seen.remove(0);
        }
    }

    /// When the status of now began, as far as it is known.
    pub fn current_since(&self) -> Option<Timestamp> {
        self.seen.last().filter(|seen| seen.from_known).map(|seen| seen.from)
    }

    /// The phase before the one of now, if we saw it.
    pub fn previous(&self) -> Option<&Status> {
        self.seen.iter().rev().nth(1).map(|seen| &seen.status)
    }

    /// How long the running phase lasts by now; `None` once it is over, and before it began.
    pub fn age(
        &self,
        snapshot: &Snapshot,
        applicability: &Applicability,
        durations: DurationsSeen,
        now: Timestamp,
    ) -> Option<Age> {
        let seen = self.seen.last().filter(|seen| !seen.status.is_over())?;
        let span = now.duration_since(seen.from).max(SignedDuration::ZERO);
        if seen.from_known {
            return Some(Age::Seen(span));
        }
        let is_first = self.seen.len() == 1;
        let told = || told(&seen.status, snapshot, applicability, durations, now);
        Some(is_first.then(told).flatten().unwrap_or(Age::AtLeast(span)))
    }

    /// What it went through, where it is, what comes next. `age` is how long the running phase lasts.
    pub fn all(&self, snapshot: &Snapshot, applicability: &Applicability, age: Option<Age>) -> Vec<Phase> {
        let expected = expected(applicability);
        let mut rail = Vec::new();
        let mut reached = queue_from_times(snapshot, self.seen.first()).map_or(-1, |queued| {
            rail.push(queued);
            0
        });
        for (place, seen) in self.seen.iter().enumerate() {
            let rank = rank(&seen.status).unwrap_or(reached.max(0));
            for status in expected.iter().filter(|status| is_between(status, reached, rank)) {
                if ran(status, &seen.status, snapshot) {
                    rail.push(Phase {
                        status: status.clone(),
                        state: PhaseState::Unseen,
                        age: reported(status, snapshot, applicability),
                    });
                }
            }
            reached = rank;
            let is_last = place + 1 == self.seen.len();
            rail.push(if is_last { seen.newest(age) } else { seen.past(snapshot, applicability) });
        }
        let last = self.seen.last().map(|seen| &seen.status);
        if last.is_some_and(Status::is_over) {
            mark_failed(&mut rail, snapshot);
        }
        if !last.is_some_and(Status::is_over) {
            let ahead = expected.into_iter().filter(|status| rank(status).is_some_and(|rank| rank > reached));
            rail.extend(ahead.map(|status| Phase { status, state: PhaseState::Ahead, age: None }));
        }
        rail
    }
}

/// Marks the phases that failed: those of which the response says so, else the last one before an ERROR, unless the
/// response says that it went through them all. Of what was cancelled, none failed.
fn mark_failed(rail: &mut [Phase], snapshot: &Snapshot) {
    if rail.iter().any(|phase| phase.status == Status::Cancelling) {
        return;
    }
    let mut failed: Vec<Status> = snapshot.result.iter().flat_map(ResultDetail::failed_phases).collect();
    if snapshot.found_mismatches() {
        failed.push(Status::Verifying);
    }
    let is_known = rail.iter().any(|phase| failed.contains(&phase.status));
    if !is_known && snapshot.status() == Some(Status::Error) && !snapshot.is_partial_success() {
        failed.extend(rail.iter().rev().nth(1).map(|phase| phase.status.clone()));
    }
    rail.iter_mut().filter(|phase| failed.contains(&phase.status)).for_each(|phase| phase.state = PhaseState::Failed);
}

impl Seen {
    /// The running phase, or the end.
    fn newest(&self, age: Option<Age>) -> Phase {
        let state = if self.status.is_over() { PhaseState::Done } else { PhaseState::Current };
        Phase { status: self.status.clone(), state, age }
    }

    fn past(&self, snapshot: &Snapshot, applicability: &Applicability) -> Phase {
        let status = self.status.clone();
        if status.is_over() {
            return Phase { status, state: PhaseState::Done, age: None };
        }
        let span = self.until.duration_since(self.from).max(SignedDuration::ZERO);
        let seen = if self.from_known && self.until_known { Age::Seen(span) } else { Age::AtLeast(span) };
        let age = reported(&status, snapshot, applicability).unwrap_or(seen);
        Phase { status, state: PhaseState::Done, age: Some(age) }
    }
}

/// How long the running phase lasts by now, where we did not see it begin: as the service's durations say, or no
/// longer than since the launch. `None` where the response says neither.
fn told(
    status: &Status,
    snapshot: &Snapshot,
    applicability: &Applicability,
    durations: DurationsSeen,
    now: Timestamp,
) -> Option<Age> {
    let passed = now.duration_since(durations.since).max(SignedDuration::ZERO);
    if let Some(Age::Reported(span)) = reported(status, snapshot, applicability) {
        let span = span.saturating_add(passed);
        // nobody knows for how long they had stood when they were first seen
        let may_be_old = !durations.were_seen_to_move && passed >= SOON;
        return Some(if may_be_old { Age::AtLeast(span) } else { Age::Reported(span) });
    }
    let launched = snapshot.launch_time.or(snapshot.start_time)?.0;
    let before: SignedDuration = [Status::Preparing, Status::Transferring, Status::Verifying]
        .iter()
        .take_while(|before| *before != status)
        .filter_map(|before| reported(before, snapshot, applicability))
        .fold(SignedDuration::ZERO, |all, age| all.saturating_add(age.span()));
    let since = now.duration_since(launched).saturating_sub(before);
    since.is_positive().then_some(Age::AtMost(since))
}

/// Durations that were seen for less than this may well move on.
const SOON: SignedDuration = SignedDuration::from_secs(90);

/// What was seen of the service's durations.
#[derive(Clone, Copy, Debug)]
pub struct DurationsSeen {
    /// Since when they are what they are, as far as we saw.
    pub since: Timestamp,
    /// Whether we saw them change.
    pub were_seen_to_move: bool,
}

/// The statuses that an execution of this mode goes through when all is well.
fn expected(applicability: &Applicability) -> Vec<Status> {
    use Status::*;
    match applicability.mode {
        Mode::Basic if applicability.verify == Verify::None => vec![Launching, Preparing, Transferring, Success],
        Mode::Basic => vec![Launching, Preparing, Transferring, Verifying, Success],
        Mode::Enhanced | Mode::Other(_) => vec![Launching, Transferring, Success],
    }
}

fn rank(status: &Status) -> Option<i32> {
    Some(match status {
        Status::Queued => 0,
        Status::Launching => 1,
        Status::Preparing => 2,
        Status::Transferring => 3,
        Status::Verifying => 4,
        Status::Cancelling => 5,
        Status::Success | Status::Error => 6,
        Status::Other(_) => return None,
    })
}

fn is_between(status: &Status, after: i32, before: i32) -> bool {
    rank(status).is_some_and(|rank| after < rank && rank < before)
}

/// Whether a phase that we did not see was gone through before `next` was seen.
fn ran(status: &Status, next: &Status, snapshot: &Snapshot) -> bool {
    if !matches!(next, Status::Error | Status::Cancelling) {
        return true;
    }
    if *status == Status::Launching {
        return snapshot.launch_time.is_some() || snapshot.result.is_some();
    }
    let Some(result) = &snapshot.result else { return false };
    let (word, duration) = match status {
        Status::Preparing => (&result.prepare_status, result.prepare_duration),
        Status::Transferring => (&result.transfer_status, result.transfer_duration),
        Status::Verifying => (&result.verify_status, result.verify_duration),
        _ => return false,
    };
    matches!(word.as_deref(), Some("SUCCESS" | "ERROR")) || duration.is_some_and(|duration| duration.0 > 0)
}

/// The duration of a phase as `Result` says it, in Basic mode.
fn reported(status: &Status, snapshot: &Snapshot, applicability: &Applicability) -> Option<Age> {
    if !applicability.reports(Metric::PhaseDurations) {
        return None;
    }
    let duration: fn(&ResultDetail) -> Option<Count> = match status {
        Status::Preparing => |result| result.prepare_duration,
        Status::Transferring => |result| result.transfer_duration,
        Status::Verifying => |result| result.verify_duration,
        _ => return None,
    };
    let Count(milliseconds) = snapshot.result.as_ref().and_then(duration)?;
    (milliseconds > 0).then(|| Age::Reported(SignedDuration::from_millis(milliseconds)))
}

/// The time in the queue, where we did not see it but the answer's times tell.
fn queue_from_times(snapshot: &Snapshot, first: Option<&Seen>) -> Option<Phase> {
    if first.is_none_or(|seen| seen.status == Status::Queued) {
        return None;
    }
    let waited = snapshot.launch_time?.0.duration_since(snapshot.start_time?.0);
    (waited >= SignedDuration::from_secs(2)).then_some(Phase {
        status: Status::Queued,
        state: PhaseState::Unseen,
        age: Some(Age::Reported(waited)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn answer(status: &str, members: &str) -> Snapshot {
        serde_json::from_str(&format!(r#"{{"Status":"{status}"{members}}}"#)).unwrap()
    }

    /// Folds (second, status) pairs with the same other members, and prints the rail a second later.
    fn rail(looks: &[(i64, &str)], members: &str) -> String {
        let mut phases = Phases::default();
        let mut last = Snapshot::default();
        for (second, status) in looks {
            last = answer(status, members);
            phases.observe(&last, at(*second), SignedDuration::from_secs(90));
        }
        let (first, last_at) = (at(looks[0].0), at(looks.last().unwrap().0 + 1));
        let applicability = Applicability::of(&last);
        let durations = DurationsSeen { since: first, were_seen_to_move: true };
        let rail = phases.all(&last, &applicability, phases.age(&last, &applicability, durations, last_at));
        let show = |phase: &Phase| {
            let lasted = match phase.age {
                None => String::new(),
                Some(Age::Seen(span)) => format!(" {}s", span.as_secs()),
                Some(Age::AtLeast(span)) => format!(" >={}s", span.as_secs()),
                Some(Age::AtMost(span)) => format!(" <={}s", span.as_secs()),
                Some(Age::Reported(span)) => format!(" ={}s", span.as_secs()),
            };
            format!("{} {}{lasted}", word(phase.state), phase.status)
        };
        rail.iter().map(show).collect::<Vec<_>>().join(", ")
    }

    fn word(state: PhaseState) -> String {
        format!("{state:?}").to_lowercase()
    }

    const START: &str = r#","StartTime":1800000000"#;
    const ENHANCED: &str = r#","TaskMode":"ENHANCED","StartTime":1800000000"#;

    #[test]
    fn seen_from_its_beginning() {
        assert_eq!(
            rail(
                &[(5, "QUEUED"), (60, "QUEUED"), (65, "LAUNCHING"), (100, "TRANSFERRING"), (200, "TRANSFERRING")],
                ENHANCED
            ),
            "done QUEUED 65s, done LAUNCHING 35s, current TRANSFERRING 101s, ahead SUCCESS"
        );
        assert_eq!(
            rail(&[(5, "LAUNCHING"), (65, "PREPARING")], START),
            "done LAUNCHING 65s, current PREPARING 1s, ahead TRANSFERRING, ahead VERIFYING, ahead SUCCESS"
        );
    }

    #[test]
    fn come_late_the_part_before_is_not_seen() {
        assert_eq!(
            rail(&[(500, "TRANSFERRING"), (505, "TRANSFERRING")], ENHANCED),
            "unseen LAUNCHING, current TRANSFERRING <=506s, ahead SUCCESS"
        );
        let result = r#","Result":{"PrepareDuration":7000,"TransferDuration":90000,"VerifyDuration":0}"#;
        assert_eq!(
            rail(&[(500, "TRANSFERRING")], result),
            "unseen LAUNCHING, unseen PREPARING =7s, current TRANSFERRING =91s, ahead VERIFYING, ahead SUCCESS"
        );
        let waited = r#","TaskMode":"ENHANCED","StartTime":1800000000,"LaunchTime":1800000192"#;
        assert_eq!(
            rail(&[(500, "TRANSFERRING")], waited),
            "unseen QUEUED =192s, unseen LAUNCHING, current TRANSFERRING <=309s, ahead SUCCESS"
        );
    }

    #[test]
    fn a_change_that_nobody_saw_has_no_time() {
        assert_eq!(
            rail(&[(5, "LAUNCHING"), (60, "LAUNCHING"), (300, "TRANSFERRING"), (305, "TRANSFERRING")], ENHANCED),
            "done LAUNCHING >=60s, current TRANSFERRING >=6s, ahead SUCCESS"
        );
    }

    #[test]
    fn a_phase_between_two_looks_is_there_all_the_same() {
        let result = r#","Result":{"PrepareDuration":700,"TransferDuration":2000,"VerifyDuration":1000}"#;
        assert_eq!(
            rail(&[(5, "LAUNCHING"), (10, "TRANSFERRING"), (15, "SUCCESS")], result),
            "done LAUNCHING >=5s, unseen PREPARING =0s, done TRANSFERRING =2s, unseen VERIFYING =1s, done SUCCESS"
        );
    }

    #[test]
    fn without_verification_none_is_expected() {
        let none = r#","Options":{"VerifyMode":"NONE"}"#;
        assert_eq!(
            rail(&[(5, "TRANSFERRING"), (10, "TRANSFERRING")], none),
            "unseen LAUNCHING, unseen PREPARING, current TRANSFERRING >=6s, ahead SUCCESS"
        );
    }

    #[test]
    fn an_error_claims_no_phase_that_did_not_run() {
        let result = r#","Result":{"PrepareStatus":"SUCCESS","PrepareDuration":800,"TransferStatus":"ERROR","VerifyStatus":"PENDING"}"#;
        assert_eq!(
            rail(&[(5, "ERROR")], result),
            "unseen LAUNCHING, unseen PREPARING =0s, failed TRANSFERRING, done ERROR"
        );
        assert_eq!(rail(&[(5, "LAUNCHING"), (9, "ERROR")], ""), "failed LAUNCHING >=4s, done ERROR");
    }

    #[test]
    fn a_verification_that_found_mismatches_has_failed() {
        let detail = r#""ErrorDetail":"Transfer and verification completed. Verification detected mismatches.""#;
        let seen = [(0, "TRANSFERRING"), (5, "VERIFYING"), (9, "ERROR")];
        for result in [detail.to_owned(), r#""TransferStatus":"SUCCESS","VerifyStatus":"ERROR""#.into()] {
            let rail = rail(&seen, &format!(r#","Result":{{{result}}}"#));
            assert!(rail.contains("failed VERIFYING") && !rail.contains("failed TRANSFERRING"), "{rail}");
        }
        let rail = rail(&[(0, "VERIFYING"), (9, "SUCCESS")], r#","Result":{"VerifyStatus":"ERROR"}"#);
        assert!(rail.contains("failed VERIFYING"), "{rail}");
    }

    #[test]
    fn enhanced_mode_has_no_phase_durations() {
        let result =
            r#","TaskMode":"ENHANCED","Result":{"PrepareDuration":0,"TransferDuration":0,"TotalDuration":9000}"#;
        assert_eq!(rail(&[(5, "SUCCESS")], result), "unseen LAUNCHING, unseen TRANSFERRING, done SUCCESS");
    }

    #[test]
    fn unknown_statuses_have_their_place() {
        assert_eq!(
            rail(&[(0, "INITIALIZING"), (5, "INITIALIZING"), (9, "TRANSFERRING")], ENHANCED),
            "done INITIALIZING >=9s, unseen LAUNCHING, current TRANSFERRING 1s, ahead SUCCESS"
        );
    }

    #[test]
    fn cancelling_leads_to_an_end() {
        assert_eq!(
            rail(&[(0, "QUEUED"), (5, "CANCELLING")], START),
            "done QUEUED 5s, current CANCELLING 1s, ahead SUCCESS"
        );
    }

    #[test]
    fn flapping_fills_no_memory() {
        let mut phases = Phases::default();
        for n in 0..10_000 {
            phases.observe(
                &answer(if n % 2 == 0 { "TRANSFERRING" } else { "VERIFYING" }, ""),
                at(n),
                SignedDuration::from_secs(90),
            );
        }
        assert!(phases.seen.len() <= KEPT);
    }
}
