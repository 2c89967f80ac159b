//! What a simulated execution is: data that says what happens when, and its answer at any moment.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::{counters::Counters, rate_curve::RateCurve, scenarios::SCENARIOS};
use crate::aws::{
    arn::Arn,
    observation::{Observation, Outcome},
    response::Response,
    snapshot::{
        Count, Filter, ManifestBucket, ManifestConfig, ManifestSource, Options, ReportBucket, ReportDestination,
        ReportLevel, ReportOverrides, ReportResult, ResultDetail, Snapshot, TaskReportConfig, Text, Time,
    },
    task::Task,
};

/// Seconds between two steps of the counters, where a scenario does not say otherwise.
pub const STEP: f64 = 15.0;

/// The duration of a status that never ends.
pub const FOR_GOOD: f64 = f64::INFINITY;

/// One simulated task and what its execution goes through.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Its name on the command line.
    pub name: &'static str,
    /// What happens, in one line.
    pub about: &'static str,
    /// The task's name.
    pub task: &'static str,
    /// The URI of the source location.
    pub source: &'static str,
    /// The URI of the destination location.
    pub destination: &'static str,
    /// Which of the two modes runs it.
    pub mode: TaskMode,
    /// How it is configured.
    pub setup: Setup,
    /// Each status before the end and how many seconds it lasts.
    pub course: &'static [(&'static str, f64)],
    /// How it ends after the last status of its course.
    pub ending: Ending,
    /// What there is to do.
    pub load: Load,
    /// Bytes on the network for each byte sent (Basic).
    pub compression: f64,
    /// How fast it goes.
    pub pace: RateCurve,
    /// The share of the load that has moved when TRANSFERRING ends.
    pub reaches: f64,
    /// Seconds after launching until everything is listed (Enhanced).
    pub listed_by: f64,
    /// What fails.
    pub failures: &'static [Failure],
    /// Seconds between two steps of the counters.
    pub step: f64,
    /// Seconds after launching from which on neither counters nor durations move any more.
    pub stops: Option<f64>,
    /// A JSON object with members that no documentation names, added to each answer.
    pub novelties: &'static str,
    /// When asking about the execution goes wrong: seconds since the start, from and to.
    pub trouble: &'static [(f64, f64, Trouble)],
}

/// The task mode, and whether the answer says it: older answers of Basic tasks do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskMode {
    /// One step after the other.
    Basic,
    /// Basic, and the answer carries no TaskMode.
    Unsaid,
    /// All steps at once.
    Enhanced,
}

impl TaskMode {
    /// The service's word; `None` where the answer carries none.
    pub fn word(self) -> Option<&'static str> {
        match self {
            Self::Basic => Some("BASIC"),
            Self::Unsaid => None,
            Self::Enhanced => Some("ENHANCED"),
        }
    }
}

/// How a task is configured, where that differs from its mode's defaults.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// Members of `Options`.
    pub options: &'static [(&'static str, &'static str)],
    /// The pattern of the one exclude filter; empty without one.
    pub excludes: &'static str,
    /// The pattern of the one include filter; empty without one.
    pub includes: &'static str,
    /// The key of the manifest in its bucket; empty without one.
    pub manifest: &'static str,
    /// The task report, if there is one.
    pub report: Option<Report>,
}

/// A task report.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    /// SUMMARY_ONLY or STANDARD.
    pub output_type: &'static str,
    /// ERRORS_ONLY or SUCCESSES_AND_ERRORS.
    pub level: &'static str,
    /// Code and detail of what kept it from being complete.
    pub error: Option<(&'static str, &'static str)>,
}

/// What there is to transfer, to skip and to delete.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Files or objects to transfer.
    pub files: i64,
    /// Directories to transfer.
    pub folders: i64,
    /// Bytes to transfer.
    pub bytes: i64,
    /// Files that are unchanged.
    pub skipped: i64,
    /// Directories that are unchanged.
    pub skipped_folders: i64,
    /// Files that are listed before an exclude filter leaves them out.
    pub filtered: i64,
    /// Files to delete at the destination.
    pub deletes: i64,
    /// Directories to delete at the destination.
    pub deleted_folders: i64,
}

