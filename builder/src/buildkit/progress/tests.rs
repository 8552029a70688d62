//! What a person reads while BuildKit works.

use std::sync::Mutex;

use bollard::moby::buildkit::v1::VertexLog;

use super::*;

#[derive(Default)]
struct Lines(Mutex<Vec<String>>);

impl BuildLog for Lines {
    fn line(&self, service: &str, line: &str) {
        self.0.lock().unwrap().push(format!("{service} | {line}"));
    }
}

impl Lines {
    fn text(&self) -> String {
        self.0.lock().unwrap().join("\n")
    }
}

/// A moment, in milliseconds. Its type has no name that we could say.
macro_rules! at {
    ($milliseconds:expr) => {{
        let mut time = Vertex::default().started.unwrap_or_default();
        time.seconds = i64::from($milliseconds / 1_000);
        time.nanos = $milliseconds % 1_000 * 1_000_000;
        Some(time)
    }};
}

fn vertex(digest: &str, ended: Option<&str>) -> Vertex {
    Vertex {
        digest: digest.to_owned(),
        name: format!("[1/2] RUN make {digest}"),
        started: at!(100),
        completed: ended.and_then(|_| at!(1_350)),
        error: ended.unwrap_or_default().to_owned(),
        ..Vertex::default()
    }
}

fn printed(digest: &str, text: &str) -> VertexLog {
    VertexLog { vertex: digest.to_owned(), msg: text.as_bytes().to_vec(), ..VertexLog::default() }
}

fn status(vertexes: Vec<Vertex>, logs: Vec<VertexLog>) -> StatusResponse {
    StatusResponse { vertexes, logs, ..StatusResponse::default() }
}

#[test]
fn steps_that_run_at_once_are_told_apart() {
    let lines = Lines::default();
    let mut progress = Progress::new("web", &lines);
    progress.take(&status(vec![vertex("a", None), vertex("b", None)], vec![]));
    progress.take(&status(vec![], vec![printed("a", "half a li"), printed("b", "from b\n")]));
    progress
        .take(&status(vec![], vec![printed("a", "ne\n\u{1b}[32mgreen\u{1b}[0m\n10%\r20%\r\nend")]));
    progress.take(&status(vec![vertex("a", Some("")), vertex("b", Some(""))], vec![]));
    progress.take(&status(vec![Vertex { cached: true, ..vertex("c", Some("")) }], vec![]));
    progress.finish().unwrap();
    insta::assert_snapshot!(lines.text(), @"
    web | #1 [1/2] RUN make a
    web | #2 [1/2] RUN make b
    web | #2 from b
    web | #1 half a line
    web | #1 green
    web | #1 20%
    web | #1 end
    web | #1 DONE 1.2 s
    web | #2 DONE 1.2 s
    web | #3 [1/2] RUN make c
    web | #3 CACHED
    ");
}

#[test]
fn a_failure_has_the_last_lines_of_its_step() {
    let lines = Lines::default();
    let mut progress = Progress::new("web", &lines);
    progress.take(&status(vec![vertex("a", None), vertex("b", None)], vec![]));
    let output: String = (0..30).map(|number| format!("line {number}\n")).collect();
    progress.take(&status(vec![], vec![printed("a", &output), printed("b", "innocent\n")]));
    progress.take(&status(vec![vertex("b", Some("context canceled"))], vec![]));
    progress.take(&status(vec![vertex("a", Some("exit code: 2"))], vec![]));
    let err = progress.failed("failed to solve: exit code: 2");
    let BuildError::Failed { service, message } = err else { panic!("{err}") };
    assert_eq!(service, "web");
    assert!(message.starts_with("[1/2] RUN make a\nline 10\n"), "{message}");
    assert!(message.ends_with("line 29\nfailed to solve: exit code: 2"), "{message}");
    assert!(!message.contains("innocent"));
}

#[test]
fn a_failed_step_fails_the_build_though_nobody_else_says_so() {
    let lines = Lines::default();
    let mut progress = Progress::new("web", &lines);
    progress.take(&status(vec![vertex("a", Some("no such file"))], vec![]));
    let err = progress.finish().unwrap_err();
    assert!(err.to_string().contains("no such file"), "{err}");
}

#[test]
fn a_build_that_prints_without_end_is_cut() {
    let lines = Lines::default();
    let mut progress = Progress::new("web", &lines);
    progress.take(&status(vec![vertex("a", None)], vec![]));
    progress.take(&status(vec![], vec![printed("a", &"x".repeat(5 * LINE_MAX))]));
    let long = lines.0.lock().unwrap().last().cloned().unwrap();
    assert!(long.chars().count() < LINE_MAX + 20);
    for _ in 0..LINES_MAX {
        progress.take(&status(vec![], vec![printed("a", "again\n")]));
    }
    let all = lines.0.lock().unwrap();
    assert_eq!(all.len(), LINES_MAX);
    assert!(all.last().unwrap().contains("left out"));
}
