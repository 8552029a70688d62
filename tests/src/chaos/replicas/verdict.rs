//! Whether several replicas were as good as one: a pure judgement over what was
//! written down while they were hindered.

use std::collections::{BTreeMap, BTreeSet};

/// The lease as it was written once, in order: times are Postgres's, in seconds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Turn {
    pub(super) epoch: i64,
    pub(super) holder: String,
    pub(super) at: f64,
    pub(super) expires_at: f64,
}

/// The leader was hindered, and must be replaced in time.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Loss {
    /// What was done to it.
    pub(super) what: String,
    pub(super) epoch: i64,
    pub(super) at: f64,
}

/// What one replica answered that was asked while it could answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Read {
    pub(super) replica: usize,
    /// When it was asked and when it had answered, in one clock's milliseconds.
    pub(super) asked: u128,
    pub(super) answered: u128,
    /// How many deployments it said are over, or what it said instead.
    pub(super) over: Result<usize, String>,
}

/// A deployment as Berth lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Deployment {
    pub(super) sha: String,
    pub(super) number: i64,
    pub(super) phase: String,
}

/// One leads at a time: an epoch has one holder, epochs grow by one, and a new
/// one begins only once the one before has run out.
pub(super) fn leadership(turns: &[Turn]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (before, now) in turns.iter().zip(turns.iter().skip(1)) {
        if now.epoch == before.epoch {
            if now.holder != before.holder {
                wrong.push(format!(
                    "epoch {} had two holders: {} and {}",
                    now.epoch, before.holder, now.holder
                ));
            }
        } else if now.epoch != before.epoch + 1 {
            wrong.push(format!("epoch {} came after {}", now.epoch, before.epoch));
        } else if now.holder == before.holder {
            wrong.push(format!("{} took the lease from itself", now.holder));
        } else if now.at < before.expires_at {
            wrong.push(format!(
                "epoch {} began {:.2} s before epoch {} had run out",
                now.epoch,
                before.expires_at - now.at,
                before.epoch
            ));
        }
    }
    wrong
}

/// Seconds until each hindered leader was replaced; none where it never was.
pub(super) fn takeovers(turns: &[Turn], losses: &[Loss]) -> Vec<Option<f64>> {
    let next = |loss: &Loss| turns.iter().find(|turn| turn.epoch > loss.epoch);
    losses.iter().map(|loss| next(loss).map(|turn| (turn.at - loss.at).max(0.0))).collect()
}

/// Each hindered leader was replaced within `limit` seconds.
pub(super) fn replaced(turns: &[Turn], losses: &[Loss], limit: f64) -> Vec<String> {
    let late = |(loss, taken): (&Loss, Option<f64>)| match taken {
        Some(taken) if taken <= limit => None,
        Some(taken) => Some(format!(
            "the leader of epoch {} was replaced only {taken:.1} s after it was hindered: {}",
            loss.epoch, loss.what
        )),
        None => Some(format!(
            "the leader of epoch {} was never replaced after it was hindered: {}",
            loss.epoch, loss.what
        )),
    };
    losses.iter().zip(takeovers(turns, losses)).filter_map(late).collect()
}

/// Whoever could answer did, and said nothing that was older than what anybody
/// had been told before it was asked.
pub(super) fn reads(reads: &[Read]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut told: Vec<(u128, usize)> = Vec::new();
    for read in reads {
        match &read.over {
            Err(words) => wrong.push(format!("replica {} did not answer: {words}", read.replica)),
            Ok(over) => told.push((read.answered, *over)),
        }
    }
    told.sort_unstable();
    // What had been told by then at most.
    let mut most = 0;
    for (_, over) in &mut told {
        most = most.max(*over);
        *over = most;
    }
    for read in reads {
        let Ok(over) = &read.over else { continue };
        let before = told.partition_point(|(answered, _)| *answered < read.asked);
        let known = before.checked_sub(1).and_then(|at| told.get(at)).map_or(0, |(_, over)| *over);
        if *over < known {
            wrong.push(format!(
                "replica {} said that {over} deployments are over, after {known} were",
                read.replica
            ));
        }
    }
    wrong
}

