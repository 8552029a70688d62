//! [`Map`]: a map that takes no more room than what is in it.
//!
//! For the many small maps of specs, of which a leader holds tens of thousands:
//! a node of a `BTreeMap` has room for eleven entries, most of these have two.
//! It is no map for thousands of entries: an insertion moves what comes after it.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut, Index};

use litemap::LiteMap;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A sorted list of keys and values. Written and read as a map, as `BTreeMap` is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Map<K, V>(LiteMap<K, V>);

impl<K, V> Map<K, V> {
    /// One with nothing in it.
    #[must_use]
    pub const fn new() -> Self {
        Self(LiteMap::new_vec())
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K, V> Default for Map<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V> Deref for Map<K, V> {
    type Target = LiteMap<K, V>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<K, V> DerefMut for Map<K, V> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for Map<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut entries = LiteMap::from_iter(entries).into_tuple_vec();
        entries.shrink_to_fit();
        Self(LiteMap::from_sorted_store_unchecked(entries))
    }
}

impl<K: Ord, V, const N: usize> From<[(K, V); N]> for Map<K, V> {
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<K: Ord, V> From<BTreeMap<K, V>> for Map<K, V> {
    fn from(entries: BTreeMap<K, V>) -> Self {
        entries.into_iter().collect()
    }
}

impl<K: Ord, V> Extend<(K, V)> for Map<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        self.0.extend(entries);
    }
}

impl<K, V> IntoIterator for Map<K, V> {
    type Item = (K, V);
    type IntoIter = std::vec::IntoIter<(K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, K, V> IntoIterator for &'a Map<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = <&'a LiteMap<K, V> as IntoIterator>::IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        (&self.0).into_iter()
    }
}

impl<K: Ord + Borrow<Q>, V, Q: Ord + ?Sized> Index<&Q> for Map<K, V> {
    type Output = V;

    /// # Panics
    ///
    /// If it has no such key, as every map does.
    fn index(&self, key: &Q) -> &V {
        self.get(key).expect("no entry found for key")
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for Map<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

impl<K: Serialize, V: Serialize> Serialize for Map<K, V> {
    // An empty `LiteMap` would be written as a list, and one of other keys too.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self)
    }
}

impl<'de, K: Deserialize<'de> + Ord, V: Deserialize<'de>> Deserialize<'de> for Map<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

/// Reads a [`Map`]'s entries.
struct Entries<K, V>(PhantomData<(K, V)>);

impl<'de, K: Deserialize<'de> + Ord, V: Deserialize<'de>> Visitor<'de> for Entries<K, V> {
    type Value = Map<K, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        std::iter::from_fn(|| map.next_entry().transpose()).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // Small, so that two are often the same, or nearly.
    fn trees() -> impl Strategy<Value = BTreeMap<String, u8>> {
        proptest::collection::btree_map("[a-c]{0,2}", 0..3_u8, 0..4)
    }

    proptest! {
        #[test]
        fn it_is_written_read_and_compared_as_a_tree_is(
            one in trees(),
            other in trees(),
        ) {
            let map = |tree: &BTreeMap<String, u8>| -> Map<String, u8> {
                tree.iter().rev().map(|(key, value)| (key.clone(), *value)).collect()
            };
            let text = serde_json::to_string(&one).expect("it is JSON");
            prop_assert_eq!(serde_json::from_str::<Map<_, _>>(&text).expect("a map"), map(&one));
            prop_assert_eq!(serde_json::to_string(&map(&one)).expect("it is JSON"), text);
            prop_assert_eq!(format!("{:?}", map(&one)), format!("{one:?}"));
            prop_assert_eq!(map(&one) == map(&other), one == other);
            prop_assert_eq!(map(&one).cmp(&map(&other)), one.cmp(&other));
        }
    }

    #[test]
    fn the_last_of_equal_keys_wins() {
        assert_eq!(Map::from([("a", 1), ("a", 2)]), Map::from([("a", 2)]));
        let read: Map<String, u8> = serde_json::from_str(r#"{"a":1,"a":2}"#).expect("a map");
        assert_eq!(read["a"], 2);
    }
}
