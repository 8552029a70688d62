//! Templates: what they give, what they refuse, and that no name breaks out.

use std::ops::Add as _;

use proptest::prelude::*;

use super::*;

fn variables() -> BTreeMap<String, String> {
    [("BERTH_HOST", "shop.localhost"), ("BERTH_PULL_REQUEST", ""), ("TITLE", "a \"b\": <c>")]
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .into()
}

fn failure(template: &str) -> String {
    let wrong = render(template, &variables()).expect_err("must fail");
    let lines = wrong
        .iter()
        .map(|TemplateError { line, column, message }| format!("{line}:{column}: {message}"));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_template_takes_variables_as_they_are() {
    let text = render(
        "host: {{BERTH_HOST}}\ntitle: {{TITLE}}\njson: {{json TITLE}}\n{{#if BERTH_PULL_REQUEST}}no{{else}}yes{{/if}} {{default NONE \"d\"}} {{default BERTH_PULL_REQUEST 7}} {{label TITLE}}",
        &variables(),
    )
    .unwrap()
    .text;
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
    insta::assert_snapshot!(failure("a: 1\nb: {{BERTH_HOST\n"), @"2:4: a `{{` is not closed");
    insta::assert_snapshot!(failure("{{#if BERTH_HOST}}\nx"), @"1:1: the block `if` is not closed; end it with `{{/if}}`");
    insta::assert_snapshot!(failure("{{#if BERTH_HOST}}\nx\n {{/unless}}"), @"3:2: `{{/unless}}` can't close the block `if` of line 1; end that with `{{/if}}` first");
    insta::assert_snapshot!(failure("x\n {{/if}}"), @"2:2: `{{/if}}` closes a block that is not open");
    insta::assert_snapshot!(failure("x\n {{=}}"), @"2:4: this is not a Handlebars template: what is between the braces can't be read");
    insta::assert_snapshot!(failure("x\n{{nope BERTH_HOST}}"), @"2:1: there is no helper `nope`");
}

#[test]
fn what_could_run_for_ever_is_refused() {
    for (template, why) in [
        ("{{#*inline \"x\"}}{{> x}}{{/inline}}{{> x}}".to_owned(), "partials"),
        ("{{> x}}".to_owned(), "partials"),
        ("{{~> x}}".to_owned(), "partials"),
        ("{{#if a}}".repeat(100_000), "larger than 64 KiB"),
        ("{{ > x}}".to_owned(), "partials"),
        ("{{ #*inline \"x\"}}{{ > x}}{{/inline}}{{ > x}}".to_owned(), "partials"),
        ("{{#if a}}".repeat(1_000), "32 levels"),
        (format!("{{{{#if 1}}}}{}{{{{/if}}}}", "{{else if 1}}".repeat(1_000)), "32 levels"),
        (format!("{{{{#if 1}}}}{}{{{{/if}}}}", "{{^if 1}}".repeat(1_000)), "32 levels"),
        (format!("{{{{eq {} 1}}}}", "(".repeat(1_000)), "32 levels"),
        (format!("{{{{json {}1{}}}}}", "[".repeat(1_000), "]".repeat(1_000)), "32 levels"),
        ("{{#each @root}}x{{/each}}".to_owned(), "no helper `each`"),
        ("{{BERTH_HOST}}".repeat(1_500), "1,000 tags"),
        (format!("{{{{len {}TITLE{}}}}}", "(json ".repeat(30), ")".repeat(30)), "4 MiB"),
        ("{{len (json this)}}{{#if (json this)}}{{/if}}".repeat(300), "4 MiB"),
    ] {
        let large = [("LARGE".to_owned(), "x".repeat(50_000))];
        let error = render(&template, &variables().into_iter().chain(large).collect());
        let error = error.expect_err("must fail");
        let head: String = template.chars().take(60).collect();
        assert!(error.iter().any(|error| error.message.contains(why)), "{head}: {error:?}");
    }
}

#[test]
fn every_missing_name_is_told_at_once() {
    insta::assert_snapshot!(failure("a: {{ONE}}\nb: {{json TWO}}\n{{#if ONE}}c: {{label ONE}}{{else}} {{THREE}}{{/if}}\n"), @r"
    1:4: the template names `ONE`, which has no value here; there are `BERTH_HOST`, `BERTH_PULL_REQUEST`, `TITLE`
    2:4: the template names `TWO`, which has no value here; there are `BERTH_HOST`, `BERTH_PULL_REQUEST`, `TITLE`
    3:37: the template names `THREE`, which has no value here; there are `BERTH_HOST`, `BERTH_PULL_REQUEST`, `TITLE`
    ");
    insta::assert_snapshot!(failure("a: 1\n{{#if (eq TWO 1)}}b{{/if}}\n"), @"2:1: `eq` is called with too few values, or with a name that has no value here");
}

#[test]
fn what_can_be_called_is_what_is_documented() {
    let document = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/templates.md");
    let document = std::fs::read_to_string(document).unwrap();
    let variables = [("NAME", "Shop"), ("EMPTY", ""), ("EVERY", "1m30s")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    for HelperDoc { name, example, gives, means } in HELPERS {
        let row = format!("| `{name}` | `{example}` | `{gives}` | {means} |\n");
        assert!(document.contains(&row), "docs/templates.md lacks {row}");
        assert_eq!(render(example, &variables).map(|it| it.text).as_deref(), Ok(*gives), "{name}");
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

/// A piece of a template, with a word that it leaves in the result.
fn part() -> impl Strategy<Value = (String, Option<String>)> {
    let word = || "[a-z]{5,8}".prop_map(|word| format!("<{word}>"));
    prop_oneof![
        word().prop_map(|word| (word.clone(), Some(word))),
        word().prop_map(|word| (format!("  {word}\n"), Some(word))),
        word().prop_map(|word| (format!("{{{{#if VALUE}}}}\n  {word}\n{{{{/if}}}}\n"), Some(word))),
        word().prop_map(|word| (format!("{{{{#if EMPTY}}}}x{{{{else}}}} {word} {{{{/if}}}}"), Some(word))),
        word().prop_map(|word| (
            format!("{{{{#if EMPTY}}}}\nx\n{{{{else if VALUE}}}}\n{word}\n{{{{else}}}}\ny\n{{{{/if}}}}\n"),
            Some(word)
        )),
        word().prop_map(|word| (format!("{{{{~#unless EMPTY~}}}}  {word}  {{{{~/unless~}}}}"), Some(word))),
        word().prop_map(|word| (format!("\\{{{{{word}}}}}"), Some(word))),
        Just(("{{LINES}}".to_owned(), None)),
        Just(("{{VALUE}}".to_owned(), None)),
        Just((" {{default EMPTY \"a }} b\"}} ".to_owned(), None)),
        Just(("{{! a comment }}\n".to_owned(), None)),
        Just(("\n\n".to_owned(), None)),
        Just(("  ".to_owned(), None)),
        Just(("ü—".to_owned(), None)),
    ]
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
        prop_assert_eq!(render(&text, &BTreeMap::new()).unwrap().text, text);
    }

    #[test]
    fn no_template_panics_or_takes_long(
        parts in proptest::collection::vec(
            prop_oneof![
                Just("{{"), Just("}}"), Just("{"), Just("}"), Just("#if "), Just("/if"), Just("else"),
                Just("else if "), Just("^"), Just("~"), Just("("), Just(")"), Just("json "), Just("A"),
                Just(" "), Just("\n"), Just("\\"), Just("\""), Just("!"), Just("--"), Just("&"),
                Just("raw"), Just("/raw"), Just("="), Just("["), Just("]"), Just("@root"), Just("../"),
                Just("as |a|"), Just("ü"), Just("{{A}}"), Just("{{#if A}}"), Just("{{/if}}"),
            ],
            0..60,
        )
    ) {
        let template = parts.concat();
        let variables = BTreeMap::from([("A".to_owned(), "a".to_owned())]);
        if let Ok(rendered) = render(&template, &variables) {
            for index in 0..=rendered.text.chars().count() {
                let (line, column) = rendered.places.origin(index);
                prop_assert!(line >= 1 && column >= 1);
            }
        }
    }

    #[test]
    fn a_quoted_value_is_one_scalar_that_reads_as_it_was(value in "\\PC{0,40}|.{0,40}") {
        let variables = BTreeMap::from([("V".to_owned(), value.clone())]);
        let text = render("a: {{quote V}}\nb: 1\n", &variables).unwrap().text;
        let root = crate::yaml::parse(&text, 0).unwrap();
        let entries = root.value.as_map().unwrap();
        prop_assert_eq!(entries.len(), 2);
        let read = entries[0].value.value.as_text().unwrap();
        prop_assert_eq!(read, value.replace('$', "$$"));
    }

    #[test]
    fn every_word_of_a_result_leads_back_to_where_it_was_written(
        parts in proptest::collection::vec(part(), 1..20)
    ) {
        let (mut template, mut words) = (String::new(), Vec::new());
        for (text, word) in parts {
            if let Some(word) = word {
                let offset = template.len() + text.find(&word).unwrap_or_default();
                words.push((word, shape::place(&template.clone().add(&text), offset)));
            }
            template.push_str(&text);
        }
        let variables = [("VALUE", "v4lue"), ("LINES", "one\ntwo\nthree"), ("EMPTY", "")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let rendered = render(&template, &variables.into()).unwrap();
        let mut from = 0;
        for (word, place) in words {
            let Some(at) = rendered.text[from..].find(&word).map(|at| from + at) else {
                panic!("{word} is not in {:?}", rendered.text);
            };
            from = at + word.len();
            let origin = rendered.places.origin(rendered.text[..at].chars().count());
            prop_assert_eq!(origin, place, "{} in {:?}", word, template);
        }
    }
}
