//! The laws of turns, over worlds where deployments come, go on, end and are given
//! up in any order.

use proptest::prelude::*;
use tokio::time::advance;

use super::*;

fn claim(priority: Priority) -> Claim {
    Claim { priority, preview: false, limit: None }
}

fn preview() -> Claim {
    Claim { preview: true, ..claim(Priority::Normal) }
}

#[test]
fn a_place_is_left_for_what_stays_however_few_there_are() {
    for wanted in 0..20 {
        let all = places(wanted);
        assert!(all >= wanted, "{wanted}");
        assert!((1..all).contains(&share(all)), "{wanted}");
        assert!(passes(all) > all, "{wanted}");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_found_no_place_is_put_back_once_it_is_its_turn() {
    let queue = Queue::new();
    let turns = Turns::new(1, queue.clone());
    let [first, second, third] = [(); 3].map(|()| StackId::fresh());
    let place = turns.take(first, claim(Priority::Normal)).unwrap();
    for waits in [second, third] {
        let why = turns.take(waits, claim(Priority::Normal)).unwrap_err();
        assert_eq!(why, Wait::Places);
        advance(Duration::from_millis(1)).await;
    }
    assert_eq!(queue.depth().0, 0);

    drop(place);
    assert_eq!(*queue.take().await.key(), second, "the first who came");
    assert!(turns.take(third, claim(Priority::Normal)).is_err(), "it is kept for the second");
    let place = turns.take(second, claim(Priority::Normal)).unwrap();
    drop(place);
    assert_eq!(*queue.take().await.key(), third);
}

#[tokio::test(start_paused = true)]
async fn who_is_called_and_does_not_come_holds_nobody_up() {
    let queue = Queue::new();
    let turns = Turns::new(1, queue.clone());
    let [first, gone, third] = [(); 3].map(|()| StackId::fresh());
    let place = turns.take(first, claim(Priority::Normal)).unwrap();
    assert!(turns.take(gone, claim(Priority::High)).is_err());
    assert!(turns.take(third, claim(Priority::Low)).is_err());
    drop(place);
    assert_eq!(*queue.take().await.key(), gone);
    let again = queue.take().await;
    assert_eq!(*again.key(), third, "it is asked a while later");
    let _place = turns.take(third, claim(Priority::Low)).unwrap();

    assert!(turns.take(gone, claim(Priority::Low)).is_err(), "there is no other place");
    turns.forget(gone);
    assert!(turns.state().waiting.is_empty());
}

#[tokio::test(start_paused = true)]
async fn previews_leave_half_of_the_places_and_a_rule_keeps_its_limit() {
    let turns = Turns::new(4, Queue::new());
    let rule = RuleId::fresh();
    let limited = |most| Claim { limit: Some((rule, most)), ..claim(Priority::Normal) };
    let take = |claim| turns.take(StackId::fresh(), claim);
    let _previews = [take(preview()).unwrap(), take(preview()).unwrap()];
    assert_eq!(take(preview()).unwrap_err(), Wait::Previews);
    let _one = take(limited(1)).unwrap();
    let why = take(limited(1)).unwrap_err();
    assert_eq!(why, Wait::Rule(1));
    assert!(why.to_string().contains("one deployment at a time"), "{why}");
    let _other = take(claim(Priority::Low)).unwrap();
    assert_eq!(take(claim(Priority::High)).unwrap_err(), Wait::Places);
    assert!(Wait::Rule(3).to_string().contains("3 deployments at once"));
}

#[tokio::test(start_paused = true)]
async fn who_waits_is_lifted_with_time() {
    let now = Instant::now();
    let waiter = |claim, since| Waiter { claim, since, called: None };
    let old = waiter(Claim { preview: true, ..claim(Priority::Low) }, now);
    let fresh = |now| waiter(claim(Priority::High), now);
    assert!(fresh(now).rank(now) < old.rank(now));
    let later = now + 3 * AGE;
    assert_eq!(old.rank(later), 0);
    assert_eq!(fresh(later).rank(later), 0, "and who waits longer comes first");
}

/// What happens in a world.
#[derive(Debug, Clone)]
enum Event {
    /// A deployment asks, or asks again.
    Asks(usize),
    /// It ends.
    Ends(usize),
    /// It is given up.
    GivenUp(usize),
    /// So many seconds go by.
    Goes(u64),
}

fn event(stacks: usize) -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0..stacks).prop_map(Event::Asks),
        3 => (0..stacks).prop_map(Event::Ends),
        1 => (0..stacks).prop_map(Event::GivenUp),
        1 => (1..400u64).prop_map(Event::Goes),
    ]
}

