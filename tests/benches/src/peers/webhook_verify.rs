use std::hint::black_box;

use actix_web::{HttpResponse, Resource, web as actix};
use axum::{
    Json, Router,
    body::{Body, Bytes},
    error_handling::HandleError,
    extract::Request,
    handler::Handler,
    http::StatusCode,
};
use tower::{Layer, ServiceExt};
use webhook_verify::{
    CustomScheme, Encoding, HashAlg, Provider, Secret,
    actix::{VerifiedBody, WebhookConfig},
    tower::VerifyLayer,
};

use super::read;
use crate::{
    delivery::{PATH, SECRET, SIGNATURE},
    event::Event,
};

pub(super) fn app_with_json() -> Router {
    verified(on_json)
}

pub(super) fn app_with_bytes() -> Router {
    verified(on_bytes)
}

/// A service, not a layer of the router: `Router::layer(VerifyLayer::new(..))`, as its documentation
/// has it, does not compile with axum 0.8. The layer's error is a `BoxError`, and with axum's body
/// as its parameter the layer is not `Sync`.
fn verified<T: 'static>(handler: impl Handler<T, ()>) -> Router {
    let handler = handler
        .with_state(())
        .map_request(|request: Request<Bytes>| request.map(Body::from));
    let layer = VerifyLayer::<Bytes>::new(provider(), Secret::new(SECRET));
    let verified = HandleError::new(layer.layer(handler), |_| async {
        StatusCode::INTERNAL_SERVER_ERROR
    });
    Router::new().route_service(PATH, verified)
}

async fn on_json(Json(event): Json<Event<String>>) -> StatusCode {
    black_box(&event);
    StatusCode::NO_CONTENT
}

async fn on_bytes(body: Bytes) -> StatusCode {
    if read(&body) {
        StatusCode::NO_CONTENT
    } else {
        StatusCode::BAD_REQUEST
    }
}

/// Its extractor for actix-web.
pub(super) fn resource() -> Resource {
    actix::resource(PATH)
        .app_data(WebhookConfig::new(provider(), Secret::new(SECRET)))
        .app_data(actix::PayloadConfig::new(4 << 20))
        .route(actix::post().to(on_verified))
}

async fn on_verified(body: VerifiedBody) -> HttpResponse {
    if read(body.as_bytes()) {
        HttpResponse::NoContent().finish()
    } else {
        HttpResponse::BadRequest().finish()
    }
}

fn provider() -> Provider {
    Provider::Custom(CustomScheme {
        hash: HashAlg::Sha512,
        signature_header: SIGNATURE,
        timestamp_header: None,
        encoding: Encoding::Hex,
        prefix: None,
        signed_string: |_, body| body.to_vec(),
    })
}
