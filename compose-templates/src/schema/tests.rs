//! Every file that we have passes, and the schema and the loader agree on `x-berth`.

use jsonschema::Validator;
use proptest::prelude::*;

use super::*;
use crate::load::{Settings, Source, Variables, load};
use crate::yaml::{self, Node};

fn validator() -> Validator {
    jsonschema::validator_for(compose()).unwrap()
}

/// What a YAML file says, as JSON.
fn json_of(node: &Node) -> Value {
    match &node.value {
        yaml::Value::Null => Value::Null,
        yaml::Value::Bool(flag) => Value::from(*flag),
        yaml::Value::Int(number) => serde_json::from_str(&number.to_string()).unwrap(),
        yaml::Value::Float(number) => Value::from(*number),
        yaml::Value::Text(text) => Value::from(text.as_str()),
        yaml::Value::List(items) => items.iter().map(json_of).collect(),
        yaml::Value::Map(entries) => {
            let entries = entries.iter().map(|entry| (entry.key.clone(), json_of(&entry.value)));
            Value::Object(entries.collect())
        }
    }
}

/// Why a file does not pass; nothing where it does.
pub(crate) fn refused(text: &str) -> Vec<String> {
    let file = json_of(&yaml::parse(text, 0).unwrap());
    let validator = validator();
    let errors = validator.iter_errors(&file).map(|e| format!("{}: {e}", e.instance_path()));
    errors.collect()
}

#[test]
fn every_file_that_we_have_passes() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let shop = std::fs::read_to_string(format!("{root}/tests/fixtures/shop/compose.yaml")).unwrap();
    assert_eq!(refused(&shop), [""; 0]);
    assert_eq!(refused(crate::stack::tests::everything::EVERYTHING), [""; 0]);
    // The documentation's, too.
    let documented = std::fs::read_to_string(format!("{root}/docs/compose.md")).unwrap();
    let mut seen = 0;
    for file in documented.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()) {
        if file.contains("services:") {
            assert_eq!(refused(file), [""; 0], "{file}");
            seen += 1;
        }
    }
    assert!(seen > 0);
    let documented = std::fs::read_to_string(format!("{root}/docs/templates.md")).unwrap();
    let template = documented.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let names = ["BERTH_SHORT_SHA", "BERTH_REF", "BERTH_PULL_REQUEST", "BERTH_ENVIRONMENT"];
    let variables = names.map(|name| (name.to_owned(), "7".to_owned())).into();
    assert_eq!(refused(&crate::render::render(template, &variables).unwrap().text), [""; 0]);
}

#[test]
fn a_slip_does_not_pass() {
    let file = |routes: &str| format!("services: {{a: {{image: x, x-berth: {routes}}}}}");
    assert_eq!(refused(&file("{routes: [{port: '${PORT}'}]}")), [""; 0]);
    for slip in [
        "{route: []}",
        "{routes: {port: 80}}",
        "{routes: [{}]}",
        "{routes: [{port: 0}]}",
        "{routes: [{port: http}]}",
        "{routes: [{port: 80, strip: 1}]}",
        "{routes: [{port: 80, hots: x}]}",
    ] {
        assert_ne!(refused(&file(slip)), [""; 0], "{slip}");
    }
}

/// Whether the loader takes the service, or what it says.
fn loads(x_berth: &Value) -> Result<(), Vec<String>> {
    let text = json!({"services": {"a": {"image": "x", "x-berth": x_berth}}}).to_string();
    let none = |_: &str| Err(std::io::ErrorKind::NotFound.into());
    let host = ("BERTH_HOST".to_owned(), "shop.localhost".to_owned());
    let source = Source { path: "c.yml".to_owned(), text };
    load(&[source], &none, &Variables::from([host]), &Settings::default())
        .map(drop)
        .map_err(|complaints| complaints.iter().map(ToString::to_string).collect())
}

fn passes(x_berth: &Value) -> bool {
    static VALIDATOR: LazyLock<Validator> = LazyLock::new(validator);
    VALIDATOR.is_valid(&json!({"services": {"a": {"image": "x", "x-berth": x_berth}}}))
}

