//! The keys of each version of the format, 3.0 to 3.13, as `docker stack deploy`
//! knows them. A newer version only ever adds.

use super::shape::{Key, Keys, Pattern, Shape, Type};

/// The newest version, which a file that names none is of.
pub(super) const NEWEST: u8 = 13;

const TEXT: Shape = Shape::One(&[Type::Text]);
const WHOLE: Shape = Shape::One(&[Type::Whole]);
const NUMBER: Shape = Shape::One(&[Type::Number]);
const FLAG: Shape = Shape::One(&[Type::Flag]);

const TEXTS: Shape = Shape::List { of: &TEXT, unique: false };
const DISTINCT_TEXTS: Shape = Shape::List { of: &TEXT, unique: true };
const NO_LIST: Shape = Shape::Never("text");
const NO_MAP: Shape = Shape::Never("text or a list");

const TEXT_OR_LIST: Shape = Shape::Either { single: &TEXT, list: &DISTINCT_TEXTS, map: &NO_MAP };
const COMMAND: Shape = Shape::Either { single: &TEXT, list: &TEXTS, map: &NO_MAP };

/// `K: v` or `K=v`.
const PAIRS: Shape = Shape::Either {
    single: &Shape::Never("a mapping or a list"),
    list: &DISTINCT_TEXTS,
    map: &Shape::Names {
        of: &Shape::One(&[Type::Text, Type::Number, Type::Null]),
        pattern: Pattern::Filled,
        closed: true,
    },
};
const OPTIONS: Shape = Shape::Names {
    of: &Shape::One(&[Type::Text, Type::Number]),
    pattern: Pattern::Filled,
    closed: false,
};

const fn key(since: u8, name: &'static str, shape: Shape) -> Key {
    Key { name, since, shape }
}

const fn closed(keys: &'static [Key]) -> Keys {
    Keys { keys, extensions: None, open: None, required: &[] }
}

const fn open(keys: &'static [Key]) -> Keys {
    Keys { keys, extensions: None, open: Some(0), required: &[] }
}

const fn extensible(keys: &'static [Key]) -> Keys {
    Keys { keys, extensions: Some(7), open: None, required: &[] }
}

/// `{}` or nothing.
const fn nullable(map: &'static Shape) -> Shape {
    const NOTHING: Shape = Shape::One(&[Type::Null]);
    Shape::Either { single: &NOTHING, list: &Shape::Never("a mapping"), map }
}

/// A whole file.
pub(super) const FILE: Shape = Shape::Map(&Keys {
    keys: &[
        key(0, "version", TEXT),
        key(0, "services", names(&SERVICE, true)),
        // A network's name may be anything, and is then not looked at.
        key(0, "networks", names(&NETWORK, false)),
        key(0, "volumes", names(&VOLUME, true)),
        key(1, "secrets", names(&SECRET, true)),
        key(3, "configs", names(&CONFIG, true)),
    ],
    extensions: Some(4),
    open: None,
    required: &[],
});

const fn names(of: &'static Shape, closed: bool) -> Shape {
    Shape::Names { of, pattern: Pattern::Name, closed }
}

