//! Every option of a route, by a real Traefik: it has them without an error, and
//! requests land where they should.

use std::path::Path;
use std::process::Output;

use anyhow::{Context as _, ensure};
use berth_tests::berth::program;
use berth_tests::docker::Docker;
use berth_tests::http::{Answer, Client};
use berth_tests::tls;
use berth_tests::traefik::{Entry, Traefik, free_port};
use berth_tests::wait::{LONG, until};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::process::Command;

const COMPOSE: &str = include_str!("routing/compose.yaml");
const ECHO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docker/routing/echo.rs");

/// What `htpasswd` makes of `secret`: by MD5 for Ann, by bcrypt for Bob.
const ANN: &str = "$apr1$berthann$xA2/3iEoiFwE.Wcbogrzt1";
const BOB: &str = "bob:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a";

struct Ground {
    id: String,
    folder: tempfile::TempDir,
    traefik: Traefik,
    ports: Ports,
}

#[derive(Debug, Clone, Copy)]
struct Ports {
    api: u16,
    tls: u16,
    echo: u16,
    secret: u16,
    closed: u16,
    udp: u16,
}

impl Ground {
    async fn berth(&self, args: &[&str]) -> anyhow::Result<Output> {
        Ok(Command::new(program()?)
            .arg("stack")
            .args(args)
            .current_dir(self.folder.path())
            .env("DOCKER_HOST", Docker::from_env().host)
            .env("BERTH_PUBLIC_NETWORK", &self.traefik.network)
            .env("ANN_HASH", ANN)
            .output()
            .await?)
    }

    fn host(&self, part: &str) -> String {
        if part.is_empty() {
            format!("{}.test", self.id)
        } else {
            format!("{part}.{}.test", self.id)
        }
    }

