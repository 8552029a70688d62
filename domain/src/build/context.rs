//! Where the files of a build come from, as a compose file says it.

use std::fmt;

/// Where the files of a build come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuildContext {
    /// A folder of the checkout, from its root; `.` is the root itself.
    Folder(String),
    /// A folder of another repository.
    Repository(RemoteContext),
}

/// A folder of a repository that anybody may read, at what a branch or a tag
/// stands for when it is fetched.
///
/// Its text is that of BuildKit's remote contexts:
/// `https://host/owner/name.git#ref:folder`, each part after `#` at will, and
/// `github.com/owner/name` for short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteContext {
    url: String,
    reference: Option<String>,
    folder: Option<String>,
}

/// Why a text is no [`RemoteContext`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidContext {
    /// It has another scheme, or is a path of `scp`.
    #[error("repositories are fetched by https only; write `https://host/owner/name.git`")]
    Scheme,
    /// It has a name or a password in it.
    #[error("an address with a credential in it would be read by many; take it out")]
    Credential,
    /// It is the address of something else: an archive, a page.
    #[error("the address of a git repository ends in `.git`, before `#branch:folder`")]
    Repository,
    /// What stands between `#` and `:` can't be a branch, a tag or a commit.
    #[error("{0:?} is no name of a branch, a tag or a commit")]
    Reference(String),
    /// What stands after `:` leads out of the repository.
    #[error("{0:?} leads out of that repository")]
    Folder(String),
}

/// The host whose repositories may be named without a scheme.
const SHORT: &str = "github.com/";

impl RemoteContext {
    /// Whether a context is an address, good or bad, and so no folder.
    #[must_use]
    pub fn is_address(text: &str) -> bool {
        text.contains("://") || text.starts_with("git@") || text.starts_with(SHORT)
    }

    /// Reads an address.
    ///
    /// # Errors
    ///
    /// [`InvalidContext`], with what to write instead.
    pub fn parse(text: &str) -> Result<Self, InvalidContext> {
        let (address, fragment) = text.split_once('#').unwrap_or((text, ""));
        let short = address.starts_with(SHORT);
        let rest = match address.strip_prefix("https://") {
            Some(rest) => rest,
            None if short => address,
            None => return Err(InvalidContext::Scheme),
        };
        let (host, path) = rest.split_once('/').ok_or(InvalidContext::Repository)?;
        if host.contains('@') {
            return Err(InvalidContext::Credential);
        }
        let bare = |c: char| c.is_ascii_graphic() && !matches!(c, '?' | '\\' | '"' | '\'' | '`');
        let named = path.ends_with(".git") || (short && path.contains('/'));
        if host.is_empty() || !named || !rest.chars().all(bare) {
            return Err(InvalidContext::Repository);
        }
        let (reference, folder) = fragment.split_once(':').unwrap_or((fragment, ""));
        if !reference.is_empty() && !is_reference(reference) {
            return Err(InvalidContext::Reference(reference.to_owned()));
        }
        if folder.split('/').any(|part| part == "..") {
            return Err(InvalidContext::Folder(folder.to_owned()));
        }
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Ok(Self {
            url: format!("https://{rest}{}", if path.ends_with(".git") { "" } else { ".git" }),
            reference: some(reference),
            // From the repository's root, as all of them are.
            folder: some(folder.trim_matches('/')),
        })
    }

    /// Where git fetches from: `https://…`, with no credential in it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A branch, a tag or a commit; [`None`] is the default branch.
    #[must_use]
    pub fn reference(&self) -> Option<&str> {
        self.reference.as_deref()
    }

    /// The folder with the files, from the repository's root.
    #[must_use]
    pub fn folder(&self) -> &str {
        self.folder.as_deref().unwrap_or(".")
    }
}

impl fmt::Display for RemoteContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)?;
        if self.reference.is_some() || self.folder.is_some() {
            write!(f, "#{}", self.reference.as_deref().unwrap_or_default())?;
        }
        match &self.folder {
            Some(folder) => write!(f, ":{folder}"),
            None => Ok(()),
        }
    }
}

/// Whether git reads `text` as a name and as nothing else: neither an option, nor
/// a pattern, nor an expression. By `git check-ref-format`, roughly.
fn is_reference(text: &str) -> bool {
    let plain = |c: char| {
        !c.is_control() && !c.is_whitespace() && !matches!(c, '~' | '^' | '?' | '*' | '[' | '\\')
    };
    text.chars().all(plain)
        && !text.starts_with(['-', '/', '.'])
        && !text.ends_with(['/', '.'])
        && ["..", "//", "@{"].iter().all(|never| !text.contains(never))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_repository_a_reference_and_a_folder() {
        for (text, url, reference, folder) in [
            ("https://github.com/o/r.git", "https://github.com/o/r.git", None, "."),
            ("https://a.b:8443/r.git#main", "https://a.b:8443/r.git", Some("main"), "."),
            ("https://a.b/r.git#v1.0:web/app", "https://a.b/r.git", Some("v1.0"), "web/app"),
            ("https://a.b/r.git#:web/", "https://a.b/r.git", None, "web"),
            ("https://a.b/r.git#fix/7", "https://a.b/r.git", Some("fix/7"), "."),
            ("github.com/o/r#main", "https://github.com/o/r.git", Some("main"), "."),
            ("https://a.b/r.git#", "https://a.b/r.git", None, "."),
        ] {
            assert!(RemoteContext::is_address(text), "{text}");
            let context = RemoteContext::parse(text).unwrap();
            let parts = (context.url(), context.reference(), context.folder());
            assert_eq!(parts, (url, reference, folder), "{text}");
            assert_eq!(RemoteContext::parse(&context.to_string()), Ok(context));
        }
        for folder in [".", "web", "./web", "../web", "/srv/web", "web.git", "github.company"] {
            assert!(!RemoteContext::is_address(folder), "{folder}");
        }
    }

    #[test]
    fn an_address_that_git_would_read_as_more_is_refused() {
        use InvalidContext::{Credential, Folder, Reference, Repository, Scheme};
        let reference = |text: &str| Reference(text.to_owned());
        for (text, why) in [
            ("http://a.b/r.git", Scheme),
            ("ssh://git@a.b/r.git", Scheme),
            ("git://a.b/r.git", Scheme),
            ("git@github.com:o/r.git", Scheme),
            ("file:///srv/r.git", Scheme),
            ("ext::sh -c id://", Scheme),
            ("HTTPS://a.b/r.git", Scheme),
            ("https://user:password@a.b/r.git", Credential),
            ("https://token@a.b/r.git", Credential),
            ("https://a.b/context.tar.gz", Repository),
            ("https://a.b/r.git?ref=main", Repository),
            ("https:///r.git", Repository),
            ("https://a.b", Repository),
            ("https://a.b/a b.git", Repository),
            ("https://a.b/r\n.git", Repository),
            ("github.com/o", Repository),
            ("https://a.b/r.git#--upload-pack=id", reference("--upload-pack=id")),
            ("https://a.b/r.git#a b", reference("a b")),
            ("https://a.b/r.git#a..b", reference("a..b")),
            ("https://a.b/r.git#a*", reference("a*")),
            ("https://a.b/r.git#main@{1}", reference("main@{1}")),
            ("https://a.b/r.git#main:../x", Folder("../x".to_owned())),
        ] {
            assert_eq!(RemoteContext::parse(text), Err(why), "{text}");
        }
    }
}
