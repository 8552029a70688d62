//! Templates: what they give, what they refuse, and that no name breaks out.

use proptest::prelude::*;

use super::*;

fn variables() -> BTreeMap<String, String> {
    [("BERTH_HOST", "shop.localhost"), ("BERTH_PULL_REQUEST", ""), ("TITLE", "a \"b\": <c>")]
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .into()
}

fn failure(template: &str) -> String {
    let TemplateError { line, column, message } =
        render(template, &variables()).expect_err("must fail");
    format!("{line}:{column}: {message}")
}

#[test]
fn a_template_takes_variables_as_they_are() {
    let text = render(
        "host: {{BERTH_HOST}}\ntitle: {{TITLE}}\njson: {{json TITLE}}\n{{#if BERTH_PULL_REQUEST}}no{{else}}yes{{/if}} {{default NONE \"d\"}} {{default BERTH_PULL_REQUEST 7}} {{label TITLE}}",
        &variables(),
    )
    .unwrap();
    insta::assert_snapshot!(text, @r#"
    host: shop.localhost
    title: a "b": <c>
    json: "a \"b\": <c>"
    yes d 7 a-b-c-48f8ae
    "#);
}

#[test]
fn what_is_missing_or_broken_is_named_with_its_place() {
    insta::assert_snapshot!(failure("a: 1\nb:  {{NOPE}}\n"), @"2:5: the template names `NOPE`, which has no value here; there are `BERTH_HOST`, `BERTH_PULL_REQUEST`, `TITLE`");
    insta::assert_snapshot!(failure("a: 1\nb: {{json NOPE}}\n"), @"2:4: the template names `NOPE`, which has no value here; there are `BERTH_HOST`, `BERTH_PULL_REQUEST`, `TITLE`");
    insta::assert_snapshot!(failure("a: 1\nb: {{BERTH_HOST\n"), @"3:1: this is not a Handlebars template: a `{{` is not closed, or what is in it can't be read");
    insta::assert_snapshot!(failure("{{#if BERTH_HOST}}\nx"), @"2:2: this is not a Handlebars template: a block such as `{{#if …}}` is not closed");
    insta::assert_snapshot!(failure("x\n{{nope BERTH_HOST}}"), @"2:1: there is no helper `nope`");
}

#[test]
fn what_could_run_for_ever_is_refused() {
    for (template, why) in [
        ("{{#*inline \"x\"}}{{> x}}{{/inline}}{{> x}}".to_owned(), "partials"),
        ("{{> x}}".to_owned(), "partials"),
        ("{{~> x}}".to_owned(), "partials"),
        ("{{#if a}}".repeat(100_000), "larger than 256 KiB"),
        ("{{#if a}}".repeat(1_000), "32 levels"),
        (format!("{{{{eq {} 1}}}}", "(".repeat(1_000)), "32 levels"),
        ("{{#each @root}}x{{/each}}".to_owned(), "no helper `each`"),
    ] {
        let error = render(&template, &variables()).expect_err("must fail");
        assert!(error.message.contains(why), "{error}");
    }
}

#[test]
fn a_branch_becomes_a_label_of_the_host() {
    let names = Names { branch: Some("feature/a"), app: "Shop", owner: "acme", ..Names::default() };
    let host = render_host("{{branch}}.{{app}}.localhost", &names).unwrap();
    insta::assert_snapshot!(host, @"feature-a-951d42.shop-d00aae.localhost");
    let preview = Names { number: Some(12), app: "shop", owner: "acme", ..Names::default() };
    assert_eq!(
        render_host("pr-{{number}}.{{app}}.localhost", &preview).unwrap(),
        "pr-12.shop.localhost"
    );
    assert_eq!(render_environment("pr-{{number}}", &preview).unwrap(), "pr-12");
    assert_eq!(render_environment("production", &preview).unwrap(), "production");
}

#[test]
fn a_form_can_check_a_template_before_it_is_used() {
    assert_eq!(check_host("{{branch}}.{{app}}.localhost"), Ok(()));
    assert_eq!(check_environment("pr-{{number}}"), Ok(()));
    for bad in ["{{brunch}}.localhost", "a b", "", "a..b", "x`)||Host(`y", "{{app}}/"] {
        assert!(check_host(bad).is_err(), "{bad}");
    }
    for bad in ["{{environment}}", "Production", "a/b", ""] {
        assert!(check_environment(bad).is_err(), "{bad}");
    }
}

proptest! {
    #[test]
    fn no_name_breaks_out_of_a_host(branch in ".{1,60}", app in ".{1,60}", owner in ".{1,60}") {
        let names = Names { branch: Some(&branch), app: &app, owner: &owner, ..Names::default() };
        let host = render_host("{{branch}}.{{app}}.{{owner}}.localhost", &names).unwrap();
        prop_assert_eq!(host.split('.').count(), 4);
        prop_assert!(host.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.'));
    }

    #[test]
    fn text_without_braces_stays_as_it_is(text in "[^{}\\\\]{0,200}") {
        prop_assert_eq!(render(&text, &BTreeMap::new()).unwrap(), text);
    }
}
