use std::{hint::black_box, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::{FromRequest, Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use serde::de::DeserializeOwned;

use super::{Receiver, Refusal};
use crate::delivery::PATH;

pub(crate) fn app<E: DeserializeOwned + Send + 'static>() -> Router {
    Router::new()
        .route(PATH, post(on_event::<E>))
        .with_state(Arc::new(Receiver::new()))
}

async fn on_event<E: DeserializeOwned>(
    State(receiver): State<Arc<Receiver>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Refusal> {
    let signature = headers.get("smile-signature").map(|value| value.as_bytes());
    let event: E = receiver.receive(signature, &body)?;
    black_box(&event);
    Ok(StatusCode::NO_CONTENT)
}

/// The same by somebody who knows that axum's `HeaderMap` is a copy of all headers, and that
/// extractors read the body before the handler can look for a signature.
pub(crate) fn careful_app<E: DeserializeOwned + Send + 'static>() -> Router {
    Router::new()
        .route(PATH, post(on_request::<E>))
        .with_state(Arc::new(Receiver::new()))
}

async fn on_request<E: DeserializeOwned>(
    State(receiver): State<Arc<Receiver>>,
    mut request: Request,
) -> Result<StatusCode, Response> {
    let signature = request.headers_mut().remove("smile-signature");
    let signature = signature.ok_or_else(|| Refusal::Unauthorized.into_response())?;
    let body = Bytes::from_request(request, &())
        .await
        .map_err(IntoResponse::into_response)?;
    let event: E = receiver
        .receive(Some(signature.as_bytes()), &body)
        .map_err(IntoResponse::into_response)?;
    black_box(&event);
    Ok(StatusCode::NO_CONTENT)
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::NoEvent => StatusCode::BAD_REQUEST,
        }
        .into_response()
    }
}
