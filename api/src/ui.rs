//! The UI: files that were built beforehand, and the page that starts them.
//!
//! The binary holds `frontend/dist` if that was there when it was built (a debug
//! build reads it when asked), and says how to build it otherwise. Building
//! Berth needs no Node.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use rand::Rng as _;
use rust_embed::EmbeddedFile;

use crate::problem::Problem;
use crate::state::ApiState;
use crate::telemetry::is_api;

/// The built UI.
#[derive(rust_embed::Embed)]
#[folder = "$CARGO_MANIFEST_DIR/../frontend/dist"]
#[allow_missing = true]
struct Dist;

/// What stands in the built page where an answer's nonce belongs.
const PLACEHOLDER: &str = "__CSP_NONCE__";

/// Names under here have a hash of their content in them.
const HASHED: &str = "assets/";

/// Shown where no UI was built.
const NOTICE: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<title>Berth</title>
<h1>Berth runs, without its UI</h1>
<p>This binary was built without the UI. To build it:</p>
<pre>cd frontend
npm ci
npm run build</pre>
<p>then build Berth again. The API under <code>/api/v1</code> works as it is.</p>
";

/// Encodings that files may be there in, best first, and their suffixes.
const ENCODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

/// Answers everything that is no route.
pub(crate) async fn serve(State(state): State<ApiState>, request: Request) -> Response {
    let path = request.uri().path();
    if is_api(path) {
        return Problem::not_found("address").into_response();
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD")]).into_response();
    }
    let name = path.trim_start_matches('/');
    let is_page = name.is_empty() || name == "index.html";
    if !is_page && let Some(answer) = file(name, request.headers()) {
        return answer;
    }
    let has_extension = name.rsplit('/').next().is_some_and(|last| last.contains('.'));
    if has_extension && !is_page {
        return Problem::not_found("file").into_response();
    }
    page(&state)
}

/// A built file, in the best encoding that the browser takes.
fn file(name: &str, headers: &HeaderMap) -> Option<Response> {
    // Encodings of a file are no files of their own.
    if ENCODINGS.iter().any(|(_, suffix)| name.ends_with(suffix)) {
        return None;
    }
    let plain = Dist::get(name)?;
    let encoded = ENCODINGS
        .iter()
        .filter(|(encoding, _)| accepts(headers, encoding))
        .find_map(|(encoding, suffix)| Some((*encoding, Dist::get(&format!("{name}{suffix}"))?)));
    let tag = format!("\"{}\"", hex::encode(plain.metadata.sha256_hash()));
    let mut answer = if headers.get(header::IF_NONE_MATCH).is_some_and(|given| *given == *tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let (encoding, EmbeddedFile { data, .. }) =
            encoded.map_or((None, plain), |(encoding, file)| (Some(encoding), file));
        let mut answer = Response::new(Body::from(data));
        let kind = mime_guess::from_path(name).first_or_octet_stream();
        set(&mut answer, header::CONTENT_TYPE, content_type(kind.essence_str()));
        if let Some(encoding) = encoding {
            set(&mut answer, header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        answer
    };
    set(&mut answer, header::VARY, HeaderValue::from_static("accept-encoding"));
    set(
        &mut answer,
        header::CACHE_CONTROL,
        HeaderValue::from_static(if name.starts_with(HASHED) {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        }),
    );
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        set(&mut answer, header::ETAG, tag);
    }
    Some(answer)
}

/// The page, with a nonce that no other answer has.
fn page(state: &ApiState) -> Response {
    let bytes: [u8; 16] = rand::rng().random();
    let nonce = STANDARD.encode(bytes);
    let html = html(Dist::get("index.html").as_ref().map(|file| &*file.data), &nonce);
    let github = state.github.settings().web_url.origin().ascii_serialization();
    let policy = format!(
        "default-src 'self'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; \
         img-src 'self' data:; connect-src 'self'; font-src 'self'; object-src 'none'; \
         base-uri 'none'; frame-ancestors 'none'; form-action 'self' {github}"
    );
    let mut answer = Response::new(Body::from(html));
    set(&mut answer, header::CONTENT_TYPE, content_type("text/html"));
    for (name, value) in [
        (header::CACHE_CONTROL, "no-cache"),
        (header::X_FRAME_OPTIONS, "DENY"),
        // The setup link's token is in an address: it goes nowhere else.
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    ] {
        set(&mut answer, name, HeaderValue::from_static(value));
    }
    // Over plain HTTP a browser takes no notice of it, and complains.
    if state.settings.public_url.scheme() == "https" {
        let name = HeaderName::from_static("cross-origin-opener-policy");
        set(&mut answer, name, HeaderValue::from_static("same-origin"));
    }
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        set(&mut answer, header::CONTENT_SECURITY_POLICY, policy);
    }
    answer
}

/// What the page is: the built one, or how to build it.
fn html(built: Option<&[u8]>, nonce: &str) -> String {
    built.map_or_else(
        || NOTICE.to_owned(),
        |built| String::from_utf8_lossy(built).replace(PLACEHOLDER, nonce),
    )
}

/// Whether the browser takes an encoding: it is named, and not with `q=0`.
fn accepts(headers: &HeaderMap, encoding: &str) -> bool {
    let given = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    given.unwrap_or_default().split(',').any(|one| {
        let mut parts = one.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding));
        let refused = parts.any(|weight| {
            weight.strip_prefix("q=").is_some_and(|weight| weight.parse() == Ok(0.0_f32))
        });
        named && !refused
    })
}

fn content_type(essence: &str) -> HeaderValue {
    let text = essence.starts_with("text/") || essence.ends_with("json");
    let value = if text { format!("{essence}; charset=utf-8") } else { essence.to_owned() };
    HeaderValue::from_str(&value)
        .unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream"))
}

fn set(answer: &mut Response, name: HeaderName, value: HeaderValue) {
    answer.headers_mut().insert(name, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_page_gets_its_nonce_and_without_one_the_page_says_how_to_build_it() {
        let built = b"<script nonce=\"__CSP_NONCE__\" src=\"/assets/a.js\"></script>";
        assert_eq!(html(Some(built), "n1"), "<script nonce=\"n1\" src=\"/assets/a.js\"></script>");
        let notice = html(None, "n1");
        for line in ["cd frontend\n", "npm ci\n", "npm run build<", "then build Berth again"] {
            assert!(notice.contains(line), "no {line:?} in {notice}");
        }
        assert!(!notice.contains("<script"), "{notice}");
    }

    #[test]
    fn an_encoding_is_taken_unless_it_is_refused() {
        let takes = |given: &'static str, encoding| {
            let headers =
                [(header::ACCEPT_ENCODING, HeaderValue::from_static(given))].into_iter().collect();
            accepts(&headers, encoding)
        };
        assert!(takes("gzip, deflate, br", "br"));
        assert!(takes("br;q=0.5", "br"));
        assert!(!takes("br;q=0, gzip", "br"));
        assert!(!takes("gzip", "br"));
        assert!(!accepts(&HeaderMap::new(), "gzip"));
    }
}
