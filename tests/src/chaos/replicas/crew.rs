//! Three replicas and what hinders each, so that a schedule makes sense whoever
//! leads: nothing is done twice, and one replica is always whole.

use super::schedule::{Deed, Trouble, Who};

/// How many replicas there are.
pub(super) const REPLICAS: usize = 3;

/// What is really done to a replica, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Hinder(usize, Trouble),
    Heal(usize, Trouble),
}

/// Who is hindered, the longest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Crew {
    hindered: Vec<(usize, Trouble)>,
}

impl Crew {
    /// What a deed comes to where `leader` leads. Where it would hinder the last
    /// whole replica, the one that has been hindered the longest is healed first.
    pub(super) fn apply(&mut self, deed: Deed, leader: Option<usize>) -> Vec<Act> {
        let (who, trouble) = match deed {
            Deed::Heal => return self.heal_longest().into_iter().collect(),
            Deed::Hinder(who, trouble) => (number(who, leader), trouble),
        };
        let mut acts = Vec::new();
        match self.trouble_of(who) {
            Some(same) if same == trouble => return acts,
            Some(_) => acts.extend(self.heal(who)),
            None => {}
        }
        if self.hindered.len() + 1 >= REPLICAS {
            acts.extend(self.heal_longest());
        }
        self.hindered.push((who, trouble));
        acts.push(Act::Hinder(who, trouble));
        acts
    }

    /// Heals everybody, the longest hindered first.
    pub(super) fn heal_all(&mut self) -> Vec<Act> {
        std::mem::take(&mut self.hindered)
            .into_iter()
            .map(|(who, trouble)| Act::Heal(who, trouble))
            .collect()
    }

    /// What hinders a replica.
    pub(super) fn trouble_of(&self, who: usize) -> Option<Trouble> {
        self.hindered.iter().find(|(other, _)| *other == who).map(|(_, trouble)| *trouble)
    }

    fn heal(&mut self, who: usize) -> Option<Act> {
        let at = self.hindered.iter().position(|(other, _)| *other == who)?;
        let (who, trouble) = self.hindered.remove(at);
        Some(Act::Heal(who, trouble))
    }

    fn heal_longest(&mut self) -> Option<Act> {
        let (who, _) = *self.hindered.first()?;
        self.heal(who)
    }
}

fn number(who: Who, leader: Option<usize>) -> usize {
    let leader = leader.unwrap_or_default() % REPLICAS;
    let mut others = (0..REPLICAS).filter(|other| *other != leader);
    match who {
        Who::Leader => leader,
        Who::First => others.next().unwrap_or_default(),
        Who::Last => others.next_back().unwrap_or_default(),
    }
}

/// Whether a replica with this trouble answers reads and takes webhooks.
pub(super) const fn answers(trouble: Option<Trouble>) -> bool {
    match trouble {
        None | Some(Trouble::CutDocker) => true,
        Some(Trouble::Kill | Trouble::Stop | Trouble::CutPostgres) => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::schedule::Schedule;
    use super::*;

    /// A crew of another kind: a trouble each, changed by the acts alone.
    fn obey(state: &mut [Option<Trouble>; REPLICAS], acts: &[Act]) -> Result<(), String> {
        for act in acts {
            match *act {
                Act::Hinder(who, trouble) if state[who].is_none() => state[who] = Some(trouble),
                Act::Heal(who, trouble) if state[who] == Some(trouble) => state[who] = None,
                other @ (Act::Hinder(..) | Act::Heal(..)) => {
                    return Err(format!("{other:?} while {state:?}"));
                }
            }
            if state.iter().all(Option::is_some) {
                return Err(format!("nobody is whole after {act:?}"));
            }
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn whoever_leads_one_is_whole_and_no_act_is_done_twice(
            seed: u64,
            leaders in proptest::collection::vec(proptest::option::of(0..REPLICAS), 8),
        ) {
            let (mut crew, mut state) = (Crew::default(), [None; REPLICAS]);
            for (step, leader) in Schedule::of(seed).steps.iter().zip(leaders) {
                let acts = crew.apply(step.deed, leader);
                prop_assert_eq!(obey(&mut state, &acts), Ok(()));
                for (who, trouble) in state.iter().enumerate() {
                    prop_assert_eq!(crew.trouble_of(who), *trouble);
                }
            }
            let acts = crew.heal_all();
            prop_assert_eq!(obey(&mut state, &acts), Ok(()));
            prop_assert_eq!(state, [None; REPLICAS]);
        }
    }

    #[test]
    fn the_last_whole_one_is_hindered_only_once_another_is_healed() {
        let mut crew = Crew::default();
        let hinder = |trouble| Deed::Hinder(Who::Leader, trouble);
        assert_eq!(crew.apply(hinder(Trouble::Kill), Some(0)), [Act::Hinder(0, Trouble::Kill)]);
        assert_eq!(crew.apply(hinder(Trouble::Kill), Some(0)), []);
        assert_eq!(crew.apply(hinder(Trouble::Stop), Some(1)), [Act::Hinder(1, Trouble::Stop)]);
        assert_eq!(
            crew.apply(hinder(Trouble::CutDocker), Some(2)),
            [Act::Heal(0, Trouble::Kill), Act::Hinder(2, Trouble::CutDocker)]
        );
        assert_eq!(
            crew.apply(hinder(Trouble::CutPostgres), Some(2)),
            [Act::Heal(2, Trouble::CutDocker), Act::Hinder(2, Trouble::CutPostgres)]
        );
        assert_eq!(crew.apply(Deed::Heal, None), [Act::Heal(1, Trouble::Stop)]);
    }
}