/// Every push was deployed once, or a newer one was in its place; the last one
/// was deployed. What is open is not wrong yet: it is given as the second list.
pub(super) fn pushes(pushed: &[String], deployments: &[Deployment]) -> (Vec<String>, Vec<String>) {
    let (mut doubles, mut unmet) = (Vec::new(), Vec::new());
    let mut found: BTreeMap<&str, Vec<&Deployment>> = BTreeMap::new();
    for deployment in deployments {
        found.entry(&deployment.sha).or_default().push(deployment);
    }
    let asked: BTreeSet<&str> = pushed.iter().map(String::as_str).collect();
    for sha in found.keys().filter(|sha| !asked.contains(**sha)) {
        doubles.push(format!("a deployment of {sha} that nobody asked for"));
    }
    for (index, sha) in pushed.iter().enumerate() {
        let last = index + 1 == pushed.len();
        match found.get(sha.as_str()).map(Vec::as_slice) {
            Some([one]) => match one.phase.as_str() {
                "succeeded" => {}
                "superseded" if !last => {
                    let newer = |it: &Deployment| it.number > one.number;
                    if !deployments.iter().any(newer) {
                        unmet.push(format!("{sha} was replaced by nothing"));
                    }
                }
                phase => unmet.push(format!("the deployment of {sha} is {phase}")),
            },
            Some([]) | None if last => unmet.push(format!("{sha}, the last push, is not there")),
            // A newer push was judged first, and this one was behind by then.
            Some([]) | None => {}
            Some(many) => doubles.push(format!("{} deployments of {sha}", many.len())),
        }
    }
    (doubles, unmet)
}

