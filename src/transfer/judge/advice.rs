//! What to check or do next: which advice fits a case, by its mode, its options and its locations.

use super::health::{Finding, Health, LAUNCHING_LONG};
use crate::{
    aws::{
        applicability::Applicability,
        snapshot::{Mode, Snapshot, Status},
        task::Task,
    },
    transfer::{
        past::phases::Age,
        present::progress::{self, Ending},
    },
};

/// One thing to check or to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Advice {
    /// LAUNCHING takes long: agent and network, or, without an agent, the locations' own network and roles.
    StuckLaunching(Agents),
    /// Nothing moves: agent, source and destination.
    Stalled(Agents),
    /// The log tells more.
    Log(Log, Tells),
    /// The error has a known remedy.
    Remedy(Remedy),
}

/// Whether the locations of a task use agents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Agents {
    /// At least one does.
    Used,
    /// None does.
    None,
    /// The locations are not known, or may do without.
    Unknown,
}

/// The task's log in CloudWatch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Log {
    /// LogLevel is OFF.
    Off,
    /// The task has no log group.
    NoGroup,
    /// This log group.
    Group(String),
    /// Whether there is one is not known.
    Unknown,
}

/// What a log tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tells {
    /// Perhaps why it stands still or failed.
    Cause,
    /// Which items failed.
    Items,
}

/// What helps against an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Remedy {
    /// A network interface of the task was deleted.
    InterfaceDeleted,
    /// Too many items for the memory that there is.
    Memory(Agents),
    /// NFSv4 id mapping is not supported.
    NfsIdMapping,
    /// The storage failed to read or write.
    InputOutput(Storage),
    /// The SMB server failed over.
    SmbFailover,
    /// The NFS export squashes root.
    RootSquash,
    /// The export can't be mounted.
    Mount,
    /// Kerberos failed.
    Kerberos,
    /// The bucket can't be reached or read.
    Bucket,
    /// The SAS token or the storage firewall is in the way.
    AzureToken(Agents),
    /// DataSync may not access the location.
    LocationAccess,
    /// Files changed during the run, or their metadata could not be set.
    FilesChanged,
    /// Everything else was transferred.
    ItemsSkipped,
    /// The region is disabled for the account.
    RegionDisabled,
}

/// What kind of storage an input or output error comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Storage {
    /// FSx for NetApp ONTAP.
    Ontap,
    /// A file server: NFS or HDFS.
    Server,
    /// Either, or not known.
    Unknown,
}

/// The kinds of remedies and the texts, in any case, that call for them, anywhere in code or detail.
const SYMPTOMS: &[(Remedy, &[&str])] = &[
    (Remedy::InterfaceDeleted, &["EniNotFound"]),
    (Remedy::Memory(Agents::Unknown), &["Cannot allocate memory", "NoMem"]),
    (Remedy::NfsIdMapping, &["FsNfsIdMappingEnabled", "65534"]),
    (Remedy::InputOutput(Storage::Unknown), &["Input/output error"]),
    (Remedy::SmbFailover, &["Connection reset by peer", "Host is down"]),
    (Remedy::RootSquash, &["permission denied"]),
    (Remedy::Mount, &["x40016", "mount.nfs: Connection timed out", "Failed to connect to EFS mount target"]),
    (Remedy::Kerberos, &["x40015", "kinit:", "Preauthentication failed", "Cannot contact any KDC"]),
    (Remedy::Bucket, &["FsS3UnableToConnectToEndpoint", "FsS3HeadBucketFailed", "HeadObject", "GetObjectTagging"]),
    (Remedy::AzureToken(Agents::Unknown), &["FsAzureBlobVolRootListBlobsFailed", "Unable to list Azure Blobs"]),
    (Remedy::LocationAccess, &["SrcLocHitAccess", "SyncTaskErrorLocationNotAdded"]),
    (
        Remedy::FilesChanged,
        &["Verification detected mismatches", "MetadataDiffers", "verification failed due to a difference"],
    ),
    (Remedy::ItemsSkipped, &["files skipped due to errors"]),
    (Remedy::RegionDisabled, &["Region of the task is disabled", "region is disabled", "Region is not enabled"]),
];

