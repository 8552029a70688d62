//! Whether routes answer, asked the way a visitor would: through Traefik.
//!
//! What an answer proves depends on the route. That of the service proves all
//! of it. Where Traefik asks for a password or looks at addresses, nobody here
//! could get past it, and should not: its refusal proves that the router and
//! its guard are in force, and that Traefik knows of a running task, since it
//! has no router otherwise; that the tasks are well was `converged`'s to say.
//! A TCP connection that stays open proves that Traefik took it. UDP has no
//! answer to wait for, and nobody asks.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use berth_domain::stack::{Protocol, Route};
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsConnector;
use url::Url;

mod tls;

/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(5);

/// How long a TCP connection must stay open: one to nowhere is closed at once.
const OPEN: Duration = Duration::from_millis(500);

/// How much of an answer is read: the start of it says what is wrong.
const BODY: usize = 4096;

/// How Traefik answers for a host that it has no router for.
const UNROUTED: &str = "404 page not found";

/// What is asked for of a host with a wildcard.
const WITHIN: &str = "berth-check";

/// Where Traefik's entry points are.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// Of HTTP: an `http` URL.
    pub http: Url,
    /// Of HTTP within TLS: an `https` URL.
    pub https: Url,
    /// Of TCP, by name: `host:port`.
    pub tcp: BTreeMap<String, String>,
}

/// Traefik.
#[derive(Debug)]
pub struct Router {
    addresses: Addresses,
    tls: Option<Arc<tokio_rustls::rustls::ClientConfig>>,
}

/// How a route answers; otherwise how it doesn't, in words.
type Answer = Result<(), String>;

/// What came back of a request.
struct Response {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Router {
    /// Traefik at these addresses.
    #[must_use]
    pub fn new(addresses: Addresses) -> Self {
        Self { addresses, tls: tls::config() }
    }

    /// Whether there is a way to ask this route.
    #[must_use]
    pub fn asks(&self, route: &Route) -> bool {
        match route.protocol {
            Protocol::Http => true,
            Protocol::Tcp => {
                route.entrypoints.iter().any(|name| self.addresses.tcp.contains_key(name))
            }
            Protocol::Udp => false,
        }
    }

    /// Asks every route twice, at least `settles` apart: before that, an answer
    /// may be of what Traefik knew a moment ago.
    ///
    /// # Errors
    ///
    /// The first that did not answer well, and how.
    pub async fn ask(&self, routes: &[Route], settles: Duration) -> Answer {
        let started = Instant::now();
        self.ask_once(routes).await?;
        sleep(settles.saturating_sub(started.elapsed())).await;
        self.ask_once(routes).await
    }

    async fn ask_once(&self, routes: &[Route]) -> Answer {
        for route in routes {
            self.answer(route)
                .await
                .map_err(|how| format!("{route} does not answer through Traefik: {how}"))?;
        }
        Ok(())
    }

    async fn answer(&self, route: &Route) -> Answer {
        match route.protocol {
            Protocol::Http => {
                let answer = timeout(ANSWER, self.request(route)).await;
                let silent = |_| format!("no answer within {} s", ANSWER.as_secs());
                judge(route, &answer.map_err(silent)??)
            }
            Protocol::Tcp => {
                for name in &route.entrypoints {
                    if let Some(address) = self.addresses.tcp.get(name) {
                        connects(address, route.allow_list).await?;
                    }
                }
                Ok(())
            }
            Protocol::Udp => Ok(()),
        }
    }

    /// Each on a connection of its own, as a new visitor's would be.
    async fn request(&self, route: &Route) -> Result<Response, String> {
        let Addresses { http, https, .. } = &self.addresses;
        let address = if route.tls { https } else { http };
        let url =
            address.join(&route.check).map_err(|_| format!("{:?} is no path", route.check))?;
        let host = route.host.strip_prefix('*').map(|base| format!("{WITHIN}{base}"));
        let host = host.as_deref().unwrap_or(&route.host);
        let target = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let request = Request::builder()
            .method(Method::GET)
            .uri(target)
            .header(header::HOST, host)
            .header(header::USER_AGENT, "berth")
            .body(Empty::new())
            .map_err(|_| format!("{host:?} is no host"))?;
        let lost = |error: &dyn std::fmt::Display| format!("no connection to {address}: {error}");
        let name = address.host_str().unwrap_or_default();
        let port = address.port_or_known_default().unwrap_or_default();
        let stream = TcpStream::connect((name, port)).await.map_err(|error| lost(&error))?;
        if !route.tls {
            return send(stream, request).await.map_err(|error| lost(&error));
        }
        let config = self.tls.clone().ok_or("TLS can't be set up")?;
        let name = tokio_rustls::rustls::pki_types::ServerName::try_from(host.to_owned())
            .map_err(|_| format!("{host:?} is no host"))?;
        let stream = TlsConnector::from(config).connect(name, stream).await;
        let stream = stream.map_err(|error| lost(&error))?;
        send(stream, request).await.map_err(|error| lost(&error))
    }
}

async fn send(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Empty<Bytes>>,
) -> Result<Response, hyper::Error> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let answer = async move {
        let (parts, body) = sender.send_request(request).await?.into_parts();
        let body = Limited::new(body, BODY).collect().await;
        let body = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        Ok(Response { status: parts.status, headers: parts.headers, body })
    };
    // The connection ends with the answer; how is of no interest then.
    let (answer, _) = tokio::join!(answer, connection);
    answer
}

