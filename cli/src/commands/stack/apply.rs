//! Carrying out a plan: kind after kind, and one kind's actions at once.

use std::collections::BTreeMap;

use berth_domain::cluster::{Action, Cluster, ClusterError};
use berth_domain::ids::StackName;
use berth_swarm::Swarm;
use futures_util::future::try_join_all;

/// What has to be done before what: each kind needs those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Network,
    File,
    Service,
    Removal,
}

const fn kind(action: &Action) -> Kind {
    match action {
        Action::CreateNetwork { .. } => Kind::Network,
        Action::CreateConfig { .. } | Action::CreateSecret { .. } => Kind::File,
        Action::CreateService { .. }
        | Action::UpdateService { .. }
        | Action::RemoveService { .. } => Kind::Service,
        Action::RemoveConfig { .. }
        | Action::RemoveSecret { .. }
        | Action::RemoveNetwork { .. }
        | Action::RemoveVolume { .. }
        | Action::RemoveImage { .. } => Kind::Removal,
    }
}

/// What an action is about. Two actions about one thing stay in order: a service
/// whose mode changes is removed and made again.
fn subject(action: &Action) -> (std::mem::Discriminant<Action>, &str) {
    match action {
        Action::CreateService { name, .. }
        | Action::UpdateService { name, .. }
        | Action::RemoveService { name, .. } => {
            let version = berth_domain::cluster::Version(0);
            let service = Action::RemoveService { name: String::new(), from: version };
            (std::mem::discriminant(&service), name)
        }
        Action::CreateNetwork { name, .. }
        | Action::CreateConfig { name, .. }
        | Action::CreateSecret { name, .. }
        | Action::RemoveConfig { name }
        | Action::RemoveSecret { name }
        | Action::RemoveNetwork { name }
        | Action::RemoveVolume { name }
        | Action::RemoveImage { name } => (std::mem::discriminant(action), name),
    }
}

/// Splits a plan into groups that follow each other, each of chains that may
/// go side by side.
fn groups(actions: &[Action]) -> Vec<Vec<Vec<&Action>>> {
    let mut groups: Vec<Vec<Vec<&Action>>> = Vec::new();
    for chunk in actions.chunk_by(|a, b| kind(a) == kind(b)) {
        let mut chains: Vec<Vec<&Action>> = Vec::new();
        for action in chunk {
            let chain = chains
                .iter_mut()
                .find(|chain| chain.first().is_some_and(|first| subject(first) == subject(action)));
            match chain {
                Some(chain) => chain.push(action),
                None => chains.push(vec![action]),
            }
        }
        groups.push(chains);
    }
    groups
}

/// Carries out `actions`, and tells each when it is done.
pub(crate) async fn apply(
    swarm: &Swarm,
    stack: &StackName,
    actions: &[Action],
    done: &(impl Fn(&Action) + Sync),
) -> Result<(), ClusterError> {
    for chains in groups(actions) {
        try_join_all(chains.into_iter().map(async |chain| {
            for action in chain {
                swarm.apply(stack, action).await?;
                done(action);
            }
            Ok::<(), ClusterError>(())
        }))
        .await?;
    }
    Ok(())
}

/// The services that `actions` make or change.
pub(crate) fn changed(actions: &[Action]) -> impl Iterator<Item = String> + '_ {
    let mut names: BTreeMap<&str, ()> = BTreeMap::new();
    for action in actions {
        if let Action::CreateService { name, .. } | Action::UpdateService { name, .. } = action {
            names.insert(name, ());
        }
    }
    names.into_keys().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use berth_domain::cluster::Version;
    use berth_domain::stack::{NetworkSpec, ServiceSpec};

    use super::*;

    #[test]
    fn services_go_side_by_side_but_a_service_is_removed_before_it_is_made_again() {
        let create = |name: &str| Action::CreateService {
            name: name.to_owned(),
            spec: Box::new(ServiceSpec::default()),
        };
        let actions = [
            Action::CreateNetwork { name: "n".to_owned(), spec: NetworkSpec::default() },
            create("a"),
            Action::RemoveService { name: "b".to_owned(), from: Version(1) },
            create("b"),
            Action::RemoveNetwork { name: "n".to_owned() },
        ];
        let seen: Vec<Vec<Vec<String>>> = groups(&actions)
            .into_iter()
            .map(|chains| {
                let text = |chain: Vec<&Action>| chain.iter().map(ToString::to_string).collect();
                chains.into_iter().map(text).collect()
            })
            .collect();
        assert_eq!(
            seen,
            [
                vec![vec!["+ network n"]],
                vec![vec!["+ service a  x1"], vec!["- service b", "+ service b  x1"]],
                vec![vec!["- network n"]],
            ]
        );
    }
}
