//! Several files as one project: what each of compose v2's rules makes of them.

use std::collections::BTreeMap;
use std::io;

use berth_domain::stack::StackSpec;

use crate::load::{Settings, Source, Variables, load};
use crate::stack::tests::context;
use crate::{Complaint, Note, StackContext};

mod files;
mod merging;

/// Files by path; the main ones are those of `main`.
struct Repository(BTreeMap<&'static str, String>);

impl Repository {
    fn new<const N: usize>(files: [(&'static str, &str); N]) -> Self {
        Self(files.map(|(path, text)| (path, text.to_owned())).into())
    }

    fn load(
        &self,
        main: &[&str],
        variables: &[(&str, &str)],
        profiles: &[&str],
    ) -> Result<(StackSpec, Vec<Note>), Vec<Complaint>> {
        let sources: Vec<Source> = main
            .iter()
            .map(|path| Source { path: (*path).to_owned(), text: self.0[*path].clone() })
            .collect();
        let beside = |path: &str| match self.0.get(path) {
            Some(text) => Ok(text.clone().into_bytes()),
            None => Err(io::Error::from(io::ErrorKind::NotFound)),
        };
        let variables: Variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let profiles = profiles.iter().map(|profile| (*profile).to_owned()).collect();
        let settings = Settings { profiles, ..Settings::default() };
        let context = StackContext { bind_root: Some("/srv".to_owned()), ..context() };
        load(&sources, &beside, &variables, &settings)?.to_stack(&context)
    }

    fn good(&self, main: &[&str]) -> StackSpec {
        self.load(main, &[], &[]).unwrap().0
    }

    fn refused(&self, main: &[&str]) -> String {
        let complaints = self.load(main, &[], &[]).expect_err("must be refused");
        complaints.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }
}

/// The service `a` of one file over another.
fn over(base: &str, later: &str) -> berth_domain::stack::ServiceSpec {
    let text = |service: &str| format!("services:\n  a: {service}\nvolumes: {{v: , w: }}\n");
    let files = Repository(
        [
            ("1.yml", text(&format!("{{image: x, {base}}}"))),
            ("2.yml", text(&format!("{{{later}}}"))),
        ]
        .into(),
    );
    files.good(&["1.yml", "2.yml"]).services["a"].clone().into_inner()
}
