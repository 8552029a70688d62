//! What a build is made of: the files of its context, and their hash.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use berth_domain::build::BuildRequest;
use sha2::{Digest, Sha256};
use walkdir::WalkDir;

use crate::ignore::Ignore;
use crate::path::{UnsafePath, safe_path};

/// The largest context, in bytes: more is a missing `.dockerignore`.
const CONTEXT_MAX: u64 = 2 * 1024 * 1024 * 1024;

/// The most of a `.dockerignore` that is read.
const IGNORE_MAX: u64 = 1024 * 1024;

/// Why there is no context: its author's to mend.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ContextError {
    /// A path leads out of the repository, or to nothing.
    #[error("{what}: {path}")]
    Path {
        /// Which path.
        what: &'static str,
        /// What is wrong with it.
        path: UnsafePath,
    },
    /// It is a file where a folder must be, or the reverse.
    #[error("{0}")]
    Kind(String),
    /// It is too large.
    #[error("the context is larger than {} MiB: is a `.dockerignore` missing?", CONTEXT_MAX >> 20)]
    TooLarge,
    /// The disk failed us.
    #[error("the context can't be read")]
    Disk(#[from] io::Error),
}

/// One entry of a context.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    /// From the context's root.
    path: PathBuf,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Folder,
    File {
        executable: bool,
    },
    /// Kept as it is: what it points to is looked up within the build.
    Link(PathBuf),
}

/// A context: which files, in order, and the hash of all that a build depends on.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    root: PathBuf,
    entries: Vec<Entry>,
    /// The Dockerfile, from the context's root.
    pub(crate) dockerfile: String,
    /// Hexadecimal, of the files with names and modes, the Dockerfile's path,
    /// the arguments and the target.
    pub(crate) hash: String,
}

impl Context {
    /// Reads the context for `request` that is the folder `named` of `checkout`.
    /// Blocks.
    pub(crate) fn read(
        checkout: &Path,
        named: &str,
        request: &BuildRequest,
    ) -> Result<Self, ContextError> {
        let path = |what| move |path| ContextError::Path { what, path };
        let named = if named.is_empty() { "." } else { named };
        let root = safe_path(checkout, named).map_err(path("the build context"))?;
        if !root.is_dir() {
            return Err(ContextError::Kind(format!("the build context `{named}` is no folder")));
        }
        let dockerfile =
            if request.dockerfile.is_empty() { "Dockerfile" } else { &request.dockerfile };
        let file = safe_path(&root, dockerfile).map_err(path("the Dockerfile"))?;
        if !file.is_file() {
            return Err(ContextError::Kind(format!("the Dockerfile `{dockerfile}` is no file")));
        }

        let ignore = read_ignore(&root, dockerfile)?;
        // As it is really called: a name such as `./a/../Dockerfile`, or a link
        // within the context, is nothing that BuildKit has to resolve again.
        let file = file.strip_prefix(&root).unwrap_or(&file).to_path_buf();
        let entries = entries(&root, &ignore, &file)?;
        let dockerfile = file.to_string_lossy().into_owned();
        let hash = hash(&root, &entries, &dockerfile, request)?;
        Ok(Self { root, entries, dockerfile, hash })
    }

    /// Writes the context as a tar. Blocks.
    pub(crate) fn write_tar(&self, to: impl Write) -> io::Result<()> {
        let mut tar = tar::Builder::new(to);
        tar.mode(tar::HeaderMode::Complete);
        for entry in &self.entries {
            let real = self.root.join(&entry.path);
            let metadata = real.symlink_metadata()?;
            let mut header = tar::Header::new_gnu();
            header.set_metadata(&metadata);
            header.set_uid(0);
            header.set_gid(0);
            match &entry.kind {
                Kind::Folder => {
                    header.set_mode(0o755);
                    header.set_size(0);
                    tar.append_data(&mut header, &entry.path, io::empty())?;
                }
                Kind::File { executable } => {
                    header.set_mode(if *executable { 0o755 } else { 0o644 });
                    let file = File::open(&real)?;
                    // No more than was announced, should it grow meanwhile.
                    tar.append_data(&mut header, &entry.path, file.take(metadata.len()))?;
                }
                Kind::Link(target) => {
                    header.set_mode(0o777);
                    header.set_size(0);
                    tar.append_link(&mut header, &entry.path, target)?;
                }
            }
        }
        tar.into_inner()?.flush()
    }
}

