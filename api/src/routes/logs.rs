//! What containers wrote, as it is stored: any replica can tell.

pub(crate) mod download;
mod query;
pub(crate) mod stream;

use axum::Json;
use axum::extract::{RawQuery, State};
use berth_domain::ids::StackId;
use berth_domain::log::Level;
use berth_store::logs::{self, Filter, Line, Trouble};

use self::query::{Around, read};
use crate::auth::Viewer;
use crate::extract::Path;
use crate::problem::Result;
use crate::state::ApiState;
use crate::types::{
    ContainerLine, ContainerLogPage, ContainerLogQuery, LogLevel, LogOutput, LogPosition,
    LogTrouble,
};

/// Read what containers wrote
///
/// Lines are in the order they were stored in, which is theirs in time but for
/// moments: lines of several nodes, and what a node that was away brings back.
/// Output outlives its containers, and its stack, for as long as it is kept.
#[utoipa::path(
    get,
    path = "/api/v1/stacks/{name}/logs",
    tag = "logs",
    params(("name" = String, Path, description = "The stack's name"), ContainerLogQuery, LogPosition),
    responses((status = 200, description = "The lines, the oldest first", body = ContainerLogPage)),
)]
pub(crate) async fn list_logs(
    State(state): State<ApiState>,
    _viewer: Viewer,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<ContainerLogPage>> {
    let asked = read(query.as_deref().unwrap_or_default()).with_position()?;
    let stack = logs::stack_named(&state.pool, &name).await?;
    let found = find(&state, stack, &asked.filter, asked.around, asked.limit).await?;
    // Of the newest lines, everything is told that is missing up to this moment.
    let last = found.lines.last().map(|line| line.at).filter(|_| found.newer);
    let since = found.lines.first().map(|line| line.at);
    let troubles = logs::troubles(&state.pool, stack, since, last).await?;
    Ok(Json(ContainerLogPage {
        lines: found.lines.into_iter().map(shape).collect(),
        older: found.older,
        newer: found.newer,
        kept_since: logs::kept_since(&state.pool, stack).await?,
        services: logs::services(&state.pool, stack).await?,
        troubles: troubles.into_iter().map(trouble).collect(),
    }))
}

/// Lines, and whether there are others on either side.
struct Found {
    lines: Vec<Line>,
    older: bool,
    newer: bool,
}

async fn find(
    state: &ApiState,
    stack: StackId,
    filter: &Filter,
    around: Around,
    limit: u16,
) -> Result<Found> {
    let limit = i64::from(limit);
    let pool = &state.pool;
    // One more than asked for says that there are others.
    Ok(match around {
        Around::Newest | Around::Before(_) => {
            let (id, newer) = match around {
                Around::Before(id) => (id, true),
                Around::Newest | Around::After(_) | Around::Line(_) => (i64::MAX, false),
            };
            let lines = logs::before(pool, stack, filter, id, limit + 1).await?;
            let (lines, older) = without_first(lines, limit);
            Found { lines, older, newer }
        }
        Around::After(id) => {
            let lines = logs::after(pool, stack, filter, id, limit + 1).await?;
            let (lines, newer) = without_last(lines, limit);
            Found { lines, older: true, newer }
        }
        Around::Line(id) => {
            let half = limit / 2;
            let before = logs::before(pool, stack, filter, id, half + 1).await?;
            let (mut lines, older) = without_first(before, half);
            let after = logs::after(pool, stack, filter, id - 1, limit - half + 1).await?;
            let (after, newer) = without_last(after, limit - half);
            lines.extend(after);
            Found { lines, older, newer }
        }
    })
}

/// The last `most` lines, and whether there were more.
fn without_first(mut lines: Vec<Line>, most: i64) -> (Vec<Line>, bool) {
    let most = usize::try_from(most).unwrap_or_default();
    let more = lines.len() > most;
    (lines.split_off(lines.len().saturating_sub(most)), more)
}

/// The first `most` lines, and whether there were more.
fn without_last(mut lines: Vec<Line>, most: i64) -> (Vec<Line>, bool) {
    let most = usize::try_from(most).unwrap_or_default();
    let more = lines.len() > most;
    lines.truncate(most);
    (lines, more)
}

fn shape(line: Line) -> ContainerLine {
    ContainerLine {
        id: line.id.to_string(),
        at: line.at,
        service: line.service,
        task: line.task,
        node: line.node,
        stream: if line.stderr { LogOutput::Stderr } else { LogOutput::Stdout },
        level: line.level.map(|level| match level {
            Level::Error => LogLevel::Error,
            Level::Warn => LogLevel::Warn,
            Level::Info => LogLevel::Info,
            Level::Debug => LogLevel::Debug,
        }),
        text: line.text,
    }
}

fn trouble(trouble: Trouble) -> LogTrouble {
    let Trouble { service, node, since, message } = trouble;
    LogTrouble { service, node, since, message }
}

/// What is missing lately.
async fn lately(state: &ApiState, stack: StackId) -> Result<Vec<LogTrouble>> {
    let troubles = logs::troubles(&state.pool, stack, None, None).await?;
    Ok(troubles.into_iter().map(trouble).collect())
}
