//! Releases: immutable answers to "what would run". The spec is sealed, because
//! it has secrets in it.

use std::collections::BTreeMap;

use berth_domain::build::Image;
use berth_domain::chain;
use berth_domain::fail_point::Write;
use berth_domain::ids::{DeploymentId, ReleaseId, StackId};
use berth_domain::stack::StackSpec;
use sqlx::PgExecutor;

use crate::leases::{Fence, Guarded};
use crate::seal::SealKey;
use crate::{Error, Pool, Result, stacks};

/// A release to store.
#[derive(Debug, Clone, Copy)]
pub struct NewRelease<'a> {
    /// The deployment that made it.
    pub deployment: DeploymentId,
    /// What runs.
    pub spec: &'a StackSpec,
    /// The images that were built for it.
    pub images: &'a [Image],
}

fn context(id: ReleaseId) -> String {
    format!("release {id}")
}

/// Stores a deployment's release and makes it what the stack should be, at
/// once. A deployment makes one release: another call returns that of the first.
///
/// # Errors
///
/// `Fenced`; `Conflict` where the deployment is over; `NotFound` where there is
/// no such deployment.
pub async fn insert(
    pool: &Pool,
    fence: Fence,
    key: &SealKey,
    new: NewRelease<'_>,
) -> Result<ReleaseId> {
    let doing = "store a release";
    let mut db = Guarded::begin(pool, fence, Write::InsertRelease).await?;
    // Locked, so that a deployment that is replaced at this moment does not
    // change what the stack should be. The stack first, as everywhere.
    sqlx::query!(
        "select s.stack_id from stack s join deployment d using (stack_id)
         where d.deployment_id = $1 for update of s",
        new.deployment.0
    )
    .fetch_optional(&mut *db)
    .await
    .map_err(Error::while_(doing))?;
    let deployment = sqlx::query!(
        "select stack_id, commit_sha, release_id, finished_at from deployment
         where deployment_id = $1 for update",
        new.deployment.0
    )
    .fetch_optional(&mut *db)
    .await
    .map_err(Error::while_(doing))?
    .ok_or(Error::NotFound { what: "deployment" })?;
    if deployment.finished_at.is_some() {
        return Err(Error::Conflict { what: "deployment" });
    }
    if let Some(id) = deployment.release_id {
        let id = ReleaseId(id);
        stacks::put_release(&mut db, StackId(deployment.stack_id), Some(id)).await?;
        db.commit().await?;
        return Ok(id);
    }
    let id = ReleaseId::fresh();
    let spec = serde_json::to_vec(new.spec).map_err(Error::corrupt("release"))?;
    let images = serde_json::to_value(new.images).map_err(Error::corrupt("release"))?;
    sqlx::query!(
        "with made as (
             insert into release (release_id, stack_id, number, commit_sha, spec, images)
             select $1, $2, coalesce(max(number), 0) + 1, $3, $4, $5
             from release where stack_id = $2
         )
         update deployment set release_id = $1, updated_at = now() where deployment_id = $6",
        id.0,
        deployment.stack_id,
        deployment.commit_sha,
        key.seal(&context(id), &spec),
        images,
        new.deployment.0,
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_(doing))?;
    stacks::put_release(&mut db, StackId(deployment.stack_id), Some(id)).await?;
    db.commit().await?;
    Ok(id)
}

/// What runs under a release.
///
/// # Errors
///
/// `NotFound` where there is none, `Corrupt` where `key` does not open it.
pub async fn spec(db: impl PgExecutor<'_>, key: &SealKey, id: ReleaseId) -> Result<StackSpec> {
    read(db, key, &[id]).await?.pop().ok_or(Error::NotFound { what: "release" })?.1
}

/// What runs under each of these releases, in one query. Releases never change:
/// keep what you have read.
///
/// One that can't be opened is left out, and said so in the log: its stack is
/// left alone, and no other.
///
/// # Errors
///
/// What the database says.
pub async fn specs(
    db: impl PgExecutor<'_>,
    key: &SealKey,
    ids: &[ReleaseId],
) -> Result<BTreeMap<ReleaseId, StackSpec>> {
    let rows = read(db, key, ids).await?;
    let readable = rows.into_iter().filter_map(|(id, spec)| match spec {
        Ok(spec) => Some((id, spec)),
        Err(err) => {
            tracing::error!(release.id = %id.0, "release {} is unreadable: {}", id.0, chain(&err));
            None
        }
    });
    Ok(readable.collect())
}

async fn read(
    db: impl PgExecutor<'_>,
    key: &SealKey,
    ids: &[ReleaseId],
) -> Result<Vec<(ReleaseId, Result<StackSpec>)>> {
    let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
    let rows =
        sqlx::query!("select release_id, spec from release where release_id = any($1)", &ids)
            .fetch_all(db)
            .await
            .map_err(Error::while_("read releases"))?;
    let open = |id: ReleaseId, sealed: &[u8]| {
        let plain = key.open(&context(id), sealed).map_err(Error::corrupt("release"))?;
        let mut spec: StackSpec = serde_json::from_slice(&plain).map_err(|err| Error::Corrupt {
            what: "release",
            // The parser's own words could quote a secret.
            message: format!("it does not parse at byte {}", err.column()),
        })?;
        // It may be kept for as long as it runs.
        spec.shrink_to_fit();
        Ok(spec)
    };
    Ok(rows
        .into_iter()
        .map(|row| {
            let id = ReleaseId(row.release_id);
            (id, open(id, &row.spec))
        })
        .collect())
}

