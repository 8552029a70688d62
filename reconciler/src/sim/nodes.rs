//! Nodes in memory: what becomes of one that is drained.

use berth_domain::cluster::{ClusterError, Version};
use berth_domain::facts::{Availability, NodeState};

use super::{Fault, State, unavailable};

impl State {
    pub(super) fn set_availability(
        &mut self,
        node: &str,
        wanted: Availability,
        from: Version,
    ) -> Result<(), ClusterError> {
        self.check()?;
        let fault = self.next_fault();
        let what = format!("node {node}");
        let found = self.facts.nodes.iter_mut().find(|it| it.id == node);
        let Some(found) = found else { return Err(ClusterError::Stale { what }) };
        if found.availability == wanted {
            return Ok(());
        }
        match fault {
            Some(Fault::Unavailable) => return Err(unavailable("the call was lost")),
            Some(Fault::Stale) => {
                // Somebody gave it a label, say.
                found.version.0 += 1;
                return Err(ClusterError::Stale { what });
            }
            Some(Fault::AnswerLost) | None => {}
        }
        if found.version != from {
            return Err(ClusterError::Stale { what });
        }
        found.availability = wanted;
        found.takes_tasks = found.state == NodeState::Ready && wanted == Availability::Active;
        found.version.0 += 1;
        self.calls.set_availability += 1;
        match fault {
            Some(_) => Err(unavailable("the answer was lost")),
            None => Ok(()),
        }
    }
}
