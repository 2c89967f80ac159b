//! One answer of DescribeTaskExecution as data: every member of it, `None` where it was not reported.
//!
//! Follows <https://docs.aws.amazon.com/datasync/latest/userguide/API_DescribeTaskExecution.html>. Reading is
//! lenient on purpose: a member of an unexpected type is taken as not reported, and the rest is kept.

mod error;
mod lenient;
mod status;
mod value;

use serde::{Deserialize, Deserializer, Serialize, de::MapAccess};
use serde_json::{Map, Value};

use self::lenient::{Key, Lenient, Member};
pub use self::{
    status::{Mode, Status},
    value::{Count, Text, Time},
};

macro_rules! members {
    ($(#[$doc:meta])* $name:ident { $($(#[$member_doc:meta])* $member:ident $wire:literal: $kind:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize)]
        pub struct $name {
            $(
                $(#[$member_doc])*
                #[serde(rename = $wire, skip_serializing_if = "Option::is_none")]
                pub $member: Option<$kind>,
            )*
            /// Members that this version does not know yet, as they came.
            #[serde(flatten)]
            pub others: Map<String, Value>,
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let read = deserializer.deserialize_any(Lenient::<Self>::new())?;
                read.ok_or_else(|| serde::de::Error::custom("not an object"))
            }
        }

        impl $name {
            /// The names of its members, as the API has them.
            pub const MEMBERS: &'static [&'static str] = &[$($wire),*];
        }

        impl Member for $name {
            fn of_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
                let mut read = Self::default();
                while let Some(key) = map.next_key_seed(Key(&[$($wire),*]))? {
                    // the last of two equal members wins, as in the service's own clients
                    match key {
                        $(Ok($wire) => read.$member = map.next_value_seed(Lenient::new())?,)*
                        Ok(_) => {}
                        Err(other) => {
                            read.others.insert(other, map.next_value()?);
                        }
                    }
                }
                Ok(Some(read))
            }
        }
    };
}

members! {
    /// The answer.
    Snapshot {
        /// The ARN that was asked about.
        task_execution_arn "TaskExecutionArn": Text,
        /// The step the execution is in, verbatim; see [`Snapshot::status`].
        status "Status": Text,
        /// Which of the two modes runs it, verbatim; see [`Snapshot::mode`].
        task_mode "TaskMode": Text,
        /// The options in force for this execution.
        options "Options": Options,
        /// What is left out.
        excludes "Excludes": Vec<Filter>,
        /// What alone is transferred.
        includes "Includes": Vec<Filter>,
        /// The list of what to transfer, where there is one.
        manifest_config "ManifestConfig": ManifestConfig,
        /// When it was asked for.
        start_time "StartTime": Time,
        /// When it really began: later than `start_time` when it was queued.
        launch_time "LaunchTime": Time,
        /// When it ended.
        end_time "EndTime": Time,
        /// Items expected to be transferred. Basic counts files, objects, directories, and expected deletes.
        estimated_files_to_transfer "EstimatedFilesToTransfer": Count,
        /// Directories expected to be transferred (Enhanced).
        estimated_folders_to_transfer "EstimatedFoldersToTransfer": Count,
        /// Logical bytes expected to be written at the destination.
        estimated_bytes_to_transfer "EstimatedBytesToTransfer": Count,
        /// Items read at the source and sent. Basic counts directories too.
        files_transferred "FilesTransferred": Count,
        /// Directories transferred (Enhanced).
        folders_transferred "FoldersTransferred": Count,
        /// Logical bytes written at the destination.
        bytes_written "BytesWritten": Count,
        /// Bytes sent, before compression.
        bytes_transferred "BytesTransferred": Count,
        /// Bytes on the network after compression (Basic).
        bytes_compressed "BytesCompressed": Count,
        /// Durations and statuses of the steps, and what went wrong.
        result "Result": ResultDetail,
        /// What kind of task report was asked for.
        task_report_config "TaskReportConfig": TaskReportConfig,
        /// What came of the task report.
        report_result "ReportResult": ReportResult,
        /// Items deleted at the destination.
        files_deleted "FilesDeleted": Count,
        /// Directories deleted at the destination (Enhanced).
        folders_deleted "FoldersDeleted": Count,
        /// Items skipped: unchanged, not to be overwritten, archived, unreadable or locked.
        files_skipped "FilesSkipped": Count,
        /// Directories skipped (Enhanced).
        folders_skipped "FoldersSkipped": Count,
        /// Items verified.
        files_verified "FilesVerified": Count,
        /// Directories verified (Enhanced).
        folders_verified "FoldersVerified": Count,
        /// Items expected to be deleted at the destination.
        estimated_files_to_delete "EstimatedFilesToDelete": Count,
        /// Directories expected to be deleted at the destination (Enhanced).
        estimated_folders_to_delete "EstimatedFoldersToDelete": Count,
        /// Items that will be attempted after comparing (Enhanced).
        files_prepared "FilesPrepared": Count,
        /// Directories that will be attempted after comparing (Enhanced).
        folders_prepared "FoldersPrepared": Count,
        /// Items found (Enhanced).
        files_listed "FilesListed": Listed,
        /// Directories found (Enhanced).
        folders_listed "FoldersListed": Listed,
        /// Items that failed, per step (Enhanced).
        files_failed "FilesFailed": Failed,
        /// Directories that failed, per step (Enhanced).
        folders_failed "FoldersFailed": Failed,
    }
}

