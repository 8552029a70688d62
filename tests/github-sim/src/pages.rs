//! The site, as far as a browser needs it.

use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::{Method, StatusCode};

use crate::sim::Sim;

pub(crate) async fn answer(
    _sim: &Sim,
    _method: &Method,
    _path: &str,
    _query: &str,
    _body: &Bytes,
) -> Response {
    StatusCode::NOT_FOUND.into_response()
}
