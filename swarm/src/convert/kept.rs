//! Fields that an old engine drops silently, kept in a label so that they can
//! be read back and are no drift for ever.

use std::collections::BTreeMap;

use berth_domain::stack::{MountKind, Security, ServiceSpec};
use serde::{Deserialize, Serialize};

use crate::version::ApiVersion;

/// The label.
pub(crate) const KEPT_LABEL: &str = "berth.kept";

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    #[serde(skip_serializing_if = "Option::is_none")]
    start_interval: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    oom_score_adj: Option<i64>,
    /// But for the label of `SELinux`, which every engine knows.
    #[serde(skip_serializing_if = "Security::is_default")]
    security: Security,
    /// Paths in volumes, by where they are mounted.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    subpaths: BTreeMap<String, String>,
}

/// What an engine that speaks `api` would drop of `spec`, as the label's value.
pub(crate) fn to_label(spec: &ServiceSpec, api: ApiVersion) -> Option<String> {
    let mut kept = Kept::default();
    if !api.has(44) {
        kept.start_interval = spec.healthcheck.as_ref().and_then(|is| is.start_interval);
        kept.security = Security { selinux: None, ..spec.security.clone() };
    }
    if !api.has(45) {
        for mount in &spec.mounts {
            if let MountKind::Volume { subpath: Some(subpath), .. } = &mount.kind {
                kept.subpaths.insert(mount.target.clone(), subpath.clone());
            }
        }
    }
    if !api.has(46) {
        kept.oom_score_adj = spec.oom_score_adj;
    }
    if kept == Kept::default() { None } else { serde_json::to_string(&kept).ok() }
}

/// Puts what the label kept where the engine gave nothing.
pub(crate) fn restore(label: &str, spec: &mut ServiceSpec) {
    let Ok(kept) = serde_json::from_str::<Kept>(label) else { return };
    let Kept { start_interval, oom_score_adj, security, subpaths } = kept;
    let selinux = spec.security.selinux.take();
    if spec.security.is_default() {
        spec.security = security;
    }
    spec.security.selinux = selinux;
    if let Some(check) = &mut spec.healthcheck {
        check.start_interval = check.start_interval.or(start_interval);
    }
    spec.oom_score_adj = spec.oom_score_adj.or(oom_score_adj);
    for mount in &mut spec.mounts {
        if let MountKind::Volume { subpath, .. } = &mut mount.kind
            && subpath.is_none()
        {
            *subpath = subpaths.get(&mount.target).cloned();
        }
    }
}
