//! What a person reads at GitHub.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;
use crate::testing::now;

pub(crate) fn report() -> Report {
    Report {
        stack: "shop-pr-7".to_owned(),
        environment: "pr-7".to_owned(),
        pull_request: Some(7),
        deployment_id: "0199".to_owned(),
        number: 3,
        sha: "4b825dc642cb6eb9a060e54bf8d69288fbee4904".to_owned(),
        phase: Phase::Succeeded,
        reason: None,
        urls: vec!["http://pr-7.shop.localhost".to_owned()],
        page_url: "http://berth.test/stacks/shop-pr-7/deployments/3".to_owned(),
        services: vec![Service { name: "web".to_owned(), status: "running 2/2".to_owned() }],
        created_at: now(),
        finished_at: Some(now() + TimeDelta::seconds(42)),
        removed: false,
    }
}

fn failed() -> Report {
    Report {
        phase: Phase::Failed,
        reason: Some(Reason {
            code: "compose_invalid".to_owned(),
            text: "`ports` is not a list of ports; see @mona <b>\n```\nrm -rf /".to_owned(),
            place: Some(Place { file: "compose.yaml".to_owned(), line: 12, column: 5 }),
        }),
        ..report()
    }
}

fn production() -> Report {
    Report {
        stack: "shop".to_owned(),
        environment: "production".to_owned(),
        pull_request: None,
        ..report()
    }
}

