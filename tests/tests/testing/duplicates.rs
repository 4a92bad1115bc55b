//! What a repetition does.

use std::error::Error;

use axum::{Router, body::Body, http::StatusCode, routing::post};
use smile_tower::testkit::{self, Recorder, Sample, Signer};
use smile_tower::{EventType, Outcome, Secret, SmileEvent, SmileLayer};
use tower::ServiceExt;

async fn on_event(_event: SmileEvent) -> StatusCode {
    StatusCode::NO_CONTENT
}

#[tokio::test]
async fn a_repeated_event_is_not_handled_again() -> Result<(), Box<dyn Error>> {
    let recorder = Recorder::default();
    let smile = SmileLayer::smile_api(Secret::new("a little secret")?).observer(recorder.clone());
    let app = Router::new().route("/", post(on_event).route_layer(smile.build()));

    let signer = Signer::smile_api("a little secret");
    let sample = Sample::smile_api(EventType::AccountConnected);
    for _ in 0..2 {
        let request = testkit::request::<Body>(&signer, "/", &sample); // one event, sent twice
        assert!(app.clone().oneshot(request).await?.status().is_success());
    }
    assert_eq!(recorder.outcomes(), [Outcome::Handled, Outcome::Duplicate]);
    let last = &recorder.records()[1];
    assert_eq!(last.event_id.as_deref(), sample.id());
    assert_eq!(last.status, Some(200));
    Ok(())
}
