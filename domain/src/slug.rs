//! Text from strangers (branch names, repository names) as DNS labels.

use sha2::{Digest, Sha256};

/// The longest DNS label (RFC 1035, 2.3.4).
pub const LABEL_MAX: usize = 63;

/// `text` as a DNS label of at most `max` characters.
///
/// What a label can't hold becomes a hyphen. Where that, or the cut, loses
/// something, six hexadecimal digits of the text's hash are appended, so that
/// `feature/a` and `feature-a` never share a host or a stack.
#[must_use]
pub fn label(text: &str, max: usize) -> String {
    let mut slug = String::with_capacity(text.len());
    for c in text.chars() {
        let c = c.to_ascii_lowercase();
        if c.is_ascii_lowercase() || c.is_ascii_digit() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug == text && (1..=max).contains(&slug.len()) {
        return slug.to_owned();
    }
    let digest = hex::encode(Sha256::digest(text.as_bytes()));
    let hash = digest.get(..6).unwrap_or_default();
    let room = max.saturating_sub(hash.len() + 1);
    let head = slug.get(..slug.len().min(room)).unwrap_or_default().trim_end_matches('-');
    if head.is_empty() { hash.to_owned() } else { format!("{head}-{hash}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_plain_name_stays_as_it_is() {
        assert_eq!(label("main", 63), "main");
        assert_eq!(label("pr-12", 63), "pr-12");
    }

    #[test]
    fn what_is_lost_is_hashed() {
        assert_eq!(label("feature/a", 63), "feature-a-951d42");
        assert_ne!(label("feature/a", 63), label("feature-a", 63));
        assert_ne!(label("Main", 63), label("main", 63));
    }

    proptest! {
        #[test]
        fn a_label_is_always_one(text in ".{0,90}", max in 8_usize..=63) {
            let label = label(&text, max);
            prop_assert!((1..=max).contains(&label.len()), "{label}");
            prop_assert!(label.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
            prop_assert!(!label.starts_with('-') && !label.ends_with('-'));
        }
    }
}
