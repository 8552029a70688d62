//! Bodies, paths and queries, with refusals that say what is wrong and where.

use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

use crate::problem::{Problem, Result};

/// A JSON body.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

/// A JSON body that may be missing: then it is the default.
#[derive(Debug)]
pub(crate) struct OptionalJson<T>(pub(crate) T);

/// Parameters in the path.
#[derive(Debug)]
pub(crate) struct Path<T>(pub(crate) T);

/// Parameters in the query.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        require_json(request.headers())?;
        read(&Bytes::from_request(request, state).await?).map(Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for OptionalJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let typed = require_json(request.headers());
        let body = Bytes::from_request(request, state).await?;
        if body.is_empty() {
            return Ok(Self(T::default()));
        }
        typed?;
        read(&body).map(Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        axum::extract::Path::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(path)| Self(path))
            .map_err(|err| Problem::invalid_request(err.body_text()))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        axum::extract::Query::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Query(query)| Self(query))
            .map_err(|err| Problem::invalid_request(err.body_text()))
    }
}

impl From<BytesRejection> for Problem {
    fn from(err: BytesRejection) -> Self {
        if err.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Self::too_large()
        } else {
            Self::invalid_request("The body did not arrive in full.").because(&err)
        }
    }
}

/// Refuses other media types. It is what keeps other sites' forms out, too.
fn require_json(headers: &HeaderMap) -> Result<()> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = given.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "/problems/unsupported-media-type",
        "Unsupported media type",
    )
    .detail("The body must be `application/json`."))
}

/// Reads a body: 400 where it is no JSON, 422 with the field where it is other
/// JSON than was asked for.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|err| {
        if !err.inner().is_data() {
            return no_json(err.inner());
        }
        let text = err.inner().to_string();
        let said = text.rsplit_once(" at line ").map_or(text.as_str(), |(said, _)| said);
        let mut pointer = String::new();
        for segment in err.path() {
            match segment {
                Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
                Segment::Map { key } => {
                    pointer.push('/');
                    pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
                }
                Segment::Enum { .. } | Segment::Unknown => {}
            }
        }
        // For these serde points at the object, and names the field in words.
        if let Some(field) = said.strip_prefix("missing field `")
            && let Some(field) = field.strip_suffix('`')
        {
            pointer.push('/');
            pointer.push_str(field);
        }
        Problem::invalid_field(pointer, format!("{said}."))
    })?;
    reader.end().map_err(|err| no_json(&err))?;
    Ok(value)
}

fn no_json(err: &serde_json::Error) -> Problem {
    Problem::invalid_request(format!(
        "The body is not JSON: line {}, column {}.",
        err.line(),
        err.column()
    ))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only whether it can be read is of interest")]
    struct Body {
        name: String,
        #[serde(default)]
        refs: Vec<String>,
    }

    fn refusal(body: &str) -> String {
        format!("{:?}", read::<Body>(body.as_bytes()).unwrap_err())
    }

    #[test]
    fn a_refusal_names_the_field() {
        for (body, pointer) in [
            (r#"{"refs":[]}"#, r#"pointer: "/name""#),
            (r#"{"name":1}"#, r#"pointer: "/name""#),
            (r#"{"name":"","refs":["a",2]}"#, r#"pointer: "/refs/1""#),
            (r#"{"name":"","more":2}"#, r#"pointer: "/more""#),
        ] {
            let refusal = refusal(body);
            assert!(refusal.contains(pointer), "{body}: {refusal}");
            assert!(refusal.contains("422"), "{refusal}");
        }
    }

    #[test]
    fn what_is_no_json_is_400() {
        for body in ["", "{", "{} {}", "nope"] {
            assert!(refusal(body).contains("400") || body == "{} {}", "{body}");
        }
        let trailing = read::<serde_json::Value>(b"{} {}").unwrap_err();
        assert_eq!(trailing.status(), StatusCode::BAD_REQUEST);
    }
}
