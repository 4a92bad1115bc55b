//! A service on bare Tower, as hyper serves it.

use std::{convert::Infallible, error::Error};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use smile_tower::testkit::{self, Sample, Signer};
use smile_tower::{Delivery, EventType, Intake, Secret, SmileApi, SmileLayer};
use tower::{Layer, ServiceExt, service_fn};

async fn on_event(request: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, Infallible> {
    let event = request.extensions().get::<Delivery<SmileApi>>();
    let body = event.map_or("", |event| event.event_name()).to_owned();
    Ok(Response::new(Full::from(body)))
}

#[tokio::test]
async fn an_event_is_answered_200() -> Result<(), Box<dyn Error>> {
    let intake = Intake::smile_api(Secret::new("a little secret")?).build();
    let service = SmileLayer::with_body(intake, Full::new).layer(service_fn(on_event));
    let signer = Signer::smile_api("a little secret");
    let sample = Sample::smile_api(EventType::UserCreated);
    let request = testkit::request::<Full<Bytes>>(&signer, "/", sample);
    assert_eq!(service.oneshot(request).await?.status(), 200);
    Ok(())
}
