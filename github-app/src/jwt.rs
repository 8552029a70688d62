//! The App's own credential: a short-lived JWT signed with its private key.

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

/// GitHub refuses more than ten minutes, counted by its own clock.
const LIFETIME: TimeDelta = TimeDelta::minutes(9);

/// How far our clock may be ahead of GitHub's.
const LEEWAY: TimeDelta = TimeDelta::seconds(60);

/// Why no JWT can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// The text is not an RSA private key in PEM (PKCS#1 or PKCS#8).
    #[error("the App's private key can't be read")]
    Key,
    /// The key can't sign.
    #[error("the App's private key can't sign")]
    Signing,
}

#[derive(Serialize)]
struct Claims {
    iat: i64,
    exp: i64,
    iss: String,
}

/// A JWT for the App `app_id`, good from a minute before `now` to nine minutes
/// after.
///
/// # Errors
///
/// When the key can't be read or can't sign; the key is never in the message.
pub fn sign(
    app_id: i64,
    private_key: &SecretString,
    now: DateTime<Utc>,
) -> Result<SecretString, JwtError> {
    let key = EncodingKey::from_rsa_pem(private_key.expose_secret().as_bytes())
        .map_err(|_| JwtError::Key)?;
    let claims = Claims {
        iat: (now - LEEWAY).timestamp(),
        exp: (now + LIFETIME).timestamp(),
        iss: app_id.to_string(),
    };
    jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &key)
        .map(SecretString::from)
        .map_err(|_| JwtError::Signing)
}