/// `<Dockerfile>.dockerignore` beside the Dockerfile goes before the one at the
/// context's root.
fn read_ignore(root: &Path, dockerfile: &str) -> Result<Ignore, ContextError> {
    for name in [format!("{dockerfile}.dockerignore"), ".dockerignore".to_owned()] {
        match safe_path(root, &name) {
            Ok(file) if file.is_file() => {
                let mut bytes = Vec::new();
                File::open(file)?.take(IGNORE_MAX).read_to_end(&mut bytes)?;
                return Ok(Ignore::parse(&String::from_utf8_lossy(&bytes)));
            }
            Ok(_) | Err(UnsafePath::Missing(_)) => {}
            Err(path @ UnsafePath::Outside(_)) => {
                return Err(ContextError::Path { what: "the .dockerignore", path });
            }
        }
    }
    Ok(Ignore::default())
}

/// Everything that is not ignored, and the `needed` file with its folders.
fn entries(root: &Path, ignore: &Ignore, needed: &Path) -> Result<Vec<Entry>, ContextError> {
    let below = |path: &Path| path.strip_prefix(root).unwrap_or(path).to_path_buf();
    let leads_to_needed = |path: &Path| needed.starts_with(path);
    let walk = WalkDir::new(root).min_depth(1).follow_links(false).sort_by_file_name();
    let mut entries = Vec::new();
    let mut size = 0_u64;
    let looked_at = walk.into_iter().filter_entry(|entry| {
        let path = below(entry.path());
        entry.depth() == 0 || !ignore.cuts_off(&path.to_string_lossy()) || leads_to_needed(&path)
    });
    for entry in looked_at {
        let entry = entry.map_err(io::Error::from)?;
        let path = below(entry.path());
        let ignored = ignore.ignores(&path.to_string_lossy()) && !leads_to_needed(&path);
        let kind = entry.file_type();
        let kind = if kind.is_symlink() {
            Kind::Link(std::fs::read_link(entry.path())?)
        } else if kind.is_dir() {
            Kind::Folder
        } else if kind.is_file() {
            let metadata = entry.metadata().map_err(io::Error::from)?;
            if !ignored {
                size += metadata.len();
            }
            Kind::File { executable: executable(&metadata) }
        } else {
            continue;
        };
        if size > CONTEXT_MAX {
            return Err(ContextError::TooLarge);
        }
        if !ignored {
            entries.push(Entry { path, kind });
        }
    }
    Ok(entries)
}

fn executable(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o111 != 0
}

/// Every text goes in with its length, so that no two contexts read the same.
fn hash(
    root: &Path,
    entries: &[Entry],
    dockerfile: &str,
    request: &BuildRequest,
) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut put = |bytes: &[u8]| {
        hash.update(bytes.len().to_le_bytes());
        hash.update(bytes);
    };
    put(b"berth build 1");
    put(dockerfile.as_bytes());
    put(request.target.as_deref().unwrap_or_default().as_bytes());
    put(&request.args.len().to_le_bytes());
    for (name, value) in &request.args {
        put(name.as_bytes());
        put(value.as_bytes());
    }
    for entry in entries {
        put(entry.path.as_os_str().as_encoded_bytes());
        match &entry.kind {
            Kind::Folder => put(b"folder"),
            Kind::Link(target) => {
                put(b"link");
                put(target.as_os_str().as_encoded_bytes());
            }
            Kind::File { executable } => {
                put(if *executable { b"program" } else { b"file" });
                put(&digest(&root.join(&entry.path))?);
            }
        }
    }
    Ok(hex::encode(hash.finalize()))
}

fn digest(file: &Path) -> io::Result<Vec<u8>> {
    let mut hash = Sha256::new();
    io::copy(&mut BufReader::new(File::open(file)?), &mut hash)?;
    Ok(hash.finalize().to_vec())
}

#[cfg(test)]
mod tests;
