//! One recording: a file of whole lines, into which one watch at a time writes.

use std::{
    fmt,
    fs::{self, DirBuilder, File, TryLockError},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, FileExt},
    path::{Path, PathBuf},
};

use jiff::{SignedDuration, Timestamp};

use super::{
    compact::compact,
    open::{for_lines, is_at, temp_path},
};
use crate::{
    aws::{line::Writer, observation::Observation},
    files::reason,
};

/// How often it is looked whether the file is still in its place.
pub const LOOK: SignedDuration = SignedDuration::from_mins(1);
/// So many times the file may be replaced while it is being opened.
const TRIES: usize = 10;

/// Why nothing can be recorded.
#[derive(Debug)]
pub enum RecordError {
    /// Another watch writes into the file.
    Taken,
    /// There is something else than a file in its place.
    NoFile(PathBuf),
    /// The system says no.
    Io(PathBuf, io::Error),
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken => f.write_str("another syncscope records this transfer already"),
            Self::NoFile(path) => write!(f, "{} is not a file", path.display()),
            Self::Io(path, error) => write!(f, "{} ({})", reason(error), path.display()),
        }
    }
}

/// A recording that is open, and ours.
#[derive(Debug)]
pub struct RecordingFile {
    path: PathBuf,
    file: File,
    writer: Writer,
    bytes: u64,
    /// Whether the file ends within a line.
    torn: bool,
    /// Lines that are not written yet.
    lines: String,
    looked_at: Option<Timestamp>,
    /// Beyond so many bytes it is compacted.
    limit: u64,
    compacted_beyond: u64,
}

