//! What the reconciler does by itself, in words for those who ask later.

use berth_domain::cluster::Action;
use berth_store::acts::Kind;

/// How many actions are told one by one.
const TOLD: usize = 6;

/// What a pass that carries this plan out does: it puts things back, or does no
/// more than remove what is left over. [`None`] where there is nothing to do.
pub(crate) fn healing(plan: &[Action]) -> Option<(Kind, String)> {
    if plan.is_empty() {
        return None;
    }
    let removes = |action: &Action| match action {
        Action::RemoveService { .. }
        | Action::RemoveConfig { .. }
        | Action::RemoveSecret { .. }
        | Action::RemoveNetwork { .. }
        | Action::RemoveVolume { .. }
        | Action::RemoveImage { .. } => true,
        Action::CreateNetwork { .. }
        | Action::CreateConfig { .. }
        | Action::CreateSecret { .. }
        | Action::CreateService { .. }
        | Action::UpdateService { .. } => false,
    };
    let kind = if plan.iter().all(removes) { Kind::Pruned } else { Kind::Healed };
    Some((kind, told(plan)))
}

/// Things that were done, in one line.
pub(crate) fn told<T: std::fmt::Display>(all: &[T]) -> String {
    let first: Vec<String> = all.iter().take(TOLD).map(ToString::to_string).collect();
    match all.len().saturating_sub(TOLD) {
        0 => first.join(", "),
        more => format!("{}, and {more} more", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use berth_domain::stack::NetworkSpec;

    use super::*;

    #[test]
    fn what_only_removes_prunes_and_anything_else_heals() {
        assert_eq!(healing(&[]), None);
        let remove = Action::RemoveNetwork { name: "old".to_owned() };
        let create = Action::CreateNetwork { name: "new".to_owned(), spec: NetworkSpec::default() };
        let (kind, words) = healing(&[remove.clone()]).unwrap();
        assert_eq!((kind, words), (Kind::Pruned, remove.to_string()));
        assert_eq!(healing(&[create, remove]).unwrap().0, Kind::Healed);
    }

    #[test]
    fn a_long_list_is_cut() {
        let all: Vec<u8> = (1..=8).collect();
        assert_eq!(told(&all), "1, 2, 3, 4, 5, 6, and 2 more");
        assert_eq!(told(&all[..6]), "1, 2, 3, 4, 5, 6");
    }
}
