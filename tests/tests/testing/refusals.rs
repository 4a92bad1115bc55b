//! What is refused.

use std::error::Error;

use axum::{Router, body::Body, http::StatusCode, routing::post};
use smile_tower::smile_io::Topic;
use smile_tower::testkit::{self, FixedClock, Recorder, Sample, Signer};
use smile_tower::{Reason, RejectionKind, Secret, SmileEvent, SmileIo, SmileLayer};
use tower::ServiceExt;

async fn on_event(_event: SmileEvent<SmileIo>) -> StatusCode {
    StatusCode::NO_CONTENT
}

#[tokio::test]
async fn a_wrong_secret_and_an_old_timestamp_are_refused() -> Result<(), Box<dyn Error>> {
    let now = 1_700_000_000; // seconds since 1970
    let recorder = Recorder::default();
    let smile = SmileLayer::smile_io(Secret::new("a little secret")?)
        .clock(FixedClock(now))
        .observer(recorder.clone());
    let app = Router::new().route("/", post(on_event).route_layer(smile.build()));

    let signer = Signer::smile_io("a little secret").at(now);
    let wrong_secret = Signer::smile_io("another secret").at(now);
    let too_old = signer.clone().at(now - 301);
    for (signer, status) in [(signer, 204), (wrong_secret, 401), (too_old, 401)] {
        let sample = Sample::smile_io(Topic::CustomerUpdated);
        let request = testkit::request::<Body>(&signer, "/", sample);
        assert_eq!(app.clone().oneshot(request).await?.status(), status);
    }
    assert_eq!(recorder.rejection_kinds(), [RejectionKind::Signature; 2]);
    let reasons = recorder.reasons();
    assert!(matches!(reasons[0], Reason::SignatureMismatch { .. }));
    assert!(matches!(reasons[1], Reason::TimestampStale { .. }));
    Ok(())
}
