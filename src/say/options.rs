//! Everything that was configured for an execution, in words, with the service's constant beside them.

mod counters;
pub mod section;

use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use self::section::{Row, Section};
use super::{units, words};
use crate::aws::{
    applicability::{Applicability, Metric},
    snapshot::{Count, Filter, Mode, Options, ReportOverrides, Snapshot, Text},
};

/// All that a response says: filters, options, manifest, task report and its result, times, counters, result.
/// What was not reported has no row.
pub fn sections(snapshot: &Snapshot, zone: &TimeZone) -> Vec<Section> {
    let applicability = Applicability::of(snapshot);
    let failed = snapshot.result.as_ref().is_some_and(|result| result.error_detail.is_some());
    let mut sections = [
        ("Filters", scope(snapshot)),
        ("Options", snapshot.options.as_ref().map(|options| options_rows(options, &applicability)).unwrap_or_default()),
        ("Manifest", manifest(snapshot)),
        ("Task report", report(snapshot)),
        ("Times", times(snapshot, zone)),
        ("Counters", counters::rows(snapshot)),
        ("Result", result(snapshot, &applicability)),
        ("Members unknown to this version", unknown(&snapshot.others)),
    ];
    if failed {
        // who opens this after a failure looks for it
        sections.sort_by_key(|(title, _)| *title != "Result");
    }
    filled(sections)
}

/// What is transferred and how: filters and options.
pub fn settings(snapshot: &Snapshot) -> Vec<Section> {
    let options = snapshot.options.as_ref().map(|options| options_rows(options, &Applicability::of(snapshot)));
    filled([("Filters", scope(snapshot)), ("Options", options.unwrap_or_default())])
}

/// The sections that have rows.
fn filled<const N: usize>(sections: [(&'static str, Vec<Row>); N]) -> Vec<Section> {
    sections.into_iter().filter(|(_, rows)| !rows.is_empty()).map(|(title, rows)| Section { title, rows }).collect()
}

/// The settings that tell most of how an execution runs, in a few words each: `only changed files`, ….
pub fn in_short(snapshot: &Snapshot) -> Vec<&'static str> {
    let Some(options) = &snapshot.options else { return Vec::new() };
    let transfer = match options.transfer_mode.as_deref() {
        Some("CHANGED") => Some("only changed files"),
        Some("ALL") => Some("everything"),
        _ => None,
    };
    let verify = match options.verify_mode.as_deref() {
        Some("POINT_IN_TIME_CONSISTENT") => Some("full verification"),
        Some("ONLY_FILES_TRANSFERRED") if snapshot.mode() == Mode::Enhanced => Some("verified during transfer"),
        Some("ONLY_FILES_TRANSFERRED") => Some("verifies transferred files"),
        Some("NONE") => Some("no verification"),
        _ => None,
    };
    let deletes = (options.preserve_deleted_files.as_deref() == Some("REMOVE")).then_some("deletes");
    [transfer, deletes, verify].into_iter().flatten().collect()
}

/// The service's constant in words; `None` where it is new to this version or plain enough as it is.
fn in_words(option: &str, constant: &str) -> Option<&'static str> {
    Some(match (option, constant) {
        ("VerifyMode", "POINT_IN_TIME_CONSISTENT") => "full verification of source and destination",
        ("VerifyMode", "ONLY_FILES_TRANSFERRED") => "verify transferred files",
        ("VerifyMode", "NONE") => "no verification after the transfer",
        ("OverwriteMode", "ALWAYS") => "overwrite what differs at the destination",
        ("OverwriteMode", "NEVER") => "never overwrite at the destination",
        ("Atime", "BEST_EFFORT") => "keep access times (best effort)",
        ("Atime", "NONE") => "ignore access times",
        ("Mtime", "PRESERVE") => "keep modification times",
        ("Mtime", "NONE") => "ignore modification times",
        ("Uid", "INT_VALUE") => "keep owners, as numbers",
        ("Gid", "INT_VALUE") => "keep groups, as numbers",
        ("Uid", "NAME") => "keep owners, by name",
        ("Gid", "NAME") => "keep groups, by name",
        ("Uid", "BOTH") => "keep owners, as numbers and by name",
        ("Gid", "BOTH") => "keep groups, as numbers and by name",
        ("Uid", "NONE") => "ignore owners",
        ("Gid", "NONE") => "ignore groups",
        ("PreserveDeletedFiles", "PRESERVE") => "keep files deleted at the source",
        ("PreserveDeletedFiles", "REMOVE") => "delete files at the destination that are gone from the source",
        ("PreserveDevices", "NONE") => "ignore devices",
        ("PreserveDevices", "PRESERVE") => "recreate devices, without their contents",
        ("PosixPermissions", "PRESERVE") => "keep permissions",
        ("PosixPermissions", "NONE") => "ignore permissions",
        ("TaskQueueing", "ENABLED") => "queue when the agent is busy",
        ("TaskQueueing", "DISABLED") => "fail when the agent is busy",
        ("LogLevel", "OFF") => "no log",
        ("LogLevel", "BASIC") => "log errors only",
        ("LogLevel", "TRANSFER") => "log every file",
        ("TransferMode", "CHANGED") => "only changed files",
        ("TransferMode", "ALL") => "everything, without comparing",
        ("SecurityDescriptorCopyFlags", "NONE") => "no security descriptors",
        ("SecurityDescriptorCopyFlags", "OWNER_DACL") => "owner and access list",
        ("SecurityDescriptorCopyFlags", "OWNER_DACL_SACL") => "owner, access list and audit list",
        ("ObjectTags", "PRESERVE") => "keep object tags",
        ("ObjectTags", "NONE") => "ignore object tags",
        ("OutputType", "SUMMARY_ONLY") => "a summary",
        ("OutputType", "STANDARD") => "every file, object and directory",
        ("ReportLevel", "ERRORS_ONLY") => "errors only",
        ("ReportLevel", "SUCCESSES_AND_ERRORS") => "successes and errors",
        ("ObjectVersionIds", "INCLUDE") => "with object versions",
        ("ObjectVersionIds", "NONE") => "without object versions",
        ("Action", "TRANSFER") => "transfer what it lists",
        ("FilterType", "SIMPLE_PATTERN") => "pattern",
        _ => return None,
    })
}

