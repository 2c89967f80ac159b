//! What to check or do next, in sentences.

use crate::transfer::{
    judge::advice::{Advice, Agents, Log, Remedy, Storage, Tells},
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
    }
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

fn remedy(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::InterfaceDeleted => {
            "A network interface of the task was deleted. Start the task by hand: that creates new ones."
        }
        Remedy::Memory(Agents::None) => "There are too many items for the memory. Split the task with filters.",
        Remedy::Memory(_) => {
            "The agent has too little memory for this many items. Give it more, or split the task with filters."
        }
        Remedy::NfsIdMapping => "NFSv4 ID mapping is not supported. Set the location to NFS version 3.",
        Remedy::InputOutput(Storage::Ontap) => {
            "Check the FSx for ONTAP volume: full, out of inodes, or out of throughput; lower BytesPerSecond."
        }
        Remedy::InputOutput(Storage::Server) => {
            "Check the file server's disk and the firewall, and mount the export from the agent's subnet."
        }
        Remedy::InputOutput(Storage::Unknown) => {
            "FSx for ONTAP: check for a full volume, no free inodes, or throughput used up; lower BytesPerSecond. \
             NFS and HDFS: check the server's disk and the firewall, and mount it from the agent's subnet."
        }
        Remedy::SmbFailover => "The SMB server failed over or is in maintenance. Start the task again when it is back.",
        Remedy::RootSquash => {
            "The NFS export squashes root. Export it with no_root_squash, or make the files world-readable."
        }
        Remedy::Mount => {
            "The export cannot be mounted. Check its host name, the firewall and port 2049 in the security groups; \
             a changed mount path needs a new location."
        }
        Remedy::Kerberos => {
            "Kerberos failed. Check that the keytab is newer than the password and the principal's case is right; \
             then krb5.conf, TCP port 88 and DNS."
        }
        Remedy::Bucket => {
            "The bucket cannot be reached. Check that it exists, and that the location's role allows GetObject, \
             GetObjectTagging and the KMS key."
        }
        Remedy::AzureToken(Agents::Used) => {
            "The SAS token needs the List permission, and the storage firewall must admit the agent."
        }
        Remedy::AzureToken(_) => {
            "The SAS token needs the List permission, and the storage firewall must admit DataSync."
        }
        Remedy::LocationAccess => "DataSync may not access the location. Check its role or its credentials.",
        Remedy::FilesChanged => {
            "Files changed during the run, or their metadata could not be set. Run the task again while nothing writes \
             to source or destination."
        }
        Remedy::ItemsSkipped => "Fix the files that failed and run the task again: it transfers what is missing.",
        Remedy::RegionDisabled => "Enable the region for the account, then start the task again.",
    }
}
