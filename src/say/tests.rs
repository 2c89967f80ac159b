//! Every variant of what is judged has its words in every form.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::{
    units::LocalTime,
    words::{self, advice, bottleneck, eta, events, finding, rate},
};
use crate::{
    aws::{
        applicability::NotApplicable,
        fault::{Fault, FaultKind},
        snapshot::Status,
    },
    transfer::{
        events::Kind,
        judge::{
            advice::{Advice, Agents, Cause, Log, Place, Remedy, Side, Storage, Tells},
            bottleneck::Bottleneck,
            estimate::{Stage, Unknown},
            health::{FailingStep, Finding, Health, HealthState},
            outcome::Outcome,
        },
        past::{
            phases::{Age, PhaseState},
            pipeline::{FLOW, Step},
            timeline::Rate,
        },
        present::{progress::Ending, rates::Current},
        severity::Severity,
    },
};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

const UTC: TimeZone = TimeZone::UTC;

fn said(bottleneck: &Bottleneck) -> String {
    bottleneck::sentence(bottleneck, &LocalTime { now: Timestamp::UNIX_EPOCH, zone: &UTC })
}

/// A sentence has a capital, an end, one line, and says nothing of how it is made.
fn assert_sentence(text: &str) {
    assert!(text.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit()), "{text}");
    assert!(text.ends_with('.') && !text.contains(".."), "{text}");
    assert_plain(text);
}

fn assert_plain(text: &str) {
    assert!(!text.is_empty() && text.trim() == text && !text.contains("  ") && !text.contains('\n'), "{text:?}");
    assert!(!text.contains(['{', '}']) && !text.contains("Some(") && !text.contains("::"), "{text:?}");
}

