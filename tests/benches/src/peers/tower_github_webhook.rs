use axum::{Router, body::Bytes, http::StatusCode, routing::post};
use serde::de::DeserializeOwned;
use tower_github_webhook::ValidateGitHubWebhookLayer;

use super::read;
use crate::delivery::{PATH, SECRET};

pub(crate) fn app<E: DeserializeOwned + 'static>() -> Router {
    let layer = ValidateGitHubWebhookLayer::new(SECRET);
    Router::new().route(PATH, post(on_event::<E>).route_layer(layer))
}

async fn on_event<E: DeserializeOwned>(body: Bytes) -> StatusCode {
    if read::<E>(&body) {
        StatusCode::NO_CONTENT
    } else {
        StatusCode::BAD_REQUEST
    }
}
