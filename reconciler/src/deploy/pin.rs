//! From tags to digests: what a release names is what runs, on every node and
//! after every restart, wherever its tags move meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use berth_domain::build::{Builder, Image};
use berth_domain::cluster::{Cluster, Desired};
use berth_domain::deployment::Reason;
use berth_domain::registry::{
    Answer, DOCKER_HUB, Found, OnRegistryFailure, Origin, host, is_exact, pinned,
};
use berth_domain::stack::{ServiceSpec, StackSpec};
use futures_util::stream::{self, StreamExt};

use super::cluster::away;
use super::{Run, StepError};
use crate::error::PassError;

/// Images that registries are asked for at once.
const PARALLEL: usize = 8;

/// An image, and all there is to know of it.
struct Asked<'a> {
    image: &'a str,
    /// The services that run it.
    services: &'a [&'a str],
    answer: Answer,
    /// Whether the node that we talk to has it; asked only where its registry
    /// did not say what it is.
    here: Option<Origin>,
    on_failure: OnRegistryFailure,
    /// What ran under this name so far.
    known: Option<&'a ServiceSpec>,
}

/// What is done about an image.
#[derive(Debug, PartialEq)]
enum Verdict {
    /// This runs, and where it is less than what was asked for, a word on it.
    Runs { image: String, platforms: Vec<(String, String)>, note: String },
    /// Somebody must change something first.
    Fails { code: &'static str, text: String },
    /// Another try may help.
    Waits(String),
}

impl<C: Cluster, B: Builder> Run<'_, C, B> {
    /// Has every service of `spec` name the digest that its image stands for
    /// now, and says what there is to say of it. What was `built` is named by
    /// what went into it already, and is in no registry.
    pub(super) async fn pin(
        &self,
        spec: &mut StackSpec,
        built: &[(String, Image)],
    ) -> Result<Vec<String>, StepError> {
        let built: BTreeSet<&str> = built.iter().map(|(service, _)| service.as_str()).collect();
        let mut wanted: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (name, service) in &spec.services {
            if !built.contains(name.as_str()) && !is_exact(&service.image) {
                wanted.entry(service.image.clone()).or_default().push(name);
            }
        }
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let last = self.last_release().await?;
        let mut asking = Vec::new();
        for (image, services) in &wanted {
            let known = last.as_deref().and_then(|last| known(last, image));
            asking.push(self.consider(image, services, known));
        }
        let mut verdicts = stream::iter(asking).buffered(PARALLEL);
        let mut images = BTreeMap::new();
        let (mut failed, mut waiting) = (Vec::new(), Vec::new());
        while let Some(verdict) = verdicts.next().await {
            match verdict? {
                (image, Verdict::Runs { image: exact, platforms, note }) => {
                    images.insert(image.to_owned(), (exact, platforms, note));
                }
                (image, Verdict::Fails { code, text }) => failed.push((code, text, image)),
                (_, Verdict::Waits(text)) => waiting.push(text),
            }
        }
        drop(verdicts);
        if let Some((code, _, image)) = failed.first() {
            let texts: Vec<&str> = failed.iter().map(|(_, text, _)| text.as_str()).collect();
            let (code, text) = ((*code).to_owned(), texts.join("\n"));
            let service = wanted.get(*image).and_then(|services| services.first());
            let place = service.and_then(|name| self.loaded.as_ref()?.image_place(name));
            return Err(StepError::Failed(Reason { code, text, place }));
        }
        if !waiting.is_empty() {
            return Err(StepError::Away(waiting.join("\n")));
        }
        for service in spec.services.values_mut() {
            let Some((image, platforms, _)) = images.get(&service.image) else { continue };
            service.image.clone_from(image);
            // What the file says of platforms holds.
            if service.placement.platforms.is_empty() {
                service.placement.platforms.clone_from(platforms);
            }
        }
        Ok(images.into_values().map(|(_, _, note)| note).filter(|note| !note.is_empty()).collect())
    }