/// A step that items pass, or fail to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Finding what there is; only directories fail here.
    List,
    /// Comparing source and destination.
    Prepare,
    /// Reading and writing.
    Transfer,
    /// Comparing checksums.
    Verify,
    /// Deleting what the source no longer has.
    Delete,
}

/// Files or directories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Files and objects.
    Files,
    /// Directories and prefixes.
    Folders,
}

/// Items that fail in one step.
#[derive(Clone, Copy, Debug)]
pub struct Failure {
    /// Where they fail.
    pub step: Step,
    /// What they are.
    pub kind: Kind,
    /// How many, if the step gets through everything.
    pub count: i64,
    /// The share of the step's items after which the first one fails, below `to`.
    pub from: f64,
    /// The share of the step's items after which no more fail, at most 1.
    pub to: f64,
}

/// How an execution ends.
#[derive(Clone, Copy, Debug)]
pub enum Ending {
    /// SUCCESS.
    Success,
    /// ERROR.
    Error {
        /// `ErrorCode`; empty where there is none.
        code: &'static str,
        /// `ErrorDetail`.
        detail: &'static str,
        /// PrepareStatus, TransferStatus and VerifyStatus.
        steps: [&'static str; 3],
    },
}

/// What goes wrong with asking, while the transfer itself goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// 400 ThrottlingException.
    Throttled,
    /// 400 ExpiredTokenException.
    Expired,
    /// 400 AccessDeniedException.
    Denied,
    /// 500 InternalException.
    Internal,
    /// 503 with a proxy's web page.
    Unavailable,
    /// 200 with a web page.
    WebPage,
    /// 200 with bytes that mean nothing.
    Garbage,
    /// 200 with half an answer that claims to be whole.
    Truncated,
    /// 200 with less than Content-Length promised; then the connection closes.
    Short,
    /// 200 with nothing.
    Empty,
    /// The connection is reset instead of an answer.
    Reset,
    /// No answer, for as long as the client cares to wait.
    Hang,
}

/// Where an execution is at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// The service's word.
    pub status: &'static str,
    /// Whether it has left the queue.
    pub launched: bool,
    /// Seconds since it was launched, in whole steps; `None` while it was not.
    pub work: Option<f64>,
    /// Whether it has ended.
    pub over: bool,
}

