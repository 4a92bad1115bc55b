//! The application's own tables, in the database of its inbox.

use std::{
    process,
    str::FromStr,
    time::{Duration, SystemTime},
};

use smile_core::{Delivery, SmileApi};
use smile_store::CompleteIn;
use sqlx::{
    PgPool, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions},
};

use crate::Failure;

#[derive(Clone)]
pub(crate) enum Database {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS runs (
    event TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    began_at BIGINT NOT NULL -- milliseconds since 1970
);
CREATE TABLE IF NOT EXISTS effects (event TEXT NOT NULL);";

const RUN: &str = "INSERT INTO runs (event, attempt, began_at) VALUES ($1, $2, $3)";
const EFFECT: &str = "INSERT INTO effects (event) VALUES ($1)";

impl Database {
    pub(crate) async fn open(url: &str) -> Result<Self, Failure> {
        if url.starts_with("sqlite:") {
            let options = SqliteConnectOptions::from_str(url)?
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .busy_timeout(Duration::from_secs(10));
            let pool = SqlitePoolOptions::new()
                .max_connections(2)
                .connect_with(options)
                .await?;
            sqlx::raw_sql(TABLES).execute(&pool).await?;
            Ok(Self::Sqlite(pool))
        } else {
            let pool = PgPool::connect(url).await?;
            // Two processes at once may both find no table.
            for _ in 0..3 {
                if sqlx::raw_sql(TABLES).execute(&pool).await.is_ok() {
                    break;
                }
            }
            Ok(Self::Postgres(pool))
        }
    }

    pub(crate) async fn begin_run(&self, event: &str, attempt: u32) -> Result<(), Failure> {
        let attempt = i32::try_from(attempt)?;
        let began_at = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
        let began_at = i64::try_from(began_at.as_millis())?;
        match self {
            Self::Sqlite(pool) => {
                let run = sqlx::query(RUN).bind(event).bind(attempt).bind(began_at);
                run.execute(pool).await.map(drop)?;
            }
            Self::Postgres(pool) => {
                let run = sqlx::query(RUN).bind(event).bind(attempt).bind(began_at);
                run.execute(pool).await.map(drop)?;
            }
        }
        Ok(())
    }

    pub(crate) async fn effect(&self, event: &str) -> Result<(), Failure> {
        match self {
            Self::Sqlite(pool) => sqlx::query(EFFECT)
                .bind(event)
                .execute(pool)
                .await
                .map(drop)?,
            Self::Postgres(pool) => sqlx::query(EFFECT)
                .bind(event)
                .execute(pool)
                .await
                .map(drop)?,
        }
        Ok(())
    }

    /// The effect and "done" in one commit; or the end of the process before it.
    pub(crate) async fn effect_and_done(
        &self,
        event: &Delivery<SmileApi>,
        aborts: bool,
    ) -> Result<(), Failure> {
        match self {
            Self::Sqlite(pool) => {
                let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
                let effect = sqlx::query(EFFECT).bind(event.id());
                effect.execute(&mut *transaction).await?;
                event.complete_in(&mut transaction).await?;
                if aborts {
                    process::abort();
                }
                transaction.commit().await?;
            }
            Self::Postgres(pool) => {
                let mut transaction = pool.begin().await?;
                let effect = sqlx::query(EFFECT).bind(event.id());
                effect.execute(&mut *transaction).await?;
                event.complete_in(&mut transaction).await?;
                if aborts {
                    process::abort();
                }
                transaction.commit().await?;
            }
        }
        Ok(())
    }
}