    async fn consider<'a>(
        &self,
        image: &'a str,
        services: &[&str],
        known: Option<&ServiceSpec>,
    ) -> Result<(&'a str, Verdict), StepError> {
        let cluster = &self.engine.cluster;
        let unwell = |error| away(PassError::Observe(error));
        let answer = cluster.ask_registry(image).await.map_err(unwell)?;
        let here = match answer {
            Answer::Found(_) => None,
            Answer::NotFound | Answer::Denied { .. } | Answer::Unreachable { .. } => {
                cluster.local_image(image).await.map_err(unwell)?
            }
        };
        let on_failure = self.context.environment.on_registry_failure;
        Ok((image, judge(&Asked { image, services, answer, here, on_failure, known })))
    }

    /// What the stack is until this deployment's release.
    async fn last_release(&self) -> Result<Option<Box<StackSpec>>, StepError> {
        let Some(release) = self.stack.release else { return Ok(None) };
        match self.engine.release(release).await?.as_ref() {
            Desired::Present(spec) => Ok(Some(spec.clone())),
            Desired::Absent => Ok(None),
        }
    }
}

/// What `image` stood for in a release, where a registry said so.
fn known<'a>(last: &'a StackSpec, image: &str) -> Option<&'a ServiceSpec> {
    last.services.values().map(|service| &**service).find(|service| {
        !is_exact(&service.written_image)
            && service.image.split_once('@').is_some_and(|(tagged, _)| tagged == image)
    })
}

