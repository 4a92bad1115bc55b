//! The core's answers, written as HTTP responses.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{HeaderName, HeaderValue},
    },
};
use smile_core::{Header, Rejection, Reply};

/// How a middleware writes its own answers.
#[derive(Clone, Default)]
pub(crate) struct Responder {
    on_rejection: Option<OnRejection>,
}

type OnRejection = Arc<dyn Fn(&Rejection) -> HttpResponse + Send + Sync>;

impl Responder {
    pub(crate) fn refusing_with(
        respond: impl Fn(&Rejection) -> HttpResponse + Send + Sync + 'static,
    ) -> Self {
        Self {
            on_rejection: Some(Arc::new(respond)),
        }
    }

    /// The user's own response or the problem document, with the rejection in its extensions.
    pub(crate) fn refuse(&self, rejection: Rejection) -> HttpResponse {
        let reply = rejection.reply();
        let own = self.own_response(&rejection);
        let mut response = own.unwrap_or_else(|| response(&reply));
        close(&mut response, &reply);
        response.extensions_mut().insert(rejection);
        response
    }

    /// `None` where `on_rejection` is not set, and where it panics.
    fn own_response(&self, rejection: &Rejection) -> Option<HttpResponse> {
        let respond = self.on_rejection.as_ref()?;
        match catch_unwind(AssertUnwindSafe(|| respond(rejection))) {
            Ok(response) => Some(response),
            Err(_panic) => {
                tracing::error!(
                    target: "smile",
                    "`on_rejection` panicked: the sender gets the problem document"
                );
                None
            }
        }
    }
}

pub(crate) fn response(reply: &Reply) -> HttpResponse {
    let status = StatusCode::from_u16(reply.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::new(status)
        .set_body(reply.body())
        .map_into_boxed_body();
    for (name, value) in reply.headers() {
        response
            .headers_mut()
            .insert(HeaderName::from_static(name), header_value(value));
    }
    response
}

/// Only HTTP/1 has the header; actix-web leaves it out elsewhere.
fn close(response: &mut HttpResponse, reply: &Reply) {
    if reply.closes() {
        response
            .head_mut()
            .set_connection_type(actix_http::ConnectionType::Close);
    }
}

fn header_value(value: Header) -> HeaderValue {
    match value {
        Header::Text(text) => HeaderValue::from_static(text),
        Header::Number(number) => number.into(),
    }
}
