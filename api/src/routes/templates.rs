//! The catalogue of compose files to start from, and the schema to write one by.

use axum::Json;
use berth_compose_templates::catalogue::{self, Kind, Variable, WrongValue};
use berth_compose_templates::schema;
use berth_domain::deployment;
use rand::Rng as _;

use crate::auth::Viewer;
use crate::extract::{Json as Body, Path};
use crate::problem::{FieldError, Problem, Result};
use crate::types::{
    Place, Remark, RenderedTemplate, Template, TemplatePage, TemplateSummary, TemplateValues,
    TemplateVariable, VariableType,
};

/// List the catalogue's templates
#[utoipa::path(
    get,
    path = "/api/v1/templates",
    tag = "templates",
    responses((status = 200, description = "The whole catalogue", body = TemplatePage)),
)]
pub(crate) async fn list_templates(_viewer: Viewer) -> Json<TemplatePage> {
    let items = catalogue::templates().iter().map(|template| TemplateSummary {
        name: template.name.clone(),
        title: template.title.clone(),
        description: template.description.clone(),
    });
    Json(TemplatePage { items: items.collect(), next_cursor: None })
}

/// Read a template
#[utoipa::path(
    get,
    path = "/api/v1/templates/{name}",
    tag = "templates",
    params(("name" = String, Path, description = "The template's name")),
    responses((status = 200, description = "The template", body = Template)),
)]
pub(crate) async fn get_template(
    _viewer: Viewer,
    Path(name): Path<String>,
) -> Result<Json<Template>> {
    let template = find(&name)?;
    Ok(Json(Template {
        name: template.name.clone(),
        title: template.title.clone(),
        description: template.description.clone(),
        variables: template.variables.iter().map(variable).collect(),
        text: template.text().to_owned(),
    }))
}

/// Render a template
///
/// Nothing is kept. The file names its secrets; what was given for them is
/// checked and not shown again.
#[utoipa::path(
    post,
    path = "/api/v1/templates/{name}/render",
    tag = "templates",
    params(("name" = String, Path, description = "The template's name")),
    request_body = TemplateValues,
    responses((status = 200, description = "The compose file, and what Berth would say of it", body = RenderedTemplate)),
)]
pub(crate) async fn render_template(
    _viewer: Viewer,
    Path(name): Path<String>,
    Body(given): Body<TemplateValues>,
) -> Result<Json<RenderedTemplate>> {
    let template = find(&name)?;
    let seed: [u8; 32] = rand::rng().random();
    let filled = template.fill(&given.values, &seed).map_err(refused)?;
    let (notes, complaints) = match filled.check() {
        Ok(notes) => (notes, Vec::new()),
        Err(complaints) => (Vec::new(), complaints),
    };
    Ok(Json(RenderedTemplate {
        secrets: filled.secrets.into_keys().collect(),
        compose: filled.text,
        notes: notes.into_iter().map(|note| remark(note.place, note.message)).collect(),
        complaints: complaints.into_iter().map(|it| remark(it.place, it.message)).collect(),
    }))
}

/// The JSON Schema of compose files with `x-berth`
#[utoipa::path(
    get,
    path = "/api/v1/schema/compose.json",
    tag = "templates",
    responses((status = 200, description = "A JSON Schema, draft 2020-12", body = serde_json::Value)),
)]
pub(crate) async fn get_compose_schema(_viewer: Viewer) -> Json<&'static serde_json::Value> {
    Json(schema::compose())
}

fn find(name: &str) -> Result<&'static catalogue::Template> {
    catalogue::template(name).ok_or_else(|| Problem::not_found("template"))
}

fn variable(variable: &Variable) -> TemplateVariable {
    let (values, bounds) = match &variable.kind {
        Kind::Enum { values } => (values.clone(), None),
        Kind::Int { min, max } => (Vec::new(), Some((*min, *max))),
        Kind::String
        | Kind::Bool
        | Kind::Host
        | Kind::Image
        | Kind::Port
        | Kind::Duration
        | Kind::Size
        | Kind::Secret => (Vec::new(), None),
    };
    TemplateVariable {
        name: variable.name.clone(),
        r#type: VariableType::from_word(variable.kind.word()).unwrap_or(VariableType::String),
        default: variable.default.clone(),
        required: variable.required,
        secret: variable.is_secret(),
        description: variable.description.clone(),
        values,
        min: bounds.map(|(min, _)| min),
        max: bounds.map(|(_, max)| max),
    }
}

fn refused(wrong: Vec<WrongValue>) -> Problem {
    let errors = wrong.into_iter().map(|WrongValue { name, message }| FieldError {
        pointer: name.map_or_else(
            || "/values".to_owned(),
            |name| format!("/values/{}", name.replace('~', "~0").replace('/', "~1")),
        ),
        detail: format!("{message}."),
    });
    Problem::invalid(errors.collect())
}

fn remark(place: Option<deployment::Place>, message: String) -> Remark {
    let place = place.map(|deployment::Place { file, line, column }| Place { file, line, column });
    Remark { place, message }
}
