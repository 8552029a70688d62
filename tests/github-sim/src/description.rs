//! GitHub's own description of its API, and whether something fits it.

mod convert;
mod rules;
mod unknown;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use jsonschema::{Draft, Registry, Validator};
use serde_json::{Value, json};

/// The cut that `openapi/update.mjs` makes.
const CUT: &str = include_str!("../openapi/github.json");

/// What references start with, within the validator.
const BASE: &str = "urn:github";

/// Statuses that any operation may answer, though the description seldom says
/// so: who you are, what you may do, and how busy GitHub is.
const ANYWHERE: [u16; 9] = [301, 307, 401, 403, 404, 422, 429, 502, 503];

static DESCRIPTION: LazyLock<Description> = LazyLock::new(Description::load);

/// The operations and webhooks that the simulator speaks.
pub(crate) struct Description {
    operations: Vec<Operation>,
    document: Value,
    registry: Option<Registry<'static>>,
    validators: Mutex<BTreeMap<String, Arc<Validator>>>,
}

/// One operation of the API.
#[derive(Debug)]
pub(crate) struct Operation {
    /// GitHub's name for it: `repos/get`.
    pub(crate) id: String,
    pub(crate) method: String,
    segments: Vec<Segment>,
    parameters: Vec<Parameter>,
    /// Whether it takes a body, and whether it must.
    body: Option<bool>,
    /// The statuses that it answers, and whether each has a body.
    answers: BTreeMap<u16, bool>,
}

#[derive(Debug)]
enum Segment {
    Literal(String),
    One(String),
    /// A branch may have slashes in its name, and GitHub takes them raw too.
    Many(String),
}

#[derive(Debug)]
struct Parameter {
    name: String,
    query: bool,
    required: bool,
    schema: Value,
}

/// Something that does not fit: where, and why.
pub(crate) type Misfit = (String, String);

