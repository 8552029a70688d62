//! `security_opt:`, as far as Swarm has a word for it.

use berth_domain::stack::{Security, Selinux};

use super::check::{Check, Field};

/// Reads a list of `option`, `option=value` or `option:value`. What Swarm can't
/// do is told, each at its place.
pub(super) fn read(check: &mut Check<'_>, field: &Field<'_>) -> Security {
    let mut security = Security::default();
    for item in check.list(field) {
        let Some(text) = check.filled(&item) else { continue };
        let (name, value) = text.split_once(['=', ':']).unwrap_or((&text, ""));
        match (name, value) {
            ("no-new-privileges", "" | "true") => security.no_new_privileges = true,
            ("no-new-privileges", "false") => security.no_new_privileges = false,
            ("seccomp", "unconfined") => security.unconfined_seccomp = true,
            ("apparmor", "unconfined") => security.unconfined_apparmor = true,
            ("label", value) if label(&mut security, value) => {}
            _ => {
                let message =
                    format!("`{}` is ignored: the engine's own setting applies", item.path);
                check.note(item.at(), message);
            }
        }
    }
    security
}

/// Takes `disable`, or a part of a label such as `type:container_t`.
fn label(security: &mut Security, text: &str) -> bool {
    let mut label = security.selinux.clone().unwrap_or_default();
    let Selinux { disable, user, role, kind, level } = &mut *label;
    let part = match text.split_once([':', '=']) {
        None if text == "disable" => {
            *disable = true;
            security.selinux = Some(label);
            return true;
        }
        Some(("user", value)) => (user, value),
        Some(("role", value)) => (role, value),
        Some(("type", value)) => (kind, value),
        Some(("level", value)) => (level, value),
        _ => return false,
    };
    part.1.clone_into(part.0);
    security.selinux = Some(label);
    true
}
