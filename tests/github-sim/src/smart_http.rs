//! git over HTTP: `git http-backend` behind GitHub's rules of who may what.

use std::process::Stdio;

use anyhow::Context as _;
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use tokio::io::AsyncWriteExt as _;

use crate::git;
use crate::rest::auth;
use crate::sim::Sim;
use crate::world::{Repository, USER};

/// A request of git's.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct GitRequest {
    full_name: String,
    /// What follows the repository: `info/refs`.
    rest: String,
    query: String,
    method: Method,
    writes: bool,
}

/// Reads a path as git's, if it is one.
pub(crate) fn parse(method: &Method, path: &str, query: &str) -> Option<GitRequest> {
    let parts: Vec<&str> = path.trim_start_matches('/').splitn(3, '/').collect();
    let [owner, name, rest] = parts[..] else { return None };
    if !matches!(rest, "info/refs" | "git-upload-pack" | "git-receive-pack") {
        return None;
    }
    Some(GitRequest {
        full_name: format!("{owner}/{}", name.strip_suffix(".git").unwrap_or(name)),
        writes: rest == "git-receive-pack" || query.contains("service=git-receive-pack"),
        rest: rest.to_owned(),
        query: query.to_owned(),
        method: method.clone(),
    })
}

/// Answers git.
pub(crate) async fn answer(
    sim: &Sim,
    request: &GitRequest,
    headers: &HeaderMap,
    body: Bytes,
) -> Response {
    let repository = {
        let world = sim.world();
        let found = world.repository(&request.full_name);
        found.or_else(|| world.renamed(&request.full_name)).cloned()
    };
    let user = match admit(sim, repository.as_ref(), request, headers) {
        Ok(user) => user,
        Err(refusal) => return refusal,
    };
    let Some(repository) = repository else { return refuse(StatusCode::NOT_FOUND) };
    let answer = backend(&repository, request, headers, body, &user).await;
    if request.rest == "git-receive-pack"
        && let Err(err) = sim.look(repository.id, &user).await
    {
        tracing::error!(%err, repository = request.full_name, "cannot read what was pushed");
    }
    answer.unwrap_or_else(|err| {
        tracing::error!(%err, repository = request.full_name, "git failed");
        refuse(StatusCode::INTERNAL_SERVER_ERROR)
    })
}

/// Who this is, if they may do it.
fn admit(
    sim: &Sim,
    repository: Option<&Repository>,
    request: &GitRequest,
    headers: &HeaderMap,
) -> Result<String, Response> {
    let Some((user, password)) = credential(headers) else {
        // Whether a private repository exists is nobody's business.
        let public = repository.is_some_and(|it| !it.private);
        return match (public, request.writes) {
            (true, false) => Ok(USER.to_owned()),
            (true, true) if sim.settings().anonymous_push => Ok(USER.to_owned()),
            (_, _) => Err(ask()),
        };
    };
    if user == "x-access-token" {
        let token = auth::token(sim, &password).map_err(|_| ask())?;
        let Some(repository) = repository else { return Err(refuse(StatusCode::NOT_FOUND)) };
        if !auth::reaches(sim, &token, repository) {
            return Err(refuse(StatusCode::NOT_FOUND));
        }
        let access = if request.writes { "write" } else { "read" };
        if !token.grants("contents", access) {
            return Err(refuse(StatusCode::FORBIDDEN));
        }
        return Ok(USER.to_owned());
    }
    // The developer's credential: the login and any password.
    if user == USER && !password.is_empty() { Ok(user) } else { Err(ask()) }
}

fn credential(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let text = value.strip_prefix("Basic ").and_then(|text| STANDARD.decode(text.trim()).ok());
    let text = text.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    let (user, password) = text.split_once(':').unwrap_or((&text, ""));
    Some((user.to_owned(), password.to_owned()))
}

fn ask() -> Response {
    let mut response = refuse(StatusCode::UNAUTHORIZED);
    let realm = HeaderValue::from_static("Basic realm=\"GitHub\"");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, realm);
    response
}

fn refuse(status: StatusCode) -> Response {
    (status, format!("{status}\n")).into_response()
}

async fn backend(
    repository: &Repository,
    request: &GitRequest,
    headers: &HeaderMap,
    body: Bytes,
    user: &str,
) -> anyhow::Result<Response> {
    let text = |name: &str| headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let root = repository.folder.parent().context("the repository has no folder")?;
    let folder = repository.folder.file_name().context("the repository has no folder")?;
    let mut child = git::command()
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", format!("/{}/{}", folder.to_string_lossy(), request.rest))
        .env("QUERY_STRING", &request.query)
        .env("REQUEST_METHOD", request.method.as_str())
        .env("CONTENT_TYPE", text("content-type"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", text("content-encoding"))
        .env("GIT_PROTOCOL", text("git-protocol"))
        .env("REMOTE_USER", user)
        .env("REMOTE_ADDR", "127.0.0.1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot run git")?;
    let stdin = child.stdin.take();
    let feed = async move {
        if let Some(mut stdin) = stdin {
            // git may have read enough before the end; what it says counts.
            let _ = stdin.write_all(&body).await;
        }
    };
    let ((), output) = tokio::join!(feed, child.wait_with_output());
    let output = output?;
    if !output.stderr.is_empty() {
        tracing::debug!(said = %String::from_utf8_lossy(&output.stderr), "git http-backend");
    }
    response(&output.stdout).context("git http-backend said nothing")
}

/// A CGI program's output as a response.
fn response(output: &[u8]) -> Option<Response> {
    let end = output.windows(4).position(|four| four == b"\r\n\r\n")?;
    let (head, body) = (output.get(..end)?, output.get(end + 4..)?);
    let mut response = Body::from(body.to_vec()).into_response();
    for line in String::from_utf8_lossy(head).lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        if name.eq_ignore_ascii_case("status") {
            let code = value.split(' ').next().and_then(|code| code.parse().ok());
            *response.status_mut() = code.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        } else if let (Ok(name), Ok(value)) =
            (name.parse::<HeaderName>(), value.parse::<HeaderValue>())
        {
            response.headers_mut().insert(name, value);
        }
    }
    Some(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gits_paths_are_told_from_pages() {
        let read =
            parse(&Method::GET, "/acme/shop.git/info/refs", "service=git-upload-pack").unwrap();
        assert_eq!((read.full_name.as_str(), read.writes), ("acme/shop", false));
        assert!(
            parse(&Method::GET, "/acme/shop/info/refs", "service=git-receive-pack").unwrap().writes
        );
        assert!(parse(&Method::GET, "/acme/shop.git/git-receive-pack", "").unwrap().writes);
        assert_eq!(parse(&Method::GET, "/acme/shop/pull/1", ""), None);
        assert_eq!(parse(&Method::GET, "/acme/shop", ""), None);
    }

    #[test]
    fn a_cgi_answer_keeps_its_status_and_headers() {
        let output = b"Status: 404 Not Found\r\nContent-Type: text/plain\r\n\r\ngone";
        let response = response(output).unwrap();
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert_eq!(response.headers()["content-type"], "text/plain");
    }
}
