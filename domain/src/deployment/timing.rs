//! How long deployments of a stack usually take.

/// How long a deployment took, and each of its steps by the phase that it led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timing {
    /// All of it, in milliseconds.
    pub total_ms: i64,
    /// Its steps, in milliseconds.
    pub phases: Vec<(String, i64)>,
}

/// Of fewer deployments nothing can be said that is usual.
pub const FEWEST: usize = 3;

/// The median of what others took: of the whole, and of each phase. [`None`], or
/// no word of a phase, where fewer than [`FEWEST`] say anything.
#[must_use]
pub fn usual(others: &[Timing]) -> Option<Timing> {
    let total_ms = median(others.iter().map(|it| it.total_ms).collect())?;
    let mut names: Vec<&String> = Vec::new();
    for (name, _) in others.iter().flat_map(|it| &it.phases) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let phases = names.into_iter().filter_map(|name| {
        let all = others.iter().flat_map(|it| &it.phases).filter(|(phase, _)| phase == name);
        Some((name.clone(), median(all.map(|(_, ms)| *ms).collect())?))
    });
    Some(Timing { total_ms, phases: phases.collect() })
}

/// The middle one; of an even number, the mean of the two in the middle.
fn median(mut all: Vec<i64>) -> Option<i64> {
    if all.len() < FEWEST {
        return None;
    }
    all.sort_unstable();
    let upper = *all.get(all.len() / 2)?;
    let lower = *all.get((all.len() - 1) / 2)?;
    Some(lower + (upper - lower) / 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn took(total_ms: i64, phases: &[(&str, i64)]) -> Timing {
        let phases = phases.iter().map(|&(name, ms)| (name.to_owned(), ms)).collect();
        Timing { total_ms, phases }
    }

    #[test]
    fn of_two_deployments_nothing_is_usual_and_of_three_the_middle_one() {
        let two = [took(1000, &[("built", 400)]), took(9000, &[("built", 800)])];
        assert_eq!(usual(&two), None);
        assert_eq!(usual(&[]), None);
        let three = [two[1].clone(), took(2000, &[("built", 500)]), two[0].clone()];
        assert_eq!(usual(&three), Some(took(2000, &[("built", 500)])));
    }

    #[test]
    fn of_an_even_number_it_is_between_the_two_in_the_middle() {
        let four = [10, 40, 20, 30].map(|ms| took(ms, &[]));
        assert_eq!(usual(&four), Some(took(25, &[])));
    }

    #[test]
    fn a_phase_that_few_had_has_no_usual_time() {
        let all = [
            took(3, &[("applied", 1), ("built", 7)]),
            took(3, &[("applied", 2)]),
            took(3, &[("applied", 3), ("built", 9)]),
        ];
        assert_eq!(usual(&all), Some(took(3, &[("applied", 2)])));
    }

    proptest! {
        #[test]
        fn half_took_no_longer_and_half_no_less(all in prop::collection::vec(0..1_000_000i64, 3..40)) {
            let timings: Vec<Timing> = all.iter().map(|&ms| took(ms, &[])).collect();
            let middle = usual(&timings).unwrap().total_ms;
            prop_assert!(all.iter().filter(|&&ms| ms <= middle).count() * 2 >= all.len());
            prop_assert!(all.iter().filter(|&&ms| ms >= middle).count() * 2 >= all.len());
        }
    }
}