/// The images that were built for a release.
///
/// # Errors
///
/// `NotFound` where there is no such release.
pub async fn images(db: impl PgExecutor<'_>, id: ReleaseId) -> Result<Vec<Image>> {
    let images = sqlx::query_scalar!("select images from release where release_id = $1", id.0)
        .fetch_optional(db)
        .await
        .map_err(Error::while_("read a release's images"))?
        .ok_or(Error::NotFound { what: "release" })?;
    serde_json::from_value(images).map_err(Error::corrupt("release"))
}

/// The release of the stack's last deployment that succeeded: what to go back
/// to when one fails.
///
/// # Errors
///
/// What the database says.
pub async fn last_succeeded(db: impl PgExecutor<'_>, stack: StackId) -> Result<Option<ReleaseId>> {
    let id = sqlx::query_scalar!(
        "select release_id from deployment
         where stack_id = $1 and phase = 'succeeded' and release_id is not null
         order by number desc limit 1",
        stack.0
    )
    .fetch_optional(db)
    .await
    .map_err(Error::while_("find the last good release"))?;
    Ok(id.flatten().map(ReleaseId))
}

#[cfg(test)]
mod tests {
    use berth_domain::deployment::{Reason, Step};
    use berth_domain::stack::{FileSpec, ServiceSpec};
    use sqlx::PgPool;

    use super::*;
    use crate::{deployments, seed};

    fn with_secret() -> StackSpec {
        let mut spec = StackSpec::default();
        spec.services.insert("web".to_owned(), ServiceSpec::default().into());
        let secret = FileSpec { data: b"planted-secret".to_vec(), ..FileSpec::default() };
        spec.secrets.insert("shop_key_1".to_owned(), secret.into());
        spec
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn a_deployment_makes_one_release_that_nobody_can_read(pool: PgPool) {
        let fence = seed::lead(&pool).await;
        let seeded = seed::deployment(&pool, fence).await;
        let key = SealKey::generate();
        let spec_in = with_secret();
        let images_in = [Image { tag: "t".into(), digest: "d".into(), reused: false }];
        let new = NewRelease { deployment: seeded.deployment, spec: &spec_in, images: &images_in };

        let id = insert(&pool, fence, &key, new).await.unwrap();
        assert_eq!(insert(&pool, fence, &key, new).await.unwrap(), id);
        assert_eq!(spec(&pool, &key, id).await.unwrap(), spec_in);
        assert_eq!(images(&pool, id).await.unwrap(), images_in);
        assert_eq!(stacks::get(&pool, seeded.stack).await.unwrap().release, Some(id));

        let raw: Vec<u8> =
            sqlx::query_scalar("select spec from release").fetch_one(&pool).await.unwrap();
        let data = serde_json::to_vec(&b"planted-secret".to_vec()).unwrap();
        for plain in [b"planted-secret".as_slice(), b"services", &data] {
            assert!(!raw.windows(plain.len()).any(|part| part == plain));
        }
        let wrong = spec(&pool, &SealKey::generate(), id).await;
        assert!(matches!(wrong, Err(Error::Corrupt { .. })), "{wrong:?}");
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn a_deployment_that_is_over_changes_nothing(pool: PgPool) {
        let fence = seed::lead(&pool).await;
        let seeded = seed::deployment(&pool, fence).await;
        let reason = Reason { code: "x".into(), text: "y".into(), place: None };
        deployments::fail(&pool, fence, seeded.deployment, &reason).await.unwrap();
        let spec = with_secret();
        let new = NewRelease { deployment: seeded.deployment, spec: &spec, images: &[] };
        let late = insert(&pool, fence, &SealKey::generate(), new).await;
        assert!(matches!(late, Err(Error::Conflict { .. })), "{late:?}");
        assert_eq!(stacks::get(&pool, seeded.stack).await.unwrap().release, None);
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn what_to_go_back_to_is_what_last_succeeded(pool: PgPool) {
        let fence = seed::lead(&pool).await;
        let seeded = seed::deployment(&pool, fence).await;
        assert_eq!(last_succeeded(&pool, seeded.stack).await.unwrap(), None);
        let spec = with_secret();
        let new = NewRelease { deployment: seeded.deployment, spec: &spec, images: &[] };
        let good = insert(&pool, fence, &SealKey::generate(), new).await.unwrap();
        for step in Step::ALL {
            deployments::advance(&pool, fence, seeded.deployment, step, "").await.unwrap();
        }
        assert_eq!(last_succeeded(&pool, seeded.stack).await.unwrap(), Some(good));
    }
}
