//! Random scripts, played against a model and against every store: all give the same answers.
#![expect(clippy::unwrap_used, reason = "tests")]

mod model {
    pub(crate) mod play;
    pub(crate) mod reference;
    pub(crate) mod script;
}

use std::fmt::Debug;

use model::{
    play::play,
    reference::Reference,
    script::{Step, script},
};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use smile_core::{DedupeStore, MemoryDedupe};
use smile_store::{PostgresDedupe, RedisDedupe, SqliteDedupe};
use smile_test_servers::{Postgres, Redis};
use tokio::runtime::Runtime;

#[test]
fn memory_answers_as_the_model_does() {
    let store = MemoryDedupe::default();
    hold_to_the_model(&runtime(), 2000, async |script| {
        compare("memory", &store, script).await
    });
}

#[test]
fn sqlite_answers_as_the_model_does() {
    let (runtime, dir) = (runtime(), tempfile::tempdir().unwrap());
    let store = runtime.block_on(sqlite(&dir));
    hold_to_the_model(&runtime, 64, async |script| {
        compare("sqlite", &store, script).await
    });
}

#[test]
#[ignore = "needs redis-server and postgresql"]
fn all_stores_answer_the_same_scripts_as_the_model_does() {
    let (runtime, dir) = (runtime(), tempfile::tempdir().unwrap());
    let (redis, postgres) = (Redis::start(), Postgres::start());
    let memory = &MemoryDedupe::default();
    let (sqlite, redis, postgres) = &runtime.block_on(async {
        let store = PostgresDedupe::connect(&postgres.url()).await.unwrap();
        store.create_schema().await.unwrap();
        let redis = RedisDedupe::connect(&redis.url()).await.unwrap();
        (sqlite(&dir).await, redis, store)
    });
    hold_to_the_model(&runtime, 128, async |script| {
        compare("memory", memory, script).await?;
        compare("sqlite", sqlite, script).await?;
        compare("redis", redis, script).await?;
        compare("postgres", postgres, script).await
    });
}

async fn sqlite(dir: &tempfile::TempDir) -> SqliteDedupe {
    let url = format!("sqlite:{}/dedupe.db", dir.path().display());
    let store = SqliteDedupe::connect(&url).await.unwrap();
    store.create_schema().await.unwrap();
    store
}

fn runtime() -> Runtime {
    Runtime::new().unwrap()
}

#[track_caller]
fn hold_to_the_model<'a>(
    runtime: &Runtime,
    cases: u32,
    compare: impl AsyncFn(&[Step]) -> Result<(), TestCaseError> + 'a,
) {
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new(config)
        .run(&script(), |script| runtime.block_on(compare(&script)))
        .unwrap_or_else(|err| panic!("{err}"));
}

async fn compare(
    name: &str,
    store: &impl DedupeStore,
    script: &[Step],
) -> Result<(), TestCaseError> {
    let expected = Reference::default().play(script);
    let found = play(store, script).await;
    for (n, ((step, expected), found)) in script.iter().zip(&expected).zip(&found).enumerate() {
        if expected != found {
            return Err(TestCaseError::fail(different(
                name, n, step, expected, found,
            )));
        }
    }
    Ok(())
}

fn different(name: &str, n: usize, step: &Step, expected: &dyn Debug, found: &dyn Debug) -> String {
    format!("{name}, step {n}, {step:?}: expected {expected:?}, found {found:?}")
}