impl Scenario {
    /// The scenario of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        SCENARIOS.iter().find(|scenario| scenario.name == name)
    }

    /// What DescribeTaskExecution says at `now` of an execution that was asked for at `started`.
    pub fn answer(&self, arn: &Arn, started: Timestamp, now: Timestamp) -> Snapshot {
        let moment = self.moment(seconds_between(started, now));
        let mut answer = self.configuration(arn, started);
        answer.status = Some(moment.status.into());
        answer.launch_time = moment.launched.then(|| after(started, self.queued()));
        answer.end_time = moment.over.then(|| after(started, self.length()));
        answer.result = self.result(&moment);
        answer.report_result = self.report_result(moment.over);
        Counters::at(self, &moment).write(self, &mut answer);
        answer
    }

    /// What DescribeTaskExecution says of an execution of the same task that was over long ago, after `lasted`
    /// seconds, with `share` of the load.
    pub fn earlier(&self, arn: &Arn, started: Timestamp, lasted: f64, share: f64, ending: Ending) -> Snapshot {
        let mut answer = self.configuration(arn, started);
        answer.status = Some(ending.word().into());
        answer.launch_time = Some(after(started, 0.0));
        answer.end_time = Some(after(started, lasted));
        let work = lasted * 0.98;
        let mut result = ResultDetail { total_duration: Some(millis(work)), ..ending.result() };
        let phases = if self.is_enhanced() { [0.0; 3] } else { [0.06, 0.71, 0.24].map(|share| share * work) };
        (result.prepare_duration, result.transfer_duration, result.verify_duration) =
            (Some(millis(phases[0])), Some(millis(phases[1])), Some(millis(phases[2])));
        answer.result = Some(result);
        answer.report_result = self.report_result(true);
        Counters::whole(self, &self.load.scaled(share)).write(self, &mut answer);
        answer
    }

    /// What a watch sees that asks every `interval` from `started` on, as long as it is answered; without end
    /// where the execution has none.
    pub fn observations(
        &'static self,
        arn: Arn,
        started: Timestamp,
        interval: Duration,
    ) -> impl Iterator<Item = Observation> {
        let task = Task {
            name: Some(self.task.into()),
            source: Some(self.source.into()),
            destination: Some(self.destination.into()),
            log_group: None,
        };
        let (name, task): (Arc<str>, _) = (arn.to_string().into(), Arc::new(task));
        let moments = (0u32..).map_while(move |count| started.checked_add(interval.saturating_mul(count)).ok());
        let mut over = false;
        moments.map_while(move |at| {
            let body = serde_json::to_string(&self.answer(&arn, started, at)).ok().filter(|_| !over)?;
            let answer = Response::parse(&body).ok()?;
            over = answer.snapshot().is_over();
            let next = (!over).then_some(interval);
            Some(Observation {
                execution: name.clone(),
                at,
                outcome: Outcome::Response(answer),
                task: Some(task.clone()),
                next,
            })
        })
    }

    /// What is wrong with asking at `now`, if something is.
    pub fn trouble_at(&self, started: Timestamp, now: Timestamp) -> Option<Trouble> {
        let seconds = seconds_between(started, now);
        let at = self.trouble.iter().find(|(from, to, _)| (*from..*to).contains(&seconds));
        at.map(|(_, _, trouble)| *trouble)
    }

    /// Seconds from the start to the end; infinite where it never ends.
    pub fn length(&self) -> f64 {
        self.course.iter().map(|(_, seconds)| seconds).sum()
    }

    /// Whether all steps run at once.
    pub fn is_enhanced(&self) -> bool {
        self.mode == TaskMode::Enhanced
    }

    /// The value of an option in force; empty where this mode has no such option.
    pub fn option(&self, name: &str) -> &'static str {
        let said = self.setup.options.iter().rev().chain(defaults(self.mode)).find(|(option, _)| *option == name);
        said.map_or("", |(_, value)| value)
    }

    /// Whether items at the destination that the source no longer has are deleted.
    pub fn deletes(&self) -> bool {
        self.option("PreserveDeletedFiles") == "REMOVE"
    }

    /// `Options` as they are in force.
    pub fn options(&self) -> Options {
        let all = defaults(self.mode).iter().chain(self.setup.options);
        let all: Map<String, Value> = all.map(|(option, value)| ((*option).into(), (*value).into())).collect();
        serde_json::from_value(Value::Object(all)).unwrap_or_default()
    }

    /// A number of this scenario's own, the same at every run.
    pub(super) fn seed(&self) -> u64 {
        super::hash(self.name)
    }

    /// Seconds that it waits in the queue.
    fn queued(&self) -> f64 {
        self.course.iter().take_while(|(status, _)| *status == "QUEUED").map(|(_, seconds)| seconds).sum()
    }

    /// Seconds until it begins to prepare or to transfer.
    pub(super) fn launching(&self) -> f64 {
        let before = self.course.iter().take_while(|(status, _)| !matches!(*status, "PREPARING" | "TRANSFERRING"));
        before.map(|(_, seconds)| seconds).sum()
    }

    /// When a status lasts, in seconds since it was launched; `None` where it is not gone through.
    pub(super) fn window(&self, status: &str) -> Option<(f64, f64)> {
        let mut from = -self.launching();
        for (word, seconds) in self.course {
            if *word == status {
                return Some((from, from + seconds));
            }
            from += seconds;
        }
        None
    }

    fn moment(&self, elapsed: f64) -> Moment {
        let (mut status, mut until, mut over) = (self.ending.word(), 0.0, true);
        for (word, seconds) in self.course {
            until += seconds;
            if elapsed < until {
                (status, over) = (word, false);
                break;
            }
        }
        let work = if over { self.length() } else { elapsed } - self.launching();
        let stepped = if over { work } else { (work / self.step).floor() * self.step };
        let work = (work >= 0.0).then(|| stepped.min(self.stops.unwrap_or(f64::INFINITY)));
        Moment { status, launched: elapsed >= self.queued(), work, over }
    }

    fn configuration(&self, arn: &Arn, started: Timestamp) -> Snapshot {
        let setup = &self.setup;
        Snapshot {
            task_execution_arn: Some(Text(arn.to_string())),
            task_mode: self.mode.word().map(Text::from),
            options: Some(self.options()),
            excludes: Some(filters(setup.excludes)),
            includes: Some(filters(setup.includes)),
            manifest_config: (!setup.manifest.is_empty()).then(|| manifest(setup.manifest)),
            task_report_config: setup.report.as_ref().map(Report::config),
            start_time: Some(Time(started)),
            others: serde_json::from_str(self.novelties).unwrap_or_default(),
            ..Snapshot::default()
        }
    }

    /// Basic says nothing until it is launched; in Enhanced mode only the total is ever above 0. Phases overlap
    /// a little, as in recorded answers, so that their sum is more than the total.
    fn result(&self, moment: &Moment) -> Option<ResultDetail> {
        if !moment.launched || (moment.work.is_none() && !self.is_enhanced()) {
            return None;
        }
        let work = moment.work.unwrap_or(0.0);
        let mut result = if moment.over { self.ending.result() } else { self.running(work) };
        let phase = |status, overlap: f64| match self.window(status) {
            Some((from, to)) if !self.is_enhanced() && work > from => millis(work.min(to) - from + overlap),
            _ => millis(0.0),
        };
        result.prepare_duration = Some(phase("PREPARING", 0.447));
        result.transfer_duration = Some(phase("TRANSFERRING", 1.06));
        result.verify_duration = Some(phase("VERIFYING", 0.459));
        result.total_duration = Some(millis(work));
        Some(result)
    }

    /// The steps' statuses lag behind the execution's, by minutes in recorded answers.
    fn running(&self, work: f64) -> ResultDetail {
        let word = |next: &str| match self.window(next) {
            Some((from, _)) if !self.is_enhanced() && work >= from + 4.0 * self.step => "SUCCESS",
            _ => "PENDING",
        };
        statuses([word("TRANSFERRING"), word("VERIFYING"), "PENDING"])
    }

    fn report_result(&self, over: bool) -> Option<ReportResult> {
        let report = self.setup.report.as_ref()?;
        let error = report.error.filter(|_| over);
        let status = match (over, error) {
            (false, _) => "PENDING",
            (true, None) => "SUCCESS",
            (true, Some(_)) => "ERROR",
        };
        Some(ReportResult {
            status: Some(status.into()),
            error_code: error.map(|(code, _)| code.into()),
            error_detail: error.map(|(_, detail)| detail.into()),
            ..ReportResult::default()
        })
    }
}

