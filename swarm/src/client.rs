//! HTTP to an engine, over a Unix socket or TCP: one connection a request.
//!
//! A connection is driven by whoever reads from it, so nothing runs on its own
//! and dropping a call ends it. Opening one costs a few microseconds here.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::OnceCell;
use tokio::time::timeout;

use crate::Endpoint;
use crate::elements::Elements;
use crate::error::Failure;
use crate::version::ApiVersion;

/// The longest that connecting may take.
const CONNECT: Duration = Duration::from_secs(5);
/// The longest that an ordinary answer may take.
const ANSWER: Duration = Duration::from_secs(30);
/// The most bytes of an error's body that are read.
const MAX_ERROR: usize = 64 * 1024;

/// A client of one engine. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    endpoint: Endpoint,
    api: OnceCell<ApiVersion>,
    list_calls: AtomicU64,
}

/// One request. It has no `Debug`: bodies and headers may be secret.
pub(crate) struct Request {
    method: Method,
    path: String,
    query: Vec<(&'static str, String)>,
    headers: Vec<(&'static str, String)>,
    body: Option<(&'static str, Bytes)>,
    patience: Duration,
    lists: bool,
}

impl Request {
    fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            patience: ANSWER,
            lists: false,
        }
    }

    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    /// A call whose answer is a list; these are counted.
    pub(crate) fn list(path: impl Into<String>) -> Self {
        Self { lists: true, ..Self::get(path) }
    }

    pub(crate) fn post(path: impl Into<String>) -> Self {
        Self::new(Method::POST, path)
    }

    pub(crate) fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path)
    }

    pub(crate) fn query(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.query.push((key, value.into()));
        self
    }

    /// Docker's filters: a map of lists, as JSON.
    pub(crate) fn filters(self, filters: &[(&str, &[&str])]) -> Self {
        let map: serde_json::Map<String, serde_json::Value> =
            filters.iter().map(|(key, values)| ((*key).to_owned(), (*values).into())).collect();
        self.query("filters", serde_json::Value::Object(map).to_string())
    }

    pub(crate) fn header(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((key, value.into()));
        self
    }

    pub(crate) fn json(mut self, body: &impl Serialize) -> Result<Self, Failure> {
        let bytes = serde_json::to_vec(body).map_err(Failure::Decode)?;
        self.body = Some(("application/json", bytes.into()));
        Ok(self)
    }

    pub(crate) const fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }
}

type Connection = Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>;

/// An answer whose body is still to be read.
pub(crate) struct Streaming {
    head: http::response::Parts,
    body: Incoming,
    connection: Option<Connection>,
    endpoint: Endpoint,
}

impl std::fmt::Debug for Streaming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Streaming").field("head", &self.head).finish_non_exhaustive()
    }
}

impl Streaming {
    /// The next bytes; [`None`] at the end. Can be cancelled without loss.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        loop {
            let frame = match &mut self.connection {
                Some(connection) => tokio::select! {
                    biased;
                    frame = self.body.frame() => frame,
                    // What it has read is in the body's queue still.
                    _ended = connection => {
                        self.connection = None;
                        continue;
                    }
                },
                None => self.body.frame().await,
            };
            match frame {
                None => return Ok(None),
                Some(Ok(frame)) => {
                    if let Ok(bytes) = frame.into_data() {
                        return Ok(Some(bytes));
                    }
                }
                Some(Err(error)) => return Err(Failure::connection(&self.endpoint, error)),
            }
        }
    }

    async fn collect(mut self, most: usize) -> Result<Vec<u8>, Failure> {
        let mut all = Vec::new();
        while let Some(bytes) = self.next().await? {
            all.extend_from_slice(&bytes);
            if all.len() >= most {
                break;
            }
        }
        Ok(all)
    }
}

impl Client {
    pub(crate) fn new(endpoint: Endpoint) -> Self {
        Self {
            inner: Arc::new(Inner {
                endpoint,
                api: OnceCell::new(),
                list_calls: AtomicU64::new(0),
            }),
        }
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.inner.endpoint
    }

    pub(crate) fn list_calls(&self) -> u64 {
        self.inner.list_calls.load(Ordering::Relaxed)
    }

    /// The version to speak: the engine's newest, but none that this was not
    /// written for. Asked once.
    pub(crate) async fn api(&self) -> Result<ApiVersion, Failure> {
        let ask = async {
            let answer = self.open("", Request::get("/_ping")).await?;
            let text = answer
                .head
                .headers
                .get("api-version")
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default();
            match text.parse::<ApiVersion>() {
                Ok(version) if version >= ApiVersion::OLDEST => Ok(version.min(ApiVersion::NEWEST)),
                Ok(_) | Err(_) => Err(Failure::TooOld(text.to_owned())),
            }
        };
        self.inner.api.get_or_try_init(|| ask).await.copied()
    }

    /// Calls, and reads the answer as JSON.
    pub(crate) async fn json<T: DeserializeOwned>(&self, request: Request) -> Result<T, Failure> {
        let bytes = self.bytes(request).await?;
        serde_json::from_slice(&bytes).map_err(Failure::Decode)
    }

