//! A reconciler in this process, whatever its cluster is: its parts joined as
//! `berth serve` joins them, with nothing to route and nobody to report to.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use berth_compose_templates as compose;
use berth_domain::ids::InstallationId;
use berth_reconciler::Deps;
use berth_reconciler::clock::Clock;
use berth_reconciler::settings::Lease;
use berth_store::Pool;
use berth_store::installations::{self, Installation};
use berth_store::logs::Keep;
use berth_store::retention::Kept;
use berth_store::seal::SealKey;
use uuid::Uuid;

/// How many stacks are worked on at once, as `berth serve` has it.
pub(crate) const PARALLEL: usize = 64;

/// How often a stack is looked at while it is being deployed, as `berth serve` has it.
pub(crate) const POLL: Duration = Duration::from_millis(250);

/// What a reconciler works with: the database and its key, the cluster, the
/// builder.
pub(crate) type Parts<C, B> = (Pool, Arc<SealKey>, Arc<C>, Arc<B>);

/// All of it.
pub(crate) fn deps<C, B>(holder: Uuid, parts: Parts<C, B>) -> anyhow::Result<Deps<C, B>> {
    let (pool, seal_key, cluster, builder) = parts;
    let nowhere: url::Url = "http://127.0.0.1:9".parse()?;
    Ok(Deps {
        settings: berth_reconciler::Settings {
            holder,
            seal_key,
            lease: Lease::USUAL,
            parallel: PARALLEL,
            parallel_builds: 1,
            resync: Duration::from_secs(300),
            poll: POLL,
            router: nowhere.clone(),
            tls_router: nowhere.clone(),
            tcp_routers: BTreeMap::new(),
            router_settles: Duration::from_secs(1),
            limits: compose::policy::Limits::default(),
            public_router: nowhere.clone(),
            public_network: Some("berth-public".to_owned()),
            entrypoints: Vec::new(),
            tls_entrypoints: Vec::new(),
            orphan_grace: Duration::from_secs(600),
            prune_limit: 25,
            executor: None,
            kept: Kept::USUAL,
            output: Keep::USUAL,
            output_rate: 500,
            clock: Clock::system(),
        },
        pool,
        cluster,
        builder,
        github: berth_github_app::Client::new(berth_github_app::Settings {
            api_url: nowhere.clone(),
            web_url: nowhere.clone(),
            user_agent: "berth/bench".to_owned(),
            clock: chrono::Utc::now,
        })?,
        public_url: nowhere,
        board: berth_reconciler::status::Board::new(),
        tasks: berth_reconciler::tasks::Board::default(),
    })
}

/// Stores the account that everything belongs to.
pub(crate) async fn account(pool: &Pool) -> anyhow::Result<()> {
    let installation = Installation {
        id: InstallationId(1),
        account_id: 1,
        account_login: "acme".to_owned(),
        account_kind: "Organization".to_owned(),
        repository_selection: "all".to_owned(),
        permissions: serde_json::json!({"contents": "read"}),
        suspended_at: None,
    };
    Ok(installations::put(pool, &installation).await?)
}
