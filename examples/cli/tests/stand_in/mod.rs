//! A stand-in for Smile API's registration of webhooks.

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    extract::Path,
    http::StatusCode,
    routing::{delete, get},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// A server that lists these webhooks, and keeps the requests.
pub(crate) struct Vendor {
    pub(crate) base_url: String,
    calls: Arc<Mutex<Vec<String>>>,
}

impl Vendor {
    pub(crate) async fn start(status: StatusCode, items: Value) -> Self {
        let page = json!({"data": {"nextCursor": null, "items": items}});
        let created = json!({"data": {"id": "new", "secret": "the-webhook-secret"}});
        let calls: Arc<Mutex<Vec<String>>> = Arc::default();
        let note = |call: String, calls: &Mutex<Vec<String>>| calls.lock().unwrap().push(call);
        let [listed, posted, deleted] = std::array::from_fn(|_| calls.clone());
        let app = Router::new()
            .route(
                "/v1/webhooks",
                get(async move || {
                    note("GET".into(), &listed);
                    (status, Json(page))
                })
                .post(async move |Json(webhook): Json<Value>| {
                    let events = webhook["eventTypes"].as_array().unwrap().iter();
                    let events: Vec<_> = events.filter_map(Value::as_str).collect();
                    note(format!("POST {}", events.join(",")), &posted);
                    (status, Json(created))
                }),
            )
            .route(
                "/v1/webhooks/{id}",
                delete(async move |Path(id): Path<String>| {
                    note(format!("DELETE {id}"), &deleted);
                    (status, Json(json!({"code": "OK"})))
                }),
            );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { base_url, calls }
    }

    pub(crate) fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }
}
