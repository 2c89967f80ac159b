//! What a simulated execution is: data that says what happens when.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{hash::hash, rate_curve::RateCurve};
use crate::aws::snapshot::Options;

/// Seconds between two steps of the counters, where a scenario does not say otherwise.
pub const STEP: f64 = 15.0;

/// The duration of a status that never ends.
pub const FOREVER: f64 = f64::INFINITY;

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
    pub rate_curve: RateCurve,
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
    pub extra_members: &'static str,
    /// When asking about the execution goes wrong: seconds since the start, from and to.
    pub injected: &'static [(f64, f64, Injected)],
}

/// The task mode, and whether the answer says it: older answers of Basic tasks do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskMode {
    /// One step after the other.
    Basic,
    /// Basic, and the answer carries no TaskMode.
    Omitted,
    /// All steps at once.
    Enhanced,
}

impl TaskMode {
    /// The service's word; `None` where the answer carries none.
    pub fn word(self) -> Option<&'static str> {
        match self {
            Self::Basic => Some("BASIC"),
            Self::Omitted => None,
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
pub enum Injected {
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
    /// What is wrong with asking at `now`, if something is.
    pub fn injected_at(&self, started: Timestamp, now: Timestamp) -> Option<Injected> {
        let seconds = seconds_between(started, now);
        let at = self.injected.iter().find(|(from, to, _)| (*from..*to).contains(&seconds));
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
        hash(self.name)
    }

    /// Seconds in the queue.
    pub(super) fn queued(&self) -> f64 {
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

    /// Where it is, so many seconds after its start.
    pub(super) fn moment(&self, elapsed: f64) -> Moment {
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
}

impl Ending {
    /// The status that it ends as.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Success => "SUCCESS",
            Self::Error { .. } => "ERROR",
        }
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
        TaskMode::Basic | TaskMode::Omitted => &[
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
pub(super) fn seconds_between(started: Timestamp, now: Timestamp) -> f64 {
    now.duration_since(started).as_secs_f64().max(0.0)
}