impl Ending {
    /// The status that it ends as.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Success => "SUCCESS",
            Self::Error { .. } => "ERROR",
        }
    }

    fn result(&self) -> ResultDetail {
        match *self {
            Self::Success => statuses(["SUCCESS"; 3]),
            Self::Error { code, detail, steps } => ResultDetail {
                error_code: (!code.is_empty()).then(|| code.into()),
                error_detail: Some(detail.into()),
                ..statuses(steps)
            },
        }
    }
}

impl Load {
    fn scaled(&self, share: f64) -> Self {
        let of = |count: i64| (count as f64 * share) as i64;
        Self {
            files: of(self.files),
            folders: of(self.folders),
            bytes: of(self.bytes),
            skipped: of(self.skipped),
            skipped_folders: of(self.skipped_folders),
            filtered: of(self.filtered),
            deletes: of(self.deletes),
            deleted_folders: of(self.deleted_folders),
        }
    }
}

impl Report {
    fn config(&self) -> TaskReportConfig {
        let level = |level: &str| Some(ReportLevel { report_level: Some(level.into()), ..ReportLevel::default() });
        let bucket = ReportBucket {
            subdirectory: Some("reports/".into()),
            s3_bucket_arn: Some("arn:aws:s3:::example-datasync-reports".into()),
            bucket_access_role_arn: Some("arn:aws:iam::111122223333:role/ExampleDataSyncReports".into()),
            ..ReportBucket::default()
        };
        TaskReportConfig {
            destination: Some(ReportDestination { s3: Some(bucket), ..ReportDestination::default() }),
            output_type: Some(self.output_type.into()),
            report_level: Some(self.level.into()),
            object_version_ids: Some("NONE".into()),
            overrides: (self.output_type == "STANDARD").then(|| ReportOverrides {
                transferred: level("ERRORS_ONLY"),
                verified: level("ERRORS_ONLY"),
                deleted: level("SUCCESSES_AND_ERRORS"),
                skipped: level("SUCCESSES_AND_ERRORS"),
                ..ReportOverrides::default()
            }),
            ..TaskReportConfig::default()
        }
    }
}

