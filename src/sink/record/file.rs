//! One recording: a file of whole lines, into which one watch at a time writes.

use std::{
    fmt,
    fs::{self, DirBuilder, File, Permissions, TryLockError},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, FileExt, PermissionsExt},
    path::{Path, PathBuf},
};

use jiff::{SignedDuration, Timestamp};

use super::{
    compact::compact,
    open::{Links, for_lines, is_at, is_link, temp_path},
};
use crate::{
    aws::{line::Writer, observation::Observation},
    files::reason,
};

/// How often it is looked whether the file is still in its place.
pub const LOOK: SignedDuration = SignedDuration::from_mins(1);
/// What each line of a recording begins with.
const OPENING: &[u8] = br#"{"at":"#;
/// How much of a file is looked at to see whether it is a recording; in bytes.
const BEGINNING: usize = 64 << 10;
/// So many times the file may be replaced while it is being opened.
const TRIES: usize = 10;

/// Why nothing can be recorded.
#[derive(Debug)]
pub enum RecordError {
    /// Another watch writes into the file.
    Taken,
    /// There is something else than a file in its place.
    NoFile(PathBuf),
    /// There is a file in its place that holds something else.
    NoRecording(PathBuf),
    /// The system says no.
    Io(PathBuf, io::Error),
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken => f.write_str("another syncscope records this transfer already"),
            Self::NoFile(path) => write!(f, "{} is not a file", path.display()),
            Self::NoRecording(path) => write!(f, "{} holds something else than a recording", path.display()),
            Self::Io(path, error) => write!(f, "{} ({})", reason(error), path.display()),
        }
    }
}

/// Says why nothing may be added to what stands at a path, where that can be said before it is watched.
///
/// # Errors
/// It is something else than a file, or holds something else than a recording.
pub fn check_path(path: &Path) -> Result<(), RecordError> {
    match for_lines(Links::Followed).open(path) {
        Ok(file) => check(&file, path),
        Err(error) if error.kind() == io::ErrorKind::IsADirectory => Err(RecordError::NoFile(path.to_owned())),
        // what can't be opened now is said when it is recorded into
        Err(_) => Ok(()),
    }
}