members! {
    /// Items found at each side.
    Listed {
        /// At the source; with an exclude filter, before the filter.
        at_source "AtSource": Count,
        /// At the destination, to know what to delete.
        at_destination_for_delete "AtDestinationForDelete": Count,
    }
}

members! {
    /// Items that failed, per step. Only directories can fail to be listed.
    Failed {
        /// While listing.
        list "List": Count,
        /// While preparing.
        prepare "Prepare": Count,
        /// While transferring.
        transfer "Transfer": Count,
        /// While verifying.
        verify "Verify": Count,
        /// While deleting.
        delete "Delete": Count,
    }
}

members! {
    /// The member `Result`. Durations are milliseconds; in Enhanced mode only the total is ever above 0.
    ResultDetail {
        /// Milliseconds of preparing (Basic).
        prepare_duration "PrepareDuration": Count,
        /// PENDING, SUCCESS or ERROR.
        prepare_status "PrepareStatus": Text,
        /// Milliseconds in all.
        total_duration "TotalDuration": Count,
        /// Milliseconds of transferring (Basic).
        transfer_duration "TransferDuration": Count,
        /// PENDING, SUCCESS or ERROR.
        transfer_status "TransferStatus": Text,
        /// Milliseconds of verifying (Basic).
        verify_duration "VerifyDuration": Count,
        /// PENDING, SUCCESS or ERROR.
        verify_status "VerifyStatus": Text,
        /// What went wrong, as a code.
        error_code "ErrorCode": Text,
        /// What went wrong, in the service's words.
        error_detail "ErrorDetail": Text,
    }
}

members! {
    /// How the execution was configured, after overrides; each constant verbatim.
    Options {
        /// Whether and how much is verified at the end.
        verify_mode "VerifyMode": Text,
        /// Whether the destination's data may be overwritten.
        overwrite_mode "OverwriteMode": Text,
        /// Access times.
        atime "Atime": Text,
        /// Modification times.
        mtime "Mtime": Text,
        /// Owners.
        uid "Uid": Text,
        /// Groups.
        gid "Gid": Text,
        /// Whether files that the source no longer has are deleted at the destination.
        preserve_deleted_files "PreserveDeletedFiles": Text,
        /// Device nodes.
        preserve_devices "PreserveDevices": Text,
        /// Permissions.
        posix_permissions "PosixPermissions": Text,
        /// The bandwidth limit in bytes a second; -1 is none.
        bytes_per_second "BytesPerSecond": Count,
        /// Whether the execution waits its turn.
        task_queueing "TaskQueueing": Text,
        /// What is logged to CloudWatch.
        log_level "LogLevel": Text,
        /// Everything, or only what changed.
        transfer_mode "TransferMode": Text,
        /// SMB security descriptors.
        security_descriptor_copy_flags "SecurityDescriptorCopyFlags": Text,
        /// Object tags.
        object_tags "ObjectTags": Text,
    }
}

members! {
    /// One filter rule.
    Filter {
        /// SIMPLE_PATTERN.
        filter_type "FilterType": Text,
        /// Patterns, with `|` between them.
        value "Value": Text,
    }
}

