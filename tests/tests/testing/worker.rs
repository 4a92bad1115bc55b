//! A worker behind an inbox.

use std::{error::Error, io};

use axum::{Router, body::Body};
use smile_tower::testkit::{self, MemoryInbox, Sample, Signer};
use smile_tower::{EventType, Permanent, Secret, SmileEvent, SmileLayer, WorkQueue, Worker};
use tower::ServiceExt;

async fn on_event(event: SmileEvent) -> Result<(), Permanent> {
    match event.event_type() {
        EventType::InviteLinked => Err(Permanent::new(io::Error::other("no such invitation"))),
        _ => Ok(()),
    }
}

#[tokio::test]
async fn an_unknown_invitation_is_a_dead_letter() -> Result<(), Box<dyn Error>> {
    let inbox = MemoryInbox::default();
    let smile = SmileLayer::smile_api(Secret::new("a little secret")?).inbox(inbox.clone());
    let app = Router::new().route_service("/webhooks/smile", smile);
    let worker = Worker::new(inbox.clone()).handle(on_event).start();

    let signer = Signer::smile_api("a little secret");
    for event_type in [EventType::AccountConnected, EventType::InviteLinked] {
        let sample = Sample::smile_api(event_type);
        let request = testkit::request::<Body>(&signer, "/webhooks/smile", sample);
        assert_eq!(app.clone().oneshot(request).await?.status(), 200);
    }
    inbox.settled().await; // each event is handled or dead
    let dead = inbox.dead_letters(0, 10).await?;
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].name.as_deref(), Some("INVITE_LINKED"));
    worker.stop().await;
    Ok(())
}