const SERVICE: Shape = Shape::Map(&extensible(&[
    key(0, "deploy", nullable(&DEPLOY)),
    key(0, "build", Shape::Either { single: &TEXT, list: &NO_LIST, map: &BUILD }),
    key(0, "cap_add", DISTINCT_TEXTS),
    key(0, "cap_drop", DISTINCT_TEXTS),
    key(9, "cgroupns_mode", TEXT),
    key(0, "cgroup_parent", TEXT),
    key(0, "command", COMMAND),
    key(3, "configs", FILE_USES),
    key(0, "container_name", TEXT),
    key(
        3,
        "credential_spec",
        Shape::Map(&closed(&[
            key(8, "config", TEXT),
            key(3, "file", TEXT),
            key(3, "registry", TEXT),
        ])),
    ),
    key(0, "depends_on", DISTINCT_TEXTS),
    key(0, "devices", DISTINCT_TEXTS),
    key(0, "dns", TEXT_OR_LIST),
    key(0, "dns_search", TEXT_OR_LIST),
    key(0, "domainname", TEXT),
    key(0, "entrypoint", COMMAND),
    key(0, "env_file", TEXT_OR_LIST),
    key(0, "environment", PAIRS),
    key(0, "expose", Shape::List { of: &Shape::One(&[Type::Text, Type::Number]), unique: true }),
    key(0, "external_links", DISTINCT_TEXTS),
    key(0, "extra_hosts", PAIRS),
    key(0, "healthcheck", HEALTHCHECK),
    key(0, "hostname", TEXT),
    key(0, "image", TEXT),
    key(7, "init", FLAG),
    key(0, "ipc", TEXT),
    key(5, "isolation", TEXT),
    key(0, "labels", PAIRS),
    key(0, "links", DISTINCT_TEXTS),
    key(0, "logging", Shape::Map(&closed(&[key(0, "driver", TEXT), key(0, "options", LOGGING)]))),
    key(0, "mac_address", TEXT),
    key(0, "network_mode", TEXT),
    key(
        0,
        "networks",
        Shape::Either {
            single: &Shape::Never("a mapping or a list"),
            list: &DISTINCT_TEXTS,
            map: &Shape::Names { of: &NETWORK_USE, pattern: Pattern::Name, closed: true },
        },
    ),
    key(13, "oom_score_adj", WHOLE),
    key(0, "pid", Shape::One(&[Type::Text, Type::Null])),
    key(
        0,
        "ports",
        Shape::Since {
            version: 2,
            before: &Shape::List { of: &SHORT_PORT, unique: true },
            after: &Shape::List { of: &PORT, unique: true },
        },
    ),
    key(0, "privileged", FLAG),
    key(0, "read_only", FLAG),
    key(0, "restart", TEXT),
    key(1, "secrets", FILE_USES),
    key(0, "security_opt", DISTINCT_TEXTS),
    key(0, "shm_size", Shape::One(&[Type::Text, Type::Number])),
    key(0, "stdin_open", FLAG),
    key(0, "stop_grace_period", Shape::Duration),
    key(0, "stop_signal", TEXT),
    key(0, "sysctls", PAIRS),
    key(0, "tmpfs", TEXT_OR_LIST),
    key(0, "tty", FLAG),
    key(0, "ulimits", Shape::Names { of: &ULIMIT, pattern: Pattern::Letters, closed: false }),
    key(0, "user", TEXT),
    key(0, "userns_mode", TEXT),
    key(
        0,
        "volumes",
        Shape::Since {
            version: 2,
            before: &DISTINCT_TEXTS,
            after: &Shape::List { of: &MOUNT, unique: false },
        },
    ),
    key(0, "working_dir", TEXT),
]));

const LOGGING: Shape = Shape::Names {
    of: &Shape::One(&[Type::Text, Type::Number, Type::Null]),
    pattern: Pattern::Filled,
    closed: false,
};

const BUILD: Shape = Shape::Map(&Keys {
    keys: &[
        key(0, "context", TEXT),
        key(0, "dockerfile", TEXT),
        key(0, "args", PAIRS),
        key(3, "labels", PAIRS),
        key(2, "cache_from", DISTINCT_TEXTS),
        key(4, "network", TEXT),
        key(4, "target", TEXT),
        key(5, "shm_size", Shape::One(&[Type::Whole, Type::Text])),
        key(9, "extra_hosts", PAIRS),
    ],
    extensions: None,
    open: Some(11),
    required: &[],
});

/// An entry of a service's `configs:` or `secrets:`.
const FILE_USES: Shape = Shape::List {
    of: &Shape::Either {
        single: &TEXT,
        list: &NO_LIST,
        map: &Shape::Map(&open(&[
            key(0, "source", TEXT),
            key(0, "target", TEXT),
            key(0, "uid", TEXT),
            key(0, "gid", TEXT),
            key(0, "mode", NUMBER),
        ])),
    },
    unique: false,
};