members! {
    /// The manifest: a list of what to transfer.
    ManifestConfig {
        /// What the manifest is for.
        action "Action": Text,
        /// CSV.
        format "Format": Text,
        /// Where it lies.
        source "Source": ManifestSource,
    }
}

members! {
    /// Where a manifest lies.
    ManifestSource {
        /// In a bucket.
        s3 "S3": ManifestBucket,
    }
}

members! {
    /// The bucket of a manifest.
    ManifestBucket {
        /// The object's key.
        manifest_object_path "ManifestObjectPath": Text,
        /// The role with which it is read.
        bucket_access_role_arn "BucketAccessRoleArn": Text,
        /// The bucket.
        s3_bucket_arn "S3BucketArn": Text,
        /// The object's version.
        manifest_object_version_id "ManifestObjectVersionId": Text,
    }
}

members! {
    /// What kind of task report was asked for.
    TaskReportConfig {
        /// Where it goes.
        destination "Destination": ReportDestination,
        /// SUMMARY_ONLY or STANDARD.
        output_type "OutputType": Text,
        /// ERRORS_ONLY or SUCCESSES_AND_ERRORS.
        report_level "ReportLevel": Text,
        /// Whether object versions are listed.
        object_version_ids "ObjectVersionIds": Text,
        /// Levels that differ per kind of item.
        overrides "Overrides": ReportOverrides,
    }
}

members! {
    /// Where a task report goes.
    ReportDestination {
        /// To a bucket.
        s3 "S3": ReportBucket,
    }
}

members! {
    /// The bucket of a task report.
    ReportBucket {
        /// The prefix of its keys.
        subdirectory "Subdirectory": Text,
        /// The bucket.
        s3_bucket_arn "S3BucketArn": Text,
        /// The role with which it is written.
        bucket_access_role_arn "BucketAccessRoleArn": Text,
    }
}

members! {
    /// Report levels that differ from the report's own.
    ReportOverrides {
        /// For what was transferred.
        transferred "Transferred": ReportLevel,
        /// For what was verified.
        verified "Verified": ReportLevel,
        /// For what was deleted.
        deleted "Deleted": ReportLevel,
        /// For what was skipped.
        skipped "Skipped": ReportLevel,
    }
}

members! {
    /// A report level.
    ReportLevel {
        /// ERRORS_ONLY or SUCCESSES_AND_ERRORS.
        report_level "ReportLevel": Text,
    }
}

members! {
    /// What came of the task report.
    ReportResult {
        /// PENDING, SUCCESS or ERROR.
        status "Status": Text,
        /// Why it is not complete, as a code.
        error_code "ErrorCode": Text,
        /// Why it is not complete, in the service's words.
        error_detail "ErrorDetail": Text,
    }
}

impl Snapshot {
    /// The step the execution is in; `None` where the answer did not say.
    pub fn status(&self) -> Option<Status> {
        self.status.as_deref().map(Status::from)
    }

    /// The task mode. An answer without one is of Basic mode: older answers do not carry it.
    pub fn mode(&self) -> Mode {
        match self.task_mode.as_deref() {
            None | Some("BASIC") => Mode::Basic,
            Some("ENHANCED") => Mode::Enhanced,
            Some(other) => Mode::Other(other.into()),
        }
    }

    /// Whether the execution is over.
    pub fn is_over(&self) -> bool {
        self.status().is_some_and(|status| status.is_over())
    }

    /// Whether the other one is of another execution than this: both say when they started, and not the same.
    /// Emulators give one ARN to several executions.
    pub fn is_another(&self, other: &Self) -> bool {
        self.start_time.zip(other.start_time).is_some_and(|(this, other)| this != other)
    }