/// What there is more than once.
pub(super) fn twice(what: &str, names: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    names.filter(|name| !seen.insert(name.clone())).map(|name| format!("{what}: {name}")).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn turn(epoch: i64, holder: &str, at: f64, expires_at: f64) -> Turn {
        Turn { epoch, holder: holder.to_owned(), at, expires_at }
    }

    fn read(asked: u128, answered: u128, over: usize) -> Read {
        Read { replica: 1, asked, answered, over: Ok(over) }
    }

    fn deployment(sha: &str, number: i64, phase: &str) -> Deployment {
        Deployment { sha: sha.to_owned(), number, phase: phase.to_owned() }
    }

    #[test]
    fn a_lease_that_is_taken_once_it_ran_out_is_well() {
        let released = turn(2, "b", 6.0, 5.0);
        let turns = [
            turn(1, "a", 0.0, 2.0),
            turn(1, "a", 1.0, 3.0),
            turn(2, "b", 3.1, 5.1),
            released,
            turn(3, "a", 6.1, 8.1),
        ];
        assert_eq!(leadership(&turns), Vec::<String>::new());
    }

    #[test]
    fn two_leaders_are_seen() {
        let begun = turn(1, "a", 0.0, 2.0);
        for (next, words) in [
            (turn(1, "b", 3.0, 5.0), "two holders"),
            (turn(2, "b", 1.5, 3.5), "0.50 s before"),
            (turn(3, "b", 3.0, 5.0), "came after"),
            (turn(0, "b", 3.0, 5.0), "came after"),
            (turn(2, "a", 3.0, 5.0), "from itself"),
        ] {
            let wrong = leadership(&[begun.clone(), next]);
            assert!(matches!(wrong.as_slice(), [one] if one.contains(words)), "{wrong:?}");
        }
    }

    #[test]
    fn a_hindered_leader_is_replaced_in_time_or_it_is_said() {
        let turns = [turn(1, "a", 0.0, 2.0), turn(2, "b", 4.0, 6.0)];
        let loss = |epoch, at| Loss { what: "kill".to_owned(), epoch, at };
        assert_eq!(replaced(&turns, &[loss(1, 1.0)], 3.0), Vec::<String>::new());
        assert!(replaced(&turns, &[loss(1, 0.5)], 3.0)[0].contains("only 3.5 s"));
        assert!(replaced(&turns, &[loss(2, 5.0)], 3.0)[0].contains("never"));
        assert_eq!(takeovers(&turns, &[loss(1, 1.0), loss(2, 5.0)]), [Some(3.0), None]);
    }

    #[test]
    fn who_is_asked_later_says_no_less() {
        assert_eq!(reads(&[read(0, 5, 1), read(3, 9, 0), read(6, 8, 1)]), Vec::<String>::new());
        let wrong = reads(&[read(0, 5, 2), read(6, 8, 1)]);
        assert!(matches!(wrong.as_slice(), [one] if one.contains("after 2 were")), "{wrong:?}");
        let silent = Read { over: Err("503".to_owned()), ..read(0, 1, 0) };
        assert!(reads(&[silent])[0].contains("did not answer: 503"));
    }

    proptest! {
        /// Any reads of one number that only grows are well, whoever overlaps.
        #[test]
        fn reads_of_one_truth_are_never_blamed(
            spans in proptest::collection::vec((0_u128..200, 0_u128..50, 0_u128..50), 0..40),
        ) {
            let truth = |time: u128| usize::try_from(time / 7).unwrap();
            let all: Vec<Read> = spans
                .into_iter()
                .map(|(asked, before, after)| {
                    read(asked, asked + before + after, truth(asked + before))
                })
                .collect();
            prop_assert_eq!(reads(&all), Vec::<String>::new());
        }

        /// Leases that are extended, left to run out and taken are well; a single
        /// takeover that comes too early is not.
        #[test]
        fn a_takeover_is_blamed_if_it_came_early(
            gaps in proptest::collection::vec(0.01_f64..5.0, 1..20),
            early: proptest::sample::Index,
        ) {
            let ttl = 2.0;
            let (mut turns, mut at) = (vec![turn(0, "0", 0.0, ttl)], 0.0);
            for (index, gap) in gaps.iter().enumerate() {
                at += ttl + gap;
                let epoch = i64::try_from(index).unwrap() + 1;
                turns.push(turn(epoch, &epoch.to_string(), at, at + ttl));
            }
            prop_assert_eq!(leadership(&turns), Vec::<String>::new());
            let which = early.index(gaps.len());
            turns[which].expires_at = turns[which + 1].at + 0.5;
            prop_assert_eq!(leadership(&turns).len(), 1);
        }
    }

    #[test]
    fn what_is_there_twice_is_named() {
        let names = ["a", "b", "a"].map(str::to_owned);
        assert_eq!(twice("run", names.into_iter()), ["run: a"]);
    }

    #[test]
    fn a_push_is_deployed_once_or_replaced_by_a_newer_one() {
        let pushed = ["a", "b", "c"].map(str::to_owned);
        let well = [
            deployment("a", 1, "succeeded"),
            deployment("b", 2, "superseded"),
            deployment("c", 3, "succeeded"),
        ];
        assert_eq!(pushes(&pushed, &well), (Vec::new(), Vec::new()));
        // One that was behind when it was judged.
        let [a, b, c] = well;
        assert_eq!(pushes(&pushed, &[a.clone(), c.clone()]), (Vec::new(), Vec::new()));

        let twice = [a.clone(), b.clone(), c.clone(), deployment("a", 4, "succeeded")];
        assert_eq!(pushes(&pushed, &twice).0, ["2 deployments of a"]);
        let foreign = [a.clone(), c, deployment("d", 4, "succeeded")];
        assert!(pushes(&pushed, &foreign).0[0].contains("nobody asked for"));
        assert!(pushes(&pushed, &[a.clone(), b]).1[1].contains("the last push"));
        for phase in ["failed", "superseded", "applied"] {
            let open = [a.clone(), deployment("c", 3, phase)];
            assert_eq!(pushes(&pushed, &open).1.len(), 1, "{phase}");
        }
    }
}
