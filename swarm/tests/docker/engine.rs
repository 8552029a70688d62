//! The engine, asked directly: what a test needs and `Swarm` rightly can't do.

use std::time::Duration;

use berth_swarm::Endpoint;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

/// The engine of `DOCKER_HOST`.
#[derive(Debug, Clone)]
pub(crate) struct Engine {
    pub(crate) endpoint: Endpoint,
}

impl Engine {
    #[expect(clippy::disallowed_methods, reason = "a test's settings are its environment")]
    pub(crate) fn of_environment() -> Self {
        let endpoint = match std::env::var("DOCKER_HOST") {
            Ok(host) => host.parse().unwrap(),
            Err(_) => Endpoint::default(),
        };
        Self { endpoint }
    }

    /// One request; the status and the answer as JSON, or as text.
    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        kind: &str,
        body: &[u8],
    ) -> (u16, Value) {
        let head = format!(
            "{method} {path} HTTP/1.0\r\nHost: docker\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let exchange = async {
            match &self.endpoint {
                Endpoint::Unix(path) => {
                    exchange(UnixStream::connect(path).await.unwrap(), &head, body).await
                }
                Endpoint::Tcp(address) => {
                    exchange(TcpStream::connect(address).await.unwrap(), &head, body).await
                }
            }
        };
        let answer = timeout(Duration::from_secs(60), exchange).await.expect("an answer in time");
        let text = String::from_utf8_lossy(&answer);
        let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap_or_else(|_| body.into()))
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.call("GET", path, "", b"").await;
        assert!((200..300).contains(&status), "GET {path}: {status} {answer}");
        answer
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Value {
        let bytes = body.to_string();
        let (status, answer) = self.call("POST", path, "application/json", bytes.as_bytes()).await;
        assert!((200..300).contains(&status), "POST {path}: {status} {answer}");
        answer
    }

    /// Removes, and does not mind if it is gone.
    pub(crate) async fn delete(&self, path: &str) -> u16 {
        self.call("DELETE", path, "", b"").await.0
    }

    /// Makes an image of nothing but busybox, with labels.
    pub(crate) async fn import_busybox(
        &self,
        repository: &str,
        tag: &str,
        labels: &[(&str, &str)],
    ) {
        let mut changes = "&changes=ENV%20PATH%3D%2Fbin".to_owned();
        for (key, value) in labels {
            changes.push_str(&format!("&changes=LABEL%20{key}%3D{value}"));
        }
        let path = format!("/images/create?fromSrc=-&repo={repository}&tag={tag}{changes}");
        let (status, answer) = self.call("POST", &path, "application/x-tar", &busybox()).await;
        assert_eq!(status, 200, "importing an image: {answer}");
    }
}

async fn exchange(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    head: &str,
    body: &[u8],
) -> Vec<u8> {
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    answer
}

/// A file system with a static busybox as its shell.
fn busybox() -> Vec<u8> {
    let program = std::fs::read("/bin/busybox").expect("the package busybox-static");
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(program.len() as u64);
    header.set_mode(0o755);
    tar.append_data(&mut header, "bin/busybox", program.as_slice()).unwrap();
    for name in ["sh", "sleep", "echo", "cat", "true"] {
        let mut link = tar::Header::new_gnu();
        link.set_entry_type(tar::EntryType::Symlink);
        link.set_size(0);
        link.set_mode(0o777);
        tar.append_link(&mut link, format!("bin/{name}"), "busybox").unwrap();
    }
    tar.into_inner().unwrap()
}
