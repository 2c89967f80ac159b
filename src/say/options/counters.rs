//! Every counter of a response, exact, with what it means and the API's name for it.

use super::Row;
use crate::aws::{
    applicability::{Applicability, Metric},
    snapshot::{Count, Failed, Listed, Snapshot},
};
use crate::say::{units, words};

/// One counter: its name, the member of the response, the value, and what it counts.
struct Counter {
    name: &'static str,
    member: &'static str,
    value: Option<Count>,
    means: &'static str,
    in_bytes: bool,
    metric: Option<Metric>,
}

/// A row a counter that was reported, in the order in which items go through the pipeline.
pub fn rows(snapshot: &Snapshot) -> Vec<Row> {
    let applicability = Applicability::of(snapshot);
    let all = [bytes(snapshot), files(snapshot), folders(snapshot), failed(snapshot)];
    all.iter().flatten().filter_map(|counter| counter.row(&applicability)).collect()
}

impl Counter {
    fn row(&self, applicability: &Applicability) -> Option<Row> {
        let Count(value) = self.value?;
        let mut words = units::count(value);
        if self.in_bytes {
            words.push_str(" bytes");
        }
        if self.in_bytes && value.unsigned_abs() >= 1000 {
            words.push_str(&format!(" ({})", units::bytes(value)));
        }
        words.push(' ');
        words.push_str(self.means);
        if let Some(Err(why)) = self.metric.map(|metric| applicability.applies(metric)) {
            words.push_str(&format!("; {}", words::not_applicable(why)));
        }
        Some(Row { name: self.name.into(), words, constant: Some(self.member.into()) })
    }
}

fn bytes(s: &Snapshot) -> Vec<Counter> {
    let bytes = |name, member, value, means, metric| Counter { name, member, value, means, in_bytes: true, metric };
    vec![
        bytes(
            "Bytes estimated",
            "EstimatedBytesToTransfer",
            s.estimated_bytes_to_transfer,
            "expected to be written to the destination",
            None,
        ),
        bytes("Bytes written", "BytesWritten", s.bytes_written, "written to the destination", None),
        bytes("Bytes read", "BytesTransferred", s.bytes_transferred, "read and sent, before compression", None),
        bytes(
            "Bytes on the network",
            "BytesCompressed",
            s.bytes_compressed,
            "sent, after compression",
            Some(Metric::Compression),
        ),
    ]
}

fn files(s: &Snapshot) -> Vec<Counter> {
    let files = |name, member, value, means, metric| Counter { name, member, value, means, in_bytes: false, metric };
    let listed = |of: fn(&Listed) -> Option<Count>| s.files_listed.as_ref().and_then(of);
    let deletes = Some(Metric::Deleted);
    vec![
        files(
            "Files listed",
            "FilesListed.AtSource",
            listed(|l| l.at_source),
            "found at the source",
            Some(Metric::Listed),
        ),
        files(
            "Files at destination",
            "FilesListed.AtDestinationForDelete",
            listed(|l| l.at_destination_for_delete),
            "found at the destination, to know what to delete",
            deletes,
        ),
        files(
            "Files prepared",
            "FilesPrepared",
            s.files_prepared,
            "compared and to be attempted",
            Some(Metric::Prepared),
        ),
        files(
            "Files estimated",
            "EstimatedFilesToTransfer",
            s.estimated_files_to_transfer,
            "expected to be transferred",
            None,
        ),
        files("Files transferred", "FilesTransferred", s.files_transferred, "transferred", None),
        files("Files verified", "FilesVerified", s.files_verified, "verified", Some(Metric::Verified)),
        files(
            "Files skipped",
            "FilesSkipped",
            s.files_skipped,
            "skipped: unchanged, locked, unreadable or archived",
            None,
        ),
        files(
            "File deletes",
            "EstimatedFilesToDelete",
            s.estimated_files_to_delete,
            "expected to be deleted at the destination",
            deletes,
        ),
        files("Files deleted", "FilesDeleted", s.files_deleted, "deleted at the destination", deletes),
    ]
}

