//! The keys of a service, and of all that stands below it.

use super::{Section, applied, ignored, meaning, refused};

const NO_LIMIT: &str = "Swarm has no such limit; use `deploy.resources`";
const NO_SUCH: &str = "Swarm has no such setting";
const NO_DEVICES: &str = "Swarm gives services no devices";
const NO_HOOKS: &str = "Swarm runs no hooks";
const BY_BERTH: &str = "Berth decides how images are built";
const IN_DOCKERFILE: &str = "Berth's builder is given none; do it in the Dockerfile";
const ADDRESSES: &str = "Swarm gives addresses itself";

pub(crate) const SERVICE: Section = Section {
    path: "services.*",
    keys: &[
        ignored("annotations", "Swarm keeps no annotations"),
        ignored("attach", "nobody is attached to a stack"),
        ignored("blkio_config", NO_SUCH),
        meaning("build", "Berth builds the image before it deploys"),
        applied("cap_add"),
        applied("cap_drop"),
        ignored("cgroup", "Swarm chooses it"),
        ignored("cgroup_parent", "Swarm places tasks in control groups itself"),
        ignored("cgroupns_mode", "Swarm chooses it"),
        applied("command"),
        applied("configs"),
        ignored("container_name", "Swarm names its containers itself"),
        ignored("cpu_count", NO_LIMIT),
        ignored("cpu_percent", NO_LIMIT),
        ignored("cpu_period", NO_LIMIT),
        ignored("cpu_quota", NO_LIMIT),
        ignored("cpu_rt_period", NO_SUCH),
        ignored("cpu_rt_runtime", NO_SUCH),
        ignored("cpu_shares", NO_LIMIT),
        meaning("cpus", "`deploy.resources.limits.cpus`, which wins over it"),
        ignored("cpuset", NO_LIMIT),
        applied("credential_spec"),
        applied("depends_on"),
        applied("deploy"),
        ignored("develop", "it is for development"),
        refused("device_cgroup_rules", NO_DEVICES),
        ignored("devices", NO_DEVICES),
        applied("dns"),
        applied("dns_opt"),
        applied("dns_search"),
        ignored("domainname", "put it into `hostname`"),
        applied("entrypoint"),
        applied("env_file"),
        applied("environment"),
        meaning("expose", "says nothing: services on one network reach every port"),
        applied("extends"),
        ignored("external_links", "put both services on one network and use the service's name"),
        applied("extra_hosts"),
        refused("gpus", "Swarm knows `deploy.resources.reservations.generic_resources` instead"),
        applied("group_add"),
        applied("healthcheck"),
        meaning("hostname", "Swarm's templates such as `{{.Node.Hostname}}` work in it"),
        applied("image"),
        applied("init"),
        ignored("ipc", "Swarm shares no IPC namespace between tasks"),
        applied("isolation"),
        applied("label_file"),
        meaning("labels", "labels of the containers; those of the service are `deploy.labels`"),
        ignored("links", "services on one network find each other by name"),
        applied("logging"),
        ignored("mac_address", ADDRESSES),
        meaning("mem_limit", "`deploy.resources.limits.memory`, which wins over it"),
        meaning("mem_reservation", "`deploy.resources.reservations.memory`, which wins over it"),
        ignored("mem_swappiness", NO_SUCH),
        ignored("memswap_limit", NO_SUCH),
        refused("models", "Swarm runs no models"),
        meaning(
            "network_mode",
            "`host` and `none` do what they say, `bridge` and `default` say nothing; to share a network with a container is noted and ignored",
        ),
        applied("networks"),
        ignored("oom_kill_disable", NO_SUCH),
        applied("oom_score_adj"),
        ignored("pid", "Swarm shares no process namespace between tasks"),
        meaning("pids_limit", "`deploy.resources.limits.pids`, which wins over it"),
        meaning(
            "platform",
            "tasks run on nodes of this system and architecture; a variant such as `v8` says nothing",
        ),
        applied("ports"),
        refused("post_start", NO_HOOKS),
        refused("pre_start", NO_HOOKS),
        refused("pre_stop", NO_HOOKS),
        ignored("privileged", "Swarm has no privileged services; name what is needed in `cap_add`"),
        meaning(
            "profiles",
            "a service that is in none of the active profiles is left out with a note",
        ),
        refused("provider", "Swarm runs containers only"),
        ignored("pull_policy", "each node pulls the image that the stack names"),
        ignored("pull_refresh_after", "each node pulls the image that the stack names"),
        applied("read_only"),
        meaning(
            "restart",
            "`deploy.restart_policy`, which wins over it; `unless-stopped` is `always`",
        ),
        refused(
            "runtime",
            "Swarm uses each node's default runtime; set it in the engine's configuration",
        ),
        meaning("scale", "`deploy.replicas`; if both are there they must agree"),
        applied("secrets"),
        meaning(
            "security_opt",
            "`label=…` does what it says; `no-new-privileges`, `seccomp=unconfined` and `apparmor=unconfined` need Docker 25 or newer, and are told where that is not there; others are noted",
        ),
        meaning("shm_size", "memory of this size is mounted at `/dev/shm`"),
        applied("stdin_open"),
        applied("stop_grace_period"),
        applied("stop_signal"),
        ignored("storage_opt", "the engine's own setting applies"),
        applied("sysctls"),
        meaning("tmpfs", "of its options `size` and `mode` do what they say, others are noted"),
        applied("tty"),
        applied("ulimits"),
        ignored("umask", NO_SUCH),
        refused("use_api_socket", "mount the socket by `volumes` if you must"),
        applied("user"),
        ignored("userns_mode", "Swarm uses each node's user namespaces"),
        refused("uts", "Swarm shares no host name between tasks"),
        ignored("volume_driver", "set `driver` of the volume"),
        applied("volumes"),
        refused("volumes_from", "name the other service's volumes in `volumes`"),
        applied("working_dir"),
        meaning("x-berth", "Berth's own: see above"),
    ],
};