/// Routes with every key there is.
fn complete() -> Value {
    json!({"routes": [
        {"host": "shop.example.org", "port": 80, "path": "/a", "check": "/a?b=c", "strip": true},
        {"port": 81},
    ]})
}

/// The pointers (RFC 6901) of everything in a value, itself first.
fn pointers(value: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    if let Some(fields) = value.as_object() {
        fields.iter().for_each(|(name, inner)| pointers(inner, &format!("{at}/{name}"), all));
    }
    for (index, inner) in value.as_array().into_iter().flatten().enumerate() {
        pointers(inner, &format!("{at}/{index}"), all);
    }
}

/// A value of no particular kind: right in some places, wrong in others.
fn anything() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-2i64..70_000).prop_map(Value::from),
        prop_oneof![Just(json!(1.5)), Just(json!("/a")), Just(json!("a")), Just(json!(""))],
        prop_oneof![Just(json!([])), Just(json!(["a"])), Just(json!([1])), Just(json!([null]))],
        prop_oneof![Just(json!({})), Just(json!({"a": 1})), Just(json!({"port": 1}))],
    ]
}

/// A slip of a pen: something is another thing, is gone, or has one more key.
#[derive(Debug, Clone)]
enum Slip {
    Other(Value),
    Gone,
    More(String, Value),
}

fn slip() -> impl Strategy<Value = (prop::sample::Index, Slip)> {
    let slip = prop_oneof![
        anything().prop_map(Slip::Other),
        Just(Slip::Gone),
        ("[a-z]{4}|x-a|routes|host|path", anything()).prop_map(|(key, it)| Slip::More(key, it)),
    ];
    (any::<prop::sample::Index>(), slip)
}

fn x_berth() -> impl Strategy<Value = Value> {
    proptest::collection::vec(slip(), 0..4).prop_map(|slips| {
        let mut value = complete();
        for (at, slip) in slips {
            let mut all = Vec::new();
            pointers(&value, "", &mut all);
            let pointer = &all[at.index(all.len())];
            match slip {
                Slip::Other(other) => *value.pointer_mut(pointer).unwrap() = other,
                Slip::More(key, more) => {
                    if let Some(fields) = value.pointer_mut(pointer).unwrap().as_object_mut() {
                        fields.insert(key, more);
                    }
                }
                Slip::Gone => {
                    let (above, name) = pointer.rsplit_once('/').unwrap_or_default();
                    let above = value.pointer_mut(above).unwrap();
                    if let Some(fields) = above.as_object_mut() {
                        fields.remove(name);
                    }
                }
            }
        }
        value
    })
}

/// What a complaint about the shape says, whatever the value.
const SHAPE: [&str; 6] = [
    "must be a mapping",
    "must be a list",
    "must be text",
    "must be `true` or `false`",
    "must be a whole number",
    "is not a key",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// And so what the loader refuses for its shape, the schema refuses. A text
    /// may be no path or host all the same: that is no question of shape.
    #[test]
    fn what_the_schema_takes_the_loader_reads(x_berth in x_berth()) {
        let refused = loads(&x_berth).err().unwrap_or_default();
        let shape = refused.iter().find(|complaint| {
            SHAPE.iter().any(|shape| complaint.contains(shape)) || complaint.contains("needs a `port`")
        });
        prop_assert!(shape.is_none() || !passes(&x_berth), "{} passes, but: {:?}", x_berth, shape);
    }

    #[test]
    fn what_is_right_in_every_value_passes_and_is_read(
        hosts in "[a-z]{1,9}\\.example\\.org", port in 1u16.., strip: bool, path in "/[a-z]{0,9}",
    ) {
        let route = json!({"host": hosts, "port": port, "strip": strip, "path": path, "check": path});
        let x_berth = json!({"routes": [route]});
        prop_assert_eq!(loads(&x_berth), Ok(()));
        prop_assert!(passes(&x_berth));
    }
}