/// A row of a constant, in words where there are some.
fn worded(name: &str, option: &str, constant: &Option<Text>) -> Option<Row> {
    let constant = constant.as_deref()?;
    Some(match in_words(option, constant) {
        Some(words) => Row { name: name.into(), words: words.into(), constant: Some(constant.into()) },
        None => Row::plain(name, constant),
    })
}

fn text(name: &str, text: &Option<Text>) -> Option<Row> {
    text.as_deref().map(|text| Row::plain(name, text))
}

fn options_rows(options: &Options, applicability: &Applicability) -> Vec<Row> {
    let rows = [
        worded("Transfer mode", "TransferMode", &options.transfer_mode),
        worded("Verify mode", "VerifyMode", &options.verify_mode),
        worded("Overwrite mode", "OverwriteMode", &options.overwrite_mode),
        worded("Deleted files", "PreserveDeletedFiles", &options.preserve_deleted_files),
        limit(options, applicability),
        worded("Task queueing", "TaskQueueing", &options.task_queueing),
        worded("Log level", "LogLevel", &options.log_level),
        worded("Access time", "Atime", &options.atime),
        worded("Modification time", "Mtime", &options.mtime),
        worded("Owner (UID)", "Uid", &options.uid),
        worded("Group (GID)", "Gid", &options.gid),
        worded("Permissions", "PosixPermissions", &options.posix_permissions),
        worded("Devices", "PreserveDevices", &options.preserve_devices),
        worded("Security descriptor", "SecurityDescriptorCopyFlags", &options.security_descriptor_copy_flags),
        worded("Object tags", "ObjectTags", &options.object_tags),
    ];
    rows.into_iter().flatten().chain(unknown(&options.others)).collect()
}

fn limit(options: &Options, applicability: &Applicability) -> Option<Row> {
    let limit = options.bytes_per_second?.0;
    let mut words = match limit {
        -1 => "unlimited".to_owned(),
        _ => format!("at most {}", units::byte_rate(limit as f64)),
    };
    if let (Err(why), true) = (applicability.applies(Metric::BandwidthLimit), limit != -1) {
        words = format!("{words}; {}", words::not_applicable(why));
    }
    Some(Row { name: "Bandwidth limit".into(), words, constant: Some(limit.to_string()) })
}

fn scope(snapshot: &Snapshot) -> Vec<Row> {
    let list = |name: &str, filters: &Option<Vec<Filter>>, none: &str| match filters.as_deref() {
        None => Vec::new(),
        Some([]) => vec![Row::plain(name, none)],
        Some(filters) => filters.iter().flat_map(|filter| patterns(name, filter)).collect(),
    };
    let mut rows = list("Includes", &snapshot.includes, "everything");
    rows.extend(list("Excludes", &snapshot.excludes, "nothing"));
    rows
}

/// A row a pattern: they come as one text with `|` between them.
fn patterns(name: &str, filter: &Filter) -> Vec<Row> {
    let kind = filter.filter_type.as_deref().filter(|kind| in_words("FilterType", kind).is_none());
    let patterns = filter.value.as_deref().unwrap_or("(no value)").split('|');
    let mut rows: Vec<Row> = patterns
        .map(|pattern| Row { name: name.into(), words: pattern.into(), constant: kind.map(str::to_owned) })
        .collect();
    rows.extend(unknown(&filter.others));
    rows
}

