//! A small HTTP client that can ask for any host at any address.

use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client as Hyper;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// No answer on a loopback address takes this long.
const PATIENCE: Duration = Duration::from_secs(30);

/// A client with a base URL and the headers that it sends each time.
#[derive(Debug, Clone)]
pub struct Client {
    base: String,
    headers: Vec<(String, String)>,
    hyper: Hyper<HttpConnector, Full<Bytes>>,
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Client {
    /// A client of the server at `base`.
    #[must_use]
    pub fn new(base: impl Into<String>) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(Duration::from_secs(5)));
        Self {
            base: base.into().trim_end_matches('/').to_owned(),
            headers: Vec::new(),
            hyper: Hyper::builder(TokioExecutor::new()).build(connector),
        }
    }

    /// The same, sending `name: value` each time.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The server's base URL, with no slash at the end.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Sends one request.
    ///
    /// # Errors
    ///
    /// Where there was no answer at all.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> anyhow::Result<Answer> {
        let url =
            if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.base) };
        let mut request = Request::builder().method(method.clone()).uri(&url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body))?;
        let exchange = async {
            let (parts, body) = self.hyper.request(request).await?.into_parts();
            let body = body.collect().await?.to_bytes();
            anyhow::Ok(Answer { status: parts.status, headers: parts.headers, body })
        };
        tokio::time::timeout(PATIENCE, exchange)
            .await
            .with_context(|| format!("{method} {url} did not answer"))?
            .with_context(|| format!("{method} {url} failed"))
    }

    /// `GET`.
    ///
    /// # Errors
    ///
    /// Where there was no answer at all.
    pub async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.send(Method::GET, path, &[], Bytes::new()).await
    }

    /// `GET` of a route: the request goes to the base, for `host`.
    ///
    /// # Errors
    ///
    /// Where there was no answer at all.
    pub async fn get_host(&self, host: &str, path: &str) -> anyhow::Result<Answer> {
        self.send(Method::GET, path, &[("host", host)], Bytes::new()).await
    }

    /// Sends JSON and reads JSON.
    ///
    /// # Errors
    ///
    /// Where the answer is no success, with its words.
    pub async fn json(&self, method: Method, path: &str, body: &Value) -> anyhow::Result<Value> {
        let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
        let answer =
            self.send(method.clone(), path, &[("content-type", "application/json")], body).await?;
        if !answer.status.is_success() {
            bail!("{method} {path} answered {}: {}", answer.status, answer.text());
        }
        if answer.body.is_empty() { Ok(Value::Null) } else { answer.value() }
    }

    /// `GET` of JSON.
    ///
    /// # Errors
    ///
    /// Where the answer is no success, with its words.
    pub async fn read(&self, path: &str) -> anyhow::Result<Value> {
        self.json(Method::GET, path, &Value::Null).await
    }

    /// Every item of a list, page after page.
    ///
    /// # Errors
    ///
    /// Where an answer is no success, or no page.
    pub async fn all(&self, path: &str) -> anyhow::Result<Vec<Value>> {
        let mut all = Vec::new();
        let mut from = String::new();
        loop {
            let page = self.read(&format!("{path}?limit=100{from}")).await?;
            all.extend(page["items"].as_array().context("no page")?.iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => from = format!("&cursor={next}"),
                None => return Ok(all),
            }
        }
    }

    /// `POST` of JSON.
    ///
    /// # Errors
    ///
    /// Where the answer is no success, with its words.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.json(Method::POST, path, body).await
    }
}

impl Answer {
    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Errors
    ///
    /// Where it is none.
    pub fn value(&self) -> anyhow::Result<Value> {
        serde_json::from_slice(&self.body).with_context(|| format!("no JSON: {}", self.text()))
    }
}
