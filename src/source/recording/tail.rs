//! The end of a recording: what a poll needs to know of the time before it, without the whole.

use std::{fs::File, io, os::unix::fs::FileExt, path::Path, sync::Arc, time::Duration};

use jiff::Timestamp;

use super::Recording;
use crate::{
    aws::{
        line::{Line, RESPONSE},
        task::Task,
    },
    files::open_own,
};

/// How much of the end is read at least; in bytes. That is an hour of responses that all differ, or most of a day of
/// such that do not.
const ENOUGH: u64 = 2 << 20;

/// How much of the beginning is read for the task's names; in bytes.
const BEGINNING: usize = 64 << 10;

/// The end of a recording.
pub struct Tail {
    /// Its observations.
    pub recording: Recording,
    /// What its beginning says of the task.
    pub task: Option<Arc<Task>>,
}

impl Tail {
    /// Reads as much of the end of a recording as holds a response. Links are not followed, and only a file is read.
    pub fn open(path: &Path, interval: Duration, now: Timestamp) -> Option<Self> {
        Self::of_length(path, ENOUGH, interval, now)
    }

    fn of_length(path: &Path, enough: u64, interval: Duration, now: Timestamp) -> Option<Self> {
        let file = open_own(path).ok()?;
        let all = file.metadata().ok()?.len();
        let mut length = enough;
        let bytes = loop {
            let bytes = end(&file, all, length).ok()?;
            // lines that only say that nothing changed say it of a response before them
            if length >= all || memchr::memmem::find(&bytes, RESPONSE).is_some() {
                break bytes;
            }
            length = length.saturating_mul(4);
        };
        let task = (length < all).then(|| task(&file)).flatten();
        Some(Self { recording: Recording::read(bytes, interval, now).ok()?, task })
    }
}

/// The whole lines among the last bytes of a file of `all` bytes.
fn end(file: &File, all: u64, length: u64) -> io::Result<Vec<u8>> {
    let from = all.saturating_sub(length);
    let mut bytes = vec![0; usize::try_from(all - from).unwrap_or_default()];
    file.read_exact_at(&mut bytes, from)?;
    if from > 0 {
        let cut = memchr::memchr(b'\n', &bytes).map_or(bytes.len(), |end| end + 1);
        bytes.drain(..cut);
    }
    Ok(bytes)
}

/// What the first lines of a recording say of the task.
fn task(file: &File) -> Option<Arc<Task>> {
    let mut bytes = vec![0; BEGINNING];
    let read = file.read_at(&mut bytes, 0).ok()?;
    let mut lines = bytes[..read].split(|byte| *byte == b'\n');
    lines.find_map(|line| Some(Arc::new(Line::parse(std::str::from_utf8(line).ok()?).ok()?.task?)))
}

#[cfg(test)]
mod tests {
    use std::{fmt::Write, fs};

    use super::*;
    use crate::{
        aws::{
            line::Writer,
            observation::{Observation, Outcome},
            response::Response,
        },
        demo::simulated,
        source::recording::cursor,
        transfer::execution::Execution,
    };

    const FIVE: Duration = Duration::from_secs(5);

    /// A recording of a demo, and the observations in it.
    fn recorded(scenario: &str, polls: usize) -> (tempfile::NamedTempFile, Vec<Observation>) {
        let start = "2026-11-22T16:00:00Z".parse().unwrap();
        let all: Vec<_> = simulated(scenario, start, FIVE).unwrap().take(polls).collect();
        let (mut writer, mut text) = (Writer::default(), String::new());
        all.iter().for_each(|observation| text.push_str(&writer.line(observation)));
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        (file, all)
    }

    fn tail(path: &Path, enough: u64) -> Option<Tail> {
        Tail::of_length(path, enough, FIVE, Timestamp::UNIX_EPOCH)
    }

    fn folded(recording: Recording) -> (Execution, usize) {
        let recording = Arc::new(recording);
        let (mut execution, mut count) = (recording.execution(0), 0);
        for (_, observation) in cursor::all(&recording, None).flatten() {
            execution.observe(&observation);
            count += 1;
        }
        (execution, count)
    }

    fn response(observation: &Observation) -> Option<&Response> {
        if let Outcome::Response(response) = &observation.outcome { Some(response) } else { None }
    }

    #[test]
    fn the_end_alone_tells_how_it_is_now() {
        let (file, all) = recorded("enhanced", 2000);
        let whole = folded(tail(file.path(), u64::MAX).unwrap().recording);
        assert_eq!(whole.1, all.len());
        let tail = tail(file.path(), 400 << 10).unwrap();
        assert_eq!(tail.task.as_deref(), all.iter().find_map(|observation| observation.task.as_deref()));
        let end = folded(tail.recording);
        assert!(end.1 < all.len(), "{}", end.1);
        let now = all.last().unwrap().at;
        let told = |execution: &Execution| {
            let readout = crate::transfer::readout::Readout::of(execution, now);
            format!("{:?} {:?} {:?}", readout.bytes, readout.rate, readout.health)
        };
        assert_eq!(told(&end.0), told(&whole.0));
    }

    #[test]
    fn where_nothing_changed_for_long_it_reaches_back_to_the_last_change() {
        let (file, all) = recorded("stalled", 3000);
        let mut text = fs::read_to_string(file.path()).unwrap();
        let last = all.last().unwrap();
        for second in 1..5000 {
            let at = last.at + Duration::from_secs(second);
            writeln!(text, r#"{{"at":"{at}","execution":"{}","unchanged":true}}"#, last.execution).unwrap();
        }
        fs::write(file.path(), text).unwrap();
        let (execution, _) = folded(tail(file.path(), 10_000).unwrap().recording);
        assert_eq!(execution.snapshot().unwrap(), all.last().and_then(response).unwrap().snapshot());
        assert_eq!(execution.past().polled_at, Some(last.at + Duration::from_secs(4999)));
    }

    #[test]
    fn what_is_no_file_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("exec-1.ndjson");
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).unwrap();
        assert!(tail(&path, 1).is_none());
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        assert!(tail(&path, 1).is_none());
    }
}