/// A coded word: lower-case letters and underscores.
fn assert_code(code: &str) {
    assert!(!code.is_empty() && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{code}");
}

fn fault() -> Fault {
    Fault::new(FaultKind::Unreachable, "the network is down")
}

fn findings() -> Vec<Finding> {
    let (unchanged_for, last_change) = (MINUTE, Some(Timestamp::UNIX_EPOCH));
    let mut all = vec![
        Finding::Unseen { unseen_for: None, fault: fault() },
        Finding::Unseen { unseen_for: Some(MINUTE), fault: fault() },
        Finding::Watching { unchanged_for },
        Finding::Watching { unchanged_for: SignedDuration::ZERO },
        Finding::Stalled { unchanged_for, usual_step: None, last_change, behind: None },
        Finding::Stalled { unchanged_for, usual_step: Some(MINUTE), last_change: None, behind: None },
        Finding::Stalled { unchanged_for, usual_step: None, last_change: None, behind: Some(MINUTE * 47) },
        Finding::Unlisted { folders: 1 },
        Finding::Unlisted { folders: 2_000 },
        Finding::Idle { unchanged_for, last_change },
        Finding::Quiet { unchanged_for, last_change },
        Finding::Slow { rate: 1e6, window: 600.0, median: 1e8, is_step: true },
        Finding::Failing { steps: vec![failing(Step::Verified, 12)], by_the_end: None, since: None },
        Finding::Failing {
            steps: vec![failing(Step::Listed, 1), failing(Step::Verified, 2), failing(Step::Deleted, 3)],
            by_the_end: Some(9_000_000),
            since: None,
        },
        Finding::Launching(Age::AtLeast(MINUTE)),
    ];
    for step in FLOW {
        for moving in [vec![], vec![Step::Listed], vec![Step::Listed, Step::Prepared, Step::Verified]] {
            let usual_step = Some(MINUTE).filter(|_| moving.is_empty());
            all.push(Finding::StepStalled { step, unchanged_for, usual_step, last_change, moving });
        }
        all.push(Finding::StepSlow { step, rate: 3.2, median: 1e9 });
    }
    all.extend(endings().into_iter().map(Finding::Incomplete));
    all.extend(Outcome::ALL.map(Finding::EndedIn));
    all
}

fn failing(step: Step, failed: i64) -> FailingStep {
    FailingStep { step, failed, share: 0.02, is_folders: false }
}

#[test]
fn what_stands_and_what_fails_is_said_by_step() {
    let [stopped, fails] = [
        Finding::StepStalled {
            step: Step::Transferred,
            unchanged_for: MINUTE * 7,
            usual_step: Some(MINUTE / 4),
            last_change: None,
            moving: vec![Step::Listed, Step::Prepared],
        },
        Finding::Failing {
            steps: vec![failing(Step::Transferred, 388_450), failing(Step::Prepared, 4_202)],
            by_the_end: None,
            since: None,
        },
    ]
    .map(|found| finding::sentence(&found));
    assert_eq!(
        stopped,
        "Transfer: nothing was transferred for 7m; it usually moves every 15s; listing and preparing go on."
    );
    let folders = FailingStep { step: Step::Listed, failed: 1_406, share: 0.0099, is_folders: true };
    let folders = Finding::Failing { steps: vec![folders], by_the_end: None, since: None };
    assert_eq!(
        finding::sentence(&folders),
        "1,406 folders failed to list, 1.0% of those attempted; whatever is in them is left out."
    );
    assert_eq!(fails, "388,450 items failed to transfer, 2.0% of those attempted; also 4,202 to prepare (2.0%).");
}

#[test]
fn a_badge_has_the_age_of_what_is_shown() {
    let badge =
        |state, finding| words::health_badge(&Health { state, severity: Severity::Info, finding: Some(finding) });
    let unseen = Finding::Unseen { unseen_for: Some(SignedDuration::from_secs(8)), fault: fault() };
    assert_eq!(badge(HealthState::Stale, unseen.clone()), "STALE 8s");
    assert_eq!(badge(HealthState::Blind, unseen), "BLIND");
    let watching = Finding::Watching { unchanged_for: SignedDuration::from_secs(42) };
    assert_eq!(badge(HealthState::Watching, watching), "WATCHING 42s");
}

fn endings() -> Vec<Ending> {
    vec![
        Ending::Whole,
        Ending::Nothing,
        Ending::Failures(1),
        Ending::Short(2),
        Ending::BytesShort(4096),
        Ending::SkippedOfAll(1),
        Ending::Error,
    ]
}

#[test]
fn findings_have_a_sentence_and_a_short_form() {
    for found in findings() {
        assert_sentence(&finding::sentence(&found));
        if let Some(short) = finding::short(&found) {
            assert_plain(&short);
            assert!(short.len() <= 24 && !short.ends_with('.'), "{short}");
        }
    }
}

#[test]
fn health_has_a_code_a_word_and_a_badge() {
    let mut codes = BTreeSet::new();
    for state in HealthState::ALL {
        for severity in [Severity::Ok, Severity::Info, Severity::Warning, Severity::Critical] {
            let health = Health { state, severity, finding: None };
            assert_plain(words::health(&health));
            assert_eq!(words::health_badge(&health), words::health(&health).to_uppercase());
            assert_code(words::severity_code(severity));
        }
        assert_code(words::health_code(state));
        codes.insert(words::health_code(state));
    }
    assert_eq!(codes.len(), HealthState::ALL.len(), "no two states share a code");
}

#[test]
fn outcomes_phases_steps_and_ages_have_their_words() {
    for outcome in Outcome::ALL {
        assert_code(words::outcome_code(outcome));
        assert_plain(words::outcome(outcome));
        assert_plain(&events::words(&Kind::Ended(outcome)));
    }
    for state in [PhaseState::Unseen, PhaseState::Done, PhaseState::Failed, PhaseState::Current, PhaseState::Ahead] {
        assert_code(words::phase_code(state));
    }
    for step in Step::ALL {
        assert_plain(words::step(step));
        assert_plain(words::step_noun(step));
        assert_plain(words::step_verb(step));
    }
    for age in [Age::Seen(MINUTE), Age::Reported(MINUTE), Age::AtLeast(MINUTE), Age::AtMost(MINUTE)] {
        assert!(words::age(age).ends_with("1m") && words::age_in_words(age).ends_with("1m"));
        assert_eq!(words::age_bound(age).is_some(), words::age(age).starts_with(['≥', '≤']));
    }
    for status in ["QUEUED", "LAUNCHING", "SUCCESS", "NOVEL"] {
        assert_plain(&words::status(&Status::from(status)));
    }
}

#[test]
fn bottlenecks_have_a_sentence_and_a_code() {
    let limit = |compression_is_vain| Bottleneck::BandwidthLimit { used: 0.97, limit: 1 << 20, compression_is_vain };
    let backlog = |before, after| Bottleneck::Backlog { before, after, waiting: 1_820_000, growth: 659.0 };
    for bottleneck in [
        limit(true),
        limit(false),
        Bottleneck::ItemCount { files_per_second: 10.0, size: 2000, size_before: 10_000 },
        backlog(Step::Listed, Step::Prepared),
        backlog(Step::Prepared, Step::Transferred),
        backlog(Step::Transferred, Step::Verified),
        Bottleneck::RateChanged { at: Timestamp::UNIX_EPOCH, from: 1e6, to: 2e6 },
        Bottleneck::Compression(0.4),
    ] {
        assert_sentence(&said(&bottleneck));
        assert_code(words::bottleneck_code(&bottleneck));
    }
    assert_eq!(
        said(&backlog(Step::Prepared, Step::Transferred)),
        "Transfer is the bottleneck: 1.82M files prepared but not transferred, growing by 659/s."
    );
}

/// Each cause at each storage of each location.
fn at_locations(agents: Agents) -> Vec<Remedy> {
    use Storage::*;
    let mut all = Vec::new();
    for storage in [Nfs, Smb, Hdfs, Objects, Azure, Efs, Ontap, Fsx, Unknown] {
        for side in [None, Some(Side::Source), Some(Side::Destination)] {
            let place = Place { side, storage, agents };
            let causes = [None, Some(Cause::Network), Some(Cause::Permission), Some(Cause::InputOutput)];
            all.extend(causes.map(|cause| Remedy::Location(place, cause)));
        }
    }
    all
}

#[test]
fn advice_tells_causes_and_sides_apart() {
    for remedy in at_locations(Agents::Used) {
        let text = advice::sentence(&Advice::Remedy(remedy));
        let Remedy::Location(place, cause) = remedy else { panic!("{remedy:?}") };
        assert_eq!(text.contains("the network, not a permission"), cause == Some(Cause::Network), "{text}");
        assert_eq!(text.contains("a permission, not the network"), cause == Some(Cause::Permission), "{text}");
        assert_eq!(text.contains("ikely "), cause.is_some(), "{text}");
        assert_eq!(text.contains("the source"), place.side == Some(Side::Source), "{text}");
        assert_eq!(text.contains("the destination"), place.side == Some(Side::Destination), "{text}");
        let squash = cause == Some(Cause::Permission) && matches!(place.storage, Storage::Nfs | Storage::Unknown);
        assert_eq!(text.contains("root"), squash, "{text}");
    }
}

#[test]
fn advice_where_the_locations_are_unknown_fits_either_way() {
    let place = |agents| Place { side: None, storage: Storage::Objects, agents };
    let said = |agents| advice::sentence(&Advice::Remedy(Remedy::Location(place(agents), Some(Cause::Network))));
    for (agents, agent, interfaces) in
        [(Agents::Used, true, false), (Agents::None, false, true), (Agents::Unknown, true, true)]
    {
        let text = said(agents);
        assert_eq!((text.contains("the agent"), text.contains("network interfaces")), (agent, interfaces), "{text}");
    }
}

#[test]
fn advice_has_sentences_that_fit_the_agents() {
    let agents = [Agents::Used, Agents::None, Agents::Unknown];
    let mut all: Vec<Advice> = Vec::new();
    for agents in agents {
        all.extend([Advice::StuckLaunching(agents), Advice::Stalled(agents)]);
        all.push(Advice::Remedy(Remedy::Memory(agents)));
        all.extend(at_locations(agents).into_iter().map(Advice::Remedy));
    }
    all.extend(
        [
            Remedy::InterfaceDeleted,
            Remedy::NfsIdMapping,
            Remedy::SmbFailover,
            Remedy::Kerberos(None),
            Remedy::Kerberos(Some(Cause::Permission)),
            Remedy::Kerberos(Some(Cause::Network)),
            Remedy::LocationAccess,
            Remedy::FilesChanged,
            Remedy::ItemsSkipped,
            Remedy::RegionDisabled,
        ]
        .map(Advice::Remedy),
    );
    for log in [Log::Off, Log::NoGroup, Log::Group("/aws/datasync".into()), Log::Unknown] {
        all.extend([Tells::Cause, Tells::Items].map(|tells| Advice::Log(log.clone(), tells)));
    }
    all.push(Advice::RunAgain);
    for advice in &all {
        assert_sentence(&advice::sentence(advice));
    }
    for advice in [Advice::StuckLaunching(Agents::None), Advice::Stalled(Agents::None)] {
        let text = advice::sentence(&advice);
        assert!(!text.contains("agent is") && !text.contains("the agent"), "{text}");
    }
}

#[test]
fn an_unknown_end_has_a_reason() {
    let stages =
        [Stage::Before, Stage::Preparing, Stage::Transferring, Stage::Verifying, Stage::Cancelling, Stage::Over];
    let mut all: Vec<Unknown> = stages.map(Unknown::NotTransferring).into();
    all.extend((0..5).map(Unknown::FewChanges));
    all.extend([Unknown::NoEstimate, Unknown::PastTotal, Unknown::Stalled(MINUTE)]);
    for unknown in all {
        assert_plain(&eta::unknown(&unknown));
    }
}

#[test]
fn rates_have_words_and_a_code() {
    let moving = Rate { per_second: 1e6, window: 60.0 };
    for current in [
        Current::Moving { bytes: moving, files: moving },
        Current::Still(MINUTE),
        Current::Measuring,
        Current::Unseen,
        Current::None,
    ] {
        assert_code(rate::code(&current));
        for words in [rate::bytes(&current), rate::files(&current)] {
            assert_eq!(words.is_none(), current == Current::None);
            words.iter().for_each(|words| assert_plain(words));
        }
    }
}

#[test]
fn events_have_words() {
    let status = |lasted| Kind::Status { from: Status::Queued, to: Status::Launching, lasted };
    let mut all = vec![
        Kind::PollFailed(fault()),
        Kind::PollRecovered(MINUTE),
        Kind::WatchResumed(MINUTE),
        Kind::FirstPoll(Status::Transferring),
        status(None),
        status(Some(MINUTE)),
        Kind::FirstBytes,
        Kind::FirstFailures { step: Step::Verified, count: 1 },
        Kind::FirstFailures { step: Step::Verified, count: 11 },
        Kind::FailuresReached(1000),
        Kind::Passed(50),
        Kind::LimitChanged(None),
        Kind::LimitChanged(Some(1 << 20)),
        Kind::EstimateChanged { from: 1, to: 2 },
        Kind::ListingFinished { files: Some(8_214_507), bytes: None },
        Kind::RateChanged { from: 1.0, to: 2.0 },
        Kind::LinesUnreadable(1),
        Kind::LinesUnreadable(2),
    ];
    all.extend(findings().into_iter().map(|found| Kind::Trouble(HealthState::Stalled, found)));
    all.extend(HealthState::ALL.map(Kind::Recovered));
    for kind in &all {
        let words = events::words(kind);
        assert_plain(&words);
        assert!(!words.ends_with('.') && !words.starts_with(char::is_uppercase), "{words}");
    }
    assert_eq!(events::words(&status(Some(SignedDuration::from_secs(625)))), "launching (queued 10m 25s)");
    assert_eq!(events::words(&Kind::FirstFailures { step: Step::Verified, count: 11 }), "verify: first failures (11)");
}

#[test]
fn what_does_not_apply_says_why() {
    for why in [
        NotApplicable::PhasesRunInParallel,
        NotApplicable::NoCompression,
        NotApplicable::LimitIgnored,
        NotApplicable::NotInBasic,
        NotApplicable::FailuresNotInBasic,
        NotApplicable::FoldersAmongFiles,
        NotApplicable::NothingCompared,
        NotApplicable::VerificationOff,
        NotApplicable::NoDenominator,
        NotApplicable::NothingDeleted,
    ] {
        assert_plain(words::not_applicable(why));
    }
}
