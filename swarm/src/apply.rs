//! Doing: one action, whose doing twice does it once.

mod remove;

use berth_domain::cluster::{Action, ClusterError, Version};
use berth_domain::ids::StackName;
use berth_domain::stack::{FileSpec, NetworkSpec, Pool, ServiceSpec};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;

use crate::client::{Request, segment};
use crate::convert::{Ids, Missing, Scope, from_swarm, to_swarm};
use crate::error::Failure;
use crate::objects::list;
use crate::observe::stack_of;
use crate::registry::signed;
use crate::swarm::Swarm;
use crate::wire;

/// Configs or secrets: the two are made and removed alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Config,
    Secret,
}

impl Kind {
    const fn noun(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Secret => "secret",
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Config => "/configs",
            Self::Secret => "/secrets",
        }
    }
}

impl Swarm {
    pub(crate) async fn carry_out(
        &self,
        stack: &StackName,
        action: &Action,
    ) -> Result<(), ClusterError> {
        match action {
            Action::CreateNetwork { name, spec } => self.create_network(stack, name, spec).await,
            Action::CreateConfig { name, spec } => {
                self.create_file(stack, Kind::Config, name, spec).await
            }
            Action::CreateSecret { name, spec } => {
                self.create_file(stack, Kind::Secret, name, spec).await
            }
            Action::CreateService { name, spec } => self.create_service(stack, name, spec).await,
            Action::UpdateService { name, spec, from } => {
                self.update_service(stack, name, spec, *from).await
            }
            Action::RemoveService { name, from } => self.remove_service(stack, name, *from).await,
            Action::RemoveConfig { name } => self.remove_file(stack, Kind::Config, name).await,
            Action::RemoveSecret { name } => self.remove_file(stack, Kind::Secret, name).await,
            Action::RemoveNetwork { name } => self.remove_network(stack, name).await,
            Action::RemoveVolume { name } => self.remove_volume(stack, name).await,
            Action::RemoveImage { name } => self.remove_image(stack, name).await,
        }
    }

