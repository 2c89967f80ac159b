//! What every scenario promises, and what the named ones do.

use std::collections::BTreeSet;

use proptest::prelude::*;

use serde_json::{Map, Value};

use super::*;
use crate::{
    aws::snapshot::Status,
    demo::{
        scenario::{Injected, Kind, Step},
        scenarios::{self, SCENARIOS},
    },
};

const ARN: &str =
    "arn:aws:datasync:us-east-1:111122223333:task/task-0123456789abcdef0/execution/exec-0123456789abcdef0";

fn at(scenario: &Scenario, seconds: f64) -> Snapshot {
    let started: Timestamp = "2026-11-22T16:00:00Z".parse().unwrap();
    scenario.answer(&Arn::parse(ARN).unwrap(), started, after(started, seconds).0)
}

fn named(name: &str) -> &'static Scenario {
    scenarios::named(name).unwrap_or_else(|| panic!("{name}"))
}

/// Where a scenario ends, or where it surely has come to rest.
fn end(scenario: &Scenario) -> f64 {
    if scenario.length().is_finite() { scenario.length() } else { 7200.0 }
}

fn count(answer: &Snapshot, pointer: &str) -> i64 {
    let value = serde_json::to_value(answer).unwrap();
    value.pointer(pointer).and_then(Value::as_i64).unwrap_or_else(|| panic!("{pointer} in {value}"))
}

/// Every number of an answer by its path, but for times.
fn numbers(answer: &Snapshot) -> Vec<(String, i64)> {
    fn walk(path: &str, value: &Value, found: &mut Vec<(String, i64)>) {
        match value {
            Value::Object(map) => map.iter().for_each(|(key, value)| walk(&format!("{path}/{key}"), value, found)),
            Value::Number(number) => found.extend(number.as_i64().map(|number| (path.into(), number))),
            _ => {}
        }
    }
    let mut found = Vec::new();
    let mut value = serde_json::to_value(answer).unwrap();
    value.as_object_mut().unwrap().remove("Options");
    walk("", &value, &mut found);
    found
}

#[test]
fn each_scenario_is_there_once_and_says_what_it_is_in_a_line() {
    for name in [
        "basic",
        "enhanced",
        "queued",
        "slow-launch",
        "failing",
        "stalled",
        "verify-mismatch",
        "error",
        "partial",
        "cancelled",
        "nothing",
        "deletes",
        "huge",
        "unknown",
        "trouble",
        "limited",
        "recovering",
        "all",
    ] {
        assert_eq!(SCENARIOS.iter().filter(|scenario| scenario.name == name).count(), 1, "{name}");
    }
    assert_eq!(SCENARIOS[0].name, "enhanced");
    for scenario in SCENARIOS {
        assert!((1..=100).contains(&scenario.about.chars().count()), "{}", scenario.name);
        assert!(!scenario.task.is_empty());
        assert!(scenario.source.contains("://") && scenario.destination.contains("://"));
    }
    let tasks: BTreeSet<_> = SCENARIOS.iter().map(|scenario| scenario.task).collect();
    assert_eq!(tasks.len(), SCENARIOS.len());
    assert!(scenarios::named("no such").is_none());
}

#[test]
fn the_tables_hold_together() {
    for scenario in SCENARIOS {
        let name = scenario.name;
        assert!(serde_json::from_str::<Map<String, Value>>(scenario.extra_members).is_ok(), "{name}");
        assert!(scenario.options().bytes_per_second.is_some(), "{name}");
        assert!(scenario.window("TRANSFERRING").is_some(), "{name}");
        assert_eq!(scenario.rate_curve.rates[0].0, 0.0, "{name}");
        assert!(scenario.rate_curve.rates.is_sorted_by(|a, b| a.0 < b.0), "{name}");
        assert!(scenario.injected.is_sorted_by(|a, b| a.1 < b.0), "{name}");
        assert!(scenario.deletes() || scenario.load.deletes + scenario.load.deleted_folders == 0, "{name}");
        assert!(scenario.length().is_finite() || scenario.rate_curve.rates.last().unwrap().1 == 0.0, "{name}");
        for failure in scenario.failures {
            assert!(0.0 <= failure.from && failure.from < failure.to && failure.to <= 1.0, "{name}");
            let items = match (failure.step, failure.kind) {
                (Step::Delete, Kind::Files) => scenario.load.deletes,
                (Step::Delete, Kind::Folders) => scenario.load.deleted_folders,
                (_, Kind::Files) => scenario.load.files,
                (_, Kind::Folders) => scenario.load.folders,
            };
            assert!((failure.count as f64) < 0.5 * items as f64 * (failure.to - failure.from), "{name}");
        }
    }
}

