//! A git host on this machine: `git http-backend` behind a few lines of HTTP,
//! open to one token.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::task::JoinSet;
use url::Url;

/// What the host saw of the processes on this machine while git waited for it.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// How many command lines of git it read.
    pub(super) command_lines: usize,
    /// Those with the token in them.
    pub(super) leaks: Vec<String>,
}

/// The host. It stops when dropped.
pub(super) struct Host {
    pub(super) url: Url,
    seen: Arc<Mutex<Seen>>,
    _serving: JoinSet<()>,
}

struct Settings {
    root: PathBuf,
    token: String,
    seen: Arc<Mutex<Seen>>,
}

impl Host {
    pub(super) async fn start(root: &Path, token: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let settings = Arc::new(Settings {
            root: root.to_owned(),
            token: token.to_owned(),
            seen: Arc::clone(&seen),
        });
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, Arc::clone(&settings)));
            }
        });
        Self { url, seen, _serving: serving }
    }

    pub(super) fn seen(&self) -> Seen {
        self.seen.lock().unwrap().clone()
    }
}

/// What the token becomes in the header.
pub(super) fn basic(token: &str) -> String {
    STANDARD.encode(format!("x-access-token:{token}"))
}

/// Reads the command lines of everybody, as any user of the machine could.
fn look(settings: &Settings) {
    let secrets = [settings.token.clone(), basic(&settings.token)];
    let mut seen = settings.seen.lock().unwrap();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(line) = std::fs::read(entry.path().join("cmdline")) else { continue };
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        seen.command_lines += usize::from(line.contains("git"));
        if secrets.iter().any(|secret| line.contains(secret)) {
            seen.leaks.push(line);
        }
    }
}

async fn serve(mut stream: TcpStream, settings: Arc<Settings>) {
    let mut bytes = Vec::new();
    let head = loop {
        let Ok(1..) = stream.read_buf(&mut bytes).await else { return };
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let body = bytes.split_off(end + 4);
            break String::from_utf8(std::mem::replace(&mut bytes, body)).unwrap();
        }
    };
    let header = |name: &str| {
        head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let length = header("content-length").map_or(0, |text| text.parse().unwrap());
    while bytes.len() < length {
        let Ok(1..) = stream.read_buf(&mut bytes).await else { return };
    }
    look(&settings);

    let expected = format!("Basic {}", basic(&settings.token));
    let answer = if header("authorization").as_ref() == Some(&expected) {
        backend(&settings, &head, &header, &bytes).await
    } else {
        b"Status: 401 Unauthorized\r\nWWW-Authenticate: Basic\r\n\r\n".to_vec()
    };
    let answer = if answer.starts_with(b"Status:") {
        answer
    } else {
        [b"Status: 200 OK\r\n".as_slice(), &answer].concat()
    };
    let answer = [b"HTTP/1.1 ".as_slice(), &answer["Status: ".len()..]].concat();
    let end = answer.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let (status, rest) = answer.split_at(end);
    drop(stream.write_all(&[status, b"Connection: close\r\n", rest].concat()).await);
}

/// A request as CGI has it.
async fn backend(
    settings: &Settings,
    head: &str,
    header: &impl Fn(&str) -> Option<String>,
    body: &[u8],
) -> Vec<u8> {
    let mut line = head.lines().next().unwrap().split(' ');
    let (method, target) = (line.next().unwrap(), line.next().unwrap());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut child = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", &settings.root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REQUEST_METHOD", method)
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("CONTENT_TYPE", header("content-type").unwrap_or_default())
        .env("HTTP_CONTENT_ENCODING", header("content-encoding").unwrap_or_default())
        .env("GIT_PROTOCOL", header("git-protocol").unwrap_or_default())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(body).await.unwrap();
    drop(stdin);
    child.wait_with_output().await.unwrap().stdout
}
