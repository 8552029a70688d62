//! Pages of lists: opaque cursors and limits.
//!
//! A cursor is the sort key of a page's last item, as JSON in base64url: the
//! next page starts after it, whatever was added or removed in between.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::problem::{Problem, Result};

/// How many items a page has where nobody says.
pub const DEFAULT_LIMIT: u16 = 50;
/// How many items a page may have.
pub const MAX_LIMIT: u16 = 100;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next page starts, if there is one.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A list that is never longer than a page.
    #[must_use]
    pub const fn whole(items: Vec<T>) -> Self {
        Self { items, next_cursor: None }
    }

    /// A page out of up to `limit + 1` rows: one more than asked for says that
    /// there is another page, which starts after the last item of this one.
    pub fn cut<R, K: Serialize>(
        mut rows: Vec<R>,
        limit: i64,
        key: impl Fn(&R) -> K,
        item: impl Fn(R) -> T,
    ) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = if more { rows.last().map(|row| encode(&key(row))) } else { None };
        Self { items: rows.into_iter().map(item).collect(), next_cursor }
    }
}

/// How many items to read for a page: what was asked for, within `max`.
///
/// # Errors
///
/// 400 where it is 0 or more than `max`.
pub fn limit(asked: Option<u16>, default: u16, max: u16) -> Result<i64> {
    match asked.unwrap_or(default) {
        limit if (1..=max).contains(&limit) => Ok(i64::from(limit)),
        _ => Err(Problem::invalid_request(format!("`limit` goes from 1 to {max}."))),
    }
}

/// A sort key as a cursor.
fn encode(key: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(key).unwrap_or_default())
}

/// The sort key in a cursor.
///
/// # Errors
///
/// 400 where it is not one that this list handed out.
pub fn decode<K: DeserializeOwned>(cursor: Option<&str>) -> Result<Option<K>> {
    cursor
        .map(|cursor| {
            let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
            bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).ok_or_else(|| {
                Problem::invalid_request(
                    "`cursor` is not one that this list gave. Start again without it.",
                )
            })
        })
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_where_the_next_one_starts_only_if_there_is_one() {
        let cut = |n: i32| Page::cut((1..=n).collect::<Vec<_>>(), 2, |row| *row, |row| row);
        assert_eq!(cut(2).next_cursor, None);
        let page = cut(3);
        assert_eq!(page.items, [1, 2]);
        assert_eq!(decode::<i32>(page.next_cursor.as_deref()).unwrap(), Some(2));
    }

    #[test]
    fn a_foreign_cursor_is_refused() {
        for bad in ["", "!!", "bnVsbA=="] {
            assert!(decode::<i32>(Some(bad)).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_limit_is_from_1_to_100() {
        assert_eq!(limit(None, DEFAULT_LIMIT, MAX_LIMIT).unwrap(), 50);
        assert_eq!(limit(Some(100), DEFAULT_LIMIT, MAX_LIMIT).unwrap(), 100);
        assert!(limit(Some(0), DEFAULT_LIMIT, MAX_LIMIT).is_err());
        assert!(limit(Some(101), DEFAULT_LIMIT, MAX_LIMIT).is_err());
    }
}