#[test]
fn a_basic_execution_goes_as_the_service_describes_it() {
    let basic = named("basic");
    for (seconds, status, result, estimate) in [
        (0.0, "LAUNCHING", false, 0),
        (94.9, "LAUNCHING", false, 0),
        (95.0, "PREPARING", true, 0),
        (400.0, "PREPARING", true, 0),
        (454.0, "PREPARING", true, 1_243_313),
        (455.0, "TRANSFERRING", true, 1_243_313),
        (455.0 + 42.0 * 60.0, "VERIFYING", true, 1_243_313),
        (455.0 + 51.0 * 60.0, "SUCCESS", true, 1_243_313),
        (1e7, "SUCCESS", true, 1_243_313),
    ] {
        let answer = at(basic, seconds);
        assert_eq!(answer.status.as_deref(), Some(status), "{seconds}");
        assert_eq!(answer.result.is_some(), result, "{seconds}");
        assert_eq!(answer.estimated_files_to_transfer, Some(Count(estimate)), "{seconds}");
        assert_eq!(answer.task_mode.as_deref(), Some("BASIC"));
        assert_eq!(answer.launch_time.unwrap().0.as_second() - answer.start_time.unwrap().0.as_second(), 0);
        assert_eq!(answer.end_time.is_some(), status == "SUCCESS");
        for absent in [answer.files_listed.is_some(), answer.files_failed.is_some(), answer.folders_listed.is_some()] {
            assert!(!absent);
        }
        assert_eq!((answer.files_prepared, answer.folders_transferred), (None, None));
        if status == "LAUNCHING" || status == "PREPARING" {
            assert_eq!(answer.bytes_transferred, Some(Count(0)), "{seconds}");
        }
    }
    let prepare_status = |seconds| at(basic, seconds).result.unwrap().prepare_status.unwrap().0;
    assert_eq!((&*prepare_status(480.0), &*prepare_status(560.0)), ("PENDING", "SUCCESS"));
    assert_eq!(count(&at(basic, 499.0), "/BytesTransferred"), 0);
    assert!(count(&at(basic, 540.0), "/BytesTransferred") > 0);
    let halfway = at(basic, 1700.0);
    assert!(halfway.bytes_compressed < halfway.bytes_transferred);
    assert_eq!(halfway.files_verified, Some(Count(0)));
    let done = at(basic, 1e6).result.unwrap();
    let parts = [done.prepare_duration, done.transfer_duration, done.verify_duration].map(|part| part.unwrap().0);
    assert_eq!(done.total_duration, Some(millis(57.0 * 60.0)));
    assert!(parts.iter().sum::<i64>() > done.total_duration.unwrap().0);
}

