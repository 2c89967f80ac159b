//! What DataSync answers over the course of a long Enhanced transfer: counters as a function of time.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::json;
use syncscope::{App, Arn, Event, Observation, Outcome, Response};

/// The execution that is watched.
const EXECUTION: &str =
    "arn:aws:datasync:us-east-1:111122223333:task/task-0a1b2c3d4e5f60718/execution/exec-08ef1e88ec491019b";

/// Seconds between two looks, as is the default.
pub const INTERVAL: i64 = 5;

/// Seconds between two changes of the counters, as the service makes them.
pub const STEP: i64 = 15;

/// A transfer of 40 TiB and 21.5 million files.
#[derive(Clone, Copy)]
pub struct Course {
    /// Seconds that it takes.
    pub lasts: i64,
}

impl Course {
    /// The body that the service sends `seconds` after the start.
    pub fn body(self, seconds: i64) -> String {
        let ran = seconds / STEP * STEP;
        let share = |behind: i64| self.share(ran - behind);
        let count = |whole: i64, share: f64| (whole as f64 * share) as i64;
        let (files, folders, bytes) = (21_504_332, 84_213, 40_i64 << 40);
        let listed = (share(0) * 1.6).min(1.0);
        let lane = |whole: i64| (count(whole, listed), count(whole, share(15)), count(whole, share(60)));
        let ((files_listed, files_moved, files_verified), (folders_listed, folders_moved, folders_verified)) =
            (lane(files), lane(folders));
        json!({
            "TaskExecutionArn": EXECUTION,
            "Status": "TRANSFERRING",
            "TaskMode": "ENHANCED",
            "Options": {
                "VerifyMode": "ONLY_FILES_TRANSFERRED", "OverwriteMode": "ALWAYS", "Atime": "BEST_EFFORT",
                "Mtime": "PRESERVE", "Uid": "NONE", "Gid": "NONE", "PreserveDeletedFiles": "PRESERVE",
                "PreserveDevices": "NONE", "PosixPermissions": "NONE", "BytesPerSecond": -1,
                "TaskQueueing": "ENABLED", "LogLevel": "TRANSFER", "TransferMode": "CHANGED",
                "SecurityDescriptorCopyFlags": "NONE", "ObjectTags": "PRESERVE"
            },
            "Excludes": [{"FilterType": "SIMPLE_PATTERN", "Value": "*/.cache|*/tmp"}],
            "Includes": [],
            "StartTime": at(0).as_second() as f64 + 0.25,
            "LaunchTime": at(0).as_second() as f64 + 32.5,
            "EstimatedFilesToTransfer": files_listed, "EstimatedFoldersToTransfer": folders_listed,
            "EstimatedBytesToTransfer": count(bytes, listed),
            "FilesTransferred": files_moved, "FoldersTransferred": folders_moved,
            "BytesWritten": count(bytes, share(15)),
            "BytesTransferred": count(bytes, share(0)), "BytesCompressed": count(bytes, share(0)),
            "FilesPrepared": count(files_listed, 0.98), "FoldersPrepared": count(folders_listed, 0.98),
            "FilesVerified": files_verified, "FoldersVerified": folders_verified,
            "FilesSkipped": count(402_113, listed), "FoldersSkipped": count(2_107, listed),
            "FilesDeleted": 0, "FoldersDeleted": 0, "EstimatedFilesToDelete": 0, "EstimatedFoldersToDelete": 0,
            "FilesListed": {"AtSource": files_listed, "AtDestinationForDelete": 0},
            "FoldersListed": {"AtSource": folders_listed, "AtDestinationForDelete": 0},
            "FilesFailed": {"Prepare": 3, "Transfer": count(40, share(0)), "Verify": count(90, share(0)), "Delete": 0},
            "FoldersFailed": {"List": 0, "Prepare": 0, "Transfer": 0, "Verify": 0, "Delete": 0},
            "Result": {
                "PrepareDuration": 0, "PrepareStatus": "PENDING", "TransferDuration": 0,
                "TransferStatus": "PENDING", "VerifyDuration": 0, "VerifyStatus": "PENDING",
                "TotalDuration": ran * 1000
            }
        })
        .to_string()
    }

    /// The share that is done; its rate swings by a third around its mean.
    fn share(self, seconds: i64) -> f64 {
        let (time, whole) = (seconds.max(0) as f64, self.lasts as f64);
        let period = 900.0 / std::f64::consts::TAU;
        ((time + 0.3 * period * (1.0 - (time / period).cos())) / whole).clamp(0.0, 1.0)
    }

    /// A look at it `seconds` after the start.
    pub fn observed(self, seconds: i64) -> Event {
        let answer = Response::parse(&self.body(seconds)).expect("what the service sends");
        observed(answer, seconds)
    }

    /// An app that has watched from the start for `seconds`.
    pub fn watched(self, seconds: i64) -> App {
        let mut app = App::new([Arn::parse(EXECUTION).expect("an ARN")], at(0), TimeZone::UTC);
        for look in (0..=seconds).step_by(INTERVAL as usize) {
            app.update(self.observed(look));
        }
        app
    }
}

/// An answer that came `seconds` after the start.
pub fn observed(answer: Response, seconds: i64) -> Event {
    Event::observed(observation(answer, seconds))
}

/// The same, on its own.
pub fn observation(answer: Response, seconds: i64) -> Observation {
    Observation {
        execution: EXECUTION.into(),
        at: at(seconds),
        outcome: Outcome::Response(answer),
        task: None,
        next: Some(std::time::Duration::from_secs(INTERVAL as u64)),
    }
}

/// The moment `seconds` after the start.
pub fn at(seconds: i64) -> Timestamp {
    let start = Timestamp::from_second(1_795_363_200).expect("a time");
    start + SignedDuration::from_secs(seconds)
}
