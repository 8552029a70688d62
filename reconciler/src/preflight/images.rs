//! Images that nobody has.

use berth_compose_templates::Subject;
use berth_domain::facts::ImageFact;

use super::Check;

impl Check<'_> {
    pub(super) fn images(&mut self) {
        let (spec, facts) = (self.spec, self.facts);
        for (name, service) in &spec.services {
            let image = &service.image;
            let subjects = [Subject::Image(name.clone()), Subject::Service(name.clone())];
            match facts.images.get(image) {
                // Other nodes can't be asked; one of them may have it.
                Some(ImageFact::Missing(why)) if facts.nodes.len() > 1 => self.note(&subjects, format!(
                    "the image `{image}` is neither on this manager nor in its registry ({why}), so only nodes that have it can run the service `{name}`"
                )),
                Some(ImageFact::Missing(why)) => self.refuse(&subjects, format!(
                    "the image `{image}` of the service `{name}` is neither on the node nor in its registry ({why}); check its name and tag, push it, or log in to the registry"
                )),
                Some(ImageFact::Unknown(why)) => self.note(&subjects, format!(
                    "whether there is an image `{image}` can't be told: it is not on this manager, and its registry does not answer ({why})"
                )),
                Some(ImageFact::There) | None => {}
            }
        }
    }
}