#[test]
fn an_enhanced_execution_does_all_at_once_while_its_list_grows() {
    let enhanced = named("enhanced");
    let queued = at(enhanced, 5.0);
    assert_eq!((queued.status(), queued.launch_time, queued.result), (Some(Status::Queued), None, None));
    assert!(at(enhanced, 21.0).launch_time.is_some());
    let (early, later) = (at(enhanced, 900.0), at(enhanced, 1800.0));
    for pointer in ["/FilesListed/AtSource", "/EstimatedFilesToTransfer", "/FilesVerified", "/FoldersTransferred"] {
        assert!(0 < count(&early, pointer) && count(&early, pointer) < count(&later, pointer), "{pointer}");
    }
    for answer in [&early, &later] {
        let result = answer.result.clone().unwrap();
        assert_eq!(answer.bytes_compressed, answer.bytes_transferred);
        assert_eq!(answer.task_mode.as_deref(), Some("ENHANCED"));
        assert_eq!((result.prepare_duration, result.transfer_duration), (Some(Count(0)), Some(Count(0))));
        assert!(result.total_duration.unwrap().0 > 0);
    }
    let listed = |seconds| count(&at(enhanced, seconds), "/FilesListed/AtSource");
    assert!(listed(2700.0) < listed(2800.0) && listed(2800.0) == listed(4000.0));
    let done = at(enhanced, 1e6);
    assert_eq!(count(&done, "/FilesFailed/Prepare"), 3);
    assert_eq!(count(&done, "/FilesFailed/Transfer"), 12);
    assert_eq!(count(&done, "/FilesFailed/Verify"), 41);
    assert_eq!(count(&done, "/FilesVerified"), 8_214_507 - 3 - 12 - 41);
}

#[test]
fn each_ends_as_it_says() {
    for (name, minutes, status, detail, written) in [
        ("enhanced", 76.0, "SUCCESS", "", 0.99..1.01),
        ("basic", 58.6, "SUCCESS", "", 1.0..1.01),
        ("queued", 49.0, "SUCCESS", "", 1.0..1.01),
        ("slow-launch", 47.0, "SUCCESS", "", 1.0..1.01),
        ("failing", 43.6, "ERROR", "skipped due to errors", 0.8..0.9),
        ("recovering", 40.75, "SUCCESS", "", 1.0..1.01),
        ("verify-mismatch", 21.0, "ERROR", "Verification detected mismatches", 1.0..1.01),
        ("error", 22.25, "ERROR", "Unable to connect", 0.42..0.44),
        ("partial", 24.2, "ERROR", "skipped due to errors", 0.99..1.0),
        ("cancelled", 17.0, "ERROR", "cancelled", 0.30..0.32),
        ("nothing", 2.75, "SUCCESS", "", 0.0..0.01),
        ("huge", 4_322.0, "SUCCESS", "", 0.99..1.01),
    ] {
        let scenario = named(name);
        assert!((scenario.length() / 60.0 - minutes).abs() < 0.1, "{name}: {}", scenario.length() / 60.0);
        assert!(!at(scenario, scenario.length() - 0.1).is_over(), "{name}");
        let last = at(scenario, scenario.length());
        let result = last.result.clone().unwrap();
        assert_eq!(last.status.as_deref(), Some(status), "{name}");
        assert!(result.error_detail.as_deref().unwrap_or_default().contains(detail), "{name}");
        assert_eq!(result.error_detail.is_some(), status == "ERROR", "{name}");
        let share = count(&last, "/BytesWritten") as f64 / scenario.load.bytes.max(1) as f64;
        assert!(written.contains(&share), "{name}: {share}");
        assert_eq!(at(scenario, scenario.length() + 1e8), last, "{name} stays as it ended");
    }
}

#[test]
fn a_stalled_one_moves_and_then_never_again() {
    let stalled = named("stalled");
    let at_rest = at(stalled, 25.0 * 60.0);
    assert!(count(&at(stalled, 600.0), "/BytesWritten") < count(&at(stalled, 900.0), "/BytesWritten"));
    assert_eq!(at(stalled, 1e7), at_rest);
    assert_eq!(at_rest.status(), Some(Status::Transferring));
    assert_eq!(count(&at_rest, "/BytesTransferred"), (stalled.load.bytes as f64 * 0.38) as i64);
}

#[test]
fn a_recovering_one_pauses_while_its_durations_move() {
    let recovering = named("recovering");
    let (before, after) = (at(recovering, 1000.0), at(recovering, 1240.0));
    assert_eq!(before.bytes_written, after.bytes_written);
    assert_ne!(before.result.unwrap().total_duration, after.result.unwrap().total_duration);
    assert!(at(recovering, 1700.0).bytes_written > after.bytes_written);
}

