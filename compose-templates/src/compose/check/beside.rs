//! Reading files, within what may be read of them in all.

use std::borrow::Cow;

use super::{Check, Field};
use crate::complaint::CauseKind;
use crate::compose::units;
use crate::load::{Reading, TEMPLATE};
use crate::render::{Places, Rendered, TemplateError, render};
use crate::yaml::{self, At, Node, Wrong};

/// The text of a compose file; where that was a template, with the way back to
/// its places.
pub(crate) struct Text<'t> {
    text: Cow<'t, str>,
    places: Option<Places>,
}

impl Text<'_> {
    pub(crate) fn into_owned(self) -> Text<'static> {
        Text { text: Cow::Owned(self.text.into_owned()), places: self.places }
    }

    /// Its tree, as that of the file with this index.
    pub(crate) fn parse(&self, file: usize, reading: Reading) -> Result<Node, Wrong> {
        yaml::parse_from(&self.text, file, self.places.as_ref(), reading)
    }
}

impl Check<'_> {
    /// The text of the file with this index, rendered if it is a template.
    pub(crate) fn text_of<'t>(&mut self, file: usize, text: &'t str) -> Option<Text<'t>> {
        let origin = self.origins.get(file)?;
        if !origin.path.ends_with(TEMPLATE) {
            return Some(Text { text: Cow::Borrowed(text), places: None });
        }
        // The reader of YAML leaves it out, and would count otherwise.
        let template = text.strip_prefix('\u{feff}').unwrap_or(text);
        match render(template, &origin.variables) {
            Ok(Rendered { text, places }) => {
                Some(Text { text: Cow::Owned(text), places: Some(places) })
            }
            Err(wrong) => {
                for TemplateError { line, column, message } in wrong {
                    self.refuse(At { file, line, column }, message);
                }
                None
            }
        }
    }

    /// `path` as written at a place, from the root that files are read from, or
    /// absolute.
    pub(crate) fn resolve(&self, at: At, path: &str) -> String {
        units::join(self.origins.get(at.file).map_or("", |origin| &origin.folder), path)
    }

    /// The contents of a file that need not be there.
    pub(crate) fn contents_if_any(&mut self, field: &Field<'_>, path: &str) -> Option<Vec<u8>> {
        if self.budget == 0 {
            return None;
        }
        let bytes = self.beside.read(path).ok()?;
        self.charge(field, bytes)
    }

    fn charge(&mut self, field: &Field<'_>, bytes: Vec<u8>) -> Option<Vec<u8>> {
        self.budget = self.budget.saturating_sub(bytes.len());
        if self.budget == 0 {
            let message = "the files that this one names are larger than 32 MiB in all";
            self.refuse(field.at(), message);
            return None;
        }
        Some(bytes)
    }

    /// The contents of the file that `field` names, in the words of `written`.
    pub(crate) fn contents(
        &mut self,
        field: &Field<'_>,
        path: &str,
        written: &str,
    ) -> Option<Vec<u8>> {
        if self.budget == 0 {
            return None;
        }
        match self.beside.read(path) {
            Ok(bytes) => self.charge(field, bytes),
            Err(error) => {
                let why = if error.kind() == std::io::ErrorKind::NotFound {
                    "there is no such file".to_owned()
                } else {
                    error.to_string()
                };
                let message = format!("`{}` names `{written}`, but {why}", field.path);
                self.refuse_as(field.at(), CauseKind::File, field.path, message);
                None
            }
        }
    }
}
