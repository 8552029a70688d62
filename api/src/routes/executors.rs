//! Where executors report, and hear what to remove.

use axum::Json;
use axum::extract::State;
use berth_domain::ids::StackName;
use berth_domain::node::{self, Item};
use berth_store::executors;

use crate::auth::Executor;
use crate::extract::{Json as Body, Path};
use crate::problem::{FieldError, Problem, Result};
use crate::state::ApiState;
use crate::types::{
    ItemKind, NodeContainer, NodeFailure, NodeImage, NodeItem, NodePlan, NodeReport, NodeVolume,
    NodeWork, PlannedItem,
};

/// The largest report: a node with thousands of volumes has one of some 100 KiB.
pub(crate) const REPORT_MAX: usize = 8 << 20;

/// Say what is on a node
///
/// For executors alone, with the token that their service has. The answer is what
/// to remove there now.
#[utoipa::path(
    post,
    path = "/api/v1/nodes/{id}/report",
    tag = "executors",
    params(("id" = String, Path, description = "Docker's id of the node")),
    request_body = NodeReport,
    responses(
        (status = 200, description = "What to remove", body = NodeWork),
        (status = 404, description = "The Swarm has no such node, as far as Berth knows yet"),
    ),
)]
pub(crate) async fn report_node(
    State(state): State<ApiState>,
    _executor: Executor,
    Path(id): Path<String>,
    Body(report): Body<NodeReport>,
) -> Result<Json<NodeWork>> {
    let told = read(report)?;
    let items = executors::report(&state.pool, &id, &told).await?;
    Ok(Json(NodeWork { items: items.into_iter().map(shown).collect() }))
}

fn stack(text: &str, pointer: &str) -> Result<StackName> {
    StackName::parse(text).map_err(|wrong| {
        let detail = wrong.to_string();
        Problem::invalid(vec![FieldError { pointer: pointer.to_owned(), detail }])
    })
}

fn read(report: NodeReport) -> Result<executors::Told> {
    let NodeReport { hostname, version, volumes, containers, images, failures } = report;
    let volumes = volumes.into_iter().map(|NodeVolume { name, stack: of }| {
        Ok(node::NodeVolume { name, stack: stack(&of, "/volumes")? })
    });
    let containers = containers.into_iter().map(|NodeContainer { id, stack: of, service }| {
        Ok(node::NodeContainer { id, stack: stack(&of, "/containers")?, service })
    });
    let images = images.into_iter().map(|NodeImage { name, stack: of, keys }| {
        let stack = of.map(|of| stack(&of, "/images")).transpose()?;
        Ok(node::NodeImage { name, stack, keys })
    });
    let failures = failures
        .into_iter()
        .map(|NodeFailure { item, why }| Ok(executors::Failure { item: parse(item)?, why }));
    Ok(executors::Told {
        report: node::NodeReport {
            volumes: volumes.collect::<Result<_>>()?,
            containers: containers.collect::<Result<_>>()?,
            images: images.collect::<Result<_>>()?,
        },
        failures: failures.collect::<Result<_>>()?,
        hostname,
        version,
    })
}

fn parse(item: NodeItem) -> Result<Item> {
    let NodeItem { kind, name, stack: of } = item;
    let pointer = "/failures";
    let required = || stack(of.as_deref().unwrap_or_default(), pointer);
    Ok(match kind {
        ItemKind::Volume => Item::Volume { name, stack: required()? },
        ItemKind::Container => Item::Container { id: name, stack: required()? },
        ItemKind::Image => {
            let stack = of.map(|of| stack(&of, pointer)).transpose()?;
            Item::Image { name, stack }
        }
    })
}

/// An item as the wire has it.
fn shown(item: Item) -> NodeItem {
    let stack = item.stack().map(ToString::to_string);
    let (kind, name) = match item {
        Item::Volume { name, .. } => (ItemKind::Volume, name),
        Item::Container { id, .. } => (ItemKind::Container, id),
        Item::Image { name, .. } => (ItemKind::Image, name),
    };
    NodeItem { kind, name, stack }
}

/// What is to be removed on a node, as the wire has it.
pub(super) fn plan(executor: executors::Executor) -> NodePlan {
    let executors::Executor { node, told, reported_at, silent, plan } = executor;
    let items = plan.into_iter().map(|executors::Planned { item, since, due }| {
        let failure = told.failures.iter().find(|it| it.item == item).map(|it| it.why.clone());
        PlannedItem { item: shown(item), since, due, failure }
    });
    NodePlan {
        id: node,
        items: items.collect(),
        hostname: told.hostname,
        version: told.version,
        reported_at,
        silent,
    }
}
