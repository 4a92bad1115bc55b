use std::convert::Infallible;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{Either, Full};
use hyper::body::Body;
use smile_core::{Delivery, Intake, SmileApi};
use smile_tower::{ResponseBody, SmileLayer};
use tower::{BoxError, Layer, Service, ServiceExt, service_fn};

use super::Reading;
use crate::delivery::PATH;

type Answer = Response<Either<ResponseBody<Full<Bytes>>, Full<Bytes>>>;

pub(crate) fn service<R, B>(
    intake: Intake<SmileApi>,
) -> impl Service<Request<B>, Response = Answer, Error = Infallible, Future: Send> + Clone
where
    R: Reading,
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let smile = SmileLayer::with_body(intake, Full::new).layer(service_fn(on_event::<R>));
    service_fn(move |request: Request<B>| {
        let smile = smile.clone();
        async move {
            if request.uri().path() != PATH || request.method() != Method::POST {
                return Ok(empty(StatusCode::NOT_FOUND).map(Either::Right));
            }
            Ok(smile.oneshot(request).await?.map(Either::Left))
        }
    })
}

async fn on_event<R: Reading>(
    request: Request<Full<Bytes>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let event: &Delivery<SmileApi> = request.extensions().get().expect("the layer is in front");
    R::read(event);
    Ok(empty(StatusCode::NO_CONTENT))
}

fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}
