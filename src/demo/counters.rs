//! The counters of a simulated execution: what was listed, prepared, moved, verified, deleted, and what failed.

use super::scenario::{Failure, Kind, Load, Moment, Scenario, Step};
use crate::aws::snapshot::{Count, Failed, Listed, Snapshot};

/// Seconds of TRANSFERRING before the first bytes are counted.
const FIRST_BYTES: f64 = 45.0;

/// Seconds by which preparing is behind listing, writing behind reading, and verifying behind writing.
const BEHIND: (f64, f64, f64) = (45.0, 15.0, 60.0);

/// Every counter of an answer, files and directories apart.
#[derive(Debug, Default)]
pub(super) struct Counters {
    files: Lane,
    folders: Lane,
    estimated_bytes: i64,
    bytes_transferred: i64,
    bytes_written: i64,
}

/// What has become of the files, or of the directories.
#[derive(Debug, Default)]
struct Lane {
    estimated: i64,
    listed: i64,
    listed_for_delete: i64,
    prepared: i64,
    skipped: i64,
    transferred: i64,
    verified: i64,
    estimated_deletes: i64,
    deleted: i64,
    failed: [i64; 5],
}

/// Which share of its items each step is through with, 0 to 1.
#[derive(Clone, Copy, Debug)]
struct Progress {
    listed: f64,
    prepared: f64,
    read: f64,
    written: f64,
    verified: f64,
    deleted: f64,
}

impl Counters {
    /// The counters at one moment of a scenario's course.
    pub fn at(scenario: &Scenario, moment: &Moment) -> Self {
        match moment.work {
            Some(work) => Self::after(scenario, &scenario.load, Progress::at(scenario, work)),
            None => Self::default(),
        }
    }

    /// The counters after all of `load` was dealt with.
    pub fn whole(scenario: &Scenario, load: &Load) -> Self {
        let all = Progress { listed: 1.0, prepared: 1.0, read: 1.0, written: 1.0, verified: 1.0, deleted: 1.0 };
        Self::after(scenario, load, all)
    }

    fn after(scenario: &Scenario, load: &Load, progress: Progress) -> Self {
        let failures = |kind, step| scenario.failures.iter().find(move |f| f.kind == kind && f.step == step);
        let files = Items {
            all: load.files,
            skipped: load.skipped,
            filtered: load.filtered,
            deletes: load.deletes,
            failures: Box::new(move |step| failures(Kind::Files, step)),
        };
        let folders = Items {
            all: load.folders,
            skipped: load.skipped_folders,
            filtered: 0,
            deletes: load.deleted_folders,
            failures: Box::new(move |step| failures(Kind::Folders, step)),
        };
        let lost = failures(Kind::Files, Step::Transfer).map_or(0.0, |lost| lost.count as f64 / load.files as f64);
        let moved = if lost > 0.0 { part(load.bytes, 1.0 - lost) } else { load.bytes };
        Self {
            files: files.after(scenario, progress),
            folders: folders.after(scenario, progress),
            estimated_bytes: part(load.bytes, progress.listed),
            bytes_transferred: part(moved, progress.read.min(progress.prepared)),
            bytes_written: part(moved, progress.written.min(progress.prepared)),
        }
    }

    /// Adds the counters that this scenario's mode reports.
    pub fn write(&self, scenario: &Scenario, answer: &mut Snapshot) {
        answer.estimated_bytes_to_transfer = Some(Count(self.estimated_bytes));
        answer.bytes_transferred = Some(Count(self.bytes_transferred));
        answer.bytes_written = Some(Count(self.bytes_written));
        if scenario.is_enhanced() {
            answer.bytes_compressed = answer.bytes_transferred;
            self.write_enhanced(answer);
        } else {
            answer.bytes_compressed = Some(Count(part(self.bytes_transferred, scenario.compression)));
            self.write_basic(answer);
        }
    }

