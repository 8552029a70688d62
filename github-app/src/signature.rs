//! The signature on a webhook.

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// The header that carries the signature.
pub const HEADER: &str = "x-hub-signature-256";

/// Why a webhook's signature is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// There is no `X-Hub-Signature-256`.
    #[error("the delivery is not signed")]
    Missing,
    /// It is not `sha256=` and 64 hexadecimal digits; the old `sha1=` is not.
    #[error("the delivery's signature can't be read")]
    Malformed,
    /// Another secret signed it, or the body was changed.
    #[error("the delivery's signature does not match")]
    Mismatch,
}

/// Checks the signature of a webhook's body, before anything parses it.
///
/// `body` is the bytes as they came: JSON that was read and written again signs
/// differently. The comparison takes the same time wherever the two differ.
///
/// # Errors
///
/// Says whether the signature is missing, unreadable or wrong.
pub fn verify(secret: &[u8], header: Option<&str>, body: &[u8]) -> Result<(), SignatureError> {
    let given = header
        .ok_or(SignatureError::Missing)?
        .strip_prefix("sha256=")
        .and_then(|digits| hex::decode(digits).ok())
        .filter(|bytes| bytes.len() == 32)
        .ok_or(SignatureError::Malformed)?;
    mac(secret, body).verify_slice(&given).map_err(|_| SignatureError::Mismatch)
}

/// The value of the header for `body`, as GitHub would send it.
#[must_use]
pub fn sign(secret: &[u8], body: &[u8]) -> String {
    format!("sha256={}", hex::encode(mac(secret, body).finalize().into_bytes()))
}

fn mac(secret: &[u8], body: &[u8]) -> Hmac<Sha256> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret).expect("invariant: HMAC takes a key of any length");
    mac.update(body);
    mac
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // The example of GitHub's documentation.
    const SECRET: &[u8] = b"It's a Secret to Everybody";
    const BODY: &[u8] = b"Hello, World!";
    const SIGNATURE: &str =
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    #[test]
    fn the_documented_example_verifies() {
        assert_eq!(verify(SECRET, Some(SIGNATURE), BODY), Ok(()));
        assert_eq!(sign(SECRET, BODY), SIGNATURE);
    }

    #[test]
    fn there_are_three_ways_to_be_refused() {
        use SignatureError::{Malformed, Mismatch, Missing};
        let sha1 = "sha1=2fd4e1c67a2d28fced849ee1bb76e7391b93eb12";
        assert_eq!(verify(SECRET, None, BODY), Err(Missing));
        for malformed in ["", "sha256=", "sha256=zz", "sha256=75", sha1, &SIGNATURE[7..]] {
            assert_eq!(verify(SECRET, Some(malformed), BODY), Err(Malformed), "{malformed:?}");
        }
        assert_eq!(verify(SECRET, Some(SIGNATURE), b"Hello, World"), Err(Mismatch));
        assert_eq!(verify(b"another", Some(SIGNATURE), BODY), Err(Mismatch));
    }

    proptest! {
        #[test]
        fn only_the_signed_bytes_verify(
            secret in prop::collection::vec(any::<u8>(), 0..80),
            body in prop::collection::vec(any::<u8>(), 1..200),
            at in any::<prop::sample::Index>(),
        ) {
            let header = sign(&secret, &body);
            prop_assert_eq!(verify(&secret, Some(&header), &body), Ok(()));
            let mut changed = body;
            let at = at.index(changed.len());
            changed[at] ^= 1;
            prop_assert_eq!(
                verify(&secret, Some(&header), &changed),
                Err(SignatureError::Mismatch)
            );
        }
    }
}