impl Description {
    pub(crate) fn get() -> &'static Self {
        &DESCRIPTION
    }

    fn load() -> Self {
        let cut: Value = serde_json::from_str(CUT).unwrap_or_default();
        let mut document = convert::to_json_schema(&cut);
        // An answer's schema is reached by pointer, so an answer must not be a
        // reference itself.
        let shared = document["components"]["responses"].take();
        for operation in document["operations"].as_object_mut().into_iter().flatten() {
            for (_, answer) in operation.1["responses"].as_object_mut().into_iter().flatten() {
                let name = answer["$ref"].as_str().and_then(|it| it.rsplit('/').next());
                if let Some(whole) = name.and_then(|name| shared.get(name)) {
                    *answer = whole.clone();
                }
            }
        }
        let operations = operations(&document);
        let registry = Registry::new()
            .draft(Draft::Draft7)
            .add(BASE, document.clone())
            .and_then(|builder| builder.prepare())
            .inspect_err(|err| tracing::error!(%err, "the description can't be used"))
            .ok();
        Self { operations, document, registry, validators: Mutex::default() }
    }

    /// The operation at a path, and the path's parameters. Where several fit,
    /// the one with the most literal parts.
    pub(crate) fn find(
        &self,
        method: &str,
        path: &str,
    ) -> Option<(&Operation, BTreeMap<String, String>)> {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        self.operations
            .iter()
            .filter(|operation| operation.method == method)
            .filter_map(|operation| {
                let mut params = BTreeMap::new();
                matches(&operation.segments, &parts, &mut params).then_some((operation, params))
            })
            .max_by_key(|(operation, _)| {
                operation.segments.iter().filter(|it| matches!(it, Segment::Literal(_))).count()
            })
    }

    /// What is wrong with a request. An empty body is none.
    pub(crate) fn request(
        &self,
        operation: &Operation,
        params: &BTreeMap<String, String>,
        query: &[(String, String)],
        body: &Value,
    ) -> Vec<Misfit> {
        let mut found = Vec::new();
        for parameter in &operation.parameters {
            let given = if parameter.query {
                query.iter().find(|(name, _)| *name == parameter.name).map(|(_, value)| value)
            } else {
                params.get(&parameter.name)
            };
            match given {
                Some(text) => found.extend(self.parameter(parameter, text)),
                None if parameter.required => {
                    found.push((format!("parameter {}", parameter.name), "is missing".to_owned()));
                }
                None => {}
            }
        }
        for (name, _) in query {
            if !operation.parameters.iter().any(|it| it.query && it.name == *name) {
                found.push((format!("parameter {name}"), "is unknown".to_owned()));
            }
        }
        let pointer = format!(
            "/operations/{}/requestBody/content/application~1json/schema",
            escape(&operation.id)
        );
        match operation.body {
            None if !body.is_null() => found.push((String::new(), "takes no body".to_owned())),
            Some(true) if body.is_null() => {
                found.push((String::new(), "needs a body".to_owned()));
            }
            Some(_) if !body.is_null() => {
                found.extend(self.check(&pointer, body));
                if let Some(schema) = self.document.pointer(&pointer) {
                    found.extend(unknown::keys(&self.document, schema, body));
                }
                found.extend(rules::request(&operation.id, body));
            }
            Some(_) | None => {}
        }
        found
    }

    /// What is wrong with an answer.
    pub(crate) fn answer(
        &self,
        operation: &Operation,
        status: u16,
        body: Option<&Value>,
    ) -> Vec<Misfit> {
        let described = operation.answers.get(&status);
        match (described, body) {
            (Some(true), Some(body)) => {
                let id = escape(&operation.id);
                let part = "content/application~1json/schema";
                let mut found =
                    self.check(&format!("/operations/{id}/responses/{status}/{part}"), body);
                found.extend(rules::answer(&operation.id, body));
                found
            }
            (Some(true), None) => vec![(String::new(), format!("a {status} needs a body"))],
            (Some(false), Some(_)) => {
                // Refusals come with a message even where none is described.
                if status < 400 {
                    vec![(String::new(), format!("a {status} has no body"))]
                } else {
                    self.check("/components/schemas/basic-error", body.unwrap_or(&Value::Null))
                }
            }
            (Some(false), None) => Vec::new(),
            (None, body) if ANYWHERE.contains(&status) => body
                .map(|body| self.check("/components/schemas/basic-error", body))
                .unwrap_or_default(),
            (None, _) => vec![(String::new(), format!("does not answer {status}"))],
        }
    }

    /// What is wrong with a webhook's payload.
    pub(crate) fn webhook(&self, name: &str, payload: &Value) -> Vec<Misfit> {
        if self.document["webhooks"].get(name).is_none() {
            return vec![(String::new(), "is no webhook that is described here".to_owned())];
        }
        self.check(&format!("/webhooks/{}", escape(name)), payload)
    }

    fn parameter(&self, parameter: &Parameter, text: &str) -> Vec<Misfit> {
        let kind = parameter.schema["type"].as_str();
        let value = match kind {
            Some("integer") => text.parse::<i64>().map(Value::from).ok(),
            Some("boolean") => text.parse::<bool>().map(Value::from).ok(),
            _ => Some(Value::from(text)),
        };
        let place = format!("parameter {}", parameter.name);
        let Some(value) = value else {
            return vec![(place, format!("is no {}", kind.unwrap_or("value")))];
        };
        match self.validator(&parameter.schema) {
            Ok(validator) => {
                validator.iter_errors(&value).map(|err| (place.clone(), err.to_string())).collect()
            }
            Err(why) => vec![(place, why)],
        }
    }

    fn check(&self, pointer: &str, value: &Value) -> Vec<Misfit> {
        match self.validator(&json!({ "$ref": format!("{BASE}#{pointer}") })) {
            Ok(validator) => validator
                .iter_errors(value)
                .map(|err| (err.instance_path().to_string(), short(&err.to_string())))
                .collect(),
            Err(why) => vec![(String::new(), why)],
        }
    }

    /// The validator of a schema, made when it is first needed.
    fn validator(&self, schema: &Value) -> Result<Arc<Validator>, String> {
        let key = schema.to_string();
        let mut known = self.validators.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(validator) = known.get(&key) {
            return Ok(Arc::clone(validator));
        }
        let registry = self.registry.as_ref().ok_or("the description can't be used")?;
        let validator = jsonschema::options()
            .with_draft(Draft::Draft7)
            .with_registry(registry)
            .should_validate_formats(true)
            .build(schema)
            .map_err(|err| format!("the description has no usable schema: {err}"))?;
        let validator = Arc::new(validator);
        known.insert(key, Arc::clone(&validator));
        Ok(validator)
    }
}

