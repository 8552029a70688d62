//! What a restart is to the planner.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

proptest! {
    /// A restart is one update of each service that it names, and of no other,
    /// whatever a hand forced before; wherever it is cut off, nothing is restarted
    /// twice, and what knows nothing of it takes nothing back.
    #[test]
    fn a_restart_replaces_the_tasks_that_it_names_once(
        spec in any_stack(),
        before in any_cluster(),
        chosen in prop::collection::btree_set("[a-d]", 0..4),
        by_hand in prop::collection::vec(0..3_u64, 4),
        cut in 0..4_usize,
    ) {
        let usual = Desired::Present(Box::new(spec.clone()));
        let mut seen = settle(&usual, &before);
        let live = seen.services.values_mut().filter(|is| is.ours);
        for (is, times) in live.zip(by_hand) {
            is.spec.as_mut().unwrap().force_updates = times;
        }
        prop_assert!(plan(&usual, &seen, &Prune::all()).is_empty());
        let mut chosen = chosen;
        chosen.retain(|name| spec.services.contains_key(name));
        let mut again = spec;
        for name in &chosen {
            let forced = seen.services[name].spec.as_ref().unwrap().force_updates + 1;
            again.services.get_mut(name).unwrap().force_updates = forced;
        }
        let again = Desired::Present(Box::new(again));

        let planned = plan(&again, &seen, &Prune::all());
        let names = planned.actions().iter().filter_map(|action| {
            if let Action::UpdateService { name, .. } = action { Some(name.clone()) } else { None }
        });
        let updated: BTreeSet<String> = names.collect();
        prop_assert_eq!(updated.len(), planned.actions().len(), "{}", planned);
        prop_assert_eq!(&updated, &chosen);
        let first = planned.actions().get(..cut.min(planned.actions().len())).unwrap();
        let halted = later(carry_out(&shop(), &seen, first).unwrap());
        let after = later(pass(&again, &halted));
        for (name, was) in &seen.services {
            let is = &after.services[name];
            let forced = |is: &ObservedService| is.spec.as_ref().map_or(0, |is| is.force_updates);
            if chosen.contains(name) {
                prop_assert!(is.version > was.version, "{}", name);
                prop_assert_eq!(forced(is), forced(was) + 1, "{}", name);
            } else {
                prop_assert_eq!(is, was, "{}", name);
            }
        }
        // What Swarm can't go back to any more may go now; no service changes.
        for desired in [&again, &usual] {
            let plan = plan(desired, &after, &Prune::Off);
            prop_assert!(plan.is_empty(), "{}", plan);
        }
    }
}
