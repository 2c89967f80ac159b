//! A recording made smaller: the last day as it is, and of what is older a response a minute and every turn.

use std::{
    fs::{self, File, TryLockError},
    io::{self, BufWriter, Seek, SeekFrom, Write},
    os::unix::fs::FileExt,
    path::Path,
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};

use super::open::{Links, for_lines, temp_path};
use crate::{
    aws::{
        fault::FaultKind,
        line::{LONGEST_LINE, Reader, Writer},
        observation::{Observation, Outcome},
        per_execution::PerExecution,
        snapshot::Text,
        task::Task,
    },
    files::{Lines, RawLine},
};

/// How long everything is kept.
const FRESH: SignedDuration = SignedDuration::from_hours(24);
/// A line after which none comes for so long is kept, so that a gap stays as long as it was.
const GAP: SignedDuration = SignedDuration::from_secs(60);

/// Writes the recording anew without what it can do without, and puts that in its place. Gives the new file, locked
/// as the old one was. Where it fails, the old one is as it was.
pub fn compact(path: &Path, old: &File, now: Timestamp) -> io::Result<File> {
    let temp = temp_path(path);
    let compacted = write_anew(&temp, old, now).and_then(|new| fs::rename(&temp, path).map(|()| new));
    if compacted.is_err() {
        let _ = fs::remove_file(&temp);
    } else if let Some(folder) = path.parent().and_then(|folder| File::open(folder).ok()) {
        // a new name is on the disk only once its folder is
        let _ = folder.sync_all();
    }
    compacted
}

fn write_anew(temp: &Path, old: &File, now: Timestamp) -> io::Result<File> {
    let new = for_lines(Links::Refused).create_new(true).open(temp)?;
    new.set_permissions(old.metadata()?.permissions())?;
    if let Err(TryLockError::WouldBlock) = new.try_lock() {
        return Err(io::ErrorKind::ResourceBusy.into());
    }
    let mut source = old.try_clone()?;
    source.seek(SeekFrom::Start(0))?;
    let mut out = BufWriter::with_capacity(1 << 18, &new);
    copy(Lines::new(source, LONGEST_LINE), old, now, &mut out)?;
    out.flush()?;
    drop(out);
    new.sync_all()?;
    Ok(new)
}

/// A line that waits for the one after it.
struct Pending {
    observation: Observation,
    raw: Vec<u8>,
    is_kept: bool,
}

fn copy(mut lines: Lines, old: &File, now: Timestamp, out: &mut impl Write) -> io::Result<()> {
    let (mut reader, mut writer, mut policy) = (Reader::default(), Writer::default(), KeepPolicy::default());
    let mut pending: Option<Pending> = None;
    while let Some(line) = lines.next()? {
        let text = std::str::from_utf8(line.bytes).ok().filter(|_| !line.is_cut);
        let Some(observation) = text.and_then(|text| reader.read(text).ok()) else {
            // It may mean something to someone, and there are few of them.
            write_raw(&line, old, out)?;
            continue;
        };
        let raw = line.bytes.to_vec();
        if let Some(before) = pending.take()
            && (before.is_kept || observation.at.duration_since(before.observation.at) > GAP)
        {
            before.write(&mut writer, out)?;
        }
        let is_fresh = now.duration_since(observation.at) <= FRESH;
        let is_kept = policy.keeps(&observation) || is_fresh;
        pending = Some(Pending { observation, raw, is_kept });
    }
    pending.map_or(Ok(()), |last| last.write(&mut writer, out))
}

impl Pending {
    /// As it was, or with the answer that it referred to.
    fn write(&self, writer: &mut Writer, out: &mut impl Write) -> io::Result<()> {
        let line = writer.line(&self.observation);
        // A line that says more than we do was written by a newer version, and stays.
        if self.raw.len() >= line.len() {
            out.write_all(&self.raw)?;
            return out.write_all(b"\n");
        }
        out.write_all(line.as_bytes())
    }
}

