//! The program against a stand-in for the vendor.

#![expect(clippy::unwrap_used, reason = "a test that lacks its data fails")]

use std::process::Output;

use axum::{Json, Router, http::StatusCode, routing::get};
use serde_json::{Value, json};
use tokio::{net::TcpListener, process::Command};

#[tokio::test]
async fn what_is_missing_is_created() {
    let output = run(StatusCode::OK, json!([])).await;
    assert_eq!(said(&output), ("created webhook new\n", ""));
    assert!(output.status.success());
}

#[tokio::test]
async fn what_is_there_is_left_alone() {
    let output = run(StatusCode::OK, json!([registered("the-webhook-secret")])).await;
    assert_eq!(said(&output), ("webhook old is there already\n", ""));
    assert!(output.status.success());
}

#[tokio::test]
async fn another_secret_is_an_error() {
    let output = run(StatusCode::OK, json!([registered("another-secret")])).await;
    assert!(
        said(&output).1.contains("with another secret"),
        "{output:?}"
    );
    assert!(!output.status.success());
}

#[tokio::test]
async fn a_refusal_is_an_error_that_says_what_to_do() {
    for (status, hint) in [
        (StatusCode::TOO_MANY_REQUESTS, "wait a second"),
        (StatusCode::UNAUTHORIZED, "check key and secret"),
    ] {
        let output = run(status, json!([])).await;
        let (_, errors) = said(&output);
        assert!(errors.contains(hint), "{errors}");
        assert!(errors.contains(status.as_str()), "{errors}");
        assert!(!output.status.success());
    }
}

#[tokio::test]
async fn plain_http_to_another_machine_is_refused() {
    let output = program("http://app.example/v1").output().await.unwrap();
    assert!(said(&output).1.contains("base url"), "{output:?}");
    assert!(!output.status.success());
}

/// Runs the program against a server that lists these webhooks; no output shows a secret.
async fn run(status: StatusCode, items: Value) -> Output {
    let page = json!({"data": {"nextCursor": null, "items": items}});
    let created = json!({"data": {"id": "new", "secret": "the-webhook-secret"}});
    let app = Router::new().route(
        "/v1/webhooks",
        get(async move || (status, Json(page))).post(async move || (status, Json(created))),
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
    let server = tokio::spawn(async move { axum::serve(listener, app).await });
    let output = program(&base_url).output().await.unwrap();
    server.abort();
    let (printed, errors) = said(&output);
    for text in [printed, errors] {
        for secret in ["the-key", "the-webhook-secret", "another-secret"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    output
}

fn program(base_url: &str) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_register-webhook"));
    program
        .args(["--base-url", base_url])
        .args(["--url", "https://app.example/hook"])
        .env("SMILE_API_KEY", "the-key")
        .env("SMILE_API_KEY_SECRET", "the-key-secret")
        .env("SMILE_WEBHOOK_SECRET", "the-webhook-secret")
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
