//! The databases, and what the tests read in them.

use std::path::PathBuf;

use smile_test_servers::Postgres;
use sqlx::{Connection, PgConnection, Row, SqliteConnection};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

pub(crate) enum Engine {
    Sqlite {
        folder: TempDir,
    },
    /// By its URL.
    SqliteAt(String),
    Postgres(Postgres),
}

impl Engine {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self::Sqlite { folder }
    }

    pub(crate) fn postgres() -> Self {
        Self::Postgres(Postgres::start())
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite { folder } => {
                let path: PathBuf = folder.path().join("inbox.db");
                format!("sqlite:{}", path.display())
            }
            Self::SqliteAt(url) => url.clone(),
            Self::Postgres(server) => server.url(),
        }
    }

    /// The rows of a query, each as text of its first column.
    pub(crate) fn texts(&self, query: &'static str) -> Vec<String> {
        runtime().block_on(async {
            match self {
                Self::Sqlite { .. } | Self::SqliteAt(_) => {
                    let mut connection = SqliteConnection::connect(&self.url())
                        .await
                        .expect("the file opens");
                    let rows = sqlx::raw_sql(query).fetch_all(&mut connection).await;
                    let rows = rows.expect("an answer");
                    rows.iter().map(|row| row.get(0)).collect()
                }
                Self::Postgres(_) => {
                    let mut connection = PgConnection::connect(&self.url())
                        .await
                        .expect("the server is there");
                    let rows = sqlx::raw_sql(query).fetch_all(&mut connection).await;
                    let rows = rows.expect("an answer");
                    rows.iter().map(|row| row.get(0)).collect()
                }
            }
        })
    }

    pub(crate) fn number(&self, query: &'static str) -> usize {
        let texts = self.texts(query);
        let number = texts.first().and_then(|text| text.parse().ok());
        number.expect("a number as text")
    }

    /// How many events wait or run.
    pub(crate) fn waiting(&self) -> usize {
        self.number(
            "SELECT CAST(count(*) AS text) FROM smile_inbox WHERE state IN ('ready', 'running')",
        )
    }

    /// The events that took effect, with repetitions.
    pub(crate) fn effects(&self) -> Vec<String> {
        self.texts("SELECT event FROM effects")
    }
}

fn runtime() -> Runtime {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime")
}