    async fn get(
        &self,
        host: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> anyhow::Result<Answer> {
        let host = self.host(host);
        let headers = [[("host", host.as_str())].as_slice(), headers].concat();
        let none = bytes::Bytes::new();
        self.traefik.client().send(http::Method::GET, path, &headers, none).await
    }

    /// The same through TLS: the whole answer as text.
    async fn get_tls(&self, host: &str) -> anyhow::Result<String> {
        let host = self.host(host);
        let mut stream = tls::connect(self.ports.tls, &host).await?;
        let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn told(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{} {} {}", output.status, text(&output.stdout), text(&output.stderr))
}

async fn build_echo(folder: &Path) -> anyhow::Result<()> {
    let built = Command::new("rustc")
        .args(["--edition", "2024", "-O", "-C", "target-feature=+crt-static", ECHO, "-o"])
        .arg(folder.join("echo"))
        .output()
        .await?;
    ensure!(built.status.success(), "{}", told(&built));
    Ok(())
}

/// All that Traefik has of ours, by what and name; with what is wrong with it.
async fn known(ground: &Ground) -> anyhow::Result<Vec<(String, Value)>> {
    let api = Client::new(format!("http://127.0.0.1:{}", ground.ports.api));
    let mut all = Vec::new();
    for what in [
        "http/routers",
        "http/services",
        "http/middlewares",
        "tcp/routers",
        "tcp/services",
        "tcp/middlewares",
        "udp/routers",
        "udp/services",
    ] {
        let list = api.read(&format!("/api/{what}?per_page=1000")).await?;
        for one in list.as_array().into_iter().flatten() {
            let name = one["name"].as_str().unwrap_or_default();
            if let Some(name) = name.strip_suffix("@swarm") {
                all.push((format!("{}/{name}", what.replace('/', ".")), one.clone()));
            }
        }
    }
    Ok(all)
}

/// The names in the labels that the service has: `http.routers/shop_web-1`.
async fn labelled(ground: &Ground) -> anyhow::Result<Vec<String>> {
    let docker = Docker::from_env();
    let service = format!("{}_web", ground.id);
    let asked = ["service", "inspect", "--format", "{{json .Spec.Labels}}", &service];
    let labels: Value = serde_json::from_str(&docker.run(&asked).await?)?;
    let mut names: Vec<String> = labels
        .as_object()
        .context("no labels")?
        .keys()
        .filter_map(|label| {
            let mut words = label.strip_prefix("traefik.")?.splitn(4, '.');
            let (protocol, what, name) = (words.next()?, words.next()?, words.next()?);
            (protocol != "swarm").then(|| format!("{protocol}.{what}/{name}"))
        })
        .collect();
    names.dedup();
    Ok(names)
}

async fn everything_is_enabled(ground: &Ground) -> anyhow::Result<()> {
    let wanted = labelled(ground).await?;
    ensure!(wanted.len() > 50, "{wanted:?}");
    until("Traefik has every router, service and middleware", LONG, async || {
        let known = known(ground).await.map_err(|error| error.to_string())?;
        let missing: Vec<&String> =
            wanted.iter().filter(|name| !known.iter().any(|(known, _)| known == *name)).collect();
        if missing.is_empty() { Ok(()) } else { Err(format!("missing: {missing:?}")) }
    })
    .await?;
    for (name, one) in known(ground).await? {
        ensure!(wanted.contains(&name), "Traefik made {name} of something: {one}");
        // A resolver that Traefik lacks is the operator's to mend.
        let resolver = one["tls"]["certResolver"] == "none-such";
        let good = one["status"] == "enabled" && one["error"].is_null();
        ensure!(good || resolver, "{name}: {one}");
    }
    Ok(())
}

async fn hosts_and_paths(ground: &Ground) -> anyhow::Result<()> {
    let answer = ground.get("", "/a?b=c", &[]).await?;
    ensure!(answer.text().contains("GET /a?b=c "), "{}", answer.text());
    // A wildcard is one part, and gives way to a host by itself.
    ensure!(ground.get("anything", "/", &[]).await?.status == 200);
    ensure!(ground.get("two.parts", "/", &[]).await?.status == 404);
    let stripped = ground.get("", "/shop/cart", &[]).await?;
    ensure!(stripped.text().contains("GET /cart "), "{}", stripped.text());
    Ok(())
}

async fn redirects(ground: &Ground) -> anyhow::Result<()> {
    for (host, path, status, to) in [
        ("tls", "/a?b", 301, format!("https://{}/a?b", ground.host("tls"))),
        ("www.tls", "/a", 301, format!("https://{}/a", ground.host("www.tls"))),
        ("moved", "/old", 301, format!("http://{}/new", ground.host("moved"))),
        ("moved", "/old/a?b=c", 301, format!("http://{}/new/a?b=c", ground.host("moved"))),
        ("moved", "/item-7", 302, format!("http://{}/items/7", ground.host("moved"))),
    ] {
        let answer = ground.get(host, path, &[]).await?;
        let location = header(&answer, "location");
        ensure!(answer.status == status && location == to, "{host}{path}: {answer:?}");
    }
    ensure!(ground.get("moved", "/older", &[]).await?.status == 200);
    let served = ground.get_tls("tls").await?;
    ensure!(served.starts_with("HTTP/1.1 200"), "{served}");
    let hsts = "strict-transport-security: max-age=3600; includesubdomains";
    ensure!(served.to_ascii_lowercase().contains(hsts), "{served}");
    let led = ground.get_tls("www.tls").await?;
    let location = format!("Location: https://{}/\r\n", ground.host("tls"));
    ensure!(led.starts_with("HTTP/1.1 301") && led.contains(&location), "{led}");
    Ok(())
}

async fn guards(ground: &Ground) -> anyhow::Result<()> {
    let stranger = ground.get("auth", "/", &[]).await?;
    ensure!(stranger.status == 401, "{stranger:?}");
    ensure!(header(&stranger, "www-authenticate") == "Basic realm=\"Staff only\"", "{stranger:?}");
    // `ann:secret`, `bob:secret` and `ann:wrong`.
    for (credentials, name) in [("YW5uOnNlY3JldA==", "ann"), ("Ym9iOnNlY3JldA==", "bob")] {
        let basic = format!("Basic {credentials}");
        let let_in = ground.get("auth", "/", &[("authorization", &basic)]).await?;
        ensure!(let_in.status == 200, "{name}: {let_in:?}");
        ensure!(let_in.text().contains(&format!("X-User: {name}\r\n")), "{}", let_in.text());
        ensure!(let_in.text().contains("Authorization: Basic"), "{}", let_in.text());
    }
    let wrong = ground.get("auth", "/", &[("authorization", "Basic YW5uOndyb25n")]).await?;
    ensure!(wrong.status == 401, "{wrong:?}");

    ensure!(ground.get("closed", "/", &[]).await?.status == 403);
    ensure!(ground.get("open", "/", &[]).await?.status == 200);
    let from = |address| [("x-forwarded-for", address)];
    ensure!(ground.get("depth", "/", &from("203.0.113.7")).await?.status == 200);
    ensure!(ground.get("depth", "/", &from("203.0.113.8")).await?.status == 403);

    let mut seen = Vec::new();
    for _ in 0..5 {
        seen.push(ground.get("rate", "/", &[]).await?.status.as_u16());
    }
    ensure!(seen == [200, 200, 429, 429, 429], "{seen:?}");
    for (address, status) in [("203.0.113.1", 200), ("203.0.113.1", 429), ("203.0.113.2", 200)] {
        ensure!(ground.get("ratedepth", "/", &from(address)).await?.status == status, "{address}");
    }
    Ok(())
}

async fn headers(ground: &Ground) -> anyhow::Result<()> {
    let answer = ground.get("headers", "/", &[("x-gone", "here")]).await?;
    let text = answer.text();
    ensure!(text.contains("X-From: Berth `a`, b\r\n"), "{text}");
    ensure!(!text.to_ascii_lowercase().contains("x-gone"), "{text}");
    ensure!(header(&answer, "x-quote") == "`a`, \"b\"", "{answer:?}");
    ensure!(!answer.headers.contains_key("x-powered-by"), "{answer:?}");
    let policy = ground.get("policy", "/", &[]).await?;
    for (answer, name, value) in [
        (&answer, "x-frame-options", "DENY"),
        (&answer, "x-content-type-options", "nosniff"),
        (&answer, "referrer-policy", "strict-origin-when-cross-origin"),
        (&policy, "x-frame-options", "SAMEORIGIN"),
        (&policy, "x-content-type-options", "nosniff"),
        (&policy, "referrer-policy", "no-referrer"),
        (&policy, "content-security-policy", "default-src 'self'; img-src *"),
        (&policy, "permissions-policy", "camera=()"),
    ] {
        ensure!(header(answer, name) == value, "{name}: {answer:?}");
    }
    Ok(())
}

fn task(answer: &Answer) -> String {
    answer.text().lines().next().unwrap_or_default().to_owned()
}

async fn balancing(ground: &Ground) -> anyhow::Result<()> {
    let first = ground.get("sticky", "/", &[]).await?;
    let cookie = header(&first, "set-cookie").to_owned();
    for part in ["at=", "HttpOnly", "SameSite=Lax", "Max-Age=3600", "Path=/"] {
        ensure!(cookie.contains(part), "{part}: {cookie}");
    }
    let cookie = cookie.split(';').next().unwrap_or_default();
    for _ in 0..8 {
        let again = ground.get("sticky", "/", &[("cookie", cookie)]).await?;
        ensure!(task(&again) == task(&first), "{} is not {}", task(&again), task(&first));
    }
    let mut tasks = std::collections::BTreeSet::new();
    for _ in 0..8 {
        tasks.insert(task(&ground.get("open", "/", &[]).await?));
    }
    ensure!(tasks.len() == 2, "{tasks:?}");
    let secure = ground.get_tls("secure").await?;
    ensure!(secure.contains("Set-Cookie: ") && secure.contains("; Secure"), "{secure}");

    let zipped = ground.get("tuned", "/", &[("accept-encoding", "gzip")]).await?;
    ensure!(header(&zipped, "content-encoding") == "gzip", "{zipped:?}");
    ensure!(zipped.body.starts_with(&[0x1f, 0x8b]), "{zipped:?}");
    // At that port, one of the two tasks has nobody.
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for _ in 0..8 {
        with.push(ground.get("tuned", "/", &[]).await?.status.as_u16());
        without.push(ground.get("untuned", "/", &[]).await?.status.as_u16());
    }
    ensure!(with.iter().all(|status| *status == 200), "{with:?}");
    ensure!(without.contains(&200) && without.contains(&502), "{without:?}");

    until("Traefik knows who is well", LONG, async || {
        let well = ground.get("health", "/", &[]).await.map(|answer| answer.status.as_u16());
        let ill = ground.get("ill", "/", &[]).await.map(|answer| answer.status.as_u16());
        match (well, ill) {
            (Ok(200), Ok(503)) => Ok(()),
            other => Err(other),
        }
    })
    .await
}

async fn echoed(mut stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin) -> bool {
    let mut back = [0; 4];
    stream.write_all(b"ahoy").await.is_ok()
        && stream.read_exact(&mut back).await.is_ok()
        && &back == b"ahoy"
}

async fn tcp_and_udp(ground: &Ground) -> anyhow::Result<()> {
    let Ports { echo, secret, closed, udp, .. } = ground.ports;
    ensure!(echoed(TcpStream::connect(("127.0.0.1", echo)).await?).await, "no echo of TCP");
    ensure!(echoed(tls::connect(secret, &ground.host("db")).await?).await, "no echo within TLS");
    // What is passed through is no TLS to the echo, which sends it back.
    ensure!(tls::connect(secret, &ground.host("past")).await.is_err());
    ensure!(!echoed(TcpStream::connect(("127.0.0.1", closed)).await?).await, "it let us in");
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    socket.send_to(b"ahoy", ("127.0.0.1", udp)).await?;
    let mut back = [0; 8];
    let length = tokio::time::timeout(LONG, socket.recv(&mut back)).await??;
    ensure!(&back[..length] == b"ahoy");
    Ok(())
}

async fn the_later_claimant_is_refused(ground: &Ground) -> anyhow::Result<()> {
    let other = format!("{}b", ground.id);
    for (route, what) in [
        (format!("{{port: 80, host: {}}}", ground.host("")), format!("`{}/`", ground.host(""))),
        (
            format!("{{port: 80, host: new.{}}}", ground.host("")),
            format!("`*.{}/`", ground.host("")),
        ),
        ("{port: 7, protocol: udp, entrypoints: udp}".to_owned(), "UDP".to_owned()),
    ] {
        let file = format!(
            "services:\n  web:\n    image: berth-demo/base:1\n    x-berth: {{routes: [{route}]}}\n"
        );
        std::fs::write(ground.folder.path().join("late.yaml"), file)?;
        let first = format!("the stack `{}` has {what}", ground.id);
        // Docker knows no claims, so its reading of a file gives none up either.
        for compat in ["compose", "stack"] {
            let how = ["--resolve-image", "never", "--compat", compat];
            let args = [&["deploy"], &how[..], &["-c", "late.yaml", &other]].concat();
            let refused = ground.berth(&args).await?;
            ensure!(refused.status.code() == Some(1), "{compat}: {}", told(&refused));
            ensure!(told(&refused).contains(&first), "{compat}, {first}: {}", told(&refused));
        }
    }
    ensure!(Docker::from_env().leftovers(&other).await?.is_empty());
    Ok(())
}

async fn walk(ground: &Ground) -> anyhow::Result<()> {
    let folder = ground.folder.path();
    build_echo(folder).await?;
    std::fs::write(folder.join("compose.yaml"), COMPOSE.replace("ID", &ground.id))?;
    std::fs::write(folder.join("staff.htpasswd"), format!("# staff\n{BOB}\n"))?;
    let deploy = ["deploy", "--resolve-image", "never", "-c", "compose.yaml", &ground.id];
    let deployed = ground.berth(&deploy).await?;
    ensure!(deployed.status.success(), "{}", told(&deployed));
    everything_is_enabled(ground).await?;
    hosts_and_paths(ground).await?;
    redirects(ground).await?;
    guards(ground).await?;
    headers(ground).await?;
    balancing(ground).await?;
    tcp_and_udp(ground).await?;
    the_later_claimant_is_refused(ground).await
}

#[tokio::test]
async fn every_option_of_a_route_does_what_it_says() {
    let id = uuid::Uuid::now_v7().simple().to_string();
    let id = format!("route{}", id.get(24..).unwrap());
    let docker = Docker::from_env();
    let entry = |name, udp| Entry::new(name, udp).unwrap();
    let more = vec![
        entry("traefik", false),
        entry("websecure", false),
        entry("echo", false),
        entry("secret", false),
        entry("closed", false),
        entry("udp", true),
    ];
    let ports: Vec<u16> = more.iter().map(|entry| entry.port).collect();
    let [api, tls, echo, secret, closed, udp] = ports.try_into().unwrap();
    let port = free_port(0).unwrap();
    let traefik = Traefik::start_with(&docker, &id, port, more).await.unwrap();
    let ports = Ports { api, tls, echo, secret, closed, udp };
    let ground = Ground { id, folder: tempfile::tempdir().unwrap(), traefik, ports };
    let outcome = walk(&ground).await;
    let removed = ground.berth(&["rm", "--volumes", &ground.id]).await;
    let swept = docker.sweep(&ground.id).await;
    let stopped = ground.traefik.stop().await;
    outcome.unwrap();
    assert!(removed.unwrap().status.success());
    swept.unwrap();
    stopped.unwrap();
}
