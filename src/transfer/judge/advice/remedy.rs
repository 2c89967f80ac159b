//! What helps against an error: the cause that its words tell, and the location that it is about.

use super::locations::{Agents, Side, Storage, schemes};
use crate::aws::task::Task;

/// What helps against an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Remedy {
    /// A network interface of the task was deleted.
    InterfaceDeleted,
    /// Too many items for the memory that there is.
    Memory(Agents),
    /// NFSv4 id mapping is not supported.
    NfsIdMapping,
    /// The SMB server failed over.
    SmbFailover,
    /// Kerberos failed; the cause is `None` where the error does not tell it.
    Kerberos(Option<Cause>),
    /// A location could not be read or written; the cause is `None` where the error does not tell it.
    Location(Place, Option<Cause>),
    /// DataSync may not access the location.
    LocationAccess,
    /// Files changed during the run, or their metadata could not be set.
    FilesChanged,
    /// Files were skipped due to errors.
    ItemsSkipped,
    /// The region is disabled for the account.
    RegionDisabled,
}

/// What kind of cause an error tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// Nothing responded, or not in time.
    Network,
    /// Access was refused.
    Permission,
    /// The storage failed to read or write.
    InputOutput,
}

/// The location that an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// Which one; `None` where the error does not tell.
    pub side: Option<Side>,
    /// Its storage.
    pub storage: Storage,
    /// Whether the way there begins at an agent.
    pub agents: Agents,
}

/// Texts, in any case, that tell a remedy whatever else the error says.
const SYMPTOMS: &[(Remedy, &[&str])] = &[
    (Remedy::InterfaceDeleted, &["eninotfound"]),
    (Remedy::Memory(Agents::Unknown), &["cannot allocate memory", "nomem"]),
    (Remedy::NfsIdMapping, &["fsnfsidmappingenabled", "65534"]),
    (Remedy::LocationAccess, &["srclochitaccess", "synctaskerrorlocationnotadded"]),
    (
        Remedy::FilesChanged,
        &["verification detected mismatches", "metadatadiffers", "verification failed due to a difference"],
    ),
    (Remedy::ItemsSkipped, &["files skipped due to errors"]),
    (Remedy::RegionDisabled, &["region of the task is disabled", "region is disabled", "region is not enabled"]),
];

/// Texts that tell the cause, the surest first.
const CAUSES: &[(Cause, &[&str])] = &[
    (Cause::InputOutput, &["input/output error"]),
    (
        Cause::Permission,
        &[
            "permission denied",
            "access denied",
            "accessdenied",
            "not authorized",
            "operation not permitted",
            "forbidden",
            "code=403",
            "status code: 403",
            "(403)",
            "preauthentication failed",
            "unable to list azure blobs",
            "fsazureblobvolrootlistblobsfailed",
        ],
    ),
    (
        Cause::Network,
        &[
            "timed out",
            "timeout",
            "unable to connect",
            "unabletoconnect",
            "failed to connect",
            "connection refused",
            "connection reset",
            "host is down",
            "no route to host",
            "cannot contact any kdc",
        ],
    ),
];

/// Texts that tell the storage.
const STORAGES: &[(Storage, &[&str])] = &[
    (Storage::Efs, &["efs mount target"]),
    (Storage::Nfs, &["mount.nfs", "x40016", "nfs"]),
    (Storage::Objects, &["fss3", "s3 ", "headobject", "getobjecttagging", "putobject", "bucket"]),
    (Storage::Azure, &["azure"]),
    (Storage::Smb, &["smb", "cifs"]),
    (Storage::Hdfs, &["hdfs"]),
];

/// Texts that name one of the two locations.
const SOURCE: &[&str] = &["source", "srcloc"];
const DESTINATION: &[&str] = &["destination", "dstloc", "destloc"];

/// The remedies that an error calls for: code and detail are its words.
pub fn remedies(words: &str, agents: Agents, task: &Task) -> Vec<Remedy> {
    let words = words.to_lowercase();
    let mut found: Vec<Remedy> = SYMPTOMS.iter().filter(|(_, texts)| any(&words, texts)).map(|(r, _)| *r).collect();
    for remedy in &mut found {
        if let Remedy::Memory(of) = remedy {
            *of = agents;
        }
    }
    let is_explained = found.iter().any(|remedy| !matches!(remedy, Remedy::ItemsSkipped));
    if !is_explained {
        found.splice(..0, of_location(&words, agents, task));
    }
    found
}

/// What the error says of a location.
fn of_location(words: &str, agents: Agents, task: &Task) -> Option<Remedy> {
    let cause = CAUSES.iter().find(|(_, texts)| any(words, texts)).map(|(cause, _)| *cause);
    if any(words, &["x40015", "kinit:", "preauthentication failed", "cannot contact any kdc"]) {
        return Some(Remedy::Kerberos(cause));
    }
    let place = Place::of(words, agents, task);
    if any(words, &["connection reset by peer", "host is down"]) && place.may_be(Storage::Smb, task) {
        return Some(Remedy::SmbFailover);
    }
    let is_about_a_location =
        any(words, &["x40016", "mount.nfs", "fss3headbucketfailed", "headobject", "getobjecttagging"]);
    (cause.is_some() || is_about_a_location).then_some(Remedy::Location(place, cause))
}

fn any(words: &str, texts: &[&str]) -> bool {
    texts.iter().any(|text| words.contains(text))
}