/// Writes a line as it is, however long; an empty one is left out.
fn write_raw(line: &RawLine, old: &File, out: &mut impl Write) -> io::Result<()> {
    if line.bytes.is_empty() {
        return Ok(());
    }
    out.write_all(line.bytes)?;
    if !line.is_cut {
        return out.write_all(b"\n");
    }
    let (mut at, mut rest) = (line.offset + line.bytes.len() as u64, vec![0; 1 << 18]);
    while at < line.end {
        let some = rest.len().min(usize::try_from(line.end - at).unwrap_or(usize::MAX));
        old.read_exact_at(&mut rest[..some], at)?;
        out.write_all(&rest[..some])?;
        at += some as u64;
    }
    Ok(())
}

/// Decides what is kept of old lines.
#[derive(Default)]
struct KeepPolicy {
    kept: PerExecution<Kept>,
}

/// What was kept of an execution last.
#[derive(Default)]
struct Kept {
    minute: Option<i64>,
    status: Option<Text>,
    fault: Option<FaultKind>,
    task: Option<Arc<Task>>,
}

impl KeepPolicy {
    /// Whether an observation is the first of its minute, or a turn.
    fn keeps(&mut self, observation: &Observation) -> bool {
        let (_, kept) = self.kept.entry(&observation.execution);
        let is_news = observation.task.is_some() && observation.task != kept.task;
        if is_news {
            kept.task = observation.task.clone();
        }
        let (fault, status) = match &observation.outcome {
            Outcome::Fault(fault) => (Some(fault.kind), None),
            Outcome::Response(response) => (None, response.snapshot().status.as_ref()),
        };
        let mut turns = is_news || fault != kept.fault;
        kept.fault = fault;
        if fault.is_none() {
            turns |= status != kept.status.as_ref();
            kept.status = status.cloned();
            let minute = Some(observation.at.as_second().div_euclid(60));
            turns |= minute != kept.minute;
            kept.minute = minute;
        }
        turns
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tempfile::tempdir;

    use super::*;
    use crate::{
        aws::line,
        sink::record::{file::RecordingFile, past, tests::read},
        transfer::execution::tests::{answer, at, fault},
    };

    /// Counters step every 15 s, status turns once, a fault lasts a while, and a gap of 100 s is in it.
    fn observed(days: i64) -> impl Iterator<Item = Observation> {
        let looks = (0..days * 86_400).step_by(5).filter(|second| !(7200..7300).contains(second));
        looks.map(|second| match second {
            3600..3900 => fault(second, FaultKind::Throttled),
            0..1802 => answer(second, r#""Status":"PREPARING""#),
            _ => answer(
                second,
                &format!(
                    r#""Status":"TRANSFERRING","BytesWritten":{},"FilesTransferred":{},"EstimatedBytesToTransfer":99999999"#,
                    second / 15 * 1000,
                    second / 15
                ),
            ),
        })
    }

    fn recorded(path: &Path, days: i64) -> RecordingFile {
        let mut text = String::new();
        let mut writer = line::Writer::default();
        observed(days).for_each(|observation| text.push_str(&writer.line(&observation)));
        fs::write(path, text).unwrap();
        RecordingFile::open(path, 1000, Links::Followed).unwrap()
    }

    #[test]
    fn the_last_day_stays_and_of_the_rest_an_answer_a_minute() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("exec-1.ndjson");
        let mut recording = recorded(&path, 2);
        let (before, _) = read(&path);
        let text_before = fs::read_to_string(&path).unwrap();
        recording.keep_small(before.last().unwrap().at);
        let (after, unreadable) = read(&path);
        assert_eq!(unreadable, 0);
        let fresh = |observations: &[Observation]| -> Vec<Observation> {
            let day_ago = before.last().unwrap().at - FRESH;
            observations.iter().filter(|seen| seen.at >= day_ago).cloned().collect()
        };
        assert_eq!(fresh(&after), fresh(&before));
        assert_eq!(fresh(&after).len(), 17_281);
        let old = after.len() - 17_281;
        assert!((1430..1450).contains(&old), "{old}");
        let mut all = before.iter();
        for kept in &after {
            assert!(all.any(|seen| seen == kept), "{kept:?}");
        }
        let text = fs::read_to_string(&path).unwrap();
        let tail = &text_before[text_before.len() - 1_000_000..];
        assert!(text.ends_with(tail), "the last lines are what they were");
        let seconds: Vec<i64> = after.iter().map(|seen| seen.at.duration_since(at(0)).as_secs()).collect();
        for turn in [0, 1805, 3600, 3900, 7195, 7300] {
            assert!(seconds.contains(&turn), "{turn}");
        }
        // the next line begins with a whole answer
        recording.write(before.last().unwrap()).unwrap();
        assert_eq!(read(&path).1, 0);
        assert!(fs::symlink_metadata(temp_path(&path)).is_err());
    }

    #[test]
    fn what_was_compacted_tells_the_same_story() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("exec-1.ndjson");
        let mut recording = recorded(&path, 2);
        let whole = past::read(&path).unwrap().executions.remove(0).1;
        recording.keep_small(whole.past().polled_at.unwrap());
        let compacted = past::read(&path).unwrap().executions.remove(0).1;
        let story = |execution: &crate::transfer::execution::Execution| -> Vec<String> {
            execution.events().iter().map(|event| crate::say::words::events::words(&event.kind)).collect()
        };
        assert_eq!(story(&compacted), story(&whole));
        assert_eq!(compacted.past().refresh.usual(), whole.past().refresh.usual());
        assert_eq!(compacted.snapshot(), whole.snapshot());
    }

