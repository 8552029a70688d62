//! Berth as a whole: the real program, a real Swarm, a real Traefik, a real
//! Postgres, real git; only GitHub is simulated.

mod changes;
mod drift;
mod executor;
mod failing;
mod honest;
mod jobs;
mod lasting;
mod logs;
mod neighbours;
mod nodes;
mod outages;
mod policies;
mod previews;
mod registries;
mod replicas;
mod restarts;
mod routing;
mod stack;
mod templates;
