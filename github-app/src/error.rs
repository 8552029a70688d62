//! What can go wrong with GitHub, by what to do about it.

use std::time::Duration;

/// Why a call to GitHub came to nothing. No variant ever holds a credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It isn't there, or we may not know of it: forget it.
    #[error("GitHub knows of nothing there, while trying to {doing}")]
    NotFound {
        /// What we were doing, as a verb phrase.
        doing: &'static str,
    },
    /// GitHub refuses the App's key or token. A person must look: the App was
    /// deleted, its key revoked, or this machine's clock is wrong.
    #[error("GitHub refused our credential, while trying to {doing}: {message}")]
    Unauthorized {
        /// What we were doing.
        doing: &'static str,
        /// GitHub's words.
        message: String,
    },
    /// Too many requests: wait this long before the next.
    #[error("GitHub asks us to wait {} s, while trying to {doing}", retry_after.as_secs())]
    RateLimited {
        /// What we were doing.
        doing: &'static str,
        /// How long to leave GitHub alone.
        retry_after: Duration,
    },
    /// No answer, or a failure of GitHub's. Worth another try; the call may have
    /// had its effect.
    #[error("GitHub does not answer, while trying to {doing}: {message}")]
    Unavailable {
        /// What we were doing.
        doing: &'static str,
        /// How it showed.
        message: String,
    },
    /// GitHub understood and said no: the same call will fail again.
    #[error("GitHub refused to {doing} ({status}): {message}")]
    Rejected {
        /// What we were doing.
        doing: &'static str,
        /// The HTTP status.
        status: u16,
        /// GitHub's words.
        message: String,
    },
}

impl Error {
    /// Whether the same call may do better later.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::RateLimited { .. } | Self::Unavailable { .. } => true,
            Self::NotFound { .. } | Self::Unauthorized { .. } | Self::Rejected { .. } => false,
        }
    }
}

/// `text` with everything that looks like a token of GitHub's blotted out.
///
/// Tokens are `ghs_…` and the like, of any length, with dots and hyphens in
/// them since 2026.
#[must_use]
pub fn redact(text: &str) -> String {
    const PREFIXES: [&str; 6] = ["ghs_", "ghu_", "ghr_", "ghp_", "gho_", "github_pat_"];
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, prefix)) =
        PREFIXES.iter().filter_map(|prefix| Some((rest.find(prefix)?, *prefix))).min()
    {
        let (before, token) = rest.split_at(at);
        let body = token.get(prefix.len()..).unwrap_or_default();
        let end = body
            .find(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c)))
            .unwrap_or(body.len());
        clean.push_str(before);
        clean.push_str(prefix);
        clean.push_str("[redacted]");
        rest = body.get(end..).unwrap_or_default();
    }
    clean.push_str(rest);
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_of_either_form_is_blotted_out() {
        let long = format!("ghs_1_{}.{}.{}", "a".repeat(180), "B-".repeat(90), "c_".repeat(80));
        let text = format!("url https://x:{long}@host/a and ghp_abc, github_pat_1 end");
        assert_eq!(
            redact(&text),
            "url https://x:ghs_[redacted]@host/a and ghp_[redacted], github_pat_[redacted] end"
        );
        assert_eq!(redact("nothing of it"), "nothing of it");
    }
}