const NETWORK_USE: Shape = nullable(&Shape::Map(&closed(&[
    key(0, "aliases", DISTINCT_TEXTS),
    key(13, "driver_opts", OPTIONS),
    key(0, "ipv4_address", TEXT),
    key(0, "ipv6_address", TEXT),
])));

const SHORT_PORT: Shape = Shape::Either {
    single: &Shape::Port,
    list: &Shape::Never("a port"),
    map: &Shape::Never("a port"),
};

const PORT: Shape = Shape::Either {
    single: &Shape::Port,
    list: &Shape::Never("a port"),
    map: &Shape::Map(&closed(&[
        key(2, "mode", TEXT),
        key(2, "target", WHOLE),
        key(2, "published", WHOLE),
        key(2, "protocol", TEXT),
    ])),
};

const ULIMIT: Shape = Shape::Either {
    single: &WHOLE,
    list: &Shape::Never("a whole number"),
    map: &Shape::Map(&Keys {
        keys: &[key(0, "hard", WHOLE), key(0, "soft", WHOLE)],
        extensions: None,
        open: None,
        required: &["soft", "hard"],
    }),
};

const MOUNT: Shape = Shape::Either {
    single: &TEXT,
    list: &NO_LIST,
    map: &Shape::Map(&Keys {
        keys: &[
            key(2, "type", TEXT),
            key(2, "source", TEXT),
            key(2, "target", TEXT),
            key(2, "read_only", FLAG),
            key(2, "consistency", TEXT),
            key(2, "bind", Shape::Map(&open(&[key(2, "propagation", TEXT)]))),
            key(2, "volume", Shape::Map(&open(&[key(2, "nocopy", FLAG)]))),
            key(6, "tmpfs", Shape::Map(&open(&[key(6, "size", Shape::Size)]))),
        ],
        extensions: None,
        open: None,
        required: &["type"],
    }),
};

const HEALTHCHECK: Shape = Shape::Map(&closed(&[
    key(0, "disable", FLAG),
    key(0, "interval", Shape::Duration),
    key(0, "retries", NUMBER),
    key(0, "test", COMMAND),
    key(0, "timeout", Shape::Duration),
    key(4, "start_period", Shape::Duration),
    key(12, "start_interval", Shape::Duration),
]));

const DEPLOY: Shape = Shape::Map(&closed(&[
    key(0, "mode", TEXT),
    key(2, "endpoint_mode", TEXT),
    key(0, "replicas", WHOLE),
    key(0, "labels", PAIRS),
    key(7, "rollback_config", UPDATE),
    key(0, "update_config", UPDATE),
    key(
        0,
        "resources",
        Shape::Map(&closed(&[
            key(
                0,
                "limits",
                Shape::Map(&closed(&[
                    key(0, "cpus", TEXT),
                    key(0, "memory", TEXT),
                    key(9, "pids", WHOLE),
                ])),
            ),
            key(
                0,
                "reservations",
                Shape::Map(&closed(&[
                    key(0, "cpus", TEXT),
                    key(0, "memory", TEXT),
                    key(5, "generic_resources", GENERIC),
                ])),
            ),
        ])),
    ),
    key(
        0,
        "restart_policy",
        Shape::Map(&closed(&[
            key(0, "condition", TEXT),
            key(0, "delay", Shape::Duration),
            key(0, "max_attempts", WHOLE),
            key(0, "window", Shape::Duration),
        ])),
    ),
    key(
        0,
        "placement",
        Shape::Map(&closed(&[
            key(0, "constraints", TEXTS),
            key(
                3,
                "preferences",
                Shape::List { of: &Shape::Map(&closed(&[key(3, "spread", TEXT)])), unique: false },
            ),
            key(8, "max_replicas_per_node", WHOLE),
        ])),
    ),
]));

