//! Random values that let somebody in: session cookies, API tokens, setup
//! links, states. They are handed out once and stored hashed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::Rng as _;
use secrecy::SecretString;
use sha2::{Digest, Sha256};

/// A secret as it is stored. The secrets have 256 random bits, so that one
/// round without salt is enough.
pub(crate) type Hash = [u8; 32];

/// What API tokens begin with, so that scanners recognise them.
pub(crate) const TOKEN_PREFIX: &str = "berth_";

/// A new secret of 256 random bits, after `prefix`, and its hash.
pub(crate) fn fresh(prefix: &str) -> (SecretString, Hash) {
    let bytes: [u8; 32] = rand::rng().random();
    let text = format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes));
    let hash = hash(&text);
    (SecretString::from(text), hash)
}

/// What is stored of a secret. Looking it up leaks nothing by its timing: what
/// is compared is the hash, which nobody can steer.
pub(crate) fn hash(secret: &str) -> Hash {
    Sha256::digest(secret.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn no_two_secrets_are_alike_and_each_is_found_by_its_hash() {
        let (one, stored) = fresh(TOKEN_PREFIX);
        let (other, _) = fresh(TOKEN_PREFIX);
        assert_ne!(one.expose_secret(), other.expose_secret());
        assert_eq!(hash(one.expose_secret()), stored);
        assert!(one.expose_secret().starts_with("berth_") && one.expose_secret().len() == 49);
    }
}
