//! The handoff report as a file beside the recording.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
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
    let unfinished = folder.join(format!(".{name}.{}", std::process::id()));
    let written = create(&unfinished).and_then(|mut file| file.write_all(page.as_bytes()));
    let moved = written.and_then(|()| fs::rename(&unfinished, &path));
    if moved.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    moved.map(|()| path)
}

fn create(path: &Path) -> io::Result<File> {
    // one that was left behind is of no use to anybody
    let _ = fs::remove_file(path);
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_page_is_written_whole_for_its_owner_alone() {
        let folder = std::env::temp_dir().join(format!("syncscope-handover-{}", std::process::id()));
        write(Some(&folder), "x.md", "old").unwrap();
        let path = write(Some(&folder), "x.md", "new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        assert!(write(Some(&path), "x.md", "into a file").is_err());
        fs::remove_dir_all(&folder).unwrap();
    }
}