fn manifest(snapshot: &Snapshot) -> Vec<Row> {
    let Some(manifest) = &snapshot.manifest_config else { return Vec::new() };
    let bucket = manifest.source.as_ref().and_then(|source| source.s3.as_ref());
    let rows = [
        worded("Action", "Action", &manifest.action),
        text("Format", &manifest.format),
        bucket.and_then(|bucket| text("Bucket", &bucket.s3_bucket_arn)),
        bucket.and_then(|bucket| text("Object", &bucket.manifest_object_path)),
        bucket.and_then(|bucket| text("Object version", &bucket.manifest_object_version_id)),
        bucket.and_then(|bucket| text("Role", &bucket.bucket_access_role_arn)),
    ];
    let others =
        [Some(&manifest.others), manifest.source.as_ref().map(|source| &source.others), bucket.map(|b| &b.others)];
    rows.into_iter().flatten().chain(others.into_iter().flatten().flat_map(unknown)).collect()
}

fn report(snapshot: &Snapshot) -> Vec<Row> {
    let mut rows = Vec::new();
    if let Some(config) = &snapshot.task_report_config {
        let bucket = config.destination.as_ref().and_then(|destination| destination.s3.as_ref());
        let known = [
            worded("Contents", "OutputType", &config.output_type),
            worded("Level", "ReportLevel", &config.report_level),
            worded("Object versions", "ObjectVersionIds", &config.object_version_ids),
            bucket.and_then(|bucket| text("Bucket", &bucket.s3_bucket_arn)),
            bucket.and_then(|bucket| text("Prefix", &bucket.subdirectory)),
            bucket.and_then(|bucket| text("Role", &bucket.bucket_access_role_arn)),
        ];
        rows.extend(known.into_iter().flatten());
        rows.extend(config.overrides.as_ref().map(overrides).unwrap_or_default());
        rows.extend(unknown(&config.others));
        rows.extend(bucket.map(|bucket| unknown(&bucket.others)).unwrap_or_default());
    }
    if let Some(result) = &snapshot.report_result {
        let known = [
            text("Report status", &result.status),
            text("Report error", &result.error_code),
            text("Report error detail", &result.error_detail),
        ];
        rows.extend(known.into_iter().flatten().chain(unknown(&result.others)));
    }
    rows
}

fn overrides(overrides: &ReportOverrides) -> Vec<Row> {
    let of = [
        ("Level, transferred", &overrides.transferred),
        ("Level, verified", &overrides.verified),
        ("Level, deleted", &overrides.deleted),
        ("Level, skipped", &overrides.skipped),
    ];
    let rows = of.into_iter().filter_map(|(name, level)| worded(name, "ReportLevel", &level.as_ref()?.report_level));
    rows.chain(unknown(&overrides.others)).collect()
}

fn times(snapshot: &Snapshot, zone: &TimeZone) -> Vec<Row> {
    [("Started", snapshot.start_time), ("Launched", snapshot.launch_time), ("Ended", snapshot.end_time)]
        .into_iter()
        .filter_map(|(name, time)| Some(Row::plain(name, units::date_and_time(time?.0, zone))))
        .collect()
}

fn result(snapshot: &Snapshot, applicability: &Applicability) -> Vec<Row> {
    let Some(result) = &snapshot.result else { return Vec::new() };
    let phase = |name: &str, status: &Option<Text>, duration: Option<Count>| {
        let lasted = match (applicability.applies(Metric::PhaseDurations), duration) {
            (Ok(()), Some(duration)) if duration.0 == 0 && status.as_deref() == Some("PENDING") => "not begun".into(),
            (Ok(()), Some(duration)) => units::milliseconds(duration.0),
            (Ok(()), None) => "no duration reported".into(),
            (Err(why), _) => format!("duration {}", words::not_applicable(why)),
        };
        let row = status.is_some() || (duration.is_some() && applicability.reports(Metric::PhaseDurations));
        row.then(|| Row { name: name.into(), words: lasted, constant: status.as_deref().map(str::to_owned) })
    };
    let rows = [
        phase("Preparing", &result.prepare_status, result.prepare_duration),
        phase("Transferring", &result.transfer_status, result.transfer_duration),
        phase("Verifying", &result.verify_status, result.verify_duration),
        result.total_duration.map(|total| Row::plain("Total", units::milliseconds(total.0))),
        text("Error code", &result.error_code),
        text("Error detail", &result.error_detail),
    ];
    rows.into_iter().flatten().chain(unknown(&result.others)).collect()
}

