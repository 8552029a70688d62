//! Sealing what is secret before it becomes a row: `XChaCha20-Poly1305` under
//! a master key, bound to what and whose it is.
//!
//! A sealed value is `version (1) | nonce (24) | ciphertext`. The context, such
//! as `release 0192…`, is authenticated along with it, so that a sealed value
//! that is moved to another row does not open.

use std::fmt;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use rand::Rng as _;
use secrecy::{ExposeSecret, SecretBox, SecretString};

const VERSION: u8 = 1;
const NONCE: usize = 24;

/// The master key, 32 bytes.
pub struct SealKey(SecretBox<[u8; 32]>);

/// Why a sealed value does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsealable {
    /// It is no sealed value, or of a newer Berth.
    #[error("it is not a sealed value that this version knows")]
    Format,
    /// It was sealed under another key or for another place, or was changed.
    #[error("the master key does not open it")]
    Refused,
    /// It is not text.
    #[error("it is not text")]
    NotText,
}

/// A text that is no master key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a master key is 64 hexadecimal digits")]
pub struct InvalidKey;

impl SealKey {
    /// A key from its bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(SecretBox::new(Box::new(bytes)))
    }

    /// A key that nobody has had before.
    #[must_use]
    pub fn generate() -> Self {
        Self::new(rand::rng().random())
    }

    /// Reads 64 hexadecimal digits; white space around them is left out.
    ///
    /// # Errors
    ///
    /// Says what a key looks like, and nothing of what it was given.
    pub fn parse(text: &SecretString) -> Result<Self, InvalidKey> {
        let text = text.expose_secret().trim().as_bytes();
        let mut bytes = [0_u8; 32];
        if text.len() != 64 {
            return Err(InvalidKey);
        }
        for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
            let digits = std::str::from_utf8(pair).map_err(|_| InvalidKey)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| InvalidKey)?;
        }
        Ok(Self::new(bytes))
    }

    /// The key as [`parse`](Self::parse) reads it, to be written to a file that
    /// only Berth can read.
    #[must_use]
    pub fn to_text(&self) -> SecretString {
        let digits: String =
            self.0.expose_secret().iter().map(|byte| format!("{byte:02x}")).collect();
        SecretString::from(digits)
    }

    /// Seals `plain` for `context`.
    #[must_use]
    pub fn seal(&self, context: &str, plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE] = rand::rng().random();
        let payload = Payload { msg: plain, aad: context.as_bytes() };
        let sealed = self
            .cipher()
            .encrypt(XNonce::from_slice(&nonce), payload)
            .expect("invariant: nothing of ours is 256 GiB long");
        let mut out = Vec::with_capacity(1 + NONCE + sealed.len());
        out.push(VERSION);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&sealed);
        out
    }

    /// Opens what was sealed for `context`.
    ///
    /// # Errors
    ///
    /// Says whether it is the format or the key.
    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<Vec<u8>, Unsealable> {
        let (&version, rest) = sealed.split_first().ok_or(Unsealable::Format)?;
        let (nonce, text) = rest.split_at_checked(NONCE).ok_or(Unsealable::Format)?;
        if version != VERSION {
            return Err(Unsealable::Format);
        }
        let payload = Payload { msg: text, aad: context.as_bytes() };
        self.cipher().decrypt(XNonce::from_slice(nonce), payload).map_err(|_| Unsealable::Refused)
    }

    /// Opens a text that was sealed for `context`.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), and where it is not UTF-8.
    pub fn open_text(&self, context: &str, sealed: &[u8]) -> Result<SecretString, Unsealable> {
        String::from_utf8(self.open(context, sealed)?)
            .map(SecretString::from)
            .map_err(|_| Unsealable::NotText)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(Key::from_slice(self.0.expose_secret()))
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_text_opens_in_its_place_only() {
        let key = SealKey::generate();
        let sealed = key.seal("app 1", b"hunter2");
        assert_eq!(key.open_text("app 1", &sealed).unwrap().expose_secret(), "hunter2");
        assert_eq!(key.open("app 2", &sealed), Err(Unsealable::Refused));
        assert_eq!(SealKey::generate().open("app 1", &sealed), Err(Unsealable::Refused));
        assert!(!sealed.windows(7).any(|part| part == b"hunter2"));
    }

    #[test]
    fn a_changed_or_cut_value_does_not_open() {
        let key = SealKey::new([7; 32]);
        let mut sealed = key.seal("x", b"text");
        assert_eq!(key.open("x", &sealed[..20]), Err(Unsealable::Format));
        assert_eq!(key.open("x", &[]), Err(Unsealable::Format));
        *sealed.last_mut().unwrap() ^= 1;
        assert_eq!(key.open("x", &sealed), Err(Unsealable::Refused));
        sealed[0] = 2;
        assert_eq!(key.open("x", &sealed), Err(Unsealable::Format));
    }

    #[test]
    fn a_key_reads_back_and_never_shows() {
        let key = SealKey::generate();
        let again = SealKey::parse(&key.to_text()).unwrap();
        assert_eq!(again.open("x", &key.seal("x", b"y")).unwrap(), b"y");
        assert_eq!(format!("{key:?}"), "SealKey");
        for bad in ["", "abc", &"x".repeat(64), &"é".repeat(32)] {
            assert!(SealKey::parse(&SecretString::from(bad)).is_err(), "{bad}");
        }
    }
}