/// The table of `docs/adr/0014`.
fn judge(asked: &Asked<'_>) -> Verdict {
    let Asked { image, services, answer, here, on_failure, known } = asked;
    let registry = match host(image) {
        DOCKER_HUB => "Docker Hub".to_owned(),
        host => format!("the registry `{host}`"),
    };
    let of = services.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let as_it_is = || Verdict::Runs {
        image: (*image).to_owned(),
        platforms: Vec::new(),
        note: format!("`{image}` of {of} is in no registry: only nodes that have it can run it"),
    };
    match (answer, here) {
        (Answer::Found(Found { digest, platforms }), _) => Verdict::Runs {
            image: pinned(image, digest),
            platforms: platforms.clone(),
            note: String::new(),
        },
        // Nobody can have meant another one.
        (_, Some(Origin::Made))
        | (Answer::NotFound | Answer::Denied { logged_in: false, .. }, Some(Origin::Unknown)) => {
            as_it_is()
        }
        (Answer::NotFound, _) => Verdict::Fails {
            code: "image_not_found",
            text: format!("{registry} has no image `{image}`, which {of} asks for"),
        },
        (Answer::Denied { logged_in: true, message }, _) => Verdict::Fails {
            code: "registry_denied",
            text: format!(
                "{registry} refused the login that Berth has for it, and with it the image \
                 `{image}` of {of}; mend it in the settings, under Registries: {message}"
            ),
        },
        (Answer::Denied { logged_in: false, message }, _) => Verdict::Fails {
            code: "registry_denied",
            text: format!(
                "{registry} does not give the image `{image}` of {of} to strangers, or has none; \
                 add a login in the settings, under Registries: {message}"
            ),
        },
        (Answer::Unreachable { message }, _) => match (on_failure, known) {
            (OnRegistryFailure::UseKnown, Some(known)) => Verdict::Runs {
                image: known.image.clone(),
                platforms: known.placement.platforms.clone(),
                note: format!(
                    "{registry} does not answer: `{image}` of {of} stays what it was ({message})"
                ),
            },
            (OnRegistryFailure::Fail | OnRegistryFailure::UseKnown, _) => {
                let nothing = match on_failure {
                    OnRegistryFailure::Fail => "",
                    OnRegistryFailure::UseKnown => ", and no release says what it was before",
                };
                Verdict::Waits(format!(
                    "{registry} does not answer for the image `{image}` of {of}{nothing}: {message}"
                ))
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use berth_domain::shared::Shared;

    use super::*;

    const ANSWERS: [&str; 4] = ["not found", "denied", "login denied", "unreachable"];

    fn answer(word: &str) -> Answer {
        let message = "its words".to_owned();
        match word {
            "not found" => Answer::NotFound,
            "denied" => Answer::Denied { logged_in: false, message },
            "login denied" => Answer::Denied { logged_in: true, message },
            "unreachable" => Answer::Unreachable { message },
            _ => Answer::Found(Found {
                digest: "sha256:1".to_owned(),
                platforms: vec![("linux".to_owned(), "amd64".to_owned())],
            }),
        }
    }

    fn asked<'a>(word: &str, here: Option<Origin>) -> Asked<'a> {
        Asked {
            image: "r.example/shop:1",
            services: &["api", "web"],
            answer: answer(word),
            here,
            on_failure: OnRegistryFailure::Fail,
            known: None,
        }
    }

    fn said(asked: &Asked<'_>) -> String {
        match judge(asked) {
            Verdict::Runs { image, note, .. } => format!("runs {image}; {note}"),
            Verdict::Fails { code, text } => format!("{code}: {text}"),
            Verdict::Waits(text) => format!("waits: {text}"),
        }
    }

    #[test]
    fn what_a_registry_has_runs_by_its_digest() {
        for here in [None, Some(Origin::Made), Some(Origin::Registry)] {
            assert_eq!(said(&asked("found", here)), "runs r.example/shop:1@sha256:1; ");
        }
    }

    #[test]
    fn an_image_that_was_made_on_the_node_runs_as_it_is_whatever_its_registry_says() {
        for word in ANSWERS {
            let said = said(&asked(word, Some(Origin::Made)));
            assert!(said.starts_with("runs r.example/shop:1; "), "{word}: {said}");
            assert!(said.contains("is in no registry"), "{said}");
        }
    }

    #[test]
    fn an_image_that_came_from_a_registry_is_no_excuse_for_it() {
        for here in [None, Some(Origin::Registry)] {
            for word in ANSWERS {
                let said = said(&asked(word, here));
                assert!(!said.starts_with("runs"), "{word}: {said}");
            }
        }
        let runs: Vec<bool> = ANSWERS
            .into_iter()
            .map(|word| said(&asked(word, Some(Origin::Unknown))).starts_with("runs"))
            .collect();
        assert_eq!(runs, [true, true, false, false], "where nobody can tell");
    }

    #[test]
    fn each_refusal_names_the_image_the_registry_and_what_to_do() {
        insta::assert_snapshot!(ANSWERS.map(|word| said(&asked(word, None))).join("\n"), @"
        image_not_found: the registry `r.example` has no image `r.example/shop:1`, which `api`, `web` asks for
        registry_denied: the registry `r.example` does not give the image `r.example/shop:1` of `api`, `web` to strangers, or has none; add a login in the settings, under Registries: its words
        registry_denied: the registry `r.example` refused the login that Berth has for it, and with it the image `r.example/shop:1` of `api`, `web`; mend it in the settings, under Registries: its words
        waits: the registry `r.example` does not answer for the image `r.example/shop:1` of `api`, `web`: its words
        ");
    }

    #[test]
    fn only_a_registry_that_is_away_is_passed_over_and_only_where_that_is_wished() {
        let mut last = StackSpec::default();
        let service = |image: &str, written: &str| {
            Shared::new(ServiceSpec {
                image: image.to_owned(),
                written_image: written.to_owned(),
                ..ServiceSpec::default()
            })
        };
        last.services.insert(
            "a".to_owned(),
            service("r.example/shop:1@sha256:8", "r.example/shop:1@sha256:8"),
        );
        last.services
            .insert("b".to_owned(), service("r.example/shop:1@sha256:9", "r.example/shop:1"));
        last.services.insert("c".to_owned(), service("r.example/other:1", "r.example/other:1"));
        let before = known(&last, "r.example/shop:1");
        assert!(known(&last, "r.example/other:1").is_none());
        assert!(known(&last, "r.example/shop").is_none());

        for word in ANSWERS {
            let wished = Asked {
                on_failure: OnRegistryFailure::UseKnown,
                known: before,
                ..asked(word, Some(Origin::Registry))
            };
            let runs = said(&wished).starts_with("runs r.example/shop:1@sha256:9; ");
            assert_eq!(runs, word == "unreachable", "{word}");
            let unwished = Asked { on_failure: OnRegistryFailure::Fail, ..wished };
            assert!(!said(&unwished).starts_with("runs"), "{word}");
        }
        let nothing = Asked {
            on_failure: OnRegistryFailure::UseKnown,
            ..asked("unreachable", Some(Origin::Registry))
        };
        assert!(said(&nothing).contains("no release says what it was before"));
    }
}
