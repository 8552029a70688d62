//! The path by which people know a value: `services.web.ports[0]`.
//!
//! Every value has one, and only complaints need it: so it is the steps that
//! were taken, and becomes words where it is shown.

use std::fmt;

/// A path, from the root of a file to a value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Path<'p> {
    above: Option<&'p Self>,
    step: Step<'p>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'p> {
    Key(&'p str),
    Item(usize),
}

impl<'p> Path<'p> {
    /// The path that reads so.
    pub(crate) const fn new(written: &'p str) -> Self {
        Self { above: None, step: Step::Key(written) }
    }

    /// That of a key's value below this one.
    pub(crate) const fn key(&'p self, key: &'p str) -> Self {
        Self { above: Some(self), step: Step::Key(key) }
    }

    /// That of an item below this one.
    pub(crate) const fn item(&'p self, index: usize) -> Self {
        Self { above: Some(self), step: Step::Item(index) }
    }

    /// Whether it is the root's, which has no words.
    fn is_root(&self) -> bool {
        matches!(self.step, Step::Key("")) && self.above.is_none_or(Self::is_root)
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(above) = self.above.filter(|above| !above.is_root()) {
            above.fmt(f)?;
            if matches!(self.step, Step::Key(_)) {
                f.write_str(".")?;
            }
        }
        match self.step {
            Step::Key(key) => f.write_str(key),
            Step::Item(index) => write!(f, "[{index}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_as_people_write_it() {
        let root = Path::new("");
        assert_eq!(root.to_string(), "");
        let services = root.key("services");
        let web = services.key("web");
        let ports = web.key("ports");
        assert_eq!(ports.item(2).key("target").to_string(), "services.web.ports[2].target");
        assert_eq!(root.item(0).to_string(), "[0]");
        assert_eq!(Path::new("include").item(1).to_string(), "include[1]");
        assert_eq!(root.key("").key("web").to_string(), "web");
        assert_eq!(services.key("").key("image").to_string(), "services..image");
    }
}