pub(crate) const DEPENDS_ON: Section = Section {
    path: "services.*.depends_on.*",
    keys: &[
        meaning("condition", "counts on the first deploy of the service: see above"),
        applied("required"),
        ignored("restart", "Swarm restarts no service because of another one's change"),
    ],
};

pub(crate) const BUILD: Section = Section {
    path: "services.*.build",
    keys: &[
        refused("additional_contexts", IN_DOCKERFILE),
        applied("args"),
        ignored("cache_from", BY_BERTH),
        ignored("cache_to", BY_BERTH),
        meaning(
            "context",
            "a folder of the repository, or `https://host/owner/name.git#ref:folder`, see above",
        ),
        applied("dockerfile"),
        refused("dockerfile_inline", "write it into a file of the repository"),
        refused("entitlements", IN_DOCKERFILE),
        ignored("extra_hosts", BY_BERTH),
        ignored("isolation", BY_BERTH),
        applied("labels"),
        ignored("network", BY_BERTH),
        ignored("no_cache", BY_BERTH),
        ignored("no_cache_filter", BY_BERTH),
        ignored("platforms", BY_BERTH),
        refused("privileged", IN_DOCKERFILE),
        ignored("provenance", BY_BERTH),
        ignored("pull", BY_BERTH),
        ignored("sbom", BY_BERTH),
        refused("secrets", IN_DOCKERFILE),
        ignored("shm_size", BY_BERTH),
        refused("ssh", IN_DOCKERFILE),
        ignored("tags", BY_BERTH),
        applied("target"),
        ignored("ulimits", BY_BERTH),
    ],
};

pub(crate) const EXTENDS: Section =
    Section { path: "services.*.extends", keys: &[applied("file"), applied("service")] };

pub(crate) const ENV_FILE: Section = Section {
    path: "services.*.env_file[]",
    keys: &[applied("format"), applied("path"), applied("required")],
};

pub(crate) const HEALTHCHECK: Section = Section {
    path: "services.*.healthcheck",
    keys: &[
        applied("disable"),
        applied("interval"),
        applied("retries"),
        meaning("start_interval", "needs Docker 25 or newer on the nodes"),
        applied("start_period"),
        applied("test"),
        applied("timeout"),
    ],
};

pub(crate) const LOGGING: Section =
    Section { path: "services.*.logging", keys: &[applied("driver"), applied("options")] };

pub(crate) const CREDENTIALS: Section = Section {
    path: "services.*.credential_spec",
    keys: &[applied("config"), applied("file"), applied("registry")],
};

pub(crate) const ULIMIT: Section =
    Section { path: "services.*.ulimits.*", keys: &[applied("hard"), applied("soft")] };

pub(crate) const PORT: Section = Section {
    path: "services.*.ports[]",
    keys: &[
        meaning("app_protocol", "says nothing: it is for readers"),
        meaning(
            "host_ip",
            "Swarm listens on every address, which is noted; an address of the node alone is refused",
        ),
        applied("mode"),
        meaning("name", "says nothing: it is for readers"),
        applied("protocol"),
        applied("published"),
        applied("target"),
    ],
};

