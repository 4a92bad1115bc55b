use std::{hint::black_box, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use serde::de::DeserializeOwned;

use super::{Refusal, Verifier};
use crate::delivery::{PATH, SIGNATURE};

pub(crate) fn app<E: DeserializeOwned + Send + 'static>() -> Router {
    Router::new()
        .route(PATH, post(on_event::<E>))
        .with_state(Arc::new(Verifier::new()))
}

async fn on_event<E: DeserializeOwned>(
    State(verifier): State<Arc<Verifier>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Refusal> {
    let signature = headers.get(SIGNATURE).map(|value| value.as_bytes());
    let event: E = verifier.receive(signature, &body)?;
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
