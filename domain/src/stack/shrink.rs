//! A spec that takes no more room than what is in it.
//!
//! A list that is read grows by doubling, from four elements on; most have one
//! or two, and a leader holds those of all stacks.

use super::{ServiceSpec, StackSpec};

impl StackSpec {
    /// Gives back what its lists have more room for. Nothing else changes.
    pub fn shrink_to_fit(&mut self) {
        for service in self.services.values_mut() {
            service.shrink_to_fit();
        }
        self.routes.shrink_to_fit();
    }
}

impl ServiceSpec {
    fn shrink_to_fit(&mut self) {
        self.entrypoint.shrink_to_fit();
        self.command.shrink_to_fit();
        if let Some(check) = &mut self.healthcheck {
            check.test.shrink_to_fit();
        }
        self.mounts.shrink_to_fit();
        self.configs.shrink_to_fit();
        self.secrets.shrink_to_fit();
        self.ports.shrink_to_fit();
        self.networks.shrink_to_fit();
        for network in &mut self.networks {
            network.aliases.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_keeps_no_room_and_means_the_same() {
        let text = r#"{"services": {"web": {
            "image": "web", "command": ["serve"], "healthcheck": {"test": ["CMD", "true"]},
            "networks": [{"network": "front", "aliases": ["web"]}]
        }}}"#;
        let read: StackSpec = serde_json::from_str(text).expect("a stack");
        let mut shrunk = read.clone();
        shrunk.shrink_to_fit();
        assert_eq!(shrunk, read);
        let web = &shrunk.services["web"];
        assert_eq!((web.command.capacity(), web.networks.capacity()), (1, 1));
        assert_eq!(web.networks[0].aliases.capacity(), 1);
    }
}
