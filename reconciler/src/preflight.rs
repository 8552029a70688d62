//! What would go wrong on the cluster, found before anything is touched.
//!
//! Pure: a stack, the places where its files say what, and what the cluster has
//! ([`ClusterFacts`]). What can't work is a [`Complaint`], all of them at once;
//! what may not work, or is not what its author may think, is a [`Note`]. What
//! the files themselves show is the compose loader's to say.

mod engine;
mod images;
mod networks;
mod placement;
mod ports;

use std::collections::BTreeSet;

use berth_compose_templates::{Complaint, Note, Places, Subject};
use berth_domain::deployment::Place;
use berth_domain::facts::ClusterFacts;
use berth_domain::ids::StackName;
use berth_domain::stack::{StackSpec, contested};

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Findings {
    /// What can't work.
    pub complaints: Vec<Complaint>,
    /// What may not.
    pub notes: Vec<Note>,
}

/// The images to ask about: one that has a digest was found already.
#[must_use]
pub fn images(spec: &StackSpec) -> BTreeSet<String> {
    let images = spec.services.values().map(|service| &service.image);
    images.filter(|image| !image.contains('@')).cloned().collect()
}

/// Checks whether `spec` can run as `stack` on a cluster.
#[must_use]
pub fn preflight(
    stack: &StackName,
    spec: &StackSpec,
    places: &Places,
    facts: &ClusterFacts,
) -> Findings {
    let mut check = Check { stack, spec, places, facts, findings: Findings::default() };
    check.engine();
    check.images();
    check.networks();
    check.files();
    check.placement();
    check.ports();
    check.addresses();
    check.routes();
    let Findings { mut complaints, mut notes } = check.findings;
    let key = |place: &Option<Place>| {
        place.as_ref().map(|place| (place.file.clone(), place.line, place.column))
    };
    complaints.sort_by_key(|complaint| key(&complaint.place));
    notes.sort_by_key(|note| key(&note.place));
    Findings { complaints, notes }
}

/// What of [`preflight`]'s complaints no cluster could run.
///
/// It is what is left to refuse where a file means what it means to
/// `docker stack deploy`, which deploys whatever else the cluster can't run. A port
/// that two services publish an engine refuses, unless they are made at the same
/// moment; hosts are given to stacks by Berth alone.
#[must_use]
pub fn impossible(
    stack: &StackName,
    spec: &StackSpec,
    places: &Places,
    facts: &ClusterFacts,
) -> Vec<Complaint> {
    let mut check = Check { stack, spec, places, facts, findings: Findings::default() };
    check.shared_ingress_ports();
    check.routes();
    check.findings.complaints
}

struct Check<'a> {
    stack: &'a StackName,
    spec: &'a StackSpec,
    places: &'a Places,
    facts: &'a ClusterFacts,
    findings: Findings,
}

impl Check<'_> {
    /// The first of `subjects` that a file says.
    fn place(&self, subjects: &[Subject]) -> Option<Place> {
        subjects.iter().find_map(|subject| self.places.of(subject)).cloned()
    }

    fn refuse(&mut self, subjects: &[Subject], message: String) {
        let place = self.place(subjects);
        self.findings.complaints.push(Complaint { place, ..Complaint::anywhere(message) });
    }

    fn note(&mut self, subjects: &[Subject], message: String) {
        let place = self.place(subjects);
        self.findings.notes.push(Note { place, message });
    }

    /// Configs and secrets that somebody else was to make.
    fn files(&mut self) {
        let (spec, facts) = (self.spec, self.facts);
        for (name, service) in &spec.services {
            let credentials = service.credential_spec.iter().filter_map(|it| it.config.as_ref());
            for config in service.configs.iter().map(|it| &it.name).chain(credentials) {
                if !spec.configs.contains_key(config) && !facts.configs.contains(config) {
                    let subjects =
                        [Subject::Config(config.clone()), Subject::Service(name.clone())];
                    self.refuse(&subjects, format!(
                        "the config `{config}` does not exist; make it with `docker config create {config} <file>`, or take `external` out"
                    ));
                }
            }
            for secret in &service.secrets {
                let secret = &secret.name;
                if !spec.secrets.contains_key(secret) && !facts.secrets.contains(secret) {
                    let subjects =
                        [Subject::Secret(secret.clone()), Subject::Service(name.clone())];
                    self.refuse(&subjects, format!(
                        "the secret `{secret}` does not exist; make it with `docker secret create {secret} <file>`, or take `external` out"
                    ));
                }
            }
        }
        let mut seen = BTreeSet::new();
        self.findings.complaints.retain(|it| {
            // Several services may name the same one.
            seen.insert((it.message.clone(), it.place.as_ref().map(ToString::to_string)))
        });
    }

    /// Hosts that another stack answers for. Two that deploy at the very same
    /// moment may both find nothing: the claims in the database are what decides.
    fn routes(&mut self) {
        let (spec, facts) = (self.spec, self.facts);
        for route in &spec.routes {
            for contested in contested(self.stack, &route.claims(), &facts.routes) {
                let subjects = [
                    Subject::Route(route.host.clone(), route.path.clone()),
                    Subject::Service(route.service.clone()),
                ];
                self.refuse(&subjects, contested.to_string());
            }
        }
    }
}

#[cfg(test)]
mod tests;