    /// The object at `path`; [`None`] where there is none.
    async fn find<T: DeserializeOwned>(
        &self,
        path: String,
        what: &str,
    ) -> Result<Option<T>, ClusterError> {
        match self.client.json(Request::get(path)).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error.about(what)),
        }
    }

    /// Whether an object with these labels is this stack's, and may be touched.
    fn is_mine(&self, stack: &StackName, labels: &wire::Labels) -> bool {
        self.owns(labels) && stack_of(labels).as_ref() == Some(stack)
    }

    async fn create_network(
        &self,
        stack: &StackName,
        name: &str,
        spec: &NetworkSpec,
    ) -> Result<(), ClusterError> {
        let what = format!("network {name}");
        let failed = |error: Failure| error.about(what.clone());
        let scope = self.scope(stack).await.map_err(failed)?;
        let mut body = network_body(&scope, name, spec);
        let mut made = self.post_network(&body).await;
        if made.as_ref().is_err_and(Failure::is_conflict) {
            match self.networks_named(name, &what).await? {
                (Some(there), _) if self.is_mine(stack, &there.labels) => return Ok(()),
                (Some(_), _) => return Err(not_ours(&what)),
                // A Swarm never has two of a name, whatever a node still has.
                (None, true) => {
                    body.check_duplicate = false;
                    made = self.post_network(&body).await;
                }
                (None, false) => return Err(ClusterError::Stale { what }),
            }
        }
        made.map_err(|error| error.about(what))
    }

    async fn post_network(&self, body: &wire::NetworkCreate) -> Result<(), Failure> {
        let request = Request::post("/networks/create").json(body)?;
        self.client.bytes(request).await.map(drop)
    }

    /// The Swarm's network of that name, and whether one was
    /// [left behind](wire::Network::is_left_behind).
    async fn networks_named(
        &self,
        name: &str,
        what: &str,
    ) -> Result<(Option<wire::Network>, bool), ClusterError> {
        let filters: [(&str, &[&str]); 2] = [("name", &[name]), ("scope", &["swarm"])];
        let listed: Result<Vec<wire::Network>, Failure> =
            list(&self.client, "/networks", &filters).await;
        let named = listed.map_err(|error| error.about(what))?.into_iter();
        let (gone, there): (Vec<_>, Vec<_>) =
            named.filter(|is| is.name == name).partition(wire::Network::is_left_behind);
        Ok((there.into_iter().next(), !gone.is_empty()))
    }

    async fn find_network(
        &self,
        name: &str,
        what: &str,
    ) -> Result<Option<wire::Network>, ClusterError> {
        match self.networks_named(name, what).await? {
            (None, false) => {}
            (there, _) => return Ok(there),
        }
        // No list has the networks of the node, such as `host`, as Swarm knows them.
        let path = format!("/networks/{}?scope=swarm", segment(name));
        let found: Option<wire::Network> = self.find(path, what).await?;
        Ok(found.filter(|network| network.name == name))
    }

    async fn create_file(
        &self,
        stack: &StackName,
        kind: Kind,
        name: &str,
        spec: &FileSpec,
    ) -> Result<(), ClusterError> {
        let what = format!("{} {name}", kind.noun());
        let failed = |error: Failure| error.about(what.clone());
        let scope = self.scope(stack).await.map_err(failed)?;
        let driver = |is: &berth_domain::stack::Driver| wire::Driver {
            name: is.name.clone(),
            options: is.options.clone(),
        };
        let body = wire::FileCreate {
            name: name.to_owned(),
            labels: scope.label(&spec.labels),
            data: STANDARD.encode(&spec.data),
            driver: spec.driver.as_ref().map(driver),
            templating: spec
                .template_driver
                .clone()
                .map(|name| wire::Driver { name, ..wire::Driver::default() }),
        };
        let request =
            Request::post(format!("{}/create", kind.path())).json(&body).map_err(failed)?;
        match self.client.bytes(request).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_conflict() => {
                match self.find_file(kind, name, &what).await? {
                    // Its name has its content's hash.
                    Some(there) if self.is_mine(stack, &there.spec.labels) => Ok(()),
                    Some(_) => Err(not_ours(&what)),
                    None => Err(ClusterError::Stale { what }),
                }
            }
            Err(error) => Err(error.about(what)),
        }
    }

    async fn find_file(
        &self,
        kind: Kind,
        name: &str,
        what: &str,
    ) -> Result<Option<wire::File>, ClusterError> {
        let path = format!("{}/{}", kind.path(), segment(name));
        let found: Option<wire::File> = self.find(path, what).await?;
        Ok(found.filter(|file| file.spec.name == name))
    }

    async fn create_service(
        &self,
        stack: &StackName,
        name: &str,
        spec: &ServiceSpec,
    ) -> Result<(), ClusterError> {
        let what = format!("service {}", stack.scope(name));
        let (body, ids) = self.body_of(stack, name, spec, &what).await?;
        let request =
            Request::post("/services/create").json(&body).map_err(|error| error.about(&what))?;
        let login = self.login_for(&spec.image).await?;
        match self.client.bytes(signed(request, &spec.image, login.as_ref())).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_conflict() => {
                match self.find_service(stack, name, &what).await? {
                    Some(there) if !self.is_mine(stack, &there.spec.labels) => Err(not_ours(&what)),
                    Some(there) if says(&there.spec, spec, &ids) => Ok(()),
                    Some(_) | None => Err(ClusterError::Stale { what }),
                }
            }
            Err(error) => Err(error.about(what)),
        }
    }

    async fn update_service(
        &self,
        stack: &StackName,
        name: &str,
        spec: &ServiceSpec,
        from: Version,
    ) -> Result<(), ClusterError> {
        let what = format!("service {}", stack.scope(name));
        let (live, body) = tokio::join!(
            self.find_service(stack, name, &what),
            self.body_of(stack, name, spec, &what)
        );
        let Some(live) = live? else { return Err(ClusterError::Stale { what }) };
        let (mut body, ids) = body?;
        if !self.is_mine(stack, &live.spec.labels) {
            return Err(not_ours(&what));
        }
        if says(&live.spec, spec, &ids) {
            // Done already. Sending it again would overwrite what Swarm rolls back to.
            return Ok(());
        }
        if live.version.index != from.0 {
            return Err(ClusterError::Stale { what });
        }
        // It never falls: that alone would replace every task.
        let forced = &mut body.task_template.force_update;
        *forced = (*forced).max(live.spec.task_template.force_update);
        let request = Request::post(format!("/services/{}/update", segment(&live.id)))
            .query("version", from.0.to_string())
            .query("registryAuthFrom", "spec")
            .json(&body)
            .map_err(|error| error.about(&what))?;
        let login = self.login_for(&spec.image).await?;
        self.client
            .bytes(signed(request, &spec.image, login.as_ref()))
            .await
            .map_err(|error| error.about(what))?;
        Ok(())
    }

    async fn find_service(
        &self,
        stack: &StackName,
        name: &str,
        what: &str,
    ) -> Result<Option<wire::Service>, ClusterError> {
        let full = stack.scope(name);
        let found: Option<wire::Service> =
            self.find(format!("/services/{}", segment(&full)), what).await?;
        Ok(found.filter(|service| service.spec.name == full))
    }

    async fn body_of(
        &self,
        stack: &StackName,
        name: &str,
        spec: &ServiceSpec,
        what: &str,
    ) -> Result<(wire::ServiceSpec, Ids), ClusterError> {
        let scope = self.scope(stack).await.map_err(|error| error.about(what))?;
        let ids = self.ids_for(spec, what).await?;
        let body = to_swarm(&scope, name, spec, &ids).map_err(|missing| {
            let Missing { kind, name } = missing;
            ClusterError::Stale { what: format!("{kind} {name}") }
        })?;
        Ok((body, ids))
    }

    /// The ids behind the names that `spec` has.
    async fn ids_for(&self, spec: &ServiceSpec, what: &str) -> Result<Ids, ClusterError> {
        let mut ids = Ids::default();
        for network in &spec.networks {
            let name = &network.network;
            if let Some(found) = self.find_network(name, what).await? {
                ids.networks.insert(name.clone(), found.id);
            }
        }
        let credentials = spec.credential_spec.as_ref().and_then(|is| is.config.as_ref());
        for name in spec.configs.iter().map(|config| &config.name).chain(credentials) {
            if let Some(found) = self.find_file(Kind::Config, name, what).await? {
                ids.configs.insert(name.clone(), found.id);
            }
        }
        for secret in &spec.secrets {
            if let Some(found) = self.find_file(Kind::Secret, &secret.name, what).await? {
                ids.secrets.insert(secret.name.clone(), found.id);
            }
        }
        Ok(ids)
    }
}

