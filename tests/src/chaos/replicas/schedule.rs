//! What happens to the replicas, and when: drawn from a seed, so that a run that
//! failed can be had again.

use std::fmt;
use std::time::Duration;

/// How many steps a schedule has, at least and at most.
const STEPS: (u64, u64) = (3, 7);

/// Milliseconds until the next step, at least and at most: from the middle of a
/// deployment to past the lease.
const WAIT: (u64, u64) = (0, 3_500);

/// What may be done to a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Trouble {
    /// SIGKILL; healed, another process is started in its place.
    Kill,
    /// SIGSTOP, past the lease; healed by SIGCONT.
    Stop,
    /// Its line to Postgres is cut.
    CutPostgres,
    /// Its line to Docker is cut.
    CutDocker,
}

impl Trouble {
    const fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Stop => "stop",
            Self::CutPostgres => "cut from Postgres",
            Self::CutDocker => "cut from Docker",
        }
    }
}

/// Whom it is done to, as things stand then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    /// The one with the lease.
    Leader,
    /// The first of the others.
    First,
    /// The last of the others.
    Last,
}

impl Who {
    const fn name(self) -> &'static str {
        match self {
            Self::Leader => "the leader",
            Self::First => "the first follower",
            Self::Last => "the last follower",
        }
    }
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    /// A replica is hindered.
    Hinder(Who, Trouble),
    /// The one that has been hindered the longest is healed.
    Heal,
}

/// A deed, and what goes on around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    /// Whether somebody pushes just before.
    pub(super) push: bool,
    pub(super) deed: Deed,
    /// Until the next step.
    pub(super) wait: Duration,
}

/// Everything that happens, in order. At its end all replicas are healed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Schedule {
    pub(super) seed: u64,
    pub(super) steps: Vec<Step>,
}

impl Schedule {
    /// The schedule of a seed: the same on every machine, for ever.
    pub(super) fn of(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let many = dice.between(STEPS);
        let mut steps: Vec<Step> = (0..many).map(|_| step(&mut dice)).collect();
        // At least one push has to live through it, and one trouble.
        if let Some(first) = steps.first_mut() {
            first.push = true;
            if first.deed == Deed::Heal {
                first.deed = Deed::Hinder(Who::Leader, trouble(&mut dice));
            }
        }
        Self { seed, steps }
    }
}

fn step(dice: &mut Dice) -> Step {
    let push = dice.between((0, 2)) == 0;
    let deed = match dice.between((0, 9)) {
        // The leader is who it is about.
        0..=3 => Deed::Hinder(Who::Leader, trouble(dice)),
        4 => Deed::Hinder(Who::First, trouble(dice)),
        5 => Deed::Hinder(Who::Last, trouble(dice)),
        _ => Deed::Heal,
    };
    Step { push, deed, wait: Duration::from_millis(dice.between(WAIT)) }
}

fn trouble(dice: &mut Dice) -> Trouble {
    match dice.between((0, 3)) {
        0 => Trouble::Kill,
        1 => Trouble::Stop,
        2 => Trouble::CutPostgres,
        _ => Trouble::CutDocker,
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {}:", self.seed)?;
        for step in &self.steps {
            let push = if step.push { " push," } else { "" };
            match step.deed {
                Deed::Hinder(who, trouble) => {
                    write!(f, "{push} {} {},", trouble.name(), who.name())?;
                }
                Deed::Heal => write!(f, "{push} heal,")?,
            }
            write!(f, " {} ms;", step.wait.as_millis())?;
        }
        write!(f, " heal all")
    }
}

/// `SplitMix64`: small, and no library's next version draws differently.
#[derive(Debug, Clone)]
struct Dice(u64);

impl Dice {
    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One of `least..=most`.
    const fn between(&mut self, (least, most): (u64, u64)) -> u64 {
        least + self.next() % (most - least + 1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_seed_is_one_schedule_with_a_push_and_a_trouble(seed: u64) {
            let schedule = Schedule::of(seed);
            prop_assert_eq!(&schedule, &Schedule::of(seed));
            let many = u64::try_from(schedule.steps.len()).unwrap();
            prop_assert!((STEPS.0..=STEPS.1).contains(&many));
            prop_assert!(schedule.steps[0].push);
            prop_assert!(schedule.steps.iter().any(|step| step.deed != Deed::Heal));
            for step in &schedule.steps {
                prop_assert!(step.wait <= Duration::from_millis(WAIT.1));
            }
        }
    }

    #[test]
    fn two_hundred_seeds_try_every_trouble_on_everybody() {
        let mut seen = BTreeSet::new();
        for step in (0..200).flat_map(|seed| Schedule::of(seed).steps) {
            if let Deed::Hinder(who, trouble) = step.deed {
                seen.insert((who, trouble));
            }
        }
        assert_eq!(seen.len(), 3 * 4, "{seen:?}");
    }

    #[test]
    fn the_dice_are_those_of_the_paper() {
        // The first two numbers of SplitMix64 from 0.
        let mut dice = Dice(0);
        assert_eq!(dice.next(), 0xe220_a839_7b1d_cdaf);
        assert_eq!(dice.next(), 0x6e78_9e6a_a1b9_65f4);
    }

    #[test]
    fn a_schedule_can_be_read() {
        let step = Step {
            push: true,
            deed: Deed::Hinder(Who::Leader, Trouble::CutDocker),
            wait: Duration::from_millis(5),
        };
        let heal = Step { push: false, deed: Deed::Heal, wait: Duration::ZERO };
        let schedule = Schedule { seed: 7, steps: vec![step, heal] };
        assert_eq!(
            schedule.to_string(),
            "seed 7: push, cut from Docker the leader, 5 ms; heal, 0 ms; heal all"
        );
    }
}
