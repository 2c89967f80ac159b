//! The handoff report as a file beside the recording.

use std::{
    fs::{DirBuilder, Permissions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// Writes a report under this name into a folder, whole or not at all, and tells where it is. Nobody but its owner
/// can read it.
///
/// # Errors
/// There is no folder, as where nobody has a home, or it can't be written to.
pub fn write(folder: Option<&Path>, name: &str, page: &str) -> io::Result<PathBuf> {
    let folder = folder.ok_or_else(|| io::Error::other("no home directory"))?;
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let path = folder.join(name);
    let mut temp =
        tempfile::Builder::new().prefix(".").permissions(Permissions::from_mode(0o600)).tempfile_in(folder)?;
    temp.write_all(page.as_bytes())?;
    temp.persist(&path)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_page_is_written_whole_for_its_owner_alone() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("state");
        write(Some(&folder), "x.md", "old").unwrap();
        let path = write(Some(&folder), "x.md", "new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        assert!(write(Some(&path), "x.md", "into a file").is_err());
    }
}
