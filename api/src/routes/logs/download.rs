//! Output as a file.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use berth_domain::ids::StackId;
use berth_store::Pool;
use berth_store::logs::{self, Filter, Line};
use bytes::Bytes;
use chrono::SecondsFormat;
use futures_util::stream;
use http::{HeaderValue, header};

use super::query::read;
use crate::auth::Viewer;
use crate::extract::Path;
use crate::problem::Result;
use crate::state::ApiState;
use crate::types::ContainerLogQuery;

/// How many lines are read at once.
const AT_ONCE: i64 = 5000;

/// Download what containers wrote
///
/// A line each: when it was written, the service, the task, what it says. What is
/// written after the download began is not in it.
#[utoipa::path(
    get,
    path = "/api/v1/stacks/{name}/logs/download",
    tag = "logs",
    params(("name" = String, Path, description = "The stack's name"), ContainerLogQuery),
    responses((status = 200, description = "The lines, the oldest first", body = String, content_type = "text/plain; charset=utf-8")),
)]
pub(crate) async fn download_logs(
    State(state): State<ApiState>,
    _viewer: Viewer,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response> {
    let filter = read(query.as_deref().unwrap_or_default()).without_position()?;
    let stack = logs::stack_named(&state.pool, &name).await?;
    let end = logs::head(&state.pool, stack).await?;
    let part = Part { pool: state.pool.clone(), stack, filter, sent: 0, end };
    let parts = stream::try_unfold(Some(part), async |part| match part {
        Some(part) => part.next().await,
        None => Ok::<_, berth_store::Error>(None),
    });
    let mut response = Body::from_stream(Box::pin(parts)).into_response();
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // A stack's name is a DNS label: nothing in it ends the quotes.
    if let Ok(value) = HeaderValue::try_from(format!("attachment; filename=\"{name}.log\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

/// What is left to send.
struct Part {
    pool: Pool,
    stack: StackId,
    filter: Filter,
    sent: i64,
    /// The last line that was there when the download began.
    end: i64,
}

impl Part {
    /// The next lines, and what is left after them.
    async fn next(mut self) -> berth_store::Result<Option<(Bytes, Option<Self>)>> {
        let Self { pool, stack, filter, sent, end } = &self;
        let lines = logs::after(pool, *stack, filter, *sent, AT_ONCE).await?;
        let full = lines.len() >= usize::try_from(AT_ONCE).unwrap_or(usize::MAX);
        let last = lines.last().map(|line| line.id);
        let text: String = lines.iter().take_while(|line| line.id <= *end).map(written).collect();
        let more = last.filter(|last| full && last < end);
        Ok(Some((
            text.into(),
            more.map(|last| {
                self.sent = last;
                self
            }),
        )))
    }
}

fn written(line: &Line) -> String {
    let at = line.at.to_rfc3339_opts(SecondsFormat::Micros, true);
    format!("{at} {} {} {}\n", line.service, line.task, line.text)
}