/// Connects, and sees whether it lasts.
async fn connects(address: &str, guarded: bool) -> Answer {
    let lost = |error: &dyn std::fmt::Display| format!("no connection to {address}: {error}");
    let connecting = timeout(ANSWER, TcpStream::connect(address)).await;
    let mut stream = connecting.map_err(|error| lost(&error))?.map_err(|error| lost(&error))?;
    let mut first = [0; 1];
    match timeout(OPEN, stream.read(&mut first)).await {
        Err(_) | Ok(Ok(1..)) => Ok(()),
        // We may not be among those that are let in.
        Ok(_) if guarded => Ok(()),
        Ok(Ok(0)) => Err(format!("{address} closed the connection at once")),
        Ok(Err(error)) => Err(lost(&error)),
    }
}

fn judge(route: &Route, response: &Response) -> Answer {
    let Response { status, headers, body } = response;
    let text = String::from_utf8_lossy(body);
    let first: String = text.trim().lines().next().unwrap_or_default().chars().take(120).collect();
    if *status == StatusCode::NOT_FOUND && text.trim() == UNROUTED {
        return Err("it has no router for that host and path yet (404 page not found)".to_owned());
    }
    if status.is_server_error() {
        return Err(format!("{} {first}", status.as_u16()).trim_end().to_owned());
    }
    // What Traefik refuses, it refuses by a router that is there.
    let refused = *status == StatusCode::TOO_MANY_REQUESTS
        || (route.allow_list && *status == StatusCode::FORBIDDEN);
    if refused {
        return Ok(());
    }
    if let Some(to) = &route.redirect {
        let location = headers.get(header::LOCATION).and_then(|it| it.to_str().ok());
        let host = location.and_then(|it| Url::parse(it).ok()?.host_str().map(str::to_owned));
        return if status.is_redirection() && host.as_ref() == Some(to) {
            Ok(())
        } else {
            Err(format!("it should lead to {to}, but answered {}", status.as_u16()))
        };
    }
    if route.password && *status != StatusCode::UNAUTHORIZED {
        return Err(format!("it should ask for a password, but answered {}", status.as_u16()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use http_body_util::Full;
    use hyper::service::service_fn;
    use tokio::net::TcpListener;

    use super::*;

    fn route(host: &str) -> Route {
        Route {
            service: "web".to_owned(),
            host: host.to_owned(),
            path: "/".to_owned(),
            check: "/healthz".to_owned(),
            ..Route::default()
        }
    }

    fn at(address: Url) -> Router {
        let https = Url::parse("https://127.0.0.1:1").unwrap();
        Router::new(Addresses { http: address, https, tcp: BTreeMap::new() })
    }

    /// A router that knows `shop.localhost` after it was asked so many times.
    async fn traefik(unready: usize) -> (Url, Arc<AtomicUsize>, tokio::task::JoinSet<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let count = Arc::clone(&count);
                let service = service_fn(move |request: Request<hyper::body::Incoming>| {
                    let times = count.fetch_add(1, Ordering::SeqCst);
                    let host = request.headers().get(header::HOST).cloned().unwrap();
                    let (status, body) = match (host.to_str().unwrap(), times) {
                        ("shop.localhost", times) if times >= unready => (401, "log in"),
                        ("ill.localhost", _) => (502, "Bad Gateway\nmore"),
                        ("own.localhost", _) => (404, "no such page in this shop"),
                        _ => (404, "404 page not found\n"),
                    };
                    assert_eq!(request.uri().path(), "/healthz");
                    let answer = hyper::Response::builder().status(status);
                    let answer = answer.body(Full::new(Bytes::from_static(body.as_bytes())));
                    async move { Ok::<_, Infallible>(answer.unwrap()) }
                });
                let connection = hyper::server::conn::http1::Builder::new();
                drop(connection.serve_connection(TokioIo::new(stream), service).await);
            }
        });
        (Url::parse(&address).unwrap(), asked, tasks)
    }

    #[tokio::test]
    async fn a_route_counts_once_it_answered_twice() {
        let (address, asked, _tasks) = traefik(0).await;
        let router = at(address);
        let started = Instant::now();
        router.ask(&[route("shop.localhost")], Duration::from_millis(50)).await.unwrap();
        assert_eq!(asked.load(Ordering::SeqCst), 2);
        assert!(started.elapsed() >= Duration::from_millis(50));
    }

    #[tokio::test]
    async fn traefiks_own_404_is_no_answer_and_the_services_is_one() {
        let (address, _asked, _tasks) = traefik(0).await;
        let router = at(address);
        let why = router.ask(&[route("other.localhost")], Duration::ZERO).await.unwrap_err();
        assert!(why.contains("no router for that host"), "{why}");
        router.ask(&[route("own.localhost")], Duration::ZERO).await.unwrap();
    }

    #[tokio::test]
    async fn an_error_of_the_server_is_told_with_its_first_line() {
        let (address, _asked, _tasks) = traefik(0).await;
        let router = at(address);
        let why =
            router.ask(&[route("shop.localhost"), route("ill.localhost")], Duration::ZERO).await;
        assert_eq!(
            why.unwrap_err(),
            "ill.localhost does not answer through Traefik: 502 Bad Gateway"
        );
    }

    fn told(status: u16, location: &str) -> Response {
        let mut headers = HeaderMap::new();
        if !location.is_empty() {
            headers.insert(header::LOCATION, location.parse().unwrap());
        }
        let status = StatusCode::from_u16(status).unwrap();
        Response { status, headers, body: Bytes::from_static(b"words") }
    }

    #[test]
    fn a_guard_must_be_in_force_and_its_refusal_is_an_answer() {
        let open = route("a.x");
        let password = Route { password: true, ..route("a.x") };
        let listed = Route { allow_list: true, ..route("a.x") };
        let both = Route { password: true, ..listed.clone() };
        let moved = Route { redirect: Some("b.x".to_owned()), ..route("a.x") };
        for (route, status, location, good) in [
            (&open, 200, "", true),
            (&open, 403, "", true),
            (&open, 429, "", true),
            (&open, 502, "", false),
            (&password, 401, "", true),
            (&password, 200, "", false),
            (&password, 403, "", false),
            (&password, 503, "", false),
            (&listed, 403, "", true),
            (&listed, 200, "", true),
            (&both, 403, "", true),
            (&both, 401, "", true),
            (&both, 200, "", false),
            (&moved, 301, "https://b.x/healthz", true),
            (&moved, 301, "https://c.x/healthz", false),
            (&moved, 200, "", false),
        ] {
            let judged = judge(route, &told(status, location));
            assert_eq!(judged.is_ok(), good, "{route:?} {status} {location}: {judged:?}");
        }
    }

    #[tokio::test]
    async fn tcp_counts_while_it_stays_open_and_udp_is_not_asked() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(async move {
            let mut held = Vec::new();
            loop {
                // Every second one is hung up on.
                held.push(listener.accept().await.unwrap());
                drop(listener.accept().await.unwrap());
            }
        });
        let unused = Url::parse("http://127.0.0.1:1").unwrap();
        let tcp = BTreeMap::from([("db".to_owned(), address)]);
        let router = Router::new(Addresses { http: unused.clone(), https: unused, tcp });
        let route = |protocol, name: &str| Route {
            protocol,
            host: "*".to_owned(),
            entrypoints: vec![name.to_owned()],
            ..Route::default()
        };
        let open = route(Protocol::Tcp, "db");
        router.answer(&open).await.unwrap();
        let why = router.answer(&open).await.unwrap_err();
        assert!(why.contains("closed the connection at once"), "{why}");
        assert!(router.asks(&open) && !router.asks(&route(Protocol::Tcp, "other")));
        assert!(!router.asks(&route(Protocol::Udp, "db")));
    }

    #[tokio::test]
    async fn a_router_that_is_not_there_is_told() {
        let address = Url::parse("http://127.0.0.1:1").unwrap();
        let router = at(address);
        let why = router.ask(&[route("shop.localhost")], Duration::ZERO).await.unwrap_err();
        assert!(why.contains("no connection to http://127.0.0.1:1/"), "{why}");
    }
}
