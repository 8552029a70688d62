//! The files beside a compose file: those it includes or extends, `.env`,
//! `env_file:`, and the contents of configs and secrets.

use std::io;
use std::path::{Path, PathBuf};

/// Gives the contents of files. A closure will do.
pub trait Files {
    /// The bytes of the file at `path`, which is relative to the root that the
    /// compose files' own paths are relative to, or absolute.
    ///
    /// # Errors
    ///
    /// Whatever keeps the file from being read.
    fn read(&self, path: &str) -> io::Result<Vec<u8>>;
}

impl<F: Fn(&str) -> io::Result<Vec<u8>>> Files for F {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        self(path)
    }
}

/// The largest file that is read, in bytes. Swarm takes configs of less than
/// 1,024,000 bytes; nothing that is read here has a reason to be larger.
const MAX_FILE: u64 = 1024 * 1024;

/// A folder of the disk as [`Files`].
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
    confined: bool,
}

impl Folder {
    /// A checkout: somebody else's files, so nothing outside of it can be read,
    /// neither by `..` nor by a symbolic link.
    #[must_use]
    pub fn checkout(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), confined: true }
    }

    /// A person's own folder, from which they may name any file they can read.
    #[must_use]
    pub fn anywhere(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), confined: false }
    }
}

impl Files for Folder {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        let full = self.root.join(Path::new(path)).canonicalize()?;
        if self.confined && !full.starts_with(self.root.canonicalize()?) {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "it lies outside of the repository",
            ));
        }
        let metadata = full.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::other("it is not a file"));
        }
        if metadata.len() > MAX_FILE {
            return Err(io::Error::other("it is larger than 1 MiB"));
        }
        std::fs::read(full)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkout_gives_nothing_from_outside() {
        let outer = tempfile::tempdir().unwrap();
        let root = outer.path().join("checkout");
        std::fs::create_dir(&root).unwrap();
        std::fs::write(root.join("in.txt"), "in").unwrap();
        std::fs::write(outer.path().join("out.txt"), "out").unwrap();
        std::os::unix::fs::symlink(outer.path().join("out.txt"), root.join("link.txt")).unwrap();

        let folder = Folder::checkout(&root);
        assert_eq!(folder.read("in.txt").unwrap(), b"in");
        for outside in ["../out.txt", "link.txt", "/etc/passwd"] {
            let refused = folder.read(outside).unwrap_err();
            assert_eq!(refused.to_string(), "it lies outside of the repository", "{outside}");
        }
        assert_eq!(Folder::anywhere(&root).read("../out.txt").unwrap(), b"out");
    }
}
