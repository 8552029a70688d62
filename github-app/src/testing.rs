//! What the tests share: a server that answers as told, and a key.

use std::sync::{Arc, Mutex, OnceLock};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine;
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use url::Url;

use crate::{App, Client, Credentials, Settings};

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Request {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// An answer: status, further headers, body.
#[derive(Debug, Clone)]
pub(crate) struct Reply(pub(crate) u16, pub(crate) Vec<(String, String)>, pub(crate) String);

impl Reply {
    pub(crate) fn json(status: u16, body: &serde_json::Value) -> Self {
        Self(status, Vec::new(), body.to_string())
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.1.push((name.to_owned(), value.to_owned()));
        self
    }
}

type Answers = Arc<dyn Fn(&Request) -> Reply + Send + Sync>;

/// An HTTP server on this machine that answers as a function says, and
/// remembers what it was asked.
pub(crate) struct Server {
    pub(crate) url: Url,
    requests: Arc<Mutex<Vec<Request>>>,
    // Stops serving when dropped.
    _serving: JoinSet<()>,
}

impl Server {
    pub(crate) async fn start(answers: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let mut serving = JoinSet::new();
        let (answers, seen): (Answers, _) = (Arc::new(answers), Arc::clone(&requests));
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, Arc::clone(&answers), Arc::clone(&seen)));
            }
        });
        Self { url, requests, _serving: serving }
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// A client of this server, below `path`.
    pub(crate) fn client(&self, path: &str) -> Client {
        Client::new(Settings {
            api_url: self.url.join(path).unwrap(),
            web_url: self.url.clone(),
            user_agent: "berth/test".to_owned(),
            clock: now,
        })
        .unwrap()
    }

    pub(crate) fn app(&self) -> App {
        self.client("").app(Credentials { app_id: 7, private_key: key().0.clone() })
    }
}

async fn serve(mut stream: TcpStream, answers: Answers, seen: Arc<Mutex<Vec<Request>>>) {
    let mut bytes = Vec::new();
    let (head, length) = loop {
        let Ok(1..) = stream.read_buf(&mut bytes).await else { return };
        // TLS begins with this byte; whoever speaks it here is told off.
        if bytes.first() == Some(&22) {
            drop(stream.write_all(b"HTTP/1.1 400 Plain text only\r\n\r\n").await);
            return;
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, _)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| {
                    line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok()
                })
                .unwrap_or(0_usize);
            break (head.to_owned(), length);
        }
    };
    while bytes.len() < head.len() + 4 + length {
        let Ok(1..) = stream.read_buf(&mut bytes).await else { return };
    }
    let mut line = head.lines().next().unwrap().split(' ').map(str::to_owned);
    let request = Request {
        method: line.next().unwrap(),
        path: line.next().unwrap(),
        body: String::from_utf8(bytes.split_off(head.len() + 4)).unwrap(),
        head,
    };
    let Reply(status, headers, body) = answers(&request);
    seen.lock().unwrap().push(request);
    let headers: String =
        headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let answer = format!(
        "HTTP/1.1 {status} Status\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n{body}",
        body.len()
    );
    // Whoever asked may be gone; that is theirs to notice.
    drop(stream.write_all(answer.as_bytes()).await);
}

/// The time of every test: 2026-11-21 12:00:00 UTC.
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_262_400, 0).unwrap()
}

/// A private key in PEM and its public key in DER, made once a test run.
pub(crate) fn key() -> &'static (SecretString, Vec<u8>) {
    static KEY: OnceLock<(SecretString, Vec<u8>)> = OnceLock::new();
    KEY.get_or_init(|| {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let text = base64::engine::general_purpose::STANDARD.encode(der.as_ref());
        let lines: Vec<&str> =
            text.as_bytes().chunks(64).map(|chunk| std::str::from_utf8(chunk).unwrap()).collect();
        let pem = format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            lines.join("\n")
        );
        (SecretString::from(pem), pair.public_key().as_ref().to_vec())
    })
}
