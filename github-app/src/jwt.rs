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

#[cfg(test)]
mod tests {
    use jsonwebtoken::{DecodingKey, Validation, decode};
    use serde_json::Value;

    use super::*;
    use crate::testing::{key, now};

    // Signs with whichever crypto backends the build enabled: with none, or
    // with two, the first signature panics.
    #[test]
    fn a_jwt_is_the_apps_for_nine_minutes() {
        let (private, public) = key();
        let jwt = sign(7, private, now()).unwrap();
        let mut validation = Validation::new(Algorithm::RS256);
        validation.validate_exp = false;
        let claims =
            decode::<Value>(jwt.expose_secret(), &DecodingKey::from_rsa_der(public), &validation)
                .unwrap()
                .claims;
        let at = now().timestamp();
        assert_eq!(claims, serde_json::json!({ "iat": at - 60, "exp": at + 540, "iss": "7" }));
    }

    #[test]
    fn a_bad_key_is_refused_and_not_shown() {
        let err = sign(7, &SecretString::from("planted-secret"), now()).unwrap_err();
        assert_eq!(err, JwtError::Key);
        assert!(!format!("{err} {err:?}").contains("planted"), "{err:?}");
    }
}