    /// Basic mode counts directories among the files, and expected deletes among what is to be transferred.
    fn write_basic(&self, answer: &mut Snapshot) {
        let sum = |of: fn(&Lane) -> i64| Some(Count(of(&self.files) + of(&self.folders)));
        answer.estimated_files_to_transfer = sum(|lane| lane.estimated + lane.estimated_deletes);
        answer.estimated_files_to_delete = sum(|lane| lane.estimated_deletes);
        answer.files_transferred = sum(|lane| lane.transferred);
        answer.files_skipped = sum(|lane| lane.skipped);
        answer.files_verified = sum(|lane| lane.verified);
        answer.files_deleted = sum(|lane| lane.deleted);
    }

    fn write_enhanced(&self, answer: &mut Snapshot) {
        let (files, folders) = (&self.files, &self.folders);
        answer.estimated_files_to_transfer = Some(Count(files.estimated));
        answer.estimated_folders_to_transfer = Some(Count(folders.estimated));
        answer.estimated_files_to_delete = Some(Count(files.estimated_deletes));
        answer.estimated_folders_to_delete = Some(Count(folders.estimated_deletes));
        answer.files_transferred = Some(Count(files.transferred));
        answer.folders_transferred = Some(Count(folders.transferred));
        answer.files_skipped = Some(Count(files.skipped));
        answer.folders_skipped = Some(Count(folders.skipped));
        answer.files_prepared = Some(Count(files.prepared));
        answer.folders_prepared = Some(Count(folders.prepared));
        answer.files_verified = Some(Count(files.verified));
        answer.folders_verified = Some(Count(folders.verified));
        answer.files_deleted = Some(Count(files.deleted));
        answer.folders_deleted = Some(Count(folders.deleted));
        answer.files_listed = Some(files.listed());
        answer.folders_listed = Some(folders.listed());
        answer.files_failed = Some(Failed { list: None, ..files.failed() });
        answer.folders_failed = Some(folders.failed());
    }
}

impl Lane {
    fn listed(&self) -> Listed {
        Listed {
            at_source: Some(Count(self.listed)),
            at_destination_for_delete: Some(Count(self.listed_for_delete)),
            ..Listed::default()
        }
    }

    fn failed(&self) -> Failed {
        let [list, prepare, transfer, verify, delete] = self.failed.map(|count| Some(Count(count)));
        Failed { list, prepare, transfer, verify, delete, ..Failed::default() }
    }
}

/// What there is of files, or of directories, and what of it fails.
struct Items<'a> {
    all: i64,
    skipped: i64,
    filtered: i64,
    deletes: i64,
    failures: Box<dyn Fn(Step) -> Option<&'a Failure> + 'a>,
}

