//! An application on axum.

use std::error::Error;

use axum::{Router, body::Body, http::StatusCode, routing::post};
use smile_tower::testkit::{self, Sample, Signer};
use smile_tower::{EventType, Secret, SmileEvent, SmileLayer};
use tower::ServiceExt;

/// `main` builds the layer, serves the router and gives the layer to `drain`.
fn app(smile: SmileLayer) -> Router {
    Router::new().route("/webhooks/smile", post(on_event).route_layer(smile))
}

async fn on_event(event: SmileEvent) -> StatusCode {
    match event.event_type() {
        EventType::AccountConnected => StatusCode::NO_CONTENT,
        _ => StatusCode::ACCEPTED,
    }
}

#[tokio::test]
async fn a_linked_account_is_answered_204() -> Result<(), Box<dyn Error>> {
    let secret = Secret::new("a little secret")?;
    let signer = Signer::smile_api(&secret);
    let app = app(SmileLayer::smile_api(secret).build());
    let sample = Sample::smile_api(EventType::AccountConnected).set("data.userId", "u-1");
    let request = testkit::request::<Body>(&signer, "/webhooks/smile", sample);
    assert_eq!(app.oneshot(request).await?.status(), 204);
    Ok(())
}

#[tokio::test]
async fn every_event_is_answered_2xx() -> Result<(), Box<dyn Error>> {
    let secret = Secret::new("a little secret")?;
    let signer = Signer::smile_api(&secret);
    let app = app(SmileLayer::smile_api(secret).build());
    for event_type in EventType::ALL {
        let sample = Sample::smile_api(event_type.clone());
        let request = testkit::request::<Body>(&signer, "/webhooks/smile", sample);
        let response = app.clone().oneshot(request).await?;
        assert!(response.status().is_success(), "{event_type}");
    }
    Ok(())
}