#[test]
fn modes_and_options_decide_what_is_counted() {
    let deletes = at(named("deletes"), 1e6);
    assert_eq!(count(&deletes, "/FilesDeleted"), 288_105 - 7);
    assert_eq!(count(&deletes, "/FilesFailed/Delete"), 7);
    assert!(count(&deletes, "/FilesListed/AtDestinationForDelete") > 288_105);
    let basic = at(named("basic-deletes"), 1e6);
    assert_eq!(count(&basic, "/EstimatedFilesToDelete"), 43_335);
    assert_eq!(count(&basic, "/EstimatedFilesToTransfer"), 150_077 + 12_008 + 43_335);
    assert_eq!(count(&basic, "/FilesTransferred"), 150_077 + 12_008);
    let all = at(named("all"), 1e6);
    assert_eq!((count(&all, "/FilesPrepared"), count(&all, "/FilesVerified")), (0, 0));
    assert_eq!(at(named("unknown"), 30.0).status(), Some(Status::Other("INITIALIZING".into())));
    let unknown = at(named("unknown"), 700.0);
    assert_eq!((unknown.task_mode.as_deref(), unknown.status.as_deref()), (None, Some("RECONCILING")));
    assert_eq!(unknown.others["BytesDeduplicated"], 1_048_576);
    assert_eq!(unknown.options.unwrap().others["CompressionLevel"], "ADAPTIVE");
    assert!(count(&at(named("huge"), 1e6), "/BytesWritten") > 8_000_000_000_000_000_000);
    let limited = named("limited");
    for minute in 5..50 {
        let rate = |minute| count(&at(limited, f64::from(minute) * 60.0), "/BytesTransferred");
        assert!((rate(minute + 1) - rate(minute)) / 60 <= limited.options().bytes_per_second.unwrap().0);
    }
}

#[test]
fn every_member_of_the_service_is_sent_by_some_scenario() {
    let mut seen = BTreeSet::new();
    for scenario in SCENARIOS {
        let answer = serde_json::to_value(at(scenario, 1e9)).unwrap();
        seen.extend(answer.as_object().unwrap().keys().cloned());
    }
    for member in [
        "TaskExecutionArn",
        "Status",
        "Options",
        "Excludes",
        "Includes",
        "ManifestConfig",
        "StartTime",
        "LaunchTime",
        "EndTime",
        "EstimatedFilesToTransfer",
        "EstimatedFoldersToTransfer",
        "EstimatedBytesToTransfer",
        "FilesTransferred",
        "FoldersTransferred",
        "BytesWritten",
        "BytesTransferred",
        "BytesCompressed",
        "Result",
        "TaskReportConfig",
        "ReportResult",
        "FilesDeleted",
        "FoldersDeleted",
        "FilesSkipped",
        "FoldersSkipped",
        "FilesVerified",
        "FoldersVerified",
        "EstimatedFilesToDelete",
        "EstimatedFoldersToDelete",
        "TaskMode",
        "FilesPrepared",
        "FoldersPrepared",
        "FilesListed",
        "FoldersListed",
        "FilesFailed",
        "FoldersFailed",
    ] {
        assert!(seen.contains(member), "{member}");
    }
}

#[test]
fn trouble_comes_in_pieces_with_good_answers_between() {
    let trouble = named("trouble");
    let started = Timestamp::UNIX_EPOCH;
    let at = |minutes: f64| trouble.injected_at(started, after(started, minutes * 60.0).0);
    assert_eq!((at(0.0), at(5.0), at(7.0), at(9.0)), (None, Some(Injected::Throttled), None, Some(Injected::Expired)));
    let kinds: BTreeSet<String> = trouble.injected.iter().map(|(_, _, kind)| format!("{kind:?}")).collect();
    assert_eq!(kinds.len(), 12);
    assert_eq!(named("basic").injected_at(started, started), None);
}

