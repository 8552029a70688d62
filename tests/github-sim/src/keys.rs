//! RSA keys: Apps sign with them, and GitHub signs its tokens.

use std::sync::Mutex;

use anyhow::Context as _;
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{DecodingKey, EncodingKey};

/// GitHub's own key is the first; an App has one of those after it.
pub(crate) const OWN: usize = 0;

/// Making a key takes a noticeable part of a second: a process makes the nth
/// once, and all its simulators share it.
static KEYS: Mutex<Vec<Key>> = Mutex::new(Vec::new());

/// An RSA key pair.
#[derive(Clone)]
pub(crate) struct Key {
    /// The private key in PKCS#1.
    private: Vec<u8>,
    /// The public key in PKCS#1.
    public: Vec<u8>,
}

/// The process's nth key.
pub(crate) fn nth(n: usize) -> anyhow::Result<Key> {
    let mut keys = KEYS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    while keys.len() <= n {
        keys.push(Key::generate()?);
    }
    keys.get(n).cloned().context("invariant: the loop made it")
}

impl Key {
    fn generate() -> anyhow::Result<Self> {
        let pair = KeyPair::generate(KeySize::Rsa2048).context("cannot make an RSA key")?;
        let der: Pkcs8V1Der<'_> = pair.as_der().context("cannot write the RSA key")?;
        let private = inner(der.as_ref()).context("the RSA key is not PKCS#8")?.to_vec();
        Ok(Self { private, public: pair.public_key().as_ref().to_vec() })
    }

    /// The private key as GitHub hands it out.
    pub(crate) fn pem(&self) -> String {
        let text = STANDARD.encode(&self.private);
        let lines: Vec<&str> = text
            .as_bytes()
            .chunks(64)
            .map(|line| std::str::from_utf8(line).unwrap_or_default())
            .collect();
        let label = "RSA PRIVATE KEY";
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
    }

    pub(crate) fn signer(&self) -> EncodingKey {
        EncodingKey::from_rsa_der(&self.private)
    }

    pub(crate) fn verifier(&self) -> DecodingKey {
        DecodingKey::from_rsa_der(&self.public)
    }
}

/// The PKCS#1 key in a PKCS#8 one: the content of the sequence's third element,
/// after the version and the algorithm.
fn inner(pkcs8: &[u8]) -> Option<&[u8]> {
    let (sequence, _) = element(pkcs8)?;
    let (_version, rest) = element(sequence)?;
    let (_algorithm, rest) = element(rest)?;
    element(rest).map(|(key, _)| key)
}

/// The content of the first DER element, and what follows it.
fn element(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.get(1..)?.split_first()?;
    let (length, rest) = if *first < 0x80 {
        (usize::from(*first), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        (bytes.iter().fold(0, |sum, byte| (sum << 8) | usize::from(*byte)), rest)
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_signs_what_its_other_half_verifies_and_the_next_one_refuses() {
        let claims = serde_json::json!({ "iss": "1", "exp": 4_102_444_800_u64 });
        let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::RS256);
        let (key, other) = (nth(1).unwrap(), nth(2).unwrap());
        let from_pem = EncodingKey::from_rsa_pem(key.pem().as_bytes()).unwrap();
        let signed = jsonwebtoken::encode(&header, &claims, &from_pem).unwrap();
        let rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::RS256);
        let read =
            |key: &Key| jsonwebtoken::decode::<serde_json::Value>(&signed, &key.verifier(), &rules);
        assert_eq!(read(&key).unwrap().claims, claims);
        assert!(read(&other).is_err());
    }
}