fn statuses([prepare, transfer, verify]: [&str; 3]) -> ResultDetail {
    ResultDetail {
        prepare_status: Some(prepare.into()),
        transfer_status: Some(transfer.into()),
        verify_status: Some(verify.into()),
        ..ResultDetail::default()
    }
}

fn filters(pattern: &str) -> Vec<Filter> {
    let filter = |pattern: &str| Filter {
        filter_type: Some("SIMPLE_PATTERN".into()),
        value: Some(pattern.into()),
        ..Filter::default()
    };
    if pattern.is_empty() { Vec::new() } else { vec![filter(pattern)] }
}

fn manifest(key: &str) -> ManifestConfig {
    let bucket = ManifestBucket {
        manifest_object_path: Some(key.into()),
        bucket_access_role_arn: Some("arn:aws:iam::111122223333:role/ExampleDataSyncManifest".into()),
        s3_bucket_arn: Some("arn:aws:s3:::example-datasync-manifests".into()),
        manifest_object_version_id: Some("ExampleManifestVersion0000000001".into()),
        ..ManifestBucket::default()
    };
    ManifestConfig {
        action: Some("TRANSFER".into()),
        format: Some("CSV".into()),
        source: Some(ManifestSource { s3: Some(bucket), ..ManifestSource::default() }),
        ..ManifestConfig::default()
    }
}

/// The options that a task of this mode has when nobody chose any.
fn defaults(mode: TaskMode) -> &'static [(&'static str, &'static str)] {
    match mode {
        TaskMode::Enhanced => &[
            ("VerifyMode", "ONLY_FILES_TRANSFERRED"),
            ("OverwriteMode", "ALWAYS"),
            ("Atime", "BEST_EFFORT"),
            ("Mtime", "PRESERVE"),
            ("Uid", "NONE"),
            ("Gid", "NONE"),
            ("PreserveDeletedFiles", "PRESERVE"),
            ("PreserveDevices", "NONE"),
            ("PosixPermissions", "NONE"),
            ("BytesPerSecond", "-1"),
            ("TaskQueueing", "ENABLED"),
            ("LogLevel", "BASIC"),
            ("TransferMode", "CHANGED"),
            ("SecurityDescriptorCopyFlags", "NONE"),
            ("ObjectTags", "PRESERVE"),
        ],
        TaskMode::Basic | TaskMode::Unsaid => &[
            ("VerifyMode", "POINT_IN_TIME_CONSISTENT"),
            ("OverwriteMode", "ALWAYS"),
            ("Atime", "BEST_EFFORT"),
            ("Mtime", "PRESERVE"),
            ("Uid", "INT_VALUE"),
            ("Gid", "INT_VALUE"),
            ("PreserveDeletedFiles", "PRESERVE"),
            ("PreserveDevices", "NONE"),
            ("PosixPermissions", "PRESERVE"),
            ("BytesPerSecond", "-1"),
            ("TaskQueueing", "ENABLED"),
            ("LogLevel", "OFF"),
            ("TransferMode", "CHANGED"),
            ("SecurityDescriptorCopyFlags", "NONE"),
            ("ObjectTags", "PRESERVE"),
        ],
    }
}

/// Never below 0: before its start an execution is where it begins.
fn seconds_between(started: Timestamp, now: Timestamp) -> f64 {
    now.duration_since(started).as_secs_f64().max(0.0)
}

fn after(started: Timestamp, seconds: f64) -> Time {
    let later = SignedDuration::try_from_secs_f64(seconds).ok().and_then(|passed| started.checked_add(passed).ok());
    Time(later.unwrap_or(Timestamp::MAX))
}

fn millis(seconds: f64) -> Count {
    Count((seconds * 1e3).round() as i64)
}

#[cfg(test)]
mod tests;
