//! What becomes of the tasks of a node that is drained: which find another node,
//! which do not, and whether the node can be done without at all.
//!
//! Pure, and a guess: Swarm decides once it happens. It counts what Swarm counts:
//! constraints, platforms, what is reserved, ports of the node, tasks a node.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::cluster::TaskState;
use crate::facts::NodeFacts;
use crate::placement::{fits, fits_platform, satisfies};
use crate::stack::Placement;

/// A task that runs or is about to, with what it needs of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Its id.
    pub id: String,
    /// Its service's name on the cluster.
    pub service: String,
    /// The stack it is of, if it is of one.
    pub stack: Option<String>,
    /// The instance that made its service, where a Berth did.
    pub instance: Option<String>,
    /// Its slot; [`None`] for global services.
    pub slot: Option<u64>,
    /// The node it is on, once it is on one.
    pub node: Option<String>,
    /// What it is.
    pub state: TaskState,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Its image.
    pub image: String,
    /// What it needs of a node.
    pub needs: Needs,
}

/// What a task needs of a node.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Needs {
    /// It is on each node that fits, once.
    pub global: bool,
    /// Where it may be.
    pub placement: Placement,
    /// What is kept for it, in billionths of a core.
    pub nano_cpus: i64,
    /// What is kept for it, in bytes.
    pub memory: i64,
    /// Ports of the node that it takes, with their protocol.
    pub ports: BTreeSet<(u16, String)>,
    /// Volumes that each node has for itself.
    pub volumes: BTreeSet<String>,
}

/// What becomes of a task when its node is drained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It is started on another node.
    Moves,
    /// It is started on another node, without what is in its volumes.
    MovesEmpty,
    /// It ends, and none takes its place: the other nodes have theirs.
    Ends,
    /// It ends, and what takes its place waits: no other node can have it.
    Waits,
}

/// What draining a node would do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outlook {
    /// What becomes of each of its tasks, by their ids, and why where it does not
    /// simply move.
    pub fates: BTreeMap<String, (Fate, String)>,
    /// Why it can't be done, if so.
    pub refusal: Option<String>,
}

/// What is left of a node.
struct Room<'a> {
    node: &'a NodeFacts,
    nano_cpus: i64,
    memory: i64,
    ports: BTreeSet<(u16, String)>,
    services: BTreeMap<&'a str, u64>,
}

impl<'a> Room<'a> {
    const fn of(node: &'a NodeFacts) -> Self {
        Self {
            node,
            nano_cpus: node.nano_cpus,
            memory: node.memory,
            ports: BTreeSet::new(),
            services: BTreeMap::new(),
        }
    }

    fn take(&mut self, task: &'a Placed) {
        self.nano_cpus = self.nano_cpus.saturating_sub(task.needs.nano_cpus);
        self.memory = self.memory.saturating_sub(task.needs.memory);
        self.ports.extend(task.needs.ports.iter().cloned());
        *self.services.entry(&task.service).or_default() += 1;
    }

    fn holds(&self, needs: &Needs) -> bool {
        self.nano_cpus >= needs.nano_cpus && self.memory >= needs.memory
    }
}

/// Why a node must not be drained whatever is on it, if so: no other takes tasks.
#[must_use]
pub fn is_last(node: &NodeFacts, nodes: &[NodeFacts]) -> Option<String> {
    let other = nodes.iter().any(|other| other.id != node.id && other.takes_tasks);
    (!other).then(|| {
        format!(
            "No other node takes tasks, so what runs on {} would have nowhere to go. Make another one active first.",
            node.name
        )
    })
}

/// What is kept on a node for the tasks that are on it: billionths of a core, and
/// bytes.
#[must_use]
pub fn reserved(node: &str, tasks: &[Placed]) -> (i64, i64) {
    let here = tasks.iter().filter(|task| task.node.as_deref() == Some(node));
    here.fold((0, 0), |(cpus, memory), Placed { needs, .. }| {
        (needs.nano_cpus.saturating_add(cpus), needs.memory.saturating_add(memory))
    })
}