fn claims(rules: &[RuleId; 2]) -> impl Strategy<Value = Claim> + use<> {
    let rules = *rules;
    let limit = prop::option::of(0..2usize);
    (prop::sample::select(Priority::ALL.to_vec()), any::<bool>(), limit).prop_map(
        move |(priority, preview, limit)| Claim {
            priority,
            preview,
            // A rule says one number to all of its deployments.
            limit: limit.map(|rule| (rules[rule], rule + 1)),
        },
    )
}

fn world() -> impl Strategy<Value = (usize, Vec<Claim>, Vec<Event>)> {
    let rules = [RuleId::fresh(), RuleId::fresh()];
    (2..6usize, prop::collection::vec(claims(&rules), 12), prop::collection::vec(event(12), 0..120))
}

/// Plays a world: whoever is called asks at once. After each event, the laws.
async fn play(places: usize, claims: &[Claim], events: &[Event]) {
    let ids: Vec<StackId> = claims.iter().map(|_| StackId::fresh()).collect();
    let turns = Turns::new(places, Queue::new());
    let mut running: BTreeMap<usize, Turn<'_>> = BTreeMap::new();
    for event in events {
        let mut asks = Vec::new();
        match *event {
            Event::Asks(stack) => asks.push(stack),
            Event::Ends(stack) => drop(running.remove(&stack)),
            Event::GivenUp(stack) => turns.forget(ids[stack]),
            Event::Goes(seconds) => advance(Duration::from_secs(seconds)).await,
        }
        loop {
            let called = (0..ids.len()).filter(|stack| {
                let state = turns.state();
                state.waiting.get(&ids[*stack]).is_some_and(|it| it.called.is_some())
            });
            asks.extend(called.collect::<Vec<_>>());
            let Some(stack) = asks.pop() else { break };
            asks.clear();
            if running.contains_key(&stack) {
                continue;
            }
            let before: BTreeMap<StackId, Waiter> = turns.state().waiting.clone();
            let taken: Vec<Claim> = turns.state().running.values().copied().collect();
            let Ok(turn) = turns.take(ids[stack], claims[stack]) else { continue };
            running.insert(stack, turn);
            let now = Instant::now();
            let mine = before.get(&ids[stack]).copied();
            let mine = mine.unwrap_or(Waiter { claim: claims[stack], since: now, called: None });
            // None that comes before it and fits was passed over: if both do not fit
            // together, the earlier goes.
            for (id, other) in before.iter().filter(|(id, _)| **id != ids[stack]) {
                let first = (other.rank(now), other.since) < (mine.rank(now), mine.since);
                let mut with = taken.clone();
                with.push(claims[stack]);
                let alone = fits(&taken, places, &other.claim).is_ok();
                let both = fits(&with, places, &other.claim).is_ok();
                let blocked = before.iter().any(|(third, it)| {
                    third != id
                        && (it.rank(now), it.since, *third) < (other.rank(now), other.since, *id)
                });
                assert!(!first || !alone || both || blocked, "{other:?} before {mine:?}");
            }
        }
        let state = turns.state();
        let taken: Vec<Claim> = state.running.values().copied().collect();
        assert!(taken.len() <= places);
        assert!(taken.iter().filter(|it| it.preview).count() <= share(places));
        for (rule, most) in taken.iter().filter_map(|it| it.limit) {
            let of_rule = |it: &&Claim| it.limit.is_some_and(|(other, _)| other == rule);
            assert!(taken.iter().filter(of_rule).count() <= most);
        }
        // No place is left empty that anybody who waits could have.
        for waiter in state.waiting.values() {
            assert!(fits(&taken, places, &waiter.claim).is_err(), "{waiter:?} beside {taken:?}");
        }
    }
}

proptest! {
    #[test]
    fn no_place_stays_empty_no_limit_is_passed_and_nobody_is_passed_over(
        (places, claims, events) in world(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(play(places, &claims, &events));
    }

    #[test]
    fn nobody_waits_for_ever(rank in claims(&[RuleId::fresh(), RuleId::fresh()])) {
        // However many with a higher priority come, each for a moment, all the time.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let turns = Turns::new(2, Queue::new());
            let me = StackId::fresh();
            let mut places: Vec<Turn<'_>> = Vec::new();
            for _ in 0..2 {
                places.push(turns.take(StackId::fresh(), claim(Priority::High)).unwrap());
            }
            let mut rounds = 0;
            assert!(turns.take(me, rank).is_err());
            loop {
                let next = StackId::fresh();
                assert!(turns.take(next, claim(Priority::High)).is_err());
                advance(Duration::from_secs(60)).await;
                drop(places.remove(0));
                if turns.take(me, rank).is_ok() {
                    break;
                }
                places.push(turns.take(next, claim(Priority::High)).unwrap());
                rounds += 1;
                assert!(rounds < 20, "{rank:?} waits for ever");
            }
        });
    }
}