    /// The bandwidth limit in bytes a second; `None` where there is none or it was not reported.
    pub fn limit(&self) -> Option<i64> {
        self.options.as_ref()?.bytes_per_second.map(|limit| limit.0).filter(|limit| *limit > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Snapshot {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn absent_is_none_and_zero_is_zero() {
        let snapshot = read(r#"{"BytesWritten":0,"FilesFailed":{"Verify":0}}"#);
        assert_eq!(snapshot.bytes_written, Some(Count(0)));
        assert_eq!(snapshot.bytes_transferred, None);
        let failed = snapshot.files_failed.unwrap();
        assert_eq!((failed.verify, failed.transfer), (Some(Count(0)), None));
        assert_eq!(snapshot.result, None);
    }

    #[test]
    fn times_are_epoch_seconds_or_iso() {
        let epoch = read(r#"{"StartTime":1578092083.501}"#).start_time.unwrap();
        let iso = read(r#"{"StartTime":"2020-01-03T22:54:43.501000+00:00"}"#).start_time.unwrap();
        let east = read(r#"{"StartTime":"2020-01-04T07:54:43.501+09:00"}"#).start_time.unwrap();
        assert_eq!(epoch, iso);
        assert_eq!(epoch, east);
        assert_eq!(serde_json::to_value(epoch).unwrap(), 1578092083.501);
        for odd in ["1e300", "-1e300", "\"yesterday\"", "null", "{}", "true"] {
            assert_eq!(read(&format!("{{\"StartTime\":{odd}}}")).start_time, None, "{odd}");
        }
    }

    #[test]
    fn counters_of_any_size_and_shape_are_survived() {
        for (text, count) in [
            ("9223372036854775807", Some(i64::MAX)),
            ("18446744073709551615", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("1e19", Some(i64::MAX)),
            ("12.0", Some(12)),
            ("\"12\"", Some(12)),
            ("\"twelve\"", None),
            ("[1]", None),
            ("null", None),
        ] {
            let snapshot = read(&format!("{{\"BytesWritten\":{text},\"Status\":\"TRANSFERRING\"}}"));
            assert_eq!(snapshot.bytes_written.map(|count| count.0), count, "{text}");
            assert_eq!(snapshot.status(), Some(Status::Transferring));
        }
    }

    #[test]
    fn what_powershell_wraps_is_unwrapped() {
        let snapshot = read(
            r#"{"Status":{"Value":"ERROR"},"BytesWritten":{"Other":1},"StartTime":"\/Date(1578092083501)\/",
            "EndTime":{"value":"\/Date(1578092083502)\/","DateTime":"Friday"},"Options":{"Atime":{"Value":"NONE"}}}"#,
        );
        assert_eq!((snapshot.status(), snapshot.bytes_written), (Some(Status::Error), None));
        let milliseconds = |time: Option<Time>| time.unwrap().0.as_millisecond();
        assert_eq!(milliseconds(snapshot.start_time), 1_578_092_083_501);
        assert_eq!(milliseconds(snapshot.end_time), 1_578_092_083_502);
        assert_eq!(snapshot.options.unwrap().atime.as_deref(), Some("NONE"));
    }

    #[test]
    fn unknown_words_and_members_survive() {
        let text = r#"{"Status":"INITIALIZING","TaskMode":"TURBO","Options":{"VerifyMode":"HALF","NewOption":["x"]},"Novel":{"A":1}}"#;
        let snapshot = read(text);
        assert_eq!(snapshot.status(), Some(Status::Other("INITIALIZING".into())));
        assert!(!snapshot.is_over());
        assert_eq!(snapshot.mode(), Mode::Other("TURBO".into()));
        assert_eq!(snapshot.others["Novel"]["A"], 1);
        let options = snapshot.options.as_ref().unwrap();
        assert_eq!(options.verify_mode.as_deref(), Some("HALF"));
        assert_eq!(options.others["NewOption"][0], "x");
        let written: Value = serde_json::to_value(&snapshot).unwrap();
        assert_eq!(written, serde_json::from_str::<Value>(text).unwrap());
    }

    #[test]
    fn only_success_and_error_are_over() {
        for (word, over) in [
            ("QUEUED", false),
            ("LAUNCHING", false),
            ("PREPARING", false),
            ("TRANSFERRING", false),
            ("VERIFYING", false),
            ("CANCELLING", false),
            ("SUCCESS", true),
            ("ERROR", true),
            ("FAILED", false),
            ("CANCELLED", false),
            ("success", false),
        ] {
            assert_eq!(Status::from(word).is_over(), over, "{word}");
            assert_eq!(Status::from(word).as_str(), word);
        }
    }

    #[test]
    fn a_member_of_the_wrong_type_costs_only_itself() {
        let snapshot = read(r#"{"Result":[],"Options":"none","Excludes":{},"FilesListed":3,"FilesPrepared":7}"#);
        assert_eq!(
            (snapshot.result, snapshot.options, snapshot.excludes, snapshot.files_listed),
            (None, None, None, None)
        );
        assert_eq!(snapshot.files_prepared, Some(Count(7)));
    }
}
