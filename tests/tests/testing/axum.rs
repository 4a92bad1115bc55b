//! An application on axum.

use std::error::Error;

use axum::{Router, body::Body, http::StatusCode, routing::post};
use smile_tower::testkit::{self, Sample, Signer};
use smile_tower::{EmptySecret, EventType, Secret, SmileEvent, SmileLayer};
use tower::ServiceExt;

fn app(secret: &str) -> Result<Router, EmptySecret> {
    let smile = SmileLayer::smile_api(Secret::new(secret)?).build();
    Ok(Router::new().route("/webhooks/smile", post(on_event).route_layer(smile)))
}

async fn on_event(event: SmileEvent) -> StatusCode {
    match event.event_type() {
        EventType::AccountConnected => StatusCode::NO_CONTENT,
        _ => StatusCode::ACCEPTED,
    }
}

#[tokio::test]
async fn a_linked_account_is_answered_204() -> Result<(), Box<dyn Error>> {
    let signer = Signer::smile_api("a little secret");
    let sample = Sample::smile_api(EventType::AccountConnected).set("data.userId", "u-1");
    let request = testkit::request::<Body>(&signer, "/webhooks/smile", sample);
    let response = app("a little secret")?.oneshot(request).await?;
    assert_eq!(response.status(), 204);
    Ok(())
}

#[tokio::test]
async fn every_event_is_answered_2xx() -> Result<(), Box<dyn Error>> {
    let app = app("a little secret")?;
    let signer = Signer::smile_api("a little secret");
    for event_type in EventType::ALL {
        let sample = Sample::smile_api(event_type.clone());
        let request = testkit::request::<Body>(&signer, "/webhooks/smile", sample);
        let response = app.clone().oneshot(request).await?;
        assert!(response.status().is_success(), "{event_type}");
    }
    Ok(())
}
