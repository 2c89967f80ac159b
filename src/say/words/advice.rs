//! What to check or do next, in sentences.

use crate::say::units;
use crate::transfer::{
    judge::{
        advice::{Advice, Agents, Cause, Log, Place, Remedy, Side, Storage, Tells},
        health::HealthState,
    },
    readout::Readout,
};

/// The advice for an execution, a sentence or two each.
pub fn sentences(readout: &Readout) -> Vec<String> {
    readout.advice.iter().map(sentence).collect()
}

/// One piece of advice.
pub fn sentence(advice: &Advice) -> String {
    match advice {
        Advice::StuckLaunching(agents) => stuck_launching(*agents).into(),
        Advice::Stalled(agents) => stalled(*agents).into(),
        Advice::Log(log, tells) => self::log(log, *tells),
        Advice::Remedy(remedy) => format!("What to do: {}", self::remedy(*remedy)),
        Advice::RunAgain => "The destination may be incomplete; the next run transfers what is missing.".into(),
    }
}

/// What to do while no counter changes, before that is a stall; none where that is not so.
pub fn unchanged(readout: &Readout) -> Vec<String> {
    if !matches!(readout.health.state, HealthState::Watching | HealthState::Quiet) {
        return Vec::new();
    }
    let span = readout.counters_unchanged_for();
    if span.is_zero() {
        return vec!["One poll does not tell whether it moves: check again in a few minutes.".into()];
    }
    let after = readout.stalls_after().map(|after| format!("; after {} it is called stalled", units::duration(after)));
    let (span, after) = (units::duration(span), after.unwrap_or_default());
    vec![
        format!("No counter has changed for {span}: check again in a few minutes{after}."),
        format!("If it goes on: {}", stalled(readout.agents)),
    ]
}

fn stuck_launching(agents: Agents) -> &'static str {
    match agents {
        Agents::Used => {
            "Check that the task's agent is running, ONLINE in the console, and has network access. If all of that is \
             fine, open a support channel from the agent's local console."
        }
        Agents::Unknown => {
            "If a location uses an agent, check that it is running, ONLINE in the console, and has network access; then \
             open a support channel from its local console."
        }
        Agents::None => {
            "No location uses an agent. Check that the subnets, security groups and roles of the locations still exist; \
             then contact AWS Support."
        }
    }
}

fn stalled(agents: Agents) -> &'static str {
    match agents {
        Agents::Used => {
            "Check that the agent is running and ONLINE in the console, and that source and destination respond from its \
             network. The transfer resumes on its own once they do."
        }
        Agents::Unknown => {
            "Check that source and destination respond, and, if a location uses an agent, that it is ONLINE in the \
             console. The transfer resumes on its own once they do."
        }
        Agents::None => {
            "Check that source and destination are available and not throttled. The transfer resumes on its own once \
             they respond."
        }
    }
}

fn log(log: &Log, tells: Tells) -> String {
    let tells = match tells {
        Tells::Cause => "may say why",
        Tells::Items => "lists what failed",
    };
    match log {
        Log::Off => {
            "Nothing is logged (LogLevel is OFF): set LogLevel to BASIC so that the next run logs failures.".into()
        }
        Log::NoGroup => "The task has no CloudWatch log group: set one so that the next run logs failures.".into(),
        Log::Group(group) => format!("The CloudWatch log group {group} {tells}."),
        Log::Unknown => format!("The task's CloudWatch log, if it has one, {tells}."),
    }
}

fn remedy(remedy: Remedy) -> String {
    let words = match remedy {
        Remedy::InterfaceDeleted => {
            "A network interface of the task was deleted. Start the task by hand: that creates new ones."
        }
        Remedy::Memory(Agents::None) => "There are too many items for the memory. Split the task with filters.",
        Remedy::Memory(_) => {
            "The agent has too little memory for this many items. Give it more, or split the task with filters."
        }
        Remedy::NfsIdMapping => "NFSv4 ID mapping is not supported. Set the location to NFS version 3.",
        Remedy::SmbFailover => {
            "The SMB server likely failed over or is in maintenance. Start the task again when it is back."
        }
        Remedy::Kerberos(cause) => kerberos(cause),
        Remedy::Location(place, cause) => return at(place, cause),
        Remedy::LocationAccess => "DataSync may not access the location. Check its role or its credentials.",
        Remedy::FilesChanged => {
            "Files likely changed during the run, or their metadata could not be set. Run the task again while nothing \
             writes to source or destination."
        }
        Remedy::ItemsSkipped => "Fix the files that failed and run the task again: it transfers what is missing.",
        Remedy::RegionDisabled => "Enable the region for the account, then start the task again.",
    };
    words.into()
}

