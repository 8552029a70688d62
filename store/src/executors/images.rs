//! What releases call their images. The spec of a release is sealed, so that its
//! images are named beside it before anybody can ask who needs one.

use super::*;
use crate::releases;

/// Releases that are read at once.
const AT_ONCE: i64 = 200;

/// Names the images of releases that have not been read yet, some at a time.
///
/// # Errors
///
/// `Fenced`; `Corrupt` where `key` does not open one of them.
pub async fn name_images(pool: &Pool, fence: Fence, key: &SealKey) -> Result<()> {
    let doing = "name the images of releases";
    let rows = sqlx::query!(
        r#"select release_id, images as "images: Json<Vec<berth_domain::build::Image>>"
           from release where image_keys is null order by created_at limit $1"#,
        AT_ONCE
    )
    .fetch_all(pool)
    .await
    .map_err(Error::while_(doing))?;
    if rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<ReleaseId> = rows.iter().map(|row| ReleaseId(row.release_id)).collect();
    let specs = releases::specs(pool, key, &ids).await?;
    let mut db = Guarded::begin(pool, fence, Write::NameImages).await?;
    for (id, spec) in &specs {
        let mut keys: BTreeSet<String> = BTreeSet::new();
        for service in spec.services.values() {
            keys.extend(keys_of(&service.image));
        }
        let built = rows.iter().filter(|row| row.release_id == id.0);
        for image in built.flat_map(|row| &row.images.0) {
            keys.extend([image.tag.clone(), image.digest.clone()]);
        }
        keys.retain(|key| !key.is_empty());
        sqlx::query!(
            "update release set image_keys = $2 where release_id = $1",
            id.0,
            &keys.into_iter().collect::<Vec<_>>()
        )
        .execute(&mut *db)
        .await
        .map_err(Error::while_(doing))?;
    }
    db.commit().await
}

/// An image as a release writes it, and its digest where it has one.
fn keys_of(image: &str) -> impl Iterator<Item = String> {
    let digest = image.split_once('@').map(|(_, digest)| digest.to_owned());
    digest.into_iter().chain([image.to_owned()])
}

/// Those of `keys` that a kept release calls an image by; [`None`] while there are
/// releases of which nobody knows.
///
/// # Errors
///
/// What the database says.
pub async fn kept_images(pool: &Pool, keys: &BTreeSet<String>) -> Result<Option<BTreeSet<String>>> {
    let keys: Vec<String> = keys.iter().cloned().collect();
    let row = sqlx::query!(
        r#"select exists (select from release where image_keys is null) as "unnamed!",
                  array(select distinct key from release, unnest(image_keys) key
                        where key = any($1)) as "kept!""#,
        &keys
    )
    .fetch_one(pool)
    .await
    .map_err(Error::while_("see which images releases need"))?;
    Ok((!row.unnamed).then(|| row.kept.into_iter().collect()))
}

/// Those of `keys` that a forgotten release called an image by.
///
/// # Errors
///
/// What the database says.
pub async fn old_images(pool: &Pool, keys: &BTreeSet<String>) -> Result<BTreeSet<String>> {
    let keys: Vec<String> = keys.iter().cloned().collect();
    let known =
        sqlx::query_scalar!("select image_key from old_image where image_key = any($1)", &keys)
            .fetch_all(pool)
            .await
            .map_err(Error::while_("see which images releases needed"))?;
    Ok(known.into_iter().collect())
}
