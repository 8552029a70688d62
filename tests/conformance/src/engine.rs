//! A Docker engine that only writes down: it answers what a client asks before
//! it deploys, and keeps the body of everything that the client then makes.
//!
//! Nothing runs. Names that no stack of ours has exist already, as external
//! networks, secrets and configs must, and every image is there; the id of each
//! is told by its name, so that two runs give the same bodies. Of nodes it lists
//! none: then nobody judges whether one could run this.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::UnixListener;
use tokio::task::JoinSet;

/// The stack that is deployed, always.
pub const STACK: &str = "st";

/// What was made: bodies by `kind name`.
pub type Made = BTreeMap<String, Value>;

/// Objects that are no stack's, as `kind name`.
pub type Foreign = BTreeSet<String>;

/// A running engine. It ends when this is dropped.
#[derive(Debug)]
pub struct Engine {
    socket: PathBuf,
    state: Arc<State>,
    /// They end with it.
    _tasks: JoinSet<()>,
}

#[derive(Debug)]
struct State {
    api: String,
    foreign: Foreign,
    told: Mutex<Told>,
}

#[derive(Debug, Default)]
struct Told {
    made: Made,
    foreign: Foreign,
    writes: Vec<String>,
    unknown: Vec<String>,
}

impl Engine {
    /// Listens on a socket in `folder`, speaking the API `api` (such as `1.41`).
    /// Of what is no stack's, it lists what is `foreign`; asked by name, it has
    /// everything.
    ///
    /// # Errors
    ///
    /// Where the socket can't be made.
    pub fn start(folder: &Path, name: &str, api: &str, foreign: &Foreign) -> anyhow::Result<Self> {
        let socket = folder.join(format!("{name}.sock"));
        let listener = UnixListener::bind(&socket)?;
        let state = Arc::new(State {
            api: api.to_owned(),
            foreign: foreign.clone(),
            told: Mutex::default(),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::clone(&state)));
        Ok(Self { socket, state, _tasks: tasks })
    }

    /// Its `DOCKER_HOST`.
    #[must_use]
    pub fn host(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    /// What was made so far.
    #[must_use]
    pub fn made(&self) -> Made {
        self.state.told().made.clone()
    }

    /// Requests that were to change something, as `METHOD path`.
    #[must_use]
    pub fn writes(&self) -> Vec<String> {
        self.state.told().writes.clone()
    }

    /// What it was asked for by name and is no stack's.
    #[must_use]
    pub fn asked_for(&self) -> Foreign {
        self.state.told().foreign.clone()
    }

    /// Requests that it had no answer to.
    #[must_use]
    pub fn unknown(&self) -> Vec<String> {
        self.state.told().unknown.clone()
    }
}

async fn accept(listener: UnixListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        connections.spawn(async move {
            let service = service_fn(move |request| serve(Arc::clone(&state), request));
            // A client that hangs up is done.
            http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.ok();
        });
    }
}

async fn serve(
    state: Arc<State>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let query = head.uri.query().unwrap_or_default().to_owned();
    let (status, answer) = state.answer(&head.method, head.uri.path(), &query, &body);
    let text = answer.as_str().map_or_else(|| answer.to_string(), str::to_owned);
    let built = Response::builder()
        .status(status)
        .header("Api-Version", &state.api)
        .header("Ostype", "linux")
        .header("Content-Type", "application/json")
        .body(Full::new(Bytes::from(text)));
    Ok(built.unwrap_or_default())
}

/// Where objects are, and what they are called.
const KINDS: [(&str, &str); 4] = [
    ("networks", "network"),
    ("secrets", "secret"),
    ("configs", "config"),
    ("services", "service"),
];