fn check(file: &File, path: &Path) -> Result<(), RecordError> {
    let no = |error| RecordError::Io(path.to_owned(), error);
    let about = file.metadata().map_err(no)?;
    if !about.is_file() {
        return Err(RecordError::NoFile(path.to_owned()));
    }
    let mut beginning = vec![0; BEGINNING];
    let read = file.read_at(&mut beginning, 0).map_err(no)?;
    // the first line may have been cut off where the one after it begins, or end the file
    let is_line = |line: &[u8]| line.starts_with(OPENING);
    let is_recording =
        beginning[..read].split(|byte| *byte == b'\n').any(is_line) || OPENING.starts_with(&beginning[..read]);
    if is_recording { Ok(()) } else { Err(RecordError::NoRecording(path.to_owned())) }
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
    /// Opens a recording, or begins it, and makes it ours, for this user alone. Folders are made where they are
    /// missing. Beyond `limit` bytes it is to be compacted.
    pub fn open(path: &Path, limit: u64, links: Links) -> Result<Self, RecordError> {
        let no = |error| RecordError::Io(path.to_owned(), error);
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
            DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(no)?;
        }
        for _ in 0..TRIES {
            let file = match for_lines(links).create(true).open(path) {
                Err(error)
                    if links == Links::Refused && is_link(path) || error.kind() == io::ErrorKind::IsADirectory =>
                {
                    return Err(RecordError::NoFile(path.to_owned()));
                }
                opened => opened.map_err(no)?,
            };
            check(&file, path)?;
            // where it belongs to someone else, it is theirs to say
            let _ = file.set_permissions(Permissions::from_mode(0o600));
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
    use std::os::unix::fs::symlink;

    use tempfile::tempdir;

    use super::*;
    use crate::{sink::record::tests::read, transfer::execution::tests::answer};

    const LIMIT: u64 = u64::MAX / 4;

    impl RecordingFile {
        /// Makes the file one that was last written at a moment.
        pub fn written_at(&self, at: Timestamp) {
            self.file.set_modified(at.into()).unwrap();
        }

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
        let mut recording = RecordingFile::open(&path, LIMIT, Links::Followed).unwrap();
        recording.write(&answer(0, r#""Status":"QUEUED""#)).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    }

    #[test]
    fn a_torn_line_is_ended_before_the_next_one() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("exec-1.ndjson");
        let mut recording = RecordingFile::open(&path, LIMIT, Links::Followed).unwrap();
        recording.write(&answer(0, r#""Status":"QUEUED""#)).unwrap();
        recording.write(&answer(5, r#""Status":"LAUNCHING""#)).unwrap();
        let bytes = fs::metadata(&path).unwrap().len();
        recording.file.set_len(bytes - 9).unwrap();
        drop(recording);
        let mut recording = RecordingFile::open(&path, LIMIT, Links::Followed).unwrap();
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
        let mut recording = RecordingFile::open(&path, LIMIT, Links::Followed).unwrap();
        recording.write(&answer(0, r#""Status":"QUEUED""#)).unwrap();
        let full = std::mem::replace(&mut recording.file, File::open(&path).unwrap());
        for_lines(Links::Followed).open(&path).unwrap().write_all(b"{\"at\":\"2026-11-").unwrap();
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
        let mut recording = RecordingFile::open(&path, LIMIT, Links::Followed).unwrap();
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
        let first = RecordingFile::open(&path, LIMIT, Links::Followed).unwrap();
        assert!(matches!(RecordingFile::open(&path, LIMIT, Links::Followed), Err(RecordError::Taken)));
        drop(first);
        RecordingFile::open(&path, LIMIT, Links::Followed).unwrap();
    }

    #[test]
    fn what_is_removed_or_replaced_is_noticed_within_a_minute() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("exec-1.ndjson");
        let mut recording = RecordingFile::open(&path, LIMIT, Links::Followed).unwrap();
        let at = |second| answer(second, r#""Status":"QUEUED""#).at;
        assert!(!recording.is_lost(at(0)));
        fs::remove_file(&path).unwrap();
        assert!(!recording.is_lost(at(59)), "it is not looked at every line");
        assert!(recording.is_lost(at(60)));
        fs::write(&path, "").unwrap();
        assert!(recording.is_lost(at(120)));
    }

    #[test]
    fn what_holds_something_else_is_left_as_it_is() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("notes.txt");
        for (text, is_recording) in [
            ("buy milk\n", false),
            ("{\"Status\":\"QUEUED\"}\n", false),
            ("\n\n", false),
            ("{\n  \"Status\": \"QUEUED\"\n}\n", false),
            ("", true),
            ("{\"a", true),
            ("{\"at\":\"2026-", true),
            ("t\":\"2026-11-22T16:00:05.123Z\"}\n{\"at\":\"2026-11-22T16:00:10Z\",", true),
        ] {
            fs::write(&path, text).unwrap();
            let opened = RecordingFile::open(&path, LIMIT, Links::Followed);
            assert_eq!(opened.is_ok(), is_recording, "{text:?}");
            assert_eq!(check_path(&path).is_ok(), is_recording, "{text:?}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        check_path(&folder.path().join("absent")).unwrap();
    }

    #[test]
    fn a_file_that_others_could_read_is_closed_to_them() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("exec-1.ndjson");
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        RecordingFile::open(&path, LIMIT, Links::Followed).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_link_is_followed_only_where_a_person_named_it() {
        let folder = tempdir().unwrap();
        let (path, there) = (folder.path().join("exec-1.ndjson"), folder.path().join("there"));
        symlink(&there, &path).unwrap();
        assert!(matches!(RecordingFile::open(&path, LIMIT, Links::Refused), Err(RecordError::NoFile(_))));
        assert!(!there.exists());
        RecordingFile::open(&path, LIMIT, Links::Followed).unwrap();
        assert!(there.exists());
    }

    #[test]
    fn what_is_no_file_is_left_alone() {
        let folder = tempdir().unwrap();
        assert!(matches!(RecordingFile::open(folder.path(), LIMIT, Links::Followed), Err(RecordError::NoFile(_))));
        assert!(matches!(
            RecordingFile::open(Path::new("/dev/null"), LIMIT, Links::Followed),
            Err(RecordError::NoFile(_))
        ));
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).unwrap();
        assert!(matches!(RecordingFile::open(&pipe, LIMIT, Links::Followed), Err(RecordError::NoFile(_))));
        assert!(matches!(check_path(&pipe), Err(RecordError::NoFile(_))));
    }
}
