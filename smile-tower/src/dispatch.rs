//! A table of handlers, as one handler of axum.

use std::{future::Future, pin::Pin};

use axum::{
    extract::{FromRequestParts, Request},
    handler::Handler,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use smile_core::{Dispatch, Vendor, log_dispatch_error};

use crate::SmileEvent;

/// The way in which axum calls a [`Dispatch`].
#[doc(hidden)]
#[derive(Debug)]
pub enum ViaDispatch {}

/// 204 where the handler succeeded. Where it failed 500, and the log has its error.
impl<V: Vendor, S: Send + Sync + 'static> Handler<ViaDispatch, S> for Dispatch<SmileEvent<V>> {
    type Future = Pin<Box<dyn Future<Output = Response> + Send>>;

    fn call(self, request: Request, state: S) -> Self::Future {
        Box::pin(async move {
            let (mut parts, _body) = request.into_parts();
            let event = match SmileEvent::<V>::from_request_parts(&mut parts, &state).await {
                Ok(SmileEvent(delivery)) => delivery,
                Err(rejection) => return rejection.into_response(),
            };
            match self.handle(event).await {
                Ok(()) => StatusCode::NO_CONTENT,
                Err(err) => {
                    log_dispatch_error(&err);
                    StatusCode::INTERNAL_SERVER_ERROR
                }
            }
            .into_response()
        })
    }
}
