//! Jobs before and after a rollout: what they become, and what is refused.

use berth_domain::stack::{JobTime, Mode};

use super::*;

#[test]
fn a_job_runs_once_and_says_when() {
    let spec = good(
        "
services:
  web: {image: x}
  migrate: {image: x, x-berth: {job: before}}
  warm: {image: x, restart: 'on-failure:3', x-berth: {job: after}}
",
    );
    let job = Mode::ReplicatedJob { max_concurrent: 1, total_completions: 1 };
    assert_eq!((spec.services["migrate"].mode, spec.services["warm"].mode), (job, job));
    assert_eq!(spec.services["migrate"].restart.as_ref().unwrap().condition, "none");
    assert_eq!(spec.services["warm"].restart.as_ref().unwrap().max_attempts, Some(3));
    assert_eq!(spec.services["web"].mode, Mode::Replicated { replicas: 1 });
    assert_eq!(spec.jobs.get("migrate"), Some(&JobTime::Before));
    assert_eq!(spec.jobs.get("warm"), Some(&JobTime::After));
    assert_eq!(spec.jobs.len(), 2);
}

#[test]
fn a_later_file_says_when_and_one_that_says_nothing_changes_nothing() {
    let first = "services: {a: {image: x, x-berth: {job: before}}, b: {image: x}}";
    for (second, when) in [
        ("services: {a: {x-berth: {job: after}}}", JobTime::After),
        ("services: {a: {command: run}}", JobTime::Before),
    ] {
        let (spec, _) = convert(&[first, second], Reading::Compose, &context()).unwrap();
        assert_eq!(spec.jobs["a"], when);
    }
}

#[test]
fn what_never_ends_answers_or_waits_in_a_circle_is_no_job() {
    let one = |service: &str| {
        refused(&format!("services: {{a: {{image: x, {service}}}, b: {{image: x}}}}"))
    };
    for (service, why) in [
        ("x-berth: {job: now}", "must be one of `before`, `after`"),
        ("x-berth: {job: before, routes: [{port: 80, host: a.x}]}", "a job answers nobody"),
        ("restart: always, x-berth: {job: before}", "with `restart: always` never ends"),
        ("deploy: {mode: global}, x-berth: {job: after}", "`deploy.mode: global` never ends"),
    ] {
        let told = one(service);
        assert!(told.contains(why), "{service}: {told}");
    }
    let circle = refused(
        "
services:
  web: {image: x, depends_on: [warm]}
  warm: {image: x, x-berth: {job: after}}
",
    );
    assert!(circle.contains("compose.yml:4:"), "{circle}");
    assert!(circle.contains("each waits for the next: `warm` → `web` → `warm`"), "{circle}");
}