    /// Calls, and reads the list that is the answer, each element as it comes. Of
    /// those, `keep` says what is kept.
    pub(crate) async fn elements<T: DeserializeOwned, U>(
        &self,
        request: Request,
        mut keep: impl FnMut(T) -> Option<U> + Send,
    ) -> Result<Vec<U>, Failure> {
        let patience = request.patience;
        let call = async {
            let mut answer = self.stream(request).await?;
            let (mut elements, mut kept) = (Elements::default(), Vec::new());
            while let Some(piece) = answer.next().await? {
                let read = elements.feed(&piece, |element| {
                    kept.extend(keep(serde_json::from_slice(element)?));
                    Ok(())
                });
                read.map_err(Failure::Decode)?;
            }
            elements.end().map_err(Failure::Decode)?;
            Ok(kept)
        };
        timeout(patience, call).await.map_err(|_| Failure::Timeout(patience))?
    }

    /// Calls, and reads the answer whatever it is.
    pub(crate) async fn bytes(&self, request: Request) -> Result<Vec<u8>, Failure> {
        let patience = request.patience;
        let call = async { self.stream(request).await?.collect(usize::MAX).await };
        timeout(patience, call).await.map_err(|_| Failure::Timeout(patience))?
    }

    /// Calls, and gives the answer piece by piece, with no end to the patience
    /// once it began.
    pub(crate) async fn stream(&self, request: Request) -> Result<Streaming, Failure> {
        let api = self.api().await?;
        if request.lists {
            self.inner.list_calls.fetch_add(1, Ordering::Relaxed);
        }
        self.open(&format!("/v{api}"), request).await
    }

    async fn open(&self, prefix: &str, request: Request) -> Result<Streaming, Failure> {
        let patience = request.patience;
        // Boxed, because a look at the cluster holds ten of these at once.
        timeout(patience, Box::pin(self.exchange(prefix, request)))
            .await
            .map_err(|_| Failure::Timeout(patience))?
    }

    async fn exchange(&self, prefix: &str, request: Request) -> Result<Streaming, Failure> {
        let endpoint = &self.inner.endpoint;
        let message = http_request(endpoint, prefix, request)?;
        let (mut sender, mut connection) = self.connect().await?;
        let mut sending = Box::pin(sender.send_request(message));
        let answer = tokio::select! {
            biased;
            answer = &mut sending => answer,
            _ended = &mut connection => sending.await,
        };
        let (head, body) =
            answer.map_err(|error| Failure::connection(endpoint, error))?.into_parts();
        let status = head.status;
        let answer =
            Streaming { head, body, connection: Some(connection), endpoint: endpoint.clone() };
        if status.is_success() || status == StatusCode::NOT_MODIFIED {
            return Ok(answer);
        }
        let body = answer.collect(MAX_ERROR).await?;
        Err(Failure::Status { status: status.as_u16(), message: message_of(&body) })
    }

    async fn connect(&self) -> Result<(http1::SendRequest<Full<Bytes>>, Connection), Failure> {
        let endpoint = &self.inner.endpoint;
        let failed = |error: std::io::Error| Failure::connection(endpoint, error);
        let refused = |error: hyper::Error| Failure::connection(endpoint, error);
        let slow = |_| Failure::Timeout(CONNECT);
        match endpoint {
            Endpoint::Unix(path) => {
                let stream = timeout(CONNECT, UnixStream::connect(path))
                    .await
                    .map_err(slow)?
                    .map_err(failed)?;
                let (sender, connection) =
                    http1::handshake(TokioIo::new(stream)).await.map_err(refused)?;
                Ok((sender, Box::pin(connection)))
            }
            Endpoint::Tcp(address) => {
                let stream = timeout(CONNECT, TcpStream::connect(address))
                    .await
                    .map_err(slow)?
                    .map_err(failed)?;
                stream.set_nodelay(true).map_err(failed)?;
                let (sender, connection) =
                    http1::handshake(TokioIo::new(stream)).await.map_err(refused)?;
                Ok((sender, Box::pin(connection)))
            }
        }
    }
}

fn http_request(
    endpoint: &Endpoint,
    prefix: &str,
    request: Request,
) -> Result<http::Request<Full<Bytes>>, Failure> {
    let Request { method, path, query, headers, body, .. } = request;
    let mut uri = format!("{prefix}{path}");
    if !query.is_empty() {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(query.iter().map(|(key, value)| (*key, value.as_str())))
            .finish();
        uri.push('?');
        uri.push_str(&query);
    }
    let host = match endpoint {
        Endpoint::Unix(_) => "docker",
        Endpoint::Tcp(address) => address,
    };
    let mut message = http::Request::builder().method(method).uri(uri).header(header::HOST, host);
    for (key, value) in headers {
        message = message.header(key, value);
    }
    let (kind, bytes) = body.unzip();
    if let Some(kind) = kind {
        message = message.header(header::CONTENT_TYPE, kind);
    }
    message
        .body(Full::new(bytes.unwrap_or_default()))
        .map_err(|error| Failure::connection(endpoint, error))
}

/// `{"message": "…"}`, or whatever else stands between us and the engine says.
fn message_of(body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Body {
        message: String,
    }
    match serde_json::from_slice::<Body>(body) {
        Ok(body) => body.message,
        Err(_) => String::from_utf8_lossy(body).trim().to_owned(),
    }
}

/// A path segment, with what would end it or start a query made harmless.
pub(crate) fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~:/@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
