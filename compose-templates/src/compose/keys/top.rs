//! The keys of a file, and of what it defines beside services.

use super::{Key, Section, applied, ignored, meaning, refused};

pub(crate) const TOP: Section = Section {
    path: "",
    keys: &[
        applied("configs"),
        applied("include"),
        refused(
            "jobs",
            "Swarm runs nothing by a clock; write a service with `deploy.mode: replicated-job`",
        ),
        refused("models", "Swarm runs no models"),
        ignored("name", "the stack has a name already"),
        applied("networks"),
        applied("secrets"),
        applied("services"),
        meaning("version", "says nothing: every file is read by the newest Specification"),
        applied("volumes"),
    ],
};

pub(crate) const INCLUDE: Section = Section {
    path: "include[]",
    keys: &[applied("env_file"), applied("path"), applied("project_directory")],
};

pub(crate) const NETWORK: Section = Section {
    path: "networks.*",
    keys: &[
        applied("attachable"),
        meaning("driver", "`bridge` and `default` are `overlay`, since a bridge ends at its node"),
        applied("driver_opts"),
        ignored("enable_ipv4", "overlay networks speak IPv4"),
        ignored("enable_ipv6", "overlay networks speak IPv4"),
        applied("external"),
        applied("internal"),
        applied("ipam"),
        applied("labels"),
        meaning("name", "the network's name on the Swarm, which every stack shares"),
    ],
};

pub(crate) const IPAM: Section = Section {
    path: "networks.*.ipam",
    keys: &[
        applied("config"),
        applied("driver"),
        ignored("options", "Swarm gives addresses itself"),
    ],
};

pub(crate) const IPAM_CONFIG: Section = Section {
    path: "networks.*.ipam.config[]",
    keys: &[
        ignored("aux_addresses", "Swarm keeps none; put `ip_range` around what is yours to give"),
        applied("gateway"),
        applied("ip_range"),
        applied("subnet"),
    ],
};

pub(crate) const VOLUME: Section = Section {
    path: "volumes.*",
    keys: &[
        meaning("driver", "each node makes the volume for itself"),
        applied("driver_opts"),
        applied("external"),
        applied("labels"),
        meaning("name", "the volume's name on the nodes, which every stack shares"),
    ],
};

/// Both are read by the same code, but a driver is for secrets only.
pub(crate) const BLOB: Section = Section { path: "configs.*", keys: &CONFIG_KEYS };

pub(crate) const SECRET: Section = Section {
    path: "secrets.*",
    keys: &[
        applied("content"),
        applied("driver"),
        applied("driver_opts"),
        applied("environment"),
        applied("external"),
        applied("file"),
        applied("labels"),
        meaning("name", HASHED),
        applied("template_driver"),
    ],
};

const CONFIG_KEYS: [Key; 7] = [
    applied("content"),
    applied("environment"),
    applied("external"),
    applied("file"),
    applied("labels"),
    meaning("name", HASHED),
    applied("template_driver"),
];

const HASHED: &str = "a hash of the content is added to it, since Swarm lets it never change";

pub(crate) const EXTERNAL: Section =
    Section { path: "networks.*.external", keys: &[applied("name")] };