fn kerberos(cause: Option<Cause>) -> &'static str {
    match cause {
        Some(Cause::Permission) => {
            "Kerberos refused the key. Check that the keytab is newer than the password, and the principal's case."
        }
        Some(Cause::Network) => {
            "No Kerberos server (KDC) responds: likely the network. Check krb5.conf, TCP port 88 and DNS."
        }
        _ => {
            "Kerberos failed. Check that the keytab is newer than the password and the principal's case is right; \
             then krb5.conf, TCP port 88 and DNS."
        }
    }
}

/// What to do at a location, by its storage and by the cause.
fn at(place: Place, cause: Option<Cause>) -> String {
    let location = match place.side {
        Some(Side::Source) => "the source",
        Some(Side::Destination) => "the destination",
        None => "a location",
    };
    match cause {
        Some(Cause::Network) => {
            format!("Likely the network, not a permission: {location} did not respond. {}", network(place))
        }
        Some(Cause::Permission) => {
            format!("Likely a permission, not the network: {location} refused access. {}", permission(place))
        }
        Some(Cause::InputOutput) => format!("Likely the storage of {location}. {}", input_output(place)),
        None if place.storage == Storage::Objects => format!(
            "The bucket of {location} cannot be used. Check that it exists, and that the location's role may read it \
             and its KMS key."
        ),
        None => format!(
            "The export of {location} cannot be mounted. Check its path, which clients it admits, the host name, and \
             TCP port 2049 on the way; a changed path needs a new location."
        ),
    }
}

fn network(place: Place) -> String {
    let from = match place.agents {
        Agents::Used => "from the agent",
        Agents::None => "from the task's network interfaces",
        Agents::Unknown => "from the agent, or, without one, from the task's network interfaces",
    };
    match place.storage {
        Storage::Nfs | Storage::Efs => {
            format!(
                "Check its host name, firewall or security groups for TCP port 2049 on the way {from}, and that it is up."
            )
        }
        Storage::Smb => {
            format!("Check its host name, the firewall for TCP port 445 on the way {from}, and that it is up.")
        }
        Storage::Objects => format!("Check DNS, proxy, VPC endpoint and security groups on the way {from}."),
        Storage::Azure => format!("Check DNS, the proxy, and that the storage firewall admits requests {from}."),
        _ => format!("Check its host name, firewall and security groups on the way {from}, and that it is up."),
    }
}

fn permission(place: Place) -> &'static str {
    match (place.storage, place.side) {
        (Storage::Nfs, _) => {
            "Check that the NFS export admits the agent and does not squash root (no_root_squash), or that all may read \
             the files."
        }
        (Storage::Smb, _) => "Check what the location's user may do on the share and its files.",
        (Storage::Objects, Some(Side::Source)) => {
            "Check that the location's role, the bucket policy and the KMS key allow ListBucket, GetObject and \
             GetObjectTagging."
        }
        (Storage::Objects, Some(Side::Destination)) => {
            "Check that the location's role, the bucket policy and the KMS key allow ListBucket, GetObject, PutObject \
             and PutObjectTagging."
        }
        (Storage::Objects, None) => "Check the locations' roles, the bucket policies and the KMS keys.",
        (Storage::Azure, _) => "Check that the SAS token has the List and Read permissions and has not expired.",
        (Storage::Efs, _) => "Check the file system policy, the access point and its IAM role, and the files' owners.",
        (Storage::Ontap | Storage::Fsx, _) => "Check the location's user, and the export policy or the share's rights.",
        (Storage::Hdfs, _) => "Check what the location's user may do in HDFS.",
        (Storage::Unknown, _) => {
            "NFS: root_squash, or the files' modes. SMB: the location's user. S3: the location's role, the bucket \
             policy, the KMS key."
        }
    }
}

fn input_output(place: Place) -> &'static str {
    match place.storage {
        Storage::Ontap => {
            "Check the FSx for ONTAP volume: full, out of inodes, or out of throughput; lower BytesPerSecond."
        }
        Storage::Nfs | Storage::Smb | Storage::Hdfs => {
            "Check the server's disk and the firewall, and mount the export from the agent's subnet."
        }
        _ => {
            "FSx for ONTAP: check for a full volume, no free inodes, or throughput used up; lower BytesPerSecond. \
             NFS and HDFS: check the server's disk and the firewall, and mount it from the agent's subnet."
        }
    }
}
