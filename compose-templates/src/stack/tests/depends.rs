//! `depends_on`: what is understood, and what is refused.

use berth_domain::stack::{Condition, Mode};

use super::*;

fn waits(text: &str) -> Vec<(String, String, Condition)> {
    let spec = good(text);
    let all = spec.dependencies.iter().flat_map(|(name, waits)| {
        waits.iter().map(|(other, condition)| (name.clone(), other.clone(), *condition))
    });
    all.collect()
}

fn edge(name: &str, other: &str, condition: Condition) -> (String, String, Condition) {
    (name.to_owned(), other.to_owned(), condition)
}

#[test]
fn a_list_waits_for_the_start_and_a_mapping_for_what_it_says() {
    let text = "
services:
  web: {image: x, depends_on: [api]}
  api:
    image: x
    depends_on:
      db: {condition: service_healthy, required: true}
      cache: {}
      migrate: {condition: service_completed_successfully}
      gone: {required: false}
  migrate: {image: x, depends_on: {db: {condition: service_started}}}
  db: {image: x}
  cache: {image: x}
";
    let (started, healthy) = (Condition::Started, Condition::Healthy);
    assert_eq!(
        waits(text),
        [
            edge("api", "cache", started),
            edge("api", "db", healthy),
            edge("api", "migrate", Condition::Completed),
            edge("migrate", "db", started),
            edge("web", "api", started),
        ]
    );
}

#[test]
fn what_is_waited_for_to_complete_is_a_job_that_runs_once() {
    let spec = good(
        "
services:
  web: {image: x, depends_on: {migrate: {condition: service_completed_successfully}, fill: {condition: service_completed_successfully}, once: {condition: service_completed_successfully}}}
  migrate: {image: x}
  fill: {image: x, restart: 'on-failure:3', scale: 2}
  once: {image: x, deploy: {mode: replicated, restart_policy: {condition: none}}}
",
    );
    let job = |n| Mode::ReplicatedJob { max_concurrent: n, total_completions: n };
    assert_eq!(spec.services["migrate"].mode, job(1));
    assert_eq!(spec.services["migrate"].restart.as_ref().unwrap().condition, "none");
    assert_eq!(spec.services["once"].mode, job(1));
    assert_eq!(spec.services["fill"].mode, job(2));
    assert_eq!(spec.services["fill"].restart.as_ref().unwrap().max_attempts, Some(3));
    assert_eq!(spec.services["web"].mode, Mode::Replicated { replicas: 1 });
}

#[test]
fn later_files_add_dependencies_and_change_conditions() {
    let first = "services: {web: {image: x, depends_on: [db, a]}, db: {image: x}, a: {image: x}}";
    let second = "services: {web: {depends_on: {db: {condition: service_healthy}}}}";
    let (spec, _) = convert(&[first, second], Reading::Compose, &context()).unwrap();
    assert_eq!(spec.dependencies["web"]["db"], Condition::Healthy);
    assert_eq!(spec.dependencies["web"]["a"], Condition::Started);
}

#[test]
fn docker_makes_nothing_of_a_list_and_knows_no_mapping() {
    let list = "services: {web: {image: x, depends_on: [nobody]}}";
    assert!(as_docker(&[list]).dependencies.is_empty());
    let mapping = "services: {web: {image: x, depends_on: {db: }}, db: {image: x}}";
    insta::assert_snapshot!(refused_in(mapping, Reading::Stack), @"compose.yml:1:40: `services.web.depends_on` must be a list, but is a mapping; `docker stack deploy` takes nothing else");
}

#[test]
fn what_can_never_start_is_refused_with_its_place() {
    let text = "
services:
  web: {image: x, depends_on: [api, nobody]}
  api: {image: x, depends_on: {db: {condition: service_healthy}}}
  db:
    image: x
    depends_on:
      web: {condition: started, retries: 3}
      endless: {condition: service_completed_successfully}
  me: {image: x, depends_on: [me]}
  endless: {image: x, restart: always}
";
    insta::assert_snapshot!(refused(text), @r#"
    compose.yml:8:24: `services.db.depends_on.web.condition` must be one of `service_started`, `service_healthy`, `service_completed_successfully`, but is "started"
    compose.yml:8:33: `services.db.depends_on.web.retries` is not a key of compose; take it out
    "#);
    let text = text.replace("{condition: started, retries: 3}", "");
    insta::assert_snapshot!(refused(&text), @"
    compose.yml:3:32: no service of these could be the first to start, because each waits for the next: `api` → `db` → `web` → `api`; take one of these dependencies out
    compose.yml:3:37: the service `web` depends on `nobody`, which is not among the services that are deployed; add it, or say `required: false`
    compose.yml:9:7: the service `db` waits until `endless` has completed, which with `restart: always` it never does; take that out of `endless`
    compose.yml:10:31: no service of these could be the first to start, because each waits for the next: `me` → `me`; take one of these dependencies out
    ");
}
