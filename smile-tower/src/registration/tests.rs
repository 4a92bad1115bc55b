//! The client, over services made up here.

use std::{
    cell::Cell,
    future::{Ready, ready},
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use smile_core::smile_api::registration::{ApiErrorKind, Credentials, Environment};

use super::*;

#[tokio::test]
async fn calls_are_made_on_the_clone_that_was_ready() {
    let http = Scripted::new([(200, "{}")]);
    // The service checks it.
    assert!(client(&http).delete("1").await.is_ok());
    assert_eq!(
        http.seen(),
        ["DELETE https://sandbox.smileapi.io/v1/webhooks/1"]
    );
}

#[tokio::test]
async fn futures_are_send_with_a_service_that_is_not_sync() {
    let client = client(&Scripted::new([(200, "{}")]));
    let done = tokio::spawn(client.delete("1")).await.unwrap();
    assert!(done.is_ok());
    let ensuring = client.ensure(new_webhook());
    fn assert_send(_: &impl Send) {}
    assert_send(&ensuring);
}

#[tokio::test]
async fn ensure_asks_for_each_page_and_creates_what_is_missing() {
    let http = Scripted::new([
        (200, r#"{"data":{"nextCursor":"b c","items":[]}}"#),
        (200, r#"{"data":{"nextCursor":null,"items":[]}}"#),
        (201, r#"{"data":{"id":"1"}}"#),
    ]);
    let ensured = client(&http).ensure(new_webhook()).await.unwrap();
    assert!(matches!(ensured, Ensured::Created(_)), "{ensured:?}");
    assert_eq!(
        http.seen(),
        [
            "GET https://sandbox.smileapi.io/v1/webhooks?size=150",
            "GET https://sandbox.smileapi.io/v1/webhooks?size=150&cursor=b%20c",
            "POST https://sandbox.smileapi.io/v1/webhooks",
        ]
    );
}

#[tokio::test]
async fn an_answer_of_the_limit_is_read_and_one_byte_more_is_not() {
    let frame = r#"{"data":null}"#;
    for (surplus, is_read) in [(0, true), (1, false)] {
        let body = frame.to_owned() + &" ".repeat(LONGEST_ANSWER + surplus - frame.len());
        let done = client(&Scripted::new([(200, &body)])).delete("1").await;
        assert_eq!(done.is_ok(), is_read, "{surplus}: {done:?}");
        assert!(is_read || matches!(done, Err(RegistrationError::TooLarge)));
    }
}

#[tokio::test]
async fn of_a_refusal_that_is_too_large_the_status_counts() {
    let body = "x".repeat(LONGEST_ANSWER + 1);
    let err = client(&Scripted::new([(503, &body)])).get("1").await;
    let err = err.unwrap_err();
    assert_eq!(err.as_api().map(ApiError::kind), Some(ApiErrorKind::Server));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let http = Scripted::new([(307, "")]);
    let err = client(&http).get("1").await.unwrap_err();
    assert_eq!(err.as_api().map(ApiError::status), Some(307));
    assert_eq!(http.seen().len(), 1);
}

#[tokio::test]
async fn an_id_outside_of_the_limits_is_not_sent() {
    let http = Scripted::new([]);
    let err = client(&http).get("").await.unwrap_err();
    assert!(matches!(err, RegistrationError::Invalid(_)), "{err:?}");
    assert!(http.seen().is_empty());
}

#[tokio::test]
async fn an_error_of_the_http_client_is_the_source() {
    let err = client(&Scripted::new([])).delete("1").await.unwrap_err();
    assert!(matches!(err, RegistrationError::Transport(_)), "{err:?}");
    assert_eq!(
        err.to_string(),
        "expected an answer from the registration api, found none"
    );
    let source = err.source().map(ToString::to_string);
    assert_eq!(source.as_deref(), Some("connection refused"));
}

#[tokio::test]
async fn neither_debug_nor_errors_show_credentials_or_secrets() {
    let http = Scripted::new([(400, r#"{"message":"no: the-webhook-secret"}"#)]);
    let client = client(&http);
    let err = client.create(&new_webhook()).await.unwrap_err();
    let source = err.source().map(ToString::to_string).unwrap_or_default();
    for text in [format!("{client:?}"), err.to_string(), source] {
        for secret in ["the-key", "the-webhook-secret", "dGhlLWtle"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

fn client(http: &Scripted) -> RegistrationClient<Scripted> {
    let credentials = Credentials::new("the-key", "the-key-secret").unwrap();
    RegistrationClient::new(
        Registration::new(Environment::Sandbox, credentials),
        http.clone(),
    )
}

fn new_webhook() -> NewWebhook {
    NewWebhook::new("orders", "https://app.example/hook", "the-webhook-secret").unwrap()
}

/// Answers what it was given, one after the other, and then fails. Not `Sync`.
struct Scripted {
    answers: Arc<Mutex<Vec<(u16, String)>>>,
    seen: Arc<Mutex<Vec<String>>>,
    is_ready: Cell<bool>,
}

impl Scripted {
    fn new<const N: usize>(answers: [(u16, &str); N]) -> Self {
        let answers = answers.map(|(status, body)| (status, body.to_owned()));
        Self {
            answers: Arc::new(Mutex::new(answers.into_iter().rev().collect())),
            seen: Arc::default(),
            is_ready: Cell::new(false),
        }
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

impl Clone for Scripted {
    fn clone(&self) -> Self {
        Self {
            answers: Arc::clone(&self.answers),
            seen: Arc::clone(&self.seen),
            is_ready: Cell::new(false),
        }
    }
}

impl Service<Request<Full<Bytes>>> for Scripted {
    type Response = Response<Full<Bytes>>;
    type Error = &'static str;
    type Future = Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        if self.is_ready.replace(true) {
            return Poll::Ready(Ok(()));
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn call(&mut self, request: Request<Full<Bytes>>) -> Self::Future {
        assert!(self.is_ready.replace(false), "called without being ready");
        assert!(request.headers()[header::AUTHORIZATION].is_sensitive());
        let line = format!("{} {}", request.method(), request.uri());
        let answer = self.answers.lock().unwrap().pop();
        ready(answer.ok_or("connection refused").map(|(status, body)| {
            self.seen.lock().unwrap().push(line);
            let mut response = Response::new(Full::new(Bytes::from(body)));
            *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
            response
        }))
    }
}
