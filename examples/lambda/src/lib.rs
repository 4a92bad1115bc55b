//! Receives Smile API's webhooks on AWS Lambda, from API Gateway (REST and HTTP) and an Application Load
//! Balancer.
//!
//! Each instance of a function has a memory of its own, so repetitions may reach another one: give the
//! builder a store of `smile-store`, or an inbox in PostgreSQL.

use std::{convert::Infallible, pin::Pin};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use lambda_http::Body;
use smile_tower::{Data, Delivery, Intake, Secret, SmileApi, SmileLayer, SmileService};
use tower::{Layer, service_fn, util::ServiceFn};

/// The handler, as a service.
pub type Handler = ServiceFn<fn(Request<Body>) -> Answer>;

/// The handler's answer to come.
pub type Answer = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

/// The service for `lambda_http::run`.
pub fn service(secret: Secret) -> SmileService<Handler, SmileApi, Body> {
    let intake = Intake::smile_api(secret).build();
    let smile = SmileLayer::with_body(intake, |bytes: Bytes| Body::Binary(bytes.to_vec()));
    let handler: fn(Request<Body>) -> Answer = |request| Box::pin(on_event(request));
    smile.layer(service_fn(handler))
}

async fn on_event(request: Request<Body>) -> Result<Response<Body>, Infallible> {
    let Some(event) = request.extensions().get::<Delivery<SmileApi>>() else {
        return Ok(status(StatusCode::INTERNAL_SERVER_ERROR)); // no layer is in front
    };
    match event.data() {
        Ok(Data::AccountConnected(account)) => {
            println!("{:?} linked {:?}", account.user_id, account.account_id);
        }
        Ok(_) => println!("{} {}", event.event_type(), event.id()), // also types yet to come
        Err(err) => println!("{}: {err}", event.id()),              // `event.raw()` has every byte
    }
    Ok(status(StatusCode::NO_CONTENT)) // anything but 2xx: the vendor sends the event again
}

fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = status;
    response
}
