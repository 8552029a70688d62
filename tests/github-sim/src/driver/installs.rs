//! What the owner of an App, and of an account that has it, do.

use std::collections::BTreeSet;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::types::{AppSecrets, Installation, SubmittedManifest};
use crate::apps::Manifest;
use crate::keys;
use crate::sim::Sim;

/// Apps. Every call fails where it names what does not exist.
impl Sim {
    /// Submits a manifest for `owner`, as the browser does, and presses the
    /// button.
    ///
    /// # Errors
    ///
    /// Where the manifest can't be used, or the name is taken.
    pub fn submit_manifest(
        &self,
        owner: &str,
        manifest: Value,
        state: &str,
    ) -> anyhow::Result<SubmittedManifest> {
        self.create_app(owner, Manifest::parse(manifest)?, state)
    }

    /// The App with its secrets.
    ///
    /// # Errors
    ///
    /// Where there is no such App.
    pub fn app_secrets(&self, slug: &str) -> anyhow::Result<AppSecrets> {
        let app = self.world().app_by_slug(slug).cloned();
        let app = app.with_context(|| format!("no App {slug}"))?;
        Ok(AppSecrets {
            app_id: app.id,
            private_key: keys::nth(app.key)?.pem(),
            slug: app.slug,
            webhook_secret: app.hook.secret,
            client_id: app.client_id,
            client_secret: app.client_secret,
        })
    }

    /// Installs an App on an account: on all its repositories, or on these, by
    /// `owner/name`. Where it is installed, its repositories change.
    ///
    /// # Errors
    ///
    /// Where there is no such App, account or repository.
    pub fn install(
        &self,
        slug: &str,
        account: &str,
        repositories: Option<&[String]>,
    ) -> anyhow::Result<Installation> {
        let (id, redirect) = self.install_app(slug, account, repositories, None)?;
        Ok(Installation { redirect, ..self.installation(id)? })
    }

    /// Adds and removes repositories of an installation, by `owner/name`.
    ///
    /// # Errors
    ///
    /// Where there is no such installation or repository.
    pub fn change_installation(
        &self,
        installation: i64,
        add: &[String],
        remove: &[String],
    ) -> anyhow::Result<Installation> {
        let mut ids: BTreeSet<i64> = {
            let world = self.world();
            let it = world.installations.get(&installation).context("no such installation")?;
            world.covered(it).into_iter().map(|it| it.id).collect()
        };
        for name in add {
            ids.insert(self.find(name)?.id);
        }
        for name in remove {
            ensure!(ids.remove(&self.find(name)?.id), "the installation has no {name}");
        }
        self.select(installation, Some(ids))?;
        self.installation(installation)
    }

    /// Suspends an installation, or lifts that.
    ///
    /// # Errors
    ///
    /// Where it is so already.
    pub fn suspend(&self, installation: i64, suspended: bool) -> anyhow::Result<Installation> {
        self.set_suspended(installation, suspended)?;
        self.installation(installation)
    }

    /// Removes an installation.
    ///
    /// # Errors
    ///
    /// Where there is none.
    pub fn uninstall(&self, installation: i64) -> anyhow::Result<()> {
        self.remove_installation(installation)
    }
}