/// What draining `node` would do, where `tasks` are those of all nodes.
#[must_use]
pub fn drain(node: &NodeFacts, nodes: &[NodeFacts], tasks: &[Placed]) -> Outlook {
    let mut rooms: Vec<Room<'_>> =
        nodes.iter().filter(|it| it.id != node.id && it.takes_tasks).map(Room::of).collect();
    for task in tasks {
        let on = rooms.iter_mut().find(|room| task.node.as_deref() == Some(&room.node.id));
        if let Some(room) = on {
            room.take(task);
        }
    }
    let mut here: Vec<&Placed> =
        tasks.iter().filter(|task| task.node.as_deref() == Some(&node.id)).collect();
    // The largest first, as the least room is left for them.
    here.sort_by_key(|task| std::cmp::Reverse((task.needs.memory, task.needs.nano_cpus)));
    let fates: BTreeMap<String, (Fate, String)> = here
        .iter()
        .map(|task| {
            let fate = if task.needs.global {
                let why = "one runs on each node, and none will here".to_owned();
                (Fate::Ends, why)
            } else {
                place(task, &mut rooms)
            };
            (task.id.clone(), fate)
        })
        .collect();
    let tied = here.iter().filter(|task| !task.needs.global).count();
    let waiting = fates.values().filter(|(fate, _)| *fate == Fate::Waits).count();
    let refusal = is_last(node, nodes).or_else(|| {
        (tied > 0 && waiting == tied).then(|| {
            format!(
                "{} is the last node that can run what is on it: nothing of it could run elsewhere. Make room, or change where its services may run, first.",
                node.name
            )
        })
    });
    Outlook { fates, refusal }
}

