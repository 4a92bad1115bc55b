use std::hint::black_box;

use axum::{Json, Router, http::StatusCode, routing::post};
use axum_standardwebhooks::{SharedWebhook, StandardWebhook, Webhook};
use serde::de::DeserializeOwned;

use crate::delivery::{PATH, SECRET};

pub(crate) fn app<E: DeserializeOwned + Send + 'static>() -> Router {
    let webhook = Webhook::from_bytes(SECRET.into()).expect("any key");
    Router::new()
        .route(PATH, post(on_event::<E>))
        .with_state(SharedWebhook::new(webhook))
}

async fn on_event<E>(StandardWebhook(Json(event)): StandardWebhook<Json<E>>) -> StatusCode {
    black_box(&event);
    StatusCode::NO_CONTENT
}