    #[test]
    fn the_lock_goes_with_it_and_what_is_too_new_to_go_is_not_rewritten_at_every_line() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("exec-1.ndjson");
        let mut recording = RecordingFile::open(&path, 200_000, Links::Followed).unwrap();
        let now = observed(1).last().unwrap().at;
        let mut rewritten = 0;
        for observation in observed(1).take(5000) {
            recording.write(&observation).unwrap();
            let before = fs::metadata(&path).map(|there| std::os::unix::fs::MetadataExt::ino(&there)).unwrap();
            recording.keep_small(now);
            let after = fs::metadata(&path).map(|there| std::os::unix::fs::MetadataExt::ino(&there)).unwrap();
            rewritten += usize::from(before != after);
        }
        assert!((3..=20).contains(&rewritten), "{rewritten}");
        assert!(RecordingFile::open(&path, 200_000, Links::Followed).is_err(), "it is still ours");
        assert_eq!(read(&path).0.len(), 5000);
    }

    #[test]
    fn where_it_cannot_be_rewritten_it_stays() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("exec-1.ndjson");
        let mut recording = recorded(&path, 2);
        let before = fs::read(&path).unwrap();
        fs::create_dir(temp_path(&path)).unwrap();
        recording.keep_small(at(2 * 86_400));
        assert_eq!(fs::read(&path).unwrap(), before);
        recording.write(&answer(2 * 86_400, r#""Status":"SUCCESS""#)).unwrap();
    }

    #[test]
    fn several_transfers_and_what_is_unreadable_are_kept_apart() {
        let other = |observation: Observation| Observation {
            execution: observation.execution.replace("exec-0123", "exec-4567").into(),
            next: Some(Duration::from_secs(60)),
            ..observation
        };
        let folder = tempdir().unwrap();
        let path = folder.path().join("all.ndjson");
        let (mut text, mut writer) = (String::from("{\"novel\":1}\n"), line::Writer::default());
        for second in (0..7200).step_by(5) {
            text.push_str(&writer.line(&answer(second, r#""Status":"QUEUED""#)));
            text.push_str(&writer.line(&other(answer(second, r#""Status":"LAUNCHING""#))));
        }
        fs::write(&path, text).unwrap();
        RecordingFile::open(&path, 10, Links::Followed).unwrap().keep_small(at(10 * 86_400));
        let (after, unreadable) = read(&path);
        assert_eq!((after.len(), unreadable), (2 * 120 + 1, 1), "and the very last one");
        for seen in &after {
            let Outcome::Response(answer) = &seen.outcome else { panic!("{seen:?}") };
            let status = answer.snapshot().status.as_deref().unwrap();
            let expected = if seen.execution.contains("exec-0123") { ("QUEUED", 5) } else { ("LAUNCHING", 60) };
            assert_eq!((status, seen.next.unwrap().as_secs()), expected);
        }
    }
}
