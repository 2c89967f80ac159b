//! How a recording is opened, and the names that it goes by.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Seek, SeekFrom},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use rustix::fs::OFlags;

use crate::{
    aws::line::LONGEST_LINE,
    files::{Lines, open_own},
};

/// Whether a symbolic link in a recording's place is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Links {
    /// Where a person named the file.
    Followed,
    /// Where the name is our own.
    Refused,
}

/// How a recording is opened: each write goes to its end, and only this user may read it. What is no file, a pipe say,
/// is not waited for.
pub fn for_lines(links: Links) -> OpenOptions {
    let mut flags = OFlags::NONBLOCK;
    flags.set(OFlags::NOFOLLOW, links == Links::Refused);
    let mut options = OpenOptions::new();
    options.read(true).append(true).mode(0o600).custom_flags(flags.bits().cast_signed());
    options
}

/// What happened last is told by the last lines of a recording; so many bytes of them are read.
const TAIL: u64 = 256 << 10;

/// The last lines of a recording, of which the first may be cut off.
pub fn tail(path: &Path) -> io::Result<Lines<'static>> {
    let mut file = open_own(path)?;
    let beginning = file.metadata()?.len().saturating_sub(TAIL);
    file.seek(SeekFrom::Start(beginning))?;
    Ok(Lines::new(file, LONGEST_LINE))
}

/// Whether a symbolic link is at this path.
pub fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|there| there.is_symlink())
}

/// Whether the path leads to this very file.
pub fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::metadata(path)) {
        (Ok(file), Ok(there)) => (file.dev(), file.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

/// The name under which a recording is written anew, beside its own.
pub fn temp_path(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".new");
    path.with_file_name(name)
}