pub(crate) const VOLUME_USE: Section = Section {
    path: "services.*.volumes[]",
    keys: &[
        applied("bind"),
        meaning("consistency", "says nothing, as on every Linux engine"),
        applied("image"),
        applied("read_only"),
        meaning(
            "source",
            "a folder of the repository is refused, since no node has it; of an image, its name",
        ),
        applied("target"),
        applied("tmpfs"),
        applied("type"),
        applied("volume"),
    ],
};

pub(crate) const BIND: Section = Section {
    path: "services.*.volumes[].bind",
    keys: &[
        ignored("create_host_path", "Swarm makes no folders; a node without it rejects the task"),
        applied("propagation"),
        ignored("recursive", NO_SUCH),
        ignored("selinux", "Swarm labels no folders"),
    ],
};

pub(crate) const VOLUME_MOUNT: Section = Section {
    path: "services.*.volumes[].volume",
    keys: &[applied("labels"), applied("nocopy"), applied("subpath")],
};

pub(crate) const TMPFS_MOUNT: Section =
    Section { path: "services.*.volumes[].tmpfs", keys: &[applied("mode"), applied("size")] };

pub(crate) const IMAGE_MOUNT: Section = Section {
    path: "services.*.volumes[].image",
    keys: &[ignored("subpath", "Swarm mounts images as a whole")],
};

pub(crate) const NETWORK_USE: Section = Section {
    path: "services.*.networks.*",
    keys: &[
        applied("aliases"),
        applied("driver_opts"),
        ignored("gw_priority", NO_SUCH),
        ignored("interface_name", NO_SUCH),
        ignored("ipv4_address", ADDRESSES),
        ignored("ipv6_address", ADDRESSES),
        ignored("link_local_ips", ADDRESSES),
        ignored("mac_address", ADDRESSES),
        ignored("priority", NO_SUCH),
        applied("use_service_name_alias"),
    ],
};

/// Of `configs` and `secrets` alike.
pub(crate) const BLOB_USE: Section = Section {
    path: "services.*.configs[]",
    keys: &[applied("gid"), applied("mode"), applied("source"), applied("target"), applied("uid")],
};

pub(crate) const DEPLOY: Section = Section {
    path: "services.*.deploy",
    keys: &[
        meaning("endpoint_mode", "`vip` or `dnsrr`"),
        meaning("labels", "labels of the service on the Swarm, which Traefik reads"),
        applied("mode"),
        applied("placement"),
        applied("replicas"),
        applied("resources"),
        applied("restart_policy"),
        applied("rollback_config"),
        applied("update_config"),
    ],
};

pub(crate) const UPDATE: Section = Section {
    path: "services.*.deploy.update_config",
    keys: &[
        applied("delay"),
        applied("failure_action"),
        applied("max_failure_ratio"),
        meaning("monitor", "how long new tasks are watched, by Berth, too"),
        applied("order"),
        applied("parallelism"),
    ],
};

pub(crate) const ROLLBACK: Section =
    Section { path: "services.*.deploy.rollback_config", ..UPDATE };

pub(crate) const RESTART_POLICY: Section = Section {
    path: "services.*.deploy.restart_policy",
    keys: &[applied("condition"), applied("delay"), applied("max_attempts"), applied("window")],
};

pub(crate) const RESOURCES: Section = Section {
    path: "services.*.deploy.resources",
    keys: &[applied("limits"), applied("reservations")],
};

pub(crate) const LIMITS: Section = Section {
    path: "services.*.deploy.resources.limits",
    keys: &[applied("cpus"), applied("memory"), applied("pids")],
};

pub(crate) const RESERVATIONS: Section = Section {
    path: "services.*.deploy.resources.reservations",
    keys: &[
        applied("cpus"),
        refused(
            "devices",
            "Swarm knows `generic_resources` instead, which each node's engine must be told to offer",
        ),
        applied("generic_resources"),
        applied("memory"),
    ],
};

pub(crate) const DEVICE_SPEC: Section = Section {
    path: "services.*.deploy.resources.reservations.generic_resources[]",
    keys: &[applied("discrete_resource_spec")],
};

pub(crate) const DISCRETE: Section = Section {
    path: "services.*.deploy.resources.reservations.generic_resources[].discrete_resource_spec",
    keys: &[applied("kind"), applied("value")],
};

pub(crate) const PLACEMENT: Section = Section {
    path: "services.*.deploy.placement",
    keys: &[applied("constraints"), applied("max_replicas_per_node"), applied("preferences")],
};

pub(crate) const PREFERENCE: Section = Section {
    path: "services.*.deploy.placement.preferences[]",
    keys: &[meaning("spread", "over the values of this label of the nodes")],
};
