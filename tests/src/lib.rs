//! The test kit: the real `berth` program, a real Traefik on a real Swarm, real
//! git, and a GitHub simulator, put together as a world of one test's own. The
//! demo is the same world with a person in front of it.
//!
//! It knows none of the crates under test: it runs the program and talks to it
//! as a user would.

pub mod berth;
pub mod chaos;
pub mod control;
pub mod docker;
pub mod git;
pub mod hostile;
pub mod http;
pub mod nodes;
pub mod proxy;
pub mod registry;
pub mod scene;
pub mod steps;
pub mod tls;
pub mod traefik;
pub mod wait;
pub mod world;
