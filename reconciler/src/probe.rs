//! Whether routes answer, asked the way a browser would: through Traefik.

use std::time::Duration;

use berth_domain::stack::Route;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::time::{Instant, sleep, timeout};
use url::Url;

/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(5);

/// How much of an answer is read: the start of it says what is wrong.
const BODY: usize = 4096;

/// How Traefik answers for a host that it has no router for.
const UNROUTED: &str = "404 page not found";

/// Traefik's entry point.
#[derive(Debug)]
pub struct Router {
    client: Client<HttpConnector, Empty<Bytes>>,
    address: Url,
    settles: Duration,
}

/// How a route answers.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Answer {
    /// By the service.
    Good,
    /// Otherwise: how, in words.
    Bad(String),
}

impl Router {
    /// The entry point at `address`, an `http` URL. A route counts once it has
    /// answered twice, at least `settles` apart: before that, the answer may be
    /// of what Traefik knew a moment ago.
    #[must_use]
    pub fn new(address: Url, settles: Duration) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(ANSWER));
        // Each answer on a connection of its own, as a new visitor's would be.
        let client =
            Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
        Self { client, address, settles }
    }

    /// Asks every route twice.
    ///
    /// # Errors
    ///
    /// The first that did not answer well, and how.
    pub async fn ask(&self, routes: &[Route]) -> Result<(), String> {
        let started = Instant::now();
        self.ask_once(routes).await?;
        sleep(self.settles.saturating_sub(started.elapsed())).await;
        self.ask_once(routes).await
    }

    async fn ask_once(&self, routes: &[Route]) -> Result<(), String> {
        for route in routes {
            if let Answer::Bad(how) = self.answer(route).await {
                return Err(format!("{route} does not answer through Traefik: {how}"));
            }
        }
        Ok(())
    }

    async fn answer(&self, route: &Route) -> Answer {
        let Ok(url) = self.address.join(&route.check) else {
            return Answer::Bad(format!("{:?} is no path", route.check));
        };
        let request = Request::builder()
            .method(Method::GET)
            .uri(url.as_str())
            .header(header::HOST, &route.host)
            .header(header::USER_AGENT, "berth")
            .body(Empty::new());
        let Ok(request) = request else {
            return Answer::Bad(format!("{:?} is no host", route.host));
        };
        let answer = timeout(ANSWER, async {
            let response = self
                .client
                .request(request)
                .await
                .map_err(|error| format!("no connection to {}: {error}", self.address))?;
            let status = response.status();
            let body = Limited::new(response.into_body(), BODY).collect().await;
            let body = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
            Ok((status, body))
        });
        match answer.await {
            Err(_) => Answer::Bad(format!("no answer within {} s", ANSWER.as_secs())),
            Ok(Err(how)) => Answer::Bad(how),
            Ok(Ok((status, body))) => judge(status, &body),
        }
    }
}

fn judge(status: StatusCode, body: &[u8]) -> Answer {
    let text = String::from_utf8_lossy(body);
    let first = text.trim().lines().next().unwrap_or_default();
    if status == StatusCode::NOT_FOUND && text.trim() == UNROUTED {
        Answer::Bad("it has no router for that host and path yet (404 page not found)".to_owned())
    } else if status.is_server_error() {
        let start: String = first.chars().take(120).collect();
        Answer::Bad(format!("{} {start}", status.as_u16()).trim_end().to_owned())
    } else {
        Answer::Good
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use http_body_util::Full;
    use hyper::Response;
    use hyper::service::service_fn;
    use hyper_util::rt::TokioIo;
    use tokio::net::TcpListener;

    use super::*;

    fn route(host: &str) -> Route {
        Route {
            service: "web".to_owned(),
            host: host.to_owned(),
            path: "/".to_owned(),
            check: "/healthz".to_owned(),
        }
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
                    let answer = Response::builder().status(status);
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
        let router = Router::new(address, Duration::from_millis(50));
        let started = Instant::now();
        router.ask(&[route("shop.localhost")]).await.unwrap();
        assert_eq!(asked.load(Ordering::SeqCst), 2);
        assert!(started.elapsed() >= Duration::from_millis(50));
    }

    #[tokio::test]
    async fn traefiks_own_404_is_no_answer_and_the_services_is_one() {
        let (address, _asked, _tasks) = traefik(0).await;
        let router = Router::new(address, Duration::ZERO);
        let why = router.ask(&[route("other.localhost")]).await.unwrap_err();
        assert!(why.contains("no router for that host"), "{why}");
        router.ask(&[route("own.localhost")]).await.unwrap();
    }

    #[tokio::test]
    async fn an_error_of_the_server_is_told_with_its_first_line() {
        let (address, _asked, _tasks) = traefik(0).await;
        let router = Router::new(address, Duration::ZERO);
        let why = router.ask(&[route("shop.localhost"), route("ill.localhost")]).await;
        assert_eq!(
            why.unwrap_err(),
            "ill.localhost does not answer through Traefik: 502 Bad Gateway"
        );
    }

    #[tokio::test]
    async fn a_router_that_is_not_there_is_told() {
        let address = Url::parse("http://127.0.0.1:1").unwrap();
        let router = Router::new(address, Duration::ZERO);
        let why = router.ask(&[route("shop.localhost")]).await.unwrap_err();
        assert!(why.contains("no connection to http://127.0.0.1:1/"), "{why}");
    }
}