fn unknown(others: &Map<String, Value>) -> Vec<Row> {
    let words = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    others.iter().map(|(name, value)| Row::plain(name, words(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(text: &str) -> String {
        let snapshot: Snapshot = serde_json::from_str(text).unwrap();
        let mut out = String::new();
        for section in sections(&snapshot, &TimeZone::UTC) {
            out.push_str(&format!("[{}]\n", section.title));
            for row in section.rows {
                let constant = row.constant.map(|constant| format!(" ({constant})")).unwrap_or_default();
                out.push_str(&format!("{}: {}{constant}\n", row.name, row.words));
            }
        }
        out
    }

    #[test]
    fn opaque_constants_are_said_in_words_with_the_constant_beside() {
        let page = page(
            r#"{"Options":{"TransferMode":"CHANGED","VerifyMode":"ONLY_FILES_TRANSFERRED","Uid":"NEWER","BytesPerSecond":1048576,"Fresh":true}}"#,
        );
        assert_eq!(
            page,
            "[Options]\nTransfer mode: only changed files (CHANGED)\nVerify mode: verify transferred files \
             (ONLY_FILES_TRANSFERRED)\nBandwidth limit: at most 1.00 MiB/s (1048576)\nOwner (UID): NEWER\nFresh: true\n"
        );
    }

    #[test]
    fn a_limit_in_enhanced_mode_says_what_the_reference_says() {
        let page = page(r#"{"TaskMode":"ENHANCED","Options":{"BytesPerSecond":1048576}}"#);
        assert!(page.contains("1.00 MiB/s; the API reference says that it does not apply to Enhanced mode"), "{page}");
    }

    #[test]
    fn filters_are_a_row_a_pattern() {
        let page = page(
            r#"{"Includes":[],"Excludes":[{"FilterType":"SIMPLE_PATTERN","Value":"*/.htaccess|*/index.html"},{"FilterType":"REGEX","Value":"x"}]}"#,
        );
        assert_eq!(
            page,
            "[Filters]\nIncludes: everything\nExcludes: */.htaccess\nExcludes: */index.html\nExcludes: x (REGEX)\n"
        );
    }

    #[test]
    fn no_duration_is_claimed_in_enhanced_mode() {
        let page = page(
            r#"{"TaskMode":"ENHANCED","Result":{"PrepareDuration":0,"PrepareStatus":"SUCCESS","TotalDuration":3310}}"#,
        );
        assert!(
            page.contains("Preparing: duration not reported in Enhanced mode") && page.contains("Total: 3.3s"),
            "{page}"
        );
        assert!(!page.contains("0.0s"), "{page}");
    }

    /// Every text of an answer that has every member must be on the page.
    #[test]
    fn every_configured_member_reaches_the_page() {
        let text = r#"{"StartTime":1,"LaunchTime":2,"EndTime":3,
            "ManifestConfig":{"Action":"TRANSFER","Format":"CSV","Source":{"S3":{"ManifestObjectPath":"m.csv",
              "BucketAccessRoleArn":"role-m","S3BucketArn":"bucket-m","ManifestObjectVersionId":"v9"}}},
            "TaskReportConfig":{"Destination":{"S3":{"Subdirectory":"reports/","S3BucketArn":"bucket-r","BucketAccessRoleArn":"role-r"}},
              "OutputType":"STANDARD","ReportLevel":"ERRORS_ONLY","ObjectVersionIds":"INCLUDE",
              "Overrides":{"Transferred":{"ReportLevel":"LEVEL1"},"Verified":{"ReportLevel":"LEVEL2"},"Deleted":{"ReportLevel":"LEVEL3"},"Skipped":{"ReportLevel":"LEVEL4"}}},
            "ReportResult":{"Status":"ERROR","ErrorCode":"RepCode","ErrorDetail":"rep detail"},
            "Result":{"PrepareStatus":"S1","TransferStatus":"S2","VerifyStatus":"S3","TotalDuration":4000,"ErrorCode":"ResCode","ErrorDetail":"res detail"},
            "Novel":{"A":1}}"#;
        let page = page(text);
        for part in [
            "CSV",
            "m.csv",
            "role-m",
            "bucket-m",
            "v9",
            "reports/",
            "bucket-r",
            "role-r",
            "STANDARD",
            "ERRORS_ONLY",
            "INCLUDE",
            "LEVEL1",
            "LEVEL2",
            "LEVEL3",
            "LEVEL4",
            "RepCode",
            "rep detail",
            "S1",
            "S2",
            "S3",
            "4.0s",
            "ResCode",
            "res detail",
            "Novel",
            "1970-01-01 00:00:01",
            "1970-01-01 00:00:03",
        ] {
            assert!(page.contains(part), "{part} is missing:\n{page}");
        }
    }
}
