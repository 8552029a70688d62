//! State.
/// State.
#[derive(Debug, Clone)]
pub struct ApiState;
