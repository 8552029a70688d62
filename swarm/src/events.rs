//! Docker's events as hints: something changed, perhaps with this stack.
//!
//! The engine keeps 256 events of all kinds, sends none for tasks, and loses
//! them when it restarts. So nothing is read out of an event but whom to look
//! at, and each new connection counts as a change of everything, as does one that
//! is lost.

use std::collections::VecDeque;
use std::time::Duration;

use berth_domain::cluster::Version;
use berth_domain::facts::NodeFacts;
use berth_domain::ids::StackName;
use berth_domain::map::Map;
use berth_domain::stack::INSTANCE_LABEL;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

use crate::client::{Request, Streaming, segment};
use crate::inventory::node;
use crate::observe::stack_of;
use crate::swarm::Swarm;
use crate::wire;

/// The wait before the first attempt to connect again; it doubles.
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// The longest wait before an attempt to connect again.
const LONGEST_WAIT: Duration = Duration::from_secs(15);

/// The one stream of events of a [`Swarm`].
#[derive(Debug, Default)]
pub(crate) struct Watch {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    stream: Option<Streaming>,
    buffer: Vec<u8>,
    /// An event that is being looked into, kept in case that is cancelled.
    pending: Option<Vec<u8>>,
    /// Stacks that an event may be about, less those that were told.
    hints: VecDeque<StackName>,
    failures: u32,
    not_before: Option<Instant>,
}

impl State {
    /// The next whole line that came.
    fn line(&mut self) -> Option<Vec<u8>> {
        let end = self.buffer.iter().position(|byte| *byte == b'\n')?;
        Some(self.buffer.drain(..=end).collect())
    }

    fn lose(&mut self) {
        self.stream = None;
        self.buffer.clear();
        self.pending = None;
        let wait = FIRST_WAIT.saturating_mul(1 << self.failures.min(16)).min(LONGEST_WAIT);
        self.failures = self.failures.saturating_add(1);
        self.not_before = Some(Instant::now() + wait);
    }
}

/// What an event says.
enum Hint {
    /// Nothing to us.
    Nothing,
    /// These stacks may have changed.
    Stacks(Vec<StackName>),
    /// Any may have.
    Any,
}

impl Swarm {
    /// Waits for the next hint, over as many connections as it takes. Can be
    /// cancelled without loss.
    pub(crate) async fn next_hint(&self) -> Option<StackName> {
        let mut state = self.watch.state.lock().await;
        loop {
            if let Some(stack) = state.hints.pop_front() {
                return Some(stack);
            }
            if state.stream.is_none() {
                if let Some(at) = state.not_before {
                    sleep_until(at).await;
                }
                match self.client.stream(events()).await {
                    Ok(stream) => {
                        state.stream = Some(stream);
                        return None;
                    }
                    Err(error) => {
                        tracing::debug!(
                            "can't watch Docker's events: {}",
                            berth_domain::chain(&error)
                        );
                        state.lose();
                        continue;
                    }
                }
            }
            if state.pending.is_none() {
                state.pending = state.line();
            }
            if let Some(line) = state.pending.clone() {
                state.failures = 0;
                state.not_before = None;
                let hint = self.read_hint(&line).await;
                state.pending = None;
                match hint {
                    Hint::Nothing => continue,
                    Hint::Stacks(stacks) => {
                        state.hints.extend(stacks);
                        continue;
                    }
                    Hint::Any => return None,
                }
            }
            let Some(stream) = &mut state.stream else { continue };
            match stream.next().await {
                Ok(Some(bytes)) => state.buffer.extend_from_slice(&bytes),
                Ok(None) | Err(_) => {
                    // Whoever looks now finds out whether Docker is gone.
                    state.lose();
                    return None;
                }
            }
        }
    }

    async fn read_hint(&self, line: &[u8]) -> Hint {
        let Ok(event) = serde_json::from_slice::<wire::Event>(line) else {
            return Hint::Nothing;
        };
        let wire::Event { kind, action, actor } = event;
        match kind.as_str() {
            "container" => self.of_container(&actor.attributes),
            "service" => self.of_service(&actor.id, &action).await,
            "network" if action == "remove" => of_network(&actor.attributes),
            "node" => self.of_node(&actor.id, &action, &actor.attributes).await,
            _ => Hint::Nothing,
        }
    }

