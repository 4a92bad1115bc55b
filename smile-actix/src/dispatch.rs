//! A table of handlers, as one handler of actix-web.

use std::{future::Future, pin::Pin};

use actix_web::{Handler, HttpResponse};
use smile_core::{Dispatch, Vendor, log_dispatch_error};

use crate::SmileEvent;

/// 204 where the handler succeeded. Where it failed 500, and the log has its error.
impl<V: Vendor> Handler<SmileEvent<V>> for Dispatch<SmileEvent<V>> {
    type Output = HttpResponse;
    type Future = Pin<Box<dyn Future<Output = HttpResponse>>>;

    fn call(&self, event: SmileEvent<V>) -> Self::Future {
        let events = self.clone();
        Box::pin(async move {
            match events.handle(event.0).await {
                Ok(()) => HttpResponse::NoContent().finish(),
                Err(err) => {
                    log_dispatch_error(&err);
                    HttpResponse::InternalServerError().finish()
                }
            }
        })
    }
}