/// Whether a live service says what `spec` does.
fn says(live: &wire::ServiceSpec, spec: &ServiceSpec, ids: &Ids) -> bool {
    let names = ids.networks.iter().map(|(name, id)| (id.clone(), name.clone())).collect();
    from_swarm(live, &names).is_ok_and(|live| live.means(spec))
}

pub(crate) fn not_ours(what: &str) -> ClusterError {
    ClusterError::Rejected {
        what: what.to_owned(),
        message: "it exists, and was not made for this stack by this Berth".to_owned(),
    }
}

fn network_body(scope: &Scope<'_>, name: &str, spec: &NetworkSpec) -> wire::NetworkCreate {
    let NetworkSpec {
        driver,
        driver_opts,
        labels,
        internal,
        attachable,
        ipam_driver,
        subnets,
        pools,
    } = spec;
    let config = subnets.iter().map(|subnet| {
        let Pool { gateway, ip_range } = pools.get(subnet).cloned().unwrap_or_default();
        wire::IpamConfig {
            subnet: subnet.clone(),
            ip_range: ip_range.unwrap_or_default(),
            gateway: gateway.unwrap_or_default(),
        }
    });
    let ipam = (ipam_driver.is_some() || !subnets.is_empty()).then(|| wire::Ipam {
        driver: ipam_driver.clone().unwrap_or_default(),
        config: config.collect(),
    });
    wire::NetworkCreate {
        name: name.to_owned(),
        check_duplicate: true,
        driver: if driver.is_empty() { "overlay".to_owned() } else { driver.clone() },
        options: driver_opts.clone(),
        labels: scope.label(labels),
        internal: *internal,
        attachable: *attachable,
        ipam,
    }
}
