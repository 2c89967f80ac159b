//! What the locations of a task are: their storage, and whether an agent is on the way.

use crate::aws::{snapshot::Mode, task::Task};

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

/// One of the two locations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Where the data comes from.
    Source,
    /// Where it goes.
    Destination,
}

/// The kinds of storage that an error has to be read by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Storage {
    /// An NFS server.
    Nfs,
    /// An SMB server.
    Smb,
    /// HDFS.
    Hdfs,
    /// Amazon S3, or another object storage.
    Objects,
    /// Azure Blob Storage.
    Azure,
    /// Amazon EFS.
    Efs,
    /// FSx for NetApp ONTAP.
    Ontap,
    /// Another FSx.
    Fsx,
    /// Not known.
    Unknown,
}

/// The schemes of the source's and the destination's URI; `None` where that is not known.
pub fn schemes(task: &Task) -> [Option<&str>; 2] {
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
    /// By the scheme of a location's URI.
    pub fn of(scheme: &str) -> Self {
        match scheme {
            "nfs" => Self::Nfs,
            "smb" => Self::Smb,
            "hdfs" => Self::Hdfs,
            "s3" | "object-storage" => Self::Objects,
            "azure-blob" => Self::Azure,
            "efs" => Self::Efs,
            fsx if fsx.starts_with("fsxn") => Self::Ontap,
            fsx if fsx.starts_with("fsx") => Self::Fsx,
            _ => Self::Unknown,
        }
    }

    /// Whether an error that names `told` may be about this one: some storages are mounted as others are.
    pub fn is_like(self, told: Self) -> bool {
        match told {
            Self::Nfs => matches!(self, Self::Nfs | Self::Efs | Self::Ontap | Self::Fsx),
            Self::Smb => matches!(self, Self::Smb | Self::Ontap | Self::Fsx),
            other => self == other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let side = |uri: &str| Some(uri.to_owned()).filter(|uri| !uri.is_empty());
            let task = Task { source: side(source), destination: side(destination), ..Task::default() };
            assert_eq!(Agents::of(&task, mode), expected, "{source} {destination}");
        }
    }
}
