//! The one that can be told to take HMAC-SHA512, so that it receives our own deliveries.

use std::hint::black_box;

use actix_web::{HttpResponse, Resource, web as actix};
use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::Request,
    handler::Handler,
    http::StatusCode,
};
use serde::de::DeserializeOwned;
use tower::{Layer, ServiceExt};
use webhook_verify::{
    CustomScheme, Encoding, HashAlg, Provider, Secret,
    actix::{VerifiedBody, WebhookConfig},
    tower::VerifyLayer,
};

use super::read;
use crate::delivery::{PATH, SECRET};

/// As a service of its own: `route_layer(VerifyLayer::new(..))`, as in its documentation, does not
/// compile. Its error is a `BoxError`, which axum wants turned into a response first, and with
/// axum's body for its type parameter it is not `Sync`.
pub(crate) fn app<E: DeserializeOwned + Send + 'static>() -> Router {
    verified(on_json::<E>)
}

/// The same for a handler that reads the bytes itself, without axum's `Json`.
pub(crate) fn app_of_bytes<E: DeserializeOwned + 'static>() -> Router {
    verified(on_event::<E>)
}

fn verified<T: 'static>(handler: impl Handler<T, ()>) -> Router {
    let handler = handler
        .with_state(())
        .map_request(|request: Request<Bytes>| request.map(Body::from));
    let layer = VerifyLayer::<Bytes>::new(provider(), Secret::new(SECRET));
    let verified = axum::error_handling::HandleError::new(layer.layer(handler), |_| async {
        StatusCode::INTERNAL_SERVER_ERROR
    });
    Router::new().route_service(PATH, verified)
}

async fn on_json<E>(Json(event): Json<E>) -> StatusCode {
    black_box(&event);
    StatusCode::NO_CONTENT
}

async fn on_event<E: DeserializeOwned>(body: Bytes) -> StatusCode {
    if read::<E>(&body) {
        StatusCode::NO_CONTENT
    } else {
        StatusCode::BAD_REQUEST
    }
}

/// Its extractor for actix-web.
pub(crate) fn resource<E: DeserializeOwned + 'static>() -> Resource {
    actix::resource(PATH)
        .app_data(WebhookConfig::new(provider(), Secret::new(SECRET)))
        .app_data(actix::PayloadConfig::new(4 << 20))
        .route(actix::post().to(on_verified::<E>))
}

async fn on_verified<E: DeserializeOwned>(body: VerifiedBody) -> HttpResponse {
    if read::<E>(body.as_bytes()) {
        HttpResponse::NoContent().finish()
    } else {
        HttpResponse::BadRequest().finish()
    }
}

fn provider() -> Provider {
    Provider::Custom(CustomScheme {
        hash: HashAlg::Sha512,
        signature_header: "smile-signature",
        timestamp_header: None,
        encoding: Encoding::Hex,
        prefix: None,
        signed_string: |_, body| body.to_vec(),
    })
}