/// What fits an execution, the most useful first; none where there is nothing to do.
pub fn advise(snapshot: &Snapshot, task: &Task, health: &Health, phase: Option<Age>) -> Vec<Advice> {
    let agents = Agents::of(task, &snapshot.mode());
    let log = || Log::of(snapshot, task);
    match snapshot.status() {
        Some(Status::Error) => return against_error(snapshot, task, agents),
        Some(Status::Success) => {
            let ending = progress::ending(snapshot, &Applicability::of(snapshot));
            let names = matches!(ending, Some(Ending::Failures(_) | Ending::SkippedOfAll(_)));
            return if names { vec![Advice::Log(log(), Tells::Items)] } else { Vec::new() };
        }
        Some(Status::Launching) if phase.is_some_and(|age| age.span() >= LAUNCHING_LONG) => {
            return vec![Advice::StuckLaunching(agents)];
        }
        _ => {}
    }
    match &health.finding {
        Some(Finding::Stalled { .. } | Finding::StepStalled { .. } | Finding::Idle { .. }) => {
            vec![Advice::Stalled(agents), Advice::Log(log(), Tells::Cause)]
        }
        Some(Finding::Failing { .. } | Finding::Unlisted { .. }) => vec![Advice::Log(log(), Tells::Items)],
        _ => Vec::new(),
    }
}

fn against_error(snapshot: &Snapshot, task: &Task, agents: Agents) -> Vec<Advice> {
    let result = snapshot.result.as_ref();
    let code = result.and_then(|result| result.error_code.as_deref()).unwrap_or_default();
    let detail = result.and_then(|result| result.error_detail.as_deref()).unwrap_or_default();
    let remedies = remedies(code, detail, agents, task);
    let names = remedies.iter().any(|remedy| matches!(remedy, Remedy::FilesChanged | Remedy::ItemsSkipped));
    let silent = code.is_empty() && detail.is_empty();
    let mut advice: Vec<Advice> = remedies.into_iter().map(Advice::Remedy).collect();
    if names || silent {
        let tells = if names { Tells::Items } else { Tells::Cause };
        advice.push(Advice::Log(Log::of(snapshot, task), tells));
    }
    advice
}

/// The remedies that an error calls for, in the order of the table.
fn remedies(code: &str, detail: &str, agents: Agents, task: &Task) -> Vec<Remedy> {
    let text = format!("{code}\n{detail}").to_lowercase();
    let fits = |symptoms: &[&str]| symptoms.iter().any(|symptom| text.contains(&symptom.to_lowercase()));
    let found = SYMPTOMS.iter().filter(|(_, symptoms)| fits(symptoms));
    let fitted = found.map(|(remedy, _)| match remedy {
        Remedy::Memory(_) => Remedy::Memory(agents),
        Remedy::AzureToken(_) => Remedy::AzureToken(agents),
        Remedy::InputOutput(_) => Remedy::InputOutput(Storage::of(task)),
        other => *other,
    });
    fitted.collect()
}

fn schemes(task: &Task) -> [Option<&str>; 2] {
    [&task.source, &task.destination].map(|uri| Some(uri.as_deref()?.split_once("://")?.0))
}

impl Agents {
    /// By the URIs of the locations: file servers need an agent, the cloud's own storage does not.
    pub fn of(task: &Task, mode: &Mode) -> Self {
        let side = |scheme: Option<&str>| match scheme {
            Some("nfs" | "smb" | "hdfs") => Self::Used,
            Some("object-storage" | "azure-blob") if *mode == Mode::Basic => Self::Used,
            Some(scheme) if scheme == "s3" || scheme == "efs" || scheme.starts_with("fsx") => Self::None,
            _ => Self::Unknown,
        };
        match schemes(task).map(side) {
            [Self::Used, _] | [_, Self::Used] => Self::Used,
            [Self::None, Self::None] => Self::None,
            _ => Self::Unknown,
        }
    }
}

impl Storage {
    fn of(task: &Task) -> Self {
        let schemes = schemes(task);
        let any = |wanted: fn(&str) -> bool| schemes.iter().flatten().any(|scheme| wanted(scheme));
        match (any(|scheme| scheme.starts_with("fsxn")), any(|scheme| matches!(scheme, "nfs" | "hdfs"))) {
            (true, false) => Self::Ontap,
            (false, true) => Self::Server,
            _ => Self::Unknown,
        }
    }
}