    fn of_container(&self, labels: &Map<String, String>) -> Hint {
        let ours = self
            .instance
            .as_ref()
            .is_none_or(|instance| labels.get(INSTANCE_LABEL) == Some(instance));
        match stack_of(labels) {
            Some(stack) if ours => Hint::Stacks(vec![stack]),
            Some(_) | None => Hint::Nothing,
        }
    }

    async fn of_service(&self, id: &str, action: &str) -> Hint {
        let known = {
            let mut stacks = crate::locked(&self.stacks);
            if action == "remove" { stacks.remove(id) } else { stacks.get(id).cloned() }
        };
        if let Some(stack) = known {
            return Hint::Stacks(vec![stack]);
        }
        let path = format!("/services/{}", segment(id));
        match self.client.json::<wire::Service>(Request::get(path)).await {
            Ok(service) if !self.owns(&service.spec.labels) => Hint::Nothing,
            Ok(service) => match stack_of(&service.spec.labels) {
                Some(stack) => {
                    crate::locked(&self.stacks).insert(id.to_owned(), stack.clone());
                    Hint::Stacks(vec![stack])
                }
                None => Hint::Nothing,
            },
            // Gone, or can't be told: look at everything.
            Err(_) => Hint::Any,
        }
    }

    /// Swarm updates a node for each network that comes to it or goes, too, which a
    /// deployment of each stack does: that is no change of the node to us.
    async fn of_node(&self, id: &str, action: &str, attributes: &Map<String, String>) -> Hint {
        let path = format!("/nodes/{}", segment(id));
        let is = self.client.json::<wire::Node>(Request::get(path)).await;
        // Its version is another each time.
        let is = is.map(|is| NodeFacts { version: Version(0), ..node(&is, "") }).ok();
        let mut nodes = crate::locked(&self.nodes);
        let before = nodes.remove(id);
        let news =
            action != "update" || says_what(attributes) || is_news(before.as_ref(), is.as_ref());
        if let Some(is) = is {
            nodes.insert(id.to_owned(), is);
        }
        if news { Hint::Any } else { Hint::Nothing }
    }
}

/// Of a network, an event tells nothing but the name, which begins with its stack's
/// where the file gave it no other; where that ends, a stack may say.
fn of_network(attributes: &Map<String, String>) -> Hint {
    let name = attributes.get("name").map(String::as_str).unwrap_or_default();
    let ends = name.match_indices('_').map(|(end, _)| end);
    Hint::Stacks(ends.filter_map(|end| StackName::parse(name.get(..end)?).ok()).collect())
}

/// Whether a node is another than it was, as far as either is known.
fn is_news(before: Option<&NodeFacts>, is: Option<&NodeFacts>) -> bool {
    before.zip(is).is_none_or(|(before, is)| before != is)
}

/// Whether an event names what of a node is another now: its state, its
/// availability, its role, or who leads. Its name is always there.
fn says_what(attributes: &Map<String, String>) -> bool {
    attributes.keys().any(|key| key != "name")
}

/// Services, nodes and networks of the whole swarm, containers of this node. Checks
/// of health are left out, but not their results, and so are networks that come.
fn events() -> Request {
    Request::get("/events").filters(&[
        ("type", &["service", "node", "network", "container"]),
        ("event", &["create", "update", "remove", "start", "die", "destroy", "health_status"]),
    ])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_network_that_went_is_of_each_stack_whose_name_its_own_may_begin_with() {
        let hinted = |name: &str| {
            let attributes = Map::from([("name".to_owned(), name.to_owned())]);
            let Hint::Stacks(stacks) = of_network(&attributes) else { panic!() };
            stacks.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(hinted("shop_default"), ["shop"]);
        assert_eq!(hinted("my_shop_back_end"), ["my", "my_shop", "my_shop_back"]);
        assert_eq!(hinted("bridge"), Vec::<String>::new());
    }

    #[test]
    fn a_node_that_got_a_network_is_as_it_was() {
        let attributes = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        assert!(!says_what(&attributes(&[("name", "n1")])));
        assert!(says_what(&attributes(&[("name", "n1"), ("state.new", "down")])));

        let node = NodeFacts { name: "n1".to_owned(), ..NodeFacts::default() };
        let labels = BTreeMap::from([("zone".to_owned(), "a".to_owned())]);
        let labelled = NodeFacts { labels, ..node.clone() };
        assert!(!is_news(Some(&node), Some(&node)));
        assert!(is_news(Some(&node), Some(&labelled)), "tasks may have to leave it");
        assert!(is_news(None, Some(&node)) && is_news(Some(&node), None));
    }
}
