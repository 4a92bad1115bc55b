use std::hint::black_box;

use axum::{Router, routing::post_service};
use octoevents::{DecodeError, Envelope, Verifier, WebhookReceiverBuilder, WebhookSecret};
use serde::de::DeserializeOwned;

use crate::delivery::{PATH, SECRET};

pub(crate) fn app<E: DeserializeOwned + 'static>() -> Router {
    let verifier = Verifier::new(WebhookSecret::new(SECRET.to_owned()));
    let receiver = WebhookReceiverBuilder::new(verifier).build(|envelope: Envelope| async move {
        let event: E = envelope.decode()?;
        black_box(&event);
        Ok::<(), DecodeError>(())
    });
    Router::new().route(PATH, post_service(receiver))
}
