//! When something is put back, and when that is given up.

use berth_domain::cluster::Version;
use berth_domain::stack::ServiceSpec;

use super::*;

fn scaled(field: &str) -> Difference {
    Difference {
        kind: Kind::Service,
        name: "web".to_owned(),
        field: field.to_owned(),
        desired: Some("2".to_owned()),
        live: Some("5".to_owned()),
        sentence: String::new(),
    }
}

fn update() -> Action {
    let spec = Box::new(ServiceSpec::default());
    Action::UpdateService { name: "web".to_owned(), spec, from: Version(1) }
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

/// Something changes it back at once, and a pass comes every second until `end`:
/// when it was healed.
fn fight(until: i64) -> (Vec<i64>, Vec<Bout>) {
    let (actions, differences) = ([update()], [scaled("replicas")]);
    let mut bouts = Vec::new();
    let mut healed = Vec::new();
    for second in 0..until {
        let held = hold(&actions, &differences, &bouts, at(second));
        if !held.actions.is_empty() {
            count(&mut bouts, &held.actions, &differences, at(second));
            healed.push(second);
        }
    }
    (healed, bouts)
}

#[test]
fn what_comes_back_each_time_is_put_back_ever_more_seldom() {
    let (healed, bouts) = fight(4 * 3600);
    assert_eq!(healed, [0, 1, 3, 7, 15, 615, 1815, 4215, 9015]);
    let held = hold(&[update()], &[scaled("replicas")], &bouts, at(4 * 3600));
    assert_eq!(held.actions, []);
    assert_eq!(
        held.sentences,
        [
            "something else changes service `web` each time: healed 9 times in 151 minutes, left alone until 1970-01-01 05:10 UTC or the next deployment"
        ]
    );
    assert_eq!(held.until, Some(at(9015 + 9600)));
}

#[test]
fn it_is_told_only_once_it_is_a_fight() {
    let told = |until| {
        let (_, bouts) = fight(until);
        hold(&[update()], &[scaled("replicas")], &bouts, at(until)).sentences.len()
    };
    assert_eq!((told(2), told(8), told(15), told(16)), (0, 0, 0, 1));
}

#[test]
fn another_difference_is_put_back_and_the_fought_one_with_it() {
    let (_, mut bouts) = fight(16);
    let both = [scaled("replicas"), scaled("image")];
    let held = hold(&[update()], &both, &bouts, at(20));
    assert_eq!(held.actions, [update()]);
    count(&mut bouts, &held.actions, &both, at(20));
    // It is no fight by itself.
    assert_eq!(hold(&[update()], &both, &bouts, at(20)).actions, []);
    assert_eq!(hold(&[update()], &[scaled("image")], &bouts, at(21)).actions, [update()]);
}

#[test]
fn after_some_peace_it_is_as_new() {
    let (_, mut bouts) = fight(4);
    assert_eq!(bouts.len(), 1);
    let held = hold(&[update()], &[scaled("replicas")], &bouts, at(3 + 601));
    assert_eq!(held.actions, [update()]);
    count(&mut bouts, &held.actions, &[scaled("replicas")], at(3 + 601));
    assert_eq!(bouts.first().map(|it| it.heals), Some(1));
}

#[test]
fn a_network_that_is_fought_over_takes_no_service_down() {
    let network =
        Difference { kind: Kind::Network, name: "shop_back".to_owned(), ..scaled("driver") };
    let remove = Action::RemoveService { name: "web".to_owned(), from: Version(1) };
    let create = Action::CreateNetwork {
        name: "shop_back".to_owned(),
        spec: berth_domain::stack::NetworkSpec::default(),
    };
    let actions = [remove, create];
    let mut bouts = Vec::new();
    count(&mut bouts, &actions, std::slice::from_ref(&network), at(0));
    let held = hold(&actions, std::slice::from_ref(&network), &bouts, at(0));
    assert_eq!((held.actions.len(), held.until), (0, Some(at(1))));
    let held = hold(&actions, std::slice::from_ref(&network), &bouts, at(1));
    assert_eq!(held.actions.len(), 2);
}
