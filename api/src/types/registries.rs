//! Logins to registries as they are read and written. A password goes in, and
//! never comes out.

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{page, words};

/// A registry that there is a login for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Registry {
    /// Its host, as images name it: `registry.example.com:5000`, and `docker.io`
    /// for Docker Hub.
    pub host: String,
    /// Who we are to it.
    pub username: String,
    /// Since when there is a login.
    pub created_at: DateTime<Utc>,
    /// When it was last replaced.
    pub updated_at: DateTime<Utc>,
}

page! {
    /// Registries, by their host.
    RegistryPage of Registry
}

/// A login to a registry.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegistryLogin {
    /// The user's or the robot's name.
    #[schema(min_length = 1, max_length = 255)]
    pub username: String,
    /// The password or access token.
    #[serde(deserialize_with = "unquoted")]
    #[schema(value_type = String, format = Password, min_length = 1, max_length = 8192)]
    pub password: SecretString,
}

/// Reads a secret text. What is no text is not quoted in the error.
fn unquoted<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(text) => Ok(text.into()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Err(D::Error::custom("a password is a text"))
        }
    }
}

words! {
    /// What a registry says to a login.
    LoginOutcome {
        /// It takes it, or wants none.
        Accepted = "accepted",
        /// It does not.
        Denied = "denied",
        /// It did not answer, or is not well.
        Unreachable = "unreachable",
    }
}

/// What came of trying a login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RegistryCheck {
    /// What the registry says.
    pub outcome: LoginOutcome,
    /// The same, for people, with the registry's words.
    pub detail: String,
}
