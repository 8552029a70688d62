//! Names for what an event makes. Pure.

use berth_compose_templates::render::Names;
use berth_domain::ids::StackName;
use berth_domain::slug::label;
use berth_github_app::webhook::meaning::Head;
use berth_store::repositories::Repository;

/// The environment whose stack is called like the repository alone.
pub(crate) const PRODUCTION: &str = "production";

/// The names that a stack of `repository` may have, the best first.
pub(crate) fn stack_names(repository: &Repository, environment: &str) -> Vec<StackName> {
    let Repository { owner, name, id, .. } = repository;
    let tail = if environment == PRODUCTION { String::new() } else { format!("-{environment}") };
    [
        format!("{name}{tail}"),
        format!("{owner}-{name}{tail}"),
        // Nobody else's can be this.
        format!("{owner}-{name}{tail}-{id}"),
    ]
    .iter()
    .filter_map(|text| StackName::parse(&label(text, StackName::MAX)).ok())
    .collect()
}

/// What templates of a rule can speak of; the environment comes later.
pub(crate) fn names<'a>(repository: &'a Repository, head: &'a Head) -> Names<'a> {
    Names {
        branch: head.branch.as_deref(),
        tag: head.tag.as_deref(),
        number: head.pull_request,
        app: &repository.name,
        owner: &repository.owner,
        environment: None,
    }
}

#[cfg(test)]
mod tests {
    use berth_domain::ids::{InstallationId, RepositoryId};

    use super::*;

    fn repository(name: &str) -> Repository {
        Repository {
            id: RepositoryId(7),
            installation: InstallationId(1),
            owner: "acme".to_owned(),
            name: name.to_owned(),
            default_branch: "main".to_owned(),
            private: true,
            removed: false,
        }
    }

    fn texts(name: &str, environment: &str) -> Vec<String> {
        stack_names(&repository(name), environment)
            .iter()
            .map(|name| name.as_str().to_owned())
            .collect()
    }

    #[test]
    fn production_is_called_like_the_repository() {
        assert_eq!(texts("shop", "production"), ["shop", "acme-shop", "acme-shop-7"]);
        assert_eq!(texts("shop", "pr-12"), ["shop-pr-12", "acme-shop-pr-12", "acme-shop-pr-12-7"]);
    }

    #[test]
    fn a_strange_name_is_still_a_stack_s_name() {
        let all = texts("Some.Very_Long-Repository.Name-For-A-Shop", "feature-of-the-year");
        assert_eq!(all.len(), 3);
        assert!(all.iter().all(|name| name.len() <= StackName::MAX), "{all:?}");
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), 3, "{all:?}");
    }
}
