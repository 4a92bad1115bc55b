//! The inboxes, held to the rules of every inbox.

use smile_core::testkit::work_queue_suite;
use smile_store::SqliteInbox;

async fn in_file(path: &std::path::Path) -> SqliteInbox {
    let inbox = SqliteInbox::connect(&format!("sqlite:{}", path.display()))
        .await
        .unwrap();
    inbox.create_schema().await.unwrap();
    inbox
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_every_rule_in_one_process() {
    let folder = tempfile::tempdir().unwrap();
    work_queue_suite(async || in_file(&folder.path().join("inbox.db")).await).await;
}
