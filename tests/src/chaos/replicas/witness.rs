//! Who led when, by Postgres's own word: a trigger on the lease writes each turn
//! down in the transaction that takes it, and another writes down what was done
//! to a deployment after it was over. Berth knows nothing of either.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use tokio::process::Command;

use super::verdict::Turn;

/// A table each in a schema of our own, so that no query of Berth's meets them.
const SETUP: &str = "
create schema chaos;
create table chaos.turn (
    turn_id    bigserial primary key,
    epoch      bigint not null,
    holder     uuid not null,
    at         double precision not null,
    expires_at double precision not null
);
create table chaos.late (late_id bigserial primary key, what text not null);
create function chaos.note_turn() returns trigger language plpgsql as $$
begin
    insert into chaos.turn (epoch, holder, at, expires_at) values (
        new.epoch, new.holder,
        extract(epoch from clock_timestamp()), extract(epoch from new.expires_at));
    return null;
end $$;
create function chaos.note_late() returns trigger language plpgsql as $$
begin
    insert into chaos.late (what) values (format(
        'deployment %s of %s was %s and became %s',
        old.number, old.commit_sha, old.phase, new.phase));
    return null;
end $$;
create trigger chaos_turn after insert or update on public.leader_lease
    for each row execute function chaos.note_turn();
create trigger chaos_late after update on public.deployment
    for each row when (old.finished_at is not null
        and (old.phase, old.finished_at) is distinct from (new.phase, new.finished_at))
    execute function chaos.note_late();
";

/// Reads what the triggers wrote, past every line that is cut.
#[derive(Debug)]
pub(super) struct Witness {
    url: String,
}

impl Witness {
    /// Sets the triggers in the database at `url`.
    pub(super) async fn start(url: String) -> anyhow::Result<Self> {
        let this = Self { url };
        this.ask(SETUP).await.context("failed to set the triggers")?;
        Ok(this)
    }

    /// Every turn so far, from the first.
    pub(super) async fn turns(&self) -> anyhow::Result<Vec<Turn>> {
        let rows = self
            .ask("select epoch, holder, at, expires_at from chaos.turn order by turn_id")
            .await?;
        rows.lines().map(turn).collect()
    }

    /// What was done to deployments that were over.
    pub(super) async fn late(&self) -> anyhow::Result<Vec<String>> {
        let rows = self.ask("select what from chaos.late order by late_id").await?;
        Ok(rows.lines().map(str::to_owned).collect())
    }

    /// Who holds the lease, where it runs.
    pub(super) async fn leader(&self) -> anyhow::Result<Option<(i64, String)>> {
        let sql = "select epoch, holder from public.leader_lease where expires_at > now()";
        let row = self.ask(sql).await?;
        let Some((epoch, holder)) = row.split_once('|') else { return Ok(None) };
        Ok(Some((epoch.parse()?, holder.to_owned())))
    }

    /// Postgres's clock, in seconds.
    pub(super) async fn now(&self) -> anyhow::Result<f64> {
        Ok(self.ask("select extract(epoch from clock_timestamp())").await?.parse()?)
    }

    async fn ask(&self, sql: &str) -> anyhow::Result<String> {
        let options = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"];
        let output = Command::new(psql())
            .arg(&self.url)
            .args(options)
            .args(["-c", sql])
            .output()
            .await
            .context("failed to run psql")?;
        if !output.status.success() {
            bail!("psql: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

/// In `PG_BIN`, where that is set.
fn psql() -> PathBuf {
    let bin = std::env::var_os("PG_BIN").map(PathBuf::from).unwrap_or_default();
    bin.join("psql")
}

fn turn(row: &str) -> anyhow::Result<Turn> {
    let fields: Vec<&str> = row.split('|').collect();
    let [epoch, holder, at, expires_at] = fields.as_slice() else { bail!("no turn: {row}") };
    Ok(Turn {
        epoch: epoch.parse()?,
        holder: (*holder).to_owned(),
        at: at.parse()?,
        expires_at: expires_at.parse()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_is_a_row() {
        let expected = Turn { epoch: 3, holder: "a".to_owned(), at: 10.5, expires_at: 12.5 };
        assert_eq!(turn("3|a|10.5|12.5").unwrap(), expected);
        assert!(turn("3|a").is_err());
    }
}