#[test]
fn a_preview_is_a_transient_deployment() {
    insta::assert_json_snapshot!(deployment(&report()), @r#"
    {
      "ref": "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
      "task": "deploy",
      "auto_merge": false,
      "required_contexts": [],
      "environment": "preview",
      "description": "Preview of pull request 7: shop-pr-7",
      "transient_environment": true,
      "production_environment": false,
      "payload": {
        "berth_deployment": "0199",
        "berth_stack": "shop-pr-7"
      }
    }
    "#);
}

#[test]
fn production_is_not() {
    let deployment = deployment(&production());
    assert_eq!(deployment.environment, "production");
    assert!(deployment.production_environment && !deployment.transient_environment);
    assert!(!deployment.auto_merge && deployment.required_contexts.is_empty());
}

#[test]
fn every_phase_has_a_status_and_a_conclusion() {
    let lines: Vec<String> = Phase::ALL
        .into_iter()
        .map(|phase| {
            let report = Report { phase, ..production() };
            let (status, run) = (deployment_status(&report), check_run(&report));
            assert_eq!(run.conclusion.is_some(), run.status == "completed");
            format!(
                "{phase}: {} | {} {} | {}",
                status.state.as_str(),
                run.status,
                run.conclusion.as_deref().unwrap_or("-"),
                status.description,
            )
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    received: queued | queued - | Waiting to start.
    fetched: in_progress | in_progress - | Building images.
    built: in_progress | in_progress - | Rendering the compose file.
    rendered: in_progress | in_progress - | Applying to the swarm.
    applied: in_progress | in_progress - | Waiting until every service is healthy.
    converged: in_progress | in_progress - | Checking the routes.
    routed: in_progress | in_progress - | Finishing.
    succeeded: success | completed success | Deployed in 42 s.
    failed: failure | completed failure | Failed.
    superseded: inactive | completed cancelled | A newer deployment took over.
    cancelled: inactive | completed cancelled | Cancelled.
    ");
}

#[test]
fn only_what_serves_has_an_address() {
    assert_eq!(
        deployment_status(&report()).environment_url.as_deref(),
        Some("http://pr-7.shop.localhost")
    );
    assert_eq!(deployment_status(&failed()).environment_url, None);
    let removed = deployment_status(&Report { removed: true, ..report() });
    assert_eq!((removed.state, removed.environment_url), (DeploymentState::Inactive, None));
}

#[test]
fn a_failure_points_at_its_line() {
    insta::assert_json_snapshot!(check_run(&failed()), @r#"
    {
      "name": "berth / shop-pr-7",
      "head_sha": "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
      "details_url": "http://berth.test/stacks/shop-pr-7/deployments/3",
      "external_id": "0199",
      "status": "completed",
      "started_at": "2026-11-21T12:00:00Z",
      "conclusion": "failure",
      "completed_at": "2026-11-21T12:00:42Z",
      "output": {
        "title": "Failed: `ports` is not a list of ports; see @mona <b>",
        "summary": "Failed: &#96;ports&#96; is not a list of ports; see @&#8203;mona &lt;b&gt; Commit `4b825dc` on stack `shop-pr-7`.\n\n- [pr-7.shop.localhost](http://pr-7.shop.localhost)\n- [Phases and build log](http://berth.test/stacks/shop-pr-7/deployments/3)\n\n| Service | Status |\n|---|---|\n| web | running 2/2 |",
        "text": "At `compose.yaml:12:5`:\n\n````text\n`ports` is not a list of ports; see @mona <b>\n```\nrm -rf /\n````",
        "annotations": [
          {
            "path": "compose.yaml",
            "start_line": 12,
            "end_line": 12,
            "start_column": 5,
            "end_column": 5,
            "annotation_level": "failure",
            "message": "`ports` is not a list of ports; see @mona <b>\n```\nrm -rf /",
            "title": "compose_invalid"
          }
        ]
      },
      "actions": [
        {
          "label": "Redeploy",
          "description": "Deploy this commit again",
          "identifier": "redeploy"
        }
      ]
    }
    "#);
}

#[test]
fn a_comment_has_a_row_a_stack_and_tells_why() {
    let marker = marker("01-a", 7);
    insta::assert_snapshot!(comment(&marker, &[report(), failed()], now()), @"
    <!-- berth:sticky:01-a:7 -->

    | Stack | Status | Preview | Details | Updated (UTC) |
    |---|---|---|---|---|
    | `shop-pr-7` | 🟢 Ready | [pr-7.shop.localhost](http://pr-7.shop.localhost) | [Phases and log](http://berth.test/stacks/shop-pr-7/deployments/3) | 2026-11-21 12:00 `4b825dc` |
    | `shop-pr-7` | 🔴 Failed | [pr-7.shop.localhost](http://pr-7.shop.localhost) | [Phases and log](http://berth.test/stacks/shop-pr-7/deployments/3) | 2026-11-21 12:00 `4b825dc` |

    <details><summary>Why <code>shop-pr-7</code> failed at <code>compose.yaml:12:5</code></summary>

    ````text
    `ports` is not a list of ports; see @mona <b>
    ```
    rm -rf /
    ````

    </details>

    What served before still serves. Push a fix, or press *Redeploy* on the check.
    ");
}

#[test]
fn a_comment_stays_when_the_preview_goes() {
    let marker = marker("01-a", 7);
    let text = comment(&marker, &[Report { removed: true, ..failed() }], now());
    assert!(text.contains("Removed") && !text.contains("localhost"), "{text}");
}

#[test]
fn a_marker_is_one_comment_whatever_it_is_given() {
    assert_eq!(marker("a--><b>", 7), "<!-- berth:sticky:a--b:7 -->");
}

proptest! {
    // A stranger's text can't mention anybody, open a tag, leave its cell, or
    // grow beyond what GitHub takes.
    #[test]
    fn text_from_strangers_is_only_text(text in "[ -~\n`|@<é]{0,200}") {
        let reason = Reason { code: "x".to_owned(), text: text.clone(), place: None };
        let report = Report {
            stack: text.clone(),
            phase: Phase::Failed,
            reason: Some(reason),
            urls: vec![format!("https://{text}"), text.clone()],
            services: vec![Service { name: text.clone(), status: text }],
            ..report()
        };
        let whole = comment("<!-- m -->", std::slice::from_ref(&report), now());
        let rows: Vec<&str> =
            whole.lines().skip(2).take_while(|line| line.starts_with('|')).collect();
        prop_assert_eq!(rows.len(), 3);
        for row in &rows {
            prop_assert_eq!(row.matches('|').count(), 6, "{}", row);
            let outside: String = row.split('`').step_by(2).collect();
            prop_assert!(!outside.replace("<br>", "").contains('<'), "{}", row);
            let cells = outside.split("](http").next().unwrap_or_default();
            let mentions = cells.replace("@&#8203;", "").contains('@');
            prop_assert!(!mentions, "{}", row);
        }
        let summary = whole.lines().find(|line| line.starts_with("<details>")).unwrap();
        prop_assert_eq!(summary.matches('<').count(), 5, "{}", summary);
        let fences = whole.lines().filter(|line| line.starts_with("```")).count();
        prop_assert!(fences >= 2);

        let run = check_run(&report);
        prop_assert!(run.output.summary.chars().count() <= SUMMARY_MAX);
        prop_assert!(deployment_status(&report).description.chars().count() <= DESCRIPTION_MAX);
    }
}

#[test]
fn what_is_too_long_is_cut() {
    let reason = Reason { code: "x".to_owned(), text: "é`".repeat(90_000), place: None };
    let report = Report { reason: Some(reason), ..failed() };
    let run = check_run(&report);
    assert!(run.output.text.unwrap().chars().count() <= SUMMARY_MAX);
    assert!(run.output.title.chars().count() <= TITLE_MAX);
    assert_eq!(deployment_status(&report).description.chars().count(), DESCRIPTION_MAX);
    assert!(comment("<!-- m -->", &vec![report; 50], now()).chars().count() <= COMMENT_MAX);
}
