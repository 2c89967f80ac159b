//! What to do about an error, matched by parts of its code and its detail.

use crate::aws::snapshot::{Snapshot, Status};

/// What a symptom means and what helps.
#[derive(Debug, PartialEq, Eq)]
pub struct Remedy {
    /// Any of these, anywhere in code or detail, whatever the case.
    symptoms: &'static [&'static str],
    /// What to do, in a sentence.
    pub advice: &'static str,
}

/// What to check when an execution stays in LAUNCHING.
pub const STUCK_LAUNCHING: &str = "Is the task's agent on, and ONLINE in the console? Can it reach the network? \
     If both are so, ask AWS Support through the agent's local console.";

/// What to check when nothing moves any more.
pub const STALLED: &str = "Is the agent on, and ONLINE in the console? Do source and destination answer from where it is? \
     A transfer that waits for one of them goes on by itself.";

const REMEDIES: &[Remedy] = &[
    Remedy {
        symptoms: &["EniNotFound"],
        advice: "A network interface of the task was deleted. Start the task by hand: that makes new ones.",
    },
    Remedy {
        symptoms: &["Cannot allocate memory", "NoMem"],
        advice: "The agent has too little memory for this many items. Give it more, or split the task with filters.",
    },
    Remedy {
        symptoms: &["FsNfsIdMappingEnabled", "65534"],
        advice: "NFSv4 id mapping is not supported. Make the location with NFS version 3.",
    },
    Remedy {
        symptoms: &["Input/output error"],
        advice: "FSx for ONTAP: look for a full volume, no free inodes, or throughput used up; lower BytesPerSecond. \
                 NFS and HDFS: check the server's disk and the firewall, and mount it from the agent's subnet.",
    },
    Remedy {
        symptoms: &["Connection reset by peer", "Host is down"],
        advice: "The SMB server failed over or is being maintained. Start the task again when it is back.",
    },
    Remedy {
        symptoms: &["permission denied"],
        advice: "The NFS export squashes root. Export it with no_root_squash, or make the files readable to all.",
    },
    Remedy {
        symptoms: &["x40016", "mount.nfs: Connection timed out", "Failed to connect to EFS mount target"],
        advice: "The export can't be mounted. Check its address, the firewall and port 2049 of the security groups; \
                 a changed mount path needs a new location.",
    },
    Remedy {
        symptoms: &["x40015", "kinit:", "Preauthentication failed", "Cannot contact any KDC"],
        advice: "Kerberos failed. Is the keytab older than the password, the principal's case right? \
                 Check krb5.conf, TCP port 88 and DNS.",
    },
    Remedy {
        symptoms: &["FsS3UnableToConnectToEndpoint", "FsS3HeadBucketFailed", "HeadObject", "GetObjectTagging"],
        advice: "The bucket can't be reached. Does it exist, and does the location's role allow GetObject, \
                 GetObjectTagging and its KMS key?",
    },
    Remedy {
        symptoms: &["FsAzureBlobVolRootListBlobsFailed", "Unable to list Azure Blobs"],
        advice: "The SAS token needs List permission, and the storage firewall must admit the agent.",
    },
    Remedy {
        symptoms: &["SrcLocHitAccess", "SyncTaskErrorLocationNotAdded"],
        advice: "DataSync may not access the location. Check its role or its credentials.",
    },
    Remedy {
        symptoms: &["Verification detected mismatches", "MetadataDiffers"],
        advice: "Files changed during the run, or their metadata could not be set. The log names them; \
                 run the task again when nobody writes there.",
    },
    Remedy {
        symptoms: &["files skipped due to errors"],
        advice: "All the rest was transferred. The log in CloudWatch names the files; mend them and run the task again.",
    },
    Remedy {
        symptoms: &["Region of the task is disabled", "region is disabled", "Region is not enabled"],
        advice: "Enable the region for the account, then start the task again.",
    },
];

/// The remedies that fit an error, in the order of the table; none where nothing is known of it.
pub fn remedies(code: Option<&str>, detail: Option<&str>) -> Vec<&'static Remedy> {
    let text = format!("{}\n{}", code.unwrap_or_default(), detail.unwrap_or_default()).to_lowercase();
    let fits = |remedy: &&Remedy| remedy.symptoms.iter().any(|symptom| text.contains(&symptom.to_lowercase()));
    REMEDIES.iter().filter(fits).collect()
}

/// Whether an execution ended with an error, but moved nearly all there was.
pub fn is_partial(snapshot: &Snapshot) -> bool {
    let detail = snapshot.result.as_ref().and_then(|result| result.error_detail.as_deref());
    snapshot.status() == Some(Status::Error) && detail.is_some_and(is_partial_success)
}

fn is_partial_success(detail: &str) -> bool {
    let detail = detail.to_lowercase();
    detail.contains("transfer and verification completed") || detail.contains("selected files transferred except")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_symptom_has_its_advice() {
        for (code, detail, says) in [
            ("EniNotFound", "", "network interface"),
            ("", "Cannot allocate memory", "more, or split"),
            ("FsNfsIdMappingEnabled", "", "version 3"),
            ("OpNotSupp", "Input/output error on the mount", "inodes"),
            ("", "Task failed: Connection reset by peer", "SMB server"),
            ("", "rename: Permission denied", "no_root_squash"),
            ("", "x40016: mount.nfs: Connection timed out", "port 2049"),
            ("", "x40015: kinit: Preauthentication failed while getting initial credentials", "keytab"),
            ("FsS3HeadBucketFailed", "", "bucket"),
            ("FsAzureBlobVolRootListBlobsFailed", "", "SAS token"),
            ("SrcLocHitAccess", "", "may not access"),
            ("", "Transfer and verification completed. Verification detected mismatches.", "nobody writes"),
            ("", "Selected files transferred except for files skipped due to errors.", "CloudWatch"),
        ] {
            let found = remedies(Some(code), Some(detail));
            assert!(found.iter().any(|remedy| remedy.advice.contains(says)), "{code} {detail}: {found:?}");
        }
        assert!(remedies(Some("SomethingNew"), None).is_empty());
        assert!(remedies(None, None).is_empty());
    }

    #[test]
    fn partial_success_is_told_apart() {
        assert!(is_partial_success("Transfer and verification completed. Verification detected mismatches."));
        assert!(is_partial_success(
            "Transfer and verification completed. Selected files transferred except for files skipped due to errors."
        ));
        assert!(!is_partial_success("x40016: mount.nfs: Connection timed out"));
    }
}
