//! Paths that a repository names, kept within the repository.

use std::path::{Component, Path, PathBuf};

/// A path that leads out of its root, or to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnsafePath {
    /// It is absolute, has a `..` too many, or a symbolic link leads outside.
    #[error("`{0}` leads outside")]
    Outside(String),
    /// There is no such file or folder.
    #[error("`{0}` does not exist")]
    Missing(String),
}

/// The real path of `relative` within `root`, symbolic links followed. What it
/// gives lies within `root`, whatever the repository holds.
///
/// `.`, `./a` and `a/../b` are fine, as they are in a compose file.
///
/// # Errors
///
/// [`UnsafePath`] where it leads outside or to nothing.
pub fn safe_path(root: &Path, relative: &str) -> Result<PathBuf, UnsafePath> {
    let outside = || UnsafePath::Outside(relative.to_owned());
    let missing = || UnsafePath::Missing(relative.to_owned());
    let root = root.canonicalize().map_err(|_| missing())?;
    let mut real = root.clone();
    // A step at a time, so that what lies outside is not even looked for: that
    // it is missing there is none of the repository's business.
    for component in Path::new(relative).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => drop(real.pop()),
            Component::Normal(name) => {
                let step = real.join(name);
                let found = step.symlink_metadata().map_err(|_| missing())?;
                // A link that leads nowhere might lead anywhere.
                let failed = if found.is_symlink() { outside() } else { missing() };
                real = step.canonicalize().map_err(|_| failed)?;
            }
            Component::Prefix(_) | Component::RootDir => return Err(outside()),
        }
        if !real.starts_with(&root) {
            return Err(outside());
        }
    }
    Ok(real)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_path_stays_within_its_root() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("root");
        std::fs::create_dir_all(root.join("a/b")).unwrap();
        std::fs::write(root.join("a/file"), "x").unwrap();
        std::fs::write(home.path().join("secret"), "x").unwrap();
        symlink("../secret", root.join("out")).unwrap();
        symlink("/etc", root.join("etc")).unwrap();
        symlink("a/file", root.join("in")).unwrap();
        symlink("loop", root.join("loop")).unwrap();
        let real = root.canonicalize().unwrap();

        for (good, leads_to) in
            [(".", ""), ("./a/b", "a/b"), ("a/../a/file", "a/file"), ("in", "a/file"), ("", "")]
        {
            assert_eq!(safe_path(&root, good), Ok(real.join(leads_to)), "{good:?}");
        }
        for outside in [
            "..",
            "../secret",
            "a/../../secret",
            "/etc/passwd",
            "out",
            "etc",
            "etc/passwd",
            "etc/nothing",
            "loop",
        ] {
            let refused = safe_path(&root, outside);
            assert_eq!(refused, Err(UnsafePath::Outside(outside.to_owned())));
        }
        for missing in ["b", "a/file/b"] {
            let refused = safe_path(&root, missing);
            assert_eq!(refused, Err(UnsafePath::Missing(missing.to_owned())));
        }
    }
}
