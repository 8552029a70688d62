//! Acts: what people and the reconciler did. Each is written in the transaction
//! of the act itself, so that there is neither one without the other.

use berth_domain::fail_point::Write;
use sqlx::PgExecutor;

use crate::accounts::Account;
use crate::leases::{Fence, Guarded};
use crate::{Error, Pool, Result, storable};

/// Declares the kinds of acts, with their words.
macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)?) => {
        /// What was done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Kind {
            $($(#[$doc])* $variant,)+
        }

        impl Kind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word used in SQL and JSON.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }
    };
}

kinds! {
    /// Had a stack deployed anew.
    Deployed = "deployed",
    /// Went back to what a deployment brought.
    RolledBack = "rolled_back",
    /// Had the tasks of a stack replaced.
    Restarted = "restarted",
    /// Tried a deployment again.
    Retried = "retried",
    /// Stopped a deployment.
    Cancelled = "cancelled",
    /// Let a deployment go on that waited for it.
    Approved = "approved",
    /// Turned down a deployment that waited for it.
    Rejected = "rejected",
    /// Let a deployment through a freeze.
    FreezeOverridden = "freeze_overridden",
    /// Let go what Berth would not remove without being told to.
    PruneApproved = "prune_approved",
    /// Had a delivery judged again.
    Replayed = "replayed",
    /// Paused a stack.
    Paused = "paused",
    /// Let a paused stack go on.
    Resumed = "resumed",
    /// Asked for a stack to be removed.
    StackRemoved = "stack_removed",
    /// Said what a stack's environment is like.
    SettingsChanged = "settings_changed",
    /// Wrote a rule.
    RuleMade = "rule_made",
    /// Changed a rule.
    RuleChanged = "rule_changed",
    /// Removed a rule.
    RuleRemoved = "rule_removed",
    /// Stored the login to a registry.
    RegistrySet = "registry_set",
    /// Forgot the login to a registry.
    RegistryRemoved = "registry_removed",
    /// Made a token.
    TokenMade = "token_made",
    /// Revoked a token.
    TokenRevoked = "token_revoked",
    /// Invited somebody.
    MemberInvited = "member_invited",
    /// Revoked an invitation.
    InvitationRevoked = "invitation_revoked",
    /// Accepted an invitation.
    MemberJoined = "member_joined",
    /// Gave a member another role.
    RoleChanged = "role_changed",
    /// Removed a member.
    MemberRemoved = "member_removed",
    /// Put a stack back as it should be.
    Healed = "healed",
    /// Removed what a stack's release does without.
    Pruned = "pruned",
    /// Left alone what something else changes each time.
    GaveUp = "gave_up",
    /// Had a deployment wait for somebody, or for a freeze to end.
    Held = "held",
    /// Saw that nothing of a stack is left.
    StackGone = "stack_gone",
    /// Removed what no stack asks for.
    OrphanRemoved = "orphan_removed",
    /// Began to lead.
    Led = "led",
}

/// Who did it.
#[derive(Debug, Clone, Copy)]
pub enum Actor<'a> {
    /// A person, by browser or by token.
    Person(&'a Account),
    /// Berth itself.
    Reconciler,
}

/// What is called who did it, where it was no person.
pub const RECONCILER: &str = "Berth";

/// An act that is being done.
#[derive(Debug, Clone, Copy)]
pub struct NewAct<'a> {
    actor: Actor<'a>,
    kind: Kind,
    subject: &'a str,
    stack: Option<&'a str>,
    number: Option<i64>,
    detail: &'a str,
}

impl<'a> NewAct<'a> {
    /// `actor` does this to what is called `subject`.
    #[must_use]
    pub const fn new(actor: Actor<'a>, kind: Kind, subject: &'a str) -> Self {
        Self { actor, kind, subject, stack: None, number: None, detail: "" }
    }

