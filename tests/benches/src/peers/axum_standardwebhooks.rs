use axum::{Router, body::Bytes, http::StatusCode, routing::post};
use axum_standardwebhooks::{SharedWebhook, StandardWebhook, Webhook};
use serde::de::DeserializeOwned;

use super::read;
use crate::delivery::{PATH, SECRET};

/// Around `Bytes` and not around `Json`, which reads the same bytes with the same reader.
pub(crate) fn app<E: DeserializeOwned + 'static>() -> Router {
    let webhook = Webhook::from_bytes(SECRET.into()).expect("any key");
    Router::new()
        .route(PATH, post(on_event::<E>))
        .with_state(SharedWebhook::new(webhook))
}

async fn on_event<E: DeserializeOwned>(
    StandardWebhook(body): StandardWebhook<Bytes>,
) -> StatusCode {
    if read::<E>(&body) {
        StatusCode::NO_CONTENT
    } else {
        StatusCode::BAD_REQUEST
    }
}