impl State {
    fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, method: &Method, path: &str, query: &str, body: &[u8]) -> (StatusCode, Value) {
        let path = unversioned(path);
        let parts: Vec<String> = path.split('/').skip(1).map(decoded).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let kind = parts.first().and_then(|first| KINDS.iter().find(|(path, _)| path == first));
        let read = matches!(*method, Method::GET | Method::HEAD);
        if !read {
            self.told().writes.push(format!("{method} {path}"));
        }
        let answer = match (read, kind, parts.as_slice()) {
            (true, _, ["_ping"]) => json!("OK"),
            (true, _, ["version"]) => self.version(),
            (true, _, ["info"]) => info(),
            (true, Some((_, kind)), [_]) => self.list(kind, query),
            (true, Some((_, kind)), [_, name]) => match self.find(kind, name) {
                Some(found) => found,
                None => return (StatusCode::NOT_FOUND, json!({"message": "no such object"})),
            },
            (true, _, ["tasks" | "nodes"] | ["images" | "containers", "json"]) => json!([]),
            (true, _, ["images", name @ .., "json"]) => json!({"Id": id("image", &name.join("/"))}),
            (true, _, ["volumes"]) => json!({"Volumes": []}),
            (false, Some((_, kind)), [_, "create"]) => return self.make(kind, None, body),
            (false, Some((_, kind)), [_, id, "update"]) => {
                let name = id.split_once('.').map_or(*id, |(_, name)| name);
                return self.make(kind, Some(name), body);
            }
            _ => {
                self.told().unknown.push(format!("{method} {path}?{query}"));
                return (StatusCode::NOT_FOUND, json!({"message": "not recorded"}));
            }
        };
        (StatusCode::OK, answer)
    }

    fn version(&self) -> Value {
        json!({
            "Version": "0.0.0", "ApiVersion": self.api, "MinAPIVersion": "1.24",
            "Os": "linux", "Arch": "amd64",
        })
    }

    /// What a list holds: of names that are asked for each, of a label what was
    /// made, and without either what is foreign, too.
    fn list(&self, kind: &str, query: &str) -> Value {
        let names = filtered(query, "name");
        if !names.is_empty() {
            return names.iter().filter_map(|name| self.find(kind, name)).collect();
        }
        let named = |key: &str| Some(key.strip_prefix(kind)?.trim_start().to_owned());
        let told = self.told();
        let made =
            told.made.iter().filter_map(|(key, body)| Some(object(kind, &named(key)?, body)));
        let labelled = !filtered(query, "label").is_empty();
        let foreign = self.foreign.iter().filter(|_| !labelled).filter_map(|key| named(key));
        made.chain(foreign.map(|name| stranger(kind, &name))).collect()
    }

    fn find(&self, kind: &str, name: &str) -> Option<Value> {
        // Ids are names with a head.
        let name = name.strip_prefix(&head(kind)).unwrap_or(name);
        if let Some(body) = self.told().made.get(&format!("{kind} {name}")) {
            return Some(object(kind, name, body));
        }
        if name.starts_with(&format!("{STACK}_")) || kind == "service" {
            return None;
        }
        self.told().foreign.insert(format!("{kind} {name}"));
        Some(stranger(kind, name))
    }

    fn make(&self, kind: &str, name: Option<&str>, body: &[u8]) -> (StatusCode, Value) {
        let Ok(body) = serde_json::from_slice::<Value>(body) else {
            return (StatusCode::BAD_REQUEST, json!({"message": "this is not JSON"}));
        };
        let name = name.or_else(|| body["Name"].as_str()).unwrap_or_default().to_owned();
        let answer = json!({"ID": id(kind, &name), "Id": id(kind, &name)});
        self.told().made.insert(format!("{kind} {name}"), body);
        (StatusCode::CREATED, answer)
    }
}

/// The id of what is called `name`.
#[must_use]
pub fn id(kind: &str, name: &str) -> String {
    format!("{}{name}", head(kind))
}

fn head(kind: &str) -> String {
    format!("{kind}-id.")
}

fn object(kind: &str, name: &str, body: &Value) -> Value {
    let id = id(kind, name);
    let version = json!({"Index": 1});
    let mut spec = body.clone();
    spec["Name"] = json!(name);
    if kind == "network" {
        (spec["Id"], spec["Scope"]) = (json!(id), json!("swarm"));
        if spec["Driver"].as_str().is_none_or(str::is_empty) {
            spec["Driver"] = json!("overlay");
        }
        return spec;
    }
    json!({"ID": id, "Version": version, "Spec": spec})
}

fn stranger(kind: &str, name: &str) -> Value {
    object(kind, name, &json!({"Name": name}))
}

fn info() -> Value {
    json!({
        "ServerVersion": "0.0.0", "OSType": "linux", "Architecture": "x86_64",
        "SystemTime": "2026-01-01T00:00:00.000000000Z",
        "Swarm": {
            "NodeID": "node", "LocalNodeState": "active", "ControlAvailable": true,
            "Nodes": 1, "Managers": 1, "Error": "",
        },
    })
}

fn unversioned(path: &str) -> &str {
    match path.strip_prefix("/v1.").and_then(|rest| rest.find('/').map(|at| (rest, at))) {
        Some((rest, at)) => rest.get(at..).unwrap_or(path),
        None => path,
    }
}

/// A path's segment, with its `%` signs undone.
fn decoded(segment: &str) -> String {
    let pair = format!("k={}", segment.replace('+', "%2B"));
    url::form_urlencoded::parse(pair.as_bytes()).map(|(_, value)| value.into_owned()).collect()
}

/// The values of one of Docker's filters, which come as a list or as a mapping.
fn filtered(query: &str, key: &str) -> Vec<String> {
    let filters = url::form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "filters")
        .and_then(|(_, text)| serde_json::from_str::<Value>(&text).ok());
    match filters.as_ref().and_then(|filters| filters.get(key)) {
        Some(Value::Object(map)) => map.keys().cloned().collect(),
        Some(Value::Array(list)) => {
            list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}
