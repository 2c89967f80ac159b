//! The hand-over page as a file beside the recording.

use std::{
    fs::{DirBuilder, Permissions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use super::folder;

/// Writes a page under this name into the folder of recordings, whole or not at all, and tells where it is. Nobody
/// else can read it.
///
/// # Errors
/// There is no such folder, or it can't be written to.
pub fn write(name: &str, page: &str) -> io::Result<PathBuf> {
    let folder = folder::recordings().ok_or_else(|| io::Error::other("there is no home directory to keep it in"))?;
    write_in(&folder, name, page)
}

fn write_in(folder: &Path, name: &str, page: &str) -> io::Result<PathBuf> {
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
        write_in(&folder, "x.md", "old").unwrap();
        let path = write_in(&folder, "x.md", "new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        assert!(write_in(&path, "x.md", "into a file").is_err());
    }
}
