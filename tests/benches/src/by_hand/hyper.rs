use std::{convert::Infallible, hint::black_box, sync::Arc};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Body;
use serde::de::DeserializeOwned;
use tower::{BoxError, Service, service_fn};

use super::{Receiver, Refusal};
use crate::delivery::PATH;

pub(crate) fn service<E, B>()
-> impl Service<Request<B>, Response = Response<Full<Bytes>>, Error = Infallible, Future: Send> + Clone
where
    E: DeserializeOwned,
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let receiver = Arc::new(Receiver::new());
    service_fn(move |request| {
        let receiver = Arc::clone(&receiver);
        async move {
            let mut response = Response::new(Full::default());
            *response.status_mut() = on_request::<E, B>(&receiver, request).await;
            Ok(response)
        }
    })
}

async fn on_request<E, B>(receiver: &Receiver, request: Request<B>) -> StatusCode
where
    E: DeserializeOwned,
    B: Body<Data = Bytes, Error: Into<BoxError>>,
{
    if request.uri().path() != PATH || request.method() != Method::POST {
        return StatusCode::NOT_FOUND;
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, 4 << 20).collect().await else {
        return StatusCode::BAD_REQUEST;
    };
    let signature = parts.headers.get("smile-signature");
    match receiver.receive::<E>(signature.map(|value| value.as_bytes()), &body.to_bytes()) {
        Ok(event) => {
            black_box(&event);
            StatusCode::NO_CONTENT
        }
        Err(Refusal::Unauthorized) => StatusCode::UNAUTHORIZED,
        Err(Refusal::NoEvent) => StatusCode::BAD_REQUEST,
    }
}
