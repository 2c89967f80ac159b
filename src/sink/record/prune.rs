//! Recordings that nobody needs any more: long over, or the oldest of too many.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use jiff::{SignedDuration, Timestamp};

use super::open::{is_at, tail};
use crate::aws::{
    line::{Line, Reader},
    observation::Outcome,
};

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub struct Keep {
    /// How long after their end.
    pub ended: SignedDuration,
    /// How many bytes in all.
    pub bytes: u64,
}

impl Default for Keep {
    fn default() -> Self {
        Self { ended: SignedDuration::from_hours(30 * 24), bytes: 2 << 30 }
    }
}

/// A clock that jumped ahead is not believed for so long.
const DOUBT: SignedDuration = SignedDuration::from_hours(24);

/// A recording in the folder.
struct Old {
    path: PathBuf,
    bytes: u64,
    written: Timestamp,
    /// Its newest line; `None` where it has none.
    newest: Option<Timestamp>,
    /// `None` where it was not seen to end.
    ended: Option<Timestamp>,
}

impl Old {
    fn page(&self) -> PathBuf {
        self.path.with_extension("md")
    }

    /// Removes it with its hand-over page, unless another watch has it. True if it is gone.
    fn remove(&self) -> bool {
        let Ok(file) = File::options().append(true).open(&self.path) else { return false };
        let ours = file.try_lock().is_ok() && is_at(&file, &self.path);
        if ours && fs::remove_file(&self.path).is_ok() {
            let _ = fs::remove_file(self.page());
            return true;
        }
        false
    }
}

/// Removes what ended long ago, then the oldest of what ended until the rest fits. What was not seen to end stays,
/// and so does what a watch has open.
///
/// The clock may be wrong. So how long ago something was is counted to the newest line of any recording but our `own`,
/// or to `now` if that is earlier, less a day; and a file must have lain there for as long by its own time.
pub fn prune(folder: &Path, own: &[PathBuf], now: Timestamp, keep: Keep) -> io::Result<()> {
    let mut all: Vec<Old> = fs::read_dir(folder)?.flatten().filter_map(|entry| kept(&entry.path())).collect();
    let others = all.iter().filter(|kept| !own.contains(&kept.path));
    let Some(newest) = others.filter_map(|kept| kept.newest).max() else { return Ok(()) };
    let until = newest.min(now).saturating_sub(DOUBT).unwrap_or(Timestamp::MIN);
    let mut bytes: u64 = all.iter().map(|kept| kept.bytes).sum();
    all.sort_by_key(|kept| kept.ended);
    for kept in &all {
        let Some(last) = kept.ended.map(|ended| ended.max(kept.written)) else { continue };
        let since = until.duration_since(last);
        let goes = since > keep.ended || (bytes > keep.bytes && since > SignedDuration::ZERO);
        if goes && kept.remove() {
            bytes -= kept.bytes;
        }
    }
    Ok(())
}

fn kept(path: &Path) -> Option<Old> {
    let name = path.file_name()?.to_str()?;
    let there = fs::symlink_metadata(path).ok()?;
    if !name.starts_with("exec-") || !name.ends_with(".ndjson") || !there.is_file() {
        return None;
    }
    let written = Timestamp::try_from(there.modified().ok()?).ok()?;
    let (newest, ended) = last(path).ok()?;
    let mut kept = Old { path: path.to_owned(), bytes: there.len(), written, newest, ended };
    kept.bytes += fs::metadata(kept.page()).map_or(0, |page| page.len());
    Some(kept)
}

/// When the last line of a recording was written, and when the execution ended by the last response in it.
fn last(path: &Path) -> io::Result<(Option<Timestamp>, Option<Timestamp>)> {
    let (mut lines, mut reader) = (tail(path)?, Reader::default());
    let (mut newest, mut ended) = (None, None);
    while let Some(line) = lines.next()? {
        let text = std::str::from_utf8(line.bytes).ok();
        newest = newest.max(text.and_then(|text| Some(Line::parse(text).ok()?.at)));
        let Some(observation) = text.and_then(|text| reader.read(text).ok()) else { continue };
        if let Outcome::Response(answer) = &observation.outcome {
            let snapshot = answer.snapshot();
            let at = snapshot.end_time.map_or(observation.at, |end| end.0);
            ended = snapshot.is_over().then_some(at);
        }
    }
    Ok((newest, ended))
}

#[cfg(test)]
mod tests {
    use tempfile::{TempDir, tempdir};

    use super::*;
    use crate::{
        aws::observation::Observation,
        sink::record::{file::RecordingFile, open::Links},
        transfer::execution::tests::{answer, at},
    };

    const DAY: i64 = 86_400;

