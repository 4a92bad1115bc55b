//! The store of events that the flag `--dedupe` names.

use smile_core::{Intake, IntakeBuilder, Vendor};
#[cfg(feature = "postgres")]
use smile_store::PostgresDedupe;
#[cfg(feature = "redis")]
use smile_store::RedisDedupe;
#[cfg(feature = "sqlite")]
use smile_store::SqliteDedupe;

use crate::options::Failure;

/// An open store.
pub(crate) enum Store {
    Memory,
    None,
    #[cfg(feature = "sqlite")]
    Sqlite(SqliteDedupe),
    #[cfg(feature = "redis")]
    Redis(RedisDedupe),
    #[cfg(feature = "postgres")]
    Postgres(PostgresDedupe),
}

impl Store {
    /// Opens the store that `--dedupe` names, and makes its tables.
    pub(crate) async fn open(flag: &str) -> Result<Self, Failure> {
        let scheme = flag.split(':').next().unwrap_or_default();
        match scheme {
            "memory" if flag == "memory" => Ok(Self::Memory),
            "none" if flag == "none" => Ok(Self::None),
            "sqlite" => sqlite(flag).await,
            "redis" | "rediss" => redis(flag).await,
            "postgres" | "postgresql" => postgres(flag).await,
            _ => Err(
                "--dedupe: expected memory, none, sqlite:PATH, redis://.. or postgres://..".into(),
            ),
        }
    }

    pub(crate) fn apply<V: Vendor, T: From<Intake<V>>>(
        &self,
        builder: IntakeBuilder<V, T>,
    ) -> IntakeBuilder<V, T> {
        match self {
            Self::Memory => builder,
            Self::None => builder.direct(),
            #[cfg(feature = "sqlite")]
            Self::Sqlite(store) => builder.deduplicate(store.clone()),
            #[cfg(feature = "redis")]
            Self::Redis(store) => builder.deduplicate(store.clone()),
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => builder.deduplicate(store.clone()),
        }
    }
}

#[cfg(feature = "sqlite")]
async fn sqlite(url: &str) -> Result<Store, Failure> {
    let store = SqliteDedupe::connect(url).await?;
    store.create_schema().await?;
    Ok(Store::Sqlite(store))
}

#[cfg(feature = "redis")]
async fn redis(url: &str) -> Result<Store, Failure> {
    Ok(Store::Redis(RedisDedupe::connect(url).await?))
}

#[cfg(feature = "postgres")]
async fn postgres(url: &str) -> Result<Store, Failure> {
    let store = PostgresDedupe::connect(url).await?;
    store.create_schema().await?;
    Ok(Store::Postgres(store))
}

#[cfg(not(feature = "sqlite"))]
async fn sqlite(_url: &str) -> Result<Store, Failure> {
    Err(not_built_in("sqlite"))
}

#[cfg(not(feature = "redis"))]
async fn redis(_url: &str) -> Result<Store, Failure> {
    Err(not_built_in("redis"))
}

#[cfg(not(feature = "postgres"))]
async fn postgres(_url: &str) -> Result<Store, Failure> {
    Err(not_built_in("postgres"))
}

#[cfg(not(all(feature = "sqlite", feature = "redis", feature = "postgres")))]
fn not_built_in(driver: &str) -> Failure {
    format!("--dedupe: run with the driver: cargo run -p smile-receiver --features {driver} -- ..")
        .into()
}
