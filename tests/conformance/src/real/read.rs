//! What a stack came to on the engine, in the words of [`Made`], so that it
//! compares as what was sent does: ids are those of names, and what the engine
//! chose by itself is left out.

use std::collections::BTreeMap;

use anyhow::ensure;
use berth_tests::wait::{LONG, until};
use serde_json::{Value, json};

use super::api::Api;
use crate::engine::{Made, id};

/// An option that Swarm adds to each overlay network: a number of its choice.
const VXLAN: &str = "com.docker.network.driver.overlay.vxlanid_list";

/// Where Berth writes down what an old engine drops.
const KEPT: &str = "berth.kept";

/// What of a network is of this moment, not of what it is.
const PASSING: [&str; 6] = ["Id", "Created", "Containers", "Peers", "ConfigFrom", "Services"];

/// A stack as it is.
#[derive(Debug)]
pub(super) struct Seen {
    /// Its objects.
    pub(super) made: Made,
    /// What tells of each whether anybody made it anew or changed it: its id, and
    /// the spec before its last update. A service's version does not tell: Swarm
    /// writes to services by itself, too.
    pub(super) marks: BTreeMap<String, String>,
}

/// Reads a stack back, as soon as Swarm has given its services what they want of
/// it. `text` is what the files say.
///
/// # Errors
///
/// Where the engine does not answer, or does not get there.
pub(super) async fn read(api: &Api, stack: &str, text: &str) -> anyhow::Result<Seen> {
    let services = until(&format!("{stack} is allocated"), LONG, async || {
        let services =
            api.of_stack("/services", Some(stack)).await.map_err(|err| err.to_string())?;
        let waits = |service: &&Value| service["Endpoint"]["Spec"]["Mode"].is_null();
        match services.iter().find(waits) {
            Some(service) => Err(service["Spec"]["Name"].to_string()),
            None => Ok(services),
        }
    })
    .await?;
    let mut seen = Seen { made: Made::new(), marks: BTreeMap::new() };
    let names = Names::read(api).await?;
    for mut service in services {
        let mut spec = service["Spec"].take();
        names.put(api, &mut spec).await?;
        seen.add("service", spec, &service);
    }
    for network in api.of_stack("/networks", Some(stack)).await? {
        let mut network = api.get(&format!("/networks/{}", word(&network["Id"]))).await?;
        let mark = network.clone();
        chosen_by_files(&mut network, text);
        seen.add("network", network, &mark);
    }
    for kind in ["config", "secret"] {
        for mut object in api.of_stack(&format!("/{kind}s"), Some(stack)).await? {
            let spec = object["Spec"].take();
            seen.add(kind, spec, &object);
        }
    }
    Ok(seen)
}

impl Seen {
    /// What Berth has no cause to change on taking `stack` over, having become
    /// `after`. It changes a service once that has configs or secrets of its stack,
    /// which have other names with Berth, and one of which an old engine drops
    /// something, to write that down.
    pub(super) fn unchanged_by_berth(&self, stack: &str, after: &Self) -> Self {
        let own = |value: &Value| word(value).starts_with(&format!("{stack}_"));
        let names_own = |body: &Value| {
            let container = &body["TaskTemplate"]["ContainerSpec"];
            let lists =
                [(&container["Configs"], "ConfigName"), (&container["Secrets"], "SecretName")];
            lists.iter().any(|(list, name)| {
                list.as_array().is_some_and(|list| list.iter().any(|item| own(&item[*name])))
            })
        };
        let written_down =
            |key: &str| after.made.get(key).is_some_and(|body| !body["Labels"][KEPT].is_null());
        let mut left = Self { made: self.made.clone(), marks: self.marks.clone() };
        left.made.retain(|key, body| !names_own(body) && !written_down(key));
        left.marks.retain(|key, _| left.made.contains_key(key));
        left
    }

    fn add(&mut self, kind: &str, body: Value, object: &Value) {
        let key = format!("{kind} {}", word(&body["Name"]));
        let mark = ["ID", "Id", "PreviousSpec"].map(|field| object[field].to_string());
        self.marks.insert(key.clone(), mark.join(" "));
        self.made.insert(key, body);
    }
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// What ids stand for, by `kind id`.
struct Names(BTreeMap<String, String>);

impl Names {
    async fn read(api: &Api) -> anyhow::Result<Self> {
        let mut names = BTreeMap::new();
        for (kind, path) in
            [("network", "/networks"), ("config", "/configs"), ("secret", "/secrets")]
        {
            let objects = api.get(path).await?;
            for object in objects.as_array().into_iter().flatten() {
                let id = object.get("ID").unwrap_or(&object["Id"]);
                let name = object.get("Name").unwrap_or(&object["Spec"]["Name"]);
                names.insert(format!("{kind} {}", word(id)), word(name).to_owned());
            }
        }
        Ok(Self(names))
    }

    /// Puts the ids of names, as the [engine](crate::engine) that only writes down
    /// gives them, for the engine's own.
    async fn put(&self, api: &Api, spec: &mut Value) -> anyhow::Result<()> {
        let container = "/TaskTemplate/ContainerSpec";
        for (kind, list, field) in [
            ("network", "/TaskTemplate/Networks".to_owned(), "Target"),
            ("config", format!("{container}/Configs"), "ConfigID"),
            ("secret", format!("{container}/Secrets"), "SecretID"),
        ] {
            let list = spec.pointer_mut(&list).and_then(Value::as_array_mut);
            for item in list.into_iter().flatten() {
                self.put_one(api, kind, &mut item[field]).await?;
            }
        }
        let credentials = format!("{container}/Privileges/CredentialSpec/Config");
        match spec.pointer_mut(&credentials) {
            Some(config) if !word(config).is_empty() => self.put_one(api, "config", config).await,
            _ => Ok(()),
        }
    }

    async fn put_one(&self, api: &Api, kind: &str, value: &mut Value) -> anyhow::Result<()> {
        let name = match self.0.get(&format!("{kind} {}", word(value))) {
            Some(name) => name.clone(),
            // No list has the networks of the node, such as `host`, as Swarm knows them.
            None => {
                let object = api.get(&format!("/{kind}s/{}", word(value))).await?;
                word(&object["Name"]).to_owned()
            }
        };
        ensure!(!name.is_empty(), "a service names the {kind} {value}, which has no name");
        *value = json!(id(kind, &name));
        Ok(())
    }
}

/// Leaves of a network what its files could choose. Swarm gives a network that
/// wants no addresses of its own the next that are free.
fn chosen_by_files(network: &mut Value, text: &str) {
    if let Some(network) = network.as_object_mut() {
        network.retain(|key, _| !PASSING.contains(&key.as_str()));
    }
    if let Some(options) = network["Options"].as_object_mut() {
        options.remove(VXLAN);
    }
    if let Some(configs) = network["IPAM"]["Config"].as_array_mut() {
        configs.retain(|config| text.contains(word(&config["Subnet"])));
    }
}
