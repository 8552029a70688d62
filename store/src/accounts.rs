//! People with an account.

use berth_domain::ids::UserId;
use secrecy::{ExposeSecret, SecretString};
use sqlx::PgExecutor;

use crate::error::breaks;
use crate::{Error, Result};

/// What a person may do. Each may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Look.
    Viewer,
    /// Deploy.
    Operator,
    /// Configure.
    Admin,
}

impl Role {
    /// The word used in SQL, JSON and the UI.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    pub(crate) fn parse(word: &str) -> Result<Self> {
        [Self::Viewer, Self::Operator, Self::Admin]
            .into_iter()
            .find(|role| role.as_str() == word)
            .ok_or_else(|| Error::Corrupt {
                what: "account",
                message: format!("{word:?} is not a role"),
            })
    }
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Their id.
    pub id: UserId,
    /// What they log in with.
    pub email: String,
    /// What they are called.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

/// Stores a new account. Its id is the one that it carries.
///
/// # Errors
///
/// `Taken` where somebody has this e-mail address, in whatever case.
pub async fn create(
    db: impl PgExecutor<'_>,
    account: &Account,
    password_hash: &SecretString,
) -> Result<()> {
    sqlx::query!(
        "insert into account (user_id, email, name, password_hash, role)
         values ($1, $2, $3, $4, $5)",
        account.id.0,
        account.email,
        account.name,
        password_hash.expose_secret(),
        account.role.as_str(),
    )
    .execute(db)
    .await
    .map_err(|source| {
        if breaks(&source, "account_email_unique") {
            Error::Taken { what: "e-mail address" }
        } else {
            Error::while_("store an account")(source)
        }
    })?;
    Ok(())
}

/// The account with this e-mail address, in whatever case, and its password's
/// hash.
///
/// # Errors
///
/// What the database says.
pub async fn by_email(
    db: impl PgExecutor<'_>,
    email: &str,
) -> Result<Option<(Account, SecretString)>> {
    let row = sqlx::query!(
        "select user_id, email, name, role, password_hash from account
         where lower(email) = lower($1)",
        email
    )
    .fetch_optional(db)
    .await
    .map_err(Error::while_("look an account up"))?;
    row.map(|row| {
        let account = Account {
            id: UserId(row.user_id),
            email: row.email,
            name: row.name,
            role: Role::parse(&row.role)?,
        };
        Ok((account, SecretString::from(row.password_hash)))
    })
    .transpose()
}

/// Whether anybody has an account.
///
/// # Errors
///
/// What the database says.
pub async fn any(db: impl PgExecutor<'_>) -> Result<bool> {
    sqlx::query_scalar!(r#"select exists (select from account) as "any!""#)
        .fetch_one(db)
        .await
        .map_err(Error::while_("ask for accounts"))
}

#[cfg(test)]
pub(crate) mod tests {
    use sqlx::PgPool;

    use super::*;

    pub(crate) async fn ada(pool: &PgPool) -> Account {
        let account = Account {
            id: UserId::fresh(),
            email: "ada@example.com".to_owned(),
            name: "Ada".to_owned(),
            role: Role::Operator,
        };
        create(pool, &account, &SecretString::from("hash")).await.unwrap();
        account
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn an_address_belongs_to_one_account_in_whatever_case(pool: PgPool) {
        assert!(!any(&pool).await.unwrap());
        let mut account = ada(&pool).await;
        assert!(any(&pool).await.unwrap());

        let (found, hash) = by_email(&pool, "ada@EXAMPLE.com").await.unwrap().unwrap();
        assert_eq!((found, hash.expose_secret()), (account.clone(), "hash"));
        assert!(by_email(&pool, "bob@example.com").await.unwrap().is_none());

        account.id = UserId::fresh();
        account.email = "Ada@Example.com".to_owned();
        let refused = create(&pool, &account, &hash).await;
        assert!(matches!(refused, Err(Error::Taken { .. })), "{refused:?}");
    }
}