const UPDATE: Shape = Shape::Map(&closed(&[
    key(0, "parallelism", WHOLE),
    key(0, "delay", Shape::Duration),
    key(0, "failure_action", TEXT),
    key(0, "monitor", Shape::Duration),
    key(0, "max_failure_ratio", NUMBER),
    key(4, "order", Shape::Word(&["start-first", "stop-first"])),
]));

const GENERIC: Shape = Shape::List {
    of: &Shape::Map(&closed(&[key(
        5,
        "discrete_resource_spec",
        Shape::Map(&closed(&[key(5, "kind", TEXT), key(5, "value", NUMBER)])),
    )])),
    unique: false,
};

/// `true`, `false`, or a mapping with a name.
const EXTERNAL: Shape = Shape::Either {
    single: &FLAG,
    list: &Shape::Never("`true` or `false`"),
    map: &Shape::Map(&closed(&[key(0, "name", TEXT)])),
};
const EXTERNAL_FILE: Shape = Shape::Either {
    single: &FLAG,
    list: &Shape::Never("`true` or `false`"),
    map: &Shape::Map(&open(&[key(0, "name", TEXT)])),
};

const NETWORK: Shape = nullable(&Shape::Map(&extensible(&[
    key(5, "name", TEXT),
    key(0, "driver", TEXT),
    key(0, "driver_opts", OPTIONS),
    key(
        0,
        "ipam",
        Shape::Map(&closed(&[
            key(0, "driver", TEXT),
            key(
                0,
                "config",
                Shape::List { of: &Shape::Map(&closed(&[key(0, "subnet", TEXT)])), unique: false },
            ),
        ])),
    ),
    key(0, "external", EXTERNAL),
    key(0, "internal", FLAG),
    key(2, "attachable", FLAG),
    key(0, "labels", PAIRS),
])));

const VOLUME: Shape = nullable(&Shape::Map(&extensible(&[
    key(4, "name", TEXT),
    key(0, "driver", TEXT),
    key(0, "driver_opts", OPTIONS),
    key(0, "external", EXTERNAL),
    key(0, "labels", PAIRS),
    key(10, "x-cluster-spec", CLUSTER),
])));

const CLUSTER: Shape = Shape::Map(&open(&[
    key(0, "group", TEXT),
    key(
        0,
        "access_mode",
        Shape::Map(&open(&[
            key(0, "scope", TEXT),
            key(0, "sharing", TEXT),
            key(0, "block_volume", Shape::Map(&open(&[]))),
            key(
                0,
                "mount_volume",
                Shape::Map(&open(&[key(0, "fs_type", TEXT), key(0, "mount_flags", TEXTS)])),
            ),
        ])),
    ),
    key(
        0,
        "accessibility_requirements",
        Shape::Map(&open(&[key(0, "requisite", SEGMENTS), key(0, "preferred", SEGMENTS)])),
    ),
    key(
        0,
        "capacity_range",
        Shape::Map(&open(&[key(0, "required_bytes", TEXT), key(0, "limit_bytes", TEXT)])),
    ),
    key(0, "availability", TEXT),
]));
const SEGMENTS: Shape =
    Shape::List { of: &Shape::Map(&open(&[key(0, "segments", PAIRS)])), unique: false };

const SECRET: Shape = Shape::Map(&extensible(&[
    key(5, "name", TEXT),
    key(1, "file", TEXT),
    key(1, "external", EXTERNAL_FILE),
    key(1, "labels", PAIRS),
    key(8, "driver", TEXT),
    key(8, "driver_opts", OPTIONS),
    key(8, "template_driver", TEXT),
]));

const CONFIG: Shape = Shape::Map(&extensible(&[
    key(5, "name", TEXT),
    key(3, "file", TEXT),
    key(3, "external", EXTERNAL_FILE),
    key(3, "labels", PAIRS),
    key(8, "template_driver", TEXT),
]));
