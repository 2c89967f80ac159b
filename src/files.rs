//! Files by their lines, and why one cannot be read or written.

use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use rustix::fs::OFlags;

/// Bytes that are read at a time.
const CHUNK: usize = 256 << 10;

/// Why a file cannot be read or written, in lower case and without the system's number for it.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let word = text.split(' ').next().unwrap_or_default();
    let mut letters = word.chars();
    let first = letters.next().map(char::to_lowercase);
    // a name such as GiB is written as it is
    match first {
        Some(first) if !letters.as_str().contains(char::is_uppercase) => first.chain(text.chars().skip(1)).collect(),
        _ => text.to_owned(),
    }
}

/// Opens a file of our own to read it: links are not followed, and what is no file, a pipe say, is not waited for.
///
/// # Errors
/// It cannot be read, or is something else than a file.
pub fn open_own(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = File::options().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("not a file")) }
}

/// The lines of a text, of which one at a time is in memory.
pub struct Lines<'a> {
    input: Box<dyn Read + 'a>,
    /// The most bytes that are kept of a line.
    longest: usize,
    buffer: Vec<u8>,
    /// Where the next line begins in the buffer, and where what was read ends.
    begin: usize,
    filled: usize,
    /// Where the next line begins in the text.
    offset: u64,
}

/// A line of a text.
#[derive(Clone, Copy, Debug)]
pub struct RawLine<'a> {
    /// Without its end; of a line that is too long, only its beginning.
    pub bytes: &'a [u8],
    /// Where it begins, in bytes from the beginning of the text.
    pub offset: u64,
    /// Where it ends, its line feed included.
    pub end: u64,
    /// Whether it is longer than what was kept of it.
    pub is_cut: bool,
}

impl<'a> Lines<'a> {
    /// The lines of `input`; a line of `longest` bytes or more is cut.
    pub fn new(input: impl Read + 'a, longest: usize) -> Self {
        Self { input: Box::new(input), longest, buffer: Vec::new(), begin: 0, filled: 0, offset: 0 }
    }

    /// The next line; `None` after the last one.
    ///
    /// # Errors
    /// The input cannot be read.
    pub fn next(&mut self) -> io::Result<Option<RawLine<'_>>> {
        let mut searched = self.begin;
        let (length, ended) = loop {
            if let Some(place) = memchr::memchr(b'\n', &self.buffer[searched..self.filled]) {
                break (searched + place - self.begin, true);
            }
            let length = self.filled - self.begin;
            if length >= self.longest {
                return self.cut().map(Some);
            }
            searched = length;
            if self.fill()? == 0 {
                break (length, false);
            }
        };
        if length >= self.longest {
            return self.cut().map(Some);
        }
        if length == 0 && !ended {
            return Ok(None);
        }
        let (from, offset) = (self.begin, self.offset);
        self.begin += length + usize::from(ended);
        self.offset += (length + usize::from(ended)) as u64;
        let bytes = &self.buffer[from..from + length];
        Ok(Some(RawLine { bytes, offset, end: self.offset, is_cut: false }))
    }

    /// Reads more behind what is in the buffer, which then begins with the line. Gives how much that was.
    fn fill(&mut self) -> io::Result<usize> {
        self.buffer.copy_within(self.begin..self.filled, 0);
        self.filled -= self.begin;
        self.begin = 0;
        if self.filled + CHUNK / 2 > self.buffer.len() {
            self.buffer.resize(self.buffer.len().saturating_mul(2).max(CHUNK), 0);
        }
        let read = read(&mut self.input, &mut self.buffer[self.filled..])?;
        self.filled += read;
        Ok(read)
    }

    /// Skips to the end of a line that is too long.
    fn cut(&mut self) -> io::Result<RawLine<'_>> {
        self.buffer.copy_within(self.begin..self.filled, 0);
        self.filled -= self.begin;
        let offset = self.offset;
        self.buffer.resize(self.buffer.len().max(self.longest + CHUNK), 0);
        let mut at = self.longest;
        loop {
            if let Some(place) = memchr::memchr(b'\n', &self.buffer[at..self.filled]) {
                self.begin = at + place + 1;
                self.offset += self.begin as u64;
                break;
            }
            self.offset += (self.filled - self.longest) as u64;
            let read = read(&mut self.input, &mut self.buffer[self.longest..])?;
            (at, self.filled) = (self.longest, self.longest + read);
            if read == 0 {
                self.begin = self.filled;
                self.offset += self.longest as u64;
                break;
            }
        }
        Ok(RawLine { bytes: &self.buffer[..self.longest], offset, end: self.offset, is_cut: true })
    }
}

fn read(input: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    loop {
        match input.read(into) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LONGEST: usize = 4 << 20;

    #[test]
    fn lines_of_any_length_come_one_by_one() {
        let long = LONGEST;
        let text = format!("a\n\n{}\nb\n{}\nc", "x".repeat(long - 1), "y".repeat(2 * long));
        let mut lines = Lines::new(text.as_bytes(), LONGEST);
        let mut told = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            let (first, length) = (line.bytes.first().copied().unwrap_or(b' '), line.bytes.len());
            told.push((char::from(first), length, line.is_cut));
        }
        let expected = [
            ('a', 1, false),
            (' ', 0, false),
            ('x', long - 1, false),
            ('b', 1, false),
            ('y', long, true),
            ('c', 1, false),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_reason_is_words() {
        let missing = std::fs::File::open(tempfile::tempdir().unwrap().path().join("absent")).unwrap_err();
        assert_eq!(reason(&missing), "no such file or directory");
        assert_eq!(reason(&io::Error::other("GiB are too many (os error 9)")), "GiB are too many");
    }

    /// Gives a few bytes at a time.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let some = self.1.min(into.len()).min(self.0.len());
            into[..some].copy_from_slice(&self.0[..some]);
            self.0 = &self.0[some..];
            Ok(some)
        }
    }

    proptest! {
        #[test]
        fn lines_are_those_of_the_text(
            text in prop::collection::vec(prop::sample::select(b"ab\n".to_vec()), 0..200),
            at_once in 1usize..50,
            longest in 1usize..20,
        ) {
            let mut lines = Lines::new(Slow(&text, at_once), longest);
            let mut end = 0;
            let mut wanted = text.split_inclusive(|byte| *byte == b'\n');
            while let Some(line) = lines.next().unwrap() {
                let whole = wanted.next().unwrap();
                let bare = whole.strip_suffix(b"\n").unwrap_or(whole);
                prop_assert_eq!(line.offset, end);
                end += whole.len() as u64;
                prop_assert_eq!(line.end, end);
                prop_assert_eq!(line.is_cut, bare.len() >= longest);
                prop_assert_eq!(line.bytes, &bare[..bare.len().min(longest)]);
            }
            prop_assert_eq!(wanted.next(), None);
        }
    }
}
