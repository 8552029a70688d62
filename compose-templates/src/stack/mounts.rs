//! What a service's tasks find in their file system.

use std::collections::BTreeSet;

use berth_domain::stack::{Driver, FileRef, Mount, MountKind};

use super::Convert;
use crate::complaint::CauseKind;
use crate::compose::model::{BlobUse, Service, Tmpfs, Volume, VolumeKind, VolumeUse};
use crate::compose::volumes::{bind_source, stack_bind_source};

impl Convert<'_> {
    /// In the file's order, then memory.
    pub(super) fn mounts(&mut self, name: &str, service: &Service) -> Vec<Mount> {
        let mut mounts = Vec::new();
        let mut targets = BTreeSet::new();
        for one in &service.volumes {
            let windows = one.target.contains(['\\', ':']);
            if !one.target.starts_with('/') && !windows {
                let message = format!("`{}` must be a full path in the container", one.target);
                self.refuse(one.at, message);
            }
            if !targets.insert(one.target.clone()) {
                self.refuse(one.at, format!("`{}` is mounted twice; keep one", one.target));
            }
            if self.is_stack() {
                self.check_options(name, one);
            }
            mounts.extend(self.mount(one));
        }
        let memory = |Tmpfs { target, size, mode }: Tmpfs| Mount {
            kind: MountKind::Tmpfs { size: size.filter(|size| *size != 0), mode },
            source: None,
            target,
            read_only: false,
            consistency: None,
        };
        let shared = service.shm_size.filter(|size| *size != 0).map(|size| Tmpfs {
            target: "/dev/shm".to_owned(),
            size: Some(size),
            mode: None,
        });
        for tmpfs in service.tmpfs.iter().cloned().chain(shared) {
            if targets.insert(tmpfs.target.clone()) {
                mounts.push(memory(tmpfs));
            } else {
                let message = format!("`{}` is mounted twice; keep one", tmpfs.target);
                self.refuse(service.at, message);
            }
        }
        mounts
    }

    /// Refuses options of another kind of mount, as Docker does.
    fn check_options(&mut self, name: &str, one: &VolumeUse) {
        let own = match one.kind {
            VolumeKind::Volume => "volume",
            VolumeKind::Bind | VolumeKind::Npipe => "bind",
            VolumeKind::Tmpfs => "tmpfs",
            VolumeKind::Image => "image",
            VolumeKind::Cluster => "",
        };
        let path = || format!("services.{name}.volumes");
        if let Some(other) = one.options.iter().find(|other| **other != own) {
            let message =
                format!("what is mounted at `{}` can't have options of {other}", one.target);
            self.refuse_as(one.at, CauseKind::Conflict, path(), message);
        }
        let sourced = one.source.is_some();
        match one.kind {
            VolumeKind::Tmpfs if sourced => {
                let message = format!("the tmpfs at `{}` can't have a `source`", one.target);
                self.refuse_as(one.at, CauseKind::Conflict, path(), message);
            }
            VolumeKind::Image | VolumeKind::Cluster if !sourced => {
                let message = format!("what is mounted at `{}` needs a `source`", one.target);
                self.refuse_as(one.at, CauseKind::Value, path(), message);
            }
            VolumeKind::Volume
            | VolumeKind::Bind
            | VolumeKind::Tmpfs
            | VolumeKind::Npipe
            | VolumeKind::Image
            | VolumeKind::Cluster => {}
        }
    }

    fn mount(&mut self, one: &VolumeUse) -> Option<Mount> {
        let (kind, source) = match one.kind {
            VolumeKind::Volume => self.volume(one)?,
            VolumeKind::Bind => {
                let source = self.bind(one)?;
                (MountKind::Bind { propagation: one.propagation.clone() }, Some(source))
            }
            VolumeKind::Tmpfs => {
                let size = one.tmpfs_size.filter(|size| *size != 0);
                (MountKind::Tmpfs { size, mode: one.tmpfs_mode }, None)
            }
            VolumeKind::Npipe => (MountKind::Npipe, one.source.clone()),
            VolumeKind::Image => (MountKind::Image, one.source.clone()),
            VolumeKind::Cluster => {
                let source = one.source.as_deref().unwrap_or_default();
                // A group is the Swarm's, not the stack's.
                let name = if source.starts_with("group:") {
                    source.to_owned()
                } else {
                    self.volume_name(one, source)?.0
                };
                (MountKind::Cluster, Some(name))
            }
        };
        Some(Mount {
            kind,
            source,
            target: one.target.clone(),
            read_only: one.read_only,
            // The engine drops it, so keeping it would look like a change for ever.
            consistency: None,
        })
    }

    fn volume(&mut self, one: &VolumeUse) -> Option<(MountKind, Option<String>)> {
        let fresh = |labels, driver, external| MountKind::Volume {
            no_copy: one.no_copy,
            subpath: one.subpath.clone(),
            labels,
            driver,
            external,
        };
        let Some(key) = &one.source else {
            let mut kind = fresh(one.labels.clone().into(), None, false);
            // Docker says nothing of a volume without a name.
            if let (true, MountKind::Volume { no_copy, subpath, labels, .. }) =
                (self.is_stack(), &mut kind)
            {
                (*no_copy, *subpath) = (false, None);
                labels.clear();
            }
            return Some((kind, None));
        };
        let (name, volume) = self.volume_name(one, key)?;
        let driver = (volume.driver.is_some() || !volume.driver_opts.is_empty()).then(|| Driver {
            name: volume.driver.clone().unwrap_or_default(),
            options: volume.driver_opts.clone().into(),
        });
        let mut labels = volume.labels.clone();
        labels.extend(one.labels.clone());
        Some((fresh(labels.into(), driver, volume.external), Some(name)))
    }

    /// A volume's name on the nodes.
    fn volume_name(&mut self, one: &VolumeUse, key: &str) -> Option<(String, Volume)> {
        let Some(volume) = self.loaded.model.volumes.get(key).cloned() else {
            let message = format!(
                "the volume `{key}` is mounted at `{}`, but no file defines it; add `{key}:` under `volumes`",
                one.target
            );
            self.refuse_as(one.at, CauseKind::Undefined, format!("volumes.{key}"), message);
            return None;
        };
        let name = match (&volume.name, volume.external) {
            (Some(name), _) => name.clone(),
            (None, true) => key.to_owned(),
            (None, false) => self.context.stack.scope(key),
        };
        Some((name, volume))
    }

    fn bind(&mut self, one: &VolumeUse) -> Option<String> {
        let source = one.source.as_deref().unwrap_or_default();
        let root = self.context.bind_root.as_deref();
        let folder = self.loaded.folder(one.at);
        let read = if self.is_stack() { stack_bind_source } else { bind_source };
        let path = read(source, folder, root, self.loaded.home.as_deref());
        if path.is_none() {
            let message = if source.starts_with('~') {
                format!(
                    "`{source}` starts at a home folder, but there is none here; write the full path"
                )
            } else {
                format!(
                    "`{source}` is a folder of the repository, which no node has; put a single file into `configs`, many into the image, or data into a volume"
                )
            };
            self.refuse(one.at, message);
        }
        path
    }

    /// Configs or secrets, sorted by their names on the Swarm.
    pub(super) fn blob_uses(
        &mut self,
        service: &str,
        uses: &[BlobUse],
        what: &str,
    ) -> Vec<FileRef> {
        let mut references = Vec::new();
        let mut targets = BTreeSet::new();
        for one in uses {
            let names = if what == "config" { &self.configs } else { &self.secrets };
            let Some(name) = names.get(&one.source).cloned() else {
                let message = format!(
                    "the {what} `{}` is used, but no file defines it; add it under `{what}s`",
                    one.source
                );
                let path = format!("{what}s.{}", one.source);
                self.refuse_as(one.at, CauseKind::Undefined, path, message);
                continue;
            };
            let target = one.target.clone().unwrap_or_else(|| one.source.clone());
            if !targets.insert(target.clone()) {
                let message =
                    format!("two {what}s appear at `{target}`; give one another `target`");
                let path = format!("services.{service}.{what}s");
                self.refuse_as(one.at, CauseKind::Conflict, path, message);
            }
            references.push(FileRef {
                name,
                target,
                uid: one.uid.clone().unwrap_or_else(|| "0".to_owned()),
                gid: one.gid.clone().unwrap_or_else(|| "0".to_owned()),
                mode: one.mode.unwrap_or(0o444),
            });
        }
        references.sort();
        references
    }
}