/// Finds a node for a task, and takes its room there.
fn place<'a>(task: &'a Placed, rooms: &mut [Room<'a>]) -> (Fate, String) {
    let needs = &task.needs;
    let Placement { constraints, platforms, max_replicas_per_node: most, .. } = &needs.placement;
    let waits = |why: String| (Fate::Waits, why);
    if rooms.is_empty() {
        return waits("no other node takes tasks".to_owned());
    }
    if !rooms.iter().any(|room| fits(&needs.placement, room.node)) {
        let alone =
            constraints.iter().find(|it| !rooms.iter().any(|room| satisfies(room.node, it)));
        return waits(if !rooms.iter().any(|room| fits_platform(platforms, room.node)) {
            "no other node is of its image's platform".to_owned()
        } else if let Some(one) = alone {
            format!("no other node that takes tasks satisfies {one}")
        } else {
            "no other node that takes tasks satisfies all its constraints".to_owned()
        });
    }
    let fitting = |room: &Room<'_>| fits(&needs.placement, room.node);
    let few = |room: &Room<'_>| {
        *most == 0 || room.services.get(task.service.as_str()).is_none_or(|there| there < most)
    };
    let free = |room: &Room<'_>| room.ports.is_disjoint(&needs.ports);
    if !rooms.iter().any(|room| fitting(room) && few(room)) {
        return waits(format!("no more than {most} of its tasks may be on a node"));
    }
    if !rooms.iter().any(|room| fitting(room) && few(room) && free(room)) {
        let ports: Vec<String> = needs.ports.iter().map(|(port, _)| port.to_string()).collect();
        return waits(format!("port {} is taken on every other node", ports.join(", ")));
    }
    let roomiest = rooms
        .iter_mut()
        .filter(|room| fitting(room) && few(room) && free(room) && room.holds(needs))
        .max_by_key(|room| (room.memory, room.nano_cpus));
    let Some(room) = roomiest else {
        return waits("no other node has as much left as is reserved for it".to_owned());
    };
    room.take(task);
    if needs.volumes.is_empty() {
        return (Fate::Moves, String::new());
    }
    let names: Vec<&str> = needs.volumes.iter().map(String::as_str).collect();
    (Fate::MovesEmpty, format!("what is in {} stays on this node", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::NodeState;

    fn node(name: &str) -> NodeFacts {
        NodeFacts {
            id: name.to_owned(),
            name: name.to_owned(),
            takes_tasks: true,
            state: NodeState::Ready,
            memory: 100,
            nano_cpus: 100,
            labels: BTreeMap::from([("zone".to_owned(), name.to_owned())]),
            ..NodeFacts::default()
        }
    }

    fn task(id: &str, node: &str, needs: Needs) -> Placed {
        Placed {
            id: id.to_owned(),
            service: "shop_web".to_owned(),
            stack: Some("shop".to_owned()),
            instance: None,
            slot: Some(1),
            node: Some(node.to_owned()),
            state: TaskState::Running,
            since: DateTime::UNIX_EPOCH,
            image: "web:1".to_owned(),
            needs,
        }
    }

    fn constrained(to: &str) -> Needs {
        let placement = Placement { constraints: vec![to.to_owned()], ..Placement::default() };
        Needs { placement, ..Needs::default() }
    }

    fn fate(outlook: &Outlook, id: &str) -> (Fate, String) {
        outlook.fates.get(id).cloned().unwrap()
    }

    #[test]
    fn what_can_run_elsewhere_moves_and_only_what_is_on_the_node_is_told_of() {
        let nodes = [node("a"), node("b")];
        let there = [task("1", "a", Needs::default()), task("2", "b", Needs::default())];
        let outlook = drain(&nodes[0], &nodes, &there);
        assert_eq!(fate(&outlook, "1"), (Fate::Moves, String::new()));
        assert_eq!((outlook.fates.len(), outlook.refusal), (1, None));
    }

    #[test]
    fn a_global_task_ends_and_a_volume_stays_behind() {
        let nodes = [node("a"), node("b")];
        let volumes = BTreeSet::from(["shop_data".to_owned()]);
        let outlook = drain(
            &nodes[0],
            &nodes,
            &[
                task("agent", "a", Needs { global: true, ..Needs::default() }),
                task("db", "a", Needs { volumes, ..Needs::default() }),
            ],
        );
        assert_eq!(fate(&outlook, "agent").0, Fate::Ends);
        let stays = "what is in shop_data stays on this node".to_owned();
        assert_eq!(fate(&outlook, "db"), (Fate::MovesEmpty, stays));
        assert_eq!(outlook.refusal, None);
    }

    #[test]
    fn what_no_other_node_can_have_waits_and_says_why() {
        let mut windows = node("c");
        windows.takes_tasks = false;
        let nodes = [node("a"), node("b"), windows];
        let platforms = vec![("windows".to_owned(), "amd64".to_owned())];
        let ports = BTreeSet::from([(80, "tcp".to_owned())]);
        let one = Placement { max_replicas_per_node: 1, ..Placement::default() };
        let tasks = [
            task("moves", "a", Needs { memory: 1, ..Needs::default() }),
            task("tied", "a", constrained("node.labels.zone == a")),
            task("closed", "a", constrained("node.labels.zone == c")),
            task("large", "a", Needs { memory: 101, ..Needs::default() }),
            task("busy", "a", Needs { ports: ports.clone(), ..Needs::default() }),
            task(
                "platform",
                "a",
                Needs {
                    placement: Placement { platforms, ..Placement::default() },
                    ..Needs::default()
                },
            ),
            task("second", "a", Needs { placement: one.clone(), ..Needs::default() }),
            task("there", "b", Needs { placement: one, ports, ..Needs::default() }),
        ];
        let outlook = drain(&nodes[0], &nodes, &tasks);
        assert_eq!(fate(&outlook, "moves").0, Fate::Moves);
        for (id, why) in [
            ("tied", "no other node that takes tasks satisfies node.labels.zone == a"),
            ("closed", "no other node that takes tasks satisfies node.labels.zone == c"),
            ("large", "no other node has as much left as is reserved for it"),
            ("busy", "port 80 is taken on every other node"),
            ("platform", "no other node is of its image's platform"),
            ("second", "no more than 1 of its tasks may be on a node"),
        ] {
            assert_eq!(fate(&outlook, id), (Fate::Waits, why.to_owned()), "{id}");
        }
        assert_eq!(outlook.refusal, None);
    }

    #[test]
    fn room_is_given_away_once() {
        let nodes = [node("a"), node("b")];
        let half = || Needs { memory: 60, ..Needs::default() };
        let outlook = drain(&nodes[0], &nodes, &[task("1", "a", half()), task("2", "a", half())]);
        let mut fates: Vec<Fate> = outlook.fates.values().map(|(fate, _)| *fate).collect();
        fates.sort();
        assert_eq!(fates, [Fate::Moves, Fate::Waits]);
        assert_eq!(reserved("a", &[task("1", "a", half()), task("2", "b", half())]), (0, 60));
    }

    #[test]
    fn the_last_node_that_can_have_what_runs_is_not_drained() {
        let alone = [node("a")];
        let refusal = drain(&alone[0], &alone, &[]).refusal.unwrap();
        assert!(refusal.starts_with("No other node takes tasks"), "{refusal}");

        let nodes = [node("a"), node("b")];
        let tied = task("1", "a", constrained("node.labels.zone == a"));
        let refusal = drain(&nodes[0], &nodes, &[tied]).refusal.unwrap();
        assert!(refusal.contains("last node that can run what is on it"), "{refusal}");
        // Tasks of global services never needed another node.
        let global = task("1", "a", Needs { global: true, ..Needs::default() });
        assert_eq!(drain(&nodes[0], &nodes, &[global]).refusal, None);
    }
}