impl Place {
    /// The location that the error names, or the only one with the storage that it names.
    fn of(words: &str, agents: Agents, task: &Task) -> Self {
        let [source, destination] = schemes(task).map(|scheme| scheme.map_or(Storage::Unknown, Storage::of));
        let named = match (any(words, SOURCE), any(words, DESTINATION)) {
            (true, false) => Some(Side::Source),
            (false, true) => Some(Side::Destination),
            _ => None,
        };
        let told = STORAGES.iter().find(|(_, texts)| any(words, texts)).map(|(storage, _)| *storage);
        let has_told = |storage: Storage| told.is_some_and(|told| storage.is_like(told));
        let side = named.or(match (has_told(source), has_told(destination)) {
            (true, false) => Some(Side::Source),
            (false, true) => Some(Side::Destination),
            _ => None,
        });
        let known = match side {
            Some(Side::Source) => source,
            Some(Side::Destination) => destination,
            None if source == destination => source,
            None => Storage::Unknown,
        };
        let storage = if known == Storage::Unknown { told.unwrap_or(known) } else { known };
        Self { side, storage, agents }
    }

    /// Whether it may have this storage: it does, or that is not known and neither of the locations tells otherwise.
    fn may_be(&self, storage: Storage, task: &Task) -> bool {
        let mut schemes = schemes(task).into_iter().map(|scheme| scheme.map(Storage::of));
        self.storage == storage || self.storage == Storage::Unknown && schemes.any(|s| s.is_none_or(|s| s == storage))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(source: &str, destination: &str) -> Task {
        let side = |uri: &str| Some(uri.to_owned()).filter(|uri| !uri.is_empty());
        Task { source: side(source), destination: side(destination), ..Task::default() }
    }

    fn place(side: Option<Side>, storage: Storage) -> Place {
        Place { side, storage, agents: Agents::Unknown }
    }

    fn found(words: &str, task: &Task) -> Vec<Remedy> {
        remedies(words, Agents::Unknown, task)
    }

    #[test]
    fn each_symptom_has_its_remedy() {
        for (words, expected) in [
            ("EniNotFound", Remedy::InterfaceDeleted),
            ("Cannot allocate memory", Remedy::Memory(Agents::Unknown)),
            ("FsNfsIdMappingEnabled", Remedy::NfsIdMapping),
            ("Task failed: Connection reset by peer", Remedy::SmbFailover),
            ("x40015: kinit: Preauthentication failed while getting", Remedy::Kerberos(Some(Cause::Permission))),
            ("kinit: Cannot contact any KDC for realm", Remedy::Kerberos(Some(Cause::Network))),
            ("x40015", Remedy::Kerberos(None)),
            ("SrcLocHitAccess", Remedy::LocationAccess),
            ("Transfer and verification completed. Verification detected mismatches.", Remedy::FilesChanged),
            ("Sync verification failed due to a difference in metadata: /a", Remedy::FilesChanged),
            ("Selected files transferred except for files skipped due to errors.", Remedy::ItemsSkipped),
            ("The Region of the task is disabled", Remedy::RegionDisabled),
        ] {
            assert_eq!(found(words, &Task::default()), [expected], "{words}");
        }
        assert!(found("SomethingNew", &Task::default()).is_empty());
    }

    #[test]
    fn a_timeout_is_no_missing_permission_and_the_source_is_not_the_destination() {
        use {Cause::*, Side::*, Storage::*};
        let (nfs_to_s3, smb_to_fsx) =
            (task("nfs://server/export", "s3://b/"), task("smb://server/share", "fsxw://fs/"));
        let s3_to_s3 = task("s3://a/", "s3://b/");
        for (words, task, side, storage, cause) in [
            ("x40016: mount.nfs: Connection timed out", &nfs_to_s3, Some(Source), Nfs, Some(Network)),
            ("mount.nfs: access denied by server while mounting", &nfs_to_s3, Some(Source), Nfs, Some(Permission)),
            ("x40016", &nfs_to_s3, Some(Source), Nfs, None),
            (
                "Unable to connect to S3 endpoint of bucket b: timed out",
                &nfs_to_s3,
                Some(Destination),
                Objects,
                Some(Network),
            ),
            ("FsS3UnableToConnectToEndpoint", &s3_to_s3, None, Objects, Some(Network)),
            ("HeadObject failed code=403", &nfs_to_s3, Some(Destination), Objects, Some(Permission)),
            ("FsS3HeadBucketFailed", &nfs_to_s3, Some(Destination), Objects, None),
            ("Failed to open source file: Permission denied", &s3_to_s3, Some(Source), Objects, Some(Permission)),
            ("rename: Permission denied", &smb_to_fsx, None, Unknown, Some(Permission)),
            ("write to destination: Permission denied", &smb_to_fsx, Some(Destination), Fsx, Some(Permission)),
            (
                "OpNotSupp\nInput/output error on the mount",
                &task("s3://a/", "s3://b/"),
                None,
                Objects,
                Some(InputOutput),
            ),
            ("read nfs: Connection reset by peer", &nfs_to_s3, Some(Source), Nfs, Some(Network)),
            (
                "Unable to list Azure Blobs on the volume root",
                &task("azure-blob://a/c", "s3://b/"),
                Some(Source),
                Azure,
                Some(Permission),
            ),
            (
                "Failed to connect to EFS mount target",
                &task("s3://a/", "efs://fs/"),
                Some(Destination),
                Efs,
                Some(Network),
            ),
            ("Permission denied", &Task::default(), None, Unknown, Some(Permission)),
        ] {
            assert_eq!(found(words, task), [Remedy::Location(place(side, storage), cause)], "{words}");
        }
    }

    #[test]
    fn what_the_items_did_is_told_beside_its_cause() {
        let words = "Selected files transferred except for files skipped due to errors: Permission denied";
        let [Remedy::Location(_, Some(Cause::Permission)), Remedy::ItemsSkipped] = found(words, &Task::default())[..]
        else {
            panic!("{:?}", found(words, &Task::default()));
        };
    }
}