impl Items<'_> {
    /// Each step takes what the one before has let through, so that none is ever ahead of it.
    fn after(&self, scenario: &Scenario, progress: Progress) -> Lane {
        let found = part(self.all, progress.listed);
        let unlisted = self.failed(Step::List, found, self.all);
        let mut all = self.all - self.expected(Step::List);

        let compared = part(self.all, progress.prepared).min(found - unlisted);
        let unprepared = self.failed(Step::Prepare, compared, all);
        let prepared = compared - unprepared;
        all -= self.expected(Step::Prepare);

        let sent = part(self.all, progress.read.powf(1.2)).min(prepared);
        let unsent = self.failed(Step::Transfer, sent, all);
        let transferred = sent - unsent;
        all -= self.expected(Step::Transfer);

        let skipped = part(self.skipped, if scenario.is_enhanced() { progress.prepared } else { progress.read });
        let checked = self.checked(scenario, progress.verified, transferred, skipped);
        let unverified = self.failed(Step::Verify, checked, all);

        let reached = part(self.deletes, progress.deleted);
        let undeleted = self.failed(Step::Delete, reached, self.deletes);
        let at_destination = if scenario.deletes() { self.deletes + self.skipped + self.all / 3 } else { 0 };
        Lane {
            estimated: found,
            listed: found - unlisted + part(self.skipped + self.filtered, progress.listed),
            listed_for_delete: part(at_destination, progress.listed),
            prepared: if scenario.option("TransferMode") == "ALL" { 0 } else { prepared },
            skipped,
            transferred,
            verified: checked - unverified,
            estimated_deletes: part(self.deletes, progress.listed),
            deleted: reached - undeleted,
            failed: [unlisted, unprepared, unsent, unverified, undeleted],
        }
    }

    /// Enhanced mode verifies what it has just transferred. Basic mode verifies at the end: what it has
    /// transferred, or everything at both sides.
    fn checked(&self, scenario: &Scenario, share: f64, transferred: i64, skipped: i64) -> i64 {
        match scenario.option("VerifyMode") {
            "NONE" => 0,
            _ if scenario.is_enhanced() => part(self.all, share.powf(1.2)).min(transferred),
            "POINT_IN_TIME_CONSISTENT" => part(transferred + skipped, share),
            _ => part(transferred, share),
        }
    }

    fn expected(&self, step: Step) -> i64 {
        (self.failures)(step).map_or(0, |failure| failure.count)
    }

    /// How many of the first `done` items of a step failed, where `of` reach it in the end.
    fn failed(&self, step: Step, done: i64, of: i64) -> i64 {
        let Some(failure) = (self.failures)(step) else { return 0 };
        let share = (done as f64 / of.max(1) as f64 - failure.from) / (failure.to - failure.from);
        part(failure.count, share).min(done)
    }
}

impl Progress {
    /// `work` seconds after it was launched.
    fn at(scenario: &Scenario, work: f64) -> Self {
        let length = scenario.length() - scenario.launching();
        // What lags has caught up at the end: there the lag is nothing.
        let behind = |lag: f64| (work - lag * (1.0 - work / length)).max(0.0);
        let written = behind(BEHIND.1);
        let reads = |time| moved(scenario, time);
        if scenario.is_enhanced() {
            Self {
                listed: listed(work / scenario.listed_by),
                prepared: listed(behind(BEHIND.0) / scenario.listed_by),
                read: reads(work),
                written: reads(written),
                verified: reads(behind(BEHIND.2)),
                deleted: through(work, (0.7 * length, 0.97 * length)),
            }
        } else {
            let known = scenario.window("PREPARING").is_none_or(|(_, to)| work >= to - 2.0 * scenario.step);
            let listed = if known { 1.0 } else { 0.0 };
            let transferring = scenario.window("TRANSFERRING").unwrap_or((0.0, 1.0));
            let (from, to) = transferring;
            Self {
                listed,
                prepared: listed,
                read: reads(work),
                written: reads(written.min(work)),
                verified: scenario.window("VERIFYING").map_or(0.0, |window| through(work, window)),
                deleted: through(work, (from + 0.6 * (to - from), to)),
            }
        }
    }
}

/// The share of the load that was read `time` seconds after it was launched.
fn moved(scenario: &Scenario, time: f64) -> f64 {
    let Some((from, to)) = scenario.window("TRANSFERRING") else { return 0.0 };
    let begin = from + FIRST_BYTES.min((to - from) / 2.0);
    scenario.reaches * scenario.rate_curve.moved(time - begin, to - begin, scenario.seed())
}

/// Listing is quick at first, and slower where directories lie deeper.
fn listed(share: f64) -> f64 {
    let share = share.clamp(0.0, 1.0);
    share * (1.5 - 0.5 * share)
}

fn through(time: f64, (from, to): (f64, f64)) -> f64 {
    if to.is_infinite() { 0.0 } else { ((time - from) / (to - from)).clamp(0.0, 1.0) }
}

/// A share of a count: exactly all of it at 1, and nothing at 0 or below.
fn part(count: i64, share: f64) -> i64 {
    if share >= 1.0 {
        count
    } else if share > 0.0 {
        ((count as f64 * share) as i64).min(count)
    } else {
        0
    }
}