fn folders(s: &Snapshot) -> Vec<Counter> {
    let metric = Some(Metric::Folders);
    let folders = |name, member, value, means| Counter { name, member, value, means, in_bytes: false, metric };
    let listed = |of: fn(&Listed) -> Option<Count>| s.folders_listed.as_ref().and_then(of);
    vec![
        folders("Folders listed", "FoldersListed.AtSource", listed(|l| l.at_source), "found at the source"),
        folders(
            "Folders at destination",
            "FoldersListed.AtDestinationForDelete",
            listed(|l| l.at_destination_for_delete),
            "found at the destination, to know what to delete",
        ),
        folders("Folders prepared", "FoldersPrepared", s.folders_prepared, "compared and to be attempted"),
        folders(
            "Folders estimated",
            "EstimatedFoldersToTransfer",
            s.estimated_folders_to_transfer,
            "expected to be transferred",
        ),
        folders("Folders transferred", "FoldersTransferred", s.folders_transferred, "transferred"),
        folders("Folders verified", "FoldersVerified", s.folders_verified, "verified"),
        folders("Folders skipped", "FoldersSkipped", s.folders_skipped, "skipped"),
        folders(
            "Folder deletes",
            "EstimatedFoldersToDelete",
            s.estimated_folders_to_delete,
            "expected to be deleted at the destination",
        ),
        folders("Folders deleted", "FoldersDeleted", s.folders_deleted, "deleted at the destination"),
    ]
}

fn failed(s: &Snapshot) -> Vec<Counter> {
    let metric = Some(Metric::Failures);
    let failed = |name, member, failed: &Option<Failed>, of: fn(&Failed) -> Option<Count>, means| Counter {
        name,
        member,
        value: failed.as_ref().and_then(of),
        means,
        in_bytes: false,
        metric,
    };
    let (files, folders) = (&s.files_failed, &s.folders_failed);
    vec![
        failed("Files failed", "FilesFailed.Prepare", files, |f| f.prepare, "failed to prepare"),
        failed("Files failed", "FilesFailed.Transfer", files, |f| f.transfer, "failed to transfer"),
        failed("Files failed", "FilesFailed.Verify", files, |f| f.verify, "failed to verify"),
        failed("Files failed", "FilesFailed.Delete", files, |f| f.delete, "failed to delete"),
        failed("Folders failed", "FoldersFailed.List", folders, |f| f.list, "failed to list"),
        failed("Folders failed", "FoldersFailed.Prepare", folders, |f| f.prepare, "failed to prepare"),
        failed("Folders failed", "FoldersFailed.Transfer", folders, |f| f.transfer, "failed to transfer"),
        failed("Folders failed", "FoldersFailed.Verify", folders, |f| f.verify, "failed to verify"),
        failed("Folders failed", "FoldersFailed.Delete", folders, |f| f.delete, "failed to delete"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every counter of the API reference, each with a value of its own.
    #[test]
    fn every_counter_is_there_exact() {
        let text = r#"{"TaskMode":"ENHANCED","Options":{"VerifyMode":"ONLY_FILES_TRANSFERRED","PreserveDeletedFiles":"REMOVE"},
            "EstimatedBytesToTransfer":1000001,"BytesWritten":1000002,"BytesTransferred":1000003,"BytesCompressed":1000004,
            "EstimatedFilesToTransfer":1000005,"FilesTransferred":1000006,"FilesVerified":1000007,"FilesSkipped":1000008,
            "FilesDeleted":1000009,"EstimatedFilesToDelete":1000010,"FilesPrepared":1000011,
            "FilesListed":{"AtSource":1000012,"AtDestinationForDelete":1000013},
            "FilesFailed":{"Prepare":1000014,"Transfer":1000015,"Verify":1000016,"Delete":1000017},
            "EstimatedFoldersToTransfer":1000018,"FoldersTransferred":1000019,"FoldersVerified":1000020,"FoldersSkipped":1000021,
            "FoldersDeleted":1000022,"EstimatedFoldersToDelete":1000023,"FoldersPrepared":1000024,
            "FoldersListed":{"AtSource":1000025,"AtDestinationForDelete":1000026},
            "FoldersFailed":{"List":1000027,"Prepare":1000028,"Transfer":1000029,"Verify":1000030,"Delete":1000031}}"#;
        let rows = rows(&serde_json::from_str(text).unwrap());
        for n in 1..=31 {
            let number = units::count(1_000_000 + n);
            assert!(rows.iter().any(|row| row.words.starts_with(&number)), "{number} is missing: {rows:?}");
        }
        let written = rows.iter().find(|row| row.constant.as_deref() == Some("BytesWritten")).unwrap();
        assert_eq!(written.words, "1,000,002 bytes (977 KiB) written to the destination");
        let compressed = rows.iter().find(|row| row.constant.as_deref() == Some("BytesCompressed")).unwrap();
        assert!(compressed.words.ends_with("; not supported in Enhanced mode"), "{}", compressed.words);
    }

    #[test]
    fn what_was_not_reported_has_no_row() {
        assert!(rows(&Snapshot::default()).is_empty());
    }
}
