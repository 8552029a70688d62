//! [`Known`]: what stacks should be, for a cluster to compare with as it reads.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Desired;
use crate::ids::StackName;
use crate::shared::Shared;
use crate::stack::ServiceSpec;

/// What stacks should be. Most services are just that, and what is held of them
/// already need not be held twice while all of them are looked at.
#[derive(Debug, Clone, Default)]
pub struct Known(BTreeMap<StackName, Arc<Desired>>);

impl Known {
    /// A service of `stack` as it was read; where it [means](ServiceSpec::means)
    /// the same as what it should be, that in its place.
    #[must_use]
    pub fn share(
        &self,
        stack: &StackName,
        service: &str,
        read: ServiceSpec,
    ) -> Shared<ServiceSpec> {
        let wanted = self.0.get(stack).and_then(|desired| match desired.as_ref() {
            Desired::Present(spec) => spec.services.get(service),
            Desired::Absent => None,
        });
        match wanted {
            // How often its tasks were replaced is its own.
            Some(wanted) if read.force_updates == wanted.force_updates && read.means(wanted) => {
                wanted.clone()
            }
            Some(_) | None => Shared::new(read),
        }
    }
}

impl FromIterator<(StackName, Arc<Desired>)> for Known {
    fn from_iter<I: IntoIterator<Item = (StackName, Arc<Desired>)>>(stacks: I) -> Self {
        Self(stacks.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::StackSpec;

    #[test]
    fn only_what_is_as_it_should_be_is_shared() {
        let shop = StackName::parse("shop").unwrap();
        let service = |image: &str, isolation: Option<&str>| ServiceSpec {
            image: image.to_owned(),
            isolation: isolation.map(str::to_owned),
            ..ServiceSpec::default()
        };
        let wanted = Shared::new(service("web:1", None));
        let mut spec = StackSpec::default();
        spec.services.insert("web".to_owned(), wanted.clone());
        let desired = Arc::new(Desired::Present(Box::new(spec)));
        let known = Known::from_iter([(shop.clone(), desired)]);

        assert!(known.share(&shop, "web", service("web:1", None)).is(&wanted));
        let same = service("web:1", Some("default"));
        assert!(known.share(&shop, "web", same).is(&wanted), "it means the same");
        let other = service("web:2", None);
        assert_eq!(*known.share(&shop, "web", other.clone()), other);
        let forced = ServiceSpec { force_updates: 1, ..service("web:1", None) };
        assert_eq!(*known.share(&shop, "web", forced.clone()), forced);
        assert!(!known.share(&shop, "api", service("web:1", None)).is(&wanted));
    }
}