impl RecordingFile {
    /// Opens a recording, or begins it, and makes it ours. Folders are made where they are missing, for this user
    /// alone. Beyond `limit` bytes it is to be compacted.
    pub fn open(path: &Path, limit: u64) -> Result<Self, RecordError> {
        let no = |error| RecordError::Io(path.to_owned(), error);
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
            DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(no)?;
        }
        // what is no file, a pipe say, may wait for someone when it is opened
        if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
            return Err(RecordError::NoFile(path.to_owned()));
        }
        for _ in 0..TRIES {
            let file = for_lines().create(true).open(path).map_err(no)?;
            match file.try_lock() {
                Err(TryLockError::WouldBlock) => return Err(RecordError::Taken),
                // A file system without locks is no reason not to record.
                Ok(()) | Err(TryLockError::Error(_)) => {}
            }
            // Between the two it may have been set aside, compacted or pruned.
            if is_at(&file, path) {
                let _ = fs::remove_file(temp_path(path));
                return Self::of(path, file, limit).map_err(no);
            }
        }
        Err(RecordError::Taken)
    }

    fn of(path: &Path, file: File, limit: u64) -> io::Result<Self> {
        let mut recording = Self {
            path: path.to_owned(),
            file,
            writer: Writer::default(),
            bytes: 0,
            torn: false,
            lines: String::new(),
            looked_at: None,
            limit,
            compacted_beyond: limit,
        };
        recording.look_at_the_end()?;
        Ok(recording)
    }

    fn look_at_the_end(&mut self) -> io::Result<()> {
        self.bytes = self.file.metadata()?.len();
        let mut last = [b'\n'];
        if let Some(place) = self.bytes.checked_sub(1) {
            self.file.read_exact_at(&mut last, place)?;
        }
        self.torn = last != [b'\n'];
        Ok(())
    }

    /// Whether nothing was ever recorded in it.
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Adds the line of an observation to those that are written next.
    pub fn add(&mut self, observation: &Observation) {
        self.lines.push_str(&self.writer.line(observation));
    }

    /// Writes the lines that were added, with one write; `None` where there are none.
    ///
    /// Where that fails, the next line begins on a line of its own and refers to none that may be missing.
    pub fn flush(&mut self) -> Option<Result<(), RecordError>> {
        if self.lines.is_empty() {
            return None;
        }
        let mut lines = std::mem::take(&mut self.lines);
        if self.torn {
            lines.insert(0, '\n');
        }
        Some(match self.file.write_all(lines.as_bytes()) {
            Ok(()) => {
                self.bytes += lines.len() as u64;
                self.torn = false;
                Ok(())
            }
            Err(error) => {
                self.writer = Writer::default();
                // Where its end can't be read, a line too many does less harm than one too few.
                self.torn = self.look_at_the_end().is_err() || self.torn;
                Err(RecordError::Io(self.path.clone(), error))
            }
        })
    }

    /// Whether the file is no longer where it was opened: removed, or another one in its place. Looked up once a
    /// minute.
    pub fn is_lost(&mut self, at: Timestamp) -> bool {
        let due = self.looked_at.is_none_or(|looked_at| at.duration_since(looked_at).abs() >= LOOK);
        if due {
            self.looked_at = Some(at);
        }
        due && !is_at(&self.file, &self.path)
    }

    /// Gives the file another name beside its own, the first with a number that is free.
    pub fn set_aside(self) -> Result<(), RecordError> {
        let aside = (1..).map(|number| self.path.with_extension(format!("{number}.ndjson")));
        let free = aside.into_iter().find(|path| fs::symlink_metadata(path).is_err()).unwrap_or_default();
        fs::rename(&self.path, free).map_err(|error| RecordError::Io(self.path.clone(), error))
    }

    /// Makes it smaller where it has grown beyond its limit: of what is older than a day before `now`, an answer a
    /// minute is kept. Where that fails, everything stays as it is.
    pub fn keep_small(&mut self, now: Timestamp) {
        if self.bytes <= self.compacted_beyond {
            return;
        }
        // A day of many transfers may be more than the limit, and is not to be rewritten at every line.
        let before = self.bytes;
        if let Ok(file) = compact(&self.path, &self.file, now) {
            self.file = file;
            self.writer = Writer::default();
            if self.look_at_the_end().is_err() {
                self.bytes = before;
            }
        }
        self.compacted_beyond = self.limit.max(self.bytes + self.limit / 2);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use tempfile::tempdir;

    use super::*;
    use crate::{sink::record::tests::read, transfer::execution::tests::answer};

    const LIMIT: u64 = u64::MAX / 4;

    impl RecordingFile {
        /// Writes the line of an observation.
        pub fn write(&mut self, observation: &Observation) -> Result<(), RecordError> {
            self.add(observation);
            self.flush().unwrap()
        }
    }

    #[test]
    fn it_is_for_this_user_alone() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("a/b/exec-1.ndjson");
        let mut recording = RecordingFile::open(&path, LIMIT).unwrap();
        recording.write(&answer(0, r#""Status":"QUEUED""#)).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    }

    #[test]
    fn a_torn_line_is_ended_before_the_next_one() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("exec-1.ndjson");
        let mut recording = RecordingFile::open(&path, LIMIT).unwrap();
        recording.write(&answer(0, r#""Status":"QUEUED""#)).unwrap();
        recording.write(&answer(5, r#""Status":"LAUNCHING""#)).unwrap();
        let bytes = fs::metadata(&path).unwrap().len();
        recording.file.set_len(bytes - 9).unwrap();
        drop(recording);
        let mut recording = RecordingFile::open(&path, LIMIT).unwrap();
        recording.write(&answer(10, r#""Status":"LAUNCHING""#)).unwrap();
        recording.write(&answer(15, r#""Status":"LAUNCHING""#)).unwrap();
        let (observations, unreadable) = read(&path);
        let seconds: Vec<_> = observations.iter().map(|seen| seen.at.as_second() % 100).collect();
        assert_eq!((seconds, unreadable), (vec![0, 10, 15], 1));
    }

    #[test]
    fn after_a_write_that_failed_half_way_lines_are_whole_again() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("exec-1.ndjson");
        let mut recording = RecordingFile::open(&path, LIMIT).unwrap();
        recording.write(&answer(0, r#""Status":"QUEUED""#)).unwrap();
        let full = std::mem::replace(&mut recording.file, File::open(&path).unwrap());
        for_lines().open(&path).unwrap().write_all(b"{\"at\":\"2026-11-").unwrap();
        let trouble = recording.write(&answer(5, r#""Status":"LAUNCHING""#)).unwrap_err();
        assert!(!trouble.to_string().contains("os error"), "{trouble}");
        recording.write(&answer(10, r#""Status":"LAUNCHING""#)).unwrap_err();
        recording.file = full;
        recording.write(&answer(15, r#""Status":"LAUNCHING""#)).unwrap();
        recording.write(&answer(20, r#""Status":"LAUNCHING""#)).unwrap();
        let (observations, unreadable) = read(&path);
        assert_eq!((observations.len(), unreadable), (3, 1), "{}", fs::read_to_string(&path).unwrap());
    }

    #[test]
    fn lines_are_written_together() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("exec-1.ndjson");
        let mut recording = RecordingFile::open(&path, LIMIT).unwrap();
        assert!(recording.flush().is_none() && recording.is_empty());
        for second in [0, 5, 10] {
            recording.add(&answer(second, r#""Status":"QUEUED""#));
        }
        assert_eq!(fs::metadata(&path).unwrap().len(), 0);
        recording.flush().unwrap().unwrap();
        assert_eq!((read(&path).0.len(), recording.is_empty()), (3, false));
    }

    #[test]
    fn only_one_watch_writes_at_a_time() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("exec-1.ndjson");
        let first = RecordingFile::open(&path, LIMIT).unwrap();
        assert!(matches!(RecordingFile::open(&path, LIMIT), Err(RecordError::Taken)));
        drop(first);
        RecordingFile::open(&path, LIMIT).unwrap();
    }

    #[test]
    fn what_is_removed_or_replaced_is_noticed_within_a_minute() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("exec-1.ndjson");
        let mut recording = RecordingFile::open(&path, LIMIT).unwrap();
        let at = |second| answer(second, r#""Status":"QUEUED""#).at;
        assert!(!recording.is_lost(at(0)));
        fs::remove_file(&path).unwrap();
        assert!(!recording.is_lost(at(59)), "it is not looked at every line");
        assert!(recording.is_lost(at(60)));
        fs::write(&path, "").unwrap();
        assert!(recording.is_lost(at(120)));
    }

    #[test]
    fn what_is_no_file_is_left_alone() {
        let folder = tempdir().unwrap();
        assert!(matches!(RecordingFile::open(folder.path(), LIMIT), Err(RecordError::NoFile(_))));
        assert!(matches!(RecordingFile::open(Path::new("/dev/null"), LIMIT), Err(RecordError::NoFile(_))));
    }
}
