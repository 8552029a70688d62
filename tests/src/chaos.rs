//! Chaos: the real program, killed at each of its fail points and put among
//! replicas that fail, must leave everything as it should be.
//!
//! ```text
//! points     the places to die at, as the program lists them
//! site       a world whose Berth may die at any moment
//! scenario   what is going on when it does
//! verdict    what is not as it should be, by Docker's, GitHub's and Berth's word
//! crash      scenarios times points
//! report     the table, and the line of JSON
//! replicas   three of them on one Postgres, and schedules of what fails
//! ```

pub mod crash;
mod points;
pub mod replicas;
mod report;
mod scenario;
mod site;
mod verdict;

pub use self::report::Summary;