fn operations(document: &Value) -> Vec<Operation> {
    let described = document["operations"].as_object().into_iter().flatten();
    described.map(|(id, it)| operation(document, id, it)).collect()
}

fn operation(document: &Value, id: &str, it: &Value) -> Operation {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let deref = |value: &Value| resolve(document, value).clone();
    let segment = |part: &str| match part.strip_prefix('{').and_then(|it| it.strip_suffix('}')) {
        Some(name @ ("ref" | "branch" | "basehead")) => Segment::Many(name.to_owned()),
        Some(name) => Segment::One(name.to_owned()),
        None => Segment::Literal(part.to_owned()),
    };
    let parameter = |value: &Value| {
        let value = deref(value);
        Parameter {
            name: text(&value["name"]),
            query: value["in"] == "query",
            required: value["required"] == true,
            schema: deref(&value["schema"]),
        }
    };
    let parameters: Vec<_> = it["parameters"].as_array().into_iter().flatten().collect();
    let answer = |(status, value): (&String, &Value)| {
        let has_body = deref(value)["content"].get("application/json").is_some();
        status.parse().ok().map(|status| (status, has_body))
    };
    Operation {
        id: id.to_owned(),
        method: text(&it["method"]),
        segments: text(&it["path"]).trim_matches('/').split('/').map(segment).collect(),
        parameters: parameters
            .into_iter()
            .map(parameter)
            .filter(|it| it.query || !it.schema.is_null())
            .collect(),
        body: it["requestBody"]["content"]
            .get("application/json")
            .map(|_| it["requestBody"]["required"] == true),
        answers: it["responses"].as_object().into_iter().flatten().filter_map(answer).collect(),
    }
}

/// What a value refers to, if it is a reference.
fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    value["$ref"]
        .as_str()
        .and_then(|target| document.pointer(target.strip_prefix(BASE)?.strip_prefix('#')?))
        .unwrap_or(value)
}

fn matches(segments: &[Segment], parts: &[&str], params: &mut BTreeMap<String, String>) -> bool {
    let Some((first, segments)) = segments.split_first() else { return parts.is_empty() };
    let Some((part, rest)) = parts.split_first() else { return false };
    match first {
        Segment::Literal(text) => text == part && matches(segments, rest, params),
        Segment::One(name) => {
            params.insert(name.clone(), decode(part));
            !part.is_empty() && matches(segments, rest, params)
        }
        Segment::Many(name) => (1..=parts.len()).any(|count| {
            let (taken, rest) = parts.split_at(count);
            params.insert(name.clone(), decode(&taken.join("/")));
            matches(segments, rest, params)
        }),
    }
}

/// A part of a path with its escapes undone; a plus is a plus there.
pub(crate) fn decode(part: &str) -> String {
    let query = format!("x={}", part.replace('+', "%2B").replace('&', "%26"));
    url::form_urlencoded::parse(query.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// A name as one step of a JSON pointer in a URI's fragment.
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// A message without the whole value in it.
fn short(message: &str) -> String {
    match message.char_indices().nth(600) {
        Some((end, _)) => {
            let tail: String = {
                let mut last: Vec<char> = message.chars().rev().take(200).collect();
                last.reverse();
                last.into_iter().collect()
            };
            format!("{}…{tail}", message.get(..end.min(300)).unwrap_or_default())
        }
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests;
