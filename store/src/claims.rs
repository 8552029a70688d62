//! Claims: which stack has which host and path, or entry point.
//!
//! The table is locked while somebody takes something: two stacks that render
//! at once are served one after the other, wildcards included, which no index
//! could tell apart.

use std::collections::BTreeSet;

use berth_domain::fail_point::Write;
use berth_domain::ids::{StackId, StackName};
use berth_domain::stack::{Claim, Contested, Held, Protocol, contested};
use sqlx::{PgConnection, PgExecutor};

use crate::leases::{Fence, Guarded};
use crate::{Error, Pool, Result};

/// Every claim of the live stacks, in the order in which they were made.
///
/// # Errors
///
/// What the database says.
pub async fn all(db: impl PgExecutor<'_>) -> Result<Vec<Held>> {
    let rows = sqlx::query!(
        "select s.name, c.protocol, c.entrypoint, c.host, c.path
         from route_claim c join stack s using (stack_id)
         where s.removed_at is null
         order by c.created_at, s.name, c.protocol, c.host, c.path, c.entrypoint"
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("list what routes claim"))?;
    rows.into_iter()
        .map(|row| {
            let protocol = Protocol::ALL
                .into_iter()
                .find(|it| it.as_str() == row.protocol)
                .ok_or_else(|| {
                    let message = format!("it speaks {:?}", row.protocol);
                    Error::Corrupt { what: "route's claim", message }
                })?;
            let entrypoints = row.entrypoint.split(',').filter(|name| !name.is_empty());
            let claim = Claim {
                protocol,
                entrypoints: entrypoints.map(str::to_owned).collect(),
                host: row.host,
                path: row.path,
            };
            Ok(Held { stack: row.name, claim })
        })
        .collect()
}

/// Takes `wanted` for a stack, beside what it has: until the new release is the
/// one that serves, so does the former. Where others have some of it, nothing
/// is taken, and that is what comes back.
///
/// # Errors
///
/// `Fenced`; `NotFound` where the stack is gone.
pub async fn take(
    pool: &Pool,
    fence: Fence,
    stack: StackId,
    wanted: &BTreeSet<Claim>,
) -> Result<Vec<Contested>> {
    let mut db = Guarded::begin(pool, fence, Write::TakeClaims).await?;
    let (name, held) = look(&mut db, stack).await?;
    let contested = contested(&name, wanted, &held);
    if contested.is_empty() {
        for claim in wanted {
            insert(&mut db, stack, claim).await?;
        }
        db.commit().await?;
    }
    Ok(contested)
}

/// Makes `wanted` all that a stack claims: what it has beyond that is given
/// back, and what it lacks is taken, unless others have it, which comes back.
///
/// # Errors
///
/// `Fenced`; `NotFound` where the stack is gone.
pub async fn settle(
    pool: &Pool,
    fence: Fence,
    stack: StackId,
    wanted: &BTreeSet<Claim>,
) -> Result<Vec<Contested>> {
    let mut db = Guarded::begin(pool, fence, Write::SettleClaims).await?;
    let (name, held) = look(&mut db, stack).await?;
    let own = held.iter().filter(|held| held.stack == name.as_str()).map(|held| &held.claim);
    for claim in own.filter(|claim| !wanted.contains(claim)) {
        remove(&mut db, stack, claim).await?;
    }
    let contested = contested(&name, wanted, &held);
    for claim in wanted {
        if !contested.iter().any(|one| one.wanted == *claim) {
            insert(&mut db, stack, claim).await?;
        }
    }
    db.commit().await?;
    Ok(contested)
}

/// Locks the claims, and reads them and the stack's name.
async fn look(db: &mut PgConnection, stack: StackId) -> Result<(StackName, Vec<Held>)> {
    let doing = "look who claims what";
    // The stack first, as everywhere.
    let name = sqlx::query_scalar!(
        "select name from stack where stack_id = $1 and removed_at is null for update",
        stack.0
    )
    .fetch_optional(&mut *db)
    .await
    .map_err(Error::while_(doing))?
    .ok_or(Error::NotFound { what: "stack" })?;
    sqlx::query!("lock table route_claim in share row exclusive mode")
        .execute(&mut *db)
        .await
        .map_err(Error::while_(doing))?;
    let name = StackName::parse(&name).map_err(Error::corrupt("stack"))?;
    Ok((name, all(&mut *db).await?))
}

async fn insert(db: &mut PgConnection, stack: StackId, claim: &Claim) -> Result<()> {
    sqlx::query!(
        "insert into route_claim as c (stack_id, protocol, entrypoint, host, path)
         values ($1, $2, $3, $4, $5)
         on conflict (protocol, (case when protocol = 'http' then '' else entrypoint end), host, path)
         do update set entrypoint = excluded.entrypoint where c.stack_id = excluded.stack_id",
        stack.0,
        claim.protocol.as_str(),
        claim.entrypoints.join(","),
        claim.host,
        claim.path,
    )
    .execute(db)
    .await
    .map_err(Error::while_("claim a route"))?;
    Ok(())
}

async fn remove(db: &mut PgConnection, stack: StackId, claim: &Claim) -> Result<()> {
    sqlx::query!(
        "delete from route_claim
         where stack_id = $1 and protocol = $2 and entrypoint = $3 and host = $4 and path = $5",
        stack.0,
        claim.protocol.as_str(),
        claim.entrypoints.join(","),
        claim.host,
        claim.path,
    )
    .execute(db)
    .await
    .map_err(Error::while_("give a route's claim back"))?;
    Ok(())
}

/// Gives back all that a stack has.
pub(crate) async fn drop_all(db: &mut PgConnection, stack: StackId) -> Result<()> {
    sqlx::query!("delete from route_claim where stack_id = $1", stack.0)
        .execute(db)
        .await
        .map_err(Error::while_("give a stack's claims back"))?;
    Ok(())
}

#[cfg(test)]
mod tests;
