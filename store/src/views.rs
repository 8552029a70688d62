//! Reads for the API: rows joined and shaped as lists show them. No decisions
//! rest on these; whoever decides reads the tables' own modules.
//!
//! Lists are read a page at a time: `after` is the sort key of the last item of
//! the page before, and `limit + 1` rows come back where there is another page.

pub mod deliveries;
pub mod deployments;
pub mod events;
pub mod github;
pub mod rules;
pub mod stacks;
