//! Paths that a repository names, kept within the repository.

use std::path::{Component, Path, PathBuf};

/// A path that leads out of its root, or to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnsafePath {
    /// It is absolute, has a `..` too many, or a symbolic link leads outside.
    #[error("`{0}` leads out of the repository")]
    Outside(String),
    /// There is no such file or folder.
    #[error("`{0}` is not in the repository")]
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
    let missing = |_| UnsafePath::Missing(relative.to_owned());
    let mut depth = 0_i32;
    for component in Path::new(relative).components() {
        depth += match component {
            Component::Normal(_) => 1,
            Component::CurDir => 0,
            Component::ParentDir => -1,
            Component::Prefix(_) | Component::RootDir => return Err(outside()),
        };
        if depth < 0 {
            return Err(outside());
        }
    }
    let root = root.canonicalize().map_err(missing)?;
    let real = root.join(relative).canonicalize().map_err(missing)?;
    if real.starts_with(&root) { Ok(real) } else { Err(outside()) }
}
