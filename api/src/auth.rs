//! Who asks, and what they may do.
use axum::extract::FromRequestParts;
use http::request::Parts;
use crate::problem::Problem;
use crate::state::ApiState;

/// The session cookie's name.
pub const COOKIE: &str = "berth_session";

macro_rules! who {
    ($name:ident) => {
        #[derive(Debug)]
        /// Who.
        pub struct $name;
        impl FromRequestParts<ApiState> for $name {
            type Rejection = Problem;
            async fn from_request_parts(_: &mut Parts, _: &ApiState) -> Result<Self, Problem> {
                Err(Problem::unauthorized(""))
            }
        }
    };
}
who!(Viewer);
who!(Operator);
who!(Admin);