#[test]
fn an_earlier_execution_is_over() {
    let started = Timestamp::UNIX_EPOCH;
    for scenario in SCENARIOS {
        let answer = scenario.earlier(&Arn::parse(ARN).unwrap(), started, 3600.0, 0.5, Ending::Success);
        assert!(answer.is_over());
        assert_eq!(answer.end_time, Some(after(started, 3600.0)));
        assert_eq!(answer.files_listed.is_some(), scenario.is_enhanced());
        assert!(answer.estimated_bytes_to_transfer.unwrap().0 <= scenario.load.bytes / 2 + 1);
    }
}

fn holds_together(scenario: &Scenario, answer: &Snapshot) {
    for (path, number) in numbers(answer) {
        assert!(number >= 0, "{path} is {number}");
    }
    assert!(answer.bytes_written <= answer.bytes_transferred);
    assert!(answer.bytes_transferred <= answer.estimated_bytes_to_transfer);
    assert!(answer.files_deleted <= answer.estimated_files_to_delete);
    if scenario.option("VerifyMode") != "POINT_IN_TIME_CONSISTENT" {
        assert!(answer.files_verified <= answer.files_transferred);
    }
    if !scenario.is_enhanced() {
        assert!(answer.files_transferred <= answer.estimated_files_to_transfer);
        return;
    }
    let listed = |listed: &Option<crate::aws::snapshot::Listed>| listed.as_ref().unwrap().at_source;
    let compared = scenario.option("TransferMode") != "ALL";
    if compared {
        assert!(answer.files_prepared <= answer.estimated_files_to_transfer);
        assert!(answer.files_transferred <= answer.files_prepared);
        assert!(answer.folders_transferred <= answer.folders_prepared);
        assert!(answer.folders_prepared <= listed(&answer.folders_listed));
    }
    assert!(answer.estimated_files_to_transfer <= listed(&answer.files_listed));
    assert!(answer.files_transferred <= listed(&answer.files_listed));
    assert!(answer.folders_verified <= answer.folders_transferred);
}

fn is_not_behind(earlier: &Snapshot, later: &Snapshot) {
    let later: std::collections::HashMap<String, i64> = numbers(later).into_iter().collect();
    for (path, number) in numbers(earlier) {
        assert!(later[&path] >= number, "{path} fell from {number} to {}", later[&path]);
    }
}

#[test]
fn step_by_step_nothing_falls_back() {
    for scenario in SCENARIOS {
        let stride = (end(scenario) / 400.0).max(scenario.step);
        let mut before = at(scenario, 0.0);
        for nth in 1..=410 {
            let answer = at(scenario, f64::from(nth) * stride);
            holds_together(scenario, &answer);
            is_not_behind(&before, &answer);
            before = answer;
        }
    }
}

proptest! {
    #[test]
    fn at_any_time_it_holds_together(index in 0..SCENARIOS.len(), share in 0.0..1.1, later in 0.0..0.2) {
        let scenario = &SCENARIOS[index];
        let (early, late) = (share * end(scenario), (share + later) * end(scenario));
        let (before, after) = (at(scenario, early), at(scenario, late));
        holds_together(scenario, &before);
        is_not_behind(&before, &after);
    }

    #[test]
    fn counters_and_durations_move_in_steps_only(index in 0..SCENARIOS.len(), step in 0..20_000u32, within in 0.0..14.9) {
        let scenario = &SCENARIOS[index];
        let begin = scenario.launching() + f64::from(step) * scenario.step;
        let (first, later) = (at(scenario, begin + 0.01), at(scenario, begin + within));
        prop_assume!(first.is_over() == later.is_over());
        prop_assert_eq!(numbers(&first), numbers(&later));
    }

    #[test]
    fn any_two_moments_are_survived(started in any::<i32>(), now in any::<i32>(), index in 0..SCENARIOS.len()) {
        let moment = |seconds: i32| Timestamp::from_second(seconds.into()).unwrap();
        let arn = Arn::parse(ARN).unwrap();
        let answer = SCENARIOS[index].answer(&arn, moment(started), moment(now));
        prop_assert_eq!(answer.task_execution_arn.as_deref(), Some(ARN));
    }
}