    /// `actor` does this to the stack of this name.
    #[must_use]
    pub const fn on_stack(actor: Actor<'a>, kind: Kind, stack: &'a str) -> Self {
        Self { stack: Some(stack), ..Self::new(actor, kind, stack) }
    }

    /// The number of the stack's deployment that it is about.
    #[must_use]
    pub const fn numbered(self, number: i64) -> Self {
        Self { number: Some(number), ..self }
    }

    /// What more there is to say, in words.
    #[must_use]
    pub const fn saying(self, detail: &'a str) -> Self {
        Self { detail, ..self }
    }
}

/// Writes an act down, in the transaction that does it.
///
/// # Errors
///
/// What the database says.
pub async fn record(db: impl PgExecutor<'_>, act: NewAct<'_>) -> Result<()> {
    let (user, actor) = match act.actor {
        Actor::Person(account) => (Some(account.id.0), account.name.as_str()),
        Actor::Reconciler => (None, RECONCILER),
    };
    sqlx::query!(
        "insert into act (user_id, actor, kind, subject, stack, number, detail)
         values ($1, $2, $3, $4, $5, $6, $7)",
        user,
        storable(actor),
        act.kind.as_str(),
        storable(act.subject),
        act.stack,
        act.number,
        storable(act.detail),
    )
    .execute(db)
    .await
    .map_err(Error::while_("write an act down"))?;
    Ok(())
}

/// Writes an act of the leader's down that changed nothing else in the database.
///
/// # Errors
///
/// `Fenced`.
pub async fn record_led(pool: &Pool, fence: Fence, act: NewAct<'_>) -> Result<()> {
    let mut db = Guarded::begin(pool, fence, Write::RecordAct).await?;
    record(&mut *db, act).await?;
    db.commit().await
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use super::*;
    use crate::accounts::tests::ada;
    use crate::intent::Intent;
    use crate::views::events::{self, EventKind, Filter, What};
    use crate::{seed, stacks};

    async fn told(pool: &PgPool, kind: EventKind) -> Vec<String> {
        let filter = Filter { kind: Some(kind), ..Filter::default() };
        let all = events::list(pool, &filter, None, 50).await.unwrap();
        let acts = all.into_iter().filter_map(|event| match event.what {
            What::Act(act) => Some(act),
            What::Delivery(_) | What::Deployment(_) => None,
        });
        acts.map(|act| format!("{} {} {}", act.actor, act.kind, act.subject)).collect()
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn an_act_that_was_not_done_was_not_written_down(pool: PgPool) {
        let fence = seed::lead(&pool).await;
        seed::deployment(&pool, fence).await;
        let ada = ada(&pool).await;
        let name = "shop-pr-7";
        for commits in [false, true] {
            let mut db = Intent::begin(&pool).await.unwrap();
            stacks::pause(&mut *db, name, "Ada").await.unwrap();
            let act = NewAct::on_stack(Actor::Person(&ada), Kind::Paused, name);
            record(&mut *db, act).await.unwrap();
            if commits {
                db.commit().await.unwrap();
            } else {
                drop(db);
            }
            let paused: bool = sqlx::query_scalar("select paused_at is not null from stack")
                .fetch_one(&pool)
                .await
                .unwrap();
            assert_eq!(paused, commits);
            assert_eq!(told(&pool, EventKind::Person).await.len(), usize::from(commits));
        }
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn each_new_leader_is_written_down_once(pool: PgPool) {
        let fence = seed::lead(&pool).await;
        seed::lead(&pool).await;
        assert_eq!(told(&pool, EventKind::Berth).await.len(), 1);
        seed::depose(&pool, fence).await;
        let acts = told(&pool, EventKind::Berth).await;
        assert_eq!(acts.len(), 2);
        assert!(acts[0].starts_with("Berth led "), "{acts:?}");
        let late = record_led(&pool, fence, NewAct::new(Actor::Reconciler, Kind::Led, "x")).await;
        assert!(matches!(late, Err(Error::Fenced)), "{late:?}");
    }
}
