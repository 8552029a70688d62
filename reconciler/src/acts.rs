//! What the reconciler does by itself, in words for those who ask later.

use berth_domain::cluster::Action;
use berth_store::acts::{Actor, Kind, NewAct};
use berth_store::leases::Fence;
use berth_store::stacks::LiveStack;

use crate::engine::Engine;
use crate::error::PassError;
use crate::reconcile;
use crate::report::Report;

/// How many actions are told one by one.
const TOLD: usize = 6;

/// Stores what was seen of a stack with what is about to be done about it, and
/// what is left alone because something else changes it each time. Each is told
/// once for as long as it stays the same.
pub(crate) async fn store_healing<C, B>(
    engine: &Engine<C, B>,
    fence: Fence,
    stack: &LiveStack,
    mut seen: Report,
    (actions, given_up): (&[Action], &[String]),
) -> Result<(), PassError> {
    let act = |kind| NewAct::on_stack(Actor::Reconciler, kind, stack.name.as_str());
    let healing =
        healing(actions).filter(|(_, words)| engine.is_news_of_healing(stack.id, fence, words));
    // Told of the row and not of memory: the next leader goes on with it.
    let given_up = given_up.join("; ");
    let said = stack.observed.as_ref().and_then(|before| before.get("message")?.as_str());
    let gave_up = !given_up.is_empty() && !said.is_some_and(|said| said.contains(&given_up));
    let mut acts = Vec::new();
    acts.extend(healing.as_ref().map(|(kind, words)| act(*kind).saying(words)));
    acts.extend(gave_up.then(|| act(Kind::GaveUp).saying(&given_up)));
    reconcile::follow(engine, fence, stack, &mut seen);
    reconcile::put_report(engine, fence, stack, &seen, &acts).await
}

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
        let (kind, words) = healing(std::slice::from_ref(&remove)).unwrap();
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
