//! What goes over the wire: the JSON of requests and answers, and its schema.
//!
//! The types here are the API's contract (`frontend/openapi/openapi.json` is
//! generated from them) and nothing else: what they mean lives in `domain`, how
//! they are stored in `store`.

mod cluster;
mod deliveries;
mod deployments;
mod dry_runs;
mod events;
mod executors;
mod github;
mod instance;
mod logs;
mod members;
mod people;
mod registries;
mod rules;
mod stacks;
mod status;
mod templates;

pub use self::cluster::*;
pub use self::deliveries::*;
pub use self::deployments::*;
pub use self::dry_runs::*;
pub use self::events::*;
pub use self::executors::*;
pub use self::github::*;
pub use self::instance::*;
pub use self::logs::*;
pub use self::members::*;
pub use self::people::*;
pub use self::registries::*;
pub use self::rules::*;
pub use self::stacks::*;
pub use self::status::*;
pub use self::templates::*;

/// Declares the answer of a list: its items, and where the next ones start.
macro_rules! page {
    ($(#[$doc:meta])* $name:ident of $item:ty) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
        pub struct $name {
            /// The items, in the list's order.
            pub items: Vec<$item>,
            /// What to pass as `cursor` for the next ones; null at the end.
            #[schema(required = true)]
            pub next_cursor: Option<String>,
        }

        impl From<$crate::pagination::Page<$item>> for $name {
            fn from(page: $crate::pagination::Page<$item>) -> Self {
                Self { items: page.items, next_cursor: page.next_cursor }
            }
        }
    };
}
pub(crate) use page;

/// Declares an enum of words, and how it reads from the word that `store` has.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:tt),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// The value that `word` stands for.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }

            /// The word used in JSON and SQL.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }
    };
}
pub(crate) use words;
