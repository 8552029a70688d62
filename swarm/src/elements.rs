//! A JSON list that comes in pieces, taken apart into its elements: of a list of
//! thousands of services, no more is held at once than one of them.

use serde::de::Error as _;
use serde_json::Error;

/// What is known of the list until now.
#[derive(Debug, Default)]
pub(crate) struct Elements {
    /// What has come of the element that is not complete yet.
    begun: Vec<u8>,
    /// How many brackets are open, the list's own among them.
    depth: usize,
    /// Within a text, and there behind a backslash.
    quoted: bool,
    escaped: bool,
    any: bool,
    ended: bool,
}

impl Elements {
    /// Takes the next piece, and hands on each element that it completes.
    pub(crate) fn feed(
        &mut self,
        piece: &[u8],
        mut with: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut rest = piece;
        let mut at = 0;
        while let Some(byte) = rest.get(at).copied() {
            at += 1;
            if self.quoted {
                self.quoted = self.escaped || byte != b'"';
                self.escaped = !self.escaped && byte == b'\\';
                continue;
            }
            match byte {
                _ if self.depth == 0 => {
                    match byte {
                        b'[' if !self.ended => self.depth = 1,
                        byte if byte.is_ascii_whitespace() => {}
                        _ => return Err(Error::custom("it is not one list")),
                    }
                    rest = rest.get(at..).unwrap_or_default();
                    at = 0;
                }
                b'"' => self.quoted = true,
                b'[' | b'{' => self.depth += 1,
                b',' | b']' if self.depth == 1 => {
                    let (element, next) = rest.split_at(at - 1);
                    self.ended = byte == b']';
                    self.complete(element, &mut with)?;
                    if self.ended {
                        self.depth = 0;
                    }
                    rest = next.get(1..).unwrap_or_default();
                    at = 0;
                }
                b']' | b'}' => self.depth -= 1,
                _ => {}
            }
        }
        if self.depth > 0 {
            self.begun.extend_from_slice(rest);
        }
        Ok(())
    }

    /// Whether nothing is missing.
    pub(crate) fn end(self) -> Result<(), Error> {
        if self.ended { Ok(()) } else { Err(Error::custom("the list has no end")) }
    }

    fn complete(
        &mut self,
        end: &[u8],
        with: &mut impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let blank = |part: &[u8]| part.iter().all(u8::is_ascii_whitespace);
        if self.ended && !self.any && blank(&self.begun) && blank(end) {
            return Ok(());
        }
        self.any = true;
        if self.begun.is_empty() {
            return with(end);
        }
        self.begun.extend_from_slice(end);
        with(&self.begun)?;
        self.begun.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<Value>, Error> {
        let mut elements = Elements::default();
        let mut all = Vec::new();
        for piece in pieces {
            elements.feed(piece, |element| {
                all.push(serde_json::from_slice(element)?);
                Ok(())
            })?;
        }
        elements.end()?;
        Ok(all)
    }

    #[test]
    fn what_is_not_one_whole_list_is_refused() {
        for text in ["", "{}", "null", "[", "[1", "[1,]", "[,]", "[1}", "[1]]", "[1][2]", "[\"]"] {
            assert!(read([text.as_bytes()]).is_err(), "{text}");
        }
        for text in ["[]", " [ ] ", "[ 1 ]\n"] {
            assert!(read([text.as_bytes()]).is_ok(), "{text}");
        }
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::from),
            r#"[\[\]{},"\\a ]{0,6}"#.prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[a\"\\\\}]{1,2}", inner, 0..3)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn wherever_a_list_is_cut_its_elements_are_the_same(
            list in prop::collection::vec(any_value(), 0..5),
            pretty in any::<bool>(),
            size in 1..40_usize,
        ) {
            let text = if pretty {
                serde_json::to_string_pretty(&list)
            } else {
                serde_json::to_string(&list)
            };
            let text = text.unwrap();
            prop_assert_eq!(read(text.as_bytes().chunks(size)).unwrap(), list);
        }
    }
}
