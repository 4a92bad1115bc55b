//! `smile webhooks` against a stand-in for the vendor.

#![expect(clippy::unwrap_used, reason = "a test that lacks its data fails")]

use std::process::Output;

use axum::http::StatusCode;
use serde_json::{Value, json};
use tokio::process::Command;

mod stand_in;

use stand_in::Vendor;

#[tokio::test]
async fn what_is_missing_is_created() {
    let output = ensure(StatusCode::OK, json!([])).await;
    assert_eq!(said(&output), ("created webhook new\n", ""));
    assert!(output.status.success());
}

#[tokio::test]
async fn what_is_there_is_left_alone() {
    let output = ensure(StatusCode::OK, json!([registered("the-webhook-secret")])).await;
    assert_eq!(said(&output), ("webhook old is there already\n", ""));
    assert!(output.status.success());
}

#[tokio::test]
async fn one_with_fewer_events_is_replaced() {
    let mut fewer = registered("the-webhook-secret");
    fewer["eventTypes"] = json!(["TASK_FINISHED"]);
    let vendor = Vendor::start(StatusCode::OK, json!([fewer])).await;
    let events = ["--events", "TASK_FINISHED,TASK_STARTED"];
    let output = run(&vendor, "ensure", &events).await;
    let expected = "created webhook new\ndeleted webhook old, which it replaces\n";
    assert_eq!(said(&output), (expected, ""));
    let calls = vendor.calls();
    assert_eq!(
        calls,
        ["GET", "POST TASK_FINISHED,TASK_STARTED", "DELETE old"]
    );
}

#[tokio::test]
async fn another_secret_is_an_error() {
    let output = ensure(StatusCode::OK, json!([registered("another-secret")])).await;
    assert!(
        said(&output).1.contains("with another secret"),
        "{output:?}"
    );
    assert_eq!(output.status.code(), Some(1));
}

#[tokio::test]
async fn an_event_that_is_none_is_an_error_with_the_nearest_names() {
    let vendor = Vendor::start(StatusCode::OK, json!([])).await;
    let output = run(&vendor, "ensure", &["--events", "TASK_FINISH,ALL_EVENTS"]).await;
    let (_, errors) = said(&output);
    assert!(
        errors.contains("\"TASK_FINISH\"; did you mean TASK_FINISHED"),
        "{errors}"
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(vendor.calls().is_empty());
}

#[tokio::test]
async fn a_refusal_is_an_error_that_says_what_to_do() {
    for (status, hint) in [
        (StatusCode::TOO_MANY_REQUESTS, "wait a second"),
        (StatusCode::UNAUTHORIZED, "check key and secret"),
    ] {
        let output = ensure(status, json!([])).await;
        let (_, errors) = said(&output);
        assert!(errors.contains(hint), "{errors}");
        assert!(errors.contains(status.as_str()), "{errors}");
        assert_eq!(output.status.code(), Some(1));
    }
}

#[tokio::test]
async fn webhooks_are_listed_without_their_secrets() {
    let vendor = Vendor::start(StatusCode::OK, json!([registered("another-secret")])).await;
    let output = run(&vendor, "list", &[]).await;
    let (table, _) = said(&output);
    let mut lines = table.lines();
    assert_eq!(
        lines.next(),
        Some("ID   NAME  URL                       ACTIVE  PAYLOAD  EVENTS")
    );
    assert_eq!(
        lines.next(),
        Some("old  -     https://app.example/hook  yes     no       ALL_EVENTS")
    );

    let output = run(&vendor, "list", &["--json"]).await;
    let line: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(line["id"], "old");
    assert_eq!(line["eventTypes"], json!(["ALL_EVENTS"]));
}

#[tokio::test]
async fn webhooks_are_deleted_by_id() {
    let vendor = Vendor::start(StatusCode::OK, json!([])).await;
    let output = run(&vendor, "delete", &["a", "b"]).await;
    assert_eq!(
        said(&output),
        ("deleted webhook a\ndeleted webhook b\n", "")
    );
    assert_eq!(vendor.calls(), ["DELETE a", "DELETE b"]);
}

#[tokio::test]
async fn plain_http_to_another_machine_is_a_wrong_call() {
    let output = program("http://app.example/v1", "ensure", &[])
        .output()
        .await;
    let output = output.unwrap();
    assert!(said(&output).1.contains("base url"), "{output:?}");
    assert_eq!(output.status.code(), Some(2));
}

/// Ensures a webhook for all events.
async fn ensure(status: StatusCode, items: Value) -> Output {
    run(&Vendor::start(status, items).await, "ensure", &[]).await
}

/// Runs the program; no output shows a secret.
async fn run(vendor: &Vendor, command: &str, flags: &[&str]) -> Output {
    let output = program(&vendor.base_url, command, flags)
        .output()
        .await
        .unwrap();
    let (printed, errors) = said(&output);
    for text in [printed, errors] {
        for secret in ["the-key", "the-webhook-secret", "another-secret"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    output
}

fn program(base_url: &str, command: &str, flags: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_smile"));
    program
        .args(["webhooks", command, "--base-url", base_url])
        .args(flags)
        .env("SMILE_WEBHOOK_URL", "https://app.example/hook")
        .env("SMILE_API_KEY_ID", "the-key")
        .env("SMILE_API_KEY_SECRET", "the-key-secret")
        .env("SMILE_API_SECRET", "the-webhook-secret")
        .kill_on_drop(true);
    program
}

fn registered(secret: &str) -> Value {
    json!({
        "id": "old",
        "url": "https://app.example/hook",
        "secret": secret,
        "eventTypes": ["ALL_EVENTS"],
        "active": true,
    })
}

#[track_caller]
fn said(output: &Output) -> (&str, &str) {
    let text = |bytes| str::from_utf8(bytes).unwrap();
    (text(&output.stdout), text(&output.stderr))
}
