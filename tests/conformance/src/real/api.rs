//! The engine, asked over its socket: what is there, as it says it itself. No
//! client's types stand in between, which would drop what they don't know.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use berth_tests::wait::{LONG, until};
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::UnixStream;

/// The label with an object's stack, Docker's own.
const NAMESPACE: &str = "com.docker.stack.namespace";

/// An engine on this machine.
#[derive(Debug, Clone)]
pub(super) struct Api {
    socket: PathBuf,
}

impl Api {
    /// The engine at `host`, such as `unix:///var/run/docker.sock`.
    ///
    /// # Errors
    ///
    /// Where it is on another machine.
    pub(super) fn new(host: &str) -> anyhow::Result<Self> {
        let socket = host.strip_prefix("unix://").context("the engine is not on this machine")?;
        Ok(Self { socket: socket.into() })
    }

    /// Asks for an object.
    ///
    /// # Errors
    ///
    /// Where there is none.
    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let (status, answer) = self.call(Method::GET, path, None).await?;
        ensure!(status.is_success(), "GET {path}: {status}, {answer}");
        Ok(answer)
    }

    /// The objects at `path`: those of one stack, or of every stack.
    ///
    /// # Errors
    ///
    /// Where the engine does not answer.
    pub(super) async fn of_stack(
        &self,
        path: &str,
        stack: Option<&str>,
    ) -> anyhow::Result<Vec<Value>> {
        let label =
            stack.map_or_else(|| NAMESPACE.to_owned(), |stack| format!("{NAMESPACE}={stack}"));
        let filters = json!({"label": [label]}).to_string();
        let query: String = url::form_urlencoded::byte_serialize(filters.as_bytes()).collect();
        let all = if path == "/containers/json" { "all=true&" } else { "" };
        let answer = self.get(&format!("{path}?{all}filters={query}")).await?;
        let list = if path == "/volumes" { answer["Volumes"].clone() } else { answer };
        let mut list = list.as_array().cloned().unwrap_or_default();
        // A network that left the Swarm while a task of its was made stays listed with
        // the containers that its node knows of; the Swarm's own answer knows none.
        list.retain(|object| object["Scope"] != "swarm" || object["Containers"].is_null());
        Ok(list)
    }

    /// Waits until a task of a stack has failed with these words.
    ///
    /// # Errors
    ///
    /// Where none does.
    pub(super) async fn rejected(&self, stack: &str, words: &str) -> anyhow::Result<()> {
        until(&format!("a task of {stack} says {words:?}"), LONG, async || {
            let tasks =
                self.of_stack("/tasks", Some(stack)).await.map_err(|err| vec![err.to_string()])?;
            let errors: Vec<String> =
                tasks.iter().map(|task| task["Status"]["Err"].to_string()).collect();
            if errors.iter().any(|error| error.contains(words)) { Ok(()) } else { Err(errors) }
        })
        .await
    }

    /// Makes something; gives the engine's verdict.
    ///
    /// # Errors
    ///
    /// Where the engine does not answer.
    pub(super) async fn post(
        &self,
        path: &str,
        body: &Value,
    ) -> anyhow::Result<(StatusCode, Value)> {
        self.call(Method::POST, path, Some(body)).await
    }

    /// Removes something. That it is gone, or still in use, is seen on looking again.
    ///
    /// # Errors
    ///
    /// Where the engine does not answer.
    pub(super) async fn delete(&self, path: &str) -> anyhow::Result<()> {
        self.call(Method::DELETE, path, None).await.map(drop)
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<(StatusCode, Value)> {
        let stream = UnixStream::connect(&self.socket).await.context("no engine answers")?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("Host", "docker")
            .header("Content-Type", "application/json")
            .body(Full::new(Bytes::from(body)))?;
        // The connection ends when the sender is gone.
        let asking = async move {
            let response = sender.send_request(request).await?;
            let status = response.status();
            let bytes = response.into_body().collect().await?.to_bytes();
            let answer =
                if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes)? };
            anyhow::Ok((status, answer))
        };
        let (answer, _ended) = tokio::join!(asking, connection);
        answer
    }
}

/// The namespace that labels tell.
pub(super) fn stack_of(labels: &Value) -> Option<&str> {
    labels[NAMESPACE].as_str()
}
