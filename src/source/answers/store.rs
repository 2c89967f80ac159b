//! Where a saved text is: a file that is read piece by piece, or memory.

use std::{
    borrow::Cow,
    fs::File,
    io::{self, Read, Seek},
    os::{fd::AsFd, unix::fs::FileExt},
    path::Path,
};

use jiff::Timestamp;

use super::text;
use crate::files::reason;

/// How much is read of what can't be read twice, as from a pipe, and of what is no recording; in bytes.
pub const LONGEST_TEXT: u64 = 2 << 30;

/// Where what was written anew begins: beyond the end of any input.
pub const REWRITTEN: u64 = 1 << 62;

/// A text that was saved, and from [`REWRITTEN`] on what had to be written anew of it to be JSON.
pub struct Store {
    input: Input,
    rewritten: Vec<u8>,
}

/// A text that was saved.
pub enum Input {
    /// A file, which is read where it lies.
    File(File),
    /// Standard input, a pipe, or a file in another encoding than UTF-8.
    Memory(Vec<u8>),
}

/// The name of standard input on the command line.
pub const STDIN: &str = "-";

/// What a file is called in messages.
pub fn called(path: &Path) -> String {
    if path.as_os_str() == STDIN { "standard input".into() } else { format!("'{}'", path.display()) }
}

impl Input {
    /// Opens a file; `-` is standard input. Beside it comes when the file was saved, where it is one.
    ///
    /// # Errors
    /// Why it cannot be read, in words that fit behind its name.
    pub fn open(path: &Path) -> Result<(Self, Option<Timestamp>), String> {
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::IsADirectory => "is a directory: give a recording in it".to_owned(),
            _ => format!("can't be read: {}", reason(&error)),
        };
        if path.as_os_str() != STDIN {
            return Self::from_file(File::open(path).map_err(failed)?).map_err(failed);
        }
        let stdin = io::stdin().as_fd().try_clone_to_owned().map(File::from).map_err(failed)?;
        Self::from_file(stdin).map_err(failed)
    }

    /// A file is read where it lies, if it is one, in UTF-8, and nothing of it was read yet.
    fn from_file(mut file: File) -> io::Result<(Self, Option<Timestamp>)> {
        let about = file.metadata()?;
        if about.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if !about.is_file() {
            return Ok((Self::all(file)?, None));
        }
        let mut beginning = [0; 4];
        let read = file.read_at(&mut beginning, 0)?;
        let in_place = !text::is_utf16(&beginning[..read]) && file.stream_position()? == 0;
        let saved_at = about.modified().ok().and_then(|modified| Timestamp::try_from(modified).ok());
        Ok((if in_place { Self::File(file) } else { Self::all(file)? }, saved_at))
    }

    /// Reads all of an input.
    fn all(input: impl Read) -> io::Result<Self> {
        let mut bytes = Vec::new();
        input.take(LONGEST_TEXT + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LONGEST_TEXT {
            return Err(io::Error::other("longer than 2 GiB, which only a file may be"));
        }
        Ok(Self::memory(bytes))
    }

    /// A text in memory.
    pub fn memory(bytes: Vec<u8>) -> Self {
        if text::is_utf16(&bytes) { Self::Memory(text::from_utf16(&bytes).into_bytes()) } else { Self::Memory(bytes) }
    }

    /// All of it from the beginning on.
    pub fn reader(&self) -> impl Read {
        Reader { input: self, offset: 0 }
    }

    /// A part of it.
    ///
    /// # Errors
    /// The file cannot be read there any more.
    pub fn part(&self, from: u64, to: u64) -> io::Result<Cow<'_, [u8]>> {
        match self {
            Self::File(file) => {
                let mut bytes = vec![0; usize::try_from(to.saturating_sub(from)).unwrap_or_default()];
                file.read_exact_at(&mut bytes, from)?;
                Ok(bytes.into())
            }
            Self::Memory(bytes) => {
                let place = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
                Ok(bytes.get(place(from)..place(to)).unwrap_or_default().into())
            }
        }
    }
}

/// Reads an input from a place on, wherever others read it.
struct Reader<'a> {
    input: &'a Input,
    offset: u64,
}

impl Read for Reader<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = match self.input {
            Input::File(file) => file.read_at(into, self.offset)?,
            Input::Memory(bytes) => {
                let place = usize::try_from(self.offset).unwrap_or(usize::MAX);
                bytes.get(place..).unwrap_or_default().read(into)?
            }
        };
        self.offset += read as u64;
        Ok(read)
    }
}

impl Store {
    /// An input, and what was written anew of it.
    pub fn new(input: Input, rewritten: Vec<u8>) -> Self {
        Self { input, rewritten }
    }

    /// Reads a text into `into`.
    ///
    /// # Errors
    /// The file cannot be read there any more.
    pub fn read(&self, offset: u64, length: u32, into: &mut Vec<u8>) -> io::Result<()> {
        into.clear();
        let length = length as usize;
        let mut keep = |bytes: &[u8], from: u64| {
            let from = usize::try_from(from).unwrap_or(usize::MAX);
            let there = from.checked_add(length).and_then(|to| bytes.get(from..to));
            into.extend_from_slice(there.unwrap_or_default());
        };
        match (&self.input, offset.checked_sub(REWRITTEN)) {
            (_, Some(offset)) => keep(&self.rewritten, offset),
            (Input::Memory(bytes), None) => keep(bytes, offset),
            (Input::File(file), None) => {
                into.resize(length, 0);
                file.read_exact_at(into, offset)?;
            }
        }
        Ok(())
    }
}
