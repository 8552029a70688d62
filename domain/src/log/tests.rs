//! How severe lines are, of the programs that people run.

use super::*;

use Level::{Debug, Error, Info, Warn};

/// Lines as programs write them, and how severe they are.
const LINES: &[(&str, Option<Level>)] = &[
    // JSON: zap, slog, winston, bunyan, pino, Python, Serilog, MongoDB, Elasticsearch.
    (r#"{"level":"error","ts":1764230400.1,"msg":"refused"}"#, Some(Error)),
    (r#"{"time":"2026-11-27T07:54:00Z","level":"WARN","msg":"slow"}"#, Some(Warn)),
    (r#"{"level":30,"time":1764230400000,"msg":"up"}"#, Some(Info)),
    (r#"{"level":50,"msg":"down"}"#, Some(Error)),
    (r#"{"level":20,"msg":"cache"}"#, Some(Debug)),
    (r#"{"severity":"ERROR","message":"no such table"}"#, Some(Error)),
    (r#"{"levelname":"WARNING","message":"deprecated"}"#, Some(Warn)),
    (r#"{"@t":"2026-11-27","@l":"Fatal","@m":"gone"}"#, Some(Error)),
    (r#"{"t":{"$date":"2026-11-27"},"s":"W","c":"NETWORK","msg":"x"}"#, Some(Warn)),
    (r#"{"log.level":"INFO","message":"started"}"#, Some(Info)),
    (r#"{"level":"notice","msg":"x"}"#, Some(Info)),
    (r#"{"message":"an ERROR in words","code":1}"#, None),
    (r#"{"level":"error","stack":"a line that was cut half"#, Some(Error)),
    (r#"{"level":{"a":1},"msg":"odd"}"#, None),
    // logfmt: Grafana, Prometheus, logrus, Traefik.
    (r#"ts=2026-11-27T07:54:00Z level=warn msg="slow query""#, Some(Warn)),
    (r#"time="2026-11-27T07:54:00Z" level=error msg="no route""#, Some(Error)),
    ("lvl=eror msg=x", Some(Error)),
    (r#"level="info" msg=up"#, Some(Info)),
    ("levels=error is no key", None),
    ("path=/a?level=error", None),
    // klog and glog.
    ("E1127 07:54:11.123456       1 main.go:42] no leader", Some(Error)),
    ("W20261127 07:54:11.123456 1 main.cc:4] late", Some(Warn)),
    ("I1127 07:54:11.123456 1 main.go:1] up", Some(Info)),
    ("E1127 is a room", None),
    // syslog.
    ("<3>kernel: out of memory", Some(Error)),
    ("<30>dockerd: up", Some(Info)),
    ("<b>bold</b>", None),
    // A word among the first: Rust, Java, Python, Postgres, nginx, Apache, Redis, Rails.
    ("2026-11-27T07:54:00.000000Z  WARN berth: late", Some(Warn)),
    ("2026-11-27 07:54:00,123 - app - ERROR - refused", Some(Error)),
    ("2026-11-27 07:54:00.123  INFO 1 --- [main] c.e.App : Started", Some(Info)),
    ("INFO:     127.0.0.1:4000 - \"GET / HTTP/1.1\" 200 OK", Some(Info)),
    ("DEBUG:root:looking", Some(Debug)),
    ("2026-11-27 07:54:00.123 UTC [12] FATAL:  password failed", Some(Error)),
    ("2026-11-27 07:54:00.123 UTC [12] LOG:  ready", None),
    ("2026/11/27 07:54:00 [error] 7#7: *1 connect() failed", Some(Error)),
    ("[Fri Nov 27 07:54:00.123 2026] [core:notice] [pid 1] resumed", Some(Info)),
    ("[php:warn] [pid 12] deprecated", Some(Warn)),
    ("7:54AM ERR no route error=x", Some(Error)),
    ("[07:54:00 INF] Now listening on: http://[::]:80", Some(Info)),
    ("W, [2026-11-27T07:54:00 #1]  WARN -- : late", Some(Warn)),
    ("[WARN] late", Some(Warn)),
    ("error: no such file", Some(Error)),
    ("TypeError: x is not a function", Some(Error)),
    ("java.lang.IllegalStateException: no", Some(Error)),
    ("Traceback (most recent call last):", Some(Error)),
    ("panic: runtime error: index out of range", Some(Error)),
    ("npm ERR! code ELIFECYCLE", Some(Error)),
    ("npm warn deprecated har-validator", Some(Warn)),
    ("info  - ready on http://localhost:3000", Some(Info)),
    // Colours do not hide it.
    ("\u{1b}[31mERROR\u{1b}[0m refused", Some(Error)),
    ("\u{1b}[2m2026-11-27T07:54:00Z\u{1b}[0m \u{1b}[33m WARN\u{1b}[0m late", Some(Warn)),
    // Nothing is said.
    ("", None),
    ("hello", None),
    ("127.0.0.1 - - [27/Nov/2026:07:54:00 +0000] \"GET /error HTTP/1.1\" 200 12", None),
    ("the error was mended", None),
    ("No information was found about warnings", None),
    ("listening on port 80", None),
];

#[test]
fn a_line_tells_how_severe_it_is() {
    let wrong: Vec<String> = LINES
        .iter()
        .filter(|(text, expected)| level(text) != *expected)
        .map(|(text, expected)| format!("{text}: {:?}, not {expected:?}", level(text)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_that_is_written_breaks_it() {
    for text in ["\u{1b}", "\u{1b}[", "é".repeat(5000).as_str(), "{", "<", "[", "level=", "npm "] {
        let _guess = level(text);
    }
}
