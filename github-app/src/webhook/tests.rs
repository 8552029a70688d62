//! GitHub's own examples, and what they lack.

use std::path::PathBuf;

use super::*;

fn fixtures() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/github"))
}

fn example(name: &str) -> Webhook {
    let body = std::fs::read(fixtures().join(format!("{name}.json"))).unwrap();
    let event = name.split('.').next().unwrap();
    parse(event, &body).unwrap()
}

#[test]
fn every_example_of_githubs_parses_as_its_event() {
    let mut seen = 0;
    for entry in std::fs::read_dir(fixtures()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let acted_on = !matches!(name.as_str(), "create" | "delete");
        let webhook = example(&name);
        assert_eq!(!matches!(webhook, Webhook::Other(_)), acted_on, "{name}");
        seen += 1;
    }
    assert_eq!(seen, 18, "a fixture came or went");
}

#[test]
fn a_push_is_read() {
    insta::assert_debug_snapshot!(example("push.branch"), @r#"
    Push(
        Push {
            git_ref: "refs/heads/master",
            before: "0000000000000000000000000000000000000000",
            after: "6113728f27ae82c7b1a177c8d03f9e96e0adf246",
            created: true,
            deleted: false,
            forced: false,
            head_commit: Some(
                Commit {
                    sha: "6113728f27ae82c7b1a177c8d03f9e96e0adf246",
                    message: "Initial commit",
                    author: "Codertocat",
                },
            ),
            repository: Repository {
                id: RepositoryId(
                    186853002,
                ),
                owner: "Codertocat",
                name: "Hello-World",
                full_name: "Codertocat/Hello-World",
                default_branch: Some(
                    "master",
                ),
                private: Some(
                    false,
                ),
            },
            installation: Some(
                InstallationId(
                    1,
                ),
            ),
            sender: Some(
                "Codertocat",
            ),
            pusher: Some(
                "Codertocat",
            ),
        },
    )
    "#);
}

#[test]
fn a_push_that_deletes_a_tag_is_read() {
    let Webhook::Push(push) = example("push.deleted") else { panic!("not a push") };
    assert_eq!((push.tag(), push.branch()), (Some("simple-tag"), None));
    assert!(push.deleted && push.head_commit.is_none());
    assert_eq!(push.after, "0".repeat(40));
}

#[test]
fn a_pull_request_is_read() {
    insta::assert_debug_snapshot!(example("pull_request.opened"), @r#"
    PullRequest(
        PullRequest {
            action: "opened",
            number: 2,
            title: "Update the README with new information.",
            author: "Codertocat",
            state: "open",
            draft: false,
            merged: false,
            closed_at: None,
            head_sha: "ec26c3e57ca3a959ca5aad62de7213c562f8c821",
            before: None,
            head_ref: "changes",
            head_repository: Some(
                RepositoryId(
                    186853002,
                ),
            ),
            base_ref: "master",
            base_sha: Some(
                "f95f852bd8fca8fcc58a9a2d6c842781e32a215e",
            ),
            base_changed: false,
            repository: Repository {
                id: RepositoryId(
                    186853002,
                ),
                owner: "Codertocat",
                name: "Hello-World",
                full_name: "Codertocat/Hello-World",
                default_branch: Some(
                    "master",
                ),
                private: Some(
                    false,
                ),
            },
            installation: Some(
                InstallationId(
                    1,
                ),
            ),
            sender: Some(
                "Codertocat",
            ),
        },
    )
    "#);
}

#[test]
fn a_pull_request_from_a_deleted_repository_comes_from_a_fork() {
    let body = br#"{"action":"synchronize","before":"0","after":"1","repository":{"id":1,"full_name":"a/b"},
        "pull_request":{"number":7,"head":{"ref":"x","sha":"1","repo":null},"base":{"ref":"main"}}}"#;
    let Webhook::PullRequest(pull) = parse("pull_request", body).unwrap() else {
        panic!("not a pull request")
    };
    assert!(pull.from_fork());
    assert_eq!(pull.before.as_deref(), Some("0"));
    assert_eq!((pull.repository.owner.as_str(), pull.repository.name.as_str()), ("a", "b"));
}

#[test]
fn an_installation_is_read() {
    insta::assert_debug_snapshot!(example("installation.created"), @r#"
    Installation(
        Installation {
            action: "created",
            id: InstallationId(
                957387,
            ),
            account_id: 21031067,
            account_login: "Codertocat",
            account_kind: "User",
            repository_selection: "selected",
            suspended: false,
            permissions: {
                "administration": "write",
                "checks": "write",
                "contents": "write",
                "deployments": "write",
                "issues": "write",
                "metadata": "read",
                "pages": "write",
                "pull_requests": "write",
                "repository_hooks": "write",
                "repository_projects": "write",
                "statuses": "write",
                "vulnerability_alerts": "read",
            },
            repositories: [
                Repository {
                    id: RepositoryId(
                        186853002,
                    ),
                    owner: "Codertocat",
                    name: "Hello-World",
                    full_name: "Codertocat/Hello-World",
                    default_branch: None,
                    private: Some(
                        false,
                    ),
                },
            ],
            sender: Some(
                "Codertocat",
            ),
        },
    )
    "#);
}

#[test]
fn a_suspended_installation_says_so() {
    let Webhook::Installation(event) = example("installation.suspend") else {
        panic!("not an installation")
    };
    assert!(event.suspended);
}

#[test]
fn repositories_that_come_and_go_are_read() {
    insta::assert_debug_snapshot!(
        [example("installation_repositories.added"), example("installation_repositories.removed")],
        @r#"
        [
            InstallationRepositories(
                InstallationRepositories {
                    action: "added",
                    id: InstallationId(
                        957387,
                    ),
                    account_login: "Codertocat",
                    repository_selection: "selected",
                    added: [
                        Repository {
                            id: RepositoryId(
                                186853007,
                            ),
                            owner: "Codertocat",
                            name: "Space",
                            full_name: "Codertocat/Space",
                            default_branch: None,
                            private: Some(
                                false,
                            ),
                        },
                    ],
                    removed: [],
                    sender: Some(
                        "Codertocat",
                    ),
                },
            ),
            InstallationRepositories(
                InstallationRepositories {
                    action: "removed",
                    id: InstallationId(
                        2,
                    ),
                    account_login: "octocat",
                    repository_selection: "selected",
                    added: [],
                    removed: [
                        Repository {
                            id: RepositoryId(
                                1296269,
                            ),
                            owner: "octocat",
                            name: "Hello-World",
                            full_name: "octocat/Hello-World",
                            default_branch: None,
                            private: Some(
                                false,
                            ),
                        },
                    ],
                    sender: Some(
                        "octocat",
                    ),
                },
            ),
        ]
        "#
    );
}

#[test]
fn a_button_of_a_check_run_is_read() {
    let Webhook::CheckRun(run) = example("check_run.requested_action") else {
        panic!("not a check run")
    };
    assert_eq!(run.action, "requested_action");
    assert!(run.requested_action.is_some() && run.app_id.is_some(), "{run:?}");
}

#[test]
fn a_form_is_read_as_its_payload() {
    let json = std::fs::read_to_string(fixtures().join("push.branch.json")).unwrap();
    let form: String =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("payload", &json).finish();
    assert_eq!(parse("push", form.as_bytes()), parse("push", json.as_bytes()));
}

#[test]
fn an_event_that_nobody_knows_is_kept() {
    let body = br#"{"action":"done","sender":{"login":"mona"},"repository":["odd"]}"#;
    let webhook = parse("brand_new", body).unwrap();
    assert_eq!((webhook.action(), webhook.sender()), (Some("done"), Some("mona")));
    assert_eq!(webhook.repository(), None);
}

#[test]
fn what_is_no_event_is_refused_with_a_place() {
    for (event, body) in [("push", "{"), ("brand_new", "nonsense"), ("push", "{}"), ("ping", "")] {
        let err = parse(event, body.as_bytes()).unwrap_err();
        assert!(err.to_string().contains("line"), "{err}");
    }
    let err = parse("push", b"{}").unwrap_err();
    insta::assert_snapshot!(err, @r#"the body is not a "push" event: missing field `ref` at line 1 column 2"#);
}
