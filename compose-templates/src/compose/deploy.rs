//! `deploy:`, which is about Swarm and nothing else.

use berth_domain::stack::EndpointMode;

use super::check::{Check, Field};
use super::keys::{self, Section};
use super::model::{Deploy, DeployMode, Placed, RestartBlock, Update};
use crate::complaint::CauseKind;

pub(super) fn read(check: &mut Check<'_>, field: &Field<'_>) -> Deploy {
    let mut deploy = Deploy::default();
    for key in check.map(field) {
        match key.key {
            "mode" => {
                let words = ["replicated", "global", "replicated-job", "global-job"];
                deploy.mode = mode(check, &key, &words).map(|word| Placed {
                    at: key.at(),
                    it: match word.as_str() {
                        "global" => DeployMode::Global,
                        "replicated-job" => DeployMode::ReplicatedJob,
                        "global-job" => DeployMode::GlobalJob,
                        _ => DeployMode::Replicated,
                    },
                });
            }
            "replicas" => {
                deploy.replicas = check.number(&key).map(|it| Placed { at: key.at(), it });
            }
            "endpoint_mode" => {
                deploy.endpoint_mode = check.word(&key, &["vip", "dnsrr"]).map(|word| Placed {
                    at: key.at(),
                    it: if word == "dnsrr" { EndpointMode::Dnsrr } else { EndpointMode::Vip },
                });
            }
            "labels" => deploy.labels = check.labels(&key),
            "update_config" => {
                deploy.update =
                    update(check, &key, &["pause", "continue", "rollback"], &keys::UPDATE);
            }
            "rollback_config" => {
                deploy.rollback = update(check, &key, &["pause", "continue"], &keys::ROLLBACK);
            }
            "restart_policy" => deploy.restart = restart(check, &key),
            "resources" => resources(check, &key, &mut deploy),
            "placement" => placement(check, &key, &mut deploy),
            _ => check.other(&key, &keys::DEPLOY),
        }
    }
    deploy
}

fn mode(check: &mut Check<'_>, field: &Field<'_>, words: &[&str]) -> Option<String> {
    if !check.is_stack() {
        return check.word(field, words);
    }
    // Docker minds the case here.
    let word = check.filled(field)?;
    if !words.contains(&word.as_str()) {
        let message = format!("`{}` must be one of `{}`", field.path, words.join("`, `"));
        check.refuse_as(field.at(), CauseKind::Value, field.path, message);
    }
    Some(word)
}

fn update(
    check: &mut Check<'_>,
    field: &Field<'_>,
    actions: &[&str],
    section: &Section,
) -> Option<Update> {
    let mut update = Update {
        at: field.key_at,
        parallelism: None,
        delay: None,
        failure_action: None,
        monitor: None,
        max_failure_ratio: None,
        order: None,
    };
    for key in check.map(field) {
        match key.key {
            "parallelism" => update.parallelism = check.number(&key),
            "delay" => update.delay = check.duration(&key),
            "failure_action" => update.failure_action = check.word(&key, actions),
            "monitor" => update.monitor = check.duration(&key),
            "max_failure_ratio" => update.max_failure_ratio = check.ratio(&key),
            "order" => update.order = check.word(&key, &["stop-first", "start-first"]),
            _ => check.other(&key, section),
        }
    }
    (!field.is_null()).then_some(update)
}

fn restart(check: &mut Check<'_>, field: &Field<'_>) -> Option<RestartBlock> {
    let mut block = RestartBlock::default();
    for key in check.map(field) {
        match key.key {
            "condition" => {
                // Compose files often say what belongs into `restart:`.
                let all = ["none", "on-failure", "any", "always", "unless-stopped"];
                let words = if check.is_stack() { all.get(..3).unwrap_or(&all) } else { &all };
                block.condition = check.word(&key, words).map(|word| match word.as_str() {
                    "always" | "unless-stopped" => "any".to_owned(),
                    _ => word,
                });
            }
            "delay" => block.delay = check.duration(&key),
            "max_attempts" => block.max_attempts = check.number(&key),
            "window" => block.window = check.duration(&key),
            _ => check.other(&key, &keys::RESTART_POLICY),
        }
    }
    (!field.is_null()).then_some(block)
}

fn resources(check: &mut Check<'_>, field: &Field<'_>, deploy: &mut Deploy) {
    for side in check.map(field) {
        let limits = match side.key {
            "limits" => true,
            "reservations" => {
                deploy.reservations_at = Some(side.key_at);
                false
            }
            _ => {
                check.other(&side, &keys::RESOURCES);
                continue;
            }
        };
        for key in check.map(&side) {
            match (key.key, limits) {
                ("cpus", true) => deploy.limit_nano_cpus = check.cpus(&key),
                ("cpus", false) => deploy.reserve_nano_cpus = check.cpus(&key),
                ("memory", true) => deploy.limit_memory = check.bytes(&key),
                ("memory", false) => deploy.reserve_memory = check.bytes(&key),
                ("pids", true) => deploy.limit_pids = check.number(&key),
                ("generic_resources", false) => generic(check, &key, deploy),
                (_, true) => check.other(&key, &keys::LIMITS),
                (_, false) => check.other(&key, &keys::RESERVATIONS),
            }
        }
    }
}

fn generic(check: &mut Check<'_>, field: &Field<'_>, deploy: &mut Deploy) {
    for item in check.list(field) {
        for key in check.map(&item) {
            if key.key != "discrete_resource_spec" {
                check.other(&key, &keys::DEVICE_SPEC);
                continue;
            }
            let (mut kind, mut value) = (None, None);
            for part in check.map(&key) {
                match part.key {
                    "kind" => kind = check.filled(&part),
                    "value" => value = check.number(&part),
                    _ => check.other(&part, &keys::DISCRETE),
                }
            }
            match (kind, value) {
                (Some(kind), Some(value)) => {
                    deploy.reserve_generic.insert(kind, value);
                }
                _ => check.refuse(key.at(), format!("`{}` needs `kind` and `value`", key.path)),
            }
        }
    }
}

fn placement(check: &mut Check<'_>, field: &Field<'_>, deploy: &mut Deploy) {
    for key in check.map(field) {
        match key.key {
            "constraints" => {
                deploy.constraints_at = Some(key.key_at);
                for item in check.one_or_more(&key) {
                    let Some(constraint) = check.filled(&item) else { continue };
                    if !constraint.contains("==") && !constraint.contains("!=") {
                        let message = format!(
                            "`{}` must compare with `==` or `!=`, but is {constraint:?}",
                            item.path
                        );
                        check.refuse(item.at(), message);
                    }
                    deploy.constraints.push(constraint);
                }
            }
            "preferences" => {
                for item in check.list(&key) {
                    for part in check.map(&item) {
                        match part.key {
                            "spread" => deploy.spread.extend(check.filled(&part)),
                            _ => check.other(&part, &keys::PREFERENCE),
                        }
                    }
                }
            }
            "max_replicas_per_node" => deploy.max_replicas_per_node = check.number(&key),
            _ => check.other(&key, &keys::PLACEMENT),
        }
    }
}
