use std::{hint::black_box, sync::Arc};

use axum::{Router, http::StatusCode, routing::post};
use axum_github_webhook_extract::{GithubEvent, GithubToken};
use serde::de::DeserializeOwned;

use crate::delivery::{PATH, SECRET};

pub(crate) fn app<E: DeserializeOwned + Send + 'static>() -> Router {
    Router::new()
        .route(PATH, post(on_event::<E>))
        .with_state(GithubToken(Arc::new(SECRET.to_owned())))
}

async fn on_event<E: DeserializeOwned>(GithubEvent(event): GithubEvent<E>) -> StatusCode {
    black_box(&event);
    StatusCode::NO_CONTENT
}
