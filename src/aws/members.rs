//! The names that the API gives to the members of an answer.

use super::snapshot::{
    Failed, Filter, Listed, ManifestBucket, ManifestConfig, ManifestSource, Options, ReportBucket, ReportDestination,
    ReportLevel, ReportOverrides, ReportResult, ResultDetail, Snapshot, TaskReportConfig,
};

const ALL: &[&[&str]] = &[
    Snapshot::MEMBERS,
    Listed::MEMBERS,
    Failed::MEMBERS,
    ResultDetail::MEMBERS,
    Options::MEMBERS,
    Filter::MEMBERS,
    ManifestConfig::MEMBERS,
    ManifestSource::MEMBERS,
    ManifestBucket::MEMBERS,
    TaskReportConfig::MEMBERS,
    ReportDestination::MEMBERS,
    ReportBucket::MEMBERS,
    ReportOverrides::MEMBERS,
    ReportLevel::MEMBERS,
    ReportResult::MEMBERS,
];

/// Whether a name is one of the API's own, of a member on any level.
pub fn is_member(name: &str) -> bool {
    ALL.iter().any(|members| members.contains(&name))
}