    /// A recording of an execution with this status on that day, and a hand-over page beside it.
    fn record(folder: &TempDir, id: &str, day: i64, status: &str) -> RecordingFile {
        let path = folder.path().join(format!("exec-{id}.ndjson"));
        let mut recording = RecordingFile::open(&path, u64::MAX / 4, Links::Followed).unwrap();
        recording.write(&answer(day * DAY - 60, r#""Status":"TRANSFERRING""#)).unwrap();
        recording.write(&answer(day * DAY, &format!(r#""Status":"{status}""#))).unwrap();
        recording.write(&answer(day * DAY, &format!(r#""Status":"{status}""#))).unwrap();
        recording.written_at(at(day * DAY));
        fs::write(path.with_extension("md"), "# How it went").unwrap();
        recording
    }

    fn names(folder: &TempDir) -> Vec<String> {
        let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| !name.ends_with(".md")).collect();
        names.sort();
        names
    }

    #[test]
    fn only_what_ended_long_ago_and_is_nobody_s_goes() {
        let folder = tempdir().unwrap();
        for (id, day, status) in [
            ("old-success", 1, "SUCCESS"),
            ("old-error", 1, "ERROR"),
            ("old-running", 1, "TRANSFERRING"),
            ("new-success", 20, "SUCCESS"),
        ] {
            record(&folder, id, day, status);
        }
        let _watched = record(&folder, "old-watched", 1, "SUCCESS");
        record(&folder, "old-touched", 1, "SUCCESS").written_at(at(20 * DAY));
        record(&folder, "own", 40, "TRANSFERRING");
        fs::write(folder.path().join("exec-empty.ndjson"), "").unwrap();
        fs::write(folder.path().join("exec-other.ndjson"), "who knows\n\u{fffd}").unwrap();
        fs::write(folder.path().join("notes.ndjson"), "").unwrap();
        let own = [folder.path().join("exec-own.ndjson")];
        prune(folder.path(), &own, at(40 * DAY), Keep::default()).unwrap();
        assert!(folder.path().join("exec-old-success.ndjson").exists(), "it is too old by our own recording alone");
        record(&folder, "other-watch", 40, "TRANSFERRING");
        prune(folder.path(), &own, at(31 * DAY), Keep::default()).unwrap();
        assert!(folder.path().join("exec-old-success.ndjson").exists(), "it has been too old for less than a day");
        prune(folder.path(), &own, at(40 * DAY), Keep::default()).unwrap();
        let kept = ["empty", "new-success", "old-running", "old-touched", "old-watched", "other-watch", "other", "own"];
        let kept = kept.map(|id| format!("exec-{id}.ndjson"));
        assert_eq!(names(&folder), [&kept[..], &["notes.ndjson".to_owned()]].concat());
        assert!(!folder.path().join("exec-old-success.md").exists());
        assert!(folder.path().join("exec-old-watched.md").exists());
    }

    #[test]
    fn of_too_many_the_oldest_go() {
        let folder = tempdir().unwrap();
        for (id, day, status) in
            [("a", 3, "SUCCESS"), ("b", 1, "QUEUED"), ("c", 2, "ERROR"), ("d", 4, "SUCCESS"), ("e", 6, "QUEUED")]
        {
            record(&folder, id, day, status);
        }
        let all: u64 = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
        prune(folder.path(), &[], at(6 * DAY), Keep { bytes: all, ..Keep::default() }).unwrap();
        assert_eq!(names(&folder).len(), 5);
        prune(folder.path(), &[], at(6 * DAY), Keep { bytes: all - 1, ..Keep::default() }).unwrap();
        assert_eq!(names(&folder), ["exec-a.ndjson", "exec-b.ndjson", "exec-d.ndjson", "exec-e.ndjson"]);
        prune(folder.path(), &[], at(6 * DAY), Keep { bytes: 0, ..Keep::default() }).unwrap();
        let stays = ["exec-b.ndjson", "exec-e.ndjson"];
        assert_eq!(names(&folder), stays, "what was not seen to end stays, however much it is");
    }

    #[test]
    fn the_service_s_own_end_counts() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("exec-1.ndjson");
        let end = at(0).as_second();
        let mut recording = RecordingFile::open(&path, u64::MAX / 4, Links::Followed).unwrap();
        let late = answer(29 * DAY, &format!(r#""Status":"SUCCESS","EndTime":{end}"#));
        (0..2000).for_each(|_| recording.write(&late).unwrap());
        recording.write(&Observation { next: None, ..late }).unwrap();
        drop(recording);
        assert_eq!(last(&path).unwrap().1, None, "its answer is out of sight, so that is not sure");
        let mut recording = RecordingFile::open(&path, u64::MAX / 4, Links::Followed).unwrap();
        recording.write(&answer(29 * DAY, &format!(r#""Status":"SUCCESS","EndTime":{end}"#))).unwrap();
        assert_eq!(last(&path).unwrap().1, Some(at(0)));
    }
}