impl Log {
    fn of(snapshot: &Snapshot, task: &Task) -> Self {
        let options = snapshot.options.as_ref();
        if options.and_then(|options| options.log_level.as_deref()) == Some("OFF") {
            return Self::Off;
        }
        let task_is_known = task.name.is_some() || task.source.is_some() || task.destination.is_some();
        match &task.log_group {
            Some(group) => Self::Group(group.clone()),
            // Enhanced mode always logs, to a group of its own
            None if snapshot.mode() == Mode::Enhanced => Self::Group("/aws/datasync".into()),
            None if task_is_known => Self::NoGroup,
            None => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(source: &str, destination: &str, log_group: Option<&str>) -> Task {
        let side = |uri: &str| Some(uri.to_owned()).filter(|uri| !uri.is_empty());
        Task {
            source: side(source),
            destination: side(destination),
            log_group: side(log_group.unwrap_or("")),
            name: None,
        }
    }

    #[test]
    fn each_symptom_has_its_remedy() {
        for (code, detail, expected) in [
            ("EniNotFound", "", Remedy::InterfaceDeleted),
            ("", "Cannot allocate memory", Remedy::Memory(Agents::Unknown)),
            ("FsNfsIdMappingEnabled", "", Remedy::NfsIdMapping),
            ("OpNotSupp", "Input/output error on the mount", Remedy::InputOutput(Storage::Unknown)),
            ("", "Task failed: Connection reset by peer", Remedy::SmbFailover),
            ("", "rename: Permission denied", Remedy::RootSquash),
            ("", "x40016: mount.nfs: Connection timed out", Remedy::Mount),
            ("", "x40015: kinit: Preauthentication failed while getting initial credentials", Remedy::Kerberos),
            ("FsS3HeadBucketFailed", "", Remedy::Bucket),
            ("FsAzureBlobVolRootListBlobsFailed", "", Remedy::AzureToken(Agents::Unknown)),
            ("SrcLocHitAccess", "", Remedy::LocationAccess),
            ("", "Transfer and verification completed. Verification detected mismatches.", Remedy::FilesChanged),
            ("", "Sync verification failed due to a difference in metadata: /a", Remedy::FilesChanged),
            ("", "Selected files transferred except for files skipped due to errors.", Remedy::ItemsSkipped),
        ] {
            let found = remedies(code, detail, Agents::Unknown, &Task::default());
            assert!(found.contains(&expected), "{code} {detail}: {found:?}");
        }
        assert!(remedies("SomethingNew", "", Agents::Unknown, &Task::default()).is_empty());
    }

    #[test]
    fn an_agent_is_spoken_of_only_where_a_location_may_need_one() {
        let (basic, enhanced) = (Mode::Basic, Mode::Enhanced);
        for (source, destination, mode, expected) in [
            ("nfs://server/export", "s3://bucket/", &basic, Agents::Used),
            ("smb://server/share", "fsxw://fs/share", &enhanced, Agents::Used),
            ("s3://a/", "efs://fs/", &basic, Agents::None),
            ("s3://a/", "fsxn-nfs://svm/vol", &enhanced, Agents::None),
            ("azure-blob://account/container", "s3://b/", &basic, Agents::Used),
            ("azure-blob://account/container", "s3://b/", &enhanced, Agents::Unknown),
            ("s3://a/", "", &basic, Agents::Unknown),
            ("", "", &basic, Agents::Unknown),
        ] {
            assert_eq!(Agents::of(&task(source, destination, None), mode), expected, "{source} {destination}");
        }
    }

    #[test]
    fn a_log_is_promised_only_where_there_may_be_one() {
        let read = |text: &str| serde_json::from_str::<Snapshot>(text).unwrap();
        let off = read(r#"{"Options":{"LogLevel":"OFF"}}"#);
        let on = read(r#"{"Options":{"LogLevel":"BASIC"}}"#);
        let enhanced = read(r#"{"TaskMode":"ENHANCED"}"#);
        let group = task("s3://a/", "s3://b/", Some("/my/logs"));
        let without = task("s3://a/", "s3://b/", None);
        for (snapshot, task, expected) in [
            (&off, &group, Log::Off),
            (&on, &group, Log::Group("/my/logs".into())),
            (&on, &without, Log::NoGroup),
            (&on, &Task::default(), Log::Unknown),
            (&enhanced, &without, Log::Group("/aws/datasync".into())),
        ] {
            assert_eq!(Log::of(snapshot, task), expected);
        }
    }

    #[test]
    fn storage_decides_what_an_input_output_error_means() {
        for (source, destination, expected) in [
            ("s3://a/", "fsxn-smb://svm/vol", Storage::Ontap),
            ("nfs://server/export", "s3://b/", Storage::Server),
            ("nfs://server/export", "fsxn-nfs://svm/vol", Storage::Unknown),
        ] {
            assert_eq!(Storage::of(&task(source, destination, None)), expected);
        }
    }
}
